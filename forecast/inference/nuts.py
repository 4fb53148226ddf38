"""NUTS: the reference engine, PyMC's model sampled by nutpie.

Hoffman & Gelman 2014, jmlr.org/papers/v15/hoffman14a.html; nutpie adapts a diagonal mass matrix.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import nutpie
import pytensor
import xarray as xr
from threadpoolctl import threadpool_limits

from forecast.errors import RunError
from forecast.inference.engines import Engine, Progress
from forecast.stay import StayModel
from forecast.stay.posterior import named_latents
from forecast.stay.pymc_model import pymc_model
from forecast.stay.whitening import whitening
from forecast.study.schema import SamplerSpec

STATS = {
    "diverging": "diverging",
    "energy": "energy",
    "n_steps": "n_steps",
    "depth": "tree_depth",
    "step_size": "step_size",
}


def sample(
    model: StayModel, sampler: SamplerSpec, seed: int, progress: Progress | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw from the posterior of the stay model; return the draws and the sampler's statistics.

    ``progress`` is called with the draws finished, the draws wanted and the divergences so far.
    The same seed gives the same draws whatever the number of cores: fast maths is off, so that a
    cold and a warm compile cache agree, and linear algebra runs on one thread a chain.

    Raises
    ------
    RunError
        If the sampler cannot start, with its own words.
    """
    return prepared(model)(model, sampler, seed, progress)


def prepared(first: StayModel) -> Engine:
    """Compile a model once; return an engine for it and for models of other observed figures.

    The whitening is that of ``first``: any is exact, a fitting one is fast.
    """
    with threadpool_limits(1), pytensor.config.change_flags(numba__fastmath=False):
        compiled = nutpie.compile_pymc_model(pymc_model(first, whitening(first)))

    def draw(
        model: StayModel, sampler: SamplerSpec, seed: int, progress: Progress | None = None
    ) -> tuple[xr.Dataset, xr.Dataset]:
        return _drawn(compiled.with_data(**_seen(model)), model, sampler, seed, progress)

    return draw


def _seen(model: StayModel) -> dict[str, np.ndarray]:
    """Return what a compiled model takes as observed."""
    counts, rates = model.errors.counts, model.errors.rates
    seen = {"stayed_seen": counts.stayed, "rate_seen": rates.rate}
    return {name: values for name, values in seen.items() if len(values)}


def _drawn(
    compiled: Any, model: StayModel, sampler: SamplerSpec, seed: int, progress: Progress | None
) -> tuple[xr.Dataset, xr.Dataset]:
    try:
        with threadpool_limits(1), pytensor.config.change_flags(numba__fastmath=False):
            drawn = nutpie.sample(
                compiled,
                seed=seed,
                chains=sampler.chains,
                tune=sampler.tune,
                draws=sampler.draws,
                target_accept=sampler.target_accept,
                save_warmup=False,
                progress_bar=False,
                progress_callback=None if progress is None else _totals(progress),
            )
    except RuntimeError as error:
        raise RunError(
            f"NUTS starts from a finite density; got: {error}. Check the priors."
        ) from error
    return _named(drawn.posterior.dataset, model), _statistics(drawn.sample_stats.dataset)


def _totals(progress: Progress) -> Callable[[Sequence[Any]], None]:
    """Return nutpie's callback: the progress of all chains together."""

    def report(chains: Sequence[Any]) -> None:
        progress(
            sum(chain.finished_draws for chain in chains),
            sum(chain.total_draws for chain in chains),
            sum(chain.divergences for chain in chains),
        )

    return report


def _named(drawn: xr.Dataset, model: StayModel) -> xr.Dataset:
    """Return the posterior with one variable a term and a top-level parameter."""
    latents = drawn["latents"].transpose("chain", "draw", ...).to_numpy()
    names = [scale.name for scale in model.top_level]
    named = named_latents(latents, model.structure)
    posterior = xr.Dataset({name: drawn[name] for name in names}).assign(named)
    sample = {"chain": drawn["chain"].to_numpy(), "draw": np.arange(drawn.sizes["draw"])}
    return posterior.assign_coords(sample).drop_attrs()


def _statistics(stats: xr.Dataset) -> xr.Dataset:
    """Return the statistics that diagnostics read, under ArviZ's names."""
    kept = {new: stats[old] for old, new in STATS.items() if old in stats}
    return xr.Dataset(kept).assign_coords(draw=np.arange(stats.sizes["draw"])).drop_attrs()
