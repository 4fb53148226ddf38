"""Sentences about the criticism of the model and its sensitivity to single priors."""

from collections.abc import Sequence

from forecast.report.assessment_records import (
    CriticismStory,
    HeadlineNumber,
    InfluenceFact,
    LooTotal,
    PredictiveFact,
    ResidualStory,
    SensitivityStory,
    VariantFact,
)
from forecast.report.backtest_sentences import capital
from forecast.report.numbers_in_words import (
    MINUS,
    count,
    listed,
    percent,
    probability_in_words,
    significant,
)

LEAST_MOVE = 0.1  # of a posterior sd: a smaller one is none
TAIL = 0.05  # a p-value as close to 0 or 1 is told
NAMED = 3  # cells and p-values that a sentence names
ERRORS, LEAST_ELPD = 2.0, 4.0  # standard errors, nats: a smaller difference is none
WHOLE = "nothing"
STUDY = "study"  # among the variants: the model as it is
QUANTITIES = {
    "mean": "mean",
    "sd": "spread",
    "largest": "largest residual",
    "lag_1": "likeness of neighbouring cohorts",
}
KINDS = {"definition": "definition", "source": "source", "workforce": "workforce series"}
CRITICISM = ("influence", "predictive", "variants")
SENSITIVITY = ("power", "unmoved")


def criticism_words(story: CriticismStory | None) -> dict[str, str]:
    """Return the sentences about a criticism by name."""
    if story is None:
        return dict.fromkeys((*CRITICISM, "criticism_made"), "")
    return {
        "influence": influence_sentence(story.influence),
        "predictive": predictive_sentence(story.predictive),
        "variants": " ".join(
            text for text in (variants_sentence(story.variants), loo_words(story.loo)) if text
        ),
    }


def sensitivity_words(story: SensitivityStory | None) -> dict[str, str]:
    """Return the sentences about the sensitivity to priors by name."""
    if story is None:
        return dict.fromkeys((*SENSITIVITY, "sensitivity_made"), "")
    return {"power": power_sentence(story), "unmoved": unmoved_sentence(story)}


def influence_sentence(facts: Sequence[InfluenceFact]) -> str:
    """Say without which piece of evidence each headline number moves most."""
    base = next((one for one in facts if one.label == WHOLE), None)
    pieces = [one for one in facts if one is not base and one.numbers]
    if base is None or not pieces:
        return ""
    told = [
        _moves_most(number, pieces) if number.estimate is not None else _runs(number, pieces)
        for number in base.numbers
    ]
    skipped = [f"{one.label} ({one.skipped.rstrip('.')})" for one in facts if one.skipped]
    rest = f" No answer without {listed(skipped)}." if skipped else ""
    return " ".join(told) + rest


def _moves_most(number: HeadlineNumber, pieces: Sequence[InfluenceFact]) -> str:
    known = [(one, own) for one in pieces if (own := _own(one, number.quantity)) is not None]
    piece, own = max(known, key=lambda pair: abs(pair[1].moved or 0.0))
    if own.estimate is None or number.estimate is None or abs(own.moved or 0.0) < LEAST_MOVE:
        return (
            f"{capital(number.label)} moves by less than {LEAST_MOVE:g} of its posterior standard "
            "deviation without any one piece of evidence."
        )
    from_, to = (percent(one.estimate.median, 1) for one in (number, own) if one.estimate)
    return (
        f"{capital(number.label)} moves most without the {KINDS[piece.kind]} “{piece.label}”: "
        f"from {from_} to {to}, {abs(own.moved or 0.0):.2f} of its posterior standard deviation."
    )


def _runs(number: HeadlineNumber, pieces: Sequence[InfluenceFact]) -> str:
    """Say between which values a probability runs."""
    found = [(own.chance, one.label) for one in pieces if (own := _own(one, number.quantity))]
    chances = sorted(
        ((chance, label) for chance, label in found if chance is not None),
        key=lambda pair: pair[0].probability,
    )
    if not chances:
        return ""
    told = [
        f"{probability_in_words(chance.probability, chance.mcse)} (without “{label}”)"
        for chance, label in (chances[0], chances[-1])
    ]
    if chances[0][0].probability == chances[-1][0].probability:
        low = chances[0][0]
        return (
            f"{capital(number.label)} is {probability_in_words(low.probability, low.mcse)} "
            "whatever is left out."
        )
    return f"{capital(number.label)} runs from {' to '.join(told)}."


def _own(fact: InfluenceFact, quantity: str) -> HeadlineNumber | None:
    return next((one for one in fact.numbers if one.quantity == quantity), None)


