"""Every question of a study about its workforce, asked of one calibrated model."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from forecast.share.alternatives import headlines, models_under
from forecast.share.answers import first_passage, probabilities, summarise
from forecast.share.attribute_change import attribute_change
from forecast.share.attribute_uncertainty import attribute_uncertainty
from forecast.share.claims import ClaimDraws, claim_verdicts
from forecast.share.contour import contour
from forecast.share.contributions import contributions
from forecast.share.differences import differences
from forecast.share.facts import worth_of_facts
from forecast.share.headline import STEPS as HEADLINE_STEPS
from forecast.share.model import ShareModel
from forecast.share.output import output, output_table, without_levers
from forecast.share.project import learned, projected
from forecast.share.ranges import SOLVED, ranges
from forecast.share.solve import solve, summary
from forecast.study import Study

PROB = 0.9
REPLICATIONS = 4  # of the Sobol indices: what is left is the error of the draws


@dataclass(frozen=True)
class Workforce:
    """The answers about a workforce, a table each; a table without rows has nothing to say.

    ``projection``: draws, of ``projected``; ``share``: of ``summarise``; ``evidence``: published
    figures; ``probabilities``, ``passages`` and ``differences`` of the headline's group and bound;
    ``solved``: what each lever would have to be; ``contour``: exit rates by stay rate; ``changes``:
    what each lever adds, by scenario; ``uncertainty``: parts of the variance; ``worth``: of single
    facts; ``contributions``: the headline with less evidence; ``alternatives``: with other priors;
    ``ranges``: every answer over the alternatives; ``learned``: prior and posterior; ``output``: of
    research, by scenario; ``verdicts``: on claims.
    """

    projection: xr.Dataset
    share: pd.DataFrame
    evidence: pd.DataFrame
    probabilities: pd.DataFrame
    passages: pd.DataFrame
    differences: pd.DataFrame
    solved: pd.DataFrame
    contour: pd.DataFrame
    changes: pd.DataFrame
    uncertainty: pd.DataFrame
    worth: pd.DataFrame
    contributions: pd.DataFrame
    alternatives: pd.DataFrame
    ranges: pd.DataFrame
    learned: pd.DataFrame
    output: pd.DataFrame
    verdicts: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables that are written beside a report, by name."""
        own = {name: value for name, value in vars(self).items() if isinstance(value, pd.DataFrame)}
        return {name: table for name, table in own.items() if name != "evidence" and len(table)}


def ask(
    model: ShareModel,
    study: Study,
    stay: Mapping[float, xr.DataArray],
    claims: pd.DataFrame | None = None,
) -> Workforce:
    """Answer the questions of a study.

    Parameters
    ----------
    model
        The study's calibrated workforce.
    study
        Its scenarios and claims are read.
    stay
        Draws of stay rates by years since the doctorate, for claims about them.
    claims
        The texts of the claims, if there is a table of them.

    Raises
    ------
    RunError
        If a question cannot be answered, in one sentence.
    StudyError
        If a scenario contradicts the study.
    """
    inputs, settings = model.inputs, model.settings
    asked, seed = inputs.spec.headline, settings.seed
    group, bound, year = asked.group, asked.at_most, asked.by
    projection = projected(model, study.scenarios)
    made = (
        output(projection, inputs.spec, seed, without_levers(model, study.scenarios))
        if inputs.spec.output is not None
        else None
    )
    found = ClaimDraws(projection, stay, made)
    steps = min(settings.steps, HEADLINE_STEPS)
    models = models_under(inputs, seed, steps)
    return Workforce(
        projection=projection,
        share=summarise(projection),
        evidence=inputs.evidence,
        probabilities=probabilities(projection, group, at_most=bound, year=year),
        passages=first_passage(projection, group, at_most=bound),
        differences=differences(projection, group, year),
        solved=_solved(model, group, bound, year),
        contour=contour(model, "stay_rate", "exit_rate", group, bound, year, prob=PROB),
        changes=_changes(model, study, group, year),
        uncertainty=attribute_uncertainty(model, group, year, replications=REPLICATIONS),
        worth=worth_of_facts(model, group, year),
        contributions=contributions(inputs, seed, steps),
        alternatives=headlines(models),
        ranges=ranges(models, study),
        learned=learned(projection),
        output=pd.DataFrame() if made is None else output_table(made, PROB),
        verdicts=claim_verdicts(study, found, claims) if study.claims else pd.DataFrame(),
    )


def _solved(model: ShareModel, group: str, bound: float, year: int) -> pd.DataFrame:
    """Return what each lever of a group would have to be for the share to meet the bound."""
    rows = [summary(solve(model, lever, group, bound, year), PROB) for lever in SOLVED]
    return pd.concat(rows, ignore_index=True)


def _changes(model: ShareModel, study: Study, group: str, year: int) -> pd.DataFrame:
    """Return what each lever adds, for every scenario that moves several."""
    tables = [
        attribute_change(model, scenario, group, year, prob=PROB).assign(scenario=name)
        for name, scenario in study.scenarios.items()
        if len(scenario.levers) > 1
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
