"""Future doctorates follow a local level whose scales and last level are uncertain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import minimize
from statsmodels.tsa.statespace.structural import UnobservedComponents

from forecast.errors import EvidenceError
from forecast.evidence import cell_sizes, domestic_sizes
from forecast.share.example import example_inputs
from forecast.share.inflow import (
    LevelPriors,
    extrapolated,
    group_flow,
    last_level,
    local_level_paths,
    log_marginal,
    scale_posterior,
)
from forecast.share.together import correlations, moving_together
from forecast.study import load_study
from forecast.study.priors import Beta, HalfCauchy, HalfNormal, LogNormal, Normal, RootInverseGamma

POINTS = [(0.1, 0.05), (0.03, 0.2), (0.5, 0.001)]  # of step and noise


def half_normal(scale):
    return HalfNormal(dist="half_normal", scale=scale, reason="made up for a test")


PRIORS = LevelPriors(half_normal(0.08), half_normal(0.05))
FLAT = LevelPriors(half_normal(3.0), half_normal(3.0))


def simulated(rng, years, step, noise):
    """Return the log of a local level, (years,)."""
    return np.cumsum(step * rng.standard_normal(years)) + noise * rng.standard_normal(years)


def columns(points):
    """Return steps and noises, (P,) each."""
    return tuple(np.array(points).T)


def covariance_of_changes(changes, step, noise):
    tridiagonal = 2 * np.eye(changes) - np.eye(changes, k=1) - np.eye(changes, k=-1)
    return step**2 * np.eye(changes) + noise**2 * tridiagonal


@pytest.fixture(scope="module")
def main_study():
    study = load_study("china_ai_2030")
    return cell_sizes(study), domestic_sizes(study), study.share


@pytest.fixture(scope="module")
def moving():
    """Inputs of the example with flows that move until 2023."""
    inputs = example_inputs()
    rng = np.random.default_rng(11)
    walk = np.exp(np.cumsum(0.05 * rng.standard_normal(inputs.sizes.shape), axis=-1))
    return inputs.sizes * walk, inputs.domestic * walk[0], inputs.spec


def assert_same(got, expected):
    assert list(got) == list(expected)
    for name in expected:
        assert got[name].tobytes() == expected[name].tobytes()


@given(seed=st.integers(0, 2**32 - 1), years=st.integers(2, 60))
def test_the_marginal_is_that_of_the_changes(seed, years):
    """The marginal likelihood is the dense normal density of the first differences."""
    log = simulated(np.random.default_rng(seed), years, 0.1, 0.05)
    got = log_marginal(np.diff(log), *columns(POINTS))
    expected = [
        stats.multivariate_normal(cov=covariance_of_changes(years - 1, *point)).logpdf(np.diff(log))
        for point in POINTS
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)


def test_the_flat_first_level_is_integrated_out():
    """Integrated over the first level, the density of the series is that of its changes."""
    log, step, noise = simulated(np.random.default_rng(1), 6, 0.1, 0.05), 0.1, 0.05
    year = np.arange(6)
    walk = step**2 * np.minimum.outer(year, year) + noise**2 * np.eye(6)
    density = stats.multivariate_normal(cov=walk)
    total, _ = quad(lambda first: density.pdf(log - first), -2, 2, points=log, epsrel=1e-11)
    got = log_marginal(np.diff(log), np.array([step]), np.array([noise]))
    np.testing.assert_allclose(got, np.log(total), rtol=1e-8)


def test_last_level_equals_the_diffuse_kalman_filter():
    """Mean and variance of the last level are those of statsmodels' exact diffuse filter.

    It stops updating a variance that has settled, at about nine figures.
    """
    log = simulated(np.random.default_rng(2), 25, 0.1, 0.05)
    model = UnobservedComponents(log, "llevel", use_exact_diffuse=True)
    filtered = [model.filter([noise**2, step**2]) for step, noise in POINTS]
    mean, sd = last_level(log, *columns(POINTS))
    expected_mean = [run.filtered_state[0, -1] for run in filtered]
    expected_variance = [run.filtered_state_cov[0, 0, -1] for run in filtered]
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(sd**2, expected_variance, rtol=1e-7)


def test_last_level_without_noise_or_steps():
    """Without noise the last level is the last value; without steps it is the mean."""
    log = np.array([0.0, 1.0, 5.0, 2.0])
    mean, sd = last_level(log, np.array([0.3, 0.0]), np.array([0.0, 1.0]))
    np.testing.assert_allclose(mean, [2.0, 2.0], rtol=1e-12)
    np.testing.assert_allclose(sd, [0.0, 0.5], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_the_most_probable_scales_are_those_of_statsmodels(seed):
    """Under flat priors the mode of both scales is the maximum likelihood of statsmodels.

    Ours is found without the grid to 1e-4; the grid has it in one of the nine cells around.
    """
    log = simulated(np.random.default_rng(seed), 60, 0.15, 0.1)
    model = UnobservedComponents(log, "llevel", use_exact_diffuse=True)
    noise, step = np.sqrt(model.fit(disp=0, method="nm", maxiter=2000, xtol=1e-10).params)
    ours = minimize(
        lambda x: -log_marginal(np.diff(log), *np.exp(x)[:, None])[0],
        np.log([0.1, 0.1]),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-12},
    )
    np.testing.assert_allclose(np.exp(ours.x), [step, noise], rtol=1e-4)
    grid = scale_posterior(log, FLAT)
    best = np.argmax(grid.weight / (grid.step * grid.noise))  # cells grow with the scales
    np.testing.assert_allclose([grid.step[best], grid.noise[best]], [step, noise], rtol=0.13)


@pytest.mark.parametrize(("truth", "rtol"), [(0.02, 1e-6), (0.1, 1e-6), (1.0, 1e-3)])
def test_the_grid_meets_an_integral_by_adaptive_quadrature(truth, rtol):
    """Without noise to speak of, the posterior mean of the step is a one-dimensional integral.

    It is met for steps like their prior, of scale 0.08, and for steps far below and above it.
    """
    none = LogNormal(dist="lognormal", median=1e-6, sigma=0.1, reason="made up for a test")
    log = simulated(np.random.default_rng(6), 25, truth, 0.0)
    square, count = float(np.diff(log) @ np.diff(log)), 24
    top = np.sqrt(square / count)

    def density(step):
        relative = square / step**2 + (step / 0.08) ** 2 - square / top**2 - (top / 0.08) ** 2
        return (step / top) ** -count * np.exp(-0.5 * relative)

    mass, first = (
        quad(lambda s, k=k: s**k * density(s), top / 10, 5 * top, points=[top], epsrel=1e-10)[0]
        for k in (0, 1)
    )
    grid = scale_posterior(log, LevelPriors(half_normal(0.08), none))
    np.testing.assert_allclose(grid.weight @ grid.step, first / mass, rtol=rtol)


def test_values_of_a_prior_below_zero_are_cut_off():
    """A normal prior of mean zero says the same as the half normal of its scale."""
    log = simulated(np.random.default_rng(8), 25, 0.1, 0.05)
    normal = Normal(dist="normal", loc=0.0, scale=0.08, reason="made up for a test")
    got = scale_posterior(log, LevelPriors(normal, PRIORS.noise))
    expected = scale_posterior(log, PRIORS)
    np.testing.assert_allclose(got.step, expected.step, rtol=1e-12)
    np.testing.assert_allclose(got.weight, expected.weight, rtol=1e-9)


@pytest.mark.parametrize(
    "prior",
    [
        half_normal(0.08),
        LogNormal(dist="lognormal", median=0.1, sigma=0.5, reason="made up for a test"),
        Beta(dist="beta", a=2.0, b=20.0, reason="made up for a test"),
        HalfCauchy(dist="half_cauchy", scale=0.1, reason="made up for a test"),
        RootInverseGamma(dist="root_inverse_gamma", shape=2.0, rate=0.01, reason="made up for it"),
    ],
)
def test_each_kind_of_prior_finds_the_step(prior):
    """Sixty years of steps of 0.1 leave the step within three of its standard errors of 9 %."""
    log = simulated(np.random.default_rng(15), 60, 0.1, 0.0)
    grid = scale_posterior(log, LevelPriors(prior, half_normal(0.01)))
    np.testing.assert_allclose(grid.weight.sum(), 1.0, rtol=1e-12)
    np.testing.assert_allclose(grid.weight @ grid.step, 0.1, rtol=0.27)


def steps(rng, ahead, draws):
    """Return independent standard normal steps, (ahead, draws)."""
    return rng.standard_normal((ahead, draws))


def test_intervals_cover_what_they_say():
    """Over 300 series from the priors, 90 % intervals seven years ahead cover 90 % of the truths.

    The bounds leave out one in a thousand of exact coverages.
    """
    rng, inside = np.random.default_rng(9), 0
    for _ in range(300):
        step, noise = 0.08 * abs(rng.standard_normal()), 0.05 * abs(rng.standard_normal())
        log = 6.0 + simulated(rng, 25 + 7, step, noise)
        paths = local_level_paths(np.exp(log[:25]), steps(rng, 7, 1000), PRIORS, rng)
        low, high = np.quantile(paths[:, -1], [0.05, 0.95])
        inside += low <= log[-1] <= high
    least, most = stats.binom(300, 0.9).interval(0.999)
    assert least <= inside <= most


def test_the_variance_grows_linearly_in_the_years_ahead():
    """Each year adds the posterior mean of the squared step; the first also has the noise.

    200,000 draws know a variance to 1 %.
    """
    log = simulated(np.random.default_rng(10), 21, 0.08, 0.05)
    grid = scale_posterior(log, PRIORS)
    mean, sd = last_level(log, grid.step, grid.noise)
    now = grid.weight @ (sd**2 + grid.noise**2) + grid.weight @ (mean - grid.weight @ mean) ** 2
    own = np.random.default_rng(1)
    paths = local_level_paths(np.exp(log), steps(own, 12, 200_000), PRIORS, own)
    expected = now + np.arange(1, 13) * (grid.weight @ grid.step**2)
    np.testing.assert_allclose(paths.var(axis=0), expected, rtol=0.02)
    np.testing.assert_allclose(paths.mean(axis=0), grid.weight @ mean, atol=0.005)


def test_a_constant_series_stays_almost_constant():
    """What never moved is forecast to move by less than one percent in ten years."""
    rng = np.random.default_rng(1)
    paths = local_level_paths(np.full(21, 500.0), steps(rng, 10, 2000), PRIORS, rng)
    assert np.abs(paths - np.log(500.0)).max() < 0.01


def test_persons_or_thousands_give_the_same_moves():
    """Counting in another unit moves every draw by the log of the unit."""
    people = np.exp(6 + simulated(np.random.default_rng(12), 21, 0.1, 0.05))
    moves = steps(np.random.default_rng(2), 7, 100)
    one, other = (
        local_level_paths(unit * people, moves, PRIORS, np.random.default_rng(1))
        for unit in (1.0, 0.001)
    )
    np.testing.assert_allclose(one - other, np.log(1000.0), rtol=1e-8)


def test_near_years_do_not_depend_on_later_ones():
    """A forecast of seven years begins with the forecast of three."""
    people = np.exp(6 + simulated(np.random.default_rng(13), 21, 0.1, 0.05))
    moves = steps(np.random.default_rng(2), 7, 50)
    long, short = (
        local_level_paths(people, moves[:ahead], PRIORS, np.random.default_rng(1))
        for ahead in (7, 3)
    )
    np.testing.assert_array_equal(long[:, :3], short)


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (np.ones(4), "fitted to 5 or more years; got 4 of a series. Widen"),
        (
            np.array([1.0, 2, 0, 3, 4]),
            "numbers above zero; got 0 of a series. Start",
        ),
        (np.array([1.0, 2, -3, 3, 4]), "numbers above zero; got -3 of a series."),
        (np.array([1.0, 2, np.nan, 3, 4]), "numbers above zero; got nan of a series."),
    ],
)
def test_what_is_no_series_is_refused(series, message):
    """Too few years and numbers without a logarithm are named with the way out."""
    with pytest.raises(EvidenceError, match=message):
        local_level_paths(series, np.zeros((3, 10)), PRIORS, np.random.default_rng(1))


def test_the_group_at_fault_is_named(moving):
    """A flow that cannot be fitted is named, and a short window is refused."""
    sizes, domestic, spec = moving
    none = sizes.where(sizes["origin"] != "north", 0.0)
    with pytest.raises(EvidenceError, match=r"got 0 of north\."):
        extrapolated(none, domestic, spec, PRIORS, 2023, 10, 1)
    with pytest.raises(EvidenceError, match=r"got 4 of north\."):
        extrapolated(sizes, domestic, spec, PRIORS, 2023, 10, 1, window=4)


def test_factors_by_hand(moving):
    """A group's factor is its drawn flow by the mean flow of the last three published years."""
    sizes, domestic, spec = moving
    got = extrapolated(sizes, domestic, spec, PRIORS, 2023, 40, 5)
    flow = sum(
        weight * sizes.sel(origin=origin, field=field, drop=True)
        for origin in ("east", "south")
        for field, weight in (("alpha", 1.0), ("beta", 0.5))
    ).sel(cohort=slice(2008, 2023))
    known = [group_flow(sizes, domestic, spec, name).values[:16] for name in spec.groups]
    changes = np.diff(np.log(np.column_stack(known)), axis=0)
    moves = moving_together(changes, 7, 40, np.random.default_rng([5, 0]))
    rng = np.random.default_rng([5, *b"rest"])
    paths = local_level_paths(flow.values, moves[list(spec.groups).index("rest")], PRIORS, rng)
    np.testing.assert_allclose(got["rest"], np.exp(paths) / flow.values[-3:].mean(), rtol=1e-10)
    home = (domestic * [[1.0], [0.5]]).sum("field")
    np.testing.assert_allclose(group_flow(sizes, domestic, spec, "home"), home, rtol=1e-12)


