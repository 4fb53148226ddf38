"""Facts about the backtest: coverage and skill over all forecasts and by group."""

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd

from forecast.assess import Part
from forecast.assess.backtest import MODEL
from forecast.assess.scores import LEVELS
from forecast.report.assessment_records import (
    BacktestStory,
    ForecasterFact,
    GroupFact,
    Made,
    Resampled,
    SkillFact,
)
from forecast.report.evidence_facts import definition_label
from forecast.study import Study

ALL, ALL_BUT = "ALL", "ALL except "  # origins of totals, and of what listed origins leave of them
HUNDRED = 100


def backtest_story(part: Part, study: Study, made: Made) -> BacktestStory:
    """Return what the report says of a backtest; single forecasts need not be there."""
    scores = part.tables["scores"]
    (whole,) = _groups(part, "all", str)
    return BacktestStory(
        made=made,
        figures=_figures(part),
        first=int(part.made["first_year"]),
        last=int(part.made["last_year"]),
        prob=float(scores["prob"].iloc[0]),
        whole=whole,
        definitions=tuple(_groups(part, "definition", partial(definition_label, study))),
        origins=tuple(_groups(part, "origin", partial(origin_label, study))),
        horizons=tuple(_groups(part, "horizon_group", str)),
        pit=_pit(part.tables["pit"]),
    )


def _figures(part: Part) -> int | None:
    """Return how many published figures were forecast, if the part says so."""
    if "figures" in part.made:
        return int(part.made["figures"])
    forecasts = part.tables.get("forecasts")
    return None if forecasts is None else int(forecasts["target"].nunique())


def origin_label(study: Study, name: str) -> str:
    """Return the label of an origin; a total less listed origins is said in words.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> [origin_label(load_study("demo"), name) for name in ("north", "ALL except east north")]
    ['North', 'all but 2 listed origins']
    """
    if name.startswith(ALL_BUT):
        return f"all but {len(name.removeprefix(ALL_BUT).split())} listed origins"
    label = study.label(name)
    return "all origins" if label == ALL else label


def _groups(part: Part, grouping: str, label: Callable[[str], str]) -> Iterator[GroupFact]:
    """Yield the groups of a grouping, in the order of the table."""
    scores, skills = (_of(part.tables[name], grouping) for name in ("scores", "skill"))
    for name in dict.fromkeys(scores["group"].astype(str)):
        own = scores[scores["group"].astype(str).eq(name)]
        facts = [_forecaster(row) for _, row in own.iterrows()]
        against = skills[skills["group"].astype(str).eq(name)]
        yield GroupFact(
            label=label(name),
            forecasts=int(own["forecasts"].iloc[0]),
            clusters=int(own["clusters"].iloc[0]),
            model=next(one for one in facts if one.name == MODEL),
            baselines=tuple(one for one in facts if one.name != MODEL),
            skills=tuple(
                SkillFact(str(row["baseline"]), _resampled(row, "skill"))
                for _, row in against.iterrows()
            ),
        )


def _of(table: pd.DataFrame, grouping: str) -> pd.DataFrame:
    return table[table["grouping"].eq(grouping)]


def _forecaster(row: pd.Series) -> ForecasterFact:
    held = tuple((level / HUNDRED, _resampled(row, f"coverage_{level}")) for level in LEVELS)
    return ForecasterFact(str(row["forecaster"]), _resampled(row, "crps"), held)


def _resampled(row: pd.Series, name: str) -> Resampled:
    return Resampled(*(float(row[f"{name}{end}"]) for end in ("", "_lower", "_upper")))


def _pit(table: pd.DataFrame) -> tuple[float, ...]:
    """Return the part of the model's forecasts in each bin."""
    counts = table.loc[table["forecaster"].eq(MODEL), "count"]
    return tuple(float(part) for part in counts / counts.sum())
