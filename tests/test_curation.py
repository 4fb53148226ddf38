"""The curation: reproducible, and each raw figure accounted for."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from forecast.study import load_study

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "forecast" / "datasets"

TRACKER = [
    # source, year, printed share of Chinese first degrees in the US, part of those abroad in the US
    ("MACROPOLO_1", 2019, 0.27, 0.86),
    ("MACROPOLO_2", 2022, 0.38, 0.78),
]

pytestmark = pytest.mark.skipif(
    not (ROOT / "curation" / "raw").is_dir(), reason="the raw tables are only in the repository"
)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT))
    return lambda name: importlib.import_module(f"curation.{name}")


def raw(name: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "curation" / "raw" / f"{name}.csv", dtype=str, keep_default_na=False)


def test_a_second_run_writes_the_shipped_bytes(tmp_path: Path) -> None:
    """Running the curation again gives, byte for byte, each file that ships."""
    subprocess.run([sys.executable, "-m", "curation", str(tmp_path)], cwd=ROOT, check=True)

    written = {path.name for path in tmp_path.iterdir()}
    shipped = {path.name for path in SHIPPED.iterdir() if path.suffix in {".csv", ".json"}}
    assert written == shipped
    for name in sorted(written):
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes(), name


def test_each_raw_row_is_used_or_excluded_once(module: Callable[[str], ModuleType]) -> None:
    """Used and excluded rows partition the raw rows; pooled rows come from excluded parts only."""
    observations = module("observations")
    stay, plans = observations.raw_rows()
    used = observations.observation_table(stay, plans)
    excluded = observations.excluded_table(stay, plans)

    assert len(stay) == len(raw("stay_rates"))
    assert len(plans) == len(raw("intentions"))
    pooled = used["notes"].str.startswith("pooled")
    assert (~pooled).sum() + len(excluded) == len(stay) + len(plans)
    assert (excluded["reason"] != "").all()


def test_shipped_counts_match_the_raw_tables() -> None:
    """Row counts by source of the shipped tables add up to those of the raw tables."""
    table = pd.read_csv(SHIPPED / "us_doctorates.csv", keep_default_na=False)
    excluded = pd.read_csv(SHIPPED / "us_doctorates_excluded.csv")
    own = table[~table["notes"].str.startswith("pooled")]
    shipped = own["source"].value_counts().add(excluded["source"].value_counts(), fill_value=0)
    both = pd.concat([raw("stay_rates"), raw("intentions")])["source_id"].value_counts()

    np.testing.assert_array_equal(shipped.sort_index(), both.sort_index())


def test_seven_older_vintages_go(module: Callable[[str], ModuleType]) -> None:
    """Exactly seven cells stand twice, and the older edition of each is left out."""
    stay, _ = module("observations").raw_rows()
    older = stay[stay["reason"] == module("vocabulary").VINTAGE]

    cells = set(zip(older["source"], older["origin"], older["cohort_start"], strict=True))
    assert cells == {
        ("FINN2001", "ALL", 1991),
        ("FINN2001", "ALL", 1996),
        ("FINN2001", "KOR", 1996),
        *(("FINN2007", origin, 2002) for origin in ("ALL", "CHN", "IND", "KOR")),
    }


def test_commitment_fields_partition_the_published_total(
    module: Callable[[str], ModuleType],
) -> None:
    """To 2020 the bases of the eight leaves sum to the published base of all fields."""
    observations = module("observations")
    table = observations.observation_table(*observations.raw_rows())
    leaves = table[table["series"] == "sed_commitment_annual"]
    total = leaves.groupby("cohort_start")["n"].sum()

    np.testing.assert_allclose(total[[2009, 2011, 2012]], [8912, 8324, 8603])
    np.testing.assert_allclose(total[[2017, 2020]], [10213, 12223])
    assert (leaves.groupby("cohort_start").size() == 8).all()


def test_window_fields_partition_the_published_total() -> None:
    """The bases of the five fields of a window sum to its published S&E total."""
    table = pd.read_csv(SHIPPED / "us_doctorates.csv")
    windows = table[(table["series"] == "sei_window_2022") & (table["origin"] == "ALL")]

    total = windows.groupby("cohort_start")["n"].sum()
    np.testing.assert_allclose(total[[2008, 2012, 2016]], [55505, 59889, 65835])


def test_fitting_meets_both_margins(module: Callable[[str], ModuleType]) -> None:
    """A fitted table has the margins asked for and keeps the odds ratio of the seed."""
    seed = np.array([[1.0, 2.0], [3.0, 4.0]])
    table = module("sizes").fit_margins(seed, np.array([10.0, 20.0]), np.array([12.0, 18.0]))

    np.testing.assert_allclose(table.sum(axis=1), [10, 20])
    np.testing.assert_allclose(table.sum(axis=0), [12, 18])
    odds = table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0])
    np.testing.assert_allclose(odds, 1 * 4 / (2 * 3))


def test_rounding_of_a_ratio_of_rounded_counts(module: Callable[[str], ModuleType]) -> None:
    """A ratio of counts rounded to 50 is as uncertain as both counts and its own digits."""
    rounding = module("residence").rounding_of

    expected = np.sqrt(0.01**2 + (50 / 1150) ** 2 * (1 + 0.65**2))
    np.testing.assert_allclose(rounding("NSF25325", 0.65, 1150.0), expected, atol=5e-5)
    assert rounding("SEI2024", 0.88, 14250.0) == 0.01
    assert rounding("NSF15302", 0.685, float("nan")) == 0.001


@pytest.mark.parametrize(("source", "year", "printed", "in_us"), TRACKER)
def test_printed_shares_gauge_the_assumed_part(
    module: Callable[[str], ModuleType], source: str, year: int, printed: float, in_us: float
) -> None:
    """Where the share in the US is printed, the derived one is off by in_us / IN_US only."""
    workforce = module("workforce")
    shares = workforce.sample_shares(raw("shares"), source, year)

    gauged = printed / shares.abroad_to_us()
    np.testing.assert_allclose(gauged, in_us, atol=0.005)
    np.testing.assert_allclose(
        shares.derived_share() / printed, workforce.IN_US / gauged, rtol=1e-12
    )


def test_variance_of_a_derived_share_is_that_of_simulated_samples(
    module: Callable[[str], ModuleType],
) -> None:
    """Shares derived from 20,000 drawn samples scatter as the variance of one author says."""
    workforce = module("workforce")
    true = workforce.SampleShares(0.574, 0.406, 0.342)
    at_home, in_us = workforce.AT_HOME * 0.406, workforce.IN_US * (0.574 - 0.95 * 0.406)
    cells = [at_home, 0.406 - at_home, in_us, 0.342 - in_us, 0.574 - at_home - in_us]
    m, rng = 10_300, np.random.default_rng(20260923)
    x = rng.multinomial(m, [*cells, 1 - sum(cells)], size=20_000).T / m
    drawn = workforce.SampleShares(x[0] + x[2] + x[4], x[0] + x[1], x[2] + x[3]).derived_share()

    np.testing.assert_allclose(drawn.mean(), true.derived_share(), rtol=0.002)
    np.testing.assert_allclose(drawn.var(), true.variance_per_author() / m, rtol=0.03)


def test_n_of_a_derived_share_gives_its_variance_back(
    module: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the design effect, s (1 - s) d / n is sampling variance plus drift; no drift, fewer."""
    workforce = module("workforce")
    shares = workforce.SampleShares(0.574, 0.406, 0.342)
    s, d, n = shares.derived_share(), workforce.DESIGN_EFFECT, shares.equivalent_n(10_300)

    sampling = d * shares.variance_per_author() / 10_300
    np.testing.assert_allclose(s * (1 - s) * d / n, sampling + (0.06 * s / 0.8) ** 2, rtol=1e-12)
    monkeypatch.setattr(workforce, "IN_US_DRIFT", 0.0)
    np.testing.assert_allclose(
        shares.equivalent_n(10_300), 10_300 * s * (1 - s) / shares.variance_per_author(), rtol=1e-12
    )


