"""The results: one row a contender and table, kept in a JSON file, merged run by run."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """A contender on a table: times in seconds, what its draws are worth, where it was made.

    ``cold`` is the first fit from the start of its process, ``warm`` the second in the same
    process. None stands for what was not reached.
    """

    contender: str
    table: str
    status: str
    date: str
    limit: float
    cold: float | None = None
    warm: float | None = None
    memory_mb: float | None = None
    chains: int | None = None
    draws: int | None = None
    ess_scales: float | None = None
    ess_cells: float | None = None
    rhat: float | None = None
    rmse: float | None = None
    coverage: float | None = None
    ess_scales_per_second: float | None = None
    ess_cells_per_second: float | None = None
    machine: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What one row of the results is about."""
        return self.contender, self.table

    @property
    def measured(self) -> bool:
        """Whether the row says anything of the contender: it ran, or was stopped, or failed."""
        return not self.status.startswith(("not installed", "not available"))


def row(contender: str, table: str, report: Mapping[str, Any], made: Mapping[str, Any]) -> Row:
    """Return the row of a child's report; ``made``: its date, its limit and its machine."""
    told = dict(report)
    wall = told.get("warm") or told.get("cold")
    if wall and "ess_scales" in told:
        told["ess_scales_per_second"] = told["ess_scales"] / wall
        told["ess_cells_per_second"] = told["ess_cells"] / wall
    return Row(contender=contender, table=table, **told, **made)


def merge(old: Iterable[Row], new: Iterable[Row]) -> tuple[Row, ...]:
    """Return the old rows with the new ones in their places; others stay.

    A contender that was not there to run leaves the figures it had.
    """
    rows = {one.key: one for one in old}
    for one in new:
        if one.measured or one.key not in rows or not rows[one.key].measured:
            rows[one.key] = one
    return tuple(rows.values())


def load(path: Path) -> tuple[Row, ...]:
    """Return the rows of a results file, none if there is no file."""
    if not path.is_file():
        return ()
    known = {one.name for one in fields(Row)}
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return tuple(Row(**{k: v for k, v in one.items() if k in known}) for one in rows)


def save(rows: Iterable[Row], path: Path) -> None:
    """Write the rows; the file is replaced whole."""
    part = path.with_suffix(".part")
    text = json.dumps({"rows": [asdict(one) for one in rows]}, indent=1) + "\n"
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)
