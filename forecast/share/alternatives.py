"""Alternatives: the headline again, with other priors or without a series of evidence."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from forecast.errors import StudyError
from forecast.share.headline import STEPS, headline_of, thinned
from forecast.share.inputs import WorkforceInputs
from forecast.share.model import ShareModel, share_model
from forecast.study import ShareSpec

BASE = "base"


def with_alternative(spec: ShareSpec, name: str) -> ShareSpec:
    """Return the part of a study with the priors of one of its listed alternatives.

    Raises
    ------
    StudyError
        If the study lists no such alternative.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> spec = load_study("china_ai_2030").share
    >>> with_alternative(spec, "turnover_low").priors.turnover.median
    0.1
    """
    if name not in spec.alternatives:
        known = ", ".join(spec.alternatives) or "none"
        raise StudyError(f"an alternative is one of {known}; got {name!r}. List it in the study.")
    priors = spec.priors.model_copy(update=spec.alternatives[name].priors)
    return spec.model_copy(update={"priors": priors})


def alternatives(inputs: WorkforceInputs, seed: int, steps: int = STEPS) -> pd.DataFrame:
    """Return the headline of the study and under each of its listed alternatives.

    The baseline only, all with the same random numbers and the same stay draws, thinned to about
    ``ENOUGH``. Columns: alternative ("base" first), reason, and those of ``headline``.

    Raises
    ------
    RunError
        If the priors of an alternative rule out the evidence.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> alternatives(example_inputs(), seed=1, steps=12)["alternative"].tolist()
    ['base', 'turnover_low']
    """
    return headlines(models_under(inputs, seed, steps))


def models_under(inputs: WorkforceInputs, seed: int, steps: int = STEPS) -> dict[str, ShareModel]:
    """Calibrate the workforce of a study ("base") and under each of its listed alternatives.

    Each goes as far as the year of the headline, with stay draws thinned to about ``ENOUGH``.

    Raises
    ------
    RunError
        If the priors of an alternative rule out the evidence.
    """
    thin, until = thinned(inputs), inputs.spec.headline.by
    cases = {BASE: thin} | {name: under(thin, name) for name in inputs.spec.alternatives}
    return {name: share_model(case, seed, until, steps) for name, case in cases.items()}


def headlines(models: Mapping[str, ShareModel]) -> pd.DataFrame:
    """Return the headline of each of ``models_under``, a row each, as ``alternatives`` does."""
    listed = models[BASE].inputs.spec.alternatives
    reasons = {name: one.reason for name, one in listed.items()}
    reasons[BASE] = "The priors of the study."
    rows = [
        {"alternative": name, "reason": reasons[name]} | headline_of(model)
        for name, model in models.items()
    ]
    return pd.DataFrame(rows)


def under(inputs: WorkforceInputs, name: str) -> WorkforceInputs:
    """Return the inputs under a listed alternative: its priors, and without its series.

    Raises
    ------
    StudyError
        If the study lists no such alternative, or the evidence has no such series.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> under(example_inputs(), "turnover_low").spec.priors.turnover.median
    0.1
    """
    spec, table = with_alternative(inputs.spec, name), inputs.evidence
    left_out = inputs.spec.alternatives[name].without
    if unknown := sorted(set(left_out) - set(table["series"])):
        known = ", ".join(sorted(set(table["series"])))
        raise StudyError(f"without names series of the evidence ({known}); got {unknown[0]!r}.")
    kept = table[~table["series"].isin(left_out)].reset_index(drop=True)
    return replace(inputs, spec=spec, evidence=kept)
