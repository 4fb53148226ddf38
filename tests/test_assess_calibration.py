"""Calibration by simulation: exact posteriors pass, wrong ones fail, and the numbers by hand."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from scipy.special import logit

from forecast.assess.calibration import (
    Calibration,
    calibrate,
    check_calibration,
    compared,
    summarised,
)
from forecast.assess.jobs import Batch
from forecast.errors import RunError, StudyError
from forecast.evidence import load_evidence
from forecast.inference import engines
from forecast.stay import (
    BrokenTruth,
    DefinitionShift,
    HeavierOverdispersion,
    TrendBreak,
    simulate,
    stay_model,
)
from forecast.stay.prior_draws import draw_prior
from forecast.study import Study, load_study
from forecast.study.schema import LaplaceSpec

ALONE = Batch(workers=1)
PRIOR_DRAWS = 150
TOP = 16  # top-level parameters of the demo's model
RATES = [
    f"stay_rate[{origin}, {field}, {cohort}]"
    for origin in ("north", "east", "south")
    for field in ("alpha", "beta")
    for cohort in (2013, 2016)
]
LEVELS = (50, 80, 95)


@pytest.fixture(scope="module")
def demo() -> Study:
    """The demo with a quick sampler."""
    study = load_study("demo")
    laplace = LaplaceSpec(points=40, draws=100)
    return study.model_copy(
        update={"sampler": study.sampler.model_copy(update={"laplace": laplace})}
    )


# A truth among its draws


def test_a_truth_among_its_draws_by_hand() -> None:
    """Draws 1, 2, 3, 4: ranks with ties by half, and the ends of an interval belong to it."""
    truth = pd.DataFrame({"between": [2.5], "tied": [2.0], "beyond": [9.0], "edge": [1.75]})
    draws = pd.DataFrame({name: [4.0, 1.0, 3.0, 2.0] for name in reversed(truth.columns)})

    table = compared(truth, draws)

    assert table["quantity"].tolist() == list(truth)
    assert table["truth"].tolist() == [2.5, 2.0, 9.0, 1.75]
    assert_allclose(table["mean"], 2.5, rtol=1e-12, atol=0)
    assert_allclose(table["sd"], np.sqrt(5 / 3), rtol=1e-12, atol=0)
    assert_allclose(table["pit"], [2.5 / 5, 2 / 5, 4.5 / 5, 1.5 / 5], rtol=1e-12, atol=0)
    assert table["inside_50"].tolist() == [True, True, False, True]
    assert table["inside_95"].tolist() == [True, True, False, True]


def test_draws_that_are_all_the_truth_have_a_middling_rank() -> None:
    """All ties are one half: a quantity that is known shows no fault."""
    table = compared(pd.DataFrame({"known": [0.3]}), pd.DataFrame({"known": [0.3] * 7}))

    assert_allclose(table["pit"], 0.5, rtol=1e-12, atol=0)
    assert table[["inside_50", "inside_80", "inside_95"]].all(axis=None)


# Tables by hand


def of_simulations(**columns: Sequence[float]) -> pd.DataFrame:
    """Return a comparison of one quantity, a row a simulation."""
    table = pd.DataFrame(
        {"quantity": "x", "truth": 0.0, "mean": 0.0, "sd": 1.0, "pit": 0.5} | columns
    )
    return table.assign(**{f"inside_{k}": table.get(f"inside_{k}", True) for k in LEVELS})


def test_recovery_by_hand() -> None:
    """Coverage, z and contraction of four simulations.

    Truths -1, 0, 1, 2 have variance 5/3, posterior variances 1/4, 1/4, 1/4, 1: mean 7/16. z is 2,
    0, 0, 1 in posterior sd.
    """
    table = of_simulations(
        truth=[-1.0, 0.0, 1.0, 2.0],
        mean=[0.0, 0.0, 1.0, 3.0],
        sd=[0.5, 0.5, 0.5, 1.0],
        inside_50=[False, True, True, False],
        inside_80=[False, True, True, True],
    )

    (row,) = summarised(table).to_dict("records")

    assert (row["quantity"], row["simulations"]) == ("x", 4)
    assert [row[f"coverage_{level}"] for level in LEVELS] == [0.5, 0.75, 1.0]
    found = [row[name] for name in ("z", "z_sd", "contraction")]
    assert_allclose(found, [0.75, np.sqrt(2.75 / 3), 1 - 21 / 80], rtol=1e-12, atol=0)


@pytest.mark.parametrize(("pit", "p"), [([0.9], 0.2), ([0.25], 0.5), ([0.5, 0.5], 0.5)])
def test_p_of_uniform_ranks_by_hand(pit: list[float], p: float) -> None:
    """Of one rank u, D = max(u, 1 - u) has p = 2 (1 - D); of two D = 1/2 has p = 1/2."""
    (found,) = summarised(of_simulations(pit=pit, truth=range(len(pit))))["p_uniform"]

    assert_allclose(found, p, rtol=1e-9, atol=0)


def test_quantities_keep_their_order() -> None:
    """A row for each quantity, in the order of the first simulation, each by itself."""
    z, a = of_simulations(truth=[0.0, 1.0]), of_simulations(truth=[0.0, 3.0])
    table = pd.concat([z.assign(quantity="z"), a.assign(quantity="a")]).sort_index(kind="stable")
    found = summarised(table)

    assert found["quantity"].tolist() == ["z", "a"]
    assert_allclose(found["contraction"], [1 - 1 / 0.5, 1 - 1 / 4.5], rtol=1e-12, atol=0)


# Verdicts


def quantities(p: Sequence[float], coverage: float = 0.8, simulations: int = 200) -> Calibration:
    """Return a calibration with these p, the same coverage everywhere."""
    names = [f"q{k}" for k in range(len(p))]
    table = pd.DataFrame(
        {"quantity": names, "simulations": simulations, "coverage_80": coverage, "p_uniform": p}
    )
    return Calibration(table, table)


@pytest.mark.parametrize(
    ("least", "verdict"), [(0.5, "pass"), (0.0011, "pass"), (0.0009, "review"), (0.00009, "fail")]
)
def test_ranks_are_judged_together(least: float, verdict: str) -> None:
    """The least p of ten, times ten: from .01 on it passes, below .001 it fails."""
    check, _ = check_calibration(quantities([0.6] * 7 + [least] + [0.7] * 2))

    assert check.verdict == verdict
    assert_allclose(check.value, min(1.0, 10 * least), rtol=1e-12, atol=0)
    assert check.advice.startswith("Worst: q7." if least < 0.6 else "Worst: q0.")


@pytest.mark.parametrize(
    ("simulations", "coverage", "verdict"),
    [
        (200, 0.8 - 0.084, "pass"),  # 3 sqrt(.16 / 200) = .0849
        (200, 0.8 - 0.086, "fail"),
        (200, 0.8 + 0.086, "fail"),
        (10_000, 0.8 + 0.029, "pass"),  # .012, so .03 in any case
        (10_000, 0.8 + 0.031, "fail"),
    ],
)
def test_coverage_has_room_for_chance(simulations: int, coverage: float, verdict: str) -> None:
    """Three binomial standard errors of one quantity, and three points in any case."""
    _, check = check_calibration(quantities([0.5] * 4, coverage, simulations))

    assert check.verdict == verdict
    assert_allclose(check.value, coverage, rtol=1e-12, atol=0)


# A posterior that is known: normal theta of variance 1, seen with an error of variance 1


def conjugate(width: float = 1.0, bias: float = 0.0, simulations: int = 250) -> Calibration:
    """Calibrate the posterior N(y / 2, 1 / 2), made wrong by a width and a bias in its sd."""
    rng, names = np.random.default_rng(7), list("abcd")
    parts = []
    for _ in range(simulations):
        theta = rng.standard_normal(len(names))
        y = theta + rng.standard_normal(len(names))
        noise = width * rng.standard_normal((499, len(names))) + bias
        draws = y / 2 + np.sqrt(0.5) * noise
        parts.append(
            compared(pd.DataFrame([theta], columns=names), pd.DataFrame(draws, columns=names))
        )
    table = pd.concat(parts, ignore_index=True)
    return Calibration(table, summarised(table))


def test_the_exact_posterior_passes() -> None:
    """Uniform ranks, coverage as said, z of mean 0 and sd 1, half of the variance taken away."""
    found = conjugate()
    table = found.quantities

    assert [one.verdict for one in check_calibration(found)] == ["pass", "pass"]
    error = 4 / np.sqrt(250)
    for level in LEVELS:
        part = level / 100
        room = error * np.sqrt(part * (1 - part))
        assert_allclose(table[f"coverage_{level}"], part, rtol=0, atol=room)
    assert_allclose(table["z"], 0, rtol=0, atol=error)
    assert_allclose(table["z_sd"], 1, rtol=0, atol=error)
    assert_allclose(table["contraction"], 0.5, rtol=0, atol=error)


@pytest.mark.parametrize(
    ("width", "bias"), [(0.5, 0.0), (2.0, 0.0), (1.0, 1.0), (1.0, -1.0)], ids=str
)
def test_a_wrong_posterior_fails_each_check(width: float, bias: float) -> None:
    """Half or twice as wide as due, or off by its own sd: ranks and coverage both tell."""
    found = conjugate(width, bias)

    assert [one.verdict for one in check_calibration(found)] == ["fail", "fail"]
    assert_allclose(found.quantities["z"], bias / width, rtol=0, atol=0.2 / width)


# The whole way, with engines whose answer is known: prior draws, whatever the figures say

type Change = Callable[[xr.Dataset], xr.Dataset]


@pytest.fixture(scope="module")
def prior(demo: Study) -> xr.Dataset:
    """Many draws from the prior of the demo."""
    model, rng = stay_model(demo, load_evidence(demo)), np.random.default_rng(1)
    drawn = xr.concat([draw_prior(model, rng) for _ in range(PRIOR_DRAWS)], "draw")
    return drawn.assign_coords(draw=range(PRIOR_DRAWS))


@pytest.fixture
def engine(prior: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], str]:
    """Make the prior, changed, the answer of an engine; return the name of that."""

    def made(change: Change) -> str:
        answer = change(prior)
        module = SimpleNamespace(sample=lambda *_: (answer, xr.Dataset()))
        monkeypatch.setitem(sys.modules, "planted_engine", module)
        monkeypatch.setitem(engines.HOMES, "planted", "planted_engine")
        return "planted"

    return made


def as_it_is(prior: xr.Dataset) -> xr.Dataset:
    return prior


def narrow(prior: xr.Dataset) -> xr.Dataset:
    middle = prior.mean(("chain", "draw"))
    return middle + (prior - middle) / 4


def biased(prior: xr.Dataset) -> xr.Dataset:
    return prior.assign(intercept=prior["intercept"] + 3)


def test_the_prior_is_calibrated_and_learns_nothing(
    demo: Study, engine: Callable[[Change], str]
) -> None:
    """An engine that looks at no figure gives the prior back: checks pass, contraction is nil."""
    found = calibrate(demo, 24, engine=engine(as_it_is), batch=ALONE)

    assert [one.verdict for one in check_calibration(found)] == ["pass", "pass"]
    assert_allclose(found.quantities["contraction"].median(), 0, rtol=0, atol=0.3)
    assert_allclose(found.quantities["z"].median(), 0, rtol=0, atol=0.3)


@pytest.mark.parametrize(("change", "check"), [(biased, 0), (narrow, 1)])
def test_a_wrong_engine_fails(
    change: Change, check: int, demo: Study, engine: Callable[[Change], str]
) -> None:
    """Three logits too high fails ranks, a quarter of the width fails coverage, within ten."""
    found = calibrate(demo, 10, engine=engine(change), batch=ALONE)

    assert check_calibration(found)[check].verdict == "fail"


def test_truths_are_those_of_the_simulations(demo: Study, engine: Callable[[Change], str]) -> None:
    """Each seed's truth is the one that ``simulate`` draws; stay rates are those it says."""
    table = calibrate(demo, 2, engine=engine(as_it_is), batch=ALONE).draws
    assert table.columns[0] == "quantity"
    assert table["seed"].nunique() == 2

    for seed, of in table.groupby("seed"):
        drawn = simulate(demo, int(seed), rounded=False)
        truth = of.set_index("quantity")["truth"]
        assert len(truth) == TOP + len(RATES)
        assert_allclose(truth["sigma_trend"], drawn.truth["sigma_trend"].item(), rtol=1e-12, atol=0)
        assert list(truth.index[TOP:]) == RATES
        five = drawn.stay_rates.sel(years_since=5, origin="east", field="beta", cohort=2016)
        assert_allclose(truth["stay_rate[east, beta, 2016]"], five.item(), rtol=1e-9, atol=0)


