"""The Hessian of the latents' log posterior, put together at any rates, and its adjoint.

H = Q + S' diag(-l'') S + A' diag(-p2 W' l') A, with S = W diag(p1) A, p1 = p (1 - p) and
p2 = p1 (1 - 2 p). Cells enter by a fixed sparse map from cell weights to entries; rows of several
cells by dense fronts, one a chunk: the columns of the chunk, of the next one and of the border.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import blas

from forecast.inference.arrow import Layout, layout
from forecast.stay import StayModel
from forecast.stay.latent_prior import LatentPrior
from forecast.stay.terms import Dim, Structure, Trend, latent_dims


@dataclass(frozen=True)
class Front:
    """Rows whose latents start in one chunk, as a dense matrix rows x (chunk, next, border)."""

    chunk: int
    rows: np.ndarray
    width: int
    data: np.ndarray
    at: np.ndarray

    def dense(self, spread: np.ndarray) -> np.ndarray:
        """Return the rows of S, dense."""
        out = np.zeros(len(self.rows) * self.width)
        out[self.at] = spread[self.data]
        return out.reshape(len(self.rows), self.width)


@dataclass(frozen=True)
class Assembly:
    """The fixed pattern of H for one model.

    ``single``: rows of one cell, as (row, cell, weight); ``rows``: the other rows; ``spread``: the
    map from p1 to the entries of S in those rows, which stand at (``row_of``, ``latent_of``).
    """

    layout: Layout
    prior_at: np.ndarray
    cell_at: np.ndarray
    cell_map: sparse.csr_matrix
    doubled: np.ndarray
    single: tuple[np.ndarray, np.ndarray, np.ndarray]
    rows: np.ndarray
    spread: sparse.csr_matrix
    spread_back: sparse.csr_matrix
    row_of: np.ndarray
    latent_of: np.ndarray
    fronts: tuple[Front, ...]

    def hessian(
        self, prior: np.ndarray, cells: np.ndarray, spread: np.ndarray, rows: np.ndarray
    ) -> np.ndarray:
        """Return H as a flat array, from prior entries, cell weights, S, and weights of rows."""
        flat = np.zeros(self.layout.length)
        flat[self.prior_at] = prior
        flat[self.cell_at] += self.cell_map @ cells
        squares, tails = self.layout.blocks(flat)
        for front in self.fronts:
            product = _weighted_square(front.dense(spread), rows[front.rows])
            self._add(product, front.chunk, squares, tails)
        return flat

    def _add(
        self, product: np.ndarray, k: int, squares: list[np.ndarray], tails: list[np.ndarray]
    ) -> None:
        width = len(squares[k])
        squares[k][:] += product[:width, :width]
        if k == len(tails):
            return
        tails[k][:] += product[width:, :width]
        edge = len(product) - len(squares[-1])
        if k + 1 < len(tails):
            squares[k + 1][:] += product[width:edge, width:edge]
            after = tails[k + 1]
            after[len(after) - len(squares[-1]) :] += product[edge:, width:edge]
        squares[-1][:] += product[edge:, edge:]

    def cell_variances(self, covariance: np.ndarray) -> np.ndarray:
        """Return a_c' Sigma a_c of each cell."""
        return np.asarray(self.cell_map.T @ (self.doubled * covariance[self.cell_at]))

    def row_covariances(self, covariance: np.ndarray, spread: np.ndarray) -> np.ndarray:
        """Return S Sigma at the entries of S."""
        out = np.zeros(len(spread))
        squares, tails = self.layout.blocks(covariance)
        for front in self.fronts:
            product = front.dense(spread) @ self._wide(front.chunk, squares, tails)
            out[front.data] = product.ravel()[front.at]
        return out

    def _wide(self, k: int, squares: list[np.ndarray], tails: list[np.ndarray]) -> np.ndarray:
        """Return the covariance of a front's columns."""
        if k == len(tails):
            return squares[k]
        border, inner = squares[-1], len(tails[k]) - len(squares[-1])
        corner = border
        if inner:
            across = tails[k + 1][len(tails[k + 1]) - len(border) :]
            corner = np.block([[squares[k + 1], across.T], [across, border]])
        return np.block([[squares[k], tails[k].T], [tails[k], corner]])


