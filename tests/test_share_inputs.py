"""The inputs of a projection are checked once, all faults together."""

import numpy as np
import pytest
import xarray as xr

from forecast.errors import EvidenceError, StudyError
from forecast.evidence import cell_sizes, checked_table, domestic_sizes
from forecast.share import workforce_inputs
from forecast.share.cells import arrange
from forecast.share.example import example_evidence, example_spec
from forecast.share.inputs import hold_doctorates_after_last_published
from forecast.share.workforce import workforce_faults
from forecast.study import load_study


@pytest.fixture(scope="module")
def study():
    return load_study("china_ai_2030")


@pytest.fixture(scope="module")
def parts(study):
    sizes = cell_sizes(study)
    return {
        "stay": xr.full_like(sizes, 0.8).expand_dims(chain=2, draw=50),
        "sizes": sizes,
        "domestic": domestic_sizes(study),
        "evidence": checked_table(study.share.evidence, "workforce", study.folder),
    }


def test_the_main_study_fits(study, parts):
    """The shipped study, tables and any stay rates make inputs, cut to the fields that count."""
    inputs = workforce_inputs(study, **parts)
    assert inputs.stay.dims == ("chain", "draw", "origin", "field", "cohort")
    assert inputs.stay["field"].values.tolist() == list(study.share.field_weights)
    rows = parts["evidence"]
    assert inputs.last_evidence == rows.loc[rows["quantity"].eq("share"), "year"].max()
    assert inputs.last_published == 2023
    assert (inputs.departure == 0).all()


def test_all_faults_come_at_once(study, parts):
    """Missing years, rates beyond 1 and a strange group are named in one error."""
    stay = 2 * parts["stay"].sel(cohort=slice(1990, 2030))
    evidence = parts["evidence"].assign(group="MARS")
    with pytest.raises(EvidenceError) as caught:
        workforce_inputs(study, **parts | {"stay": stay, "evidence": evidence})
    message = str(caught.value)
    assert "stay covers each cohort of [share]; got none of [2031, 2032" in message
    assert "stay rates lie in [0, 1]" in message
    assert message.count("got 'MARS'") == len(evidence)


def test_wrong_dims_are_named(study, parts):
    """An array without its dims is refused with those it has."""
    with pytest.raises(EvidenceError, match=r"stay has dims chain, draw, .*; got \('origin'"):
        workforce_inputs(study, **parts | {"stay": parts["sizes"]})


def departures_of(study, stay):
    groups = list(study.share.groups)[::-1]
    shape = (stay.sizes["chain"], stay.sizes["draw"], len(groups))
    values = np.broadcast_to(0.01 * np.arange(len(groups)), shape)
    return xr.DataArray(values, {"group": groups}, ("chain", "draw", "group"))


def test_departures_are_put_in_the_order_of_the_groups(study, parts):
    """Departures belong to the groups that they name, in whatever order and dims they come."""
    departure = departures_of(study, parts["stay"])
    inputs = workforce_inputs(study, **parts, departure=departure.transpose("group", ...))
    cells = arrange(inputs, range(2020, 2022))
    np.testing.assert_allclose(cells.departure[0], [0.03, 0.02, 0.01, 0.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: d.rename(group="origin"), "departure has dims chain, draw, group; got"),
        (lambda d: d.isel(draw=slice(3)), "departures have the draws of stay, {'chain': 2"),
        (lambda d: d.isel(group=slice(3)), r"departure covers each group of \[share\]; got none"),
        (lambda d: d + np.nan, "departures are finite and at most 1"),
        (lambda d: d + 1.0, "departures are finite and at most 1"),
    ],
)
def test_departures_that_do_not_fit_are_refused(study, parts, spoil, told):
    """Departures have their dims, the draws of the stay rates, each group, and parts of it."""
    departure = spoil(departures_of(study, parts["stay"]))
    with pytest.raises(EvidenceError, match=told):
        workforce_inputs(study, **parts, departure=departure)


def test_a_study_without_share_is_refused(study, parts):
    """No [share], no workforce."""
    bare = study.model_copy(update={"share": None})
    with pytest.raises(StudyError, match="Add the table"):
        workforce_inputs(bare, **parts)


def test_a_stay_row_outside_the_cohorts_is_refused(study, parts):
    """A stay rate of a year that is no cohort has nothing to be compared with."""
    evidence = parts["evidence"].copy()
    evidence.loc[evidence["quantity"].eq("stay"), "year"] = study.evidence.years.stop
    line = evidence.index[evidence["quantity"].eq("stay")][0] + 2
    with pytest.raises(EvidenceError, match=f"line {line}: a stay rate is of a cohort"):
        workforce_inputs(study, **parts | {"evidence": evidence})


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (0, "value", 1.0, "line 2: value lies between 0 and 1"),
        (0, "n", 1.0, "line 2: n is above 1"),
        (0, "year", 2018, "line 2: a share is of 2019 to 2030; got 2018"),
        (5, "year_from", np.nan, "line 7: survival has year_from before year; got nan"),
        (6, "group", "home", "line 8: a stay rate is of a foreign group; got 'home'"),
        (0, "value", 0.4, "shares of a in 2019 list all groups and sum to 1; got 1.1"),
        (3, "value", 0.7, "shares of a in 2022 leave a part for the groups not listed; got 1.09"),
        (1, "group", "north", "shares of a in 2019 list each group once; got one twice"),
        (3, "n", 300, "shares of a in 2022 have one n; got [300"),
    ],
)
def test_a_bad_row_is_named(row, column, value, said):
    """Each rule of the workforce table names the line or set and the value."""
    table = example_evidence().astype({"year": float, "n": float})
    table.loc[row, column] = value
    faults = workforce_faults(table, example_spec())
    assert len(faults) == 1
    assert faults[0].startswith(said)


def test_a_good_table_has_no_fault():
    """The example table fits the example study."""
    assert workforce_faults(example_evidence(), example_spec()) == []


def test_doctorates_are_held_at_the_mean_of_three_years():
    """After the last published year comes the mean of the last three, cell by cell."""
    values = np.array([[5.0, 6, 7, 8, 8, 8], [1.0, 1, 1, 4, 4, 4]])
    sizes = xr.DataArray(values, {"cohort": range(2018, 2024)}, ("origin", "cohort"))
    held = hold_doctorates_after_last_published(sizes)
    np.testing.assert_allclose(held[0], [5, 6, 7, 8, 7, 7])
    np.testing.assert_allclose(held[1], [1, 1, 1, 4, 2, 2])
    told = hold_doctorates_after_last_published(sizes, last_published=2022)
    np.testing.assert_allclose(told[0], [5, 6, 7, 8, 8, 23 / 3])
