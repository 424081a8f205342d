r"""Text of data and study files wherever it leaves the package: MyST, HTML, file names, CSV cells.

Sentences, titles, labels and cells are plain text everywhere. What is put on a page is escaped unless it
is :class:`Myst`, so that a place nobody thought of shows its markup instead of obeying it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

__all__ = [
    "Myst", "cite", "escape", "option", "plain", "slugs", "spreadsheet", "to_html", "token", "write_csv",
]  # fmt: skip

_BLANKS = re.compile("[\\s\x1c-\x1f\x85\u2028\u2029]+")
_KEPT = " \xa0\u2007\u2008\u2009\u200a\u202f"
"""Blanks that a number or a table is set with; others are folded."""
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
"""Control characters, and what would turn the direction of the text that follows."""
_RIGHT = (
    "\u0590-\u08ff\u200f\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc"
    "\U00010800-\U00010fff\U0001e800-\U0001efff"
)
_TO_THE_LEFT = re.compile(f"[{_RIGHT}](?:[^\\w\n]*[{_RIGHT}])*")
"""Words of a script that runs to the left, with what stands between them."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|$~&^#])")
_AT_START = re.compile(r"^(?:(-+|[+=%:]|\((?=.*\)=$))|(\d{1,9})([.)])(?=\s|$))")
_TOKEN = re.compile(r"[\w][\w./-]*")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_:.+-]*")

_FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
_NUMBER = r"[-+−]?\d+(?:[.,·]\d+)*(?:[eE][-+]?\d+)?%?"
_NUMERIC = re.compile(rf"{_NUMBER}(?:[ ,;]+[(\[]?(?:{_NUMBER}|to|of|NE|NR|CI|95% CI)[)\]†‡§‖¶#%]*)*[†‡§‖¶#]*")


class Myst(str):
    r"""Text that is MyST already; what is put into it is escaped.

    Only literals are made into it. An f-string of it is a ``str`` again, and is escaped where it is shown.

    Examples
    --------
    >>> print(Myst("**{}:** {}").format("a*b", Myst("*c*")))
    **a\*b:** *c*
    >>> print(Myst("\n").join(["- a", Myst("- b")]))
    \- a
    - b
    """

    def format(self, *args: object, **kwargs: object) -> Myst:
        """Fill in, everything escaped."""
        named = {name: escape(str_of(value)) for name, value in kwargs.items()}
        return Myst(super().format(*(escape(str_of(value)) for value in args), **named))

    def join(self, parts: Iterable[str]) -> Myst:
        """Join, everything escaped."""
        return Myst(super().join(escape(part) for part in parts))

    def __add__(self, other: str) -> Myst:
        """Append, escaped; blanks at the ends stay."""
        if isinstance(other, Myst):
            return Myst(f"{self!s}{other!s}")
        before, after = (" " if other[i : i + 1] == " " else "" for i in (0, len(other) - 1))
        return Myst(f"{self!s}{before}{escape(other)!s}{after}")


def str_of(value: object) -> str:
    """Text of a value, as it is when it is one."""
    return value if isinstance(value, str) else str(value)


def plain(text: str) -> str:
    r"""One line of text: blanks folded, and what cannot be printed replaced by a sign that can.

    Examples
    --------
    >>> plain(" a\n\n{include}\x07 ")
    'a {include}�'
    """
    folded = _BLANKS.sub(lambda found: found[0] if set(found[0]) <= set(_KEPT[1:]) else " ", text)
    return _UNPRINTABLE.sub("\ufffd", folded).strip(" ")


def escape(text: str) -> Myst:
    r"""Text that MyST prints as it is; text that is MyST already stays so.

    Words of a script that runs to the left are isolated, so that the rest of the line keeps its order.

    Examples
    --------
    >>> print(escape("IHC 2+ | <65 *"), escape("+ yes"), escape("1. x"), escape("{include}`a`"))
    IHC 2+ \| \<65 \* \+ yes 1\. x \{include\}\`a\`
    """
    if isinstance(text, Myst):
        return text
    safe = _SPECIAL.sub(r"\\\1", plain(text))
    safe = _AT_START.sub(lambda m: "".join(f"\\{c}" for c in m[1]) if m[1] else f"{m[2]}\\{m[3]}", safe)
    return Myst(_TO_THE_LEFT.sub("\u2068\\g<0>\u2069", safe))


