"""The backtest: planted forecasters get the verdicts they deserve, and a stop changes nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal

from forecast.assess.as_of import Forecaster, Task, tasks
from forecast.assess.backtest import (
    COVERAGE,
    FORECASTERS,
    GROUPS,
    MODEL,
    TOO_NARROW,
    TOO_WIDE,
    Backtest,
    backtest,
    check_backtest,
    origin_years,
    pit_counts,
    scored,
)
from forecast.assess.checks import Check
from forecast.assess.jobs import Batch
from forecast.errors import EvidenceError, RunError
from forecast.evidence import load_evidence
from forecast.study import Study, load_study
from forecast.study.schema import LaplaceSpec
from tests.dated_tables import FIGURES, figures, study_on
from tests.planted_forecasters import Planted, against

ALONE = Batch(workers=1)
YEARS = (2012, 2016, 2020)
BLUNT, SHARP = (
    Planted(size=2.0),
    Planted(size=0.3),
)  # three times, a third of the stay model's error


@pytest.fixture(scope="module")
def demo() -> Study:
    """The demo with a quick sampler."""
    study = load_study("demo")
    laplace = LaplaceSpec(points=64, draws=250)
    return study.model_copy(
        update={"sampler": study.sampler.model_copy(update={"laplace": laplace})}
    )


@pytest.fixture(scope="module")
def found(demo: Study) -> Backtest:
    """A backtest of a calibrated forecaster in the model's place, beside a worse one."""
    return backtest(demo, batch=ALONE, forecasters=against(blunt=BLUNT))


@pytest.fixture(scope="module")
def shipped(demo: Study) -> Backtest:
    """A backtest of the forecasters that ship, as of two years."""
    return backtest(demo, [2016, 2019], batch=ALONE)


def checked(
    study: Study, forecasters: Mapping[str, Forecaster], years: Sequence[int] = YEARS
) -> list[Check]:
    return check_backtest(backtest(study, years, batch=ALONE, forecasters=forecasters))


def verdicts(checks: list[Check], part: str) -> list[str]:
    return [one.verdict for one in checks if part in one.check]


# Verdicts


def test_a_calibrated_and_better_forecaster_passes(found: Backtest) -> None:
    """Its coverage is what it says, its error half of the baseline's: all three checks pass."""
    checks = check_backtest(found)

    assert [one.check for one in checks] == [
        "backtest, 80 % coverage",
        "backtest, 95 % coverage",
        "backtest, skill against blunt",
    ]
    assert [one.verdict for one in checks] == ["pass"] * 3
    assert_allclose([one.value for one in checks], [0.8, 0.95, 0.5], rtol=0, atol=0.03)
    assert [one.limit for one in checks] == [
        "between 0.75 and 0.85",
        "between 0.92 and 0.98",
        "above 0",
    ]


@pytest.mark.parametrize(
    ("width", "expected", "advice"),
    [
        (0.5, ["fail", "fail"], TOO_NARROW),
        (0.88, ["review", "review"], TOO_NARROW),
        (1.15, ["review", "pass"], TOO_WIDE),
        (2.0, ["fail", "fail"], TOO_WIDE),
    ],
)
def test_intervals_that_are_too_narrow_or_too_wide_are_seen(
    demo: Study, width: float, expected: list[str], advice: str
) -> None:
    """Half or twice the due width fails, an eighth too narrow or a seventh too wide is looked at.

    A normal interval of 80 % that is 1.15 times too wide holds 86 %, one of 95 % 97.6 %.
    """
    coverage = [one for one in checked(demo, against(width)) if "coverage" in one.check]

    assert [one.verdict for one in coverage] == expected
    assert [one.advice for one in coverage] == [advice] * len(COVERAGE)


