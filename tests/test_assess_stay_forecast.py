"""The stay model as a forecaster: what it gives back, what it draws from priors, what it sees."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from forecast.assess.as_of import Task, tasks
from forecast.assess.backtest import FORECASTERS
from forecast.assess.stay_forecast import complete, stay_forecast
from forecast.datasets import load_dataset
from forecast.evidence import load_evidence, only
from forecast.inference.engines import engine_named
from forecast.stay import stay_model
from forecast.stay.errors_of_rows import ErrorModel, error_model
from forecast.stay.posterior import SAMPLE
from forecast.stay.predict import row_rates
from forecast.stay.terms import Dim
from forecast.study import Study, frozen, load_study
from forecast.study.schema import LaplaceSpec

CHAINS, DRAWS = 4, 500


@pytest.fixture(scope="module")
def demo() -> Study:
    """The demo with a quick sampler."""
    study = load_study("demo")
    laplace = LaplaceSpec(points=64, draws=DRAWS)
    sampler = study.sampler.model_copy(update={"chains": CHAINS, "laplace": laplace})
    return study.model_copy(update={"sampler": sampler})


@pytest.fixture(scope="module")
def task(demo: Study) -> Task:
    """What is asked at the end of 2018: rows of both series, surveys and counts."""
    return tasks(demo, [2018])[0]


@pytest.fixture(scope="module")
def drawn(task: Task) -> np.ndarray:
    """The forecast of it."""
    return stay_forecast(task, seed=3)


def test_a_forecast_has_a_rate_for_each_draw_and_row(task: Task, drawn: np.ndarray) -> None:
    """All draws of all chains by the rows to come, each a rate, no two columns the same."""
    assert drawn.shape == (CHAINS * DRAWS, len(task.coming.rows))
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert len(np.unique(drawn, axis=1).T) == drawn.shape[1]


def test_a_census_row_is_forecast_as_a_count(task: Task, drawn: np.ndarray) -> None:
    """Draws for a census row of n people are multiples of 1 / n."""
    rows = task.coming.rows
    census = rows["n_kind"].eq("census").to_numpy()
    people = drawn[:, census] * rows.loc[census, "n"].to_numpy()

    assert census.any()
    assert_allclose(people, np.round(people), rtol=0, atol=1e-6)


def test_the_same_seed_has_the_same_bytes(task: Task, drawn: np.ndarray) -> None:
    """A seed is all the randomness there is; another one draws otherwise."""
    assert_array_equal(stay_forecast(task, seed=3), drawn)
    assert not np.array_equal(stay_forecast(task, seed=4), drawn)


# No leakage


@pytest.mark.parametrize("name", FORECASTERS)
def test_no_forecast_sees_a_rate_to_come(name: str, demo: Study, tmp_path: Path) -> None:
    """Change every rate that is published after the origin year: no forecaster draws otherwise."""
    table = load_dataset("demo")
    later = table["published"].gt(2018)
    changed = table.assign(rate=table["rate"].mask(later, 1 - table["rate"]))
    changed.to_csv(tmp_path / "changed.csv", index=False)
    evidence = demo.evidence.model_copy(update={"table": "changed.csv"})
    other = demo.model_copy(update={"evidence": evidence, "folder": str(tmp_path)})
    mine, theirs = (tasks(study, [2018])[0] for study in (demo, other))

    assert not np.any(mine.coming.rows["rate"].eq(theirs.coming.rows["rate"]))
    assert_array_equal(FORECASTERS[name](theirs, 1), FORECASTERS[name](mine, 1))


def test_forecasts_do_see_the_rates_known(task: Task, drawn: np.ndarray) -> None:
    """Another known rate is another forecast: the test above could fail."""
    rows = task.known.rows.assign(rate=1 - task.known.rows["rate"])
    other = replace(task, known=replace(task.known, rows=rows))

    assert not np.array_equal(stay_forecast(other, seed=3), drawn)


# Error models that no known row has


def posterior_of(errors: ErrorModel, **labels: list[str]) -> xr.Dataset:
    """Return a made-up posterior of a trend and of parameters of error models at some labels."""
    found = xr.Dataset({"trend": (SAMPLE, np.zeros((CHAINS, DRAWS)))})
    for scale in errors.scales:
        if scale.name in labels:
            own = labels[scale.name]
            values = np.full((CHAINS, DRAWS, len(own)), 7.0) + np.arange(len(own))
            dim = dim_of(errors, scale.name).name
            found[scale.name] = xr.DataArray(values, {dim: own}, (*SAMPLE, dim))
    return found.assign_coords(chain=range(CHAINS), draw=range(DRAWS))


def dim_of(errors: ErrorModel, name: str) -> Dim:
    (scale,) = (scale for scale in errors.scales if scale.name == name)
    assert scale.dim is not None
    return scale.dim


@pytest.fixture(scope="module")
def every_kind(demo: Study) -> ErrorModel:
    """Error models of rows of each kind under both definitions."""
    whole = load_evidence(demo)
    kinds = np.resize(["census", "survey", "none"], len(whole.rows))
    n = whole.rows["n"].mask(kinds == "none")
    return error_model(replace(whole, rows=whole.rows.assign(n_kind=kinds, n=n)), demo.stay.priors)


def test_parameters_never_seen_follow_their_priors(demo: Study, every_kind: ErrorModel) -> None:
    """Each has its prior's mean, variance and distribution; labels are independent."""
    found = complete(posterior_of(every_kind), every_kind, np.random.default_rng(1))

    assert {scale.name for scale in every_kind.scales} == {
        "overdispersion",
        "effective_share",
        "source_scale",
    }
    for scale in every_kind.scales:
        values = found[scale.name].to_numpy().reshape(CHAINS * DRAWS, -1)
        prior = frozen(scale.prior)
        error = 4 / np.sqrt(len(values))
        assert values.shape[1] == (1 if scale.dim is None else len(scale.dim.labels))
        assert_allclose((values.mean(axis=0) - prior.mean()) / prior.std(), 0, rtol=0, atol=error)
        assert_allclose(values.std(axis=0) / prior.std(), 1, rtol=0, atol=2 * error)
        for one in values.T:
            assert stats.kstest(one, prior.cdf).pvalue > 1e-3
        correlation = np.corrcoef(values.T).reshape(values.shape[1], -1)
        assert_allclose(correlation, np.eye(len(correlation)), rtol=0, atol=error)


