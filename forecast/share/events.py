"""Events: what holds or not in each draw and year, and how probable that is."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import xarray as xr

from forecast.errors import RunError
from forecast.share.diagnostics import indicator_mcse

DIMS = ("chain", "draw", "year")


class Probability(NamedTuple):
    """A probability and its Monte Carlo standard error."""

    value: float
    mcse: float


def shares_of(projection: xr.Dataset, group: str, scenario: str) -> xr.DataArray:
    """Return the shares (chain, draw, year) of a group in a scenario, years in order.

    Raises
    ------
    RunError
        If the projection has no such group or scenario.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN"]}
    >>> share = xr.DataArray([[[[[0.4]]]]], labels, ("chain", "draw", *labels))
    >>> shares_of(xr.Dataset({"share": share}), "CHN", "baseline").dims
    ('chain', 'draw', 'year')
    """
    refuse_unknown(projection, "group", group)
    refuse_unknown(projection, "scenario", scenario)
    share = projection["share"].sel({"group": group, "scenario": scenario}, drop=True)
    return share.transpose(*DIMS).sortby("year")


def bound_of(at_most: float | None, at_least: float | None) -> tuple[str, float]:
    """Return which bound is asked for, and its value.

    Raises
    ------
    RunError
        If both are given or neither, or it is no number.

    Examples
    --------
    >>> bound_of(at_most=None, at_least=0.25)
    ('at_least', 0.25)
    """
    name, bound = _the_one({"at_most": at_most, "at_least": at_least})
    if math.isnan(bound):
        raise RunError(f"{name} is a number; got nan. Write 0.25 for 25 %.")
    return name, bound


def within(share: xr.DataArray, name: str, bound: float) -> xr.DataArray:
    """Return whether a share keeps to a bound: "at_most" or "at_least", the bound included.

    Examples
    --------
    >>> within(xr.DataArray([0.2, 0.25, 0.3]), "at_most", 0.25).values.tolist()
    [True, True, False]
    """
    return share <= bound if name == "at_most" else share >= bound


def forecast_years(projection: xr.Dataset) -> list[int]:
    """Return the years after the last share evidence, all years where none is noted.

    A passage is counted from there: what the share was in a year with evidence is no forecast.

    Examples
    --------
    >>> forecast_years(
    ...     xr.Dataset(coords={"year": [2021, 2022, 2023]}, attrs={"last_evidence": 2022})
    ... )
    [2023]
    """
    years = [int(year) for year in sorted(projection["year"].values)]
    return [year for year in years if year > projection.attrs.get("last_evidence", years[0] - 1)]


def event_probability(
    event: xr.DataArray, years: list[int], year: int | None, by: int | None
) -> Probability:
    """Return how probable it is that an event holds in a year, or in any year up to one.

    ``event`` (chain, draw, year) is true or false. ``year``: in that year. ``by``: in that year or
    in any of ``years`` before it.

    Raises
    ------
    RunError
        If both are given or neither, or the event has no such year.

    Examples
    --------
    >>> dip = xr.DataArray([[[False, True, False]]] * 2, {"year": [2028, 2029, 2030]}, DIMS)
    >>> event_probability(dip, [2029, 2030], year=2030, by=None).value
    0.0
    >>> event_probability(dip, [2029, 2030], year=None, by=2030).value
    1.0
    """
    name, asked = _the_one({"year": year, "by": by})
    if name == "year":
        refuse_unknown(event, "year", asked)
        return mean_of(event.sel(year=asked))
    if asked not in years:
        span = f"{years[0]} to {years[-1]}"
        raise RunError(f"by is a year after the evidence, {span}; got {asked!r}. Choose one.")
    return mean_of(event.sel(year=[one for one in years if one <= asked]).any("year"))


def mean_of(event: xr.DataArray) -> Probability:
    """Return the part of the draws (chain, draw) in which an event holds, with its error.

    Examples
    --------
    >>> mean_of(xr.DataArray([[True] * 4], dims=("chain", "draw"))).value
    1.0
    """
    values = event.transpose("chain", "draw").values
    return Probability(float(values.mean()), indicator_mcse(values))


def refuse_unknown(draws: xr.Dataset | xr.DataArray, dim: str, label: object) -> None:
    """Raise a RunError unless ``label`` stands along ``dim``.

    Examples
    --------
    >>> refuse_unknown(xr.DataArray([0, 0], {"year": [2029, 2030]}), "year", 2030)
    """
    known = draws[dim].values.tolist()
    if label not in known:
        shown = f"{known[0]} to {known[-1]}" if dim == "year" else ", ".join(map(str, known))
        raise RunError(f"{dim} is one of {shown}; got {label!r}. Choose one of them.")


def _the_one[T](choices: Mapping[str, T | None]) -> tuple[str, T]:
    """Return the name and value of the one argument that is given."""
    given = [(name, value) for name, value in choices.items() if value is not None]
    if len(given) != 1:
        names, got = " and ".join(choices), "both" if given else "neither"
        way = "Leave one out." if given else "Give one of them."
        raise RunError(f"exactly one of {names} is given; got {got}. {way}")
    return given[0]
