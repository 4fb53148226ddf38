"""A study file (TOML) -> a frozen, checked Study; every fault of the file in one error."""

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from reprlib import repr as short
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from forecast.errors import StudyError
from forecast.study.schema import Study

OWN = ("text", "folder")  # fields of a Study that the reader fills, not the file


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
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"a study file is readable UTF-8 text; got {path}: {error}.") from error
    return parse_study(text, name=path.stem, folder=path.resolve().parent)


def parse_study(text: str, name: str, folder: Path) -> Study:
    """Read a study from its text; relative paths in it start at ``folder``."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"a study file is TOML; got {name}: {error}. Mend that line.") from error
    faults = [_unknown_key([key], [Study]) for key in OWN if key in content]
    try:
        study = Study.model_validate({"name": name, **content, "text": text, "folder": str(folder)})
    except ValidationError as error:
        faults += [_sentence(fault) for fault in error.errors()]
        raise _all_in_one(name, faults) from error
    if faults:
        raise _all_in_one(name, faults)
    return study


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
    rule = f"a study is a name in models/ or a .toml path; got {str(name_or_path)!r}."
    raise StudyError(" ".join([rule, *(f"Nearest is {name!r}." for name in near)]))


def _all_in_one(name: str, faults: list[str]) -> StudyError:
    """Return one error for all faults of a study file."""
    if len(faults) == 1:
        return StudyError(f"study {name}: {faults[0]}")
    return StudyError("\n  ".join([f"study {name}: {len(faults)} faults.", *faults]))


def _sentence(fault: Mapping[str, Any]) -> str:
    """Say one pydantic fault as a sentence: where, the rule, the value, the way out."""
    steps, models = _follow(fault["loc"])
    where = ".".join(steps)
    match fault["type"]:
        case "extra_forbidden":
            return _unknown_key(steps, models)
        case "missing":
            return f"{where}: this key is required; add it."
        case "union_tag_not_found":
            return f"{where}.dist: this key is required; add it."
        case "union_tag_invalid":
            rule = f"one of {fault['ctx']['expected_tags']}"
            return f"{where}.dist: this is {rule}; got {fault['ctx']['tag']!r}."
    rule = fault["msg"].removeprefix("Value error, ")
    if not isinstance(fault["input"], Mapping):  # a rule between keys says itself what it got
        rule = f"{rule}; got {short(fault['input'])}"
    return f"{where}: {rule}." if where else f"{rule}."


def _unknown_key(steps: list[str], models: list[type[BaseModel]]) -> str:
    """Say that the last step is no key of the table that ``models`` describe."""
    legal = [key for model in models for key in model.model_fields if key not in OWN]
    near = difflib.get_close_matches(steps[-1], legal, n=1, cutoff=0)
    return " ".join([f"{'.'.join(steps)}: no such key.", *(f"Nearest is {k!r}." for k in near)])


def _follow(location: Iterable[str | int]) -> tuple[list[str], list[type[BaseModel]]]:
    """Follow a pydantic location: its steps as the file has them, and the model at its end.

    Pydantic writes the tag of a prior, ``half_normal``, as a step of its own; the file does not.
    A step that is neither tag nor key of the model is a free key of a table, or a place in a list.
    """
    steps: list[str] = []
    models: list[type[BaseModel]] = [Study]
    for step in map(str, location):
        tagged = [model for model in models if _tag(model) == step]
        keys = [model.model_fields[step] for model in models if step in model.model_fields]
        inner = [found for key in keys for found in _models_in(key.annotation)]
        models = tagged or inner or models
        steps += [] if tagged else [step]
    return steps, models


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """Return the models inside an annotation: optional, a dict, a tuple, a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _tag(model: type[BaseModel]) -> str | None:
    """Return the distribution that a model of a prior stands for."""
    key = model.model_fields.get("dist")
    return None if key is None else str(get_args(key.annotation)[0])
