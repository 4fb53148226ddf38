"""Research output relative to a reference: heads, and heads weighted by what they contribute."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from forecast.errors import RunError
from forecast.inference.rates import bounds
from forecast.share.cells import weights_of
from forecast.share.events import refuse_unknown
from forecast.share.flows import replaced_by_others
from forecast.share.model import ShareModel
from forecast.share.scenario import no_effects
from forecast.share.world import World, simulate
from forecast.study import Scenario, ShareSpec, describe, frozen

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

STREAM = 3  # of the random numbers of a seed
SAME = 1e-6  # stocks at the start that differ less are of one parameter draw


def contribution_draws(spec: ShareSpec, size: Sequence[int], seed: int) -> Array:
    """Return draws of what a foreign researcher contributes relative to a domestic one.

    Raises
    ------
    RunError
        If the study has no ``[share.output]``.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> drawn = contribution_draws(load_study("china_ai_2030").share, (4, 1000), seed=1)
    >>> drawn.shape, bool(1.5 < np.median(drawn) < 1.7)
    ((4, 1000), True)
    """
    if spec.output is None:
        raise RunError("research output needs [share.output]; got a study without. Add the table.")
    rng = np.random.default_rng([seed, STREAM])
    drawn = frozen(spec.output.contribution).rvs(size=tuple(size), random_state=rng)
    return np.asarray(drawn, dtype=float)


def output(
    projection: xr.Dataset, spec: ShareSpec, seed: int, against: str | xr.DataArray = "baseline"
) -> xr.Dataset:
    r"""Return research output relative to a reference, draw by draw.

    .. math:: h_t = \sum_g S_{gt} / \sum_g S^0_{gt}, \qquad
              y_t = \sum_g w_g S_{gt} / \sum_g w_g S^0_{gt},

    with :math:`w = 1` for the domestic group and the study's ``contribution`` for foreign ones:
    one draw of it for each draw of the projection, the same in each scenario, group and year. Who
    stays is as productive as before.

    Parameters
    ----------
    projection
        ``stock`` (chain, draw, scenario, year, group).
    spec
        The study's part on the workforce, with ``[share.output]``.
    seed
        Of the draws of the contribution.
    against
        The reference :math:`S^0`: a scenario, or stocks from ``without_levers``. Stocks can be set
        against each other only if their parameters are the same, draw by draw: a scenario that
        refits history has its own, and so needs the latter.

    Returns
    -------
    xr.Dataset
        ``heads`` and ``output`` (chain, draw, scenario, year), 1 where nothing is lost;
        ``contribution`` (chain, draw). Attributes: ``seed``, ``against``, ``contribution`` (the
        prior in words).

    Raises
    ------
    RunError
        If the study has no ``[share.output]``, the projection no such scenario or not its start,
        or stocks do not start from those of the reference.

    Examples
    --------
    >>> from forecast.study import load_study
    >>> labels = {"scenario": ["baseline", "fewer"], "year": [2019], "group": ["CHN", "USA"]}
    >>> stock = np.array([[0.4, 0.6], [0.2, 0.6]]).reshape(1, 1, 2, 1, 2)
    >>> later = xr.DataArray(stock, labels, ("chain", "draw", *labels))
    >>> start = later.sel(scenario=["baseline"] * 2).assign_coords(scenario=labels["scenario"])
    >>> stocks = xr.concat([start, later.assign_coords(year=[2030])], "year")
    >>> found = output(xr.Dataset({"stock": stocks}), load_study("china_ai_2030").share, seed=1)
    >>> found["heads"].sel(year=2030).values.ravel().round(12).tolist()
    [1.0, 0.8]
    """
    stock = projection["stock"].transpose("chain", "draw", "scenario", "year", "group")
    refuse_unknown(stock, "year", spec.start)
    if isinstance(against, str):
        refuse_unknown(stock, "scenario", against)
        reference, named = stock.sel(scenario=against, drop=True), against
    else:
        reference, named = _like(against, stock), "the same parameters without levers"
    _refuse_other_starts(stock, reference, spec.start)
    sample = ("chain", "draw")
    drawn = contribution_draws(spec, [stock.sizes[dim] for dim in sample], seed)
    contribution = xr.DataArray(drawn, dims=sample)
    parts = {
        "heads": _relative(stock, reference, xr.ones_like(contribution), spec),
        "output": _relative(stock, reference, contribution, spec),
        "contribution": contribution,
    }
    assert spec.output is not None  # contribution_draws() has refused that
    words = describe(spec.output.contribution)
    return xr.Dataset(parts, attrs={"seed": seed, "against": named, "contribution": words})


def without_levers(model: ShareModel, scenarios: Mapping[str, Scenario]) -> xr.DataArray:
    """Return the stocks that each scenario would have had without its levers.

    Parameters, and entrants for each graduate, stay those of the scenario: of the baseline, or its
    own if it refits history. Dims (chain, draw, scenario, year, group), as in a projection.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import BASELINE, share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> without_levers(model, {"baseline": BASELINE}).sizes["year"]
    12
    """
    stay, spec = model.inputs.stay, model.inputs.spec
    stocks = np.stack([_unmoved(model, scenario) for scenario in scenarios.values()], axis=1)
    shape = (stay.sizes["chain"], stay.sizes["draw"], *stocks.shape[1:])
    labels = {
        "chain": np.arange(shape[0]),
        "draw": np.arange(shape[1]),
        "scenario": list(scenarios),
        "year": list(range(spec.start, model.settings.until + 1)),
        "group": list(spec.groups),
    }
    return xr.DataArray(stocks.reshape(shape), labels, tuple(labels))


def output_table(found: xr.Dataset, prob: float = 0.9) -> pd.DataFrame:
    """Return medians and equal-tailed intervals of ``output``.

    Columns: scenario, year, heads_median, heads_lower, heads_upper, output_median, output_lower,
    output_upper, prob, kind ("eti").

    Raises
    ------
    RunError
        If ``prob`` is not between 0 and 1.

    Examples
    --------
    >>> labels = {"scenario": ["fewer"], "year": [2030]}
    >>> draws = np.linspace(0, 1, 101).reshape(1, 101, 1, 1)
    >>> heads = xr.DataArray(draws, labels, ("chain", "draw", *labels))
    >>> table = output_table(xr.Dataset({"heads": heads, "output": heads**2}))
    >>> table[["heads_median", "output_median", "output_lower"]].round(4).to_numpy().tolist()
    [[0.5, 0.25, 0.0025]]
    """
    if not 0 < prob < 1:
        raise RunError(f"prob lies between 0 and 1; got {prob:g}. Write 0.9 for 90 %.")
    names = ["scenario", "year"]
    index = pd.MultiIndex.from_product([found[dim].values for dim in names], names=names)
    columns = {}
    for name in ("heads", "output"):
        one = bounds(found[name].transpose("chain", "draw", *names).values, prob)
        for part in ("median", "lower", "upper"):
            columns[f"{name}_{part}"] = getattr(one, part).ravel()
    return pd.DataFrame(columns, index=index).reset_index().assign(prob=prob, kind="eti")


def _relative(
    stock: xr.DataArray, reference: xr.DataArray, contribution: xr.DataArray, spec: ShareSpec
) -> xr.DataArray:
    """Return weighted heads as a part of the reference's, (chain, draw, scenario, year)."""
    home = next(name for name, group in spec.groups.items() if group.domestic)
    made = [
        one.sel(group=home, drop=True) + contribution * one.drop_sel(group=home).sum("group")
        for one in (stock, reference)
    ]
    return (made[0] / made[1]).transpose(*stock.dims[:-1])


