"""Tables of the questions to the workforce: scenarios, changes, evidence, verdicts."""

import math

from forecast.report.estimate import Chance, Estimate
from forecast.report.numbers_in_words import (
    interval_kind,
    percent,
    percent_range,
    points,
    signed_points,
)
from forecast.report.question_records import QuestionStory, ScenarioAnswer, VerdictFact
from forecast.report.question_sentences import chance_in_words, narrowing_facts
from forecast.report.records import ReportFacts
from forecast.report.tables import Cell, Table, estimate_cells, number, table_of

STATES = {"supported": "pass", "unlikely": "review", "contradicted": "fail"}  # styles
RARE_ANSWERS = ("probability", "claim holds")  # zero of them is "no draw" and not impossible
VERDICTS = (
    "“Supported”: the claim holds with a probability above 80 %; “contradicted”: a value as far "
    "out as claimed has a probability below 5 %; “unlikely”: below 20 %; else “compatible”."
)


def question_tables(facts: ReportFacts) -> dict[str, Table]:
    """Return the tables of the questions by name; one without rows is left out."""
    story = facts.questions
    if story is None:
        return {}
    tables = [_scenarios(story), _changes(story), _worth(story), _contributions(story)]
    tables.append(_ranges(story))
    return {table.name: table for table in (*tables, _verdicts(story)) if table.rows}


def _scenarios(story: QuestionStory) -> Table:
    rows = [_scenario(one) for one in story.scenarios]
    bound = f"share ≤ {percent(story.at_most)}"
    head = (
        "scenario",
        f"median share in {story.by}",
        f"P({bound} in {story.by})",
        f"P({bound} by then)",
        "difference, points",
        "output",
        "heads",
    )
    caption = (
        f"Scenarios in {story.by}, side by side: share of {story.group_label}, difference of it "
        "from the baseline, research output and heads relative to the same draws without the "
        f"levers; medians, with intervals in brackets; ± Monte Carlo standard error, points."
        f"{_kinds(story)}"
    )
    return table_of("scenario-answers", caption, head, rows)


def _ranges(story: QuestionStory) -> Table:
    rows = [
        (
            Cell(one.answer),
            Cell(one.of),
            number(_bounded(one.value, one.answer)),
            number(_bounded(one.lowest, one.answer)),
            Cell(one.lowest_under),
            number(_bounded(one.highest, one.answer)),
            Cell(one.highest_under),
        )
        for one in story.ranges
    ]
    head = ("answer", "of", "the study", "lowest", "under", "highest", "under")
    caption = (
        f"Every answer about {story.by} over the listed alternatives, from about 1,000 draws each. "
        f"Share, and probability of {percent(story.at_most)} or less: of {story.group_label}; "
        "needed value: the median that a lever of it would have to take; "
        "none: most draws have none."
    )
    return table_of("ranges", caption, head, rows)


def _bounded(value: float, answer: str) -> str:
    if value == 0 and answer in RARE_ANSWERS:
        return "no draw"
    return percent(value) if math.isfinite(value) else "none"


def _kinds(story: QuestionStory) -> str:
    """Say what the intervals of the scenarios are; they are of one kind, or each is named."""
    found: dict[str, str] = {}
    for one in story.scenarios:
        named = {"share": one.share, "difference": one.difference, "output": one.output}
        found |= {name: interval_kind(e.prob, e.kind) for name, e in named.items() if e is not None}
    if len(set(found.values())) == 1:
        return f" Intervals: {next(iter(found.values())).removesuffix(' interval')}."
    told = [f"{name}, {kind.removesuffix(' interval')}" for name, kind in found.items()]
    return f" Intervals: {'; '.join(told)}." if told else ""


def _scenario(one: ScenarioAnswer) -> tuple[Cell, ...]:
    return (
        Cell(one.label),
        number(_in_percent(one.share)),
        number(_with_error(one.in_year)),
        number(chance_in_words(one.by_then)),
        number(_in_points(one.difference)),
        number(_in_percent(one.output)),
        number("–" if one.heads is None else percent(one.heads.median)),
    )


