"""What was known at a date, and what came later: by hand on a small table, and on shipped ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from forecast.assess.as_of import SERIES, Task, tasks
from forecast.assess.backtest import origin_years
from forecast.errors import EvidenceError
from forecast.evidence import load_evidence
from forecast.study import Study, load_study
from tests.dated_tables import FIGURES, figures, study_on


@pytest.fixture
def made_up(tmp_path: Path) -> Study:
    """The demo on the small table of figures."""
    return study_on(figures(), tmp_path)


def letters(rows: pd.DataFrame) -> str:
    return "".join(sorted(rows["id"]))


def of_letters(task: Task, column: str) -> dict[str, int]:
    """Return a column of the rows to come by their letters."""
    return dict(zip(task.coming.rows["id"], task.coming.rows[column].tolist(), strict=True))


# By hand


@pytest.mark.parametrize(
    ("year", "known", "coming"),
    [
        (2010, "a", "bcde"),
        (2011, "abc", "de"),
        (2012, "abcef", "d"),
        (2013, "abcefi", "d"),
        (2014, "abcefgi", "dh"),
        (2015, "abcdefgi", "h"),
    ],
)
def test_what_is_known_and_what_comes_by_hand(
    made_up: Study, year: int, known: str, coming: str
) -> None:
    """A row is known from its publication on; targets continue a known series.

    f and i wait for a row of their definition and of their population, g and h of their series; v
    was never published. d is of 2010 and printed in 2015: until then it is to come.
    """
    (task,) = tasks(made_up, [year])

    assert (task.study, task.origin_year) == (made_up, year)
    assert letters(task.known.rows) == known
    assert letters(task.coming.rows) == coming


def test_horizon_counts_years_to_publication(made_up: Study) -> None:
    """Not to the year a row speaks of: d, of 2010, is three years ahead of 2012."""
    first, third, fifth = tasks(made_up, [2010, 2012, 2014])

    assert of_letters(first, "horizon") == {"b": 1, "c": 1, "d": 5, "e": 2}
    assert of_letters(third, "horizon") == {"d": 3}
    assert of_letters(fifth, "horizon") == {"d": 1, "h": 2}


def test_earlier_counts_known_rows_of_the_same_group(made_up: Study) -> None:
    """The same series, definition, population, origin and field: a and b for d, none for e."""
    first, second, fifth = tasks(made_up, [2010, 2011, 2014])

    assert of_letters(first, "earlier") == {"b": 1, "c": 0, "d": 1, "e": 0}
    assert of_letters(second, "earlier") == {"d": 2, "e": 0}
    assert of_letters(fifth, "earlier") == {"d": 2, "h": 1}


def test_a_table_without_series_goes_by_definition(tmp_path: Path) -> None:
    """Where nothing tells series apart, a definition in a population is one: g and h continue a."""
    table = figures().drop(columns="series")
    (task,) = tasks(study_on(table, tmp_path), [2011])

    assert letters(task.coming.rows) == "degh"
    assert of_letters(task, "earlier") == {"d": 2, "e": 0, "g": 2, "h": 2}


# Totals and what their parts leave

TOTALS = """
id,series,definition,population,origin,field,cohort_start,years_since,rate,n,n_kind,published
t,digest,resident,all,ALL,alpha,2006,2,0.60,100,survey,2010
n,digest,resident,all,north,alpha,2006,2,0.80,50,survey,2012
T,digest,resident,all,ALL,alpha,2007,2,0.70,1000,survey,2011
N,digest,resident,all,north,alpha,2007,2,0.90,400,survey,2011
E,digest,resident,all,east,alpha,2007,2,0.60,300,survey,2013
"""


def test_totals_are_arranged_within_what_is_known(tmp_path: Path) -> None:
    """A total gives way to what its parts leave once they are published, not before.

    In 2010 the total of 2006 stands whole. Less north, of 2012, it leaves (60 - 40) / 50 = .4.
    That of 2007 leaves (700 - 360) / 600 in 2012, and (700 - 360 - 180) / 300 in 2013.
    """
    study = one_source(TOTALS, tmp_path)
    first, second, third = (task.known for task in tasks(study, [2010, 2011, 2012]))
    whole = load_evidence(study)

    assert remainders(first.rows) == {}
    total = first.rows.set_index("id").loc["t"]
    assert (total["origin"], total["rate"], total["n"]) == ("ALL", 0.6, 100)
    assert_by_letter(remainders(second.rows), {"T": 340 / 600})
    assert_by_letter(remainders(third.rows), {"t": 0.4, "T": 340 / 600})
    assert_by_letter(remainders(whole.rows), {"t": 0.4, "T": 160 / 300})


def test_what_comes_is_arranged_without_what_is_known(tmp_path: Path) -> None:
    """In 2010 the total of 2007 comes with its parts; of 2006 a part comes, whose total is known.

    In 2011 only parts of known totals are to come: they stand for themselves.
    """
    study = one_source(TOTALS, tmp_path)
    first, second = (task.coming.rows for task in tasks(study, [2010, 2011]))

    assert letters(first) == "ENTn"
    assert_by_letter(remainders(first), {"T": 160 / 300})
    assert letters(second) == "En"
    assert remainders(second) == {}


def one_source(text: str, folder: Path) -> Study:
    """Return a study whose rows share a source, as totals and parts do."""
    return study_on(figures(text).assign(source="digest"), folder)


def remainders(rows: pd.DataFrame) -> dict[str, float]:
    """Return the rates of remainders by the letters of their totals."""
    left = rows[rows["derived"]]
    return dict(zip(left["id"], left["rate"].tolist(), strict=True))


def assert_by_letter(found: dict[str, float], expected: dict[str, float]) -> None:
    assert set(found) == set(expected)
    values = [found[letter] for letter in expected]
    assert_allclose(values, list(expected.values()), rtol=1e-12, atol=0)


def test_a_total_that_only_its_parts_make_readable_is_told(tmp_path: Path) -> None:
    """A total without cells of known size is no fault beside all its parts, and one before them.

    It is told, with its line: nothing is left out of a backtest behind the user's back.
    """
    text = """
