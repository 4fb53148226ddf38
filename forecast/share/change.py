"""A change of a flow, year by year: the value it is set to, then its shift, then its factor."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from forecast.share.flows import shift_odds

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

BY_DRAW = 3  # dims of what differs from draw to draw


@dataclass(frozen=True)
class Change:
    """What levers do to the columns of a flow, (T, K) or draw by draw (D, T, K).

    ``path``: the value it is set to, NaN where none; ``hold``: the year whose value it keeps, 0
    where none; ``shift``: added to its logit; ``factor``: it is multiplied. They act in this order.
    """

    path: Array
    hold: Array
    shift: Array
    factor: Array

    def during(self, rows: list[int]) -> "Change":
        """Return the change in some of the years."""
        return self._each(lambda array: array[..., rows, :])

    def of_draws(self, draws: np.ndarray) -> "Change":
        """Return the change of some draws; what all draws share stays as it is."""
        return self._each(lambda array: array[draws] if array.ndim == BY_DRAW else array)

    def of_columns(self, columns: np.ndarray) -> "Change":
        """Return the change of some columns."""
        return self._each(lambda array: array[..., columns])

    def _each(self, pick: Callable[[Array], Array]) -> "Change":
        return replace(self, **{f.name: pick(getattr(self, f.name)) for f in fields(self)})

    @cached_property
    def is_none(self) -> bool:
        """Whether nothing changes."""
        still = np.isnan(self.path).all() and not self.hold.any() and not self.shift.any()
        return bool(still and (self.factor == 1.0).all())


def no_change(years: int, columns: int) -> Change:
    """Return a change that changes nothing.

    Examples
    --------
    >>> no_change(2, 3).is_none
    True
    """
    ones = np.ones((years, columns))
    return Change(np.nan * ones, 0 * ones, 0 * ones, ones)


def changed(value: Array, change: Change, years: range, largest: float) -> Array:
    r"""Return a flow, (D, T, K), as a change leaves it.

    :math:`\min(m \cdot \mathrm{expit}(\mathrm{logit}\, v + s), v_{max})` with v the value it is
    set to where there is one.

    Examples
    --------
    >>> half = Change(
    ...     np.array([[np.nan]]), np.zeros((1, 1)), np.zeros((1, 1)), np.full((1, 1), 0.5)
    ... )
    >>> changed(np.array([[[0.8]]]), half, range(2020, 2021), 1.0).tolist()
    [[[0.4]]]
    """
    if change.is_none:
        return value
    set_to = held(value, change.hold, years)
    set_to = np.where(np.isnan(change.path), set_to, change.path)
    if change.shift.any():
        set_to = shift_odds(set_to, np.exp(change.shift))
    return np.asarray(np.minimum(set_to * change.factor, largest))


def held(value: Array, hold: Array, years: range) -> Array:
    """Return a flow, (D, T, K), with the value of an earlier year where one is held.

    Examples
    --------
    >>> flow = np.array([[[1.0], [2.0], [3.0]]])
    >>> held(flow, np.array([[0], [0], [2020]]), range(2020, 2023)).ravel().tolist()
    [1.0, 2.0, 1.0]
    """
    if not hold.any():
        return value
    out = np.array(value)
    for t, k in np.argwhere(hold > 0):
        out[:, t, k] = value[:, years.index(int(hold[t, k])), k]
    return out
