"""Files + column map -> tables of text with known origin.

A problem can so name the file, the row and the column as the analyst sees them, whether a table
comes from one file, from several that are joined, or from several that are stacked.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from her2adc import expressions
from her2adc.cells import as_dates, as_numbers
from her2adc.config import MISSING, Source, Study, Table
from her2adc.errors import Problem, nearest
from her2adc.raw import Origin, Part, RawTable, join, stack
from her2adc.readers import CBIOPORTAL_MISSING, read_file

__all__ = ["Origin", "RawTable", "read_table"]
_PATIENT = ("PATIENT_ID", "Patient ID", "Patient Identifier")


def read_table(study: Study, name: str, folder: Path) -> tuple[RawTable, list[Problem]]:
    """Read a data table of a study.

    The files of ``patients`` are joined on ``patient_id``; those of another table are stacked. Each
    file is read, its columns get their names of the dictionary, missing codes become empty, columns
    of ``set`` are added, rows are kept by ``where``, and then one row a patient by ``first_by``; these
    three know the columns by their new names.

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
    sources = study.data.tables[name].sources
    parts: list[Part] = []
    problems: list[Problem] = []
    ids: list[Problem] = []
    for source in sources:
        part, found = _read_source(source, folder, study, name)
        problems += found
        if part is not None:
            parts.append(part)
            ids += _key_problems(part, unique=name == "patients")
    if not problems:
        problems = _unknown_columns(study, name, parts)
    files = list(dict.fromkeys(Path(s.file).name for s in sources))
    joins = name == "patients" and len(sources) > 1
    if problems or (ids and joins):
        return RawTable(name, pd.DataFrame(), files=files), problems + ids
    table = join(name, parts) if joins else stack(name, parts)
    table.key_problems = ids
    return table, ids


def _read_source(source: Source, folder: Path, study: Study, table: str) -> tuple[Part | None, list[Problem]]:
    """Read one file, name its columns, blank missing codes, add constants and keep the rows wanted."""
    frame, problems = read_file(folder / source.file, source)
    if frame.empty:
        return None, problems
    mapping, found = _mapping(source, frame)
    if problems := problems + found:
        return None, problems
    back: dict[str, list[str]] = {}
    for name, column in mapping.items():
        back.setdefault(column, []).append(name)
    named = [
        (n, c) for c in frame.columns for n in back.get(c, [] if c in mapping or c in source.set else [c])
    ]
    sheet, remarks = str(frame.attrs.get("sheet", "")), list(frame.attrs.get("remarks", []))
    frame = frame[[c for _, c in named]].set_axis([n for n, _ in named], axis=1)
    part = Part(source, frame, dict(named), sheet, remarks)
    problems = _second_header(frame, part.file, "patient_id")
    frame = _meanings(frame, source, study.data.tables[table])
    raw = {*study.her2.ihc, *study.her2.ish} if study.her2 else set()
    codes = {*MISSING, *study.data.missing}
    if source.format == "cbioportal":
        codes.update(CBIOPORTAL_MISSING)
    frame = frame.apply(lambda c: c if c.name in raw else c.mask(c.isin(codes), None))
    part.frame = frame.assign(**source.set)
    return part, problems + _keep_rows(part, table)


def _meanings(frame: pd.DataFrame, source: Source, table: Table) -> pd.DataFrame:
    """Put what ``values`` says in the place of texts, and empty the cells of ``missing``."""
    values = {c: {**table.values.get(c, {}), **source.values.get(c, {})} for c in frame.columns}
    missing = {c: {*table.missing.get(c, ()), *source.missing.get(c, ())} for c in frame.columns}
    told = {
        c: frame[c].map(lambda t, c=c: None if t in missing[c] else values[c].get(t, t) or None)
        for c in frame.columns
        if values[c] or missing[c]
    }
    return frame.assign(**told)


def _unknown_columns(study: Study, name: str, parts: list[Part]) -> list[Problem]:
    """Columns of ``values`` and ``missing`` that no file has."""
    table = study.data.tables[name]
    everywhere = list(dict.fromkeys(c for p in parts for c in p.frame.columns))
    places = [(f"data.{name}", table.values, table.missing, everywhere)]
    places += [(f"data.{name}", p.source.values, p.source.missing, list(p.frame.columns)) for p in parts]
    return [
        Problem(
            "study.yml",
            f"{key!r} names a column that {'no file has' if columns is everywhere else 'its file has not'}",
            f"use the names that 'columns' gives; {nearest(column, columns[:40])}",
            column=f"{where}.{key}",
            value=column,
        )
        for where, values, missing, columns in places
        for key, named in (("values", values), ("missing", missing))
        for column in named
        if column not in columns
    ]


