"""Simulation-based calibration: whether posteriors of simulated evidence are as wide as due.

Talts et al. 2018, arxiv.org/abs/1804.06788; Modrak et al. 2025, doi 10.1214/23-BA1404. A truth is
drawn from the prior, evidence from the truth, a posterior from the evidence; the rank of the truth
among the draws is then uniform, if prior, model and engine belong together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from forecast.assess.checks import Check, Verdict
from forecast.assess.jobs import Batch, run_jobs
from forecast.assess.scores import LEVELS
from forecast.errors import RunError
from forecast.evidence import Evidence, load_evidence
from forecast.inference.engines import Engine, engine_for
from forecast.stay import BrokenTruth, simulate, stay_model
from forecast.stay.posterior import SAMPLE
from forecast.stay.predict import reference_rates
from forecast.study import Study

SIMULATIONS = 200
CHUNK = (5, 25)  # simulations a job, what a stop can cost: NUTS compiles once for each
FIRST = 10_000  # seeds of the simulations start here, away from those of other work
SIGNIFICANT, REVIEWED = 0.001, 0.01  # least p over quantities, corrected for their number
ADVICE = "The posterior is wrong for what it is asked: confirm with engine nuts, then the model."


@dataclass(frozen=True)
class Calibration:
    """What calibration found, each a table.

    ``draws``: a row for each simulation and quantity: truth, mean, sd, pit, inside_50/80/95;
    ``quantities``: a row each: coverage, p of uniform ranks, z of the mean, contraction.
    """

    draws: pd.DataFrame
    quantities: pd.DataFrame


def calibrate(
    study: Study,
    simulations: int = SIMULATIONS,
    seed: int = 1,
    engine: str = "laplace",
    batch: Batch | None = None,
    broken: BrokenTruth | None = None,
) -> Calibration:
    """Simulate a study's evidence many times, fit each, and compare posteriors with the truth.

    Quantities: every top-level parameter, and the stay rates of the study's main origins and
    single fields at its first age, at the reference cohort and in the headline year. ``broken``
    simulates from a truth that the model does not know of, to see how the checks show it.

    Raises
    ------
    EvidenceError
        If a table of the study breaks a rule.
    RunError
        If a simulation cannot be drawn or fitted.
    """
    if simulations < 1:
        raise RunError(f"calibration needs a simulation; got {simulations}. Ask for some hundred.")
    seeds = [FIRST + seed * 1_000_000 + k for k in range(simulations)]
    size = CHUNK[engine == "nuts"]
    chunks = [seeds[k : k + size] for k in range(0, simulations, size)]
    jobs = {f"{chunk[0]}-{chunk[-1]}": chunk for chunk in chunks}
    work = partial(simulated_fits, study=study, engine=engine, broken=broken)
    found = run_jobs(work, jobs, batch)
    table = pd.concat(found.values(), ignore_index=True)
    return Calibration(table, summarised(table))


def simulated_fits(
    seeds: Sequence[int], study: Study, engine: str, broken: BrokenTruth | None
) -> pd.DataFrame:
    """Return the comparison of truth and posterior for some simulations."""
    evidence = load_evidence(study)
    prepared = engine_for(engine, stay_model(study, evidence))
    parts = [_one(study, evidence, seed, prepared, broken).assign(seed=seed) for seed in seeds]
    return pd.concat(parts, ignore_index=True)


def _one(
    study: Study, evidence: Evidence, seed: int, engine: Engine, broken: BrokenTruth | None
) -> pd.DataFrame:
    drawn = simulate(study, seed, broken=broken, evidence=evidence, rounded=False)
    model = stay_model(study, drawn.evidence)
    posterior, _ = engine(model, study.sampler, seed)
    names = [scale.name for scale in model.top_level]
    truth, found = (_quantities(draws, names, study) for draws in (drawn.truth, posterior))
    return compared(truth, found)


def _quantities(draws: xr.Dataset, names: Sequence[str], study: Study) -> pd.DataFrame:
    """Return quantities by name, a row a draw."""
    report = study.report
    cohorts = sorted({study.stay.reference_cohort, report.headline_year})
    rates = reference_rates(draws, study, float(report.years_since[0]), cohorts)
    origins = [o for o in report.main_origins if o in rates["origin"]]
    fields = [f for f in report.main_fields if f in rates["field"]]
    asked = {name: draws[name] for name in names}
    asked["stay_rate"] = rates.sel(origin=origins, field=fields)
    return pd.concat([_flat(name, value) for name, value in asked.items()], axis=1)


def _flat(name: str, values: xr.DataArray) -> pd.DataFrame:
    """Return a variable as columns, one for each of its values, a row a draw."""
    ordered = values.transpose(*SAMPLE, ...)
    dims = [str(dim) for dim in ordered.dims if dim not in SAMPLE]
    rows = ordered.to_numpy().reshape(ordered.sizes["chain"] * ordered.sizes["draw"], -1)
    if not dims:
        return pd.DataFrame({name: rows[:, 0]})
    labels = pd.MultiIndex.from_product([ordered[dim].to_numpy() for dim in dims])
    return pd.DataFrame(rows, columns=[f"{name}[{', '.join(map(str, k))}]" for k in labels])


def compared(truth: pd.DataFrame, draws: pd.DataFrame) -> pd.DataFrame:
    """Return for each quantity the truth, and where it lies in the draws.

    ``pit`` is the part of the draws below the truth, ties by half, and a step away from 0 and 1.
    """
    true, drawn = truth.iloc[0].to_numpy(float), draws[truth.columns].to_numpy(float)
    below = (drawn < true).sum(axis=0) + 0.5 * (drawn == true).sum(axis=0)
    table = pd.DataFrame(
        {
            "quantity": truth.columns,
            "truth": true,
            "mean": drawn.mean(axis=0),
            "sd": drawn.std(axis=0, ddof=1),
            "pit": (below + 0.5) / (len(drawn) + 1),
        }
    )
    return table.assign(**{f"inside_{level}": _inside(drawn, true, level) for level in LEVELS})


def _inside(draws: np.ndarray, true: np.ndarray, level: int) -> np.ndarray:
    """Return whether each truth lies in the equal-tailed interval of its draws."""
    tail = (1 - level / 100) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0)
    return np.asarray((lower <= true) & (true <= upper))


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each quantity its coverage, how uniform its ranks are, and how it is recovered.

    ``p_uniform`` is Kolmogorov and Smirnov's. ``z`` is the mean of (posterior mean - truth) / sd,
    0 where there is no bias; ``contraction`` is 1 - posterior variance / variance of the truths.
    """
    rows = []
    for name, group in table.groupby("quantity", sort=False):
        z = (group["mean"] - group["truth"]) / group["sd"]
        spread = group["truth"].var()
        row: dict[str, object] = {"quantity": name, "simulations": len(group)}
        row |= {f"coverage_{level}": group[f"inside_{level}"].mean() for level in LEVELS}
        row |= {"p_uniform": stats.kstest(group["pit"], "uniform").pvalue}
        row |= {"z": z.mean(), "z_sd": z.std()}
        row |= {"contraction": 1 - (group["sd"] ** 2).mean() / spread}
        rows.append(row)
    return pd.DataFrame(rows)


def check_calibration(found: Calibration, least: float = 0.03) -> list[Check]:
    """Return verdicts: uniform ranks of all quantities together, and mean coverage at 80 %.

    The least p over quantities is multiplied by their number (Bonferroni). Coverage may be off by
    three binomial standard errors of one quantity, and by ``least`` in any case.
    """
    table = found.quantities
    p = min(1.0, float(table["p_uniform"].min()) * len(table))
    doubt: Verdict = "review" if p >= SIGNIFICANT else "fail"
    uniform: Verdict = "pass" if p >= REVIEWED else doubt
    worst = table["quantity"].iloc[int(table["p_uniform"].argmin())]
    checks = [
        Check(
            "calibration, ranks uniform",
            uniform,
            p,
            f"p at least {REVIEWED:g}",
            f"Worst: {worst}. {ADVICE}",
        )
    ]
    value = float(table["coverage_80"].mean())
    room = max(least, 3 * float(np.sqrt(0.16 / table["simulations"].min())))
    covered: Verdict = "pass" if abs(value - 0.8) <= room else "fail"
    limit = f"within {room:.3f} of 0.8"
    checks.append(Check("calibration, 80 % coverage", covered, value, limit, ADVICE))
    return checks
