"""The benchmark's tables, model, results and page; nothing here is timed."""

import doctest
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import expit, logit

import benchmarks.__main__ as command
from benchmarks import child, growth, results, runner, table_names, tables
from benchmarks import page as page_module
from benchmarks.contender import Draws, Effort
from benchmarks.entries import entry
from benchmarks.job import Job
from benchmarks.measure import measure
from benchmarks.ours import Ours, stay_model_of
from benchmarks.peers.naive import PIECES, SCALES, naive_model, read_samples
from benchmarks.peers.statsmodels_glmm import contender as statsmodels_contender
from benchmarks.peers.statsmodels_glmm import fixed_columns, people, random_columns
from benchmarks.table_names import Shape, parse
from forecast.stay.coordinates import non_centred
from forecast.stay.density import log_joint, log_rows, log_volume
from forecast.stay.posterior import named_latents
from forecast.study import frozen

SMALL = Shape(2, 2, 3)
MADE = {"date": "2026-01-02", "limit": 600.0, "machine": {"cores": "2"}}
FIGURES = {
    "chains": 4,
    "draws": 4000,
    "ess_scales": 400.0,
    "ess_cells": 800.0,
    "rhat": 1.004,
    "rmse": 0.0128,
    "coverage": 0.9,
}


@pytest.fixture(scope="module")
def small() -> tables.Table:
    """A synthetic table with every cell of 2 origins, 2 fields, 3 cohorts and 4 ages."""
    return tables.synthetic(48, SMALL, seed=1)


def report(cold: float = 10.0, warm: float | None = 8.0, status: str = "ok") -> dict:
    """What a child reports."""
    told = {"status": status, "versions": {"python": "3.13"}, "cold": cold, **FIGURES}
    return told if warm is None else told | {"warm": warm}


def overdispersion(table: tables.Table) -> np.ndarray:
    """An unbiased estimate of the correlation within a row, from each row."""
    spread = table.n * table.p_true * (1 - table.p_true)
    return ((table.y - table.n * table.p_true) ** 2 / spread - 1) / (table.n - 1)


@pytest.mark.parametrize(
    ("name", "shape", "part"), [("1663", (8, 7, 30), 4), ("6677", (16, 14, 60), 8)]
)
def test_shipped_tables_are_what_their_readme_says(name: str, shape: tuple, part: int) -> None:
    """Sizes, slope of the log duration (0.25) and overdispersion (1 / 201) are those promised."""
    table = tables.load(name)
    at_start = logit(table.p_true) + 0.25 * np.log1p(np.take(table.ages, table.age))
    cell = np.ravel_multi_index((table.origin, table.field, table.cohort), shape)
    first = np.zeros(np.prod(shape))
    first[cell] = at_start
    within = overdispersion(table)

    assert table.shape == shape
    assert len(table) == int(name) == pytest.approx(np.prod(shape) * 4 / part, rel=0.02)
    assert (table.n.min(), table.n.max(), table.cohorts[0]) == (20, 799, 1990)
    assert_allclose(first[cell], at_start, atol=1e-12)
    assert abs(within.mean() - 1 / 201) < 4 * within.std() / np.sqrt(len(table))


def test_synthetic_tables_have_the_promised_truth() -> None:
    """Distinct cells, unbiased counts, overdispersion 1 / 201, and the same seed the same table."""
    table = tables.synthetic(5000, Shape(8, 7, 30), seed=3)
    again = tables.synthetic(5000, Shape(8, 7, 30), seed=3)
    cells = np.stack([table.origin, table.field, table.cohort, table.age])
    z = (table.y / table.n - table.p_true) / np.sqrt(table.p_true * (1 - table.p_true))
    within = overdispersion(table)

    assert np.unique(cells, axis=1).shape[1] == 5000
    assert abs(z.mean()) < 4 * z.std() / np.sqrt(5000)
    assert abs(within.mean() - 1 / 201) < 4 * within.std() / np.sqrt(5000)
    assert (table.y == again.y).all()
    assert tables.load("3000_rows_2x2x3").n.size == 3000


