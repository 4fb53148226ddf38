"""The table [share.output] of a study file: what foreign researchers contribute to output."""

from typing import Self

from pydantic import model_validator

from forecast.study.part import Part
from forecast.study.priors import Prior, describe, frozen


class OutputSpec(Part):
    """How heads become research output.

    ``contribution``: output of a foreign researcher of the workforce, spillovers on others
    included, relative to that of a domestic one; ``table``: the published effects behind it.
    """

    contribution: Prior
    table: str | None = None

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if float(frozen(self.contribution).support()[0]) < 0:
            got = describe(self.contribution)
            raise ValueError(f"contribution has a prior of positive numbers; got {got}")
        return self