def test_same_seed_same_bytes(moving):
    """The seed fixes every byte, and another seed changes every group."""
    one = extrapolated(*moving, PRIORS, 2023, 40, 5)
    assert_same(extrapolated(*moving, PRIORS, 2023, 40, 5), one)
    other = extrapolated(*moving, PRIORS, 2023, 40, 6)
    assert all((one[name] != other[name]).all() for name in one)


def test_groups_move_together_as_they_did():
    """Flows that always moved alike have forecasts that do, and each still its own last level."""
    inputs = example_inputs()
    walk = np.exp(0.1 * np.random.default_rng(14).standard_normal(inputs.sizes.sizes["cohort"]))
    parts = (inputs.sizes * walk, inputs.domestic * walk, inputs.spec)
    quiet = LevelPriors(half_normal(0.08), half_normal(1e-4))
    got = extrapolated(*parts, quiet, 2023, 4000, 5)
    steps_of = np.diff(np.log(list(got.values())), axis=-1)[:, :, -1]
    assert np.corrcoef(steps_of).min() > 0.8
    assert len(np.unique(got["north"][:, 0])) > 3900
    assert not np.allclose(got["north"], got["rest"], rtol=1e-3, atol=0)


def test_correlations_recover_the_truth():
    """From 2,000 changes the posterior of a correlation of 0.6 lies within three hundredths."""
    rng = np.random.default_rng(15)
    truth = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 1.0]])
    changes = rng.multivariate_normal(np.zeros(3), truth, size=2000) * [0.1, 5.0, 1.0]
    drawn = correlations(changes, 400, rng)
    np.testing.assert_allclose(drawn.mean(axis=0), truth, atol=0.06)
    np.testing.assert_allclose(np.diagonal(drawn, axis1=1, axis2=2), 1.0, rtol=1e-12)


