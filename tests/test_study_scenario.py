"""Scenarios of a study file: what a lever may say, and which levers contradict each other."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from forecast.errors import StudyError
from forecast.study import Lever, parse_study
from forecast.study.reader import models_folder
from tests.share_loops import scenario_of

DEMO = (models_folder() / "demo.toml").read_text(encoding="utf-8")
LEVER = "[[scenarios.mine.levers]]\n"


def study_with(*levers, more="", text=DEMO):
    """Return the demo study with one more scenario, of levers in TOML."""
    head = f'\n[scenarios.mine]\nlabel = "Mine"\nreason = "A test."\n{more}\n'
    return parse_study(text + head + "".join(LEVER + one + "\n" for one in levers), "mine", Path())


def faults_of(*levers, **rest):
    with pytest.raises(StudyError) as caught:
        study_with(*levers, **rest)
    return str(caught.value)


GOOD = [
    'lever = "stay_rate"\ngroup = "north"\npath = { 2018 = 0.85, 2024 = 0.3 }\nstart = 2019',
    'lever = "stay_rate"\ngroup = "foreign"\nfields = ["alpha"]\nshift = -0.5\nramp = 3',
    'lever = "stay_rate"\ngroup = "east"\nmultiplier = 0.9\nstart = 2025\nend = 2027',
    'lever = "stay_rate"\ngroup = "east"\nhold = 2020',
    'lever = "inflow"\ngroup = "all"\nmultiplier = 1.2\nhistory = "refit"',
    'lever = "inflow"\ngroup = "north"\npath = { 2026 = 500 }',
    'lever = "domestic_inflow"\nhold = 2021\nfields = ["beta"]',
    'lever = "exit_rate"\ngroup = "home"\npath = { 2026 = 0.99 }',
    'lever = "exit_rate"\ngroup = "all"\nshift = 1',
    'lever = "direct_arrivals"\ngroup = "foreign"\npath = { 2026 = 2.5 }',
]


@pytest.mark.parametrize("lever", GOOD)
def test_a_sound_lever_is_read(lever):
    """Each lever with each way that it has is read from a study file."""
    study = study_with(lever, more="replaced = 0.5")
    assert len(study.scenarios["mine"].levers) == 1


NORTH = 'lever = "inflow"\ngroup = "north"\n'
STAY = 'lever = "stay_rate"\ngroup = "north"\n'
WAYS = "a lever has one of multiplier, shift, path, hold; got"
BAD = [
    (STAY, f"{WAYS} none"),
    (STAY + "multiplier = 0.5\nshift = 0.1", f"{WAYS} multiplier, shift"),
    (STAY + "path = { 2024 = 0.5 }\nhold = 2020", f"{WAYS} path, hold"),
    (NORTH + "shift = 0.1", "shift is of stay_rate or exit_rate; got one of inflow"),
    (
        'lever = "direct_arrivals"\ngroup = "north"\nshift = 0.1',
        "shift is of stay_rate or exit_rate; got one of direct_arrivals",
    ),
    (
        'lever = "exit_rate"\ngroup = "north"\nhold = 2020',
        "hold is of stay_rate, inflow, domestic_inflow; got one of exit_rate",
    ),
    (STAY + "path = { 2024 = 1.2 }", "a path of stay_rate has values of at most 1; got 1.2"),
    (
        'lever = "exit_rate"\ngroup = "north"\npath = { 2024 = 1.0 }',
        "a path of exit_rate has values of at most 0.99; got 1",
    ),
    (STAY + "path = { 2024 = -0.2 }", "greater than or equal to 0; got -0.2"),
    (STAY + "path = { 24 = 0.2 }", "greater than or equal to 1900"),
    (STAY + "path = {}", "a path gives at least one year = value; got none"),
    (STAY + "multiplier = -1", "greater than or equal to 0; got -1"),
    (STAY + "multiplier = 1000", "less than or equal to 100; got 1000"),
    (STAY + "shift = 50", "less than or equal to 10; got 50"),
    (STAY + "shift = nan", "finite number; got nan"),
    (STAY + "multiplier = 0.5\nramp = -1", "greater than or equal to 0; got -1"),
    (STAY + "multiplier = 0.5\nstart = 2024.5", "valid integer"),
    (
        STAY + "path = { 2024 = 0.5 }\nramp = 3",
        "ramp goes with multiplier or shift; got 3 with path.",
    ),
    (STAY + "hold = 2020\nramp = 3", "ramp goes with multiplier or shift; got 3 with hold."),
    (
        STAY + "multiplier = 0.5\nstart = 2025\nend = 2024",
        "a lever ends when it has started; got 2025 to 2024",
    ),
    (
        STAY + 'multiplier = 0.5\nstart = 2025\nshock = "SH03"',
        "a lever has a shock or its own start and end; got both",
    ),
    (
        STAY + "hold = 2022\nstart = 2022",
        "start comes after the year that hold names; got 2022",
    ),
    (STAY + "hold = 2022\nend = 2022", "end comes after the year that hold names; got 2022"),
    (
        'lever = "inflow"\nmultiplier = 0.5',
        "names its group, and domestic_inflow none; got none of inflow.",
    ),
    (
        'lever = "domestic_inflow"\ngroup = "home"\nmultiplier = 0.5',
        "names its group, and domestic_inflow none; got 'home' of domestic_inflow.",
    ),
    (
        'lever = "exit_rate"\ngroup = "north"\nfields = ["alpha"]\nmultiplier = 0.5',
        "fields are of stay_rate, inflow, domestic_inflow; got exit_rate",
    ),
    ('lever = "visas"\ngroup = "north"\nmultiplier = 0.5', "'stay_rate', 'inflow', 'exit_rate'"),
    (STAY + 'multiplier = 0.5\nhistory = "drop"', "'refit' or 'keep'"),
    # what does not fit this workforce
    ('lever = "inflow"\ngroup = "nord"\nmultiplier = 0.5', "labels of the study; got ['nord']"),
    (NORTH + 'fields = ["gamma"]\nmultiplier = 0.5', "labels of the study; got ['gamma']"),
    (
        'lever = "stay_rate"\ngroup = "home"\nmultiplier = 0.5',
        "stay_rate acts on a foreign group, or on foreign; got 'home'",
    ),
    (
        'lever = "stay_rate"\ngroup = "all"\nmultiplier = 0.5',
        "stay_rate acts on a foreign group, or on foreign; got 'all'",
    ),
    (
        'lever = "direct_arrivals"\ngroup = "home"\nmultiplier = 0.5',
        "direct_arrivals acts on a foreign group, or on foreign; got 'home'",
    ),
    (
        'lever = "inflow"\ngroup = "home"\nmultiplier = 0.5',
        "the inflow of the domestic group is domestic_inflow; got inflow of 'home'",
    ),
    (NORTH + "hold = 2012", "hold names a year after 2012; got 2012"),
    (
        NORTH + "multiplier = 0.5\nstart = 2031",
        "a lever acts in 2013 to 2030; got inflow of 2031 to 2200",
    ),
    (
        NORTH + "multiplier = 0.5\nend = 2012",
        "a lever acts in 2013 to 2030; got inflow of 1900 to 2012",
    ),
    (NORTH + "hold = 2030", "a lever acts in 2013 to 2030; got inflow of 2031 to 2200"),
    (NORTH + 'multiplier = 0.5\nshock = "SH03"', "needs share.shocks; got ['SH03'] without"),
]


@pytest.mark.parametrize(("lever", "told"), BAD)
def test_a_lever_that_cannot_be_is_refused(lever, told):
    """Each contradiction and each value out of range is told in one sentence."""
    said = faults_of(lever)
    assert told in said
    assert said.count("\n") == 0


def test_all_faults_of_levers_come_at_once():
    """Several bad levers, and several faults of one, stand in one error."""
    said = faults_of(
        NORTH + "shift = 0.1\nstart = 2025\nend = 2024", STAY, STAY + "multiplier = -1"
    )
    assert said.startswith("study mine: 3 faults.")
    assert "scenarios.mine.levers.0: shift is of stay_rate or exit_rate; got one of infl" in said
    assert "; a lever ends when it has started; got 2025 to 2024" in said
    assert f"scenarios.mine.levers.1: {WAYS} none." in said
    assert "scenarios.mine.levers.2.multiplier: Input should be greater than or equal to 0" in said


def test_all_misfits_of_levers_come_at_once():
    """Levers that are sound but do not fit the workforce are named together, each once."""
    stranger = 'lever = "inflow"\ngroup = "nord"\nmultiplier = 0.5'
    late = NORTH + "multiplier = 0.5\nstart = 2031"
    home = 'lever = "stay_rate"\ngroup = "home"\nfields = ["gamma"]\nmultiplier = 0.5'
    said = faults_of(stranger, stranger, late, home)
    assert said.count("['nord']") == 1
    for told in ("['gamma']", "acts on a foreign group", "a lever acts in 2013 to 2030"):
        assert told in said


def test_levers_need_a_workforce():
    """A study without [share] has no flow to move."""
    text = DEMO[: DEMO.index("[share]")]
    assert "a scenario with levers needs [share]; got" in faults_of(GOOD[0], text=text)
    assert not study_with(text=text).scenarios["mine"].levers


@pytest.mark.parametrize("name", ["foreign", "all"])
def test_no_group_is_called_like_several(name):
    """The words that stand for several groups are nobody's name."""
    text = DEMO.replace("\neast = { label", f"\n{name} = {{ label")
    assert f"groups have names of their own; got ['{name}']" in faults_of(text=text)


