"""Simulated evidence: draws of the prior, replicated tables, and truths that break the model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.special import logit

from forecast.errors import EvidenceError, RunError, StudyError
from forecast.evidence import Evidence, arrange, load_evidence, only, read_observations
from forecast.inference.engines import engine_named
from forecast.stay import StayModel, stay_model
from forecast.stay.broken_truth import (
    BrokenTruth,
    DefinitionShift,
    HeavierOverdispersion,
    TrendBreak,
)
from forecast.stay.errors_of_rows import error_model
from forecast.stay.posterior import flat_latents
from forecast.stay.precision import prior_mean, prior_precision
from forecast.stay.predict import cell_rates, row_rates
from forecast.stay.prior_draws import draw_prior, prior_draw
from forecast.stay.simulate import Simulated, simulate
from forecast.study import Study, frozen, load_study, study_names
from forecast.study.priors import RootInverseGamma
from forecast.study.schema import LaplaceSpec
from tests.laplace_models import every_kind_of_term

DRAWS = 400
SEEDS = range(30)
REASON = "made up for a test"
P = 1 / (1 + np.exp(-0.4))  # of every cell of the level truth


@pytest.fixture(scope="module")
def model() -> StayModel:
    """A stay model with every kind of term."""
    study = every_kind_of_term()
    return stay_model(study, load_evidence(study))


@pytest.fixture(scope="module")
def drawn(model: StayModel) -> xr.Dataset:
    """Many draws from its prior, side by side."""
    rng = np.random.default_rng(5)
    return xr.concat([draw_prior(model, rng) for _ in range(DRAWS)], "draw")


@pytest.fixture(scope="module")
def demo() -> Study:
    """The simulated study that ships."""
    return load_study("demo")


@pytest.fixture(scope="module")
def evidence(demo: Study) -> Evidence:
    """Its evidence."""
    return load_evidence(demo)


@pytest.fixture(scope="module")
def fitted(demo: Study, evidence: Evidence) -> xr.Dataset:
    """A short Laplace posterior of it."""
    sampler = demo.sampler.model_copy(update={"laplace": LaplaceSpec(points=40, draws=50)})
    return engine_named("laplace")(stay_model(demo, evidence), sampler, 1)[0]


@pytest.fixture(scope="module")
def mixed(demo: Study, evidence: Evidence) -> Evidence:
    """The demo with rows of all kinds; steps of a tenth where the standard error is half of one."""
    whole, _ = read_observations(demo)
    surveyed = whole[whole["source"].eq("demo_survey_field")]
    copies = [surveyed.assign(source=f"copy_{i}", n=np.nan, n_kind="none") for i in range(10)]
    table = pd.concat([whole.drop(index=surveyed.index), *copies], ignore_index=True)
    by_se = table["n"].isna() & table["field"].eq("beta")
    errors = {"se": table["se"].mask(by_se, 0.05), "rounding": table["rounding"].mask(by_se, 0.1)}
    return arrange(table.assign(**errors), demo, evidence.sizes)


def kinds_of(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return which rows are of which kind."""
    census, survey = (rows["n_kind"].eq(kind).to_numpy() for kind in ("census", "survey"))
    se = rows["se"].notna().to_numpy()
    return {"census": census, "survey": survey, "se": se, "unknown": ~census & ~survey & ~se}


def level_truth(demo: Study, evidence: Evidence, **values: float) -> xr.Dataset:
    """Return a truth in which every cell has the logit 0.4, and the errors of rows are known."""
    zero = xr.zeros_like(prior_draw(demo, evidence, np.random.default_rng(0)))
    given = {"intercept": 0.4, "overdispersion": 0.01, "effective_share": 0.05, **values}
    if "source_scale" in zero:
        given = {"source_scale": 0.2, **given}
    return zero.assign({name: xr.full_like(zero[name], value) for name, value in given.items()})


