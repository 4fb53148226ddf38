"""Ranges: every answer of a study under its own choices and under its listed alternatives."""

from collections.abc import Iterator, Mapping

import pandas as pd

from forecast.share.alternatives import BASE, under
from forecast.share.answers import probability
from forecast.share.headline import STEPS, thinned
from forecast.share.inputs import WorkforceInputs
from forecast.share.model import ShareModel, share_model
from forecast.share.output import output, without_levers
from forecast.share.project import projected
from forecast.share.solve import solve, summary
from forecast.study import Scenario

SOLVED = ("stay_rate", "exit_rate", "inflow")  # levers of the headline's group

type Key = tuple[str, str]


def ranges(
    inputs: WorkforceInputs, scenarios: Mapping[str, Scenario], seed: int, steps: int = STEPS
) -> pd.DataFrame:
    """Return each answer in the year of the headline, and its range over the alternatives.

    Answers: of each scenario the median share, the probability of the headline and the median
    output relative to its own draws without levers, where the study has output; of each lever of
    the headline's group the median value that would meet the bound (infinite where most draws have
    none) and the part of draws that have one. Stay draws are thinned to about ``ENOUGH``.

    Returns
    -------
    pd.DataFrame
        Columns: answer, of (a scenario or a lever), value (under the study's own choices), lowest,
        lowest_under, highest, highest_under (the alternative's name; "base" for the study's own).

    Raises
    ------
    RunError
        If the priors of an alternative rule out the evidence.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import BASELINE
    >>> ranges(example_inputs(), {"baseline": BASELINE}, seed=1, steps=12)["answer"].tolist()[:2]
    ['median share', 'probability']
    """
    thin, until = thinned(inputs), inputs.spec.headline.by
    cases = {BASE: thin} | {name: under(thin, name) for name in inputs.spec.alternatives}
    found = pd.DataFrame(
        {
            name: dict(_answers(share_model(case, seed, until, steps), scenarios))
            for name, case in cases.items()
        }
    )
    table = pd.DataFrame(
        {
            "value": found[BASE],
            "lowest": found.min(axis=1),
            "lowest_under": found.idxmin(axis=1),
            "highest": found.max(axis=1),
            "highest_under": found.idxmax(axis=1),
        }
    )
    return table.rename_axis(["answer", "of"]).reset_index()


def _answers(model: ShareModel, scenarios: Mapping[str, Scenario]) -> Iterator[tuple[Key, float]]:
    """Yield each answer of a calibrated workforce by its name and what it is of."""
    spec, seed = model.inputs.spec, model.settings.seed
    asked = spec.headline
    projection = projected(model, scenarios)
    for name in scenarios:
        share = projection["share"].sel(scenario=name, year=asked.by, group=asked.group)
        below = probability(
            projection, asked.group, at_most=asked.at_most, year=asked.by, scenario=name
        )
        yield ("median share", name), float(share.median())
        yield ("probability", name), below.value
    if spec.output is not None:
        made = output(projection, spec, seed, without_levers(model, scenarios))["output"]
        for name in scenarios:
            yield ("median output", name), float(made.sel(scenario=name, year=asked.by).median())
    for lever in SOLVED:
        row = summary(solve(model, lever, asked.group, asked.at_most, asked.by)).iloc[0]
        yield ("needed value", lever), float(row["median"])
        yield ("draws with a value", lever), float(row["reachable"])
