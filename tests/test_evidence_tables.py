"""Tables of the user: all faults at once, each with its line, column, rule, value and way out."""

from pathlib import Path

import numpy as np
import pytest

from forecast.datasets import load_dataset
from forecast.errors import EvidenceError
from forecast.evidence import check_observations, checked_table, findings_table, read_table
from forecast.evidence.tables import check_columns

HEADER = "source,definition,origin,field,cohort_start,cohort_end,years_since,rate"


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding=encoding)
    return path


def found(tmp_path: Path, text: str, as_of: int = 2026, definitions=None) -> list[tuple[int, str]]:
    """Return (line, column) of each finding of a CSV text."""
    table = read_table(str(written(tmp_path, text)))
    findings = findings_table(check_observations(table, as_of, definitions)[1])
    return list(zip(findings["line"], findings["column"], strict=True))


@pytest.mark.parametrize("name", ["demo", "us_doctorates"])
def test_shipped_observations_have_no_fault(name):
    """The shipped tables pass their own check."""
    assert check_observations(read_table(name), 2026)[1] == []


def test_a_table_of_required_columns_is_enough(tmp_path):
    """Absent optional columns are unknown, and further columns are carried untouched."""
    text = f"{HEADER},mine\nA,resident,north,ALL,2010,2012, 5 , 0.8,  kept as is \n"
    typed, findings = check_observations(read_table(str(written(tmp_path, text))), 2026)
    assert findings == []
    row = typed.iloc[0]
    assert (row["rate"], row["years_since"], row["mine"]) == (0.8, 5.0, "  kept as is ")
    assert row["n_kind"] == "none"
    assert row[["observed_year", "n", "se", "rounding", "published"]].isna().all()


def test_labels_are_text(tmp_path):
    """NA is Namibia, an empty n_kind is none, and spaces around a label are no part of it."""
    text = f"{HEADER},n_kind\nA,resident, NA ,007,2010,2010,5,0.8,\n"
    typed, findings = check_observations(read_table(str(written(tmp_path, text))), 2026)
    assert findings == []
    assert typed.loc[0, ["origin", "field", "n_kind"]].tolist() == ["NA", "007", "none"]


def test_all_missing_columns_are_named_and_rows_are_tested_still(tmp_path):
    """Header and rows are judged together as far as the columns go."""
    text = "source,definition,origin,cohort_start,cohort_end,rate\nA,resident,north,2012,2010,85\n"
    assert found(tmp_path, text) == [
        (1, "field"),
        (1, "years_since"),
        (2, "cohort_end"),
        (2, "rate"),
    ]


@pytest.mark.parametrize("value", ["many", "nan", "inf", "-inf", "0,8", "85%", "1 000", "NA"])
def test_what_is_no_number_is_told_once(tmp_path, value):
    """A cell that is no finite number has one finding, with the text as it stands."""
    text = f'{HEADER}\nA,resident,north,ALL,2010,2010,5,"{value}"\n'
    _, findings = check_observations(read_table(str(written(tmp_path, text))), 2026)
    assert [(f.line, f.column, f.rule, f.value) for f in findings] == [
        (2, "rate", "is a number", repr(value))
    ]


@pytest.mark.parametrize(
    ("column", "value", "advice"),
    [
        ("rate", "85", "A percent? Divide by 100."),
        ("rate", "-0.1", "A rate is stayers over people."),
        ("rate", "", "Fill the cell."),
        ("origin", " ", "Fill the cell."),
        ("cohort_start", "10", "Write the year with four digits."),
        ("cohort_start", "2009.5", "Write the year with four digits."),
        ("cohort_end", "2009", "Swap the two years."),
        ("years_since", "-1", "Count years from the doctorate."),
        ("years_since", "", "Say how long after the doctorate people were seen."),
        ("years_since", "17", "Leave forecasts out of the evidence."),
        ("definition", "residnt", "Add it to stay.definitions of the study, or mend the label."),
        ("n", "0", "Leave the cell empty if it is unknown."),
        ("n", "", "Give n, or set n_kind to none."),
        ("n_kind", "poll", "Write none if n is unknown."),
        ("observed_year", "2009", "People cannot be seen before they graduate."),
        ("observed_year", "2027", "Leave forecasts out of the evidence."),
        ("published", "2027", "Leave forecasts out of the evidence."),
        ("rounding", "1", "Write 0.01 for a printed whole percent, nothing if it is unknown."),
        ("se", "0", "Leave the cell empty if it is unknown."),
    ],
)
def test_each_fault_is_told_once_with_its_way_out(tmp_path, column, value, advice):
    """One planted fault gives one finding: its line, its column, what to do."""
    cells = ["A", "resident", "north", "ALL", "2010", "2010", "5", "0.8"]
    good = dict(zip(HEADER.split(","), cells, strict=True))
    good |= {"n": "90", "n_kind": "census", "se": "", "rounding": "0.01"}
    good |= {"observed_year": "", "published": "2020"}
    lines = [",".join(row.values()) for row in (good | {"source": "B"}, good | {column: value})]
    table = read_table(str(written(tmp_path, "\n".join([",".join(good), *lines]))))
    _, findings = check_observations(table, 2026, ["resident"])
    assert [(f.line, f.column, f.advice) for f in findings] == [(3, column, advice)]


def test_a_window_seen_in_one_year_has_one_of_its_ages(tmp_path):
    """For cohorts 2010 to 2012 seen in 2017, five to seven years have passed, and not eight."""
    rows = [f"{age},resident,north,ALL,2010,2012,{age},2017,0.8" for age in (4, 5, 7, 8)]
    text = "\n".join([HEADER.replace(",rate", ",observed_year,rate"), *rows])
    assert found(tmp_path, text) == [(2, "years_since"), (5, "years_since")]


