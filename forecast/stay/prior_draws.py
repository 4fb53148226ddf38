"""A joint draw of all that a stay model does not know, from its prior."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from forecast.errors import RunError, StudyError
from forecast.evidence import Evidence
from forecast.stay.design import latent_size
from forecast.stay.model import StayModel, stay_model
from forecast.stay.posterior import SAMPLE, named_latents
from forecast.stay.reached import Completion
from forecast.stay.terms import Constant, Dim, Scale, latent_dims
from forecast.study import Study, describe, frozen

LARGEST = 1e100  # a scale beyond has no square among floats, and its study no rate to speak of

type Values = Mapping[str, np.ndarray]


def prior_draw(study: Study, evidence: Evidence, rng: np.random.Generator) -> xr.Dataset:
    r"""Draw every top-level parameter and every term of a stay model from the prior.

    :math:`\theta \sim p(\theta)`, then :math:`x \mid \theta \sim N(m, Q(\theta)^{-1})`, values that
    no figure reaches among them; pinned cohorts are zero.

    Parameters
    ----------
    study
        The study, whose priors are drawn from.
    evidence
        Its evidence: error models have a parameter for the definitions of its rows alone.
    rng
        Where randomness comes from.

    Returns
    -------
    xr.Dataset
        One chain of one draw, with the names, dims and labels of a posterior of the study, so that
        whatever reads a posterior reads it.

    Raises
    ------
    StudyError
        If a prior is so wide that its draw is beyond 1e100.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.evidence import load_evidence
    >>> from forecast.study import load_study
    >>> study = load_study("demo")
    >>> drawn = prior_draw(study, load_evidence(study), np.random.default_rng(1))
    >>> dict(drawn["trend_origin"].sizes)
    {'chain': 1, 'draw': 1, 'origin': 3, 'cohort': 25}
    """
    return draw_prior(stay_model(study, evidence), rng)


def draw_prior(model: StayModel, rng: np.random.Generator) -> xr.Dataset:
    """Draw as ``prior_draw`` does, for a model that is built already."""
    values = {scale.name: _values(scale, rng) for scale in model.top_level}
    scales = {scale.name: _named(values[scale.name], scale) for scale in model.top_level}
    latents = named_latents(_latents(model, values, rng)[None], model.structure)
    return xr.Dataset({**scales, **latents}).assign_coords({dim: [0] for dim in SAMPLE})


def check_truth(truth: xr.Dataset, model: StayModel) -> None:
    """Refuse a truth that is not one draw of all that a model has.

    Raises
    ------
    RunError
        If it has several draws, or lacks a parameter, a term or a label.
    """
    sizes = [truth.sizes.get(dim, 0) for dim in SAMPLE]
    if sizes != [1, 1]:
        got = " x ".join(map(str, sizes))
        rule = "a truth is one draw of one chain"
        raise RunError(f"{rule}; got {got}. Take posterior.isel(chain=[0], draw=[0]).")
    dims = {term.name: latent_dims(term) for term in model.structure.terms}
    dims |= {s.name: () if s.dim is None else (s.dim,) for s in model.top_level}
    for name, own in dims.items():
        if name not in truth or any(_labels(truth, dim) != list(dim.labels) for dim in own):
            rule = "a truth has each parameter and term of the study, by the study's labels"
            raise RunError(f"{rule}; got {name} otherwise. Take a draw of this study's posterior.")


def _labels(truth: xr.Dataset, dim: Dim) -> list[str | int]:
    return truth[dim.name].to_numpy().tolist() if dim.name in truth.coords else []


def _values(scale: Scale, rng: np.random.Generator) -> np.ndarray:
    """Draw a top-level parameter: one number, or one a label."""
    shape = () if scale.dim is None else (len(scale.dim.labels),)
    with np.errstate(all="ignore"):  # a draw beyond all floats is told below
        drawn = np.asarray(frozen(scale.prior).rvs(size=shape, random_state=rng))
    if (np.abs(drawn) < LARGEST).all():
        return drawn
    rule = f"a prior that is drawn from keeps below {LARGEST:g}"
    got = f"{scale.name} from {describe(scale.prior)}"
    raise StudyError(f"{rule}; got {got}. Narrow it, or give the truth.")


def _named(values: np.ndarray, scale: Scale) -> xr.DataArray:
    """Return a top-level parameter as a posterior has it."""
    if scale.dim is None:
        return xr.DataArray(values[None, None], dims=SAMPLE)
    coords = {scale.dim.name: list(scale.dim.labels)}
    return xr.DataArray(values[None, None], coords, (*SAMPLE, scale.dim.name))


def _latents(model: StayModel, values: Values, rng: np.random.Generator) -> np.ndarray:
    """Draw the latents, (1, latent): the constants, then all others as if nothing were seen."""
    terms = model.structure.terms
    constant = [np.full(latent_size(term), isinstance(term, Constant)) for term in terms]
    known = [
        rng.normal(term.prior.loc, term.prior.scale, latent_size(term))
        for term in terms
        if isinstance(term, Constant)
    ]
    completion = Completion(model.structure, model.slices, np.concatenate(constant))
    return completion.complete(np.concatenate(known)[None], values, rng)
