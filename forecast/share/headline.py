"""The headline of a study, answered anew under other priors or with less evidence."""

from dataclasses import replace

from forecast.share.answers import probability
from forecast.share.inputs import WorkforceInputs
from forecast.share.model import BASELINE, ShareModel, share_model
from forecast.share.project import projected

ENOUGH = 1000  # draws a calibration takes: a Monte Carlo error of at most .016 on a probability
STEPS = 150  # see tests/test_share_calibrate.py; the answers say their worst R-hat


def headline(inputs: WorkforceInputs, seed: int, steps: int = STEPS) -> dict[str, object]:
    """Return the headline of the baseline.

    Keys: group, at_most, by, probability, mcse, share_median, share_lower, share_upper (of the
    share in the year ``by``, 90 % equal-tailed), worst_rhat.

    Raises
    ------
    RunError
        If the priors rule out the evidence.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> headline(example_inputs(), seed=1, steps=12)["by"]
    2028
    """
    return headline_of(share_model(inputs, seed, inputs.spec.headline.by, steps))


def headline_of(model: ShareModel) -> dict[str, object]:
    """Return the headline of a calibrated workforce, as ``headline`` does."""
    asked = model.inputs.spec.headline
    projection = projected(model, {"baseline": BASELINE})
    answer = probability(projection, asked.group, at_most=asked.at_most, year=asked.by)
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


def thinned(inputs: WorkforceInputs, enough: int = ENOUGH) -> WorkforceInputs:
    """Return the inputs with every k-th stay draw of each chain, about ``enough`` in all.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> thinned(example_inputs(), enough=20).draws
    20
    """
    every = slice(None, None, max(inputs.draws // enough, 1))
    stay, departure = inputs.stay.isel(draw=every), inputs.departure.isel(draw=every)
    return replace(inputs, stay=stay, departure=departure)
