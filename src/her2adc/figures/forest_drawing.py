"""Drawing of a forest plot once its columns have a place."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2adc.figures.forest_layout import EDGE, INDENT, Item, Layout, head_of
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.figures.style import GREY, INK, RULE

__all__ = ["draw"]

_PAD = 0.045
_BAND = "#F3F4F6"
_LARGEST, _SMALLEST, _EQUAL = 7.6, 2.4, 4.6


def draw(items: Sequence[Item], layout: Layout) -> Figure:
    """Draw the plot."""
    heights = [_height(item) for item in items]
    head = max(height_of(text) for text in _head_texts(layout)) + 0.09
    favours = _favours(layout)
    middle = (layout.plot[0] + layout.plot[1]) / 2
    title = wrap(layout.title, 2 * min(middle, layout.width - middle) - 2 * EDGE)
    note = wrap(" ".join(layout.notes), layout.width - 2 * EDGE)
    foot = 0.28 + max(height_of(text) for text in (*favours, title))
    foot += height_of(note) + 0.10 if note else 0.03
    body = sum(heights)
    sheet = Sheet(layout.width, 0.04 + head + body + foot)
    top = 0.04 + head
    _heads(sheet, layout, top)
    _bands(sheet, items, heights, layout, top)
    left, right = layout.plot
    ax = sheet.axes(left, top, right - left, body)
    _axis(ax, items, layout, body)
    y = 0.0
    for item, height in zip(items, heights, strict=True):
        _texts(sheet, item, layout, top + y)
        _mark(ax, item, y + _PAD + line_height() / 2, max(i.events for i in items), layout)
        y += height
    if any(favours):
        _under(sheet, layout, favours, top + body)
    for i, line in enumerate(title.split("\n")):
        sheet.text(middle, top + body + 0.34 + i * line_height(), line, ha="center")
    for i, line in enumerate(note.split("\n") if note else []):
        bottom = sheet.height - 0.04 - (note.count("\n") - i) * line_height()
        sheet.text(EDGE, bottom, line, color=GREY)
    return sheet.figure


def _height(item: Item) -> float:
    """Height of a line of the plot."""
    lines = item.label.count("\n") + 1 + (item.below.count("\n") + 1 if item.below else 0)
    lines = max(lines, item.estimate.count("\n") + 1)
    return lines * line_height() + 2 * _PAD - 0.01


def _head_texts(layout: Layout) -> list[str]:
    """All column heads."""
    counts = [head_of(arm, layout.counted) for arm in layout.arms] if layout.counts else []
    return [layout.first, *counts, *layout.heads.values()]


def _heads(sheet: Sheet, layout: Layout, top: float) -> None:
    """Column heads with a rule under them."""

    def head(x: float, text: str, ha: str) -> None:
        lines = text.split("\n")
        for i, line in enumerate(lines):
            y = top - 0.085 - (len(lines) - 1 - i) * line_height()
            bold = "normal" if line == layout.counted and len(lines) > 1 else "bold"
            sheet.text(x, y, line, ha=ha, fontweight=bold)

    head(EDGE, layout.first, "left")
    for x, arm in zip(layout.counts, layout.arms, strict=False):
        head(x, head_of(arm, layout.counted), "right")
    head(layout.estimate, layout.heads["estimate"], "right")
    if layout.interaction is not None:
        head(layout.interaction, layout.heads["p"], "right")
    sheet.line([EDGE, layout.width - EDGE], [top - 0.03, top - 0.03])


def _bands(sheet: Sheet, items: Sequence[Item], heights: Sequence[float], layout: Layout, top: float) -> None:
    """Quiet background behind every other variable."""
    block, y = 0, top
    for item, height in zip(items, heights, strict=True):
        block += item.kind != "level"
        if block % 2 == 0:
            sheet.box(
                0,
                y,
                layout.width,
                height,
                facecolor=_BAND,
                edgecolor="none",
                linewidth=0,
                zorder=-1,
            )
        y += height


def _axis(ax: Axes, items: Sequence[Item], layout: Layout, body: float) -> None:
    """Axis, line at 1 where it is a log axis, dashed line at the overall estimate."""
    ratio = layout.scale == "log"
    ax.set_xscale("log" if ratio else "linear")
    ax.set_xlim(*layout.limits)
    ax.set_ylim(body, 0)
    ax.patch.set_visible(False)
    ax.set_xticks(layout.ticks, [f"{tick:g}" for tick in layout.ticks])
    ax.set_xticks([], minor=True)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    if ratio:
        ax.axvline(1, color=INK, linewidth=0.7, zorder=1)
    overall = [item.value for item in items if item.kind == "all" and math.isfinite(item.value)]
    if overall and layout.limits[0] < overall[0] < layout.limits[1]:
        ax.axvline(overall[0], color=GREY, linewidth=0.7, linestyle=(0, (4, 2.5)), zorder=1)


def _texts(sheet: Sheet, item: Item, layout: Layout, top: float) -> None:
    """Texts of one line."""
    baseline = top + _PAD + 0.78 * line_height()
    indent = INDENT if item.kind == "level" else 0.0
    weight = "normal" if item.kind == "level" else "bold"
    lines = item.label.split("\n")
    for i, line in enumerate(lines):
        sheet.text(EDGE + indent, baseline + i * line_height(), line, fontweight=weight)
    if item.below:
        for i, line in enumerate(item.below.split("\n"), start=len(lines)):
            sheet.text(EDGE + indent, baseline + i * line_height(), line, color=GREY)
    for x, count in zip(layout.counts, item.counts, strict=False):
        sheet.text(x, baseline, count, ha="right")
    for i, line in enumerate(item.estimate.split("\n") if item.estimate else []):
        sheet.text(layout.estimate, baseline + i * line_height(), line, ha="right")
    if item.interaction and layout.interaction is not None:
        sheet.text(layout.interaction, baseline, item.interaction, ha="right")


def _mark(ax: Axes, item: Item, y: float, most: int, layout: Layout) -> None:
    """Square or diamond with its interval."""
    low, high = layout.limits
    least = 0.0 if layout.scale == "log" else -math.inf
    if not math.isfinite(item.value) or item.value <= least:
        return
    start = item.low if math.isfinite(item.low) and item.low > least else item.value
    end = item.high if math.isfinite(item.high) else item.value
    clipped = (start < low, end > high)
    start, end = max(start, low), min(end, high)
    if item.kind == "all" and not any(clipped) and end > start:
        xs = [start, item.value, end, item.value]
        ax.fill(xs, [y, y - 0.05, y, y + 0.05], color=INK, linewidth=0, zorder=3)
        return
    if start < end:
        ax.plot([start, end], [y, y], color=INK, linewidth=0.9, zorder=2, clip_on=False)
    for edge, marker, cut in ((low, "<", clipped[0]), (high, ">", clipped[1])):
        if cut:
            ax.plot([edge], [y], marker=marker, color=INK, markersize=4, clip_on=False, zorder=3)
    if low <= item.value <= high:
        size = max(_SMALLEST, _LARGEST * math.sqrt(item.events / max(most, 1))) if layout.sized else _EQUAL
        shape = "D" if item.kind == "all" else layout.marker
        ax.plot([item.value], [y], marker=shape, color=INK, markersize=size, markeredgewidth=0, zorder=3,
                clip_on=False)  # fmt: skip


def _at(value: float, layout: Layout) -> float:
    """Place of a value on the log axis, in inches."""
    low, high = layout.limits
    left, right = layout.plot
    return left + (right - left) * math.log(value / low) / math.log(high / low)


def _favours(layout: Layout) -> tuple[str, str]:
    """Texts under the axis, broken where they would leave the figure."""
    left, right = layout.favours
    if not left and not right:
        return "", ""
    middle = _at(1.0, layout)
    arrow = width_of("← ")
    return (
        wrap(left, middle - 0.12 - arrow),
        wrap(right, layout.width - middle - 0.12 - arrow),
    )


def _under(sheet: Sheet, layout: Layout, favours: tuple[str, str], top: float) -> None:
    """Direction of benefit under the axis."""
    middle = _at(1.0, layout)
    y = top + 0.34
    for i, line in enumerate(favours[0].split("\n")):
        text = f"← {line}" if i == 0 else line
        sheet.text(middle - 0.06, y + i * line_height(), text, ha="right", color=GREY)
    lines = favours[1].split("\n")
    for i, line in enumerate(lines):
        text = f"{line} →" if i == len(lines) - 1 else line
        sheet.text(middle + 0.06, y + i * line_height(), text, ha="left", color=GREY)
    sheet.line([middle, middle], [top + 0.24, top + 0.36], color=RULE)
