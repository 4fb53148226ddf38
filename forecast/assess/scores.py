"""Scores of forecasts: how draws of a rate agree with the rate that was published.

Lower is better. Every forecaster is judged by its draws alone: one that knows its density in
closed form gains nothing by it, and one with few draws is not punished for their number.
"""

import numpy as np
import pandas as pd
from scipy import special

from forecast.errors import RunError

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

LEVELS = (50, 80, 95)  # percent, of the central intervals
BAND = 80  # whose ends are kept
HALF_STEP = 0.0005  # of rates printed to a tenth of a percentage point
LEAST_BANDWIDTH = 0.004  # logit scale: what a tenth of a percentage point is at a rate of one half


def scores(draws: Array, observed: Array, seed: int) -> pd.DataFrame:
    """Score the draws of one forecaster against the rates that came.

    Parameters
    ----------
    draws
        (draw, row of the targets), rates in [0, 1], two draws or more.
    observed
        (row,), the published rates, in [0, 1].
    seed
        Of the PIT, which is random where draws tie with the observed rate. The same seed gives all
        forecasters of a task the same random numbers.

    Returns
    -------
    pd.DataFrame
        A row for each target; columns: crps, wis (of the median and the three intervals here),
        interval_score_50, interval_score_80, interval_score_95, all in points of the rate (.01 is a
        percentage point); log_score (nats, logit scale); pit, [0, 1]; inside_50, inside_80,
        inside_95 (bool: the observed rate lies in the equal-tailed interval or on its ends); lower,
        upper (ends of the 80 % interval); median. Quantiles are interpolated linearly.

    Raises
    ------
    RunError
        If the shapes do not fit, there are fewer than two draws, or a rate is not in [0, 1].

    Examples
    --------
    >>> draws = np.random.default_rng(1).beta(70, 30, size=(1000, 2))
    >>> found = scores(draws, np.array([0.7, 0.9]), seed=1)
    >>> found[["inside_80", "pit"]].round(2).to_dict("list")
    {'inside_80': [True, False], 'pit': [0.48, 1.0]}
    """
    x, y = _rates(draws, observed)
    level = np.array(LEVELS)
    alpha = (100 - level) / 100
    median = np.median(x, axis=0)
    lower, upper = np.quantile(x, np.stack([100 - level, 100 + level]) / 200, axis=0)
    each = interval_score(y, lower, upper, alpha[:, None])
    inside = (lower <= y) & (y <= upper)
    band = LEVELS.index(BAND)
    columns = {
        "crps": crps(x, y),
        "wis": weighted_interval_score(y, median, lower, upper, alpha),
        **{f"interval_score_{one}": of for one, of in zip(LEVELS, each, strict=True)},
        "log_score": log_score(x, y),
        "pit": pit(x, y, np.random.default_rng(seed)),
        **{f"inside_{one}": of for one, of in zip(LEVELS, inside, strict=True)},
        "lower": lower[band],
        "upper": upper[band],
        "median": median,
    }
    return pd.DataFrame(columns)


def crps(draws: Array, observed: Array) -> Array:
    r"""Return the continuous ranked probability score, the fair version for draws.

    .. math::
        \frac{1}{m} \sum_i |x_i - y| - \frac{1}{2 m (m - 1)} \sum_{i, j} |x_i - x_j|.

    With m - 1 in place of m its expectation does not depend on the number m of draws, if they are
    independent. It is computed from the sorted draws as an integral over the gaps between them and
    the observed value, with k draws on the far side of a gap weighing k (k - 1) / (m (m - 1)); no
    term is negative, so neither is the score, and nothing cancels.

    ``draws`` (draw, row) with two draws or more and ``observed`` (row,) have any one unit; so has
    the score, (row,).

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, doi
    10.1198/016214506000001437. Ferro (2014), Fair scores for ensemble forecasts, doi
    10.1002/qj.2270.

    Examples
    --------
    >>> crps(np.array([[1.0], [3.0]]), np.array([4.0]))  # (3 + 1) / 2 - 4 / 4
    array([1.])
    """
    x, m = np.sort(draws, axis=0), len(draws)
    far = np.arange(1, m + 1)
    weight = far * (far - 1) / (m * (m - 1))
    below = np.diff(np.minimum(x, observed), axis=0, append=observed[None])
    above = np.diff(np.maximum(x, observed), axis=0, prepend=observed[None])
    # einsum: the bytes of a product by BLAS depend on its number of threads
    return np.einsum("d,dr->r", weight, below) + np.einsum("d,dr->r", weight[::-1], above)


def interval_score(observed: Array, lower: Array, upper: Array, alpha: float | Array) -> Array:
    r"""Return the interval score of central 1 - alpha intervals.

    .. math:: (u - l) + \frac{2}{\alpha} (l - y)_+ + \frac{2}{\alpha} (y - u)_+,

    the width and a penalty for what lies outside, in the unit of the values. All arguments
    broadcast against each other.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, doi
    10.1198/016214506000001437.

    Examples
    --------
    >>> float(interval_score(0.9, 0.6, 0.8, alpha=0.2).round(6))  # 0.2 + 10 * 0.1
    1.2
    """
    excess = np.maximum(lower - observed, 0) + np.maximum(observed - upper, 0)
    return upper - lower + 2 / alpha * excess


