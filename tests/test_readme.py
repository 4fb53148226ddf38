"""The README says what the reference report says."""

from pathlib import Path

import pandas as pd
import pytest

from forecast.assessment_folder import load_assessment
from forecast.study import load_study, study_hash

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "reports" / "reference" / "china_ai_2030"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def table(name: str) -> pd.DataFrame:
    """Read a table of the reference report."""
    return pd.read_csv(REFERENCE / "data" / f"{name}.csv")


def line_of(row: pd.Series, prob: float) -> str:
    """Return the end of the README's line on a quantity."""
    text = f"{row['median']:.0%} | {row['lower'] * 100:.0f} to {row['upper']:.0%} ({prob:.0%})"
    return text.replace("%", " %")


@pytest.mark.parametrize("cohort", [2018, 2024])
def test_stay_rates_of_the_readme(cohort: int) -> None:
    """Each stay rate of the README, with its interval, stands in the reference report."""
    rates = table("stay_rates")
    at = (
        rates["origin"].eq("CHN")
        & rates["field"].eq("computer_science")
        & rates["cohort"].eq(cohort)
    )

    assert line_of(rates[at & rates["years_since"].eq(5)].iloc[0], 0.9) in README


@pytest.mark.parametrize("scenario", ["baseline", "article"])
def test_shares_of_the_readme(scenario: str) -> None:
    """Each share of the README, its interval and its probability stand in the reference report."""
    share = table("share").query("year == 2030 and group == 'CHN' and prob == 0.95")
    found = table("probabilities").set_index("scenario").loc[scenario]

    assert line_of(share.set_index("scenario").loc[scenario], 0.95) in README
    assert f"{found['probability']:.2%}".replace("%", " %") in README
    assert f"{found['mcse'] * 100:.2f} points" in README


def test_range_of_the_readme() -> None:
    """The range over the alternatives is that of the reference report."""
    found = table("alternatives")
    worst = f"{found['probability'].max():.1%}".replace("%", " %")

    assert found["probability"].min() < 1 / 500
    assert f"from under 1 in 500 to {worst}" in README
    assert f"errors up to {found['mcse'].max() * 100:.1f} points" in README


def test_what_hangs_on_the_derived_shares() -> None:
    """The README says what the article's path would do without the derived shares."""
    found = table("ranges").set_index(["answer", "of"]).loc[("probability", "article")]

    medians = table("alternatives").set_index("alternative")["share_median"]
    with_them, without = (
        f"{medians[name]:.0%}".replace("%", " %") for name in ("base", "without_2025")
    )

    assert f"the median is {with_them}" in README
    assert f"without them {without}" in README
    assert found["highest_under"] == "without_2025"
    assert f"the probability is then {found['highest']:.1%}".replace("%", " %") in README


def test_the_backtest_of_the_readme() -> None:
    """Coverage and skill of the README stand in the committed backtest, with their intervals."""
    folder = ROOT / "assessments" / "china_ai_2030" / "backtest"
    scores, skill = (pd.read_csv(folder / f"{name}.csv") for name in ("scores", "skill"))
    mine = scores[scores["forecaster"].eq("stay model") & scores["grouping"].eq("all")].iloc[0]
    held = f"{mine['coverage_80']:.0%} ({mine['coverage_80_lower'] * 100:.0f} to "
    held += f"{mine['coverage_80_upper']:.0%}) of {mine['forecasts']:,} later figures"
    said = " ".join(README.split())

    assert held.replace("%", " %") in said
    for baseline in ("last value", "local level"):
        of = skill[skill["grouping"].eq("all") & skill["baseline"].eq(baseline)].iloc[0]
        less = f"{of['skill']:.0%} ({of['skill_lower'] * 100:.0f} to {of['skill_upper']:.0%})"
        assert f"{less.replace('%', ' %')} below that of" in said


def test_the_assessment_belongs_to_the_shipped_study() -> None:
    """Every committed part of an assessment is of the study and the tables that ship."""
    for folder in (ROOT / "assessments").iterdir():
        found = load_assessment(load_study(folder.name), folder)
        assert found.parts
        assert not found.stale


def test_the_reference_belongs_to_the_shipped_study() -> None:
    """The reference report was made from the study file that ships, and passed its checks."""
    run = pd.read_json(REFERENCE / "run.json", typ="series")

    assert run["verdict"] == "pass"
    assert run["hashes"]["study"] == study_hash(load_study("china_ai_2030"))
