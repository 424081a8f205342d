"""Tables of text as read, each cell with its origin; several files joined, or stacked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from her2adc.cells import ELAPSED, as_dates, as_numbers
from her2adc.config import Source
from her2adc.errors import Problem


@dataclass(frozen=True)
class Origin:
    """Where cells of a column came from: the file, its column name there, and the row of each cell.

    ``rows`` has the index of the table; it is missing where a cell does not come from here.
    ``date1904`` is true of a workbook that counts its days from 1904.
    """

    source: Source
    column: str
    rows: pd.Series
    sheet: str = ""
    date1904: bool = False

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
    the files, with their sheets if they have any. ``remarks`` are things to know that stop nothing;
    ``conflicts`` are cells of joined files that differ, by column.
    """

    name: str
    frame: pd.DataFrame
    origin: dict[str, list[Origin]] = field(default_factory=dict)
    found_in: pd.Series | None = None
    files: list[str] = field(default_factory=list)
    key_problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    conflicts: dict[str, list[Problem]] = field(default_factory=dict)

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
    """One file of a table: its cells, the row numbers as index, and the file's name of each column.

    ``said`` holds the rows whose missing id has been reported; ``below`` is the first row that stands below
    an empty one.
    """

    source: Source
    frame: pd.DataFrame
    columns: dict[str, str]
    sheet: str = ""
    remarks: list[str] = field(default_factory=list)
    said: set[int] = field(default_factory=set)
    date1904: bool = False
    below: int | None = None

    @property
    def file(self) -> str:
        """Name of the file, and of its sheet if it has sheets."""
        return place(self.source, self.sheet)

    def origin(self, column: str, rows: pd.Series) -> Origin:
        """Origin of a column whose cells came from these rows of the file."""
        return Origin(self.source, self.columns.get(column, column), rows, self.sheet, self.date1904)


def join(
    name: str, parts: list[Part], rules: str | Mapping[str, str] = "stop", used: Collection[str] | None = None
) -> RawTable:
    """Join files on ``patient_id``; of a column present in several, a later one fills empty cells.

    Parameters
    ----------
    name
        Name of the table.
    parts
        The files, each with one row a patient.
    rules
        What counts where cells differ: ``stop``, ``first`` or ``last``, for all columns or by column.
    used
        Columns that the study uses, all if None; of others the first file counts.

    Returns
    -------
    RawTable
        One row for each patient of any file. Cells that differ and that no rule decides are in
        ``conflicts``.
    """
    files = list(dict.fromkeys(p.file for p in parts))
    ids = pd.Series(pd.unique(pd.concat([p.frame["patient_id"] for p in parts])), name="patient_id")
    table = RawTable(name, ids.to_frame(), {"patient_id": []}, files=files)
    present = pd.DataFrame(False, index=ids.index, columns=files)
    cells: dict[str, pd.Series] = {}
    for part in parts:
        rows = ids.map(pd.Series(part.frame.index, index=part.frame["patient_id"]))
        present[part.file] |= rows.notna()
        table.origin["patient_id"].append(part.origin("patient_id", rows))
        frame = _text(part.frame.set_index("patient_id").reindex(ids).set_axis(ids.index))
        for column in frame.columns:
            rule = rules if isinstance(rules, str) else rules.get(column, "stop")
            rule = rule if used is None or column in used else "first"
            if column in cells:
                cells[column] = _merged(table, column, cells[column], part.origin(column, rows), frame, rule)
            else:
                cells[column], table.origin[column] = frame[column], [part.origin(column, rows)]
    table.frame = _text(pd.concat([ids, *(c.rename(n) for n, c in cells.items())], axis=1))
    found_in = present.apply(lambda r: " and ".join(f for f in files if r[f]), axis=1)
    table.found_in = found_in if len(files) > 1 else None
    table.remarks = [r for p in parts for r in p.remarks]
    return table


def _merged(
    table: RawTable, column: str, before: pd.Series, later: Origin, frame: pd.DataFrame, rule: str
) -> pd.Series:
    """Merge a column with that of a later file, and keep for each cell where it comes from."""
    new = frame[column]
    both = before.notna() & new.notna() & before.ne(new)
    differ = pd.Series(False, index=both.index)
    for earlier in table.origin[column]:
        here = both.index[both & earlier.rows.notna()]
        if rule != "stop" or here.empty:
            differ[here] = True
            continue
        differ[here] = ~same_meaning(before[here], earlier.source, new[here], later.source)
        table.conflicts.setdefault(column, []).extend(
            _conflict(table, column, i, earlier, later, f"{new[i]}, and {before[i]}")
            for i in here[differ[here]]
        )
    taken = (before.isna() & new.notna()) | (differ & (rule == "last"))
    kept = [replace(o, rows=o.rows.mask(taken)) for o in table.origin[column]]
    table.origin[column] = [*kept, replace(later, rows=later.rows.where(_nowhere(kept)))]
    return before.where(~taken, new)


def _nowhere(origins: list[Origin]) -> pd.Series:
    """Cells that come from none of these places."""
    return pd.concat([o.rows for o in origins], axis=1).isna().all(axis=1)


def _conflict(
    table: RawTable, column: str, index: Any, earlier: Origin, later: Origin, texts: str
) -> Problem:
    """Two files that say different things of a patient."""
    return Problem(
        later.place,
        f"differs from {earlier.place} for the same patient",
        f"correct one of the two, or say which file counts: data.{table.name}.when_different: "
        f"{{{column}: last}} (or first)",
        int(later.rows[index]),
        later.column,
        f"{texts} in row {int(earlier.rows[index])} there",
    )


def same_meaning(one: pd.Series, first: Source, other: pd.Series, second: Source) -> pd.Series:
    """Whether texts of two files are the same number or the same day.

    Examples
    --------
    >>> one, other = pd.Series(["1", "x"]), pd.Series(["1.0", "y"])
    >>> same_meaning(one, Source(file="a.csv"), other, Source(file="b.csv")).tolist()
    [True, False]
    """
    same = one.eq(other) | as_numbers(one, first.decimal).eq(as_numbers(other, second.decimal))
    if first.dates in ELAPSED or second.dates in ELAPSED:
        return same
    return same | as_dates(one, first.dates, first.decimal).eq(as_dates(other, second.dates, second.decimal))


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
