"""Sentences about the questions to the workforce: targets, what a fact is worth, evidence."""

import math
from collections.abc import Sequence

from forecast.report.estimate import Chance, Estimate
from forecast.report.numbers_in_words import (
    chance_in_draws,
    interval_kind,
    percent,
    percent_range,
    probability_in_words,
    significant,
)
from forecast.report.question_records import (
    ContributionFact,
    PartFact,
    PassageFact,
    QuestionStory,
    SolvedFact,
    WorthFact,
)
from forecast.report.question_words import ENDS, EVERYTHING, NOTHING, lever_name

MOST = 0.5  # of the draws
SMALL = 0.1  # rates below it, and narrower widths, are told with a decimal
TOLD = 3  # parts of the variance that a title names
CLEAR = 2.0  # standard errors
UNITS = {"exit_rate": " a year"}
INTERVAL = interval_kind(0.9, "eti")  # of what single facts are worth


def passage_sentence(fact: PassageFact) -> str:
    """Say when the share first comes to the bound, and how probable it is that it never does."""
    bound, where = percent(fact.at_most), f"In the scenario “{fact.label}”"
    got_there = chance_in_draws(fact.reached.probability, fact.draws)
    told = probability_in_words(fact.reached.probability, fact.reached.mcse)
    if fact.earliest is None:
        return (
            f"{where} the share of {fact.group_label} comes to {bound} or less by {fact.last} in "
            f"{got_there}, so the probability is {told}."
        )
    half = f", in half of the draws by {fact.half}" if fact.half is not None else ""
    never = probability_in_words(fact.never, fact.reached.mcse)
    return (
        f"{where} the share of {fact.group_label} comes to {bound} or less for the first time in "
        f"{fact.earliest} at the earliest{half}; by {fact.last} it has done so in {got_there} "
        f"(probability {told}), and with probability {never} it never does until then."
    )


def refit_sentence(story: QuestionStory) -> str:
    """Say which differences hold the noise of two calibrations, if any do."""
    refitted = [f"“{one.label}”" for one in story.scenarios if one.refits]
    if not refitted:
        return ""
    return (
        f"Where history is fitted again ({', '.join(refitted)}), the difference from the baseline "
        "includes that of two calibrations to the same evidence, and its interval is wide."
    )


def solved_sentence(fact: SolvedFact) -> str:
    """Say what a lever would have to be, beside what the evidence says, and how likely that is."""
    if fact.reachable < MOST or not math.isfinite(fact.needed.median):
        return f"{_out_of_reach(fact)}{_the_usual(fact)}"
    lever, value = f"the {lever_name(fact.lever)} of {fact.group_label}", _value(fact)
    return (
        f"For {percent(fact.target)} in {fact.year} {lever} would have to be {value} from "
        f"{fact.start} on ({_needed_range(fact)}){_the_usual(fact)}"
    )


def over_alternatives(story: QuestionStory, lever: str) -> str:
    """Say how far the answer about a lever moves over the listed alternatives; begins with a space.

    Nothing where there is no range.
    """
    name = lever_name(lever)
    found = {one.answer: one for one in story.ranges if one.of == name}
    part, needed = found.get("draws with a value"), found.get("needed value")
    if part is None or needed is None:
        return ""
    told = (
        f" Over the listed alternatives such a value exists in {percent(part.lowest)} of draws "
        f"({part.lowest_under}) to {percent(part.highest)} ({part.highest_under})"
    )
    if not math.isfinite(needed.highest):
        return f"{told}."
    under = f"{percent(needed.highest)} ({needed.highest_under})"
    if not math.isfinite(needed.lowest):
        return f"{told}; its median, where most draws have one, is at most {under}."
    return (
        f"{told}; its median runs from {percent(needed.lowest)} ({needed.lowest_under}) to {under}."
    )


def _value(fact: SolvedFact) -> str:
    if fact.way == "path":
        return f"{percent(fact.needed.median)}{UNITS.get(fact.lever, '')}"
    return f"{significant(fact.needed.median, 2)} times that of the baseline"


def _needed_range(fact: SolvedFact) -> str:
    """Return the interval of a value; an end that no value reaches is said in words."""
    needed, kind = fact.needed, interval_kind(fact.needed.prob, fact.needed.kind)
    low, high = (math.isfinite(end) for end in (needed.lower, needed.upper))
    if low and high:
        return f"{kind} {_range(fact, needed)}"
    until = f"up to {_one(fact, needed.upper)}" if high else f"from {_one(fact, needed.lower)} on"
    missed = percent(1 - fact.reachable)
    if not low and not high:
        until = "the whole range"
    return f"{kind} {until}; in {missed} of draws no possible value does it"


def _range(fact: SolvedFact, estimate: Estimate) -> str:
    if fact.way == "path":
        return percent_range(estimate.lower, estimate.upper)
    return f"{significant(estimate.lower, 2)} to {significant(estimate.upper, 2)}"


def _one(fact: SolvedFact, value: float) -> str:
    return percent(value) if fact.way == "path" else significant(value, 2)


