r"""Variants of the stay model: what its parts add to the prediction of figures left out.

A variant is the study with other priors: a term is switched off by a scale of next to nothing. All
are compared by their leave-one-out densities (``loo``), and stacked: the weights with which a
mixture of their predictions would have had the highest leave-one-out density (Yao, Vehtari, Simpson
& Gelman 2018, doi 10.1214/17-BA1091).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr

from forecast.assess.jobs import Batch, run_jobs
from forecast.assess.loo import GOOD_K, psis_loo, refit_elpd, row_facts, with_exact, worst_rows
from forecast.errors import RunError
from forecast.evidence import Evidence, load_evidence
from forecast.inference.engines import engine_named
from forecast.stay import stay_model
from forecast.stay.likelihood import log_likelihood
from forecast.stay.predict import row_rates
from forecast.study import Study
from forecast.study.priors import Beta, LogNormal, Prior

BASE = "study"
FIXED = "Fixed, or next to it, in a variant of the model."


@dataclass(frozen=True)
class Variant:
    """A variant of a study's stay model: its name, why one would try it, what it changes."""

    name: str
    reason: str
    change: Callable[[Study], Study]


def with_priors(study: Study, priors: Mapping[str, Prior]) -> Study:
    """Return a study with some priors of its stay model replaced.

    Raises
    ------
    RunError
        If the stay model has no such prior.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> changed = with_priors(load_study("demo"), {"sigma_trend_origin": NOTHING})
    >>> changed.stay.priors.sigma_trend_origin.median
    0.001
    """
    known = type(study.stay.priors).model_fields
    if unknown := [name for name in priors if name not in known]:
        raise RunError(f"a variant changes priors of the stay model; got {unknown}. See the study.")
    changed = study.stay.priors.model_copy(update=dict(priors))
    return study.model_copy(update={"stay": study.stay.model_copy(update={"priors": changed})})


# Half-normal scales would pull the search for the mode to zero; these stay where they are put.
NOTHING = LogNormal(dist="lognormal", median=1e-3, sigma=0.01, reason=FIXED)
ONE = Beta(dist="beta", a=1000.0, b=1.0, reason=FIXED)
HALF = Beta(dist="beta", a=1000.0, b=1000.0, reason=FIXED)

VARIANTS = (
    Variant(
        "no origin trends",
        "Do origins have paths of their own, or only levels?",
        partial(with_priors, priors={"sigma_trend_origin": NOTHING}),
    ),
    Variant(
        "no field trends",
        "Do fields have paths of their own, or only levels?",
        partial(with_priors, priors={"sigma_trend_field": NOTHING}),
    ),
    Variant(
        "random walks",
        "Do paths of origins and fields come back (autoregression), or drift for good?",
        partial(with_priors, priors={"rho_origin": ONE, "rho_field": ONE}),
    ),
    Variant(
        "undamped drift",
        "Does the drift of the common trend go on as it is?",
        partial(with_priors, priors={"phi_slope": ONE}),
    ),
    Variant(
        "damped drift",
        "Is the drift of the common trend halved each year?",
        partial(with_priors, priors={"phi_slope": HALF}),
    ),
)


def variants_of(study: Study, variants: Sequence[Variant] = VARIANTS) -> dict[str, Study]:
    """Return the study itself ("study") and its variants by name, less those that change nothing.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> list(variants_of(load_study("demo")))[-2:]
    ['undamped drift', 'damped drift']
    """
    changed = {variant.name: variant.change(study) for variant in variants}
    return {BASE: study} | {name: one for name, one in changed.items() if one != study}


def variants_loo(
    study: Study,
    seed: int = 1,
    variants: Sequence[Variant] = VARIANTS,
    evidence: Evidence | None = None,
    *,
    most: int = 0,
    batch: Batch | None = None,
) -> dict[str, pd.DataFrame]:
    """Fit a study and its variants with the Laplace engine; return the leave-one-out of each.

    Parameters
    ----------
    study, seed, variants
        What is fitted, with one seed.
    evidence
        The evidence of the study, if it is loaded or simulated already.
    most
        Rows at most that are refitted under every variant: those with a Pareto k above .7 under
        one, the highest first. Each costs a fit a variant. What PSIS gets wrong in rows without a
        refit it gets wrong much alike in all variants, but nothing guarantees it.
    batch
        Where the fits run and their results are kept.

    Returns
    -------
    dict[str, pd.DataFrame]
        For the study itself ("study") and each variant that changes it: a table as of
        ``leave_one_out``.

    Raises
    ------
    EvidenceError
        If a table of the study breaks a rule.
    RunError
        If a variant has no mode.
    """
    seen = load_evidence(study) if evidence is None else evidence
    made = variants_of(study, variants)
    jobs = {_key(name): one for name, one in made.items()}
    work = partial(variant_loo, evidence=seen, seed=seed)
    found = dict(zip(made, run_jobs(work, jobs, batch).values(), strict=True))
    k = np.max([table["k"].fillna(np.inf) for table in found.values()], axis=0)
    rows = worst_rows(k, most)
    out = {}
    for name, one in made.items():
        exact = refit_elpd(one, seen, rows, seed, batch, _key(name))
        out[name] = row_facts(seen).join(with_exact(found[name], exact))
    return out