def _unmoved(model: ShareModel, scenario: Scenario) -> Array:
    """Return the stocks (D, T + 1, G) of a scenario's parameters without its levers."""
    world, used = model.world, model.calibrated(scenario)
    if used is not model.calibration:
        effects = model.effects(scenario).during(world.years)
        plain = no_effects(world.years, model.grid)
        weights = weights_of(world.cells, used.theta, effects)
        unmoved = weights_of(world.cells, used.theta, plain)
        total = replaced_by_others(weights, unmoved, effects.replaced)[:, 0].sum(-1)
        world = World(world.cells, used.theta, total, world.noise)
    return simulate(world, no_effects(world.years, model.grid)).stock


def _like(against: xr.DataArray, stock: xr.DataArray) -> xr.DataArray:
    """Return stocks of a reference in the order of the projection's, none left out."""
    try:
        return xr.align(stock, against.transpose(*stock.dims), join="exact")[1]
    except ValueError as error:
        rule = "stocks of a reference have the labels of the projection"
        raise RunError(f"{rule}; got others: {error}. Take both from one model.") from error


def _refuse_other_starts(stock: xr.DataArray, reference: xr.DataArray, start: int) -> None:
    """Refuse stocks whose parameters are not those of the reference."""
    moved = abs(stock.sel(year=start) - reference.sel(year=start)).max(("chain", "draw", "group"))
    if others := moved["scenario"].values[moved.values > SAME].tolist():
        rule = "output is set against stocks of the same parameters"
        way = "Pass against=without_levers(model, scenarios), or leave it out."
        raise RunError(f"{rule}; got {', '.join(others)} with parameters of its own. {way}")
