"""Facts about the criticism of the model: influence, predictive checks, residuals, variants."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecast.assess import Part
from forecast.assess.prior_words import number_named
from forecast.report.assessment_records import (
    CellFact,
    CriticismStory,
    HeadlineNumber,
    InfluenceFact,
    LooTotal,
    Made,
    PredictiveFact,
    ResidualStory,
    VariantFact,
)
from forecast.report.backtest_facts import ALL, origin_label
from forecast.report.estimate import Chance, Estimate
from forecast.report.evidence_facts import definition_label
from forecast.study import Study

BASE = "base"
FAR = 2.0  # standard deviations of a mean residual under a right model


def criticism_story(part: Part, study: Study, made: Made) -> CriticismStory:
    """Return what the report says of a criticism; a table that is not there says nothing."""
    empty = pd.DataFrame()
    names = ("left_out", "predictive", "residuals", "loo", "variants")
    influence, predictive, residuals, loo, variants = (
        part.tables.get(name, empty) for name in names
    )
    return CriticismStory(
        made=made,
        influence=tuple(_ordered(influence, study)),
        predictive=tuple(_predictive(predictive, study)),
        residuals=_residuals(residuals, study),
        loo=_total(loo),
        variants=tuple(_variants(variants)),
    )


def number_or_none(value: object) -> float | None:
    """Return a number of a table, None where the cell is empty."""
    found = float(str(value))
    return found if math.isfinite(found) else None


def deviations(table: pd.DataFrame) -> pd.Series:
    """Return mean residuals in standard deviations: of k normal scores it is one over root k."""
    return table["residual"] * np.sqrt(table["rows"])


def _ordered(table: pd.DataFrame, study: Study) -> list[InfluenceFact]:
    """Return the pieces: nothing left out first, then the most moving one; skipped ones last."""
    facts = list(_influence(table, study)) if len(table) else []
    return sorted(facts, key=lambda one: (one.kind != BASE, bool(one.skipped), -one.furthest))


def _influence(table: pd.DataFrame, study: Study) -> Iterator[InfluenceFact]:
    for key, rows in table.groupby(["piece", "left_out"], sort=False):
        kind, name = map(str, key)
        skipped = "".join(rows["skipped"].dropna().astype(str).head(1))
        numbers = () if skipped else tuple(_number(row, study) for _, row in rows.iterrows())
        label = _piece_label(kind, name, study)
        yield InfluenceFact(kind, label, int(rows["rows"].iloc[0]), numbers, skipped)


def _number(row: pd.Series, study: Study) -> HeadlineNumber:
    quantity, value, mcse = str(row["quantity"]), float(row["value"]), number_or_none(row["mcse"])
    rate = mcse is None
    lower, upper, prob = (float(row[name]) for name in ("lower", "upper", "prob"))
    return HeadlineNumber(
        quantity=quantity,
        label=number_named(quantity, study),
        estimate=Estimate(value, lower, upper, prob, str(row["kind"])) if rate else None,
        moved=number_or_none(row["change_in_sd"]) if rate else None,
        chance=None if mcse is None else Chance(value, mcse),
    )


def _piece_label(kind: str, name: str, study: Study) -> str:
    if kind == BASE:
        return "nothing"
    if kind == "definition":
        return definition_label(study, name)
    return name.replace("_", " ") if kind == "workforce" else name


def _predictive(table: pd.DataFrame, study: Study) -> Iterator[PredictiveFact]:
    if table.empty:
        return
    for name, rows in table.groupby("definition", sort=False):
        p = tuple((str(row["quantity"]), number_or_none(row["p"])) for _, row in rows.iterrows())
        label = "all together" if name == ALL else definition_label(study, str(name))
        yield PredictiveFact(label, int(rows["rows"].iloc[0]), p)


def _residuals(table: pd.DataFrame, study: Study) -> ResidualStory | None:
    """Return how many cells there are, and those far from zero, the furthest first."""
    if table.empty or "origin" not in table:
        return None
    size = deviations(table).abs()
    far = table[size.gt(FAR)].loc[size[size.gt(FAR)].sort_values(ascending=False).index]
    cells = tuple(
        CellFact(
            definition=definition_label(study, str(row["definition"])),
            origin=origin_label(study, str(row["origin"])),
            cohort=int(row["cohort"]),
            rows=int(row["rows"]),
            residual=float(row["residual"]),
        )
        for _, row in far.iterrows()
    )
    return ResidualStory(len(table), cells)


def _total(table: pd.DataFrame) -> LooTotal | None:
    rows = table[table["definition"].eq(ALL)] if len(table) else table
    if rows.empty:
        return None
    row = rows.iloc[0]
    number, refitted, high_k = (int(row[name]) for name in ("rows", "refitted", "high_k"))
    return LooTotal(number, float(row["elpd"]), float(row["se"]), refitted, high_k)


def _variants(table: pd.DataFrame) -> Iterator[VariantFact]:
    for _, row in table.iterrows():
        difference, error, weight = (float(row[name]) for name in ("elpd_diff", "dse", "weight"))
        high_k = int(row["high_k"])
        yield VariantFact(str(row["variant"]), difference, error, weight, high_k)
