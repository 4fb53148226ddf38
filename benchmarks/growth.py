"""How the time of the Laplace engine grows with rows and with latent values."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import linear_regression

from benchmarks.results import Row
from benchmarks.table_names import Shape, parse

ENGINE = "laplace"
DRAWS = 250  # a chain
ENOUGH = 2  # times that give an exponent
SMALL = Shape(8, 7, 30)
GROWING_ROWS = tuple(f"{rows}_rows_{SMALL}" for rows in (1_000, 10_000, 100_000))
SHAPES = (SMALL, Shape(16, 14, 60), Shape(32, 28, 100), Shape(60, 50, 150))
GROWING_LATENTS = tuple(f"5000_rows_{shape}" for shape in SHAPES)
TABLES = (*GROWING_ROWS, *GROWING_LATENTS)


@dataclass(frozen=True)
class Growth:
    """One series: what grows, its sizes with the rows of the results, the exponent.

    ``exponent`` is b of time = a size^b for the second fit, None with fewer than two times.
    """

    of: str
    points: tuple[tuple[int, Row], ...]
    exponent: float | None

    def sentence(self) -> str:
        """Return the exponent in words."""
        if self.exponent is None:
            return f"{ENGINE}: fewer than two times along {self.of}, no exponent."
        return f"{ENGINE}: time grows as {self.of}^{self.exponent:.2f}."


def growths(rows: Iterable[Row]) -> tuple[Growth, ...]:
    """Return the series along rows and along latent values."""
    own = {one.table: one for one in rows if one.contender == ENGINE}
    along_rows = [(parse(name)[0], own[name]) for name in GROWING_ROWS if name in own]
    along_latents = [(parse(name)[1].latents, own[name]) for name in GROWING_LATENTS if name in own]
    return _growth("rows", along_rows), _growth("latents", along_latents)


def _growth(of: str, points: Sequence[tuple[int, Row]]) -> Growth:
    timed = [(size, one.warm) for size, one in points if one.warm]
    slope = exponent([size for size, _ in timed], [warm for _, warm in timed])
    return Growth(of, tuple(points), slope)


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float | None:
    """Return b of seconds = a sizes^b, by least squares on the logarithms.

    Examples
    --------
    >>> round(exponent([1, 10, 100], [2.0, 20.0, 200.0]), 6)
    1.0
    """
    if len(sizes) < ENOUGH:
        return None
    return linear_regression([math.log(x) for x in sizes], [math.log(t) for t in seconds]).slope
