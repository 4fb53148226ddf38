"""Leave-one-out and leave-a-source-out: closed forms, direct exclusion, a planted wrong source."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from forecast.assess import leave_out as module
from forecast.assess.jobs import Batch
from forecast.assess.leave_out import leave_out, numbers_without, pieces
from forecast.assess.loo import (
    density_without,
    leave_one_out,
    loo_totals,
    psis_loo,
    worst_rows,
)
from forecast.errors import RunError
from forecast.evidence import Evidence, arrange, load_evidence, only
from forecast.inference import Fit, fit
from forecast.inference.engines import engine_named
from forecast.inference.fit import fit_tree
from forecast.share.headline import headline, thinned
from forecast.share.of_fit import inputs_of
from forecast.stay import stay_model
from forecast.stay.predict import row_rates
from forecast.stay.simulate import simulate
from forecast.study import Study, load_study
from forecast.study.schema import LaplaceSpec

ALONE = Batch(workers=1)
SEED = 1


@cache
def demo(share: bool = False) -> Study:
    """Return the demo with a quick sampler, without its workforce unless asked for."""
    study = load_study("demo")
    quick = study.sampler.model_copy(update={"laplace": LaplaceSpec(points=64, draws=250)})
    without = {} if share else {"share": None, "scenarios": {}}
    return study.model_copy(update={"sampler": quick, **without})


@cache
def fitted() -> Fit:
    """Return a fit of the demo with one figure, row 45, that is far off."""
    study, evidence = demo(), load_evidence(demo())
    off = evidence.rows["rate"].where(evidence.rows.index != 45, 0.35)
    seen = replace(evidence, rows=evidence.rows.assign(rate=off))
    model = stay_model(study, seen)
    posterior, weights = engine_named("laplace")(model, study.sampler, SEED)
    tree = fit_tree(study, seen, model, posterior, weights, {"seed": SEED, "engine": "laplace"})
    return Fit(study, seen, tree)


@cache
def rows_loo() -> pd.DataFrame:
    return leave_one_out(fitted(), most=1, batch=ALONE)


def tree_of(mean: np.ndarray, observed: np.ndarray) -> xr.DataTree:
    """Return a tree of draws of a mean, with rows that are normal around it with sd 1."""
    density = stats.norm.logpdf(observed, mean[..., None], 1.0)
    parts = {
        "posterior": xr.Dataset({"mean": (("chain", "draw"), mean)}),
        "log_likelihood": xr.Dataset({"rate": (("chain", "draw", "row"), density)}),
    }
    return xr.DataTree.from_dict(parts)


# Leave-one-out


def test_psis_meets_the_closed_form() -> None:
    """With y ~ N(m, 1) and a flat prior, y_i given the others is N(their mean, 1 + 1/(n-1))."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=40)
    draws = rng.normal(y.mean(), 1 / np.sqrt(40), size=(4, 1000))

    found = psis_loo(tree_of(draws, y))

    others = (y.sum() - y) / 39
    exact = stats.norm.logpdf(y, others, np.sqrt(1 + 1 / 39))
    seen = stats.norm.logpdf(y, y.mean(), np.sqrt(1 + 1 / 40))
    np.testing.assert_allclose(found["elpd"], exact, rtol=0, atol=0.01)
    np.testing.assert_allclose(found["p"], seen - exact, rtol=0, atol=0.01)
    assert found["k"].max() < 0.7


def by_hand(row: int) -> float:
    """Return the density of a row from a fit of a table that never had it, by scipy's laws."""
    study, evidence = demo(), fitted().evidence
    table = evidence.rows.drop(columns=["origins", "fields", "derived", "table_row"])
    without = arrange(table.drop(index=row), study, evidence.sizes)
    posterior, _ = engine_named("laplace")(stay_model(study, without), study.sampler, SEED)
    p = row_rates(posterior, study, evidence.cells, evidence.operator)[..., row]
    of = evidence.rows.loc[row]
    if of["n_kind"] == "census":
        within = posterior["overdispersion"].sel(definition_counted=of["definition"]).to_numpy()
        within = within + of["rounding"] ** 2 / 12 * of["n"] / (of["n"] - 1) / (p * (1 - p))
        size = 1 / within - 1
        law = stats.betabinom(of["n"], p * size, (1 - p) * size)
        return float(np.log(law.pmf(round(of["n"] * of["rate"])).mean()))
    share = posterior["effective_share"].to_numpy()
    variance = p * (1 - p) / (share * of["n"]) + of["rounding"] ** 2 / 12
    size = p * (1 - p) / variance - 1
    return float(np.log(stats.beta(p * size, (1 - p) * size).pdf(of["rate"]).mean()))


