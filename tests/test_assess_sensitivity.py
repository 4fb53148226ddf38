"""Sensitivity to priors: closed forms, hand values, planted conflicts, refits beside weights."""

from dataclasses import replace
from pathlib import Path

import arviz_stats as azs
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from scipy.special import ndtri

from forecast.assess import power_scaling as scaling
from forecast.assess import prior_refits as refitting
from forecast.assess.headline_draws import headline_share, headline_stay_rate
from forecast.assess.headline_trees import share_tree, stay_tree
from forecast.assess.jobs import Batch
from forecast.assess.paired_changes import paired_changes, paired_error, rarer_ratio
from forecast.assess.power_scaling import CONFLICT, EVERY, FINE, STRONG, power_scaling
from forecast.assess.prior_densities import (
    inflow_scales,
    log_density,
    stay_densities,
    upstream,
    workforce_densities,
)
from forecast.assess.prior_refits import WorkforceRefit, draws_under, prior_refits
from forecast.assess.prior_words import matters, prior_sentences
from forecast.assess.sensitivity import sensitivity, tornado
from forecast.assess.top_priors import (
    TopPrior,
    named_priors,
    top_priors,
    widened,
    with_prior,
)
from forecast.errors import RunError
from forecast.inference import fit as fit_study
from forecast.share import of_fit
from forecast.share.headline import headline_of
from forecast.share.inflow import WINDOW, group_flow, last_level
from forecast.share.inputs import HELD_OVER
from forecast.share.model import share_model
from forecast.share.of_fit import inputs_of
from forecast.share.together import moving_together
from forecast.stay.posterior import SAMPLE
from forecast.stay.predict import reference_rates
from forecast.study import frozen, load_study
from forecast.study.priors import Beta, HalfCauchy, HalfNormal, LogNormal, Normal, RootInverseGamma
from forecast.study.schema import LaplaceSpec

STEPS = 60  # of a calibration
BY, BOUND = 2028, 0.33  # the headline of the demo's share
WHY = "a prior of a test"
ONE = Batch(workers=1)


def normal(loc: float, scale: float) -> Normal:
    return Normal(dist="normal", loc=loc, scale=scale, reason=WHY)


def lognormal(median: float, sigma: float) -> LogNormal:
    return LogNormal(dist="lognormal", median=median, sigma=sigma, reason=WHY)


def tree_of(quantities: dict, priors: dict, evidence: dict) -> xr.DataTree:
    """Return a tree with arrays (chain, draw) in its three groups."""
    groups = {"posterior": quantities, "log_prior": priors, "log_likelihood": evidence}
    return xr.DataTree.from_dict(
        {
            name: xr.Dataset({key: (SAMPLE, value) for key, value in group.items()})
            for name, group in groups.items()
        }
    )


@pytest.fixture(scope="module")
def fit():
    """Return a variant of the demo, fitted.

    It asks whether a share is at most 33 %, which is neither sure nor excluded.
    """
    study = load_study("demo")
    asked = study.share.headline.model_copy(update={"at_most": BOUND})
    share = study.share.model_copy(update={"headline": asked})
    sampler = study.sampler.model_copy(update={"laplace": LaplaceSpec(draws=400)})
    changed = study.model_copy(update={"share": share, "sampler": sampler})
    return fit_study(changed, "laplace", seed=1)


@pytest.fixture(scope="module")
def model(fit):
    return share_model(inputs_of(fit), 1, BY, STEPS)


