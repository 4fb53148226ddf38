"""Exact chains on the nested Laplace fit: what Laplace leaves over is accepted or rejected.

With x = mean(u) + L(u)'^-1 z the posterior of (u, z) is close to independent, z close to a standard
normal. A sweep moves the scales with z kept, by the proposal of the Laplace fit, and z with the
scales kept, by Hamiltonian flow that solves the normal part exactly and is kicked by the rest
(Shahbaba et al. 2014, doi 10.1007/s11222-012-9373-1).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from forecast.errors import RunError
from forecast.inference.engines import Progress
from forecast.inference.field import Sight, sight
from forecast.inference.laplace import Stand, stand_at
from forecast.inference.named import Draws, named_draws
from forecast.inference.scale_posterior import ScalePosterior, scale_posterior
from forecast.stay import StayModel
from forecast.study.schema import SamplerSpec

BURN_IN = 20
KICKS = 3  # of one flow; together they turn z by about a quarter
JITTER = 0.2
FAR, NEAR = 0.7, (0.2, 1.0)  # part of moves that forget where they are; angles of the others


@dataclass(frozen=True)
class Point:
    """Scales, the latents' mean there, standardised latents, the rows at them.

    ``log_weight``: log density of (u, z) over the proposal's density of u, less a constant.
    """

    stand: Stand
    mean: np.ndarray
    z: np.ndarray
    seen: Sight
    log_weight: float


@dataclass(frozen=True)
class _Chain:
    """One chain: scales and reached latents by sweep, and what was accepted."""

    draws: Draws
    scales_accepted: np.ndarray
    latents_accepted: np.ndarray


def sample(
    model: StayModel, sampler: SamplerSpec, seed: int, progress: Progress | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw from the posterior of the stay model; return the draws and statistics of the chains.

    Raises
    ------
    RunError
        If the scales or the latents have no mode.
    """
    sweeps, many = sampler.laplace.sweeps, sampler.chains
    with threadpool_limits(1):  # the blocks are small, and draws must not hang on cores
        found = scale_posterior(model)
        chains = [
            _chain(
                found, np.random.default_rng([seed, chain]), sweeps, _told(progress, chain, many)
            )
            for chain in range(many)
        ]
    draws = [chain.draws for chain in chains]
    accepted = {
        name: (("chain", "draw"), np.stack([getattr(chain, name) for chain in chains]))
        for name in ("scales_accepted", "latents_accepted")
    }
    coords = {"chain": np.arange(many), "draw": np.arange(sweeps)}
    return named_draws(found, model, draws, seed), xr.Dataset(accepted, coords)


def _chain(
    found: ScalePosterior, rng: np.random.Generator, sweeps: int, told: Callable[[int, int], None]
) -> _Chain:
    chain = _Chain([], np.zeros(sweeps, bool), np.zeros(sweeps, bool))
    now = _start(found, rng)
    for sweep in range(-BURN_IN, sweeps):
        new = _moved_scales(found, now, rng)
        last = _moved_latents(found, new, rng)
        if sweep >= 0:
            chain.draws.append((last.stand.u, last.seen.x[None]))
            chain.scales_accepted[sweep] = new is not now
            chain.latents_accepted[sweep] = last is not new
            told(sweep + 1, sweeps)
        now = last
    return chain


def _told(progress: Progress | None, chain: int, many: int) -> Callable[[int, int], None]:
    """Return what a chain calls after each sweep."""

    def told(done: int, sweeps: int) -> None:
        if progress is not None:
            progress(chain * sweeps + done, many * sweeps, 0)

    return told


def _start(found: ScalePosterior, rng: np.random.Generator) -> Point:
    """Return the centre of the proposal with latents around their mode."""
    centre = stand_at(found, np.zeros(found.marginal.unit.size))
    if centre is None:
        raise RunError(
            "the latents have a mode at the centre of the scales; got none. "
            "Check the priors, or use engine nuts."
        )
    return _point(found, centre, rng.standard_normal(len(centre.mode.seen.x)))


def _point(found: ScalePosterior, stand: Stand, z: np.ndarray) -> Point:
    """Return the point at scales and standardised latents.

    log p(x, u | data) + log |dx / dz|, against the proposal: the Laplace marginal's weight, with
    the density at x for that at the mode.
    """
    mode, mean = stand.mode, found.mean(stand.mode)
    seen = sight(found.marginal.field, mode.at, mean + mode.factor.back(z))
    return Point(stand, mean, z, seen, stand.log_weight - mode.drift + seen.value - mode.seen.value)


def _moved_scales(found: ScalePosterior, now: Point, rng: np.random.Generator) -> Point:
    """Propose other scales with the same z: any of the proposal, or some near the present ones.

    The standard numbers turn by an angle towards new ones, which leaves the proposal as it is, so
    near and far moves are accepted alike by the ratio of weights.
    """
    angle = np.pi / 2 if rng.random() < FAR else rng.uniform(*NEAR)
    fresh = rng.standard_normal(len(now.stand.standard))
    standard = np.cos(angle) * now.stand.standard + np.sin(angle) * fresh
    stand, uniform = stand_at(found, standard), np.log(rng.random())
    if stand is None:
        return now
    new = _point(found, stand, now.z)
    return new if uniform < new.log_weight - now.log_weight else now


def _moved_latents(found: ScalePosterior, now: Point, rng: np.random.Generator) -> Point:
    """Turn (z, momentum) by about a quarter, kicked by what is not normal."""
    mode, z, seen = now.stand.mode, now.z, now.seen
    momentum = rng.standard_normal(len(z))
    angle = np.pi / 2 / KICKS * (1 + JITTER * (2 * rng.random() - 1))
    cosine, sine = np.cos(angle), np.sin(angle)
    start = seen.value - 0.5 * float(momentum @ momentum)
    force = mode.factor.forward(seen.pressed) + z
    for _ in range(KICKS):
        half = momentum + 0.5 * angle * force
        z, half = cosine * z + sine * half, cosine * half - sine * z
        seen = sight(found.marginal.field, mode.at, now.mean + mode.factor.back(z))
        force = mode.factor.forward(seen.pressed) + z
        momentum = half + 0.5 * angle * force
    end = seen.value - 0.5 * float(momentum @ momentum)
    if not np.log(rng.random()) < end - start:
        return now
    return replace(now, z=z, seen=seen, log_weight=now.log_weight + seen.value - now.seen.value)
