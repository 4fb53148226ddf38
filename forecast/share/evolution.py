"""Differential evolution: one Metropolis chain a target, all targets moving as one population."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forecast.errors import RunError

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type LogLikelihood = Callable[[Array], Array]  # whitened draws (D, column) -> (D,)

HALVES = (slice(0, None, 2), slice(1, None, 2))
CROSSOVER = (0.25, 0.5, 1.0)  # parts of the columns that a proposal moves
LONG_JUMP = 0.1  # part of the proposals that jump the whole difference
JITTER = 1e-3  # of the differences, and beside them in prior standard deviations
MOVES = 10  # sweeps at each power of the likelihood while it is let in
EFFECTIVE = 0.5  # part of the population that a growth of the power leaves effective


@dataclass(frozen=True)
class Population:
    """Whitened draws ``z`` (D, column), one a target, and their log likelihood (D,)."""

    z: Array
    log_likelihood: Array


def populate(z: Array, targets: tuple[LogLikelihood, LogLikelihood]) -> Population:
    """Look up the log likelihood of draws, each half of them by its own targets."""
    density = np.empty(len(z))
    for half, target in zip(HALVES, targets, strict=True):
        density[half] = target(z[half])
    return Population(z, density)


def temper(
    size: tuple[int, int], targets: tuple[LogLikelihood, LogLikelihood], rng: np.random.Generator
) -> Population:
    """Take prior draws, ``size`` (D, column), to the neighbourhood of the posterior.

    The likelihood is let in by powers that grow to one. At each the population is resampled by
    importance, so that no chain is left behind, and moved a few times.

    Raises
    ------
    RunError
        If the evidence is impossible at every prior draw.

    References
    ----------
    Del Moral, Doucet & Jasra (2006), Sequential Monte Carlo samplers, doi
    10.1111/j.1467-9868.2006.00553.x.
    """
    population, power = populate(rng.standard_normal(size), targets), 0.0
    while power < 1.0:
        density = population.log_likelihood
        if not np.isfinite(density).any():
            rule = "the priors of [share] allow the workforce evidence"
            raise RunError(f"{rule}; got a density of zero at every draw. Widen a prior.")
        larger = next_power(density, power)
        chosen = resample(importance(density, larger - power), rng)
        population, power = populate(population.z[chosen], targets), larger
        for _ in range(MOVES):
            population, _ = sweep(population, targets, rng, power)
    return population


def sweep(
    population: Population,
    targets: tuple[LogLikelihood, LogLikelihood],
    rng: np.random.Generator,
    power: float = 1.0,
) -> tuple[Population, float]:
    r"""Move each draw once, and return the part that moved.

    :math:`z' = z + \gamma (z_a - z_b) + e`, accepted by
    :math:`\min(1, p(y|z')^\lambda \phi(z') / p(y|z)^\lambda \phi(z))` with power :math:`\lambda`.
    a and b come from the other half, so moving one half leaves the product of all targets exactly
    invariant.

    References
    ----------
    ter Braak (2006), A Markov chain Monte Carlo version of the genetic algorithm differential
    evolution, doi 10.1007/s11222-006-8769-1.
    """
    z, density, moved = population.z.copy(), population.log_likelihood.copy(), 0
    for half, other, target in zip(HALVES, HALVES[::-1], targets, strict=True):
        old = z[half]
        proposal = old + differences(z[other], len(old), rng)
        new = target(proposal)
        possible = np.isfinite(new)
        gain = 0.5 * ((old**2).sum(1) - (proposal**2).sum(1))
        gain[possible] += power * (new[possible] - density[half][possible])
        better = possible & (np.log(rng.random(len(gain))) < gain)
        z[half] = np.where(better[:, None], proposal, old)
        density[half] = np.where(better, new, density[half])
        moved += int(better.sum())
    return Population(z, density), moved / len(z)


def differences(other: Array, size: int, rng: np.random.Generator) -> Array:
    """Return steps between random pairs of the other half, some columns of each, (size, column).

    The scale is 2.38 / sqrt(2 d) for d moved columns, and sometimes 1, to jump between modes. A
    step and its opposite are equally probable.

    References
    ----------
    Vrugt et al. (2009), Accelerating Markov chain Monte Carlo simulation by differential evolution
    with self-adaptive randomized subspace sampling, doi 10.1515/IJNSNS.2009.10.3.273.
    """
    count, columns = other.shape
    first = rng.integers(count, size=size)
    second = (first + rng.integers(1, count, size=size)) % count
    moved = rng.random((size, columns)) < rng.choice(CROSSOVER, size=(size, 1))
    moved[np.arange(size), rng.integers(columns, size=size)] = True
    scale = 2.38 / np.sqrt(2.0 * moved.sum(1, keepdims=True))
    scale[rng.random(size) < LONG_JUMP] = 1.0
    scale *= 1.0 + JITTER * rng.standard_normal((size, 1))
    step = scale * (other[first] - other[second])
    return np.asarray(moved * (step + JITTER * rng.standard_normal((size, columns))))


def importance(density: Array, power: float) -> Array:
    """Return normalised weights, the likelihood to a power.

    Examples
    --------
    >>> importance(np.log([1.0, 3.0]), 1.0).round(12).tolist()
    [0.25, 0.75]
    """
    weights = np.exp(power * (density - density.max()))
    return np.asarray(weights / weights.sum())


def next_power(density: Array, power: float) -> float:
    """Return the largest power up to one that leaves enough of the population effective.

    The effective size of weights w is 1 / sum w².

    Examples
    --------
    >>> next_power(np.zeros(10), 0.25)
    1.0
    """
    low, high = 0.0, 1.0 - power
    enough = EFFECTIVE * np.isfinite(density).sum()
    if 1.0 / (importance(density, high) ** 2).sum() >= enough:
        return 1.0
    for _ in range(30):
        middle = 0.5 * (low + high)
        fits = 1.0 / (importance(density, middle) ** 2).sum() >= enough
        low, high = (middle, high) if fits else (low, middle)
    return power + low


def resample(weights: Array, rng: np.random.Generator) -> np.ndarray:
    """Return as many places as there are weights, drawn systematically, in random order."""
    size = len(weights)
    ticks = (np.arange(size) + rng.random()) / size
    places = np.searchsorted(np.cumsum(weights), ticks)
    return rng.permutation(np.minimum(places, size - 1))
