"""Execute one notebook as one page of the book.

The notebook runs in a work folder; only when it has run to its end do the page, its figures, tables
and results take the place of the old ones. What differs between identical runs is removed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from her2adc.build.chapters import parameter_problems
from her2adc.build.execute import ANSI, execute
from her2adc.build.plan import PagePlan, Plan, StudyPlan
from her2adc.errors import Problem, StudyError
from her2adc.markup import Myst, plain, token

PAGES = Path("book/pages")
RESULTS = Path("_build/results")
WORK = Path("_build/work")
LOGS = Path("_build/logs")
PLACED = Path("_build/placed")
TITLE = Myst("({})=\n\n# {}")
H1 = re.compile(r"\A\s*#[ \t]+(.+?)[ \t]*(?:\n|\Z)")


def run_page(plan: Plan, study_id: str, page_id: str) -> str:
    """Execute a page and put what it made in place.

    Parameters
    ----------
    plan
        The build.
    study_id, page_id
        Which page of it.

    Returns
    -------
    str
        One line for the terminal: page, seconds, and the warnings the notebook gave.

    Raises
    ------
    StudyError
        When a cell fails.
    """
    study, page = plan.study(study_id), plan.page(study_id, page_id)
    work = WORK / study_id / page_id
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    start = time.perf_counter()
    parameters = _parameters(study, page, work)
    if problems := parameter_problems(Path(page.notebook), page.parameters, f"chapters.{page_id}"):
        raise StudyError(problems)
    book = _execute(study, page, parameters, work, plan.minutes)
    warnings = _clean(book, study, page)
    _set_title(book, study, page)
    _put_in_place(book, study, page, work)
    line = f"page {study_id}/{page_id} ... {time.perf_counter() - start:.1f} s"
    return "\n".join([line, *(f"  warning: {w}" for w in warnings)])


def _parameters(study: StudyPlan, page: PagePlan, work: Path) -> dict[str, Any]:
    """Every parameter a page receives: the four of the build, then those of its chapter."""
    return {
        "study": str(Path(study.file).parent),
        "page": page.page,
        "prepared": f"_build/studies/{study.id}",
        "out": str(work),
        **page.parameters,
    }


def _execute(study: StudyPlan, page: PagePlan, parameters: dict[str, Any], work: Path,
             minutes: float) -> NotebookNode:
    """Run the notebook in the work folder and return it executed."""
    executed = work / "page.ipynb"
    name = f"page {study.id}/{page.page}"
    execute(page.notebook, executed, parameters, minutes, LOGS / f"{study.id}-{page.page}.log",
            lambda why: print(f"{name} ... once more: {why}", flush=True))
    book: NotebookNode = nbformat.read(executed, as_version=4)
    return book


def _clean(book: NotebookNode, study: StudyPlan, page: PagePlan) -> list[str]:
    """Remove what differs between identical runs; fold the code. Return the warnings given."""
    warnings: list[str] = []
    book.metadata.pop("papermill", None)
    for number, cell in enumerate(book.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.cell_type != "code":
            continue
        tags = [t for t in cell.metadata.get("tags", []) if t != "hide-input"]
        hidden = {"parameters", "injected-parameters"} & set(tags)
        cell.metadata["tags"] = [*tags, "remove-cell" if hidden else "hide-input"]
        if "injected-parameters" in tags:
            cell["id"] = "injected-parameters"
            cell.source = _shown_parameters(study, page)
        streams = [o for o in cell.outputs if o.get("name") == "stderr"]
        warnings += [f"cell {number}: {_last_line(o.text)}" for o in streams]
        cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr" and _says_something(o)]
    return warnings


def _says_something(output: NotebookNode) -> bool:
    """Keep of what a cell shows only its MyST, where it has any; False when that is empty."""
    data = output.get("data", {})
    if "text/markdown" not in data:
        return True
    output["data"] = {"text/markdown": data["text/markdown"]}
    return bool("".join(data["text/markdown"]).strip())


def _shown_parameters(study: StudyPlan, page: PagePlan) -> str:
    """Write parameters as the reader may see them: without folders of the machine."""
    shown = {"study": f"studies/{study.id}", "page": page.page, **page.parameters}
    return "\n".join(["# Parameters of this page", *(f"{k} = {v!r}" for k, v in shown.items())])


def _last_line(text: str) -> str:
    """Return the line of a warning that names it."""
    lines = [line for line in ANSI.sub("", text).strip().splitlines() if line.strip()]
    named = [line for line in lines if re.search(r"\w*(Warning|Error)\b", line)]
    return re.sub(r"^/\S*/", "", (named or lines or [""])[0].strip())


def _set_title(book: NotebookNode, study: StudyPlan, page: PagePlan) -> None:
    """Make the H1 unique in the whole book: study, then chapter; and give it a label."""
    for cell in book.cells:
        if cell.cell_type == "markdown" and (match := H1.match(cell.source)):
            title = TITLE.format(token(f"{study.id}-{page.page}"), page_title(study, page, match[1]))
            cell.source = f"{title}\n{cell.source[match.end():]}".rstrip()
            return
    raise StudyError([Problem(page.notebook, "has no title", "start the notebook with a line '# Title'")])


def page_title(study: StudyPlan, page: PagePlan, heading: str) -> str:
    """Title of a page: that of its chapter, or the H1 of its notebook, after the study's name.

    Parameters
    ----------
    study, page
        The page.
    heading
        H1 of its notebook.

    Returns
    -------
    str
        Unique in the book when a chapter that uses a notebook again has a title.

    Examples
    --------
    >>> study = StudyPlan("a", "a/study.yml", "a/data", "Study A", [], [])
    >>> page_title(study, PagePlan("os", "notebooks/survival.ipynb"), "Survival")
    'Study A: Survival'
    """
    return plain(f"{study.short_title}: {page.title or heading}")


def _put_in_place(book: NotebookNode, study: StudyPlan, page: PagePlan, work: Path) -> None:
    """Replace the files of the page's last run by those of this one."""
    folder = PAGES / study.id
    manifest = RESULTS / study.id / f"{page.page}.json"
    results = work / "results.csv"
    if not results.is_file():
        raise StudyError([Problem(page.notebook, "ended without writing its results",
                                  "end the notebook with report.close()")])
    made = {folder / kind / source.name: source
            for kind in ("figures", "tables") for source in sorted((work / kind).glob("*"))}
    list_of_files = PLACED / study.id / f"{page.page}.json"
    old = _placed(list_of_files)
    _refuse_taken(study, page, set(map(str, made)))
    list_of_files.parent.mkdir(parents=True, exist_ok=True)
    list_of_files.write_text(json.dumps(sorted({*old, *map(str, made)})), encoding="utf-8")
    for name in old:
        Path(name).unlink(missing_ok=True)
    placed: dict[str, str] = {}
    for target, source in made.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        placed[str(target)] = hashlib.sha256(target.read_bytes()).hexdigest()
    manifest.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    results.replace(manifest.with_suffix(".csv"))
    (work / "page.ipynb").write_text(nbformat.writes(book) + "\n", encoding="utf-8")
    (work / "page.ipynb").replace(folder / f"{page.page}.ipynb")
    list_of_files.write_text(json.dumps(list(placed)), encoding="utf-8")
    manifest.write_text(json.dumps(placed, indent=1, sort_keys=True), encoding="utf-8")
    shutil.rmtree(work, ignore_errors=True)


def _placed(file: Path) -> list[str]:
    """Return the figures and tables of the last run of a page."""
    try:
        return [str(name) for name in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return []


def _refuse_taken(study: StudyPlan, page: PagePlan, names: set[str]) -> None:
    """Two pages must not write one file: the later would show its numbers on the earlier."""
    for other in study.pages:
        taken = names & set(_placed(PLACED / study.id / f"{other.page}.json"))
        if other.page != page.page and taken:
            both = f"the pages {page.page!r} and {other.page!r} would both write {Path(min(taken)).name}"
            raise StudyError([Problem(study.file, both, "give one of them another 'page'", None, "chapters")])
