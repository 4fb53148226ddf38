"""Solving for a target: the value of a lever that brings a share to it, draw by draw."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from forecast.errors import RunError, StudyError
from forecast.share.aim import aimed
from forecast.share.cells import Cells, leaving, mean_stay
from forecast.share.example import example_evidence, example_inputs
from forecast.share.flows import shares
from forecast.share.lever_range import RANGES, constant_lever
from forecast.share.meet import bracketed, meet
from forecast.share.model import BASELINE, share_model
from forecast.share.parameters import Theta
from forecast.share.scenario import no_effects
from forecast.share.solve import Solution, bounds, solve, summary
from forecast.share.world import World, simulate
from forecast.study import Lever, Scenario

WAYS = [(lever, way) for lever, ways in RANGES.items() for way in ways]
NORTH, REST, HOME = range(3)
OTHER_LEVERS = (
    Lever(lever="inflow", group="north", multiplier=0.8),
    Lever(lever="stay_rate", group="north", multiplier=0.9, start=2025),
    Lever(lever="stay_rate", group="foreign", shift=0.3),
    Lever(lever="exit_rate", group="home", path={2024: 0.05}),
)
MOVED = Scenario(label="Moved", reason="Made up.", levers=OTHER_LEVERS)
REPLACED = Scenario(
    label="Replaced",
    reason="Others come in the place of those lost.",
    replaced=1.0,
    levers=(Lever(lever="inflow", group="rest", multiplier=0.2),),
)


@pytest.fixture(scope="module")
def model():
    return share_model(example_inputs(), seed=1, steps=30)


@pytest.fixture(scope="module")
def unpublished():
    """The same workforce, whose doctorates after 2023 follow a local level."""
    return share_model(replace(example_inputs(), last_published=2023), seed=1, steps=30)


@pytest.fixture(scope="module")
def by_hand():
    """One draw of north and home: half each, an exit of .1, entrants of .05 and .1 a year."""
    table = example_evidence().query("quantity == 'share' and year == 2019")
    model = share_model(example_inputs(evidence=table), seed=1, steps=12)
    years, single = model.world.years, np.ones(1)
    stay, people = np.full((1, len(years), 8), 0.5), np.zeros((1, len(years), 8))
    stay[..., 6:] = 1.0
    people[..., [0, 6]] = 100.0  # of the field with weight 1
    theta = Theta(
        start_logit=np.array([[0.0, -np.inf, 0.0]]),
        exit=np.full((1, 3), 0.1),
        exit_rate=0.1 * single,
        exit_spread=0 * single,
        turnover=0.2 * single,
        growth=0 * single,
        selection=np.ones((1, 3)),
        direct_arrivals=np.array([[0.25, 0.0, 0.0]]),
        tier_stay=0 * single,
        design_effect=single,
        basis_offset=0 * single,
    )
    cells = Cells(years, stay, people, np.zeros((1, 3)), model.grid)
    # 200 persons stand for a turnover of .2: north brings .1 x stay rate x (1 + direct) a year
    return replace(model, world=World(cells, theta, np.array([200.0])))


def share_with(model, solution, scenario=BASELINE):
    """Put the value of each draw back, and project all years of the model anew."""
    years = range(solution.start, model.world.years[-1] + 1)
    lever = constant_lever(model, solution.lever, solution.group, solution.way, years)
    effects = lever.on(model.effects(scenario).during(model.world.years), solution.value)
    used = model.calibrated(scenario)
    world = model.world
    if used is not model.calibration:
        world = World(world.cells, used.theta)
    share = shares(simulate(world, effects).stock)[:, solution.year - world.years.start + 1]
    places = [NORTH, REST] if solution.of == "foreign" else [model.grid.groups.index(solution.of)]
    return share[:, places].sum(1)


def assert_met(model, solution, scenario=BASELINE):
    solved = ~np.isnan(solution.value)
    share = share_with(model, solution, scenario)[solved]
    np.testing.assert_allclose(share, solution.target, rtol=0, atol=1e-9)


def groups_of(lever):
    home = [] if lever in ("stay_rate", "inflow", "direct_arrivals") else ["home"]
    return ["north", "rest", "foreign", *home]


HAND = [
    # stay rate p, direct arrivals d: S_north(2020) = .45 + .1 p (1 + d), S_home = .55
    ({"lever": "stay_rate", "year": 2020}, (0.45 + 0.075) / (1.0 + 0.075), 0.6),
    ({"lever": "stay_rate", "year": 2020, "way": "multiplier"}, (0.45 + 0.1) / (1.0 + 0.1), 1.6),
    ({"lever": "stay_rate", "year": 2020, "way": "shift"}, 0.54375 / 1.09375, np.log(3)),
    ({"lever": "inflow", "year": 2020}, (0.45 + 0.125) / (1.0 + 0.125), 2.0),
    ({"lever": "direct_arrivals", "year": 2020}, (0.45 + 0.075) / (1.0 + 0.075), 2.0),
    # home brings .1 a year: with twice that its stock is .65
    ({"lever": "domestic_inflow", "year": 2020}, 0.5125 / (0.5125 + 0.65), 2.0),
    # exit x: S_north(2020) = .5 (1 - x) + .0625, S_home = .55
    ({"lever": "exit_rate", "year": 2020}, 0.4625 / 1.0125, 0.2),
    ({"lever": "exit_rate", "year": 2020, "way": "multiplier"}, 0.4625 / 1.0125, 2.0),
    ({"lever": "exit_rate", "year": 2020, "way": "shift"}, 0.4625 / 1.0125, np.log(9 / 4)),
    # two years: .9 (.45 + .125 p) + .125 p and .9 x .55 + .1; .8 (.8 x .5 + .0625) + .0625
    ({"lever": "stay_rate", "year": 2021}, (0.405 + 0.2375 * 0.6) / (1.0 + 0.2375 * 0.6), 0.6),
    ({"lever": "exit_rate", "year": 2021}, 0.4325 / (0.4325 + 0.595), 0.2),
    # only in the second year
    ({"lever": "exit_rate", "year": 2021, "start": 2021}, 0.4725 / (0.4725 + 0.595), 0.2),
    ({"lever": "stay_rate", "year": 2021, "start": 2021}, 0.51125 / 1.10625, 0.4),
    # the share of the others
    ({"lever": "stay_rate", "year": 2020, "of": "home"}, 0.55 / 1.075, 0.6),
    ({"lever": "stay_rate", "year": 2020, "of": "foreign"}, 0.525 / 1.075, 0.6),
]


@pytest.mark.parametrize(("asked", "target", "value"), HAND)
def test_each_lever_by_hand(by_hand, asked, target, value):
    """One foreign group and home, in one year or two: the value is that of a hand calculation."""
    asked = dict(asked)
    solution = solve(by_hand, asked.pop("lever"), "north", target, **asked)
    np.testing.assert_allclose(solution.value, [value], rtol=1e-10)


def test_a_path_comes_in_the_place_of_a_path_and_multipliers_multiply(by_hand):
    """Half the inflow is made up by twice the stay rate; a path of the scenario is replaced."""
    halved = Lever(lever="inflow", group="north", multiplier=0.5)
    followed = Lever(lever="stay_rate", group="north", path={2019: 0.1})
    scenario = Scenario(label="Both", reason="Made up.", levers=(halved, followed))
    target = (0.45 + 0.125 * 0.4) / (1.0 + 0.125 * 0.4)
    path = solve(by_hand, "stay_rate", "north", target, 2020, scenario=scenario)
    np.testing.assert_allclose(path.value, [0.8], rtol=1e-10)
    times = solve(by_hand, "inflow", "north", target, 2020, scenario=scenario)
    np.testing.assert_allclose(times.value, [8.0], rtol=1e-10)  # .1 x 8 x .5 = .4


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_solve_then_project_meets_the_target(model, data):
    """Put back draw by draw, each value gives the target to 1e-9, whatever is asked."""
    lever, way = data.draw(st.sampled_from(WAYS))
    group = data.draw(st.sampled_from(groups_of(lever)))
    of = data.draw(st.sampled_from([None, "north", "rest", "home", "foreign"]))
    year = data.draw(st.integers(2023, 2030))
    start = data.draw(st.none() | st.integers(2023, year))
    target, scenario = data.draw(st.floats(0.02, 0.98)), data.draw(st.sampled_from([None, MOVED]))
    given_scenario = scenario or BASELINE
    asked = {"way": way, "start": start, "of": of, "scenario": given_scenario}
    solution = solve(model, lever, group, target, year, **asked)
    assert_met(model, solution, given_scenario)
    lowest, highest = RANGES[lever][way]
    solved = solution.value[~np.isnan(solution.value)]
    assert ((solved >= lowest) & (solved <= highest)).all()
    ends = np.sort([solution.at_lowest, solution.at_highest], axis=0)
    within = (ends[0] + 1e-9 < target) & (target < ends[1] - 1e-9)
    assert not np.isnan(solution.value[within]).any()
    parts = solution.reachable + solution.above + solution.below
    np.testing.assert_allclose(parts, 1.0, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("lever", "way"), WAYS)
def test_a_scenario_with_the_value_meets_the_target(model, lever, way):
    """A scenario that a user writes with the value of a draw brings that draw to the target."""
    solution = solve(model, lever, "north", 0.35, 2030, way=way, start=2024, scenario=MOVED)
    draws = np.flatnonzero(~np.isnan(solution.value))[:3]
    assert len(draws) == 3
    for draw in draws:
        value = float(solution.value[draw])
        facts = {
            "lever": lever,
            "start": 2024,
            way: {2024: value} if way == "path" else value,
            "history": "keep",
        }
        whom = {} if lever == "domestic_inflow" else {"group": "north"}
        added = Lever.model_validate(facts | whom)
        both = Scenario(label="Both", reason="Made up.", levers=(*OTHER_LEVERS, added))
        share = shares(model.flows(both).stock)[draw, -1, NORTH]
        np.testing.assert_allclose(share, 0.35, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("lever", "way"), WAYS)
def test_the_own_share_asks_for_no_change(model, lever, way):
    """For the share that a draw has anyway a multiplier is 1, a shift 0, an exit rate its own."""
    draw = 7
    own = float(shares(model.flows(BASELINE).stock)[draw, -1, NORTH])
    solution = solve(model, lever, "north", own, 2030, way=way)
    expected = {"multiplier": 1.0, "shift": 0.0, "path": model.calibration.theta.exit[draw, NORTH]}
    if (lever, way) == ("stay_rate", "path"):  # the rates of its cells differ
        assert abs(solution.value[draw] - solution.usual[draw]) < 0.01
    else:
        np.testing.assert_allclose(solution.value[draw], expected[way], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(
    "asked",
    [
        ("stay_rate", "north", "path", "north"),
        ("stay_rate", "foreign", "path", "rest"),
        ("inflow", "rest", "multiplier", "north"),
        ("direct_arrivals", "north", "multiplier", "foreign"),
        ("domestic_inflow", "north", "multiplier", "north"),
    ],
)
def test_the_closed_form_is_the_bracketed_root(model, asked):
    """Where stocks are affine in the value, the line through the ends and the search agree."""
    lever, group, way, of = asked
    constant = constant_lever(model, lever, group, way, range(2023, 2031))
    for target in (0.2, 0.35, 0.6):
        aim = aimed(model, constant, of, target, MOVED)
        value = meet(aim).value
        solved = np.flatnonzero(~np.isnan(value))
        np.testing.assert_allclose(bracketed(aim, solved), value[solved], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("lever", "way"), [way for way in WAYS if way != ("stay_rate", "path")])
def test_a_second_lever_has_nothing_left_to_do(model, lever, way):
    """On top of a lever at its solution of each draw, another one changes nothing in any draw."""
    first = constant_lever(model, "stay_rate", "north", None, range(2023, 2031))
    second = constant_lever(model, lever, "north", way, range(2023, 2031))
    found = meet(aimed(model, first, "north", 0.35, BASELINE)).value
    solved = ~np.isnan(found)
    plain = aimed(model, second, "north", 0.35, BASELINE)
    value = meet(replace(plain, effects=first.on(plain.effects, found))).value[solved]
    if way == "path":
        np.testing.assert_allclose(value, model.calibration.theta.exit[solved, NORTH], rtol=1e-8)
    else:
        np.testing.assert_allclose(value, float(way == "multiplier"), rtol=1e-8, atol=1e-8)


def test_the_share_rises_with_the_stay_rate_needed(model):
    """A higher share of a group needs a higher stay rate, and a lower exit rate, in each draw."""
    for lever, sign in (("stay_rate", 1), ("exit_rate", -1)):
        values = [solve(model, lever, "north", t, 2030).value for t in (0.25, 0.3, 0.35)]
        steps = sign * np.diff(values, axis=0)
        assert (steps[~np.isnan(steps)] > 0).all()


def test_out_of_reach_by_hand(by_hand):
    """With nobody staying north has .45 of 1 in 2020, with all .575 of 1.125: no more, no less."""
    for target, part, side in ((0.44, "above", -np.inf), (0.52, "below", np.inf)):
        solution = solve(by_hand, "stay_rate", "north", target, 2020)
        assert np.isnan(solution.value).all()
        assert np.isnan(solution.needed).all()
        assert (solution.reachable, getattr(solution, part)) == (0.0, 1.0)
        assert solution.beyond.tolist() == [side]
        ends = (solution.at_lowest[0], solution.at_highest[0])
        np.testing.assert_allclose(ends, (0.45, 0.575 / 1.125), rtol=1e-12)


def test_beyond_follows_the_way_the_lever_works(by_hand):
    """Too low an exit rate is below its range, too high a one beyond it: the share falls with x."""
    high, low = (solve(by_hand, "exit_rate", "north", t, 2020).beyond for t in (0.6, 0.05))
    assert (high.tolist(), low.tolist()) == ([-np.inf], [np.inf])


def test_a_lever_without_effect_has_no_value(by_hand):
    """Nobody of the rest comes, so no multiplier moves a share, and none is on the way to it."""
    for target in (0.4, 0.6):
        solution = solve(by_hand, "inflow", "rest", target, 2020, of="north")
        assert np.isnan(solution.value).all()
        assert np.isnan(solution.beyond).all()
        assert solution.above + solution.below == 1.0


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 0.8), st.sampled_from(WAYS), st.sampled_from(["north", "rest", "home"]))
def test_replacement_never_gives_a_wrong_root(model, target, lever_way, of):
    """Where others replace the lost the share may jump over the target: no root is then given."""
    lever, way = lever_way
    solution = solve(model, lever, "north", target, 2030, way=way, of=of, scenario=REPLACED)
    assert_met(model, solution, REPLACED)
    assert solution.reachable + solution.above + solution.below <= 1.0 + 1e-12


def test_a_jump_over_the_target_is_found_out(model):
    """North takes the places of the rest unless it loses some itself: its share jumps at 1."""
    constant = constant_lever(model, "inflow", "north", None, range(2023, 2031))
    aim = aimed(model, constant, "north", 0.35, REPLACED)
    draws = np.arange(model.world.draws)
    just_less, same = (aim.share(aim.stock(v, draws)) for v in (1 - 1e-6, 1.0))
    jumps = (just_less < 0.35) & (same > 0.35)
    assert jumps.any()
    met = meet(aim)
    assert np.isnan(met.value[jumps]).all()
    assert np.isnan(met.beyond[jumps]).all()
    np.testing.assert_allclose(met.reachable + met.above + met.below, 1 - jumps.mean(), atol=1e-12)


def test_a_refitted_scenario_has_its_own_parameters(model):
    """On top of a scenario that refits history its own calibration is used."""
    cut = Lever(lever="stay_rate", group="north", path={2012: 0.9, 2022: 0.6})
    refit = Scenario(label="Refit", reason="Made up.", history="refit", levers=(cut,))
    kept = refit.model_copy(update={"history": "keep"})
    ones = [solve(model, "exit_rate", "north", 0.3, 2030, scenario=one) for one in (refit, kept)]
    assert not np.array_equal(ones[0].value, ones[1].value, equal_nan=True)
    assert_met(model, ones[0], refit)
    assert_met(model, ones[1], kept)


def test_the_usual_stay_rate_is_the_weighted_mean(model):
    """The baseline's stay rate is ``mean_stay`` of the group over the years of the lever."""
    solution = solve(model, "stay_rate", "rest", 0.3, 2028, start=2025)
    cells, rows, own = model.world.cells, [5, 6, 7, 8], model.grid.cells(np.array([REST]))
    part = Cells(
        range(2025, 2029),
        cells.stay[:, rows][:, :, own],
        cells.people[:, rows][:, :, own],
        cells.departure,
        model.grid.part(own),
    )
    nothing = no_effects(part.years, part.grid)
    expected = mean_stay(part, model.calibration.theta.tier_stay, nothing)
    np.testing.assert_allclose(solution.usual, expected, rtol=1e-12)
    np.testing.assert_array_equal(solution.baseline, solution.usual)


