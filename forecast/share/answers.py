"""Answers from a projection: fans, probabilities, first passage."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from forecast.errors import RunError
from forecast.share.diagnostics import indicator_mcse

PROBS = (0.5, 0.8, 0.95)


class Probability(NamedTuple):
    """A probability and its Monte Carlo standard error."""

    value: float
    mcse: float


def summarise(projection: xr.Dataset, prob: float | Sequence[float] = PROBS) -> pd.DataFrame:
    """Return the fan of shares: medians and equal-tailed intervals.

    Columns: scenario, year, group, median, lower, upper (shares in [0, 1]), prob, kind ("eti"); a
    row for each scenario, group, year and probability.

    Raises
    ------
    RunError
        If a probability is not between 0 and 1.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN"]}
    >>> draws = np.linspace(0, 1, 101).reshape(1, 101, 1, 1, 1)
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", "scenario", "year", "group"))
    >>> summarise(xr.Dataset({"share": share}), prob=0.9)[["median", "lower", "upper"]].round(3)
       median  lower  upper
    0     0.5   0.05   0.95
    """
    probs = [prob] if isinstance(prob, float | int) else list(prob)
    for one in probs:
        if not 0 < one < 1:
            raise RunError(f"prob lies between 0 and 1; got {one:g}. Write 0.9 for 90 %.")
    order = ["scenario", "group", "year"]
    samples = projection["share"].transpose("chain", "draw", *order)
    index = pd.MultiIndex.from_product([samples[dim].values for dim in order], names=order)
    values = samples.values.reshape(-1, len(index))
    median = np.median(values, axis=0)
    tables = []
    for one in probs:
        lower, upper = np.quantile(values, [(1 - one) / 2, (1 + one) / 2], axis=0)
        fan = {"median": median, "lower": lower, "upper": upper, "prob": one, "kind": "eti"}
        tables.append(pd.DataFrame(fan, index=index).reset_index())
    columns = ["scenario", "year", "group", "median", "lower", "upper", "prob", "kind"]
    return pd.concat(tables, ignore_index=True)[columns]


def probability(
    projection: xr.Dataset, group: str, at_most: float, by: int, scenario: str = "baseline"
) -> Probability:
    r"""Return P(share of ``group`` in the year ``by`` is at most ``at_most``).

    The share in that year, and not its lowest until then: see ``first_passage`` for the latter.
    The Monte Carlo standard error is that of the mean of the indicator over chain and draw, with
    its effective sample size. If no draw, or each one, is at most ``at_most``, that error would
    be zero; then it is the standard deviation of the Jeffreys posterior, Beta(k + 1/2, S - k +
    1/2), for k of S draws.

    Raises
    ------
    RunError
        If the projection has no such group, year or scenario.

    References
    ----------
    Vehtari et al. (2021), Rank-normalization, folding, and localization, doi 10.1214/20-BA1221.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN"]}
    >>> draws = np.random.default_rng(1).random((4, 100, 1, 1, 1))
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", "scenario", "year", "group"))
    >>> answer = probability(xr.Dataset({"share": share}), "CHN", 0.25, 2030)
    >>> abs(answer.value - 0.25) < 4 * answer.mcse
    True
    """
    samples = _samples(projection, group, scenario, by)
    below = samples.transpose("chain", "draw").values <= at_most
    return Probability(float(below.mean()), indicator_mcse(below))


def probabilities(projection: xr.Dataset, group: str, at_most: float, by: int) -> pd.DataFrame:
    """Return the probability of ``probability`` in each scenario.

    Columns: scenario, group, at_most, by, probability, mcse.

    Raises
    ------
    RunError
        If the projection has no such group or year.
    """
    rows = [
        (name, group, at_most, by, *probability(projection, group, at_most, by, name))
        for name in projection["scenario"].values.tolist()
    ]
    columns = ["scenario", "group", "at_most", "by", "probability", "mcse"]
    return pd.DataFrame(rows, columns=columns)


def first_passage(projection: xr.Dataset, group: str, at_most: float) -> pd.DataFrame:
    """Return when the share of a group is first at most ``at_most``.

    Columns: scenario, group, at_most, year, first (probability that this is the first such year),
    by_then (that it was this year or before), never (that no year of the projection is). A share
    that starts there has its first passage at the start.

    Raises
    ------
    RunError
        If the projection has no such group.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2029, 2030], "group": ["CHN"]}
    >>> draws = np.array([[0.3, 0.2], [0.3, 0.3]]).reshape(1, 2, 1, 2, 1)
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", "scenario", "year", "group"))
    >>> first_passage(xr.Dataset({"share": share}), "CHN", 0.25)[["year", "first", "never"]]
       year  first  never
    0  2029    0.0    0.5
    1  2030    0.5    0.5
    """
    tables = []
    for name in projection["scenario"].values.tolist():
        samples = _samples(projection, group, name).transpose("chain", "draw", "year")
        below = samples.values.reshape(-1, samples.sizes["year"]) <= at_most
        by_then = np.maximum.accumulate(below, axis=1).mean(0)
        facts = {
            "scenario": name,
            "group": group,
            "at_most": at_most,
            "year": samples["year"].values,
        }
        rates = {
            "first": np.diff(by_then, prepend=0.0),
            "by_then": by_then,
            "never": 1 - by_then[-1],
        }
        tables.append(pd.DataFrame(facts | rates))
    return pd.concat(tables, ignore_index=True)


def _samples(
    projection: xr.Dataset, group: str, scenario: str, year: int | None = None
) -> xr.DataArray:
    """Return the shares of a group in a scenario, in one year or all."""
    wanted = {"group": group, "scenario": scenario} | ({} if year is None else {"year": year})
    for dim, label in wanted.items():
        known = projection[dim].values.tolist()
        if label not in known:
            shown = f"{known[0]} to {known[-1]}" if dim == "year" else ", ".join(known)
            raise RunError(f"{dim} is one of {shown}; got {label!r}. Choose one of them.")
    return projection["share"].sel(wanted)
