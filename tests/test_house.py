"""The house rules. Each failure names the file, the line and what stands there."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "forecast"

# A room is a module or folder directly under forecast/. It imports from lower floors, from itself,
# and, if it is a module, from the modules of its floor (its folder is forecast/).
FLOORS = {
    "errors": 0,
    "study": 1,
    "datasets": 1,
    "evidence": 2,
    "stay": 3,
    "inference": 4,
    "share": 5,
    "assess": 6,
    "report": 7,
    "provenance": 8,
    "run_folder": 8,
    "assessment_folder": 8,
    "assess_study": 8,
    "run": 8,
    "cli": 8,
    "cli_progress": 8,
    "cli_assess": 8,
    "__init__": 9,
    "__main__": 9,
}

# third party -> where it may be imported: a folder of forecast/, a file, or a file's beginning
HOMES = {
    "pymc": ("stay/", "inference/nuts.py"),
    "pytensor": ("stay/", "inference/nuts.py"),
    "nutpie": ("inference/nuts.py",),
    "threadpoolctl": ("inference/", "assess/jobs.py"),
    "statsmodels": ("assess/baselines.py",),
    "arviz_plots": ("report/",),
    "matplotlib": ("report/",),
    "jinja2": ("report/",),
    "typer": ("cli",),
    "rich": ("cli",),
}

# own modules may be imported inside functions here, with the reason
LATE = {
    "cli.py": "`stayrate --help` and `stayrate check` must not wait seconds for PyMC",
    "cli_assess.py": "`stayrate --help` must not wait seconds for ArviZ and statsmodels",
    "__init__.py": "`import forecast` must not wait for PyMC and matplotlib",
}

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60  # less the docstring


class Import(NamedTuple):
    """One imported name and where it is imported."""

    name: str
    line: int
    late: bool  # inside a function


Function = ast.FunctionDef | ast.AsyncFunctionDef


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def imports_of(path: Path) -> Iterator[Import]:
    """Each imported name; `from forecast import share` counts as forecast.share."""
    tree = tree_of(path)
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, Function)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            names = [module]
            if module == PACKAGE.name:
                names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(name, node.lineno, id(node) in late)


def is_own(name: str) -> bool:
    return name == PACKAGE.name or name.startswith(f"{PACKAGE.name}.")


def room_of(path: Path) -> str:
    """The part of forecast/ that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def target_room(name: str) -> str:
    """The room that an own import leads to; a name that is no room stands in __init__."""
    parts = name.split(".")
    there = len(parts) > 1 and (
        parts[1] in FLOORS or (PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").exists()
    )
    return parts[1] if there else "__init__"


def floor_of(room: str) -> int | None:
    return FLOORS.get(room)


def may_import(room: str, target: str) -> bool:
    low, high = floor_of(target), floor_of(room)
    if room == target:
        return True
    if low is None or high is None:
        return False  # a room without a floor: test_each_room_has_a_floor names it
    modules = not (PACKAGE / room).is_dir() and not (PACKAGE / target).is_dir()
    return low < high or (low == high and modules)


def functions_of(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def tracked_files() -> list[Path]:
    """Files that git tracks or would track."""
    asked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if asked.returncode != 0:
        pytest.skip("not a git checkout")
    names = asked.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_each_room_has_a_floor():
    """A new room of forecast/ is given a floor before it is built."""
    rooms = {room_of(path) for path in python_files(PACKAGE)}
    homeless = sorted(room for room in rooms if floor_of(room) is None)
    assert not homeless, f"no floor in FLOORS of tests/test_house.py: {homeless}"


def test_imports_lead_down():
    """A module imports only from lower floors or its own folder, so no change reaches downward."""
    breaks = []
    for path in python_files(PACKAGE):
        room = room_of(path)
        for found in imports_of(path):
            if is_own(found.name) and not may_import(room, target_room(found.name)):
                target = target_room(found.name)
                breaks.append(
                    f"{place(path, found.line)}: {room} (floor {floor_of(room)}) imports "
                    f"{found.name} (floor {floor_of(target)})"
                )
    assert not breaks, "\n".join(breaks)


def test_each_third_party_has_one_home():
    """One room knows a third party, so projecting and reporting never wait for a compiler."""
    breaks = []
    for path in python_files(PACKAGE):
        inside = path.relative_to(PACKAGE).as_posix()
        for found in imports_of(path):
            homes = HOMES.get(found.name.split(".")[0])
            if homes and not inside.startswith(homes):
                breaks.append(
                    f"{place(path, found.line)}: {found.name} belongs in {' or '.join(homes)}"
                )
    assert not breaks, "\n".join(breaks)


def test_own_modules_are_imported_at_the_top():
    """A late import of an own module hides a circle between rooms; LATE lists who may, and why."""
    breaks = [
        f"{place(path, found.line)}: {found.name} is imported inside a function"
        for path in python_files(PACKAGE)
        if path.relative_to(PACKAGE).as_posix() not in LATE
        for found in imports_of(path)
        if found.late and is_own(found.name)
    ]
    assert not breaks, "\n".join(breaks)


def test_imports_are_absolute():
    """An import says its whole path, so a reader can search for it."""
    breaks = [
        f"{place(path, node.lineno)}: relative import"
        for path in [*python_files(PACKAGE), *python_files(ROOT / "tests")]
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert not breaks, "\n".join(breaks)


def test_files_are_short():
    """A file of the package is read in one sitting."""
    breaks = []
    for path in python_files(PACKAGE):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            breaks.append(f"{place(path, 1)}: {lines} lines, {MAX_FILE_LINES} allowed")
    assert not breaks, "\n".join(breaks)


def code_lines(function: Function) -> int:
    """Lines of a function from its def, less those of its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        doc = function.body[0]
        lines -= (doc.end_lineno or doc.lineno) - doc.lineno + 1
    return lines


def test_functions_are_short():
    """A function fits on a screen; its docstring may be as long as it must."""
    breaks = [
        f"{place(path, function.lineno)}: {function.name} has {code_lines(function)} lines, "
        f"{MAX_FUNCTION_LINES} allowed"
        for path in python_files(PACKAGE)
        for function in functions_of(tree_of(path))
        if code_lines(function) > MAX_FUNCTION_LINES
    ]
    assert not breaks, "\n".join(breaks)


def test_public_functions_name_their_arguments():
    """No public signature takes **kwargs: a misspelt argument must not vanish."""
    breaks = []
    for path in python_files(PACKAGE):
        tree = tree_of(path)
        owners = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
        for function in (node for owner in owners for node in owner.body):
            if not isinstance(function, Function) or function.args.kwarg is None:
                continue
            if function.name == "__init__" or not function.name.startswith("_"):
                breaks.append(
                    f"{place(path, function.lineno)}: {function.name}(**{function.args.kwarg.arg})"
                )
    assert not breaks, "\n".join(breaks)


def called_name(node: ast.AST) -> str:
    """Last part of the name that an expression statement calls, or nothing."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return ""
    return ast.unparse(node.value.func).rpartition(".")[2]


def test_no_comparison_is_thrown_away():
    """A bare np.isclose(...) tests nothing: use np.testing.assert_allclose, or assert."""
    breaks = [
        f"{place(path, node.lineno)}: the result of {called_name(node)} is not used"
        for path in python_files(ROOT / "tests")
        for node in ast.walk(tree_of(path))
        if called_name(node) in {"isclose", "allclose", "array_equal", "approx"}
    ]
    assert not breaks, "\n".join(breaks)


def test_each_test_says_its_promise():
    """Each test function has a docstring: what the user may rely on."""
    breaks = [
        f"{place(path, function.lineno)}: {function.name} has no docstring"
        for path in python_files(ROOT / "tests")
        for function in functions_of(tree_of(path))
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert not breaks, "\n".join(breaks)


# [p]ypi and the like: so this file does not match itself
HOSTS = r"[p]ypi\.org|[p]ythonhosted|[n]pmjs\.|[a]naconda\.org|[d]ebian\.org"
PATHS = r"(?<![\w.~*$}])/(?:[w]ork|[t]mp|[r]oot|[h]ome)/\w"
PLACES = re.compile(f"{HOSTS}|{PATHS}")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("see https://py|pi.org/simple", True),
        ("cp /t|mp/x y", True),
        ("open('/wo|rk/main/a.csv')", True),
        ("frame|work/main and tests/t|mp/x", False),
        ("a folder such as /t|mp", False),
    ],
)
def test_the_pattern_of_places_is_right(line: str, named: bool):
    """The rule below sees a registry host and a machine's path, and leaves relative paths alone."""
    assert bool(PLACES.search(line.replace("|", ""))) is named


def test_no_file_names_a_machine_or_a_registry():
    """A checkout works anywhere: no tracked text names a registry host or one machine's path."""
    breaks = []
    for path in tracked_files():
        if path.suffix == ".csv":
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # not text
        breaks += [
            f"{place(path, number)}: {found.group()}"
            for number, line in enumerate(lines, start=1)
            if not line.lstrip().startswith("--hash=") and (found := PLACES.search(line))
        ]
    assert not breaks, "\n".join(breaks)
