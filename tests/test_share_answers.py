"""Answers: fans, probabilities, first passage, alternatives."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecast.errors import RunError, StudyError
from forecast.share import (
    alternatives,
    first_passage,
    probabilities,
    probability,
    summarise,
    with_alternative,
)
from forecast.share.example import example_inputs, example_spec
from tests.share_projections import projection_of

YEARS = [2020, 2021, 2022]


@pytest.fixture(scope="module")
def uniform():
    return projection_of(np.random.default_rng(11).random((4, 1000, 2, 3, 2)))


@pytest.fixture(scope="module")
def table():
    return alternatives(example_inputs(2, 60), seed=1, steps=24)


def test_the_error_of_independent_draws_is_binomial(uniform):
    """For independent draws the Monte Carlo error is that of a binomial proportion."""
    for at_most in (0.05, 0.3, 0.6):
        answer = probability(uniform, "g0", at_most=at_most, year=2022, scenario="s1")
        binomial = np.sqrt(answer.value * (1 - answer.value) / 4000)
        np.testing.assert_allclose(answer.mcse, binomial, rtol=0.12)
        np.testing.assert_allclose(answer.value, at_most, atol=4 * binomial)


def test_the_error_of_chained_draws_is_larger():
    """Draws that repeat each other carry a larger error than as many independent ones."""
    values = np.repeat(np.random.default_rng(2).random((4, 100, 1, 1, 1)), 10, axis=1)
    answer = probability(projection_of(values), "g0", at_most=0.3, year=2020, scenario="s0")
    assert answer.mcse > 2 * np.sqrt(answer.value * (1 - answer.value) / 4000)


@pytest.mark.parametrize(("at_most", "value"), [(-1.0, 0.0), (2.0, 1.0)])
def test_never_and_always_have_an_error(uniform, at_most, value):
    """None of 4,000 draws, or all, is no certainty: the error is that of Jeffreys' posterior."""
    answer = probability(uniform, "g0", at_most=at_most, year=2022, scenario="s0")
    assert answer.value == value
    np.testing.assert_allclose(answer.mcse, np.sqrt(0.5) / 4000, rtol=0.01)


def test_in_the_year_is_not_by_then():
    """A share that dips and comes back is at most the bound by the later year, not in it."""
    draws = np.array([0.3, 0.2, 0.3]).reshape(1, 1, 1, 3, 1) * np.ones((2, 50, 1, 1, 1))
    projection = projection_of(draws)
    low = {"at_most": 0.25, "scenario": "s0"}
    assert [probability(projection, "g0", year=y, **low).value for y in YEARS] == [0, 1, 0]
    assert [probability(projection, "g0", by=y, **low).value for y in YEARS] == [0, 1, 1]


def test_the_start_counts():
    """A share that starts at the bound and leaves it has been there by each later year."""
    draws = np.array([0.25, 0.4, 0.4]).reshape(1, 1, 1, 3, 1) * np.ones((2, 50, 1, 1, 1))
    projection = projection_of(draws)
    for bound in ({"at_most": 0.25}, {"at_least": 0.4}):
        found = [probability(projection, "g0", by=y, **bound, scenario="s0").value for y in YEARS]
        assert found == ([1, 1, 1] if "at_most" in bound else [0, 1, 1])


def test_each_bound_and_time_by_hand():
    """Four draws over three years: two of four at most .2 in 2022, three by then; and so on."""
    paths = [[0.3, 0.1, 0.2], [0.3, 0.2, 0.4], [0.1, 0.3, 0.2], [0.4, 0.4, 0.3]]
    projection = projection_of(np.array(paths).reshape(1, 4, 1, 3, 1))
    asked = [
        ({"at_most": 0.2, "year": 2022}, 2 / 4),
        ({"at_most": 0.2, "by": 2022}, 3 / 4),
        ({"at_most": 0.2, "by": 2020}, 1 / 4),
        ({"at_least": 0.4, "year": 2022}, 1 / 4),
        ({"at_least": 0.4, "by": 2022}, 2 / 4),
        ({"at_least": 0.3, "by": 2020}, 3 / 4),
    ]
    for question, value in asked:
        assert probability(projection, "g0", **question, scenario="s0").value == value


