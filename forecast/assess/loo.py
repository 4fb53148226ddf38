r"""Leave-one-out: how well all other figures predict each published figure.

PSIS-LOO (Vehtari, Gelman & Gabry 2017, doi 10.1007/s11222-016-9696-4) needs no fit but the one that
is there. Where its Pareto k is above .7 it cannot be trusted, and the study is fitted again
without the row, with the Laplace engine.

Moment matching (Paananen, Piironen, Buerkner & Vehtari 2021, doi 10.1007/s11222-020-09982-2), which
ArviZ has as ``loo_moment_match``, is of no use here. It asks for unconstrained draws, their joint
log density and that of a row, and moves the draws so that all their means, variances or covariances
meet the weighted ones. The draws are those of a latent field: hundreds of values in a small study,
thousands in the main one, and an influential row leaves weights worth a few dozen draws. Moments
of so many values from so few draws are mostly noise, and each moved value adds its own to the
weights: tried on the demo study, with and without covariances, no move was accepted and k stayed.
"""

import warnings
from collections.abc import Iterable
from functools import partial

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import logsumexp

from forecast.assess.jobs import Batch, run_jobs
from forecast.assess.stay_forecast import complete
from forecast.evidence import Evidence, only
from forecast.inference import Fit
from forecast.inference.engines import engine_named
from forecast.stay import stay_model
from forecast.stay.errors_of_rows import error_model
from forecast.stay.likelihood import log_likelihood
from forecast.stay.predict import row_rates
from forecast.study import Study

GOOD_K = 0.7  # above it PSIS needs more draws than anyone takes: Vehtari et al. 2024
MOST = 100
EVERYTHING = "ALL"
FACTS = [
    *("table_row", "source", "series", "definition", "origin", "field"),
    *("cohort_start", "cohort_end", "years_since", "observed_year", "rate", "n"),
]

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def leave_one_out(
    fit: Fit, seed: int | None = None, most: int = MOST, batch: Batch | None = None
) -> pd.DataFrame:
    r"""Return the leave-one-out density of each row, with refits where PSIS fails.

    .. math:: \mathrm{elpd}_i = \log p(y_i \mid y_{-i})
        = \log \int p(y_i \mid \theta)\, p(\theta \mid y_{-i})\, d\theta,

    of a count for census rows, of a rate for the others. PSIS takes the integral over weighted
    draws of the fit; a refit over the draws of a Laplace fit without the row.

    Parameters
    ----------
    fit
        A fit by any engine.
    seed
        Of the refits, that of the fit if none is given.
    most
        Refits at most; rows of the highest k come first.
    batch
        Where the refits run and their results are kept.

    Returns
    -------
    pd.DataFrame
        Each row's facts (source, definition, origin, ...); elpd, nats; p, how much lower that is
        than the log density with the row among the evidence, nats; k, of PSIS, also where the row
        was refitted; refitted, bool. What is left with k above .7 and no refit may be far off.

    Raises
    ------
    RunError
        If a refit has no mode.

    Examples
    --------
    >>> from forecast.inference import fit
    >>> from forecast.study import load_study
    >>> table = leave_one_out(fit(load_study("demo"), "laplace", seed=1), most=0)
    >>> len(table), bool(table["refitted"].any())
    (120, False)
    """
    found = psis_loo(fit.tree)
    random = int(fit.tree.attrs["seed"]) if seed is None else seed
    chosen = worst_rows(found["k"].to_numpy(float), most)
    exact = refit_elpd(fit.study, fit.evidence, chosen, random, batch)
    return row_facts(fit.evidence).join(with_exact(found, exact))


