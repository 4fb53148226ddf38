"""Changes of a flow: set, shifted, multiplied, in this order."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from forecast.share.change import Change, changed, held, no_change

YEARS = range(2020, 2025)
rates = st.floats(0.01, 0.99)


def change_of(years=5, columns=2, **parts):
    """Return a change of which some parts are one number in all years and columns."""
    full = {name: np.full((years, columns), value) for name, value in parts.items()}
    return replace(no_change(years, columns), **full)


@pytest.fixture
def flow():
    return np.random.default_rng(1).uniform(0.1, 0.9, (3, 5, 2))


def test_no_change_changes_nothing(flow):
    """Nothing set, held, shifted or multiplied leaves the flow bit by bit."""
    assert no_change(5, 2).is_none
    np.testing.assert_array_equal(changed(flow, no_change(5, 2), YEARS, 1.0), flow)


@pytest.mark.parametrize("part", ["path", "hold", "shift", "factor"])
def test_each_part_is_a_change(part):
    """One number in any part is a change, even a path of zero."""
    one = no_change(5, 2)
    array = getattr(one, part).copy()
    array[3, 1] = 2021 if part == "hold" else 0.0 if part in ("path", "factor") else 0.1
    assert not replace(one, **{part: array}).is_none


@given(rates, rates, st.floats(-5, 5), st.floats(0, 2))
def test_a_value_is_set_then_shifted_then_multiplied(value, path, shift, factor):
    """The result is m expit(logit v + s), at most its bound, with v the path if there is one."""
    for start, set_to in ((value, {}), (path, {"path": path})):
        change = change_of(1, 1, shift=shift, factor=factor, **set_to)
        got = changed(np.array([[[value]]]), change, range(2020, 2021), 0.95)
        expected = min(factor * expit(logit(start) + shift), 0.95)
        np.testing.assert_allclose(got, [[[expected]]], rtol=1e-12)


def test_a_held_value_is_that_of_its_draw(flow):
    """Each draw keeps its own value of the year that is held, and other columns their values."""
    hold = np.zeros((5, 2))
    hold[3:, 0] = 2021
    got = held(flow, hold, YEARS)
    np.testing.assert_array_equal(got[:, 3:, 0], flow[:, [1, 1], 0])
    np.testing.assert_array_equal(got[:, :3], flow[:, :3])
    np.testing.assert_array_equal(got[:, :, 1], flow[:, :, 1])
    assert not np.shares_memory(got, flow)


def test_a_held_value_is_that_before_any_lever(flow):
    """What is held is the value that no lever has moved; levers of the year act on top of it."""
    change = change_of(shift=0.5, factor=0.5, hold=2021.0)
    got = changed(flow, change, YEARS, 1.0)
    expected = 0.5 * expit(logit(flow[:, [1] * 5]) + 0.5)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_path_beats_a_held_value(flow):
    """Where both were given the path is meant: it is the stronger statement."""
    got = changed(flow, change_of(path=0.3, hold=2021.0), YEARS, 1.0)
    assert (got == 0.3).all()


def test_a_change_may_differ_from_draw_to_draw(flow):
    """A factor for each draw multiplies that draw; choosing draws chooses their factors."""
    factor = np.random.default_rng(2).uniform(0.5, 1.0, flow.shape)
    change = replace(no_change(5, 2), factor=factor)
    np.testing.assert_array_equal(changed(flow, change, YEARS, 1.0), flow * factor)
    some = change.of_draws(np.array([2, 0]))
    np.testing.assert_array_equal(some.factor, factor[[2, 0]])
    assert some.shift.shape == (5, 2)


def test_years_and_columns_are_chosen_in_all_parts():
    """A change of some years or columns has those of each of its parts, by draw or not."""
    rng = np.random.default_rng(3)
    change = Change(*(rng.random((4, 5, 3)) if i % 2 else rng.random((5, 3)) for i in range(4)))
    for field in fields(change):
        whole = getattr(change, field.name)
        np.testing.assert_array_equal(
            getattr(change.during([1, 3]), field.name), whole[..., [1, 3], :]
        )
        own = getattr(change.of_columns(np.array([2, 0])), field.name)
        np.testing.assert_array_equal(own, whole[..., [2, 0]])


def test_rates_of_zero_and_one_are_not_shifted():
    """A logit shift leaves what is certain, without a warning."""
    sure = np.array([[[0.0, 1.0]]])
    np.testing.assert_array_equal(
        changed(sure, change_of(1, 2, shift=3.0), range(2020, 2021), 1), sure
    )
