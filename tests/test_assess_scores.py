"""Scores of draws: closed forms, hand values, properness, and equal treatment of forecasters."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special, stats

from forecast.assess.scores import (
    crps,
    interval_score,
    log_score,
    pit,
    scores,
    weighted_interval_score,
)
from forecast.errors import RunError

LOWER_IS_BETTER = [
    "crps",
    "wis",
    "interval_score_50",
    "interval_score_80",
    "interval_score_95",
    "log_score",
]
VALUES = arrays(float, st.tuples(st.integers(2, 30), st.just(1)), elements=st.floats(-10, 10))


def even(distribution: object, number: int = 20_000) -> np.ndarray:
    """Return the middles of equally likely parts of a distribution, (draw, 1)."""
    return distribution.ppf((np.arange(number) + 0.5) / number)[:, None]


def rates(
    sd: float, targets: int = 3000, draws: int = 400, seed: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws with a standard deviation on the logit scale, and rates observed with .3.

    What is observed is the same at each ``sd``.
    """
    rng = np.random.default_rng(seed)
    centre = rng.normal(0.8, 0.5, targets)
    observed = special.expit(rng.normal(centre, 0.3))
    return special.expit(rng.normal(centre, sd, (draws, targets))), observed


@cache
def scored(sd: float) -> pd.DataFrame:
    """Return the scores of a forecaster of ``rates``."""
    return scores(*rates(sd), seed=1)


@pytest.mark.parametrize("observed", [0.0, 0.7, -2.0, 4.0])
def test_crps_of_a_normal(observed: float) -> None:
    """Gneiting & Raftery 2007, equation 21: y (2 Phi(y) - 1) + 2 phi(y) - 1 / sqrt(pi)."""
    phi, cumulative = stats.norm.pdf(observed), stats.norm.cdf(observed)
    closed = observed * (2 * cumulative - 1) + 2 * phi - 1 / np.sqrt(np.pi)

    found = crps(even(stats.norm()), np.array([observed]))

    np.testing.assert_allclose(found, closed, rtol=0, atol=2e-4)


def test_crps_of_a_normal_at_its_mean() -> None:
    """It is 2 phi(0) - 1 / sqrt(pi) = .23370."""
    found = crps(even(stats.norm()), np.array([0.0]))
    np.testing.assert_allclose(found, 0.23370, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("observed", "closed"), [(0.5, 1 / 12), (0.0, 1 / 3), (0.2, 0.34 - 1 / 6), (1.5, 5 / 6)]
)
def test_crps_of_a_uniform(observed: float, closed: float) -> None:
    """It is (y^2 + (1 - y)^2) / 2 - 1 / 6 inside [0, 1], and y - 1/2 - 1/6 above."""
    found = crps(even(stats.uniform()), np.array([observed]))
    np.testing.assert_allclose(found, closed, rtol=0, atol=1e-4)


@given(VALUES, st.floats(-12, 12))
def test_crps_is_its_definition(draws: np.ndarray, observed: float) -> None:
    """The sum over sorted draws is mean |x - y| - sum |x - x'| / (2 m (m - 1)) over all pairs."""
    m = len(draws)
    spread = np.abs(draws - draws.T).sum() / (2 * m * (m - 1))

    found = crps(draws, np.array([observed]))

    np.testing.assert_allclose(found, np.abs(draws - observed).mean() - spread, atol=1e-9, rtol=0)


def test_crps_is_fair_to_few_draws() -> None:
    """The mean score of many sets of three draws is that of the distribution they come from."""
    draws = np.random.default_rng(3).normal(size=(3, 200_000))
    found = crps(draws, np.zeros(200_000)).mean()
    np.testing.assert_allclose(found, 0.23370, rtol=0, atol=0.004)


