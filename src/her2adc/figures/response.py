"""Best response by group as stacked bars, and response rates with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.response_rates import (
    RateLine,
    draw_rates,
    percent_axis,
    rates_height,
    read_rate,
)
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.format import percent
from her2adc.results import ALL_PATIENTS

__all__ = ["response_bars"]

_MISSING = "Missing"
RESPONSES = {
    "CR": ("complete response", "#0B5D4E"),
    "PR": ("partial response", "#4FA890"),
    "SD": ("stable disease", "#D9D9D9"),
    "PD": ("progressive disease", "#C8714B"),
    "NE": ("not evaluable", "#FFFFFF"),
    _MISSING: ("no assessment", "#F4F0DC"),
}
_MEASURES = {
    "ORR": "Objective response (CR + PR)",
    "DCR": "Disease control (CR + PR + SD)",
    "CBR": "Clinical benefit",
}
_BAR, _STEP = 0.24, 0.42
_WIDE = 4.0


@dataclass(frozen=True)
class _Part:
    """One response of one group."""

    level: str
    count: int
    share: float


@style.styled
def response_bars(
    rows: pd.DataFrame,
    groups: Sequence[str],
    *,
    population: str = "treated",
    measures: Sequence[str] = ("ORR", "DCR", "CBR"),
    labels: Mapping[str, str] | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Best response by group, n and % in the bars; below, rates with their intervals.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``response``: variable ``best_response`` with ``count`` and
        ``percent``, and ``rate`` of the measures.
    groups : sequence of str
        Groups in order, from top to bottom; without any, all patients.
    population : str
        Denominator whose rows are drawn.
    measures : sequence of str
        Rates shown; those without rows are left out.
    labels : mapping, optional
        Printed names of groups and measures.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("response", name, value, population="treated", level="PR",
    ...     variable="best_response", n=98, n_events=39) for name, value in
    ...     (("count", 39), ("percent", 39 / 98))])
    >>> figure = response_bars(rows, ["All patients"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['39 (39.8%)']
    """
    groups = list(groups) or [ALL_PATIENTS]
    rows = rows[(rows["analysis"] == "response") & (rows["population"] == population)]
    parts = {group: _parts(rows, group) for group in groups}
    rates = [m for m in measures if ((rows["variable"] == m) & (rows["statistic"] == "rate")).any()]
    if not any(parts.values()) and not rates:
        raise ValueError(f"no response rows of population {population!r} to draw")
    width = width_mm / 25.4
    names = {g: wrap(_with_n(rows, g, labels), 0.26 * width) for g in groups}
    keys = _key_rows([p.level for g in groups for p in parts[g]], width)
    head = len(keys) * 0.18 + 0.12 if keys else 0.0
    steps = [max(_STEP, height_of(name) + 0.10) for name in names.values()]
    bars = sum(steps) + 0.50 if any(parts.values()) else 0.0
    lines = [RateLine(m, g, read_rate(rows, m, g, width < _WIDE)) for m in rates for g in groups]
    for line in lines:
        line.name = wrap(style.label_of(line.group, labels), 0.26 * width)
    dots = rates_height(lines)
    sheet = Sheet(width, 0.04 + head + bars + dots)
    if bars:
        _keys(sheet, keys)
        _bars(sheet, parts, names, steps, 0.04 + head)
    if lines:
        headings = {m: style.label_of(m, {**_MEASURES, **(labels or {})}) for m in rates}
        draw_rates(sheet, lines, headings, 0.04 + head + bars)
    return sheet.figure


def _with_n(rows: pd.DataFrame, group: str, labels: Mapping[str, str] | None) -> str:
    """Name of a group with its number of patients."""
    mine = rows[(rows["group"].astype(str) == group) & rows["n"].notna()]
    name = style.label_of(group, labels)
    return f"{name}\n(n = {int(mine['n'].iloc[0])})" if len(mine) else name


def _parts(rows: pd.DataFrame, group: str) -> list[_Part]:
    """Responses of a group in order, those that occur."""
    mine = rows[(rows["group"].astype(str) == group) & (rows["variable"] == "best_response")]
    found = []
    for level in dict.fromkeys([*RESPONSES, *mine["level"]]):
        values = mine[mine["level"] == level].set_index("statistic")["value"]
        if values.get("count", 0) > 0 and np.isfinite(values.get("percent", np.nan)):
            found.append(_Part(level, int(values["count"]), float(values["percent"])))
    lost = mine[mine["statistic"] == "missing"]
    if len(lost) and lost["value"].iloc[0] > 0 and lost["n"].iloc[0] > 0:
        count = int(lost["value"].iloc[0])
        found.append(_Part(_MISSING, count, count / int(lost["n"].iloc[0])))
    return found


