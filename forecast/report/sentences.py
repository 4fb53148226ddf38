"""Prose computed from facts: the answer, the notice above it, one paragraph a section."""

from typing import NamedTuple

from forecast.report.estimate import Estimate
from forecast.report.numbers_in_words import (
    interval_kind,
    listed,
    percent,
    percent_range,
    points,
    probability_in_words,
    small_number,
)
from forecast.report.records import (
    ProbabilityFact,
    ReportFacts,
    ShareStory,
    StayFact,
    StayStory,
)

AS_IT_WAS = 0.95  # of a prior standard deviation: more is no narrowing


class Notice(NamedTuple):
    """How the answer is headed: its state (a style), a heading, and what must be known first."""

    state: str
    heading: str
    text: str


def notice(facts: ReportFacts) -> Notice:
    """Return the heading of the answer: a warning if a check failed, a preview if quick."""
    failed = [check.check for check in facts.checks if check.verdict == "fail"]
    open_ = [check.check for check in facts.checks if check.verdict == "review"]
    short = " It is a shortened run as well: a preview." if facts.quick else ""
    if facts.verdict == "fail":
        named = f" ({listed(failed)})" if failed else ""
        text = f"{_checks(len(failed), len(facts.checks))} failed{named}."
        text += f" Mend the run first: the numbers below may be wrong.{short}"
        return Notice("fail", "Warning: do not use this answer", text)
    if facts.quick:
        text = (
            "This run was shortened to show what the report looks like. Run it in full before "
            "using a number."
        )
        review = f" To be reviewed: {listed(open_)}." if open_ else ""
        return Notice("preview", "Preview: not yet an answer", text + review)
    if facts.verdict != "pass":
        named = f" ({listed(open_)})" if open_ else ""
        text = f"{_checks(len(open_), len(facts.checks))} asked for a second look{named}."
        text += " Read the diagnostics before using a number."
        return Notice("review", "Warning: an answer to be reviewed", text)
    return Notice("pass", "The answer", "")


def _checks(some: int, all_: int) -> str:
    if not some:
        return "A check"
    checks = "check" if all_ == 1 else "checks"
    return f"{small_number(some).capitalize()} of {small_number(all_)} {checks}"


def answer(facts: ReportFacts) -> tuple[str, str]:
    """Return the answer: two sentences, numbers first."""
    if facts.share is None:
        return stay_sentence(facts.stay), path_sentence(facts.stay)
    return stay_sentence(facts.stay), share_sentence(facts.share)


def stay_sentence(stay: StayStory) -> str:
    """Return the headline stay rate, with what it rests on."""
    head = stay.headline
    return (
        f"{estimate_in_words(head.estimate)} of the {head.cohort} cohort from {head.origin_label} "
        f"in {inside(head.field_label)} are estimated to stay ({stay.definition_label}) "
        f"{years_on(head)}{_rests_on(head, stay)}."
    )


def years_on(fact: StayFact) -> str:
    """Say how many years after the start of a cohort."""
    years = fact.years_since
    number = small_number(int(years)) if years == int(years) else f"{years:g}"
    return f"{number} {'year' if years == 1 else 'years'} on"


def _rests_on(fact: StayFact, stay: StayStory) -> str:
    """Say what a stay rate rests on, if it is not residence."""
    if fact.basis == "intentions":
        until = stay.last_residence
        why = (
            f"residence is published only to the {until} cohort"
            if until
            else "no residence is known"
        )
        return f"; {why}, so this rests on stated intentions alone"
    if fact.basis == "forecast":
        until = stay.last_observed
        return (
            f"; figures are published to the {until} cohort, so this is a forecast" if until else ""
        )
    return ""


def path_sentence(stay: StayStory) -> str:
    """Return the path of the headline stay rate: highest, first and last cohort with data."""
    peak, first, last = stay.peak, stay.first, stay.last
    alone = ", on intentions alone" if last.basis == "intentions" else ""
    ends = (
        f"it was {percent(first.estimate.median)} for the {first.cohort} cohort and is "
        f"{percent(last.estimate.median)} for {last.cohort}, the last one with data{alone}"
    )
    return (
        f"{estimate_in_words(peak.estimate)} is the highest stay rate of {peak.origin_label} in "
        f" {inside(peak.field_label)} {years_on(peak)}, for the {peak.cohort} cohort; {ends}."
    )


def estimate_in_words(estimate: Estimate) -> str:
    """Return a median with its interval, the interval's probability and kind."""
    return f"{percent(estimate.median)} ({_with_kind(estimate)})"


def _with_kind(estimate: Estimate) -> str:
    where = percent_range(estimate.lower, estimate.upper)
    return f"{interval_kind(estimate.prob, estimate.kind)} {where}"


