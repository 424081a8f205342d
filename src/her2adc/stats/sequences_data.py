"""Time to the first of several later therapies, death competing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from her2adc.stats.causes import CENSORED
from her2adc.stats.inputs import check_columns

__all__ = ["time_to_next"]


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
