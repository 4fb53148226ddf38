"""Scenarios at full size: many draws, years and groups; makes scenarios.md.

python -m benchmarks.scenarios
"""

import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

import forecast as fc
from benchmarks.machine import machine
from forecast.evidence import cell_sizes, checked_table, domestic_sizes
from forecast.share import ShareModel, contour, share_model, solve
from forecast.share.inputs import workforce_inputs
from forecast.study import Study
from forecast.study.share import Headline

STUDY = "china_ai_2030"
CHAINS, DRAWS, SCENARIOS = 4, 2000, 10
LEVERS = ("stay_rate", "exit_rate", "inflow", "direct_arrivals", "domestic_inflow")
PAGE = Path(__file__).resolve().parent / "scenarios.md"
MEGA = 1024


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work took."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def model_of(study: Study, seed: int) -> ShareModel:
    """Return the study's workforce with made-up stay draws of full size, shortly calibrated."""
    if study.share is None:
        raise ValueError("the study has a workforce")
    sizes, rng = cell_sizes(study), np.random.default_rng(seed)
    noise = 0.3 * rng.standard_normal((CHAINS, DRAWS, *sizes.shape))
    labels = {"chain": range(CHAINS), "draw": range(DRAWS)} | dict(sizes.coords)
    stay = xr.DataArray(1 / (1 + np.exp(-1.7 - noise)), labels, ("chain", "draw", *sizes.dims))
    table = checked_table(study.share.evidence, "workforce", study.folder)
    shocks = fc.load_dataset("shocks")
    inputs = workforce_inputs(study, stay, sizes, domestic_sizes(study), table, shocks=shocks)
    return share_model(inputs, seed, steps=12)


def measured(study: Study, asked: Headline) -> tuple[str, list[tuple[str, float]]]:
    """Return the size of the model in words, and the seconds of each question."""
    model = model_of(study, 1)
    kept = [one for one in study.scenarios.values() if not one.refits]
    scenarios = (kept * SCENARIOS)[:SCENARIOS]
    aim = (asked.group, asked.at_most, asked.by)
    rows = [(f"{SCENARIOS} scenarios", timed(lambda: [model.flows(one) for one in scenarios]))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGA
    for lever in LEVERS:
        rows.append((f"solve for `{lever}`", timed(partial(solve, model, lever, *aim))))
    line = timed(lambda: contour(model, "stay_rate", "exit_rate", *aim))
    rows.append(("contour of stay and exit rate, 21 points", line))
    years, groups = len(model.world.years), len(model.grid.groups)
    size = f"{CHAINS * DRAWS:,} draws, {years} years, {groups} groups, {model.grid.size} cells."
    return f"{size} Largest memory up to the end of the projections: {peak:,.0f} MB.", rows


def main() -> int:
    """Time the projection, each solve and a contour, and write the page."""
    study = fc.load_study(STUDY)
    if study.share is None:
        raise ValueError("the study has a workforce")
    with threadpool_limits(1):
        size, rows = measured(study, study.share.headline)
    lines = [
        "# Scenarios at full size",
        "",
        "Made by `python -m benchmarks.scenarios`, on one core; no scenario refits history.",
        "",
        size,
        "",
        "| | seconds |",
        "| --- | --- |",
        *[f"| {name} | {seconds:.1f} |" for name, seconds in rows],
        "",
        "Machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()) + ".",
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
