"""Excel workbooks without what no table needs: one sheet, its filled cells, its merged areas."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from her2adc.errors import Problem, nearest
from her2adc.readers.grid import FileProblem
from her2adc.readers.guard import MOST_CELLS, check_archive

_NO_CELL = re.compile(rb"<(?:\w+:)?c(?:\s[^<>]*)?/>|<(?:\w+:)?c(?:\s[^<>]*)?></(?:\w+:)?c>")
_NO_ROW = re.compile(rb"<(?:\w+:)?row(?:\s[^<>]*)?/>|<(?:\w+:)?row(?:\s[^<>]*)?>\s*</(?:\w+:)?row>")
_CELL = re.compile(rb"<(?:\w+:)?c[\s>]")
_FORMULA = re.compile(rb"<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|>([^<]*))")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v(?:\s[^<>]*)?>[^<]|is[\s>])")
_TEXT = re.compile(
    rb'<(?:\w+:)?c\s[^<>]*?\bt="str"[^<>]*>\s*<(?:\w+:)?f(?:\s[^<>]*)?>[^<]*</(?:\w+:)?f>\s*<(?:\w+:)?v'
)
"""A formula whose result is a text, be it an empty one."""
_END = re.compile(rb"</(?:\w+:)?c>")
_NAME = re.compile(rb'<(?:\w+:)?c\s[^<>]*?\br="([A-Z]+[0-9]+)"')
_BODY = re.compile(rb"</(?:\w+:)?sheetData>|<(?:\w+:)?sheetData\s*/>")
_KEPT = re.compile(rb"<(\w+:)?mergeCells.*?</(?:\w+:)?mergeCells>|<(?:\w+:)?autoFilter[^<>]*/>", re.DOTALL)
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass
class Opened:
    """A sheet with the values that Excel stored, and its formulas that have none.

    ``names`` are the sheets of the workbook; ``formulas`` has cells such as ``G7``.
    """

    sheet: Worksheet
    formulas: dict[str, str]
    names: list[str]
    date1904: bool


def open_sheet(path: Path, sheet: str | int | None) -> Opened:
    """Open one sheet of a workbook, the first that is not hidden for None.

    Raises
    ------
    FileProblem
        When it is no workbook, has no such sheet, or would fill the memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, path.name)
            parts = {n: archive.read(n) for n in archive.namelist() if _needed(n)}
            if any(b"<!DOCTYPE" in p or b"<!ENTITY" in p for p in parts.values()):
                raise FileProblem(
                    Problem(path.name, "holds definitions that no workbook of Excel has",
                            "copy the cells into a new workbook")
                )  # fmt: skip
            sheets = _sheets(parts)
            name = _chosen(path.name, sheet, list(sheets), _hidden(parts))
            content = _filled(path.name, name, archive.read(sheets[name]))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, EOFError, NotImplementedError) as error:
        raise FileProblem(_damaged(path.name, error)) from None
    parts[sheets[name]] = content
    packed = _packed(parts)
    try:
        with warnings.catch_warnings(record=True):  # they speak of styles, which no table needs
            warnings.simplefilter("always")
            book = openpyxl.load_workbook(io.BytesIO(packed), data_only=True, keep_links=False)
    except Exception as error:
        raise FileProblem(_damaged(path.name, error)) from None
    return Opened(book[name], _without_value(content), list(sheets), book.epoch.year == 1904)


def _damaged(file: str, error: Exception) -> Problem:
    """A workbook that cannot be read."""
    return Problem(
        file,
        f"cannot be read: {str(error) or type(error).__name__}",
        "open it in Excel and save it again as an Excel workbook (.xlsx); if Excel cannot open it either, "
        "take it from its source anew",
    )


