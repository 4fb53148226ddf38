"""Published retention curves: the sBG by hand and as printed, and the figures of the page."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import special

from benchmarks import followed, retention, validation
from benchmarks.retention import AHEAD, LAST, SEEN, BetaGeometric
from forecast.study.schema import LaplaceSpec

PLANS = ("high_end", "regular")
MEDIUM = LaplaceSpec(points=600, draws=1000)
ROOM = 0.25  # points: Monte Carlo error of a mean absolute error at that effort
PRINTED = 5e-4  # half of the last digit of a printed estimate


@pytest.fixture(scope="module")
def came() -> dict[str, np.ndarray]:
    return retention.surviving(retention.published())


@pytest.fixture(scope="module")
def forecasts() -> retention.Draws:
    study = retention.with_effort(retention.study(), MEDIUM)
    return retention.each_alone(study, retention.seen(retention.published()), seed=2)


def page() -> str:
    """The shipped page in one line."""
    return " ".join(validation.OUT.read_text(encoding="utf-8").split())


def test_the_recursion_has_its_values_by_hand():
    """Beta(2, 3): P = 2/5, then 3/6, 4/7, 5/8 of the one before: 2/5, 1/5, 4/35, 1/14."""
    assert_allclose(BetaGeometric(2, 3).lost(4), [2 / 5, 1 / 5, 4 / 35, 1 / 14], rtol=1e-14)
    assert_allclose(BetaGeometric(2, 3).surviving(2), [3 / 5, 2 / 5], rtol=1e-14)


def test_a_uniform_probability_leaves_one_in_t_plus_one():
    """Beta(1, 1): S(t) = 1 / (t + 1)."""
    years = np.arange(1, 21)
    assert_allclose(BetaGeometric(1, 1).surviving(20), 1 / (years + 1), rtol=1e-12)


@given(st.floats(0.05, 30), st.floats(0.05, 30))
def test_survival_is_a_ratio_of_beta_functions(alpha: float, beta: float):
    """S(t) = B(alpha, beta + t) / B(alpha, beta), the mean of (1 - theta)^t."""
    years = np.arange(1, 13)
    mean = np.exp(special.betaln(alpha, beta + years) - special.betaln(alpha, beta))
    assert_allclose(BetaGeometric(alpha, beta).surviving(12), mean, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("plan", "alpha", "beta"), [(p, *validation.PRINTED[p]) for p in PLANS])
def test_the_estimates_are_those_in_print(
    plan: str, alpha: float, beta: float, came: dict[str, np.ndarray]
):
    """Maximum likelihood on years 1 to 7 gives the article's alpha and beta to their last digit."""
    found = retention.estimated(came[plan][:SEEN])
    assert_allclose(found.alpha, alpha, rtol=0, atol=PRINTED)
    assert_allclose(found.beta, beta, rtol=0, atol=PRINTED)


def test_the_log_likelihood_is_that_of_customers_one_by_one(came: dict[str, np.ndarray]):
    """At alpha = beta = 1: those lost in year t give -log t (t + 1) each, those left -log 8."""
    parts = came["high_end"][:SEEN]
    years = np.arange(1, SEEN + 1)
    lost = np.append(1.0, parts[:-1]) - parts
    by_hand = -(lost @ np.log(years * (years + 1)) + parts[-1] * np.log(SEEN + 1))

    assert_allclose(retention.log_likelihood(BetaGeometric(1, 1), parts), by_hand, rtol=1e-12)


def test_the_greatest_log_likelihood_is_that_in_print(came: dict[str, np.ndarray]):
    """High End: -1.611 a customer (appendix B)."""
    parts = came["high_end"][:SEEN]
    best = retention.log_likelihood(retention.estimated(parts), parts)
    assert_allclose(best, -1.611, rtol=0, atol=PRINTED)


@pytest.mark.parametrize(("plan", "error"), [("high_end", 1.2), ("regular", 0.3)])
def test_the_sbg_forecasts_as_well_as_is_said(plan: str, error: float, came: dict[str, np.ndarray]):
    """Fitted to years 1 to 7, it is 1.2 and .3 points off in years 8 to 12."""
    model = retention.estimated(came[plan][:SEEN])
    assert_allclose(validation.sbg_error(model, came[plan]), error, rtol=0, atol=0.05)


