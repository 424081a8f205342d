"""Medians and log-rank p as a small block of text, and the labels at the ends of curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from her2adc.figures.curves import Trace
from her2adc.figures.placement import Boxes, box, free, stack
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.figures.style import INK, ink
from her2adc.format import MISSING, estimate_short, number, p_equals

__all__ = ["Block", "Entry", "end_labels", "median_block"]

_KEY = 0.30
_GAP = 0.10
_NAME = 1.5


@dataclass(frozen=True)
class Entry:
    """One line of a block: a name, a value, and how the curve of that name looks."""

    name: str = ""
    value: str = ""
    color: str = INK
    dash: Any = None

    @property
    def height(self) -> float:
        """Height in inches."""
        return max(height_of(self.name), height_of(self.value))


@dataclass(frozen=True)
class Block:
    """Lines of text in two columns; with ``keyed`` a sample of the curve before each name."""

    entries: tuple[Entry, ...]
    keyed: bool = False

    @property
    def key(self) -> float:
        """Width of the samples."""
        return _KEY if self.keyed else 0.0

    @property
    def column(self) -> float:
        """Where the values start."""
        names = [width_of(e.name) for e in self.entries if e.dash is not None and e.name]
        return self.key + max(names) + _GAP if names else 0.0

    @property
    def width(self) -> float:
        """Width in inches."""
        wide = [
            self.column + width_of(e.value) if e.dash is not None else width_of(e.name) for e in self.entries
        ]
        return max(wide, default=0.0)

    @property
    def height(self) -> float:
        """Height in inches."""
        return sum(entry.height for entry in self.entries)

    def wrapped(self, width: float) -> Block:
        """Return the block with names broken so that it is no wider than asked, if it can be."""
        values = max((width_of(e.value) for e in self.entries if e.dash is not None), default=0.0)
        room = min(max(width - values - _GAP - self.key, 0.5), _NAME)
        entries = tuple(
            replace(e, name=wrap(e.name, room if e.dash is not None else max(width, 0.9)))
            for e in self.entries
        )
        return replace(self, entries=entries)

    def draw(self, sheet: Sheet, left: float, top: float) -> None:
        """Set the block with its top left corner at a place."""
        for entry in self.entries:
            baseline = top + 0.78 * line_height()
            if entry.dash is None:
                sheet.text(left, baseline, _first(entry.name), color=entry.color)
                _rest(sheet, left, baseline, entry.name, entry.color)
            else:
                if self.keyed:
                    y = baseline - 0.036
                    sheet.line(
                        [left, left + _KEY - 0.06],
                        [y, y],
                        color=entry.color,
                        linestyle=entry.dash,
                        linewidth=1.3,
                    )
                shade = ink(entry.color)
                sheet.text(left + self.key, baseline, _first(entry.name), color=shade)
                _rest(sheet, left + self.key, baseline, entry.name, shade)
                sheet.text(left + self.column, baseline, entry.value)
            top += entry.height


def _first(text: str) -> str:
    """First line of a text."""
    return text.split("\n")[0]


def _rest(sheet: Sheet, left: float, baseline: float, text: str, color: str) -> None:
    """Lines of a text after the first."""
    for i, line in enumerate(text.split("\n")[1:], start=1):
        sheet.text(left, baseline + i * line_height(), line, color=color)


def _level(median: pd.Series) -> str:
    """Confidence level of a row as printed."""
    level = float(median["conf_level"])
    return "95" if np.isnan(level) else number(level * 100, 1).removesuffix(".0")


def median_block(traces: Sequence[Trace], p: float | None, unit: str, digits: int = 1) -> Block:
    """Median with its limits for every group and the p-value of the log-rank test."""
    entries: list[Entry] = []
    known = [trace.median for trace in traces if trace.median is not None]
    if known:
        entries.append(Entry(f"Median ({_level(known[0])}% CI), {unit}"))
    for trace in traces:
        value = _median_text(trace, digits) if known else ""
        if known or len(traces) > 1:
            name = trace.label if len(traces) > 1 else ""
            entries.append(Entry(name, value, trace.color, trace.dash))
    if p is not None:
        entries.append(Entry(f"Log-rank {p_equals(p)}"))
    return Block(tuple(entries))


def _median_text(trace: Trace, digits: int) -> str:
    """Median as printed."""
    if trace.median is None or trace.table.empty:
        return MISSING
    low, high = float(trace.median["conf_low"]), float(trace.median["conf_high"])
    return estimate_short(float(trace.median["value"]), low, high, digits)


def end_labels(
    names: Sequence[str],
    paths: Sequence[Boxes],
    obstacles: Boxes,
    room: tuple[float, float],
    right: float,
) -> list[tuple[float, float]] | None:
    """Lower left corners of labels at their curves such that nothing meets.

    Parameters
    ----------
    names : sequence of str
        Labels, with line breaks where they are wrapped.
    paths : sequence of Boxes
        Segments of every curve.
    obstacles : Boxes
        What else is drawn.
    room : tuple of float
        Width and height of the axes in inches.
    right : float
        How far right a label may reach.

    Returns
    -------
    list of tuple or None
        None when there is no room for all.
    """
    options = []
    for i, name in enumerate(names):
        size = (width_of(name), height_of(name))
        others = stack(*[path for j, path in enumerate(paths) if j != i])
        options.append(
            [
                place
                for place in _along(size, paths[i])
                if place[0] >= 0.03
                and place[0] + size[0] <= right
                and 0.02 <= place[1] <= room[1] - size[1] + 0.08
                and free(box(*place, *size), others, 0.05)
                and free(box(*place, *size), paths[i], 0.015)
                and free(box(*place, *size), obstacles, 0.03)
            ]
        )
    sizes = [(width_of(name), height_of(name)) for name in names]
    return _choose(options, sizes, [])


def _along(size: tuple[float, float], path: Boxes) -> list[tuple[float, float]]:
    """Places of a label: right of the end, then above and below the curve from its end back."""
    if not len(path):
        return []
    width, height = size
    end, level = float(path[-1, 2]), float(path[-1, 1])
    places = [(end + 0.05, level - height / 2 + d) for d in (0, 0.04, -0.04, 0.08, -0.08)]
    for left in np.linspace(end - width, 0.04, 24):
        under = path[(path[:, 0] <= left + width) & (path[:, 2] >= left)]
        if left < 0 or not len(under):
            continue
        places.append((float(left), float(under[:, 3].max()) + 0.03))
        places.append((float(left), float(under[:, 1].min()) - height - 0.03))
    return places


def _choose(
    options: Sequence[Sequence[tuple[float, float]]],
    sizes: Sequence[tuple[float, float]],
    chosen: list[tuple[float, float]],
) -> list[tuple[float, float]] | None:
    """First combination of places in which no two labels meet."""
    i = len(chosen)
    if i == len(options):
        return chosen
    taken = stack(*[box(*place, *sizes[j]) for j, place in enumerate(chosen)])
    for place in options[i]:
        if free(box(*place, *sizes[i]), taken, 0.03):
            found = _choose(options, sizes, [*chosen, place])
            if found is not None:
                return found
    return None
