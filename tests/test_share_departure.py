"""Net later departures: a yearly part from two stay rates of the same cohort."""

import numpy as np
import pytest
import xarray as xr

from forecast.share.cells import leaving
from forecast.share.departure import departures
from forecast.share.example import example_inputs
from forecast.share.scenario import no_effects
from tests.share_loops import moving_inputs, world_of


@pytest.fixture(scope="module")
def inputs():
    return example_inputs(chains=2, draws=50)


def test_one_cell_by_hand(inputs):
    """From 0.8 to 0.4096 in three years a fifth leaves in each; the domestic group loses none."""
    entry = xr.full_like(inputs.stay, 0.8)
    got = departures(entry, 0.512 * entry, inputs.sizes, inputs.spec, 3)
    assert got.dims == ("chain", "draw", "group")
    np.testing.assert_allclose(got.sel(group=["north", "rest"]), 0.2, rtol=1e-12)
    assert (got.sel(group="home") == 0).all()


def test_cells_are_weighed_by_people_and_field(inputs):
    """A group's part is that of all its graduates together, a draw at a time.

    Rest: 150 and 120 graduates of alpha, 90 and 80 of beta, which counts half.
    """
    rng = np.random.default_rng(1)
    entry = inputs.stay.copy(data=rng.uniform(0.6, 0.9, inputs.stay.shape))
    later = inputs.stay.copy(data=rng.uniform(0.3, 0.95, inputs.stay.shape))
    got = departures(entry, later, inputs.sizes, inputs.spec, 9).sel(group="rest")
    people = np.array([[150.0, 45.0], [120.0, 40.0]])
    start = {"origin": ["east", "south"], "cohort": inputs.spec.start}
    for chain, draw in ((0, 0), (1, 49)):
        first, last = (p[chain, draw].sel(start).values for p in (entry, later))
        expected = 1 - ((people * last).sum() / (people * first).sum()) ** (1 / 9)
        np.testing.assert_allclose(got[chain, draw], expected, rtol=1e-12)


def test_more_returns_than_leavers_are_a_negative_part(inputs):
    """Net of returns: a rate that rises with the years gives a part below zero."""
    got = departures(0.8 * inputs.stay, inputs.stay, inputs.sizes, inputs.spec, 5)
    np.testing.assert_allclose(got.sel(group="north"), 1 - 1.25**0.2, rtol=1e-12)


@pytest.mark.parametrize("years", [0, -1])
def test_no_years_between_give_no_departures(inputs, years):
    """A stay model whose durations end at entry says nothing of later years."""
    got = departures(inputs.stay, 0.5 * inputs.stay, inputs.sizes, inputs.spec, years)
    assert (got == 0).all()


def test_exits_are_those_of_the_tier_and_of_the_country():
    """1 - (1 - tier)(1 - departure) in each draw, year and group; the tier's alone without."""
    made_up = moving_inputs(seed=2, draws=7)
    world = world_of(made_up, seed=2)
    nothing = no_effects(world.years, world.cells.grid)
    departure = made_up.departure.values.reshape(7, 3)
    got = leaving(world.theta, departure, nothing)
    both = np.clip(1 - (1 - world.theta.exit) * (1 - departure), 0, 0.99)
    np.testing.assert_allclose(got, np.repeat(both[:, None], 11, axis=1), rtol=1e-13)
    alone = leaving(world.theta, np.zeros((7, 3)), nothing)
    np.testing.assert_allclose(alone, np.repeat(world.theta.exit[:, None], 11, axis=1), rtol=1e-13)
