r"""Power scaling: how much draws of a number move when a prior or the evidence is made stronger.

The posterior under a prior to the power :math:`\alpha` is the posterior reweighted by
:math:`p(\theta)^{\alpha - 1}`; no refit is needed near 1.

Kallioinen, Paananen, Bürkner & Vehtari 2024, Detecting and diagnosing prior and likelihood
sensitivity with power-scaling, doi 10.1007/s11222-023-10366-5.
"""

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats

from forecast.stay.posterior import SAMPLE

THRESHOLD = 0.05  # of the authors
SHIFTS = 100  # the draws as they are and 99 times out of step: a test at 1 %
EVERY = "all priors"
CONFLICT = "potential prior-data conflict"
STRONG = "potential strong prior / weak likelihood"
FINE = "✓"
COLUMNS = ["prior", "quantity", "index", "noise", "likelihood", "flagged", "diagnosis"]

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def power_scaling(tree: xr.DataTree) -> pd.DataFrame:
    r"""Return how sensitive each quantity is to each prior alone, to all of them, to the evidence.

    The index is ArviZ's (``psense``): the cumulative Jensen-Shannon distance between the draws and
    the draws weighted by :math:`p^{\alpha - 1}` at :math:`\alpha` of .99 and 1.01, over
    :math:`|\log_2 \alpha|`, averaged, with weights smoothed by Pareto.

    An index is never negative, so a prior that has nothing to do with a quantity has one too, all
    noise; an indicator of a rare event has much of it. ``noise`` is the largest of the indices with
    the draws put out of step with the prior, by 99 shifts around their circle, which keep what
    neighbouring draws share. What is not above it is not flagged.

    Parameters
    ----------
    tree
        Groups ``posterior`` (the quantities), ``log_prior`` (a variable for each prior) and
        ``log_likelihood`` (all of it is scaled together), all (chain, draw).

    Returns
    -------
    pd.DataFrame
        A row for each prior, "all priors" last, and quantity; quantities that do not vary have
        none. Columns: prior, quantity, index, noise, likelihood (index of the evidence), flagged
        (the index is .05 or more, and above the noise), diagnosis (in ArviZ's words), slope
        (:math:`\log 2 \, Cov(\log p, q)`: the change of the quantity's mean, in its unit, a
        doubling of the power, to first order), slope_se (its Monte Carlo standard error). A normal
        prior twice as wide is one to the power 1/4: two slopes the other way.

    Examples
    --------
    >>> mean = np.random.default_rng(1).normal(2.0, 0.5, size=(4, 500))  # data say 2.5, the prior 0
    >>> logs = {"log_prior": -(mean**2) / 2, "log_likelihood": -((mean - 8 / 3) ** 2) * 1.5}
    >>> parts = {"posterior": mean} | logs
    >>> dims = ("chain", "draw")
    >>> tree = xr.DataTree.from_dict({n: xr.Dataset({"m": (dims, x)}) for n, x in parts.items()})
    >>> power_scaling(tree)[["prior", "diagnosis"]].to_numpy().tolist()[0]
    ['m', 'potential prior-data conflict']
    """
    quantities = _moving(tree["posterior"].to_dataset())
    if not quantities.data_vars:
        return pd.DataFrame(columns=[*COLUMNS, "slope", "slope_se"])
    shifted = tree.copy()
    shifted["posterior"] = xr.DataTree(out_of_step(quantities, SHIFTS))
    likelihood = azs.psense(shifted, group="likelihood")
    densities = tree["log_prior"].to_dataset()
    rows = []
    for name in (*map(str, densities.data_vars), EVERY):
        every = name == EVERY
        index = azs.psense(shifted, group="prior", group_var_names=None if every else name)
        density = densities.to_dataarray().sum("variable") if every else densities[name]
        for quantity, draws in quantities.data_vars.items():
            found, evidence = index[quantity].to_numpy(), float(likelihood[quantity][0])
            told = _told(float(found[0]), float(found[1:].max()), evidence)
            slope = dict(zip(("slope", "slope_se"), slope_of(density, draws), strict=True))
            rows.append({"prior": name, "quantity": str(quantity)} | told | slope)
    return pd.DataFrame(rows)


def out_of_step(quantities: xr.Dataset, shifts: int) -> xr.Dataset:
    """Return quantities with a dim ``shift``: as they are, then moved around the circle of draws.

    The chains stand one after the other, the last draw before the first.

    Examples
    --------
    >>> draws = xr.Dataset({"q": (("chain", "draw"), [[1, 2], [3, 4]])})
    >>> out_of_step(draws, 2)["q"].to_numpy().reshape(4, 2).T.tolist()
    [[1, 2, 3, 4], [3, 4, 1, 2]]
    """

    def moved(values: xr.DataArray) -> xr.DataArray:
        own = values.transpose(*SAMPLE).to_numpy()
        steps = [own.size * shift // shifts for shift in range(shifts)]
        rolled = [np.roll(own.ravel(), step).reshape(own.shape) for step in steps]
        return xr.DataArray(np.stack(rolled, axis=-1), dims=(*SAMPLE, "shift"))

    return xr.Dataset({name: moved(values) for name, values in quantities.data_vars.items()})


def slope_of(density: xr.DataArray, quantity: xr.DataArray) -> tuple[float, float]:
    r"""Return :math:`\log 2 \, Cov(\log p, q)` over the draws and its Monte Carlo standard error.

    The derivative of the mean of q by :math:`\log_2 \alpha` at :math:`\alpha = 1`.

    Examples
    --------
    >>> draws = xr.DataArray(np.random.default_rng(1).normal(size=(4, 1000)), dims=SAMPLE)
    >>> slope, error = slope_of(draws, draws)
    >>> bool(abs(slope - np.log(2)) < 4 * error)
    True
    """
    one, other = (x.transpose(*SAMPLE).to_numpy().astype(float) for x in (density, quantity))
    product = (one - one.mean()) * (other - other.mean())
    error = array_stats.mcse(product, chain_axis=0, draw_axis=1) if np.ptp(product) > 0 else 0.0
    return float(np.log(2) * product.mean()), float(np.log(2) * error)


def _told(index: float, noise: float, likelihood: float) -> dict[str, object]:
    flagged = index >= THRESHOLD and index > noise
    words = (CONFLICT if likelihood >= THRESHOLD else STRONG) if flagged else FINE
    facts = {"index": index, "noise": noise, "likelihood": likelihood}
    return facts | {"flagged": flagged, "diagnosis": words}


def _moving(quantities: xr.Dataset) -> xr.Dataset:
    """Return the quantities that vary: a constant has no distance to itself."""
    names = [name for name, values in quantities.data_vars.items() if np.ptp(values.to_numpy()) > 0]
    return quantities[names]
