"""Tables of adverse events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from her2adc.format import MISSING, count_percent, estimate_short, number, percent_short
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

__all__ = ["overview", "safety", "special_interest", "worst_grades"]

_NOT_COLLECTED = "not collected"
_OVERVIEW = {
    "any_grade": "Any adverse event",
    "grade_3_plus": "Grade 3 or more",
    "related": "Related to treatment",
    "related_3_plus": "Related, grade 3 or more",
    "serious": "Serious",
    "dose_reduced": "Leading to dose reduction",
    "interrupted": "Leading to interruption",
    "discontinued": "Leading to discontinuation",
    "fatal": "Leading to death (grade 5)",
}


def safety(
    rows: pd.DataFrame,
    groups: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    by_class: Mapping[str, Sequence[str]] | None = None,
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
    by_class : mapping, optional
        Terms by system organ class, whose own rows have that class as variable; the order of print.

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
    rows = rows[rows["analysis"].isin(["safety", "safety_class"])]
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    names = [header((labels or {}).get(group, group), n[group]) for group in shown]
    heads = [f"{name}\n{grade}" for name in names for grade in ("any grade", "grade ≥3")]
    build = Builder(["Adverse event", *heads])
    sides = ("any_grade", "grade_3_plus")
    terms = list(dict.fromkeys(rows.loc[rows["statistic"].isin(sides), "variable"]))
    order = [(term, PLAIN) for term in terms]
    if by_class is not None:
        blocks = [[(name, VARIABLE), *((t, LEVEL) for t in mine)] for name, mine in by_class.items()]
        inside = [line for block in blocks for line in block]
        order = [line for line in order if line[0] not in dict(inside)] + inside
    for term, role in order:
        mine = rows[rows["variable"] == term]
        cells = [_patients(pick(mine, statistic=s, group=g)) for g in shown for s in sides]
        build.row((labels or {}).get(term, term) + _ungraded(build, mine), cells, role)
    stopped = rows[(rows["statistic"] == "discontinued") & (rows["value"] > 0)]
    for i, term in enumerate(t for t in terms if t in set(stopped["variable"]) - set(by_class or ())):
        if i == 0:
            build.row("Treatment stopped because of", (), VARIABLE)
        mine = rows[(rows["variable"] == term) & (rows["statistic"] == "discontinued")]
        cells = [text for g in shown for text in (_patients(pick(mine, group=g)), "")]
        build.row((labels or {}).get(term, term), cells, LEVEL)
    return build.table()


def overview(rows: pd.DataFrame, groups: Sequence[str], *, labels: Mapping[str, str] | None = None) -> Table:
    """Patients with any adverse event, by what it was and what it led to.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``safety`` of one variable (any adverse event).
    groups : sequence of str
        Groups in order.
    labels : mapping, optional
        Printed names of groups.

    Returns
    -------
    Table
        What was not recorded has no row.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("safety", "serious", 0.5, variable="Any adverse event", n=4, n_events=2)])
    >>> overview(rows, []).frame.values.tolist()
    [['Serious', '2 (50.0%)']]
    """
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    build = Builder(["Patients with", *(header((labels or {}).get(g, g), n[g]) for g in shown)])
    for statistic, name in _OVERVIEW.items():
        mine = rows[rows["statistic"] == statistic]
        if len(mine):
            build.row(name, [_patients(pick(mine, group=group)) for group in shown])
    return build.table()


def worst_grades(rows: pd.DataFrame, group: str = ALL_PATIENTS) -> Table:
    """Patients by worst grade of each term.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``worst_grade``.
    group : str
        Whose.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("worst_grade", "count", 2, variable="Nausea", level="1", n=4)])
    >>> worst_grades(rows).frame.values.tolist()
    [['Nausea', '2 (50.0%)']]
    """
    mine = rows[(rows["analysis"] == "worst_grade") & (rows["group"] == group)]
    counts = mine.groupby("level")["value"].sum()
    levels = [lv for lv in dict.fromkeys(mine["level"]) if lv != "not graded" or counts[lv] > 0]
    build = Builder(["Adverse event", *(lv if lv == "not graded" else f"Grade {lv}" for lv in levels)])
    for term in dict.fromkeys(mine["variable"]):
        found = mine[mine["variable"] == term].set_index("level")
        cells = [
            count_percent(int(found["value"][lv]), int(found["n"][lv])) if found["value"][lv] else "0"
            for lv in levels
        ]
        build.row(str(term), cells)
    return build.table()


def special_interest(
    counts: pd.DataFrame, rates: pd.DataFrame, times: pd.DataFrame, landmark: str = "6"
) -> Table:
    """Events of special interest: how many, how often in time, and when.

    Parameters
    ----------
    counts : DataFrame
        Results rows of analysis ``safety_special``; population is the period.
    rates : DataFrame
        Rows of analysis ``exposure_adjusted``.
    times : DataFrame
        Rows of analysis ``time_to_onset``.
    landmark : str
        Month of the cumulative incidence.

    Returns
    -------
    Table
        A block for each period.
    """
    heads = ["Any grade", "Grade ≥3", "Fatal", "Months to onset", f"Incidence at {landmark} months"]
    build = Builder(["Adverse event of special interest", *heads, "Per 100 person-years"])
    for period in dict.fromkeys(counts["population"]):
        here = counts[(counts["population"] == period) & (counts["group"] == ALL_PATIENTS)]
        build.row(header(str(period), int(here["n"].max())).replace("\n", " "), (), VARIABLE)
        for event in dict.fromkeys(here["variable"]):
            mine = here[here["variable"] == event]
            wanted = {"population": str(period), "variable": str(event)}
            cells = [
                *(_patients(pick(mine, statistic=s)) for s in ("any_grade", "grade_3_plus", "fatal")),
                _when(times, wanted),
                _limits(pick(times, statistic="incidence", level=landmark, **wanted), percent_short),
                _limits(pick(rates, statistic="rate", group=ALL_PATIENTS, **wanted), estimate_short),
            ]
            build.row(str(event), cells, LEVEL)
    build.remark("Months to onset: median (range) of patients with the event")
    build.remark("Incidence: cumulative incidence (95% CI) with death as competing event")
    return build.table()


def _when(times: pd.DataFrame, wanted: Mapping[str, str]) -> str:
    """Median and range of the time to onset."""
    found = [pick(times, statistic=s, **wanted) for s in ("median", "min", "max")]
    if any(row is None or not np.isfinite(row["value"]) for row in found):
        return MISSING
    median, low, high = (number(float(row["value"])) for row in found if row is not None)
    return f"{median} ({low} to {high})"


def _limits(row: pd.Series | None, form: Callable[[float, float, float], str]) -> str:
    """Estimate with its interval."""
    if row is None or not np.isfinite(row["value"]):
        return MISSING
    return form(float(row["value"]), float(row["conf_low"]), float(row["conf_high"]))


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
