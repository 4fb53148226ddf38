"""Every answer has its range over the listed alternatives."""

import numpy as np
import pytest

from forecast.share import alternatives, ranges, share_model, solve, solve_summary
from forecast.share.alternatives import under
from forecast.share.example import example_inputs
from forecast.study import Lever, Scenario

SEED, STEPS = 1, 30
SCENARIOS = {
    "baseline": Scenario(label="Baseline", reason="No lever is moved."),
    "fewer": Scenario(
        label="Fewer",
        reason="For a test.",
        levers=(Lever(lever="inflow", group="north", multiplier=0.5),),
    ),
}


@pytest.fixture(scope="module")
def table():
    return ranges(example_inputs(2, 100), SCENARIOS, SEED, STEPS).set_index(["answer", "of"])


def test_ranges_hold_the_study_itself(table):
    """The lowest and the highest enclose the value under the study's own choices."""
    assert (table["lowest"] <= table["value"]).all()
    assert (table["value"] <= table["highest"]).all()
    assert set(table["lowest_under"]) | set(table["highest_under"]) <= {"base", "turnover_low"}


def test_the_headline_is_that_of_the_alternatives(table):
    """Median and probability of the baseline are the figures of the table of alternatives."""
    own = alternatives(example_inputs(2, 100), SEED, STEPS).set_index("alternative")
    for answer, column in (("median share", "share_median"), ("probability", "probability")):
        row = table.loc[(answer, "baseline")]
        np.testing.assert_allclose(row["value"], own.loc["base", column], rtol=1e-12)
        np.testing.assert_allclose(row["lowest"], own[column].min(), rtol=1e-12)
        np.testing.assert_allclose(row["highest"], own[column].max(), rtol=1e-12)


def test_solved_values_are_those_of_each_alternative(table):
    """The range of a needed value runs over the solutions of the models under each alternative."""
    inputs = example_inputs(2, 100)
    asked = inputs.spec.headline
    needed = [
        solve_summary(
            solve(
                share_model(one, SEED, asked.by, STEPS),
                "exit_rate",
                asked.group,
                asked.at_most,
                asked.by,
            )
        )["median"].iloc[0]
        for one in (inputs, under(inputs, "turnover_low"))
    ]
    row = table.loc[("needed value", "exit_rate")]
    np.testing.assert_allclose([row["lowest"], row["highest"]], np.sort(needed), rtol=1e-12)


def test_scenarios_have_ranges_of_their_own(table):
    """Each scenario has a median and a probability; fewer entrants, a smaller share."""
    assert {"baseline", "fewer"} == set(table.loc["median share"].index)
    medians = table.loc["median share"]
    assert medians.loc["fewer", "highest"] < medians.loc["baseline", "highest"]
