"""The as-of backtest: at each origin year forecast what was published later, and score it.

Tashman 2000, doi 10.1016/S0169-2070(00)00065-0, on rolling origins; Gneiting & Katzfuss 2014, doi
10.1146/annurev-statistics-062713-085831, on probabilistic forecasts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from forecast.assess.as_of import Forecaster, Task, tasks
from forecast.assess.baselines import BASELINES
from forecast.assess.checks import Check, Verdict
from forecast.assess.jobs import Batch, run_jobs
from forecast.assess.score_tables import by, skill, with_groups
from forecast.assess.scores import scores
from forecast.assess.stay_forecast import stay_forecast
from forecast.evidence import load_evidence
from forecast.study import Study

MODEL = "stay model"
FORECASTERS: Mapping[str, Forecaster] = {MODEL: stay_forecast, **BASELINES}
KNOWN = 0.2  # a backtest starts when this part of the rows is published
CLUSTER = "published"  # rows of one year of publication err together
GROUPS = ("definition", "horizon_group", "origin", "field", "earlier_group", "size_group")
FACTS = [
    *("source", "series", "definition", "origin", "field", "cohort_start", "cohort_end"),
    *("years_since", "published", "rate", "n", "horizon", "earlier"),
]
COVERAGE = {80: (0.75, 0.85), 95: (0.92, 0.98)}
TOO_NARROW = "Its intervals are too narrow: look for a definition or an origin it misses."
TOO_WIDE = "Its intervals are too wide: look at the priors of the trend and its scales."


@dataclass(frozen=True)
class Backtest:
    """What a backtest found, each a table.

    ``forecasts``: a row for each forecaster, origin year and target, with its scores; ``scores``:
    mean scores and coverage by group; ``skill``: the stay model's against each baseline. Intervals
    are bootstrap intervals over years of publication.
    """

    forecasts: pd.DataFrame
    scores: pd.DataFrame
    skill: pd.DataFrame


def origin_years(study: Study) -> list[int]:
    """Return the years from which to forecast: a fifth of the rows known, some still to come."""
    published = load_evidence(study).rows["published"].dropna().astype(int)
    if published.empty:
        return []
    first = int(published.quantile(KNOWN, interpolation="higher"))
    return list(range(first, int(published.max())))


def backtest(
    study: Study,
    years: Sequence[int] | None = None,
    seed: int = 1,
    batch: Batch | None = None,
    forecasters: Mapping[str, Forecaster] = FORECASTERS,
) -> Backtest:
    """Forecast from each origin year what was published later, and score it against baselines.

    Rows are known from their year of publication on. Targets are the later rows of series with a
    known row; the number of people behind a target and its rounding count as known to the stay
    model, its rate as unknown.

    Raises
    ------
    EvidenceError
        If the table of the study breaks a rule, or no year has rows before and after it.
    """
    asked = tasks(study, origin_years(study) if years is None else list(years))
    jobs = {str(task.origin_year): task for task in asked}
    found = run_jobs(partial(scored, seed=seed, forecasters=forecasters), jobs, batch)
    table = with_groups(pd.concat(found.values(), ignore_index=True))
    return Backtest(table, _scores(table, seed), _skill(table, seed))


def scored(task: Task, seed: int, forecasters: Mapping[str, Forecaster]) -> pd.DataFrame:
    """Return the scores of each forecaster on one task, a row for each target."""
    rows = task.coming.rows
    facts = rows[[name for name in FACTS if name in rows]].assign(
        origin_year=task.origin_year, target=rows["table_row"]
    )
    observed = rows["rate"].to_numpy(float)
    parts = []
    for name, forecaster in forecasters.items():
        found = scores(forecaster(task, seed), observed, seed)
        parts.append(pd.concat([facts.assign(forecaster=name), found], axis=1))
    return pd.concat(parts, ignore_index=True)


def _scores(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return mean scores over all targets and by each grouping, one under the other."""
    parts = [by(table, ["forecaster"], seed, CLUSTER).assign(grouping="all", group="all")]
    for name in GROUPS:
        found = by(table, [name, "forecaster"], seed, CLUSTER)
        parts.append(found.rename(columns={name: "group"}).assign(grouping=name))
    return _first(pd.concat(parts, ignore_index=True))


def _skill(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the skill of the stay model in CRPS, over all targets and by each grouping."""
    others = [name for name in table["forecaster"].unique() if name != MODEL]
    parts = []
    for name in ("all", *GROUPS):
        keys = [] if name == "all" else [name]
        found = skill(table, MODEL, others, keys, seed, cluster=CLUSTER)
        labelled = found.assign(group="all") if name == "all" else found
        parts.append(labelled.rename(columns={name: "group"}).assign(grouping=name))
    return _first(pd.concat(parts, ignore_index=True))


def _first(table: pd.DataFrame) -> pd.DataFrame:
    keys = ["grouping", "group"]
    return table[[*keys, *(c for c in table if c not in keys)]]


def check_backtest(found: Backtest) -> list[Check]:
    """Return verdicts on the coverage of the stay model and on its skill.

    Coverage passes within .75 to .85 at 80 % and .92 to .98 at 95 %; it is for review where only
    its bootstrap interval meets that range. Skill passes where the whole interval is above zero.
    Where there is no interval, of one year of publication, what does not pass is for review.
    """
    mine = found.scores.query("grouping == 'all' and forecaster == @MODEL").iloc[0]
    checks = []
    for level, (low, high) in COVERAGE.items():
        value, lower, upper = (mine[f"coverage_{level}{end}"] for end in ("", "_lower", "_upper"))
        far: Verdict = "fail" if lower > high or upper < low else "review"
        verdict: Verdict = "pass" if low <= value <= high else far
        advice = TOO_NARROW if value < low else TOO_WIDE
        limit = f"between {low:g} and {high:g}"
        checks.append(Check(f"backtest, {level} % coverage", verdict, value, limit, advice))
    for row in found.skill.query("grouping == 'all'").to_dict("records"):
        worse: Verdict = "fail" if row["skill_upper"] <= 0 else "review"
        better: Verdict = "pass" if row["skill_lower"] > 0 else worse
        name = f"backtest, skill against {row['baseline']}"
        advice = f"The {row['baseline']} forecasts as well: look where, by definition and horizon."
        checks.append(Check(name, better, float(row["skill"]), "above 0", advice))
    return checks


def pit_counts(found: Backtest, bins: int = 10) -> pd.DataFrame:
    """Return how many probability integral transforms fall in each bin, by forecaster.

    A calibrated forecaster has as many in each; a hump means intervals that are too wide.
    """
    table = found.forecasts
    edges = np.linspace(0, 1, bins + 1)
    parts = [
        pd.DataFrame({"lower": edges[:-1], "upper": edges[1:], "count": counts, "forecaster": name})
        for name, group in table.groupby("forecaster", sort=False)
        for counts in [np.histogram(group["pit"], edges)[0]]
    ]
    return pd.concat(parts, ignore_index=True)