def _needed(name: str) -> bool:
    """Parts of the archive that a table needs, its sheets apart."""
    plain = name.lower().lstrip("/")
    return (
        plain in ("[content_types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        or bool(re.fullmatch(r"xl/(shared\w*|styles\w*|workbook\d*)\.xml", plain))
        or bool(re.fullmatch(r"xl/_rels/workbook\d*\.xml\.rels", plain))
        or bool(re.fullmatch(r"xl/theme/\w+\.xml", plain))
    )


def _sheets(parts: dict[str, bytes]) -> dict[str, str]:
    """Names of the sheets of cells, in order, and the part that holds each."""
    book = next(n for n in sorted(parts) if re.fullmatch(r"xl/workbook\d*\.xml", n.lower()))
    relations = next(n for n in sorted(parts) if n.lower().startswith("xl/_rels/workbook"))
    targets = {
        r.get("Id"): (r.get("Type", ""), r.get("Target", ""))
        for r in ElementTree.fromstring(parts[relations])
    }
    found = {}
    for node in ElementTree.fromstring(parts[book]).iter():
        if not node.tag.endswith("}sheet"):
            continue
        key = next((v for k, v in node.items() if k == _REL or k.endswith("}id")), "")
        kind, target = targets.get(key, ("", ""))
        if kind.endswith("/worksheet"):
            found[str(node.get("name"))] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def _hidden(parts: dict[str, bytes]) -> set[str]:
    """Names of the sheets that Excel does not show."""
    book = next(n for n in sorted(parts) if re.fullmatch(r"xl/workbook\d*\.xml", n.lower()))
    nodes = ElementTree.fromstring(parts[book]).iter()
    hidden = [n for n in nodes if n.tag.endswith("}sheet") and n.get("state", "visible") != "visible"]
    return {str(n.get("name")) for n in hidden}


def _chosen(file: str, sheet: str | int | None, names: list[str], hidden: set[str]) -> str:
    """Name of the sheet asked for, by name or by number from 0; the first that is not hidden for None."""
    if sheet is None:
        return next((n for n in names if n not in hidden), names[0])
    if isinstance(sheet, int) and 0 <= sheet < len(names):
        return names[sheet]
    if str(sheet) in names:
        return str(sheet)
    alike = [n for n in names if n.strip().casefold() == str(sheet).strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    shown = f"has no sheet {str(sheet)!r}" if isinstance(sheet, str) else f"has {len(names)} sheets"
    hint = "; a number counts from 0" if isinstance(sheet, int) else ""
    raise FileProblem(Problem(file, shown, nearest(str(sheet), names) + hint, value=str(sheet)))


def _filled(file: str, sheet: str, content: bytes) -> bytes:
    """Part of a sheet without empty cells, empty rows, and what follows the cells."""
    if not content.startswith((b"<", b"\xef\xbb\xbf<")):
        return content
    slim = _NO_ROW.sub(b"", _NO_CELL.sub(b"", content))
    end = _BODY.search(slim)
    if end:
        root = re.search(rb"<((?:\w+:)?worksheet)[\s>]", slim)
        tail = b"".join(m[0] for m in _KEPT.finditer(slim, end.end()))
        slim = slim[: end.end()] + tail + b"</" + (root[1] if root else b"worksheet") + b">"
    if len(_CELL.findall(slim)) > MOST_CELLS // 4:
        raise FileProblem(
            Problem(f"{file}, sheet {sheet}", f"has more than {MOST_CELLS // 4:,} filled cells",
                    "keep the columns and rows that the study needs, or save the sheet as .csv")
        )  # fmt: skip
    return slim


def _without_value(content: bytes) -> dict[str, str]:
    """Formulas whose result is not stored, by their cell."""
    if not _FORMULA.search(content):
        return {}
    found = {}
    for cell in _END.split(content):
        formula = _FORMULA.search(cell)
        names = _NAME.findall(cell)
        if formula and names and not (_VALUE.search(cell) or _TEXT.search(cell)):
            found[names[-1].decode()] = "=" + (formula[1] or b"...").decode("utf-8", "replace")[:60]
    return found


def _packed(parts: dict[str, bytes]) -> bytes:
    """Archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return buffer.getvalue()
