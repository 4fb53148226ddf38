"""The projection of a world: by hand, by plain loops, and what always holds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.share.cells import Cells, leaving, mean_stay, weights_of
from forecast.share.flows import replaced_by_others, shares
from forecast.share.grid import Grid
from forecast.share.parameters import LARGEST_EXIT, Theta
from forecast.share.scenario import lever_effects, no_effects
from forecast.share.world import World, first_years, simulate
from tests.share_loops import DATES, Loops, moving_inputs, scenario_of, scenarios, world_of

ORDERS = [("north", "rest", "home"), ("home", "north", "rest"), ("rest", "home", "north")]
EVERY_KIND = scenario_of(
    {"lever": "stay_rate", "group": "north", "fields": ("alpha",), "path": {2022: 0.8, 2026: 0.3}},
    {"lever": "stay_rate", "group": "foreign", "multiplier": 0.9, "start": 2023, "ramp": 3},
    {"lever": "stay_rate", "group": "rest", "shift": -0.7, "start": 2021, "end": 2028, "ramp": 2},
    {"lever": "stay_rate", "group": "rest", "fields": ("beta",), "hold": 2021},
    {"lever": "inflow", "group": "rest", "path": {2021: 300.0, 2027: 200.0}, "end": 2025},
    {"lever": "inflow", "group": "north", "fields": ("beta",), "multiplier": 0.5, "shock": "ban"},
    {"lever": "inflow", "group": "north", "fields": ("alpha",), "hold": 2022, "start": 2024},
    {"lever": "domestic_inflow", "fields": ("alpha",), "path": {2024: 700.0}},
    {"lever": "domestic_inflow", "multiplier": 1.3, "shock": "open"},
    {"lever": "exit_rate", "group": "all", "multiplier": 1.5, "start": 2025, "ramp": 4},
    {"lever": "exit_rate", "group": "north", "shift": 0.5, "end": 2027},
    {"lever": "exit_rate", "group": "home", "path": {2020: 0.02, 2030: 0.2}, "start": 2022},
    {"lever": "direct_arrivals", "group": "rest", "path": {2022: 0.1, 2025: 0.6}},
    {"lever": "direct_arrivals", "group": "foreign", "multiplier": 0.5, "start": 2023, "ramp": 2},
    history="refit",
    replaced=0.4,
)


def effects_of(scenario, inputs, years, keep_until=2019):
    return lever_effects(scenario, inputs.spec, years, keep_until, DATES)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("keep_until", [None, 2022])
def test_every_kind_of_lever_equals_plain_loops(order, keep_until):
    """Levers of every kind at once give the stocks and entrants of a loop over each number."""
    inputs = moving_inputs(seed=3, order=order)
    world = world_of(inputs, seed=4)
    keep, history = (2019, "refit") if keep_until is None else (keep_until, "keep")
    scenario = EVERY_KIND.model_copy(update={"history": history})
    got = simulate(world, effects_of(scenario, inputs, world.years, keep))
    stock, came = Loops(world, scenario, keep, DATES).flows()
    np.testing.assert_allclose(got.stock, stock, rtol=1e-12)
    np.testing.assert_allclose(got.entrants, came, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(scenarios(), st.integers(0, 999), st.sampled_from(ORDERS), st.integers(2019, 2022))
def test_any_scenario_equals_plain_loops(scenario, seed, order, keep_until):
    """Any levers that do not contradict each other give what plain loops give."""
    inputs = moving_inputs(seed, draws=2, order=order)
    world = replace(world_of(inputs, seed, until=2027), first_total=np.array([900.0, 700.0]))
    got = simulate(world, effects_of(scenario, inputs, world.years, keep_until))
    stock, came = Loops(world, scenario, keep_until, DATES).flows()
    np.testing.assert_allclose(got.stock, stock, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(got.entrants, came, rtol=1e-12, atol=1e-300)


@settings(max_examples=60, deadline=None)
@given(scenarios(), st.integers(0, 999))
def test_shares_always_sum_to_one(scenario, seed):
    """Whatever the levers, stocks are not negative and shares sum to one to the last digits."""
    inputs = moving_inputs(seed, draws=4)
    world = replace(world_of(inputs, seed), first_total=np.full(4, 900.0))
    flows = simulate(world, effects_of(scenario, inputs, world.years))
    assert (flows.stock >= 0).all()
    assert (flows.entrants >= 0).all()
    np.testing.assert_allclose(shares(flows.stock).sum(-1), 1.0, rtol=0, atol=5e-16)


def two_groups():
    """Return one draw of two groups with one field: 100 graduates a year each, then 50 abroad."""
    grid = Grid(("far", "home"), 1, ("far", "home"), ("one", "one"), np.array([0, 1]), np.ones(2))
    single, zero = np.ones(1), np.zeros(1)
    theta = Theta(
        start_logit=np.array([[np.log(0.25), 0.0]]),
        exit=np.array([[0.1, 0.2]]),
        exit_rate=single,
        exit_spread=zero,
        turnover=0.3 * single,
        growth=0.1 * single,
        selection=np.array([[2.0, 1.0]]),
        direct_arrivals=np.array([[0.25, 0.0]]),
        tier_stay=zero,
        design_effect=single,
        basis_offset=zero,
    )
    stay = np.array([[[0.8, 1.0], [0.8, 1.0]]])
    people = np.array([[[100.0, 100.0], [50.0, 100.0]]])
    return World(Cells(range(2020, 2022), stay, people, np.zeros((1, 2)), grid), theta)


def test_two_groups_over_two_years_by_hand():
    """Flow weights 200 and 100, then 100 and 100; entrants 0.2 and 0.1, then 0.11 and 0.11."""
    world = two_groups()
    flows = simulate(world, no_effects(world.years, world.cells.grid))
    np.testing.assert_allclose(flows.entrants, [[[0.2, 0.1], [0.11, 0.11]]], rtol=1e-14)
    # 0.2 x 0.9 + 0.2, then 0.38 x 0.9 + 0.11; 0.8 x 0.8 + 0.1, then 0.74 x 0.8 + 0.11
    np.testing.assert_allclose(
        flows.stock, [[[0.2, 0.8], [0.38, 0.74], [0.452, 0.702]]], rtol=1e-14
    )


def test_without_a_first_total_the_levers_make_it():
    """Levers of the first year leave the turnover as it is, unless a baseline fixes its weight."""
    world = two_groups()
    none = no_effects(world.years, world.cells.grid)
    factor = np.array([[0.5, 1.0], [0.5, 1.0]])  # half of the graduates of the far group
    half = none.with_change("inflow", replace(none.inflow, factor=factor))
    own = simulate(world, half)
    np.testing.assert_allclose(own.entrants[0, 0], [0.15, 0.15], rtol=1e-14)
    based = simulate(replace(world, first_total=np.array([300.0])), half)
    np.testing.assert_allclose(based.entrants[0, 0], [0.1, 0.1], rtol=1e-14)


def test_replacement_by_hand():
    """Of 100 lost, 40 are replaced by the group that lost none; nobody replaces all groups."""
    world = two_groups()
    none = no_effects(world.years, world.cells.grid)
    factor = np.array([[0.5, 1.0], [1.0, 1.0]])
    half = none.with_change("inflow", replace(none.inflow, factor=factor))
    based = replace(world, first_total=np.array([300.0]))
    some = simulate(based, replace(half, replaced=0.4))
    np.testing.assert_allclose(some.entrants[0], [[0.1, 0.14], [0.11, 0.11]], rtol=1e-14)
    both = none.with_change("inflow", replace(none.inflow, factor=np.full((2, 2), 0.5)))
    lost = simulate(based, replace(both, replaced=1.0))
    np.testing.assert_allclose(lost.entrants[0], [[0.1, 0.05], [0.055, 0.055]], rtol=1e-14)


weight_lists = st.lists(st.tuples(st.floats(0.1, 1e4), st.floats(0, 1)), min_size=2, max_size=5)


@given(weight_lists, st.floats(0, 1))
def test_the_replaced_part_goes_to_those_who_lost_none(pairs, part):
    """Losers keep what is left to them; the others gain the part, in proportion to their weight."""
    plain = np.array([[[one for one, _ in pairs]]])
    left = np.array([[[one * kept if kept < 0.9 else one for one, kept in pairs]]])
    got = replaced_by_others(left, plain, part)
    lost, kept = (plain - left).sum(), left == plain
    np.testing.assert_array_equal(got[~kept], left[~kept])
    if kept.any():
        np.testing.assert_allclose(got.sum(), left.sum() + part * lost, rtol=1e-12)
        gain = got[kept] / left[kept]
        np.testing.assert_allclose(gain, gain[0], rtol=1e-12)
    if kept.any() and part == 1:
        np.testing.assert_allclose(got.sum(), plain.sum(), rtol=1e-12)
    if part == 0:
        np.testing.assert_array_equal(got, left)


def test_a_rounded_flow_counts_as_whole():
    """A group whose flow a lever sets to what it was anyway, to rounding, has lost none."""
    plain = np.array([[[3.0, 3.0, 2.0]]])
    moved = np.array([[[1.0, np.nextafter(3.0, 0), 2.0]]])
    np.testing.assert_allclose(replaced_by_others(moved, plain, 1.0)[0, 0], [1, 4.2, 2.8])


@pytest.mark.parametrize("lever", ["stay_rate", "inflow", "direct_arrivals"])
def test_a_lever_on_one_group_leaves_the_others_whole(lever):
    """Replacement of all that one group loses keeps the total entrants in each draw and year."""
    inputs = moving_inputs(seed=5, draws=200)
    world = world_of(inputs, seed=6)
    total = weights_of(world.cells, world.theta, no_effects(world.years, world.cells.grid))
    world = replace(world, first_total=total[:, 0].sum(-1))
    less = {"lever": lever, "group": "rest", "multiplier": 0.3}
    plain = simulate(world, no_effects(world.years, world.cells.grid)).entrants
    for part, change in ((1.0, 0.0), (0.0, -1.0)):
        scenario = scenario_of(less, history="refit", replaced=part)
        got = simulate(world, effects_of(scenario, inputs, world.years)).entrants
        lost = (plain - got)[..., 1:2]
        assert (lost > 0).all()
        expected = plain.sum(-1) + change * lost[..., 0]
        np.testing.assert_allclose(got.sum(-1), expected, rtol=1e-12)


def test_leaving_joins_the_tier_and_the_country():
    """One in ten out of the tier and one in five out of the country leave 0.72: 28 % are gone."""
    world = two_groups()
    none = no_effects(world.years, world.cells.grid)
    got = leaving(world.theta, np.array([[0.2, 0.0]]), none)
    np.testing.assert_allclose(got, [[[0.28, 0.2], [0.28, 0.2]]], rtol=1e-14)
    alone = leaving(world.theta, np.zeros((1, 2)), none)
    np.testing.assert_allclose(alone, [[[0.1, 0.2], [0.1, 0.2]]], rtol=1e-14)


def test_nobody_leaves_less_than_none_or_more_than_most():
    """More returns than leavers make no negative exit, and levers no exit above its bound."""
    world = two_groups()
    none = no_effects(world.years, world.cells.grid)
    assert (leaving(world.theta, np.full((1, 2), -0.9), none) == 0).all()
    much = replace(none.exits, factor=np.full((2, 2), 50.0))
    got = leaving(world.theta, np.zeros((1, 2)), none.with_change("exits", much))
    assert (got == LARGEST_EXIT).all()


def test_some_draws_of_a_world_are_those_draws():
    """The world of some draws gives their stocks, bit by bit, in the order asked for."""
    inputs = moving_inputs(seed=7, draws=6)
    world = replace(world_of(inputs, seed=8), first_total=np.linspace(500, 900, 6))
    effects = effects_of(EVERY_KIND, inputs, world.years)
    picked = np.array([4, 0, 4, 5])
    some = simulate(world.of_draws(picked), effects.of_draws(picked))
    np.testing.assert_array_equal(some.stock, simulate(world, effects).stock[picked])


def test_nobody_has_no_mean_stay_rate():
    """Where levers leave no graduates there is no stay rate of theirs, and no warning."""
    world = two_groups()
    none = no_effects(world.years, world.cells.grid)
    assert mean_stay(world.cells.of_group(0), np.zeros(1), none.of_cells(np.array([0]))) == 0.8
    nobody = replace(world.cells, people=0 * world.cells.people).of_group(0)
    assert np.isnan(mean_stay(nobody, np.zeros(1), none.of_cells(np.array([0])))).all()


def test_the_first_years_of_a_world_are_those_years():
    """A world of fewer years has the stocks of the longer one, bit by bit."""
    inputs = moving_inputs(seed=7, draws=6)
    world = replace(world_of(inputs, seed=8), first_total=np.linspace(500, 900, 6))
    effects = effects_of(EVERY_KIND, inputs, world.years)
    short = first_years(world, 8)
    assert short.years == range(2020, 2028)
    some = simulate(short, effects.during(short.years))
    np.testing.assert_array_equal(some.stock, simulate(world, effects).stock[:, :9])
