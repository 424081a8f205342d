"""Text columns -> dates, with every cell that is no date, or no date of a study, named."""

from __future__ import annotations

from functools import partial

import pandas as pd

from her2adc.cells import ELAPSED, FORMS, SPREADSHEETS, as_dates, read_date
from her2adc.columns import means_remedy
from her2adc.errors import Problem
from her2adc.intake import RawTable
from her2adc.raw import Origin

FIRST_DAY, LAST_DAY = pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01")
_SHOWN = {"iso": "2024-05-31", "dayfirst": "31/05/2024", "monthfirst": "05/31/2024"}
AHEAD = pd.Timedelta(days=731)
"""How far ahead a date may lie to be remarked on; beyond it, the year is mistyped."""
_MOST = 0.95
_FAULTS = {
    "zone": "has a time and a zone, so that the day depends on the place",
    "serial": "is the number of a day, as spreadsheets store dates",
    "part": "is not a whole date: the day is missing",
    "year": "is not a date of the form expected: its year has two digits",
    "nosuch": "is not a date: there is no such day",
    "far": "is not a date of the last centuries: the year is mistyped",
    "form": "is not a date of the form expected",
    "text": "is not a date",
}


def dates(
    table: RawTable, column: str, latest: pd.Timestamp | None = None
) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as dates of the form that ``dates`` gives for each file.

    Parameters
    ----------
    table, column
        The column; missing cells are None.
    latest
        Last day on which anything can have been observed.

    Returns
    -------
    Series of datetime64, list of Problem
        A problem for each cell that is not a date of that form, or no date on which anything can have
        been observed. No other form is guessed.
    """
    text = table.frame[column]
    values = pd.Series(pd.NaT, index=text.index, dtype="datetime64[ns]")
    problems = []
    for origin in table.origin[column]:
        here = text.index[origin.rows.notna() & text.notna()]
        if origin.source.dates in ELAPSED:
            values[here] = as_dates(text[here], origin.source.dates, origin.source.decimal)
            problems += _not_elapsed(table, column, here[values[here].isna()], origin.source.dates)
            continue
        days = _days(text[here], origin)
        values[here] = pd.to_datetime(days.map(lambda d: d.value))
        problems += _not_dates(table, column, origin, days)
        problems += _no_time(table, column, values[here], latest)
        table.remarks += _date_remarks(origin, text[here], days)
    return values, problems


def _days(text: pd.Series, origin: Origin, style: str = "") -> pd.Series:
    """What each text of a file says as a date."""
    serials = origin.source.file.lower().endswith(SPREADSHEETS) and not origin.date1904
    read = partial(read_date, style=style or origin.source.dates, serials=serials)
    return text.map({t: read(t) for t in text.unique()}).astype(object)


def _not_elapsed(table: RawTable, column: str, cells: pd.Index, style: str) -> list[Problem]:
    """Cells that do not count days or months."""
    remedy = means_remedy(
        table, column, "'birth': 0",
        f"with 'dates: {style}' a cell counts {style} from an origin of the patient's own (birth, "
        "diagnosis); correct the cell",
    )  # fmt: skip
    message = f"is not a number of {style} within a lifetime"
    return [table.problem(column, i, message, remedy, table.frame[column][i]) for i in cells]


def _not_dates(table: RawTable, column: str, origin: Origin, days: pd.Series) -> list[Problem]:
    """Cells that are not dates, each with what is wrong and what cures it."""
    text, bad = table.frame[column][days.index], days[days.map(lambda d: bool(d.fault))]
    if not len(bad):
        return []
    style = origin.source.dates
    first = {
        "zone": "write the day alone, as it was at the hospital (in UTC it is often the day before)",
        "serial": "show the cells as dates in the spreadsheet and export the file again",
        "part": "fill in the day",
        "nosuch": "correct the date",
        "far": "correct the year",
        "year": f"write the year with four digits{_form_remedy(origin, text, style)}",
        "form": f"write dates as {_SHOWN[style]}{_form_remedy(origin, text, style)}",
    }
    swapped = _form_remedy(origin, text, style)
    if swapped:
        first["nosuch"] += swapped
    faults = bad.map(lambda d: d.fault)
    words = ", ".join(repr(t) for t in text[faults.index[faults.eq("text")]].unique()[:3])
    first["text"] = (
        "if it means that there is no date, list it in study.yml: "
        f"{table.where_missing(column)}, for example [{words}]"
    )
    example = {fault: text[faults.index[faults.eq(fault)][0]] for fault in faults.unique()}
    return [
        table.problem(
            column, i, _FAULTS[day.fault],
            f"{first['text']}; otherwise write the date"
            if day.fault == "text"
            else means_remedy(table, column, f"{example[day.fault]!r}: '2024-05-31'", first[day.fault]),
            text[i],
        )
        for i, day in zip(bad.index, bad, strict=True)
    ]  # fmt: skip


def _form_remedy(origin: Origin, text: pd.Series, style: str) -> str:
    """Advise another form where it reads nearly all cells of the column, with how many it reads."""
    def count(form: str) -> int:
        return int(_days(text, origin, form).map(lambda d: d.value is not None).sum())

    now, found = count(style), {form: count(form) for form in FORMS if form != style}
    better = [f for f, n in found.items() if n > now and n >= _MOST * len(text)]
    if not better:
        return ""
    shown = " or ".join(f"dates: {f} (it reads {found[f]} of the {len(text)} cells here)" for f in better)
    which = "; which of the two is meant cannot be told from the cells" if len(better) > 1 else ""
    return f", or set {shown} for this file{which}"


def _no_time(
    table: RawTable, column: str, values: pd.Series, latest: pd.Timestamp | None
) -> list[Problem]:
    """Dates on which nothing can have been observed; a remark on those of the next two years."""
    text = table.frame[column]
    late = values.index[values > latest + pd.Timedelta(days=1)] if latest is not None else values.index[:0]
    far = late[values[late] > latest + AHEAD] if len(late) and latest is not None else late
    if len(near := late.difference(far)):
        first = table.problem(column, near[0], "")
        some = f"{len(near)} dates lie" if len(near) > 1 else "1 date lies"
        table.remarks.append(
            f"{first.file}, {first.column}: {some} in the future, the first in row {first.row} "
            f"({text[near[0]]})"
        )
    return [
        table.problem(column, i, message,
                      means_remedy(table, column, f"{text[cells[0]]!r}: '2024-05-31'", "correct the date"),
                      text[i])
        for cells, message in (
            (values.index[values < FIRST_DAY], "lies before 1900"),
            (far, "lies more than two years in the future"),
            (values.index[values > LAST_DAY].difference(far), "lies after 2100"),
        )
        for i in cells
    ]  # fmt: skip


def _date_remarks(origin: Origin, text: pd.Series, days: pd.Series) -> list[str]:
    """Say what was read of a date in a way that the analyst should know."""
    def remark(which: pd.Series, what: str) -> list[str]:
        some = text[which.astype(bool)]
        cells = f"{len(some)} cell{'s' if len(some) > 1 else ''} such as {some.iloc[0]}" if len(some) else ""
        return [f"{origin.place}, {origin.column}: {cells} {what}"] if len(some) else []

    def date_of(which: pd.Series) -> str:
        return str(days[which.astype(bool)].iloc[0].value.date()) if which.any() else ""

    serial, time = (days.map(lambda d, k=k: getattr(d, k)).astype(bool) for k in ("serial", "time"))
    return remark(serial, f"read as the number of a day in a spreadsheet ({date_of(serial)})") + remark(
        time, f"have a time of day, which is left out (the day is {date_of(time)})"
    )
