"""What can be wrong with the chapters of a study before any notebook runs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from her2adc.build.plan import notebook_path
from her2adc.config import Study
from her2adc.errors import Problem, nearest

GIVEN = ("study", "page", "prepared", "out")
"""Parameters that a build gives to every notebook."""
NEEDS: dict[str, tuple[tuple[str, Callable[[Study], object]], ...]] = {
    "survival": (("endpoints", lambda s: s.endpoints),),
    "subgroups": (("subgroups", lambda s: s.subgroups),),
    "response": (("response", lambda s: s.response),),
    "safety": (("data.adverse_events", lambda s: s.data.adverse_events),),
    "biomarkers": (("biomarkers", lambda s: s.biomarkers),),
    "sequencing": (("sequencing", lambda s: s.sequencing), ("endpoints", lambda s: s.endpoints)),
    "sequence_comparison": (("sequencing", lambda s: s.sequencing), ("endpoints", lambda s: s.endpoints)),
    "her2_evolution": (("evolution", lambda s: s.evolution),),
    "pathological_response": (("outcomes", lambda s: s.outcomes),),
}
"""Keys of a study file that a notebook of the book cannot do without."""
_CHOICES: dict[str, tuple[object, ...]] = {
    "pick": ("earliest", "latest"), "ambiguous": ("exclude", "lower", "upper"),
    "edition": (2007, 2013, 2018, 2023),
}  # fmt: skip
_TYPES: dict[type, str] = {str: "a text", list: "a list", bool: "true or false", int: "a whole number",
                           float: "a number"}  # fmt: skip
_BOOK: dict[str, type] = {
    "by": str, "reference": str, "compare": list, "adjustment": list, "before": str, "after": str,
    "pick": str, "ambiguous": str, "edition": int, "p_values": bool, "time_max": float,
}  # fmt: skip
"""Types of the parameters of the book's notebooks whose default is None."""


def chapter_problems(study: Study) -> list[Problem]:
    """Notebooks that do not exist, and parameters that they do not declare or could not use.

    Parameters
    ----------
    study
        The study.

    Returns
    -------
    list of Problem
        Empty when all chapters can run.
    """
    problems: list[Problem] = []
    for number, chapter in enumerate(study.chapters):
        key = f"chapters.{number}"
        path = _found(study, chapter.notebook)
        if path is None:
            known = sorted({p.stem for p in (*Path("notebooks").glob("*.ipynb"),
                                             *(study.folder / "notebooks").glob("*.ipynb"))})
            problems.append(Problem("study.yml", "there is no such notebook",
                                    nearest(chapter.notebook, known), column=f"{key}.notebook",
                                    value=chapter.notebook))
            continue
        found = parameter_problems(path, chapter.parameters, key)
        own = path.parent.parent.resolve() == study.folder.resolve()
        if not found and not own:
            found = _needed(study, chapter.notebook, key)
        problems += found or _values(study, path, chapter.parameters, key, own)
    return problems


def _found(study: Study, name: str) -> Path | None:
    """Return the file of a notebook, None when there is none."""
    try:
        path = notebook_path(study.folder, name)
        return path if path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def declared_parameters(notebook: NotebookNode) -> list[str]:
    """Return the names assigned in the cell tagged ``parameters``.

    Examples
    --------
    >>> cell = nbformat.v4.new_code_cell("endpoint = 'PFS'", metadata={"tags": ["parameters"]})
    >>> declared_parameters(nbformat.v4.new_notebook(cells=[cell]))
    ['endpoint']
    """
    return list(_defaults(notebook))


def _defaults(notebook: NotebookNode) -> dict[str, Any]:
    """Parameters of a notebook and their defaults, as far as these are written out."""
    found: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            for node in ast.parse(cell.source).body:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                value = getattr(node, "value", None)
                for target in targets:
                    if isinstance(target, ast.Name):
                        found[target.id] = _literal(value)
    return found


def _literal(node: ast.expr | None) -> Any:
    """Value of a default, None when it is computed."""
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


def parameter_problems(path: Path, parameters: Iterable[str], key: str) -> list[Problem]:
    """Parameters that would have no effect, because the notebook does not declare them.

    Parameters
    ----------
    path
        The notebook.
    parameters
        Names that its chapter gives.
    key
        Where the chapter stands in ``study.yml``.

    Returns
    -------
    list of Problem
        Empty when all have an effect.
    """
    try:
        declared = declared_parameters(nbformat.read(path, as_version=4))
    except Exception as error:  # whatever a file that is no notebook makes nbformat raise
        text = " ".join(str(error).split())[:200]
        return [Problem(path.name, f"is no notebook that can be read: {text}", "open and save it in Jupyter")]
    allowed = [name for name in declared if name not in GIVEN]
    missing = [Problem(path.name, "does not declare a parameter that every notebook is given",
                       "assign it in the cell tagged 'parameters'", value=name)
               for name in GIVEN if name not in declared]
    return missing + [Problem("study.yml", f"the notebook {path.stem!r} has no such parameter",
                              nearest(name, allowed), column=f"{key}.parameters.{name}", value=name)
                      for name in parameters if name not in allowed]


