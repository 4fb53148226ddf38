"""A study: what is asked, of which evidence, with which priors. Read from TOML, frozen."""

from forecast.study.claims import Claim
from forecast.study.output import OutputSpec
from forecast.study.priors import Prior, describe, frozen
from forecast.study.reader import (
    load_study,
    models_folder,
    parse_study,
    study_hash,
    study_names,
)
from forecast.study.scenario import EVERYBODY, FOREIGN, Lever, Scenario, combined
from forecast.study.schema import Study
from forecast.study.share import ShareSpec

__all__ = [
    "EVERYBODY",
    "FOREIGN",
    "Claim",
    "Lever",
    "OutputSpec",
    "Prior",
    "Scenario",
    "ShareSpec",
    "Study",
    "combined",
    "describe",
    "frozen",
    "load_study",
    "models_folder",
    "parse_study",
    "study_hash",
    "study_names",
]
