"""The pilot: expectation-maximisation of the scales on the linearised model.

Each row's rate is taken as normal, with the mean W expit(A x - B step) and the variance of its
error model. Given scales, the posterior of (x, step) is then normal; given that posterior, each
scale has a closed update (Dempster, Laird & Rubin 1977, doi 10.1111/j.2517-6161.1977.tb01600.x).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg, sparse
from scipy.special import expit

from forecast.stay.errors_of_rows import EDGE
from forecast.stay.model import StayModel
from forecast.stay.precision import increments_of, innovations, prior_mean, prior_precision
from forecast.stay.terms import Constant, Trend
from forecast.study.priors import HalfNormal, Prior, frozen, typical

ROUNDS = 15
LONGEST_STEP = 1.0  # of a linear predictor in one round, on the logit scale


@dataclass(frozen=True)
class Pilot:
    """The state of the pilot.

    Latents, steps and scales; the linearised posterior covariance of (x, step), its inverse, and
    the part of that inverse that the data give.
    """

    x: np.ndarray
    step: np.ndarray
    values: dict[str, float]
    overdispersion: np.ndarray
    effective_share: float
    source_scale: np.ndarray
    covariance: np.ndarray
    precision: np.ndarray
    information: np.ndarray


def run_pilot(model: StayModel, rounds: int = ROUNDS) -> Pilot:
    """Return the pilot after some rounds of expectation and maximisation."""
    pilot = _start(model)
    for _ in range(rounds):
        pilot = _maximise(model, _expect(model, pilot))
    return _expect(model, pilot)


def _start(model: StayModel) -> Pilot:
    """Return typical values of the priors, with small errors."""
    x = prior_mean(model.structure)
    pieces = model.basis.shape[1]
    none = np.zeros((0, 0))
    return Pilot(
        x=x,
        step=np.full(pieces, typical(model.structure.duration_step)),
        values={s.name: typical(s.prior) for s in model.structure.scales},
        overdispersion=np.full(_many(model.errors.counts.which), 0.005),
        effective_share=0.05,
        source_scale=np.full(_many(model.errors.rates.which), 0.2),
        covariance=none,
        precision=none,
        information=none,
    )


def _many(which: np.ndarray) -> int:
    return int(which.max(initial=-1)) + 1


def _expect(model: StayModel, pilot: Pilot) -> Pilot:
    """Take one Fisher-scoring step to the conditional mode and return its covariance."""
    rate, slope = _linearised(model, pilot)
    variance = _variance(model, pilot, rate)
    information = slope.T @ (slope / variance[:, None])
    spread = frozen(model.structure.duration_step).std()
    steps = sparse.identity(len(pilot.step)) / spread**2
    prior = sparse.block_diag([prior_precision(model.structure, pilot.values), steps]).toarray()
    precision = information + prior
    at = np.append(pilot.x, pilot.step)
    mean = np.append(prior_mean(model.structure), np.zeros(len(pilot.step)))
    pull = slope.T @ ((_observed(model) - rate) / variance) + prior @ (mean - at)
    factor = linalg.cho_factor(precision)
    move = linalg.cho_solve(factor, pull)
    at = at + move * min(1.0, LONGEST_STEP / max(np.abs(move).max(), EDGE))
    size = len(pilot.x)
    return replace(
        pilot,
        x=at[:size],
        step=np.maximum(at[size:], 0.01),
        covariance=linalg.cho_solve(factor, np.eye(len(at))),
        precision=precision,
        information=information,
    )


def _linearised(model: StayModel, pilot: Pilot) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's rate and its derivative by (x, step), rows x (latents + pieces)."""
    p = expit(model.design @ pilot.x - model.basis @ pilot.step)
    weighted = model.operator @ sparse.diags_array(p * (1 - p))
    slope = np.hstack([(weighted @ model.design).toarray(), -(weighted @ model.basis)])
    return np.clip(model.operator @ p, EDGE, 1 - EDGE), slope


def _observed(model: StayModel) -> np.ndarray:
    counts, rates = model.errors.counts, model.errors.rates
    observed = np.zeros(model.operator.shape[0])
    observed[counts.row] = counts.stayed / counts.n
    observed[rates.row] = rates.rate
    return observed


def _variance(model: StayModel, pilot: Pilot, rate: np.ndarray) -> np.ndarray:
    """Return the variance of each row's published rate."""
    counts, rates = model.errors.counts, model.errors.rates
    variance, spread = np.ones(len(rate)), rate * (1 - rate)
    if len(counts.row):
        own = spread[counts.row]
        variance[counts.row] = (
            own / counts.n + own * pilot.overdispersion[counts.which] + counts.rounding
        )
    if len(rates.row):
        own = spread[rates.row]
        unknown = rates.unknown * (own * pilot.source_scale[rates.which]) ** 2
        variance[rates.row] = own * rates.per_person / pilot.effective_share + unknown + rates.known
    return variance


def _maximise(model: StayModel, pilot: Pilot) -> Pilot:
    """Update every scale by its closed form, given the linearised posterior."""
    priors = {s.name: s.prior for s in model.structure.scales}
    sums: dict[str, list[float]] = {}
    for term in model.structure.terms:
        if isinstance(term, Constant):
            continue
        place = model.slices[term.name]
        matrix = increments_of(term) if isinstance(term, Trend) else innovations(term, pilot.values)
        mean = matrix @ pilot.x[place]
        spread = matrix.multiply(matrix @ pilot.covariance[place, place])
        total = sums.setdefault(term.scale, [0.0, 0.0])
        total[0] += len(mean)
        total[1] += float(mean @ mean + spread.sum())
    scales = {name: _scale(count, total, priors[name]) for name, (count, total) in sums.items()}
    return _errors(model, replace(pilot, values=pilot.values | scales))


def _scale(count: float, total: float, prior: Prior) -> float:
    """Return the scale that maximises count log(1/s) - total / (2 s^2) + log prior."""
    if not isinstance(prior, HalfNormal):
        return float(np.sqrt(total / count))
    width = prior.scale**2
    return float(np.sqrt(width * (np.sqrt(count**2 + 4 * total / width) - count) / 2))


def _errors(model: StayModel, pilot: Pilot) -> Pilot:
    """Match the error scales to the squared residuals that the posterior expects."""
    rate, slope = _linearised(model, pilot)
    square = (_observed(model) - rate) ** 2 + ((slope @ pilot.covariance) * slope).sum(axis=1)
    counts, rates, spread = model.errors.counts, model.errors.rates, rate * (1 - rate)
    own = spread[counts.row]
    excess = square[counts.row] / own - 1 / counts.n - counts.rounding / own
    trust = (1 / counts.n + pilot.overdispersion[counts.which]) ** -2
    within = _by_label(excess * trust, counts.which) / _by_label(trust, counts.which)
    own = spread[rates.row]
    known = square[rates.row] - rates.known
    sized = rates.per_person > 0
    share = pilot.effective_share
    if sized.any():
        share = 1 / np.mean((known / (own * rates.per_person.clip(EDGE**2)))[sized]).clip(2, 1e4)
    unknown = _by_label(rates.unknown * known / own**2, rates.which)
    unsized = _by_label(rates.unknown, rates.which)
    return replace(
        pilot,
        overdispersion=np.clip(within, 1e-5, 0.05),
        effective_share=float(share),
        source_scale=np.sqrt(np.clip(unknown / np.maximum(unsized, 1), 1e-4, 1.0)),
    )


def _by_label(value: np.ndarray, which: np.ndarray) -> np.ndarray:
    return np.bincount(which, weights=value, minlength=_many(which))
