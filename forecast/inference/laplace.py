"""Nested Laplace: importance sampling of the scales, normal latents around each.

Rue, Martino & Chopin 2009, doi 10.1111/j.1467-9868.2008.00700.x. Proposals of the scales are
weighted by the Laplace marginal (weights smoothed by Pareto: Vehtari et al. 2024, jmlr.org/papers/
v25/19-556.html) and resampled; draws of one value of the scales stand side by side, so ArviZ's
effective sample size sees how many values of the scales the draws are worth.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import special
from scipy.stats import qmc
from threadpoolctl import threadpool_limits

from forecast.errors import RunError
from forecast.inference.engines import Progress
from forecast.inference.field import Mode, sight
from forecast.inference.importance import smoothed
from forecast.inference.named import named_draws
from forecast.inference.scale_posterior import ScalePosterior, scale_posterior
from forecast.stay import StayModel
from forecast.study.schema import SamplerSpec

EDGE = 1e-12  # keeps normal numbers finite
POINTS, FEWEST = 13, 128  # values of the scales for each of them, and at least
SPARE = 2  # latents drawn at a point, in units of what a point of mean weight wants


@dataclass(frozen=True)
class Stand:
    """Values of the scales, the latents' mode there, log marginal over proposal.

    ``standard``: the standard normal numbers that the proposal made the scales of.
    """

    standard: np.ndarray
    u: np.ndarray
    mode: Mode
    log_weight: float


def sample(
    model: StayModel, sampler: SamplerSpec, seed: int, progress: Progress | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw from the nested Laplace approximation; return the draws and the importance weights.

    The weights are logarithms, by (point): ``scale_log_weight`` of the Laplace marginal over the
    proposal, ``joint_log_weight`` of the model's density over the approximation's, at one joint
    draw of each point.

    Raises
    ------
    RunError
        If the scales or the latents have no mode.
    """
    with threadpool_limits(1):  # the blocks are small, and draws must not hang on cores
        return draw_nested(scale_posterior(model), model, sampler, seed, progress)


def draw_nested(
    found: ScalePosterior,
    model: StayModel,
    sampler: SamplerSpec,
    seed: int,
    progress: Progress | None = None,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw from a posterior of scales that is explored already."""
    rng, spec = np.random.default_rng([seed, 0]), sampler.laplace
    many = sampler.chains * spec.draws
    size = found.marginal.unit.size
    wanted = spec.points or max(POINTS * size, FEWEST)
    spare = max(SPARE * many // wanted, 1)
    points = []
    for standard in _even_normals(wanted, size, rng):
        points.append(_point(found, standard, spare, rng))
        if progress is not None:
            progress(len(points), wanted, 0)
    scale_weight = np.array([point.scale_weight for point in points])
    copies = _resampled(scale_weight, many, rng)
    draws = [
        (points[point].u, points[point].x[np.arange(first, last) % spare])
        for point, first, last in _split(copies, spec.draws)
    ]
    posterior = named_draws(found, model, _chains(draws, spec.draws), seed)
    weights = {
        "scale_log_weight": ("point", scale_weight),
        "joint_log_weight": ("point", np.array([point.joint_weight for point in points])),
    }
    return posterior, xr.Dataset(weights, {"point": np.arange(wanted)})


@dataclass(frozen=True)
class _Point:
    """A value of the scales: u, draws of the reached latents, log importance weights."""

    u: np.ndarray
    x: np.ndarray
    scale_weight: float = -np.inf
    joint_weight: float = -np.inf


def _point(
    found: ScalePosterior, standard: np.ndarray, many: int, rng: np.random.Generator
) -> _Point:
    stand = stand_at(found, standard)
    if stand is None:
        return _Point(standard, np.zeros((many, len(found.latents))))
    x, joint = _latents(found, stand.mode, many, rng)
    return _Point(stand.u, x, stand.log_weight, joint)


def _even_normals(many: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return standard normal numbers (many, size) that fill space evenly: a scrambled Sobol net.

    Owen 1998, doi 10.1006/jcom.1998.0487.
    """
    net = qmc.Sobol(size, rng=rng).random_base2(int(many - 1).bit_length())[:many]
    return np.asarray(special.ndtri(np.clip(net, EDGE, 1 - EDGE)))


def stand_at(found: ScalePosterior, standard: np.ndarray) -> Stand | None:
    """Return the scales that the proposal makes of standard normal numbers.

    None where the latents have no mode.
    """
    u, log_density = found.proposal.at(standard)
    try:
        mode = found.mode(u)
    except RunError:
        return None
    return Stand(standard, u, mode, found.marginal.value(u, mode) - log_density)


def _latents(
    found: ScalePosterior, mode: Mode, many: int, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return normal draws of the reached latents, and the log joint weight of the first."""
    z = rng.standard_normal((len(mode.seen.x), many))
    x = found.mean(mode)[:, None] + mode.factor.back(z)
    first = sight(found.marginal.field, mode.at, x[:, 0])
    fitted = mode.seen.value - 0.5 * float(z[:, 0] @ z[:, 0]) + mode.drift
    return x.T, first.value - fitted


def _resampled(log_weight: np.ndarray, many: int, rng: np.random.Generator) -> np.ndarray:
    """Return how many draws each point is given: systematic resampling of smoothed weights."""
    if not np.isfinite(log_weight).any():
        raise RunError(
            f"some values of the scales have a density; got none of {len(log_weight)}. "
            "Check the priors, or use engine nuts."
        )
    smooth, _ = smoothed(log_weight)
    share = np.exp(smooth - smooth.max())
    ends = np.cumsum(share / share.sum()) * many
    return np.diff(np.ceil(np.append(0.0, ends) - rng.random()).clip(0, many).astype(int))


def _split(copies: np.ndarray, draws: int) -> list[tuple[int, int, int]]:
    """Return (point, first copy, last copy), cut where a chain of ``draws`` ends."""
    out = []
    place = 0
    for point in np.flatnonzero(copies):
        done = 0
        while done < copies[point]:
            room = min(int(copies[point]) - done, draws - place % draws)
            out.append((int(point), done, done + room))
            done, place = done + room, place + room
    return out


def _chains(
    draws: list[tuple[np.ndarray, np.ndarray]], length: int
) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Return the draws in chains of a length."""
    chains: list[list[tuple[np.ndarray, np.ndarray]]] = []
    room = 0
    for u, x in draws:
        if room == 0:
            chains.append([])
            room = length
        chains[-1].append((u, x))
        room -= len(x)
    return chains
