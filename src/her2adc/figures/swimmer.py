"""Swimmer plot: a bar a patient by agent, with what happened; a summary form for many patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.curves import axis_of, step_of
from her2adc.figures.keys import category_colors, keys_height
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap
from her2adc.figures.swimmer_drawing import (
    HEADING,
    Patient,
    Place,
    draw_bars,
    draw_counts,
    draw_legend,
    draw_symbols,
    kinds_of,
    legend_rows,
    set_rows,
    time_axis,
)

__all__ = ["swimmer"]

_NUMBERED, _TALL, _LOW = 40, 0.135, 0.10
_BODY, _SHARES = 3.8, 1.15


@style.styled
def swimmer(
    bars: pd.DataFrame,
    marks: pd.DataFrame | None = None,
    *,
    agents: Sequence[str],
    groups: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    quiet: Sequence[str] = (),
    most: int = 60,
    tick: float | None = None,
    unit: str = "months",
    clock: str = "Time since first dose",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Treatments of every patient over time, the longest followed on top.

    With more than ``most`` patients each is a thin line without symbols but death, sorted by the
    time on the first treatment, and the number of patients on each agent over time stands above.

    Parameters
    ----------
    bars : DataFrame
        One row a treatment: ``patient`` (a running number, never an identifier), ``agent``,
        ``start`` and ``stop`` (months); ``group`` where there are groups.
    marks : DataFrame, optional
        ``patient``, ``kind`` (response, progression, death, ongoing, or a name of your own) and
        ``time``. The time of any mark is time under observation; ``last contact`` has no symbol.
    agents : sequence of str
        Agents in the order of the legend.
    groups : sequence of str
        Groups in order, each a block of its own.
    labels : mapping, optional
        Printed names of agents, kinds and groups.
    quiet : sequence of str
        Agents drawn in grey, such as other therapy.
    most : int
        Most patients with a bar each.
    tick : float, optional
        Distance of the ticks.
    unit, clock : str
        Unit of time, and from when it runs.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> bars = pd.DataFrame({"patient": [1, 1, 2], "agent": ["T-DXd", "SG", "T-DXd"],
    ...     "start": [0.0, 8.0, 0.0], "stop": [7.0, 12.0, 4.0]})
    >>> marks = pd.DataFrame({"patient": [2], "kind": ["death"], "time": [5.0]})
    >>> figure = swimmer(bars, marks, agents=["T-DXd", "SG"])
    >>> [text.get_text() for text in figure.texts]
    ['T-DXd', 'SG', 'Death', '1', '2', 'Time since first dose (months)', 'Patients (n = 2)']
    """
    patients = _patients(bars, marks, groups, agents)
    brief = len(patients) > most
    if brief:
        patients.sort(key=lambda p: (_place_of(p.group, groups), -p.first, -p.end, p.number))
    present = [name for name in groups if any(p.group == name for p in patients)]
    kinds = [kind for kind in kinds_of(patients) if not brief or kind == "death"]
    width = width_mm / 25.4
    keys = legend_rows(patients, agents, kinds, labels, width)
    head = keys_height([*keys[0], *keys[1]]) + 0.10
    place, ticks = _place(patients, present, (width, head, brief), (tick, unit))
    x_label = wrap(f"{style.shown(clock)} ({unit})", place.width)
    title = f"Patients (n = {len(patients)})"
    tall = place.top + place.height + 0.30 + height_of(x_label)
    sheet = Sheet(width, max(tall, width_of(title) + 0.08))
    colors = category_colors(agents, quiet)
    draw_legend(sheet, keys, colors, labels, brief)
    if brief:
        ax = sheet.axes(place.left, head, place.width, _SHARES)
        draw_counts(ax, patients, agents, colors, place.end)
        ax.set_xticks(ticks, [""] * len(ticks))
        _beside(sheet, "On treatment (n)", head + _SHARES / 2)
    ax = sheet.axes(place.left, place.top, place.width, place.height)
    time_axis(ax, place, ticks)
    heights = set_rows(sheet, patients, present, place, labels)
    draw_bars(ax, patients, heights, colors, place)
    draw_symbols(ax, patients, heights, kinds, place)
    _titles(sheet, place, x_label, title)
    return sheet.figure


def _titles(sheet: Sheet, place: Place, below: str, beside: str) -> None:
    """Titles of the axes."""
    for i, line in enumerate(below.split("\n")):
        y = place.top + place.height + 0.32 + i * line_height()
        sheet.text(place.left + place.width / 2, y, line, ha="center")
    _beside(sheet, beside, place.top + place.height / 2)


def _beside(sheet: Sheet, text: str, middle: float) -> None:
    """Upright title at the left edge; where the plot is too low for it, at the top."""
    middle = max(middle, width_of(text) / 2 + 0.03)
    middle = min(middle, sheet.height - width_of(text) / 2 - 0.03)
    sheet.text(0.13, middle, text, rotation=90, ha="center", va="center")


def _place(
    patients: Sequence[Patient],
    groups: Sequence[str],
    size: tuple[float, float, bool],
    axis: tuple[float | None, str],
) -> tuple[Place, list[float]]:
    """Where the bars go, and the ticks under them."""
    width, head, brief = size
    few = len(patients) <= _NUMBERED
    pitch = _BODY / len(patients) if brief else (_TALL if few else _LOW)
    left = width_of(str(len(patients))) + 0.36
    across = width - left - 0.16
    last = max(p.end for p in patients) or 1.0
    _, ticks = axis_of(last, step_of(last, axis[1], across, 0.3, axis[0]))
    top = head + (_SHARES + 0.22 if brief else 0.0)
    body = pitch * len(patients) + HEADING * len(groups)
    return Place(left, top, across, body, pitch, max(1.02 * last, ticks[-1]), brief), ticks


def _place_of(group: str, groups: Sequence[str]) -> int:
    """Place of a group in the order."""
    return list(groups).index(group) if group in groups else 0


def _patients(
    bars: pd.DataFrame, marks: pd.DataFrame | None, groups: Sequence[str], agents: Sequence[str]
) -> list[Patient]:
    """Patients in order: by group, the longest followed first."""
    absent = [c for c in ("patient", "agent", "start", "stop", *["group"][: len(groups)]) if c not in bars]
    if absent or bars.empty:
        raise ValueError(f"bars has no column {absent}" if absent else "bars holds no treatment to draw")
    found: dict[int, Patient] = {}
    for row in bars.to_dict("records"):
        start, stop = float(row["start"]), float(row["stop"])
        if not start <= stop:
            raise ValueError(f"patient {row['patient']}: {row['agent']} runs from {start:g} to {stop:g}")
        group = str(row["group"]) if len(groups) else ""
        patient = found.setdefault(int(row["patient"]), Patient(int(row["patient"]), group))
        patient.bars.append((str(row["agent"]), start, stop))
    for row in [] if marks is None else marks.to_dict("records"):
        if int(row["patient"]) in found and pd.notna(row["time"]):
            found[int(row["patient"])].marks.append((str(row["kind"]), float(row["time"])))
    chosen = [p for p in found.values() if not len(groups) or p.group in groups]
    unknown = sorted({agent for p in chosen for agent, _, _ in p.bars} - set(agents))
    if unknown:
        raise ValueError(f"unknown agents {unknown}; 'agents' has {list(agents)}")
    return sorted(chosen, key=lambda p: (_place_of(p.group, groups), -p.end, p.number))