def test_what_a_path_needs_is_its_value(model):
    """Without other levers a rate in force over all years and cells is its path."""
    for lever in ("stay_rate", "exit_rate"):
        for group in ("north", "foreign"):
            solution = solve(model, lever, group, 0.4, 2030)
            np.testing.assert_allclose(solution.needed, solution.value, rtol=1e-12, atol=1e-15)


def test_the_usual_exit_is_of_the_people_of_the_group(model):
    """A single group has its own exit rate; of several it is leavers among all their people."""
    theta, world = model.calibration.theta, model.world
    single = solve(model, "exit_rate", "rest", 0.3, 2030)
    np.testing.assert_allclose(single.usual, theta.exit[:, REST], rtol=1e-12)
    several = solve(model, "exit_rate", "foreign", 0.5, 2024, start=2024)
    before = model.flows(BASELINE).stock[:, 2023 - 2019, :HOME]
    exits = leaving(theta, world.cells.departure, no_effects(world.years, model.grid))[:, 0, :HOME]
    expected = (before * exits).sum(1) / before.sum(1)
    np.testing.assert_allclose(several.usual, expected, rtol=1e-12)


def test_the_usual_direct_arrivals_are_of_the_graduates(model):
    """Of several groups they are arrivals for all their entrants with a doctorate together."""
    solution = solve(model, "direct_arrivals", "foreign", 0.6, 2024, start=2024)
    direct = model.calibration.theta.direct_arrivals[:, :HOME]
    entrants = model.flows(BASELINE).entrants[:, 2024 - 2020, :HOME]
    graduates = entrants / (1 + direct)
    expected = (entrants - graduates).sum(1) / graduates.sum(1)
    np.testing.assert_allclose(solution.usual, expected, rtol=1e-12)


