"""A whole study of another subject, nurses of a made-up valley: its known truth is recovered."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import forecast as fc
from forecast.datasets import dataset_names, load_dataset
from forecast.inference import Fit, stay_rate_draws
from forecast.share import Workforce, ask, share_model_of
from forecast.study.reader import models_folder

ROOT = Path(__file__).resolve().parents[1]
OTHER_SUBJECTS = re.compile(r"\bchin[ae]|\bai\b|doctor|graduat|\bph\.?d|research", re.IGNORECASE)
SAMPLED = 4  # nurses for whom one answer to the survey stands
FAR_APART = (2008, 2013, 2018, 2023)  # cohorts whose errors have little in common


@pytest.fixture(scope="module")
def study() -> fc.Study:
    return fc.load_study("nurses")


@pytest.fixture(scope="module")
def fitted(study: fc.Study) -> Fit:
    return fc.fit(study, engine="laplace", seed=1)


@pytest.fixture(scope="module")
def answers(study: fc.Study, fitted: Fit) -> Workforce:
    return ask(share_model_of(fitted), study, {})


def truth(quantity: str) -> pd.DataFrame:
    table = load_dataset("nurses_truth")
    return table[table["quantity"] == quantity].astype({"year": int})


def true_share(group: str, year: int) -> float:
    shares = truth("share").set_index(["group", "year"])["value"]
    return float(shares[group, year])


def test_no_word_of_the_study_is_of_another_subject() -> None:
    """Study, tables and their making speak of nurses alone."""
    files = [models_folder() / "nurses.toml", *(ROOT / "curation").glob("nurses.py")]
    files += sorted((ROOT / "forecast" / "datasets").glob("nurses*.csv"))
    found = [
        f"{path.name}: {match.group()}"
        for path in files
        for match in OTHER_SUBJECTS.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)
    tables = [load_dataset(name).attrs for name in dataset_names() if name.startswith("nurses")]
    assert len(tables) == 6
    assert not OTHER_SUBJECTS.search(str(tables))


def test_the_evidence_has_many_grains_and_counts_nobody_twice(study: fc.Study) -> None:
    """Rows are of a ward, of a country, of both, of one year or several; no cell is in two."""
    rows = fc.load_evidence(study).rows
    assert len(rows) == len(load_dataset("nurses"))
    grains = rows.assign(several=rows["cohort_start"] < rows["cohort_end"])
    grains = grains[["definition", "years_since", "several"]].assign(
        country=rows["origin"] != "ALL", ward=rows["field"] != "ALL"
    )
    assert len(grains.drop_duplicates()) == 5
    for definition, own in rows.groupby("definition"):
        cells = [
            cell
            for row in own.itertuples()
            for cell in product(
                row.origins, row.fields, range(int(row.cohort_start), int(row.cohort_end) + 1)
            )
        ]
        assert len(cells) == len(set(cells)), definition


def test_published_rates_lie_near_the_truth() -> None:
    """Register rates five years on lie within four errors of the true rate, weighted by people."""
    table = load_dataset("nurses").query("definition == 'register' and years_since == 5")
    sizes = load_dataset("nurses_sizes")
    cells = truth("stay_rate").merge(sizes, on=["origin", "field", "year"])
    assert len(table) == 18
    for row in table.itertuples():
        part = cells[(cells["year"] == row.cohort_start) & (cells["origin"] == row.origin)]
        assert part["n"].sum() == row.n
        p = np.average(part["value"], weights=part["n"])
        error = np.sqrt(p * (1 - p) * (1 / row.n + 0.002))  # 0.002: the correlation within a row
        np.testing.assert_allclose(row.rate, p, rtol=0, atol=4 * error + 0.0005)


def test_plans_are_asked_of_a_sample(fitted: Fit) -> None:
    """The fit learns from the spread of plans that about one nurse in four was asked."""
    lower, upper = np.quantile(fitted.posterior["effective_share"].to_numpy(), [0.025, 0.975])
    assert lower < 1 / SAMPLED < upper


def test_intervals_cover_the_true_stay_rates(study: fc.Study, fitted: Fit) -> None:
    """Of reported 90 % intervals, as many hold the truth as a binomial of 0.9 allows."""
    table = fc.stay_rates(fitted, study.report.prob)
    known = truth("stay_rate").rename(columns={"year": "cohort"})
    both = table.merge(known, on=["origin", "field", "cohort"])
    both = both[both["cohort"].isin(FAR_APART)]
    held = int(both["value"].between(both["lower"], both["upper"]).sum())
    least, most = stats.binom.interval(0.99, len(both), study.report.prob)
    assert len(both) == 36
    assert least <= held <= most, f"{held} of {len(both)} true rates are covered"


def test_medians_of_stay_rates_are_near_the_truth(fitted: Fit) -> None:
    """The estimated rate of each cell to the last cohort lies within seven points of the true."""
    medians = stay_rate_draws(fitted, 5).median(("chain", "draw"))
    for cell in truth("stay_rate").itertuples():
        found = float(medians.sel(origin=cell.origin, field=cell.field, cohort=cell.year))
        np.testing.assert_allclose(found, cell.value, rtol=0, atol=0.07)


@pytest.mark.parametrize("group", ["abroad", "overseas", "valley"])
def test_the_true_shares_lie_in_the_fan(answers: Workforce, group: str) -> None:
    """The 95 % interval holds the true share of each group ahead, to the end of the study."""
    fan = answers.share.query("scenario == 'baseline' and prob == 0.95 and year > 2022")
    fan = fan[fan["group"] == group]
    assert len(fan) == 12
    for row in fan.itertuples():
        assert row.lower <= true_share(group, int(row.year)) <= row.upper, row.year


def test_the_headline_is_an_open_question(study: fc.Study, answers: Workforce) -> None:
    """In the headline year the truth is inside the interval, and neither answer is ruled out."""
    assert study.share is not None
    asked = study.share.headline
    draws = answers.projection["share"].sel(scenario="baseline", group=asked.group, year=asked.by)
    lower, upper = np.quantile(draws, [0.025, 0.975])
    assert lower <= true_share(asked.group, asked.by) <= upper
    chance = answers.probabilities.set_index("scenario").loc["baseline", "probability"]
    assert 0.2 < chance < 0.8


def test_every_scenario_is_answered(study: fc.Study, answers: Workforce) -> None:
    """Each scenario has its fan and moves the share of overseas the way its levers push."""
    assert answers.projection["scenario"].values.tolist() == list(study.scenarios)
    moved = answers.differences.set_index("scenario")[["lower", "upper"]]
    up, down = ["retention_bonus", "border_closed"], ["recruitment_stop", "early_exits"]
    assert (moved.loc[up] > 0).all(axis=None)
    assert (moved.loc[down] < 0).all(axis=None)


def test_a_shock_acts_in_its_own_years(answers: Workforce) -> None:
    """The border is closed in 2026 and 2027: entrants from abroad fall then, and only then."""
    came = answers.projection["entrants"].sel(group="abroad", year=slice(2015, None))
    ratio = came.sel(scenario="border_closed") / came.sel(scenario="baseline")
    inside = ratio["year"].isin([2026, 2027])
    assert float(ratio.where(inside).max()) < 0.55
    np.testing.assert_allclose(ratio.where(~inside, drop=True), 1.0, rtol=1e-12)


def test_scenarios_with_one_rule_of_replacement_are_combined(fitted: Fit) -> None:
    """The stop and the early exits agree on who replaces the lost, so they can act together."""
    names = ["recruitment_stop", "early_exits", "recruitment_stop + early_exits"]
    share = fc.project(fitted, names)["share"].sel(group="overseas", year=2032)
    stop, exits, both = share.mean(("chain", "draw")).values
    assert both < min(stop, exits)
    with pytest.raises(fc.StudyError, match="agree on replaced"):
        fc.project(fitted, "recruitment_stop + retention_bonus")


def test_claims_are_judged_without_a_table_of_texts(answers: Workforce) -> None:
    """One claim is wrong and one right, told in words of the study."""
    verdicts = answers.verdicts.set_index("claim_id")
    assert verdicts["verdict"].to_dict() == {"N1": "contradicted", "N2": "supported"}
    assert verdicts.loc["N1", "sentence"].startswith("By this model the share of Overseas in 2022")
    assert not OTHER_SUBJECTS.search(verdicts.to_csv())
