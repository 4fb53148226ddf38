"""The shipped datasets: names, metadata, published figures, consistency."""

import numpy as np
import pandas as pd
import pytest

from forecast.datasets import dataset_names, demo_truth, load_dataset
from forecast.errors import EvidenceError
from forecast.share.workforce import share_sets, workforce_faults
from forecast.study import load_study

KEY = ["source", "series", "definition", "origin", "field"]
KEY += ["cohort_start", "cohort_end", "years_since", "observed_year"]
LEAVES = {
    *("computer_science", "mathematics", "engineering", "life_sciences"),
    *("health", "physical_sciences", "social_sciences", "non_science"),
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return load_dataset("us_doctorates")


@pytest.fixture(scope="module")
def sizes() -> pd.DataFrame:
    return load_dataset("us_doctorates_sizes")


@pytest.mark.parametrize("name", dataset_names())
def test_each_dataset_says_what_it_is(name: str) -> None:
    """Each dataset has rows, a title, a description, caveats that are sentences, its own name."""
    table = load_dataset(name)

    assert len(table) > 0
    assert table.attrs["name"] == name
    assert table.attrs["title"]
    assert table.attrs["description"]
    assert all(caveat.endswith(".") for caveat in table.attrs["caveats"])
    assert table.attrs["caveats"]


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    """A wrong name raises EvidenceError, with the name got and the nearest legal one."""
    with pytest.raises(EvidenceError, match=r"'us_doctorate'.*'us_doctorates'"):
        load_dataset("us_doctorate")


def test_loading_gives_a_fresh_copy() -> None:
    """Changing a loaded table or its metadata does not change the next one loaded."""
    first = load_dataset("us_ai_workforce")
    first["value"] = 0.0
    first.attrs["sources"]["MACROPOLO_1"]["title"] = ""
    second = load_dataset("us_ai_workforce")

    assert second["value"].max() > 0
    assert second.attrs["sources"]["MACROPOLO_1"]["title"]


@pytest.mark.parametrize("name", ["us_doctorates", "us_ai_workforce", "flows", "elasticities"])
def test_each_source_is_in_the_list_of_sources(name: str) -> None:
    """The metadata name title and year of publication of every source of the table."""
    table = load_dataset(name)
    sources = table.attrs["sources"]

    assert set(sources) == set(table["source"])
    assert all(source["title"] and source["published"] > 1980 for source in sources.values())


FIGURES = [
    # definition, origin, field, cohort_start, years_since, rate, n
    ("intention", "CHN", "ALL", 2023, 0, 0.775, 6652),
    ("intention", "ALL", "ALL", 2003, 0, 0.657, 10602),
    ("intention", "KOR", "ALL", 2003, 0, None, 1229),
    ("intention_noncitizen", "ALL", "computer_mathematics", 2016, 0, 0.802, 9093),
    ("intention_noncitizen", "ALL", "life_health", 2008, 0, 0.783, 14290),
    ("commitment", "ALL", "computer_science", 2023, 0, 0.8829, 999),
    ("commitment", "ALL", "engineering", 2009, 0, 0.833, 2454),
    ("commitment", "ALL", "physical_broad", 1998, 0, 0.796, None),
    ("commitment", "ALL", "non_science", 2021, 0, 0.5807, 1419),
    ("resident", "CHN", "all_se", 2015, 5, 0.88, 14250),
    ("resident", "CHN", "all_se", 2006, 10, 0.90, 13000),
    ("resident", "CHN", "all_se", 2017, 5, 0.83, 15800),
    ("resident", "KOR", "all_se", 2010, 10, 0.43, 4150),
    ("resident", "ALL", "computer_mathematics", 2010, 10, 0.63, 5700),
    ("resident_tax", "CHN", "all_se", 2002, 5, 0.94, None),
    ("resident_tax", "ALL", "all_se", 1996, 5, 0.58, None),
    ("resident_tax", "THA", "all_se", 2002, 5, 0.07, None),
    ("resident_tax_foreign", "ALL", "computer_science", 2004, 5, 0.66, 510),
    ("resident_tax_foreign", "ALL", "all_se", 1995, 16, 0.61, None),
]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: "-".join(map(str, f[:5])))
def test_a_published_figure_is_in_the_table(table: pd.DataFrame, figure: tuple) -> None:
    """A figure read from the publication stands in the table once, with its base."""
    definition, origin, field, cohort, years, rate, n = figure
    rows = table[
        (table["definition"] == definition)
        & (table["origin"] == origin)
        & (table["field"] == field)
        & (table["cohort_start"] == cohort)
        & (table["years_since"] == years)
    ]

    assert len(rows) == 1
    if rate is not None:
        np.testing.assert_allclose(rows["rate"], rate)
    if n is None:
        assert rows["n"].isna().all()
    else:
        np.testing.assert_allclose(rows["n"], n)