@pytest.fixture(scope="module")
def found(fit):
    """Return the sensitivity of the demo, with refits of one prior of each part at least."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "SHIFTS", 20)
        patch.setattr(refitting, "CALIBRATIONS", 2)
        return sensitivity(fit, ["definition_offset", "selection"], ONE)


# a normal mean: prior N(0, 1), evidence N(3, 1), so the posterior is N(1.5, 1/2), exactly spread
EVENLY = ndtri((np.arange(4000) + 0.5) / 4000)
MEAN = 1.5 + np.sqrt(0.5) * np.random.default_rng(1).permutation(EVENLY).reshape(4, 1000)
OTHER = np.random.default_rng(2).permutation(EVENLY).reshape(4, 1000)
CONJUGATE = tree_of(
    {"mean": MEAN},
    {"mean": -(MEAN**2) / 2, "other": -(OTHER**2) / 2},
    {"y": -((MEAN - 3) ** 2) / 2},
)


def cjs_distance(first, second, low: float, high: float) -> float:
    """Return the cumulative Jensen-Shannon distance of two distributions on a stretch.

    Nguyen & Vreeken 2015, doi 10.1007/978-3-319-23525-7_11, as Kallioinen et al. 2024 scale it.
    """

    def one_way(flip: bool) -> float:
        x = np.linspace(low, high, 20_001)
        p, q = (1 - d.cdf(x) if flip else d.cdf(x) for d in (first, second))
        m = (p + q) / 2
        both = [np.trapezoid(a * np.log2(a / m), x) for a in (p, q)]
        return np.sqrt(sum(both) / np.trapezoid(p + q, x))

    return max(one_way(False), one_way(True))


def power_index(at: dict, low: float, high: float) -> float:
    """Return the index in closed form, ``at`` the posterior at each power."""
    return np.mean(
        [cjs_distance(at[1.0], at[a], low, high) / abs(np.log2(a)) for a in (0.99, 1.01)]
    )


def test_power_scaling_of_a_normal_mean_is_the_closed_form():
    """With the prior to the power a the posterior of the mean is N(3 / (a + 1), 1 / (a + 1)).

    The index is the distance of these normals; the slope is log 2 d/da 3 / (a + 1) = -.75 log 2.
    With the evidence to the power a it is N(3 a / (a + 1), 1 / (a + 1)).
    """
    table = power_scaling(CONJUGATE).set_index("prior")
    ends = MEAN.min(), MEAN.max()
    powers = (0.99, 1.0, 1.01)
    prior = {a: stats.norm(3 / (a + 1), (a + 1) ** -0.5) for a in powers}
    evidence = {a: stats.norm(3 * a / (a + 1), (a + 1) ** -0.5) for a in powers}

    np.testing.assert_allclose(table["index"]["mean"], power_index(prior, *ends), rtol=0.02)
    np.testing.assert_allclose(table["likelihood"]["mean"], power_index(evidence, *ends), rtol=0.02)
    slope, error = table.loc["mean", ["slope", "slope_se"]]
    assert abs(slope + 0.75 * np.log(2)) < 4 * error < 0.1


def test_a_conflict_is_flagged_and_an_unrelated_prior_is_not():
    """Prior and evidence three apart are in conflict; a prior of another parameter is not flagged.

    Its index is noise: not above that of draws out of step with it.
    """
    table = power_scaling(CONJUGATE).set_index("prior")

    assert table["diagnosis"].to_dict() == {"mean": CONFLICT, "other": FINE, EVERY: CONFLICT}
    assert table["flagged"].to_dict() == {"mean": True, "other": False, EVERY: True}
    assert table["index"]["other"] <= table["noise"]["other"]


def test_a_prior_that_meets_no_evidence_is_strong():
    """Where the evidence says nothing the posterior is the prior, and so is all sensitivity."""
    flat = tree_of({"mean": OTHER}, {"mean": -(OTHER**2) / 2}, {"y": -1e-6 * OTHER**2})
    row = power_scaling(flat).iloc[0]

    assert row["diagnosis"] == STRONG
    assert row["likelihood"] < 1e-3


def test_indices_and_words_are_those_of_arviz():
    """For each prior alone ``psense_summary`` gives the same indices and the same diagnosis."""
    table = power_scaling(CONJUGATE).set_index("prior")
    for name in ("mean", "other", EVERY):
        names = None if name == EVERY else name
        theirs = azs.psense_summary(CONJUGATE, prior_var_names=names, round_to=12).loc["mean"]
        np.testing.assert_allclose(
            table.loc[name, ["index", "likelihood"]].to_numpy(float),
            theirs[["prior", "likelihood"]].to_numpy(float),
            rtol=0,
            atol=1e-11,
        )
        assert table["diagnosis"][name] == theirs["diagnosis"]


def test_a_number_that_does_not_vary_has_no_row():
    """A probability of which no draw is on the other side has no distance to speak of."""
    still = {"mean": MEAN, "never": np.zeros_like(MEAN)}
    table = power_scaling(tree_of(still, {"mean": -(MEAN**2) / 2}, {"y": -(MEAN**2)}))
    alone = power_scaling(tree_of({"never": still["never"]}, {"m": -(MEAN**2)}, {"y": -(MEAN**2)}))

    assert table["quantity"].unique().tolist() == ["mean"]
    assert alone.empty
    assert alone.columns.tolist() == table.columns.tolist()


KINDS = (
    normal(0.3, 0.7),
    HalfNormal(dist="half_normal", scale=0.4, reason=WHY),
    HalfCauchy(dist="half_cauchy", scale=0.4, reason=WHY),
    lognormal(2.0, 0.3),
    Beta(dist="beta", a=4.0, b=6.0, reason=WHY),
    RootInverseGamma(dist="root_inverse_gamma", shape=8.0, rate=2.0, reason=WHY),
)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_widened_by_moments(factor: float):
    """Widening by f multiplies the standard deviation of normal, half-normal and log value by f.

    And the median of a half-Cauchy. Means of a normal, a beta and a precision, and the median of a
    lognormal, stay; a beta counts 1 / f as many observations, a precision has f times the variance.
    """
    before = [frozen(prior) for prior in KINDS]
    after = [frozen(widened(prior, factor)) for prior in KINDS]
    for place, spread in ((0, "std"), (1, "std"), (2, "median")):
        one, other = (getattr(d[place], spread)() for d in (before, after))
        np.testing.assert_allclose(other / one, factor, rtol=1e-12)
    np.testing.assert_allclose(after[0].mean(), 0.3, rtol=1e-12)
    np.testing.assert_allclose(after[3].median(), 2.0, rtol=1e-12)
    np.testing.assert_allclose(np.log(after[3].ppf(0.8413447) / 2), 0.3 * factor, rtol=1e-6)
    np.testing.assert_allclose(after[4].mean(), 0.4, rtol=1e-12)
    np.testing.assert_allclose(0.24 / after[4].var() - 1, 10 / factor, rtol=1e-9)
    wide = widened(KINDS[5], factor)
    np.testing.assert_allclose(wide.shape / wide.rate, 4.0, rtol=1e-12)
    np.testing.assert_allclose(wide.shape / wide.rate**2, 2.0 * factor, rtol=1e-12)


@pytest.mark.parametrize("prior", KINDS[:2] + KINDS[3:4])
def test_wider_by_two_is_the_power_of_a_quarter(prior):
    """A quarter of the log density is, but for a constant, that of the prior twice as wide."""
    x = np.linspace(0.1, 3.0, 7)
    rest = log_density(prior, x) / 4 - log_density(widened(prior, 2.0), x)
    np.testing.assert_allclose(np.ptp(rest), 0, rtol=0, atol=1e-12)


def test_a_beta_of_a_file_has_a_density_at_its_ends():
    """A share that single precision has rounded to 1 keeps a finite weight."""
    beta = Beta(dist="beta", a=20.0, b=1.5, reason=WHY)
    assert np.isfinite(log_density(beta, np.array([0.0, 1.0]))).all()


def test_priors_are_replaced_one_at_a_time():
    """A study with another prior differs in that prior alone; a wrong name or width is refused."""
    study = load_study("demo")
    for part, name in (("stay", "rho_field"), ("share", "growth")):
        own = study.stay.priors if part == "stay" else study.share.priors
        wide = widened(getattr(own, name), 2.0)
        other = with_prior(study, TopPrior(part, name, wide))
        now = other.stay.priors if part == "stay" else other.share.priors
        assert getattr(now, name) == wide
        back = with_prior(other, TopPrior(part, name, getattr(own, name)))
        assert back == study
    listed = top_priors(study, xr.Dataset({"intercept": 0.0}))
    with pytest.raises(
        RunError, match=r"a prior is one of intercept, start_logit.*got sigma_nought"
    ):
        named_priors(listed, ["sigma_nought"])
    with pytest.raises(RunError, match="width is above zero; got 0"):
        widened(normal(0, 1), 0.0)


def test_top_priors_are_those_that_act(fit):
    """Parameters that the model of the study has not are left out, and a basis where it is one."""
    names = [one.name for one in top_priors(fit.study, fit.posterior)]

    assert {"intercept", "definition_offset", "duration_step", "inflow_noise"} <= set(names)
    assert not {"sigma_shock", "volatility_origin", "basis_offset", "source_scale"} & set(names)


def test_stay_densities_are_those_of_the_fit(fit):
    """But for the logarithm of a lognormal value they are the densities that the tree carries."""
    own = stay_densities(fit.posterior, top_priors(fit.study, fit.posterior))
    theirs = fit.tree["log_prior"].to_dataset()

    for name, offset in (("phi_slope", 0.0), ("sigma_trend", np.log(fit.posterior["sigma_trend"]))):
        xr.testing.assert_allclose(own[name], theirs[name] + offset, rtol=1e-10)
    steps = theirs["duration_step"].sum("knot")
    xr.testing.assert_allclose(own["duration_step"], steps, rtol=1e-10)


def test_draws_of_the_workforce_stand_beside_their_stay_draws(fit, monkeypatch):
    """Where a projection carries every third draw, priors and evidence are those of that draw."""
    monkeypatch.setattr(of_fit, "MOST_DRAWS", 540)
    thin = share_model(inputs_of(fit), 1, BY, STEPS)
    tree = share_tree(fit, thin, top_priors(fit.study, fit.posterior))

    assert dict(tree["posterior"].sizes) == {"chain": 4, "draw": 134}
    every_third = fit.posterior.isel(draw=slice(None, None, 3))
    slope = every_third["phi_slope"].to_numpy()
    density = frozen(fit.study.stay.priors.phi_slope).logpdf(slope)
    np.testing.assert_allclose(tree["log_prior"]["phi_slope"], density, rtol=1e-12)
    rows = fit.tree["log_likelihood"]["rate"].sum("row").isel(draw=slice(None, None, 3))
    np.testing.assert_allclose(tree["log_likelihood"]["stay"], rows, rtol=1e-12)


def test_headline_numbers_are_those_of_the_headline(fit, model):
    """The share and its probability are ``headline_of``'s, the stay rate is the report's first."""
    asked = headline_of(model)
    share = headline_share(model)
    np.testing.assert_allclose(np.median(share), asked["share_median"], rtol=1e-12)
    np.testing.assert_allclose(np.mean(share <= BOUND), asked["probability"], rtol=1e-12)
    rate = headline_stay_rate(fit.posterior, fit.study, fit.evidence)
    cells = reference_rates(fit.posterior, fit.study, 5.0, [2016])
    np.testing.assert_allclose(rate, cells.sel(origin="north", field="alpha").squeeze("cohort"))


def test_a_prior_of_the_workforce_moves_no_stay_draw(fit, model):
    """Its weights are uncorrelated with what the calibration is given: a cut has no feedback."""
    priors = top_priors(fit.study, fit.posterior)
    facts = upstream(model)
    for name, density in workforce_densities(model, priors).items():
        if not name.startswith("inflow"):
            products = (facts - facts.mean(0)) * (density - density.mean())[:, None]
            np.testing.assert_allclose(products.mean(0), 0, rtol=0, atol=1e-9)


def test_what_is_upstream_is_all_of_it(fit, model):
    """Two calibrations of the same stay draws share nothing but what was upstream of both.

    On the demo departures say a good deal of the exit rate, so its raw density is correlated
    between the two; less its mean given upstream it is not.
    """
    again = share_model(model.inputs, 2, BY, STEPS)
    one = TopPrior("share", "exit_rate", fit.study.share.priors.exit_rate)
    raw = [log_density(one.prior, m.calibration.theta.exit_rate) for m in (model, again)]
    left = [workforce_densities(m, [one])["exit_rate"] for m in (model, again)]

    error = 1 / np.sqrt(len(left[0]))
    assert np.corrcoef(*raw)[0, 1] > 3 * error > abs(np.corrcoef(*left)[0, 1])


def test_inflow_scales_are_those_behind_the_paths(model):
    """With the scales drawn again the factors of the share model come out to the last digit."""
    inputs, seed = model.inputs, model.settings.seed
    last, names = inputs.last_published, list(inputs.spec.groups)
    flows = [group_flow(inputs.sizes, inputs.domestic, inputs.spec, name) for name in names]
    known = [flow.sel(cohort=slice(last - WINDOW + 1, last)).to_numpy() for flow in flows]
    ahead = int(flows[0]["cohort"].max()) - last
    changed = np.diff(np.log(np.column_stack(known)), axis=0)
    moves = moving_together(changed, ahead, inputs.draws, np.random.default_rng([seed, 0]))
    years = [model.span.index(year) for year in model.span if year > last]
    for g, (name, (step, noise)) in enumerate(inflow_scales(model).items()):
        rng = np.random.default_rng([seed, *name.encode()])
        rng.random(inputs.draws)  # what the choice of scales takes
        mean, sd = last_level(np.log(known[g]), step, noise)
        level = mean + sd * rng.standard_normal(inputs.draws) + np.cumsum(step * moves[g], axis=0)
        path = np.exp(level + noise * rng.standard_normal(moves[g].shape)).T
        factor = path / known[g][-HELD_OVER:].mean()
        np.testing.assert_allclose(model.factors[:, years, g], factor[:, : len(years)], rtol=1e-12)


def test_a_planted_conflict_is_flagged_and_an_idle_prior_is_not(fit):
    """Selection at a fifth where shares say about one, with nothing to make up for it.

    The prior is flagged as in conflict with the evidence; the noise of single years is idle.
    """
    study = fit.study
    planted = {
        "selection": lognormal(0.2, 0.4),
        "direct_arrivals": lognormal(0.25, 0.02),
        "turnover": lognormal(0.2, 0.05),
        "growth": normal(0.03, 0.005),
        "tier_stay": normal(0.0, 0.02),
    }
    for name, prior in planted.items():
        study = with_prior(study, TopPrior("share", name, prior))
    planted_fit = replace(fit, study=study)
    model = share_model(inputs_of(planted_fit), 1, BY, 100)
    both = named_priors(top_priors(study, fit.posterior), ["selection", "inflow_noise"])
    table = power_scaling(share_tree(planted_fit, model, both))
    share = table[table["quantity"].eq("share")].set_index("prior")

    assert share["diagnosis"].to_dict() | {EVERY: ""} == {
        "selection": CONFLICT,
        "inflow_noise": FINE,
        EVERY: "",
    }
    assert share["slope"]["selection"] < 0  # the prior pulls the share of a foreign group down


def test_tables_of_a_study(found):
    """Each prior has a row for each number it can move, each refit one of each width."""
    power, changes, bars = found.power, found.changes, found.refits

    by = power.groupby("quantity", sort=False)["prior"].nunique()
    assert by.index.tolist() == ["stay_rate", "share", "probability"]
    assert by["share"] == by["probability"] == by["stay_rate"] + 11  # priors of the workforce
    assert power["part"].unique().tolist() == ["stay", "all", "share"]
    told = changes.groupby("prior")["quantity"].unique().map(list).to_dict()
    assert told["definition_offset"] == ["stay_rate", "share", "probability"]
    assert told["selection"] == ["share", "probability"]
    factors = changes.groupby(["prior", "quantity"])["factor"].agg(list)
    assert all(both == [0.5, 2.0] for both in factors)
    assert changes["skipped"].eq("").all()
    assert len(bars) == len(changes) / 2
    assert bars.groupby("quantity")["spread"].apply(lambda x: x.is_monotonic_decreasing).all()


def test_refits_agree_with_power_scaling(found):
    """A wider prior is a weaker one: where a slope is sure, the refits go its way.

    Half the width is the power of four, two doublings; twice the width two halvings.
    """
    slopes = found.power.set_index(["prior", "quantity"])
    for prior, quantity in (("definition_offset", "stay_rate"), ("selection", "share")):
        slope, error = slopes.loc[(prior, quantity), ["slope", "slope_se"]]
        own = found.changes.query("prior == @prior and quantity == @quantity").set_index("factor")
        assert abs(slope) > 2 * error
        assert np.sign(own["change"][0.5]) == np.sign(slope) == -np.sign(own["change"][2.0])
        spread = own["change"][0.5] - own["change"][2.0]
        assert 0.3 < spread / (4 * slope) < 3


def test_the_prior_of_selection_matters_on_the_demo(found):
    """Whether foreign graduates enter as often as others: no figure of the demo says so.

    The sentence has the numbers of the table.
    """
    (sentence,) = [one for one in found.sentences if "The prior of selection" in one]
    row = found.refits.query("prior == 'selection' and quantity == 'share'").iloc[0]

    assert row["matters"]
    assert f"{100 * row['narrower']:.1f} %" in sentence
    assert "LogNormal(median 1, sigma 1.2)" in sentence


def test_same_seed_same_bytes_and_a_batch_that_resumes(fit, tmp_path: Path, monkeypatch):
    """Results on disk are not made again, and what is made again is the same to the last digit."""
    monkeypatch.setattr(refitting, "CALIBRATIONS", 1)
    noise = named_priors(top_priors(fit.study, fit.posterior), ["inflow_noise"])
    batch = Batch(tmp_path / "one", workers=1)
    wide = (2.0,)
    first = prior_refits(fit, noise, batch, wide)
    again = prior_refits(fit, noise, Batch(tmp_path / "two", workers=1), wide)
    monkeypatch.setattr(refitting, "draws_under", None)
    resumed = prior_refits(fit, noise, batch, wide)

    pd.testing.assert_frame_equal(first, again, check_exact=True)
    pd.testing.assert_frame_equal(first, resumed, check_exact=True)


def test_a_fit_of_another_engine_is_set_against_a_laplace_fit(fit, monkeypatch):
    """The base of the refits is then the Laplace fit of the same study and seed."""
    monkeypatch.setattr(refitting, "CALIBRATIONS", 1)
    noise = named_priors(top_priors(fit.study, fit.posterior), ["inflow_noise"])
    own = prior_refits(fit, noise, ONE, factors=(2.0,))
    tree = fit.tree.copy()
    tree.attrs = fit.tree.attrs | {"engine": "nuts"}
    tree["posterior"] = xr.DataTree(fit.posterior.isel(draw=slice(None, None, 2)))
    other = prior_refits(replace(fit, tree=tree), noise, ONE, factors=(2.0,))

    pd.testing.assert_frame_equal(own, other, check_exact=True)


def test_what_cannot_be_fitted_is_skipped_and_told(model):
    """A prior under which the evidence is impossible has a row that says so."""
    spec = with_prior(
        load_study("demo"), TopPrior("share", "design_effect", lognormal(1e9, 0.01))
    ).share
    skipped = draws_under(WorkforceRefit(replace(model.inputs, spec=spec), 1))
    (change,) = paired_changes(skipped, skipped, 0.2)

    assert change.skipped.startswith("the priors of [share] allow the workforce evidence")
    assert change.quantity == ""


def test_changes_by_hand():
    """Draws of 0 to 1, moved by .1: so is the median, and P(at most .25) falls from .25 to .15.

    Both sets have the same draws, so the change of the median has no Monte Carlo error.
    """
    known = pd.DataFrame(
        {"share 0": np.random.default_rng(1).permutation(np.arange(0.0005, 1, 1e-3))}
    )
    rows = {one.quantity: one for one in paired_changes(known + 0.1, known, bound=0.25)}

    np.testing.assert_allclose(rows["share"].change, 0.1, rtol=1e-9)
    np.testing.assert_allclose(rows["share"].change_in_sd, 0.1 * np.sqrt(12), rtol=2e-3)
    np.testing.assert_allclose(rows["share"].mcse, 0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        [rows["probability"].base, rows["probability"].value], [0.25, 0.15], rtol=1e-9
    )
    np.testing.assert_allclose(rows["probability"].ratio, 150.5 / 250.5, rtol=1e-9)


def test_the_jackknife_of_a_mean_is_its_textbook_error():
    """Of independent sets it is the root of the summed squares, of stretches it is that of blocks.

    Draws that come in blocks of ten equal ones are worth a tenth.
    """
    rng = np.random.default_rng(1)
    error = [
        paired_error(np.mean, *np.repeat(rng.standard_normal((2, 400)), 10, axis=1))
        for _ in range(200)
    ]
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(error))), np.sqrt(2 / 400), rtol=0.06)


def test_the_rarer_side_is_told():
    """From none of 100 draws to two: 2.5 draws for .5; of a probable event its opposite counts."""
    np.testing.assert_allclose(rarer_ratio(0.0, 0.02, 100), 5.0, rtol=1e-12)
    np.testing.assert_allclose(rarer_ratio(1.0, 0.98, 100), 5.0, rtol=1e-12)


ROW = {"part": "stay", "prior": "intercept", "skipped": "", "mcse": 0.001}
RATE = ROW | {"quantity": "stay_rate", "base": 0.8, "ratio": np.nan}
CHANCE = ROW | {"quantity": "probability", "base": 0.02, "change_in_sd": np.nan}
BY_HAND = pd.DataFrame(
    [
        RATE | {"factor": 0.5, "value": 0.79, "change": -0.01, "change_in_sd": -0.25},
        CHANCE | {"factor": 0.5, "value": 0.01, "change": -0.01, "ratio": 0.5},
        RATE | {"factor": 2.0, "value": 0.803, "change": 0.003, "change_in_sd": 0.08},
        CHANCE | {"factor": 2.0, "value": 0.021, "change": 0.001, "ratio": 1.05},
    ]
)


def test_sentences_by_hand():
    """One sentence a prior, with the priors that move a number and the numbers they move."""
    study = load_study("demo")
    offset = TopPrior("stay", "definition_offset", normal(0.0, 0.5))
    priors = [TopPrior("stay", "intercept", normal(1.0, 1.0)), offset]

    assert prior_sentences(BY_HAND, study, priors) == (
        "The prior of intercept in the stay model, Normal(1, 1), matters: with Normal(1, 0.5) the "
        "stay rate after 5 years of the 2016 cohort from North in field alpha falls from 80.0 % to "
        "79.0 % (0.25 of its posterior standard deviation) and the probability that the share of "
        "North in 2028 is at most 20 % falls from 2.0 % to 1.0 % (by a factor of 2.0).",
    )


def test_small_and_unsure_changes_do_not_matter():
    """A tenth of a standard deviation, a factor of 1.5, three Monte Carlo errors are bounds."""
    table = pd.DataFrame(
        {
            "change": [0.02, 0.02, 0.02, 0.02, 0.02, np.nan],
            "mcse": [0.001, 0.001, 0.001, 0.001, 0.007, np.nan],
            "change_in_sd": [-0.11, 0.09, np.nan, np.nan, 0.5, np.nan],
            "ratio": [np.nan, np.nan, 0.66, 1.4, np.nan, np.nan],
        }
    )
    assert matters(table).tolist() == [True, False, True, False, False, False]


def test_tornado_by_hand():
    """Bars reach over both refits and base; skipped refits have none."""
    skipped = pd.DataFrame([ROW | {"prior": "rho", "quantity": "", "skipped": "no mode"}])
    bars = tornado(pd.concat([BY_HAND, skipped], ignore_index=True))

    assert bars["quantity"].tolist() == ["probability", "stay_rate"]
    rate = bars.iloc[1]
    np.testing.assert_allclose(
        rate[["base", "narrower", "wider", "low", "high", "spread"]].to_numpy(float),
        [0.8, 0.79, 0.803, 0.79, 0.803, 0.013],
        rtol=1e-9,
    )
    assert bars["matters"].tolist() == [True, True]
    assert tornado(BY_HAND.iloc[:0]).columns.tolist() == bars.columns.tolist()


def test_a_study_without_a_workforce_has_its_stay_rate(fit):
    """There is one number, priors of the stay model alone, and with no refits no sentence."""
    alone = replace(fit, study=fit.study.model_copy(update={"share": None, "scenarios": {}}))
    priors = top_priors(alone.study, fit.posterior)
    table = power_scaling(stay_tree(alone, priors[:2]))

    assert {one.part for one in priors} == {"stay"}
    assert table["quantity"].unique().tolist() == ["stay_rate"]
    empty = prior_refits(alone, [], ONE)
    assert empty.empty
    assert tornado(empty).empty
    assert prior_sentences(empty, alone.study, priors) == ()


@pytest.mark.parametrize(
    ("base", "value", "told"),
    [
        (0.0004, 0.006, "rises from 0.04 % to 0.60 % (by a factor of 3.0)"),
        (0.0, 0.006, "rises from none of the draws to 0.6 %"),
        (0.9, 0.7, "falls from 90.0 % to 70.0 % (its opposite by a factor of 3.0)"),
    ],
)
def test_rare_events_in_words(base: float, value: float, told: str):
    """A rate is not rounded to 0, none of the draws has no factor, of 90 % the opposite is told."""
    row = CHANCE | {"factor": 2.0, "base": base, "value": value, "change": value - base}
    table = pd.DataFrame([row | {"mcse": 1e-4, "ratio": 3.0}])
    (sentence,) = prior_sentences(
        table, load_study("demo"), [TopPrior("stay", "intercept", normal(1.0, 1.0))]
    )
    assert sentence.endswith(f"is at most 20 % {told}.")
