"""The Laplace engines from end to end on the simulated study."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import forecast as fc
from forecast.assess import check
from forecast.datasets import demo_truth
from forecast.evidence import load_evidence
from forecast.inference import Fit, fit, load_fit, save_fit, smoothed, stay_rate_draws
from forecast.inference.laplace import draw_nested
from forecast.inference.scale_posterior import moved_posterior, scale_posterior
from forecast.run import shown
from forecast.stay import stay_model
from forecast.study import Study
from forecast.study.schema import LaplaceSpec

pytestmark = pytest.mark.slow
GROUPS = {
    "posterior",
    "sample_stats",
    "posterior_predictive",
    "log_likelihood",
    "fitted",
    "observed_data",
    "log_prior",
    "constant_data",
}


@pytest.fixture(scope="module")
def study() -> Study:
    """The simulated study, with short Laplace engines."""
    demo = fc.load_study("demo")
    spec = LaplaceSpec(points=512, draws=500, sweeps=150)
    return demo.model_copy(update={"sampler": demo.sampler.model_copy(update={"laplace": spec})})


@pytest.fixture(scope="module")
def nested(study: Study) -> Fit:
    """A nested Laplace fit."""
    return fit(study, "laplace", seed=1)


@pytest.fixture(scope="module")
def exact(study: Study) -> Fit:
    """Exact chains on the Laplace fit."""
    return fit(study, "laplace-exact", seed=1)


def test_both_engines_give_the_tree_that_nuts_gives(nested: Fit, exact: Fit) -> None:
    """Groups, variables and dims are those of the reference engine: later steps take either."""
    model = stay_model(nested.study, nested.evidence)
    names = {term.name for term in model.structure.terms} | {s.name for s in model.top_level}
    for one in (nested, exact):
        assert set(one.tree.children) == GROUPS
        assert set(one.posterior.data_vars) == names
        assert one.posterior["trend_origin"].dims == ("chain", "draw", "origin", "cohort")
        assert all(np.isfinite(v.to_numpy()).all() for v in one.posterior.data_vars.values())
        pinned = one.posterior["trend_origin"].sel(cohort=nested.study.stay.reference_cohort)
        assert_array_equal(pinned, 0.0)


def test_the_same_seed_gives_the_same_draws(study: Study, nested: Fit) -> None:
    """Draws hang on the seed alone."""
    again = fit(study, "laplace", seed=1)
    xr.testing.assert_identical(again.posterior, nested.posterior)
    other = fit(study, "laplace", seed=2)
    assert not np.array_equal(other.posterior["intercept"], nested.posterior["intercept"])


def test_laplace_agrees_with_the_exact_chains(nested: Fit, exact: Fit) -> None:
    """Means of the scales and the stay rates agree within a fifth of a standard deviation.

    Both have a Monte Carlo error: about 1/15 with 250 effective draws, so 0.3 is four of them.
    """
    for name in nested.top_level:
        one, other = (f.posterior[name].mean(("chain", "draw")) for f in (nested, exact))
        sd = exact.posterior[name].std(("chain", "draw"))
        assert float(np.abs((one - other) / sd).max()) < 0.35, name
    one, other = (stay_rate_draws(f, 5) for f in (nested, exact))
    gap = (one.mean(("chain", "draw")) - other.mean(("chain", "draw"))) / other.std(
        ("chain", "draw")
    )
    assert float(np.abs(gap).max()) < 0.35
    ratio = one.std(("chain", "draw")) / other.std(("chain", "draw"))
    assert float(np.abs(np.log(ratio)).max()) < 0.25


def test_laplace_covers_the_truth(nested: Fit) -> None:
    """Intervals of 90 % hold at least eight in ten of the true stay rates of the simulation."""
    rates = stay_rate_draws(nested, 5)
    held = []
    for cell in demo_truth()["resident_5_years"]:
        at = {name: cell[name] for name in ("origin", "field", "cohort")}
        lower, upper = np.quantile(rates.sel(at).to_numpy(), [0.05, 0.95])
        held.append(lower <= cell["p"] <= upper)
    assert len(held) == 90
    assert np.mean(held) >= 0.8, f"{np.mean(held):.0%} of {len(held)} true rates are covered"


def test_a_saved_laplace_fit_comes_back(nested: Fit, tmp_path: Path) -> None:
    """The file says which engine drew, and keeps the importance weights."""
    save_fit(nested, tmp_path / "posterior.nc")
    back = load_fit(tmp_path / "posterior.nc")
    assert back.engine == "laplace"
    assert_allclose(
        back.tree["sample_stats"]["scale_log_weight"],
        nested.tree["sample_stats"]["scale_log_weight"],
        rtol=1e-6,
    )


def test_good_weights_pass_and_bad_weights_do_not(nested: Fit) -> None:
    """One weight that carries the sample is seen: few effective values, high Pareto k."""
    found = {one.check: one for one in check(nested, shown(nested))}
    assert {one.verdict for one in found.values()} == {"pass"}
    weights = stats.genpareto(c=1.5).rvs(512, random_state=1)
    bad = nested.tree.copy(deep=True)
    bad["sample_stats"]["scale_log_weight"].values[:] = np.log(weights)
    found = {
        one.check: one for one in check(Fit(nested.study, nested.evidence, bad), shown(nested))
    }
    assert found["Pareto k, scales"].verdict == "review"
    assert found["effective values of the scales"].value < 512 * 0.2


def test_smoothing_keeps_the_sign_of_weights() -> None:
    """The largest log weight stays the largest; weights of zero stay zero; they sum to one."""
    log_weight = np.append(np.random.default_rng(1).normal(0.0, 0.4, size=1000), -np.inf)
    smooth, k = smoothed(log_weight)
    assert np.argmax(smooth) == np.argmax(log_weight)
    assert smooth[-1] == -np.inf
    assert_allclose(np.exp(smooth).sum(), 1.0)
    assert k < 0.7


def test_a_refit_with_the_same_data_is_the_fit(study: Study) -> None:
    """Moving a posterior to the data it has changes nothing that Monte Carlo error does not."""
    model = stay_model(study, load_evidence(study))
    found = scale_posterior(model)
    moved = moved_posterior(found, model)
    assert_allclose(moved.proposal.centre, found.proposal.centre, atol=0.05)
    one, _ = draw_nested(found, model, study.sampler, 1)
    other, _ = draw_nested(moved, model, study.sampler, 1)
    for name in ("sigma_origin", "overdispersion"):
        gap = one[name].mean() - other[name].mean()
        assert abs(float(gap / one[name].std().mean())) < 0.3


def test_an_unknown_engine_is_refused(study: Study) -> None:
    """The message lists the engines."""
    with pytest.raises(ValueError, match="nuts, laplace, laplace-exact"):
        fit(study, "variational")