def test_a_better_baseline_fails_the_skill_check(demo: Study) -> None:
    """A baseline with a third of the error fails the model, and only against that baseline."""
    checks = checked(demo, against(sharp=SHARP, blunt=BLUNT))

    assert verdicts(checks, "skill against sharp") == ["fail"]
    assert verdicts(checks, "skill against blunt") == ["pass"]
    assert verdicts(checks, "coverage") == ["pass", "pass"]
    (advice,) = (one.advice for one in checks if "sharp" in one.check)
    assert "The sharp forecasts as well" in advice


def test_as_good_a_baseline_does_not_pass(demo: Study) -> None:
    """Against itself the model has no skill at all; against an equal with other errors, perhaps."""
    checks = checked(demo, against(double=Planted(size=1.0), near=Near()))

    assert verdicts(checks, "against double") == ["fail"]
    assert verdicts(checks, "against near") == ["review"]


class Near:
    """As good as the stand-in of the stay model, with other errors: better here, worse there."""

    def __call__(self, task: Task, seed: int) -> np.ndarray:
        return Planted()(task, seed + 1)


def test_bias_is_no_skill(demo: Study) -> None:
    """Two sd off, the intervals miss and the score is worse than without: both checks fail."""
    checks = checked(demo, {MODEL: Planted(bias=0.6), "honest": Planted()})

    assert [one.verdict for one in checks] == ["fail"] * 3


def test_one_year_of_publication_has_no_interval(demo: Study) -> None:
    """Rows of one year err together: what they say is for review, where it does not pass."""
    checks = checked(demo, against(blunt=BLUNT, sharp=SHARP), years=[2021])

    assert set(verdicts(checks, "skill")) == {"review"}
    assert "fail" not in {one.verdict for one in checks}


def test_the_model_alone_has_no_skill_to_check(demo: Study) -> None:
    """Without a baseline there is coverage alone."""
    alone = backtest(demo, YEARS, batch=ALONE, forecasters=against())

    assert [one.check for one in check_backtest(alone)] == [
        "backtest, 80 % coverage",
        "backtest, 95 % coverage",
    ]
    assert alone.skill.empty


def test_baselines_without_the_model_are_refused(demo: Study) -> None:
    """Skill is the stay model's: a backtest without it says which name lacks."""
    with pytest.raises(RunError, match=f"one of blunt; got {MODEL}"):
        backtest(demo, YEARS, batch=ALONE, forecasters={"blunt": BLUNT})


# Tables


def test_forecasts_are_the_targets_of_each_year_and_forecaster(
    demo: Study, found: Backtest
) -> None:
    """A row for each forecaster, origin year and target, with the facts of the table."""
    table = found.forecasts
    asked = [
        (task.origin_year, row, name)
        for task in tasks(demo, origin_years(demo))
        for name in (MODEL, "blunt")
        for row in task.coming.rows["table_row"]
    ]
    keys = table[["origin_year", "target", "forecaster"]]
    assert list(keys.itertuples(index=False, name=None)) == asked

    facts = ["definition", "origin", "field", "cohort_start", "published", "rate", "n"]
    rows = load_evidence(demo).rows.set_index("table_row").loc[table["target"], facts]
    assert_frame_equal(table[facts], rows.reset_index(drop=True), check_dtype=False)
    assert_array_equal(table["horizon"], table["published"] - table["origin_year"])


def test_scores_have_the_groups(found: Backtest) -> None:
    """Each grouping splits all forecasts of both forecasters; its groups are those of the demo."""
    table = found.scores
    groups = {name: set(of["group"]) for name, of in table.groupby("grouping")}

    assert set(groups) == {"all", *GROUPS}
    assert groups["definition"] == {"intention", "resident"}
    assert groups["horizon_group"] == {"1", "2", "3", "4", "5", "6+"}
    assert groups["origin"] == {"ALL", "north", "east", "south"}
    assert groups["field"] == {"ALL", "alpha", "beta"}
    assert groups["earlier_group"] == {"1 to 4", "5 or more"}
    assert groups["size_group"] == {"100 to 999", "1,000 or more"}
    counted = table.groupby(["grouping", "forecaster"])["forecasts"].sum()
    assert set(counted) == {len(found.forecasts) / 2}
    assert list(table.columns[:2]) == list(found.skill.columns[:2]) == ["grouping", "group"]


