"""``study.yml`` -> :class:`Study`, checked as a whole before anything runs.

Every error names the path of the key, its line in the file, the value found and what is allowed;
all errors come at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from her2adc.config.models import Study
from her2adc.config.parts import Part
from her2adc.config.places import own_link_problems, place_faults, study_id
from her2adc.config.written import read_yaml
from her2adc.errors import Problem, StudyError, nearest

__all__ = ["find_studies", "load_study", "read_yaml"]


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
    path = Path(path)
    path = path / "study.yml" if path.is_dir() else path
    if not path.is_file():
        raise StudyError(
            [
                Problem(
                    str(path),
                    "there is no such study file",
                    "give the folder of a study that holds a study.yml",
                )
            ]
        )
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
    places = [_located(tree, *fault) for fault in place_faults(raw, folder)]
    raw = _named({**raw, "id": study_id(folder.name), "folder": folder})
    try:
        study = Study.model_validate(raw)
    except ValidationError as error:
        raise StudyError([*places, *(_problem(path.name, e, tree) for e in error.errors())]) from None
    if problems := [*places, *_references(study, tree)]:
        raise StudyError(problems)
    return study


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


def _line(tree: yaml.Node | None, loc: tuple[int | str, ...]) -> int | None:
    """Line in the file of the deepest node on the path ``loc`` that exists."""
    node, line = tree, None
    for key in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(key)), None)
            if pair is None:
                continue
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
    return line


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
        message = message.removeprefix("Value error, ")
    else:
        message, remedy = _kind(error, loc)
    return Problem(file, message, remedy, row=_line(tree, loc), column=path, value=value)


def _kind(error: Any, loc: tuple[int | str, ...]) -> tuple[str, str]:
    """What is wrong with a value of another kind than its key takes, and what to write."""
    kind, ctx = str(error["type"]), error.get("ctx", {})
    bounds = {"greater_than": ("gt", "more than"), "greater_than_equal": ("ge", "at least"),
              "less_than": ("lt", "less than"), "less_than_equal": ("le", "at most")}  # fmt: skip
    if kind in bounds:
        key, words = bounds[kind]
        return f"has to be {words} {ctx[key]:g}", "correct the number"
    if kind.startswith("string_pattern"):
        return "has letters or signs that are not allowed here", f"it has to match {ctx.get('pattern')}"
    if kind.startswith("string"):
        return "has to be one text", "write one text, in quotes if it holds a colon, a bracket or a brace"
    if kind.startswith(("tuple", "list", "set")) or kind == "too_short":
        return "has to be a list with something in it", "write a list: [first, second]"
    if kind.startswith(("dict", "model")):
        keys = ", ".join(_fields((*loc, ""))[:8])
        message = "has to be a list of keys with their values"
        return message, f"write 'key: value' in the rows below it: {keys} ..."
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false", "date": "a date"}
    wanted = next((w for k, w in kinds.items() if kind.startswith(k)), "")
    if wanted:
        return f"has to be {wanted}", f"write {wanted}"
    return str(error["msg"]), "see the data dictionary: what each key of the study file takes"


def _references(study: Study, tree: yaml.Node | None) -> list[Problem]:
    """Names used in one part of the file that another part has to define."""
    variables = [*study.variables, *study.derived]
    endpoints = list(study.endpoints)
    used: list[tuple[tuple[int | str, ...], tuple[str, ...], list[str]]] = [
        (("baseline", "variables"), study.baseline.variables, variables),
        (("subgroups",), study.subgroups, variables),
        (("adjustment",), study.adjustment, variables),
        (("group",), (study.group,), variables),
        (("evolution", "strata"), study.evolution.strata if study.evolution else (), variables),
        (("evolution", "endpoint"), _some(study.evolution.endpoint if study.evolution else None), endpoints),
        *_compared(study, variables, endpoints),
        *_tested(study, variables, endpoints),
        (("main_endpoint",), _some(study.main_endpoint), endpoints),
    ]
    for number, chapter in enumerate(study.chapters):
        for key, allowed in (
            ("endpoint", endpoints),
            ("by", variables),
            ("strata", variables),
            ("outcome", list(study.outcomes)),
        ):
            if value := chapter.parameters.get(key):
                used.append((("chapters", number, "parameters", key), (str(value),), allowed))
    problems = [
        _located(tree, loc, "names something that is not defined", nearest(name, allowed), name)
        for loc, names, allowed in used
        for name in names
        if name not in allowed
    ]
    pages = [c.page for c in study.chapters]
    problems += [
        _located(tree, ("chapters",), "two chapters have the same page name",
                 "give each chapter its own 'page'", page)
        for page in sorted({p for p in pages if pages.count(p) > 1})
    ]  # fmt: skip
    if study.evolution and (study.her2 is None or study.data.her2_tests is None):
        problems.append(
            _located(tree, ("evolution",), "HER2 is followed over the table 'her2_tests', which needs "
                     "'her2' and 'data.her2_tests'", "add both, or delete 'evolution'")
        )  # fmt: skip
    if study.response and study.response.start and study.data.assessments is None:
        problems.append(
            _located(tree, ("response",), "response is derived from the table 'assessments', which "
                     "'data' does not list", "add data.assessments or use response.column")
        )  # fmt: skip
    if study.sequencing:
        wanted = study.sequencing.table
        tables = [t for t in ("exposures", "treatments") if t in study.data.tables]
        if not tables or (wanted and wanted not in tables):
            problems.append(
                _located(tree, ("sequencing",), "lines of therapy need the table 'exposures' or 'treatments'",
                         f"add data.{wanted or 'exposures'}, or delete 'sequencing'")
            )  # fmt: skip
        named = {c for e in study.endpoints.values() for c in (*e.events, *e.competing)}
        if not study.sequencing.death and (lost := sorted(named & study.sequencing.needs_death)):
            problems.append(
                _located(tree, ("sequencing",), "endpoints count deaths that 'sequencing' does not know of",
                         "add death: the column of the date of death", ", ".join(lost))
            )  # fmt: skip
    return problems


def _compared(
    study: Study, variables: list[str], endpoints: list[str]
) -> list[tuple[tuple[int | str, ...], tuple[str, ...], list[str]]]:
    """Names that the comparison of sequences uses."""
    rule = study.comparison
    if rule is None:
        return []
    return [
        (("comparison", "covariates"), rule.covariates, variables),
        (("comparison", "endpoint"), (rule.endpoint,), endpoints),
    ]


def _tested(
    study: Study, variables: list[str], endpoints: list[str]
) -> list[tuple[tuple[int | str, ...], tuple[str, ...], list[str]]]:
    """Names that the biomarkers use."""
    rule = study.biomarkers
    if rule is None:
        return []
    taken = tuple(m.variable for m in rule.markers.values() if m.variable)
    numbers = [v for v in study.variables if study.variables[v].kind == "continuous"]
    responses = [*study.outcomes, "best_response", *(v for v in variables if v.startswith("best_response"))]
    tables = [n for n in study.data.tables if n != "patients"]
    return [
        (("biomarkers", "adjustment"), rule.adjustment, variables),
        (("biomarkers", "endpoint"), _some(rule.endpoint), endpoints),
        (("biomarkers", "response"), _some(rule.response), responses),
        (("biomarkers", "markers"), taken, numbers),
        (("biomarkers", "data.biomarkers"), ("biomarkers",) if rule.in_table else (), tables),
    ]


def _some(name: str | None) -> tuple[str, ...]:
    """Return a name as a tuple, empty without one."""
    return (name,) if name else ()


def _located(
    tree: yaml.Node | None, loc: tuple[int | str, ...], message: str, remedy: str, value: str = ""
) -> Problem:
    """Make a problem of a key, with its line in the file."""
    column = ".".join(map(str, loc))
    return Problem("study.yml", message, remedy, _line(tree, loc), column, value)
