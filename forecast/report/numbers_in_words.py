"""Numbers as a reader meets them: percent, intervals, probabilities, counts. One home for all."""

import math
from collections.abc import Sequence

THIN = "\u202f"  # narrow no-break space
MINUS = "\u2212"
KINDS = {"eti": "equal-tailed", "hdi": "highest-density"}
MOST_DECIMALS = 2  # of a percentage
RARE = 0.001  # a probability below it is told as one in so many
EVEN = 0.5
WHOLE = (0.0995, 0.9005)  # probabilities between are told in whole percent
PLAIN = (1e-4, 1e6)  # numbers between are written without exponent
MINUTE = 60
LEAST_POINTS = 5e-3  # a smaller difference is told as none
SMALL_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def percent(value: float, digits: int = 0) -> str:
    """Return a rate as a percentage; 0 % and 100 % are kept for exact values.

    Examples
    --------
    >>> [percent(x).replace(THIN, " ") for x in (0.834, 0.996, 0.004, 0.0)]
    ['83 %', '99.6 %', '0.4 %', '0 %']
    """
    return f"{_bare_percent(value, digits)}{THIN}%"


def _bare_percent(value: float, digits: int = 0) -> str:
    if not math.isfinite(value):
        return "–"
    text = f"{100 * value:.{digits}f}"
    looks_exact = float(text) in (0.0, 100.0) and value not in (0.0, 1.0)
    if not looks_exact:
        return text
    if digits < MOST_DECIMALS:
        return _bare_percent(value, digits + 1)
    return "<0.01" if value < EVEN else ">99.99"


def percent_range(lower: float, upper: float) -> str:
    """Return an interval of rates; a decimal is added where both ends round to one number.

    Examples
    --------
    >>> percent_range(0.751, 0.899).replace(THIN, " ")
    '75–90 %'
    >>> percent_range(0.751, 0.752).replace(THIN, " ")
    '75.1–75.2 %'
    """
    digits = 0
    while digits < MOST_DECIMALS and _bare_percent(lower, digits) == _bare_percent(upper, digits):
        digits += 1
    return f"{_bare_percent(lower, digits)}–{_bare_percent(upper, digits)}{THIN}%"


def interval_kind(prob: float, kind: str) -> str:
    """Say what an interval is.

    Examples
    --------
    >>> interval_kind(0.9, "eti").replace(THIN, " ")
    '90 % equal-tailed interval'
    """
    return f"{100 * prob:g}{THIN}% {KINDS.get(kind, kind)} interval"


def probability_in_words(value: float, mcse: float) -> str:
    """Return a probability estimated from draws; none or all of the draws become a bound.

    The bound is three Monte Carlo standard errors, rounded outward.

    Examples
    --------
    >>> words = [probability_in_words(*x) for x in ((0, 0.0002), (1, 0.0002), (0.00035, 0.0001))]
    >>> words
    ['under 1 in 1,000', 'over 999 in 1,000', 'about 1 in 3,000']
    >>> [probability_in_words(x, 0.001).replace(THIN, " ") for x in (0.0123, 0.37, 0.99965)]
    ['1.2 %', '37 %', 'about 2,999 in 3,000']
    """
    if not math.isfinite(value):
        return "unknown"
    if value in (0.0, 1.0):
        if not (math.isfinite(mcse) and mcse > 0):
            return "no draw of the sample" if value == 0 else "every draw of the sample"
        odds = _round_down(1 / min(3 * mcse, 1.0))
        return f"under 1 in {odds:,}" if value == 0 else f"over {odds - 1:,} in {odds:,}"
    if min(value, 1 - value) < RARE:
        odds = _round_nearest(1 / min(value, 1 - value))
        return f"about 1 in {odds:,}" if value < EVEN else f"about {odds - 1:,} in {odds:,}"
    return percent(value, 0 if WHOLE[0] <= value <= WHOLE[1] else 1)


def _round_down(value: float) -> int:
    """Round down to one significant digit, at least 2."""
    step = 10 ** math.floor(math.log10(value)) if value >= 1 else 1
    return max(int(value // step * step), 2)


def _round_nearest(value: float) -> int:
    """Round to one significant digit."""
    step = 10 ** math.floor(math.log10(value))
    return int(round(value / step) * step)


def points(value: float) -> str:
    """Return a difference of rates in percentage points, two significant digits below one.

    Examples
    --------
    >>> [points(x) for x in (0.031, 0.00154, 0.01)]
    ['3.1 points', '0.15 points', '1 point']
    """
    number = 100 * value
    text = f"{number:.1f}" if abs(number) >= 1 else f"{number:.2g}"
    text = text.removesuffix(".0")
    return f"{text} point" if text == "1" else f"{text} points"


def signed_points(value: float) -> str:
    """Return a difference of rates as a signed number of percentage points, without the unit.

    Examples
    --------
    >>> [signed_points(x).replace(MINUS, "-") for x in (0.031, -0.00154, 0.0)]
    ['+3.1', '-0.15', '0']
    """
    if not math.isfinite(value):
        return "–"
    number = 100 * value
    if abs(number) < LEAST_POINTS:
        return "0"
    sign = "+" if number > 0 else MINUS
    return f"{sign}{abs(number):.1f}" if abs(number) >= 1 else f"{sign}{abs(number):.2f}"


def chance_in_draws(value: float, draws: int) -> str:
    """Return which part of the draws it is, as a count where few of them are left.

    Examples
    --------
    >>> [chance_in_draws(x, 4000).replace(THIN, " ") for x in (0.0, 0.0005, 0.8)]
    ['none of 4,000 draws', '2 of 4,000 draws', '80 % of 4,000 draws']
    """
    if value == 0:
        return f"none of {draws:,} draws"
    if value == 1:
        return f"all of {draws:,} draws"
    if value < RARE * 10:
        return f"{round(value * draws):,} of {draws:,} draws"
    return f"{percent(value)} of {draws:,} draws"


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> count(1, "row"), count(1499, "row"), count(0, "row")
    ('1 row', '1,499 rows', 'no rows')
    """
    noun = singular if number == 1 else plural or f"{singular}s"
    return f"{number:,} {noun}" if number else f"no {noun}"


def small_number(number: int) -> str:
    """Return a small count as a word.

    Examples
    --------
    >>> small_number(6), small_number(12)
    ('six', '12')
    """
    return SMALL_WORDS[number] if number < len(SMALL_WORDS) else f"{number:,}"


def significant(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, no exponent between 0.0001 and a million.

    Examples
    --------
    >>> [significant(x) for x in (0.012345, 1234.5, None)]
    ['0.0123', '1,234', '–']
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if not PLAIN[0] <= abs(value) < PLAIN[1]:
        return f"{value:.{digits - 1}e}".replace("e-0", "e-").replace("e+0", "e")
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{decimals}f}"


def duration(seconds: float) -> str:
    """Return a time span.

    Examples
    --------
    >>> duration(4.24), duration(95)
    ('4.2 s', '1 min 35 s')
    """
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    return f"{int(round(seconds) // MINUTE)} min {int(round(seconds) % MINUTE)} s"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    *most, final = words
    return f"{', '.join(most)} {last} {final}" if most else final
