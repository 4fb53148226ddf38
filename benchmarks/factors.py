"""Ways to factor the Hessian of the latents, timed side by side: `python -m benchmarks.factors`."""

import sys
import time
from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse.linalg import splu
from threadpoolctl import threadpool_limits

import forecast as fc
from benchmarks import ours, tables
from forecast.inference.arrow import factor
from forecast.inference.field import Field, Sight, given, latent_field, sight
from forecast.stay import StayModel, stay_model
from forecast.stay.unit_normal import UnitNormal

REPEATS = 10


def milliseconds(work: Callable[[], object]) -> float:
    """Return the least time of some runs."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return 1000 * min(times)


def hessian(field: Field, entries: np.ndarray, seen: Sight) -> np.ndarray:
    """Return H with the rows' expected information, as a flat array of the arrow layout."""
    pattern, p1 = field.assembly, seen.p1
    row, cell, share = pattern.single
    weights = seen.rows.expected
    cells = np.bincount(cell, weights[row] * share**2 * p1[cell] ** 2, len(p1))
    return pattern.hessian(entries, cells, pattern.spread @ p1, weights[pattern.rows])


def dense_of(field: Field, flat: np.ndarray) -> np.ndarray:
    """Return the whole symmetric matrix."""
    layout = field.assembly.layout
    squares, tails = layout.blocks(flat)
    out = np.zeros((layout.size, layout.size))
    for k, chunk in enumerate(layout.chunks):
        out[chunk, chunk] = np.tril(squares[k])
        if k < len(tails):
            out[np.ix_(layout.tails[k], np.arange(chunk.start, chunk.stop))] = tails[k]
    return np.asarray(np.tril(out) + np.tril(out, -1).T)


def report(name: str, model: StayModel) -> str:
    """Return one line: latents, and milliseconds of each way."""
    field = latent_field(model)
    unit = UnitNormal(model.top_level)
    at = given(field, unit.values(np.zeros(unit.size)))
    flat = hessian(field, at.entries, sight(field, at, field.prior.mean))
    dense = np.asfortranarray(dense_of(field, flat))
    matrix = sparse.csc_matrix(dense)
    options = {"SymmetricMode": True}
    ways = {
        "dense LAPACK": lambda: lapack.dpotrf(dense, lower=1),
        "SuperLU": lambda: splu(
            matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options
        ),
        "chunks of cohorts": lambda: factor(field.assembly.layout, flat.copy()),
    }
    times = [f"{label} {milliseconds(work):.1f}" for label, work in ways.items()]
    return f"{name}: {field.assembly.layout.size:,} latent values; ms: {', '.join(times)}"


def main() -> None:
    """Print the times for the shipped studies and the simulated tables."""
    with threadpool_limits(1):
        for name in ("china_ai_2030", "us_doctorates"):
            study = fc.load_study(name)
            model = stay_model(study, fc.load_evidence(study))
            sys.stdout.write(f"{report(name, model)}\n")
        for table in ("1663", "6677"):
            model = ours.stay_model_of(tables.load(table))
            sys.stdout.write(f"{report(table, model)}\n")


if __name__ == "__main__":
    main()
