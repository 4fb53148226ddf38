"""Inputs arranged for the kernels: stay rates and doctorates by draw, year and cell."""

from dataclasses import dataclass, replace

import numpy as np

from forecast.share.flows import entrants, flow_weights, shift_odds, start_stocks, stocks
from forecast.share.inputs import WorkforceInputs
from forecast.share.parameters import LARGEST_EXIT, Theta
from forecast.share.scenario import LeverEffects

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Cells:
    """The cells of a run of years: each foreign origin and field, and one domestic cell.

    ``stay``: (D, T, C), in [0, 1], 1 for the domestic cell; ``people``: doctorates times field
    weight, (T, C), persons; ``member``: 1 where a cell belongs to a group, (C, G).
    """

    years: range
    stay: Array
    people: Array
    member: Array

    def of_draws(self, draws: slice) -> "Cells":
        """Return the cells of some of the draws."""
        return replace(self, stay=np.ascontiguousarray(self.stay[draws]))

    def of_group(self, group: int) -> "Cells":
        """Return the cells of one group, all groups still columns of ``member``."""
        own = np.flatnonzero(self.member[:, group])
        stay = np.ascontiguousarray(self.stay[:, :, own])
        return replace(self, stay=stay, people=self.people[:, own], member=self.member[own])


def arrange(inputs: WorkforceInputs, years: range) -> Cells:
    """Return the cells of some years, the draws of all chains in one row.

    Cells are ordered origin by origin, field by field, the domestic cell last.
    """
    spec, cohorts = inputs.spec, list(years)
    weight = np.array(list(spec.field_weights.values()))
    stay = inputs.stay.sel(cohort=cohorts).transpose("chain", "draw", "cohort", "origin", "field")
    rates = stay.values.reshape(stay.sizes["chain"] * stay.sizes["draw"], len(cohorts), -1)
    rates = np.concatenate([rates, np.ones((*rates.shape[:2], 1))], axis=2)
    foreign = inputs.sizes.sel(cohort=cohorts).transpose("cohort", "origin", "field").values
    home = inputs.domestic.sel(cohort=cohorts).transpose("cohort", "field").values @ weight
    people = np.column_stack([(foreign * weight).reshape(len(cohorts), -1), home])
    owner = [
        np.repeat(
            [origin in group.origins for origin in inputs.sizes["origin"].values], len(weight)
        )
        for group in spec.groups.values()
    ]
    home_row = [group.domestic for group in spec.groups.values()]
    member = np.vstack([np.array(owner).T, home_row]).astype(float)
    return Cells(years, rates.astype(float), people, member)


def staying(cells: Cells, tier_stay: Array, effects: LeverEffects) -> Array:
    """Return the stay rates in force, (D, T, C): shifted to the tier, or the path of a lever.

    ``tier_stay`` (D,) is on the logit scale; a path is taken as it is.
    """
    of_lever = np.exp(effects.stay_shift @ cells.member.T)
    rates = shift_odds(cells.stay, np.exp(tier_stay)[:, None, None] * of_lever)
    for t, g in np.argwhere(~np.isnan(effects.stay_path)):
        rates[:, t, cells.member[:, g] > 0] = effects.stay_path[t, g]
    return rates


def weights_of(cells: Cells, theta: Theta, effects: LeverEffects) -> Array:
    """Return the flow weights of the groups in each year, (D, T, G)."""
    people = cells.people * (effects.inflow @ cells.member.T)
    stayers = staying(cells, theta.tier_stay, effects) * people
    direct = theta.direct_arrivals[:, None, :] * effects.direct_arrivals
    return flow_weights(stayers, theta.selection[:, None, :] * (1.0 + direct), cells.member)


def leaving(theta: Theta, effects: LeverEffects) -> Array:
    """Return the part of each group that leaves in each year, (D, T, G)."""
    return np.minimum(theta.exit[:, None, :] * effects.exit_rate, LARGEST_EXIT)


def stock_and_entrants(
    cells: Cells, theta: Theta, effects: LeverEffects, first_total: Array | None = None
) -> tuple[Array, Array]:
    """Return stocks (D, T + 1, G), the start first, and entrants (D, T, G).

    ``first_total`` (D,) is the flow weight of the first year that stands for ``turnover``; without
    it that of the levers in force.
    """
    weights = weights_of(cells, theta, effects)
    total = weights[:, 0].sum(axis=-1) if first_total is None else first_total
    arriving = entrants(weights, total, theta.turnover, theta.growth)
    stock = stocks(start_stocks(theta.start_logit), arriving, leaving(theta, effects))
    return stock, arriving


def group_stay(cells: Cells, group: int, tier_stay: Array, effects: LeverEffects) -> Array:
    r"""Return the stay rate of a group over the years of its cells, (D,).

    :math:`\sum_{tc} n_{tc} p_{tc} / \sum_{tc} n_{tc}`, weighted by doctorates.
    """
    own = cells.of_group(group)
    people = own.people * (effects.inflow @ own.member.T)
    return np.asarray((staying(own, tier_stay, effects) * people).sum((1, 2)) / people.sum())
