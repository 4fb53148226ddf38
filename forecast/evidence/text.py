"""A CSV file -> its cells as text, each row labelled by the line on which it starts."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from forecast.datasets import dataset_names, load_dataset
from forecast.errors import EvidenceError
from forecast.evidence.findings import FIRST_LINE

SEPARATORS = {";": "semicolons", "\t": "tabs"}


def read_table(name: str, folder: str | Path = ".") -> pd.DataFrame:
    """Read a shipped dataset by name or a CSV file by path, all cells as text.

    Row label + ``FIRST_LINE`` is the line of the file on which the row starts; blank lines and
    line breaks inside a cell are counted.

    Raises
    ------
    EvidenceError
        If there is no such dataset or file, or the file is no UTF-8 table.
    """
    if name in dataset_names():
        return _table(load_dataset(name).to_csv(index=False), name)
    return _table(_file_text(Path(folder) / name), name)


def _file_text(path: Path) -> str:
    if not path.is_file():
        known = ", ".join(dataset_names())
        rule = f"a table is a CSV file or a dataset ({known})"
        raise EvidenceError(f"{rule}; got {path}. Check the name.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        advice = "Save it as UTF-8."
        raise EvidenceError(f"a table is readable UTF-8; got {path}: {error}. {advice}") from error


def _table(text: str, name: str) -> pd.DataFrame:
    """Return the cells of a CSV text; short rows are filled up, empty cells beyond are dropped."""
    try:
        records = list(_records(text))
    except csv.Error as error:
        rule = "a table is comma-separated text"
        raise EvidenceError(f"{rule}; got {name}, {error}. Check the quotes there.") from error
    if not records:
        raise EvidenceError(f"a table has a header and rows; got {name}, which is empty. Fill it.")
    header = _header(records[0][1], name)
    width, rows = len(header), records[1:]
    long = [str(line) for line, cells in rows if any(cells[width:])]
    if long:
        rule = f"a row has as many cells as the header, {width}"
        got = f"more in {name}, line {', '.join(long)}"
        raise EvidenceError(f"{rule}; got {got}. Quote a text that holds a comma.")
    cells = [[*cells[:width], *[""] * (width - len(cells))] for _, cells in rows]
    index = pd.Index([line - FIRST_LINE for line, _ in rows], dtype="int64")
    return pd.DataFrame(cells, index=index, columns=header, dtype="str")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row that is not blank, with the line on which it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {line}: {error}") from error


def _header(cells: list[str], name: str) -> list[str]:
    """Return the names of the columns; empty ones at the end are no columns."""
    header = [cell.strip() for cell in cells]
    while header[-1] == "":
        header.pop()
    for separator, word in SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            rule = f"commas separate the cells of a table; got {word} in {name}"
            raise EvidenceError(f"{rule}. Save it as comma-separated text with decimal points.")
    if twice := sorted({column for column in header if header.count(column) > 1}):
        raise EvidenceError(
            f"columns have distinct names; got {twice} twice in {name}. Rename one."
        )
    return header
