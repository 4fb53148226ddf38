"""Verdicts on claims: how probable what is claimed is, given the draws of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import xarray as xr

from forecast.errors import RunError
from forecast.inference.rates import bounds
from forecast.share.claim_words import sentence, subject, what_is_said
from forecast.share.events import Probability, mean_of, refuse_unknown, shares_of
from forecast.share.share_change import ShareChange
from forecast.study import Claim, Study

SUPPORTED = 0.8  # a claim is supported if the probability that it holds is larger
CUTS = (("contradicted", 0.05), ("unlikely", 0.2))  # of the tail probability, else "compatible"
CLAIMED = ("claim_id", "claim", "quantity", "claimed", "at_least", "at_most")
FOUND = ("median", "lower", "upper", "prob", "kind")
TOLD = ("probability", "mcse", "tail", "tail_mcse", "verdict", "sentence")


@dataclass(frozen=True)
class ClaimDraws:
    """Draws of a run that claims are set against; what no claim speaks of may be left out.

    ``projection``: of ``project``; ``stay``: stay rates by years since the doctorate, each of
    ``stay_rate_draws``, dims (chain, draw, origin, field, cohort); ``output``: of ``output``.
    """

    projection: xr.Dataset | None = None
    stay: Mapping[float, xr.DataArray] = field(default_factory=dict)
    output: xr.Dataset | None = None


@dataclass(frozen=True)
class Verdict:
    """What the draws say of a claim.

    ``lower`` to ``upper``: equal-tailed interval of probability ``prob``. ``holds``: that the
    quantity lies in the span of the claim. ``tail``: that it reaches the span from the side where
    most draws lie, doubled where the span has two ends; at most 1.
    """

    median: float
    lower: float
    upper: float
    prob: float
    holds: Probability
    tail: Probability
    word: str


def claim_verdicts(
    study: Study, found: ClaimDraws, texts: pd.DataFrame | None = None
) -> pd.DataFrame:
    r"""Set each claim of a study against the draws of a run.

    A claim allows a span [a, b] of a quantity q: :math:`(-\infty, v]` for "at most",
    :math:`[v, \infty)` for "at least", v less and plus the tolerance for "about". Its tail
    probability is :math:`P(q \le b)` or :math:`P(q \ge a)` for one end, and
    :math:`\min(1, 2 \min\{P(q \le b), P(q \ge a)\})` for two. The verdict is "supported" if
    :math:`P(a \le q \le b)` is above .8, else "contradicted" if the tail probability is below .05,
    "unlikely" if below .2, else "compatible": what the model cannot rule out.

    Parameters
    ----------
    study
        A study with ``[[claims]]``; intervals have the probability ``report.prob``.
    found
        The draws.
    texts
        The claims in words, with columns ``claim_id`` and ``claim``.

    Returns
    -------
    pd.DataFrame
        A row for each claim of the study, in its order: claim_id, claim (its text, empty without
        ``texts``), quantity and claimed (in words), at_least, at_most (infinite where open),
        median, lower, upper, prob, kind ("eti"), probability (that the claim holds), mcse, tail,
        tail_mcse, verdict, sentence.

    Raises
    ------
    RunError
        If draws that a claim speaks of are missing, or ``texts`` has no claim of that id.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.study import load_study
    >>> study = load_study("china_ai_2030")
    >>> claim = Claim(
    ...     id="C21", quantity="share", group="CHN", year=2030, says="at most", value=0.25
    ... )
    >>> labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN"]}
    >>> draws = np.linspace(0.25, 0.75, 101).reshape(1, 101, 1, 1, 1)
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", *labels))
    >>> found = ClaimDraws(projection=xr.Dataset({"share": share}))
    >>> table = claim_verdicts(study.model_copy(update={"claims": (claim,)}), found)
    >>> table[["quantity", "claimed", "median", "verdict"]].values.tolist()
    [['the share of China in 2030', 'at most 25 %', 0.5, 'contradicted']]
    """
    rows = []
    for claim in study.claims:
        one = verdict_of(claim, quantity_of(claim, found), study.report.prob)
        interval = (one.median, one.lower, one.upper)
        words = sentence(claim, study, (*interval, one.prob), one.holds, one.word)
        head = (claim.id, _text(claim, texts), subject(claim, study), what_is_said(claim))
        middle = (*claim.span, *interval, one.prob, "eti")
        rows.append((*head, *middle, *one.holds, *one.tail, one.word, words))
    return pd.DataFrame(rows, columns=[*CLAIMED, *FOUND, *TOLD])


def verdict_of(claim: Claim, draws: xr.DataArray, prob: float = 0.9) -> Verdict:
    """Set a claim against draws (chain, draw) of its quantity, see ``claim_verdicts``.

    Examples
    --------
    >>> import numpy as np
    >>> claim = Claim(
    ...     id="C21", quantity="share", group="CHN", year=2030, says="at most", value=0.25
    ... )
    >>> draws = xr.DataArray(np.linspace(0.24, 0.44, 101)[None], dims=("chain", "draw"))
    >>> verdict = verdict_of(claim, draws)
    >>> round(verdict.tail.value, 4), verdict.word
    (0.0594, 'unlikely')
    """
    low, high = claim.span
    spread = bounds(draws.transpose("chain", "draw").values, prob)
    below, above = mean_of(draws <= high), mean_of(draws >= low)
    tail = min(below, above)
    if claim.says in ("about", "between"):
        tail = Probability(min(2 * tail.value, 1.0), 2 * tail.mcse)
    holds = mean_of((draws >= low) & (draws <= high))
    median, lower, upper = (float(end) for end in (spread.median, spread.lower, spread.upper))
    word = word_of(holds.value, tail.value)
    return Verdict(median, lower, upper, prob, holds, tail, word)


def word_of(holds: float, tail: float) -> str:
    """Return the verdict on a claim from the probability that it holds and its tail probability.

    Examples
    --------
    >>> [word_of(*p) for p in ((0.01, 0.01), (0.1, 0.1), (0.3, 1.0), (0.9, 0.9))]
    ['contradicted', 'unlikely', 'compatible', 'supported']
    """
    if holds > SUPPORTED:
        return "supported"
    return next((word for word, cut in CUTS if tail < cut), "compatible")


def quantity_of(claim: Claim, found: ClaimDraws) -> xr.DataArray:
    """Return the draws (chain, draw) of the quantity that a claim speaks of.

    Raises
    ------
    RunError
        If they are not among ``found``.
    """
    match claim.quantity:
        case "share":
            projection = _given(found.projection, claim, "projection")
            refuse_unknown(projection, "year", claim.year)
            return shares_of(projection, str(claim.group), claim.scenario).sel(year=claim.year)
        case "stay_rate":
            return _stay_rate(claim, found, claim.cohort)
        case "stay_rate_fall":
            return _stay_rate(claim, found, claim.since) - _stay_rate(claim, found, claim.cohort)
        case "output_loss":
            output = _given(found.output, claim, "output")["output"]
            at = {"scenario": claim.scenario, "year": claim.year}
            return 1 - _at(output, at)
        case "output_of_share_change":
            contribution = _given(found.output, claim, "output")["contribution"]
            return contribution.copy(data=_change(claim).lost_output(contribution.values))


def _stay_rate(claim: Claim, found: ClaimDraws, cohort: int | None) -> xr.DataArray:
    years = float(claim.years_since or 0)
    if years not in found.stay:
        known = ", ".join(f"{age:g}" for age in found.stay) or "none"
        rule = f"claim {claim.id} is of stay rates {years:g} years on"
        raise RunError(f"{rule}; got those of {known}. Pass stay_rate_draws of that many years.")
    at = {"origin": claim.origin, "field": claim.field, "cohort": cohort}
    return _at(found.stay[years], at)


def _at(draws: xr.DataArray, place: Mapping[str, object]) -> xr.DataArray:
    for dim, label in place.items():
        refuse_unknown(draws, dim, label)
    return draws.sel(place, drop=True)


def _change(claim: Claim) -> ShareChange:
    before, after, domestic = claim.from_share, claim.to_share, claim.domestic
    assert before is not None and after is not None and domestic is not None  # a Claim has them
    return ShareChange(before, after, domestic, claim.replaced)


def _given(data: xr.Dataset | None, claim: Claim, name: str) -> xr.Dataset:
    if data is None:
        raise RunError(f"claim {claim.id} is of {claim.quantity}; got no {name}. Pass {name}=.")
    return data


def _text(claim: Claim, texts: pd.DataFrame | None) -> str:
    """Return the text of a claim."""
    if texts is None:
        return ""
    own = texts.loc[texts["claim_id"].eq(claim.id), "claim"]
    if own.empty:
        rule = "a claim's id is one of the table of claims"
        raise RunError(f"{rule}; got {claim.id!r}. Mend the id in the study.")
    return str(own.iloc[0])