def test_multipliers_and_shifts_are_set_beside_what_they_move(model):
    """Their baseline is 1 or 0; needed is the rate in force, so all ways need about the same."""
    times = solve(model, "direct_arrivals", "north", 0.35, 2030)
    assert (times.baseline == 1.0).all()
    direct = model.calibration.theta.direct_arrivals[:, NORTH]
    np.testing.assert_allclose(times.usual, direct, rtol=1e-12)
    np.testing.assert_allclose(times.needed, times.value * direct, rtol=1e-12)
    shift = solve(model, "exit_rate", "north", 0.35, 2030, way="shift")
    path = solve(model, "exit_rate", "north", 0.35, 2030)
    assert (shift.baseline == 0.0).all()
    moved = expit(logit(shift.usual) + shift.value)
    np.testing.assert_allclose(shift.needed, moved, rtol=1e-9)
    np.testing.assert_allclose(shift.needed, path.value, rtol=1e-8, atol=1e-12)


def test_the_inflow_needed_is_in_persons(unpublished):
    """Weighted doctorates a year in the years of the lever, times the multiplier."""
    solution = solve(unpublished, "inflow", "north", 0.35, 2029, start=2026)
    people = unpublished.world.cells.people[:, 6:10, :2] * [1.0, 0.5]
    usual = people.sum(2).mean(1)
    np.testing.assert_allclose(solution.usual, usual, rtol=1e-12)
    np.testing.assert_allclose(solution.needed, usual * solution.value, rtol=1e-12)


