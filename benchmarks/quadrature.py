"""The posteriors of the published analyses by quadrature: NumPy alone, none of our engines.

Rules of equal steps, which for smooth densities that vanish at both ends are exact to many digits
(Trefethen & Weideman 2014, doi 10.1137/130932132).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import special, stats

from benchmarks import published
from benchmarks.published import Counts

LOG_SIGMA = np.linspace(np.log(0.007), np.log(8.0), 110)
LOGITS = np.arange(-16.0, 10.0, 0.01)


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation of a quantity."""

    mean: float
    sd: float


@cache
def hospitals() -> dict[str, Moments]:
    """Return the moments of mu, sigma, expit(mu) and the probability of each hospital.

    On a grid of (sigma, mu); the hospitals are independent given both.
    """
    mu = np.arange(-6.0, 0.0, 0.03)
    logs, inner = [], []
    for sigma in np.exp(LOG_SIGMA):
        each, first, second = _rows(published.HOSPITALS, mu, sigma)
        logs.append(np.log(each).sum(axis=0) + _log_prior_of_sigma(sigma))
        inner.append((first / each, second / each))
    weight = _weights(np.array(logs) - 0.5 * (mu / published.FLAT) ** 2)
    sigma = np.exp(LOG_SIGMA)[:, None]
    out = {"mu": _moments(weight, mu), "sigma": _moments(weight, sigma)}
    out["pop.mean"] = _moments(weight, special.expit(mu))
    for i in range(len(published.HOSPITALS.of)):
        mean, square = (np.array([part[k][i] for part in inner]) for k in (0, 1))
        out[f"p[{i + 1}]"] = _of(float((weight * mean).sum()), float((weight * square).sum()))
    return out


def seeds(least: float = 0.0) -> dict[str, Moments]:
    """Return the moments of sigma and the four coefficients, where sigma is at least ``least``.

    On a grid of sigma; the means of the groups are independent given it.
    """
    sigma = np.exp(LOG_SIGMA)
    logs, firsts, variances = _seeds_by_sigma()
    weight = _weights(np.where(sigma < least, -np.inf, logs))
    out = {"sigma": _moments(weight, sigma)}
    for name, signs in COEFFICIENTS.items():
        first, variance = signs @ firsts, signs**2 @ variances
        out[name] = _of(float(weight @ first), float(weight @ (variance + first**2)))
    return out


def seeds_below(sigma: float) -> float:
    """Return the posterior probability that sigma of the seeds is below a value."""
    weight = _weights(_seeds_by_sigma()[0])
    return float(np.interp(np.log(sigma), LOG_SIGMA, np.cumsum(weight) - weight / 2))


@cache
def _seeds_by_sigma() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the log density of log sigma; mean and variance of each group's mean given sigma."""
    mean, group = np.arange(-6.0, 6.0, 0.03), published.groups()
    logs = np.array([_log_prior_of_sigma(sigma) for sigma in np.exp(LOG_SIGMA)])
    firsts, variances = np.zeros((2, 4, len(LOG_SIGMA)))
    for s, sigma in enumerate(np.exp(LOG_SIGMA)):
        each, _, _ = _rows(published.PLATES, mean, sigma)
        for g in range(4):
            log = np.log(each[group == g]).sum(axis=0) - 0.5 * (mean / published.FLAT) ** 2
            logs[s] += special.logsumexp(log)
            own = _moments(_weights(log), mean)
            firsts[g, s], variances[g, s] = own.mean, own.sd**2
    return logs, firsts, variances


# the coefficients from the means of the groups 00, 01, 10, 11 (seed type, root extract)
COEFFICIENTS = {
    "alpha0": np.array([1.0, 0.0, 0.0, 0.0]),
    "alpha1": np.array([-1.0, 0.0, 1.0, 0.0]),
    "alpha2": np.array([-1.0, 1.0, 0.0, 0.0]),
    "alpha12": np.array([1.0, -1.0, -1.0, 1.0]),
}


