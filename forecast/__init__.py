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
from forecast.study import Study, combined, load_study, study_names

if TYPE_CHECKING:
    from forecast.assess import backtest, check
    from forecast.inference import Fit, fit, load_fit, save_fit, stay_rates
    from forecast.report import write_report
    from forecast.run import run
    from forecast.share import (
        attribute_change,
        attribute_uncertainty,
        compare,
        contour,
        contributions,
        differences,
        evaluate,
        first_passage,
        probabilities,
        probability,
        probability_of,
        solve,
        solve_summary,
        summarise,
        worth_of_facts,
    )
    from forecast.share import project_fit as project
    from forecast.share import share_model_of as share_model
    from forecast.stay import (
        DefinitionShift,
        HeavierOverdispersion,
        Simulated,
        TrendBreak,
        simulate,
    )

# Rooms that bring PyMC or matplotlib are opened at first use, so `import forecast` stays quick.
_LATE = {
    "DefinitionShift": ("forecast.stay", "DefinitionShift"),
    "Fit": ("forecast.inference", "Fit"),
    "HeavierOverdispersion": ("forecast.stay", "HeavierOverdispersion"),
    "Simulated": ("forecast.stay", "Simulated"),
    "TrendBreak": ("forecast.stay", "TrendBreak"),
    "attribute_change": ("forecast.share", "attribute_change"),
    "attribute_uncertainty": ("forecast.share", "attribute_uncertainty"),
    "backtest": ("forecast.assess", "backtest"),
    "check": ("forecast.assess", "check"),
    "compare": ("forecast.share", "compare"),
    "contour": ("forecast.share", "contour"),
    "contributions": ("forecast.share", "contributions"),
    "differences": ("forecast.share", "differences"),
    "evaluate": ("forecast.share", "evaluate"),
    "first_passage": ("forecast.share", "first_passage"),
    "fit": ("forecast.inference", "fit"),
    "load_fit": ("forecast.inference", "load_fit"),
    "probabilities": ("forecast.share", "probabilities"),
    "probability": ("forecast.share", "probability"),
    "probability_of": ("forecast.share", "probability_of"),
    "project": ("forecast.share", "project_fit"),
    "run": ("forecast.run", "run"),
    "save_fit": ("forecast.inference", "save_fit"),
    "share_model": ("forecast.share", "share_model_of"),
    "simulate": ("forecast.stay", "simulate"),
    "solve": ("forecast.share", "solve"),
    "solve_summary": ("forecast.share", "solve_summary"),
    "stay_rates": ("forecast.inference", "stay_rates"),
    "summarise": ("forecast.share", "summarise"),
    "worth_of_facts": ("forecast.share", "worth_of_facts"),
    "write_report": ("forecast.report", "write_report"),
}

__all__ = [
    "DefinitionShift",
    "EvidenceError",
    "Fit",
    "HeavierOverdispersion",
    "RunError",
    "Simulated",
    "StayrateError",
    "Study",
    "StudyError",
    "TrendBreak",
    "attribute_change",
    "attribute_uncertainty",
    "backtest",
    "check",
    "combined",
    "compare",
    "contour",
    "contributions",
    "dataset_names",
    "differences",
    "evaluate",
    "first_passage",
    "fit",
    "load_dataset",
    "load_evidence",
    "load_fit",
    "load_study",
    "probabilities",
    "probability",
    "probability_of",
    "project",
    "run",
    "save_fit",
    "share_model",
    "simulate",
    "solve",
    "solve_summary",
    "stay_rates",
    "study_names",
    "summarise",
    "worth_of_facts",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Open the room of a public name at its first use."""
    if name not in _LATE:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    module, attribute = _LATE[name]
    return getattr(import_module(module), attribute)
