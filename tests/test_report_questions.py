"""What the report says of the questions to a workforce: targets, worth, evidence, claims."""

import json
import math
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecast.report import ReportInputs, facts_to_json, gather_facts, render_page
from forecast.report.estimate import Chance, Estimate
from forecast.report.example import example_inputs
from forecast.report.fan_figures import other_basis
from forecast.report.figures import draw_figures
from forecast.report.numbers_in_words import THIN
from forecast.report.question_facts import no_draw_error
from forecast.report.question_records import (
    PassageFact,
    QuestionStory,
    RangeFact,
    SolvedFact,
    WorthFact,
)
from forecast.report.question_sentences import (
    contribution_sentence,
    dependence_sentence,
    over_alternatives,
    passage_sentence,
    refit_sentence,
    solved_sentence,
    worth_sentence,
)
from forecast.report.question_tables import question_tables
from forecast.report.share_facts import main_scenarios
from forecast.share import Workforce

USUAL = Estimate(0.027, 0.019, 0.038, 0.9, "eti")
SOLVED = SolvedFact(
    lever="exit_rate",
    group_label="North",
    of_label="North",
    way="path",
    target=0.25,
    year=2030,
    start=2026,
    needed=Estimate(0.26, 0.15, 0.45, 0.9, "eti"),
    solvable=None,
    usual=USUAL,
    reachable=0.99,
    above=0.01,
    below=0.0,
    by_itself=Chance(0.0, no_draw_error(4000)),
)


@pytest.fixture(scope="module")
def inputs() -> ReportInputs:
    return example_inputs()


def workforce(inputs: ReportInputs) -> Workforce:
    assert inputs.workforce is not None
    return inputs.workforce


def story_of(inputs: ReportInputs) -> QuestionStory:
    story = gather_facts(inputs).questions
    assert story is not None
    return story


def with_tables(inputs: ReportInputs, **tables: pd.DataFrame) -> ReportInputs:
    return replace(inputs, workforce=replace(workforce(inputs), **tables))


def said(text: str) -> str:
    return text.replace(THIN, " ")


def test_a_target_is_told_beside_the_evidence():
    """What a lever would have to be comes with its interval, the evidence and its chance."""
    assert said(solved_sentence(SOLVED)) == (
        "For 25 % in 2030 the exit rate of North would have to be 26 % a year from 2026 on (90 % "
        "equal-tailed interval 15–45 %); the evidence says 2.7 % (1.9 % to 3.8 %). A value that "
        "extreme comes about by itself with probability under 1 in 1,000."
    )


@pytest.mark.parametrize(
    ("lever", "end"),
    [("stay_rate", "a stay rate of 0 for North"), ("inflow", "no inflow at all for North")],
)
def test_a_target_out_of_reach_is_told_as_such(lever: str, end: str):
    """Where most draws have no solution, the end of the range and the part of draws are told."""
    needed = Estimate(-math.inf, -math.inf, 0.2, 0.9, "eti")
    fact = replace(SOLVED, lever=lever, needed=needed, reachable=0.2, above=0.8, by_itself=None)
    words = said(solved_sentence(fact))
    assert words.startswith(f"Even with {end} from 2026 on, the share stays above 25 % in 2030 in")
    assert "80 % of draws" in words
    assert not re.search(r"\binf\b", words)


def test_the_other_end_of_a_range_is_told():
    """A share that stays below the target does so at the end that would raise it."""
    needed = Estimate(math.inf, 0.9, math.inf, 0.9, "eti")
    fact = replace(SOLVED, lever="stay_rate", needed=needed, reachable=0.1, above=0.0, below=0.9)
    words = said(solved_sentence(fact))
    assert "Even with a stay rate of 100 % for North" in words
    assert "stays below 25 % in 2030 in 90 % of draws" in words


def test_an_infinite_end_of_an_interval_is_told_in_words():
    """An end that no value reaches is no number, and the part of draws without one is told."""
    fact = replace(SOLVED, needed=Estimate(0.23, -math.inf, 0.77, 0.9, "eti"), reachable=0.88)
    words = said(solved_sentence(fact))
    assert "(90 % equal-tailed interval up to 77 %; in 12 % of draws no possible value" in words
    assert not re.search(r"\binf\b", words)


