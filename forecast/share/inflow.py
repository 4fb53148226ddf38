"""Future doctorates: the flow of each group follows a local level, with its own uncertainty."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.fft import dst
from scipy.special import softmax

from forecast.errors import EvidenceError
from forecast.share.inputs import HELD_OVER
from forecast.share.together import moving_together
from forecast.study import ShareSpec
from forecast.study.priors import Prior, frozen

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

# Origins are published each year from 2003 to 2023. Older years carry an imputed mix of origins and
# fields, whose smooth lines would be read as small steps.
WINDOW = 21
MIN_YEARS = 5
GRID = 100  # values of each scale: cells of 8 %, below the 10 % that 60 years tell of a scale
TAILS = np.array([1 - 1e-3, 1e-4])  # prior mass above the smallest and the largest value
REACH = 3.0  # root mean square changes that the largest value covers, whatever the prior


@dataclass(frozen=True)
class LevelPriors:
    """Priors of a local level: sd of its yearly ``step`` and of the ``noise`` around it, in logs.

    What a prior says of values below zero is cut off.
    """

    step: Prior
    noise: Prior


@dataclass(frozen=True)
class ScalePosterior:
    """Grid points of the two scales, log units, and their posterior ``weight``, all (P,)."""

    step: Array
    noise: Array
    weight: Array


def local_level_paths(
    series: Array, moves: Array, priors: LevelPriors, rng: np.random.Generator
) -> Array:
    r"""Draw the log of a series in the years after its last one, (draws, ahead).

    :math:`\log n_t = \mu_t + e_t` and :math:`\mu_t = \mu_{t-1} + w_t` with
    :math:`e_t \sim N(0, \sigma_e^2)`, :math:`w_t \sim N(0, \sigma_w^2)` and a flat prior on
    :math:`\mu_1`. Each draw has its own scales and last level from their posterior, and the noise
    of each future year: it is the number of that year, not the level. The level has no trend.

    Parameters
    ----------
    series
        Numbers above zero, one a year without a gap, (T,), persons.
    moves
        Standard normal numbers behind the steps, (years after the last one, draws).
    priors
        Priors of :math:`\sigma_w` and :math:`\sigma_e`.
    rng
        A near year's numbers do not depend on how many years follow it.

    Raises
    ------
    EvidenceError
        If the series has fewer than five years, or numbers that are not above zero and finite.

    References
    ----------
    Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter, doi
    10.1017/CBO9781107049994.

    Examples
    --------
    >>> from forecast.study.priors import HalfNormal
    >>> prior = HalfNormal(dist="half_normal", scale=0.05, reason="an example")
    >>> people, rng = np.array([90.0, 97, 95, 104, 100]), np.random.default_rng(1)
    >>> moves = rng.standard_normal((7, 400))
    >>> local_level_paths(people, moves, LevelPriors(prior, prior), rng).shape
    (400, 7)
    """
    _refuse(series)
    log = np.log(series)
    posterior = scale_posterior(log, priors)
    draws = moves.shape[1]
    chosen = rng.choice(len(posterior.weight), size=draws, p=posterior.weight)
    step, noise = posterior.step[chosen], posterior.noise[chosen]
    mean, sd = last_level(log, step, noise)
    start = mean + sd * rng.standard_normal(draws)
    level = start + np.cumsum(step * moves, axis=0)
    return np.asarray((level + noise * rng.standard_normal(moves.shape)).T)


def extrapolated(
    sizes: xr.DataArray,
    domestic: xr.DataArray,
    spec: ShareSpec,
    priors: LevelPriors,
    last_published: int,
    draws: int,
    seed: int,
    window: int = WINDOW,
) -> dict[str, Array]:
    r"""Draw what doctorates after the last published year are, as factors of their held value.

    The flow of group g is :math:`f_{gt} = \sum_{o \in g} \sum_f u_f n_{oft}` with field weights u.
    The factor of year t is :math:`f_{gt} / \bar f_g`, :math:`f_{gt}` a draw of its local level and
    :math:`\bar f_g` the mean of the last three published years, at which
    ``hold_doctorates_after_last_published`` holds each cell. Held cells times the factor of their
    group thus sum to the drawn flow; the mix of cells within a group stays as held.

    The steps of groups are correlated as their yearly changes were, see ``moving_together``: what
    brings more students from one country often brings more from another. Scales, last levels and
    noise are each group's own, from the seed and its name.

    Parameters
    ----------
    sizes, domestic
        Doctorates, persons, dims (origin, field, cohort) and (field, cohort), cohorts in order and
        without a gap. Values after ``last_published`` are not read.
    spec
        Its groups and field weights are read.
    priors
        Priors of the scales, the same for each group.
    last_published
        Last year with published doctorates.
    draws, seed
        Number of draws and their seed.
    window
        Years up to ``last_published`` that the levels are fitted to.

    Returns
    -------
    dict of str to Array
        A group's factors, (draws, years after ``last_published`` up to the last cohort).

    Raises
    ------
    EvidenceError
        If the flow of a group has fewer than five years in the window, or is not above zero.

    References
    ----------
    Durbin & Koopman (2012), Time Series Analysis by State Space Methods, doi
    10.1093/acprof:oso/9780199641178.001.0001.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.study.priors import HalfNormal
    >>> prior = HalfNormal(dist="half_normal", scale=0.05, reason="an example")
    >>> inputs, priors = example_inputs(), LevelPriors(prior, prior)
    >>> parts = (inputs.sizes, inputs.domestic, inputs.spec)
    >>> factors = extrapolated(*parts, priors, last_published=2023, draws=50, seed=1)
    >>> {name: factor.shape for name, factor in factors.items()}
    {'north': (50, 7), 'rest': (50, 7), 'home': (50, 7)}
    """
    flows = {name: group_flow(sizes, domestic, spec, name) for name in spec.groups}
    known = {
        name: flow.sel(cohort=slice(last_published - window + 1, last_published)).to_numpy()
        for name, flow in flows.items()
    }
    for name, series in known.items():
        _refuse(series, name)
    ahead = int(max(flow["cohort"].max() for flow in flows.values())) - last_published
    changes = np.diff(np.log(np.column_stack(list(known.values()))), axis=0)
    moves = moving_together(changes, ahead, draws, np.random.default_rng([seed, 0]))
    factors = {}
    for (name, series), own in zip(known.items(), moves, strict=True):
        rng = np.random.default_rng([seed, *name.encode()])
        paths = local_level_paths(series, own, priors, rng)
        factors[name] = np.asarray(np.exp(paths) / series[-HELD_OVER:].mean())
    return factors


def group_flow(
    sizes: xr.DataArray, domestic: xr.DataArray, spec: ShareSpec, name: str
) -> xr.DataArray:
    """Sum the doctorates of a group over its origins and its weighted fields, dim cohort.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> inputs = example_inputs()  # east 150 + 0.5 x 90, south 120 + 0.5 x 80
    >>> flow = group_flow(inputs.sizes, inputs.domestic, inputs.spec, "rest")
    >>> float(flow.sel(cohort=2020))
    355.0
    """
    group, fields = spec.groups[name], list(spec.field_weights)
    people = domestic if group.domestic else sizes.sel(origin=list(group.origins)).sum("origin")
    weights = xr.DataArray(list(spec.field_weights.values()), {"field": fields}, ("field",))
    return (people.sel(field=fields) * weights).sum("field")


def scale_posterior(log: Array, priors: LevelPriors) -> ScalePosterior:
    """Weigh a grid of (step, noise) by prior, likelihood and cell width.

    Values are spaced evenly in their logarithm. A sum over them is the midpoint rule of a smooth
    integral, so draws need not be moved within a cell.
    """
    changes = np.diff(log)
    spread = float(np.sqrt(np.mean(changes**2)))
    (steps, step_mass), (noises, noise_mass) = (
        _axis(prior, spread) for prior in (priors.step, priors.noise)
    )
    step, noise = (grid.ravel() for grid in np.meshgrid(steps, noises, indexing="ij"))
    log_weight = np.add.outer(step_mass, noise_mass).ravel() + log_marginal(changes, step, noise)
    return ScalePosterior(step, noise, softmax(log_weight))


def log_marginal(changes: Array, step: Array, noise: Array) -> Array:
    r"""Return the log likelihood of both scales, levels integrated out, at each point, (P,).

    A flat first level leaves the changes :math:`y_t = \log n_t - \log n_{t-1}`, which are normal
    with covariance :math:`\sigma_w^2 I + \sigma_e^2 D` and D tridiagonal of -1, 2, -1. The sine
    transform diagonalises it at all points at once, with eigenvalues
    :math:`\sigma_w^2 + 2 \sigma_e^2 (1 - \cos(\pi k / T))` for k from 1 to T - 1.

    Parameters
    ----------
    changes
        Changes of the log, (T - 1,).
    step, noise
        Points, (P,), both above zero or one of them zero.

    References
    ----------
    Strang (1999), The discrete cosine transform, doi 10.1137/S0036144598336745.

    Examples
    --------
    >>> one, none = np.ones(1), np.zeros(1)
    >>> log_marginal(np.array([1.0]), one, none).round(4).tolist()  # log N(1; 0, 1)
    [-1.4189]
    """
    variance = _variances(len(changes), step, noise)
    power = dst(changes, type=1, norm="ortho") ** 2
    return np.asarray(-0.5 * (np.log(2 * np.pi * variance) + power / variance).sum(-1))


def last_level(log: Array, step: Array, noise: Array) -> tuple[Array, Array]:
    r"""Return mean and sd of the last level given the series, (P,) each, at points of the scales.

    :math:`\mu_T = \log n_T - e_T`, and the noise :math:`e_T` has covariance :math:`\sigma_e^2` with
    the last change and none with the others.

    Parameters
    ----------
    log
        Log of the series, (T,).
    step, noise
        Points, (P,), both above zero or one of them zero.

    Examples
    --------
    >>> mean, sd = last_level(np.array([1.0, 2.0, 6.0]), np.zeros(1), np.ones(1))
    >>> mean.round(12).tolist(), (3 * sd**2).round(12).tolist()  # no steps: a mean of three
    ([3.0], [1.0])
    """
    changes = np.diff(log)
    last = dst(np.eye(len(changes))[-1], type=1, norm="ortho")  # of each eigenvector
    gain = noise[:, None] ** 2 * last / _variances(len(changes), step, noise)
    mean = log[-1] - gain @ dst(changes, type=1, norm="ortho")
    variance = noise**2 * (1 - gain @ last)
    return np.asarray(mean), np.sqrt(np.maximum(variance, 0.0))


def _variances(changes: int, step: Array, noise: Array) -> Array:
    """Return the eigenvalues of the covariance of the changes, (P, changes)."""
    angles = np.pi * np.arange(1, changes + 1) / (changes + 1)
    return np.asarray(step[:, None] ** 2 + noise[:, None] ** 2 * (2 - 2 * np.cos(angles)))


def _axis(prior: Prior, spread: float) -> tuple[Array, Array]:
    """Return values of a scale, and the log of the prior mass of their cells but a constant."""
    prior_of = frozen(prior)
    low, high = prior_of.isf(TAILS * prior_of.sf(0.0))
    edges = np.linspace(np.log(low), np.log(max(high, REACH * spread)), GRID + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    values = np.exp(middle)
    return values, np.asarray(prior_of.logpdf(values) + middle)


def _refuse(series: Array, of: str = "a series") -> None:
    if len(series) < MIN_YEARS:
        rule = f"a local level is fitted to {MIN_YEARS} or more years"
        raise EvidenceError(
            f"{rule}; got {len(series)} of {of}. Widen the window or hold the mean."
        )
    wrong = series[~(np.isfinite(series) & (series > 0))]
    if len(wrong):
        rule = "a local level is fitted to numbers above zero"
        raise EvidenceError(
            f"{rule}; got {wrong[0]:g} of {of}. Start the window later or merge groups."
        )
