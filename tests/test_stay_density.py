"""The terms of the stay model: their columns, their prior, their coordinates."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from forecast.evidence import load_evidence
from forecast.stay import StayModel, stay_model
from forecast.stay.coordinates import centred_values, jacobian, latents, mask_size
from forecast.stay.design import design_matrix, duration_basis, latent_size
from forecast.stay.posterior import flat_latents, named_latents
from forecast.stay.precision import increment_covariance, increments_of, precision
from forecast.stay.terms import Trend, Walk
from forecast.study import Study, frozen
from tests.laplace_models import every_kind_of_term


@pytest.fixture(scope="module")
def study() -> Study:
    """The simulated study, with a shock added so that every kind of term is there."""
    return every_kind_of_term()


@pytest.fixture(scope="module")
def model(study: Study) -> StayModel:
    """The stay model of the study on its evidence."""
    return stay_model(study, load_evidence(study))


def random_point(model: StayModel, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw every top-level parameter from its prior."""
    shapes = {s.name: () if s.dim is None else (len(s.dim.labels),) for s in model.top_level}
    return {
        s.name: np.asarray(frozen(s.prior).rvs(size=shapes[s.name] or None, random_state=rng))
        for s in model.top_level
    }


def test_coordinates_and_precision_agree(model: StayModel) -> None:
    """Innovations of unit variance, mapped to values, have the covariance that Q says."""
    rng = np.random.default_rng(2)
    point = {k: np.asarray(v) for k, v in random_point(model, rng).items()}
    for term in model.structure.terms:
        if not isinstance(term, Trend):
            mask = np.zeros(mask_size(term))
            loads = jacobian(term, point, mask)
            if term.name in ("intercept", "definition_offset"):
                loads = loads * term.prior.scale

            assert_allclose(
                loads @ loads.T @ precision(term, point).toarray(), np.eye(len(loads)), atol=1e-7
            )


@pytest.mark.parametrize("first", [0, 3])
def test_centred_values_are_their_own_coordinates(model: StayModel, first: int) -> None:
    """A centred cohort's value is its coordinate; the others reach back to it."""
    walk = next(t for t in model.structure.terms if isinstance(t, Walk) and t.rho is not None)
    mask = np.zeros(mask_size(walk))
    pin = walk.along.labels.index(walk.pin)
    mask[pin - first : pin + 4] = 1.0
    point = {walk.scale: 0.3, str(walk.rho): 0.9}
    y = np.random.default_rng(1).normal(size=latent_size(walk))
    x = latents(walk, y, point, mask)

    chosen = centred_values(walk, mask)
    assert_allclose(x[chosen], y[chosen])
    assert_allclose(x[pin + 4], 0.9 * y[pin + 3] + 0.3 * y[pin + 4])


def test_trend_increments_are_a_damped_local_linear_trend(model: StayModel) -> None:
    """The covariance of increments is that of simulated level and slope innovations."""
    trend = next(t for t in model.structure.terms if isinstance(t, Trend))
    values = {trend.scale: 0.2, trend.drift: 0.4, trend.phi: 0.7}
    rng = np.random.default_rng(0)
    size, draws = len(trend.along.labels) - 1, 40_000
    slope = np.zeros((draws, size))
    slope[:, 0] = rng.normal(0, 0.2 * np.sqrt(0.4), draws)
    for i in range(1, size):
        slope[:, i] = 0.7 * slope[:, i - 1] + rng.normal(0, 0.2 * np.sqrt(0.4 * (1 - 0.49)), draws)
    change = slope + rng.normal(0, 0.2 * np.sqrt(0.6), slope.shape)

    assert_allclose(np.cov(change.T), increment_covariance(trend, values), atol=1.5e-3)
    assert increments_of(trend).shape == (size, size)


def test_named_and_flat_latents_are_inverse(model: StayModel) -> None:
    """Latents survive the way to labelled variables and back; the pinned cohort is zero."""
    flat = np.random.default_rng(3).normal(size=(2, 4, model.design.shape[1]))
    named = named_latents(flat, model.structure)
    pinned = named["trend_origin"].sel(cohort=2013)

    assert_allclose(flat_latents(xr.Dataset(named), model.structure), flat)
    assert float(np.abs(pinned).max()) == 0.0


def test_linear_predictor_by_hand(study: Study, model: StayModel) -> None:
    """One cell's row of A picks exactly the latents that the formula names."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=model.design.shape[1])
    named = {k: v[0, 0] for k, v in named_latents(x[None, None], model.structure).items()}
    cell = {
        "definition": "plan",
        "origin": "east",
        "field": "beta",
        "cohort": 2012,
        "years_since": 0.0,
    }
    row = design_matrix(model.structure, pd.DataFrame([cell]), study.stay.shocks)
    expected = (
        named["intercept"]
        + named["origin_effect"].sel(origin="east")
        + named["field_effect"].sel(field="beta")
        + named["origin_field"].sel(origin="east", field="beta")
        + named["trend"].sel(cohort=2012)
        + named["trend_origin"].sel(origin="east", cohort=2012)
        + named["trend_field"].sel(field="beta", cohort=2012)
        + named["shock_crisis"]
    )
    for label in ("plan", "intention"):
        expected = expected + named["definition_offset"].sel(definition=label)
        expected = expected + named["definition_origin"].sel(
            definition_by_origin=label, origin="east"
        )
    walk = named["definition_walk"]
    expected = expected + walk.sel(definition_walking="intention", origin="east", cohort=2012)
    expected = expected + named["definition_free"].sel(definition_freed="plan", cohort=2012)

    assert_allclose((row @ x)[0], float(expected))


def test_duration_curve_never_falls() -> None:
    """D is zero at graduation, non-decreasing for positive steps, straight in log(1 + d) after."""
    ages = np.linspace(0, 30, 61)
    curve = duration_basis([0, 1, 5, 10], ages) @ np.array([0.1, 0.2, 0.05])
    later = ages >= 10
    beyond = np.log((1 + ages[later]) / 11) / np.log(11 / 6)

    assert curve[0] == 0.0
    assert (np.diff(curve) >= 0).all()
    assert_allclose(curve[np.isin(ages, [1, 5, 10])], [0.1, 0.3, 0.35])
    assert_allclose(curve[later], 0.35 + 0.05 * beyond)


def test_prior_of_a_random_walk_has_the_published_variance(model: StayModel) -> None:
    """A walk of coefficient one k steps from its pin has variance k scale^2."""
    walk = next(t for t in model.structure.terms if t.name == "definition_walk")
    covariance = np.linalg.inv(precision(walk, {walk.scale: 0.1}).toarray())
    labels = np.array([c for c in walk.along.labels if c != walk.pin])

    one_path = 0.01 * np.abs(labels - walk.pin)
    assert_allclose(np.diag(covariance), np.tile(one_path, 3))
