"""Expressions over groups: their values, their probabilities, and what is refused."""

import operator
from functools import reduce

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecast.errors import RunError
from forecast.share import evaluate, probability, probability_of
from forecast.share.expression import DEEPEST, LONGEST, read_expression
from tests.share_projections import DIMS, projection_of

GROUPS = ["CHN", "IND", "OTH", "North East"]
YEARS = [2020, 2021, 2022]


def drawn(seed: int) -> xr.Dataset:
    """Shares of four groups that add to one: 2 chains, 10 draws, 2 scenarios, 3 years."""
    values = np.random.default_rng(seed).dirichlet(np.ones(4), (2, 10, 2, 3))
    return projection_of(values, GROUPS)


PROJECTION = drawn(7)
CHN, IND, OTH, EAST = (PROJECTION["share"].sel(group=g).values for g in GROUPS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CHN", CHN),
        ("CHN + IND", CHN + IND),
        ("CHN / (CHN + IND + OTH)", CHN / (CHN + IND + OTH)),
        ("1 - 'North East'", 1 - EAST),
        ("-CHN * 2", -CHN * 2),
        ("CHN - IND - OTH", (CHN - IND) - OTH),
        ("CHN - (IND - OTH)", CHN - (IND - OTH)),
        ("CHN + IND * OTH", CHN + (IND * OTH)),
        ("CHN < IND", CHN < IND),
        ("0.1 < CHN <= IND < 0.9", (CHN > 0.1) & (CHN <= IND) & (IND < 0.9)),
        ("CHN + IND <= OTH and CHN > 0.2", (CHN + IND <= OTH) & (CHN > 0.2)),
        ("CHN < .1 or IND < .1 and OTH < .1", (CHN < 0.1) | ((IND < 0.1) & (OTH < 0.1))),
        ("not CHN >= IND", ~(CHN >= IND)),
        ("1 < 2 and CHN < 0.5", CHN < 0.5),
        ("  (CHN\n + IND) ", CHN + IND),
    ],
)
def test_values_are_those_of_numpy(text, expected):
    """An expression is worked out draw by draw, in the order of arithmetic and logic."""
    found = evaluate(PROJECTION, text)
    assert found.dims == ("chain", "draw", "scenario", "year")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.values, expected)


def test_the_labels_stay():
    """The value has the scenarios and years of the projection, the text, and no group."""
    found = evaluate(PROJECTION, "CHN + IND")
    assert found["scenario"].values.tolist() == ["s0", "s1"]
    assert found["year"].values.tolist() == YEARS
    assert set(found.coords) == {"scenario", "year"}
    assert found.attrs == {"expression": "CHN + IND", "of": "share"}


def test_the_value_is_not_the_projection():
    """Writing into the value of a single group leaves the projection as it was."""
    projection = drawn(9)
    evaluate(projection, "CHN")[:] = 0
    xr.testing.assert_identical(projection, drawn(9))


def test_dims_may_stand_in_any_order():
    """A projection with its dims in another order has the same values."""
    turned = PROJECTION.transpose("group", "year", "draw", "scenario", "chain")
    xr.testing.assert_identical(evaluate(turned, "CHN / IND"), evaluate(PROJECTION, "CHN / IND"))


def test_stocks_on_request():
    """With of="stock" a name stands for the stock of its group."""
    both = PROJECTION.assign(stock=3 * PROJECTION["share"])
    np.testing.assert_allclose(evaluate(both, "CHN + IND", of="stock"), 3 * (CHN + IND), rtol=1e-12)
    sure = probability_of(both, "CHN + IND + OTH + 'North East' > 2", year=2020, scenario="s0")
    assert sure.value == 0
    stock = {"year": 2020, "scenario": "s0", "of": "stock"}
    assert probability_of(both, "CHN + IND + OTH + 'North East' > 2", **stock).value == 1


