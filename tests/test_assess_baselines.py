"""The baselines of the assessment: hand values, closed forms, published answers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from statsmodels.datasets import nile
from statsmodels.tsa.statespace.structural import UnobservedComponents

from forecast.assess.as_of import Task, tasks
from forecast.assess.baseline_series import History, off_the_edge, past, sizes_or_mean, variance
from forecast.assess.baselines import (
    BASELINES,
    DRAWS,
    last_value,
    local_level,
    pooled_mean,
    smoothed_level,
    trend,
    trend_fit,
)
from forecast.study import load_study

SHIPPED = tasks(load_study("demo"), [2018])[0]
ROW = {
    "source": "hand",
    "series": "plans",
    "definition": "intention",
    "population": "all",
    "origin": "north",
    "field": "alpha",
    "years_since": 0.0,
    "n": 100.0,
    "rounding": np.nan,
}
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def rows(cohorts: Sequence[float], rates: Sequence[float], **columns: object) -> pd.DataFrame:
    """Return published figures of single cohorts, one group unless ``columns`` say otherwise."""
    table = pd.DataFrame({"cohort_start": cohorts, "cohort_end": cohorts, "rate": rates})
    return table.astype(float).assign(**(ROW | columns))


def task_of(known: Sequence[pd.DataFrame], coming: pd.DataFrame) -> Task:
    """Return a task with these rows; the rest of its evidence is no business of a baseline."""
    return replace(
        SHIPPED,
        known=replace(SHIPPED.known, rows=pd.concat(known, ignore_index=True)),
        coming=replace(SHIPPED.coming, rows=coming.reset_index(drop=True)),
    )


def walk(seed: int, years: int, sd: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=sd, size=years).cumsum()


def assert_logit_normal(draws: np.ndarray, mean: object, sd: object) -> None:
    """Compare the logits' mean and sd with these, up to four Monte Carlo errors."""
    logits = logit(draws)
    error = 4 / np.sqrt(len(draws))
    np.testing.assert_allclose((logits.mean(axis=0) - mean) / sd, 0, rtol=0, atol=error)
    np.testing.assert_allclose(logits.std(axis=0) / sd, 1, rtol=0, atol=error / np.sqrt(2))


# figures of a line: logits 0, .2, .6 in 2000, 2001, 2003; squared steps a year .04 and .08
KNOWN = rows([2000, 2001, 2003], expit([0.0, 0.2, 0.6]))


def test_last_value_by_hand():
    """From logits 0, .2, .6 in 2000, 2001, 2003 the walk goes on from .6 with variance .06 h."""
    draws = last_value(task_of([KNOWN], rows([2004, 2005, 2012], [0.5] * 3)), seed=1)

    assert_logit_normal(draws, 0.6, np.sqrt(0.06 * np.array([1, 2, 9])))


def test_another_figure_of_a_known_cohort_is_one_step_away():
    """A cohort that is known is no certainty: its next edition is forecast as one year's step."""
    draws = last_value(task_of([KNOWN], rows([2001, 2002], [0.5] * 2)), seed=1)

    assert_logit_normal(draws, [0.2, 0.6], np.sqrt(0.06))


def test_five_steps_speak_for_themselves_and_fewer_ask_the_series():
    """A group with five steps has its own variance, one with a single step that of its series."""
    calm = rows(range(2000, 2006), expit(0.1 * np.arange(6)))
    short = rows([2000, 2001], expit([0.0, 0.6]), origin="south")
    other = rows(range(2000, 2006), expit(2.0 * np.arange(6)), series="other")
    coming = pd.concat([rows([2006], [0.5]), rows([2002], [0.5], origin="south")])

    draws = last_value(task_of([calm, short, other], coming), seed=1)

    assert_logit_normal(draws, [0.5, 0.6], np.sqrt([0.01, (5 * 0.01 + 0.36) / 6]))


def test_a_new_series_asks_its_definition():
    """A series with one figure a group takes the steps of the definition's other series."""
    digest = rows(range(2000, 2006), expit(0.1 * np.arange(6)), series="digest")
    away = rows(range(2000, 2006), expit(2.0 * np.arange(6)), definition="resident")
    annual = rows([2006], expit([1.0]))

    draws = last_value(task_of([digest, away, annual], rows([2008], [0.5])), seed=1)

    assert_logit_normal(draws, 1.0, np.sqrt(2 * 0.01))


