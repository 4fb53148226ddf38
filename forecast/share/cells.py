"""Inputs arranged for the kernels: stay rates and doctorates by draw, year and cell."""

from dataclasses import dataclass, replace

import numpy as np

from forecast.share.change import changed, held
from forecast.share.flows import flow_weights, shift_odds
from forecast.share.grid import Grid, grid_of
from forecast.share.inputs import WorkforceInputs
from forecast.share.parameters import LARGEST_EXIT, Theta
from forecast.share.scenario import LeverEffects

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Cells:
    """The cells of a run of years, as ``grid`` labels them.

    ``stay``: stay rates at entry, (D, T, C), 1 for domestic cells; ``people``: doctorates, persons,
    (D, T, C), or (1, T, C) where they are all published; ``departure``: part of each group that
    leaves the country in a later year, net of returns, (D, G).
    """

    years: range
    stay: Array
    people: Array
    departure: Array
    grid: Grid

    def of_draws(self, draws: slice | np.ndarray) -> "Cells":
        """Return the cells of some of the draws."""
        people = self.people if len(self.people) == 1 else self.people[draws]
        stay = np.ascontiguousarray(self.stay[draws])
        return replace(self, stay=stay, people=people, departure=self.departure[draws])

    def of_group(self, group: int) -> "Cells":
        """Return the cells of one group; the grid still knows all groups."""
        own = self.grid.cells(np.array([group]))
        stay = np.ascontiguousarray(self.stay[:, :, own])
        return replace(self, stay=stay, people=self.people[:, :, own], grid=self.grid.part(own))


def arrange(inputs: WorkforceInputs, years: range, factors: Array | None = None) -> Cells:
    """Return the cells of some years, the draws of all chains in one row.

    ``factors``: what doctorates after the last published year are multiplied with, (D, T, G).
    """
    grid, spec, cohorts = grid_of(inputs.spec), inputs.spec, list(years)
    home_cells = {"cohort": cohorts, "field": list(spec.field_weights)}
    cells = home_cells | {"origin": [o for group in spec.groups.values() for o in group.origins]}
    stay = inputs.stay.sel(cells).transpose("chain", "draw", "cohort", "origin", "field")
    rates = stay.values.reshape(inputs.draws, len(cohorts), -1).astype(float)
    home = inputs.domestic.sel(home_cells).transpose("cohort", "field").values
    rates = np.concatenate([rates, np.ones((*rates.shape[:2], home.shape[1]))], axis=2)
    foreign = inputs.sizes.sel(cells).transpose("cohort", "origin", "field").values
    people = np.column_stack([foreign.reshape(len(cohorts), -1), home])[None].astype(float)
    if factors is not None and not (factors == 1.0).all():
        people = people * factors[:, :, grid.owner]
    leave = inputs.departure.sel(group=list(spec.groups)).transpose("chain", "draw", "group")
    return Cells(years, rates, people, leave.values.reshape(inputs.draws, -1), grid)


def staying(cells: Cells, tier_stay: Array, effects: LeverEffects) -> Array:
    """Return the stay rates in force, (D, T, C): shifted to the tier, then moved by levers.

    ``tier_stay`` (D,) is on the logit scale; a path of a lever is taken as it is.
    """
    rates = shift_odds(cells.stay, np.exp(tier_stay)[:, None, None])
    return changed(rates, effects.stay, cells.years, 1.0)


def coming(cells: Cells, effects: LeverEffects) -> Array:
    """Return the doctorates in force, persons, (D, T, C).

    A path is of the sum of its cells: each cell keeps its part of it, equal parts if there is none.
    """
    change = effects.inflow
    if change.is_none:
        return cells.people
    people = held(cells.people, change.hold, cells.years)
    for number in np.unique(effects.block[effects.block >= 0]):
        own = effects.block == number
        total = np.where(own, people, 0.0).sum(axis=-1, keepdims=True)
        equal = np.broadcast_to(1.0 / np.maximum(own.sum(axis=-1, keepdims=True), 1), people.shape)
        part = np.divide(people, total, out=equal.copy(), where=total > 0)
        people = np.where(own, part * change.path, people)
    return people * change.factor


def weights_of(cells: Cells, theta: Theta, effects: LeverEffects) -> Array:
    """Return the flow weights of the groups in each year, (D, T, G)."""
    stayers = staying(cells, theta.tier_stay, effects) * coming(cells, effects)
    direct = changed(theta.direct_arrivals[:, None, :], effects.direct, cells.years, np.inf)
    factor = theta.selection[:, None, :] * (1.0 + direct)
    return flow_weights(stayers * cells.grid.weight, factor, cells.grid.member)


def leaving(theta: Theta, departure: Array, effects: LeverEffects) -> Array:
    r"""Return the part of each group that leaves in each year, (D, T, G).

    :math:`1 - (1 - x_g)(1 - h_g)`: out of the tier, x, or out of the country as the stay model
    says, h (``departure``, (D, G)).
    """
    both = np.clip(1.0 - (1.0 - theta.exit) * (1.0 - departure), 0.0, LARGEST_EXIT)
    years = range(effects.years[0], effects.years[-1] + 1)
    each = np.broadcast_to(both[:, None, :], (len(both), len(years), both.shape[1]))
    return changed(each, effects.exits, years, LARGEST_EXIT)


def mean_stay(cells: Cells, tier_stay: Array, effects: LeverEffects) -> Array:
    r"""Return the stay rate of all cells together over their years, (D,).

    :math:`\sum_{tc} w_c n_{tc} p_{tc} / \sum_{tc} w_c n_{tc}` with field weight w and the
    doctorates n as ``cells`` has them; levers move p alone. NaN where nobody graduates.
    """
    people = cells.people * cells.grid.weight
    stayers = (staying(cells, tier_stay, effects) * people).sum((1, 2))
    whole = people.sum((1, 2))
    return np.divide(stayers, whole, out=np.full_like(stayers, np.nan), where=whole > 0)
