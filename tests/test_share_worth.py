"""Worth of facts: closed forms, no bias, errors that are the size of the errors."""

import numpy as np
import pytest
from scipy import stats

from forecast.errors import RunError
from forecast.share.worth import narrowing

DRAWS = 4000
WIDTH = 2 * stats.norm.ppf(0.95)  # of the central 90 % of a standard normal


def normals(count: int, seed: int, draws: int = DRAWS) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, draws))


def chain(noise: np.ndarray, memory: float) -> np.ndarray:
    """Return an autoregressive chain (draw,) with variance one."""
    values = noise.copy()
    for place in range(1, len(noise)):
        values[place] = memory * values[place - 1] + np.sqrt(1 - memory**2) * noise[place]
    return values


def only(answer: np.ndarray, fact: np.ndarray):
    return narrowing(answer, {"fact": fact}).iloc[0]


@pytest.mark.parametrize("rho", [-0.95, -0.5, 0.2, 0.8])
def test_a_linear_normal_fact_is_worth_its_squared_correlation(rho):
    """eta^2 is rho^2, and the interval narrows by sqrt(1 - rho^2)."""
    fact, noise = normals(2, seed=1)
    row = only(rho * fact + np.sqrt(1 - rho**2) * noise, fact)
    assert abs(row["share"] - rho**2) < 4 * row["se"]
    assert row["se"] < 0.02
    np.testing.assert_allclose(row["width_now"], WIDTH, rtol=0.05)
    np.testing.assert_allclose(row["width_known"], WIDTH * np.sqrt(1 - rho**2), rtol=0.05)


def test_a_fact_that_works_in_both_directions_is_found():
    """A square has no correlation with x and is known if x is; with noise of its size, half."""
    fact, noise = normals(2, seed=2)
    known = only(fact**2, fact)
    assert known["share"] > 0.995
    assert known["width_known"] < 0.05 * known["width_now"]
    half = only(fact**2 + np.sqrt(2) * noise, fact)
    assert abs(half["share"] - 0.5) < 4 * half["se"]
    np.testing.assert_allclose(half["width_known"], np.sqrt(2) * WIDTH, rtol=0.05)


@pytest.mark.parametrize("spread", [lambda x: 1.0, np.abs, lambda x: np.exp(x / 2)])
def test_an_unrelated_fact_is_worth_nothing_on_average(spread):
    """Zero, neither above nor below: also where the fact moves the spread of the answer."""
    shares = []
    for seed in range(200):
        fact, noise = normals(2, seed, draws=800)
        shares.append(only(spread(fact) * noise, fact)["share"])
    error = np.std(shares) / np.sqrt(len(shares))
    assert abs(np.mean(shares)) < 4 * error
    assert error < 0.003


def test_a_fact_may_narrow_without_moving_the_mean():
    """At each x, x e has mean zero and an interval |x| as wide as that of e, on average .8."""
    fact, noise = normals(2, seed=3)
    row = only(fact * noise, fact)
    assert abs(row["share"]) < 4 * row["se"]
    np.testing.assert_allclose(row["width_known"], WIDTH * np.sqrt(2 / np.pi), rtol=0.05)
    assert row["width_known"] < 0.9 * row["width_now"]


def test_dependent_facts_share_their_worth():
    """A fact that only goes with the one that matters is worth r^2 of it; sorted by share."""
    fact, noise, own, unrelated = normals(4, seed=4)
    along = 0.7 * fact + np.sqrt(1 - 0.49) * own
    answer = 0.8 * fact + 0.6 * noise
    table = narrowing(answer, {"along": along, "unrelated": unrelated, "fact": fact})
    assert table.columns.tolist() == ["fact", "share", "se", "width_now", "width_known"]
    assert table["fact"].tolist() == ["fact", "along", "unrelated"]
    expected = np.array([0.64, 0.49 * 0.64, 0.0])
    assert (np.abs(table["share"] - expected) < 4 * table["se"]).all()
    np.testing.assert_allclose(table["width_known"], WIDTH * np.sqrt(1 - expected), rtol=0.05)
    assert table["width_now"].nunique() == 1


