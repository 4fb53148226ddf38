"""Assessment: whether a posterior can be trusted."""

from forecast.assess.checks import Check, check, check_projection, checks_table, verdict
from forecast.assess.convergence import Convergence, convergence

__all__ = [
    "Check",
    "Convergence",
    "check",
    "check_projection",
    "checks_table",
    "convergence",
    "verdict",
]