def test_scores_of_a_group_are_means_of_its_forecasts(found: Backtest) -> None:
    """Means and coverage by hand, from the rows of the group; clusters are years of publication."""
    mine = found.forecasts[found.forecasts["forecaster"].eq(MODEL)]
    for grouping, group in (("all", "all"), ("origin", "north"), ("horizon_group", "6+")):
        rows = mine if grouping == "all" else mine[mine[grouping].eq(group)]
        chosen = found.scores.query(
            "grouping == @grouping and group == @group and forecaster == @MODEL"
        )
        assert len(chosen) == 1
        row = chosen.iloc[0]
        assert row["clusters"] == rows["published"].nunique()
        value = [row["crps"], row["log_score"], row["coverage_80"]]
        by_hand = [rows["crps"].mean(), rows["log_score"].mean(), rows["inside_80"].mean()]
        assert_allclose(value, by_hand, rtol=1e-9, atol=0)
        assert row["coverage_80_lower"] <= row["coverage_80"] <= row["coverage_80_upper"]


def test_skill_of_a_group_is_one_less_the_ratio_of_means(found: Backtest) -> None:
    """1 - mean CRPS of the model / mean CRPS of the baseline, in each group."""
    means = found.scores.set_index(["grouping", "group", "forecaster"])["crps"]

    assert set(found.skill["baseline"]) == {"blunt"}
    for row in found.skill.itertuples():
        mine, other = (means[row.grouping, row.group, name] for name in (MODEL, "blunt"))
        assert_allclose(row.skill, 1 - mine / other, rtol=1e-9, atol=0)
        assert row.skill_lower <= row.skill <= row.skill_upper


def test_forecasters_of_a_task_share_random_numbers(demo: Study) -> None:
    """The same forecaster under two names has the same scores, the random PIT among them."""
    (task,) = tasks(demo, [2018])
    table = scored(task, 1, {"one": Planted(), "other": Planted()})

    one, other = (of.reset_index(drop=True) for _, of in table.groupby("forecaster"))
    assert_frame_equal(one.drop(columns="forecaster"), other.drop(columns="forecaster"))


def test_the_stay_model_and_the_baselines_forecast_the_demo(shipped: Backtest) -> None:
    """The forecasters that ship forecast all targets, with finite scores."""
    table = shipped.forecasts

    assert list(table["forecaster"].unique()) == list(FORECASTERS)
    assert set(table.groupby("forecaster").size()) == {45 + 22}
    assert np.isfinite(table[["crps", "wis", "log_score", "pit"]]).all(axis=None)
    assert len(check_backtest(shipped)) == len(COVERAGE) + len(FORECASTERS) - 1


# Stopped and resumed, in parallel


def equal(one: Backtest, other: Backtest) -> None:
    """Assert that two backtests have the same bytes."""
    for name in ("forecasts", "scores", "skill"):
        assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)


def test_a_killed_backtest_resumes_to_equal_tables(demo: Study, tmp_path: Path) -> None:
    """A process that dies in 2016 costs that year alone: the rest is read, the tables are equal."""
    straight = backtest(demo, YEARS, batch=ALONE, forecasters=against(blunt=BLUNT))
    deadly = against(blunt=Planted(size=2.0, ends_in=2016))
    with pytest.raises(RunError, match="Call again"):
        backtest(demo, YEARS, batch=Batch(tmp_path, workers=2), forecasters=deadly)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.csv")}
    assert "2016" not in {path.stem for path in kept}

    resumed = backtest(demo, YEARS, 1, Batch(tmp_path, workers=1), against(blunt=BLUNT))

    assert {path.stem for path in tmp_path.glob("*.csv")} == set(map(str, YEARS))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    equal(resumed, straight)
    nothing_to_do = against(blunt=Planted(ends_in=2016))
    equal(backtest(demo, YEARS, 1, Batch(tmp_path, workers=1), nothing_to_do), straight)


