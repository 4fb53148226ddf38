"""Alternatives: the headline again, with other priors or without a series of evidence."""

from dataclasses import replace

import pandas as pd

from forecast.errors import StudyError
from forecast.share.headline import STEPS, headline, thinned
from forecast.share.inputs import WorkforceInputs
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
    thin = thinned(inputs)
    named = {name: one.reason for name, one in inputs.spec.alternatives.items()}
    rows = [
        {"alternative": BASE, "reason": "The priors of the study."} | headline(thin, seed, steps)
    ]
    rows += [
        {"alternative": name, "reason": reason} | headline(under(thin, name), seed, steps)
        for name, reason in named.items()
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
