"""Levers of one constant value: how they act, the range of their values, what they move."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from forecast.errors import RunError
from forecast.share.model import ShareModel
from forecast.share.scenario import FLOW_OF, LeverEffects, no_effects
from forecast.study import FOREIGN, Lever, Scenario
from forecast.study.scenario import LARGEST

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Way = Literal["path", "multiplier", "shift"]

FACTORS, SHIFTS = (0.0, 20.0), (-10.0, 10.0)
# lever -> its ways, the usual one first, and their lowest and highest values
RANGES: Mapping[str, Mapping[Way, tuple[float, float]]] = {
    "stay_rate": {
        "path": (0.0, LARGEST["stay_rate"]),
        "multiplier": FACTORS,
        "shift": SHIFTS,
    },
    "exit_rate": {
        "path": (0.0, LARGEST["exit_rate"]),
        "multiplier": FACTORS,
        "shift": SHIFTS,
    },
    "inflow": {"multiplier": FACTORS},
    "domestic_inflow": {"multiplier": FACTORS},
    "direct_arrivals": {"multiplier": FACTORS},
}
PART: Mapping[Way, str] = {"path": "path", "multiplier": "factor", "shift": "shift"}  # of a Change


@dataclass(frozen=True)
class ConstantLever:
    """A lever of one value from ``start`` on, a number or another one in each draw.

    ``flow``: which of the lever effects it changes; ``acts`` (T, K): in which years, and in which
    cells or groups; ``lowest`` and ``highest``: its admissible values.
    """

    name: str
    way: Way
    start: int
    flow: str
    acts: np.ndarray
    lowest: float
    highest: float

    def on(self, effects: LeverEffects, value: Array | float) -> LeverEffects:
        """Return effects with the lever on top, at a value for all draws or for each, (D,)."""
        change, each = getattr(effects, self.flow), np.asarray(value, dtype=float)[..., None, None]
        match self.way:
            case "path":
                moved = np.where(self.acts, each, change.path)
            case "multiplier":
                moved = change.factor * np.where(self.acts, each, 1.0)
            case "shift":
                moved = change.shift + np.where(self.acts, each, 0.0)
        return effects.with_change(self.flow, replace(change, **{PART[self.way]: moved}))


def constant_lever(
    model: ShareModel, lever: str, group: str, way: Way | None, years: range
) -> ConstantLever:
    """Return a lever on a group from the first to the last of ``years``; the past is kept.

    ``acts`` has the years of the world up to the last of ``years``. The lever
    ``domestic_inflow`` moves the domestic group, whichever ``group`` is.

    Raises
    ------
    RunError
        If lever, group or way is unknown.
    StudyError
        If the lever cannot act on the group.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> lever = constant_lever(model, "exit_rate", "north", None, range(2029, 2031))
    >>> lever.way, lever.acts[-3:].astype(int).tolist()  # 2028 to 2030 by north, rest, home
    ('path', [[0, 0, 0], [1, 0, 0], [1, 0, 0]])
    """
    chosen = _way(lever, way)
    refuse_unknown_group(model, group)
    lowest, highest = RANGES[lever][chosen]
    value: object = {years.start: highest} if chosen == "path" else highest
    whom = {} if lever == "domestic_inflow" else {"group": group}
    facts = {"lever": lever, "start": years.start, "history": "keep", chosen: value}
    one = Scenario(label="", reason="", levers=(Lever.model_validate(facts | whom),))
    during = range(model.world.years.start, years.stop)
    moved = getattr(model.effects(one).during(during), FLOW_OF[lever])
    still = getattr(no_effects(during, model.grid), FLOW_OF[lever])
    parts = (getattr(change, PART[chosen]) for change in (moved, still))
    acts = np.not_equal(*np.nan_to_num([*parts], nan=-1.0))
    return ConstantLever(lever, chosen, years.start, FLOW_OF[lever], acts, lowest, highest)


def refuse_unknown_group(model: ShareModel, group: str) -> None:
    """Raise a RunError unless ``group`` is one of the model, or ``foreign``.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> refuse_unknown_group(share_model(example_inputs(), seed=1, steps=12), "foreign")
    """
    known = [*model.grid.groups, FOREIGN]
    if group not in known:
        raise RunError(f"a group is one of {', '.join(known)}; got {group!r}. Choose one of them.")


def _way(lever: str, way: str | None) -> Way:
    if lever not in RANGES:
        known = ", ".join(RANGES)
        raise RunError(f"a lever is one of {known}; got {lever!r}. Choose one of them.")
    ways = {str(one): one for one in RANGES[lever]}
    if way is not None and way not in ways:
        rule = f"{lever} is solved for by {' or '.join(ways)}"
        raise RunError(f"{rule}; got {way!r}. Choose one, or leave it out.")
    return ways[way or next(iter(ways))]