def test_a_name_with_a_plus_is_refused():
    """A + joins scenarios, so no name has one."""
    text = DEMO + '\n[scenarios."a + b"]\nlabel = "Both"\nreason = "A test."\n'
    assert "the name of a scenario has no +, which joins several; got ['a + b']" in faults_of(
        text=text
    )


PATH = {"path": {2024: 0.5}}


@pytest.mark.parametrize(
    ("one", "other", "contradict"),
    [
        ({"group": "north"}, {"group": "north"}, True),
        ({"group": "north"}, {"group": "rest"}, False),
        ({"group": "north"}, {"group": "foreign"}, True),
        ({"group": "north"}, {"group": "all"}, True),
        ({"group": "north", "end": 2024}, {"group": "north", "start": 2025}, False),
        ({"group": "north", "end": 2024}, {"group": "north", "start": 2024}, True),
        ({"group": "north", "fields": ("a",)}, {"group": "north", "fields": ("b",)}, False),
        ({"group": "north", "fields": ("a",)}, {"group": "north"}, True),
        ({"group": "north"}, {"group": "north", "path": None, "hold": 2020}, True),
        ({"group": "north"}, {"group": "north", "path": None, "multiplier": 2.0}, False),
        ({"group": "north"}, {"lever": "stay_rate", "group": "north"}, False),
        ({"lever": "domestic_inflow"}, {"lever": "domestic_inflow"}, True),
        ({"lever": "domestic_inflow"}, {"group": "all"}, True),
        ({"lever": "domestic_inflow"}, {"group": "foreign"}, False),
        ({"lever": "domestic_inflow"}, {"group": "north"}, False),
        ({"lever": "exit_rate", "group": "all"}, {"lever": "exit_rate", "group": "north"}, True),
    ],
)
def test_two_levers_set_one_value_once(one, other, contradict):
    """Two paths or holds of one flow contradict each other where group, field and year meet."""
    first, second = (Lever(**{"lever": "inflow"} | PATH | keys) for keys in (one, other))
    for pair in ((first, second), (second, first)):
        if contradict:
            with pytest.raises(ValidationError, match="two levers set one value"):
                scenario_of(*pair)
        else:
            assert len(scenario_of(*pair).levers) == 2
