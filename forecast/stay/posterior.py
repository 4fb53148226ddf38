"""Latents by name: between the flat vector of the design matrix and labelled variables."""

import numpy as np
import xarray as xr

from forecast.stay.design import latent_slices
from forecast.stay.terms import Scale, Structure, Term, Trend, Walk, free_cohorts, latent_dims
from forecast.study import frozen

SAMPLE = ("chain", "draw")


def named_latents(flat: np.ndarray, structure: Structure) -> dict[str, xr.DataArray]:
    """Return each term's values with its dims from flat latents (chain, draw, latent).

    Pinned cohorts, which have no latent, are zero.
    """
    places = latent_slices(structure)
    return {t.name: _named(flat[..., places[t.name]], t) for t in structure.terms}


def _named(flat: np.ndarray, term: Term) -> xr.DataArray:
    dims = latent_dims(term)
    shape = [len(dim.labels) for dim in dims]
    coords = {dim.name: list(dim.labels) for dim in dims}
    if isinstance(term, Walk | Trend):
        values = np.zeros((*flat.shape[:2], *shape))
        values[..., free_cohorts(term)] = flat.reshape(*flat.shape[:2], *shape[:-1], -1)
    else:
        values = flat.reshape(*flat.shape[:2], *shape)
    return xr.DataArray(values, coords=coords, dims=(*SAMPLE, *[dim.name for dim in dims]))


def flat_latents(posterior: xr.Dataset, structure: Structure) -> np.ndarray:
    """Return the flat latents (chain, draw, latent) of a posterior with named terms."""
    return np.concatenate([_flat(posterior[t.name], t) for t in structure.terms], axis=-1)


def _flat(values: xr.DataArray, term: Term) -> np.ndarray:
    array = values.transpose(*SAMPLE, *[dim.name for dim in latent_dims(term)]).to_numpy()
    if isinstance(term, Walk | Trend):
        array = array[..., free_cohorts(term)]
    return array.reshape(*array.shape[:2], -1).astype(float)


def log_prior(posterior: xr.Dataset, scales: tuple[Scale, ...]) -> xr.Dataset:
    """Return the log prior density of each top-level parameter, for prior sensitivity."""
    return xr.Dataset(
        {s.name: xr.apply_ufunc(frozen(s.prior).logpdf, posterior[s.name]) for s in scales}
    )
