"""Facts about the draws: summaries, divergences, energy, leave-one-out."""

import warnings

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from forecast.report.estimate import Estimate
from forecast.report.evidence_facts import coverage_of, covered_rows
from forecast.report.inputs import ReportInputs
from forecast.report.records import LooFact, ParameterFact, SamplingStory

KIND = "eti"


def sampling_story(inputs: ReportInputs) -> SamplingStory:
    """Return what the draws say about themselves."""
    tree = inputs.tree
    return SamplingStory(
        chains=int(tree["posterior"].sizes["chain"]),
        draws=int(tree["posterior"].sizes["draw"]),
        points=_points(tree),
        divergences=_divergences(tree),
        least_bfmi=_least_bfmi(tree),
        parameters=_parameters(inputs),
        coverage=coverage_of(covered_rows(tree, len(inputs.observations))),
        loo=loo_fact(tree),
    )


def has_statistic(tree: xr.DataTree, name: str) -> bool:
    """Say whether the sampler wrote a statistic; not every engine has it."""
    return "sample_stats" in tree.children and name in tree["sample_stats"].data_vars


def loo_fact(tree: xr.DataTree) -> LooFact | None:
    """Return PSIS-LOO of the rows, or None without a log likelihood.

    Its warning about high Pareto k becomes a number: how many exceed the threshold.
    """
    if "log_likelihood" not in tree.children:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it warns of is the number of high k below
        found = az.loo(tree, pointwise=True, var_name="rate")
    k = np.asarray(found.pareto_k).ravel()
    threshold = float(found.good_k)
    return LooFact(
        elpd=float(found.elpd),
        se=float(found.se),
        effective_parameters=float(found.p),
        rows=int(k.size),
        high_k=int((k > threshold).sum()),
        threshold=threshold,
        worst_k=float(k.max()),
    )


def _points(tree: xr.DataTree) -> int | None:
    """Return how many values of the scales an importance sample weighs."""
    if not has_statistic(tree, "scale_log_weight"):
        return None
    return int(tree["sample_stats"].sizes["point"])


def _divergences(tree: xr.DataTree) -> int | None:
    if not has_statistic(tree, "diverging"):
        return None
    return int(tree["sample_stats"]["diverging"].sum())


def _least_bfmi(tree: xr.DataTree) -> float | None:
    """Return the least energy fraction over chains, E-BFMI."""
    if not has_statistic(tree, "energy"):
        return None
    energy = tree["sample_stats"]["energy"].transpose("chain", "draw").values
    return float((np.square(np.diff(energy, axis=1)).mean(1) / energy.var(axis=1)).min())


def _parameters(inputs: ReportInputs) -> tuple[ParameterFact, ...]:
    """Summarise the top-level parameters, equal-tailed, with the probability of the study."""
    prob = inputs.study.report.prob
    names = list(inputs.top_level)
    table = az.summary(inputs.tree, var_names=names, ci_prob=prob, ci_kind=KIND, round_to="none")
    medians = az.summary(inputs.tree, var_names=names, kind="stats_median", round_to="none")
    return tuple(_parameter(str(name), row, medians, prob) for name, row in table.iterrows())


def _parameter(name: str, row: pd.Series, medians: pd.DataFrame, prob: float) -> ParameterFact:
    lower, upper = (float(row[c]) for c in row.index if str(c).startswith(KIND))
    median = float(medians["median"].loc[name])
    return ParameterFact(
        name=name,
        mean=float(row["mean"]),
        sd=float(row["sd"]),
        estimate=Estimate(median, lower, upper, prob, KIND),
        ess_bulk=float(row["ess_bulk"]),
        ess_tail=float(row["ess_tail"]),
        r_hat=float(row["r_hat"]),
    )