def inside(label: str) -> str:
    """Return a label as it stands inside a sentence: no capital, unless it is an acronym."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def share_sentence(share: ShareStory) -> str:
    """Return the headline share on the baseline and the probability of the threshold."""
    base = next((one for one in share.shares if one.scenario == share.baseline), None)
    asked = next((one for one in share.probabilities if one.name == share.baseline), None)
    parts = []
    if base is not None:
        parts.append(
            f"{estimate_in_words(base.estimate)} is the median share of {share.group_label} in "
            f"{share.by} among {share.workforce} (scenario “{base.scenario_label}”)"
        )
    if asked is not None:
        parts.append(
            f"the probability that it is at most {percent(share.at_most)} in that year is "
            f"{probability_in_words(asked.probability, asked.mcse)} ({monte_carlo(asked)}"
            f"{_across(share)})"
        )
    return f"{', and '.join(parts)}." if parts else "No projection of the share was made."


def monte_carlo(fact: ProbabilityFact) -> str:
    """Return the Monte Carlo error of a probability; of a bound, what the bound is."""
    if fact.probability in (0.0, 1.0):
        draws = "no draw" if fact.probability == 0 else "every draw"
        return f"{draws} got there; the bound is three Monte Carlo standard errors"
    return f"Monte Carlo standard error {points(fact.mcse)}"


def _across(share: ShareStory) -> str:
    found = lowest_and_highest(share)
    if found is None:
        return ""
    low, high = (probability_in_words(one.probability, one.mcse) for one in found)
    if len(share.listed) == 1:
        return f"; {low} under the listed alternative"
    number = small_number(len(share.listed))
    if low == high:
        return f"; {low} under each of the {number} listed alternatives"
    return f"; {low} to {high} across the {number} listed alternatives"


def lowest_and_highest(share: ShareStory) -> tuple[ProbabilityFact, ProbabilityFact] | None:
    """Return the listed alternatives with the lowest and the highest probability."""
    if not share.listed:
        return None
    ordered = sorted(share.listed, key=lambda one: one.probability)
    return ordered[0], ordered[-1]


def alternatives_sentence(share: ShareStory) -> str:
    """Say between which alternatives the probability runs."""
    found = lowest_and_highest(share)
    if found is None:
        return "The study lists no alternatives."
    low, high = (f"{probability_in_words(o.probability, o.mcse)} ({o.label})" for o in found)
    what = f"P(share of {share.group_label} ≤ {percent(share.at_most)} in {share.by})"
    return f"{what} is {low}" if low == high else f"{what} runs from {low} to {high}"


def learned_sentence(share: ShareStory) -> str:
    """Say which parameter the evidence narrowed most and which it left to its prior."""
    known = [one for one in share.learned if one.sd_ratio is not None]
    if not known:
        return "What the evidence taught was not computed."
    ordered = sorted(known, key=lambda one: one.sd_ratio or 0.0)
    most, least = ordered[0], ordered[-1]
    first, last = named(most.parameter, most.group), named(least.parameter, least.group)
    narrowed = f"The evidence narrowed {first} to {percent(most.sd_ratio or 0.0)} of its prior "
    if (least.sd_ratio or 0.0) >= AS_IT_WAS:
        rest = f"standard deviation, and left {last} as it was"
    else:
        rest = f"standard deviation, and {last} to {percent(least.sd_ratio or 0.0)}"
    return f"{narrowed}{rest}: where little is narrowed, the prior decides."


def named(parameter: str, group: str = "") -> str:
    """Return the name of a parameter as words, with its group."""
    words = parameter.replace("_", " ")
    return f"{words} ({group})" if group else words


class KeyFigure(NamedTuple):
    """A number of the answer, large, with what it is."""

    value: str
    label: str


def key_figures(facts: ReportFacts) -> tuple[KeyFigure, ...]:
    """Return the numbers that the answer rests on, for the eye."""
    head = facts.stay.headline
    basis = {"intentions": ", intentions alone", "forecast": ", forecast"}.get(head.basis, "")
    label = (
        f"stay rate, {head.origin_label}, cohort {head.cohort}{basis}; {_with_kind(head.estimate)}"
    )
    figures = [KeyFigure(percent(head.estimate.median), label)]
    if facts.share is None:
        return tuple(figures)
    share = facts.share
    figures += [
        KeyFigure(
            percent(one.estimate.median),
            f"share in {one.year}, {one.scenario_label}; {_with_kind(one.estimate)}",
        )
        for one in share.fanned
    ]
    figures += [
        KeyFigure(
            probability_in_words(one.probability, one.mcse),
            f"probability of a share ≤ {percent(one.at_most)} in {one.by}, {one.label}",
        )
        for one in share.probabilities
        if one.name == share.baseline
    ]
    return tuple(figures)
