"""Variants of the model: they change what they say, and stacking finds the true one."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from forecast.assess.jobs import Batch
from forecast.assess.loo import density_without
from forecast.assess.variants import (
    VARIANTS,
    Variant,
    compare_variants,
    variants_loo,
    variants_of,
    with_priors,
)
from forecast.errors import RunError
from forecast.evidence import load_evidence
from forecast.inference.engines import engine_named
from forecast.stay import stay_model
from forecast.study import Study, load_study
from forecast.study.priors import LogNormal
from forecast.study.schema import LaplaceSpec

ALONE = Batch(workers=1)
OTHER = LogNormal(dist="lognormal", median=1.0, sigma=0.5, reason="made up for a test")
CHANGES = {
    "no origin trends": {"sigma_trend_origin"},
    "no field trends": {"sigma_trend_field"},
    "random walks": {"rho_origin", "rho_field"},
    "undamped drift": {"phi_slope"},
    "damped drift": {"phi_slope"},
}


def demo() -> Study:
    """Return the demo with a quick sampler."""
    study = load_study("demo")
    quick = study.sampler.model_copy(update={"laplace": LaplaceSpec(points=64, draws=250)})
    return study.model_copy(update={"sampler": quick})


def table_of(elpd: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"elpd": elpd, "p": 0.1, "k": 0.2})


# What variants change


def test_a_variant_changes_what_it_says_and_nothing_else() -> None:
    """Each variant replaces its priors, and leaves all others and the rest of the study alone."""
    study = demo()
    before = study.stay.priors.model_dump()

    for name, changed in list(variants_of(study).items())[1:]:
        after = changed.stay.priors.model_dump()
        assert {k for k in before if before[k] != after[k]} == CHANGES[name]
        assert with_priors(changed, {k: getattr(study.stay.priors, k) for k in before}) == study


def test_a_variant_that_changes_nothing_is_left_out() -> None:
    """A study with an undamped drift has no variant of that kind."""
    undamped = variants_of(demo())["undamped drift"]

    assert list(variants_of(demo())) == ["study", *CHANGES]
    assert list(variants_of(undamped)) == ["study", *(n for n in CHANGES if n != "undamped drift")]
    assert variants_of(demo())["study"] == demo()


def test_an_unknown_prior_is_refused() -> None:
    """A misspelt prior is an error, not a variant like the study."""
    with pytest.raises(RunError, match="sigma_origins"):
        with_priors(demo(), {"sigma_origins": OTHER})


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("no origin trends", {"trend_origin": 0.01}),
        ("no field trends", {"trend_field": 0.01}),
        ("random walks", {"rho_origin": 1.0, "rho_field": 1.0}),
        ("undamped drift", {"phi_slope": 1.0}),
    ],
)
def test_the_posterior_is_that_of_the_variant(name: str, most: dict[str, float]) -> None:
    """A trend that is off stays within a hundredth of a logit; what is fixed at one stays there."""
    study = variants_of(demo())[name]
    model = stay_model(study, load_evidence(study))

    posterior, _ = engine_named("laplace")(model, study.sampler, 1)

    for variable, bound in most.items():
        values = posterior[variable].to_numpy()
        if bound == 1.0:
            assert 0.99 < values.min() <= values.max() <= 1.0
        else:
            assert values.std() < bound


# Leave-one-out of variants


def test_a_row_is_refitted_under_each_variant() -> None:
    """The row that PSIS is worst at under any variant is refitted under all of them."""
    study, evidence = demo(), load_evidence(demo())
    off = evidence.rows["rate"].where(evidence.rows.index != 45, 0.35)
    evidence.rows["rate"] = off

    tables = variants_loo(study, 1, VARIANTS[1:2], evidence, most=1, batch=ALONE)

    assert list(tables) == ["study", "no field trends"]
    for name, table in tables.items():
        assert np.flatnonzero(table["refitted"]).tolist() == [45]
        again = density_without(45, variants_of(study)[name], evidence, 1)
        assert table["elpd"][45] == again["elpd"].item()
    compared = compare_variants(tables).set_index("variant")
    difference = tables["no field trends"]["elpd"] - tables["study"]["elpd"]
    found = compared.loc["no field trends", "elpd_diff"]
    assert found == pytest.approx(difference.sum(), rel=1e-9)
    assert compared.loc["study", "elpd_diff"] == 0


# Comparison and stacking


@pytest.mark.parametrize("true", ["study", "other"])
def test_stacking_gives_its_weight_to_the_true_model(true: str) -> None:
    """Of N(0, 1) and N(2, 1), the one that the rows come from gets all of the weight."""
    centre = {"study": 0.0, "other": 2.0}
    y = np.random.default_rng(1).normal(centre[true], size=400)

    found = compare_variants({k: table_of(stats.norm.logpdf(y, m)) for k, m in centre.items()})

    assert found["variant"].iloc[0] == true
    weight = found.set_index("variant")["weight"]
    assert weight[true] > 0.97
    assert weight.sum() == pytest.approx(1.0, abs=1e-9)


def test_stacking_meets_its_closed_form() -> None:
    """Where one model is right in 30 of 100 rows and the other in 70, so are their weights."""
    first = np.where(np.arange(100) < 30, 0.0, -40.0)

    found = compare_variants({"study": table_of(first), "other": table_of(-40.0 - first)})

    weight = found.set_index("variant")["weight"]
    assert weight["study"] == pytest.approx(0.3, abs=1e-4)
    assert weight["other"] == pytest.approx(0.7, abs=1e-4)


def test_differences_by_hand() -> None:
    """elpd_diff is the sum of differences row by row, dse is root n times their sd (ddof 0)."""
    rng = np.random.default_rng(2)
    one, other = rng.normal(-3, 1, 150), rng.normal(-3, 1, 150)
    high = table_of(other).assign(k=[0.9] * 3 + [0.1] * 147, refitted=[True] + [False] * 149)

    found = compare_variants({"study": table_of(one), "other": high}).set_index("variant")

    assert found.loc["other", "elpd_diff"] == pytest.approx((other - one).sum(), rel=1e-12)
    assert found.loc["other", "dse"] == pytest.approx(np.sqrt(150) * (other - one).std(), rel=1e-12)
    assert found.loc["study", "elpd"] == pytest.approx(one.sum(), rel=1e-12)
    assert found.loc["study", "se"] == pytest.approx(np.sqrt(150) * one.std(ddof=1), rel=1e-12)
    assert found["high_k"].to_dict() == {"study": 0, "other": 2}


def test_what_cannot_be_compared_is_refused() -> None:
    """A comparison has its reference, another model, and the same rows in both."""
    ten, nine = table_of(np.arange(10.0)), table_of(np.arange(9.0))

    with pytest.raises(RunError, match="'study' and another model; got study"):
        compare_variants({"study": ten})
    with pytest.raises(RunError, match="'mine' and another model; got study, other"):
        compare_variants({"study": ten, "other": ten}, reference="mine")
    with pytest.raises(RunError, match=r"same rows; got .*'other': 9"):
        compare_variants({"study": ten, "other": nine})


def test_a_variant_of_ones_own_is_any_function_of_a_study() -> None:
    """A variant may change more than priors: here the reference cohort."""

    def later(study: Study) -> Study:
        stay = study.stay.model_copy(update={"reference_cohort": 2015})
        return study.model_copy(update={"stay": stay})

    found = variants_of(demo(), [Variant("later", "Does the pin matter?", later)])

    assert found["later"].stay.reference_cohort == 2015
