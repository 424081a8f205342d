"""When a patient is at risk: up to a horizon, and from the entry on where observation starts late."""

from __future__ import annotations

import pandas as pd

from her2adc.config import Endpoint
from her2adc.errors import Problem
from her2adc.intake import RawTable

CENSORED = 0
"""Cause of a patient who had no event while observed."""
_SAME_TIME = 1e-8


def entry_problems(data: pd.DataFrame, endpoint: Endpoint, table: RawTable | None = None) -> list[Problem]:
    """Patients with an endpoint of whom it is not known when they came under observation.

    Parameters
    ----------
    data
        The patients to be analysed, with ``<endpoint>_time`` and ``<endpoint>_entry``.
    endpoint
        The definition.
    table
        The table as read.

    Returns
    -------
    list of Problem
    """
    if not endpoint.entry:
        return []
    unknown = data[f"{endpoint.name}_time"].notna() & data[f"{endpoint.name}_entry"].isna()
    message = f"{endpoint.name}: not known when the patient came under observation"
    remedy = f"fill it in, exclude the patient, or leave out endpoints.{endpoint.name}.entry"
    if table is None:
        return [Problem("patients", message, remedy, None, endpoint.entry)] if unknown.any() else []
    return [table.problem(endpoint.entry, i, message, remedy) for i in data.index[unknown]]


def delayed(frame: pd.DataFrame, entry: pd.Series) -> pd.DataFrame:
    """Give each patient the time from which an event could be observed.

    Entry before the start of the clock counts as 0. A patient whose entry is not before the end of
    the observation was never at risk: ``never`` is True, and all else missing.

    Parameters
    ----------
    frame
        ``time``, ``event``, and ``cause`` where events compete.
    entry
        Months from the start of the clock.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> f = pd.DataFrame({"time": [9.0, 9.0], "event": [True, False]}).astype({"event": "boolean"})
    >>> delayed(f, pd.Series([-1.0, 9.0]))
       time  event  entry  never
    0   9.0   True    0.0  False
    1   NaN   <NA>    NaN   True
    """
    entry = entry.clip(lower=0).where(frame["time"].notna())
    never = entry >= frame["time"] - _SAME_TIME
    observed = {str(name): column.mask(never) for name, column in frame.assign(entry=entry).items()}
    return pd.DataFrame({**observed, "never": never})


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
    out = frame.assign(time=frame["time"].mask(late, horizon), event=frame["event"].mask(late, False))
    return out.assign(cause=out["cause"].mask(late, CENSORED)) if "cause" in out else out
