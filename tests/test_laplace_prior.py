"""The prior of the latents that evidence reaches, and the draws of the others given those."""

from collections.abc import Mapping

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import linalg

from forecast.stay import StayModel, stay_model
from forecast.stay.latent_prior import LatentPrior, latent_prior
from forecast.stay.posterior import named_latents
from forecast.stay.precision import prior_mean
from forecast.stay.reached import Completion, reached
from forecast.stay.unit_normal import Values
from forecast.study import load_study
from tests.laplace_models import (
    evidence,
    log_normal,
    models,
    prior_covariance,
    random_scales,
    row,
    shipped,
    slope,
)

seeds = st.integers(0, 2**32 - 1)


def dense_precision(prior: LatentPrior, values: Values) -> np.ndarray:
    """Return the precision that the entries of a prior make."""
    entries, _, _ = prior.look(values)
    size = len(prior.mean)
    out = np.zeros((size, size))
    out[prior.row, prior.col] = entries
    return out + np.tril(out, -1).T


@settings(max_examples=80, deadline=None)
@given(models(), seeds)
def test_prior_of_reached_latents_is_the_marginal_of_the_whole(model: StayModel, seed: int):
    """Its precision is the inverse of their part of Q^-1; mean and log determinant go with it."""
    prior = latent_prior(model)
    _, values = random_scales(model, np.random.default_rng(seed))
    covariance = prior_covariance(model, prior.mask, values)

    assert (prior.row >= prior.col).all()
    assert len(set(zip(prior.row, prior.col, strict=True))) == len(prior.row)
    identity = np.eye(len(covariance))
    assert_allclose(dense_precision(prior, values) @ covariance, identity, atol=1e-9)
    determinant = -np.linalg.slogdet(covariance)[1]
    assert_allclose(prior.look(values)[1], determinant, rtol=1e-9, atol=1e-9)
    assert_allclose(prior.mean, prior_mean(model.structure)[prior.mask])


@settings(max_examples=15, deadline=None)
@given(models(), seeds)
def test_gradient_of_the_prior_is_its_slope(model: StayModel, seed: int):
    """With the moments of one x it is that of log N(x; m, Q^-1) by each scale, rho, drift, phi."""
    prior, rng = latent_prior(model), np.random.default_rng(seed)
    _, values = random_scales(model, rng)
    away = rng.normal(size=len(prior.mean)) * 0.3
    twice = np.where(prior.row == prior.col, 1.0, 2.0)
    found = prior.gradient(prior.look(values)[2], twice * away[prior.row] * away[prior.col])

    assert set(found) == {scale.name for scale in model.structure.scales}
    for name, gradient in found.items():

        def density(t: float, name: str = name) -> float:
            moved: Mapping[str, object] = {**values, name: values[name] * (1 + t)}
            return log_normal(away, prior_covariance(model, prior.mask, moved))

        numeric = slope(density, 1e-3)
        assert_allclose(gradient * values[name], numeric, rtol=1e-6, atol=1e-6)


class UnitNoise:
    """A source of noise in which each draw has one standard normal at one, all others at zero."""

    def __init__(self, first: int) -> None:
        self.at = first

    def standard_normal(self, shape: tuple[int, int]) -> np.ndarray:
        """Return the next columns of the identity, a draw a row."""
        out = np.zeros(shape)
        place = np.arange(shape[1])
        out[self.at + place, place] = 1.0
        self.at += shape[1]
        return out


@settings(max_examples=60, deadline=None)
@given(models(), seeds)
def test_completed_draws_have_the_prior_covariance(model: StayModel, seed: int):
    """From a root of the reached latents' covariance and unit noise: J J' is the whole of Q^-1."""
    mask = reached(model)
    _, values = random_scales(model, np.random.default_rng(seed))
    root = np.linalg.cholesky(prior_covariance(model, mask, values))
    some = linalg.block_diag(root.T, np.zeros((len(mask), 0)))
    completion = Completion(model.structure, model.slices, mask)
    whole = completion.complete(some, values, UnitNoise(len(root)))
    expected = prior_covariance(model, np.ones_like(mask), values)
    unit = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))

    assert_allclose(whole[:, mask], some)
    assert_allclose(whole.T @ whole / unit, expected / unit, atol=1e-9)


def test_completed_draws_of_the_demo_spread_as_its_prior():
    """With real noise, sample covariances lie within six of their standard errors."""
    model, draws = shipped("demo"), 3000
    mask, rng = reached(model), np.random.default_rng(2)
    _, values = random_scales(model, rng)
    root = np.linalg.cholesky(prior_covariance(model, mask, values))
    some = rng.normal(size=(draws, len(root))) @ root.T
    whole = Completion(model.structure, model.slices, mask).complete(some, values, rng)
    expected = prior_covariance(model, np.ones_like(mask), values)
    variance = np.diag(expected)
    error = np.sqrt((np.outer(variance, variance) + expected**2) / draws)

    assert (~mask).sum() > 50
    assert np.abs((whole.T @ whole / draws - expected) / error).max() < 6


def test_evidence_reaches_paths_from_the_pin_to_the_last_cohort_seen():
    """One figure of the north in 2016 reaches its walk from 2014 to 2016, not 2017 nor 2012."""
    study = load_study("demo")
    seen = [row("resident", ("north",), ("alpha",), (2016, 2016), 5.0)]
    model = stay_model(study, evidence(study, seen, ["census"], np.random.default_rng(0)))
    mask = reached(model).astype(float)
    named = {k: v[0, 0] for k, v in named_latents(mask[None, None], model.structure).items()}
    pinned, years = study.stay.reference_cohort, np.array(study.evidence.years)
    path = ((years > pinned) & (years <= 2016)).astype(float)

    assert_allclose(named["trend_origin"].sel(origin="north"), path)
    assert_allclose(named["trend_origin"].sel(origin="east"), 0.0)
    assert_allclose(named["trend"], path)
    assert_allclose(named["origin_effect"].sel(origin=["north", "east"]), [1.0, 0.0])
    assert_allclose(named["definition_walk"], 0.0)
    assert float(named["intercept"]) == 1.0
    assert float(named["definition_offset"].sum()) == 1.0
