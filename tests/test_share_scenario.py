"""Scenarios: levers, kept and refitted histories."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import expit, logit

from forecast.errors import StudyError
from forecast.share import project
from forecast.share.cells import arrange, staying
from forecast.share.example import example_inputs, example_spec
from forecast.share.scenario import describe_levers, lever_effects, path_values
from forecast.study import Lever, Scenario

PATH = {2018: 0.8, 2024: 0.2}


def scenario(history: str = "keep", group: str = "north", path: dict[int, float] | None = None):
    lever = Lever(lever="stay_rate", group=group, path=path or PATH)
    return Scenario(label="Cut", reason="Made up.", history=history, levers=(lever,))


@pytest.fixture(scope="module")
def projection():
    plain = Scenario(label="Baseline", reason="Nothing new.")
    futures = {
        "baseline": plain,
        "kept": scenario("keep"),
        "refitted": scenario("refit", path={2018: 0.8, 2024: 0.5}),
    }
    return project(example_inputs(4, 250), futures, seed=1)


def test_a_path_is_straight_and_level_outside():
    """Half way between 0.8 and 0.2 is 0.5; before and after the path is level."""
    got = path_values(PATH, range(2016, 2027))
    expected = [0.8, 0.8, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, 0.2]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_a_path_replaces_the_stay_rate_of_its_group_alone():
    """All origins and fields of the group follow the path untouched; others keep shift and rate."""
    inputs, years = example_inputs(2, 3), range(2020, 2026)
    effects = lever_effects(scenario("refit", "rest"), example_spec(), years, 2022)
    cells, shift = arrange(inputs, years), np.linspace(-1, 1, 6)
    rates = staying(cells, shift, effects)
    expected = np.broadcast_to(path_values(PATH, years)[None, :, None], (6, 6, 4))
    np.testing.assert_allclose(rates[:, :, 2:6], expected, rtol=1e-12)
    untouched = expit(logit(cells.stay[:, :, :2]) + shift[:, None, None])
    np.testing.assert_allclose(rates[:, :, :2], untouched, rtol=1e-10)
    assert (rates[:, :, 6] == 1).all()


def test_a_kept_history_ends_with_the_evidence():
    """With history kept a lever acts from the year after the last share evidence."""
    effects = lever_effects(scenario("keep"), example_spec(), range(2019, 2026), 2022)
    acting = ~np.isnan(effects.stay.path)
    assert (acting[:, :2] == np.array([[False] * 4 + [True] * 3]).T).all()
    assert not acting[:, 2:].any()


def test_two_paths_in_the_same_years_are_refused():
    """Two paths for one group contradict each other, but one may follow on the other."""
    levers = (*scenario("refit").levers, *scenario("refit", path={2020: 0.4}).levers)
    with pytest.raises(ValidationError, match="two levers set one value"):
        Scenario(label="Both", reason="Made up.", history="refit", levers=levers)
    first, second = levers
    dated = (first.model_copy(update={"end": 2020}), second.model_copy(update={"start": 2021}))
    both = Scenario(label="Both", reason="Made up.", history="refit", levers=dated)
    effects = lever_effects(both, example_spec(), range(2019, 2023), 2022)
    np.testing.assert_allclose(effects.stay.path[:, 0], [0.7, 0.6, 0.4, 0.4], rtol=1e-12)


def test_a_stay_rate_of_the_domestic_group_is_refused():
    """Domestic graduates have no stay rate to change."""
    with pytest.raises(StudyError, match="got 'home'"):
        lever_effects(scenario(group="home"), example_spec(), range(2019, 2022), 2022)


def test_kept_history_is_the_baseline_bit_by_bit(projection):
    """Up to the last evidence a kept history is the baseline, and after it the lever bites."""
    share = projection["share"].sel(group="north")
    base, kept = share.sel(scenario="baseline"), share.sel(scenario="kept")
    past = slice(None, 2022)
    assert base.sel(year=past).values.tobytes() == kept.sel(year=past).values.tobytes()
    assert (kept.sel(year=slice(2023, None)) < base.sel(year=slice(2023, None))).all()


def test_refitted_history_stays_near_the_evidence(projection):
    """A path over the whole history is compensated: the evidence years stay near the evidence."""
    share = projection["share"].sel(group="north", scenario="refitted")
    base = projection["share"].sel(group="north", scenario="baseline")
    for year, published in ((2019, 0.30), (2022, 0.35)):
        middle = float(share.sel(year=year).median())
        assert abs(middle - published) < 0.035
        assert abs(middle - float(base.sel(year=year).median())) < 0.02


def test_refitting_teaches_other_parameters(projection):
    """A refitted history has parameters of its own, so its past differs from the baseline's."""
    share = projection["share"].sel(year=2022)
    assert not np.array_equal(share.sel(scenario="refitted"), share.sel(scenario="baseline"))


def test_levers_are_said_in_words(projection):
    """What levers did stands in the attributes, one line a scenario."""
    assert projection.attrs["levers"].splitlines() == [
        "baseline: no lever",
        "kept: stay_rate of north follows 2018: 0.8, 2024: 0.2; history kept",
        "refitted: stay_rate of north follows 2018: 0.8, 2024: 0.5; history refitted",
    ]
    assert describe_levers(Scenario(label="None", reason="Nothing.")) == "no lever"
