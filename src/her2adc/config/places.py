"""Names and places: the id of a study, names of pages, and which files a study may read.

A study's folder may have any name; its id is made from it and is safe everywhere: in file names,
labels, addresses. What a study file names is looked for in the study's own folder and in the folder of
its data, nowhere else.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from her2adc.errors import Problem

Fault = tuple[tuple[int | str, ...], str, str, str]
"""Where in the study file, what is wrong, what to do, the value."""
ID = re.compile(r"[a-z][a-z0-9_]*")
PAGE = re.compile(r"[a-z0-9][a-z0-9_-]*")
LONGEST = 60
RESERVED = ("figures", "tables", "index", "search", "genindex", "results")
_SPELT = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "œ": "oe", "å": "a", "ł": "l",
          "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


def study_id(name: str) -> str:
    """Id of a study from the name of its folder: small letters, digits and underscores.

    A name that is an id already is kept. Letters that have no Latin form become a short hash, so that
    two such names do not meet.

    Examples
    --------
    >>> [study_id(n) for n in ("our_tdxd", "2024 TDXd", "Zürich-HER2", "Étude n° 3")]
    ['our_tdxd', 's_2024_tdxd', 'zuerich_her2', 'etude_n_3']
    >>> study_id("乳腺癌 2024")
    's_2024_110b62'
    """
    if ID.fullmatch(name) and len(name) <= LONGEST:
        return name
    text, lost = _latin(name, "_")
    if lost or not text or len(text) > LONGEST:
        text = f"{text[: LONGEST - 10]}_{_hash(name)}".strip("_")
    return text if text[0].isalpha() else f"s_{text}"


def page_name(name: str) -> str:
    """Page name nearest to a text, for advice.

    Examples
    --------
    >>> page_name("PFS & OS"), page_name("figures"), page_name("总生存")
    ('pfs-os', 'figures-page', 'page-b775d4')
    """
    text, lost = _latin(name, "-")
    if lost or not text:
        text = f"{text or 'page'}-{_hash(name)}"
    text = text[: LONGEST - 5].strip("-_")
    return f"{text}-page" if text in RESERVED else text


def page_fault(name: str) -> tuple[str, str] | None:
    """Say what is wrong with the name of a page, and what to do; None when nothing is.

    Examples
    --------
    >>> page_fault("overall-survival")
    >>> page_fault("OS")[1]
    "write page: os; what readers see is the chapter's title"
    """
    remedy = f"write page: {page_name(name)}; what readers see is the chapter's title"
    if not PAGE.fullmatch(name):
        return "is no page name: small letters a to z, digits, - and _ only", remedy
    if name in RESERVED:
        return "is a name that the book itself uses", remedy
    if len(name) > LONGEST:
        return f"is longer than {LONGEST} letters", remedy
    if re.search(r"-(?:figure|table)-", name):
        return "holds -figure- or -table-, which the book uses in its labels", \
            f"write page: {re.sub('-(?=figure-|table-)', '_', name)}"
    return None


def _latin(name: str, joint: str) -> tuple[str, bool]:
    """Return a name in small Latin letters and digits, and whether letters had no such form."""
    text = unicodedata.normalize("NFC", name).lower()
    text = "".join(_SPELT.get(c, c) for c in text)
    text = unicodedata.normalize("NFKD", text)
    lost = any(unicodedata.category(c)[0] in "LN" and not c.isascii() for c in text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(rf"{joint}+", joint, re.sub(r"[^a-z0-9_]+", joint, text)).strip("_-"), lost


def _hash(name: str) -> str:
    """Six characters that stand for a name; the same on every machine and file system."""
    return hashlib.sha256(unicodedata.normalize("NFC", name).encode("utf-8", "replace")).hexdigest()[:6]


def shown_name(folder: Path | str) -> str:
    """Name of a study as a person knows it: its folder, and its id where that differs.

    Examples
    --------
    >>> shown_name("studies/our_tdxd"), shown_name("studies/2024 TDXd")
    ('our_tdxd', '2024 TDXd (id s_2024_tdxd)')
    """
    name = Path(folder).resolve().name
    own = study_id(name)
    return name if own == name else f"{name} (id {own})"


def place_faults(raw: dict[str, Any], folder: Path) -> list[Fault]:
    """Say what is wrong with the names and places in a study file.

    Parameters
    ----------
    raw
        The study file as YAML reads it.
    folder
        The study's folder.

    Returns
    -------
    list of Fault
        Of its id, pages, notebooks, the folder of its data and the files of its tables.
    """
    faults: list[Fault] = []
    name, own = folder.resolve().name, study_id(folder.resolve().name)
    if "id" in raw and str(raw["id"]) not in (name, own):
        faults.append((("id",), f"the id of a study comes from its folder, which makes it {own!r}",
                       f"delete the line, write id: {own}, or rename the folder", str(raw["id"])))
    for loc, text in _files(raw):
        if not inner(text):
            faults.append((loc, "is a place outside of the folder of the data; only files in it are read",
                           "copy the file into that folder and write its name alone; to read another "
                           "folder, name it on the command line: make book STUDY=... DATA=folder "
                           "(her2adc validate ... --data folder)", text))
    data = raw.get("data")
    place = data.get("folder") if isinstance(data, dict) else None
    if isinstance(place, str) and not inner(place):
        faults.append((("data", "folder"), "is a folder outside of the study's own",
                       "move it into the study's folder, or leave this key out and name the folder on the "
                       "command line: make book STUDY=... DATA=folder (her2adc validate ... --data folder)",
                       place))
    notes = raw.get("notes")
    if isinstance(notes, str) and not inner(notes):
        faults.append((("notes",), "is a place outside of the study's folder",
                       "copy the file into the study's folder and write its name alone", notes))
    return faults + list(_chapter_faults(raw.get("chapters")))


def _chapter_faults(chapters: Any) -> Iterator[Fault]:
    """Names of notebooks and pages that cannot be."""
    for number, chapter in enumerate(chapters if isinstance(chapters, list) else []):
        chapter = {"notebook": chapter} if isinstance(chapter, str) else chapter
        if not isinstance(chapter, dict):
            continue
        notebook = chapter.get("notebook")
        if isinstance(notebook, str) and (not inner(notebook) or "/" in notebook or not notebook.strip()):
            yield (("chapters", number, "notebook"), "is no name of a notebook",
                   "write the name alone, without folder and .ipynb; own notebooks lie in the study's "
                   "folder 'notebooks'", notebook)
            continue
        page = chapter.get("page", notebook)
        if isinstance(page, str | int) and (fault := page_fault(str(page))):
            yield ("chapters", number, "page"), *fault, str(page)


def _files(raw: dict[str, Any]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield every file that the part ``data`` names, and its place in the study file."""
    data = raw.get("data")
    for table, value in data.items() if isinstance(data, dict) else ():
        if table in ("folder", "missing"):
            continue
        if isinstance(value, str):
            yield ("data", table), value
        elif isinstance(value, dict):
            if "file" in value:
                yield ("data", table, "file"), str(value["file"])
            sources = value.get("sources")
            for number, source in enumerate(sources if isinstance(sources, list) else []):
                if isinstance(source, dict) and "file" in source:
                    yield ("data", table, "sources", number, "file"), str(source["file"])


