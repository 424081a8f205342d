"""What every step of a build depends on, as one digest of contents.

A step is out of date when the digest of its inputs is not the one that it last succeeded with. File
times are never looked at: they lie after ``cp -p``, unzip, a file share or a wrong clock. Everything is
hashed at every build, for the inputs of a book are small.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from her2adc.build.plan import PagePlan, Plan, StudyPlan

SOURCE = Path("src/her2adc")
BUILD = ("build", "__main__.py")
RECIPES = ("reconstruct.py", "annealing.py")
"""Only make pseudo-cohorts; no page depends on them."""
PROSE = ("_config.yml", "CHANGELOG.md")
_SKIPPED = ("__pycache__", ".ipynb_checkpoints")


def keys(plan: Plan) -> dict[str, str]:
    """Return the digest of what each step of a build depends on.

    Parameters
    ----------
    plan
        The build.

    Returns
    -------
    dict of str to str
        ``prepare/<study>``, ``page/<study>/<page>``, ``collect``, ``front``, ``site``.
    """
    code = _digest([*_code(), Path("requirements.txt")], platform.python_version())
    build = {p.stem: _digest([p]) for p in sorted((SOURCE / "build").glob("*.py"))}
    found: dict[str, str] = {}
    for study in plan.studies:
        inputs = _join(code, build["plan"], build["chapters"], study_digest(study))
        found[f"prepare/{study.id}"] = inputs
        for page in study.pages:
            found[f"page/{study.id}/{page.page}"] = _join(
                inputs, build["page"], build["execute"], _notebook(study, page), _meaning(study, page))
    pages = _join(*(f"{name} {key}" for name, key in found.items()))
    found["collect"] = _join(pages, build["collect"])
    found["front"] = _join(pages, build["front"], _digest([Path("_toc.yml")]))
    found["site"] = _join(found["front"], *build.values(), _digest(_prose()))
    return found


def study_digest(study: StudyPlan) -> str:
    """Digest of the files of a study: those in its folder, and its data files, there or not."""
    folder = Path(study.file).parent
    apart = (".", "~$", "reconstruct")
    beside = [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(apart)]
    data = [f"{Path(name).name} {_content(Path(name))}" for name in study.files]
    return _join(*(f"{p.name} {_content(p)}" for p in sorted(beside)), *data)


def files_digest(files: Iterable[Path]) -> str:
    """Digest of names and contents of files that a step has made."""
    return _digest(sorted(files))


def listing_digest(folder: Path) -> str:
    """Digest of the names and sizes of all files below a folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return _join(*(f"{p.relative_to(folder).as_posix()} {p.stat().st_size}" for p in files))


def _code() -> list[Path]:
    """Everything in the package that can change a number, a word or a figure: data files too."""
    return sorted(p for p in SOURCE.rglob("*") if p.is_file() and not set(p.parts) & set(_SKIPPED)
                  and p.relative_to(SOURCE).parts[0] not in BUILD and p.name not in RECIPES
                  and p.suffix != ".pyc" and not p.name.startswith("."))


def _prose() -> list[Path]:
    """Files of the book that no notebook makes."""
    return [*sorted(p for p in Path("book").rglob("*") if p.is_file() and p.parts[1] != "pages"
                    and not p.name.startswith(".")), *map(Path, PROSE)]


def _notebook(study: StudyPlan, page: PagePlan) -> str:
    """Digest of the notebook of a page; of one in the study's own folder, with what lies beside it."""
    path = Path(page.notebook)
    own = Path(study.file).parent / "notebooks"
    beside = sorted(p for p in own.rglob("*") if p.is_file() and not set(p.parts) & set(_SKIPPED)
                    and p.suffix != ".ipynb") if path.parent == own else []
    return _join(*(f"{p.name} {_content(p)}" for p in (path, *beside)))


def _meaning(study: StudyPlan, page: PagePlan) -> str:
    """Say what the study file makes of a page."""
    return json.dumps([study.id, study.short_title, page.page, page.title, page.parameters],
                      sort_keys=True, default=str)


def _digest(files: Sequence[Path], *more: str) -> str:
    """Digest of names and contents of files."""
    return _join(*(f"{path.as_posix()} {_content(path)}" for path in files), *more)


def _content(path: Path) -> str:
    """Digest of a file's content; says so when there is none or it cannot be read."""
    if not path.is_file():
        return "absent"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        return "no permission"


def _join(*texts: str) -> str:
    """Digest of texts in their order."""
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogateescape")).hexdigest()
