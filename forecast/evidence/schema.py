"""The rules of each table, as pandera schemas: one table of rules, one sentence of advice each."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd
import pandera.pandas as pa

UNKNOWN_KIND = "none"
N_KINDS = ("census", "survey", UNKNOWN_KIND)
KEY = ("source", "definition", "origin", "field", "cohort_start", "cohort_end")
TIME = ("years_since", "observed_year")


class Rule(NamedTuple):
    """A rule between cells of one row: it is tested where all its ``columns`` are sound.

    A row that breaks it is reported at the first of them.
    """

    columns: tuple[str, ...]
    rule: str
    advice: str
    holds: Callable[[pd.DataFrame], pd.Series]


def _check(rule: str, advice: str, test: Callable[[pd.Series], pd.Series]) -> pa.Check:
    """Return a column check that carries its rule and its way out."""
    return pa.Check(test, name=rule, description=advice, ignore_na=True)


def _text(*checks: pa.Check) -> pa.Column:
    return pa.Column(str, [FILLED, *checks])


def _one_of(labels: Sequence[str], advice: str, required: bool = True) -> pa.Column:
    check = _check(f"is one of {', '.join(labels)}", advice, lambda s: s.isin(labels))
    return pa.Column(str, check, required=required)


def _number(*checks: pa.Check, nullable: bool = False, required: bool = True) -> pa.Column:
    return pa.Column(float, list(checks), nullable=nullable, required=required)


FILLED = _check("is not empty", "Fill the cell.", lambda s: s.ne(""))
SINGLE = _check("is one label, not ALL", "Leave totals out.", lambda s: s.ne("ALL"))
YEAR = _check(
    "is a whole year",
    "Write the year with four digits.",
    lambda s: s.mod(1).eq(0) & s.between(1000, 9999),
)
PART = _check("lies in [0, 1]", "A rate is stayers over people.", lambda s: s.ge(0))
NO_PERCENT = _check("lies in [0, 1]", "A percent? Divide by 100.", lambda s: s.le(1))
POSITIVE = _check("is above zero", "Leave the cell empty if it is unknown.", lambda s: s.gt(0))
PEOPLE = _check("is above zero", "Leave the row out if nobody was asked.", lambda s: s.gt(0))
AGE = _check("is not negative", "Count years from the doctorate.", lambda s: s.ge(0))
COUNT = _check("is not negative", "Write how many people the cell has.", lambda s: s.ge(0))
STEP = _check(
    "lies in (0, 0.5)",
    "Write 0.01 for a printed whole percent, nothing if it is unknown.",
    lambda s: s.gt(0) & s.lt(0.5),
)

OBSERVATIONS = pa.DataFrameSchema(
    {
        "source": _text(),
        "definition": _text(),
        "origin": _text(),
        "field": _text(),
        "cohort_start": _number(YEAR),
        "cohort_end": _number(YEAR),
        "years_since": _number(AGE, nullable=True),
        "observed_year": _number(YEAR, nullable=True, required=False),
        "rate": _number(PART, NO_PERCENT),
        "n": _number(POSITIVE, nullable=True, required=False),
        "n_kind": _one_of(N_KINDS, "Write none if n is unknown.", required=False),
        "se": _number(POSITIVE, nullable=True, required=False),
        "rounding": _number(STEP, nullable=True, required=False),
        "published": _number(YEAR, nullable=True, required=False),
    },
    strict=False,
)

SIZES = pa.DataFrameSchema(
    {
        "year": _number(YEAR),
        "origin": _text(SINGLE),
        "field": _text(SINGLE),
        "n": _number(COUNT),
    },
    strict=False,
)

DOMESTIC = pa.DataFrameSchema(
    {"year": _number(YEAR), "field": _text(SINGLE), "n": _number(COUNT)}, strict=False
)

WORKFORCE = pa.DataFrameSchema(
    {
        "source": _text(),
        "series": _text(),
        "quantity": _one_of(("share", "survival", "stay"), "Leave other quantities out."),
        "group": _text(),
        "year": _number(YEAR),
        "year_from": _number(YEAR, nullable=True, required=False),
        "value": _number(PART, NO_PERCENT),
        "n": _number(PEOPLE),
    },
    strict=False,
)


def _ages_agree(t: pd.DataFrame) -> pd.Series:
    first, last, seen = t["cohort_start"], t["cohort_end"], t["observed_year"]
    known = t["years_since"].notna() & first.le(last) & last.le(seen)  # else told otherwise
    return ~known | t["years_since"].between(seen - last, seen - first)


ROW_RULES = (
    Rule(
        ("cohort_end", "cohort_start"),
        "is not before cohort_start",
        "Swap the two years.",
        lambda t: t["cohort_end"].ge(t["cohort_start"]),
    ),
    Rule(
        ("years_since", "observed_year"),
        "is given, or observed_year is",
        "Say how long after the doctorate people were seen.",
        lambda t: t["years_since"].notna() | t["observed_year"].notna(),
    ),
    Rule(
        ("observed_year", "cohort_end"),
        "is not before cohort_end",
        "People cannot be seen before they graduate.",
        lambda t: t["observed_year"].isna() | t["observed_year"].ge(t["cohort_end"]),
    ),
    Rule(
        ("years_since", "observed_year", "cohort_start", "cohort_end"),
        "agrees with observed_year minus the cohorts",
        "Mend one of the two, or leave one empty.",
        _ages_agree,
    ),
    Rule(
        ("n", "n_kind"),
        "is given for a census row",
        "Give n, or set n_kind to none.",
        lambda t: t["n"].notna() | t["n_kind"].ne("census"),
    ),
)
