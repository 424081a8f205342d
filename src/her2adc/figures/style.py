"""One look for every figure: type, colours of groups, line styles, sizes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from her2adc.figures import fonts
from her2adc.results import ALL_PATIENTS

__all__ = [
    "GREY",
    "INK",
    "NARROW_MM",
    "RULE",
    "SIZE",
    "WIDE_MM",
    "context",
    "group_colors",
    "group_linestyles",
    "ink",
    "label_of",
    "lighter",
    "shown",
    "styled",
]

P = ParamSpec("P")
R = TypeVar("R")

NARROW_MM, WIDE_MM = 75.0, 154.0
"""Printed widths: one column and the full type area."""
SIZE = 8.0
"""Type size in points at the printed width."""
INK, GREY, RULE = "#222222", "#5F5F5F", "#C8C8C8"
"""Text, quiet text, and thin rules."""

_HER2 = re.compile(r"^\s*her2[\s\-–]*(zero|null|0|ultra-?low|low|positive|\+)\b", re.IGNORECASE)
_HER2_LOOK: dict[str, tuple[str, Any]] = {
    "zero": ("#757575", (0, (6, 1.1, 1.3, 1.1))),
    "ultralow": ("#5FA8DA", (0, (1.6, 0.9))),
    "low": ("#00579B", "solid"),
    "positive": ("#E07B00", (0, (7, 1.1))),
}
ADC_COLORS = {
    "t-dxd": "#007A5E",
    "sg": "#BC5C94",
    "t-dm1": "#C9A227",
    "dato-dxd": "#5FA8DA",
    "sac-tmt": "#8C6BB1",
    "dv": "#A6761D",
}
"""Colours of the antibody-drug conjugates, by lower-case short name."""
_ADC = re.compile(r"^(.+?)(?: first| only)?$", re.IGNORECASE)
_COLORS = ("#00579B", "#E07B00", "#00896A", "#BC5C94", "#757575", "#5FA8DA", "#8C6BB1", "#A6761D")
_DASHES: tuple[Any, ...] = (
    "solid",
    (0, (7, 1.1)),
    (0, (6, 1.1, 1.3, 1.1)),
    (0, (1.6, 0.9)),
    (0, (8, 1.0, 1.3, 1.0, 1.3, 1.0)),
)

_RC: dict[str, Any] = {
    "font.size": SIZE,
    "text.color": INK,
    "text.hinting": "none",
    "axes.labelsize": SIZE,
    "axes.titlesize": SIZE,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SIZE,
    "ytick.labelsize": SIZE,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.8,
    "ytick.major.size": 2.8,
    "xtick.minor.size": 1.6,
    "xtick.major.pad": 2.2,
    "ytick.major.pad": 2.2,
    "lines.linewidth": 1.3,
    "lines.solid_capstyle": "butt",
    "lines.dash_capstyle": "butt",
    "lines.scale_dashes": True,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.bbox": None,
    "figure.dpi": 100,
    "svg.fonttype": "none",
    "svg.hashsalt": "her2adc",
    "pdf.fonttype": 42,
    "path.simplify": False,
}


def context(*, math: bool = False) -> AbstractContextManager[None]:
    """Apply the settings of the book's figures for the time of a ``with`` block.

    Text is text, ``$`` included, unless ``math`` is wanted, as for the figures that an analyst draws.

    Examples
    --------
    >>> with context():
    ...     mpl.rcParams["svg.fonttype"]
    'none'
    """
    chain = fonts.families()
    settings: Any = {**_RC, "font.family": chain, "font.sans-serif": chain[:1], "text.parse_math": math}
    return mpl.rc_context(settings)


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that it runs under the book's settings.

    Examples
    --------
    >>> styled(lambda: mpl.rcParams["font.size"])()
    8.0
    """

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with context():
            made = function(*args, **kwargs)
        texts = [text.get_text() for text in made.findobj(Text)] if isinstance(made, Figure) else []
        if fonts.add_for(fonts.lacking(texts)):
            with context():  # once more, with the letters that were lacking, as they are measured
                made = function(*args, **kwargs)
        return made

    return inside


def _her2_key(level: str) -> str | None:
    """Which HER2 class a group name starts with, or None."""
    found = _HER2.match(level)
    if found is None:
        return None
    word = found.group(1).lower().replace("-", "")
    return {"null": "zero", "0": "zero", "+": "positive"}.get(word, word)


def _adc(level: str) -> str:
    """Return the ADC a group is named after: ``T-DXd first`` -> ``t-dxd``."""
    found = _ADC.match(level)
    return found.group(1).lower() if found else ""