@pytest.mark.parametrize("name", ["1663", "500_rows_3x2x20"])
def test_the_model_holds_the_truth(name: str) -> None:
    """The true predictor is A x - B step for some x: the model can be right on these tables."""
    table = tables.load(name)
    model = stay_model_of(table)
    both = np.hstack([model.design.toarray(), -model.basis])
    found = np.linalg.lstsq(both, logit(table.p_true))[0]

    assert_allclose(both @ found, logit(table.p_true), atol=1e-9)
    assert_allclose(found[-3:], 0.25 * np.log([2, 6 / 2, 11 / 6]), atol=1e-9)


def test_design_by_hand(small: tables.Table) -> None:
    """A row of A has a one for each term it sees; walks have no column at the first cohort."""
    model = stay_model_of(small)
    at = (small.origin == 1) & (small.field == 0)
    last = model.design[np.flatnonzero(at & (small.cohort == 2))[0]]
    first = model.design[np.flatnonzero(at & (small.cohort == 0))[0]]

    assert model.design.shape == (48, SMALL.latents) == (48, 19)
    assert last.indices.tolist() == [0, 2, 3, 7, 10, 14, 16]
    assert first.indices.tolist() == [0, 2, 3, 7]
    assert set(model.design.data) == {1.0}
    assert [s.name for s in model.scales] == list(SCALES)
    assert model.coords["cohort"] == [1990, 1991, 1992]


def test_rows_are_beta_binomial(small: tables.Table) -> None:
    """Each row's log density is SciPy's beta-binomial with shapes p (1 / rho - 1)."""
    model = stay_model_of(small)
    x = np.random.default_rng(0).normal(size=SMALL.latents)
    step, rho = np.array([0.1, 0.2, 0.3]), 0.01
    p = expit(model.design @ x - np.array([0, 0.1, 0.3, 0.6])[small.age])
    point = dict.fromkeys(SCALES, 1.0) | {"duration_step": step, "overdispersion": np.array([rho])}
    found = log_rows(model, x, point)

    size = 1 / rho - 1
    assert_allclose(found, stats.betabinom.logpmf(small.y, small.n, p * size, (1 - p) * size))


def test_peers_have_our_model(small: tables.Table) -> None:
    """The naive PyMC model and ours have one density, and read one set of probabilities."""
    model, naive = stay_model_of(small), naive_model(small)
    rng = np.random.default_rng(5)
    point = {
        s.name: np.abs(frozen(s.prior).rvs(size=3 if s.dim else None, random_state=rng))
        for s in model.top_level
    } | {"overdispersion": np.array([0.02])}
    masks = non_centred(model.structure)
    z = {n: rng.normal(size=v.shape.eval()) for n, v in _innovations(naive).items()}
    x = _latents(z, point)

    ours = log_joint(model, x, point) + log_volume(model, masks, point)
    flat = {
        **z,
        **{s: np.squeeze(point[s]) for s in SCALES},
        "duration_step": point["duration_step"],
    }
    theirs = naive.compile_logp(jacobian=False, mode="FAST_COMPILE")(_unconstrained(naive, flat))
    assert_allclose(theirs, ours, rtol=1e-9)

    named = {k: v.to_numpy() for k, v in named_latents(x[None, None], model.structure).items()}
    samples = named | {s: np.reshape(point[s], (1, 1)) for s in SCALES}
    samples |= {"duration_step": point["duration_step"][None, None]}
    rows = np.array([3, 40])
    step = model.basis @ point["duration_step"]
    assert set(samples) == {*SCALES, *PIECES}
    assert_allclose(
        read_samples(samples, small, rows).cells[0, 0], expit(model.design @ x - step)[rows]
    )


def _innovations(naive) -> dict:
    return {v.name: v for v in naive.free_RVs if v.name.endswith("_z") or v.name == "intercept"}


