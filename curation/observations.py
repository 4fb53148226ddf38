"""The observation table, and the table of the published figures that are not in it."""

import pandas as pd

from curation import vocabulary as words
from curation.intentions import commitment_rows, intention_rows
from curation.residence import panel_rows, stay_rows

ORDER = (
    *("resident", "resident_tax", "resident_tax_foreign"),
    *("intention", "intention_noncitizen", "commitment"),
)
FIELD_ORDER = (*reversed(words.GROUPS), *words.LEAVES)
SORT = ("definition", "series", "source", "origin", "field", *words.KEY[5:])
#: Raw column -> column of the table of excluded rows.
EXCLUDED = {
    "source": "source",
    "raw_series": "series",
    "measure": "measure",
    "origin": "origin",
    "field_as_published": "field_as_published",
    "cohort_start": "cohort_start",
    "cohort_end": "cohort_end",
    "observed_year": "observed_year",
    "rate": "rate",
    "reason": "reason",
}


def sort_key(column: pd.Series) -> pd.Series:
    """Rank of definitions and fields, ALL before the origins, other columns as they are."""
    if column.name == "definition":
        return column.map(ORDER.index)
    if column.name == "field":
        return column.map(FIELD_ORDER.index)
    return column.replace("ALL", "") if column.name == "origin" else column


def raw_rows() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raw stay rates and raw intentions, each row with its `reason` (empty when used)."""
    return stay_rows(), intention_rows()


def observation_table(stay: pd.DataFrame, plans: pd.DataFrame) -> pd.DataFrame:
    """Put used and pooled rows in the columns and the order of the observation table."""
    parts = [
        stay[stay["reason"] == ""],
        panel_rows(stay),
        plans[plans["reason"] == ""],
        commitment_rows(plans),
    ]
    table = pd.concat([part.assign(se=float("nan")) for part in parts], ignore_index=True)
    table = table[list(words.OBSERVATION)].sort_values(
        list(SORT), key=sort_key, kind="stable", na_position="first"
    )
    return table.reset_index(drop=True)


def excluded_table(stay: pd.DataFrame, plans: pd.DataFrame) -> pd.DataFrame:
    """Raw rows that are not used as they stand, each with its reason."""
    stay = stay.assign(measure="actual_stay", raw_series=stay["series"])
    both = [part[part["reason"] != ""] for part in (stay, plans)]
    table = pd.concat([part[list(EXCLUDED)].rename(columns=EXCLUDED) for part in both])
    keys = ["measure", "series", "source", "cohort_start", "cohort_end", "field_as_published"]
    keys += ["origin", "observed_year"]
    return table.sort_values(keys, kind="stable").reset_index(drop=True)
