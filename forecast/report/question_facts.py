"""Facts about the questions to the workforce: targets, contours, changes, worth, verdicts."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from forecast.report.estimate import Chance
from forecast.report.inputs import ReportInputs
from forecast.report.question_records import (
    ChangeFact,
    ContourFact,
    ContourPoint,
    ContributionFact,
    PartFact,
    QuestionStory,
    RangeFact,
    SolvedFact,
    VerdictFact,
    WorthFact,
)
from forecast.report.question_words import (
    fact_in_words,
    lever_name,
    part_in_words,
    piece_in_words,
)
from forecast.report.records import ScenarioFact, ShareStory
from forecast.report.scenario_facts import passage_fact, scenario_answers
from forecast.report.share_facts import alternative_in_words, group_label, scenario_label
from forecast.report.stay_facts import estimate_of
from forecast.share import Workforce
from forecast.share.contributions import ENOUGH, pieces
from forecast.share.scenario import in_words
from forecast.study import Study

TAILS = (0.9, "eti")  # of the interval of `headline`
FALL = "stay_rate_fall"  # a claim about a difference of rates


def question_story(
    inputs: ReportInputs, share: ShareStory | None, scenarios: Sequence[ScenarioFact]
) -> QuestionStory | None:
    """Return what the report says of the questions, or None without a workforce."""
    work, study = inputs.workforce, inputs.study
    if work is None or share is None:
        return None
    draws = work.projection.sizes["chain"] * work.projection.sizes["draw"]
    return QuestionStory(
        group_label=share.group_label,
        at_most=share.at_most,
        by=share.by,
        last=int(work.share["year"].max()),
        draws=draws,
        draws_again=min(draws, ENOUGH),
        scenarios=tuple(scenario_answers(work, study, share, scenarios)),
        passage=passage_fact(work.passages, study, share, draws),
        solved=tuple(_solved(work.solved, study, draws)),
        contour=_contour(work, study),
        changes=tuple(_changes(work.changes, study, scenarios)),
        uncertainty=tuple(_parts(work.uncertainty)),
        worth=tuple(_worth(work.worth, study)),
        contributions=tuple(_contributions(work, study)),
        ranges=tuple(_ranges(work, study)),
        verdicts=tuple(_verdicts(work.verdicts, study)),
    )


def no_draw_error(draws: int) -> float:
    r"""Return the standard error of a probability that none of so many draws reached.

    Of its posterior under the prior of Jeffreys, Beta(1/2, D + 1/2).

    Examples
    --------
    >>> round(no_draw_error(4000), 6)
    0.000177
    """
    return float(np.sqrt(0.5 * (draws + 0.5) / ((draws + 1) ** 2 * (draws + 2))))


def _solved(table: pd.DataFrame, study: Study, draws: int) -> Iterator[SolvedFact]:
    for _, row in table.iterrows():
        solvable = estimate_of(row, "solvable_")
        yield SolvedFact(
            lever=str(row["lever"]),
            group_label=group_label(study, str(row["group"])),
            of_label=group_label(study, str(row["of"])),
            way=str(row["way"]),
            target=float(row["target"]),
            year=int(row["year"]),
            start=int(row["start"]),
            needed=estimate_of(row),
            solvable=None if np.isnan(solvable.median) else solvable,
            usual=estimate_of(row, "baseline_"),
            reachable=float(row["reachable"]),
            above=float(row["above"]),
            below=float(row["below"]),
            by_itself=_by_itself(float(row["extremeness"]), draws),
        )


def _by_itself(value: float, draws: int) -> Chance | None:
    """Return a chance over pairs of draws; what so many draws cannot tell from none is none."""
    if np.isnan(value):
        return None
    error = no_draw_error(draws)
    if value < 3 * error:
        return Chance(0.0, error)
    return Chance(value, float(np.sqrt(value * (1 - value) / draws)))


def _contour(work: Workforce, study: Study) -> ContourFact | None:
    """Return the contour of the first two levers that were solved, of the stay and exit rate."""
    if work.contour.empty or work.solved.empty:
        return None
    asked = work.solved.iloc[0]
    return ContourFact(
        first="stay_rate",
        second="exit_rate",
        group_label=group_label(study, str(asked["group"])),
        target=float(asked["target"]),
        year=int(asked["year"]),
        points=tuple(
            ContourPoint(float(row["first"]), estimate_of(row), float(row["reachable"]))
            for _, row in work.contour.iterrows()
        ),
    )


def _changes(
    table: pd.DataFrame, study: Study, scenarios: Sequence[ScenarioFact]
) -> Iterator[ChangeFact]:
    told = {name: words for one in scenarios for name, words in _lever_words(study, one)}
    for _, row in table.iterrows():
        name, lever = str(row["scenario"]), str(row["lever"])
        yield ChangeFact(
            scenario=name,
            label=scenario_label(study, name),
            lever=told.get(lever, lever),
            of_median=float(row["of_median"]),
            mean=float(row["mean"]),
            lower=float(row["lower"]),
            upper=float(row["upper"]),
            prob=float(row["prob"]),
            kind=str(row["kind"]),
        )


def _lever_words(study: Study, scenario: ScenarioFact) -> Iterator[tuple[str, str]]:
    """Yield what the table of changes calls each lever, and its words in the report."""
    levers = study.scenarios[scenario.name].levers
    yield from zip(map(in_words, levers), scenario.levers, strict=False)


def _parts(table: pd.DataFrame) -> Iterator[PartFact]:
    for _, row in table.iterrows():
        name, known = str(row["component"]), bool(pd.notna(row["total"]))
        yield PartFact(
            component=name,
            label=part_in_words(name),
            first=float(row["first"]),
            first_se=float(row["first_se"]),
            total=float(row["total"]) if known else None,
            total_se=float(row["total_se"]) if known else None,
        )


def _worth(table: pd.DataFrame, study: Study) -> Iterator[WorthFact]:
    numbers = ("share", "se", "width_now", "width_known")
    for _, row in table.iterrows():
        fact, group = str(row["fact"]), str(row["group"])
        label = fact_in_words(fact, group_label(study, group))
        yield WorthFact(fact, group, label, *(float(row[name]) for name in numbers))


def _ranges(work: Workforce, study: Study) -> Iterator[RangeFact]:
    for _, row in work.ranges.iterrows():
        of = str(row["of"])
        known = of in study.scenarios
        yield RangeFact(
            answer=str(row["answer"]),
            of=scenario_label(study, of) if known else lever_name(of),
            value=float(row["value"]),
            lowest=float(row["lowest"]),
            lowest_under=alternative_in_words(str(row["lowest_under"])),
            highest=float(row["highest"]),
            highest_under=alternative_in_words(str(row["highest_under"])),
        )


def _contributions(work: Workforce, study: Study) -> Iterator[ContributionFact]:
    labels = {group: group_label(study, str(group)) for group in work.evidence["group"].unique()}
    chosen = {
        name: work.evidence[rows].replace({"group": labels}) for name, rows in pieces(work.evidence)
    }
    for _, row in work.contributions.iterrows():
        piece = str(row["without"])
        yield ContributionFact(
            piece=piece,
            label=piece_in_words(piece, chosen.get(piece)),
            rows=int(row["rows"]),
            chance=Chance(float(row["probability"]), float(row["mcse"])),
            share=estimate_of(_with_interval(row), "share_"),
        )


def _with_interval(row: pd.Series) -> pd.Series:
    return pd.concat([row, pd.Series(dict(zip(("prob", "kind"), TAILS, strict=True)))])


def _verdicts(table: pd.DataFrame, study: Study) -> Iterator[VerdictFact]:
    """Yield the verdicts, which come in the order of the claims of the study."""
    for (_, row), claim in zip(table.iterrows(), study.claims, strict=False):
        yield VerdictFact(
            claim_id=str(row["claim_id"]),
            claim=str(row["claim"]),
            quantity=str(row["quantity"]),
            claimed=str(row["claimed"]),
            points=claim.quantity == FALL,
            estimate=estimate_of(row),
            chance=Chance(float(row["probability"]), float(row["mcse"])),
            verdict=str(row["verdict"]),
            sentence=str(row["sentence"]),
        )
