"""Every answer has its range over the listed alternatives."""

import numpy as np
import pytest

from forecast.share import (
    alternatives,
    models_under,
    probability,
    projected,
    ranges,
    share_model,
    solve,
    solve_summary,
)
from forecast.share.alternatives import under
from forecast.share.example import example_inputs
from forecast.study import Claim, Lever, Scenario, load_study

SEED, STEPS = 1, 30
SCENARIOS = {
    "baseline": Scenario(label="Baseline", reason="No lever is moved."),
    "fewer": Scenario(
        label="Fewer",
        reason="For a test.",
        levers=(Lever(lever="inflow", group="north", multiplier=0.5),),
    ),
}

CLAIM = Claim(id="C1", quantity="share", group="north", year=2026, says="at most", value=0.35)


@pytest.fixture(scope="module")
def table():
    study = load_study("demo").model_copy(update={"scenarios": SCENARIOS, "claims": (CLAIM,)})
    models = models_under(example_inputs(2, 100), SEED, STEPS)
    return ranges(models, study).set_index(["answer", "of"])


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


def test_claims_about_shares_have_a_range(table):
    """The probability that a claim holds is that of the share under each alternative."""
    models = models_under(example_inputs(2, 100), SEED, STEPS)
    held = []
    for model in models.values():
        projection = projected(model, SCENARIOS)
        held.append(probability(projection, "north", at_most=0.35, year=2026).value)
    row = table.loc[("claim holds", "C1, baseline")]
    np.testing.assert_allclose([row["lowest"], row["highest"]], np.sort(held), rtol=1e-12)
    assert row["value"] == held[0]
