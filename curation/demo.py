"""A small simulated evidence set with known truth.

Stay model: logit p[o, f, c, d] = mu + a_o + b_f + G_c + GO_oc - D_d, where d is the years since
the start. Residence is seen five years after the cohort, by origin and by field, in two surveys
that know nothing of each other, every second cohort; plans are seen at the start in each cell.

Stock and flow, groups g: S[g, t+1] = S[g, t] (1 - exit) + entrants[g, t]; entrants of a foreign
group are its sizes of the cohort t x its residence five years on x selection, those of `home` the
domestic sizes x selection. `south` has no part in it.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from curation.vocabulary import OBSERVATION

SEED: Final = 20240229
ORIGINS: Final = ("north", "east", "south")
FIELDS: Final = ("alpha", "beta")
COHORTS: Final = tuple(range(2006, 2021))
SURVEYED: Final = tuple(range(2006, 2017, 2))  # residence is known to cohort 2016
WEIGHT: Final = 40  # persons that one sampled person stands for
type Row = dict[str, object]

TRUTH: Final[dict[str, Any]] = {
    "mu": 0.9,
    "a": {"north": 0.7, "east": 0.0, "south": -0.7},
    "b": {"alpha": 0.25, "beta": -0.25},
    "reference_cohort": 2013,
    "trend": -0.02,
    "sigma_G": 0.04,
    "sigma_GO": 0.05,
    "rho_GO": 0.9,
    "decay": {"level": 0.5, "years": 4.0},  # D_d = level (1 - exp(-d / years))
    "intention_offset": 0.25,
    "intention_by_origin": {"north": -0.15, "east": 0.1, "south": 0.3},
    "intraclass_correlation": 0.002,
    "effective_share": 1 / WEIGHT,
    "selection": {"north": 0.2, "east": 0.2, "home": 0.3},
    "exit": {"north": 0.03, "east": 0.03, "home": 0.02},
    "start_stock": {"north": 900.0, "east": 900.0, "home": 2500.0},
    "share_years": [2012, 2018],
    "share_n": 400,
}


def pinned(walk: np.ndarray) -> np.ndarray:
    """Shift a path along cohort to zero at the reference cohort."""
    return np.asarray(walk - walk[..., [COHORTS.index(TRUTH["reference_cohort"])]])


def paths(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw G (cohort) and GO (origin, cohort)."""
    steps = TRUTH["trend"] + TRUTH["sigma_G"] * rng.standard_normal(len(COHORTS))
    noise = TRUTH["sigma_GO"] * rng.standard_normal((len(ORIGINS), len(COHORTS)))
    walk = noise.copy()
    for t in range(1, len(COHORTS)):
        walk[:, t] = TRUTH["rho_GO"] * walk[:, t - 1] + noise[:, t]
    return pinned(np.cumsum(steps)), pinned(walk)


def decay(years: float) -> float:
    """D_d, the loss on the logit scale after so many years."""
    level, scale = TRUTH["decay"]["level"], TRUTH["decay"]["years"]
    return float(level * (1 - np.exp(-years / scale)))


