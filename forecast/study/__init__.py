"""A study: what is asked, of which evidence, with which priors. Read from TOML, frozen."""

from forecast.study.priors import Prior, describe, frozen
from forecast.study.reader import (
    load_study,
    models_folder,
    parse_study,
    study_hash,
    study_names,
)
from forecast.study.schema import Scenario, Study
from forecast.study.share import ShareSpec

__all__ = [
    "Prior",
    "Scenario",
    "ShareSpec",
    "Study",
    "describe",
    "frozen",
    "load_study",
    "models_folder",
    "parse_study",
    "study_hash",
    "study_names",
]
