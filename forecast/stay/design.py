"""First reader of the terms: their columns of the sparse design matrix, A in eta = A x - B step."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from forecast.stay.terms import (
    REFERENCE_DURATION,
    Constant,
    Dim,
    Effect,
    Structure,
    Term,
    Trend,
    Walk,
    free_cohorts,
    latent_dims,
)
from forecast.study.schema import Shock


def design_matrix(
    structure: Structure, cells: pd.DataFrame, shocks: Sequence[Shock]
) -> sparse.csr_matrix:
    """Return A (cells x latents): the columns of all terms, in their order.

    Latents are the free values of each term: a pinned cohort has no column.
    """
    extended = with_weights(cells, shocks)
    lines = [extended.assign(definition=names) for names in _generations(cells, structure)]
    parts = [
        sum((columns(term, line) for line in lines[1:]), start=columns(term, lines[0]))
        if any(dim.column == "definition" for dim in latent_dims(term))
        else columns(term, extended)
        for term in structure.terms
    ]
    return sparse.hstack(parts, format="csr")


def _generations(cells: pd.DataFrame, structure: Structure) -> list[list[str]]:
    """Return the definition of each cell, then the one it varies, and so on; "" where none is."""
    lines = [structure.lineages[name] for name in cells["definition"]]
    depth = max([1, *map(len, lines)])
    return [[line[i] if i < len(line) else "" for line in lines] for i in range(depth)]


def duration_basis(knots: Sequence[float], years_since: np.ndarray) -> np.ndarray:
    r"""Return B (cells x pieces): how much of each piece of the duration curve has passed.

    .. math::
        D(d) = \sum_j \mathrm{step}_j \,
        \mathrm{clip}\Big(\frac{g(d) - g(k_{j-1})}{g(k_j) - g(k_{j-1})}, 0, 1\Big), \qquad
        g(d) = \log(1 + d),

    the last piece without its upper end: D is linear in log(1 + d) between knots and goes on beyond
    the last one. It never falls, and D(0) = 0. People who leave at constant rates that differ
    between them leave a curve with such a tail (Fader & Hardie 2007, doi 10.1002/dir.20074, for
    rates with a beta distribution).

    Examples
    --------
    >>> duration_basis([0, 1, 3], np.array([0.0, 1.0, 7.0])).round(12).tolist()
    [[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]]
    """
    g = np.log1p(np.asarray(knots, float))
    left, right = g[:-1], g[1:]
    ends = np.where(np.arange(len(left)) == len(left) - 1, np.inf, 1.0)
    return np.clip((np.log1p(years_since)[:, None] - left) / (right - left), 0.0, ends)


def with_weights(cells: pd.DataFrame, shocks: Sequence[Shock]) -> pd.DataFrame:
    """Return cells with the columns that weight effects: log duration and one a shock."""
    duration = cells["years_since"].to_numpy(float)
    year = cells["cohort"].to_numpy(float) + duration
    columns: dict[str, np.ndarray] = {
        "log_duration": np.log1p(duration) / np.log1p(REFERENCE_DURATION)
    }
    for shock in shocks:
        hit = (year >= shock.first) & (year <= shock.last)
        if shock.origin is not None:
            hit &= cells["origin"].eq(shock.origin).to_numpy()
        columns[f"shock_{shock.name}"] = hit.astype(float)
    return cells.assign(**columns)


def columns(term: Term, cells: pd.DataFrame) -> sparse.csr_matrix:
    """Return the columns of one term for cells that carry their weights."""
    match term:
        case Constant():
            return _indicator(term.dims, cells, np.ones(len(cells)))
        case Effect():
            weight = (
                np.ones(len(cells)) if term.weight is None else cells[term.weight].to_numpy(float)
            )
            return _indicator(term.dims, cells, weight)
        case Walk():
            full = _indicator(latent_dims(term), cells, np.ones(len(cells)))
            return full[:, _free_columns(term)]
        case Trend():
            full = _indicator((term.along,), cells, np.ones(len(cells)))
            return full[:, free_cohorts(term)]


def latent_size(term: Term) -> int:
    """Return the number of latent values of a term."""
    sizes = [len(dim.labels) for dim in latent_dims(term)]
    match term:
        case Walk():
            return int(np.prod(sizes[:-1])) * (sizes[-1] - 1)
        case Trend():
            return sizes[0] - 1
        case _:
            return int(np.prod(sizes))


def latent_slices(structure: Structure) -> Mapping[str, slice]:
    """Return where each term stands in the vector of latents."""
    ends = np.cumsum([latent_size(term) for term in structure.terms]).tolist()
    starts = [0, *ends[:-1]]
    return {t.name: slice(a, b) for t, a, b in zip(structure.terms, starts, ends, strict=True)}


def _free_columns(term: Walk) -> np.ndarray:
    """Return the columns of a walk's full grid that are not pinned."""
    width = len(term.along.labels)
    rows = int(np.prod([len(dim.labels) for dim in term.by]))
    return (np.arange(rows)[:, None] * width + free_cohorts(term)).ravel()


def _indicator(dims: tuple[Dim, ...], cells: pd.DataFrame, weight: np.ndarray) -> sparse.csr_matrix:
    """Return cells x labels with ``weight`` where a cell carries the labels; others stay zero."""
    size = int(np.prod([len(dim.labels) for dim in dims]))
    place = np.zeros(len(cells), dtype=int)
    known = weight != 0
    for dim in dims:
        code = pd.Index(dim.labels).get_indexer(pd.Index(cells[dim.column]))
        known &= code >= 0
        place = place * len(dim.labels) + code
    row = np.flatnonzero(known)
    return sparse.csr_matrix((weight[row], (row, place[row])), shape=(len(cells), size))
