"""Text columns -> numbers and levels, with every cell that does not fit named."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from her2adc import expressions
from her2adc.cells import as_codes, as_numbers, folded, number_fault
from her2adc.config import Outcome, Variable
from her2adc.errors import Problem, nearest
from her2adc.intake import RawTable

_MOST = 0.95
_CODES = (1, 7, 8, 9, 77, 88, 98, 99, 777, 888, 998, 999, 7777, 8888, 9998, 9999, 99999, 999999)
"""Numbers that, alone beyond all others or below 0, often mean that nothing is known."""


def means_remedy(table: RawTable, column: str, example: str, first: str = "correct the cell") -> str:
    """How a cell that cannot be read is mended: in the file, or by what study.yml says of its text."""
    return (
        f"{first}, or say in study.yml what it means: {table.where_values(column)}, for example "
        f"{{{example}}}; if nothing is known, list it under data.{table.name}.missing.{column}"
    )


def numbers(
    table: RawTable, column: str, unit: str = "", missing: Collection[str] = ()
) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as numbers, with the decimal mark of each file.

    Parameters
    ----------
    table, column
        The column; missing cells are None.
    unit
        Unit of the variable, which may stand behind a number (``20%`` where the unit is ``%``).
    missing
        Texts that mean that nothing is known.

    Returns
    -------
    Series of float, list of Problem
        A problem for each cell that is not a number.
    """
    text = table.frame[column]
    text = text.mask(as_codes(text, dict.fromkeys(missing, True)).notna(), None)
    values = pd.Series(float("nan"), index=text.index)
    problems = []
    for origin in table.origin[column]:
        decimal = origin.source.decimal
        here = text.index[origin.rows.notna() & text.notna()]
        values[here] = as_numbers(text[here], decimal, unit)
        bad = text[here[values[here].isna()]]
        for fault, cells in bad.groupby(bad.map(lambda t, d=decimal: number_fault(t, d)), sort=False):
            example = f"{cells.iloc[0]!r}: {_perhaps(cells.iloc[0])}"
            first = _decimal_remedy(text[here], decimal, fault) or "correct the cell"
            remedy = means_remedy(table, column, example, first)
            message = f"is not a number{': ' if fault else ''}{fault}"
            problems += [table.problem(column, i, message, remedy, t) for i, t in cells.items()]
    if unit == "%":
        table.remarks += _fractions(table, column, values)
    if table.name == "patients":
        table.remarks += _like_codes(table, column, values)
    return values, problems


def _like_codes(table: RawTable, column: str, values: pd.Series) -> list[str]:
    """Remark on numbers that lie far from all others and are usual codes for what is not known."""
    found = values[values.abs().isin(_CODES)]
    rest = values.drop(found.index).dropna()
    if len(rest) < 3:
        return []
    below = (found < 0) & bool(rest.ge(0).all())
    far = found[below | (found.gt(80) & (found > 2 * rest.max()))]
    return [
        f"{table.origin[column][0].place}, {table.origin[column][0].column}: {len(cells)} "
        f"cell{'s hold' if len(cells) > 1 else ' holds'} {code:g}, far from all others, and "
        f"{'are' if len(cells) > 1 else 'is'} read as a number; if it means that nothing is known, list it "
        f"under {table.where_missing(column)} in study.yml"
        for code, cells in far.groupby(far)
    ]


def _perhaps(text: str) -> str:
    """Return a number that a text may mean, for an example: half of an upper bound, the middle of a range.

    Three dots where nothing can be said, as of several numbers in one text.
    """
    plain = folded(text)
    if "," in plain or "'" in plain or "’" in plain:
        return "..."
    found = [float(n) for n in re.findall(r"(?<![0-9.])[0-9]+(?:\.[0-9]+)?(?![0-9.])", plain)]
    if len(found) == 2 and number_fault(text) == "it is a range":
        return f"{sum(found) / 2:g}"
    if len(found) != 1 or plain[:1] in ">≥":
        return "..."
    return f"{found[0] / (2 if plain[:1] in '<≤' else 1):g}"


def _decimal_remedy(text: pd.Series, decimal: str, fault: str) -> str:
    """Advise the other decimal mark where it reads the column better, with what it reads."""
    if "between thousands" in fault and not _only_decimal(text, decimal):
        return "write a thousand without its separator (1234), as only you can tell what the mark means"
    other = "." if decimal == "," else ","
    read = {mark: int(as_numbers(text, mark).notna().sum()) for mark in (decimal, other)}
    if read[other] <= read[decimal] or read[other] < _MOST * len(text):
        return ""
    return f"set decimal: {other!r} for this file (it reads {read[other]} of the {len(text)} cells here)"


def _only_decimal(text: pd.Series, decimal: str) -> bool:
    """Whether some cell shows that the other mark is a decimal mark, and no mark between thousands."""
    mark = re.escape("." if decimal == "," else ",")
    return bool(text.str.fullmatch(rf"[+-]?[0-9]*{mark}(?:[0-9]{{1,2}}|[0-9]{{4,}})").any())


