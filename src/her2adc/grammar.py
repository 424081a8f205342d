"""The text of an expression -> a tree of which every node is on a list. Nothing is computed here."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

LONGEST, DEEPEST, MOST = 20_000, 60, 5_000
"""Characters of an expression, its nesting, and its parts."""
FUNCTIONS = {"abs": (1, 1), "ceil": (1, 1), "exp": (1, 1), "floor": (1, 1), "log": (1, 1), "log10": (1, 1),
             "max": (2, 20), "min": (2, 20), "round": (1, 2), "sqrt": (1, 1)}  # fmt: skip
"""Functions an expression that computes a number may use, and how many numbers each takes."""
MISSING = {"is_missing": True, "not_missing": False}
METHODS = {"isna": True, "isnull": True, "notna": False, "notnull": False}
SIGNS: dict[type[ast.AST], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
KNOWN = (
    "understood are names of columns (in backticks when they are not one plain word), numbers, texts in "
    "quotes, ==, !=, <, <=, >, >=, in [...], not in [...], and, or, not, +, -, *, /, **, is_missing(x), "
    "not_missing(x) and the functions " + ", ".join(FUNCTIONS)
)
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_LISTS = (ast.List, ast.Tuple, ast.Set)
_FOREIGN: dict[type[ast.AST], str] = {
    ast.Attribute: "a point after a name", ast.Subscript: "square brackets after a name",
    ast.Lambda: "'lambda'", ast.IfExp: "'if ... else'", ast.NamedExpr: "':='", ast.Await: "'await'",
    ast.JoinedStr: "a text with f in front", ast.Starred: "a star in front of a name", ast.Dict: "'{...}'",
    ast.MatMult: "'@'", ast.Mod: "'%'", ast.FloorDiv: "'//'", ast.ListComp: "'for'", ast.SetComp: "'for'",
    ast.DictComp: "'for'", ast.GeneratorExp: "'for'", ast.LShift: "'<<'", ast.RShift: "'>>'",
    ast.BitXor: "'^'", ast.Yield: "'yield'", ast.YieldFrom: "'yield'", ast.List: "a list outside 'in'",
    ast.Tuple: "a comma outside a list", ast.Set: "'{...}'", ast.BitAnd: "'&'", ast.BitOr: "'|'",
}  # fmt: skip
_PIECES = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|[&|]+|[^'\"`&|]+|.", re.DOTALL)


class ExpressionError(ValueError):
    """An expression that is not understood, or that does not fit the columns."""


@dataclass(frozen=True)
class Read:
    """An expression as read: its tree, and what each word in the place of a name in backticks means."""

    node: ast.expr
    names: Mapping[str, str]

    def column(self, node: ast.Name) -> str:
        """Name of the column that a word means."""
        return self.names.get(node.id, node.id)

    def columns(self) -> list[str]:
        """Columns named, in the order of the text."""
        called = {id(n.func) for n in ast.walk(self.node) if isinstance(n, ast.Call)}
        found = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and id(n) not in called]
        found.sort(key=lambda n: (n.lineno, n.col_offset))
        return list(dict.fromkeys(self.column(n) for n in found))

    def words(self, node: ast.expr) -> str:
        """Write a part of the expression as the study file does."""
        text = ast.unparse(node)
        for word, name in self.names.items():
            text = text.replace(word, f"`{name}`")
        return text if len(text) <= 60 else f"{text[:57]}..."

    def texts_sought(self) -> Iterator[tuple[str, str]]:
        """Columns, and the texts with which they are compared for being equal."""
        for node in ast.walk(self.node):
            sides: list[ast.expr] = []
            if isinstance(node, ast.Compare):
                if isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
                    sides = [node.left, *node.comparators]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                sides = [node.func.value, *node.args]
            flat = [e for s in sides for e in (s.elts if isinstance(s, _LISTS) else [s])]
            texts = [c.value for c in flat if isinstance(c, ast.Constant) and isinstance(c.value, str)]
            for name in flat:
                if isinstance(name, ast.Name):
                    yield from ((self.column(name), text.strip()) for text in texts)


def read(expression: str) -> Read:
    """Read an expression.

    Parameters
    ----------
    expression
        The text. A backslash stands for itself, ``&`` and ``|`` for ``and`` and ``or``.

    Returns
    -------
    Read

    Raises
    ------
    ExpressionError
        When anything in it is not on the list; the message names it and says what is.

    Examples
    --------
    >>> read("`Stage (I)` in ['a', 'b'] & is_missing(age)").columns()
    ['Stage (I)', 'age']
    >>> read("age.to_csv('x')")
    Traceback (most recent call last):
        ...
    her2adc.grammar.ExpressionError: 'age.to_csv(...)' is not understood; understood are names of ...
    """
    if not isinstance(expression, str) or not expression.strip():
        raise ExpressionError("is empty")
    if len(expression) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST} characters")
    plain, names = _plain(expression)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            node = ast.parse(plain, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"is not an expression: {_hint(plain) or error.msg}") from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("is not an expression: it is nested too deeply, or holds no text") from None
    if sum(1 for _ in ast.walk(node)) > MOST:
        raise ExpressionError(f"has more than {MOST} parts")
    found = Read(node, names)
    _allowed(found, node, 0)
    return found


def _plain(expression: str) -> tuple[str, dict[str, str]]:
    """Put a plain word in the place of each name in backticks; say what each word stands for."""
    stem = "column_"
    while stem in expression:
        stem += "_"
    names: dict[str, str] = {}
    out: list[str] = []
    text_before = False
    for piece in _PIECES.findall(expression):
        if len(piece) > 1 and piece[0] == "`":
            word = next((w for w, n in names.items() if n == piece[1:-1]), f"{stem}{len(names)}z")
            names[word] = piece[1:-1]
            piece = f" {word} "
        elif piece[0] in "'\"":
            if len(piece) == 1:
                raise ExpressionError("is not an expression: a quote is not closed")
            if text_before:
                raise ExpressionError("is not an expression: a comma or a sign is missing between two texts")
            if out and out[-1][-1:].isalnum():
                raise ExpressionError("is not an expression: a letter stands in front of a quote")
            piece = repr(piece[1:-1])
        elif piece == "`":
            raise ExpressionError("is not an expression: a backtick is not closed")
        elif piece[0] in "&|":
            piece = " and " if piece[0] == "&" else " or "
        elif "#" in piece:
            raise ExpressionError("is not an expression: a name with # stands in backticks")
        else:
            piece = " ".join(piece.split("\n"))
        text_before = piece[0] in "'\"" or (text_before and not piece.strip())
        out.append(piece)
    return "".join(out).strip(), names


_HINTS = (
    (r"[“”‘’„«»]", "write straight quotes (' or \")"),
    (r"[＝＜＞（），！]", "write the signs of an English keyboard"),
    (r"(?<![=!<>])=(?!=)", "write == to compare"),
    (r"<>", "write != for 'differs from'"),
    (r"!(?!=)", "write 'not'"),
    (r"\b(AND|OR|NOT|IN)\b", "write and, or, not, in with small letters"),
    (r"\b(class|def|from|import|for|if|else|is|lambda|with|as|try|pass|return)\b",
     "a name that is a word of the language stands in backticks"),
    (r"\b\d+\w*[^\W\d]", "a name that begins with a digit stands in backticks"),
)  # fmt: skip


def _hint(plain: str) -> str:
    """What to do about text that cannot be read."""
    outside = re.sub(r"'[^']*'|\"[^\"]*\"", "''", plain)
    return next((words for pattern, words in _HINTS if re.search(pattern, outside)), "")


def _allowed(expression: Read, node: ast.expr, depth: int) -> None:
    """Refuse whatever is not on the list."""
    if depth > DEEPEST:
        raise ExpressionError("is nested too deeply")
    for part in _parts(expression, node):
        _allowed(expression, part, depth + 1)


def _parts(expression: Read, node: ast.expr) -> list[ast.expr]:
    """Parts of a node that is on the list."""
    if isinstance(node, ast.Constant):
        _constant(node)
        return []
    if isinstance(node, ast.Name):
        return []
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BinOp) and isinstance(node.op, _ARITHMETIC):
        return [node.left, node.right]
    if isinstance(node, ast.Compare) and all(type(o) in SIGNS for o in node.ops):
        return [node.left, *_compared(node)]
    if isinstance(node, ast.Call):
        return _called(expression, node)
    raise _refused(expression, node)


def _constant(node: ast.Constant) -> None:
    value = node.value
    if value is None:
        raise ExpressionError("'None' is not understood; write is_missing(x)")
    if not isinstance(value, bool | int | float | str):
        raise ExpressionError(f"{value!r} is neither a number nor a text in quotes")
    if isinstance(value, int | float) and not abs(value) < 10**100:
        raise ExpressionError("holds a number that is too large")


def _compared(node: ast.Compare) -> Iterable[ast.expr]:
    for op, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            yield from _items(right)
        else:
            yield right


def _items(node: ast.expr) -> list[ast.expr]:
    """Numbers and texts of a list."""
    if not isinstance(node, _LISTS):
        raise ExpressionError("'in' wants a list in square brackets, such as ['a', 'b']")
    for item in node.elts:
        negative = isinstance(item, ast.UnaryOp) and isinstance(item.op, ast.USub)
        if not isinstance(item.operand if negative else item, ast.Constant):  # type: ignore[attr-defined]
            raise ExpressionError("a list holds numbers and texts in quotes, nothing else")
    return node.elts


def _called(expression: Read, node: ast.Call) -> list[ast.expr]:
    """Arguments of a function that is known."""
    function, given = node.func, node.args
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and not node.keywords:
        if function.attr == "isin" and len(given) == 1:
            return [function.value, *_items(given[0])]
        if function.attr in METHODS and not given:
            return [function.value]
    if not isinstance(function, ast.Name) or node.keywords:
        raise _refused(expression, node)
    name = expression.column(function)
    low, high = (1, 1) if name in MISSING else FUNCTIONS.get(name, (0, -1))
    if high < 0:
        raise ExpressionError(f"only these functions are known: {', '.join([*FUNCTIONS, *MISSING])}")
    if not low <= len(given) <= high:
        raise ExpressionError(f"{name} takes {low} number{'s' if low > 1 else ''}, not {len(given)}")
    return given


def _refused(expression: Read, node: ast.AST) -> ExpressionError:
    """Say what is not understood, and what is."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        what = f"'{expression.words(node.func)}(...)'"
    elif isinstance(node, ast.BinOp):
        what = _FOREIGN.get(type(node.op), type(node.op).__name__)
    elif isinstance(node, ast.Compare):
        return ExpressionError("'is' is not understood; write == or is_missing(x)")
    else:
        what = _FOREIGN.get(type(node), f"'{type(node).__name__}'")
        if isinstance(node, ast.Attribute | ast.Subscript):
            what += f" ('{expression.words(node)}')"
    return ExpressionError(f"{what} is not understood; {KNOWN}")
