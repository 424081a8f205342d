"""Cells of a file: their text, and what a text says as a number or a date."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd

DAYS_PER_MONTH = 30.4375
FORMS = {
    "iso": ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S"),
    "dayfirst": (
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%d-%m-%Y",
        "%d/%m/%y",
        "%d.%m.%y",
        "%d %b %Y",
        "%d-%b-%Y",
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
    ),
    "monthfirst": (
        "%m/%d/%Y",
        "%m-%d-%Y",
        "%m/%d/%y",
        "%b %d, %Y",
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
    ),
}
"""Forms of written dates."""
ELAPSED = {"days": 1.0, "months": DAYS_PER_MONTH}
"""Forms that count from an origin of the patient's own, and the days of their unit."""
ORIGIN = pd.Timestamp("1970-01-01")
"""Where elapsed times are put on the calendar. Only differences between them mean anything."""
_FIRST_DAY, _LAST_DAY = -25_000, 47_000


def cell_text(value: object) -> str | None:
    """Text of a cell: dates in ISO form, whole numbers without a decimal point, None if empty.

    Examples
    --------
    >>> cell_text(2.0), cell_text(" a "), cell_text(float("nan")), cell_text(dt.date(2024, 5, 1))
    ('2', 'a', None, '2024-05-01')
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time(0) else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def as_numbers(text: pd.Series, decimal: str = ".") -> pd.Series:
    """Read texts as numbers; missing where a text is none.

    Examples
    --------
    >>> as_numbers(pd.Series(["2,5", "inf", "old", None]), ",").tolist()
    [2.5, nan, nan, nan]
    """
    plain = text.map(lambda t: t.replace(",", "."), na_action="ignore") if decimal == "," else text
    values = pd.to_numeric(plain, errors="coerce").astype(float)
    return values.mask(values.abs().eq(float("inf")))


def as_dates(text: pd.Series, style: str, decimal: str = ".") -> pd.Series:
    """Read texts as dates of one form; missing where a text is none.

    Parameters
    ----------
    text
        Texts; None where a cell is empty.
    style
        ``iso``, ``dayfirst``, ``monthfirst``; ``days`` or ``months`` for numbers that count from an
        origin of the patient's own, which are put on the calendar from 1970-01-01 (a month has
        30.4375 days), at most 68 years before it and 128 years after.
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
    values = pd.Series(pd.NaT, index=text.index, dtype="datetime64[ns]")
    for form in FORMS[style]:
        open_cells = values.isna() & text.notna()
        if not open_cells.any():
            break
        parsed = pd.to_datetime(text[open_cells], format=form, errors="coerce")
        values[open_cells] = parsed.dt.normalize()
    return values
