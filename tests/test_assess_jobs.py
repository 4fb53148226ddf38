"""Batches of jobs: in parallel as in turn, stopped and resumed to the same bytes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from forecast.assess.jobs import STAMP, Batch, run_jobs
from forecast.errors import RunError
from tests.logged_jobs import KEYS, PATIENCE, Job, batch_of, begun, logged, numbers, wait_for

ROOT = Path(__file__).resolve().parents[1]
PLAIN = {key: numbers(key).assign(threads=1) for key in KEYS}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A folder in which jobs log that they began."""
    return tmp_path / "log"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for results that is not there yet."""
    return tmp_path / "results"


@pytest.fixture
def straight(tmp_path: Path) -> dict[str, bytes]:
    """What a batch writes that nothing stopped, job by job."""
    run_jobs(logged, batch_of(tmp_path / "log_0"), Batch(tmp_path / "straight", workers=1))
    return written(tmp_path / "straight")


class Inline(Executor):
    """The smallest executor there is: it does a job where it is given."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future[object] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def written(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def assert_plain(found: dict[str, pd.DataFrame]) -> None:
    """Compare results with those of plain jobs, and their order with that of the jobs."""
    assert list(found) == list(KEYS)
    for key, table in found.items():
        # another number of threads may move a last digit here, where PLAIN was made
        assert_frame_equal(table, PLAIN[key], rtol=1e-12, atol=0)


# In parallel and in turn


def test_two_processes_write_the_bytes_of_one(
    folder: Path, log: Path, straight: dict[str, bytes]
) -> None:
    """The number of processes is not in the results: linear algebra has one thread in each."""
    found = run_jobs(logged, batch_of(log), Batch(folder, workers=2))

    assert written(folder) == straight
    assert begun(log) == list(KEYS)
    assert_plain(found)


