"""Priors of scales as published models write them: half-Cauchy, and Gamma on a precision."""

import numpy as np
import pymc as pm
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

from benchmarks import published
from forecast.share.parameters import unwhiten
from forecast.stay import StayModel
from forecast.stay.density import log_joint, log_volume
from forecast.stay.pilot import run_pilot
from forecast.stay.pymc_model import pymc_model, top_level
from forecast.stay.terms import Dim, Scale
from forecast.stay.unit_normal import UnitNormal, coordinate, quantile, slope
from forecast.stay.whitening import no_whitening
from forecast.study import Prior, frozen
from forecast.study.priors import HalfCauchy, HalfNormal, RootInverseGamma, typical

WHY = "a prior to be tested"
U = np.linspace(-7.9, 7.9, 159)


def root(shape: float, rate: float) -> RootInverseGamma:
    return RootInverseGamma(dist="root_inverse_gamma", shape=shape, rate=rate, reason=WHY)


CAUCHY = HalfCauchy(dist="half_cauchy", scale=5.0, reason=WHY)
VAGUE = root(0.001, 0.001)
PROPER = root(3.0, 2.0)
KINDS = [CAUCHY, PROPER, root(0.5, 2.0), root(50.0, 0.01), VAGUE]


def name(prior: Prior) -> str:
    return f"{prior.dist}-{prior.shape}" if isinstance(prior, RootInverseGamma) else prior.dist


@pytest.mark.parametrize(("shape", "rate"), [(0.001, 0.001), (0.5, 2.0), (3.0, 2.0)])
def test_root_inverse_gamma_has_the_density_of_a_precision(shape: float, rate: float):
    """With tau = sigma^-2 ~ Gamma(shape, rate), f(sigma) = 2 sigma^-3 f_tau(sigma^-2)."""
    sigma = np.geomspace(0.02, 50, 40)
    by_hand = 2 * sigma**-3 * stats.gamma(shape, scale=1 / rate).pdf(sigma**-2)

    assert_allclose(frozen(root(shape, rate)).pdf(sigma), by_hand, rtol=1e-11)


def test_quantiles_have_their_closed_form_in_both_tails():
    """Half-Cauchy: F^-1(p) F^-1(1 - p) = scale^2, and a quarter lies below scale tan(pi / 8).

    tau ~ Gamma(1/2, rate) is N^2 / (2 rate), so P(sigma < s) = 2 Phi(-sqrt(2 rate) / s).
    """
    quarter = stats.norm.ppf(0.25)
    by_hand = np.sqrt(4.0) / -special.ndtri(special.ndtr(U[U < 0]) / 2)

    assert_allclose(quantile(CAUCHY, U) * quantile(CAUCHY, -U), 25.0, rtol=1e-12)
    assert_allclose(quantile(CAUCHY, np.array([quarter])), 5 * np.tan(np.pi / 8), rtol=1e-12)
    assert_allclose(quantile(root(0.5, 2.0), U[U < 0]), by_hand, rtol=1e-12)
    high = special.erfinv(special.erfc(U[U > 0] / np.sqrt(2)) / 2)  # of |N| / sqrt(2)
    assert_allclose(quantile(root(0.5, 2.0), U[U > 0]), np.sqrt(2.0) / high, rtol=1e-12)


@pytest.mark.parametrize("prior", KINDS, ids=name)
def test_slope_is_that_of_the_quantile(prior: Prior):
    """Central differences of log value agree with it wherever the value is not at its limit."""
    u = U[quantile(prior, U + 1e-4) < 1e90]
    value, small = quantile(prior, u), 1e-4
    numeric = np.log(quantile(prior, u + small) / quantile(prior, u - small)) / (2 * small)

    assert_allclose(slope(prior, value, u) / value, numeric, rtol=2e-5)
    assert len(u) >= 70


@pytest.mark.parametrize("prior", KINDS, ids=name)
def test_coordinates_are_the_inverse_of_quantiles(prior: Prior):
    """From u to a value and back is the identity, to 1e-9, in both tails."""
    u = U[quantile(prior, U) < 1e90]

    assert_allclose(coordinate(prior, quantile(prior, u)), u, atol=1e-9)


def test_a_vague_prior_is_sound_where_posteriors_lie():
    """Gamma(.001, .001): P(sigma > s) = (rate / s^2)^shape / Gamma(1 + shape) for large s.

    All of .01 to 10 lies between u = -5.5 and -2.2: the median is past 1e100, where values stop.
    """
    sigma = np.array([1.0, 3.0, 10.0, 1e6])
    tau = 0.001 * sigma**-2.0  # in units of the rate; two terms of the series of the gamma
    beyond = tau**0.001 / special.gamma(1.001) * (1 - 0.001 * tau / 1.001)
    everywhere = quantile(VAGUE, np.linspace(-1e3, 1e3, 2001))

    assert_allclose(special.ndtr(-coordinate(VAGUE, sigma)), beyond, rtol=1e-9)
    assert (np.abs(coordinate(VAGUE, np.array([0.01, 10.0])) - [-5.5, -2.2]) < 0.3).all()
    assert np.isfinite(everywhere).all()
    assert np.isfinite(everywhere**-3).all()
    assert np.isfinite(slope(VAGUE, quantile(VAGUE, U), U)).all()


