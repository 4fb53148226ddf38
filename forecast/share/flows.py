"""The kernels of stock and flow: pure functions of arrays, the draw first.

Shapes: D draws, T years, C cells (an origin and a field, or all domestic doctorates), G groups.
"""

import numpy as np
from scipy import stats

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

ROUNDING = 1e-9  # a smaller part of a flow is not lost but rounded


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
    of ``weights``. NaN where that first year has no flow.

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
    nobody = np.full_like(turnover, np.nan)
    first = np.divide(turnover, first_total, out=nobody, where=first_total > 0)
    scale = first[:, None] * np.maximum(1.0 + growth, 0.0)[:, None] ** year
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


def whole_stocks(
    start: Array, arriving: Array, leaving: Array, exit_u: Array, entry_u: Array, people: int
) -> tuple[Array, Array]:
    r"""Carry stocks of whole persons forward, from uniform numbers.

    :math:`S_{g,t+1} = S_{gt} - L + A` with L the quantile ``exit_u`` of Binomial(S, x) and A the
    quantile ``entry_u`` of Poisson(E). Quantiles grow with x and E, so two scenarios with the same
    numbers differ by their levers and not by chance.

    Parameters
    ----------
    start, arriving, leaving
        As of ``stocks``: the whole stock at the start is one.
    exit_u, entry_u
        Uniform numbers, (D, T, G).
    people
        Persons in the whole stock at the start.

    Returns
    -------
    tuple of Array
        Stocks (D, T + 1, G) and entrants (D, T, G), both divided by ``people`` again.

    Examples
    --------
    >>> half, nobody = np.full((1, 1, 1), 0.5), np.zeros((1, 1, 1))
    >>> whole_stocks(np.array([[1.0]]), nobody, half, half, half, 100)[0].ravel().tolist()
    [1.0, 0.5]
    """
    out = np.empty((arriving.shape[0], arriving.shape[1] + 1, arriving.shape[2]))
    came = np.maximum(stats.poisson.ppf(entry_u, arriving * people), 0.0)  # at 0 it is -1
    out[:, 0] = whole_parts(start, people)
    exits = np.broadcast_to(leaving, arriving.shape)
    for t in range(arriving.shape[1]):
        left = np.maximum(stats.binom.ppf(exit_u[:, t], out[:, t], exits[:, t]), 0.0)
        out[:, t + 1] = out[:, t] - left + came[:, t]
    return out / people, came / people


def whole_parts(parts: Array, people: int) -> Array:
    """Return whole persons that add up to ``people``, by largest remainders, (D, G).

    ``parts`` (D, G) sum to one in each draw.

    Examples
    --------
    >>> whole_parts(np.array([[0.26, 0.37, 0.37]]), 10).tolist()
    [[2.0, 4.0, 4.0]]
    """
    exact = parts * people
    whole = np.floor(exact)
    rank = np.argsort(np.argsort(whole - exact, axis=-1, kind="stable"), axis=-1, kind="stable")
    return np.asarray(whole + (rank < people - whole.sum(axis=-1, keepdims=True)))


def replaced_by_others(weights: Array, plain: Array, part: float) -> Array:
    r"""Let other groups come in the place of lost entrants.

    :math:`F_g + \rho L F_g / \sum_{h \in O} F_h` for the groups O that lost none, with
    :math:`L = \sum_g \max(F^0_g - F_g, 0)` in each year.

    Parameters
    ----------
    weights, plain
        Flow weights with and without levers, (D, T, G).
    part
        The part of the lost that is replaced, in [0, 1].

    Examples
    --------
    >>> plain = np.array([[[4.0, 3.0, 1.0]]])
    >>> replaced_by_others(np.array([[[2.0, 3.0, 1.0]]]), plain, 0.5).ravel().tolist()
    [2.0, 3.75, 1.25]
    """
    lost = np.maximum(plain - weights, 0.0)
    others = np.where(lost > ROUNDING * plain, 0.0, weights)
    sum_of_others = others.sum(axis=-1, keepdims=True)
    places = part * lost.sum(axis=-1, keepdims=True)
    extra = np.divide(others, sum_of_others, out=np.zeros_like(others), where=sum_of_others > 0)
    return weights + places * extra


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
