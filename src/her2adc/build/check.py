"""Checks before a change is kept: ruff, mypy, notebooks, ``_toc.yml`` up to date, no patient data in git."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode

from her2adc.build.chapters import GIVEN, declared_parameters
from her2adc.build.front import COMMITTED_TOC, toc_text
from her2adc.build.plan import make_plan
from her2adc.build.privacy import privacy_problems

LINES = 15
LOOPS = (ast.For, ast.AsyncFor, ast.While)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def check() -> int:
    """Run all checks and print what is wrong.

    Returns
    -------
    int
        0 when nothing is wrong.
    """
    failed = False
    for name, *arguments in (("ruff", "check", "."), ("mypy",)):
        code = subprocess.call([sys.executable, "-m", name, *arguments])
        print(f"{name} ... {'failed' if code else 'ok'}", flush=True)
        failed |= bool(code)
    for name, problems in (("notebooks", notebook_problems()), ("_toc.yml", toc_problems()),
                           ("no data of real patients in git", privacy_problems())):
        print("\n".join([*problems, f"{name} ... {'failed' if problems else 'ok'}"]), flush=True)
        failed |= bool(problems)
    return int(failed)


def toc_problems() -> list[str]:
    """Say whether the committed table of contents lists the studies that ship with their data."""
    wanted = toc_text(make_plan())
    if yaml.safe_load(COMMITTED_TOC.read_text(encoding="utf-8")) == yaml.safe_load(wanted):
        return []
    return ["_toc.yml does not list the chapters of the studies that ship with their data; to mend it: "
            ".venv/bin/python -m her2adc.build toc"]


def notebook_problems() -> list[str]:
    """Problems of every notebook of the repository."""
    paths = sorted([*Path("notebooks").glob("*.ipynb"), *Path("studies").glob("*/notebooks/*.ipynb")])
    return [f"{path}: {problem}" for path in paths
            for problem in hygiene(nbformat.read(path, as_version=4))]


def hygiene(notebook: NotebookNode) -> list[str]:
    """Return what is not as a notebook of the book has to be.

    Parameters
    ----------
    notebook
        A notebook as committed.

    Returns
    -------
    list of str
        Empty when all is well.

    Examples
    --------
    >>> hygiene(nbformat.v4.new_notebook())[0]
    'has 0 titles (lines that start with "# "); it needs one'
    """
    cells = list(enumerate(notebook.cells, start=1))
    titles = sum(len(re.findall(r"^# ", c.source, re.M)) for _, c in cells if c.cell_type == "markdown")
    tagged = [c for _, c in cells if "parameters" in c.metadata.get("tags", [])]
    problems = []
    if titles != 1:
        problems.append(f'has {titles} titles (lines that start with "# "); it needs one')
    if len(tagged) != 1:
        problems.append(f"has {len(tagged)} cells tagged 'parameters'; it needs one")
    elif missing := [name for name in GIVEN if name not in declared_parameters(notebook)]:
        problems.append(f"does not declare the parameters {', '.join(missing)}")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        problems.append("its kernel is not 'python3'")
    code = [(number, c) for number, c in cells if c.cell_type == "code"]
    return problems + [f"cell {number}: {problem}" for number, cell in code for problem in _cell(cell)]


def _cell(cell: NotebookNode) -> list[str]:
    """Return what is wrong with one code cell."""
    problems = []
    if cell.outputs or cell.execution_count is not None:
        problems.append("holds outputs; clear them")
    if len(cell.source.splitlines()) > LINES:
        problems.append(f"is longer than {LINES} lines; move the work into the package")
    try:
        tree = list(ast.walk(ast.parse(cell.source)))
    except SyntaxError:
        return [*problems, "is not plain Python"]
    if any(isinstance(node, DEFINITIONS) for node in tree):
        problems.append("defines a function or class; it belongs in the package")
    if any(isinstance(node, LOOPS) for node in tree):
        problems.append("has a loop; one page is one study, and a chapter is repeated in study.yml")
    if re.search(r"filterwarnings|simplefilter|catch_warnings|disable_warnings", cell.source):
        problems.append("silences warnings")
    return problems
