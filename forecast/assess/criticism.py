"""Criticism of a fitted model, all of it: leave-one-out, pieces left out, predictive checks."""

from collections.abc import Callable

import pandas as pd

from forecast.assess.checks import Check, Verdict
from forecast.assess.jobs import Batch
from forecast.assess.leave_out import leave_out
from forecast.assess.loo import leave_one_out, loo_totals
from forecast.assess.predictive_checks import predictive_checks, residual_map
from forecast.assess.variants import compare_variants, variants_loo
from forecast.inference import Fit

REFITS = 10  # rows of high Pareto k that are fitted without
UNLIKELY, STRANGE = 0.05, 0.001  # of the least p-value, corrected for their number
ADVICE = "Replicates of the model do not look like the figures: see the predictive checks."


def criticise(fit: Fit, seed: int, batch: Callable[[str], Batch]) -> dict[str, pd.DataFrame]:
    """Return the tables of a criticism by name.

    ``left_out``: headline numbers without each piece of evidence; ``loo``: leave-one-out by
    definition; ``predictive``: p-values by definition; ``residuals``: by origin and cohort;
    ``variants``: other priors compared and stacked. ``batch`` gives the batch of each set of
    refits by its name.
    """
    study = fit.study
    rows = leave_one_out(fit, seed, REFITS, batch("loo"))
    others = variants_loo(study, seed, evidence=fit.evidence, batch=batch("variants"))
    return {
        "left_out": leave_out(study, seed, fit.evidence, batch("left_out")),
        "loo": loo_totals(rows),
        "predictive": predictive_checks(fit),
        "residuals": residual_map(fit, seed),
        "variants": compare_variants(others),
    }


def check_criticism(tables: dict[str, pd.DataFrame]) -> list[Check]:
    """Return the verdict on the predictive p-values: the least, two-sided, Bonferroni-corrected."""
    p = tables["predictive"]["p"].dropna()
    least = 2 * p.clip(upper=1 - p)
    value = min(1.0, float(least.min()) * len(least))
    worst = tables["predictive"].loc[[least.idxmin()]].iloc[0]
    doubt: Verdict = "review" if value >= STRANGE else "fail"
    verdict: Verdict = "pass" if value >= UNLIKELY else doubt
    advice = f"Worst: {worst['quantity']} of {worst['definition']}. {ADVICE}"
    limit = f"p at least {UNLIKELY:g}"
    return [Check("posterior-predictive checks", verdict, value, limit, advice)]