def test_copies_and_conflicts_differ(tmp_path):
    """The same figure twice is a copy, two values of a cell are a conflict; sources may differ."""
    row = "A,resident,north,ALL,2010,2010,5,,0.8"
    seen = "A,resident,north,ALL,2010,2010,,2015,0.8"  # the same cell, said in another way
    other = "A,resident,north,ALL,2010,2010,5,,0.7"
    source = "B,resident,north,ALL,2010,2010,5,,0.7"
    bad = "A,resident,north,ALL,2O10,2010,5,,0.8"
    header = HEADER.replace(",rate", ",observed_year,rate")
    text = "\n".join([header, row, row, seen, other, source, bad, bad])
    _, findings = check_observations(read_table(str(written(tmp_path, text))), 2026)
    told = {f.line: (f.rule, f.value) for f in findings if f.column == "rate"}
    assert told == {
        3: ("stands once", "0.8, and 0.8 in line 2"),
        4: ("stands once", "0.8, and 0.8 in line 2"),
        5: ("has one value for one cell and source", "0.7, and 0.8 in line 2"),
    }


def test_two_populations_are_two_cells(tmp_path):
    """One source may give a cell for two populations."""
    row = "A,resident,north,ALL,2010,2010,5,0.8"
    assert found(tmp_path, f"{HEADER},population\n{row},all\n{row},visa holders\n") == []
    assert found(tmp_path, f"{HEADER},population\n{row},all\n{row},all\n") == [(3, "rate")]


def test_lines_are_those_of_the_file(tmp_path):
    """Blank lines and line breaks inside a cell do not shift the line that a finding names."""
    row = "A,resident,north,ALL,2010,2010,5"
    text = f'{HEADER},notes\n{row},0.8,"two\nlines"\n\n,,,,,,,,\n{row},85,\n'
    assert found(tmp_path, text) == [(6, "rate")]


def test_a_column_of_the_packages_own_is_refused(tmp_path):
    """A further column may not be called as one that the rows used will get."""
    text = f"{HEADER},reason\nA,resident,north,ALL,2010,2010,5,0.8,mine\n"
    assert found(tmp_path, text) == [(1, "reason")]


def test_a_table_has_rows(tmp_path):
    """A header alone is a finding, not a table without fault."""
    assert found(tmp_path, HEADER + "\n") == [(1, "rows")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "which is empty"),
        ("\n\n,,\n", "which is empty"),
        (HEADER.replace(",", ";") + "\nA;b;c;d;2010;2010;5;0,8\n", "got semicolons"),
        (HEADER.replace(",", "\t") + "\n", "got tabs"),
        (f"{HEADER},rate\n", r"got \['rate'\] twice"),
        (f"{HEADER}\nA,resident,north,ALL,2010,2010,5,0.8,a, b\n", "more in .*, line 2"),
        (f'{HEADER}\nA,resident,north,ALL,2010,2010,5,"0.8\n', "line 2: .*Check the quotes"),
    ],
)
def test_a_text_that_is_no_table_is_one_sentence(tmp_path, text, told):
    """What cannot be cut into cells is refused with what stands there and what to do."""
    path = written(tmp_path, text)
    with pytest.raises(EvidenceError, match=told):
        read_table(str(path))


def test_ragged_ends_are_no_fault(tmp_path):
    """Commas at the end of lines, short rows and a byte order mark change nothing."""
    row = "A,resident,north,ALL,2010,2010,5,0.8"
    text = f"{HEADER},n,se,,\n{row},,,,\n{row.replace('A', 'B')}\n"
    table = read_table(str(written(tmp_path, text, encoding="utf-8-sig")))
    assert table.columns.tolist() == [*HEADER.split(","), "n", "se"]
    assert check_observations(table, 2026)[1] == []


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    """No file, a folder and another encoding are refused with the way out."""
    (tmp_path / "mine.csv").write_bytes(b"source\nZ\xfcrich\n")
    for name, told in (("none.csv", "Check the name"), (".", "Check"), ("mine.csv", "UTF-8")):
        with pytest.raises(EvidenceError, match=told):
            read_table(name, tmp_path)


def test_reading_a_dataset_keeps_its_cells():
    """A shipped table read as text and typed again has the published numbers."""
    typed, _ = check_columns(read_table("us_doctorates"), "observations")
    shipped = load_dataset("us_doctorates")
    for column in ("rate", "n", "years_since", "observed_year", "rounding"):
        np.testing.assert_array_equal(typed[column], shipped[column].astype(float))


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        ("sizes", "year,origin,field,n\n2010,north,alpha,-5\n", "line 2, n: is not negative"),
        ("sizes", "year,origin,field,n\n2010,ALL,alpha,5\n", "line 2, origin: is one label"),
        (
            "sizes",
            "year,origin,field,n\n2010,a,b,5\n2010,a,b,5\n2010,a,b,6\n",
            r"2 faults(.|\n)*line 3, n: stands once(.|\n)*line 4, n: has one value",
        ),
        ("domestic", "year,field\n2010,alpha\n", "line 1, n: is a column"),
        ("domestic", "year,field,n\n2010,a,5\n2010,a,5\n", "1 fault, nothing.*\n.*line 3, n"),
        (
            "workforce",
            "source,series,quantity,group,year,value,n\nA,a,part,g,2019,0.2,0\n",
            "line 2, n: is above zero(.|\n)*line 2, quantity: is one of share, survival, stay",
        ),
    ],
)
def test_every_kind_of_table_is_checked(tmp_path, kind, text, told):
    """Sizes, domestic doctorates and workforce tables are refused with all their faults."""
    path = written(tmp_path, text)
    with pytest.raises(EvidenceError, match=told):
        checked_table(str(path), kind)
