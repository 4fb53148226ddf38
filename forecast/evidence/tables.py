"""A text table -> a typed and checked one, every fault found at once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from forecast.evidence.findings import FIRST_LINE, Finding, refuse, sound_rows
from forecast.evidence.schema import DOMESTIC, OBSERVATIONS, SIZES, UNKNOWN_KIND, WORKFORCE
from forecast.evidence.text import read_table

SCHEMAS = {
    "observations": OBSERVATIONS,
    "sizes": SIZES,
    "domestic": DOMESTIC,
    "workforce": WORKFORCE,
}
CELLS = {"sizes": ["year", "origin", "field"], "domestic": ["year", "field"]}  # listed once each


def checked_table(name: str, kind: str, folder: str | Path = ".") -> pd.DataFrame:
    """Read a table and refuse it with all its faults if it breaks a rule of its kind."""
    table = read_table(name, folder)
    typed, findings = check_columns(table, kind)
    if kind in CELLS:
        sound = sound_rows(typed, findings, [*CELLS[kind], "n"])
        findings += doubles(sound, sound.reindex(columns=CELLS[kind]), "n")
    refuse(findings, name)
    return typed


def check_columns(table: pd.DataFrame, kind: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Type the columns of a text table and test each cell by the schema of its ``kind``.

    Returns the typed table, with absent optional columns filled, and the findings, those of the
    header on line 1.
    """
    schema = SCHEMAS[kind]
    missing = [c for c, column in schema.columns.items() if column.required and c not in table]
    findings = [
        Finding(1, column, "is a column of the table", "no such column", "Add it to the header.")
        for column in missing
    ]
    if table.empty:
        findings.append(Finding(1, "rows", "are at least one", "none", "Add one row a figure."))
    typed, unread = _typed(table, schema)
    findings += unread
    try:
        schema.remove_columns(missing).validate(typed, lazy=True)
    except pandera.errors.SchemaErrors as error:
        known = {(f.line, f.column) for f in unread}
        findings += [f for f in _from_pandera(error, table) if (f.line, f.column) not in known]
    return typed, findings


def doubles(table: pd.DataFrame, key: pd.DataFrame, value: str) -> list[Finding]:
    """Return a finding for each row whose ``key`` stands above: a copy, or another ``value``."""
    if table.empty:
        return []
    cell = key.groupby(list(key), dropna=False, sort=False).ngroup()
    first = table.index.to_series().groupby(cell).transform("first")
    values = dict(zip(table.index, table[value].astype(float), strict=True))
    findings = []
    for label, above in zip(table.index, first, strict=True):
        if label == above:
            continue
        rule, advice = "has one value for one cell and source", "Keep the newer edition."
        if values[label] == values[above]:
            rule, advice = "stands once", "Delete the second copy."
        got = f"{values[label]:g}, and {values[above]:g} in line {above + FIRST_LINE}"
        findings.append(Finding(int(label) + FIRST_LINE, value, rule, got, advice))
    return findings


def _typed(table: pd.DataFrame, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[Finding]]:
    """Strip text, turn it into numbers where the schema has them, and report what is none."""
    typed, findings = table.copy(), []
    for name, column in schema.columns.items():
        if name not in table and column.required:
            continue
        text = table[name].str.strip() if name in table else pd.Series("", table.index, dtype="str")
        if str(column.dtype) != "float64":
            typed[name] = text if column.required else text.replace("", UNKNOWN_KIND)
            continue
        numbers = pd.to_numeric(text.where(text.ne("")), errors="coerce").astype(float)
        bad = text.ne("") & ~np.isfinite(numbers)
        typed[name] = numbers.mask(bad)
        advice = "Write a plain number with a decimal point."
        findings += [
            Finding(int(label) + FIRST_LINE, name, "is a number", repr(text[label]), advice)
            for label in table.index[bad]
        ]
    return typed, findings


def _from_pandera(error: pandera.errors.SchemaErrors, table: pd.DataFrame) -> list[Finding]:
    """Turn the faults that pandera found into findings with advice."""
    findings = []
    for fault in error.schema_errors:
        cases = fault.failure_cases
        if not isinstance(cases, pd.DataFrame) or cases.empty:
            continue
        rule, advice = "is not empty", "Fill the cell."
        if isinstance(fault.check, pa.Check):
            rule, advice = str(fault.check.name), str(fault.check.description)
        column = str(getattr(fault.schema, "name", "") or "")
        findings += [
            Finding(int(i) + FIRST_LINE, column, rule, repr(table.loc[i, column]), advice)
            for i in cases["index"].dropna()
        ]
    return findings
