"""Claims: what a study may claim, and what the draws of a run say of it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from forecast.datasets import load_dataset
from forecast.errors import RunError, StudyError
from forecast.share.claim_words import percent, subject, what_is_said
from forecast.share.claims import ClaimDraws, claim_verdicts, quantity_of, verdict_of, word_of
from forecast.share.events import Probability
from forecast.share.share_change import ShareChange
from forecast.study import Claim, load_study, parse_study
from forecast.study.reader import models_folder

MAIN = (models_folder() / "china_ai_2030.toml").read_text(encoding="utf-8")
SHARE = {"id": "C21", "quantity": "share", "group": "CHN", "year": 2030}
STAY = {"origin": "CHN", "field": "computer_science", "cohort": 2024, "years_since": 5}
FALL = {"from_share": 0.40, "to_share": 0.25, "domestic": 0.37}
SAMPLE = ("chain", "draw")


@pytest.fixture(scope="module")
def study():
    return load_study("china_ai_2030")


@pytest.fixture(scope="module")
def found():
    """Made-up draws of all that the main study's claims speak of."""
    rng = np.random.default_rng(5)
    labels = {"scenario": ["baseline", "article"], "year": [2022, 2030], "group": ["CHN", "USA"]}
    share = xr.DataArray(rng.random((2, 100, 2, 2, 2)), labels, (*SAMPLE, *labels))
    cells = {"origin": ["CHN"], "field": ["computer_science"], "cohort": [2018, 2024]}
    later = rng.uniform(0.4, 0.6, (2, 100))
    rates = np.stack([later + 0.1, later], axis=-1)[:, :, None, None]
    stay = xr.DataArray(rates, cells, (*SAMPLE, *cells))
    places = {"scenario": labels["scenario"], "year": labels["year"]}
    made = xr.DataArray(rng.uniform(0.7, 0.9, (2, 100, 2, 2)), places, (*SAMPLE, *places))
    contribution = xr.DataArray(rng.uniform(1, 2, (2, 100)), dims=SAMPLE)
    output = xr.Dataset({"output": made, "contribution": contribution})
    return ClaimDraws(xr.Dataset({"share": share}), {5.0: stay}, output)


def claim_of(says: str, value: float, **more: object) -> Claim:
    return Claim.model_validate(SHARE | {"says": says, "value": value} | more)


def draws_of(values) -> xr.DataArray:
    return xr.DataArray(np.atleast_2d(values), dims=SAMPLE)


def faults_of(old: str, new: str) -> str:
    """What the main study says of its claims with a piece of its text exchanged."""
    at = MAIN.index("[[claims]]")
    assert old in MAIN[at:]
    with pytest.raises(StudyError) as caught:
        parse_study(MAIN[:at] + MAIN[at:].replace(old, new), "mine", Path())
    return str(caught.value)


@pytest.mark.parametrize(
    ("says", "value", "more", "holds", "tail"),
    [
        ("at most", 0.0295, {}, 0.03, 0.03),
        ("at least", 0.0295, {}, 0.97, 0.97),
        ("about", 0.0295, {"tolerance": 0.01}, 0.02, 0.08),
        ("about", 0.025, {"tolerance": 0.001}, 0.0, 0.06),
        ("between", 0.8995, {"to": 0.9495}, 0.05, 0.20),
    ],
)
def test_probabilities_by_hand(says, value, more, holds, tail):
    """Draws 0, .01, ..., .99: each probability is a count; two ends double the smaller side."""
    found = verdict_of(claim_of(says, value, **more), draws_of(np.arange(100) / 100))
    np.testing.assert_allclose([found.holds.value, found.tail.value], [holds, tail], atol=1e-12)


def test_the_interval_is_equal_tailed():
    """Draws 0, .01, ..., 1 have the median .5 and 80 % between .1 and .9."""
    found = verdict_of(claim_of("at most", 0.5), draws_of(np.arange(101) / 100), prob=0.8)
    limits = [found.median, found.lower, found.upper, found.prob]
    np.testing.assert_allclose(limits, [0.5, 0.1, 0.9, 0.8], rtol=1e-12)


