"""The latent field at given top-level parameters: its conditional mode and curvature.

log p(x | v, data) = sum_i l_i(W p) + log N(x; m, Q(v)^-1) + constant, p = expit(A x - B step).
Newton's method finds the mode; where the curvature is not positive, expected information of the
rows takes its place (Fisher scoring).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit

from forecast.errors import RunError
from forecast.inference.arrow import Factor, NotPositive, factor
from forecast.inference.assembly import Assembly, assembly
from forecast.stay import StayModel
from forecast.stay.latent_prior import Entries, LatentPrior, latent_prior
from forecast.stay.row_derivatives import RowDerivatives, RowFamily

type Values = Mapping[str, Any]

ROUNDS = 60
HALVINGS = 12
LONGEST = 3.0  # a step moves no linear predictor further than this on the logit scale
TIGHT, LOOSE = 1e-12, 1e-2  # Newton decrement, in units of log density
NEAR = 30.0  # a decrement from which one step is trusted


@dataclass(frozen=True)
class Field:
    """The reached latents of a model, with what does not depend on any parameter."""

    model: StayModel
    prior: LatentPrior
    family: RowFamily
    design: sparse.csr_matrix
    design_back: sparse.csr_matrix
    operator: sparse.csr_matrix
    operator_back: sparse.csr_matrix
    assembly: Assembly


def latent_field(model: StayModel) -> Field:
    """Return the field of a model."""
    prior = latent_prior(model)
    design = model.design[:, prior.mask].tocsr()
    design.sort_indices()
    operator = model.operator.tocsr()
    return Field(
        model,
        prior,
        RowFamily(model.errors),
        design,
        design.T.tocsr(),
        operator,
        operator.T.tocsr(),
        assembly(model, prior, design),
    )


@dataclass(frozen=True)
class Given:
    """Top-level parameters, and what of the prior they fix."""

    values: Values
    entries: np.ndarray
    log_determinant: float
    found: tuple[Entries, ...]
    away: np.ndarray


def given(field: Field, values: Values) -> Given:
    """Return what the top-level parameters fix."""
    entries, log_determinant, found = field.prior.look(values)
    away = field.model.basis @ np.asarray(values["duration_step"])
    return Given(values, entries, log_determinant, found, away)


@dataclass(frozen=True)
class Sight:
    """The rows and cells at one point of the field."""

    x: np.ndarray
    p: np.ndarray
    rows: RowDerivatives
    pull: np.ndarray
    pressed: np.ndarray
    value: float

    @property
    def p1(self) -> np.ndarray:
        """Return dp / d eta."""
        return self.p * (1 - self.p)

    @property
    def p2(self) -> np.ndarray:
        """Return its derivative."""
        return self.p1 * (1 - 2 * self.p)

    @property
    def p3(self) -> np.ndarray:
        """Return the derivative of that."""
        return self.p1 * (1 - 6 * self.p1)


def sight(field: Field, at: Given, x: np.ndarray) -> Sight:
    """Return rows, cells, log density (less normalising constants) and gradient at x."""
    p = expit(field.design @ x - at.away)
    rows = field.family.look(field.operator @ p, at.values)
    pull = field.operator_back @ rows.r1
    away = x - field.prior.mean
    held = times_precision(field, at.entries, away)
    gradient = field.design_back @ (p * (1 - p) * pull) - held
    value = float(rows.value.sum()) - 0.5 * float(away @ held)
    return Sight(x, p, rows, pull, gradient, value)


def times_precision(field: Field, entries: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return Q x from the lower entries of Q."""
    row, col = field.prior.row, field.prior.col
    inner = row != col
    out = np.bincount(row, entries * x[col], len(x))
    return out + np.bincount(col[inner], (entries * x[row])[inner], len(x))


def curvature(field: Field, at: Given, seen: Sight, expected: bool = False) -> Factor:
    """Return the factor of H, observed or with the rows' expected information.

    Raises
    ------
    NotPositive
        If the observed H is not positive definite.
    """
    pattern = field.assembly
    p1 = seen.p1
    weights = seen.rows.expected if expected else -seen.rows.r2
    cells = np.zeros(len(p1)) if expected else -seen.p2 * seen.pull
    row, cell, share = pattern.single
    cells += np.bincount(cell, weights[row] * share**2 * p1[cell] ** 2, len(p1))
    spread = pattern.spread @ p1
    return factor(pattern.layout, pattern.hessian(at.entries, cells, spread, weights[pattern.rows]))


@dataclass(frozen=True)
class Mode:
    """The conditional mode of the field, and the factor of H there, or one Newton step before.

    ``drift``: what that step changes in -log|H| / 2, to first order.
    """

    at: Given
    seen: Sight
    factor: Factor
    drift: float = 0.0

    @property
    def log_marginal(self) -> float:
        """Return Laplace's approximation of log p(data | parameters)."""
        found = self.at.log_determinant - self.factor.log_determinant
        return self.seen.value + 0.5 * found + self.drift


def near_mode(field: Field, at: Given, start: np.ndarray, tension: np.ndarray) -> Mode:
    """Return the conditional mode from a start that is near it: mostly one Newton step.

    ``tension`` is d log|H| / 2 dx at some near mode.

    Raises
    ------
    RunError
        If no mode is found.
    """
    seen = sight(field, at, start)
    try:
        found = curvature(field, at, seen)
    except NotPositive:
        return conditional_mode(field, at, start)
    step = found.solve(seen.pressed)
    if not float(step @ seen.pressed) < NEAR:
        return conditional_mode(field, at, _ahead(field, at, seen, step).x)
    return Mode(at, sight(field, at, start + step), found, -float(tension @ step))


def conditional_mode(field: Field, at: Given, start: np.ndarray, tolerance: float = LOOSE) -> Mode:
    """Return the mode of the latents at given parameters.

    Raises
    ------
    RunError
        If no mode is found.
    """
    seen = sight(field, at, start)
    for _ in range(ROUNDS):
        try:
            found = curvature(field, at, seen)
        except NotPositive:
            found = curvature(field, at, seen, expected=True)
        step = found.solve(seen.pressed)
        decrement = float(step @ seen.pressed)
        if decrement < tolerance:
            return Mode(at, sight(field, at, seen.x + step), found)
        seen, before = _ahead(field, at, seen, step), seen
        if seen.value <= before.value:
            return Mode(at, before, found)
    raise RunError(
        f"the latents have a mode at given scales; got none in {ROUNDS} rounds. "
        "Check the priors, or use engine nuts."
    )


def _ahead(field: Field, at: Given, seen: Sight, step: np.ndarray) -> Sight:
    """Go along a step, halved until the log density rises."""
    longest = float(np.abs(field.design @ step).max(initial=0.0))
    part = min(1.0, LONGEST / max(longest, 1e-300))
    for _ in range(HALVINGS):
        new = sight(field, at, seen.x + part * step)
        if new.value > seen.value:
            return new
        part /= 2
    return new if np.isfinite(new.value) else seen
