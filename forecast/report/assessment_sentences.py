"""Sentences about the forecasts: the backtest, calibration by simulation, what is not shown."""

from collections.abc import Sequence

from forecast.report.assessment_facts import command_of
from forecast.report.assessment_records import AssessmentStory, CalibrationStory, Made
from forecast.report.backtest_sentences import (
    capital,
    clusters_sentence,
    held_sentence,
    skill_sentence,
    worst_sentence,
)
from forecast.report.criticism_sentences import criticism_words, sensitivity_words
from forecast.report.numbers_in_words import count, duration, listed, percent

UNIFORM = 0.01  # least p of ranks that do not speak against uniform ones
PARTS = {
    "backtest": "the backtest",
    "calibration": "the calibration by simulation",
    "criticism": "the criticism of the model",
    "sensitivity": "the sensitivity to single priors",
}
NAMES = (
    *("stale", "missing", "held", "skill", "worst", "clusters", "backtest_made"),
    *("calibration", "calibration_made"),
)


def assessment_words(story: AssessmentStory | None) -> dict[str, str]:
    """Return every sentence about an assessment by name, empty where there is nothing to say."""
    said = dict.fromkeys(NAMES, "")
    if story is None:
        return said | criticism_words(None) | sensitivity_words(None)
    said |= {"stale": stale_sentence(story), "missing": missing_sentence(story)}
    if story.backtest is not None:
        said["held"], said["skill"] = held_sentence(story.backtest), skill_sentence(story.backtest)
        said["worst"] = worst_sentence(story.backtest)
        said["clusters"] = clusters_sentence(story.backtest)
        said["backtest_made"] = made_sentence(story.backtest.made)
    if story.calibration is not None:
        said["calibration"] = calibration_sentence(story.calibration)
        said["calibration_made"] = made_sentence(story.calibration.made)
    for name, part in (("criticism", story.criticism), ("sensitivity", story.sensitivity)):
        said[f"{name}_made"] = "" if part is None else made_sentence(part.made)
    return said | criticism_words(story.criticism) | sensitivity_words(story.sensitivity)


def stale_sentence(story: AssessmentStory) -> str:
    """Say which parts belong to another version of the study, and how to make them again."""
    if not story.stale:
        return ""
    parts, commands = _named(story.stale, story.study)
    several = len(parts) > 1
    belong, are = ("belong", "are") if several else ("belongs", "is")
    make, them = ("make", "them") if several else ("makes", "it")
    return (
        f"{capital(listed(parts))} {belong} to another version of the study and {are} not shown; "
        f"{listed(commands)} {make} {them} again."
    )


def missing_sentence(story: AssessmentStory) -> str:
    """Say which parts were never made, and how to make them."""
    if not story.missing:
        return ""
    parts, commands = _named(story.missing, story.study)
    told = [f"{part} ({command})" for part, command in zip(parts, commands, strict=True)]
    return f"Not made yet: {listed(told)}."


def made_sentence(made: Made) -> str:
    """Say how a part was made."""
    engine = f" with engine {made.engine}" if made.engine else ""
    seed = "" if made.seed is None else f", seed {made.seed}"
    spent = "" if made.seconds is None else f", in {duration(made.seconds)}"
    return f"Made by `{made.command}`{engine}{seed}{spent}."


def calibration_sentence(story: CalibrationStory) -> str:
    """Say whether simulated truths lie in their posteriors as they should."""
    held = listed(
        [f"{percent(level)} intervals held {percent(part)}" for level, part in story.held]
    )
    worst = story.quantities[0].name
    uniform = (
        "show no departure from uniform ones beyond chance"
        if story.p >= UNIFORM
        else f"are not uniform, least of all for `{worst}`"
    )
    return (
        f"{count(story.simulations, 'time')} a truth was drawn from the priors, evidence from that "
        f"truth, and a posterior from that evidence. The ranks of "
        f"{count(len(story.quantities), 'quantity', 'quantities')} {uniform} "
        f"(least p times their number: {p_in_words(story.p)}); on average {held} of the truths."
    )


def calibration_title(story: CalibrationStory) -> str:
    """Say whether ranks are uniform."""
    quantities = count(len(story.quantities), "quantity", "quantities")
    p = f"least p, corrected for their number, {p_in_words(story.p)}"
    if story.p >= UNIFORM:
        return f"Ranks of {quantities} do not depart from uniform ones beyond chance: {p}"
    return f"Ranks are not uniform, least of all for {story.quantities[0].name}: {p}"


def p_in_words(p: float) -> str:
    """Return a p-value with two digits.

    Examples
    --------
    >>> [p_in_words(p) for p in (0.0471, 0.00004, 1.0)]
    ['0.047', 'below 0.001', '1']
    """
    return "below 0.001" if p < 0.001 else f"{p:.2g}"  # noqa: PLR2004, fewer digits than it has


def _named(parts: Sequence[str], study: str) -> tuple[list[str], list[str]]:
    return [PARTS[one] for one in parts], [f"`{command_of(one, study)}`" for one in parts]
