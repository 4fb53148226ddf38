"""Run contenders on tables: `python -m benchmarks --only nuts,laplace --tables 1663`."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import entries, growth, results, runner, table_names
from benchmarks.job import Job
from benchmarks.machine import machine
from benchmarks.page import page, seconds
from benchmarks.results import Row

HERE = Path(__file__).resolve().parent
CHAINS, TUNE, DRAWS = 4, 1000, 1000
LIMIT = 600.0  # seconds a contender and table


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    only: tuple[str, ...]
    tables: tuple[str, ...]
    growth: bool
    limit: float
    tune: int
    draws: int
    date: str
    out: Path
    peer_python: str


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; each row is kept as soon as it is there."""
    options = parse(arguments)
    rows: tuple[Row, ...] = results.load(options.out / "results.json")
    jobs = list(jobs_of(options))
    new: list[Row] = []
    for number, job in enumerate(jobs, start=1):
        if _hopeless(job, new):
            continue
        _say(f"{number} of {len(jobs)}: {job.contender} on {job.table} ...")
        new.append(_row(job, options))
        rows = results.merge(rows, new[-1:])
        keep(rows, options.out)
        _say(f"  {_outcome(new[-1])}")
    _close(rows, new, options)
    return 0


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names, shipped = ",".join(entries.NAMES), ",".join(table_names.SHIPPED)
    parser.add_argument("--only", default=names, help="contenders, with commas (all)")
    parser.add_argument(
        "--tables", default=shipped, help="tables, or ROWS_rows_OxFxC (%(default)s)"
    )
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds each (%(default)g)")
    parser.add_argument("--growth", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--tune", type=int, default=TUNE, help="a chain (%(default)s)")
    parser.add_argument("--draws", type=int, default=DRAWS, help="a chain (%(default)s)")
    parser.add_argument(
        "--date", default=f"{datetime.now(UTC):%Y-%m-%d}", help="of the rows (today)"
    )
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the results (benchmarks)")
    parser.add_argument("--peer-python", default=sys.executable, help="Python that runs the peers")
    given = parser.parse_args(arguments)
    try:
        only = tuple(entries.entry(name).name for name in given.only.split(",") if name)
        tables = tuple(table_names.check(name) for name in given.tables.split(",") if name)
    except ValueError as error:
        parser.error(str(error))
    if given.out == HERE and (given.tune, given.draws) != (TUNE, DRAWS):
        parser.error(
            f"the kept results are of {TUNE} tuning steps and {DRAWS} draws a chain; got "
            f"{given.tune} and {given.draws}. Give --out for a trial."
        )
    return Options(**(vars(given) | {"only": only, "tables": tables}))


def jobs_of(options: Options) -> Iterator[Job]:
    """Return the jobs: each table with each contender, then the growth of the Laplace engine."""
    for table in options.tables:
        for name in options.only:
            yield Job(name, table, CHAINS, options.tune, options.draws)
    if options.growth and growth.ENGINE in options.only:
        for table in growth.TABLES:
            yield Job(growth.ENGINE, table, CHAINS, options.tune, growth.DRAWS)


def _hopeless(job: Job, new: Sequence[Row]) -> bool:
    """Whether this run has shown that the engine is not there to grow."""
    gone = any(one.contender == job.contender and not one.measured for one in new)
    return gone and job.table in growth.TABLES


def _row(job: Job, options: Options) -> Row:
    python = options.peer_python if entries.entry(job.contender).peer else sys.executable
    report = runner.run(job, python, options.limit)
    made = {"date": options.date, "limit": options.limit, "machine": machine()}
    return results.row(job.contender, job.table, report, made)


def keep(rows: Sequence[Row], folder: Path) -> None:
    """Write the results and their page."""
    folder.mkdir(parents=True, exist_ok=True)
    results.save(rows, folder / "results.json")
    (folder / "results.md").write_text(page(rows), encoding="utf-8", newline="\n")


def _outcome(one: Row) -> str:
    """Return what became of a job in words."""
    times = [
        f"{name} fit {seconds(t)} s" for name, t in (("first", one.cold), ("second", one.warm)) if t
    ]
    return ", ".join([*times, *([] if one.status == "ok" else [one.status])])


def _close(rows: Sequence[Row], new: Sequence[Row], options: Options) -> None:
    """Say the exponents, what is missing, and where the results are."""
    if options.growth:
        for one in growth.growths(rows):
            _say(one.sentence())
    if missing := sorted({one.contender for one in new if one.status.startswith("not installed")}):
        _say(
            f"Peers need packages of their own; not installed for {', '.join(missing)}: run "
            "pip install -r benchmarks/requirements.txt, or name a Python that has them with "
            "--peer-python."
        )
    _say(f"{options.out / 'results.md'}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