def predictive_sentence(facts: Sequence[PredictiveFact]) -> str:
    """Say which posterior predictive p-values lie in the tails."""
    known = [(one.label, name, p) for one in facts for name, p in one.p if p is not None]
    if not known:
        return ""
    tails = sorted((min(p, 1 - p), label, name, p) for label, name, p in known if in_tail(p))
    start = f"Of {count(len(known), 'posterior predictive p-value')}"
    where = f"below {TAIL:g} or above {1 - TAIL:g} (by chance up to {2 * TAIL * len(known):.1f})"
    if not tails:
        return f"{start} none lies {where}."
    told = [
        f"{QUANTITIES.get(name, name)} of “{label}” ({p_value(p)}: published figures have "
        f"{'more' if p < TAIL else 'less'} of it than the model expects)"
        for _, label, name, p in tails[:NAMED]
    ]
    lie = "lies" if len(tails) == 1 else "lie"
    most = ", most extreme" if len(tails) > NAMED else ""
    return f"{start} {len(tails):,} {lie} {where}{most}: {listed(told)}."


def in_tail(p: float) -> bool:
    """Return whether a p-value is close to 0 or 1."""
    return min(p, 1 - p) < TAIL


def p_value(p: float) -> str:
    """Return a p-value from draws.

    Examples
    --------
    >>> p_value(0.0181), p_value(0.0001), p_value(0.99999)
    ('0.018', 'below 0.001', 'above 0.999')
    """
    if min(p, 1 - p) < 0.001:  # noqa: PLR2004, fewer digits than it has
        return "below 0.001" if p < TAIL else "above 0.999"
    return f"{p:.3f}" if in_tail(p) else f"{p:.2f}"


def furthest_cells(story: ResidualStory) -> str:
    """Name the cells whose residuals lie furthest off, if any do; begins with a space."""
    told = [
        f"{one.origin}, {one.definition}, {one.cohort} ({signed(one.residual)} in "
        f"{count(one.rows, 'figure')})"
        for one in story.far[:NAMED]
    ]
    return f" Furthest off: {listed(told)}." if told else ""


def residual_title(story: ResidualStory) -> str:
    """Say how many cells of the residual map lie beyond two standard deviations."""
    far = len(story.far)
    part = percent(far / story.cells)
    lie = "lies" if far == 1 else "lie"
    return (
        f"{far:,} of {count(story.cells, 'mean residual')} ({part}) {lie} beyond two standard "
        "deviations"
    )


def variants_sentence(facts: Sequence[VariantFact]) -> str:
    """Say which variants predict figures left out better or worse, where it can be told."""
    others = [one for one in facts if one.name != STUDY]
    if not others:
        return ""
    clear = [one for one in others if is_clear(one)]
    better = [_difference(one) for one in clear if one.difference > 0]
    worse = [_difference(one) for one in clear if one.difference < 0]
    open_ = [one.name for one in others if one not in clear]
    parts = []
    if better:
        parts.append(f"better with {listed(better)}")
    if worse:
        parts.append(f"worse with {listed(worse)}")
    if open_:
        parts.append(f"no differently, as far as can be told, with {listed(open_)}")
    return f"Figures left out are predicted {'; '.join(parts)}."


def is_clear(fact: VariantFact) -> bool:
    """Return whether a variant is told apart: by two standard errors, and by four nats."""
    size = abs(fact.difference)
    return size > ERRORS * fact.error and size > LEAST_ELPD


def _difference(fact: VariantFact) -> str:
    return f"{fact.name} ({signed(fact.difference, 1)} nats ± {significant(fact.error, 2)})"


def loo_words(total: LooTotal | None) -> str:
    """Say what leave-one-out rests on."""
    if total is None:
        return ""
    again = f", of {total.refitted:,} on a fit without them" if total.refitted else ""
    left = "none has" if not total.high_k else f"{total.high_k:,} have"
    return (
        f"Leave-one-out of {count(total.rows, 'figure')} rests on importance sampling{again}; "
        f"{left} a Pareto k too high to rely on."
    )


def power_sentence(story: SensitivityStory) -> str:
    """Say which priors power scaling flags."""
    start = f"Of {count(story.priors, 'prior')}, power scaling flags"
    if not story.flagged:
        return f"{start} none."
    return f"{start} {len(story.flagged)}: {listed([f'`{name}`' for name in story.flagged])}."


def unmoved_sentence(story: SensitivityStory) -> str:
    """Say that no prior that was refitted matters, where none does."""
    if story.sentences:
        return ""
    if not story.refitted:
        return "No prior was made narrower or wider in a refit."
    return (
        f"None of {count(story.refitted, 'prior')} moves a headline number much when it is half or "
        "twice as wide."
    )


def tornado_title(story: SensitivityStory) -> str:
    """Say how far the widest bar goes."""
    first = story.bars[0]
    ends = [percent(end, 1) for end in (first.low, first.high)]
    return (
        f"{capital(story.number)} runs from {ends[0]} to {ends[1]} with the prior of {first.prior}"
    )


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign.

    Examples
    --------
    >>> signed(1.234), signed(-0.5, 1), signed(-0.001)
    ('+1.23', '−0.5', '0')
    """
    text = f"{value:+.{digits}f}".replace("-", MINUS)
    return text if text.strip(f"+{MINUS}0.") else "0"
