"""Sobol indices: closed forms, exact properties, errors that are the size of the errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import RunError
from forecast.share.sobol import REPLICATIONS, VarianceShares, table, variance_shares

NAMES = ("a", "b", "c")


def answer_of(function, draws: np.ndarray, names=NAMES):
    """Return the answer that ``function`` of the blocks (block, draw) gives for a pick."""
    return lambda pick: function(*(draws[i][pick[name]] for i, name in enumerate(names)))


def shares_of(function, draws: np.ndarray, names=NAMES, **options) -> VarianceShares:
    options = {"seed": 1} | options
    return variance_shares(answer_of(function, draws, names), names, draws.shape[1], **options)


def ishigami(x, y, z, a=7.0, b=0.1):
    return np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x)


def ishigami_shares(a=7.0, b=0.1):
    """First-order and total indices and the variance, for uniform inputs between -pi and pi."""
    first = np.array([(1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, 0.0])
    both = b**2 * np.pi**8 * (1 / 18 - 1 / 50)  # of the first and the third together
    variance = first.sum() + both
    return first / variance, (first + np.array([both, 0.0, both])) / variance, variance


def uniforms(draws: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-np.pi, np.pi, (3, draws))


def normals(blocks: int, draws: int, seed: int, memory: float = 0.0) -> np.ndarray:
    """Return autoregressive chains (block, draw) with variance one."""
    values = np.random.default_rng(seed).standard_normal((blocks, draws))
    for place in range(1, draws if memory else 0):
        before = values[:, place - 1]
        values[:, place] = memory * before + np.sqrt(1 - memory**2) * values[:, place]
    return values


def test_the_ishigami_function_has_its_shares():
    """Ishigami & Homma (1990), doi 10.1109/ISUMA.1990.151285: within 4 errors and .02."""
    first, total, variance = ishigami_shares()
    np.testing.assert_allclose(first, [0.3139, 0.4424, 0.0], atol=5e-5)
    np.testing.assert_allclose(total, [0.5576, 0.4424, 0.2437], atol=5e-5)
    shares = shares_of(ishigami, uniforms(8000, seed=1))
    for got, error, expected in (
        (shares.first, shares.first_se, first),
        (shares.total, shares.total_se, total),
    ):
        assert (np.abs(got - expected) < 4 * error).all()
        np.testing.assert_allclose(got, expected, rtol=0, atol=0.02)
    np.testing.assert_allclose(shares.variance, variance, rtol=0.03)
    assert abs(shares.interactions - (1 - first.sum())) < 4 * shares.interactions_se
    assert abs(shares.dependence) < 4 * shares.dependence_se


def test_without_interactions_first_is_total():
    """A sum over blocks: first-order and total indices agree exactly, and are 4/5, 1/5 and 0."""
    shares = shares_of(lambda a, b, c: 2 * a + b + 0 * c, normals(3, 2000, seed=2))
    np.testing.assert_allclose(shares.first, shares.total, rtol=0, atol=1e-12)
    np.testing.assert_allclose(shares.first_se, shares.total_se, rtol=0, atol=1e-12)
    assert (np.abs(shares.first - [0.8, 0.2, 0.0]) <= 4 * shares.first_se).all()
    assert abs(shares.first.sum() - 1) < 4 * shares.interactions_se
    assert shares.interactions_se < 0.01


def test_a_block_that_does_nothing_has_exactly_nothing():
    """Zero with an error of zero, however the others vary."""
    shares = shares_of(lambda a, b, c: np.exp(a) * b, normals(3, 500, seed=3))
    assert (shares.first[2], shares.first_se[2]) == (0.0, 0.0)
    assert (shares.total[2], shares.total_se[2]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("function", "variance", "joint", "first"),
    [
        (lambda a, b: a + 2 * b, 5.0, 5 - 4 * 0.6, [0.2, 0.8]),
        (lambda a, b: a - 2 * b, 5.0, 5 + 4 * 0.6, [0.2, 0.8]),
        (lambda a, b: a * b, 1.0, 1 + 0.6**2, [0.0, 0.0]),
    ],
)
def test_dependent_blocks_have_their_part(function, variance, joint, first):
    """Standard normals with a correlation of -.6: variances and parts by hand."""
    a, own = normals(2, 8000, seed=4)
    draws = np.array([a, -0.6 * a + 0.8 * own])
    shares = shares_of(function, draws, names=("a", "b"))
    assert (np.abs(shares.first - first) < 4 * shares.first_se).all()
    assert abs(shares.dependence - (joint - variance)) < 4 * shares.dependence_se
    assert shares.dependence_se < 0.1 * variance
    exact = function(*draws).var(ddof=1)
    np.testing.assert_allclose(shares.joint_variance, exact, rtol=1e-12)
    np.testing.assert_allclose(shares.variance, variance, rtol=0.06)
    rows = table(shares).set_index("component")
    expected = [*np.array(first) * variance, variance - sum(first) * variance, joint - variance]
    error = np.abs(rows["first"] - np.array(expected) / joint)
    assert (error < 4 * rows["first_se"]).all()


def test_the_table_is_the_whole():
    """Blocks, interactions and dependence are parts of the posterior variance, in sum one."""
    shares = shares_of(lambda a, b, c: a * b + c + np.exp(b), normals(3, 400, seed=5).cumsum(0))
    rows = table(shares)
    assert rows.columns.tolist() == ["component", "first", "first_se", "total", "total_se"]
    assert rows["component"].tolist() == [*NAMES, "interactions", "dependence"]
    np.testing.assert_allclose(rows["first"].sum(), 1.0, rtol=0, atol=1e-12)
    scale = shares.variance / shares.joint_variance
    np.testing.assert_allclose(rows["first"][:3], shares.first * scale, rtol=1e-12)
    np.testing.assert_allclose(rows["total"][:3], shares.total * scale, rtol=1e-12)
    np.testing.assert_allclose(rows["first"][3], shares.interactions * scale, rtol=1e-9)
    np.testing.assert_allclose(rows["first"][4], shares.dependence / shares.joint_variance)
    assert rows[["total", "total_se"]][3:].isna().all(axis=None)
    assert (rows["first_se"] > 0).all()


@pytest.mark.parametrize(
    ("function", "memory", "first", "total"),
    [
        (lambda a, b, c: a + 0.5 * b + 0.5 * a * c, 0.0, [1, 0.25, 0], [1.25, 0.25, 0.25]),
        (lambda a, b, c: a + 0.5 * b + 0.5 * a * c, 0.7, [1, 0.25, 0], [1.25, 0.25, 0.25]),
        (lambda a, b, c: a * b + c, 0.0, [0, 0, 1], [1, 1, 1]),
    ],
)
def test_errors_are_the_size_of_the_errors(function, memory, first, total):
    """Over repeated posteriors, stated errors are the spread of the estimates, also in chains.

    The spread counts both the picks and the draws. Where a part is zero the error may be a little
    too large, never too small.
    """
    estimates, errors = [], []
    for seed in range(150):
        shares = shares_of(function, normals(3, 800, seed, memory), seed=seed + 1000)
        rows = table(shares)
        scalars = [shares.interactions, shares.dependence]
        scalar_errors = [shares.interactions_se, shares.dependence_se]
        estimates.append([*shares.first, *shares.total, *scalars, *rows["first"]])
        errors.append([*shares.first_se, *shares.total_se, *scalar_errors, *rows["first_se"]])
    stated, spread = np.sqrt(np.square(errors).mean(0)), np.std(estimates, axis=0)
    assert (stated > 0.75 * spread).all()
    assert (stated < 1.4 * spread).all()
    truth = np.concatenate([first, total, [sum(total) - sum(first)]])
    variance = sum(first) + (sum(total) - sum(first)) / 2
    truth[-1] /= 2
    near = np.abs(np.array(estimates)[:, :7] - truth / variance) < 2 * np.array(errors)[:, :7]
    assert near.mean() > 0.9


def test_more_replications_than_the_default_help_little():
    """What is left after them is the error of the draws: eight times the work takes a fifth."""
    few, many = (
        np.mean(
            [
                [*shares.first_se[:2], *shares.total_se]
                for seed in range(8)
                for shares in [shares_of(ishigami, uniforms(1000, seed), replications=count)]
            ],
            axis=0,
        )
        for count in (REPLICATIONS, 8 * REPLICATIONS)
    )
    assert (many > 0.8 * few).all()


def test_no_row_takes_a_draw_twice():
    """Rows are draws with independent blocks: each call but the posterior's mixes, and uses all."""
    seen = []

    def answer(pick):
        seen.append(np.array([pick[name] for name in NAMES]))
        return pick["a"] + 2.0 * pick["b"]

    variance_shares(answer, NAMES, draws=100, seed=1, replications=2)
    assert len(seen) == 1 + 2 * (2 + 2 * 3)
    joint, *mixed = seen
    assert (joint == np.arange(100)).all()
    for picks in mixed:
        assert (np.sort(picks, axis=1) == np.arange(100)).all()
        assert (np.diff(np.sort(picks, axis=0), axis=0) > 0).all()


