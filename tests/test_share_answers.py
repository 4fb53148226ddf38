"""Answers: fans, probabilities, first passage, alternatives."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
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

DIMS = ("chain", "draw", "scenario", "year", "group")


def projection_of(values: np.ndarray) -> xr.Dataset:
    labels = {
        "scenario": [f"s{i}" for i in range(values.shape[2])],
        "year": 2020 + np.arange(values.shape[3]),
        "group": [f"g{i}" for i in range(values.shape[4])],
    }
    return xr.Dataset({"share": xr.DataArray(values, labels, DIMS)})


@pytest.fixture(scope="module")
def uniform():
    return projection_of(np.random.default_rng(11).random((4, 1000, 2, 3, 2)))


@pytest.fixture(scope="module")
def table():
    return alternatives(example_inputs(2, 60), seed=1, steps=24)


def test_the_error_of_independent_draws_is_binomial(uniform):
    """For independent draws the Monte Carlo error is that of a binomial proportion."""
    for at_most in (0.05, 0.3, 0.6):
        answer = probability(uniform, "g0", at_most, 2022, "s1")
        binomial = np.sqrt(answer.value * (1 - answer.value) / 4000)
        np.testing.assert_allclose(answer.mcse, binomial, rtol=0.12)
        np.testing.assert_allclose(answer.value, at_most, atol=4 * binomial)


def test_the_error_of_chained_draws_is_larger():
    """Draws that repeat each other carry a larger error than as many independent ones."""
    values = np.repeat(np.random.default_rng(2).random((4, 100, 1, 1, 1)), 10, axis=1)
    answer = probability(projection_of(values), "g0", 0.3, 2020, "s0")
    assert answer.mcse > 2 * np.sqrt(answer.value * (1 - answer.value) / 4000)


@pytest.mark.parametrize(("at_most", "value"), [(-1.0, 0.0), (2.0, 1.0)])
def test_never_and_always_have_an_error(uniform, at_most, value):
    """None of 4,000 draws, or all, is no certainty: the error is that of Jeffreys' posterior."""
    answer = probability(uniform, "g0", at_most, 2022, "s0")
    assert answer.value == value
    np.testing.assert_allclose(answer.mcse, np.sqrt(0.5) / 4000, rtol=0.01)


def test_probability_is_of_the_year_and_not_before():
    """A share that dips and comes back is not at most the bound in the later year."""
    draws = np.array([0.3, 0.2, 0.3]).reshape(1, 1, 1, 3, 1) * np.ones((2, 50, 1, 1, 1))
    projection = projection_of(draws)
    assert probability(projection, "g0", 0.25, 2022, "s0").value == 0
    assert probability(projection, "g0", 0.25, 2021, "s0").value == 1


def test_probabilities_are_those_of_the_scenarios(uniform):
    """The table has one row a scenario, with the same numbers."""
    rows = probabilities(uniform, "g1", 0.4, 2021)
    assert rows["scenario"].tolist() == ["s0", "s1"]
    for row in rows.itertuples():
        single = probability(uniform, "g1", 0.4, 2021, row.scenario)
        assert (row.probability, row.mcse) == single


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("MARS", 0.25, 2021, "s0"), "group is one of g0, g1; got 'MARS'"),
        (("g0", 0.25, 2050, "s0"), "year is one of 2020 to 2022; got 2050"),
        (("g0", 0.25, 2021, "hope"), "scenario is one of s0, s1; got 'hope'"),
    ],
)
def test_unknown_labels_are_refused(uniform, asked, said):
    """A misspelt group, year or scenario is named with the known ones."""
    with pytest.raises(RunError, match=said):
        probability(uniform, *asked)


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


@given(st.floats(0, 1))
def test_first_passage_adds_up(at_most):
    """First years and never are all that can happen, and by_then only grows."""
    draws = np.random.default_rng(4).random((2, 50, 1, 4, 1))
    rows = first_passage(projection_of(draws), "g0", at_most)
    np.testing.assert_allclose(rows["first"].sum() + rows["never"].iloc[0], 1.0, atol=1e-12)
    np.testing.assert_allclose(rows["first"].cumsum(), rows["by_then"], atol=1e-12)
    ever = (draws.min(axis=3) <= at_most).mean()
    np.testing.assert_allclose(rows["by_then"].iloc[-1], ever, atol=1e-12)


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