def test_the_model_sees_seven_years_and_no_more():
    """No row of years 8 to 12 is fitted; all twelve years of both plans are in the table."""
    rows = retention.published()
    assert len(rows) == 2 * LAST
    assert sorted(retention.seen(rows)["years_since"].unique()) == list(range(1, SEEN + 1))


@pytest.mark.parametrize("plan", PLANS)
def test_the_forecast_is_as_good_as_the_page_says(
    plan: str, came: dict[str, np.ndarray], forecasts: retention.Draws
):
    """With fewer draws and another seed the error is that of the page, within .25 points."""
    label = retention.study().label(plan)
    said = re.search(
        rf"- {label}: (ours|the sBG) wins\. .*?: ours (\d\.\d\d) points, the sBG (\d\.\d\d)", page()
    )
    assert said is not None
    ours, sbg = float(said[2]), float(said[3])
    model = retention.estimated(came[plan][:SEEN])

    assert_allclose(retention.score(forecasts[plan], came[plan]).error, ours, rtol=0, atol=ROOM)
    assert_allclose(validation.sbg_error(model, came[plan]), sbg, rtol=0, atol=0.005)
    assert said[1] == ("ours" if ours < sbg else "the sBG")


@pytest.mark.parametrize("plan", PLANS)
def test_intervals_hold_the_years_that_came(
    plan: str, came: dict[str, np.ndarray], forecasts: retention.Draws
):
    """All five forecast years lie inside their equal-tailed 90 % intervals."""
    assert retention.score(forecasts[plan], came[plan]).inside == LAST - SEEN


def test_a_forecast_is_scored_by_hand():
    """Medians 1 and 3 points off, of five years; two years inside; intervals 1.8 points wide."""
    came = np.linspace(0.9, 0.35, LAST)
    draws = np.tile(came, (201, 1)) + np.linspace(-0.01, 0.01, 201)[:, None]
    draws[:, AHEAD] += np.array([0.0, 0.0, 0.03, -0.03, 0.01])
    found = retention.score(draws, came)
    assert_allclose(found.error, (3 + 3 + 1) / 5, rtol=1e-12)
    assert_allclose(found.width, 1.8, rtol=1e-12)
    assert found.inside == 2


def test_an_anchored_curve_starts_from_the_year_that_was_seen():
    """A curve that is right but for its level has no error once it starts from year 7."""
    model = BetaGeometric(0.7, 2.0)
    parts = model.surviving(LAST) * 0.9
    assert validation.sbg_error(model, parts) > 1
    assert_allclose(validation.anchored_error(model, parts), 0.0, rtol=0, atol=1e-12)


def test_parts_of_followed_people_correlate_by_the_root_of_the_odds_ratio():
    """Followed people: cov = S(t) (1 - S(s)) / n, s < t; new people each year: none."""
    rng, model = np.random.default_rng(1), BetaGeometric(0.7, 1.2)
    truth = model.surviving(LAST)
    for draw, expected in (
        (followed.followed, validation.correlation(truth, 2, 9)),
        (followed.anew, 0),
    ):
        parts = np.array([draw(model, rng) for _ in range(4000)])
        assert_allclose(parts.mean(axis=0), truth, rtol=0, atol=0.002)
        assert_allclose(np.corrcoef(parts[:, 1], parts[:, 8])[0, 1], expected, rtol=0, atol=0.06)


def test_the_fall_of_the_logit_is_alpha_in_the_end():
    """S(t) ~ C t^-alpha: far out the logit falls by alpha for each unit of log time."""
    parts = BetaGeometric(0.7, 1.2).surviving(200_000)
    assert_allclose(validation.fall(parts, 100_000, 200_000), 0.7, rtol=1e-3)


def test_the_page_is_of_this_command():
    """docs/validation.md has both parts, every set-up, and says how it was made."""
    text = page()
    assert text.startswith("# Published validation Made by: ``` python -m benchmarks.validation ")
    assert "[known answers](known_answers.md)" in text
    for knots in validation.KNOTS:
        assert f"| {' '.join(f'{k:g}' for k in knots)} " in text
    assert all(example.title in text for example in validation.EXAMPLES.values())
