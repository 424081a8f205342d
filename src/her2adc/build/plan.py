"""What a build consists of: which studies, which pages, which files they depend on.

The plan is read from the study files with plain YAML, so that a build that has nothing to do ends at
once; their strict validation is the first step of the build itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from her2adc.config.places import (
    file_names,
    inner,
    link_problems,
    place_faults,
    shown_name,
    study_id,
)
from her2adc.errors import Problem, StudyError, nearest

PLAN = Path("_build/plan.json")
MINUTES = 30.0
PARAMETERS = 20_000
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class PagePlan:
    """A page: a notebook with parameters, at a place."""

    page: str
    notebook: str
    title: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyPlan:
    """A study of this build and the files it depends on."""

    id: str
    file: str
    data: str
    short_title: str
    files: list[str]
    pages: list[PagePlan]

    @property
    def shown(self) -> str:
        """Name of the study as a person knows it, with its id where that differs."""
        return shown_name(Path(self.file).parent)


@dataclass(frozen=True)
class Plan:
    """A whole build, and the studies that it leaves out with the reason.

    ``keys`` holds for each step what it depends on, as a digest; ``minutes`` is the time limit of a
    page, 0 for none; ``build`` tells the builds apart.
    """

    studies: list[StudyPlan]
    left_out: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    minutes: float = MINUTES
    build: str = ""

    def study(self, name: str) -> StudyPlan:
        """Return a study of this build by its id."""
        for study in self.studies:
            if study.id == name:
                return study
        raise StudyError([Problem(str(PLAN), f"study {name!r} is not part of this build",
                                  nearest(name, [s.id for s in self.studies]))])

    def page(self, study: str, name: str) -> PagePlan:
        """Return a page of this build by study and page name."""
        pages = self.study(study).pages
        for page in pages:
            if page.page == name:
                return page
        raise StudyError([Problem(str(PLAN), f"study {study!r} has no page {name!r} in this build",
                                  nearest(name, [p.page for p in pages]))])


def make_plan(studies: Sequence[str] = (), pages: Sequence[str] = (), data: str = "") -> Plan:
    """Plan a build from the repository root.

    Parameters
    ----------
    studies
        Ids of shipped studies or folders of any; none means every shipped study whose data folder
        is there.
    pages
        Only these pages; none means all.
    data
        Folder with the data of the one study that is named.

    Returns
    -------
    Plan

    Raises
    ------
    StudyError
        When a study or page does not exist, or names a file or page that cannot be.
    """
    if data and len(studies) != 1:
        raise StudyError([Problem("DATA", "names the data of one study",
                                  "say which: make book STUDY=... DATA=...", value=data)])
    if data and not Path(data).expanduser().is_dir():
        raise StudyError([Problem("DATA", "there is no such folder", value=data)])
    folders = [_find(s) for s in studies] or sorted(p.parent for p in Path("studies").glob("*/study.yml"))
    planned: list[StudyPlan] = []
    left_out: list[str] = []
    problems: list[Problem] = []
    for folder in {f.resolve(): f for f in folders}.values():
        study, found = _plan_study(folder, data)
        if not studies and not found and not Path(study.data).is_dir():
            left_out.append(f"{study.shown}: its data are not in the repository; to build it: "
                            f'make book STUDY="{folder.name}" DATA=folder')
            continue
        planned.append(study)
        problems += found
    if problems := problems + _twins(planned):
        raise StudyError(problems)
    return Plan(_narrow(planned, pages), left_out)


def write_plan(plan: Plan) -> None:
    """Store the plan where the jobs of the build find it, in one step."""
    PLAN.parent.mkdir(parents=True, exist_ok=True)
    new = PLAN.with_name(".plan.json")
    new.write_text(json.dumps(asdict(plan), indent=1, default=str), encoding="utf-8")
    new.replace(PLAN)


def read_plan() -> Plan:
    """Read the plan of the build that is running."""
    raw = json.loads(PLAN.read_text(encoding="utf-8"))
    studies = [StudyPlan(**{**s, "pages": [PagePlan(**p) for p in s["pages"]]}) for s in raw["studies"]]
    return Plan(**{**raw, "studies": studies})


def study_names(text: str) -> list[str]:
    """Split the studies that STUDY= names; a folder may have commas in its name.

    Examples
    --------
    >>> study_names("alpha, beta")
    ['alpha', 'beta']
    """
    pieces, names = text.split(","), []
    while pieces:
        whole = next((n for n in range(len(pieces), 1, -1) if _folder(",".join(pieces[:n]))), 1)
        names.append(",".join(pieces[:whole]))
        pieces = pieces[whole:]
    return [n if _folder(n) else n.strip() for n in names if n.strip()]


def _folder(name: str) -> Path | None:
    """Folder of a study given by its folder or its study file, or by the name of a shipped one."""
    path = Path(name).expanduser()
    for candidate in (Path("studies") / name, path, path.parent):
        if (candidate / "study.yml").is_file() and (candidate != path.parent or path.name == "study.yml"):
            return candidate
    return None


def _find(name: str) -> Path:
    """Folder of a study given by folder, by study file, or by id."""
    shipped = sorted(p.parent for p in Path("studies").glob("*/study.yml"))
    found = _folder(name) or next((p for p in shipped if study_id(p.name) == name), None)
    if found is None:
        raise StudyError([Problem("STUDY", "there is no such study",
                                  f"{nearest(name, [p.name for p in shipped])}, or a folder that holds "
                                  "a study.yml", value=name)])
    return found


def _plan_study(folder: Path, data: str) -> tuple[StudyPlan, list[Problem]]:
    """Read a study file as far as the build needs it; what else is wrong shows in ``prepare``.

    Returned with it are problems with places: those are settled before any file is read.
    """
    raw = _read(folder / "study.yml")
    file = str(folder / "study.yml")
    problems = [Problem(file, message, remedy, None, ".".join(map(str, loc)), value)
                for loc, message, remedy, value in place_faults(raw, folder)]
    tables = part if isinstance(part := raw.get("data"), dict) else {}
    place = Path(data).expanduser() if data else folder / str(tables.get("folder", "data"))
    names = [n for n in file_names(raw) if n and inner(n)]
    if not problems:
        problems = link_problems(folder, place, names, given=bool(data))
    files = sorted({str(place / name) for name in names})
    chapters = listed if isinstance(listed := raw.get("chapters"), list) else []
    pages = [p for c in chapters if (p := _plan_page(c, folder))]
    if twice := sorted({p.page for p in pages if [q.page for q in pages].count(p.page) > 1}):
        problems += [Problem(file, "two chapters have the same page name",
                             "give each chapter its own 'page'", None, "chapters", p) for p in twice]
    if _size(chapters) > PARAMETERS:
        problems.append(Problem(file, f"the chapters hold more than {PARAMETERS} values",
                                "look for a block that is repeated (& and *), and shorten it", None,
                                "chapters"))
    title = str(raw.get("short_title") or folder.resolve().name)
    return StudyPlan(study_id(folder.resolve().name), file, str(place), title, files, pages), problems


def _read(file: Path) -> dict[str, Any]:
    """Read a study file with plain YAML; nothing when it is broken, which ``prepare`` then says."""
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raw = None
    return raw if isinstance(raw, dict) else {}


def _size(value: Any) -> int:
    """Count the values in a part of a study file, up to a little more than what is allowed."""
    total, todo = 0, [value]
    while todo and total <= PARAMETERS:
        item = todo.pop()
        total += 1
        todo += list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
    return total


def notebook_path(folder: Path, name: str) -> Path:
    """Return the file of a notebook; one in the study's own folder goes before a shared one."""
    own = folder / "notebooks" / f"{name}.ipynb"
    return own if own.is_file() else Path("notebooks") / f"{name}.ipynb"


