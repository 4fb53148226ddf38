"""Attribution of change: what each lever adds to the difference between two scenarios."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.errors import RunError
from forecast.share.flows import shares
from forecast.share.model import BASELINE, ShareModel
from forecast.share.scenario import in_words
from forecast.share.shapley import shapley, subsets
from forecast.study import Lever, Scenario

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

REPLACED, SUM = "replaced entrants", "all together"


def attribute_change(
    model: ShareModel,
    second: Scenario,
    group: str,
    year: int,
    first: Scenario = BASELINE,
    prob: float = 0.9,
) -> pd.DataFrame:
    r"""Return what each lever adds to the change of a share from one scenario to another.

    Shapley values over the levers that the two do not have in common: the mean, over all orders of
    moving them, of what a lever changes when its turn comes. On each draw they add up to the
    change of that draw, and on the median to the change of the median.

    Parameters
    ----------
    model
        A calibrated workforce.
    second, first
        The scenarios; a lever that only ``first`` has is taken out.
    group, year
        Whose share, and when.
    prob
        Of the interval.

    Returns
    -------
    pd.DataFrame
        A row for each lever and one for all together; columns: lever, of_median (the part of the
        change of the median), mean, lower, upper (over draws, equal-tailed), prob, kind ("eti"),
        all in points of the share, [-1, 1]. Draws of scenarios that refit history come from
        calibrations of their own, so their intervals hold that noise too.

    Raises
    ------
    RunError
        If the scenarios do not differ, or have more than ten levers not in common.

    References
    ----------
    Shorrocks (2013), Decomposition procedures for distributional analysis, doi
    10.1007/s10888-011-9214-z.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> fewer = Lever(lever="inflow", group="north", multiplier=0.5)
    >>> more = Lever(lever="exit_rate", group="north", multiplier=2.0)
    >>> bad = Scenario(label="Bad", reason="An example.", levers=(fewer, more))
    >>> table = attribute_change(share_model(example_inputs(), 1, steps=12), bad, "north", 2028)
    >>> table["lever"].tolist()
    ['inflow of north times 0.5', 'exit_rate of north times 2', 'all together']
    """
    players = _players(first, second)
    share = {
        coalition: _share(model, _mixture(first, second, players, coalition), group, year)
        for coalition in subsets(list(players))
    }
    by_draw = shapley(share, list(players))
    median = {coalition: np.median(values) for coalition, values in share.items()}
    of_median = {name: float(part) for name, part in shapley(median, list(players)).items()}
    by_draw[SUM] = share[frozenset(players)] - share[frozenset()]
    of_median[SUM] = float(median[frozenset(players)] - median[frozenset()])
    tails = [(1 - prob) / 2, (1 + prob) / 2]
    rows = [
        (name, of_median[name], float(part.mean()), *np.quantile(part, tails).tolist(), prob, "eti")
        for name, part in by_draw.items()
    ]
    columns = ["lever", "of_median", "mean", "lower", "upper", "prob", "kind"]
    return pd.DataFrame(rows, columns=columns)


def _players(first: Scenario, second: Scenario) -> dict[str, tuple[Lever, ...]]:
    """Return what the scenarios do not have in common, by its words: levers that say the same."""
    mine, yours = _dated(first), _dated(second)
    differing = [one for one in (*mine, *yours) if one not in mine or one not in yours]
    players: dict[str, tuple[Lever, ...]] = {}
    for lever in differing:
        players[in_words(lever)] = (*players.get(in_words(lever), ()), lever)
    if first.replaced != second.replaced:
        players[REPLACED] = ()
    if not players:
        raise RunError("an attribution needs two scenarios that differ; got two that do not.")
    return players


def _mixture(
    first: Scenario,
    second: Scenario,
    players: dict[str, tuple[Lever, ...]],
    coalition: frozenset[str],
) -> Scenario:
    """Return the first scenario with the players of a coalition as in the second."""
    mine, yours = _dated(first), _dated(second)
    kept = [one for one in mine if one in yours or not _of(players, one) & coalition]
    new = [one for one in yours if one not in mine and _of(players, one) & coalition]
    replaced = second.replaced if REPLACED in coalition else first.replaced
    label = " + ".join(sorted(coalition)) or "none"
    return Scenario(label=label, reason="A mixture.", replaced=replaced, levers=(*kept, *new))


def _of(players: dict[str, tuple[Lever, ...]], lever: Lever) -> set[str]:
    return {name for name, levers in players.items() if lever in levers}


def _dated(scenario: Scenario) -> Sequence[Lever]:
    """Return the levers with the history of their scenario."""
    return [
        one.model_copy(update={"history": one.history or scenario.history})
        for one in scenario.levers
    ]


def _share(model: ShareModel, scenario: Scenario, group: str, year: int) -> Array:
    names, start = model.grid.groups, model.inputs.spec.start
    if group not in names:
        raise RunError(f"group is one of {', '.join(names)}; got {group!r}. Choose one of them.")
    if not start <= year <= model.settings.until:
        raise RunError(f"year is one of {start} to {model.settings.until}; got {year}. Choose one.")
    stock = model.flows(scenario).stock[:, year - start]
    return np.asarray(shares(stock)[:, names.index(group)])
