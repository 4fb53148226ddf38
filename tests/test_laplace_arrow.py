"""Arrow matrices: the factor of chunks and a border against dense NumPy."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from forecast.inference.arrow import Layout, NotPositive, _cheapest_cuts, factor, layout
from tests.laplace_models import dense


@dataclass(frozen=True)
class Arrow:
    """A layout, where its matrix may have entries, and a positive definite matrix there."""

    layout: Layout
    row: np.ndarray
    col: np.ndarray
    matrix: np.ndarray

    @property
    def flat(self) -> np.ndarray:
        """Return the entries as the engine holds them, the lower triangle alone."""
        out = np.zeros(self.layout.length)
        out[self.layout.index(self.row, self.col)] = self.matrix[self.row, self.col]
        return out


@st.composite
def arrows(draw: st.DrawFn) -> Arrow:
    """Draw latents of several cohorts, or of none, a border, or none, and stretches of latents."""
    sizes = draw(st.lists(st.integers(0, 4), max_size=7))
    border = draw(st.integers(0 if sum(sizes) else 1, 4))
    places = [cohort for cohort, size in enumerate(sizes) if size]
    end = st.sampled_from(places)
    spans = draw(st.lists(st.tuples(end, end), max_size=4)) if places else []
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cohort = rng.permutation(np.repeat(np.arange(-1, len(sizes)), [border, *sizes]))
    first, last = (np.array([f(s) for s in spans], dtype=int) for f in (min, max))
    return arrow(cohort, first, last, rng)


def arrow(
    cohort: np.ndarray, first: np.ndarray, last: np.ndarray, rng: np.random.Generator
) -> Arrow:
    """Return a random matrix B' B + 1/2, with a row of B for each group of latents that couple.

    Cohorts couple with the next one, all those of a stretch with each other, the border with all.
    """
    inner = range(int(cohort.max(initial=-1)) + 1)
    groups = [(c, c + 1) for c in inner] + list(zip(first, last, strict=True)) + [(0, -1)]
    rows = []
    for low, high in groups:
        seen = ((cohort >= low) & (cohort <= high)) | (cohort < 0)
        rows.append(rng.normal(size=(3, len(cohort))) * seen)
    root = np.concatenate(rows)
    matrix = root.T @ root + 0.5 * np.eye(len(cohort))
    row, col = np.nonzero(np.tril(matrix))
    return Arrow(layout(cohort, first, last), row, col, matrix)


@settings(max_examples=100, deadline=None)
@given(arrows())
def test_entries_stand_where_the_layout_says(arrow: Arrow):
    """Each entry that may differ from zero has a place of its own, the same from either side."""
    at = arrow.layout.index(arrow.row, arrow.col)

    assert len(np.unique(at)) == len(at)
    assert (arrow.layout.index(arrow.col, arrow.row) == at).all()
    assert_allclose(dense(arrow.layout, arrow.flat), arrow.matrix)


@settings(max_examples=100, deadline=None)
@given(arrows(), st.integers(1, 3))
def test_factor_solves_as_a_dense_one(arrow: Arrow, many: int):
    """Log determinant and solutions, for one right side and for several, are those of NumPy."""
    found = factor(arrow.layout, arrow.flat)
    right = np.random.default_rng(1).normal(size=(arrow.layout.size, many))

    assert_allclose(found.log_determinant, np.linalg.slogdet(arrow.matrix)[1], rtol=1e-9, atol=1e-9)
    for side in (right, right[:, 0]):
        solved = found.solve(side)
        assert solved.shape == side.shape
        assert_allclose(arrow.matrix @ solved, side, rtol=1e-8, atol=1e-8)


@settings(max_examples=100, deadline=None)
@given(arrows(), st.integers(1, 3))
def test_back_makes_draws_of_the_precision(arrow: Arrow, many: int):
    """With x = back(z): z'z = x'Hx, and forward(H x) is z again."""
    found = factor(arrow.layout, arrow.flat)
    z = np.random.default_rng(2).normal(size=(arrow.layout.size, many))
    x = found.back(z)

    assert_allclose(z.T @ z, x.T @ arrow.matrix @ x, rtol=1e-8, atol=1e-8)
    assert_allclose(found.forward(arrow.matrix @ x), z, rtol=1e-8, atol=1e-8)
    assert_allclose(found.back(z[:, 0]), x[:, 0], rtol=1e-8, atol=1e-8)


@settings(max_examples=100, deadline=None)
@given(arrows())
def test_covariance_is_the_inverse_at_the_places_of_the_layout(arrow: Arrow):
    """Every entry of H that the layout holds has its entry of the inverse."""
    found = factor(arrow.layout, arrow.flat).covariance()
    inverse = np.linalg.inv(arrow.matrix)
    at = arrow.layout.index(arrow.row, arrow.col)
    held = dense(arrow.layout, np.ones(arrow.layout.length)) > 0

    assert_allclose(found[at], inverse[arrow.row, arrow.col], rtol=1e-8, atol=1e-8)
    assert_allclose(dense(arrow.layout, found), np.where(held, inverse, 0.0), rtol=1e-8, atol=1e-8)


def test_no_cohort_at_all_is_a_dense_border():
    """Latents without a cohort make one block, and everything works as on a dense matrix."""
    rng = np.random.default_rng(0)
    empty = np.zeros(0, dtype=int)
    one = arrow(np.full(5, -1), empty, empty, rng)
    found = factor(one.layout, one.flat)

    assert one.layout.ends == ()
    assert one.layout.length == 25
    assert_allclose(found.log_determinant, np.linalg.slogdet(one.matrix)[1])
    assert_allclose(found.solve(np.eye(5)), np.linalg.inv(one.matrix))
    assert_allclose(dense(one.layout, found.covariance()), np.linalg.inv(one.matrix))


@settings(max_examples=60, deadline=None)
@given(arrows(), st.data())
def test_a_matrix_that_is_not_positive_definite_is_told(arrow: Arrow, data: st.DataObject):
    """A negative diagonal entry anywhere, in a chunk or the border, raises NotPositive."""
    flat = arrow.flat
    latent = np.array([data.draw(st.integers(0, arrow.layout.size - 1))])
    flat[arrow.layout.index(latent, latent)] = -1.0
    with pytest.raises(NotPositive):
        factor(arrow.layout, flat)


def bounds(cuts: list[int], end: int) -> list[tuple[int, int]]:
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def couple(cuts: list[int], reach: np.ndarray) -> bool:
    """Say whether each cohort's stretch ends in its own chunk or the next one."""
    chunk = np.searchsorted(cuts, np.arange(len(reach)), side="right")
    return bool((chunk[reach] - chunk <= 1).all())


