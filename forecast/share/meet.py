"""Meeting a target: the value of a lever, draw by draw, that brings a share there."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize.elementwise import find_root

from forecast.share.aim import Aim

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

TOLERANCE = 1e-12  # of a share


@dataclass(frozen=True)
class Met:
    """Values of a lever that meet a target, (D,), NaN where none does.

    ``at_lowest`` and ``at_highest``: the share at the ends of the admissible range, (D,).
    """

    target: float
    value: Array
    at_lowest: Array
    at_highest: Array

    @property
    def reachable(self) -> float:
        """Return the part of the draws in which an admissible value meets the target."""
        return float(np.mean(~np.isnan(self.value)))

    @property
    def above(self) -> float:
        """Return the part in which the share stays above the target at both ends of the range."""
        return float(np.mean(self._unmet & (np.minimum(*self._ends) > self.target)))

    @property
    def below(self) -> float:
        """Return the part in which the share stays below the target at both ends of the range."""
        return float(np.mean(self._unmet & (np.maximum(*self._ends) < self.target)))

    @property
    def beyond(self) -> Array:
        """Return ``value``, infinite on the side of the end that comes nearer where there is none.

        NaN where both ends come as near, or the share jumps over the target between them.
        """
        rises = np.sign(self.at_highest - self.at_lowest)
        wanted = [np.sign(self.target - end) for end in self._ends]
        side = np.where(wanted[0] == wanted[1], rises * wanted[0], 0.0)
        with_side = np.copysign(np.inf, side)
        return np.where(self._unmet, np.where(side == 0, np.nan, with_side), self.value)

    @property
    def _unmet(self) -> np.ndarray:
        return np.isnan(self.value)

    @property
    def _ends(self) -> tuple[Array, Array]:
        return self.at_lowest, self.at_highest


def meet(aim: Aim) -> Met:
    r"""Find the value of a lever in each draw at which the share meets its target.

    Where the stocks are affine in the value v, as with a path of the stay rate or a multiplier of
    the inflow, so is :math:`g(v) = S_g(v) - \tau S(v)`, and the line through its ends meets zero at
    the root. Draws that this line misses by more than 1e-12 of a share go to ``bracketed``. If both
    ends lie on one side there is no value: the share of a group is monotone in its own levers. It
    need not be so in a lever on several groups; then a value within the range may be overlooked,
    never a wrong one given.

    Examples
    --------
    >>> from forecast.share.aim import aimed
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.lever_range import constant_lever
    >>> from forecast.share.model import BASELINE, share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> lever = constant_lever(model, "stay_rate", "north", None, range(2025, 2031))
    >>> aim = aimed(model, lever, "north", 0.3, BASELINE)
    >>> value = meet(aim).value
    >>> solved = np.flatnonzero(~np.isnan(value))
    >>> bool((abs(aim.miss(value[solved], solved)) < 1e-12).all())
    True
    """
    draws, lever = np.arange(aim.world.draws), aim.lever
    low, high = (aim.stock(end, draws) for end in (lever.lowest, lever.highest))
    below, above = aim.gap(low), aim.gap(high)
    between = np.flatnonzero(np.sign(below) * np.sign(above) <= 0)
    change = (below - above)[between]
    part = np.divide(below[between], change, out=np.zeros_like(change), where=change != 0)
    value = np.full(len(draws), np.nan)
    value[between] = lever.lowest + (lever.highest - lever.lowest) * part
    missed = between[np.abs(aim.miss(value[between], between)) > TOLERANCE]
    value[missed] = bracketed(aim, missed)
    return Met(aim.target, value, aim.share(low), aim.share(high))


def bracketed(aim: Aim, draws: np.ndarray) -> Array:
    """Return roots between the ends of the range, (n,), NaN where the share jumps over the target.

    Chandrupatla's method on all draws at once; the ends lie on both sides of the target.

    References
    ----------
    Chandrupatla (1997), A new hybrid quadratic/bisection algorithm for finding the zero of a
    nonlinear function without using derivatives, doi 10.1016/S0965-9978(96)00051-8.
    """
    if not draws.size:
        return np.empty(0)
    ends, tolerances = (aim.lever.lowest, aim.lever.highest), {"fatol": TOLERANCE / 10}
    found = find_root(aim.miss, ends, args=(draws,), tolerances=tolerances)
    return np.where(np.abs(found.f_x) <= TOLERANCE, found.x, np.nan)
