"""Research output relative to a reference, and what a fall of a share costs."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from forecast.datasets import load_dataset
from forecast.errors import RunError
from forecast.share.example import example_inputs, example_spec
from forecast.share.model import BASELINE, share_model
from forecast.share.output import contribution_draws, output, output_table, without_levers
from forecast.share.project import projected
from forecast.share.share_change import ShareChange, output_of_share_change
from forecast.study import Lever, OutputSpec, Scenario, frozen, load_study

DIMS = ("chain", "draw", "scenario", "year", "group")
GROUPS = ["north", "rest", "home"]  # those of the example; home is domestic
START, LATER = 2019, 2028
PRIOR = {"dist": "lognormal", "median": 1.6, "sigma": 0.35, "reason": "made up for a test"}

parts = st.floats(0.0, 1.0)


def spec_with(**prior: object):
    """The part of the example study, with a prior of the contribution."""
    own = OutputSpec.model_validate({"contribution": {**PRIOR, **prior}})
    return example_spec().model_copy(update={"output": own})


def stocks_of(*scenarios, draws: int = 200, start=(0.3, 0.3, 0.4)) -> xr.Dataset:
    """A projection of scenarios s0, s1, ... with one stock at the start and one each later."""
    values = np.array([[start, later] for later in scenarios], dtype=float)
    labels = {"scenario": [f"s{i}" for i in range(len(scenarios))], "year": [START, LATER]}
    drawn = np.broadcast_to(values, (2, draws, *values.shape))
    return xr.Dataset({"stock": xr.DataArray(drawn, labels | {"group": GROUPS}, DIMS)})


@pytest.fixture(scope="module")
def model():
    return share_model(example_inputs(2, 60), seed=1, steps=24)


def lever(multiplier: float, **more: object) -> Scenario:
    """A scenario in which the stay rate of the north is multiplied."""
    one = Lever(lever="stay_rate", group="north", multiplier=multiplier)
    return Scenario(label="Lever", reason="made up", levers=(one,), **more)


def test_output_by_hand():
    """With .1 of .6 foreign heads lost: .9 of the heads, (.4 + .5 w) / (.4 + .6 w) of output."""
    found = output(stocks_of((0.3, 0.3, 0.4), (0.2, 0.3, 0.4)), spec_with(), 1, against="s0")
    lost = found.sel(scenario="s1", year=LATER)
    np.testing.assert_allclose(lost["heads"], 0.9, rtol=1e-12)
    w = found["contribution"]
    np.testing.assert_allclose(lost["output"], (0.4 + 0.5 * w) / (0.4 + 0.6 * w), rtol=1e-12)
    assert found["output"].dims == DIMS[:-1]


def test_the_reference_has_all_of_its_output():
    """Against itself a scenario keeps heads and output whole in each draw."""
    found = output(stocks_of((0.3, 0.5, 0.1), (0.2, 0.3, 0.4)), spec_with(), 1, against="s1")
    np.testing.assert_allclose(found["heads"].sel(scenario="s1"), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found["output"].sel(scenario="s1"), 1.0, rtol=1e-12)


def test_domestic_people_count_by_head():
    """Where all researchers are domestic, output is heads, whatever foreign ones contribute."""
    projection = stocks_of((0, 0, 1.0), (0, 0, 0.7), start=(0, 0, 1.0))
    found = output(projection, spec_with(), 1, against="s0")
    np.testing.assert_allclose(found["heads"].sel(scenario="s1", year=LATER), 0.7, rtol=1e-12)
    np.testing.assert_allclose(found["output"], found["heads"], rtol=1e-12)


def test_equal_contributions_give_heads():
    """If a foreign researcher contributes as much as a domestic one, output is heads."""
    projection = stocks_of((0.3, 0.3, 0.4), (0.1, 0.5, 0.3), (0.0, 0.2, 0.9))
    found = output(projection, spec_with(median=1.0, sigma=1e-9), 1, against="s0")
    np.testing.assert_allclose(found["output"], found["heads"], rtol=1e-7)


@given(st.lists(parts, min_size=2, max_size=2, unique=True))
def test_more_foreign_people_make_more_output(north):
    """In each draw output grows with the heads of a foreign group."""
    fewer, more = sorted(north)
    found = output(stocks_of((fewer, 0.3, 0.4), (more, 0.3, 0.4), draws=20), spec_with(), 1, "s0")
    gain = found["output"].sel(year=LATER).diff("scenario")
    assert bool((gain >= 0).all())


def test_scenarios_share_the_contribution():
    """Two scenarios with the same stocks have the same output in each draw, also alone."""
    first, second = (0.3, 0.3, 0.4), (0.1, 0.3, 0.5)
    found = output(stocks_of(first, second, second), spec_with(), 1, against="s0")["output"]
    np.testing.assert_array_equal(found.sel(scenario="s1"), found.sel(scenario="s2"))
    alone = output(stocks_of(first, second), spec_with(), 1, against="s0")["output"]
    np.testing.assert_array_equal(found.sel(scenario="s1"), alone.sel(scenario="s1"))


def test_same_seed_same_bytes():
    """The seed fixes all draws, and another seed gives others."""
    projection = stocks_of((0.3, 0.3, 0.4), (0.2, 0.3, 0.4))
    first, again, other = (output(projection, spec_with(), seed, "s0") for seed in (1, 1, 2))
    assert first["output"].values.tobytes() == again["output"].values.tobytes()
    assert first["output"].values.tobytes() != other["output"].values.tobytes()


def test_the_contribution_follows_its_prior():
    """Draws of the contribution are those of the prior in the study."""
    drawn = contribution_draws(spec_with(), (4, 1000), seed=3).ravel()
    assert stats.kstest(drawn, stats.lognorm(s=0.35, scale=1.6).cdf).pvalue > 0.001


def test_a_study_without_output_is_told():
    """Without [share.output] nobody knows what heads are worth."""
    with pytest.raises(RunError, match=r"needs \[share.output\]; got a study without"):
        output(stocks_of((0.3, 0.3, 0.4)), example_spec(), 1, against="s0")


def test_a_contribution_is_positive():
    """A prior with negative values is refused when the study is read."""
    with pytest.raises(ValidationError, match=r"positive numbers; got Normal\(1, 1\)"):
        OutputSpec.model_validate(
            {
                "contribution": {
                    "dist": "normal",
                    "loc": 1,
                    "scale": 1,
                    "reason": "made up for a test",
                }
            }
        )


def test_the_main_study_rests_on_published_effects():
    """The prior's median is the published output of immigrant inventors relative to natives; its
    middle 95 % hold one for one, and the ratio with spillovers.
    """
    table = load_dataset("elasticities").set_index("quantity")["value"]
    heads, made, with_spillovers = (
        float(table[table.index.str.contains(words)].iloc[0])
        for words in ("share of US inventors", "share of US innovation", "incl. spillovers")
    )
    native = 1 - heads
    ratio = (made / heads) / ((1 - made) / native)
    most = (with_spillovers / heads) / ((1 - with_spillovers) / native)
    np.testing.assert_allclose([ratio, most], [1.568, 2.953], rtol=1e-3)
    prior = frozen(load_study("china_ai_2030").share.output.contribution)
    np.testing.assert_allclose(prior.median(), ratio, rtol=0.03)
    lower, upper = prior.interval(0.95)
    assert lower < 1 < most < upper


def test_other_parameters_are_refused():
    """A scenario that starts from other stocks has parameters of its own: draws do not pair."""
    projection = stocks_of((0.3, 0.3, 0.4), (0.2, 0.3, 0.4))
    moved = projection["stock"].copy(deep=True)
    moved.loc[{"scenario": "s1", "year": START}] *= 1.01
    with pytest.raises(RunError, match=r"got s1 with parameters of its own\. Pass against="):
        output(xr.Dataset({"stock": moved}), spec_with(), 1, against="s0")


def test_a_reference_has_the_same_labels():
    """Stocks of a reference that lack a year of the projection are refused."""
    projection = stocks_of((0.3, 0.3, 0.4))
    with pytest.raises(RunError, match="have the labels of the projection"):
        output(projection, spec_with(), 1, projection["stock"].sel(year=[START]))


def test_kept_history_is_set_against_the_baseline(model):
    """A scenario that keeps history has without its levers the stocks of the baseline."""
    scenarios = {"baseline": BASELINE, "fewer": lever(0.5)}
    projection, plain = projected(model, scenarios), without_levers(model, scenarios)
    baseline = projection["stock"].sel(scenario="baseline")
    np.testing.assert_array_equal(plain.sel(scenario="fewer"), baseline)
    by_name, by_stocks = (output(projection, spec_with(), 1, ref) for ref in ("baseline", plain))
    np.testing.assert_array_equal(by_name["output"], by_stocks["output"])
    assert bool((by_name["output"].sel(scenario="fewer", year=LATER) < 1).all())


def test_refitted_history_is_set_against_its_own_parameters(model):
    """A refit pairs with itself without levers: in each draw fewer who stay are fewer heads."""
    scenarios = {"baseline": BASELINE, "fewer": lever(0.7, history="refit")}
    projection, spec = projected(model, scenarios), spec_with()
    with pytest.raises(RunError, match="got fewer with parameters of its own"):
        output(projection, spec, 1)
    found = output(projection, spec, 1, without_levers(model, scenarios))
    lost = found.sel(scenario="fewer")
    assert bool((lost["heads"].sel(year=LATER) < 1).all())
    np.testing.assert_allclose(lost["heads"].sel(year=START), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found["output"].sel(scenario="baseline"), 1.0, rtol=1e-12)


@pytest.mark.parametrize("replaced", [0.0, 1.0])
def test_a_lever_that_moves_nothing_costs_nothing(model, replaced):
    """A refit whose lever multiplies by one has all of its heads without it."""
    scenarios = {"same": lever(1.0, history="refit", replaced=replaced)}
    plain = without_levers(model, scenarios)
    np.testing.assert_allclose(plain, projected(model, scenarios)["stock"], rtol=1e-12)


def test_a_refit_counts_those_who_take_the_places(model):
    """After the first year of flows all heads are there if others replace the lost, else fewer."""
    scenarios = {f"r{part:g}": lever(0.7, history="refit", replaced=part) for part in (0.0, 1.0)}
    plain = without_levers(model, scenarios)
    heads = output(projected(model, scenarios), spec_with(), 1, plain)["heads"].sel(year=START + 1)
    assert bool((heads.sel(scenario="r0") < 1).all())
    np.testing.assert_allclose(heads.sel(scenario="r1"), 1.0, rtol=1e-12)


def test_the_table_has_medians_and_tails():
    """Rows by scenario and year; the interval is equal-tailed, here by the quantiles of w."""
    found = output(stocks_of((0.3, 0.3, 0.4), (0.2, 0.3, 0.4)), spec_with(), 1, "s0")
    table = output_table(found, prob=0.8)
    assert table[["scenario", "year"]].values.tolist() == [
        ["s0", START],
        ["s0", LATER],
        ["s1", START],
        ["s1", LATER],
    ]
    last, w = table.iloc[-1], found["contribution"].values
    np.testing.assert_allclose([last.heads_lower, last.heads_upper], 0.9, rtol=1e-12)
    expected = np.quantile((0.4 + 0.5 * w) / (0.4 + 0.6 * w), [0.5, 0.1, 0.9])
    got = [last.output_median, last.output_lower, last.output_upper]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert (last.prob, last.kind) == (0.8, "eti")


def test_the_claimed_fall_costs_a_fifth_of_the_heads():
    """From 40 % to 25 % with nobody in their place: 1 - (1 - .40) / (1 - .25) = 20 % of heads."""
    change = ShareChange(0.40, 0.25, domestic=0.37)
    np.testing.assert_allclose(change.lost_heads, 0.20, rtol=1e-12)
    np.testing.assert_allclose(change.lost_heads, 1 - (1 - 0.40) / (1 - 0.25), rtol=1e-12)


def test_a_fall_by_hand():
    """All others domestic, a foreigner worth two: .2 leave and .4 of 1.4 is lost; if all are
    replaced .15 leave, no head is lost, and .15 of 1.4 is.
    """
    two = np.array([2.0])
    alone = ShareChange(0.40, 0.25, domestic=0.60)
    np.testing.assert_allclose(alone.lost_output(two), 0.4 / 1.4, rtol=1e-12)
    filled = ShareChange(0.40, 0.25, domestic=0.60, replaced=1.0)
    np.testing.assert_allclose(filled.leavers, 0.15, rtol=1e-12)
    assert filled.lost_heads == 0
    np.testing.assert_allclose(filled.lost_output(two), 0.15 / 1.4, rtol=1e-12)


@st.composite
def falls(draw) -> ShareChange:
    before = draw(st.floats(0.01, 0.99))
    after, domestic = before * draw(parts), (1 - before) * draw(parts)
    return ShareChange(before, after, domestic, draw(parts))


@given(falls())
def test_the_share_ends_where_it_is_said(change):
    """Who leaves and who comes in their place make the share that the change ends with."""
    left = change.before - change.leavers
    np.testing.assert_allclose(left / (1 - change.lost_heads), change.after, rtol=1e-9, atol=1e-12)


@given(falls(), st.floats(0.2, 5.0))
def test_output_is_heads_where_all_contribute_alike(change, w):
    """One for one, output lost is heads lost; so it is for any w if there is nobody domestic."""
    one, other = np.array([1.0]), np.array([w])
    np.testing.assert_allclose(change.lost_output(one), change.lost_heads, rtol=1e-9, atol=1e-12)
    abroad = ShareChange(change.before, change.after, 0.0, change.replaced)
    np.testing.assert_allclose(abroad.lost_output(other), abroad.lost_heads, rtol=1e-9, atol=1e-12)


@given(falls())
def test_the_loss_grows_with_the_contribution(change):
    """The more a foreign researcher contributes, the more a fall of their share costs."""
    lost = change.lost_output(np.linspace(0.1, 5, 40))
    assert (np.diff(lost) >= -1e-12).all()


def test_the_probability_of_the_claimed_loss_is_exact():
    """.15 <= .2 w / (.37 + .63 w) <= .20 for .0555 / .1055 <= w <= 1: the prior's mass there."""
    table = output_of_share_change(
        spec_with(), ShareChange(0.40, 0.25, domestic=0.37), replaced=(0.0, 1.0), draws=20_000
    )
    prior = stats.lognorm(s=0.35, scale=1.6)
    exact = prior.cdf(1) - prior.cdf(0.0555 / 0.1055)
    alone, filled = table.iloc[0], table.iloc[1]
    np.testing.assert_allclose(alone.probability, exact, atol=4 * alone.mcse)
    ends = [0.2 * w / (0.37 + 0.63 * w) for w in prior.ppf([0.5, 0.05, 0.95])]
    got = [alone.lost_median, alone.lost_lower, alone.lost_upper]
    np.testing.assert_allclose(got, ends, rtol=0.02)
    assert (alone.prob, alone.kind, alone.to) == (0.9, "eti", 0.20)
    assert (filled.replaced, filled.lost_heads) == (1.0, 0.0)


def test_a_row_of_the_table_does_not_hang_on_the_others():
    """Who is replaced does not change the draws: one row alone is that row among several."""
    change = ShareChange(0.40, 0.25, domestic=0.37)
    both = output_of_share_change(spec_with(), change, replaced=(0.0, 0.5), seed=4)
    one = output_of_share_change(spec_with(), change, replaced=(0.5,), seed=4)
    assert both.iloc[1].tolist() == one.iloc[0].tolist()


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((0.25, 0.40, 0.37), "a share falls, 1 > before >= after >= 0; got 0.25 to 0.4"),
        ((0.40, 0.25, 0.70), "domestic is a part of the 0.6 outside the group; got 0.7"),
        ((0.40, 0.25, 0.37, 1.5), r"replaced lies in \[0, 1\]; got 1.5"),
    ],
)
def test_what_is_no_fall_is_refused(numbers, said):
    """Shares that rise, and parts that do not fit, are named."""
    with pytest.raises(RunError, match=said):
        ShareChange(*numbers)
