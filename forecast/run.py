"""The way of the data: study -> fit -> checks -> projection -> report, one run folder."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import xarray as xr

from forecast.assess import Assessment, Check, check, check_projection, checks_table, verdict
from forecast.assessment_folder import load_assessment
from forecast.datasets import dataset_names, load_dataset
from forecast.inference import Fit, fit, fitted_rows, packed, save_fit, stay_rate_draws, stay_rates
from forecast.provenance import hashes, versions
from forecast.report import ReportInputs, write_report
from forecast.run_folder import MARK, run_folder, write_table
from forecast.share import STEPS, Workforce, ask, inputs_of, share_model
from forecast.study import Study

QUICK = {
    "chains": 2,
    "tune": 200,
    "draws": 250,
    "laplace": {"points": 100, "draws": 250, "sweeps": 60},
}
QUICK_STEPS = 100
LARGE = ("forecasts", "draws")  # tables of an assessment that a run does not copy

type Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked for, beside its study; ``assessment``: the folder of the study's."""

    out: Path
    engine: str = "nuts"
    seed: int = 1
    draws: int | None = None
    quick: bool = False
    started: str = ""
    assessment: Path | None = None


@dataclass(frozen=True)
class Watch:
    """What a run tells while it goes: the step it is at, the sampler's progress."""

    step: Callable[[str], None] = lambda name: None
    progress: Progress | None = None


@dataclass
class Clock:
    """Seconds spent in each step."""

    watch: Watch
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Announce a step and take its time."""
        self.watch.step(name)
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 1)


@dataclass(frozen=True)
class Run:
    """What a run found: the fit, its verdicts, its answers, and where the time went.

    ``checks`` are those of the fit, of the workforce and of the study's assessment.
    """

    fit: Fit
    checks: tuple[Check, ...]
    verdict: str
    rates: pd.DataFrame
    workforce: Workforce | None
    seconds: dict[str, float]
    assessment: Assessment = field(default_factory=Assessment)


def run(study: Study, options: RunOptions, watch: Watch | None = None) -> Run:
    """Fit, check, project and report a study into one folder.

    Raises
    ------
    StayrateError
        If the study, its evidence, the sampler or the folder stand in the way. Nothing is written
        then, and an earlier run in the folder stays.
    """
    clock = Clock(watch or Watch())
    study = with_sampler(study, options)
    assessment = load_assessment(study, options.assessment)
    with run_folder(options.out) as folder:
        with clock.time("fit"):
            fitted = fit(study, options.engine, options.seed, clock.watch.progress)
        with clock.time("stay rates"):
            rates = stay_rates(fitted, study.report.prob)
        with clock.time("checks"):
            checks = check(fitted, shown(fitted))
        workforce = None
        if study.share is not None:
            with clock.time("workforce"):
                workforce = forecast_workforce(fitted, options)
            checks = [*checks, *check_projection(workforce.projection)]
        every = (*checks, *assessment.checks)
        done = Run(fitted, every, verdict(every), rates, workforce, clock.seconds, assessment)
        with clock.time("report"):
            write_run(done, options, folder)
        _write_record(done, options, folder)
    return done


def with_sampler(study: Study, options: RunOptions) -> Study:
    """Return the study with the draws that a run asks for."""
    asked: dict[str, object] = study.sampler.model_dump() | (QUICK if options.quick else {})
    if options.draws is not None:
        own = study.sampler.laplace.model_dump()
        asked["draws"] = options.draws
        asked["laplace"] = own | {"draws": options.draws, "sweeps": options.draws}
    sampler = type(study.sampler).model_validate(asked)
    return study.model_copy(update={"sampler": sampler})


def shown(fitted: Fit) -> xr.Dataset:
    """Return the draws of every stay rate that the report shows."""
    ages = fitted.study.report.years_since
    return xr.Dataset({f"stay_rate_{age}": stay_rate_draws(fitted, age) for age in ages})


def forecast_workforce(fitted: Fit, options: RunOptions) -> Workforce:
    """Calibrate the workforce of a study and answer its questions."""
    study = fitted.study
    steps = QUICK_STEPS if options.quick else STEPS
    model = share_model(inputs_of(fitted), options.seed, steps=steps)
    ages = {claim.years_since for claim in study.claims if claim.years_since is not None}
    stay = {age: stay_rate_draws(fitted, age) for age in sorted(ages)}
    return ask(model, study, stay, _claims(study))


def _claims(study: Study) -> pd.DataFrame | None:
    return load_dataset(study.report.claims) if study.report.claims else None


def write_run(done: Run, options: RunOptions, folder: Path) -> None:
    """Write a run's tables, draws, study and page into a folder."""
    data = folder / "data"
    data.mkdir()
    rows = fitted_rows(done.fit, done.fit.study.report.prob)
    write_table(rows, data / "observations.csv")
    write_table(done.fit.evidence.left_out, data / "left_out.csv")
    write_table(done.rates, data / "stay_rates.csv")
    write_table(checks_table(done.checks), data / "checks.csv")
    if done.workforce is not None:
        for name, table in done.workforce.tables().items():
            write_table(table, data / f"{name}.csv")
        packed(done.workforce.projection).to_netcdf(folder / "projection.nc", engine="h5netcdf")
    _write_assessment(done.assessment, data)
    save_fit(done.fit, folder / "posterior.nc")
    (folder / "study.toml").write_text(done.fit.study.text, encoding="utf-8")
    write_report(report_inputs(done, options, rows), folder)


def _write_assessment(assessment: Assessment, data: Path) -> None:
    """Write the tables behind what the page says of the assessment, the large ones left out."""
    for name, part in assessment.parts.items():
        for which, table in part.tables.items():
            if which not in LARGE:
                write_table(table, data / f"assessment_{name}_{which}.csv")


def report_inputs(done: Run, options: RunOptions, rows: pd.DataFrame) -> ReportInputs:
    """Gather what the report shows."""
    study = done.fit.study
    curated = f"{study.evidence.table}_excluded"
    known = curated in dataset_names() and study.evidence.table in dataset_names()
    return ReportInputs(
        study=study,
        quick=options.quick,
        seed=options.seed,
        engine=options.engine,
        tree=done.fit.tree,
        top_level=done.fit.top_level,
        observations=rows,
        left_out=done.fit.evidence.left_out,
        curated_out=load_dataset(curated) if known else None,
        stay_rates=done.rates,
        workforce=done.workforce,
        checks=checks_table(done.checks),
        verdict=done.verdict,
        provenance={"started": options.started, **versions(), **_short(hashes(study))},
        timings=dict(done.seconds),
        claims=_claims(study),
        assessment=done.assessment,
    )


def _short(found: dict[str, str]) -> dict[str, str]:
    return {f"sha256 of {name}": value for name, value in found.items()}


def _write_record(done: Run, options: RunOptions, folder: Path) -> None:
    """Write run.json: verdict, seed, versions, hashes, timings."""
    record = {
        "study": done.fit.study.name,
        "verdict": done.verdict,
        "engine": options.engine,
        "seed": options.seed,
        "quick": options.quick,
        "sampler": done.fit.study.sampler.model_dump(),
        "started": options.started,
        "versions": versions(),
        "hashes": hashes(done.fit.study),
        "seconds": done.seconds,
    }
    (folder / MARK).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
