"""Tables of the assessment: coverage and skill by group, calibration, influence, variants."""

from collections.abc import Sequence

from forecast.report.assessment_records import (
    AssessmentStory,
    BacktestStory,
    CalibrationStory,
    CriticismStory,
    GroupFact,
    HeadlineNumber,
    InfluenceFact,
    PredictiveFact,
    Resampled,
    VariantFact,
)
from forecast.report.assessment_sentences import p_in_words
from forecast.report.backtest_sentences import (
    LEAST_CLUSTERS,
    coverage_judged,
    held_range,
    skill_in_words,
)
from forecast.report.criticism_facts import BASE
from forecast.report.criticism_sentences import (
    QUANTITIES,
    STUDY,
    TAIL,
    in_tail,
    p_value,
    signed,
)
from forecast.report.numbers_in_words import (
    interval_kind,
    percent,
    percent_range,
    significant,
)
from forecast.report.question_sentences import chance_in_words
from forecast.report.records import ReportFacts
from forecast.report.tables import Cell, Table, number, table_of

STATES = {"too narrow": "fail", "wider than they promise": "review"}  # styles
MOST_PIECES = 20  # of evidence left out that the page shows
WORST = 6  # quantities of the calibration that the page shows
LEVELS = (0.8, 0.95)
IN_POINTS = 100
KINDS = {
    BASE: "–",
    "source": "source",
    "definition": "definition",
    "workforce": "workforce series",
}


def assessment_tables(facts: ReportFacts) -> dict[str, Table]:
    """Return the tables of the assessment by name; one without rows is left out."""
    story = facts.assessment
    if story is None:
        return {}
    return {table.name: table for table in _all(story) if table.rows}


def _all(story: AssessmentStory) -> list[Table]:
    tables = []
    if story.backtest is not None:
        tables += [_groups(story.backtest, "definition"), _groups(story.backtest, "horizon")]
    if story.calibration is not None:
        tables.append(_calibration(story.calibration))
    if story.criticism is not None:
        own = story.criticism
        tables += [_influence(own), _predictive(own.predictive), _variants(own.variants)]
    return tables


def _groups(story: BacktestStory, by: str) -> Table:
    groups = story.definitions if by == "definition" else story.horizons
    rows = [_group(story.whole, "all forecasts"), *(_group(one, one.label) for one in groups)]
    head = (
        by if by == "definition" else "years ahead",
        "forecasts",
        "years printed",
        *(f"{percent(level)} held" for level in LEVELS),
        "CRPS",
        "CRPS of the best baseline",
        "skill against it",
    )
    caption = (
        f"The backtest by {by}: what part of later figures the model's intervals held, its mean "
        "CRPS in percentage points (0 is perfect), and that of the best baseline of each group; in "
        f"brackets {interval_kind(story.prob, 'bootstrap')}s."
    )
    return table_of(f"backtest-{by}s", caption, head, rows if groups else [])


def _group(one: GroupFact, label: str) -> tuple[Cell, ...]:
    best = one.best
    skill = None if best is None else one.skill_against(best.name)
    return (
        Cell(label),
        number(f"{one.forecasts:,}"),
        number(one.clusters),
        *(_held(one, level) for level in LEVELS),
        number(_in_points(one.model.crps)),
        number("–" if best is None else f"{_in_points(best.crps)} ({best.name})"),
        number("–" if skill is None else skill_in_words(skill)),
    )


def _held(group: GroupFact, level: float) -> Cell:
    held = group.model.at(level)
    clear = group.clusters >= LEAST_CLUSTERS
    state = STATES.get(coverage_judged(held, level), "") if clear else ""
    return Cell(f"{percent(held.value)} ({held_range(held)})", number=True, state=state)


def _in_points(score: Resampled) -> str:
    return significant(IN_POINTS * score.value, 2)


