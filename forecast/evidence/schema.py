"""The rules of each table, as pandera schemas: one table of rules, one sentence of advice each."""

from collections.abc import Callable

import pandas as pd
import pandera.pandas as pa

N_KINDS = ("census", "survey", "none")
KEY = ("source", "definition", "origin", "field", "cohort_start", "cohort_end")
TIME = ("years_since", "observed_year")

type Rule = Callable[[pd.DataFrame], pd.Series]


def _check(rule: str, advice: str, test: Callable[[pd.Series], pd.Series]) -> pa.Check:
    """Return a column check that carries its rule and its way out."""
    return pa.Check(test, name=rule, description=advice, ignore_na=True)


def _text(required: bool = True) -> pa.Column:
    filled = _check("is not empty", "Fill the cell.", lambda s: s.str.strip().ne(""))
    return pa.Column(str, [filled] if required else [], nullable=not required, required=required)


def _number(*checks: pa.Check, nullable: bool = False, required: bool = True) -> pa.Column:
    return pa.Column(float, list(checks), nullable=nullable, required=required)


WHOLE = _check("is a whole year", "Write the year with four digits.", lambda s: s.mod(1).eq(0))
RATE = _check("lies in [0, 1]", "A percent? Divide by 100.", lambda s: s.between(0, 1))
POSITIVE = _check("is above zero", "Leave the cell empty if it is unknown.", lambda s: s.gt(0))
NOT_NEGATIVE = _check("is not negative", "Count years from the doctorate.", lambda s: s.ge(0))
STEP = _check("lies in (0, 0.5)", "0.01 for a printed whole percent.", lambda s: s.gt(0) & s.lt(0.5))
KIND = _check(f"is one of {', '.join(N_KINDS)}", "Write none if n is unknown.", lambda s: s.isin(N_KINDS))

OBSERVATIONS = pa.DataFrameSchema(
    {
        "source": _text(),
        "definition": _text(),
        "origin": _text(),
        "field": _text(),
        "cohort_start": _number(WHOLE),
        "cohort_end": _number(WHOLE),
        "years_since": _number(NOT_NEGATIVE, nullable=True),
        "observed_year": _number(WHOLE, nullable=True, required=False),
        "rate": _number(RATE),
        "n": _number(POSITIVE, nullable=True, required=False),
        "n_kind": pa.Column(str, KIND, nullable=False, required=False),
        "se": _number(POSITIVE, nullable=True, required=False),
        "rounding": _number(STEP, nullable=True, required=False),
        "published": _number(WHOLE, nullable=True, required=False),
    },
    strict=False,
)

SIZES = pa.DataFrameSchema(
    {
        "year": _number(WHOLE),
        "origin": _text(),
        "field": _text(),
        "n": _number(NOT_NEGATIVE),
    },
    strict=False,
)

DOMESTIC = pa.DataFrameSchema(
    {"year": _number(WHOLE), "field": _text(), "n": _number(NOT_NEGATIVE)}, strict=False
)

QUANTITIES = ("share", "survival", "stay")
WORKFORCE = pa.DataFrameSchema(
    {
        "source": _text(),
        "series": _text(),
        "quantity": pa.Column(
            str,
            _check(
                f"is one of {', '.join(QUANTITIES)}",
                "Leave other quantities out.",
                lambda s: s.isin(QUANTITIES),
            ),
        ),
        "group": _text(),
        "year": _number(WHOLE),
        "year_from": _number(WHOLE, nullable=True, required=False),
        "value": _number(RATE),
        "n": _number(POSITIVE),
    },
    strict=False,
)

# Rules between the columns of one row: (column to look at, rule, way out, test that holds).
ROW_RULES: tuple[tuple[str, str, str, Rule], ...] = (
    (
        "cohort_end",
        "is not before cohort_start",
        "Swap the two years.",
        lambda t: t["cohort_end"].ge(t["cohort_start"]),
    ),
    (
        "years_since",
        "is given, or observed_year is",
        "Say how long after the doctorate people were seen.",
        lambda t: t["years_since"].notna() | t["observed_year"].notna(),
    ),
    (
        "observed_year",
        "is not before cohort_end",
        "People cannot be seen before they graduate.",
        lambda t: t["observed_year"].isna() | t["observed_year"].ge(t["cohort_end"]),
    ),
    (
        "years_since",
        "agrees with observed_year minus the cohorts",
        "Mend one of the two, or leave one empty.",
        lambda t: (
            t["observed_year"].isna()
            | t["years_since"].isna()
            | (
                t["years_since"].ge(t["observed_year"] - t["cohort_end"])
                & t["years_since"].le(t["observed_year"] - t["cohort_start"])
            )
        ),
    ),
    (
        "n",
        "is given for a census row",
        "Give n, or set n_kind to none.",
        lambda t: t["n"].notna() | t["n_kind"].ne("census"),
    ),
)
