"""Response rates as dots with intervals, one line a measure and group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from her2adc.figures import style
from her2adc.figures.sheet import Sheet, fit, height_of, line_height, width_of
from her2adc.format import NOT_ESTIMABLE, percent_short

__all__ = ["RateLine", "draw_rates", "percent_axis", "rates_height", "read_rate"]

_HEADING = 0.21
_AXIS = 0.46


@dataclass
class RateLine:
    """One rate of one group."""

    measure: str
    group: str
    rate: tuple[str, float, float, float]
    name: str = ""

    @property
    def height(self) -> float:
        """Height of the line."""
        return height_of(self.name) + 0.055


def percent_axis(ax: Axes, height: float, width: float) -> None:
    """Axis from 0 to 100%."""
    ax.set_xlim(0, 100)
    ax.set_ylim(height, 0)
    ax.set_xticks([0, 25, 50, 75, 100] if width > 1.3 else [0, 50, 100])
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.patch.set_visible(False)


def rates_height(lines: Sequence[RateLine]) -> float:
    """Height of the rates with the axis under them."""
    if not lines:
        return 0.0
    measures = len({line.measure for line in lines})
    return measures * _HEADING + sum(line.height for line in lines) + 0.04 + _AXIS


def draw_rates(sheet: Sheet, lines: Sequence[RateLine], headings: Mapping[str, str], top: float) -> None:
    """Dots with intervals, one line a measure and group."""
    left = max(width_of(line.name) for line in lines) + 0.22
    width = sheet.width - left - max(width_of(line.rate[0]) for line in lines) - 0.14
    height = rates_height(lines) - _AXIS
    ax = sheet.axes(left, top, width, height)
    percent_axis(ax, height, width)
    colors = style.group_colors(list(dict.fromkeys(line.group for line in lines)))
    y, measure = 0.0, None
    for line in lines:
        if line.measure != measure:
            measure = line.measure
            name = fit(headings[measure], sheet.width - 0.06, weight="bold")
            sheet.text(0.03, top + y + 0.15, name, fontweight="bold")
            y += _HEADING
        _rate_line(sheet, ax, line, colors[line.group], (top, y))
        y += line.height
    sheet.text(left + width / 2, top + height + 0.33, "Patients (%)", ha="center")


def _rate_line(sheet: Sheet, ax: Axes, line: RateLine, color: str, place: tuple[float, float]) -> None:
    """Name, dot with interval, and rate as printed."""
    top, y = place
    text, value, low, high = line.rate
    middle = y + line_height() / 2 + 0.02
    for i, part in enumerate(line.name.split("\n")):
        baseline = top + middle + 0.037 + i * line_height()
        sheet.text(0.11, baseline, part, color=style.ink(color))
    sheet.text(sheet.width - 0.03, top + middle + 0.037, text, ha="right")
    for mark in ax.get_xticks():
        ax.plot([mark] * 2, [y, y + line.height], color=style.RULE, linewidth=0.4, zorder=0)
    ax.plot([low, high], [middle] * 2, color=color, linewidth=1.2, clip_on=False)
    ax.plot([value], [middle], "o", color=color, markersize=4.6, clip_on=False)


def read_rate(rows: pd.DataFrame, measure: str, group: str, narrow: bool) -> tuple[str, float, float, float]:
    """Rate as printed, and its place on the axis with its limits."""
    mine = rows[
        (rows["variable"] == measure) & (rows["statistic"] == "rate") & (rows["group"].astype(str) == group)
    ]
    if mine.empty or not np.isfinite(mine["value"].iloc[0]):
        return NOT_ESTIMABLE, np.nan, np.nan, np.nan
    found = mine.iloc[0]
    value, low, high = (float(found[c]) for c in ("value", "conf_low", "conf_high"))
    text = percent_short(value, low, high)
    if not narrow and pd.notna(found["n"]) and pd.notna(found["n_events"]):
        text = f"{int(found['n_events'])}/{int(found['n'])}, {text}"
    return text, 100 * value, 100 * low, 100 * high
