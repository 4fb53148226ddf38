"""PyMC's own NUTS on the naive model, with its defaults; each fit compiles anew."""

from dataclasses import dataclass
from typing import Any

import pymc as pm

from benchmarks.contender import Contender, Draws, Effort
from benchmarks.peers.naive import PIECES, SCALES, naive_model, read_samples
from benchmarks.tables import Codes, Table


def contender(table: Table) -> Contender:
    """Return the contender of a table."""
    return PyMC(table, naive_model(table))


@dataclass(frozen=True)
class PyMC:
    """The naive model."""

    table: Table
    model: pm.Model

    def fit(self, seed: int, effort: Effort) -> Any:
        """Return the posterior that ``pm.sample`` draws."""
        with self.model:
            tree = pm.sample(
                draws=effort.draws,
                tune=effort.tune,
                chains=effort.chains,
                random_seed=seed,
                nuts_sampler="pymc",
                progressbar=False,
            )
        return tree["posterior"]

    def read(self, posterior: Any, rows: Codes) -> Draws:
        """Return the draws of the scales and of some rows."""
        samples = {name: posterior[name].to_numpy() for name in (*SCALES, *PIECES)}
        return read_samples(samples, self.table, rows)
