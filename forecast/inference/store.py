"""Fits on disk: a small NetCDF file that plain xarray opens, and the way back to a fit."""

from pathlib import Path

import xarray as xr

from forecast.errors import RunError
from forecast.evidence import load_evidence
from forecast.inference.fit import SCHEMA, Fit, fit_tree
from forecast.stay import stay_model
from forecast.study import parse_study

KEPT = ("posterior", "sample_stats", "observed_data", "constant_data")
PACKED = {"zlib": True, "complevel": 4}


def save_fit(fit: Fit, path: Path) -> None:
    """Write what cannot be derived: draws, sampler statistics, observed rates, cell sizes."""
    parts = {name: packed(fit.tree[name].to_dataset()) for name in KEPT}
    tree = xr.DataTree.from_dict(parts)
    tree.attrs = fit.tree.attrs | {"folder": fit.study.folder}
    encoding = {f"/{name}": _encoding(part) for name, part in parts.items()}
    tree.to_netcdf(path, engine="h5netcdf", encoding=encoding)


def load_fit(path: Path) -> Fit:
    """Read a fit from its file; its study is the text inside the file.

    Raises
    ------
    RunError
        If the file is no fit, or of another schema.
    """
    try:
        tree = xr.open_datatree(path, engine="h5netcdf")
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"a fit is a posterior.nc that a run wrote; got {path}: {error}.") from error
    if tree.attrs.get("schema") != SCHEMA:
        raise RunError(
            f"a fit has schema {SCHEMA}; got {tree.attrs.get('schema')} in {path}. Run again."
        )
    with tree:
        tree.load()
    attrs = tree.attrs
    study = parse_study(str(attrs["study_text"]), str(attrs["study"]), Path(str(attrs["folder"])))
    evidence = load_evidence(study)
    posterior, stats = (tree[name].to_dataset() for name in ("posterior", "sample_stats"))
    model = stay_model(study, evidence)
    doubles = posterior.map(lambda variable: variable.astype(float))
    made: dict[str, str | int] = {
        "seed": int(attrs["seed"]),
        "engine": str(attrs.get("engine", "nuts")),
    }
    return Fit(study, evidence, fit_tree(study, evidence, model, doubles, stats, made))


def packed(data: xr.Dataset) -> xr.Dataset:
    """Return a dataset with its floats in single precision: more than a draw's digits."""
    floats = {k: v.astype("float32") for k, v in data.data_vars.items() if v.dtype == "float64"}
    return data.assign(floats)


def _encoding(data: xr.Dataset) -> dict[str, dict[str, object]]:
    return {
        str(k): dict(PACKED) for k, v in data.data_vars.items() if v.ndim and v.dtype.kind in "fib"
    }