def test_years_since_make_a_line_where_they_are_known():
    """A figure after ten years continues those after ten; after three, unseen, all of its group."""
    five = rows([2001, 2003], expit([1.0, 1.4]), years_since=5.0)
    ten = rows([2000, 2002], expit([0.0, 0.2]), years_since=10.0)
    coming = rows([2004, 2004, 2004], [0.5] * 3, years_since=[5.0, 10.0, 3.0])

    draws = last_value(task_of([five, ten], coming), seed=1)

    per_year = (0.4**2 / 2 + 0.2**2 / 2) / 2
    # the group's own three steps mix ages and are fewer than five: those of the lines stand in
    assert_logit_normal(draws, [1.4, 0.2, 1.4], np.sqrt(per_year * np.array([1, 2, 1])))


def test_two_figures_of_a_cohort_are_one():
    """Figures of a cohort are averaged with weights n; a missing n is the mean of the group's."""
    known = rows([2000, 2000, 2000, 2001], [0.2, 0.4, 0.6, 0.5], n=[300.0, 100.0, np.nan, 50.0])
    (history,) = past(task_of([known], rows([2002], [0.5]))).lines

    np.testing.assert_allclose(history.cohort, [2000, 2001], **EXACT)
    np.testing.assert_allclose(history.rate, [(60 + 40 + 150 * 0.6) / 550, 0.5], **EXACT)
    np.testing.assert_allclose(history.n, [200, 50], **EXACT)


def test_pooled_mean_by_hand():
    """Logits 0, 1, 2, twice, with n 1, 1, 2 have mean 1.25 and variance 2 x 2.1875 / 5.

    Rows of another series count, those of another definition or another population do not.
    """
    first = rows([2000, 2001, 2002], expit([0.0, 1.0, 2.0]), n=[1.0, 1.0, 2.0])
    here = pd.concat([first, first.assign(series="digest")])
    away = [rows([2000, 2001], [0.01, 0.02], **{c: "else"}) for c in ("definition", "population")]

    draws = pooled_mean(task_of([here, *away], rows([2003], [0.5])), seed=1)

    assert_logit_normal(draws, 1.25, np.sqrt(2 * (1.25**2 + 0.25**2 + 0.75**2) / 5))


@pytest.mark.parametrize("name", BASELINES)
def test_an_unseen_group_gets_the_forecast_of_its_series(name: str):
    """A row whose series x origin x field has no known row is pooled over its series alone."""
    series = rows(range(2000, 2006), expit([0.0, 1.0] * 3))
    sister = rows(range(2000, 2006), expit([3.0] * 6), series="digest", origin="south")
    coming = rows([2006], [0.5], origin="south")

    draws = BASELINES[name](task_of([series, sister], coming), 1)

    assert_logit_normal(draws, 0.5, np.sqrt(6 * 0.25 / 5))


def test_a_constant_of_two_figures_in_closed_form():
    """With two figures the GLM is their mean weighted by n, of variance phi / (N p (1 - p))."""
    cohort, rate, n = np.array([[2000.0, 2004.0], [0.3, 0.7], [1.0, 3.0]])
    fit = trend_fit(History(("all",), cohort, rate, n))

    np.testing.assert_allclose(fit.coefficients, [logit(0.6)], rtol=1e-8)
    np.testing.assert_allclose(fit.covariance, [[2 / (4 * 0.24)]], rtol=1e-5)
    # Pearson: (1 * .3^2 + 3 * .1^2) / .24 over one degree of freedom, per mean n of 2
    np.testing.assert_allclose(fit.squares.mean(), 0.12 / 0.24 / 2, rtol=1e-5)


def test_a_line_through_three_figures_is_found():
    """Figures on a line of logits give back its level at the mean cohort and its slope."""
    cohort = np.array([2000.0, 2001.0, 2005.0])
    history = History(("all",), cohort, expit(0.4 + 0.3 * (cohort - 2002)), np.full(3, 50.0))
    fit = trend_fit(history)

    assert fit.centre == 2002
    np.testing.assert_allclose(fit.coefficients, [0.4, 0.3], rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 99), min_size=3, max_size=12), st.floats(1, 1e5))
def test_the_trend_solves_the_score_equations(percent: list[int], n: float):
    """At the estimate X'n (y - p) = 0, which is what maximum likelihood means here."""
    cohort, rate = np.arange(2000.0, 2000 + len(percent)), np.array(percent) / 100
    sizes = n * (1 + np.arange(len(percent)) % 3)
    fit = trend_fit(History(("all",), cohort, rate, sizes))

    x = cohort - fit.centre
    left = (rate - expit(fit.coefficients @ [np.ones_like(x), x])) * sizes / sizes.sum()
    np.testing.assert_allclose([left.sum(), (x * left).sum()], 0, rtol=0, atol=1e-6)


