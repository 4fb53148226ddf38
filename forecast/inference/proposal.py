"""A skewed density for the top-level parameters, fitted to a gradient known on the axes.

u_k = centre_k + scale_k (exp(skew_k v_k) - 1) / skew_k, v = mean + root (z exp(h z^2 / 2)), with z
standard normal: Tukey's (1977) g and h. One skew an axis, so that the density along each axis
through the mode is near normal in v; h makes the tails heavier than those of the fit.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special
from scipy.linalg import solve_triangular

LARGEST_SKEW = 0.4
STRAIGHT = 1e-6  # a smaller skew is none
TAIL = 0.03  # standard numbers z become z exp(TAIL z^2 / 2): tails heavier than the fitted normal


@dataclass(frozen=True)
class Proposal:
    """v around ``mean`` with factor ``root``, and u from v axis by axis."""

    centre: np.ndarray
    scale: np.ndarray
    skew: np.ndarray
    mean: np.ndarray
    root: np.ndarray

    def at(self, standard: np.ndarray) -> tuple[np.ndarray, float]:
        """Return u for standard normal numbers, and its log density less a constant."""
        square = standard**2
        v = self.mean + self.root @ (standard * np.exp(TAIL / 2 * square))
        stretched = float(np.sum((1 + TAIL) / 2 * square + np.log1p(TAIL * square)))
        log_density = -stretched - float(self.skew @ v)
        return self.centre + self.scale * _bent(v, self.skew), log_density

    def log_density(self, u: np.ndarray) -> float:
        """Return the log density at u, less the same constant."""
        v = _unbent((u - self.centre) / self.scale, self.skew)
        stretched = solve_triangular(self.root, v - self.mean, lower=True) ** 2
        square = np.real(special.lambertw(TAIL * stretched)) / TAIL
        return -float(np.sum((1 + TAIL) / 2 * square + np.log1p(TAIL * square)) + self.skew @ v)


def _bent(v: np.ndarray, skew: np.ndarray) -> np.ndarray:
    safe = np.where(np.abs(skew) < STRAIGHT, 1.0, skew)
    return np.where(np.abs(skew) < STRAIGHT, v, np.expm1(skew * v) / safe)


def _unbent(y: np.ndarray, skew: np.ndarray) -> np.ndarray:
    safe = np.where(np.abs(skew) < STRAIGHT, 1.0, skew)
    return np.where(np.abs(skew) < STRAIGHT, y, np.log1p(np.maximum(skew * y, -1.0)) / safe)


def fitted_proposal(
    centre: np.ndarray,
    gradient: np.ndarray,
    steps: np.ndarray,
    up: np.ndarray,
    down: np.ndarray,
) -> Proposal:
    """Return the proposal for a log density of which gradients are known.

    ``gradient`` at the centre; row k of ``up`` and ``down``: at the centre plus and minus
    ``steps[k]`` along axis k. Their differences give the curvature, and third derivatives: the
    skew of an axis, and how much each axis pulls the means of the others.
    """
    curve = (np.diagonal(down) - np.diagonal(up)) / (2 * steps)
    scale = 1 / np.sqrt(np.maximum(curve, 0.25 / steps**2))
    third = (np.diagonal(up) + np.diagonal(down) - 2 * gradient) / steps**2 * scale**3
    skew = np.clip(third / 3, -LARGEST_SKEW, LARGEST_SKEW)
    skew = np.sign(skew) * np.minimum(np.abs(skew), 0.9 * scale / steps)
    above, below = _unbent(steps / scale, skew), _unbent(-steps / scale, skew)
    over = up * _slopes(scale, skew * above) - scale * gradient
    under = down * _slopes(scale, skew * below) - scale * gradient
    wide = (above - below)[:, None]
    precision = -(over - under) / wide
    pulls = 2 * (over / above[:, None] - under / below[:, None]) / wide
    precision = _positive((precision + precision.T) / 2)
    covariance = np.linalg.inv(precision)
    mean = covariance @ (scale * gradient + skew + 0.5 * pulls.T @ np.diagonal(covariance))
    root = np.linalg.cholesky(covariance)
    return Proposal(centre, scale, skew, mean, root)


def _slopes(scale: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """Return du / dv at the end of each axis, a row an axis."""
    slopes = np.tile(scale, (len(scale), 1))
    np.fill_diagonal(slopes, scale * np.exp(exponent))
    return slopes


def _positive(precision: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix with its eigenvalues kept above a tenth: v has unit curvature."""
    values, vectors = np.linalg.eigh(precision)
    return np.asarray((vectors * np.maximum(values, 0.1)) @ vectors.T)