@pytest.mark.parametrize("says", ["at most", "at least", "about"])
def test_a_claim_of_the_median_is_compatible(says):
    """What is claimed to be the median cannot be ruled out."""
    draws = draws_of(np.random.default_rng(1).normal(0.4, 0.05, 2001))
    more = {"tolerance": 0.005} if says == "about" else {}
    found = verdict_of(claim_of(says, float(np.median(draws)), **more), draws)
    assert found.word == "compatible"
    assert found.tail.value >= 0.5


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2), st.integers(0, 100))
def test_a_weaker_claim_is_more_probable(bounds, seed):
    """P(q <= v) grows with v, and with it no verdict gets worse."""
    order = ["contradicted", "unlikely", "compatible", "supported"]
    draws = draws_of(np.random.default_rng(seed).random(50))
    one, other = (verdict_of(claim_of("at most", bound), draws) for bound in sorted(bounds))
    assert one.holds.value <= other.holds.value
    assert order.index(one.word) <= order.index(other.word)


@given(st.floats(0, 1), st.floats(0.001, 1), st.integers(0, 100))
def test_the_tail_is_no_smaller_than_the_probability(value, tolerance, seed):
    """So what is contradicted has a probability below .05, however wide the claim is."""
    draws = draws_of(np.random.default_rng(seed).beta(2, 5, 50))
    found = verdict_of(claim_of("about", value, tolerance=tolerance), draws)
    assert found.holds.value <= found.tail.value <= 1


@pytest.mark.parametrize(
    ("holds", "tail", "word"),
    [
        (0.0, 0.049, "contradicted"),
        (0.0, 0.05, "unlikely"),
        (0.0, 0.199, "unlikely"),
        (0.0, 0.2, "compatible"),
        (0.8, 0.8, "compatible"),
        (0.81, 0.81, "supported"),
    ],
)
def test_the_cuts_are_as_stated(holds, tail, word):
    """Contradicted below .05, unlikely below .2, supported above .8, compatible between."""
    assert word_of(holds, tail) == word


def test_the_error_is_that_of_independent_draws():
    """For independent draws the Monte Carlo error is binomial, twice that of a doubled tail."""
    draws = draws_of(np.random.default_rng(2).random((4, 1000)))
    one = verdict_of(claim_of("at most", 0.1), draws)
    binomial = np.sqrt(0.1 * 0.9 / 4000)
    np.testing.assert_allclose([one.holds.mcse, one.tail.mcse], binomial, rtol=0.2)
    two = verdict_of(claim_of("about", 0.08, tolerance=0.02), draws)
    np.testing.assert_allclose(two.tail.mcse, 2 * binomial, rtol=0.2)


def test_the_quantities_of_the_main_study(study, found):
    """Each claim is set against the draws of its own group, year, cohort and scenario."""
    drawn = [quantity_of(claim, found) for claim in study.claims]
    share, rates = found.projection["share"], found.stay[5.0].isel(origin=0, field=0)
    expected = [
        share.sel(scenario="baseline", year=2022, group="CHN"),
        rates.sel(cohort=2018),
        rates.sel(cohort=2024),
        rates.sel(cohort=2018) - rates.sel(cohort=2024),
        share.sel(scenario="baseline", year=2030, group="CHN"),
        share.sel(scenario="article", year=2030, group="CHN"),
        1 - found.output["output"].sel(scenario="article", year=2030),
        0.2 * (w := found.output["contribution"]) / (0.37 + 0.63 * w),
    ]
    for got, wanted in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)
        assert got.dims == SAMPLE


def test_a_fall_is_taken_draw_by_draw(study, found):
    """Two cohorts that differ by .1 in each draw fell by .1, however uncertain their rates are."""
    fall = Claim.model_validate(
        STAY
        | {"id": "C03", "quantity": "stay_rate_fall", "since": 2018}
        | {"says": "at least", "value": 0.05}
    )
    verdict = verdict_of(fall, quantity_of(fall, found))
    np.testing.assert_allclose([verdict.lower, verdict.upper], 0.1, rtol=1e-9)


def test_the_claimed_loss_of_output_is_a_fifth_of_the_heads(study):
    """The fall that C22 rests on removes 20 % of the heads if nobody replaces them."""
    claim = study.claims[-1]
    assert (claim.id, claim.quantity) == ("C22", "output_of_share_change")
    change = ShareChange(claim.from_share, claim.to_share, claim.domestic, claim.replaced)
    np.testing.assert_allclose(change.lost_heads, 0.20, rtol=1e-12)


