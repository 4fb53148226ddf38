"""The top-level priors of a study, one by one: which there are, and narrower or wider ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from forecast.errors import RunError, StudyError
from forecast.study import Prior, Study
from forecast.study.priors import Beta, HalfCauchy, HalfNormal, LogNormal, Normal, RootInverseGamma

STAY, SHARE = "stay", "share"  # parts of a study that have priors
OF_BASIS = "basis_offset"  # acts where the evidence of shares is on several bases


@dataclass(frozen=True)
class TopPrior:
    """A prior that a study writes: ``part`` is "stay" or "share", as the table it stands in."""

    part: str
    name: str
    prior: Prior


def top_priors(study: Study, posterior: xr.Dataset) -> tuple[TopPrior, ...]:
    """Return the priors of a study that act on its headline numbers, in the study's order.

    A prior of the stay model acts where the posterior has draws of its parameter: a study without
    shocks has no use for ``sigma_shock``. The prior of ``share.output`` is of no headline number.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> drawn = xr.Dataset({"intercept": 0.0, "sigma_trend": 0.1})
    >>> [one.name for one in top_priors(load_study("demo"), drawn)][:3]
    ['intercept', 'sigma_trend', 'start_logit']
    """
    stay, share = study.stay.priors, study.share
    found = [
        TopPrior(STAY, name, getattr(stay, name))
        for name in type(stay).model_fields
        if name in posterior and getattr(stay, name) is not None
    ]
    if share is not None:
        found += [
            TopPrior(SHARE, name, getattr(share.priors, name))
            for name in type(share.priors).model_fields
            if share.basis is not None or name != OF_BASIS
        ]
    return tuple(found)


def named_priors(priors: Sequence[TopPrior], names: Sequence[str]) -> tuple[TopPrior, ...]:
    """Return the priors of some names, in the order of ``priors``.

    Raises
    ------
    RunError
        If there is none of a name.
    """
    known = [one.name for one in priors]
    if unknown := sorted(set(names) - set(known)):
        rule = f"a prior is one of {', '.join(known)}"
        raise RunError(f"{rule}; got {', '.join(unknown)}. Name those of the study.")
    return tuple(one for one in priors if one.name in names)


def widened(prior: Prior, factor: float) -> Prior:
    r"""Return a prior that is wider by a factor, narrower where it is below one.

    Normal, half-normal and half-Cauchy: the scale times the factor. Lognormal: the standard
    deviation of the logarithm times the factor, the median stays. Beta(a, b): a + b, which counts
    as observations, divided by the factor, the mean stays. Root of an inverse Gamma(shape, rate):
    shape and rate divided by the factor, so the precision keeps its mean and its variance is
    multiplied.

    A normal, half-normal or lognormal prior wider by f is the prior to the power
    :math:`\alpha = f^{-2}`, the lognormal one as a density of the logarithm.

    Raises
    ------
    RunError
        If the factor is not above zero.

    Examples
    --------
    >>> prior = Beta(dist="beta", a=2.0, b=8.0, reason="small shares are likely")
    >>> wide = widened(prior, 2.0)
    >>> wide.a, wide.b
    (1.0, 4.0)
    """
    if not factor > 0:
        raise RunError(f"a factor of a prior's width is above zero; got {factor:g}. Give 2 or 0.5.")
    match prior:
        case Normal() | HalfNormal() | HalfCauchy():
            changed = {"scale": prior.scale * factor}
        case LogNormal():
            changed = {"sigma": prior.sigma * factor}
        case Beta():
            changed = {"a": prior.a / factor, "b": prior.b / factor}
        case RootInverseGamma():
            changed = {"shape": prior.shape / factor, "rate": prior.rate / factor}
    return prior.model_copy(update=changed)


def with_prior(study: Study, other: TopPrior) -> Study:
    """Return a study with one of its priors replaced.

    Raises
    ------
    StudyError
        If the prior is of the workforce, and the study has none.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> study = load_study("demo")
    >>> wide = TopPrior("share", "turnover", widened(study.share.priors.turnover, 2.0))
    >>> with_prior(study, wide).share.priors.turnover.sigma
    0.8
    """
    if other.part == STAY:
        stay = study.stay.priors.model_copy(update={other.name: other.prior})
        return study.model_copy(update={"stay": study.stay.model_copy(update={"priors": stay})})
    if study.share is None:
        raise StudyError(f"{other.name} is a prior of [share]; got {study.name} without it.")
    share = study.share.priors.model_copy(update={other.name: other.prior})
    return study.model_copy(update={"share": study.share.model_copy(update={"priors": share})})
