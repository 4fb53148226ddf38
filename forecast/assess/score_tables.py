"""Tables of scores: means, coverage and skill by groups of targets, with bootstrap intervals.

A table of scores has a row for each forecast of a published rate: forecaster, origin_year, target
(an id of the published row), horizon, earlier, n and other facts of the row, and the columns of
``scores``.

Forecasts are not independent. The same published row is forecast from many origin years, with
overlapping horizons and much the same error, so the bootstrap resamples whole published rows with
all forecasts of them, not single forecasts. Origin years are no clusters for this: they share rows.
Rows of one publication may err together as well; intervals are then too narrow, and the column
``source`` is the better cluster.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from forecast.assess.scores import LEVELS
from forecast.errors import RunError

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Group = tuple[dict[str, object], pd.DataFrame]  # its labels and its rows

RESAMPLES = 1000
INTERVAL_SCORES = tuple(f"interval_score_{level}" for level in LEVELS)
SKILLED = ("crps", "wis", *INTERVAL_SCORES)  # zero at best, so that a ratio of means has a sense
MEASURES = {name: name for name in (*SKILLED, "log_score")} | {
    f"coverage_{level}": f"inside_{level}" for level in LEVELS
}
PARTS = ("skill", "better")
FORECAST = ["origin_year", "target"]  # says which forecast a row is


def by(
    table: pd.DataFrame, keys: Sequence[str], seed: int, cluster: str = "target", prob: float = 0.9
) -> pd.DataFrame:
    r"""Return mean scores and coverage of groups of forecasts, with bootstrap intervals.

    With sums :math:`s_c` of a score over the :math:`n_c` forecasts of a group in cluster c, the
    mean is :math:`\sum_c s_c / \sum_c n_c`. A resample draws as many clusters as the group has,
    with replacement, and takes the mean of theirs; the interval lies between percentiles of 1,000
    resamples. Groups of the same clusters, such as two forecasters of the same targets, see the
    same resamples.

    Parameters
    ----------
    table
        A row for each forecast: the keys, the cluster, and the columns of ``scores``.
    keys
        Columns that make the groups; forecaster is one of them, unless the table has only one.
    seed
        Of the resamples.
    cluster
        Column of what is resampled whole; by default the published row.
    prob
        Probability of the intervals.

    Returns
    -------
    pd.DataFrame
        A row for each group, in the order of the keys; columns: the keys; forecasts, clusters
        (numbers of them); crps, wis, interval_score_50, interval_score_80, interval_score_95
        (points of the rate), log_score (nats), coverage_50, coverage_80, coverage_95 ([0, 1]), each
        a mean, with its interval in columns that end in _lower and _upper; prob; kind
        ("bootstrap"). Intervals of one cluster are NaN: it says nothing of the spread. Those of
        fewer than about ten are too narrow.

    Raises
    ------
    RunError
        If a column is missing, the table is empty, a cell of the keys or the cluster is, or
        forecasters would be mixed.

    References
    ----------
    Davison & Hinkley (1997), Bootstrap methods and their application, section 3.8, doi
    10.1017/CBO9780511802843.

    Examples
    --------
    >>> from forecast.assess.scores import scores
    >>> rng = np.random.default_rng(1)
    >>> found = scores(rng.beta(70, 30, (500, 40)), rng.beta(70, 30, 40), seed=1)
    >>> table = found.assign(forecaster="beta", target=range(40))
    >>> found = by(table, ["forecaster"], seed=1)
    >>> found[["coverage_80", "coverage_80_lower", "coverage_80_upper"]].iloc[0].tolist()
    [0.775, 0.675, 0.875]
    """
    _refuse(table, [*keys, cluster], [*MEASURES.values()])
    if "forecaster" not in keys and "forecaster" in table and len(table["forecaster"].unique()) > 1:
        raise RunError(f"forecasters are not mixed; got keys {[*keys]}. Add forecaster to them.")
    rows = []
    for labels, group in _groups(table, keys):
        values = group[list(MEASURES.values())].to_numpy(dtype=float)
        totals = _totals(np.column_stack([values, np.ones(len(values))]), group[cluster], seed)
        means = totals[:, :-1] / totals[:, -1:]
        rows.append(labels | _summary(means, [*MEASURES], group[cluster], prob))
    return pd.DataFrame(rows)


def skill(
    table: pd.DataFrame,
    model: str,
    baselines: Sequence[str],
    keys: Sequence[str],
    seed: int,
    *,
    score: str = "crps",
    cluster: str = "target",
    prob: float = 0.9,
) -> pd.DataFrame:
    r"""Return the skill of a forecaster against others, with bootstrap intervals.

    .. math:: 1 - \bar S_{model} / \bar S_{baseline}:

    1 where the model is perfect, 0 where it is as good as the baseline, negative where it is worse.
    A resample (see ``by``) takes the same published rows for both, so what makes a row hard for
    both is not counted as doubt about who is better.

    Parameters
    ----------
    table, seed, cluster, prob
        As of ``by``.
    model, baselines
        Forecasters of the table; each forecasts the same targets from the same origin years.
    keys
        Columns that make groups of targets; none for all together.
    score
        crps, wis or an interval score.

    Returns
    -------
    pd.DataFrame
        A row for each baseline and group; columns: the keys; model, baseline, score; forecasts,
        clusters; skill, skill_lower, skill_upper; better, better_lower, better_upper (the part of
        the forecasts where the model's score is lower, [0, 1]; a tie is none); prob; kind
        ("bootstrap"). NaN where the baseline is perfect, and for intervals of one cluster.

    Raises
    ------
    RunError
        As of ``by``, or if the score can be negative, a forecaster is not in the table or forecasts
        a target twice, or the two have not the same targets.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, doi
    10.1198/016214506000001437.

    Examples
    --------
    >>> table = pd.DataFrame({"target": [1, 2, 1, 2], "origin_year": 2015, "crps": [1.0, 2, 2, 4]})
    >>> table["forecaster"] = ["model", "model", "naive", "naive"]
    >>> found = skill(table, "model", ["naive"], [], seed=1)
    >>> found[["skill", "skill_lower", "better"]].iloc[0].tolist()
    [0.5, 0.5, 1.0]
    """
    if score not in SKILLED:
        raise RunError(f"skill is of {', '.join(SKILLED)}; got {score}. Compare means instead.")
    _refuse(table, [*keys, cluster, "forecaster", *FORECAST], [score])
    rows = []
    for baseline in baselines:
        paired = _paired(table, model, baseline, score)
        for labels, group in _groups(paired, keys):
            mine, other = group[score].to_numpy(dtype=float), group["other"].to_numpy(dtype=float)
            values = np.column_stack([other - mine, mine < other, other, np.ones(len(mine))])
            totals = _totals(values, group[cluster], seed)
            below = totals[:, 2:]
            parts = np.divide(totals[:, :2], below, np.full_like(below, np.nan), where=below > 0)
            names = {"model": model, "baseline": baseline, "score": score}
            rows.append(labels | names | _summary(parts, PARTS, group[cluster], prob))
    return pd.DataFrame(rows)


def with_groups(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the columns horizon_group, earlier_group and size_group.

    Raises RunError if a horizon, a number of earlier rows or of people is out of range.
    """
    return table.assign(
        horizon_group=horizon_group(table["horizon"]),
        earlier_group=earlier_group(table["earlier"]),
        size_group=size_group(table["n"]),
    )


def horizon_group(horizon: pd.Series) -> pd.Series:
    """Return the group of years ahead, in order: 1 to 5, 6+; RunError if one is below 1.

    Examples
    --------
    >>> horizon_group(pd.Series([1, 5, 6, 16])).tolist()
    ['1', '5', '6+', '6+']
    """
    return _cut(horizon, (1, 2, 3, 4, 5, 6), ["1", "2", "3", "4", "5", "6+"])


def earlier_group(earlier: pd.Series) -> pd.Series:
    """Return the group of how many rows of a series were known; RunError if one is below 0.

    Examples
    --------
    >>> earlier_group(pd.Series([0, 1, 4, 5])).tolist()
    ['new', '1 to 4', '1 to 4', '5 or more']
    """
    return _cut(earlier, (0, 1, 5), ["new", "1 to 4", "5 or more"])


def size_group(n: pd.Series) -> pd.Series:
    """Return the group of how many people a rate is of; RunError if one is below 0.

    Examples
    --------
    >>> size_group(pd.Series([99, 100, 1000, np.nan])).tolist()
    ['under 100', '100 to 999', '1,000 or more', 'unknown']
    """
    known = _cut(n.fillna(0), (0, 100, 1000), ["under 100", "100 to 999", "1,000 or more"])
    return known.cat.add_categories(["unknown"]).where(n.notna(), "unknown")


def _cut(values: pd.Series, starts: Sequence[int], labels: list[str]) -> pd.Series:
    """Return the labels of half-open ranges, the last without an end."""
    found = pd.Series(pd.cut(values, [*starts, np.inf], right=False, labels=labels))
    wrong = values[found.isna()]
    if len(wrong):
        got = f"{wrong.iloc[0]} in column {values.name}"
        raise RunError(f"groups are of numbers from {starts[0]} on; got {got}. Mend the table.")
    return found


def _groups(table: pd.DataFrame, keys: Sequence[str]) -> Iterator[Group]:
    """Yield the labels and rows of each group; without keys there is one."""
    if not keys:
        yield {}, table
    else:
        for labels, group in table.groupby(list(keys), observed=True):
            yield dict(zip(keys, labels, strict=True)), group


def _totals(values: Array, clusters: pd.Series, seed: int) -> Array:
    """Return sums of columns, (1 + resample, column): of all rows, then of resampled clusters."""
    code, labels = pd.factorize(clusters, sort=True)
    size = len(labels)
    sums = np.stack([np.bincount(code, column, size) for column in values.T], axis=1)
    drawn = np.random.default_rng(seed).integers(size, size=(RESAMPLES, size))
    place = (drawn + size * np.arange(RESAMPLES)[:, None]).ravel()
    counts = np.bincount(place, minlength=RESAMPLES * size).reshape(RESAMPLES, size).astype(float)
    # einsum: the bytes of a product by BLAS depend on its number of threads
    return np.vstack([sums.sum(axis=0), np.einsum("rc,cs->rs", counts, sums)])


def _summary(
    of: Array, names: Sequence[str], clusters: pd.Series, prob: float
) -> dict[str, object]:
    """Return each estimate (the first row) with its percentiles over resamples (the others)."""
    lower, upper = np.quantile(of[1:], [(1 - prob) / 2, (1 + prob) / 2], axis=0)
    number = clusters.nunique()
    if number == 1:
        lower, upper = np.full((2, len(names)), np.nan)
    found: dict[str, object] = {"forecasts": len(clusters), "clusters": number}
    for name, estimate, low, high in zip(names, of[0], lower, upper, strict=True):
        found |= {name: float(estimate), f"{name}_lower": float(low), f"{name}_upper": float(high)}
    return found | {"prob": prob, "kind": "bootstrap"}


def _paired(table: pd.DataFrame, model: str, baseline: str, score: str) -> pd.DataFrame:
    """Return the model's rows, with the baseline's score of the same forecasts as ``other``."""
    mine, other = (_forecasts_of(table, name) for name in (model, baseline))
    if len(mine) != len(other) or not mine.index.isin(other.index).all():
        rule = "skill compares forecasts of the same targets from the same origin years"
        got = f"{len(mine)} of {model} and {len(other)} of {baseline} that differ"
        raise RunError(f"{rule}; got {got}. Keep those that both have.")
    return mine.assign(other=other[score].reindex(mine.index)).reset_index()


def _forecasts_of(table: pd.DataFrame, forecaster: str) -> pd.DataFrame:
    found = table[table["forecaster"].eq(forecaster)].set_index(FORECAST)
    if found.empty:
        known = ", ".join(map(str, table["forecaster"].unique()))
        raise RunError(f"a forecaster is one of {known}; got {forecaster}. Name one of them.")
    if not found.index.is_unique:
        twice = found.index[found.index.duplicated()][0]
        rule = "a forecaster forecasts a target once from an origin year"
        raise RunError(f"{rule}; got {twice} of {forecaster} twice. Give each row its own target.")
    return found


def _refuse(table: pd.DataFrame, filled: Sequence[str], others: Sequence[str]) -> None:
    """Refuse a table without rows, without a column, or with empty cells where a label must be."""
    missing = [name for name in (*filled, *others) if name not in table]
    if missing:
        raise RunError(f"a table of scores has all columns; got none of {missing}. Add them.")
    if table.empty:
        raise RunError("a table of scores has a row or more; got none. Score a forecast first.")
    empty = [name for name in filled if table[name].isna().any()]
    if empty:
        raise RunError(f"keys and clusters are filled; got empty cells in {empty}. Fill them.")