def weighted_interval_score(
    observed: Array, median: Array, lower: Array, upper: Array, alpha: Array
) -> Array:
    r"""Return the weighted interval score of the median and K central intervals.

    .. math::
        \frac{1}{K + 1/2} \Big( \frac{1}{2} |y - m| + \sum_{k=1}^K \frac{\alpha_k}{2} IS_k \Big),

    with the interval scores :math:`IS_k`: the mean absolute error where K is 0, close to the CRPS
    where the intervals are many and their levels evenly spaced.

    ``observed`` and ``median`` (row,), ``lower`` and ``upper`` (interval, row), ``alpha``
    (interval,), 1 - the probability of each; the score, (row,), has the unit of the values.

    References
    ----------
    Bracher, Ray, Gneiting & Reich (2021), Evaluating epidemic forecasts in an interval format, doi
    10.1371/journal.pcbi.1008618.

    Examples
    --------
    >>> one, interval = np.array([1.0]), (np.array([[0.0]]), np.array([[2.0]]))
    >>> weighted_interval_score(one, np.array([-5.0]), *interval, np.array([0.2])).round(4)
    array([2.1333])
    """
    each = interval_score(observed, lower, upper, alpha[:, None])
    weighted = np.abs(observed - median) / 2 + (alpha[:, None] / 2 * each).sum(axis=0)
    return weighted / (len(alpha) + 0.5)


def log_score(draws: Array, observed: Array) -> Array:
    r"""Return the negative log predictive density on the logit scale.

    .. math::
        -\log \frac{1}{m h} \sum_i \phi\Big(\frac{\mathrm{logit}\,y - \mathrm{logit}\,x_i}{h}\Big),
        \qquad h = 0.9 \min(s, \mathrm{IQR} / 1.34)\, m^{-1/5},

    with Silverman's bandwidth h (s alone where half of the draws are the same), at least .004.
    Rates closer to 0 or 1 than .0005, half a step of what is printed to a tenth of a percentage
    point, are moved to .0005 or .9995, draws and observed alike. All forecasters are treated in
    this one way. An observed rate beyond all draws is judged by the tail of the kernel: the score
    then grows with the square of the distance, so a few targets can rule a mean.

    ``draws`` (draw, row) and ``observed`` (row,) in [0, 1]; the score, (row,), in nats.

    References
    ----------
    Silverman (1986), Density estimation for statistics and data analysis, section 3.4, doi
    10.1201/9781315140919. Krueger, Lerch, Thorarinsdottir & Gneiting (2021), Predictive inference
    based on Markov chain Monte Carlo output, doi 10.1111/insr.12405.

    Examples
    --------
    >>> draws = special.expit(np.random.default_rng(1).normal(size=(4000, 1)))
    >>> log_score(draws, np.array([0.5])).round(1)  # log(2 pi) / 2 = .92
    array([0.9])
    """
    x, y = (special.logit(np.clip(of, HALF_STEP, 1 - HALF_STEP)) for of in (draws, observed))
    width = _bandwidth(x)
    kernel = -(((y - x) / width) ** 2) / 2
    return np.log(len(x) * width * np.sqrt(2 * np.pi)) - special.logsumexp(kernel, axis=0)


def pit(draws: Array, observed: Array, rng: np.random.Generator) -> Array:
    r"""Return the probability integral transform, randomised where draws tie with the observed.

    .. math:: \frac{\#\{x_i < y\} + U\, \#\{x_i = y\}}{m}, \qquad U \sim \mathrm{Uniform}(0, 1).

    Uniform if the observed values come from the forecasts. One random number is drawn for each
    row, tied or not. ``draws`` (draw, row), ``observed`` (row,); the result, (row,), in [0, 1].

    References
    ----------
    Czado, Gneiting & Held (2009), Predictive model assessment for count data, doi
    10.1111/j.1541-0420.2009.01191.x.

    Examples
    --------
    >>> draws = np.array([[0.1], [0.2], [0.3], [0.4]])
    >>> pit(draws, np.array([0.25]), np.random.default_rng(1))
    array([0.5])
    """
    below, tied = (draws < observed).mean(axis=0), (draws == observed).mean(axis=0)
    return np.asarray(below + rng.random(len(observed)) * tied)


def _bandwidth(values: Array) -> Array:
    """Return Silverman's bandwidth of each column."""
    spread = values.std(axis=0, ddof=1)
    quartiles = np.quantile(values, [0.25, 0.75], axis=0)
    within = (quartiles[1] - quartiles[0]) / 1.34
    narrow = np.where(within > 0, np.minimum(spread, within), spread)
    return np.maximum(0.9 * narrow * len(values) ** -0.2, LEAST_BANDWIDTH)


def _rates(draws: Array, observed: Array) -> tuple[Array, Array]:
    """Return draws and observed rates as arrays of numbers; refuse what cannot be scored."""
    x, y = np.asarray(draws, dtype=float), np.asarray(observed, dtype=float)
    if x.ndim != 2 or y.shape != x.shape[1:] or len(x) < 2:  # noqa: PLR2004, two draws have a spread
        rule = "draws are (draw, row), two draws or more, with one observed rate a row"
        raise RunError(f"{rule}; got {x.shape} for {y.shape}. Give such arrays.")
    for name, values in (("draws", x), ("observed rates", y)):
        wrong = values[~((values >= 0) & (values <= 1))]
        if wrong.size:
            raise RunError(f"{name} lie in [0, 1]; got {wrong[0]:g}. Mend the forecaster or table.")
    return x, y
