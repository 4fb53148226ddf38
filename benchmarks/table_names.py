"""Names of tables and the sizes they stand for; imports nothing, so the parent stays small."""

import re
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).resolve().parent / "data"
SHIPPED = ("1663", "6677")
SYNTHETIC = re.compile(r"(\d+)_rows_(\d+)x(\d+)x(\d+)")


class Shape(NamedTuple):
    """How many origins, fields and cohorts a table has."""

    origins: int
    fields: int
    cohorts: int

    def __str__(self) -> str:
        """Return the shape as table names spell it."""
        return "x".join(map(str, self))

    @property
    def latents(self) -> int:
        """The latent values of the model: walks are zero at the first cohort.

        Examples
        --------
        >>> Shape(8, 7, 30).latents
        536
        """
        flat = 1 + self.origins + self.fields + self.origins * self.fields
        return flat + (self.cohorts - 1) * (1 + self.origins + self.fields)


def data_file(name: str) -> Path:
    """Return the path that a shipped table of this name has."""
    return DATA / f"sim_{name}.csv"


def parse(name: str) -> tuple[int, Shape]:
    """Return the rows and the shape of a synthetic table.

    Examples
    --------
    >>> parse("1000_rows_8x7x30")
    (1000, Shape(origins=8, fields=7, cohorts=30))
    """
    found = SYNTHETIC.fullmatch(name)
    if found is None or min(map(int, found.groups())) < 1:
        known = ", ".join(SHIPPED)
        raise ValueError(
            f"a table is {known} or ROWS_rows_ORIGINSxFIELDSxCOHORTS; got {name!r}. "
            "Give --tables such a name."
        )
    rows, *sizes = map(int, found.groups())
    return rows, Shape(*sizes)


def check(name: str) -> str:
    """Return the name of a table that can be loaded, or raise ValueError."""
    if not data_file(name).is_file():
        parse(name)
    return name
