"""Files + column map -> tables of text with known origin.

A problem can so name the file, the row and the column as the analyst sees them, whether a table
comes from one file, from several that are joined, or from several that are stacked.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from her2adc import expressions, identity
from her2adc.cells import as_dates, as_numbers
from her2adc.config import Source, Study
from her2adc.errors import Problem, nearest
from her2adc.meanings import codes_that_are_levels, emptied, meanings, unclear_cells, visible
from her2adc.naming import mapped, named, own_columns, taken_names, unknown_columns
from her2adc.raw import Origin, Part, RawTable, join, stack
from her2adc.readers import read_file
from her2adc.wanted import used_columns, words_in

__all__ = ["Origin", "RawTable", "read_table"]


def read_table(study: Study, name: str, folder: Path) -> tuple[RawTable, list[Problem]]:
    """Read a data table of a study.

    The files of ``patients`` are joined on ``patient_id``, or stacked if the study says so; those of
    another table are stacked. Each file is read, its columns get their names of the dictionary, texts
    get the meaning that ``values`` gives them, missing codes become empty, columns of ``set`` are added,
    rows are kept by ``where``, and then one row a patient by ``first_by``; these three know the columns
    by their new names.

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
    rule = study.data.tables[name]
    used = used_columns(study, name)
    parts: list[Part] = []
    problems: list[Problem] = codes_that_are_levels(study) if name == "patients" else []
    joins = name == "patients" and len(rule.sources) > 1 and rule.combine != "stack"
    for source in rule.sources:
        part, found = _read_source(source, folder, study, name, used)
        problems += found
        if part is not None:
            parts.append(part)
    ids = [p for part in parts for p in identity.key_problems(part, name == "patients" and joins)]
    if name == "patients" and not joins:
        ids += identity.repeated(parts)
    ids += identity.look_alikes(parts)
    if not problems:
        problems = unknown_columns(rule, name, parts)
        problems += identity.nothing_in_common(parts) if joins and not ids else []
    files = list(dict.fromkeys(Path(s.file).name for s in rule.sources))
    double = any(p.message.startswith(("the patient stands", "the id differs")) for p in ids)
    if problems or (double and joins):
        return RawTable(name, pd.DataFrame(), files=files), problems + ids
    table = join(name, parts, rule.when_different, used) if joins else stack(name, parts)
    table.key_problems = ids
    table.remarks += own_columns(study, table) if name == "patients" else []
    return table, ids + [p for found in table.conflicts.values() for p in found] + taken_names(study, table)


def _read_source(
    source: Source, folder: Path, study: Study, table: str, used: set[str]
) -> tuple[Part | None, list[Problem]]:
    """Read one file, name its columns, give texts their meaning, add constants, keep the rows wanted."""
    read, problems = read_file(folder / source.file, source, (folder, study.folder))
    if problems:
        return None, problems
    mapping, problems = mapped(source, read, used)
    if problems:
        return None, problems
    pairs = named(source, read, mapping)
    frame = read.frame[[c for _, c in pairs]].set_axis([n for n, _ in pairs], axis=1)
    part = Part(source, frame, dict(pairs), read.sheet, list(read.remarks), date1904=read.date1904)
    part.remarks += [
        f"{part.file}: the column {c!r} is not read, since 'set' of the file gives {c!r} another value"
        for c in source.set
        if c in read.frame.columns
    ]
    part.frame = frame = _below_extra_headers(part)
    if frame.empty:
        return None, [Problem(part.file, "has no row of data below its header rows",
                              "mend header_row or extra_header_rows in study.yml")]  # fmt: skip
    problems = _second_header(frame, part.file, "patient_id")
    frame = meanings(visible(frame), source, study.data.tables[table])
    unclear = {n: [u for u in read.unclear.get(c, []) if u.row in frame.index] for n, c in pairs}
    part.frame = emptied(frame, study, source).assign(**source.set)
    if source.id_prefix:
        part.frame["patient_id"] = part.frame["patient_id"].map(lambda t: t and source.id_prefix + t)
    in_where = set(words_in(source.where or ""))
    before = {n: found for n, found in unclear.items() if n in in_where}
    problems += unclear_cells(part, frame, before, used | in_where)
    problems += _keep_rows(part, table)
    after = {
        n: [u for u in found if u.row in part.frame.index] for n, found in unclear.items() if n not in before
    }
    return part, problems + unclear_cells(part, frame, after, used)


def _below_extra_headers(part: Part) -> pd.DataFrame:
    """Rows below further header rows; say which of these could be a patient's."""
    skipped, rest = (
        part.frame.iloc[: part.source.extra_header_rows],
        part.frame.iloc[part.source.extra_header_rows :],
    )
    forms = {identity.form_of(t) for t in rest["patient_id"].dropna()}
    for row, text in skipped["patient_id"].dropna().items():
        if identity.form_of(text) in forms:
            part.remarks.append(
                f"{part.file}: row {row} ({text}) is left out as a header row by extra_header_rows, though "
                "its id is written like those of patients"
            )
    return rest


def _where(part: Part, where: str, key: str) -> list[Problem]:
    """Keep the rows of ``where``. A row without an id stays, to be named, unless ``where`` speaks of it."""
    source, frame = part.source, part.frame
    try:
        wanted = expressions.holds(frame, where, decimal=source.decimal, dates=source.dates)
        open_rows = expressions.unsettled(frame, where, decimal=source.decimal, dates=source.dates)
    except expressions.ExpressionError as error:
        message = f"'where' of {part.file} cannot be evaluated: {error}"
        remedy = "use the names that 'columns' gives (with blanks: in backticks) and values in quotes"
        return [Problem("study.yml", message, remedy, None, key, where)]
    missed = expressions.unmatched(frame, where)
    problems = [
        Problem("study.yml", f"'where' of {part.file}: no cell of {c!r} is {word!r}, but some are {like!r}",
                "write the text as the cells have it", None, key, where)
        for c, word, like in missed
        if like
    ]  # fmt: skip
    kept = wanted | (open_rows & frame["patient_id"].isna())
    part.frame = frame[kept]
    if part.frame.empty and not problems:
        lost = "; ".join(f"no cell of {c!r} is {word!r}" for c, word, _ in missed)
        message = f"'where' keeps no row of {part.file}" + (f": {lost}" if lost else "")
        remedy = "compare it with the cells of the file"
        problems.append(Problem("study.yml", message, remedy, None, key, where))
    if n := int((open_rows & ~kept).sum()):
        part.remarks.append(
            f"{part.file}: {n} row{'s are' if n > 1 else ' is'} not read because a cell of "
            f"{', '.join(expressions.names_in(where))} is missing (where: {where}); to read them, add: or "
            "is_missing(...)"
        )
    if len(part.frame) < len(frame):
        rows = f"{len(part.frame)} of {len(frame)} rows"
        part.remarks.append(f"{part.file}: {rows} are read, by where: {where}")
    return problems


def _keep_rows(part: Part, table: str) -> list[Problem]:
    """Keep the rows of ``where``, and of those one a patient by ``first_by``."""
    source = part.source
    if source.where and (problems := _where(part, source.where, f"data.{table}")):
        return problems
    frame = part.frame
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
    if left := len(part.frame) - len(keep):
        part.remarks.append(
            f"{part.file}: {left} further row{'s' if left > 1 else ''} of the same patients "
            f"{'are' if left > 1 else 'is'} not read, by first_by: {column}"
        )
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
