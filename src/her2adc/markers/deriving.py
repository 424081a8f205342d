"""From the tables of a study to the markers of each patient, with every bad cell named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from her2adc.config import ALTERED, WILD_TYPE, Biomarkers, Study
from her2adc.errors import Problem, nearest
from her2adc.intake import RawTable
from her2adc.markers.choosing import MEASUREMENTS, chosen, her2_at, wide
from her2adc.markers.reading import at_time_points, named_rows, out_of_range, values


@dataclass
class Measured:
    """Patients with the columns of their markers, the table ``measurements``, and what was met."""

    patients: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def derive(
    study: Study, patients: pd.DataFrame, tables: Mapping[str, pd.DataFrame], raw: Mapping[str, RawTable]
) -> Measured:
    """Give each patient the markers at each time point.

    Parameters
    ----------
    study
        The study; without ``biomarkers`` nothing is derived.
    patients
        One row a patient, with the date columns that time points name.
    tables, raw
        The other tables, typed, and all tables as read.

    Returns
    -------
    Measured
        The patients with ``<marker>_<time point>`` (number as measured), ``<gene>_<time point>``
        (ordered: wild type, altered; missing when not tested) and, in studies with HER2 specimens,
        ``her2_at_<time point>``; the table ``measurements``.
    """
    rule = study.biomarkers
    if rule is None:
        return Measured(patients)
    rows, problems, remarks = pd.DataFrame(columns=MEASUREMENTS), _variable_problems(rule, patients, raw), []
    if rule.in_table:
        table = raw["biomarkers"]
        found = named_rows(rule, tables["biomarkers"])
        problems += _never_named(rule, table)
        found = at_time_points(rule, found, patients, "time_point")
        found, wrong = values(rule, found, table)
        problems += wrong
        rows, unclear = chosen(rule, found)
        remarks = [*_left_out(rule, tables["biomarkers"], found), *unclear]
    new = wide(rule, rows, patients)
    if study.her2 and "her2_tests" in tables:
        new |= her2_at(study, patients, tables["her2_tests"])
    return Measured(patients.assign(**new), {"measurements": rows}, problems, remarks)


def _variable_problems(
    rule: Biomarkers, patients: pd.DataFrame, raw: Mapping[str, RawTable]
) -> list[Problem]:
    """Numbers of variables that are outside the range of their marker."""
    return [
        problem
        for name, marker in rule.markers.items()
        if marker.variable
        for problem in out_of_range(
            name, marker, patients[marker.variable], raw["patients"], marker.variable
        )
    ]


def _never_named(rule: Biomarkers, table: RawTable) -> list[Problem]:
    """Markers of which the table has no row, unless a panel stands for the genes."""
    texts = table.frame["marker"].dropna().str.strip()
    known, lower = sorted(texts.unique()), set(texts.str.lower())
    by_panel = set(rule.genes) if any(p.lower() in lower for p in rule.panel) else set()
    return [
        Problem("study.yml", f"no row of {' + '.join(table.files)} is of this marker",
                nearest(source[0], known), column=f"biomarkers.{name}", value=", ".join(source))
        for name, source in rule.in_table.items()
        if name not in by_panel and not {s.lower() for s in source} & lower
    ]  # fmt: skip


def _left_out(rule: Biomarkers, table: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Say which measurements belong to no marker or to no time point."""
    known = {t.lower() for texts in rule.in_table.values() for t in texts} | {p.lower() for p in rule.panel}
    other = table["marker"][~table["marker"].str.strip().str.lower().isin(known)]
    out = []
    if len(other):
        names = ", ".join(sorted(other.str.strip().unique())[:8])
        out.append(f"{_measurements(len(other))} of markers that the study does not name: {names}")
    measured = rows["number"].notna() | rows["status"].isin([ALTERED, WILD_TYPE])
    if lost := int((rows["point"].isna() & measured & ~rows["panel"]).sum()):
        undated = int((rows["point"].isna() & measured & ~rows["panel"] & rows["date"].isna()).sum())
        without = f" ({undated} without a date)" if undated else ""
        out.append(f"{_measurements(lost)} of no time point{without}: not used")
    return out


def _measurements(n: int) -> str:
    return f"{n} measurement{'s' if n > 1 else ''}"
