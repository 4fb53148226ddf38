"""Where a run comes from: versions, hashes of study and data, the command to repeat it."""

import hashlib
import platform
from importlib import metadata

from forecast.evidence import read_table
from forecast.study import Study, study_hash

PACKAGES = ("stayrate", "pymc", "pytensor", "nutpie", "arviz", "xarray", "numpy", "scipy", "pandas")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        found[name] = metadata.version(name)
    return found


def table_names(study: Study) -> list[str]:
    """Return the names of the tables that a study reads."""
    names = [study.evidence.table, study.evidence.sizes]
    if study.share is not None:
        names += [study.share.evidence, study.share.domestic]
        names += [] if study.share.shocks is None else [study.share.shocks]
    return names


def hashes(study: Study) -> dict[str, str]:
    """Return the SHA-256 of the study's text and of the content of each table it reads."""
    found = {"study": study_hash(study)}
    for name in table_names(study):
        text = read_table(name, study.folder).to_csv(index=False)
        found[name] = hashlib.sha256(text.encode()).hexdigest()
    return found