def test_parameters_that_were_seen_are_those_of_the_posterior(every_kind: ErrorModel) -> None:
    """Of a parameter by definition the known labels stay, in their draws, the other is drawn.

    Labels that no row to come has are left out; all else of the posterior stays.
    """
    posterior = posterior_of(
        every_kind, overdispersion=["intention"], source_scale=["gone", "resident", "intention"]
    )
    found = complete(posterior, every_kind, np.random.default_rng(1))
    dims = {name: dim_of(every_kind, name).name for name in ("overdispersion", "source_scale")}

    overdispersion = found["overdispersion"].transpose(*SAMPLE, ...)
    own, new = (
        overdispersion.sel({dims["overdispersion"]: label}).to_numpy()
        for label in ("intention", "resident")
    )
    assert_array_equal(own, 7.0)
    assert new.max() < 1
    assert len(np.unique(new)) == CHAINS * DRAWS
    source_scale = found["source_scale"]
    assert source_scale[dims["source_scale"]].to_numpy().tolist() == ["intention", "resident"]
    assert_array_equal(source_scale.sel({dims["source_scale"]: "resident"}), 8.0)
    assert_array_equal(source_scale.sel({dims["source_scale"]: "intention"}), 9.0)
    assert_array_equal(found["trend"], posterior["trend"])


def test_a_new_kind_of_row_is_forecast_with_its_prior(demo: Study) -> None:
    r"""Figures without base are forecast from counts alone, with scales of their prior.

    Then (y - p) / (p (1 - p)) has variance E s^2 = .09 with s half-normal of scale .3, beside the
    1e-5 of rounding.
    """
    whole = load_evidence(demo)
    counted = whole.rows["n_kind"].eq("census").to_numpy()
    known, coming = only(whole, counted), only(whole, ~counted)
    unsized = replace(coming, rows=coming.rows.assign(n=np.nan, n_kind="none"))
    task = Task(demo, 2030, known, unsized)

    drawn = stay_forecast(task, seed=1)

    posterior, _ = engine_named("laplace")(stay_model(demo, known), demo.sampler, 1)
    p = row_rates(posterior, demo, unsized.cells, unsized.operator).reshape(drawn.shape)
    scaled = (drawn - p) / (p * (1 - p))
    assert_allclose(scaled.mean(), 0, rtol=0, atol=0.01)
    assert_allclose((scaled**2).mean(), 0.09, rtol=0.1, atol=0)


def test_rows_without_a_kind_that_was_known_are_forecast_too(task: Task) -> None:
    """The posterior may know more kinds of rows than come: counts alone, surveys alone."""
    census = task.coming.rows["n_kind"].eq("census").to_numpy()
    for kept in (census, ~census):
        part = replace(task, coming=only(task.coming, kept))
        assert stay_forecast(part, seed=1).shape == (CHAINS * DRAWS, kept.sum())


def test_rows_are_what_the_table_says(task: Task) -> None:
    """The rows to come keep what the error models read: people, kind and step."""
    whole = load_evidence(task.study).rows.set_index("table_row")
    columns = ["n", "n_kind", "se", "rounding"]
    kept = task.coming.rows.set_index("table_row")[columns]
    pd.testing.assert_frame_equal(kept, whole.loc[kept.index, columns])
