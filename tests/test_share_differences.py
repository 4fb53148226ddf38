"""Differences between scenarios, draw by draw."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import RunError
from forecast.share import compare, differences
from forecast.share.diagnostics import indicator_mcse
from tests.share_projections import projection_of


def two_scenarios(first: np.ndarray, second: np.ndarray):
    """A projection of one group and one year from draws (chain, draw) in s0 and s1."""
    return projection_of(np.stack([first, second], axis=-1)[..., None, None])


def test_draws_are_compared_one_by_one():
    """Of four pairs of draws one is below, one ties, two are above; the median is by hand."""
    first = np.array([[0.10, 0.20, 0.30, 0.40]])
    second = np.array([[0.15, 0.20, 0.20, 0.10]])
    found = compare(two_scenarios(first, second), "s0", "s1", "g0", 2020)
    assert found.below.value == 0.25
    np.testing.assert_allclose(found.median, 0.05, atol=1e-12)
    assert (found.prob, found.kind) == (0.9, "eti")


def test_common_noise_cancels():
    """A difference that is the same in each draw has no spread, however wide the shares are."""
    noise = np.random.default_rng(1).uniform(0.2, 0.8, (4, 500))
    found = compare(two_scenarios(noise - 0.01, noise), "s0", "s1", "g0", 2020)
    assert found.below.value == 1
    limits = [found.lower, found.median, found.upper]
    np.testing.assert_allclose(limits, -0.01, rtol=0, atol=1e-12)


def test_the_interval_is_equal_tailed():
    """Differences 0, .001, ..., .1 have the median .05 and 90 % between .005 and .095."""
    second = np.full((1, 101), 0.3)
    found = compare(two_scenarios(second + np.arange(101) / 1000, second), "s0", "s1", "g0", 2020)
    limits = [found.lower, found.median, found.upper]
    np.testing.assert_allclose(limits, [0.005, 0.05, 0.095], rtol=0, atol=1e-12)


def test_a_scenario_is_not_below_itself():
    """Draws that tie exactly are not below: P = 0, and the difference is zero."""
    projection = projection_of(np.random.default_rng(2).random((2, 50, 1, 1, 1)))
    found = compare(projection, "s0", "s0", "g0", 2020)
    assert found.below.value == 0
    assert (found.lower, found.median, found.upper) == (0, 0, 0)


def test_the_error_is_that_of_the_indicator():
    """P(below) carries the Monte Carlo error of the mean of its indicator over chain and draw."""
    rng = np.random.default_rng(3)
    first, second = rng.random((2, 4, 200))
    found = compare(two_scenarios(first, second), "s0", "s1", "g0", 2020)
    assert found.below == ((first < second).mean(), indicator_mcse(first < second))


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_turning_round_changes_the_sign(seed):
    """Exchanging the scenarios turns the difference round, and without ties P to 1 - P."""
    first, second = np.random.default_rng(seed).random((2, 2, 40))
    projection = two_scenarios(first, second)
    there = compare(projection, "s0", "s1", "g0", 2020)
    back = compare(projection, "s1", "s0", "g0", 2020)
    np.testing.assert_allclose(there.below.value + back.below.value, 1.0, atol=1e-12)
    turned = [-back.upper, -back.median, -back.lower]
    np.testing.assert_allclose([there.lower, there.median, there.upper], turned, atol=1e-12)


def test_the_table_has_the_other_scenarios():
    """One row for each scenario but the one that they are set against, with the same numbers."""
    projection = projection_of(np.random.default_rng(4).random((2, 100, 3, 2, 2)))
    table = differences(projection, "g1", 2021, against="s1")
    assert table["scenario"].tolist() == ["s0", "s2"]
    assert set(table["against"]) == {"s1"}
    for row in table.itertuples():
        one = compare(projection, row.scenario, "s1", "g1", 2021)
        assert (row.below, row.below_mcse) == one.below
        assert (row.median, row.lower, row.upper) == (one.median, one.lower, one.upper)
        assert (row.prob, row.kind) == (one.prob, one.kind)


def test_a_scenario_alone_has_no_differences():
    """A projection of one scenario gives a table with its columns and no rows."""
    projection = projection_of(np.full((1, 4, 1, 1, 1), 0.5))
    table = differences(projection, "g0", 2020, against="s0")
    assert len(table) == 0
    assert {"scenario", "below", "below_mcse", "median"} <= set(table.columns)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("hope", "s1", "g0", 2020), "scenario is one of s0, s1; got 'hope'"),
        (("s0", "hope", "g0", 2020), "scenario is one of s0, s1; got 'hope'"),
        (("s0", "s1", "MARS", 2020), "group is one of g0; got 'MARS'"),
        (("s0", "s1", "g0", 2050), "year is one of 2020 to 2020; got 2050"),
    ],
)
def test_unknown_labels_are_refused(asked, said):
    """A scenario, group or year that is not there is named with the known ones."""
    projection = projection_of(np.full((1, 4, 2, 1, 1), 0.5))
    with pytest.raises(RunError, match=said):
        compare(projection, *asked)


def test_the_table_refuses_an_unknown_scenario():
    """The default, baseline, is refused where the projection has none."""
    projection = projection_of(np.full((1, 4, 2, 1, 1), 0.5))
    with pytest.raises(RunError, match="scenario is one of s0, s1; got 'baseline'"):
        differences(projection, "g0", 2020)
