"""Second reader of the terms: the prior mean and precision of their latents, given the scales."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from scipy import sparse

from forecast.stay.design import latent_size
from forecast.stay.terms import Constant, Effect, Structure, Term, Trend, Walk, free_cohorts

type Values = Mapping[str, Any]


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
    """Return the prior precision of one term's latents.

    M' M / scale^2 with M x the innovations of an effect or a walk; D' K^-1 D with D x the
    increments of a trend and K their covariance.
    """
    match term:
        case Constant():
            return sparse.identity(latent_size(term), format="csc") / term.prior.scale**2
        case Trend():
            steps = increments_of(term)
            inner = np.linalg.solve(increment_covariance(term, values), steps.toarray())
            return sparse.csc_matrix(steps.T @ inner)
        case Effect() | Walk():
            matrix = innovations(term, values)
            return (matrix.T @ matrix / values[term.scale] ** 2).tocsc()


def innovations(term: Effect | Walk, values: Values) -> sparse.csr_matrix:
    """Return the matrix M: M x are the innovations of an effect or a walk, before scaling."""
    if isinstance(term, Effect):
        return sparse.identity(latent_size(term), format="csr")
    rho = 1.0 if term.rho is None else values[term.rho]
    away = np.asarray(term.along.labels)[free_cohorts(term)] - term.pin
    difference = sparse.identity(len(away), format="lil")
    for i in np.flatnonzero(np.abs(away) > 1):
        difference[i, i - int(np.sign(away[i]))] = -rho
    copies = latent_size(term) // len(away)
    return sparse.block_diag([difference] * copies, format="csr")


@cache
def increments_of(term: Trend) -> sparse.csr_matrix:
    """Return the matrix from the free levels of a trend to its increments, forward in time."""
    size = len(term.along.labels)
    steps = sparse.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(size - 1, size)).tocsc()
    return steps[:, free_cohorts(term)].tocsr()


def levels_of(term: Trend) -> np.ndarray:
    """Return the matrix from the increments of a trend to its free levels, zero at the pin."""
    return np.linalg.inv(increments_of(term).toarray())


def increment_covariance(term: Trend, values: Mapping[str, Any]) -> Any:
    """Return the prior covariance of a trend's increments, slopes integrated out."""
    place = np.arange(len(term.along.labels) - 1)
    lag = np.abs(place[:, None] - place[None, :]).astype(float)
    drift = values[term.drift]
    shape = (1.0 - drift) * np.eye(len(place)) + drift * values[term.phi] ** lag
    return values[term.scale] ** 2 * shape
