"""Courses -> lines of therapy, by the rules of ``sequencing`` or as numbered in the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby, pairwise

import pandas as pd

from her2adc.agents import Agent, read
from her2adc.config import Sequencing
from her2adc.courses import OPEN, Course, date, why_stopped
from her2adc.exposures import counted

LINE_COLUMNS = ("patient_id", "line", "start", "stop", "reason", "regimen", "agents", "classes", "adc")


@dataclass
class Line:
    """A line of therapy: its own courses, and the ones carried over from the line before.

    ``stop`` is None while it goes on. ``cut`` and ``assumed`` say that the last dose recorded lies in the
    next line, or is missing, so that the line ends on the day before the next one starts.
    """

    number: int
    start: int
    courses: list[Course] = field(default_factory=list)
    carried: list[Course] = field(default_factory=list)
    stop: int | None = None
    reason: str | None = None
    cut: bool = False
    assumed: bool = False

    @property
    def all(self) -> list[Course]:
        """Courses given in the line."""
        return [*self.courses, *self.carried]

    @property
    def regimen(self) -> str:
        """Drugs of the line by their short names."""
        return " + ".join(a.short for a in self.agents)

    @property
    def agents(self) -> list[Agent]:
        """Drugs of the line, the ADC first, then by name."""
        return sorted({c.agent for c in self.all}, key=lambda a: (not a.adc, a.short.casefold()))

    @property
    def adc(self) -> Agent | None:
        """The antibody-drug conjugate of the line."""
        return next((a for a in self.agents if a.adc), None)

    @property
    def last(self) -> int:
        """Last day on which a drug of the line is known to be given."""
        return max(c.last for c in self.all)

    def progressed(self, day: int) -> bool:
        """Whether a drug of the line was stopped for progression before a day."""
        return any(c.reason == "progression" and c.last < day for c in self.all)


def interchangeable(rule: Sequencing) -> dict[str, int]:
    """Group of each drug that may replace another one without a new line.

    Examples
    --------
    >>> interchangeable(Sequencing(interchangeable=(("Taxol", "Abraxane"),)))
    {'paclitaxel': 0, 'nab-paclitaxel': 0}
    """
    return {
        a.name: i for i, names in enumerate(rule.interchangeable) for n in names for a in read(n).agents
    }


def derive_lines(courses: list[Course], rule: Sequencing, groups: Mapping[str, int]) -> list[Line]:
    """Make the lines of one patient from their courses, by start.

    The drugs that start on one day are looked at together: when one of them starts a line, all belong
    to it. Drugs of the line before that are still given at the end of the combination window are carried
    over, but never an ADC into a line with another one, nor a course without an end.

    Parameters
    ----------
    courses
        Courses of a patient, by start.
    rule
        Window, gap, maintenance.
    groups
        Result of :func:`interchangeable`.

    Returns
    -------
    list of Line
    """
    lines: list[Line] = []
    for day, group in groupby(courses, key=lambda c: c.start):
        today = list(group)
        if not lines or any(_starts(lines[-1], c.agent, day, rule, groups) for c in today):
            line = Line(len(lines) + 1, day)
            if lines:
                line.carried = _carried(lines[-1], today, day + rule.window_days)
            lines.append(line)
        lines[-1].courses.extend(today)
    return _closed(lines)


def given_lines(courses: list[Course]) -> list[Line]:
    """Take the lines of one patient as numbered."""
    numbers = sorted({c.line for c in courses if c.line is not None})
    parts = {n: [c for c in courses if c.line == n] for n in numbers}
    return _closed([Line(n, min(c.start for c in p), p) for n, p in parts.items()])


def _starts(line: Line, agent: Agent, day: int, rule: Sequencing, groups: Mapping[str, int]) -> bool:
    """Whether a drug that starts on a day starts a new line."""
    if agent.adc and line.adc is not None and agent != line.adc:
        return True
    failed, companion = line.progressed(day), agent.drug_class == "ovarian suppression"
    if day <= line.start + rule.window_days:
        return failed and line.last < day and not (companion or agent in line.agents)
    if rule.gap_days is not None and day - line.last > rule.gap_days:
        return True
    if companion or agent in line.agents:
        return False
    group = groups.get(agent.name)
    if group is not None and group in {groups.get(a.name) for a in line.agents}:
        return failed
    if rule.maintenance and agent.drug_class == "endocrine" and not failed:
        classes = {a.drug_class for a in line.agents}
        return "endocrine" in classes or ("chemotherapy" not in classes and line.last < day)
    return True


def _carried(before: Line, today: list[Course], until: int) -> list[Course]:
    """Courses of the line before that are still given when the window of the new line ends."""
    agents = {c.agent for c in today}
    blocked = any(a.adc for a in agents)
    return [
        c
        for c in before.all
        if until <= c.last < OPEN and c.agent not in agents and not (c.agent.adc and blocked)
    ]


def _closed(lines: list[Line]) -> list[Line]:
    """Give each line its last day and the reason why it ended; no line reaches into the next one."""
    for line, following in pairwise([*lines, None]):
        assert line is not None
        line.reason = why_stopped(line.all)
        line.stop = None if line.last == OPEN else line.last
        if following is None:
            line.reason = line.reason or ("ongoing" if line.stop is None else None)
            continue
        line.assumed = any(c.last == OPEN for c in line.courses)
        line.cut = not line.assumed and line.last >= following.start
        if line.last >= following.start:
            line.stop = max(following.start - 1, line.start)
        line.reason = None if line.reason == "ongoing" else line.reason
    return lines


def lines_table(lines: Mapping[str, list[Line]]) -> pd.DataFrame:
    """Return the lines of all patients: a row a line.

    Returns
    -------
    DataFrame
        ``patient_id``, ``line``, ``start``, ``stop`` (missing while it goes on), ``reason``, ``regimen``
        (short names), ``agents`` (generic names), ``classes``, ``adc`` (short name, or None).
    """
    rows = [(p, line) for p, found in lines.items() for line in found]
    table = pd.DataFrame(
        [
            (p, v.number, None, None, v.reason, v.regimen, " + ".join(a.name for a in v.agents),
             " + ".join(dict.fromkeys(a.drug_class for a in v.agents)), v.adc.short if v.adc else None)
            for p, v in rows
        ],
        columns=list(LINE_COLUMNS),
    )  # fmt: skip
    table = table.astype({"line": "int64"})
    return table.assign(start=date([v.start for _, v in rows]), stop=date([v.stop for _, v in rows]))


def line_remarks(lines: Mapping[str, list[Line]]) -> list[str]:
    """Say how many lines were ended by the start of the next one."""
    found = [line for part in lines.values() for line in part]
    return [
        *counted("Lines without a last dose, ended before the next one", sum(v.assumed for v in found)),
        *counted("Lines that reach into the next one, ended before it", sum(v.cut for v in found)),
    ]
