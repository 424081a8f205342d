"""Names of the columns of a file -> names of the dictionary."""

from __future__ import annotations

from pathlib import Path

from her2adc.config import Source, Study, Table
from her2adc.errors import Problem, nearest
from her2adc.raw import Part, RawTable
from her2adc.readers import Read, clean_name
from her2adc.wanted import inputs, is_own, lawful

_PATIENT = ("PATIENT_ID", "Patient ID", "Patient Identifier")


def mapped(source: Source, read: Read, used: set[str]) -> tuple[dict[str, str], list[Problem]]:
    """Names of the dictionary and the columns of the file they mean."""
    file = f"{Path(source.file).name}, sheet {read.sheet}" if read.sheet else Path(source.file).name
    columns, shown = list(read.frame.columns), read.display_names
    mapping = {}
    for name, told in source.columns.items():
        column = clean_name(told)
        mapping[name] = column if column in columns else shown.get(column, column)
    problems = _doubled(file, source, read, mapping, used)
    said = {p.column for p in problems}
    problems += [
        Problem(
            file,
            f"has no column {source.columns[name]!r}, which study.yml maps to {name!r}",
            nearest(source.columns[name], [*columns[:40], *list(shown)[:40]]),
            column=source.columns[name],
        )
        for name, column in mapping.items()
        if column not in columns and column not in said
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
    if "patient_id" in source.set:
        message, remedy = "'set' gives every row the same 'patient_id'", "name the column of ids in 'columns'"
        problems.append(Problem("study.yml", message, remedy, value=source.set["patient_id"]))
    if "patient_id" not in mapping and "patient_id" not in columns and "patient_id" not in said:
        known = [c for c in _PATIENT if c in columns and source.format == "cbioportal"]
        if known:
            return {**mapping, "patient_id": known[0]}, problems
        problems.append(
            Problem(
                file,
                "has no column 'patient_id'",
                "add patient_id: <its name in the file> under 'columns'; the file has: "
                + ", ".join(columns[:15]),
            )
        )
    return mapping, _other_header(file, source, read, problems)


def _doubled(file: str, source: Source, read: Read, mapping: dict[str, str], used: set[str]) -> list[Problem]:
    """Names that several columns have, where the study uses one of these names."""
    wanted = {*mapping.values(), *(u for u in used if u not in mapping)}
    return [
        Problem(
            file,
            "two columns have the same name, and the study uses it",
            "rename one of them in the file",
            column=name,
            value=where,
        )
        for name, where in read.doubled.items()
        if name in wanted
    ]


def _other_header(file: str, source: Source, read: Read, problems: list[Problem]) -> list[Problem]:
    """If another row of the file holds the names that are missing, one problem that says which."""
    missing = {clean_name(p.column) for p in problems if p.message.startswith("has no column") and p.column}
    if any(p.message == "has no column 'patient_id'" for p in problems):
        missing.add("patient_id")
    for row, cells in read.top if source.format == "table" else ():
        found = missing & {clean_name(c) for c in cells if c}
        if found and 2 * len(found) >= len(missing) and row > 0:
            return [
                Problem(
                    file,
                    f"the names of the columns stand in row {row}, not in row {source.header_row}",
                    f"set header_row: {row} for this file in study.yml",
                    row=row,
                    column=sorted(found)[0],
                )
            ]
    return problems


def named(source: Source, read: Read, mapping: dict[str, str]) -> list[tuple[str, str]]:
    """Names of the dictionary for the columns of a file, those that are not mapped under their own."""
    back: dict[str, list[str]] = {}
    for name, column in mapping.items():
        back.setdefault(column, []).append(name)
    taken = {*mapping, *source.set}
    return [(n, c) for c in read.frame.columns for n in back.get(c, [] if c in taken else [c])]


def unknown_columns(table: Table, name: str, parts: list[Part]) -> list[Problem]:
    """Columns of ``values`` and ``missing`` that no file has."""
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


def own_columns(study: Study, table: RawTable) -> list[str]:
    """Leave out columns whose names the book gives itself and that the study does not use; say so."""
    needed = lawful(study) | inputs(study)
    out = [c for c in table.frame.columns if is_own(study, c) and c not in needed]
    remarks = [
        f"{table.origin[c][0].place}: the column {table.origin[c][0].column!r} is not read, since the book "
        "gives this name to a column of its own; give it another name under 'columns' to use it"
        for c in out
    ]
    table.frame = table.frame.drop(columns=out)
    for c in out:
        del table.origin[c]
    return remarks


def taken_names(study: Study, table: RawTable) -> list[Problem]:
    """Columns that the study uses under a name that the book gives to a column of its own."""
    if table.name != "patients":
        return []
    return [
        table.problem(
            c,
            None,
            f"the study uses this column as {c!r}, a name that the book gives to a column of its own",
            f"give it another name under 'columns' (for example {c}_found: {table.origin[c][0].column}), "
            "and use that",
        )
        for c in table.frame.columns
        if is_own(study, c) and c in inputs(study) and c not in lawful(study)
    ]
