"""Expressions of a study file over the columns of a table: one small language, and nothing of Python's.

An expression is read into a tree, each node of which has to be on a list; what the nodes mean is
computed here. Text of a study file is never run.

A condition is true, false or not known of a row. A missing cell makes a comparison not known, and a row
of which a condition is not known does not fulfil it. An empty text is a missing cell: ``x == ''`` and
``is_missing(x)`` mean the same.
"""

from __future__ import annotations

import ast
import operator
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import reduce

import numpy as np
import pandas as pd

from her2adc import comparing
from her2adc.comparing import Value
from her2adc.grammar import FUNCTIONS, METHODS, MISSING, SIGNS, ExpressionError, Read
from her2adc.grammar import read as _read

__all__ = [
    "FUNCTIONS", "ExpressionError", "check", "columns_in", "evaluate", "holds", "names_in",
    "truth", "unmatched", "unsettled",
]  # fmt: skip


_NUMERIC = (ast.BinOp, ast.UnaryOp, ast.Name, ast.operator, ast.USub, ast.UAdd, ast.Load)


def evaluate(
    frame: pd.DataFrame,
    expression: str,
    *,
    levels: Mapping[str, Sequence[str]] | None = None,
    decimal: str = ".",
    dates: str = "iso",
) -> pd.Series:
    """Evaluate an expression over the columns of a frame.

    Parameters
    ----------
    frame
        The columns: texts, numbers, dates, levels, yes and no.
    expression
        The expression. Names of columns that are not plain words stand in backticks.
    levels
        Levels that a column may have, where the frame holds only some of them.
    decimal, dates
        How numbers and dates are written in columns of text.

    Returns
    -------
    Series
        Floats, or true, false and missing ("boolean") of a condition; a column alone as it is.

    Raises
    ------
    ExpressionError
        When the expression is not understood, or does not fit the columns.

    Examples
    --------
    >>> evaluate(pd.DataFrame({"Patient's state": ["a", "b"]}), "`Patient's state` == 'b'").tolist()
    [False, True]
    """
    read = _read(expression)
    if isinstance(read.node, ast.Name) and read.column(read.node) in frame:
        return frame[read.column(read.node)]
    value = _Evaluator(frame, read, levels or {}, decimal, dates).value(read.node)
    return value.cells


def truth(
    frame: pd.DataFrame,
    expression: str,
    *,
    levels: Mapping[str, Sequence[str]] | None = None,
    decimal: str = ".",
    dates: str = "iso",
) -> pd.Series:
    """Whether a condition is true of each row: true, false, or missing where it is not known.

    Examples
    --------
    >>> truth(pd.DataFrame({"x": [1, None]}), "not x > 0").tolist()
    [False, <NA>]
    """
    read = _read(expression)
    return _Evaluator(frame, read, levels or {}, decimal, dates).condition(read.node)


def holds(
    data: pd.DataFrame,
    expression: str,
    *,
    levels: Mapping[str, Sequence[str]] | None = None,
    decimal: str = ".",
    dates: str = "iso",
    strict: bool = True,
) -> pd.Series:
    """Whether a condition over the columns is true of each row; not known is not true.

    Without ``strict`` a column may lack a level that the condition names; no row has it then.

    Examples
    --------
    >>> holds(pd.DataFrame({"x": [1, None]}), "x > 0").tolist()
    [True, False]
    """
    read = _read(expression)
    found = _Evaluator(data, read, levels or {}, decimal, dates, strict=strict).condition(read.node)
    return found.fillna(False).astype(bool)


def unsettled(
    frame: pd.DataFrame,
    expression: str,
    *,
    levels: Mapping[str, Sequence[str]] | None = None,
    decimal: str = ".",
    dates: str = "iso",
) -> pd.Series:
    """Rows that do not fulfil a condition only because a cell is missing, as with ``x != 'a'``.

    True where the condition is not known, but would hold if a missing cell differed from everything.

    Examples
    --------
    >>> unsettled(pd.DataFrame({"x": ["b", None]}), "x != 'a'").tolist()
    [False, True]
    >>> unsettled(pd.DataFrame({"x": ["b", None]}), "x == 'a'").tolist()
    [False, False]
    """
    read = _read(expression)
    three = _Evaluator(frame, read, levels or {}, decimal, dates).condition(read.node)
    two = _Evaluator(frame, read, levels or {}, decimal, dates, differs=True).condition(read.node)
    return (three.isna() & two.fillna(False)).astype(bool)