def test_the_design_effect_is_that_of_the_study(module: Callable[[str], ModuleType]) -> None:
    """The derived n is multiplied by the median of what the study's likelihood divides by."""
    spec = load_study("china_ai_2030").share
    assert spec is not None

    assert spec.priors.design_effect.median == module("workforce").DESIGN_EFFECT


def test_each_raw_share_is_used_or_excluded_once(module: Callable[[str], ModuleType]) -> None:
    """Printed rows and excluded rows partition the raw shares; derived rows are besides."""
    used, excluded = module("workforce").workforce_tables()
    printed = used[used["series"] != "carnegie_sample"]

    assert len(printed) + len(excluded) == len(raw("shares"))
    assert (excluded["reason"] != "").all()
    reasons = excluded.groupby("source")["reason"].unique()
    assert list(reasons["CARNEGIE_2026"]) == ["enters the derived rows of series carnegie_sample"]
    assert all("before the first year" in reason for reason in reasons["MACROPOLO_2018"])


def test_notes_point_at_nothing_outside_the_repository() -> None:
    """No shipped cell names a local file, a local path or a tool."""
    words = ("[raw:", "read_file", "raw/", "doubts.md", "tags=", "_alt.csv")

    for path in SHIPPED.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], path.name


def test_tables_are_plain_csv() -> None:
    """Shipped tables end their lines with a line feed and write integers without a point."""
    for path in SHIPPED.glob("*.csv"):
        data = path.read_bytes()
        assert b"\r" not in data
        assert data.endswith(b"\n")
    first = pd.read_csv(SHIPPED / "us_doctorates.csv", dtype=str, keep_default_na=False)
    for name in ("cohort_start", "cohort_end", "years_since", "observed_year", "n", "published"):
        assert not first[name].str.contains(".", regex=False).any(), name
