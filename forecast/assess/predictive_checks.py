"""Posterior predictive checks: whether replicated figures look like the published ones.

Rubin 1984, doi 10.1214/aos/1176346785; Gelman, Meng & Stern 1996, Posterior predictive assessment
of model fitness via realized discrepancies, Statistica Sinica 6, 733-807. The figures have taught
the model, so p-values lie closer to one half than uniform ones (Bayarri & Berger 2000, doi
10.1080/01621459.2000.10474309): an extreme one is a finding, a middling one is little comfort.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import ndtri

from forecast.assess.scores import pit
from forecast.inference import Fit
from forecast.stay.errors_of_rows import error_model
from forecast.stay.likelihood import count_shapes, rate_shapes

QUANTITIES = ("mean", "sd", "largest", "lag_1")
LINE = ["definition", "series", "population", "origin", "field", "years_since"]
UNPRINTED = -1.0  # stands for no years_since
FEWEST = 3  # values of a correlation, residuals of a standard deviation
EVERYTHING = "ALL"

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Neighbours:
    """Which rows stand side by side along cohorts.

    ``mean`` (place, row) makes the residuals of a line's cohort one; ``first`` and ``second``
    (pair,) are places side by side.
    """

    mean: sparse.csr_matrix
    first: np.ndarray
    second: np.ndarray


def predictive_checks(fit: Fit, prob: float = 0.9) -> pd.DataFrame:
    r"""Return posterior predictive p-values of test quantities, by definition.

    A figure's standardised residual at one draw :math:`\theta` of the posterior is
    :math:`z_i = (y_i - E(y_i \mid \theta)) / sd(y_i \mid \theta)`. The test quantities are those of
    a definition's residuals: ``mean``; ``sd`` (ddof 1); ``largest``, the largest absolute one;
    ``lag_1``, Pearson's correlation of residuals of neighbouring cohorts, all lines of the
    definition pooled. A line is a series x population x origin x field x printed years_since;
    several figures of one cohort (its middle) become their mean; neighbours are one after the other
    in the line, whatever the years between.

    Each is taken at each draw of the published figures and of those that the draw replicates:

    .. math:: p = P(T(y^{rep}, \theta) > T(y, \theta)) + P(T(y^{rep}, \theta) = T(y, \theta)) / 2,

    near 0 where the published figures have more of it than the model expects, near 1 where less.
    Residuals from the posterior mean would not do: it has been drawn to the figures but not to
    their replicates, and p would be near 1 under a right model.

    Parameters
    ----------
    fit
        A fit. Its tree has ``rate`` in posterior_predictive and fitted (chain, draw, row) and in
        observed_data (row).
    prob
        Probability of the replicates' interval.

    Returns
    -------
    pd.DataFrame
        Columns: definition (in the order of the study, "ALL" last), quantity, rows, observed
        (median over the draws), median, lower, upper (of the replicates), prob, kind ("eti"), p.
        NaN where fewer than three figures, or pairs of neighbours, make no quantity.

    Examples
    --------
    >>> from forecast.inference import fit
    >>> from forecast.study import load_study
    >>> table = predictive_checks(fit(load_study("demo"), "laplace", seed=1))
    >>> table["quantity"].tolist()[:4], bool(table["p"].between(0.01, 0.99).all())
    (['mean', 'sd', 'largest', 'lag_1'], True)
    """
    rows, (observed, replicated) = fit.evidence.rows, _rates(fit)
    mean, sd = predictive_moments(fit)
    residuals = ((observed - mean) / sd, (replicated - mean) / sd)
    tables = []
    for name in (*fit.study.stay.definitions, EVERYTHING):
        chosen = rows["definition"].isin([name]).to_numpy() | (name == EVERYTHING)
        if chosen.any():
            near = neighbours(rows[chosen])
            seen, copies = (quantities_of(z[:, chosen], near) for z in residuals)
            found = compared(seen, copies, prob)
            tables.append(found.assign(definition=name, rows=int(chosen.sum())))
    table = pd.concat(tables, ignore_index=True)
    order = ["definition", "quantity", "rows", "observed", "median", "lower", "upper"]
    return table[[*order, "prob", "kind", "p"]]


def predictive_moments(fit: Fit) -> tuple[Array, Array]:
    r"""Return mean and standard deviation of each published rate at each draw, (draw, row).

    With beta shapes a, b behind a row, p = a / (a + b) and r = 1 / (a + b + 1), the variance is
    p (1 - p) (r + (1 - r) / n), n the people of a census row and infinite for others.
    """
    rate = fit.tree["fitted"]["rate"].transpose("chain", "draw", "row").to_numpy()
    errors, posterior = error_model(fit.evidence, fit.study.stay.priors), fit.posterior
    counts, rates = errors.counts, errors.rates
    shapes = np.empty((2, *rate.shape))
    shapes[..., rates.row] = rate_shapes(rate[..., rates.row], posterior, rates)
    if len(counts.row):
        shapes[..., counts.row] = count_shapes(rate[..., counts.row], posterior, counts)
    n = np.full(rate.shape[-1], np.inf)
    n[counts.row] = counts.n
    size = shapes.sum(axis=0)
    p, together = shapes[0] / size, 1 / (size + 1)
    return _flat(p), _flat(np.sqrt(p * (1 - p) * (together + (1 - together) / n)))


def quantities_of(residuals: Array, near: Neighbours) -> Array:
    """Return the test quantities of residuals (draw, row): mean, sd, largest, lag_1, (draw, 4)."""
    draws, rows = residuals.shape
    out = np.full((draws, len(QUANTITIES)), np.nan)
    out[:, 0] = residuals.mean(axis=1)
    if rows >= FEWEST:
        out[:, 1] = residuals.std(axis=1, ddof=1)
    out[:, 2] = np.abs(residuals).max(axis=1)
    if len(near.first) >= FEWEST:
        places = (near.mean @ residuals.T).T
        out[:, 3] = _correlation(places[:, near.first], places[:, near.second])
    return out


def neighbours(rows: pd.DataFrame) -> Neighbours:
    """Return which rows of a table of evidence stand side by side along cohorts, line by line."""
    key = rows[[name for name in LINE if name in rows]].fillna({"years_since": UNPRINTED})
    line = key.groupby(list(key), dropna=False, sort=False).ngroup().to_numpy()
    places = pd.DataFrame({"line": line, "cohort": _middle(rows).to_numpy()})
    grouped = places.groupby(["line", "cohort"])
    place, size = grouped.ngroup().to_numpy(), grouped["line"].transform("size").to_numpy(float)
    line_of = grouped.size().index.get_level_values("line").to_numpy()
    first = np.flatnonzero(line_of[1:] == line_of[:-1])
    shape = (len(line_of), len(rows))
    mean = sparse.csr_matrix((1.0 / size, (place, np.arange(len(rows)))), shape=shape)
    return Neighbours(mean, first, first + 1)


def compared(observed: Array, copies: Array, prob: float) -> pd.DataFrame:
    """Return quantities of the figures against those of replicates, both (draw, quantity).

    Columns: quantity, observed, median, lower, upper, prob, kind, p (see ``predictive_checks``).

    Examples
    --------
    >>> copies = np.array([[1.0] * 4, [2.0] * 4, [3.0] * 4, [3.0] * 4])
    >>> observed = np.tile([0.0, 2.0, 3.0, np.nan], (4, 1))
    >>> compared(observed, copies, prob=0.9)["p"].tolist()
    [1.0, 0.625, 0.25, nan]
    """
    known = (np.isfinite(observed) & np.isfinite(copies)).all(axis=0)
    p = (copies > observed).mean(axis=0) + (copies == observed).mean(axis=0) / 2
    lower, median, upper = np.quantile(copies, [(1 - prob) / 2, 0.5, (1 + prob) / 2], axis=0)
    values = {"observed": np.median(observed, axis=0), "median": median}
    values |= {"lower": lower, "upper": upper, "p": p}
    shown = {name: np.where(known, of, np.nan) for name, of in values.items()}
    return pd.DataFrame({"quantity": QUANTITIES, **shown, "prob": prob, "kind": "eti"})


def residual_map(
    fit: Fit, seed: int = 1, by: Literal["origin", "field"] = "origin"
) -> pd.DataFrame:
    r"""Return mean residuals by cohort: where the model lies too high or too low.

    The residual of a figure is the normal score of its randomised PIT among the replicates,
    :math:`\Phi^{-1}(u_i)` (Dunn & Smyth 1996, doi 10.1080/10618600.1996.10474708), u at least half
    a draw away from 0 and 1. Above 0 the published figure is above the model. The mean of k
    independent residuals of a right model has a standard deviation of about one over root k, less
    where the figures have taught the model much. A window of cohorts counts once, at its middle
    (rounded down).

    Parameters
    ----------
    fit
        A fit, as of ``predictive_checks``.
    seed
        Of the PIT, which is random where replicates tie with the figure.
    by
        Origins, or fields.

    Returns
    -------
    pd.DataFrame
        Columns: definition, origin or field (as printed, ALL and groups among them), cohort, rows,
        residual (mean normal score).

    Examples
    --------
    >>> from forecast.inference import fit
    >>> from forecast.study import load_study
    >>> table = residual_map(fit(load_study("demo"), "laplace", seed=1))
    >>> list(table), int(table["rows"].sum())
    (['definition', 'origin', 'cohort', 'rows', 'residual'], 120)
    """
    rows, (observed, replicated) = fit.evidence.rows, _rates(fit)
    edge = 0.5 / len(replicated)
    uniform = pit(replicated, observed, np.random.default_rng([seed, 3]))
    scored = rows[["definition", by]].assign(
        cohort=np.floor(_middle(rows)).astype(int),
        residual=ndtri(np.clip(uniform, edge, 1 - edge)),
    )
    means = scored.groupby(["definition", by, "cohort"])["residual"]
    return means.agg(rows="size", residual="mean").reset_index()


def _rates(fit: Fit) -> tuple[Array, Array]:
    """Return the published rates (row,) and their replicates (draw, row)."""
    drawn = fit.tree["posterior_predictive"]["rate"].transpose("chain", "draw", "row").to_numpy()
    return fit.tree["observed_data"]["rate"].to_numpy(), _flat(drawn)


def _flat(values: Array) -> Array:
    """Return values of (chain, draw, row) as (draw, row)."""
    return values.reshape(-1, values.shape[-1])


def _middle(rows: pd.DataFrame) -> pd.Series:
    return (rows["cohort_start"] + rows["cohort_end"]) / 2


def _correlation(first: Array, second: Array) -> Array:
    """Return Pearson's correlation of each row of two arrays; NaN where one does not vary."""
    a, b = (of - of.mean(axis=1, keepdims=True) for of in (first, second))
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, np.full_like(scale, np.nan), where=scale > 0)
