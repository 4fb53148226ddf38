"""Four published analyses: their data, and stay models of them built by hand from the terms.

A StayModel knows counts that are beta-binomial and rates that have a beta density. Each builder
says how the published model is one of these, or how near it is to one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from forecast.stay import StayModel, Structure
from forecast.stay.design import design_matrix, duration_basis
from forecast.stay.errors_of_rows import CountRows, ErrorModel, RateRows
from forecast.stay.terms import Constant, Dim, Effect, Scale, Term
from forecast.study.priors import (
    Beta,
    HalfCauchy,
    HalfNormal,
    LogNormal,
    Normal,
    Prior,
    RootInverseGamma,
)

REASON = "a prior of a published analysis"
DEFINITION = "published"
NO_EXCESS = 1e-7  # an overdispersion that a binomial row of a thousand people does not feel
STEP = 1e-4  # a point of the schools' scores as a rate: logits are linear in it to 1e-6
VAGUE = {"shape": 0.001, "rate": 0.001}  # of the precision, in the examples of BUGS
FLAT = 1000.0  # standard deviation of a constant in the examples of BUGS


@dataclass(frozen=True)
class Counts:
    """Events ``hits`` among ``of`` cases, row by row."""

    hits: tuple[int, ...]
    of: tuple[int, ...]


# Deaths after heart surgery on babies in 12 hospitals: BUGS examples, volume I, "Surgical".
# Checked against stan-dev/example-models, bugs_examples/vol1/surgical, and multibugs.org.
HOSPITALS = Counts(
    hits=(0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24),
    of=(47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360),
)

# Germinated seeds on 21 plates: Crowder (1978), table 3; BUGS examples, volume I, "Seeds".
# Checked against TuringLang/JuliaBUGS.jl, Volume_1/4_Seeds.jl, and multibugs.org.
PLATES = Counts(
    hits=(10, 23, 23, 26, 17, 5, 53, 55, 32, 46, 10, 8, 10, 8, 23, 0, 3, 22, 15, 32, 3),
    of=(39, 62, 81, 51, 39, 6, 74, 72, 51, 79, 13, 16, 30, 28, 45, 4, 12, 41, 30, 51, 7),
)
SEED_TYPE = (0,) * 11 + (1,) * 10
ROOT_EXTRACT = (0,) * 5 + (1,) * 6 + (0,) * 5 + (1,) * 5

# Coaching effects in eight schools: Rubin (1981); Gelman et al., BDA3, table 5.2.
# Checked against posteriordb, data eight_schools.
SCORES = (28, 8, -3, 7, -1, 1, 18, 12)
SCORE_ERRORS = (15, 10, 16, 11, 9, 11, 10, 18)

# Rats with a tumour in 70 historical experiments and the current one: Tarone (1982); BDA3, table
# 5.1. Checked against pymc-devs/pymc-resources, BDA3/data/rat_tumor_data.txt, and the lists of
# the rat tumour page of the Aesara documentation.
# fmt: off
RATS = Counts(
    hits=(
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 3, 2, 2, 2, 2, 2, 2, 2,
        2, 2, 1, 5, 2, 5, 2, 7, 7, 3, 3, 2, 9, 10, 4, 4, 4, 4, 4, 4, 4, 10, 4, 4, 4, 5, 11, 12,
        5, 5, 6, 5, 6, 6, 6, 6, 16, 15, 15, 9, 4,
    ),
    of=(
        20, 20, 20, 20, 20, 20, 20, 19, 19, 19, 19, 18, 18, 17, 20, 20, 20, 20, 19, 19, 18, 18, 27,
        25, 24, 23, 20, 20, 20, 20, 20, 20, 10, 49, 19, 46, 17, 49, 47, 20, 20, 13, 48, 50, 20, 20,
        20, 20, 20, 20, 20, 48, 19, 19, 19, 22, 46, 49, 20, 20, 23, 19, 22, 20, 20, 20, 52, 46, 47,
        24, 14,
    ),
)
# fmt: on
RAT_MEAN = 1.6  # sd of the normal on the logit scale that is nearest to a uniform probability
RAT_SHAPES = {"a": 0.5, "b": 0.5}


def hospitals() -> StayModel:
    """Return logit p_i = mu + b_i, b_i ~ Normal(0, sigma), deaths binomial.

    A binomial is our beta-binomial as its overdispersion goes to nothing; the prior holds it near
    ``NO_EXCESS``, where the log density of a row differs from the binomial's by n chi^2 / 2 times
    that: 4e-5 in the largest hospital.
    """
    hospital = Dim("hospital", "origin", tuple(range(len(HOSPITALS.of))))
    terms = (Constant("mu", (), _normal(FLAT)), Effect("b", (hospital,), "sigma"))
    scales = (Scale("sigma", _vague()),)
    return _model(terms, scales, _cells(np.arange(len(HOSPITALS.of))), binomial(HOSPITALS))


def seeds() -> StayModel:
    """Return the logits of 21 plates: the mean of their group (seed type, extract) and an effect.

    alpha0 + alpha1 x1 + alpha2 x2 + alpha12 x1 x2 with flat priors is one flat mean a group.
    """
    plate = Dim("plate", "origin", tuple(range(len(PLATES.of))))
    group = Dim("group", "field", (0, 1, 2, 3))
    terms = (Constant("mean", (group,), _normal(FLAT)), Effect("b", (plate,), "sigma"))
    cells = _cells(np.arange(len(PLATES.of)), groups())
    return _model(terms, (Scale("sigma", _vague()),), cells, binomial(PLATES))


def groups() -> np.ndarray:
    """Return the group of each plate: 2 x seed type + root extract."""
    return 2 * np.array(SEED_TYPE) + np.array(ROOT_EXTRACT)


def schools() -> StayModel:
    """Return theta_i ~ Normal(mu, tau), y_i ~ Normal(theta_i, se_i), mu ~ Normal(0, 5).

    tau ~ half-Cauchy(5). A score y is the rate 1/2 + h y with standard error h se, h = ``STEP``:
    the logit of 1/2 + h theta is 4 h theta but for (h theta)^3, and the beta density of a rate
    with so small an error is normal. So latents and tau are 4 h times those of the schools.
    """
    school = Dim("school", "origin", tuple(range(len(SCORES))))
    terms = (Constant("mu", (), _normal(20 * STEP)), Effect("b", (school,), "tau"))
    tau = HalfCauchy(dist="half_cauchy", scale=20 * STEP, reason=REASON)
    rows, none = np.arange(len(SCORES)), np.zeros(0)
    zero = np.zeros(len(SCORES))
    known = (STEP * np.array(SCORE_ERRORS)) ** 2
    rates = RateRows(rows, 0.5 + STEP * np.array(SCORES), zero, zero, np.zeros_like(rows), known)
    counts = CountRows(rows[:0], none, none, rows[:0], none)
    return _model(terms, (Scale("tau", tau),), _cells(rows), ErrorModel(counts, rates, ()))


def tumours() -> StayModel:
    """Return one mean and one overdispersion w = 1 / (alpha + beta + 1) of all experiments.

    BDA's prior (alpha + beta)^(-5/2) is uniform in m = alpha / (alpha + beta) and, with
    k = alpha + beta = 1 / w - 1, k^(-3/2) in k: w^(-1/2) (1 - w)^(-3/2) in w, a Beta(1/2, -1/2).
    The last shape is not proper; ours is Beta(1/2, 1/2), off by a factor 1 - w where w is near
    .06. Uniform m is a logistic logit; ours is Normal(0, 1.6), whose slope at m = .14 is .70
    where the logistic has .71.
    """
    cells = _cells(np.zeros(len(RATS.of), dtype=int))
    prior = Beta(dist="beta", **RAT_SHAPES, reason=REASON)
    return _model((Constant("mu", (), _normal(RAT_MEAN)),), (), cells, _counted(RATS, prior))


def binomial(data: Counts) -> ErrorModel:
    """Return rows that are binomial but for an overdispersion of ``NO_EXCESS``."""
    prior = LogNormal(dist="lognormal", median=NO_EXCESS, sigma=0.1, reason=REASON)
    return _counted(data, prior)


def _counted(data: Counts, overdispersion: Prior) -> ErrorModel:
    """Return count rows with one overdispersion and no rounding."""
    rows, none = np.arange(len(data.of)), np.zeros(0)
    hits, of = np.array(data.hits, dtype=float), np.array(data.of, dtype=float)
    counts = CountRows(rows, hits, of, np.zeros_like(rows), np.zeros(len(rows)))
    rates = RateRows(rows[:0], none, none, none, rows[:0], none)
    dim = Dim("definition_counted", "definition", (DEFINITION,))
    return ErrorModel(counts, rates, (Scale("overdispersion", overdispersion, dim),))


def _cells(origin: np.ndarray, field: np.ndarray | int = 0) -> pd.DataFrame:
    """Return one cell a row at the time of graduation."""
    labels = {"definition": DEFINITION, "origin": origin, "field": field}
    return pd.DataFrame(labels | {"cohort": 0, "years_since": 0.0})


def _model(
    terms: tuple[Term, ...], scales: tuple[Scale, ...], cells: pd.DataFrame, errors: ErrorModel
) -> StayModel:
    """Return the stay model whose row i sees cell i, without a duration curve."""
    step = HalfNormal(dist="half_normal", scale=1.0, reason=REASON)
    built = Structure(terms, (0.0,), step, scales, {DEFINITION: ()})
    return StayModel(
        structure=built,
        design=design_matrix(built, cells, ()),
        basis=duration_basis(built.knots, cells["years_since"].to_numpy()),
        operator=sparse.identity(len(cells), format="csr"),
        errors=errors,
    )


def _normal(scale: float) -> Normal:
    return Normal(dist="normal", loc=0.0, scale=scale, reason=REASON)


def _vague() -> RootInverseGamma:
    return RootInverseGamma(dist="root_inverse_gamma", **VAGUE, reason=REASON)