@pytest.mark.parametrize("row", [3, 45])
def test_a_refit_is_direct_exclusion(row: int) -> None:
    """A refit gives the density that a table without the row gives, for a survey and a census."""
    found = float(density_without(row, demo(), fitted().evidence, SEED)["elpd"].iloc[0])

    assert found == pytest.approx(by_hand(row), rel=0, abs=0.03)


def test_a_refit_meets_psis_where_psis_can_be_trusted() -> None:
    """Where k is low the refit is the PSIS density, up to the noise of its draws."""
    table = psis_loo(fitted().tree)
    row = int(table["k"].argmin())

    found = float(density_without(row, demo(), fitted().evidence, SEED)["elpd"].iloc[0])

    assert found == pytest.approx(float(table["elpd"].iloc[row]), rel=0, abs=0.05)


def test_the_worst_row_is_refitted_and_the_others_are_not() -> None:
    """With one refit allowed it goes to the highest k above .7; the others keep PSIS."""
    table, psis = rows_loo(), psis_loo(fitted().tree)
    worst = 45
    exact = float(density_without(worst, demo(), fitted().evidence, SEED)["elpd"].iloc[0])

    assert psis["k"].idxmax() == worst
    assert psis["k"].iloc[worst] > 0.7
    assert np.flatnonzero(table["refitted"]).tolist() == [worst]
    assert table["elpd"].iloc[worst] == exact
    np.testing.assert_array_equal(table["elpd"].drop(worst), psis["elpd"].drop(worst))
    np.testing.assert_allclose(table["elpd"] + table["p"], psis["elpd"] + psis["p"], rtol=1e-12)
    np.testing.assert_array_equal(table["rate"], fitted().evidence.rows["rate"])


def test_rows_without_a_k_come_first() -> None:
    """What PSIS has no k for is worse than any k; at or below .7 nothing is refitted."""
    assert worst_rows(np.array([0.71, np.nan, 5.0, 0.7, np.inf]), most=3) == [1, 4, 2]
    assert worst_rows(np.array([0.7, -0.2]), most=3) == []


def test_totals_add_up_by_definition() -> None:
    """Totals are sums over a definition's rows, se is root n times their sd, ALL is all of them."""
    totals = loo_totals(rows_loo()).set_index("definition")

    for name, group in rows_loo().groupby("definition"):
        assert totals.loc[name, "elpd"] == pytest.approx(group["elpd"].sum(), rel=1e-12)
        se = np.sqrt(len(group) * group["elpd"].var(ddof=1))
        assert totals.loc[name, "se"] == pytest.approx(se, rel=1e-12)
    assert totals.loc["ALL", "rows"] == 120
    assert totals.loc["ALL", "elpd"] == pytest.approx(rows_loo()["elpd"].sum(), rel=1e-12)
    assert totals.loc["ALL", "refitted"] == 1
    assert totals.loc["ALL", "high_k"] == rows_loo()["k"].gt(0.7).sum() - 1


# Leave a piece out


def planted(evidence: Evidence, study: Study) -> Evidence:
    """Return evidence with a source that prints all rates of residents of the north much lower."""
    table = evidence.rows.drop(columns=["origins", "fields", "derived", "table_row"])
    copies = table[table["definition"].eq("resident") & table["origin"].eq("north")]
    wrong = copies.assign(source="wrong", rate=copies["rate"] - 0.3, n=10 * copies["n"])
    return arrange(pd.concat([table, wrong], ignore_index=True), study, evidence.sizes)


def test_leaving_a_planted_wrong_source_out_brings_the_truth_back() -> None:
    """A wrong source moves the headline most; without it all is as if it had never been there."""
    study, report = demo(), demo().report
    world = simulate(study, seed=3)
    true = world.stay_rates.sel(
        years_since=report.years_since[0],
        origin=report.main_origins[0],
        field=report.main_fields[0],
        cohort=report.headline_year,
    ).item()

    table = leave_out(study, SEED, planted(world.evidence, study), ALONE).set_index("left_out")
    clean = numbers_without(pieces(study, world.evidence)[0], study, SEED).iloc[0]

    base, without = table.loc["base"], table.loc["wrong"]
    assert not base["lower"] < true < base["upper"]
    assert without["lower"] < true < without["upper"]
    assert without["change_in_sd"] == (without["value"] - base["value"]) / base["sd"]
    sources = table[table["piece"].eq("source")]
    assert sources["change"].abs().idxmax() == "wrong"
    for name in ("value", "lower", "upper", "sd"):
        assert without[name] == pytest.approx(clean[name], rel=1e-9)