def brute_extremeness(solution):
    total = 0.0
    for needed, own in zip(solution.needed, solution.usual, strict=True):
        if not np.isnan(needed):
            lower = needed <= own
            total += np.mean(solution.usual <= needed if lower else solution.usual >= needed)
    return total / len(solution.needed)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(WAYS), st.floats(0.15, 0.6), st.sampled_from(["north", "foreign"]))
def test_extremeness_is_what_pairs_of_draws_say(unpublished, lever_way, target, group):
    """It is the part of all pairs in which one draw's baseline is as far as the other needs."""
    lever, way = lever_way
    solution = solve(unpublished, lever, group, target, 2030, way=way)
    np.testing.assert_allclose(solution.extremeness, brute_extremeness(solution), rtol=1e-12)


def made_up(value, needed, usual, ends=(0.1, 0.9)):
    """Return a solution with values of a made-up stay rate."""
    size = len(value)
    arrays = {"value": value, "needed": needed, "usual": usual}
    facts = {"lever": "stay_rate", "group": "g", "way": "path", "of": "g"}
    sides = {"at_lowest": np.full(size, ends[0]), "at_highest": np.full(size, ends[1])}
    return Solution(target=0.5, year=2030, start=2025, **facts, **arrays, **sides)


def test_extremeness_by_hand():
    """Needs of .2 and .5 with usual .5, .6, .7, .8: 0 and 1 of 4 as low; .8: as high, 1 of 4."""
    usual, nan = np.array([0.5, 0.6, 0.7, 0.8]), np.nan
    needed = np.array([0.2, 0.5, 0.8, nan])
    assert made_up(needed, needed, usual).extremeness == (0 + 1 / 4 + 1 / 4 + 0) / 4


