"""Which rows a study reads, and how totals give way to the remainders of their parts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.evidence.select import COMPLETE, CONTRADICTED, REPLACED, select
from forecast.study.schema import EvidenceSpec

ROW = {
    "source": "A",
    "definition": "resident",
    "field": "ALL",
    "cohort_start": 2010.0,
    "cohort_end": 2010.0,
    "years_since": 5.0,
    "observed_year": np.nan,
    "n": np.nan,
    "n_kind": "census",
    "se": np.nan,
    "rounding": np.nan,
}


def spec(rest: str | None = "other") -> EvidenceSpec:
    return EvidenceSpec(
        table="t",
        sizes="s",
        origins=("north", "east"),
        rest=rest,
        fields=("alpha", "beta"),
        groups={"both": ("beta", "alpha")},
        cohorts=(2000, 2020),
        as_of=2026,
    )


def rows(*cells: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([ROW | cell for cell in cells])


def test_a_total_leaves_the_remainder_of_its_parts():
    """1000 people at 0.70, less 400 at 0.90 and 100 at 0.50, leave 500 others at 0.58."""
    table = rows(
        {"origin": "ALL", "rate": 0.70, "n": 1000.0, "rounding": 0.01, "se": 0.02},
        {"origin": "north", "rate": 0.90, "n": 400.0, "rounding": 0.01},
        {"origin": "east", "rate": 0.50, "n": 100.0, "rounding": 0.01},
    )
    kept, out = select(table, spec())
    left = kept.loc[0]
    assert (left["origin"], left["origins"]) == ("ALL except east north", ("other",))
    assert kept["derived"].tolist() == [True, False, False]
    np.testing.assert_allclose(left["n"], 500)
    np.testing.assert_allclose(left["rate"], (700 - 360 - 50) / 500)
    np.testing.assert_allclose(left["rounding"], np.sqrt(10**2 + 4**2 + 1**2) / 500)
    np.testing.assert_allclose(left["se"], 0.02 * 1000 / 500)
    assert out["reason"].to_dict() == {0: REPLACED}
    assert kept.dtypes[table.columns].tolist() == table.dtypes.tolist()


def test_the_remainder_holds_the_origins_that_are_not_listed():
    """With one origin listed, the remainder speaks of the other one and the rest."""
    table = rows(
        {"origin": "ALL", "rate": 0.7, "n": 1000.0}, {"origin": "north", "rate": 0.9, "n": 400.0}
    )
    kept, _ = select(table, spec())
    assert kept.loc[0, "origins"] == ("east", "other")


@pytest.mark.parametrize(
    ("rest", "n", "rate", "reason"),
    [
        ("other", 505.0, 0.82, COMPLETE),  # one in a hundred is left: noise
        (None, 1000.0, 0.70, COMPLETE),  # nobody is left whom the study knows
        ("other", 300.0, 0.70, CONTRADICTED),  # fewer than the parts
        ("other", 1000.0, 0.20, CONTRADICTED),  # the others would stay at a rate below 0
    ],
)
def test_a_total_without_a_remainder_is_dropped(rest, n, rate, reason):
    """A total whose parts are complete, or that cannot be true beside them, is not used."""
    table = rows(
        {"origin": "ALL", "rate": rate, "n": n},
        {"origin": "north", "rate": 0.90, "n": 400.0},
        {"origin": "east", "rate": 0.50, "n": 100.0},
    )
    kept, out = select(table, spec(rest))
    assert kept["origin"].tolist() == ["north", "east"]
    assert out["reason"].to_dict() == {0: reason}


@pytest.mark.parametrize(
    "other",
    [
        {"n": np.nan},
        {"source": "B"},
        {"cohort_end": 2011.0},
        {"years_since": 6.0},
        {"n_kind": "survey"},
        {"field": "alpha"},
        {"population": "visa holders"},
    ],
)
def test_only_a_total_of_the_same_people_is_replaced(other):
    """A total without n, or of another source, window, age, field or population, stays."""
    table = rows({"origin": "ALL", "rate": 0.7, "n": 1000.0}, {"origin": "north", "rate": 0.9})
    table = table.assign(population="all", n=[1000.0, 400.0])
    table.loc[0, list(other)] = list(other.values())
    kept, out = select(table, spec())
    assert kept["origin"].tolist() == ["ALL", "north"]
    assert kept.loc[0, "origins"] == ("north", "east", "other")
    assert out.empty


def test_each_row_is_used_or_left_out_with_its_reason():
    """A strange origin or field and cohorts outside the study are told; the rest is a label."""
    table = rows(
        {"origin": "north", "rate": 0.5},
        {"origin": "mars", "rate": 0.5},
        {"origin": "north", "rate": 0.5, "field": "gamma"},
        {"origin": "north", "rate": 0.5, "cohort_start": 1999.0},
        {"origin": "north", "rate": 0.5, "cohort_end": 2021.0},
        {"origin": "other", "rate": 0.5, "field": "both"},
    )
    kept, out = select(table, spec())
    assert kept.index.tolist() == [0, 5]
    assert kept["fields"].tolist() == [("alpha", "beta"), ("beta", "alpha")]
    assert out["reason"].to_dict() == {
        1: "its origin is no label of this study (the rest holds it)",
        2: "its field is no label or group of this study",
        3: "its cohorts lie outside this study",
        4: "its cohorts lie outside this study",
    }
    assert select(table, spec(None))[1].loc[1, "reason"] == "its origin is no label of this study"


people = st.integers(1, 5000)


@settings(max_examples=40, deadline=None)
@given(st.tuples(people, people, people), st.data())
def test_people_are_conserved(n, data):
    """Parts and remainder have the people and the stayers of the total, whatever they are."""
    stayers = [data.draw(st.integers(0, k)) for k in n]
    total = {"origin": "ALL", "rate": sum(stayers) / sum(n), "n": float(sum(n))}
    parts = [
        {"origin": origin, "rate": stayers[i] / n[i], "n": float(n[i])}
        for i, origin in enumerate(("north", "east"))
    ]
    kept, out = select(rows(total, *parts), spec())
    if out["reason"].tolist() == [REPLACED]:
        np.testing.assert_allclose(kept["n"].sum(), sum(n))
        np.testing.assert_allclose((kept["n"] * kept["rate"]).sum(), sum(stayers))
        np.testing.assert_allclose(kept.loc[0, "rate"], stayers[2] / n[2], atol=1e-9)
    else:
        assert len(kept) == 2
        assert out["reason"].isin([COMPLETE, CONTRADICTED]).all()
