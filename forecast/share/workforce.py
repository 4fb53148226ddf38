"""The rules of the workforce table against a study, and the sets that its shares form."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecast.evidence.findings import FIRST_LINE
from forecast.study import ShareSpec

ROUNDING = 0.0051  # a share printed as a whole percent may be half a percent off


def workforce_faults(evidence: pd.DataFrame, spec: ShareSpec) -> list[str]:
    """Return every row of a workforce table that does not fit the study, one sentence each.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> row = {"quantity": "share", "series": "a", "group": "MARS", "year": 2022.0}
    >>> table = pd.DataFrame([row | {"year_from": None, "value": 0.4, "n": 90.0}])
    >>> workforce_faults(table, load_study("china_ai_2030").share)
    ["line 2: group is one of CHN, IND, OTH, USA; got 'MARS'. Mend the label."]
    """
    faults = []
    for i, (_, row) in enumerate(evidence.iterrows()):
        faults += [f"line {i + FIRST_LINE}: {fault}" for fault in _row_faults(row, spec)]
    return faults or list(_set_faults(evidence, spec))


def share_sets(evidence: pd.DataFrame, spec: ShareSpec) -> Iterator[pd.DataFrame]:
    """Split the share rows into sets: one a series and year, groups in the order of the study."""
    rows = evidence[evidence["quantity"].eq("share")]
    order = {name: i for i, name in enumerate(spec.groups)}
    for _, one in rows.groupby(["series", "year"], sort=True):
        yield one.sort_values("group", key=lambda column: column.map(order))


def is_whole(one: pd.DataFrame, spec: ShareSpec) -> bool:
    """Say whether a set of shares lists all groups, so that nothing remains."""
    return len(one) == len(spec.groups)


def _row_faults(row: pd.Series, spec: ShareSpec) -> Iterator[str]:
    year, group, quantity = row["year"], row["group"], row["quantity"]
    if group not in spec.groups:
        known = ", ".join(spec.groups)
        yield f"group is one of {known}; got {group!r}. Mend the label."
        return
    if not 0 < row["value"] < 1:
        advice = "Write (value (n - 1) + 0.5) / n for none or all."
        yield f"value lies between 0 and 1, both left out; got {row['value']:g}. {advice}"
    if not row["n"] > 1:
        yield f"n is above 1; got {row['n']:g}. Leave the row out."
    if quantity == "share" and not spec.start <= year <= spec.until:
        yield f"a share is of {spec.start} to {spec.until}; got {year:g}. Move share.start."
    if quantity == "survival" and not row["year_from"] < year:
        yield f"survival has year_from before year; got {row['year_from']:g}. Give both."
    if quantity == "stay" and spec.groups[group].domestic:
        yield f"a stay rate is of a foreign group; got {group!r}. Leave the row out."


def _set_faults(evidence: pd.DataFrame, spec: ShareSpec) -> Iterator[str]:
    series = sorted(set(evidence.loc[evidence["quantity"].eq("share"), "series"]))
    if series and spec.basis is not None and spec.basis not in series:
        known = ", ".join(series)
        yield f"share.basis is a series of shares, {known}; got {spec.basis!r}. Name one of them."
    for one in share_sets(evidence, spec):
        series, year = one["series"].iloc[0], int(one["year"].iloc[0])
        total, slack = float(one["value"].sum()), ROUNDING * len(one)
        name = f"shares of {series} in {year}"
        if one["group"].duplicated().any():
            yield f"{name} list each group once; got one twice. Keep one."
        elif is_whole(one, spec) and not np.isclose(total, 1.0, rtol=0, atol=slack):
            yield f"{name} list all groups and sum to 1; got {total:g}. Mend a value."
        elif not is_whole(one, spec) and total >= 1.0:
            yield f"{name} leave a part for the groups not listed; got {total:g}. List them."
        elif one["n"].min() < one["n"].max():
            yield f"{name} have one n; got {sorted(one['n'])}. They count the same people."
