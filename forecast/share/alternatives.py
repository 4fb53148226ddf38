"""Alternatives: the headline again, with some priors of the share model replaced."""

from dataclasses import replace

import pandas as pd

from forecast.errors import StudyError
from forecast.share.answers import probability
from forecast.share.calibrate import STEPS
from forecast.share.inputs import WorkforceInputs
from forecast.share.project import project
from forecast.study import Scenario, ShareSpec

BASE = "base"
ENOUGH = 1000  # draws a calibration takes: a Monte Carlo error of at most .016 on a probability


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
    """Return the headline under the priors of the study and under each listed alternative.

    The baseline only, all with the same random numbers and the same stay draws, thinned to about
    ``ENOUGH``. Columns: alternative ("base" first),
    reason, group, at_most, by, probability, mcse, share_median, share_lower, share_upper (of the
    share in the year ``by``, 90 % equal-tailed), worst_rhat.

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
    inputs = _thinned(inputs)
    specs = {BASE: inputs.spec} | {
        name: with_alternative(inputs.spec, name) for name in inputs.spec.alternatives
    }
    reasons = {name: one.reason for name, one in inputs.spec.alternatives.items()}
    reasons[BASE] = "The priors of the study."
    rows = [
        {"alternative": name, "reason": reasons[name]}
        | _headline(replace(inputs, spec=spec), seed, steps)
        for name, spec in specs.items()
    ]
    return pd.DataFrame(rows)


def _thinned(inputs: WorkforceInputs) -> WorkforceInputs:
    """Return the inputs with every k-th stay draw of each chain."""
    sizes = inputs.stay.sizes
    step = max(sizes["chain"] * sizes["draw"] // ENOUGH, 1)
    return replace(inputs, stay=inputs.stay.isel(draw=slice(None, None, step)))


def _headline(inputs: WorkforceInputs, seed: int, steps: int) -> dict[str, object]:
    asked = inputs.spec.headline
    plain = Scenario(label="Baseline", reason="No lever is moved.")
    projection = project(inputs, {"baseline": plain}, seed, asked.by, steps)
    answer = probability(projection, asked.group, asked.at_most, asked.by)
    share = projection["share"].sel(scenario="baseline", year=asked.by, group=asked.group)
    lower, median, upper = share.quantile([0.05, 0.5, 0.95]).values.tolist()
    return {
        "group": asked.group,
        "at_most": asked.at_most,
        "by": asked.by,
        "probability": answer.value,
        "mcse": answer.mcse,
        "share_median": median,
        "share_lower": lower,
        "share_upper": upper,
        "worst_rhat": projection.attrs["worst_rhat"],
    }
