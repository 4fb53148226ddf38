"""Cholesky factors of arrow matrices: chunks of cohorts in a chain, and a border that meets all.

The latents of one cohort meet those of cohorts that one figure spans and the border: the values
without a cohort. Chunks are cut so that each couples only with the next one, so a factor costs the
cube of a chunk and not of the whole. Dense LAPACK works within chunks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.linalg import blas, lapack


class NotPositive(ArithmeticError):
    """A matrix that should be positive definite is not."""


@dataclass(frozen=True)
class Layout:
    """Where the entries of a symmetric arrow matrix stand in one flat array.

    ``order``: latents in chunks, the border last; ``ends``: where each chunk ends. Chunk k has a
    square block and a tail (next chunk and border, by chunk), both column-major.
    """

    order: np.ndarray
    ends: tuple[int, ...]

    @cached_property
    def size(self) -> int:
        """Return the number of latents."""
        return len(self.order)

    @cached_property
    def place(self) -> np.ndarray:
        """Return where each latent stands in the order."""
        place = np.empty(self.size, dtype=int)
        place[self.order] = np.arange(self.size)
        return place

    @cached_property
    def chunks(self) -> tuple[slice, ...]:
        """Return the chunks as slices of the order, the border last."""
        bounds = [0, *self.ends, self.size]
        return tuple(slice(a, b) for a, b in pairwise(bounds))

    @property
    def border(self) -> slice:
        """Return the border."""
        return self.chunks[-1]

    @cached_property
    def tails(self) -> tuple[np.ndarray, ...]:
        """Return the places that the tail of each chunk holds: the next chunk and the border."""
        inner = self.chunks[:-1]
        border = np.arange(self.border.start, self.border.stop)
        after = [np.arange(c.start, c.stop) for c in inner[1:]] + [border[:0]]
        return tuple(np.concatenate([own, border]) for own in after[: len(inner)])

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Return where the block and the tail of each chunk, then the border's block, start."""
        lengths = []
        for chunk, tail in zip(self.chunks[:-1], self.tails, strict=True):
            width = chunk.stop - chunk.start
            lengths += [width * width, width * len(tail)]
        return tuple(np.cumsum([0, *lengths]).tolist())

    @cached_property
    def length(self) -> int:
        """Return the length of the flat array."""
        width = self.border.stop - self.border.start
        return self.starts[-1] + width * width

    def blocks(self, flat: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return views: the square blocks, the border's last, and the tails."""
        squares, tails = [], []
        for k, chunk in enumerate(self.chunks):
            width = chunk.stop - chunk.start
            at = self.starts[2 * k]
            squares.append(flat[at : at + width * width].reshape((width, width), order="F"))
            if k < len(self.tails):
                at, rows = self.starts[2 * k + 1], len(self.tails[k])
                tails.append(flat[at : at + rows * width].reshape((rows, width), order="F"))
        return squares, tails

    def index(self, row: np.ndarray, col: np.ndarray) -> np.ndarray:
        """Return where the entries (row, col) of latents stand in the flat array."""
        high = np.maximum(self.place[row], self.place[col])
        low = np.minimum(self.place[row], self.place[col])
        owner = np.searchsorted([c.stop for c in self.chunks], low, side="right")
        begin = np.array([c.start for c in self.chunks])
        width = np.array([c.stop - c.start for c in self.chunks])
        start = np.array([self.starts[2 * k] for k in range(len(self.chunks))])
        inside = high < begin[owner] + width[owner]
        at = start[owner] + (low - begin[owner]) * width[owner] + high - begin[owner]
        if len(self.tails) and not inside.all():
            at = np.where(inside, at, self._in_tail(owner, high, low))
        return at

    def _in_tail(self, owner: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        last = len(self.tails) - 1
        own = np.minimum(owner, last)
        begin = np.array([c.start for c in self.chunks])
        height = np.array([len(tail) for tail in self.tails])
        start = np.array([self.starts[2 * k + 1] for k in range(len(self.tails))])
        inner = height - (self.border.stop - self.border.start)
        after = high - begin[np.minimum(own + 1, last + 1)]
        row = np.where(high >= self.border.start, inner[own] + high - self.border.start, after)
        return np.asarray(start[own] + (low - begin[own]) * height[own] + row)


def layout(cohort: np.ndarray, first: np.ndarray, last: np.ndarray) -> Layout:
    """Return a layout for latents at places along cohorts, -1 for the border.

    ``first`` and ``last`` are the ends of stretches of cohorts whose latents couple: one stretch
    a row of the evidence. Chunks are cut where the factor costs least.
    """
    inner = cohort >= 0
    if not inner.any():
        return Layout(np.arange(len(cohort)), ())
    counts = np.bincount(cohort[inner])
    reach = np.minimum(np.arange(len(counts)) + 1, len(counts) - 1)  # a path couples neighbours
    np.maximum.at(reach, first[first >= 0], last[first >= 0])
    cuts = _cheapest_cuts(counts, reach, int((~inner).sum()))
    chunk = np.where(inner, np.searchsorted(cuts, cohort, side="right") - 1, len(cuts))
    sizes = np.bincount(chunk[inner], minlength=len(cuts))
    return Layout(np.argsort(chunk, kind="stable"), tuple(np.cumsum(sizes[sizes > 0]).tolist()))


def _cheapest_cuts(counts: np.ndarray, reach: np.ndarray, border: int) -> list[int]:
    """Return where chunks start, so that each couples only with the next one.

    Dynamic programming from the end: the state is a chunk [a, b), the choice the end c of the next
    one, which must hold all that the chunk reaches; the cost of a chunk of m latents with a tail of
    t is m (m + t)^2.
    """
    end = len(counts)
    before = np.concatenate([[0], np.cumsum(counts)]).astype(float)
    furthest = np.maximum.accumulate(reach) + 1  # a later cohort may end earlier: stay safe
    cost = np.full((end + 1, end + 1), np.inf)
    choice = np.zeros((end + 1, end + 1), dtype=int)
    for a in range(end - 1, -1, -1):
        for b in range(a + 1, end + 1):
            own = before[b] - before[a]
            if b == end:
                cost[a, b] = own * (own + border) ** 2
                continue
            after = np.arange(max(int(furthest[b - 1]), b + 1), end + 1)
            whole = own * (before[after] - before[a] + border) ** 2 + cost[b, after]
            choice[a, b] = after[np.argmin(whole)]
            cost[a, b] = whole.min()
    cuts, at = [0], int(np.argmin(cost[0]))
    while at < end:
        cuts.append(at)
        at = int(choice[cuts[-2], cuts[-1]])
    return cuts


@dataclass(frozen=True)
class Factor:
    """The Cholesky factor L of an arrow matrix, H = L L', in the order of its layout."""

    layout: Layout
    squares: Sequence[np.ndarray]
    tails: Sequence[np.ndarray]

    @property
    def log_determinant(self) -> float:
        """Return log |H|."""
        return 2 * float(sum(np.log(np.diagonal(square)).sum() for square in self.squares))

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return H^-1 right, for right (latent,) or (latent, many)."""
        return self.back(self.forward(right))

    def forward(self, right: np.ndarray) -> np.ndarray:
        """Return L^-1 right, in the order of the layout."""
        y = np.asfortranarray(right[self.layout.order].reshape(self.layout.size, -1))
        for k, chunk in enumerate(self.layout.chunks):
            y[chunk] = blas.dtrsm(1.0, self.squares[k], y[chunk], lower=1)
            if k < len(self.tails):
                y[self.layout.tails[k]] -= self.tails[k] @ y[chunk]
        return y.reshape(right.shape)

    def back(self, inner: np.ndarray) -> np.ndarray:
        """Return L'^-1 inner: of standard normals it makes draws with precision H."""
        x = np.array(inner.reshape(self.layout.size, -1), order="F")
        for k in reversed(range(len(self.layout.chunks))):
            chunk = self.layout.chunks[k]
            if k < len(self.tails):
                x[chunk] -= self.tails[k].T @ x[self.layout.tails[k]]
            x[chunk] = blas.dtrsm(1.0, self.squares[k], x[chunk], lower=1, trans_a=1)
        out = np.empty_like(x)
        out[self.layout.order] = x
        return out.reshape(inner.shape)

    def covariance(self) -> np.ndarray:
        """Return H^-1 at the places of the layout, as a flat array.

        The recursion of Takahashi, Fagan & Chin (1973) by blocks: from the border back.
        """
        flat = np.zeros(self.layout.length)
        squares, tails = self.layout.blocks(flat)
        border = _inverse(self.squares[-1])
        squares[-1][:] = border
        wide = border
        for k in reversed(range(len(self.tails))):
            square, tail = _inverse(self.squares[k]), self.tails[k]
            if len(tail):
                down = blas.dtrsm(1.0, self.squares[k], tail, side=1, lower=1)
                tail = -wide[: len(tail), : len(tail)] @ down
                square = square - down.T @ tail
            squares[k][:], tails[k][:] = square, tail
            edge = len(tail) - len(border)
            wide = np.block([[square, tail[edge:].T], [tail[edge:], border]])
        return flat


def factor(layout: Layout, flat: np.ndarray) -> Factor:
    """Return the Cholesky factor of an arrow matrix; ``flat`` is used up.

    Raises
    ------
    NotPositive
        If the matrix is not positive definite.
    """
    squares, tails = layout.blocks(flat)
    width = layout.border.stop - layout.border.start
    factors, lows = [], []
    for k, tail in enumerate(tails):
        low = _cholesky(squares[k])
        down = blas.dtrsm(1.0, low, tail, side=1, lower=1, trans_a=1) if len(tail) else tail
        edge = len(tail) - width
        if edge:
            product = blas.dgemm(1.0, down, down[:edge], trans_b=1)
            squares[k + 1][:] -= product[:edge]
            tails[k + 1][len(tails[k + 1]) - width :] -= product[edge:]
        factors.append(low)
        lows.append(down)
    if lows and width:
        across = np.hstack([down[len(down) - width :] for down in lows])
        squares[-1][:] -= blas.dsyrk(1.0, across, lower=1)
    factors.append(_cholesky(squares[-1]))
    return Factor(layout, factors, lows)


def _cholesky(matrix: np.ndarray) -> np.ndarray:
    if not len(matrix):
        return matrix
    low, failed = lapack.dpotrf(matrix, lower=1, clean=1)
    if failed:
        raise NotPositive
    return np.asarray(low)


def _inverse(low: np.ndarray) -> np.ndarray:
    """Return the inverse of a matrix from its lower factor."""
    if not len(low):
        return low
    inverse, _ = lapack.dpotri(low, lower=1)
    return np.asarray(inverse + np.tril(inverse, -1).T)
