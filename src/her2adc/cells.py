"""Cells of a file: their text, and what a text says as a number, a date or a code."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

DAYS_PER_MONTH = 30.4375
ELAPSED = {"days": 1.0, "months": DAYS_PER_MONTH}
"""Forms that count from an origin of the patient's own, and the days of their unit."""
UNITS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": 12 * DAYS_PER_MONTH}
"""Units of ready-made times, and their days."""
ORIGIN = pd.Timestamp("1970-01-01")
"""Where elapsed times are put on the calendar. Only differences between them mean anything."""
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
"""Files in which a date can stand as a bare number."""
_FIRST_DAY, _LAST_DAY = -25_000, 47_000

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ", 0x00A0: " ", 0x2007: " ", 0x2009: " ", 0x200A: " ", 0x202F: " ", 0x2212: "-", 0x2010: "-",
    0x2011: "-", 0x2013: "-", 0x2014: "-", 0x200B: None, 0x200C: None, 0x200D: None, 0x200E: None,
    0x200F: None, 0x2060: None, 0xFEFF: None,
}  # fmt: skip
_THIN = re.compile(r"(?<=[0-9])[\u00A0\u2007\u2009\u202F](?=[0-9]{3}(?![0-9]))")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+")
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:[.,]0+)?")


def cell_text(value: object, decimal: str = ".") -> str | None:
    """Text of a cell: dates in ISO form, whole numbers without a decimal point, None if empty.

    Parameters
    ----------
    value
        The cell as its program stored it.
    decimal
        Decimal mark with which a stored number is written.

    Examples
    --------
    >>> cell_text(2.0), cell_text(" a "), cell_text(float("nan")), cell_text(dt.date(2024, 5, 1))
    ('2', 'a', None, '2024-05-01')
    """
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return None
        return str(int(value)) if float(value).is_integer() else str(value).replace(".", decimal)
    if isinstance(value, dt.datetime):
        whole = value.time() == dt.time(0) and value.tzinfo is None
        return value.date().isoformat() if whole else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value).strip()


def folded(text: str) -> str:
    """Text with full-width letters, digits and signs as plain ones, without invisible characters.

    Examples
    --------
    >>> folded("２＋（强）"), folded("1−2")
    ('2+(强)', '1-2')
    """
    return text.translate(_WIDE).strip()


def today() -> pd.Timestamp:
    """Return the day on which the data are read: nothing can have been observed after it."""
    return pd.Timestamp(dt.date.today())


def as_numbers(text: pd.Series, decimal: str = ".", unit: str = "") -> pd.Series:
    """Read texts as numbers; missing where a text is none.

    A number has one decimal mark and no thousands separator but a thin blank. ``1,234`` is no number,
    nor is ``1.234`` where the decimal mark is a comma: it may mean 1234 or 1.234.

    Parameters
    ----------
    text
        Texts; None where a cell is empty.
    decimal
        Decimal mark.
    unit
        Unit that may stand behind a number, for example ``%``.

    Examples
    --------
    >>> as_numbers(pd.Series(["2,5", "inf", "1.234", "5 %", None]), ",", "%").tolist()
    [2.5, nan, nan, 5.0, nan]
    """
    return text.map(partial(_number, decimal=decimal, unit=unit), na_action="ignore").astype(float)


def _number(text: object, decimal: str, unit: str) -> float:
    plain = folded(_THIN.sub("", str(text)))
    if unit and plain.casefold().endswith(folded(unit).casefold()):
        plain = plain[: len(plain) - len(folded(unit))].rstrip()
    if decimal == ",":
        if "." in plain:
            return math.nan
        plain = plain.replace(",", ".")
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    return value if math.isfinite(value) else math.nan