def test_a_multiplier_is_told_as_times_the_baseline():
    """The value of a multiplier is a number of times, not a percentage."""
    needed = Estimate(0.28, 0.05, 0.95, 0.9, "eti")
    fact = replace(SOLVED, lever="inflow", way="multiplier", needed=needed, by_itself=None)
    assert "0.28 times that of the baseline" in solved_sentence(fact)


def test_a_bound_that_no_draw_reached_is_told_with_the_draws():
    """No draw becomes "none of N draws" and a bound, never a probability of zero."""
    reached = Chance(0.0, no_draw_error(4000))
    fact = PassageFact("Baseline", "North", 0.25, None, None, 2035, reached, 1.0, 4000)
    assert said(passage_sentence(fact)) == (
        "In the scenario “Baseline” the share of North comes to 25 % or less by 2035 in none of "
        "4,000 draws, so the probability is under 1 in 1,000."
    )


def test_the_first_passage_is_told(inputs: ReportInputs):
    """The first year of any draw is that of the table, and the rest never gets there."""
    story = story_of(inputs)
    assert story.passage is not None
    table = workforce(inputs).passages
    own = table[table["scenario"].eq("baseline") & table["by_then"].gt(0)]
    assert story.passage.earliest == own["year"].min()
    assert f"in {story.passage.earliest} at the earliest" in passage_sentence(story.passage)
    assert story.passage.draws == 300


def test_the_fact_most_worth_measuring_is_named(inputs: ReportInputs):
    """The fact that leaves the narrowest interval is named first, with both widths."""
    worth = (
        WorthFact("inflow", "n", "how many come", 0.2, 0.01, 0.18, 0.16),
        WorthFact("selection", "n", "who enters", 0.4, 0.01, 0.18, 0.13),
        WorthFact("exit", "n", "who leaves", 0.01, 0.02, 0.18, 0.10),
    )
    words = said(worth_sentence(replace(story_of(inputs), worth=worth)))
    assert "If it were known who enters, the 90 % equal-tailed interval of 2028" in words
    assert "from 18 to 13 points on average" in words
    assert "next is how many come (to 16)" in words
    assert "who leaves" not in words


def test_noise_is_worth_nothing(inputs: ReportInputs):
    """Facts within two standard errors of nothing are not sold as worth measuring."""
    worth = (WorthFact("exit", "n", "who leaves", 0.01, 0.02, 0.18, 0.10),)
    assert "beyond noise" in worth_sentence(replace(story_of(inputs), worth=worth))


def test_the_evidence_that_matters_most_is_named(inputs: ReportInputs):
    """The piece whose removal moves the median most is named, and what the priors alone say."""
    table = workforce(inputs).contributions
    single = table.iloc[1:-1]
    moved = (single["share_median"] - table["share_median"].iloc[0]).abs()
    words = contribution_sentence(story_of(inputs))
    year = re.findall(r"\d{4}", str(single.loc[moved.idxmax(), "without"]))[0]
    assert words.startswith(f"Without the shares of {year} (a)")
    assert "With no evidence at all" in words


def test_scenarios_that_refit_are_named(inputs: ReportInputs):
    """A difference that holds that of two calibrations is told by the label of its scenario."""
    story = story_of(inputs)
    assert "“The claimed path”" in refit_sentence(story)
    kept = tuple(replace(one, refits=False) for one in story.scenarios)
    assert refit_sentence(replace(story, scenarios=kept)) == ""


def test_dependence_between_parts_is_told(inputs: ReportInputs):
    """A negative dependence takes variance away, and the figure draws it."""
    story = story_of(inputs)
    dependence = next(one for one in story.uncertainty if one.component == "dependence")
    assert dependence.first < 0
    assert "takes away" in dependence_sentence(story.uncertainty)
    assert math.isclose(sum(one.first for one in story.uncertainty), 1.0, rel_tol=0, abs_tol=1e-9)


