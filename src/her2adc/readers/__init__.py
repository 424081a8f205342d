"""Files -> text cells: CSV, TSV, Excel, Parquet, SPSS, and the clinical files of cBioPortal.

Every cell is first read as text, whatever the file was, so that one set of rules types it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from her2adc.config import Source
from her2adc.errors import Problem
from her2adc.readers.delimited import read_cbioportal, read_delimited
from her2adc.readers.excel import read_excel
from her2adc.readers.grid import FileProblem, Read, Unclear, clean_name, letter
from her2adc.readers.guard import checked
from her2adc.readers.typed_files import read_parquet, read_spss

__all__ = ["CBIOPORTAL_MISSING", "Read", "Unclear", "clean_name", "letter", "read_file"]

CBIOPORTAL_MISSING = (
    "[Not Applicable]",
    "[Not Available]",
    "[Pending]",
    "[Discrepancy]",
    "[Completed]",
    "[Null]",
)
"""Texts that mean a missing value in every file of cBioPortal, beside the usual ones."""

_TEXT = (".csv", ".tsv", ".txt", ".tab")
_READERS: dict[str, Callable[[Path, Source], Read]] = {
    **dict.fromkeys(_TEXT, read_delimited),
    **dict.fromkeys((".xlsx", ".xlsm"), read_excel),
    ".parquet": read_parquet,
    ".sav": read_spss,
    ".zsav": read_spss,
}


def read_file(path: Path, source: Source, folders: tuple[Path, ...] = ()) -> tuple[Read, list[Problem]]:
    """Read one file as text cells; the index holds the row numbers of the file.

    Parameters
    ----------
    path
        CSV, TSV, Excel, Parquet or SPSS file.
    source
        How to read it. Text files of ``format: cbioportal`` may start with the ``#`` lines of its
        data sets, or not, as exported from the site.
    folders
        Folders in which the file has to lie, symbolic links followed; anywhere if there are none.

    Returns
    -------
    Read, list of Problem
        An empty frame when the file cannot be read, with the reason.
    """
    suffix = path.suffix.lower()
    try:
        checked(path, folders, tuple(_READERS))
        reader = _READERS[suffix]
        if "sheet" in source.model_fields_set and reader is not read_excel:
            message = f"{path.name} has no sheets, since it is no workbook of Excel"
            remedy = "delete 'sheet' of this file in study.yml, or name the workbook"
            raise FileProblem(Problem("study.yml", message, remedy, value=f"sheet: {source.sheet}"))
        if source.format == "cbioportal" and suffix in _TEXT:
            reader = read_cbioportal
        return reader(path, source), []
    except FileProblem as error:
        return Read(), error.problems
    except Exception as error:  # whatever a reader of damaged files raises is said, not thrown
        why = str(error) or type(error).__name__
        return Read(), [
            Problem(path.name, f"cannot be read: {why[:300]}", "open it in its own program and save it again")
        ]
