"""Overlap of the propensity scores of two groups, as mirrored histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.figures.ticks import count_step

__all__ = ["propensity_overlap"]

_LEFT, _TOP = 0.58, 0.05
_OUTLINE = "Outline: after weighting"


@style.styled
def propensity_overlap(
    scores: pd.DataFrame,
    *,
    groups: Sequence[str],
    labels: Mapping[str, str] | None = None,
    limits: tuple[float, float] | None = (0.05, 0.95),
    bins: int = 20,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Propensity scores of two groups, one upwards, the other downwards; weighted as outlines.

    Parameters
    ----------
    scores : DataFrame
        ``group``, ``score`` (chance of the last group) and, where known, ``weight``: what
        ``stats.sequences_weighting.scores`` returns.
    groups : sequence of str
        The two groups; the last stands above.
    labels : mapping, optional
        Printed names of groups.
    limits : tuple of float, optional
        Dotted lines: scores outside which a patient had hardly a choice.
    bins : int
        Bars from 0 to 1.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> scores = pd.DataFrame({"group": ["a", "b", "b"], "score": [0.3, 0.4, 0.8]})
    >>> figure = propensity_overlap(scores, groups=["a", "b"])
    >>> figure.texts[-1].get_text()
    'Probability of b (propensity score)'
    """
    if len(groups) != 2:
        raise ValueError(f"{len(groups)} groups given; overlap is shown for two")
    width = width_mm / 25.4
    across, height = width - _LEFT - 0.12, min(max(0.42 * width, 1.7), 2.4)
    treated = style.label_of(groups[1], labels)
    x_label = wrap(f"Probability of {treated} (propensity score)", across)
    sheet = Sheet(width, _TOP + height + 0.30 + height_of(x_label))
    ax = sheet.axes(_LEFT, _TOP, across, height)
    colors = style.group_colors(groups)
    ends, names = [], []
    for sign, group in zip((-1, 1), groups, strict=True):
        part = scores[(scores["group"].astype(str) == group) & scores["score"].notna()]
        ends.append(_bars(ax, part, sign, colors[group], bins))
        name = f"{style.label_of(group, labels)} (n = {len(part)})"
        names.append(wrap(name, across - 0.16, weight="bold"))
    _score_axis(ax, ends, limits, (max(map(height_of, names)) + 0.08) / height)
    below = _TOP + height - 0.06 - height_of(names[0]) + line_height()
    for name, y, group in zip(names, (below, _TOP + 0.13), groups, strict=True):
        for i, line in enumerate(name.split("\n")):
            baseline = y + i * line_height()
            sheet.text(_LEFT + 0.08, baseline, line, color=style.ink(colors[group]), fontweight="bold")
    free = across - 0.3 - width_of(names[1], weight="bold")
    if "weight" in scores and bool(scores["weight"].notna().any()) and width_of(_OUTLINE) < free:
        sheet.text(width - 0.16, _TOP + 0.13, _OUTLINE, ha="right", color=style.GREY)
    sheet.text(0.10, _TOP + height / 2, "Patients", rotation=90, ha="center", va="center")
    for i, text in enumerate(x_label.split("\n")):
        y = _TOP + height + 0.32 + i * line_height()
        sheet.text(_LEFT + across / 2, y, text, ha="center")
    return sheet.figure


def _bars(ax: Axes, part: pd.DataFrame, sign: int, color: str, bins: int) -> float:
    """Bars of one group, weighted as an outline; returns the height of the tallest."""
    edges = np.linspace(0, 1, bins + 1)
    counts = np.histogram(part["score"], edges)[0]
    look: dict[str, Any] = {"color": color, "alpha": 0.55, "edgecolor": "white", "linewidth": 0.4}
    ax.bar(edges[:-1], sign * counts, 1 / bins, align="edge", **look)
    tallest = float(counts.max(initial=0))
    if "weight" in part and bool(part["weight"].notna().any()):
        sums = np.histogram(part["score"], edges, weights=part["weight"].fillna(0))[0]
        ax.stairs(sign * sums, edges, color=color, linewidth=1.2)
        tallest = max(tallest, float(sums.max(initial=0)))
    return tallest


def _score_axis(
    ax: Axes, ends: Sequence[float], limits: tuple[float, float] | None, room: float
) -> None:
    """Axes of the scores: counts without sign, line at 0, limits dotted; ``room`` for the names."""
    reach = (max(ends[0], 1.0) + max(ends[1], 1.0)) / (1 - 2 * room)
    low, high = -max(ends[0], 1.0) - room * reach, max(ends[1], 1.0) + room * reach
    ax.set_xlim(0, 1)
    ax.set_ylim(low, high)
    step = count_step(high - low, 7)
    first, last = -(max(ends[0], 1.0) // step), max(ends[1], 1.0) // step
    ticks = step * np.arange(first, last + 1)
    ax.set_yticks(ticks, [f"{abs(tick):g}" for tick in ticks])
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    ax.axhline(0, color=style.INK, linewidth=0.6)
    for limit in limits or ():
        ax.axvline(limit, room, 1 - room, color=style.GREY, linewidth=0.7, linestyle=(0, (1, 1.6)))
