"""Projection: stocks, entrants and shares by draw, scenario, year and group."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from forecast.errors import RunError
from forecast.share.calibrate import STEPS, Calibration
from forecast.share.flows import shares
from forecast.share.inputs import WorkforceInputs
from forecast.share.model import ShareModel, share_model
from forecast.share.parameters import Theta, layout, theta_of
from forecast.share.scenario import describe_levers
from forecast.share.world import Flows
from forecast.study import Scenario

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

FLOWS = ("share", "stock", "entrants")


def project(
    inputs: WorkforceInputs,
    scenarios: Mapping[str, Scenario],
    seed: int,
    until: int | None = None,
    steps: int = STEPS,
    noise: bool = False,
) -> xr.Dataset:
    r"""Carry the workforce forward under scenarios that share their random numbers.

    :math:`S_{g,t+1} = S_{gt} (1 - x_{gt}) + E_{g,t+1}`, share = :math:`S_{gt} / \sum_g S_{gt}`,
    with one parameter draw for each stay draw. A scenario that refits history is calibrated with
    its levers in force; the others take the parameters of the baseline and act after the last year
    of share evidence.

    Parameters
    ----------
    inputs
        Checked inputs, see ``workforce_inputs``.
    scenarios
        Scenarios by name.
    seed
        Of all random numbers.
    until
        Last year, that of the study if not given.
    steps
        Steps of each calibration after its start.
    noise
        Whether flows are whole persons, see ``share_model``.

    Returns
    -------
    xr.Dataset
        ``share``, ``stock`` (whole stock at the start = 1) and ``entrants`` (same unit; NaN at
        the start), dims (chain, draw, scenario, year, group). The parameters of the baseline,
        dims (chain, draw) or (chain, draw, group), and as many draws of their priors as
        ``prior_<name>``. ``rhat`` and ``memory``, dims (scenario, parameter), and ``acceptance``,
        dim scenario, of the calibration behind each scenario. Attributes: ``seed``, ``until``,
        ``steps``, ``last_evidence`` (year), ``worst_rhat``, ``acceptance`` (least), ``levers``
        (text).

    Raises
    ------
    RunError
        If there is no scenario, or ``until`` is not among the years of the study.
    StudyError
        If a lever cannot act on its group.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.study import Scenario
    >>> inputs = example_inputs()
    >>> plain = Scenario(label="Baseline", reason="No lever is moved.")
    >>> project(inputs, {"baseline": plain}, seed=1, steps=12)["share"].sizes
    Frozen({'chain': 2, 'draw': 50, 'scenario': 1, 'year': 12, 'group': 3})
    """
    if not scenarios:
        raise RunError("a projection has at least one scenario; got none. Name one of the study.")
    return projected(share_model(inputs, seed, until, steps, noise), scenarios)


def projected(model: ShareModel, scenarios: Mapping[str, Scenario]) -> xr.Dataset:
    """Carry a calibrated workforce forward under scenarios; see ``project`` for what it returns."""
    inputs, settings = model.inputs, model.settings
    behind = [model.calibrated(scenario) for scenario in scenarios.values()]
    runs = [model.flows(one, used) for one, used in zip(scenarios.values(), behind, strict=True)]
    out = _flows(inputs, list(scenarios), runs, range(inputs.spec.start, settings.until + 1))
    out = out.merge(_parameters(inputs, model.calibration.theta, ""))
    out = out.merge(_prior(inputs, settings.seed)).merge(_diagnostics(list(scenarios), behind))
    words = "\n".join(f"{name}: {describe_levers(s)}" for name, s in scenarios.items())
    used = (model.calibration, *behind)
    facts = {"seed": settings.seed, "until": settings.until, "steps": settings.steps}
    facts |= {"last_evidence": inputs.last_evidence}
    worst = {"worst_rhat": float(np.max([one.rhat for one in used]))}
    least = {"acceptance": min(one.acceptance for one in used)}
    return out.assign_attrs(facts | {"levers": words} | worst | least)


def learned(projection: xr.Dataset) -> pd.DataFrame:
    """Set the posterior of each baseline parameter beside its prior.

    Columns: parameter, group (empty where there is none), prior_mean, prior_sd, posterior_mean,
    posterior_sd. Pinned values of the domestic group are left out.

    Examples
    --------
    >>> draws = xr.DataArray([[0.1, 0.3]], dims=("chain", "draw"))
    >>> learned(xr.Dataset({"turnover": draws, "prior_turnover": 2 * draws}))["prior_mean"].tolist()
    [0.4]
    """
    rows = []
    for prior_name in (str(n) for n in projection.data_vars if str(n).startswith("prior_")):
        name = prior_name.removeprefix("prior_")
        prior, posterior = projection[prior_name], projection[name]
        for group in projection["group"].values if "group" in prior.dims else [""]:
            pick = {"group": group} if group else {}
            one, other = prior.sel(pick), posterior.sel(pick)
            if float(one.std()) > 0:
                facts = [float(x) for x in (one.mean(), one.std(), other.mean(), other.std())]
                rows.append((name, str(group), *facts))
    moments = ["prior_mean", "prior_sd", "posterior_mean", "posterior_sd"]
    return pd.DataFrame(rows, columns=["parameter", "group", *moments])


def _flows(
    inputs: WorkforceInputs, names: list[str], runs: list[Flows], years: range
) -> xr.Dataset:
    """Label the stocks and entrants of the scenarios, and divide stocks into shares."""
    stock = np.stack([run.stock for run in runs], axis=1)
    arriving = np.full_like(stock, np.nan)
    arriving[:, :, 1:] = np.stack([run.entrants for run in runs], axis=1)
    arrays = dict(zip(FLOWS, (shares(stock), stock, arriving), strict=True))
    dims = ("chain", "draw", "scenario", "year", "group")
    chains, draws = inputs.stay.sizes["chain"], inputs.stay.sizes["draw"]
    shaped = {n: (dims, a.reshape(chains, draws, *a.shape[1:])) for n, a in arrays.items()}
    labels = {"scenario": names, "year": list(years), "group": list(inputs.spec.groups)}
    return xr.Dataset(shaped, labels | _sample_labels(inputs))


def _parameters(inputs: WorkforceInputs, theta: Theta, prefix: str) -> xr.Dataset:
    """Label parameter draws: (chain, draw), and group where there is one value each."""
    shape = (inputs.stay.sizes["chain"], inputs.stay.sizes["draw"])
    labels = {"group": list(inputs.spec.groups)} | _sample_labels(inputs)
    arrays = {
        prefix + name: (("chain", "draw", "group")[: 1 + a.ndim], a.reshape(*shape, *a.shape[1:]))
        for name, a in theta.named().items()
    }
    return xr.Dataset(arrays, labels)


def _prior(inputs: WorkforceInputs, seed: int) -> xr.Dataset:
    where = layout(inputs.spec)
    draws = inputs.stay.sizes["chain"] * inputs.stay.sizes["draw"]
    z = np.random.default_rng([seed, 1]).standard_normal((draws, where.size))
    return _parameters(inputs, theta_of(z, where), "prior_")


def _diagnostics(names: list[str], behind: list[Calibration]) -> xr.Dataset:
    both = ("scenario", "parameter")
    return xr.Dataset(
        {
            "rhat": (both, np.stack([used.rhat for used in behind])),
            "memory": (both, np.stack([used.memory for used in behind])),
            "acceptance": ("scenario", np.array([used.acceptance for used in behind])),
        },
        {"scenario": names, "parameter": list(behind[0].names)},
    )


def _sample_labels(inputs: WorkforceInputs) -> dict[str, np.ndarray]:
    return {dim: np.arange(inputs.stay.sizes[dim]) for dim in ("chain", "draw")}