@settings(deadline=None)
@given(st.floats(0, 1), st.sampled_from(YEARS))
def test_the_bounds_complement_each_other(bound, year):
    """For continuous draws P(at most) + P(at least) = 1, with one error."""
    projection = projection_of(np.random.default_rng(5).random((2, 50, 1, 3, 1)))
    assume(not (projection["share"] == bound).any())
    below, above = (
        probability(projection, "g0", **one, year=year, scenario="s0")
        for one in ({"at_most": bound}, {"at_least": bound})
    )
    np.testing.assert_allclose(below.value + above.value, 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(below.mcse, above.mcse, rtol=1e-9)


@settings(deadline=None)
@given(st.floats(0, 1), st.sampled_from(["at_most", "at_least"]))
def test_by_then_grows_with_the_year(bound, name):
    """By a later year is never less probable than by an earlier one, or than in that year."""
    projection = projection_of(np.random.default_rng(6).random((2, 50, 1, 3, 1)))
    by = [probability(projection, "g0", **{name: bound}, by=y, scenario="s0") for y in YEARS]
    at = [probability(projection, "g0", **{name: bound}, year=y, scenario="s0") for y in YEARS]
    values = [one.value for one in by]
    assert values == sorted(values)
    assert by[0] == at[0]
    assert all(late.value >= now.value for late, now in zip(by, at, strict=True))


@pytest.mark.parametrize("name", ["at_most", "at_least"])
def test_probabilities_are_those_of_the_scenarios(uniform, name):
    """The table has one row a scenario, with the same numbers in the year and by then."""
    rows = probabilities(uniform, "g1", **{name: 0.4}, year=2021)
    columns = ["scenario", "group", name, "by", "probability", "mcse", "by_then", "by_then_mcse"]
    assert rows.columns.tolist() == columns
    assert rows["scenario"].tolist() == ["s0", "s1"]
    assert rows["by"].tolist() == [2021, 2021]
    for row in rows.itertuples():
        bound = {name: 0.4, "scenario": row.scenario}
        assert (row.probability, row.mcse) == probability(uniform, "g1", **bound, year=2021)
        assert (row.by_then, row.by_then_mcse) == probability(uniform, "g1", **bound, by=2021)


ASKED = {"group": "g0", "at_most": 0.25, "year": 2021, "scenario": "s0"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"group": "MARS"}, "group is one of g0, g1; got 'MARS'"),
        ({"year": 2050}, "year is one of 2020 to 2022; got 2050"),
        ({"year": None, "by": 2019}, "by is a year after the evidence, 2020 to 2022; got 2019"),
        ({"scenario": "hope"}, "scenario is one of s0, s1; got 'hope'"),
        ({"at_least": 0.3}, "exactly one of at_most and at_least is given; got both. Leave one"),
        ({"at_most": None}, "exactly one of at_most and at_least is given; got neither. Give one"),
        ({"by": 2021}, "exactly one of year and by is given; got both. Leave one out"),
        ({"year": None}, "exactly one of year and by is given; got neither. Give one of them"),
        ({"at_most": float("nan")}, "at_most is a number; got nan"),
    ],
)
def test_what_cannot_be_answered_is_refused(uniform, wrong, said):
    """A label that is not there is named with the known ones; one bound and one time are given."""
    with pytest.raises(RunError, match=said):
        probability(uniform, **(ASKED | wrong))


@pytest.mark.parametrize(
    "answer", [first_passage, lambda *a, **b: probabilities(*a, **b, year=2021)]
)
def test_tables_take_one_bound(uniform, answer):
    """The tables refuse two bounds, none, and a group that is not there."""
    for bounds in ({}, {"at_most": 0.2, "at_least": 0.3}):
        with pytest.raises(RunError, match="exactly one of at_most and at_least"):
            answer(uniform, "g0", **bounds)
    with pytest.raises(RunError, match="group is one of g0, g1; got 'MARS'"):
        answer(uniform, "MARS", at_least=0.3)


