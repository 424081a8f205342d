"""Table of adverse events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from her2adc.format import MISSING, count_percent
from her2adc.results import ALL_PATIENTS
from her2adc.tables.table import (
    LEVEL,
    PLAIN,
    VARIABLE,
    Builder,
    Table,
    columns_of,
    header,
    pick,
    sizes,
)

__all__ = ["safety"]

_NOT_COLLECTED = "not collected"


def safety(
    rows: pd.DataFrame,
    groups: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
) -> Table:
    """Patients with adverse events: any grade and grade 3 or more, by group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``safety``.
    groups : sequence of str
        Groups in order.
    labels : mapping, optional
        Printed names of groups and terms.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("safety", "any_grade", None, variable="Neutropenia", n=98),
    ...     row("safety", "grade_3_plus", 20 / 98, variable="Neutropenia", n=98, n_events=20)])
    >>> safety(rows, []).frame.values.tolist()
    [['Neutropenia', 'not collected', '20 (20.4%)']]
    """
    rows = rows[rows["analysis"] == "safety"]
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    names = [header((labels or {}).get(group, group), n[group]) for group in shown]
    heads = [f"{name}\n{grade}" for name in names for grade in ("any grade", "grade ≥3")]
    build = Builder(["Adverse event", *heads])
    sides = ("any_grade", "grade_3_plus")
    terms = list(dict.fromkeys(rows.loc[rows["statistic"].isin(sides), "variable"]))
    for term in terms:
        mine = rows[rows["variable"] == term]
        cells = [_patients(pick(mine, statistic=s, group=g)) for g in shown for s in sides]
        build.row((labels or {}).get(term, term) + _ungraded(build, mine), cells, PLAIN)
    stopped = rows[(rows["statistic"] == "discontinued") & (rows["value"] > 0)]
    for i, term in enumerate(t for t in terms if t in set(stopped["variable"])):
        if i == 0:
            build.row("Treatment stopped because of", (), VARIABLE)
        mine = rows[(rows["variable"] == term) & (rows["statistic"] == "discontinued")]
        found = [pick(mine, group=group) for group in shown]
        cells = [text for row in found for text in (_patients(row), "")]
        build.row((labels or {}).get(term, term), cells, LEVEL)
    return build.table()


def _patients(row: pd.Series | None) -> str:
    """Patients with an event."""
    if row is None:
        return MISSING
    if pd.isna(row["n_events"]) or not np.isfinite(row["value"]):
        return _NOT_COLLECTED
    return count_percent(int(row["n_events"]), int(row["n"]))


def _ungraded(build: Builder, rows: pd.DataFrame) -> str:
    """Symbol of the footnote on events without a grade, or nothing."""
    found = pick(rows, statistic="grade_missing", group=ALL_PATIENTS)
    if found is None or not found["value"] > 0:
        return ""
    count = int(found["value"])
    who = "patient" if count == 1 else "patients"
    return build.mark(f"Grade not recorded in {count} {who} with this event")
