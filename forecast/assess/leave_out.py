"""Leave a piece of evidence out: what a source, a definition or a series does to the headline.

As meta-analyses leave out single studies (Viechtbauer & Cheung 2010, doi 10.1002/jrsm.11). Rows are
taken away as the study arranged them: a total and the parts that replaced it are of one source and
one definition, so nothing of either stays behind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from forecast.assess.jobs import Batch, run_jobs
from forecast.errors import RunError
from forecast.evidence import Evidence, checked_table, load_evidence, only
from forecast.inference import Fit
from forecast.inference.engines import engine_named
from forecast.share.answers import probability
from forecast.share.headline import STEPS, thinned
from forecast.share.inputs import WorkforceInputs
from forecast.share.model import BASELINE, share_model
from forecast.share.of_fit import inputs_of
from forecast.share.project import projected
from forecast.stay import stay_model
from forecast.stay.predict import aggregate_rates, reference_rates
from forecast.study import Study

BASE = "base"
PROB = 0.9
NUMBERS = ["quantity", "value", "lower", "upper", "sd", "mcse"]


@dataclass(frozen=True)
class Piece:
    """A piece of evidence that is left out.

    ``kind``: "source" or "definition" of stay rows, or "workforce" for a series of the workforce
    table, "base" for nothing; ``name``: which; ``rows``: how many rows it has; ``left``: the stay
    rows that are left.
    """

    kind: str
    name: str
    rows: int
    left: Evidence


def leave_out(
    study: Study, seed: int = 1, evidence: Evidence | None = None, batch: Batch | None = None
) -> pd.DataFrame:
    r"""Return the headline numbers without each source, each definition, each workforce series.

    Each time the study is fitted again with the Laplace engine and its workforce calibrated again,
    with the same seed. The headline numbers are the stay rate of the first main origin and field in
    the cohort ``report.headline_year``, at the first of ``report.years_since``; with ``[share]``,
    the share of the headline's group in its year, and the probability that it is at most its bound.

    A definition takes its rows with it, not its place in the model. Without the rows of the
    reference the reference rests on the other definitions and the prior of their offsets: all
    priors are proper, so there is a posterior. What leaves no row over, or has no fit, is skipped.

    Parameters
    ----------
    study
        The study.
    seed
        Of all fits.
    evidence
        The evidence of the study, if it is loaded or simulated already.
    batch
        Where the fits run and their results are kept.

    Returns
    -------
    pd.DataFrame
        A row for each piece and number, "base" (nothing left out) first; columns: piece (base,
        source, definition, workforce), left_out (its name), rows (how many it has), quantity
        (stay_rate, share, probability), value (the median, or the probability), lower, upper, sd
        (of the posterior; NaN for a probability), mcse (of a probability), change (of the value,
        from base), change_in_sd (in units of base's sd), sd_change (sd less base's), prob and kind
        of the interval, skipped (why, or an empty text). What is skipped has one row, without
        quantity and numbers. Rates, shares and probabilities are in [0, 1].

    Raises
    ------
    EvidenceError
        If a table of the study breaks a rule.
    RunError
        If there is no fit with all evidence.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> nurses = load_study("nurses").model_copy(update={"share": None, "scenarios": {}})
    >>> table = leave_out(nurses, batch=Batch(workers=1))
    >>> table["left_out"].tolist()
    ['base', 'valley_register', 'valley_survey', 'register', 'survey_intent']
    """
    seen = load_evidence(study) if evidence is None else evidence
    every = pieces(study, seen)
    jobs = {f"piece_{i}": piece for i, piece in enumerate(every) if len(piece.left.rows)}
    found = run_jobs(partial(numbers_without, study=study, seed=seed), jobs, batch)
    tables = [_labelled(found.get(f"piece_{i}"), piece) for i, piece in enumerate(every)]
    return _against_base(pd.concat(tables, ignore_index=True))


def pieces(study: Study, evidence: Evidence) -> list[Piece]:
    """Return what is left out in turn: nothing, sources, definitions, series of the workforce.

    Series of the workforce are left out where there are several.
    """
    parts = [Piece(BASE, BASE, 0, evidence)]
    for kind in ("source", "definition"):
        labels = evidence.rows[kind]
        for name in labels.unique():
            gone = labels.eq(name).to_numpy()
            parts.append(Piece(kind, str(name), int(gone.sum()), only(evidence, ~gone)))
    if study.share is not None:
        series = checked_table(study.share.evidence, "workforce", study.folder)["series"]
        counts = series.value_counts(sort=False)
        several = counts if len(counts) > 1 else counts.iloc[:0]
        parts += [Piece("workforce", str(n), int(k), evidence) for n, k in several.items()]
    return parts


def numbers_without(piece: Piece, study: Study, seed: int) -> pd.DataFrame:
    """Return the headline numbers without a piece, or one row with the reason why there are none.

    Columns: those of ``leave_out`` from quantity to mcse, or skipped.
    """
    try:
        return headline_numbers(piece, study, seed)
    except RunError as error:
        return pd.DataFrame({"skipped": [str(error)]})


def headline_numbers(piece: Piece, study: Study, seed: int) -> pd.DataFrame:
    """Fit what is left and return the headline numbers: quantity, value, lower, upper, sd, mcse.

    Raises
    ------
    RunError
        If there is no mode, or the priors of the workforce rule out its evidence.
    """
    model = stay_model(study, piece.left)
    posterior, _ = engine_named("laplace")(model, study.sampler, seed)
    rows = [_of_draws("stay_rate", _headline_rate(posterior, study, piece.left))]
    if study.share is not None:
        fit = Fit(study, piece.left, xr.DataTree.from_dict({"posterior": posterior}))
        inputs = thinned(inputs_of(fit))
        gone = [piece.name] if piece.kind == "workforce" else []
        rows += _share_rows(_without_series(inputs, gone), seed)
    return pd.DataFrame(rows, columns=NUMBERS)


def _headline_rate(posterior: xr.Dataset, study: Study, evidence: Evidence) -> np.ndarray:
    """Return draws of the headline stay rate."""
    shown = study.report
    cohort = [shown.headline_year]
    each = reference_rates(posterior, study, float(shown.years_since[0]), cohort)
    rates = aggregate_rates(each, evidence.sizes, study)
    place = {"origin": shown.main_origins[0], "field": shown.main_fields[0]}
    return rates.sel(place).to_numpy().ravel()


def _share_rows(inputs: WorkforceInputs, seed: int) -> Iterator[tuple[object, ...]]:
    """Yield the share in the headline year and the probability, as ``share.headline`` has them."""
    asked = inputs.spec.headline
    projection = projected(share_model(inputs, seed, asked.by, STEPS), {BASE: BASELINE})
    share = projection["share"].sel(scenario=BASE, year=asked.by, group=asked.group)
    yield _of_draws("share", share.to_numpy().ravel())
    bound, year = asked.at_most, asked.by
    found = probability(projection, asked.group, at_most=bound, year=year, scenario=BASE)
    yield ("probability", found.value, np.nan, np.nan, np.nan, found.mcse)


def _without_series(inputs: WorkforceInputs, series: Sequence[str]) -> WorkforceInputs:
    kept = ~inputs.evidence["series"].isin(series)
    return replace(inputs, evidence=inputs.evidence[kept].reset_index(drop=True))


def _of_draws(quantity: str, draws: np.ndarray) -> tuple[object, ...]:
    median, lower, upper = np.quantile(draws, [0.5, (1 - PROB) / 2, (1 + PROB) / 2]).tolist()
    return quantity, median, lower, upper, float(draws.std(ddof=1)), np.nan


def _labelled(numbers: pd.DataFrame | None, piece: Piece) -> pd.DataFrame:
    """Return the numbers of a piece with its labels; a row for each number that there is not."""
    if numbers is None:
        numbers = pd.DataFrame({"skipped": ["It leaves no row over."]})
    reason = str(numbers["skipped"].iloc[0]) if "skipped" in numbers else ""
    if reason and piece.kind == BASE:
        raise RunError(f"influence is told against a fit of all evidence; got none: {reason}")
    found = numbers.reindex(columns=NUMBERS)
    found = found.assign(quantity="") if reason else found
    return found.assign(piece=piece.kind, left_out=piece.name, rows=piece.rows, skipped=reason)


def _against_base(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with changes from base."""
    base = table[table["piece"].eq(BASE)].set_index("quantity")
    value, sd = (table["quantity"].map(base[name]) for name in ("value", "sd"))
    change = table["value"] - value
    table = table.assign(
        change=change,
        change_in_sd=change / sd,
        sd_change=table["sd"] - sd,
        prob=PROB,
        kind="eti",
    )
    order = ["piece", "left_out", "rows", *NUMBERS, "change", "change_in_sd", "sd_change"]
    return table[[*order, "prob", "kind", "skipped"]]
