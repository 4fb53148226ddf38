"""Predictive checks: hand values, p-values uniform under the truth, planted faults seen."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from scipy.special import expit, logit, ndtri

from forecast.assess.predictive_checks import (
    QUANTITIES,
    compared,
    neighbours,
    predictive_checks,
    predictive_moments,
    quantities_of,
    residual_map,
)
from forecast.evidence import Evidence, load_evidence, only
from forecast.inference import Fit
from forecast.stay.errors_of_rows import error_model
from forecast.stay.likelihood import replicate
from forecast.stay.predict import row_rates
from forecast.stay.simulate import simulate
from forecast.study import load_study

STUDY = load_study("demo")
DRAWS = 200


@cache
def shipped() -> Evidence:
    return load_evidence(STUDY)


@cache
def world() -> tuple[xr.Dataset, np.ndarray]:
    """Return a truth drawn from the prior, as draws that are all the same, and its row rates."""
    evidence = shipped()
    truth = simulate(STUDY, seed=5, evidence=evidence).truth
    rate = row_rates(truth, STUDY, evidence.cells, evidence.operator)
    same = truth.isel(draw=np.zeros(DRAWS, dtype=int)).assign_coords(draw=np.arange(DRAWS))
    return same, np.repeat(rate, DRAWS, axis=1)


def known_truth(seed: int, moved: Callable[[np.ndarray], np.ndarray] | None = None) -> Fit:
    """Return a fit that knows the truth, with figures drawn from it; ``moved`` changes them."""
    evidence = shipped()
    errors = error_model(evidence, STUDY.stay.priors)
    (same, rate), rng = world(), np.random.default_rng(seed)
    drawn = replicate(rate, same, errors, rng)
    observed = replicate(rate[:, :1], same.isel(draw=[0]), errors, rng)[0, 0]
    if moved is not None:
        observed = moved(observed)
    draws = ("chain", "draw", "row")
    parts = {
        "posterior": same,
        "posterior_predictive": xr.Dataset({"rate": (draws, drawn)}),
        "fitted": xr.Dataset({"rate": (draws, rate)}),
        "observed_data": xr.Dataset({"rate": (("row",), observed)}),
    }
    return Fit(STUDY, evidence, xr.DataTree.from_dict(parts))


def test_p_values_are_uniform_under_the_truth() -> None:
    """Where the posterior is the truth itself, p-values of figures from it are uniform."""
    tables = [predictive_checks(known_truth(seed)) for seed in range(40)]

    assert tables[0]["definition"].unique().tolist() == ["resident", "intention", "ALL"]
    assert tables[0]["quantity"].tolist() == [*QUANTITIES] * 3
    p = pd.concat(tables).groupby(["definition", "quantity"])["p"].agg(list)
    assert all(stats.kstest(values, "uniform").pvalue > 1e-3 for values in p)


def _shifted(rate: np.ndarray) -> np.ndarray:
    return expit(logit(rate.clip(0.02, 0.98)) + 0.4)


def _scattered(rate: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(scale=0.5, size=len(rate))
    return expit(logit(rate.clip(0.02, 0.98)) + noise)


def _one_off(rate: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(rate)) == 100, rate - 0.4, rate)


def _in_waves(rate: np.ndarray) -> np.ndarray:
    cohort = shipped().rows["cohort_start"].to_numpy()
    return expit(logit(rate.clip(0.02, 0.98)) + np.sin(cohort / 2))


@pytest.mark.parametrize(
    ("moved", "quantity", "above"),
    [
        (_shifted, "mean", True),
        (_scattered, "sd", True),
        (_one_off, "largest", True),
        (_in_waves, "lag_1", True),
        (lambda rate: world()[1][0, 0], "sd", False),
    ],
)
def test_each_quantity_sees_its_fault(
    moved: Callable[[np.ndarray], np.ndarray], quantity: str, above: bool
) -> None:
    """Shifted, scattered, wrong and wavy figures have p near 0; figures without noise near 1."""
    table = predictive_checks(known_truth(1, moved)).set_index(["definition", "quantity"])

    one = table.loc[("intention", quantity)]
    assert one["p"] < 0.01 if above else one["p"] > 0.99
    assert one["observed"] > one["upper"] if above else one["observed"] < one["lower"]


def test_moments_are_those_of_the_laws() -> None:
    """A count over n is beta-binomial, other rates are beta: mean and sd as scipy has them."""
    fit = known_truth(1)
    mean, sd = (of[0] for of in predictive_moments(fit))
    (same, rate), rows = world(), fit.evidence.rows
    i = int(np.flatnonzero(rows["n_kind"].eq("census"))[0])
    n, p = rows["n"][i], rate[0, 0, i]
    within = float(same["overdispersion"].sel(definition_counted=rows["definition"][i])[0, 0])
    within += rows["rounding"][i] ** 2 / 12 * n / (n - 1) / (p * (1 - p))
    count = stats.betabinom(n, p * (1 / within - 1), (1 - p) * (1 / within - 1))
    j = int(np.flatnonzero(rows["n_kind"].eq("survey"))[0])
    variance = rate[0, 0, j] * (1 - rate[0, 0, j])
    variance /= float(same["effective_share"][0, 0]) * rows["n"][j]
    variance += rows["rounding"][j] ** 2 / 12

    assert mean[i] == pytest.approx(count.mean() / n, rel=1e-9)
    assert sd[i] == pytest.approx(count.std() / n, rel=1e-9)
    assert mean[j] == pytest.approx(rate[0, 0, j], rel=1e-9)
    assert sd[j] == pytest.approx(np.sqrt(variance), rel=1e-9)


def rows_of(cohorts: list[int], **columns: object) -> pd.DataFrame:
    """Return rows of single cohorts of one line, unless ``columns`` say otherwise."""
    table = pd.DataFrame({"cohort_start": cohorts, "cohort_end": cohorts})
    line = {"definition": "plans", "series": "annual", "population": "all", "field": "alpha"}
    return table.assign(**(line | {"origin": "north", "years_since": np.nan} | columns))


def test_quantities_by_hand() -> None:
    """Residuals 1, 2, 3, 5 of four cohorts: mean 11/4, sd root 35/12, largest 5, lag-1 by hand."""
    near = neighbours(rows_of([2003, 2001, 2000, 2010]))  # in order: 3, 2, 1, 5

    found = quantities_of(np.array([[3.0, 2.0, 1.0, 5.0], [-3.0, -2.0, -1.0, -5.0]]), near)

    lag = np.corrcoef([1.0, 2.0, 3.0], [2.0, 3.0, 5.0])[0, 1]
    np.testing.assert_allclose(found[0], [2.75, np.sqrt(35 / 12), 5.0, lag], rtol=1e-12)
    np.testing.assert_allclose(found[1], [-2.75, np.sqrt(35 / 12), 5.0, lag], rtol=1e-12)


def test_neighbours_stay_in_their_line() -> None:
    """Another series, origin, field or age is another line; figures of one cohort are one."""
    table = pd.concat(
        [
            rows_of([2000, 2001, 2001, 2005]),
            rows_of([2002, 2003], series="digest"),
            rows_of([2002], origin="south"),
            rows_of([2002, 2004], years_since=5.0),
            rows_of([2003], years_since=10.0),
        ],
        ignore_index=True,
    )

    near = neighbours(table)

    values = near.mean @ table["cohort_start"].to_numpy(float)
    pairs = np.column_stack([values[near.first], values[near.second]])
    expected = [[2000, 2001], [2001, 2005], [2002, 2003], [2002, 2004]]
    assert sorted(pairs.tolist()) == expected
    ones = near.mean @ np.array([0.0, 4.0, 8.0, 0, 0, 0, 0, 0, 0, 0])
    assert ones.max() == 6.0


def test_too_few_figures_make_no_quantity() -> None:
    """Two figures have no sd, two pairs no correlation: NaN, and so is p."""
    two = quantities_of(np.array([[1.0, 2.0]]), neighbours(rows_of([2000, 2001])))
    three = quantities_of(np.array([[1.0, 2.0, 4.0]]), neighbours(rows_of([2000, 2001, 2002])))

    assert np.isnan(two[0, [1, 3]]).all()
    assert np.isnan(three[0]).tolist() == [False, False, False, True]
    found = compared(np.repeat(two, 3, axis=0), np.repeat(two, 3, axis=0), 0.9)
    assert np.isnan(found["p"]).tolist() == [False, True, False, True]


def test_p_values_by_hand() -> None:
    """The p-value is the part of draws whose replicate has more, ties by half, draw by draw."""
    seen = np.array([[1.0, 0, 5, 0], [2.0, 0, 5, 0], [3.0, 0, 5, 0], [4.0, 0, 5, 0]])
    copies = np.array([[2.0, 0, 4, 1], [1.0, 0, 4, 1], [3.0, 0, 4, 1], [9.0, 0, 4, 1]])

    found = compared(seen, copies, prob=0.9)

    assert found["p"].tolist() == [(2 + 0.5) / 4, 0.5, 0.0, 1.0]
    assert found["observed"].tolist() == [2.5, 0.0, 5.0, 0.0]
    assert found["median"].tolist() == [2.5, 0.0, 4.0, 1.0]


def test_residual_map_by_hand() -> None:
    """Residuals are normal scores of the place among replicates; a cell has their mean."""
    evidence = shipped()
    some = only(evidence, evidence.rows.index < 4)
    table = some.rows.assign(
        definition=["plans", "plans", "plans", "firm"],
        origin=["north", "north", "south", "north"],
        cohort_start=[2000, 2000, 2000, 2000],
        cohort_end=[2000, 2001, 2005, 2000],
    )
    draws = np.tile(np.linspace(0.105, 0.895, 80)[None, :, None], (1, 1, 4))
    parts = {
        "posterior_predictive": xr.Dataset({"rate": (("chain", "draw", "row"), draws)}),
        "observed_data": xr.Dataset({"rate": (("row",), np.array([0.3, 0.7, 0.5, 0.95]))}),
    }
    fit = Fit(STUDY, replace(some, rows=table), xr.DataTree.from_dict(parts))

    found = residual_map(fit, seed=1)

    labels = ["definition", "origin", "cohort", "rows"]
    assert found[labels].to_numpy().tolist() == [
        ["firm", "north", 2000, 1],
        ["plans", "north", 2000, 2],  # of 2000, and of 2000 to 2001
        ["plans", "south", 2002, 1],  # the middle of 2000 to 2005
    ]
    scores = [ndtri(1 - 0.5 / 80), (ndtri(20 / 80) + ndtri(60 / 80)) / 2, 0.0]
    np.testing.assert_allclose(found["residual"], scores, rtol=1e-12, atol=1e-12)
    by_field = residual_map(fit, seed=1, by="field")
    assert list(by_field)[:2] == ["definition", "field"]
    assert by_field["rows"].sum() == 4


def test_the_same_seed_gives_the_same_map() -> None:
    """The PIT of counts is random, and the seed decides it."""
    fit = known_truth(3)

    pd.testing.assert_frame_equal(residual_map(fit, seed=4), residual_map(fit, seed=4))
    assert not residual_map(fit, seed=4).equals(residual_map(fit, seed=5))
