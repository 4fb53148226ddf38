"""Solving for a target: the value of a lever that brings a share to it, draw by draw."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.errors import RunError
from forecast.share.aim import Aim, aimed, years_in_force
from forecast.share.lever_quantity import quantity
from forecast.share.lever_range import Way, constant_lever
from forecast.share.meet import Met, meet
from forecast.share.model import BASELINE, ShareModel
from forecast.share.scenario import no_effects
from forecast.share.world import first_years
from forecast.study import Scenario

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

PROB = 0.9


@dataclass(frozen=True)
class Solution(Met):
    """The value of a lever, in force from ``start`` on, that brings a share to a target in a year.

    ``value``, ``at_lowest`` and ``at_highest`` as of ``Met``, draws in the order of the chains.
    ``lever``, ``group``, ``way``: what is moved; ``of``: whose share. ``needed`` and ``usual``
    (D,): what the lever moves from ``start`` to ``year``, see ``quantity``, at its value (NaN as
    there) and in the baseline.
    """

    lever: str
    group: str
    way: Way
    of: str
    year: int
    start: int
    needed: Array
    usual: Array

    @property
    def baseline(self) -> Array:
        """Return what ``value`` is in the baseline: ``usual`` of a path, 1, or a shift of 0."""
        same = {"multiplier": 1.0, "shift": 0.0}.get(self.way)
        return self.usual if same is None else np.full(len(self.value), same)

    @property
    def extremeness(self) -> float | None:
        r"""Return how probable what is needed is in the baseline, None where that has no spread.

        :math:`\frac{1}{D} \sum_j P_i(u_i \le q_j)` with ``usual`` u and ``needed`` q: the chance
        that the baseline by itself is as low as needed, :math:`u_i \ge q_j` for draws that need
        more than their own :math:`u_j`. Each draw is set against all, as if they were drawn
        independently. Draws without a solution count zero. About a half where the target asks for
        nothing out of the ordinary, near zero where only the lever can bring it about.
        """
        if np.isnan(self.usual).any() or np.ptp(self.usual) == 0:
            return None
        draws, known = len(self.usual), np.sort(self.usual)
        solved = ~np.isnan(self.needed)
        needed, usual = self.needed[solved], self.usual[solved]
        as_low = np.searchsorted(known, needed, side="right")
        as_high = draws - np.searchsorted(known, needed, side="left")
        return float(np.where(needed <= usual, as_low, as_high).sum() / draws**2)


def solve(  # noqa: PLR0913, a question has as many parts
    model: ShareModel,
    lever: str,
    group: str,
    target: float,
    year: int,
    *,
    way: Way | None = None,
    start: int | None = None,
    of: str | None = None,
    scenario: Scenario = BASELINE,
) -> Solution:
    r"""Find the constant value of a lever that brings a share to a target, draw by draw.

    In each draw the value v with :math:`S_g(v) / \sum_h S_h(v) = \tau` in ``year``, to 1e-12. The
    lever is in force from ``start`` to the end, on top of the levers of ``scenario``: a path takes
    the place of theirs, multipliers multiply, shifts add. The past stays as it is. All else stays
    as it is drawn, so v answers "what would it take", not "what will be".

    Parameters
    ----------
    model
        A calibrated workforce with flows of expected size.
    lever, group
        What is moved, and of whom: a group or ``foreign``. ``domestic_inflow`` moves that of the
        domestic group, whichever ``group`` is.
    target, year
        The share, between 0 and 1, and when it is met.
    way
        "path" (a rate: the stay rate in [0, 1], the exit rate in [0, 0.99], the default of both),
        "multiplier" (in [0, 20], the default of the others) or "shift" (of the log odds of both
        rates, in [-10, 10]).
    start
        First year in force; by default that after the last share evidence.
    of
        Whose share it is: a group or ``foreign``; by default ``group``.
    scenario
        What is in force anyway. One that refits history is calibrated for it.

    Raises
    ------
    RunError
        If lever, group or way is unknown, the target is not between 0 and 1, a year is out of
        range, or the model has flows of whole persons.
    StudyError
        If the lever cannot act on the group.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> solution = solve(model, "stay_rate", "north", 0.3, 2030)
    >>> solution.way, solution.start, solution.value.shape
    ('path', 2023, (100,))
    """
    moved = constant_lever(model, lever, group, way, years_in_force(model, start, year))
    aim = aimed(model, moved, of or group, target, scenario)
    met = meet(aim)
    plain = first_years(model.world, len(moved.acts))
    return Solution(
        target=target,
        value=met.value,
        at_lowest=met.at_lowest,
        at_highest=met.at_highest,
        lever=lever,
        group=group,
        way=moved.way,
        of=of or group,
        year=year,
        start=moved.start,
        needed=_needed(aim, met.value),
        usual=quantity(moved, plain, no_effects(plain.years, model.grid)),
    )


def summary(solution: Solution, prob: float = PROB) -> pd.DataFrame:
    """Return a solution in one row: the value that is needed beside that of the baseline.

    Columns: lever, group, way, of, target, year, start; median, lower, upper; reachable, above,
    below (parts of the draws; in the rest the share jumps over the target); solvable_median,
    solvable_lower, solvable_upper; baseline_median, baseline_lower, baseline_upper; extremeness
    (NaN where there is none); prob; kind ("eti").

    median, lower and upper are quantiles over all draws. A draw that no admissible value brings to
    the target counts as infinite, see ``Met.beyond``, so the median is infinite if more than half
    of the draws lie beyond one end of the range. The solvable ones are of the draws with a
    solution alone, NaN if there is none: they are conditional on the target being in reach. Each
    quantile is the value of a draw (inverted distribution function), as there is no mean with
    infinity. Draws that lie beyond no end count as -inf in lower and as +inf in upper, and the
    median is NaN where it hangs on them.

    Raises
    ------
    RunError
        If prob is not between 0 and 1.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> row = summary(solve(model, "inflow", "north", 0.3, 2030)).iloc[0]
    >>> bool(row["lower"] < row["median"] < row["upper"]), float(row["baseline_median"])
    (True, 1.0)
    """
    asked = ("lever", "group", "way", "of", "target", "year", "start")
    solved = solution.value[~np.isnan(solution.value)]
    parts = {name: getattr(solution, name) for name in ("reachable", "above", "below")}
    row = {name: getattr(solution, name) for name in asked}
    row |= _named("", bounds(solution.beyond, prob)) | parts
    row |= _named("solvable_", bounds(solved, prob))
    row |= _named("baseline_", bounds(solution.baseline, prob))
    chance = solution.extremeness
    row |= {"extremeness": np.nan if chance is None else chance, "prob": prob, "kind": "eti"}
    return pd.DataFrame([row])


def bounds(values: Array, prob: float) -> tuple[float, float, float]:
    """Return median, lower and upper bound of values that may be infinite, NaN if there are none.

    Values without a side (NaN) count as -inf in the lower bound and as +inf in the upper one; the
    median is NaN where it hangs on them.

    Raises
    ------
    RunError
        If prob is not between 0 and 1.

    Examples
    --------
    >>> bounds(np.array([1.0, 2.0, np.inf]), 0.5)
    (2.0, 1.0, inf)
    """
    if not 0 < prob < 1:
        raise RunError(f"prob lies between 0 and 1; got {prob:g}. Write 0.9 for 90 %.")
    if not len(values):
        return np.nan, np.nan, np.nan
    low, high = (np.where(np.isnan(values), side, values) for side in (-np.inf, np.inf))
    half, lower = np.quantile(low, [0.5, (1 - prob) / 2], method="inverted_cdf").tolist()
    same, upper = np.quantile(high, [0.5, (1 + prob) / 2], method="inverted_cdf").tolist()
    return half if half == same else np.nan, lower, upper


def _needed(aim: Aim, value: Array) -> Array:
    """Return what the lever moves at its values, (D,), NaN where it has none."""
    out, solved = np.full(len(value), np.nan), np.flatnonzero(~np.isnan(value))
    effects = aim.lever.on(aim.effects.of_draws(solved), value[solved])
    out[solved] = quantity(aim.lever, aim.world.of_draws(solved), effects)
    return out


def _named(prefix: str, three: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip((f"{prefix}median", f"{prefix}lower", f"{prefix}upper"), three, strict=True))
