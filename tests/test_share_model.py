"""A calibrated workforce: kept and refitted histories, and doctorates that no one has published."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

import forecast.share.model as share_room
from forecast.errors import RunError
from forecast.share.cells import arrange
from forecast.share.example import example_evidence
from forecast.share.grid import grid_of
from forecast.share.likelihood import history, history_years, log_likelihood, years_of
from forecast.share.model import BASELINE, share_model
from forecast.share.parameters import layout, theta_of
from forecast.share.scenario import lever_effects, no_effects
from forecast.share.world import World
from tests.share_loops import DATES, Loops, moving_inputs, scenario_of, scenarios

SHOCKS = pd.DataFrame(
    {"shock": ["ban", "open"], "date_start": ["2022", "2024-03"], "date_end": ["2025-06", None]}
)
LEVERS = (
    {"lever": "stay_rate", "group": "rest", "hold": 2020},
    {"lever": "stay_rate", "group": "north", "multiplier": 0.9, "start": 2016},
    {"lever": "inflow", "group": "foreign", "path": {2015: 500.0, 2029: 900.0}, "start": 2018},
    {"lever": "exit_rate", "group": "north", "shift": 0.5, "start": 2021, "end": 2024},
    {"lever": "exit_rate", "group": "all", "multiplier": 1.4},
    {"lever": "direct_arrivals", "group": "rest", "path": {2021: 0.4}},
)
REFIT = scenario_of(*LEVERS, history="refit", replaced=0.3)


@pytest.fixture(scope="module")
def inputs():
    """Return inputs with doctorates published to 2021 and shocks, shares until 2022."""
    made = moving_inputs(seed=2, draws=120)
    return replace(made, last_published=2021, shocks=SHOCKS)


@pytest.fixture(scope="module")
def model(inputs):
    return share_model(inputs, seed=5, steps=20)


def parameters(inputs):
    where = layout(inputs.spec)
    return theta_of(np.random.default_rng(3).standard_normal((inputs.draws, where.size)), where)


def density_of(inputs, scenario, theta):
    """Return the log likelihood of the inputs' evidence with the levers of a scenario in force."""
    effects = lever_effects(scenario, inputs.spec, years_of(inputs, 2030), 2022, DATES)
    return log_likelihood(theta, history(inputs, effects))


def loops_over(inputs, theta, years, scenario=REFIT):
    return Loops(World(arrange(inputs, years), theta), scenario, 2022, DATES)


@pytest.fixture(scope="module")
def few():
    """Return inputs of three draws, their parameters, and a table of one row each."""
    inputs = moving_inputs(seed=3)
    return inputs, parameters(inputs)


def test_shares_are_compared_with_levered_stocks(few):
    """With a history fitted again, published shares are those of stocks under the levers."""
    inputs, theta = few
    table = example_evidence().iloc[3:5].reset_index(drop=True)
    stock = loops_over(inputs, theta, range(2020, 2023)).flows()[0][:, 3]
    mean = (stock / stock.sum(-1, keepdims=True))[:, [0, 2, 1]]
    c = 380 / theta.design_effect - 1
    expected = [stats.dirichlet(c[i] * mean[i]).logpdf([0.35, 0.39, 0.26]) for i in range(3)]
    got = density_of(replace(inputs, evidence=table), REFIT, theta)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_survival_is_compared_with_levered_exits(few):
    """Levers on exits act in the years of a survival, before and after the share evidence."""
    inputs, theta = few
    table = example_evidence().query("quantity == 'survival'").reset_index(drop=True)
    loops = loops_over(inputs, theta, range(2020, 2026))
    alive = np.array([np.prod([1 - loops.exit(d, t, 0) for t in range(6)]) for d in range(3)])
    expected = stats.beta(99 * alive, 99 * (1 - alive)).logpdf(0.87)
    got = density_of(replace(inputs, evidence=table), REFIT, theta)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