def _calibration(story: CalibrationStory) -> Table:
    rows = [
        (
            Cell(one.name),
            number(p_in_words(one.p)),
            *(number(percent(part)) for _, part in one.held),
            number(signed(one.z)),
            number(percent(one.contraction)),
        )
        for one in story.quantities[:WORST]
    ]
    levels = [f"{percent(level)} intervals held" for level, _ in story.held]
    several = len(story.quantities)
    which = "Quantities" if len(rows) == several else f"{len(rows)} of {several} quantities"
    head = ("quantity", "p of uniform ranks", *levels, "bias, sd", "contraction")
    caption = (
        f"{which}, the least uniform ranks first. p is Kolmogorov and Smirnov's, not corrected for "
        "their number; bias: mean of (posterior mean less truth) in posterior standard deviations; "
        "contraction: part of the prior variance that the evidence takes away."
    )
    return table_of("calibration-quantities", caption, head, rows)


def _influence(story: CriticismStory) -> Table:
    facts = [one for one in story.influence if one.numbers]
    if not facts:
        return table_of("influence", "", ("left out",), [])
    shown = facts[: MOST_PIECES + 1]  # all evidence stands first
    left = len(facts) - len(shown)
    more = f" ({left} that move less are in the data of the run)" if left else ""
    numbers = facts[0].numbers
    heads = [head for one in numbers for head in _influence_head(one)]
    estimate = next((one.estimate for one in numbers if one.estimate is not None), None)
    kind = "" if estimate is None else interval_kind(estimate.prob, estimate.kind)
    caption = (
        "The headline numbers without each piece of evidence, from a fit of the rest each time, "
        f"those that move most first{more}; medians with {kind}s; moved: in posterior standard "
        "deviations with all evidence."
    )
    rows = [_piece(one) for one in shown]
    return table_of("influence", caption, ("left out", "kind", "rows", *heads), rows)


def _influence_head(one: HeadlineNumber) -> tuple[str, ...]:
    return (one.label,) if one.chance is not None else (one.label, "moved")


def _piece(one: InfluenceFact) -> tuple[Cell, ...]:
    cells = [cell for own in one.numbers for cell in _number(own, one.kind)]
    kind = KINDS.get(one.kind, one.kind)
    return (Cell(one.label), Cell(kind), number(f"{one.rows:,}" if one.rows else "–"), *cells)


def _number(own: HeadlineNumber, kind: str) -> tuple[Cell, ...]:
    if own.estimate is None:
        return (number(chance_in_words(own.chance)),)
    ends = percent_range(own.estimate.lower, own.estimate.upper)
    moved = "–" if own.moved is None or kind == BASE else signed(own.moved)
    return (number(f"{percent(own.estimate.median, 1)} ({ends})"), number(moved))


def _predictive(facts: Sequence[PredictiveFact]) -> Table:
    names = [name for name, _ in facts[0].p] if facts else []
    rows = [(Cell(one.label), number(f"{one.rows:,}"), *(_p(p) for _, p in one.p)) for one in facts]
    head = ("definition", "figures", *(QUANTITIES.get(name, name) for name in names))
    caption = (
        "Posterior predictive p-values of standardised residuals: near 0 the published figures "
        "have more of it than figures replicated by the model, near 1 less. Coloured: below "
        f"{TAIL:g} or above {1 - TAIL:g}. The figures have taught the model, so a middling p is "
        "little comfort."
    )
    return table_of("predictive-checks", caption, head, rows)


def _p(p: float | None) -> Cell:
    if p is None:
        return number("–")
    return Cell(p_value(p), number=True, state="review" if in_tail(p) else "")


def _variants(facts: Sequence[VariantFact]) -> Table:
    rows = [
        (
            Cell("the study as it is" if one.name == STUDY else one.name),
            number("–" if one.name == STUDY else signed(one.difference, 1)),
            number("–" if one.name == STUDY else significant(one.error, 2)),
            number(percent(one.weight)),
            number(f"{one.high_k:,}"),
        )
        for one in facts
    ]
    head = ("variant", "elpd less the study's", "standard error", "stacking weight", "high k")
    caption = (
        "Variants of the model by leave-one-out, the best first: difference in expected log "
        "predictive density (nats; above 0 the variant predicts better), its standard error, and "
        "the weight in the best mixture of all. Differences below 4 nats are small and their "
        "errors too small; high k: figures whose density is not reliable."
    )
    return table_of("variants", caption, head, rows)
