"""How good the forecasts were and how far the model is to be trusted, as frozen records."""

from dataclasses import dataclass

from forecast.report.estimate import Chance, Estimate


@dataclass(frozen=True)
class Made:
    """How a part of an assessment was made: the command, the engine, its seed, the seconds."""

    command: str
    engine: str
    seed: int | None
    seconds: float | None


@dataclass(frozen=True)
class Resampled:
    """A number with its bootstrap interval; the ends are NaN where one cluster tells no spread."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ForecasterFact:
    """A forecaster of a group of targets: mean CRPS, and what part its intervals held by level."""

    name: str
    crps: Resampled
    held: tuple[tuple[float, Resampled], ...]

    def at(self, level: float) -> Resampled:
        """Return what the intervals of a level held."""
        return dict(self.held)[level]


@dataclass(frozen=True)
class SkillFact:
    """1 - the model's mean CRPS / that of a baseline: above 0 the model is better."""

    baseline: str
    skill: Resampled


@dataclass(frozen=True)
class GroupFact:
    """A group of forecasts: its label, its size, the model and the baselines.

    ``clusters``: years of publication, which the bootstrap resamples whole.
    """

    label: str
    forecasts: int
    clusters: int
    model: ForecasterFact
    baselines: tuple[ForecasterFact, ...]
    skills: tuple[SkillFact, ...]

    @property
    def best(self) -> ForecasterFact | None:
        """The baseline with the lowest CRPS."""
        return min(self.baselines, key=lambda one: one.crps.value, default=None)

    def skill_against(self, baseline: str) -> Resampled | None:
        """Return the skill against a baseline, if it is known."""
        return next((one.skill for one in self.skills if one.baseline == baseline), None)


@dataclass(frozen=True)
class BacktestStory:
    """What the backtest found.

    ``figures``: how many published ones there are, each forecast from every origin year (``first``
    to ``last``) before it was printed; None where the part does not say. ``pit``: part of the
    model's forecasts in each of the even bins. ``prob``: of the bootstrap intervals.
    """

    made: Made
    figures: int | None
    first: int
    last: int
    prob: float
    whole: GroupFact
    definitions: tuple[GroupFact, ...]
    origins: tuple[GroupFact, ...]
    horizons: tuple[GroupFact, ...]
    pit: tuple[float, ...]


@dataclass(frozen=True)
class QuantityFact:
    """How well simulations recover a quantity: p of uniform ranks, coverage, bias, contraction."""

    name: str
    p: float
    held: tuple[tuple[float, float], ...]
    z: float
    contraction: float


@dataclass(frozen=True)
class CalibrationStory:
    """What calibration by simulation found, the quantity with the least uniform ranks first.

    ``p``: of uniform ranks, the least over quantities times their number. ``held``: mean coverage
    over quantities by level.
    """

    made: Made
    simulations: int
    p: float
    held: tuple[tuple[float, float], ...]
    quantities: tuple[QuantityFact, ...]


@dataclass(frozen=True)
class HeadlineNumber:
    """A headline number: an estimate and how far it moved, in base's posterior sd, or a chance."""

    quantity: str
    label: str
    estimate: Estimate | None
    moved: float | None
    chance: Chance | None


@dataclass(frozen=True)
class InfluenceFact:
    """The headline numbers without a piece of evidence; ``skipped`` says why there are none."""

    kind: str
    label: str
    rows: int
    numbers: tuple[HeadlineNumber, ...]
    skipped: str

    @property
    def furthest(self) -> float:
        """How far the estimate that moves most does, in posterior standard deviations."""
        return max((abs(one.moved) for one in self.numbers if one.moved is not None), default=0.0)


@dataclass(frozen=True)
class PredictiveFact:
    """Posterior predictive p-values of a definition by test quantity; None: too few figures."""

    label: str
    rows: int
    p: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class CellFact:
    """The mean residual of an origin in a cohort, in normal scores."""

    definition: str
    origin: str
    cohort: int
    rows: int
    residual: float


@dataclass(frozen=True)
class ResidualStory:
    """The residuals by definition, origin and cohort; ``far`` beyond two standard deviations."""

    cells: int
    far: tuple[CellFact, ...]


@dataclass(frozen=True)
class LooTotal:
    """Leave-one-out over all rows: refitted ones, and those that stay unreliable."""

    rows: int
    elpd: float
    se: float
    refitted: int
    high_k: int


@dataclass(frozen=True)
class VariantFact:
    """A variant of the model against the study: difference in elpd, its error, stacking weight."""

    name: str
    difference: float
    error: float
    weight: float
    high_k: int


@dataclass(frozen=True)
class CriticismStory:
    """What speaks against the model: its evidence, its residuals, its variants."""

    made: Made
    influence: tuple[InfluenceFact, ...]
    predictive: tuple[PredictiveFact, ...]
    residuals: ResidualStory | None
    loo: LooTotal | None
    variants: tuple[VariantFact, ...]


@dataclass(frozen=True)
class BarFact:
    """A headline number under a narrower and a wider prior; ``matters``: it is told of."""

    part: str
    prior: str
    base: float
    narrower: float
    wider: float
    low: float
    high: float
    matters: bool


@dataclass(frozen=True)
class SensitivityStory:
    """What single priors do to the headline numbers.

    ``bars`` of ``number``, the longest first; ``priors`` looked at by power scaling, ``flagged``
    among them, ``refitted`` ones.
    """

    made: Made
    number: str
    bars: tuple[BarFact, ...]
    priors: int
    flagged: tuple[str, ...]
    refitted: int
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class AssessmentStory:
    """What the assessment of a study found; ``stale`` and ``missing`` hold names of parts."""

    study: str
    stale: tuple[str, ...]
    missing: tuple[str, ...]
    backtest: BacktestStory | None
    calibration: CalibrationStory | None
    criticism: CriticismStory | None
    sensitivity: SensitivityStory | None
