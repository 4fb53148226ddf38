"""The observation table: rules within rows, between rows, and against a study."""

from collections.abc import Collection

import pandas as pd

from forecast.evidence.findings import FIRST_LINE, Finding, refuse
from forecast.evidence.schema import KEY, ROW_RULES, TIME
from forecast.evidence.tables import check_columns, read_table
from forecast.study import Study

YEARS = ("cohort_start", "cohort_end", "observed_year", "published")


def check_observations(
    table: pd.DataFrame, as_of: int, definitions: Collection[str] | None = None
) -> tuple[pd.DataFrame, list[Finding]]:
    """Type an observation table and return it with every fault it has.

    ``as_of`` is the year in which the table is read: later years are faults. ``definitions`` are
    the known ones; without them every definition is accepted.
    """
    typed, findings = check_columns(table, "observations")
    if any(finding.line < FIRST_LINE for finding in findings):
        return typed, findings
    findings += _broken_rows(typed)
    findings += _future(typed, as_of)
    findings += _doubles(typed)
    if definitions is not None:
        findings += _unknown(typed, definitions)
    return typed, findings


def read_observations(study: Study) -> pd.DataFrame:
    """Read and check the observation table of a study.

    Raises
    ------
    EvidenceError
        With every fault of the table.
    """
    spec = study.evidence
    table = read_table(spec.table, study.folder)
    typed, findings = check_observations(table, spec.as_of, study.stay.definitions)
    refuse(findings, spec.table)
    return typed


def _at(table: pd.DataFrame, bad: pd.Series, column: str, rule: str, advice: str) -> list[Finding]:
    """Return one finding for each row in which ``bad`` holds."""
    return [
        Finding(int(i) + FIRST_LINE, column, rule, _shown(table.loc[i, column]), advice)
        for i in table.index[bad.fillna(False).astype(bool)]
    ]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def _broken_rows(table: pd.DataFrame) -> list[Finding]:
    return [
        finding
        for column, rule, advice, holds in ROW_RULES
        for finding in _at(table, ~holds(table) & _readable(table), column, rule, advice)
    ]


def _readable(table: pd.DataFrame) -> pd.Series:
    return table[["cohort_start", "cohort_end"]].notna().all(axis=1)


def _future(table: pd.DataFrame, as_of: int) -> list[Finding]:
    rule, advice = f"is not after {as_of}", "Leave forecasts out of the evidence."
    return [f for year in YEARS for f in _at(table, table[year].gt(as_of), year, rule, advice)]


def _doubles(table: pd.DataFrame) -> list[Finding]:
    key = [*KEY, *TIME]
    if "population" in table:
        key.append("population")
    again = table.duplicated(key, keep="first")
    same = table.duplicated([*key, "rate"], keep="first")
    return [
        *_at(table, again & same, "rate", "stands once", "Delete the second copy."),
        *_at(
            table,
            again & ~same,
            "rate",
            "has one value for one cell and source",
            "Keep the newer edition.",
        ),
    ]


def _unknown(table: pd.DataFrame, definitions: Collection[str]) -> list[Finding]:
    rule = f"is one of {', '.join(sorted(definitions))}"
    advice = "Add it to stay.definitions of the study, or mend the label."
    return _at(table, ~table["definition"].isin(list(definitions)), "definition", rule, advice)
