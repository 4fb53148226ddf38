"""Small stay models at random, shipped ones, and the dense formulas that the engine must meet."""

from collections.abc import Callable
from functools import cache
from unittest import mock

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import strategies as st
from scipy import linalg

from forecast.evidence import Evidence, load_evidence, observation_operator
from forecast.inference.arrow import Layout
from forecast.inference.field import Field, Given, Sight, curvature
from forecast.stay import StayModel, stay_model
from forecast.stay.precision import precision
from forecast.stay.unit_normal import UnitNormal, Values
from forecast.study import Study, load_study
from forecast.study.priors import (
    Beta,
    HalfCauchy,
    HalfNormal,
    LogNormal,
    Normal,
    Prior,
    RootInverseGamma,
)
from forecast.study.schema import Definition, Shock

REASON = "made up for a test"
FIRST = 2000  # the first cohort of a random study
KINDS = ("census", "survey", "se", "unknown")  # of a random row
POSITIVE: tuple[Prior, ...] = (
    LogNormal(dist="lognormal", median=0.2, sigma=0.5, reason=REASON),
    HalfNormal(dist="half_normal", scale=0.3, reason=REASON),
    HalfCauchy(dist="half_cauchy", scale=0.2, reason=REASON),
    RootInverseGamma(dist="root_inverse_gamma", shape=2.0, rate=0.1, reason=REASON),
)
SHARES: tuple[Prior, ...] = (
    Beta(dist="beta", a=2.0, b=4.0, reason=REASON),
    Beta(dist="beta", a=8.0, b=1.5, reason=REASON),
)
STEPS: tuple[Prior, ...] = (
    HalfNormal(dist="half_normal", scale=0.3, reason=REASON),
    Normal(dist="normal", loc=0.1, scale=0.2, reason=REASON),
)
OVERDISPERSION: tuple[Prior, ...] = (
    HalfNormal(dist="half_normal", scale=0.02, reason=REASON),
    LogNormal(dist="lognormal", median=0.01, sigma=1.0, reason=REASON),
    Beta(dist="beta", a=1.5, b=30.0, reason=REASON),
)


def slope(f: Callable[[float], np.ndarray | float], step: float) -> np.ndarray:
    """Return f'(0) by central differences, to fourth order in the step."""
    near, far = (np.asarray(f(t)) - np.asarray(f(-t)) for t in (step, 2 * step))
    return (8 * near - far) / (12 * step)


@cache
def shipped(name: str) -> StayModel:
    """Return the model of a shipped study on its evidence."""
    study = load_study(name)
    return stay_model(study, load_evidence(study))


@cache
def every_kind_of_term() -> Study:
    """Return the demo with a shock and a definition that varies another freely."""
    demo = load_study("demo")
    shock = Shock(name="crisis", first=2012, last=2013, origin="east", reason=REASON)
    known = demo.stay.definitions
    freed = known["intention"].model_copy(update={"along_cohort": "free", "like": "intention"})
    update = {"shocks": (shock,), "definitions": {**known, "plan": freed}}
    return demo.model_copy(update={"stay": demo.stay.model_copy(update=update)})


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Definition]:
    """Draw the reference and up to three other definitions, some of them variants of others."""
    out = {"resident": Definition(label="resident")}
    for name in ("intention", "plan", "visa")[: draw(st.integers(0, 3))]:
        out[name] = Definition(
            label=name,
            like=draw(st.sampled_from([None, *out])),
            by_origin=draw(st.booleans()),
            along_cohort=draw(st.sampled_from(["none", "walk", "free"])),
        )
    return out


@st.composite
def studies(draw: st.DrawFn) -> Study:
    """Draw a study: origins, fields, cohorts, reference cohort, definitions, shock, priors."""
    demo = load_study("demo")
    cohorts = draw(st.integers(2, 5))
    origins = demo.evidence.origins[: draw(st.integers(1, 3))]
    fields = demo.evidence.fields[: draw(st.integers(1, 2))]
    years = (FIRST, FIRST + cohorts - 1)
    update = {"origins": origins, "fields": fields, "cohorts": years, "as_of": 2030}
    hit = draw(st.sampled_from([None, *origins]))
    shock = Shock(name="crisis", first=FIRST + 2, last=FIRST + 6, origin=hit, reason=REASON)
    scales = {
        name: draw(st.sampled_from(POSITIVE))
        for name in type(demo.stay.priors).model_fields
        if name.startswith("sigma") or name == "source_scale"
    }
    names = ("drift_share", "phi_slope", "rho_origin", "rho_field", "effective_share")
    shares = {name: draw(st.sampled_from(SHARES)) for name in names}
    others = {
        "duration_step": draw(st.sampled_from(STEPS)),
        "overdispersion": draw(st.sampled_from(OVERDISPERSION)),
    }
    stay = {
        "reference_cohort": draw(st.integers(*years)),
        "duration_knots": draw(st.sampled_from([(0.0, 5.0), (0.0, 1.0, 5.0)])),
        "definitions": draw(definitions()),
        "shocks": (shock,) if draw(st.booleans()) else (),
        "priors": demo.stay.priors.model_copy(update=scales | shares | others),
    }
    return demo.model_copy(
        update={
            "evidence": demo.evidence.model_copy(update=update),
            "stay": demo.stay.model_copy(update=stay),
        }
    )


