"""The generated part of the front matter: table of contents, study cards, data dictionary."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import yaml

from her2adc.build.page import H1, page_title
from her2adc.build.plan import PagePlan, Plan, StudyPlan, make_plan
from her2adc.config import Study, load_study
from her2adc.errors import Problem, StudyError
from her2adc.markup import Myst, option, plain, token

PAGES = Path("book/pages")
TITLES = Path("_build/titles.json")
TOC = Path("_build/toc.yml")
COMMITTED_TOC = Path("_toc.yml")
STUDIES = "Studies"
CARD = Myst(
    ":::{{grid-item-card}} {}\n:link: {}\n:link-type: ref\n:class-card: study-card study-{}\n\n"
    "{}\n\n{}\n:::\n"
)
FRONT = Myst("{}\n## Studies in this book\n\n::::{{grid}} 1 1 2 2\n:gutter: 3\n\n{}\n::::\n")
FRONT_FIGURE = Myst(
    ":::{{figure}} {}\n:alt: {}\n:class: front-figure\n:figclass: front\n\n"
    "{}, from the page {{ref}}`{}`. {}.\n:::\n"
)
FIGURE = re.compile(r"^[`:]{3,}\{figure\}\s+(?P<path>\S+)\n(?P<options>(?::\w[\w-]*:.*\n)*)", re.M)
KINDS = {
    "real": "Real patients",
    "reconstructed": "Pseudo-cohort, reconstructed from published tables; no patient in it is real",
    "simulated": "Pseudo-cohort, simulated from the protocol; no patient in it is real",
}


def write_front(plan: Plan) -> str:
    """Write what the book says about this build: contents, study cards, data dictionary.

    Parameters
    ----------
    plan
        The build.

    Returns
    -------
    str
        One line for the terminal.

    Raises
    ------
    StudyError
        When two pages of the book have the same title.
    """
    from her2adc.config.reference import study_markdown
    from her2adc.schema import dictionary_markdown

    titles = {(s.id, p.page): _title(s, p) for s in plan.studies for p in s.pages}
    _refuse_same_titles(plan, titles)
    _write(TITLES, json.dumps([[*key, title] for key, title in titles.items()], indent=1))
    _write(PAGES / "dictionary.md", dictionary_markdown())
    _write(PAGES / "study-file.md", study_markdown())
    _write(PAGES / "front.md", _front(plan))
    _write(TOC, toc_text(plan))
    return f"front matter ... {len(plan.studies)} studies, {len(titles)} pages"


def toc_text(plan: Plan) -> str:
    """Table of contents of a build: the committed one, with the studies of this build in it.

    Parameters
    ----------
    plan
        The build.

    Returns
    -------
    str
        YAML in the form of Jupyter Book's ``_toc.yml``.
    """
    toc = yaml.safe_load(COMMITTED_TOC.read_text(encoding="utf-8"))
    chapters = [_toc_study(s) for s in plan.studies if s.pages]
    for part in toc["parts"]:
        if part.get("caption") == STUDIES:
            part["chapters"] = chapters
    return yaml.safe_dump(toc, sort_keys=False, allow_unicode=True)


def update_committed_toc() -> str:
    """Write the studies that ship with their data into ``_toc.yml``; its comments stay.

    Returns
    -------
    str
        One line for the terminal.
    """
    text = COMMITTED_TOC.read_text(encoding="utf-8")
    comments = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    _write(COMMITTED_TOC, comments + toc_text(make_plan()))
    return f"{COMMITTED_TOC} is up to date"


def _toc_study(study: StudyPlan) -> dict[str, Any]:
    """One study in the table of contents: its first page, and the others below it."""
    files = [f"pages/{study.id}/{p.page}" for p in study.pages]
    entry: dict[str, Any] = {"file": files[0], "title": plain(study.short_title)}
    if files[1:]:
        entry["sections"] = [
            {"file": f, "title": plain(p.title or _heading(p))}
            for f, p in zip(files[1:], study.pages[1:], strict=True)]
    return entry


def _heading(page: PagePlan) -> str:
    """H1 of a page's notebook."""
    for cell in nbformat.read(page.notebook, as_version=4).cells:
        if cell.cell_type == "markdown" and (match := H1.match(cell.source)):
            return match[1]
    return page.page


def _title(study: StudyPlan, page: PagePlan) -> str:
    return page_title(study, page, _heading(page))


def _refuse_same_titles(plan: Plan, titles: dict[tuple[str, str], str]) -> None:
    """Reader and search know a page by its title: no two may share one."""
    seen: dict[str, str] = {}
    problems: list[Problem] = []
    for (study, page), title in titles.items():
        if title in seen:
            problems.append(Problem(plan.study(study).file, f"pages {seen[title]} and {study}/{page} "
                                    "have the same title", "give each of their chapters a 'title'",
                                    column="chapters", value=title))
        seen[title] = f"{study}/{page}"
    if problems:
        raise StudyError(problems)


def _front(plan: Plan) -> Myst:
    """Study cards and one figure, as MyST that ``book/index.md`` includes."""
    studies = [(s, load_study(s.file)) for s in plan.studies]
    figure = next((f for s, study in studies if (f := _main_figure(s, study))), Myst(""))
    cards = Myst("\n").join(_card(s, study) for s, study in studies)
    return FRONT.format(figure, cards)


def _card(plan: StudyPlan, study: Study) -> Myst:
    """One study in a few lines, linked to its first page."""
    main = study.label(study.main_endpoint) if study.main_endpoint else "none"
    facts = {"Patients": _patients(plan), "Design": study.design, "Main endpoint": main,
             "Data": KINDS[study.data_kind]}
    lines = Myst("\n").join(Myst("- **{}:** {}").format(k, v) for k, v in facts.items() if v)
    link, kind = token(f"{plan.id}-{plan.pages[0].page}"), token(study.data_kind)
    return CARD.format(study.short_title, link, kind, study.question, lines)


def _patients(plan: StudyPlan) -> str:
    """Count the patients analysed, from the prepared tables."""
    prepared = json.loads(Path(f"_build/studies/{plan.id}/prepared.json").read_text(encoding="utf-8"))
    return str(prepared.get("n_analysed", ""))


def _main_figure(plan: StudyPlan, study: Study) -> Myst:
    """First figure of the page of the study's main endpoint, else of its first page with one."""
    main = [p for p in plan.pages if study.main_endpoint
            and p.parameters.get("endpoint") == study.main_endpoint]
    for page in (*main, *plan.pages):
        book = nbformat.read(PAGES / plan.id / f"{page.page}.ipynb", as_version=4)
        for text in _markdown_outputs(book):
            if match := FIGURE.search(text):
                alt = re.search(r'^:alt: (".*")$', match["options"], re.M)
                path, link = token(f"pages/{plan.id}/{match['path']}"), token(f"{plan.id}-{page.page}")
                told = option(json.loads(alt[1]) if alt else "")
                return FRONT_FIGURE.format(path, told, study.short_title, link, KINDS[study.data_kind])
    return Myst("")


def _markdown_outputs(book: nbformat.NotebookNode) -> list[str]:
    """Texts that the cells of an executed page have put on it."""
    data = [o.get("data", {}) for c in book.cells if c.cell_type == "code" for o in c.outputs]
    return ["".join(d["text/markdown"]) for d in data if "text/markdown" in d]


def _write(path: Path, text: str) -> None:
    """Write a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
    new.replace(path)
