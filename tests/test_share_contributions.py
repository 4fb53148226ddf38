"""The headline and what each piece of evidence contributed to it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from forecast.share import project
from forecast.share.contributions import contributions, pieces
from forecast.share.example import example_evidence, example_inputs
from forecast.share.headline import headline, thinned
from forecast.share.model import BASELINE
from tests.share_loops import moving_inputs

PIECES = {
    "none": 0,
    "share a 2019": 3,
    "share a 2022": 2,
    "survival b 2025 north": 1,
    "stay c 2019 north": 1,
    "all evidence": 7,
}
FOUND = ["probability", "mcse", "share_median", "share_lower", "share_upper", "worst_rhat"]


@pytest.fixture(scope="module")
def table():
    return contributions(example_inputs(), seed=1, steps=12)


def test_each_piece_is_left_out_once(table):
    """Shares of one series and year are one piece, follow-ups and stay rates each their own."""
    assert dict(zip(table["without"], table["rows"], strict=True)) == PIECES


def test_pieces_part_the_table():
    """Each row belongs to one piece, whatever the labels of the table."""
    evidence = example_evidence().set_index(pd.Index(range(100, 107)))
    masks = [mask for name, mask in pieces(evidence) if name not in ("none", "all evidence")]
    assert (sum(mask.astype(int) for mask in masks) == 1).all()


def test_two_groups_of_one_source_are_two_pieces():
    """A stay rate of another group in the same series and year is a piece of its own."""
    row = example_evidence().iloc[[-1]]
    both = pd.concat([row, row.assign(group="rest")], ignore_index=True)
    names = [name for name, _ in pieces(both)]
    assert names == ["none", "stay c 2019 north", "stay c 2019 rest", "all evidence"]


@pytest.mark.parametrize("without", list(PIECES))
def test_a_row_is_the_headline_without_the_piece(table, without):
    """Each row is what a study whose table lacks the piece finds, with the same random numbers."""
    inputs = example_inputs()
    mask = dict(pieces(inputs.evidence))[without]
    less = replace(inputs, evidence=inputs.evidence[~mask])
    got = table.set_index("without").loc[without, FOUND].astype(float)
    np.testing.assert_array_equal(got, [headline(less, 1, 12)[name] for name in FOUND])


def test_without_evidence_the_priors_speak():
    """The start share of the north is that of the prior of its logit, drawn anew."""
    inputs = example_inputs(2, 1000)
    nothing = replace(inputs, evidence=inputs.evidence[:0])
    drawn = project(nothing, {"baseline": BASELINE}, seed=1, until=2020, steps=12)["share"]
    got = drawn.sel(year=2019, group="north").values.ravel()
    logits = 1.5 * np.random.default_rng(5).standard_normal((20_000, 2))
    odds = np.exp(logits)
    expected = odds[:, 0] / (1 + odds.sum(-1))
    assert stats.ks_2samp(got, expected).pvalue > 1e-3


def test_the_headline_is_read_off_the_projection():
    """Probability and quantiles are those of the share of the group in the year asked for."""
    inputs = example_inputs()
    found = headline(inputs, seed=2, steps=12)
    assert (found["group"], found["at_most"], found["by"]) == ("north", 0.25, 2028)
    share = project(inputs, {"baseline": BASELINE}, 2, 2028, 12)["share"]
    share = share.sel(group="north", year=2028, scenario="baseline").values.ravel()
    assert found["probability"] == np.mean(share <= 0.25)
    expected = np.quantile(share, [0.5, 0.05, 0.95])
    got = [found[name] for name in ("share_median", "share_lower", "share_upper")]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize(("enough", "left"), [(20, 20), (33, 34), (100, 100), (1000, 100)])
def test_thinning_keeps_about_enough_draws(enough, left):
    """Every k-th draw of each chain, of stay rates and departures alike, and never none."""
    inputs = moving_inputs(draws=100)
    some, step = thinned(inputs, enough), 100 // left + (100 % left > 0)
    assert some.draws == left
    np.testing.assert_array_equal(some.stay, inputs.stay[:, ::step])
    np.testing.assert_array_equal(some.departure, inputs.departure[:, ::step])