def _key_rows(levels: Sequence[str], width: float) -> list[list[str]]:
    """Legend of the responses that occur, broken into rows."""
    rows: list[list[str]] = []
    x = width
    for level in [name for name in RESPONSES if name in levels]:
        wide = width_of(_key(level)) + 0.34
        if x + wide > width:
            rows.append([])
            x = 0.05
        rows[-1].append(level)
        x += wide
    return rows


def _key(level: str) -> str:
    """Abbreviation with its meaning."""
    return f"{level}, {RESPONSES[level][0]}"


def _keys(sheet: Sheet, rows: Sequence[Sequence[str]]) -> None:
    """Draw the legend."""
    for i, row in enumerate(rows):
        x, y = 0.05, 0.06 + i * 0.18
        for level in row:
            sheet.box(x, y, 0.12, 0.10, **_look(level))
            sheet.text(x + 0.16, y + 0.095, _key(level))
            x += width_of(_key(level)) + 0.34


def _look(level: str) -> dict[str, Any]:
    """Fill of a response."""
    color = RESPONSES.get(level, ("", "#B0B0B0"))[1]
    edge = style.GREY if color == "#FFFFFF" else color
    return {"facecolor": color, "edgecolor": edge, "linewidth": 0.5}


def _bars(
    sheet: Sheet,
    parts: Mapping[str, list[_Part]],
    names: Mapping[str, str],
    steps: Sequence[float],
    top: float,
) -> None:
    """Stacked bars, one a group."""
    left = max(width_of(name) for name in names.values()) + 0.12
    width = sheet.width - left - 0.16
    ax = sheet.axes(left, top, width, sum(steps))
    percent_axis(ax, sum(steps), width)
    sheet.text(left + width / 2, top + sum(steps) + 0.33, "Patients (%)", ha="center")
    y = 0.0
    for (group, found), step in zip(parts.items(), steps, strict=True):
        middle = y + step / 2 + 0.03
        _name(sheet, names[group], left - 0.08, top + middle)
        start, small = 0.0, []
        for part in found:
            ax.barh(middle, 100 * part.share, _BAR, left=100 * start, **_look(part.level))
            if not _count(ax, part, (start, middle, width)):
                small.append((part, (start + part.share / 2) * width))
            start += part.share
        _above(ax, small, middle, width)
        y += step


def _name(sheet: Sheet, name: str, right: float, middle: float) -> None:
    """Name of a group beside its bar."""
    top = middle - height_of(name) / 2
    for i, line in enumerate(name.split("\n")):
        sheet.text(right, top + (i + 0.78) * line_height(), line, ha="right")


def _count(ax: Axes, part: _Part, place: tuple[float, float, float]) -> bool:
    """Count and percentage inside a part; False where it is too narrow for them."""
    start, middle, width = place
    x = 100 * (start + part.share / 2)
    color = style.on_color(RESPONSES.get(part.level, ("", "#B0B0B0"))[1])
    for text in (f"{part.count} ({percent(part.share)})", str(part.count)):
        if width_of(text) <= part.share * width - 0.05:
            ax.text(x, middle, text, ha="center", va="center_baseline", color=color)
            return True
    return False


def _above(ax: Axes, small: Sequence[tuple[_Part, float]], middle: float, width: float) -> None:
    """Labels of narrow parts above their bar, side by side."""
    long = [f"{style.shown(p.level, 20)} {p.count} ({percent(p.share)})" for p, _ in small]
    short = [f"{style.shown(p.level, 20)} {p.count}" for p, _ in small]
    room = width + 0.14
    texts = long if sum(width_of(text) + 0.09 for text in long) <= room else short
    wide = [width_of(text) for text in texts]
    lefts: list[float] = []
    for (_, x), own in zip(small, wide, strict=True):
        after = lefts[-1] + wide[len(lefts) - 1] + 0.09 if lefts else 0.0
        lefts.append(max(x - own / 2, after))
    limit = room
    for i in range(len(lefts) - 1, -1, -1):
        lefts[i] = min(lefts[i], limit - wide[i])
        limit = lefts[i] - 0.09
    for left, text in zip(lefts, texts, strict=True):
        ax.text(100 * left / width, middle - _BAR / 2 - 0.03, text, ha="left", va="baseline")
