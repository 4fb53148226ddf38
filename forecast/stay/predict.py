"""Stay rates of any cells from a posterior, without compiling a model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse
from scipy.special import expit

from forecast.stay.design import design_matrix, duration_basis
from forecast.stay.posterior import SAMPLE, flat_latents
from forecast.stay.terms import structure
from forecast.study import Study

CELL_DIMS = ("origin", "field", "cohort")


def cell_rates(posterior: xr.Dataset, study: Study, cells: pd.DataFrame) -> np.ndarray:
    """Return p = expit(A x - B step) for cells, (chain, draw, cell).

    ``cells`` has columns definition, origin, field, cohort, years_since.
    """
    p = _by_cell(posterior, study, cells)
    return np.ascontiguousarray(p.T).reshape(*_sample_sizes(posterior), len(cells))


def _by_cell(posterior: xr.Dataset, study: Study, cells: pd.DataFrame) -> np.ndarray:
    """Return the rates of cells as (cell, sample): the layout that sparse products want."""
    terms = structure(study)
    x = flat_latents(posterior, terms)
    step = posterior["duration_step"].transpose(*SAMPLE, "knot").to_numpy().astype(float)
    design = design_matrix(terms, cells, study.stay.shocks)
    basis = duration_basis(terms.knots, cells["years_since"].to_numpy(float))
    eta = design @ np.ascontiguousarray(x.reshape(-1, x.shape[-1]).T)
    eta -= basis @ step.reshape(-1, step.shape[-1]).T
    return np.asarray(expit(eta, out=eta))


def _sample_sizes(posterior: xr.Dataset) -> tuple[int, ...]:
    return tuple(posterior.sizes[dim] for dim in SAMPLE)


def row_rates(
    posterior: xr.Dataset, study: Study, cells: pd.DataFrame, operator: sparse.csr_matrix
) -> np.ndarray:
    """Return the model rate of each row, W p, (chain, draw, row)."""
    rates = operator @ _by_cell(posterior, study, cells)
    return np.ascontiguousarray(rates.T).reshape(*_sample_sizes(posterior), len(rates))


def reference_rates(
    posterior: xr.Dataset, study: Study, years_since: float, cohorts: Sequence[int]
) -> xr.DataArray:
    """Return stay rates under the reference definition, (chain, draw, origin, field, cohort)."""
    spec = study.evidence
    coords: dict[str, list[Any]] = {
        "origin": list(spec.all_origins),
        "field": list(spec.fields),
        "cohort": list(cohorts),
    }
    grid: pd.MultiIndex = pd.MultiIndex.from_product(list(coords.values()), names=list(coords))
    cells = grid.to_frame(index=False).assign(
        definition=study.stay.reference, years_since=float(years_since)
    )
    p = cell_rates(posterior, study, cells)
    shape = (*p.shape[:2], *[len(labels) for labels in coords.values()])
    sample = {dim: posterior[dim].to_numpy() for dim in SAMPLE}
    return xr.DataArray(
        p.reshape(shape), {**sample, **coords}, (*SAMPLE, *coords), name="stay_rate"
    )


def aggregate_rates(rates: xr.DataArray, sizes: xr.DataArray, study: Study) -> xr.DataArray:
    """Return stay rates with all origins together and with the groups of fields.

    sum_of n[o, f, c] p[o, f, c] / sum_of n[o, f, c] over the origins and fields of a label.
    """
    sets = study.evidence.field_sets
    weights = sizes.sel(cohort=rates["cohort"])
    fields = xr.DataArray(
        [[float(f in members) for f in study.evidence.fields] for members in sets.values()],
        {"label": list(sets), "field": list(study.evidence.fields)},
    )
    people = xr.dot(weights, fields, dim="field")
    stayed = xr.dot(rates * weights, fields, dim="field")
    alone = (stayed / people).where(people > 0)
    everyone = (stayed.sum("origin") / people.sum("origin")).expand_dims(origin=["ALL"])
    both = xr.concat([alone, everyone], dim="origin").rename(label="field")
    return both.transpose(*SAMPLE, "origin", "field", "cohort")
