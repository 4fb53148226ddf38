"""Attribution: of a change to levers, of the variance to components, of an interval to facts."""

import numpy as np
import pytest

from forecast.errors import RunError
from forecast.share import attribute_change, attribute_uncertainty, share_model, worth_of_facts
from forecast.share.attribute_uncertainty import parts_of
from forecast.share.example import example_inputs
from forecast.share.flows import shares
from forecast.study import Lever, Scenario

GROUP, YEAR = "north", 2028
FEWER = Lever(lever="inflow", group=GROUP, multiplier=0.6)
LEAVE = Lever(lever="exit_rate", group=GROUP, multiplier=2.0)
STAY = Lever(lever="stay_rate", group=GROUP, shift=-0.5)


def scenario(*levers, **more):
    """Return a made-up scenario."""
    return Scenario(label="Made up", reason="For a test.", levers=levers, **more)


@pytest.fixture(scope="module")
def model():
    return share_model(example_inputs(2, 200), seed=1, steps=30)


def share_of(model, one):
    """Return the draws of the group's share in the year."""
    place = model.grid.groups.index(GROUP)
    return shares(model.flows(one).stock[:, YEAR - model.inputs.spec.start])[:, place]


def test_levers_add_up_to_the_change(model):
    """Parts of the mean and of the median sum to those of the whole change, to rounding."""
    bad = scenario(FEWER, LEAVE, STAY)
    table = attribute_change(model, bad, GROUP, YEAR)
    parts, whole = table.iloc[:-1], table.iloc[-1]
    change = share_of(model, bad) - share_of(model, scenario())
    assert len(parts) == 3
    np.testing.assert_allclose(parts["mean"].sum(), change.mean(), rtol=0, atol=1e-15)
    np.testing.assert_allclose(whole["mean"], change.mean(), rtol=0, atol=1e-15)
    medians = np.median(share_of(model, bad)) - np.median(share_of(model, scenario()))
    np.testing.assert_allclose(parts["of_median"].sum(), medians, rtol=0, atol=1e-15)


def test_one_lever_is_the_whole_change(model):
    """Alone, a lever has all of the change on every draw; common levers have none."""
    table = attribute_change(model, scenario(LEAVE, FEWER), GROUP, YEAR, scenario(LEAVE))
    change = share_of(model, scenario(LEAVE, FEWER)) - share_of(model, scenario(LEAVE))
    assert table["lever"].tolist() == ["inflow of north times 0.6", "all together"]
    for row in table.to_dict("records"):
        np.testing.assert_allclose(
            [row["lower"], row["upper"]], np.quantile(change, [0.05, 0.95]), rtol=0, atol=1e-15
        )


def test_two_levers_are_averaged_over_both_orders(model):
    """The part of a lever is the mean of what it does first and what it does last."""
    table = attribute_change(model, scenario(FEWER, LEAVE), GROUP, YEAR).set_index("lever")
    none, fewer, leave, both = (
        share_of(model, scenario(*levers)).mean()
        for levers in ((), (FEWER,), (LEAVE,), (FEWER, LEAVE))
    )
    part = ((fewer - none) + (both - leave)) / 2
    np.testing.assert_allclose(table.loc["inflow of north times 0.6", "mean"], part, atol=1e-15)


def test_a_lever_taken_out_and_replacement_are_players(model):
    """What only the first scenario does counts with the opposite sign; so does who replaces."""
    out = attribute_change(model, scenario(), GROUP, YEAR, scenario(FEWER))
    back = attribute_change(model, scenario(FEWER), GROUP, YEAR)
    np.testing.assert_allclose(out["mean"], -back["mean"], rtol=0, atol=1e-15)
    table = attribute_change(model, scenario(FEWER, replaced=1.0), GROUP, YEAR)
    assert table["lever"].tolist()[:2] == ["inflow of north times 0.6", "replaced entrants"]


def test_scenarios_that_do_not_differ_are_refused(model):
    """Nothing to attribute, an unknown group or year: one sentence."""
    with pytest.raises(RunError, match="two scenarios that differ"):
        attribute_change(model, scenario(LEAVE), GROUP, YEAR, scenario(LEAVE))
    with pytest.raises(RunError, match="group is one of north, rest, home; got 'MARS'"):
        attribute_change(model, scenario(LEAVE), "MARS", YEAR)
    with pytest.raises(RunError, match="year is one of 2019 to 2030; got 2050"):
        attribute_change(model, scenario(LEAVE), GROUP, 2050)


def test_the_same_draw_of_each_component_is_the_posterior(model):
    """Cut into components and put together again, a world gives its own share."""
    parts = parts_of(model, GROUP, YEAR)
    same = dict.fromkeys(parts.components(), np.arange(model.world.draws))
    np.testing.assert_allclose(parts.answer(same), share_of(model, scenario()), rtol=0, atol=1e-9)


def test_components_add_up_and_unmoved_ones_have_none(model):
    """Parts, interactions and dependence sum to one; a component that never varies has no part."""
    table = attribute_uncertainty(model, GROUP, YEAR).set_index("component")
    np.testing.assert_allclose(table["first"].sum(), 1.0, rtol=0, atol=1e-12)
    assert (table["first_se"] >= 0).all()
    assert "inflow" not in table.index  # all doctorates of the example are published
    assert table.loc["selection", "total"] > 0.05


def test_a_component_alone_has_all_of_the_variance(model):
    """With every other component at one draw, the variance left is that component's alone."""
    parts = parts_of(model, GROUP, YEAR)
    one, draws = np.zeros(model.world.draws, dtype=int), np.arange(model.world.draws)
    still = dict.fromkeys(parts.components(), one)
    assert np.ptp(parts.answer(still)) == 0
    for name in parts.components():
        assert np.ptp(parts.answer(still | {name: draws})) > 0, name


def test_flow_noise_is_a_component_where_people_are_whole():
    """Whole persons add a component, and the parts still add up."""
    inputs = example_inputs(2, 200)
    spec = inputs.spec.model_copy(update={"people": 200})
    noisy = share_model(
        inputs.__class__(**(vars(inputs) | {"spec": spec})), seed=1, steps=30, noise=True
    )
    table = attribute_uncertainty(noisy, GROUP, YEAR).set_index("component")
    assert table.loc["flow noise", "total"] > 0.01
    np.testing.assert_allclose(table["first"].sum(), 1.0, rtol=0, atol=1e-12)


def test_worth_lists_each_fact_once(model):
    """Facts of each group and of all, most worthy first, none of them worth more than all."""
    table = worth_of_facts(model, GROUP, YEAR)
    assert not table.duplicated(["fact", "group"]).any()
    assert table["share"].is_monotonic_decreasing
    assert table["share"].max() < 1
    assert table["width_now"].nunique() == 1
    assert set(table["fact"]) >= {"selection", "exit", "start_share", "stay_rate", "turnover"}


def test_the_same_seed_gives_the_same_parts(model):
    """Attribution is a function of the model: the same bytes twice."""
    one, other = (attribute_uncertainty(model, GROUP, YEAR) for _ in range(2))
    assert one.to_csv() == other.to_csv()
