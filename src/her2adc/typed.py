"""Text tables -> typed tables: dates, numbers and levels by the dictionary and the study file."""

from __future__ import annotations

from itertools import chain

import pandas as pd
import pandera.errors as pe

from her2adc import columns, dates, expressions
from her2adc.cells import ELAPSED, today
from her2adc.config import Study, Variable
from her2adc.errors import Problem, nearest
from her2adc.intake import RawTable
from her2adc.schema import TABLES, table_schema

INF = float("inf")
_ISH = "the ISH result"
LIMITS = {
    "%": (0, 100),
    **dict.fromkeys(("years", "yrs", "yr", "y", "岁"), (0, 120)),
    "kg": (0.2, 700),
    "cm": (0, 300),
    **dict.fromkeys(("kg/m2", "kg/m²"), (5, 200)),
    **dict.fromkeys(("mm", "g", "g/dL", "g/L", "U/L", "U/mL", "IU/L", "ng/mL", "pg/mL", "µg/L"), (0, INF)),
}
"""What a number of a unit can be, where the variable gives no ``minimum`` and ``maximum``."""


def date_columns(study: Study) -> set[str]:
    """Columns of ``patients`` that the study uses as dates."""
    used: set[str | None] = set()
    for e in study.endpoints.values():
        if e.start:
            used |= {e.start, e.entry, *e.events, *e.censor, *e.competing}
    used |= set((study.follow_up or {}).values())
    used |= {study.response.start} if study.response else set()
    if study.biomarkers:
        resistance = {study.biomarkers.resistance} - {*study.variables, *study.derived}
        used |= study.biomarkers.date_columns | resistance
    derived = {"first_response_date", "response_progression_date"}
    if study.sequencing:
        used |= study.sequencing.patient_dates
        derived |= study.sequencing.derived_dates
    return {u for u in used if u} - derived


def number_columns(study: Study) -> set[str]:
    """Columns of ``patients`` that the study uses as numbers."""
    used: set[str | None] = set()
    for e in study.endpoints.values():
        used |= {e.time, e.entry} if e.time else set()
    for v in study.variables.values():
        if v.expression:
            used.update(_named_in(v))
        elif not v.levels:
            used.add(v.source or v.name)
    if study.her2 and study.her2.table == "patients":
        used |= {study.her2.ish_ratio, study.her2.ish_copies}
    return {u for u in used if u}


def _named_in(variable: Variable) -> list[str]:
    """Columns that the expression of a variable names, none when it cannot be read."""
    try:
        return expressions.columns_in(str(variable.expression))
    except ValueError:
        return []


def type_table(study: Study, table: RawTable) -> tuple[pd.DataFrame, list[Problem]]:
    """Type the columns of a table by the dictionary and by what the study says of them."""
    kinds: dict[str, str] = {c.name: c.kind for c in TABLES[table.name]}
    problems: list[Problem] = []
    if table.name == "patients":
        kinds |= dict.fromkeys(date_columns(study), "date") | dict.fromkeys(number_columns(study), "number")
        problems += _absent(study, table) or _unclear(study, table)
        if problems:
            return table.frame, problems
    frame = table.frame.copy()
    words = {c.name: c.words for c in TABLES[table.name] if c.words}
    latest = None if study.data_kind == "simulated" else today()  # a simulation may end in the future
    for column in frame.columns:
        if kinds.get(column) == "date":
            frame[column], found = dates.dates(table, column, latest)
        elif kinds.get(column) in ("number", "integer"):
            nothing = _missing(study, table, column)
            frame[column], found = columns.numbers(table, column, _unit(study, table, column), nothing)
        else:
            frame[column] = columns.worded(frame[column], words[column]) if column in words else frame[column]
            continue
        problems += found
    if table.name == "patients":
        frame, found = _variables(study, table, frame)
        problems += found
    return frame, problems + _schema_problems(table, frame, problems + table.key_problems)


def _unit(study: Study, table: RawTable, column: str) -> str:
    """Unit of the variable that a column of ``patients`` holds; a percent sign where any has it."""
    if table.name != "patients":
        return ""
    units = [v.unit for v in study.variables.values() if (v.source or v.name) == column and v.unit]
    return "%" if "%" in units else next(iter(units), "")


def _missing(study: Study, table: RawTable, column: str) -> list[str]:
    """Texts that the variables of a column of ``patients`` call missing."""
    own = [v for v in study.variables.values() if (v.source or v.name) == column and not v.levels]
    return [t for v in own for t in v.missing] if table.name == "patients" else []


