"""HER2 texts that mean something only beside the others of their column, and texts declared unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from her2adc import her2
from her2adc.cells import folded
from her2adc.config import Study
from her2adc.errors import Problem, nearest
from her2adc.intake import RawTable

UNKNOWN = "unknown"
_PLUSES = ("++", "+++")
_FORMS = {
    "ihc": "write 0, 0+ (ultralow), 1+, 2+ or 3+",
    "ish": "write amplified, not amplified or equivocal",
}
_NORMALISE = {"ihc": her2.normalise_ihc, "ish": her2.normalise_ish}
_COUNTS = {"ish_ratio": (0.1, 50.0, "HER2/CEP17 ratio"), "ish_copies": (0.1, 200.0, "number of HER2 copies")}


@dataclass
class Settled:
    """The typed tables with their HER2 texts settled, and what was met."""

    tables: dict[str, pd.DataFrame]
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def settle(study: Study, raw: Mapping[str, RawTable], typed: Mapping[str, pd.DataFrame]) -> Settled:
    """Read HER2 texts beside the others of their column.

    A ``-`` is IHC 0, or ISH not amplified, where the column writes its other results with ``+`` and has
    no other word for it. In a column of IHC scores with a 0 and no pluses it is a missing result, with a
    remark; otherwise it is a problem. A ``+`` alone is IHC 1+ only where the column also has ``++`` or
    ``+++``. A number in a column of ISH results is no result. What ``her2.unknown`` and ``data.missing``
    list is not known.

    Parameters
    ----------
    study
        The study.
    raw
        Its tables as read.
    typed
        Its tables, typed.

    Returns
    -------
    Settled
        A problem for each cell that no rule knows: a typing error, or a text to be explained.
    """
    found = Settled(dict(typed))
    rule = study.her2
    if rule is None:
        return found
    columns = [("patients", test, c) for test in _NORMALISE for c in getattr(rule, test)]
    columns = columns if rule.table == "patients" else []
    if rule.table == "her2_tests" or study.evolution or (study.biomarkers and "her2_tests" in raw):
        columns += [("her2_tests", test, test) for test in _NORMALISE]
    found.problems += _unknown_columns(study, [c for _, _, c in columns])
    for table, test, column in columns:
        if column in raw[table].frame:  # typing says so otherwise
            cells = _column(study, raw[table], column, test, found)
            found.tables[table] = found.tables[table].assign(**{column: cells})
    found.problems += _count_problems(study, raw, found.tables)
    return found


def _column(study: Study, table: RawTable, column: str, test: str, found: Settled) -> pd.Series:
    """Texts of a column as they are to be read, with its problems and remarks."""
    assert study.her2 is not None
    cells = table.frame[column].copy()
    plain = cells.map(lambda t: folded(str(t)).strip("()[] "), na_action="ignore")
    own, everywhere = study.her2.unknown_in(column)
    named = (*study.her2.ihc, *study.her2.ish) if table.name == "patients" else tuple(_NORMALISE)
    others = [*(c for c in named if c != column), column]
    silent = cells.isin(own)
    open_ = plain.mask(silent | cells.isin(study.data.missing) | cells.isin(everywhere))
    minus, problem = _minus(open_, test)
    forms = cells.map(_NORMALISE[test]).mask(plain.eq("-"), minus)
    found.problems += _both(cells, forms, column, others, everywhere, "her2.unknown")
    found.problems += _both(cells, forms, column, others, study.data.missing, "data.missing")
    silent |= cells.isin(everywhere) | cells.isin(study.data.missing)
    signs = plain.eq("-") if problem else pd.Series(False, index=cells.index)
    lone = plain.eq("+") & (test == "ihc" and not open_.isin(_PLUSES).any())
    number = plain.str.fullmatch(r"[0-9]+(?:[.,][0-9]+)?", na=False) & (test == "ish")
    strange = forms.isna() & ~number
    example = "'-': '0'" if test == "ihc" else "'-': not amplified"
    for which, message, remedy in (
        (signs, problem, _meaning(table, column, "-", example)),
        (lone, "a + may mean IHC 1+ or positive", _meaning(table, column, "+", "'+': 1+")),
        (number, "a number is no ISH result", _number_remedy(table, column)),
        (strange, "HER2 result not understood", _text_remedy(table, column, test, cells[strange & ~silent])),
    ):
        bad = cells[which.astype(bool) & ~silent]
        found.problems += [table.problem(column, i, message, remedy, t) for i, t in bad.items()]
    written = {"0": "0 (written -)", "not amplified": "not amplified (written -)"}
    if not problem and minus == UNKNOWN and (n := int((plain.eq("-") & ~silent).sum())):
        place = f"{table.origin[column][0].place}, {table.origin[column][0].column}"
        found.remarks.append(f"{place}: - is read as not done ({n} cell{'s' if n > 1 else ''})")
    if minus in written:
        cells = cells.mask(plain.eq("-") & ~silent, written[minus])
    if test == "ihc" and set(open_.dropna()) - {""} and set(open_.dropna()) <= {"1", "2", "3", ""}:
        found.remarks.append(
            f"{table.origin[column][0].place}, {table.origin[column][0].column}: 1, 2 and 3 are read as IHC "
            "1+, 2+ and 3+, and there is no 0; if they are codes of something else, say what each means "
            f"under {table.where_values(column)} in study.yml"
        )
    known = cells.map(_NORMALISE[test]).eq(UNKNOWN)
    return cells.mask(silent & ~known, UNKNOWN).astype(object).where(lambda c: c.notna(), None)


def _minus(texts: pd.Series, test: str) -> tuple[str, str]:
    """What a ``-`` means beside the other texts of a column, or why that cannot be told."""
    others = texts[texts.notna() & texts.ne("-")]
    forms = set(others.map(_NORMALISE[test])) - {None, UNKNOWN}
    means, words = ("0", {"0", "0+", "negative"}) if test == "ihc" else ("not amplified", {"not amplified"})
    pluses = others.isin(("+", *_PLUSES) if test == "ish" else _PLUSES).any()
    if pluses and not forms & words:
        return means, ""
    if test == "ihc" and forms & words and not pluses:
        return UNKNOWN, ""
    name = "IHC 0" if test == "ihc" else "ISH not amplified"
    return UNKNOWN, f"a - may mean {name} or not done" if texts.eq("-").any() else ""


def _both(
    cells: pd.Series, forms: pd.Series, column: str, columns: list[str], texts: tuple[str, ...], key: str
) -> list[Problem]:
    """Texts that a key of the study file takes for unknown, and that are results in this column."""
    results = forms[cells.isin(texts) & forms.notna() & forms.ne(UNKNOWN)]
    remedy = (
        f"in place of {key}, name the column in which it is not known: her2: {{unknown: {{column: [text]}}}} "
        f"(columns: {', '.join(columns)})"
    )
    return [
        Problem("study.yml", f"is a result in the column {column!r}, read as {form}", remedy, None, key, text)
        for text, form in dict(zip(cells[results.index], results, strict=True)).items()
    ]


def _meaning(table: RawTable, column: str, text: str, example: str) -> str:
    return (
        f"say in study.yml what it means: {table.where_values(column)}, for example {{{example}}}; or, if it "
        f"means not done, data.{table.name}.missing.{column}: ['{text}']"
    )


def _number_remedy(table: RawTable, column: str) -> str:
    ratio = "her2.ish_ratio (and her2.ish: [])" if table.name == "patients" else "the column ish_ratio"
    return (
        f"a ratio of HER2 to CEP17 belongs to {ratio}; of codes, say in study.yml what each means: "
        f"{table.where_values(column)}, for example {{'0': not amplified, '1': amplified, '2': not done}}"
    )


def _text_remedy(table: RawTable, column: str, test: str, bad: pd.Series) -> str:
    text = repr(bad.iloc[0]) if len(bad) else "the text"
    return (
        f"{_FORMS[test]}; or say in study.yml what the text means: {table.where_values(column)}, for example "
        f"{{{text}: ...}}; if the result is not known, her2: {{unknown: {{{column}: [{text}]}}}}"
    )


def _unknown_columns(study: Study, columns: list[str]) -> list[Problem]:
    """Columns of ``her2.unknown`` that hold no HER2 result."""
    assert study.her2 is not None
    named = study.her2.unknown if isinstance(study.her2.unknown, dict) else {}
    return [
        Problem("study.yml", "is no column of HER2 results", nearest(c, columns), None, "her2.unknown", c)
        for c in named
        if c not in columns
    ]


def _count_problems(
    study: Study, raw: Mapping[str, RawTable], tables: Mapping[str, pd.DataFrame]
) -> list[Problem]:
    """Ratios and copy numbers that no tumour has."""
    rule = study.her2
    assert rule is not None
    problems = []
    for key, (low, high, what) in _COUNTS.items():
        column = getattr(rule, key) if rule.table == "patients" else key
        if column is None or column not in tables[rule.table]:
            continue
        values = tables[rule.table][column].astype(float)
        remedy = f"correct the cell, or list it under data.{rule.table}.missing.{column} in study.yml"
        problems += [
            raw[rule.table].problem(column, i, f"is no {what}: {low:g} to {high:g}", remedy, f"{values[i]:g}")
            for i in values.index[values.notna() & ~values.between(low, high)]
        ]
    return problems
