"""The likelihood of the workforce table: published shares, survivals and stay rates."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from forecast.share.cells import Cells, arrange, coming, leaving, mean_stay
from forecast.share.flows import shares
from forecast.share.grid import Grid
from forecast.share.inputs import WorkforceInputs
from forecast.share.parameters import Theta
from forecast.share.scenario import LeverEffects
from forecast.share.workforce import is_whole, share_sets
from forecast.share.world import World, simulate

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

WINDOW = 10  # cohorts behind a published stay rate of a group: those of ten years


@dataclass(frozen=True)
class Published:
    """Published parts of a whole: their values (K,), which sum to one, and the people counted."""

    values: Array
    n: float


@dataclass(frozen=True)
class ShareSet:
    """Shares of one year: ``parts`` (K, G) says which groups each published part holds."""

    published: Published
    parts: Array
    place: int  # years since the start
    other_basis: bool = False


@dataclass(frozen=True)
class Survival:
    """Members of a group of one year who are still there in a later one."""

    published: Published
    group: int
    effects: LeverEffects  # in the years in which one could leave


@dataclass(frozen=True)
class Stayed:
    """Doctorate holders of a group who work in the country, with the doctorates in force."""

    published: Published
    cells: Cells
    effects: LeverEffects


type Datum = ShareSet | Survival | Stayed


@dataclass(frozen=True)
class History:
    """Evidence of a study, the cells it is about, and the levers in force in their years."""

    cells: Cells
    data: tuple[Datum, ...]
    effects: LeverEffects

    def of_draws(self, draws: slice) -> "History":
        """Return the history of some of the stay draws."""
        data = tuple(
            replace(datum, cells=datum.cells.of_draws(draws))
            if isinstance(datum, Stayed)
            else datum
            for datum in self.data
        )
        return replace(self, cells=self.cells.of_draws(draws), data=data)


def years_of(inputs: WorkforceInputs, until: int) -> range:
    """Return all years that the evidence and a projection to ``until`` speak of."""
    table = inputs.evidence
    windows = [window.start for window in _windows(inputs).values()]
    first = min([inputs.spec.start, *table["year_from"].dropna(), *windows])
    return range(int(first), int(max([until, *table["year"]])) + 1)


def history(
    inputs: WorkforceInputs, effects: LeverEffects, factors: Array | None = None
) -> History:
    """Arrange the evidence for the likelihood, with the effects of levers in force.

    ``factors`` (D, T, G): of doctorates that no one has published yet, in the years of
    ``history_years``.
    """
    spec, groups = inputs.spec, list(inputs.spec.groups)
    data: list[Datum] = [_share_set(one, inputs) for one in share_sets(inputs.evidence, spec)]
    windows = _windows(inputs)
    for i, row in inputs.evidence.iterrows():
        group, year = groups.index(row["group"]), int(row["year"])
        both = Published(np.array([row["value"], 1.0 - row["value"]]), float(row["n"]))
        if row["quantity"] == "survival":
            exposed = range(int(row["year_from"]) + 1, year + 1)
            data.append(Survival(both, group, effects.during(exposed)))
        if row["quantity"] == "stay":
            graduates = _graduates(windows[i], inputs, effects)
            own = effects.during(graduates.years).of_cells(graduates.grid.cells(np.array([group])))
            data.append(Stayed(both, graduates.of_group(group), own))
    years = history_years(inputs)
    return History(arrange(inputs, years, factors), tuple(data), effects.during(years))


def history_years(inputs: WorkforceInputs) -> range:
    """Return the years of flows between the start and the last share evidence."""
    start = inputs.spec.start
    return range(start + 1, max(inputs.last_evidence, start + 1) + 1)


def log_likelihood(theta: Theta, past: History) -> Array:
    """Return the log density of all evidence at each draw, (D,)."""
    stock = simulate(World(past.cells, theta), past.effects).stock
    total = np.zeros(len(theta.turnover))
    for datum in past.data:
        total += _log_density(datum, theta, past, stock)
    return np.asarray(np.where(np.isfinite(total), total, -np.inf))


def log_dirichlet(values: Array, mean: Array, concentration: Array) -> Array:
    r"""Return the log Dirichlet density of published parts of a whole.

    .. math:: \log\Gamma(c) - \sum_k \log\Gamma(c m_k) + \sum_k (c m_k - 1) \log x_k

    A density of the rates and not of counts: a count likelihood whose n is learnt drives n to
    zero. With two parts it is a beta density. The variance of part k is m (1 - m) / (c + 1), that
    of a proportion among c + 1 people.

    Parameters
    ----------
    values
        Published parts x, (K,), above zero, sum one.
    mean
        The model's parts m, (D, K).
    concentration
        c, (D,); where it is not above zero the density is minus infinity.

    Examples
    --------
    >>> mean, c = np.array([[0.5, 0.5]]), np.array([2.0])
    >>> log_dirichlet(np.array([0.3, 0.7]), mean, c).round(12).tolist()
    [0.0]
    """
    allowed = concentration > 0
    c = np.where(allowed, concentration, 1.0)
    shapes = c[:, None] * mean
    density = special.gammaln(c) - special.gammaln(shapes).sum(1) + (shapes - 1.0) @ np.log(values)
    return np.asarray(np.where(allowed, density, -np.inf))


def _log_density(datum: Datum, theta: Theta, past: History, stock: Array) -> Array:
    published = datum.published
    clustered = published.n / theta.design_effect - 1.0
    match datum:
        case ShareSet():
            mean = _published_shares(datum, theta, past.cells.grid, stock) @ datum.parts.T
            return log_dirichlet(published.values, mean, clustered)
        case Stayed():
            rate = mean_stay(datum.cells, theta.tier_stay, datum.effects)
            return log_dirichlet(published.values, _two(rate), clustered)
        case Survival():
            exits = leaving(theta, past.cells.departure, datum.effects)[:, :, datum.group]
            concentration = np.full(len(exits), published.n - 1.0)
            return log_dirichlet(published.values, _two((1.0 - exits).prod(1)), concentration)


def _published_shares(datum: ShareSet, theta: Theta, grid: Grid, stock: Array) -> Array:
    """Return the shares of groups as the basis of a set counts them, (D, G)."""
    own = stock[:, datum.place]
    if datum.other_basis:
        more = np.exp(theta.basis_offset)[:, None]
        own = np.where(np.arange(own.shape[1]) == grid.domestic, own, own * more)
    return shares(own)


def _windows(inputs: WorkforceInputs) -> dict[Hashable, range]:
    """Return the cohorts behind each stay row, by its label: ten years, fewer at the beginning."""
    rows = inputs.evidence[inputs.evidence["quantity"].eq("stay")]
    known = int(inputs.stay["cohort"].min())
    return {i: range(max(int(y) - WINDOW + 1, known), int(y) + 1) for i, y in rows["year"].items()}


def _graduates(window: range, inputs: WorkforceInputs, effects: LeverEffects) -> Cells:
    """Return the cells behind a published stay rate: their doctorates in force, none outside.

    All years from the start on are among them, as levers may hold the value of one.
    """
    years = range(min(window.start, inputs.spec.start + 1), window.stop)
    cells = arrange(inputs, years)
    inside = np.isin(years, window)[:, None]
    return replace(cells, people=coming(cells, effects.during(years)) * inside)


def _two(rate: Array) -> Array:
    return np.column_stack([rate, 1.0 - rate])


def _share_set(one: pd.DataFrame, inputs: WorkforceInputs) -> ShareSet:
    spec, groups = inputs.spec, list(inputs.spec.groups)
    listed = [groups.index(group) for group in one["group"]]
    parts, values = np.eye(len(groups))[listed], one["value"].to_numpy(dtype=float)
    if not is_whole(one, spec):
        parts = np.vstack([parts, 1.0 - parts.sum(0)])
        values = np.append(values, 1.0 - values.sum())
    published = Published(values / values.sum(), float(one["n"].iloc[0]))
    other = spec.basis is not None and str(one["series"].iloc[0]) != spec.basis
    return ShareSet(published, parts, int(one["year"].iloc[0]) - spec.start, other)