@given(st.permutations(NAMES))
@settings(max_examples=6, deadline=None)
def test_the_order_of_the_names_is_no_matter(order):
    """Other orders give the same numbers to the bit, in that order."""
    answer = answer_of(lambda a, b, c: a * b + np.exp(c), normals(3, 200, seed=7))
    shares, again = (variance_shares(answer, names, 200, seed=1) for names in (NAMES, order))
    where = [NAMES.index(name) for name in order]
    assert again.names == tuple(order)
    assert again.variance == shares.variance
    for part in ("first", "first_se", "total", "total_se"):
        np.testing.assert_allclose(getattr(again, part), getattr(shares, part)[where], rtol=1e-12)
    np.testing.assert_allclose(again.interactions_se, shares.interactions_se, rtol=1e-9)
    np.testing.assert_allclose(again.dependence_se, shares.dependence_se, rtol=1e-9)


@given(st.floats(0.01, 100), st.floats(-100, 100))
@settings(max_examples=20, deadline=None)
def test_units_do_not_change_the_shares(scale, shift):
    """Shares of an answer in other units and from another zero are the same."""
    draws = normals(3, 200, seed=8)

    def plain(a, b, c):
        return a * b + c

    shares = shares_of(plain, draws)
    moved = shares_of(lambda *blocks: shift - scale * plain(*blocks), draws)
    for part in ("first", "first_se", "total", "total_se", "interactions", "interactions_se"):
        np.testing.assert_allclose(getattr(moved, part), getattr(shares, part), atol=1e-6)
    np.testing.assert_allclose(moved.dependence, scale**2 * shares.dependence, rtol=1e-6)


