"""Tables of scores: means and skill by hand, and bootstrap intervals against closed forms."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from forecast.assess.score_tables import (
    by,
    earlier_group,
    horizon_group,
    size_group,
    skill,
    with_groups,
)
from forecast.errors import RunError

NORMAL = 2 * stats.norm.ppf(0.95)  # width of a 90 % interval of a standard normal


def table(crps: np.ndarray, forecaster: str = "model", copies: int = 1) -> pd.DataFrame:
    """Return a table of scores with a target for each number and ``copies`` origin years.

    The other scores are multiples of the first, the intervals hold what scores below .5.
    """
    each = np.asarray(crps, dtype=float)
    of = np.repeat(each, copies)
    columns = {
        "forecaster": forecaster,
        "target": np.repeat(np.arange(len(each)), copies),
        "origin_year": np.tile(2010 + np.arange(copies), len(each)),
        "horizon": 1,
        "earlier": 0,
        "n": 50.0,
        "definition": "resident",
        "crps": of,
        "wis": 2 * of,
        "interval_score_50": 3 * of,
        "interval_score_80": 4 * of,
        "interval_score_95": 5 * of,
        "log_score": -of,
        "inside_50": of < 0.5,
        "inside_80": of < 0.8,
        "inside_95": of < 0.95,
    }
    return pd.DataFrame(columns)


def width(found: pd.DataFrame, name: str = "crps") -> float:
    """Return the width of the only interval of a score."""
    return float((found[f"{name}_upper"] - found[f"{name}_lower"]).item())


def test_means_by_hand() -> None:
    """A row for each group in the order of the keys: numbers, means of the scores, coverage."""
    both = pd.concat([table([0.2, 0.6, 0.7]), table([0.9, 0.1], "naive", copies=2)])

    found = by(both, ["forecaster"], seed=1)

    assert found["forecaster"].tolist() == ["model", "naive"]
    assert found["forecasts"].tolist() == [3, 4]
    assert found["clusters"].tolist() == [3, 2]
    np.testing.assert_allclose(found["crps"], [0.5, 0.5], rtol=1e-12)
    np.testing.assert_allclose(found["wis"], [1.0, 1.0], rtol=1e-12)
    np.testing.assert_allclose(found["interval_score_50"], [1.5, 1.5], rtol=1e-12)
    np.testing.assert_allclose(found["interval_score_80"], [2.0, 2.0], rtol=1e-12)
    np.testing.assert_allclose(found["interval_score_95"], [2.5, 2.5], rtol=1e-12)
    np.testing.assert_allclose(found["log_score"], [-0.5, -0.5], rtol=1e-12)
    np.testing.assert_allclose(found["coverage_50"], [1 / 3, 1 / 2], rtol=1e-12)
    np.testing.assert_allclose(found["coverage_80"], [1, 1 / 2], rtol=1e-12)
    np.testing.assert_allclose(found["coverage_95"], [1, 1], rtol=1e-12)
    assert found["prob"].tolist() == [0.9, 0.9]
    assert found["kind"].tolist() == ["bootstrap", "bootstrap"]


def test_a_mean_is_over_forecasts() -> None:
    """A target forecast from three origin years counts three times in the mean."""
    uneven = pd.concat([table([1.0]), table([1.0], copies=3).assign(target=9, crps=0.2)])
    np.testing.assert_allclose(by(uneven, ["forecaster"], seed=1)["crps"], 0.4, rtol=1e-12)


def test_equal_scores_leave_no_doubt() -> None:
    """Where each forecast scores .3 the interval is [.3, .3], however uneven the clusters."""
    uneven = pd.concat([table([0.3] * 5), table([0.3] * 5, copies=4).assign(target=9)])
    found = by(uneven, ["forecaster"], seed=1)
    np.testing.assert_allclose(found[["crps_lower", "crps_upper"]], 0.3, rtol=1e-12)


def test_the_interval_of_independent_means() -> None:
    """Of 500 independent scores it is 2 * 1.645 s / sqrt(500) wide, to 15 %."""
    crps = np.random.default_rng(1).gamma(4.0, 0.01, 500)

    found = by(table(crps), ["forecaster"], seed=1)

    np.testing.assert_allclose(width(found), NORMAL * crps.std() / np.sqrt(500), rtol=0.15)
    assert found["crps_lower"].item() < found["crps"].item() < found["crps_upper"].item()


def test_the_interval_of_coverage() -> None:
    """Of 500 independent targets it is 2 * 1.645 sqrt(p (1 - p) / 500) wide, to 15 %."""
    found = by(table(np.random.default_rng(2).uniform(size=500)), ["forecaster"], seed=1)
    part = found["coverage_80"].item()
    closed = NORMAL * np.sqrt(part * (1 - part) / 500)
    np.testing.assert_allclose(width(found, "coverage_80"), closed, rtol=0.15)


def test_clusters_widen_the_interval() -> None:
    """The same error from five origin years counts once: sqrt(5) wider than five targets, to 15 %.

    The interval is that of the targets with one origin year each.
    """
    crps = np.random.default_rng(3).gamma(4.0, 0.01, 300)
    repeated = table(crps, copies=5).assign(forecast=range(1500))

    whole = by(repeated, ["forecaster"], seed=1)
    single = by(repeated, ["forecaster"], seed=1, cluster="forecast")

    np.testing.assert_allclose(width(whole) / width(single), np.sqrt(5), rtol=0.15)
    np.testing.assert_allclose(width(whole), width(by(table(crps), ["forecaster"], 1)), rtol=1e-9)
    assert whole["clusters"].item() == 300
    assert single["clusters"].item() == 1500


def test_a_wider_probability_widens_the_interval() -> None:
    """The 50 % interval has the width of the normal's: .41 of the 90 % one, to 15 %."""
    scored = table(np.random.default_rng(4).gamma(4.0, 0.01, 500))
    wide, half = (by(scored, ["forecaster"], seed=1, prob=prob) for prob in (0.9, 0.5))
    np.testing.assert_allclose(
        width(half) / width(wide), 2 * stats.norm.ppf(0.75) / NORMAL, rtol=0.15
    )
    assert half["prob"].item() == 0.5


