"""Everything a report says, as numbers and labels; prose, figures and page read only these."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import pandas as pd
from pydantic import BaseModel

from forecast.report.assessment_facts import assessment_story
from forecast.report.evidence_facts import evidence_story
from forecast.report.inputs import ReportInputs
from forecast.report.numbers_in_words import count, listed, percent
from forecast.report.question_facts import question_story
from forecast.report.records import CheckFact, ClaimFact, PriorFact, ReportFacts, ScenarioFact
from forecast.report.sampling_facts import sampling_story
from forecast.report.share_facts import group_label, share_story
from forecast.report.stay_facts import stay_story
from forecast.study import EVERYBODY, FOREIGN, Lever, Scenario, Study, describe

DIGITS = 10  # significant digits of a number in the file of facts
IN_PERCENT = ("stay_rate", "exit_rate")  # paths of probabilities; the others count people
SEVERAL = {FOREIGN: "all foreign groups", EVERYBODY: "all groups"}
PAST = {"refit": "history fitted again under it", "keep": "history kept as fitted"}


def gather_facts(inputs: ReportInputs) -> ReportFacts:
    """Return the facts of a report.

    Raises
    ------
    RunError
        If the stay rates lack the headline.
    """
    study, share = inputs.study, share_story(inputs)
    scenarios = _scenarios(study)
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
        share=share,
        questions=question_story(inputs, share, scenarios),
        assessment=assessment_story(inputs.assessment, study),
        evidence=evidence_story(inputs),
        sampling=sampling_story(inputs),
        checks=tuple(_check(row) for _, row in inputs.checks.iterrows()),
        priors=tuple(_priors(study)),
        scenarios=scenarios,
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
            levers=tuple(_levers(scenario, study)),
        )
        for name, scenario in study.scenarios.items()
    )


def _levers(scenario: Scenario, study: Study) -> Iterator[str]:
    """Yield each lever in words, and at last who comes in the place of lost entrants."""
    for lever in scenario.levers:
        yield lever_in_words(lever, study)
    if scenario.replaced:
        yield f"others come in the place of {percent(scenario.replaced)} of the lost entrants"


def lever_in_words(lever: Lever, study: Study) -> str:
    """Return what a lever does: to which flow, of whom, by how much, and when.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> fewer = Lever(lever="inflow", group="north", fields=("alpha",), multiplier=0.8, start=2026)
    >>> lever_in_words(fewer, load_study("demo"))
    'inflow of North in Field alpha: times 0.8, from 2026'
    """
    of = "" if lever.group is None else f" of {_group_in_words(lever.group, study)}"
    if lever.fields:
        of += f" in {listed([study.label(field) for field in lever.fields])}"
    words = ", ".join([_way_in_words(lever), *_when_in_words(lever)])
    return f"{lever.lever.replace('_', ' ')}{of}: {words}"


def _group_in_words(group: str, study: Study) -> str:
    return SEVERAL[group] if group in SEVERAL else group_label(study, group)


def _way_in_words(lever: Lever) -> str:
    if lever.path is not None:
        return _path_in_words(lever.path, lever.lever in IN_PERCENT)
    if lever.hold is not None:
        return f"as in {lever.hold}"
    if lever.shift is not None:
        return f"moved by {lever.shift:+g} on the logit scale"
    return f"times {lever.multiplier:g}"


def _path_in_words(path: Mapping[int, float], in_percent: bool) -> str:
    years = sorted(path)
    said = [percent(path[y]) if in_percent else f"{path[y]:,.{DIGITS}g}" for y in years]
    if len(years) == 1:
        return f"{said[0]} in each year"
    at = listed([f"{value} in {year}" for value, year in zip(said, years, strict=True)])
    return f"{at}, straight between the years"


def _when_in_words(lever: Lever) -> Iterator[str]:
    if lever.shock is not None:
        yield f"in the years of {lever.shock}"
    if lever.start is not None:
        yield f"from {lever.start}"
    if lever.ramp:
        yield f"reached over {count(lever.ramp, 'year')}"
    if lever.end is not None:
        yield f"until {lever.end}"
    if lever.history is not None:
        yield PAST[lever.history]


def _claims(table: pd.DataFrame | None) -> tuple[ClaimFact, ...]:
    if table is None:
        return ()
    names = ("claim_id", "claim", "claimed", "verdict", "found", "source", "url")
    return tuple(
        ClaimFact(*(text_of(row.get(name)) for name in names)) for _, row in table.iterrows()
    )