@given(VALUES, st.floats(-12, 12), st.floats(-100, 100), st.floats(0.0, 1.0))
def test_crps_moves_with_its_unit(
    draws: np.ndarray, observed: float, shift: float, scale: float
) -> None:
    """It is never negative, the same after a shift, and shrinks with draws drawn in to the truth.

    A forecast around the truth that is sharper by a factor scores better by that factor.
    """
    y = np.array([observed])
    found = crps(draws, y)

    assert found[0] >= 0
    np.testing.assert_allclose(crps(draws + shift, y + shift), found, rtol=0, atol=1e-9)
    np.testing.assert_allclose(crps(y + scale * (draws - y), y), scale * found, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("observed", "by_hand"), [(0.7, 0.2), (0.6, 0.2), (0.8, 0.2), (0.5, 1.2), (0.95, 1.7)]
)
def test_interval_score_by_hand(observed: float, by_hand: float) -> None:
    """The 80 % interval [.6, .8] scores its width, .2, and 10 times what lies outside."""
    found = interval_score(np.array([observed]), np.array([0.6]), np.array([0.8]), 0.2)
    np.testing.assert_allclose(found, by_hand, rtol=1e-12, atol=0)


def test_weighted_interval_score_by_hand() -> None:
    """Observed 1, median -5, 80 % interval [0, 2]: (6 / 2 + .2 / 2 * 2) / 1.5 = 2.13.

    A median in place of its distance from the observed value would give -1.53.
    """
    found = weighted_interval_score(
        np.array([1.0]), np.array([-5.0]), np.array([[0.0]]), np.array([[2.0]]), np.array([0.2])
    )
    np.testing.assert_allclose(found, 3.2 / 1.5, rtol=1e-12, atol=0)


def test_weighted_interval_score_of_two_intervals_by_hand() -> None:
    """Observed 5, median 3, 50 % [2, 4], 80 % [1, 6]: (2/2 + .25 (2 + 4) + .1 * 5) / 2.5 = 1.2."""
    lower, upper = np.array([[2.0], [1.0]]), np.array([[4.0], [6.0]])
    found = weighted_interval_score(
        np.array([5.0]), np.array([3.0]), lower, upper, np.array([0.5, 0.2])
    )
    np.testing.assert_allclose(found, 1.2, rtol=1e-12, atol=0)


def test_weighted_interval_score_without_intervals() -> None:
    """The median alone scores its distance from the observed value."""
    none = np.empty((0, 1))
    found = weighted_interval_score(np.array([1.0]), np.array([-5.0]), none, none, np.empty(0))
    np.testing.assert_allclose(found, 6.0, rtol=1e-12, atol=0)


@pytest.mark.parametrize("observed", [0.0, 0.4, -1.5])
def test_weighted_interval_score_of_many_intervals_is_the_crps(observed: float) -> None:
    """With 2,000 intervals at even levels of a normal it is the CRPS to .0005."""
    alpha = np.arange(1, 2001) / 2000.5
    ends = stats.norm.ppf([alpha / 2, 1 - alpha / 2])[:, :, None]
    closed = crps(even(stats.norm()), np.array([observed]))

    found = weighted_interval_score(np.array([observed]), np.zeros(1), *ends, alpha)

    np.testing.assert_allclose(found, closed, rtol=0, atol=5e-4)


@pytest.mark.parametrize("observed", [0.0, 0.5, -1.0])
def test_log_score_approaches_that_of_the_density(observed: float) -> None:
    """Draws of a logit-normal score the negative log density of that normal, to .02."""
    normal = stats.norm(0.8, 0.4)
    value = 0.8 + 0.4 * observed

    found = log_score(special.expit(even(normal)), np.array([special.expit(value)]))

    np.testing.assert_allclose(found, -normal.logpdf(value), rtol=0, atol=0.02)


def test_log_score_by_hand() -> None:
    """Four draws with logits -1, -1, 1, 1: s = 1.155, IQR / 1.34 = 1.493, h = .9 s 4^(-1/5)."""
    width = 0.9 * np.sqrt(4 / 3) * 4**-0.2
    closed = np.log(width * np.sqrt(2 * np.pi)) + 1 / (2 * width**2)

    found = log_score(special.expit([[-1.0], [-1.0], [1.0], [1.0]]), np.array([0.5]))

    np.testing.assert_allclose(found, closed, rtol=1e-12, atol=0)


