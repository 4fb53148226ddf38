"""Retention of customers: the shifted-beta-geometric (sBG), and forecasts of our stay model.

The data and what is known of them: `data/retention.toml`. Percent surviving are parts in [0, 1]
here. Both models see years 1 to 7 and forecast years 8 to 12.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize

from forecast.evidence import arrange, cell_sizes, read_observations
from forecast.inference.engines import engine_named
from forecast.stay import stay_model
from forecast.stay.predict import cell_rates
from forecast.study import Study, load_study
from forecast.study.schema import LaplaceSpec

DATA = Path(__file__).resolve().parent / "data" / "retention.toml"
SEEN, LAST = 7, 12  # years that are fitted, and the last one that is forecast
AHEAD = slice(SEEN, LAST)
PROB = 0.9

type Draws = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class BetaGeometric:
    """The sBG: a customer leaves with probability theta each year, theta ~ Beta(alpha, beta)."""

    alpha: float
    beta: float

    def lost(self, years: int) -> np.ndarray:
        r"""Return P(T = t) for t = 1 to ``years``, by Fader and Hardie's recursion.

        .. math::
            P(T = 1) = \frac{\alpha}{\alpha + \beta}, \qquad
            P(T = t) = \frac{\beta + t - 2}{\alpha + \beta + t - 1} P(T = t - 1).

        References
        ----------
        Fader & Hardie (2007), doi 10.1002/dir.20074, equation 7.

        Examples
        --------
        >>> BetaGeometric(1.0, 1.0).lost(3).round(4).tolist()  # 1 / (t (t + 1))
        [0.5, 0.1667, 0.0833]
        """
        t = np.arange(2, years + 1)
        ratios = (self.beta + t - 2) / (self.alpha + self.beta + t - 1)
        return self.alpha / (self.alpha + self.beta) * np.cumprod(np.append(1.0, ratios))

    def surviving(self, years: int) -> np.ndarray:
        """Return S(t) = 1 - P(T = 1) - ... - P(T = t) for t = 1 to ``years``."""
        return 1 - np.cumsum(self.lost(years))


def log_likelihood(model: BetaGeometric, surviving: np.ndarray) -> float:
    """Return the log likelihood per customer of the parts that survive years 1, 2, ...

    sum_t (S(t-1) - S(t)) log P(T = t) + S(last) log S(last | alpha, beta), S as observed.
    """
    years = len(surviving)
    lost = -np.diff(surviving, prepend=1.0)
    kept = float(surviving[-1] * np.log(model.surviving(years)[-1]))
    return float(lost @ np.log(model.lost(years))) + kept


def estimated(surviving: np.ndarray) -> BetaGeometric:
    """Return the sBG of maximum likelihood; the number of customers does not matter to it."""

    def worse(logs: np.ndarray) -> float:
        return -log_likelihood(BetaGeometric(*np.exp(logs)), surviving)

    exact = {"xatol": 1e-9, "fatol": 1e-13}
    found = optimize.minimize(worse, np.zeros(2), method="Nelder-Mead", options=exact)
    return BetaGeometric(*np.exp(found.x).tolist())


def study() -> Study:
    """Return the study of the two plans."""
    return load_study(DATA)


def published() -> pd.DataFrame:
    """Return the rows of all twelve years of both plans, typed and checked."""
    return read_observations(study())[0]


def seen(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the years that are fitted."""
    return table[table["years_since"].le(SEEN)]


def surviving(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the part of each plan's customers that is left after each year."""
    return {str(plan): rows["rate"].to_numpy() for plan, rows in table.groupby("origin")}


def alone(whole: Study, plan: str) -> Study:
    """Return the study of one plan: nothing is learnt from the other."""
    evidence = whole.evidence.model_copy(update={"origins": (plan,)})
    report = whole.report.model_copy(update={"main_origins": (plan,)})
    return whole.model_copy(update={"evidence": evidence, "report": report})


def with_knots(whole: Study, knots: tuple[float, ...]) -> Study:
    """Return the study with another duration curve."""
    stay = whole.stay.model_copy(update={"duration_knots": knots})
    return whole.model_copy(update={"stay": stay})


def with_effort(whole: Study, effort: LaplaceSpec) -> Study:
    """Return the study with other numbers of draws."""
    sampler = whole.sampler.model_copy(update={"laplace": effort})
    return whole.model_copy(update={"sampler": sampler})


def curves(whole: Study, table: pd.DataFrame, seed: int) -> Draws:
    """Return draws of each plan's stay rate after 1 to 12 years, (draw, year), by engine laplace.

    ``table`` has the rows that are fitted.
    """
    evidence = arrange(table, whole, cell_sizes(whole))
    model = stay_model(whole, evidence)
    posterior, _ = engine_named("laplace")(model, whole.sampler, seed)
    out = {}
    for plan in whole.evidence.origins:
        labels = {"definition": whole.stay.reference, "origin": plan}
        labels |= {"field": whole.evidence.fields[0]}
        years = np.arange(1.0, LAST + 1)
        cells = pd.DataFrame(labels | {"cohort": whole.stay.reference_cohort, "years_since": years})
        out[plan] = cell_rates(posterior, whole, cells).reshape(-1, LAST)
    return out


def each_alone(whole: Study, table: pd.DataFrame, seed: int) -> Draws:
    """Return draws as ``curves`` does, each plan in a study of its own."""
    plans = whole.evidence.origins
    return {plan: curves(alone(whole, plan), table, seed)[plan] for plan in plans}


@dataclass(frozen=True)
class Score:
    """A forecast of years 8 to 12 against what came, in percentage points.

    ``error``: mean absolute error of the medians; ``inside``: years inside the equal-tailed 90 %
    interval; ``width``: mean width of these intervals.
    """

    error: float
    inside: int
    width: float


def bounds(draws: np.ndarray) -> np.ndarray:
    """Return lower end, median and upper end of each year, (3, year): 90 %, equal-tailed."""
    return np.quantile(draws, [(1 - PROB) / 2, 0.5, (1 + PROB) / 2], axis=0)


def score(draws: np.ndarray, came: np.ndarray) -> Score:
    """Score draws (draw, year) of all years against the parts (year,) that were left."""
    lower, median, upper = bounds(draws)[:, AHEAD]
    truth = came[AHEAD]
    inside = int(((lower <= truth) & (truth <= upper)).sum())
    return Score(points_off(median, truth), inside, 100 * float((upper - lower).mean()))


def points_off(forecast: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean absolute error in percentage points."""
    return 100 * float(np.abs(forecast - truth).mean())
