"""Claims in words: what is claimed, of which quantity, and one sentence with the numbers."""

from math import ceil

from forecast.share.events import Probability
from forecast.study import Claim, Study

BASELINE = "baseline"
SMALL = 0.0995  # probabilities below it, or as near to 1, have a decimal
RARE = 0.001  # below it, or as near to 1, they are told as a bound


def subject(claim: Claim, study: Study) -> str:
    """Return the quantity that a claim speaks of.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> study = load_study("china_ai_2030")
    >>> for claim in study.claims[:2]:
    ...     print(subject(claim, study))
    the share of China in 2022
    the stay rate after 5 years of the 2018 cohort from China in computer science
    """
    match claim.quantity:
        case "share":
            told = f"the share of {study.label(str(claim.group))} in {claim.year}"
        case "stay_rate":
            told = f"{_rate(claim)} of the {claim.cohort} cohort {_place(claim, study)}"
        case "stay_rate_fall":
            cohorts = f"from the {claim.since} to the {claim.cohort} cohort"
            told = f"the fall of {_rate(claim)} {cohorts} {_place(claim, study)}"
        case "output_loss":
            told = f"the loss of research output in {claim.year}"
        case "output_of_share_change":
            told = f"the loss of research output when {_change(claim)} of the workforce"
    if claim.scenario != BASELINE:
        told += f' in the scenario "{study.scenarios[claim.scenario].label}"'
    return told


def what_is_said(claim: Claim) -> str:
    """Return what a claim says of its quantity.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> [what_is_said(claim) for claim in load_study("china_ai_2030").claims[3:8:2]]
    ['about 33 points (31 points to 35 points)', 'at most 25 %', 'between 15 % and 20 %']
    """
    low, value, high = (amount(claim, end) for end in (claim.span[0], claim.value, claim.span[1]))
    match claim.says:
        case "about":
            return f"about {value} ({low} to {high})"
        case "between":
            return f"between {low} and {high}"
    return f"{claim.says} {value}"


def sentence(
    claim: Claim,
    study: Study,
    interval: tuple[float, float, float, float],
    holds: Probability,
    verdict: str,
) -> str:
    """Return one sentence on a claim: what the model finds, how probable the claim is, the verdict.

    ``interval``: median, lower, upper and the probability between the two. A past year "was", a
    year to come "will be", what hangs on a scenario or an assumption "would be".

    Examples
    --------
    >>> from forecast.study import load_study
    >>> study = load_study("china_ai_2030")
    >>> claim = study.claims[0]
    >>> print(sentence(claim, study, (0.37, 0.31, 0.43, 0.9), Probability(0.3, 0.01), "compatible"))
    By this model the share of China in 2022 was 37 % (90 % equal-tailed interval 31 % to 43 %); \
that it is about 40 % (38 % to 42 %) has a probability of 30 %: compatible.
    """
    median, lower, upper = (amount(claim, end, 0) for end in interval[:3])
    spread = f"({percent(interval[3])} equal-tailed interval {lower} to {upper})"
    found = f"By this model {subject(claim, study)} {_verb(claim, study)} {median} {spread}"
    return f"{found}; that it is {what_is_said(claim)} has a probability {_of(holds)}: {verdict}."


def percent(value: float, decimals: int | None = None) -> str:
    """Return a rate as a percentage, as it is written or with so many decimals.

    Examples
    --------
    >>> percent(0.175), percent(0.4028, 0), percent(-0.001, 0)
    ('17.5 %', '40 %', '0 %')
    """
    text = f"{100 * value:.4g}" if decimals is None else f"{100 * value:.{decimals}f}"
    return f"{'0' if text == '-0' else text} %"


def amount(claim: Claim, value: float, decimals: int | None = None) -> str:
    """Return a value of a claim's quantity: percent, points where it is a difference of rates.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> [amount(claim, 0.33) for claim in load_study("china_ai_2030").claims[2:4]]
    ['33 %', '33 points']
    """
    told = percent(value, decimals)
    if claim.quantity != "stay_rate_fall":
        return told
    number = told.removesuffix(" %")
    return f"{number} point" if number in ("1", "-1") else f"{number} points"


def _change(claim: Claim) -> str:
    shares = f"falls from {percent(claim.from_share or 0)} to {percent(claim.to_share or 0)}"
    if not claim.replaced:
        return f"nobody replaces a group that {shares}"
    return f"others take {percent(claim.replaced)} of the places of a group that {shares}"


def _rate(claim: Claim) -> str:
    return f"the stay rate after {claim.years_since:g} years"


def _place(claim: Claim, study: Study) -> str:
    field = study.label(str(claim.field))
    return f"from {study.label(str(claim.origin))} in {field[:1].lower()}{field[1:]}"


def _verb(claim: Claim, study: Study) -> str:
    if claim.scenario != BASELINE or claim.when is None:
        return "would be"
    return "was" if claim.when <= study.evidence.as_of else "will be"


def _of(holds: Probability) -> str:
    """Return a probability; one that the draws do not tell from 0 or 1 becomes a bound."""
    rare, noise = min(holds.value, 1 - holds.value), 3 * holds.mcse
    if rare < min(max(noise, RARE), SMALL):
        bound = min(ceil(round(1000 * max(rare + noise, RARE), 9)) / 1000, 1.0)
        return f"below {percent(bound)}" if rare == holds.value else f"above {percent(1 - bound)}"
    return f"of {percent(holds.value, 0 if rare >= SMALL else 1)}"
