"""Net later departures: what the stay posterior says about leaving after entry."""

import xarray as xr

from forecast.study import ShareSpec


def departures(
    entry: xr.DataArray, later: xr.DataArray, sizes: xr.DataArray, spec: ShareSpec, years: float
) -> xr.DataArray:
    r"""Return the part of each group that leaves in a year after entry, net of returns.

    :math:`h_g = 1 - (\sum n p_{later} / \sum n p_{entry})^{1 / years}`, one hazard for all cohorts:
    those of the start of the workforce, weighted by doctorates and field. Domestic: zero.

    Parameters
    ----------
    entry, later
        Stay rates at entry and ``years`` later, dims (chain, draw, origin, field, cohort).
    sizes
        Doctorates, persons, dims (origin, field, cohort).
    spec
        The workforce of a study.
    years
        Years between the two rates; none or less gives no departures.

    Returns
    -------
    xr.DataArray
        Dims (chain, draw, group).

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> made_up = example_inputs()
    >>> entry = made_up.stay
    >>> departures(entry, 0.81 * entry, made_up.sizes, made_up.spec, 2).isel(chain=0, draw=0).round(
    ...     6
    ... ).values.tolist()
    [0.1, 0.1, 0.0]
    """
    weight = xr.DataArray(list(spec.field_weights.values()), {"field": list(spec.field_weights)})
    fields, year = list(spec.field_weights), spec.start
    nobody = xr.zeros_like(entry.isel(origin=0, field=0, cohort=0, drop=True))
    parts = []
    for group in spec.groups.values():
        cells = {"origin": list(group.origins), "field": fields, "cohort": year}
        people = sizes.sel(cells) * weight
        dims = ("origin", "field")
        left = (later.sel(cells) * people).sum(dims) / (entry.sel(cells) * people).sum(dims)
        moves = years > 0 and not group.domestic
        parts.append(1 - left ** (1 / years) if moves else nobody)
    joined = xr.concat([part.drop_vars("cohort", errors="ignore") for part in parts], "group")
    return joined.assign_coords(group=list(spec.groups)).transpose("chain", "draw", "group")
