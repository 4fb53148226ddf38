"""Stay rates of a fit as tidy tables, with what each of them rests on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from forecast.evidence import Evidence
from forecast.inference.fit import Fit
from forecast.stay.predict import aggregate_rates, reference_rates
from forecast.study.schema import EvidenceSpec


@dataclass(frozen=True)
class Bounds:
    """Median and equal-tailed interval over the draws."""

    lower: np.ndarray
    median: np.ndarray
    upper: np.ndarray


def stay_rate_draws(fit: Fit, years_since: float) -> xr.DataArray:
    """Return draws of the stay rate, (chain, draw, origin, field, cohort).

    Origins gain ALL, fields the groups of the study and ALL, weighted by cell sizes.
    """
    rates = reference_rates(fit.posterior, fit.study, years_since, list(fit.study.evidence.years))
    return aggregate_rates(rates, fit.evidence.sizes, fit.study)


def stay_rates(fit: Fit, prob: float = 0.9) -> pd.DataFrame:
    """Return the stay rates of a study as a tidy table.

    Columns: origin, field, cohort, years_since, median, lower, upper (in [0, 1]), prob, kind
    ("eti"), basis: "residence" where people of the cohort were seen after graduation,
    "intentions" where only their plans are known, "forecast" beyond the evidence.
    """
    tables = [
        rates_table(stay_rate_draws(fit, age), prob).assign(years_since=age)
        for age in fit.study.report.years_since
    ]
    table = pd.concat(tables, ignore_index=True)
    basis = _basis(fit.evidence, fit.study.evidence)
    keys = zip(table["origin"], table["cohort"], strict=True)
    table["basis"] = [basis[key] for key in keys]
    order = ["origin", "field", "cohort", "years_since", *["median", "lower", "upper"]]
    return table[[*order, "prob", "kind", "basis"]]


def rates_table(draws: xr.DataArray, prob: float) -> pd.DataFrame:
    """Return the medians and equal-tailed intervals of draws with any dims beside the sample."""
    found = bounds(draws.transpose("chain", "draw", ...).to_numpy(), prob)
    dims = [str(dim) for dim in draws.dims if dim not in ("chain", "draw")]
    index = pd.MultiIndex.from_product([draws[dim].to_numpy() for dim in dims], names=dims)
    values = {name: getattr(found, name).ravel() for name in ("median", "lower", "upper")}
    return pd.DataFrame(values, index=index).reset_index().assign(prob=prob, kind="eti")


def fitted_rows(fit: Fit, prob: float = 0.9) -> pd.DataFrame:
    """Return the rows that were used, each with its fitted median and interval."""
    rows = fit.evidence.rows.drop(columns=["origins", "fields"])
    found = bounds(fit.tree["fitted"]["rate"].transpose("chain", "draw", "row").to_numpy(), prob)
    return rows.assign(
        fitted_median=found.median,
        fitted_lower=found.lower,
        fitted_upper=found.upper,
        prob=prob,
        kind="eti",
    )


def bounds(draws: np.ndarray, prob: float) -> Bounds:
    """Return median and equal-tailed interval over the first two axes (chain, draw)."""
    flat = draws.reshape(-1, *draws.shape[2:])
    lower, median, upper = np.quantile(flat, [(1 - prob) / 2, 0.5, (1 + prob) / 2], axis=0)
    return Bounds(lower, median, upper)


def _basis(evidence: Evidence, spec: EvidenceSpec) -> dict[tuple[str, int], str]:
    """Return what the estimate of each origin and cohort rests on."""
    cells = evidence.cells
    first, last = int(cells["cohort"].min()), int(cells["cohort"].max())
    later = cells[cells["years_since"].gt(0)].groupby("origin")["cohort"].max().to_dict()
    later["ALL"] = max(later.values(), default=first - 1)

    def basis(origin: str, cohort: int) -> str:
        if not first <= cohort <= last:
            return "forecast"
        return "residence" if cohort <= later.get(origin, first - 1) else "intentions"

    origins = (*spec.all_origins, "ALL")
    return {(origin, cohort): basis(origin, cohort) for origin in origins for cohort in spec.years}