@contextmanager
def pool_of_processes() -> Iterator[Executor]:
    """Give processes of the caller, as a cluster would."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(3), pool_of_processes, Inline])
def test_any_executor_writes_the_same_bytes(
    make, folder: Path, log: Path, straight: dict[str, bytes]
) -> None:
    """An executor of the caller does the jobs, to the same bytes, and can be used again."""
    with make() as executor:
        found = run_jobs(logged, batch_of(log), Batch(folder, executor=executor))
        assert executor.submit(len, KEYS).result() == len(KEYS)

    assert written(folder) == straight
    assert begun(log) == list(KEYS)
    assert_plain(found)


def test_results_stand_in_the_order_of_the_jobs(log: Path) -> None:
    """Not in the order in which they come: the first job here ends after the last has begun."""
    jobs = batch_of(log)
    jobs["a"] = replace(jobs["a"], kind="waiting", event="d.began")
    with ThreadPoolExecutor(2) as executor:
        assert_plain(run_jobs(logged, jobs, Batch(executor=executor)))


def test_progress_counts_what_is_there(folder: Path, log: Path) -> None:
    """Progress hears (done, wanted, 0) for each job that is made; those of before count as done."""
    heard: list[tuple[int, int, int]] = []
    batch = Batch(folder, workers=1, progress=lambda *numbers: heard.append(numbers))
    jobs = batch_of(log)

    run_jobs(logged, {"b": jobs["b"]}, batch)
    run_jobs(logged, jobs, batch)

    assert heard == [(1, 1, 0), (2, 4, 0), (3, 4, 0), (4, 4, 0)]


def test_no_jobs_have_no_results() -> None:
    """An empty batch is no fault."""
    assert run_jobs(logged, {}) == {}


def test_without_a_folder_nothing_stays(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch without a folder keeps its results in a temporary one, and that goes."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))

    assert_plain(run_jobs(logged, batch_of(log), Batch(workers=1)))
    assert list(place.iterdir()) == []


# Tables


def test_a_table_comes_back_as_it_was_made(folder: Path) -> None:
    """Numbers, whole ones, booleans and texts keep their values and kinds, gaps stay gaps."""
    table = pd.DataFrame(
        {
            "number": [0.1 + 0.2, np.nan, -np.inf],
            "whole": [1, -(2**53) - 1, 0],
            "truth": [True, False, True],
            "text": ["NA, or nan", 'two\nlines, "quoted"', "nan"],
            "gaps": ["", "None", "NULL"],
            "signs": ["é", "\r", " "],
        }
    )
    found = run_jobs(pd.DataFrame.copy, {"one": table}, Batch(folder, workers=1))["one"]

    assert_frame_equal(found, table.assign(gaps=[np.nan, "None", "NULL"]))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_numbers_come_back_to_the_last_digit(values: list[float]) -> None:
    """A float is written with all its digits: what comes back is within a last digit of it."""
    table = pd.DataFrame({"number": values}, dtype=float)

    with TemporaryDirectory() as made:
        found = run_jobs(pd.DataFrame.copy, {"one": table}, Batch(Path(made), workers=1))

    read = found["one"]["number"].to_numpy(float)
    np.testing.assert_allclose(read, table["number"].to_numpy(), rtol=2.3e-16, atol=5e-324)


# Stopped by a failure


def test_a_failure_keeps_what_was_made(folder: Path, log: Path, straight: dict[str, bytes]) -> None:
    """The first failure ends a batch; a second call makes only the rest, to the same bytes."""
    with pytest.raises(ArithmeticError, match="c"):
        run_jobs(logged, batch_of(log, c="failing"), Batch(folder, workers=1))
    assert sorted(written(folder)) == ["a.csv", "b.csv", STAMP]

    found = run_jobs(logged, batch_of(log), Batch(folder, workers=1))

    assert begun(log) == ["a", "b", "c", "c", "d"]
    assert written(folder) == straight
    assert_plain(found)


def test_jobs_under_way_are_finished_when_another_fails(folder: Path, log: Path) -> None:
    """What other processes are at when a job fails is not thrown away."""
    jobs = batch_of(log, b="failing")
    jobs["a"] = replace(jobs["a"], kind="waiting", event="failed")
    pair = {key: jobs[key] for key in "ab"}
    with ThreadPoolExecutor(2) as executor, pytest.raises(ArithmeticError, match="b"):
        run_jobs(failed_first, pair, Batch(folder, "", executor))

    assert sorted(written(folder)) == ["a.csv", STAMP]


def failed_first(job: Job) -> pd.DataFrame:
    """Do a job; say so if it fails."""
    try:
        return logged(job)
    except ArithmeticError:
        (job.log / "failed").touch()
        raise


def test_a_fault_of_who_listens_keeps_what_was_made(folder: Path, log: Path) -> None:
    """A batch that is stopped from where it was called, as by Ctrl-C, keeps its results."""

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs(logged, batch_of(log), Batch(folder, workers=1, progress=stop))
    assert_plain(run_jobs(logged, batch_of(log), Batch(folder, workers=1)))

    assert begun(log) == list(KEYS)


def test_a_process_that_ends_is_told_in_a_sentence(folder: Path, log: Path) -> None:
    """A process that dies, for want of memory for one, is an error that says what to do."""
    with pytest.raises(RunError, match=r"lives until its job is done.*fewer workers"):
        run_jobs(logged, batch_of(log, c="ending"), Batch(folder, workers=2))

    assert_plain(run_jobs(logged, batch_of(log), Batch(folder, workers=1)))


# Killed


@contextmanager
def killed_batch(folder: Path, log: Path, workers: int, kind: str) -> Iterator[None]:
    """Run a batch in another process, do what is inside, then kill it; wait until all is gone.

    Its processes hold its output open: reading that to the end waits for the last of them.
    """
    command = [sys.executable, "-m", "tests.logged_jobs", str(folder), str(log), str(workers), kind]
    log.mkdir()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        yield
        if kind != "deadly":
            process.kill()
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -signal.SIGKILL
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_a_killed_batch_resumes_to_the_same_bytes(
    folder: Path, log: Path, straight: dict[str, bytes]
) -> None:
    """A batch killed in its third job has two whole tables; the next one makes the other two."""
    with killed_batch(folder, log, 1, "waiting"):
        wait_for(log / "c.began")
    kept = ("a.csv", "b.csv", STAMP)
    assert written(folder) == {name: straight[name] for name in kept}

    found = run_jobs(logged, batch_of(log), Batch(folder, workers=1))

    assert begun(log) == ["a", "b", "c", "c", "d"]
    assert written(folder) == straight
    assert_plain(found)


def test_processes_end_with_the_one_that_started_them(
    folder: Path, log: Path, straight: dict[str, bytes]
) -> None:
    """A killed batch leaves no process behind, and its whole tables are used."""
    with killed_batch(folder, log, 2, "waiting"):
        wait_for(folder / "d.csv")

    assert_plain(run_jobs(logged, batch_of(log), Batch(folder, workers=1)))
    assert begun(log) == ["a", "b", "c", "c", "d"]
    assert written(folder) == straight


def test_a_table_is_written_whole_or_not_at_all(
    folder: Path, log: Path, straight: dict[str, bytes]
) -> None:
    """A batch that is killed while it writes a table leaves nothing that could be taken for it."""
    with killed_batch(folder, log, 1, "deadly"):
        pass
    assert sorted(path.name for path in folder.glob("*.csv")) == ["a.csv", "b.csv"]

    assert_plain(run_jobs(logged, batch_of(log), Batch(folder, workers=1)))
    assert {name: written(folder)[name] for name in straight} == straight


@pytest.mark.parametrize("left", ["a.csv.123.part", f"{STAMP}.123.part"])
def test_halves_of_files_are_no_results(folder: Path, log: Path, left: str) -> None:
    """What a killed process left of a file is neither read nor foreign, and goes with old ones."""
    run_jobs(logged, {}, Batch(folder, "one", workers=1))
    (folder / left).write_text("name,num")

    assert_plain(run_jobs(logged, batch_of(log), Batch(folder, "one", workers=1)))
    assert_plain(run_jobs(logged, batch_of(log), Batch(folder, "other", workers=1)))

    assert set(written(folder)) == {*(f"{key}.csv" for key in KEYS), STAMP}


def test_half_a_stamp_is_none(folder: Path, log: Path) -> None:
    """A batch that was killed while it stamped its empty folder is begun anew."""
    folder.mkdir()
    (folder / f"{STAMP}.123.part").write_text('"o')

    assert_plain(run_jobs(logged, batch_of(log), Batch(folder, workers=1)))


# Whose results


def test_another_stamp_throws_results_away(folder: Path, log: Path) -> None:
    """Results belong to a stamp: the same one keeps them, another makes all anew."""
    run_jobs(logged, batch_of(log), Batch(folder, "first", workers=1))
    run_jobs(logged, batch_of(log), Batch(folder, "first", workers=1))
    assert begun(log) == list(KEYS)

    only_a = {"a": batch_of(log)["a"]}
    run_jobs(logged, only_a, Batch(folder, "second", workers=1))

    assert begun(log) == ["a", "a", "b", "c", "d"]
    assert sorted(written(folder)) == ["a.csv", STAMP]


@pytest.mark.parametrize("name", ["thesis.txt", "a.csv", "a.csv.12.part"])
def test_a_folder_of_something_else_is_refused(folder: Path, log: Path, name: str) -> None:
    """A folder that no batch stamped is not written to, nor is anything in it thrown away."""
    folder.mkdir()
    (folder / name).write_text("years of work")

    with pytest.raises(RunError, match=rf"a folder of their own .* with {name} in it\. Name"):
        run_jobs(logged, batch_of(log), Batch(folder, workers=1))

    assert written(folder) == {name: b"years of work"}
    assert begun(log) == []


@pytest.mark.parametrize("key", ["", "../a", "a/b", "a\\b", "a b", "a:b", "a*", "a\n"])
def test_keys_that_are_no_names_of_files_are_refused(folder: Path, log: Path, key: str) -> None:
    """A key stays in the folder; nothing is thrown away or begun before that is clear."""
    run_jobs(logged, {"a": batch_of(log)["a"]}, Batch(folder, "first", workers=1))
    before = written(folder)

    with pytest.raises(ValueError, match="key of a job"):
        run_jobs(logged, {**batch_of(log), key: Job("z", log)}, Batch(folder, "next", workers=1))

    assert written(folder) == before
    assert begun(log) == ["a"]
