"""The headline numbers beside their priors and evidence, as ArviZ reads them for power scaling."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from forecast.assess.headline_draws import (
    PROBABILITY,
    SHARE,
    STAY_RATE,
    headline_share,
    headline_stay_rate,
)
from forecast.assess.prior_densities import evidence_density, stay_densities, workforce_densities
from forecast.assess.top_priors import TopPrior
from forecast.inference import Fit
from forecast.share.model import ShareModel
from forecast.stay.posterior import SAMPLE

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def stay_tree(fit: Fit, priors: Sequence[TopPrior]) -> xr.DataTree:
    """Return the headline stay rate, the stay priors and the stay evidence, on all draws."""
    posterior = fit.posterior
    rate = headline_stay_rate(posterior, fit.study, fit.evidence)
    return _tree({STAY_RATE: rate}, stay_densities(posterior, priors), {"stay": stay_evidence(fit)})


def share_tree(fit: Fit, model: ShareModel, priors: Sequence[TopPrior]) -> xr.DataTree:
    """Return the headline share, all priors and all evidence, on the draws that ``model`` carries.

    Draw i of the workforce belongs to stay draw i of ``model.inputs``, chain by chain: those of
    the fit with the same labels. ``probability`` is 1 where the share keeps the bound.
    """
    stay = model.inputs.stay
    kept = {dim: stay[dim].to_numpy() for dim in SAMPLE}
    shape = [stay.sizes[dim] for dim in SAMPLE]

    def labelled(values: Array) -> xr.DataArray:
        return xr.DataArray(values.reshape(shape), kept, SAMPLE)

    share = headline_share(model)
    within = (share <= model.inputs.spec.headline.at_most).astype(float)
    densities = stay_densities(fit.posterior.sel(kept), priors)
    own = {name: labelled(each) for name, each in workforce_densities(model, priors).items()}
    evidence = {
        "stay": stay_evidence(fit).sel(kept),
        "workforce": labelled(evidence_density(model)),
    }
    numbers = {SHARE: labelled(share), PROBABILITY: labelled(within)}
    return _tree(numbers, densities.assign(own), evidence)


def stay_evidence(fit: Fit) -> xr.DataArray:
    """Return the log density of all rows of the stay evidence, (chain, draw)."""
    return fit.tree["log_likelihood"]["rate"].sum("row").transpose(*SAMPLE)


def _tree(
    numbers: Mapping[str, xr.DataArray],
    densities: xr.Dataset,
    evidence: Mapping[str, xr.DataArray],
) -> xr.DataTree:
    groups = {"posterior": xr.Dataset(numbers), "log_prior": densities}
    return xr.DataTree.from_dict(groups | {"log_likelihood": xr.Dataset(evidence)})
