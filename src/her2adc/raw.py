"""Tables of text as read, each cell with its origin; several files joined, or stacked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from her2adc.config import Source
from her2adc.errors import Problem


@dataclass(frozen=True)
class Origin:
    """Where cells of a column came from: the file, its column name there, and the row of each cell.

    ``rows`` has the index of the table; it is missing where a cell does not come from here.
    """

    source: Source
    column: str
    rows: pd.Series
    sheet: str = ""

    @property
    def file(self) -> str:
        """Name of the file."""
        return Path(self.source.file).name

    @property
    def place(self) -> str:
        """Name of the file, and of its sheet if it has sheets."""
        return place(self.source, self.sheet)


def place(source: Source, sheet: str = "") -> str:
    """Name a file, and its sheet if it has sheets: ``cohort.xlsx, sheet Baseline``."""
    file = Path(source.file).name
    return f"{file}, sheet {sheet}" if sheet else file


@dataclass
class RawTable:
    """A table as read: text cells (missing is ``None``), and the origins of each column.

    ``found_in`` says for each patient which of the joined files held them. ``files`` holds the names of
    the files, with their sheets if they have any. ``remarks`` are things to know that stop nothing.
    """

    name: str
    frame: pd.DataFrame
    origin: dict[str, list[Origin]] = field(default_factory=dict)
    found_in: pd.Series | None = None
    files: list[str] = field(default_factory=list)
    key_problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def where_values(self, column: str) -> str:
        """Where ``study.yml`` says what the texts of a column mean: ``data.patients.values.ki67``."""
        return cure(self, column, "values")

    def where_missing(self, column: str) -> str:
        """Where ``study.yml`` says which texts of a column mean nothing: ``data.patients.missing.ki67``."""
        return cure(self, column, "missing")

    def problem(
        self, column: str, index: object, message: str, remedy: str = "", value: object = ""
    ) -> Problem:
        """Make a problem that points at a cell; for a computed column, at the row of the patient."""
        known = self.origin.get(column)
        for o in known or self.origin.get("patient_id", []):
            row = o.rows.get(index)
            if pd.notna(row):
                name = o.column if known else column
                return Problem(o.place, message, remedy, int(row), name, str(value))
        name = known[0].column if known else column
        file = known[0].place if known else self.files[0]
        return Problem(file, message, remedy, None, name, str(value))


def cure(table: RawTable, column: str, key: str = "values") -> str:
    """Path of the key of ``study.yml`` that cures the cells of a column.

    Parameters
    ----------
    table
        The table.
    column
        The column, by its name in the dictionary.
    key
        ``values`` (what a text means) or ``missing`` (which texts mean nothing).

    Returns
    -------
    str
        For example ``data.patients.values.ki67``; where the study file gives only the name of the
        file, with the form in which it has to be written then.
    """
    where = f"data.{table.name}.{key}.{column}"
    sources = [o.source for o in table.origin.get("patient_id", [])]
    if len(sources) == 1 and sources[0].model_fields_set <= {"file"}:
        where += f" (written {table.name}: {{file: {sources[0].file}, {key}: {{{column}: ...}}}})"
    return where


@dataclass
class Part:
    """One file of a table: its cells, the row numbers as index, and the file's name of each column."""

    source: Source
    frame: pd.DataFrame
    columns: dict[str, str]
    sheet: str = ""
    remarks: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """Name of the file, and of its sheet if it has sheets."""
        return place(self.source, self.sheet)

    def origin(self, column: str, rows: pd.Series) -> Origin:
        """Origin of a column whose cells came from these rows of the file."""
        return Origin(self.source, self.columns.get(column, column), rows, self.sheet)