def _plan_page(chapter: Any, folder: Path) -> PagePlan | None:
    """Read one chapter."""
    chapter = {"notebook": chapter} if isinstance(chapter, str) else chapter
    if not isinstance(chapter, dict) or not isinstance(chapter.get("notebook"), str):
        return None
    name = chapter["notebook"]
    parameters = chapter.get("parameters")
    return PagePlan(str(chapter.get("page") or name), str(notebook_path(folder, name)),
                    str(chapter.get("title") or ""), parameters if isinstance(parameters, dict) else {})


def _twins(studies: list[StudyPlan]) -> list[Problem]:
    """Two studies cannot share an id: their pages would overwrite one another."""
    seen: dict[str, StudyPlan] = {}
    problems = []
    for study in studies:
        if study.id in seen:
            problems.append(Problem(study.file, f"has the same id as the study {seen[study.id].file}",
                                    "rename one of the two folders, or build one at a time",
                                    value=study.id))
        seen[study.id] = study
    titles: dict[str, str] = {}
    for study in studies:
        title = " ".join(study.short_title.casefold().split())
        if title in titles:
            same = f"has the same short title as the study {titles[title]}: readers could not tell them apart"
            problems.append(Problem(study.file, same, "give each study a short_title of its own",
                                    column="short_title", value=study.short_title))
        titles[title] = study.file
    return problems


def _narrow(studies: list[StudyPlan], pages: Sequence[str]) -> list[StudyPlan]:
    """Keep the pages asked for, and the studies that have one."""
    if not pages:
        return studies
    known = {p.page for s in studies for p in s.pages}
    if unknown := [p for p in pages if p not in known]:
        raise StudyError([Problem("PAGE", "no study of this build has such a page",
                                  nearest(p, sorted(known)), value=p) for p in unknown])
    kept = [replace(s, pages=[p for p in s.pages if p.page in pages]) for s in studies]
    return [s for s in kept if s.pages]