def _with_error(chance: Chance | None) -> str:
    """Return a percentage with its Monte Carlo error; a bound or "about 1 in" is vague enough."""
    told = chance_in_words(chance)
    if chance is None or chance.probability in (0.0, 1.0) or not told.endswith("%"):
        return told
    return f"{told} ± {points(chance.mcse).split()[0]}"


def _in_percent(estimate: Estimate | None) -> str:
    """Return a median with its interval; of a number that is certain, the number alone."""
    if estimate is None:
        return "–"
    if estimate.lower == estimate.upper:
        return percent(estimate.median)
    return f"{percent(estimate.median)} ({percent_range(estimate.lower, estimate.upper)})"


def _in_points(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    ends = " to ".join(signed_points(end) for end in (estimate.lower, estimate.upper))
    return f"{signed_points(estimate.median)} ({ends})"


def _changes(story: QuestionStory) -> Table:
    rows = [
        (
            Cell(one.label),
            Cell(one.lever),
            number(signed_points(one.of_median)),
            number(signed_points(one.mean)),
            number(f"{signed_points(one.lower)} to {signed_points(one.upper)}"),
        )
        for one in story.changes
    ]
    kind = interval_kind(story.changes[0].prob, story.changes[0].kind) if rows else "interval"
    head = ("scenario", "lever", "adds to the median, points", "mean over draws", kind)
    caption = (
        f"What each lever adds to the share of {story.group_label} in {story.by}, in scenarios "
        "with several: the mean over all orders of moving them (Shapley value)."
    )
    return table_of("lever-changes", caption, head, rows)


def _worth(story: QuestionStory) -> Table:
    rows = [
        (
            Cell(one.label),
            number(percent(max(one.share, 0.0))),
            number(points(one.se)),
            number(points(one.width_known)),
        )
        for one in narrowing_facts(story)
    ]
    head = ("if it were known", "of the variance gone", "standard error", "interval left")
    now = f", {points(story.worth[0].width_now)} now" if story.worth else ""
    caption = (
        f"What single facts would be worth: mean width of the {interval_kind(0.9, 'eti')} of "
        f"{story.by} if each were measured{now}. Facts within two standard errors of nothing are "
        "not listed, nor those that leave the interval as it is."
    )
    return table_of("worth", caption, head, rows)


def _contributions(story: QuestionStory) -> Table:
    rows = [
        (
            Cell(one.label),
            number(one.rows or "–"),
            *estimate_cells(one.share),
            number(chance_in_words(one.chance)),
            number(points(one.chance.mcse)),
        )
        for one in story.contributions
    ]
    kind = "interval"
    if rows:
        first = story.contributions[0].share
        kind = interval_kind(first.prob, first.kind)
    question = f"P(share ≤ {percent(story.at_most)} in {story.by})"
    head = ("without", "rows", "median share", kind, question, "Monte Carlo error")
    caption = (
        f"What each piece of evidence about the workforce contributes: the share of "
        f"{story.group_label} in {story.by} without it, from about {story.draws_again:,} draws."
    )
    return table_of("contributions", caption, head, rows)


def _verdicts(story: QuestionStory) -> Table:
    rows = [
        (
            Cell(one.claim_id),
            Cell(one.claim or "–"),
            Cell(one.quantity),
            Cell(one.claimed),
            Cell(one.verdict, state=STATES.get(one.verdict, "plain")),
            number(chance_in_words(one.chance)),
            number(_found(one)),
        )
        for one in story.verdicts
    ]
    kind = "interval"
    if rows:
        first = story.verdicts[0].estimate
        kind = interval_kind(first.prob, first.kind)
    head = ("no.", "claim", "quantity", "claimed", "verdict", "P(claim)", f"median ({kind})")
    caption = f"Claims set against the draws of this run. {VERDICTS}"
    return table_of("verdicts", caption, head, rows)


def _found(one: VerdictFact) -> str:
    if not one.points:
        return _in_percent(one.estimate)
    return f"{_in_points(one.estimate)} points"
