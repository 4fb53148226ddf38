"""Attribution of uncertainty: which parts of the model the variance of a share comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from forecast.errors import RunError
from forecast.share.cells import weights_of
from forecast.share.flows import shares
from forecast.share.model import BASELINE, ShareModel
from forecast.share.scenario import LeverEffects, no_effects
from forecast.share.sobol import REPLICATIONS, table, variance_shares
from forecast.share.world import Noise, World, first_years, simulate
from forecast.study import Scenario

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Pick = Mapping[str, np.ndarray]

EDGE = 1e-9  # of a stay rate, so that its logit is finite
STAY_LEVEL, STAY_TREND, LINK = "stay level", "stay trend", "definition link"
EXITS, SELECTION, START, GROWTH = "exits", "selection", "start stock", "growth"
INFLOW, FLOW_NOISE = "inflow", "flow noise"


@dataclass(frozen=True)
class Parts:
    """A world cut into components, and what it takes to answer: place of the group and the year.

    ``level``: logits of the stay rates in the last year of evidence, (D, C); ``trend``: what they
    are above it in each year, (D, T, C).
    """

    world: World
    effects: LeverEffects
    level: Array
    trend: Array
    place: tuple[int, int]

    def answer(self, pick: Pick) -> Array:
        """Return the share with each component taken from draws of its own, (n,)."""
        world = self.mixed(pick)
        stock = simulate(world, self.effects).stock[:, self.place[0]]
        return np.asarray(shares(stock)[:, self.place[1]])

    def mixed(self, pick: Pick) -> World:
        """Return a world whose components come from the picked draws."""
        whole, theta = self.world.cells, self.world.theta
        stay = expit(self.level[pick[STAY_LEVEL]][:, None] + self.trend[pick[STAY_TREND]])
        people = whole.people if len(whole.people) == 1 else whole.people[pick[INFLOW]]
        cells = replace(whole, stay=stay, people=people, departure=whole.departure[pick[EXITS]])
        mixed = replace(
            theta.of_draws(pick[EXITS]),
            tier_stay=theta.tier_stay[pick[LINK]],
            selection=theta.selection[pick[SELECTION]],
            direct_arrivals=theta.direct_arrivals[pick[SELECTION]],
            start_logit=theta.start_logit[pick[START]],
            turnover=theta.turnover[pick[GROWTH]],
            growth=theta.growth[pick[GROWTH]],
        )
        total = None if self.world.first_total is None else _first_total(World(cells, mixed))
        return World(cells, mixed, total, self._noise(pick))

    def _noise(self, pick: Pick) -> Noise | None:
        own = self.world.noise
        if own is None:
            return None
        draws = pick[FLOW_NOISE]
        return Noise(own.leavers[draws], own.entrants[draws], own.people)

    def components(self) -> list[str]:
        """Return the components that vary from draw to draw."""
        always = [STAY_LEVEL, STAY_TREND, LINK, EXITS, SELECTION, START, GROWTH]
        some = [] if len(self.world.cells.people) == 1 else [INFLOW]
        return always + some + ([] if self.world.noise is None else [FLOW_NOISE])


def attribute_uncertainty(
    model: ShareModel,
    group: str,
    year: int,
    scenario: Scenario = BASELINE,
    replications: int = REPLICATIONS,
) -> pd.DataFrame:
    """Return the parts of the variance of a share that its components bring.

    Components: stay level (stay rates of the last year of evidence), stay trend (how they go on),
    definition link (from all graduates of the field to those of the tier), exits (out of the
    tier and of the country), selection (into the tier, direct arrivals included), start stock,
    growth (turnover included), inflow (future doctorates), and flow noise where people are whole.
    Each is drawn from its own posterior, independently of the others, by pick-freeze; what their
    dependence in the posterior adds or takes has a row of its own.

    Returns
    -------
    pd.DataFrame
        Columns component, first, first_se, total, total_se, as ``table`` of Sobol indices: parts of
        the posterior variance, ``first`` adds up to one.

    Raises
    ------
    RunError
        If the group or the year is unknown, or the share does not vary.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> model = share_model(example_inputs(), 1, steps=12)
    >>> parts = attribute_uncertainty(model, "north", 2028, replications=2)
    >>> float(parts["first"].sum().round(9))
    1.0
    """
    parts = parts_of(model, group, year, scenario)
    draws, seed = model.world.draws, model.settings.seed
    return table(variance_shares(parts.answer, parts.components(), draws, seed, replications))


def parts_of(model: ShareModel, group: str, year: int, scenario: Scenario = BASELINE) -> Parts:
    """Cut the world of a scenario into components.

    Raises
    ------
    RunError
        If the group or the year is unknown.
    """
    names, start = model.grid.groups, model.inputs.spec.start
    if group not in names:
        raise RunError(f"group is one of {', '.join(names)}; got {group!r}. Choose one of them.")
    if not start < year <= model.settings.until:
        span = f"{start + 1} to {model.settings.until}"
        raise RunError(f"year is one of {span}; got {year}. Choose one of them.")
    world = first_years(model.world_of(scenario), year - start)
    known = min(max(model.inputs.last_evidence - start - 1, 0), len(world.years) - 1)
    path = logit(np.clip(world.cells.stay, EDGE, 1 - EDGE))
    level = path[:, known]
    effects = model.effects(scenario).during(world.years)
    place = (year - start, names.index(group))
    return Parts(world, effects, level, path - level[:, None], place)


def _first_total(world: World) -> Array:
    """Return the flow weight of the first year without levers, (D,)."""
    neutral = no_effects(world.years, world.cells.grid)
    return np.asarray(weights_of(world.cells, world.theta, neutral)[:, 0].sum(-1))
