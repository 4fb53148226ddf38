"""The joint log density of the stay model, read from its matrices by NumPy.

log p(x, step, scales, data) = log N(x; m, Q(scales)^-1) + log prior(scales, step)
+ sum_i log p(row i | W expit(A x - B step), scales). PyMC's density agrees with it at any point.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy import sparse
from scipy.special import expit

from forecast.stay.coordinates import LOG_2PI, Masks, mask_size
from forecast.stay.design import latent_size
from forecast.stay.likelihood import log_likelihood
from forecast.stay.model import StayModel
from forecast.stay.precision import increment_covariance, prior_mean, prior_precision
from forecast.stay.terms import Effect, Trend, Walk
from forecast.study import frozen

type Point = Mapping[str, float | np.ndarray]


def log_joint(model: StayModel, x: np.ndarray, point: Point) -> float:
    """Return the joint log density at latents ``x`` and top-level parameters ``point``.

    ``point`` has every top-level parameter of the model, the duration steps among them.
    """
    return (
        log_prior_of_latents(model, x, point)
        + log_prior_of_scales(model, point)
        + sum(log_rows(model, x, point))
    )


def log_prior_of_latents(model: StayModel, x: np.ndarray, point: Point) -> float:
    """Return log N(x; m, Q^-1)."""
    q = prior_precision(model.structure, point)
    away = x - prior_mean(model.structure)
    return float(0.5 * (_log_determinant(q) - len(x) * LOG_2PI - away @ (q @ away)))


def log_prior_of_scales(model: StayModel, point: Point) -> float:
    """Return the log prior density of the top-level parameters."""
    return float(sum(np.sum(frozen(s.prior).logpdf(point[s.name])) for s in model.top_level))


def log_rows(model: StayModel, x: np.ndarray, point: Point) -> np.ndarray:
    """Return the log density of each row."""
    p = expit(model.design @ x - model.basis @ np.asarray(point["duration_step"]))
    one = xr.Dataset(
        {
            s.name: (_dims(s.name, np.ndim(point[s.name])), np.asarray(point[s.name])[None, None])
            for s in model.scales
        }
    )
    return log_likelihood((model.operator @ p)[None, None], one, model.errors)[0, 0]


def log_volume(model: StayModel, masks: Masks, point: Point) -> float:
    """Return log |dx/dy|: how far non-centred coordinates are stretched by their scales."""
    total = 0.0
    for term in model.structure.terms:
        if isinstance(term, Effect | Walk):
            copies = latent_size(term) // mask_size(term)
            free = copies * (1 - masks[term.name]).sum()
            total += float(free * np.log(point[term.scale]))
        elif isinstance(term, Trend) and not masks[term.name].all():
            total += 0.5 * float(np.linalg.slogdet(increment_covariance(term, point))[1])
    return total


def _dims(name: str, extra: int) -> tuple[str, ...]:
    return ("chain", "draw", *[f"{name}_{i}" for i in range(extra)])


def _log_determinant(precision: sparse.csc_matrix) -> float:
    sign, value = np.linalg.slogdet(precision.toarray())
    if sign <= 0:
        raise ValueError("a prior precision is positive definite; got another matrix")
    return float(value)
