"""Made-up parts of an assessment, for examples and tests: all columns, few rows."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecast.assess import Assessment, Check, Part
from forecast.assess.backtest import MODEL
from forecast.assess.calibration import summarised
from forecast.assess.scores import LEVELS

FORECASTERS = {"last value": (0.86, 0.04), "pooled mean": (0.70, 0.1), MODEL: (0.81, 0.03)}
GROUPS = {
    "all": ("all",),
    "definition": ("resident", "intention"),
    "origin": ("north", "south", "ALL except north south"),
    "horizon_group": ("1", "2", "6+"),
}
type Row = dict[str, object]

MADE: dict[str, str | int | float] = {"engine": "laplace", "seed": 1, "seconds": 75.0}
SIMULATIONS = 60
PROB = 0.9
PRIORS = (("stay", "intercept"), ("stay", "rho_origin"), ("share", "exit_rate"))


def example_assessment(seed: int = 1) -> Assessment:
    """Return all parts of a made-up assessment; their checks pass.

    Examples
    --------
    >>> list(example_assessment().parts)
    ['backtest', 'calibration', 'criticism', 'sensitivity']
    """
    rng = np.random.default_rng(seed)
    parts = (_backtest(), _calibration(rng), _criticism(rng), _sensitivity())
    return Assessment({part.name: part for part in parts})


def _check(name: str, value: float) -> Check:
    return Check(name, "pass", value, "as it should be", "")


def _backtest() -> Part:
    scores = pd.DataFrame(_score_rows())
    skills = pd.DataFrame(_skill_rows())
    counts = pd.DataFrame({"lower": [0.0, 0.5], "upper": [0.5, 1.0], "count": [70, 50]})
    pit = pd.concat([counts.assign(forecaster=name) for name in FORECASTERS])
    forecasts = pd.DataFrame({"target": np.arange(120) % 40, "forecaster": MODEL})
    tables = {"forecasts": forecasts, "scores": scores, "skill": skills, "pit": pit}
    made = MADE | {"first_year": 2010, "last_year": 2016, "targets": 120}
    return Part("backtest", tables, (_check("backtest, 80 % coverage", 0.81),), made)


def _score_rows() -> Iterator[Row]:
    """Yield the scores of a forecaster in a group; the last origin has one year of publication."""
    for grouping, names in GROUPS.items():
        for group in names:
            for forecaster, (held, crps) in FORECASTERS.items():
                one = group.startswith("ALL")
                width = np.nan if one else 0.05
                row: Row = {"grouping": grouping, "group": group}
                row |= {"forecaster": forecaster, "forecasts": 120 // len(names)}
                row |= {"clusters": 1 if one else 8} | _ends("crps", crps, width / 10)
                for level in LEVELS:
                    value = min(1.0, held * level / 80)
                    row |= _ends(f"coverage_{level}", value, width)
                yield row | {"prob": PROB, "kind": "bootstrap"}


def _skill_rows() -> Iterator[Row]:
    for grouping, names in GROUPS.items():
        for group in names:
            for baseline in list(FORECASTERS)[:-1]:
                value = 1 - FORECASTERS[MODEL][1] / FORECASTERS[baseline][1]
                row: Row = {"grouping": grouping, "group": group, "model": MODEL}
                row["baseline"] = baseline
                yield row | {"score": "crps"} | _ends("skill", value, 0.3) | {"prob": PROB}


def _ends(name: str, value: float, width: float) -> Row:
    upper = np.minimum(value + width, 1.0)  # NaN stays
    return {name: value, f"{name}_lower": value - width, f"{name}_upper": float(upper)}


def _calibration(rng: np.random.Generator) -> Part:
    """Return a calibration whose ranks are uniform."""
    tables = [_ranks(name, rng) for name in ("sigma_origin", "stay_rate[north, alpha, 2012]")]
    draws = pd.concat(tables, ignore_index=True)
    checks = (_check("calibration, ranks uniform", 0.5),)
    quantities = summarised(draws)
    made = MADE | {"simulations": SIMULATIONS}
    return Part("calibration", {"draws": draws, "quantities": quantities}, checks, made)


def _ranks(name: str, rng: np.random.Generator) -> pd.DataFrame:
    pit = rng.permutation((np.arange(SIMULATIONS) + 0.5) / SIMULATIONS)
    truth = rng.standard_normal(SIMULATIONS)
    mean = truth + 0.3 * rng.standard_normal(SIMULATIONS)
    table = pd.DataFrame({"quantity": name, "truth": truth, "mean": mean, "sd": 0.3, "pit": pit})
    inside = {f"inside_{n}": np.abs(pit - 0.5) <= n / 200 for n in LEVELS}
    return table.assign(**inside, seed=np.arange(SIMULATIONS))


def _criticism(rng: np.random.Generator) -> Part:
    p = [0.5, 0.4, np.nan, 0.01]
    quantities = {"quantity": ["mean", "sd", "largest", "lag_1"], "p": p, "rows": 30}
    predictive = [
        pd.DataFrame(quantities).assign(definition=name) for name in ("resident", "intention")
    ]
    loo: Row = {"definition": "ALL", "rows": 60, "elpd": -80.0, "se": 6.0, "p": 9.0}
    variants = {
        "variant": ["random walks", "study", "no origin trends"],
        "elpd_diff": [0.4, 0.0, -25.3],
        "dse": [0.5, 0.0, 5.1],
        "weight": [0.6, 0.4, 0.0],
        "high_k": [2, 2, 3],
    }
    tables = {
        "left_out": pd.DataFrame(_left_out()),
        "loo": pd.DataFrame([loo | {"high_k": 2, "refitted": 3}]),
        "predictive": pd.concat(predictive),
        "residuals": _residuals(rng),
        "variants": pd.DataFrame(variants),
    }
    return Part("criticism", tables, (_check("posterior-predictive checks", 0.3),), MADE)


def _left_out() -> Iterator[Row]:
    """Yield headline numbers without each piece; one piece has no fit."""
    pieces = (("base", "base", 0.0), ("source", "SURVEY", -0.8), ("definition", "intention", 0.05))
    for kind, name, moved in pieces:
        shared: Row = {"piece": kind, "left_out": name, "rows": 0 if kind == "base" else 12}
        shared |= {"prob": PROB, "kind": "eti", "skipped": ""}
        for quantity, base in (("stay_rate", 0.75), ("share", 0.3)):
            value = base + 0.02 * moved
            row = shared | {"quantity": quantity, "change_in_sd": moved, "mcse": np.nan}
            yield row | {"value": value, "lower": value - 0.04, "upper": value + 0.04}
        empty: Row = dict.fromkeys(("lower", "upper", "change_in_sd"), np.nan)
        yield (
            shared | empty | {"quantity": "probability", "value": 0.02 - moved / 100, "mcse": 0.01}
        )
    yield {"piece": "source", "left_out": "CENSUS", "rows": 40, "skipped": "It leaves no row over."}


def _residuals(rng: np.random.Generator) -> pd.DataFrame:
    cells = [
        (definition, origin, cohort)
        for definition, cohorts in (
            ("resident", range(2008, 2012)),
            ("intention", range(2006, 2020)),
        )
        for origin in ("north", "south", "ALL except north south")
        for cohort in cohorts
    ]
    table = pd.DataFrame(cells, columns=["definition", "origin", "cohort"])
    residual = rng.standard_normal(len(table)).clip(-1.5, 1.5)
    residual[20] = -2.75
    return table.assign(rows=1, residual=residual)


def _sensitivity() -> Part:
    power = [
        {"part": part, "prior": name, "quantity": "share", "flagged": name == "exit_rate"}
        for part, name in (*PRIORS, ("both", "all priors"))
    ]
    refits = [
        {"part": part, "prior": name, "quantity": quantity, "base": 0.3, "matters": i > 1}
        | {"narrower": 0.3 + 0.01 * i, "wider": 0.3 - 0.02 * i, "spread": 0.03 * i}
        | {"low": 0.3 - 0.02 * i, "high": 0.3 + 0.01 * i}
        for quantity in ("share", "stay_rate")
        for i, (part, name) in enumerate(PRIORS)
    ]
    told = pd.DataFrame({"sentence": ["The prior of exit_rate in the workforce matters."]})
    tables = {"power": pd.DataFrame(power), "refits": pd.DataFrame(refits), "sentences": told}
    return Part("sensitivity", tables, (), MADE)