NUMBERS = st.floats(-2, 2, allow_nan=False).map(lambda x: (f"({x!r})", np.float64(x)))
NAMES = st.sampled_from([("CHN", CHN), ("IND", IND), ("OTH", OTH), ("'North East'", EAST)])
SIGNS = st.sampled_from([("+", operator.add), ("-", operator.sub), ("*", operator.mul)])
ORDER = st.sampled_from(
    [("<", operator.lt), ("<=", operator.le), (">", operator.gt), (">=", operator.ge)]
)
LOGIC = st.sampled_from([("and", operator.and_), ("or", operator.or_)])


def joined(left, sign, right):
    """Text and value of two pieces with an operator between them, in parentheses."""
    return f"({left[0]} {sign[0]} {right[0]})", sign[1](left[1], right[1])


def negated(piece):
    """Text and value of a piece with a minus before it."""
    return f"-{piece[0]}", -piece[1]


SUMS = st.recursive(
    NAMES | NUMBERS,
    lambda inner: st.builds(joined, inner, SIGNS, inner) | inner.map(negated),
    max_leaves=8,
)
COMPARISONS = st.builds(joined, SUMS, ORDER, st.builds(joined, NAMES, SIGNS, SUMS))
EVENTS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds(joined, inner, LOGIC, inner)
        | inner.map(lambda piece: (f"(not {piece[0]})", np.logical_not(piece[1])))
    ),
    max_leaves=3,
)


@settings(deadline=None)
@given(st.builds(joined, NAMES, SIGNS, SUMS) | EVENTS)
def test_any_expression_agrees_with_numpy(made):
    """Made-up arithmetic and logic give the same bits as the same operations on arrays."""
    text, expected = made
    if len(text) <= LONGEST:
        np.testing.assert_array_equal(evaluate(PROJECTION, text).values, expected)


def test_a_quotient_by_zero_is_nan():
    """What is divided by zero is NaN, below nothing and above nothing; `not` of that is true."""
    values = np.array([[0.0, 0.5, 0.5], [0.2, 0.0, 0.8]]).reshape(1, 2, 1, 1, 3)
    projection = projection_of(values, ["A", "B", "C"])
    found = evaluate(projection, "B / A").values.ravel()
    assert np.isnan(found[0])
    assert found[1] == 0
    assert np.isnan(evaluate(projection, "A / (A - A)")).all()
    for text, expected in [
        ("B / A < 1", [False, True]),
        ("B / A >= 1", [False, False]),
        ("not B / A < 1", [True, False]),
    ]:
        assert evaluate(projection, text).values.ravel().tolist() == expected


def test_very_large_numbers_warn_of_nothing():
    """Numbers beyond the floats become infinite or NaN, without a warning."""
    assert np.isinf(evaluate(PROJECTION, "(CHN + 1) * 1e308 * 1e308")).all()
    assert np.isnan(evaluate(PROJECTION, "0 * ((CHN + 1) * 1e308 * 1e308)")).all()


@pytest.mark.parametrize("time", [{"year": 2021}, {"by": 2021}])
def test_a_single_group_is_the_plain_probability(time):
    """P(CHN <= .25) is `probability` at most .25, its error too, in the year and by then."""
    bound = probability(PROJECTION, "CHN", at_most=0.25, **time, scenario="s1")
    assert probability_of(PROJECTION, "CHN <= 0.25", **time, scenario="s1") == bound


def test_probabilities_by_hand():
    """Two groups that cross: A is below B in one of four draws in 2021, in three by then."""
    paths = [[0.1, 0.3], [0.1, 0.3], [0.3, 0.1], [0.3, 0.3]]
    first = np.array(paths).reshape(1, 4, 1, 2, 1)
    values = np.concatenate([first, np.full_like(first, 0.2)], axis=-1)
    projection = projection_of(values, ["A", "B"])
    assert probability_of(projection, "A < B", year=2021, scenario="s0").value == 0.25
    assert probability_of(projection, "A < B", by=2021, scenario="s0").value == 0.75
    assert probability_of(projection, "A / (A + B) > 0.5", by=2020, scenario="s0").value == 0.5