def number_fault(text: str, decimal: str = ".") -> str:
    """Say why a text is not a number.

    Examples
    --------
    >>> number_fault("<1%"), number_fault("1,234"), number_fault("soon")
    ('it is a bound', 'its comma may be a decimal mark or stand between thousands', '')
    """
    plain = folded(text)
    other, mark = ("point", ".") if decimal == "," else ("comma", ",")
    if re.match(r"[<>≤≥~≈]", plain):
        return "it is a bound"
    if _GROUPED.fullmatch(plain):
        return f"its {other} may be a decimal mark or stand between thousands"
    if re.fullmatch(r"[0-9.,]+ ?%? ?(-|~|to) ?[0-9.,]+ ?%?", plain):
        return "it is a range"
    if plain.endswith("%"):
        return "it has a % sign, which the unit of the variable has not"
    if mark in plain and _NUMBER.fullmatch(plain.replace(mark, ".")):
        return f"its decimal mark is a {other}, and the file is read with {decimal!r}"
    if _NUMBER.fullmatch(plain):
        return "it is too large"
    return "there is text beside the number" if re.match(r"[+-]?[0-9]", plain) else ""


def as_codes(text: pd.Series, known: Mapping[str, Any]) -> pd.Series:
    """What each text means by a list of codes, missing where it means nothing listed.

    A text that is not listed as it stands is looked up in plain characters, and then as a whole number:
    ``1.0`` is the code ``1``.

    Examples
    --------
    >>> as_codes(pd.Series(["1.0", "１", "01", None]), {"1": "yes"}).fillna("-").tolist()
    ['yes', 'yes', '-', '-']
    """
    plain = {folded(k): v for k, v in reversed(list(known.items()))}
    whole = {m[1]: v for k, v in reversed(list(plain.items())) if (m := _WHOLE.fullmatch(k))}

    def look(t: object) -> object:
        if t in known:
            return known[str(t)]
        s = folded(str(t))
        match = _WHOLE.fullmatch(s)
        return plain.get(s, whole.get(match[1], math.nan) if match else math.nan)

    return text.map(look, na_action="ignore").astype(object)


_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
         "aug august", "sep sept september", "oct october", "nov november", "dec december"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp][Mm])?"
_ZONE = r" ?(?:Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)"
_CLOCK = re.compile(rf"(?P<day>.*?)(?:T| +)(?P<time>{_TIME})(?P<zone>{_ZONE})?")
_MIDNIGHT = re.compile(r"(?:0?0:00(?::00(?:[.,]0+)?)?|12:00(?::00)? ?[Aa][Mm])")
_Y, _M, _D, _W = "(?P<y>[0-9]{4})", "(?P<m>[0-9]{1,2})", "(?P<d>[0-9]{1,2})", "(?P<w>[A-Za-z]{3,9})"
_YY = "(?P<y>[0-9]{2})"
_EVERYWHERE = (
    f"{_Y}(?P<s>[-/.]) ?{_M}(?P=s) ?{_D}",
    f"{_Y} ?年 ?{_M} ?月 ?{_D} ?[日号]?",
    "(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    f"{_D}(?P<s>[ -]?){_W}(?P=s){_Y}",
    f"{_W} {_D},? {_Y}",
    f"{_Y}-{_W}-{_D}",
)
"""Forms of dates that can be read in one way only."""
_FORMS = {
    "iso": _EVERYWHERE,
    "dayfirst": (
        *_EVERYWHERE,
        f"{_D}(?P<s>[-/.]){_M}(?P=s){_Y}",
        f"{_D}(?P<s>[/.]){_M}(?P=s){_YY}",
        f"{_D}(?P<s>[ -]){_W}(?P=s){_YY}",
    ),
    "monthfirst": (*_EVERYWHERE, f"{_M}(?P<s>[-/]){_D}(?P=s){_Y}", f"{_M}/{_D}/{_YY}"),
}
FORMS = {style: tuple(map(re.compile, forms)) for style, forms in _FORMS.items()}
"""Forms of written dates, by the name that study.yml gives them."""
_SERIAL = re.compile(r"([1-9][0-9]{4})(?:\.[0-9]+)?")
_PART_OF_DATE = re.compile(
    r"(?:1[89]|20|21)[0-9]{2}(?:[-/.]?(?:0?[1-9]|1[0-2])|[-/.]?(?:0?[1-9]|1[0-2])?[-/.](?:00|xx|\?\?|uk|un|unk))?"
    r"|[0-9]{4} ?年(?: ?[0-9]{1,2} ?月)?|[A-Za-z]{3,9}[ -]?[0-9]{4}|(?:0?[1-9]|1[0-2])[-/.][0-9]{4}",
    re.IGNORECASE,
)
_SHORT_YEAR = re.compile(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2}")
_YEARS = (1700, 2250)
_EXCEL_ORIGIN = pd.Timestamp("1899-12-30")


