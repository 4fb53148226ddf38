"""Cell sizes: how many people stand behind each origin, field and cohort of a study."""

import numpy as np
import pandas as pd
import xarray as xr

from forecast.evidence.tables import checked_table
from forecast.study import Study


def cell_sizes(study: Study) -> xr.DataArray:
    """Return the sizes of a study's cells, dims (origin, field, cohort).

    Origins that the table lists and the study does not are summed into the study's rest. Cohorts
    before the first and after the last published year take the nearest year: they weight
    aggregates, they forecast nothing.
    """
    spec = study.evidence
    table = checked_table(spec.sizes, "sizes", study.folder)
    origin = table["origin"].where(table["origin"].isin(list(spec.origins)), spec.rest)
    table = table.assign(origin=origin, year=table["year"].astype(int)).dropna(subset=["origin"])
    table = table[table["field"].isin(list(spec.fields))]
    return _cube(table, ["origin", "field", "year"]).reindex(
        origin=list(spec.all_origins), field=list(spec.fields), fill_value=0.0
    ).pipe(_over_years, list(spec.years))


def domestic_sizes(study: Study) -> xr.DataArray:
    """Return the domestic doctorates of a study's workforce, dims (field, cohort).

    Raises
    ------
    ValueError
        If the study has no workforce.
    """
    if study.share is None:
        raise ValueError("domestic sizes belong to a study with [share]")
    table = checked_table(study.share.domestic, "domestic", study.folder)
    table = table.assign(year=table["year"].astype(int))
    sizes = _cube(table, ["field", "year"]).reindex(field=list(study.evidence.fields), fill_value=0.0)
    return _over_years(sizes, list(study.evidence.years))


def _cube(table: pd.DataFrame, keys: list[str]) -> xr.DataArray:
    sums = table.groupby(keys, sort=True)["n"].sum()
    return xr.DataArray.from_series(sums).fillna(0.0).astype(float)


def _over_years(sizes: xr.DataArray, cohorts: list[int]) -> xr.DataArray:
    """Take each cohort from its own year, or from the nearest published one."""
    published = sizes["year"].values
    nearest = np.clip(cohorts, published.min(), published.max())
    taken = sizes.sel(year=nearest, method="nearest")
    return taken.rename(year="cohort").assign_coords(cohort=cohorts)
