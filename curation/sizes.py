"""Doctorates by origin, field and year: weights that meet the published margins."""

from typing import Final

import numpy as np
import pandas as pd

from curation.tables import numbers, read_raw
from curation.vocabulary import LEAVES, ORIGINS, REMAINDER

YEARS: Final = range(1985, 2024)
ROWS: Final = (*ORIGINS, REMAINDER)

# Published names of a field, best first: (field code, published name) as in the raw table.
TOTAL: Final = (("all_fields", "All fields"),)
NAMES: Final = {
    "computer_science": (("computer_science", "Computer and information sciences"),),
    "mathematics": (
        ("mathematics", "Mathematics and statistics"),
        ("mathematics", "Mathematics"),  # the whole field to 2012, a part of it from 2013
    ),
    "computer_mathematics": (("other", "Mathematics and computer sciences"),),
    "engineering": (("engineering", "Engineering"),),
    "agriculture": (("agricultural_sciences", "Agricultural sciences and natural resources"),),
    "biology": (
        ("life_sciences", "Biological and biomedical sciences"),
        ("life_sciences", "Biological, biomedical sciences"),
    ),
    "health": (("health", "Health sciences"),),
    "life_health": (("other", "Life sciences"),),
    "physical": (("physical_sciences", "Physical sciences"),),
    "geosciences": (("earth_sciences", "Geosciences, atmospheric, and ocean sciences"),),
    "physical_sciences": (("other", "Physical sciences and earth sciences"),),
    "psychology": (("psychology", "Psychology"),),
    "social": (("social_sciences", "Social sciences"),),
    "social_sciences": (("other", "Psychology and social sciences"),),
}
#: Leaves of the cumulative origin by field tables.
WINDOW_LEAVES: Final = {
    "computer_science": "computer_science",
    "mathematics": "mathematics",
    "engineering": "engineering",
    "life_sciences": "life_sciences",  # biological sciences
    "agricultural_sciences": "life_sciences",
    "health": "health",
    "physical_sciences": "physical_sciences",
    "earth_sciences": "physical_sciences",
    "social_sciences": "social_sciences",
    "psychology": "social_sciences",
    "other": "non_science",
}
WINDOW: Final = "SEI2022_HED-5"  # 2001-20, top 25 origins
OLDER_WINDOW: Final = "SEI2020_T2-4"  # 2000-17, for an origin that left the top 25 (Spain)
TOLERANCE: Final = 1e-9


def published(visa: str) -> dict[str, pd.Series]:
    """Read the published counts of all origins, a series over years by name of a field."""
    raw = read_raw("doctorates")
    raw = raw[(raw["origin"] == "ALL") & (raw["visa_status"] == visa)]
    counts = raw.assign(year=raw["year"].astype(int), n=numbers(raw["n"]))
    counts = counts[counts["year"].isin(YEARS)]
    table = {}
    for name, choices in {**NAMES, "total": TOTAL}.items():
        series = pd.Series(np.nan, index=pd.Index(YEARS, name="year"))
        for code, label in choices:
            rows = counts[(counts["field"] == code) & (counts["field_as_published"] == label)]
            series = series.fillna(rows.drop_duplicates("year").set_index("year")["n"])
        table[name] = series
    return table


