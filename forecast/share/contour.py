"""Contours: which values of two levers together bring a share to a target."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from forecast.errors import RunError
from forecast.share.aim import aimed, years_in_force
from forecast.share.lever_range import ConstantLever, constant_lever
from forecast.share.meet import meet
from forecast.share.model import BASELINE, ShareModel
from forecast.share.solve import PROB, bounds
from forecast.study import Scenario

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

POINTS = 21
SPANS: Mapping[str, tuple[float, float]] = {  # of the points, if none are given
    "stay_rate": (0.3, 1.0),
    "exit_rate": (0.0, 0.3),
    "inflow": (0.0, 2.0),
    "domestic_inflow": (0.0, 2.0),
    "direct_arrivals": (0.0, 2.0),
}


def contour(  # noqa: PLR0913, a question has as many parts
    model: ShareModel,
    first: str,
    second: str,
    group: str,
    target: float,
    year: int,
    *,
    points: Sequence[float] | None = None,
    start: int | None = None,
    of: str | None = None,
    scenario: Scenario = BASELINE,
    prob: float = PROB,
) -> pd.DataFrame:
    """Find, for each value of a first lever, the value of a second one that meets a target.

    Both are levers of ``solve`` in their usual way (a path of the rates, a multiplier of the
    others), of the same group and from the same year on. At each point the first one is part of
    the scenario, and the second is solved for draw by draw.

    Parameters
    ----------
    model, group, target, year, start, of, scenario
        As of ``solve``.
    first, second
        Two different levers.
    points
        Values of the first lever; by default 21 even steps: stay rates from 0.3 to 1, exit rates
        from 0 to 0.3, multipliers from 0 to 2.
    prob
        Probability of the band.

    Returns
    -------
    pd.DataFrame
        Columns: first (a value of the first lever); median, lower, upper (of the second over all
        draws, infinite where no admissible value goes far enough, as in ``summary``); reachable
        (part of the draws with a solution); prob; kind ("eti"). A row for each point.

    Raises
    ------
    RunError
        If both levers are the same, a point is out of the range of the first one, or as of
        ``solve``.
    StudyError
        If a lever cannot act on the group.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> line = contour(model, "stay_rate", "exit_rate", "north", 0.3, 2030, points=[0.5, 0.7, 0.9])
    >>> bool(line["median"].is_monotonic_increasing)  # those who stay in the country leave the tier
    True
    """
    if first == second:
        raise RunError(f"a contour is of two different levers; got {first} twice. Change one.")
    years = years_in_force(model, start, year)
    given, solved = (constant_lever(model, one, group, None, years) for one in (first, second))
    values = np.linspace(*SPANS[first], POINTS) if points is None else np.asarray(points, float)
    _refuse(values, given)
    aim = aimed(model, solved, of or group, target, scenario)
    rows = []
    for value in values.tolist():
        met = meet(replace(aim, effects=given.on(aim.effects, value)))
        rows.append((value, *bounds(met.beyond, prob), met.reachable, prob, "eti"))
    columns = ["first", "median", "lower", "upper", "reachable", "prob", "kind"]
    return pd.DataFrame(rows, columns=columns)


def _refuse(values: Array, given: ConstantLever) -> None:
    wrong = values[~((values >= given.lowest) & (values <= given.highest))]
    if values.ndim != 1 or not values.size:
        got = values.tolist()
        raise RunError(f"points are one or more numbers in a row; got {got}. Give such a row.")
    if wrong.size:
        rule = f"points of {given.name} lie in [{given.lowest:g}, {given.highest:g}]"
        raise RunError(f"{rule}; got {wrong[0]:g}. Choose others.")
