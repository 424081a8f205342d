"""Expressions of a study file over the columns of a table."""

from __future__ import annotations

import ast
import re

import pandas as pd

FUNCTIONS = ("abs", "ceil", "exp", "floor", "log", "log10", "sqrt")
"""Functions an expression that computes a number may use."""
_QUOTED = re.compile(r"`([^`]*)`")
_ARITHMETIC = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Load, ast.Constant,
    ast.operator, ast.unaryop,
)  # fmt: skip


def evaluate(frame: pd.DataFrame, expression: str) -> pd.Series:
    """Evaluate a pandas expression over the columns of a frame.

    Column names that are not plain words stand in backticks, whatever characters they have.

    Parameters
    ----------
    frame
        The columns.
    expression
        The expression.

    Returns
    -------
    Series

    Examples
    --------
    >>> evaluate(pd.DataFrame({"Patient's state": ["a", "b"]}), "`Patient's state` == 'b'").tolist()
    [False, True]
    """
    plain, names = _plain(expression)
    missing = [column for column in names.values() if column not in frame.columns]
    if missing:
        raise ValueError(f"name {missing[0]!r} is not defined")
    here = frame.assign(**{name: frame[column] for name, column in names.items()})
    return pd.Series(here.eval(plain, engine="python"), index=frame.index)


def holds(data: pd.DataFrame, expression: str) -> pd.Series:
    """Whether an expression over the columns is true of each row; missing is not true.

    Examples
    --------
    >>> holds(pd.DataFrame({"x": [1, None]}), "x > 0").tolist()
    [True, False]
    """
    return evaluate(data, expression).astype("boolean").fillna(False).astype(bool)


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
    ValueError
        When the expression is anything else.

    Examples
    --------
    >>> columns_in("weight / (`Height (cm)` / 100) ** 2")
    ['weight', 'Height (cm)']
    """
    plain, names = _plain(expression)
    try:
        tree = ast.parse(plain.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"is not an expression: {error.msg}") from None
    functions = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    found: dict[tuple[int, int], str] = {}
    for node in ast.walk(tree):
        if id(node) in functions:
            if not (isinstance(node, ast.Name) and node.id in FUNCTIONS):
                raise ValueError(f"only these functions are known: {', '.join(FUNCTIONS)}")
        elif isinstance(node, ast.Name):
            found[node.lineno, node.col_offset] = names.get(node.id, node.id)
        elif not isinstance(node, _ARITHMETIC) or not _number(node):
            raise ValueError("is not arithmetic over columns and numbers")
    return list(dict.fromkeys(column for _, column in sorted(found.items())))


def _number(node: ast.AST) -> bool:
    """Tell whether a node, when it is a constant, is a number."""
    value = node.value if isinstance(node, ast.Constant) else 0
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(expression: str) -> tuple[str, dict[str, str]]:
    """Put a plain word in the place of each name in backticks; return what each word stands for."""
    names: dict[str, str] = {}

    def word(match: re.Match[str]) -> str:
        name = f"quoted_column_{len(names)}"
        names[name] = match[1]
        return name

    return _QUOTED.sub(word, expression), names
