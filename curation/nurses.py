"""A simulated study of nurses who leave a made-up region, the valley, with known truth.

Nurses trained abroad register in the valley and choose a ward. The chance that a nurse of origin o
and ward f who registered in year c is on the register d years later is

    logit p[o, f, c, d] = mu + a_o + b_f + G_c + GO_oc - D_d,   D_d = level (1 - exp(-d / years)),

with a common walk G and a walk GO of each origin. No person is counted twice: each row of the
register, and each of the survey of intentions, has cohorts or wards of its own.

Posts of group g: nurses of a year take one if they are still on the register a year on, others come
straight from registers elsewhere, and each year some give up nursing or leave the valley. All are
whole persons. The truth runs ahead of the evidence, to the last year of the study.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from curation.demo import expit, long_table, observation

SEED: Final = 20260117
ORIGINS: Final = ("abroad_near", "abroad_far", "overseas")
WARDS: Final = ("acute", "community", "mental_health")
COHORTS: Final = range(2005, 2035)
REFERENCE: Final = 2014  # the cohort at which the walks are zero
LAST: Final = 2023  # the last year of published registrations
START: Final = 2014  # of the stock
GROUPS: Final = {"abroad": ORIGINS[:2], "overseas": ORIGINS[2:], "valley": ()}
WEIGHTS: Final = {"acute": 1.0, "community": 0.8, "mental_health": 0.8}  # posts for each nurse
type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Row = dict[str, object]

TRUTH: Final[dict[str, Any]] = {
    "mu": 1.2,
    "a": {"abroad_near": 0.5, "abroad_far": 0.1, "overseas": -0.6},
    "b": {"acute": 0.15, "community": 0.1, "mental_health": -0.25},
    "trend": -0.015,
    "sigma_G": 0.04,
    "sigma_GO": 0.06,
    "rho_GO": 0.9,
    "decay": {"level": 0.7, "years": 4.0},
    "survey_intent": {"abroad_near": 0.1, "abroad_far": 0.3, "overseas": 0.55},
    "intraclass_correlation": 0.002,
    "registered": {"abroad_near": 320.0, "abroad_far": 260.0, "overseas": 190.0, "valley": 520.0},
    "mix": {"acute": 0.5, "community": 0.3, "mental_health": 0.2},
    "growth": {"abroad_near": -0.01, "abroad_far": 0.0, "overseas": 0.02, "valley": 0.0},
    "sigma_registered": 0.05,
    "posts": {"abroad": 3300.0, "overseas": 1300.0, "valley": 4400.0},
    "selection": {"abroad": 0.9, "overseas": 0.8, "valley": 1.0},
    "direct_arrivals": {"abroad": 0.2, "overseas": 0.2, "valley": 0.0},
    "gives_up": {"abroad": 0.05, "overseas": 0.055, "valley": 0.06},
    "departure_years": (1, 10),  # the part of a group that leaves the valley is that between these
    "asked": {"shares": 900, "survival": 300, "stay": 300},
}
SAMPLED: Final = 4  # nurses for whom one answer to the survey stands

SHOCKS: Final = (
    ("border_closed", "2026-04-01", "2028-03-31", "The border road is closed", "push"),
    ("permit_fee", "2025-10-01", "", "A fee for each work permit", "push"),
)


def decay(years: float) -> float:
    """D_d, the loss on the logit scale after so many years."""
    level, scale = TRUTH["decay"]["level"], TRUTH["decay"]["years"]
    return float(level * (1 - np.exp(-years / scale)))


def stay_logits(rng: np.random.Generator) -> Array:
    """Draw the logit at zero years, of shape (origin, ward, cohort)."""
    steps = TRUTH["trend"] + TRUTH["sigma_G"] * rng.standard_normal(len(COHORTS))
    noise = TRUTH["sigma_GO"] * rng.standard_normal((len(ORIGINS), len(COHORTS)))
    own = noise.copy()
    for t in range(1, len(COHORTS)):
        own[:, t] = TRUTH["rho_GO"] * own[:, t - 1] + noise[:, t]
    walk = np.cumsum(steps) + own
    pinned = walk - walk[:, [COHORTS.index(REFERENCE)]]
    a = np.array([TRUTH["a"][o] for o in ORIGINS])[:, None, None]
    b = np.array([TRUTH["b"][f] for f in WARDS])[None, :, None]
    return np.asarray(TRUTH["mu"] + a + b + pinned[:, None, :])


def registrations(rng: np.random.Generator) -> Array:
    """Draw the nurses who register, (origin, ward, cohort), those trained in the valley last."""
    labels = (*ORIGINS, "valley")
    level = np.array([TRUTH["registered"][name] for name in labels])[:, None]
    growth = np.array([TRUTH["growth"][name] for name in labels])[:, None]
    steps = growth + TRUTH["sigma_registered"] * rng.standard_normal((len(labels), len(COHORTS)))
    mix = np.array([TRUTH["mix"][ward] for ward in WARDS])[None, :, None]
    return np.asarray(rng.poisson((level * np.exp(np.cumsum(steps, 1)))[:, None, :] * mix), float)


class Publisher:
    """Makes rows of evidence from the true rates and the people behind them."""

    def __init__(self, rng: np.random.Generator, eta: Array, n: Array) -> None:
        """Keep the generator, logits at zero years and registrations, (origin, ward, cohort)."""
        self.rng, self.eta, self.n = rng, eta, n
        self.offset = np.array([TRUTH["survey_intent"][o] for o in ORIGINS])[:, None, None]

    def row(self, definition: str, origin: str, ward: str, years: range, age: int) -> Row:
        """Publish the rate of some cohorts at one age, of an origin or ALL, of a ward or ALL."""
        cells = np.ix_(
            [i for i, o in enumerate(ORIGINS) if origin in (o, "ALL")],
            [j for j, f in enumerate(WARDS) if ward in (f, "ALL")],
            [COHORTS.index(year) for year in years],
        )
        counted = definition == "register"
        shift = -decay(age) if counted else self.offset
        people = self.n[cells]
        p = float((people * expit(self.eta + shift)[cells]).sum() / people.sum())
        return observation(
            source="valley_register" if counted else "valley_survey",
            series="register" if counted else "intentions",
            definition=definition,
            origin=origin,
            field=ward,
            cohort_start=years[0],
            cohort_end=years[-1],
            years_since=age,
            rate=self.counted(p, people) if counted else self.asked(p, people),
            n=float(people.sum()),
            n_kind="census" if counted else "survey",
            rounding=0.001 if counted else 0.01,
            population="simulated nurses",
            published=years[-1] + age + 1,
        )

    def counted(self, p: float, people: Array) -> float:
        """Count all, with more spread than a binomial, printed to a tenth of a percent."""
        strength = 1 / TRUTH["intraclass_correlation"] - 1
        own = self.rng.beta(p * strength, (1 - p) * strength)
        return round(float(self.rng.binomial(int(people.sum()), own) / people.sum()), 3)

    def asked(self, p: float, people: Array) -> float:
        """Ask one in four, printed as a whole percent."""
        answers = round(float(people.sum()) / SAMPLED)
        return round(float(self.rng.binomial(answers, p) / answers), 2)


def evidence(rng: np.random.Generator, eta: Array, n: Array) -> pd.DataFrame:
    """Simulate the observation table: the register in three grains, the survey in two."""
    publisher, rows = Publisher(rng, eta, n), []
    for years in (range(2005, 2008), range(2008, 2010)):
        rows += [publisher.row("register", o, "ALL", years, 10) for o in ORIGINS]
    for year in range(2010, 2021, 2):
        rows += [publisher.row("register", o, "ALL", range(year, year + 1), 5) for o in ORIGINS]
    for year in range(2011, 2024, 2):
        rows += [publisher.row("register", "ALL", f, range(year, year + 1), 2) for f in WARDS]
    for o in ORIGINS:
        rows += [publisher.row("survey_intent", o, f, range(2005, 2010), 0) for f in WARDS]
    for year in range(2010, LAST + 1):
        rows += [publisher.row("survey_intent", o, "ALL", range(year, year + 1), 0) for o in ORIGINS]
    return pd.DataFrame(rows)


def parts_of(group: str) -> list[int]:
    """Return the places of a group's origins in arrays of registrations."""
    return [ORIGINS.index(o) for o in GROUPS[group]] or [len(ORIGINS)]


