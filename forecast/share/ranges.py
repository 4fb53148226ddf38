"""Ranges: every answer of a study under its own choices and under its listed alternatives."""

from collections.abc import Iterator, Mapping

import pandas as pd
import xarray as xr

from forecast.share.alternatives import BASE
from forecast.share.answers import probability
from forecast.share.claims import ClaimDraws, quantity_of, verdict_of
from forecast.share.model import ShareModel
from forecast.share.output import output, without_levers
from forecast.share.project import projected
from forecast.share.solve import solve, summary
from forecast.study import ShareSpec, Study

CLAIMED = ("share", "output_loss")  # what claims may be about that priors of the share move
SOLVED = ("stay_rate", "exit_rate", "inflow")  # levers of the headline's group

type Key = tuple[str, str]


def ranges(models: Mapping[str, ShareModel], study: Study) -> pd.DataFrame:
    """Return each answer in the year of the headline, and its range over the alternatives.

    Answers: of each scenario the median share, the probability of the headline and the median
    output relative to its own draws without levers, where the study has output; of each lever of
    the headline's group the median value that would meet the bound (infinite where most draws have
    none) and the part of draws that have one; the probability that a claim about a share or a loss
    of output holds, if it is of a year up to the headline's.

    Parameters
    ----------
    models
        The workforce of the study ("base") and under its alternatives, of ``models_under``.
    study
        Its scenarios and claims are read.

    Returns
    -------
    pd.DataFrame
        Columns: answer, of (a scenario, a lever or a claim), value (under the study's own choices),
        lowest, lowest_under, highest, highest_under (the alternative's name, or "base").
    """
    found = pd.DataFrame({name: dict(_answers(one, study)) for name, one in models.items()})
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


def _answers(model: ShareModel, study: Study) -> Iterator[tuple[Key, float]]:
    """Yield each answer of a calibrated workforce by its name and what it is of."""
    spec, scenarios = model.inputs.spec, study.scenarios
    projection = projected(model, scenarios)
    made = None
    if spec.output is not None:
        plain = without_levers(model, scenarios)
        made = output(projection, spec, model.settings.seed, plain)
    yield from _of_scenarios(projection, made, spec)
    yield from _of_levers(model)
    found = ClaimDraws(projection, output=made)
    for claim in study.claims:
        if claim.quantity in CLAIMED and int(claim.year or 0) <= spec.headline.by:
            verdict = verdict_of(claim, quantity_of(claim, found))
            yield ("claim holds", f"{claim.id}, {claim.scenario}"), verdict.holds.value


def _of_scenarios(
    projection: xr.Dataset, made: xr.Dataset | None, spec: ShareSpec
) -> Iterator[tuple[Key, float]]:
    asked = spec.headline
    for name in projection["scenario"].values.tolist():
        share = projection["share"].sel(scenario=name, year=asked.by, group=asked.group)
        below = probability(
            projection, asked.group, at_most=asked.at_most, year=asked.by, scenario=name
        )
        yield ("median share", name), float(share.median())
        yield ("probability", name), below.value
        if made is not None:
            at = {"scenario": name, "year": asked.by}
            yield ("median output", name), float(made["output"].sel(at).median())


def _of_levers(model: ShareModel) -> Iterator[tuple[Key, float]]:
    asked = model.inputs.spec.headline
    for lever in SOLVED:
        row = summary(solve(model, lever, asked.group, asked.at_most, asked.by)).iloc[0]
        yield ("needed value", lever), float(row["median"])
        yield ("draws with a value", lever), float(row["reachable"])