@settings(deadline=None)
@given(EVENTS)
def test_by_then_grows_with_the_year(made):
    """By a later year an event is never less probable."""
    text = made[0]
    if len(text) <= LONGEST:
        by = [probability_of(PROJECTION, text, by=y, scenario="s0").value for y in YEARS]
        assert by == sorted(by)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("f(CHN)", "f(CHN)"),
        ("CHN < max(IND, OTH)", "max(IND, OTH)"),
        ("CHN.real", "CHN.real"),
        ("().__class__.__base__ < CHN", "().__class__.__base__"),
        ("CHN[0]", "CHN[0]"),
        ("CHN ** 2", "CHN ** 2"),
        ("CHN + 9 ** 9 ** 9", "9 ** 9 ** 9"),
        ("CHN // 2", "CHN // 2"),
        ("CHN % 2", "CHN % 2"),
        ("CHN @ IND", "CHN @ IND"),
        ("CHN == IND", "CHN == IND"),
        ("CHN != IND", "CHN != IND"),
        ("CHN in IND", "CHN in IND"),
        ("CHN is IND", "CHN is IND"),
        ("CHN < 1 & IND < 1", "1 & IND"),
        ("~CHN", "~CHN"),
        ("+CHN", "+CHN"),
        ("lambda: CHN", "lambda: CHN"),
        ("CHN if IND < 1 else OTH", "CHN if IND < 1 else OTH"),
        ("(x := CHN)", "x := CHN"),
        ("[CHN for CHN in IND]", "[CHN for CHN in IND]"),
        ("[CHN, IND]", "[CHN, IND]"),
        ("CHN, IND", "CHN, IND"),
        ("{CHN: IND}", "{CHN: IND}"),
        ("f'{CHN}'", "f'{CHN}'"),
        ("CHN + 2j", "2j"),
        ("CHN + True", "True"),
        ("CHN + None", "None"),
        ("CHN + ...", "..."),
        ("CHN + b'a'", "b'a'"),
        ("CHN + 1e999", "1e999"),
        ("CHN < 1" + 400 * "0", "1" + 39 * "0" + "..."),
    ],
)
def test_what_is_no_arithmetic_is_refused(text, named):
    """Calls, attributes, powers and all else outside the list are refused by name."""
    with pytest.raises(RunError, match=r"^an expression is made of groups, numbers") as refused:
        evaluate(PROJECTION, text)
    assert f"got {named!r}. Leave that out." in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("MARS < 0.5", "a name in an expression is a group; got 'MARS'. Choose from CHN, IND"),
        ("'North West' < 0.5", "a group; got 'North West'. Choose from CHN, IND, OTH, North East"),
        ("__import__ < 1", "is a group; got '__import__'"),
        ("North East < 0.5", "an expression reads like .*; got 'North East < 0.5'. Put names with"),
        ("", "an expression reads like .*; got ''"),
        ("CHN <", "reads like .*; got 'CHN <'"),
        ("CHN = 0.5", "reads like"),
        ("import os", "reads like"),
        ("CHN; IND", "reads like"),
        ("\x00", "reads like"),
        ("\ud800", "reads like"),
        ("0.5 < 1", "an expression names a group; got '0.5 < 1'"),
        ("(CHN < IND) + 1", r"< <= > >= join numbers; got 'CHN < IND' there"),
        ("-(CHN < IND)", r"join numbers; got 'CHN < IND' there"),
        ("(CHN < IND) < OTH", r"join numbers; got 'CHN < IND' there"),
        ("CHN and IND", "and, or, not join comparisons; got 'CHN' there"),
        ("not CHN", "and, or, not join comparisons; got 'CHN' there"),
        ("CHN < 1 or IND + OTH", r"join comparisons; got 'IND \+ OTH' there"),
    ],
)
def test_what_makes_no_sense_is_refused(text, said):
    """Unknown names, broken text and mixed kinds get one sentence that names the piece."""
    with pytest.raises(RunError, match=said):
        evaluate(PROJECTION, text)


