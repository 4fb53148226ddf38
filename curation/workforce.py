"""Who works where: the share evidence that is used, and the rest with its reasons."""

from typing import Final

import pandas as pd

from curation.sources import published_by_source
from curation.tables import clean, numbers, read_raw

#: Bases of the shares that are not printed, with the reason of each number.
IMPLIED_N: Final = {
    ("MACROPOLO_1", "share"): (
        370.0,
        "n is implied: 100 authors of Chinese first degree at US institutions are 27 % of 370",
    ),
    ("MACROPOLO_2", "share"): (
        364.0,
        "n is implied: 42 % of 867 sampled authors worked in the US",
    ),
    ("MACROPOLO_1", "stay"): (
        100.0,
        "n is implied and rough: 29 % of 675 authors are 196 of Chinese first degree, 100 of them"
        " at US institutions, so at most 114 with a US doctorate",
    ),
}
LATER: Final = "; kept for later use"
CHAINED: Final = "restates 2022 on another sample, not to be chained to the earlier tracker" + LATER
WORKPLACE: Final = "share by workplace, not by origin"
COMPLEMENT: Final = "complement of a row that is used"
BASE: Final = "origin by surname, birth or citizenship, not by first degree"
WORLD: Final = "all authors or another place of work, not those who work in the US"
TIER: Final = "another tier of authors"
REGION: Final = "a region that is a part of the remainder"
RETELLING: Final = "low confidence: one retelling at third hand"
READ_OFF: Final = "read off a graphic"
PAIRS: Final = {("MACROPOLO_1", "CHN", "0.1"), ("CARNEGIE_2025", "CHN", "0.1")}
PAIRS_ELSEWHERE: Final = {("CARNEGIE_2025", "OTH", "0.03")}
GROUPS: Final = ("CHN", "IND", "USA")


def quantity_of(row: pd.Series) -> str:
    """Quantity of a raw share that is used; empty when it is not."""
    us_based = row["location"] == "USA" and row["origin_basis"] == "undergraduate"
    if not us_based or row["tier"] != "top20" or row["origin"] not in GROUPS:
        return ""
    if row["source_id"] == "CARNEGIE_2025":
        return "survival"
    if "working at US institutions" in row["population"]:
        return "share"
    return "stay" if row["source_id"] == "MACROPOLO_1" else ""


def reason_of(row: pd.Series) -> str:
    """Reason why a raw share is not used."""
    cell = (row["source_id"], row["location"], row["share"])
    tracker = row["source_id"].startswith("MACROPOLO")
    rules = (
        (row["source_id"] == "CARNEGIE_2026", CHAINED),
        (row["source_id"] == "ECONOMIST_NEURIPS", RETELLING),
        (cell in PAIRS | PAIRS_ELSEWHERE, COMPLEMENT),
        (row["quantity"] == "workplace_share", WORKPLACE + LATER * tracker),
        (row["origin_basis"] != "undergraduate", BASE),
        (row["quantity"] == "gradschool_share_within_origin", READ_OFF),
        (row["tier"] != "top20", TIER),
        (row["location"] == "WLD", WORLD),
        (row["origin"] == "EUR", REGION),
    )
    return next((reason for holds, reason in rules if holds), WORLD)


def evidence_row(row: pd.Series, published: dict[str, float]) -> dict[str, object]:
    """One used share in the columns of the evidence table."""
    source, quantity = row["source_id"], row["quantity_used"]
    printed = row["n"] != "" and quantity == "survival"
    n, why = (float(row["n"]), "") if printed else IMPLIED_N[source, quantity]
    year = int(row["year"])
    return {
        "source": source,
        "series": {"CARNEGIE_2025": "carnegie_follow_up"}.get(source, "macropolo_tracker"),
        "quantity": quantity,
        "group": row["origin"],
        "year": year,
        "year_from": 2019 if quantity == "survival" else None,
        "value": float(row["share"]),
        "n": n,
        "n_published": str(printed).lower(),
        "basis": "first degree",
        "published": published[source],
        "location": clean(row["location_in_source"]),
        "url": row["url"],
        "notes": why or "100 authors of the 2019 sample traced six years later",
    }


def workforce_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the share evidence, and the shares left out with their reasons."""
    raw = read_raw("shares")
    raw["quantity_used"] = raw.apply(quantity_of, axis=1)
    used = raw[raw["quantity_used"] != ""]
    published = published_by_source()
    rows = [evidence_row(row, published) for _, row in used.iterrows()]
    table = pd.DataFrame(rows).sort_values(["quantity", "year", "group"], ignore_index=True)
    rest = raw[raw["quantity_used"] == ""].copy()
    rest["value"], rest["n"] = numbers(rest["share"]), numbers(rest["n"])
    rest["reason"] = rest.apply(reason_of, axis=1)
    rest["notes"] = rest["notes"].map(clean)
    rest = rest.rename(
        columns={"source_id": "source", "origin_basis": "basis", "location": "work_location"}
    )
    columns = ["source", "population", "work_location", "origin", "basis", "year", "value", "n"]
    columns += ["tier", "quantity", "reason", "url", "notes"]
    keys = ["source", "quantity", "population", "year", "work_location", "origin"]
    return table, rest[columns].sort_values(keys, kind="stable", ignore_index=True)
