"""A linear map that makes the posterior of the latents close to a standard normal.

A pilot on the linearised model finds scales and the posterior precision that go with them. Values
that the data fix are sampled themselves, rotated and scaled by that precision, around their mean
given the soft terms (those sampled by innovations): so a soft term's scale can move without
dragging what the data fix. The pilot only chooses the map: NUTS samples the model itself.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from forecast.stay.coordinates import (
    Masks,
    before,
    centred_values,
    jacobian,
    mask_size,
    non_centred,
)
from forecast.stay.model import StayModel
from forecast.stay.pilot import Pilot, run_pilot
from forecast.stay.precision import increments_of, innovations
from forecast.stay.terms import Constant, Effect, Term, Trend, Walk

INFORMED = 1.2  # a non-centred coordinate is rotated above this precision; its prior has one
# A value is sampled itself if the data leave less than this part of its prior variance.
EFFECT_LEFT, WALK_LEFT, TREND_LEFT = 0.7, 0.7, 0.5


@dataclass(frozen=True)
class Whitening:
    """A linear map from what NUTS sees, u, to the coordinates y.

    y = u, but rotated and scaled on the ``soft`` coordinates, y = mean + soft_factor u, and then
    y = mean + factor u - shift (away - away_mean) on the ``centred`` ones, where ``away`` are the
    latents of the terms without a centred value (``soft_terms``) and the duration steps.
    """

    masks: Masks
    soft_terms: frozenset[str]
    soft: np.ndarray
    soft_mean: np.ndarray
    soft_factor: np.ndarray
    centred: np.ndarray
    mean: np.ndarray
    factor: np.ndarray
    shift: np.ndarray
    away_mean: np.ndarray


def no_whitening(model: StayModel) -> Whitening:
    """Return the identity: every term sampled by its innovations."""
    masks = non_centred(model.structure)
    names = frozenset(name for name, mask in masks.items() if not mask.any())
    kept = sum(_length(model.slices[name]) for name in names) + model.basis.shape[1]
    index = np.zeros(0, dtype=int)
    none, square = np.zeros(0), np.zeros((0, 0))
    return Whitening(
        masks, names, index, none, square, index, none, square, np.zeros((0, kept)), np.zeros(kept)
    )


def whitening(model: StayModel) -> Whitening:
    """Return the map that a pilot on the linearised model proposes."""
    pilot = run_pilot(model)
    terms = model.structure.terms
    masks = {t.name: _mask(t, model.slices[t.name], pilot) for t in terms}
    names = frozenset(name for name, mask in masks.items() if not mask.any())
    steps = len(pilot.x) + np.arange(len(pilot.step))
    away = np.concatenate([*[_places(model, t.name) for t in terms if t.name in names], steps])
    centred = np.flatnonzero(np.concatenate([centred_values(t, masks[t.name]) for t in terms]))

    unscaled = _to_x(model, pilot, masks, names)
    at = np.append(pilot.x, pilot.step)
    precision = unscaled.T @ pilot.precision @ unscaled
    lower = np.linalg.cholesky(precision[np.ix_(centred, centred)])
    shift = linalg.cho_solve((lower, True), precision[np.ix_(centred, away)])

    to_x = _to_x(model, pilot, masks, frozenset())
    precision = to_x.T @ pilot.precision @ to_x
    others = np.setdiff1d(np.arange(len(pilot.x)), centred)
    left = _given_up(precision, others, np.append(centred, steps))
    strong = np.diag(left) > INFORMED
    soft = others[strong]
    y = np.linalg.solve(to_x, at)
    return Whitening(
        masks=masks,
        soft_terms=names,
        soft=soft,
        soft_mean=y[soft],
        soft_factor=_inverse_root(left[np.ix_(strong, strong)]),
        centred=centred,
        mean=y[centred],
        factor=linalg.solve_triangular(lower, np.eye(len(lower)), lower=True).T,
        shift=shift,
        away_mean=at[away],
    )


def _places(model: StayModel, name: str) -> np.ndarray:
    return np.arange(model.slices[name].start, model.slices[name].stop)


def _to_x(model: StayModel, pilot: Pilot, masks: Masks, as_values: frozenset[str]) -> np.ndarray:
    """Return the matrix from coordinates, and steps, to latents; some terms already latents."""
    blocks = [
        np.eye(_length(model.slices[t.name]))
        if t.name in as_values
        else jacobian(t, pilot.values, masks[t.name])
        for t in model.structure.terms
    ]
    return linalg.block_diag(*blocks, np.eye(len(pilot.step)))


def _given_up(precision: np.ndarray, kept: np.ndarray, integrated: np.ndarray) -> np.ndarray:
    """Return the precision of some coordinates with others integrated out."""
    cross = precision[np.ix_(kept, integrated)]
    inner = precision[np.ix_(integrated, integrated)]
    return precision[np.ix_(kept, kept)] - cross @ np.linalg.solve(inner, cross.T)


def _inverse_root(precision: np.ndarray) -> np.ndarray:
    """Return C with C C' the inverse of a precision matrix."""
    lower = np.linalg.cholesky(precision)
    return linalg.solve_triangular(lower, np.eye(len(lower)), lower=True).T


def _length(place: slice) -> int:
    return int(place.stop - place.start)


def _mask(term: Term, place: slice, pilot: Pilot) -> np.ndarray:
    """Return which values of a term are sampled themselves: those the data inform well."""
    size = mask_size(term)
    if isinstance(term, Constant):
        return np.ones(size)
    if not term.centred:
        return np.zeros(size)
    matrix = increments_of(term) if isinstance(term, Trend) else innovations(term, pilot.values)
    spread = matrix.multiply(matrix @ pilot.covariance[place, place]).sum(axis=1)
    left = np.asarray(spread).ravel() / pilot.values[term.scale] ** 2
    match term:
        case Effect():
            return np.full(size, float(np.median(left) < EFFECT_LEFT))
        case Walk():
            good = left.reshape(-1, size).mean(axis=0) < WALK_LEFT
            return _connected(good, before(term)).astype(float)
        case Trend():
            return np.full(size, float(np.quantile(left, 0.25) < TREND_LEFT))


def _connected(good: np.ndarray, nearer: np.ndarray) -> np.ndarray:
    """Return the informed cohorts that reach the pin through informed ones."""
    kept = np.zeros(len(good), dtype=bool)
    for start in np.flatnonzero(nearer < 0):
        at = int(start)
        while at >= 0 and good[at]:
            kept[at] = True
            following = np.flatnonzero(nearer == at)
            at = int(following[0]) if len(following) else -1
    return kept
