"""Worth of a fact: how much narrower the answer would be if the fact were known."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from arviz_stats.base.array import array_stats
from scipy import stats
from scipy.interpolate import CubicSpline

from forecast.errors import RunError

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

KNOTS = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0)  # quantiles of a fact
TAILS = (0.05, 0.95)  # of a 90 % equal-tailed interval
SLICES = 10  # of the draws by the value of a fact
LEAST = 200  # draws: 20 a slice
ROUNDING = 1e-10  # of the largest answer: a smaller spread is rounding


def narrowing(answer: Array, facts: Mapping[str, Array]) -> pd.DataFrame:
    r"""Return how much knowing each fact alone would narrow the answer, on average.

    ``answer`` and each fact: draws of the joint posterior (D,), in the order of the chains. Facts
    may depend on each other; what they share counts for each of them. Columns: fact, share, se,
    width_now, width_known; largest share first.

    share is the correlation ratio,

    .. math:: \eta^2 = Var(E[y \mid x]) / Var(y) = 1 - E[Var(y \mid x)] / Var(y),

    with a natural cubic spline on the normal scores of x's ranks for :math:`E[y \mid x]`. With
    residual e and leverage h of a draw, :math:`E[Var(y \mid x)]` is the mean of
    :math:`(y - \bar y) e / (1 - h)`: a draw times its error when it is left out, which is not
    biased by the number of knots or by a spread that varies with x. So a fact of no worth has a
    share of zero on average, at times a little below. se is the Monte Carlo standard error; it
    does not know what nine knots are too few for, such as several waves of :math:`E[y \mid x]`.

    width_now is the width of the 90 % equal-tailed interval of the answer; width_known is its mean
    width at a known x: that of the residuals in ten slices of x, averaged.

    Raises
    ------
    RunError
        If the answer does not vary, there are too few draws, or a fact has not the same draws.

    References
    ----------
    Plischke, Borgonovo & Smith (2013), Global sensitivity measures from given data, doi
    10.1016/j.ejor.2012.11.047. Kline, Saggio & Sølvsten (2020), Leave-out estimation of variance
    components, doi 10.3982/ECTA16410.

    Examples
    --------
    >>> exits, noise, other = np.random.default_rng(1).standard_normal((3, 4000))
    >>> worth = narrowing(0.6 * exits + 0.8 * noise, {"other": other, "exits": exits})
    >>> worth["fact"].to_list(), worth["share"].round(1).abs().to_list()
    (['exits', 'other'], [0.4, 0.0])
    """
    answer = np.asarray(answer, dtype=float)
    values = {name: np.asarray(fact, dtype=float) for name, fact in facts.items()}
    _check(answer, values)
    lower, upper = np.quantile(answer, TAILS)
    rows = []
    for name, fact in values.items():
        share, se, width = _known(answer - answer.mean(), fact)
        rows.append((name, share, se, upper - lower, width))
    columns = ["fact", "share", "se", "width_now", "width_known"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def _known(centred: Array, fact: Array) -> tuple[float, float, float]:
    """Return share, its standard error and the width with the fact known."""
    basis, _ = np.linalg.qr(_splines(fact))
    draws, size = basis.shape
    left = np.maximum(1 - (basis**2).sum(1), 1 / draws)  # zero for a draw with its own knot
    residuals = centred - basis @ (basis.T @ centred)
    variance = centred.var()
    share = 1 - float(np.mean(centred * residuals / left) / centred.var(ddof=1))
    influence = ((1 - share) * centred**2 - residuals**2) / variance
    error = float(array_stats.mcse(influence[None], chain_axis=0, draw_axis=1))
    # the noise of the fit: all of the error at a share of zero, and twice in ``error``
    of_fit = 2 * (size - 1) * (1 - share) ** 2 / draws**2
    se = float(np.sqrt(max(error**2 - 2 * of_fit, 0.0) + of_fit))
    return share, se, _width(residuals / np.sqrt(left), fact)


def _splines(fact: Array) -> Array:
    """Return natural cubic splines of a fact's normal scores (D, knot), one at its own knot.

    A fact of two values has two knots and each value its own mean; a constant one has one.
    """
    scores = stats.norm.ppf((stats.rankdata(fact) - 0.5) / len(fact))
    knots = np.unique(np.quantile(scores, KNOTS, method="nearest"))
    if len(knots) == 1:
        return np.ones((len(fact), 1))
    splines = CubicSpline(knots, np.eye(len(knots)), bc_type="natural")
    return np.asarray(splines(scores))


def _width(residuals: Array, fact: Array) -> float:
    """Return the mean width of the central 90 % of the residuals in slices of the fact.

    A slice has few draws, whose plain quantiles lie too far in on average.
    """
    slices = np.array_split(residuals[np.argsort(fact, kind="stable")], SLICES)
    ends = [np.quantile(part, TAILS, method="normal_unbiased") for part in slices]
    return float(np.diff(ends, axis=1).mean())


def _check(answer: Array, facts: Mapping[str, Array]) -> None:
    if len(answer) < LEAST:
        got = len(answer)
        raise RunError(f"the worth of a fact needs at least {LEAST} draws; got {got}. Take more.")
    for name, values in {"the answer": answer, **facts}.items():
        if values.shape != answer.shape:
            rule = "a fact has one value for each draw of the answer"
            raise RunError(f"{rule}; got {name} of shape {values.shape}. Take the same draws.")
        if not np.isfinite(values).all():
            rule = "answer and facts are finite numbers"
            raise RunError(f"{rule}; got {name} with NaN or infinity. Leave it out.")
    if np.ptp(answer) <= ROUNDING * np.abs(answer).max():
        rule = "a fact narrows an answer that varies"
        raise RunError(f"{rule}; got {answer[0]:g} for each draw. Ask for one that is not fixed.")
