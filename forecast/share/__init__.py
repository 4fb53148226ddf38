"""The share model: stocks and flows of a workforce, scenarios, and answers about shares."""

from forecast.share.alternatives import alternatives, with_alternative
from forecast.share.answers import (
    Probability,
    first_passage,
    probabilities,
    probability,
    summarise,
)
from forecast.share.calibrate import Calibration, calibrate
from forecast.share.inputs import WorkforceInputs, workforce_inputs
from forecast.share.of_fit import inputs_of, project_fit
from forecast.share.project import learned, project

__all__ = [
    "Calibration",
    "Probability",
    "WorkforceInputs",
    "alternatives",
    "calibrate",
    "first_passage",
    "inputs_of",
    "learned",
    "probabilities",
    "probability",
    "project",
    "project_fit",
    "summarise",
    "with_alternative",
    "workforce_inputs",
]
