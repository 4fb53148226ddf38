"""A run folder: written beside its place, then moved there whole."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from forecast.errors import RunError

MARK = "run.json"


@contextmanager
def run_folder(target: Path) -> Iterator[Path]:
    """Give a folder to write into; move it to ``target`` if all went well, else delete it.

    An earlier run at ``target`` stays as it is until the new one is complete.

    Raises
    ------
    RunError
        If ``target`` is something else than an earlier run, or cannot be written.
    """
    check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    except OSError as error:
        raise RunError(
            f"a run writes into its folder; got {target}: {error}. Choose --out."
        ) from error
    try:
        yield part
        part.chmod(0o777 & ~_umask())
        _swap(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_target(target: Path) -> None:
    """Refuse a folder that holds something else than an earlier run."""
    if (
        target.exists()
        and not (target / MARK).is_file()
        and (not target.is_dir() or any(target.iterdir()))
    ):
        raise RunError(
            f"--out names a new, empty or earlier run folder; got {target}. Choose another."
        )


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: UTF-8, LF, six significant digits."""
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _swap(part: Path, target: Path) -> None:
    """Put ``part`` in the place of ``target``; on a failure ``target`` comes back."""
    if not target.exists():
        part.rename(target)
        return
    old = part.with_suffix(".old")
    target.rename(old)
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
