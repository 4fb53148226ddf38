"""Differences between scenarios: the same draws in two scenarios, set against each other."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from forecast.share.events import Probability, mean_of, refuse_unknown, shares_of

PROB = 0.9


@dataclass(frozen=True)
class Comparison:
    """A share in one scenario less that in another.

    ``below``: the probability that it is lower, with its Monte Carlo standard error. ``median``,
    ``lower``, ``upper``: of the difference, in [-1, 1], an interval of probability ``prob`` and of
    ``kind`` "eti" (equal-tailed).
    """

    below: Probability
    median: float
    lower: float
    upper: float
    prob: float = PROB
    kind: str = "eti"


def compare(projection: xr.Dataset, first: str, second: str, group: str, year: int) -> Comparison:
    r"""Set the share of a group in a year under one scenario against that under another.

    :math:`d_i = s_i^{first} - s_i^{second}` for each draw i, P(d < 0), and the median and the 90 %
    equal-tailed interval of d. Scenarios share their random numbers, so what they have in common
    cancels in each draw. A scenario that refits history has parameters of its own, drawn for the
    same stay draw with the same random numbers: that pairing, and so P, is one of many. Draws that
    tie are not below: against itself a scenario has P = 0.

    Parameters
    ----------
    projection
        ``share`` (chain, draw, scenario, year, group), in [0, 1].
    first, second
        The scenarios.
    group, year
        Of whom, and when.

    Raises
    ------
    RunError
        If the projection has no such scenario, group or year.

    Examples
    --------
    >>> labels = {"scenario": ["baseline", "half"], "year": [2030], "group": ["CHN"]}
    >>> draws = np.linspace(0.2, 0.4, 101)[None, :, None] * [1.0, 0.5]
    >>> share = xr.DataArray(draws[..., None, None], labels, ("chain", "draw", *labels))
    >>> found = compare(xr.Dataset({"share": share}), "half", "baseline", "CHN", 2030)
    >>> found.below.value, round(found.median, 3), round(found.lower, 3), round(found.upper, 3)
    (1.0, -0.15, -0.195, -0.105)
    """
    refuse_unknown(projection, "year", year)
    left, right = (shares_of(projection, group, name).sel(year=year) for name in (first, second))
    difference = left - right
    tails = [0.5, (1 - PROB) / 2, (1 + PROB) / 2]
    median, lower, upper = np.quantile(difference.values, tails).tolist()
    return Comparison(mean_of(difference < 0), median, lower, upper)


def differences(
    projection: xr.Dataset, group: str, year: int, against: str = "baseline"
) -> pd.DataFrame:
    """Return ``compare`` of each other scenario with one of them; no rows if it is alone.

    Columns: scenario, against, group, year, below (probability that the share is lower than under
    ``against``), below_mcse, median, lower, upper (of the difference), prob, kind.

    Raises
    ------
    RunError
        If the projection has no such scenario, group or year.

    Examples
    --------
    >>> labels = {"scenario": ["baseline", "half"], "year": [2030], "group": ["CHN"]}
    >>> draws = np.linspace(0.2, 0.4, 101)[None, :, None] * [1.0, 0.5]
    >>> share = xr.DataArray(draws[..., None, None], labels, ("chain", "draw", *labels))
    >>> table = differences(xr.Dataset({"share": share}), "CHN", 2030)
    >>> table[["scenario", "against", "below", "median", "lower", "upper"]].round(3)
      scenario   against  below  median  lower  upper
    0     half  baseline    1.0   -0.15 -0.195 -0.105
    """
    refuse_unknown(projection, "scenario", against)
    rows = []
    for name in (n for n in projection["scenario"].values.tolist() if n != against):
        one = compare(projection, name, against, group, year)
        spread = (one.median, one.lower, one.upper, one.prob, one.kind)
        rows.append((name, against, group, year, *one.below, *spread))
    columns = ["scenario", "against", "group", "year", "below", "below_mcse"]
    return pd.DataFrame(rows, columns=[*columns, "median", "lower", "upper", "prob", "kind"])
