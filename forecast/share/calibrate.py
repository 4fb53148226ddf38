"""Calibration: draws of the share parameters given the stay draws and the workforce table."""

from dataclasses import dataclass

import numpy as np

from forecast.errors import RunError
from forecast.share.diagnostics import memory_of, population_rhat
from forecast.share.evolution import HALVES, LogLikelihood, sweep, temper
from forecast.share.inputs import WorkforceInputs
from forecast.share.likelihood import History, history, log_likelihood
from forecast.share.parameters import Layout, Theta, layout, theta_of
from forecast.share.scenario import LeverEffects

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

STEPS = 300  # see tests/test_share_calibrate.py: draws forget where they began
WARM_UP = 1 / 3  # part of the steps that is not looked at
SNAPSHOTS = 8  # populations of the other steps that are compared


@dataclass(frozen=True)
class Calibration:
    """Draws of the parameters, one for each stay draw, and how well they were drawn.

    ``z``: whitened draws (D, column); ``theta``: the same as parameters; ``names`` of the columns;
    ``rhat``: rank-normalised R-hat of each column, with populations at different steps in the place
    of chains; ``memory``: correlation of each column between the end of the warm-up and the last
    step; ``acceptance``: part of the proposals that were accepted after the warm-up.
    """

    z: Array
    theta: Theta
    names: tuple[str, ...]
    rhat: Array
    memory: Array
    acceptance: float


def calibrate(
    inputs: WorkforceInputs,
    effects: LeverEffects,
    seed: int,
    steps: int = STEPS,
    factors: Array | None = None,
) -> Calibration:
    r"""Draw :math:`\theta_i \sim p(\theta \mid y, s_i)`, one for each stay draw :math:`s_i`.

    A cut: the stay draws teach the parameters, and the workforce table teaches the stay rates
    nothing. Each stay draw has its own target and so its own chain; all chains move together by
    differential evolution. ``factors``: of doctorates that are not yet published, in the years of
    ``history_years``, (D, T, G).

    Raises
    ------
    RunError
        If there are too few steps, or the priors rule out the evidence.

    References
    ----------
    Plummer (2015), Cuts in Bayesian graphical models, doi 10.1007/s11222-014-9503-z.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.grid import grid_of
    >>> from forecast.share.likelihood import years_of
    >>> from forecast.share.scenario import no_effects
    >>> inputs = example_inputs()
    >>> nothing = no_effects(years_of(inputs, 2030), grid_of(inputs.spec))
    >>> drawn = calibrate(inputs, nothing, seed=1, steps=20)
    >>> drawn.theta.exit.shape
    (100, 3)
    """
    past, where = history(inputs, effects, factors), layout(inputs.spec)
    first, second = (_target(past.of_draws(half), where) for half in HALVES)
    z, acceptance = draw_populations((first, second), (inputs.draws, where.size), seed, steps)
    memory = memory_of(z[0], z[-1])
    rhat = population_rhat(z)
    theta = theta_of(z[-1], where)
    return Calibration(z[-1], theta, tuple(where.names), rhat, memory, acceptance)


def draw_populations(
    targets: tuple[LogLikelihood, LogLikelihood], size: tuple[int, int], seed: int, steps: int
) -> tuple[Array, float]:
    """Return snapshots of the population after the warm-up, and the part of steps accepted.

    Snapshots are whitened draws, (snapshot, D, column); the last one stands for the posterior.
    ``temper`` and the steps have random numbers of their own, so that scenarios with the same seed
    share those of the steps.

    Raises
    ------
    RunError
        If there are too few steps for the snapshots.
    """
    if steps * (1 - WARM_UP) < SNAPSHOTS:
        least = int(np.ceil(SNAPSHOTS / (1 - WARM_UP)))
        raise RunError(f"a calibration has at least {least} steps; got {steps}. Take more.")
    early, late = np.random.default_rng(seed).spawn(2)
    population = temper(size, targets, early)
    keep = np.linspace(steps * WARM_UP, steps - 1, SNAPSHOTS).astype(int)
    snapshots, accepted = [], []
    for step in range(steps):
        population, moved = sweep(population, targets, late)
        accepted.append(moved)
        if step in keep:
            snapshots.append(population.z)
    return np.array(snapshots), float(np.mean(accepted[keep[0] :]))


def _target(past: History, where: Layout) -> LogLikelihood:
    return lambda z: log_likelihood(theta_of(z, where), past)
