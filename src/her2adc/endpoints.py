"""Dates or ready-made columns -> time (months) and event (True = it happened).

This module is the only place where a censoring flag is read; everything after it sees ``time`` and
``event`` alone.
"""

from __future__ import annotations

import pandas as pd

from her2adc.config import Endpoint
from her2adc.errors import Problem, nearest
from her2adc.intake import RawTable

DAYS_PER_MONTH = 30.4375
_DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 12 * DAYS_PER_MONTH}


def months(start: pd.Series, end: pd.Series) -> pd.Series:
    """Months (30.4375 days) from one date to another.

    Examples
    --------
    >>> d = pd.to_datetime(pd.Series(["2024-01-01"])), pd.to_datetime(pd.Series(["2024-12-31"]))
    >>> round(float(months(*d)[0]), 2)
    11.99
    """
    return (end - start).dt.days / DAYS_PER_MONTH


def from_dates(
    data: pd.DataFrame, endpoint: Endpoint, table: RawTable | None = None
) -> tuple[pd.DataFrame, list[Problem]]:
    """Derive time and event from dates.

    The event is the earliest date of ``endpoint.events`` (for which ``event_where`` holds, when
    given); without one the patient is censored at the latest date of ``endpoint.censor``. A horizon
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
        ``time`` in months and ``event``; both missing for a patient without a start date.
    list of Problem
        Dates before the start; a start after the cut-off; a start without event and without
        censor date.
    """
    start = data[str(endpoint.start)]
    happened = data[list(endpoint.events)].min(axis=1)
    last = data[list(endpoint.censor)].max(axis=1)
    if endpoint.event_where:
        counts = holds(data, endpoint.event_where)
        last = last.where(counts | happened.isna(), happened)
        happened = happened.where(counts)
    problems = []
    for column in dict.fromkeys((*endpoint.events, *endpoint.censor)):
        early = data.index[data[column] < start]
        problems += [_before(table, column, i, data, endpoint) for i in early]
    for i in data.index[start.notna() & happened.isna() & last.isna()]:
        where = endpoint.censor[0]
        problems.append(
            _cell(
                table,
                where,
                i,
                f"{endpoint.name}: no event and no date of last observation",
                "fill in the date on which the patient was last known to be free of the event",
            )
        )
    event = happened.notna()
    end = happened.where(event, last)
    if endpoint.cutoff:
        cutoff = pd.Timestamp(endpoint.cutoff)
        problems += [
            _cell(
                table,
                str(endpoint.start),
                i,
                f"{endpoint.name}: the clock starts after the cut-off, {endpoint.cutoff}",
                f"correct the date, or move endpoints.{endpoint.name}.cutoff",
                _day(data, i, str(endpoint.start)),
            )
            for i in data.index[start > cutoff]
        ]
        late = end > cutoff
        end, event = end.where(~late, cutoff), event & ~late
    return censor_late(_frame(months(start, end), event), endpoint.horizon_months), problems


def from_columns(
    data: pd.DataFrame, endpoint: Endpoint, table: RawTable | None = None
) -> tuple[pd.DataFrame, list[Problem]]:
    """Take time and event from ready-made columns.

    Parameters
    ----------
    data
        ``endpoint.time`` as number and ``endpoint.event`` as text.
    endpoint
        The definition; ``event_values`` mean that the event happened, ``no_event_values`` that not.
    table
        The table as read.

    Returns
    -------
    DataFrame, list of Problem
        Problems: negative time, event without time, a value that means neither.
    """
    time_column, event_column = str(endpoint.time), str(endpoint.event)
    time = data[time_column] * _DAYS[endpoint.unit] / DAYS_PER_MONTH
    text = data[event_column]
    event = text.isin(endpoint.event_values)
    known = event | text.isin(endpoint.no_event_values)
    problems = [
        _cell(
            table,
            event_column,
            i,
            f"{endpoint.name}: means neither event nor no event",
            f"add it to endpoints.{endpoint.name}.event_values or no_event_values; "
            + nearest(str(text[i]), [*endpoint.event_values, *endpoint.no_event_values]),
            text[i],
        )
        for i in data.index[text.notna() & ~known]
    ]
    problems += [
        _cell(
            table,
            time_column,
            i,
            f"{endpoint.name}: the time is negative",
            "times count from the start of the clock and are 0 or more",
            f"{data[time_column][i]:g}",
        )
        for i in data.index[time < 0]
    ]
    problems += [
        _cell(
            table,
            time_column,
            i,
            f"{endpoint.name}: an event without a time",
            "fill in the time of the event, or empty the event as well",
        )
        for i in data.index[event & time.isna()]
    ]
    usable = time.notna() & known
    return censor_late(
        _frame(time.where(usable), event.where(usable)), endpoint.horizon_months
    ), problems


def censor_late(frame: pd.DataFrame, horizon: float | None) -> pd.DataFrame:
    """Censor at a horizon (months): later events have not happened yet.

    Examples
    --------
    >>> f = pd.DataFrame({"time": [5.0, 20.0], "event": [True, True]})
    >>> censor_late(f, 12).values.tolist()
    [[5.0, True], [12.0, False]]
    """
    if horizon is None:
        return frame
    late = frame["time"] > horizon
    return frame.assign(
        time=frame["time"].where(~late, horizon), event=frame["event"].where(~late, False)
    )


def holds(data: pd.DataFrame, expression: str) -> pd.Series:
    """Whether an expression over the columns is true of each row; missing is not true.

    Examples
    --------
    >>> holds(pd.DataFrame({"x": [1, None]}), "x > 0").tolist()
    [True, False]
    """
    result = pd.Series(data.eval(expression, engine="python"), index=data.index)
    return result.astype("boolean").fillna(False).astype(bool)


def _frame(time: pd.Series, event: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {"time": time.astype(float), "event": event.where(time.notna()).astype("boolean")}
    )


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


def _day(data: pd.DataFrame, index: object, column: str) -> str:
    return str(pd.Timestamp(data[column][index]).date())  # type: ignore[call-overload]


def _before(
    table: RawTable | None, column: str, i: object, data: pd.DataFrame, endpoint: Endpoint
) -> Problem:
    start = _day(data, i, str(endpoint.start))
    return _cell(
        table,
        column,
        i,
        f"{endpoint.name}: lies before the start of the clock, {endpoint.start} = {start}",
        "correct one of the two dates",
        _day(data, i, column),
    )
