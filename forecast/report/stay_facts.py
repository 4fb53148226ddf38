"""Facts about stay rates: the headline, its path over cohorts, where it rests on what."""

import pandas as pd

from forecast.errors import RunError
from forecast.report.estimate import Estimate
from forecast.report.records import StayFact, StayStory
from forecast.study import Study


def headline_origin(study: Study) -> str:
    """Return the origin of the headline: that of the headline group, else the first main origin.

    A group of several origins has no stay rate of its own; then it is the first main origin too.
    """
    if study.share is not None:
        origins = study.share.groups[study.share.headline.group].origins
        if len(origins) == 1:
            return origins[0]
    return study.report.main_origins[0]


def headline_duration(study: Study) -> float:
    """Return the years after the doctorate at which the report looks: the last of its list."""
    return float(study.report.years_since[-1])


def broad_field(study: Study) -> str:
    """Return the field for comparing origins: the last main one that is a group, else the first."""
    fields = study.report.main_fields
    sets = study.evidence.field_sets
    return next((name for name in reversed(fields) if len(sets[name]) > 1), fields[0])


def stay_path(stay_rates: pd.DataFrame, study: Study, origin: str, field: str) -> pd.DataFrame:
    """Return the stay rates of an origin and field by cohort, at the headline duration.

    Where the table has several probabilities, the one of the study (or the nearest) is taken.
    """
    table = stay_rates[
        stay_rates["origin"].eq(origin)
        & stay_rates["field"].eq(field)
        & stay_rates["years_since"].eq(headline_duration(study))
    ]
    if table.empty:
        return table
    nearest = (table["prob"] - study.report.prob).abs()
    return table[nearest.eq(nearest.min())].sort_values("cohort", ignore_index=True)


def stay_story(stay_rates: pd.DataFrame, study: Study) -> StayStory:
    """Return what the report says of the headline stay rate.

    Raises
    ------
    RunError
        If the table has no stay rate of the headline.
    """
    origin, field = headline_origin(study), study.report.main_fields[0]
    path = stay_path(stay_rates, study, origin, field)
    year = study.report.headline_year
    if not path["cohort"].eq(year).any():
        what = f"{origin} x {field}, cohort {year}, {headline_duration(study):g} years on"
        raise RunError(f"stay_rates has the headline; got none for {what}. Add that cell.")
    facts = {int(row["cohort"]): _fact(row, study) for _, row in path.iterrows()}
    seen = [f for f in facts.values() if f.basis != "forecast"] or list(facts.values())
    residence = [f.cohort for f in facts.values() if f.basis == "residence"]
    observed = [f.cohort for f in facts.values() if f.basis != "forecast"]
    return StayStory(
        definition=study.stay.reference,
        definition_label=study.stay.definitions[study.stay.reference].label,
        headline=facts[year],
        first=seen[0],
        peak=max(seen, key=lambda fact: fact.estimate.median),
        last=seen[-1],
        last_residence=max(residence, default=None),
        last_observed=max(observed, default=None),
    )


def estimate_of(row: pd.Series, name: str = "") -> Estimate:
    """Return the estimate in a row with median, lower, upper (after ``name``), prob and kind."""
    median, lower, upper = (float(row[f"{name}{part}"]) for part in ("median", "lower", "upper"))
    return Estimate(median, lower, upper, float(row["prob"]), str(row["kind"]))


def _fact(row: pd.Series, study: Study) -> StayFact:
    origin, field = str(row["origin"]), str(row["field"])
    return StayFact(
        origin=origin,
        origin_label=study.label(origin),
        field=field,
        field_label=study.label(field),
        cohort=int(row["cohort"]),
        years_since=float(row["years_since"]),
        basis=str(row["basis"]),
        estimate=estimate_of(row),
    )
