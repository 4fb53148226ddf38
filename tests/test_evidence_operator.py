"""Cells, sizes and the observation operator W: what a published figure is a mean of."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import EvidenceError
from forecast.evidence import (
    cell_sizes,
    check_cells,
    check_observations,
    domestic_sizes,
    load_evidence,
    observation_operator,
    read_table,
)
from forecast.evidence.operator import CELL
from forecast.study import load_study, parse_study
from forecast.study.reader import models_folder

YEARS = range(2010, 2014)
ORIGINS, FIELDS = ("north", "east"), ("alpha", "beta")
SIZES = xr.DataArray(
    np.array([[[10, 20, 30, 40], [0, 5, 5, 5]], [[30, 30, 30, 30], [0, 0, 0, 0]]], dtype=float),
    {"origin": list(ORIGINS), "field": list(FIELDS), "cohort": list(YEARS)},
    ("origin", "field", "cohort"),
)
HEADER = "source,definition,origin,field,cohort_start,cohort_end,years_since,rate"


def row(origins=ORIGINS[:1], fields=FIELDS[:1], cohorts=(2010, 2010), age=5.0, seen=np.nan):
    return {
        "definition": "resident",
        "origin": "a",
        "field": "b",
        "origins": tuple(origins),
        "fields": tuple(fields),
        "cohort_start": float(cohorts[0]),
        "cohort_end": float(cohorts[1]),
        "years_since": age,
        "observed_year": seen,
    }


def dense(*rows, sizes=SIZES):
    cells, operator, findings = observation_operator(pd.DataFrame(list(rows)), sizes)
    assert findings == []
    return cells, operator.toarray()


def weights(cells: pd.DataFrame, row_of_w: np.ndarray) -> dict[tuple[object, ...], float]:
    """Return the positive weights of a row of W by (origin, field, cohort, years_since)."""
    keys = cells[CELL[1:]].itertuples(index=False, name=None)
    return {key: w for key, w in zip(keys, row_of_w, strict=True) if w > 0}


def test_a_mean_over_origins_is_weighted_by_people():
    """10 people of one origin and 30 of the other weigh 1/4 and 3/4."""
    cells, w = dense(row(ORIGINS))
    assert weights(cells, w[0]) == {
        ("north", "alpha", 2010, 5.0): 0.25,
        ("east", "alpha", 2010, 5.0): 0.75,
    }


def test_a_window_seen_in_one_year_has_an_age_for_each_cohort():
    """Cohorts 2011 and 2012 seen in 2016 are 5 and 4 years on, over two fields and by size."""
    cells, w = dense(row(fields=FIELDS, cohorts=(2011, 2012), age=4.0, seen=2016.0))
    assert weights(cells, w[0]) == {
        ("north", "alpha", 2011, 5.0): 20 / 60,
        ("north", "alpha", 2012, 4.0): 30 / 60,
        ("north", "beta", 2011, 5.0): 5 / 60,
        ("north", "beta", 2012, 4.0): 5 / 60,
    }


def test_a_window_at_one_age_has_that_age_throughout():
    """Without a year of observation each cohort of a window is seen at years_since."""
    cells, w = dense(row(cohorts=(2010, 2011)))
    assert weights(cells, w[0]) == {
        ("north", "alpha", 2010, 5.0): 10 / 30,
        ("north", "alpha", 2011, 5.0): 20 / 30,
    }


def test_a_single_cell_needs_no_size():
    """A row of one cell sees that cell, even one in which nobody is known to be."""
    cells, w = dense(row(["east"], ["beta"]))
    assert weights(cells, w[0]) == {("east", "beta", 2010, 5.0): 1.0}


def test_cells_without_people_are_not_seen():
    """An aggregate has no cell of size zero."""
    cells, _ = dense(row(fields=FIELDS), row(ORIGINS, FIELDS, (2011, 2011)))
    assert ("north", "beta", 2010, 5.0) not in set(cells[CELL[1:]].itertuples(index=False))
    assert not cells.query("origin == 'east' and field == 'beta'").size


def test_an_aggregate_without_people_is_a_finding():
    """Rows of several cells, none of known size, are all named by their line."""
    rows = pd.DataFrame([row(["east"], ["beta"], (2010, 2011)), row()], index=[7, 9])
    for table, lines in ((rows, [9]), (rows.loc[[7, 7]].set_axis([1, 2]), [3, 4])):
        _, operator, findings = observation_operator(table, SIZES)
        assert [finding.line for finding in findings] == lines
        assert findings[0].rule == "has cells of known size"
        assert operator.shape[0] == 2


def test_no_rows_see_no_cells():
    """An empty table of rows has no cell and no finding."""
    cells, operator, findings = observation_operator(pd.DataFrame([row()]).iloc[:0], SIZES)
    assert (len(cells), operator.shape, findings) == (0, (0, 0), [])


def some_of(labels):
    return st.lists(st.sampled_from(labels), min_size=1, unique=True)


some_rows = st.builds(
    row,
    some_of(ORIGINS),
    some_of(FIELDS),
    st.tuples(st.sampled_from(YEARS), st.sampled_from(YEARS)).map(sorted),
    st.sampled_from([0.0, 5.0]),
    st.sampled_from([np.nan, 2016.0]),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(some_rows, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_rows_sum_to_one_and_their_order_does_not_matter(rows, random):
    """W is a mean in each row, and sorting the table otherwise only sorts W."""
    sizes = SIZES + 1.0
    cells, w = dense(*rows, sizes=sizes)
    np.testing.assert_allclose(w.sum(axis=1), 1, rtol=1e-12)
    assert (w >= 0).all()
    assert (w > 0).any(axis=0).all()
    order = random.sample(range(len(rows)), len(rows))
    again, shuffled = dense(*[rows[i] for i in order], sizes=sizes.transpose())
    pd.testing.assert_frame_equal(again, cells)
    np.testing.assert_allclose(shuffled, w[order], rtol=1e-12)


def demo(folder: Path, **evidence: object):
    """Return the demo study with some keys of [evidence] replaced."""
    text = (models_folder() / "demo.toml").read_text(encoding="utf-8")
    head, rest = text.split("[evidence]\n")
    own, rest = rest.split("\n[stay]\n")
    lines = [line for line in own.splitlines() if line.split(" =")[0] not in evidence]
    lines += [f"{key} = {json.dumps(value)}" for key, value in evidence.items()]
    return parse_study("\n".join([head, "[evidence]", *lines, "[stay]", rest]), "demo", folder)


def sizes_file(folder: Path, *rows: str) -> str:
    (folder / "sizes.csv").write_text("\n".join(["year,origin,field,n", *rows]))
    return "sizes.csv"


ALL_LABELS = [
    f"2010,{o},{f},{n}" for n, o in enumerate(("north", "east", "south"), 1) for f in FIELDS
]


def test_origins_that_the_study_does_not_list_are_the_rest(tmp_path):
    """Two unlisted origins are summed into the rest; without a rest they are dropped."""
    name = sizes_file(tmp_path, *ALL_LABELS, "2010,west,alpha,4", "2010,other,alpha,5")
    with_rest = cell_sizes(demo(tmp_path, sizes=name, rest="other"))
    assert with_rest.sel(origin="other", field="alpha", cohort=2010).item() == 9
    assert with_rest.sel(origin="other", field="beta", cohort=2010).item() == 0
    without = cell_sizes(demo(tmp_path, sizes=name))
    assert without["origin"].values.tolist() == ["north", "east", "south"]
    assert without.sel(cohort=2010).sum().item() == 12


def test_cohorts_beyond_the_published_years_take_the_nearest(tmp_path):
    """The first and the last published year stand for all before and after, gaps for neither."""
    more = [line.replace("2010,", "2015,") + "0" for line in ALL_LABELS]
    sizes = cell_sizes(demo(tmp_path, sizes=sizes_file(tmp_path, *ALL_LABELS, *more)))
    north = sizes.sel(origin="north", field="alpha")
    assert sizes["cohort"].values.tolist() == list(range(2006, 2031))
    assert north.sel(cohort=[2006, 2010, 2012, 2013, 2015, 2030]).values.tolist() == [
        *(1, 1, 1),
        *(10, 10, 10),
    ]


def test_a_label_without_sizes_is_refused(tmp_path):
    """An origin that no line of the sizes names would vanish from each total: it is an error."""
    name = sizes_file(tmp_path, *[line for line in ALL_LABELS if "south" not in line])
    with pytest.raises(EvidenceError, match=r"got no origin 'south' in sizes\.csv"):
        cell_sizes(demo(tmp_path, sizes=name))


def test_domestic_sizes_cover_fields_and_cohorts():
    """Domestic doctorates have the fields and cohorts of the study; no workforce, no table."""
    study = load_study("china_ai_2030")
    sizes = domestic_sizes(study)
    assert sizes.dims == ("field", "cohort")
    assert sizes.sizes == {"field": 8, "cohort": len(study.evidence.years)}
    assert (sizes.sel(field="computer_science") > 0).all()
    with pytest.raises(ValueError, match="share"):
        domestic_sizes(load_study("us_doctorates"))


def test_bad_rows_and_rows_without_size_come_at_once(tmp_path):
    """Loading refuses a table with all its faults, those of cells too, and uses nothing."""
    labels = [line for line in ALL_LABELS if line != "2010,south,beta,3"]
    name = sizes_file(tmp_path, *labels, "2011,south,beta,3")
    rows = ["A,resident,south,beta,2009,2010,5,0.8", "A,resident,north,alpha,2010,2010,5,80"]
    (tmp_path / "mine.csv").write_text(
        "\n".join([HEADER, *rows, "A,home,north,beta,2010,2010,5,0.8"])
    )
    study = demo(tmp_path, table="mine.csv", sizes=name)
    with pytest.raises(EvidenceError) as caught:
        load_evidence(study)
    message = str(caught.value)
    assert "mine.csv: 3 faults, nothing was used." in message
    for told in ("line 2, origin: has cells", "line 3, rate: lies in", "line 4, definition: is"):
        assert told in message
    typed, findings = check_observations(read_table("mine.csv", tmp_path), 2026)
    assert [finding.line for finding in check_cells(typed, study, findings)] == [2]


def test_a_missing_column_is_refused_without_a_crash(tmp_path):
    """A table without a column cannot be arranged: each column that lacks is named."""
    (tmp_path / "mine.csv").write_text("source,definition,origin\nA,resident,north\n")
    study = demo(tmp_path, table="mine.csv")
    with pytest.raises(EvidenceError, match=r"cohort_end(.|\n)*cohort_start(.|\n)*field"):
        load_evidence(study)
    typed, findings = check_observations(read_table("mine.csv", tmp_path), 2026)
    assert check_cells(typed, study, findings) == []


def test_a_study_that_reads_no_row_is_refused(tmp_path):
    """If no row has a label of the study, the reasons are told instead of fitting nothing."""
    (tmp_path / "mine.csv").write_text(f"{HEADER}\nA,resident,mars,alpha,2010,2010,5,0.8\n")
    with pytest.raises(EvidenceError, match=r"got none of mine\.csv: its origin is no label"):
        load_evidence(demo(tmp_path, table="mine.csv"))


@pytest.mark.parametrize("name", ["demo", "china_ai_2030", "us_doctorates"])
def test_shipped_evidence_is_arranged_whole(name):
    """Each row of a shipped table is used or left out with a reason, and W is a mean."""
    study = load_study(name)
    evidence = load_evidence(study)
    total = np.asarray(evidence.operator.sum(axis=1)).ravel()
    np.testing.assert_allclose(total, 1, rtol=0, atol=1e-12)
    assert evidence.operator.shape == (len(evidence.rows), len(evidence.cells))
    assert not evidence.cells.duplicated().any()
    published = set(evidence.rows.loc[~evidence.rows["derived"], "table_row"])
    left_out = set(evidence.left_out.index)
    assert published.isdisjoint(left_out)
    assert published | left_out == set(read_table(study.evidence.table).index)
    assert set(evidence.rows.loc[evidence.rows["derived"], "table_row"]) <= left_out
    assert evidence.left_out["reason"].ne("").all()
    assert set(evidence.cells["origin"]) <= set(study.evidence.all_origins)