def schools() -> dict[str, Moments]:
    """Return the moments of mu, tau and theta: normal given tau, which is 5 tan(angle)."""
    angle = (np.arange(20_000) + 0.5) / 20_000 * np.pi / 2  # the half-Cauchy is uniform in it
    tau = 5 * np.tan(angle)
    y, error = np.array(published.SCORES), np.array(published.SCORE_ERRORS)
    spread = tau[:, None] ** 2 + error**2
    precision = 1 / 25 + (1 / spread).sum(axis=1)
    mu = (y / spread).sum(axis=1) / precision
    log = -0.5 * (np.log(spread) + y**2 / spread).sum(axis=1)
    weight = _weights(log + 0.5 * mu**2 * precision - 0.5 * np.log(precision))
    out = {"mu": _of(float(weight @ mu), float(weight @ (mu**2 + 1 / precision)))}
    out["tau"] = _of(float(weight @ tau), float(weight @ tau**2))
    kept = tau[:, None] ** 2 / spread
    mean = kept * y + (1 - kept) * mu[:, None]
    variance = kept * error**2 + (1 - kept) ** 2 / precision[:, None]
    for i in range(len(y)):
        square = float(weight @ (mean[:, i] ** 2 + variance[:, i]))
        out[f"theta[{i + 1}]"] = _of(float(weight @ mean[:, i]), square)
    return out


@dataclass(frozen=True)
class Tumours:
    """The posterior of (log(alpha / beta), log(alpha + beta)) on a grid, and its moments."""

    moments: dict[str, Moments]
    mode: tuple[float, float]


@cache
def tumours(prior_of_the_book: bool) -> Tumours:
    """Return the posterior of alpha and beta under the prior of the book, or under ours."""
    odds = np.arange(-2.6, -1.0, 0.005)[:, None]
    size = np.arange(0.5, 7.0, 0.01)
    alpha, beta = special.expit(odds) * np.exp(size), special.expit(-odds) * np.exp(size)
    log = sum(
        special.betaln(hits + alpha, of - hits + beta) - special.betaln(alpha, beta)
        for hits, of in zip(published.RATS.hits, published.RATS.of, strict=True)
    )
    log = log + (_book(alpha, beta) if prior_of_the_book else _ours(odds, size))
    weight, place = _weights(log), np.unravel_index(np.argmax(log), log.shape)
    moments = {"alpha": _moments(weight, alpha), "beta": _moments(weight, beta)}
    moments["mu"] = _moments(weight, odds)
    moments["overdispersion"] = _moments(weight, 1 / (alpha + beta + 1))
    return Tumours(moments, (float(odds[place[0], 0]), float(size[place[1]])))


def _book(alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Return log (alpha + beta)^(-5/2) times the Jacobian alpha beta (BDA3, section 5.3)."""
    return -2.5 * np.log(alpha + beta) + np.log(alpha) + np.log(beta)


def _ours(odds: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the log prior of the stay model in (odds, size), |dw / d size| = w (1 - w)."""
    w = 1 / (np.exp(size) + 1)
    known = stats.beta(**published.RAT_SHAPES)
    jacobian = np.log(w) + np.log1p(-w)
    return np.asarray(-0.5 * (odds / published.RAT_MEAN) ** 2 + known.logpdf(w) + jacobian)


def _rows(
    data: Counts, mean: np.ndarray, sigma: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return, row x mean, the integrals of L(b) p^k N(b; mean, sigma) for k = 0, 1, 2."""
    hits, of = np.array(data.hits)[:, None], np.array(data.of)[:, None]
    log = hits * LOGITS - of * np.logaddexp(0.0, LOGITS)
    likelihood = np.exp(log - log.max(axis=1, keepdims=True))
    kernel = np.exp(-0.5 * ((LOGITS[:, None] - mean) / sigma) ** 2) / sigma
    p = special.expit(LOGITS)
    each = np.maximum(likelihood @ kernel, np.finfo(float).tiny)  # its logarithm is asked for
    return each, (likelihood * p) @ kernel, (likelihood * p**2) @ kernel


def _log_prior_of_sigma(sigma: float) -> float:
    """Return the log density of log sigma: 2 sigma^-3 f(sigma^-2) times sigma, f of Gamma."""
    known = stats.gamma(published.VAGUE["shape"], scale=1 / published.VAGUE["rate"])
    return float(np.log(2) - 2 * np.log(sigma) + known.logpdf(sigma**-2.0))


def _weights(log: np.ndarray) -> np.ndarray:
    """Return shares of equal steps from log densities."""
    share = np.exp(log - log.max())
    return np.asarray(share / share.sum())


def _moments(weight: np.ndarray, value: np.ndarray) -> Moments:
    return _of(float((weight * value).sum()), float((weight * value**2).sum()))


def _of(mean: float, square: float) -> Moments:
    return Moments(mean, float(np.sqrt(square - mean**2)))
