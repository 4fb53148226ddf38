"""Plans and commitments at graduation: which published rows are used, and the pooled fields."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from curation import vocabulary as words
from curation.sources import published_by_source
from curation.tables import numbers, read_raw

ANNUAL: Final = "SED_T53_annual_country"
WINDOWS: Final = "SEI_4yr_window_field_country"
DIGEST: Final = "SED_digest_fig_definite_annual"
BY_FIELD: Final = ("SED_T51_T6-3_definite_by_field", "SED_T48_T52_definite_by_field")
SERIES: Final = {
    ANNUAL: ("sed_intention_annual", "intention", "temporary visa, all fields"),
    WINDOWS: ("sei_window_2022", "intention_noncitizen", "noncitizen, S&E and health"),
    DIGEST: ("sed_commitment_digest", "commitment", "temporary visa, definite commitment"),
    BY_FIELD[0]: ("sed_commitment_annual", "commitment", "temporary visa, definite commitment"),
    BY_FIELD[1]: ("sed_commitment_annual", "commitment", "temporary visa, definite commitment"),
}
WINDOW_EDITIONS: Final = {
    "SEI2020_S3-24": words.OLD_EDITION,  # 2006-17
    "SEI2024_SLBR-28": words.OVERLAP,  # 2010-21, temporary visas, no field by origin
}
WINDOW_FIELDS: Final = {
    "Engineering": "engineering",
    "Life sciences": "life_health",  # agricultural, biological and health sciences
    "Mathematics and computer sciences": "computer_mathematics",
    "Physical and earth sciences": "physical_sciences",
    "Psychology and social sciences": "social_sciences",
}
PHYSICAL: Final = (
    "Physical sciences (incl. mathematics and computer & information sciences, geosciences)"
)
DIGEST_FIELDS: Final = {
    "Engineering": "engineering",
    "Life sciences (agricultural, biological/biomedical, health)": "life_health",
    PHYSICAL: "physical_broad",
    "Social sciences (incl. psychology)": "social_sciences",
}
FIRST_TABLE: Final = 2009  # first cohort with a table of commitments by field

# The field tables, by taxonomy. DIRECT: published field -> leaf. TOTALS: sums of used fields.
COMPUTING: Final = {
    "Computer sciences": "computer_science",
    "Computer and information sciences": "computer_science",
    "Engineering": "engineering",
    "Health sciences": "health",
}
DIRECT: Final = {
    2009: COMPUTING | {"Mathematics": "mathematics", "Social sciences": "social_sciences"},
    2017: COMPUTING
    | {
        "Mathematics and statistics": "mathematics",
        "Physical sciences and earth sciences": "physical_sciences",
        "Psychology and social sciences": "social_sciences",
    },
    2021: COMPUTING
    | {
        "Mathematics and statistics": "mathematics",  # "Mathematics" beside it is a part
        "Non-science and engineering": "non_science",
    },
}
TOTALS: Final = {
    2009: ("All fields", "Life sciences", "Physical sciences"),
    2017: ("All fields", "Life sciences", "Mathematics and computer sciences"),
    2021: ("All fields", "Science and engineering"),
}
AGRICULTURE: Final = (
    "Agricultural sciences/natural resources",
    "Agricultural sciences and natural resources",
)
BIOLOGY: Final = (
    "Biological/biomedical sciences",
    "Biological, biomedical sciences",
    "Biological and biomedical sciences",
)
GEOSCIENCES: Final = (
    "Earth, atmospheric, and marine sciences",
    "Earth, atmospheric, and ocean sciences",
    "Geosciences",
    "Geosciences, atmospheric, and ocean sciences",
)


@dataclass(frozen=True)
class Recipe:
    """A leaf made of published fields: the sum of `plus` less the sum of `minus`."""

    leaf: str
    cohorts: tuple[int, ...]
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


LIFE: Final = (*AGRICULTURE, *BIOLOGY)
RECIPES: Final = (
    Recipe("life_sciences", (2009, 2010, 2012, *range(2017, 2024)), LIFE),
    # 2011 prints no agricultural sciences
    Recipe("life_sciences", (2011,), ("Life sciences",), ("Health sciences",)),
    Recipe(
        "physical_sciences",
        (2009, 2010, 2011, 2012),
        ("Chemistry", "Physics and astronomy", *GEOSCIENCES),
    ),
    Recipe("physical_sciences", (2021, 2022, 2023), ("Physical sciences", *GEOSCIENCES)),
    Recipe("social_sciences", (2021, 2022, 2023), ("Psychology", "Social sciences")),
    Recipe(
        "non_science",  # no row for other fields than education and humanities before 2021
        (2009, 2010, 2011, 2012),
        ("All fields",),
        ("Life sciences", "Physical sciences", "Social sciences", "Engineering"),
    ),
    Recipe(
        "non_science",
        (2017, 2018, 2019, 2020),
        ("All fields",),
        (
            "Life sciences",
            "Physical sciences and earth sciences",
            "Mathematics and computer sciences",
            "Psychology and social sciences",
            "Engineering",
        ),
    ),
)


def taxonomy(cohort: int) -> int:
    """First cohort of the field taxonomy in force."""
    return max(first for first in DIRECT if first <= cohort)


def by_field(row: pd.Series) -> tuple[str, str]:
    """Leaf and reason of a row of the commitment tables by field."""
    cohort, field = int(row["cohort_start"]), row["field_as_published"]
    if row["measure"] != "definite_conditional":
        return "", words.SECOND
    first = taxonomy(cohort)
    if field in DIRECT[first]:
        return DIRECT[first][field], ""
    if field in TOTALS[first]:
        return "", words.TOTAL
    pooled = any(field in r.plus for r in RECIPES if cohort in r.cohorts)
    return "", words.POOLED if pooled else words.PART


def window(row: pd.Series) -> tuple[str, str]:
    """Field and reason of a row of the four-year windows."""
    if row["measure"] != "intention":
        return "", words.SECOND
    field = WINDOW_FIELDS.get(row["field_as_published"], "")
    reason = WINDOW_EDITIONS.get(row["source"], "" if field else words.TOTAL)
    return field, reason


def digest(row: pd.Series) -> tuple[str, str]:
    """Field and reason of a row of the digest figure."""
    if row["cohort_start"] >= FIRST_TABLE:
        return "", words.COVERED
    if row["field_as_published"] == "All fields":
        return "", words.TOTAL
    field = DIGEST_FIELDS.get(row["field_as_published"], "")
    return field, "" if field else words.PART_NO_N


def classify(row: pd.Series) -> tuple[str, str]:
    """Field and reason of any raw row; the reason is empty when the row is used."""
    series = row["raw_series"]
    if series == ANNUAL:
        return "ALL", ""
    if series == WINDOWS:
        return window(row)
    if series == DIGEST:
        return digest(row)
    if series in BY_FIELD:
        return by_field(row)
    return "", words.TEXT if series == "text_fact" else words.SELECTED


def rounding_of(row: pd.Series) -> float:
    """Width of the interval that a printed rate stands for."""
    counted = not np.isnan(row["n_stay"])
    fine = row["raw_series"] == DIGEST and row["source"] == "SED2009"  # four digits
    if counted or fine:
        return 0.0001
    # sum of two rounded percentages (employment and study)
    return 0.0014 if row["raw_series"] == BY_FIELD[1] else 0.001


def note_of(row: pd.Series) -> str:
    """Say of a row what differs from the other rows of its series."""
    parts = [part.strip() for part in row["raw_notes"].split(";")]
    kept = [p for p in parts if p.startswith(("other vintages", "China", "SED20", "includes"))]
    if row["raw_series"] == BY_FIELD[1]:
        kept.append("sum of two printed percentages, employment and study")
    return "; ".join(kept)


def intention_rows() -> pd.DataFrame:
    """All raw intentions in the columns of the observation table, each with its `reason`."""
    raw = read_raw("intentions").rename(
        columns={"series": "raw_series", "source_id": "source", "notes": "raw_notes"}
    )
    for name in ("cohort_start", "cohort_end", "rate", "n_stay"):
        raw[name] = numbers(raw[name])
    raw["n"] = numbers(raw["n_base"])
    pairs = [classify(row) for _, row in raw.iterrows()]
    raw["field"], raw["reason"] = zip(*pairs, strict=True)
    for place, name in enumerate(("series", "definition", "population")):
        labels = {series: values[place] for series, values in SERIES.items()}
        raw[name] = raw["raw_series"].map(labels).fillna(raw["raw_series"])
    annual = raw["raw_series"] != WINDOWS
    edition = raw["source"].map(published_by_source())
    raw["published"] = edition.where(~annual, raw["cohort_end"] + 1)
    raw["n_kind"] = np.where(raw["n"].isna(), "none", "census")
    raw["rounding"] = raw.apply(rounding_of, axis=1)
    raw["notes"] = raw.apply(note_of, axis=1)
    return raw.assign(years_since=0.0, observed_year=np.nan)


def combine(recipe: Recipe, cohort: int, rows: pd.DataFrame) -> pd.Series:
    """Build one leaf of one cohort from the published fields of the recipe."""
    plus = rows[rows["field_as_published"].isin(recipe.plus)]
    minus = rows[rows["field_as_published"].isin(recipe.minus)]
    parts = pd.concat([plus, minus])
    sign = np.repeat([1.0, -1.0], [len(plus), len(minus)])
    n, rate = parts["n"].to_numpy(), parts["rate"].to_numpy()
    stay = parts["n_stay"].fillna(parts["n"] * parts["rate"]).to_numpy()
    total = float(sign @ n)
    row = plus.iloc[0].copy()
    row["field"], row["n"] = recipe.leaf, total
    row["rate"] = round(float(sign @ stay) / total, 4)
    counted = bool(parts["n_stay"].notna().all())
    spread = float(np.hypot.reduce(n * parts["rounding"].to_numpy())) / total
    row["rounding"] = 0.0001 if counted else round(spread, 4)
    names = " + ".join(plus["field_as_published"])
    less = "".join(f" - {name}" for name in minus["field_as_published"])
    row["notes"] = f"pooled from published parts: {names}{less}"
    assert len(rate), f"no part of {recipe.leaf} in {cohort}"
    return row


def commitment_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Leaves of the commitment tables that are pooled from published fields."""
    source = table[
        table["raw_series"].isin(BY_FIELD) & (table["measure"] == "definite_conditional")
    ]
    rows = [
        combine(recipe, cohort, source[source["cohort_start"] == cohort])
        for recipe in RECIPES
        for cohort in recipe.cohorts
    ]
    return pd.DataFrame(rows).assign(reason="")
