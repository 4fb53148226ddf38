"""The share model of a study, calibrated once: where every question about scenarios starts."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from forecast.errors import RunError
from forecast.share.calibrate import STEPS, Calibration, calibrate
from forecast.share.cells import arrange, weights_of
from forecast.share.grid import Grid, grid_of
from forecast.share.inflow import LevelPriors, extrapolated
from forecast.share.inputs import WorkforceInputs
from forecast.share.lever_years import Dates, shock_years
from forecast.share.likelihood import history_years, years_of
from forecast.share.scenario import LeverEffects, lever_effects, no_effects
from forecast.share.world import Flows, Noise, World, simulate
from forecast.study import Scenario

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

BASELINE = Scenario(label="Baseline", reason="No lever is moved.")


@dataclass(frozen=True)
class Settings:
    """How a share model is drawn: seed, last year, steps of a calibration, flows of persons."""

    seed: int
    until: int
    steps: int = STEPS
    noise: bool = False


@dataclass(frozen=True)
class ShareModel:
    """A calibrated workforce: its inputs, its baseline world, and how that was drawn.

    ``factors``: doctorates not yet published as parts of their held value, (D, T, G) in the years
    of ``span``; ``dates``: first and last year of the shocks that levers may name; ``refitted``:
    the calibrations that scenarios have asked for, by what they do.
    """

    inputs: WorkforceInputs
    settings: Settings
    factors: Array
    dates: Dates
    calibration: Calibration
    world: World
    refitted: dict[str, Calibration] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def span(self) -> range:
        """All years that the evidence and the projection speak of."""
        return years_of(self.inputs, self.settings.until)

    @cached_property
    def grid(self) -> Grid:
        """The cells of the inflow."""
        return grid_of(self.inputs.spec)

    def effects(self, scenario: Scenario) -> LeverEffects:
        """Return what a scenario does in each year of ``span``."""
        spec, keep = self.inputs.spec, self.inputs.last_evidence
        return lever_effects(scenario, spec, self.span, keep, self.dates)

    def calibrated(self, scenario: Scenario) -> Calibration:
        """Return the calibration behind a scenario: its own if it refits history."""
        if not (scenario.refits and scenario.levers):
            return self.calibration
        does = scenario.model_dump_json(exclude={"label", "reason"})
        if does not in self.refitted:
            past = _of_years(self.factors, self.span, history_years(self.inputs))
            drawn = (self.inputs, self.effects(scenario), self.settings.seed, self.settings.steps)
            self.refitted[does] = calibrate(*drawn, past)
        return self.refitted[does]

    def world_of(self, scenario: Scenario, behind: Calibration | None = None) -> World:
        """Return the world that a scenario acts in: that of its own calibration if it refits."""
        used = self.calibrated(scenario) if behind is None else behind
        if used is self.calibration:
            return self.world
        return World(self.world.cells, used.theta, None, self.world.noise)

    def flows(self, scenario: Scenario, behind: Calibration | None = None) -> Flows:
        """Return the stocks and entrants of a scenario."""
        world = self.world_of(scenario, behind)
        return simulate(world, self.effects(scenario).during(world.years))


def share_model(
    inputs: WorkforceInputs,
    seed: int,
    until: int | None = None,
    steps: int = STEPS,
    noise: bool = False,
) -> ShareModel:
    """Calibrate the baseline of a workforce.

    Parameters
    ----------
    inputs
        Checked inputs, see ``workforce_inputs``.
    seed
        Of all random numbers.
    until
        Last year, that of the study if not given.
    steps
        Steps of each calibration after its start.
    noise
        Whether leavers and entrants are whole persons, binomial and Poisson around their
        expectation; the study then says how many ``people`` the workforce has.

    Raises
    ------
    RunError
        If ``until`` is not among the years of the study, noise is asked for and the study gives no
        ``people``, or the priors rule out the evidence.

    Examples
    --------
    >>> from forecast.share.example import example_inputs
    >>> share_model(example_inputs(), seed=1, steps=12).world.years
    range(2020, 2031)
    """
    spec = inputs.spec
    settings = Settings(seed, spec.until if until is None else until, steps, noise)
    _refuse(inputs, settings)
    span, grid = years_of(inputs, settings.until), grid_of(spec)
    factors = inflow_factors(inputs, span, seed)
    future, neutral = range(spec.start + 1, settings.until + 1), no_effects(span, grid)
    past = _of_years(factors, span, history_years(inputs))
    baseline = calibrate(inputs, neutral, seed, steps, past)
    cells = arrange(inputs, future, _of_years(factors, span, future))
    total = weights_of(cells, baseline.theta, neutral.during(future))[:, 0].sum(-1)
    drawn = _noise(inputs, len(future), seed) if noise else None
    world = World(cells, baseline.theta, total, drawn)
    return ShareModel(inputs, settings, factors, shock_dates(inputs), baseline, world)


def inflow_factors(inputs: WorkforceInputs, years: range, seed: int) -> Array:
    """Return doctorates as parts of their held value, (D, T, G); 1 in published years."""
    spec, last = inputs.spec, inputs.last_published
    out = np.ones((inputs.draws, len(years), len(spec.groups)))
    ahead = [year for year in years if last < year <= spec.until]
    if ahead:
        priors = LevelPriors(spec.priors.inflow_step, spec.priors.inflow_noise)
        parts = (inputs.sizes, inputs.domestic, spec, priors)
        drawn = extrapolated(*parts, last, inputs.draws, seed)
        rows = [years.index(year) for year in ahead]
        for g, name in enumerate(spec.groups):
            out[:, rows, g] = drawn[name][:, [year - last - 1 for year in ahead]]
    return out


def shock_dates(inputs: WorkforceInputs) -> Dates:
    """Return the years of the shocks of a study, none where it names no table."""
    return {} if inputs.shocks is None else shock_years(inputs.shocks)


def _of_years(factors: Array, span: range, years: range) -> Array:
    return factors[:, [span.index(year) for year in years]]


def _noise(inputs: WorkforceInputs, years: int, seed: int) -> Noise:
    spec = inputs.spec
    size = (2, inputs.draws, spec.until - spec.start, len(spec.groups))  # wherever it ends
    leavers, entrants = np.random.default_rng([seed, 2]).random(size)[:, :, :years]
    return Noise(leavers, entrants, int(spec.people or 0))


def _refuse(inputs: WorkforceInputs, settings: Settings) -> None:
    spec, last = inputs.spec, settings.until
    if not spec.start < last <= spec.until:
        way = "Choose a year between, or move share.until of the study."
        raise RunError(
            f"until lies after {spec.start} and not after {spec.until}; got {last}. {way}"
        )
    if settings.noise and spec.people is None:
        raise RunError("flows of whole persons need share.people; got none. Add it to the study.")
