"""Many independent pieces of work: in parallel, each result on disk at once, resumed where stopped.

A job has a key and a result, a table. Results are read back from disk whether they were made now
or before a stop, so a resumed batch gives the same bytes as one that ran through.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import pandas as pd
from threadpoolctl import threadpool_limits

from forecast.errors import RunError

STAMP = "batch.json"
PART = ".part"  # ends the name of a file that is not whole yet
WORKERS = 2

type Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Batch:
    """Where a batch of jobs runs and what it belongs to.

    ``folder`` keeps the results (a temporary one if None); ``stamp`` says what they depend on:
    results of another stamp are thrown away. ``executor`` is any ``concurrent.futures`` executor,
    that of a cluster for one; None starts ``workers`` processes, or none at all where it is 1.
    """

    folder: Path | None = None
    stamp: str = ""
    executor: Executor | None = None
    workers: int = WORKERS
    progress: Progress | None = None


def run_jobs[J](
    work: Callable[[J], pd.DataFrame], jobs: Mapping[str, J], batch: Batch | None = None
) -> dict[str, pd.DataFrame]:
    """Return the result of each job, by key, in the order of the jobs.

    ``work`` is a function of a module, or a partial of one, and a job can be pickled: both go to
    other processes, where linear algebra has one thread. Its table holds numbers, booleans and
    texts; an empty text comes back as NaN. The first job that raises ends the batch: jobs under
    way are finished, and results stay.

    Raises
    ------
    RunError
        If the folder holds something else, or a process ends before its job.
    ValueError
        If a key is no name of a file.

    >>> found = run_jobs(pd.Series.to_frame, {"one": pd.Series([1.5], name="x")}, Batch(workers=1))
    >>> found["one"]
         x
    0  1.5
    """
    batch = batch or Batch()
    names = {key: _name(key) for key in jobs}
    with _folder(batch) as folder, threadpool_limits(1):
        _stamped(folder, batch.stamp)
        left = {key: job for key, job in jobs.items() if not (folder / names[key]).exists()}
        done = len(jobs) - len(left)
        for key, table in _made(work, left, batch):
            _write(table.to_csv(index=False, lineterminator="\n"), folder / names[key])
            done += 1
            if batch.progress is not None:
                batch.progress(done, len(jobs), 0)
        return {key: _read(folder / name) for key, name in names.items()}


def _name(key: str) -> str:
    if not key or not all(c.isalnum() or c in "._-" for c in key):
        raise ValueError(f"the key of a job is made of letters, digits, ., _ and -; got {key!r}")
    return f"{key}.csv"


@contextmanager
def _folder(batch: Batch) -> Iterator[Path]:
    if batch.folder is not None:
        batch.folder.mkdir(parents=True, exist_ok=True)
        yield batch.folder
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _stamped(folder: Path, stamp: str) -> None:
    """Empty a folder whose results belong to something else, and stamp it."""
    mark = folder / STAMP
    if not mark.exists():
        _refuse_foreign(folder)
    elif json.loads(mark.read_text(encoding="utf-8")) == stamp:
        return
    for old in [*folder.glob("*.csv"), *folder.glob(f"*{PART}")]:
        old.unlink()
    _write(json.dumps(stamp), mark)


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that holds anything; what a stop left of its stamp is nothing."""
    foreign = sorted(p.name for p in folder.iterdir() if not _part_of_stamp(p.name))
    if foreign:
        raise RunError(
            f"results go to a folder of their own or an empty one; got {folder} with "
            f"{', '.join(foreign[:3])} in it. Name another folder."
        )


def _part_of_stamp(name: str) -> bool:
    return name.startswith(f"{STAMP}.") and name.endswith(PART)


def _made[J](
    work: Callable[[J], pd.DataFrame], jobs: Mapping[str, J], batch: Batch
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield results as they come."""
    if batch.executor is None and 1 in (batch.workers, len(jobs)):
        yield from ((key, _alone(work, job)) for key, job in jobs.items())
        return
    with _executor(batch) as executor:
        waiting = {executor.submit(_alone, work, job): key for key, job in jobs.items()}
        try:
            yield from _finished(waiting)
        finally:
            for future in waiting:
                future.cancel()


def _finished(
    waiting: Mapping[Future[pd.DataFrame], str],
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield results as they come; after a failure those of jobs under way, then raise it."""
    left, failed = set(waiting), None
    for future in as_completed(waiting):
        left.remove(future)
        failed = future.exception()
        if failed is not None:
            break
        yield waiting[future], future.result()
    for future in as_completed([future for future in left if not future.cancel()]):
        if future.exception() is None:
            yield waiting[future], future.result()
    if failed is not None:
        raise failed


def _alone[J](work: Callable[[J], pd.DataFrame], job: J) -> pd.DataFrame:
    """Do a job on one thread of linear algebra: results must not hang on where it is done."""
    with threadpool_limits(1):
        return work(job)


@contextmanager
def _executor(batch: Batch) -> Iterator[Executor]:
    if batch.executor is not None:
        yield batch.executor
        return
    try:
        with ProcessPoolExecutor(batch.workers, get_context("spawn"), _end_with_parent) as executor:
            yield executor
    except BrokenProcessPool as error:
        rule = "a process lives until its job is done; got one that ended"
        advice = "Call again with fewer workers; in a script, under if __name__ == '__main__'."
        raise RunError(f"{rule}. {advice}") from error


def _end_with_parent() -> None:
    """End this process when the one that started it ends, killed or not."""
    Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _write(text: str, path: Path) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}{PART}")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])
