"""Verdicts: each check has a value, a limit, pass / review / fail, and plain advice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr

from forecast.assess.convergence import Convergence, convergence
from forecast.inference import Fit, smoothed

type Verdict = Literal["pass", "review", "fail"]
MORE_DRAWS = "Draw more (sampler.draws), or with a higher target_accept."
MORE_POINTS = "Try more values of the scales (sampler.laplace.points)."
LESS_APPROXIMATE = "Confirm with engine laplace-exact or nuts, which do not approximate."


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, the verdict, the value, the limit, what to do."""

    check: str
    verdict: Verdict
    value: float
    limit: str
    advice: str


@dataclass(frozen=True)
class Gate:
    """A limit with two steps: up to ``passes`` it passes, up to ``reviews`` it wants a look."""

    passes: float
    reviews: float
    least: bool

    def verdict(self, value: float) -> Verdict:
        """Return the verdict on a value; what is no number fails."""
        if not np.isfinite(value):
            return "fail"
        if self.least:
            return "pass" if value >= self.passes else "review" if value >= self.reviews else "fail"
        return "pass" if value <= self.passes else "review" if value <= self.reviews else "fail"

    @property
    def limit(self) -> str:
        """The limit as text."""
        return f"at {'least' if self.least else 'most'} {self.passes:g}"


RHAT = Gate(1.01, 1.02, least=False)
ESS = Gate(400, 200, least=True)
DIVERGENT = Gate(0, 0.01, least=False)
BFMI = Gate(0.3, 0.2, least=True)
POINTS = Gate(100, 50, least=True)  # independent values: a mean to a tenth of its sd
PARETO = Gate(0.7, np.inf, least=False)
MEMORY = Gate(0.3, 0.5, least=False)


def check(fit: Fit, shown: xr.Dataset) -> list[Check]:
    """Return the verdicts on a fit.

    ``shown`` holds the draws of every quantity that a report shows; the top-level parameters are
    added to it. Markov chains are asked for R-hat and effective sample sizes; importance samples
    for how many values of the scales their weights are worth, and for the tails of their weights.
    """
    draws = {
        "top-level parameters": fit.posterior[list(fit.top_level)],
        "reported quantities": shown,
    }
    stats = fit.tree["sample_stats"].to_dataset()
    if "joint_log_weight" in stats:
        return list(_weights(stats))
    worst = {name: convergence(data) for name, data in draws.items()}
    return [*_mixed(worst), *_effective(worst), *_sampler(stats)]


def _mixed(groups: Mapping[str, Convergence]) -> Iterator[Check]:
    for name, worst in groups.items():
        advice = f"Worst: {worst.rhat_of}. {MORE_DRAWS}"
        yield _check(f"R-hat, {name}", RHAT, worst.rhat, advice)


def _effective(groups: Mapping[str, Convergence]) -> Iterator[Check]:
    for name, worst in groups.items():
        for kind, least, of in (
            ("bulk", worst.ess_bulk, worst.ess_bulk_of),
            ("tail", worst.ess_tail, worst.ess_tail_of),
        ):
            yield _check(f"{kind} ESS, {name}", ESS, least, f"Least: {of}. {MORE_DRAWS}")


def _sampler(stats: xr.Dataset) -> Iterator[Check]:
    """Judge what the sampler says of itself, where it says it."""
    if "diverging" in stats:
        part = float(stats["diverging"].mean())
        yield _check("divergent transitions, part of draws", DIVERGENT, part, MORE_DRAWS)
    if "energy" in stats:
        least = float(np.min(np.asarray(azs.bfmi(stats[["energy"]])["energy"])))
        advice = "The scales mix badly: reparameterise."
        yield _check("E-BFMI, least of the chains", BFMI, least, advice)


def _weights(stats: xr.Dataset) -> Iterator[Check]:
    """Judge the importance weights of an approximation.

    Draws are independent given the scales, so the effective number of those, 1 / sum w^2, bounds
    the Monte Carlo error of every quantity.
    """
    share = np.exp(smoothed(stats["scale_log_weight"].to_numpy())[0])
    effective = float(share.sum() ** 2 / (share**2).sum())
    yield _check("effective values of the scales", POINTS, effective, MORE_POINTS)
    for name, variable in (("scales", "scale_log_weight"), ("joint draws", "joint_log_weight")):
        _, k = smoothed(stats[variable].to_numpy())
        yield _check(f"Pareto k, {name}", PARETO, k, LESS_APPROXIMATE)


def check_projection(projection: xr.Dataset) -> list[Check]:
    """Return the verdicts on the calibration of a workforce."""
    advice = "Run more steps of the calibration."
    return [
        _check("R-hat, workforce parameters", RHAT, float(projection.attrs["worst_rhat"]), advice),
        _check("memory of the start, workforce", MEMORY, float(projection["memory"].max()), advice),
    ]


def verdict(checks: Sequence[Check]) -> Verdict:
    """Return the verdict on all checks: the worst of them."""
    found = {one.verdict for one in checks}
    return "fail" if "fail" in found else "review" if "review" in found else "pass"


def checks_table(checks: Sequence[Check]) -> pd.DataFrame:
    """Return checks as a table: check, verdict, value, limit, advice (empty where passed)."""
    table = pd.DataFrame([asdict(one) for one in checks])
    table["advice"] = table["advice"].where(table["verdict"].ne("pass"), "")
    return table


def _check(name: str, gate: Gate, value: float, advice: str) -> Check:
    return Check(name, gate.verdict(value), value, gate.limit, advice)
