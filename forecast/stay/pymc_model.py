"""Third reader of the terms: the PyMC model, sampled by NUTS."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.sparse as pts
import pytensor.tensor as pt

from forecast.stay.errors_of_rows import EDGE, CountRows, RateRows
from forecast.stay.model import StayModel
from forecast.stay.processes import stationary_lags, steps_from_pin, sums_from_pin
from forecast.stay.terms import (
    Constant,
    Effect,
    Scale,
    Term,
    Trend,
    Walk,
    free_cohorts,
    latent_dims,
)
from forecast.study.priors import Beta, HalfNormal, LogNormal, Normal, Prior

type Values = Mapping[str, Any]


def pymc_model(model: StayModel) -> pm.Model:
    """Return the PyMC model: rate = W p, p = expit(A x - B step), with the errors of each row."""
    with pm.Model(coords=model.coords) as built:
        values = {scale.name: top_level(scale) for scale in model.scales}
        latents = [pt.flatten(latent(term, values)) for term in model.structure.terms]
        step = top_level(Scale("duration_step", model.structure.duration_step, model.knot_dim))
        eta = pts.structured_dot(pts.as_sparse(model.design), pt.concatenate(latents)[:, None])[:, 0]
        p = pm.math.sigmoid(eta - pt.dot(model.basis, step))
        rate = pts.structured_dot(pts.as_sparse(model.operator), p[:, None])[:, 0]
        _observe(model.errors.counts, model.errors.rates, rate, values)
    return built


def top_level(scale: Scale) -> pt.TensorVariable:
    """Return the PyMC variable of a top-level parameter."""
    return _prior(scale.name, scale.prior, None if scale.dim is None else (scale.dim.name,))


def _prior(name: str, prior: Prior, dims: tuple[str, ...] | None) -> pt.TensorVariable:
    match prior:
        case Normal():
            return pm.Normal(name, prior.loc, prior.scale, dims=dims)
        case HalfNormal():
            return pm.HalfNormal(name, prior.scale, dims=dims)
        case LogNormal():
            return pm.LogNormal(name, np.log(prior.median), prior.sigma, dims=dims)
        case Beta():
            return pm.Beta(name, prior.a, prior.b, dims=dims)


def latent(term: Term, values: Values) -> pt.TensorVariable:
    """Return a term's latents, in the order of its design columns."""
    dims = tuple(dim.name for dim in latent_dims(term))
    match term:
        case Constant():
            return pt.atleast_1d(pm.Normal(term.name, term.prior.loc, term.prior.scale))
        case Effect():
            return _effect(term, dims, values)
        case Walk():
            return _walk(term, dims, values)
        case Trend():
            return _trend(term, dims, values)


def _effect(term: Effect, dims: tuple[str, ...], values: Values) -> pt.TensorVariable:
    scale = values[term.scale]
    if term.centred:
        return pm.Normal(term.name, 0.0, scale, dims=dims)
    raw = pm.Normal(f"{term.name}_raw", 0.0, 1.0, dims=dims)
    return pm.Deterministic(term.name, raw * scale, dims=dims)


def _walk(term: Walk, dims: tuple[str, ...], values: Values) -> pt.TensorVariable:
    size, pin = len(term.along.labels), term.along.labels.index(term.pin)
    reach, lag = steps_from_pin(size, pin)
    loads = reach if term.rho is None else reach * values[term.rho] ** lag
    shape = (*[len(dim.labels) for dim in term.by], size - 1)
    raw = pm.Normal(f"{term.name}_raw", 0.0, 1.0, shape=shape)
    value = values[term.scale] * pt.dot(raw, loads.T)
    value = pm.Deterministic(term.name, value, dims=dims)
    return value[..., free_cohorts(term)]


def _trend(term: Trend, dims: tuple[str, ...], values: Values) -> pt.TensorVariable:
    size, pin = len(term.along.labels), term.along.labels.index(term.pin)
    phi = values[term.phi]
    reach, lag = stationary_lags(size - 1)
    raw = pm.Normal(f"{term.name}_slope_raw", 0.0, 1.0, shape=size - 1)
    first = pt.concatenate([[1 / pt.sqrt(1 - phi**2)], np.ones(size - 2)])
    slope = values[term.slope] * pt.dot(reach * phi**lag, raw * first)
    level = pm.Normal(f"{term.name}_raw", 0.0, 1.0, shape=size - 1)
    value = pt.dot(sums_from_pin(size, pin), slope + values[term.level] * level)
    value = pm.Deterministic(term.name, value, dims=dims)
    slope = pm.Deterministic(f"{term.name}_slope", slope, dims=(f"{dims[0]}_step",))
    return pt.concatenate([value[free_cohorts(term)], slope])


def _observe(counts: CountRows, rates: RateRows, rate: pt.TensorVariable, values: Values) -> None:
    """Add the observed rows: counts of census rows, rates of the others."""
    if len(counts.row):
        p = pt.clip(rate[counts.row], EDGE, 1 - EDGE)
        within = values["overdispersion"][counts.which] + counts.rounding / (p * (1 - p))
        size = 1 / pt.minimum(within, 1 - EDGE) - 1
        pm.BetaBinomial(
            "stayed", alpha=p * size, beta=(1 - p) * size, n=counts.n, observed=counts.stayed, dims="count_row"
        )
    if len(rates.row):
        p = pt.clip(rate[rates.row], EDGE, 1 - EDGE)
        spread = p * (1 - p)
        variance = rates.known
        if "effective_share" in values:
            variance = variance + spread * rates.per_person / values["effective_share"]
        if "source_scale" in values:
            unknown = rates.unknown * values["source_scale"][rates.which] ** 2
            variance = variance + unknown * spread**2
        size = pt.maximum(spread / variance - 1, EDGE)
        pm.Beta("rate", alpha=p * size, beta=(1 - p) * size, observed=rates.rate, dims="rate_row")
