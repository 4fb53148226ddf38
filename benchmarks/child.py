"""One contender on one table, in a process of its own.

The first fit (cold) is timed from the start of the process: imports, compiling and caches that
are empty count. Then the draws are measured, and the fit is run again in the same process with
another seed (warm). The report is written after each step, so a child that is stopped in its
second fit keeps the figures of its first.
"""

import importlib
import json
import resource
import sys
import time
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

from benchmarks.entries import Entry, entry
from benchmarks.job import Job, job_of

SEEDS = (1, 2)  # of the first and the second fit
MEASURED = 10_000  # cells at most, evenly spaced: bounds the memory of their draws
PACKAGES = (
    *("stayrate", "numpy", "scipy", "numba", "pytensor", "pymc", "nutpie", "arviz-stats"),
    *("jax", "numpyro", "bambi", "formulae", "statsmodels"),
)
NOT_INSTALLED = "not installed: pip install -r benchmarks/requirements.txt"
NOT_AVAILABLE = "not available"

type Report = dict[str, Any]


def main(text: str, report: Path, started: float) -> None:
    """Run a job and write its report."""
    job = job_of(text)
    who = entry(job.contender)
    told: Report = {"status": "started", "versions": versions()}
    write(report, told)
    try:
        run(job, who, report, told, started)
    except ModuleNotFoundError as error:
        if (status := absent(who, error)) is None:
            raise
        write(report, told | {"status": status})


def run(job: Job, who: Entry, report: Path, told: Report, started: float) -> None:
    """Fit twice, measure once."""
    maker = getattr(importlib.import_module(who.module), who.maker)
    from benchmarks import tables
    from benchmarks.contender import Effort

    effort = Effort(job.chains, job.tune, job.draws)
    table = tables.load(job.table)
    contender = maker(table)
    posterior = contender.fit(SEEDS[0], effort)
    told = told | {"status": "first fit", "cold": time.time() - started, "memory_mb": memory_mb()}
    write(report, told)
    told |= figures(contender, posterior, table)
    write(report, told)
    del posterior
    again = time.perf_counter()
    contender.fit(SEEDS[1], effort)
    write(report, told | {"status": "ok", "warm": time.perf_counter() - again})


def figures(contender: Any, posterior: Any, table: Any) -> dict[str, float]:
    """Measure the draws of a fit."""
    import numpy as np

    from benchmarks.measure import measure

    seen = np.unique(np.linspace(0, len(table) - 1, MEASURED).astype(int))
    return measure(contender.read(posterior, seen), table.p_true[seen])


def absent(who: Entry, error: ModuleNotFoundError) -> str | None:
    """Return the status where a contender is not there, None where something else is missing."""
    missing = error.name or ""
    own = missing.split(".")[0] in ("benchmarks", "forecast")
    if not who.peer and missing.startswith("forecast.inference."):
        return NOT_AVAILABLE
    return NOT_INSTALLED if who.peer and not own else None


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that are there."""
    found = {"python": python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def memory_mb() -> float:
    """Return the peak memory so far of this process or its largest worker, in MB."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in who)
    return peak / (1024**2 if sys.platform == "darwin" else 1024)


def write(path: Path, report: Report) -> None:
    """Write a report whole: a child can be stopped at any time."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(report), encoding="utf-8")
    part.replace(path)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
