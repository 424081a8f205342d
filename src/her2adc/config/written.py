"""YAML as it is written: a text stays the text in the file, and no key is lost.

YAML 1.1 reads ``No`` as false, ``1:30`` as 90 and ``010`` as 8, and of two equal keys it keeps the
last. A level called ``No`` would print as ``False``. Here a plain scalar is a number only if it is written
as Python writes it, a truth value only below ``parameters``, and nothing where it is empty.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from her2adc.errors import Problem, StudyError

_MOST_BYTES, _MOST_NODES, _DEEPEST = 5_000_000, 200_000, 60
_WHOLE = re.compile(r"[-+]?\d{1,18}")
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][-+]?\d+)")
_TRUTH = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
_ENDLESS = {".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf")}
_NULL = ("", "~", "null", "Null", "NULL")
_FREE = "parameters"
"""Key below which values go to notebooks as they are, numbers and truth values included."""
Path_ = tuple[int | str, ...]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Knows no types but the merge key; the types are given below, by place."""


_Loader.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile(r"^(?:<<)$"))]}
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN = {f"tag:yaml.org,2002:{t}" for t in ("str", "seq", "map", "merge", "int", "float", "bool", "null")}


def read_yaml(path: Path) -> tuple[Any, yaml.Node | None]:
    """Read a YAML file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    object, yaml.Node
        What it says (dict, list, text, number or None), and its nodes with their lines.

    Raises
    ------
    StudyError
        When it cannot be read, is not UTF-8, not YAML, too large or too deep, or has a key twice.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.yml"
    >>> _ = file.write_text("levels: {No: [no, 010], Yes: [1.0, 1.50]}")
    >>> read_yaml(file)[0]
    {'levels': {'No': ['no', '010'], 'Yes': [1.0, '1.50']}}
    """
    text = _text(path)
    try:
        _shallow(text, path.name)
        loader = _Loader(text)
        try:
            tree = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise StudyError([_not_yaml(path.name, error, text)]) from None
    if tree is None:
        return None, None
    _bounded(tree, path.name)
    reading = _Reading(path.name)
    value = reading.value(tree, ())
    if reading.problems:
        raise StudyError(reading.problems)
    return value, tree


def _text(path: Path) -> str:
    """Text of a file."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise StudyError([Problem(path.name, "is larger than 5 MB: this is no study file",
                                      "give the study.yml of a study")])  # fmt: skip
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        found = repr(error.object[error.start : error.end])
        row = error.object[: error.start].count(b"\n") + 1
        raise StudyError(
            [Problem(path.name, "is not UTF-8 text", "save it as UTF-8", row, value=found)]
        ) from None
    except OSError as error:
        raise StudyError(
            [Problem(path.name, f"cannot be read: {error.strerror}", "look at its permissions")]
        ) from None


def _not_yaml(file: str, error: yaml.YAMLError, text: str) -> Problem:
    """What is wrong with a text that is not YAML."""
    mark = getattr(error, "problem_mark", None)
    row = mark.line + 1 if mark else None
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    remedy = "check indentation, colons and quotes near that row"
    if "\t" in line[: len(line) - len(line.lstrip())]:
        remedy = "indent with blanks: the row begins with a tab"
    elif "control characters" in str(what) or "special characters" in str(what):
        remedy = "the file holds a character that no text has; write it anew with a text editor"
    return Problem(file, f"is not valid YAML: {what}", remedy, row=row)


def _shallow(text: str, file: str) -> None:
    """Refuse a text that is nested so deep that reading it could bring the reader down."""
    if text.count("[") + text.count("{") < 2000 and all(
        line.count("- ") + line.count("? ") + line.count("[") + line.count("{") < 200
        for line in text.splitlines()
    ):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            row = event.start_mark.line + 1 if event.start_mark else None
            raise StudyError([Problem(file, "is nested too deep", "write it anew", row=row)])


def _bounded(tree: yaml.Node, file: str) -> None:
    """Refuse anchors that stand for themselves, or that multiply without end."""
    sizes: dict[int, int] = {}

    def refuse(node: yaml.Node, message: str) -> StudyError:
        return StudyError([Problem(file, message, "write the part out", row=node.start_mark.line + 1)])

    def size(node: yaml.Node, depth: int) -> int:
        if sizes.get(id(node)) == 0:
            raise refuse(node, "an anchor (&) stands for a part that holds it")
        if depth > _DEEPEST:
            raise refuse(node, "is nested too deep")
        if id(node) not in sizes:
            sizes[id(node)] = 0
            parts = node.value if isinstance(node, yaml.SequenceNode) else []
            if isinstance(node, yaml.MappingNode):
                parts = [x for pair in node.value for x in pair]
            sizes[id(node)] = 1 + sum(size(x, depth + 1) for x in parts)
        return sizes[id(node)]

    if size(tree, 0) > _MOST_NODES:
        raise refuse(tree, f"stands for more than {_MOST_NODES:,} values once its anchors are written out")


class _Reading:
    """Values of the nodes of a file, and what is wrong with them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, place: Path_) -> Any:
        """Value of a node."""
        if node.tag not in _PLAIN:
            self._problem(node, place, "YAML tags (!) are not understood", "delete it", node.tag)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(n, (*place, i)) for i, n in enumerate(node.value)]
        quoted = isinstance(node, yaml.ScalarNode) and node.style
        return node.value if quoted else _scalar(node.value, place)

    def _mapping(self, node: yaml.MappingNode, place: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        rows: dict[str, int] = {}
        merged: dict[str, Any] = {}
        for key, content in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._problem(key, place, "a key has to be a text", "put quotes around it", "")
            elif key.tag == _MERGE:
                parts = self.value(content, place)
                for part in parts if isinstance(parts, list) else [parts]:
                    merged = {**(part if isinstance(part, dict) else {}), **merged}
            elif key.value in rows:
                message = f"the key {key.value!r} stands twice, in rows {rows[key.value]} and "
                message += f"{key.start_mark.line + 1}"
                self._problem(key, (*place, key.value), message, "keep one of the two", "")
            else:
                rows[key.value] = key.start_mark.line + 1
                found[key.value] = self.value(content, (*place, key.value))
        return {**{k: v for k, v in merged.items() if k not in found}, **found}

    def _problem(self, node: yaml.Node, place: Path_, message: str, remedy: str, value: str) -> None:
        column = ".".join(map(str, place))
        self.problems.append(Problem(self.file, message, remedy, node.start_mark.line + 1, column, value))


def _scalar(text: str, place: Path_) -> Any:
    """Value of a plain text by its place."""
    if text in _NULL:
        return text or None if place and isinstance(place[-1], int) else None
    free = _FREE in place
    if free and text.lower() in _TRUTH:
        return _TRUTH[text.lower()]
    if text.lower() in _ENDLESS:
        return _ENDLESS[text.lower()]
    number: float | None = None
    if _WHOLE.fullmatch(text) and not re.match(r"[-+]?0\d", text):
        number = int(text)
    elif _DECIMAL.fullmatch(text):
        number = float(text)
    return number if number is not None and (free or str(number) == text) else text