def test_pooled_leaves_are_weighted_means() -> None:
    """Two pooled leaves equal the hand computation from their published parts."""
    table = load_dataset("us_doctorates")
    pooled = table[table["notes"].fillna("").str.startswith("pooled")]
    social = pooled.query("field == 'social_sciences' and cohort_start == 2021")
    panel = pooled.query("source == 'FINN2009' and field == 'engineering' and years_since == 5")

    np.testing.assert_allclose(social["rate"], (156 + 552) / (205 + 1032), atol=5e-5)
    np.testing.assert_allclose(panel["rate"], (1110 * 0.68 + 2444 * 0.63) / 3554, atol=5e-5)
    np.testing.assert_allclose(panel["n"], 3554)


def test_rows_are_possible(table: pd.DataFrame) -> None:
    """Rates are in [0, 1], bases positive, windows ordered, kinds of base known."""
    assert table["rate"].between(0, 1).all()
    assert (table["n"].dropna() > 0).all()
    assert (table["cohort_start"] <= table["cohort_end"]).all()
    assert (table["rounding"] > 0).all()
    assert set(table["n_kind"]) == {"census", "survey", "none"}
    assert ((table["n_kind"] == "none") == table["n"].isna()).all()
    assert "OTH" not in set(table["origin"])


def test_times_agree(table: pd.DataFrame) -> None:
    """The nominal years lie within the range that the year of observation gives."""
    seen = table.dropna(subset=["years_since", "observed_year"])

    assert (seen["years_since"] >= seen["observed_year"] - seen["cohort_end"]).all()
    assert (seen["years_since"] <= seen["observed_year"] - seen["cohort_start"]).all()
    assert table[["years_since", "observed_year"]].notna().any(axis=1).all()
    assert (table["published"] >= table["observed_year"].fillna(table["cohort_end"])).all()


def test_no_row_stands_twice(table: pd.DataFrame) -> None:
    """No two rows are equal in all that tells a figure from another."""
    assert not table.duplicated(KEY).any()


def test_no_cell_has_two_vintages(table: pd.DataFrame) -> None:
    """Under one definition no cell has two rows, whatever their source."""
    cell = ["definition", "origin", "field", "cohort_start", "cohort_end", "years_since"]
    known = table.dropna(subset=["years_since"])

    assert not known.duplicated(cell).any()


def test_no_row_is_both_used_and_excluded(table: pd.DataFrame) -> None:
    """A figure with its own row in the table is not among the excluded ones."""
    excluded = load_dataset("us_doctorates_excluded")
    unpooled = excluded[~excluded["reason"].str.startswith("pooled")]
    survey = unpooled[unpooled["measure"] == "actual_stay"]
    cell = ["source", "origin", "cohort_start", "cohort_end", "observed_year", "rate"]
    used = table[table["field"] == "all_se"].merge(
        survey[survey["field_as_published"].isin(["S&E", "science and engineering"])], on=cell
    )

    assert used.empty
    assert unpooled["reason"].notna().all()


def test_fields_are_leaves_or_groups(table: pd.DataFrame) -> None:
    """Each field of the table is a leaf or a group whose members are leaves."""
    groups = load_dataset("field_groups")

    assert set(groups["field"]) == LEAVES
    assert set(table["field"]) <= LEAVES | set(groups["group"])
    assert set(groups.query("group == 'all_se'")["field"]) == LEAVES - {"non_science"}


def test_sizes_meet_the_published_origin_margin(sizes: pd.DataFrame) -> None:
    """Sizes of an origin and year sum to the published count (8 cells of one decimal)."""
    margin = sizes.groupby(["origin", "year"])["n"].sum()
    figures = {("CHN", 2023): 6652, ("CHN", 2000): 2176, ("IND", 2012): 2248, ("THA", 2021): 125}

    for cell, n in figures.items():
        np.testing.assert_allclose(margin[cell], n, atol=0.5)


def test_sizes_meet_the_published_field_margin(sizes: pd.DataFrame) -> None:
    """Sizes of a field and year sum to the published count (27 cells of one decimal)."""
    margin = sizes.groupby(["field", "year"])["n"].sum()
    figures = {
        ("computer_science", 2023): 1573,
        ("computer_science", 1988): 176,
        ("engineering", 1985): 1423,
        ("life_sciences", 2020): 658 + 2173,
        ("physical_sciences", 2023): 2076 + 395,
        ("social_sciences", 2023): 366 + 1769,
        ("non_science", 2023): 2625,
    }

    for cell, n in figures.items():
        np.testing.assert_allclose(margin[cell], n, atol=1.4)


