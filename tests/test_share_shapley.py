"""Shapley values: hand values, the axioms, and the mean over all orders."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import RunError
from forecast.share.shapley import shapley, subsets

PLAYERS = ("a", "b", "c", "d")
ALL = frozenset(PLAYERS)
NUMBERS = st.floats(-1e3, 1e3)


def game_of(function, players):
    return {one: function(one) for one in subsets(players)}


@st.composite
def games(draw, size=2):
    """A value of each coalition of four players, an array of ``size`` numbers."""
    values = st.lists(NUMBERS, min_size=size, max_size=size).map(np.array)
    return {one: draw(values) for one in subsets(PLAYERS)}


def test_coalitions_come_in_a_fixed_order():
    """By size, then in the order of the players; the empty one first, all last."""
    named = ["".join(player for player in "xyz" if player in one) for one in subsets("xyz")]
    assert named == ["", "x", "y", "z", "xy", "xz", "yz", "xyz"]


def test_an_airport_is_paid_as_by_hand():
    """Runways of 6, 12 and 42: all pay a third of 6, two half of the next 6, one the last 30.

    Littlechild & Owen (1973), A simple expression for the Shapley value in a special case, doi
    10.1287/mnsc.20.3.370.
    """
    cost = {"small": 6.0, "middle": 12.0, "large": 42.0}
    game = game_of(lambda one: max([cost[player] for player in one], default=0.0), list(cost))
    paid = shapley(game, list(cost))
    expected = {"small": 2.0, "middle": 2.0 + 3.0, "large": 2.0 + 3.0 + 30.0}
    assert paid == pytest.approx(expected, rel=1e-12)


def test_gloves_are_worth_what_is_scarce():
    """One left glove and two right ones: 2/3 for the left, 1/6 for each right."""
    game = game_of(lambda one: float("left" in one and len(one) > 1), ["left", "one", "two"])
    expected = {"left": 2 / 3, "one": 1 / 6, "two": 1 / 6}
    assert shapley(game, ["left", "one", "two"]) == pytest.approx(expected, rel=1e-12)


def test_two_factors_are_kitagawas_decomposition():
    """A difference of two rates: the change of each factor at the mean of the other.

    From people (.5, .5) with rates (.1, .3) to (.8, .2) with (.2, .4): people bring
    .3 x .15 - .3 x .35 = -.06, rates .1 x .65 + .1 x .35 = .1, in sum .24 - .2.
    """
    people, rates = np.array([[0.5, 0.5], [0.8, 0.2]]), np.array([[0.1, 0.3], [0.2, 0.4]])
    game = game_of(
        lambda one: people[int("people" in one)] @ rates[int("rates" in one)], ["people", "rates"]
    )
    parts = shapley(game, ["people", "rates"])
    assert parts == pytest.approx({"people": -0.06, "rates": 0.1}, rel=1e-12)


@given(games())
def test_each_player_has_the_mean_over_all_orders(game):
    """The definition: what a player adds when it comes in, averaged over the 24 orders."""
    mean = {player: np.zeros(2) for player in PLAYERS}
    for order in permutations(PLAYERS):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            mean[player] += (game[before | {player}] - game[before]) / factorial(4)
    parts = shapley(game, PLAYERS)
    for player in PLAYERS:
        np.testing.assert_allclose(parts[player], mean[player], rtol=0, atol=1e-9)


@given(games())
def test_the_parts_are_the_whole(game):
    """Efficiency: they add up to the value of all less that of none."""
    whole = game[ALL] - game[frozenset()]
    np.testing.assert_allclose(sum(shapley(game, PLAYERS).values()), whole, rtol=0, atol=1e-9)


@given(games())
def test_players_that_do_the_same_have_the_same(game):
    """Symmetry: if a and b can stand for each other in each coalition, they share alike."""
    swap = {"a": "b", "b": "a", "c": "c", "d": "d"}
    both = {one: (game[one] + game[frozenset(swap[p] for p in one)]) / 2 for one in game}
    parts = shapley(both, PLAYERS)
    np.testing.assert_allclose(parts["a"], parts["b"], rtol=0, atol=1e-9)


@given(games())
def test_who_changes_nothing_has_nothing(game):
    """The null player: zero exactly, whatever the others do."""
    without = {one: game[one - {"d"}] for one in game}
    np.testing.assert_array_equal(shapley(without, PLAYERS)["d"], np.zeros(2))


@given(games(), games(), NUMBERS)
def test_values_of_a_sum_are_sums(one, other, times):
    """Additivity: the values of a sum of games are the sums of their values."""
    both = {key: one[key] + times * other[key] for key in one}
    parts, first, second = (shapley(game, PLAYERS) for game in (both, one, other))
    for player in PLAYERS:
        expected = first[player] + times * second[player]
        np.testing.assert_allclose(parts[player], expected, rtol=1e-9, atol=1e-6)


@given(games(), st.permutations(PLAYERS))
def test_the_order_of_the_players_is_no_matter(game, order):
    """Another order of the names gives the same values, in that order."""
    parts, again = shapley(game, PLAYERS), shapley(game, order)
    assert list(again) == list(order)
    for player in PLAYERS:
        np.testing.assert_allclose(parts[player], again[player], rtol=0, atol=1e-9)


def test_values_keep_their_shape():
    """One value a draw and year comes back for each draw and year, each as if it were alone."""
    rng = np.random.default_rng(3)
    game = {one: rng.standard_normal((5, 3)) for one in subsets("ab")}
    parts = shapley(game, "ab")
    alone = shapley({one: values[4, 2] for one, values in game.items()}, "ab")
    assert parts["a"].shape == (5, 3)
    np.testing.assert_allclose(parts["a"][4, 2], alone["a"], rtol=1e-12)


def test_ten_players_are_exact():
    """The most that is allowed: a sum over players gives each its own."""
    players = [f"p{i}" for i in range(10)]
    game = game_of(lambda one: float(sum(players.index(player) for player in one)), players)
    assert shapley(game, players) == pytest.approx(
        {player: float(i) for i, player in enumerate(players)}, rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize(
    ("players", "said"),
    [
        ([f"p{i}" for i in range(11)], "exact for at most 10 players; got 11. Join some"),
        (["a", "b", "a"], "players have different names; got a, b, a. Name each once"),
    ],
)
def test_players_are_few_and_different(players, said):
    """More than ten players, or one twice, are refused before anything is computed."""
    with pytest.raises(RunError, match=said):
        subsets(players)
    with pytest.raises(RunError, match=said):
        shapley({}, players)


def test_a_coalition_without_a_value_is_named():
    """A missing coalition is named, not guessed."""
    game = game_of(len, "ab") | {}
    del game[frozenset("ab")]
    with pytest.raises(RunError, match=r"got none for \{a, b\}"):
        shapley(game, "ab")


def test_values_have_one_shape():
    """A coalition with an array of another shape is named; nothing is broadcast."""
    game = game_of(lambda one: np.zeros(3), "ab") | {frozenset("b"): np.zeros(1)}
    with pytest.raises(RunError, match=r"got \(1,\) for \{b\} and \(3,\) for \{\}"):
        shapley(game, "ab")
