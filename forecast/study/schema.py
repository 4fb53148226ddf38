"""The parts of a study: frozen pydantic models, one for each table of a study file."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from forecast.study.priors import Normal, Prior

type Name = Annotated[str, Field(min_length=1, max_length=60)]
type Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A table of a study file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    groups: dict[Name, tuple[Name, ...]] = {}
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
        unknown = {f for fields in self.groups.values() for f in fields} - set(self.fields)
        if unknown:
            raise ValueError(f"groups name fields of the study; got {sorted(unknown)}")
        for kind, labels in (("origins", self.all_origins), ("fields", self.fields)):
            if len(set(labels)) != len(labels) or "ALL" in labels:
                raise ValueError(f"{kind} are distinct and none is ALL; got {list(labels)}")
        if self.cohorts[0] >= self.cohorts[1]:
            raise ValueError(f"cohorts are [first, last], first < last; got {list(self.cohorts)}")
        return self


class Definition(Part):
    """What "stays" means in a source, and how its distance to the reference may move.

    ``along_cohort``: ``none`` (a constant offset), ``walk`` (a shrunk walk pinned at the
    reference cohort) or ``free`` (an effect of its own for each cohort). ``like`` names the
    definition that this one varies: its distance is then counted from that one.
    """

    label: str
    like: Name | None = None
    by_origin: bool = True
    along_cohort: Literal["none", "walk", "free"] = "none"


class Shock(Part):
    """A named calendar-year shock: all cells observed in ``first`` to ``last``, by origin or all."""

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
    def _reference_is_known(self) -> Self:
        if self.reference not in self.definitions:
            raise ValueError(f"reference is one of the definitions; got {self.reference!r}")
        named = {d.like for d in self.definitions.values() if d.like is not None}
        if named - set(self.definitions):
            raise ValueError(f"like names a definition; got {sorted(named - set(self.definitions))}")
        if any(self.definitions[self.lineage(k)[-1]].like not in (None, self.reference) for k in self.definitions if self.lineage(k)):
            raise ValueError("definitions that vary each other form no circle; got one")
        knots = self.duration_knots
        if len(knots) < 2 or knots[0] != 0 or any(a >= b for a, b in zip(knots, knots[1:], strict=False)):
            raise ValueError(f"duration_knots increase from 0; got {list(knots)}")
        return self


class SamplerSpec(Part):
    """How the posterior is drawn."""

    chains: Annotated[int, Field(ge=2, le=16)] = 4
    tune: Annotated[int, Field(ge=50)] = 1000
    draws: Annotated[int, Field(ge=50)] = 1000
    target_accept: Annotated[float, Field(gt=0.5, lt=1)] = 0.9


class ReportSpec(Part):
    """What the report shows."""

    prob: Annotated[float, Field(gt=0, lt=1)] = 0.9
    years_since: tuple[int, ...] = (5,)
    main_origins: tuple[Name, ...]
    main_fields: tuple[Name, ...]
    headline_year: int
    population: str
    claims: str | None = None
    labels: dict[str, str] = {}


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
    """The question in numbers: is the share of ``group`` at most ``at_most`` by ``by``?"""

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
    alternatives: dict[Name, Alternative] = {}

    @model_validator(mode="after")
    def _groups_agree(self) -> Self:
        if sum(group.domestic for group in self.groups.values()) != 1:
            raise ValueError("exactly one group is domestic; got another number")
        if self.headline.group not in self.groups:
            raise ValueError(f"headline.group is one of the groups; got {self.headline.group!r}")
        if not self.start < self.headline.by <= self.until:
            raise ValueError(f"start < headline.by <= until; got {self.headline.by}")
        return self


class Lever(Part):
    """One change: the stay rate of a group follows a path of values, straight between its years."""

    lever: Literal["stay_rate"]
    group: Name
    path: dict[int, Share]

    @model_validator(mode="after")
    def _path_not_empty(self) -> Self:
        if not self.path:
            raise ValueError("a path gives at least one year = value; got none")
        return self


class Scenario(Part):
    """A named future: its levers, and whether the past is fitted again under them."""

    label: str
    reason: str
    history: Literal["refit", "keep"] = "keep"
    levers: tuple[Lever, ...] = ()


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
    scenarios: dict[Name, Scenario] = {}
    text: Annotated[str, Field(repr=False)] = ""
    folder: Annotated[str, Field(repr=False)] = ""

    def label(self, key: str) -> str:
        """Return the label that the study gives to a code, the code itself where it gives none."""
        return self.report.labels.get(key, key)

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        evidence, faults = self.evidence, []
        if self.stay.reference_cohort not in evidence.years:
            faults.append(f"stay.reference_cohort lies in cohorts; got {self.stay.reference_cohort}")
        faults += _strangers("report.main_origins", self.report.main_origins, (*evidence.all_origins, "ALL"))
        faults += _strangers("report.main_fields", self.report.main_fields, evidence.field_sets)
        if self.share is not None:
            faults += _strangers("share.field_weights", self.share.field_weights, evidence.fields)
            origins = [o for group in self.share.groups.values() for o in group.origins]
            faults += _strangers("share.groups", origins, evidence.all_origins)
            if self.share.until > evidence.cohorts[1]:
                faults.append(f"share.until lies in cohorts; got {self.share.until}")
            levers = [lever.group for s in self.scenarios.values() for lever in s.levers]
            faults += _strangers("scenarios", levers, self.share.groups)
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _strangers(where: str, names: object, known: object) -> list[str]:
    """Name the labels under ``where`` that the study does not know."""
    strangers = sorted(set(names) - set(known))  # type: ignore[call-overload]  # any iterables of labels
    return [f"{where} names labels of the study; got {strangers}"] if strangers else []
