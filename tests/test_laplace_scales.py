"""The scales of the Laplace engines: coordinates whose prior is normal, and skewed proposals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from forecast.inference.proposal import Proposal, fitted_proposal
from forecast.stay.terms import Dim, Scale
from forecast.stay.unit_normal import UnitNormal, quantile
from forecast.stay.unit_normal import slope as slope_of_quantile
from forecast.study.priors import (
    Beta,
    HalfCauchy,
    HalfNormal,
    LogNormal,
    Normal,
    Prior,
    RootInverseGamma,
    frozen,
)
from tests.laplace_models import REASON, slope

PRIORS: tuple[Prior, ...] = (
    Normal(dist="normal", loc=-0.5, scale=2.0, reason=REASON),
    HalfNormal(dist="half_normal", scale=0.05, reason=REASON),
    LogNormal(dist="lognormal", median=0.05, sigma=0.5, reason=REASON),
    Beta(dist="beta", a=1.5, b=30.0, reason=REASON),
    Beta(dist="beta", a=20.0, b=1.5, reason=REASON),
    Beta(dist="beta", a=2.0, b=4.0, reason=REASON),
    Beta(dist="beta", a=0.7, b=1.0, reason=REASON),
    HalfCauchy(dist="half_cauchy", scale=0.5, reason=REASON),
    RootInverseGamma(dist="root_inverse_gamma", shape=2.0, rate=0.1, reason=REASON),
    RootInverseGamma(dist="root_inverse_gamma", shape=0.5, rate=0.005, reason=REASON),
)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda p: p.dist)
def test_coordinates_and_values_are_inverse(prior: Prior):
    """From u to a value and back is the identity from -6 to 6, in both tails alike."""
    u = np.linspace(-6, 6, 241)
    unit = UnitNormal((Scale("one", prior, Dim("label", "label", tuple(range(len(u))))),))

    assert_allclose(unit.coordinates(unit.values(u)), u, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda p: p.dist)
def test_slope_of_a_value_is_that_of_differences(prior: Prior):
    """The slope d value / d u agrees with central differences of the quantile."""
    u = np.linspace(-6, 6, 241)
    found = slope_of_quantile(prior, quantile(prior, u), u)
    numeric = slope(lambda t: quantile(prior, u + t), 1e-3)
    unit = np.abs(numeric) + 1e-6 * np.abs(quantile(prior, u))  # rounding blurs a small slope

    assert_allclose(found / unit, numeric / unit, rtol=0, atol=1e-7)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda p: p.dist)
def test_values_of_a_standard_normal_have_the_prior(prior: Prior):
    """The sum log f(value) + log |d value / d u| is the standard normal log density, to 1e-9."""
    u = np.linspace(-6, 6, 241)
    value = quantile(prior, u)
    found = frozen(prior).logpdf(value) + np.log(slope_of_quantile(prior, value, u))

    assert_allclose(found, stats.norm.logpdf(u), rtol=1e-9, atol=1e-9)


def test_parameters_stand_in_u_one_after_another():
    """A parameter with a dim has a place for each label; one without is a number."""
    labels = Dim("definition", "definition", ("one", "two"))
    scales = (Scale("wide", PRIORS[1], labels), Scale("share", PRIORS[3]), Scale("far", PRIORS[0]))
    unit = UnitNormal(scales)
    values = unit.values(np.array([-1.0, 1.0, 0.0, 2.0]))

    assert unit.size == 4
    assert unit.places == {"wide": slice(0, 2), "share": slice(2, 3), "far": slice(3, 4)}
    assert_allclose(values["wide"], frozen(PRIORS[1]).ppf(stats.norm.cdf([-1.0, 1.0])))
    assert_allclose(values["share"], frozen(PRIORS[3]).median())
    assert values["far"] == -0.5 + 2.0 * 2.0


@pytest.mark.parametrize("prior", PRIORS, ids=lambda p: p.dist)
def test_values_are_finite_however_far_u_goes(prior: Prior):
    """Beyond eight standard deviations a value stays where it is, so a search cannot overflow."""
    far, limit = quantile(prior, np.array([-1e3, 1e3])), quantile(prior, np.array([-8.0, 8.0]))

    assert np.isfinite(far).all()
    assert_allclose(far, limit)


def proposal(size: int, skew: list[float]) -> Proposal:
    """Return a proposal of random centre, scale, mean and covariance."""
    rng = np.random.default_rng(1)
    root = np.tril(rng.uniform(-0.4, 0.4, (size, size)), -1) + np.diag(rng.uniform(0.6, 1.2, size))
    centre, mean = rng.normal(size=size), rng.normal(0, 0.3, size)
    return Proposal(centre, rng.uniform(0.2, 1.5, size), np.array(skew), mean, root)


@pytest.mark.parametrize("skew", [0.0, 1e-9, 0.4, -0.4])
def test_draws_and_density_of_a_proposal_agree(skew: float):
    """The density told with a draw is the density at that draw, on straight and skewed axes."""
    one, rng = proposal(3, [skew, 0.2, 0.0]), np.random.default_rng(2)
    for _ in range(20):
        u, log_density = one.at(rng.standard_normal(3))
        assert_allclose(one.log_density(u), log_density, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("skew", [0.0, 0.2, -0.2])
def test_density_of_a_proposal_integrates(skew: float):
    """Over all u its exponential sums to the constant left out: 2 pi |root| times the scales."""
    one = proposal(2, [skew, 0.1])
    reach = 11 * np.sqrt(np.diag(one.root @ one.root.T))
    axes = one.mean[:, None] + reach[:, None] * np.linspace(-1, 1, 89)
    bent = np.where(one.skew == 0, 1.0, one.skew)[:, None]
    y = np.where(one.skew[:, None] == 0, axes, np.expm1(bent * axes) / bent)
    along = one.centre[:, None] + one.scale[:, None] * y
    width = one.scale[:, None] * np.exp(one.skew[:, None] * axes) * (axes[:, 1:2] - axes[:, :1])
    density = [[np.exp(one.log_density(np.array([a, b]))) for b in along[1]] for a in along[0]]
    total = width[0] @ np.array(density) @ width[1]

    assert_allclose(total, 2 * np.pi * np.prod(one.scale) * np.linalg.det(one.root), rtol=1e-6)


@pytest.mark.parametrize("part", [1.0, 0.5])
def test_a_density_of_the_family_is_recovered(part: float):
    """With v ~ N(P^-1 skew, P^-1) the density of u has its mode at v = 0: the fit finds it all.

    There d log p / du = -(P v) / (scale exp(skew v)). What the fit reads from differences over a
    whole scale is off by the second order of the skew, its skew by the third.
    """
    centre, scale = np.array([0.5, -1.0, 2.0]), np.array([0.3, 1.0, 2.0])
    skew = part * np.array([0.1, -0.08, 0.0])
    precision = np.array([[1.0, 0.4, -0.2], [0.4, 1.0, 0.3], [-0.2, 0.3, 1.0]])

    def gradient(u: np.ndarray) -> np.ndarray:
        y = (u - centre) / scale
        bent = np.log1p(skew * y) / np.where(skew == 0, 1.0, skew)
        v = np.where(skew == 0, y, bent)
        return -(precision @ v) / (scale * np.exp(skew * v))

    up, down = (np.stack([gradient(centre + sign * h) for h in np.diag(scale)]) for sign in (1, -1))
    found = fitted_proposal(centre, gradient(centre), scale, up, down)
    second, third = 2.5 * (0.1 * part) ** 2, 5 * (0.1 * part) ** 3
    ratio = found.scale / scale
    wide = ratio[:, None] * found.root

    assert_allclose(found.centre, centre)
    assert_allclose(ratio, 1.0, atol=second)
    assert_allclose(found.skew, skew, atol=third)
    assert_allclose(wide @ wide.T, np.linalg.inv(precision), atol=second)
    assert_allclose(ratio * found.mean, np.linalg.solve(precision, skew), atol=second)


def test_an_axis_that_pulls_another_moves_its_mean():
    """The density exp(-|u|^2 / 2 + c u1^2 u2 / 2) has E u2 = c / 2 to first order in c."""
    c, steps = 0.01, np.full(2, 0.5)

    def gradient(u: np.ndarray) -> np.ndarray:
        return np.array([-u[0] + c * u[0] * u[1], -u[1] + c * u[0] ** 2 / 2])

    up, down = (np.stack([gradient(sign * h) for h in np.diag(steps)]) for sign in (1, -1))
    found = fitted_proposal(np.zeros(2), gradient(np.zeros(2)), steps, up, down)

    assert_allclose(found.mean, [0.0, c / 2], atol=c**2)


def test_a_normal_density_is_proposed_as_it_is():
    """Gradients of a normal give its mean, wherever the centre is, and its covariance."""
    precision, mean = np.array([[4.0, 1.0], [1.0, 1.0]]), np.array([0.3, -0.2])
    centre, steps = np.array([0.2, 0.1]), np.array([0.4, 0.9])

    def gradient(u: np.ndarray) -> np.ndarray:
        return -precision @ (u - mean)

    up, down = (np.stack([gradient(centre + sign * h) for h in np.diag(steps)]) for sign in (1, -1))
    found = fitted_proposal(centre, gradient(centre), steps, up, down)
    wide = found.scale[:, None] * found.root

    assert_allclose(found.skew, 0.0, atol=1e-12)
    assert_allclose(centre + found.scale * found.mean, mean, rtol=1e-9)
    assert_allclose(wide @ wide.T, np.linalg.inv(precision), rtol=1e-9)
