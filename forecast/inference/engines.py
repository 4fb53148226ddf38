"""The engines by name. Each is opened at its first use: only NUTS brings a compiler."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

import xarray as xr

from forecast.stay import StayModel
from forecast.study.schema import SamplerSpec

type Progress = Callable[[int, int, int], None]

HOMES = {
    "nuts": "forecast.inference.nuts",
    "laplace": "forecast.inference.laplace",
    "laplace-exact": "forecast.inference.laplace_exact",
}
ENGINES = tuple(HOMES)


class Engine(Protocol):
    """Draws from the posterior of a stay model: the draws, and statistics of the sampler."""

    def __call__(
        self, model: StayModel, sampler: SamplerSpec, seed: int, progress: Progress | None = None
    ) -> tuple[xr.Dataset, xr.Dataset]:
        """Return posterior and statistics; ``progress`` hears (done, wanted, divergences)."""
        ...


def engine_named(name: str) -> Engine:
    """Return the engine of a name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in HOMES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}; got {name!r}")
    return cast(Engine, import_module(HOMES[name]).sample)


def engine_for(name: str, model: StayModel) -> Engine:
    """Return the engine of a name for a model and others that differ in what was observed alone.

    NUTS compiles once for all of them.
    """
    found = engine_named(name)
    prepared = getattr(import_module(HOMES[name]), "prepared", None)
    return found if prepared is None else cast(Engine, prepared(model))