def unmatched(frame: pd.DataFrame, expression: str) -> list[tuple[str, str, str]]:
    """Texts that an expression looks for in a column of text, and that no cell of it is.

    Returns
    -------
    list of tuple
        Column, text, and a cell that differs only by case or blanks ("" without one).

    Examples
    --------
    >>> unmatched(pd.DataFrame({"sex": ["Male", "Female"]}), "sex == 'male' or sex == 'Female'")
    [('sex', 'male', 'Male')]
    """
    read, found = _read(expression), []
    for column, word in read.texts_sought():
        if word == "" or column not in frame:
            continue
        value = comparing.of_column(frame[column], column)
        cells = set(value.cells.dropna()) if value.kind == "text" else {word}
        if word not in cells:
            like = [c for c in cells if _folded(c) == _folded(word)]
            found.append((column, word, like[0] if like else ""))
    return list(dict.fromkeys(found))


def columns_in(expression: str) -> list[str]:
    """Names of the columns from which an expression computes a number.

    Parameters
    ----------
    expression
        Arithmetic over columns and numbers, with the functions of :data:`FUNCTIONS`.

    Returns
    -------
    list of str
        In the order of the text.

    Raises
    ------
    ExpressionError
        When the expression is anything else.

    Examples
    --------
    >>> columns_in("weight / (`Height (cm)` / 100) ** 2")
    ['weight', 'Height (cm)']
    """
    read = _read(expression)
    for node in ast.walk(read.node):
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
                raise ExpressionError(f"only these functions are known: {', '.join(FUNCTIONS)}")
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, bool) or not isinstance(node.value, int | float):
                raise ExpressionError("is not arithmetic over columns and numbers")
        elif not isinstance(node, _NUMERIC):
            raise ExpressionError("is not arithmetic over columns and numbers")
    return read.columns()


def names_in(expression: str) -> list[str]:
    """Names of all columns of an expression of any kind, in the order of the text.

    Examples
    --------
    >>> names_in("`Stage (I)` in ['a', 'b'] and is_missing(age)")
    ['Stage (I)', 'age']
    """
    return _read(expression).columns()


def check(expression: str, columns: Iterable[str]) -> str | None:
    """Say what is wrong with a condition over columns of these names; None when nothing is.

    Examples
    --------
    >>> check("agee > 3", ["age", "sex"])
    "there is no column 'agee'; did you mean 'age'?"
    """
    try:
        read = _read(expression)
        allowed = list(columns)
        for name in read.columns():
            _found(name, allowed)
        if not read.columns():
            raise ExpressionError("names no column; names of columns stand without quotes")
        if not isinstance(read.node, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Call | ast.Name):
            raise ExpressionError("is not a condition; compare with ==, <, in or another sign")
    except ExpressionError as error:
        return str(error)
    return None


