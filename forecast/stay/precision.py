"""Second reader of the terms: the prior mean and precision of their latents, given the scales."""

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from forecast.stay.design import latent_size
from forecast.stay.terms import Constant, Effect, Structure, Term, Trend, Walk

type Values = Mapping[str, float]


def prior_mean(structure: Structure) -> np.ndarray:
    """Return the prior mean of the latents: zero but for constants."""
    parts = [
        np.full(latent_size(t), t.prior.loc if isinstance(t, Constant) else 0.0)
        for t in structure.terms
    ]
    return np.concatenate(parts)


def prior_precision(structure: Structure, values: Values) -> sparse.csc_matrix:
    """Return the prior precision Q of the latents: block diagonal, one block a term.

    ``values`` maps the names of the top-level parameters to numbers.
    """
    return sparse.block_diag([precision(term, values) for term in structure.terms], format="csc")


def precision(term: Term, values: Values) -> sparse.csc_matrix:
    """Return the prior precision of one term's latents."""
    match term:
        case Constant():
            return sparse.csc_matrix([[term.prior.scale**-2]])
        case Effect():
            return sparse.identity(latent_size(term), format="csc") / values[term.scale] ** 2
        case Walk():
            rho = 1.0 if term.rho is None else values[term.rho]
            one = _innovations_of_walk(term, rho)
            copies = latent_size(term) // one.shape[0]
            block = (one.T @ one) / values[term.scale] ** 2
            return sparse.block_diag([block] * copies, format="csc")
        case Trend():
            return _trend_precision(term, values)


def _innovations_of_walk(term: Walk, rho: float) -> sparse.csc_matrix:
    """Return the matrix that turns the free values of a pinned walk into its innovations."""
    size, pin = len(term.along.labels), term.along.labels.index(term.pin)
    away = np.delete(np.arange(size) - pin, pin)
    difference = sparse.identity(size - 1, format="lil")
    for i, steps in enumerate(away):
        if abs(steps) > 1:
            difference[i, i - int(np.sign(steps))] = -rho
    return difference.tocsc()


def _trend_precision(term: Trend, values: Values) -> sparse.csc_matrix:
    """Return the precision of (levels without the pin, slopes) of a damped local linear trend."""
    size, pin = len(term.along.labels), term.along.labels.index(term.pin)
    phi = values[term.phi]
    steps = sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(size - 1, size)).tocsc()
    free = np.delete(np.arange(size), pin)
    level = sparse.hstack([steps[:, free], -sparse.identity(size - 1)]) / values[term.level]
    slope = sparse.diags_array([1.0, -phi], offsets=[0, -1], shape=(size - 1, size - 1)).tolil()
    slope[0, 0] = np.sqrt(1 - phi**2)
    none = sparse.csc_matrix((size - 1, size - 1))
    slopes = sparse.hstack([none, slope.tocsc()]) / values[term.slope]
    whitening = sparse.vstack([level, slopes], format="csc")
    return (whitening.T @ whitening).tocsc()
