"""Third reader of the terms: the PyMC model, sampled by NUTS."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.sparse as pts
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from forecast.stay.coordinates import latents, log_density
from forecast.stay.errors_of_rows import EDGE, CountRows, RateRows
from forecast.stay.model import StayModel
from forecast.stay.terms import Scale
from forecast.stay.whitening import Whitening
from forecast.study.priors import (
    Beta,
    HalfCauchy,
    HalfNormal,
    LogNormal,
    Normal,
    Prior,
    RootInverseGamma,
    typical,
)

type Values = Mapping[str, Any]
type Variable = TensorVariable[Any, Any]


def pymc_model(model: StayModel, whitening: Whitening) -> pm.Model:
    """Return the PyMC model: rate = W p, p = expit(A x - B step), with the errors of each row.

    NUTS sees ``u``, whose posterior is close to a standard normal; the density is that of the
    model whatever the whitening, up to the constant of a fixed linear map.
    """
    with pm.Model(coords=model.coords) as built:
        values = {scale.name: top_level(scale) for scale in model.scales}
        step = top_level(Scale("duration_step", model.structure.duration_step, model.knot_dim))
        u = pm.Flat("u", shape=model.design.shape[1], initval=np.zeros(model.design.shape[1]))
        y = _coordinates(model, whitening, u, step, values)
        parts, density = [], []
        for term in model.structure.terms:
            piece, mask = y[model.slices[term.name]], whitening.masks[term.name]
            parts.append(latents(term, piece, values, mask))
            density.append(log_density(term, piece, values, mask))
        pm.Potential("latents_log_prior", pt.add(*density))
        x = pm.Deterministic("latents", pt.concatenate(parts))
        eta = pts.structured_dot(pts.as_sparse(model.design), x[:, None])[:, 0]
        p = pm.math.sigmoid(eta - pt.dot(model.basis, step))
        rate = pts.structured_dot(pts.as_sparse(model.operator), p[:, None])[:, 0]
        _observe(model.errors.counts, model.errors.rates, rate, values)
    return built


def _coordinates(
    model: StayModel, whitening: Whitening, u: Any, step: Any, values: Values
) -> Variable:
    """Return the coordinates: what the data fix around its mean given the soft terms."""
    y = u
    if len(whitening.soft):
        rotated = whitening.soft_mean + pt.dot(whitening.soft_factor, u[whitening.soft])
        y = pt.set_subtensor(u[whitening.soft], rotated)
    if not len(whitening.centred):
        return y
    soft = [
        latents(term, y[model.slices[term.name]], values, whitening.masks[term.name])
        for term in model.structure.terms
        if term.name in whitening.soft_terms
    ]
    away = pt.concatenate([*soft, step]) - whitening.away_mean
    fixed = whitening.mean + pt.dot(whitening.factor, u[whitening.centred])
    return pt.set_subtensor(y[whitening.centred], fixed - pt.dot(whitening.shift, away))


def top_level(scale: Scale) -> Variable:
    """Return the PyMC variable of a top-level parameter."""
    return _prior(scale.name, scale.prior, None if scale.dim is None else (scale.dim.name,))


def _prior(name: str, prior: Prior, dims: tuple[str, ...] | None) -> Variable:
    match prior:
        case Normal():
            return pm.Normal(name, prior.loc, prior.scale, dims=dims)
        case HalfNormal():
            return pm.HalfNormal(name, prior.scale, dims=dims)
        case LogNormal():
            return pm.LogNormal(name, np.log(prior.median), prior.sigma, dims=dims)
        case Beta():
            return pm.Beta(name, prior.a, prior.b, dims=dims)
        case HalfCauchy():
            return pm.HalfCauchy(name, prior.scale, dims=dims)
        case RootInverseGamma():
            return pm.CustomDist(
                name,
                prior.shape,
                prior.rate,
                dist=_root_inverse_gamma,
                support_point=lambda rv, size, *_: pt.full(_shape(rv, size), typical(prior)),
                default_transform=pm.distributions.transforms.log,
                dims=dims,
            )


def _shape(rv: Variable, size: Any) -> Any:
    """Return the shape of a variable without drawing it."""
    return () if rv.type.ndim == 0 else size


def _root_inverse_gamma(shape: Variable, rate: Variable, size: Any) -> Variable:
    return pt.sqrt(pm.InverseGamma.dist(shape, rate, size=size))


def _observe(
    counts: CountRows, rates: RateRows, rate: TensorVariable[Any, Any], values: Values
) -> None:
    """Add the observed rows: counts of census rows, rates of the others.

    What was seen is data that a compiled model can change: ``stayed_seen`` and ``rate_seen``.
    """
    if len(counts.row):
        p = pt.clip(rate[counts.row], EDGE, 1 - EDGE)
        within = values["overdispersion"][counts.which] + counts.rounding / (p * (1 - p))
        size = 1 / pt.minimum(within, 1 - EDGE) - 1
        pm.BetaBinomial(
            "stayed",
            alpha=p * size,
            beta=(1 - p) * size,
            n=counts.n,
            observed=pm.Data("stayed_seen", counts.stayed),
            dims="count_row",
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
        seen = pm.Data("rate_seen", rates.rate)
        pm.Beta("rate", alpha=p * size, beta=(1 - p) * size, observed=seen, dims="rate_row")
