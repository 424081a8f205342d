"""Ratio along a continuous marker: curve with band, reference, knots, and where the patients are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.forest_layout import axis_ticks
from her2adc.figures.placement import Boxes, band_boxes, quiet_corner, stack
from her2adc.figures.sheet import Sheet, fit, height_of, line_height, width_of, wrap

__all__ = ["spline"]

_WIDEST = 20.0
_BINS, _RUG = 30, 0.34


@style.styled
def spline(
    curves: pd.DataFrame,
    *,
    value_label: str,
    ratio_label: str = "Hazard ratio",
    reference: float | None = None,
    knots: Sequence[float] = (),
    values: Sequence[float] | None = None,
    notes: Sequence[str] = (),
    limits: tuple[float, float] | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Ratio against a marker's value, on a log axis, with the values of the patients under it.

    Parameters
    ----------
    curves : DataFrame
        ``value``, ``ratio``, ``conf_low``, ``conf_high``.
    value_label, ratio_label : str
        Names of the axes, with units.
    reference : float, optional
        Value at which the ratio is 1; a dotted line.
    knots : sequence of float
        Knots of the spline, marked on the axis.
    values : sequence of float, optional
        Values of the patients: a histogram under the curve.
    notes : sequence of str
        Lines in a quiet corner, such as the p of nonlinearity.
    limits : tuple of float, optional
        Ends of the vertical axis; the band is cut there.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> curves = pd.DataFrame({"value": [0.0, 100, 200, 300], "ratio": [1.4, 1.0, 0.8, 0.7],
    ...     "conf_low": [0.9, 1.0, 0.6, 0.4], "conf_high": [2.1, 1.0, 1.1, 1.3]})
    >>> figure = spline(curves, value_label="TROP2 H-score", reference=100)
    >>> [text.get_text() for text in figure.texts]
    ['Hazard ratio', 'TROP2 H-score']
    """
    table = curves.sort_values("value").dropna(subset=["ratio"])
    if table.empty:
        raise ValueError("curves holds no ratio to draw")
    width = width_mm / 25.4
    notes = [fit(style.shown(note), width - 0.72) for note in notes]
    across = width - 0.72
    height = min(max(0.55 * across, 1.75), 2.6)
    low, high = limits or _limits(table)
    known = np.array([] if values is None else [v for v in values if np.isfinite(v)], dtype=float)
    x_label = wrap(style.shown(value_label), across)
    drawn = _obstacles(table, (low, high), (across, height), reference)
    size = (max(map(width_of, notes), default=0.0), len(notes) * line_height())
    corner = quiet_corner(size, (across, height), drawn) if notes else None
    head = 0.06 + (size[1] + 0.06 if notes and corner is None else 0.0)
    foot = (_RUG + 0.06 if known.size else 0.0) + 0.30 + height_of(x_label)
    sheet = Sheet(width, head + height + foot)
    ax = sheet.axes(0.58, head, across, height)
    _axes(ax, table, (low, high), height, bare=bool(known.size))
    _draw(ax, table, (low, high), reference, knots)
    if known.size:
        _histogram(sheet, known, ax, (0.58, head + height + 0.06, across))
    y_label = fit(style.shown(ratio_label), height)
    sheet.text(0.10, head + height / 2, y_label, rotation=90, ha="center", va="center")
    for i, line in enumerate(x_label.split("\n")):
        y = sheet.height - height_of(x_label) + (i + 0.3) * line_height()
        sheet.text(0.58 + across / 2, y, line, ha="center")
    left, top = (0.58, head - 0.06) if corner is None else (0.58 + corner[0], head + height - corner[1])
    for i, note in enumerate(notes):
        sheet.text(left, top - size[1] + (i + 0.77) * line_height(), note)
    return sheet.figure


