"""What went wrong, where, and what to do about it.

Every problem an analyst can cause is a :class:`Problem`; they are collected and raised together as
one :class:`StudyError`, so that a file is mended in one go and not error by error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

SHOWN = 10


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
        where = [self.file]
        if self.row is not None:
            where.append(f"row {self.row}")
        if self.column:
            where.append(self.column)
        text = f"{', '.join(where)}: {self.message}"
        if self.value:
            text += f" (found: {self.value!r})"
        return text + (f"\n    -> {self.remedy}" if self.remedy else "")


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


def report(problems: Sequence[Problem]) -> str:
    """Print problems for a person: the same problem in many rows is one entry with its rows.

    Examples
    --------
    >>> print(report([Problem("a.csv", "not a number", row=r, column="age") for r in (2, 3)]))
    2 problems found
    a.csv, rows 2, 3, age: not a number
    """
    groups: dict[tuple[str, str, str, str, str], list[int]] = {}
    for p in problems:
        rows = groups.setdefault((p.file, p.column, p.message, p.value, p.remedy), [])
        if p.row is not None:
            rows.append(p.row)
    lines = [f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found"]
    for (file, column, message, value, remedy), rows in groups.items():
        row = rows[0] if len(rows) == 1 else None
        if len(rows) > 1:
            listed = ", ".join(map(str, rows[:SHOWN]))
            more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
            file = f"{file}, rows {listed}{more}"
        lines.append(str(Problem(file, message, remedy, row, column, value)))
    return "\n".join(lines)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Suggest an allowed name: ``did you mean 'endpoints'?`` or the list of what is allowed.

    Examples
    --------
    >>> nearest("endpoint", ["endpoints", "her2"])
    "did you mean 'endpoints'? Allowed: endpoints, her2"
    """
    allowed = list(allowed)
    close = get_close_matches(name, allowed, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Allowed: {', '.join(allowed)}"
