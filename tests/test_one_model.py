"""One model, read four ways: PyMC, sparse matrices, the Laplace engines' field, dense normals."""

from collections.abc import Callable, Iterator

import numpy as np
import pytensor
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pytensor.compile.mode import Mode
from scipy.special import logit

from forecast.evidence import load_evidence
from forecast.inference.field import given as given_scales
from forecast.inference.field import latent_field, sight
from forecast.stay import StayModel, stay_model
from forecast.stay.coordinates import centred_values, jacobian, latents, mask_size
from forecast.stay.density import log_joint, log_prior_of_scales, log_volume
from forecast.stay.design import latent_size
from forecast.stay.precision import prior_mean
from forecast.stay.pymc_model import pymc_model
from forecast.stay.terms import Constant, Term, Trend, Walk, free_cohorts
from forecast.stay.unit_normal import Values
from forecast.stay.whitening import Whitening, no_whitening, whitening
from tests.laplace_models import (
    every_kind_of_term,
    log_normal,
    models,
    prior_covariance,
    random_scales,
    shipped,
)

type Density = Callable[[np.ndarray, Values], float]
BACK = {"log": np.log, "logodds": logit}  # from a parameter to PyMC's unconstrained value
AS_WRITTEN = Mode("py", None)  # no compiler, no rewriting: a fraction of a second a model
ONCE = [HealthCheck.function_scoped_fixture]  # a fixture that need not be made again each time


def of_pymc(model: StayModel, map_: Whitening, mode: Mode | None = AS_WRITTEN) -> Density:
    """Return PyMC's log density of u and the scales, as NUTS has it less its own Jacobians."""
    built = pymc_model(model, map_)
    compiled = built.compile_logp(jacobian=False, mode=mode)
    values, transforms = built.rvs_to_values, built.rvs_to_transforms
    names = {v.name: (values[v].name, transforms[v]) for v in built.free_RVs}

    def density(u: np.ndarray, values: Values) -> float:
        point = {"u": u}
        for name, value in values.items():
            hidden, transform = names[name]
            raw = np.asarray(value)
            point[hidden] = raw if transform is None else BACK[transform.name](raw)
        return float(compiled(point))

    return density


@pytest.fixture
def double() -> Iterator[None]:
    """Have PyTensor hold all constants in double precision.

    By itself it holds 20.0 or 1.5 in single precision, so that PyMC's log Beta(20, 1.5) is off by a
    constant of 4e-6: nothing to NUTS, but more than a test of a whole density allows.
    """
    with pytensor.config.change_flags(cast_policy="numpy+floatX"):
        yield


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


def random_mask(term: Term, rng: np.random.Generator) -> np.ndarray:
    """Return which values of a term are sampled themselves: of a walk those around the pin."""
    if not isinstance(term, Walk):
        always = isinstance(term, Constant)
        return np.full(mask_size(term), float(always or rng.random() < 0.5))
    away = np.abs(np.asarray(term.along.labels)[free_cohorts(term)] - term.pin)
    return (away <= rng.integers(0, away.max() + 1)).astype(float)


def random_map(model: StayModel, rng: np.random.Generator) -> Whitening:
    """Return a map of any masks, rotations and shifts, as a pilot might have proposed it."""
    terms = model.structure.terms
    masks = {term.name: random_mask(term, rng) for term in terms}
    own = np.concatenate([centred_values(term, masks[term.name]) for term in terms])
    centred, others = np.flatnonzero(own), np.flatnonzero(~own)
    soft = others[rng.random(len(others)) < 0.5]
    names = frozenset(name for name, mask in masks.items() if not mask.any())
    away = sum(latent_size(term) for term in terms if term.name in names) + model.basis.shape[1]

    def factor(size: int) -> np.ndarray:
        return np.eye(size) + rng.normal(0, 0.1 / np.sqrt(max(size, 1)), (size, size))

    return Whitening(
        masks=masks,
        soft_terms=names,
        soft=soft,
        soft_mean=rng.normal(size=len(soft)),
        soft_factor=factor(len(soft)),
        centred=centred,
        mean=rng.normal(size=len(centred)),
        factor=factor(len(centred)),
        shift=rng.normal(0, 0.1, (len(centred), away)),
        away_mean=rng.normal(size=away),
    )


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


def check(model: StayModel, map_: Whitening, density: Density, u: np.ndarray, v: Values) -> None:
    """Assert that PyMC, the matrices and the field agree at u and scales v."""
    x = all_latents(model, map_, u, v)
    volume = log_volume(model, map_.masks, v)
    expected = density(u, v)

    assert_allclose(log_joint(model, x, v) + volume, expected, rtol=1e-8, atol=1e-8)
    assert_allclose(of_field(model, x, v) + volume, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", ["demo", "china_ai_2030", "us_doctorates"])
def test_shipped_studies_have_one_density(name: str):
    """At a random point far into the priors all readers agree to 1e-8 relative."""
    model, rng = shipped(name), np.random.default_rng(1)
    map_ = no_whitening(model)
    _, values = random_scales(model, rng, 2.5)
    u = rng.normal(size=model.design.shape[1])

    check(model, map_, of_pymc(model, map_), u, values)


@pytest.mark.usefixtures("double")
@settings(max_examples=10, deadline=None, suppress_health_check=ONCE)
@given(models(), st.integers(0, 2**32 - 1))
def test_random_studies_have_one_density(model: StayModel, seed: int):
    """Whatever the terms, the definitions, the priors, the rows and the map that NUTS sees through.

    Scales lie within two standard deviations of their priors: at an overdispersion of 1e-12 the
    gamma functions of all readers cancel, each in its own way.
    """
    rng = np.random.default_rng(seed)
    map_ = random_map(model, rng)
    _, values = random_scales(model, rng, 2.0)

    check(model, map_, of_pymc(model, map_), rng.normal(size=model.design.shape[1]), values)


@pytest.mark.slow
@pytest.mark.parametrize("rotated", [False, True])
def test_the_compiled_density_that_nuts_sees_is_off_by_a_constant_alone(rotated: bool):
    """Between points PyMC's compiled log density moves as the matrices' does, to 1e-8 relative.

    The constant is what single precision leaves in the normalising constants of the priors.
    """
    study = every_kind_of_term()
    model, rng = stay_model(study, load_evidence(study)), np.random.default_rng(4)
    map_ = whitening(model) if rotated else no_whitening(model)
    density, off, size = of_pymc(model, map_, mode=None), [], []
    for _ in range(5):
        _, values = random_scales(model, rng, 2.5)
        u = rng.normal(size=model.design.shape[1])
        x = all_latents(model, map_, u, values)
        expected = log_joint(model, x, values) + log_volume(model, map_.masks, values)
        off.append(density(u, values) - expected)
        size.append(abs(expected))

    assert_allclose(off, off[0], rtol=0, atol=1e-8 * np.min(size))
    assert abs(off[0]) < 1e-4