id,series,definition,population,origin,field,cohort_start,years_since,rate,n,n_kind,published
a,digest,resident,all,north,alpha,2006,2,0.7,60,survey,2009
T,digest,resident,all,ALL,alpha,2007,2,0.7,100,survey,2010
N,digest,resident,all,north,alpha,2007,2,0.7,30,survey,2011
E,digest,resident,all,east,alpha,2007,2,0.7,30,survey,2011
S,digest,resident,all,south,alpha,2007,2,0.7,40,survey,2011
"""
    study = one_source(text, tmp_path)
    labels = {
        "year": [2006, 2007],
        "origin": ["north", "east", "south"],
        "field": ["alpha", "beta"],
    }
    cells = pd.MultiIndex.from_product(list(labels.values()), names=list(labels))
    sizes = cells.to_frame(index=False).assign(n=lambda cell: 9 * (cell["year"] == 2006))
    sizes.to_csv(tmp_path / "sizes.csv", index=False)
    evidence = study.evidence.model_copy(update={"sizes": "sizes.csv"})
    unsized = study.model_copy(update={"evidence": evidence})

    assert letters(load_evidence(unsized).rows) == "ENSa"
    with pytest.raises(EvidenceError, match=r"line 3.*known size"):
        tasks(unsized, [2010])


# Errors


@pytest.mark.parametrize(
    ("years", "got"), [([], "no year"), ([1999], "1999"), ([2016, 2020], "2016, 2020")]
)
def test_years_without_a_task_are_refused(made_up: Study, years: list[int], got: str) -> None:
    """Years before the first or after the last publication have nothing to forecast."""
    with pytest.raises(EvidenceError, match=rf"rows published before and after; got {got}\."):
        tasks(made_up, years)


def test_years_with_nothing_to_forecast_are_left_out(made_up: Study) -> None:
    """Other years keep their tasks, in the order asked."""
    found = tasks(made_up, [2015, 1999, 2011, 2016])

    assert [task.origin_year for task in found] == [2015, 2011]


def test_a_table_without_years_of_publication_is_refused(tmp_path: Path) -> None:
    """No row is known at any date then; the error says which column to fill."""
    table = figures().drop(columns="published")
    study = study_on(table, tmp_path)

    assert origin_years(study) == []
    with pytest.raises(EvidenceError, match=r"got no year.*fill the column published"):
        tasks(study, origin_years(study))


def test_faults_of_the_table_are_told_first(tmp_path: Path) -> None:
    """A fault in a row that no task uses is told, too."""
    wrong = figures(FIGURES.replace("0.69", "1.5"))

    with pytest.raises(EvidenceError, match=r"line 11.*rate"):
        tasks(study_on(wrong, tmp_path), [2011])


# Shipped studies


@pytest.mark.parametrize("name", ["demo", "us_doctorates", "china_ai_2030"])
def test_no_row_is_on_both_sides(name: str) -> None:
    """On each shipped study: known up to the year, targets after it, of known series, counted."""
    study = load_study(name)
    whole = set(load_evidence(study).rows["published"])
    for task in tasks(study, origin_years(study)[::6]):
        known, coming = task.known.rows, task.coming.rows
        assert known["published"].max() <= task.origin_year < coming["published"].min()
        assert set(known["published"]) | set(coming["published"]) <= whole
        assert not set(known["table_row"]) & set(coming["table_row"])
        assert coming["table_row"].is_unique
        key = [column for column in SERIES if column in known]
        assert set(map(tuple, coming[key].to_numpy())) <= set(map(tuple, known[key].to_numpy()))
        assert_allclose(task.coming.operator.sum(axis=1), 1, rtol=1e-12, atol=0)
        assert task.coming.operator.shape == (len(coming), len(task.coming.cells))
        seen = [counted(known, row) for row in coming.itertuples()]
        np.testing.assert_array_equal(coming["earlier"], seen)
        np.testing.assert_array_equal(coming["horizon"], coming["published"] - task.origin_year)


def counted(known: pd.DataFrame, row: object) -> int:
    """Return how many known rows are of the group of a row, one by one."""
    columns = [*(column for column in SERIES if column in known), "origin", "field"]
    agree = [known[column].eq(getattr(row, column)) for column in columns]
    return int(np.logical_and.reduce(agree).sum())
