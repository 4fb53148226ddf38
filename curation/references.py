"""The side tables: dated shocks, output elasticities, claims, flows, groups of fields."""

from typing import Final

import pandas as pd

from curation.tables import clean, numbers, read_raw
from curation.vocabulary import GROUPS

#: Notes on claims that are written anew in the words of the finding.
CLAIM_NOTES: Final = {
    "C09": "no source in English or Chinese",
    "C13": "",
    "C14": "",
    "C20": "no source in Chinese",
    "C21": "MacroPolo and Carnegie publish no projection for 2030; a scenario, not a forecast",
}


def shocks_table() -> pd.DataFrame:
    """Dated policy events, by first date."""
    return read_raw("shocks").rename(columns={"id": "shock"})


def elasticities_table() -> pd.DataFrame:
    """Effects on research output, as published."""
    table = read_raw("elasticities").rename(columns={"source_id": "source"})
    for name in ("value", "low", "high"):
        table[name] = numbers(table[name])
    return table


def claims_table() -> pd.DataFrame:
    """Claims of the news article, each with a verdict and the figure found."""
    table = read_raw("claims").rename(
        columns={"claim_id": "id", "seed_value": "claimed", "real_value": "found"}
    )
    table["notes"] = [
        CLAIM_NOTES.get(claim, clean(note))
        for claim, note in zip(table["id"], table["notes"], strict=True)
    ]
    columns = ["id", "claim", "claimed", "verdict", "found", "source_id", "url", "notes"]
    return table[columns].rename(columns={"source_id": "source", "id": "claim_id"})


def flows_table() -> pd.DataFrame:
    """Annual flows and stocks of people."""
    table = read_raw("flows").rename(columns={"source_id": "source"})
    for name in ("year_start", "year_end", "value"):
        table[name] = numbers(table[name])
    table["notes"] = table["notes"].map(clean)
    return table


def groups_table() -> pd.DataFrame:
    """Fields that stand for several leaves: one row a group and leaf."""
    pairs = [(group, leaf) for group, leaves in GROUPS.items() for leaf in leaves]
    return pd.DataFrame(pairs, columns=["group", "field"])