def test_log_score_at_the_edges() -> None:
    """Rates of 0 and 1, drawn or observed, count as half a step of .001 away from the edge."""
    draws = np.random.default_rng(2).beta(3, 1, (200, 1))
    draws[:20] = 1.0
    inner = np.where(draws == 1.0, 0.9995, np.clip(draws, 0.0005, 0.9995))

    assert log_score(draws, np.array([1.0])) == log_score(inner, np.array([0.9995]))
    assert log_score(draws, np.array([0.0])) == log_score(draws, np.array([0.0005]))
    assert log_score(draws, np.array([0.0])) > log_score(draws, np.array([0.0006]))
    assert np.isfinite(log_score(draws, np.array([0.0])))


def test_log_score_of_a_point_forecast() -> None:
    """Draws that are all the same have a score: a normal with standard deviation .004."""
    value = special.expit(0.008)
    found = log_score(np.full((50, 2), 0.5), np.array([0.5, value]))
    expected = -stats.norm(0, 0.004).logpdf([0.0, 0.008])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=0)


def test_log_score_where_half_of_the_draws_are_the_same() -> None:
    """An interquartile range of zero does not make the kernel a spike: s takes its place."""
    logits = np.array([-1.0] + [0.0] * 8 + [1.0])[:, None]
    width = 0.9 * np.sqrt(2 / 9) * 10**-0.2
    kernel = stats.norm.pdf((logits[:, 0] - 0.5) / width).mean() / width

    found = log_score(special.expit(logits), special.expit(np.array([0.5])))

    np.testing.assert_allclose(found, -np.log(kernel), rtol=1e-9, atol=0)


def test_pit_is_uniform_if_the_forecasts_are_true() -> None:
    """Rates drawn from the forecasts themselves have a uniform PIT (Kolmogorov-Smirnov)."""
    assert stats.kstest(scored(sd=0.3)["pit"], "uniform").pvalue > 0.05


def test_pit_tells_a_wrong_spread() -> None:
    """Too sharp forecasts have a PIT at the edges, too wide ones in the middle: 1 / 12 is even."""
    assert scored(sd=0.15)["pit"].var() > 1.3 / 12
    assert scored(sd=0.6)["pit"].var() < 0.7 / 12


def test_pit_is_uniform_where_draws_tie_with_the_observed() -> None:
    """Rates on a lattice of tenths tie with many draws; the PIT is uniform all the same."""
    draws, observed = (np.round(values, 1) for values in rates(sd=0.3))
    assert (draws == observed).mean() > 0.3
    found = pit(draws, observed, np.random.default_rng(1))
    assert stats.kstest(found, "uniform").pvalue > 0.05


def test_pit_by_hand() -> None:
    """Without a tie it is the part of the draws below; with ties it lies among theirs."""
    draws = np.array([[0.1, 0.1], [0.2, 0.2], [0.2, 0.2], [0.4, 0.4]])
    found = pit(draws, np.array([0.3, 0.2]), np.random.default_rng(1))
    assert found[0] == 0.75
    assert 0.25 < found[1] < 0.75


def test_scores_of_even_draws() -> None:
    """Draws 0, .01, .., 1: median .5, 80 % interval [.1, .9], whose ends are inside."""
    draws = np.repeat(np.arange(101)[:, None] / 100, 4, axis=1)
    observed = np.array([0.5, 0.1, 0.0999, 1.0])

    found = scores(draws, observed, seed=1)

    np.testing.assert_allclose(found["median"], 0.5, rtol=1e-12, atol=0)
    np.testing.assert_allclose(found["lower"], 0.1, rtol=1e-12, atol=0)
    np.testing.assert_allclose(found["upper"], 0.9, rtol=1e-12, atol=0)
    assert found["inside_50"].tolist() == [True, False, False, False]
    assert found["inside_80"].tolist() == [True, True, False, False]
    assert found["inside_95"].tolist() == [True, True, True, False]
    np.testing.assert_allclose(found["interval_score_50"], [0.5, 1.1, 1.1004, 1.5], rtol=1e-9)
    np.testing.assert_allclose(found["interval_score_80"], [0.8, 0.8, 0.801, 1.8], rtol=1e-9)
    np.testing.assert_allclose(found["interval_score_95"], [0.95, 0.95, 0.95, 1.95], rtol=1e-9)
    by_hand = (0.5 / 2 + 0.25 * 1.5 + 0.1 * 1.8 + 0.025 * 1.95) / 3.5
    np.testing.assert_allclose(found["wis"].iloc[3], by_hand, rtol=1e-9, atol=0)