def _latents(z: dict, point: dict) -> np.ndarray:
    """Our latents from the naive model's innovations."""
    parts = [np.atleast_1d(z["intercept"])]
    for name, scale in (("origin_effect", "origin"), ("field_effect", "field")):
        parts.append(point[f"sigma_{scale}"] * z[f"{name}_z"])
    parts.append((point["sigma_origin_field"] * z["origin_field_z"]).ravel())
    for name in ("walk", "walk_origin", "walk_field"):
        parts.append((point[f"sigma_{name}"] * z[f"{name}_z"].cumsum(axis=-1)).ravel())
    return np.concatenate(parts)


def _unconstrained(naive, values: dict) -> dict:
    """The point as PyMC's density takes it: logarithms of positive values."""
    moved = {}
    for variable in naive.free_RVs:
        positive = naive.rvs_to_transforms[variable] is not None
        value = np.asarray(values[variable.name])
        moved[naive.rvs_to_values[variable].name] = np.log(value) if positive else value
    return moved


def test_statsmodels_columns_write_walks_by_their_changes(small: tables.Table) -> None:
    """A walk's columns times its changes give its values, zero at the first cohort."""
    blocks = random_columns(small)
    changes = np.random.default_rng(2).normal(size=(2, 2))
    walk = np.hstack([np.zeros((2, 1)), changes.cumsum(axis=1)])
    row, stayed = people(small)

    assert_allclose(blocks[4] @ changes.ravel(), walk[small.origin, small.cohort])
    assert_allclose(blocks[5] @ changes.ravel(), walk[small.field, small.cohort])
    assert_allclose(np.bincount(row), small.n)
    assert_allclose(np.bincount(row, stayed), small.y)
    assert_allclose(fixed_columns(small)[:, 1:].sum(axis=1), small.age > 0)


def test_statsmodels_refuses_what_would_fill_the_memory() -> None:
    """A table of millions of people is refused in one sentence, before it is expanded."""
    with pytest.raises(ValueError, match=r"at most 1,000,000 people.*Choose a smaller table"):
        statsmodels_contender(tables.load("6677"))


def test_our_engines_are_read_from_their_posterior(small: tables.Table) -> None:
    """An engine is called with a sampler's numbers; its draws become cell probabilities."""
    model = stay_model_of(small)
    x = np.random.default_rng(1).normal(size=(2, 60, SMALL.latents))

    def engine(of, spec, seed):
        assert (of, spec.chains, spec.draws, seed) == (model, 2, 60, 7)
        draws = results_of(model, x)
        return draws, draws

    contender = Ours(model, engine)
    read = contender.read(contender.fit(7, Effort(2, 50, 60)), np.array([0, 47]))
    step = np.array([0, 0.1, 0.2, 0.3])[small.age[[0, 47]]]
    assert list(read.scales) == list(SCALES)
    assert read.scales["overdispersion"].shape == (2, 60)
    assert_allclose(read.cells[1, 5], expit(model.design[[0, 47]] @ x[1, 5] - step))


def results_of(model, x: np.ndarray):
    """A posterior with given latents, steps of 0.1 and scales of 0.2."""
    posterior = named_latents(x, model.structure)["intercept"].to_dataset(name="intercept")
    posterior = posterior.assign(named_latents(x, model.structure))
    flat = {name: (("chain", "draw"), np.full(x.shape[:2], 0.2)) for name in SCALES[:-1]}
    counted = ("chain", "draw", "definition_counted")
    flat["overdispersion"] = (counted, np.full((*x.shape[:2], 1), 0.2))
    flat["duration_step"] = (("chain", "draw", "knot"), np.full((*x.shape[:2], 3), 0.1))
    return posterior.assign(flat)


