"""Steps of several series that move together: normal numbers with the correlation of the past."""

import numpy as np
from scipy import stats

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def correlations(changes: Array, draws: int, rng: np.random.Generator) -> Array:
    r"""Draw the correlation matrix of yearly changes from its posterior, (draws, G, G).

    Changes of unit size are taken as normal with covariance :math:`\Sigma`, a priori inverse
    Wishart with G + 1 degrees of freedom and identity scale, under which each correlation is
    uniform. A draw of :math:`\Sigma` is scaled to ones on its diagonal.

    Parameters
    ----------
    changes
        Changes of each series, (T, G).
    draws
        How many.
    rng
        The random numbers.

    References
    ----------
    Barnard, McCulloch & Meng (2000), Modeling covariance matrices in terms of standard deviations
    and correlations, jstor.org/stable/24306780.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> common = rng.standard_normal(400)
    >>> drawn = correlations(np.column_stack([common, common]), 100, rng)
    >>> drawn.shape, bool(drawn[:, 0, 1].min() > 0.98)
    ((100, 2, 2), True)
    """
    size = np.sqrt((changes**2).sum(axis=0) / max(len(changes), 1))
    unit = changes / np.where(size > 0, size, 1.0)
    years, groups = unit.shape
    if groups == 1:
        return np.ones((draws, 1, 1))
    scale = np.eye(groups) + unit.T @ unit
    drawn = stats.invwishart.rvs(groups + 1 + years, scale, size=draws, random_state=rng)
    spread = np.sqrt(np.diagonal(drawn.reshape(draws, groups, groups), axis1=1, axis2=2))
    return np.asarray(drawn / (spread[:, :, None] * spread[:, None, :]))


def moving_together(changes: Array, ahead: int, draws: int, rng: np.random.Generator) -> Array:
    """Draw standard normal steps of each series, correlated as in the past, (G, ahead, draws).

    Near years do not depend on how many follow.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> moving_together(rng.standard_normal((20, 3)), 5, 10, rng).shape
    (3, 5, 10)
    """
    lower = np.linalg.cholesky(correlations(changes, draws, rng))
    free = rng.standard_normal((ahead, draws, changes.shape[1]))
    return np.asarray(np.moveaxis(np.einsum("dgh,tdh->tdg", lower, free), -1, 0))
