"""Levers in the words of the report."""

from dataclasses import replace

import pytest

from forecast.report import gather_facts
from forecast.report.example import example_inputs
from forecast.report.facts import lever_in_words
from forecast.report.numbers_in_words import THIN
from forecast.study import Lever, Scenario, Study, load_study

REASON = "made up for a test"


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("demo")


def said(study: Study, **keys: object) -> str:
    return lever_in_words(Lever.model_validate(keys), study).replace(THIN, " ")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"path": {2024: 0.3, 2018: 0.85}},
            "85 % in 2018 and 30 % in 2024, straight between the years",
        ),
        ({"path": {2020: 0.415}}, "42 % in each year"),
        ({"multiplier": 0.96}, "times 0.96"),
        ({"shift": -0.3}, "moved by -0.3 on the logit scale"),
        ({"shift": 0.25}, "moved by +0.25 on the logit scale"),
        ({"hold": 2023}, "as in 2023"),
    ],
)
def test_what_a_lever_does_is_said_in_words(study: Study, keys: dict, words: str):
    """A path in order of its years, a factor, a shift or a held year, each in its own words."""
    assert said(study, lever="stay_rate", group="north", **keys) == f"stay rate of North: {words}"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"lever": "exit_rate", "group": "foreign"}, "exit rate of all foreign groups"),
        ({"lever": "exit_rate", "group": "all"}, "exit rate of all groups"),
        ({"lever": "direct_arrivals", "group": "east"}, "direct arrivals of East"),
        ({"lever": "domestic_inflow"}, "domestic inflow"),
        (
            {"lever": "domestic_inflow", "fields": ("beta", "alpha")},
            "domestic inflow in Field beta and Field alpha",
        ),
        (
            {"lever": "inflow", "group": "east", "fields": ("beta",)},
            "inflow of East in Field beta",
        ),
    ],
)
def test_who_is_meant_is_said_with_the_labels_of_the_study(study: Study, keys: dict, words: str):
    """One group and its fields by label, several groups by what they are."""
    assert said(study, **keys, multiplier=2.0) == f"{words}: times 2"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"start": 2024}, "from 2024"),
        ({"end": 2027}, "until 2027"),
        ({"start": 2024, "ramp": 1, "end": 2027}, "from 2024, reached over 1 year, until 2027"),
        ({"shock": "SH13", "ramp": 2}, "in the years of SH13, reached over 2 years"),
        ({"history": "refit"}, "history fitted again under it"),
        ({"history": "keep", "start": 2024}, "from 2024, history kept as fitted"),
    ],
)
def test_when_a_lever_acts_is_said(study: Study, keys: dict, words: str):
    """Start, ramp, end or shock, and what becomes of the past where the lever says so itself."""
    got = said(study, lever="inflow", group="north", multiplier=0.8, **keys)
    assert got == f"inflow of North: times 0.8, {words}"


@pytest.mark.parametrize(
    ("lever", "group", "path", "words"),
    [
        ("inflow", "north", 1200.0, "inflow of North: 1,200 in each year"),
        ("domestic_inflow", None, 12345678.0, "domestic inflow: 12,345,678 in each year"),
        ("direct_arrivals", "east", 0.25, "direct arrivals of East: 0.25 in each year"),
        ("exit_rate", "north", 0.065, "exit rate of North: 6 % in each year"),
    ],
)
def test_only_probabilities_are_percentages(study: Study, lever, group, path, words):
    """A path of people is a number of people; one of stay or exit rates is in percent."""
    assert said(study, lever=lever, group=group, path={2024: path}) == words


def test_no_code_is_left_in_the_words_of_shipped_levers():
    """No lever of a shipped study shows a code, a missing value or an underscore."""
    for name in ("demo", "china_ai_2030"):
        study = load_study(name)
        for scenario in study.scenarios.values():
            for lever in scenario.levers:
                words = lever_in_words(lever, study)
                assert not [code for code in ("_", "{", "None", "CHN", "nan") if code in words]


def test_who_replaces_the_lost_is_told_after_the_levers():
    """The facts of a scenario list its levers, and at last the part that others replace."""
    inputs = example_inputs()
    lever = Lever(lever="inflow", group="north", multiplier=0.8)
    fewer = Scenario(label="Fewer", reason=REASON, replaced=0.4, levers=(lever,))
    changed = inputs.study.model_copy(update={"scenarios": {"fewer": fewer}})
    (fact,) = gather_facts(replace(inputs, study=changed)).scenarios
    told = [words.replace(THIN, " ") for words in fact.levers]
    assert told == [
        "inflow of North: times 0.8",
        "others come in the place of 40 % of the lost entrants",
    ]