def test_the_share_is_that_of_the_headline() -> None:
    """With nothing left out, share and probability are those of ``headline`` on the same fit."""
    study = demo(share=True)
    whole = fit(study, "laplace", SEED)
    expected = headline(thinned(inputs_of(whole)), SEED)

    base = numbers_without(pieces(study, whole.evidence)[0], study, SEED).set_index("quantity")

    assert base.index.tolist() == ["stay_rate", "share", "probability"]
    for name, key in (("value", "median"), ("lower", "lower"), ("upper", "upper")):
        assert base.loc["share", name] == expected[f"share_{key}"]
    assert base.loc["probability", "value"] == expected["probability"]
    assert base.loc["probability", "mcse"] == expected["mcse"]


def test_a_series_of_the_workforce_is_left_out_alone(tmp_path) -> None:
    """Without a series the workforce is that of a table without its rows; stay rates stay."""
    study = demo(share=True)
    table = module.checked_table("demo_workforce", "workforce")
    other = table[table["year"].eq(2018) & table["quantity"].eq("share")]
    other = other.assign(series="other", value=[0.5, 0.2, 0.3])
    pd.concat([table, other]).to_csv(tmp_path / "two.csv", index=False)
    spec = study.share.model_copy(update={"evidence": "two.csv"})
    two = study.model_copy(update={"share": spec, "folder": str(tmp_path)})
    evidence = load_evidence(study)

    every = pieces(two, evidence)
    found = numbers_without(every[-1], two, SEED)
    expected = numbers_without(pieces(study, evidence)[0], study, SEED)

    assert [(p.name, p.rows) for p in every if p.kind == "workforce"] == [
        ("simulated", 8),
        ("other", 3),
    ]
    assert not [p for p in pieces(study, evidence) if p.kind == "workforce"]
    pd.testing.assert_frame_equal(found, expected)


def test_what_leaves_nothing_over_is_skipped_and_says_so() -> None:
    """Without the only definition there is no evidence: no numbers, but a reason."""
    some = load_evidence(demo())
    plans = only(some, some.rows["definition"].eq("intention").to_numpy())

    table = leave_out(demo(), SEED, plans, ALONE).set_index("piece")

    assert table.loc["base", "skipped"] == ""
    assert table.loc["definition", "skipped"] == "It leaves no row over."
    assert table.loc["definition", "rows"] == 90
    assert table.loc["definition", "quantity"] == ""
    assert np.isnan(table.loc["definition", "value"])


def test_the_reference_may_be_left_out() -> None:
    """Without any row of the reference its stay rate has a posterior still, a wider one."""
    some = load_evidence(demo())
    every = {piece.name: piece for piece in pieces(demo(), some)}
    sd = [numbers_without(every[n], demo(), SEED)["sd"].item() for n in ("base", "resident")]

    assert not every["resident"].left.rows["definition"].eq(demo().stay.reference).any()
    assert sd[1] > 2 * sd[0]


def test_a_fit_that_fails_is_skipped_unless_it_is_the_base(monkeypatch) -> None:
    """A piece without a fit says why; without a fit of all evidence there is no influence."""
    some = load_evidence(demo())

    def numbers(piece, study, seed, broken):
        if piece.name == broken:
            raise RunError("no mode. Check the priors.")
        return pd.DataFrame([("stay_rate", 0.5, 0.4, 0.6, 0.1, np.nan)], columns=module.NUMBERS)

    monkeypatch.setattr(module, "headline_numbers", partial(numbers, broken="demo_register"))
    table = leave_out(demo(), SEED, some, ALONE).set_index("left_out")
    monkeypatch.setattr(module, "headline_numbers", partial(numbers, broken="base"))

    assert table.loc["demo_register", "skipped"] == "no mode. Check the priors."
    assert table["change"].drop("demo_register").eq(0).all()
    with pytest.raises(RunError, match="all evidence; got none: no mode"):
        leave_out(demo(), SEED, replace(some), ALONE)
