"""Made-up inputs of a report, for examples and tests: three origins, two fields, few draws."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from forecast.report.example_assessment import example_assessment
from forecast.report.inputs import ReportInputs
from forecast.share import Workforce, ask, share_model
from forecast.share.example import example_inputs as workforce_example
from forecast.share.example import example_spec
from forecast.study import Study
from forecast.study.priors import Normal
from forecast.study.schema import StayPriors

REASON = "made up for an example"
YEARS = range(2006, 2031)
TOP_LEVEL = ("sigma_origin", "sigma_field", "rho_origin", "overdispersion")
OUTPUT = {"dist": "lognormal", "median": 1.5, "sigma": 0.3, "reason": REASON}
LAST_RESIDENCE, LAST_OBSERVED = 2017, 2022
CLAIM = {
    "id": "C1",
    "quantity": "share",
    "group": "north",
    "year": 2028,
    "says": "at most",
    "value": 0.25,
}
SCENARIOS = {
    "baseline": {"label": "Baseline", "reason": "Nothing new happens."},
    "claimed": {
        "label": "The claimed path",
        "reason": "A path that was claimed.",
        "history": "refit",
        "levers": [{"lever": "stay_rate", "group": "north", "path": {2018: 0.85, 2024: 0.52}}],
    },
    "worse": {
        "label": "Worse in two ways",
        "reason": "Fewer come and more leave.",
        "levers": [
            {"lever": "inflow", "group": "north", "multiplier": 0.8, "start": 2024},
            {"lever": "exit_rate", "group": "foreign", "multiplier": 1.5},
        ],
    },
}


def example_study() -> Study:
    """Return a made-up study.

    Examples
    --------
    >>> example_study().report.main_fields
    ('alpha', 'both')
    """
    stay = {
        "reference": "resident",
        "reference_cohort": 2012,
        "duration_knots": [0, 1, 5],
        "definitions": {
            "resident": {"label": "resident, by survey"},
            "intention": {"label": "intends to stay", "along_cohort": "walk"},
        },
        "priors": _stay_priors(),
    }
    return Study.model_validate(
        {
            "name": "example",
            "title": "Who stays in the south?",
            "question": "Do graduates of the north stay?",
            "evidence": {
                "table": "observations",
                "sizes": "sizes",
                "origins": ["north", "east", "south"],
                "fields": ["alpha", "beta"],
                "groups": {"both": ["alpha", "beta"]},
                "cohorts": [YEARS.start, YEARS.stop - 1],
                "as_of": 2024,
            },
            "stay": stay,
            "report": {
                "years_since": [1, 5],
                "main_origins": ["north", "south"],
                "main_fields": ["alpha", "both"],
                "headline_year": 2021,
                "population": "made-up graduates",
                "labels": {"north": "North", "south": "South", "alpha": "Alpha", "both": "Both"},
            },
            "share": example_spec().model_dump()
            | {"basis": "a", "output": {"contribution": OUTPUT}},
            "scenarios": SCENARIOS,
            "claims": [CLAIM],
        }
    )


def example_inputs(seed: int = 1) -> ReportInputs:
    """Return made-up inputs of a report: all checks pass, nothing is missing.

    Examples
    --------
    >>> example_inputs().verdict
    'pass'
    """
    rng = np.random.default_rng(seed)
    rows = _observations(rng)
    return ReportInputs(
        study=example_study(),
        quick=False,
        seed=seed,
        engine="nuts",
        tree=_tree(rng, rows),
        top_level=TOP_LEVEL,
        observations=rows,
        left_out=pd.DataFrame({"rate": [0.5], "reason": ["its field is no label of this study"]}),
        curated_out=pd.DataFrame({"rate": [0.5, 0.6], "reason": ["older edition"] * 2}),
        stay_rates=_stay_rates(),
        workforce=example_workforce(),
        checks=pd.DataFrame(
            [("R-hat", "pass", 1.002, 1.01, ""), ("divergences", "pass", 0, 0, "")],
            columns=["check", "verdict", "value", "limit", "advice"],
        ),
        verdict="pass",
        provenance={"package": "stayrate 0.1.0", "study hash": "0f1e"},
        timings={"sampling": 12.5, "report": 3.0},
        claims=pd.DataFrame(
            [("C1", "They left.", "52 %", "no source found", "", "", "https://example.org/a")],
            columns=["claim_id", "claim", "claimed", "verdict", "found", "source", "url"],
        ),
        assessment=example_assessment(seed),
    )


def without_share(inputs: ReportInputs) -> ReportInputs:
    """Return inputs of a study without a workforce.

    Examples
    --------
    >>> without_share(example_inputs()).workforce is None
    True
    """
    study = inputs.study.model_copy(update={"share": None, "scenarios": {}, "claims": ()})
    return replace(inputs, study=study, workforce=None, claims=None)


def _stay_priors() -> dict[str, object]:
    """Return a prior for each key that a study file has."""
    normal = {"dist": "normal", "loc": 0.0, "scale": 1.0, "reason": REASON}
    scale = {"dist": "half_normal", "scale": 0.5, "reason": REASON}
    keys = StayPriors.model_fields.items()
    return {name: normal if key.annotation is Normal else scale for name, key in keys}


def _observations(rng: np.random.Generator) -> pd.DataFrame:
    cases = [
        (definition, origin, field, cohort, years)
        for definition, years, step in (("resident", 5.0, 3), ("intention", 0.0, 1))
        for origin in ("north", "south")
        for field in ("alpha", "both")
        for cohort in range(2008, 2016 if definition == "resident" else LAST_OBSERVED, step)
    ]
    columns = ["definition", "origin", "field", "cohort_start", "years_since"]
    table = pd.DataFrame(cases, columns=columns)
    rate = np.clip(0.75 + 0.05 * rng.standard_normal(len(table)), 0, 1)
    fitted = {"fitted_median": rate, "fitted_lower": rate - 0.05, "fitted_upper": rate + 0.05}
    return table.assign(
        cohort_end=table["cohort_start"] + 2 * table["definition"].eq("resident"),
        source=np.where(table["definition"].eq("resident"), "SURVEY", "CENSUS"),
        observed_year=np.nan,
        rate=rate,
        n=500.0,
        n_kind=np.where(table["definition"].eq("resident"), "survey", "census"),
        published=2023,
        derived=False,
        **fitted,
        prob=0.9,
        kind="eti",
    )


def _tree(rng: np.random.Generator, rows: pd.DataFrame) -> xr.DataTree:
    chains, draws, n = 2, 100, len(rows)
    sample = {"chain": np.arange(chains), "draw": np.arange(draws)}
    by_draw = ("chain", "draw")

    def dataset(arrays: dict[str, np.ndarray], last: str = "row") -> xr.Dataset:
        labels = {**sample, "row": np.arange(n)} if last == "row" else sample
        dims = {name: (*by_draw, last)[: a.ndim] for name, a in arrays.items()}
        used = {k: v for k, v in labels.items() if any(k in one for one in dims.values())}
        return xr.Dataset({k: (dims[k], a) for k, a in arrays.items()}, used)

    scalars = {name: np.abs(rng.standard_normal((chains, draws))) for name in TOP_LEVEL[:3]}
    several = 0.01 * np.abs(rng.standard_normal((chains, draws, 2)))
    posterior = dataset({**scalars, "overdispersion": several}, "definition_counted")
    observed = rows["rate"].to_numpy()
    predicted = observed + 0.04 * rng.standard_normal((chains, draws, n))
    groups = {
        "posterior": posterior.assign_coords(definition_counted=["intention", "commitment"]),
        "sample_stats": dataset(
            {
                "diverging": np.zeros((chains, draws), bool),
                "energy": rng.standard_normal((chains, draws)),
            }
        ),
        "posterior_predictive": dataset({"rate": predicted}),
        "log_likelihood": dataset({"rate": -(rng.standard_normal((chains, draws, n)) ** 2)}),
        "observed_data": xr.Dataset({"rate": ("row", observed)}, {"row": np.arange(n)}),
    }
    return xr.DataTree.from_dict(groups)


def _stay_rates() -> pd.DataFrame:
    table = pd.DataFrame(
        [
            (origin, field, cohort, years)
            for origin in ("north", "south")
            for field in ("alpha", "both")
            for cohort in YEARS
            for years in (1, 5)
        ],
        columns=["origin", "field", "cohort", "years_since"],
    )
    late = table["cohort"]
    basis = np.select(
        [late.le(LAST_RESIDENCE), late.le(LAST_OBSERVED)], ["residence", "intentions"], "forecast"
    )
    median = 0.7 + 0.1 * table["origin"].eq("north") + 0.05 * np.sin((late - 2006) / 5)
    width = 0.02 + 0.01 * (late - LAST_RESIDENCE).clip(0)
    return table.assign(
        median=median, lower=median - width, upper=median + width, prob=0.9, kind="eti", basis=basis
    )


@cache
def example_workforce() -> Workforce:
    """Return every answer about the made-up workforce, with probabilities that tests can name.

    The tables are shared: replace them, do not change them.

    Examples
    --------
    >>> example_workforce().solved["lever"].tolist()
    ['stay_rate', 'exit_rate', 'inflow']
    """
    study = example_study()
    assert study.share is not None  # as made above
    inputs = replace(workforce_example(chains=2, draws=150), spec=study.share)
    answers = ask(share_model(inputs, seed=1, steps=12), study, {})
    chances = answers.probabilities.assign(probability=[0.012, 0.31, 0.4], mcse=[0.002, 0.01, 0.01])
    others = answers.alternatives.assign(probability=[0.012, 0.0], mcse=[0.002, 0.003])
    return replace(answers, probabilities=chances, alternatives=others)
