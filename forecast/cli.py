"""The command `stayrate`: parse, call one function of the package, print."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from forecast import cli_assess
from forecast.cli_progress import Terminal
from forecast.errors import StayrateError
from forecast.evidence import (
    Finding,
    check_cells,
    check_observations,
    findings_table,
    read_table,
)
from forecast.study import Study, describe, load_study, study_names

FINDING, BAD_INPUT = 1, 2
app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
out, err = Console(emoji=False), Console(emoji=False, stderr=True)

EngineName = Literal["nuts", "laplace", "laplace-exact"]
StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="A name in models/ or a .toml path.")
]


@app.callback()
def about() -> None:
    """Forecast who stays: stay rates by cohort, field and origin, and a workforce share."""


@app.command()
def run(
    study: StudyName,
    out_folder: Annotated[Path | None, typer.Option("--out", help="Run folder.")] = None,
    engine: Annotated[
        EngineName, typer.Option(help="nuts, the reference; laplace, seconds; laplace-exact.")
    ] = "nuts",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
    draws: Annotated[int | None, typer.Option(min=50, help="Draws a chain.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A short run, marked as a preview.")
    ] = False,
    assessment: Annotated[
        Path | None, typer.Option(help="Folder of the assessment that the report tells.")
    ] = None,
) -> None:
    """Estimate, check, forecast and report a study.

    Example: stayrate run china_ai_2030 --out reports/china_ai_2030
    """
    from forecast.run import RunOptions, Watch  # brings ArviZ and matplotlib: seconds
    from forecast.run import run as run_study  # brings ArviZ and matplotlib: seconds

    asked = load_study(study)
    target = out_folder or Path("reports") / asked.name
    started = datetime.now(UTC).isoformat(timespec="seconds")
    options = RunOptions(target, engine, seed, draws, quick, started, assessment)
    with Terminal(out) as terminal:
        done = run_study(asked, options, Watch(terminal.step, terminal.progress))
    for one in done.checks:
        if one.verdict != "pass":
            out.print(
                escape(f"{one.verdict}: {one.check} is {one.value:.3g}, {one.limit}. {one.advice}")
            )
    if done.workforce is not None:
        _say_probabilities(asked, done.workforce.probabilities, done.workforce.alternatives)
    spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in done.seconds.items())
    out.print(f"Time: {spent}.")
    out.print(escape(f"Verdict: {done.verdict}. Report: {target / 'index.html'}"), soft_wrap=True)
    raise typer.Exit(FINDING if done.verdict == "fail" else 0)


def _say_probabilities(study: Study, found: object, others: object) -> None:
    """Print the headline probability of each scenario, and its range over the alternatives."""
    for row in found.to_dict("records"):  # type: ignore[attr-defined]  # a DataFrame
        what = f"{row['group']} share <= {row['at_most']:.0%} in {row['by']}"
        label = f"P({what}, {row['scenario']})"
        out.print(
            escape(f"{label} = {row['probability']:.4f}, Monte Carlo error {row['mcse']:.4f}")
        )
    values = others["probability"]  # type: ignore[index]  # a DataFrame
    out.print(
        f"Range over {len(values)} listed alternatives: {values.min():.4f} to {values.max():.4f}"
    )


@app.command()
def studies() -> None:
    """List the studies that ship with the package.

    Example: stayrate studies
    """
    table = Table("study", "title", box=None)
    for name in study_names():
        table.add_row(name, escape(load_study(name).title))
    out.print(table)


@app.command()
def show(study: StudyName) -> None:
    """Show what a study asks, reads and assumes, each prior with its reason.

    Example: stayrate show china_ai_2030
    """
    asked = load_study(study)
    out.print(escape(f"{asked.title}\n\n{asked.question.strip()}\n"))
    spec = asked.evidence
    out.print(escape(f"evidence: {spec.table}, cohorts {spec.cohorts[0]} to {spec.cohorts[1]}"))
    out.print(escape(f"origins: {', '.join(spec.all_origins)}\nfields: {', '.join(spec.fields)}"))
    table = Table("prior", "distribution", "reason", box=None)
    parts = [asked.stay.priors, *([asked.share.priors] if asked.share else [])]
    for part in parts:
        for name in type(part).model_fields:
            prior = getattr(part, name)
            table.add_row(name, describe(prior), escape(prior.reason))
    out.print(table)
    for name, scenario in asked.scenarios.items():
        out.print(escape(f"scenario {name}: {scenario.label}. {scenario.reason}"))


@app.command()
def check(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="A CSV file or a dataset.")],
    study: Annotated[
        str | None, typer.Option(help="Test definitions and cells against it.")
    ] = None,
    as_of: Annotated[int | None, typer.Option(help="Later years are faults.")] = None,
) -> None:
    """Check an observation table: every fault with its line, rule, value and way out.

    Example: stayrate check my_rates.csv --study china_ai_2030
    """
    asked = load_study(study) if study else None
    today = asked.evidence.as_of if asked else datetime.now(UTC).year
    definitions = asked.stay.definitions if asked else None
    typed, findings = check_observations(
        read_table(table), today if as_of is None else as_of, definitions
    )
    if asked is not None:
        findings += check_cells(typed, asked, findings)
    if not findings:
        out.print(escape(f"{table}: {_count(len(typed), 'row')}, no fault."), soft_wrap=True)
        return
    found = findings_table(findings)
    for values in found.itertuples(index=False):
        out.print(escape(str(Finding(*values))), soft_wrap=True)
    lines = _count(found["line"].nunique(), "line")
    out.print(f"{_count(len(found), 'fault')} in {lines}.")
    raise typer.Exit(FINDING)


app.command()(cli_assess.backtest)
app.command()(cli_assess.calibrate)
app.command()(cli_assess.criticise)
app.command()(cli_assess.sensitivity)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def main() -> None:
    """Run the command; an error of the package is one sentence on standard error, exit status 2."""
    try:
        app()
    except StayrateError as error:
        err.print(escape(f"stayrate: {error}"), soft_wrap=True)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        err.print("stayrate: interrupted; an earlier run is as it was.")
        sys.exit(130)