def test_two_processes_find_what_one_does(demo: Study, shipped: Backtest) -> None:
    """The stay model and the baselines, in parallel as in turn, to the last bit."""
    equal(backtest(demo, [2016, 2019], batch=Batch(workers=2)), shipped)


def test_the_seed_is_all_the_randomness(demo: Study) -> None:
    """The same seed finds the same, another one something else."""
    asked = {"batch": ALONE, "forecasters": against(blunt=BLUNT)}
    first, second, other = (backtest(demo, YEARS, seed, **asked) for seed in (5, 5, 6))

    equal(first, second)
    assert not first.forecasts["crps"].equals(other.forecasts["crps"])


# Origin years


def test_origin_years_by_hand(tmp_path: Path) -> None:
    """Nine figures of 2010 to 2016: one of 2010 is less than a fifth, three by 2011 are more.

    In 2016 none is to come.
    """
    assert origin_years(study_on(figures(), tmp_path)) == [2011, 2012, 2013, 2014, 2015]


def test_origin_years_of_the_demo_by_hand(demo: Study) -> None:
    """120 figures to 2022, six a year from 2007: 24 by 2010 are a fifth with the 25th in 2011."""
    assert origin_years(demo) == list(range(2011, 2022))


def test_one_year_of_publication_has_no_origin_year(tmp_path: Path) -> None:
    """All figures at once: nothing is known before they come, and the error says so."""
    table = figures().assign(published="2012")
    study = study_on(table, tmp_path)

    assert origin_years(study) == []
    with pytest.raises(EvidenceError, match="got no year"):
        backtest(study, batch=ALONE)


def test_a_backtest_starts_from_the_default_years(tmp_path: Path, demo: Study) -> None:
    """Without years asked, from the default ones; else from those asked, once each."""
    study = study_on(figures(FIGURES.replace(",2016", ",2017")), tmp_path)
    default = backtest(study, batch=ALONE, forecasters=against())
    asked = backtest(demo, [2016, 2012, 2016], batch=ALONE, forecasters=against())

    assert list(default.forecasts["origin_year"].unique()) == [2011, 2012, 2013, 2014, 2015, 2016]
    assert list(asked.forecasts["origin_year"].unique()) == [2016, 2012]
    assert not asked.forecasts.duplicated(["origin_year", "target"]).any()


# The probability integral transform


def test_pit_counts_by_hand() -> None:
    """Bins are closed below, the last one above too; each forecaster has all bins, in order."""
    pit = {"b": [0.0, 0.2, 0.25, 0.6, 1.0], "a": [0.5, 0.5]}
    table = pd.concat([pd.DataFrame({"forecaster": k, "pit": v}) for k, v in pit.items()])

    counts = pit_counts(Backtest(table, table, table), bins=4)

    assert_array_equal(counts["lower"], [0, 0.25, 0.5, 0.75] * 2)
    assert_array_equal(counts["upper"], [0.25, 0.5, 0.75, 1] * 2)
    assert counts["forecaster"].tolist() == ["b"] * 4 + ["a"] * 4
    assert counts["count"].tolist() == [2, 1, 1, 1, 0, 0, 2, 0]


def test_pit_counts_show_the_width(demo: Study) -> None:
    """Even for a calibrated forecaster; a valley where it is too sure, a hump where it is not."""
    forecasters = {MODEL: Planted(), "narrow": Planted(0.5), "wide": Planted(2.0)}
    counts = pit_counts(backtest(demo, YEARS, batch=ALONE, forecasters=forecasters), bins=4)
    even, narrow, wide = (
        of["count"].to_numpy() for _, of in counts.groupby("forecaster", sort=False)
    )

    assert_allclose(even / even.sum(), 0.25, rtol=0, atol=0.03)
    assert min(narrow[0], narrow[3]) > 2 * max(narrow[1], narrow[2])
    assert max(wide[0], wide[3]) < min(wide[1], wide[2]) / 2
