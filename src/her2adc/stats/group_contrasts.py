"""Differences between groups on the scale of time: survival at a landmark, restricted mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.stats.inputs import (
    TIE_TOLERANCE,
    Outcome,
    conf_level_of,
    groups_of,
    margin,
    outcome_of,
    place_at,
    weights_of,
)
from her2adc.stats.kaplan_meier import Steps, steps

__all__ = ["restricted_mean", "rmst", "survival_at", "survival_difference"]

_NAN = float("nan")
Estimate = tuple[float, float]
"""Value and standard error."""


def _steps_of(found: Outcome, weights: str | None = None) -> Steps:
    """Kaplan-Meier estimate of the patients of an outcome."""
    n = found.times.size
    own = None if weights is None else weights_of(found.kept[weights].to_numpy(), n)
    return steps(found.times, found.events, found.entry, own)


def survival_at(found: Steps, time: float) -> Estimate:
    """Survival at a time with its standard error; NaN beyond the last follow-up.

    Examples
    --------
    >>> survival_at(steps(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, dtype=bool)), 2.5)
    (0.5, 0.25)
    """
    place = int(place_at(found.time, time))
    if not found.time.size or (time > found.time[-1] + margin(time) and found.survival[-1] > 0):
        return _NAN, _NAN
    if place < 0:
        return 1.0, 0.0
    value = float(found.survival[place])
    return value, value * float(found.error[place]) if value > 0 else _NAN


def restricted_mean(found: Steps, tau: float) -> Estimate:
    """Mean time up to ``tau`` with its standard error; NaN where follow-up ends before.

    The area under the Kaplan-Meier curve, with Greenwood's variance, as ``survRM2::rmst2``.

    Examples
    --------
    >>> value, error = restricted_mean(steps(np.array([1.0, 2.0, 3.0]), np.ones(3, dtype=bool)), 3)
    >>> round(value, 4), round(error, 4)
    (2.0, 0.4714)
    """
    if not found.time.size or (found.time[-1] < tau * (1 - TIE_TOLERANCE) and found.survival[-1] > 0):
        return _NAN, _NAN
    inside = found.time < tau
    edges = np.concatenate(([0.0], found.time[inside], [tau]))
    areas = np.diff(edges) * np.append(1.0, found.survival[inside])
    n, d = found.n_risk[inside], found.n_event[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        jumps = np.where(n > d, d / (n * (n - d)), 0.0)
    ahead = np.cumsum(areas[::-1])[::-1][1:]
    return float(areas.sum()), float(np.sqrt((ahead**2 * jumps).sum()))


def _compared(
    data: pd.DataFrame, endpoint: str, by: str, reference: str | None, entry: str | None
) -> tuple[dict[str, Outcome], str]:
    """Patients of each group, and the name of the one to compare with."""
    groups = {label: outcome_of(data.loc[rows], endpoint, entry) for label, rows in groups_of(data, by)}
    filled = [label for label, found in groups.items() if found.times.size]
    if len(filled) < 2:
        raise ValueError(f"{by} has patients with {endpoint} in {filled} only; a difference needs two groups")
    base = filled[0] if reference is None else reference
    if base not in filled:
        raise ValueError(f"{by} has no patients in {base!r} for reference; use one of {filled}")
    return groups, base


def _contrasts(
    name: str, estimate: Estimate, base: Estimate, conf_level: float, log: bool = False
) -> Iterator[dict[str, Any]]:
    """Difference of two estimates, or their ratio on the log scale, with its p-value."""
    (a, sa), (b, sb) = estimate, base
    z = stats.norm.ppf(0.5 + conf_level / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        if log:
            value = float(np.log(np.float64(a) / b))
            error = float(np.sqrt((np.float64(sa) / a) ** 2 + (np.float64(sb) / b) ** 2))
        else:
            value, error = a - b, float(np.hypot(sa, sb))
        p = float(2 * stats.norm.sf(abs(np.float64(value) / error)))
    points = [value, value - z * error, value + z * error]
    if log:
        points = [float(np.exp(point)) for point in points]
    limits = {"conf_low": points[1], "conf_high": points[2], "conf_level": conf_level}
    yield {"statistic": name, "value": points[0], **limits}
    yield {"statistic": f"p_{name}", "value": p}


def survival_difference(
    data: pd.DataFrame,
    endpoint: str,
    by: str,
    landmarks: Sequence[float] = (12,),
    *,
    reference: str | None = None,
    entry: str | None = None,
    weights: str | None = None,
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Difference of Kaplan-Meier survival at landmarks, each group less the reference.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint, by : str
        Name of the endpoint, and column of groups.
    landmarks : sequence of float
        Times, in months.
    reference : str, optional
        Group to compare with; the first with patients otherwise.
    entry, weights : str, optional
        Columns of times of entry (``<endpoint>_entry`` where the data have it) and of case weights.
    population : str
        Name of the population, kept in the rows.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "survival_difference" for each group and landmark (level):
        ``survival_difference`` with a Wald interval from Greenwood's (or the robust) variances,
        and its p-value ``p_survival_difference``. NaN beyond the last follow-up of either group.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": ["a", "b", "a", "b"]}
    ... )
    >>> rows = survival_difference(data, "OS", "arm", [2.5])
    >>> rows[["group", "statistic", "value"]].round(3).values.tolist()
    [['b', 'survival_difference', 0.0], ['b', 'p_survival_difference', 1.0]]
    """
    conf_level_of(conf_level)
    groups, base = _compared(data, endpoint, by, reference, entry)
    tables = {label: _steps_of(found, weights) for label, found in groups.items()}
    rows = []
    for label in (name for name in groups if name != base):
        for time in landmarks:
            value, other = (survival_at(tables[name], float(time)) for name in (label, base))
            for record in _contrasts("survival_difference", value, other, conf_level):
                common = _common(groups[label], label, endpoint, f"{time:g}", population)
                method = f"difference of Kaplan-Meier estimates from {base}, Wald"
                rows.append(row("survival_difference", **record, **common, method=method))
    return frame(rows)


