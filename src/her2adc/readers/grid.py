"""Numbered rows of texts -> a frame below its header, and what has to be said of it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from her2adc.errors import Problem

Rows = list[tuple[int, list[str | None]]]
"""Rows of a file: the number of each, and its cells."""
_TOP = 30


@dataclass
class Unclear:
    """A cell that holds nothing to rely on: an error, a formula without its value, a merged cell."""

    row: int
    message: str
    remedy: str
    value: str = ""
    text: str | None = None


@dataclass
class Read:
    """A file as read.

    ``frame`` holds texts (None where empty), with the row numbers of the file as index and a name once.
    ``doubled`` says of names that several columns have where these stand; they are not in ``frame``.
    ``others`` are sheets that are not read and that the study file does not speak of.
    ``unclear`` holds cells to report if the study uses their column. ``top`` are the first rows.
    """

    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    sheet: str = ""
    remarks: list[str] = field(default_factory=list)
    display_names: dict[str, str] = field(default_factory=dict)
    doubled: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, list[Unclear]] = field(default_factory=dict)
    top: Rows = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    date1904: bool = False
    others: list[str] = field(default_factory=list)


class FileProblem(Exception):
    """A file that cannot be read, and why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(str(problems[0]))
        self.problems = list(problems)


def clean_name(name: object) -> str:
    r"""Name of a column with one blank for each run of blanks and line breaks, nothing invisible.

    Examples
    --------
    >>> clean_name("\ufeff HER2\n IHC\u200b")
    'HER2 IHC'
    """
    text = "".join(c for c in str(name) if unicodedata.category(c) != "Cf")
    return re.sub(r"\s+", " ", text).strip()


MOST_DIGITS = 10**15
"""From here on, a spreadsheet and a decimal number of a computer do not keep all digits."""


def too_long(value: object) -> bool:
    """Whether a number has more digits than its program keeps."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and MOST_DIGITS <= abs(float(str(value))) < float("inf")


def rounded(row: int, text: str) -> Unclear:
    """A number of which the last digits are lost."""
    message = "the number has more digits than the file keeps: the last of them are lost"
    remedy = "export it from its source again, into a column that is formatted as text"
    return Unclear(row, message, remedy, text, text)


def letter(position: int) -> str:
    """Letter of a column as a spreadsheet shows it.

    Examples
    --------
    >>> letter(0), letter(27)
    ('A', 'AB')
    """
    text, position = "", position + 1
    while position:
        position, rest = divmod(position - 1, 26)
        text = chr(65 + rest) + text
    return text


def below_header(rows: Rows, file: str, header_row: int = 1, *, strict: bool = True) -> Read:
    """Make a frame of numbered rows, of which the one of ``header_row`` holds the names.

    Parameters
    ----------
    rows
        Rows of the file. A row may be shorter or longer than the header.
    file
        Name of the file, for messages.
    header_row
        Number of the row with the names.
    strict
        Whether cells beyond the names are a problem, as where a text holds the delimiter.

    Returns
    -------
    Read

    Raises
    ------
    FileProblem
        When there is no such row, or when rows have more cells than the header, or fewer.
    """
    filled = [(i, r) for i, r in rows if any(r)]
    if not filled:
        remedy = "export it again, with the names of the columns in the first row"
        raise FileProblem(Problem(file, "is empty: it has no data rows", remedy))
    header = next((r for i, r in rows if i == header_row), [])
    if not any(header):
        raise FileProblem(
            Problem(
                file,
                f"row {header_row}, where the names of the columns are expected, is empty",
                f"set header_row for this file in study.yml; row {filled[0][0]} is the first with text, "
                f"row {filled[-1][0]} the last",
                row=header_row,
            )
        )
    body = [(i, r) for i, r in filled if i > header_row]
    if not body:
        message = "is empty: it has no data rows below the names of the columns"
        raise FileProblem(
            Problem(file, message, "export it again, or mend header_row in study.yml", row=header_row)
        )
    names = [clean_name(c or "") for c in header]
    while names and not names[-1]:
        names.pop()
    read = Read(top=filled[:_TOP])
    width = len(names)
    beyond = [(i, r) for i, r in body if any(r[width:])]
    if len(beyond) > len(body) / 2 and 3 * width <= len(_ends(beyond)):
        raise FileProblem(_title(file, header_row, width, filled))
    shared = {p for p in range(width, len(header)) if _filled(body, p) > len(body) / 2}
    if beyond and strict and not shared:
        raise FileProblem(*(_longer(file, i, r, width) for i, r in beyond))
    last = max((len(r) for _, r in body), default=0)
    _unnamed(read, file, [*(p for p, n in enumerate(names) if not n), *range(width, last)], body)
    return _framed(read, names, body)


def _ends(rows: Rows) -> list[str | None]:
    """Cells of the longest of these rows."""
    return max((r for _, r in rows), key=len, default=[])


def _filled(body: Rows, position: int) -> int:
    """Number of filled cells of a column."""
    return sum(len(r) > position and bool(r[position]) for _, r in body)


def _title(file: str, header_row: int, width: int, filled: Rows) -> Problem:
    """A row of names that is a title: most rows below it have many more cells."""
    most = max(sum(map(bool, r)) for _, r in filled)
    row = next(i for i, r in filled if i > header_row and sum(map(bool, r)) >= 0.6 * most)
    return Problem(
        file,
        f"the row where the names of the columns are expected has {width} cell"
        f"{'s' if width > 1 else ''}, and most rows below it have more: it seems to be a title",
        f"set header_row: {row} for this file in study.yml, if the names stand in row {row}",
        row=header_row,
    )


def _longer(file: str, row: int, cells: list[str | None], width: int) -> Problem:
    """A row with more cells than the header."""
    return Problem(
        file,
        f"has {max(k for k, c in enumerate(cells, start=1) if c)} cells where the header has {width}",
        "put quotes around text that holds the delimiter, or give the column a name in the header",
        row=row,
    )


def _unnamed(read: Read, file: str, positions: list[int], body: Rows) -> None:
    """Say that columns without a name are not read."""
    for p in positions:
        if n := _filled(body, p):
            read.remarks.append(
                f"{file}: column {letter(p)} has no name in the row of names, and its "
                f"{n} filled cell{'s are' if n > 1 else ' is'} not read"
            )


def _framed(read: Read, names: list[str], body: Rows) -> Read:
    """Put the named columns into a frame; leave out those whose name stands twice with other cells."""
    cells = [[*r[: len(names)], *[None] * (len(names) - len(r))] for _, r in body]
    index = pd.Index([i for i, _ in body])
    frame = pd.DataFrame(cells, index=index, columns=range(len(names)), dtype=object)
    for name in [n for n, k in Counter(names).items() if n and k > 1]:
        at = [p for p, n in enumerate(names) if n == name]
        same = all(frame[at[0]].fillna("").eq(frame[p].fillna("")).all() for p in at[1:])
        for p in at[1:] if same else at:
            names[p] = ""
        if not same:
            read.doubled[name] = "columns " + " and ".join(letter(p) for p in at)
    keep = [p for p, n in enumerate(names) if n]
    read.names = {p: names[p] for p in keep}
    read.frame = frame[keep].set_axis([names[p] for p in keep], axis=1)
    read.frame = read.frame.replace("", None).where(read.frame.notna(), None)
    return read
