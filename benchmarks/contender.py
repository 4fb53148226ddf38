"""What a contender is: it fits a table, which is timed, and reads its draws, which is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from benchmarks.tables import Codes


@dataclass(frozen=True)
class Effort:
    """How much is drawn; engines without chains draw ``chains * draws`` values."""

    chains: int
    tune: int
    draws: int


@dataclass(frozen=True)
class Draws:
    """Draws of scales by name, (chain, draw), and of cell probabilities, (chain, draw, cell)."""

    scales: Mapping[str, np.ndarray]
    cells: np.ndarray


class Contender(Protocol):
    """A model of one table, made by the ``contender`` of its module."""

    def fit(self, seed: int, effort: Effort) -> Any:
        """Return the posterior in the contender's own form; what can be kept for a next fit is."""

    def read(self, posterior: Any, rows: Codes) -> Draws:
        """Return the draws of the scales and of the probabilities of some rows."""
