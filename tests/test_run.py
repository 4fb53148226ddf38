"""A run from end to end on the simulated study, and what it leaves on disk."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose

import forecast as fc
from forecast.datasets import demo_truth
from forecast.inference import fitted_rows, load_fit, stay_rate_draws
from forecast.run import Run, RunOptions, Watch, run
from forecast.run_folder import run_folder

pytestmark = pytest.mark.slow
TABLES = {
    "stay_rates": [
        "origin",
        "field",
        "cohort",
        "years_since",
        "median",
        "lower",
        "upper",
        "prob",
        "kind",
    ],
    "share": ["scenario", "year", "group", "median", "lower", "upper", "prob", "kind"],
    "probabilities": ["scenario", "group", "at_most", "by", "probability", "mcse"],
    "checks": ["check", "verdict", "value", "limit", "advice"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the runs of this module."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def first(folder: Path) -> Run:
    """A short run of the simulated study."""
    options = RunOptions(folder / "a", seed=3, quick=True, started="2026-01-01")
    return run(fc.load_study("demo"), options)


def digests(place: Path) -> dict[str, str]:
    """Return the SHA-256 of each table of a run."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (place / "data").glob("*.csv")
    }


def test_a_run_folder_is_complete(first: Run, folder: Path) -> None:
    """A run leaves page, draws, study, record and tables with the promised columns."""
    names = {path.name for path in (folder / "a").iterdir()}
    record = json.loads((folder / "a" / "run.json").read_text())

    expected = {
        "index.html",
        "facts.json",
        "posterior.nc",
        "projection.nc",
        "study.toml",
        "run.json",
        "data",
    }
    assert expected == names
    assert record["verdict"] == first.verdict
    assert {"python", "pymc", "arviz", "nutpie"} <= set(record["versions"])
    assert {"study", "demo", "demo_sizes"} <= set(record["hashes"])
    for name, columns in TABLES.items():
        table = pd.read_csv(folder / "a" / "data" / f"{name}.csv")
        assert columns == [c for c in table.columns if c in columns]
        assert len(table) > 0
    assert (folder / "a" / "study.toml").read_text() == fc.load_study("demo").text


def test_the_same_seed_gives_the_same_tables(first: Run, folder: Path) -> None:
    """A second run with the same seed writes the same bytes into every table."""
    again = RunOptions(folder / "b", seed=3, quick=True, started="2026-02-02")
    run(fc.load_study("demo"), again)

    assert digests(folder / "a") == digests(folder / "b")
    assert len(digests(folder / "a")) >= 8
    assert first.seconds.keys() >= {"fit", "checks", "report"}


def test_the_truth_is_recovered(first: Run) -> None:
    """90 % intervals of the simulated residence rates cover at least 80 % of them."""
    draws = stay_rate_draws(first.fit, 5)
    hits = []
    for cell in demo_truth()["resident_5_years"]:
        at = {name: cell[name] for name in ("origin", "field", "cohort")}
        lower, upper = np.quantile(draws.sel(at).to_numpy(), [0.05, 0.95])
        hits.append(lower <= cell["p"] <= upper)

    assert len(hits) == 90
    assert np.mean(hits) >= 0.8, f"{np.mean(hits):.0%} of {len(hits)} true rates are covered"


def test_a_fit_comes_back_from_its_file(first: Run, folder: Path) -> None:
    """posterior.nc opens with plain xarray, and as a fit with the same rates and rows."""
    with xr.open_datatree(folder / "a" / "posterior.nc", engine="h5netcdf") as tree:
        assert set(tree.children) == {"posterior", "sample_stats", "observed_data", "constant_data"}
    back = load_fit(folder / "a" / "posterior.nc")

    assert_allclose(stay_rate_draws(back, 5), stay_rate_draws(first.fit, 5), rtol=1e-4)
    left, right = (fitted_rows(f)["fitted_median"] for f in (back, first.fit))
    assert_allclose(left, right, rtol=1e-4)


def test_a_file_that_is_no_fit_is_refused(folder: Path) -> None:
    """A foreign file gets one sentence."""
    other = folder / "other.nc"
    other.write_text("not a fit")

    with pytest.raises(fc.RunError, match=r"a fit is a posterior\.nc that a run wrote; got"):
        load_fit(other)


def test_intervals_are_ordered_and_shares_add_up(first: Run) -> None:
    """Lower <= median <= upper everywhere; the shares of a year sum to one in each draw."""
    assert first.workforce is not None
    for table in (first.rates, first.workforce.share):
        assert (table["lower"] <= table["median"]).all()
        assert (table["median"] <= table["upper"]).all()
    assert_allclose(first.workforce.projection["share"].sum("group"), 1.0, atol=1e-12)


def test_the_python_interface(first: Run) -> None:
    """The calls of the README give what the run wrote: rates, shares, a probability."""
    assert first.workforce is not None
    rates = fc.stay_rates(first.fit, prob=0.9)
    share = fc.project(first.fit, until=2028, seed=3)
    fan = fc.summarise(share, prob=0.9)
    found = fc.probability(share, group="north", at_most=0.2, year=2028)
    passage = fc.first_passage(share, group="north", at_most=0.2)

    pd.testing.assert_frame_equal(rates, first.rates)
    assert int(share["year"].max()) == 2028
    assert set(fan["scenario"]) == {"baseline", "exodus"}
    assert 0 <= found.value <= 1
    assert found.mcse > 0
    assert len(passage) > 0


def test_what_a_cohort_rests_on_is_said(first: Run) -> None:
    """Cohorts after the last residence figure rest on intentions, later ones are forecasts."""
    one = first.rates[(first.rates["origin"] == "north") & (first.rates["field"] == "alpha")]
    basis = one.set_index("cohort")["basis"]

    assert basis[2010] == "residence"
    assert basis[2018] == "intentions"
    assert basis[2025] == "forecast"


def test_an_interrupted_run_leaves_the_earlier_one(first: Run, folder: Path) -> None:
    """A run that stops half way changes nothing and leaves nothing behind."""
    before = digests(folder / "a")

    def stop(name: str) -> None:
        if name == "fit":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(fc.load_study("demo"), RunOptions(folder / "a", quick=True), Watch(stop))

    assert digests(folder / "a") == before
    assert not list(folder.glob(".a.*"))
    assert first.verdict in ("pass", "review", "fail")


def test_a_folder_of_something_else_is_not_touched(tmp_path: Path) -> None:
    """A run refuses a folder that is no run."""
    (tmp_path / "thesis.tex").write_text("precious")

    with (
        pytest.raises(fc.RunError, match="names a new, empty or earlier run folder"),
        run_folder(tmp_path),
    ):
        pass
    assert (tmp_path / "thesis.tex").read_text() == "precious"


def test_a_study_and_a_table_outside_the_package(first: Run, folder: Path) -> None:
    """A study file and a CSV anywhere on disk run like a shipped one."""
    place = folder / "own study"
    place.mkdir()
    fc.load_dataset("demo").to_csv(place / "rates.csv", index=False)
    text = fc.load_study("demo").text.replace('table = "demo"', 'table = "rates.csv"')
    text = text[: text.index("[share]")]
    (place / "mine.toml").write_text(text)
    done = run(fc.load_study(place / "mine.toml"), RunOptions(place / "out", seed=3, quick=True))

    assert done.workforce is None
    assert (place / "out" / "index.html").is_file()
    assert_allclose(done.rates["median"], first.rates["median"], rtol=1e-9)
