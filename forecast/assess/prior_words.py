"""Which priors matter to the headline numbers, and one sentence on each."""

from collections.abc import Iterator, Sequence

import pandas as pd

from forecast.assess.headline_draws import PROBABILITY, STAY_RATE
from forecast.assess.top_priors import STAY, TopPrior, widened
from forecast.share.claim_words import percent
from forecast.study import Study, describe

LEAST_SD = 0.1  # of base's posterior: a smaller change of a rate is none
LEAST_FACTOR = 1.5  # of a probability
ERRORS = 3.0  # Monte Carlo standard errors that a change exceeds
MOST_DECIMALS = 4
EVEN = 0.5
ENDS = {0.0: "none of the draws", 1.0: "all draws"}  # as a probability


def matters(changes: pd.DataFrame) -> pd.Series:
    """Return which changes matter: more than a tenth of the posterior's sd, a probability by 1.5.

    And by more than three Monte Carlo standard errors; what is skipped does not.

    Examples
    --------
    >>> table = pd.DataFrame({"change": [0.01, 0.01, 0.2], "mcse": [0.001, 0.01, 0.01]})
    >>> matters(table.assign(change_in_sd=[0.2, 0.2, float("nan")], ratio=1.6)).tolist()
    [True, False, True]
    """
    size, ratio = changes["change_in_sd"].astype(float), changes["ratio"].astype(float)
    far = size.abs().gt(LEAST_SD) | ratio.ge(LEAST_FACTOR) | ratio.le(1 / LEAST_FACTOR)
    sure = changes["change"].astype(float).abs().gt(ERRORS * changes["mcse"].astype(float))
    return far & sure


def prior_sentences(
    changes: pd.DataFrame, study: Study, priors: Sequence[TopPrior]
) -> tuple[str, ...]:
    """Return one sentence on each prior that matters, with the numbers that it moves.

    ``changes``: of ``prior_refits``; ``priors``: those that it is about. A prior that is not told
    of moves no headline number by as much.
    """
    told = changes[matters(changes)]
    return tuple(
        _sentence(one, own, study)
        for one in priors
        if len(own := told[told["part"].eq(one.part) & told["prior"].eq(one.name)])
    )


def number_named(quantity: str, study: Study) -> str:
    """Return a headline number in words.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> for quantity in ("stay_rate", "share", "probability"):
    ...     print(number_named(quantity, load_study("china_ai_2030")))
    the stay rate after 5 years of the 2024 cohort from China in computer science
    the share of China in 2030
    the probability that the share of China in 2030 is at most 25 %
    """
    if quantity == STAY_RATE:
        shown = study.report
        origin, field = (study.label(x[0]) for x in (shown.main_origins, shown.main_fields))
        whose = f"{shown.headline_year} cohort from {origin} in {field[:1].lower()}{field[1:]}"
        return f"the stay rate after {shown.years_since[0]:g} years of the {whose}"
    if study.share is None:
        return quantity
    asked = study.share.headline
    share = f"the share of {study.share.groups[asked.group].label} in {asked.by}"
    if quantity == PROBABILITY:
        return f"the probability that {share} is at most {percent(asked.at_most)}"
    return share


def _sentence(one: TopPrior, own: pd.DataFrame, study: Study) -> str:
    room = "stay model" if one.part == STAY else "workforce"
    parts = list(_parts(one, own, study))
    start = f"The prior of {one.name} in the {room}, {describe(one.prior)}, matters: "
    return start + "; ".join(parts) + "."


def _parts(one: TopPrior, own: pd.DataFrame, study: Study) -> Iterator[str]:
    """Yield what each other prior does to each number that it moves."""
    for factor, rows in own.sort_values("factor", kind="stable").groupby("factor", sort=False):
        other = describe(widened(one.prior, float(str(factor))))
        moved = [_moved(row, study) for _, row in rows.iterrows()]
        yield f"with {other} {' and '.join(moved)}"


def _moved(row: pd.Series, study: Study) -> str:
    base, value = (float(row[name]) for name in ("base", "value"))
    before, after = _told_apart(base, value)
    told = f"{'falls' if value < base else 'rises'} from {before} to {after}"
    return f"{number_named(str(row['quantity']), study)} {told}{_size(row, base, value)}"


def _told_apart(base: float, value: float) -> tuple[str, str]:
    """Return two rates with as many decimals as tell them from each other, and from 0 and 1."""
    before = after = ""
    for decimals in range(1, MOST_DECIMALS + 1):
        before, after = (ENDS.get(rate, percent(rate, decimals)) for rate in (base, value))
        if before != after and not {percent(end, decimals) for end in ENDS} & {before, after}:
            break
    return before, after


def _size(row: pd.Series, base: float, value: float) -> str:
    if row["quantity"] != PROBABILITY:
        return f" ({abs(float(row['change_in_sd'])):.2f} of its posterior standard deviation)"
    if base in ENDS or value in ENDS:
        return ""
    ratio = float(row["ratio"])
    factor = f"by a factor of {max(ratio, 1 / ratio):.1f}"
    return f" ({factor if base <= EVEN else f'its opposite {factor}'})"
