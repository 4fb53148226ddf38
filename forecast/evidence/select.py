"""Choose the rows a study reads, and replace totals so that nobody counts twice."""

import numpy as np
import pandas as pd

from forecast.evidence.schema import KEY, TIME
from forecast.study.schema import EvidenceSpec

SMALL = 0.02  # a remainder below this part of its total is rounding noise


def select(table: pd.DataFrame, spec: EvidenceSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a checked observation table into the rows that a study reads and the rest.

    A total with ``n`` whose parts are listed is replaced by the remainder that the parts leave,
    ``n_r = n - sum n_i`` and ``rate_r = (n rate - sum n_i rate_i) / n_r``, seen by all origins of
    the study that are not listed. The first table gains ``origins`` and ``fields`` (tuples of
    labels of the study) and ``derived``; the second gains ``reason``.
    """
    reason = _reasons(table, spec)
    kept = table[reason.eq("")].copy()
    out = table[reason.ne("")].assign(reason=reason[reason.ne("")])
    kept["origins"] = [_origins(label, spec) for label in kept["origin"]]
    kept["fields"] = [spec.field_sets[label] for label in kept["field"]]
    kept["derived"] = False
    kept, dropped = _without_totals(kept, spec)
    return kept.sort_index(), pd.concat([out, dropped]).sort_index()


def _origins(label: str, spec: EvidenceSpec) -> tuple[str, ...]:
    return spec.all_origins if label == "ALL" else (label,)


def _reasons(table: pd.DataFrame, spec: EvidenceSpec) -> pd.Series:
    """Return for each row why the study cannot read it, or an empty text."""
    first, last = spec.cohorts
    tests = {
        "its origin is no label of this study (the rest holds it)": ~table["origin"].isin(
            [*spec.origins, "ALL"]
        ),
        "its field is no label or group of this study": ~table["field"].isin(list(spec.field_sets)),
        "its cohorts lie outside this study": table["cohort_start"].lt(first)
        | table["cohort_end"].gt(last),
    }
    reason = pd.Series("", index=table.index, dtype=object)
    for text, holds in tests.items():
        reason = reason.mask(reason.eq("") & holds, text)
    return reason


def _without_totals(rows: pd.DataFrame, spec: EvidenceSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Replace each total by what its listed parts leave over."""
    key = [c for c in (*KEY, *TIME, "n_kind", "series") if c in rows and c != "origin"]
    counted = rows[rows["n"].notna()]
    keep, dropped = rows.copy(), []
    for _, family in counted.groupby(key, dropna=False, sort=False):
        total = family[family["origin"].eq("ALL")]
        parts = family[family["origin"].ne("ALL")]
        if len(total) != 1 or parts.empty:
            continue
        label = total.index[0]
        remainder = _remainder(total.iloc[0], parts, spec)
        keep = keep.drop(index=label)
        if remainder is None:
            gone = "a total of parts that are used themselves"
        else:
            gone = "a total, replaced by the remainder of its listed parts"
            keep.loc[label] = remainder
        dropped.append(total.drop(columns=["origins", "fields", "derived"]).assign(reason=gone))
    return keep, pd.concat(dropped) if dropped else rows.iloc[:0].assign(reason="")


def _remainder(total: pd.Series, parts: pd.DataFrame, spec: EvidenceSpec) -> pd.Series | None:
    """Return the row that a total leaves when its parts are taken away, or None."""
    listed = set(parts["origin"])
    others = tuple(o for o in spec.all_origins if o not in listed)
    n = total["n"] - parts["n"].sum()
    if not others or n <= SMALL * total["n"]:
        return None
    rate = (total["n"] * total["rate"] - (parts["n"] * parts["rate"]).sum()) / n
    if not 0 <= rate <= 1:
        return None
    row = total.copy()
    steps = np.append(parts["rounding"] * parts["n"], total["rounding"] * total["n"])
    row["origin"] = "ALL except " + " ".join(sorted(listed))
    row["origins"], row["n"], row["rate"] = others, n, rate
    row["rounding"], row["derived"] = float(np.sqrt(np.nansum(steps**2)) / n), True
    return row
