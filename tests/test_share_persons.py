"""Flows of whole persons: binomial leavers and Poisson entrants from shared uniform numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from forecast.errors import RunError
from forecast.share import project
from forecast.share.cells import leaving
from forecast.share.example import example_inputs
from forecast.share.flows import whole_parts, whole_stocks
from forecast.share.model import BASELINE, share_model
from forecast.share.scenario import lever_effects, no_effects
from forecast.share.world import Flows, Noise, simulate
from tests.share_loops import DATES, moving_inputs, scenario_of, scenarios, world_of

PEOPLE = 1500
DRAWS = 40_000


def with_people(inputs, people=PEOPLE):
    spec = inputs.spec.model_copy(update={"people": people})
    return replace(inputs, spec=spec)


def noisy_world(seed, draws=5, people=PEOPLE):
    inputs = moving_inputs(seed, draws=draws)
    leavers, entrants = np.random.default_rng(seed).random((2, draws, 11, 3))
    world = world_of(inputs, seed, noise=Noise(leavers, entrants, people))
    return inputs, replace(world, first_total=np.full(draws, 900.0))


def one_group(arriving, leaving, people):
    """Return whole stocks and entrants of many draws of one group over some years."""
    years = len(arriving)
    u, v = np.random.default_rng(1).random((2, DRAWS, years, 1))
    flow = np.broadcast_to(np.reshape(arriving, (1, years, 1)), u.shape)
    exits = np.broadcast_to(np.reshape(leaving, (1, years, 1)), u.shape)
    return whole_stocks(np.ones((DRAWS, 1)), flow, exits, u, v, people)


@settings(max_examples=40, deadline=None)
@given(scenarios(), st.integers(0, 999), st.sampled_from([1, 7, 1500, 10**6]))
def test_persons_are_whole_and_none_is_lost(scenario, seed, people):
    """Stocks and entrants are whole persons, and a stock gains its entrants less its leavers."""
    inputs, world = noisy_world(seed, people=people)
    effects = lever_effects(scenario, inputs.spec, world.years, 2019, DATES)
    expected = simulate(replace(world, noise=None), effects)
    exits = leaving(world.theta, world.cells.departure, effects)
    uniforms = (world.noise.leavers, world.noise.entrants)
    flows = Flows(*whole_stocks(expected.stock[:, 0], expected.entrants, exits, *uniforms, people))
    stock, came = np.rint(flows.stock * people), np.rint(flows.entrants * people)
    np.testing.assert_allclose(flows.stock * people, stock, rtol=1e-12)
    np.testing.assert_allclose(flows.entrants * people, came, rtol=1e-12)
    np.testing.assert_array_equal(stock[:, 0].sum(-1), people)
    left = stock[:, :-1] + came - stock[:, 1:]
    assert (stock >= 0).all()
    assert (came >= 0).all()
    assert ((left >= 0) & (left <= stock[:, :-1])).all()


def test_leavers_and_entrants_are_binomial_and_poisson():
    """Over one year the counts have the mean, the variance and the distribution of the textbook.

    Leavers of 600 with probability 0.1 and entrants of 45 a year, by chi-square tests.
    """
    stock, came = one_group([0.075], [0.1], 600)
    came = np.rint(came[:, 0, 0] * 600)
    left = 600 + came - np.rint(stock[:, 1, 0] * 600)
    for count, truth in ((left, stats.binom(600, 0.1)), (came, stats.poisson(45))):
        error = np.sqrt(truth.var() / DRAWS)
        np.testing.assert_allclose(count.mean(), truth.mean(), rtol=0, atol=4 * error)
        np.testing.assert_allclose(count.var(), truth.var(), rtol=4 * np.sqrt(2 / DRAWS))
        edges = np.unique(truth.ppf(np.linspace(0.05, 0.95, 19)))
        got = np.histogram(count, [-1, *(edges + 0.5), 10**6])[0]
        expected = DRAWS * np.diff(truth.cdf([-1, *edges, 10**6]))
        assert stats.chisquare(got, expected).pvalue > 1e-3
    assert abs(np.corrcoef(left, came)[0, 1]) < 4 / np.sqrt(DRAWS)


def test_years_of_persons_have_the_expected_mean_and_variance():
    """Mean m' = m (1 - x) + e; variance v' = v (1 - x)^2 + m x (1 - x) + e, year by year."""
    came, exits, people = [0.02, 0.05, 0.01, 0.03], [0.1, 0.3, 0.05, 0.2], 1000
    stock, _ = one_group(came, exits, people)
    mean, variance = 1000.0, 0.0
    for year, (entry, x) in enumerate(zip(came, exits, strict=True), start=1):
        variance = variance * (1 - x) ** 2 + mean * x * (1 - x) + entry * people
        mean = mean * (1 - x) + entry * people
        got = stock[:, year, 0] * people
        error = np.sqrt(variance / DRAWS)
        np.testing.assert_allclose(got.mean(), mean, rtol=0, atol=4 * error)
        np.testing.assert_allclose(got.var(), variance, rtol=4 * np.sqrt(2 / DRAWS))


def test_more_people_come_closer_to_the_expected_flows():
    """With a thousand million people the whole stocks are the expected ones to four digits."""
    _, world = noisy_world(3, people=10**9)
    nothing = no_effects(world.years, world.cells.grid)
    expected = simulate(replace(world, noise=None), nothing)
    np.testing.assert_allclose(simulate(world, nothing).stock, expected.stock, rtol=0, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 999),
    st.sampled_from(["stay_rate", "inflow", "direct_arrivals", "exit_rate"]),
    st.sampled_from(["north", "foreign"]),
    st.floats(0, 1),
    st.integers(2020, 2029),
)
def test_a_lever_against_a_group_never_helps_it(seed, flow, group, size, start):
    """Fewer entrants or more leavers never raise a later stock of any group in any draw."""
    inputs, world = noisy_world(seed, draws=50)
    factor = 1 + size if flow == "exit_rate" else size
    lever = {"lever": flow, "group": group, "multiplier": factor, "start": start}
    effects = lever_effects(
        scenario_of(lever, history="refit"), inputs.spec, world.years, 2019, None
    )
    plain = simulate(world, no_effects(world.years, world.cells.grid)).stock
    assert (simulate(world, effects).stock <= plain + 1e-12).all()


@given(arrays(float, (4, 3), elements=st.floats(0.001, 1)), st.integers(1, 10**6))
def test_the_start_is_whole_and_complete(parts, people):
    """Whole persons at the start are each within one of their part, and add up to the people."""
    shares = parts / parts.sum(-1, keepdims=True)
    got = whole_parts(shares, people)
    np.testing.assert_array_equal(got, np.rint(got))
    np.testing.assert_array_equal(got.sum(-1), people)
    assert (np.abs(got - shares * people) < 1 + 1e-9).all()


def test_the_ends_of_the_uniform_numbers_are_people_too():
    """A uniform number of exactly 0 means none leaves and none comes, not minus one."""
    zero, half = np.zeros((1, 2, 1)), np.full((1, 2, 1), 0.5)
    stock, came = whole_stocks(np.ones((1, 1)), half, half, zero, zero, 10)
    assert (stock == 1).all()
    assert (came == 0).all()


@pytest.fixture(scope="module")
def noisy():
    return share_model(with_people(example_inputs()), seed=5, steps=12, noise=True)


def test_scenarios_share_the_numbers(noisy):
    """No lever gives the baseline bit by bit, and a later lever the same years before it."""
    plain = noisy.flows(BASELINE).stock
    np.testing.assert_array_equal(noisy.flows(scenario_of()).stock, plain)
    late = scenario_of({"lever": "inflow", "group": "north", "multiplier": 0.5, "start": 2027})
    moved = noisy.flows(late).stock
    np.testing.assert_array_equal(moved[:, :8], plain[:, :8])
    assert (moved[:, 8:, 0] <= plain[:, 8:, 0]).all()
    assert (moved[:, 8:, 0] < plain[:, 8:, 0]).any()
    np.testing.assert_array_equal(moved[:, :, 1:], plain[:, :, 1:])


def test_one_seed_gives_the_same_persons(noisy):
    """The same seed gives the same bytes, another seed other people from the same model."""
    again = share_model(with_people(example_inputs()), seed=5, steps=12, noise=True)
    assert noisy.flows(BASELINE).stock.tobytes() == again.flows(BASELINE).stock.tobytes()
    other = share_model(with_people(example_inputs()), seed=6, steps=12, noise=True)
    assert (noisy.flows(BASELINE).stock != other.flows(BASELINE).stock).any()


def test_the_last_year_does_not_change_the_persons_before():
    """A projection to an earlier year is the first part of a longer one, person by person."""
    inputs, plain = with_people(example_inputs()), {"baseline": BASELINE}
    short = project(inputs, plain, seed=1, until=2024, steps=12, noise=True)["stock"]
    long = project(inputs, plain, seed=1, steps=12, noise=True)["stock"]
    np.testing.assert_array_equal(short, long.sel(year=slice(None, 2024)))


def test_the_calibration_knows_no_noise(noisy):
    """Evidence is compared with expected flows: noise is added to the projection alone."""
    quiet = share_model(with_people(example_inputs()), seed=5, steps=12)
    np.testing.assert_array_equal(noisy.calibration.z, quiet.calibration.z)


def test_a_workforce_that_runs_out_of_people_is_refused():
    """Shares of nobody are no numbers: three people without successors leave none in some draw."""
    model = share_model(with_people(example_inputs(), 3), seed=5, steps=12, noise=True)
    none = scenario_of({"lever": "inflow", "group": "all", "multiplier": 0.0})
    with pytest.raises(RunError, match=r"has people in each draw and year; got none in some\. Rai"):
        model.flows(none)


def test_persons_need_a_number_of_people():
    """A study that does not say how many people there are has no whole persons."""
    with pytest.raises(RunError, match=r"flows of whole persons need share\.people; got none"):
        share_model(example_inputs(), seed=1, noise=True)
