"""Kaplan-Meier curves with numbers at risk under the ticks; one plot or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.annotation import median_block
from her2adc.figures.curves import AtRisk, SurvivalPanel, logrank_p, traces
from her2adc.figures.survival_drawing import draw
from her2adc.figures.survival_layout import Plot, make_frame, place_all

__all__ = ["SurvivalPanel", "kaplan_meier", "kaplan_meier_panels"]


def kaplan_meier(
    curve: pd.DataFrame,
    rows: pd.DataFrame,
    *,
    endpoint_label: str,
    groups: Sequence[str],
    time_max: float | None = None,
    tick: float | None = None,
    unit: str = "months",
    clock: str = "Time",
    labels: Mapping[str, str] | None = None,
    at_risk: AtRisk | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Kaplan-Meier curves of one endpoint, numbers at risk under the ticks.

    Parameters
    ----------
    curve : DataFrame
        What ``stats.survival.curve`` returns: group, time, n_risk, n_event, n_censor, survival,
        conf_low, conf_high.
    rows : DataFrame
        Results rows: medians (analysis ``kaplan_meier``), log-rank p (``logrank``) and, where
        stored, numbers at risk (``at_risk``).
    endpoint_label : str
        Written on the axis, e.g. ``"Progression-free survival"``.
    groups : sequence of str
        Groups in order, one to five.
    time_max, tick : float, optional
        End of the axis and distance of its ticks.
    unit, clock : str
        Unit of time, and from when it runs, e.g. ``"Time since first dose"``.
    labels : mapping, optional
        Printed names of groups.
    at_risk : callable, optional
        Asks the data for numbers at risk at the ticks drawn; see :class:`SurvivalPanel`.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> curve = pd.DataFrame({"group": "All patients", "time": [0.0, 4.0], "n_risk": [9, 9],
    ...     "n_event": [0, 3], "n_censor": [0, 6], "survival": [1.0, 0.667],
    ...     "conf_low": [1.0, 0.28], "conf_high": [1.0, 0.88]})
    >>> rows = frame([row("kaplan_meier", "median", None, variable="PFS")])
    >>> figure = kaplan_meier(curve, rows, endpoint_label="Progression-free survival",
    ...     groups=["All patients"])
    >>> round(figure.get_figwidth() * 25.4)
    154
    """
    return kaplan_meier_panels(
        [SurvivalPanel(curve, rows, at_risk=at_risk)],
        endpoint_label=endpoint_label,
        groups=groups,
        time_max=time_max,
        tick=tick,
        unit=unit,
        clock=clock,
        labels=labels,
        width_mm=width_mm,
    )


@style.styled
def kaplan_meier_panels(
    panels: Sequence[SurvivalPanel],
    *,
    endpoint_label: str,
    groups: Sequence[str],
    columns: int | None = None,
    time_max: float | None = None,
    tick: float | None = None,
    unit: str = "months",
    clock: str = "Time",
    labels: Mapping[str, str] | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Several Kaplan-Meier plots with the same axes, each with its own numbers at risk.

    Parameters
    ----------
    panels : sequence of SurvivalPanel
        Curve table, results rows and title of every plot.
    columns : int, optional
        Plots side by side; two at full width, one at column width.
    endpoint_label, groups, time_max, tick, unit, clock, labels, width_mm
        As in :func:`kaplan_meier`.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame
    >>> curve = pd.DataFrame({"group": "A", "time": [0.0, 4.0], "n_risk": [9, 9],
    ...     "n_event": [0, 3], "n_censor": [0, 6], "survival": [1.0, 0.667],
    ...     "conf_low": [1.0, 0.28], "conf_high": [1.0, 0.88]})
    >>> panels = [SurvivalPanel(curve, frame([]), title) for title in ("Liver", "No liver")]
    >>> len(kaplan_meier_panels(panels, endpoint_label="PFS", groups=["A"]).axes)
    2
    """
    if not panels:
        raise ValueError("no panel to draw; give at least one SurvivalPanel")
    names = list(dict.fromkeys([*groups, *(g for p in panels for g in p.groups or ())]))
    colors, dashes = style.group_colors(names), style.group_linestyles(names)
    plots = []
    for panel in panels:
        shown = traces(panel, groups, colors, dashes, labels)
        plots.append(Plot(panel, shown, median_block(shown, logrank_p(panel.rows), unit)))
    if columns is None:
        columns = 2 if width_mm >= 120 and len(panels) > 1 else 1
    frame = make_frame(
        plots,
        width_mm / 25.4,
        columns,
        (time_max, tick, unit),
        (f"{style.shown(clock)} ({unit})", f"{style.shown(endpoint_label)} (%)"),
    )
    place_all(plots, frame)
    return draw(plots, frame)
