"""Projections: their contract, and the main study."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import RunError
from forecast.evidence import cell_sizes, checked_table, domestic_sizes
from forecast.share import learned, project, workforce_inputs
from forecast.share.example import example_inputs
from forecast.share.parameters import LARGEST_EXIT
from forecast.study import Scenario, load_study

PLAIN = {"baseline": Scenario(label="Baseline", reason="Nothing new.")}


def moving_inputs(draws):
    """Return example inputs with doctorates published to 2021, and graduates who leave later."""
    inputs = example_inputs(2, draws)
    leave = inputs.departure.copy()
    leave.loc[{"group": "north"}] = 0.02
    leave.loc[{"group": "rest"}] = -0.01
    return replace(inputs, departure=leave, last_published=2021)


@pytest.fixture(scope="module")
def inputs():
    return moving_inputs(100)


@pytest.fixture(scope="module")
def projection(inputs):
    return project(inputs, PLAIN, seed=3, steps=60)


def test_dims_and_types(projection):
    """Share, stock and entrants have the five dims in order, as 64-bit floats."""
    for name in ("share", "stock", "entrants"):
        assert projection[name].dims == ("chain", "draw", "scenario", "year", "group")
        assert projection[name].dtype == np.float64
    assert projection["year"].values.tolist() == list(range(2019, 2031))


def test_shares_sum_to_one(projection):
    """The shares of all groups sum to one within 1e-12, and none is negative."""
    np.testing.assert_allclose(projection["share"].sum("group"), 1.0, rtol=0, atol=1e-12)
    assert (projection["share"] >= 0).all()


def test_stocks_balance(inputs, projection):
    """Each stock is what stayed of the one before plus the entrants; the start has no entrants."""
    stock, arriving = projection["stock"], projection["entrants"]
    before = stock.shift(year=1).isel(year=slice(1, None))
    left = (1 - (1 - projection["exit"]) * (1 - inputs.departure)).clip(0, LARGEST_EXIT)
    expected = before * (1 - left) + arriving.isel(year=slice(1, None))
    now = stock.isel(year=slice(1, None))
    np.testing.assert_allclose(now, expected.transpose(*now.dims), rtol=1e-12)
    assert arriving.isel(year=0).isnull().all()


def test_one_seed_gives_the_same_bytes(projection):
    """Projecting again with the seed gives the same bytes in each variable; another does not."""
    again = project(moving_inputs(100), PLAIN, seed=3, steps=60)
    for name in projection.data_vars:
        assert projection[name].values.tobytes() == again[name].values.tobytes()
    other = project(moving_inputs(100), PLAIN, seed=4, steps=60)
    assert other["share"].values.tobytes() != projection["share"].values.tobytes()


@settings(max_examples=3, deadline=None)
@given(st.integers(2020, 2030))
def test_the_end_does_not_change_the_years_before(until):
    """A projection to an earlier year is the first part of a longer one."""
    short = project(moving_inputs(50), PLAIN, seed=1, until=until, steps=12)
    long = project(moving_inputs(50), PLAIN, seed=1, steps=12)
    first_part = long["share"].sel(year=slice(None, until))
    np.testing.assert_allclose(short["share"], first_part, rtol=1e-12)


@pytest.mark.parametrize("until", [2019, 2031])
def test_a_year_outside_the_study_is_refused(until):
    """The last year lies after the start and within the study."""
    with pytest.raises(RunError, match=f"until lies after 2019 and not after 2030; got {until}"):
        project(example_inputs(), PLAIN, seed=1, until=until)


def test_no_scenario_is_refused():
    """A projection needs a scenario."""
    with pytest.raises(RunError, match="at least one scenario"):
        project(example_inputs(), {}, seed=1)


def test_attributes_and_netcdf(projection, tmp_path):
    """Seed, end and checks are attributes, and the whole survives a NetCDF file."""
    assert projection.attrs["seed"] == 3
    assert projection.attrs["until"] == 2030
    assert 0.9 < projection.attrs["worst_rhat"] < 1.1
    assert 0.1 < projection.attrs["acceptance"] < 0.6
    assert projection.attrs["last_evidence"] == 2022
    projection.to_netcdf(tmp_path / "projection.nc", engine="h5netcdf")
    again = xr.load_dataset(tmp_path / "projection.nc", engine="h5netcdf")
    xr.testing.assert_equal(again, projection)
    assert again.attrs == projection.attrs


def test_learned_sets_posterior_beside_prior(projection):
    """Each free parameter has a row; what evidence pins shrinks; pinned values are left out."""
    table = learned(projection).set_index(["parameter", "group"])
    assert ("selection", "home") not in table.index
    assert ("turnover", "") in table.index
    start = table.loc[("start_logit", "north")]
    assert start["posterior_sd"] < 0.3 * start["prior_sd"]
    np.testing.assert_allclose(table.loc[("growth", ""), "prior_mean"], 0.02, atol=0.01)


def test_the_main_study_meets_its_evidence():
    """With plausible stay rates the 2019 and 2022 shares of CHN lie near the published ones."""
    study = load_study("china_ai_2030")
    sizes = cell_sizes(study)
    stay = xr.full_like(sizes, 0.85).expand_dims(chain=2, draw=150)
    table = checked_table(study.share.evidence, "workforce", study.folder)
    inputs = workforce_inputs(study, stay, sizes, domestic_sizes(study), table)
    share = project(inputs, PLAIN, seed=1, until=2030)["share"].sel(
        group="CHN", scenario="baseline"
    )
    for year, published in ((2019, 0.27), (2022, 0.38)):
        standard_error = np.sqrt(published * (1 - published) / (370 / 2.5))
        assert abs(float(share.sel(year=year).mean()) - published) < 1.5 * standard_error
