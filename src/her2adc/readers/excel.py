"""Cells of an Excel sheet -> texts, as Excel shows them where that matters."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.worksheet.worksheet import Worksheet

from her2adc.cells import cell_text
from her2adc.config import Source
from her2adc.errors import Problem
from her2adc.readers.grid import FileProblem, Read, Rows, Unclear, below_header, letter
from her2adc.readers.workbook import Opened, open_sheet

_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_ERROR = "the cell holds an error of Excel"
_NO_VALUE = "the cell holds a formula without its result"
_MERGED = "the cell belongs to a merged area whose text stands in another row"
_MERGED_ACROSS = "the cell is merged with one to its left, which holds the text"


def read_excel(path: Path, source: Source) -> Read:
    """Read a sheet of a workbook."""
    opened = open_sheet(path, source.sheet)
    sheet = opened.sheet
    place = f"{path.name}, sheet {sheet.title}"
    rows, unclear = _texts(opened, source.decimal)
    try:
        read = below_header(rows, place, source.header_row, strict=False)
    except FileProblem as error:
        others = [n for n in opened.names if n != sheet.title]
        if others and "sheet" not in source.model_fields_set:
            error.problems = [
                Problem(p.file, p.message, f"{p.remedy}; other sheets are {', '.join(others)}: set sheet",
                        p.row, p.column, p.value)
                for p in error.problems
            ]  # fmt: skip
        raise
    read.sheet, read.date1904 = sheet.title, opened.date1904
    unclear += _merged(sheet, rows, source.header_row)
    for row, position, found in unclear:
        if (name := read.names.get(position)) and row in read.frame.index:
            read.unclear.setdefault(name, []).append(found)
    read.remarks += _unseen(opened, source, read, place)
    return read


def _texts(opened: Opened, decimal: str) -> tuple[Rows, list[tuple[int, int, Unclear]]]:
    """Rows of texts, and the cells of errors and of formulas without their result."""
    rows: Rows = []
    unclear = []
    width = opened.sheet.max_column or 0
    for number, cells in _rows(opened.sheet):
        texts: list[str | None] = [None] * width
        for cell in cells:
            position = cell.column - 1
            texts[position] = text = _text(cell, decimal)
            if cell.data_type == "e":
                unclear.append((number, position, _error(number, str(text))))
        rows.append((number, texts))
    for name, formula in opened.formulas.items():
        row, column = coordinate_to_tuple(name)
        unclear.append((row, column - 1, _without_value(row, formula)))
    return rows, unclear


def _rows(sheet: Worksheet) -> Iterator[tuple[int, list[Cell]]]:
    """Filled cells of each row; merged areas count by their first cell."""
    found: dict[int, list[Cell]] = {}
    for (row, _), cell in sorted(sheet._cells.items()):
        if isinstance(cell, Cell) and cell.value is not None:
            found.setdefault(row, []).append(cell)
    yield from found.items()


def _error(row: int, text: str) -> Unclear:
    return Unclear(row, _ERROR, "correct the formula or its cells in Excel, or empty the cell", text, text)


def _without_value(row: int, formula: str) -> Unclear:
    return Unclear(row, _NO_VALUE, "open the workbook in Excel and save it there, so that results are stored",
                   formula)  # fmt: skip


def _text(cell: Cell, decimal: str) -> str | None:
    """Text of a cell; a number shown as a percentage keeps its sign: ``5%`` for 0.05.

    A stored number is written with the decimal mark of the file, so that one rule reads it and texts.
    """
    value: Any = cell.value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and "%" in _LITERAL.sub("", str(cell.number_format or "")):
        return f"{value * 100:.10g}%".replace(".", decimal)
    if isinstance(value, dt.datetime) and value.microsecond:
        value = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return cell_text(value, decimal) or None


def _merged(sheet: Worksheet, rows: Rows, header_row: int) -> list[tuple[int, int, Unclear]]:
    """Cells of the data that a merged area covers; one alone in its row is a title or a note."""
    filled = {i: sum(bool(c) for c in r) for i, r in rows}
    found = []
    for area in sheet.merged_cells.ranges:
        text = sheet.cell(area.min_row, area.min_col).value
        alone = area.min_row == area.max_row and filled.get(area.min_row, 0) <= 1
        if area.max_row <= header_row or text is None or alone:
            continue
        for row in range(max(area.min_row, header_row + 1), area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                if (row, column) != (area.min_row, area.min_col):
                    message = _MERGED if row > area.min_row else _MERGED_ACROSS
                    remedy = f"in Excel take apart the merged area {area.coord} and fill in each of its cells"
                    found.append((row, column - 1, Unclear(row, message, remedy, str(text)[:40])))
    return found


def _unseen(opened: Opened, source: Source, read: Read, place: str) -> list[str]:
    """Remarks on sheets that are not read, and on hidden rows and columns that are."""
    remarks = []
    sheet, file = opened.sheet, place.partition(", sheet ")[0]
    others = [n for n in opened.names if n != sheet.title]
    if others and "sheet" not in source.model_fields_set:
        remarks.append(f"{file}: the sheet {sheet.title!r} is read, and not {', '.join(map(repr, others))}; "
                       "'sheet' in study.yml says which")  # fmt: skip
    hidden = [r for r in read.frame.index if sheet.row_dimensions[r].hidden]
    if hidden:
        why = "by a filter or by hand" if sheet.auto_filter.ref else "by hand"
        rows = f"{len(hidden)} row{'s are' if len(hidden) > 1 else ' is'}"
        remarks.append(
            f"{place}: {rows} hidden ({why}) and read like the others, the first in row {hidden[0]}"
        )
    columns = [
        letter(p)
        for d in sheet.column_dimensions.values()
        if d.hidden
        for p in range((d.min or 1) - 1, min(d.max or 1, sheet.max_column or 1))
        if p in read.names
    ]
    if columns:
        remarks.append(f"{place}: hidden columns are read like the others: {', '.join(columns)}")
    if opened.date1904:
        remarks.append(f"{place}: counts its dates from 1904; cells shown as dates are read so")
    return remarks
