"""Small hand-made projections, for the tests of answers."""

import numpy as np
import xarray as xr

DIMS = ("chain", "draw", "scenario", "year", "group")


def projection_of(values: np.ndarray, groups: list[str] | None = None) -> xr.Dataset:
    """Return a projection of shares: scenarios s0, s1, ..., years from 2020, groups g0, g1, ..."""
    labels = {
        "scenario": [f"s{i}" for i in range(values.shape[2])],
        "year": 2020 + np.arange(values.shape[3]),
        "group": groups or [f"g{i}" for i in range(values.shape[4])],
    }
    return xr.Dataset({"share": xr.DataArray(values, labels, DIMS)})
