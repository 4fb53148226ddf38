"""Laplace's approximation of the marginal of the top-level parameters, with its gradient.

log p(v | data) ~ l(x*) + log p(x* | v) - log|H| / 2 at the conditional mode x*(v) (Tierney & Kadane
1986, doi 10.1080/01621459.1986.10478240). In unit-normal coordinates u each prior is N(0, 1).
"""

from dataclasses import dataclass

import numpy as np

from forecast.inference.field import Field, Mode, Sight, conditional_mode, given
from forecast.stay.unit_normal import UnitNormal, Values, flat


@dataclass(frozen=True)
class Marginal:
    """The marginal of the top-level parameters of a field."""

    field: Field
    unit: UnitNormal

    def mode(self, u: np.ndarray, start: np.ndarray, tolerance: float) -> Mode:
        """Return the conditional mode of the latents at u."""
        at = given(self.field, self.unit.values(u))
        return conditional_mode(self.field, at, start, tolerance)

    def value(self, u: np.ndarray, mode: Mode) -> float:
        """Return the log posterior density of u, less a constant."""
        return mode.log_marginal - 0.5 * float(u @ u)

    def gradient(self, u: np.ndarray, mode: Mode) -> np.ndarray:
        """Return the gradient by u at the conditional mode."""
        values = mode.at.values
        by = log_marginal_gradient(self.field, mode)
        return flat(by, self.unit.scales) * self.unit.slopes(values, u) - u


def log_marginal_gradient(field: Field, mode: Mode) -> Values:
    """Return the gradient of the Laplace log marginal by the top-level parameters.

    The mode moves with the parameters, and H with the mode: with e = d log|H| / 2 d eta and
    w = H^-1 A' e, a change that pulls the latents by g adds -w' g.
    """
    around = surroundings(field, mode)
    seen, rows, own, bent = mode.seen, mode.seen.rows, around.own, around.bent
    moved = mode.factor.solve(field.design_back @ around.tension)
    shift = field.design @ moved
    tilt = field.operator @ (seen.p1 * shift)

    def rows_by(part: np.ndarray) -> np.ndarray:
        first, by_rate, by_curve = part
        return np.asarray(first + 0.5 * by_curve * own + by_rate * (0.5 * bent - tilt))

    turned = seen.p1 * (field.operator_back @ (rows.r2 * tilt)) + seen.p2 * seen.pull * shift
    push = seen.p1 * seen.pull - around.tension - turned
    gradient: dict[str, float | np.ndarray] = {}
    gradient |= field.prior.gradient(mode.at.found, _moments(field, mode, around.covariance, moved))
    gradient |= field.family.gradient(rows_by(rows.within), rows_by(rows.square), mode.at.values)
    gradient["duration_step"] = -(field.model.basis.T @ push)
    return gradient


@dataclass(frozen=True)
class Surroundings:
    """What the covariance of the latents makes of rows and cells at a mode.

    ``covariance``: H^-1 at the places of the layout; ``own``: s_i' H^-1 s_i of each row; ``bent``:
    W (p2 a' H^-1 a); ``tension``: d log|H| / 2 d eta of each cell.
    """

    covariance: np.ndarray
    own: np.ndarray
    bent: np.ndarray
    tension: np.ndarray


def surroundings(field: Field, mode: Mode) -> Surroundings:
    """Return variances of rows and cells at a mode, and the pull of log|H| on each cell."""
    pattern, seen = field.assembly, mode.seen
    covariance = mode.factor.covariance()
    spread = pattern.spread @ seen.p1
    variance = pattern.cell_variances(covariance)
    beside = pattern.row_covariances(covariance, spread)
    own = _row_variances(field, seen, spread * beside, variance)
    bent = field.operator @ (seen.p2 * variance)
    tension = _tension(field, seen, own, bent, beside, variance)
    return Surroundings(covariance, own, bent, tension)


def _row_variances(
    field: Field, seen: Sight, products: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    """Return s_i' Sigma s_i of each row, s_i its derivative by the latents."""
    pattern = field.assembly
    out = np.zeros(field.operator.shape[0])
    row, cell, share = pattern.single
    out[row] = (share * seen.p1[cell]) ** 2 * variance[cell]
    out[pattern.rows] = np.bincount(pattern.row_of, products, len(pattern.rows))
    return out


def _tension(
    field: Field,
    seen: Sight,
    own: np.ndarray,
    bent: np.ndarray,
    beside: np.ndarray,
    variance: np.ndarray,
) -> np.ndarray:
    """Return e = d log|H| / 2 d eta of each cell."""
    pattern, rows = field.assembly, seen.rows
    row, cell, share = pattern.single
    inner = rows.r2[pattern.rows][pattern.row_of] * beside
    across = pattern.spread_back @ inner
    across += np.bincount(
        cell, rows.r2[row] * share**2 * seen.p1[cell] * variance[cell], len(across)
    )
    outer = field.operator_back @ (rows.r3 * own + rows.r2 * bent)
    return -0.5 * (seen.p1 * outer + variance * seen.p3 * seen.pull) - seen.p2 * across


def _moments(field: Field, mode: Mode, covariance: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Return the moments that the gradient of the prior wants, off the diagonal doubled."""
    prior = field.prior
    row, col = prior.row, prior.col
    away = mode.seen.x - prior.mean
    moments = away[row] * away[col] - moved[row] * away[col] - moved[col] * away[row]
    return np.where(row == col, 1.0, 2.0) * (moments + covariance[field.assembly.prior_at])