def near(values: np.ndarray, draws: int | None = None) -> None:
    """Assert that numbers have mean 0 and variance 1, to four standard errors."""
    many = values.size if draws is None else draws
    assert abs(values.mean()) < 4 / np.sqrt(many)
    assert abs((values**2).mean() - 1) < 4 * np.sqrt(2 / many)


# The prior draw


def test_top_level_parameters_follow_their_priors(model: StayModel, drawn: xr.Dataset) -> None:
    """Each top-level parameter has the distribution that the study gives it."""
    for scale in model.top_level:
        values = drawn[scale.name].to_numpy().ravel()
        assert values.size == DRAWS * (1 if scale.dim is None else len(scale.dim.labels))
        assert stats.kstest(values, frozen(scale.prior).cdf).pvalue > 1e-3, scale.name


EFFECTS = {
    "origin_effect": "sigma_origin",
    "field_effect": "sigma_field",
    "origin_field": "sigma_origin_field",
    "duration_origin": "sigma_duration_origin",
    "definition_origin": "sigma_definition_origin",
    "definition_free": "sigma_definition_free",
    "shock_crisis": "sigma_shock",
}


@pytest.mark.parametrize("name", EFFECTS)
def test_effects_are_normal_with_their_scale(drawn: xr.Dataset, name: str) -> None:
    """Effects over the scale of their draw are standard normal."""
    standard = (drawn[name] / drawn[EFFECTS[name]]).to_numpy().ravel()
    near(standard)
    assert stats.kstest(standard, "norm").pvalue > 1e-3


@pytest.mark.parametrize("name", ["intercept", "definition_offset"])
def test_constants_have_their_normal_prior(model: StayModel, drawn: xr.Dataset, name: str) -> None:
    """A constant has the mean and the standard deviation of its prior, whatever the scales."""
    prior = next(term.prior for term in model.structure.terms if term.name == name)
    near((drawn[name].to_numpy().ravel() - prior.loc) / prior.scale)


WALKS = {
    "trend_origin": ("sigma_trend_origin", "rho_origin"),
    "trend_field": ("sigma_trend_field", "rho_field"),
    "definition_walk": ("sigma_definition_walk", None),
}


@pytest.mark.parametrize("name", WALKS)
def test_walks_have_the_variance_of_an_autoregression(drawn: xr.Dataset, name: str) -> None:
    """The variance k years from the pin is scale^2 sum_{j<k} rho^2j; steps are independent."""
    scale, rho_name = WALKS[name]
    rho = 1.0 if rho_name is None else drawn[rho_name]
    pinned = (drawn[name] / drawn[scale]).transpose("chain", "draw", ..., "cohort")
    for side in (range(2013, 2031), range(2013, 2005, -1)):
        path = pinned.sel(cohort=list(side))
        before, after = path.shift(cohort=1), path
        steps = (after - rho * before).isel(cohort=slice(1, None))
        near(steps.to_numpy())
        ahead = (steps * steps.shift(cohort=1)).isel(cohort=slice(1, None)).to_numpy()
        assert abs(ahead.mean()) < 4 / np.sqrt(ahead.size)
        variance = 0 * pinned.isel(cohort=0, drop=True)
        for year in side[1:]:
            variance = 1 + rho**2 * variance
            near((path.sel(cohort=year) / np.sqrt(variance)).to_numpy())


def test_trend_increments_have_the_covariance_of_the_formula(drawn: xr.Dataset) -> None:
    """Increments have the covariance scale^2 ((1 - drift) 1[c = c'] + drift phi^|c - c'|)."""
    increments = drawn["trend"].diff("cohort")[0].to_numpy()
    places = np.arange(increments.shape[1])
    lag = np.abs(places[:, None] - places)
    names = ("sigma_trend", "drift_share", "phi_slope")
    scales = zip(*[drawn[name][0].values for name in names], strict=True)
    standard = []
    for draw, (scale, drift, phi) in enumerate(scales):
        own = scale**2 * ((1 - drift) * np.eye(len(places)) + drift * phi**lag)
        standard.append(np.linalg.solve(np.linalg.cholesky(own), increments[draw]))
    whitened = np.array(standard)
    near(whitened)
    for years in range(1, 5):
        apart = whitened[:, years:] * whitened[:, :-years]
        assert abs(apart.mean()) < 4 / np.sqrt(apart.size)
    covariance = whitened.T @ whitened / DRAWS
    assert_allclose(covariance, np.eye(len(places)), rtol=0, atol=5 * np.sqrt(2 / DRAWS))