def test_a_perfect_point_forecast() -> None:
    """Draws that are all the observed rate score 0 and have it inside, with a PIT at random."""
    found = scores(np.full((10, 500), 0.7), np.full(500, 0.7), seed=1)
    assert (found[["crps", "wis", *LOWER_IS_BETTER[2:5]]] == 0).all(axis=None)
    assert found[["inside_50", "inside_80", "inside_95"]].all(axis=None)
    assert stats.kstest(found["pit"], "uniform").pvalue > 0.05


@pytest.mark.parametrize("score", LOWER_IS_BETTER)
def test_scores_are_proper(score: str) -> None:
    """A forecaster whose spread is that of the truth beats one half and one twice as wide."""
    true, sharp, wide = (scored(sd)[score].mean() for sd in (0.3, 0.15, 0.6))
    assert true < sharp
    assert true < wide


def test_a_sharper_true_forecast_scores_better() -> None:
    """Of two calibrated forecasters, the one that knows the centre beats the one that does not."""
    draws, observed = rates(sd=0.3)
    ignorant = np.random.default_rng(9).normal(0.8, np.hypot(0.5, 0.3), draws.shape)

    knows, does_not = scored(sd=0.3), scores(special.expit(ignorant), observed, seed=1)

    np.testing.assert_allclose(knows["inside_80"].mean(), 0.8, rtol=0, atol=0.025)
    np.testing.assert_allclose(does_not["inside_80"].mean(), 0.8, rtol=0, atol=0.025)
    for score in LOWER_IS_BETTER:
        assert knows[score].mean() < does_not[score].mean()


def test_same_seed_same_scores() -> None:
    """A seed fixes all bytes; another one changes only the PIT of ties."""
    draws, observed = (np.round(values, 2) for values in rates(sd=0.3, targets=50))
    first, again, other = (scores(draws, observed, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    pd.testing.assert_frame_equal(first.drop(columns="pit"), other.drop(columns="pit"))
    assert (first["pit"] != other["pit"]).any()


def test_the_order_of_draws_does_not_matter() -> None:
    """Draws are a sample: any order of them has the same scores."""
    draws, observed = rates(sd=0.3, targets=50)
    turned = scores(draws[::-1], observed, seed=1)
    pd.testing.assert_frame_equal(scores(draws, observed, seed=1), turned, rtol=1e-12)


@pytest.mark.parametrize(
    ("draws", "observed", "got"),
    [
        (np.full((1, 2), 0.5), np.full(2, 0.5), "got (1, 2) for (2,)"),
        (np.full((5, 2), 0.5), np.full(3, 0.5), "got (5, 2) for (3,)"),
        (np.full(5, 0.5), np.full(5, 0.5), "got (5,) for (5,)"),
        (np.full((5, 2), 1.5), np.full(2, 0.5), "draws lie in [0, 1]; got 1.5"),
        (np.full((5, 2), np.nan), np.full(2, 0.5), "draws lie in [0, 1]; got nan"),
        (np.full((5, 2), 0.5), np.array([0.5, -0.1]), "observed rates lie in [0, 1]; got -0.1"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    draws: np.ndarray, observed: np.ndarray, got: str
) -> None:
    """Draws of another shape, a single draw, and what is no rate are named in one sentence."""
    with pytest.raises(RunError) as refused:
        scores(draws, observed, seed=1)
    assert got in str(refused.value)
