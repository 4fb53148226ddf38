"""What each piece of evidence contributed: the headline without it."""

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from forecast.share.headline import STEPS, headline, thinned
from forecast.share.inputs import WorkforceInputs

NOTHING, EVERYTHING = "all evidence", "none"
ENOUGH = 500  # draws: a Monte Carlo error of at most .023 on a probability


def contributions(inputs: WorkforceInputs, seed: int, steps: int = STEPS) -> pd.DataFrame:
    """Return the headline with all evidence, without each piece of it, and with none.

    A piece is the set of shares of one series and year, a follow-up, or a stay rate. Columns:
    without ("none" first: all evidence is used; "all evidence" last: the priors alone), rows (of
    the workforce table that are left out), and those of ``headline``. The same random numbers and
    stay draws, thinned to about ``ENOUGH``, are used each time.

    Raises
    ------
    RunError
        If the priors rule out the evidence.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> contributions(example_inputs(), seed=1, steps=12)["without"].tolist()[:3]
    ['none', 'share a 2019', 'share a 2022']
    """
    inputs = thinned(inputs, ENOUGH)
    table = inputs.evidence
    rows = []
    for name, left_out in pieces(table):
        kept = replace(inputs, evidence=table[~left_out].reset_index(drop=True))
        found = headline(kept, seed, steps)
        rows.append({"without": name, "rows": int(left_out.sum())} | found)
    return pd.DataFrame(rows)


def pieces(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield each piece of a workforce table: its name and the rows it consists of."""
    nothing = pd.Series(False, index=table.index)  # the value of each row
    yield EVERYTHING, nothing
    later = table[["series"]].assign(year=table["year"].astype(int).astype(str))
    names = table["quantity"].str.cat(later, sep=" ")
    alone = table["quantity"].ne("share")
    names = names.where(~alone, names + " " + table["group"].astype(str))
    for name in names.unique():
        yield str(name), names.eq(name)
    yield NOTHING, ~nothing