def _needed(study: Study, notebook: str, key: str) -> list[Problem]:
    """Parts of the study file that a notebook cannot do without."""
    found = [Problem("study.yml", f"the notebook {notebook!r} needs {part!r}, which the study does not have",
                     f"add {part}, or delete the chapter", column=f"{key}.notebook", value=notebook)
             for part, has in NEEDS.get(notebook, ()) if not has(study)]
    if notebook == "sequence_comparison" and study.comparison is None and "OS" not in study.endpoints:
        found.append(Problem("study.yml", "the notebook compares the endpoint 'OS', which the study has not",
                             "add comparison: {endpoint: overall survival from the first ADC}",
                             column=f"{key}.notebook", value=notebook))
    if notebook == "subgroups" and not study.endpoints and not study.outcomes:
        found.append(Problem("study.yml", "the notebook 'subgroups' needs an endpoint or an outcome",
                             "add endpoints or outcomes, or delete the chapter", column=f"{key}.notebook",
                             value=notebook))
    return found


def _values(
    study: Study, path: Path, parameters: Mapping[str, Any], key: str, own: bool
) -> list[Problem]:
    """Values of parameters that the notebook could not use."""
    defaults = _defaults(nbformat.read(path, as_version=4))
    problems: list[Problem] = []
    for name, value in parameters.items():
        kind = type(defaults[name]) if defaults[name] is not None else (None if own else _BOOK.get(name))
        if kind is not None and not _fits(value, kind, defaults[name] is None):
            problems.append(Problem("study.yml", f"has to be {_TYPES.get(kind, kind.__name__)}",
                                    f"write for example {name}: {_example(name, kind)}",
                                    column=f"{key}.parameters.{name}", value=_shown(value)))
    if problems or own:
        return problems
    checked = {**defaults, **parameters}
    for name, message, remedy, shown in _names(study, path.stem, checked):
        problems.append(Problem("study.yml", message, remedy, value=shown,
                                column=f"{key}.parameters.{name}" if name in parameters else f"{key}"))
    return problems


def _fits(value: object, kind: type, nothing: bool) -> bool:
    """Tell whether a value is of a kind."""
    if value is None:
        return nothing
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is list:
        return isinstance(value, list) and all(isinstance(v, str | int | float) for v in value)
    return isinstance(value, int | float if kind is float else kind)


def _example(name: str, kind: type) -> str:
    """An example of a value."""
    if name in _CHOICES:
        return str(_CHOICES[name][0])
    return {list: "[a, b]", bool: "true", int: "3", float: "24"}.get(kind, "a text in quotes")


def _shown(value: object) -> str:
    return str(value) if not isinstance(value, dict | list) else ", ".join(map(str, value))


def _names(study: Study, notebook: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Names that the parameters of a notebook of the book use, and that nothing defines."""
    variables = {**study.variables, **study.derived}
    group = str(given.get("by") or study.group)
    numbers = [n for n, v in study.variables.items() if v.kind == "continuous"]
    levels = list(variables[group].level_names) if group in variables else []
    stages = [s.name for s in study.evolution.stages] if study.evolution else []
    lists: dict[str, list[str]] = {
        "endpoint": list(study.endpoints), "endpoints": list(study.endpoints), "more": list(study.endpoints),
        "outcome": list(study.outcomes), "by": list(variables), "strata": list(variables),
        "adjustment": list(variables), "reference": levels, "compare": levels, "before": stages,
        "after": stages,
    }  # fmt: skip
    for name, allowed in lists.items():
        value = given.get(name)
        listed = value if isinstance(value, list) else [value] if value not in (None, "") else []
        if name in ("reference", "compare") and not allowed:
            continue
        for item in listed:
            if str(item) not in allowed:
                yield name, "names something that is not defined", nearest(str(item), allowed), str(item)
            elif name in ("by", "strata") and notebook != "her2_evolution" and str(item) in numbers:
                yield name, "is a number, and has no levels", "name a variable with levels or cut", item
    yield from _amounts(study, notebook, given)


def _amounts(study: Study, notebook: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Choices, numbers, and what a notebook cannot find for itself."""
    for name, choices in _CHOICES.items():
        if (value := given.get(name)) is not None and value not in choices:
            yield name, "not an allowed value", f"allowed: {', '.join(map(str, choices))}", str(value)
    for name, low in (("time_max", 0), ("most", 0), ("depth", 1)):
        value = given.get(name)
        if value is not None and not low < value < 1e6:
            yield name, f"has to be greater than {low}", "write another number", str(value)
    if given.get("strata") and given.get("strata") == (given.get("by") or study.group):
        yield "strata", "is the group as well", "name another variable", str(given["strata"])
    if given.get("before") and given.get("before") == given.get("after"):
        yield "after", "is the same stage as 'before'", "name another stage", str(given["after"])
    if notebook == "sequencing" and not given.get("endpoint") and not study.survival_from_adc:
        yield ("endpoint", "the notebook 'sequencing' needs overall survival from the first ADC, and no "
               "endpoint is that", "add an endpoint with start: adc1_start and events: the column of "
               "sequencing.death, or name one as parameters: {endpoint: ...}", "")  # fmt: skip
