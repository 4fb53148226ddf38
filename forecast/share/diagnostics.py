"""Monte Carlo checks: did the population settle, did it move, how exact is a probability."""

import numpy as np
from arviz_stats.base.array import array_stats

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def population_rhat(populations: Array) -> Array:
    """Return the rank-normalised R-hat of each column, populations in the place of chains.

    ``populations`` (snapshot, D, column) at different steps differ by chance alone once they have
    settled. R-hat says nothing about moving: a frozen population has an R-hat of one, so read
    ``memory_of`` too.

    References
    ----------
    Vehtari et al. (2021), Rank-normalization, folding, and localization, doi 10.1214/20-BA1221.

    Examples
    --------
    >>> still = np.random.default_rng(1).standard_normal((4, 500, 1))
    >>> bool(
    ...     population_rhat(still)[0] < 1.01 < population_rhat(still + np.arange(4)[:, None, None])
    ... )
    True
    """
    rhat = array_stats.rhat(populations, chain_axis=0, draw_axis=1)
    return np.asarray(rhat, dtype=float)


def memory_of(early: Array, late: Array) -> Array:
    """Return the correlation of each column between two populations (D, column).

    One if the chains never moved. Once they have forgotten where they were, what remains is the
    part of the variance that their targets explain: a stay draw may teach a parameter.

    Examples
    --------
    >>> early = np.array([[1.0], [2.0], [4.0]])
    >>> memory_of(early, early).round(12).tolist()
    [1.0]
    """
    first, last = early - early.mean(0), late - late.mean(0)
    return np.asarray((first * last).mean(0) / (first.std(0) * last.std(0)))


def indicator_mcse(below: np.ndarray) -> float:
    """Return the Monte Carlo standard error of the mean of an indicator (chain, draw).

    If the indicator is constant, the standard deviation of the Jeffreys posterior Beta(k + 1/2,
    S - k + 1/2) for k of S draws stands for it: zero of 4,000 draws is no certainty.

    Examples
    --------
    >>> round(indicator_mcse(np.zeros((4, 1000), dtype=bool)), 6)
    0.000177
    """
    size, hits = below.size, int(below.sum())
    if 0 < hits < size:
        values = below.astype(float)
        return float(array_stats.mcse(values, chain_axis=0, draw_axis=1))
    a, b = hits + 0.5, size - hits + 0.5
    return float(np.sqrt(a * b / ((a + b) ** 2 * (a + b + 1))))
