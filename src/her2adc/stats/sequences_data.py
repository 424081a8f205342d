"""Times of a sequence of drugs: months from the first ADC, time to the next therapy with death competing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from her2adc.endpoints import DAYS_PER_MONTH
from her2adc.stats.causes import CENSORED
from her2adc.stats.inputs import check_columns, levels_of

__all__ = ["sequence_times", "time_to_next"]

_DATES = {
    "adc2_time": "adc2_start",
    "progression_time": "adc1_progression",
    "progression2_time": "adc2_progression",
    "next_time": "next1_start",
}


def sequence_times(data: pd.DataFrame, arm: str = "adc1_arm", suffix: str = " first") -> pd.DataFrame:
    """Add the times that comparisons of sequences and states over time ask for.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with the dates ``adc1_start``, ``adc2_start``, ``adc1_progression``,
        ``adc2_progression`` and ``next1_start``, and ``adc2_agent``.
    arm : str
        Column of the first ADC, whose levels are an agent and ``suffix``.
    suffix : str
        What follows the agent in these levels.

    Returns
    -------
    pandas.DataFrame
        The data with months from ADC1 to: ``adc2_time`` (any second ADC), ``second_time`` (a second ADC
        that is the first of another arm, for :func:`her2adc.stats.sequences.order`), ``other_time`` (a
        next therapy that is no ADC), ``next_time`` (any next therapy), ``progression_time`` (on ADC1)
        and ``progression2_time`` (on ADC2). Missing if never.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-01")
    >>> dates = {"adc1_start": [day], "adc2_start": [day + pd.Timedelta(days=487)], "adc1_progression": [day],
    ...          "adc2_progression": [pd.NaT], "next1_start": [day + pd.Timedelta(days=487)]}
    >>> arms = pd.Categorical(["A first"], ["A first", "B first"])
    >>> found = sequence_times(pd.DataFrame({**dates, "adc1_arm": arms, "adc2_agent": ["B"]}))
    >>> found[["second_time", "progression_time", "other_time"]].values.tolist()
    [[16.0, 0.0, nan]]
    """
    check_columns(data, [*_DATES.values(), "adc1_start", "adc2_agent", arm])
    start = pd.to_datetime(data["adc1_start"])
    times = {
        name: (pd.to_datetime(data[date]) - start).dt.days / DAYS_PER_MONTH for name, date in _DATES.items()
    }
    first = data[arm].astype(str).str.removesuffix(suffix)
    known = {str(level).removesuffix(suffix) for level in levels_of(data[arm])}
    other = data["adc2_agent"].isin(known).to_numpy(dtype=bool) & (data["adc2_agent"] != first).to_numpy(
        dtype=bool
    )
    second, following = times["adc2_time"], times["next_time"]
    none = ~(second.to_numpy(dtype=np.float64) <= following.to_numpy(dtype=np.float64))
    return data.assign(**times, second_time=second.where(other), other_time=following.where(none))


def time_to_next(
    data: pd.DataFrame,
    columns: Mapping[str, str],
    endpoint: str = "OS",
    *,
    name: str = "NEXT",
    death: str = "death",
) -> pd.DataFrame:
    """Add the time to the first of several later therapies, death competing.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    columns : mapping
        Causes in order, each with the column of its time; missing if never.
    endpoint : str
        Endpoint whose event is death and whose time is the end of follow-up.
    name : str
        Name of the endpoint that is made.
    death : str
        Name of the cause death.

    Returns
    -------
    pandas.DataFrame
        The data with ``<name>_time`` and ``<name>_cause``, which
        :func:`her2adc.stats.competing.cumulative_incidence` takes. Of causes at one time the first
        holds, and death holds when it is at the same time.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [4.0, 3.0], "OS_event": [True, False], "adc2": [2.0, None]})
    >>> time_to_next(data, {"second ADC": "adc2"})[["NEXT_time", "NEXT_cause"]].values.tolist()
    [[2.0, 'second ADC'], [3.0, 'censored']]
    """
    check_columns(data, [*columns.values(), f"{endpoint}_time", f"{endpoint}_event"])
    end = data[f"{endpoint}_time"].to_numpy(dtype=np.float64, na_value=np.nan)
    died = data[f"{endpoint}_event"].fillna(False).to_numpy(dtype=bool)
    times = np.column_stack([data[c].to_numpy(dtype=np.float64, na_value=np.nan) for c in columns.values()])
    with np.errstate(invalid="ignore"):
        times = np.where((times < end[:, None]) | ((times == end[:, None]) & ~died[:, None]), times, np.inf)
    first, at = times.argmin(axis=1), times.min(axis=1)
    names = np.array([*columns, death, CENSORED], dtype=object)
    code = np.where(np.isfinite(at), first, np.where(died, len(columns), len(columns) + 1))
    cause = pd.Series(names[code], index=data.index).where(~np.isnan(end))
    categories = [CENSORED, *columns, death]
    return data.assign(
        **{f"{name}_time": np.minimum(at, end), f"{name}_cause": pd.Categorical(cause, categories)}
    )
