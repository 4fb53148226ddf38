"""The commands that assess a study: backtest, calibrate."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from forecast.cli_progress import Terminal
from forecast.errors import RunError
from forecast.study import Study, load_study

if TYPE_CHECKING:
    from forecast.assess import Part
    from forecast.assess_study import AssessOptions

FINDING = 1
SHOWN = {"backtest": ("crps", "coverage_50", "coverage_80", "coverage_95", "interval_score_80")}
out = Console(emoji=False)

StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="A name in models/ or a .toml path.")
]
Folder = Annotated[Path | None, typer.Option("--out", help="Folder of the assessment.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes at work.")]
Engine = Annotated[Literal["nuts", "laplace", "laplace-exact"], typer.Option(help="Of each fit.")]


def backtest(
    study: StudyName,
    years: Annotated[str | None, typer.Option(help="Origin years, such as 2010:2020.")] = None,
    out_folder: Folder = None,
    seed: Seed = 1,
    workers: Workers = 2,
) -> None:
    """Forecast from each origin year what was published later; score it against baselines.

    A stopped backtest goes on where it was.
    Example: stayrate backtest china_ai_2030
    """
    from forecast.assess_study import AssessOptions, assess_backtest  # brings ArviZ: seconds

    asked, span = load_study(study), _years(years)
    options = AssessOptions(out_folder, seed, "laplace", workers)
    part = _watched(asked, options, lambda told: assess_backtest(asked, told, span))
    table = part.tables["scores"].query("grouping == 'all'")
    shown = Table("forecaster", *SHOWN["backtest"], box=None)
    for row in table.to_dict("records"):
        numbers = [f"{row[name]:.3f}" for name in SHOWN["backtest"]]
        shown.add_row(str(row["forecaster"]), *numbers)
    out.print(shown)
    _conclude(part)


def calibrate(
    study: StudyName,
    simulations: Annotated[int, typer.Option(min=1, help="How many to simulate and fit.")] = 200,
    engine: Engine = "laplace",
    out_folder: Folder = None,
    seed: Seed = 1,
    workers: Workers = 2,
) -> None:
    """Simulate a study's evidence many times, and compare each posterior with its truth.

    A stopped calibration goes on where it was.
    Example: stayrate calibrate demo
    """
    from forecast.assess_study import AssessOptions, assess_calibration  # brings ArviZ: seconds

    asked = load_study(study)
    options = AssessOptions(out_folder, seed, engine, workers)
    _conclude(_watched(asked, options, lambda told: assess_calibration(asked, told, simulations)))


def criticise(
    study: StudyName, out_folder: Folder = None, seed: Seed = 1, workers: Workers = 2
) -> None:
    """Leave out pieces of evidence and rows, compare variants, check replicates of the figures.

    A stopped criticism goes on where it was.
    Example: stayrate criticise demo
    """
    from forecast.assess_study import AssessOptions, assess_criticism  # brings ArviZ: seconds

    asked = load_study(study)
    options = AssessOptions(out_folder, seed, "laplace", workers)
    _conclude(_watched(asked, options, lambda told: assess_criticism(asked, told)))


def sensitivity(
    study: StudyName,
    priors: Annotated[
        str, typer.Option(help="Names of priors, with commas; all; or flagged alone.")
    ] = "all",
    out_folder: Folder = None,
    seed: Seed = 1,
    workers: Workers = 2,
) -> None:
    """Scale each prior and refit with it half and twice as wide: what moves the headline.

    A stopped command goes on where it was.
    Example: stayrate sensitivity demo --priors flagged
    """
    from forecast.assess_study import AssessOptions, assess_sensitivity  # brings ArviZ: seconds

    asked = load_study(study)
    options = AssessOptions(out_folder, seed, "laplace", workers)
    names = [] if priors == "flagged" else "all" if priors == "all" else priors.split(",")
    part = _watched(asked, options, lambda told: assess_sensitivity(asked, told, names))
    for sentence in part.tables["sentences"]["sentence"]:
        out.print(escape(str(sentence)))
    _conclude(part)


def _years(text: str | None) -> tuple[int, int] | None:
    """Return the first and last of origin years written as 2010:2020."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{4}):(\d{4})", text)
    if found is None or found[1] > found[2]:
        raise RunError(f"--years is FIRST:LAST, such as 2010:2020; got {text!r}. Write it so.")
    return int(found[1]), int(found[2])


def _watched(
    study: Study, options: "AssessOptions", work: "Callable[[AssessOptions], Part]"
) -> "Part":
    """Do the work of a part with its progress told."""
    with Terminal(out, "fits") as terminal:
        terminal.step(f"assessing {study.name}")
        return work(replace(options, progress=terminal.progress))


def _conclude(part: "Part") -> None:
    """Print the verdicts of a part; exit with 1 if one fails."""
    for check in part.checks:
        line = f"{check.verdict}: {check.check} is {check.value:.3g}, {check.limit}."
        out.print(escape(line if check.verdict == "pass" else f"{line} {check.advice}"))
    out.print(escape(f"Time: {part.made['seconds']} s."))
    raise typer.Exit(FINDING if any(c.verdict == "fail" for c in part.checks) else 0)
