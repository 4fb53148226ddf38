"""When levers act: start, ramp and end, their own or those of dated shocks."""

import numpy as np
import pandas as pd
import pytest

from forecast.errors import EvidenceError, StudyError
from forecast.evidence import read_table
from forecast.share.lever_years import shock_years, strength
from forecast.study import Lever


def strengths(first=1900, dates=None, years=range(2020, 2028), **keys):
    keys = {"lever": "inflow", "group": "north", "multiplier": 0.5} | keys
    return strength(Lever(**keys), years, first, dates or {}).tolist()


def shocks_of(start, end):
    return pd.DataFrame({"shock": ["S"], "date_start": [start], "date_end": [end]})


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, [1] * 8),
        ({"start": 2023}, [0, 0, 0, 1, 1, 1, 1, 1]),
        ({"end": 2021}, [1, 1, 0, 0, 0, 0, 0, 0]),
        ({"start": 2022, "end": 2022}, [0, 0, 1, 0, 0, 0, 0, 0]),
        ({"start": 2022, "ramp": 1}, [0, 0, 1, 1, 1, 1, 1, 1]),
        ({"start": 2022, "ramp": 4}, [0, 0, 0.25, 0.5, 0.75, 1, 1, 1]),
        ({"start": 2018, "ramp": 4}, [0.75, 1, 1, 1, 1, 1, 1, 1]),
        ({"start": 2022, "ramp": 4, "end": 2023}, [0, 0, 0.25, 0.5, 0, 0, 0, 0]),
        ({"start": 2020, "ramp": 2, "first": 2023}, [0, 0, 0, 0.5, 1, 1, 1, 1]),
        ({"multiplier": None, "hold": 2022}, [0, 0, 0, 1, 1, 1, 1, 1]),
        ({"multiplier": None, "hold": 2022, "start": 2025}, [0, 0, 0, 0, 0, 1, 1, 1]),
    ],
)
def test_a_lever_is_in_force_from_its_start_to_its_end(keys, expected):
    """Equal steps over the ramp from the first year it may act, nothing after its end."""
    assert strengths(**keys) == expected


def test_a_shock_gives_the_years():
    """A lever with a shock acts in its years, a shock without end for ever, and ramps up too."""
    dates = {"ban": (2022, 2024), "open": (2024, None)}
    assert strengths(dates=dates, shock="ban") == [0, 0, 1, 1, 1, 0, 0, 0]
    assert strengths(dates=dates, shock="open", ramp=2) == [0, 0, 0, 0, 0.5, 1, 1, 1]
    assert strengths(dates=dates, shock="ban", first=2023) == [0, 0, 0, 1, 1, 0, 0, 0]


def test_a_shock_does_not_hold_what_is_still_to_come():
    """A lever that holds a year acts after that year, whatever the dates of its shock."""
    held = {"multiplier": None, "hold": 2022}
    assert strengths(dates={"ban": (2021, 2024)}, shock="ban", **held) == [0, 0, 0, 1, 1, 0, 0, 0]
    with pytest.raises(StudyError, match="a lever that may act from 2023 on ends then or later"):
        strengths(dates={"ban": (2020, 2022)}, shock="ban", **held)


def test_a_lever_that_can_never_act_is_refused():
    """A lever that ends within the kept history is named with the way out, and so is a shock."""
    with pytest.raises(StudyError, match="from 2023 on ends then or later; got inflow until 2022"):
        strengths(first=2023, end=2022)
    with pytest.raises(StudyError, match="refit the history"):
        strengths(first=2023, dates={"ban": (2020, 2021)}, shock="ban")


def test_an_unknown_shock_is_refused():
    """A shock that the table does not list is named beside those that it lists."""
    with pytest.raises(StudyError, match=r"a shock is one of ban, open; got 'bann'\."):
        strengths(dates={"ban": (2022, 2023), "open": (2024, None)}, shock="bann")
    with pytest.raises(StudyError, match=r"none, as \[share\] names no table of shocks"):
        strengths(shock="ban")


@pytest.mark.parametrize(
    ("start", "end", "years"),
    [
        ("2018-11-01", "2022-02-23", (2019, 2021)),
        ("2018", None, (2018, None)),
        ("2018", "", (2018, None)),
        ("2018.0", np.nan, (2018, None)),
        ("2018-06-11", None, (2018, None)),
        ("2018-06-30", "2018-07-01", (2018, 2018)),
        ("2018-07-01", "2019-06-30", (2019, 2019)),
        ("2020-02-03", "2021-05-04", (2020, 2020)),
        ("2025-09-19", "2026-09-21", (2026, 2026)),
        ("2018-11", "2020-07", (2019, 2020)),
        ("2018", "2021", (2018, 2020)),
        ("2025-05-27", "2025-06-20", (2025, 2025)),
    ],
)
def test_a_shock_acts_in_the_years_it_covers_most_of(start, end, years):
    """Years begin in January: dates of the second half belong to the year that follows."""
    assert shock_years(shocks_of(start, end)) == {"S": years}


@pytest.mark.parametrize("date", ["", "soon", "18-11-01", "2018/11/01", "2018-13", "2018-00", None])
def test_what_is_no_date_is_refused(date):
    """A date that cannot be read is named with its shock."""
    with pytest.raises(EvidenceError, match=r"dated like 2025-09-21; got .* of S\. Mend it"):
        shock_years(shocks_of(date, None))


def test_a_table_without_dates_is_refused():
    """Missing columns are named."""
    with pytest.raises(EvidenceError, match="got none of \\['date_end', 'date_start'\\]"):
        shock_years(pd.DataFrame({"shock": ["S"]}))


def test_the_shipped_shocks_are_dated():
    """Each shipped shock has its years: the China Initiative, for one, acted from 2019 to 2021."""
    dates = shock_years(read_table("shocks"))
    assert dates["SH02"] == (2018, None)
    assert dates["SH03"] == (2019, 2021)
    assert all(last is None or first <= last for first, last in dates.values())
