"""Top-level parameters in coordinates whose prior is standard normal.

Each parameter is F^-1(Phi(u)) with F the distribution of its prior: what the data say nothing of
keeps a standard normal posterior, and a scale near zero becomes a light tail of u.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from forecast.stay.terms import Scale
from forecast.study.priors import (
    Beta,
    HalfCauchy,
    HalfNormal,
    LogNormal,
    Normal,
    Prior,
    RootInverseGamma,
    frozen,
    typical,
)

type Values = Mapping[str, float | np.ndarray]
LIMIT = 8.0  # beyond it the tail of a prior has less than 1e-15 of its mass
LARGEST_LOG = 230.0  # a scale of exp(230) still has a cube among floats, and so a precision
LEAST_GAMMA = 1e-290  # below it a gamma quantile is read from its series, in logarithms


@dataclass(frozen=True)
class UnitNormal:
    """Where each top-level parameter stands in the vector u."""

    scales: tuple[Scale, ...]

    @cached_property
    def places(self) -> dict[str, slice]:
        """Return the slice of each parameter."""
        ends = np.cumsum([_length(scale) for scale in self.scales]).tolist()
        starts = [0, *ends[:-1]]
        named = zip(self.scales, starts, ends, strict=True)
        return {scale.name: slice(a, b) for scale, a, b in named}

    @cached_property
    def size(self) -> int:
        """Return the length of u."""
        return sum(_length(scale) for scale in self.scales)

    @property
    def start(self) -> np.ndarray:
        """Return where a search for a mode may begin: medians, or modes of priors without scale.

        The median of Gamma(.001, .001)^(-1/2) is 10^149, where no likelihood has a slope.
        """
        parts = [np.full(_length(scale), _start(scale.prior)) for scale in self.scales]
        return np.concatenate(parts)

    def values(self, u: np.ndarray) -> dict[str, float | np.ndarray]:
        """Return the parameters at u: a number each, or an array where a parameter has a dim."""
        out: dict[str, float | np.ndarray] = {}
        for scale, place in zip(self.scales, self.places.values(), strict=True):
            value = quantile(scale.prior, u[place])
            out[scale.name] = float(value[0]) if scale.dim is None else value
        return out

    def slopes(self, values: Values, u: np.ndarray) -> np.ndarray:
        """Return d parameter / d u = phi(u) / f(parameter)."""
        parts = []
        for scale, place in zip(self.scales, self.places.values(), strict=True):
            parts.append(slope(scale.prior, np.atleast_1d(values[scale.name]), u[place]))
        return np.concatenate(parts)

    def coordinates(self, values: Values) -> np.ndarray:
        """Return u at given parameters."""
        parts = [coordinate(s.prior, np.atleast_1d(values[s.name])) for s in self.scales]
        return np.concatenate(parts)


def flat(values: Values, scales: Sequence[Scale]) -> np.ndarray:
    """Return parameters as one vector, in the order of u."""
    return np.concatenate([np.atleast_1d(values[scale.name]) for scale in scales])


def _length(scale: Scale) -> int:
    return 1 if scale.dim is None else len(scale.dim.labels)


def _start(prior: Prior) -> float:
    if not isinstance(prior, RootInverseGamma):
        return 0.0
    return float(coordinate(prior, np.array([typical(prior)]))[0])


def coordinate(prior: Prior, value: np.ndarray) -> np.ndarray:
    """Return u at values of a parameter: the inverse of ``quantile``."""
    known = frozen(prior)
    low, high = special.ndtri(known.cdf(value)), -special.ndtri(known.sf(value))
    return np.where(low < 0, low, high).clip(-LIMIT, LIMIT)


def quantile(prior: Prior, u: np.ndarray) -> np.ndarray:
    """Return F^-1(Phi(u)), exact in both tails."""
    u = np.clip(u, -LIMIT, LIMIT)
    low, high = special.ndtr(u), special.ndtr(-u)
    match prior:
        case Normal():
            return prior.loc + prior.scale * u
        case LogNormal():
            return prior.median * np.exp(prior.sigma * u)
        case HalfNormal():
            inner = np.sqrt(2) * special.erfinv(np.minimum(low, 0.5))
            return prior.scale * np.where(u < 0, inner, -special.ndtri(high / 2))
        case Beta():
            inner = special.betaincinv(prior.a, prior.b, low)
            return np.where(u < 0, inner, 1.0 - special.betaincinv(prior.b, prior.a, high))
        case HalfCauchy():
            inner = np.tan(np.pi / 2 * np.minimum(low, high))
            return prior.scale * np.where(u < 0, inner, 1 / inner)
        case RootInverseGamma():
            return _root_inverse_gamma(prior, u, low, high)


def _root_inverse_gamma(
    prior: RootInverseGamma, u: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Return the quantile sqrt(rate / g), g that of Gamma(shape, 1) at the other tail.

    P(g) = g^shape / Gamma(shape + 1) where g is small: with a shape of .001 half the mass lies
    below e^-693, so there log g is found directly.
    """
    gamma = np.where(
        u < 0, special.gammainccinv(prior.shape, low), special.gammaincinv(prior.shape, high)
    )
    small = (special.log_ndtr(-u) + special.gammaln(prior.shape + 1)) / prior.shape
    log_gamma = np.where(gamma > LEAST_GAMMA, np.log(np.maximum(gamma, LEAST_GAMMA)), small)
    log_value = 0.5 * (np.log(prior.rate) - log_gamma)
    return np.asarray(np.exp(np.clip(log_value, -LARGEST_LOG, LARGEST_LOG)))


def slope(prior: Prior, value: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return d value / d u."""
    match prior:
        case Normal():
            return np.full(len(u), prior.scale)
        case LogNormal():
            return prior.sigma * value
        case _:
            return np.exp(-0.5 * u**2 - _log_density(prior, value)) / np.sqrt(2 * np.pi)


def _log_density(prior: Prior, value: np.ndarray) -> np.ndarray:
    """Return log f, without the cost of a frozen distribution for the common priors."""
    match prior:
        case HalfNormal():
            constant = 0.5 * np.log(2 / np.pi) - np.log(prior.scale)
            return constant - 0.5 * (value / prior.scale) ** 2
        case Beta():
            a, b = prior.a, prior.b
            inner = special.xlogy(a - 1, value) + special.xlog1py(b - 1, -value)
            return np.asarray(inner - special.betaln(a, b))
        case HalfCauchy():
            return np.log(2 / np.pi / prior.scale) - np.log1p((value / prior.scale) ** 2)
        case RootInverseGamma():
            a, rate = prior.shape, prior.rate
            constant = np.log(2) + a * np.log(rate) - special.gammaln(a)
            return np.asarray(constant - (2 * a + 1) * np.log(value) - rate / value**2)
        case _:
            return np.asarray(frozen(prior).logpdf(value))
