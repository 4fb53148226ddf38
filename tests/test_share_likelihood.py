"""The likelihood of the workforce table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from forecast.share.example import example_evidence, example_inputs
from forecast.share.grid import grid_of
from forecast.share.likelihood import history, log_dirichlet, log_likelihood, years_of
from forecast.share.parameters import layout, theta_of
from forecast.share.scenario import no_effects

part = st.floats(0.01, 1.0)


def fit(evidence: pd.DataFrame, draws: int = 4, departure: float = 0.0, basis: str | None = None):
    inputs = example_inputs(chains=1, draws=draws, evidence=evidence)
    spec = inputs.spec.model_copy(update={"basis": basis})
    inputs = replace(inputs, spec=spec, departure=inputs.departure + departure)
    where = layout(inputs.spec)
    theta = theta_of(np.random.default_rng(3).standard_normal((draws, where.size)), where)
    nothing = no_effects(years_of(inputs, 2030), grid_of(inputs.spec))
    return inputs, theta, history(inputs, nothing)


@given(st.lists(st.tuples(part, part), min_size=2, max_size=5), st.floats(0.5, 500))
def test_density_equals_scipy_dirichlet(parts, concentration):
    """The density of published parts is scipy's Dirichlet density."""
    values, mean = (np.array(p) / np.sum(p) for p in zip(*parts, strict=True))
    got = log_dirichlet(values, mean[None], np.array([concentration]))
    expected = stats.dirichlet(concentration * mean).logpdf(values)
    np.testing.assert_allclose(got, [expected], rtol=1e-9, atol=1e-9)


@given(part, st.floats(0.01, 0.99), st.floats(0.5, 500))
def test_density_of_two_parts_equals_scipy_beta(value, mean, concentration):
    """With two parts it is scipy's beta density."""
    rate = 0.98 * value + 0.005
    got = log_dirichlet(
        np.array([rate, 1 - rate]), np.array([[mean, 1 - mean]]), np.array([concentration])
    )
    expected = stats.beta(concentration * mean, concentration * (1 - mean)).logpdf(rate)
    np.testing.assert_allclose(got, [expected], rtol=1e-9, atol=1e-9)


def test_a_design_effect_above_n_is_impossible():
    """Where the effective sample is below one there is no density, and no warning."""
    got = log_dirichlet(np.array([0.5, 0.5]), np.array([[0.5, 0.5]]), np.array([-0.2]))
    assert got.tolist() == [-np.inf]


def test_shares_by_hand():
    """A set with a group not listed is seen with the remainder, at n / design effect - 1."""
    table = example_evidence()
    table = table[table["quantity"].eq("share") & table["year"].eq(2022)]
    inputs, theta, past = fit(table)
    stay = inputs.stay.values[0]
    stock = np.exp(theta.start_logit) / np.exp(theta.start_logit).sum(-1, keepdims=True)
    first = None
    for t, year in enumerate((2020, 2021, 2022)):
        at = year - 2008
        rate = expit(logit(stay[..., at]) + theta.tier_stay[:, None, None])
        people = inputs.sizes.values[..., at] * [1.0, 0.5] * rate
        home = np.full(len(stay), inputs.domestic.values[:, at] @ [1.0, 0.5])
        flow = np.stack([people[:, 0].sum(1), people[:, 1:].sum((1, 2)), home], 1)
        flow = flow * theta.selection * (1 + theta.direct_arrivals)
        first = flow.sum(1) if first is None else first
        scale = theta.turnover * (1 + theta.growth) ** t / first
        stock = stock * (1 - theta.exit) + flow * scale[:, None]
    mean = (stock / stock.sum(1, keepdims=True))[:, [0, 2, 1]]
    c = 380 / theta.design_effect - 1
    expected = [stats.dirichlet(c[i] * mean[i]).logpdf([0.35, 0.39, 0.26]) for i in range(4)]
    np.testing.assert_allclose(log_likelihood(theta, past), expected, rtol=1e-10)


