"""The error model of each row, read by NumPy: log density and replicates of published rates."""

import numpy as np
import xarray as xr
from scipy import special

from forecast.stay.errors_of_rows import EDGE, CountRows, ErrorModel, RateRows
from forecast.stay.posterior import SAMPLE

type Shapes = tuple[np.ndarray, np.ndarray]


def log_likelihood(rate: np.ndarray, posterior: xr.Dataset, errors: ErrorModel) -> np.ndarray:
    """Return the log density of each row, (chain, draw, row), given model rates of that shape.

    Census rows: log beta-binomial mass of the count. Others: log beta density of the rate.
    """
    out = np.zeros_like(rate)
    counts, rates = errors.counts, errors.rates
    if len(counts.row):
        a, b = count_shapes(rate[..., counts.row], posterior, counts)
        out[..., counts.row] = (
            -np.log1p(counts.n)
            - special.betaln(counts.n - counts.stayed + 1, counts.stayed + 1)
            + special.betaln(counts.stayed + a, counts.n - counts.stayed + b)
            - special.betaln(a, b)
        )
    if len(rates.row):
        a, b = rate_shapes(rate[..., rates.row], posterior, rates)
        out[..., rates.row] = (
            special.xlogy(a - 1, rates.rate)
            + special.xlog1py(b - 1, -rates.rate)
            - special.betaln(a, b)
        )
    return out


def replicate(
    rate: np.ndarray, posterior: xr.Dataset, errors: ErrorModel, rng: np.random.Generator
) -> np.ndarray:
    """Return a replicated published rate for each draw and row, (chain, draw, row)."""
    out = np.zeros_like(rate)
    counts, rates = errors.counts, errors.rates
    if len(counts.row):
        p = rng.beta(*count_shapes(rate[..., counts.row], posterior, counts))
        out[..., counts.row] = rng.binomial(counts.n.astype(int), p) / counts.n
    if len(rates.row):
        out[..., rates.row] = rng.beta(*rate_shapes(rate[..., rates.row], posterior, rates))
    return out


def observed_rates(errors: ErrorModel) -> np.ndarray:
    """Return the observed rate of each row, as the error models see it."""
    out = np.zeros(len(errors.counts.row) + len(errors.rates.row))
    out[errors.counts.row] = errors.counts.stayed / errors.counts.n
    out[errors.rates.row] = errors.rates.rate
    return out


def count_shapes(rate: np.ndarray, posterior: xr.Dataset, rows: CountRows) -> Shapes:
    """Return the beta shapes behind census rows: mean p, correlation within the row."""
    p = np.clip(rate, EDGE, 1 - EDGE)
    within = _by_label(posterior["overdispersion"])[..., rows.which] + rows.rounding / (p * (1 - p))
    size = 1 / np.minimum(within, 1 - EDGE) - 1
    return p * size, (1 - p) * size


def rate_shapes(rate: np.ndarray, posterior: xr.Dataset, rows: RateRows) -> Shapes:
    """Return the beta shapes of rows whose rate has a density: mean p and their variance."""
    p = np.clip(rate, EDGE, 1 - EDGE)
    spread = p * (1 - p)
    variance = np.broadcast_to(rows.known, p.shape)
    if "effective_share" in posterior:
        share = posterior["effective_share"].transpose(*SAMPLE).to_numpy()
        variance = variance + spread * rows.per_person / share[..., None]
    if "source_scale" in posterior:
        scale = _by_label(posterior["source_scale"])[..., rows.which]
        variance = variance + rows.unknown * (scale * spread) ** 2
    size = np.maximum(spread / variance - 1, EDGE)
    return p * size, (1 - p) * size


def _by_label(values: xr.DataArray) -> np.ndarray:
    """Return values with their label as the last axis."""
    return values.transpose(*SAMPLE, ...).to_numpy()
