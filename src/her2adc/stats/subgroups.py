"""Subgroups: log-rank tests by factor, and the forest of an arm's hazard ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import frame, row
from her2adc.stats.cox_model import Model, estimates
from her2adc.stats.design import Column, Design, is_categorical
from her2adc.stats.inputs import (
    Bools,
    Outcome,
    check_columns,
    conf_level_of,
    groups_with_all,
    levels_of,
    outcome_of,
)
from her2adc.stats.interactions import interaction_test
from her2adc.stats.observed_expected import logrank_test
from her2adc.stats.scheme import Scheme

__all__ = ["forest", "logrank_table"]

_NAN = float("nan")


def logrank_table(
    data: pd.DataFrame,
    endpoint: str,
    factors: Sequence[str],
    by: str | None = None,
    population: str = "",
) -> pd.DataFrame:
    """Log-rank test of each factor, among all patients and within each group.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    factors : sequence of str
        Categorical variables.
    by : str, optional
        Column of groups within which to test.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows ``p_value``, all patients first; level names the endpoint. NaN where fewer
        than two levels have patients, or nobody has the event; the method says which.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "er": ["n", "n", "p", "p"]}
    ... )
    >>> logrank_table(data, "OS", ["er"])[["variable", "value"]].round(3).values.tolist()
    [['er', 0.09]]
    """
    _check_factors(data, factors)
    rows = []
    for label, part in groups_with_all(data, by):
        found = outcome_of(part, endpoint)
        kept, times, events = found.kept, found.times, found.events
        for factor in factors:
            codes = pd.Categorical(kept[factor], categories=levels_of(kept[factor])).codes
            have = codes >= 0
            opened = None if found.entry is None else found.entry[have]
            _, df, p = logrank_test(times[have], events[have], codes[have], entry=opened)
            rows.append(
                row(
                    "subgroup_logrank",
                    "p_value",
                    p,
                    population=population,
                    group=label,
                    variable=factor,
                    level=endpoint,
                    method=f"log-rank, {df} df" if df else _why(codes[have], events[have]),
                    n=int(have.sum()),
                    n_events=int(events[have].sum()),
                )
            )
    return frame(rows)


def _why(codes: np.ndarray[Any, Any], events: Bools) -> str:
    """Say why a log-rank test cannot be made."""
    if np.unique(codes).size < 2:
        return "not estimable: one level only"
    return "not estimable: no events" if not events.any() else "not estimable"


def _check_factors(data: pd.DataFrame, factors: Sequence[str]) -> None:
    """Refuse factors that are not there or are continuous."""
    check_columns(data, factors)
    numeric = [factor for factor in factors if not is_categorical(data[factor])]
    if numeric:
        raise ValueError(f"{numeric} is continuous; cut it into levels to use it as a subgroup")


def forest(
    data: pd.DataFrame,
    endpoint: str,
    arm: str,
    factors: Sequence[str],
    population: str = "",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Hazard ratio of the arm, overall and within each level of each factor.

    Parameters
    ----------
    data, endpoint, population
        See :func:`logrank_table`.
    arm : str
        Column of two groups; of more, the first and the last with patients are compared.
    factors : sequence of str
        Categorical variables.
    conf_level : float
        Level of the intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "forest". For all patients (variable and level empty), then for
        every level of every factor: ``hazard_ratio`` of the last against the first arm, and
        ``n_arm`` and ``events_arm`` with the arm as group. For every factor one
        ``p_interaction`` and one ``missing`` (level empty). Firth-penalised where the
        likelihood is monotone, NaN where there is nothing to compare; the method says so.

    Examples
    --------
    >>> data = pd.DataFrame(
    ...     {"OS_time": [1.0, 2, 3, 4], "OS_event": [True] * 4, "arm": ["a", "b", "a", "b"]}
    ... )
    >>> forest(data, "OS", "arm", [])[["group", "statistic", "value"]].round(2).values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['All patients', 'hazard_ratio', 0.39], ['a', 'n_arm', 2.0], ['a', 'events_arm', 2.0],
     ['b', 'n_arm', 2.0], ['b', 'events_arm', 2.0]]
    """
    conf_level_of(conf_level)
    _check_factors(data, [arm, *factors])
    kept = outcome_of(data, endpoint).kept
    present = [level for level in levels_of(kept[arm]) if (kept[arm] == level).any()]
    if len(present) < 2:
        raise ValueError(f"{arm} has patients in {present} only; a forest compares two arms")
    arms = [present[0], present[-1]]
    kept = kept.loc[kept[arm].isin(arms).to_numpy(dtype=bool)]
    rows = _level_rows(kept, endpoint, arm, arms, conf_level)
    for factor in factors:
        _, df, p, n, n_events = interaction_test(_two_arms(kept, arm), endpoint, arm, factor)
        counts: dict[str, Any] = {"variable": factor, "n": n, "n_events": n_events}
        method = f"likelihood-ratio test of {arm} x {factor}, {df} df"
        if not df:
            method = f"not estimable: {arm} and {factor} do not vary within each other"
        rows.append({"statistic": "p_interaction", "value": p, "method": method, **counts})
        missing = int(kept[factor].isna().sum())
        rows.append({"statistic": "missing", "value": missing, **counts})
        for level in levels_of(kept[factor]):
            part = kept.loc[(kept[factor] == level).fillna(False).to_numpy(dtype=bool)]
            place = {"variable": factor, "level": str(level)}
            rows += [{**record, **place} for record in _level_rows(part, endpoint, arm, arms, conf_level)]
    common = {"analysis": "forest", "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def _two_arms(data: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Drop the arms that are not compared from the levels."""
    column = data[arm]
    if isinstance(column.dtype, pd.CategoricalDtype):
        return data.assign(**{arm: column.cat.remove_unused_categories()})
    return data


def _level_rows(
    part: pd.DataFrame, endpoint: str, arm: str, arms: Sequence[Any], conf_level: float
) -> list[dict[str, Any]]:
    """Hazard ratio and counts of one level."""
    found = outcome_of(part, endpoint)
    times, events = found.times, found.events
    members = [(part[arm] == level).to_numpy(dtype=bool) for level in arms]
    value, low, high, method = _ratio(found, members, conf_level)
    rows: list[dict[str, Any]] = [
        {
            "statistic": "hazard_ratio",
            "value": value,
            "conf_low": low,
            "conf_high": high,
            "conf_level": conf_level,
            "method": method,
            "n": times.size,
            "n_events": int(events.sum()),
        }
    ]
    for level, member in zip(arms, members, strict=True):
        n, n_events = int(member.sum()), int(events[member].sum())
        counts = {"group": str(level), "n": n, "n_events": n_events}
        rows.append({"statistic": "n_arm", "value": n, **counts})
        rows.append({"statistic": "events_arm", "value": n_events, **counts})
    return rows


def _ratio(outcome: Outcome, members: Sequence[Bools], conf_level: float) -> tuple[float, float, float, str]:
    """Hazard ratio of the last against the first arm, and how it was made."""
    nothing = (_NAN, _NAN, _NAN)
    times, events = outcome.times, outcome.events
    if not times.size:
        return (*nothing, "not estimable: no patients")
    if not all(member.any() for member in members):
        return (*nothing, "not estimable: one arm only")
    if not events.any():
        return (*nothing, "not estimable: no events")
    made = Design(np.ones(times.size, dtype=bool), [Column("arm", "", 0, members[-1])])
    made.matrix = members[-1].astype(np.float64)[:, None]
    _, found = estimates(Model(made, times, events, Scheme(outcome.entry)), conf_level)
    return float(found.ratio[0]), float(found.low[0]), float(found.high[0]), found.method[0]
