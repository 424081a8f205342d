"""Where the parts of a Kaplan-Meier figure go; everything in inches, before anything is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from her2adc.figures.annotation import Block, end_labels
from her2adc.figures.curves import RiskRow, SurvivalPanel, Trace, axis_of, clipped, risk_rows, step_of
from her2adc.figures.placement import Boxes, band_boxes, quiet_corner, stack, step_boxes
from her2adc.figures.sheet import height_of, line_height, width_of, wrap

__all__ = ["Frame", "Plot", "make_frame", "medians", "place_all", "row_height", "title_offset"]

WIDE = 4.0
_LABEL = 1.05
_SHORTEST = 1.75


@dataclass
class Plot:
    """One panel with all that was decided about it."""

    panel: SurvivalPanel
    traces: list[Trace]
    block: Block
    corner: tuple[float, float] | None = None
    labels: list[tuple[float, float]] | None = None
    wrapped: list[str] = field(default_factory=list)
    rows: list[RiskRow] = field(default_factory=list)
    heading: str = "At risk (events)"

    def __post_init__(self) -> None:
        """Give every curve its row of numbers at risk, unless rows are given."""
        self.rows = self.rows or risk_rows(self.traces, self.panel)

    @property
    def header(self) -> float:
        """Height of the block above the axes, when it found no corner inside."""
        if self.corner is not None or not self.block.entries:
            return 0.0
        return self.block.height + 0.08


@dataclass
class Frame:
    """Sizes in inches that all panels of a figure share."""

    width: float
    columns: int
    left: float
    right: float
    gap: float
    axes_width: float
    axes_height: float
    time_max: float
    ticks: list[float]
    minor: list[float]
    y_label: str
    x_label: str
    names: dict[str, str]
    names_above: bool
    top: float = 100.0

    @property
    def ceiling(self) -> float:
        """End of the vertical axis with a little room above its last tick."""
        return 1.03 * self.top

    @property
    def axis(self) -> float:
        """Height of tick labels and axis title under the axes."""
        return 0.265 + height_of(self.x_label)

    @property
    def x_scale(self) -> float:
        """Inches a unit of time."""
        return self.axes_width / self.time_max

    @property
    def y_scale(self) -> float:
        """Inches a percent."""
        return self.axes_height / self.ceiling


def make_frame(
    plots: Sequence[Plot],
    width: float,
    columns: int,
    axis: tuple[float | None, float | None, str],
    titles: tuple[str, str],
    top: float = 100.0,
) -> Frame:
    """Sizes that all panels share."""
    asked, tick, unit = axis
    every = [trace for plot in plots for trace in plot.traces]
    half = max((width_of(row.widest) for plot in plots for row in plot.rows), default=0.3) / 2
    names, above = _names(plots, width, columns)
    title = wrap(titles[1], _SHORTEST)
    left = max(half + 0.02, title_offset() + height_of(title) + 0.02 + 0.01 * title.count("\n"))
    if above:
        names = {name: wrap(label, (width - left - 0.05) / columns) for name, label in names.items()}
    if not above:
        left = max(left, max(map(width_of, names.values())) + 0.14 + half)
    right, gap = max(half + 0.02, 0.12), max(2 * half + 0.12, 0.34)
    if width >= WIDE and columns == 1 and max(len(plot.traces) for plot in plots) > 1:
        right = max(right, max(width_of(wrap(t.label, _LABEL)) for t in every) + 0.11)
    axes_width = (width - left - right - (columns - 1) * gap) / columns
    last = asked or max((trace.end for trace in every), default=0.0) or 1.0

    def axis_at(step: float) -> tuple[float, list[float]]:
        return (asked, _up_to(asked, step)) if asked else axis_of(last, step)

    def knows(step: float) -> bool:
        return all(row.knows(axis_at(step)[1]) for plot in plots for row in plot.rows)

    time_max, ticks = axis_at(step_of(last, unit, axes_width, 2 * half, tick, knows))
    minor = [] if not tick else [float(x) for x in np.arange(0, time_max + 1e-9, tick)]
    height = min(max(0.62 * axes_width, _SHORTEST), 2.75)
    x_label, y_label = wrap(titles[0], axes_width), wrap(titles[1], height)
    return Frame(
        width, columns, left, right, gap, axes_width, height, time_max, ticks, minor,
        y_label, x_label, names, above, top,
    )  # fmt: skip


def _up_to(end: float, step: float) -> list[float]:
    """Ticks that do not pass the end of the axis."""
    return [step * i for i in range(math.floor(end / step + 1e-9) + 1)]


def _names(plots: Sequence[Plot], width: float, columns: int) -> tuple[dict[str, str], bool]:
    """Find printed names of the at-risk rows, and whether they stand above their numbers."""
    every = {row.name: row.label for plot in plots for row in plot.rows}
    same = len({tuple(row.name for row in plot.rows) for plot in plots}) == 1
    room = 0.20 * width
    wrapped = {name: wrap(label, room) for name, label in every.items()}
    tall = any(text.count("\n") > 2 for text in wrapped.values())
    if width < WIDE or tall or (columns > 1 and not same):
        return {name: wrap(label, 0.8 * width / columns) for name, label in every.items()}, True
    return wrapped, False


def place_all(plots: Sequence[Plot], frame: Frame) -> None:
    """Place the words of every plot; where one has no room for its medians, all stand above their plots."""
    for plot in plots:
        place(plot, frame)
    inside = [plot for plot in plots if plot.corner is not None]
    if len(inside) < len(plots):
        for plot in inside:
            place(plot, frame, above=True)


def place(plot: Plot, frame: Frame, above: bool = False) -> None:
    """Find room for the block of medians, unless it goes above the plot, and for labels at the curves."""
    room = (frame.axes_width, frame.axes_height)
    paths, bands = zip(*[_shapes(trace, frame) for trace in plot.traces], strict=True)
    drawn = stack(*paths, *bands, _dotted(plot, frame))
    every = plot.block.entries
    valued = any(entry.value for entry in every)
    chosen = Block(every if valued else tuple(entry for entry in every if entry.dash is None))
    block = chosen.wrapped(0.6 * frame.axes_width)
    plot.corner = None if above else quiet_corner((block.width, block.height), room, drawn)
    if len(plot.traces) > 1 and all(len(path) for path in paths):
        taken = [_dotted(plot, frame)]
        if plot.corner is not None:
            x, y = plot.corner
            taken.append(np.array([[x, y, x + block.width, y + block.height]]))
        plot.wrapped = [wrap(trace.label, _LABEL) for trace in plot.traces]
        reach = frame.axes_width + (frame.right if frame.columns == 1 else 0.08) - 0.04
        plot.labels = end_labels(plot.wrapped, paths, stack(*taken), room, reach)
    if len(plot.traces) > 1 and plot.labels is None:
        chosen = Block(every, keyed=True)
        block = chosen.wrapped(0.66 * frame.axes_width)
        plot.corner = None if above else quiet_corner((block.width, block.height), room, drawn)
    plot.block = block if plot.corner is not None else chosen.wrapped(frame.axes_width)


def _shapes(trace: Trace, frame: Frame) -> tuple[Boxes, Boxes]:
    """Segments of a curve and of its band, in inches from the lower left of the axes."""
    table = clipped(trace.table, frame.time_max)
    if table.empty:
        return stack(), stack()
    x = table["time"].to_numpy(dtype=float) * frame.x_scale
    y, low, high = (
        table[column].to_numpy(dtype=float) * 100 * frame.y_scale
        for column in ("survival", "conf_low", "conf_high")
    )
    return step_boxes(x, y), band_boxes(x, low, high)


def _dotted(plot: Plot, frame: Frame) -> Boxes:
    """Dotted lines from 50% to the medians."""
    reached = medians(plot.traces, frame.time_max)
    half = 50 * frame.y_scale
    across = [[0.0, half, max(reached) * frame.x_scale, half]] if reached else []
    down = [[m * frame.x_scale, 0.0, m * frame.x_scale, half] for m in reached]
    return np.array([*across, *down], dtype=float).reshape(-1, 4)


def medians(shown: Sequence[Trace], time_max: float) -> list[float]:
    """Medians that are reached within the axis."""
    values = [float(t.median["value"]) for t in shown if t.median is not None]
    return [value for value in values if np.isfinite(value) and value <= time_max]


def title_offset() -> float:
    """Distance of the vertical axis title from its axis: past the tick labels."""
    return width_of("100") + 0.12


def row_height(name: str, above: bool) -> float:
    """Height of an at-risk row."""
    return height_of(name) + (line_height() + 0.05 if above else 0.02)
