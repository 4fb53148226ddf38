"""The facts of a report, as frozen records of numbers and labels."""

from dataclasses import dataclass

from forecast.report.assessment_records import AssessmentStory
from forecast.report.estimate import Estimate
from forecast.report.question_records import QuestionStory


@dataclass(frozen=True)
class StayFact:
    """A stay rate: of whom, how long after the doctorate, and on which evidence it rests."""

    origin: str
    origin_label: str
    field: str
    field_label: str
    cohort: int
    years_since: float
    basis: str
    estimate: Estimate


@dataclass(frozen=True)
class StayStory:
    """The headline stay rate and its path: first, highest and last cohort with data."""

    definition: str
    definition_label: str
    headline: StayFact
    first: StayFact
    peak: StayFact
    last: StayFact
    last_residence: int | None
    last_observed: int | None


@dataclass(frozen=True)
class ShareFact:
    """A share of a group in a year under a scenario."""

    scenario: str
    scenario_label: str
    group: str
    group_label: str
    year: int
    estimate: Estimate


@dataclass(frozen=True)
class ProbabilityFact:
    """P(share of the group in the year ``by`` <= ``at_most``) with its Monte Carlo error."""

    name: str
    label: str
    at_most: float
    by: int
    probability: float
    mcse: float
    reason: str = ""
    share_median: float | None = None


@dataclass(frozen=True)
class LearnedFact:
    """A parameter before and after the evidence; ``sd_ratio`` is posterior sd over prior sd."""

    parameter: str
    group: str
    prior_mean: float
    prior_sd: float
    posterior_mean: float
    posterior_sd: float
    sd_ratio: float | None


@dataclass(frozen=True)
class ShareStory:
    """The share forecast: headline year by scenario, probabilities, alternatives.

    ``main``: the scenarios that stand for all where there is no room for all.
    """

    workforce: str
    group: str
    group_label: str
    at_most: float
    by: int
    baseline: str
    main: tuple[str, ...]
    shares: tuple[ShareFact, ...]
    groups: tuple[ShareFact, ...]
    probabilities: tuple[ProbabilityFact, ...]
    alternatives: tuple[ProbabilityFact, ...]
    learned: tuple[LearnedFact, ...]
    evidence_rows: int

    @property
    def fanned(self) -> tuple[ShareFact, ...]:
        """The shares of the main scenarios."""
        return tuple(one for one in self.shares if one.scenario in self.main)

    @property
    def listed(self) -> tuple[ProbabilityFact, ...]:
        """The listed alternatives, without the study as it is."""
        return tuple(one for one in self.alternatives if one.name != "base")


@dataclass(frozen=True)
class DefinitionFact:
    """The rows used of one definition, and how its predictive intervals cover them."""

    key: str
    label: str
    reference: bool
    rows: int
    derived: int
    sources: tuple[str, ...]
    first: int
    last: int
    widest_field: str
    widest_field_label: str
    coverage: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LeftOutFact:
    """Rows left out for one reason, by the study or when the table was made."""

    stage: str
    reason: str
    rows: int


@dataclass(frozen=True)
class EvidenceStory:
    """Which rows were used and which were not."""

    table: str
    rows: int
    derived: int
    definitions: tuple[DefinitionFact, ...]
    left_out: tuple[LeftOutFact, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True)
class CheckFact:
    """One check of the run."""

    check: str
    verdict: str
    value: str
    limit: str
    advice: str


@dataclass(frozen=True)
class ParameterFact:
    """The posterior of one top-level parameter."""

    name: str
    mean: float
    sd: float
    estimate: Estimate
    ess_bulk: float
    ess_tail: float
    r_hat: float


@dataclass(frozen=True)
class LooFact:
    """Leave-one-out cross-validation: expected log density, and how many k are too high."""

    elpd: float
    se: float
    effective_parameters: float
    rows: int
    high_k: int
    threshold: float
    worst_k: float


@dataclass(frozen=True)
class SamplingStory:
    """What the draws say about themselves; ``points``: weighted values of the scales, if any."""

    chains: int
    draws: int
    points: int | None
    divergences: int | None
    least_bfmi: float | None
    parameters: tuple[ParameterFact, ...]
    coverage: tuple[tuple[float, float], ...]
    loo: LooFact | None


@dataclass(frozen=True)
class PriorFact:
    """A prior and its reason."""

    part: str
    name: str
    distribution: str
    reason: str


@dataclass(frozen=True)
class ScenarioFact:
    """A scenario in words."""

    name: str
    label: str
    reason: str
    history: str
    levers: tuple[str, ...]


@dataclass(frozen=True)
class ClaimFact:
    """A claim and what a look-up found; not computed by this run."""

    claim_id: str
    claim: str
    claimed: str
    verdict: str
    found: str
    source: str
    url: str


@dataclass(frozen=True)
class ReportFacts:
    """Everything a report says."""

    study: str
    title: str
    question: str
    population: str
    quick: bool
    seed: int
    engine: str
    verdict: str
    stay: StayStory
    share: ShareStory | None
    questions: QuestionStory | None
    assessment: AssessmentStory | None
    evidence: EvidenceStory
    sampling: SamplingStory
    checks: tuple[CheckFact, ...]
    priors: tuple[PriorFact, ...]
    scenarios: tuple[ScenarioFact, ...]
    claims: tuple[ClaimFact, ...]
    provenance: tuple[tuple[str, str], ...]
    timings: tuple[tuple[str, float], ...]
