"""A prior as a study file writes it: a distribution, its numbers, and one sentence of reason."""

from math import sqrt
from typing import Annotated, Literal

from pydantic import Field
from scipy import stats

from forecast.study.part import Part

Positive = Annotated[float, Field(gt=0)]


class _Prior(Part):
    """What all priors share: each gives its reason in a sentence."""

    reason: Annotated[str, Field(min_length=10)]


class Normal(_Prior):
    """Normal prior with mean ``loc`` and standard deviation ``scale``."""

    dist: Literal["normal"]
    loc: float
    scale: Positive


class HalfNormal(_Prior):
    """Normal prior of mean 0 and standard deviation ``scale``, folded at zero."""

    dist: Literal["half_normal"]
    scale: Positive


class LogNormal(_Prior):
    """Prior whose logarithm is normal: ``median`` and standard deviation ``sigma`` of the log."""

    dist: Literal["lognormal"]
    median: Positive
    sigma: Positive


class Beta(_Prior):
    """Beta prior on (0, 1) with shapes ``a`` and ``b``."""

    dist: Literal["beta"]
    a: Positive
    b: Positive


class HalfCauchy(_Prior):
    """Cauchy prior of centre 0 and scale ``scale``, folded at zero: its median is ``scale``."""

    dist: Literal["half_cauchy"]
    scale: Positive


class RootInverseGamma(_Prior):
    """Prior of a standard deviation whose precision is Gamma(``shape``, ``rate``), as in BUGS.

    The precision has mean shape / rate; the density of the standard deviation s is
    2 s^-3 f(s^-2), f that of the precision.
    """

    dist: Literal["root_inverse_gamma"]
    shape: Positive
    rate: Positive


Prior = Annotated[
    Normal | HalfNormal | LogNormal | Beta | HalfCauchy | RootInverseGamma,
    Field(discriminator="dist"),
]


def frozen(prior: Prior) -> stats.rv_continuous:
    """Return the scipy distribution of a prior.

    Examples
    --------
    >>> prior = HalfNormal(dist="half_normal", scale=1.0, reason="a scale of order one")
    >>> round(float(frozen(prior).mean()), 3)
    0.798
    """
    match prior:
        case Normal():
            return stats.norm(prior.loc, prior.scale)
        case HalfNormal():
            return stats.halfnorm(scale=prior.scale)
        case LogNormal():
            return stats.lognorm(s=prior.sigma, scale=prior.median)
        case Beta():
            return stats.beta(prior.a, prior.b)
        case HalfCauchy():
            return stats.halfcauchy(scale=prior.scale)
        case RootInverseGamma():
            return stats.gengamma(a=prior.shape, c=-2, scale=sqrt(prior.rate))


def typical(prior: Prior) -> float:
    """Return a value to start from: the mean; the median or mode of priors that may have none.

    Examples
    --------
    >>> typical(HalfCauchy(dist="half_cauchy", scale=2.0, reason="its mean is infinite"))
    2.0
    """
    match prior:
        case HalfCauchy():
            return prior.scale
        case RootInverseGamma():
            return sqrt(2 * prior.rate / (2 * prior.shape + 1))
        case _:
            return float(frozen(prior).mean())


def describe(prior: Prior) -> str:
    """Return a prior as one would write it in a paper.

    Examples
    --------
    >>> describe(Beta(dist="beta", a=2.0, b=8.0, reason="small shares are likely"))
    'Beta(2, 8)'
    """
    match prior:
        case Normal():
            return f"Normal({prior.loc:g}, {prior.scale:g})"
        case HalfNormal():
            return f"HalfNormal({prior.scale:g})"
        case LogNormal():
            return f"LogNormal(median {prior.median:g}, sigma {prior.sigma:g})"
        case Beta():
            return f"Beta({prior.a:g}, {prior.b:g})"
        case HalfCauchy():
            return f"HalfCauchy({prior.scale:g})"
        case RootInverseGamma():
            return f"Gamma({prior.shape:g}, {prior.rate:g})^(-1/2)"
