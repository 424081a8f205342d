"""Rows and their patients: ids that are missing, repeated, alike, or no ids at all."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from her2adc.errors import Problem
from her2adc.raw import Part, RawTable

_TOTALS = re.compile(
    r"^(grand )?(total|sum|subtotal|sub-total|mean|average|median|sd|n|count|gesamt|summe|mittelwert|totale?"
    r"|suma|moyenne|合计|总计|小计|共计|总数|平均|平均值|均值|中位数|例数|合計|総計|平均値|합계|평균)\s*[:：=]?"
    r"(\s*\(?[\d.,]+\s*\D{0,3}\)?)?$",
    re.IGNORECASE,
)

Examples = dict[tuple[str, str], str]
"""The example that a cure shows, by file and kind."""
_LONGEST = 200
_IN_ROWS = (
    "the patient stands in more than one row",
    "keep one row a patient, by hand or with 'first_by' in study.yml",
)
_IN_FILES = (
    "the patient stands in more than one of the files that are stacked",
    "if these are different patients, give each file its id_prefix in study.yml (id_prefix: A-); "
    "else keep one row, or join the files (combine: join)",
)


def key_of(text: str) -> str:
    r"""Reduce an id to what it has in common with other spellings of it.

    Case, blanks, invisible characters, full width, kinds of hyphens, leading zeros and a final ``.0``
    do not count.

    Examples
    --------
    >>> key_of("P-001"), key_of("ｐ－00１\u200b"), key_of("007.0"), key_of("7")
    ('p-1', 'p-1', '7', '7')
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cc") and not c.isspace())
    plain = re.sub(r"[‐‑‒–—−﹣]", "-", plain).casefold()
    plain = re.sub(r"^(\d+)\.0+$", r"\1", plain)
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain)


def form_of(text: str) -> str:
    """Form of an id: what is letter, what is digit.

    Examples
    --------
    >>> form_of("P-001"), form_of("2023017")
    ('a-0', '0')
    """
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text))


def difference(one: str, other: str) -> str:
    """In what two spellings of an id differ."""
    kinds = []
    visible = [_visible(t) for t in (one, other)]
    if visible != [one, other]:
        kinds.append("invisible characters")
    wide = [unicodedata.normalize("NFKC", t) for t in visible]
    if wide != visible:
        kinds.append("full width")
    close = ["".join(t.split()) for t in wide]
    if close != wide:
        kinds.append("blanks")
    if close[0] != close[1] and close[0].casefold() == close[1].casefold():
        kinds.append("case")
    elif close[0].casefold() != close[1].casefold():
        zeros = [re.sub(r"(?<!\d)0+(?=\d)", "", t) for t in close]
        kinds.append("leading zeros" if zeros[0].casefold() == zeros[1].casefold() else "signs")
    return " and ".join(kinds)


