"""Tables of the questions to the workforce: scenarios, changes, evidence, verdicts."""

from forecast.report.estimate import Estimate
from forecast.report.numbers_in_words import (
    interval_kind,
    percent,
    percent_range,
    points,
    signed_points,
)
from forecast.report.question_records import QuestionStory, ScenarioAnswer, VerdictFact
from forecast.report.question_sentences import chance_error, chance_in_words
from forecast.report.records import ReportFacts
from forecast.report.tables import Cell, Table, estimate_cells, number, table_of

STATES = {"supported": "pass", "unlikely": "review", "contradicted": "fail"}  # styles
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
    return {table.name: table for table in (*tables, _verdicts(story)) if table.rows}


def _scenarios(story: QuestionStory) -> Table:
    rows = [_scenario(one) for one in story.scenarios]
    bound = f"share ≤ {percent(story.at_most)}"
    head = (
        "scenario",
        "levers",
        "history",
        f"median share in {story.by}",
        "interval",
        f"P({bound} in {story.by})",
        f"P({bound} by then)",
        "Monte Carlo error",
        "difference, points",
        "interval",
        "output",
        "interval",
        "heads",
    )
    caption = (
        f"Scenarios in {story.by}, side by side: share of {story.group_label}, difference of it "
        "from the baseline, research output and heads relative to the same draws without the "
        f"levers.{_kinds(story)}"
    )
    return table_of("scenario-answers", caption, head, rows)


def _kinds(story: QuestionStory) -> str:
    """Say what the intervals of the scenarios are; they are of one kind, or each is named."""
    found: dict[str, str] = {}
    for one in story.scenarios:
        named = {"share": one.share, "difference": one.difference, "output": one.output}
        found |= {
            name: interval_kind(e.prob, e.kind) for name, e in named.items() if e is not None
        }
    if len(set(found.values())) == 1:
        return f" Intervals: {next(iter(found.values())).removesuffix(' interval')}."
    told = [f"{name}, {kind.removesuffix(' interval')}" for name, kind in found.items()]
    return f" Intervals: {'; '.join(told)}." if told else ""


def _scenario(one: ScenarioAnswer) -> tuple[Cell, ...]:
    past = ("fitted again" if one.refits else "kept as fitted") if one.levers else "–"
    heads = "–" if one.heads is None else percent(one.heads.median)
    return (
        Cell(one.label),
        Cell("; ".join(one.levers) or "none"),
        Cell(past),
        *estimate_cells(one.share),
        number(chance_in_words(one.in_year)),
        number(chance_in_words(one.by_then)),
        number(chance_error(one.in_year)),
        *_difference(one.difference),
        *_relative(one.output),
        number(heads),
    )


def _difference(estimate: Estimate | None) -> tuple[Cell, Cell]:
    if estimate is None:
        return number("–"), number("–")
    ends = (signed_points(end) for end in (estimate.lower, estimate.upper))
    return number(signed_points(estimate.median)), number(" to ".join(ends))


def _relative(estimate: Estimate | None) -> tuple[Cell, Cell]:
    if estimate is None:
        return number("–"), number("–")
    if estimate.lower == estimate.upper:
        return number(percent(estimate.median)), number("–")
    return estimate_cells(estimate)


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
        for one in sorted(story.worth, key=lambda one: one.width_known)
        if one.share > 2 * one.se
    ]
    head = ("if it were known", "of the variance gone", "standard error", "interval left")
    now = f", {points(story.worth[0].width_now)} now" if story.worth else ""
    caption = (
        f"What single facts would be worth: mean width of the {interval_kind(0.9, 'eti')} of "
        f"{story.by} if each were measured{now}. Facts within two standard errors of nothing are "
        "not listed."
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
            *_found(one),
            number(chance_in_words(one.chance)),
            Cell(one.verdict, state=STATES.get(one.verdict, "plain")),
        )
        for one in story.verdicts
    ]
    kind = "interval"
    if rows:
        first = story.verdicts[0].estimate
        kind = interval_kind(first.prob, first.kind)
    head = ("no.", "claim", "quantity", "claimed", "model's median", kind, "P(claim)", "verdict")
    caption = f"Claims set against the draws of this run. {VERDICTS}"
    return table_of("verdicts", caption, head, rows)


def _found(one: VerdictFact) -> tuple[Cell, Cell]:
    found = one.estimate
    if not one.points:
        return number(percent(found.median)), number(percent_range(found.lower, found.upper))
    ends = (signed_points(end) for end in (found.lower, found.upper))
    return number(points(found.median)), number(f"{' to '.join(ends)} points")