def file_names(raw: dict[str, Any]) -> list[str]:
    """List the files that the part ``data`` of a study file names, in any of its short forms.

    Examples
    --------
    >>> file_names({"data": {"patients": "a.csv", "biomarkers": {"sources": [{"file": "b.csv"}]}}})
    ['a.csv', 'b.csv']
    """
    return [name for _, name in _files(raw)]


def inner(name: str) -> bool:
    """Say whether a name stays inside the folder that it is looked for in, on any system.

    Examples
    --------
    >>> inner("cohort.xlsx"), inner("2024/cohort.xlsx"), inner("../cohort.xlsx"), inner("/etc/passwd")
    (True, True, False, False)
    """
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    return not (posix.is_absolute() or windows.drive or windows.root or "\0" in name
                or ".." in posix.parts or ".." in windows.parts or name.startswith("~"))


def own_link_problems(folder: Path) -> list[Problem]:
    """Study file and notes that are links to somewhere outside of the study's folder."""
    root = folder.resolve()
    own = sorted(p for pattern in ("*.yml", "*.md") for p in folder.glob(pattern))
    return [
        Problem(path.name, "is a link to a file outside of the study's folder; such files are not read",
                "put the file itself there", value=str(path.resolve()))
        for path in own if not path.resolve().is_relative_to(root)
    ]


def link_problems(folder: Path, data: Path, names: list[str], given: bool) -> list[Problem]:
    """Files of a study that are links to somewhere else.

    Parameters
    ----------
    folder
        The study's folder.
    data
        The folder of its data.
    names
        The data files that the study file names.
    given
        True when a person named the folder of the data on the command line.

    Returns
    -------
    list of Problem
        Empty when all files lie where they seem to.
    """
    root, base = folder.resolve(), data.resolve()
    problems = own_link_problems(folder)
    if not given and not base.is_relative_to(root):
        return [*problems, Problem(
            "study.yml", f"the folder {data.name!r} is a link to a folder outside of the study's own",
            f"name that folder on the command line: make book STUDY=... DATA={base} "
            f"(her2adc validate ... --data {base})", column="data.folder", value=str(base))]
    for name in names:
        real = (data / name).resolve()
        if inner(name) and not (real.is_relative_to(base) or real.is_relative_to(root)):
            problems.append(Problem(
                name, "is a link to a file outside of the folder of the data; such files are not read",
                "put the file itself there, or name the folder that holds it on the command line: "
                "make book STUDY=... DATA=folder (her2adc validate ... --data folder)", value=str(real)))
    return problems
