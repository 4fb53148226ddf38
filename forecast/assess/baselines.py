"""Baselines: simple forecasts with intervals, from the evidence that the stay model has.

A row whose series x origin x field has no known row gets the same forecast from each baseline: the
pooled one of its series (``baseline_series.pooled``). Where a baseline has too little to go on it
gives the forecast of the last value. Each draws from the same random numbers, so what is the same
forecast has the same draws. Rows are drawn independently: what is forecast is each row by itself.
"""

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import expit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning
from statsmodels.tsa.statespace.structural import UnobservedComponents

from forecast.assess.as_of import Forecaster, Task
from forecast.assess.baseline_series import (
    NIL,
    Array,
    History,
    LogitNormal,
    Past,
    by_pool,
    inflated,
    past,
    pooled,
    sizes_or_mean,
    variance,
)

DRAWS = 1000
STREAM = 2  # of a seed: the stay model draws from others
LEAST_SLOPE = 3  # figures that a slope needs
LEAST_LEVEL = 6  # figures that two variances need
MOST_DISPERSED = 0.99  # a beta with all of p (1 - p) as its variance is 0 or 1
EDGE = 1e-6  # keeps the mean of a beta off 0 and 1


def last_value(task: Task, seed: int) -> np.ndarray:
    r"""Return draws of a random walk from the last known figure, (draw, row of coming).

    :math:`logit(p) \sim N(logit(y), s^2 \max(|h|, 1))` with y the known figure of the row's
    history that is nearest in cohort (the last one for all that lies ahead), h the years from it,
    and :math:`s^2` the mean of (logit step)^2 / years between neighbours: of the row's own
    history, or of the series, the definition, all, if it has fewer than five steps. A cohort that
    is known already is forecast as one step: another edition is another figure. Where no step is
    known, the sd is that of the pooled forecast.

    Examples
    --------
    >>> from forecast.assess.as_of import tasks
    >>> from forecast.study import load_study
    >>> task = tasks(load_study("demo"), [2018])[0]
    >>> last_value(task, seed=1).shape == (DRAWS, len(task.coming.rows))
    True
    """
    return _drawn(_last_value(past(task)), _rng(seed))


def pooled_mean(task: Task, seed: int) -> np.ndarray:
    """Return draws from the known rows of the same definition, (draw, row of coming).

    Normal on the logit scale: mean of the rows weighted by n, sd between rows, of the definition in
    the same population. A row whose series x origin x field has no known row takes the rows of its
    series alone.

    Examples
    --------
    >>> from forecast.assess.as_of import tasks
    >>> from forecast.study import load_study
    >>> task = tasks(load_study("demo"), [2018])[0]
    >>> pooled_mean(task, seed=1).shape == (DRAWS, len(task.coming.rows))
    True
    """
    known = past(task)
    forecast, wide = pooled(known, 0), pooled(known, 1)
    for _, rows in known.continued:
        forecast.mean[rows], forecast.sd[rows] = wide.mean[rows], wide.sd[rows]
    return _drawn(forecast, _rng(seed))


def trend(task: Task, seed: int) -> np.ndarray:
    r"""Return draws of a linear trend on the logit scale, (draw, row of coming).

    A binomial GLM of each history, :math:`logit(p) = a + b (c - \bar c)` with c the cohort; a
    alone with fewer than three figures. Weights are n (their mean where not printed, 1 where none
    is). The dispersion :math:`\phi` is Pearson's chi-square over its degrees of freedom
    (McCullagh & Nelder 1989, doi 10.1007/978-1-4899-3242-6), divided by the mean n; a history with
    fewer than five figures takes that of its series, its definition or all. (a, b) is drawn from
    its normal, the figure from a beta with mean p and variance :math:`\phi p (1 - p)`: a figure of
    as many people as the known ones. Where no dispersion is known, the last value is forecast.

    Examples
    --------
    >>> from forecast.assess.as_of import tasks
    >>> from forecast.study import load_study
    >>> task = tasks(load_study("demo"), [2018])[0]
    >>> trend(task, seed=1).shape == (DRAWS, len(task.coming.rows))
    True
    """
    known, rng = past(task), _rng(seed)
    forecast, dispersion = _trend(known)
    drawn = _drawn(forecast, rng)
    with_noise = np.isfinite(dispersion)
    phi = np.minimum(dispersion[with_noise], MOST_DISPERSED)
    mean = np.clip(drawn[:, with_noise], EDGE, 1.0 - EDGE)
    size = 1.0 / phi - 1.0
    drawn[:, with_noise] = rng.beta(mean * size, (1.0 - mean) * size)
    return drawn


def local_level(task: Task, seed: int) -> np.ndarray:
    r"""Return draws of a random walk seen with noise, (draw, row of coming).

    The yearly series of logits, :math:`y_t = m_t + e_t, m_{t+1} = m_t + w_t` with normal e and w,
    gaps as missing, variances by maximum likelihood (Durbin & Koopman 2012,
    doi 10.1093/acprof:oso/9780199641178.001.0001); windows of cohorts stand at their middle,
    rounded down. A row is normal around the smoothed level of its year, which for years ahead is
    the forecast, with the variance of that level plus that of e. A history of fewer than six
    years, or without any variance, gets the last value's forecast.

    Examples
    --------
    >>> from forecast.assess.as_of import tasks
    >>> from forecast.study import load_study
    >>> task = tasks(load_study("demo"), [2018])[0]
    >>> local_level(task, seed=1).shape == (DRAWS, len(task.coming.rows))
    True
    """
    known = past(task)
    forecast = _last_value(known)
    for history, rows in known.continued:
        year = np.floor(history.cohort).astype(int)
        if len(np.unique(year)) < LEAST_LEVEL:
            continue
        level = smoothed_level(year, history.logits, np.floor(known.cohort[rows]).astype(int))
        sound = level.sd > 0
        forecast.mean[rows[sound]] = level.mean[sound]
        forecast.sd[rows[sound]] = level.sd[sound]
    return _drawn(forecast, _rng(seed))


