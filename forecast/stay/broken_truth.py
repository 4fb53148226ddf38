"""Truths that the stay model does not know of, and where each enters a simulated table.

A broken truth moves the parameters before rates are computed, the rates of cells before figures are
means of them, or the errors of the figures. Each function here changes nothing for the others.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from forecast.errors import StudyError
from forecast.stay.errors_of_rows import ErrorModel
from forecast.study import Study


@dataclass(frozen=True)
class TrendBreak:
    """All stay rates of cohorts from ``year`` on are off by ``size`` on the logit scale.

    The model's trend can follow such a step, at a cost that its prior makes high, and does not
    foresee it.
    """

    year: int
    size: float


@dataclass(frozen=True)
class DefinitionShift:
    """Figures under a definition are off by ``size``, in logits, for cohorts from ``year`` on.

    What is true does not move. The figures of definitions that vary this one do not move either.
    """

    definition: str
    year: int
    size: float


@dataclass(frozen=True)
class HeavierOverdispersion:
    """Rows scatter more than the parameters say: ``factor`` times the variance beyond a binomial.

    Census rows: the correlation within a row times ``factor``, the binomial part as it is. Others:
    their whole variance times ``factor``.
    """

    factor: float


type BrokenTruth = TrendBreak | DefinitionShift | HeavierOverdispersion


def check_broken(broken: BrokenTruth | None, study: Study) -> None:
    """Refuse a broken truth that does not fit the study.

    Raises
    ------
    StudyError
        If its definition or its year is none of the study, or its size or factor is no number that
        a truth can be broken by.
    """
    match broken:
        case TrendBreak():
            _check_year(broken.year, study)
            _check_size(broken.size)
        case DefinitionShift():
            _check_definition(broken.definition, study)
            _check_year(broken.year, study)
            _check_size(broken.size)
        case HeavierOverdispersion() if not 0 < broken.factor < np.inf:
            rule = "factor is a number above zero"
            raise StudyError(f"{rule}; got {broken.factor:g}. Write 2 for twice the variance.")


def _check_definition(definition: str, study: Study) -> None:
    known = study.stay.definitions
    if definition not in known:
        rule = f"definition is one of {', '.join(known)}"
        raise StudyError(f"{rule}; got {definition!r}. Choose one of them.")


def _check_year(year: int, study: Study) -> None:
    years = study.evidence.years
    if year not in years:
        rule = f"year is a cohort of the study, {years[0]} to {years[-1]}"
        raise StudyError(f"{rule}; got {year}. Choose one between.")


def _check_size(size: float) -> None:
    if not np.isfinite(size):
        raise StudyError(f"size is a number of logits; got {size:g}. Write 0.3 or so.")


def moved_truth(truth: xr.Dataset, broken: BrokenTruth | None, study: Study) -> xr.Dataset:
    """Return the truth with what a broken one moves: its trend, and all logits of cells with it.

    The trend stays zero at the reference cohort: a break up to there moves the intercept, too.
    """
    if not isinstance(broken, TrendBreak):
        return truth
    years = np.array(study.evidence.years)
    step = xr.DataArray(broken.size * (years >= broken.year), {"cohort": years}, ("cohort",))
    pinned = step.sel(cohort=study.stay.reference_cohort, drop=True)
    moved = {"trend": truth["trend"] + (step - pinned), "intercept": truth["intercept"] + pinned}
    return truth.assign(moved)


def cell_shift(cells: pd.DataFrame, broken: BrokenTruth | None) -> np.ndarray:
    """Return how far a broken truth moves the logit of each cell that figures see, (cell,).

    ``cells`` has columns definition and cohort.

    Examples
    --------
    >>> cells = pd.DataFrame({"definition": ["plan", "plan"], "cohort": [2011, 2012]})
    >>> cell_shift(cells, DefinitionShift("plan", 2012, 0.3)).tolist()
    [0.0, 0.3]
    """
    if not isinstance(broken, DefinitionShift):
        return np.zeros(len(cells))
    hit = cells["definition"].eq(broken.definition) & cells["cohort"].ge(broken.year)
    return broken.size * hit.to_numpy(float)


def moved_errors(
    truth: xr.Dataset, errors: ErrorModel, broken: BrokenTruth | None
) -> tuple[xr.Dataset, ErrorModel]:
    """Return the parameters and the numbers that the errors of rows are drawn with."""
    if not isinstance(broken, HeavierOverdispersion):
        return truth, errors
    factor = broken.factor
    powers = {"overdispersion": factor, "effective_share": 1 / factor, "source_scale": factor**0.5}
    moved = {name: truth[name] * power for name, power in powers.items() if name in truth}
    counts = replace(errors.counts, rounding=errors.counts.rounding * factor)
    rates = replace(errors.rates, known=errors.rates.known * factor)
    return truth.assign(moved), replace(errors, counts=counts, rates=rates)
