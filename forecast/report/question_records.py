"""The questions to the workforce and their answers, as frozen records of numbers and labels."""

from dataclasses import dataclass

from forecast.report.estimate import Chance, Estimate


@dataclass(frozen=True)
class ScenarioAnswer:
    """A scenario in the headline year: share, bound, difference from the baseline, output.

    ``refits``: the past was fitted again, so the difference holds that of two calibrations.
    ``heads`` and ``output`` are relative to the same draws without the levers.
    """

    scenario: str
    label: str
    refits: bool
    levers: tuple[str, ...]
    share: Estimate
    in_year: Chance | None
    by_then: Chance | None
    difference: Estimate | None
    heads: Estimate | None
    output: Estimate | None


@dataclass(frozen=True)
class PassageFact:
    """When the share first comes to the bound: ``earliest`` year, ``half`` of the draws, by when.

    ``reached`` is the probability up to ``last``, the end of the projection; ``draws`` in all.
    """

    label: str
    group_label: str
    at_most: float
    earliest: int | None
    half: int | None
    last: int
    reached: Chance
    never: float
    draws: int


@dataclass(frozen=True)
class SolvedFact:
    """What a lever would have to be for the share to come to the target; infinite: out of reach.

    ``way``: "path" (the rate itself) or "multiplier" (of what the baseline has); ``needed`` over
    all draws, ``solvable`` over those with a solution; ``usual`` in the baseline. ``reachable``,
    ``above`` and ``below`` are parts of the draws. ``by_itself``: that the baseline is as extreme.
    """

    lever: str
    group_label: str
    of_label: str
    way: str
    target: float
    year: int
    start: int
    needed: Estimate
    solvable: Estimate | None
    usual: Estimate
    reachable: float
    above: float
    below: float
    by_itself: Chance | None


@dataclass(frozen=True)
class RangeFact:
    """An answer under the study's own choices and its range over the listed alternatives."""

    answer: str
    of: str
    value: float
    lowest: float
    lowest_under: str
    highest: float
    highest_under: str


@dataclass(frozen=True)
class ContourPoint:
    """A value of the first lever, and what the second one would have to be."""

    first: float
    second: Estimate
    reachable: float


@dataclass(frozen=True)
class ContourFact:
    """The line on which two levers together bring the share to the target."""

    first: str
    second: str
    group_label: str
    target: float
    year: int
    points: tuple[ContourPoint, ...]


@dataclass(frozen=True)
class ChangeFact:
    """What one lever of a scenario adds to the share, by draw and to its median."""

    scenario: str
    label: str
    lever: str
    of_median: float
    mean: float
    lower: float
    upper: float
    prob: float
    kind: str


@dataclass(frozen=True)
class PartFact:
    """A part of the variance of the share, with standard errors; ``total`` with interactions."""

    component: str
    label: str
    first: float
    first_se: float
    total: float | None
    total_se: float | None


@dataclass(frozen=True)
class WorthFact:
    """A fact that could be measured, and the width of the 90 % interval without and with it."""

    fact: str
    group: str
    label: str
    share: float
    se: float
    width_now: float
    width_known: float


@dataclass(frozen=True)
class ContributionFact:
    """The headline without a piece of evidence, which has so many ``rows``."""

    piece: str
    label: str
    rows: int
    chance: Chance
    share: Estimate


@dataclass(frozen=True)
class VerdictFact:
    """A claim set against the draws of this run; ``points``: its quantity is a difference."""

    claim_id: str
    claim: str
    quantity: str
    claimed: str
    points: bool
    estimate: Estimate
    chance: Chance
    verdict: str
    sentence: str


@dataclass(frozen=True)
class QuestionStory:
    """Every answer about the workforce beyond its share.

    ``draws`` of the forecast; ``draws_again``: about so many of each contribution; ``last``: the
    last year of the projection.
    """

    group_label: str
    at_most: float
    by: int
    last: int
    draws: int
    draws_again: int
    scenarios: tuple[ScenarioAnswer, ...]
    passage: PassageFact | None
    solved: tuple[SolvedFact, ...]
    contour: ContourFact | None
    changes: tuple[ChangeFact, ...]
    uncertainty: tuple[PartFact, ...]
    worth: tuple[WorthFact, ...]
    contributions: tuple[ContributionFact, ...]
    ranges: tuple[RangeFact, ...]
    verdicts: tuple[VerdictFact, ...]
