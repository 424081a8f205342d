"""Files + column map -> tables of text with known origin, then typed columns.

Every cell is first read as text, whatever the file was, so that one set of rules types it and a
problem can name the file, the row and the column as the analyst sees them.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyreadstat

from her2adc.config import MISSING, Source, Study, Table
from her2adc.errors import Problem, nearest


@dataclass
class Origin:
    """Where a column came from: the file, its column name there, and the row of each cell."""

    file: str
    column: str
    rows: pd.Series


@dataclass
class RawTable:
    """A table as read: text cells (missing is ``None``), one origin a column.

    ``found_in`` says for each patient which of the joined files held them.
    """

    name: str
    frame: pd.DataFrame
    origin: dict[str, Origin] = field(default_factory=dict)
    found_in: pd.Series | None = None
    files: list[str] = field(default_factory=list)
    key_problems: list[Problem] = field(default_factory=list)

    def problem(
        self, column: str, index: object, message: str, remedy: str = "", value: object = ""
    ) -> Problem:
        """Make a problem that points at a cell."""
        o = self.origin.get(column)
        if o is None:
            return Problem(self.files[0], message, remedy, None, column, str(value))
        row = o.rows.get(index)
        return Problem(
            o.file, message, remedy, None if pd.isna(row) else int(row), o.column, str(value)
        )


def cell_text(value: object) -> str | None:
    """Text of a cell: dates in ISO form, whole numbers without a decimal point, None if empty.

    Examples
    --------
    >>> cell_text(2.0), cell_text(" a "), cell_text(float("nan")), cell_text(dt.date(2024, 5, 1))
    ('2', 'a', None, '2024-05-01')
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time(0) else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _read_delimited(path: Path, source: Source) -> pd.DataFrame:
    delimiter = source.delimiter or (
        "\t" if path.suffix.lower() in (".tsv", ".txt", ".tab") else ","
    )
    with path.open(encoding=source.encoding, newline="") as handle:
        if source.delimiter is None and delimiter == ",":
            head = handle.readline()
            handle.seek(0)
            delimiter = ";" if head.count(";") > head.count(",") else ","
        rows = list(csv.reader(handle, delimiter=delimiter))
    start = source.header_row - 1
    if len(rows) <= start or not any(rows[start]):
        return pd.DataFrame()
    width = len(rows[start])
    body = [(i + 1, r) for i, r in enumerate(rows) if i > start and any(c.strip() for c in r)]
    frame = pd.DataFrame(
        [(r + [""] * width)[:width] for _, r in body],
        columns=[c.strip() for c in rows[start]],
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


_READERS: dict[str, Callable[[Path, Source], pd.DataFrame]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab"), _read_delimited),
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
        How to read it.

    Returns
    -------
    DataFrame, list of Problem
        An empty frame when the file cannot be read, with the reason.
    """
    name = path.name
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        return pd.DataFrame(), [
            Problem(
                name,
                "this kind of file cannot be read",
                f"use one of {', '.join(_READERS)}",
                value=path.suffix,
            )
        ]
    if not path.is_file():
        return pd.DataFrame(), [
            Problem(
                name,
                "this file is not in the data folder",
                "put it there, mend 'file' in study.yml, or give DATA=folder",
            )
        ]
    try:
        frame = reader(path, source)
    except UnicodeDecodeError as error:
        row = path.read_bytes()[: error.start].count(b"\n") + 1
        return pd.DataFrame(), [
            Problem(
                name,
                f"is not {source.encoding.removesuffix('-sig').upper()} text",
                "save it as UTF-8, or set 'encoding' (for example cp1252 or gb18030) in study.yml",
                row=row,
                value=str(error.object[error.start : error.start + 1]),
            )
        ]
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, pyreadstat.ReadstatError) as error:
        return pd.DataFrame(), [
            Problem(
                name, f"cannot be read: {error}", "open it in its own program and save it again"
            )
        ]
    if frame.shape[1] == 0 or len(frame) == 0:
        return pd.DataFrame(), [
            Problem(
                name,
                "is empty: it has no data rows",
                "export it again, with the names of the columns in the first row",
            )
        ]
    problems = [
        Problem(
            name,
            f"has {n} cells where the header has {frame.shape[1]}",
            "put quotes around text that holds the delimiter",
            row=row,
        )
        for row, n in frame.attrs.get("ragged", [])
    ]
    doubles = sorted(set(frame.columns[frame.columns.duplicated()]))
    problems += [
        Problem(name, "two columns have the same name", "rename one of them", column=c)
        for c in doubles
    ]
    frame = frame.loc[:, ~frame.columns.duplicated()]
    return frame.map(cell_text).iloc[source.extra_header_rows :], problems


def _second_header(frame: pd.DataFrame, file: str, key: str) -> list[Problem]:
    """Rows under the names that are names or codes again, not data."""
    count = 0
    for _, row in frame.head(4).iterrows():
        cells = row.dropna().astype(str)
        same = sum(str(c).lower() == str(v).lower() for c, v in cells.items())
        if same < max(2, 0.2 * len(cells)) and not cells.str.startswith("CDE_ID").any():
            break
        count += 1
    if not count:
        return []
    return [
        Problem(
            file,
            f"{count} row{'s' if count > 1 else ''} under the column names repeat the names",
            f"set extra_header_rows: {count} for this file in study.yml",
            row=int(frame.index[0]),
            column=key,
            value=str(frame[key].iloc[0]),
        )
    ]


def _read_source(source: Source, folder: Path, study: Study) -> tuple[pd.DataFrame, list[Problem]]:
    """Read one file, rename its columns to dictionary names, blank missing codes, filter rows."""
    frame, problems = read_file(folder / source.file, source)
    if frame.empty:
        return frame, problems
    file = Path(source.file).name
    for canonical, column in source.columns.items():
        if column not in frame.columns:
            problems.append(
                Problem(
                    file,
                    f"has no column {column!r}, which study.yml maps to {canonical!r}",
                    nearest(column, list(frame.columns)[:40]),
                    column=column,
                )
            )
    if "patient_id" not in source.columns and "patient_id" not in frame.columns:
        problems.append(
            Problem(
                file,
                "has no column 'patient_id'",
                "add patient_id: <its name in the file> under 'columns'; the file has: "
                + ", ".join(list(frame.columns)[:15]),
            )
        )
    if problems:
        return pd.DataFrame(), problems
    names = {column: canonical for canonical, column in source.columns.items()}
    frame = frame.drop(columns=[c for c in source.columns if c in frame.columns and c not in names])
    frame = frame.rename(columns=names)
    problems += _second_header(frame, file, "patient_id")
    raw = {*study.her2.ihc, *study.her2.ish} if study.her2 else set()
    codes = {*MISSING, *study.data.missing}
    for column in frame.columns:
        if column not in raw:
            frame[column] = frame[column].mask(frame[column].isin(codes), None)
    if source.where:
        try:
            frame = frame.query(source.where, engine="python")
        except Exception as error:
            problems.append(
                Problem(
                    "study.yml",
                    f"'where' of {file} cannot be evaluated: {error}",
                    "use column names as in the file and values in quotes",
                    value=source.where,
                )
            )
    return frame, problems


def read_table(study: Study, name: str, folder: Path) -> tuple[RawTable, list[Problem]]:
    """Read a data table of a study, joining its files on ``patient_id``.

    Parameters
    ----------
    study
        The study.
    name
        Name of the table, for example ``patients``.
    folder
        Folder of the data files.

    Returns
    -------
    RawTable, list of Problem
        The table is empty when a file cannot be read or joined.
    """
    spec: Table = study.data.tables[name]
    parts: list[tuple[str, pd.DataFrame]] = []
    problems: list[Problem] = []
    ids: list[Problem] = []
    for source in spec.sources:
        frame, found = _read_source(source, folder, study)
        problems += found
        if not frame.empty:
            parts.append((Path(source.file).name, frame))
            ids += _key_problems(frame, Path(source.file).name, source, unique=name == "patients")
    files = [Path(s.file).name for s in spec.sources]
    if problems or len(parts) < len(spec.sources) or (ids and len(parts) > 1):
        return RawTable(name, pd.DataFrame(), files=files), problems + ids
    table = _join(name, parts, spec, files)
    table.key_problems = ids
    return table, ids


def _key_problems(frame: pd.DataFrame, file: str, source: Source, unique: bool) -> list[Problem]:
    column = source.columns.get("patient_id", "patient_id")
    ids = frame["patient_id"]
    problems = [
        Problem(
            file, "the patient has no id", "fill in the id or delete the row", int(str(r)), column
        )
        for r in ids.index[ids.isna()]
    ]
    if unique:
        double = ids[ids.notna() & ids.duplicated(keep=False)]
        problems += [
            Problem(
                file,
                "the patient stands in more than one row",
                "keep one row a patient",
                int(str(r)),
                column,
                str(v),
            )
            for r, v in double.items()
        ]
    return problems


def _join(
    name: str, parts: list[tuple[str, pd.DataFrame]], spec: Table, files: list[str]
) -> RawTable:
    """Join the files of a table; of a column present in several, the first file's stands."""
    origin: dict[str, Origin] = {}
    if len(parts) == 1:
        file, frame = parts[0]
        joined = frame.assign(__row0=frame.index).reset_index(drop=True)
    else:
        joined = pd.DataFrame(
            {"patient_id": pd.unique(pd.concat([f["patient_id"] for _, f in parts]))}
        )
        for i, (_, frame) in enumerate(parts):
            new = [c for c in frame.columns if c == "patient_id" or c not in joined.columns]
            joined = joined.merge(
                frame[new].assign(**{f"__row{i}": frame.index}), how="left", on="patient_id"
            )
    for i, ((file, frame), source) in enumerate(zip(parts, spec.sources, strict=True)):
        for column in frame.columns:
            if column not in origin:
                origin[column] = Origin(
                    file, source.columns.get(column, column), joined[f"__row{i}"]
                )
    rows = [f"__row{i}" for i in range(len(parts))]
    present = joined[rows].notna().set_axis([f for f, _ in parts], axis=1)
    found_in = present.apply(lambda r: " and ".join(c for c in present.columns if r[c]), axis=1)
    frame = joined.drop(columns=rows).astype(object).where(lambda f: f.notna(), None)
    return RawTable(name, frame, origin, found_in if len(parts) > 1 else None, files)
