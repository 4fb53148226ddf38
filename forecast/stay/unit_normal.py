"""Top-level parameters in coordinates whose prior is standard normal.

Each parameter is F^-1(Phi(u)) with F the distribution of its prior: what the data say nothing of
keeps a standard normal posterior, and a scale near zero becomes a light tail of u.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from forecast.stay.terms import Scale
from forecast.study.priors import Beta, HalfNormal, LogNormal, Normal, Prior, frozen

type Values = Mapping[str, float | np.ndarray]
LIMIT = 8.0  # beyond it the tail of a prior has less than 1e-15 of its mass


@dataclass(frozen=True)
class UnitNormal:
    """Where each top-level parameter stands in the vector u."""

    scales: tuple[Scale, ...]

    @property
    def places(self) -> dict[str, slice]:
        """Return the slice of each parameter."""
        ends = np.cumsum([_length(scale) for scale in self.scales]).tolist()
        starts = [0, *ends[:-1]]
        named = zip(self.scales, starts, ends, strict=True)
        return {scale.name: slice(a, b) for scale, a, b in named}

    @property
    def size(self) -> int:
        """Return the length of u."""
        return sum(_length(scale) for scale in self.scales)

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
        parts = []
        for scale in self.scales:
            prior, at = frozen(scale.prior), np.atleast_1d(values[scale.name])
            low, high = special.ndtri(prior.cdf(at)), -special.ndtri(prior.sf(at))
            parts.append(np.where(low < 0, low, high).clip(-LIMIT, LIMIT))
        return np.concatenate(parts)


def flat(values: Values, scales: Sequence[Scale]) -> np.ndarray:
    """Return parameters as one vector, in the order of u."""
    return np.concatenate([np.atleast_1d(values[scale.name]) for scale in scales])


def _length(scale: Scale) -> int:
    return 1 if scale.dim is None else len(scale.dim.labels)


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
        case _:
            other = frozen(prior)
            return np.where(u < 0, other.ppf(low), other.isf(high))


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
        case _:
            return np.asarray(frozen(prior).logpdf(value))