def _looks(levels: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """Colour and dash pattern of every group; no two groups share a colour."""
    groups = [level for level in levels if level != ALL_PATIENTS]
    keys = {level: _her2_key(level) for level in groups}
    known = list(keys.values())
    looks: dict[str, tuple[str, Any]] = {ALL_PATIENTS: (INK, "solid")}
    for level, key in keys.items():
        if key is not None and known.count(key) == 1:
            looks[level] = _HER2_LOOK[key]
    named = [level for level in groups if _adc(level) in ADC_COLORS]
    if len({_adc(level) for level in named}) == len(named):
        dash = {level: _DASHES[i % len(_DASHES)] for i, level in enumerate(named)}
        looks |= {level: (ADC_COLORS[_adc(level)], dash[level]) for level in named}
    taken = {look[0] for look in looks.values()}
    dashes = [str(look[1]) for name, look in looks.items() if name != ALL_PATIENTS]
    free = [color for color in _COLORS if color not in taken] or list(_COLORS)
    patterns = [dash for dash in _DASHES if str(dash) not in dashes] or list(_DASHES)
    for i, level in enumerate(level for level in groups if level not in looks):
        looks[level] = (free[i % len(free)], patterns[i % len(patterns)])
    return looks


def group_colors(levels: Sequence[str]) -> dict[str, str]:
    """Colour of every group: HER2 classes have their own, others follow in order.

    Parameters
    ----------
    levels : sequence of str
        Names of the groups, in order.

    Returns
    -------
    dict

    Examples
    --------
    >>> group_colors(["HER2-low", "HER2-positive"])
    {'HER2-low': '#00579B', 'HER2-positive': '#E07B00'}
    """
    looks = _looks(levels)
    return {level: looks[level][0] for level in levels}


def group_linestyles(levels: Sequence[str]) -> dict[str, Any]:
    """Dash pattern of every group, as matplotlib takes it.

    Examples
    --------
    >>> group_linestyles(["HER2-low", "HER2-positive"])["HER2-low"]
    'solid'
    """
    looks = _looks(levels)
    return {level: looks[level][1] for level in levels}


def lighter(color: str, amount: float = 0.55) -> str:
    """Colour mixed with white; ``amount`` 1 is white.

    Examples
    --------
    >>> lighter("#000000", 0.5)
    '#808080'
    """
    red, green, blue = (c + (1 - c) * amount for c in to_rgb(color))
    return str(to_hex((red, green, blue))).lower()


def ink(color: str, contrast: float = 4.6) -> str:
    """Colour darkened until small text in it can be read on white (WCAG 4.5:1).

    Examples
    --------
    >>> ink("#222222")
    '#222222'
    """
    red, green, blue = to_rgb(color)
    while 1.05 / (_luminance((red, green, blue)) + 0.05) < contrast:
        red, green, blue = 0.96 * red, 0.96 * green, 0.96 * blue
    return str(to_hex((red, green, blue))).lower()


def _luminance(rgb: Sequence[float]) -> float:
    """Relative luminance of an sRGB colour."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def on_color(color: str) -> str:
    """White or dark text, whichever reads better on a fill of ``color``.

    Examples
    --------
    >>> on_color("#00579B"), on_color("#F0F0F0")
    ('#ffffff', '#222222')
    """
    return "#ffffff" if 1.05 / (_luminance(to_rgb(color)) + 0.05) >= 4.5 else INK


_LONGEST = 120
_BREAK = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def without_controls(text: str) -> str:
    """Text in which control characters but line breaks show as replacement characters.

    Examples
    --------
    >>> without_controls("a" + chr(7) + "b")
    'a\ufffdb'
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def shown(text: object, longest: int = _LONGEST) -> str:
    """Text of data or of a study file as figures print it: as typed, in one line, of a bounded length.

    Line breaks and tabs become blanks, control characters show as such, and after 120 characters an
    ellipsis stands for the rest.

    Examples
    --------
    >>> shown("$5 to $10"), shown("two" + chr(10) + "lines"), len(shown("x" * 10_000))
    ('$5 to $10', 'two lines', 120)
    """
    line = without_controls(_BREAK.sub(" ", str(text)))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def label_of(name: str, labels: Mapping[str, str] | None) -> str:
    """Find the printed name of a group or variable; itself when it has no label. See :func:`shown`.

    Examples
    --------
    >>> label_of("pfs", {"pfs": "Progression-free survival"}), label_of("os", None)
    ('Progression-free survival', 'os')
    """
    return shown(name if labels is None else labels.get(name, name))
