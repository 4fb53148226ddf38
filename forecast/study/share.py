"""The table [share] of a study file: the workforce, its groups, its priors, its alternatives."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from forecast.study.output import OutputSpec
from forecast.study.part import Name, Part, Share, refuse, strangers
from forecast.study.priors import HalfNormal, Normal, Prior
from forecast.study.scenario import EVERYBODY, FOREIGN, Lever


class Group(Part):
    """A group of the workforce: the origins it stands for, or the domestic doctorates."""

    label: str
    origins: tuple[Name, ...] = ()
    domestic: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.domestic == bool(self.origins):
            raise ValueError("a group is either domestic or lists origins; got both or neither")
        return self


class SharePriors(Part):
    """The priors of the stock and flow of the workforce.

    ``inflow_step`` and ``inflow_noise`` are the yearly standard deviations of the log of a group's
    doctorates: of its level, and of a single year around it.
    """

    start_logit: Prior
    exit_rate: Prior
    exit_spread: Prior
    turnover: Prior
    growth: Prior
    selection: Prior
    direct_arrivals: Prior
    tier_stay: Prior
    design_effect: Prior
    inflow_step: Prior = HalfNormal(
        dist="half_normal",
        scale=0.12,
        reason="A group's yearly doctorates move by some ten percent from one year to the next.",
    )
    inflow_noise: Prior = HalfNormal(
        dist="half_normal", scale=0.05, reason="A single year lies a few percent off its level."
    )
    basis_offset: Prior = Normal(
        dist="normal",
        loc=0.0,
        scale=0.3,
        reason="Another sample may count a third more or fewer foreign people.",
    )


class Alternative(Part):
    """A listed alternative: some priors replaced, some series of evidence left out, and why."""

    reason: str
    priors: dict[str, Prior] = Field(default_factory=dict)
    without: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _priors_exist(self) -> Self:
        unknown = sorted(set(self.priors) - set(SharePriors.model_fields))
        if unknown:
            raise ValueError(f"alternatives replace priors of [share.priors]; got {unknown}")
        if not self.priors and not self.without:
            raise ValueError("an alternative replaces priors or leaves series out; got neither")
        return self


class Headline(Part):
    """The question in numbers: the share of ``group`` is at most ``at_most`` in ``by``."""

    group: Name
    at_most: Share
    by: int


class ShareSpec(Part):
    """The workforce: its evidence, groups, inflows and priors.

    ``people``: the size of the workforce at the start, needed for flows of whole persons;
    ``shocks``: a table of dated events that levers may name; ``basis``: the series of shares that
    the question is about, where the evidence has several.
    """

    workforce: str
    evidence: str
    domestic: str
    field_weights: dict[Name, Annotated[float, Field(gt=0)]]
    groups: dict[Name, Group]
    start: int
    until: int
    entry_years_since: int = 1
    people: Annotated[int, Field(ge=1)] | None = None
    shocks: str | None = None
    basis: str | None = None
    output: OutputSpec | None = None
    headline: Headline
    priors: SharePriors
    alternatives: dict[Name, Alternative] = Field(default_factory=dict)

    def lever_faults(self, lever: Lever) -> Iterator[str]:
        """Say what keeps a lever from acting on this workforce, a sentence each."""
        home = next(name for name, group in self.groups.items() if group.domestic)
        named = set() if lever.group is None else {lever.group}
        yield from strangers("scenarios", named, {*self.groups, FOREIGN, EVERYBODY})
        yield from strangers("scenarios", lever.fields, self.field_weights)
        if lever.lever in ("stay_rate", "direct_arrivals") and lever.group in (home, EVERYBODY):
            yield f"{lever.lever} acts on a foreign group, or on {FOREIGN}; got {lever.group!r}"
        if lever.lever == "inflow" and lever.group == home:
            yield f"the inflow of the domestic group is domestic_inflow; got inflow of {home!r}"
        if lever.hold is not None and lever.hold <= self.start:
            yield f"hold names a year after {self.start}; got {lever.hold}"
        first, last = lever.years
        if first > self.until or last <= self.start:
            span = f"{self.start + 1} to {self.until}"
            yield f"a lever acts in {span}; got {lever.lever} of {first} to {last}"

    @property
    def years(self) -> range:
        """The years of a projection, its start first."""
        return range(self.start, self.until + 1)

    @model_validator(mode="after")
    def _groups_agree(self) -> Self:
        faults = []
        domestic = sum(group.domestic for group in self.groups.values())
        if domestic != 1:
            faults.append(f"exactly one group is domestic; got {domestic}")
        listed = Counter(origin for group in self.groups.values() for origin in group.origins)
        if twice := sorted(origin for origin, times in listed.items() if times > 1):
            faults.append(f"an origin belongs to one group; got {twice} in several")
        if self.headline.group not in self.groups:
            faults.append(f"headline.group is one of the groups; got {self.headline.group!r}")
        if taken := sorted({FOREIGN, EVERYBODY} & set(self.groups)):
            faults.append(f"groups have names of their own; got {taken}")
        if not self.start < self.headline.by <= self.until:
            faults.append(f"start < headline.by <= until; got {self.headline.by}")
        refuse(faults)
        return self
