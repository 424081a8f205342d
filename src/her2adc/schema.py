"""The data dictionary: the tables a study can have, as pandera schemas.

The schemas validate what :mod:`her2adc.intake` has read and typed, and the page *Data dictionary*
is generated from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa

from her2adc.config import NO, YES

Kind = Literal["id", "text", "date", "number", "integer"]
DATE_RANGE = (pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01"))


RESPONSES: dict[str, tuple[str, ...]] = {
    "CR": ("complete response", "complete remission", "完全缓解"),
    "PR": ("partial response", "partial remission", "部分缓解"),
    "SD": ("stable disease", "疾病稳定"),
    "PD": ("progressive disease", "disease progression", "疾病进展"),
    "NE": ("not evaluable", "inevaluable", "unevaluable", "non-evaluable", "不可评估"),
}
"""Responses of RECIST 1.1, and the words for them."""
_YES_NO = {"yes": YES, "no": NO}


@dataclass(frozen=True)
class Column:
    """A column of the data dictionary.

    ``required`` columns must be in the file; ``filled`` ones must have a value in every row. ``words``
    are read as the values of ``allowed`` that they mean.
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    filled: bool = False
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_ID = Column("patient_id", "id", "pseudonym of the patient; the key of all tables", True, True)

TABLES: dict[str, tuple[Column, ...]] = {
    "patients": (
        _ID,
        Column("her2_ihc", "text", "IHC score as reported: 0, 0+ (ultralow), 1+, 2+, 3+"),
        Column("her2_ish", "text", "ISH as reported: amplified, not amplified, equivocal"),
    ),
    "her2_tests": (
        _ID,
        Column(
            "specimen",
            "text",
            "kind of specimen: primary, recurrence, metastasis, or any kind the study names",
            True,
            True,
        ),
        Column("date", "date", "date of the specimen"),
        Column("ihc", "text", "IHC score as reported", True),
        Column("ish", "text", "ISH as reported", True),
        Column("ish_ratio", "number", "HER2/CEP17 ratio", minimum=0),
        Column("ish_copies", "number", "mean HER2 copies per cell", minimum=0),
        Column("site", "text", "site of the specimen"),
    ),
    "treatments": (
        _ID,
        Column("line", "integer", "line of therapy, counted from 1", True, True, minimum=1, maximum=40),
        Column("regimen", "text", "agents of the line", True, True),
        Column("start", "date", "first dose", True),
        Column("stop", "date", "last dose; empty while ongoing"),
        Column("stop_reason", "text", "progression, adverse event, death, ongoing, other"),
    ),
    "exposures": (
        _ID,
        Column("agent", "text", "the drug, as recorded", True, True),
        Column("start", "date", "first dose", True),
        Column("stop", "date", "last dose; empty while ongoing"),
        Column("reason", "text", "why it was stopped"),
        Column("type", "text", "kind of treatment"),
        Column("line", "integer", "line of therapy, counted from 1", minimum=1, maximum=40),
    ),
    "assessments": (
        _ID,
        Column("date", "date", "date of the tumour assessment", True, True),
        Column(
            "response",
            "text",
            "overall response at that visit, RECIST 1.1",
            True,
            allowed=tuple(RESPONSES),
            words=RESPONSES,
        ),
    ),
    "adverse_events": (
        _ID,
        Column("term", "text", "adverse event, CTCAE 5.0 term", True, True),
        Column(
            "grade",
            "integer",
            "CTCAE grade 1 to 5; empty if not recorded",
            True,
            minimum=1,
            maximum=5,
        ),
        Column("onset", "date", "date of onset"),
        Column("related", "text", "related to treatment: yes or no", allowed=("yes", "no"), words=_YES_NO),
        Column(
            "action",
            "text",
            "none, dose reduced, interrupted, drug withdrawn",
            allowed=("none", "dose reduced", "interrupted", "drug withdrawn"),
        ),
        Column("serious", "text", "serious: yes or no", allowed=("yes", "no"), words=_YES_NO),
        Column("outcome", "text", "outcome of the event"),
        Column("resolved", "date", "date on which it was resolved"),
        Column("soc", "text", "system organ class"),
    ),
    "biomarkers": (
        _ID,
        Column("marker", "text", "marker, for example ESR1 mutation", True, True),
        Column("date", "date", "date of the specimen"),
        Column("value", "text", "result", True),
        Column("time_point", "text", "time point of the measurement, for example before treatment"),
    ),
}

_ROW_IS = {
    "patients": "a patient",
    "her2_tests": "a specimen scored",
    "treatments": "a line of therapy",
    "exposures": "a drug given over a time",
    "assessments": "a tumour assessment",
    "adverse_events": "an adverse event",
    "biomarkers": "a measurement",
}


def table_schema(table: str) -> pa.DataFrameSchema:
    """Pandera schema of a table whose columns have been typed.

    Columns the dictionary does not know are allowed: studies bring their own variables.

    Parameters
    ----------
    table
        Name of a table of :data:`TABLES`.

    Returns
    -------
    pandera.DataFrameSchema
        Checks run lazily, so that all failures come at once.
    """
    columns = {c.name: _pandera(c) for c in TABLES[table]}
    unique = ["patient_id"] if table == "patients" else None
    return pa.DataFrameSchema(columns, unique=unique, strict=False, report_duplicates="all")


def _pandera(column: Column) -> pa.Column:
    checks: list[Any] = []
    if column.allowed:
        checks.append(pa.Check.isin(column.allowed, error=f"allowed: {', '.join(column.allowed)}"))
    if column.minimum is not None:
        high = float("inf") if column.maximum is None else column.maximum
        checks.append(pa.Check.in_range(column.minimum, high, error=f"allowed: {_bounds(column)}"))
    if column.kind == "integer":
        checks.append(pa.Check(lambda values: values % 1 == 0, error="allowed: a whole number"))
    if column.kind == "date":
        checks.append(pa.Check.in_range(*DATE_RANGE, error="a date between 1900 and 2100"))
    dtype = {"date": "datetime64[ns]", "number": "float64", "integer": "float64"}.get(column.kind)
    return pa.Column(dtype, checks, nullable=not column.filled, required=column.required)


def dictionary_markdown() -> str:
    """Return the data dictionary as Markdown: a section and a table for each data table.

    Examples
    --------
    >>> "| `patient_id` |" in dictionary_markdown()
    True
    """
    parts = []
    for table, columns in TABLES.items():
        parts.append(
            f"## `{table}`\n\nA row is {_ROW_IS[table]}."
            + ("" if table == "patients" else " Optional table.")
            + "\n"
        )
        parts.append("| column | holds | required | allowed |\n|---|---|---|---|")
        parts.extend(f"| `{c.name}` | {c.meaning} | {_need(c)} | {_allowed(c)} |" for c in columns)
        parts.append("")
    parts.append(
        "Any other column of `patients` becomes a variable once `study.yml` lists it under `variables`.\n"
    )
    return "\n".join(parts)


def _bounds(column: Column) -> str:
    if column.maximum is None:
        return f"{column.minimum:g} or more"
    return f"{column.minimum:g} to {column.maximum:g}"


def _need(column: Column) -> str:
    if column.filled:
        return "yes, no empty cell"
    return "yes" if column.required else "no"


def _allowed(column: Column) -> str:
    if column.allowed:
        return ", ".join(column.allowed)
    if column.minimum is not None:
        return _bounds(column)
    return {
        "date": "date (ISO, or as `dates` says)",
        "id": "unique in `patients`",
        "number": "number",
        "integer": "whole number",
    }.get(column.kind, "text")
