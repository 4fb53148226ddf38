"""The latent field against dense formulas: its prior, its curvature, its mode, its marginal."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import expit

from forecast.inference.arrow import NotPositive
from forecast.inference.field import (
    TIGHT,
    Field,
    Given,
    Mode,
    conditional_mode,
    curvature,
    latent_field,
    near_mode,
    sight,
)
from forecast.inference.field import given as given_scales
from forecast.inference.marginal import Marginal, surroundings
from forecast.stay import StayModel, stay_model
from forecast.stay.density import log_joint, log_prior_of_scales
from forecast.stay.row_derivatives import RowFamily
from forecast.stay.unit_normal import UnitNormal, Values
from forecast.study import load_study
from tests.laplace_models import (
    assembled,
    evidence,
    models,
    prior_covariance,
    random_scales,
    row,
    shipped,
    slope,
)

LOG_2PI = np.log(2 * np.pi)
seeds = st.integers(0, 2**32 - 1)


def placed(model: StayModel, seed: int) -> tuple[Field, Given, np.ndarray]:
    """Return the field of a model, random scales, and random latents around their prior mean."""
    rng, field = np.random.default_rng(seed), latent_field(model)
    _, values = random_scales(model, rng)
    return field, given_scales(field, values), rng.normal(field.prior.mean, 0.7)


def dense_curvature(
    field: Field, values: Values, x: np.ndarray, expected: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return H by its formula, less Q or all of it, with dense matrices."""
    design, operator = field.design.toarray(), field.operator.toarray()
    p = expit(design @ x - field.model.basis @ np.asarray(values["duration_step"]))
    p1, p2 = p * (1 - p), p * (1 - p) * (1 - 2 * p)
    rows = RowFamily(field.model.errors).look(operator @ p, values)
    spread = (operator * p1) @ design
    precision = np.linalg.inv(prior_covariance(field.model, field.prior.mask, values))
    if expected:
        return precision, precision + spread.T @ (rows.expected[:, None] * spread)
    bend = design.T @ ((p2 * (operator.T @ rows.r1))[:, None] * design)
    return precision, precision - spread.T @ (rows.r2[:, None] * spread) - bend


def polished(field: Field, at: Given, start: np.ndarray) -> Mode:
    """Return the conditional mode after Newton steps beyond any tolerance, H factored there."""
    x = conditional_mode(field, at, start, TIGHT).seen.x
    for _ in range(3):
        seen = sight(field, at, x)
        x = x + curvature(field, at, seen).solve(seen.pressed)
    seen = sight(field, at, x)
    return Mode(at, seen, curvature(field, at, seen))


