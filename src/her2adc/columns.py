"""Text columns -> numbers, dates and levels, with every cell that does not fit named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from her2adc import expressions
from her2adc.cells import ELAPSED, FORMS, as_dates, as_numbers
from her2adc.config import Outcome, Variable
from her2adc.errors import Problem, nearest
from her2adc.intake import RawTable

_SHOWN = {"iso": "2024-05-31", "dayfirst": "31/05/2024", "monthfirst": "05/31/2024"}


def numbers(table: RawTable, column: str) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as numbers, with the decimal mark of each file.

    Parameters
    ----------
    table, column
        The column; missing cells are None.

    Returns
    -------
    Series of float, list of Problem
        A problem for each cell that is not a number.
    """
    text = table.frame[column]
    values = pd.Series(float("nan"), index=text.index)
    for origin in table.origin[column]:
        here = text.index[origin.rows.notna() & text.notna()]
        values[here] = as_numbers(text[here], origin.source.decimal)
    remedy = "correct the cell, or list the text under data.missing in study.yml"
    return values, [
        table.problem(column, i, "is not a number", remedy, text[i])
        for i in text.index[text.notna() & values.isna()]
    ]


def dates(table: RawTable, column: str) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as dates of the form that ``dates`` gives for each file.

    Returns
    -------
    Series of datetime64, list of Problem
        A problem for each cell that is not a date of that form. No other form is guessed.
    """
    text = table.frame[column]
    values = pd.Series(pd.NaT, index=text.index, dtype="datetime64[ns]")
    problems = []
    for origin in table.origin[column]:
        style = origin.source.dates
        here = text.index[origin.rows.notna() & text.notna()]
        values[here] = as_dates(text[here], style, origin.source.decimal)
        message, remedy = _date_problem(style)
        problems += [table.problem(column, i, message, remedy, text[i]) for i in here[values[here].isna()]]
    return values, problems


def _date_problem(style: str) -> tuple[str, str]:
    """What is wrong with a cell that is not a date of a form, and what to do."""
    if style in ELAPSED:
        return (
            f"is not a number of {style} within a lifetime",
            f"with 'dates: {style}' a cell counts {style} from an origin of the patient's own (birth, "
            "diagnosis); correct the cell, or list the text under data.missing in study.yml",
        )
    others = " or ".join(s for s in FORMS if s != style)
    return (
        "is not a date of the form expected",
        f"write dates as {_SHOWN[style]}, or set 'dates' of the file to {others}",
    )


def levels(table: RawTable, column: str, variable: Variable) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as the levels of a variable (ordered categorical).

    Returns
    -------
    Series of category, list of Problem
        A problem for each cell that no level names. Empty levels stay.
    """
    text = table.frame[column]
    meaning = {value: level for level, values in variable.levels.items() for value in (*values, level)}
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
    return pd.Series(pd.Categorical(names, categories=variable.level_names, ordered=True), index=values.index)


def meaning(text: pd.Series, values: Mapping[Any, tuple[str, ...]]) -> pd.Series:
    """What each text means, missing where it means nothing listed.

    Of a text such as ``1:DECEASED`` the part before the colon is enough.

    Parameters
    ----------
    text
        Texts as found.
    values
        Meanings, and the texts or codes of each.

    Returns
    -------
    Series of object

    Examples
    --------
    >>> meaning(pd.Series(["1:DECEASED", "0", "x", None]), {"event": ("1",), "none": ("0",)}).tolist()
    ['event', 'none', nan, nan]
    """
    known = {v: name for name, listed in reversed(list(values.items())) for v in listed}
    code = text.map(lambda t: t.partition(":")[0].strip(), na_action="ignore")
    whole = text.map(known).astype(object)
    return whole.where(whole.notna(), code.map(known))


def outcome(table: RawTable, definition: Outcome) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as an outcome: ``yes`` or ``no``, missing where the cell is empty.

    Parameters
    ----------
    table
        The table as read.
    definition
        The outcome: its column, and the values that mean yes and no.

    Returns
    -------
    Series of category, list of Problem
        A problem for each cell that means neither.
    """
    text = table.frame[definition.column]
    values = meaning(text, {"yes": definition.event_values, "no": definition.no_event_values})
    listed = [*definition.event_values, *definition.no_event_values]
    problems = [
        table.problem(
            definition.column,
            i,
            f"{definition.name}: means neither yes nor no",
            f"add it to outcomes.{definition.name}.event_values or no_event_values; "
            + nearest(str(text[i]), listed),
            text[i],
        )
        for i in text.index[text.notna() & values.isna()]
    ]
    return pd.Series(pd.Categorical(values, ["no", "yes"], ordered=True), index=text.index), problems


def computed(
    table: RawTable, numbers_of: pd.DataFrame, variable: Variable
) -> tuple[pd.Series, list[Problem]]:
    """Compute a variable from number columns by its expression.

    Parameters
    ----------
    table
        The table as read.
    numbers_of
        The columns as numbers.
    variable
        The variable; its expression has been checked.

    Returns
    -------
    Series of float, list of Problem
        A problem for each patient whose numbers give no finite result (a division by zero).
    """
    named = numbers_of[expressions.columns_in(str(variable.expression))]
    values = expressions.evaluate(named, str(variable.expression)).astype(float)
    finite = values.where(values.abs().ne(float("inf")))
    bad = named.notna().all(axis=1) & finite.isna()
    problems = [
        table.problem(
            variable.name,
            i,
            f"{variable.expression} has no value here",
            f"correct the cells, or variables.{variable.name}.expression",
            ", ".join(f"{c} = {v:g}" for c, v in named.loc[i].items()),
        )
        for i in values.index[bad]
    ]
    return finite, problems
