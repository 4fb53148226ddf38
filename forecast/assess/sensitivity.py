"""Sensitivity of the headline numbers to the priors: power scaling, and refits that confirm it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from forecast.assess.headline_trees import share_tree, stay_tree
from forecast.assess.jobs import Batch
from forecast.assess.power_scaling import EVERY, power_scaling
from forecast.assess.prior_refits import prior_refits
from forecast.assess.prior_words import matters, prior_sentences
from forecast.assess.top_priors import TopPrior, named_priors, top_priors
from forecast.inference import Fit
from forecast.share.headline import STEPS
from forecast.share.model import share_model
from forecast.share.of_fit import inputs_of

KEY = ["part", "prior", "quantity"]


@dataclass(frozen=True)
class Sensitivity:
    """What the priors of a study do to its headline numbers.

    ``power``: of ``power_scaling``, with the part of the study that a prior stands in ("all" for
    all together); ``changes``: each refit, of ``prior_refits``; ``refits``: the same as bars of a
    tornado, of ``tornado``; ``sentences``: one on each prior that matters.
    """

    power: pd.DataFrame
    changes: pd.DataFrame
    refits: pd.DataFrame
    sentences: tuple[str, ...]


def sensitivity(
    fit: Fit, priors: Sequence[str] | Literal["all"] = (), batch: Batch | None = None
) -> Sensitivity:
    """Return how the headline numbers of a study hang on each of its top-level priors.

    The numbers: the stay rate of the first main origin and field in ``report.headline_year`` at the
    first age of the report; with ``[share]``, the share of the headline's group in its year under
    the baseline, and the probability that it is at most its bound. Power scaling reweights the
    draws of the fit; the refits use the Laplace engine and the fit's seed.

    Parameters
    ----------
    fit
        A fit of the study, of any engine.
    priors
        Names of the priors that refits look at beside those that power scaling flags, or "all".
    batch
        Where the refits run and their results are kept.

    Raises
    ------
    RunError
        If the study has no prior of a name, or no Laplace fit.

    Examples
    --------
    >>> from forecast.inference import fit as fit_study
    >>> from forecast.study import load_study
    >>> study = load_study("nurses").model_copy(update={"share": None, "scenarios": {}})
    >>> found = sensitivity(fit_study(study, "laplace"), batch=Batch(workers=1))
    >>> found.power["quantity"].unique().tolist()
    ['stay_rate']
    """
    every = top_priors(fit.study, fit.posterior)
    names = [one.name for one in every] if priors == "all" else list(priors)
    named_priors(every, names)  # a wrong name is told before the work
    power = _power(fit, every)
    flagged = power.loc[power["flagged"], "prior"].tolist()
    chosen = [one for one in every if one.name in {*names, *flagged}]
    changes = prior_refits(fit, chosen, batch)
    told = prior_sentences(changes, fit.study, chosen)
    return Sensitivity(power, changes, tornado(changes), told)


def tornado(changes: pd.DataFrame) -> pd.DataFrame:
    """Return the refits as bars: a row for each number and prior, the longest of a number first.

    Columns: part, prior, quantity, base, narrower and wider (the value under the narrowest and the
    widest prior), low and high (the ends of the bar, base among them), spread (high less low),
    matters (whether a change is told in a sentence). Skipped refits have none.

    Examples
    --------
    >>> row = {"part": "stay", "prior": "rho", "quantity": "share", "base": 0.3, "skipped": ""}
    >>> row |= {"mcse": 0.001, "ratio": float("nan")}
    >>> low = row | {"factor": 0.5, "value": 0.31, "change": 0.01, "change_in_sd": 0.2}
    >>> high = row | {"factor": 2.0, "value": 0.28, "change": -0.02, "change_in_sd": -0.4}
    >>> tornado(pd.DataFrame([low, high]))[["low", "high", "spread"]].round(6).to_numpy().tolist()
    [[0.28, 0.31, 0.03]]
    """
    kept = changes[changes["skipped"].eq("")]
    rows = []
    for key, own in kept.sort_values("factor").groupby(KEY, sort=False):
        base, values = float(own["base"].iloc[0]), own["value"].astype(float)
        low, high = min(base, values.min()), max(base, values.max())
        ends = {"narrower": values.iloc[0], "wider": values.iloc[-1], "low": low, "high": high}
        facts = {"base": base} | ends | {"spread": high - low, "matters": bool(matters(own).any())}
        rows.append(dict(zip(KEY, key, strict=True)) | facts)
    columns = [*KEY, "base", "narrower", "wider", "low", "high", "spread", "matters"]
    table = pd.DataFrame(rows, columns=columns)
    order = ["quantity", "spread"]
    return table.sort_values(order, ascending=[True, False], kind="stable", ignore_index=True)


def _power(fit: Fit, priors: Sequence[TopPrior]) -> pd.DataFrame:
    """Return the power scaling of all headline numbers, with the part of each prior."""
    tables = [power_scaling(stay_tree(fit, priors))]
    if fit.study.share is not None:
        inputs, seed = inputs_of(fit), int(fit.tree.attrs["seed"])
        model = share_model(inputs, seed, inputs.spec.headline.by, STEPS)
        tables.append(power_scaling(share_tree(fit, model, priors)))
    parts = {one.name: one.part for one in priors} | {EVERY: "all"}
    table = pd.concat([one for one in tables if len(one)], ignore_index=True)
    table.insert(0, "part", table["prior"].map(parts))
    return table
