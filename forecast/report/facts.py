"""Everything a report says, as numbers and labels; prose, figures and page read only these."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd
from pydantic import BaseModel

from forecast.report.evidence_facts import evidence_story
from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import listed, percent
from forecast.report.records import CheckFact, ClaimFact, PriorFact, ReportFacts, ScenarioFact
from forecast.report.sampling_facts import sampling_story
from forecast.report.share_facts import group_label, share_story
from forecast.report.stay_facts import stay_story
from forecast.study import Study, describe
from forecast.study.schema import Lever

DIGITS = 10  # significant digits of a number in the file of facts


def gather_facts(inputs: ReportInputs) -> ReportFacts:
    """Return the facts of a report.

    Raises
    ------
    RunError
        If the stay rates lack the headline.
    """
    study = inputs.study
    return ReportFacts(
        study=study.name,
        title=study.title,
        question=" ".join(study.question.split()),
        population=study.report.population,
        quick=inputs.quick,
        seed=inputs.seed,
        engine=inputs.engine,
        verdict=inputs.verdict,
        stay=stay_story(inputs.stay_rates, study),
        share=share_story(inputs),
        evidence=evidence_story(inputs),
        sampling=sampling_story(inputs),
        checks=tuple(_check(row) for _, row in inputs.checks.iterrows()),
        priors=tuple(_priors(study)),
        scenarios=_scenarios(study),
        claims=_claims(inputs.claims),
        provenance=tuple((str(k), str(v)) for k, v in inputs.provenance.items()),
        timings=tuple((str(k), float(v)) for k, v in inputs.timings.items()),
    )


def facts_to_json(facts: ReportFacts) -> str:
    """Return facts as JSON text: keys in the order of the records, numbers to ten digits."""
    return json.dumps(_plain(asdict(facts)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def text_of(value: object) -> str:
    """Return a cell of a table as text: four digits of a number, nothing where it is missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _check(row: pd.Series) -> CheckFact:
    names = ("check", "verdict", "value", "limit", "advice")
    return CheckFact(*(text_of(row.get(name)) for name in names))


def _priors(study: Study) -> Iterator[PriorFact]:
    """Yield the priors of the stay model, then those of the share model."""
    parts: list[tuple[str, BaseModel]] = [("stay", study.stay.priors)]
    if study.share is not None:
        parts.append(("share", study.share.priors))
    for part, priors in parts:
        for name in type(priors).model_fields:
            prior = getattr(priors, name)
            yield PriorFact(part, name, describe(prior), prior.reason)


def _scenarios(study: Study) -> tuple[ScenarioFact, ...]:
    return tuple(
        ScenarioFact(
            name=name,
            label=scenario.label,
            reason=scenario.reason,
            history=scenario.history,
            levers=tuple(lever_in_words(lever, study) for lever in scenario.levers),
        )
        for name, scenario in study.scenarios.items()
    )


def lever_in_words(lever: Lever, study: Study) -> str:
    """Return what a lever does: of which group, along which path or by which numbers."""
    given = lever.model_dump(exclude_none=True, exclude={"lever", "group"})
    parts = []
    for name, value in given.items():
        if isinstance(value, dict):
            at = [f"{percent(value[year])} in {year}" for year in sorted(value)]
            parts.append(f"{listed(at)}, straight between the years" if at else "")
        else:
            parts.append(f"{name.replace('_', ' ')} {value}")
    kind = lever.lever.replace("_", " ")
    return f"{kind} of {group_label(study, lever.group)}: {'; '.join(p for p in parts if p)}"


def _claims(table: pd.DataFrame | None) -> tuple[ClaimFact, ...]:
    if table is None:
        return ()
    names = ("claim_id", "claim", "claimed", "verdict", "found", "source", "url")
    return tuple(
        ClaimFact(*(text_of(row.get(name)) for name in names)) for _, row in table.iterrows()
    )
