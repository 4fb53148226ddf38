"""Refits under narrower and wider priors, one at a time: what the headline numbers do.

A prior of the stay model costs a Laplace fit and a calibration of the workforce, one of the
workforce a calibration on the same stay draws. All have one seed, so a refit and its base tried the
same values of the scales and most of the Monte Carlo error of a stay rate cancels in a change. That
of a share does not: chains of a calibration part at their first different step. So each workforce
is calibrated a few times.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256

import numpy as np
import pandas as pd
import xarray as xr

from forecast.assess.headline_draws import SHARE, STAY_RATE, headline_share, headline_stay_rate
from forecast.assess.jobs import Batch, run_jobs
from forecast.assess.paired_changes import Change, paired_changes
from forecast.assess.top_priors import STAY, TopPrior, widened, with_prior
from forecast.errors import RunError
from forecast.evidence import Evidence
from forecast.inference import Fit
from forecast.inference.engines import engine_named
from forecast.share.headline import STEPS, thinned
from forecast.share.inputs import WorkforceInputs
from forecast.share.model import share_model
from forecast.share.of_fit import inputs_of
from forecast.stay import stay_model
from forecast.study import Study

ENGINE = "laplace"
FACTORS = (0.5, 2.0)  # of a prior's width
CALIBRATIONS = 4  # on the same stay draws, thinned to about a thousand

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True)
class StayRefit:
    """A refit of everything: the study with another prior, its evidence, the seed."""

    study: Study
    evidence: Evidence
    seed: int


@dataclass(frozen=True)
class WorkforceRefit:
    """A calibration of a workforce with another prior on the same stay draws, the seed."""

    inputs: WorkforceInputs
    seed: int


type Refit = StayRefit | WorkforceRefit


def prior_refits(
    fit: Fit,
    priors: Sequence[TopPrior],
    batch: Batch | None = None,
    factors: Sequence[float] = FACTORS,
) -> pd.DataFrame:
    r"""Return the headline numbers under narrower and wider priors, one prior at a time.

    Changes are counted from the fit, or from a Laplace fit of the same study, evidence and seed
    where another engine drew it. The workforce teaches the stay rates nothing, so its priors have
    no row for them.

    Parameters
    ----------
    fit
        A fit of the study.
    priors
        Which, of ``top_priors``.
    batch
        Where the refits run and their results are kept. Its stamp is set here: what the results
        depend on.
    factors
        Of the widths, see ``widened``.

    Returns
    -------
    pd.DataFrame
        A row for each prior, factor and number; columns: part, prior, factor, quantity
        (stay_rate, share, probability), base, value (medians, or probabilities, in [0, 1]), change
        (value less base), mcse (its Monte Carlo standard error, of a jackknife over 20 stretches of
        draws, the same of both), change_in_sd (in standard deviations of base's posterior; NaN for
        a probability), ratio (of probabilities, of the rarer of the event and its opposite under
        base, with half a draw added to both; NaN for others), skipped (why there is no refit, or an
        empty text; then there is one row, without quantity and numbers).

    Raises
    ------
    RunError
        If the study itself has no Laplace fit.
    """
    seed, batch = int(fit.tree.attrs["seed"]), batch or Batch()
    base = fit if fit.engine == ENGINE else laplace_fit(StayRefit(fit.study, fit.evidence, seed))
    inputs = None if fit.study.share is None else thinned(inputs_of(base))
    known = _draws(base, inputs, seed)
    jobs, told = {}, {}
    for one in priors:
        for factor in factors:
            key = f"{one.part}-{one.name}-{factor:g}"
            other = replace(one, prior=widened(one.prior, factor))
            jobs[key], told[key] = _job(base, inputs, other, seed), (one, factor)
    stamped = replace(batch, stamp=_stamp(fit.study, known, seed))
    found = run_jobs(draws_under, jobs, stamped)
    bound = None if fit.study.share is None else fit.study.share.headline.at_most
    rows = [
        {"part": one.part, "prior": one.name, "factor": factor} | asdict(change)
        for key, (one, factor) in told.items()
        for change in paired_changes(found[key], known, bound)
    ]
    columns = ["part", "prior", "factor", *(field.name for field in fields(Change))]
    return pd.DataFrame(rows, columns=columns)


def draws_under(job: Refit) -> pd.DataFrame:
    """Return the draws of the headline numbers of a refit: stay_rate 0, share 0, share 1, ...

    Where there is no fit the table has one column, skipped, with the reason.
    """
    try:
        if isinstance(job, WorkforceRefit):
            return pd.DataFrame(_shares(job.inputs, job.seed))
        fit = laplace_fit(job)
        return _draws(fit, None if job.study.share is None else thinned(inputs_of(fit)), job.seed)
    except RunError as error:
        return pd.DataFrame({"skipped": [str(error)]})


def laplace_fit(job: StayRefit) -> Fit:
    """Fit the stay model with the Laplace engine; the tree has the posterior alone.

    Raises
    ------
    RunError
        If the scales or the latents have no mode.
    """
    model = stay_model(job.study, job.evidence)
    posterior, _ = engine_named(ENGINE)(model, job.study.sampler, job.seed)
    tree = xr.DataTree.from_dict({"posterior": posterior})
    tree.attrs = {"seed": job.seed, "engine": ENGINE}
    return Fit(job.study, job.evidence, tree)


def _job(base: Fit, inputs: WorkforceInputs | None, other: TopPrior, seed: int) -> Refit:
    study = with_prior(base.study, other)
    if other.part == STAY or inputs is None or study.share is None:
        return StayRefit(study, base.evidence, seed)
    return WorkforceRefit(replace(inputs, spec=study.share), seed)


def _draws(fit: Fit, inputs: WorkforceInputs | None, seed: int) -> pd.DataFrame:
    """Return the draws of the headline numbers; a column with fewer draws ends in empty cells."""
    rate = headline_stay_rate(fit.posterior, fit.study, fit.evidence).to_numpy().ravel()
    columns = {f"{STAY_RATE} 0": rate} | ({} if inputs is None else _shares(inputs, seed))
    return pd.DataFrame({name: pd.Series(draws) for name, draws in columns.items()})


def _shares(inputs: WorkforceInputs, seed: int) -> dict[str, Array]:
    """Return the draws of the share of each calibration; the first has the seed itself."""
    by = inputs.spec.headline.by
    models = (share_model(inputs, seed + i, by, STEPS) for i in range(CALIBRATIONS))
    return {f"{SHARE} {i}": headline_share(model) for i, model in enumerate(models)}


def _stamp(study: Study, known: pd.DataFrame, seed: int) -> str:
    """Return what the refits depend on: the study, the seed, and base's draws for all else."""
    text = "|".join([study.model_dump_json(), str(seed), known.to_csv()])
    return sha256(text.encode()).hexdigest()
