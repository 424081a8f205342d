"""Attrition from one treatment to the next: a funnel of patients, losses with reasons to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from her2adc.figures import style
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.figures.state_occupation import state_colors
from her2adc.format import count_percent
from her2adc.results import ALL_PATIENTS

__all__ = ["attrition"]

_BAR, _GAP, _LEAST = 0.26, 0.09, 0.14
_WIDE = 4.0
_EDGE = 0.03


@dataclass
class _Step:
    """One state: how many reach it, and what became of those who do not go on to the next."""

    name: str
    n: int
    losses: list[str] = field(default_factory=list)
    top: float = 0.0
    end: float = 0.0

    def above(self, narrow: bool) -> float:
        """Height of the name above the bar."""
        return height_of(self.name) + 0.03 if narrow else self.beyond

    @property
    def beyond(self) -> float:
        """How far a name beside the bar is taller than it, to each side."""
        return max(0.0, (height_of(self.name) - _BAR) / 2)

    def below(self, narrow: bool, last: bool) -> float:
        """Height of what stands under the bar."""
        name = 0.0 if narrow else self.beyond
        if last and not self.losses:
            return name
        return max(len(self.losses) * line_height() + 2 * _GAP, _LEAST + 2 * _GAP, name)


@style.styled
def attrition(
    rows: pd.DataFrame,
    *,
    states: Sequence[str],
    group: str = ALL_PATIENTS,
    labels: Mapping[str, str] | None = None,
    ongoing: str = "still there at last contact",
    dead: str = "Dead",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """How many patients reach each step, and what became of those who do not go on.

    Percentages of a step are of all patients, those of losses of the patients who reached the step.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``attrition`` as ``stats.multistate.attrition`` returns them:
        ``reached`` of every state (variable), ``moved`` to a later one (level) and ``ongoing``.
    states : sequence of str
        States in order, from top to bottom; without that of the dead.
    group : str
        Group whose rows are drawn.
    labels : mapping, optional
        Printed names of states.
    ongoing : str
        What is said of those who are in a state at their last contact.
    dead : str
        Name of the state of the dead.
    width_mm : float
        Printed width; at column width names stand above their bars.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("attrition", "reached", 98, variable="ADC1", n=98),
    ...     row("attrition", "moved", 40, variable="ADC1", level="ADC2", n=98),
    ...     row("attrition", "moved", 30, variable="ADC1", level="Dead", n=98),
    ...     row("attrition", "ongoing", 28, variable="ADC1", n=98),
    ...     row("attrition", "reached", 40, variable="ADC2", n=98)])
    >>> figure = attrition(rows, states=["ADC1", "ADC2"])
    >>> [text.get_text() for text in figure.texts][:3]
    ['98 (100.0%)', 'ADC1', '30 (30.6%) died']
    """
    width = width_mm / 25.4
    narrow = width < _WIDE
    mine = rows[(rows["analysis"] == "attrition") & (rows["group"].astype(str) == group)]
    said = (dict(labels or {}), ongoing, dead)
    steps = [_step(mine, states, i, said) for i in range(len(states))]
    side = (0.46 if narrow else 0.34) * width
    for step in steps:
        step.name = wrap(step.name, (0.92 if narrow else 0.24) * width, weight="bold")
        step.losses = [line for loss in step.losses for line in wrap(loss, side - 0.12).split("\n")]
    names = max(width_of(step.name, weight="bold") for step in steps)
    left = _EDGE if narrow else _EDGE + names + 0.12
    height = _stack(steps, (left, width - side - 0.10 - left), narrow)
    sheet = Sheet(width, height)
    colors = list(state_colors(states).values())
    for i, step in enumerate(steps):
        if i + 1 < len(steps):
            _slope(sheet, left, step, steps[i + 1], style.lighter(colors[i], 0.82))
        _bar(sheet, step, left, colors[i], count_percent(step.n, steps[0].n))
        _name(sheet, step, left, narrow)
        for j, line in enumerate(step.losses):
            y = step.top + _BAR + _GAP + (j + 0.77) * line_height()
            sheet.text(width - side + 0.06, y, line)
        if step.losses:
            ends = [step.top + _BAR + _GAP, step.top + _BAR + _GAP + len(step.losses) * line_height()]
            sheet.line([width - side] * 2, ends, color=style.RULE)
    return sheet.figure


def _step(
    rows: pd.DataFrame, states: Sequence[str], place: int, said: tuple[Mapping[str, str], str, str]
) -> _Step:
    """Read a state from the rows."""
    labels, ongoing, dead = said
    state = states[place]
    mine = rows[rows["variable"] == state]
    reached = mine.loc[mine["statistic"] == "reached", "value"]
    if reached.empty:
        raise ValueError(f"no row of analysis 'attrition' with statistic 'reached' of {state!r}")
    step = _Step(style.label_of(state, labels), int(reached.iloc[0]))
    following = states[place + 1] if place + 1 < len(states) else None
    moved = mine[(mine["statistic"] == "moved") & (mine["value"] > 0)]
    ways = [(str(level), int(n)) for level, n in zip(moved["level"], moved["value"], strict=True)]
    for level, n in sorted(ways, key=lambda way: way[0] != dead):
        if level == dead:
            step.losses.append(f"{count_percent(n, step.n)} {style.shown(labels.get(dead, 'died'))}")
        elif level != following:
            name = _inside(style.label_of(level, labels))
            step.losses.append(f"{count_percent(n, step.n)} straight to {name}")
    there = mine.loc[mine["statistic"] == "ongoing", "value"]
    if len(there) and there.iloc[0] > 0:
        step.losses.append(f"{count_percent(int(there.iloc[0]), step.n)} {style.shown(ongoing)}")
    return step


def _stack(steps: Sequence[_Step], room: tuple[float, float], narrow: bool) -> float:
    """Set the place of every bar; returns the height of the figure."""
    left, length = room
    most = max(max(step.n for step in steps), 1)
    y = 0.04
    for i, step in enumerate(steps):
        step.top = y + step.above(narrow)
        step.end = left + max(length * step.n / most, 0.012)
        y = step.top + _BAR + step.below(narrow, last=i + 1 == len(steps))
    return y + 0.04


def _slope(sheet: Sheet, left: float, step: _Step, following: _Step, color: str) -> None:
    """Pale area from a bar down to the next one."""
    ys = [step.top + _BAR, step.top + _BAR, following.top, following.top]
    xs = [left, step.end, following.end, left]
    points = [(x, sheet.height - y) for x, y in zip(xs, ys, strict=True)]
    area = Polygon(points, closed=True, facecolor=color, linewidth=0, transform=sheet.figure.dpi_scale_trans)
    sheet.figure.add_artist(area)


def _bar(sheet: Sheet, step: _Step, left: float, color: str, text: str) -> None:
    """Bar of a step with its n (%): inside where it fits, else after it."""
    sheet.box(left, step.top, step.end - left, _BAR, facecolor=color, edgecolor="none", linewidth=0)
    inside = width_of(text) + 0.10 <= step.end - left
    x, shade = (left + 0.05, style.on_color(color)) if inside else (step.end + 0.05, style.INK)
    sheet.text(x, step.top + _BAR / 2 + 0.037, text, color=shade)


def _name(sheet: Sheet, step: _Step, left: float, narrow: bool) -> None:
    """Name of a step, beside its bar or above it."""
    middle = step.top + _BAR / 2 - height_of(step.name) / 2
    top = step.top - step.above(True) if narrow else middle
    for i, line in enumerate(step.name.split("\n")):
        x, ha = (left, "left") if narrow else (left - 0.08, "right")
        sheet.text(x, top + (i + 0.77) * line_height(), line, ha=ha, fontweight="bold")


def _inside(name: str) -> str:
    """Name as it stands within a sentence."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
