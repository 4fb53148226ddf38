"""Facts about the scenarios side by side, and about the first year in which the bound is met."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from forecast.report.estimate import Chance, Estimate
from forecast.report.question_records import PassageFact, ScenarioAnswer
from forecast.report.records import ScenarioFact, ShareStory
from forecast.report.share_facts import scenario_label
from forecast.report.stay_facts import estimate_of
from forecast.share import Workforce
from forecast.study import Study

HALF = 0.5  # of the draws


def scenario_answers(
    work: Workforce, study: Study, share: ShareStory, scenarios: Sequence[ScenarioFact]
) -> Iterator[ScenarioAnswer]:
    """Yield each scenario in the headline year, in the order of the study."""
    levers = {one.name: one.levers for one in scenarios}
    chances = {str(row["scenario"]): row for _, row in work.probabilities.iterrows()}
    against = {str(row["scenario"]): estimate_of(row) for _, row in work.differences.iterrows()}
    made = _made(work.output, share.by)
    for fact in share.shares:
        name, chance = fact.scenario, chances.get(fact.scenario)
        heads, output = made.get(name, (None, None))
        yield ScenarioAnswer(
            scenario=name,
            label=fact.scenario_label,
            refits=name in study.scenarios and study.scenarios[name].refits,
            levers=levers.get(name, ()),
            share=fact.estimate,
            in_year=_chance(chance, "probability", "mcse"),
            by_then=_chance(chance, "by_then", "by_then_mcse"),
            difference=against.get(name),
            heads=heads,
            output=output,
        )


def _chance(row: pd.Series | None, value: str, error: str) -> Chance | None:
    return None if row is None else Chance(float(row[value]), float(row[error]))


def _made(table: pd.DataFrame, year: int) -> Mapping[str, tuple[Estimate, Estimate]]:
    """Return heads and output of the year by scenario."""
    if table.empty:
        return {}
    rows = [row for _, row in table[table["year"].eq(year)].iterrows()]
    return {
        str(row["scenario"]): (estimate_of(row, "heads_"), estimate_of(row, "output_"))
        for row in rows
    }


def passage_fact(
    table: pd.DataFrame, study: Study, share: ShareStory, draws: int
) -> PassageFact | None:
    """Return when the share of the baseline first comes to the bound, None without a year."""
    own = table[table["scenario"].eq(share.baseline)].sort_values("year")
    if own.empty:
        return None
    last = own.iloc[-1]
    return PassageFact(
        label=scenario_label(study, share.baseline),
        group_label=share.group_label,
        at_most=share.at_most,
        earliest=_first(own, own["by_then"].gt(0)),
        half=_first(own, own["by_then"].ge(HALF)),
        last=int(last["year"]),
        reached=Chance(float(last["by_then"]), float(last["by_then_mcse"])),
        never=float(last["never"]),
        draws=draws,
    )


def _first(table: pd.DataFrame, there: pd.Series) -> int | None:
    years = table.loc[there, "year"]
    return None if years.empty else int(years.min())
