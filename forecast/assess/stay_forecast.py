"""The stay model as a forecaster: fit what is known, draw what is published later."""

import numpy as np
import xarray as xr

from forecast.assess.as_of import Task
from forecast.inference.engines import engine_named
from forecast.stay import stay_model
from forecast.stay.errors_of_rows import ErrorModel, error_model
from forecast.stay.likelihood import replicate
from forecast.stay.posterior import SAMPLE
from forecast.stay.predict import row_rates
from forecast.stay.terms import Scale
from forecast.study import frozen


def stay_forecast(task: Task, seed: int, engine: str = "laplace") -> np.ndarray:
    """Return draws of the rates to come, (draw, row), from the posterior of what is known.

    A parameter of the error models that no known row informs (a definition whose kind of row
    appears first later) is drawn from its prior.
    """
    study = task.study
    posterior, _ = engine_named(engine)(stay_model(study, task.known), study.sampler, seed)
    errors = error_model(task.coming, study.stay.priors)
    rate = row_rates(posterior, study, task.coming.cells, task.coming.operator)
    rng = np.random.default_rng([seed, 1])
    drawn = replicate(rate, complete(posterior, errors, rng), errors, rng)
    return drawn.reshape(-1, drawn.shape[-1])


def complete(posterior: xr.Dataset, errors: ErrorModel, rng: np.random.Generator) -> xr.Dataset:
    """Return the posterior with the error models' parameters at the labels that rows need.

    Labels that the posterior lacks are drawn from the prior.
    """
    dims = [s.dim.name for s in errors.scales if s.dim is not None]
    found = posterior.drop_dims(dims, errors="ignore")
    return found.assign({scale.name: _values(posterior, scale, rng) for scale in errors.scales})


def _values(posterior: xr.Dataset, scale: Scale, rng: np.random.Generator) -> xr.DataArray:
    """Return draws of a top-level parameter: known labels from the posterior, others drawn."""
    sizes, prior = [posterior.sizes[dim] for dim in SAMPLE], frozen(scale.prior)
    known = posterior.get(scale.name)
    if scale.dim is None:
        return known if known is not None else xr.DataArray(prior.rvs(sizes, rng), dims=SAMPLE)
    labels = list(scale.dim.labels)
    drawn = prior.rvs((*sizes, len(labels)), rng)
    values = xr.DataArray(drawn, {scale.dim.name: labels}, (*SAMPLE, scale.dim.name))
    return values if known is None else known.reindex({scale.dim.name: labels}).fillna(values)
