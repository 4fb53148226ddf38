"""One model, read four ways: PyMC, sparse matrices, the Laplace engines' field, its prior."""

from collections.abc import Callable

import numpy as np
import pymc as pm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pytensor.compile.mode import Mode
from scipy.special import logit

from forecast.evidence import load_evidence
from forecast.inference.field import given as given_scales
from forecast.inference.field import latent_field, sight
from forecast.stay import StayModel, stay_model
from forecast.stay.coordinates import jacobian, latents
from forecast.stay.density import log_joint, log_prior_of_scales, log_volume
from forecast.stay.precision import prior_mean
from forecast.stay.pymc_model import pymc_model
from forecast.stay.terms import Term, Trend
from forecast.stay.unit_normal import UnitNormal, Values
from forecast.stay.whitening import Whitening, no_whitening, whitening
from forecast.study import load_study
from forecast.study.schema import Shock
from tests.laplace_models import log_normal, models, prior_covariance, random_scales, shipped

type Density = Callable[[np.ndarray, Values], float]
BACK = {"log": np.log, "logodds": logit}  # from a parameter to PyMC's unconstrained value
AS_WRITTEN = Mode("py", None)  # no compiler, no rewriting: a fraction of a second a model


def of_pymc(model: StayModel, map_: Whitening, mode: Mode | None = AS_WRITTEN) -> Density:
    """Return PyMC's log density of u and the scales, as NUTS has it less its own Jacobians."""
    built = pymc_model(model, map_)
    compiled = built.compile_logp(jacobian=False, mode=mode)
    names = {v.name: (built.rvs_to_values[v].name, built.rvs_to_transforms[v]) for v in built.free_RVs}

    def density(u: np.ndarray, values: Values) -> float:
        point = {"u": u}
        for name, value in values.items():
            hidden, transform = names[name]
            raw = np.asarray(value)
            point[hidden] = raw if transform is None else BACK[transform.name](raw)
        return float(compiled(point))

    return density


def values_of(map_: Whitening, term: Term, y: np.ndarray, values: Values) -> np.ndarray:
    """Return a term's latents from its coordinates by NumPy."""
    mask = map_.masks[term.name]
    if isinstance(term, Trend) and not mask.all():
        return jacobian(term, values, mask) @ y
    return latents(term, y, values, mask)


def all_latents(model: StayModel, map_: Whitening, u: np.ndarray, values: Values) -> np.ndarray:
    """Return x from u by NumPy, following the words of Whitening."""
    y, terms = u.copy(), model.structure.terms
    y[map_.soft] = map_.soft_mean + map_.soft_factor @ u[map_.soft]
    soft = [
        values_of(map_, t, y[model.slices[t.name]], values)
        for t in terms
        if t.name in map_.soft_terms
    ]
    away = np.concatenate([*soft, values["duration_step"]]) - map_.away_mean
    y[map_.centred] = map_.mean + map_.factor @ u[map_.centred] - map_.shift @ away
    return np.concatenate([values_of(map_, t, y[model.slices[t.name]], values) for t in terms])


def of_field(model: StayModel, x: np.ndarray, values: Values) -> float:
    """Return log p(x, scales, data) from the field: what it leaves out is the other latents'.

    Those have their prior given the reached ones, a ratio of two dense normal densities.
    """
    field = latent_field(model)
    mask, at = field.prior.mask, given_scales(field, values)
    away = x - prior_mean(model.structure)
    every = np.ones_like(mask)
    others = log_normal(away, prior_covariance(model, every, values))
    others -= log_normal(away[mask], prior_covariance(model, mask, values))
    reached = sight(field, at, x[mask]).value + 0.5 * at.log_determinant
    constant = 0.5 * mask.sum() * np.log(2 * np.pi)
    return float(reached - constant + others + log_prior_of_scales(model, values))

