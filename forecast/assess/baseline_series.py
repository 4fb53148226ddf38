"""Known figures as series on the logit scale: what a baseline has to go on for a coming row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from forecast.assess.as_of import SERIES, Task

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

FEW = 5  # fewer squared errors say too little of a variance: a wider pool does
HALF_PERCENT = 0.005  # half a rounding step where a row says neither n nor rounding
UNPRINTED = -1.0  # stands for no years_since
NIL = 1e-12  # a smaller variance is the rounding noise of a perfect fit
UNKNOWN_SD = 1.0  # where no two known figures tell how far figures lie apart


@dataclass(frozen=True)
class History:
    """Known figures that a coming row continues: one a cohort, in order, arrays (figure,).

    ``pools`` labels the pools it belongs to, narrow to wide: its series, its definition (both
    with the population), all. ``n`` is NaN where it is not printed.
    """

    pools: tuple[str, ...]
    cohort: Array
    rate: Array
    n: Array

    @property
    def logits(self) -> Array:
        """Log odds of the rates, (figure,)."""
        return np.asarray(logit(self.rate))

    @property
    def steps(self) -> Array:
        """Squared logit steps between neighbours over the years between them, (figure - 1,)."""
        return np.diff(self.logits) ** 2 / np.diff(self.cohort)


@dataclass(frozen=True)
class Past:
    """What a task's known rows say of its coming ones.

    Attributes
    ----------
    known
        The known rows, with columns more: pools, group, age, cohort, logit.
    pools
        Labels of the pools of each coming row, narrow to wide.
    cohort
        Middle of the cohorts of each coming row, (row,), years.
    lines
        A history for each group (series, definition, population, origin, field) and printed
        years_since.
    continued
        Histories and the coming rows that continue them; a row whose group is unknown is in none.
    """

    known: pd.DataFrame
    pools: tuple[tuple[str, ...], ...]
    cohort: Array
    lines: tuple[History, ...]
    continued: tuple[tuple[History, np.ndarray], ...]


@dataclass(frozen=True)
class LogitNormal:
    """Forecasts that are normal on the logit scale: mean and sd, each (row,)."""

    mean: Array
    sd: Array


def off_the_edge(rate: Array, n: Array, rounding: Array) -> Array:
    r"""Move rates of exactly 0 or 1 inwards, so that they have a logit; leave all others.

    By half a person, :math:`(k + 1/2) / (n + 1)` with k = 0 or n (Haldane 1956,
    doi 10.1111/j.1469-1809.1955.tb01285.x), or by half the rounding step, whichever is more;
    by half a percent where neither is printed (NaN). Arrays (row,).

    Examples
    --------
    >>> rate, n = np.array([0.0, 1.0, 1.0, 0.3]), np.array([49.0, np.nan, np.nan, 9.0])
    >>> off_the_edge(rate, n, np.array([np.nan, 0.02, np.nan, 0.1])).tolist()
    [0.01, 0.99, 0.995, 0.3]
    """
    inwards = np.fmax(0.5 / (n + 1.0), rounding / 2.0)
    inwards = np.where(np.isnan(inwards), HALF_PERCENT, inwards)
    return np.where(rate <= 0.0, inwards, np.where(rate >= 1.0, 1.0 - inwards, rate))


def past(task: Task) -> Past:
    """Arrange the known rows of a task as the histories that its coming rows continue.

    A row continues the figures of its group with the same printed years_since; where none is
    known, all figures of its group. Several figures of one cohort (editions, ages) become their
    mean, weighted by n.
    """
    known, coming = _keyed(task.known.rows), _keyed(task.coming.rows)
    rate = off_the_edge(*(known[c].to_numpy(float) for c in ("rate", "n", "rounding")))
    known = known.assign(rate=rate, logit=logit(rate))
    by_group = {group: _history(rows) for group, rows in known.groupby("group")}
    by_line = {line: _history(rows) for line, rows in known.groupby(["group", "age"])}
    places: dict[tuple[str, float], list[int]] = {}
    for row, line in enumerate(zip(coming["group"], coming["age"], strict=True)):
        places.setdefault(line, []).append(row)
    found = [(by_line.get(line) or by_group.get(line[0]), rows) for line, rows in places.items()]
    return Past(
        known,
        tuple(coming["pools"]),
        coming["cohort"].to_numpy(float),
        tuple(by_line.values()),
        tuple((history, np.array(rows)) for history, rows in found if history is not None),
    )


def sizes_or_mean(n: Array) -> Array:
    """Return weights: n, their mean where n is not printed (NaN), 1 where none is, (figure,).

    Examples
    --------
    >>> sizes_or_mean(np.array([10.0, np.nan, 30.0])).tolist()
    [10.0, 20.0, 30.0]
    """
    known = np.isfinite(n)
    return np.where(known, n, n[known].mean() if known.any() else 1.0)


def by_pool(found: Iterable[tuple[Sequence[str], Array]]) -> dict[str, Array]:
    """Gather squared errors (error,) in each of the pools they belong to."""
    gathered: dict[str, list[Array]] = {}
    for pools, errors in found:
        for pool in pools:
            gathered.setdefault(pool, []).append(errors)
    return {pool: np.concatenate(errors) for pool, errors in gathered.items()}


def variance(own: Array, pools: Sequence[str], errors: Mapping[str, Array]) -> float:
    """Return the mean of the squared errors that are one's own, or of a pool if these are few.

    The first of own errors and pools, narrow to wide, that has ``FEW`` errors or more, not all of
    them zero; else the widest that has any; NaN if none has.

    Examples
    --------
    >>> variance(np.array([1.0]), ["all"], {"all": np.array([1.0, 3.0])})
    2.0
    """
    sought = [own, *(errors[pool] for pool in pools if pool in errors)]
    usable = [squares for squares in sought if len(squares) and np.mean(squares) > NIL]
    many = [squares for squares in usable if len(squares) >= FEW]
    return float(np.mean((many or usable[::-1])[0])) if usable else np.nan


def pooled(known: Past, narrowest: int) -> LogitNormal:
    """Forecast each coming row by the mean of its pool, with the spread of the rows around it.

    ``narrowest`` 0 takes the pool of its series, 1 that of its definition. The mean weighs logits
    by n; the variance is the mean squared deviation of the rows, each counted once, times
    k / (k - 1) for k rows. ``variance`` says what stands in for few rows.
    """
    label = known.known["pools"].str[narrowest]
    means, found = {}, {}
    for pool, rows in known.known.groupby(label):
        values = rows["logit"].to_numpy(float)
        mean = np.average(values, weights=sizes_or_mean(rows["n"].to_numpy(float)))
        found[rows["pools"].iloc[0][narrowest:]] = inflated((values - mean) ** 2, 1)
        means[pool] = mean
    errors, wanted = by_pool(found.items()), [pools[narrowest:] for pools in known.pools]
    spread = np.array([variance(np.empty(0), pools, errors) for pools in wanted])
    sd = np.where(np.isnan(spread), UNKNOWN_SD, np.sqrt(spread))
    return LogitNormal(np.array([means[pools[0]] for pools in wanted]), sd)


def inflated(squares: Array, parameters: int) -> Array:
    """Return squared residuals times k / (k - parameters); none if that many leave none over."""
    free = len(squares) - parameters
    return squares * len(squares) / free if free > 0 else np.empty(0)


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their pools, group, age (printed years_since) and middle cohort."""
    series = [column for column in SERIES if column in rows]
    labels = [_joined(rows, series), _joined(rows, [c for c in series if c != "series"])]
    return rows.assign(
        pools=pd.Series([(a, b, "all") for a, b in zip(*labels, strict=True)], rows.index),
        group=_joined(rows, [*series, "origin", "field"]),
        age=rows["years_since"].fillna(UNPRINTED),
        cohort=(rows["cohort_start"] + rows["cohort_end"]) / 2,
    )


def _joined(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    return rows[list(columns)].astype(str).agg("|".join, axis=1)


def _history(rows: pd.DataFrame) -> History:
    """Return rows of one group as a history: figures of one cohort become one."""
    weight = pd.Series(sizes_or_mean(rows["n"].to_numpy(float)), rows.index)
    summed = rows.assign(weight=weight, rate=rows["rate"] * weight).groupby("cohort")
    rate, n = summed["rate"].sum() / summed["weight"].sum(), summed["n"].mean()
    cohort, pools = rate.index.to_numpy(float), rows["pools"].iloc[0]
    return History(pools, cohort, rate.to_numpy(float), n.to_numpy(float))
