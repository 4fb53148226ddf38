"""The kernels of stock and flow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from forecast.share.cells import arrange, mean_stay, weights_of
from forecast.share.example import example_inputs
from forecast.share.flows import entrants, shares, shift_odds, start_stocks, stocks
from forecast.share.grid import grid_of
from forecast.share.parameters import layout, theta_of
from forecast.share.scenario import no_effects
from forecast.share.world import World, simulate


@pytest.fixture(scope="module")
def inputs():
    return example_inputs(chains=2, draws=3)


@pytest.fixture(scope="module")
def theta(inputs):
    where = layout(inputs.spec)
    return theta_of(np.random.default_rng(7).standard_normal((6, where.size)), where)


def test_two_groups_over_two_years_by_hand():
    """Stocks lose their exits and gain their entrants: 0.6 and 0.4 become 0.75 and 0.512."""
    start = np.array([[0.6, 0.4]])
    arriving = np.array([[[0.1, 0.1], [0.2, 0.1]]])
    leaving = np.array([[[0.1, 0.2]]])
    expected = [[[0.6, 0.4], [0.64, 0.42], [0.776, 0.436]]]
    np.testing.assert_allclose(stocks(start, arriving, leaving), expected, rtol=1e-14)
    np.testing.assert_allclose(shares(stocks(start, arriving, leaving))[0, 2, 0], 0.776 / 1.212)


def test_entrants_by_hand():
    """Turnover is the first year's entrants; later ones follow the weights and the growth."""
    weights = np.array([[[3.0, 1.0], [3.0, 2.0]]])
    got = entrants(weights, np.array([4.0]), np.array([0.2]), np.array([0.1]))
    np.testing.assert_allclose(got, [[[0.15, 0.05], [0.165, 0.11]]], rtol=1e-14)


def test_vectorised_flow_equals_loops(inputs, theta):
    """Flow weights are the written-out sum over origins and fields, draw by draw."""
    spec, years = inputs.spec, range(2020, 2024)
    got = weights_of(arrange(inputs, years), theta, no_effects(years, grid_of(spec)))
    stay = inputs.stay.stack(sample=("chain", "draw"))
    for d in range(6):
        for t, year in enumerate(years):
            for g, (name, group) in enumerate(spec.groups.items()):
                total = 0.0
                for field, weight in spec.field_weights.items():
                    cell = {"field": field, "cohort": year}
                    if group.domestic:
                        total += weight * float(inputs.domestic.sel(cell))
                    for origin in group.origins:
                        rate = float(stay.sel(cell | {"origin": origin}).isel(sample=d))
                        rate = expit(logit(rate) + theta.tier_stay[d])
                        total += weight * float(inputs.sizes.sel(cell | {"origin": origin})) * rate
                if not group.domestic:
                    total *= theta.selection[d, g] * (1 + theta.direct_arrivals[d, g])
                np.testing.assert_allclose(got[d, t, g], total, rtol=1e-12, err_msg=name)


def test_the_stay_rate_of_a_group_is_the_mean_over_people(inputs, theta):
    """The stay rate of a group weighs fields and origins by their doctorates."""
    years = range(2012, 2020)
    cells = arrange(inputs, years).of_group(1)
    got = mean_stay(cells, theta.tier_stay, no_effects(years, cells.grid))
    stay = inputs.stay.sel(origin=["east", "south"], cohort=list(years))
    shift = inputs.stay[:, :, 0, 0, 0].copy(data=theta.tier_stay.reshape(2, 3))
    weight = inputs.sizes.sel(origin=["east", "south"], cohort=list(years)).copy()
    weight.loc[{"field": "beta"}] *= inputs.spec.field_weights["beta"]
    mean = expit(logit(stay) + shift.drop_vars(["origin", "field", "cohort"])).weighted(weight)
    expected = mean.mean(["origin", "field", "cohort"]).values.ravel()
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_first_entrants_are_the_turnover(inputs, theta):
    """At a stock of one, the entrants of the first year add up to the turnover."""
    years = range(2020, 2026)
    flows = simulate(World(arrange(inputs, years), theta), no_effects(years, grid_of(inputs.spec)))
    stock, arriving = flows.stock, flows.entrants
    np.testing.assert_allclose(stock[:, 0].sum(-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(arriving[:, 0].sum(-1), theta.turnover, rtol=1e-12)
    lost = stock[:, :-1] * (1 - theta.exit[:, None])
    np.testing.assert_allclose(stock[:, 1:], lost + arriving, rtol=1e-13)


@given(st.floats(0.001, 0.999), st.floats(-5, 5))
def test_odds_are_shifted_on_the_logit_scale(rate, shift):
    """Multiplying odds by e^s is adding s to the logit."""
    got = shift_odds(np.array(rate), np.exp(np.array(shift)))
    np.testing.assert_allclose(got, expit(logit(rate) + shift), rtol=1e-10)


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6))
def test_start_shares_sum_to_one(logits):
    """Any logits give shares at the start that are positive and sum to one."""
    start = start_stocks(np.array([logits]))
    assert (start > 0).all()
    np.testing.assert_allclose(start.sum(), 1.0, atol=1e-12)


@pytest.mark.parametrize("order", [("home", "north", "rest"), ("north", "home", "rest")])
def test_cells_belong_to_their_groups_in_any_order(inputs, order):
    """Foreign origins come first and domestic fields last, wherever the study lists the group."""
    groups = {name: inputs.spec.groups[name] for name in order}
    grid = grid_of(inputs.spec.model_copy(update={"groups": groups}))
    owners = [order[g] for g in grid.owner]
    assert owners == ["north"] * 2 + ["rest"] * 4 + ["home"] * 2
    assert grid.origins == ("north", "north", "east", "east", "south", "south", "home", "home")
    assert grid.fields == ("alpha", "beta") * 4
    np.testing.assert_array_equal(grid.weight, [1.0, 0.5] * 4)
    assert [order[g] for g in grid.foreign] == ["north", "rest"]
    assert grid.cells(np.array([order.index("rest")]), ("beta",)).tolist() == [3, 5]
    np.testing.assert_array_equal(grid.member.sum(0), [owners.count(name) for name in order])


def test_the_domestic_group_is_pinned(theta):
    """The domestic group has selection 1, no direct arrivals and start logit 0."""
    assert (theta.selection[:, 2] == 1).all()
    assert (theta.direct_arrivals[:, 2] == 0).all()
    assert (theta.start_logit[:, 2] == 0).all()
