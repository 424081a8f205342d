"""A table ready to print: strings, what each row is, footnotes, abbreviations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from her2adc.results import ALL_PATIENTS

__all__ = ["LEVEL", "PLAIN", "VARIABLE", "Builder", "Role", "Table", "columns_of", "header"]

Role = Literal["variable", "level", "plain"]
VARIABLE: Role = "variable"
LEVEL: Role = "level"
PLAIN: Role = "plain"

_SYMBOLS = "†‡§‖¶#"
_LONG = {
    "CI": "confidence interval",
    "IQR": "interquartile range",
    "SD": "standard deviation",
    "SMD": "standardised mean difference",
    "HR": "hazard ratio",
    "NR": "not reached",
    "NE": "not estimable",
    "ORR": "objective response rate",
    "CR": "complete response",
    "PR": "partial response",
    "PD": "progressive disease",
}


_LONGEST_LINE = 48


@dataclass(frozen=True)
class Table:
    """A table of strings.

    Parameters
    ----------
    frame : DataFrame
        Cells as strings; the first column names the rows. A line break in a column name or in a
        cell is a line break in print.
    roles : tuple of str
        What each row is: ``"variable"`` (bold), ``"level"`` (indented) or ``"plain"``.
    footnotes : tuple of str
        Footnotes with their symbols, in reading order, after remarks that have no symbol.
    abbreviations : mapping
        Abbreviations that the table uses, spelled out.
    texts : frozenset of str
        Columns that hold words and stand to the left, not numbers.

    Examples
    --------
    >>> Table(pd.DataFrame({"Variable": ["Age"], "All": ["51"]}), ("variable",)).frame.shape
    (1, 2)
    """

    frame: pd.DataFrame
    roles: tuple[Role, ...]
    footnotes: tuple[str, ...] = ()
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    texts: frozenset[str] = frozenset()

    @property
    def wordy(self) -> bool:
        """Whether a column of words is so long that its cells have to break over lines."""
        columns = [c for c in self.frame.columns if c in self.texts]
        return any(len(cell) > _LONGEST_LINE for c in columns for cell in self.frame[c])

    def __post_init__(self) -> None:
        """Refuse roles that do not match the rows, and cells that are not text."""
        if len(self.roles) != len(self.frame):
            raise ValueError(f"{len(self.frame)} rows but {len(self.roles)} roles")
        if not self.frame.map(lambda cell: isinstance(cell, str)).all(axis=None):
            raise ValueError("a cell is not text; format every value before it enters a table")


class Builder:
    """Collects rows and footnotes of a table in reading order.

    Parameters
    ----------
    columns : sequence of str
        Column names.

    Examples
    --------
    >>> build = Builder(["Variable", "p"])
    >>> build.row("Age", ["0.034" + build.mark("Wilcoxon test")], VARIABLE)
    >>> build.table().frame["p"].tolist(), build.table().footnotes
    (['0.034†'], ('† Wilcoxon test.',))
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = list(columns)
        self.cells: list[list[str]] = []
        self.roles: list[Role] = []
        self.remarks: list[str] = []
        self.marks: dict[str, str] = {}

    def row(self, name: str, cells: Sequence[str] = (), role: Role = PLAIN) -> None:
        """Add a row; missing cells at its end stay empty."""
        empty = [""] * (len(self.columns) - 1 - len(cells))
        self.cells.append([name, *cells, *empty])
        self.roles.append(role)

    def mark(self, note: str) -> str:
        """Return the symbol of a footnote; the same text has the same symbol."""
        if note not in self.marks:
            i = len(self.marks)
            self.marks[note] = _SYMBOLS[i % len(_SYMBOLS)] * (i // len(_SYMBOLS) + 1)
        return self.marks[note]

    def remark(self, text: str) -> None:
        """Add a footnote without a symbol."""
        if text not in self.remarks:
            self.remarks.append(text)

    def table(self, abbreviations: Mapping[str, str] | None = None) -> Table:
        """Return the table, with the abbreviations that occur in it."""
        frame = pd.DataFrame(self.cells, columns=self.columns, dtype=object)
        notes = [_sentence(text) for text in self.remarks]
        notes += [f"{symbol} {_sentence(text)}" for text, symbol in self.marks.items()]
        known = {**_LONG, **(abbreviations or {})}
        words = _words([*self.columns, *(c for row in self.cells for c in row), *notes])
        used = {short: known[short] for short in sorted(known) if short in words}
        return Table(frame, tuple(self.roles), tuple(notes), used)


def _sentence(text: str) -> str:
    """Text with a capital and a full stop."""
    text = text.strip()
    if text[:1].islower() and text[1:2].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _words(texts: Iterable[str]) -> set[str]:
    """Words of the texts, without punctuation around them."""
    return {word.strip("()[],;:.%†‡§‖¶#") for text in texts for word in text.replace("/", " ").split()}


def columns_of(rows: pd.DataFrame, groups: Sequence[str]) -> list[str]:
    """List the groups that have a column: all patients first, where there are rows of them.

    Examples
    --------
    >>> rows = pd.DataFrame({"group": ["All patients", "HER2-low"]})
    >>> columns_of(rows, ["HER2-low"])
    ['All patients', 'HER2-low']
    """
    present = set(rows["group"].astype(str))
    first = [ALL_PATIENTS] if ALL_PATIENTS in present and ALL_PATIENTS not in groups else []
    return [*first, *groups] or [ALL_PATIENTS]


def header(name: str, n: int | None) -> str:
    """Column name with the number of patients.

    Examples
    --------
    >>> header("HER2-low", 52).split(chr(10))
    ['HER2-low', '(n = 52)']
    """
    return name if n is None else f"{name}\n(n = {n})"


def sizes(rows: pd.DataFrame, groups: Sequence[str]) -> dict[str, int | None]:
    """Find the number of patients of every group: the largest n of its rows.

    Examples
    --------
    >>> sizes(pd.DataFrame({"group": ["a", "a"], "n": [50, 52]}), ["a", "b"])
    {'a': 52, 'b': None}
    """
    found: dict[str, int | None] = {}
    for group in groups:
        n = rows.loc[rows["group"].astype(str) == group, "n"].dropna()
        found[group] = int(n.max()) if len(n) else None
    return found


def pick(rows: pd.DataFrame, **filters: str) -> pd.Series | None:
    """Find the first row that matches, or None.

    Examples
    --------
    >>> pick(pd.DataFrame({"statistic": ["median"], "level": ["6"]}), statistic="median")["level"]
    '6'
    """
    mine = rows
    for column, wanted in filters.items():
        mine = mine[mine[column].astype(str) == wanted]
    return None if mine.empty else mine.iloc[0]
