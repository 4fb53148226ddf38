"""The scales of the Laplace engines: coordinates whose prior is normal, and skewed proposals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from forecast.stay.terms import Dim, Scale
from forecast.stay.unit_normal import UnitNormal, coordinate, quantile
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
VAGUE = RootInverseGamma(dist="root_inverse_gamma", shape=0.001, rate=0.001, reason=REASON)


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


def test_a_prior_without_a_scale_keeps_its_values_and_slopes():
    """Gamma(.001, .001)^(-1/2) covers 75 powers of ten below its median, exact in logs."""
    u = np.linspace(-6, -0.5, 111)
    value = quantile(VAGUE, u)
    found = slope_of_quantile(VAGUE, value, u)
    numeric = slope(lambda t: np.log(quantile(VAGUE, u + t)), 1e-3)

    assert value.max() > 1e75
    assert_allclose(coordinate(VAGUE, value), u, rtol=1e-9)
    assert_allclose(found / value, numeric, rtol=1e-7)
    assert_allclose(frozen(VAGUE).logpdf(value) + np.log(found), stats.norm.logpdf(u), rtol=1e-9)


def test_a_search_starts_at_medians_or_where_a_vague_prior_has_its_mode():
    """The start is u = 0; for Gamma(a, b)^(-1/2) it is the mode sqrt(2 b / (2 a + 1))."""
    unit = UnitNormal((Scale("one", PRIORS[1]), Scale("vague", VAGUE), Scale("two", PRIORS[3])))
    values = unit.values(unit.start)

    assert unit.start[0] == unit.start[2] == 0.0
    assert_allclose(values["vague"], np.sqrt(0.002 / 1.002), rtol=1e-9)
