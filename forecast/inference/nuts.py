"""NUTS: the reference engine, PyMC's model sampled by nutpie."""

import os
from collections.abc import Callable
from typing import Any

# Without this a cold and a warm compile cache give different draws for one seed.
os.environ.setdefault("PYTENSOR_FLAGS", "numba__fastmath=False")

import nutpie  # noqa: E402  # the flag above must be set before PyTensor is imported
import xarray as xr  # noqa: E402

from forecast.errors import RunError  # noqa: E402
from forecast.stay import StayModel  # noqa: E402
from forecast.stay.pymc_model import pymc_model  # noqa: E402
from forecast.study.schema import SamplerSpec  # noqa: E402

type Progress = Callable[[int, int, int], None]


def sample(model: StayModel, sampler: SamplerSpec, seed: int, progress: Progress | None) -> xr.DataTree:
    """Draw from the posterior of the stay model by NUTS.

    ``progress`` is called with the draws finished, the draws wanted and the divergences.

    Raises
    ------
    RunError
        If sampling cannot start, with the reason.
    """
    compiled = nutpie.compile_pymc_model(pymc_model(model), backend="numba")
    return nutpie.sample(compiled, seed=seed, progress_bar=False, chains=sampler.chains,
        tune=sampler.tune, draws=sampler.draws, target_accept=sampler.target_accept)
