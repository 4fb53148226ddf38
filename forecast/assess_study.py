"""The assessment of a study, part by part, into its folder."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from forecast.assess import (
    Batch,
    Part,
    backtest,
    calibrate,
    check_backtest,
    check_calibration,
    check_criticism,
    criticise,
    pit_counts,
    sensitivity,
)
from forecast.assessment_folder import JOBS, folder_of, save_part, stamp_of
from forecast.inference import fit
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
        "figures": int(found.forecasts["target"].nunique()),
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


def assess_criticism(study: Study, options: AssessOptions) -> Part:
    """Criticise a study's model: what single pieces and priors do; write and return the part."""
    begin = time.perf_counter()

    def batch(name: str) -> Batch:
        return _batch(study, options, f"criticism/{name}", {"engine": options.engine})

    tables = criticise(fit(study, options.engine, options.seed), options.seed, batch)
    part = Part("criticism", tables, tuple(check_criticism(tables)), _made(options, begin, {}))
    save_part(part, study, folder_of(study, options.folder))
    return part


def assess_sensitivity(
    study: Study, options: AssessOptions, priors: Sequence[str] | Literal["all"] = "all"
) -> Part:
    """Say which priors move a study's headline numbers; write and return the part."""
    begin = time.perf_counter()
    fitted = fit(study, options.engine, options.seed)
    found = sensitivity(fitted, priors, _batch(study, options, "sensitivity", {}))
    told = pd.DataFrame({"sentence": list(found.sentences)}, dtype=str)
    tables = {"power": found.power, "changes": found.changes, "refits": found.refits}
    refits = {"refits": len(found.changes)}
    part = Part("sensitivity", tables | {"sentences": told}, (), _made(options, begin, refits))
    save_part(part, study, folder_of(study, options.folder))
    return part


def _batch(study: Study, options: AssessOptions, part: str, asked: Mapping[str, object]) -> Batch:
    """Return where the single fits of a part are kept, and what they depend on."""
    folder = folder_of(study, options.folder) / JOBS / part
    stamp = stamp_of(study, {**asked, "seed": options.seed, **versions()})
    return Batch(folder, stamp, workers=options.workers, progress=options.progress)


def _made(
    options: AssessOptions, begin: float, more: Mapping[str, int]
) -> dict[str, str | int | float]:
    seconds = round(time.perf_counter() - begin, 1)
    return {"engine": options.engine, "seed": options.seed, "seconds": seconds, **more}
