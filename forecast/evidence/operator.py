"""The observation operator: each published figure as a weighted mean of model cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from forecast.errors import EvidenceError
from forecast.evidence.findings import FIRST_LINE, Finding, in_header, refuse, sound_rows
from forecast.evidence.observations import read_observations
from forecast.evidence.select import select
from forecast.evidence.sizes import cell_sizes
from forecast.study import Study

CELL = ["definition", "origin", "field", "cohort", "years_since"]
SEEN = ["origins", "fields", "cohort_start", "cohort_end", "years_since", "observed_year"]

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class Evidence:
    """What a study knows.

    ``rows``: the figures used, one a row; ``left_out``: the others with their reason; ``cells``:
    the cells the rows see (definition, origin, field, cohort, years_since); ``operator``: W,
    rows x cells, sparse, each row sums to one; ``sizes``: people by origin, field and cohort.
    """

    rows: pd.DataFrame
    left_out: pd.DataFrame
    cells: pd.DataFrame
    operator: sparse.csr_matrix
    sizes: xr.DataArray


def load_evidence(study: Study) -> Evidence:
    """Read, check and arrange the evidence of a study.

    The rate of row i is seen as ``W[i] @ p``, with p the cell probabilities and W the shares of
    the row's people in each cell.

    Raises
    ------
    EvidenceError
        If a table breaks a rule, a row has cells of no known size (all faults at once), or the
        study reads no row.
    """
    table, findings = read_observations(study)
    return arrange(table, study, cell_sizes(study), findings)


def arrange(
    table: pd.DataFrame, study: Study, sizes: xr.DataArray, findings: Sequence[Finding] = ()
) -> Evidence:
    """Arrange a checked observation table, or any rows of it, as the evidence of a study.

    Raises
    ------
    EvidenceError
        With ``findings`` and the rows whose cells have no known size, or if no row is read.
    """
    rows, left_out = select(table, study.evidence)
    cells, operator, unsized = observation_operator(rows, sizes)
    refuse([*findings, *unsized], study.evidence.table)
    if rows.empty:
        reasons = "; ".join(left_out["reason"].unique())
        rule = f"a study reads rows of its table; got none of {study.evidence.table}"
        raise EvidenceError(f"{rule}: {reasons}. Mend the labels or the cohorts.")
    return Evidence(rows.reset_index(names="table_row"), left_out, cells, operator, sizes)


def only(evidence: Evidence, kept: np.ndarray) -> Evidence:
    """Return the evidence with the rows alone where ``kept`` (row,) is true."""
    rows = evidence.rows[kept].reset_index(drop=True)
    return replace(evidence, rows=rows, operator=evidence.operator[np.flatnonzero(kept)])


def check_cells(
    table: pd.DataFrame, study: Study, findings: Sequence[Finding] = ()
) -> list[Finding]:
    """Return a finding for each row of a typed table whose cells have no known size.

    ``findings`` are those that the table has already: the rows they name are not looked at.
    """
    if in_header(findings):
        return []
    rows, _ = select(sound_rows(table, findings), study.evidence)
    return observation_operator(rows, cell_sizes(study))[2]


def observation_operator(
    rows: pd.DataFrame, sizes: xr.DataArray
) -> tuple[pd.DataFrame, sparse.csr_matrix, list[Finding]]:
    """Return the cells that rows see, the operator W (rows x cells), and rows without size.

    ``rows`` has columns definition, origins, fields (tuples), cohort_start, cohort_end,
    years_since, observed_year; ``sizes`` has dims (origin, field, cohort).
    """
    if rows.empty:
        return pd.DataFrame(columns=CELL), sparse.csr_matrix((0, 0)), []
    cube = sizes.transpose("origin", "field", "cohort")
    axes = [cube.get_index(dim) for dim in cube.dims]
    blocks = [_seen_cells(row, cube.to_numpy(), axes) for row in rows[SEEN].itertuples()]
    row = np.repeat(np.arange(len(rows)), [block.shape[1] for block in blocks])
    *places, age, weight = np.concatenate(blocks, axis=1)
    labels = [axis.take(place.astype(int)) for axis, place in zip(axes, places, strict=True)]
    columns = [rows["definition"].to_numpy()[row], *labels, age]
    groups = pd.DataFrame(dict(zip(CELL, columns, strict=True))).groupby(CELL, sort=True)
    cells = groups.size().index.to_frame(index=False)
    total = np.bincount(row, weight, minlength=len(rows))
    where = (row, groups.ngroup().to_numpy())
    operator = sparse.csr_matrix((weight / total[row], where), shape=(len(rows), len(cells)))
    return cells, operator, _unsized(rows[total == 0])


def _seen_cells(row: Any, cube: Array, axes: Sequence[pd.Index]) -> Array:
    """Return the cells of a row: places along the three ``axes``, age and size, 5 x cells.

    A single cell needs no size; of several cells those without people are not seen.
    """
    cohorts = np.arange(row.cohort_start, row.cohort_end + 1)
    known = np.isfinite(row.observed_year)
    ages = row.observed_year - cohorts if known else np.full(len(cohorts), row.years_since)
    labels = zip(axes, (row.origins, row.fields, cohorts), strict=True)
    places = np.meshgrid(*([axis.get_loc(x) for x in some] for axis, some in labels), indexing="ij")
    size = cube[tuple(places)]
    if size.size == 1:
        size = np.ones_like(size)
    return np.stack([*places, np.broadcast_to(ages, size.shape), size])[:, size > 0]


def _unsized(rows: pd.DataFrame) -> list[Finding]:
    rule, advice = (
        "has cells of known size",
        "Add them to the table of sizes, or leave the row out.",
    )
    return [
        Finding(int(label) + FIRST_LINE, "origin", rule, f"none of {origin} x {field}", advice)
        for label, origin, field in zip(rows.index, rows["origin"], rows["field"], strict=True)
    ]
