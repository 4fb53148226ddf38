"""Verdicts: each check has a value, a limit, pass / review / fail, and plain advice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import arviz_stats as azs
import numpy as np
import pandas as pd
import xarray as xr

from forecast.assess.convergence import convergence
from forecast.inference import Fit

type Verdict = Literal["pass", "review", "fail"]
MORE_DRAWS = "Draw more (sampler.draws), or with a higher target_accept."


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
MEMORY = Gate(0.3, 0.5, least=False)


def check(fit: Fit, shown: xr.Dataset) -> list[Check]:
    """Return the verdicts on a fit.

    ``shown`` holds the draws of every quantity that a report shows; the top-level parameters are
    added to it.
    """
    groups = {
        "top-level parameters": fit.posterior[list(fit.top_level)],
        "reported quantities": shown,
    }
    found: list[Check] = []
    for name, draws in groups.items():
        worst = convergence(draws)
        found += [
            _check(f"R-hat, {name}", RHAT, worst.rhat, f"Worst: {worst.rhat_of}. {MORE_DRAWS}"),
            _check(
                f"bulk ESS, {name}",
                ESS,
                worst.ess_bulk,
                f"Least: {worst.ess_bulk_of}. {MORE_DRAWS}",
            ),
            _check(
                f"tail ESS, {name}",
                ESS,
                worst.ess_tail,
                f"Least: {worst.ess_tail_of}. {MORE_DRAWS}",
            ),
        ]
    stats = fit.tree["sample_stats"].to_dataset()
    diverging = float(stats["diverging"].mean())
    energy = float(np.min(np.asarray(azs.bfmi(fit.tree["sample_stats"].to_dataset())["energy"])))
    found.append(_check("divergent transitions, part of draws", DIVERGENT, diverging, MORE_DRAWS))
    found.append(
        _check("E-BFMI, least of the chains", BFMI, energy, "The scales mix badly: reparameterise.")
    )
    return found


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
