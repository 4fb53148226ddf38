"""The latents that the evidence reaches, and draws of the others given those.

A latent without a row in its way, and without a reached latent beyond it on its path, keeps its
prior given the reached ones; so inference leaves it out and it is drawn afterwards, exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from forecast.stay.model import StayModel
from forecast.stay.precision import increment_covariance, increments_of
from forecast.stay.terms import Constant, Effect, Structure, Term, Trend, Walk, free_cohorts

type Values = Mapping[str, Any]


def reached(model: StayModel) -> np.ndarray:
    """Return which latents the evidence reaches, a flag for each in design order."""
    seen = np.diff(abs(model.design).tocsc().indptr) > 0
    parts = [_reached(term, seen[model.slices[term.name]]) for term in model.structure.terms]
    return np.concatenate(parts)


def _reached(term: Term, seen: np.ndarray) -> np.ndarray:
    match term:
        case Constant():
            return np.ones_like(seen)
        case Effect():
            return seen
        case Walk():
            paths = seen.reshape(-1, len(free_cohorts(term)))
            return np.concatenate([_towards_pin(term, path) for path in paths])
        case Trend():
            return _towards_pin(term, seen)


def _towards_pin(term: Walk | Trend, seen: np.ndarray) -> np.ndarray:
    """Return the cohorts from the pin out to the last one seen on either side."""
    away = years_from_pin(term)
    last = away[seen & (away > 0)].max(initial=0)
    first = away[seen & (away < 0)].min(initial=0)
    return (away >= first) & (away <= last)


def years_from_pin(term: Walk | Trend) -> np.ndarray:
    """Return the distance of each free cohort from the pin, negative before it."""
    return np.asarray(term.along.labels)[free_cohorts(term)].astype(int) - term.pin


@dataclass(frozen=True)
class Completion:
    """The way from the reached latents to all of them."""

    structure: Structure
    slices: Mapping[str, slice]
    mask: np.ndarray

    def complete(self, some: np.ndarray, values: Values, rng: np.random.Generator) -> np.ndarray:
        """Return draws of all latents (draw, latent) from draws of the reached ones.

        ``values`` are the top-level parameters, the same for all the draws.
        """
        full = np.zeros((len(some), len(self.mask)))
        full[:, self.mask] = some
        for term in self.structure.terms:
            place = self.slices[term.name]
            mask = self.mask[place]
            if not mask.all():
                noise = rng.standard_normal((len(some), len(mask)))
                full[:, place] = _completed(term, full[:, place], mask, values, noise)
        return full


def _completed(
    term: Term, x: np.ndarray, mask: np.ndarray, values: Values, noise: np.ndarray
) -> np.ndarray:
    match term:
        case Constant():
            return x
        case Effect():
            return np.where(mask, x, values[term.scale] * noise)
        case Walk():
            return _completed_walk(term, x, mask, values, noise)
        case Trend():
            return _completed_trend(term, x, mask, values, noise)


def _completed_walk(
    term: Walk, x: np.ndarray, mask: np.ndarray, values: Values, noise: np.ndarray
) -> np.ndarray:
    """Go outward from the last reached cohort of each path: x[c+1] = rho x[c] + scale e."""
    away = years_from_pin(term)
    paths, steps = (v.reshape(len(x), -1, len(away)) for v in (x.copy(), noise))
    kept = mask.reshape(-1, len(away))
    rho = 1.0 if term.rho is None else values[term.rho]
    for sign in (-1, 1):
        before = np.zeros(paths.shape[:2])
        side = np.flatnonzero(np.sign(away) == sign)
        for at in side[np.argsort(np.abs(away[side]))]:
            new = rho * before + values[term.scale] * steps[..., at]
            paths[..., at] = np.where(kept[:, at], paths[..., at], new)
            before = paths[..., at]
    return paths.reshape(x.shape)


def _completed_trend(
    term: Trend, x: np.ndarray, mask: np.ndarray, values: Values, noise: np.ndarray
) -> np.ndarray:
    """Draw the increments outside the reached cohorts given those inside."""
    steps = increments_of(term)
    inside = np.asarray(abs(steps)[:, ~mask].sum(axis=1)).ravel() == 0
    covariance = increment_covariance(term, values)
    cross = covariance[np.ix_(~inside, inside)]
    own = covariance[np.ix_(~inside, ~inside)]
    known = covariance[np.ix_(inside, inside)]
    change = np.empty((len(x), len(inside)))
    change[:, inside] = x @ steps[inside].T
    pull = linalg.solve(known, cross.T, assume_a="pos") if inside.any() else cross.T
    root = np.linalg.cholesky(own - cross @ pull)
    outside = change[:, inside] @ pull + noise[:, : len(root)] @ root.T
    change[:, ~inside] = outside
    return np.asarray(np.linalg.solve(steps.toarray(), change.T).T)