def test_latents_together_have_the_prior_precision(model: StayModel, drawn: xr.Dataset) -> None:
    """(x - m)' Q (x - m) is chi-squared with a degree of freedom for each latent."""
    away = flat_latents(drawn, model.structure)[0] - prior_mean(model.structure)
    values = [
        {s.name: drawn[s.name][0, draw].to_numpy() for s in model.structure.scales}
        for draw in range(DRAWS)
    ]
    forms = [
        x @ (prior_precision(model.structure, v) @ x) for x, v in zip(away, values, strict=True)
    ]
    assert stats.kstest(forms, stats.chi2(away.shape[1]).cdf).pvalue > 1e-3


def test_pinned_cohorts_are_zero(drawn: xr.Dataset) -> None:
    """What runs along cohorts is zero at the reference cohort, and only there."""
    for name in ("trend", *WALKS):
        cohorts = np.abs(drawn[name]).max([dim for dim in drawn[name].dims if dim != "cohort"])
        assert_array_equal(cohorts["cohort"][cohorts == 0].values, [2013])


def test_a_draw_looks_like_a_posterior(demo: Study, evidence: Evidence, fitted: xr.Dataset) -> None:
    """Names, order, dims, labels and types are those of a posterior of the engines."""
    draw = prior_draw(demo, evidence, np.random.default_rng(1))
    assert list(draw.data_vars) == list(fitted.data_vars)
    assert (draw.sizes["chain"], draw.sizes["draw"]) == (1, 1)
    one = fitted.isel(chain=[0], draw=[0])
    for name in fitted.data_vars:
        assert draw[name].dims == fitted[name].dims
        assert draw[name].dtype == fitted[name].dtype
        xr.testing.assert_identical(draw[name] * 0, one[name] * 0)


def test_error_parameters_are_those_of_the_rows(demo: Study, mixed: Evidence) -> None:
    """Only definitions that have rows of a kind have a parameter of that kind."""
    draw = prior_draw(demo, mixed, np.random.default_rng(1))
    assert draw["definition_counted"].values.tolist() == ["intention"]
    assert draw["definition_unsized"].values.tolist() == ["resident"]
    few = only(mixed, kinds_of(mixed.rows)["census"])
    fewer = prior_draw(demo, few, np.random.default_rng(1))
    assert {"effective_share", "source_scale"} <= set(draw.data_vars) - set(fewer.data_vars)


def test_a_prior_too_wide_to_draw_from_is_refused(demo: Study, evidence: Evidence) -> None:
    """A prior of 10^149 gives no rates: the error says which, and the way out."""
    wide = RootInverseGamma(dist="root_inverse_gamma", shape=0.001, rate=0.001, reason=REASON)
    priors = demo.stay.priors.model_copy(update={"sigma_trend": wide})
    study = demo.model_copy(update={"stay": demo.stay.model_copy(update={"priors": priors})})
    told = r"below 1e\+100; got sigma_trend from Gamma\(0.001, 0.001\).*\. Narrow it"
    with pytest.raises(StudyError, match=told):
        simulate(study, 1, evidence=evidence)


# The simulated table


def table_file(simulated: Simulated, study: Study, folder: Path) -> Study:
    """Write a simulated table as a user would; return the study that reads it."""
    simulated.table.to_csv(folder / "mine.csv", index=False)
    spec = study.evidence.model_copy(update={"table": "mine.csv"})
    return study.model_copy(update={"evidence": spec, "folder": str(folder)})


