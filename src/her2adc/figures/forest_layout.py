"""Columns and axis of a forest plot, in inches, before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from her2adc.figures.sheet import width_of, wrap

__all__ = ["Item", "Layout", "axis_limits", "axis_ticks", "head_of", "make_layout", "percent_ticks"]

_SERIES = (
    (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
    (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4),
    (0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100),
    (0.1, 0.3, 1, 3, 10),
    (0.25, 0.5, 1, 2, 4),
    (0.25, 1, 4),
    (0.2, 1, 5),
    (0.5, 1, 2),
    (0.01, 0.1, 1, 10, 100),
)
_WIDEST = 12.0
_ROOMY = 1.6
WIDE = 4.7
EDGE = 0.03
INDENT = 0.10


@dataclass
class Item:
    """One line of the plot: a variable, a level of it, or all patients."""

    label: str
    kind: str
    counts: tuple[str, ...] = ()
    estimate: str = ""
    interaction: str = ""
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    events: int = 0
    below: str = ""


@dataclass
class Layout:
    """Columns of the plot in inches from the left, and its axis."""

    width: float
    counts: tuple[float, ...]
    plot: tuple[float, float]
    estimate: float
    interaction: float | None
    narrow: bool
    heads: dict[str, str]
    arms: tuple[str, ...]
    first: str = "Subgroup"
    counted: str = "events/n"
    scale: str = "log"
    marker: str = "s"
    sized: bool = True
    title: str = ""
    limits: tuple[float, float] = (0.1, 10.0)
    ticks: list[float] = field(default_factory=list)
    favours: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()


def axis_limits(items: Sequence[Item]) -> tuple[float, float]:
    """Find ends of the axis that hold every estimate and what can be held of the intervals."""
    points = [i.value for i in items if math.isfinite(i.value) and i.value > 0] or [1.0]
    ends = [e for i in items for e in (i.low, i.high) if math.isfinite(e) and e > 0] or points
    least, most = min(1.0, min(points)), max(1.0, max(points))
    low = min(least * 0.9, max(min(ends), min(least / 3, 0.5), 1 / _WIDEST), 0.8)
    high = max(most * 1.1, min(max(ends), max(most * 3, 2.0), _WIDEST), 1.25)
    low, high = low * 0.93, high * 1.07
    below = [tick for tick in _SERIES[0] if tick < low <= 1.4 * tick]
    above = [tick for tick in _SERIES[0] if tick / 1.4 <= high < tick]
    return (0.97 * below[-1] if below else low), (1.03 * above[0] if above else high)


def percent_ticks(most: float, width: float) -> list[float]:
    """Ticks of an axis from 0 to the round percentage at or after ``most``."""
    end = next(end for end in (10, 20, 30, 40, 50, 60, 80, 100) if most <= end or end == 100)
    steps = [s for s in (5, 10, 20, 25, 50) if end % s == 0 and width * s / end > 0.30]
    return [float(t) for t in range(0, end + 1, steps[0] if steps else end)]


def axis_ticks(low: float, high: float, width: float) -> list[float]:
    """Round ticks inside the axis: the longest series whose labels fit."""
    scale = width / math.log(high / low)
    fitting = []
    for series in _SERIES:
        inside = [float(tick) for tick in series if low <= tick <= high]
        gaps = [
            scale * math.log(b / a) - (width_of(f"{a:g}") + width_of(f"{b:g}")) / 2
            for a, b in pairwise(inside)
        ]
        if inside and (not gaps or min(gaps) > 0.06):
            fitting.append(inside)
    enough = [ticks for ticks in fitting if len(ticks) >= 3]
    return (enough or sorted(fitting, key=len, reverse=True) or [[1.0]])[0]


def make_layout(
    items: Sequence[Item],
    width: float,
    arms: Sequence[str],
    heads: dict[str, str],
    *,
    first: str = "Subgroup",
    counted: str = "events/n",
    tag: str = "int. p",
    share: float = 0.24,
) -> Layout:
    """Widths of the columns; the plot takes what is left, the names at most ``share`` of the width.

    On a narrow page intervals stand under their estimates, and the last column goes into the others,
    with ``tag`` before its values.
    """
    narrow = width < WIDE
    shown = any(item.interaction for item in items)
    shown_counts = any(any(item.counts) for item in items)
    if narrow:
        _stack(items, tag)
    label = _wrap_labels(items, (max(0.33, share) if narrow else share) * width)
    estimate = _column([i.estimate for i in items], heads["estimate"])
    tail = 0.0 if narrow or not shown else _column([i.interaction for i in items], heads["p"]) + 0.16
    start = EDGE + max(label, width_of(first, weight="bold")) + 0.12
    right = width - EDGE - tail - estimate
    for room in (0.85, 0.60):
        wrapped = [wrap(arm, room, weight="bold") for arm in arms]
        counts = _count_columns(items, [head_of(arm, counted) for arm in wrapped], start)
        counts = counts if shown_counts and not narrow else []
        plot = (counts[-1] + 0.12 if counts else start, right - 0.12)
        if plot[1] - plot[0] >= _ROOMY:
            break
    end = width - EDGE if tail else None
    columns = (tuple(counts), plot, right + estimate, end)
    return Layout(width, *columns, narrow, heads, tuple(wrapped), first=first, counted=counted)


def head_of(arm: str, counted: str) -> str:
    """Head of a column of counts: the arm, if there are several, and what is counted."""
    return f"{arm}\n{counted}" if arm else counted


def _count_columns(items: Sequence[Item], heads: Sequence[str], start: float) -> list[float]:
    """Right edges of the columns of counts."""
    edges: list[float] = []
    for j, head in enumerate(heads):
        texts = [item.counts[j] for item in items if item.counts]
        left = edges[-1] + 0.12 if edges else start
        edges.append(left + _column(texts, head))
    return edges


def _column(texts: Sequence[str], head: str) -> float:
    """Width of a column."""
    return max([width_of(text) for text in texts] + [width_of(head, weight="bold")])


def _stack(items: Sequence[Item], tag: str) -> None:
    """Put counts under the names, and the last column into that of the estimates, or under the names."""
    for item in items:
        below = [item.below, " vs ".join(item.counts) if any(item.counts) else ""]
        if item.interaction:
            sign = "= " if item.interaction[0].isdigit() and tag.endswith("p") else ""
            text = f"{tag} {sign}{item.interaction}"
            if item.estimate:
                below.append(text)
            else:
                item.estimate = text
        item.below = "\n".join(text for text in below if text)
        item.estimate = item.estimate.replace(" (", "\n(")


def _wrap_labels(items: Sequence[Item], room: float) -> float:
    """Break long names; width of the column."""
    widest = 0.0
    for item in items:
        indent = INDENT if item.kind == "level" else 0.0
        weight = "normal" if item.kind == "level" else "bold"
        item.label = wrap(item.label, room - indent, weight=weight)
        widest = max(widest, indent + width_of(item.label, weight=weight))
        item.below = wrap(item.below, room - indent)
        widest = max(widest, indent + width_of(item.below))
    return widest
