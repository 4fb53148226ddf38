"""Shapley values: what each of some causes adds, averaged over the orders to bring them in."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb

import numpy as np

from forecast.errors import RunError

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Coalition = frozenset[str]

MOST = 10  # players, 1,024 coalitions


def subsets(players: Sequence[str]) -> list[Coalition]:
    """Return the coalitions of the players: by size, then in the order of the players.

    Raises
    ------
    RunError
        If there are more than ten players, or one is named twice.

    Examples
    --------
    >>> ["+".join(sorted(one)) for one in subsets(["a", "b"])]
    ['', 'a', 'b', 'a+b']
    """
    if len(players) > MOST:
        rule = f"Shapley values are exact for at most {MOST} players"
        raise RunError(f"{rule}; got {len(players)}. Join some of them to one.")
    if len(set(players)) != len(players):
        raise RunError(f"players have different names; got {', '.join(players)}. Name each once.")
    sizes = range(len(players) + 1)
    return [frozenset(one) for size in sizes for one in combinations(players, size)]


def shapley(value: Mapping[Coalition, float | Array], players: Sequence[str]) -> dict[str, Array]:
    r"""Return the Shapley value of each player.

    ``value`` of each coalition of the n players N: a number or an array of any one shape, such as
    one number a draw. Then

    .. math::
        \phi_i = \sum_{S \subseteq N \setminus i} \frac{|S|!\,(n - |S| - 1)!}{n!}
        [v(S \cup i) - v(S)],

    in the shape and unit of ``value``. They add up to v(N) - v({}); who changes no coalition has
    zero; players that change each alike have the same. With two players it is Kitagawa's
    decomposition of a difference of rates, the mean of both orders.

    Raises
    ------
    RunError
        If a coalition has no value or one of another shape, there are more than ten players, or one
        is named twice.

    References
    ----------
    Shapley (1953), A value for n-person games, doi 10.1515/9781400881970-018. Kitagawa (1955),
    Components of a difference between two rates, doi 10.1080/01621459.1955.10501299. Shorrocks
    (2013), Decomposition procedures for distributional analysis, doi 10.1007/s10888-011-9214-z.

    Examples
    --------
    >>> flights = {"jet": 12.0, "propeller": 6.0}  # metres of runway, in hundreds
    >>> runway = {one: max([flights[p] for p in one], default=0.0) for one in subsets([*flights])}
    >>> {name: float(part) for name, part in shapley(runway, ["jet", "propeller"]).items()}
    {'jet': 9.0, 'propeller': 3.0}
    """
    values = _values(value, players)
    return {player: _average(values, player, len(players)) for player in players}


def _average(values: Mapping[Coalition, Array], player: str, players: int) -> Array:
    """Return what a player adds, the mean over sizes of its mean over coalitions of a size."""
    average = np.zeros_like(values[frozenset()])
    for one, without in values.items():
        if player not in one:
            added = values[one | {player}] - without
            average = average + added / (players * comb(players - 1, len(one)))
    return average


def _values(
    value: Mapping[Coalition, float | Array], players: Sequence[str]
) -> dict[Coalition, Array]:
    """Return the values of the coalitions in the order of ``subsets``, all of one shape."""
    values: dict[Coalition, Array] = {}
    for one in subsets(players):
        name = f"{{{', '.join(sorted(one))}}}"
        if one not in value:
            raise RunError(f"each coalition has a value; got none for {name}. Add it.")
        values[one] = np.asarray(value[one], dtype=float)
        shape = values[frozenset()].shape
        if values[one].shape != shape:
            got = f"{values[one].shape} for {name} and {shape} for {{}}"
            raise RunError(f"coalitions have values of one shape; got {got}. Give each the same.")
    return values
