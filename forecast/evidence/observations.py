"""The observation table: rules within rows, between rows, and against a study."""

import math
from collections.abc import Collection, Iterable

import pandas as pd

from forecast.evidence.findings import FIRST_LINE, Finding, in_header, refuse, sound_rows
from forecast.evidence.schema import KEY, ROW_RULES, TIME, Rule
from forecast.evidence.tables import check_columns, doubles
from forecast.evidence.text import read_table
from forecast.study import Study

YEARS = ("cohort_start", "cohort_end", "observed_year", "published")
RESERVED = ("table_row", "origins", "fields", "derived", "reason")  # added to the rows later
NO_FORECAST = "Leave forecasts out of the evidence."


def check_observations(
    table: pd.DataFrame, as_of: int, definitions: Collection[str] | None = None
) -> tuple[pd.DataFrame, list[Finding]]:
    """Type an observation table and return it with every fault it has.

    ``as_of`` is the year in which the table is read: later years are faults. ``definitions`` are
    the known ones; without them every definition is accepted. A rule is tested wherever the cells
    it needs are there and sound, so a fault is told once.
    """
    typed, findings = check_columns(table, "observations")
    findings += _reserved(typed)
    findings += _broken(typed, findings, _cell_rules(as_of, definitions))
    findings += _broken(typed, findings, [*ROW_RULES, _seen_by(as_of)])
    sound = sound_rows(typed, findings, [*KEY, *TIME, "rate"])
    findings += doubles(sound, _cell(sound), "rate") if len(sound) else []
    return typed, findings


def read_observations(study: Study) -> tuple[pd.DataFrame, list[Finding]]:
    """Read the observation table of a study: its sound rows, and the faults of the others.

    Raises
    ------
    EvidenceError
        With every fault, if a column lacks.
    """
    spec = study.evidence
    table = read_table(spec.table, study.folder)
    typed, findings = check_observations(table, spec.as_of, study.stay.definitions)
    if in_header(findings):
        refuse(findings, spec.table)
    return sound_rows(typed, findings), findings


def _broken(
    table: pd.DataFrame, findings: Collection[Finding], rules: Iterable[Rule]
) -> list[Finding]:
    """Return one finding for each row in which a rule does not hold."""
    found = []
    for columns, rule, advice, holds in rules:
        rows = sound_rows(table, list(findings), columns)
        for label in rows.index[~holds(rows)] if len(rows) else ():
            got = _shown(rows.loc[label, columns[0]])
            found.append(Finding(int(label) + FIRST_LINE, columns[0], rule, got, advice))
    return found


def _shown(value: object) -> str:
    if not isinstance(value, float):
        return repr(value)
    return "an empty cell" if math.isnan(value) else f"{value:g}"


def _cell_rules(as_of: int, definitions: Collection[str] | None) -> list[Rule]:
    """Return the rules of single cells that the year of reading and the study make."""
    rules = [_not_after(as_of, year) for year in YEARS]
    if definitions is not None:
        known = sorted(definitions)
        rule = f"is one of {', '.join(known)}"
        advice = "Add it to stay.definitions of the study, or mend the label."
        rules.append(Rule(("definition",), rule, advice, lambda t: t["definition"].isin(known)))
    return rules


def _not_after(as_of: int, year: str) -> Rule:
    return Rule((year,), f"is not after {as_of}", NO_FORECAST, lambda t: ~t[year].gt(as_of))


def _seen_by(as_of: int) -> Rule:
    """Return the rule that a cohort has reached the age at which it is said to be seen."""

    def reached(t: pd.DataFrame) -> pd.Series:
        return t["observed_year"].notna() | ~(t["cohort_end"] + t["years_since"] // 1).gt(as_of)

    columns = ("years_since", "cohort_end", "observed_year")
    return Rule(columns, f"is reached by {as_of}", NO_FORECAST, reached)


def _reserved(table: pd.DataFrame) -> list[Finding]:
    rule, advice = "is no name of a column", "Rename it: the rows used get a column of that name."
    return [Finding(1, c, rule, repr(c), advice) for c in RESERVED if c in table]


def _cell(table: pd.DataFrame) -> pd.DataFrame:
    """Return what rows speak of: a cohort's age and the year it is seen in are one fact."""
    single = table["cohort_start"].eq(table["cohort_end"])
    reached = (table["cohort_end"] + table["years_since"]).where(single)
    seen = table["observed_year"].fillna(reached)
    columns = [*KEY, *(c for c in ("population",) if c in table)]
    return table[columns].assign(seen=seen, age=table["years_since"].where(seen.isna()))