@pytest.mark.parametrize(("group", "year"), [("north", 2019), ("rest", 2024), ("rest", 2030)])
def test_stay_is_compared_with_levered_rates(few, group, year):
    """A stay rate of ten cohorts is that of rates and doctorates under the levers.

    A rate held as in 2020 is known to cohorts whose ten years begin after 2020.
    """
    inputs, theta = few
    row = example_evidence().query("quantity == 'stay'").assign(group=group, year=year)
    loops = loops_over(inputs, theta, range(2008, 2031))
    window, grid = range(year - 9 - 2008, year + 1 - 2008), loops.grid
    cells = grid.cells(np.array([list(grid.groups).index(group)]))
    rates = []
    for d in range(3):
        people = [[loops.people(d, t, c, True) * grid.weight[c] for c in cells] for t in window]
        stay = [[loops.stay(d, t, c, True) for c in cells] for t in window]
        rates.append((np.array(people) * stay).sum() / np.sum(people))
    mean, c = np.array(rates), 100 / theta.design_effect - 1
    expected = stats.beta(c * mean, c * (1 - mean)).logpdf(0.85)
    got = density_of(replace(inputs, evidence=row.reset_index(drop=True)), REFIT, theta)
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_a_kept_history_is_blind_to_its_levers(few):
    """Shares until the last evidence know nothing of levers that leave history as it is."""
    inputs, theta = few
    kept = REFIT.model_copy(update={"history": "keep"})
    table = example_evidence().query("quantity == 'share'").reset_index(drop=True)
    inputs = replace(inputs, evidence=table)
    got = density_of(inputs, kept, theta)
    np.testing.assert_array_equal(got, density_of(inputs, scenario_of(), theta))


def test_a_scenario_has_its_own_calibration_if_it_refits(model):
    """Only levers that act on the evidence make a calibration of their own."""
    kept = scenario_of(*LEVERS)
    assert model.calibrated(BASELINE) is model.calibration
    assert model.calibrated(kept) is model.calibration
    assert model.calibrated(scenario_of(history="refit")) is model.calibration
    mixed = scenario_of(LEVERS[4] | {"history": "keep"}, LEVERS[3], history="refit")
    own = model.calibrated(mixed)
    assert not np.array_equal(own.z, model.calibration.z)
    stock = model.flows(mixed).stock
    np.testing.assert_array_equal(stock, model.flows(mixed, own).stock)
    entrants = model.flows(mixed).entrants[:, 0].sum(-1)
    np.testing.assert_allclose(entrants, own.theta.turnover, rtol=1e-12)


def test_the_calibration_is_given_the_levers(inputs, monkeypatch):
    """A refitted scenario is calibrated with its own effects, and the same doctorates."""
    seen = []

    def spy(inputs, effects, seed, steps, factors):
        seen.append((effects, factors))
        return plain(inputs, effects, seed, steps, factors)

    plain = share_room.calibrate
    monkeypatch.setattr(share_room, "calibrate", spy)
    model = share_model(inputs, seed=5, steps=12)
    model.calibrated(REFIT)
    (none, past), (moved, again) = seen
    assert none.stay.is_none
    assert none.exits.is_none
    np.testing.assert_array_equal(moved.exits.factor, np.full_like(moved.exits.factor, 1.4))
    assert moved.replaced == 0.3
    np.testing.assert_array_equal(past, again)
    # the people of the calibration are those of the projection
    own = history(inputs, no_effects(model.span, model.grid), past).cells
    assert own.years == range(2020, 2023)
    np.testing.assert_array_equal(own.people, model.world.cells.people[:, :3])


@settings(max_examples=40, deadline=None)
@given(scenarios())
def test_a_kept_history_is_the_baseline(model, scenario):
    """Whatever the levers, the years up to the last evidence are the baseline's bit by bit."""
    levers = [one.model_copy(update={"history": None}) for one in scenario.levers]
    kept = scenario_of(*levers, replaced=scenario.replaced)
    flows, plain = model.flows(kept), model.flows(BASELINE)
    np.testing.assert_array_equal(flows.stock[:, :4], plain.stock[:, :4])
    np.testing.assert_array_equal(flows.entrants[:, :3], plain.entrants[:, :3])