def join(name: str, parts: list[Part]) -> RawTable:
    """Join files on ``patient_id``; of a column present in several, the first file's stands.

    Parameters
    ----------
    name
        Name of the table.
    parts
        The files, each with one row a patient.

    Returns
    -------
    RawTable
        One row for each patient of any file.
    """
    files = list(dict.fromkeys(p.file for p in parts))
    ids = pd.Series(pd.unique(pd.concat([p.frame["patient_id"] for p in parts])), name="patient_id")
    origin: dict[str, list[Origin]] = {"patient_id": []}
    present = pd.DataFrame(False, index=ids.index, columns=files)
    cells = [ids.to_frame()]
    for part in parts:
        rows = ids.map(pd.Series(part.frame.index, index=part.frame["patient_id"]))
        present[part.file] |= rows.notna()
        origin["patient_id"].append(part.origin("patient_id", rows))
        new = [c for c in part.frame.columns if c not in origin]
        cells.append(part.frame.set_index("patient_id")[new].reindex(ids).set_axis(ids.index))
        origin |= {c: [part.origin(c, rows)] for c in new}
    found_in = present.apply(lambda r: " and ".join(f for f in files if r[f]), axis=1)
    frame = _text(pd.concat(cells, axis=1))
    table = RawTable(name, frame, origin, found_in if len(files) > 1 else None, files)
    table.remarks = [r for p in parts for r in p.remarks]
    return table


def stack(name: str, parts: list[Part]) -> RawTable:
    """Put files below each other; a column that a file lacks is empty in its rows.

    Parameters
    ----------
    name
        Name of the table.
    parts
        The files.

    Returns
    -------
    RawTable
    """
    frame = pd.concat([p.frame for p in parts], ignore_index=True)
    origin: dict[str, list[Origin]] = {}
    start = 0
    for part in parts:
        own = range(start, start + len(part.frame))
        rows = pd.Series(part.frame.index, index=own).reindex(frame.index)
        for column in part.frame.columns:
            origin.setdefault(column, []).append(part.origin(column, rows))
        start += len(part.frame)
    table = RawTable(name, _text(frame), origin, files=list(dict.fromkeys(p.file for p in parts)))
    table.remarks = [r for p in parts for r in p.remarks]
    return table


def _text(frame: pd.DataFrame) -> pd.DataFrame:
    """Text cells, None where missing."""
    return frame.astype(object).where(lambda f: f.notna(), None)


def orphans(raw: dict[str, RawTable]) -> list[Problem]:
    """Find rows of other tables whose patient is not in ``patients``.

    Parameters
    ----------
    raw
        All tables by name.

    Returns
    -------
    list of Problem
    """
    known = set(raw["patients"].frame["patient_id"])
    return [
        table.problem(
            "patient_id",
            i,
            "this patient is not in the table of patients",
            f"add the patient to {raw['patients'].files[0]}, or delete the row",
            p,
        )
        for name, table in raw.items()
        if name != "patients"
        for i, p in table.frame["patient_id"].items()
        if p is not None and p not in known
    ]


def _holds_data(table: RawTable, place: str, rows: list[Any]) -> bool:
    """Whether any cell of the first row of a file has a digit: then it is no second row of names."""
    texts = [
        str(table.frame[column][o.rows.index[o.rows.eq(rows[0])][0]] or "")
        for column, found in table.origin.items()
        for o in found
        if o.place == place and column in table.frame and o.rows.eq(rows[0]).any()
    ]
    return any(c.isdigit() for text in texts for c in text)


def second_header_hint(problems: list[Problem], raw: dict[str, RawTable]) -> list[Problem]:
    """Take several cells of a file's first data row that cannot be read for a second header row.

    Parameters
    ----------
    problems
        What was found.
    raw
        All tables by name.

    Returns
    -------
    list of Problem
        With one problem in the place of those cells.
    """
    out = list(problems)
    for table in raw.values():
        for file in table.files:
            rows = [o.rows.min() for found in table.origin.values() for o in found if o.place == file]
            here = [p for p in out if p.file == file and rows and p.row == rows[0]]
            names = all(p.message.startswith("is not a") for p in here) and not _holds_data(table, file, rows)
            if len(here) >= 2 and names:
                out = [p for p in out if p not in here]
                out.insert(
                    0,
                    Problem(
                        file,
                        "the first row under the names does not hold data: "
                        f"{', '.join(p.column for p in here)} cannot be read there",
                        "if it is a second header row, set extra_header_rows: 1 for this file in study.yml",
                        row=int(rows[0]),
                        value=", ".join(p.value for p in here),
                    ),
                )
    return out
