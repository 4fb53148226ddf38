"""Answers from a projection: fans, probabilities, first passage."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from forecast.errors import RunError
from forecast.share.events import (
    Probability,
    bound_of,
    event_probability,
    forecast_years,
    mean_of,
    shares_of,
    within,
)

PROBS = (0.5, 0.8, 0.95)


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
    projection: xr.Dataset,
    group: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    year: int | None = None,
    by: int | None = None,
    scenario: str = "baseline",
) -> Probability:
    r"""Return how probable it is that the share of a group is at most, or at least, a bound.

    With ``year``, :math:`P(s_{year} \le b)`: in that year, wherever the share was before. With
    ``by``, :math:`P(\min_{t \le by} s_t \le b)`: in that year or in any year before it that comes
    after the share evidence, as ``by_then`` of ``first_passage``. For ``at_least`` :math:`\ge` and
    the maximum.

    The Monte Carlo standard error is that of the mean of the indicator over chain and draw, with
    its effective sample size. If the event holds in no draw, or in each, that error would be
    zero; then it is the standard deviation of the Jeffreys posterior, Beta(k + 1/2, S - k + 1/2),
    for k of S draws.

    Parameters
    ----------
    projection
        ``share`` (chain, draw, scenario, year, group), in [0, 1].
    group, scenario
        Of whom, and under which scenario.
    at_most, at_least
        The bound, one of the two; a share equal to it counts.
    year, by
        In that year, or by then; one of the two.

    Raises
    ------
    RunError
        If not exactly one bound and one time are given, or the projection has no such group, year
        or scenario.

    References
    ----------
    Vehtari et al. (2021), Rank-normalization, folding, and localization, doi 10.1214/20-BA1221.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN"]}
    >>> draws = np.random.default_rng(1).random((4, 100, 1, 1, 1))
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", "scenario", "year", "group"))
    >>> answer = probability(xr.Dataset({"share": share}), "CHN", at_most=0.25, year=2030)
    >>> abs(answer.value - 0.25) < 4 * answer.mcse
    True
    """
    bound = bound_of(at_most, at_least)
    event = within(shares_of(projection, group, scenario), *bound)
    return event_probability(event, forecast_years(projection), year, by)


def probabilities(
    projection: xr.Dataset,
    group: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    year: int,
) -> pd.DataFrame:
    """Return ``probability`` in each scenario: in a year, and by then.

    Columns: scenario, group, at_most or at_least (the one that is given), by (the year),
    probability (in that year), mcse, by_then (in that year or before), by_then_mcse.

    Raises
    ------
    RunError
        If not exactly one bound is given, or the projection has no such group or year.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2029, 2030], "group": ["CHN"]}
    >>> draws = np.array([[0.2, 0.3]] * 8).reshape(2, 4, 1, 2, 1)
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", "scenario", "year", "group"))
    >>> table = probabilities(xr.Dataset({"share": share}), "CHN", at_most=0.25, year=2030)
    >>> table[["scenario", "at_most", "by", "probability", "by_then"]]
       scenario  at_most    by  probability  by_then
    0  baseline     0.25  2030          0.0      1.0
    """
    name, bound = bound_of(at_most, at_least)
    years, rows = forecast_years(projection), []
    for scenario in projection["scenario"].values.tolist():
        event = within(shares_of(projection, group, scenario), name, bound)
        then = event_probability(event, years, year=year, by=None)
        ever = event_probability(event, years, year=None, by=year)
        rows.append((scenario, group, bound, year, *then, *ever))
    columns = ["scenario", "group", name, "by", "probability", "mcse", "by_then", "by_then_mcse"]
    return pd.DataFrame(rows, columns=columns)


def first_passage(
    projection: xr.Dataset,
    group: str,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> pd.DataFrame:
    """Return when the share of a group is first at most, or at least, a bound.

    Columns: scenario, group, at_most or at_least (the one that is given), year, first (probability
    that this is the first such year), by_then (that it was this year or before), by_then_mcse
    (Monte Carlo standard error, as in ``probability``), never (that no year of the projection is;
    its error is that of by_then in the last year). Only years after the share evidence count; a
    share that is there in the first of them has its first passage then.

    Raises
    ------
    RunError
        If not exactly one bound is given, or the projection has no such group.

    Examples
    --------
    >>> labels = {"scenario": ["baseline"], "year": [2029, 2030], "group": ["CHN"]}
    >>> draws = np.array([[0.3, 0.2], [0.3, 0.3]] * 4).reshape(2, 4, 1, 2, 1)
    >>> share = xr.DataArray(draws, labels, ("chain", "draw", "scenario", "year", "group"))
    >>> table = first_passage(xr.Dataset({"share": share}), "CHN", at_most=0.25)
    >>> table[["year", "first", "by_then", "never"]]
       year  first  by_then  never
    0  2029    0.0      0.0    0.5
    1  2030    0.5      0.5    0.5
    """
    name, bound = bound_of(at_most, at_least)
    years, tables = forecast_years(projection), []
    for scenario in projection["scenario"].values.tolist():
        event = within(shares_of(projection, group, scenario), name, bound).sel(year=years)
        reached = event.copy(data=np.logical_or.accumulate(event.values, axis=-1))
        found = [mean_of(reached.sel(year=year)) for year in event["year"].values]
        by_then = np.array([one.value for one in found])
        facts = {"scenario": scenario, "group": group, name: bound, "year": event["year"].values}
        rates = {
            "first": np.diff(by_then, prepend=0.0),
            "by_then": by_then,
            "by_then_mcse": [one.mcse for one in found],
            "never": 1 - by_then[-1],
        }
        tables.append(pd.DataFrame(facts | rates))
    return pd.concat(tables, ignore_index=True)
