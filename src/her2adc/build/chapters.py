"""What can be wrong with the chapters of a study before any notebook runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from her2adc.build.plan import notebook_path
from her2adc.config import Study
from her2adc.errors import Problem, nearest

GIVEN = ("study", "page", "prepared", "out")
"""Parameters that a build gives to every notebook."""


def chapter_problems(study: Study) -> list[Problem]:
    """Notebooks that do not exist and parameters that they do not declare.

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
        path = notebook_path(study.folder, chapter.notebook)
        if not path.is_file():
            known = sorted({p.stem for p in (*Path("notebooks").glob("*.ipynb"),
                                             *(study.folder / "notebooks").glob("*.ipynb"))})
            problems.append(Problem("study.yml", "there is no such notebook",
                                    nearest(chapter.notebook, known), column=f"{key}.notebook",
                                    value=chapter.notebook))
        else:
            problems += parameter_problems(path, chapter.parameters, key)
    return problems


def declared_parameters(notebook: NotebookNode) -> list[str]:
    """Return the names assigned in the cell tagged ``parameters``.

    Examples
    --------
    >>> cell = nbformat.v4.new_code_cell("endpoint = 'PFS'", metadata={"tags": ["parameters"]})
    >>> declared_parameters(nbformat.v4.new_notebook(cells=[cell]))
    ['endpoint']
    """
    names: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            for node in ast.parse(cell.source).body:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                names += [t.id for t in targets if isinstance(t, ast.Name)]
    return names


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
    declared = declared_parameters(nbformat.read(path, as_version=4))
    allowed = [name for name in declared if name not in GIVEN]
    missing = [Problem(path.name, "does not declare a parameter that every notebook is given",
                       "assign it in the cell tagged 'parameters'", value=name)
               for name in GIVEN if name not in declared]
    return missing + [Problem("study.yml", f"the notebook {path.stem!r} has no such parameter",
                              nearest(name, allowed), column=f"{key}.parameters", value=name)
                      for name in parameters if name not in allowed]
