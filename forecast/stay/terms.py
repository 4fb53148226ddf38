"""The terms of the stay model, as data: each kind says its dims, its scales and its pin.

A reader gives a term its meaning: ``design`` its columns, ``precision`` its prior precision,
``pymc_model`` its PyMC variable. A term runs *along* cohorts *by* other dims.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.study.priors import Normal, Prior
from forecast.study.schema import StayPriors, Study

REFERENCE_DURATION = 5.0  # the slope by origin is in units of the log duration of five years


@dataclass(frozen=True)
class Dim:
    """A dimension: its name in the posterior, the column of the cells, its labels."""

    name: str
    column: str
    labels: tuple[str | int, ...]


@dataclass(frozen=True)
class Scale:
    """A top-level parameter with its prior; ``dim`` where it has one value a label."""

    name: str
    prior: Prior
    dim: Dim | None = None


@dataclass(frozen=True)
class Constant:
    """Numbers with a normal prior of given mean and standard deviation."""

    name: str
    dims: tuple[Dim, ...]
    prior: Normal


@dataclass(frozen=True)
class Effect:
    """Exchangeable effects, x ~ Normal(0, scale), times the cells' column ``weight``."""

    name: str
    dims: tuple[Dim, ...]
    scale: str
    weight: str | None = None
    centred: bool = True


@dataclass(frozen=True)
class Walk:
    """First-order autoregression along cohorts, zero at the pin, by other dims.

    x[c+1] = rho x[c] + scale e for cohorts after the pin, and the same away from it before.
    ``rho`` names a top-level parameter; None stands for 1, a random walk.
    """

    name: str
    by: tuple[Dim, ...]
    along: Dim
    pin: int
    scale: str
    rho: str | None = None
    centred: bool = True


@dataclass(frozen=True)
class Trend:
    """Damped local linear trend along cohorts, zero at the pin.

    x[c] = x[c-1] + s[c] + level e, s[c] = phi s[c-1] + slope z, s stationary. ``scale`` is the
    standard deviation of a year's change, ``drift`` the part of its variance that s has. The
    slopes are integrated out: changes are normal with covariance
    scale^2 ((1 - drift) 1[c = c'] + drift phi^|c - c'|).
    """

    name: str
    along: Dim
    pin: int
    scale: str
    drift: str
    phi: str
    centred: bool = True


type Term = Constant | Effect | Walk | Trend


@dataclass(frozen=True)
class Structure:
    """The linear predictor of a study: latent terms, the duration curve, top-level parameters."""

    terms: tuple[Term, ...]
    knots: tuple[float, ...]
    duration_step: Prior
    scales: tuple[Scale, ...]
    lineages: Mapping[str, tuple[str, ...]]

    @property
    def knot_labels(self) -> tuple[float, ...]:
        """The right ends of the pieces of the duration curve."""
        return self.knots[1:]


def structure(study: Study) -> Structure:
    """Return the terms of a study's stay model.

    logit p = mu + a_o + b_f + ab_of + G_c + GO_oc + GF_fc - D_d - DO_o g(d) + definition terms
    + shocks, with g(d) = log(1 + d) / log(6).
    """
    spec, stay = study.evidence, study.stay
    origin = Dim("origin", "origin", spec.all_origins)
    field = Dim("field", "field", spec.fields)
    cohort = Dim("cohort", "cohort", tuple(spec.years))
    pin = stay.reference_cohort
    terms: list[Term] = [
        Constant("intercept", (), stay.priors.intercept),
        Effect("origin_effect", (origin,), "sigma_origin"),
        Effect("field_effect", (field,), "sigma_field"),
        Effect("origin_field", (origin, field), "sigma_origin_field"),
        Trend("trend", cohort, pin, "sigma_trend", "drift_share", "phi_slope"),
        Walk("trend_origin", (origin,), cohort, pin, "sigma_trend_origin", "rho_origin"),
        Walk("trend_field", (field,), cohort, pin, "sigma_trend_field", "rho_field"),
        Effect("duration_origin", (origin,), "sigma_duration_origin", weight="log_duration"),
    ]
    terms += _definition_terms(study, origin, cohort)
    terms += [
        Effect(f"shock_{s.name}", (), "sigma_shock", f"shock_{s.name}", False) for s in stay.shocks
    ]
    return Structure(
        tuple(terms),
        stay.duration_knots,
        stay.priors.duration_step,
        _scales(terms, stay.priors),
        {name: stay.lineage(name) for name in stay.definitions},
    )


def _scales(terms: Sequence[Term], priors: StayPriors) -> tuple[Scale, ...]:
    """Return the top-level parameters that terms use, in the order of the study's priors."""
    used = {name for term in terms for name in scale_names(term)}
    names = [name for name in type(priors).model_fields if name in used]
    return tuple(Scale(name, getattr(priors, name)) for name in names)


def _definition_terms(study: Study, origin: Dim, cohort: Dim) -> list[Term]:
    """Return the offset of each definition against the reference, by origin and along cohort."""
    stay = study.stay
    others = {k: d for k, d in stay.definitions.items() if k != stay.reference}
    if not others:
        return []
    pin = stay.reference_cohort
    offset = Dim("definition", "definition", tuple(others))
    terms: list[Term] = [Constant("definition_offset", (offset,), stay.priors.definition_offset)]
    by_origin = tuple(k for k, d in others.items() if d.by_origin)
    if by_origin:
        dim = Dim("definition_by_origin", "definition", by_origin)
        name = "sigma_definition_origin"
        terms.append(Effect("definition_origin", (dim, origin), name, centred=False))
    walking = tuple(k for k, d in others.items() if d.along_cohort == "walk")
    if walking:
        dim = Dim("definition_walking", "definition", walking)
        name = "sigma_definition_walk"
        walk = Walk("definition_walk", (dim, origin), cohort, pin, name, centred=False)
        terms.append(walk)
    free = tuple(k for k, d in others.items() if d.along_cohort == "free")
    if free:
        dim = Dim("definition_freed", "definition", free)
        terms.append(
            Effect("definition_free", (dim, cohort), "sigma_definition_free", centred=False)
        )
    return terms


def scale_names(term: Term) -> tuple[str, ...]:
    """Return the names of the top-level parameters that a term uses."""
    match term:
        case Constant():
            return ()
        case Effect():
            return (term.scale,)
        case Walk():
            return (term.scale,) if term.rho is None else (term.scale, term.rho)
        case Trend():
            return (term.scale, term.drift, term.phi)


def free_cohorts(term: Walk | Trend) -> np.ndarray:
    """Return the positions of the cohorts that are not pinned."""
    labels = np.asarray(term.along.labels)
    return np.flatnonzero(labels != term.pin)


def latent_dims(term: Term) -> tuple[Dim, ...]:
    """Return the dims of a term's variable in the posterior."""
    match term:
        case Constant() | Effect():
            return term.dims
        case Walk():
            return (*term.by, term.along)
        case Trend():
            return (term.along,)