def _absent(study: Study, table: RawTable) -> list[Problem]:
    """Columns that study.yml uses and that no file of ``patients`` has."""
    needed = dict.fromkeys(date_columns(study), "a date") | dict.fromkeys(number_columns(study), "a number")
    computed = {name: _named_in(v) for name, v in study.variables.items() if v.expression}
    needed |= {c: f"part of variables.{name}.expression" for name, named in computed.items() for c in named}
    needed |= {v.source or v.name: "a variable" for v in study.variables.values() if not v.expression}
    needed |= {e.event: "an event" for e in study.endpoints.values() if e.event}
    needed |= {o.column: "an outcome" for o in study.outcomes.values()}
    if study.her2 and study.her2.table == "patients":
        needed |= dict.fromkeys(study.her2.ihc, "the IHC score") | dict.fromkeys(study.her2.ish, _ISH)
    if study.response and study.response.column:
        needed[study.response.column] = "best response"
    if study.response and study.response.clinical_benefit:
        needed[study.response.clinical_benefit] = "clinical benefit"
    derived = {n for n, v in study.variables.items() if v.source or v.expression}
    named_in_expressions = set(chain.from_iterable(computed.values()))
    return [
        Problem(
            " + ".join(table.files),
            f"has no column {c!r}, which study.yml uses as {what}",
            nearest(str(c), list(table.frame.columns)[:40])
            + ("; write her2.ish: [] if ISH was not done" if what == _ISH else ""),
            column=str(c),
        )
        for c, what in needed.items()
        if c not in table.frame.columns and (c not in derived or c in named_in_expressions)
    ]


def _unclear(study: Study, table: RawTable) -> list[Problem]:
    """Expressions that cannot be read, columns used in two ways, a cut-off without a calendar."""
    problems = []
    for name, v in study.variables.items():
        try:
            expressions.columns_in(v.expression or "0")
        except ValueError as error:
            problems.append(
                Problem(
                    "study.yml",
                    str(error),
                    "write for example weight / height ** 2, names with blanks in backticks",
                    column=f"variables.{name}.expression",
                    value=str(v.expression),
                )
            )
    problems += [
        Problem(
            "study.yml",
            "a calendar date means nothing to times that count from an origin of the patient's own",
            "use horizon_months in its place",
            column=f"endpoints.{e.name}.cutoff",
            value=str(e.cutoff),
        )
        for e in study.endpoints.values()
        if e.cutoff and any(o.source.dates in ELAPSED for o in table.origin.get(str(e.start), []))
    ]
    return problems + [
        Problem(
            "study.yml",
            "the column is used as a date and as a number",
            "give it two names under 'columns' of its file, one for each use",
            column=column,
        )
        for column in sorted(date_columns(study) & number_columns(study))
    ]


def _variables(study: Study, table: RawTable, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    """Add the analysis variables and the outcomes, each under its own name."""
    problems: list[Problem] = []
    new: dict[str, pd.Series] = {}
    for name, v in study.variables.items():
        column = v.source or name
        if v.levels:
            new[name], found = columns.levels(table, column, v)
            problems += found
            continue
        if v.expression:
            number, found = columns.computed(table, frame, v)
            problems += found
        else:
            number = frame[column]
        problems += _range(table, column, number, v)
        new[name] = columns.cut(number, v) if v.cut else number
    for name, outcome in study.outcomes.items():
        new[name], found = columns.outcome(table, outcome)
        problems += found
    raw_names = {n: f"{n}__raw" for n in new if n in frame.columns and n not in number_columns(study)}
    return frame.rename(columns=raw_names).assign(**new), problems


def _range(table: RawTable, column: str, values: pd.Series, v: Variable) -> list[Problem]:
    """Numbers outside what the variable, or else its unit, allows."""
    unit = LIMITS.get(v.unit, (-INF, INF))
    low = unit[0] if v.minimum is None else v.minimum
    high = unit[1] if v.maximum is None else v.maximum
    allowed = f"{low:g} or more" if high == INF else f"{low:g} to {high:g}"
    allowed = f"{high:g} or less" if low == -INF else allowed
    own = v.minimum is not None or v.maximum is not None
    why = "" if own or v.unit not in LIMITS else f", which is all that the unit {v.unit} allows"
    return [
        table.problem(
            column,
            i,
            f"lies outside {allowed}{why}",
            f"correct the cell, or set variables.{v.name}.minimum and maximum in study.yml",
            f"{values[i]:g}",
        )
        for i in values.index[(values < low) | (values > high)]
    ]


def _schema_problems(table: RawTable, frame: pd.DataFrame, before: list[Problem]) -> list[Problem]:
    """Failures of the pandera schema as problems; cells already reported are not repeated."""
    try:
        table_schema(table.name).validate(frame, lazy=True)
    except pe.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    problems = []
    known = {(p.row, p.column) for p in before}
    meaning = {c.name: c.meaning for c in TABLES[table.name]}
    for case in cases.itertuples():
        column = str(case.column if case.column in meaning else case.failure_case)
        if case.check == "column_in_dataframe":
            problems.append(
                Problem(
                    table.files[0],
                    f"has no column {column!r} ({meaning.get(column)})",
                    nearest(column, list(frame.columns)[:40]),
                    column=column,
                )
            )
            continue
        message, value = str(case.check), str(case.failure_case)
        if "not_nullable" in message:
            message, value = "the cell is empty", ""
            remedy = f"fill in {meaning.get(column, column)}, or delete the row"
        else:
            allowed = next((c.allowed for c in TABLES[table.name] if c.name == column), ())
            first = f"write one of {', '.join(map(str, allowed))}" if allowed else "correct the cell"
            remedy = columns.means_remedy(table, column, f"{value!r}: ...", first)
        p = table.problem(column, case.index, message, remedy, value)
        if (p.row, p.column) not in known:
            problems.append(p)
    return problems
