"""Exposures -> courses: each drug of a patient over a time, with doubled and overlapping rows merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd

from her2adc.agents import Agent
from her2adc.exposures import RANK, counted

OPEN = 10**7
"""Last day of a course that goes on."""
ORIGIN = pd.Timestamp("1970-01-01")
_NO_DATE = np.iinfo("int64").min


@dataclass
class Course:
    """A drug of a patient over a time; days are counted from 1970-01-01.

    ``stop`` is the last dose as recorded, None without one. ``last`` is the last day on which the drug
    is known to be given: ``OPEN`` while it goes on. ``line`` is the line as numbered in the data.
    ``texts`` are the names as recorded.
    """

    agent: Agent
    start: int
    stop: int | None
    last: int
    reason: str | None = None
    line: int | None = None
    texts: tuple[str, ...] = ()


class _Row(NamedTuple):
    """One drug of one row."""

    patient: str
    agent: Agent
    line: int | None
    start: int
    stop: int | None
    reason: str | None
    text: str


def courses_of(frame: pd.DataFrame) -> tuple[dict[str, list[Course]], list[str]]:
    """Merge exposures to courses.

    Rows of one drug that touch or overlap are one course. Its last dose is the latest one recorded; it
    goes on when the row that starts last has none, and no other row of the drug starts later.

    Parameters
    ----------
    frame
        Exposures, one row a drug (:class:`her2adc.exposures.Exposures`), without problems.

    Returns
    -------
    dict, list of str
        Courses of each patient by start and name; remarks.
    """
    rows = sorted(_rows(frame), key=_order)
    doubles = sum(n - 1 for n in Counter(r[:-1] for r in rows).values())
    overlaps = 0
    found: dict[str, list[Course]] = {}
    for (patient, agent, line), group in groupby(rows, key=lambda r: (r.patient, r.agent, r.line)):
        parts = _touching(list(dict.fromkeys(group)))
        overlaps += sum(len({r[:-1] for r in p}) - 1 for p in parts)
        merged = [_merge(p, agent, line, final=p is parts[-1]) for p in parts]
        found.setdefault(patient, []).extend(merged)
    for courses in found.values():
        courses.sort(key=lambda c: (c.start, c.agent))
    remarks = counted("Exposures that repeat another one, counted once", doubles)
    return found, remarks + counted("Exposures that touch another one of the drug, merged", overlaps)


def why_stopped(courses: Sequence[Course]) -> str | None:
    """Reason of the course that ends last, of those that have one."""
    ends = [(c.last, -RANK.index(c.reason), c.reason) for c in courses if c.reason is not None]
    return max(ends)[2] if ends else None


def day(dates: pd.Series) -> list[int | None]:
    """Days since 1970-01-01, None without a date.

    Examples
    --------
    >>> day(pd.to_datetime(pd.Series(["1970-01-03", None])))
    [2, None]
    """
    days = (dates - ORIGIN).dt.days
    return [None if pd.isna(d) else int(d) for d in days]


def date(days: Sequence[int | None]) -> pd.Series:
    """Dates of days since 1970-01-01.

    Examples
    --------
    >>> date([2, None]).tolist()
    [Timestamp('1970-01-03 00:00:00'), NaT]
    """
    numbers = np.array([_NO_DATE if d is None else d for d in days], dtype="int64")
    return pd.Series(numbers.astype("datetime64[D]").astype("datetime64[ns]"))


def _rows(frame: pd.DataFrame) -> list[_Row]:
    lines = [None if pd.isna(v) else int(v) for v in frame["line"]]
    reasons = [None if pd.isna(r) else str(r) for r in frame["reason"]]
    return [
        _Row(p, a, n, s, e, r, t)
        for p, a, n, s, e, r, t in zip(
            frame["patient"], frame["agent"], lines, day(frame["start"]), day(frame["stop"]),
            reasons, frame["text"], strict=True,
        )
        if s is not None
    ]  # fmt: skip


def _order(row: _Row) -> tuple[object, ...]:
    stop = OPEN if row.stop is None else row.stop
    rank = len(RANK) if row.reason is None else RANK.index(row.reason)
    return (row.patient, row.agent, row.line or 0, row.start, stop, rank, row.text)


def _touching(rows: list[_Row]) -> list[list[_Row]]:
    """Divide rows of one drug, by start, where more than a day lies between them."""
    parts: list[list[_Row]] = []
    last = -OPEN
    for r in rows:
        if not parts or r.start > last + 1:
            parts.append([])
        parts[-1].append(r)
        last = max(last, r.start if r.stop is None else r.stop)
    return parts


def _merge(rows: list[_Row], agent: Agent, line: int | None, final: bool) -> Course:
    """Make one course of rows that touch; only the final one of a drug can go on."""
    latest = [r for r in rows if r.start == rows[-1].start]
    known = [r.stop for r in rows if r.stop is not None]
    goes_on = final and all(r.stop is None for r in latest)
    stop = None if goes_on or not known else max(known)
    last = OPEN if goes_on else max(*known, rows[-1].start, rows[0].start)
    ends = [(r.start if r.stop is None else r.stop, -RANK.index(r.reason), r.reason)
            for r in (latest if goes_on else rows) if r.reason is not None]  # fmt: skip
    reason = max(ends)[2] if ends else None
    return Course(agent, rows[0].start, stop, last, reason, line, tuple(sorted({r.text for r in rows})))
