"""How far the Laplace engines are from a NUTS run: makes docs/agreement.md.

    python -m benchmarks.agreement --studies demo,china_ai_2030

For each study the three engines draw, and every reported quantity (top-level parameters, stay rates
of all origins, fields and cohorts) is compared: difference of means in posterior standard
deviations of NUTS, ratio of standard deviations, differences of the ends of the 95 % equal-tailed
interval.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import arviz_stats as azs
import numpy as np
import xarray as xr

import forecast as fc
from benchmarks.machine import machine
from forecast.inference import Fit, stay_rate_draws
from forecast.study import Study
from forecast.study.schema import LaplaceSpec

PAGE = Path(__file__).resolve().parents[1] / "docs" / "agreement.md"
ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class Agreement:
    """The greatest differences over a set of quantities, and the 99th percentile of each.

    ``noise``: the standard error of a difference of means in standard deviations, from the
    effective sample sizes of both runs, the largest over the quantities.
    """

    study: str
    engine: str
    what: str
    quantities: int
    mean: tuple[float, float]
    sd: tuple[float, float]
    ends: tuple[float, float]
    noise: float


def quantities(fit: Fit) -> dict[str, xr.Dataset]:
    """Return the draws of all reported quantities by kind."""
    ages = fit.study.report.years_since
    rates = {f"stay_rate_{age}": stay_rate_draws(fit, age) for age in ages}
    return {
        "top-level parameters": fit.posterior[list(fit.top_level)],
        "stay rates": xr.Dataset(rates),
    }


def compared(study: str, what: str, one: Fit, reference: Fit) -> Agreement:
    """Return how far one fit is from the reference."""
    ours, theirs = (_flat(quantities(fit)[what]) for fit in (one, reference))
    moving = (np.ptp(theirs, axis=(0, 1)) > 0) & np.isfinite(theirs).all(axis=(0, 1))
    ours, theirs = ours[..., moving], theirs[..., moving]
    sd = theirs.std(axis=(0, 1))
    mean = np.abs(ours.mean(axis=(0, 1)) - theirs.mean(axis=(0, 1))) / sd
    ratio = np.abs(ours.std(axis=(0, 1)) / sd - 1)
    ends = np.abs(np.quantile(ours, ENDS, (0, 1)) - np.quantile(theirs, ENDS, (0, 1))) / sd
    noise = np.sqrt(1 / _effective(ours) + 1 / _effective(theirs))
    return Agreement(
        study,
        one.engine,
        what,
        int(moving.sum()),
        _worst(mean),
        _worst(ratio),
        _worst(ends.max(axis=0)),
        float(noise.max()),
    )


def _worst(values: np.ndarray) -> tuple[float, float]:
    return float(values.max()), float(np.quantile(values, 0.99))


def _flat(draws: xr.Dataset) -> np.ndarray:
    """Return (chain, draw, quantity)."""
    parts = [v.transpose("chain", "draw", ...).to_numpy() for v in draws.data_vars.values()]
    return np.concatenate([part.reshape(*part.shape[:2], -1) for part in parts], axis=2)


def _effective(draws: np.ndarray) -> np.ndarray:
    """Return the bulk ESS of up to 200 of the quantities, evenly taken."""
    some = draws[..., :: max(draws.shape[2] // 200, 1)]
    data = xr.Dataset({"value": (("chain", "draw", "quantity"), some)})
    return np.resize(np.asarray(azs.ess(data)["value"]), draws.shape[2])


def longer(study: Study, points: int, sweeps: int, times: int) -> Study:
    """Return a study with longer runs of all engines."""
    laplace = LaplaceSpec(points=points, draws=max(points, 500), sweeps=sweeps)
    update = {"laplace": laplace, "draws": study.sampler.draws * times}
    return study.model_copy(update={"sampler": study.sampler.model_copy(update=update)})


def row(found: Agreement) -> str:
    """Return a line of the table."""
    pairs = [f"{worst:.2f} ({usual:.2f})" for worst, usual in (found.mean, found.sd, found.ends)]
    cells = [found.study, found.engine, found.what, f"{found.quantities:,}", *pairs]
    return f"| {' | '.join([*cells, f'{found.noise:.3f}'])} |"


def page(rows: list[Agreement], how: str) -> str:
    """Return the page."""
    head = (
        "# Do the engines agree?\n\n"
        "Made by `python -m benchmarks.agreement`; nothing here is typed by hand.\n\n"
        "Each engine drew the same posterior. The table gives, over all quantities, the largest "
        "difference from the NUTS run and in brackets the 99th percentile: of means, in "
        "posterior standard deviations; of standard deviations, as a part; of the ends of the "
        "95 % equal-tailed intervals, in standard deviations. The last column is the Monte Carlo "
        "error of a difference of means, the largest over quantities, in standard deviations: "
        "differences of a few times that are no evidence of disagreement. The error of an "
        "interval's end is about 2.7 times as large.\n\n"
    )
    table = [
        "| study | engine | quantities | number | means | sds | ends | Monte Carlo error |",
        "|---|---|---|---|---|---|---|---|",
        *map(row, rows),
    ]
    return head + "\n".join(table) + f"\n\n{how}\n\n{where()}\n"


def _draws_of(studies: list[str], runs: dict[str, Fit], times: int) -> str:
    """Say how long NUTS ran for each study."""
    return ", ".join(
        f"{name} {'a run of the study file' if name in runs else f'{times} times its draws'}"
        for name in studies
    )


def where() -> str:
    """Return the machine in one line."""
    return "Machine: " + ", ".join(f"{key} {value}" for key, value in machine().items()) + "."


def main() -> None:
    """Run the comparison and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.agreement")
    parser.add_argument("--studies", default="demo,china_ai_2030,us_doctorates")
    parser.add_argument("--points", type=int, default=2048, help="values of the scales, laplace")
    parser.add_argument("--sweeps", type=int, default=1000, help="sweeps a chain, laplace-exact")
    parser.add_argument("--times", type=int, default=2, help="times the study's draws, nuts")
    parser.add_argument("--runs", default="", help="NAME=FOLDER,...: NUTS draws of finished runs")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows: list[Agreement] = []
    pairs = [pair.split("=") for pair in asked.runs.split(",") if pair]
    runs = {name: fc.load_fit(Path(folder) / "posterior.nc") for name, folder in pairs}
    for name in asked.studies.split(","):
        study = longer(fc.load_study(name), asked.points, asked.sweeps, asked.times)
        reference = fc.fit(study, "nuts", asked.seed) if name not in runs else runs[name]
        for engine in ("laplace", "laplace-exact"):
            one = fc.fit(study, engine, asked.seed)
            rows += [compared(name, what, one, reference) for what in quantities(reference)]
            sys.stdout.write(f"{row(rows[-2])}\n{row(rows[-1])}\n")
            sys.stdout.flush()
    how = (
        f"NUTS: {_draws_of(asked.studies.split(','), runs, asked.times)}. "
        f"laplace: {asked.points:,} values of the scales. laplace-exact: 4 chains of "
        f"{asked.sweeps:,} sweeps. Seed {asked.seed}."
    )
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(rows, how), encoding="utf-8")


if __name__ == "__main__":
    main()
