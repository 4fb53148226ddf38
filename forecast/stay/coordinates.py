"""Coordinates of the latents: where each value is sampled itself, where its innovation is.

A value that the data inform is sampled itself (centred), one they hardly inform by its
standardised innovation (non-centred). Each term maps its coordinates y to its latents x, and has
the log density of y. Written with arithmetic that arrays and PyTensor variables share, so the
sampler and the matrices of its whitening read one formula.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from forecast.stay.design import latent_size
from forecast.stay.precision import increment_covariance, levels_of
from forecast.stay.terms import Constant, Effect, Structure, Term, Trend, Walk, free_cohorts

type Values = Mapping[str, Any]
type Masks = Mapping[str, np.ndarray]
LOG_2PI = float(np.log(2 * np.pi))


def mask_size(term: Term) -> int:
    """Return the length of a term's mask: one flag a value, or one a cohort that is not pinned."""
    return len(free_cohorts(term)) if isinstance(term, Walk) else latent_size(term)


def non_centred(structure: Structure) -> dict[str, np.ndarray]:
    """Return the masks that sample every term by its innovations."""
    return {term.name: np.zeros(mask_size(term)) for term in structure.terms}


def centred_values(term: Term, mask: np.ndarray) -> np.ndarray:
    """Return which coordinates of a term, in design order, are values themselves."""
    match term:
        case Walk():
            return np.tile(mask, latent_size(term) // len(mask)).astype(bool)
        case _:
            return mask.astype(bool)


def before(term: Walk) -> np.ndarray:
    """Return for each free cohort the position one step nearer to the pin, -1 next to it."""
    away = _away(term)
    return np.where(np.abs(away) > 1, np.arange(len(away)) - np.sign(away), -1)


def _away(term: Walk) -> np.ndarray:
    return np.asarray(term.along.labels)[free_cohorts(term)] - term.pin


def latents(term: Term, y: Any, values: Values, mask: np.ndarray) -> Any:
    """Return the latents x of a term from its coordinates y (flat, in design order)."""
    match term:
        case Constant():
            return y
        case Effect():
            return y * (mask + (1.0 - mask) * values[term.scale])
        case Walk():
            rho = 1.0 if term.rho is None else values[term.rho]
            loading = path_loading(term, mask, values[term.scale], rho)
            return (y.reshape((-1, len(mask))) @ loading.T).reshape((-1,))
        case Trend():
            if mask.all():
                return y
            root = pt.linalg.cholesky(increment_covariance(term, values))
            return pt.dot(levels_of(term), pt.dot(root, y))


def log_density(term: Term, y: Any, values: Values, mask: np.ndarray) -> Any:
    """Return the log prior density of a term's coordinates."""
    match term:
        case Constant():
            z = (y - term.prior.loc) / term.prior.scale
            return _normal(z) - len(mask) * float(np.log(term.prior.scale))
        case Effect():
            scale = mask * values[term.scale] + (1.0 - mask)
            return _normal(y / scale) - pt.log(scale).sum()
        case Walk():
            rho = 1.0 if term.rho is None else values[term.rho]
            differences = _differences(term, mask, values[term.scale], rho)
            count = latent_size(term) // len(mask) * mask.sum()
            z = y.reshape((-1, len(mask))) @ differences.T
            return _normal(z) - count * pt.log(values[term.scale])
        case Trend() if mask.all():
            covariance = increment_covariance(term, values)
            changes = pt.dot(np.linalg.inv(levels_of(term)), y)
            return pm.logp(pm.MvNormal.dist(np.zeros(len(mask)), covariance), changes)
        case Trend():
            return _normal(y)


def _normal(z: Any) -> Any:
    return -0.5 * (z**2 + LOG_2PI).sum()


def path_loading(term: Walk, mask: np.ndarray, scale: Any, rho: Any) -> Any:
    """Return the matrix from coordinates to values of one path.

    A centred value is its own coordinate; another is rho times the value before it plus the
    scaled innovation, so it reaches back to the last centred value or to the pin.
    """
    from_value, from_step, lag = _reach(term, mask)
    return np.diag(mask) + (from_value + from_step * scale) * rho**lag


def _reach(term: Walk, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which coordinate moves which value, as a value or as a step, and at what lag."""
    nearer, size = before(term), len(mask)
    from_value, from_step, lag = (np.zeros((size, size)) for _ in range(3))
    for i in np.flatnonzero(mask == 0):
        at, distance = int(i), 0
        while at >= 0 and mask[at] == 0:
            from_step[i, at], lag[i, at] = 1.0, distance
            at, distance = int(nearer[at]), distance + 1
        if at >= 0:
            from_value[i, at], lag[i, at] = 1.0, distance
    return from_value, from_step, lag


def _differences(term: Walk, mask: np.ndarray, scale: Any, rho: Any) -> Any:
    """Return the matrix from coordinates to standardised innovations of one path.

    Centred values form an interval around the pin, so each has a centred one, or the pin, before
    it: (x[c] - rho x[c-1]) / scale.
    """
    nearer, size = before(term), len(mask)
    previous = np.zeros((size, size))
    inner = np.flatnonzero((mask > 0) & (nearer >= 0))
    previous[inner, nearer[inner]] = 1.0
    return np.diag(1.0 - mask) + (np.diag(mask) - rho * previous) / scale


def jacobian(term: Term, values: Values, mask: np.ndarray) -> np.ndarray:
    """Return the matrix from a term's coordinates to its latents, at given scales."""
    identity = np.eye(latent_size(term))
    if isinstance(term, Trend) and not mask.all():
        return levels_of(term) @ np.linalg.cholesky(increment_covariance(term, values))
    return np.column_stack([latents(term, column, values, mask) for column in identity])
