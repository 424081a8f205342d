"""Event rates per person-time with exact Poisson intervals, and their ratio."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.inputs import conf_level_of, endpoint_of, groups_with_all
from her2adc.stats.proportions import clopper_pearson

__all__ = ["rate", "rate_ratio", "rate_ratio_p", "rates"]

Estimate = tuple[float, float, float]
_NAN = float("nan")
EXACT = "exact Poisson interval"


def _checked(events: int, exposure: float) -> None:
    """Refuse events that are no counts, and time that is none."""
    if events < 0 or int(events) != events:
        raise ValueError(f"events is {events}; give a whole number of at least 0")
    if not exposure >= 0 or not np.isfinite(exposure):
        raise ValueError(f"exposure is {exposure}; give a finite time of at least 0")


def rate(events: int, exposure: float, conf_level: float = 0.95) -> Estimate:
    """Rate with its exact interval, as R's ``poisson.test``.

    Parameters
    ----------
    events : int
        Events.
    exposure : float
        Person-time.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Rate and limits per unit of time; NaN without person-time.

    Examples
    --------
    >>> [round(v, 4) for v in rate(4, 41.25)]
    [0.097, 0.0264, 0.2483]
    """
    _checked(events, exposure)
    tail = (1 - conf_level_of(conf_level)) / 2
    if exposure == 0:
        return _NAN, _NAN, _NAN
    low = float(stats.gamma.ppf(tail, events)) if events else 0.0
    high = float(stats.gamma.ppf(1 - tail, events + 1))
    return events / exposure, low / exposure, high / exposure


def rate_ratio(
    events: int,
    exposure: float,
    events_other: int,
    exposure_other: float,
    conf_level: float = 0.95,
    exact: bool = True,
) -> Estimate:
    """Ratio of two rates, first over other.

    Parameters
    ----------
    events, exposure, events_other, exposure_other
        Events and person-time of both groups.
    conf_level : float
        Level of the interval.
    exact : bool
        Exact interval (conditional on all events), or Wald's on the log scale.

    Returns
    -------
    tuple of float
        Ratio and limits; ``inf`` where only the other group has no events, NaN where neither has.

    Examples
    --------
    >>> [round(v, 4) for v in rate_ratio(64, 7945, 64, 8718)]
    [1.0973, 0.7637, 1.5766]
    """
    _checked(events, exposure)
    _checked(events_other, exposure_other)
    if not exposure or not exposure_other or not events + events_other:
        return _NAN, _NAN, _NAN
    scale = exposure_other / exposure
    value = events / events_other * scale if events_other else np.inf
    if not exact:
        if not events or not events_other:
            return value, _NAN, _NAN
        half = stats.norm.ppf(0.5 + conf_level_of(conf_level) / 2) * np.sqrt(1 / events + 1 / events_other)
        return value, float(value * np.exp(-half)), float(value * np.exp(half))
    _, low, high = clopper_pearson(events, events + events_other, conf_level)
    return value, low / (1 - low) * scale, high / (1 - high) * scale if high < 1 else np.inf


def rate_ratio_p(events: int, exposure: float, events_other: int, exposure_other: float) -> float:
    """Exact two-sided p-value of equal rates, as R's ``poisson.test``.

    Examples
    --------
    >>> round(rate_ratio_p(0, 35.5, 4, 41.25), 4)
    0.1292
    """
    _checked(events, exposure)
    _checked(events_other, exposure_other)
    total = exposure + exposure_other
    if not events + events_other or not exposure or not exposure_other:
        return _NAN
    return float(stats.binomtest(events, events + events_other, exposure / total).pvalue)


def rates(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    *,
    per: float = 100.0,
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Event rates of an endpoint.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    by : str, optional
        Column of groups; with it the ratio of the last to the first group with patients.
    per : float
        Person-time that the rates are given for.
    conf_level : float
        Level of the intervals.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "person_time": ``rate`` (level says per how much time) and
        ``person_time``, all patients first; then ``rate_ratio`` and ``p_value``.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [10.0, 30.0], "OS_event": [True, False]})
    >>> rates(data, "OS")[["statistic", "value"]].values.tolist()
    [['rate', 2.5], ['person_time', 40.0]]
    """
    if not per > 0:
        raise ValueError(f"per is {per}; give a positive person-time such as 100")
    rows: list[dict[str, Any]] = []
    groups: list[tuple[str, int, float]] = []
    for label, part in groups_with_all(data, by):
        _, times, events = endpoint_of(part, endpoint)
        n_events, exposure = int(events.sum()), float(times.sum())
        groups += [(label, n_events, exposure)] if times.size else []
        value, low, high = (v * per for v in rate(n_events, exposure, conf_level))
        common: dict[str, Any] = {"group": label, "n": times.size, "n_events": n_events}
        limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level, "method": EXACT}
        rows.append({"statistic": "rate", "value": value, "level": f"per {per:g}", **common, **limits})
        rows.append({"statistic": "person_time", "value": exposure, **common})
    if len(groups) > 2:
        rows += _ratio_rows(groups[1], groups[-1], conf_level)
    shared = {"analysis": "person_time", "variable": endpoint, "population": population}
    return frame(row(**{**shared, **record}) for record in rows)


def _ratio_rows(
    first: tuple[str, int, float], last: tuple[str, int, float], conf_level: float
) -> list[dict[str, Any]]:
    """Ratio of the rates of two groups, and its test."""
    value, low, high = rate_ratio(*last[1:], *first[1:], conf_level)
    level = {"level": f"{last[0]} vs {first[0]}", "n_events": first[1] + last[1]}
    limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level, "method": EXACT}
    p = rate_ratio_p(*last[1:], *first[1:])
    return [
        {"statistic": "rate_ratio", "value": value, **limits, **level},
        {"statistic": "p_value", "value": p, "method": "exact conditional test", **level},
    ]
