"""What a build consists of: which studies, which pages, which files they depend on.

The plan is read from the study files with plain YAML, so that a build that has nothing to do ends at
once; their strict validation is the first step of the build itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from her2adc.errors import Problem, StudyError, nearest

PLAN = Path("_build/plan.json")
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


@dataclass(frozen=True)
class Plan:
    """A whole build, and the studies that it leaves out with the reason."""

    studies: list[StudyPlan]
    left_out: list[str] = field(default_factory=list)

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
        When a study or page does not exist.
    """
    if data and len(studies) != 1:
        raise StudyError([Problem("DATA", "names the data of one study",
                                  "say which: make book STUDY=... DATA=...", value=data)])
    if data and not Path(data).is_dir():
        raise StudyError([Problem("DATA", "there is no such folder", value=data)])
    folders = [_find(s) for s in studies] or sorted(p.parent for p in Path("studies").glob("*/study.yml"))
    planned: list[StudyPlan] = []
    left_out: list[str] = []
    for folder in folders:
        study = _plan_study(folder, data)
        if studies or Path(study.data).is_dir():
            planned.append(study)
        else:
            left_out.append(f"{study.id}: its data are not in the repository; to build it: "
                            f"make book STUDY={study.id} DATA=folder")
    _refuse_twins(planned)
    return Plan(_narrow(planned, pages), left_out)


def write_plan(plan: Plan) -> None:
    """Store the plan where the jobs of the build find it."""
    PLAN.parent.mkdir(parents=True, exist_ok=True)
    PLAN.write_text(json.dumps(asdict(plan), indent=1, default=str), encoding="utf-8")


def read_plan() -> Plan:
    """Read the plan of the build that is running."""
    raw = json.loads(PLAN.read_text(encoding="utf-8"))
    studies = [StudyPlan(**{**s, "pages": [PagePlan(**p) for p in s["pages"]]}) for s in raw["studies"]]
    return Plan(studies, raw["left_out"])


def _find(name: str) -> Path:
    """Folder of a study given by id, by folder, or by its study file."""
    path = Path(name).expanduser()
    for candidate in (Path("studies") / name, path, path.parent):
        if (candidate / "study.yml").is_file() and (candidate != path.parent or path.suffix):
            return candidate
    shipped = sorted(p.parent.name for p in Path("studies").glob("*/study.yml"))
    raise StudyError([Problem("STUDY", "there is no such study",
                              f"{nearest(name, shipped)}, or a folder that holds a study.yml",
                              value=name)])


def _plan_study(folder: Path, data: str) -> StudyPlan:
    """Read a study file as far as the build needs it; what is wrong with it shows in ``prepare``."""
    file = folder / "study.yml"
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError):
        raw = None
    raw = raw if isinstance(raw, dict) else {}
    tables = data_part if isinstance(data_part := raw.get("data"), dict) else {}
    place = Path(data).expanduser() if data else folder / str(tables.get("folder", "data"))
    beside = [p for pattern in ("*.yml", "*.md") for p in folder.glob(pattern)]
    files = {str(p) for p in (*beside, *(place / name for name in _file_names(tables))) if p.is_file()}
    chapters = listed if isinstance(listed := raw.get("chapters"), list) else []
    pages = [p for c in chapters if (p := _plan_page(c, folder))]
    title = str(raw.get("short_title") or folder.resolve().name)
    return StudyPlan(folder.resolve().name, str(file), str(place), title, sorted(files), pages)


def _file_names(tables: Any) -> Iterable[str]:
    """Yield the file names of the part ``data`` of a study file, in any of its short forms."""
    if isinstance(tables, dict):
        for key, value in tables.items():
            if isinstance(value, str) and key not in ("folder", "missing"):
                yield value
            elif isinstance(value, dict):
                sources = value.get("sources", [value])
                for source in sources if isinstance(sources, list) else []:
                    if isinstance(source, dict) and "file" in source:
                        yield str(source["file"])


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


def _refuse_twins(studies: list[StudyPlan]) -> None:
    """Two studies cannot share an id: their pages would overwrite one another."""
    seen: dict[str, str] = {}
    for study in studies:
        if study.id in seen:
            raise StudyError([Problem(study.file, "has the same id as another study of this build",
                                      f"rename its folder, or leave out {seen[study.id]}",
                                      value=study.id)])
        seen[study.id] = study.file


def _narrow(studies: list[StudyPlan], pages: Sequence[str]) -> list[StudyPlan]:
    """Keep the pages asked for, and the studies that have one."""
    if not pages:
        return studies
    known = {p.page for s in studies for p in s.pages}
    if unknown := [p for p in pages if p not in known]:
        raise StudyError([Problem("PAGE", "no study of this build has such a page",
                                  nearest(p, sorted(known)), value=p) for p in unknown])
    kept = [StudyPlan(s.id, s.file, s.data, s.short_title, s.files,
                      [p for p in s.pages if p.page in pages]) for s in studies]
    return [s for s in kept if s.pages]
