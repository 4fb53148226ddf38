"""Calibration: the draws are draws of the posterior."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit

from forecast.errors import RunError
from forecast.share.calibrate import STEPS, calibrate, draw_populations
from forecast.share.evolution import next_power, resample
from forecast.share.example import example_evidence, example_inputs
from forecast.share.grid import grid_of
from forecast.share.likelihood import years_of
from forecast.share.scenario import no_effects
from forecast.study.priors import LogNormal, Normal

EXACT = {
    "exit_rate": ("lognormal", 0.03),
    "exit_spread": ("half_normal", None),
    "turnover": ("lognormal", 0.2),
    "growth": ("normal", 0.02),
    "selection": ("lognormal", 1.2),
    "direct_arrivals": ("lognormal", 0.2),
    "tier_stay": ("normal", 0.1),
    "design_effect": ("lognormal", 2.0),
    "start_logit": ("normal", -0.3),
}


def pinned(inputs, *free):
    """Pin all priors but the free ones to a point, up to a millionth."""
    priors = {}
    for name, (dist, value) in EXACT.items():
        old = getattr(inputs.spec.priors, name)
        if name in free:
            priors[name] = old
        elif dist == "normal":
            priors[name] = Normal(dist=dist, loc=value, scale=1e-6, reason="pinned to a point")
        elif dist == "lognormal":
            priors[name] = LogNormal(
                dist=dist, median=value, sigma=1e-6, reason="pinned to a point"
            )
        else:
            priors[name] = old.model_copy(update={"scale": 1e-6})
    spec = inputs.spec.model_copy(update={"priors": inputs.spec.priors.model_copy(update=priors)})
    return replace(inputs, spec=spec)


def draws_of(inputs, seed=1, steps=STEPS):
    nothing = no_effects(years_of(inputs, 2030), grid_of(inputs.spec))
    return calibrate(inputs, nothing, seed, steps)


def moments(grid: np.ndarray, log_density: np.ndarray) -> tuple[float, float]:
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    mean = float(weight @ grid)
    return mean, float(np.sqrt(weight @ (grid - mean) ** 2))


def same_moments(draws: np.ndarray, mean: float, sd: float) -> None:
    """Compare draws with a mean and a standard deviation within four Monte Carlo errors."""
    size = len(draws)
    np.testing.assert_allclose(draws.mean(), mean, rtol=0, atol=4 * sd / np.sqrt(size))
    np.testing.assert_allclose(draws.std(), sd, rtol=4 / np.sqrt(2 * size) * 1.3)


def only(quantity: str) -> pd.DataFrame:
    return example_evidence().query(f"quantity == '{quantity}'").reset_index(drop=True)


def test_without_evidence_the_prior_comes_back():
    """No evidence teaches nothing: whitened draws are standard normal."""
    drawn = draws_of(example_inputs(4, 500, example_evidence().iloc[:0]), steps=60)
    for column in drawn.z.T:
        same_moments(column, 0.0, 1.0)


@pytest.mark.parametrize("departure", [0.0, 0.015])
def test_survival_alone_gives_the_exit_of_the_grid(departure):
    """87 of 100 after six years, with nothing else: the exit rate of numerical integration.

    Those who leave the country are taken off: the tier loses the fewer.
    """
    inputs = pinned(example_inputs(4, 500, only("survival")), "exit_rate")
    inputs = replace(inputs, departure=inputs.departure + departure)
    drawn = draws_of(inputs)
    grid = np.linspace(1e-4, 0.2, 8001)
    alive = ((1 - grid) * (1 - departure)) ** 6
    prior = stats.lognorm(s=0.5, scale=0.04).logpdf(grid)
    likelihood = stats.beta(99 * alive, 99 * (1 - alive)).logpdf(0.87)
    same_moments(drawn.theta.exit[:, 0], *moments(grid, prior + likelihood))


def test_shares_alone_give_the_design_effect_of_the_grid():
    """Shares of the start year with all but the design effect known: the grid's mean and sd."""
    table = only("share").query("year == 2019").reset_index(drop=True)
    inputs = pinned(example_inputs(4, 500, table), "design_effect")
    drawn = draws_of(inputs)
    share = np.exp([-0.3, -0.3, 0.0]) / np.exp([-0.3, -0.3, 0.0]).sum()
    grid = np.linspace(0.3, 12, 6001)
    prior = stats.lognorm(s=0.3, scale=2.0).logpdf(grid)
    likelihood = [stats.dirichlet((400 / d - 1) * share).logpdf([0.3, 0.3, 0.4]) for d in grid]
    same_moments(drawn.theta.design_effect, *moments(grid, prior + np.array(likelihood)))


