"""What was known at a date, and which published figures came later: the tasks of a backtest.

A row belongs to the year it was *published*, not to the year it speaks of: a survey of 2021 that
was printed in 2024 was unknown in 2023.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from forecast.errors import EvidenceError
from forecast.evidence import Evidence, arrange, load_evidence, only, read_observations
from forecast.evidence.select import select
from forecast.study import Study

SERIES = ("series", "definition", "population")


@dataclass(frozen=True)
class Task:
    """A question to a forecaster: the rows known at the end of ``origin_year``, those to come.

    ``coming.rows`` has two columns more: ``horizon``, years from the origin year to the row's
    publication; ``earlier``, how many rows of the same series, origin and field are known.
    """

    study: Study
    origin_year: int
    known: Evidence
    coming: Evidence


type Forecaster = Callable[[Task, int], np.ndarray]
"""(task, seed) -> draws of the rates to come, (draw, row of ``coming``), in [0, 1]."""


def tasks(study: Study, origin_years: Sequence[int]) -> list[Task]:
    """Return the tasks of a study, one an origin year; years with nothing to forecast are left out.

    Targets are the later rows of series that have a known row (the same series, definition and
    population). Rows without a year of publication are used by none. Cell sizes are those of the
    study: weights of aggregates, not forecasts.

    Raises
    ------
    EvidenceError
        If the table of the study breaks a rule, or no origin year has a task.
    """
    sizes = load_evidence(study).sizes  # tells every fault of the table
    table, _ = read_observations(study)
    found = [_task(study, table, sizes, year) for year in origin_years]
    made = [task for task in found if task is not None]
    if not made:
        rule = "a backtest needs origin years with rows published before and after"
        got = ", ".join(map(str, origin_years)) or "no year"
        raise EvidenceError(f"{rule}; got {got}. Choose other years, or fill the column published.")
    return made


def _task(study: Study, table: pd.DataFrame, sizes: xr.DataArray, year: int) -> Task | None:
    known = _readable(table[table["published"].le(year)], study, sizes)
    later = _readable(table[table["published"].gt(year)], study, sizes)
    if known is None or later is None:
        return None
    key = [column for column in SERIES if column in later.rows]
    wanted = _keys(later.rows, key).isin(set(_keys(known.rows, key))).to_numpy()
    if not wanted.any():
        return None
    return Task(study, year, known, _dated(only(later, wanted), known, year))


def _readable(table: pd.DataFrame, study: Study, sizes: xr.DataArray) -> Evidence | None:
    """Return rows as evidence, or None if the study reads none of them."""
    rows, _ = select(table, study.evidence)
    return None if rows.empty else arrange(table, study, sizes)


def _keys(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    return rows[list(columns)].astype(str).agg("|".join, axis=1)


def _dated(coming: Evidence, known: Evidence, year: int) -> Evidence:
    """Return evidence whose rows say how far ahead they are and how many rows came before."""
    columns = [*(column for column in SERIES if column in coming.rows), "origin", "field"]
    seen = _keys(known.rows, columns).value_counts()
    rows = coming.rows.assign(
        horizon=(coming.rows["published"] - year).astype(int),
        earlier=_keys(coming.rows, columns).map(seen).fillna(0).astype(int),
    )
    return replace(coming, rows=rows)