def test_levers_of_the_changes_are_in_words(inputs: ReportInputs):
    """What each lever adds is told in the words and with the labels of the report."""
    levers = [one.lever for one in story_of(inputs).changes]
    assert levers == [
        "inflow of North: times 0.8, from 2024",
        "exit rate of all foreign groups: times 1.5",
        "all together",
    ]


def test_infinite_values_are_null_in_the_facts(inputs: ReportInputs):
    """The file of facts stays strict JSON where a target is out of reach."""
    solved = workforce(inputs).solved.assign(median=-np.inf, lower=-np.inf, reachable=0.1)
    facts = json.loads(facts_to_json(gather_facts(with_tables(inputs, solved=solved))))
    assert facts["questions"]["solved"][0]["needed"]["median"] is None
    assert facts["questions"]["scenarios"][0]["share"]["prob"] == 0.95


def test_a_contour_is_cut_at_the_axis(inputs: ReportInputs):
    """Infinite ends of the band are clipped, and the caption says in how many draws."""
    line = workforce(inputs).contour.assign(lower=-np.inf, reachable=0.9)
    changed = with_tables(inputs, contour=line)
    drawing = draw_figures(changed, gather_facts(changed))["target-contour"]
    assert "cut at the axis: at worst in 10 % of draws" in said(drawing.caption)
    assert "inf" not in drawing.alt


def test_tables_hold_every_scenario_and_verdict(inputs: ReportInputs):
    """Scenarios stand side by side, each with a difference but the baseline; verdicts follow."""
    tables = question_tables(gather_facts(inputs))
    rows = tables["scenario-answers"].rows
    assert [row[0].text for row in rows] == ["Baseline", "The claimed path", "Worse in two ways"]
    assert [row[4].text == "–" for row in rows] == [True, False, False]
    (verdict,) = tables["verdicts"].rows
    assert verdict[0].text == "C1"
    assert verdict[2].text == "the share of North in 2028"


def test_answers_without_rows_leave_no_trace(inputs: ReportInputs):
    """A workforce without output, claims, changes, contour or solutions still has a page."""
    names = ("output", "verdicts", "changes", "contour", "solved", "worth", "uncertainty")
    empty = dict.fromkeys(names, pd.DataFrame())
    bare = with_tables(inputs, **empty)
    page = render_page(bare, gather_facts(bare))
    assert "What it would take" not in page
    assert "What would be worth measuring" not in page
    assert 'id="table-verdicts"' not in page


def test_evidence_on_another_basis_is_hollow(inputs: ReportInputs):
    """Shares of another series than the study's basis are told apart in the figure."""
    work, spec = workforce(inputs), inputs.study.share
    assert spec is not None
    assert not other_basis(work, spec)[work.evidence["quantity"].eq("share")].any()
    other = with_tables(inputs, evidence=work.evidence.assign(series="z"))
    plain, hollow = (draw_figures(one, gather_facts(one)) for one in (inputs, other))
    assert "hollow" not in plain["share-fans"].caption
    assert "hollow: derived, on another basis" in hollow["share-fans"].caption


def test_two_scenarios_stand_for_many(inputs: ReportInputs):
    """With more than three scenarios the baseline and the first that refits are drawn in full."""
    own = inputs.study.scenarios
    many = {"one": own["worse"], "baseline": own["baseline"], **own, "two": own["worse"]}
    study = inputs.study.model_copy(update={"scenarios": many})
    assert main_scenarios(study, list(many)) == ("baseline", "claimed")
    assert main_scenarios(inputs.study, list(own)) == ("baseline", "claimed", "worse")


def test_a_target_says_its_range_over_the_alternatives() -> None:
    """Where a value exists only under some alternatives, the line says under which."""
    needed = RangeFact("needed value", "stay rate", -math.inf, -math.inf, "a", 0.25, "no shares")
    part = RangeFact(
        "draws with a value", "stay rate", 0.21, 0.08, "turnover low", 0.94, "no shares"
    )
    story = SimpleNamespace(ranges=(needed, part))
    assert said(over_alternatives(story, "stay_rate")) == (
        " Over the listed alternatives such a value exists in 8 % of draws (turnover low) to 94 % "
        "(no shares); its median, where most draws have one, is at most 25 % (no shares)."
    )
    assert over_alternatives(story, "exit_rate") == ""
