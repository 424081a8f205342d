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
_TIE = 1.5e-8
"""Times closer than this, absolutely or relatively, are one time, as in the statistics."""
AtRisk = Callable[[Sequence[float]], pd.DataFrame]
"""Asks the data for the results rows ``at_risk`` at chosen times."""


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
    at_risk : callable, optional
        Takes the ticks drawn and returns the results rows ``at_risk`` at them, such as
        ``lambda times: stats.survival.at_risk(data, "OS", by, times)``. Without it numbers come from
        ``rows``, else from the curve; with delayed entry only from ``rows``, as the number between two
        events is not on the curve, and ticks stand where the rows have one.

    Examples
    --------
    >>> SurvivalPanel(pd.DataFrame(), pd.DataFrame(), title="Liver metastases").title
    'Liver metastases'
    """

    curve: pd.DataFrame
    rows: pd.DataFrame
    title: str = ""
    groups: Sequence[str] | None = None
    at_risk: AtRisk | None = None


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


def _always(times: Sequence[float]) -> bool:
    """Whether numbers are known at these times: they are."""
    return True


@dataclass(frozen=True)
class RiskRow:
    """One row of numbers under the ticks; ``widest`` is as wide as any, ``knows`` says where they are."""

    name: str
    label: str
    color: str
    widest: str
    at: Callable[[Sequence[float]], list[str]]
    knows: Callable[[Sequence[float]], bool] = _always


def risk_rows(shown: Sequence[Trace], panel: SurvivalPanel) -> list[RiskRow]:
    """Patients at risk (events so far) of every group."""

    def row(trace: Trace) -> RiskRow:
        def at(times: Sequence[float]) -> list[str]:
            rows = panel.rows if panel.at_risk is None else panel.at_risk(times)
            return [f"{patients} ({events})" for patients, events in at_risk(trace, rows, times)]

        def knows(times: Sequence[float]) -> bool:
            return panel.at_risk is not None or not unknown(trace, panel.rows, times)

        widest = f"{trace.patients} ({trace.events})"
        return RiskRow(trace.name, trace.label, trace.color, widest, at, knows)

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


def step_of(
    last: float,
    unit: str,
    room: float,
    label: float,
    tick: float | None,
    knows: Callable[[float], bool] = lambda step: True,
) -> float:
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
    knows : callable
        Whether the numbers under the ticks of a distance are known.
    """
    steps: Sequence[float] = [tick * k for k in range(1, 61)] if tick else _STEPS.get(unit, _OTHER_STEPS)
    for step in steps:
        intervals = axis_of(last, step)[0] / step
        if (tick or intervals <= _MOST_INTERVALS) and room / intervals >= label + 0.09 and knows(step):
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
    """Patients at risk and events so far at every time: from the rows, else from the curve.

    Raises
    ------
    ValueError
        Where entry is delayed and the rows do not hold a time.
    """
    lost = unknown(trace, rows, times)
    if lost:
        raise ValueError(
            f"numbers at risk of {trace.name!r} are not known at {', '.join(f'{t:g}' for t in lost)}: entry "
            "into observation is delayed, so they cannot be read from the curve; give 'at_risk', which "
            "asks the data, or results rows at_risk at these times"
        )
    found = [_stored(rows, trace.name, time) for time in times]
    read = [risk_counts(trace.table, time) for time in times]
    return [read[i] if pair is None else pair for i, pair in enumerate(found)]


def unknown(trace: Trace, rows: pd.DataFrame, times: Sequence[float]) -> list[float]:
    """Times at which neither the rows nor the curve say how many are at risk."""
    if not entered_late(trace.table):
        return []
    return [time for time in times if _stored(rows, trace.name, time) is None and time <= trace.end]


def entered_late(table: pd.DataFrame) -> bool:
    """Whether more patients are at risk at a time than stayed after the one before."""
    if len(table) < 2:
        return False
    risk = table["n_risk"].to_numpy(dtype=float)
    left = risk - table["n_event"].to_numpy() - table["n_censor"].to_numpy()
    left = left - (table["n_competing"].to_numpy() if "n_competing" in table else 0)
    return bool((risk[1:] > left[:-1] + 1e-6 * max(risk.max(), 1.0)).any())


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
    """Numbers of the curve table at a time: at risk just before it, events up to it; weighted, cut."""
    if table.empty:
        return 0, 0
    margin = _TIE * max(1.0, abs(time))
    later = table.loc[table["time"] >= time - margin, "n_risk"]
    events = table.loc[table["time"] <= time + margin, "n_event"].sum()
    return (int(later.iloc[0] + _TIE) if len(later) else 0), int(events + _TIE)


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