def _common(found: Outcome, label: str, endpoint: str, level: str, population: str) -> dict[str, Any]:
    """What all rows of a group share."""
    counts = {"n": found.times.size, "n_events": int(found.events.sum())}
    return {"group": label, "variable": endpoint, "level": level, "population": population, **counts}


def rmst(
    data: pd.DataFrame,
    endpoint: str,
    by: str | None = None,
    tau: float | None = None,
    *,
    reference: str | None = None,
    entry: str | None = None,
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Restricted mean survival time, and its contrasts between groups.

    Parameters
    ----------
    data, endpoint, by, reference, entry, population, conf_level
        See :func:`survival_difference`.
    tau : float, optional
        Horizon in months; the shortest of the groups' longest follow-ups otherwise.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "rmst", the horizon as level: ``rmst`` for all patients and each
        group; then for each group against the reference ``rmst_difference``, ``rmst_ratio`` and
        ``rmtl_ratio`` (restricted mean time lost) with intervals, and their p-values (``p_...``).
        NaN where a group's follow-up ends before the horizon.

    References
    ----------
    Uno, H. et al. (2014). Moving beyond the hazard ratio in quantifying the between-group
    difference in survival analysis. Journal of Clinical Oncology 32, 2380-2385.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": ["a", "a", "b", "b"]}
    ... )
    >>> rows = rmst(data, "OS", "arm", tau=2)
    >>> rows.loc[~rows.statistic.str.startswith("p_"), ["group", "statistic", "value"]].values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['All patients', 'rmst', 1.75], ['a', 'rmst', 1.5], ['b', 'rmst', 2.0],
     ['b', 'rmst_difference', 0.5], ['b', 'rmst_ratio', 1.3333333333333333], ['b', 'rmtl_ratio', 0.0]]
    """
    conf_level_of(conf_level)
    groups, base = ({}, "") if by is None else _compared(data, endpoint, by, reference, entry)
    everyone = {ALL_PATIENTS: outcome_of(data, endpoint, entry), **groups}
    horizon = _horizon(tau, [found for found in everyone.values() if found.times.size])
    found = {label: restricted_mean(_steps_of(part), horizon) for label, part in everyone.items()}
    z = stats.norm.ppf(0.5 + conf_level / 2)
    rows: list[dict[str, Any]] = []

    def add(label: str, records: Iterator[dict[str, Any]] | Sequence[dict[str, Any]], how: str) -> None:
        common = _common(everyone[label], label, endpoint, f"{horizon:g}", population)
        method = how if np.isfinite(found[label][0]) else "not estimable: follow-up ends before the horizon"
        rows.extend(row("rmst", **record, **common, method=method) for record in records)

    for label, (value, error) in found.items():
        limits = {"conf_low": value - z * error, "conf_high": value + z * error, "conf_level": conf_level}
        add(label, [{"statistic": "rmst", "value": value, **limits}], "area under Kaplan-Meier, Greenwood")
    for label in (name for name in groups if name != base):
        lost = {name: (horizon - found[name][0], found[name][1]) for name in (label, base)}
        add(label, _contrasts("rmst_difference", found[label], found[base], conf_level), f"less {base}, Wald")
        ratio = _contrasts("rmst_ratio", found[label], found[base], conf_level, log=True)
        add(label, ratio, f"over {base}, Wald on the log scale")
        ratio = _contrasts("rmtl_ratio", lost[label], lost[base], conf_level, log=True)
        add(label, ratio, f"time lost over {base}, Wald on the log scale")
    return frame(rows)


def _horizon(tau: float | None, parts: Sequence[Outcome]) -> float:
    """Horizon asked for, or the shortest of the groups' longest follow-ups."""
    if tau is not None and not tau > 0:
        raise ValueError(f"tau is {tau}; give a time above 0")
    if tau is not None:
        return float(tau)
    return min((float(part.times.max()) for part in parts), default=_NAN)
