"""When a lever acts: its start, ramp and end, its own or those of a dated shock."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecast.errors import EvidenceError, StudyError
from forecast.study import Lever

type Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
type Dates = Mapping[str, tuple[int, int | None]]

SECOND_HALF = 7  # the first month that counts for the year to come
MONTHS = 12


def shock_years(shocks: pd.DataFrame) -> dict[str, tuple[int, int | None]]:
    """Return the first and the last year of each shock, no last year where none is dated.

    A shock acts in the years whose first of January is nearest to its dates: one that starts after
    June starts with the next year, one that ends before July ends with the year before. A date
    without a month stands for the beginning of its year.

    Raises
    ------
    EvidenceError
        If a column is missing, a date is none, a shock ends before it starts or stands twice.

    Examples
    --------
    >>> fee = {"shock": ["fee"], "date_start": ["2025-09-21"], "date_end": ["2026-09-21"]}
    >>> shock_years(pd.DataFrame(fee))
    {'fee': (2026, 2026)}
    """
    if missing := sorted({"shock", "date_start", "date_end"} - set(shocks.columns)):
        raise EvidenceError(f"shocks have shock, date_start, date_end; got none of {missing}.")
    found: dict[str, tuple[int, int | None]] = {}
    for name, start, end in shocks[["shock", "date_start", "date_end"]].itertuples(index=False):
        if str(name) in found:
            raise EvidenceError(f"a shock has one row; got {name} twice. Rename one.")
        opens = _parts(name, start)
        closes = None if pd.isna(end) or end == "" else _parts(name, end)
        if closes and closes[: len(opens)] < opens[: len(closes)]:
            got = f"{start} to {end} of {name}"
            raise EvidenceError(f"a shock ends when it has started; got {got}. Mend a date.")
        first = _nearest(opens)
        found[str(name)] = (first, max(_nearest(closes) - 1, first) if closes else None)
    return found


def strength(lever: Lever, years: range, first_active: int, dates: Dates) -> Array:
    """Return how far a lever is in force in each year, 0 to 1.

    Raises
    ------
    StudyError
        If its shock is unknown, or it ends before it may act.

    Examples
    --------
    >>> lever = Lever(lever="inflow", group="CHN", multiplier=0.8, start=2021, ramp=2, end=2023)
    >>> strength(lever, range(2020, 2025), 2020, {}).tolist()
    [0.0, 0.5, 1.0, 1.0, 0.0]
    """
    start, end = _span(lever, dates)
    begin = max(start, first_active)
    if end < begin:
        rule = f"a lever that may act from {begin} on ends then or later"
        way = "Move its end, or refit the history."
        raise StudyError(f"{rule}; got {lever.lever} until {end}. {way}")
    year = np.array(years)
    grown = (year - begin + 1) / max(lever.ramp, 1)
    return np.where((year >= begin) & (year <= end), np.clip(grown, 0.0, 1.0), 0.0)


def _span(lever: Lever, dates: Dates) -> tuple[int, int]:
    if lever.shock is None:
        return lever.years
    if lever.shock not in dates:
        known = ", ".join(dates) or "none, as [share] names no table of shocks"
        raise StudyError(f"a shock is one of {known}; got {lever.shock!r}. Name one of them.")
    first, last = dates[lever.shock]
    return max(first, lever.years[0]), lever.years[1] if last is None else last


def _parts(name: object, date: object) -> list[int]:
    """Return year, month and day, as far as they are given, of a date like 2025-09-21."""
    parts = str(date).split(".")[0].split("-")
    sound = all(part.isdigit() for part in parts) and len(parts[0]) == len("2025")
    numbers = [int(part) for part in parts] if sound else []
    if not sound or not 1 <= (numbers[1] if len(numbers) > 1 else 1) <= MONTHS:
        raise EvidenceError(f"a shock is dated like 2025-09-21; got {date!r} of {name}. Mend it.")
    return numbers


def _nearest(parts: list[int]) -> int:
    """Return the year that begins nearest to a date; without a month it is the year's beginning."""
    return parts[0] + (len(parts) > 1 and parts[1] >= SECOND_HALF)