def test_the_table_of_verdicts(study, found):
    """A row a claim, in the order of the study, with its text; same draws, same table."""
    texts = load_dataset("claims")
    table = claim_verdicts(study, found, texts)
    assert table["claim_id"].tolist() == [claim.id for claim in study.claims]
    assert table["claim"].iloc[0] == texts.set_index("claim_id").loc["C01", "claim"]
    assert table.loc[4, ["at_least", "at_most"]].tolist() == [-np.inf, 0.25]
    for claim, row in zip(study.claims, table.itertuples(), strict=True):
        one = verdict_of(claim, quantity_of(claim, found), study.report.prob)
        assert (row.median, row.lower, row.upper, row.prob) == (
            one.median,
            one.lower,
            one.upper,
            one.prob,
        )
        assert (row.probability, row.mcse, row.tail, row.tail_mcse) == (*one.holds, *one.tail)
        assert row.verdict == one.word
        assert row.sentence.endswith(f": {one.word}.")
    pd.testing.assert_frame_equal(table, claim_verdicts(study, found, texts))


def test_no_claims_make_an_empty_table(study, found):
    """A study without claims gives a table with its columns and no rows."""
    table = claim_verdicts(study.model_copy(update={"claims": ()}), found)
    assert len(table) == 0
    assert {"claim_id", "median", "tail", "verdict", "sentence"} <= set(table.columns)


def test_a_sentence_has_the_numbers(study):
    """One sentence: the quantity, its interval, the claim, its probability, the verdict."""
    labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN"]}
    share = np.linspace(0.2, 0.6, 401).reshape(1, 401, 1, 1, 1)
    projection = xr.Dataset({"share": xr.DataArray(share, labels, (*SAMPLE, *labels))})
    own = study.model_copy(update={"claims": (claim_of("at most", 0.25),)})
    told = claim_verdicts(own, ClaimDraws(projection))["sentence"].iloc[0]
    assert told == (
        "By this model the share of China in 2030 will be 40 % (90 % equal-tailed interval 22 % to "
        "58 %); that it is at most 25 % has a probability of 13 %: unlikely."
    )


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (0, "in 2022 was "),
        (1, "of the 2018 cohort from China in computer science was "),
        (2, "of the 2024 cohort from China in computer science will be "),
        (4, "in 2030 will be "),
        (5, 'in the scenario "The article\'s stay path" would be '),
        (7, "from 40 % to 25 % of the workforce would be "),
    ],
)
def test_tenses(study, found, place, said):
    """What is past by the year of the study was, what is to come will be; what rests on an
    assumption would be. A cohort's rate is of the year in which it is taken.
    """
    assert said in claim_verdicts(study, found)["sentence"].iloc[place]


def test_a_difference_of_rates_is_in_points(study, found):
    """A fall of a rate is told in points, a rate in percent."""
    assert what_is_said(study.claims[3]) == "about 33 points (31 points to 35 points)"
    assert "would" not in subject(study.claims[3], study)
    assert " 10 points (" in claim_verdicts(study, found)["sentence"].iloc[3]


def test_what_no_draw_shows_is_a_bound(study):
    """None of 4,000 draws is told as a bound, not as a probability of zero."""
    labels = {"scenario": ["baseline"], "year": [2030], "group": ["CHN"]}
    share = xr.DataArray(np.full((4, 1000, 1, 1, 1), 0.5), labels, (*SAMPLE, *labels))
    found = ClaimDraws(xr.Dataset({"share": share}))
    claims = (claim_of("at most", 0.25), claim_of("at least", 0.25))
    table = claim_verdicts(study.model_copy(update={"claims": claims}), found)
    assert "has a probability below 0.1 %: contradicted." in table["sentence"].iloc[0]
    assert "has a probability above 99.9 %: supported." in table["sentence"].iloc[1]
    assert percent(Probability(0.5, 0).value) == "50 %"


@pytest.mark.parametrize(
    ("place", "kept", "said"),
    [
        (0, "stay", "claim C01 is of share; got no projection"),
        (1, "projection", "claim C03 is of stay rates 5 years on; got those of none"),
        (6, "projection", "claim C22 is of output_loss; got no output"),
        (7, "projection", "claim C22 is of output_of_share_change; got no output"),
    ],
)
def test_missing_draws_are_named(study, found, place, kept, said):
    """A claim of draws that were not given says which claim wants which draws."""
    own = study.model_copy(update={"claims": (study.claims[place],)})
    with pytest.raises(RunError, match=said):
        claim_verdicts(own, ClaimDraws(**{kept: getattr(found, kept)}))


