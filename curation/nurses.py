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

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from curation.demo import expit, long_table, observation
from curation.vocabulary import OBSERVATION

SEED: Final = 20260117
ORIGINS: Final = ("abroad_near", "abroad_far", "overseas")
WARDS: Final = ("acute", "community", "mental_health")
COHORTS: Final = range(2005, 2035)
REFERENCE: Final = 2014  # the cohort at which the walks are zero
LAST: Final = 2023  # the last year of published registrations
OLD: Final = (range(2005, 2008), range(2008, 2010))  # cohorts that are seen together
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
}
ENTRY, LATER = 1, 10  # years on the register at which a post is taken, and to which leavers count
SAMPLED: Final = 4  # nurses for whom one answer to the survey stands
SHARE_YEARS: Final = (2014, 2018, 2022)
ASKED: Final = {"share": 900, "survival": 300, "stay": 300}

SHOCKS: Final = (
    ("border_closed", "2026-04-01", "2028-03-31", "The border road is closed"),
    ("permit_fee", "2025-10-01", "", "A fee for each work permit"),
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


@dataclass(frozen=True)
class Valley:
    """The truth: logits at zero years, and the nurses who registered, (origin, ward, cohort)."""

    eta: Array
    n: Array

    def rate(self, definition: str, years_since: float) -> Array:
        """Return the true rate of each cell, (origin, ward, cohort)."""
        offset = np.array([TRUTH["survey_intent"][o] for o in ORIGINS])[:, None, None]
        shift = -decay(years_since) if definition == "register" else offset
        return expit(self.eta + shift)


def counted(rng: np.random.Generator, p: float, people: int) -> float:
    """Count all, with more spread than a binomial, printed to a tenth of a percent."""
    strength = 1 / TRUTH["intraclass_correlation"] - 1
    own = rng.beta(p * strength, (1 - p) * strength)
    return round(float(rng.binomial(people, own) / people), 3)


def asked(rng: np.random.Generator, p: float, people: int) -> float:
    """Ask one in four, printed as a whole percent."""
    answers = round(people / SAMPLED)
    return round(float(rng.binomial(answers, p) / answers), 2)


def cells_of(origin: str, ward: str, years: range) -> tuple[Array, ...]:
    """Return the cells that a row sees, of an origin or ALL, of a ward or ALL."""
    return np.ix_(
        [i for i, o in enumerate(ORIGINS) if origin in (o, "ALL")],
        [j for j, f in enumerate(WARDS) if ward in (f, "ALL")],
        [COHORTS.index(year) for year in years],
    )


def published_row(
    rng: np.random.Generator, valley: Valley, place: tuple[str, str], years: range, age: int
) -> Row:
    """Publish a rate of some cohorts: plans at zero years, the register at any later age."""
    plans = age == 0
    definition = "survey_intent" if plans else "register"
    cells = cells_of(*place, years)
    people = valley.n[cells]
    p = float(np.average(valley.rate(definition, age)[cells], weights=people))
    return observation(
        source="valley_survey" if plans else "valley_register",
        series="intentions" if plans else "register",
        definition=definition,
        origin=place[0],
        field=place[1],
        cohort_start=years[0],
        cohort_end=years[-1],
        years_since=age,
        rate=(asked if plans else counted)(rng, p, int(people.sum())),
        n=float(people.sum()),
        n_kind="survey" if plans else "census",
        rounding=0.01 if plans else 0.001,
        population="simulated nurses",
        published=years[-1] + age + 1,
    )


def evidence(rng: np.random.Generator, valley: Valley) -> pd.DataFrame:
    """Simulate the observation table: the register in three grains, the survey in two."""
    grains = [((o, "ALL"), years, 10) for years in OLD for o in ORIGINS]
    grains += [((o, "ALL"), range(y, y + 1), 5) for y in range(2010, 2021, 2) for o in ORIGINS]
    grains += [(("ALL", f), range(y, y + 1), 2) for y in range(2011, LAST + 1, 2) for f in WARDS]
    grains += [((o, f), range(2005, 2010), 0) for o in ORIGINS for f in WARDS]
    grains += [((o, "ALL"), range(y, y + 1), 0) for y in range(2010, LAST + 1) for o in ORIGINS]
    rows = [published_row(rng, valley, *grain) for grain in grains]
    return pd.DataFrame(rows, columns=list(OBSERVATION))


def taking_posts(valley: Valley, group: str) -> Array:
    """Return registrations and those still there at entry, weighted by posts, (2, cohort)."""
    own = [ORIGINS.index(o) for o in GROUPS[group]] or [len(ORIGINS)]
    people = valley.n[own] * np.array(list(WEIGHTS.values()))[:, None]
    stay = valley.rate("register", ENTRY)[own] if GROUPS[group] else np.ones(people.shape)
    return np.stack([people.sum((0, 1)), (people * stay).sum((0, 1))])


def leaving(valley: Valley, group: str) -> float:
    """Return the part of a group that leaves its posts in a year: nursing, or the valley."""
    gone = 0.0
    if GROUPS[group]:
        cells = [ORIGINS.index(o) for o in GROUPS[group]], slice(None), COHORTS.index(START)
        people = valley.n[cells] * np.array(list(WEIGHTS.values()))
        entry, later = (
            float((people * valley.rate("register", d)[cells]).sum()) for d in (ENTRY, LATER)
        )
        gone = 1 - (later / entry) ** (1 / (LATER - ENTRY))
    return 1 - (1 - float(TRUTH["gives_up"][group])) * (1 - gone)


def stocks(rng: np.random.Generator, valley: Valley) -> pd.DataFrame:
    """Follow the true posts by year and group, whole persons."""
    stock = dict(TRUTH["posts"])
    rows = [{"year": START, **stock}]
    for year in range(START + 1, COHORTS[-1] + 1):
        for group in GROUPS:
            factor = TRUTH["selection"][group] * (1 + TRUTH["direct_arrivals"][group])
            came = rng.poisson(factor * taking_posts(valley, group)[1, COHORTS.index(year)])
            stays = rng.binomial(int(stock[group]), 1 - leaving(valley, group))
            stock[group] = float(stays + came)
        rows.append({"year": year, **stock})
    return pd.DataFrame(rows).set_index("year")


def workforce(rng: np.random.Generator, valley: Valley, stock: pd.DataFrame) -> pd.DataFrame:
    """Simulate the share evidence: three counts of posts, one follow-up and one stay rate."""
    rows = []
    for year in SHARE_YEARS:
        found = rng.multinomial(ASKED["share"], stock.loc[year] / stock.loc[year].sum())
        rows += [share_row("share", g, year, k) for g, k in zip(stock.columns, found, strict=True)]
    first, last = SHARE_YEARS[0], SHARE_YEARS[-1]
    still = (1 - leaving(valley, "overseas")) ** (last - first)
    follow_up = share_row("survival", "overseas", last, rng.binomial(ASKED["survival"], still))
    window = [COHORTS.index(year) for year in range(last - 9, last + 1)]  # as the model reads it
    there, all_of_them = taking_posts(valley, "abroad")[::-1, window].sum(1)
    stayed = share_row("stay", "abroad", last, rng.binomial(ASKED["stay"], there / all_of_them))
    return pd.DataFrame([*rows, follow_up | {"year_from": first}, stayed])


def share_row(quantity: str, group: str, year: int, found: float) -> Row:
    """Publish a part of those asked, as a tenth of a percent."""
    return {
        "source": "valley_posts",
        "series": "posts",
        "quantity": quantity,
        "group": group,
        "year": year,
        "year_from": None,
        "value": round(found / ASKED[quantity], 3),
        "n": ASKED[quantity],
        "published": year + 1,
    }


def truth(valley: Valley, stock: pd.DataFrame) -> pd.DataFrame:
    """List the true stay rates five years on, by cell, and the true shares, by year and group."""
    rates = valley.rate("register", 5)
    known = [t for t, year in enumerate(COHORTS) if year <= LAST]
    rows: list[Row] = [
        {
            "quantity": "stay_rate",
            "origin": o,
            "field": f,
            "year": COHORTS[t],
            "value": rates[i, j, t],
        }
        for i, o in enumerate(ORIGINS)
        for j, f in enumerate(WARDS)
        for t in known
    ]
    shares = stock.div(stock.sum(axis=1), axis=0)
    rows += [
        {"quantity": "share", "group": group, "year": year, "value": shares.loc[year, group]}
        for group in GROUPS
        for year in shares.index
    ]
    table = pd.DataFrame(rows, columns=["quantity", "origin", "field", "group", "year", "value"])
    return table.round({"value": 6})


def nurses_tables(seed: int = SEED) -> dict[str, pd.DataFrame]:
    """Simulate all tables of the nurses by name, the truth among them."""
    rng = np.random.default_rng(seed)
    everybody = registrations(rng)
    valley = Valley(stay_logits(rng), everybody)
    stock = stocks(rng, valley)
    known = tuple(year for year in COHORTS if year <= LAST)
    published = everybody[:, :, : len(known)]
    wards = {"field": WARDS, "year": known}
    return {
        "nurses": evidence(rng, valley),
        "nurses_sizes": long_table(published[: len(ORIGINS)], {"origin": ORIGINS, **wards}),
        "nurses_workforce": workforce(rng, valley, stock),
        "nurses_domestic": long_table(published[len(ORIGINS)], wards),
        "nurses_shocks": pd.DataFrame(SHOCKS, columns=["shock", "date_start", "date_end", "name"]),
        "nurses_truth": truth(valley, stock),
    }
