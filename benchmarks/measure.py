"""What draws are worth: effective sample sizes, R-hat, and their distance from the truth."""

from collections.abc import Callable

import arviz_stats as azs
import numpy as np
import xarray as xr

from benchmarks.contender import Draws

PROB = 0.9  # of the equal-tailed interval
SLICE = 1000  # quantities a call: bounds the memory that ranks take
DIMS = ("chain", "draw", "quantity")


def measure(draws: Draws, p_true: np.ndarray) -> dict[str, float]:
    """Return the figures of a fit by the names that a row of the results gives them."""
    scales = np.stack(list(draws.scales.values()), axis=-1)
    tail = (1 - PROB) / 2
    lower, upper = np.quantile(draws.cells, [tail, 1 - tail], axis=(0, 1))
    mean = draws.cells.mean(axis=(0, 1))
    return {
        "chains": draws.cells.shape[0],
        "draws": draws.cells.shape[0] * draws.cells.shape[1],
        "ess_scales": float(bulk_ess(scales).min()),
        "ess_cells": float(bulk_ess(draws.cells).min()),
        "rhat": float(worst_rhat(scales)),
        "rmse": float(np.sqrt(np.mean((mean - p_true) ** 2))),
        "coverage": float(np.mean((lower <= p_true) & (p_true <= upper))),
    }


def bulk_ess(values: np.ndarray) -> np.ndarray:
    """Return the bulk effective sample size of each quantity of (chain, draw, quantity)."""
    return _each(values, lambda data: azs.ess(data, method="bulk"))


def worst_rhat(values: np.ndarray) -> float:
    """Return the largest rank-normalised R-hat of (chain, draw, quantity)."""
    return float(_each(values, azs.rhat).max())


def _each(values: np.ndarray, function: Callable[[xr.Dataset], xr.Dataset]) -> np.ndarray:
    parts = [
        np.asarray(function(xr.Dataset({"x": (DIMS, values[..., at : at + SLICE])}))["x"])
        for at in range(0, values.shape[-1], SLICE)
    ]
    return np.concatenate(parts)
