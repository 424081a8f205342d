"""Tables of the patients: Table 1 and missing values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from her2adc.format import MISSING, count_percent, estimate_short, number, pvalue
from her2adc.tables.table import (
    LEVEL,
    VARIABLE,
    Builder,
    Table,
    columns_of,
    header,
    pick,
    sizes,
)

__all__ = ["baseline", "missing"]


class Described(Protocol):
    """What a table needs to know of a variable."""

    @property
    def name(self) -> str:
        """Column of the data."""

    @property
    def label(self) -> str:
        """Printed name."""

    @property
    def unit(self) -> str:
        """Unit, or empty."""


_CONTINUOUS = {
    "median_iqr": ("Median (IQR)", ("median", "q1", "q3")),
    "range": ("Range", ("min", "max")),
    "mean_sd": ("Mean (SD)", ("mean", "sd")),
}


def baseline(
    rows: pd.DataFrame,
    variables: Sequence[Described],
    groups: Sequence[str],
    *,
    continuous: Sequence[str] = ("median_iqr",),
    digits: int | Mapping[str, int] = 1,
    percentages_of_all: bool = False,
    labels: Mapping[str, str] | None = None,
) -> Table:
    """Table 1: patients overall and by group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``baseline``.
    variables : sequence of Variable
        Rows of the table, with ``name``, ``label`` and ``unit``.
    groups : sequence of str
        Groups in order; all patients come first.
    continuous : sequence of {"median_iqr", "range", "mean_sd"}
        How a number is described.
    digits : int or mapping
        Decimals of numbers, or by name of the variable.
    percentages_of_all : bool
        Percentages of all patients and not of those whose value is known.
    labels : mapping, optional
        Printed names of groups.

    Returns
    -------
    Table

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from her2adc.results import frame, row
    >>> sex = SimpleNamespace(name="er", label="Oestrogen receptor", unit="")
    >>> rows = frame([row("baseline", "n", 98, n=98), row("baseline", "count", 54, variable="er",
    ...     level="Positive", n=98, n_events=54)])
    >>> baseline(rows, [sex], []).frame.iloc[:, 1].tolist()
    ['', '54 (55.1%)']
    """
    rows = rows[rows["analysis"] == "baseline"]
    shown = columns_of(rows, groups)
    n = sizes(rows[rows["statistic"] == "n"], shown)
    extra = {"smd": "SMD", "p_value": "p"}
    extra = {k: v for k, v in extra.items() if (rows["statistic"] == k).any()}
    names = [header((labels or {}).get(g, g), n[g]) for g in shown]
    build = Builder(["Characteristic", *names, *extra.values()])
    of = "all patients" if percentages_of_all else "patients whose value is known"
    build.remark(f"Counts are n (% of {of})")
    totals = n if percentages_of_all else {}
    for variable in variables:
        mine = rows[rows["variable"] == variable.name]
        decimals = digits if isinstance(digits, int) else digits.get(variable.name, 1)
        last = [_comparison(build, mine, statistic) for statistic in extra]
        _variable(build, mine, variable, shown, last, totals, (continuous, decimals))
    return build.table()


def _comparison(build: Builder, rows: pd.DataFrame, statistic: str) -> str:
    """Standardised mean difference or p-value of a variable."""
    found = pick(rows, statistic=statistic)
    if found is None:
        return ""
    if statistic == "smd":
        return number(float(found["value"]), 2)
    method = str(found["method"])
    return pvalue(float(found["value"])) + (build.mark(method) if method else "")


def _variable(
    build: Builder,
    rows: pd.DataFrame,
    variable: Described,
    shown: Sequence[str],
    last: Sequence[str],
    totals: Mapping[str, int | None],
    style: tuple[Sequence[str], int],
) -> None:
    """Rows of one variable."""
    unit = getattr(variable, "unit", "")
    label = f"{variable.label}, {unit}" if unit else variable.label
    levels = list(dict.fromkeys(rows.loc[rows["statistic"] == "count", "level"]))
    if [level.casefold() for level in levels] == ["no", "yes"]:
        cells = [_count(rows, g, levels[1], totals) for g in shown]
        build.row(label, [*cells, *last], VARIABLE)
    else:
        build.row(label, [""] * len(shown) + list(last), VARIABLE)
        for level in levels:
            build.row(level, [_count(rows, g, level, totals) for g in shown], LEVEL)
    if not levels:
        for kind in style[0]:
            name, statistics = _CONTINUOUS[kind]
            cells = [_number(rows, g, statistics, style[1]) for g in shown]
            build.row(name, cells, LEVEL)
    lost = [_lost(rows, g, totals) for g in shown]
    if any(cell not in ("", "0", MISSING) and not cell.startswith("0 ") for cell in lost):
        build.row("Missing", lost, LEVEL)


def _count(rows: pd.DataFrame, group: str, level: str, totals: Mapping[str, int | None]) -> str:
    """Count of a level with its percentage."""
    found = pick(rows, statistic="count", group=group, level=level)
    if found is None:
        return MISSING
    total = totals.get(group) or found["n"]
    return count_percent(int(found["value"]), int(total))


def _lost(rows: pd.DataFrame, group: str, totals: Mapping[str, int | None]) -> str:
    """Patients without a value."""
    found = pick(rows, statistic="missing", group=group)
    if found is None:
        return ""
    total = totals.get(group)
    return count_percent(int(found["value"]), total) if total else str(int(found["value"]))


def _number(rows: pd.DataFrame, group: str, statistics: Sequence[str], digits: int) -> str:
    """Describe a number by two or three statistics."""
    found = [pick(rows, statistic=statistic, group=group) for statistic in statistics]
    values = [np.nan if row is None else float(row["value"]) for row in found]
    if not np.isfinite(values[0]):
        return MISSING
    if len(values) == 3:
        return estimate_short(values[0], values[1], values[2], digits)
    if statistics[0] == "min":
        whole = all(float(value).is_integer() for value in values)
        return " to ".join(number(value, 0 if whole else digits) for value in values)
    return f"{number(values[0], digits)} ({number(values[1], digits)})"


def missing(
    rows: pd.DataFrame,
    labels: Mapping[str, str],
    groups: Sequence[str],
) -> Table:
    """Missing values of each variable, overall and by group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``missing`` with statistic ``count``.
    labels : mapping
        Printed names of variables; their order is that of the rows.
    groups : sequence of str
        Groups in order.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("missing", "count", 10, variable="ki67", n=98, n_events=10)])
    >>> missing(rows, {"ki67": "Ki-67"}, []).frame.values.tolist()
    [['Ki-67', '10 (10.2%)']]
    """
    rows = rows[(rows["analysis"] == "missing") & (rows["statistic"] == "count")]
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    build = Builder(["Variable", *(header(group, n[group]) for group in shown)])
    for variable in dict.fromkeys(rows["variable"]):
        found = [pick(rows, variable=variable, group=group) for group in shown]
        cells = [MISSING if f is None else count_percent(int(f["value"]), f["n"]) for f in found]
        build.row(labels.get(variable, variable), cells)
    return build.table()
