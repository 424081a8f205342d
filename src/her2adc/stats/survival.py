"""Time to event: medians, landmark rates, numbers at risk, log-rank tests, follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.stats.inputs import (
    Outcome,
    check_columns,
    groups_of,
    groups_with_all,
    outcome_of,
)
from her2adc.stats.kaplan_meier import at_times, km, median, quantile
from her2adc.stats.logrank import logrank, logrank_pairwise, logrank_test, logrank_trend
from her2adc.stats.risk_sets import at_risk as numbers

__all__ = [
    "at_risk",
    "at_times",
    "curve",
    "follow_up",
    "km",
    "logrank",
    "logrank_pairwise",
    "logrank_test",
    "logrank_trend",
    "median",
    "quantile",
    "summarise",
]


def curve(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
    entry: str | None = None,
    weights: str | None = None,
) -> pd.DataFrame:
    """Kaplan-Meier tables to draw, one below the other.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    by : str, optional
        Column of groups; without it the one group is "All patients".
    conf_type, conf_level
        See :func:`km`.
    entry : str, optional
        Column of the times of entry; ``<endpoint>_entry`` where the data have it.
    weights : str, optional
        Column of case weights; see :func:`km`.

    Returns
    -------
    pandas.DataFrame
        ``group`` and the columns of :func:`km`; groups without patients have no rows.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2.0], "OS_event": [True, False], "arm": ["a", "b"]})
    >>> curve(data, "OS", by="arm")["group"].tolist()
    ['a', 'a', 'b', 'b']
    """
    everyone = np.ones(len(data), dtype=bool)
    groups = [(ALL_PATIENTS, everyone)] if by is None else groups_of(data, by)
    tables = []
    for label, rows in groups:
        found = outcome_of(data if rows.all() else data.loc[rows], endpoint, entry)
        if found.times.size:
            table = _estimate(found, weights, conf_type=conf_type, conf_level=conf_level)
            table.insert(0, "group", label)
            tables.append(table)
    if tables:
        return pd.concat(tables, ignore_index=True)
    empty = km([], []).iloc[:0].copy()
    empty.insert(0, "group", pd.Series(dtype=object))
    return empty


def _estimate(found: Outcome, weights: str | None, **options: Any) -> pd.DataFrame:
    """Kaplan-Meier table of the patients of an outcome."""
    own = None
    if weights is not None:
        check_columns(found.kept, [weights])
        own = found.kept[weights].to_numpy()
    return km(found.times, found.events, entry=found.entry, weights=own, **options)


def _level(time: float) -> str:
    """Time as the level of a row: 12, 4.5."""
    return f"{time:g}"


def summarise(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    landmarks: Sequence[float] = (12,),
    conf_type: str = "log-log",
    population: str = "",
    conf_level: float = 0.95,
    entry: str | None = None,
    weights: str | None = None,
) -> pd.DataFrame:
    """Median and landmark rates by Kaplan-Meier.

    Parameters
    ----------
    data, endpoint, by, entry, weights
        See :func:`curve`.
    landmarks : sequence of float
        Times, in months, at which survival is wanted.
    conf_type, conf_level
        See :func:`km`.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows, all patients first: ``median`` and, for each landmark, ``survival`` with
        the landmark as level. NaN where not reached, or beyond the last follow-up.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2.0, 3.0, 4.0], "OS_event": [True] * 4})
    >>> summarise(data, "OS", landmarks=(2,))[["statistic", "level", "value"]].values.tolist()
    [['median', '', 2.5], ['survival', '2', 0.5]]
    """
    rows = []
    for label, part in groups_with_all(data, by):
        found = outcome_of(part, endpoint, entry)
        common: dict[str, Any] = {
            "population": population,
            "group": label,
            "variable": endpoint,
            "conf_level": conf_level,
            "method": _method(found, weights, conf_type),
            "n": found.times.size,
            "n_events": int(found.events.sum()),
        }
        table = _estimate(found, weights, conf_type=conf_type, conf_level=conf_level)
        value, low, high = median(table)
        rows.append(row("kaplan_meier", "median", value, conf_low=low, conf_high=high, **common))
        for time, value, low, high in at_times(table, list(landmarks)).itertuples(index=False):
            limits = {"conf_low": low, "conf_high": high}
            level = _level(time)
            rows.append(row("kaplan_meier", "survival", value, level=level, **limits, **common))
    return frame(rows)


def _method(found: Outcome, weights: str | None, conf_type: str) -> str:
    """How a Kaplan-Meier estimate was made."""
    parts = ["weighted Kaplan-Meier" if weights else "Kaplan-Meier", f"{conf_type} interval"]
    parts += ["robust standard error"] if weights else []
    parts += ["delayed entry"] if found.entry is not None else []
    return ", ".join(parts)


def at_risk(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    times: Sequence[float] = (0, 6, 12, 18, 24),
    population: str = "",
    entry: str | None = None,
) -> pd.DataFrame:
    """Numbers at risk, and events so far, at chosen times.

    Parameters
    ----------
    data, endpoint, by, entry
        See :func:`curve`.
    times : sequence of float
        Times, in months.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows with the time as level: ``n_at_risk`` counts T >= t (and entry < t),
        ``n_events_cumulative`` the events and ``n_censored_cumulative`` the censorings before
        or at t.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2.0, 3.0], "OS_event": [True, False, True]})
    >>> at_risk(data, "OS", times=[2])["value"].tolist()
    [2.0, 1.0, 1.0]
    """
    rows = []
    for label, part in groups_with_all(data, by):
        found = outcome_of(part, endpoint, entry)
        counted = numbers(found.times, found.events, found.entry, times)
        for time, here, events, censored in counted.itertuples(index=False):
            counts = {
                "n_at_risk": here,
                "n_events_cumulative": events,
                "n_censored_cumulative": censored,
            }
            for statistic, count in counts.items():
                rows.append(
                    row(
                        "at_risk",
                        statistic,
                        count,
                        population=population,
                        group=label,
                        variable=endpoint,
                        level=_level(time),
                        n=found.times.size,
                        n_events=int(found.events.sum()),
                    )
                )
    return frame(rows)


def follow_up(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    conf_type: str = "log-log",
    population: str = "",
    conf_level: float = 0.95,
    entry: str | None = None,
) -> pd.DataFrame:
    """Follow-up by reverse Kaplan-Meier, beside the observed times.

    Parameters
    ----------
    data, endpoint, by, conf_type, population, conf_level, entry
        See :func:`summarise`.

    Returns
    -------
    pandas.DataFrame
        Results rows, all patients first: ``median_reverse_km`` with its interval,
        ``observed_median``, ``observed_min`` and ``observed_max``.

    References
    ----------
    Schemper, M. and Smith, T. L. (1996). A note on quantifying follow-up in studies of failure
    time. Controlled Clinical Trials 17, 343-346.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 2.0, 5.0], "OS_event": [True, False, False]})
    >>> follow_up(data, "OS")["value"].tolist()
    [3.5, 2.0, 1.0, 5.0]
    """
    rows = []
    for label, part in groups_with_all(data, by):
        found = outcome_of(part, endpoint, entry)
        times, events = found.times, found.events
        common: dict[str, Any] = {
            "population": population,
            "group": label,
            "variable": endpoint,
            "n": times.size,
            "n_events": int(events.sum()),
        }
        reverse = km(times, ~events, entry=found.entry, conf_type=conf_type, conf_level=conf_level)
        value, low, high = median(reverse)
        limits: dict[str, Any] = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
        method = f"reverse Kaplan-Meier, {conf_type} interval"
        common["method"] = "observed"
        rows.append(row("follow_up", "median_reverse_km", value, **limits, **{**common, "method": method}))
        for statistic, p in (("median", 0.5), ("min", 0.0), ("max", 1.0)):
            at = float(np.quantile(times, p)) if times.size else np.nan
            rows.append(row("follow_up", f"observed_{statistic}", at, **common))
    return frame(rows)
