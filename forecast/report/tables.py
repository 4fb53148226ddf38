"""Tables of the page: facts as rows of text, ready to print."""

from collections.abc import Sequence
from dataclasses import dataclass

from forecast.report.estimate import Estimate
from forecast.report.numbers_in_words import (
    duration,
    interval_kind,
    percent,
    percent_range,
    points,
    probability_in_words,
    significant,
)
from forecast.report.records import ReportFacts, ShareStory
from forecast.report.sentences import named

SAFE_LINKS = ("https://",)
LONG = 45  # characters


@dataclass(frozen=True)
class Cell:
    """A cell: text, whether it is a number, an address, a state (a style)."""

    text: str
    number: bool = False
    link: str = ""
    state: str = ""

    @property
    def long(self) -> bool:
        """Whether the text needs a wide column."""
        return len(self.text) > LONG


@dataclass(frozen=True)
class Table:
    """A table: its id, its caption, its head and its rows."""

    name: str
    caption: str
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


def page_tables(facts: ReportFacts) -> dict[str, Table]:
    """Return every table of the page by name; one without rows is left out."""
    tables = [_definitions(facts), _left_out(facts), _scenarios(facts), _claims(facts)]
    tables += [_priors(facts, "stay"), _priors(facts, "share"), _checks(facts), _parameters(facts)]
    tables += [_provenance(facts), _timings(facts)]
    if facts.share is not None:
        tables += [_alternatives(facts.share), _learned(facts.share)]
    return {table.name: table for table in tables if table.rows}


