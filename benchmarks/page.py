"""The page of the results: `results.md`, from rows alone."""

from collections.abc import Iterable, Sequence

from benchmarks.entries import ENTRIES, NAMES
from benchmarks.growth import growths
from benchmarks.results import Row
from benchmarks.table_names import SHIPPED
from benchmarks.words import ABOUT, COLUMNS, CONTEXT, GROWTH

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SECONDS_WITH_TENTHS = 100
COLD_WALL = "†"  # marks a figure a second that is of the first fit
HEAD = (
    *("contender", "first fit, s", "second fit, s", "draws", "ESS scales", "ESS cells"),
    *("ESS scales / s", "ESS cells / s", "RMSE", "coverage", "R-hat", "memory, MB", "run"),
)


def page(rows: Iterable[Row]) -> str:
    """Return the page."""
    shown = sorted(rows, key=_place)
    runs = _runs(shown)
    parts = [ABOUT]
    for table in dict.fromkeys([*SHIPPED, *(one.table for one in shown)]):
        own = [one for one in shown if one.table == table]
        if own and not _only_grows(own):
            parts += [f"## Table `{table}`", _table(HEAD, [_cells(one, runs) for one in own])]
    parts += [COLUMNS, _contenders(), CONTEXT, _growth(shown, runs), _surroundings(runs)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _place(one: Row) -> tuple[int, str]:
    """Return the place of a row: that of its contender in the list."""
    known = one.contender in NAMES
    return (NAMES.index(one.contender) if known else len(NAMES), one.contender)


def _only_grows(rows: Sequence[Row]) -> bool:
    """Whether rows belong to the section on growth alone."""
    grown = {point.key for growth in growths(rows) for _, point in growth.points}
    return all(one.key in grown for one in rows)


def _cells(one: Row, runs: dict[str, str]) -> list[str]:
    """Return the cells of a row of a table."""
    mark = COLD_WALL if one.warm is None else ""
    return [
        one.contender,
        *_times(one),
        _show(one.draws, "{:,}"),
        _show(one.ess_scales, "{:,.0f}"),
        _show(one.ess_cells, "{:,.0f}"),
        _show(one.ess_scales_per_second, "{:.3g}" + mark),
        _show(one.ess_cells_per_second, "{:.3g}" + mark),
        _show(one.rmse, "{:.4f}"),
        _show(one.coverage, "{:.3f}"),
        _show(one.rhat, "{:.3f}"),
        _show(one.memory_mb, "{:,.0f}"),
        runs[surroundings(one)],
    ]


def _times(one: Row) -> tuple[str, str]:
    """Return the two times; what was not reached says why."""
    if one.cold is None:
        return one.status, "-"
    return seconds(one.cold), one.status if one.warm is None else seconds(one.warm)


def seconds(value: float) -> str:
    """Return a time as tables show it.

    Examples
    --------
    >>> seconds(2.34), seconds(196.8)
    ('2.3', '197')
    """
    return f"{value:.1f}" if value < SECONDS_WITH_TENTHS else f"{value:,.0f}"


def _show(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_clean, line)) + " |" for line in lines)


def _clean(cell: str) -> str:
    return cell.replace("|", "/")


def _contenders() -> str:
    lines = [f"- **{one.name}**{' (peer)' if one.peer else ''}: {one.about}" for one in ENTRIES]
    return "## Contenders\n\n" + "\n".join(lines)


def _growth(rows: Sequence[Row], runs: dict[str, str]) -> str:
    """Return the section on growth, nothing where no point was run."""
    parts = []
    for growth in growths(rows):
        if growth.points:
            head = (growth.of, "table", "first fit, s", "second fit, s", "memory, MB", "run")
            lines = [
                (
                    f"{size:,}",
                    one.table,
                    *_times(one),
                    _show(one.memory_mb, "{:,.0f}"),
                    runs[surroundings(one)],
                )
                for size, one in growth.points
            ]
            parts += [_table(head, lines), growth.sentence()]
    return "\n\n".join(["## Growth", GROWTH, *parts]) if parts else ""


def surroundings(one: Row) -> str:
    """Return the date, the machine and the versions of a row in one line."""
    where = ", ".join(f"{key} {value}" for key, value in one.machine.items())
    versions = ", ".join(f"{key} {value}" for key, value in one.versions.items())
    return f"{one.date}; {where}; {versions or 'versions unknown'}"


def _runs(rows: Sequence[Row]) -> dict[str, str]:
    """Return a letter for each of the surroundings that rows were made in."""
    distinct = dict.fromkeys(surroundings(one) for one in rows)
    many = len(distinct) > len(LETTERS)
    return {text: str(i + 1) if many else LETTERS[i] for i, text in enumerate(distinct)}


def _surroundings(runs: dict[str, str]) -> str:
    if not runs:
        return ""
    return "## Runs\n\n" + "\n".join(f"- **{letter}**: {text}" for text, letter in runs.items())
