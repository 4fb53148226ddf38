"""Scenarios: what their levers do to each flow in each year."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from forecast.errors import StudyError
from forecast.share.change import Change, no_change
from forecast.share.grid import Grid, grid_of
from forecast.share.lever_years import Dates, strength
from forecast.study import EVERYBODY, FOREIGN, Lever, Scenario, ShareSpec

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class LeverEffects:
    """What the levers of a scenario do in each year: to cells (T, C), or to groups (T, G).

    ``stay`` and ``inflow``: of cells; ``exits`` and ``direct``: of groups; a path of ``inflow`` is
    the sum of its ``block``, which says for each year and cell which lever sets it, -1 where none
    does. ``replaced``: the part of the entrants lost in whose place others come.
    """

    years: tuple[int, ...]
    stay: Change
    inflow: Change
    exits: Change
    direct: Change
    block: Array
    replaced: float = 0.0

    def during(self, years: range) -> "LeverEffects":
        """Return the effects in some of the years."""
        rows = [self.years.index(year) for year in years]
        return replace(
            self,
            years=tuple(years),
            stay=self.stay.during(rows),
            inflow=self.inflow.during(rows),
            exits=self.exits.during(rows),
            direct=self.direct.during(rows),
            block=self.block[rows],
        )

    def of_draws(self, draws: np.ndarray) -> "LeverEffects":
        """Return the effects of some draws."""
        return replace(
            self,
            stay=self.stay.of_draws(draws),
            inflow=self.inflow.of_draws(draws),
            exits=self.exits.of_draws(draws),
            direct=self.direct.of_draws(draws),
        )

    def of_cells(self, cells: np.ndarray) -> "LeverEffects":
        """Return the effects with some of the cells."""
        stay, inflow = self.stay.of_columns(cells), self.inflow.of_columns(cells)
        return replace(self, stay=stay, inflow=inflow, block=self.block[:, cells])

    def with_change(self, flow: str, change: Change) -> "LeverEffects":
        """Return the effects with another change of one flow."""
        match flow:
            case "stay":
                return replace(self, stay=change)
            case "inflow":
                return replace(self, inflow=change)
            case "exits":
                return replace(self, exits=change)
        return replace(self, direct=change)


FLOW_OF = {
    "stay_rate": "stay",
    "inflow": "inflow",
    "domestic_inflow": "inflow",
    "exit_rate": "exits",
    "direct_arrivals": "direct",
}


def no_effects(years: range, grid: Grid) -> LeverEffects:
    """Return the effects of no lever at all.

    Examples
    --------
    >>> from forecast.share.example import example_spec
    >>> from forecast.share.grid import grid_of
    >>> no_effects(range(2020, 2022), grid_of(example_spec())).exits.is_none
    True
    """
    cells, groups = no_change(len(years), grid.size), no_change(len(years), len(grid.groups))
    none = np.full((len(years), grid.size), -1.0)
    return LeverEffects(tuple(years), cells, cells, groups, groups, none)


def lever_effects(
    scenario: Scenario, spec: ShareSpec, years: range, keep_until: int, dates: Dates | None = None
) -> LeverEffects:
    """Return what a scenario does in each of ``years``; a kept history ends with ``keep_until``.

    ``dates``: first and last year of each shock that a lever may name.

    Raises
    ------
    StudyError
        If a lever does not fit the workforce, names an unknown shock, or never acts.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> study = load_study("china_ai_2030")
    >>> years, article = range(2018, 2026), study.scenarios["article"]
    >>> lever_effects(article, study.share, years, 2022).stay.path[:, 0].round(3).tolist()
    [0.85, 0.795, 0.74, 0.685, 0.63, 0.575, 0.52, 0.52]
    """
    grid = grid_of(spec)
    effects = replace(no_effects(years, grid), replaced=scenario.replaced)
    for number, lever in enumerate(scenario.levers):
        if faults := "; ".join(spec.lever_faults(lever)):
            raise StudyError(f"{faults}. Change the lever.")
        refit = (lever.history or scenario.history) == "refit"
        weight = strength(lever, years, years.start if refit else keep_until + 1, dates or {})
        columns = _columns(lever, grid)
        name = FLOW_OF[lever.lever]
        change = _with_lever(getattr(effects, name), lever, weight, columns, years)
        effects = effects.with_change(name, change)
        if name == "inflow" and lever.path is not None:
            block = effects.block.copy()
            block[np.ix_(weight > 0, columns)] = number
            effects = replace(effects, block=block)
    return effects


def path_values(path: Mapping[int, float], years: range) -> Array:
    """Return a path in each year: straight between its years, level before and after them.

    Examples
    --------
    >>> path_values({2020: 0.8, 2022: 0.6}, range(2019, 2024)).round(3).tolist()
    [0.8, 0.8, 0.7, 0.6, 0.6]
    """
    known = sorted(path)
    return np.asarray(np.interp(np.array(years), known, [path[year] for year in known]))


def describe_levers(scenario: Scenario) -> str:
    """Say in words what the levers of a scenario do.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> describe_levers(load_study("china_ai_2030").scenarios["article"])
    'stay_rate of CHN follows 2018: 0.85, 2024: 0.52; history refitted'
    """
    if not scenario.levers:
        return "no lever"
    past = "refitted" if scenario.refits else "kept"
    ends = [f"history {past}"]
    if scenario.replaced:
        ends.append(f"{scenario.replaced:.0%} of the lost entrants replaced")
    return "; ".join([*map(in_words, scenario.levers), *ends])


def in_words(lever: Lever) -> str:
    """Say in words what one lever does.

    Examples
    --------
    >>> in_words(Lever(lever="exit_rate", group="foreign", multiplier=2.0, start=2024))
    'exit_rate of foreign times 2 from 2024'
    """
    of = "" if lever.group is None else f" of {lever.group}"
    of += f" in {', '.join(lever.fields)}" if lever.fields else ""
    if lever.path is not None:
        way = "follows " + ", ".join(f"{year}: {lever.path[year]:g}" for year in sorted(lever.path))
    elif lever.hold is not None:
        way = f"stays as in {lever.hold}"
    elif lever.shift is not None:
        way = f"moves by {lever.shift:+g} on the logit scale"
    else:
        way = f"times {lever.multiplier:g}"
    when = f" from {lever.start}" if lever.start is not None else ""
    when += f" reached in {lever.ramp} years" if lever.ramp else ""
    when += f" until {lever.end}" if lever.end is not None else ""
    when += f" with {lever.shock}" if lever.shock is not None else ""
    return f"{lever.lever}{of} {way}{when}"


def _columns(lever: Lever, grid: Grid) -> np.ndarray:
    """Return the cells, or the groups, that a lever acts on."""
    groups = _groups(lever, grid)
    if FLOW_OF[lever.lever] in ("stay", "inflow"):
        return grid.cells(groups, lever.fields)
    return groups


def _groups(lever: Lever, grid: Grid) -> np.ndarray:
    match lever.group:
        case None:
            return np.array([grid.domestic])
        case str(name) if name == FOREIGN:
            return grid.foreign
        case str(name) if name == EVERYBODY:
            return np.arange(len(grid.groups))
        case name:
            return np.array([grid.groups.index(name)])


def _with_lever(
    change: Change, lever: Lever, weight: Array, columns: np.ndarray, years: range
) -> Change:
    """Return a change with a lever added to some of its columns."""
    on = np.ix_(weight > 0, columns)
    parts = {f.name: getattr(change, f.name).copy() for f in fields(change)}
    grown = weight[weight > 0][:, None]
    if lever.path is not None:
        parts["path"][on] = path_values(lever.path, years)[weight > 0][:, None]
    elif lever.hold is not None:
        parts["hold"][on] = float(lever.hold)
    elif lever.shift is not None:
        parts["shift"][on] += grown * lever.shift
    elif lever.multiplier is not None:
        parts["factor"][on] *= 1.0 + grown * (lever.multiplier - 1.0)
    return Change(**parts)
