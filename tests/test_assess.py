"""Verdicts: planted faults are seen, sound draws pass."""

import numpy as np
import pytest
import xarray as xr

from forecast.assess import Check, checks_table, convergence, verdict
from forecast.assess.checks import BFMI, DIVERGENT, ESS, RHAT


def draws(values: np.ndarray) -> xr.Dataset:
    """Return chains of one quantity with two cells, the second a constant."""
    both = np.stack([values, np.ones_like(values)], axis=-1)
    return xr.Dataset({"rate": (("chain", "draw", "cell"), both)}, {"cell": ["a", "b"]})


def test_independent_chains_converge() -> None:
    """Independent draws have an R-hat near one and about as many effective draws as draws."""
    worst = convergence(draws(np.random.default_rng(0).normal(size=(4, 1000))))

    assert worst.rhat < 1.005
    assert worst.ess_bulk > 3000
    assert worst.rhat_of == "rate[a]"


def test_a_chain_that_stands_apart_is_seen() -> None:
    """A chain shifted by one standard deviation fails the R-hat gate."""
    values = np.random.default_rng(1).normal(size=(4, 1000))
    values[2] += 1.0

    assert RHAT.verdict(convergence(draws(values)).rhat) == "fail"


def test_a_slow_chain_is_seen() -> None:
    """Draws with autocorrelation 0.99 fail the gate of effective draws."""
    rng = np.random.default_rng(2)
    values = np.zeros((4, 1000))
    for i in range(1, 1000):
        values[:, i] = 0.99 * values[:, i - 1] + rng.normal(size=4)

    assert ESS.verdict(convergence(draws(values)).ess_bulk) == "fail"


@pytest.mark.parametrize(
    ("gate", "value", "expected"),
    [
        (RHAT, 1.01, "pass"),
        (RHAT, 1.0101, "review"),
        (RHAT, 1.03, "fail"),
        (RHAT, np.nan, "fail"),
        (ESS, 400.0, "pass"),
        (ESS, 399.9, "review"),
        (ESS, 10.0, "fail"),
        (DIVERGENT, 0.0, "pass"),
        (DIVERGENT, 0.001, "review"),
        (BFMI, 0.31, "pass"),
        (BFMI, 0.1, "fail"),
    ],
)
def test_gates_at_their_limits(gate: object, value: float, expected: str) -> None:
    """A value at a limit passes, one beyond it does not, no number fails."""
    assert gate.verdict(value) == expected


def test_the_worst_check_decides() -> None:
    """One failed check fails the run; advice is given only where it is needed."""
    checks = [
        Check("a", "pass", 1.0, "at most 1", "never"),
        Check("b", "fail", 2.0, "at most 1", "do this"),
    ]

    assert verdict(checks[:1]) == "pass"
    assert verdict(checks) == "fail"
    assert checks_table(checks)["advice"].tolist() == ["", "do this"]
