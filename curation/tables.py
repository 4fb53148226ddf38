"""Reading the raw tables and writing the shipped ones, byte for byte the same each time."""

import csv
import math
import re
from pathlib import Path
from typing import Final

import pandas as pd

RAW: Final = Path(__file__).parent / "raw"

#: What a note of the raw tables says about files that are not in this repository.
INTERNAL: Final = (
    (r"\s*\[raw: [^\]]*\]", ""),
    (r", coded computer_science", ""),  # coded by its group here
    (r"tags?=[a-z0-9_;]+[.:]?\s*", ""),
    (r"\s*\(read_file id \d+, ([^)]*)\)", r", \1"),
    (r"[;,]?\s*\(?see doubts[^;)]*\)?", ""),
    (r"(GitHub-)?stored (report|digest|Techmeme digest|text)", r"\2"),
    (r"(doctorates_alt|intentions_extra|doctorates_windows)\.csv[;,]?\s*", ""),
    (r"[;,]?\s*\(?raw/[^;,)\s]+\)?", ""),
)


def read_raw(name: str) -> pd.DataFrame:
    """Read a raw table as text; an empty cell is an empty string."""
    return pd.read_csv(RAW / f"{name}.csv", dtype=str, keep_default_na=False)


def numbers(column: pd.Series) -> pd.Series:
    """Turn a text column into floats; an empty cell is NaN."""
    return pd.to_numeric(column.replace("", None), errors="raise").astype(float)


def clean(text: str) -> str:
    """Take out of a note what points to files outside this repository."""
    for pattern, replacement in INTERNAL:
        text = re.sub(pattern, replacement, text)
    return text.strip(" ;")


def cell_text(value: object) -> str:
    """Write one cell: nothing for a missing value, an integer without a point, a float shortest."""
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as UTF-8 CSV with line feeds, in the order of its rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        for row in table.astype(object).itertuples(index=False):
            writer.writerow([cell_text(value) for value in row])
