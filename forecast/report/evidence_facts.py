"""Facts about the evidence: rows used by definition, rows left out, how far predictions cover."""

import numpy as np
import pandas as pd
import xarray as xr

from forecast.datasets import dataset_names, load_dataset
from forecast.report.inputs import ReportInputs
from forecast.report.records import DefinitionFact, EvidenceStory, LeftOutFact
from forecast.study import Study

PROBS = (0.5, 0.8, 0.95)
SINGLE_FIELDS = "single fields"
BY_STUDY = "by this study"
BY_TABLE = "when the table was made"

type Coverage = tuple[tuple[float, float], ...]


def evidence_story(inputs: ReportInputs) -> EvidenceStory:
    """Return what the report says of the evidence."""
    rows, study = inputs.observations, inputs.study
    covered = covered_rows(inputs.tree, len(rows))
    by_definition = rows.reset_index(drop=True).groupby("definition", sort=False)
    facts = [
        _definition(str(name), one, study, covered.iloc[one.index]) for name, one in by_definition
    ]
    left = [*_left_out(inputs.left_out, BY_STUDY), *_left_out(inputs.curated_out, BY_TABLE)]
    return EvidenceStory(
        table=study.evidence.table,
        rows=len(rows),
        derived=int(rows["derived"].astype(bool).sum()),
        definitions=tuple(sorted(facts, key=lambda fact: (not fact.reference, -fact.rows))),
        left_out=tuple(left),
        caveats=_caveats(study.evidence.table),
    )


def covered_rows(tree: xr.DataTree, rows: int) -> pd.DataFrame:
    """Say for each row and probability whether its predictive interval holds the published rate.

    Equal-tailed intervals of the posterior predictive; no column if the tree has none.
    """
    if "posterior_predictive" not in tree.children or "observed_data" not in tree.children:
        return pd.DataFrame(index=range(rows))
    predicted = tree["posterior_predictive"]["rate"].transpose("chain", "draw", "row").values
    predicted = predicted.reshape(-1, predicted.shape[-1])
    observed = tree["observed_data"]["rate"].values
    columns = {}
    for prob in PROBS:
        lower, upper = np.quantile(predicted, [(1 - prob) / 2, (1 + prob) / 2], axis=0)
        columns[prob] = (lower <= observed) & (observed <= upper)
    return pd.DataFrame(columns)


def coverage_of(covered: pd.DataFrame) -> Coverage:
    """Return pairs of nominal and actual coverage."""
    return tuple((float(prob), float(covered[prob].mean())) for prob in covered.columns)


def _definition(
    name: str, rows: pd.DataFrame, study: Study, covered: pd.DataFrame
) -> DefinitionFact:
    sets = study.evidence.field_sets
    widest = max(rows["field"].unique(), key=lambda label: len(sets.get(label, ())))
    return DefinitionFact(
        key=name,
        label=definition_label(study, name),
        reference=name == study.stay.reference,
        rows=len(rows),
        derived=int(rows["derived"].astype(bool).sum()),
        sources=tuple(sorted(rows["source"].astype(str).unique())),
        first=int(rows["cohort_start"].min()),
        last=int(rows["cohort_end"].max()),
        widest_field=str(widest),
        widest_field_label=_widest_label(str(widest), study),
        coverage=coverage_of(covered),
    )


def _widest_label(field: str, study: Study) -> str:
    """Return the label of a field in words, if it holds at least half of the fields."""
    if field == "ALL":
        return "all fields"
    held = len(study.evidence.field_sets.get(field, ()))
    return study.label(field).lower() if 2 * held >= len(study.evidence.fields) else SINGLE_FIELDS


def definition_label(study: Study, name: str) -> str:
    """Return the label of a definition, its name where the study does not list it."""
    known = study.stay.definitions
    return known[name].label if name in known else name


def _left_out(table: pd.DataFrame | None, stage: str) -> list[LeftOutFact]:
    if table is None or table.empty:
        return []
    counts = (
        table["reason"]
        .astype(str)
        .value_counts()
        .sort_index()
        .sort_values(ascending=False, kind="stable")
    )
    return [LeftOutFact(stage, str(reason), int(rows)) for reason, rows in counts.items()]


def _caveats(table: str) -> tuple[str, ...]:
    """Return the caveats of a shipped table; a table of the user has none here."""
    return tuple(load_dataset(table).attrs["caveats"]) if table in dataset_names() else ()
