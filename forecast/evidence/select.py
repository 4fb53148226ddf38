"""Choose the rows a study reads, and replace totals so that nobody counts twice."""

import numpy as np
import pandas as pd

from forecast.evidence.schema import KEY, TIME
from forecast.study.schema import EvidenceSpec

FAMILY = (  # what a total and its parts agree in
    *(column for column in (*KEY, *TIME) if column != "origin"),
    *("n_kind", "population", "series"),
)
SMALL = 0.02  # a remainder below this part of its total is rounding noise
REPLACED = "a total, replaced by the remainder of its listed parts"
COMPLETE = "a total of parts that are used themselves"
CONTRADICTED = "a total that its listed parts contradict"


def select(table: pd.DataFrame, spec: EvidenceSpec) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a checked observation table into the rows that a study reads and the rest.

    A total with ``n`` whose parts are listed is replaced by the remainder that the parts leave,
    ``n_r = n - sum n_i`` and ``rate_r = (n rate - sum n_i rate_i) / n_r``, seen by all origins of
    the study that are not listed; a total without ``n`` stays. The first table gains ``origins``
    and ``fields`` (tuples of labels of the study) and ``derived``; the second gains ``reason``.
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
    stranger = "its origin is no label of this study"
    if spec.rest is not None:
        stranger += " (the rest holds it)"
    tests = {
        stranger: ~table["origin"].isin([*spec.all_origins, "ALL"]),
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
    key = [column for column in FAMILY if column in rows]
    reasons, remainders = {}, []
    for _, family in rows[rows["n"].notna()].groupby(key, dropna=False, sort=False):
        total, parts = family[family["origin"].eq("ALL")], family[family["origin"].ne("ALL")]
        if len(total) == 1 and len(parts):
            reason, left = _remainder(total.iloc[0], parts, spec)
            reasons[total.index[0]] = reason
            remainders += left
    dropped = rows.loc[list(reasons)].drop(columns=["origins", "fields", "derived"])
    kept = [rows.drop(index=list(reasons))]
    if remainders:
        kept.append(pd.DataFrame(remainders).astype(rows.dtypes))
    return pd.concat(kept), dropped.assign(reason=list(reasons.values()))


def _remainder(
    total: pd.Series, parts: pd.DataFrame, spec: EvidenceSpec
) -> tuple[str, list[pd.Series]]:
    """Return why a total goes, and the row that it leaves when its parts are taken away, if any.

    Its rounding step is that of the rate it is computed from; its ``se`` is the largest that the
    total's allows, as if the parts were known exactly.
    """
    listed = set(parts["origin"])
    others = tuple(o for o in spec.all_origins if o not in listed)
    n = total["n"] - parts["n"].sum()
    if not others or abs(n) <= SMALL * total["n"]:
        return COMPLETE, []
    rate = (total["n"] * total["rate"] - (parts["n"] * parts["rate"]).sum()) / n
    if n < 0 or not 0 <= rate <= 1:
        return CONTRADICTED, []
    row = total.copy()
    steps = np.append(parts["rounding"] * parts["n"], total["rounding"] * total["n"])
    row["origin"] = "ALL except " + " ".join(sorted(listed))
    row["origins"], row["n"], row["rate"] = others, n, rate
    row["rounding"], row["se"] = np.sqrt(np.nansum(steps**2)) / n, total["se"] * total["n"] / n
    row["derived"] = True
    return REPLACED, [row]