def entrants(eta: Array, n: Array, group: str) -> Array:
    """Expect the nurses of a group who take a post, by cohort."""
    weight = np.array(list(WEIGHTS.values()))[:, None]
    own = parts_of(group)
    stay = expit(eta[own] - decay(TRUTH["entry"])) if GROUPS[group] else 1.0
    factor = TRUTH["selection"][group] * (1 + TRUTH["direct_arrivals"][group])
    return np.asarray(factor * (n[own] * stay * weight).sum(axis=(0, 1)))


def leaving(eta: Array, n: Array, group: str) -> float:
    """Return the part of a group that leaves its posts in a year: nursing, or the valley."""
    gone = 0.0
    if GROUPS[group]:
        own, t = parts_of(group), COHORTS.index(START)
        first, last = TRUTH["departure_years"]
        early, late = (
            float((n[own, :, t] * expit(eta[own, :, t] - decay(d))).sum()) for d in (first, last)
        )
        gone = 1 - (late / early) ** (1 / (last - first))
    return float(1 - (1 - TRUTH["gives_up"][group]) * (1 - gone))


def stocks(rng: np.random.Generator, eta: Array, n: Array) -> pd.DataFrame:
    """Follow the true posts by year and group, whole persons."""
    coming = {group: entrants(eta, n, group) for group in GROUPS}
    left = {group: leaving(eta, n, group) for group in GROUPS}
    stock = dict(TRUTH["posts"])
    rows = [{"year": START, **stock}]
    for year in COHORTS[COHORTS.index(START) + 1 :]:
        t = COHORTS.index(year)
        for group in GROUPS:
            stays = rng.binomial(int(stock[group]), 1 - left[group])
            stock[group] = float(stays + rng.poisson(coming[group][t]))
        rows.append({"year": year, **stock})
    return pd.DataFrame(rows).set_index("year")
