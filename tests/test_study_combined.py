"""Scenarios joined by name: all their levers in force, in any order."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import StudyError
from forecast.share.scenario import lever_effects
from forecast.study import Lever, Scenario, combined, load_study
from tests.share_loops import scenario_of

FLOWS = ["stay", "inflow", "exits", "direct"]
LESS = {"lever": "inflow", "group": "north", "multiplier": 0.5}
SHIFT = {"lever": "stay_rate", "group": "foreign", "shift": -0.3, "ramp": 3}
KNOWN = {
    "less": scenario_of(LESS),
    "lower": scenario_of(SHIFT),
    "path": scenario_of({"lever": "stay_rate", "group": "north", "path": {2024: 0.5}}),
    "again": scenario_of({"lever": "stay_rate", "group": "foreign", "path": {2024: 0.5}}),
    "moved": scenario_of(LESS | {"group": "rest"}, replaced=0.4),
    "past": scenario_of(LESS | {"group": "rest"}, history="refit"),
    "plain": scenario_of(),
}


def test_scenarios_join_by_name():
    """All levers of the named scenarios are in force, with their labels and reasons."""
    joined = combined(KNOWN, " less+lower ")
    assert [lever.lever for lever in joined.levers] == ["inflow", "stay_rate"]
    assert joined.label == "Made up + Made up"
    assert combined(KNOWN, "less") is KNOWN["less"]
    assert combined(KNOWN, "plain + less").replaced == 0.0


@settings(deadline=None)
@given(st.lists(st.sampled_from(["less", "lower", "past", "plain"]), min_size=2, unique=True))
def test_the_order_of_names_does_not_matter(names):
    """Multipliers multiply and shifts add, whichever scenario is named first."""
    spec, years, every = load_study("demo").share, range(2013, 2031), []
    groups = {"north": "north", "rest": "east", "home": "home"}
    spec = spec.model_copy(
        update={"groups": {new: spec.groups[old] for new, old in groups.items()}}
    )
    for order in permutations(names):
        effects = lever_effects(combined(KNOWN, "+".join(order)), spec, years, 2020)
        parts = [getattr(effects, name) for name in FLOWS]
        every.append(np.concatenate([np.hstack([p.shift, p.factor]) for p in parts], axis=1))
    for one in every[1:]:
        np.testing.assert_allclose(one, every[0], rtol=1e-14)


def test_each_lever_keeps_the_history_of_its_own_scenario():
    """Joined with one that refits history, a scenario still leaves the past as it is."""
    joined = combined(KNOWN, "less + past")
    assert [lever.history for lever in joined.levers] == ["keep", "refit"]
    known = KNOWN | {"own": scenario_of(LESS | {"group": "rest", "history": "keep"}, LESS)}
    own = combined(known, "lower + own").levers
    assert [lever.history for lever in own] == ["keep", "keep", "keep"]
    refit = {"own": scenario_of(LESS | {"history": "keep"}, history="refit")}
    assert combined(KNOWN | refit, "lower + own").levers[1].history == "keep"
    assert joined.refits
    assert not combined(KNOWN, "less + lower").refits


def test_joined_scenarios_agree_on_who_replaces():
    """Two parts of the lost replaced contradict each other, unless one moves no lever."""
    assert combined(KNOWN, "moved + plain").replaced == 0.4
    with pytest.raises(StudyError, match=r"agree on replaced; got 0 and 0\.4\."):
        combined(KNOWN, "less + moved")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("les", r"a scenario is one of the study's \(less, lower, .*\); got 'les'"),
        ("less + lowr", "got 'lowr'"),
        ("less +", "got ''"),
        ("less + less", "names each scenario once; got 'less [+] less'"),
        (
            "path + again",
            "path [+] again contradicts itself: two levers set one value: stay_rate of north and "
            "of foreign, in the same years. Leave one out",
        ),
    ],
)
def test_what_cannot_be_joined_is_refused(name, told):
    """Unknown names, names twice and contradictions are told in one sentence."""
    with pytest.raises(StudyError, match=told) as caught:
        combined(KNOWN, name)
    assert "\n" not in str(caught.value)


def test_a_study_without_scenarios_says_so():
    """Where there is no scenario, none is offered."""
    with pytest.raises(StudyError, match=r"one of the study's \(none\); got 'x'"):
        combined({}, "x")


def test_a_scenario_refits_as_its_levers_do():
    """A scenario refits if any of its levers does; a lever's own history comes before its."""
    refit = Scenario(label="A", reason="B", levers=(Lever(**LESS, history="refit"),))
    assert refit.refits
    keep = Scenario(label="A", reason="B", history="refit", levers=(Lever(**LESS, history="keep"),))
    assert not keep.refits
    assert not Scenario(label="A", reason="B", history="refit").refits
