"""Forecast who stays: stay rates by cohort, field and origin, and the share of a workforce.

>>> import forecast as fc
>>> study = fc.load_study("china_ai_2030")
>>> study.evidence.rest
'OTH'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forecast.datasets import dataset_names, load_dataset
from forecast.errors import EvidenceError, RunError, StayrateError, StudyError
from forecast.evidence import load_evidence
from forecast.study import Study, load_study, study_names

if TYPE_CHECKING:
    from forecast.assess import check
    from forecast.inference import Fit, fit, load_fit, save_fit, stay_rates
    from forecast.report import write_report
    from forecast.run import run
    from forecast.share import (
        first_passage,
        probabilities,
        probability,
        summarise,
    )
    from forecast.share import project_fit as project

# Rooms that bring PyMC or matplotlib are opened at first use, so `import forecast` stays quick.
_LATE = {
    "Fit": ("forecast.inference", "Fit"),
    "check": ("forecast.assess", "check"),
    "first_passage": ("forecast.share", "first_passage"),
    "fit": ("forecast.inference", "fit"),
    "load_fit": ("forecast.inference", "load_fit"),
    "probabilities": ("forecast.share", "probabilities"),
    "probability": ("forecast.share", "probability"),
    "project": ("forecast.share", "project_fit"),
    "run": ("forecast.run", "run"),
    "save_fit": ("forecast.inference", "save_fit"),
    "stay_rates": ("forecast.inference", "stay_rates"),
    "summarise": ("forecast.share", "summarise"),
    "write_report": ("forecast.report", "write_report"),
}

__all__ = [
    "EvidenceError",
    "Fit",
    "RunError",
    "StayrateError",
    "Study",
    "StudyError",
    "check",
    "dataset_names",
    "first_passage",
    "fit",
    "load_dataset",
    "load_evidence",
    "load_fit",
    "load_study",
    "probabilities",
    "probability",
    "project",
    "run",
    "save_fit",
    "stay_rates",
    "study_names",
    "summarise",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Open the room of a public name at its first use."""
    if name not in _LATE:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    module, attribute = _LATE[name]
    return getattr(import_module(module), attribute)