class Day(NamedTuple):
    """A date as read, or what is wrong with it; ``time`` when a time of day was left out."""

    value: pd.Timestamp | None
    fault: str = ""
    time: bool = False
    serial: bool = False


def read_date(text: str, style: str, *, serials: bool = False) -> Day:
    """Read a text as a date of the calendar.

    Parameters
    ----------
    text
        The text.
    style
        ``iso``, ``dayfirst`` or ``monthfirst``. Dates that can be read in one way only (2024-05-31,
        2024.5.31, 2024年5月31日, 31 May 2024) are read in each of them.
    serials
        Whether a bare number of five digits is the number of a day, as in a spreadsheet.

    Returns
    -------
    Day
        ``fault`` is ``zone``, ``serial``, ``part`` (the day is missing), ``year`` (two digits),
        ``nosuch`` (no such day), ``far`` (no year of a study), ``text`` (no digit) or ``form``.

    Examples
    --------
    >>> read_date("2023年5月6日", "iso").value.date().isoformat(), read_date("202305", "iso").fault
    ('2023-05-06', 'part')
    """
    plain = folded(text)
    time = False
    if clock := _CLOCK.fullmatch(plain):
        if clock["zone"]:
            return Day(None, "zone")
        plain, time = clock["day"].rstrip(), not _MIDNIGHT.fullmatch(clock["time"])
    if match := next((m for form in FORMS[style] if (m := form.fullmatch(plain))), None):
        if not _YEARS[0] <= int(match["y"]) <= _YEARS[1] and len(match["y"]) == 4:
            return Day(None, "far")
        day = _day(match.groupdict())
        return Day(day, "" if day is not None else "nosuch", time)
    if serial := _SERIAL.fullmatch(plain):
        day = _EXCEL_ORIGIN + pd.Timedelta(days=int(serial[1]))
        return Day(day, serial=True) if serials else Day(None, "serial")
    if _PART_OF_DATE.fullmatch(plain):
        return Day(None, "part")
    if not any(c.isdigit() for c in plain):
        return Day(None, "text")
    return Day(None, "year" if _SHORT_YEAR.fullmatch(plain) else "form")


def _day(parts: Mapping[str, str | None]) -> pd.Timestamp | None:
    """Return the day of a year, a month (as number or word) and a day; None when there is none."""
    year, word = int(parts["y"] or 0), parts.get("w")
    if len(parts["y"] or "") == 2:
        year += 1900 if year > 68 else 2000
    month = _MONTHS.get(word.lower(), 0) if word else int(parts["m"] or 0)
    try:
        return pd.Timestamp(dt.date(year, month, int(parts["d"] or 0)))
    except ValueError:
        return None


def as_dates(text: pd.Series, style: str, decimal: str = ".") -> pd.Series:
    """Read texts as dates of one form; missing where a text is none.

    Parameters
    ----------
    text
        Texts; None where a cell is empty.
    style
        ``iso``, ``dayfirst``, ``monthfirst`` (:func:`read_date`); ``days`` or ``months`` for numbers that
        count from an origin of the patient's own, which are put on the calendar from 1970-01-01 (a month
        has 30.4375 days), at most 68 years before it and 128 years after.
    decimal
        Decimal mark of such numbers.

    Returns
    -------
    Series of datetime64[ns]

    Examples
    --------
    >>> found = as_dates(pd.Series(["12", "24.5", "soon"]), "months")
    >>> ((found - found[0]).dt.total_seconds() / 86400 / 30.4375).tolist()
    [0.0, 12.5, nan]
    """
    if style in ELAPSED:
        days = as_numbers(text, decimal) * ELAPSED[style]
        return ORIGIN + pd.to_timedelta(days.where(days.between(_FIRST_DAY, _LAST_DAY)), unit="D")
    days_of = {t: read_date(str(t), style).value for t in text.dropna().unique()}
    return pd.to_datetime(text.map(days_of, na_action="ignore")).astype("datetime64[ns]")