def _fractions(table: RawTable, column: str, values: pd.Series) -> list[str]:
    """Remark on percentages that look like fractions."""
    text, signed = table.frame[column], table.frame[column].str.contains("[%％]", na=False)
    bare = values[values.notna() & ~signed]
    if signed.any() and not bare.between(0, 1).all():
        bare = bare[bare.between(0, 1, inclusive="neither")]
    elif len(bare) < 2:
        return []
    if bare.empty or not bare.between(0, 1).all() or not (bare % 1 > 0).any():
        return []
    where = f"{table.origin[column][0].place}, {table.origin[column][0].column}"
    beside = f", beside {int(signed.sum())} with a % sign," if signed.any() else ""
    return [
        f"{where}: {len(bare)} cells{beside} lie between 0 and 1 (such as {text[bare.index[0]]}) and are "
        "read as percentages; if they are fractions, multiply them by 100 in the file"
    ]


def levels(
    table: RawTable, column: str, variable: Variable, remedy: str = ""
) -> tuple[pd.Series, list[Problem]]:
    """Read a text column as the levels of a variable (ordered categorical).

    Parameters
    ----------
    table, column
        The column; missing cells are None.
    variable
        The variable with its levels.
    remedy
        What to do about a text that is no level, if not to add it under ``variables``.

    Returns
    -------
    Series of category, list of Problem
        A problem for each cell that no level names. Empty levels stay.
    """
    text = table.frame[column]
    meaning = {value: level for level, values in variable.levels.items() for value in (*values, level)}
    values = as_codes(text, meaning)
    none = as_codes(text, dict.fromkeys(variable.missing, True)).notna()
    values = values.mask(text.isin(variable.missing) & ~text.isin(list(meaning)))
    bad = text.notna() & values.isna() & ~none
    remedy = remedy or (
        f"allowed: {', '.join(dict.fromkeys(meaning))}; add it under variables.{variable.name}.levels, "
        "or list it as missing there"
    )
    problems = [
        table.problem(column, i, f"is no level of {variable.label!r}", remedy, text[i])
        for i in text.index[bad]
    ]
    table.remarks += _only_yes(table, column, values, variable.levels) if not bad.any() else []
    return pd.Series(
        pd.Categorical(values, categories=variable.level_names, ordered=True), index=text.index
    ), problems


def _only_yes(
    table: RawTable, column: str, values: pd.Series, texts: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Remark on a column of two levels in which all filled cells say one of them, and others are empty."""
    seen, empty = values.dropna(), int(values.isna().sum())
    if len(texts) != 2 or not empty or len(seen) < 2 or seen.ne(seen.iloc[0]).any():
        return []
    other = next(level for level in texts if level != seen.iloc[0])
    means = next(iter(texts[other]), other)
    place = f"{table.origin[column][0].place}, {table.origin[column][0].column}"
    are = "are" if empty > 1 else "is"
    return [
        f"{place}: all {len(seen)} filled cells mean {seen.iloc[0]}, and {empty} {are} empty and "
        f" counted as not known; if an empty cell means {other}, say so under "
        f"{table.where_values(column)}: {{'': {means}}}"
    ]


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
    >>> text = pd.Series(["1:DECEASED", "0", "x", None])
    >>> meaning(text, {"event": ("1",), "none": ("0",)}).fillna("-").tolist()
    ['event', 'none', '-', '-']
    """
    known = {v: name for name, listed in reversed(list(values.items())) for v in listed}
    code = text.map(lambda t: t.partition(":")[0].strip(), na_action="ignore")
    whole = as_codes(text, known)
    return whole.where(whole.notna(), as_codes(code, known))


def worded(text: pd.Series, words: Mapping[str, tuple[str, ...]]) -> pd.Series:
    """Put its code in the place of each word that means it, whatever its capitals; the rest stays.

    Examples
    --------
    >>> words = {"PR": ("partial response",), "PD": ()}
    >>> worded(pd.Series(["Partial  Response", "pd", "Non-CR"]), words).tolist()
    ['PR', 'PD', 'Non-CR']
    """
    known = {w.casefold(): code for code, listed in words.items() for w in (code, *listed)}
    plain = text.map(lambda t: " ".join(folded(str(t)).casefold().split()), na_action="ignore")
    found = as_codes(plain, known)
    return found.where(found.notna(), text).astype(object).where(text.notna(), None)


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
    if not problems:
        texts = {"no": definition.no_event_values, "yes": definition.event_values}
        table.remarks += _only_yes(table, definition.column, values, texts)
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
    try:
        values = expressions.evaluate(named, str(variable.expression)).astype(float)
    except expressions.ExpressionError as error:
        place = f"variables.{variable.name}.expression"
        remedy = "write for example weight / height ** 2, names with blanks in backticks"
        nothing = pd.Series(float("nan"), index=named.index)
        return nothing, [Problem("study.yml", str(error), remedy, None, place, str(variable.expression))]
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
