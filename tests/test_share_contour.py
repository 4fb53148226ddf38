"""Contours: which values of two levers together bring a share to a target."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import RunError, StudyError
from forecast.share.contour import POINTS, SPANS, contour
from forecast.share.example import example_inputs
from forecast.share.lever_range import RANGES
from forecast.share.model import share_model
from forecast.share.solve import bounds, solve
from forecast.study import Lever, Scenario

ASKED = {"group": "north", "target": 0.35, "year": 2030}
USUAL = {lever: next(iter(ways)) for lever, ways in RANGES.items()}


@pytest.fixture(scope="module")
def model():
    return share_model(example_inputs(), seed=1, steps=30)


def alone_in(model, draw):
    """Return a model of one of the draws."""
    return replace(model, world=model.world.of_draws(np.array([draw])))


def scenario_with(lever, value, start=2023):
    """Return a scenario in which a lever has a value from a year on."""
    way = USUAL[lever]
    facts = {"lever": lever, "start": start, way: {start: value} if way == "path" else value}
    whom = {} if lever == "domestic_inflow" else {"group": "north"}
    one = Lever.model_validate(facts | whom)
    return Scenario(label="Given", reason="Made up.", levers=(one,))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_each_point_is_a_solution_on_top_of_the_first_lever(model, data):
    """A point says what ``solve`` says of the second lever in a scenario with the first."""
    first, second = data.draw(st.permutations(sorted(RANGES)))[:2]
    value, of = data.draw(st.floats(*SPANS[first])), data.draw(st.sampled_from([None, "home"]))
    asked = ASKED | {"of": of, "target": data.draw(st.floats(0.2, 0.6))}
    row = contour(model, first, second, points=[value], prob=0.8, **asked).iloc[0]
    solution = solve(model, second, scenario=scenario_with(first, value), **asked)
    assert (row["first"], row["reachable"], row["prob"]) == (value, solution.reachable, 0.8)
    found = [row["median"], row["lower"], row["upper"]]
    np.testing.assert_allclose(found, bounds(solution.beyond, 0.8), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "neutral"),
    [
        ("stay_rate", "inflow", 1.0),
        ("exit_rate", "inflow", 1.0),
        ("inflow", "direct_arrivals", 1.0),
        ("stay_rate", "domestic_inflow", 1.0),
    ],
)
def test_the_contour_passes_through_the_single_solution(model, first, second, neutral):
    """At the first lever's own solution of a draw the second one has nothing left to do."""
    solution = solve(model, first, **ASKED)
    for draw in np.flatnonzero(~np.isnan(solution.value))[:3]:
        row = contour(
            alone_in(model, draw), first, second, points=[solution.value[draw]], **ASKED
        ).iloc[0]
        assert row["reachable"] == 1.0
        np.testing.assert_allclose(row["median"], neutral, rtol=1e-8)


def test_a_contour_and_its_mirror_are_one_line(model):
    """The exit rate at a stay rate, and the stay rate at that exit rate, give back the first."""
    asked = ASKED | {"target": 0.3}
    there = {
        draw: contour(alone_in(model, draw), "stay_rate", "exit_rate", points=[0.5, 0.8], **asked)
        for draw in range(6)
    }
    met = {draw: line for draw, line in there.items() if (line["reachable"] == 1.0).all()}
    assert len(met) > 2
    for draw, line in met.items():
        exits = line["median"].to_list()
        back = contour(alone_in(model, draw), "exit_rate", "stay_rate", points=exits, **asked)
        np.testing.assert_allclose(back["median"], line["first"], rtol=1e-8)


def test_who_stays_more_must_leave_more(model):
    """Along a contour of stay and exit rates both grow, in the median and at both bounds."""
    line = contour(model, "stay_rate", "exit_rate", **ASKED)
    for name in ("median", "lower", "upper"):
        ordered = line[name].to_numpy()
        assert (ordered[1:] >= ordered[:-1]).all()
    assert (line["lower"] <= line["median"]).all()
    assert (line["median"] <= line["upper"]).all()


def test_the_points_and_columns(model):
    """By default there are 21 even steps, of stay rates from .3 to 1; a row for each."""
    line = contour(model, "stay_rate", "exit_rate", **ASKED)
    columns = ["first", "median", "lower", "upper", "reachable", "prob", "kind"]
    assert line.columns.tolist() == columns
    np.testing.assert_allclose(line["first"], np.linspace(0.3, 1.0, POINTS), rtol=1e-12)
    assert set(line["kind"]) == {"eti"}


def test_a_contour_has_the_same_bytes_twice(model):
    """Nothing is random: the same question gives the same table."""
    one, two = (contour(model, "inflow", "stay_rate", **ASKED) for _ in range(2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"second": "stay_rate"}, "of two different levers; got stay_rate twice"),
        ({"first": "hope"}, "a lever is one of .*; got 'hope'"),
        ({"second": "hope"}, "a lever is one of .*; got 'hope'"),
        ({"points": [0.5, 1.2]}, r"points of stay_rate lie in \[0, 1\]; got 1.2"),
        ({"points": [float("nan")]}, r"points of stay_rate lie in \[0, 1\]; got nan"),
        ({"points": []}, "points are one or more numbers in a row; got \\[]"),
        ({"target": 35}, "a target lies between 0 and 1; got 35"),
        ({"year": 2040}, "not after the projection, 2030; got 2040"),
        ({"group": "MARS"}, "a group is one of north, rest, home, foreign; got 'MARS'"),
        ({"prob": 90.0}, r"Write 0\.9 for 90 %"),
    ],
)
def test_what_has_no_contour_is_refused(model, wrong, said):
    """Each refusal says the rule, the value got and the way out."""
    asked = ASKED | {"first": "stay_rate", "second": "exit_rate"}
    with pytest.raises(RunError, match=said):
        contour(model, **(asked | wrong))


def test_levers_that_cannot_act_are_refused(model):
    """Home has no stay rate, so no contour of it."""
    with pytest.raises(StudyError, match=r"stay_rate acts on a foreign group.*got 'home'"):
        contour(model, "stay_rate", "exit_rate", **(ASKED | {"group": "home"}))
