"""What a column or a text of an expression is, and how two of them compare.

Nothing here looks at the text of an expression; :mod:`her2adc.expressions` does.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
import pandas as pd

from her2adc.cells import as_dates, as_numbers
from her2adc.grammar import ExpressionError


def _round(x: np.ndarray, digits: np.ndarray | float = 0.0) -> np.ndarray:
    """Round half away from zero."""
    scale = np.power(10.0, digits)
    return np.asarray(np.sign(x) * np.floor(np.abs(x) * scale + 0.5 + 1e-9) / scale)


SHOWN = 8
ORDERS: dict[str, Callable[..., pd.Series]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
COMPUTE: dict[str, Callable[..., np.ndarray]] = {
    "abs": np.abs, "ceil": np.ceil, "exp": np.exp, "floor": np.floor, "log": np.log, "log10": np.log10,
    "sqrt": np.sqrt, "round": _round, "min": lambda *a: reduce(np.minimum, a),
    "max": lambda *a: reduce(np.maximum, a),
}  # fmt: skip
ARITHMETIC: dict[type[ast.AST], Callable[..., np.ndarray]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
}  # fmt: skip
_TRUE, _FALSE = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Value:
    """A column, or what is computed from columns, or one number or text.

    Parameters
    ----------
    kind
        What it is. A condition is true, false or not known.
    cells
        Floats, texts, datetimes, positions of levels (floats) or nullable booleans; missing is missing.
    words
        How the expression writes it.
    alone
        True for one number or text of the expression itself, which is ``only``.
    levels
        The levels of a column of levels.
    ordered
        Whether the levels have an order.
    """

    kind: Literal["number", "text", "date", "levels", "condition"]
    cells: pd.Series
    words: str
    alone: bool = False
    levels: tuple[str, ...] = ()
    ordered: bool = False
    only: object = None

    def texts(self) -> pd.Series:
        """Cells as texts."""
        if self.kind == "levels":
            return self.cells.map(dict(enumerate(self.levels))).astype(object)
        return self.cells


def of_column(series: pd.Series, name: str, known: Sequence[str] | None = None) -> Value:
    """Tell what a column holds.

    Parameters
    ----------
    series
        The column.
    name
        Its name.
    known
        Levels the study file gives it, where the column may hold fewer.
    """
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        levels = tuple(map(str, known or kind.categories))
        extra = tuple(c for c in map(str, kind.categories) if c not in levels)
        levels = (*levels, *extra)
        text = series.astype(object).map(str, na_action="ignore")
        places = text.map({level: float(i) for i, level in enumerate(levels)}).astype(float)
        return Value("levels", places, name, levels=levels, ordered=bool(kind.ordered) and not extra)
    if pd.api.types.is_bool_dtype(kind):
        return Value("condition", series.astype("boolean"), name)
    if pd.api.types.is_datetime64_any_dtype(kind):
        return Value("date", series, name)
    if pd.api.types.is_numeric_dtype(kind):
        return Value("number", finite(pd.Series(series.to_numpy(float, na_value=np.nan), series.index)), name)
    found = series.dropna()
    if len(found) and found.map(lambda v: isinstance(v, bool | np.bool_)).all():
        return Value("condition", series.astype("boolean"), name)
    if len(found) and found.map(lambda v: isinstance(v, int | float | np.number)).all():
        return Value("number", finite(pd.to_numeric(series).astype(float)), name)
    text = series.astype(object).map(lambda v: str(v).strip() or None, na_action="ignore")
    return Value("text", text.where(text.notna(), None), name)


def finite(values: pd.Series) -> pd.Series:
    """Numbers with missing in the place of what is not finite."""
    return values.where(np.isfinite(values.astype(float)))


def missing(value: Value) -> pd.Series:
    """Whether each cell is missing; an empty text is."""
    return value.cells.isna()


def numbers(value: Value, decimal: str = ".") -> pd.Series:
    """Cells as numbers.

    Raises
    ------
    ExpressionError
        When a cell is no number; the message names it.
    """
    if value.kind == "number":
        return value.cells
    if value.kind not in ("text", "levels"):
        raise ExpressionError(f"{value.words} holds no numbers")
    text = value.texts()
    found: pd.Series = as_numbers(text, decimal)
    bad = text[text.notna() & found.isna()]
    if len(bad):
        if value.alone:
            raise ExpressionError(f"{value.words} is not a number")
        raise ExpressionError(
            f"{value.words} is taken for a number here, but holds {_listed(bad)}; "
            "compare it with texts in quotes, or correct the cell"
        )
    return found


def equal(a: Value, b: Value, decimal: str = ".", dates: str = "iso", strict: bool = True) -> pd.Series:
    """Whether cells are equal; only cells that are known count. A text that is no level is refused."""
    kinds = {a.kind, b.kind}
    if "condition" in kinds:
        return _truths(a, b).eq(_truths(b, a))
    if "date" in kinds:
        return _dates(a, b, dates).eq(_dates(b, a, dates))
    if "number" in kinds and not _level_named(a, b) and not _level_named(b, a):
        return numbers(a, decimal).eq(numbers(b, decimal))
    left, right = _level_text(a, b, strict), _level_text(b, a, strict)
    return left.eq(right) & left.notna() & right.notna()


def ordered(sign: str, a: Value, b: Value, decimal: str = ".", dates: str = "iso") -> pd.Series:
    """Whether cells stand in an order; only cells that are known count.

    Texts have an order when both sides are numbers, or both are dates.
    """
    compare = ORDERS[sign]
    kinds = {a.kind, b.kind}
    if "condition" in kinds:
        raise ExpressionError(f"{a.words} {sign} {b.words}: yes and no have no order")
    if "date" in kinds:
        return compare(_dates(a, b, dates), _dates(b, a, dates))
    if "levels" in kinds:
        if kinds == {"levels"} or _in_order(a, b) or _in_order(b, a):
            return compare(*_places(a, b, sign))
        return compare(numbers(a, decimal), numbers(b, decimal))
    if kinds == {"text"} and _written_date(a, b):
        return compare(_dates(a, b, dates), _dates(b, a, dates))
    if kinds == {"text"}:
        for value in (a, b):
            if value.alone and bool(as_numbers(value.cells).isna().any()):
                raise ExpressionError(
                    f"{a.words} {sign} {b.words}: texts have no order; compare with == or in, "
                    "or with a number or a date such as '2024-05-31'"
                )
    return compare(numbers(a, decimal), numbers(b, decimal))


def _truths(value: Value, other: Value) -> pd.Series:
    """Cells as yes and no, where the other side is a condition."""
    if value.kind == "condition":
        return value.cells
    word = str(value.only).lower() if value.alone else ""
    if word not in (*_TRUE, *_FALSE):
        raise ExpressionError(
            f"{other.words} is yes or no; compare it with True or False, not with {value.words}"
        )
    return pd.Series(word in _TRUE, index=value.cells.index, dtype="boolean")


def _dates(value: Value, other: Value, style: str) -> pd.Series:
    """Cells as dates, where the other side is or reads as one."""
    if value.kind == "date":
        return value.cells
    if value.kind != "text":
        raise ExpressionError(
            f"{other.words} is a date; compare it with a date such as '2024-05-31', not with {value.words}"
        )
    if value.alone:
        if not _ISO.fullmatch(str(value.only)):
            raise ExpressionError(f"{value.words} is no date; write a date as '2024-05-31'")
        style = "iso"
    found: pd.Series = as_dates(value.cells, style)
    bad = value.cells[value.cells.notna() & found.isna()]
    if len(bad):
        named = value.words if value.alone else f"{value.words} holds {_listed(bad)}, which"
        raise ExpressionError(f"{named} is no date" + ("" if value.alone else f" of the form {style!r}"))
    return found


def _written_date(a: Value, b: Value) -> bool:
    """Tell whether one side is a date written in the expression."""
    return any(v.alone and _ISO.fullmatch(str(v.only)) is not None for v in (a, b))


def number_text(number: object) -> str:
    """A number as an analyst writes it."""
    return f"{number:g}" if isinstance(number, float) and abs(number) < 1e15 else str(number)


def _level_named(levels: Value, other: Value) -> bool:
    """Tell whether a number is written that is the name of a level, such as 0 of '0' and '2+'."""
    named = levels.kind == "levels" and other.kind == "number" and other.alone
    return named and number_text(other.only) in levels.levels


def _level_text(value: Value, other: Value, strict: bool) -> pd.Series:
    """Cells as texts; a text that is to be a level must be one."""
    if value.alone and other.kind == "levels":
        word = number_text(value.only)
        if strict and word not in other.levels:
            raise ExpressionError(no_level(word, other))
        return pd.Series(word, index=value.cells.index, dtype=object)
    return value.texts()


def no_level(word: str, value: Value) -> str:
    """Say that a text is no level of a column."""
    return f"{word!r} is no level of {value.words}, whose levels are {', '.join(map(repr, value.levels))}"


def _in_order(levels: Value, other: Value) -> bool:
    """Tell whether an order of levels is asked, by the name of one of them."""
    if levels.kind != "levels" or not other.alone:
        return False
    named = number_text(other.only) in levels.levels
    numeric = bool(as_numbers(pd.Series(levels.levels, dtype=object)).notna().all())
    return not numeric and (named or other.kind == "text")


def _places(a: Value, b: Value, sign: str) -> tuple[pd.Series, pd.Series]:
    """Places of the cells in the order of the levels."""
    levels = a if a.kind == "levels" else b
    if not levels.ordered:
        raise ExpressionError(f"{a.words} {sign} {b.words}: the levels of {levels.words} have no order")
    sides = []
    for value in (a, b):
        if value.kind == "levels":
            if value.levels != levels.levels:
                raise ExpressionError(f"{a.words} and {b.words} have different levels, and no common order")
            sides.append(value.cells)
            continue
        word = number_text(value.only)
        if word not in levels.levels:
            raise ExpressionError(no_level(word, levels))
        place = float(levels.levels.index(word))
        sides.append(pd.Series(place, index=value.cells.index))
    return sides[0], sides[1]


def _listed(cells: pd.Series) -> str:
    """Some texts of a column."""
    found = list(dict.fromkeys(map(str, cells)))
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(repr(f[:60]) for f in found[:SHOWN]) + more
