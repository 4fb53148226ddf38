"""Simulated evidence with known truth: the table of a study, with rates drawn from its model."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from forecast.errors import EvidenceError
from forecast.evidence import Evidence, arrange, load_evidence
from forecast.evidence.select import FAMILY
from forecast.stay.broken_truth import (
    BrokenTruth,
    cell_shift,
    check_broken,
    moved_errors,
    moved_truth,
)
from forecast.stay.errors_of_rows import ErrorModel, error_model
from forecast.stay.likelihood import replicate
from forecast.stay.model import StayModel, stay_model
from forecast.stay.posterior import SAMPLE, flat_latents
from forecast.stay.predict import aggregate_rates, reference_rates
from forecast.stay.prior_draws import check_truth, draw_prior
from forecast.study import Study

TRUTH, ROWS = 1 << 21, 1 << 22  # streams that a fit of the same seed does not draw from
INSIDE = 1e-9  # keeps a remainder in [0, 1] against rounding errors of floats


@dataclass(frozen=True)
class Simulated:
    """A simulated table, and the truth behind it.

    ``table``: observations in the form of the study's own table; ``evidence``: what the study reads
    of them; ``truth``: one draw of all parameters and terms, as a posterior has them;
    ``stay_rates``: true rates under the reference definition, dims (years_since, origin, field,
    cohort), ALL and groups of fields among the labels, weighted by cell sizes.
    """

    table: pd.DataFrame
    evidence: Evidence
    truth: xr.Dataset
    stay_rates: xr.DataArray


def simulate(
    study: Study,
    seed: int,
    truth: xr.Dataset | None = None,
    *,
    broken: BrokenTruth | None = None,
    evidence: Evidence | None = None,
    rounded: bool = True,
) -> Simulated:
    r"""Simulate the evidence of a study from its stay model, with known truth.

    A truth :math:`(\theta, x)` is drawn from the prior, the rate of row i is :math:`W_i p` with
    :math:`p = \mathrm{expit}(A x - B\,\mathrm{step})`, and its figure is drawn from the error model
    of the row. A posterior of the simulated evidence then covers the truth with the probability it
    says, on average over seeds: simulation-based calibration.

    Parameters
    ----------
    study
        The study. Its rows, sizes, n and rounding steps are kept; its rates are replaced.
    seed
        The same seed gives the same bytes.
    truth
        One draw of every parameter and term, such as ``posterior.isel(chain=[0], draw=[7])``;
        drawn from the prior where it is left out.
    broken
        What the model does not know of: ``TrendBreak``, ``DefinitionShift`` or
        ``HeavierOverdispersion``.
    evidence
        The evidence of the study, if it is loaded already.
    rounded
        Print rates in the steps that the table gives, as a source does: they are drawn without the
        variance that the model allows for rounding. Otherwise rates are drawn with it and not
        rounded: exactly the likelihood of the model.

    Returns
    -------
    Simulated
        A table that a study reads like its own, its evidence, the truth, and true stay rates. Rows
        that the study does not read are left out. Of a total and its parts the model sees the parts
        and the remainder: those are drawn, and the table shows the parts and the total that they
        make, in the nearest step that leaves the remainder a rate in [0, 1]. If there is none, the
        total is not used, as in any table. A rate printed as 0 or 1 is read as half a step away
        from it where the model has a density of the rate, as in any table.

    Raises
    ------
    EvidenceError
        If a table of the study breaks a rule, or ``evidence`` has the remainder of a total without
        the parts.
    RunError
        If ``truth`` is not one draw of every parameter and term.
    StudyError
        If ``broken`` names a definition or a year that the study has not, or a prior is too wide to
        draw from.

    References
    ----------
    Talts et al. (2018), Validating Bayesian inference algorithms with simulation-based calibration,
    arXiv 1804.06788. Modrak et al. (2025), Simulation-based calibration checking for Bayesian
    computation, doi 10.1214/23-BA1404.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> simulated = simulate(load_study("demo"), seed=1)
    >>> len(simulated.table), simulated.stay_rates.dims
    (120, ('years_since', 'origin', 'field', 'cohort'))
    """
    check_broken(broken, study)
    seen = load_evidence(study) if evidence is None else evidence
    model = stay_model(study, seen)
    found = draw_prior(model, np.random.default_rng([seed, TRUTH])) if truth is None else truth
    check_truth(found, model)
    world = moved_truth(found, broken, study)
    errors = _unrounded(study, seen) if rounded else model.errors
    rate = _row_rates(model, world, cell_shift(seen.cells, broken))
    rng = np.random.default_rng([seed, ROWS])
    drawn = replicate(rate, *moved_errors(world, errors, broken), rng)[0, 0]
    table = _table(seen, drawn, rounded)
    return Simulated(
        table, arrange(table, study, seen.sizes), world, _stay_rates(world, study, seen)
    )


def _row_rates(model: StayModel, world: xr.Dataset, shift: np.ndarray) -> np.ndarray:
    """Return the true mean of each figure, W expit(A x - B step + shift), (1, 1, row)."""
    step = world["duration_step"].transpose(*SAMPLE, "knot").to_numpy()[0, 0]
    eta = model.design @ flat_latents(world, model.structure)[0, 0] - model.basis @ step
    return (model.operator @ expit(eta + shift))[None, None]


def _unrounded(study: Study, evidence: Evidence) -> ErrorModel:
    """Return the error models of figures that nobody has rounded yet."""
    rows = evidence.rows.assign(rounding=np.nan)
    return error_model(replace(evidence, rows=rows), study.stay.priors)


def _table(evidence: Evidence, drawn: np.ndarray, rounded: bool) -> pd.DataFrame:
    """Return the table that publishes the drawn rates: totals where the rows are remainders."""
    rows = evidence.rows
    steps = _steps(rows["rounding"], rounded)
    printed = np.where(np.isnan(steps), drawn, np.round(drawn * steps) / steps)
    totals = _totals(evidence, drawn, printed, rounded)
    whole = rows.assign(rate=printed)[~rows["derived"]].set_index("table_row")
    table = pd.concat([whole.drop(columns=["origins", "fields", "derived"]), totals])
    return table.sort_index().reset_index(drop=True)


def _steps(rounding: pd.Series, rounded: bool) -> np.ndarray:
    """Return into how many even steps rounding divides [0, 1], NaN where nothing is rounded."""
    steps = np.round(1 / rounding.to_numpy(float))
    return steps if rounded else np.full_like(steps, np.nan)


def _totals(
    evidence: Evidence, drawn: np.ndarray, printed: np.ndarray, rounded: bool
) -> pd.DataFrame:
    """Return the totals of remainders and their parts, as drawn, in steps of their own.

    A total lies where its printed parts leave the remainder a rate in [0, 1], if a step does.
    """
    rows, left = evidence.rows, evidence.rows["derived"].to_numpy()
    totals = evidence.left_out.loc[rows.loc[left, "table_row"]].drop(columns="reason")
    n, people = totals["n"].to_numpy(), rows["n"].to_numpy()
    _check_parts(rows[left], _in_family(rows, people) / n)
    low, gap = (
        _in_family(rows, np.where(left, 0.0, people * part)) / n for part in (printed, 1 - printed)
    )
    room = INSIDE * people[left] / n
    low, high = low + room * (low > 0), 1 - gap - room * (gap > 0)
    rate = (_in_family(rows, people * drawn) / n).clip(low, high)
    steps = _steps(totals["rounding"], rounded)
    nearest = np.round(rate * steps)
    nearest += nearest / steps < low
    nearest -= nearest / steps > high
    return totals.assign(rate=np.where(np.isnan(steps), rate, nearest / steps))


def _in_family(rows: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    """Return for each remainder the sum over itself and the parts of its total."""
    key = [rows[column] for column in FAMILY if column in rows]
    sums = pd.Series(values, rows.index).groupby(key, dropna=False).transform("sum")
    return sums[rows["derived"]].to_numpy()


def _check_parts(remainders: pd.DataFrame, share: np.ndarray) -> None:
    """Refuse remainders that stand without the parts of their totals."""
    alone = np.abs(share - 1) > INSIDE
    if alone.any():
        rule = "a remainder stands beside the parts of its total"
        got = f"{remainders.loc[alone, 'origin'].iloc[0]} without"
        raise EvidenceError(f"{rule}; got {got}. Pass the evidence of a whole table.")


def _stay_rates(world: xr.Dataset, study: Study, evidence: Evidence) -> xr.DataArray:
    """Return the true stay rates at the ages of the report, with the labels of its tables."""
    ages = study.report.years_since
    cohorts = list(study.evidence.years)
    rates = [
        aggregate_rates(reference_rates(world, study, age, cohorts), evidence.sizes, study)
        for age in ages
    ]
    joined = xr.concat(rates, pd.Index(ages, name="years_since"))
    return joined.isel(chain=0, draw=0, drop=True).rename("stay_rate")