@pytest.mark.parametrize("rounded", [True, False])
@pytest.mark.parametrize("name", study_names())
def test_a_written_table_is_read_as_the_evidence(name: str, rounded: bool, tmp_path: Path) -> None:
    """The CSV of a simulated table, read by the study, is the simulated evidence to the bit."""
    study = load_study(name)
    simulated = simulate(study, 3, rounded=rounded)
    again = load_evidence(table_file(simulated, study, tmp_path))
    pd.testing.assert_frame_equal(again.rows, simulated.evidence.rows)
    pd.testing.assert_frame_equal(again.cells, simulated.evidence.cells)
    assert (again.operator != simulated.evidence.operator).nnz == 0


@pytest.mark.parametrize("name", study_names())
def test_only_rates_are_simulated(name: str) -> None:
    """Rows, labels, n, steps, cells and W are those of the study: its rates alone are others."""
    study = load_study(name)
    own = load_evidence(study)
    got = simulate(study, 4, evidence=own).evidence
    others = ["rate", "table_row"]
    pd.testing.assert_frame_equal(got.rows.drop(columns=others), own.rows.drop(columns=others))
    pd.testing.assert_frame_equal(got.cells, own.cells)
    assert (got.operator != own.operator).nnz == 0
    assert not got.rows["rate"].eq(own.rows["rate"]).all()
    assert got.rows["rate"].between(0, 1).all()


def test_rates_are_printed_in_their_steps() -> None:
    """Rates and totals are whole steps of rounding, of which 0 and 1 are two; without rounding a
    census counts persons.
    """
    study = load_study("china_ai_2030")
    own = load_evidence(study)
    table = simulate(study, 2, evidence=own).table
    steps = table["rate"] * (1 / table["rounding"]).round()
    assert_allclose(steps, steps.round(), rtol=0, atol=1e-6)
    rows = simulate(study, 2, evidence=own, rounded=False).evidence.rows
    census = rows[rows["n_kind"].eq("census")]
    assert census["derived"].sum() == 36
    stayed = census["n"] * census["rate"]
    assert_allclose(stayed, stayed.round(), rtol=0, atol=1e-3)


def test_the_same_seed_gives_the_same_bytes(demo: Study, evidence: Evidence) -> None:
    """A seed fixes truth and table; another seed, and another stream, give others."""
    one, same, other = (simulate(demo, seed) for seed in (7, 7, 8))
    given = simulate(demo, 7, evidence=evidence)
    for again in (same, given):
        assert again.table.to_csv().encode() == one.table.to_csv().encode()
        xr.testing.assert_identical(again.truth, one.truth)
        xr.testing.assert_identical(again.stay_rates, one.stay_rates)
    assert not one.table.equals(other.table)
    assert not one.truth.equals(other.truth)


def test_the_truth_may_be_a_draw_of_a_posterior(
    demo: Study, evidence: Evidence, fitted: xr.Dataset
) -> None:
    """A truth that is given is the truth, and its stay rates are the true ones."""
    truth = fitted.isel(chain=[1], draw=[7])
    simulated = simulate(demo, 1, truth, evidence=evidence)
    xr.testing.assert_identical(simulated.truth, truth)
    cells = pd.DataFrame(
        {
            "definition": "resident",
            "origin": ["north", "south"],
            "field": ["alpha", "beta"],
            "cohort": [2010, 2028],
            "years_since": 5.0,
        }
    )
    rates = [
        float(simulated.stay_rates.sel(origin=c.origin, field=c.field, cohort=c.cohort).item())
        for c in cells.itertuples()
    ]
    assert_allclose(rates, cell_rates(truth, demo, cells)[0, 0], rtol=1e-12)


