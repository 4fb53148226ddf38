"""Forecasters that know what comes: as sure as they should be, too sure, or not sure enough."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtri

from forecast.assess.as_of import Forecaster, Task
from forecast.assess.backtest import MODEL

SD = 0.3  # of errors on the logit scale
DRAWS = 2000


@dataclass(frozen=True)
class Planted:
    """A normal forecast on the logit scale, off by normal errors of sd ``size`` times .3.

    The errors of a task stand at even quantiles, so that coverage hangs on no luck. ``width`` is
    the sd of the forecast over that of its errors: 1 is calibrated. In the origin year ``ends_in``
    the forecaster ends its process.
    """

    width: float = 1.0
    size: float = 1.0
    bias: float = 0.0
    ends_in: int = 0

    def __call__(self, task: Task, seed: int) -> np.ndarray:
        if task.origin_year == self.ends_in:
            os._exit(1)
        rows = task.coming.rows
        rng = np.random.default_rng([seed, task.origin_year])
        even = (rng.permutation(len(rows)) + 0.5) / len(rows)
        error = self.size * SD * ndtri(even) + self.bias
        noise = self.width * self.size * SD * rng.standard_normal((DRAWS, len(rows)))
        return np.asarray(expit(logit(rows["rate"].to_numpy()) + error + noise))


def against(width: float = 1.0, **others: Forecaster) -> Mapping[str, Forecaster]:
    """Return a forecaster of some width in the place of the stay model, and others beside it."""
    return {MODEL: Planted(width), **others}
