"""Read a table by dataset name or path, typed and checked, every fault found at once."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pandera.errors
import pandera.pandas as pa

from forecast.datasets import dataset_names, load_dataset
from forecast.errors import EvidenceError
from forecast.evidence.findings import FIRST_LINE, Finding, refuse
from forecast.evidence.schema import DOMESTIC, OBSERVATIONS, SIZES, WORKFORCE

SCHEMAS = {
    "observations": OBSERVATIONS,
    "sizes": SIZES,
    "domestic": DOMESTIC,
    "workforce": WORKFORCE,
}
DEFAULTS: dict[str, object] = {
    "observed_year": float("nan"),
    "n": float("nan"),
    "se": float("nan"),
    "rounding": float("nan"),
    "published": float("nan"),
    "year_from": float("nan"),
    "n_kind": "none",
}


def read_table(name: str, folder: str | Path = ".") -> pd.DataFrame:
    """Read a shipped dataset by name or a CSV file by path, all cells as text.

    Raises
    ------
    EvidenceError
        If there is no such dataset or file, or the file is no UTF-8 table.
    """
    if name in dataset_names():
        table = load_dataset(name)
        text = table.to_csv(index=False)
        attrs = table.attrs
    else:
        text, attrs = _file_text(Path(folder) / name), {"name": str(name)}
    try:
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise EvidenceError(f"a table is comma-separated text with a header; got {name}: {error}.") from error
    table.attrs = attrs
    return table


def _file_text(path: Path) -> str:
    if not path.is_file():
        known = ", ".join(dataset_names())
        raise EvidenceError(f"a table is a CSV file or a dataset ({known}); got {path}. Check the name.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvidenceError(f"a table is UTF-8 text; got {path}: {error}. Save it as UTF-8.") from error


def check_columns(table: pd.DataFrame, kind: str) -> tuple[pd.DataFrame, list[Finding]]:
    """Type the columns of a text table and test each cell by the schema of its ``kind``.

    Returns the typed table, with absent optional columns filled, and the findings.
    """
    schema = SCHEMAS[kind]
    missing = [c for c, column in schema.columns.items() if column.required and c not in table]
    findings = [
        Finding(1, column, "is a column of the table", "no such column", "Add it to the header.")
        for column in missing
    ]
    typed, unread = _typed(table, schema)
    findings += unread
    present = schema.remove_columns(missing)
    try:
        present.validate(typed, lazy=True)
    except pandera.errors.SchemaErrors as error:
        known = {(f.line, f.column) for f in unread}
        findings += [f for f in _from_pandera(error, table) if (f.line, f.column) not in known]
    return typed, findings


def _typed(table: pd.DataFrame, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[Finding]]:
    """Turn text into numbers where the schema has numbers; report what is no finite number."""
    typed, findings = table.copy(), []
    for name, column in schema.columns.items():
        if name not in table:
            if not column.required:
                typed[name] = DEFAULTS[name]
            continue
        if str(column.dtype) == "float64":
            text = table[name].str.strip()
            numbers = pd.to_numeric(text.where(text.ne("")), errors="coerce")
            bad = text.ne("") & ~numbers.abs().lt(float("inf"))
            typed[name] = numbers.where(~bad).astype(float)
            advice = "Write a plain number with a decimal point."
            findings += [
                Finding(int(i) + FIRST_LINE, name, "is a number", repr(text[i]), advice)
                for i in table.index[bad]
            ]
        elif not column.required:
            typed[name] = table[name].str.strip().replace("", str(DEFAULTS[name]))
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


def checked_table(name: str, kind: str, folder: str | Path = ".") -> pd.DataFrame:
    """Read a table and refuse it with all its faults if it breaks a rule of its kind."""
    table = read_table(name, folder)
    typed, findings = check_columns(table, kind)
    refuse(findings, name)
    return typed


def labels_of(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the distinct labels of some columns, sorted."""
    return {column: sorted(table[column].unique()) for column in columns}