def test_a_search_starts_where_there_is_a_slope():
    """Medians for most priors, the mode sqrt(2 rate / (2 shape + 1)) for a Gamma on a precision."""
    half = HalfNormal(dist="half_normal", scale=1.0, reason=WHY)
    labels = Dim("label", "label", ("a", "b"))
    unit = UnitNormal((Scale("half", half), Scale("vague", VAGUE, labels), Scale("far", CAUCHY)))
    mode = np.sqrt(0.002 / 1.002)
    density = frozen(VAGUE).pdf(mode * np.array([0.999, 1.0, 1.001]))

    assert_allclose(unit.start[[0, 3]], 0.0)
    assert_allclose(unit.values(unit.start)["vague"], [mode, mode], rtol=1e-9)
    assert density.argmax() == 1


def test_typical_values_are_finite():
    """A pilot can start from any prior: half-Cauchy and vague Gamma priors have no mean."""
    assert typical(CAUCHY) == 5.0
    assert_allclose(typical(VAGUE), np.sqrt(0.002 / 1.002))
    for model in (published.hospitals(), published.schools()):
        pilot = run_pilot(model)
        assert np.isfinite(pilot.x).all()
        assert all(0 < value < 1 for value in pilot.values.values())


@pytest.mark.parametrize("prior", [CAUCHY, PROPER], ids=name)
def test_unwhitening_is_the_quantile_function(prior: Prior):
    """In the share model too, a deviate z becomes the quantile of the probability of z."""
    z = np.linspace(-6, 5, 45).reshape(9, 5)

    assert_allclose(unwhiten(z, prior), frozen(prior).ppf(stats.norm.cdf(z)), rtol=1e-7)


@pytest.mark.parametrize("prior", KINDS, ids=name)
@pytest.mark.parametrize("labels", [None, ("a", "b")])
def test_pymc_has_the_prior_under_the_name_of_the_scale(prior: Prior, labels: tuple | None):
    """The free variable is the scale itself, sampled by its logarithm, from a finite start."""
    dim = None if labels is None else Dim("label", "label", labels)
    value = np.array(0.3) if labels is None else np.array([0.3, 0.9])
    with pm.Model(coords={} if labels is None else {"label": list(labels)}) as model:
        top_level(Scale("sigma", prior, dim))
    found = model.compile_logp(jacobian=False)({"sigma_log__": np.log(value)})

    assert [one.name for one in model.free_RVs] == ["sigma"]
    assert_allclose(model.initial_point()["sigma_log__"], np.log(typical(prior)), atol=1e-6)
    assert_allclose(found, frozen(prior).logpdf(value).sum(), rtol=1e-6)  # constants are float32


def test_pymc_draws_from_the_prior():
    """A fifth of 4,000 draws lies below each fifth of the distribution, to four standard errors."""
    with pm.Model():
        variable = top_level(Scale("sigma", PROPER))
        draws = pm.draw(variable, 4000, random_seed=1)
    fifths = frozen(PROPER).cdf(draws) // 0.2

    assert np.abs(np.bincount(fifths.astype(int), minlength=5) - 800).max() < 4 * np.sqrt(640)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "sizes"),
    [(published.hospitals(), (0.03, 0.4, 2.0)), (published.schools(), (2e-4, 2e-3, 1e-2))],
    ids=["hospitals", "schools"],
)
def test_pymc_and_the_matrices_have_one_density(model: StayModel, sizes: tuple[float, ...]):
    """On published models with these priors, PyMC's density is that of the matrices."""
    map_, rng = no_whitening(model), np.random.default_rng(3)
    compiled = pymc_model(model, map_).compile_logp(jacobian=False)
    (scale,), effects = model.structure.scales, model.slices["b"]
    for size in sizes:
        point = {scale.name: np.asarray(size), "duration_step": np.zeros(0)}
        point |= {one.name: np.array([1e-7]) for one in model.errors.scales}
        x = rng.normal(0, 2 * sizes[0], model.design.shape[1])
        u = x.copy()
        u[effects] /= np.where(map_.masks["b"], 1.0, size)
        expected = log_joint(model, x, point) + log_volume(model, map_.masks, point)
        logs = {f"{one.name}_log__": np.log(point[one.name]) for one in model.scales}
        found = compiled({"u": u, "duration_step_log__": np.zeros(0)} | logs)

        assert_allclose(found, expected, rtol=1e-6)
