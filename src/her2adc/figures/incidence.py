"""Cumulative incidence of competing events, numbers at risk and events so far under the ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.annotation import Block, Entry
from her2adc.figures.curves import RiskRow, SurvivalPanel, Trace, at_risk
from her2adc.figures.keys import category_colors
from her2adc.figures.survival_drawing import draw
from her2adc.figures.survival_layout import Plot, make_frame, place_all
from her2adc.format import p_equals, percent_short
from her2adc.results import ALL_PATIENTS

__all__ = ["cumulative_incidence"]

_NO_ROWS = pd.DataFrame()


@style.styled
def cumulative_incidence(
    curve: pd.DataFrame,
    rows: pd.DataFrame,
    *,
    causes: Sequence[str],
    groups: Sequence[str] = (ALL_PATIENTS,),
    y_label: str = "Cumulative incidence",
    landmark: float | None = None,
    labels: Mapping[str, str] | None = None,
    time_max: float | None = None,
    tick: float | None = None,
    top: float | None = None,
    unit: str = "months",
    clock: str = "Time",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Aalen-Johansen curves with their bands: causes side by side, or groups in a panel a cause.

    Parameters
    ----------
    curve : DataFrame
        What ``stats.competing.curve`` returns: group, cause, time, n_risk, n_event, n_competing,
        n_censor, incidence, conf_low, conf_high.
    rows : DataFrame
        Results rows of one endpoint: ``incidence`` of analysis ``cumulative_incidence`` is printed
        at ``landmark``, ``p_value`` of ``gray_test`` with several groups.
    causes : sequence of str
        Events shown, in order.
    groups : sequence of str
        One group has all its causes in one plot; of several each cause has its own.
    y_label : str
        Written on the axis.
    landmark : float, optional
        Time at which incidences are printed.
    labels : mapping, optional
        Printed names of causes and groups.
    time_max, tick : float, optional
        End of the axis and distance of its ticks.
    top : float, optional
        End of the vertical axis in percent; a round number after the highest limit by default.
    unit, clock : str
        Unit of time, and from when it runs.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame
    >>> curve = pd.DataFrame({"group": "All patients", "cause": ["ADC2", "ADC2", "Death", "Death"],
    ...     "time": [0.0, 4.0] * 2, "n_risk": [9, 9] * 2, "n_event": [0, 3, 0, 1],
    ...     "n_competing": [0, 1, 0, 3], "n_censor": 0, "incidence": [0, 1 / 3, 0, 1 / 9],
    ...     "conf_low": [0, 0.1, 0, 0.0], "conf_high": [0, 0.6, 0, 0.4]})
    >>> figure = cumulative_incidence(curve, frame([]), causes=["ADC2", "Death"])
    >>> [float(tick) for tick in figure.axes[0].get_yticks()]
    [0.0, 20.0, 40.0, 60.0]
    """
    panels = [(groups[0], list(causes))] if len(groups) == 1 else [(cause, [cause]) for cause in causes]
    plots = []
    for title, shown in panels:
        traces = _traces(curve, groups, shown, labels)
        panel = SurvivalPanel(curve, rows, style.label_of(title, labels) if len(panels) > 1 else "")
        counts = _rows(traces) if len(groups) == 1 else []
        heading = "At risk, and events so far" if len(groups) == 1 else "At risk (events)"
        block = _block(rows, traces, landmark, unit, None if len(groups) == 1 else title)
        plots.append(Plot(panel, traces, block, rows=counts, heading=heading))
    columns = 2 if width_mm >= 120 and len(plots) > 1 else 1
    end = top or _top(plots, time_max)
    titles = (f"{style.shown(clock)} ({unit})", f"{style.shown(y_label)} (%)")
    frame = make_frame(plots, width_mm / 25.4, columns, (time_max, tick, unit), titles, end)
    place_all(plots, frame)
    return draw(plots, frame)


def _traces(
    curve: pd.DataFrame, groups: Sequence[str], causes: Sequence[str], labels: Mapping[str, str] | None
) -> list[Trace]:
    """One curve a cause of a single group, or one a group of a single cause."""
    names = list(groups) if len(groups) > 1 else list(causes)
    colors = style.group_colors(names) if len(groups) > 1 else category_colors(names)
    dashes = style.group_linestyles(names)
    found = []
    for name in names:
        group, cause = (name, causes[0]) if len(groups) > 1 else (groups[0], name)
        mine = curve[(curve["group"].astype(str) == group) & (curve["cause"].astype(str) == cause)]
        if mine.empty:
            raise ValueError(f"the curve has no {cause!r} of {group!r}")
        table = mine.sort_values("time").reset_index(drop=True)
        lost = table["n_competing"] + table["n_censor"]
        table = table.assign(survival=table["incidence"], n_competing=lost, n_censor=0)
        found.append(Trace(name, style.label_of(name, labels), colors[name], dashes[name], table, None))
    return found


def _rows(traces: Sequence[Trace]) -> list[RiskRow]:
    """Patients at risk, who are the same for all causes, and events of each cause so far."""
    first = traces[0]

    def patients(times: Sequence[float]) -> list[str]:
        return [str(n) for n, _ in at_risk(first, _NO_ROWS, times)]

    def events(trace: Trace) -> Any:
        return lambda times: [str(n) for _, n in at_risk(trace, _NO_ROWS, times)]

    rows = [RiskRow("", "At risk", style.INK, str(first.patients), patients)]
    return rows + [RiskRow(t.name, t.label, t.color, str(t.events), events(t)) for t in traces]


def _block(
    rows: pd.DataFrame, traces: Sequence[Trace], landmark: float | None, unit: str, cause: str | None
) -> Block:
    """Incidence at the landmark of every curve, and Gray's p between groups."""
    entries: list[Entry] = []
    if landmark is not None:
        mine = rows[(rows["statistic"] == "incidence") & (rows["level"] == f"{landmark:g}")]
        entries.append(Entry(f"At {landmark:g} {unit} (95% CI)"))
        for trace in traces:
            at = mine[_of_cause(mine, cause or trace.name)]
            at = at if cause is None else at[at["group"].astype(str) == trace.name]
            cells = ("value", "conf_low", "conf_high")
            value, low, high = (float(at[c].iloc[0]) if len(at) else np.nan for c in cells)
            entries.append(Entry(trace.label, percent_short(value, low, high), trace.color, trace.dash))
    elif len(traces) > 1:
        entries += [Entry(trace.label, "", trace.color, trace.dash) for trace in traces]
    if cause is not None:
        tests = rows[(rows["analysis"] == "gray_test") & (rows["statistic"] == "p_value")]
        tests = tests[_of_cause(tests, cause)]
        if len(tests):
            entries.append(Entry(f"Gray's test {p_equals(float(tests['value'].iloc[0]))}"))
    return Block(tuple(entries))


def _of_cause(rows: pd.DataFrame, cause: str) -> Any:
    """Rows whose variable, ``<endpoint>: <cause>``, names a cause."""
    return rows["variable"].astype(str).str.endswith(f": {cause}").to_numpy(dtype=bool)


def _top(plots: Sequence[Plot], time_max: float | None) -> float:
    """Round percentage after the highest limit."""
    most = 0.0
    for table in (trace.table for plot in plots for trace in plot.traces):
        inside = table if time_max is None else table[table["time"] <= time_max]
        shown = inside[["incidence", "conf_high"]].to_numpy(dtype=float)
        most = max(most, float(np.nanmax(shown, initial=0)))
    return float(next(end for end in (10, 20, 40, 60, 80, 100) if 100 * most <= end or end == 100))
