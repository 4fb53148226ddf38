"""The published analyses as examples: model, quantities, exact moments, published figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import xarray as xr
from scipy.special import expit

from benchmarks import published, quadrature
from benchmarks.quadrature import COEFFICIENTS, Moments
from forecast.stay import StayModel

SMALL = 0.05  # a sigma of the seeds that the likelihood cannot tell from zero
TAIL = f"sigma < {SMALL}"

type Quantities = dict[str, xr.DataArray]


@dataclass(frozen=True)
class Figure:
    """A published mean or standard deviation, as printed.

    ``standard_error`` is the Monte Carlo error of the mean that its source states. We take it for
    the standard deviation too, whose own error is smaller where tails are not long.
    """

    quantity: str
    statistic: Literal["mean", "sd"]
    text: str
    standard_error: float = 0.0

    @property
    def value(self) -> float:
        """Return the number."""
        return float(self.text)

    @property
    def rounding(self) -> float:
        """Return half a unit of the last printed digit."""
        return 0.5 * 10.0 ** int(Decimal(self.text).as_tuple().exponent)


@dataclass(frozen=True)
class Example:
    """A published analysis: how it is built, read and known."""

    title: str
    source: str
    model: Callable[[], StayModel]
    read: Callable[[xr.Dataset], Quantities]
    exact: Callable[[], Mapping[str, Moments]]
    figures: tuple[Figure, ...]


def _hospitals(posterior: xr.Dataset) -> Quantities:
    """Return mu, sigma, expit(mu) and the probability of each hospital."""
    p = expit(posterior["mu"] + posterior["b"])
    each = {f"p[{i + 1}]": p.isel(hospital=i, drop=True) for i in range(p.sizes["hospital"])}
    whole = {"mu": posterior["mu"], "sigma": posterior["sigma"]}
    return whole | {"pop.mean": expit(posterior["mu"])} | each


def _seeds(posterior: xr.Dataset) -> Quantities:
    """Return sigma, whether it is small, and the coefficients from the means of the groups."""
    signs = {name: xr.DataArray(sign, dims="group") for name, sign in COEFFICIENTS.items()}
    means = {name: (posterior["mean"] * sign).sum("group") for name, sign in signs.items()}
    sigma = posterior["sigma"]
    return {"sigma": sigma, TAIL: (sigma < SMALL).astype(float)} | means


def _schools(posterior: xr.Dataset) -> Quantities:
    """Return mu, tau and theta in points of the scores."""
    point = 4 * published.STEP
    theta = (posterior["mu"] + posterior["b"]) / point
    each = {
        f"theta[{i + 1}]": theta.isel(school=i, drop=True) for i in range(theta.sizes["school"])
    }
    return {"mu": posterior["mu"] / point, "tau": posterior["tau"] / point} | each


def _tumours(posterior: xr.Dataset) -> Quantities:
    """Return alpha and beta, the mean on the logit scale and the overdispersion."""
    mu = posterior["mu"]
    w = posterior["overdispersion"].isel(definition_counted=0, drop=True)
    size = 1 / w - 1
    return {"alpha": expit(mu) * size, "beta": expit(-mu) * size, "mu": mu, "overdispersion": w}


def _both(quantity: str, mean: str, sd: str, standard_error: float) -> tuple[Figure, Figure]:
    """Return a printed mean and standard deviation."""
    return (
        Figure(quantity, "mean", mean, standard_error),
        Figure(quantity, "sd", sd, standard_error),
    )


# Where the printed figures were read. Surgical: the table of OpenBUGS as copied in the BUGS checks
# of the package bumps. Eight schools: stan-dev/posteriordb, posterior_database/
# reference_posteriors/summary_statistics/mean/mean, to four decimals. Tumours: BDA3, section 5.3.
# Seeds: the table of OpenBUGS as copied in TuringLang/JuliaBUGS.jl, Volume_1/4_Seeds.jl, which
# leaves its Monte Carlo errors out; those are of WinBUGS (cosx.org, 2008-12, part 2 of "WinBUGS").
EXAMPLES: Mapping[str, Example] = {
    "hospitals": Example(
        title="Deaths in 12 hospitals",
        source="OpenBUGS examples, volume I, Surgical: 10,000 draws with their Monte Carlo errors",
        model=published.hospitals,
        read=_hospitals,
        exact=quadrature.hospitals,
        figures=(
            *_both("mu", "-2.558", "0.1535", 0.002212),
            *_both("sigma", "0.4077", "0.1611", 0.004062),
            *_both("pop.mean", "0.07258", "0.01016", 1.443e-4),
            *_both("p[1]", "0.0528", "0.01961", 3.693e-4),
            *_both("p[8]", "0.1237", "0.02263", 4.045e-4),
        ),
    ),
    "schools": Example(
        title="Coaching in eight schools",
        source="posteriordb, eight_schools-eight_schools_noncentered: 10,000 draws, their errors",
        model=published.schools,
        read=_schools,
        exact=quadrature.schools,
        figures=(
            Figure("mu", "mean", "4.4105", 0.0330),
            Figure("tau", "mean", "3.6021", 0.0319),
            Figure("theta[1]", "mean", "6.1505", 0.0557),
            Figure("theta[2]", "mean", "4.9396", 0.0462),
            Figure("theta[3]", "mean", "3.9059", 0.0542),
            Figure("theta[4]", "mean", "4.7960", 0.0475),
            Figure("theta[5]", "mean", "3.6144", 0.0461),
            Figure("theta[6]", "mean", "4.0511", 0.0485),
            Figure("theta[7]", "mean", "6.3172", 0.0499),
            Figure("theta[8]", "mean", "4.8840", 0.0543),
        ),
    ),
    "tumours": Example(
        title="Tumours in 71 groups of rats",
        source="Gelman et al., BDA3, section 5.3: a grid, printed to one decimal",
        model=published.tumours,
        read=_tumours,
        exact=lambda: quadrature.tumours(prior_of_the_book=False).moments,
        figures=(Figure("alpha", "mean", "2.4"), Figure("beta", "mean", "14.3")),
    ),
    "seeds": Example(
        title="Seeds on 21 plates",
        source="OpenBUGS examples, volume I, Seeds: 10,000 draws; the Monte Carlo errors are those "
        "of a WinBUGS run of the same length",
        model=published.seeds,
        read=_seeds,
        exact=quadrature.seeds,
        figures=(
            *_both("alpha0", "-0.5499", "0.1965", 0.0077),
            *_both("alpha1", "0.08902", "0.3124", 0.0128),
            *_both("alpha2", "1.356", "0.2772", 0.0124),
            *_both("alpha12", "-0.841", "0.4372", 0.0179),
            *_both("sigma", "0.2922", "0.1467", 0.0080),
        ),
    ),
}


def statistic(figure: Figure, moments: Moments) -> float:
    """Return of some moments what a figure prints."""
    return moments.mean if figure.statistic == "mean" else moments.sd


def moments_of(draws: xr.DataArray) -> Moments:
    """Return the moments of draws."""
    return Moments(float(draws.mean()), float(np.std(draws.to_numpy(), ddof=1)))