@st.composite
def models(draw: st.DrawFn, whole: bool = False) -> StayModel:
    """Draw a study with rows of several kinds, many over several origins, fields and cohorts.

    ``whole`` adds rows until the evidence reaches every latent.
    """
    study = draw(studies())
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    seen = [_seen(study, rng) for _ in kinds]
    if whole:
        cells = [(d, o, f) for d in study.stay.definitions for o, f in _pairs(study)]
        seen += [_window(study, *cell) for cell in cells]
        kinds += [KINDS[i % len(KINDS)] for i in range(len(cells))]
    return stay_model(study, evidence(study, seen, kinds, rng))


def evidence(
    study: Study, seen: list[dict[str, object]], kinds: list[str], rng: np.random.Generator
) -> Evidence:
    """Return evidence of made-up rates and sizes: what rows see, and the kind of each."""
    spec = study.evidence
    labels = {"origin": spec.all_origins, "field": spec.fields, "cohort": spec.years}
    coords = {dim: list(own) for dim, own in labels.items()}
    shape = tuple(len(own) for own in coords.values())
    sizes = xr.DataArray(rng.integers(1, 900, shape).astype(float), coords, tuple(coords))
    rows = pd.DataFrame([one | _figures(kind, rng) for one, kind in zip(seen, kinds, strict=True)])
    cells, operator, _ = observation_operator(rows, sizes)
    return Evidence(rows, rows.iloc[:0], cells, operator, sizes)


def _pairs(study: Study) -> list[tuple[str, str]]:
    return [(o, f) for o in study.evidence.all_origins for f in study.evidence.fields]


def _window(study: Study, definition: str, origin: str, field: str) -> dict[str, object]:
    """Return what a row over all cohorts of one origin and field sees, four years on."""
    first, last = study.evidence.cohorts
    return row(definition, (origin,), (field,), (first, last), 4.0)


def row(
    definition: str,
    origins: tuple[str, ...],
    fields: tuple[str, ...],
    cohorts: tuple[int, int],
    age: float,
    seen: float = np.nan,
) -> dict[str, object]:
    """Return what a row sees, as the observation operator reads it."""
    names = {"definition": definition, "origin": "ALL", "field": "ALL"}
    years = {"cohort_start": cohorts[0], "cohort_end": cohorts[1]}
    sets = {"origins": origins, "fields": fields}
    return names | sets | years | {"years_since": age, "observed_year": seen}


def _seen(study: Study, rng: np.random.Generator) -> dict[str, object]:
    """Return what one row sees: a cell, or a mean over origins, fields and cohorts."""
    spec = study.evidence

    def some(labels: tuple[str, ...]) -> tuple[str, ...]:
        many = rng.integers(1, len(labels) + 1)
        return tuple(sorted(rng.choice(labels, many, replace=False).tolist()))

    first, last = sorted(rng.integers(spec.cohorts[0], spec.cohorts[1] + 1, 2).tolist())
    cohorts = (first, last if rng.random() < 0.5 else first)
    age = float(rng.choice([0, 1, 3, 5, 9]))
    year = float(cohorts[1] + age) if rng.random() < 0.5 else np.nan
    definition = str(rng.choice(list(study.stay.definitions)))
    return row(definition, some(spec.all_origins), some(spec.fields), cohorts, age, year)


def _figures(kind: str, rng: np.random.Generator) -> dict[str, object]:
    """Return a made-up rate with what a row of its kind says of its error."""
    return {
        "rate": rng.uniform(0.1, 0.95),
        "n": float(rng.integers(20, 2000)) if kind in ("census", "survey") else np.nan,
        "n_kind": kind if kind in ("census", "survey") else "none",
        "se": rng.uniform(0.01, 0.05) if kind == "se" else np.nan,
        "rounding": 0.01 if rng.random() < 0.5 else np.nan,
    }


def random_scales(
    model: StayModel, rng: np.random.Generator, reach: float = 1.5
) -> tuple[np.ndarray, Values]:
    """Return coordinates u in (-reach, reach) and the top-level parameters there."""
    unit = UnitNormal(model.top_level)
    u = rng.uniform(-reach, reach, unit.size)
    return u, unit.values(u)


def prior_covariance(model: StayModel, mask: np.ndarray, values: Values) -> np.ndarray:
    """Return the prior covariance of some latents: dense inverses, term by term."""
    blocks = []
    for term in model.structure.terms:
        own = mask[model.slices[term.name]]
        inverse = np.linalg.inv(precision(term, values).toarray())
        blocks.append(inverse[np.ix_(own, own)])
    return linalg.block_diag(*blocks)


def log_normal(away: np.ndarray, covariance: np.ndarray) -> float:
    """Return the log density of a normal of mean zero."""
    low = np.linalg.cholesky(covariance)
    standard = linalg.solve_triangular(low, away, lower=True)
    whole = standard @ standard + len(away) * np.log(2 * np.pi)
    return float(-0.5 * whole - np.log(np.diagonal(low)).sum())


def dense(layout: Layout, flat: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix, by latent, of which a flat array has the lower blocks."""
    squares, tails = layout.blocks(flat)
    whole = np.zeros((layout.size, layout.size))
    for k, chunk in enumerate(layout.chunks):
        whole[chunk, chunk] = np.tril(squares[k])
        if k < len(tails):
            whole[layout.tails[k], chunk] = tails[k]
    whole += np.tril(whole, -1).T
    out = np.empty_like(whole)
    out[np.ix_(layout.order, layout.order)] = whole
    return out


def assembled(field: Field, at: Given, seen: Sight, expected: bool = False) -> np.ndarray:
    """Return the H that the engine factors, as a dense matrix."""
    with mock.patch("forecast.inference.field.factor", dense):
        return np.asarray(curvature(field, at, seen, expected))
