"""Pinned processes along cohorts: from independent innovations to values, as matrices."""

import numpy as np


def steps_from_pin(size: int, pin: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the reach of each innovation of a pinned process, and how many steps away it is.

    Innovation j belongs to the j-th cohort that is not pinned; it moves that cohort and all
    beyond it, seen from the pin. ``reach`` (size x size-1) is 1 where innovation j moves cohort
    i, and ``lag`` is the number of steps between them; a walk of coefficient rho is
    x = (reach * rho ** lag) e.

    Examples
    --------
    >>> reach, lag = steps_from_pin(4, pin=1)
    >>> reach.astype(int).tolist()
    [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 1]]
    >>> lag.astype(int).tolist()
    [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]]
    """
    away = np.arange(size) - pin
    free = away[away != 0]
    same_side = np.sign(away)[:, None] == np.sign(free)[None, :]
    lag = np.abs(away)[:, None] - np.abs(free)[None, :]
    reach = (same_side & (lag >= 0)).astype(float)
    return reach, np.where(reach > 0, lag, 0).astype(float)


def sums_from_pin(size: int, pin: int) -> np.ndarray:
    """Return the matrix (size x size-1) that sums forward increments into levels, zero at the pin.

    Examples
    --------
    >>> sums_from_pin(3, pin=1).tolist()
    [[-1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    """
    level = np.tril(np.ones((size, size - 1)), k=-1)
    return level - level[pin]


def stationary_lags(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the reach and lags of a stationary first-order autoregression of ``size`` values.

    s = (reach * phi ** lag) z, where the first innovation has variance 1 / (1 - phi**2).
    """
    place = np.arange(size)
    lag = place[:, None] - place[None, :]
    reach = (lag >= 0).astype(float)
    return reach, np.where(lag >= 0, lag, 0).astype(float)
