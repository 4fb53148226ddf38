"""Promises about installing: the same dependencies everywhere, a set-up that explains itself."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import rattler
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]

# PyPI name -> conda-forge name, where they differ. The -base packages are those without the
# optional parts (a Qt window, other data frames) that the PyPI packages leave out as well.
CONDA_NAMES = {
    "build": "python-build",
    "matplotlib": "matplotlib-base",
    "pandera": "pandera-base",
}
# venv brings pip, and pyproject.toml names Python as requires-python
ONLY_CONDA = {"python", "pip"}

CONDA_LINE = re.compile(r"^  - (?P<spec>(?P<name>[a-z0-9-]+)(?: (?P<bounds>\S+))?)$")
PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: \\\n {4}--hash=sha256:[0-9a-f]{64})+$",
    re.MULTILINE,
)


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wanted() -> dict[str, SpecifierSet]:
    """Name and bounds of each dependency of pyproject.toml, those of development too."""
    lines = [*project()["dependencies"], *project()["optional-dependencies"]["dev"]]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in requirements}


def conda_lines() -> dict[str, re.Match[str]]:
    """Match of each dependency line of environment.yml, by conda name."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    body = text.split("\ndependencies:\n", 1)[1]
    lines = [
        line for line in body.splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    matches = [CONDA_LINE.match(line) for line in lines]
    bad = [line for line, match in zip(lines, matches, strict=True) if match is None]
    assert not bad, f"environment.yml: not '  - name bounds': {bad}"
    return {match["name"]: match for match in matches if match}


def pins() -> dict[str, Version]:
    """Exact version of each package in requirements.lock that has at least one hash."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {canonicalize_name(m["name"]): Version(m["version"]) for m in PIN.finditer(text)}


def test_each_dependency_is_bounded_on_both_sides():
    """Each dependency is bounded below (older lacks what we use) and above (newer may break)."""
    for name, bounds in wanted().items():
        operators = {specifier.operator for specifier in bounds}
        assert operators == {">=", "<"}, f"pyproject.toml: {name} {bounds}"


def test_environment_yml_names_the_dependencies_of_pyproject():
    """Users of conda and pip get the same packages: equal bounds; CONDA_NAMES says what differs."""
    conda = {
        name: SpecifierSet(match["bounds"] or "")
        for name, match in conda_lines().items()
        if name not in ONLY_CONDA
    }
    assert conda == {CONDA_NAMES.get(name, name): bounds for name, bounds in wanted().items()}


def test_environment_yml_asks_for_the_python_of_pyproject():
    """Users of conda and pip need the same Python."""
    assert conda_lines()["python"]["bounds"] == project()["requires-python"]


def test_environment_yml_is_written_in_conda_syntax():
    """A strict conda parser reads each line and finds the name that we mean."""
    for name, match in conda_lines().items():
        spec = rattler.MatchSpec(match["spec"], strict=True)
        assert spec.name is not None
        assert name in str(spec.name)


def test_environment_yml_uses_conda_forge_alone():
    """Two channels in one environment mix builds that do not fit each other."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert re.findall(r"^channels:\n((?:  - .*\n)+)", text, re.MULTILINE) == ["  - conda-forge\n"]
    assert "::" not in text


def test_lock_pins_each_dependency_inside_its_bounds():
    """The locked environment is one that pyproject.toml allows, and nothing is left to chance."""
    pinned = pins()
    for name, bounds in wanted().items():
        assert name in pinned, f"requirements.lock has no hashed pin of {name}"
        assert pinned[name] in bounds, f"{name} {pinned[name]} is outside {bounds}"


def test_lock_has_a_hash_for_each_line():
    """Each package line is a pin with its hashes: pip refuses a lock with one line without."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    rest = [line for line in PIN.sub("", text).splitlines() if line and "#" not in line.split()[0]]
    assert rest == []


def test_lock_names_no_place():
    """The lock says what to install, never from where: an index or a path belongs to a machine."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "http" not in text
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE), "an option such as --index-url"
    assert not re.search(r"\b[\w-]+\.(?:org|com|net|io)\b", text), "a host name"
    assert not re.search(r"(?:^|\s)/\w", text, re.MULTILINE), "an absolute path"


def test_makefile_has_the_targets_on_one_page():
    """Each command of the project is a target, in a file that can be read at a glance."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    targets = {line.split(":")[0] for line in lines if re.match(r"[a-z]+:", line)}
    assert targets == {"help", "setup", "run", "test", "lint", "bench", "build"}


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make_setup(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run `make setup PYTHON=python` in a copy of what it needs."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", "setup", f"PYTHON={python}"],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def own_words(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What the Makefile said on stderr, less the line with which make itself ends."""
    return [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]


@needs_make
@pytest.mark.parametrize("old", ["2.7", "3.9", "3.11"])
def test_setup_with_an_old_python_says_so_in_one_sentence(tmp_path: Path, old: str):
    """An old Python costs a reader one sentence, with the version found and the way out: exit 2."""
    fake = tmp_path / "oldpython"
    fake.write_text(f"#!/bin/sh\necho {old}\n", encoding="utf-8")
    fake.chmod(0o755)
    result = make_setup(tmp_path, str(fake))
    assert result.returncode == 2
    assert own_words(result) == [
        f'stayrate needs Python 3.12 or newer, and "{fake}" is {old}: '
        'install it, or name one with "make setup PYTHON=python3.13".'
    ]
    assert not (tmp_path / ".venv").exists()


@needs_make
def test_setup_without_a_python_says_so_in_one_sentence(tmp_path: Path):
    """A missing Python costs a reader one sentence too: exit 2."""
    result = make_setup(tmp_path, "no-such-python")
    assert result.returncode == 2
    assert own_words(result) == [
        'stayrate needs Python 3.12 or newer, and "no-such-python" does not run: '
        'install it, or name one with "make setup PYTHON=python3.13".'
    ]
    assert not (tmp_path / ".venv").exists()
