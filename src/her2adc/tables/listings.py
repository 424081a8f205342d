"""Follow-up, and data listed as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from her2adc.format import MISSING, estimate_short
from her2adc.tables.table import PLAIN, Builder, Table, columns_of, header, pick, sizes

__all__ = ["follow_up", "listing"]


def follow_up(
    rows: pd.DataFrame,
    groups: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    digits: int = 1,
) -> Table:
    """Follow-up by reverse Kaplan-Meier, and as observed.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``follow_up`` and ``observed_follow_up``.
    groups : sequence of str
        Groups in order.
    labels : mapping, optional
        Printed names of groups.
    digits : int
        Decimals.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("follow_up", "median_reverse_km", 14.2, conf_low=11.0, n=98)])
    >>> follow_up(rows, []).frame.values.tolist()
    [['Reverse Kaplan-Meier, median (95% CI)', '14.2 (11.0 to NE)']]
    """
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    names = [header((labels or {}).get(group, group), n[group]) for group in shown]
    build = Builder(["Follow-up, months", *names])
    own = rows[rows["analysis"] == "follow_up"]
    if (own["statistic"] == "median_reverse_km").any():
        found = [pick(own, statistic="median_reverse_km", group=group) for group in shown]
        cells = [MISSING if f is None else _estimate(f, digits) for f in found]
        build.row("Reverse Kaplan-Meier, median (95% CI)", cells)
    for analysis, name in (
        ("observed_follow_up", "Observed follow-up, median (range)"),
        ("follow_up", "Time to event or censoring, median (range)"),
    ):
        part = rows[rows["analysis"] == analysis]
        if (part["statistic"] == "observed_median").any():
            build.row(name, [_observed(part, group, digits) for group in shown])
    return build.table()


def _estimate(row: pd.Series, digits: int) -> str:
    """Estimate with its limits."""
    value, low, high = (float(row[c]) for c in ("value", "conf_low", "conf_high"))
    return estimate_short(value, low, high, digits)


def _observed(rows: pd.DataFrame, group: str, digits: int) -> str:
    """Median and range of observed times."""
    names = ("observed_median", "observed_min", "observed_max")
    found = [pick(rows, statistic=name, group=group) for name in names]
    values = [np.nan if row is None else float(row["value"]) for row in found]
    return estimate_short(values[0], values[1], values[2], digits, not_reached=MISSING)


def listing(data: pd.DataFrame, columns: Mapping[str, str]) -> Table:
    """List data as they are, such as the texts that were normalised.

    Parameters
    ----------
    data : DataFrame
        Any table.
    columns : mapping
        Columns shown, in order, with their printed names.

    Returns
    -------
    Table

    Examples
    --------
    >>> listing(pd.DataFrame({"found": ["2 +"], "n": [4]}), {"found": "As found", "n": "n"}).roles
    ('plain',)
    """
    build = Builder(list(columns.values()))
    for record in data[list(columns)].to_dict("records"):
        name, *cells = [_text(value) for value in record.values()]
        build.row(name, cells, PLAIN)
    numeric = data[list(columns)].select_dtypes("number").columns
    return replace(build.table(), texts=frozenset(v for k, v in columns.items() if k not in numeric))


def _text(value: Any) -> str:
    """Value as it stands; a dash where there is none."""
    if value is None or (not isinstance(value, str) and bool(pd.isna(value))):
        return MISSING
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
