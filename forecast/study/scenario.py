"""Scenarios of a study file: levers, when they act, how scenarios are combined by name."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from forecast.errors import StudyError
from forecast.study.part import Name, Part, refuse

type LeverName = Literal["stay_rate", "inflow", "exit_rate", "domestic_inflow", "direct_arrivals"]
type Year = Annotated[int, Field(ge=1900, le=2200)]

FOREIGN, EVERYBODY = "foreign", "all"  # in the place of a group: several of them
WAYS = ("multiplier", "shift", "path", "hold")
SHIFTED = ("stay_rate", "exit_rate")  # probabilities: their logits can be shifted
BY_FIELD = ("stay_rate", "inflow", "domestic_inflow")
HELD = BY_FIELD
LARGEST = {"stay_rate": 1.0, "exit_rate": 0.99}  # of a path; the others count people
FIRST, LAST = 1900, 2200


class Lever(Part):
    """One change of one flow, of a group (or ``foreign``, or ``all``) and of some fields.

    ``multiplier``: the flow is multiplied; ``shift``: its logit is shifted; ``path``: it follows
    values, straight between their years, level before and after; ``hold``: it stays what it was in
    that year. In force from ``start`` to ``end``, and reached by equal steps over ``ramp`` years; a
    ``shock`` of the shocks table gives start and end instead.

    A path of ``stay_rate`` is a probability, of ``exit_rate`` the part that leaves in a year, of
    ``inflow`` and ``domestic_inflow`` the doctorates of a year in those fields, persons, and of
    ``direct_arrivals`` the arrivals for each entrant with a doctorate of the country.
    """

    lever: LeverName
    group: Name | None = None
    fields: tuple[Name, ...] = ()
    multiplier: Annotated[float, Field(ge=0, le=100)] | None = None
    shift: Annotated[float, Field(ge=-10, le=10)] | None = None
    path: dict[Year, Annotated[float, Field(ge=0)]] | None = None
    hold: Year | None = None
    start: Year | None = None
    ramp: Annotated[int, Field(ge=0, le=50)] = 0
    end: Year | None = None
    shock: Name | None = None
    history: Literal["refit", "keep"] | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        refuse([*self._faults_of_way(), *self._faults_of_place(), *self._faults_of_time()])
        return self

    def _faults_of_way(self) -> Iterator[str]:
        given = [way for way in WAYS if getattr(self, way) is not None]
        if len(given) != 1:
            yield f"a lever has one of {', '.join(WAYS)}; got {', '.join(given) or 'none'}"
        if self.shift is not None and self.lever not in SHIFTED:
            yield f"shift is of {' or '.join(SHIFTED)}; got one of {self.lever}"
        if self.hold is not None and self.lever not in HELD:
            yield f"hold is of {', '.join(HELD)}; got one of {self.lever}"
        if self.path is not None and not self.path:
            yield "a path gives at least one year = value; got none"
        largest = LARGEST.get(self.lever)
        if self.path and largest is not None and max(self.path.values()) > largest:
            got = f"{max(self.path.values()):g}"
            yield f"a path of {self.lever} has values of at most {largest:g}; got {got}"

    def _faults_of_place(self) -> Iterator[str]:
        if (self.lever == "domestic_inflow") != (self.group is None):
            got = "none" if self.group is None else repr(self.group)
            yield f"a lever names its group, and domestic_inflow none; got {got} of {self.lever}"
        if self.fields and self.lever not in BY_FIELD:
            yield f"fields are of {', '.join(BY_FIELD)}; got {self.lever}"

    def _faults_of_time(self) -> Iterator[str]:
        if self.ramp and (self.path is not None or self.hold is not None):
            got = "path" if self.hold is None else "hold"
            yield f"ramp goes with multiplier or shift; got {self.ramp} with {got}"
        if self.start is not None and self.end is not None and self.end < self.start:
            yield f"a lever ends when it has started; got {self.start} to {self.end}"
        if self.shock is not None and (self.start is not None or self.end is not None):
            yield "a lever has a shock or its own start and end; got both"
        if self.hold is not None and self.start is not None and self.start <= self.hold:
            yield f"start comes after the year that hold names; got {self.start}"
        if self.hold is not None and self.end is not None and self.end <= self.hold:
            yield f"end comes after the year that hold names; got {self.end}"

    @property
    def years(self) -> tuple[int, int]:
        """The first and last year it may act in, as far as the lever itself says."""
        first = self.start if self.hold is None else max(self.hold + 1, self.start or FIRST)
        return first or FIRST, self.end or LAST

    @property
    def replaces(self) -> bool:
        """Whether it sets a value instead of changing one."""
        return self.path is not None or self.hold is not None


class Scenario(Part):
    """A named future: its levers, whether the past is fitted again, who replaces lost entrants.

    ``replaced``: the part of the entrants lost by the levers in whose place others come.
    """

    label: str
    reason: str
    history: Literal["refit", "keep"] = "keep"
    replaced: Annotated[float, Field(ge=0, le=1)] = 0.0
    levers: tuple[Lever, ...] = ()

    @model_validator(mode="after")
    def _levers_agree(self) -> Self:
        refuse(
            f"two levers set one value: {one.lever} of {_of(one)} and of {_of(other)}, "
            "in the same years"
            for one, other in combinations(self.levers, 2)
            if _contradict(one, other)
        )
        return self

    @property
    def refits(self) -> bool:
        """Whether any lever acts in the years of the evidence."""
        return any((lever.history or self.history) == "refit" for lever in self.levers)


def combined(scenarios: Mapping[str, Scenario], name: str) -> Scenario:
    """Return a scenario by its name, or several joined by ``+``: all their levers in force.

    Multipliers multiply and shifts add, so the order does not matter; each lever keeps the history
    of its own scenario.

    Raises
    ------
    StudyError
        If a name is unknown or stands twice, or the scenarios contradict each other.

    Examples
    --------
    >>> lever = Lever(lever="inflow", group="CHN", multiplier=0.9)
    >>> one = Scenario(label="One", reason="Fewer come.", levers=(lever,))
    >>> combined({"one": one, "two": one}, "one + two").label
    'One + One'
    """
    names = [part.strip() for part in name.split("+")]
    if unknown := [part for part in names if part not in scenarios]:
        known = ", ".join(scenarios) or "none"
        raise StudyError(f"a scenario is one of the study's ({known}); got {unknown[0]!r}.")
    if len(set(names)) < len(names):
        raise StudyError(f"a combination names each scenario once; got {name!r}. Drop one.")
    if len(names) == 1:
        return scenarios[names[0]]
    parts = [scenarios[part] for part in names]
    moved = {part.replaced for part in parts if part.levers}
    if len(moved) > 1:
        got = " and ".join(f"{part:g}" for part in sorted(moved))
        raise StudyError(f"combined scenarios agree on replaced; got {got}. Change one.")
    try:
        return Scenario(
            label=" + ".join(part.label for part in parts),
            reason=" ".join(part.reason for part in parts),
            history="refit" if any(part.refits for part in parts) else "keep",
            replaced=max(moved, default=0.0),
            levers=tuple(_dated(own) for part in parts for own in _own(part)),
        )
    except ValueError as error:
        raise StudyError(f"{name} contradicts itself: {_rule(error)}. Leave one out.") from error


def _own(part: Scenario) -> Iterator[tuple[Lever, str]]:
    for lever in part.levers:
        yield lever, part.history


def _dated(own: tuple[Lever, str]) -> Lever:
    """Return a lever that carries the history of its scenario."""
    lever, history = own
    return lever.model_copy(update={"history": lever.history or history})


def _rule(error: ValueError) -> str:
    lines = str(error).splitlines()
    told = [line.strip() for line in lines if "Value error, " in line]
    return (told or lines)[0].removeprefix("Value error, ").split(" [type=")[0]


def _of(lever: Lever) -> str:
    return lever.group or "the domestic group"


def _flow(lever: Lever) -> str:
    """Return what a lever changes: both levers of inflow change the doctorates of cells."""
    return "inflow" if lever.lever == "domestic_inflow" else lever.lever


def _contradict(one: Lever, other: Lever) -> bool:
    """Say whether two levers set the same value in the same year."""
    if not (one.replaces and other.replaces and _flow(one) == _flow(other)):
        return False
    several = {EVERYBODY} if "domestic_inflow" in (one.lever, other.lever) else {FOREIGN, EVERYBODY}
    same = one.group == other.group or bool({one.group, other.group} & several)
    fields = not one.fields or not other.fields or bool(set(one.fields) & set(other.fields))
    years = max(one.years[0], other.years[0]) <= min(one.years[1], other.years[1])
    return same and fields and years
