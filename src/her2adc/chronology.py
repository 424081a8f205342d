"""Dates of one patient that cannot all be right: something after death, something before the first dose.

Dates that count from an origin of the patient's own are left out: their rounding decides the order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from her2adc.cells import DAYS_PER_MONTH, ELAPSED, UNITS
from her2adc.config import Study
from her2adc.errors import Problem
from her2adc.intake import RawTable
from her2adc.typed import date_columns

_DEATH = re.compile(r"death|died|dead|deceased|(?:^|[ _])dod(?:$|[ _])|死亡", re.IGNORECASE)
_BIRTH = re.compile(r"birth|(?:^|[ _])dob(?:$|[ _])|出生", re.IGNORECASE)
_NOT_ONLY = re.compile(
    r"progress|recur|relaps|metasta|last|contact|follow|censor|event|alive|survival|(?:^|[ _])or(?:$|[ _])"
    r"|进展|复发|随访|末次",
    re.IGNORECASE,
)
AFTER_DEATH = (
    ("assessments", "date"), ("exposures", "start"), ("exposures", "stop"), ("treatments", "start"),
    ("treatments", "stop"), ("adverse_events", "onset"),
)  # fmt: skip
"""Dates of other tables that do not lie after the death of the patient; of adverse events, a remark."""


@dataclass
class Chronology:
    """What was found in the dates of the patients."""

    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def check(study: Study, raw: Mapping[str, RawTable], typed: Mapping[str, pd.DataFrame]) -> Chronology:
    """Compare the dates of each patient with the death, the birth and the first dose.

    A date of death is the column that ``sequencing.death`` names, the one event of an endpoint called OS,
    or a date of the study whose name says so (``death_date``, ``Died on``) and nothing else. No other date
    that the study uses may lie after it, nor an assessment or a first dose; a column that holds one day for
    all patients is a cut-off and may. Adverse events after death, or before the first dose (the start of
    response or of the main endpoint), are remarked on.

    Parameters
    ----------
    study
        The study.
    raw, typed
        Its tables, as read and typed.

    Returns
    -------
    Chronology
        A problem for each date that contradicts another one, which names both.
    """
    found = Chronology()
    patients, table = typed.get("patients"), raw["patients"]
    if patients is None or "patient_id" not in patients:
        return found
    used = [c for c in sorted(date_columns(study)) if _calendar(patients, table, c)]
    deaths = [c for c in used if c in _death_columns(study) or _is(table, c, _DEATH)]
    for death in deaths:
        others = [c for c in used if c not in deaths and not _one_day(patients[c])]
        found.problems += [
            _after(table, i, c, patients, death)
            for c in others
            for i in patients.index[patients[c] > patients[death]]
        ]
        for name, column in AFTER_DEATH:
            late = _after_death(study, raw, typed, name, column, death)
            if name == "adverse_events":
                found.remarks += _late_events(late)
            else:
                found.problems += late
    for birth in [c for c in used if _is(table, c, _BIRTH)]:
        found.problems += [
            _before_birth(table, i, c, birth)
            for c in used
            if c != birth
            for i in patients.index[patients[c] < patients[birth]]
        ]
    found.remarks += _early_events(study, typed)
    found.remarks += _visits(study, raw, typed) + _units(study, patients)
    return found


def _calendar(frame: pd.DataFrame, table: RawTable, column: str) -> bool:
    """Whether a column holds dates of the calendar."""
    typed = column in frame and pd.api.types.is_datetime64_any_dtype(frame[column])
    return typed and not any(o.source.dates in ELAPSED for o in table.origin.get(column, []))


def _death_columns(study: Study) -> set[str]:
    """Columns that the study itself uses as the date of death."""
    named = {study.sequencing.death} if study.sequencing and study.sequencing.death else set()
    alone = {
        e.events[0]
        for e in study.endpoints.values()
        if e.name == "OS" and len(e.events) == 1 and not e.event_where and e.events[0] not in e.censor
    }
    return named | alone


def _is(table: RawTable, column: str, pattern: re.Pattern[str]) -> bool:
    """Whether the name of a column, here or in its file, says what it is and nothing else."""
    names = [column, *(o.column for o in table.origin.get(column, []))]
    return any(pattern.search(n) for n in names) and not any(_NOT_ONLY.search(n) for n in names)


def _one_day(dates: pd.Series) -> bool:
    """Whether a column holds one day for all patients, as a cut-off of the data does."""
    known = dates.dropna()
    return len(known) > 2 and bool(known.eq(known.iloc[0]).all())


def _shown(table: RawTable, column: str, index: object) -> str:
    """Name of a column in its file, with the text of a cell and its row."""
    cell = table.problem(column, index, "")
    return f"{cell.column}, {table.frame[column][index]!r} in row {cell.row} of {cell.file}"  # type: ignore[call-overload]


def _after(table: RawTable, index: object, column: str, patients: pd.DataFrame, death: str) -> Problem:
    message = f"lies after the death of the patient ({_shown(table, death, index)})"
    remedy = "correct one of the two dates, or empty the one that did not happen"
    return table.problem(column, index, message, remedy, table.frame[column][index])  # type: ignore[call-overload]


def _before_birth(table: RawTable, index: object, column: str, birth: str) -> Problem:
    message = f"lies before the birth of the patient ({_shown(table, birth, index)})"
    value = table.frame[column][index]  # type: ignore[call-overload]
    return table.problem(column, index, message, "correct one of the two dates", value)


def _late_events(late: list[Problem]) -> list[str]:
    """Remark on adverse events after death."""
    if not late:
        return []
    events = "1 adverse event begins" if len(late) == 1 else f"{len(late)} adverse events begin"
    first = f"the first in row {late[0].row} ({late[0].value})"
    return [f"{late[0].file}, {late[0].column}: {events} after the death of the patient, {first}"]


def _after_death(
    study: Study,
    raw: Mapping[str, RawTable],
    typed: Mapping[str, pd.DataFrame],
    name: str,
    column: str,
    death: str,
) -> list[Problem]:
    """Rows of another table that are dated after the death of their patient."""
    told = study.sequencing is not None and column in ("start", "stop")  # reading of exposures says so
    if told or name not in typed or "patient_id" not in typed[name]:
        return []
    rows, frame, patients, table = raw[name], typed[name], typed["patients"], raw["patients"]
    if not _calendar(frame, rows, column):
        return []
    known = patients[patients["patient_id"].notna()].drop_duplicates("patient_id")
    place = pd.Series(known.index, index=known["patient_id"])
    late = frame.index[frame[column] > frame["patient_id"].map(known.set_index("patient_id")[death])]
    return [
        rows.problem(
            column,
            i,
            f"lies after the death of the patient ({_shown(table, death, place[frame['patient_id'][i]])})",
            "correct one of the two dates, or delete the row",
            rows.frame[column][i],
        )
        for i in late
    ]


def _early_events(study: Study, typed: Mapping[str, pd.DataFrame]) -> list[str]:
    """Count the adverse events that began before the first dose."""
    events, patients = typed.get("adverse_events"), typed["patients"]
    main = study.endpoints.get(study.main_endpoint or next(iter(study.endpoints), ""))
    starts = [study.response.start if study.response else None, main.start if main else None]
    start = next((s for s in starts if s and s in patients), None)
    if events is None or "onset" not in events or start is None or study.sequencing:
        return []
    if not all(pd.api.types.is_datetime64_any_dtype(c) for c in (events["onset"], patients[start])):
        return []
    first = patients.drop_duplicates("patient_id").set_index("patient_id")[start]
    early = int((events["onset"] < events["patient_id"].map(first)).sum())
    if not early:
        return []
    what = "adverse event began" if early == 1 else "adverse events began"
    return [f"{early} {what} before {start}: counted as the safety page says"]


def _visits(study: Study, raw: Mapping[str, RawTable], typed: Mapping[str, pd.DataFrame]) -> list[str]:
    """Remark on patients all of whose assessments lie before the start, and on two results of one day."""
    visits, patients = typed.get("assessments"), typed["patients"]
    if visits is None or not {"patient_id", "date", "response"} <= set(visits):
        return []
    found = []
    kinds = visits.dropna(subset=["date"]).groupby(["patient_id", "date"])["response"].transform("nunique")
    if (two := visits.loc[kinds[kinds > 1].index]).shape[0]:
        days = len(two[["patient_id", "date"]].drop_duplicates())
        at = raw["assessments"].problem("date", two.index[0], "")
        found.append(
            f"{at.file}: on {days} day{'s' if days > 1 else ''} a patient has two different assessments, the "
            f"first in row {at.row}; a progression counts before a response of the same day"
        )
    start = study.response.start if study.response else None
    known = start in patients and pd.api.types.is_datetime64_any_dtype(patients[start])
    if known and pd.api.types.is_datetime64_any_dtype(visits["date"]):
        starts = patients.drop_duplicates("patient_id").set_index("patient_id")[start]
        begun = visits["patient_id"].map(starts)
        last = visits["date"].groupby(visits["patient_id"]).transform("max")
        if n := visits["patient_id"][last < begun].nunique():
            all_of = "patient has" if n == 1 else "patients have"
            found.append(f"{n} {all_of} assessments before {start} only: their best response is NE")
    return found


def _units(study: Study, patients: pd.DataFrame) -> list[str]:
    """Remark on ready-made times that do not fit the dates of follow-up: another unit, perhaps."""
    rule = study.follow_up or {}
    known = [c for c in rule.values() if c in patients and pd.api.types.is_datetime64_any_dtype(patients[c])]
    if len(known) < 2:
        return []
    seen = (patients[rule["end"]] - patients[rule["start"]]).dt.total_seconds() / 86_400 / DAYS_PER_MONTH
    found = []
    for name, e in study.endpoints.items():
        if not e.time or e.time not in patients or not pd.api.types.is_float_dtype(patients[e.time]):
            continue
        times = patients[e.time] * UNITS[e.unit] / DAYS_PER_MONTH
        ratio = (times / seen.where(seen > 0)).dropna()
        free = ratio[patients[str(e.event)][ratio.index].isin(e.no_event_values)]
        if (len(ratio) > 4 and ratio.median() > 2) or (len(free) > 4 and free.median() < 0.3):
            found.append(
                f"{name}: the times (median {times.median():.3g} months) do not fit the follow-up by dates "
                f"(median {seen.median():.3g} months); is endpoints.{name}.unit right (it is {e.unit})?"
            )
    return found
