"""A small made-up workforce, for examples and tests: two foreign groups and the domestic one."""

import numpy as np
import pandas as pd
import xarray as xr

from forecast.share.inputs import WorkforceInputs, nobody_leaves
from forecast.study import ShareSpec

REASON = "made up for an example"
YEARS = range(2008, 2031)


def example_spec() -> ShareSpec:
    """Return the made-up part of a study.

    Examples
    --------
    >>> list(example_spec().groups)
    ['north', 'rest', 'home']
    """
    return ShareSpec.model_validate(
        {
            "workforce": "made-up researchers",
            "evidence": "none",
            "domestic": "none",
            "field_weights": {"alpha": 1.0, "beta": 0.5},
            "groups": {
                "north": {"label": "North", "origins": ["north"]},
                "rest": {"label": "Rest", "origins": ["east", "south"]},
                "home": {"label": "Home", "domestic": True},
            },
            "start": 2019,
            "until": 2030,
            "headline": {"group": "north", "at_most": 0.25, "by": 2028},
            "priors": {
                "start_logit": _prior("normal", loc=0.0, scale=1.5),
                "exit_rate": _prior("lognormal", median=0.04, sigma=0.5),
                "exit_spread": _prior("half_normal", scale=0.3),
                "turnover": _prior("lognormal", median=0.2, sigma=0.4),
                "growth": _prior("normal", loc=0.02, scale=0.03),
                "selection": _prior("lognormal", median=1.0, sigma=0.5),
                "direct_arrivals": _prior("lognormal", median=0.2, sigma=0.5),
                "tier_stay": _prior("normal", loc=0.0, scale=0.4),
                "design_effect": _prior("lognormal", median=2.0, sigma=0.3),
                "inflow_step": _prior("half_normal", scale=0.08),
                "inflow_noise": _prior("half_normal", scale=0.05),
                "basis_offset": _prior("normal", loc=0.0, scale=0.3),
            },
            "alternatives": {
                "turnover_low": {
                    "reason": "Slow renewal.",
                    "priors": {"turnover": _prior("lognormal", median=0.1, sigma=0.2)},
                }
            },
        }
    )


def example_evidence() -> pd.DataFrame:
    """Return the made-up workforce table: two years of shares, a survival and a stay rate.

    Examples
    --------
    >>> example_evidence()["quantity"].value_counts().to_dict()
    {'share': 5, 'survival': 1, 'stay': 1}
    """
    rows = [
        ("share", "a", "north", 2019, np.nan, 0.30, 400),
        ("share", "a", "rest", 2019, np.nan, 0.30, 400),
        ("share", "a", "home", 2019, np.nan, 0.40, 400),
        ("share", "a", "north", 2022, np.nan, 0.35, 380),
        ("share", "a", "home", 2022, np.nan, 0.39, 380),
        ("survival", "b", "north", 2025, 2019, 0.87, 100),
        ("stay", "c", "north", 2019, np.nan, 0.85, 100),
    ]
    columns = ["quantity", "series", "group", "year", "year_from", "value", "n"]
    return pd.DataFrame(rows, columns=columns)


def example_inputs(
    chains: int = 2, draws: int = 50, evidence: pd.DataFrame | None = None
) -> WorkforceInputs:
    """Return made-up inputs of a projection, with stay rates around 0.75.

    Examples
    --------
    >>> example_inputs().stay.sizes["draw"]
    50
    """
    rng = np.random.default_rng(2019)
    labels = {
        "origin": ["north", "east", "south"],
        "field": ["alpha", "beta"],
        "cohort": list(YEARS),
    }
    level = 1.1 + 0.2 * rng.standard_normal((chains, draws, 3, 2, 1))
    walk = np.cumsum(0.05 * rng.standard_normal((chains, draws, 3, 1, len(YEARS))), axis=-1)
    stay = xr.DataArray(1 / (1 + np.exp(-level - walk)), labels, ("chain", "draw", *labels))
    people = np.multiply.outer(np.array([[300.0, 200], [150, 90], [120, 80]]), np.ones(len(YEARS)))
    sizes = xr.DataArray(people, labels, ("origin", "field", "cohort"))
    table = example_evidence() if evidence is None else evidence
    spec, home = example_spec(), 2 * sizes.sel(origin="north", drop=True)
    leave = nobody_leaves(stay, spec)
    return WorkforceInputs(stay, sizes, home, leave, table, spec, last_published=max(YEARS))


def _prior(dist: str, **numbers: float) -> dict[str, object]:
    return {"dist": dist, "reason": REASON, **numbers}