def test_one_cluster_has_no_interval() -> None:
    """A single target says nothing of the spread: the mean is there, its interval is not."""
    found = by(table([0.3], copies=4), ["forecaster"], seed=1)
    assert found["crps"].item() == 0.3
    assert found[["crps_lower", "crps_upper", "coverage_80_lower"]].isna().all(axis=None)


def test_forecasters_see_the_same_resamples() -> None:
    """Equal scores in any order of the rows have equal intervals; other forecasters change none."""
    crps = np.random.default_rng(5).gamma(4.0, 0.01, 80)
    both = pd.concat([table(crps), table(crps, "naive").sample(frac=1, random_state=1)])

    found = by(both, ["forecaster"], seed=1).drop(columns="forecaster")
    alone = by(table(crps), ["forecaster"], seed=1).drop(columns="forecaster")

    pd.testing.assert_frame_equal(found.iloc[[0]], alone, check_exact=True)
    pd.testing.assert_frame_equal(found.iloc[[1]].reset_index(drop=True), alone, rtol=1e-12)


def test_same_seed_same_table() -> None:
    """A seed fixes all bytes of both tables; another one moves the intervals alone."""
    rng = np.random.default_rng(6)
    both = pd.concat([table(rng.uniform(size=60)), table(rng.uniform(size=60), "naive")])

    first, again, other = (by(both, ["forecaster"], seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert first["crps"].equals(other["crps"])
    assert (first["crps_lower"] != other["crps_lower"]).all()

    found = [skill(both, "model", ["naive"], [], seed=seed) for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(found[0], found[1], check_exact=True)
    assert found[0]["skill_lower"].item() != found[2]["skill_lower"].item()


def test_groups_keep_their_order() -> None:
    """Groups of horizon, earlier rows and size come in their order, not in that of the alphabet."""
    scored = pd.concat([table([0.1, 0.2])] * 4).assign(
        horizon=[12, 1, 3, 6, 2, 1, 7, 5],
        earlier=[7, 0, 1, 0, 4, 2, 0, 5],
        n=[np.nan, 99, 100, 999, 1000, 20, 5000, 50],
    )
    grouped = with_groups(scored)

    assert by(grouped, ["horizon_group"], seed=1)["horizon_group"].tolist() == [
        *("1", "2", "3", "5", "6+")
    ]
    assert by(grouped, ["earlier_group"], seed=1)["earlier_group"].tolist() == [
        *("new", "1 to 4", "5 or more")
    ]
    sizes = by(grouped, ["size_group"], seed=1)
    assert sizes["size_group"].tolist() == ["under 100", "100 to 999", "1,000 or more", "unknown"]
    assert sizes["forecasts"].tolist() == [3, 2, 2, 1]


def test_labels_of_groups() -> None:
    """Horizons from 6 years on are one group; sizes not printed are unknown."""
    assert horizon_group(pd.Series([1, 2, 3, 4, 5, 6, 30])).tolist() == [
        *("1", "2", "3", "4", "5", "6+", "6+")
    ]
    assert earlier_group(pd.Series([0, 1, 4, 5, 40])).tolist() == [
        *("new", "1 to 4", "1 to 4", "5 or more", "5 or more")
    ]
    assert size_group(pd.Series([1, 99.5, 100, 999, 1000, np.nan])).tolist() == [
        *("under 100", "under 100", "100 to 999", "100 to 999", "1,000 or more", "unknown")
    ]


def test_groups_of_repeated_row_labels() -> None:
    """Tables put one under another share row labels; each row keeps its own group."""
    sizes = pd.Series([50.0, np.nan, 2000.0], index=[0, 0, 0])
    assert size_group(sizes).tolist() == ["under 100", "unknown", "1,000 or more"]


@pytest.mark.parametrize(
    ("column", "value", "got"), [("horizon", 0, "from 1 on; got 0"), ("n", -1, "from 0 on; got -1")]
)
def test_numbers_out_of_range_have_no_group(column: str, value: int, got: str) -> None:
    """A horizon of 0 or a negative size is refused, not put aside in silence."""
    with pytest.raises(RunError, match=got):
        with_groups(table([0.1]).assign(**{column: value}))


def test_skill_by_hand() -> None:
    """Mean scores .2 and .4: skill .5; the model is better at two targets of three, one a tie."""
    both = pd.concat([table([0.1, 0.2, 0.3]), table([0.3, 0.6, 0.3], "naive")])

    found = skill(both, "model", ["naive"], [], seed=1)

    np.testing.assert_allclose(found["skill"], 0.5, rtol=1e-12)
    np.testing.assert_allclose(found["better"], 2 / 3, rtol=1e-12)
    assert found[["model", "baseline", "score"]].iloc[0].tolist() == ["model", "naive", "crps"]
    assert found["forecasts"].item() == 3


def test_skill_against_itself() -> None:
    """It is exactly 0 with an interval of no width, and no target where it is better."""
    scored = table(np.random.default_rng(7).gamma(4.0, 0.01, 200), copies=3)
    found = skill(scored, "model", ["model"], [], seed=1)
    assert (found[["skill", "skill_lower", "skill_upper", "better"]] == 0).all(axis=None)


def test_skill_is_paired() -> None:
    """Half the baseline's score at each target: skill .5 for sure, whatever the targets."""
    crps = np.random.default_rng(8).gamma(1.0, 0.01, 50)
    both = pd.concat([table(crps / 2), table(crps, "naive")])
    found = skill(both, "model", ["naive"], [], seed=1)
    np.testing.assert_allclose(found[["skill", "skill_lower", "skill_upper"]], 0.5, rtol=1e-12)


def test_the_interval_of_skill() -> None:
    """With d = S - r B and r the ratio of means, it is 2 * 1.645 sd(d) / (sqrt(400) mean B) wide.

    That is the delta method for a ratio of paired means, here to 15 %.
    """
    rng = np.random.default_rng(9)
    baseline = rng.gamma(8.0, 0.01, 400)
    model = baseline * rng.uniform(0.4, 1.2, 400)
    both = pd.concat([table(model), table(baseline, "naive")])
    rest = model - model.mean() / baseline.mean() * baseline

    found = skill(both, "model", ["naive"], [], seed=1)

    closed = NORMAL * rest.std() / (np.sqrt(400) * baseline.mean())
    np.testing.assert_allclose(width(found, "skill"), closed, rtol=0.15)


def test_skill_matches_targets_whatever_their_order() -> None:
    """Rows are paired by origin year and target, not by their place in the table."""
    rng = np.random.default_rng(10)
    model, naive = (table(rng.uniform(size=40), name, copies=3) for name in ("model", "naive"))
    ordered = skill(pd.concat([model, naive]), "model", ["naive"], [], seed=1)

    mixed = pd.concat([model, naive.sample(frac=1, random_state=1)], ignore_index=True)

    pd.testing.assert_frame_equal(skill(mixed, "model", ["naive"], [], seed=1), ordered)


def test_skill_by_groups_and_baselines() -> None:
    """A row for each baseline and group, each the skill of that part of the table alone."""
    rng = np.random.default_rng(11)
    names = ("model", "naive", "trend")
    parts = [table(rng.uniform(size=60), name).assign(horizon=[1, 2, 7] * 20) for name in names]
    scored = with_groups(pd.concat(parts))

    found = skill(scored, "model", ["naive", "trend"], ["horizon_group"], seed=1, score="wis")

    assert found["baseline"].tolist() == ["naive"] * 3 + ["trend"] * 3
    assert found["horizon_group"].tolist() == ["1", "2", "6+"] * 2
    alone = skill(scored[scored["horizon"].eq(2)], "model", ["trend"], [], seed=1, score="wis")
    pd.testing.assert_series_equal(
        found.iloc[4].drop("horizon_group"), alone.iloc[0], check_names=False
    )


def test_skill_against_a_perfect_baseline_is_no_number() -> None:
    """Nothing can be better than a baseline without error, and a ratio to it has no sense."""
    both = pd.concat([table([0.1, 0.2]), table([0.0, 0.0], "oracle")])
    found = skill(both, "model", ["oracle"], [], seed=1)
    assert found[["skill", "skill_lower", "skill_upper"]].isna().all(axis=None)
    assert found["better"].item() == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": "log_score"}, "got log_score"),
        ({"baselines": ["other"]}, "a forecaster is one of model, naive; got other"),
        ({"keys": ["field"]}, "got none of \\['field'\\]"),
        ({"cluster": "source"}, "got none of \\['source'\\]"),
    ],
)
def test_skill_refuses_what_it_cannot_compare(change: dict[str, object], said: str) -> None:
    """A score that can be negative, an unknown forecaster and a missing column are named."""
    both = pd.concat([table([0.1, 0.2]), table([0.3, 0.4], "naive")])
    asked = {"model": "model", "baselines": ["naive"], "keys": [], "seed": 1} | change
    with pytest.raises(RunError, match=said):
        skill(both, **asked)


def test_skill_needs_the_same_targets() -> None:
    """A baseline with other targets or fewer is no comparison, nor is a target forecast twice."""
    model = table([0.1, 0.2])
    for other in (table([0.3], "naive"), table([0.3, 0.4], "naive").assign(target=[0, 5])):
        with pytest.raises(RunError, match="same targets from the same origin years"):
            skill(pd.concat([model, other]), "model", ["naive"], [], seed=1)
    twice = table([0.3, 0.4], "naive").assign(target=0)
    with pytest.raises(RunError, match="once from an origin year"):
        skill(pd.concat([model, twice]), "model", ["naive"], [], seed=1)


def test_tables_refuse_what_is_not_a_table_of_scores() -> None:
    """Mixed forecasters, empty tables, empty cells of keys and missing columns are named."""
    both = pd.concat([table([0.1]), table([0.2], "naive")])
    with pytest.raises(RunError, match="forecasters are not mixed"):
        by(both, ["definition"], seed=1)
    with pytest.raises(RunError, match="a row or more; got none"):
        by(both.iloc[:0], ["forecaster"], seed=1)
    with pytest.raises(RunError, match="empty cells in \\['definition'\\]"):
        by(both.assign(definition=None), ["forecaster", "definition"], seed=1)
    with pytest.raises(RunError, match="got none of \\['wis'\\]"):
        by(both.drop(columns="wis"), ["forecaster"], seed=1)