def test_no_spread_no_extremeness(model):
    """Doctorates that are all published have no posterior to be extreme in."""
    solution = solve(model, "inflow", "north", 0.35, 2030)
    assert solution.extremeness is None
    assert np.isnan(summary(solution)["extremeness"].iloc[0])


def test_a_summary_by_hand():
    """Six draws, one below the range and two above it: quantiles count them as infinite."""
    value = np.array([0.4, 0.2, 0.3, np.nan, np.nan, np.nan])
    solution = made_up(value, value, np.linspace(0.5, 1.0, 6))
    solution = replace(
        solution,
        at_lowest=np.array([0.1, 0.1, 0.1, 0.6, 0.1, 0.1]),
        at_highest=np.array([0.9, 0.9, 0.9, 0.9, 0.4, 0.4]),
    )
    row = summary(solution, prob=0.5).iloc[0]
    expected = {
        "lever": "stay_rate",
        "group": "g",
        "way": "path",
        "of": "g",
        "target": 0.5,
        "year": 2030,
        "start": 2025,
        "median": 0.3,
        "lower": 0.2,
        "upper": np.inf,
        "reachable": 3 / 6,
        "above": 1 / 6,
        "below": 2 / 6,
        "solvable_median": 0.3,
        "solvable_lower": 0.2,
        "solvable_upper": 0.4,
        "baseline_median": 0.7,
        "baseline_lower": 0.6,
        "baseline_upper": 0.9,
        "extremeness": 0.0,
        "prob": 0.5,
        "kind": "eti",
    }
    assert list(row.index) == list(expected)
    for name, value in expected.items():
        if isinstance(value, str):
            assert row[name] == value
        else:
            np.testing.assert_allclose(row[name], value, rtol=1e-12)


