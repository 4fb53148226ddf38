"""Bambi: a beta-binomial model with group effects, and smooth curves for the walks."""

from dataclasses import dataclass
from typing import Any

import bambi
import numpy as np
import pandas as pd

from benchmarks import priors
from benchmarks.contender import Contender, Draws, Effort
from benchmarks.tables import Codes, Table

BASIS = 20  # functions of a curve's basis
CURVE = f"cohort, m={BASIS}, c=1.5, cov='Matern32'"
FORMULA = (
    "p(y, n) ~ age + (1|origin) + (1|field) + (1|origin:field)"
    f" + hsgp({CURVE}) + hsgp({CURVE}, by=origin) + hsgp({CURVE}, by=field)"
)
GROUPS = ("origin", "field", "origin:field")


def contender(table: Table) -> Contender:
    """Return the contender of a table."""
    return Bambi(bambi_model(table))


@dataclass(frozen=True)
class Bambi:
    """The Bambi model of a table."""

    model: Any

    def fit(self, seed: int, effort: Effort) -> Any:
        """Return what Bambi's own ``fit`` returns, with its default sampler."""
        return self.model.fit(
            draws=effort.draws,
            tune=effort.tune,
            chains=effort.chains,
            random_seed=seed,
            progressbar=False,
        )

    def read(self, posterior: Any, rows: Codes) -> Draws:
        """Return the standard deviations, the curves' lengths, the shape and some rows."""
        fitted = self.model.predict(posterior, kind="response_params", inplace=False)["posterior"]
        scales = [str(name) for name in fitted.data_vars if _is_scale(str(name))]
        cells = fitted["mu"].transpose("chain", "draw", ...).to_numpy()[..., rows]
        return Draws({name: fitted[name].to_numpy() for name in scales}, cells)


def _is_scale(name: str) -> bool:
    return name == "kappa" or name.endswith(("_sigma", "_ell"))


def bambi_model(table: Table) -> Any:
    """Return the model: priors of the benchmark where the term is the same."""
    rows = pd.DataFrame(
        {
            "origin": pd.Categorical(table.origin.astype(str)),
            "field": pd.Categorical(table.field.astype(str)),
            "cohort": np.take(table.cohorts, table.cohort).astype(float),
            "age": pd.Categorical(np.take(table.ages, table.age).astype(str)),
            "n": table.n.astype(int),
            "y": table.y.astype(int),
        }
    )
    width = bambi.Prior("HalfNormal", sigma=priors.EFFECT)
    effect = bambi.Prior("Normal", mu=0.0, sigma=width)
    chosen = {f"1|{group}": effect for group in GROUPS}
    chosen["Intercept"] = bambi.Prior("Normal", mu=0.0, sigma=priors.INTERCEPT)
    return bambi.Model(FORMULA, rows, family="beta_binomial", priors=chosen)
