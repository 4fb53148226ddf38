"""What the report says of an assessment: no more than its intervals allow, nothing stale."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.assess import Assessment, Check, Part
from forecast.assessment_folder import load_assessment, save_part
from forecast.report import ReportInputs, facts_to_json, gather_facts, render_page
from forecast.report.assessment_facts import assessment_story
from forecast.report.assessment_figures import assessment_figures
from forecast.report.assessment_records import (
    AssessmentStory,
    BacktestStory,
    CalibrationStory,
    CriticismStory,
    ForecasterFact,
    GroupFact,
    Resampled,
    SensitivityStory,
    SkillFact,
    VariantFact,
)
from forecast.report.assessment_sentences import (
    assessment_words,
    calibration_sentence,
    missing_sentence,
    stale_sentence,
)
from forecast.report.assessment_tables import assessment_tables
from forecast.report.backtest_sentences import (
    coverage_judged,
    coverage_title,
    held_sentence,
    skill_sentence,
    worst_sentence,
)
from forecast.report.criticism_sentences import (
    influence_sentence,
    predictive_sentence,
    variants_sentence,
)
from forecast.report.example import example_inputs, without_share
from forecast.report.example_assessment import example_assessment
from forecast.report.numbers_in_words import THIN
from forecast.report.svg import Drawing
from forecast.run import RunOptions, run
from forecast.study import load_study

ATTACK = "<script>alert(1)</script>"
FIGURES = ("backtest-coverage", "backtest-pit", "calibration-ranks", "residual-map", "tornado")


@cache
def inputs() -> ReportInputs:
    return example_inputs()


def with_part(name: str, **tables: pd.DataFrame) -> ReportInputs:
    """Return the example with some tables of a part replaced."""
    found = example_assessment()
    part = found.parts[name]
    changed = replace(part, tables={**part.tables, **tables})
    return with_parts({**found.parts, name: changed})


def with_parts(parts: Mapping[str, Part], stale: tuple[str, ...] = ()) -> ReportInputs:
    return replace(inputs(), assessment=Assessment(parts, stale))


def story_of(given: ReportInputs) -> AssessmentStory:
    story = assessment_story(given.assessment, given.study)
    assert story is not None
    return story


def backtest() -> BacktestStory:
    found = story_of(inputs()).backtest
    assert found is not None
    return found


def calibration() -> CalibrationStory:
    found = story_of(inputs()).calibration
    assert found is not None
    return found


def criticism(given: ReportInputs) -> CriticismStory:
    found = story_of(given).criticism
    assert found is not None
    return found


def sensitivity(given: ReportInputs) -> SensitivityStory:
    found = story_of(given).sensitivity
    assert found is not None
    return found


def figures_of(given: ReportInputs) -> dict[str, Drawing]:
    drawn = assessment_figures(given, gather_facts(given))
    return {one.name: one for one in drawn if one is not None}


def said(text: str) -> str:
    return text.replace(THIN, " ")


def group(label: str, held: Resampled, forecasts: int = 100, clusters: int = 12) -> GroupFact:
    model = ForecasterFact("stay model", held, ((0.5, held), (0.8, held), (0.95, held)))
    return GroupFact(label, forecasts, clusters, model, (), ())


def section(page: str) -> str:
    found = re.search(r'<section id="trust">.*?</section>', page, re.S)
    assert found is not None
    return found.group()


def test_the_section_has_all_parts() -> None:
    """Each part has its heading, its tables, its figures and how it was made."""
    page = section(render_page(inputs(), gather_facts(inputs())))
    for name in FIGURES:
        assert f'id="figure-{name}"' in page
    tables = re.findall(r'<table id="table-([^"]*)"', page)
    assert tables == [
        *("backtest-definitions", "backtest-horizons", "calibration-quantities"),
        *("influence", "predictive-checks", "variants"),
    ]
    for command in ("backtest", "calibrate", "criticise", "sensitivity"):
        assert f"<code>stayrate {command} example</code> with engine laplace, seed 1, in" in page


def test_the_section_stands_after_the_uncertainty() -> None:
    """The forecasts of the past follow what the present one is uncertain of, before the claims."""
    page = render_page(inputs(), gather_facts(inputs()))
    order = re.findall(r'<section id="([^"]*)"', page)
    assert order[order.index("uncertainty") + 1 : order.index("claims")] == ["trust"]


def test_without_an_assessment_there_is_no_section() -> None:
    """A report that was handed no assessment does not speak of one, links included."""
    bare = replace(inputs(), assessment=None)
    page = render_page(bare, gather_facts(bare))
    assert 'id="trust"' not in page
    assert "#trust" not in page


def test_a_study_without_workforce_has_the_section() -> None:
    """Stay rates are forecast without a workforce, so the section stands without one."""
    bare = without_share(inputs())
    assert "How good the forecasts were" in render_page(bare, gather_facts(bare))


def test_missing_parts_are_named_with_their_commands() -> None:
    """Parts that were never made are one sentence with the command of each, and nothing else."""
    nothing = with_parts({})
    page = section(render_page(nothing, gather_facts(nothing)))
    assert "<h3>" not in page
    assert "<figure" not in page
    only = with_parts({"backtest": example_assessment().parts["backtest"]}, ("criticism",))
    assert missing_sentence(story_of(only)) == (
        "Not made yet: the calibration by simulation (`stayrate calibrate example`) and the "
        "sensitivity to single priors (`stayrate sensitivity example`)."
    )


def test_stale_parts_are_not_shown() -> None:
    """Parts of another version of the study are named with the command, and are not missing."""
    one = with_parts({}, ("backtest",))
    assert stale_sentence(story_of(one)) == (
        "The backtest belongs to another version of the study and is not shown; `stayrate backtest "
        "example` makes it again."
    )
    two = story_of(with_parts({}, ("backtest", "criticism")))
    assert "The backtest and the criticism of the model belong" in stale_sentence(two)
    assert "backtest" not in missing_sentence(two)


def test_nothing_to_say_is_nothing() -> None:
    """With all parts there, no sentence speaks of missing or stale ones."""
    words = assessment_words(story_of(inputs()))
    assert words["stale"] == words["missing"] == ""


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.11, 0.35, "the model was better than it"),
        (-0.11, 0.35, "the model was not told apart from it"),
        (0.001, 0.35, "the model was not told apart from it"),
        (-0.35, -0.11, "the model was worse than it"),
        (math.nan, math.nan, "the model was not told apart from it"),
    ],
)
def test_better_only_where_the_whole_interval_is(low: float, high: float, words: str) -> None:
    """A baseline is beaten where the whole printed interval of the skill is above zero."""
    skill = SkillFact("last value", Resampled((low + high) / 2, low, high))
    story = backtest()
    told = skill_sentence(replace(story, whole=replace(story.whole, skills=(skill,))))
    assert told.endswith(f"{words}.")
    assert "nan" not in told


def test_baselines_are_told_by_what_is_known_of_each() -> None:
    """Beaten and open baselines are named apart, each with its skill and interval."""
    assert said(skill_sentence(backtest())) == (
        "Its skill in CRPS (1 is perfect, 0 no better than the baseline) is 0.70 (0.40–1.00) "
        "against the pooled mean and 0.25 (−0.05 to 0.55) against the last value: the model was "
        "better than the pooled mean and not told apart from the last value."
    )


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((0.70, 0.79), "too narrow"),
        ((0.75, 0.86), "not told apart from what they promise"),
        ((0.801, 0.9), "not told apart from what they promise"),
        ((0.82, 0.9), "wider than they promise"),
        ((math.nan, math.nan), "not told apart from what they promise"),
    ],
)
def test_coverage_is_judged_by_its_interval(ends: tuple[float, float], words: str) -> None:
    """Intervals are called too narrow or too wide only where the printed interval says so."""
    assert coverage_judged(Resampled(0.8, *ends), 0.8) == words


def test_coverage_is_told_with_both_levels() -> None:
    """How many figures, from which years, and what part of them the intervals held."""
    assert said(held_sentence(backtest())) == (
        "In each of the years 2010 to 2016 the model was given what was published by then and "
        "forecast what came later: 120 forecasts of 40 published rates. Its 80 % intervals held "
        "81 % (90 % bootstrap interval 76–86 %) and its 95 % intervals held 96 % (91–100 %): "
        "neither is told apart from what it promises."
    )
    title = said(coverage_title(backtest()))
    assert title.startswith("80 % intervals of the model held 81 % of figures that came later")
    assert title.endswith("from 70 % (pooled mean) to 86 % (last value)")


def test_levels_are_judged_apart() -> None:
    """Where one level is off and the other open, each is said of its own."""
    whole = group("all", Resampled(0.9, 0.86, 0.97))
    told = said(held_sentence(replace(backtest(), whole=whole, figures=None)))
    assert "100 forecasts. Its" in told
    assert (
        "the 80 % ones are wider than they promise and the 95 % ones are not told apart from what "
        "they promise."
    ) in told
    assert told.endswith(
        "Its 50 % intervals held 90 % (86–97 %): they are wider than they promise."
    )


def test_the_worst_group_is_large_enough() -> None:
    """Groups of few forecasts or few years of publication are not called the worst."""
    far = Resampled(0.4, 0.3, 0.5)
    groups = (
        group("small", far, forecasts=29),
        group("printed at once", far, clusters=4),
        group("good", Resampled(0.82, 0.7, 0.9)),
        group("bad", Resampled(0.6, 0.5, 0.7)),
    )
    told = said(worst_sentence(replace(backtest(), definitions=groups, origins=groups[:3])))
    assert "of 2 definitions for “bad”: 60 % of 100 from 12 years (50–70 %), too narrow" in told
    assert "origin" not in told  # one is left: there is nothing to be worst of


def test_one_year_of_publication_has_no_interval() -> None:
    """Where one year tells no spread, tables and figures show the number without an interval."""
    scores = example_assessment().parts["backtest"].tables["scores"]
    ends = [name for name in scores if name.endswith(("_lower", "_upper"))]
    bare = with_part("backtest", scores=scores.assign(**dict.fromkeys(ends, np.nan), clusters=1))
    page = section(render_page(bare, gather_facts(bare)))
    assert "one year of publication, so no interval" in page
    assert not re.search(r"\bnan\b", page)


def test_the_best_baseline_stands_in_the_table() -> None:
    """Each group has the CRPS of its best baseline, in points, and the skill against that one."""
    tables = assessment_tables(gather_facts(inputs()))
    first = [cell.text for cell in tables["backtest-definitions"].rows[0]]
    assert first[0] == "all forecasts"
    assert first[5:] == ["3.0", "4.0 (last value)", "0.25 (−0.05 to 0.55)"]
    ahead = [row[0].text for row in tables["backtest-horizons"].rows]
    assert ahead == ["all forecasts", "1", "2", "6+"]


def test_colours_want_years_enough() -> None:
    """A cell is coloured only where five years of publication stand behind its interval."""
    facts = gather_facts(inputs())
    assert facts.assessment is not None
    narrow = Resampled(0.6, 0.5, 0.7)
    pair = (group("many", narrow), group("few", narrow, clusters=4))
    changed = replace(facts.assessment, backtest=replace(backtest(), definitions=pair))
    rows = assessment_tables(replace(facts, assessment=changed))["backtest-definitions"].rows
    assert [row[3].state for row in rows[1:]] == ["fail", ""]


def test_ranks_are_corrected_for_their_number() -> None:
    """The p of a calibration is the least over quantities times their number, at most one."""
    table = example_assessment().parts["calibration"].tables["quantities"]
    changed = story_of(with_part("calibration", quantities=table.assign(p_uniform=[0.4, 0.0004])))
    story = changed.calibration
    assert story is not None
    assert math.isclose(story.p, 0.0008, rel_tol=1e-12, abs_tol=0)
    assert story.quantities[0].name == "stay_rate[north, alpha, 2012]"
    assert "are not uniform, least of all for `stay_rate[north" in calibration_sentence(story)
    assert calibration().p == 1.0
    assert "no departure from uniform ones beyond chance" in calibration_sentence(calibration())


def test_parts_without_single_draws_are_told() -> None:
    """Without the large tables of single forecasts and draws only the figure of ranks is gone."""
    parts = {
        name: replace(
            part, tables={k: v for k, v in part.tables.items() if k not in ("forecasts", "draws")}
        )
        for name, part in example_assessment().parts.items()
    }
    assert set(FIGURES) - set(figures_of(with_parts(parts))) == {"calibration-ranks"}


def test_the_most_influential_piece_is_named() -> None:
    """For each headline number the piece that moves it most is named, with both values."""
    told = said(influence_sentence(criticism(inputs()).influence))
    assert "moves most without the source “SURVEY”: from 75.0 % to 73.4 %, 0.80 of its" in told
    assert "from 1.9 % (without “intends to stay”) to 2.8 % (without “SURVEY”)" in told
    assert told.endswith("No answer without CENSUS (It leaves no row over).")


def test_small_moves_are_told_as_none() -> None:
    """Where no piece moves a number by a tenth of its standard deviation, none is named for it."""
    table = example_assessment().parts["criticism"].tables["left_out"]
    calm = with_part("criticism", left_out=table.assign(change_in_sd=table["change_in_sd"] / 100))
    told = influence_sentence(criticism(calm).influence)
    assert "moves by less than 0.1 of its posterior standard deviation" in told
    assert "moves most" not in told


def test_pieces_are_in_the_order_of_their_influence() -> None:
    """All evidence stands first, then the piece that moves a number most; skipped ones last."""
    assert [one.label for one in criticism(inputs()).influence] == [
        *("nothing", "SURVEY", "intends to stay", "CENSUS")
    ]
    rows = assessment_tables(gather_facts(inputs()))["influence"].rows
    assert [row[0].text for row in rows] == ["nothing", "SURVEY", "intends to stay"]
    assert [row[4].text for row in rows] == ["–", "−0.80", "+0.05"]


def test_predictive_tails_are_named_beside_chance() -> None:
    """P-values near 0 or 1 are counted and named, beside how many come by chance."""
    told = said(predictive_sentence(criticism(inputs()).predictive))
    assert told.startswith("Of 6 posterior predictive p-values 2 lie below 0.05 or above 0.95 (by")
    assert "by chance up to 0.6" in told
    assert "likeness of neighbouring cohorts of “intends to stay” (0.010" in told
    table = example_assessment().parts["criticism"].tables["predictive"]
    calm = criticism(with_part("criticism", predictive=table.assign(p=0.5)))
    assert "none lies" in predictive_sentence(calm.predictive)


@pytest.mark.parametrize(
    ("difference", "error", "words"),
    [
        (-25.3, 5.1, "worse with drift (−25.3 nats ± 5.1)"),
        (9.0, 2.0, "better with drift (+9.0 nats ± 2.0)"),
        (9.0, 5.0, "no differently, as far as can be told, with drift"),
        (3.5, 0.2, "no differently, as far as can be told, with drift"),
    ],
)
def test_variants_are_told_apart_by_errors_and_nats(
    difference: float, error: float, words: str
) -> None:
    """A variant is better or worse only by two standard errors and by four nats."""
    facts = (
        VariantFact("study", 0.0, 0.0, 0.5, 0),
        VariantFact("drift", difference, error, 0.5, 0),
    )
    assert variants_sentence(facts) == f"Figures left out are predicted {words}."


def test_the_residual_map_has_the_definitions_with_enough_cells() -> None:
    """Definitions of fewer than twenty cells have no panel; cells far from zero are counted."""
    drawing = figures_of(inputs())["residual-map"]
    assert "intends to stay" in drawing.svg
    assert "resident, by survey" not in drawing.svg
    assert said(drawing.title) == "1 of 54 mean residuals (2 %) lies beyond two standard deviations"
    assert "(−2.75 in 1 figure)" in drawing.caption


def test_more_figures_in_a_cell_have_a_smaller_spread() -> None:
    """The mean of four normal scores is far from zero beyond one, not beyond two."""
    table = pd.DataFrame(
        [("intention", "north", 2010, 4, 1.1), ("intention", "north", 2011, 1, 1.1)],
        columns=["definition", "origin", "cohort", "rows", "residual"],
    )
    story = criticism(with_part("criticism", residuals=table)).residuals
    assert story is not None
    assert story.cells == 2
    assert [one.cohort for one in story.far] == [2010]


def test_a_map_of_many_origins_has_those_with_most_cells() -> None:
    """A panel has at most twelve origins, those with most cells, and the caption says so."""
    rows = [
        ("intention", f"origin {i}", cohort, 1, 0.5)
        for i in range(15)
        for cohort in range(2006, 2008 + (i > 2))
    ]
    columns = ["definition", "origin", "cohort", "rows", "residual"]
    many = with_part("criticism", residuals=pd.DataFrame(rows, columns=columns))
    drawing = figures_of(many)["residual-map"]
    assert "12 origins with most of them" in drawing.caption
    assert "origin 14" in drawing.svg
    assert "origin 2<" not in drawing.svg


def test_the_tornado_is_of_the_share() -> None:
    """Bars are of the share, the longest first; without a share of the stay rate."""
    story = sensitivity(inputs())
    assert story.number == "the share of North in 2028"
    assert [one.prior for one in story.bars] == ["exit_rate", "rho_origin", "intercept"]
    assert story.flagged == ("exit_rate",)
    assert said(figures_of(inputs())["tornado"].title) == (
        "The share of North in 2028 runs from 26.0 % to 32.0 % with the prior of exit_rate"
    )
    refits = example_assessment().parts["sensitivity"].tables["refits"]
    stay = refits[refits["quantity"].eq("stay_rate")]
    assert "stay rate" in sensitivity(with_part("sensitivity", refits=stay)).number


def test_no_refit_leaves_no_bars() -> None:
    """Without refits there is no figure and no list, and a sentence says that none was made."""
    tables = example_assessment().parts["sensitivity"].tables
    bare = with_part(
        "sensitivity", refits=tables["refits"].iloc[:0], sentences=tables["sentences"].iloc[:0]
    )
    assert "tornado" not in figures_of(bare)
    assert "No prior was made narrower" in section(render_page(bare, gather_facts(bare)))


def test_texts_of_an_assessment_stay_text() -> None:
    """Names of sources, quantities, priors and sentences that look like markup are printed."""
    found = example_assessment().parts
    power = found["sensitivity"].tables["power"].assign(prior=ATTACK, flagged=True)
    told = pd.DataFrame({"sentence": [ATTACK]})
    refits = found["sensitivity"].tables["refits"].assign(prior=ATTACK)
    left = found["criticism"].tables["left_out"].replace({"SURVEY": ATTACK, "CENSUS": ATTACK})
    draws, quantities = (
        found["calibration"].tables[name].replace({"sigma_origin": ATTACK})
        for name in ("draws", "quantities")
    )
    residuals = found["criticism"].tables["residuals"].replace({"north": ATTACK})
    parts = dict(found) | {
        "sensitivity": replace(
            found["sensitivity"], tables={"power": power, "refits": refits, "sentences": told}
        ),
        "criticism": replace(
            found["criticism"],
            tables={**found["criticism"].tables, "left_out": left, "residuals": residuals},
        ),
        "calibration": replace(
            found["calibration"], tables={"draws": draws, "quantities": quantities}
        ),
    }
    hostile = with_parts(parts)
    page = section(render_page(hostile, gather_facts(hostile)))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8


def test_an_assessment_reads_the_same_from_its_folder(tmp_path: Path) -> None:
    """Parts that were written and read again are told in the same words."""
    study = load_study("demo")
    found = example_assessment()
    for part in found.parts.values():
        save_part(part, study, tmp_path)
    back = load_assessment(study, tmp_path)
    one, other = (assessment_words(assessment_story(each, study)) for each in (found, back))
    assert one == other
    assert back.checks == found.checks


def test_facts_of_an_assessment_are_strict_json() -> None:
    """Ends of an interval that are unknown are null, never NaN."""
    facts = json.loads(facts_to_json(gather_facts(inputs())))
    origins = facts["assessment"]["backtest"]["origins"]
    assert origins[-1]["label"] == "all but 2 listed origins"
    assert origins[-1]["model"]["crps"]["lower"] is None


@pytest.mark.slow
def test_a_run_joins_the_checks_of_its_assessment(tmp_path: Path) -> None:
    """A check of the assessment decides the verdict of a quick run; small tables are copied."""
    study = load_study("demo").model_copy(update={"share": None, "scenarios": {}})
    failed = Check("backtest, 80 % coverage", "fail", 0.5, "between 0.75 and 0.85", "Look.")
    backtest_part = replace(example_assessment().parts["backtest"], checks=(failed,))
    save_part(backtest_part, study, tmp_path / "assessment")
    options = RunOptions(
        tmp_path / "run", "laplace", quick=True, assessment=tmp_path / "assessment"
    )
    done = run(study, options)
    names = {path.name for path in (tmp_path / "run" / "data").glob("assessment_*")}
    page = (tmp_path / "run" / "index.html").read_text()
    assert done.verdict == "fail"
    assert failed in done.checks
    assert names == {f"assessment_backtest_{name}.csv" for name in ("scores", "skill", "pit")}
    assert "Warning: do not use this answer" in page
    assert "Not made yet: the calibration by simulation" in section(page)
