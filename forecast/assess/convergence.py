"""Convergence of every number that is shown: rank-normalised R-hat, effective sample sizes.

Vehtari, Gelman, Simpson, Carpenter & Buerkner 2021, doi 10.1214/20-BA1221.
"""

from dataclasses import dataclass

import arviz_stats as azs
import numpy as np
import xarray as xr

SLICE = 2000  # quantities a call: bounds the memory that rank-normalisation takes


@dataclass(frozen=True)
class Convergence:
    """The worst of a set of quantities: R-hat, bulk and tail ESS, each with its name."""

    rhat: float
    rhat_of: str
    ess_bulk: float
    ess_bulk_of: str
    ess_tail: float
    ess_tail_of: str


def convergence(draws: xr.Dataset) -> Convergence:
    """Return the worst R-hat and effective sample sizes over all quantities of a dataset.

    Constants (a walk at its pin) are left out: they have nothing to mix.
    """
    flat, names = _moving(draws)
    pieces = [flat[:, :, i : i + SLICE] for i in range(0, len(names), SLICE)]
    rhat = np.concatenate([_each(piece, azs.rhat) for piece in pieces])
    bulk = np.concatenate([_each(piece, azs.ess, "bulk") for piece in pieces])
    tail = np.concatenate([_each(piece, azs.ess, "tail") for piece in pieces])
    worst, few, edge = int(np.argmax(rhat)), int(np.argmin(bulk)), int(np.argmin(tail))
    return Convergence(
        float(rhat[worst]),
        names[worst],
        float(bulk[few]),
        names[few],
        float(tail[edge]),
        names[edge],
    )


def _each(piece: np.ndarray, function: object, method: str | None = None) -> np.ndarray:
    data = xr.Dataset({"value": (("chain", "draw", "quantity"), piece)})
    result = function(data) if method is None else function(data, method=method)  # type: ignore[operator]  # an ArviZ function
    return np.asarray(result["value"])


def _moving(draws: xr.Dataset) -> tuple[np.ndarray, list[str]]:
    """Return all quantities that vary as (chain, draw, quantity), with their names."""
    parts: list[np.ndarray] = []
    names: list[str] = []
    for name, variable in draws.data_vars.items():
        ordered = variable.transpose("chain", "draw", ...)
        values = ordered.to_numpy().reshape(ordered.sizes["chain"], ordered.sizes["draw"], -1)
        varies = np.ptp(values, axis=(0, 1)) > 0
        labels = _labels(str(name), ordered)
        parts.append(values[:, :, varies].astype(float))
        names += [label for label, kept in zip(labels, varies, strict=True) if kept]
    return np.concatenate(parts, axis=2), names


def _labels(name: str, variable: xr.DataArray) -> list[str]:
    dims = [dim for dim in variable.dims if dim not in ("chain", "draw")]
    if not dims:
        return [name]
    index = variable.isel(chain=0, draw=0).stack(quantity=dims)["quantity"].to_index()
    return [
        f"{name}[{', '.join(map(str, key if isinstance(key, tuple) else (key,)))}]" for key in index
    ]