BASELINES: Mapping[str, Forecaster] = {
    "last value": last_value,
    "linear trend": trend,
    "local level": local_level,
    "pooled mean": pooled_mean,
}


class TrendFit(NamedTuple):
    """A fitted trend: coefficients at cohorts less ``centre``, lowest power first.

    ``covariance`` of the coefficients is in units of the dispersion; ``squares`` (figure,) have
    the dispersion as their mean: squared residuals over p (1 - p), of figures of mean n.
    """

    centre: float
    coefficients: Array
    covariance: Array
    squares: Array


def trend_fit(history: History) -> TrendFit:
    """Fit a binomial GLM to a history: a line in the cohort, a constant if figures are few.

    Examples
    --------
    >>> pools, cohort, n = ("all",), np.array([2000.0, 2001.0]), np.array([100.0, 300.0])
    >>> fit = trend_fit(History(pools, cohort, np.array([0.3, 0.7]), n))
    >>> round(float(expit(fit.coefficients[0])), 6)  # (30 + 210) / 400
    0.6
    """
    centre, n = float(history.cohort.mean()), sizes_or_mean(history.n)
    columns = 2 if len(history.cohort) >= LEAST_SLOPE else 1
    design = np.vander(history.cohort - centre, columns, increasing=True)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # figures that lie on the line, as a single one does, are no fault here, nor is a variance
        # over 0: the dispersion then comes from a pool
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        fit = GLM(history.rate, design, family=Binomial(), var_weights=n).fit()
    squares = inflated(np.asarray(fit.resid_pearson) ** 2 / n.mean(), columns)
    return TrendFit(
        centre, np.asarray(fit.params), np.asarray(fit.cov_params()) * n.mean(), squares
    )


def smoothed_level(year: np.ndarray, logits: Array, wanted: np.ndarray) -> LogitNormal:
    """Forecast figures of the years wanted (row,) by a local level model of those known (figure,).

    Years are whole numbers in any order; figures of one year count as their mean. A series that
    never moves has no variance to estimate: its sd is 0.

    Examples
    --------
    >>> year, logits = np.arange(2001, 2009), np.array([0.1, 0.4, 0.2, 0.5, 0.4, 0.7, 0.5, 0.8])
    >>> forecast = smoothed_level(year, logits, np.array([2009, 2013]))
    >>> bool(forecast.mean[0] == forecast.mean[1]), bool(forecast.sd[0] < forecast.sd[1])
    (True, True)
    """
    first, last = min(year.min(), wanted.min()), max(year.max(), wanted.max())
    count = np.bincount(year - first, minlength=last - first + 1)
    total = np.bincount(year - first, weights=logits, minlength=last - first + 1)
    series = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    moves = float(np.mean(np.diff(series[count > 0]) ** 2))
    if moves < NIL:
        return LogitNormal(np.full(len(wanted), logits.mean()), np.zeros(len(wanted)))
    model = UnobservedComponents(series, "local level", use_exact_diffuse=True)
    with warnings.catch_warnings():
        # the likelihood is flat where a variance is zero: the search ends there and says so
        warnings.simplefilter("ignore", ConvergenceWarning)
        # it may have two modes, all noise and all walk: the search starts near each
        starts = moves * np.array([[0.5, 0.01], [0.01, 1.0]])
        fits = [model.fit(start, disp=False, cov_type="none") for start in starts]
    fit = max(fits, key=lambda tried: tried.llf)
    at = wanted - first
    spread = fit.smoothed_state_cov[0, 0, at] + fit.params[0]  # of the level, of a figure
    return LogitNormal(fit.smoothed_state[0, at], np.sqrt(np.maximum(spread, 0.0)))


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, STREAM])


def _drawn(forecast: LogitNormal, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal((DRAWS, len(forecast.mean)))
    return np.asarray(expit(forecast.mean + forecast.sd * noise))


def _last_value(known: Past) -> LogitNormal:
    forecast = pooled(known, 0)
    steps = by_pool((line.pools, line.steps) for line in known.lines)
    for history, rows in known.continued:
        apart = np.abs(known.cohort[rows][:, None] - history.cohort[::-1])
        near = len(history.cohort) - 1 - np.argmin(apart, axis=1)  # the later one of two as near
        forecast.mean[rows] = history.logits[near]
        per_year = variance(history.steps, history.pools, steps)
        if np.isfinite(per_year):
            forecast.sd[rows] = np.sqrt(per_year * np.maximum(apart.min(axis=1), 1.0))
    return forecast


def _trend(known: Past) -> tuple[LogitNormal, Array]:
    """Return the forecast of the linear predictor, and the dispersion (NaN: the row has none)."""
    forecast = _last_value(known)
    dispersion = np.full(len(forecast.mean), np.nan)
    squares = by_pool((line.pools, trend_fit(line).squares) for line in known.lines)
    for history, rows in known.continued:
        fit = trend_fit(history)
        phi = variance(fit.squares, history.pools, squares)
        if not np.isfinite(phi):
            continue
        design = np.vander(known.cohort[rows] - fit.centre, len(fit.coefficients), increasing=True)
        forecast.mean[rows] = design @ fit.coefficients
        spread = np.einsum("ri,ij,rj->r", design, fit.covariance, design)
        forecast.sd[rows] = np.sqrt(phi * spread)
        dispersion[rows] = phi
    return forecast, dispersion
