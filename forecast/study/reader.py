"""A study file (TOML) -> a frozen, checked Study; every fault of the file in one error."""

import difflib
import hashlib
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from forecast.errors import StudyError
from forecast.study.schema import Study


def models_folder() -> Path:
    """Return the folder of the shipped study files: inside the wheel, or beside the package."""
    inside = Path(str(resources.files("forecast") / "_models"))
    return inside if inside.is_dir() else inside.parent.parent / "models"


def study_names() -> list[str]:
    """Return the names of the shipped studies.

    Examples
    --------
    >>> "china_ai_2030" in study_names()
    True
    """
    return sorted(path.stem for path in models_folder().glob("*.toml"))


def load_study(name_or_path: str | Path) -> Study:
    """Read a study: a name in ``models/`` or the path of a TOML file.

    Raises
    ------
    StudyError
        If there is no such study, it is no TOML, or it breaks a rule (all rules at once).

    Examples
    --------
    >>> load_study("demo").evidence.origins
    ('north', 'east', 'south')
    """
    path = _find(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"a study file is readable UTF-8 text; got {path}: {error}.") from error
    return parse_study(text, name=path.stem, folder=path.resolve().parent)


def parse_study(text: str, name: str, folder: Path) -> Study:
    """Read a study from its text; relative paths in it start at ``folder``."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"a study file is TOML; got {name}: {error}. Mend that line.") from error
    given = {"name": name, **content, "text": text, "folder": str(folder)}
    try:
        return Study.model_validate(given)
    except ValidationError as error:
        lines = [_sentence(fault, content) for fault in error.errors()]
        raise StudyError(f"study {name}: " + "\n  ".join(["", *lines]).lstrip("\n")) from error


def study_hash(study: Study) -> str:
    """Return the SHA-256 of the study's text."""
    return hashlib.sha256(study.text.encode()).hexdigest()


def _find(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if path.is_file():
            return path
        raise StudyError(f"a study path names a file; got {path}. Check the path.")
    shipped = models_folder() / f"{name_or_path}.toml"
    if str(name_or_path) in study_names():
        return shipped
    near = difflib.get_close_matches(str(name_or_path), study_names(), n=1, cutoff=0)
    hint = f" Nearest is {near[0]!r}." if near else ""
    raise StudyError(f"a study is a name in models/ or a .toml path; got {str(name_or_path)!r}.{hint}")


def _sentence(fault: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    """Say one pydantic fault as a sentence: where, the rule, the value, the way out."""
    steps = [str(step) for step in fault["loc"]]
    where = ".".join(steps) or "study"
    if fault["type"] == "extra_forbidden":
        legal = _legal_keys(steps[:-1])
        near = difflib.get_close_matches(steps[-1], legal, n=1, cutoff=0)
        hint = f" Nearest legal key: {near[0]!r}." if near else ""
        return f"{where}: no such key.{hint}"
    if fault["type"] == "missing":
        return f"{where}: this key is required; add it."
    got = fault.get("input")
    shown = "" if isinstance(got, Mapping) and len(got) > 4 else f"; got {got!r}"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}{shown}."


def _legal_keys(steps: list[str]) -> list[str]:
    """Return the keys that are legal at a place of the study file."""
    model: Any = Study
    for step in steps:
        fields = getattr(model, "model_fields", {})
        if step in fields:
            model = fields[step].annotation
        model = _model_in(model, step)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [key for key in model.model_fields if key not in ("text", "folder")]
    return []


def _model_in(annotation: Any, step: str) -> Any:
    """Return the model inside an annotation (optional, dict, tuple or tagged union)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_model_in(inner, step) for inner in getattr(annotation, "__args__", ())]
    models = [m for m in found if isinstance(m, type) and issubclass(m, BaseModel)]
    by_tag = [m for m in models if step in str(m.model_fields.get("dist", ""))]
    return (by_tag or models or [annotation])[0]