@settings(max_examples=60, deadline=None)
@given(models(), seeds, st.booleans())
def test_assembled_curvature_is_the_dense_formula(model: StayModel, seed: int, expected: bool):
    """H is Q - S' diag(l'') S - A' diag(p2 W'l') A, or Q + S' diag(information) S."""
    field, at, x = placed(model, seed)
    precision, whole = dense_curvature(field, at.values, x, expected)
    found = assembled(field, at, sight(field, at, x), expected)
    unit = np.sqrt(np.outer(np.diag(precision), np.diag(precision)))

    assert_allclose(found / unit, whole / unit, rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(models(), seeds)
def test_a_curvature_that_is_not_positive_is_told(model: StayModel, seed: int):
    """The factor has the determinant of the dense H, or there is none: H is not positive."""
    field, at, x = placed(model, seed)
    precision, whole = dense_curvature(field, at.values, 3 * x, False)
    unit = np.sqrt(np.outer(np.diag(precision), np.diag(precision)))
    least = np.linalg.eigvalsh(whole / unit).min()
    seen = sight(field, at, 3 * x)
    if least > 1e-9:
        found = curvature(field, at, seen).log_determinant
        assert_allclose(found, np.linalg.slogdet(whole)[1], rtol=1e-9, atol=1e-9)
    elif least < -1e-9:
        with pytest.raises(NotPositive):
            curvature(field, at, seen)


@settings(max_examples=40, deadline=None)
@given(models(), seeds)
def test_gradient_and_curvature_are_slopes(model: StayModel, seed: int):
    """``pressed`` is the slope of the log density, and minus H that of ``pressed``, each way."""
    field, at, x = placed(model, seed)
    seen, h = sight(field, at, x), assembled(field, at, sight(field, at, x))
    unit = 1 / np.sqrt(np.diag(dense_curvature(field, at.values, x, True)[1]))
    for way in np.random.default_rng(seed).normal(size=(4, len(x))) * unit:
        up = slope(lambda t, way=way: sight(field, at, x + t * way).value, 1e-3)
        turn = slope(lambda t, way=way: sight(field, at, x + t * way).pressed, 1e-3)
        length = np.sqrt(len(x))

        assert_allclose(seen.pressed @ way, up, rtol=1e-6, atol=1e-6 * length)
        assert_allclose(unit * turn, -unit * (h @ way), rtol=1e-6, atol=1e-6 * length)


@settings(max_examples=40, deadline=None)
@given(models(whole=True), seeds)
def test_value_and_determinant_are_the_joint_density(model: StayModel, seed: int):
    """Where every latent is reached: log p(x, data | scales), with log(2 pi) for each latent."""
    field, at, x = placed(model, seed)
    joint = log_joint(model, x, at.values) - log_prior_of_scales(model, at.values)
    found = sight(field, at, x).value + 0.5 * at.log_determinant - 0.5 * len(x) * LOG_2PI

    assert field.prior.mask.all()
    assert_allclose(found, joint, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(models(), seeds)
def test_mode_has_no_gradient(model: StayModel, seed: int):
    """From the prior mean the search climbs to where no gradient is left against the curvature."""
    field, at, _ = placed(model, seed)
    mode = conditional_mode(field, at, field.prior.mean, TIGHT)
    best = polished(field, at, mode.seen.x)

    assert mode.seen.pressed @ mode.factor.solve(mode.seen.pressed) < 1e-10
    assert mode.seen.value >= sight(field, at, field.prior.mean).value
    assert_allclose(mode.log_marginal, best.log_marginal, rtol=1e-6, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(models(), seeds)
def test_one_step_from_nearby_is_right_to_second_order(model: StayModel, seed: int):
    """With its drift, a start a hundred times nearer leaves hardly a thousandth of the error."""
    field, at, x = placed(model, seed)
    best = polished(field, at, field.prior.mean)
    tension = field.design_back @ surroundings(field, best).tension
    way = best.factor.back(np.random.default_rng(seed).normal(size=len(x)))
    way *= 0.02 / np.sqrt(len(x))

    def error(part: float) -> float:
        near = near_mode(field, at, best.seen.x + part * way, tension)
        return abs(near.log_marginal - best.log_marginal)

    assert error(0.01) < 2e-3 * error(1.0) + 1e-8


def along(
    marginal: Marginal, u: np.ndarray, way: np.ndarray, start: np.ndarray, step: float
) -> float:
    """Return the slope of the Laplace marginal along a way, by differences."""

    def value(t: float) -> float:
        moved = u + t * way
        at = given_scales(marginal.field, marginal.unit.values(moved))
        return marginal.value(moved, polished(marginal.field, at, start))

    return float(slope(value, step))


@settings(max_examples=12, deadline=None)
@given(models(), seeds)
def test_gradient_of_the_marginal_is_its_slope(model: StayModel, seed: int):
    """By each scale and each step of the duration curve, mode and determinant moving along."""
    field, unit = latent_field(model), UnitNormal(model.top_level)
    marginal = Marginal(field, unit)
    u, values = random_scales(model, np.random.default_rng(seed))
    mode = polished(field, given_scales(field, values), field.prior.mean)
    found = marginal.gradient(u, mode)
    numeric = [along(marginal, u, way, mode.seen.x, 2e-3) for way in np.eye(len(u))]

    assert_allclose(found, numeric, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["demo", "china_ai_2030"])
def test_shipped_studies_have_the_same_curvature_and_gradient(name: str):
    """H is the dense formula and the gradient the slope at real sizes, with many chunks."""
    model = shipped(name)
    field, at, x = placed(model, 3)
    precision, whole = dense_curvature(field, at.values, x, False)
    unit = np.sqrt(np.outer(np.diag(precision), np.diag(precision)))
    rng, marginal = np.random.default_rng(4), Marginal(field, UnitNormal(model.top_level))
    u, values = random_scales(model, rng, 1.0)
    mode = polished(field, given_scales(field, values), field.prior.mean)
    way = rng.normal(size=len(u))

    assert len(field.assembly.layout.ends) > 10
    assert_allclose(assembled(field, at, sight(field, at, x)) / unit, whole / unit, atol=1e-9)
    numeric = along(marginal, u, way, mode.seen.x, 1e-3)
    assert_allclose(marginal.gradient(u, mode) @ way, numeric, rtol=1e-5)


@pytest.mark.parametrize("people", [1e2, 1e3, 1e4, 1e5])
def test_laplace_is_exact_where_the_rows_are_normal(people: float):
    """Rows of one cell: the exact marginal is an integral over its linear predictor alone.

    The error of Laplace's is of the order of one over the people behind a rate.
    """
    study = load_study("demo")
    seen = [row("resident", ("north",), ("alpha",), (2015, 2015), 3.0)] * 2
    known = evidence(study, seen, ["se", "se"], np.random.default_rng(1))
    figures = {"rate": [0.62, 0.66], "se": 0.5 / np.sqrt(people), "rounding": np.nan}
    model = stay_model(study, replace(known, rows=known.rows.assign(**figures)))
    field, at, _ = placed(model, 5)
    found = conditional_mode(field, at, field.prior.mean, TIGHT)

    loads = field.design.toarray()[0]
    middle = float(loads @ field.prior.mean - at.away[0])
    variance = loads @ prior_covariance(model, field.prior.mask, at.values) @ loads
    best = float(loads @ found.seen.x - at.away[0])
    eta = best + np.linspace(-12, 12, 2001) / np.sqrt(0.2 * people)
    rows = [field.family.look(np.full(2, expit(e)), at.values).value.sum() for e in eta]
    density = np.array(rows) - 0.5 * (eta - middle) ** 2 / variance
    exact = np.log(np.exp(density - density.max()).sum() * (eta[1] - eta[0])) + density.max()
    exact -= 0.5 * np.log(2 * np.pi * variance)

    assert abs(found.log_marginal - exact) < 3 / people