def test_the_whole_model_equals_plain_loops(model):
    """From the study's levers and dates to stocks: what loops over each number give."""
    levers = (*LEVERS, {"lever": "inflow", "group": "north", "multiplier": 0.7, "shock": "ban"})
    scenario = scenario_of(*levers, replaced=0.3)
    picked = np.array([0, 7, 119])
    stock, came = Loops(model.world.of_draws(picked), scenario, 2022, DATES).flows()
    flows = model.flows(scenario)
    np.testing.assert_allclose(flows.stock[picked], stock, rtol=1e-12)
    np.testing.assert_allclose(flows.entrants[picked], came, rtol=1e-12)


def test_the_model_without_levers_keeps_its_turnover(model):
    """At the baseline the entrants of the first year are the turnover, and shares sum to one."""
    flows = model.flows(BASELINE)
    turnover = model.calibration.theta.turnover
    np.testing.assert_allclose(flows.entrants[:, 0].sum(-1), turnover, rtol=1e-12)
    np.testing.assert_allclose(flows.stock[:, 0].sum(-1), 1.0, rtol=1e-14)


def test_published_doctorates_are_taken_as_they_are(inputs, model):
    """Factors are 1 until the last published year and differ from draw to draw after it."""
    published = model.span.index(2021) + 1
    assert (model.factors[:, :published] == 1).all()
    assert (model.factors[:, published:] > 0).all()
    assert (model.factors[:, published:].std(0) > 0).all()
    people, plain = model.world.cells.people, arrange(inputs, model.world.years).people
    np.testing.assert_array_equal(people[:, :2], np.broadcast_to(plain[:, :2], people[:, :2].shape))
    owner = model.grid.owner
    ahead = model.factors[:, published:]
    np.testing.assert_allclose(people[:, 2:] / plain[:, 2:], ahead[:, :, owner], rtol=1e-12)


def test_factors_are_of_the_group_of_each_cell():
    """Doctorates are multiplied with the factor of their group, wherever the study lists it."""
    made = moving_inputs(order=("home", "north", "rest"))
    factors = np.random.default_rng(1).uniform(0.5, 2.0, (3, 2, 3))
    plain, moved = (arrange(made, range(2024, 2026), one) for one in (None, factors))
    expected = np.broadcast_to(plain.people, moved.people.shape).copy()
    for group, cells in enumerate(([6, 7], [0, 1], [2, 3, 4, 5])):
        expected[:, :, cells] *= factors[:, :, [group]]
    np.testing.assert_allclose(moved.people, expected, rtol=1e-14)


def test_factors_do_not_depend_on_the_last_year(inputs, model):
    """A shorter projection has the same doctorates in its years."""
    short = share_model(inputs, seed=5, until=2024, steps=20)
    np.testing.assert_array_equal(short.world.cells.people, model.world.cells.people[:, :5])


def test_levers_that_rule_out_the_evidence_are_refused(model):
    """A history without any entrants, or a stay rate of zero, cannot be fitted: one sentence."""
    nobody = {"lever": "inflow", "group": "all", "multiplier": 0.0}
    leave = {"lever": "stay_rate", "group": "north", "path": {2019: 0.0}}
    for lever in (nobody, leave):
        with pytest.raises(RunError, match="a density of zero at every draw"):
            model.flows(scenario_of(lever, history="refit"))
    assert (model.flows(scenario_of(nobody)).entrants[:, 3:] == 0).all()


def test_evidence_beyond_the_study_needs_no_doctorates(inputs):
    """A survival published after the last year of the study concerns exits alone."""
    late = inputs.evidence.assign(year=inputs.evidence["year"].replace(2025, 2034))
    model = share_model(replace(inputs, evidence=late), seed=1, steps=12)
    assert model.span == range(2010, 2035)
    assert model.world.years == range(2020, 2031)


def test_all_published_doctorates_need_no_draws():
    """Where the table has every year, all draws share one array of people."""
    made = moving_inputs(seed=2, draws=60)
    model = share_model(made, seed=1, steps=12)
    assert (model.factors == 1).all()
    assert model.world.cells.people.shape == (1, 11, 8)
    assert history_years(made) == range(2020, 2023)
    assert grid_of(made.spec).size == 8