def test_seeds_are_all_the_randomness(demo: Study, engine: Callable[[Change], str]) -> None:
    """The same seed, the same tables; another has other truths; more simulations begin alike."""
    name = engine(as_it_is)
    found = [
        calibrate(demo, n, seed, name, ALONE).draws for n, seed in ((4, 1), (4, 1), (2, 1), (2, 2))
    ]

    assert_frame_equal(found[0], found[1], check_exact=True)
    first = found[0][found[0]["seed"].isin(found[2]["seed"])].reset_index(drop=True)
    assert_frame_equal(first, found[2], check_exact=True)
    assert not set(found[0]["seed"]) & set(found[3]["seed"])
    assert not set(found[0]["truth"]) & set(found[3]["truth"])


def test_more_simulations_go_on_from_those_made(
    demo: Study, engine: Callable[[Change], str], tmp_path: Path
) -> None:
    """A folder with six has the first five of seven; its last job of one is not taken for two."""
    name, batch = engine(as_it_is), Batch(tmp_path, workers=1)
    six, seven = (calibrate(demo, n, 1, name, batch).draws for n in (6, 7))
    straight = calibrate(demo, 7, 1, name, ALONE).draws

    assert six["seed"].nunique() == 6
    assert_frame_equal(seven, straight, check_exact=True)