@pytest.mark.parametrize("basis", ["a", "b"])
def test_another_basis_counts_foreign_people_more_often(basis):
    """The set on the basis of the study is seen as it is, another with foreign odds shifted."""
    table = example_evidence().iloc[:3]
    _, theta, past = fit(table, basis=basis)
    more = 1.0 if basis == "a" else np.exp(theta.basis_offset)[:, None]
    assert (theta.basis_offset != 0).all()
    mean = np.exp(theta.start_logit) * np.array([1.0, 1.0, 0.0]) * more + np.array([0.0, 0.0, 1.0])
    mean /= mean.sum(1, keepdims=True)
    c = 400 / theta.design_effect - 1
    expected = [stats.dirichlet(c[i] * mean[i]).logpdf([0.3, 0.3, 0.4]) for i in range(4)]
    np.testing.assert_allclose(log_likelihood(theta, past), expected, rtol=1e-10)


def test_stay_by_hand():
    """85 of 100 of ten cohorts: a beta density around their stay rate, weighted by doctorates."""
    table = example_evidence().query("quantity == 'stay'").reset_index(drop=True)
    inputs, theta, past = fit(table)
    cohorts = slice(2010 - 2008, 2020 - 2008)
    rate = expit(logit(inputs.stay.values[0, :, 0]) + theta.tier_stay[:, None, None])
    people = inputs.sizes.values[0] * np.array([[1.0], [0.5]])
    mean = (rate * people)[..., cohorts].sum((1, 2)) / people[:, cohorts].sum()
    c = 100 / theta.design_effect - 1
    expected = stats.beta(c * mean, c * (1 - mean)).logpdf(0.85)
    np.testing.assert_allclose(log_likelihood(theta, past), expected, rtol=1e-10)


def test_survival_by_hand():
    """87 of 100 after six years: a beta density with mean (1 - exit)^6 and n - 1."""
    table = example_evidence().query("quantity == 'survival'")
    _, theta, past = fit(table)
    mean = (1 - theta.exit[:, 0]) ** 6
    expected = stats.beta(99 * mean, 99 * (1 - mean)).logpdf(0.87)
    np.testing.assert_allclose(log_likelihood(theta, past), expected, rtol=1e-10)


def test_who_leaves_the_country_is_gone_as_well():
    """Where one in a hundred leaves the country each year, survival is 0.99^6 times as large."""
    table = example_evidence().query("quantity == 'survival'")
    _, theta, past = fit(table, departure=0.01)
    mean = (0.99 * (1 - theta.exit[:, 0])) ** 6
    expected = stats.beta(99 * mean, 99 * (1 - mean)).logpdf(0.87)
    np.testing.assert_allclose(log_likelihood(theta, past), expected, rtol=1e-10)


def test_rows_add_up():
    """The log densities of sets and rows add up: no row is lost or counted twice."""
    table = example_evidence()
    parts = [table.iloc[:3], table.iloc[3:5], table.iloc[5:6], table.iloc[6:]]
    whole = log_likelihood(*fit(table)[1:])
    single = sum(log_likelihood(*fit(rows.reset_index(drop=True))[1:]) for rows in parts)
    np.testing.assert_allclose(whole, single, rtol=1e-10)


@pytest.mark.parametrize("half", [slice(0, None, 2), slice(1, None, 2)])
def test_half_of_the_draws_has_its_own_stay_rates(half):
    """The history of some draws is that of those draws."""
    inputs, _, past = fit(example_evidence(), draws=6)
    where = layout(inputs.spec)
    z = np.random.default_rng(5).standard_normal((6, where.size))
    whole = log_likelihood(theta_of(z, where), past)[half]
    part_of = log_likelihood(theta_of(z[half], where), past.of_draws(half))
    np.testing.assert_allclose(part_of, whole, rtol=1e-12)