def split(part: pd.Series, other: pd.Series, whole: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Split a whole in two: as published, else by the linearly interpolated share."""
    share = part / (part + other)
    known = share.dropna()
    guess = np.interp(share.index, known.index, known.to_numpy())
    whole = (part + other).fillna(whole)
    first = part.where(share.notna(), whole * guess)
    return first, whole - first


def field_counts(visa: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Doctorates by year and leaf, and whether each stands (or follows) from published counts."""
    p = published(visa)
    life = p["agriculture"] + p["biology"]
    health, life_rest = split(p["health"], life, p["life_health"])
    computing, mathematics = split(
        p["computer_science"], p["mathematics"], p["computer_mathematics"]
    )
    counts = pd.DataFrame(
        {
            "computer_science": computing,
            "mathematics": mathematics,
            "engineering": p["engineering"],
            "life_sciences": life_rest,
            "health": health,
            "physical_sciences": (p["physical"] + p["geosciences"]).fillna(p["physical_sciences"]),
            "social_sciences": (p["psychology"] + p["social"]).fillna(p["social_sciences"]),
        }
    )
    counts["non_science"] = p["total"] - counts.sum(axis=1)
    direct = pd.DataFrame(True, index=counts.index, columns=counts.columns)
    direct["computer_science"] = direct["mathematics"] = (
        p["computer_science"] + p["mathematics"]
    ).notna()
    direct["health"] = direct["life_sciences"] = (p["health"] + life).notna()
    return counts[list(LEAVES)], direct[list(LEAVES)]


def origin_counts(total: pd.Series) -> pd.DataFrame:
    """Temporary-visa doctorates of all fields by year and origin, remainder included.

    Published from 2003; for ten origins from 2000. Between published years an origin is
    interpolated; before 2003 the others share what is left as in 2003, before 2000 all as in 2000.
    """
    raw = read_raw("doctorates")
    raw = raw[(raw["visa_status"] == "temporary") & (raw["field"] == "all_fields")]
    raw = raw[raw["origin"].isin(ORIGINS)].assign(year=raw["year"].astype(int), n=numbers(raw["n"]))
    counts = raw.pivot_table(index="year", columns="origin", values="n", aggfunc="last")
    counts = counts.reindex(index=YEARS, columns=list(ORIGINS))
    counts = counts.interpolate(method="index", limit_area="inside")
    counts[REMAINDER] = total - counts.sum(axis=1, min_count=len(ORIGINS))
    for year in (2002, 2001, 2000):
        known = counts.loc[year].dropna()
        rest = counts.loc[2003].drop(known.index)
        counts.loc[year, rest.index] = rest / rest.sum() * (total[year] - known.sum())
    for year in range(YEARS[0], 2000):
        counts.loc[year] = counts.loc[2000] / total[2000] * total[year]
    return counts


def window_table(source: str) -> pd.DataFrame:
    """Cumulative doctorates by origin and leaf of one edition; unprinted cells share the rest."""
    raw = read_raw("doctorates_windows")
    raw = raw[raw["source_id"] == source].assign(n=numbers(raw["n"]))
    parts = raw.pivot_table(index="origin", columns="field", values="n", aggfunc="sum")
    gap = parts["all_fields"] - parts[list(WINDOW_LEAVES)].sum(axis=1)
    blank = parts[list(WINDOW_LEAVES)].isna()
    fill = gap / blank.sum(axis=1).where(lambda k: k > 0)
    filled = parts[list(WINDOW_LEAVES)].apply(lambda column: column.fillna(fill))
    leaves: pd.DataFrame = filled.T.groupby(WINDOW_LEAVES).sum().T[list(LEAVES)]
    return leaves


def seed_table() -> pd.DataFrame:
    """Field mix by origin: the cumulative tables, and the remainder's mix where none is printed."""
    new, old = window_table(WINDOW), window_table(OLDER_WINDOW)
    listed = pd.concat([new, old.drop(index=new.index, errors="ignore")])
    listed = listed[listed.index.isin(ORIGINS)]
    rest = new.loc["ALL"] - listed.sum()
    seed: pd.DataFrame = listed.reindex(list(ROWS)).fillna(rest)
    return seed


def fit_margins(seed: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Fit the margins iteratively: the table nearest to `seed` that has them.

    Reference: Deming and Stephan (1940), doi 10.1214/aoms/1177731829.
    """
    table = seed.copy()
    for _ in range(1000):
        table *= (rows / table.sum(axis=1))[:, None]
        table *= columns / table.sum(axis=0)
        if np.abs(table.sum(axis=1) - rows).max() < TOLERANCE:
            break
    return table


def sizes_table() -> pd.DataFrame:
    """Temporary-visa doctorates by year, origin and leaf."""
    fields, _ = field_counts("temporary")
    origins = origin_counts(fields.sum(axis=1))[list(ROWS)]
    seed = seed_table().to_numpy()
    frames = []
    for year in YEARS:
        cells = fit_margins(seed, origins.loc[year].to_numpy(), fields.loc[year].to_numpy())
        frame = pd.DataFrame(cells.round(1), index=list(ROWS), columns=list(LEAVES))
        long = frame.rename_axis("origin").reset_index().melt("origin", var_name="field")
        frames.append(long.assign(year=year).rename(columns={"value": "n"}))
    table = pd.concat(frames)[["year", "origin", "field", "n"]]
    return table.sort_values(["year", "origin", "field"], ignore_index=True)


def domestic_table() -> pd.DataFrame:
    """Doctorates of citizens and permanent residents by year and leaf."""
    counts, direct = field_counts("citizen_or_permanent")
    table = counts.rename_axis("year").reset_index().melt("year", var_name="field", value_name="n")
    flags = direct.reset_index(drop=True).melt()["value"]
    table["n"] = table["n"].round(1)
    table["method"] = np.where(flags, "published", "interpolated")
    return table.sort_values(["year", "field"], ignore_index=True)
