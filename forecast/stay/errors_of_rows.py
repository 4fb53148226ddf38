"""The error model of each published figure, as arrays: what kind of row, with which numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.evidence import Evidence
from forecast.stay.terms import Dim, Scale
from forecast.study.schema import StayPriors

EDGE = 1e-6  # keeps a mean off 0 and 1 where its variance is computed


@dataclass(frozen=True)
class CountRows:
    """Census rows: ``stayed`` of ``n`` people, beta-binomial.

    The correlation within a row is that of its definition, ``overdispersion[which]``, plus what
    rounding the printed rate adds.
    """

    row: np.ndarray
    stayed: np.ndarray
    n: np.ndarray
    which: np.ndarray
    rounding: np.ndarray


@dataclass(frozen=True)
class RateRows:
    """Rows whose rate has a density: beta with mean p and variance v.

    v = p (1 - p) / (effective_share n) + (p (1 - p) source_scale[which])^2 + known,

    where a weighted survey has the first part, a row with neither n nor se the second, and
    ``known`` is rounding^2 / 12 + se^2.
    """

    row: np.ndarray
    rate: np.ndarray
    per_person: np.ndarray
    unknown: np.ndarray
    which: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class ErrorModel:
    """The error models of all rows and the top-level parameters they add."""

    counts: CountRows
    rates: RateRows
    scales: tuple[Scale, ...]


def error_model(evidence: Evidence, priors: StayPriors) -> ErrorModel:
    """Arrange the rows of the evidence by their error model."""
    rows = evidence.rows
    census = rows["n_kind"].eq("census").to_numpy() & rows["n"].ge(1).to_numpy()
    survey = rows["n_kind"].eq("survey").to_numpy() & rows["n"].notna().to_numpy()
    has_se = rows["se"].notna().to_numpy()
    unknown = ~census & ~survey & ~has_se
    counted = Dim("definition_counted", "definition", _labels(rows, census))
    unsized = Dim("definition_unsized", "definition", _labels(rows, unknown))
    scales = []
    if census.any():
        scales.append(Scale("overdispersion", priors.overdispersion, counted))
    if survey.any():
        scales.append(Scale("effective_share", priors.effective_share))
    if unknown.any():
        scales.append(Scale("source_scale", priors.source_scale, unsized))
    return ErrorModel(
        _count_rows(rows, census, counted),
        _rate_rows(rows, ~census, survey & ~has_se, unknown, unsized),
        tuple(scales),
    )


def _labels(rows: pd.DataFrame, where: np.ndarray) -> tuple[str, ...]:
    return tuple(sorted(rows.loc[where, "definition"].unique()))


def _rounding_variance(rows: pd.DataFrame) -> np.ndarray:
    return rows["rounding"].fillna(0.0).to_numpy() ** 2 / 12


def _count_rows(rows: pd.DataFrame, where: np.ndarray, dim: Dim) -> CountRows:
    n = np.round(rows.loc[where, "n"].to_numpy())
    return CountRows(
        row=np.flatnonzero(where),
        stayed=np.round(n * rows.loc[where, "rate"].to_numpy()),
        n=n,
        which=pd.Index(dim.labels).get_indexer(pd.Index(rows.loc[where, "definition"])),
        rounding=_rounding_variance(rows)[where] * n / np.maximum(n - 1, 1),
    )


def _rate_rows(
    rows: pd.DataFrame, where: np.ndarray, survey: np.ndarray, unknown: np.ndarray, dim: Dim
) -> RateRows:
    variance = _rounding_variance(rows) + rows["se"].fillna(0.0).to_numpy() ** 2
    half_step = np.sqrt(3 * _rounding_variance(rows)).clip(1e-4)
    rate = np.clip(rows["rate"].to_numpy(), half_step, 1 - half_step)
    people = np.where(survey, rows["n"].to_numpy(), np.inf)
    which = pd.Index(dim.labels).get_indexer(pd.Index(rows["definition"])).clip(0)
    return RateRows(
        row=np.flatnonzero(where),
        rate=rate[where],
        per_person=1 / people[where],
        unknown=unknown[where].astype(float),
        which=which[where],
        known=variance[where],
    )
