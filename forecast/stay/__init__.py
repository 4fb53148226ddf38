"""The stay model: its terms, and the readers that give them a meaning."""

from forecast.stay.model import StayModel, stay_model
from forecast.stay.terms import Structure, structure

__all__ = ["StayModel", "Structure", "stay_model", "structure"]
