"""The parts of a study: frozen pydantic models, one for each table of a study file."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from forecast.study.claims import Claim, claim_faults
from forecast.study.part import Name, Part, refuse, strangers
from forecast.study.priors import Normal, Prior
from forecast.study.scenario import Scenario
from forecast.study.share import ShareSpec


class EvidenceSpec(Part):
    """Which table is read, and which cells it is read for.

    ``origins`` and ``fields`` are the labels of the model; ``rest`` takes every origin that the
    sizes list and the study does not; ``groups`` name sets of fields that a row may speak of.
    """

    table: str
    sizes: str
    origins: tuple[Name, ...]
    rest: Name | None = None
    fields: tuple[Name, ...]
    groups: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    cohorts: tuple[int, int]
    as_of: int

    @property
    def all_origins(self) -> tuple[str, ...]:
        """The origins of the model, the rest last."""
        return self.origins if self.rest is None else (*self.origins, self.rest)

    @property
    def field_sets(self) -> dict[str, tuple[str, ...]]:
        """Every label a row may carry as its field, with the fields it stands for."""
        return {name: (name,) for name in self.fields} | self.groups | {"ALL": self.fields}

    @property
    def years(self) -> range:
        """The cohorts of the model, first to last."""
        return range(self.cohorts[0], self.cohorts[1] + 1)

    @model_validator(mode="after")
    def _labels_agree(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[str]:
        yield from strangers("groups", {f for g in self.groups.values() for f in g}, self.fields)
        lists = {"origins": self.all_origins, "fields": self.fields}
        lists |= {f"groups.{name}": fields for name, fields in self.groups.items()}
        for name, labels in lists.items():
            if not labels or len(set(labels)) != len(labels) or "ALL" in labels:
                yield f"{name} are distinct labels, at least one, none is ALL; got {list(labels)}"
        if taken := sorted({*self.fields, "ALL"} & set(self.groups)):
            yield f"groups have names of their own; got {taken}"
        if self.cohorts[0] >= self.cohorts[1]:
            yield f"cohorts are [first, last], first < last; got {list(self.cohorts)}"


class Definition(Part):
    """What "stays" means in a source, and how its distance to the reference may move.

    ``along_cohort``: ``none`` (a constant offset), ``walk`` (a shrunk walk by origin, pinned at
    the reference cohort) or ``free`` (an effect of its own for each cohort). ``like`` names the
    definition that this one varies: its distance is then counted from that one.
    """

    label: str
    like: Name | None = None
    by_origin: bool = True
    along_cohort: Literal["none", "walk", "free"] = "none"


class Shock(Part):
    """A named calendar-year shock: cells seen in ``first`` to ``last``, of one origin or all."""

    name: Name
    first: int
    last: int
    origin: Name | None = None
    reason: str


class StayPriors(Part):
    """The priors of the stay model, all on the logit scale unless the name says otherwise."""

    intercept: Normal
    sigma_origin: Prior
    sigma_field: Prior
    sigma_origin_field: Prior
    sigma_trend: Prior
    drift_share: Prior
    phi_slope: Prior
    sigma_trend_origin: Prior
    rho_origin: Prior
    sigma_trend_field: Prior
    rho_field: Prior
    duration_step: Prior
    sigma_duration_origin: Prior
    definition_offset: Normal
    sigma_definition_origin: Prior
    sigma_definition_walk: Prior
    sigma_definition_free: Prior
    sigma_shock: Prior
    overdispersion: Prior
    effective_share: Prior
    source_scale: Prior


class StaySpec(Part):
    """The stay model: its reference, its definitions, its priors."""

    reference: Name
    reference_cohort: int
    duration_knots: tuple[float, ...]
    definitions: dict[Name, Definition]
    shocks: tuple[Shock, ...] = ()
    priors: StayPriors

    def lineage(self, definition: str) -> tuple[str, ...]:
        """Return a definition and those it varies, up to the reference (left out)."""
        line: list[str] = []
        at: str | None = definition
        while at is not None and at != self.reference and at not in line:
            line.append(at)
            at = self.definitions[at].like
        return tuple(line)

    @model_validator(mode="after")
    def _definitions_agree(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[str]:
        if self.reference not in self.definitions:
            yield f"reference is one of the definitions; got {self.reference!r}"
        likes = {name: d.like for name, d in self.definitions.items() if d.like is not None}
        if unknown := sorted(set(likes.values()) - set(self.definitions)):
            yield f"like names a definition; got {unknown}"
        elif circle := sorted(name for name in likes if self._returns(name)):
            yield f"definitions that vary each other form no circle; got {circle}"
        if self.duration_knots[:1] != (0,) or self.duration_knots[1:] == ():
            yield f"duration_knots are two or more and start at 0; got {list(self.duration_knots)}"
        if any(a >= b for a, b in pairwise(self.duration_knots)):
            yield f"duration_knots increase; got {list(self.duration_knots)}"

    def _returns(self, name: str) -> bool:
        """Say whether the definitions that ``name`` varies lead back to it."""
        line = self.lineage(name)
        return bool(line) and self.definitions[line[-1]].like in line


class LaplaceSpec(Part):
    """How the Laplace engines draw.

    ``points``: values of the scales that engine laplace tries, over all chains (thirteen for each
    top-level parameter where it is left out); ``draws``: what it keeps of each chain; ``sweeps``:
    those of each chain of laplace-exact.
    """

    points: Annotated[int | None, Field(ge=40)] = None
    draws: Annotated[int, Field(ge=50)] = 500
    sweeps: Annotated[int, Field(ge=50)] = 400


class SamplerSpec(Part):
    """How the posterior is drawn: ``tune``, ``draws`` and ``target_accept`` are those of NUTS."""

    chains: Annotated[int, Field(ge=2, le=16)] = 4
    tune: Annotated[int, Field(ge=50)] = 1000
    draws: Annotated[int, Field(ge=50)] = 1000
    target_accept: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    laplace: LaplaceSpec = LaplaceSpec()


class ReportSpec(Part):
    """What the report shows."""

    prob: Annotated[float, Field(gt=0, lt=1)] = 0.9
    years_since: tuple[int, ...] = (5,)
    main_origins: tuple[Name, ...]
    main_fields: tuple[Name, ...]
    headline_year: int
    population: str
    claims: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


class Study(Part):
    """A whole study: the question, the evidence, the models, the scenarios, the report."""

    name: Name
    title: str
    question: str
    evidence: EvidenceSpec
    stay: StaySpec
    sampler: SamplerSpec = SamplerSpec()
    report: ReportSpec
    share: ShareSpec | None = None
    scenarios: dict[Name, Scenario] = Field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    text: Annotated[str, Field(repr=False)] = ""
    folder: Annotated[str, Field(repr=False)] = ""

    def label(self, key: str) -> str:
        """Return the label that the study gives to a code, the code itself where it gives none."""
        return self.report.labels.get(key, key)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[str]:
        evidence, report, share = self.evidence, self.report, self.share
        origins = (*evidence.all_origins, "ALL")
        years = {"stay.reference_cohort": self.stay.reference_cohort}
        years |= {"report.headline_year": report.headline_year}
        yield from strangers("report.main_origins", report.main_origins, origins)
        yield from strangers("report.main_fields", report.main_fields, evidence.field_sets)
        shocked = {shock.origin for shock in self.stay.shocks if shock.origin is not None}
        yield from strangers("stay.shocks", shocked, evidence.all_origins)
        if share is not None:
            years |= {"share.start": share.start, "share.until": share.until}
            grouped = [o for group in share.groups.values() for o in group.origins]
            yield from strangers("share.field_weights", share.field_weights, evidence.fields)
            yield from strangers("share.groups", grouped, evidence.all_origins)
            yield from self._lever_faults(share)
        elif any(one.levers for one in self.scenarios.values()):
            yield "a scenario with levers needs [share]; got a study without"
        if joined := [name for name in self.scenarios if "+" in name]:
            yield f"the name of a scenario has no +, which joins several; got {joined}"
        for name, year in years.items():
            if year not in evidence.years:
                yield f"{name} lies in cohorts; got {year}"
        labels = {"group": () if share is None else tuple(share.groups), "origin": origins}
        labels |= {"field": tuple(evidence.field_sets), "scenario": tuple(self.scenarios)}
        spans = {"year": range(0) if share is None else share.years, "cohort": evidence.years}
        yield from claim_faults(self.claims, labels, spans)

    def _lever_faults(self, share: ShareSpec) -> Iterator[str]:
        levers = [lever for one in self.scenarios.values() for lever in one.levers]
        yield from dict.fromkeys(fault for lever in levers for fault in share.lever_faults(lever))
        named = sorted({lever.shock for lever in levers if lever.shock is not None})
        if named and share.shocks is None:
            yield f"a lever with a shock needs share.shocks; got {named} without"