def test_measures_of_independent_draws() -> None:
    """Independent draws around the truth: ESS near their number, R-hat near 1, coverage 90 %."""
    rng = np.random.default_rng(9)
    truth = np.full(2500, 0.5)
    centres = 0.5 + 0.02 * rng.normal(size=2500)
    cells = centres + 0.02 * rng.normal(size=(4, 250, 2500))
    found = measure(Draws({"s": rng.normal(size=(4, 250))}, cells), truth)

    assert (found["chains"], found["draws"]) == (4, 1000)
    assert found["ess_scales"] == pytest.approx(1000, rel=0.25)
    assert found["rhat"] == pytest.approx(1, abs=0.02)
    assert found["rmse"] == pytest.approx(0.02, rel=0.1)
    assert found["coverage"] == pytest.approx(0.9, abs=0.03)


def test_a_known_power_law_gives_its_exponent() -> None:
    """Times 3 n^1.7 have the exponent 1.7; one time has none; failed points are left out."""
    sizes = [1000, 10_000, 100_000]
    rows = [
        results.row("laplace", name, report(warm=3 * size**1.7), MADE)
        for name, size in zip(growth.GROWING_ROWS, sizes, strict=True)
    ]
    stopped = results.row(
        "laplace", growth.GROWING_LATENTS[0], report(warm=None, status="stopped after 5 s"), MADE
    )
    along_rows, along_latents = growth.growths([*rows, stopped])

    assert growth.exponent([10], [1.0]) is None
    assert along_rows.exponent == pytest.approx(1.7)
    assert "rows^1.70" in along_rows.sentence()
    assert along_latents.exponent is None
    assert [size for size, _ in along_latents.points] == [536]


def test_growth_spans_what_it_says() -> None:
    """Rows run from 1e3 to 1e5 and latent values from about 5e2 to 2e4, as the model has them."""
    rows = [parse(name)[0] for name in growth.GROWING_ROWS]
    latents = [parse(name)[1].latents for name in growth.GROWING_LATENTS]
    assert (rows[0], rows[-1]) == (1_000, 100_000)
    assert (latents[0], latents[-1]) == pytest.approx((500, 20_000), rel=0.1)


def test_a_partial_run_keeps_the_other_rows(tmp_path: Path) -> None:
    """New figures take the place of old ones of the same contender and table, and of no others."""
    later = MADE | {"date": "2026-03-04"}
    old = [results.row(n, "1663", report(), MADE) for n in ("nuts", "pymc-default", "bambi")]
    absent = {"status": "not installed: pip install", "versions": {}}
    new = [
        results.row("nuts", "1663", report(warm=4.0), later),
        results.row("nuts", "6677", report(), later),
        results.row("bambi", "1663", absent, later),
        results.row("numpyro-naive", "1663", absent, later),
        results.row("pymc-default", "1663", {"status": "stopped after 9 s"}, later),
    ]
    results.save(results.merge(old, new), tmp_path / "results.json")
    kept = {one.key: one for one in results.load(tmp_path / "results.json")}

    assert len(kept) == 5
    assert (kept["nuts", "1663"].warm, kept["nuts", "1663"].date) == (4.0, "2026-03-04")
    assert kept["nuts", "1663"].ess_scales_per_second == 100.0
    assert kept["bambi", "1663"] == old[2]
    assert kept["pymc-default", "1663"].cold is None
    assert kept["numpyro-naive", "1663"].status.startswith("not installed")


def test_the_page_shows_each_row_with_its_run() -> None:
    """Figures, stops in words, marks of first-fit rates, letters of runs, outside figures."""
    later = MADE | {"date": "2026-03-04"}
    rows = [
        results.row("nutpie-naive", "6677", report(200.0, None, "stopped after 250 s"), later),
        results.row("bambi", "6677", {"status": "stopped after 250 s"}, later),
        results.row("nuts", "6677", report(), MADE),
        results.row("laplace", growth.GROWING_ROWS[0], report(), MADE),
    ]
    text = page_module.page(rows)
    lines = {line.split(" | ")[0]: line for line in text.splitlines()}

    assert lines["| nuts"] == (
        "| nuts | 10.0 | 8.0 | 4,000 | 400 | 800 | 50 | 100 | 0.0128 | 0.900 | 1.004 | - | A |"
    )
    assert "| 200 | stopped after 250 s |" in lines["| nutpie-naive"]
    assert "| 2† | 4† |" in lines["| nutpie-naive"]
    assert lines["| bambi"].startswith("| bambi | stopped after 250 s | - |")
    assert lines["| 1,000"].split(" | ")[1:4] == ["1000_rows_8x7x30", "10.0", "8.0"]
    assert text.index("| nuts |") < text.index("| nutpie-naive |")
    assert "- **B**: 2026-03-04; cores 2; python 3.13" in text
    assert "not repeated by this benchmark" in text
    assert "15.8 to 18.3 s" in text
    assert "1000_rows_8x7x30`" not in text


