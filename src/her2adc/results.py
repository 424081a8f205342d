"""The results table: one tidy row for every estimate that the book prints.

The columns follow CDISC Analysis Results Data. Statistics return rows, tables and figures read
them, prose names them. Values are never rounded here; :mod:`her2adc.format` does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["ALL_PATIENTS", "COLUMNS", "concat", "frame", "one", "row", "select"]

COLUMNS: list[str] = [
    "study",
    "page",
    "analysis",
    "population",
    "group",
    "variable",
    "level",
    "statistic",
    "value",
    "conf_low",
    "conf_high",
    "conf_level",
    "method",
    "n",
    "n_events",
]
"""Columns of the results table, in order."""

ALL_PATIENTS = "All patients"
"""Name of the group that holds every patient."""

_FLOATS = ("value", "conf_low", "conf_high", "conf_level")
_INTEGERS = ("n", "n_events")
_NAN = float("nan")


def row(
    analysis: str,
    statistic: str,
    value: float | None,
    *,
    population: str = "",
    group: str = ALL_PATIENTS,
    variable: str = "",
    level: str = "",
    conf_low: float | None = _NAN,
    conf_high: float | None = _NAN,
    conf_level: float | None = _NAN,
    method: str = "",
    n: int | None = None,
    n_events: int | None = None,
) -> dict[str, Any]:
    """One row of the results table.

    Parameters
    ----------
    analysis : str
        What was done, e.g. ``"kaplan_meier"``.
    statistic : str
        What ``value`` is, e.g. ``"median"``.
    value : float or None
        The estimate, unrounded; NaN or None where it is not reached or not estimable.
    population, group, variable, level : str
        Where the estimate belongs: denominator, group of patients, variable and its level.
    conf_low, conf_high, conf_level : float, optional
        Limits of the confidence interval and its level (0.95).
    method : str
        How, in words that a caption can print.
    n, n_events : int, optional
        Patients, and events or patients with the feature.

    Returns
    -------
    dict
        Keys are :data:`COLUMNS`; ``study`` and ``page`` are empty until a page adds the row.

    Examples
    --------
    >>> row("kaplan_meier", "median", 9.0, variable="PFS", n=98, n_events=42)["value"]
    9.0
    """
    return {
        "study": "",
        "page": "",
        "analysis": analysis,
        "population": population,
        "group": str(group),
        "variable": str(variable),
        "level": str(level),
        "statistic": statistic,
        "value": _float(value),
        "conf_low": _float(conf_low),
        "conf_high": _float(conf_high),
        "conf_level": _float(conf_level),
        "method": method,
        "n": None if n is None else int(n),
        "n_events": None if n_events is None else int(n_events),
    }


def _float(value: float | None) -> float:
    """Value as a Python float; None becomes NaN."""
    return _NAN if value is None else float(value)


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a table with the columns and types of the results table.

    Parameters
    ----------
    rows : iterable of mappings
        What :func:`row` returns.

    Returns
    -------
    pandas.DataFrame
        :data:`COLUMNS` in order; floats, nullable integers and strings, also when empty.

    Examples
    --------
    >>> frame([row("response", "rate", 0.4, n=10, n_events=4)])[["value", "n"]].to_dict("list")
    {'value': [0.4], 'n': [10]}
    >>> len(frame([]))
    0
    """
    records = [dict(record) for record in rows]
    unknown = sorted({key for record in records for key in record} - set(COLUMNS))
    if unknown:
        raise ValueError(f"unknown columns of a results row: {unknown}; use {COLUMNS}")
    return _typed(pd.DataFrame(records, columns=COLUMNS))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Table with the types of the results table."""
    out = table.copy()
    for column in COLUMNS:
        if column in _FLOATS:
            out[column] = pd.to_numeric(out[column]).astype("float64")
        elif column in _INTEGERS:
            out[column] = pd.to_numeric(out[column]).astype("Int64")
        else:
            out[column] = out[column].fillna("").astype(str).astype(object)
    return out


def concat(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several results tables as one, in the order given.

    Examples
    --------
    >>> first = frame([row("a", "x", 1.0)])
    >>> concat([first, frame([]), first])["value"].tolist()
    [1.0, 1.0]
    """
    records = [record for table in tables for record in table.to_dict("records")]
    cleaned = [
        {key: None if value is pd.NA else value for key, value in record.items()} for record in records
    ]
    return frame([{str(key): value for key, value in record.items()} for record in cleaned])


def select(table: pd.DataFrame, **filters: Any) -> pd.DataFrame:
    """Rows of ``table`` whose columns equal the filters; a list, tuple or set means "any of".

    Examples
    --------
    >>> table = frame([row("a", "x", 1.0, level="6"), row("a", "x", 2.0, level="12")])
    >>> select(table, level=["12", "24"])["value"].tolist()
    [2.0]
    """
    unknown = sorted(set(filters) - set(table.columns))
    if unknown:
        raise LookupError(f"no such columns: {unknown}; the table has {list(table.columns)}")
    keep = np.ones(len(table), dtype=bool)
    for column, wanted in filters.items():
        if isinstance(wanted, (list, tuple, set, frozenset)):
            keep &= table[column].isin(list(wanted)).to_numpy(dtype=bool)
        else:
            keep &= (table[column] == wanted).fillna(False).to_numpy(dtype=bool)
    return table.loc[keep]


def one(table: pd.DataFrame, **filters: Any) -> pd.Series:
    """Find the single row that matches all filters.

    Parameters
    ----------
    table : pandas.DataFrame
        A results table.
    **filters
        Column and the value it must have.

    Returns
    -------
    pandas.Series
        The row.

    Raises
    ------
    LookupError
        When no row or several rows match; the message names the filters and what exists.

    Examples
    --------
    >>> table = frame([row("kaplan_meier", "median", 9.0, group="HER2-low")])
    >>> float(one(table, statistic="median", group="HER2-low")["value"])
    9.0
    """
    found = select(table, **filters)
    if len(found) == 1:
        return found.iloc[0]
    asked = ", ".join(f"{key}={value!r}" for key, value in filters.items()) or "no filter"
    if found.empty:
        raise LookupError(f"no result with {asked}; {_what_exists(table, filters)}")
    texts = {column: found[column].astype(str).unique()[:8].tolist() for column in found}
    examples = {column: values for column, values in texts.items() if len(values) > 1}
    raise LookupError(f"{len(found)} results with {asked}; they differ in {examples}, name one")


def _what_exists(table: pd.DataFrame, filters: Mapping[str, Any]) -> str:
    """For the first filter that leaves nothing: the values that are there."""
    left = table
    for column, wanted in filters.items():
        narrowed = select(left, **{column: wanted})
        if narrowed.empty:
            values = left[column].astype(str).unique()[:20].tolist()
            return f"{column} has {values}" if values else "the table is empty"
        left = narrowed
    return "the table is empty"