def variant_loo(study: Study, evidence: Evidence, seed: int) -> pd.DataFrame:
    """Return PSIS-LOO of a Laplace fit, a row for each of the evidence: columns elpd, p, k."""
    model = stay_model(study, evidence)
    posterior, _ = engine_named("laplace")(model, study.sampler, seed)
    rate = row_rates(posterior, study, evidence.cells, evidence.operator)
    coords = {"chain": posterior["chain"], "draw": posterior["draw"]}
    density = xr.Dataset(
        {"rate": (("chain", "draw", "row"), log_likelihood(rate, posterior, model.errors))}, coords
    )
    return psis_loo(xr.DataTree.from_dict({"posterior": posterior, "log_likelihood": density}))


def compare_variants(tables: Mapping[str, pd.DataFrame], reference: str = BASE) -> pd.DataFrame:
    r"""Compare models by leave-one-out and stack them.

    The difference of model m from the reference is :math:`\sum_i (\mathrm{elpd}_{mi} -
    \mathrm{elpd}_{ri})`, its standard error root n times the standard deviation of the n terms.
    Stacking weights maximise :math:`\sum_i \log \sum_m w_m \exp \mathrm{elpd}_{mi}` over
    :math:`w_m \ge 0, \sum_m w_m = 1`.

    Differences of less than 4 nats are small, and their standard errors too small (Sivula,
    Magnusson, Matamoros & Vehtari 2020, arXiv 2008.10296). Rows of one series are not quite
    independent. Of two models with near the same predictions one may get all of their weight.

    Parameters
    ----------
    tables
        For each model a table with columns elpd, p and k, the same rows in the same order, as of
        ``variants_loo``.
    reference
        The model that others are held against.

    Returns
    -------
    pd.DataFrame
        The best model first; columns: variant, elpd, se, p (effective parameters), elpd_diff (from
        the reference; above 0 it predicts better), dse (its standard error), weight (of stacking),
        high_k (rows with k above .7 and no refit).

    Raises
    ------
    RunError
        If there are fewer than two models, the reference is none of them, or rows differ.

    Examples
    --------
    >>> rows = pd.DataFrame({"elpd": np.linspace(-3.0, -2.0, 50), "p": 0.1, "k": 0.2})
    >>> better = rows.assign(elpd=rows["elpd"] + np.linspace(0.1, 0.3, 50))
    >>> table = compare_variants({"study": rows, "better": better})
    >>> table[["variant", "elpd_diff", "weight"]].round(2)
      variant  elpd_diff  weight
    0  better       10.0     1.0
    1   study        0.0     0.0
    """
    _refuse(tables, reference)
    models = {name: _elpd_data(table) for name, table in tables.items()}
    found = azs.compare(models, reference=reference, round_to="none")
    kept = found[["elpd", "se", "p", "elpd_diff", "dse", "weight"]].astype(float)
    high = {name: _high_k(table) for name, table in tables.items()}
    named = kept.rename_axis("variant").reset_index()
    return named.assign(high_k=named["variant"].map(high))


def _elpd_data(table: pd.DataFrame) -> azs.ELPDDataLOO:
    """Return a table of leave-one-out as ArviZ has it."""
    elpd, k = (table[name].to_numpy(float) for name in ("elpd", "k"))
    rows = len(elpd)
    return azs.ELPDDataLOO(
        elpd=float(elpd.sum()),
        se=float(np.sqrt(rows) * elpd.std(ddof=1)),
        p=float(table["p"].sum()),
        n_samples=0,  # of posterior draws: a comparison does not use it
        n_data_points=rows,
        scale="log",
        warning=bool(_high_k(table)),
        good_k=GOOD_K,
        elpd_i=xr.DataArray(elpd, dims="row"),
        pareto_k=xr.DataArray(k, dims="row"),
    )


def _high_k(table: pd.DataFrame) -> int:
    again = table["refitted"].to_numpy(bool) if "refitted" in table else False
    return int((~table["k"].le(GOOD_K).to_numpy() & ~np.asarray(again)).sum())


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _refuse(tables: Mapping[str, pd.DataFrame], reference: str) -> None:
    known = ", ".join(tables) or "none"
    if len(tables) < 2 or reference not in tables:  # noqa: PLR2004, a comparison has two sides
        rule = f"a comparison has {reference!r} and another model"
        raise RunError(f"{rule}; got {known}. Name one of them as reference.")
    sizes = {name: len(table) for name, table in tables.items()}
    if len(set(sizes.values())) > 1:
        raise RunError(f"models are compared on the same rows; got {sizes}. Fit one evidence.")
