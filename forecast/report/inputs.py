"""What a report is made from: one frozen bundle of tables and draws, handed over by the run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import xarray as xr

from forecast.assess import Assessment
from forecast.share import Workforce
from forecast.study import Study


@dataclass(frozen=True)
class ReportInputs:
    """Everything a report reads; nothing else is looked up, no clock and no path.

    Rates, shares and probabilities lie in [0, 1]. Intervals carry ``prob`` and ``kind`` ("eti" or
    "hdi") in their table.

    Attributes
    ----------
    study
        The study.
    quick
        Whether the run was shortened; its report is marked as a preview.
    seed, engine
        Of the draws.
    tree
        Groups posterior (chain, draw, ...), and where the engine has them sample_stats,
        posterior_predictive, observed_data and log_likelihood with one variable ``rate`` (row).
    top_level
        Names of the top-level parameters in the posterior.
    observations
        The rows used, in the order of dim ``row``: source, definition, origin, field,
        cohort_start, cohort_end, years_since, observed_year, rate, n, n_kind, published, derived,
        fitted_median, fitted_lower, fitted_upper, prob, kind.
    left_out, curated_out
        Rows not used and rows left out when the table was made, each with ``reason``.
    stay_rates
        origin, field, cohort, years_since, median, lower, upper, prob, kind, basis ("residence",
        "intentions" or "forecast").
    workforce
        Every answer about the workforce, where the study has one.
    checks
        check, verdict ("pass", "review" or "fail"), value, limit, advice.
    verdict
        The worst of the checks.
    provenance
        Versions, hashes and times, as text, in the order of the page.
    timings
        Seconds by step.
    claims
        Published look-ups: claim_id, claim, claimed, verdict, found, source, url, notes.
    assessment
        The parts of the study's assessment; none: the report does not speak of it.
    """

    study: Study
    quick: bool
    seed: int
    engine: str
    tree: xr.DataTree
    top_level: tuple[str, ...]
    observations: pd.DataFrame
    left_out: pd.DataFrame
    stay_rates: pd.DataFrame
    checks: pd.DataFrame
    verdict: str
    curated_out: pd.DataFrame | None = None
    workforce: Workforce | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    claims: pd.DataFrame | None = None
    assessment: Assessment | None = None