def _out_of_reach(fact: SolvedFact) -> str:
    """Say that even the end of the range is not enough, and in which part of the draws."""
    target, up = percent(fact.target), fact.needed.median > 0
    most = f"{ENDS[fact.lever][int(up)]} for {fact.group_label}"
    whose = "the share" if fact.of_label == fact.group_label else f"the share of {fact.of_label}"
    side, part = ("above", fact.above) if fact.above >= fact.below else ("below", fact.below)
    return (
        f"Even with {most} from {fact.start} on, {whose} stays {side} {target} in {fact.year} in "
        f"{percent(part)} of draws"
    )


def _the_usual(fact: SolvedFact) -> str:
    """Say what the evidence has of a lever, and how probable what is needed is by itself."""
    usual = f"; the evidence says {_usual(fact)}" if fact.way == "path" else ""
    if fact.by_itself is None:
        return f"{usual}."
    chance = probability_in_words(fact.by_itself.probability, fact.by_itself.mcse)
    moved = "" if fact.way == "path" else f" of the {lever_name(fact.lever)}"
    return f"{usual}. A value{moved} that extreme comes about by itself with probability {chance}."


def _usual(fact: SolvedFact) -> str:
    digits = 1 if fact.usual.median < SMALL else 0
    ends = (percent(end, digits) for end in (fact.usual.lower, fact.usual.upper))
    return f"{percent(fact.usual.median, digits)} ({' to '.join(ends)})"


def worth_sentence(story: QuestionStory) -> str:
    """Name the single fact that would narrow the forecast most, and the next."""
    told = narrowing_facts(story)
    if not told:
        return "No single fact, if it were measured, would narrow the forecast beyond noise."
    best, *rest = told
    return (
        f"If it were known {best.label}, the {INTERVAL} of {story.by} would shrink from "
        f"{_points(best.width_now)} to {_points(best.width_known)} points on average; no other "
        f"single fact would narrow it as much{_next(rest)}."
    )


def narrowing_facts(story: QuestionStory) -> list[WorthFact]:
    """Return the facts that would narrow the interval beyond noise, the best first."""
    clear = [o for o in story.worth if o.share > CLEAR * o.se and o.width_known < o.width_now]
    return sorted(clear, key=lambda one: one.width_known)


def _next(rest: Sequence[WorthFact]) -> str:
    if not rest:
        return ""
    return f": next is {rest[0].label} (to {_points(rest[0].width_known)})"


def _points(width: float) -> str:
    return f"{100 * width:.0f}" if width >= SMALL else f"{100 * width:.1f}"


def parts_title(parts: Sequence[PartFact]) -> str:
    """Name the parts that bring most of the variance."""
    single = sorted((one for one in parts if one.total is not None), key=lambda one: -one.first)
    told = [f"{one.label} {percent(one.first)}" for one in single[:TOLD]]
    return f"Parts of the variance: {', '.join(told)}"


def dependence_sentence(parts: Sequence[PartFact]) -> str:
    """Say what it does to the variance that the evidence ties the parts together."""
    part = next((one for one in parts if one.component == "dependence"), None)
    if part is None:
        return ""
    does, why = ("adds", "reinforce") if part.first > 0 else ("takes away", "offset")
    return (
        "Each part is drawn here without regard to the others. The evidence ties them together so "
        f"that they {why} each other: this dependence {does} {percent(abs(part.first))} of the "
        "variance, and with it the parts add up to 100 %."
    )


def contribution_sentence(story: QuestionStory) -> str:
    """Name the piece of evidence whose removal moves the median most, and what priors alone say."""
    whole = _piece(story.contributions, EVERYTHING)
    single = [one for one in story.contributions if one.piece not in (EVERYTHING, NOTHING)]
    if whole is None or not single:
        return ""
    most = max(single, key=lambda one: abs(one.share.median - whole.share.median))
    least = "; no other piece moves it more" if len(single) > 1 else ""
    told = (
        f"Without {most.label} the median share of {story.by} would be "
        f"{percent(most.share.median)} instead of {percent(whole.share.median)}, both from "
        f"about {story.draws_again:,} draws{least}."
    )
    priors = _piece(story.contributions, NOTHING)
    return told if priors is None else f"{told} {_priors_alone(priors, story)}"


def _piece(facts: Sequence[ContributionFact], name: str) -> ContributionFact | None:
    return next((one for one in facts if one.piece == name), None)


def _priors_alone(fact: ContributionFact, story: QuestionStory) -> str:
    share, chance = fact.share, fact.chance
    where = percent_range(share.lower, share.upper)
    told = probability_in_words(chance.probability, chance.mcse)
    return (
        f"With no evidence at all about the workforce it would be {percent(share.median)} "
        f"({interval_kind(share.prob, share.kind)} {where}), and the probability of "
        f"{percent(story.at_most)} or less {told}."
    )


def chance_in_words(chance: Chance | None) -> str:
    """Return a probability in words, a dash where there is none."""
    return "–" if chance is None else probability_in_words(chance.probability, chance.mcse)
