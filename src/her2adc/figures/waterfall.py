"""Waterfall plot: largest change of the tumour of every patient, coloured by best response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.keys import draw_keys, key_rows, keys_height
from her2adc.figures.response import RESPONSES
from her2adc.figures.sheet import Sheet, fit

__all__ = ["waterfall"]

_TOP = 100.0
"""Increases beyond this are cut, with an arrow."""
_LINES = (20.0, -30.0)
_NOT_EVALUABLE = "#E9D98A"


@style.styled
def waterfall(
    changes: pd.DataFrame,
    *,
    responses: Sequence[str] = ("CR", "PR", "SD", "PD", "NE"),
    labels: Mapping[str, str] | None = None,
    y_label: str = "Best change from baseline (%)",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Best change of the sum of diameters, a bar a patient, the largest increase first.

    Parameters
    ----------
    changes : DataFrame
        One row a patient: ``change`` in percent, ``response``. Patients without a change are not
        drawn; increases above 100% are cut there and end in an arrow.
    responses : sequence of str
        Best responses in the order of the legend.
    labels : mapping, optional
        Printed names of responses.
    y_label : str
        Name of the vertical axis.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> changes = pd.DataFrame({"change": [35.0, -40.0, -100.0], "response": ["PD", "PR", "CR"]})
    >>> [text.get_text() for text in waterfall(changes).texts][2:]
    ['PD, progressive disease', 'Best change from baseline (%)', 'Patients (n = 3)']
    """
    table = changes.dropna(subset=["change"]).sort_values("change", ascending=False, kind="stable")
    if table.empty:
        raise ValueError("no patient has a change to draw")
    seen = set(table["response"].astype(str))
    unknown = sorted(seen - set(responses))
    if unknown:
        raise ValueError(f"unknown responses {unknown}; 'responses' has {list(responses)}")
    width = width_mm / 25.4
    spare = list(style.group_colors([str(i) for i in range(len(responses))]).values())
    colors = {r: RESPONSES[r][1] if r in RESPONSES else spare[i] for i, r in enumerate(responses)}
    colors |= {"NE": _NOT_EVALUABLE}
    meant = {r: f"{r}, {meaning}" for r, (meaning, _) in RESPONSES.items()} | dict(labels or {})
    keys = key_rows([r for r in responses if r in seen], width - 0.06, meant)
    head = keys_height(keys) + 0.10
    across, height = width - 0.74, min(max(0.42 * width, 1.7), 2.4)
    sheet = Sheet(width, head + height + 0.26)
    draw_keys(sheet, keys, colors, 0.03, 0.03, meant)
    ax = sheet.axes(0.64, head, across, height)
    _bars(ax, table, colors)
    y_label = fit(style.shown(y_label), height)
    sheet.text(0.10, head + height / 2, y_label, rotation=90, ha="center", va="center")
    sheet.text(0.64 + across / 2, head + height + 0.18, f"Patients (n = {len(table)})", ha="center")
    return sheet.figure


def _bars(ax: Axes, table: pd.DataFrame, colors: Mapping[str, str]) -> None:
    """Bars, line at 0, dashed lines at the limits of response and progression."""
    change = table["change"].to_numpy(dtype=float)
    fills = [colors[str(response)] for response in table["response"]]
    thick = 0.86 if len(change) <= 120 else 1.0
    place = np.arange(len(change))
    shown = np.minimum(change, _TOP)
    ax.bar(place, shown, thick, color=fills, edgecolor=style.GREY, linewidth=0.3 if thick < 1 else 0.0)
    over = place[change > _TOP]
    ax.plot(over, [_TOP] * len(over), "^", color=style.INK, markersize=3.5, clip_on=False, label="_cut")
    flat = place[shown == 0]
    ax.plot(flat, [0.0] * len(flat), "_", color=style.INK, markersize=3.5, label="_unchanged")
    ax.axhline(0, color=style.INK, linewidth=0.6)
    for limit in _LINES:
        ax.axhline(limit, color=style.GREY, linewidth=0.6, linestyle=(0, (4, 2.5)), zorder=0)
    top = 25 * np.ceil(max(shown.max(), 25.0) / 25)
    bottom = 25 * np.floor(min(shown.min(), -50.0) / 25)
    ax.set_ylim(bottom, top)
    ticks = np.arange(50 * np.ceil(bottom / 50), top + 1, 50)
    ax.set_yticks(ticks, [f"{tick:+g}".replace("-", "−") if tick else "0" for tick in ticks])
    ax.set_xlim(-0.7, len(change) - 0.3)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.patch.set_visible(False)
