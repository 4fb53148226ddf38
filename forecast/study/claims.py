"""The tables [[claims]] of a study file: what is claimed about a quantity of the model."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import ceil, inf
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from forecast.study.part import Name, Part, Share, refuse

type Quantity = Literal[
    "share", "stay_rate", "stay_rate_fall", "output_loss", "output_of_share_change"
]

OF_STAY = ("origin", "field", "cohort", "years_since")
NEEDS: Mapping[Quantity, tuple[str, ...]] = {
    "share": ("group", "year"),
    "stay_rate": OF_STAY,
    "stay_rate_fall": (*OF_STAY, "since"),
    "output_loss": ("year",),
    "output_of_share_change": ("from_share", "to_share", "domestic"),
}
MAY_HAVE: Mapping[Quantity, tuple[str, ...]] = {
    "share": ("scenario",),
    "output_loss": ("scenario",),
    "output_of_share_change": ("replaced",),
}
ALL_HAVE = ("id", "quantity", "says", "value", "to", "tolerance")
LABELS = ("group", "origin", "field", "scenario")
YEARS = {"year": "year", "cohort": "cohort", "since": "cohort"}


class Claim(Part):
    """A claim about one quantity of the model: ``says`` that it is at most (...) a ``value``.

    ``share``: of ``group`` in ``year`` under ``scenario``. ``stay_rate``: of ``cohort`` from
    ``origin`` in ``field``, ``years_since`` years on, under the reference definition.
    ``stay_rate_fall``: of the cohort ``since`` less that of ``cohort``. ``output_loss``: the part
    of research output lost in ``year`` under ``scenario``. ``output_of_share_change``: the part
    lost when a foreign group falls from ``from_share`` to ``to_share`` of the workforce, of which
    ``domestic`` was domestic, and others take the part ``replaced`` of the places.

    "about" goes with a ``tolerance`` on both sides, "between" with ``value`` and ``to``.
    """

    id: Name
    quantity: Quantity
    says: Literal["at most", "at least", "about", "between"]
    value: Share
    to: Share | None = None
    tolerance: Annotated[float, Field(gt=0, le=1)] | None = None
    group: Name | None = None
    year: int | None = None
    scenario: Name = "baseline"
    origin: Name | None = None
    field: Name | None = None
    cohort: int | None = None
    since: int | None = None
    years_since: Annotated[float, Field(ge=0, le=60)] | None = None
    from_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    to_share: Share | None = None
    domestic: Share | None = None
    replaced: Share = 0.0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that say which quantity is meant."""
        return (*NEEDS[self.quantity], *MAY_HAVE.get(self.quantity, ()))

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest value that the claim allows."""
        slack = self.tolerance or 0.0
        match self.says:
            case "at most":
                return -inf, self.value
            case "at least":
                return self.value, inf
            case "about":
                return self.value - slack, self.value + slack
            case "between":
                return self.value, self.value if self.to is None else self.to

    @property
    def when(self) -> int | None:
        """The year that the claim speaks of, if it speaks of one."""
        if self.cohort is not None:
            return self.cohort + ceil(self.years_since or 0)
        return self.year

    @model_validator(mode="after")
    def _sound(self) -> Self:
        refuse([*self._faults_of_keys(), *self._faults_of_words(), *self._faults_of_order()])
        return self

    def _faults_of_keys(self) -> Iterator[str]:
        missing = [key for key in NEEDS[self.quantity] if getattr(self, key) is None]
        if missing:
            yield f"a claim of {self.quantity} has {', '.join(missing)}; got none in {self.id}"
        if extra := sorted(self.model_fields_set - {*ALL_HAVE, *self.keys}):
            yield f"a claim of {self.quantity} has no {', '.join(extra)}; got it in {self.id}"

    def _faults_of_words(self) -> Iterator[str]:
        for key, word in (("tolerance", "about"), ("to", "between")):
            if (getattr(self, key) is not None) != (self.says == word):
                yield f"{key} goes with {word!r}, and only with it; got {self.says!r} in {self.id}"
        if self.to is not None and self.to <= self.value:
            yield f"to is above value; got {self.value:g} to {self.to:g} in {self.id}"

    def _faults_of_order(self) -> Iterator[str]:
        if self.since is not None and self.cohort is not None and self.since >= self.cohort:
            yield f"since is before cohort; got {self.since} and {self.cohort} in {self.id}"
        if self.from_share is None or self.to_share is None or self.domestic is None:
            return
        if self.to_share > self.from_share:
            got = f"{self.from_share:g} to {self.to_share:g} in {self.id}"
            yield f"a share falls from from_share to to_share; got {got}"
        if self.from_share + self.domestic > 1:
            got = f"{self.from_share:g} and {self.domestic:g} in {self.id}"
            yield f"from_share and domestic are parts of one workforce; got {got}"


def claim_faults(
    claims: Iterable[Claim], labels: Mapping[str, Collection[str]], years: Mapping[str, range]
) -> Iterator[str]:
    """Return a sentence for each label and year of a claim that the study does not know.

    ``labels``: those of group, origin, field and scenario; ``years``: those of a projection,
    "year", and of doctorates, "cohort".

    Examples
    --------
    >>> claim = Claim(
    ...     id="C21", quantity="share", group="CHN", year=2050, says="at most", value=0.25
    ... )
    >>> labels = {"group": ["CHN"], "scenario": ["baseline"]}
    >>> list(claim_faults([claim], labels, {"year": range(2020, 2036)}))
    ['claims: year lies in 2020 to 2035; got 2050 in C21']
    """
    for claim in claims:
        if not claim.quantity.startswith("stay") and not years["year"]:
            yield f"a claim of {claim.quantity} needs [share]; got {claim.id} in a study without"
            continue
        for key in claim.keys:
            value = getattr(claim, key)
            if key in LABELS and value not in labels[key]:
                known = ", ".join(labels[key])
                yield f"claims: {key} is one of {known}; got {value!r} in {claim.id}"
            if key in YEARS and value not in (span := years[YEARS[key]]):
                yield f"claims: {key} lies in {span[0]} to {span[-1]}; got {value} in {claim.id}"