def table_of(name: str, caption: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    """Return a table whose heads stand over numbers where the first row has numbers."""
    numeric = [cell.number for cell in rows[0]] if rows else [False] * len(head)
    heads = tuple(Cell(text, number) for text, number in zip(head, numeric, strict=True))
    return Table(name, caption, heads, tuple(tuple(row) for row in rows))


def number(text: object) -> Cell:
    """Return a cell that holds a number."""
    return Cell(str(text), number=True)


def estimate_cells(estimate: Estimate) -> tuple[Cell, Cell]:
    """Return a median and its interval as two cells of percent."""
    return (
        number(percent(estimate.median)),
        number(percent_range(estimate.lower, estimate.upper)),
    )


def _definitions(facts: ReportFacts) -> Table:
    rows = [
        (
            Cell(one.label + (" (reference)" if one.reference else "")),
            number(f"{one.rows:,}"),
            number(one.derived or "–"),
            number(f"{one.first}–{one.last}"),
            Cell(one.widest_field_label),
            number(", ".join(percent(actual) for _, actual in one.coverage) or "–"),
            Cell(", ".join(one.sources)),
        )
        for one in facts.evidence.definitions
    ]
    nominal = ", ".join(percent(prob) for prob, _ in facts.sampling.coverage)
    held = f"held by {nominal} predictive intervals" if nominal else "held by intervals"
    head = ("definition", "rows", "remainders", "cohorts", "widest field", held, "sources")
    caption = f"Published figures used, by definition, from {facts.evidence.table}."
    return table_of("evidence-used", caption, head, rows)


def _left_out(facts: ReportFacts) -> Table:
    rows = [
        (number(f"{one.rows:,}"), Cell(one.reason), Cell(one.stage))
        for one in facts.evidence.left_out
    ]
    caption = "Rows left out, with the reason."
    return table_of("evidence-left-out", caption, ("rows", "reason", "left out"), rows)


def _alternatives(share: ShareStory) -> Table:
    rows = [
        (
            Cell(one.label),
            Cell(one.reason),
            number(probability_in_words(one.probability, one.mcse)),
            number(points(one.mcse)),
            number("–" if one.share_median is None else percent(one.share_median)),
        )
        for one in share.alternatives
    ]
    head = ("alternative", "reason", "probability", "Monte Carlo error", "median share")
    caption = (
        f"P(share of {share.group_label} ≤ {percent(share.at_most)} in {share.by}) and the median "
        "share of that year, with other priors of the share model or without a series of evidence."
    )
    return table_of("share-alternatives", caption, head, rows)


def _learned(share: ShareStory) -> Table:
    rows = [
        (
            Cell(named(one.parameter, one.group)),
            *(
                number(significant(value))
                for value in (one.prior_mean, one.prior_sd, one.posterior_mean, one.posterior_sd)
            ),
            number("–" if one.sd_ratio is None else percent(one.sd_ratio)),
        )
        for one in share.learned
    ]
    head = ("parameter", "prior mean", "prior sd", "posterior mean", "posterior sd", "sd left")
    caption = "What the evidence taught: each parameter of the share model before and after it."
    return table_of("share-learned", caption, head, rows)


def _scenarios(facts: ReportFacts) -> Table:
    past = {"refit": "fitted again under the levers", "keep": "kept as fitted"}
    rows = [
        (
            Cell(one.label),
            Cell(one.reason),
            Cell("; ".join(one.levers) or "none"),
            Cell(past.get(one.history, one.history) if one.levers else "–"),
        )
        for one in facts.scenarios
    ]
    head = ("scenario", "reason", "levers", "history")
    return table_of("scenarios", "Scenarios of the study.", head, rows)


def _priors(facts: ReportFacts, part: str) -> Table:
    rows = [
        (Cell(named(one.name)), Cell(one.distribution), Cell(one.reason))
        for one in facts.priors
        if one.part == part
    ]
    head = ("parameter", "prior", "reason")
    return table_of(f"priors-{part}", f"Priors of the {part} model.", head, rows)


def _checks(facts: ReportFacts) -> Table:
    rows = [
        (
            Cell(one.check),
            Cell(one.verdict, state=one.verdict),
            number(one.value),
            number(one.limit),
            Cell(one.advice),
        )
        for one in facts.checks
    ]
    head = ("check", "verdict", "value", "limit", "advice")
    return table_of("checks", "Checks of this run.", head, rows)


def _parameters(facts: ReportFacts) -> Table:
    rows = [
        (
            Cell(one.name),
            number(significant(one.mean)),
            number(significant(one.sd)),
            number(significant(one.estimate.median)),
            number(f"{significant(one.estimate.lower)} to {significant(one.estimate.upper)}"),
            number(f"{one.ess_bulk:,.0f}"),
            number(f"{one.ess_tail:,.0f}"),
            number(f"{one.r_hat:.3f}"),
        )
        for one in facts.sampling.parameters
    ]
    kind = "interval"
    if facts.sampling.parameters:
        first = facts.sampling.parameters[0].estimate
        kind = interval_kind(first.prob, first.kind)
    head = ("parameter", "mean", "sd", "median", kind, "ESS bulk", "ESS tail", "R-hat")
    return table_of("parameters", "Top-level parameters of the stay model.", head, rows)


def _claims(facts: ReportFacts) -> Table:
    rows = [
        (
            Cell(one.claim_id),
            Cell(one.claim),
            Cell(one.claimed),
            Cell(one.verdict),
            Cell(one.found),
            _source(one.source, one.url),
        )
        for one in facts.claims
    ]
    head = ("no.", "claim", "claimed", "verdict", "found", "source")
    caption = "Claims and what a look-up in published sources found; not computed by this run."
    return table_of("claims", caption, head, rows)


def _source(name: str, url: str) -> Cell:
    """Return a source, linked if its address is of a safe kind; other addresses stay text."""
    if url.startswith(SAFE_LINKS):
        return Cell(name or "source", link=url)
    return Cell(" ".join(text for text in (name, url) if text))


def _provenance(facts: ReportFacts) -> Table:
    rows = [(Cell(key), Cell(value)) for key, value in facts.provenance]
    caption = "Versions, data and settings of this run."
    return table_of("provenance", caption, ("what", "value"), rows)


def _timings(facts: ReportFacts) -> Table:
    rows = [(Cell(step), number(duration(seconds))) for step, seconds in facts.timings]
    return table_of("timings", "Time taken by each step.", ("step", "time"), rows)
