"""What a file may be: inside its folder, of a size that can be read, and what its ending says."""

from __future__ import annotations

import zipfile
from pathlib import Path

from her2adc.errors import Problem
from her2adc.readers.grid import FileProblem

MOST_BYTES = 1_000_000_000
MOST_UNPACKED = 1_500_000_000
MOST_PARTS = 20_000
MOST_CELLS = 20_000_000
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_OTHER = {
    ".xls": "open it in Excel and save it as an Excel workbook (.xlsx)",
    ".xlsb": "open it in Excel and save it as an Excel workbook (.xlsx)",
    ".ods": "open it and save it as .xlsx or .csv",
    ".numbers": "export it as .xlsx or .csv",
    ".dta": "save it as .csv, .parquet or .sav",
    ".sas7bdat": "save it as .csv, .parquet or .sav",
    ".rds": "save it as .csv or .parquet",
    ".zip": "unpack it",
    ".gz": "unpack it",
}


def checked(path: Path, folders: tuple[Path, ...], kinds: tuple[str, ...]) -> None:
    """Refuse a file that is not there, not of a kind that is read, too large, or outside its folders.

    Parameters
    ----------
    path
        The file.
    folders
        Folders in which it may lie; its symbolic links are followed first.
    kinds
        Endings that are read.

    Raises
    ------
    FileProblem
    """
    name = path.name or str(path)
    try:
        real = path.resolve()
        inside = any(real.is_relative_to(f.resolve()) for f in folders)
        there, folder = path.is_file(), path.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise FileProblem(
            Problem(name, f"is no name of a file: {error}", "mend 'file' in study.yml")
        ) from None
    if folders and not inside:
        raise FileProblem(
            Problem(
                "study.yml",
                "the file lies outside the folder of the data, where nothing is read",
                "copy it into that folder, or give its own: DATA=folder (validate: --data folder)",
                value=str(path),
            )
        )
    if folder:
        raise FileProblem(Problem(name, "is a folder, not a file", "mend 'file' in study.yml"))
    if path.suffix.lower() not in kinds:
        remedy = _OTHER.get(path.suffix.lower(), f"use one of {', '.join(kinds)}")
        raise FileProblem(Problem(name, "this kind of file cannot be read", remedy, value=path.suffix))
    if not there:
        raise FileProblem(_absent(path))
    _content(path)


def _absent(path: Path) -> Problem:
    """A file that is not there, and files whose names are like it."""
    try:
        near = [p.name for p in path.parent.iterdir() if p.name.lower() == path.name.lower()]
    except OSError:
        near = []
    hint = f" (the folder has {near[0]!r})" if near else ""
    return Problem(
        path.name,
        f"this file is not in the data folder{hint}",
        "put it there, mend 'file' in study.yml, or give DATA=folder",
    )


def _content(path: Path) -> None:
    """Refuse a file whose first bytes are those of another kind, and one that is empty or too large."""
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            start = handle.read(8)
    except OSError as error:
        raise FileProblem(
            Problem(path.name, f"cannot be opened: {error.strerror}", "look at its permissions")
        ) from None
    excel, text = (
        path.suffix.lower() in (".xlsx", ".xlsm"),
        path.suffix.lower() in (".csv", ".tsv", ".txt", ".tab"),
    )
    problem = None
    if size == 0:
        problem = (
            "is empty: it has no data rows",
            "export it again, with the names of the columns in the first row",
        )
    elif size > MOST_BYTES:
        problem = (f"has {size / 1e9:.1f} GB, and no more than {MOST_BYTES / 1e9:.0f} GB are read",
                   "keep the columns and rows that the study needs")  # fmt: skip
    elif excel and start == _OLE:
        problem = (
            "is locked with a password, or is an old workbook (.xls) with a new ending",
            "open it in Excel, take the password off, and save it as an Excel workbook (.xlsx)",
        )
    elif text and start == _OLE:
        problem = ("is no text but an old Office file", "open it in Excel and save it as .xlsx or .csv")
    elif text and start.startswith(_ZIP):
        problem = ("is no text but a packed file", "if it is an Excel workbook, let its name end in .xlsx")
    if problem:
        raise FileProblem(Problem(path.name, *problem))


def check_archive(archive: zipfile.ZipFile, file: str) -> None:
    """Refuse a packed file that would fill the memory, by the sizes that it declares."""
    parts = archive.infolist()
    total = sum(p.file_size for p in parts)
    if len(parts) > MOST_PARTS or total > MOST_UNPACKED:
        raise FileProblem(
            Problem(
                file,
                f"would unpack to {total / 1e9:.1f} GB in {len(parts):,} parts: this is no table of patients",
                "copy the cells of the table into a new workbook",
            )
        )
    if any(p.flag_bits & 1 for p in parts):
        raise FileProblem(Problem(file, "is locked with a password", "save it without one"))