@pytest.mark.parametrize("simulations", [0, -3])
def test_no_simulation_is_refused(demo: Study, simulations: int) -> None:
    """Calibration needs a simulation, and says what was asked."""
    with pytest.raises(RunError, match=f"got {simulations}"):
        calibrate(demo, simulations)


# The Laplace engine


@pytest.fixture(scope="module")
def fitted(demo: Study) -> Calibration:
    """Twenty simulations of the demo, fitted by two processes."""
    return calibrate(demo, 20, batch=Batch(workers=2))


def test_laplace_is_calibrated_on_the_demo(fitted: Calibration) -> None:
    """Of 20 simulations of 28 quantities a decent part is covered, and the rates are learnt.

    The room is wide: this sees an engine that is broken, not one that is a little off.
    """
    table = fitted.quantities.set_index("quantity")

    assert 0.35 < table["coverage_50"].mean() < 0.65
    assert 0.68 < table["coverage_80"].mean() < 0.92
    assert 0.85 < table["coverage_95"].mean() <= 1
    assert abs(table["z"].mean()) < 0.4
    assert table.loc[RATES, "contraction"].min() > 0.9
    assert "fail" not in {one.verdict for one in check_calibration(fitted)}


def test_calibration_in_turn_finds_what_it_does_in_parallel(
    demo: Study, fitted: Calibration
) -> None:
    """The first five simulations, fitted in this process, have the same bytes."""
    alone = calibrate(demo, 5, batch=ALONE).draws

    assert_frame_equal(alone, fitted.draws.iloc[: len(alone)], check_exact=True)