def test_a_correlation_without_data_is_uniform():
    """With no changes to learn from, each correlation is uniform on [-1, 1]."""
    drawn = correlations(np.zeros((0, 3)), 4000, np.random.default_rng(16))[:, 0, 1]
    assert stats.kstest(drawn, stats.uniform(-1, 2).cdf).pvalue > 0.01


def test_moves_are_standard_normal():
    """Each series alone has steps of mean zero and variance one, and a single one too."""
    rng = np.random.default_rng(17)
    for groups in (1, 3):
        moves = moving_together(rng.standard_normal((20, groups)), 4, 20_000, rng)
        np.testing.assert_allclose(moves.mean(axis=(1, 2)), 0.0, atol=0.02)
        np.testing.assert_allclose(moves.var(axis=(1, 2)), 1.0, atol=0.03)


def test_only_the_window_is_read(moving):
    """Years before the window and after the last published one change nothing."""
    sizes, domestic, spec = moving
    expected = extrapolated(sizes, domestic, spec, PRIORS, 2023, 40, 5, window=10)
    inside = (sizes["cohort"] >= 2014) & (sizes["cohort"] <= 2023)
    changed = (sizes.where(inside, 7.0), domestic.where(inside, 0.0), spec)
    assert_same(extrapolated(*changed, PRIORS, 2023, 40, 5, window=10), expected)


