"""Many independent pieces of work: in parallel, each result on disk at once, resumed where stopped.

A job has a key and a result, a table. Results are read back from disk whether they were made now
or before a stop, so a resumed batch gives the same bytes as one that ran through.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from forecast.errors import RunError

STAMP = "batch.json"
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
    other processes. The first job that raises ends the batch; results made so far stay.

    >>> found = run_jobs(pd.Series.to_frame, {"one": pd.Series([1.5], name="x")}, Batch(workers=1))
    >>> found["one"]
         x
    0  1.5
    """
    batch = batch or Batch()
    with _folder(batch) as folder:
        _stamped(folder, batch.stamp)
        left = {key: job for key, job in jobs.items() if not _file(folder, key).exists()}
        done = len(jobs) - len(left)
        for key, table in _made(work, left, batch):
            _write(table, _file(folder, key))
            done += 1
            if batch.progress is not None:
                batch.progress(done, len(jobs), 0)
        return {key: _read(_file(folder, key)) for key in jobs}


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
    if mark.exists() and json.loads(mark.read_text(encoding="utf-8")) == stamp:
        return
    foreign = sorted(p.name for p in folder.iterdir() if p.suffix != ".csv" and p != mark)
    if not mark.exists() and any(folder.iterdir()):
        raise RunError(
            f"results go to a folder of their own or an empty one; got {folder} with "
            f"{', '.join(foreign[:3]) or 'tables'} in it. Name another folder."
        )
    for table in folder.glob("*.csv"):
        table.unlink()
    mark.write_text(json.dumps(stamp), encoding="utf-8")


def _file(folder: Path, key: str) -> Path:
    if not key or not all(c.isalnum() or c in "._-" for c in key):
        raise ValueError(f"the key of a job is made of letters, digits, ., _ and -; got {key!r}")
    return folder / f"{key}.csv"


def _made[J](
    work: Callable[[J], pd.DataFrame], jobs: Mapping[str, J], batch: Batch
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield results as they come."""
    if batch.executor is None and 1 in (batch.workers, len(jobs)):
        yield from ((key, work(job)) for key, job in jobs.items())
        return
    with _executor(batch) as executor:
        waiting: dict[Future[pd.DataFrame], str] = {
            executor.submit(work, job): key for key, job in jobs.items()
        }
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        finally:
            for future in waiting:
                future.cancel()


@contextmanager
def _executor(batch: Batch) -> Iterator[Executor]:
    if batch.executor is not None:
        yield batch.executor
        return
    pool = ProcessPoolExecutor(batch.workers, get_context("spawn"), threadpool_limits, (1,))
    with pool as executor:
        yield executor


def _write(table: pd.DataFrame, path: Path) -> None:
    """Write a table whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        table.to_csv(file, index=False)
    shutil.move(name, path)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])
