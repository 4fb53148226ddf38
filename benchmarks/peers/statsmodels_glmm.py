"""statsmodels' BinomialBayesMixedGLM by variational Bayes.

The class knows responses of zero and one only, so each person is a row, and there is no
overdispersion. Walks are written by their changes: a column is one from its cohort on.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit
from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

from benchmarks import priors
from benchmarks.contender import Contender, Draws, Effort
from benchmarks.tables import Codes, Table

MOST_PEOPLE = 1_000_000  # their columns and BFGS's copies of them fill a few GB
KINDS = ("origin", "field", "origin_field", "walk", "walk_origin", "walk_field")


def contender(table: Table) -> Contender:
    """Return the contender of a table.

    Raises
    ------
    ValueError
        If the table has so many people that their columns would fill the memory.
    """
    if (many := int(table.n.sum())) > MOST_PEOPLE:
        raise ValueError(
            f"a fit has at most {MOST_PEOPLE:,} people, each a row; got {many:,}. "
            "Choose a smaller table."
        )
    fixed, blocks = fixed_columns(table), random_columns(table)
    return Statsmodels(table, fixed, sparse.hstack(blocks, format="csr"), _kinds(blocks))


def _kinds(blocks: list[sparse.csr_array]) -> np.ndarray:
    return np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])


@dataclass(frozen=True)
class Statsmodels:
    """The columns of fixed and random effects, one row a cell."""

    table: Table
    fixed: np.ndarray
    random: sparse.csr_array
    kind: np.ndarray

    def fit(self, seed: int, effort: Effort) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return draws of fixed effects, of log scales and of random effects."""
        row, stayed = people(self.table)
        model = BinomialBayesMixedGLM(
            stayed, self.fixed[row], self.random[row], self.kind, fe_p=priors.INTERCEPT
        )
        found = model.fit_vb(rng=seed)
        mean = np.concatenate([found.fe_mean, found.vcp_mean, found.vc_mean])
        sd = np.concatenate([found.fe_sd, found.vcp_sd, found.vc_sd])
        rng = np.random.default_rng(seed)
        drawn = mean + sd * rng.normal(size=(effort.chains, effort.draws, len(mean)))
        fixed, scales, random = np.split(
            drawn, [len(found.fe_mean), len(found.fe_mean) + len(found.vcp_mean)], axis=-1
        )
        return fixed, scales, random

    def read(self, posterior: Any, rows: Codes) -> Draws:
        """Return the draws of the scales and of some rows."""
        fixed, scales, random = posterior
        flat = random.reshape(-1, random.shape[-1])
        moving = (self.random[rows] @ flat.T).T.reshape(*random.shape[:2], -1)
        names = [f"sigma_{kind}" for kind in KINDS]
        named = {name: np.exp(scales[..., i]) for i, name in enumerate(names)}
        return Draws(named, expit(fixed @ self.fixed[rows].T + moving))


def people(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of each person of a table, and 1.0 for those who stayed."""
    n, y = table.n.astype(int), table.y.astype(int)
    row = np.repeat(np.arange(len(table)), n)
    place = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)
    return row, (place < y[row]).astype(float)


def fixed_columns(table: Table) -> np.ndarray:
    """Return the intercept and one column an age after the first."""
    return np.column_stack([np.ones(len(table)), np.eye(len(table.ages))[table.age][:, 1:]])


def random_columns(table: Table) -> list[sparse.csr_array]:
    """Return the columns of each kind of random effect."""
    origins, fields, _ = table.shape
    everyone = np.zeros(len(table), dtype=int)
    return [
        _indicators(table.origin, origins),
        _indicators(table.field, fields),
        _indicators(table.origin * fields + table.field, origins * fields),
        _changes(everyone, 1, table),
        _changes(table.origin, origins, table),
        _changes(table.field, fields, table),
    ]


def _indicators(code: np.ndarray, size: int) -> sparse.csr_array:
    rows = np.arange(len(code))
    return sparse.csr_array((np.ones(len(code)), (rows, code)), shape=(len(code), size))


def _changes(path: np.ndarray, paths: int, table: Table) -> sparse.csr_array:
    """Return one column a path and a cohort after the first: one from that cohort on."""
    changes = len(table.cohorts) - 1
    row = np.repeat(np.arange(len(table)), table.cohort)
    change = np.arange(len(row)) - np.repeat(np.cumsum(table.cohort) - table.cohort, table.cohort)
    place = (row, path[row] * changes + change)
    return sparse.csr_array((np.ones(len(row)), place), shape=(len(table), paths * changes))
