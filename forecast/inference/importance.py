"""Importance weights smoothed by Pareto, and the shape k of their tail.

Vehtari, Simpson, Gelman, Yao & Gabry 2024, jmlr.org/papers/v25/19-556.html.
"""

import numpy as np
from arviz_stats.base import array_stats


def smoothed(log_weight: np.ndarray) -> tuple[np.ndarray, float]:
    """Return smoothed log weights, normalised, and k; a weight of zero (-inf) stays zero.

    Above 0.7, k says that few draws carry the sample.
    """
    out = np.full(len(log_weight), -np.inf)
    some = np.isfinite(log_weight)
    # ArviZ's function is written for leave-one-out: it takes log likelihoods and turns their sign
    out[some], k = array_stats.psislw(-log_weight[some])
    return out, float(k)
