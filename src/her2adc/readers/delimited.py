"""Text files: separated by commas, semicolons, tabs or bars, and the clinical files of cBioPortal."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from her2adc.config import Source
from her2adc.errors import Problem
from her2adc.readers.grid import FileProblem, Read, Rows, below_header, clean_name

_CANDIDATES = (",", ";", "\t", "|")
_SHOWN = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LONGEST = 131_072


def read_delimited(path: Path, source: Source) -> Read:
    """Read a text file whose cells are separated."""
    text = _text(path, source)
    lines = text.split("\n")
    told = lines[0].strip().strip('"')
    declared = told[4:] if told.lower().startswith("sep=") and len(told) == 5 else None
    delimiter = source.delimiter or declared or _delimiter(path, lines, source)
    rows = _rows(path.name, text, delimiter)
    if declared:
        rows[0] = (1, [])
    header = source.header_row if not declared or source.header_row > 1 else 2
    _right_delimiter(path.name, rows, header, delimiter, lines)
    width = len(_trimmed(next((r for i, r in rows if i == header), [])))
    _whole(path.name, rows, header, width, delimiter)
    return below_header(rows, path.name, header)


def read_cbioportal(path: Path, source: Source) -> Read:
    """Read a clinical file of cBioPortal: no quoting, and lines that start with ``#`` are not data.

    The first of these holds the display names of the columns.
    """
    lines = _text(path, source).split("\n")
    cells = [[_unquoted(c) for c in line.split(source.delimiter or "\t")] for line in lines]
    rows: Rows = [
        (i, [*row]) for i, row in enumerate(cells, start=1) if not row[0].startswith("#") and any(row)
    ]
    if not rows:
        raise FileProblem(Problem(path.name, "is empty: it has no data rows", "export it again"))
    header = next((i for i, _ in rows[source.header_row - 1 :]), rows[0][0])
    width = len(_trimmed(dict(rows)[header]))
    _whole(path.name, rows, header, width, source.delimiter or "\t")
    names = [clean_name(c or "") for c in dict(rows)[header]]
    read = below_header(rows, path.name, header)
    if lines[0].startswith("#") and len(cells[0]) == len(names):
        shown = [clean_name(c.lstrip("#")) for c in cells[0]]
        read.display_names = {
            name: column
            for name, column in zip(shown, names, strict=True)
            if shown.count(name) == 1 and name not in names and column in read.frame.columns
        }
        for name in {n for n in shown if shown.count(n) > 1 and n not in names}:
            columns = [c for s, c in zip(shown, names, strict=True) if s == name]
            read.doubled[name] = f"the columns {' and '.join(columns)}, whose own names can be used"
    return read


def _text(path: Path, source: Source) -> str:
    """Text of a file, line breaks alike, by its encoding or by the mark it begins with."""
    content = path.read_bytes()
    told = "encoding" in source.model_fields_set
    encoding = next((e for mark, e in _MARKS if content.startswith(mark) and not told), source.encoding)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileProblem(
            Problem(
                path.name,
                f"is not {encoding.removesuffix('-sig').upper()} text",
                "save it as UTF-8, or set 'encoding' (for example cp1252 or gb18030) in study.yml",
                row=content[: error.start].count(b"\n") + 1,
                value=str(content[error.start : error.end]),
            )
        ) from None
    except (LookupError, UnicodeError, ValueError) as error:
        raise FileProblem(
            Problem("study.yml", f"{path.name} cannot be read in this encoding: {error}",
                    "set 'encoding' to utf-8, utf-16, cp1252, gb18030, shift_jis ...", value=encoding)
        ) from None  # fmt: skip
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise FileProblem(
            Problem(
                path.name,
                "holds a NUL character, which no text has",
                "if every second character is one, set encoding: utf-16 in study.yml; else export it again",
                row=text[: text.index("\0")].count("\n") + 1,
            )
        )
    return text


def _delimiter(path: Path, lines: list[str], source: Source) -> str:
    """Separator that the row of names shows; the usual one of the ending where it shows none."""
    usual = "\t" if path.suffix.lower() in (".tsv", ".txt", ".tab") else ","
    head = lines[source.header_row - 1] if source.header_row <= len(lines) else ""
    counts = {d: len(next(csv.reader([head], delimiter=d), [])) for d in _CANDIDATES}
    best = max(_CANDIDATES, key=lambda d: (counts[d], d == usual))
    return best if counts[best] > counts[usual] else usual


def _right_delimiter(file: str, rows: Rows, header: int, delimiter: str, lines: list[str]) -> None:
    """Refuse a separator by which the row of names falls into one cell, if another divides it."""
    names = next((r for i, r in rows if i == header), [])
    if len(names) != 1 or header > len(lines):
        return
    found = {d: lines[header - 1].count(d) for d in _CANDIDATES if d != delimiter}
    best = max(found, key=lambda d: found[d])
    if found[best]:
        raise FileProblem(
            Problem(
                file,
                f"the row of names is one cell when {_SHOWN.get(delimiter, repr(delimiter))} separates",
                f"it holds {_SHOWN[best]} {found[best]} times: mend 'delimiter' in study.yml",
                row=header,
                value=delimiter,
            )
        )


def _rows(file: str, text: str, delimiter: str) -> Rows:
    """Rows of a text; refuse one whose quotation marks do not close."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    csv.field_size_limit(_LONGEST)
    rows: Rows = []
    try:
        for number, row in enumerate(reader, start=1):
            rows.append((number, [c.strip() for c in row]))
            swallowed = next((c for c in row if "\n" in c and (c.endswith("\n") or delimiter in c)), None)
            if swallowed is not None and (
                max(line.count(delimiter) for line in swallowed.split("\n"))
                >= max(1, (len(rows[0][1]) - 1) // 2)
                or swallowed.endswith("\n")
            ):
                raise FileProblem(
                    Problem(file, "a quotation mark opens here and takes the next rows into one cell",
                            "close the quotation mark, or take it away", row=number, value=swallowed[:40])
                )  # fmt: skip
    except csv.Error as error:
        raise FileProblem(
            Problem(file, f"a cell cannot be read: {error}",
                    "look for a quotation mark that does not close in or before this row; "
                    f"a cell may hold {_LONGEST:,} characters", row=len(rows) + 1)
        ) from None  # fmt: skip
    return rows


def _whole(file: str, rows: Rows, header: int, width: int, delimiter: str) -> None:
    """Refuse rows that are shorter than the row of names."""
    short = [(i, r) for i, r in rows if i > header and any(r) and len(r) < width]
    if short:
        remedy = "export the file again; if it is a note below the table, delete it; a cell without a value "
        remedy += f"still needs its {_SHOWN.get(delimiter, 'separator').removeprefix('a ')}"
        raise FileProblem(*(_short(file, i, r, width, remedy) for i, r in short))


def _short(file: str, row: int, cells: list[str | None], width: int, remedy: str) -> Problem:
    """A row with fewer cells than the row of names."""
    found = f"has {len(cells)} cell{'s' if len(cells) > 1 else ''}"
    message = f"{found} where the header has {width}: the row is cut short"
    return Problem(file, message, remedy, row=row, value=str(cells[0] or ""))


def _trimmed(cells: list[str | None]) -> list[str | None]:
    """Cells without the empty ones at the right end."""
    last = max((k for k, c in enumerate(cells, start=1) if c), default=0)
    return cells[:last]


def _unquoted(cell: str) -> str:
    """Text of a cell without the quotes that spreadsheets put around it."""
    cell = cell.strip()
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].replace('""', '"') if quoted else cell
