"""The stay model: its terms, the readers that give them a meaning, and evidence simulated of it."""

from forecast.stay.broken_truth import (
    BrokenTruth,
    DefinitionShift,
    HeavierOverdispersion,
    TrendBreak,
)
from forecast.stay.model import StayModel, stay_model
from forecast.stay.prior_draws import prior_draw
from forecast.stay.simulate import Simulated, simulate
from forecast.stay.terms import Structure, structure

__all__ = [
    "BrokenTruth",
    "DefinitionShift",
    "HeavierOverdispersion",
    "Simulated",
    "StayModel",
    "Structure",
    "TrendBreak",
    "prior_draw",
    "simulate",
    "stay_model",
    "structure",
]
