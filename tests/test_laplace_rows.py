"""The rows' log densities and their derivatives, as the Laplace engines need them."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import special, stats

from forecast.stay.errors_of_rows import EDGE, CountRows, ErrorModel, RateRows
from forecast.stay.gamma import gamma2, gamma3
from forecast.stay.likelihood import log_likelihood
from forecast.stay.row_derivatives import RowFamily
from forecast.stay.unit_normal import Values
from tests.laplace_models import slope

LABELS = 3  # of definitions with an overdispersion, or a source scale, of their own


@dataclass(frozen=True)
class Rows:
    """Rows of both kinds, model rates and error scales at which to look at them."""

    errors: ErrorModel
    rate: np.ndarray
    values: Values

    @property
    def family(self) -> RowFamily:
        return RowFamily(self.errors)


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Draw counts, and rates with an effective size, a source scale, or only a known variance."""
    counts, rates = draw(st.integers(0, 4)), draw(st.integers(0, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rounded = draw(st.booleans())
    order = rng.permutation(counts + rates)
    n = rng.integers(1, 3000, counts).astype(float)
    kind = rng.integers(0, 3, rates)  # survey, unknown, known
    rounding = 0.01**2 / 12 * rounded * rng.integers(0, 2, rates)
    errors = ErrorModel(
        CountRows(
            row=order[:counts],
            stayed=rng.binomial(n.astype(int), rng.uniform(0, 1, counts)).astype(float),
            n=n,
            which=rng.integers(0, LABELS, counts),
            rounding=0.01**2 / 12 * rounded * rng.integers(0, 2, counts),
        ),
        RateRows(
            row=order[counts:],
            rate=rng.uniform(0.005, 0.995, rates),
            per_person=np.where(kind == 0, 1 / rng.integers(20, 3000, rates), 0.0),
            unknown=(kind == 1).astype(float),
            which=rng.integers(0, LABELS, rates),
            known=np.where(kind == 2, rng.uniform(0.01, 0.05, rates) ** 2, 0.0) + rounding,
        ),
        (),
    )
    values: dict[str, float | np.ndarray] = {}
    if counts:
        values["overdispersion"] = rng.uniform(1e-3, 0.2, LABELS)
    if rates:
        values["effective_share"] = float(rng.uniform(0.05, 1.0))
        values["source_scale"] = rng.uniform(0.1, 1.0, LABELS)
    return Rows(errors, rng.uniform(0.03, 0.97, counts + rates), values)


@dataclass(frozen=True)
class Shifted(RowFamily):
    """Rows whose ``within`` and ``square`` are shifted."""

    within: np.ndarray | float = 0.0
    square: np.ndarray | float = 0.0

    def parts(self, values: Values) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        within, square, known = super().parts(values)
        return within + self.within, square + self.square, known


def by_numpy(rows: Rows) -> np.ndarray:
    """Return the log densities that ``likelihood`` gives, at one draw."""
    data = {
        name: (("chain", "draw", "label")[: 2 + np.ndim(value)], np.asarray(value)[None, None])
        for name, value in rows.values.items()
    }
    return log_likelihood(rows.rate[None, None], xr.Dataset(data), rows.errors)[0, 0]


def looked(family: RowFamily, rate: np.ndarray, values: Values) -> np.ndarray:
    """Return value, r1 and r2 of each row."""
    seen = family.look(rate, values)
    return np.stack([seen.value, seen.r1, seen.r2])


def test_derivatives_of_log_gamma_equal_scipy():
    """Its second and third derivative are scipy's to 1e-13 relative, from 1e-6 to 1e8."""
    x = np.concatenate([np.geomspace(1e-6, 1e8, 20_001), np.linspace(0.5, 20.0, 5_001)])

    assert_allclose(gamma2(x), special.polygamma(1, x), rtol=1e-13, atol=0)
    assert_allclose(gamma3(x), special.polygamma(2, x), rtol=1e-13, atol=0)


@settings(max_examples=100, deadline=None)
@given(rows())
def test_values_are_the_log_likelihood(rows: Rows):
    """The engine and the predictions read one density of rows, of both kinds mixed."""
    assert_allclose(
        rows.family.look(rows.rate, rows.values).value, by_numpy(rows), rtol=1e-9, atol=1e-9
    )


@settings(max_examples=100, deadline=None)
@given(rows())
def test_slopes_by_the_rate_are_those_of_differences(rows: Rows):
    """r1, r2 and r3 are the slopes of value, r1 and r2 as the rate moves."""
    seen = rows.family.look(rows.rate, rows.values)
    by_rate = slope(lambda t: looked(rows.family, rows.rate + t, rows.values), 1e-4)

    assert_allclose(np.stack([seen.r1, seen.r2, seen.r3]), by_rate, rtol=2e-6, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(rows())
def test_slopes_by_the_parts_of_w_are_those_of_differences(rows: Rows):
    """``within`` and ``square`` are the slopes of value, r1 and r2 as that part of w moves."""
    seen = rows.family.look(rows.rate, rows.values)
    within, square, known = rows.family.parts(rows.values)
    spread = rows.rate * (1 - rows.rate)
    w = within + spread * square + known / spread

    for name, found in {"within": seen.within, "square": seen.square}.items():

        def moved(t: float, name: str = name) -> np.ndarray:
            family = Shifted(rows.errors, **{name: t * w})
            return looked(family, rows.rate, rows.values)

        assert_allclose(found * w, slope(moved, 1e-3), rtol=2e-6, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(rows())
def test_gradient_by_the_error_scales_is_that_of_differences(rows: Rows):
    """Each overdispersion, the effective share and each source scale move the rows that have it."""
    seen = rows.family.look(rows.rate, rows.values)
    gradient = rows.family.gradient(seen.within[0], seen.square[0], rows.values)

    assert set(gradient) == set(rows.values)
    for name, found in gradient.items():
        value = np.asarray(rows.values[name])
        for label in range(value.size):
            unit = np.arange(value.size).reshape(value.shape) == label

            def total(t: float, name: str = name, moved: np.ndarray = value * unit) -> float:
                values = {**rows.values, name: np.asarray(rows.values[name]) + t * moved}
                return float(rows.family.look(rows.rate, values).value.sum())

            expected = slope(total, 1e-3) / value.ravel()[label]
            assert_allclose(found.ravel()[label], expected, rtol=2e-6, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(rows(), st.sampled_from([-1.0, 0.0, EDGE / 2, 1 - EDGE / 2, 1.0, 2.0]))
def test_rates_at_the_edge_have_no_slope(rows: Rows, rate: float):
    """Outside (EDGE, 1 - EDGE) the rate moves nothing; the scales still move the value."""
    outside = replace(rows, rate=np.full(len(rows.rate), rate))
    edge = np.clip(outside.rate, EDGE, 1 - EDGE)
    seen = outside.family.look(outside.rate, outside.values)
    there = outside.family.look(edge, outside.values)

    assert_allclose(seen.value, by_numpy(outside), rtol=1e-9, atol=1e-6)
    assert not np.stack([seen.r1, seen.r2, seen.r3]).any()
    assert not np.stack([seen.within[1:], seen.square[1:]]).any()
    assert_allclose(seen.within[0], there.within[0])
    assert_allclose(seen.square[0], there.square[0])


@settings(max_examples=60, deadline=None)
@given(rows())
def test_an_error_too_large_for_a_rate_has_no_slope_but_by_the_rate(rows: Rows):
    """Where w reaches one the sum of shapes is at its floor: no scale moves it any more."""
    family = Shifted(rows.errors, within=1.5)
    seen = family.look(rows.rate, rows.values)
    by_rate = slope(lambda t: looked(family, rows.rate + t, rows.values), 1e-4)

    assert not np.stack([seen.within, seen.square]).any()
    assert_allclose(np.stack([seen.r1, seen.r2, seen.r3]), by_rate, rtol=2e-6, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(rows())
def test_expected_information_is_one_over_the_variance_of_a_published_rate(rows: Rows):
    """It is the beta-binomial variance of k / n, or the beta variance of a rate, by scipy."""
    within, square, known = rows.family.parts(rows.values)
    spread = rows.rate * (1 - rows.rate)
    size = 1 / (within + spread * square + known / spread) - 1
    a, b, counts = rows.rate * size, (1 - rows.rate) * size, rows.errors.counts
    variance = stats.beta(a, b).var()
    of_count = stats.betabinom(counts.n, a[counts.row], b[counts.row]).var()
    variance[counts.row] = of_count / counts.n**2
    seen = rows.family.look(rows.rate, rows.values)

    assert_allclose(seen.expected, 1 / variance, rtol=1e-9)