def test_one_block_is_all():
    """A single block brings the whole variance, without interactions."""
    shares = shares_of(np.exp, normals(1, 300, seed=9), names=("all",))
    np.testing.assert_allclose([shares.first, shares.total], 1.0, rtol=1e-12)
    np.testing.assert_allclose(shares.interactions, 0.0, atol=1e-12)


def test_one_seed_gives_the_same_bytes():
    """The same seed gives the same table, another seed another."""
    draws = normals(3, 200, seed=10)
    one, again, other = (
        table(shares_of(ishigami, draws, seed=seed)).to_json() for seed in (5, 5, 6)
    )
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda a, b, c: 0 * a + 0.25, "an answer that varies; got 0.25 for each draw"),
        (lambda a, b, c: 1e6 + 1e-7 * a, "an answer that varies"),
        (lambda a, b, c: np.where(a > 0, a, np.nan), "got nan in .* of 200. Ask for another"),
    ],
)
def test_an_answer_varies(function, said):
    """A constant answer has no shares, and NaN is not passed on."""
    with pytest.raises(RunError, match=said):
        shares_of(function, normals(3, 200, seed=11))


@pytest.mark.parametrize(
    ("blocks", "draws", "replications", "said"),
    [
        (("a", "b", "a"), 200, 8, "different names; got a, b, a. Name each once"),
        ((), 200, 8, "one or more different names; got none"),
        (NAMES, 99, 8, "at least 100 draws; got 99. Take more"),
        (NAMES, 200, 1, "2 replications or more; got 1. Take more"),
    ],
)
def test_too_little_is_refused(blocks, draws, replications, said):
    """One sentence: the rule, the value got, the way out."""
    with pytest.raises(RunError, match=said):
        variance_shares(lambda pick: pick["a"] * 1.0, blocks, draws, 1, replications)