def _weighted_square(dense: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return S' diag(weights) S, lower triangle, column-major."""
    scaled = dense * np.sqrt(np.abs(weights))[:, None]
    product = blas.dsyrk(1.0, scaled.T, lower=1)
    if (weights < 0).any():
        product -= blas.dsyrk(2.0, scaled[weights < 0].T, lower=1)
    return np.asarray(product)


def assembly(model: StayModel, prior: LatentPrior, design: sparse.csr_matrix) -> Assembly:
    """Return the pattern of H for a model whose reached latents have the columns ``design``."""
    where = cohort_places(model.structure)[prior.mask]
    many = np.diff(model.operator.indptr) > 1
    rows = np.flatnonzero(many)
    row_of, latent_of, spread = _spread(model.operator[rows], design)
    first, last = _stretches(where[latent_of], row_of, len(rows))
    found = layout(where, first, last)
    row, col, cell_map = _cell_map(design)
    alone = model.operator[np.flatnonzero(~many)].tocoo()
    return Assembly(
        layout=found,
        prior_at=found.index(prior.row, prior.col),
        cell_at=found.index(row, col),
        cell_map=cell_map,
        doubled=np.where(row == col, 1.0, 2.0),
        single=(np.flatnonzero(~many)[alone.row], alone.col, alone.data),
        rows=rows,
        spread=spread,
        spread_back=spread.T.tocsr(),
        row_of=row_of,
        latent_of=latent_of,
        fronts=tuple(_fronts(found, row_of, latent_of)),
    )


def cohort_places(structure: Structure) -> np.ndarray:
    """Return the place of each latent along cohorts, -1 for one that has none.

    A trend has none: its increments are correlated at any distance.
    """
    parts = []
    for term in structure.terms:
        dims = latent_dims(term)
        shape = [len(dim.labels) for dim in dims]
        along = [i for i, dim in enumerate(dims) if _is_cohort(dim)]
        places = np.full(shape, -1)
        if along and not isinstance(term, Trend):
            line = np.arange(shape[along[0]])
            places = np.moveaxis(np.broadcast_to(line, np.roll(shape, -1 - along[0])), -1, along[0])
        pinned = getattr(term, "pin", None)
        if pinned is not None:
            places = places[..., np.asarray(dims[-1].labels) != pinned]
        parts.append(places.ravel())
    return np.concatenate(parts)


def _is_cohort(dim: Dim) -> bool:
    return dim.column == "cohort"


def _spread(
    operator: sparse.csr_matrix, design: sparse.csr_matrix
) -> tuple[np.ndarray, np.ndarray, sparse.csr_matrix]:
    """Return where S = W diag(p1) A has entries, and the map from p1 to them."""
    weights = operator.tocoo()
    counts = np.diff(design.indptr)[weights.col]
    begin = np.repeat(design.indptr[weights.col] - np.cumsum(counts) + counts, counts)
    inner = begin + np.arange(counts.sum())
    row, cell = np.repeat(weights.row, counts), np.repeat(weights.col, counts)
    value = np.repeat(weights.data, counts) * design.data[inner]
    key = row.astype(np.int64) * design.shape[1] + design.indices[inner]
    unique, place = np.unique(key, return_inverse=True)
    shape = (len(unique), design.shape[0])
    spread = sparse.csr_matrix((value, (place, cell)), shape=shape)
    return unique // design.shape[1], unique % design.shape[1], spread


def _stretches(place: np.ndarray, row: np.ndarray, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and last place along cohorts of each row's latents; -1 where none."""
    first, last = np.full(many, np.iinfo(np.int64).max), np.full(many, -1)
    inner = place >= 0
    np.minimum.at(first, row[inner], place[inner])
    np.maximum.at(last, row[inner], place[inner])
    return np.where(last < 0, -1, first), last


def _cell_map(design: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray, sparse.csr_matrix]:
    """Return lower entries (row, col) and the map from cell weights c to A' diag(c) A there."""
    counts = np.diff(design.indptr)
    rows, cols, cells, values = [], [], [], []
    for count in np.unique(counts[counts > 0]):
        cell = np.flatnonzero(counts == count)
        at = design.indptr[cell][:, None] + np.arange(count)
        one, other = np.tril_indices(count)
        rows.append(design.indices[at[:, one]].ravel())
        cols.append(design.indices[at[:, other]].ravel())
        values.append((design.data[at[:, one]] * design.data[at[:, other]]).ravel())
        cells.append(np.repeat(cell, len(one)))
    row, col = np.concatenate(rows).astype(np.int64), np.concatenate(cols).astype(np.int64)
    key = np.maximum(row, col) * design.shape[1] + np.minimum(row, col)
    unique, place = np.unique(key, return_inverse=True)
    shape = (len(unique), design.shape[0])
    matrix = sparse.csr_matrix((np.concatenate(values), (place, np.concatenate(cells))), shape)
    return unique // design.shape[1], unique % design.shape[1], matrix


def _fronts(found: Layout, row_of: np.ndarray, latent_of: np.ndarray) -> list[Front]:
    """Gather the rows by the chunk that their first latent stands in."""
    if not len(row_of):
        return []
    place = found.place[latent_of]
    first = np.full(int(row_of.max()) + 1, found.size)
    np.minimum.at(first, row_of, place)
    owner = np.searchsorted([c.stop for c in found.chunks], first, side="right")
    fronts = []
    for k in np.unique(owner):
        rows = np.flatnonzero(owner == k)
        chunk = found.chunks[k]
        own = np.arange(chunk.start, chunk.stop)
        columns = np.concatenate([own, found.tails[k]]) if k < len(found.tails) else own
        local = np.full(found.size, -1)
        local[columns] = np.arange(len(columns))
        data = np.flatnonzero(owner[row_of] == k)
        line = np.searchsorted(rows, row_of[data])
        at = line * len(columns) + local[place[data]]
        fronts.append(Front(int(k), rows, len(columns), data, at))
    return fronts
