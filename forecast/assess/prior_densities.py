"""The log density of each top-level prior, draw by draw: what power scaling weighs draws by.

A lognormal prior is a normal one of the logarithm, as a study writes it by its median, so its
density here is that of the logarithm: to a power it keeps its median. (As a density of the value it
would move: to the power 1/4 by three sigma squared.) The others are densities of the value.

The workforce is a cut: its parameters are drawn given what is upstream (stay draw, doctorates to
come) and teach it nothing. To the power a, a prior of a parameter turns its draws' density given
the upstream s by :math:`p^{a-1} / E[p^{a-1} | s]`, to first order the exponential of
:math:`(a - 1)(log p - E[log p | s])`. Without the second term the weights would favour the stay
draws that agree with the prior, which is the feedback that the cut forbids.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from forecast.assess.top_priors import SHARE, STAY, TopPrior
from forecast.share.cells import arrange
from forecast.share.inflow import WINDOW, LevelPriors, group_flow, scale_posterior
from forecast.share.likelihood import history, history_years, log_likelihood
from forecast.share.model import ShareModel
from forecast.share.parameters import layout, unwhiten
from forecast.share.scenario import no_effects
from forecast.stay.posterior import SAMPLE
from forecast.study import Prior, frozen
from forecast.study.priors import Beta, LogNormal

INFLOW = {"inflow_step": 0, "inflow_noise": 1}  # which of a local level's scales
EDGE = 1e-9  # a share that a file has rounded to 0 or 1
NOBODY = 1e-9  # doctorates of a group that has none

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def log_density(prior: Prior, value: Array) -> Array:
    """Return the log density of a prior at values, that of the logarithm for a lognormal one.

    Examples
    --------
    >>> prior = LogNormal(dist="lognormal", median=2.0, sigma=0.5, reason="an example of a prior")
    >>> log_density(prior, np.array([1.0, 4.0])).round(4).tolist()  # the same: half and twice
    [-1.1867, -1.1867]
    """
    x = np.asarray(value, dtype=float)
    match prior:
        case LogNormal():
            return np.asarray(frozen(prior).logpdf(x) + np.log(x))
        case Beta():
            return np.asarray(frozen(prior).logpdf(np.clip(x, EDGE, 1 - EDGE)))
        case _:
            return np.asarray(frozen(prior).logpdf(x))


def stay_densities(posterior: xr.Dataset, priors: Sequence[TopPrior]) -> xr.Dataset:
    """Return the log density of each prior of the stay model, (chain, draw).

    Those of a parameter with a value for each label are summed over the labels.
    """
    out = {}
    for one in priors:
        if one.part == STAY:
            values = posterior[one.name].transpose(*SAMPLE, ...)
            density = log_density(one.prior, values.to_numpy())
            own = density.reshape(*density.shape[:2], -1).sum(-1)
            out[one.name] = xr.DataArray(own, {dim: posterior[dim] for dim in SAMPLE}, SAMPLE)
    return xr.Dataset(out)


def workforce_densities(model: ShareModel, priors: Sequence[TopPrior]) -> dict[str, Array]:
    """Return the log density of each prior of the workforce, (D,), less its mean given upstream.

    Scales of the inflow are upstream themselves and are left as they are; without doctorates to
    come they act on nothing and have no entry.

    Examples
    --------
    >>> from forecast.assess.top_priors import TopPrior
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> model = share_model(example_inputs(), seed=1, steps=12)
    >>> turnover = TopPrior("share", "turnover", model.inputs.spec.priors.turnover)
    >>> bool(abs(workforce_densities(model, [turnover])["turnover"].mean()) < 1e-9)
    True
    """
    where, z = layout(model.inputs.spec), model.calibration.z
    facts, scales = upstream(model), inflow_scales(model)
    out = {}
    for one in priors:
        if one.part == SHARE and one.name in INFLOW:
            drawn = [pair[INFLOW[one.name]] for pair in scales.values()]
            if drawn:
                out[one.name] = log_density(one.prior, np.column_stack(drawn)).sum(1)
        elif one.part == SHARE:
            values = unwhiten(z[:, where.columns[one.name]], one.prior)
            out[one.name] = given_upstream(log_density(one.prior, values).sum(1), facts)
    return out


def evidence_density(model: ShareModel) -> Array:
    """Return the log density of the workforce evidence, (D,), less its mean given upstream."""
    inputs = model.inputs
    past = history(inputs, no_effects(model.span, model.grid), _known_factors(model))
    return given_upstream(log_likelihood(model.calibration.theta, past), upstream(model))


def upstream(model: ShareModel) -> Array:
    """Return what the calibration of the workforce takes from upstream, (D, fact).

    The log flow of each group, before selection, in the first and last year with evidence of
    shares, and what part of it leaves the country in a later year.
    """
    cells = arrange(model.inputs, history_years(model.inputs), _known_factors(model))
    flow = (cells.stay * cells.people * cells.grid.weight) @ cells.grid.member
    ends = np.log(np.maximum(flow[:, [0, -1]], NOBODY)).reshape(len(flow), -1)
    return np.column_stack([ends, cells.departure])


def given_upstream(density: Array, facts: Array) -> Array:
    """Return a density (D,) less its least-squares fit on facts (D, fact) and a constant.

    Examples
    --------
    >>> given_upstream(np.array([1.0, 0.0, 5.0]), np.array([[0.0], [1.0], [2.0]])).round(9).tolist()
    [1.0, -2.0, 1.0]
    """
    columns = np.column_stack([np.ones(len(facts)), facts - facts.mean(0)])
    weight, *_ = np.linalg.lstsq(columns, density, rcond=None)
    return np.asarray(density - columns @ weight)


def inflow_scales(model: ShareModel) -> dict[str, tuple[Array, Array]]:
    """Return the scales behind the doctorates to come: step and noise of each group, (D,) each.

    ``share.inflow`` draws them first of all from the seed and the group's name, and keeps the
    paths alone; here they are drawn again. Empty where no year is to come.
    """
    inputs, seed = model.inputs, model.settings.seed
    last, spec = inputs.last_published, inputs.spec
    if model.span[-1] <= last:
        return {}
    priors = LevelPriors(spec.priors.inflow_step, spec.priors.inflow_noise)
    out = {}
    for name in spec.groups:
        flow = group_flow(inputs.sizes, inputs.domestic, spec, name)
        series = flow.sel(cohort=slice(last - WINDOW + 1, last)).to_numpy()
        grid = scale_posterior(np.log(series), priors)
        rng = np.random.default_rng([seed, *name.encode()])
        chosen = rng.choice(len(grid.weight), size=inputs.draws, p=grid.weight)
        out[name] = (grid.step[chosen], grid.noise[chosen])
    return out


def _known_factors(model: ShareModel) -> Array:
    """Return the factors of doctorates in the years with evidence of shares, (D, T, G)."""
    years = history_years(model.inputs)
    return model.factors[:, [model.span.index(year) for year in years]]
