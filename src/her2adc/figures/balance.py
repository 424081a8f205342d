"""Balance of covariates before and after weighting: love plot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.format import NOT_ESTIMABLE, number

__all__ = ["balance"]

_HEADS = ("Before", "After")
_STATISTICS = ("smd", "smd_weighted")
_PAD = 0.06
_TITLE = "Absolute standardised mean difference"


@dataclass(frozen=True)
class _Line:
    """One variable with its two differences."""

    label: str
    before: float
    after: float

    @property
    def texts(self) -> tuple[str, str]:
        """Both as printed."""
        return number(self.before, 2, NOT_ESTIMABLE), number(self.after, 2, NOT_ESTIMABLE)

    @property
    def height(self) -> float:
        """Height of the line."""
        return height_of(self.label) + _PAD


@style.styled
def balance(
    rows: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    threshold: float = 0.1,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Standardised differences of the covariates before and after weighting, the largest on top.

    Parameters
    ----------
    rows : DataFrame
        Results rows ``smd`` and ``smd_weighted`` of every variable, as ``stats.weighting.balance``
        returns them.
    labels : mapping, optional
        Printed names of variables.
    threshold : float
        Where the dashed line stands.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("balance", "smd", 0.42, variable="age"),
    ...     row("balance", "smd_weighted", 0.03, variable="age")])
    >>> [text.get_text() for text in balance(rows, labels={"age": "Age"}).texts][-4:]
    ['Age', '0.42', '0.03', 'Absolute standardised mean difference']
    """
    width = width_mm / 25.4
    lines = _lines(rows, labels, 0.34 * width)
    left = max(width_of(line.label) for line in lines) + 0.16
    column = max(width_of(text, weight="bold") for text in _HEADS) + 0.16
    plot = width - left - 2 * column - 0.10
    body = sum(line.height for line in lines) + 0.04
    head = 0.28
    x_label = wrap(_TITLE, width - left)
    sheet = Sheet(width, head + body + 0.30 + height_of(x_label))
    ax = sheet.axes(left, head, plot, body)
    known = [x for line in lines for x in (line.before, line.after) if np.isfinite(x)]
    _axis(ax, max([*known, 2 * threshold]), threshold, (plot, body))
    for j, text in enumerate(_HEADS):
        x = width - 0.03 - (1 - j) * column
        sheet.text(x, head - 0.09, text, ha="right", fontweight="bold")
        filled = style.INK if j else "white"
        sheet.line([x - width_of(text, weight="bold") - 0.08], [head - 0.125], marker="o", markersize=4.4,
                   linestyle="none", markerfacecolor=filled, markeredgewidth=0.8)  # fmt: skip
    y = 0.02
    for line in lines:
        _draw_line(sheet, ax, line, (head, y, column))
        y += line.height
    middle = min(left + plot / 2, width - 0.03 - width_of(x_label) / 2)
    for i, text in enumerate(x_label.split("\n")):
        sheet.text(middle, head + body + 0.33 + i * line_height(), text, ha="center")
    return sheet.figure


def _lines(rows: pd.DataFrame, labels: Mapping[str, str] | None, room: float) -> list[_Line]:
    """Variables with both differences, the largest before weighting first."""
    mine = rows[rows["statistic"].isin(_STATISTICS)]
    if mine.empty:
        raise ValueError("no row with statistic 'smd' or 'smd_weighted' to draw")
    lines = []
    for variable in dict.fromkeys(mine["variable"]):
        values = mine[mine["variable"] == variable].drop_duplicates("statistic").set_index("statistic")
        before, after = (float(values["value"].get(name, np.nan)) for name in _STATISTICS)
        lines.append(_Line(wrap(style.label_of(variable, labels), room), before, after))
    return sorted(lines, key=lambda line: -line.before if np.isfinite(line.before) else np.inf)


def _axis(ax: Axes, most: float, threshold: float, size: tuple[float, float]) -> None:
    """Axis from 0, dashed line at the threshold."""
    end = 1.06 * most
    steps = (0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10)
    step = next(s for s in steps if size[0] * s / end > 0.33 or s == 10)
    ax.set_xlim(0, end)
    ax.set_ylim(size[1], 0)
    ticks = np.arange(0, end + 1e-9, step)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks([])
    ax.patch.set_visible(False)
    ax.axvline(threshold, color=style.GREY, linewidth=0.7, linestyle=(0, (4, 2.5)), zorder=1)


def _draw_line(sheet: Sheet, ax: Axes, line: _Line, place: tuple[float, float, float]) -> None:
    """Name, dots and numbers of a variable."""
    top, y, column = place
    middle = y + (line.height - _PAD) / 2 + 0.01
    first = top + middle - height_of(line.label) / 2
    for i, text in enumerate(line.label.split("\n")):
        sheet.text(0.03, first + (i + 0.77) * line_height(), text)
    for j, text in enumerate(line.texts):
        sheet.text(sheet.width - 0.03 - (1 - j) * column, top + middle + 0.037, text, ha="right")
    ax.plot([line.before, line.after], [middle] * 2, color="#B8B8B8", linewidth=0.8, zorder=2)
    looks = ((line.before, "white", "_before"), (line.after, style.INK, "_after"))
    for value, fill, label in looks:
        ax.plot([value], [middle], "o", markersize=4.6, markerfacecolor=fill, markeredgecolor=style.INK,
                markeredgewidth=0.8, zorder=3, clip_on=False, label=label)  # fmt: skip
