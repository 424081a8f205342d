"""Tables as MyST markdown, HTML and CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from her2adc.markup import Myst, spreadsheet, write_csv
from her2adc.markup import to_html as _html
from her2adc.tables.table import LEVEL, VARIABLE, Table

__all__ = ["align", "notes_markdown", "to_csv", "to_html", "to_markdown"]

FIGURE, POINT = "\u2007", "\u2008"
"""Spaces as wide as a digit and as a decimal point."""
_BREAK = Myst("<br>")
_NUMBER = re.compile(r"[−-]?\d+(?:[.·]\d+)?|\bNR\b|\bNE\b")
_MARKS = re.compile(r"[†‡§‖¶#]+$")


def align(cells: Sequence[str]) -> list[str]:
    """Cells of a right-aligned column, padded so that decimals stand under each other.

    Cells of the same shape, such as ``n (%)``, are padded number by number with spaces as wide as
    a digit; of an interval ``estimate (low to high)`` only the estimate is, for its limits read
    better without gaps.

    Examples
    --------
    >>> [cell.replace(FIGURE, "_") for cell in align(["39 (39.8%)", "2 (2.0%)"])]
    ['39 (39.8%)', '_2 (_2.0%)']
    >>> [cell.replace(FIGURE, "_") for cell in align(["0.034", "0.35", "<0.001"])]
    ['0.034', '0.35_', '<0.001']
    >>> [cell.replace(FIGURE, "_") for cell in align(["9.0 (4.8 to 13.3)", "12.0 (1.0 to 9.9)"])]
    ['_9.0 (4.8 to 13.3)', '12.0 (1.0 to 9.9)']
    """
    bare = [_MARKS.sub("", cell) for cell in cells]
    marks = [cell[len(text) :] for cell, text in zip(cells, bare, strict=True)]
    shapes = [_shape(text) for text in bare]
    padded = list(bare)
    for shape in set(shapes):
        mine = [i for i, other in enumerate(shapes) if other == shape]
        numbers = [_NUMBER.findall(bare[i]) for i in mine]
        for j in range(1 if " to " in shape else len(numbers[0])):
            for row, text in zip(numbers, _justify([r[j] for r in numbers]), strict=True):
                row[j] = text
        for i, row in zip(mine, numbers, strict=True):
            padded[i] = _fill(bare[i], row)
    widest = max((len(mark) for mark in marks), default=0)
    return [
        text + mark + FIGURE * (widest - len(mark)) if text else text
        for text, mark in zip(padded, marks, strict=True)
    ]


def _aligned(table: Table, j: int) -> list[str]:
    """Cells of a column, aligned unless they are words."""
    cells: list[str] = table.frame.iloc[:, j].tolist()
    return cells if table.frame.columns[j] in table.texts else align(cells)


def _to_the_left(table: Table, j: int) -> bool:
    """Whether a column holds words, or mostly intervals, whose limits differ in length."""
    filled = [text for text in table.frame.iloc[:, j] if text]
    intervals = sum(" to " in text for text in filled)
    return table.frame.columns[j] in table.texts or 2 * intervals > len(filled)


def _shape(text: str) -> str:
    """Text with its numbers taken out; a leading sign of comparison does not count."""
    return _NUMBER.sub("0", text.lstrip("<>"))


def _fill(text: str, numbers: Sequence[str]) -> str:
    """Text with its numbers replaced in turn."""
    parts = iter(numbers)
    return _NUMBER.sub(lambda _: next(parts), text)


def _justify(texts: Sequence[str]) -> list[str]:
    """Numbers padded to the same digits before and after the decimal point; words to the right."""
    split = [re.split(r"[.·]", text) for text in texts]
    numeric = [parts for parts in split if parts[0].lstrip("−-").isdigit()]
    before = max((len(parts[0]) for parts in numeric), default=0)
    after = max((len(parts[1]) for parts in numeric if len(parts) > 1), default=0)
    out = []
    for text, parts in zip(texts, split, strict=True):
        if parts not in numeric:
            out.append(FIGURE * max(0, before + after - len(text)) + text)
            continue
        decimals = len(parts[1]) if len(parts) > 1 else 0
        right = FIGURE * (after - decimals) + (POINT if after and not decimals else "")
        out.append(FIGURE * (before - len(parts[0])) + text + right)
    return out


def to_markdown(table: Table) -> Myst:
    r"""Write a pipe table for MyST: bold variables, indented levels, decimals under each other.

    Parameters
    ----------
    table : Table
        The table.

    Returns
    -------
    Myst

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"": ["Ki-67", "≤20%"], "HER2-low\n(n = 52)": ["", "10 (21.3%)"]})
    >>> print(to_markdown(Table(frame, ("variable", "level"))))
    |  | HER2-low<br>(n = 52) |
    | :--- | ---: |
    | **Ki-67** |  |
    | &emsp;≤20% | 10 (21.3%) |
    """
    columns = [_cell(str(column)) for column in table.frame.columns]
    names = [_named(name, role) for name, role in zip(table.frame.iloc[:, 0], table.roles, strict=True)]
    rest = [
        [_cell(text) for text in _aligned(table, j)]
        for j in range(1, table.frame.shape[1])
    ]
    sides = [":---" if _to_the_left(table, j) else "---:" for j in range(1, table.frame.shape[1])]
    rule = [Myst(":---"), *map(Myst, sides)]
    body = [list(cells) for cells in zip(names, *rest, strict=True)]
    return Myst("\n").join(_line(cells) for cells in [columns, rule, *body])


def _line(cells: Iterable[str]) -> Myst:
    """Cells between bars."""
    return Myst("| {} |").format(Myst(" | ").join(cells))


def _cell(text: str) -> Myst:
    """Escaped cell; spaces at its ends are written as entities, or markdown drops them."""
    return _BREAK.join(_guard(part) for part in text.split("\n"))


def _guard(text: str) -> Myst:
    """Escaped text whose outer spaces survive."""
    core = text.strip(f" {FIGURE}{POINT}")
    if not core:
        return Myst("")
    start = text.index(core)
    left, right = text[:start].lstrip(" "), text[start + len(core) :].rstrip(" ")
    return Myst("{}{}{}").format(_entities(left), core, _entities(right))


def _entities(spaces: str) -> Myst:
    """Spaces as entities."""
    named = {FIGURE: Myst("&#8199;"), POINT: Myst("&#8200;")}
    return Myst("").join(named.get(space, space) for space in spaces)


def _named(name: str, role: str) -> Myst:
    """Name of a row: a variable bold, a level indented."""
    if role == VARIABLE:
        parts = [_guard(part) for part in name.split("\n")]
        return _BREAK.join(Myst("**{}**").format(part) if part else part for part in parts)
    return Myst("&emsp;{}" if role == LEVEL else "{}").format(_cell(name))


def notes_markdown(table: Table) -> Myst:
    """Footnotes and abbreviations as markdown, "" when there are none.

    Examples
    --------
    >>> import pandas as pd
    >>> table = Table(pd.DataFrame({"": ["NE"]}), ("plain",), ("† Firth.",), {"NE": "not estimable"})
    >>> print(notes_markdown(table))
    † Firth.<br>NE, not estimable.
    """
    lines = [*table.footnotes, *([_abbreviations(table)] if table.abbreviations else [])]
    return _BREAK.join(lines)


def _abbreviations(table: Table) -> str:
    """Abbreviations in one sentence."""
    return "; ".join(f"{short}, {long}" for short, long in table.abbreviations.items()) + "."


def to_html(table: Table, title: str = "") -> str:
    """Plain HTML table with its footnotes, for a notebook opened by hand.

    Examples
    --------
    >>> import pandas as pd
    >>> to_html(Table(pd.DataFrame({"": ["<65"]}), ("level",)))[-47:]
    'ft;padding-left:1.5em">&lt;65</td></tr></table>'
    """
    columns = [_lines(str(column)) for column in table.frame.columns]
    head = "".join(f"<th>{column}</th>" for column in columns)
    rows = [f"<tr>{head}</tr>"]
    aligned = [_aligned(table, j) for j in range(1, table.frame.shape[1])]
    names = table.frame.iloc[:, 0].tolist()
    for i, (name, role) in enumerate(zip(names, table.roles, strict=True)):
        indent = ";padding-left:1.5em" if role == LEVEL else ""
        text = f"<b>{_lines(name)}</b>" if role == VARIABLE else _lines(name)
        cells = [f'<td style="text-align:left{indent}">{text}</td>']
        cells += [
            f'<td style="text-align:{"left" if _to_the_left(table, j) else "right"}">{_lines(column[i])}</td>'
            for j, column in enumerate(aligned, start=1)
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    caption = f"<caption>{_html(title)}</caption>" if title else ""
    notes = [*table.footnotes, *([_abbreviations(table)] if table.abbreviations else [])]
    below = f"<p>{'<br>'.join(_html(note) for note in notes)}</p>" if notes else ""
    return f"<table>{caption}{''.join(rows)}</table>{below}"


def _lines(text: str) -> str:
    """Escaped text with its line breaks."""
    return "<br>".join(_html(part) for part in text.split("\n"))


def to_csv(table: Table, path: Path | str) -> Path:
    r"""Write the table as CSV: one line a header, levels indented by four spaces.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> path = Path(tempfile.mkdtemp()) / "table.csv"
    >>> to_csv(Table(pd.DataFrame({"": ["Yes"], "All": ["9"]}), ("level",)), path).read_text()
    ',All\n    Yes,9\n'
    """
    frame = table.frame.rename(columns=lambda column: str(column).replace("\n", " "))
    first = frame.columns[0]
    indents = ["    " if role == LEVEL else "" for role in table.roles]
    names = [
        indent + spreadsheet(name) for indent, name in zip(indents, frame.iloc[:, 0], strict=True)
    ]
    return write_csv(frame.assign(**{first: names}), path)
