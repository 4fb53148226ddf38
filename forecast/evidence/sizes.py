"""Cell sizes: how many people stand behind each origin, field and cohort of a study."""

from collections.abc import Mapping, Sequence

import pandas as pd
import xarray as xr

from forecast.errors import EvidenceError
from forecast.evidence.tables import checked_table
from forecast.study import Study


def cell_sizes(study: Study) -> xr.DataArray:
    """Return the sizes of a study's cells, dims (origin, field, cohort).

    Origins that the table lists and the study does not are summed into the study's rest. Cohorts
    before the first and after the last published year take the nearest year: they weight
    aggregates, they forecast nothing.

    Raises
    ------
    EvidenceError
        If the table breaks a rule, or lists no people of an origin or field of the study.
    """
    spec = study.evidence
    table = checked_table(spec.sizes, "sizes", study.folder)
    _require(table, {"origin": spec.origins, "field": spec.fields}, spec.sizes)
    origin = table["origin"].where(table["origin"].isin(list(spec.origins)), spec.rest)
    table = table.assign(origin=origin, year=table["year"].astype(int)).dropna(subset=["origin"])
    cube = _cube(table[table["field"].isin(list(spec.fields))], ["origin", "field", "year"])
    cube = cube.reindex(origin=list(spec.all_origins), field=list(spec.fields), fill_value=0.0)
    return _over_years(cube, list(spec.years))


def domestic_sizes(study: Study) -> xr.DataArray:
    """Return the domestic doctorates of a study's workforce, dims (field, cohort).

    Raises
    ------
    ValueError
        If the study has no workforce.
    EvidenceError
        If the table breaks a rule, or lists no people of a field that counts.
    """
    if study.share is None:
        raise ValueError("domestic sizes belong to a study with [share]")
    fields = list(study.evidence.fields)
    table = checked_table(study.share.domestic, "domestic", study.folder)
    _require(table, {"field": tuple(study.share.field_weights)}, study.share.domestic)
    cube = _cube(table.assign(year=table["year"].astype(int)), ["field", "year"])
    return _over_years(cube.reindex(field=fields, fill_value=0.0), list(study.evidence.years))


def _require(table: pd.DataFrame, labels: Mapping[str, Sequence[str]], name: str) -> None:
    """Refuse a table of sizes that does not list a label of the study at all."""
    faults = [
        f"{column} {label!r}"
        for column, known in labels.items()
        for label in known
        if label not in set(table[column])
    ]
    if faults:
        rule = "a table of sizes lists each origin and field of the study"
        raise EvidenceError(f"{rule}; got no {', '.join(faults)} in {name}. Add the rows.")


def _cube(table: pd.DataFrame, keys: list[str]) -> xr.DataArray:
    sums = table.groupby(keys, sort=True)["n"].sum()
    return xr.DataArray.from_series(sums).fillna(0.0).astype(float)


def _over_years(sizes: xr.DataArray, cohorts: list[int]) -> xr.DataArray:
    """Take each cohort from its own year, or from the nearest published one."""
    taken = sizes.sel(year=cohorts, method="nearest")
    return taken.rename(year="cohort").assign_coords(cohort=cohorts)
