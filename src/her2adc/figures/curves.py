"""What a Kaplan-Meier figure shows, read from a curve table and from results rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2adc.figures.style import label_of

__all__ = ["SurvivalPanel", "month_ticks"]

_STEPS = {"months": (1, 3, 6, 12, 24, 36, 60, 120, 240), "weeks": (4, 12, 26, 52, 104, 156, 260)}
_OTHER_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_MOST_INTERVALS = 8


@dataclass(frozen=True)
class SurvivalPanel:
    """One Kaplan-Meier plot: curve table, results rows, title.

    Parameters
    ----------
    curve : DataFrame
        What ``stats.survival.curve`` returns.
    rows : DataFrame
        Results rows of medians, log-rank test and, if wanted, numbers at risk. Rows of one
        endpoint only.
    title : str
        Written above the plot.
    groups : sequence of str, optional
        Groups of this panel when they differ from those of the figure.

    Examples
    --------
    >>> SurvivalPanel(pd.DataFrame(), pd.DataFrame(), title="Liver metastases").title
    'Liver metastases'
    """

    curve: pd.DataFrame
    rows: pd.DataFrame
    title: str = ""
    groups: Sequence[str] | None = None


@dataclass(frozen=True)
class Trace:
    """One group of a panel, ready to draw."""

    name: str
    label: str
    color: str
    dash: object
    table: pd.DataFrame
    median: pd.Series | None

    @property
    def patients(self) -> int:
        """Patients at the start."""
        return 0 if self.table.empty else int(self.table["n_risk"].max())

    @property
    def events(self) -> int:
        """Events over the whole follow-up."""
        return 0 if self.table.empty else int(self.table["n_event"].sum())

    @property
    def end(self) -> float:
        """Last time of the curve."""
        return 0.0 if self.table.empty else float(self.table["time"].max())


@dataclass(frozen=True)
class RiskRow:
    """One row of numbers under the ticks; ``widest`` is as wide as any of them."""

    name: str
    label: str
    color: str
    widest: str
    at: Callable[[Sequence[float]], list[str]]


def risk_rows(shown: Sequence[Trace], rows: pd.DataFrame) -> list[RiskRow]:
    """Patients at risk (events so far) of every group."""

    def row(trace: Trace) -> RiskRow:
        def at(times: Sequence[float]) -> list[str]:
            return [f"{patients} ({events})" for patients, events in at_risk(trace, rows, times)]

        widest = f"{trace.patients} ({trace.events})"
        return RiskRow(trace.name, trace.label, trace.color, widest, at)

    return [row(trace) for trace in shown]


def traces(
    panel: SurvivalPanel,
    groups: Sequence[str],
    colors: Mapping[str, str],
    dashes: Mapping[str, object],
    labels: Mapping[str, str] | None,
) -> list[Trace]:
    """List groups of a panel in order, each with its table and its median."""
    shown = []
    for group in panel.groups or groups:
        table = panel.curve.loc[panel.curve["group"].astype(str) == group]
        table = table.sort_values("time").reset_index(drop=True)
        median = _row(panel.rows, "median", group)
        shown.append(Trace(group, label_of(group, labels), colors[group], dashes[group], table, median))
    return shown


def _row(rows: pd.DataFrame, statistic: str, group: str) -> pd.Series | None:
    """Find the Kaplan-Meier row of a statistic and a group, or None."""
    if rows.empty:
        return None
    found = rows[
        (rows["analysis"] == "kaplan_meier")
        & (rows["statistic"] == statistic)
        & (rows["group"].astype(str) == group)
    ]
    if len(found) > 1:
        raise ValueError(
            f"{len(found)} rows of {statistic} in {group}, of variables "
            f"{sorted(set(found['variable']))}; give the rows of one endpoint"
        )
    return None if found.empty else found.iloc[0]


def logrank_p(rows: pd.DataFrame) -> float | None:
    """P-value of the log-rank test among the rows, or None."""
    if rows.empty:
        return None
    found = rows[(rows["analysis"] == "logrank") & (rows["statistic"] == "p_value")]
    return None if found.empty else float(found["value"].iloc[0])


def step_of(last: float, unit: str, room: float, label: float, tick: float | None) -> float:
    """Distance between ticks: the smallest round one at which labels of that width fit.

    Parameters
    ----------
    last : float
        End of the axis, in its unit.
    unit : str
        ``"months"`` gives ticks that divide the year.
    room, label : float
        Width of the axis and of the widest label under it, in inches.
    tick : float, optional
        A distance asked for; widened to a multiple of itself where labels would meet.
    """
    steps: Sequence[float] = [tick * k for k in range(1, 61)] if tick else _STEPS.get(unit, _OTHER_STEPS)
    for step in steps:
        intervals = axis_of(last, step)[0] / step
        if (tick or intervals <= _MOST_INTERVALS) and room / intervals >= label + 0.09:
            return float(step)
    return float(steps[-1])


def month_ticks(
    time_max: float, tick: float | None = None, *, unit: str = "months", most: int = 8
) -> list[float]:
    """List times at which a time axis has its ticks when there is room for ``most`` intervals.

    Parameters
    ----------
    time_max : float
        Longest time shown.
    tick : float, optional
        Distance between ticks; months default to one that divides the year.
    unit : str
        Unit of the axis.
    most : int
        Most intervals.

    Returns
    -------
    list of float
        From 0 to the last tick at ``time_max``, or shortly after it.

    Examples
    --------
    >>> month_ticks(26.1), month_ticks(23.5)
    ([0.0, 6.0, 12.0, 18.0, 24.0], [0.0, 3.0, 6.0, 9.0, 12.0, 15.0, 18.0, 21.0, 24.0])
    """
    step = tick or step_of(time_max, unit, float(most), 0.9, None)
    return axis_of(time_max, step)[1]


def axis_of(last: float, step: float) -> tuple[float, list[float]]:
    """End of a time axis, and its ticks: a tick that the data nearly reach is on the axis."""
    reached = math.floor(last / step + 1e-9)
    count = reached + 1 if (reached + 1) * step - last <= 0.25 * step or reached == 0 else reached
    ticks = [float(step * i) for i in range(count + 1)]
    return max(ticks[-1], last), ticks


def at_risk(trace: Trace, rows: pd.DataFrame, times: Sequence[float]) -> list[tuple[int, int]]:
    """Patients at risk and events so far at every time: from the rows, else from the curve."""
    found = [_stored(rows, trace.name, time) for time in times]
    read = [risk_counts(trace.table, time) for time in times]
    return [read[i] if pair is None else pair for i, pair in enumerate(found)]


def _stored(rows: pd.DataFrame, group: str, time: float) -> tuple[int, int] | None:
    """Numbers of the results rows at a time, or None."""
    if rows.empty or not (rows["analysis"] == "at_risk").any():
        return None
    mine = rows[(rows["analysis"] == "at_risk") & (rows["group"].astype(str) == group)]
    mine = mine[np.isclose(pd.to_numeric(mine["level"]), time)]
    values = dict(zip(mine["statistic"], mine["value"], strict=True))
    if not {"n_at_risk", "n_events_cumulative"} <= set(values):
        return None
    return int(values["n_at_risk"]), int(values["n_events_cumulative"])


def risk_counts(table: pd.DataFrame, time: float) -> tuple[int, int]:
    """Numbers of the curve table at a time: at risk just before it, events up to it."""
    if table.empty:
        return 0, 0
    later = table.loc[table["time"] >= time, "n_risk"]
    events = table.loc[table["time"] <= time, "n_event"].sum()
    return (int(later.iloc[0]) if len(later) else 0), int(events)


def faint_from(trace: Trace) -> float:
    """Time from which fewer than 10% or fewer than 5 patients remain; infinite if never.

    A group that starts with fewer than 5 patients is faint from the start, unless more come under
    observation later (delayed entry).
    """
    table = trace.table
    if table.empty:
        return math.inf
    left = table["n_risk"] - table["n_event"] - table["n_censor"] - table.get("n_competing", 0)
    enough = np.flatnonzero(left.to_numpy() >= max(5.0, 0.10 * trace.patients))
    after = table["time"].iloc[enough[-1] + 1 if enough.size else 0 :]
    return float(after.iloc[0]) if len(after) else math.inf


def clipped(table: pd.DataFrame, time_max: float) -> pd.DataFrame:
    """Curve up to the end of the axis; cut there when it goes on."""
    if table.empty or float(table["time"].max()) <= time_max:
        return table
    inside = table.loc[table["time"] <= time_max]
    last = inside.iloc[[-1]].assign(time=time_max, n_event=0, n_censor=0)
    return pd.concat([inside, last], ignore_index=True)


def split(table: pd.DataFrame, at: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Curve before and from a time on; the drop at that time belongs to the second part."""
    before, after = table.loc[table["time"] < at], table.loc[table["time"] >= at]
    if before.empty or after.empty:
        return before, after
    joint = before.iloc[[-1]].assign(time=after["time"].iloc[0], n_event=0, n_censor=0)
    return (
        pd.concat([before, joint], ignore_index=True),
        pd.concat([joint, after], ignore_index=True),
    )