def test_only_the_ranks_of_a_fact_count():
    """A fact and its exponential say the same: the same row, to the bit."""
    fact, noise = normals(2, seed=5)
    one, other = only(fact + noise, fact), only(fact + noise, np.exp(3 * fact))
    assert one.tolist() == other.tolist()


def test_units_of_the_answer_do_not_change_the_share():
    """In other units the share is the same, and widths are in these units."""
    fact, noise = normals(2, seed=6)
    one, other = only(fact + noise, fact), only(1e4 - 100 * (fact + noise), fact)
    for column, factor in {"share": 1, "se": 1, "width_now": 100, "width_known": 100}.items():
        np.testing.assert_allclose(other[column], factor * one[column], rtol=1e-9)


def test_a_fact_of_two_values_splits_the_draws():
    """Yes or no, two means one apart and a spread of a half: eta^2 is .25 / (.25 + .25)."""
    fact, noise = normals(2, seed=7)
    row = only((fact > 0) + 0.5 * noise, (fact > 0).astype(float))
    assert abs(row["share"] - 0.5) < 4 * row["se"]
    np.testing.assert_allclose(row["width_known"], 0.5 * WIDTH, rtol=0.05)


def test_a_fact_that_is_known_already_is_worth_nothing():
    """A constant fact has a share of exactly zero and leaves the width as it is."""
    answer = normals(1, seed=8)[0]
    row = only(answer, np.full(DRAWS, 2.0))
    np.testing.assert_allclose(row["share"], 0, atol=1e-12)
    np.testing.assert_allclose(row["width_known"], row["width_now"], rtol=0.05)


def test_a_fact_that_one_draw_has_is_nearly_worth_nothing():
    """A value that a single draw has fits that draw exactly, and still explains next to nothing."""
    answer = normals(1, seed=9)[0]
    row = only(answer, np.arange(DRAWS) == 17)
    np.testing.assert_allclose(row["share"], 0, atol=0.01)


@pytest.mark.parametrize(("rho", "memory"), [(0.0, 0.0), (0.5, 0.0), (0.6, 0.8)])
def test_errors_are_the_size_of_the_errors(rho, memory):
    """Over repeated posteriors, the stated error is the spread of the share, also in chains."""
    shares, errors = [], []
    for seed in range(200):
        fact, noise = (chain(values, memory) for values in normals(2, seed, draws=1000))
        row = only(rho * fact + np.sqrt(1 - rho**2) * noise, fact)
        shares.append(row["share"])
        errors.append(row["se"])
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(errors))), np.std(shares), rtol=0.3)
    assert np.mean(np.abs(np.array(shares) - rho**2) < 2 * np.array(errors)) > 0.9


def test_no_facts_give_an_empty_table():
    """The columns are there, the rows are not."""
    table = narrowing(normals(1, seed=10)[0], {})
    assert table.columns.tolist() == ["fact", "share", "se", "width_now", "width_known"]
    assert table.empty


@pytest.mark.parametrize(
    ("answer", "fact", "said"),
    [
        (np.full(300, 0.25), np.arange(300.0), "an answer that varies; got 0.25 for each draw"),
        (np.arange(300.0), np.arange(299.0), r"got x of shape \(299,\). Take the same draws"),
        (np.arange(50.0), np.arange(50.0), "at least 200 draws; got 50. Take more"),
        (np.arange(300.0), np.full(300, np.nan), "got x with NaN or infinity. Leave it out"),
        (np.full(300, np.inf), np.arange(300.0), "got the answer with NaN or infinity"),
    ],
)
def test_what_cannot_be_told_is_refused(answer, fact, said):
    """One sentence: the rule, the value got, the way out."""
    with pytest.raises(RunError, match=said):
        narrowing(answer, {"x": fact})
