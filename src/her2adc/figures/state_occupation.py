"""Where patients are over time: stacked shares of states, labelled in their areas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from her2adc.figures import style
from her2adc.figures.curves import AtRisk, axis_of, step_of
from her2adc.figures.keys import draw_keys, key_rows, keys_height
from her2adc.figures.sheet import Sheet, fit, height_of, line_height, width_of, wrap
from her2adc.results import ALL_PATIENTS

__all__ = ["state_colors", "state_occupation"]

_PAIRS = ("#007A5E", "#8CCBBB", "#8C6BB1", "#CDBDE0", "#C9A227", "#EBDDAA", "#00579B", "#8FB8D8")
_ENDED = "#8A8A8A"
_LEFT, _GAP = 0.56, 0.36
_TITLE, _AXIS, _RISK = 0.20, 0.44, 0.34
_TOLERANCE = 1e-6


@dataclass
class _Panel:
    """One plot: times, and the upper edge of every state in percent."""

    title: str
    time: NDArray[np.float64]
    edges: NDArray[np.float64]
    risk: list[str] = field(default_factory=list)


def state_colors(states: Sequence[str], quiet: Sequence[str] = ()) -> dict[str, str]:
    """Colour of every state: a full and a pale tone in turn, so that on and after a drug are a pair.

    Examples
    --------
    >>> list(state_colors(["On ADC1", "After ADC1", "Dead"], ["Dead"]).values())
    ['#007A5E', '#8CCBBB', '#8A8A8A']
    """
    loud = [state for state in states if state not in quiet]
    found = {state: _PAIRS[i % len(_PAIRS)] for i, state in enumerate(loud)}
    return {state: found.get(state, _ENDED) for state in states}


@style.styled
def state_occupation(
    table: pd.DataFrame,
    *,
    states: Sequence[str],
    groups: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    quiet: Sequence[str] = ("Dead",),
    time_max: float | None = None,
    tick: float | None = None,
    unit: str = "months",
    clock: str = "Time",
    y_label: str = "Patients",
    at_risk: AtRisk | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Stacked probabilities of the states over time; every group has its own panel.

    Parameters
    ----------
    table : DataFrame
        What ``stats.multistate.occupation`` returns: group, time, state, n, probability; one group
        at a time sums to 1. Or ``time`` and for every state a column of that name with its
        probability from that time on, with ``n_risk`` (how many are followed from then on) and
        ``group`` where they are known.
    states : sequence of str
        States from the bottom up.
    groups : sequence of str
        Groups in order, a panel each; none for a table of one.
    labels : mapping, optional
        Printed names of states and groups.
    quiet : sequence of str
        States that are ends; in dark grey.
    time_max, tick : float, optional
        End of the axis and distance of its ticks.
    unit, clock, y_label : str
        Unit of time, from when it runs, and what is shared out.
    at_risk : callable, optional
        Takes the ticks drawn and returns the results rows ``at_risk`` at them: how many are alive and
        followed. Without it the numbers come from ``n_risk``.
    width_mm : float
        Printed width; at column width panels stand under each other.

    Returns
    -------
    Figure

    Examples
    --------
    >>> table = pd.DataFrame({"time": [0, 3, 6], "On ADC1": [1.0, 0.6, 0.2],
    ...     "After ADC1": [0, 0.3, 0.5], "Dead": [0, 0.1, 0.3]})
    >>> figure = state_occupation(table, states=["On ADC1", "After ADC1", "Dead"])
    >>> [text.get_text() for text in figure.texts if text.get_text() in table][:2]
    ['On ADC1', 'After ADC1']
    """
    width = width_mm / 25.4
    table = _wide(table, quiet) if "state" in table else table
    parts = {g: table[table["group"].astype(str) == g] for g in groups} or {"": table}
    last = max(float(part["time"].max()) for part in parts.values())
    columns = len(parts) if width_mm >= 120 and len(parts) < 3 else 1
    across = (width - _LEFT - 0.14 - (columns - 1) * _GAP) / columns
    end, ticks = _time(last, time_max, lambda end: step_of(end, unit, across, 0.36, tick))
    panels = [_panel(part, states, style.label_of(g, labels), end) for g, part in parts.items()]
    asked = None if at_risk is None else at_risk(ticks)
    for panel, (g, part) in zip(panels, parts.items(), strict=True):
        panel.risk = _at_risk(part, ticks) if asked is None else _asked(asked, g or ALL_PATIENTS, ticks)
    height = min(max(0.55 * across, 1.9), 2.6)
    colors = state_colors(states, quiet)
    names = [_inside(panel, states, labels, (across / end, height / 100)) for panel in panels]
    keys = key_rows(_unnamed(panels, names, states), width - 0.06, labels)
    x_label = wrap(f"{style.shown(clock)} ({unit})", across)
    title = _TITLE if groups else 0.0
    each = title + height + _AXIS - line_height() + height_of(x_label)
    each += _RISK if any(panel.risk for panel in panels) else 0.0
    head, rows = keys_height(keys) + (0.12 if keys else 0.06), -(-len(panels) // columns)
    sheet = Sheet(width, head + rows * each + (rows - 1) * 0.12 + 0.06)
    draw_keys(sheet, keys, colors, 0.03, 0.03, labels)
    for i, (panel, named) in enumerate(zip(panels, names, strict=True)):
        left, top = _LEFT + (i % columns) * (across + _GAP), head + (i // columns) * (each + 0.12) + title
        place = (left, top, across, height)
        _axes(sheet.axes(*place), panel, states, colors, (end, ticks))
        _frame(sheet, panel, place, ("" if i % columns else y_label, x_label))
        _risk(sheet, panel, ticks, (left, top + each - title - _RISK, across / end))
        _labels(sheet, named, (left, top + height), colors)
    return sheet.figure


def _time(
    last: float, asked: float | None, step: Callable[[float], float]
) -> tuple[float, Sequence[float]]:
    """End of the time axis, and its ticks."""
    if asked:
        return asked, [float(t) for t in np.arange(0, asked + 1e-9, step(asked))]
    return axis_of(last or 1.0, step(last or 1.0))


def _wide(table: pd.DataFrame, quiet: Sequence[str]) -> pd.DataFrame:
    """Table with a column a state, and how many are followed in those that are no end."""
    table = table.assign(group=table["group"].astype(str), state=table["state"].astype(str))
    shares = table.pivot_table("probability", ["group", "time"], "state", aggfunc="first")
    alive = table[~table["state"].isin(list(quiet))].groupby(["group", "time"])["n"].sum()
    return shares.assign(n_risk=alive).reset_index()


def _at_risk(part: pd.DataFrame, ticks: Sequence[float]) -> list[str]:
    """How many are followed at the ticks: those whom the row before a tick keeps."""
    if "n_risk" not in part:
        return []
    part = part.sort_values("time")
    time, n = part["time"].to_numpy(dtype=float), part["n_risk"].to_numpy(dtype=float)
    before = np.searchsorted(time, [tick - _TOLERANCE for tick in ticks])
    return [f"{n[max(i - 1, 0)]:.0f}" for i in before]


def _asked(rows: pd.DataFrame, group: str, ticks: Sequence[float]) -> list[str]:
    """How many are followed at the ticks, from results rows."""
    mine = rows[(rows["statistic"] == "n_at_risk") & (rows["group"].astype(str) == group)]
    if len(mine) != len(ticks):
        raise ValueError(f"at_risk gave {len(mine)} numbers of {group!r} for {len(ticks)} ticks")
    return [f"{n:.0f}" for n in mine["value"]]


def _panel(part: pd.DataFrame, states: Sequence[str], title: str, end: float) -> _Panel:
    """Upper edges of the states of a group; refused when they do not share out everybody."""
    absent = [column for column in ["time", *states] if column not in part]
    if absent or part.empty:
        raise ValueError(f"no column {absent}" if absent else f"no row of group {title!r}")
    part = part.sort_values("time")
    shares = part[list(states)].to_numpy(dtype=float)
    off = np.abs(shares.sum(axis=1) - 1) > _TOLERANCE
    if off.any() or (shares < -_TOLERANCE).any():
        when = float(part["time"].to_numpy()[off.argmax()])
        raise ValueError(f"the probabilities of {list(states)} at {when:g} do not sum to 1")
    time = part["time"].to_numpy(dtype=float)
    kept = time <= end
    edges = 100 * np.cumsum(shares[kept], axis=1)
    drawn = np.append(time[kept], min(end, float(time.max())))
    return _Panel(title, drawn, np.vstack([edges, edges[-1:]]))


def _unnamed(
    panels: Sequence[_Panel], names: Sequence[Mapping[str, object]], states: Sequence[str]
) -> list[str]:
    """States that anybody is ever in and that have no name in an area somewhere, from the top down."""
    found = []
    for i, state in enumerate(states):
        shares = [panel.edges[:, i] - (panel.edges[:, i - 1] if i else 0) for panel in panels]
        if not all(state in named for named in names) and max(share.max() for share in shares) > 0:
            found.append(state)
    return found[::-1]


def _inside(
    panel: _Panel, states: Sequence[str], labels: Mapping[str, str] | None, scale: tuple[float, float]
) -> dict[str, tuple[float, float, str]]:
    """Where the names fit in their areas: the place with most room, in inches from the lower left."""
    found = {}
    for i, state in enumerate(states):
        name = style.label_of(state, labels)
        for text in (name, wrap(name, 0.95), wrap(name, 0.6)):
            place = _roomiest(panel, i, (width_of(text) + 0.10, height_of(text)), scale)
            if place is not None:
                found[state] = (*place, text)
                break
    return found


def _roomiest(
    panel: _Panel, i: int, size: tuple[float, float], scale: tuple[float, float]
) -> tuple[float, float] | None:
    """Middle of the place in an area that leaves most room above and below a text; None without room."""
    x = panel.time * scale[0]
    low = panel.edges[:, i - 1] * scale[1] if i else np.zeros(len(x))
    high = panel.edges[:, i] * scale[1]
    best, room = None, size[1] + 0.01
    for left in np.linspace(x[0], max(x[0], x[-1] - size[0]), 60):
        right = left + size[0]
        if right > x[-1] + 1e-9:
            continue
        under = np.flatnonzero((x[:-1] < right) & (x[1:] > left))
        floor, ceiling = low[under].max(), high[under].min()
        if ceiling - floor > room:
            best, room = ((left + right) / 2, (floor + ceiling) / 2), ceiling - floor
    return best


def _axes(
    ax: Axes,
    panel: _Panel,
    states: Sequence[str],
    colors: Mapping[str, str],
    axis: tuple[float, Sequence[float]],
) -> None:
    """Areas and ticks."""
    low = np.zeros(len(panel.time))
    for state, high in zip(states, panel.edges.T, strict=True):
        ax.fill_between(panel.time, low, high, step="post", color=colors[state], linewidth=0, label=state)
        ax.plot(panel.time, high, drawstyle="steps-post", color="white", linewidth=0.5)
        low = high
    ax.set_xlim(0, axis[0])
    ax.set_ylim(0, 100)
    ax.set_xticks(axis[1], [f"{tick:g}" for tick in axis[1]])
    ax.set_yticks([0, 25, 50, 75, 100])


def _frame(
    sheet: Sheet, panel: _Panel, place: tuple[float, float, float, float], titles: tuple[str, str]
) -> None:
    """Titles of a panel and of its axes."""
    left, top, width, height = place
    if panel.title:
        sheet.text(left, top - 0.07, fit(panel.title, width, weight="bold"), fontweight="bold")
    if titles[0]:
        x = left - width_of("100") - 0.19
        name = fit(f"{style.shown(titles[0])} (%)", height)
        sheet.text(x, top + height / 2, name, rotation=90, ha="center", va="center")
    for i, line in enumerate(titles[1].split("\n")):
        sheet.text(left + width / 2, top + height + 0.32 + i * line_height(), line, ha="center")


def _risk(
    sheet: Sheet, panel: _Panel, ticks: Sequence[float], place: tuple[float, float, float]
) -> None:
    """Patients alive and in follow-up at the ticks."""
    left, top, scale = place
    if not panel.risk:
        return
    sheet.text(left - width_of(panel.risk[0]) / 2, top + 0.13, "Alive and in follow-up", fontweight="bold")
    for tick, text in zip(ticks, panel.risk, strict=True):
        sheet.text(left + tick * scale, top + 0.13 + line_height(), text, ha="center")


def _labels(
    sheet: Sheet,
    names: Mapping[str, tuple[float, float, str]],
    corner: tuple[float, float],
    colors: Mapping[str, str],
) -> None:
    """Names of states in their areas; ``corner`` is the lower left of the axes."""
    for state, (x, y, text) in names.items():
        lines = text.split("\n")
        for i, line in enumerate(lines):
            baseline = corner[1] - y + (i + 0.77 - len(lines) / 2) * line_height()
            color = style.on_color(colors[state])
            sheet.text(corner[0] + x, baseline, line, ha="center", color=color)
