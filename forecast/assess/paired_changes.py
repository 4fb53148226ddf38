"""Changes of headline numbers between two sets of draws with the same random numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import nan

import numpy as np
import pandas as pd

from forecast.assess.headline_draws import PROBABILITY, SHARE, STAY_RATE

GROUPS = 20  # stretches of draws that the jackknife leaves out in turn
EVEN = 0.5

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Number = Callable[[Array], float]


@dataclass(frozen=True)
class Change:
    """A headline number of a refit against that of base; ``skipped`` says why there is no refit.

    ``mcse``: Monte Carlo standard error of the change; ``change_in_sd``: in standard deviations of
    base's posterior, of a rate; ``ratio``: of a probability, see ``rarer_ratio``.
    """

    quantity: str = ""
    base: float = nan
    value: float = nan
    change: float = nan
    mcse: float = nan
    change_in_sd: float = nan
    ratio: float = nan
    skipped: str = ""


def paired_changes(
    found: pd.DataFrame, known: pd.DataFrame, bound: float | None
) -> Iterator[Change]:
    """Yield each headline number of a refit's draws against that of base.

    ``found`` and ``known`` (base) have a row for each stay draw and a column for each calibration,
    named stay_rate 0, share 0, share 1 and so on; numbers are of all columns of a name together,
    without empty cells.
    ``bound``: of the probability that the share is at most that. Where ``found`` has a column
    skipped, that is all there is to say.

    Examples
    --------
    >>> known = pd.DataFrame({"share 0": np.linspace(0.1, 0.3, 101)})
    >>> share, probability = paired_changes(known + 0.05, known, bound=0.151)
    >>> round(share.change, 9), round(probability.base, 3), round(probability.value, 3)
    (0.05, 0.257, 0.01)
    """
    if "skipped" in found:
        yield Change(skipped=str(found["skipped"].iloc[0]))
        return
    for quantity in (STAY_RATE, SHARE):
        draws, base = draws_of(found, quantity), draws_of(known, quantity)
        if not draws.size:
            continue
        moved = _change(quantity, median_of, draws, base)
        yield replace(moved, change_in_sd=moved.change / float(base.std(ddof=1)))
        if quantity == SHARE and bound is not None:
            moved = _change(PROBABILITY, partial(part_below, bound=bound), draws, base)
            yield replace(moved, ratio=rarer_ratio(moved.base, moved.value, base.size))


def paired_error(number: Number, draws: Array, base: Array) -> float:
    r"""Return the Monte Carlo standard error of a number's change between two sets of draws.

    :math:`s^2 = \frac{G - 1}{G} \sum_g (d_{(g)} - \bar d)^2` with :math:`d_{(g)}` the change
    without the g-th of G = 20 stretches of both, along their first axis. Neighbours that belong
    together leave together, and what both sets owe to the same random numbers cancels.

    References
    ----------
    Künsch (1989), The jackknife and the bootstrap for general stationary observations, doi
    10.1214/aos/1176347265.

    Examples
    --------
    >>> one, other = np.random.default_rng(1).standard_normal((2, 4000))
    >>> bool(0.5 < paired_error(np.mean, one, other) / np.sqrt(2 / 4000) < 1.5)
    True
    >>> round(paired_error(np.mean, one + 1, one), 9)
    0.0
    """
    left = [
        number(_without(draws, group)) - number(_without(base, group)) for group in range(GROUPS)
    ]
    return float(np.sqrt((GROUPS - 1) * np.var(left)))


def rarer_ratio(base: float, value: float, draws: int) -> float:
    """Return how many times as probable the rarer of an event and its opposite has become.

    The rarer under base; half a draw is added to both, as an event in none of the draws is not
    impossible.

    Examples
    --------
    >>> round(rarer_ratio(0.1, 0.2, 100_000), 3), round(rarer_ratio(0.9, 0.8, 100_000), 3)
    (2.0, 2.0)
    """
    if base > EVEN:
        base, value = 1 - base, 1 - value
    return (value * draws + 0.5) / (base * draws + 0.5)


def draws_of(table: pd.DataFrame, quantity: str) -> Array:
    """Return the draws of a quantity, (stay draw, calibration).

    Examples
    --------
    >>> draws_of(pd.DataFrame({"share 0": [0.1, 0.2], "share 1": [0.3, 0.4]}), "share").tolist()
    [[0.1, 0.3], [0.2, 0.4]]
    """
    own = [name for name in table if str(name).rpartition(" ")[0] == quantity]
    return table[own].dropna().to_numpy(dtype=float)


def median_of(draws: Array) -> float:
    """Return the median of draws."""
    return float(np.median(draws))


def part_below(draws: Array, bound: float) -> float:
    """Return the part of draws that are at most a bound."""
    return float(np.mean(draws <= bound))


def _change(quantity: str, number: Number, draws: Array, base: Array) -> Change:
    before, after = number(base), number(draws)
    error = paired_error(number, draws, base)
    return Change(quantity, before, after, after - before, error)


def _without(draws: Array, group: int) -> Array:
    """Return draws without one of their stretches."""
    first, last = (len(draws) * edge // GROUPS for edge in (group, group + 1))
    return np.delete(draws, slice(first, last), axis=0)