def test_stay_rates_are_those_of_the_report() -> None:
    """True stay rates have each age of the report, and labels of all origins and fields."""
    demo = load_study("demo")
    report = demo.report.model_copy(update={"years_since": (1, 5)})
    rates = simulate(demo.model_copy(update={"report": report}), 1).stay_rates
    assert dict(rates.sizes) == {"years_since": 2, "origin": 4, "field": 3, "cohort": 25}
    assert rates["years_since"].values.tolist() == [1, 5]
    whole = rates.sel(origin="ALL", field="ALL")
    assert (
        (whole > rates.min(["origin", "field"])) & (whole < rates.max(["origin", "field"]))
    ).all()


@pytest.mark.parametrize("rounded", [True, False])
def test_figures_scatter_as_their_error_models_say(
    demo: Study, mixed: Evidence, rounded: bool
) -> None:
    """By kind of row, figures have the mean p and the variance that the model gives them, rounding
    counted once: p q (1/n + (1 - 1/n) overdispersion), p q / (share n), se^2, (p q scale)^2.
    """
    truth = level_truth(demo, mixed)
    standard = standardised(demo, mixed, truth, truth, rounded=rounded)
    for where in kinds_of(mixed.rows).values():
        assert where.any()
        near(standard[:, where])


def standardised(
    demo: Study,
    evidence: Evidence,
    truth: xr.Dataset,
    assumed: xr.Dataset,
    broken: BrokenTruth | None = None,
    rounded: bool = True,
    known: float = 1.0,
) -> np.ndarray:
    """Return (seed, row): simulated rates less p over the standard deviation by the formula."""
    rows, pq = evidence.rows, P * (1 - P)
    n, kinds = rows["n"].to_numpy(), kinds_of(rows)
    over, share, scale = (
        float(assumed[name].max()) for name in ("overdispersion", "effective_share", "source_scale")
    )
    variance = known * (rows["rounding"] ** 2 / 12 + rows["se"].fillna(0) ** 2).to_numpy()
    variance[kinds["census"]] += (pq * (1 / n + (1 - 1 / n) * over))[kinds["census"]]
    variance[kinds["survey"]] += (pq / (share * n))[kinds["survey"]]
    variance[kinds["unknown"]] += (pq * scale) ** 2
    rates = [
        simulate(demo, seed, truth, evidence=evidence, broken=broken, rounded=rounded).table["rate"]
        for seed in SEEDS
    ]
    return (np.array(rates) - P) / np.sqrt(variance)


def test_figures_of_a_mean_are_drawn_around_the_rates_of_the_model(
    demo: Study, evidence: Evidence
) -> None:
    """Without error a figure is W p: the operator, all terms and the duration curve are used."""
    exact = without_error(evidence)
    truth = silent(prior_draw(demo, exact, np.random.default_rng(3)))
    rates = simulate(demo, 1, truth, evidence=exact, rounded=False).table["rate"]
    figures = row_rates(truth, demo, exact.cells, exact.operator)[0, 0]
    assert_allclose(rates, figures, rtol=0, atol=2e-4)


SILENT = {"overdispersion": 1e-12, "effective_share": 1.0}


def silent(truth: xr.Dataset) -> xr.Dataset:
    """Return a truth whose census and survey rows do not scatter beyond a binomial."""
    return truth.assign({name: xr.full_like(truth[name], v) for name, v in SILENT.items()})


def without_error(evidence: Evidence) -> Evidence:
    """Return evidence of so many people that figures are their means."""
    return replace(evidence, rows=evidence.rows.assign(n=1e9, rounding=np.nan))


