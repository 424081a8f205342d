"""A figure laid out in inches, from the top left, with text that is measured before it is set."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from her2adc.figures import fonts
from her2adc.figures.style import INK, SIZE, without_controls

__all__ = ["LINE", "Sheet", "fit", "height_of", "line_height", "width_of", "wrap"]

LINE = 1.22
"""Height of a line of text, in type sizes."""
_DPI = 720


@lru_cache(maxsize=1)
def _renderer() -> RendererAgg:
    """Make the renderer that measures text."""
    make: Any = RendererAgg
    renderer: RendererAgg = make(8, 8, _DPI)
    return renderer


@lru_cache(maxsize=16384)
def _line_width(text: str, size: float, weight: str, families: tuple[str, ...]) -> float:
    """Width of one line of text in inches."""
    font = FontProperties(family=families, size=size, weight=weight)
    measure: Any = _renderer().get_text_width_height_descent
    with warnings.catch_warnings():  # said once, when the figure is saved
        warnings.filterwarnings("ignore", "Glyph ", UserWarning)
        width, _, _ = measure(text, font, ismath=False)
    return float(width) / _DPI


def width_of(text: str, size: float = SIZE, weight: str = "normal") -> float:
    """Width of a text in inches; of several lines the widest.

    Examples
    --------
    >>> width_of("mm") > width_of("m") > width_of("")
    True
    """
    chain = tuple(fonts.families())
    return max((_line_width(line, size, weight, chain) for line in text.split("\n") if line), default=0.0)


def line_height(size: float = SIZE) -> float:
    """Height of one line of text in inches.

    Examples
    --------
    >>> round(line_height(8), 3)
    0.136
    """
    return size * LINE / 72


def height_of(text: str, size: float = SIZE) -> float:
    """Height of a text in inches.

    Examples
    --------
    >>> height_of("one line") * 2 == height_of("two" + chr(10) + "lines")
    True
    """
    return line_height(size) * (text.count("\n") + 1)


def fit(text: str, width: float, size: float = SIZE, weight: str = "normal") -> str:
    """Text in one line no wider than ``width`` inches; an ellipsis stands for what is cut.

    Examples
    --------
    >>> fit("HER2-positive disease", 0.8), fit("HER2", 0.8)
    ('HER2-positiv…', 'HER2')
    """
    if width_of(text, size, weight) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(text[:middle].rstrip() + "…", size, weight) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip() + "…"


def wrap(text: str, width: float, size: float = SIZE, weight: str = "normal") -> str:
    """Text broken into lines no wider than ``width`` inches, at spaces, hyphens and slashes.

    A single word that is wider is broken between letters.

    Examples
    --------
    >>> wrap("HER2-positive disease", 0.8).split(chr(10))
    ['HER2-positive', 'disease']
    """
    return "\n".join(_wrap_line(line, width, size, weight) for line in text.split("\n"))


def _wrap_line(text: str, width: float, size: float, weight: str) -> str:
    """One line broken into several."""
    if width_of(text, size, weight) <= width:
        return text
    lines, current = [], ""
    for piece in _pieces(text, width, size, weight):
        if current and width_of((current + piece).rstrip(), size, weight) > width:
            lines.append(current.rstrip())
            current = ""
        current += piece
    lines.append(current.rstrip())
    return "\n".join(line for line in lines if line)


def _pieces(text: str, width: float, size: float, weight: str) -> list[str]:
    """Parts of a text between which a line may break."""
    pieces: list[str] = []
    for word in text.split(" "):
        parts = [word + " "]
        if width_of(word, size, weight) > width:
            parts = _after(_after([word + " "], "-"), "/")
        for part in parts:
            while width_of(part.rstrip(), size, weight) > width and len(part.rstrip()) > 1:
                cut = _fitting(part, width, size, weight)
                pieces.append(part[:cut])
                part = part[cut:]
            pieces.append(part)
    return pieces


def _after(parts: list[str], mark: str) -> list[str]:
    """Parts cut again after every ``mark``."""
    cut = [piece for part in parts for piece in part.replace(mark, mark + "\0").split("\0")]
    return [piece for piece in cut if piece]


def _fitting(word: str, width: float, size: float, weight: str) -> int:
    """How many letters of a word fit; at least one."""
    for cut in range(len(word), 1, -1):
        if width_of(word[:cut], size, weight) <= width:
            return cut
    return 1


class Sheet:
    """Figure whose parts are placed in inches from the top left corner.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Examples
    --------
    >>> sheet = Sheet(6.0, 2.0)
    >>> sheet.text(0.1, 0.2, "n = 98").get_text()
    'n = 98'
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height))
        FigureCanvasAgg(self.figure)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes whose top left corner is at ``left``, ``top``."""
        bottom = self.height - top - height
        box = (
            left / self.width,
            bottom / self.height,
            width / self.width,
            height / self.height,
        )
        return self.figure.add_axes(box)

    def text(self, x: float, y: float, text: str, **options: Any) -> Text:
        """Text at a place; ``va`` defaults to the baseline, ``ha`` to the left."""
        settings: dict[str, Any] = {
            "ha": "left",
            "va": "baseline",
            "fontsize": SIZE,
            "color": INK,
            "linespacing": LINE,
            "parse_math": False,
        }
        settings.update(options)
        text = without_controls(text)
        return self.figure.text(x, self.height - y, text, transform=self.figure.dpi_scale_trans, **settings)

    def line(self, xs: list[float], ys: list[float], **options: Any) -> Line2D:
        """Line through points."""
        settings: dict[str, Any] = {"color": INK, "linewidth": 0.6}
        settings.update(options)
        line = Line2D(
            xs,
            [self.height - y for y in ys],
            transform=self.figure.dpi_scale_trans,
            **settings,
        )
        self.figure.add_artist(line)
        return line

    def box(self, left: float, top: float, width: float, height: float, **options: Any) -> Rectangle:
        """Rectangle whose top left corner is at ``left``, ``top``."""
        settings: dict[str, Any] = {"facecolor": "white", "edgecolor": INK, "linewidth": 0.6}
        settings.update(options)
        patch = Rectangle(
            (left, self.height - top - height),
            width,
            height,
            transform=self.figure.dpi_scale_trans,
            **settings,
        )
        self.figure.add_artist(patch)
        return patch
