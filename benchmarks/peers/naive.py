"""The model as a PyMC user would write it: non-centred everywhere; its draws read by NumPy."""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable
from scipy.special import expit

from benchmarks import priors
from benchmarks.contender import Draws
from benchmarks.tables import Codes, Table

type Variable = TensorVariable
type Samples = Mapping[str, np.ndarray]

SCALES = (
    "sigma_origin",
    "sigma_field",
    "sigma_origin_field",
    "sigma_walk",
    "sigma_walk_origin",
    "sigma_walk_field",
    "overdispersion",
)
PIECES = (
    "intercept",
    "origin_effect",
    "field_effect",
    "origin_field",
    "walk",
    "walk_origin",
    "walk_field",
    "duration_step",
)


def naive_model(table: Table) -> pm.Model:
    """Return the PyMC model of a table."""
    coords = {
        "origin": range(table.shape.origins),
        "field": range(table.shape.fields),
        "cohort": table.cohorts,
        "change": table.cohorts[1:],
        "knot": table.ages[1:],
    }
    with pm.Model(coords=coords) as model:
        intercept = pm.Normal("intercept", 0.0, priors.INTERCEPT)
        origin = _effect("origin_effect", "sigma_origin", ("origin",))
        field = _effect("field_effect", "sigma_field", ("field",))
        both = _effect("origin_field", "sigma_origin_field", ("origin", "field"))
        walk = _walk("walk", "sigma_walk", ())
        by_origin = _walk("walk_origin", "sigma_walk_origin", ("origin",))
        by_field = _walk("walk_field", "sigma_walk_field", ("field",))
        step = pm.HalfNormal("duration_step", priors.DURATION_STEP, dims="knot")
        fall = pt.concatenate([pt.zeros(1), pt.cumsum(step)])
        eta = intercept + origin[table.origin] + field[table.field]
        eta = eta + both[table.origin, table.field] + walk[table.cohort]
        eta = eta + by_origin[table.origin, table.cohort] + by_field[table.field, table.cohort]
        p = pm.math.sigmoid(eta - fall[table.age])
        correlation = pm.HalfNormal("overdispersion", priors.CORRELATION)
        size = 1 / pt.minimum(correlation, priors.LARGEST_CORRELATION) - 1
        pm.BetaBinomial("y", alpha=p * size, beta=(1 - p) * size, n=table.n, observed=table.y)
    return model


def _effect(name: str, scale: str, dims: tuple[str, ...]) -> Variable:
    z = pm.Normal(f"{name}_z", dims=dims)
    return pm.Deterministic(name, pm.HalfNormal(scale, priors.EFFECT) * z, dims=dims)


def _walk(name: str, scale: str, by: tuple[str, ...]) -> Variable:
    """Return a random walk along cohorts, zero at the first."""
    z = pm.Normal(f"{name}_z", dims=(*by, "change"))
    path = pt.cumsum(pm.HalfNormal(scale, priors.WALK) * z, axis=-1)
    start = pt.zeros_like(path[..., :1])
    return pm.Deterministic(name, pt.concatenate([start, path], axis=-1), dims=(*by, "cohort"))


def read_samples(samples: Samples, table: Table, rows: Codes) -> Draws:
    """Return the draws of the model, whoever drew them: arrays (chain, draw, ...) by name."""
    part = table.take(rows)
    step = samples["duration_step"]
    fall = np.concatenate([np.zeros_like(step[..., :1]), np.cumsum(step, axis=-1)], axis=-1)
    eta = samples["intercept"][..., None] - fall[..., part.age]
    eta = eta + samples["origin_effect"][..., part.origin]
    eta = eta + samples["field_effect"][..., part.field]
    eta = eta + samples["origin_field"][..., part.origin, part.field]
    eta = eta + samples["walk"][..., part.cohort]
    eta = eta + samples["walk_origin"][..., part.origin, part.cohort]
    eta = eta + samples["walk_field"][..., part.field, part.cohort]
    return Draws({name: samples[name] for name in SCALES}, expit(eta))