def test_draws_without_the_year_are_named(study, found):
    """A projection that ends before a claim's year says which years it has."""
    early = ClaimDraws(found.projection.sel(year=[2022]), found.stay, found.output)
    with pytest.raises(RunError, match="year is one of 2022 to 2022; got 2030"):
        claim_verdicts(study, early)


def test_an_unknown_id_is_told(study, found):
    """A claim's id stands in the table of texts."""
    with pytest.raises(RunError, match="one of the table of claims; got 'C01'"):
        claim_verdicts(study, found, pd.DataFrame({"claim_id": ["C99"], "claim": ["none"]}))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'group = "CHN"',
            'group = "MARS"',
            "group is one of CHN, IND, OTH, USA; got 'MARS' in C01",
        ),
        ('origin = "CHN"', 'origin = "MARS"', "got 'MARS' in C03"),
        ('field = "computer_science"', 'field = "alchemy"', "got 'alchemy' in C03"),
        ('scenario = "article"', 'scenario = "hope"', "got 'hope' in C21"),
        ("year = 2030", "year = 2050", "year lies in 2019 to 2040; got 2050 in C21"),
        ("cohort = 2024", "cohort = 2090", "cohort lies in 1985 to 2040; got 2090 in C03"),
        ("since = 2018", "since = 1950", "since lies in 1985 to 2040; got 1950 in C03"),
        ('quantity = "share"', 'quantity = "fame"', "claims.0.quantity: Input should be 'share'"),
        ("domestic = 0.37", "domestik = 0.37", "claims.7.domestik: no such key"),
    ],
)
def test_a_study_refuses_claims_it_cannot_speak_to(old, new, said):
    """Unknown labels, years outside and unknown keys are refused when the study is read."""
    assert said in faults_of(old, new)


def test_claims_about_the_workforce_need_one():
    """A study without [share] knows no group."""
    demo = (models_folder() / "demo.toml").read_text(encoding="utf-8")
    without = demo[: demo.index("[share]")]
    claims = '[[claims]]\nid = "C21"\nquantity = "share"\ngroup = "north"\nyear = 2020\n'
    with pytest.raises(StudyError, match=r"a claim of share needs \[share\]; got C21"):
        parse_study(f'{without}\n{claims}says = "at most"\nvalue = 0.2\n', "mine", Path())


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ({"quantity": "stay_rate"}, "a claim of stay_rate has origin, field, cohort, years_since"),
        ({"says": "about"}, "tolerance goes with 'about', and only with it; got 'about' in C21"),
        ({"tolerance": 0.1}, "tolerance goes with 'about', and only with it; got 'at most'"),
        ({"says": "between"}, "to goes with 'between'"),
        ({"says": "between", "to": 0.2}, "to is above value; got 0.25 to 0.2 in C21"),
        ({"replaced": 0.5}, "a claim of share has no replaced; got it in C21"),
        (
            STAY | {"quantity": "stay_rate_fall", "since": 2024, "group": None, "year": None},
            "since is before cohort; got 2024 and 2024",
        ),
        (
            FALL | {"quantity": "output_of_share_change", "to_share": 0.5},
            "a share falls from from_share to to_share; got 0.4 to 0.5",
        ),
        (
            FALL | {"quantity": "output_of_share_change", "domestic": 0.7},
            "parts of one workforce; got 0.4 and 0.7",
        ),
    ],
)
def test_a_claim_is_sound_in_itself(claim, said):
    """Keys that are missing, of another quantity or at odds with each other are named."""
    with pytest.raises(ValidationError, match=said):
        Claim.model_validate(SHARE | {"says": "at most", "value": 0.25} | claim)


def test_the_probability_of_a_normal_quantity():
    """For many normal draws the probabilities are those of the normal distribution."""
    grid = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000, 0.4, 0.1)
    found = verdict_of(claim_of("about", 0.6, tolerance=0.02), draws_of(grid))
    normal = stats.norm(0.4, 0.1)
    expected = [normal.cdf(0.62) - normal.cdf(0.58), 2 * normal.sf(0.58)]
    np.testing.assert_allclose([found.holds.value, found.tail.value], expected, atol=1e-4)
