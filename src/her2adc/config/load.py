"""``study.yml`` -> :class:`Study`, checked as a whole before anything runs.

Every error names the path of the key, its line in the file, the value found and what is allowed;
all errors come at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from her2adc.config.models import Study
from her2adc.config.parts import Part
from her2adc.config.places import own_link_problems, place_faults, study_id
from her2adc.config.references import line_of, located, references
from her2adc.config.written import read_yaml
from her2adc.errors import Problem, StudyError, nearest

__all__ = ["find_studies", "load_study", "placed", "read_yaml"]


def load_study(path: Path | str) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path
        ``study.yml`` or the folder that holds it.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every problem of the file: unknown keys, wrong types, names that do not exist.
    """
    path = _study_file(Path(path))
    if links := own_link_problems(path.parent):
        raise StudyError(links)
    raw, tree = read_yaml(path)
    if not isinstance(raw, dict):
        raise StudyError(
            [
                Problem(
                    path.name,
                    "is empty or not a list of keys",
                    "start from a study file of the folder studies/",
                )
            ]
        )
    folder = path.parent.resolve()
    places = [located(tree, *fault) for fault in place_faults(raw, folder)]
    raw = _named({**raw, "id": study_id(folder.name), "folder": folder})
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        problems = [*places, *(_problem(path.name, e, tree) for e in error.errors(include_url=False))]
        raise StudyError(problems) from None
    if problems := [*places, *references(study, tree)]:
        raise StudyError(problems)
    return study


def _study_file(path: Path) -> Path:
    """Find the study file of a folder, or the file itself."""
    message, remedy = "there is no such study file", "give the folder of a study that holds a study.yml"
    try:
        path = path / "study.yml" if path.is_dir() else path
        if path.is_dir():
            message, remedy = "is a folder, not a file", "a study.yml is a text file in the study's folder"
        elif path.is_file():
            if path.suffix in (".yml", ".yaml"):
                return path
            message = "is not a study file"
        elif path.parent.is_dir() and (near := sorted(path.parent.glob("*.y*ml"))):
            remedy = f"rename {near[0].name} to study.yml"
        elif not path.parent.exists():
            message = "there is no such folder"
    except (OSError, ValueError) as error:
        message, remedy = f"cannot be read: {getattr(error, 'strerror', error)}", "look at its permissions"
    raise StudyError([Problem(str(path), message, remedy)])


def placed(problems: Iterable[Problem], file: Path) -> list[Problem]:
    """Give problems of a study file that name a key its row."""
    problems = list(problems)
    if not any(p.file == file.name and p.row is None and p.column for p in problems):
        return problems
    try:
        tree = read_yaml(file)[1]
    except StudyError:
        return problems
    return [
        replace(p, row=line_of(tree, _steps(p.column))) if p.file == file.name and p.row is None else p
        for p in problems
    ]


def _steps(path: str) -> tuple[int | str, ...]:
    """Steps of the path of a key such as ``chapters.0.page``."""
    return tuple(int(k) if k.isdigit() else k for k in path.split(".") if k)


def find_studies(root: Path) -> list[Path]:
    """Folders below ``root`` that hold a ``study.yml``, by name."""
    return sorted(p.parent for p in Path(root).glob("*/study.yml"))


def _named(raw: dict[str, Any]) -> dict[str, Any]:
    """Give each variable, endpoint and outcome its own name."""
    for key in ("variables", "endpoints", "outcomes"):
        part = raw.get(key)
        if isinstance(part, dict):
            raw[key] = {
                k: {"name": str(k), **v} if isinstance(v, dict) else v for k, v in part.items()
            }
    return raw


def _fields(loc: tuple[int | str, ...]) -> list[str]:
    """List the allowed keys of the part that holds the last key of ``loc``."""
    model: Any = Study
    for key in loc[:-1]:
        if (
            isinstance(key, int)
            or not hasattr(model, "model_fields")
            or key not in model.model_fields
        ):
            continue
        model = _model_in(model.model_fields[key].annotation) or model
    return [f.alias or n for n, f in model.model_fields.items() if n not in ("name", "folder")]


