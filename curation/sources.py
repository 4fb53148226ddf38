"""The list of sources: one row a publication, with the year in which it was first public."""

import re
from typing import Final

import pandas as pd

from curation.tables import clean, read_raw

#: Notes that are written anew, because the raw note speaks of the making of the raw tables.
NOTES: Final = {
    "SEI2022_SLBR-37": "third-party CSV copy; 15 misaligned row labels in two panels left out",
    "SED2015_NSF17306": "figure D, stay rates by sex page",
    "NSF_NR14-169": "text of the news release",
    "NSF99304": "only an aggregate sentence is available",
    "NCSES_BUILDER_20210403": "a cross-check only",
    "NCSES_BONUS": "observed stay rates and intention by residence",
    "TALENTMON_FIG602": "secondary compilation (commit 4220858); 10-year totals",
    "TALENTMON_FIG609": "secondary compilation (commit 4220858); stay rates by field",
    "SEI2020_T2-4": "cumulative counts by origin and field",
    "SEI2022_HED-5": "cumulative counts by origin and field",
    "CRA_BIZOT2013": "",
}
SED_NOTES: Final = {
    "20(09|10|11|12)": "spreadsheets of the edition; printed in the year after the data year",
    "20(17|18|19|20|21|22|23)": "third-party CSV copy; printed in the year after the data year",
}


def is_sed_edition(source: str) -> bool:
    """Tell whether a source is an annual edition of the Survey of Earned Doctorates."""
    return re.fullmatch(r"SED\d{4}", source) is not None


def published_year(source: str, year: str, date: str) -> float:
    """Year in which a source was public: an SED edition comes out the year after its data."""
    if year:
        return float(year) + is_sed_edition(source)
    years = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", date)
    return float(max(years)) if years else float("nan")  # a series is complete in its last year


def note_of(source: str, note: str) -> str:
    """Note on a source, without what concerns the making of the raw tables."""
    for pattern, text in SED_NOTES.items():
        if re.fullmatch(f"SED{pattern}", source):
            return text
    return NOTES.get(source, clean(note))


def sources_table() -> pd.DataFrame:
    """One row a source: source, title, publisher, published, url, grade, topic, notes."""
    raw = read_raw("sources")
    publisher = raw["publisher"].where(raw["publisher"] != "", raw["author_or_publisher"])
    cells = zip(raw["source_id"], raw["year"], raw["date"], strict=True)
    notes = zip(raw["source_id"], raw["notes"], strict=True)
    return pd.DataFrame(
        {
            "source": raw["source_id"],
            "title": raw["title"],
            "publisher": publisher,
            "published": [published_year(*cell) for cell in cells],
            "url": raw["url"],
            "grade": raw["grade"],
            "topic": raw["topic"],
            "notes": [note_of(*cell) for cell in notes],
        }
    )


def published_by_source() -> dict[str, float]:
    """Publication year by source."""
    table = sources_table()
    return dict(zip(table["source"], table["published"], strict=True))
