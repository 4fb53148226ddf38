"""A world: all that is drawn, draw by draw, before a scenario moves its levers."""

from dataclasses import dataclass, replace

import numpy as np

from forecast.errors import RunError
from forecast.share.cells import Cells, leaving, weights_of
from forecast.share.flows import entrants, replaced_by_others, start_stocks, stocks, whole_stocks
from forecast.share.parameters import Theta
from forecast.share.scenario import LeverEffects, no_effects

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Noise:
    """Uniform numbers behind leavers and entrants, (D, T, G), and the people of a stock of 1."""

    leavers: Array
    entrants: Array
    people: int


@dataclass(frozen=True)
class World:
    """Cells of the years to come, parameters, and the flow weight that stands for ``turnover``.

    ``first_total``: flow weight of all groups in the first year, (D,); None where the levers in
    force make it. ``noise``: None for flows of expected size.
    """

    cells: Cells
    theta: Theta
    first_total: Array | None = None
    noise: Noise | None = None

    @property
    def draws(self) -> int:
        """The number of draws."""
        return len(self.theta.turnover)

    @property
    def years(self) -> range:
        """The years of the flows; the start is the year before."""
        return self.cells.years

    def of_draws(self, draws: np.ndarray) -> "World":
        """Return the world of some draws."""
        total = None if self.first_total is None else self.first_total[draws]
        noise = self.noise and Noise(
            self.noise.leavers[draws], self.noise.entrants[draws], self.noise.people
        )
        cells, theta = self.cells.of_draws(draws), self.theta.of_draws(draws)
        return replace(self, cells=cells, theta=theta, first_total=total, noise=noise)


def first_years(world: World, years: int) -> World:
    """Return the first years of a world.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> first_years(share_model(example_inputs(), seed=1, steps=12).world, 6).years
    range(2020, 2026)
    """
    cells, noise = world.cells, world.noise
    stay, people = cells.stay[:, :years], cells.people[:, :years]
    cells = replace(cells, years=cells.years[:years], stay=stay, people=people)
    if noise is not None:
        noise = Noise(noise.leavers[:, :years], noise.entrants[:, :years], noise.people)
    return replace(world, cells=cells, noise=noise)


@dataclass(frozen=True)
class Flows:
    """Stocks, the start first, (D, T + 1, G), and entrants, (D, T, G): the start sums to 1."""

    stock: Array
    entrants: Array


def simulate(world: World, effects: LeverEffects) -> Flows:
    r"""Carry the workforce forward under the levers in force.

    :math:`S_{g,t+1} = S_{gt} (1 - x_{g,t+1}) + E_{g,t+1}`, and with noise
    :math:`S_{g,t+1} = S_{gt} - \mathrm{Binomial}(S_{gt}, x_{g,t+1}) + \mathrm{Poisson}(E_{g,t+1})`
    in whole persons.

    Raises
    ------
    RunError
        If with noise a workforce runs out of people.
    """
    cells, theta = world.cells, world.theta
    weights = weights_of(cells, theta, effects)
    if effects.replaced:
        plain = weights_of(cells, theta, no_effects(cells.years, cells.grid))
        weights = replaced_by_others(weights, plain, effects.replaced)
    total = weights[:, 0].sum(-1) if world.first_total is None else world.first_total
    arriving = entrants(weights, total, theta.turnover, theta.growth)
    start, exits = start_stocks(theta.start_logit), leaving(theta, cells.departure, effects)
    if world.noise is None:
        return Flows(stocks(start, arriving, exits), arriving)
    noise = world.noise
    uniforms = (noise.leavers, noise.entrants)
    flows = Flows(*whole_stocks(start, arriving, exits, *uniforms, noise.people))
    if not (flows.stock.sum(axis=-1) > 0).all():
        rule = "a workforce has people in each draw and year"
        raise RunError(f"{rule}; got none in some. Raise share.people or weaken the levers.")
    return flows