def logits(common: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Logit at zero years, of shape (origin, field, cohort)."""
    a = np.array([TRUTH["a"][o] for o in ORIGINS])[:, None, None]
    b = np.array([TRUTH["b"][f] for f in FIELDS])[None, :, None]
    return np.asarray(TRUTH["mu"] + a + b + common + own[:, None, :])


def expit(x: np.ndarray) -> np.ndarray:
    """Inverse of the logit."""
    return np.asarray(1 / (1 + np.exp(-x)))


def cell_sizes(rng: np.random.Generator) -> np.ndarray:
    """Draw sizes of the shape (origin, field, cohort), growing by 2 % a cohort."""
    level = np.array([[1600.0, 900.0], [1100.0, 1300.0], [700.0, 800.0]])
    growth = 1.02 ** np.arange(len(COHORTS))
    return np.asarray(rng.poisson(level[:, :, None] * growth), dtype=float)


def observation(**cells: object) -> dict[str, object]:
    """One row of the observation table; what is not named stays empty."""
    return {name: cells.get(name) for name in OBSERVATION}


def survey_row(rng: np.random.Generator, label: str, p: np.ndarray, n: np.ndarray, c: int) -> Row:
    """Survey one margin: a sample of one in forty, printed as a whole percent."""
    sample = round(float(n.sum()) / WEIGHT)
    rate = rng.binomial(sample, float((n * p).sum() / n.sum())) / sample
    by_origin = label in ORIGINS
    return observation(
        source="demo_survey_origin" if by_origin else "demo_survey_field",
        series="residence",
        definition="resident",
        origin=label if by_origin else "ALL",
        field="ALL" if by_origin else label,
        cohort_start=c,
        cohort_end=c,
        years_since=5,
        observed_year=c + 5,
        rate=round(float(rate), 2),
        n=sample * WEIGHT,
        n_kind="survey",
        rounding=0.01,
        population="simulated",
        published=c + 6,
    )


def plan_row(rng: np.random.Generator, o: str, f: str, c: int, p: float, n: float) -> Row:
    """Draw the plans of one cell, printed to a tenth of a percent."""
    strength = 1 / TRUTH["intraclass_correlation"] - 1
    rate = rng.binomial(int(n), rng.beta(p * strength, (1 - p) * strength)) / n
    return observation(
        source="demo_register",
        series="plans",
        definition="intention",
        origin=o,
        field=f,
        cohort_start=c,
        cohort_end=c,
        years_since=0,
        rate=round(float(rate), 3),
        n=n,
        n_kind="census",
        rounding=0.001,
        population="simulated",
        published=c + 1,
    )


def evidence(rng: np.random.Generator, eta: np.ndarray, n: np.ndarray) -> pd.DataFrame:
    """Simulate the observation table."""
    later = expit(eta - decay(5))
    rows = []
    for c in SURVEYED:
        t = COHORTS.index(c)
        for i, o in enumerate(ORIGINS):
            rows.append(survey_row(rng, o, later[i, :, t], n[i, :, t], c))
        for j, f in enumerate(FIELDS):
            rows.append(survey_row(rng, f, later[:, j, t], n[:, j, t], c))
    for i, o in enumerate(ORIGINS):
        shift = TRUTH["intention_offset"] + TRUTH["intention_by_origin"][o]
        for j, f in enumerate(FIELDS):
            p = expit(eta[i, j] + shift)
            cells = zip(COHORTS, p, n[i, j], strict=True)
            rows += [plan_row(rng, o, f, c, float(q), float(m)) for c, q, m in cells]
    return pd.DataFrame(rows, columns=list(OBSERVATION))


def stocks(later: np.ndarray, n: np.ndarray, home: np.ndarray) -> pd.DataFrame:
    """Follow the true stock by year (at its start) and group."""
    stay = (n * later).sum(axis=1)
    flow = {"north": stay[0], "east": stay[1], "home": home.sum(axis=0)}
    stock, rows = dict(TRUTH["start_stock"]), []
    for t, year in enumerate(COHORTS):
        rows.append({"year": year, **stock})
        stock = {
            g: s * (1 - TRUTH["exit"][g]) + flow[g][t] * TRUTH["selection"][g]
            for g, s in stock.items()
        }
    return pd.DataFrame(rows).set_index("year")


def share_row(quantity: str, group: str, year: int, value: float, n: int) -> dict[str, object]:
    """One row of the share evidence."""
    first = TRUTH["share_years"][0]
    return {
        "source": "demo_census",
        "series": "simulated",
        "quantity": quantity,
        "group": group,
        "year": year,
        "year_from": first if quantity == "survival" else None,
        "value": round(value, 2),
        "n": n,
        "n_published": "true",
        "basis": "origin",
        "published": year + 1,
        "location": "",
        "url": "",
        "notes": "",
    }


def workforce(rng: np.random.Generator, stock: pd.DataFrame, stay: float) -> pd.DataFrame:
    """Simulate the share evidence: two samples, one follow-up of `north`, one stay rate."""
    years, n = TRUTH["share_years"], TRUTH["share_n"]
    rows = []
    for year in years:
        share = (stock.loc[year] / stock.loc[year].sum()).to_numpy()
        counts = rng.multinomial(n, share)
        cells = zip(stock.columns, counts, strict=True)
        rows += [share_row("share", g, year, k / n, n) for g, k in cells]
    left = (1 - TRUTH["exit"]["north"]) ** (years[1] - years[0])
    rows.append(share_row("survival", "north", years[1], rng.binomial(100, left) / 100, 100))
    rows.append(share_row("stay", "north", years[0], rng.binomial(100, stay) / 100, 100))
    return pd.DataFrame(rows)


def long_table(values: np.ndarray, names: dict[str, tuple[Any, ...]]) -> pd.DataFrame:
    """Array to one row a cell, sorted by year first."""
    index = pd.MultiIndex.from_product(list(names.values()), names=list(names))
    table = pd.Series(values.ravel(), index=index, name="n").reset_index()
    keys = ["year", *(name for name in names if name != "year")]
    return table.sort_values(keys, kind="stable", ignore_index=True)[[*keys, "n"]]


def demo_tables() -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """All demo tables by name, and the truth behind them."""
    rng = np.random.default_rng(SEED)
    common, own = paths(rng)
    eta, n = logits(common, own), cell_sizes(rng)
    later = expit(eta - decay(5))
    home = rng.poisson(np.array([[900.0], [800.0]]) * np.ones(len(COHORTS))).astype(float)
    observations = evidence(rng, eta, n)
    stock = stocks(later, n, home)
    north = float((n[0] * later[0]).sum() / n[0].sum())
    tables = {
        "demo": observations,
        "demo_sizes": long_table(
            n, {"origin": tuple(ORIGINS), "field": tuple(FIELDS), "year": COHORTS}
        ),
        "demo_workforce": workforce(rng, stock, north),
        "demo_domestic": long_table(home, {"field": tuple(FIELDS), "year": COHORTS}).assign(
            method="published"
        ),
    }
    return tables, truth(common, own, later, stock)


def truth(
    common: np.ndarray, own: np.ndarray, later: np.ndarray, stock: pd.DataFrame
) -> dict[str, Any]:
    """Parameters, paths and cell probabilities behind the demo tables."""
    cells = [
        {"origin": o, "field": f, "cohort": c, "p": round(float(later[i, j, t]), 6)}
        for i, o in enumerate(ORIGINS)
        for j, f in enumerate(FIELDS)
        for t, c in enumerate(COHORTS)
    ]
    return {
        "seed": SEED,
        "parameters": TRUTH,
        "D": {str(d): round(decay(d), 6) for d in range(6)},
        "G": dict(zip(map(str, COHORTS), common.round(6).tolist(), strict=True)),
        "GO": {
            o: dict(zip(map(str, COHORTS), own[i].round(6).tolist(), strict=True))
            for i, o in enumerate(ORIGINS)
        },
        "resident_5_years": cells,
        "stock": {str(y): row.round(3).to_dict() for y, row in stock.iterrows()},
    }