def test_nothing_ahead_gives_no_years(moving):
    """Where the last cohort is published there is nothing to extrapolate."""
    got = extrapolated(*moving, PRIORS, 2030, 40, 5)
    assert {factor.shape for factor in got.values()} == {(40, 0)}


def test_the_main_study_moves_plausibly(main_study):
    """Seven years ahead each 90 % interval holds the flow's held value, and no factor of three."""
    got = extrapolated(*main_study, PRIORS, 2023, 4000, 1)
    for factor in got.values():
        low, middle, high = np.quantile(factor[:, 2030 - 2024], [0.05, 0.5, 0.95])
        assert 0.9 < middle < 1.15
        assert 1 / 3 < low < 0.9
        assert 1.2 < high < 3


def test_foreign_groups_of_the_main_study_moved_together(main_study):
    """Yearly log changes of 2003 to 2023 correlate by .6 to .9 between its foreign groups."""
    sizes, domestic, spec = main_study
    foreign = [name for name, group in spec.groups.items() if not group.domestic]
    flows = [group_flow(sizes, domestic, spec, name) for name in foreign]
    logs = [np.log(flow.sel(cohort=slice(2003, 2023)).values) for flow in flows]
    between = np.corrcoef(np.diff(logs))[np.triu_indices(len(foreign), 1)]
    assert between.min() > 0.6
    assert between.max() < 0.9
