"""The stock and flow of a workforce by plain loops, and made-up worlds, for the tests of the share.

Written from the formulas of the model, a number at a time, with nothing from ``forecast.share`` but
the draws themselves.
"""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import expit, logit

from forecast.share.cells import arrange
from forecast.share.example import example_inputs
from forecast.share.parameters import layout, theta_of
from forecast.share.world import World
from forecast.study import Lever, Scenario

REASON = "made up for a test"
LARGEST_EXIT = 0.99
FIELDS = ("alpha", "beta")
DATES = {"ban": (2022, 2024), "open": (2024, None)}
FREE = ("stay_rate", "inflow", "exit_rate", "direct_arrivals", "domestic_inflow")


def scenario_of(*levers, **more):
    """Return a scenario of levers, a ``Lever`` or its keys."""
    made = tuple(one if isinstance(one, Lever) else Lever(**one) for one in levers)
    return Scenario(label="Made up", reason=REASON, levers=made, **more)


def moving_inputs(seed=1, draws=3, order=("north", "rest", "home")):
    """Return example inputs whose doctorates move and whose graduates leave or come back later."""
    inputs, rng = example_inputs(chains=1, draws=draws), np.random.default_rng(seed)
    walk = np.exp(0.2 * rng.standard_normal(inputs.sizes.shape))
    leave = inputs.departure.copy(data=rng.uniform(-0.01, 0.05, inputs.departure.shape))
    leave.loc[{"group": "home"}] = 0.0
    groups = {name: inputs.spec.groups[name] for name in order}
    return replace(
        inputs,
        sizes=inputs.sizes * walk,
        domestic=inputs.domestic * np.exp(0.2 * rng.standard_normal(inputs.domestic.shape)),
        departure=leave.sel(group=list(order)),
        spec=inputs.spec.model_copy(update={"groups": groups}),
    )


def world_of(inputs, seed=1, until=2030, noise=None):
    """Return a world with parameters from the priors."""
    rng, where = np.random.default_rng(seed), layout(inputs.spec)
    theta = theta_of(rng.standard_normal((inputs.draws, where.size)), where)
    factors = np.exp(0.1 * rng.standard_normal((inputs.draws, until - 2019, 3)))
    return World(arrange(inputs, range(2020, until + 1), factors), theta, None, noise)


def in_force(lever, year, first, dates):
    """Return how far a lever acts in a year, 0 to 1; ``first`` is the first year it may."""
    start, end = (lever.start, lever.end) if lever.shock is None else dates[lever.shock]
    begin = max(first, first if start is None else start)
    if lever.hold is not None:
        begin = max(begin, lever.hold + 1)
    if year < begin or (end is not None and year > end):
        return 0.0
    return min(1.0, (year - begin + 1) / lever.ramp) if lever.ramp else 1.0


def straight(path, year):
    """Return a path in a year: level outside its years, straight between them."""
    known = sorted(path)
    if year <= known[0] or year >= known[-1]:
        return path[known[0] if year <= known[0] else known[-1]]
    low = max(y for y in known if y <= year)
    high = min(y for y in known if y > year)
    return path[low] + (path[high] - path[low]) * (year - low) / (high - low)