def psis_loo(tree: xr.DataTree) -> pd.DataFrame:
    """Return PSIS-LOO of each row of a fit: columns elpd, p and k, as of ``leave_one_out``.

    ``tree`` has the groups posterior and log_likelihood, with the variable ``rate`` (chain, draw,
    row).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what it warns of is the column k
        found = azs.loo(tree, pointwise=True, var_name="rate")
    seen = mean_density(tree["log_likelihood"]["rate"].transpose("chain", "draw", "row").to_numpy())
    elpd, k = np.asarray(found.elpd_i), np.asarray(found.pareto_k)
    return pd.DataFrame({"elpd": elpd, "p": seen - elpd, "k": k})


def worst_rows(k: Array, most: int) -> list[int]:
    """Return the rows with a Pareto k above .7 or none, the highest first, at most so many.

    Examples
    --------
    >>> worst_rows(np.array([0.1, 0.8, 0.7, 1.2]), most=5)
    [3, 1]
    """
    order = np.argsort(-np.nan_to_num(k, nan=np.inf), kind="stable")
    return [int(row) for row in order if not k[row] <= GOOD_K][:most]


def refit_elpd(
    study: Study,
    evidence: Evidence,
    rows: Iterable[int],
    seed: int,
    batch: Batch | None = None,
    key: str = "row",
) -> dict[int, float]:
    """Return the log density of single rows, each from a Laplace fit without it, by row.

    ``key`` begins the names of the jobs.
    """
    jobs = {f"{key}_{row}": row for row in rows}
    work = partial(density_without, study=study, evidence=evidence, seed=seed)
    found = run_jobs(work, jobs, batch) if jobs else {}
    return {row: float(found[name]["elpd"].iloc[0]) for name, row in jobs.items()}


def density_without(row: int, study: Study, evidence: Evidence, seed: int) -> pd.DataFrame:
    """Return the log density of a row (column elpd) from a Laplace fit without it.

    Where no other row informs a parameter of its error model, the prior does.
    """
    here = np.arange(len(evidence.rows)) == row
    model = stay_model(study, only(evidence, ~here))
    posterior, _ = engine_named("laplace")(model, study.sampler, seed)
    own = only(evidence, here)
    errors = error_model(own, study.stay.priors)
    seen = own.operator.indices
    rate = row_rates(posterior, study, own.cells.iloc[seen], own.operator[:, seen])
    known = complete(posterior, errors, np.random.default_rng([seed, 1]))
    return pd.DataFrame({"elpd": mean_density(log_likelihood(rate, known, errors))})


def mean_density(log_density: Array) -> Array:
    """Return the log of the mean density over draws, (row,), from logarithms (chain, draw, row)."""
    flat = log_density.reshape(-1, log_density.shape[-1])
    return np.asarray(logsumexp(flat, axis=0) - np.log(len(flat)))


def with_exact(table: pd.DataFrame, exact: dict[int, float]) -> pd.DataFrame:
    """Return a table of ``psis_loo`` with the elpd of refitted rows, and the column refitted.

    Examples
    --------
    >>> table = pd.DataFrame({"elpd": [-2.0, -3.0], "p": [0.5, 1.0], "k": [0.2, 0.9]})
    >>> with_exact(table, {1: -3.5})
       elpd    p    k  refitted
    0  -2.0  0.5  0.2     False
    1  -3.5  1.5  0.9      True
    """
    elpd = pd.Series(exact, dtype=float).reindex(table.index)
    lower = (table["elpd"] - elpd).fillna(0.0)
    return table.assign(
        elpd=table["elpd"] - lower, p=table["p"] + lower, refitted=elpd.notna().to_numpy()
    )


def row_facts(evidence: Evidence) -> pd.DataFrame:
    """Return what tells the rows of the evidence apart, as far as the table has it."""
    return evidence.rows[[name for name in FACTS if name in evidence.rows]]


def loo_totals(table: pd.DataFrame) -> pd.DataFrame:
    r"""Return the totals of ``leave_one_out`` by definition, all rows last ("ALL").

    The standard error of a total of n rows is :math:`\sqrt{n}\, s`, s the standard deviation of its
    elpd_i (ddof 1; NaN for one row): it takes rows as independent, which those of one origin or
    series are not quite.

    Columns: definition, rows, elpd, se, p (all three nats), high_k (rows whose k is above .7 and
    that were not refitted), refitted (rows).

    Examples
    --------
    >>> rows = {"definition": "plans", "elpd": [-2.0, -4.0], "p": 1.0, "k": [0.2, 0.9]}
    >>> table = loo_totals(pd.DataFrame(rows).assign(refitted=False))
    >>> table[["definition", "rows", "elpd", "se", "high_k"]].round(6)
      definition  rows  elpd   se  high_k
    0      plans     2  -6.0  2.0       1
    1        ALL     2  -6.0  2.0       1
    """
    groups = {str(name): group for name, group in table.groupby("definition", sort=False)}
    return pd.DataFrame([_total(n, group) for n, group in (groups | {EVERYTHING: table}).items()])


def _total(definition: str, rows: pd.DataFrame) -> dict[str, object]:
    elpd, again = rows["elpd"].to_numpy(float), rows["refitted"].to_numpy(bool)
    several = len(elpd) > 1
    return {
        "definition": definition,
        "rows": len(elpd),
        "elpd": float(elpd.sum()),
        "se": float(np.sqrt(len(elpd)) * elpd.std(ddof=1)) if several else np.nan,
        "p": float(rows["p"].sum()),
        "high_k": int((~rows["k"].le(GOOD_K).to_numpy() & ~again).sum()),
        "refitted": int(again.sum()),
    }
