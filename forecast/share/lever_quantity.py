"""What a lever moves, as one number in each draw: to set a value needed beside the usual one."""

import numpy as np

from forecast.share.cells import coming, leaving, staying, weights_of
from forecast.share.change import changed
from forecast.share.lever_range import ConstantLever
from forecast.share.scenario import LeverEffects
from forecast.share.world import World, simulate

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def quantity(lever: ConstantLever, world: World, effects: LeverEffects) -> Array:
    r"""Return the mean of what a lever moves over the years and groups it moves, (D,).

    Under ``effects``, so with or without the lever in force:

    - ``stay_rate``: the stay rate of all doctorates together,
      :math:`\sum w n p / \sum w n` with field weight w and doctorates n, as in ``mean_stay``;
    - ``exit_rate``: the part that leaves in a year, out of the tier or the country,
      :math:`\sum_t x_t S_{t-1} / \sum_t S_{t-1}` with the stock S;
    - ``inflow``, ``domestic_inflow``: doctorates a year, :math:`\sum w n / T`, persons;
    - ``direct_arrivals``: arrivals for each entrant with a doctorate of the country.

    NaN where there is nobody to speak of.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.lever_range import constant_lever
    >>> from forecast.share.model import BASELINE, share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> lever = constant_lever(model, "inflow", "rest", None, range(2025, 2031))
    >>> plain = model.effects(BASELINE).during(model.world.years)
    >>> quantity(lever, model.world, plain)[0].round(6)  # east 150 + 0.5 x 90, south 120 + 0.5 x 80
    np.float64(355.0)
    """
    cells, theta = world.cells, world.theta
    match lever.flow:
        case "stay":
            people = coming(cells, effects) * cells.grid.weight * lever.acts
            return _mean(staying(cells, theta.tier_stay, effects), people)
        case "exits":
            before = simulate(world, effects).stock[:, :-1] * lever.acts
            return _mean(leaving(theta, cells.departure, effects), before)
        case "inflow":
            people = coming(cells, effects) * cells.grid.weight * lever.acts
            total = people.sum((1, 2)) / lever.acts.any(axis=1).sum()
            return np.broadcast_to(total, (world.draws,))
    direct = changed(theta.direct_arrivals[:, None, :], effects.direct, cells.years, np.inf)
    graduates = weights_of(cells, theta, effects) / (1.0 + direct) * lever.acts
    return _mean(np.broadcast_to(direct, graduates.shape), graduates)


def _mean(rate: Array, weight: Array) -> Array:
    """Return the weighted mean of each draw, NaN where all weights are zero."""
    total = weight.sum((1, 2))
    return np.asarray((rate * weight).sum((1, 2)) / np.where(total > 0, total, np.nan))
