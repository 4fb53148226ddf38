"""The observation operator: each published figure as a weighted mean of model cells."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from forecast.evidence.findings import FIRST_LINE, Finding, refuse
from forecast.evidence.observations import read_observations
from forecast.evidence.select import select
from forecast.evidence.sizes import cell_sizes
from forecast.study import Study

CELL = ["definition", "origin", "field", "cohort", "years_since"]


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
        If a table breaks a rule, or a row has cells of no known size (all faults at once).
    """
    table = read_observations(study)
    sizes = cell_sizes(study)
    rows, left_out = select(table, study.evidence)
    cells, operator, findings = observation_operator(rows, sizes)
    refuse(findings, study.evidence.table)
    return Evidence(rows.reset_index(names="table_row"), left_out, cells, operator, sizes)


def check_cells(table: pd.DataFrame, study: Study) -> list[Finding]:
    """Return a finding for each row of a checked table whose cells have no known size."""
    rows, _ = select(table, study.evidence)
    return observation_operator(rows, cell_sizes(study))[2]


def observation_operator(
    rows: pd.DataFrame, sizes: xr.DataArray
) -> tuple[pd.DataFrame, sparse.csr_matrix, list[Finding]]:
    """Return the cells that rows see, the operator W (rows x cells), and rows without size.

    ``rows`` has columns definition, origins, fields (tuples), cohort_start, cohort_end,
    years_since, observed_year; ``sizes`` has dims (origin, field, cohort).
    """
    pieces, findings = [], []
    for i, (label, row) in enumerate(rows.iterrows()):
        piece = _row_cells(row, sizes)
        if piece["weight"].sum() <= 0:
            advice = "Add the cells to the table of sizes, or leave the row out."
            what = f"{row['origin']} x {row['field']}"
            findings.append(Finding(int(str(label)) + FIRST_LINE, "n", "has cells of known size", what, advice))
            continue
        piece["weight"] /= piece["weight"].sum()
        pieces.append(piece.assign(row=i))
    if not pieces:
        return pd.DataFrame(columns=CELL), sparse.csr_matrix((len(rows), 0)), findings
    long = pd.concat(pieces, ignore_index=True)
    groups = long.groupby(CELL, sort=True)
    cells = groups.size().index.to_frame(index=False)
    column = groups.ngroup().to_numpy()
    shape = (len(rows), len(cells))
    operator = sparse.csr_matrix((long["weight"], (long["row"], column)), shape=shape)
    return cells, operator, findings


def _row_cells(row: pd.Series, sizes: xr.DataArray) -> pd.DataFrame:
    """Return the cells of one row with their sizes as weights; a single cell needs no size."""
    cohorts = np.arange(int(row["cohort_start"]), int(row["cohort_end"]) + 1)
    if pd.notna(row["observed_year"]):
        ages = row["observed_year"] - cohorts
    else:
        ages = np.full(len(cohorts), row["years_since"])
    block = sizes.sel(origin=list(row["origins"]), field=list(row["fields"]), cohort=cohorts)
    piece = block.to_series().rename("weight").reset_index()
    piece["years_since"] = np.tile(ages.astype(float), len(piece) // len(cohorts))
    piece["definition"] = row["definition"]
    if len(piece) == 1:
        return piece.assign(weight=1.0)
    return piece[piece["weight"] > 0]
