"""Facts that could be measured: what each would be worth for the forecast."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecast.share.cells import coming, staying
from forecast.share.flows import shares
from forecast.share.model import BASELINE, ShareModel
from forecast.share.scenario import no_effects
from forecast.share.worth import narrowing

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Fact = tuple[str, str, Array]


def worth_of_facts(model: ShareModel, group: str, year: int) -> pd.DataFrame:
    """Return how much the interval of a share would narrow if single facts were known.

    Facts: parameters of the share model, of each group where it has one each, and for the years
    after the evidence the mean stay rate at entry and the mean yearly doctorates of each group.

    Returns
    -------
    pd.DataFrame
        Columns fact, group (empty where there is none), share (of the variance that goes when the
        fact is known), se, width_now, width_known (of the 90 % equal-tailed interval), the most
        worthy first.

    Raises
    ------
    RunError
        If there are too few draws.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> model = share_model(example_inputs(2, 150), 1, steps=12)
    >>> worth_of_facts(model, "north", 2028).columns.tolist()[:3]
    ['fact', 'group', 'share']
    """
    start, names = model.inputs.spec.start, model.grid.groups
    stock = model.flows(BASELINE).stock[:, year - start]
    answer = shares(stock)[:, names.index(group)]
    facts = {(fact, of): draws for fact, of, draws in _facts(model) if np.ptp(draws) > 0}
    labels = {f"{fact}\t{of}": draws for (fact, of), draws in facts.items()}
    table = narrowing(answer, labels)
    both = table["fact"].str.split("\t", expand=True)
    return table.assign(fact=both[0]).assign(group=both[1])[
        ["fact", "group", "share", "se", "width_now", "width_known"]
    ]


def _facts(model: ShareModel) -> Iterator[Fact]:
    theta, cells = model.world.theta, model.world.cells
    yield "turnover", "", theta.turnover
    yield "growth", "", theta.growth
    yield "tier_stay", "", theta.tier_stay
    neutral = no_effects(cells.years, cells.grid)
    ahead = [i for i, year in enumerate(cells.years) if year > model.inputs.last_evidence]
    people = coming(cells, neutral)[:, ahead] * cells.grid.weight
    stayers = people * staying(cells, theta.tier_stay, neutral)[:, ahead]
    start = shares(np.exp(theta.start_logit))
    for g, name in enumerate(cells.grid.groups):
        own = cells.grid.cells(np.array([g]))
        yield "start_share", name, start[:, g]
        yield "exit", name, theta.exit[:, g]
        yield "selection", name, theta.selection[:, g] * (1 + theta.direct_arrivals[:, g])
        yield "inflow", name, people[:, :, own].mean((1, 2))
        whole = np.broadcast_to(people[:, :, own], stayers[:, :, own].shape).sum((1, 2))
        yield "stay_rate", name, stayers[:, :, own].sum((1, 2)) / whole
