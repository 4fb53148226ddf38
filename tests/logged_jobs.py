"""Jobs that write down that they began, and can wait, fail or kill: for tests of batches.

``python -m tests.logged_jobs FOLDER LOG WORKERS KIND`` runs a batch of four in a process of its
own; with KIND "waiting" the third never ends, with "deadly" it kills who writes its result.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_info

from forecast.assess.jobs import Batch, run_jobs

KEYS = ("a", "b", "c", "d")
PATIENCE = 60  # seconds until who waits gives up


@dataclass(frozen=True)
class Job:
    """A job that logs that it began, then does what its kind says.

    Kinds: "plain", "failing", "ending" (its process), "deadly", "waiting" (for ``event``).
    """

    name: str
    log: Path
    kind: str = "plain"
    event: str = "never"


class Deadly:
    """A value that kills the process that writes it down."""

    def __str__(self) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return ""


def logged(job: Job) -> pd.DataFrame:
    """Return a table that hangs on the name of the job alone, if its kind lets it."""
    with (job.log / "begun").open("a", encoding="utf-8") as file:
        file.write(f"{job.name}\n")
    (job.log / f"{job.name}.began").touch()
    match job.kind:
        case "failing":
            raise ArithmeticError(job.name)
        case "ending":
            os._exit(3)
        case "waiting":
            wait_for(job.log / job.event)
        case "deadly":
            return numbers(job.name).assign(last=[0.0, Deadly()])
    return numbers(job.name)


def numbers(name: str) -> pd.DataFrame:
    """Return numbers of an algebra whose bytes hang on threads, and how many it had."""
    square = np.random.default_rng(list(name.encode())).standard_normal((300, 300))
    threads = max(library["num_threads"] for library in threadpool_info())
    found = np.linalg.eigvalsh(square @ square.T)[-2:]
    return pd.DataFrame({"name": name, "number": found, "threads": threads, "last": 0.0})


def batch_of(log: Path, **kinds: str) -> dict[str, Job]:
    """Return jobs by name, some of them of other kinds than plain."""
    log.mkdir(exist_ok=True)
    return {key: Job(key, log, kinds.get(key, "plain")) for key in KEYS}


def begun(log: Path) -> list[str]:
    """Return the names of the jobs that were begun, as often as they were, in order of letters."""
    path = log / "begun"
    return sorted(path.read_text(encoding="utf-8").split()) if path.exists() else []


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(path)
        time.sleep(0.01)


if __name__ == "__main__":
    target, log, workers, kind = sys.argv[1:]
    run_jobs(logged, batch_of(Path(log), c=kind), Batch(Path(target), workers=int(workers)))
