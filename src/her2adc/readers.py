"""Files -> text cells: CSV, TSV, Excel, Parquet, SPSS, and the clinical files of cBioPortal.

Every cell is first read as text, whatever the file was, so that one set of rules types it.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyreadstat

from her2adc.cells import cell_text
from her2adc.config import Source
from her2adc.errors import Problem

CBIOPORTAL_MISSING = (
    "[Not Applicable]",
    "[Not Available]",
    "[Pending]",
    "[Discrepancy]",
    "[Completed]",
    "[Null]",
)
"""Texts that mean a missing value in every file of cBioPortal, beside the usual ones."""


def _read_delimited(path: Path, source: Source) -> pd.DataFrame:
    delimiter = source.delimiter or ("\t" if path.suffix.lower() in (".tsv", ".txt", ".tab") else ",")
    with path.open(encoding=source.encoding, newline="") as handle:
        if source.delimiter is None and delimiter == ",":
            head = handle.readline()
            handle.seek(0)
            delimiter = ";" if head.count(";") > head.count(",") else ","
        rows = list(csv.reader(handle, delimiter=delimiter))
    return _below_header(list(enumerate(rows, start=1))[source.header_row - 1 :])


def _read_cbioportal(path: Path, source: Source) -> pd.DataFrame:
    """Read a clinical file of cBioPortal: no quoting, and lines that start with ``#`` are not data.

    The first of these holds the display names of the columns, which go to ``attrs["display_names"]``.
    """
    lines = path.read_text(encoding=source.encoding).split("\n")
    cells = [[_unquoted(c) for c in line.split(source.delimiter or "\t")] for line in lines]
    rows = [(i, row) for i, row in enumerate(cells, start=1) if not row[0].startswith("#")]
    frame = _below_header([(i, row) for i, row in rows if any(row)])
    if lines and lines[0].startswith("#") and len(cells[0]) == frame.shape[1]:
        shown = [c.lstrip("#").strip() for c in cells[0]]
        frame.attrs["display_names"] = {
            name: column
            for name, column in zip(shown, frame.columns, strict=True)
            if shown.count(name) == 1 and name not in frame.columns
        }
    return frame


def _unquoted(cell: str) -> str:
    """Text of a cell without the quotes that spreadsheets put around it."""
    cell = cell.strip()
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell


def _below_header(rows: list[tuple[int, list[str]]]) -> pd.DataFrame:
    """Make a frame of numbered rows, of which the first holds the names."""
    if not rows or not any(rows[0][1]):
        return pd.DataFrame()
    width = len(rows[0][1])
    body = [(i, r) for i, r in rows[1:] if any(c.strip() for c in r)]
    frame = pd.DataFrame(
        [(r + [""] * width)[:width] for _, r in body],
        columns=[c.strip() for c in rows[0][1]],
        dtype=object,
    )
    frame.index = pd.Index([i for i, _ in body])
    frame.attrs["ragged"] = [(i, len(r)) for i, r in body if len(r) > width and any(r[width:])]
    return frame


def _read_excel(path: Path, source: Source) -> pd.DataFrame:
    frame = pd.read_excel(
        path,
        sheet_name=source.sheet,
        header=source.header_row - 1,
        dtype=object,
        keep_default_na=False,
        na_values=[],
    )
    frame.index = pd.RangeIndex(source.header_row + 1, source.header_row + 1 + len(frame))
    frame.columns = [str(c).strip() for c in frame.columns]
    return frame.loc[~frame.map(cell_text).isin([None, ""]).all(axis=1)]


def _read_parquet(path: Path, source: Source) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    return frame.astype(object).set_axis(range(1, len(frame) + 1), axis=0)


def _read_spss(path: Path, source: Source) -> pd.DataFrame:
    frame, _ = pyreadstat.read_sav(str(path), apply_value_formats=True)
    return frame.astype(object).set_axis(range(1, len(frame) + 1), axis=0)


_TEXT = (".csv", ".tsv", ".txt", ".tab")
_READERS: dict[str, Callable[[Path, Source], pd.DataFrame]] = {
    **dict.fromkeys(_TEXT, _read_delimited),
    **dict.fromkeys((".xlsx", ".xlsm"), _read_excel),
    ".parquet": _read_parquet,
    ".sav": _read_spss,
    ".zsav": _read_spss,
}


def read_file(path: Path, source: Source) -> tuple[pd.DataFrame, list[Problem]]:
    """Read one file as text cells; the index holds the row numbers of the file.

    Parameters
    ----------
    path
        CSV, TSV, Excel, Parquet or SPSS file.
    source
        How to read it. Text files of ``format: cbioportal`` may start with the ``#`` lines of its
        data sets, or not, as exported from the site.

    Returns
    -------
    DataFrame, list of Problem
        An empty frame when the file cannot be read, with the reason. ``attrs["display_names"]`` maps
        display names to the columns of a cBioPortal data set.
    """
    frame, problem = _opened(path, source)
    if problem is None and (frame.shape[1] == 0 or len(frame) == 0):
        problem = Problem(
            path.name,
            "is empty: it has no data rows",
            "export it again, with the names of the columns in the first row",
        )
    if problem:
        return pd.DataFrame(), [problem]
    problems = [
        Problem(
            path.name,
            f"has {n} cells where the header has {frame.shape[1]}",
            "put quotes around text that holds the delimiter",
            row=row,
        )
        for row, n in frame.attrs.get("ragged", [])
    ]
    problems += [
        Problem(path.name, "two columns have the same name", "rename one of them", column=c)
        for c in sorted(set(frame.columns[frame.columns.duplicated()]))
    ]
    display_names = frame.attrs.get("display_names", {})
    frame = frame.loc[:, ~frame.columns.duplicated()].map(cell_text).iloc[source.extra_header_rows :]
    frame.attrs = {"display_names": display_names}
    return frame, problems


def _opened(path: Path, source: Source) -> tuple[pd.DataFrame, Problem | None]:
    """Read a file with the reader of its kind, or say why it cannot be read."""
    suffix = path.suffix.lower()
    reader = _READERS.get(suffix)
    if reader is None:
        return pd.DataFrame(), Problem(
            path.name,
            "this kind of file cannot be read",
            f"use one of {', '.join(_READERS)}",
            value=path.suffix,
        )
    if source.format == "cbioportal" and suffix in _TEXT:
        reader = _read_cbioportal
    if not path.is_file():
        return pd.DataFrame(), Problem(
            path.name,
            "this file is not in the data folder",
            "put it there, mend 'file' in study.yml, or give DATA=folder",
        )
    try:
        return reader(path, source), None
    except UnicodeDecodeError as error:
        return pd.DataFrame(), Problem(
            path.name,
            f"is not {source.encoding.removesuffix('-sig').upper()} text",
            "save it as UTF-8, or set 'encoding' (for example cp1252 or gb18030) in study.yml",
            row=path.read_bytes()[: error.start].count(b"\n") + 1,
            value=str(error.object[error.start : error.end]),
        )
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, pyreadstat.ReadstatError) as error:
        return pd.DataFrame(), Problem(
            path.name, f"cannot be read: {error}", "open it in its own program and save it again"
        )
