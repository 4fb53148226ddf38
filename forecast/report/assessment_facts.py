"""Facts about the assessment of a study: which parts there are, calibration, sensitivity."""

from collections.abc import Callable

import pandas as pd

from forecast.assess import Assessment, Part
from forecast.assess.power_scaling import EVERY
from forecast.assess.prior_words import number_named
from forecast.assess.scores import LEVELS
from forecast.report.assessment_records import (
    AssessmentStory,
    BarFact,
    CalibrationStory,
    Made,
    QuantityFact,
    SensitivityStory,
)
from forecast.report.backtest_facts import HUNDRED, backtest_story
from forecast.report.criticism_facts import criticism_story, number_or_none
from forecast.study import Study

COMMANDS = {
    "backtest": "backtest",
    "calibration": "calibrate",
    "criticism": "criticise",
    "sensitivity": "sensitivity",
}
LONGEST = 12  # bars of a tornado
BY_PREFERENCE = ("share", "stay_rate")  # whose bars are drawn: the first that has any


def assessment_story(assessment: Assessment | None, study: Study) -> AssessmentStory | None:
    """Return what the report says of an assessment, or None without one."""
    if assessment is None:
        return None
    parts, stale = assessment.parts, assessment.stale

    def told[S](name: str, tell: Callable[[Part, Study, Made], S]) -> S | None:
        part = parts.get(name)
        return None if part is None else tell(part, study, _made(part, study))

    return AssessmentStory(
        study=study.name,
        stale=stale,
        missing=tuple(name for name in COMMANDS if name not in parts and name not in stale),
        backtest=told("backtest", backtest_story),
        calibration=told("calibration", _calibration),
        criticism=told("criticism", criticism_story),
        sensitivity=told("sensitivity", _sensitivity),
    )


def command_of(part: str, study: str) -> str:
    """Return the command that makes a part of the assessment of a study.

    Examples
    --------
    >>> command_of("criticism", "demo")
    'stayrate criticise demo'
    """
    return f"stayrate {COMMANDS[part]} {study}"


def _made(part: Part, study: Study) -> Made:
    seed = number_or_none(part.made.get("seed", "nan"))
    return Made(
        command=command_of(part.name, study.name),
        engine=str(part.made.get("engine", "")),
        seed=None if seed is None else int(seed),
        seconds=number_or_none(part.made.get("seconds", "nan")),
    )


def _calibration(part: Part, _: Study, made: Made) -> CalibrationStory:
    table = part.tables["quantities"].sort_values("p_uniform", kind="stable")
    held = tuple((n / HUNDRED, float(table[f"coverage_{n}"].mean())) for n in LEVELS)
    return CalibrationStory(
        made=made,
        simulations=int(table["simulations"].min()),
        p=min(1.0, float(table["p_uniform"].min()) * len(table)),
        held=held,
        quantities=tuple(_quantity(row) for _, row in table.iterrows()),
    )


def _quantity(row: pd.Series) -> QuantityFact:
    return QuantityFact(
        name=str(row["quantity"]),
        p=float(row["p_uniform"]),
        held=tuple((level / HUNDRED, float(row[f"coverage_{level}"])) for level in LEVELS),
        z=float(row["z"]),
        contraction=float(row["contraction"]),
    )


def _sensitivity(part: Part, study: Study, made: Made) -> SensitivityStory:
    power, refits, told = (part.tables[name] for name in ("power", "refits", "sentences"))
    there = set(refits["quantity"])
    number = next((one for one in BY_PREFERENCE if one in there), BY_PREFERENCE[-1])
    bars = refits[refits["quantity"].eq(number)].sort_values(
        "spread", ascending=False, kind="stable"
    )
    single = power[power["prior"].ne(EVERY)]
    flagged = single.loc[single["flagged"].astype(bool), "prior"]
    return SensitivityStory(
        made=made,
        number=number_named(number, study),
        bars=tuple(_bar(row) for _, row in bars.head(LONGEST).iterrows()),
        priors=int(single["prior"].nunique()),
        flagged=tuple(dict.fromkeys(flagged.astype(str))),
        refitted=len(refits[["part", "prior"]].drop_duplicates()),
        sentences=tuple(told["sentence"].astype(str)),
    )


def _bar(row: pd.Series) -> BarFact:
    base, narrower, wider, low, high = (
        float(row[name]) for name in ("base", "narrower", "wider", "low", "high")
    )
    matters = bool(row["matters"])
    return BarFact(str(row["part"]), str(row["prior"]), base, narrower, wider, low, high, matters)
