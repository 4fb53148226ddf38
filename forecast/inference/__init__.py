"""Inference: a study and its evidence -> a posterior that ArviZ reads."""

from forecast.inference.fit import Fit, fit
from forecast.inference.importance import smoothed
from forecast.inference.rates import fitted_rows, rates_table, stay_rate_draws, stay_rates
from forecast.inference.store import load_fit, packed, save_fit

__all__ = [
    "Fit",
    "fit",
    "fitted_rows",
    "load_fit",
    "packed",
    "rates_table",
    "save_fit",
    "smoothed",
    "stay_rate_draws",
    "stay_rates",
]
