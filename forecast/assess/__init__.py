"""Assessment: whether a posterior can be trusted, and how good its forecasts were."""

from forecast.assess.as_of import Forecaster, Task, tasks
from forecast.assess.backtest import Backtest, backtest, check_backtest, origin_years, pit_counts
from forecast.assess.calibration import Calibration, calibrate, check_calibration
from forecast.assess.checks import Check, check, check_projection, checks_table, verdict
from forecast.assess.convergence import Convergence, convergence
from forecast.assess.criticism import check_criticism, criticise
from forecast.assess.jobs import Batch, run_jobs
from forecast.assess.record import Assessment, Part
from forecast.assess.sensitivity import Sensitivity, sensitivity

__all__ = [
    "Assessment",
    "Backtest",
    "Batch",
    "Calibration",
    "Check",
    "Convergence",
    "Forecaster",
    "Part",
    "Sensitivity",
    "Task",
    "backtest",
    "calibrate",
    "check",
    "check_backtest",
    "check_calibration",
    "check_criticism",
    "check_projection",
    "checks_table",
    "convergence",
    "criticise",
    "origin_years",
    "pit_counts",
    "run_jobs",
    "sensitivity",
    "tasks",
    "verdict",
]