def test_a_long_text_is_refused():
    """500 characters are read, 501 are not."""
    text = "CHN" + (LONGEST - 3) * " "
    np.testing.assert_array_equal(evaluate(PROJECTION, text).values, CHN)
    with pytest.raises(RunError, match="an expression has at most 500 characters; got 501"):
        evaluate(PROJECTION, text + " ")


@pytest.mark.parametrize(
    "text", ["-" * 150 + "A", "not " * 120 + "A<1", "A<" * 9 + "A+" * 200 + "A"]
)
def test_a_deep_text_is_refused(text):
    """A piece within a hundred others is refused, well before Python's own limit."""
    with pytest.raises(RunError, match="an expression is nested at most 100 deep"):
        read_expression(text, ["A"])


def test_a_sum_of_many_groups_is_read():
    """A hundred groups can be added, and a comparison of fifty with a number is no deep text."""
    names = [f"g{i:02}" for i in range(DEEPEST)]
    values = np.random.default_rng(8).random((1, 5, 1, 1, DEEPEST))
    projection = projection_of(values, names)
    text = "+".join(names)
    expected = reduce(operator.add, np.moveaxis(values, -1, 0))
    np.testing.assert_array_equal(evaluate(projection, text).values, expected)
    assert read_expression("+".join(names[:50]) + " < 0.5", names).is_event


@settings(deadline=None)
@given(st.text(max_size=LONGEST + 5))
@example("((((" * 125)
@example("[{(" * 166)
@example("lambda:" * 71)
@example("f'{" * 166)
@example("CHN if CHN else " * 30 + "CHN")
@example("CHN<" * 124 + "CHN")
@example("1if CHN else 2")
@example("'\\d' < CHN")
@example("1" * 500)
@example("# -*- coding: ascii -*-\nCHN")
def test_random_text_is_refused_in_words(text):
    """Whatever a text holds, it is a value or one sentence: no other error, no warning."""
    try:
        found = evaluate(PROJECTION, text)
    except RunError as error:
        assert "; got " in str(error)
    else:
        assert found.dims == DIMS[:-1]


PIECES = ["CHN", "IND", "'North East'", "1", "0", ".5", "1e308", "(", ")", "+", "-", "*", "/", "**"]
PIECES += ["<", "<=", ">", ">=", "==", "and", "or", "not", ".", "[", "]", ",", "=", ":=", "if", "x"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join))
def test_random_pieces_are_refused_in_words(text):
    """Any order of the pieces of expressions is a value or one sentence; no warning."""
    try:
        found = evaluate(PROJECTION, text)
    except RunError as error:
        assert "; got " in str(error)
    else:
        assert found.dims == DIMS[:-1]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"expression": "CHN + IND"}, r"a probability is that of a comparison; got 'CHN \+ IND'"),
        ({"expression": "CHN", "year": None}, "that of a comparison; got 'CHN'"),
        ({"scenario": "hope"}, "scenario is one of s0, s1; got 'hope'"),
        ({"year": 2050}, "year is one of 2020 to 2022; got 2050"),
        ({"by": 2021}, "exactly one of year and by is given; got both"),
        ({"year": None}, "exactly one of year and by is given; got neither"),
        ({"of": "stock"}, "of is one of share; got 'stock'"),
        ({"of": "entrants"}, "of is one of share; got 'entrants'"),
    ],
)
def test_a_question_without_an_answer_is_refused(asked, said):
    """A number has no probability; times, scenarios and quantities are those that are there."""
    question = {"expression": "CHN < IND", "year": 2021, "scenario": "s0"}
    with pytest.raises(RunError, match=said):
        probability_of(PROJECTION, **(question | asked))
