"""Sobol indices: the parts of an answer's variance that blocks of the posterior bring."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.errors import RunError

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Picks = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
type Answer = Callable[[Mapping[str, np.ndarray]], np.ndarray]

REPLICATIONS = 8  # see tests/test_share_sobol.py: what is left is the error of the draws
LEAST = 100  # draws
INDEPENDENT, JOINT = 0, 1  # places of the two variances in ``moments``
ROUNDING = 1e-10  # of the largest answer: a smaller spread is rounding


@dataclass(frozen=True)
class VarianceShares:
    """Sobol indices of an answer for K blocks of the posterior, with standard errors.

    ``names``: the blocks; ``first``, ``total`` and their errors (K,): parts of ``variance``, that
    of the answer with blocks drawn independently of each other; ``joint_variance``: that of the
    answer in the posterior, each block from the same draw; ``covariance`` (2, 2 + 2K, 2 + 2K) of
    the estimates of ``moments``: what comes from the draws, and what from the picks among them.
    """

    names: tuple[str, ...]
    first: Array
    first_se: Array
    total: Array
    total_se: Array
    variance: float
    joint_variance: float
    covariance: Array

    @property
    def moments(self) -> Array:
        """Return variance, joint variance, first-order and total parts (2 + 2K)."""
        both = [self.variance, self.joint_variance]
        return np.concatenate([both, self.first * self.variance, self.total * self.variance])

    @property
    def interactions(self) -> float:
        """Return the part of ``variance`` that no block brings alone."""
        return float(1 - self.first.sum())

    @property
    def interactions_se(self) -> float:
        """Return the standard error of ``interactions``."""
        contrasts = _contrasts(len(self.names))
        return float(_ratios(contrasts, self.moments, self.covariance, INDEPENDENT)[1][-2])

    @property
    def dependence(self) -> float:
        """Return ``joint_variance`` less ``variance``: below zero if blocks offset each other."""
        return self.joint_variance - self.variance

    @property
    def dependence_se(self) -> float:
        """Return the standard error of ``dependence``."""
        return float(_errors(_contrasts(len(self.names)), self.covariance)[-1])


def variance_shares(
    answer: Answer, blocks: Sequence[str], draws: int, seed: int, replications: int = REPLICATIONS
) -> VarianceShares:
    r"""Return first-order and total Sobol indices of an answer for blocks of posterior draws.

    ``answer`` takes, for each block, which of the draws 0 to D - 1 each row uses (n,), and gives
    the answer of each row (n,), the same for the same picks: noise of its own is a block too. Row
    by row a and b are two answers whose blocks all come from different draws, :math:`a_k` is a
    with block k from b, and :math:`b_k` is b with block k from a. Then

    .. math::
        V &= \tfrac12 E (a - b)^2 = \tfrac12 E (a_k - b_k)^2, \\
        S_k V &= \tfrac12 E (a - a_k)(b_k - b), \\
        T_k V &= \tfrac14 E [(a - a_k)^2 + (b - b_k)^2].

    T is Jansen's estimator. S is that of Saltelli et al., E b (a_k - a), averaged over the
    exchange of block k between a and b (Azzini et al.): a constant drops out, a block that does
    nothing has exactly zero, and without interactions S = T in each row. V is the mean over all
    such pairs.

    The posterior draws are a sample themselves, so more picks among them help only so far. The
    error is that of a U-statistic known by some of its terms: the variance of what each draw
    moves (its first-order projection, free of the noise of the picks, summed over batches of about
    :math:`D^{1/3}` neighbours because draws of a chain resemble each other), and the variance of
    the picks between replications. ``replications`` times 2K + 2 calls of the answer, and one.

    Raises
    ------
    RunError
        If the answer does not vary or is not finite, a block is named twice, or there are too few
        draws or replications.

    References
    ----------
    Saltelli et al. (2010), Variance based sensitivity analysis of model output, doi
    10.1016/j.cpc.2009.09.018. Jansen (1999), Analysis of variance designs for model output, doi
    10.1016/S0010-4655(98)00154-4. Azzini, Mara & Rosati (2021), Comparison of two sets of Monte
    Carlo estimators of Sobol' indices, doi 10.1016/j.envsoft.2021.105167. Flegal & Jones (2010),
    Batch means and spectral variance estimators, doi 10.1214/09-AOS735.

    Examples
    --------
    >>> rates, counts = np.random.default_rng(1).standard_normal((2, 1000))
    >>> shares = variance_shares(
    ...     lambda pick: 2 * rates[pick["rates"]] + counts[pick["counts"]],
    ...     ["rates", "counts"],
    ...     draws=1000,
    ...     seed=1,
    ... )
    >>> bool((abs(shares.first - [0.8, 0.2]) < 4 * shares.first_se).all())
    True
    """
    _check(blocks, draws, replications)
    order = sorted(blocks)  # the order of the names is no part of the answer
    joint = _asked(answer, dict.fromkeys(order, np.arange(draws)))
    terms, moved = [], []
    for rng in np.random.default_rng(seed).spawn(replications):
        picks = _picks(len(order), draws, rng)
        rows = _rows(answer, order, picks)
        terms.append(rows.mean(0))
        moved.append(_batches(_moved(rows - rows.mean(0), picks)))
    moments, covariance = _estimates(joint, np.array(terms), np.array(moved))
    where = np.array([order.index(name) for name in blocks])
    kept = np.r_[INDEPENDENT, JOINT, 2 + where, 2 + len(order) + where]
    return _shares(tuple(blocks), moments[kept], covariance[:, kept][:, :, kept])


def table(shares: VarianceShares) -> pd.DataFrame:
    r"""Return the parts of the posterior variance: blocks, interactions and dependence.

    Columns: component, first, first_se, total, total_se. All are divided by ``joint_variance``, so
    that ``first`` adds up to one: :math:`\sum_k S_k V + (V - \sum_k S_k V) + (V_J - V) = V_J`.
    The row "dependence" is what the blocks' dependence in the posterior adds, or takes if it is
    negative; for an answer that is a sum over blocks it is twice the sum of their covariances, the
    correlative part of Li et al. Interactions and dependence have no total (NaN).

    References
    ----------
    Li et al. (2010), Global sensitivity analysis for systems with independent and/or correlated
    inputs, doi 10.1021/jp9096919.

    Examples
    --------
    >>> x = np.random.default_rng(1).standard_normal(1000)
    >>> shares = variance_shares(lambda pick: x[pick["a"]] + x[pick["b"]], ["a", "b"], 1000, seed=1)
    >>> parts = table(shares).set_index("component")["first"]
    >>> parts.index.to_list(), float(round(parts.sum(), 12))
    (['a', 'b', 'interactions', 'dependence'], 1.0)
    >>> bool(abs(parts["dependence"] - 0.5) < 0.05)
    True
    """
    size = len(shares.names)
    parts, errors = _ratios(_contrasts(size), shares.moments, shares.covariance, JOINT)
    first, total = np.r_[:size, -2:0], slice(size, 2 * size)
    missing = np.full(2, np.nan)
    columns = {
        "component": [*shares.names, "interactions", "dependence"],
        "first": parts[first],
        "first_se": errors[first],
        "total": np.append(parts[total], missing),
        "total_se": np.append(errors[total], missing),
    }
    return pd.DataFrame(columns)


def _check(blocks: Sequence[str], draws: int, replications: int) -> None:
    if len(set(blocks)) != len(blocks) or not blocks:
        got = ", ".join(blocks) or "none"
        raise RunError(f"blocks are one or more different names; got {got}. Name each once.")
    least = max(LEAST, 2 * len(blocks))
    if draws < least:
        raise RunError(f"variance shares need at least {least} draws; got {draws}. Take more.")
    if replications <= 1:
        raise RunError(f"an error needs 2 replications or more; got {replications}. Take more.")


def _asked(answer: Answer, pick: Mapping[str, np.ndarray]) -> Array:
    """Return the answers of some picks, finite and different from each other."""
    values = np.asarray(answer(pick), dtype=float)
    wrong = ~np.isfinite(values)
    if wrong.any():
        got = f"{values[wrong][0]} in {wrong.sum()} of {len(values)}"
        raise RunError(f"an answer is a finite number for each draw; got {got}. Ask for another.")
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        rule = "variance shares need an answer that varies"
        raise RunError(f"{rule}; got {values[0]:g} for each draw. Ask for one that is not fixed.")
    return values


def _picks(size: int, draws: int, rng: np.random.Generator) -> Picks:
    """Return which draw each row takes for each block, (a or b, block, row).

    One permutation, shifted by a different number for each of the 2K: each uses all draws, and no
    row uses a draw twice, so a row is a draw of the product of the blocks' marginals.
    """
    shifts = rng.choice(draws, 2 * size, replace=False)
    order = rng.permutation(draws)
    return np.array([np.roll(order, shift) for shift in shifts]).reshape(2, size, draws)


def _rows(answer: Answer, blocks: Sequence[str], picks: Picks) -> Array:
    """Return the terms of V, S_k V and T_k V of each row (D, 1 + 2K)."""
    of_a, of_b = (dict(zip(blocks, half, strict=True)) for half in picks)
    a, b = _asked(answer, of_a), _asked(answer, of_b)
    a_with = np.array([_asked(answer, of_a | {name: of_b[name]}) for name in blocks])
    b_with = np.array([_asked(answer, of_b | {name: of_a[name]}) for name in blocks])
    variance = ((a - b) ** 2 + ((a_with - b_with) ** 2).sum(0)) / (2 * len(blocks) + 2)
    first = (a - a_with) * (b_with - b) / 2
    total = ((a - a_with) ** 2 + (b - b_with) ** 2) / 4
    return np.vstack([variance, first, total]).T


def _moved(rows: Array, picks: Picks) -> Array:
    """Return the sum of the rows that each draw is in (D, column)."""
    moved = np.zeros_like(rows)
    for pick in picks.reshape(-1, len(rows)):
        moved[pick] += rows  # a permutation names each draw once
    return moved


def _batches(moved: Array) -> Array:
    """Return sums over batches of about D^(1/3) neighbours (batch, column)."""
    starts = np.arange(0, len(moved), round(len(moved) ** (1 / 3)))
    return np.add.reduceat(moved, starts, axis=0)


def _estimates(joint: Array, terms: Array, moved: Array) -> tuple[Array, Array]:
    """Return the moments and the two parts of their covariance.

    ``joint``: answers of the posterior (D,); ``terms`` (replication, column): means over rows;
    ``moved`` (replication, batch, column): what the draws of a batch move, noise included. What
    ``moved`` varies between replications is noise of the picks, and is taken off its square.
    """
    draws, replications = len(joint), len(terms)
    squares = (joint - joint.mean()) ** 2 * draws / (draws - 1)
    by_joint = _batches((squares - squares.mean())[:, None])[:, 0]
    terms = np.insert(terms, JOINT, squares.mean(), axis=1)
    moved = np.insert(moved, JOINT, by_joint, axis=2)
    mean, batches = moved.mean(0), moved.shape[1]
    noise = moved - mean
    squared_noise = np.einsum("rgi,rgj->ij", noise, noise) / (replications * (replications - 1))
    of_draws = (mean.T @ mean - squared_noise) * batches / (batches - 1) / draws**2
    of_picks = np.cov(terms.T) / replications
    return terms.mean(0), np.array([of_draws, of_picks])


def _shares(names: tuple[str, ...], moments: Array, covariance: Array) -> VarianceShares:
    size = len(names)
    parts, errors = _ratios(_contrasts(size), moments, covariance, INDEPENDENT)
    return VarianceShares(
        names=names,
        first=parts[:size],
        first_se=errors[:size],
        total=parts[size : 2 * size],
        total_se=errors[size : 2 * size],
        variance=float(moments[INDEPENDENT]),
        joint_variance=float(moments[JOINT]),
        covariance=covariance,
    )


def _contrasts(size: int) -> Array:
    """Return first-order parts, total parts, interactions and dependence as sums of moments."""
    independent, joint, *parts = np.eye(2 + 2 * size)
    return np.vstack([*parts, independent - sum(parts[:size]), joint - independent])


def _ratios(contrasts: Array, moments: Array, covariance: Array, base: int) -> tuple[Array, Array]:
    """Return sums of moments over the moment ``base``, and their errors by the delta method."""
    ratios = contrasts @ moments / moments[base]
    slopes = (contrasts - np.outer(ratios, np.eye(len(moments))[base])) / moments[base]
    return ratios, _errors(slopes, covariance)


def _errors(contrasts: Array, covariance: Array) -> Array:
    """Return the standard errors of sums of moments; the part of the draws is not below zero."""
    of_draws, of_picks = np.einsum("ci,sij,cj->sc", contrasts, covariance, contrasts)
    return np.sqrt(np.maximum(of_draws, 0.0) + np.maximum(of_picks, 0.0))
