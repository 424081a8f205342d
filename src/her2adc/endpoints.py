"""Dates or ready-made columns -> time (months) and event (True = it happened).

This module is the only place where a censoring flag is read; everything after it sees ``time`` and
``event`` alone, with ``entry`` where observation starts late and ``cause`` where events compete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from her2adc import cells
from her2adc.columns import meaning
from her2adc.config import Endpoint, Sequencing
from her2adc.errors import Problem, nearest
from her2adc.expressions import holds
from her2adc.intake import RawTable
from her2adc.observation import CENSORED, censor_late, delayed, entry_problems

__all__ = [
    "DAYS_PER_MONTH",
    "censor_late",
    "delayed",
    "entry_problems",
    "from_columns",
    "from_dates",
    "holds",
    "months",
    "without",
]

DAYS_PER_MONTH = cells.DAYS_PER_MONTH
EVENT, COMPETING = 1, 2
"""What ``cause`` holds, beside 0 for censored."""
LONGEST = 720.0
"""Months from the start of a clock to its end that no patient of a study is observed; 1,440 from birth."""
_DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 12 * DAYS_PER_MONTH}


def months(start: pd.Series, end: pd.Series) -> pd.Series:
    """Months (30.4375 days) from one date to another.

    Examples
    --------
    >>> d = pd.to_datetime(pd.Series(["2024-01-01"])), pd.to_datetime(pd.Series(["2024-12-31"]))
    >>> round(float(months(*d)[0]), 2)
    11.99
    """
    return (end - start).dt.total_seconds() / 86_400 / DAYS_PER_MONTH


def from_dates(
    data: pd.DataFrame, endpoint: Endpoint, table: RawTable | None = None
) -> tuple[pd.DataFrame, list[Problem]]:
    """Derive time and event from dates.

    The event is the earliest date of ``endpoint.events`` (for which ``event_where`` holds, when
    given); without one the patient is censored at the latest date of ``endpoint.censor``, or has the
    competing event at the earliest date of ``endpoint.competing``, when that comes first. A horizon
    or a cut-off date censors what comes after it.

    Parameters
    ----------
    data
        One row a patient, date columns as datetime.
    endpoint
        The definition.
    table
        The table as read, to name the cells of a problem.

    Returns
    -------
    DataFrame
        ``time`` in months and ``event``; both missing for a patient without a start date. With
        ``endpoint.competing`` also ``cause``: 0 censored, 1 event, 2 competing event. With
        ``endpoint.entry`` also ``entry`` in months, and ``never``: see :func:`delayed`.
    list of Problem
        Dates before the start; a start after the cut-off; a start without event and without
        censor date.
    """
    start = data[str(endpoint.start)]
    try:
        end, cause = _first(data, endpoint)
    except Exception as error:
        if not endpoint.event_where:
            raise
        column, text = f"endpoints.{endpoint.name}.event_where", f"cannot be evaluated: {error}"
        remedy = "use names of columns, and values in quotes"
        nothing = _frame(start.map(lambda _: float("nan")), start.map(lambda _: CENSORED))
        return nothing, [Problem("study.yml", text, remedy, None, column, endpoint.event_where)]
    problems = _date_problems(data, endpoint, end, table)
    if endpoint.cutoff:
        late = end > pd.Timestamp(endpoint.cutoff)
        end, cause = end.mask(late, pd.Timestamp(endpoint.cutoff)), cause.mask(late, CENSORED)
    entry = months(start, data[endpoint.entry]) if endpoint.entry else None
    return _finished(_frame(months(start, end), cause), endpoint, entry), problems


def _date_problems(
    data: pd.DataFrame, endpoint: Endpoint, end: pd.Series, table: RawTable | None
) -> list[Problem]:
    """Dates that make no endpoint."""
    name, column, problems = endpoint.name, str(endpoint.start), []
    start = data[column]
    for other in dict.fromkeys((*endpoint.events, *endpoint.competing, *endpoint.censor)):
        early = data.index[data[other] < start]
        problems += [_before(table, other, i, data, endpoint) for i in early]
    message = f"{name}: no event and no date of last observation"
    remedy = "fill in the date on which the patient was last known to be free of the event"
    for i in data.index[start.notna() & end.isna()]:
        problems.append(_cell(table, endpoint.censor[0], i, message, remedy))
    problems += _too_long(table, endpoint, data, months(start, end), "")
    if endpoint.cutoff:
        message = f"{name}: the clock starts after the cut-off, {endpoint.cutoff}"
        remedy = f"correct the date, or move endpoints.{name}.cutoff"
        for i in data.index[start > pd.Timestamp(endpoint.cutoff)]:
            problems.append(_cell(table, column, i, message, remedy, _shown(table, data, i, column)))
    return problems


def _too_long(
    table: RawTable | None, endpoint: Endpoint, data: pd.DataFrame, time: pd.Series, column: str
) -> list[Problem]:
    """Times that nobody is observed: a year mistyped, or another unit."""
    birth = "birth" in f"{endpoint.start} {endpoint.definition} {endpoint.clock}".lower()
    longest = 2 * LONGEST if birth else LONGEST
    remedy = (
        f"correct the time, or endpoints.{endpoint.name}.unit (it is {endpoint.unit})"
        if column
        else "correct the year of one of the dates"
    )
    ends = [*endpoint.events, *endpoint.competing, *endpoint.censor]
    problems = []
    for i in data.index[time > longest]:
        at = column or str(data.loc[i, list(dict.fromkeys(ends))].dropna().astype("datetime64[ns]").idxmax())
        message = f"{endpoint.name}: lies {time[i]:,.0f} months after the start of the clock"
        value = f"{data[column][i]:g}" if column else _shown(table, data, i, at)
        problems.append(_cell(table, at, i, message, remedy, value))
    return problems


def follow_up_problems(data: pd.DataFrame, rule: Mapping[Any, str], table: RawTable) -> list[Problem]:
    """Times of follow-up that nobody is observed."""
    long = data.index[data["follow_up_time"] > 2 * LONGEST]
    message = "lies more than 120 years after the start of follow-up"
    remedy = "correct the year of one of the dates"
    return [_cell(table, rule["end"], i, message, remedy, _shown(table, data, i, rule["end"])) for i in long]


def without(data: pd.DataFrame, endpoint: Endpoint, derived: Sequencing | None = None) -> list[str]:
    """Say how many analysed patients have no time of an endpoint, and so are not in its analyses.

    Examples
    --------
    >>> os = Endpoint(name="OS", label="", definition="", time="t", event="e")
    >>> without(pd.DataFrame({"OS_time": [None, 2.0]}), os)
    ['1 patient without a time of OS (t is empty): not in its analyses']
    """
    if endpoint.start in {"first_response_date", *(derived.derived_dates if derived else ())}:
        return []  # who has no response, or no second ADC, has no such clock
    never = data.get(f"{endpoint.name}_never", pd.Series(False, index=data.index))
    lost = int((data[f"{endpoint.name}_time"].isna() & ~never.fillna(False).astype(bool)).sum())
    what = f"{lost} patient{'s' if lost > 1 else ''} without a time of {endpoint.name}"
    return [f"{what} ({endpoint.start or endpoint.time} is empty): not in its analyses"] if lost else []


def _first(data: pd.DataFrame, endpoint: Endpoint) -> tuple[pd.Series, pd.Series]:
    """Date and cause of what ends the observation of each patient; no date without any."""
    happened = data[list(endpoint.events)].min(axis=1)
    last = data[list(endpoint.censor)].max(axis=1)
    competing = pd.Series(pd.NaT, index=data.index, dtype="datetime64[ns]")
    if endpoint.competing:
        competing = data[list(endpoint.competing)].min(axis=1)
    if endpoint.event_where:
        counts = holds(data, endpoint.event_where) | happened.isna()
        last = last.where(counts, happened)
        competing = competing.where(counts | (competing <= happened))
        happened = happened.where(counts)
    other = competing.notna() & (happened.isna() | (competing < happened))
    cause = pd.Series(CENSORED, index=data.index).mask(happened.notna(), EVENT).mask(other, COMPETING)
    return competing.where(other, happened.where(happened.notna(), last)), cause


def from_columns(
    data: pd.DataFrame, endpoint: Endpoint, table: RawTable | None = None
) -> tuple[pd.DataFrame, list[Problem]]:
    """Take time and event from ready-made columns.

    Parameters
    ----------
    data
        ``endpoint.time`` as number and ``endpoint.event`` as text.
    endpoint
        The definition; ``event_values`` mean that the event happened, ``no_event_values`` that not,
        ``competing_values`` that an event happened that makes it impossible. Of a text such as
        ``1:DECEASED`` the part before the colon is enough.
    table
        The table as read.

    Returns
    -------
    DataFrame, list of Problem
        Columns as of :func:`from_dates`. Problems: negative time, event without time, a value that
        has no meaning.
    """
    scale = _DAYS[endpoint.unit] / DAYS_PER_MONTH
    time, text = data[str(endpoint.time)] * scale, data[str(endpoint.event)]
    values = {
        EVENT: endpoint.event_values,
        CENSORED: endpoint.no_event_values,
        COMPETING: endpoint.competing_values,
    }
    cause = meaning(text, values)
    entry = data[endpoint.entry] * scale if endpoint.entry else None
    frame = _finished(_frame(time.where(cause.notna()), cause), endpoint, entry)
    return frame, _ready_problems(data, endpoint, cause, table)


def _ready_problems(
    data: pd.DataFrame, endpoint: Endpoint, cause: pd.Series, table: RawTable | None
) -> list[Problem]:
    """Cells of ready-made columns that make no endpoint."""
    name, time_column, event_column = endpoint.name, str(endpoint.time), str(endpoint.event)
    time, text = data[time_column], data[event_column]
    listed = [*endpoint.event_values, *endpoint.no_event_values, *endpoint.competing_values]
    neither = f"{name}: means neither event nor no event"
    add = f"add it to endpoints.{name}.event_values or no_event_values; "
    problems = [
        _cell(table, event_column, i, neither, add + nearest(str(text[i]), listed), text[i])
        for i in data.index[text.notna() & cause.isna()]
    ]
    message, remedy = "the time is negative", "times count from the start of the clock and are 0 or more"
    problems += [
        _cell(table, time_column, i, f"{name}: {message}", remedy, f"{time[i]:g}")
        for i in data.index[time < 0]
    ]
    message, remedy = "a time without an event", "say whether the event happened, or empty the time"
    problems += [
        _cell(table, event_column, i, f"{name}: {message}", remedy, f"time {time[i]:g}")
        for i in data.index[text.isna() & time.notna()]
    ]
    problems += _too_long(table, endpoint, data, time * _DAYS[endpoint.unit] / DAYS_PER_MONTH, time_column)
    message, remedy = "an event without a time", "fill in its time, or empty the event as well"
    problems += [
        _cell(table, time_column, i, f"{name}: {message}", remedy)
        for i in data.index[cause.isin([EVENT, COMPETING]) & time.isna()]
    ]
    return problems


def _finished(frame: pd.DataFrame, endpoint: Endpoint, entry: pd.Series | None) -> pd.DataFrame:
    """Censor at the horizon, and count from the entry where observation starts late."""
    if not (endpoint.competing or endpoint.competing_values):
        frame = frame.drop(columns="cause")
    frame = censor_late(frame, endpoint.horizon_months)
    return frame if entry is None else delayed(frame, entry)


def _frame(time: pd.Series, cause: pd.Series) -> pd.DataFrame:
    cause = cause.where(time.notna()).astype("Int64")
    return pd.DataFrame({"time": time.astype(float), "event": cause.eq(EVENT), "cause": cause})


def _cell(
    table: RawTable | None,
    column: str,
    index: object,
    message: str,
    remedy: str,
    value: object = "",
) -> Problem:
    if table is None:
        return Problem("patients", message, remedy, None, column, str(value))
    return table.problem(column, index, message, remedy, value)


def _shown(table: RawTable | None, data: pd.DataFrame, index: object, column: str) -> str:
    """Text of a date cell as the file has it."""
    if table is None:
        return str(pd.Timestamp(data[column][index]).date())  # type: ignore[call-overload]
    return str(table.frame[column][index]) if column in table.frame else ""  # type: ignore[call-overload]


def _before(
    table: RawTable | None, column: str, i: object, data: pd.DataFrame, endpoint: Endpoint
) -> Problem:
    start = _shown(table, data, i, str(endpoint.start))
    return _cell(
        table,
        column,
        i,
        f"{endpoint.name}: lies before the start of the clock, {endpoint.start}"
        + (f" = {start}" if start else ""),
        "correct one of the two dates",
        _shown(table, data, i, column),
    )