def test_the_trend_goes_on_with_the_noise_of_its_figures():
    """Draws have the line's mean and the variance of its coefficients plus phi p (1 - p)."""
    cohort = np.arange(2000.0, 2020)
    noise = np.tile([0.1, -0.1, -0.1, 0.1], 5)  # orthogonal to a line
    known = rows(cohort, expit(0.02 * (cohort - 2009.5) + noise))
    fit = trend_fit(History(("all",), cohort, known["rate"].to_numpy(), np.full(20, 100.0)))
    x = np.array([1.0, 2030 - 2009.5])
    phi = fit.squares.mean()

    draws = trend(task_of([known], rows([2030], [0.5])), seed=1)[:, 0]

    p, slope = expit(x @ fit.coefficients), phi * x @ fit.covariance @ x
    sd = np.sqrt(slope * (p * (1 - p)) ** 2 + phi * p * (1 - p))
    np.testing.assert_allclose(phi, 0.1**2 / 4 * 20 / 18, rtol=0.02)  # var p = .01 (p (1 - p))^2
    np.testing.assert_allclose(draws.mean(), p, rtol=0, atol=4 * sd / np.sqrt(DRAWS))
    np.testing.assert_allclose(draws.std(), sd, rtol=0.1)


def test_the_nile_has_its_published_level():
    """The flow of the Nile is forecast as 798 for 1971, with the variances of the textbook.

    Durbin & Koopman 2012, sections 2.6 and 2.10: noise 15,099, steps 1,469, level known to 4,032.
    """
    flow = nile.load_pandas().data
    found = smoothed_level(flow["year"].to_numpy(int), flow["volume"].to_numpy(), np.array([1971]))

    np.testing.assert_allclose(found.mean, 798.4, rtol=0, atol=0.5)
    np.testing.assert_allclose(found.sd**2, 4032 + 1469 + 15099, rtol=0.005)


def test_local_level_equals_the_forecast_of_statsmodels():
    """Years ahead have the mean and standard error of a forecast from the series with its gap."""
    years = np.array([2000, 2001, 2002, 2005, 2006, 2007, 2008, 2009])
    logits = np.array([0.1, 0.4, 0.2, 0.5, 0.4, 0.7, 0.5, 0.8])
    found = smoothed_level(years, logits, np.array([2012, 2010]))

    series = pd.Series(logits, years).reindex(range(2000, 2010)).to_numpy()
    fit = UnobservedComponents(series, "local level", use_exact_diffuse=True).fit(disp=False)
    theirs = fit.get_forecast(3)

    np.testing.assert_allclose(found.mean, theirs.predicted_mean[[2, 0]], rtol=1e-3)
    np.testing.assert_allclose(found.sd, theirs.se_mean[[2, 0]], rtol=1e-3)
    draws = local_level(task_of([rows(years, expit(logits))], rows([2012, 2010], [0.5] * 2)), 1)
    assert_logit_normal(draws, found.mean, found.sd)


def test_local_level_finds_the_better_of_two_modes():
    """A walk whose likelihood has a second, lower mode without steps is forecast from its end."""
    logits = np.array([0.4, 0.3, 0.0, -0.1, -0.4, -0.3, -0.1, 0.4, 0.2, 0.4, 0.2, -0.6])
    found = smoothed_level(np.arange(2000, 2012), logits, np.array([2012]))

    np.testing.assert_allclose(found.mean, -0.6, rtol=0, atol=0.02)
    assert abs(logits.mean()) < 0.1


@pytest.mark.parametrize(
    "logits", [[0.0, 0.1, 0.3, 0.2, 0.4], [0.3] * 8], ids=["five years", "no change"]
)
def test_local_level_falls_back_to_the_last_value(logits: list[float]):
    """Fewer than six years, or a series that never moves, have the draws of the last value."""
    other = rows(range(2000, 2007), expit(walk(1, 7, 0.2)), origin="south")
    known = rows(range(2000, 2000 + len(logits)), expit(logits))
    task = task_of([known, other], rows([2010], [0.5]))

    np.testing.assert_array_equal(local_level(task, 3), last_value(task, 3))


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_no_point_forecast(name: str):
    """One figure a group has no step, no trend and no dispersion, but a spread all the same."""
    alone = task_of([rows([2000], [0.7])], rows([2003], [0.5]))
    pair = task_of([rows([2000] * 2, [0.6, 0.8], origin=["north", "south"])], rows([2003], [0.5]))

    for task in (alone, pair):
        assert np.ptp(np.quantile(BASELINES[name](task, 1), [0.1, 0.9])) > 0.1


