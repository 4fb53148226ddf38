"""What an assessment found, part by part, as the report and the verdict read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from forecast.assess.checks import Check


@dataclass(frozen=True)
class Part:
    """One part of an assessment, such as a backtest.

    ``tables`` by name; ``checks``: its verdicts; ``made``: how it was made (seed, engine, numbers),
    as the page says it.
    """

    name: str
    tables: Mapping[str, pd.DataFrame]
    checks: tuple[Check, ...] = ()
    made: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Assessment:
    """The parts of an assessment that belong to a study as it is; ``stale`` names the others."""

    parts: Mapping[str, Part] = field(default_factory=dict)
    stale: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[Check, ...]:
        """The verdicts of all parts."""
        return tuple(check for part in self.parts.values() for check in part.checks)
