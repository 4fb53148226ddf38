"""The prior of the reached latents as the Laplace engine needs it: entries, determinant, gradient.

Each term has the lower entries of its precision and their derivatives by its top-level
parameters. With moments M = E[(x - m)(x - m)'],

    d E[log p(x | v)] / dv = (d log|Q| / dv - sum_ij dQ_ij / dv M_ij) / 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg

from forecast.stay.model import StayModel
from forecast.stay.precision import increments_of, prior_mean
from forecast.stay.reached import reached, years_from_pin
from forecast.stay.terms import Constant, Effect, Term, Trend, Walk

type Values = Mapping[str, Any]
type Slopes = dict[str, np.ndarray]


@dataclass(frozen=True)
class Entries:
    """Lower entries of one term's precision, its log determinant, and their derivatives."""

    value: np.ndarray
    log_determinant: float
    slopes: Slopes
    log_determinant_slopes: dict[str, float]


@dataclass(frozen=True)
class Block:
    """One term: where its reached latents stand, and the pattern of its precision."""

    term: Term
    size: int
    row: np.ndarray
    col: np.ndarray
    parts: tuple[np.ndarray, ...]

    def look(self, values: Values) -> Entries:
        """Return the entries at given top-level parameters."""
        match self.term:
            case Constant() as term:
                inverse = 1 / term.prior.scale**2
                return Entries(inverse * self.parts[0], self.size * np.log(inverse), {}, {})
            case Effect() as term:
                return _scaled(self.parts[0], {}, term.scale, values[term.scale], self.size)
            case Walk() as term:
                return self._walk(term, values)
            case Trend() as term:
                return self._trend(term, values)

    def _walk(self, term: Walk, values: Values) -> Entries:
        """Return ((1) at a step's end, rho^2 at its start, -rho between) / scale^2."""
        ends, starts, between = self.parts
        rho = 1.0 if term.rho is None else values[term.rho]
        shape = ends + rho**2 * starts - rho * between
        slopes = {} if term.rho is None else {term.rho: 2 * rho * starts - between}
        return _scaled(shape, slopes, term.scale, values[term.scale], self.size)

    def _trend(self, term: Trend, values: Values) -> Entries:
        """Return D' K^-1 D with K the covariance of the increments."""
        steps, lag = self.parts
        drift, phi, scale = (float(values[n]) for n in (term.drift, term.phi, term.scale))
        wide = 1.0 * (lag == 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            power = phi**lag
            slope = np.where(lag > 0, lag * phi ** (lag - 1), 0.0)
        shape = (1 - drift) * wide + drift * power
        changes = {term.drift: power - wide, term.phi: drift * slope}
        inverse = linalg.inv(shape)
        lower = np.tril_indices(self.size)
        outer = inverse @ steps
        slopes = {n: -(outer.T @ (change @ outer))[lower] for n, change in changes.items()}
        entries = _scaled((steps.T @ outer)[lower], slopes, term.scale, scale, self.size)
        determinants = {n: -float(np.sum(inverse * change)) for n, change in changes.items()}
        log_determinant = entries.log_determinant - float(np.linalg.slogdet(shape)[1])
        every = entries.log_determinant_slopes | determinants
        return Entries(entries.value, log_determinant, entries.slopes, every)


def _scaled(shape: np.ndarray, slopes: Slopes, name: str, scale: float, size: int) -> Entries:
    """Return entries shape / scale^2 of a precision whose shape has a determinant of one."""
    inverse = 1 / scale**2
    by = {other: inverse * slope for other, slope in slopes.items()}
    by[name] = (-2 * inverse / scale) * shape
    return Entries(inverse * shape, -2 * size * np.log(scale), by, {name: -2 * size / scale})


@dataclass(frozen=True)
class LatentPrior:
    """The prior of the reached latents of a model."""

    mask: np.ndarray
    mean: np.ndarray
    blocks: tuple[Block, ...]

    @cached_property
    def row(self) -> np.ndarray:
        """Return the row of each lower entry of the precision, among the reached latents."""
        return np.concatenate([block.row for block in self.blocks])

    @cached_property
    def col(self) -> np.ndarray:
        """Return the column of each lower entry."""
        return np.concatenate([block.col for block in self.blocks])

    def look(self, values: Values) -> tuple[np.ndarray, float, tuple[Entries, ...]]:
        """Return all lower entries, the log determinant, and the entries of each term."""
        found = tuple(block.look(values) for block in self.blocks)
        return (
            np.concatenate([entries.value for entries in found]),
            sum(entries.log_determinant for entries in found),
            found,
        )

    def gradient(self, found: tuple[Entries, ...], moments: np.ndarray) -> dict[str, float]:
        """Return the gradient by the top-level parameters.

        ``moments`` are those of the lower entries, those off the diagonal doubled.
        """
        total: dict[str, float] = {}
        at = 0
        for block, entries in zip(self.blocks, found, strict=True):
            own = moments[at : at + len(block.row)]
            at += len(block.row)
            for name, slope in entries.slopes.items():
                part = 0.5 * (entries.log_determinant_slopes.get(name, 0.0) - float(slope @ own))
                total[name] = total.get(name, 0.0) + part
        return total


def latent_prior(model: StayModel) -> LatentPrior:
    """Return the prior of the latents that the evidence reaches."""
    mask = reached(model)
    place = np.cumsum(mask) - 1
    blocks = []
    for term in model.structure.terms:
        where = model.slices[term.name]
        own = mask[where]
        blocks.append(_block(term, own, place[where][own]))
    return LatentPrior(mask, prior_mean(model.structure)[mask], tuple(blocks))


def _block(term: Term, mask: np.ndarray, place: np.ndarray) -> Block:
    match term:
        case Constant() | Effect():
            return Block(term, len(place), place, place, (np.ones(len(place)),))
        case Walk():
            return _walk_block(term, mask, place)
        case Trend():
            steps = increments_of(term).toarray()
            inside = np.abs(steps[:, ~mask]).sum(axis=1) == 0
            row, col = np.tril_indices(len(place))
            at = np.flatnonzero(inside)
            lag = np.abs(at[:, None] - at[None, :]).astype(float)
            parts = (steps[np.ix_(inside, mask)], lag)
            return Block(term, len(place), place[row], place[col], parts)


def _walk_block(term: Walk, mask: np.ndarray, place: np.ndarray) -> Block:
    """Return the pattern of a walk: each value, and each with the one nearer to the pin."""
    away = np.tile(years_from_pin(term), len(mask) // len(years_from_pin(term)))[mask]
    own = np.arange(len(place))
    nearer = np.where(np.abs(away) > 1, own - np.sign(away), -1)
    child = own[nearer >= 0]
    ends = np.concatenate([np.ones(len(own)), np.zeros(len(child))])
    starts = np.concatenate([np.bincount(nearer[child], minlength=len(own)), np.zeros(len(child))])
    between = np.concatenate([np.zeros(len(own)), np.ones(len(child))])
    one, other = place[child], place[nearer[child]]
    row = np.concatenate([place, np.maximum(one, other)])
    col = np.concatenate([place, np.minimum(one, other)])
    return Block(term, len(place), row, col, (ends, starts, between))
