"""What is wrong with a table: one finding a fault, all of them in one error."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from forecast.errors import EvidenceError

FIRST_LINE = 2  # the first data row of a CSV file stands on line 2


@dataclass(frozen=True)
class Finding:
    """One fault: the line of the table, the column, the rule, the value got, the way out."""

    line: int
    column: str
    rule: str
    value: str
    advice: str

    def __str__(self) -> str:
        """Return the finding as one sentence."""
        return f"line {self.line}, {self.column}: {self.rule}; got {self.value}. {self.advice}"


def findings_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Return findings as a table, sorted by line and column."""
    columns = ["line", "column", "rule", "value", "advice"]
    table = pd.DataFrame([asdict(finding) for finding in findings], columns=columns)
    return table.drop_duplicates().sort_values(["line", "column", "rule"], ignore_index=True)


def in_header(findings: Sequence[Finding]) -> bool:
    """Say whether a finding concerns the whole table, so that its rows cannot be used."""
    return any(finding.line < FIRST_LINE for finding in findings)


def sound_rows(
    table: pd.DataFrame, findings: Sequence[Finding], columns: Collection[str] | None = None
) -> pd.DataFrame:
    """Return the rows without a finding, or without one in some columns; none if one lacks."""
    if columns is not None and not set(columns) <= set(table.columns):
        return table.iloc[:0]
    looked = [f for f in findings if columns is None or f.column in columns]
    return table[~table.index.isin([finding.line - FIRST_LINE for finding in looked])]


def refuse(findings: Sequence[Finding], name: str) -> None:
    """Raise one EvidenceError that lists every finding, if there is any.

    Raises
    ------
    EvidenceError
        If ``findings`` is not empty.
    """
    if not findings:
        return
    ordered = sorted(set(findings), key=lambda f: (f.line, f.column, f.rule))
    lines = "\n  ".join(str(finding) for finding in ordered)
    faults = "1 fault" if len(ordered) == 1 else f"{len(ordered)} faults"
    raise EvidenceError(f"{name}: {faults}, nothing was used.\n  {lines}")