def test_a_median_that_most_draws_do_not_reach_is_infinite():
    """With three of five draws beyond the range the median is beyond it too."""
    values = np.array([0.2, 0.3, np.inf, np.inf, np.inf])
    assert bounds(values, 0.9) == (np.inf, 0.2, np.inf)
    assert bounds(-values, 0.9) == (-np.inf, -np.inf, -0.2)


def test_draws_without_a_side_widen_the_interval():
    """A draw on no side counts at both ends, and undoes a median that hangs on it."""
    one, two = np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.0, 2.0, 2.0, 3.0, np.nan])
    median, lower, upper = bounds(one, 0.9)
    assert np.isnan(median)
    assert (lower, upper) == (-np.inf, np.inf)
    assert bounds(two, 0.5) == (2.0, 1.0, 3.0)
    assert np.isnan(bounds(np.empty(0), 0.9)).all()


def test_a_question_has_the_same_bytes_twice(model):
    """Nothing is random: the same question gives the same bytes."""
    for lever, way in WAYS:
        ones = [solve(model, lever, "north", 0.3, 2029, way=way, scenario=MOVED) for _ in range(2)]
        for name in ("value", "needed", "usual", "at_lowest", "at_highest"):
            assert getattr(ones[0], name).tobytes() == getattr(ones[1], name).tobytes()


