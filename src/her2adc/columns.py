"""Text columns -> numbers, dates and levels, with every cell that does not fit named."""

from __future__ import annotations

import pandas as pd

from her2adc.config import Variable
from her2adc.errors import Problem
from her2adc.intake import RawTable

_FORMATS = {
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
_SHOWN = {"iso": "2024-05-31", "dayfirst": "31/05/2024", "monthfirst": "05/31/2024"}


def numbers(table: RawTable, column: str, decimal: str = ".") -> tuple[pd.Series, list[Problem]]:
    """Read a text column as numbers.

    Parameters
    ----------
    table, column
        The column; missing cells are None.
    decimal
        Decimal mark.

    Returns
    -------
    Series of float, list of Problem
        A problem for each cell that is not a number.
    """
    text = table.frame[column]
    plain = text.str.replace(",", ".", regex=False) if decimal == "," else text
    values = pd.to_numeric(plain, errors="coerce").astype(float)
    bad = text.notna() & (values.isna() | values.abs().eq(float("inf")))
    remedy = "correct the cell, or list the text under data.missing in study.yml"
    return values, [
        table.problem(column, i, "is not a number", remedy, text[i]) for i in text.index[bad]
    ]


def dates(table: RawTable, column: str, style: str = "iso") -> tuple[pd.Series, list[Problem]]:
    """Read a text column as dates (``iso``, ``dayfirst`` or ``monthfirst``).

    Returns
    -------
    Series of datetime64, list of Problem
        A problem for each cell that is not a date of that form. No other form is guessed.
    """
    text = table.frame[column]
    values = pd.Series(pd.NaT, index=text.index, dtype="datetime64[ns]")
    for form in _FORMATS[style]:
        open_cells = values.isna() & text.notna()
        if not open_cells.any():
            break
        parsed = pd.to_datetime(text[open_cells], format=form, errors="coerce")
        values[open_cells] = parsed.dt.normalize()
    bad = text.notna() & values.isna()
    remedy = (
        f"write dates as {_SHOWN[style]}, or set 'dates' of the file to "
        f"{' or '.join(s for s in _FORMATS if s != style)}"
    )
    return values, [
        table.problem(column, i, "is not a date of the form expected", remedy, text[i])
        for i in text.index[bad]
    ]


def levels(table: RawTable, column: str, variable: Variable) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as the levels of a variable (ordered categorical).

    Returns
    -------
    Series of category, list of Problem
        A problem for each cell that no level names. Empty levels stay.
    """
    text = table.frame[column]
    meaning = {
        value: level for level, values in variable.levels.items() for value in (*values, level)
    }
    values = text.map(meaning)
    bad = text.notna() & values.isna() & ~text.isin(variable.missing)
    remedy = (
        f"allowed: {', '.join(dict.fromkeys(meaning))}; add it under variables.{variable.name}.levels, "
        "or list it as missing there"
    )
    problems = [
        table.problem(column, i, f"is no level of {variable.label!r}", remedy, text[i])
        for i in text.index[bad]
    ]
    return pd.Series(
        pd.Categorical(values, categories=variable.level_names, ordered=True), index=text.index
    ), problems


def cut(values: pd.Series, variable: Variable) -> pd.Series:
    """Divide a number into the levels of a variable; each bound belongs to the level above it.

    Examples
    --------
    >>> cut(pd.Series([49.0, 50.0]), Variable(label="Age", cut=(50,))).tolist()
    ['<50', '≥50']
    """
    bins = [-float("inf"), *variable.cut, float("inf")]
    codes = pd.cut(values, bins, right=False, labels=False)
    names = codes.map(dict(enumerate(variable.level_names)))
    return pd.Series(
        pd.Categorical(names, categories=variable.level_names, ordered=True), index=values.index
    )
