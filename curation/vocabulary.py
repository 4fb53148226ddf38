"""The words of the curated tables: fields, groups of fields, origins, reasons of exclusion."""

from typing import Final

LEAVES: Final = (
    "computer_science",
    "mathematics",
    "engineering",
    "life_sciences",
    "health",
    "physical_sciences",
    "social_sciences",
    "non_science",
)

#: A published field that is wider than a leaf, and the leaves it stands for.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "computer_mathematics": ("computer_science", "mathematics"),
    "life_health": ("life_sciences", "health"),
    "physical_broad": ("computer_science", "mathematics", "physical_sciences"),
    "all_se": LEAVES[:-1],
    "ALL": LEAVES,
}

#: The origins of the annual intention series, in ISO codes; all others are the remainder OTH.
ORIGINS: Final = (
    *("BGD", "BRA", "CAN", "CHN", "COL", "DEU", "EGY", "ESP", "FRA", "GBR", "GRC", "IND", "IRN"),
    *("ITA", "JOR", "JPN", "KOR", "MEX", "NGA", "NPL", "PAK", "SAU", "THA", "TUR", "TWN", "VNM"),
)
REMAINDER: Final = "OTH"

#: The columns of an observation table, in order.
OBSERVATION: Final = (
    *("source", "series", "definition", "origin", "field", "cohort_start", "cohort_end"),
    *("years_since", "observed_year", "rate", "n", "n_kind", "se", "rounding", "population"),
    *("published", "location", "url", "notes"),
)
#: The columns that tell one observation from another.
KEY: Final = (
    *("source", "series", "definition", "origin", "field"),
    *("cohort_start", "cohort_end", "years_since", "observed_year"),
)

# The reasons why a published figure is not a row of the observation table.
REGIONS: Final = "the label stands for different regions in different rows"
TOTAL: Final = "total of parts that are used"
TOTAL_NO_N: Final = "total whose parts are used, without a base to tell the remainder"
PART: Final = "part of a field that is used"
PART_NO_N: Final = "part of a field, without a base to pool it with the other parts"
POOLED: Final = "pooled with other rows of the table into one field"
VINTAGE: Final = "older vintage of a cell that is used"
OLD_EDITION: Final = "older edition of windows whose years overlap those used"
OVERLAP: Final = "window whose years overlap those used"
SECOND: Final = "second question to people who are already in the table"
COVERED: Final = "cohort covered by a table with bases"
SELECTED: Final = "selected-years total that overlaps the annual series"
TEXT: Final = "figure quoted in a text, overlapping the tables"
SAME_WAVE: Final = "same survey wave as an edition that is used"
SECONDARY: Final = "secondary pooled re-use of a survey wave that is used"
NO_COHORT: Final = "not a cohort of graduates"
GRAPH: Final = "read from a graph by a third party"
NO_VISA: Final = "branch of a field with an unstated visa base"
