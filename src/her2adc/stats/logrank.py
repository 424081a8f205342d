"""Log-rank tests: statsmodels' ``survdiff``, with near-ties merged and R's degrees of freedom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.duration.survfunc import survdiff

from her2adc.results import frame, row
from her2adc.stats.inputs import Bools, Floats, check_columns, endpoint_of, levels_of, tied

__all__ = ["logrank", "logrank_test"]


def logrank_test(times: Floats, events: Bools, groups: NDArray[Any]) -> tuple[float, int, float]:
    """Log-rank test: chi-square, degrees of freedom and p-value, as R's ``survdiff``.

    Groups without expected events (all left before the first event) do not count. The test is
    NaN without events or with fewer than two groups.

    Parameters
    ----------
    times, events : ndarray
        Times and events.
    groups : ndarray
        Group of each patient as a number.

    Examples
    --------
    >>> chi2, df, p = logrank_test(
    ...     np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, bool), np.array([0, 0, 1, 1])
    ... )
    >>> round(chi2, 4), df, round(p, 4)
    (2.8824, 1, 0.0896)
    """
    times = tied(times)
    nothing = (float("nan"), 0, float("nan"))
    if not events.any():
        return nothing
    first = times[events].min()
    counted = [group for group in np.unique(groups) if times[groups == group].max() >= first]
    if len(counted) < 2:
        return nothing
    keep = np.isin(groups, counted)
    try:
        chi2 = float(survdiff(times[keep], events[keep].astype(float), groups[keep])[0])
    except np.linalg.LinAlgError:
        return nothing
    df = len(counted) - 1
    return chi2, df, float(stats.chi2.sf(chi2, df))


def logrank(data: pd.DataFrame, endpoint: str, by: str, population: str = "") -> pd.DataFrame:
    """Log-rank test between the groups of ``by``.

    Parameters
    ----------
    data, endpoint
        See :func:`curve`.
    by : str
        Column of groups; patients without a group are left out.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows ``chi2``, ``df`` and ``p_value``; variable is the endpoint, level the
        grouping column.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": ["a", "a", "b", "b"]}
    ... )
    >>> logrank(data, "OS", "arm")["value"].round(4).tolist()
    [2.8824, 1.0, 0.0896]
    """
    kept, times, events = endpoint_of(data, endpoint)
    check_columns(kept, [by])
    codes = pd.Categorical(kept[by], categories=levels_of(kept[by])).codes
    have = codes >= 0
    chi2, df, p = logrank_test(times[have], events[have], codes[have])
    values = {"chi2": chi2, "df": float(df) if df else float("nan"), "p_value": p}
    method = "log-rank" if df else "log-rank: not estimable, fewer than two groups or no events"
    return frame(
        row(
            "logrank",
            statistic,
            value,
            population=population,
            variable=endpoint,
            level=by,
            method=method,
            n=int(have.sum()),
            n_events=int(events[have].sum()),
        )
        for statistic, value in values.items()
    )
