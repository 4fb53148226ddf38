"""The tables: those that ship in ``data/``, and synthetic ones of the same kind and any size."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from benchmarks.table_names import Shape, data_file, parse

type Codes = np.ndarray[tuple[int], np.dtype[np.int64]]
type Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]

AGES = (0, 1, 5, 10)
FIRST_COHORT = 1990
PEOPLE = (20, 800)  # of a synthetic row: from, below
SEED = 2026

# the truth of synthetic tables, on the logit scale
INTERCEPT, SLOPE, BETA_SIZE = 0.9, 0.25, 200.0
SD_ORIGIN, SD_FIELD, SD_ORIGIN_FIELD = 0.8, 0.3, 0.2
SD_WALK, SD_WALK_ORIGIN, SD_WALK_FIELD = 0.07, 0.06, 0.04


@dataclass(frozen=True)
class Table:
    """Counts ``y`` of ``n`` with their true probability; codes point into labels from 0.

    ``cohort`` points into ``cohorts`` (years), ``age`` into ``ages`` (years since the doctorate).
    """

    name: str
    shape: Shape
    origin: Codes
    field: Codes
    cohort: Codes
    age: Codes
    n: Numbers
    y: Numbers
    p_true: Numbers
    cohorts: tuple[int, ...]
    ages: tuple[int, ...] = AGES

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.n)

    def take(self, rows: Codes) -> "Table":
        """Return the table of some rows, with all labels."""
        names = ("origin", "field", "cohort", "age", "n", "y", "p_true")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


def load(name: str) -> Table:
    """Return a table by its name: a file of ``data/`` or ``ROWS_rows_ORIGINSxFIELDSxCOHORTS``."""
    if (path := data_file(name)).is_file():
        return read(path, name)
    rows, shape = parse(name)
    return synthetic(rows, shape, SEED)


def read(path: Path, name: str) -> Table:
    """Read a table from its file."""
    rows = pd.read_csv(path)
    years = rows["cohort"].to_numpy()
    cohorts = tuple(range(int(years.min()), int(years.max()) + 1))
    origins, fields = int(rows["origin"].max()) + 1, int(rows["field"].max()) + 1
    return Table(
        name=name,
        shape=Shape(origins, fields, len(cohorts)),
        origin=rows["origin"].to_numpy(),
        field=rows["field"].to_numpy(),
        cohort=years - cohorts[0],
        age=np.searchsorted(AGES, rows["years_since"].to_numpy()),
        n=rows["n"].to_numpy(float),
        y=rows["y"].to_numpy(float),
        p_true=rows["p_true"].to_numpy(float),
        cohorts=cohorts,
    )


def synthetic(rows: int, shape: Shape, seed: int) -> Table:
    """Simulate a table: distinct cells while there are enough, else cells seen more than once."""
    rng = np.random.default_rng(seed)
    grid = (shape.origins, shape.fields, shape.cohorts, len(AGES))
    size = int(np.prod(grid))
    chosen = np.sort(rng.choice(size, rows, replace=rows > size))
    origin, field, cohort, age = np.unravel_index(chosen, grid)
    p = expit(_surface(shape, rng)[origin, field, cohort] - SLOPE * np.log1p(np.take(AGES, age)))
    n = rng.integers(*PEOPLE, rows)
    y = rng.binomial(n, rng.beta(BETA_SIZE * p, BETA_SIZE * (1 - p)))
    return Table(
        name=f"{rows}_rows_{shape}",
        shape=shape,
        origin=origin,
        field=field,
        cohort=cohort,
        age=age,
        n=n.astype(float),
        y=y.astype(float),
        p_true=p,
        cohorts=tuple(range(FIRST_COHORT, FIRST_COHORT + shape.cohorts)),
    )


def _surface(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Draw the linear predictor at age zero, (origin, field, cohort)."""
    origins, fields, cohorts = shape
    flat = INTERCEPT + SD_ORIGIN * rng.normal(size=(origins, 1, 1))
    flat = flat + SD_FIELD * rng.normal(size=(fields, 1))
    flat = flat + SD_ORIGIN_FIELD * rng.normal(size=(origins, fields, 1))
    moving = SD_WALK * _walks(rng, 1, cohorts)
    moving = moving + SD_WALK_ORIGIN * _walks(rng, origins, cohorts)[:, None, :]
    return flat + moving + SD_WALK_FIELD * _walks(rng, fields, cohorts)


def _walks(rng: np.random.Generator, paths: int, cohorts: int) -> np.ndarray:
    """Draw random walks of unit steps, zero at the first cohort, (path, cohort)."""
    steps = rng.normal(size=(paths, cohorts))
    steps[:, 0] = 0.0
    return steps.cumsum(axis=1)
