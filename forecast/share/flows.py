"""The kernels of stock and flow: pure functions of arrays, the draw first.

Shapes: D draws, T years, C cells (an origin and a field, or all domestic doctorates), G groups.
"""

import numpy as np

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def shift_odds(rate: Array, odds_ratio: Array) -> Array:
    r"""Multiply the odds of rates, :math:`p k / (1 - p + p k)`: logits move by :math:`\log k`.

    ``rate`` and ``odds_ratio`` broadcast. A rate of 0 or 1 stays what it is, so the domestic cell,
    whose rate is 1, is not moved.

    Examples
    --------
    >>> shift_odds(np.array([0.5, 1.0]), np.array(3.0)).tolist()
    [0.75, 1.0]
    """
    odds = rate * odds_ratio
    return odds / (1.0 - rate + odds)


def flow_weights(stayers: Array, factor: Array, member: Array) -> Array:
    r"""Weigh the entrants of groups, :math:`F_{gt} = m_{gt} \sum_{c \in g} n_{ct}`.

    Parameters
    ----------
    stayers
        Graduates who stay, times the weight of their field, (D, T, C), persons.
    factor
        Selection times (1 + direct arrivals), (D, T, G) or broadcast to it.
    member
        1 where a cell belongs to a group, (C, G).

    Returns
    -------
    Array
        (D, T, G), persons on the scale of a domestic graduate.

    Examples
    --------
    >>> flow_weights(np.ones((1, 1, 3)), np.full((1, 1, 2), 2.0), np.eye(3, 2)).tolist()
    [[[2.0, 2.0]]]
    """
    return np.asarray((stayers @ member) * factor)


def entrants(weights: Array, first_total: Array, turnover: Array, growth: Array) -> Array:
    r"""Turn flow weights into entrants, in units of the whole stock at the start.

    :math:`E_{gt} = \tau (1 + r)^{t - t_1} F_{gt} / F_{\cdot t_1}` with :math:`t_1` the first year
    of ``weights``.

    Parameters
    ----------
    weights
        Flow weights, (D, T, G), persons.
    first_total
        Flow weight of all groups in the first year, (D,), persons.
    turnover, growth
        Entrants of the first year as a part of the stock, and yearly growth above that of the
        doctorates, (D,).

    Examples
    --------
    >>> half = np.array([0.5])
    >>> entrants(np.ones((1, 2, 2)), np.array([2.0]), half, half).tolist()
    [[[0.25, 0.25], [0.375, 0.375]]]
    """
    year = np.arange(weights.shape[1])
    scale = (turnover / first_total)[:, None] * np.maximum(1.0 + growth, 0.0)[:, None] ** year
    return weights * scale[:, :, None]


def stocks(start: Array, arriving: Array, leaving: Array) -> Array:
    r"""Carry stocks forward, :math:`S_{g,t+1} = S_{gt} (1 - x_{g,t+1}) + E_{g,t+1}`.

    Parameters
    ----------
    start
        Stock of each group at the start, (D, G), all groups summing to one.
    arriving
        Entrants, (D, T, G).
    leaving
        Part of the stock that leaves on the way to each year, (D, T, G) or (D, 1, G).

    Returns
    -------
    Array
        (D, T + 1, G), the start first.

    Examples
    --------
    >>> start, arriving = np.array([[1.0]]), np.full((1, 2, 1), 0.3)
    >>> stocks(start, arriving, np.full((1, 1, 1), 0.1)).round(12).ravel().tolist()
    [1.0, 1.2, 1.38]
    """
    staying = np.broadcast_to(1.0 - leaving, arriving.shape)
    out = np.empty((arriving.shape[0], arriving.shape[1] + 1, arriving.shape[2]))
    out[:, 0] = start
    for t in range(arriving.shape[1]):
        out[:, t + 1] = out[:, t] * staying[:, t] + arriving[:, t]
    return out


def shares(stock: Array) -> Array:
    """Divide stocks by their sum over groups, the last axis.

    Examples
    --------
    >>> shares(np.array([1.0, 3.0])).tolist()
    [0.25, 0.75]
    """
    return stock / stock.sum(axis=-1, keepdims=True)


def start_stocks(start_logit: Array) -> Array:
    """Return stocks that sum to one from logits against the domestic group, (D, G).

    Examples
    --------
    >>> start_stocks(np.array([[np.log(3.0), 0.0]])).round(12).tolist()
    [[0.75, 0.25]]
    """
    odds = np.exp(start_logit - start_logit.max(axis=-1, keepdims=True))
    return shares(odds)
