"""The assessment of a study, part by part, into its folder."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from forecast.assess import (
    Batch,
    Part,
    backtest,
    calibrate,
    check_backtest,
    check_calibration,
    pit_counts,
)
from forecast.assessment_folder import JOBS, folder_of, save_part, stamp_of
from forecast.provenance import versions
from forecast.study import Study

type Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class AssessOptions:
    """What is asked of a part of an assessment, beside its study."""

    folder: Path | None = None
    seed: int = 1
    engine: str = "laplace"
    workers: int = 2
    progress: Progress | None = None


def assess_backtest(
    study: Study, options: AssessOptions, years: tuple[int, int] | None = None
) -> Part:
    """Backtest a study as of each origin year; write and return the part."""
    begin = time.perf_counter()
    asked = None if years is None else list(range(years[0], years[1] + 1))
    batch = _batch(study, options, "backtest", {"engine": options.engine})
    found = backtest(study, asked, options.seed, batch)
    tables = {
        "forecasts": found.forecasts,
        "scores": found.scores,
        "skill": found.skill,
        "pit": pit_counts(found),
    }
    made = {
        "first_year": int(found.forecasts["origin_year"].min()),
        "last_year": int(found.forecasts["origin_year"].max()),
        "targets": int(len(found.forecasts) / found.forecasts["forecaster"].nunique()),
    }
    part = Part("backtest", tables, tuple(check_backtest(found)), _made(options, begin, made))
    save_part(part, study, folder_of(study, options.folder))
    return part


def assess_calibration(study: Study, options: AssessOptions, simulations: int) -> Part:
    """Calibrate a study's own model by simulation; write and return the part."""
    begin = time.perf_counter()
    batch = _batch(study, options, "calibration", {"engine": options.engine})
    found = calibrate(study, simulations, options.seed, options.engine, batch)
    tables = {"draws": found.draws, "quantities": found.quantities}
    checks = tuple(check_calibration(found))
    part = Part("calibration", tables, checks, _made(options, begin, {"simulations": simulations}))
    save_part(part, study, folder_of(study, options.folder))
    return part


def _batch(study: Study, options: AssessOptions, part: str, asked: Mapping[str, object]) -> Batch:
    """Return where the single fits of a part are kept, and what they depend on."""
    folder = folder_of(study, options.folder) / part / JOBS
    stamp = stamp_of(study, {**asked, "seed": options.seed, **versions()})
    return Batch(folder, stamp, workers=options.workers, progress=options.progress)


def _made(
    options: AssessOptions, begin: float, more: Mapping[str, int]
) -> dict[str, str | int | float]:
    seconds = round(time.perf_counter() - begin, 1)
    return {"engine": options.engine, "seed": options.seed, "seconds": seconds, **more}
