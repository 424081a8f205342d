"""Which of several measurements counts, and the columns that are made of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from her2adc.config import ALTERED, NOT_TESTED, WILD_TYPE, Biomarkers, Study
from her2adc.markers.reading import at_time_points, with_dates
from her2adc.specimens import class_names, classify_tests, pick

MEASUREMENTS = ("patient_id", "name", "kind", "time_point", "date", "number", "status", "alteration")
"""Columns of the table ``measurements``: one row a patient, marker and time point."""


def chosen(rule: Biomarkers, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Choose one measurement a patient, marker and time point.

    Parameters
    ----------
    rule
        The markers and time points.
    rows
        Measurements with ``point`` and their values.

    Returns
    -------
    DataFrame
        Columns :data:`MEASUREMENTS`. Of several dates the time point says which counts; where
        measurements that differ are not all dated, or two numbers of one day differ, there is none.
    list of str
        Remarks about the patients of whom it is not known which measurement counts.
    """
    found, unclear = [], dict.fromkeys([*rule.markers, *rule.genes], 0)
    useful = rows[rows["point"].notna() & (rows["number"].notna() | rows["status"].notna())]
    for (patient, name, point), group in useful.groupby(["patient_id", "name", "point"], sort=False):
        choose = _number_of if name in rule.markers else _status_of
        value = choose(group, rule.time_points[str(point)].pick)
        unclear[str(name)] += value is None
        if value is not None:
            kind = "marker" if name in rule.markers else "gene"
            found.append({"patient_id": patient, "name": name, "kind": kind, "time_point": point, **value})
    table = pd.DataFrame(found, columns=list(MEASUREMENTS))
    order = {name: i for i, name in enumerate([*unclear, *rule.time_points])}
    place = [table["name"].map(order), table["time_point"].map(order)]
    table = table.assign(a=place[0], b=place[1]).sort_values(["a", "b", "patient_id"], kind="stable")
    table["date"] = pd.to_datetime(table["date"])
    return table[list(MEASUREMENTS)].reset_index(drop=True), [
        f"{n} value{'s' if n > 1 else ''} of {rule.label(name)} left out: the measurements of the patient at "
        "that time point differ, and the dates do not say which counts"
        for name, n in unclear.items()
        if n
    ]


def _of_day(group: pd.DataFrame, which: str) -> pd.DataFrame | None:
    """Measurements of the first or last day; all when none is dated, None when only some are."""
    if group["date"].isna().all():
        return group
    if group["date"].isna().any():
        return None
    day = group["date"].max() if which == "latest" else group["date"].min()
    return group[group["date"].eq(day)]


def _number_of(group: pd.DataFrame, which: str) -> dict[str, Any] | None:
    """Number that counts."""
    same = len(group["number"].unique()) == 1
    day = _of_day(group, which)
    if day is None or len(day["number"].unique()) > 1:
        day = group.sort_values("date") if same else None
    if day is None:
        return None
    return {"date": day["date"].iloc[0], "number": float(day["number"].iloc[0])}


def _status_of(group: pd.DataFrame, which: str) -> dict[str, Any] | None:
    """State that counts: of one day altered goes before wild type, and both before not tested."""
    known = group[group["status"].ne(NOT_TESTED)]
    day = _of_day(known, which) if len(known) else group.head(1)
    if day is None:
        day = known.sort_values("date") if len(known["status"].unique()) == 1 else None
    if day is None:
        return None
    status = next(s for s in (ALTERED, WILD_TYPE, NOT_TESTED) if day["status"].eq(s).any())
    kinds = "; ".join(sorted(day["alteration"].dropna().unique()))
    date = day.loc[day["status"].eq(status), "date"].iloc[0]
    return {"date": date, "status": status, "alteration": kinds or None}


def wide(rule: Biomarkers, rows: pd.DataFrame, patients: pd.DataFrame) -> dict[str, pd.Series]:
    """Make a column of each marker and gene at each time point."""
    new: dict[str, pd.Series] = {}
    ids = patients["patient_id"]
    for point in rule.time_points:
        at = rows[rows["time_point"].eq(point)]
        for name, marker in rule.markers.items():
            mine = at[at["name"].eq(name)].set_index("patient_id")["number"]
            values = ids.map(mine).astype(float)
            if marker.variable and point == rule.time_point:
                values = patients[marker.variable].astype(float)
            new[rule.column(name, point)] = values
        for name in rule.genes:
            mine = at[at["name"].eq(name)].set_index("patient_id")["status"]
            levels = pd.Categorical(ids.map(mine), [WILD_TYPE, ALTERED], ordered=True)
            new[rule.column(name, point)] = pd.Series(levels, index=patients.index)
    return new


def her2_at(study: Study, patients: pd.DataFrame, tests: pd.DataFrame) -> dict[str, pd.Series]:
    """Make a column of the HER2 class at each time point, of the specimen that stands for it."""
    rule, her2 = study.biomarkers, study.her2
    assert rule is not None and her2 is not None
    tests = tests.drop(columns=["her2_class", "her2_reason", "her2_note", "ihc_form"], errors="ignore")
    tests = tests.join(classify_tests(her2, tests)[["her2_class", "ihc_form"]])
    tests = at_time_points(rule, with_dates(tests), patients, "specimen")
    new: dict[str, pd.Series] = {}
    for point, when in rule.time_points.items():
        which = pick(tests[tests["point"].eq(point)], when.pick)
        known = which[which["reason"].eq("")]
        classes = tests.loc[known["row"], "her2_class"].set_axis(known.index)
        found = pd.Categorical(patients["patient_id"].map(classes), class_names(her2), ordered=True)
        new[rule.her2_column(point)] = pd.Series(found, index=patients.index)
    return new
