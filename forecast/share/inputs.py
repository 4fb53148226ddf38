"""What the share model is given: stay draws, doctorates, the workforce table, the study's part."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from forecast.errors import EvidenceError, StudyError
from forecast.evidence.findings import FIRST_LINE
from forecast.share.parameters import layout
from forecast.share.workforce import workforce_faults
from forecast.study import ShareSpec, Study

STAY_DIMS = ("chain", "draw", "origin", "field", "cohort")
DIMS = {
    "stay": STAY_DIMS,
    "sizes": STAY_DIMS[2:],
    "domestic": STAY_DIMS[3:],
    "departure": ("chain", "draw", "group"),
}
HELD_OVER = 3  # years whose mean stands for all later ones


@dataclass(frozen=True)
class WorkforceInputs:
    """The checked inputs of a projection.

    ``stay``: stay rates at entry, dims (chain, draw, origin, field, cohort); ``sizes`` and
    ``domestic``: doctorates, persons, dims (origin, field, cohort) and (field, cohort), held
    after the last published year; ``departure``: the part of a group that leaves the country in a
    later year, dims (chain, draw, group); ``evidence``: the workforce table; ``spec``: the study's
    part; ``last_published``: the last year of published doctorates; ``shocks``: the table of dated
    events, if the study names one. Origins and fields are those that the groups and the field
    weights name.
    """

    stay: xr.DataArray
    sizes: xr.DataArray
    domestic: xr.DataArray
    departure: xr.DataArray
    evidence: pd.DataFrame
    spec: ShareSpec
    last_published: int
    shocks: pd.DataFrame | None = None

    @property
    def draws(self) -> int:
        """The number of draws, of all chains together."""
        return int(self.stay.sizes["chain"] * self.stay.sizes["draw"])

    @property
    def last_evidence(self) -> int:
        """The last year of share evidence, the start if there is none."""
        years = self.evidence.loc[self.evidence["quantity"].eq("share"), "year"]
        return int(max([self.spec.start, *years]))


def workforce_inputs(
    study: Study,
    stay: xr.DataArray,
    sizes: xr.DataArray,
    domestic: xr.DataArray,
    evidence: pd.DataFrame,
    departure: xr.DataArray | None = None,
    shocks: pd.DataFrame | None = None,
) -> WorkforceInputs:
    """Check that the inputs of a projection fit each other, and cut them to what is needed.

    Parameters
    ----------
    study
        A study with ``[share]``.
    stay
        Draws of the stay rate ``entry_years_since`` years after the doctorate under the reference
        definition, in [0, 1], dims (chain, draw, origin, field, cohort).
    sizes, domestic
        Doctorates, persons, dims (origin, field, cohort) and (field, cohort).
    evidence
        The checked workforce table: quantity, series, group, year, year_from, value, n.
    departure
        Part of each group that leaves the country in a later year, net of returns, dims (chain,
        draw, group), see ``departures``; nobody if not given.
    shocks
        Dated events that levers may name: shock, date_start, date_end.

    Raises
    ------
    StudyError
        If the study has no ``[share]``.
    EvidenceError
        With every misfit, one sentence each.

    Examples
    --------
    >>> from forecast.evidence import cell_sizes, checked_table, domestic_sizes
    >>> from forecast.study import load_study
    >>> study = load_study("china_ai_2030")
    >>> sizes, home = cell_sizes(study), domestic_sizes(study)
    >>> stay = xr.full_like(sizes, 0.8).expand_dims(chain=2, draw=50)
    >>> table = checked_table(study.share.evidence, "workforce", study.folder)
    >>> workforce_inputs(study, stay, sizes, home, table).last_published
    2023
    """
    if study.share is None:
        raise StudyError(f"a workforce needs [share]; got {study.name} without. Add the table.")
    spec = study.share
    arrays = {"stay": stay, "sizes": sizes, "domestic": domestic}
    arrays |= {} if departure is None else {"departure": departure}
    faults = _dim_faults(arrays)
    if not faults:
        faults = _label_faults(spec, arrays)
        faults += _value_faults(spec, stay, sizes, domestic)
        faults += [] if departure is None else _departure_faults(departure, stay)
        faults += _year_faults(evidence, _common_cohorts(stay, sizes, domestic))
    faults += workforce_faults(evidence, spec)
    if faults:
        listed = "\n  ".join(faults)
        raise EvidenceError(f"workforce of {study.name}: {len(faults)} faults.\n  {listed}")
    cohorts = _common_cohorts(stay, sizes, domestic)
    cells_home = {"field": list(spec.field_weights), "cohort": cohorts}
    cells = {"origin": [o for g in spec.groups.values() for o in g.origins]} | cells_home
    return WorkforceInputs(
        stay.transpose(*STAY_DIMS).sel(cells),
        hold_doctorates_after_last_published(sizes.transpose(*STAY_DIMS[2:]).sel(cells)),
        hold_doctorates_after_last_published(domestic.transpose(*STAY_DIMS[3:]).sel(cells_home)),
        nobody_leaves(stay, spec) if departure is None else departure.sel(group=list(spec.groups)),
        evidence.reset_index(drop=True),
        spec,
        last_moving_year(sizes),
        shocks,
    )


def hold_doctorates_after_last_published(
    sizes: xr.DataArray, last_published: int | None = None
) -> xr.DataArray:
    """Hold doctorates after the last published year at the mean of the last three years.

    ``sizes`` has a dim ``cohort`` and any others, persons. Without ``last_published`` the run of
    equal years at the end is taken for unpublished ones, as the table of sizes fills them.

    Examples
    --------
    >>> years = {"cohort": [2019, 2020, 2021, 2022, 2023]}
    >>> sizes = xr.DataArray([10.0, 12.0, 14.0, 19.0, 19.0], years, ["cohort"])
    >>> hold_doctorates_after_last_published(sizes).values.tolist()
    [10.0, 12.0, 14.0, 19.0, 15.0]
    """
    years = sizes["cohort"]
    last = last_moving_year(sizes) if last_published is None else last_published
    recent = sizes.where((years > last - HELD_OVER) & (years <= last)).mean("cohort")
    return sizes.where(years <= last, recent).transpose(*sizes.dims)


def nobody_leaves(stay: xr.DataArray, spec: ShareSpec) -> xr.DataArray:
    """Return departures of zero, dims (chain, draw, group)."""
    none = xr.zeros_like(stay.isel(origin=0, field=0, cohort=0, drop=True))
    return none.expand_dims(group=list(spec.groups)).transpose("chain", "draw", "group")


def last_moving_year(sizes: xr.DataArray) -> int:
    """Return the last year in which a size differs from the year before, the first if none."""
    others = [dim for dim in sizes.dims if dim != "cohort"]
    moved = (sizes != sizes.shift(cohort=1)).any(others)
    return int(sizes["cohort"].values[np.flatnonzero(moved.values)[-1]])


def _common_cohorts(*arrays: xr.DataArray) -> list[int]:
    cohorts = set.intersection(*(set(array["cohort"].values.tolist()) for array in arrays))
    return sorted(cohorts)


def _year_faults(evidence: pd.DataFrame, cohorts: list[int]) -> list[str]:
    """Name the stay rows whose year is no cohort."""
    years = evidence.loc[evidence["quantity"].eq("stay"), "year"].astype(int)
    span = f"{cohorts[0]} to {cohorts[-1]}" if cohorts else "none"
    return [
        f"line {i}: a stay rate is of a cohort of the study, {span}; got {year}. Leave it out."
        for i, year in zip(
            np.flatnonzero(evidence["quantity"].eq("stay")) + FIRST_LINE, years, strict=True
        )
        if year not in cohorts
    ]


def _dim_faults(arrays: dict[str, xr.DataArray]) -> list[str]:
    return [
        f"{name} has dims {', '.join(DIMS[name])}; got {array.dims}. Rename or select."
        for name, array in arrays.items()
        if set(array.dims) != set(DIMS[name])
    ]


def _label_faults(spec: ShareSpec, arrays: dict[str, xr.DataArray]) -> list[str]:
    """Name the origins, fields and years that an array lacks, and origins of two groups."""
    origins = [o for group in spec.groups.values() for o in group.origins]
    wanted: dict[str, Iterable[object]] = {
        "origin": origins,
        "field": spec.field_weights,
        "cohort": range(spec.start + 1, spec.until + 1),
        "group": spec.groups,
    }
    faults = []
    for name, array in arrays.items():
        for dim, labels in wanted.items():
            missing = [x for x in labels if dim in array.dims and x not in array[dim].values]
            if missing:
                faults.append(f"{name} covers each {dim} of [share]; got none of {missing}.")
    twice = sorted({o for o in origins if origins.count(o) > 1})
    if twice:
        faults.append(f"an origin belongs to one group; got {twice} in two. Take one out.")
    return faults


def _value_faults(
    spec: ShareSpec, stay: xr.DataArray, sizes: xr.DataArray, domestic: xr.DataArray
) -> list[str]:
    faults = []
    draws, enough = stay.sizes["chain"] * stay.sizes["draw"], 4 * layout(spec).size
    if draws < enough:
        faults.append(f"stay has at least {enough} draws; got {draws}. Draw more.")
    if not bool(((stay >= 0) & (stay <= 1)).all()):
        faults.append("stay rates lie in [0, 1]; got others or none. Check the posterior.")
    for name, array in (("sizes", sizes), ("domestic", domestic)):
        if not bool(((array >= 0) & np.isfinite(array)).all()):
            faults.append(f"{name} are finite and not negative; got others. Check the table.")
    if not float(domestic.sum()) > 0:
        faults.append("domestic doctorates are above zero in all; got none. Check the table.")
    return faults


def _departure_faults(departure: xr.DataArray, stay: xr.DataArray) -> list[str]:
    draws = {dim: stay.sizes[dim] for dim in ("chain", "draw")}
    got = {dim: departure.sizes[dim] for dim in draws}
    if got != draws:
        return [f"departures have the draws of stay, {draws}; got {got}. Take the same draws."]
    if not bool((np.isfinite(departure) & (departure <= 1)).all()):
        return ["departures are finite and at most 1; got others. Check the posterior."]
    return []
