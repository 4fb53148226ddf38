"""An estimate of a quantity and a probability from draws: what every record is built of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A median and an interval, with the interval's probability and kind."""

    median: float
    lower: float
    upper: float
    prob: float
    kind: str


@dataclass(frozen=True)
class Chance:
    """A probability estimated from draws, with its Monte Carlo standard error."""

    probability: float
    mcse: float
