"""Inference: a study and its evidence -> a posterior that ArviZ reads."""

from forecast.inference.fit import Fit, fit

__all__ = ["Fit", "fit"]
