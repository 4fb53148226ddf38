"""Sentences about the backtest: what intervals held, skill, where it is worst."""

import math
from collections.abc import Sequence

from forecast.report.assessment_records import BacktestStory, GroupFact, Resampled, SkillFact
from forecast.report.numbers_in_words import (
    MINUS,
    count,
    interval_kind,
    listed,
    percent,
    percent_range,
    small_number,
)

LEVELS = (0.8, 0.95)  # that sentences tell of
MIDDLE = 0.5  # told of where it is off
LEVEL = 0.8  # by which groups are compared
LEAST_FORECASTS, LEAST_CLUSTERS = 30, 5  # of a group that is named as the worst
FEW_CLUSTERS = 10  # bootstrap intervals of fewer are too narrow
PRINTED = 2  # decimals of an end of an interval
OPEN = "not told apart from what they promise"


def held_sentence(story: BacktestStory) -> str:
    """Say what was forecast from when, and what part the model's intervals held."""
    whole = story.whole
    told = [
        f"its {percent(level)} intervals held {percent(held.value)} "
        f"({_interval(held, story.prob, i)})"
        for i, level in enumerate(LEVELS)
        for held in [whole.model.at(level)]
    ]
    since = f"In each of the years {story.first} to {story.last}"
    if story.first == story.last:
        since = f"In {story.first}"
    figures = "" if story.figures is None else f" of {count(story.figures, 'published rate')}"
    return (
        f"{since} the model was given what was published by then and forecast what came later: "
        f"{count(whole.forecasts, 'forecast')}{figures}. {capital(listed(told))}: "
        f"{_judged(whole)}.{_middle(whole)}"
    )


def skill_sentence(story: BacktestStory) -> str:
    """Say which baselines the model beat: only those where the whole interval says so."""
    known = sorted(story.whole.skills, key=lambda one: -one.skill.value)
    if not known:
        return ""
    better = [one for one in known if round(one.skill.lower, PRINTED) > 0]
    worse = [one for one in known if round(one.skill.upper, PRINTED) < 0]
    open_ = [one for one in known if one not in better and one not in worse]
    judged = (("better than", better), ("worse than", worse), ("not told apart from", open_))
    verdicts = [f"{words} {_baselines(some, known)}" for words, some in judged if some]
    told = [f"{skill_in_words(one.skill)} against the {one.baseline}" for one in known]
    return (
        f"Its skill in CRPS (1 is perfect, 0 no better than the baseline) is {listed(told)}: the "
        f"model was {listed(verdicts)}."
    )


def worst_sentence(story: BacktestStory) -> str:
    """Say of which definition and of which origin coverage is furthest from what is promised."""
    told = [
        f"of {count(len(groups), word)} for {_off(worst)}"
        for word, groups in (
            ("definition", enough(story.definitions)),
            ("origin", enough(story.origins)),
        )
        if len(groups) > 1 and (worst := furthest(groups)) is not None
    ]
    if not told:
        return ""
    return (
        f"Coverage of the {percent(LEVEL)} intervals is furthest off, {'; '.join(told)}. The worst "
        f"of several groups (with at least {LEAST_FORECASTS} forecasts from "
        f"{small_number(LEAST_CLUSTERS)} years of publication) is so partly by chance."
    )


def clusters_sentence(story: BacktestStory) -> str:
    """Say what the bootstrap intervals rest on, and what they do not tell."""
    number = story.whole.clusters
    return (
        f"Bootstrap intervals resample {count(number, 'year')} of publication whole, as figures "
        f"printed together err together; those of fewer than {small_number(FEW_CLUSTERS)} years "
        "are too narrow. The best baseline is picked group by group, afterwards. Coloured, with "
        f"{small_number(LEAST_CLUSTERS)} years or more: the interval leaves out what is promised. "
        "A backtest that was at hand when the priors were chosen flatters the model. It is of "
        "stay rates: the share of a workforce is not forecast this way."
    )


def coverage_title(story: BacktestStory) -> str:
    """Say what the intervals of the model and of the baselines held."""
    level, whole = percent(LEVEL), story.whole
    title = f"{level} intervals of the model held {percent(whole.model.at(LEVEL).value)} of figures"
    ordered = sorted(whole.baselines, key=lambda one: one.at(LEVEL).value)
    told = [f"{percent(one.at(LEVEL).value)} ({one.name})" for one in ordered]
    if not told:
        return title
    span = told[0] if len(told) == 1 else f"from {told[0]} to {told[-1]}"
    return f"{title} that came later; those of baselines {span}"


