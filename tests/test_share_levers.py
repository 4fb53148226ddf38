"""On whom levers act and what they set: the effects of a scenario year by year."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from forecast.errors import StudyError
from forecast.share.cells import arrange, coming, staying
from forecast.share.example import example_spec
from forecast.share.scenario import FLOW_OF, lever_effects
from tests.share_loops import moving_inputs, scenario_of, world_of

YEARS = range(2020, 2031)
BOTH, BETA = ("alpha", "beta"), ("beta",)


@pytest.mark.parametrize(
    ("keys", "groups", "fields"),
    [
        ({"lever": "inflow", "group": "north"}, ["north"], BOTH),
        ({"lever": "inflow", "group": "foreign"}, ["north", "rest"], BOTH),
        ({"lever": "inflow", "group": "all"}, ["north", "rest", "home"], BOTH),
        ({"lever": "inflow", "group": "all", "fields": BETA}, ["north", "rest", "home"], BETA),
        ({"lever": "domestic_inflow"}, ["home"], BOTH),
        ({"lever": "domestic_inflow", "fields": BETA}, ["home"], BETA),
        ({"lever": "stay_rate", "group": "foreign", "fields": BETA}, ["north", "rest"], BETA),
    ],
)
def test_a_lever_acts_on_its_cells_alone(keys, groups, fields):
    """A lever of cells moves those of its groups and fields, and nothing else."""
    inputs = moving_inputs(order=("home", "north", "rest"))
    effects = lever_effects(scenario_of(keys | {"multiplier": 0.5}), inputs.spec, YEARS, 2019)
    grid, flow = arrange(inputs, YEARS).grid, FLOW_OF[keys["lever"]]
    names = [grid.groups[g] for g in grid.owner]
    wanted = [n in groups and f in fields for n, f in zip(names, grid.fields, strict=True)]
    assert (getattr(effects, flow).factor == np.where(wanted, 0.5, 1.0)).all()
    others = {"stay", "inflow", "exits", "direct"} - {flow}
    assert all(getattr(effects, other).is_none for other in others)


@pytest.mark.parametrize("kind", ["exit_rate", "direct_arrivals"])
@pytest.mark.parametrize(("group", "wanted"), [("rest", [1, 1, 0.5]), ("foreign", [1, 0.5, 0.5])])
def test_a_lever_acts_on_its_groups_alone(kind, group, wanted):
    """A lever of groups moves those named, with the domestic group wherever it is listed."""
    inputs = moving_inputs(order=("home", "north", "rest"))
    keys = {"lever": kind, "group": group, "multiplier": 0.5}
    effects = lever_effects(scenario_of(keys), inputs.spec, YEARS, 2019)
    change = effects.exits if kind == "exit_rate" else effects.direct
    np.testing.assert_array_equal(change.factor, np.tile(wanted, (11, 1)))


def test_multipliers_multiply_and_shifts_add():
    """Two levers on one flow act together, each with its own ramp."""
    by = [
        {"lever": "exit_rate", "group": "all", "multiplier": 0.5},
        {"lever": "exit_rate", "group": "north", "multiplier": 3.0, "start": 2021, "ramp": 2},
        {"lever": "stay_rate", "group": "north", "shift": 0.5, "start": 2020, "ramp": 2},
        {"lever": "stay_rate", "group": "foreign", "shift": -0.2},
    ]
    effects = lever_effects(scenario_of(*by), example_spec(), range(2020, 2024), 2019)
    np.testing.assert_allclose(effects.exits.factor[:, 0], [0.5, 1.0, 1.5, 1.5], rtol=1e-14)
    np.testing.assert_allclose(effects.exits.factor[:, 1:], 0.5, rtol=1e-14)
    np.testing.assert_allclose(effects.stay.shift[:, 0], [0.05, 0.3, 0.3, 0.3], rtol=1e-12)
    np.testing.assert_allclose(effects.stay.shift[:, 2:6], -0.2, rtol=1e-14)
    assert (effects.stay.shift[:, 6:] == 0).all()


@pytest.mark.parametrize(
    ("keys", "cells"),
    [
        ({"lever": "inflow", "group": "north", "fields": ("beta",)}, [1]),
        ({"lever": "inflow", "group": "rest"}, [2, 3, 4, 5]),
        ({"lever": "inflow", "group": "foreign", "fields": ("alpha",)}, [0, 2, 4]),
        ({"lever": "inflow", "group": "all"}, list(range(8))),
        ({"lever": "domestic_inflow"}, [6, 7]),
    ],
)
def test_a_path_of_inflow_is_that_number_of_doctorates(keys, cells):
    """The doctorates of the cells of a lever add up to its path, in the parts that they had."""
    inputs = moving_inputs(seed=4)
    cells_of = world_of(inputs, seed=4).cells
    path = {2022: 100.0, 2026: 900.0}
    scenario = scenario_of(keys | {"path": path, "start": 2023, "end": 2029})
    effects = lever_effects(scenario, inputs.spec, YEARS, 2019)
    got, plain = coming(cells_of, effects), cells_of.people
    expected = np.interp(range(2023, 2030), [2022, 2026], [100, 900])
    own = got[:, 3:10][:, :, cells]
    np.testing.assert_allclose(own.sum(-1), np.tile(expected, (3, 1)), rtol=1e-13)
    ratio = own / plain[:, 3:10][:, :, cells]
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[..., :1], ratio.shape), rtol=1e-12)
    others = [c for c in range(8) if c not in cells]
    np.testing.assert_array_equal(got[:, :, others], plain[:, :, others])
    np.testing.assert_array_equal(got[:, [0, 1, 2, 10]], plain[:, [0, 1, 2, 10]])


def test_a_path_reaches_cells_without_doctorates():
    """Where no one graduated so far, the graduates of a path are spread evenly."""
    inputs = moving_inputs(seed=4)
    inputs = replace(inputs, sizes=inputs.sizes.where(inputs.sizes["origin"] != "north", 0.0))
    path = {"lever": "inflow", "group": "north", "path": {2022: 100.0}}
    effects = lever_effects(scenario_of(path), inputs.spec, YEARS, 2019)
    np.testing.assert_array_equal(coming(arrange(inputs, YEARS), effects)[:, :, :2], 50.0)


def test_a_held_flow_keeps_the_value_of_each_draw():
    """Held stay rates and doctorates are those of the year, draw by draw and cell by cell."""
    inputs = moving_inputs(seed=5)
    world = world_of(inputs, seed=5)
    scenario = scenario_of(
        {"lever": "stay_rate", "group": "rest", "fields": ("alpha",), "hold": 2024},
        {"lever": "inflow", "group": "north", "hold": 2022, "start": 2026},
    )
    effects = lever_effects(scenario, inputs.spec, YEARS, 2022)
    rates = staying(world.cells, world.theta.tier_stay, effects)
    plain = expit(logit(world.cells.stay) + world.theta.tier_stay[:, None, None])
    np.testing.assert_allclose(rates[:, 5:, [2, 4]], plain[:, [4] * 6][:, :, [2, 4]], rtol=1e-12)
    np.testing.assert_allclose(rates[:, :5], plain[:, :5], rtol=1e-12)
    people = coming(world.cells, effects)
    np.testing.assert_array_equal(people[:, 6:, :2], world.cells.people[:, [2] * 5, :2])
    np.testing.assert_array_equal(people[:, :6], world.cells.people[:, :6])


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            {"lever": "stay_rate", "group": "home"},
            "acts on a foreign group, .*got 'home'",
        ),
        ({"lever": "stay_rate", "group": "all"}, "acts on a foreign group, .*got 'all'"),
        ({"lever": "direct_arrivals", "group": "all"}, "direct_arrivals acts on a foreign group"),
        ({"lever": "inflow", "group": "home"}, "the inflow of the domestic group is domestic_infl"),
        ({"lever": "inflow", "group": "nord"}, r"names labels of the study; got \['nord'\]"),
        ({"lever": "inflow", "group": "rest", "fields": ("gamma",)}, r"got \['gamma'\]"),
        ({"lever": "inflow", "group": "rest", "start": 2031}, "a lever acts in 2020 to 2030"),
        ({"lever": "inflow", "group": "rest", "end": 2019}, "a lever acts in 2020 to 2030"),
    ],
)
def test_a_lever_made_by_hand_is_checked_too(keys, told):
    """Levers that no study file has seen are refused in one sentence, not ignored."""
    with pytest.raises(StudyError, match=told):
        lever_effects(scenario_of(keys | {"multiplier": 0.5}), example_spec(), YEARS, 2019)
    held = scenario_of({"lever": "inflow", "group": "rest", "hold": 2019})
    with pytest.raises(StudyError, match="hold names a year after 2019; got 2019"):
        lever_effects(held, example_spec(), YEARS, 2019)