class Loops:
    """A world, a scenario and the last year of a kept history, looked at a number at a time."""

    def __init__(self, world, scenario, keep_until=2019, dates=None):
        self.world, self.scenario = world, scenario
        self.grid, self.years = world.cells.grid, world.cells.years
        self.keep_until, self.dates = keep_until, dates or {}
        self.home = self.grid.groups[self.grid.domestic]

    def flows(self):
        """Return stocks (D, T + 1, G) and entrants (D, T, G)."""
        draws, years, groups = self.world.draws, len(self.years), len(self.grid.groups)
        stock, came = np.zeros((draws, years + 1, groups)), np.zeros((draws, years, groups))
        theta = self.world.theta
        for d in range(draws):
            odds = [np.exp(theta.start_logit[d, g]) for g in range(groups)]
            stock[d, 0] = [one / sum(odds) for one in odds]
            weights = [self.weights(d, t) for t in range(years)]
            first = sum(weights[0])
            if self.world.first_total is not None:
                first = self.world.first_total[d]
            for t in range(years):
                for g in range(groups):
                    scale = theta.turnover[d] * (1 + theta.growth[d]) ** t
                    came[d, t, g] = scale * weights[t][g] / first
                    stays = 1 - self.exit(d, t, g)
                    stock[d, t + 1, g] = stock[d, t, g] * stays + came[d, t, g]
        return stock, came

    def weights(self, d, t):
        """Return the flow weights of the groups in a year, others in the place of those lost."""
        got = [self.weight(d, t, g, moved=True) for g in range(len(self.grid.groups))]
        if not self.scenario.replaced:
            return got
        plain = [self.weight(d, t, g, moved=False) for g in range(len(self.grid.groups))]
        lost = [max(one - other, 0.0) for one, other in zip(plain, got, strict=True)]
        whole = [loss <= 1e-9 * one for loss, one in zip(lost, plain, strict=True)]
        others = sum(one for one, kept in zip(got, whole, strict=True) if kept)
        places = self.scenario.replaced * sum(lost)
        return [
            one + (places * one / others if kept and others > 0 else 0.0)
            for one, kept in zip(got, whole, strict=True)
        ]

    def weight(self, d, t, g, moved):
        """Return selection (1 + direct) times the sum of weight, doctorates and stay rate."""
        total = 0.0
        for c in range(self.grid.size):
            if self.grid.owner[c] == g:
                stay, people = self.stay(d, t, c, moved), self.people(d, t, c, moved)
                total += self.grid.weight[c] * people * stay
        direct = self.value(self.world.theta.direct_arrivals[d, g], "direct_arrivals", t, g, moved)
        return self.world.theta.selection[d, g] * (1 + direct) * total

    def exit(self, d, t, g):
        """Return the part of a group that leaves: out of the tier, or out of the country."""
        tier, country = self.world.theta.exit[d, g], self.world.cells.departure[d, g]
        both = min(max(1 - (1 - tier) * (1 - country), 0.0), LARGEST_EXIT)
        return min(self.value(both, "exit_rate", t, g, True), LARGEST_EXIT)

    def stay(self, d, t, c, moved):
        """Return the stay rate of a cell, at most 1."""
        group, field = self.grid.owner[c], self.grid.fields[c]
        if group == self.grid.domestic:
            return 1.0
        own = {year: self.raw_stay(d, s, c) for s, year in enumerate(self.years)}
        return min(self.value(own[self.years[t]], "stay_rate", t, group, moved, field, own), 1.0)

    def raw_stay(self, d, t, c):
        """Return the stay rate of a cell with the shift to the tier."""
        return expit(logit(self.world.cells.stay[d, t, c]) + self.world.theta.tier_stay[d])

    def people(self, d, t, c, moved):
        """Return the doctorates of a cell: a path is of the sum of the cells it is of."""
        n = self.kept_people(d, t, c, moved)
        for lever in self.acting(t, c) if moved else ():
            if lever.path is not None:
                together = [k for k in range(self.grid.size) if self.is_of(lever, k)]
                total = sum(self.kept_people(d, t, k, moved) for k in together)
                n = straight(lever.path, self.years[t]) * n / total
        for lever in self.acting(t, c) if moved else ():
            if lever.multiplier is not None:
                force = in_force(lever, self.years[t], self.first(lever), self.dates)
                n *= 1 + force * (lever.multiplier - 1)
        return n

    def kept_people(self, d, t, c, moved):
        """Return the doctorates of a cell, those of an earlier year where a lever holds them."""
        people = self.world.cells.people
        at = [one.hold for one in self.acting(t, c) if one.hold is not None]
        year = at[-1] if at and moved else self.years[t]
        return people[d if len(people) > 1 else 0, self.years.index(year), c]

    def acting(self, t, c):
        """Return the levers of doctorates that act on a cell in a year."""
        return [
            lever
            for lever in self.scenario.levers
            if lever.lever in ("inflow", "domestic_inflow")
            and self.is_of(lever, c)
            and in_force(lever, self.years[t], self.first(lever), self.dates) > 0
        ]

    def value(self, plain, flow, t, group, moved, field=None, history=None):
        """Return a rate as the levers leave it: set, then shifted, then multiplied."""
        year, value, shift, factor = self.years[t], plain, 0.0, 1.0
        for lever in self.scenario.levers if moved else ():
            force = in_force(lever, year, self.first(lever), self.dates)
            if lever.lever != flow or not self.concerns(lever, group, field) or force == 0:
                continue
            if lever.path is not None:
                value = straight(lever.path, year)
            elif lever.hold is not None:
                value = history[lever.hold]
            elif lever.shift is not None:
                shift += force * lever.shift
            else:
                factor *= 1 + force * (lever.multiplier - 1)
        if shift and 0 < value < 1:
            value = expit(logit(value) + shift)
        return value * factor

    def is_of(self, lever, c):
        """Say whether a lever is of a cell."""
        return self.concerns(lever, self.grid.owner[c], self.grid.fields[c])

    def concerns(self, lever, group, field):
        """Say whether a lever is of a group and a field."""
        if lever.fields and field not in lever.fields:
            return False
        name = self.grid.groups[group]
        if lever.group is None:
            return name == self.home
        return lever.group in ("all", name) or (lever.group == "foreign" and name != self.home)

    def first(self, lever):
        """Return the first year in which a lever may act."""
        refit = (lever.history or self.scenario.history) == "refit"
        return self.years[0] if refit else self.keep_until + 1


