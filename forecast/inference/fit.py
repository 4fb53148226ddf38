"""Fit a study: evidence, model, engine -> one DataTree with what ArviZ and the projection need."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats import summary

from forecast.evidence import Evidence, load_evidence
from forecast.inference.engines import Progress, engine_named
from forecast.stay import StayModel, stay_model
from forecast.stay.likelihood import log_likelihood, observed_rates, replicate
from forecast.stay.posterior import log_prior
from forecast.stay.predict import row_rates
from forecast.study import Study, study_hash

SCHEMA = 1


@dataclass(frozen=True)
class Fit:
    """A posterior of a study.

    ``tree`` has the groups posterior, sample_stats, posterior_predictive, observed_data,
    log_likelihood, log_prior and constant_data; rows of the evidence are the dim ``row``.
    """

    study: Study
    evidence: Evidence
    tree: xr.DataTree

    @property
    def posterior(self) -> xr.Dataset:
        """The draws of every term and top-level parameter."""
        return self.tree["posterior"].to_dataset()

    @property
    def engine(self) -> str:
        """The name of the engine that drew."""
        return str(self.tree.attrs["engine"])

    @property
    def top_level(self) -> tuple[str, ...]:
        """The names of the top-level parameters."""
        return tuple(str(name) for name in self.tree["log_prior"].data_vars)

    def summary(self, prob: float = 0.9) -> pd.DataFrame:
        """Return the table of top-level parameters: mean, sd, interval, ESS, R-hat.

        The interval is equal-tailed and holds ``prob`` of the posterior.
        """
        names = list(self.top_level)
        return summary(self.tree, var_names=names, ci_prob=prob, ci_kind="eti", round_to="none")

    def _repr_html_(self) -> str:
        """Return a small table for notebooks."""
        sizes = self.posterior.sizes
        head = f"<p>Fit of {self.study.name}: {sizes['chain']} chains of {sizes['draw']} draws</p>"
        return head + self.summary().round(3).to_html()


def fit(study: Study, engine: str = "nuts", seed: int = 1, progress: Progress | None = None) -> Fit:
    """Fit the stay model of a study.

    Engines: ``nuts`` (the reference), ``laplace`` (nested Laplace, seconds), ``laplace-exact``
    (exact Markov chains on the Laplace fit).

    Raises
    ------
    ValueError
        If the engine is unknown.
    EvidenceError
        If a table of the study breaks a rule.
    RunError
        If the sampler cannot start.
    """
    sample = engine_named(engine)
    evidence = load_evidence(study)
    model = stay_model(study, evidence)
    posterior, stats = sample(model, study.sampler, seed, progress)
    attrs: dict[str, str | int] = {"seed": seed, "engine": engine}
    return Fit(study, evidence, fit_tree(study, evidence, model, posterior, stats, attrs))


def fit_tree(
    study: Study,
    evidence: Evidence,
    model: StayModel,
    posterior: xr.Dataset,
    stats: xr.Dataset,
    made: Mapping[str, str | int],
) -> xr.DataTree:
    """Return the DataTree of a fit from its draws; ``made`` says with which seed and engine."""
    rate = row_rates(posterior, study, evidence.cells, evidence.operator)
    rng = np.random.default_rng([int(made["seed"]), 1])
    coords = {"chain": posterior["chain"], "draw": posterior["draw"]}
    draws = ("chain", "draw", "row")

    def rows(values: np.ndarray, dims: tuple[str, ...]) -> xr.Dataset:
        return xr.Dataset({"rate": (dims, values)}, coords if "chain" in dims else {})

    tree = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": stats,
            "posterior_predictive": rows(replicate(rate, posterior, model.errors, rng), draws),
            "log_likelihood": rows(log_likelihood(rate, posterior, model.errors), draws),
            "fitted": rows(rate, draws),
            "observed_data": rows(observed_rates(model.errors), ("row",)),
            "log_prior": log_prior(posterior, model.top_level),
            "constant_data": xr.Dataset({"sizes": evidence.sizes}),
        }
    )
    tree.attrs = {
        "schema": SCHEMA,
        "study": study.name,
        "study_text": study.text,
        "study_hash": study_hash(study),
    } | dict(made)
    return tree