def option(text: str) -> Myst:
    r"""Text as the value of a directive's option, such as an alternative text.

    Examples
    --------
    >>> print(option('two\nlines: "a" # b'))
    "two lines: \"a\" # b"
    """
    return Myst(json.dumps(plain(text), ensure_ascii=False))


def to_html(text: str) -> str:
    """Text as HTML, for a notebook opened by hand.

    Examples
    --------
    >>> to_html('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return _TO_THE_LEFT.sub("\u2068\\g<0>\u2069", html.escape(plain(text)))


def token(text: str) -> Myst:
    """File name or label for MyST.

    Raises
    ------
    ValueError
        When a character of it could mean something there.

    Examples
    --------
    >>> token("figures/pfs-km.svg")
    'figures/pfs-km.svg'
    """
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a file or label: letters, digits, '_', '-' only")
    return Myst(text)


def cite(key: str, form: str = "t") -> Myst:
    r"""Citation of a source of the bibliography; what is no key is printed as text.

    Examples
    --------
    >>> cite("Shi2023"), cite("a`b")
    ('{cite:t}`Shi2023`', 'a\\`b')
    """
    if not all(_KEY.fullmatch(part) for part in key.split(",")):
        return escape(key)
    return Myst(f"{{cite:{form}}}`{key}`")


def slugs(texts: Sequence[str]) -> list[str]:
    """Short names for files and labels, each another one.

    Examples
    --------
    >>> slugs(["HER2-low", "<1% | CPS", "1% CPS", "高"])
    ['her2-low', '1-cps', '1-cps-2', 'x']
    """
    found: list[str] = []
    for text in texts:
        short = re.sub(r"[^a-z0-9]+", "-", text.lower())[:40].strip("-") or "x"
        name, k = short, 1
        while name in found:
            k += 1
            name = f"{short}-{k}"
        found.append(name)
    return found


def spreadsheet(text: str) -> str:
    r"""Text of a CSV cell that a spreadsheet does not take for a formula; numbers stay as they are.

    Examples
    --------
    >>> [spreadsheet(t) for t in ("=cmd()", "\t@x", "-0.3 (-0.9 to 0.2)", "-1.5e-3", "- none", " ＝1")]
    ["'=cmd()", "'@x", '-0.3 (-0.9 to 0.2)', '-1.5e-3', "'- none", "' ＝1"]
    """
    text = _UNPRINTABLE.sub("\ufffd", text.lstrip("\t\r\n\x0b\x0c").replace("\r\n", "\n").replace("\r", "\n"))
    bare = text.lstrip(" \t\n\xa0\u2007\u200b\u200e\u200f\ufeff\"")
    return f"'{text}" if bare[:1] and bare[0] in _FORMULA and not _NUMERIC.fullmatch(bare.strip()) else text


def write_csv(frame: pd.DataFrame, path: Path | str) -> Path:
    """Write a table that people download: texts and headers that look like formulas are neutralised."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    safe = frame.set_axis([spreadsheet(str(column)) for column in frame.columns], axis=1)
    cells = {
        i: frame.iloc[:, i].map(lambda v: spreadsheet(v) if isinstance(v, str) else v)
        for i, dtype in enumerate(frame.dtypes)
        if not pd.api.types.is_numeric_dtype(dtype)
    }
    columns = [cells.get(i, frame.iloc[:, i]) for i in range(frame.shape[1])]
    safe = pd.concat(columns, axis=1).set_axis(safe.columns, axis=1) if columns else safe
    safe.to_csv(path, index=False, lineterminator="\n")
    return path
