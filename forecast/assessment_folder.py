"""The folder of a study's assessment: one folder a part, stamped with what it depends on.

assessments/<study>/<part>/part.json says the stamp, the checks and how the part was made; its
tables are CSV files beside it. assessments/<study>/jobs/ keeps the results of single fits.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from forecast.assess import Assessment, Check, Part
from forecast.errors import RunError
from forecast.provenance import hashes
from forecast.run_folder import write_table
from forecast.study import Study

HOME = Path("assessments")
RECORD, JOBS = "part.json", "jobs"
PARTS = ("backtest", "calibration", "criticism", "sensitivity")


class Record(BaseModel):
    """What part.json says: the stamp a part depends on, its tables, how it was made, its checks."""

    study: str
    stamp: str
    tables: list[str]
    made: dict[str, str | int | float]
    checks: tuple[Check, ...]


def folder_of(study: Study, folder: Path | None = None) -> Path:
    """Return the folder of a study's assessment."""
    return HOME / study.name if folder is None else folder


def stamp_of(study: Study, asked: Mapping[str, object] | None = None) -> str:
    """Return a digest of the study, its tables, and what was asked.

    Paths and titles do not count where the study's text does not hold them.
    """
    facts = json.dumps([hashes(study), dict(asked or {})], sort_keys=True, default=str)
    return hashlib.sha256(facts.encode()).hexdigest()


def save_part(part: Part, study: Study, folder: Path) -> Path:
    """Write a part beside the others; return its folder."""
    place = folder / part.name
    place.mkdir(parents=True, exist_ok=True)
    for name, table in part.tables.items():
        write_table(table, place / f"{name}.csv")
    record = Record(
        study=study.name,
        stamp=stamp_of(study),
        tables=list(part.tables),
        made=dict(part.made),
        checks=part.checks,
    )
    (place / RECORD).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return place


def load_assessment(study: Study, folder: Path | None = None) -> Assessment:
    """Return the parts of a study's assessment; those of another text or table are stale.

    Raises
    ------
    RunError
        If a record of a part cannot be read.
    """
    parts, stale = {}, []
    for name in PARTS:
        path = folder_of(study, folder) / name / RECORD
        if not path.is_file():
            continue
        record = _read(path)
        if record.stamp != stamp_of(study):
            stale.append(name)
            continue
        files = {table: path.parent / f"{table}.csv" for table in record.tables}
        tables = {table: _table(file) for table, file in files.items() if file.is_file()}
        parts[name] = Part(name, tables, record.checks, record.made)
    return Assessment(parts, tuple(stale))


def _read(path: Path) -> Record:
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        rule = "the record of an assessment is a file that stayrate wrote"
        raise RunError(f"{rule}; got {path}, which is not. Make the part again.") from error


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])
