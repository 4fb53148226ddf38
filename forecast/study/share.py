"""The table [share] of a study file: the workforce, its groups, its priors, its alternatives."""

from collections import Counter
from typing import Annotated, Self

from pydantic import Field, model_validator

from forecast.study.part import Name, Part, Share, refuse
from forecast.study.priors import Prior


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
    """The priors of the stock and flow of the workforce."""

    start_logit: Prior
    exit_rate: Prior
    exit_spread: Prior
    turnover: Prior
    growth: Prior
    selection: Prior
    direct_arrivals: Prior
    tier_stay: Prior
    design_effect: Prior


class Alternative(Part):
    """A listed alternative: some priors of the share model replaced, with the reason."""

    reason: str
    priors: dict[str, Prior]

    @model_validator(mode="after")
    def _priors_exist(self) -> Self:
        unknown = sorted(set(self.priors) - set(SharePriors.model_fields))
        if unknown:
            raise ValueError(f"alternatives replace priors of [share.priors]; got {unknown}")
        return self


class Headline(Part):
    """The question in numbers: the share of ``group`` is at most ``at_most`` in ``by``."""

    group: Name
    at_most: Share
    by: int


class ShareSpec(Part):
    """The workforce: its evidence, groups, inflows and priors."""

    workforce: str
    evidence: str
    domestic: str
    field_weights: dict[Name, Annotated[float, Field(gt=0)]]
    groups: dict[Name, Group]
    start: int
    until: int
    entry_years_since: int = 1
    headline: Headline
    priors: SharePriors
    alternatives: dict[Name, Alternative] = Field(default_factory=dict)

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
        if not self.start < self.headline.by <= self.until:
            faults.append(f"start < headline.by <= until; got {self.headline.by}")
        refuse(faults)
        return self