def _mapping(source: Source, frame: pd.DataFrame) -> tuple[dict[str, str], list[Problem]]:
    """Names of the dictionary and the columns of the file they mean."""
    file = Path(source.file).name
    shown = frame.attrs["display_names"]
    mapping = {n: c if c in frame.columns else shown.get(c, c) for n, c in source.columns.items()}
    problems = [
        Problem(
            file,
            f"has no column {source.columns[name]!r}, which study.yml maps to {name!r}",
            nearest(source.columns[name], [*list(frame.columns)[:40], *list(shown)[:40]]),
            column=source.columns[name],
        )
        for name, column in mapping.items()
        if column not in frame.columns
    ]
    problems += [
        Problem(
            "study.yml",
            f"'set' gives {name!r}, which 'columns' maps to a column of {file}",
            "keep one of the two",
            value=name,
        )
        for name in source.set
        if name in source.columns
    ]
    if "patient_id" not in mapping and "patient_id" not in frame.columns:
        known = [c for c in _PATIENT if c in frame.columns and source.format == "cbioportal"]
        if known:
            return {**mapping, "patient_id": known[0]}, problems
        problems.append(
            Problem(
                file,
                "has no column 'patient_id'",
                "add patient_id: <its name in the file> under 'columns'; the file has: "
                + ", ".join(list(frame.columns)[:15]),
            )
        )
    return mapping, problems


def _keep_rows(part: Part, table: str) -> list[Problem]:
    """Keep the rows of ``where``, and of those one a patient by ``first_by``."""
    source, frame = part.source, part.frame
    if source.where:
        try:
            wanted = expressions.holds(frame, source.where, decimal=source.decimal, dates=source.dates)
            part.frame = frame = frame[wanted]
        except Exception as error:
            return [
                Problem(
                    "study.yml",
                    f"'where' of {part.file} cannot be evaluated: {error}",
                    "use the names that 'columns' gives (with blanks: in backticks) and values in quotes",
                    column=f"data.{table}",
                    value=source.where,
                )
            ]
        if frame.empty:
            return [
                Problem(
                    "study.yml",
                    f"'where' keeps no row of {part.file}",
                    "compare it with the cells of the file",
                    column=f"data.{table}",
                    value=source.where,
                )
            ]
    if not source.first_by:
        return []
    if source.first_by not in frame.columns:
        return [
            Problem(
                "study.yml",
                f"'first_by' of {part.file} names no column",
                nearest(source.first_by, list(frame.columns)[:40]),
                column=f"data.{table}",
                value=source.first_by,
            )
        ]
    return _keep_first(part, source.first_by)


def _keep_first(part: Part, column: str) -> list[Problem]:
    """Of the rows of a patient, keep the one with the lowest number or date; none of them: the first."""
    text = part.frame[column]
    order: pd.Series = as_numbers(text, part.source.decimal)
    bad = text.notna() & order.isna()
    if bad.any():
        order = as_dates(text, part.source.dates, part.source.decimal)
        bad &= order.isna()
    sorted_rows = part.frame.assign(__order=order).sort_values("__order", kind="stable")
    known = sorted_rows["patient_id"].notna()
    keep = sorted_rows.index[~(known & sorted_rows["patient_id"].duplicated())]
    part.frame = part.frame[part.frame.index.isin(keep)]
    return [
        Problem(
            part.file,
            "is no number and no date, by which 'first_by' could order the rows of a patient",
            "correct the cell, or list the text under data.missing in study.yml",
            int(str(row)),
            part.columns.get(column, column),
            str(text[row]),
        )
        for row in text.index[bad]
    ]


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


def _key_problems(part: Part, unique: bool) -> list[Problem]:
    """Rows without a patient, and patients with several rows where each may have one."""
    column, ids = part.columns["patient_id"], part.frame["patient_id"]
    problems = [
        Problem(part.file, "the patient has no id", "fill in the id or delete the row", int(str(r)), column)
        for r in ids.index[ids.isna()]
    ]
    if not unique:
        return problems
    double = ids[ids.notna() & ids.duplicated(keep=False)]
    return problems + [
        Problem(
            part.file,
            "the patient stands in more than one row",
            "keep one row a patient, by hand or with 'first_by' in study.yml",
            int(str(r)),
            column,
            str(v),
        )
        for r, v in double.items()
    ]