@pytest.mark.parametrize("intercept", [-60.0, 60.0])
@pytest.mark.parametrize("name", ["china_ai_2030", "demo"])
def test_rates_at_the_edge_stay_readable(name: str, intercept: float) -> None:
    """Where all or none stay, the table says 1 or 0, no remainder is lost, and the model reads a
    density half a step away from the edge.
    """
    study = load_study(name)
    own = load_evidence(study)
    draw = prior_draw(study, own, np.random.default_rng(2))
    truth = draw.assign(intercept=xr.full_like(draw["intercept"], intercept))
    simulated = simulate(study, 1, truth, evidence=own)
    assert_array_equal(simulated.table["rate"], float(intercept > 0))
    assert len(simulated.evidence.rows) == len(own.rows)
    errors = error_model(simulated.evidence, study.stay.priors).rates
    from_edge = np.minimum(errors.rate, 1 - errors.rate)
    half = simulated.evidence.rows["rounding"].to_numpy()[errors.row] / 2
    assert_allclose(from_edge, np.maximum(half, 1e-4), rtol=1e-9)


# Truths that the model does not know


def logits_of(simulated: Simulated, demo: Study, evidence: Evidence) -> np.ndarray:
    """Return the logit of each cell that the evidence sees."""
    return logit(cell_rates(simulated.truth, demo, evidence.cells)[0, 0])


@pytest.mark.parametrize("year", [2006, 2010, 2013, 2014, 2030])
def test_a_trend_break_moves_cohorts_from_its_year_on(
    demo: Study, evidence: Evidence, year: int
) -> None:
    """All logits move by the size from the year on and nothing else does; the trend stays pinned,
    and figures follow the cells.
    """
    exact = without_error(evidence)
    truth = silent(prior_draw(demo, exact, np.random.default_rng(3)))
    plain, broken = (
        simulate(demo, 5, truth, evidence=exact, rounded=False, broken=one)
        for one in (None, TrendBreak(year, -0.4))
    )
    figures = row_rates(broken.truth, demo, exact.cells, exact.operator)[0, 0]
    assert_allclose(broken.table["rate"], figures, rtol=0, atol=2e-4)
    hit = -0.4 * exact.cells["cohort"].ge(year).to_numpy()
    assert_allclose(logits_of(broken, demo, exact) - logits_of(plain, demo, exact), hit, atol=1e-9)
    moved = (broken.truth - plain.truth).map(lambda one: np.abs(one).max())
    assert {str(name) for name in moved if moved[name] > 0} <= {"trend", "intercept"}
    assert broken.truth["trend"].sel(cohort=2013).item() == 0
    away = logit(broken.stay_rates) - logit(plain.stay_rates)
    single = away.sel(origin=list(demo.evidence.origins), field=list(demo.evidence.fields))
    expected = xr.where(single["cohort"] >= year, -0.4, 0.0).broadcast_like(single)
    assert_allclose(single, expected.transpose(*single.dims), atol=1e-9)


def test_a_definition_shift_moves_its_figures_alone(demo: Study, evidence: Evidence) -> None:
    """Figures of the definition are off by the size from the year on; others, what is true and the
    stay rates are as they were.
    """
    exact = without_error(evidence)
    truth = level_truth(demo, exact, **SILENT)
    shift = DefinitionShift("intention", 2012, 0.7)
    plain, off = (
        simulate(demo, 5, truth, evidence=exact, rounded=False, broken=broken)
        for broken in (None, shift)
    )
    rows = off.evidence.rows
    hit = rows["definition"].eq("intention") & rows["cohort_start"].ge(2012)
    assert 0 < hit.sum() < rows["definition"].eq("intention").sum()
    assert_allclose(logit(off.table["rate"]), 0.4 + 0.7 * hit, rtol=0, atol=2e-3)
    assert_allclose(logit(plain.table["rate"]), 0.4, rtol=0, atol=2e-3)
    xr.testing.assert_identical(off.truth, plain.truth)
    xr.testing.assert_identical(off.stay_rates, plain.stay_rates)


def test_a_shift_of_the_reference_moves_no_truth(demo: Study, evidence: Evidence) -> None:
    """If the figures of the reference are off, the stay rates are not."""
    plain = simulate(demo, 5, evidence=evidence)
    off = simulate(demo, 5, evidence=evidence, broken=DefinitionShift("resident", 2006, 3.0))
    xr.testing.assert_identical(off.stay_rates, plain.stay_rates)
    resident = plain.table["definition"].eq("resident")
    assert (off.table["rate"] > plain.table["rate"])[resident].mean() > 0.9


