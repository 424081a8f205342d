"""Drawing of a swimmer plot: legend, bars, symbols, and how many are on treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from her2adc.figures import style
from her2adc.figures.keys import draw_keys, key_rows, keys_height, printed
from her2adc.figures.sheet import Sheet, fit, width_of
from her2adc.figures.ticks import count_step

__all__ = ["Patient", "Place", "draw_bars", "draw_counts", "draw_legend", "draw_symbols", "kinds_of",
           "legend_rows", "set_rows", "time_axis"]  # fmt: skip

HEADING = 0.20
LAST_CONTACT = "last contact"
_MARKS: dict[str, tuple[str, dict[str, Any]]] = {
    "response": ("Response", {"marker": "^", "markersize": 4.4, "markerfacecolor": "white"}),
    "progression": ("Progression", {"marker": "D", "markersize": 3.6, "markerfacecolor": "#C8472B"}),
    "death": ("Death", {"marker": "X", "markersize": 5.0, "markerfacecolor": style.INK}),
    "ongoing": ("Treatment ongoing", {"marker": ">", "markersize": 4.2, "markerfacecolor": style.INK}),
}
_OTHER: dict[str, Any] = {"marker": "o", "markersize": 3.6, "markerfacecolor": "white"}
_BRIEF: dict[str, Any] = {"marker": "s", "markersize": 1.3, "markerfacecolor": style.INK}
_BEYOND = 0.035
_PIXELS = 5000
"""Above so many patients, of whom several share a line of pixels in print, bars are a picture."""


@dataclass
class Patient:
    """One patient: treatments, what happened, and until when he or she is drawn."""

    number: int
    group: str
    bars: list[tuple[str, float, float]] = field(default_factory=list)
    marks: list[tuple[str, float]] = field(default_factory=list)

    @property
    def end(self) -> float:
        """Last time that anything is known of."""
        return max([stop for _, _, stop in self.bars] + [time for _, time in self.marks], default=0.0)

    @property
    def first(self) -> float:
        """End of the first treatment."""
        return min(self.bars, key=lambda bar: bar[1])[2]


@dataclass(frozen=True)
class Place:
    """Left and top edge, width and height of the bars in inches, pitch of the rows, end of the axis."""

    left: float
    top: float
    width: float
    height: float
    pitch: float
    end: float
    brief: bool


def kinds_of(patients: Sequence[Patient]) -> list[str]:
    """Kinds of marks that occur and have a symbol, the usual ones first."""
    seen = list(dict.fromkeys(k for patient in patients for k, _ in patient.marks if k != LAST_CONTACT))
    return [kind for kind in _MARKS if kind in seen] + [kind for kind in seen if kind not in _MARKS]


def legend_rows(
    patients: Sequence[Patient],
    agents: Sequence[str],
    kinds: Sequence[str],
    labels: Mapping[str, str] | None,
    width: float,
) -> tuple[list[list[str]], list[list[str]]]:
    """Rows of the legend: agents that occur, and symbols."""
    given = {agent for patient in patients for agent, _, _ in patient.bars}
    present = [agent for agent in agents if agent in given]
    return key_rows(present, width - 0.06, labels), key_rows(kinds, width - 0.06, _named(labels))


def _named(labels: Mapping[str, str] | None) -> dict[str, str]:
    """Printed names of the kinds of marks."""
    return {**{key: name for key, (name, _) in _MARKS.items()}, **(labels or {})}


def draw_legend(
    sheet: Sheet,
    rows: tuple[list[list[str]], list[list[str]]],
    colors: Mapping[str, str],
    labels: Mapping[str, str] | None,
    brief: bool,
) -> None:
    """Squares of agents and symbols of marks."""
    agents, kinds = rows
    draw_keys(sheet, agents, colors, 0.03, 0.03, labels)
    for i, row in enumerate(kinds):
        x, y = 0.03, 0.03 + keys_height(agents) + keys_height(kinds[:i])
        for kind in row:
            look = _BRIEF if brief else _MARKS.get(kind, ("", _OTHER))[1]
            sheet.line([x + 0.06], [y + 0.07], linestyle="none", markeredgewidth=0.6, **look,
                       markeredgecolor=style.INK)  # fmt: skip
            name = printed(kind, _named(labels), sheet.width - 0.06)
            sheet.text(x + 0.16, y + 0.115, name)
            x += width_of(name) + 0.32


def time_axis(ax: Axes, place: Place, ticks: Sequence[float]) -> None:
    """Time axis; heights in inches from the top."""
    ax.set_xlim(0, place.end)
    ax.set_ylim(place.height, 0)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks([])
    ax.patch.set_visible(False)


def set_rows(
    sheet: Sheet,
    patients: Sequence[Patient],
    groups: Sequence[str],
    place: Place,
    labels: Mapping[str, str] | None,
) -> list[float]:
    """Middle of the row of every patient; headings of groups and, unless brief, numbers are set."""
    y, heights, group = 0.0, [], None
    numbered = not place.brief and place.pitch > 0.11
    for patient in patients:
        if groups and patient.group != group:
            group = patient.group
            n = sum(p.group == group for p in patients)
            name = f"{style.label_of(group, labels)} (n = {n})"
            name = fit(name, place.width - 0.05, weight="bold")
            sheet.text(place.left + 0.05, place.top + y + 0.145, name, fontweight="bold")
            y += HEADING
        heights.append(y + place.pitch / 2)
        if numbered:
            middle = place.top + heights[-1] + 0.038
            sheet.text(place.left - 0.05, middle, str(patient.number), ha="right")
        y += place.pitch
    return heights


def draw_bars(
    ax: Axes,
    patients: Sequence[Patient],
    heights: Sequence[float],
    colors: Mapping[str, str],
    place: Place,
) -> None:
    """Time under observation as a thin line, treatments as bars on it."""
    firsts = [min(start for _, start, _ in p.bars) for p in patients]
    ends = [p.end for p in patients]
    thick = (1.0 if place.brief else 0.72) * place.pitch
    thin = min(0.6, 40 * thick)
    lines = ax.hlines(heights, firsts, ends, color="#B8B8B8", linewidth=thin, zorder=1, label="_observed")
    lines.set_rasterized(len(patients) > _PIXELS)
    for agent, color in colors.items():
        mine = [(y, s, e) for p, y in zip(patients, heights, strict=True) for a, s, e in p.bars if a == agent]
        if not mine:
            continue
        y, start, stop = (np.array(column, dtype=float) for column in zip(*mine, strict=True))
        if not place.brief:
            ax.barh(y, stop - start, thick, left=start, color=color, linewidth=0, zorder=2)
            continue
        low, high = y - thick / 2, y + thick / 2  # one object for thousands of bars
        corners = np.stack([start, low, stop, low, stop, high, start, high], axis=1).reshape(-1, 4, 2)
        bars = PolyCollection(list(corners), facecolors=color, linewidths=0, zorder=2, label=f"_bars:{agent}")
        bars.set_rasterized(len(patients) > _PIXELS)
        ax.add_collection(bars, autolim=False)


def draw_symbols(
    ax: Axes,
    patients: Sequence[Patient],
    heights: Sequence[float],
    kinds: Sequence[str],
    place: Place,
) -> None:
    """Symbols at their times; an arrow after the end of a treatment that goes on."""
    for kind in kinds:
        at = [(t, y) for p, y in zip(patients, heights, strict=True) for k, t in p.marks if k == kind]
        x, y = (np.array(column) for column in zip(*at, strict=True))
        if kind == "ongoing":
            x = x + _BEYOND * place.end / place.width
        look = _BRIEF if place.brief else _MARKS.get(kind, ("", _OTHER))[1]
        edge: dict[str, Any] = {"markeredgecolor": style.INK, "markeredgewidth": 0.0 if place.brief else 0.6}
        ax.plot(x, y, linestyle="none", clip_on=False, zorder=4, label=f"_mark:{kind}", **edge, **look)


def draw_counts(
    ax: Axes, patients: Sequence[Patient], agents: Sequence[str], colors: Mapping[str, str], end: float
) -> None:
    """How many of the patients drawn are on each agent over time."""
    bars = [bar for patient in patients for bar in patient.bars]
    times = np.unique([0.0, end, *(t for _, start, stop in bars for t in (start, stop))])
    low = np.zeros(len(times))
    for agent in agents:
        starts = np.sort([start for a, start, _ in bars if a == agent])
        stops = np.sort([stop for a, _, stop in bars if a == agent])
        n = np.searchsorted(starts, times, side="right") - np.searchsorted(stops, times, side="right")
        ax.fill_between(times, low, low + n, step="post", color=colors[agent], linewidth=0, label=agent)
        low = low + n
    ax.set_xlim(0, end)
    ax.set_ylim(0, max(float(low.max()), 1.0) * 1.04)
    ax.set_yticks(np.arange(0, low.max() + 1e-9, count_step(float(low.max()), 4.5)))
