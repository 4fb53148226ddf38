"""From scales and reached latents to labelled draws of all terms and top-level parameters."""

import numpy as np
import xarray as xr

from forecast.inference.scale_posterior import ScalePosterior
from forecast.stay import StayModel
from forecast.stay.posterior import named_latents
from forecast.stay.reached import Completion
from forecast.stay.unit_normal import UnitNormal, flat

LATER = 1 << 20  # the stream of the latents without evidence; chains take the streams from 0

type Draws = list[tuple[np.ndarray, np.ndarray]]


def named_draws(
    found: ScalePosterior, model: StayModel, chains: list[Draws], seed: int
) -> xr.Dataset:
    """Return the posterior: one variable a term and a top-level parameter.

    ``chains``: for each chain pairs of scales u and draws (draw, latent) of the reached latents.
    Latents that no evidence reaches are drawn here, given the others.
    """
    unit, rng = found.marginal.unit, np.random.default_rng([seed, LATER])
    completion = Completion(model.structure, model.slices, found.marginal.field.prior.mask)
    latents, scales = [], []
    for chain in chains:
        values = [(unit.values(u), x) for u, x in chain]
        latents.append(np.concatenate([completion.complete(x, v, rng) for v, x in values]))
        rows = [np.tile(flat(v, unit.scales), (len(x), 1)) for v, x in values]
        scales.append(np.concatenate(rows))
    named = _named_scales(np.stack(scales), unit)
    posterior = named.assign(named_latents(np.stack(latents), model.structure))
    chain_, draw = np.arange(len(chains)), np.arange(posterior.sizes["draw"])
    return posterior.assign_coords(chain=chain_, draw=draw)


def _named_scales(values: np.ndarray, unit: UnitNormal) -> xr.Dataset:
    """Return top-level parameters by name from (chain, draw, place)."""
    out = {}
    for scale, place in zip(unit.scales, unit.places.values(), strict=True):
        own = values[..., place]
        if scale.dim is None:
            out[scale.name] = xr.DataArray(own[..., 0], dims=("chain", "draw"))
        else:
            coords = {scale.dim.name: list(scale.dim.labels)}
            out[scale.name] = xr.DataArray(own, coords, ("chain", "draw", scale.dim.name))
    return xr.Dataset(out)
