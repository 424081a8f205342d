"""The cohort itself as results: inclusion flow, missing values, observed follow-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from her2adc.config import Variable
from her2adc.results import frame, row
from her2adc.stats.inputs import groups_with_all


def inclusion(flow: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return steps of the inclusion flow as rows.

    Parameters
    ----------
    flow
        Steps with ``label``, ``n`` and ``excluded`` (``reason``, ``n``).

    Returns
    -------
    pandas.DataFrame
        Results rows, analysis ``inclusion``: ``n`` of each step, and ``n_excluded`` by reason
        (the reason is the level).

    Examples
    --------
    >>> steps = [{"label": "Assessed", "n": 9, "excluded": [{"reason": "No HER2", "n": 2}]}]
    >>> inclusion(steps)[["variable", "level", "statistic", "value"]].values.tolist()
    [['Assessed', '', 'n', 9.0], ['Assessed', 'No HER2', 'n_excluded', 2.0]]
    """
    rows = []
    for step in flow:
        common = {"variable": step["label"], "n": step["n"], "method": "count"}
        rows.append(row("inclusion", "n", step["n"], **common))
        rows += [
            row("inclusion", "n_excluded", e["n"], level=e["reason"], **common) for e in step["excluded"]
        ]
    return frame(rows)


def missing_values(data: pd.DataFrame, variables: Sequence[Variable], by: str | None = None) -> pd.DataFrame:
    """Missing values of each variable, overall and by group.

    Parameters
    ----------
    data
        One row a patient.
    variables
        The variables to look at.
    by
        Column of groups.

    Returns
    -------
    pandas.DataFrame
        Results rows, analysis ``missing``: ``count`` and ``fraction`` for each variable.

    Examples
    --------
    >>> missing_values(pd.DataFrame({"x": [1, None]}), [Variable(name="x", label="X")])[
    ...     ["statistic", "value"]].values.tolist()
    [['count', 1.0], ['fraction', 0.5]]
    """
    rows = []
    for group, part in groups_with_all(data, by):
        for v in variables:
            lost = int(part[v.name].isna().sum())
            common: dict[str, Any] = {
                "group": group, "variable": v.name, "n": len(part), "n_events": lost,
                "method": "count",
            }  # fmt: skip
            rows.append(row("missing", "count", lost, **common))
            rows.append(row("missing", "fraction", lost / len(part) if len(part) else None, **common))
    return frame(rows)


def missing_patterns(data: pd.DataFrame, variables: Sequence[str]) -> pd.DataFrame:
    """Count the combinations in which variables are missing.

    Parameters
    ----------
    data
        One row a patient.
    variables
        Columns to look at.

    Returns
    -------
    pandas.DataFrame
        Results rows, analysis ``missing``, statistic ``pattern``: patients in whom exactly the variables
        of the level are missing (joined by "; ", empty where nothing is), the most frequent first. They
        add up to all patients.

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1, None, None], "y": [1, 2, None]})
    >>> missing_patterns(data, ["x", "y"])[["level", "value"]].values.tolist()
    [['', 1.0], ['x', 1.0], ['x; y', 1.0]]
    """
    lost = data[list(variables)].isna()
    names = [[v for v, gone in zip(variables, line, strict=True) if gone] for line in lost.to_numpy()]
    counts = pd.Series(["; ".join(line) for line in names], dtype=object).value_counts()
    ordered = sorted(counts.items(), key=lambda pair: (-int(pair[1]), str(pair[0])))
    return frame(
        row("missing", "pattern", int(n), level=str(level), n=len(data), n_events=int(n), method="count")
        for level, n in ordered
    )


def observed_follow_up(data: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Median and range of the observed follow-up times (``follow_up_time``, months).

    Observed times understate follow-up when patients die or progress early; the reverse
    Kaplan-Meier estimate (:func:`her2adc.stats.survival.follow_up`) stands beside them.

    Parameters
    ----------
    data
        One row a patient.
    by
        Column of groups.

    Returns
    -------
    pandas.DataFrame
        Results rows, analysis ``observed_follow_up``; none without ``follow_up_time``.

    Examples
    --------
    >>> observed_follow_up(pd.DataFrame({"follow_up_time": [1.0, 4.0, 9.0]}))["value"].tolist()
    [4.0, 1.0, 9.0]
    """
    rows = []
    for group, part in groups_with_all(data, by) if "follow_up_time" in data else ():
        times = part["follow_up_time"].dropna()
        for statistic in ("median", "min", "max"):
            value = float(times.agg(statistic)) if len(times) else None
            rows.append(
                row("observed_follow_up", f"observed_{statistic}", value, group=group,
                    variable="follow_up_time", n=len(times), method="observed times")
            )  # fmt: skip
    return frame(rows)
