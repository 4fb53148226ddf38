"""Observed stay rates: which published rows are used, under which definition and field."""

import re
from typing import Final

import numpy as np
import pandas as pd

from curation import vocabulary as words
from curation.sources import published_by_source
from curation.tables import clean, numbers, read_raw

FIELDS: Final = {
    "S&E": "all_se",
    "science and engineering": "all_se",
    "science, engineering, and health": "all_se",  # health is a leaf of all_se here
    "STEM": "all_se",
    "Biological, agricultural, health, and environmental life scientists": "life_health",
    "Biological, agricultural, health, and environmental life sciences": "life_health",
    "Computer and mathematical scientists": "computer_mathematics",
    "Computer and mathematical sciences": "computer_mathematics",
    "Physical sciences": "physical_sciences",
    "Physical science": "physical_sciences",
    "physical sciences": "physical_sciences",
    "Social scientists": "social_sciences",
    "Social sciences": "social_sciences",
    "Engineering": "engineering",
    "Mathematics": "mathematics",
    "Computer science": "computer_science",
    "computer science": "computer_science",
}
#: The branches of the 2004 panel. Its "Life science" holds health: 2,144 persons of all visas
#: against 1,473 in biology and 366 in health on temporary visas, where other fields show +9 %.
PANEL_PARTS: Final = {
    "Computer/EE engineering": "engineering",
    "Other engineering": "engineering",
    "Agricultural science": "life_health",
    "Life science": "life_health",
    "Economics": "social_sciences",
    "Other social science": "social_sciences",
}
WHOLE_SOURCES: Final = {
    "CSET2022": words.SECONDARY,  # re-use of the 2017 wave, cohorts 2000-15 pooled
    "CARNEGIE2025": words.NO_COHORT,  # incumbents, some without a US doctorate
    "CSET2019AI": words.NO_COHORT,  # cohorts and year of observation not stated
}
#: Totals (source, first cohort, years since) whose fields are rows of the same table or edition.
TOTALS: Final = {
    ("SEI2020", 2011, 5),
    ("SEI2020", 2006, 10),
    ("SEI2024", 2015, 5),
    ("SEI2024", 2010, 10),
    ("FINN2009_KD", 2004, 5),  # 10,563 persons, the sum of the nine fields of FINN2009
}
ONLY_ORIGINS: Final = {"NSF21336": ("IRN", "THA")}  # the others stand in SEI2020, same wave
UNSTATED: Final = ("computer/electrical-electronics engineering",)  # FINN2011, press summary
NO_BASE: Final = {("FINN2007", "life sciences"), ("FINN2007", "agricultural sciences")}
#: Tags of the raw notes that a reader must know.
TAGS: Final = {
    "secondary": "secondary source",
    "visa_inferred": "visa base inferred",
    "cohort_window_inferred": "cohort window inferred",
    "tag=complement": "complement of a printed share of returns",
}
POPULATIONS: Final = {
    "resident": "temporary visa at graduation, S&E",
    "resident_tax": "temporary visa at graduation, S&E",
    "resident_tax_foreign": "all foreign, permanent visas included, S&E",
}


def definition_of(notes: str, visa: str) -> str:
    """Definition of a stay-rate row: survey, or tax match by base."""
    if "ssa_tax" not in notes:
        return "resident"
    return "resident_tax" if visa == "temporary" else "resident_tax_foreign"


def series_of(source: str, definition: str, notes: str) -> str:
    """Short id of the series of a stay-rate row."""
    if source == "FINN2009":
        return "ssa_panel_2004"
    if definition != "resident":
        return "ssa_match"
    return "sdr_pooled" if "pooled_cohorts" in notes else "sdr_5_10_year"


def rounding_of(source: str, rate: float, n: float) -> float:
    """Width of the interval that a printed rate stands for.

    A whole percent is 0.01 wide, a tenth of a percent 0.001. A ratio of two counts rounded to 50
    adds 50 / n for the numerator and 50 rate / n for the denominator (widths, as independent).
    """
    printed = 0.01 if np.isclose(rate * 100, np.round(rate * 100)) else 0.001
    if source != "NSF25325":
        return printed
    return round(float(np.hypot(printed, 50 / n * np.hypot(1, rate))), 4)