def test_the_command_runs_and_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each job goes to the right Python, and its row is in the results afterwards."""
    asked = []

    def run(job: Job, python: str, limit: float) -> dict:
        asked.append((job.contender, job.table, job.draws, python == "peer", limit))
        gone = {"status": "not available", "versions": {}}
        return gone if job.contender == "laplace" else report()

    monkeypatch.setattr(runner, "run", run)
    said = ["--only", "laplace,bambi", "--tables", "1663", "--draws", "60", "--limit", "5"]
    said += ["--out", str(tmp_path), "--peer-python", "peer", "--date", "2026-05-06"]
    assert command.main(said) == 0

    assert asked == [("laplace", "1663", 60, False, 5), ("bambi", "1663", 60, True, 5)]
    rows = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["rows"]
    assert [(r["contender"], r["date"]) for r in rows] == [
        ("laplace", "2026-05-06"),
        ("bambi", "2026-05-06"),
    ]
    assert "| bambi |" in (tmp_path / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["--only", "nutz"], "a contender is one of nuts, "),
        (["--tables", "99"], "a table is 1663, 6677 or ROWS_rows_"),
        (["--draws", "50"], "Give --out for a trial."),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence(
    said: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be run is refused before anything runs, with the way out."""
    with pytest.raises(SystemExit):
        command.parse(said)
    assert words in capsys.readouterr().err


def test_what_is_missing_is_told_apart() -> None:
    """A peer's package is not installed, an engine of ours is not available, else it is a fault."""
    jax, engine = (ModuleNotFoundError(name=n) for n in ("jax", "forecast.inference.laplace"))
    assert str(child.absent(entry("numpyro-naive"), jax)).startswith("not installed")
    assert child.absent(entry("laplace"), engine) == "not available"
    assert child.absent(entry("laplace"), jax) is None
    assert child.absent(entry("bambi"), engine) is None


def test_a_child_is_stopped_at_its_limit() -> None:
    """A process that outlives its limit is ended, and the status says how long it had."""
    slow = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    assert runner._wait(slow, 0.2) == "stopped after 0.2 s"
    assert slow.poll() is not None


def test_a_child_starts_with_empty_caches(tmp_path: Path) -> None:
    """Caches of compiled code lie in the child's own folder, and linear algebra has one thread."""
    outer = {"PYTENSOR_FLAGS": "floatX=float64", "JAX_COMPILATION_CACHE_DIR": "old", "PATH": "p"}
    inner = runner.surroundings(outer, tmp_path)
    assert inner["PYTENSOR_FLAGS"] == f"floatX=float64,base_compiledir={tmp_path / 'pytensor'}"
    assert inner["NUMBA_CACHE_DIR"] == str(tmp_path / "numba")
    assert inner["OPENBLAS_NUM_THREADS"] == "1"
    assert "JAX_COMPILATION_CACHE_DIR" not in inner
    assert inner["PATH"] == "p"


def test_requirements_are_exact_and_name_no_place() -> None:
    """Peers install with exact versions from whatever index the reader has."""
    text = (command.HERE / "requirements.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(len(line.split("==")) == 2 for line in lines)
    assert "://" not in text


@pytest.mark.parametrize("module", [growth, table_names, page_module])
def test_examples_of_the_benchmarks_hold(module: ModuleType) -> None:
    """Docstrings of the benchmark say what the code does."""
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
