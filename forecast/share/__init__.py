"""The share model: stocks and flows of a workforce, scenarios, and answers about shares."""

from forecast.share.alternatives import alternatives, models_under, with_alternative
from forecast.share.answers import (
    first_passage,
    probabilities,
    probability,
    summarise,
)
from forecast.share.attribute_change import attribute_change
from forecast.share.attribute_uncertainty import attribute_uncertainty
from forecast.share.calibrate import STEPS, Calibration, calibrate
from forecast.share.claims import ClaimDraws, claim_verdicts
from forecast.share.contour import contour
from forecast.share.contributions import contributions
from forecast.share.differences import Comparison, compare, differences
from forecast.share.evaluate import evaluate, probability_of
from forecast.share.events import Probability
from forecast.share.facts import worth_of_facts
from forecast.share.inputs import WorkforceInputs, workforce_inputs
from forecast.share.model import ShareModel, share_model
from forecast.share.of_fit import inputs_of, project_fit, share_model_of
from forecast.share.output import output, output_table, without_levers
from forecast.share.project import learned, project, projected
from forecast.share.questions import Workforce, ask
from forecast.share.ranges import ranges
from forecast.share.share_change import ShareChange, output_of_share_change
from forecast.share.solve import Solution, solve
from forecast.share.solve import summary as solve_summary

__all__ = [
    "STEPS",
    "Calibration",
    "ClaimDraws",
    "Comparison",
    "Probability",
    "ShareChange",
    "ShareModel",
    "Solution",
    "Workforce",
    "WorkforceInputs",
    "alternatives",
    "ask",
    "attribute_change",
    "attribute_uncertainty",
    "calibrate",
    "claim_verdicts",
    "compare",
    "contour",
    "contributions",
    "differences",
    "evaluate",
    "first_passage",
    "inputs_of",
    "learned",
    "models_under",
    "output",
    "output_of_share_change",
    "output_table",
    "probabilities",
    "probability",
    "probability_of",
    "project",
    "project_fit",
    "projected",
    "ranges",
    "share_model",
    "share_model_of",
    "solve",
    "solve_summary",
    "summarise",
    "with_alternative",
    "without_levers",
    "workforce_inputs",
    "worth_of_facts",
]