class _Evaluator:
    """Compute the nodes of one expression over one frame."""

    def __init__(
        self, frame: pd.DataFrame, read: Read, levels: Mapping[str, Sequence[str]], decimal: str,
        dates: str, differs: bool = False, strict: bool = True,
    ) -> None:  # fmt: skip
        self.frame, self.read, self.levels = frame, read, levels
        self.differs, self.forms, self.strict = differs, (decimal, dates), strict

    def condition(self, node: ast.expr) -> pd.Series:
        """Truth of a condition: true, false, missing."""
        value = self.value(node)
        if value.kind != "condition":
            raise ExpressionError(
                f"{value.words} is not a condition; compare it with ==, <, in or another sign"
            )
        return value.cells.astype("boolean")

    def value(self, node: ast.expr) -> Value:
        """Value of a node."""
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            name = _found(self.read.column(node), self.frame.columns)
            return comparing.of_column(self.frame[name], name, self.levels.get(name))
        if isinstance(node, ast.BoolOp):
            parts = [self.condition(v) for v in node.values]
            both = operator.and_ if isinstance(node.op, ast.And) else operator.or_
            return self._condition(reduce(both, parts), node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            sides = [self._number(node.left), self._number(node.right)]
            return self._computed(comparing.ARITHMETIC[type(node.op)], sides, node)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        assert isinstance(node, ast.Call)
        return self._called(node)

    def _constant(self, node: ast.Constant) -> Value:
        index, value = self.frame.index, node.value
        if isinstance(value, bool):
            cells = pd.Series(value, index=index, dtype="boolean")
            return Value("condition", cells, str(value), alone=True, only=value)
        if isinstance(value, int | float):
            cells = pd.Series(float(value), index=index, dtype=float)
            return Value("number", cells, self.read.words(node), alone=True, only=value)
        text = str(value).strip()
        cells = pd.Series(text or None, index=index, dtype=object)
        return Value("text", cells, repr(value), alone=True, only=text)

    def _unary(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not | ast.Invert):
            return self._condition(~self.condition(node.operand), node)
        value = self._number(node.operand)
        sign = np.negative if isinstance(node.op, ast.USub) else np.positive
        return self._computed(sign, [value], node, isinstance(node.operand, ast.Constant))

    def _number(self, node: ast.expr) -> pd.Series:
        value = self.value(node)
        if value.alone and value.kind == "text":
            raise ExpressionError(f"{value.words} is a text; + - * / ** compute with numbers only")
        return comparing.numbers(value, self.forms[0])

    def _computed(
        self, compute: Callable[..., np.ndarray], sides: list[pd.Series], node: ast.expr, alone: bool = False
    ) -> Value:
        with np.errstate(all="ignore"):
            found = compute(*(s.to_numpy(float) for s in sides))
            only = ast.literal_eval(node) if alone else None
        cells = comparing.finite(pd.Series(found, index=self.frame.index, dtype=float))
        if len(cells) and cells.isna().all() and not any(isinstance(n, ast.Name) for n in ast.walk(node)):
            raise ExpressionError(f"{self.read.words(node)} is no number, or one that is too large")
        return Value("number", cells, self.read.words(node), alone=alone, only=only)

    def _called(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Attribute):
            value = self.value(node.func.value)
            if node.func.attr == "isin":
                return self._condition(self._among(value, node.args[0]), node)
            return self._absent(value, METHODS[node.func.attr], node)
        assert isinstance(node.func, ast.Name)
        if node.func.id in MISSING:
            return self._absent(self.value(node.args[0]), MISSING[node.func.id], node)
        return self._computed(comparing.COMPUTE[node.func.id], [self._number(a) for a in node.args], node)

    def _compared(self, node: ast.Compare) -> Value:
        found: list[pd.Series] = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            found.append(self._pair(SIGNS[type(op)], left, right))
            left = right
        return self._condition(reduce(operator.and_, found), node)

    def _pair(self, sign: str, left: ast.expr, right: ast.expr) -> pd.Series:
        a = self.value(left)
        if sign in ("in", "not in"):
            found = self._among(a, right)
            return found if sign == "in" else ~found
        b = self.value(right)
        if sign in ("==", "!="):
            for one, other in ((a, b), (b, a)):
                if _empty(one):
                    return comparing.missing(other).eq(sign == "==").astype("boolean")
            found = self._known(comparing.equal(a, b, *self.forms, self.strict), a, b)
            return found if sign == "==" else ~found
        return self._known(comparing.ordered(sign, a, b, *self.forms), a, b)

    def _among(self, value: Value, listed: ast.expr) -> pd.Series:
        """Whether cells are one of a list."""
        if not isinstance(listed, ast.List | ast.Tuple | ast.Set):
            raise ExpressionError("'in' wants a list such as ['a', 'b']")
        found = pd.Series(False, index=self.frame.index, dtype="boolean")
        wants_missing = False
        for item in listed.elts:
            one = self.value(item)
            if _empty(one):
                wants_missing = True
                continue
            found |= self._known(comparing.equal(value, one, *self.forms, self.strict), value, one)
        return found.mask(comparing.missing(value), True) if wants_missing else found

    def _known(self, found: pd.Series, *values: Value) -> pd.Series:
        """Truth of a comparison, missing where a side is."""
        found = found.astype("boolean").fillna(False)
        unknown = reduce(operator.or_, (comparing.missing(v) for v in values))
        return found.mask(unknown, False if self.differs else pd.NA)

    def _absent(self, value: Value, wanted: bool, node: ast.expr) -> Value:
        return self._condition(comparing.missing(value).eq(wanted).astype("boolean"), node)

    def _condition(self, cells: pd.Series, node: ast.expr) -> Value:
        return Value("condition", cells.astype("boolean"), self.read.words(node))


def _empty(value: Value) -> bool:
    """Tell whether a written text is empty."""
    return value.alone and value.only == ""


def _found(name: str, columns: Iterable[str]) -> str:
    """Find the column that a name means."""
    columns = list(columns)
    if name in columns:
        return name
    whole = unicodedata.normalize("NFKC", name)
    if alike := [c for c in columns if unicodedata.normalize("NFKC", str(c)) == whole]:
        return str(alike[0])
    close = get_close_matches(name, [str(c) for c in columns], n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"a text stands in quotes: '{name}'"
    raise ExpressionError(f"there is no column {name!r}; {hint}")


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