def test_the_years_before_the_start_stay_as_they_are(model):
    """Up to the year before the start a solution projects the bytes of the baseline."""
    solution = solve(model, "stay_rate", "north", 0.35, 2030, start=2026)
    lever = constant_lever(model, "stay_rate", "north", None, range(2026, 2031))
    plain = model.effects(BASELINE).during(model.world.years)
    stock = simulate(model.world, lever.on(plain, solution.value)).stock
    base = model.flows(BASELINE).stock
    assert stock[:, : 2026 - 2019].tobytes() == base[:, : 2026 - 2019].tobytes()
    assert not np.array_equal(stock[:, 2026 - 2019], base[:, 2026 - 2019])


ASKED = {"lever": "stay_rate", "group": "north", "target": 0.3, "year": 2030}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lever": "hope"}, "a lever is one of stay_rate, exit_rate, inflow, .*; got 'hope'"),
        ({"group": "MARS"}, "a group is one of north, rest, home, foreign; got 'MARS'"),
        ({"of": "all"}, "a group is one of north, rest, home, foreign; got 'all'"),
        ({"way": "hold"}, "stay_rate is solved for by path or multiplier or shift; got 'hold'"),
        ({"lever": "inflow", "way": "path"}, "inflow is solved for by multiplier; got 'path'"),
        ({"target": 30}, "a target lies between 0 and 1; got 30. Write 0.25 for 25 %"),
        ({"target": 0.0}, "a target lies between 0 and 1; got 0"),
        ({"target": float("nan")}, "a target lies between 0 and 1; got nan"),
        ({"year": 2031}, "after the share evidence, 2022, and not after the projection, 2030; got"),
        ({"year": 2022}, "after the share evidence, 2022, and not after the projection, 2030; got"),
        ({"start": 2022}, "start lies after the share evidence, 2022, and not after the target"),
        ({"year": 2025, "start": 2026}, "and not after the target, 2025; got 2026"),
    ],
)
def test_what_cannot_be_solved_is_refused(model, wrong, said):
    """Each refusal says the rule, the value got and the way out."""
    with pytest.raises(RunError, match=said):
        solve(model, **(ASKED | wrong))


def test_levers_that_cannot_act_are_refused(model):
    """Home has no stay rate, and its inflow has a name of its own."""
    with pytest.raises(StudyError, match=r"stay_rate acts on a foreign group.*got 'home'"):
        solve(model, **(ASKED | {"group": "home"}))
    with pytest.raises(StudyError, match=r"domestic_inflow.*got.*'home'"):
        solve(model, **(ASKED | {"group": "home", "lever": "inflow"}))


def test_whole_persons_are_refused():
    """Stocks of whole persons move in steps, so no value meets a target to 1e-9."""
    inputs = example_inputs()
    counted = replace(inputs, spec=inputs.spec.model_copy(update={"people": 5000}))
    noisy = share_model(counted, seed=1, steps=12, noise=True)
    with pytest.raises(RunError, match="flows of expected size; got a model of whole persons"):
        solve(noisy, **ASKED)


@pytest.mark.parametrize("prob", [0.0, 1.0, 90.0])
def test_a_percent_is_no_probability(model, prob):
    """The probability of an interval lies between 0 and 1."""
    with pytest.raises(RunError, match=r"Write 0\.9 for 90 %"):
        summary(solve(model, **ASKED), prob)
