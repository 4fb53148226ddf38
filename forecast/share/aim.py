"""Aims: a share in a year as a lever moves it, and the target it is to meet."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecast.errors import RunError
from forecast.share.cells import leaving
from forecast.share.flows import start_stocks, stocks
from forecast.share.lever_range import ConstantLever, refuse_unknown_group
from forecast.share.model import ShareModel
from forecast.share.scenario import LeverEffects
from forecast.share.world import World, first_years, simulate
from forecast.study import FOREIGN, Scenario

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Aim:
    """A share that a lever is to bring to its target in the last year of a world.

    ``effects``: of the levers that are in force anyway; ``of``: the places of the groups whose
    share it is.
    """

    world: World
    effects: LeverEffects
    lever: ConstantLever
    of: np.ndarray
    target: float

    def stock(self, value: Array | float, draws: np.ndarray) -> Array:
        """Return the last stock of each group in some draws, (n, G), at values of the lever."""
        effects = self.lever.on(self.effects.of_draws(draws), value)
        if self._arriving is None:
            return simulate(self.world.of_draws(draws), effects).stock[:, -1]
        theta = self.world.theta.of_draws(draws)
        exits = leaving(theta, self.world.cells.departure[draws], effects)
        return stocks(start_stocks(theta.start_logit), self._arriving[draws], exits)[:, -1]

    def share(self, stock: Array) -> Array:
        """Return the share that is aimed at, (n,), from stocks (n, G)."""
        return np.asarray(stock[:, self.of].sum(1) / stock.sum(1))

    def gap(self, stock: Array) -> Array:
        """Return the groups' stock less the target of the whole: affine where stocks are."""
        return np.asarray(stock[:, self.of].sum(1) - self.target * stock.sum(1))

    def miss(self, value: Array | float, draws: np.ndarray) -> Array:
        """Return share less target in some draws, (n,), at values of the lever."""
        return self.share(self.stock(value, draws)) - self.target

    @cached_property
    def _arriving(self) -> Array | None:
        """Entrants, (D, T, G), where the lever leaves them as they are."""
        if self.lever.flow != "exits":
            return None
        return simulate(self.world, self.effects).entrants


def aimed(
    model: ShareModel, lever: ConstantLever, of: str, target: float, scenario: Scenario
) -> Aim:
    """Return an aim on top of a scenario, in the last year that the lever is compiled for.

    Raises
    ------
    RunError
        If the target is not between 0 and 1, the group is unknown, or the model has flows of whole
        persons.
    """
    if not 0 < target < 1:
        raise RunError(f"a target lies between 0 and 1; got {target:g}. Write 0.25 for 25 %.")
    refuse_unknown_group(model, of)
    if model.world.noise is not None:
        rule = "a target is met exactly by flows of expected size"
        raise RunError(f"{rule}; got a model of whole persons. Draw it without noise.")
    world = first_years(model.world_of(scenario), len(lever.acts))
    groups = model.grid.groups
    places = model.grid.foreign if of == FOREIGN else np.array([groups.index(of)])
    effects = model.effects(scenario).during(world.years)
    return Aim(world, effects, lever, places, target)


def years_in_force(model: ShareModel, start: int | None, year: int) -> range:
    """Return the years from the start of a lever to the year of its target.

    ``start``: by default the year after the last share evidence.

    Raises
    ------
    RunError
        If the year lies in the past or after the projection, or the start in the past or after the
        year.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> years_in_force(share_model(example_inputs(), seed=1, steps=12), None, 2030)
    range(2023, 2031)
    """
    past, last = model.inputs.last_evidence, model.world.years[-1]
    if not past < year <= last:
        rule = f"year lies after the share evidence, {past}, and not after the projection, {last}"
        raise RunError(f"{rule}; got {year}. Choose a year between.")
    first = past + 1 if start is None else start
    if not past < first <= year:
        rule = f"start lies after the share evidence, {past}, and not after the target, {year}"
        raise RunError(f"{rule}; got {first}. Choose a year between.")
    return range(first, year + 1)
