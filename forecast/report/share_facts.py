"""Facts about the share: the headline year by scenario, probabilities, what evidence taught."""

from collections.abc import Sequence

import pandas as pd

from forecast.report.inputs import ReportInputs
from forecast.report.records import LearnedFact, ProbabilityFact, ShareFact, ShareStory
from forecast.report.stay_facts import estimate_of
from forecast.study import ShareSpec, Study

BASE = "base"
FEW = 3  # scenarios that are shown in full


def baseline_scenario(study: Study) -> str:
    """Return the scenario without levers: "baseline", else the first."""
    return "baseline" if "baseline" in study.scenarios else next(iter(study.scenarios), "baseline")


def main_scenarios(study: Study, names: Sequence[str]) -> tuple[str, ...]:
    """Return the scenarios that stand for all: up to three, else two.

    The two are the baseline and the first one that refits history, or the first other one.
    """
    if len(names) <= FEW:
        return tuple(names)
    others = [name for name in names if name != baseline_scenario(study)]
    refitted = [n for n in others if n in study.scenarios and study.scenarios[n].refits]
    return baseline_scenario(study), (refitted or others)[0]


def scenario_label(study: Study, name: str) -> str:
    """Return the label of a scenario, its name where the study does not list it."""
    return study.scenarios[name].label if name in study.scenarios else name


def group_label(study: Study, group: str) -> str:
    """Return the label of a group of the workforce."""
    if study.share is not None and group in study.share.groups:
        return study.share.groups[group].label
    return study.label(group)


def share_story(inputs: ReportInputs) -> ShareStory | None:
    """Return what the report says of the share, or None without a workforce."""
    study, spec, work = inputs.study, inputs.study.share, inputs.workforce
    if spec is None or work is None:
        return None
    asked = spec.headline
    at = _narrowest_to(work.share, study.report.prob)
    at = at[at["year"].eq(asked.by)]
    baseline = baseline_scenario(study)
    shares = _shares(at[at["group"].eq(asked.group)], study)
    return ShareStory(
        workforce=spec.workforce,
        group=asked.group,
        group_label=group_label(study, asked.group),
        at_most=asked.at_most,
        by=asked.by,
        baseline=baseline,
        main=main_scenarios(study, [one.scenario for one in shares]),
        shares=shares,
        groups=_shares(at[at["scenario"].eq(baseline)], study),
        probabilities=_scenarios(work.probabilities, study, asked.group),
        alternatives=_alternatives(work.alternatives, spec),
        learned=_learned(work.learned, study),
        evidence_rows=len(work.evidence),
    )


def _narrowest_to(fan: pd.DataFrame, prob: float) -> pd.DataFrame:
    """Return the fan at its probability nearest to ``prob``, the wider one where two are."""
    probs = sorted(fan["prob"].unique(), reverse=True)
    nearest = min(probs, key=lambda one: round(abs(one - prob), 9))
    return fan[fan["prob"].eq(nearest)]


def _shares(rows: pd.DataFrame, study: Study) -> tuple[ShareFact, ...]:
    return tuple(
        ShareFact(
            scenario=str(row["scenario"]),
            scenario_label=scenario_label(study, str(row["scenario"])),
            group=str(row["group"]),
            group_label=group_label(study, str(row["group"])),
            year=int(row["year"]),
            estimate=estimate_of(row),
        )
        for _, row in rows.iterrows()
    )


def _scenarios(table: pd.DataFrame, study: Study, group: str) -> tuple[ProbabilityFact, ...]:
    return tuple(
        _probability(row, str(row["scenario"]), scenario_label(study, str(row["scenario"])))
        for _, row in table[table["group"].eq(group)].iterrows()
    )


def _alternatives(table: pd.DataFrame, spec: ShareSpec) -> tuple[ProbabilityFact, ...]:
    asked = pd.Series({"at_most": spec.headline.at_most, "by": spec.headline.by})
    return tuple(
        _probability(row.combine_first(asked), name, alternative_in_words(name))
        for name, (_, row) in zip(table["alternative"].astype(str), table.iterrows(), strict=True)
    )


def alternative_in_words(name: str) -> str:
    """Return the name of an alternative as words."""
    return "the study as it is" if name == BASE else name.replace("_", " ")


def _probability(row: pd.Series, name: str, label: str) -> ProbabilityFact:
    median = row.get("share_median")
    return ProbabilityFact(
        name=name,
        label=label,
        at_most=float(row["at_most"]),
        by=int(row["by"]),
        probability=float(row["probability"]),
        mcse=float(row["mcse"]),
        reason=str(row.get("reason", "")),
        share_median=None if median is None or pd.isna(median) else float(median),
    )


def _learned(table: pd.DataFrame, study: Study) -> tuple[LearnedFact, ...]:
    return tuple(
        LearnedFact(
            parameter=str(row["parameter"]),
            group=group_label(study, str(row.get("group", ""))),
            prior_mean=float(row["prior_mean"]),
            prior_sd=float(row["prior_sd"]),
            posterior_mean=float(row["posterior_mean"]),
            posterior_sd=float(row["posterior_sd"]),
            sd_ratio=float(row["posterior_sd"] / row["prior_sd"]) if row["prior_sd"] > 0 else None,
        )
        for _, row in table.iterrows()
    )