def _visible(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc"))


def key_problems(part: Part, unique: bool) -> list[Problem]:
    """Rows without a patient, rows that are no patient's, and patients with two rows where one may be.

    The rows of the first two kinds leave the part, so that all else that is wrong is found too.
    """
    column, ids = part.columns["patient_id"], part.frame["patient_id"]
    forms = Counter(form_of(i) for i in ids.dropna())
    usual = forms.most_common(1)[0][0] if forms else ""
    others = part.frame.drop(columns=["patient_id", *part.source.set], errors="ignore")
    known = others.notna().any(axis=1)
    totals = ids.map(lambda t: bool(t and _TOTALS.match(t)))
    problems = [
        Problem(
            part.file, f"the id has {len(t):,} characters", "correct the cell", int(str(r)), column, t[:40]
        )
        for r, t in ids[ids.str.len().gt(_LONGEST)].items()
    ]
    out = []
    row: Any
    for row, text in ids[ids.isna() | ids.map(lambda t: t and form_of(t)).ne(usual) | totals].items():
        if text is None and int(row) not in part.said:
            problems.append(_no_id(part, int(row), column, others.loc[row].dropna()))
        elif text is not None and len(ids) > 1 and totals[row]:
            problems.append(_no_patient(part, int(row), column, text, "seems to be a total"))
        elif text is not None and len(ids) > 1 and others.shape[1] and not known[row]:
            problems.append(_no_patient(part, int(row), column, text, "holds only a text, a note perhaps"))
        else:
            continue
        out.append(row)
    part.frame = part.frame.drop(index=out)
    return problems + (repeated([part]) if unique else [])


def _no_id(part: Part, row: int, column: str, filled: pd.Series) -> Problem:
    """A row without an id."""
    total = next((t for t in filled if _TOTALS.match(str(t))), None)
    alone = filled.iloc[0] if len(filled) == 1 else None
    if total or alone:
        return Problem(part.file, "the row has no id; it seems to be a total or a note", "delete the row",
                       row, column, str(total or alone))  # fmt: skip
    return Problem(part.file, "the patient has no id", "fill in the id or delete the row", row, column)


def _no_patient(part: Part, row: int, column: str, text: str, what: str) -> Problem:
    """A row whose id is none."""
    quote = '"' if "'" in text else "'"
    rule = f"patient_id != {quote}{text}{quote}"
    if part.source.where:
        rule = f"({part.source.where}) and {rule}"
    return Problem(
        part.file,
        f"the row {what}, and is no patient's",
        f"delete the row, or leave it out with where: {rule} for this file in study.yml",
        row,
        column,
        text,
    )


def repeated(parts: list[Part]) -> list[Problem]:
    """Patients with more than one row in files of which each has its own patients."""
    places: dict[str, list[tuple[Part, int]]] = {}
    for part in parts:
        for row, text in part.frame["patient_id"].dropna().items():
            places.setdefault(text, []).append((part, int(str(row))))
    problems = []
    for text, found in places.items():
        if len(found) < 2:
            continue
        several = len({p.file for p, _ in found}) > 1
        message, remedy = _IN_FILES if several else _IN_ROWS
        problems += [Problem(p.file, message, remedy, r, p.columns["patient_id"], text) for p, r in found]
    return problems


def look_alikes(parts: list[Part]) -> list[Problem]:
    """Ids of one table that are spelled in two ways."""
    first: dict[str, str] = {}
    examples: Examples = {}
    problems = []
    for part in parts:
        for row, text in part.frame["patient_id"].dropna().items():
            known = first.setdefault(key_of(text), text)
            if text != known:
                place = Problem(part.file, "", "", int(str(row)), part.columns["patient_id"])
                problems.append(_alike(place, text, known, "the table", examples))
    return problems


def _alike(place: Problem, text: str, known: str, where: str, examples: Examples) -> Problem:
    """An id that is another spelling of one known; the cure shows the first of its kind."""
    file, row, column, differs = place.file, place.row, place.column, difference(text, known)
    shown = f'"{text}"' if text.isprintable() else ascii(text).replace("'", '"')
    example = examples.setdefault((file, differs), f"{{{shown}: {known}}}")
    return Problem(
        file,
        f"the id differs from another of {where} only by {differs}",
        "write the id of a patient alike everywhere; or say under 'values' of the file in study.yml which is "
        f"meant, for example values: {{patient_id: {example}}}",
        row,
        column,
        f"{text}, and {known} there",
    )


def nothing_in_common(parts: list[Part]) -> list[Problem]:
    """Files to be joined of which one has no patient in common with those before it."""
    known = set(parts[0].frame["patient_id"]) if parts else set()
    problems = []
    for part in parts[1:]:
        own = set(part.frame["patient_id"])
        if known and own and not known & own:
            before = " and ".join(dict.fromkeys(p.file for p in parts[: parts.index(part)]))
            problems.append(
                Problem(
                    part.file,
                    f"has no patient in common with {before}, to which it is joined by patient_id",
                    "if the files hold different patients, stack them: combine: stack beside 'sources' of "
                    "data.patients, and set: {hospital: A} for each file if a column shall say which; else "
                    "mend the ids, or the column that 'columns' gives as patient_id",
                    column=part.columns["patient_id"],
                    value=f"{next(iter(sorted(own)))} here, {next(iter(sorted(known)))} there",
                )
            )
        known |= own
    return problems


def orphans(raw: Mapping[str, RawTable]) -> list[Problem]:
    """Find rows of other tables whose patient is not in ``patients``.

    Parameters
    ----------
    raw
        All tables by name.

    Returns
    -------
    list of Problem
    """
    known = set(raw["patients"].frame["patient_id"])
    alike = {key_of(i): i for i in known if i is not None}
    examples: Examples = {}
    return [
        _orphan(table, raw["patients"].files, i, p, alike.get(key_of(p)), examples)
        for name, table in raw.items()
        if name != "patients"
        for i, p in table.frame["patient_id"].items()
        if p is not None and p not in known
    ]


def _orphan(
    table: RawTable, files: Iterable[str], index: object, text: str, alike: str | None, examples: Examples
) -> Problem:
    """A row of a patient that the table of patients has not, or spells in another way."""
    place = table.problem("patient_id", index, "", "", text)
    if alike is None:
        message, remedy = "this patient is not in the table of patients", "add the patient to "
        remedy += f"{next(iter(files))}, or delete the row"
        return Problem(place.file, message, remedy, place.row, place.column, text)
    where = " and ".join(files)
    return _alike(place, text, alike, f"the table of patients ({where})", examples)


def second_header_hint(problems: list[Problem], raw: Mapping[str, RawTable]) -> list[Problem]:
    """Take several cells of a file's first data row that cannot be read for a second header row.

    Only if the row cannot be a patient's: its id has no digit, and another form than all others.

    Parameters
    ----------
    problems
        What was found.
    raw
        All tables by name.

    Returns
    -------
    list of Problem
        With one problem in the place of those cells.
    """
    out = list(problems)
    for table in raw.values():
        for origin in table.origin.get("patient_id", []):
            rows = origin.rows.dropna()
            if len(rows) < 2:
                continue
            ids = table.frame["patient_id"].fillna("").astype(str)
            first: Any = rows.idxmin()
            others = {form_of(ids[i]) for i in rows.index if i != first}
            if form_of(ids[first]) in others or any(c.isdigit() for c in ids[first]):
                continue
            here = [p for p in out if p.file == origin.place and p.row == rows[first]]
            if len(here) >= 2:
                out = [p for p in out if p not in here]
                out.insert(0, _second_header(origin.place, int(rows[first]), here))
    return out


def _second_header(place: str, row: int, cells: list[Problem]) -> Problem:
    """A first row of data that is none."""
    return Problem(
        place,
        "the first row under the names does not hold data: "
        f"{', '.join(p.column for p in cells)} cannot be read there",
        "if it is a second header row, set extra_header_rows: 1 for this file in study.yml",
        row=row,
        value=", ".join(p.value for p in cells),
    )
