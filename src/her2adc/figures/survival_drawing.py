"""Drawing of Kaplan-Meier figures once their parts have a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from her2adc.figures.annotation import Block
from her2adc.figures.curves import Trace, clipped, faint_from, split
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.figures.style import GREY, ink, lighter, shown
from her2adc.figures.survival_layout import Frame, Plot, medians, row_height, title_offset

__all__ = ["draw"]

_HEADING = 0.20
_TITLE = 0.20
_BETWEEN = 0.22
_EDGE = 0.05


def draw(plots: Sequence[Plot], frame: Frame) -> Figure:
    """Draw all panels."""
    rows = [plots[i : i + frame.columns] for i in range(0, len(plots), frame.columns)]
    heads = [_head(row, frame) for row in rows]
    feet = [max(_foot(plot, frame) for plot in row) for row in rows]
    height = sum(heads) + sum(feet) + len(rows) * (frame.axes_height + frame.axis)
    sheet = Sheet(frame.width, height + (len(rows) - 1) * _BETWEEN + 2 * _EDGE)
    top = _EDGE
    for row, head, foot in zip(rows, heads, feet, strict=True):
        for column, plot in enumerate(row):
            left = frame.left + column * (frame.axes_width + frame.gap)
            _panel(sheet, plot, frame, (left, top + head), column == 0)
        top += head + frame.axes_height + frame.axis + foot + _BETWEEN
    return sheet.figure


def _title(plot: Plot, frame: Frame) -> str:
    """Title of a panel, broken where it would meet the next one or leave the figure."""
    return wrap(shown(plot.panel.title), frame.axes_width + min(frame.gap, frame.right) - 0.03, weight="bold")


def _head(row: Sequence[Plot], frame: Frame) -> float:
    """Height above the axes of a row of panels."""
    more = max(_title(plot, frame).count("\n") for plot in row) * line_height()
    title = _TITLE + more if any(plot.panel.title for plot in row) else 0.04
    return title + max(plot.header for plot in row)


def _foot(plot: Plot, frame: Frame) -> float:
    """Height of the at-risk rows of a panel."""
    names = [frame.names[row.name] for row in plot.rows]
    return _HEADING + sum(row_height(name, frame.names_above) for name in names)


def _panel(sheet: Sheet, plot: Plot, frame: Frame, place: tuple[float, float], first: bool) -> None:
    """One panel: title, block, axes, curves, at-risk rows."""
    left, top = place
    ax = sheet.axes(left, top, frame.axes_width, frame.axes_height)
    _axes(ax, frame, first)
    if first:
        sheet.text(
            left - title_offset() - height_of(frame.y_label) / 2,
            top + frame.axes_height * (1 - frame.top / 2 / frame.ceiling),
            frame.y_label,
            rotation=90,
            ha="center",
            va="center",
            ma="center",
        )
    for i, line in enumerate(frame.x_label.split("\n")):
        y = top + frame.axes_height + 0.32 + i * line_height()
        sheet.text(left + frame.axes_width / 2, y, line, ha="center")
    if plot.panel.title:
        y = top - plot.header - 0.06
        lines = _title(plot, frame).split("\n")
        for i, line in enumerate(lines):
            sheet.text(left, y - (len(lines) - 1 - i) * line_height(), line, fontweight="bold")
    for trace in plot.traces:
        _curve(ax, trace, frame)
    _median_lines(ax, plot, frame)
    _texts(sheet, plot, frame, place)
    _at_risk(sheet, ax, plot, frame, (left, top + frame.axes_height + frame.axis, first))


def _axes(ax: Axes, frame: Frame, first: bool) -> None:
    """Ticks, limits and spines."""
    ax.set_xlim(0, frame.time_max)
    ax.set_ylim(0, frame.ceiling)
    ax.set_xticks(frame.ticks, [_plain(tick) for tick in frame.ticks])
    if len(frame.minor) > len(frame.ticks):
        ax.set_xticks(frame.minor, minor=True)
    step = next(step for step in (25, 20, 10, 5, 2, 1) if frame.top % step == 0 and frame.top >= 2 * step)
    marks = range(0, round(frame.top) + 1, step)
    ax.set_yticks(marks, [str(mark) for mark in marks] if first else [""] * len(marks))
    ax.spines["left"].set_bounds(0, frame.top)
    ax.patch.set_visible(False)


def _plain(tick: float) -> str:
    """Tick label without needless decimals."""
    return f"{tick:g}"


def _curve(ax: Axes, trace: Trace, frame: Frame) -> None:
    """Band, curve (lighter where few remain) and censoring ticks of a group."""
    table = clipped(trace.table, frame.time_max)
    if table.empty:
        return
    low, high = (100 * table[c].to_numpy(dtype=float) for c in ("conf_low", "conf_high"))
    ax.fill_between(
        table["time"], low, high, step="post", color=trace.color, alpha=0.13, linewidth=0, zorder=1
    )
    at = faint_from(trace)
    parts = zip(split(table, at), (trace.color, lighter(trace.color, 0.5)), strict=True)
    for part, color in parts:
        if part.empty:
            continue
        ax.plot(
            part["time"],
            100 * part["survival"],
            drawstyle="steps-post",
            color=color,
            linestyle=trace.dash,
            solid_joinstyle="miter",
            clip_on=False,
            zorder=3,
            label=f"_curve:{trace.name}",
        )
        _censored(ax, part, color)


def _censored(ax: Axes, table: pd.DataFrame, color: str) -> None:
    """Small ticks where patients were censored."""
    marks = table.loc[table["n_censor"] > 0]
    ax.plot(
        marks["time"],
        100 * marks["survival"],
        linestyle="none",
        marker="|",
        markersize=4.2,
        markeredgewidth=0.6,
        color=color,
        clip_on=False,
        zorder=3,
        label="_censored",
    )


def _median_lines(ax: Axes, plot: Plot, frame: Frame) -> None:
    """Dotted line from 50% to each median and down to the axis."""
    reached = medians(plot.traces, frame.time_max)
    if not reached:
        return
    look: dict[str, Any] = {
        "color": GREY,
        "linewidth": 0.7,
        "linestyle": (0, (1, 1.6)),
        "zorder": 2,
    }
    ax.plot([0, max(reached)], [50, 50], label="_median", **look)
    for value in reached:
        ax.plot([value, value], [0, 50], label="_median", **look)


def _texts(sheet: Sheet, plot: Plot, frame: Frame, place: tuple[float, float]) -> None:
    """Block of medians and labels at the curves."""
    left, top = place
    floor = top + frame.axes_height
    if plot.corner is not None:
        x, y = plot.corner
        plot.block.draw(sheet, left + x, floor - y - plot.block.height)
    else:
        plot.block.draw(sheet, _block_left(plot.block, left, frame), top - plot.block.height - 0.05)
    for trace, name, spot in zip(plot.traces, plot.wrapped, plot.labels or (), strict=False):
        x, y = spot
        lines = name.split("\n")
        for i, line in enumerate(lines):
            lift = y + (len(lines) - i - 0.78) * line_height()
            sheet.text(left + x, floor - lift, line, color=ink(trace.color))


def _block_left(block: Block, left: float, frame: Frame) -> float:
    """Left edge of a block above the axes; moved out where it is wider than the axes."""
    return max(0.03, min(left, left + frame.axes_width + frame.right - 0.03 - block.width))


def _at_risk(sheet: Sheet, ax: Axes, plot: Plot, frame: Frame, place: tuple[float, float, bool]) -> None:
    """Rows of numbers at risk, under the ticks."""
    left, top, first = place
    across = blended_transform_factory(ax.transData, sheet.figure.dpi_scale_trans)
    edge = 0.02 if first and not frame.names_above else _numbers_left(plot, left)
    if first or frame.names_above:
        sheet.text(edge, top + 0.13, plot.heading, fontweight="bold")
    y = top + _HEADING
    for row in plot.rows:
        name, color = frame.names[row.name], ink(row.color)
        if first or frame.names_above:
            for i, line in enumerate(name.split("\n")):
                sheet.text(edge, y + (i + 0.78) * line_height(), line, color=color)
        skip = (name.count("\n") + 1) * line_height() if frame.names_above else 0.0
        baseline = sheet.height - (y + skip + 0.78 * line_height())
        settings: dict[str, Any] = {"transform": across, "ha": "center", "va": "baseline", "color": color}
        for tick, text in zip(frame.ticks, row.at(frame.ticks), strict=True):
            ax.text(tick, baseline, text, label=f"_at_risk:{row.name}", **settings)
        y += row_height(name, frame.names_above)


def _numbers_left(plot: Plot, left: float) -> float:
    """Left edge of the first numbers of a panel."""
    first = [width_of(row.at([0.0])[0]) for row in plot.rows]
    return max(0.02, left - max(first, default=0.0) / 2)
