"""Rows of the table ``biomarkers``: whose marker, at which time point, and what the text says."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from her2adc.cells import as_numbers
from her2adc.config import ALTERED, NOT_TESTED, WILD_TYPE, Biomarkers, Marker, TimePoint
from her2adc.errors import Problem
from her2adc.intake import RawTable


def named_rows(rule: Biomarkers, table: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of markers that the study names, under the names of the study.

    Parameters
    ----------
    rule
        The markers.
    table
        Table ``biomarkers``.

    Returns
    -------
    DataFrame
        ``patient_id``, ``name``, ``value``, ``date``, ``time_point``; where a panel was done, a row
        without a value for each gene that has none of that patient, day and time point: ``panel`` is
        then true.
    """
    known = {text.lower(): name for name, texts in rule.in_table.items() for text in texts}
    table = with_dates(table)
    table = table if "time_point" in table else table.assign(time_point=None)
    marker = table["marker"].str.strip().str.lower()
    rows = table.assign(name=marker.map(known), panel=False)
    panels = rows[marker.isin([p.lower() for p in rule.panel]) & ~_means(rows["value"], rule.not_tested)]
    rows = rows[rows["name"].notna()]
    when = ["patient_id", "date", "time_point"]
    every = panels[when].drop_duplicates().merge(pd.DataFrame({"name": list(rule.genes)}), how="cross")
    own = rows[[*when, "name"]].drop_duplicates().assign(own=True)
    silent = every.merge(own, on=[*when, "name"], how="left") if len(every) else every.assign(own=None)
    silent = silent[silent["own"].isna()].drop(columns="own").assign(value=None, panel=True)
    columns = ["patient_id", "name", "value", "date", "time_point", "panel"]
    silent.index = pd.RangeIndex(-len(silent), 0)
    return pd.concat([part[columns] for part in (rows, silent) if len(part)] or [rows[columns]])


def at_time_points(
    rule: Biomarkers, rows: pd.DataFrame, patients: pd.DataFrame, text: str
) -> pd.DataFrame:
    """Give each row the first time point that it fits, None without any.

    Parameters
    ----------
    rule
        The time points.
    rows
        ``patient_id``, ``date`` and the column ``text``.
    patients
        One row a patient, with the date columns that time points name.
    text
        Column that holds the names of time points.

    Returns
    -------
    DataFrame
        The rows with ``point``.
    """
    dates = patients.set_index("patient_id")
    point = pd.Series([None] * len(rows), index=rows.index, dtype=object)
    for name, when in rule.time_points.items():
        point = point.mask(point.isna() & _fits(when, rows, dates, text), name)
    return rows.assign(point=point)


def with_dates(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a column of dates, empty where it has none."""
    if "date" in table:
        return table
    return table.assign(date=pd.Series(pd.NaT, index=table.index, dtype="datetime64[ns]"))


def _fits(when: TimePoint, rows: pd.DataFrame, dates: pd.DataFrame, text: str) -> pd.Series:
    """Which rows belong to a time point."""
    out = pd.Series(True, index=rows.index)
    if when.names:
        out &= _means(rows[text], when.names)
    since = rows["patient_id"].map(dates[when.since]) if when.since else None
    until = rows["patient_id"].map(dates[when.until]) if when.until else None
    if since is not None:
        out &= rows["date"] > since
    if until is not None:
        inside = rows["date"] <= until
        out &= inside if since is None else inside | until.isna()
    return out


def _means(values: pd.Series, texts: Iterable[str]) -> pd.Series:
    """Which texts are among the listed ones, whatever their capitals."""
    found: pd.Series = values.astype("string").str.strip().str.lower().isin([t.lower() for t in texts])
    return found.fillna(False).astype(bool)


def values(rule: Biomarkers, rows: pd.DataFrame, table: RawTable) -> tuple[pd.DataFrame, list[Problem]]:
    """Read the values: numbers of markers, states and kinds of alterations of genes.

    Parameters
    ----------
    rule
        The markers.
    rows
        Rows as :func:`named_rows` returns them.
    table
        The table as read, to name the cells of a problem.

    Returns
    -------
    DataFrame
        The rows with ``number``, ``status`` and ``alteration`` (its kind).
    list of Problem
        One for each cell that is no number, out of range, or of no known meaning.
    """
    rows = rows.assign(number=np.nan, status=None, alteration=None)
    problems: list[Problem] = []
    for name, marker in rule.markers.items():
        mine = rows.index[rows["name"].eq(name)]
        rows.loc[mine, "number"], found = _numbers(name, marker, rows.loc[mine, "value"], table)
        problems += found
    genes = rows["name"].isin(list(rule.genes))
    text, panel = rows.loc[genes, "value"], rows.loc[genes, "panel"]
    kinds = {t.lower(): kind for kind, texts in rule.altered.items() for t in texts}
    kind = text.astype("string").str.strip().str.lower().map(kinds)
    status = kind.astype(object).where(kind.isna(), ALTERED).where(kind.notna(), None)
    status = status.mask(_means(text, rule.wild_type) | panel, WILD_TYPE)
    status = status.mask(_means(text, rule.not_tested) | (text.isna() & ~panel), NOT_TESTED)
    rows.loc[genes, "status"], rows.loc[genes, "alteration"] = status, kind.astype(object)
    message = "means neither altered nor wild type"
    remedy = "add the text to biomarkers.altered, wild_type or not_tested in study.yml"
    problems += [
        table.problem("value", i, f"{rows.loc[i, 'name']}: {message}", remedy, text[i])
        for i in text.index[status.isna()]
    ]
    return rows, problems


def _numbers(name: str, marker: Marker, text: pd.Series, table: RawTable) -> tuple[pd.Series, list[Problem]]:
    """Read the numbers of a marker."""
    text = text.mask(_means(text, marker.missing))
    given = {t.lower(): v for t, v in marker.values.items()}
    own = text.astype("string").str.strip().str.lower().map(given).astype(float)
    values = pd.Series(np.nan, index=text.index)
    for origin in table.origin["value"]:
        here = text.index[origin.rows.reindex(text.index).notna() & text.notna()]
        values[here] = as_numbers(text[here], origin.source.decimal)
    values = own.where(own.notna(), values)
    remedy = f"correct the cell, or list the text under biomarkers.markers.{name}.values or missing"
    problems = [
        table.problem("value", i, f"{name}: is not a number", remedy, text[i])
        for i in text.index[text.notna() & values.isna()]
    ]
    return values, problems + out_of_range(name, marker, values, table, "value")


def out_of_range(
    name: str, marker: Marker, values: pd.Series, table: RawTable, column: str
) -> list[Problem]:
    """Numbers outside the range of a marker, or that its transformation cannot take."""
    low = -np.inf if marker.minimum is None else marker.minimum
    high = np.inf if marker.maximum is None else marker.maximum
    problems = [
        table.problem(column, i, f"{name}: lies outside {low:g} to {high:g}",
                      f"correct the cell, or biomarkers.markers.{name}.minimum and maximum", f"{values[i]:g}")
        for i in values.index[(values < low) | (values > high)]
    ]  # fmt: skip
    shifted = values + marker.offset
    bad = {"none": shifted < -np.inf, "sqrt": shifted < 0}.get(marker.transformation, shifted <= 0)
    return problems + [
        table.problem(column, i, f"{name}: has no {marker.transformation}",
                      f"set biomarkers.markers.{name}.offset, or another transformation", f"{values[i]:g}")
        for i in values.index[bad]
    ]  # fmt: skip