@st.composite
def levers(draw):
    """Draw a lever of any kind."""
    kind = draw(st.sampled_from(FREE))
    keys = {"lever": kind}
    if kind != "domestic_inflow":
        groups = {"inflow": ["all"], "exit_rate": ["all", "home"]}.get(kind, [])
        keys["group"] = draw(st.sampled_from(["north", "rest", "foreign", *groups]))
    if kind in ("stay_rate", "inflow", "domestic_inflow"):
        keys["fields"] = draw(st.sampled_from([(), ("alpha",), ("beta",), FIELDS]))
    ways = ["multiplier", "path"]
    ways += ["shift"] if kind in ("stay_rate", "exit_rate") else []
    ways += ["hold"] if "fields" in keys else []
    way = draw(st.sampled_from(ways))
    largest = {"stay_rate": 1.0, "exit_rate": 0.99, "direct_arrivals": 3.0}.get(kind, 2000.0)
    keys[way] = draw(
        {
            "multiplier": st.floats(0, 3),
            "shift": st.floats(-4, 4),
            "hold": st.integers(2020, 2026),
            "path": st.dictionaries(st.integers(2016, 2033), st.floats(0, largest), min_size=1),
        }[way]
    )
    if way in ("multiplier", "shift"):
        keys["ramp"] = draw(st.integers(0, 5))
    if way != "hold" and draw(st.booleans()):
        keys["shock"] = draw(st.sampled_from(sorted(DATES)))
    elif way != "hold":
        keys["start"] = draw(st.none() | st.integers(2015, 2026))
    keys["history"] = draw(st.sampled_from([None, "keep", "refit"]))
    if "shock" not in keys:
        keys["end"] = draw(st.none() | st.integers(2027, 2033))
    return Lever(**keys)


@st.composite
def scenarios(draw):
    """Draw a scenario of some levers that do not contradict each other."""
    keys = {
        "history": draw(st.sampled_from(["keep", "refit"])),
        "replaced": draw(st.sampled_from([0.0, 0.4, 1.0])),
    }
    chosen = scenario_of(**keys)
    for lever in draw(st.lists(levers(), max_size=6)):
        try:
            chosen = scenario_of(*chosen.levers, lever, **keys)
        except ValidationError:
            continue  # a second path
    return chosen
