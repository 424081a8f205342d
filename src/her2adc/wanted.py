"""Which columns of a table a study uses, and which names the book gives itself.

A column that the study does not use never stops it, whatever its cells hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from her2adc.config import Study
from her2adc.schema import TABLES

_PROSE = {
    "id", "title", "short_title", "question", "design", "setting", "data_kind", "citation", "source_note",
    "notes", "label", "labels", "definition", "unit", "reason", "limitations", "clock", "levels", "values",
    "missing", "set", "folder", "file", "sheet", "event_values", "no_event_values", "competing_values",
    "unknown", "notebook", "page", "edition", "data", "name", "reference", "analysed",
}  # fmt: skip
"""Keys whose texts name no column."""
_EXPRESSIONS = {"where", "exclude", "event_where", "expression"}
_WORD = re.compile(r"`([^`]+)`|([^\W\d]\w*)")
_HER2 = {"her2_class", "her2_result", "her2_reason", "her2_note", "ihc_found", "ish_found", "eligible"}
_RESPONSE = {"best_response", "clinical_benefit"}
_SUFFIXES = ("time", "event", "entry", "cause", "never")


def words_in(expression: str) -> list[str]:
    """Names that an expression could mean as columns, and more."""
    return [quoted or plain for quoted, plain in _WORD.findall(expression)]


def used_columns(study: Study, table: str) -> set[str]:
    """Names of columns of a table that the study file uses, by their names of the dictionary.

    Rather one too many: a name counts that stands anywhere in the study file where a column can.
    """
    names = {c.name for c in TABLES[table]}
    if table != "patients":
        for source in study.data.tables[table].sources:
            names |= {*source.columns, *source.values, *source.missing}
    names |= set(_names(study.model_dump(mode="python")))
    if study.her2:
        names |= {*study.her2.ihc, *study.her2.ish}
    return names | {v.source or n for n, v in study.variables.items()}


def _names(value: Any, key: str = "") -> Iterator[str]:
    """Texts below a value that can name a column."""
    if isinstance(value, dict):
        for k, v in value.items():
            if k not in _PROSE:
                yield str(k)
                yield from _names(v, str(k))
    elif isinstance(value, list | tuple | set):
        for v in value:
            yield from _names(v, key)
    elif isinstance(value, str) and value:
        yield value
        if key in _EXPRESSIONS:
            yield from words_in(value)


def own_names(study: Study) -> set[str]:
    """Names that the book gives to columns of its own in the cohort table of a study."""
    own = {f"{e}_{s}" for e in study.endpoints for s in _SUFFIXES} | set(study.derived)
    own |= _HER2 if study.her2 else set()
    own |= _RESPONSE if study.response else set()
    own |= {"follow_up_time"} if study.follow_up else set()
    return own | (study.sequencing.derived_dates if study.sequencing else set())


def is_own(study: Study, name: str) -> bool:
    """Whether a column of this name is one of the book's own."""
    return name in own_names(study) or name.endswith("__raw") or name.startswith("__")


def lawful(study: Study) -> set[str]:
    """Names of the book's own that a file may bring, since they are what the own column is made of."""
    found = {study.response.column, study.response.clinical_benefit} & _RESPONSE if study.response else set()
    for name, e in study.endpoints.items():
        parts = {e.time: "time", e.event: "event", e.entry: "entry"}
        found |= {f"{name}_{suffix}" for column, suffix in parts.items() if column == f"{name}_{suffix}"}
    used = [c for e in study.endpoints.values() for c in {e.time, e.event, e.entry} if c]
    used += [v.source or n for n, v in study.variables.items() if not v.expression]
    return {n for n in found if n and used.count(n) <= 1}


def inputs(study: Study) -> set[str]:
    """Columns of ``patients`` that the study names as input of something the book derives."""
    named: set[str | None] = set()
    for e in study.endpoints.values():
        named |= {e.start, e.time, e.event, e.entry, *e.events, *e.censor, *e.competing}
    named |= {v.source or n for n, v in study.variables.items() if not v.expression}
    named |= {o.column for o in study.outcomes.values()} | set((study.follow_up or {}).values())
    if study.response:
        named |= {study.response.column, study.response.start, study.response.clinical_benefit}
    if study.her2 and study.her2.table == "patients":
        named |= {*study.her2.ihc, *study.her2.ish, study.her2.ish_ratio, study.her2.ish_copies}
    return {n for n in named if n}