def _model_in(annotation: Any) -> Any:
    """Find the Part class inside an annotation such as ``dict[str, Variable] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    found = [m for a in getattr(annotation, "__args__", ()) if (m := _model_in(a))]
    return found[0] if found else None


_NAME = "use small letters, digits and _, beginning with a letter"
_PLAIN = {
    "string_type": ("has to be a text", "write a text; with a colon, a # or a quote in it put it in quotes"),
    "int_parsing": ("has to be a whole number", "write for example 3"),
    "int_type": ("has to be a whole number", "write for example 3"),
    "int_from_float": ("has to be a whole number", "write for example 3"),
    "int_parsing_size": ("has to be a whole number", "write for example 3"),
    "float_parsing": ("has to be a number", "write for example 12.5, with a point"),
    "float_type": ("has to be a number", "write for example 12.5, with a point"),
    "finite_number": ("has to be a number", "write for example 12.5, with a point"),
    "bool_parsing": ("has to be true or false", "write true or false"),
    "bool_type": ("has to be true or false", "write true or false"),
    "tuple_type": ("has to be a list", "write {key}: [a, b]"),
    "list_type": ("has to be a list", "write {key}: [a, b]"),
    "dict_type": ("has to be keys with values", "write {key}: {{name: value}}"),
    "model_type": ("has to be keys with values", "write the keys below it, indented"),
    "model_attributes_type": ("has to be keys with values", "write the keys below it, indented"),
    "date_parsing": ("has to be a date", "write it as 2024-05-31"),
    "date_from_datetime_parsing": ("has to be a date", "write it as 2024-05-31"),
    "date_from_datetime_inexact": ("has to be a date", "write it as 2024-05-31"),
    "date_type": ("has to be a date", "write it as 2024-05-31"),
    "too_short": ("needs at least {min_length} of these", "add what is missing, or delete the key"),
    "greater_than": ("has to be greater than {gt:g}", "write another number"),
    "greater_than_equal": ("has to be at least {ge:g}", "write another number"),
    "less_than": ("has to be less than {lt:g}", "write another number"),
    "less_than_equal": ("has to be at most {le:g}", "write another number"),
}  # fmt: skip
"""Kinds of error of pydantic: what is wrong in plain words, and what to write."""


def _problem(file: str, error: Any, tree: yaml.Node | None) -> Problem:
    """Turn one pydantic error into a problem a person can act on."""
    loc = tuple(error["loc"])
    path = ".".join(str(k) for k in loc)
    message, remedy = str(error["msg"]), ""
    value = "" if isinstance(error["input"], dict | list | tuple) else str(error["input"])
    if error["type"] == "extra_forbidden":
        message, remedy, value = "unknown key", nearest(str(loc[-1]), _fields(loc)), ""
    elif error["type"] == "missing":
        message, remedy = "this key is missing", f"add '{loc[-1]}' to the file"
    elif error["type"] == "literal_error":
        message, remedy = "not an allowed value", f"allowed: {error['ctx']['expected']}"
    elif error["type"] == "value_error":
        message, _, remedy = message.removeprefix("Value error, ").partition("; ")
    elif error["type"] == "string_pattern_mismatch":
        message, remedy = "is not a name that can be used", _NAME
    elif error["type"] in _PLAIN:
        message, remedy = _PLAIN[error["type"]]
        message = message.format(**error.get("ctx", {}))
        remedy = remedy.format(key=loc[-1] if loc else "")
    if isinstance(error["input"], dict | list | tuple) and error["type"] in _PLAIN:
        kind = "keys with values" if isinstance(error["input"], dict) else "a list"
        message += f", but is {kind}"
    return Problem(file, message, remedy, row=line_of(tree, loc), column=path, value=value)