# Truths that the model does not know of


def broken_fits(demo: Study, broken: BrokenTruth | None) -> pd.DataFrame:
    """Return two simulations of a broken truth, (seed, quantity) by truth and posterior."""
    found = calibrate(demo, 2, broken=broken, batch=ALONE).draws
    return found.set_index(["seed", "quantity"])


@pytest.fixture(scope="module")
def sound(demo: Study) -> pd.DataFrame:
    """Two simulations of the model's own truth."""
    return broken_fits(demo, None)


def test_a_break_of_the_trend_moves_the_truth(demo: Study, sound: pd.DataFrame) -> None:
    """From its year on true rates are half a logit higher, and the posteriors follow upwards."""
    broken = broken_fits(demo, TrendBreak(2014, 0.5))
    moved = logit(broken["truth"]) - logit(sound["truth"])
    names = moved.index.get_level_values("quantity")
    after, before = names.isin(RATES[1::2]), names.isin(RATES[::2])

    assert_allclose(moved[after], 0.5, rtol=1e-9, atol=0)
    assert_allclose(moved[before], 0, rtol=0, atol=1e-9)
    assert_array_equal(broken.loc[~after & ~before, "truth"], sound.loc[~after & ~before, "truth"])
    assert (broken["mean"] - sound["mean"])[after].min() > 0


def test_a_shift_of_a_definition_moves_what_is_seen(demo: Study, sound: pd.DataFrame) -> None:
    """The truth stays; posteriors do not: the figures say something else."""
    broken = broken_fits(demo, DefinitionShift("intention", 2012, 1.0))

    assert_array_equal(broken["truth"], sound["truth"])
    assert not np.any(broken["mean"].to_numpy() == sound["mean"].to_numpy())


def test_heavier_scatter_is_taken_for_overdispersion(demo: Study, sound: pd.DataFrame) -> None:
    """The truth stays; twenty times the correlation within census rows is seen as such."""
    broken = broken_fits(demo, HeavierOverdispersion(20.0))
    seen, due = (
        table.xs("overdispersion[intention]", level="quantity")["mean"] for table in (broken, sound)
    )

    assert_array_equal(broken["truth"], sound["truth"])
    assert np.all(seen.to_numpy() > 2 * due.to_numpy())


def test_a_broken_truth_that_fits_no_study_is_refused(demo: Study) -> None:
    """The error is the sentence of the broken truth."""
    with pytest.raises(StudyError, match="year is a cohort of the study"):
        calibrate(demo, 1, broken=TrendBreak(1900, 0.5), batch=ALONE)
