"""What went wrong, where, and what to do about it.

Every problem an analyst can cause is a :class:`Problem`; they are collected and raised together as
one :class:`StudyError`, so that a file is mended in one go and not error by error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

SHOWN = 10
_ENDLESS = re.compile(r"\S{200,}")
_OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")
FEW, LONG, MOST = 4, 80, 25
"""Values of a form that are printed, characters of a value, and entries of a report."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong.

    Parameters
    ----------
    file
        File name, as the analyst knows it.
    message
        What is wrong, in one sentence.
    remedy
        What to do.
    row
        Row in the file as a spreadsheet or editor counts it (first line is 1), or None.
    column
        Column (of a table) or path of the key (of ``study.yml``), or "".
    value
        The offending value as text, or "".
    """

    file: str
    message: str
    remedy: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""

    def __str__(self) -> str:
        where = [visible(self.file)]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column:
            where.append(short(self.column))
        text = f"{', '.join(where)}: {visible(self.message)}"
        if self.value:
            text += f" (found: {quoted(self.value)})"
        return text + (f"\n    -> {visible(self.remedy)}" if self.remedy else "")


class StudyError(Exception):
    """All problems of a study at once.

    Parameters
    ----------
    problems
        The problems found, at least one.

    Examples
    --------
    >>> raise StudyError([Problem("study.yml", "unknown key", column="endpoint")])
    Traceback (most recent call last):
        ...
    her2adc.errors.StudyError: 1 problem found
    study.yml, endpoint: unknown key
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__(str(self))

    def __str__(self) -> str:
        return report(self.problems)


def visible(text: str) -> str:
    r"""Text of a file as a terminal may print it: what it would obey written out, endless words cut.

    Examples
    --------
    >>> print(visible("a\x1b[31mb\u202ec"))
    a\x1b[31mb\u202ec
    """
    text = _ENDLESS.sub(lambda word: f"{word[0][:LONG]}...", str(text)[: 50 * LONG])
    return "".join(
        c.encode("unicode_escape").decode() if unicodedata.category(c) in _OBEYED else c for c in text
    )


def short(text: str) -> str:
    """Text of a file on one line, cut where it is long."""
    text = visible(text)
    return text if len(text) <= LONG else f"{text[: LONG - 3]}..."


def quoted(value: str) -> str:
    """Value in quotes, as the file has it."""
    text = short(value)
    return f'"{text}"' if "'" in text and '"' not in text else f"'{text}'"


def form(value: str) -> str:
    """Form of a value: which kinds of characters stand in which order, not how many; words are one form.

    Examples
    --------
    >>> form("2023.5.6") == form("2024.11.30"), form("45年") == form("7岁"), form("无") == form("none")
    (True, False, True)
    """
    if value and not any(c.isdecimal() for c in value):
        return "words"
    text = "".join("9" if c.isdecimal() else "a" if c.isascii() and c.isalpha() else c for c in value)
    return re.sub(r"(9|a| )\1*", r"\1", text)


_HINT = re.compile(r"did you mean [^?]*\? ?")
_FORMS = 5


@dataclass
class _Entry:
    """Problems that are one: same place, same message, values of one form."""

    first: Problem
    values: list[str]
    rows: list[int]

    def __str__(self) -> str:
        p, values = self.first, list(dict.fromkeys(self.values))
        if len(self.rows) < 2:
            return str(p)
        rows = ", ".join(map(str, self.rows[:SHOWN]))
        more = f" and {len(self.rows) - SHOWN} more" if len(self.rows) > SHOWN else ""
        few = FEW if any(c.isdecimal() for v in values[:FEW] for c in v) else 3 * FEW
        found = ", ".join(quoted(v) for v in values[:few])
        found += f" and {len(values) - few} more" if len(values) > few else ""
        many = f", in {len(self.rows)} cells" if len(self.rows) > SHOWN else ""
        column = f", {short(p.column)}" if p.column else ""
        text = f"{visible(p.file)}, rows {rows}{more}{column}: {visible(p.message)}"
        text += f" (found: {found}){many}" if values != [""] else many
        remedy = p.remedy if len(values) == 1 else _HINT.sub("", p.remedy)
        return text + (f"\n    -> {visible(remedy)}" if remedy else "")


def report(problems: Sequence[Problem]) -> str:
    """Print problems for a person, in the order in which to cure them.

    Cells with the same problem whose values have one form are one entry, with the first rows and a few
    values. What is wrong with a file as a whole comes before its columns, and these before its cells.

    Examples
    --------
    >>> print(report([Problem("a.csv", "not a number", row=r, column="age") for r in (2, 3)]))
    1 problem found (2 cells)
    a.csv, rows 2, 3, age: not a number
    >>> dates = [Problem("a.csv", "no date", "", r, "start", f"2023.{r}.1") for r in range(2, 117)]
    >>> print(report(dates))
    1 problem found (115 cells)
    a.csv, rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 105 more, start: no date (found: ...
    """
    entries = sorted(_entries(problems), key=lambda e: _rank(e.first))
    cells = sum(len(e.rows) for e in entries if len(e.rows) > 1)
    count = f"{len(entries)} problem{'s' if len(entries) != 1 else ''} found"
    lines = [count + (f" ({cells} cells)" if cells else ""), *map(str, entries[:MOST])]
    if left := entries[MOST:]:
        files = ", ".join(dict.fromkeys(visible(e.first.file) for e in left))
        lines.append(f"and {len(left)} more, in {files}; they are printed once these are mended")
    return "\n".join(lines)


def _entries(problems: Sequence[Problem]) -> list[_Entry]:
    """Problems that are one, together; of many forms of values in one place, the last are taken together."""
    groups: dict[tuple[str, ...], _Entry] = {}
    forms: dict[tuple[str, ...], list[str]] = {}
    for p in problems:
        place: tuple[str, ...] = (p.file, p.column, p.message, p.remedy, p.value)
        kind = ""
        if p.row is not None and not p.file.endswith((".yml", ".yaml")):
            place = (p.file, p.column, re.sub(r"\d+", "9", p.message), _HINT.sub("", p.remedy))
            known = forms.setdefault(place, [])
            kind = form(p.value)
            known += [] if kind in known or len(known) > _FORMS else [kind]
            kind = kind if kind in known[:_FORMS] else "others"
        entry = groups.setdefault((*place, kind), _Entry(p, [], []))
        entry.values.append(p.value)
        entry.rows += [p.row] if p.row is not None else []
    return list(groups.values())


def _rank(problem: Problem) -> int:
    """Where a problem stands in the order in which to cure them: file, column, cell."""
    if problem.file.endswith((".yml", ".yaml")) or (problem.row is None and not problem.column):
        return 0
    return 1 if problem.row is None else 2


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Suggest an allowed name: ``did you mean 'endpoints'?`` or the list of what is allowed.

    Examples
    --------
    >>> nearest("endpoint", ["endpoints", "her2"])
    "did you mean 'endpoints'? Allowed: endpoints, her2"
    """
    allowed = list(allowed)
    close = get_close_matches(name[:200], allowed, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Allowed: {', '.join(allowed) or 'none, since there is none'}"