def test_heavier_overdispersion_scatters_rows_alone(demo: Study, mixed: Evidence) -> None:
    """Variance beyond a binomial is the factor times what it was; means and truth are kept."""
    truth = level_truth(demo, mixed)
    heavy = truth.assign(
        overdispersion=4 * truth["overdispersion"],
        effective_share=truth["effective_share"] / 4,
        source_scale=2 * truth["source_scale"],
    )
    factor = HeavierOverdispersion(4.0)
    standard = standardised(demo, mixed, truth, heavy, factor, rounded=False, known=4.0)
    for where in kinds_of(mixed.rows).values():
        near(standard[:, where])
    plain, broken = (simulate(demo, 3, evidence=mixed, broken=one) for one in (None, factor))
    xr.testing.assert_identical(broken.truth, plain.truth)
    xr.testing.assert_identical(broken.stay_rates, plain.stay_rates)


def test_a_factor_of_one_and_a_size_of_zero_change_nothing(demo: Study) -> None:
    """A truth that is broken by nothing gives the same table."""
    plain = simulate(demo, 6)
    nothing = (HeavierOverdispersion(1.0), DefinitionShift("intention", 2010, 0.0))
    for broken in (*nothing, TrendBreak(2010, 0.0)):
        pd.testing.assert_frame_equal(simulate(demo, 6, broken=broken).table, plain.table)


# What is refused


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            DefinitionShift("visa", 2012, 0.1),
            "definition is one of resident, intention; got 'visa'. Choose one of them.",
        ),
        (
            DefinitionShift("resident", 2031, 0.1),
            "year is a cohort of the study, 2006 to 2030; got 2031. Choose one between.",
        ),
        (
            TrendBreak(2005, 0.1),
            "year is a cohort of the study, 2006 to 2030; got 2005. Choose one between.",
        ),
        (
            TrendBreak(2012, float("nan")),
            "size is a number of logits; got nan. Write 0.3 or so.",
        ),
        (
            HeavierOverdispersion(0.0),
            "factor is a number above zero; got 0. Write 2 for twice the variance.",
        ),
    ],
)
def test_a_broken_truth_that_does_not_fit_is_refused(
    demo: Study, evidence: Evidence, broken: BrokenTruth, told: str
) -> None:
    """One sentence with the rule, what was got, and the way out."""
    with pytest.raises(StudyError) as caught:
        simulate(demo, 1, evidence=evidence, broken=broken)
    assert str(caught.value) == told


def test_a_truth_is_one_draw_of_everything(
    demo: Study, evidence: Evidence, fitted: xr.Dataset
) -> None:
    """Several draws, a term that lacks and labels of another study are refused."""
    with pytest.raises(RunError, match=r"one draw of one chain; got 4 x 50\. Take posterior"):
        simulate(demo, 1, fitted, evidence=evidence)
    truth = fitted.isel(chain=[0], draw=[0])
    for wrong in (truth.drop_vars("trend"), truth.isel(cohort=slice(1, None))):
        with pytest.raises(RunError, match="got trend otherwise"):
            simulate(demo, 1, wrong, evidence=evidence)
    other = truth.assign_coords(definition_counted=["resident"])
    with pytest.raises(RunError, match="got overdispersion otherwise"):
        simulate(demo, 1, other, evidence=evidence)


def test_a_remainder_without_its_parts_is_refused() -> None:
    """No total can be printed for a remainder whose parts were dropped."""
    study = load_study("china_ai_2030")
    own = load_evidence(study)
    alone = only(own, own.rows["derived"].to_numpy())
    with pytest.raises(EvidenceError, match=r"got ALL except .* without\. Pass the evidence"):
        simulate(study, 1, evidence=alone)
