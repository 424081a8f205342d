"""What the texts of cells mean by the study file, before any is read as a number, a date or a level."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from her2adc.cells import as_codes
from her2adc.config import MISSING, Source, Study, Table
from her2adc.errors import Problem
from her2adc.her2 import normalise_ihc, normalise_ish
from her2adc.raw import Part
from her2adc.readers import CBIOPORTAL_MISSING, Unclear


def visible(frame: pd.DataFrame) -> pd.DataFrame:
    """Cells without invisible characters, except those of ids, which are compared as they are."""

    def plain(text: str | None) -> str | None:
        if text is None or text.isascii():
            return text
        text = text.translate(dict.fromkeys((0x200B, 0xFEFF, 0x2060))).replace("\xa0", " ")
        return text.strip(" \t\n\u200e\u200f\u202a\u202c\u3000") or None

    return frame.assign(**{c: frame[c].map(plain) for c in frame.columns if c != "patient_id"})


def meanings(frame: pd.DataFrame, source: Source, table: Table) -> pd.DataFrame:
    """Put what ``values`` says in the place of texts, and empty the cells of ``missing``.

    A code is known in each of its spellings: ``1.0`` and a full-width 1 are the code ``1``. The text ``''``
    of ``values`` says what an empty cell means. Ids are compared as they are.
    """
    values = {c: {**table.values.get(c, {}), **source.values.get(c, {})} for c in frame.columns}
    missing = {c: {*table.missing.get(c, ()), *source.missing.get(c, ())} for c in frame.columns}
    told = {
        c: _told(frame[c], values[c], missing[c], exact=c == "patient_id")
        for c in frame.columns
        if values[c] or missing[c]
    }
    return frame.assign(**told)


def _told(text: pd.Series, values: dict[str, str], missing: set[str], *, exact: bool) -> pd.Series:
    """Texts of a column after what the study file says of them."""
    if exact:
        return text.map(lambda t: None if t in missing else values.get(t, t) or None)
    meant = as_codes(text, {k: v for k, v in values.items() if k != ""})
    gone = _among(text, missing)
    found = text.where(meant.isna(), meant).mask(gone, None)
    found = found.where(found.notna() | gone, values.get("")) if values.get("") else found
    return found.astype(object).where(found.notna() & found.ne(""), None)


def _among(text: pd.Series, codes: Iterable[str]) -> pd.Series:
    """Whether each text is one of some codes, however the code is spelled."""
    return as_codes(text, dict.fromkeys(codes, True)).notna()


def emptied(frame: pd.DataFrame, study: Study, source: Source) -> pd.DataFrame:
    """Empty the cells that hold a missing code.

    A text that the study lists as a value of the column is no code of the usual ones there, and one
    that is a HER2 result is none in a HER2 column. There a word that means "not done" stays to be shown.
    """
    told = set(study.data.missing)
    usual = {*MISSING, *(CBIOPORTAL_MISSING if source.format == "cbioportal" else ())}
    meant = _listed(study)
    ihc, ish = (set(study.her2.ihc), set(study.her2.ish)) if study.her2 else (set(), set())

    def codes(column: str) -> set[str]:
        if column in ihc | ish:
            read = normalise_ihc if column in ihc else normalise_ish
            forms = {t: read(t) for t in told}
            return {
                t
                for t, form in forms.items()
                if form is None or (form == "unknown" and not any(c.isalpha() for c in t))
            }
        return told | (usual - set(meant.get(column, {})))

    def gone(column: str) -> pd.Series:
        text = frame[column]
        return text.isin(codes(column)) if column == "patient_id" else _among(text, codes(column))

    return frame.assign(**{c: frame[c].mask(gone(c), None) for c in frame.columns})


def _listed(study: Study) -> dict[str, dict[str, str]]:
    """Texts of columns of ``patients`` to which the study file gives a meaning, and the key that does."""
    found: dict[str, dict[str, str]] = {}
    for name, v in study.variables.items():
        texts = [t for level, values in v.levels.items() for t in (level, *values)]
        found.setdefault(v.source or name, {}).update(dict.fromkeys(texts, f"variables.{name}.levels"))
    for name, o in study.outcomes.items():
        texts = [*o.event_values, *o.no_event_values]
        found.setdefault(o.column, {}).update(dict.fromkeys(texts, f"outcomes.{name}"))
    for name, e in study.endpoints.items():
        if e.event:
            texts = [*e.event_values, *e.no_event_values, *e.competing_values]
            found.setdefault(e.event, {}).update(dict.fromkeys(texts, f"endpoints.{name}"))
    if study.response and study.response.column:
        texts = [t for values in study.response.values.values() for t in values]
        found.setdefault(study.response.column, {}).update(dict.fromkeys(texts, "response.values"))
    return found


def codes_that_are_levels(study: Study) -> list[Problem]:
    """Texts that are both a missing code and a value of the same column."""
    table = study.data.tables["patients"]
    problems = []
    for column, texts in _listed(study).items():
        places = {
            "data.missing": study.data.missing,
            f"data.patients.missing.{column}": table.missing.get(column, ()),
        }
        places |= {f"missing.{column} of {s.file}": s.missing.get(column, ()) for s in table.sources}
        problems += [
            Problem(
                "study.yml",
                f"the text is a missing code ({where}) and a value of the same column ({key})",
                "say per column where it means that nothing is known, for example data.patients.missing: "
                f"{{death: [{code}]}}, or take it out of one of the two",
                column=key,
                value=code,
            )
            for where, codes in places.items()
            for code, key in zip(codes, as_codes(pd.Series(codes, dtype=object), texts), strict=True)
            if isinstance(key, str)
        ]
    return problems


def unclear_cells(
    part: Part, frame: pd.DataFrame, unclear: dict[str, list[Unclear]], used: set[str]
) -> list[Problem]:
    """Cells that hold nothing to rely on, in columns that the study uses, unless the study file says more."""
    problems = []
    for name, found in unclear.items():
        for u in found if name in used else ():
            if u.text is not None and frame.loc[u.row, name] != u.text:
                continue
            remedy = u.remedy
            if u.text is not None and name != "patient_id":
                listed = f'missing: {{{name}: ["{u.text}"]}}'
                remedy += f"; or list it under 'missing' of the file in study.yml: {listed}"
            if name == "patient_id":
                part.said.add(u.row)
            problems.append(Problem(part.file, u.message, remedy, u.row, part.columns[name], u.value))
    return problems