def reason_of(row: pd.Series) -> str:
    """Reason why a row is left out, before doubles are looked for; empty when it is used."""
    source, field = row["source"], row["field_as_published"]
    total = row["origin"] == "ALL" and row["field"] == "all_se"
    restricted = ONLY_ORIGINS.get(source, (row["origin"],))
    rules = (
        (source in WHOLE_SOURCES, WHOLE_SOURCES.get(source, "")),
        (row["origin"] == words.REMAINDER, words.REGIONS),
        (row["origin"] not in restricted, words.SAME_WAVE),
        (total and source == "NSF13300", words.TOTAL_NO_N),
        (total and (source, row["cohort_start"], row["years_since"]) in TOTALS, words.TOTAL),
        ("read_from_graph" in row["raw_notes"], words.GRAPH),
        (field in UNSTATED, words.NO_VISA),
        ((source, field) in NO_BASE, words.PART_NO_N),
        (source == "FINN2009" and field in PANEL_PARTS, words.POOLED),
    )
    return next((reason for holds, reason in rules if holds), "")


def mark_doubles(table: pd.DataFrame) -> pd.DataFrame:
    """Mark the older vintage of each cell that stands twice under one definition.

    A row whose visa base is only inferred counts as a double of the row with a stated base.
    """
    used = table[(table["reason"] == "") & table["years_since"].notna()]
    cell = ["origin", "field", "cohort_start", "cohort_end", "years_since"]
    for _, rows in used.groupby(cell):
        place = int(rows["published"].argmax())
        same = rows["definition"] == rows["definition"].iloc[place]
        inferred = rows["raw_notes"].str.contains("visa_inferred")
        older = rows.index[(same | inferred) & (rows.index != rows.index[place])]
        table.loc[older, "reason"] = words.VINTAGE
    return table


def stay_rows() -> pd.DataFrame:
    """All raw stay rates in the columns of the observation table, each with its `reason`."""
    raw = read_raw("stay_rates")
    table = raw[["origin", "field_as_published", "location", "url"]].copy()
    table["source"], table["raw_notes"] = raw["source_id"], raw["notes"]
    table["field"] = raw["field_as_published"].map(FIELDS).fillna("")
    for name in ("cohort_start", "cohort_end", "observed_year", "rate"):
        table[name] = numbers(raw[name])
    table["years_since"] = numbers(raw["years_since_phd"])
    table.loc[table["source"] == "NSF98316", "years_since"] = np.nan  # 4 or 5 years: two cohorts
    table["n"] = numbers(raw["n_base"])
    table["published"] = table["source"].map(published_by_source())
    pairs = zip(raw["notes"], raw["visa_status"], strict=True)
    table["definition"] = [definition_of(*pair) for pair in pairs]
    table["reason"] = table.apply(reason_of, axis=1)
    return finish(mark_doubles(table))


def note_of(raw: str) -> str:
    """Note of a row: the meaning of its tags, then its text."""
    text = clean(raw)
    tags = [meaning for tag, meaning in TAGS.items() if re.search(rf"\b{tag}\b", raw)]
    return "; ".join([*tags, text] if text else tags)


def finish(table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that follow from the others."""
    series = zip(table["source"], table["definition"], table["raw_notes"], strict=True)
    table["series"] = [series_of(*cell) for cell in series]
    kind = np.where(table["definition"] == "resident", "survey", "census")
    table["n_kind"] = np.where(table["n"].isna(), "none", kind)
    cells = zip(table["source"], table["rate"], table["n"], strict=True)
    table["rounding"] = [rounding_of(*cell) for cell in cells]
    table["population"] = table["definition"].map(POPULATIONS)
    table["notes"] = table["raw_notes"].map(note_of)
    return table


def panel_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Fields of the 2004 panel pooled from their branches, weighted by n."""
    parts = table[(table["source"] == "FINN2009") & (table["reason"] == words.POOLED)].copy()
    parts["field"] = parts["field_as_published"].map(PANEL_PARTS)
    rows = []
    for (field, _), group in parts.groupby(["field", "years_since"]):
        weight = (group["n"] / group["n"].sum()).to_numpy()
        row = group.iloc[0].copy()
        row["field"], row["n"] = field, group["n"].sum()
        row["rate"] = round(float(weight @ group["rate"]), 4)
        row["rounding"] = round(float(np.hypot.reduce(weight * group["rounding"])), 4)
        names = " + ".join(group["field_as_published"])
        row["notes"] = f"pooled, weighted by n: {names}; one cohort followed for five years"
        rows.append(row)
    return pd.DataFrame(rows).assign(reason="")
