"""The prose of the report: computed, rounded with care, honest about what it rests on."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecast.report
from forecast.report import ReportFacts, ReportInputs, gather_facts
from forecast.report.example import example_inputs, without_share
from forecast.report.numbers_in_words import THIN, percent, percent_range, probability_in_words
from forecast.report.sentences import answer, key_figures, notice
from forecast.report.sentences_of_methods import (
    basis_sentence,
    evidence_sentence,
    fields_sentence,
    loo_sentence,
)


@pytest.fixture(scope="module")
def inputs() -> ReportInputs:
    return example_inputs()


@pytest.fixture(scope="module")
def facts(inputs: ReportInputs) -> ReportFacts:
    return gather_facts(inputs)


def spoken(facts: ReportFacts) -> str:
    return " ".join(answer(facts)).replace(THIN, " ")


def test_the_answer_is_two_sentences_with_numbers_first(facts: ReportFacts):
    """Two sentences, each beginning with a number and naming its interval."""
    sentences = answer(facts)
    assert len(sentences) == 2
    for sentence in sentences:
        assert re.match(r"\d+\u202f%", sentence)
        assert sentence.endswith(".")
        assert sentence.count(". ") == 0
        assert "equal-tailed interval" in sentence


def test_the_answer_says_what_a_rate_rests_on(inputs: ReportInputs, facts: ReportFacts):
    """Intentions alone, a forecast and residence are worded as such."""
    assert "rests on stated intentions alone" in spoken(facts)
    assert "residence is published only to the 2017 cohort" in spoken(facts)
    basis = {year: spoken(gather_facts(at_year(inputs, year))) for year in (2015, 2025)}
    assert "intentions" not in basis[2015]
    assert "so this is a forecast" in basis[2025]


def at_year(inputs: ReportInputs, year: int) -> ReportInputs:
    report = inputs.study.report.model_copy(update={"headline_year": year})
    return replace(inputs, study=inputs.study.model_copy(update={"report": report}))


def test_no_draw_is_not_zero(inputs: ReportInputs):
    """A probability that no draw reached is a bound from its Monte Carlo error, never 0 %."""
    assert inputs.workforce is not None
    zero = inputs.workforce.probabilities.assign(probability=0.0, mcse=0.00018)
    work = replace(inputs.workforce, probabilities=zero)
    words = spoken(gather_facts(replace(inputs, workforce=work)))
    assert "is under 1 in 1,000 (no draw got there" in words
    assert "is 0 %" not in words


@pytest.mark.parametrize("draws", [400, 4_000, 40_000])
def test_the_bound_of_no_draw_is_above_its_error(draws: int):
    """The bound is at least three standard errors of the Jeffreys posterior, less than ten."""
    mcse = np.sqrt(0.5 * (draws + 0.5) / ((draws + 1) ** 2 * (draws + 2)))
    words = probability_in_words(0.0, float(mcse))
    bound = 1 / int(words.removeprefix("under 1 in ").replace(",", ""))
    assert 3 * mcse <= bound < 10 * mcse


def test_percentages_keep_what_they_are():
    """Only an exact 0 or 1 reads 0 % or 100 %; an interval never shrinks to one number."""
    assert percent(0.9996) != percent(1.0)
    assert percent(0.0004) != percent(0.0)
    assert percent_range(0.751, 0.752) == f"75.1–75.2{THIN}%"


def test_probability_range_is_over_the_listed_alternatives(inputs: ReportInputs):
    """The range leaves out the study's own priors and names how many alternatives it spans."""
    rows = [("base", 0.9), ("one", 0.02), ("two", 0.05)]
    table = pd.DataFrame(rows, columns=["alternative", "probability"])
    table = table.assign(reason="why", mcse=0.001, share_median=0.3)
    assert inputs.workforce is not None
    work = replace(inputs.workforce, alternatives=table)
    words = spoken(gather_facts(replace(inputs, workforce=work)))
    assert "2.0 % to 5.0 % across the two listed alternatives" in words


def test_a_quick_failure_is_a_warning_first(facts: ReportFacts):
    """A failed check outranks the preview, and both are said."""
    head = notice(replace(facts, verdict="fail", quick=True))
    assert head.state == "fail"
    assert "preview" in head.text


def test_a_failing_verdict_without_failed_check_still_warns(facts: ReportFacts):
    """The verdict decides, whatever the table of checks holds."""
    assert notice(replace(facts, verdict="fail", checks=())).state == "fail"


def test_totals_and_fields_are_told(inputs: ReportInputs, facts: ReportFacts):
    """Remainders are counted, and totals over different fields are named."""
    assert "overlapped" not in evidence_sentence(facts.evidence)
    rows = inputs.observations.copy()
    rows.loc[0, "derived"] = True
    rows.loc[rows["definition"].eq("intention") & rows["field"].eq("both"), "field"] = "ALL"
    story = gather_facts(replace(inputs, observations=rows)).evidence
    assert "1 total overlapped with listed parts" in evidence_sentence(story)
    assert "“intends to stay” covers all fields" in fields_sentence(story)


def test_high_pareto_k_is_told(facts: ReportFacts):
    """High Pareto k are counted in a sentence, not swallowed."""
    loo = facts.sampling.loo
    assert loo is not None
    assert loo.high_k > 0
    assert f"for {loo.high_k} of {loo.rows} rows" in loo_sentence(loo)
    assert "not computed" in loo_sentence(None)


def test_basis_is_told_by_cohort(facts: ReportFacts):
    """The stay section says which cohorts rest on residence, intentions, nothing."""
    words = basis_sentence(facts.stay)
    assert "up to the 2017 cohort" in words
    assert "up to 2022 rest on stated intentions alone" in words


def test_without_workforce_the_answer_is_about_stay(inputs: ReportInputs):
    """Without [share] the second sentence tells the path, and one key figure is left."""
    facts = gather_facts(without_share(inputs))
    assert "is the highest stay rate" in answer(facts)[1]
    assert len(key_figures(facts)) == 1


def test_the_report_knows_no_study():
    """No file of the room names a country or a field: labels come from the study."""
    folder = Path(forecast.report.__file__).parent
    words = re.compile(r"\b(China|Chinese|CHN|India|AI|United States|USA?)\b")
    found = [
        f"{path.name}: {match.group()}"
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".py", ".html", ".css"}
        for match in words.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found
