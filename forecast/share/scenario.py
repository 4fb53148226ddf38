"""Scenarios: what their levers do to each group in each year."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecast.errors import StudyError
from forecast.study import Scenario, ShareSpec
from forecast.study.schema import Lever

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class LeverEffects:
    """What the levers of a scenario do, one number for each year and group, (T, G).

    ``stay_path``: the stay rate that replaces the group's own, NaN where none does;
    ``stay_shift``: added to the log odds of staying; ``inflow`` (doctorates of a group, domestic
    or not), ``direct_arrivals`` and ``exit_rate``: factors, 1 where nothing changes.
    """

    years: tuple[int, ...]
    stay_path: Array
    stay_shift: Array
    inflow: Array
    direct_arrivals: Array
    exit_rate: Array

    def during(self, years: range) -> "LeverEffects":
        """Return the effects in some of the years."""
        rows = [self.years.index(year) for year in years]
        names = ("stay_path", "stay_shift", "inflow", "direct_arrivals", "exit_rate")
        return replace(self, years=tuple(years), **{n: getattr(self, n)[rows] for n in names})


type Apply = Callable[[LeverEffects, Lever, int, Array], LeverEffects]


def no_effects(years: range, groups: int) -> LeverEffects:
    """Return the effects of no lever at all.

    Examples
    --------
    >>> no_effects(range(2020, 2022), 2).exit_rate.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    ones = np.ones((len(years), groups))
    return LeverEffects(tuple(years), np.nan * ones, 0 * ones, ones, ones, ones)


def lever_effects(
    scenario: Scenario, spec: ShareSpec, years: range, keep_until: int
) -> LeverEffects:
    """Return what a scenario does in each of ``years``; a kept history ends with ``keep_until``.

    Levers that share a group act in the order of the study file.

    Raises
    ------
    StudyError
        If a lever cannot act on its group.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> study = load_study("china_ai_2030")
    >>> years, article = range(2018, 2026), study.scenarios["article"]
    >>> lever_effects(article, study.share, years, 2022).stay_path[:, 0].round(3).tolist()
    [0.85, 0.795, 0.74, 0.685, 0.63, 0.575, 0.52, 0.52]
    """
    groups, effects = list(spec.groups), no_effects(years, len(spec.groups))
    first = years.start if scenario.history == "refit" else keep_until + 1
    active = np.array([year >= first for year in years])
    for lever in scenario.levers:
        if lever.lever == "stay_rate" and spec.groups[lever.group].domestic:
            advice = "Name a foreign group."
            raise StudyError(f"stay_rate acts on a foreign group; got {lever.group!r}. {advice}")
        effects = APPLY[lever.lever](effects, lever, groups.index(lever.group), active)
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
    parts = [
        f"{lever.lever} of {lever.group} follows "
        + ", ".join(f"{year}: {lever.path[year]:g}" for year in sorted(lever.path))
        for lever in scenario.levers
    ]
    past = "refitted" if scenario.history == "refit" else "kept"
    return "; ".join([*parts, f"history {past}"])


def _stay_rate(effects: LeverEffects, lever: Lever, group: int, active: Array) -> LeverEffects:
    years = range(effects.years[0], effects.years[-1] + 1)
    path = effects.stay_path.copy()
    path[:, group] = np.where(active, path_values(lever.path, years), path[:, group])
    return replace(effects, stay_path=path)


APPLY: dict[str, Apply] = {"stay_rate": _stay_rate}