def _limits(table: pd.DataFrame) -> tuple[float, float]:
    """Ends of the log axis: what holds the curve, and of the band as much as can be held."""
    ends = table[["ratio", "conf_low", "conf_high"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends) & (ends > 0)]
    ratio = table["ratio"].to_numpy(dtype=float)
    low = min(ratio.min() * 0.9, max(ends.min(), 1 / _WIDEST), 0.8)
    high = max(ratio.max() * 1.1, min(ends.max(), _WIDEST), 1.25)
    return float(low) * 0.95, float(high) * 1.05


def _at(ratio: pd.Series, limits: tuple[float, float], height: float) -> np.ndarray:
    """Heights of ratios in inches."""
    low, high = np.log(limits)
    clipped = ratio.clip(*limits).fillna(1.0).to_numpy(dtype=float)
    return np.asarray((np.log(clipped) - low) / (high - low) * height)


def _obstacles(
    table: pd.DataFrame, limits: tuple[float, float], size: tuple[float, float], reference: float | None
) -> Boxes:
    """What is drawn, as rectangles in inches from the lower left."""
    value = table["value"].to_numpy(dtype=float)
    span = max(float(np.ptp(value)), 1e-9)
    x = (value - value[0]) / span * size[0]
    low, high = (_at(table[c].fillna(table["ratio"]), limits, size[1]) for c in ("conf_low", "conf_high"))
    lower, upper = np.minimum(low, np.roll(low, -1)), np.maximum(high, np.roll(high, -1))
    one = _at(pd.Series([1.0]), limits, size[1])[0]
    lines = [[0.0, one, size[0], one]]
    if reference is not None:
        at = (reference - value[0]) / span * size[0]
        lines.append([at, 0.0, at, size[1]])
    return stack(band_boxes(x, lower, upper), np.array(lines))


def _axes(ax: Axes, table: pd.DataFrame, limits: tuple[float, float], height: float, *, bare: bool) -> None:
    """Log axis with round ticks; the horizontal ticks stand under the histogram when there is one."""
    value = table["value"].to_numpy(dtype=float)
    ax.set_yscale("log")
    ax.set_ylim(*limits)
    ticks = axis_ticks(*limits, height)
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks([], minor=True)
    margin = 0.0 if len(value) > 1 else 1.0
    ax.set_xlim(value[0] - margin, value[-1] + margin)
    ax.tick_params(axis="x", labelbottom=not bare)
    ax.patch.set_visible(False)


def _draw(
    ax: Axes,
    table: pd.DataFrame,
    limits: tuple[float, float],
    reference: float | None,
    knots: Sequence[float],
) -> None:
    """Band, curve, line at 1, reference and knots."""
    value = table["value"].to_numpy(dtype=float)
    low, high = (table[c].clip(*limits).to_numpy(dtype=float) for c in ("conf_low", "conf_high"))
    color = style.group_colors(["HER2-low"])["HER2-low"]
    ax.fill_between(value, low, high, color=color, alpha=0.15, linewidth=0)
    ax.axhline(1, color=style.INK, linewidth=0.7)
    ax.plot(value, table["ratio"], color=color, label="_curve")
    if reference is not None:
        ax.axvline(reference, color=style.GREY, linewidth=0.7, linestyle=(0, (1, 1.6)))
    base = ax.get_xaxis_transform()
    ax.plot(list(knots), [0.0] * len(knots), "^", color=style.INK, markersize=4.0, transform=base,
            clip_on=False, zorder=4, label="_knots")  # fmt: skip


def _histogram(sheet: Sheet, values: np.ndarray, above: Axes, place: tuple[float, float, float]) -> None:
    """How many patients have which value, under the curve and on its axis."""
    ax = sheet.axes(place[0], place[1], place[2], _RUG)
    first, last = above.get_xlim()
    counts, edges = np.histogram(values, np.linspace(first, last, _BINS + 1))
    look: dict[str, Any] = {"color": "#B0B0B0", "edgecolor": "white", "linewidth": 0.3}
    ax.bar(edges[:-1], counts, np.diff(edges), align="edge", **look)
    ax.set_xlim(first, last)
    ax.set_ylim(0, max(counts.max(), 1))
    ax.set_xticks([t for t in above.get_xticks() if first <= t <= last])
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