def pit_title(story: BacktestStory) -> str:
    """Say how many figures came in the outer parts of their forecasts."""
    even = percent(1 / len(story.pit))
    low, high = percent(story.pit[0]), percent(story.pit[-1])
    return (
        f"{low} of later figures fell in the lowest {even} of the model's forecast, {high} in the "
        f"highest {even}"
    )


def capital(text: str) -> str:
    """Return a text that begins a sentence.

    Examples
    --------
    >>> capital("the share of X")
    'The share of X'
    """
    return f"{text[:1].upper()}{text[1:]}"


def enough(groups: Sequence[GroupFact]) -> list[GroupFact]:
    """Return the groups with forecasts and years enough to be compared."""
    return [g for g in groups if g.forecasts >= LEAST_FORECASTS and g.clusters >= LEAST_CLUSTERS]


def furthest(groups: Sequence[GroupFact]) -> GroupFact | None:
    """Return the group whose coverage is furthest from what is promised."""
    return max(groups, key=lambda one: abs(one.model.at(LEVEL).value - LEVEL), default=None)


def skill_in_words(skill: Resampled) -> str:
    """Return a skill with its interval.

    Examples
    --------
    >>> skill_in_words(Resampled(0.262, 0.192, 0.337)), skill_in_words(Resampled(-0.02, -0.1, 0.1))
    ('0.26 (0.19–0.34)', '−0.02 (−0.10 to 0.10)')
    """
    value, *ends = (f"{x:.2f}".replace("-", MINUS) for x in (skill.value, skill.lower, skill.upper))
    if not math.isfinite(skill.lower):
        return f"{value} (–)" if math.isfinite(skill.value) else "unknown"
    return f"{value} ({('–' if skill.lower >= 0 else ' to ').join(ends)})"


def held_range(held: Resampled) -> str:
    """Return an interval of coverage as percentages, one where both ends are the same.

    Examples
    --------
    >>> [held_range(Resampled(x, x, 1.0)).replace("\u202f", " ") for x in (0.8, 1.0, math.nan)]
    ['80–100 %', '100 %', '–']
    """
    if not math.isfinite(held.lower):
        return "–"
    same = held.lower == held.upper
    return percent(held.lower) if same else percent_range(held.lower, held.upper)


def coverage_judged(held: Resampled, level: float) -> str:
    """Say whether intervals are too narrow or too wide, where the bootstrap interval tells.

    As it is printed: a level at its rounded end is inside.

    Examples
    --------
    >>> coverage_judged(Resampled(0.6, 0.5, 0.7), 0.8)
    'too narrow'
    >>> coverage_judged(Resampled(0.97, 0.951, 0.99), 0.95)
    'not told apart from what they promise'
    """
    if round(held.upper, PRINTED) < level:
        return "too narrow"
    return "wider than they promise" if round(held.lower, PRINTED) > level else OPEN


def _interval(held: Resampled, prob: float, place: int) -> str:
    """Return an interval, named in full where it is the first of a sentence."""
    if not math.isfinite(held.lower):
        return "one year of publication, so no interval"
    kind = f"{interval_kind(prob, 'bootstrap')} " if place == 0 else ""
    return f"{kind}{held_range(held)}"


def _judged(whole: GroupFact) -> str:
    found = {level: coverage_judged(whole.model.at(level), level) for level in LEVELS}
    if set(found.values()) == {OPEN}:
        return "neither is told apart from what it promises"
    if len(set(found.values())) == 1:
        return f"both are {found[LEVEL]}"
    return listed([f"the {percent(level)} ones are {words}" for level, words in found.items()])


def _middle(whole: GroupFact) -> str:
    """Say so where the middle half of forecasts held clearly more or fewer; begins with a space."""
    held = whole.model.at(MIDDLE)
    judged = coverage_judged(held, MIDDLE)
    if judged == OPEN:
        return ""
    told = f"held {percent(held.value)} ({held_range(held)})"
    return f" Its {percent(MIDDLE)} intervals {told}: they are {judged}."


def _baselines(some: Sequence[SkillFact], known: Sequence[SkillFact]) -> str:
    if len(some) == len(known):
        return "each of them" if len(known) > 1 else "it"
    return listed([f"the {one.baseline}" for one in some])


def _off(group: GroupFact) -> str:
    held = group.model.at(LEVEL)
    judged = coverage_judged(held, LEVEL)
    years = count(group.clusters, "year")
    where = f"{percent(held.value)} of {group.forecasts:,} from {years} ({held_range(held)})"
    return f"“{group.label}”: {where}, {judged}"