def test_sizes_meet_the_published_totals(sizes: pd.DataFrame) -> None:
    """Sizes of a year sum to the published total (216 cells of one decimal)."""
    total = sizes.groupby("year")["n"].sum()

    np.testing.assert_allclose(total[[1985, 2003, 2023]], [5252, 10603, 19393], atol=4)


def test_sizes_are_complete(sizes: pd.DataFrame) -> None:
    """There is one positive size for each of 39 years, 27 origins and 8 fields."""
    assert len(sizes) == 39 * 27 * 8
    assert not sizes.duplicated(["year", "origin", "field"]).any()
    assert (sizes["n"] > 0).all()


def test_domestic_doctorates_are_published_where_they_say_so() -> None:
    """Published leaves equal the publication; computing fields are published from 2003."""
    table = load_dataset("us_domestic_doctorates").set_index(["year", "field"])

    np.testing.assert_allclose(table.loc[(2023, "computer_science"), "n"], 965)
    np.testing.assert_allclose(table.loc[(2003, "engineering"), "n"], 2179)
    np.testing.assert_allclose(table.loc[(2010, "mathematics"), "n"], 838)
    recent = table.loc[2003:2023]
    assert set(recent["method"]) == {"published"}
    np.testing.assert_allclose(table.groupby("year")["n"].sum()[2023], 35566, atol=0.5)


def test_workforce_rows_are_of_one_basis() -> None:
    """Printed shares of two years, derived ones of two, a survival and a stay rate: nine rows."""
    table = load_dataset("us_ai_workforce")
    assert len(table) == 9
    assert set(table["basis"]) == {"first degree"}

    values = table.set_index(["series", "quantity", "year", "group"])["value"]
    assert values["macropolo_tracker", "share", 2019, "CHN"] == 0.27
    assert values["macropolo_tracker", "share", 2022, "CHN"] == 0.38
    assert values["carnegie_follow_up", "survival", 2025, "CHN"] == 0.87
    assert values["macropolo_tracker", "stay", 2019, "CHN"] == 0.88


def test_derived_shares_say_so() -> None:
    """Rows of carnegie_sample are of one group, second hand, without a printed n, and say how."""
    table = load_dataset("us_ai_workforce")
    derived = table[table["series"] == "carnegie_sample"].set_index("year")

    assert derived["value"].to_dict() == {2022: 0.354, 2025: 0.440}
    assert derived["n"].between(200, 600).all()
    assert not derived["n_published"].astype(bool).any()
    assert set(derived["group"]) == {"CHN"}
    assert set(derived["published"]) == {2026}
    for year, printed in ((2022, "0.463 0.271 0.464"), (2025, "0.574 0.406 0.342")):
        note = derived.loc[year, "notes"]
        assert all(word in note for word in ["derived, not printed", "z = 0.95", "k = 0.8"])
        assert all(f"= {number} " in note for number in printed.split())


def test_the_workforce_table_fits_its_study() -> None:
    """No row breaks a rule of the study, and each series and year forms one set of shares."""
    spec = load_study("china_ai_2030").share
    assert spec is not None
    table = load_dataset("us_ai_workforce")

    assert workforce_faults(table, spec) == []
    sets = [(one["series"].iloc[0], one["year"].iloc[0]) for one in share_sets(table, spec)]
    tracker = [("macropolo_tracker", 2019), ("macropolo_tracker", 2022)]
    assert sets == [("carnegie_sample", 2022), ("carnegie_sample", 2025), *tracker]


def test_demo_agrees_with_its_truth() -> None:
    """Demo residence rates lie within four sampling errors of the true weighted probability."""
    table = load_dataset("demo").query("definition == 'resident'")
    cells = pd.DataFrame(demo_truth()["resident_5_years"])
    sizes = load_dataset("demo_sizes").rename(columns={"year": "cohort"})
    cells = cells.merge(sizes, on=["origin", "field", "cohort"])
    weight = 40

    for row in table.itertuples():
        part = cells[cells["cohort"] == row.cohort_start]
        part = part[(part["origin"] == row.origin) | (part["field"] == row.field)]
        p = np.average(part["p"], weights=part["n"])
        error = np.sqrt(p * (1 - p) / (row.n / weight))
        np.testing.assert_allclose(row.rate, p, atol=4 * error + 0.005)
