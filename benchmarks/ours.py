"""Our engines: the benchmark's model built by hand from the terms of the stay model."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse
from scipy.special import expit

from benchmarks import priors
from benchmarks.contender import Contender, Draws, Effort
from benchmarks.tables import Codes, Table
from forecast.stay import StayModel, Structure
from forecast.stay.design import design_matrix, duration_basis
from forecast.stay.errors_of_rows import CountRows, ErrorModel, RateRows
from forecast.stay.posterior import SAMPLE, flat_latents
from forecast.stay.terms import Constant, Dim, Effect, Scale, Walk
from forecast.study.priors import HalfNormal, Normal
from forecast.study.schema import LaplaceSpec, SamplerSpec

DEFINITION = "resident"
REASON = "a prior of the benchmark"

type Sample = Callable[[StayModel, SamplerSpec, int], tuple[xr.Dataset, xr.Dataset]]


def nuts(table: Table) -> Contender:
    """Return the contender of the reference engine."""
    return _engine(table, "nuts")


def laplace(table: Table) -> Contender:
    """Return the contender of the Laplace engine."""
    return _engine(table, "laplace")


def laplace_exact(table: Table) -> Contender:
    """Return the contender of the Laplace engine that is corrected to the exact posterior."""
    return _engine(table, "laplace_exact")


def _engine(table: Table, module: str) -> Contender:
    """Import an engine only when it is asked for: a version may lack it."""
    sample = importlib.import_module(f"forecast.inference.{module}").sample
    return Ours(stay_model_of(table), sample)


@dataclass(frozen=True)
class Ours:
    """A stay model and the engine that draws from it."""

    model: StayModel
    sample: Sample

    def fit(self, seed: int, effort: Effort) -> xr.Dataset:
        """Return the posterior; nothing is kept for a next fit."""
        own = LaplaceSpec(draws=effort.draws)
        spec = SamplerSpec(chains=effort.chains, tune=effort.tune, draws=effort.draws, laplace=own)
        posterior, _ = self.sample(self.model, spec, seed)
        return posterior

    def read(self, posterior: Any, rows: Codes) -> Draws:
        """Return the scales and p = expit(A x - B step) of some rows."""
        x = flat_latents(posterior, self.model.structure)
        step = posterior["duration_step"].transpose(*SAMPLE, "knot").to_numpy()
        fall = step @ self.model.basis[rows].T
        eta = (self.model.design[rows] @ x.reshape(-1, x.shape[-1]).T).T.reshape(fall.shape) - fall
        names = [scale.name for scale in self.model.scales]
        return Draws({name: _one_number(posterior[name]) for name in names}, expit(eta))


def _one_number(scale: xr.DataArray) -> np.ndarray:
    """Return a scale as (chain, draw): the overdispersion has one label."""
    return scale.transpose(*SAMPLE, ...).to_numpy().reshape(scale.sizes["chain"], -1)


def stay_model_of(table: Table) -> StayModel:
    """Return the stay model of a table: each row sees one cell, so W is the identity."""
    terms = structure_of(table)
    cells = pd.DataFrame(
        {
            "definition": DEFINITION,
            "origin": table.origin,
            "field": table.field,
            "cohort": np.take(table.cohorts, table.cohort),
            "years_since": np.take(table.ages, table.age).astype(float),
        }
    )
    return StayModel(
        structure=terms,
        design=design_matrix(terms, cells, ()),
        basis=duration_basis(terms.knots, cells["years_since"].to_numpy()),
        operator=sparse.identity(len(table), format="csr"),
        errors=errors_of(table),
    )


def structure_of(table: Table) -> Structure:
    """Return the terms: effects, walks along cohorts from the first one, duration curve."""
    origin = Dim("origin", "origin", tuple(range(table.shape.origins)))
    field = Dim("field", "field", tuple(range(table.shape.fields)))
    cohort = Dim("cohort", "cohort", table.cohorts)
    first = table.cohorts[0]
    terms = (
        Constant("intercept", (), _normal(priors.INTERCEPT)),
        Effect("origin_effect", (origin,), "sigma_origin"),
        Effect("field_effect", (field,), "sigma_field"),
        Effect("origin_field", (origin, field), "sigma_origin_field"),
        Walk("walk", (), cohort, first, "sigma_walk"),
        Walk("walk_origin", (origin,), cohort, first, "sigma_walk_origin"),
        Walk("walk_field", (field,), cohort, first, "sigma_walk_field"),
    )
    widths = {t.scale: priors.EFFECT if isinstance(t, Effect) else priors.WALK for t in terms[1:]}
    return Structure(
        terms=terms,
        knots=tuple(float(age) for age in table.ages),
        duration_step=_half_normal(priors.DURATION_STEP),
        scales=tuple(Scale(name, _half_normal(width)) for name, width in widths.items()),
        lineages={DEFINITION: ()},
    )


def errors_of(table: Table) -> ErrorModel:
    """Return the error model: every row a count, one overdispersion, no rounding."""
    rows = np.arange(len(table))
    none, zero = np.zeros(0), np.zeros(len(table))
    counts = CountRows(rows, table.y, table.n, np.zeros(len(table), dtype=int), zero)
    rates = RateRows(rows[:0], none, none, none, rows[:0], none)
    counted = Dim("definition_counted", "definition", (DEFINITION,))
    spread = Scale("overdispersion", _half_normal(priors.CORRELATION), counted)
    return ErrorModel(counts, rates, (spread,))


def _normal(scale: float) -> Normal:
    return Normal(dist="normal", loc=0.0, scale=scale, reason=REASON)


def _half_normal(scale: float) -> HalfNormal:
    return HalfNormal(dist="half_normal", scale=scale, reason=REASON)
