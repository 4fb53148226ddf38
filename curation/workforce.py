"""Who works where: the share evidence that is used or derived, and the rest with its reasons."""

from dataclasses import dataclass
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
DERIVED: Final = "enters the derived rows of series carnegie_sample"
EARLY: Final = "of 2018, before the first year of the study (2019); basis of origin not stated"
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

#: Part of the authors in China with a Chinese first degree. Not printed; the path China to China
#: to China alone (3,619 of some 4,180 authors in China in 2025) is 87 %.
AT_HOME: Final = 0.95
#: Part of the authors of Chinese origin outside China who work in the United States. With AT_HOME
#: the MacroPolo shares give 0.86 (2019) and 0.78 (2022).
IN_US: Final = 0.80
#: Standard deviation of IN_US in one year: two years that differ by 0.08, so 0.08 / sqrt(2), as
#: much as can be told from one pair. AT_HOME is fixed in that pair, so its drift is in it.
IN_US_DRIFT: Final = 0.06
#: Median of the study's design effect, by which its likelihood divides every n.
DESIGN_EFFECT: Final = 2.5
#: Authors in the two samples of CARNEGIE_2026. Neither size is printed: the net loss of 1,729
#: authors in 2025 is 57.4 less 40.6 % of the sample; for 2022 the size of MACROPOLO_2 is taken, the
#: only one printed of that year.
AUTHORS: Final = {
    2022: (867, "as in MACROPOLO_2: the size is not printed"),
    2025: (10_300, "implied by the net loss of 1,729"),
}
PLACE: Final = "headline of the briefing of 2026-09-23, and posts that quote the report"


@dataclass(frozen=True)
class SampleShares:
    """Parts of all authors of a sample: Chinese first degree, at work in China, in the US."""

    chinese: float
    in_china: float
    in_us: float

    def derived_share(self) -> float:
        r"""Share of Chinese first degrees in the US: :math:`s = k (C - z W_c) / W_u`."""
        return IN_US * self.abroad_to_us()

    def abroad_to_us(self) -> float:
        r"""Chinese-origin authors outside China for each author in the US, :math:`r = s / k`."""
        return (self.chinese - AT_HOME * self.in_china) / self.in_us

    def variance_per_author(self) -> float:
        r"""Variance of s in a simple random sample of one author, to first order.

        An author adds :math:`(k / W_u) (c - z w_c - r w_u)` to the error of s, with indicators c,
        :math:`w_c` and :math:`w_u`. The parts that are of Chinese origin in China and in the US are
        :math:`z W_c` and :math:`s W_u`, so the square has the mean
        :math:`(k / W_u)^2 (C - z^2 W_c + (1 - 2 k) r^2 W_u)`.
        """
        r = self.abroad_to_us()
        square = self.chinese - AT_HOME**2 * self.in_china + (1 - 2 * IN_US) * r**2 * self.in_us
        return (IN_US / self.in_us) ** 2 * square

    def equivalent_n(self, authors: float) -> float:
        r"""Size n that a likelihood of :math:`n / d` takes for the variance of the derived share.

        With authors that come in papers and a drift of k the variance is
        :math:`V = d v / m + (\sigma_k r)^2`, and :math:`n = d s (1 - s) / V`.
        """
        s, d = self.derived_share(), DESIGN_EFFECT
        sampling = d * self.variance_per_author() / authors
        drift = (IN_US_DRIFT * self.abroad_to_us()) ** 2
        return d * s * (1 - s) / (sampling + drift)


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
    source, cell = row["source_id"], (row["source_id"], row["location"], row["share"])
    tracker = source.startswith("MACROPOLO")
    rules = (
        (source == "CARNEGIE_2026", DERIVED),
        (source == "MACROPOLO_2018", EARLY),
        (source == "ECONOMIST_NEURIPS", RETELLING),
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


def sample_shares(raw: pd.DataFrame, source: str, year: int) -> SampleShares:
    """Read the printed parts of all sampled authors of a tracker in one year."""
    rows = raw[(raw["source_id"] == source) & (raw["year"] == str(year))]
    rows = rows[rows["population"].str.endswith("all sampled authors")]
    printed = rows.set_index(["location", "origin"])["share"].astype(float)
    places = (("WLD", "CHN"), ("CHN", "ALL"), ("USA", "ALL"))
    return SampleShares(*(float(printed[place]) for place in places))


def derivation(shares: SampleShares, year: int) -> str:
    """Note of a derived row: the formulas of value and n with their numbers."""
    authors, whence = AUTHORS[year]
    return (
        f"derived, not printed: s = k (C - z W) / U from three printed shares of all authors,"
        f" C = {shares.chinese} of Chinese first degree, W = {shares.in_china} at work in China,"
        f" U = {shares.in_us} in the US, with z = {AT_HOME} of those in China and k = {IN_US} of"
        f" the Chinese-origin authors elsewhere assumed; only the change from 2022 to 2025 counts."
        f" n = d s (1 - s) / (d v / m + ({IN_US_DRIFT} s / k)^2) with design effect"
        f" d = {DESIGN_EFFECT}, variance of one author v = {shares.variance_per_author():.3f}"
        f" and m = {authors} ({whence})"
    )


def derived_row(raw: pd.DataFrame, year: int, published: dict[str, float]) -> dict[str, object]:
    """One share that follows from printed ones, in the columns of the evidence table."""
    source = "CARNEGIE_2026"
    shares = sample_shares(raw, source, year)
    return {
        "source": source,
        "series": "carnegie_sample",
        "quantity": "share",
        "group": "CHN",
        "year": year,
        "year_from": None,
        "value": round(shares.derived_share(), 3),
        "n": float(round(shares.equivalent_n(AUTHORS[year][0]))),
        "n_published": "false",
        "basis": "first degree",
        "published": published[source],
        "location": PLACE,
        "url": raw.loc[raw["source_id"] == source, "url"].iloc[0],
        "notes": derivation(shares, year),
    }


def workforce_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Build the share evidence, and the shares left out with their reasons."""
    raw = read_raw("shares")
    raw["quantity_used"] = raw.apply(quantity_of, axis=1)
    used = raw[raw["quantity_used"] != ""]
    published = published_by_source()
    rows = [evidence_row(row, published) for _, row in used.iterrows()]
    rows += [derived_row(raw, year, published) for year in AUTHORS]
    order = ["quantity", "series", "year", "group"]
    table = pd.DataFrame(rows).sort_values(order, ignore_index=True)
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