@pytest.mark.parametrize("name", BASELINES)
def test_the_interface(name: str):
    """Draws of a shipped study are (draw, row) and rates; a seed has its draws, another others."""
    forecaster = BASELINES[name]
    draws = forecaster(SHIPPED, 1)

    assert draws.shape == (DRAWS, len(SHIPPED.coming.rows))
    assert ((draws >= 0) & (draws <= 1)).all()
    assert draws.tobytes() == forecaster(SHIPPED, 1).tobytes()
    assert not (draws == forecaster(SHIPPED, 2)).any(axis=0).any()


@pytest.mark.parametrize("name", BASELINES)
def test_what_is_coming_is_not_seen(name: str):
    """The rates, sizes and errors of coming rows change no draw."""
    table = SHIPPED.coming.rows
    hidden = table.assign(rate=0.5, n=np.nan, se=np.nan, rounding=np.nan)
    blind = replace(SHIPPED, coming=replace(SHIPPED.coming, rows=hidden))

    assert BASELINES[name](SHIPPED, 1).tobytes() == BASELINES[name](blind, 1).tobytes()


@pytest.mark.parametrize("name", BASELINES)
def test_a_table_without_series_and_population_will_do(name: str):
    """Columns that a user's table need not have are not asked for."""
    bare = [
        replace(e, rows=e.rows.drop(columns=["series", "population"]))
        for e in (SHIPPED.known, SHIPPED.coming)
    ]
    draws = BASELINES[name](replace(SHIPPED, known=bare[0], coming=bare[1]), 1)

    assert np.isfinite(draws).all()


@pytest.mark.parametrize("name", BASELINES)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.01, 0.5, 1.0]), min_size=1, max_size=9))
def test_rates_of_zero_and_one_have_forecasts(name: str, rates: list[float]):
    """Nobody and everybody stayed are figures too: draws are numbers in [0, 1]."""
    n = [50.0, np.nan, 1e6, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0][: len(rates)]
    known = rows(range(2000, 2000 + len(rates)), rates, n=n)
    draws = BASELINES[name](task_of([known], rows([2009, 2030], [0.5] * 2)), 1)

    assert ((draws >= 0) & (draws <= 1)).all()


def test_the_edge_by_hand():
    """0 of 9 people is moved to half a person in 10; a printed 100 % to half its rounding step."""
    found = off_the_edge(
        np.array([0.0, 1.0, 1.0, 0.02]),
        np.array([9.0, np.nan, 1e6, 1.0]),
        np.array([0.01, 0.01, 0.01, 0.1]),
    )
    np.testing.assert_allclose(found, [0.05, 0.995, 0.995, 0.02], **EXACT)


def test_sizes_by_hand():
    """Where no n is printed at all each figure weighs one."""
    np.testing.assert_allclose(sizes_or_mean(np.full(2, np.nan)), [1, 1], **EXACT)


def test_no_error_is_no_variance():
    """Squared errors of zero are not believed, and nobody's errors are no number."""
    pools = {"series": np.zeros(9), "all": np.array([0.5])}

    assert variance(np.zeros(7), ["series", "all"], pools) == 0.5
    assert np.isnan(variance(np.empty(0), ["series"], {}))


def test_intervals_cover_walks_as_often_as_they_say():
    """On 200 simulated walks of 15 years, 80 % intervals one and four years ahead cover 80 %."""
    paths = np.random.default_rng(5).normal(scale=0.2, size=(200, 19)).cumsum(axis=1)
    labels = [f"origin {k}" for k in range(200)]
    known = [
        rows(range(2000, 2015), expit(path[:15]), origin=label)
        for path, label in zip(paths, labels, strict=True)
    ]
    for year in (2015, 2018):
        coming = rows([year] * 200, expit(paths[:, year - 2000]), origin=labels)
        low, high = np.quantile(last_value(task_of(known, coming), 1), [0.1, 0.9], axis=0)
        covered = np.mean((coming["rate"] > low) & (coming["rate"] < high))
        assert 0.7 < covered < 0.88
