"""nutpie on the naive model; the compiled model is kept for the next fit."""

from dataclasses import dataclass
from typing import Any

import nutpie

from benchmarks.contender import Contender, Draws, Effort
from benchmarks.peers.naive import PIECES, SCALES, naive_model, read_samples
from benchmarks.tables import Codes, Table


def contender(table: Table) -> Contender:
    """Return the contender of a table."""
    return Nutpie(table, nutpie.compile_pymc_model(naive_model(table)))


@dataclass(frozen=True)
class Nutpie:
    """The compiled naive model."""

    table: Table
    compiled: Any

    def fit(self, seed: int, effort: Effort) -> Any:
        """Return the posterior that nutpie draws."""
        tree = nutpie.sample(
            self.compiled,
            draws=effort.draws,
            tune=effort.tune,
            chains=effort.chains,
            seed=seed,
            save_warmup=False,
            progress_bar=False,
        )
        return tree["posterior"]

    def read(self, posterior: Any, rows: Codes) -> Draws:
        """Return the draws of the scales and of some rows."""
        samples = {name: posterior[name].to_numpy() for name in (*SCALES, *PIECES)}
        return read_samples(samples, self.table, rows)