def cost(cuts: list[int], counts: np.ndarray, border: int) -> int:
    """Return the sum over chunks of m latents with a tail of t of m (m + t)^2."""
    sizes = [int(counts[a:b].sum()) for a, b in bounds(cuts, len(counts))]
    tails = [size + border for size in [*sizes[1:], 0]]
    return sum(m * (m + t) ** 2 for m, t in zip(sizes, tails, strict=True))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=8), st.data())
def test_cuts_are_the_cheapest_that_couple_neighbours_alone(
    cohorts: list[tuple[int, int]], data: st.DataObject
):
    """Each stretch lies in two chunks that meet, and no other such cuts cost less to factor."""
    counts, further = np.array(cohorts).T
    end, border = len(counts), data.draw(st.integers(0, 12))
    reach = np.minimum(np.arange(end) + further, end - 1)
    cuts = _cheapest_cuts(counts, reach, border)
    others = ([0, *some] for many in range(end) for some in combinations(range(1, end), many))
    cheapest = min(cost(c, counts, border) for c in others if couple(c, reach))

    assert couple(cuts, reach)
    assert cuts == sorted(set(cuts))
    assert cost(cuts, counts, border) == cheapest


@settings(max_examples=60, deadline=None)
@given(arrows())
def test_chunks_hold_each_latent_once_and_the_border_last(arrow: Arrow):
    """The order is a permutation of the latents, and no chunk is empty."""
    assert sorted(arrow.layout.order) == list(range(arrow.layout.size))
    assert (np.diff([0, *arrow.layout.ends]) > 0).all()
    assert (arrow.layout.order[arrow.layout.place] == np.arange(arrow.layout.size)).all()
