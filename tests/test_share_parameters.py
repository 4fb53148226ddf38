"""Whitening: standard normal deviates become draws of any prior."""

import numpy as np
import pytest
from scipy import stats

from forecast.share.example import example_spec
from forecast.share.parameters import LARGEST_EXIT, layout, theta_of, unwhiten
from forecast.study import frozen
from forecast.study.priors import Beta, HalfNormal, LogNormal, Normal

WHY = "a prior to be tested"
PRIORS = [
    Normal(dist="normal", loc=-1.0, scale=2.0, reason=WHY),
    HalfNormal(dist="half_normal", scale=0.3, reason=WHY),
    LogNormal(dist="lognormal", median=0.2, sigma=0.7, reason=WHY),
    Beta(dist="beta", a=2.0, b=5.0, reason=WHY),
]


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.dist)
def test_unwhitening_is_the_quantile_function(prior):
    """A deviate z becomes the prior's quantile of the normal probability of z."""
    z = np.linspace(-6, 5, 45)
    expected = frozen(prior).ppf(stats.norm.cdf(z))
    np.testing.assert_allclose(unwhiten(z, prior), expected, rtol=1e-7, atol=1e-14)


@pytest.mark.parametrize("basis", [None, "a"])
def test_each_column_belongs_to_one_parameter(basis):
    """The columns are numbered without gap or overlap, and each has a name of its own."""
    where = layout(example_spec().model_copy(update={"basis": basis}))
    columns = [i for s in where.columns.values() for i in range(s.start, s.stop)]
    assert columns == list(range(where.size))
    assert len(set(where.names)) == len(where.names) == where.size


def test_one_basis_has_no_offset():
    """A study of one basis has no column for an offset; one of several has one, as its prior."""
    spec = example_spec()
    one, several = layout(spec), layout(spec.model_copy(update={"basis": "a"}))
    assert several.names == [*one.names, "basis_offset"]
    z = np.random.default_rng(1).standard_normal((5, several.size))
    assert (theta_of(z[:, :-1], one).basis_offset == 0).all()
    np.testing.assert_allclose(theta_of(z, several).basis_offset, 0.3 * z[:, -1], rtol=1e-14)


def test_the_scales_of_inflow_are_not_calibrated():
    """Doctorates teach their own scales: the workforce table has no column for them."""
    assert not [name for name in layout(example_spec()).names if name.startswith("inflow")]


def test_exits_stay_below_one():
    """However far a draw, a group cannot lose more than it has."""
    where = layout(example_spec())
    assert (theta_of(np.full((1, where.size), 9.0), where).exit == LARGEST_EXIT).all()