def test_each_stay_draw_has_its_own_posterior():
    """The cut: with two kinds of stay draws, each kind learns its own shift, as on the grid."""
    inputs = example_inputs(4, 500, only("stay"))
    stay = inputs.stay.copy(data=np.full(inputs.stay.shape, 0.7))
    stay[2:] = 0.9
    drawn = draws_of(pinned(replace(inputs, stay=stay), "tier_stay"))
    grid = np.linspace(-2.5, 2.5, 5001)
    for kind, rate in enumerate((0.7, 0.9)):
        mean = expit(logit(rate) + grid)
        likelihood = stats.beta(49 * mean, 49 * (1 - mean)).logpdf(0.85)
        own = drawn.theta.tier_stay.reshape(2, -1)[kind]
        same_moments(own, *moments(grid, stats.norm(0, 0.4).logpdf(grid) + likelihood))


def test_the_default_number_of_steps_is_enough():
    """Populations settle, draws forget the warm-up, and four times the steps agree."""
    inputs = example_inputs(4, 250)
    drawn, longer = draws_of(inputs), draws_of(inputs, seed=2, steps=4 * STEPS)
    assert drawn.rhat.max() < 1.01
    assert (drawn.memory < longer.memory + 4 * np.sqrt(2 / len(drawn.z))).all()
    assert drawn.memory.max() < 0.3
    assert 0.15 < drawn.acceptance < 0.5
    error = np.sqrt(2 / len(drawn.z)) * longer.z.std(0)
    assert (np.abs(drawn.z.mean(0) - longer.z.mean(0)) < 4 * error).all()
    np.testing.assert_allclose(drawn.z.std(0), longer.z.std(0), rtol=0.15)


def test_one_seed_gives_the_same_bytes():
    """The same seed gives the same draws, another seed others."""
    inputs = example_inputs(2, 100)
    one, again, other = (draws_of(inputs, seed, steps=30).z for seed in (5, 5, 6))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()


def test_impossible_evidence_is_refused():
    """If no prior draw allows the evidence, the error says so."""
    table = example_evidence().assign(n=1.2)
    with pytest.raises(RunError, match="Widen a prior"):
        draws_of(pinned(example_inputs(2, 50, table)))


def test_too_few_steps_are_refused():
    """R-hat needs its snapshots."""
    with pytest.raises(RunError, match="at least 12 steps; got 3"):
        draws_of(example_inputs(2, 50), steps=3)


def test_a_far_narrow_target_is_found():
    """Ten columns, each nine prior sds away and narrow: mean and sd are the exact ones."""

    def target(z):
        return -0.5 * (((z - 9.0) / 0.1) ** 2).sum(1)

    z, _ = draw_populations((target, target), (1000, 10), seed=1, steps=STEPS)
    sd = 1 / np.sqrt(1 + 100)
    for column in z[-1].T:
        same_moments(column, 900 / 101, sd)


def test_resampling_follows_the_weights():
    """A place is taken its weight times the population, up to one."""
    weights = np.array([0.5, 0.3, 0.2, 0.0])
    taken = np.bincount(resample(np.repeat(weights, 25) / 25, np.random.default_rng(1)) // 25)
    np.testing.assert_allclose(taken, [50, 30, 20], atol=1)


def test_power_leaves_half_effective():
    """The power grows until half of the population is effective."""
    density = np.linspace(-400, 0, 500)
    power = next_power(density, 0.0)
    weights = np.exp(power * density) / np.exp(power * density).sum()
    np.testing.assert_allclose(1 / (weights**2).sum(), 250, rtol=1e-3)
