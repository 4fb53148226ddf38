"""The headline numbers of a study as draws: a stay rate, a share, whether that keeps a bound."""

import numpy as np
import xarray as xr

from forecast.evidence import Evidence
from forecast.share.flows import shares
from forecast.share.model import BASELINE, ShareModel
from forecast.stay.posterior import SAMPLE
from forecast.stay.predict import aggregate_rates, reference_rates
from forecast.study import Study

STAY_RATE, SHARE, PROBABILITY = "stay_rate", "share", "probability"

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def headline_stay_rate(posterior: xr.Dataset, study: Study, evidence: Evidence) -> xr.DataArray:
    """Return draws of the headline stay rate, (chain, draw), in [0, 1].

    It is that of the first main origin and field in the cohort of ``report.headline_year``, at the
    first age of ``report.years_since``.
    """
    shown = study.report
    each = reference_rates(posterior, study, shown.years_since[0], [shown.headline_year])
    rates = aggregate_rates(each, evidence.sizes, study)
    place = {"origin": shown.main_origins[0], "field": shown.main_fields[0]}
    found = rates.sel({**place, "cohort": shown.headline_year}).reset_coords(drop=True)
    return found.transpose(*SAMPLE)


def headline_share(model: ShareModel) -> Array:
    """Return draws of the share of the headline's group in its year under the baseline, (D,).

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> from forecast.share.model import share_model
    >>> headline_share(share_model(example_inputs(), seed=1, until=2028, steps=12)).shape
    (100,)
    """
    asked, start = model.inputs.spec.headline, model.inputs.spec.start
    stock = model.flows(BASELINE).stock[:, asked.by - start]
    return np.asarray(shares(stock)[:, model.grid.groups.index(asked.group)])
