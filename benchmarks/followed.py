"""Simulated cohorts of known truth: what it does that the people of all rows are the same.

A published retention curve follows one set of customers, and the stay model takes its rows as
independent. Cohorts are drawn from a shifted-beta-geometric both ways, and both models forecast.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.retention import (
    AHEAD,
    LAST,
    SEEN,
    BetaGeometric,
    alone,
    bounds,
    curves,
    estimated,
    points_off,
)
from forecast.study import Study

CUSTOMERS = 1000
LEAST = 0.0005  # half of one customer in a thousand: a part that the sBG can be fitted to


@dataclass(frozen=True)
class Coverage:
    """What forecasts of simulated cohorts were worth, over years 8 to 12.

    ``truth``: the part of true probabilities that lies inside the 90 % interval; ``people``: the
    part of simulated shares that does; ``width``: mean width of the interval; ``ours``, ``sbg``:
    mean absolute error of our medians and of the fitted sBG against the truth, in points.
    """

    truth: float
    people: float
    width: float
    ours: float
    sbg: float


def followed(model: BetaGeometric, rng: np.random.Generator) -> np.ndarray:
    """Return the part left after each year of customers who are followed."""
    lost = model.lost(LAST)
    gone = rng.multinomial(CUSTOMERS, np.append(lost, 1 - lost.sum()))[:LAST]
    return np.asarray(1 - np.cumsum(gone) / CUSTOMERS)


def anew(model: BetaGeometric, rng: np.random.Generator) -> np.ndarray:
    """Return the part left after each year where each year looks at other customers."""
    return np.asarray(rng.binomial(CUSTOMERS, model.surviving(LAST)) / CUSTOMERS)


def coverage(
    whole: Study, plan: str, model: BetaGeometric, many: int, same: bool, seed: int
) -> Coverage:
    """Forecast ``many`` simulated cohorts of a plan, followed where ``same``."""
    rng = np.random.default_rng([seed, int(same)])
    draw, one = followed if same else anew, alone(whole, plan)
    found = [_forecast(one, plan, model, draw(model, rng), seed + i) for i in range(many)]
    truth, people, width, ours, sbg = np.array(found).mean(axis=0).tolist()
    return Coverage(truth, people, width, ours, sbg)


def _forecast(
    one: Study, plan: str, model: BetaGeometric, parts: np.ndarray, seed: int
) -> tuple[float, ...]:
    truth = model.surviving(LAST)[AHEAD]
    lower, median, upper = bounds(curves(one, _rows(plan, parts), seed)[plan])[:, AHEAD]
    sbg = estimated(np.minimum.accumulate(parts[:SEEN]).clip(LEAST)).surviving(LAST)[AHEAD]
    inside = [float(((lower <= x) & (x <= upper)).mean()) for x in (truth, parts[AHEAD])]
    errors = points_off(median, truth), points_off(sbg, truth)
    return (*inside, 100 * float((upper - lower).mean()), *errors)


def _rows(plan: str, parts: np.ndarray) -> pd.DataFrame:
    """Return a table of the years that are fitted."""
    return pd.DataFrame(list(_row(plan, parts)))


def _row(plan: str, parts: np.ndarray) -> Iterator[dict[str, object]]:
    labels = {"source": "simulated", "definition": "customer", "origin": plan}
    labels |= {"field": "all_customers"}
    empty = dict.fromkeys(("observed_year", "se", "rounding", "published"), np.nan)
    for year, part in enumerate(parts[:SEEN].tolist(), start=1):
        years = {"cohort_start": 2000.0, "cohort_end": 2000.0, "years_since": float(year)}
        yield labels | years | empty | {"rate": part, "n": float(CUSTOMERS), "n_kind": "census"}