def test_a_fan_is_the_quantiles(uniform):
    """Medians and limits are the quantiles over chain and draw, and say their probability."""
    fan = summarise(uniform, prob=[0.5, 0.9])
    assert len(fan) == 2 * 2 * 3 * 2
    assert set(fan["kind"]) == {"eti"}
    one = fan.query("scenario == 's1' and year == 2021 and group == 'g0' and prob == 0.9").iloc[0]
    draws = uniform["share"].sel(scenario="s1", year=2021, group="g0").values
    expected = np.quantile(draws, [0.05, 0.5, 0.95])
    np.testing.assert_allclose([one["lower"], one["median"], one["upper"]], expected, rtol=1e-12)


@pytest.mark.parametrize("prob", [0.0, 1.0, 90])
def test_a_percent_is_no_probability(uniform, prob):
    """An interval's probability lies between 0 and 1."""
    with pytest.raises(RunError, match=r"Write 0\.9 for 90 %"):
        summarise(uniform, prob)


@settings(deadline=None)
@given(st.floats(0, 1), st.sampled_from(["at_most", "at_least"]))
def test_first_passage_adds_up(bound, name):
    """First years and never are all that can happen, and by_then only grows."""
    draws = np.random.default_rng(4).random((2, 50, 1, 4, 1))
    rows = first_passage(projection_of(draws), "g0", **{name: bound})
    np.testing.assert_allclose(rows["first"].sum() + rows["never"].iloc[0], 1.0, atol=1e-12)
    np.testing.assert_allclose(rows["first"].cumsum(), rows["by_then"], atol=1e-12)
    ever = draws.min(axis=3) <= bound if name == "at_most" else draws.max(axis=3) >= bound
    np.testing.assert_allclose(rows["by_then"].iloc[-1], ever.mean(), atol=1e-12)


def test_first_passage_by_hand():
    """Of four draws one starts at the bound, one reaches it in 2021, one in 2022, one never."""
    paths = [[0.2, 0.3, 0.2], [0.3, 0.2, 0.3], [0.4, 0.3, 0.1], [0.3, 0.3, 0.3]]
    projection = projection_of(np.array(paths).reshape(1, 4, 1, 3, 1))
    rows = first_passage(projection, "g0", at_most=0.2)
    assert rows["year"].tolist() == YEARS
    assert rows["first"].tolist() == [0.25, 0.25, 0.25]
    assert rows["by_then"].tolist() == [0.25, 0.5, 0.75]
    assert rows["never"].tolist() == [0.25, 0.25, 0.25]


def test_by_then_is_one_answer(uniform):
    """First passage, the table of probabilities and the single probability agree, errors too."""
    rows = first_passage(uniform, "g0", at_least=0.9).set_index(["scenario", "year"])
    for (scenario, year), row in rows.iterrows():
        single = probability(uniform, "g0", at_least=0.9, by=year, scenario=scenario)
        assert (row["by_then"], row["by_then_mcse"]) == single


def test_years_are_read_in_order(uniform):
    """A projection whose years stand in another order has the same passages."""
    backwards = uniform.isel(year=slice(None, None, -1))
    expected = first_passage(uniform, "g0", at_most=0.1)
    pd.testing.assert_frame_equal(first_passage(backwards, "g0", at_most=0.1), expected)


def test_an_alternative_replaces_only_its_priors():
    """The named prior is the alternative's, all others and the study itself stay."""
    spec = example_spec()
    changed = with_alternative(spec, "turnover_low").priors
    for name in type(spec.priors).model_fields:
        old, new = getattr(spec.priors, name), getattr(changed, name)
        assert (old == new) is (name != "turnover")
    assert changed.turnover.median == 0.1
    assert spec == example_spec()


def test_an_unknown_alternative_is_refused():
    """A name that the study does not list is answered with those it does."""
    with pytest.raises(StudyError, match="one of turnover_low; got 'turnover_high'"):
        with_alternative(example_spec(), "turnover_high")


def test_the_headline_comes_with_its_range(table):
    """One row for the priors of the study and one for each alternative, with errors."""
    assert table["alternative"].tolist() == ["base", "turnover_low"]
    assert (table["mcse"] > 0).all()
    assert (table["share_lower"] < table["share_median"]).all()
    assert (table["share_median"] < table["share_upper"]).all()


def test_alternatives_move_the_answer(table):
    """Slow renewal changes the median: the alternative was really run."""
    assert table["share_median"].nunique() == 2
