"""Proportion by stratum: counts, dot with interval, percentage, p of each variable."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.forest_drawing import draw
from her2adc.figures.forest_layout import Item, make_layout, percent_ticks
from her2adc.format import NOT_ESTIMABLE, percent_short, pvalue
from her2adc.results import ALL_PATIENTS

__all__ = ["rates_forest"]


@style.styled
def rates_forest(
    rows: pd.DataFrame,
    *,
    labels: Mapping[str, str],
    statistic: str = "rate",
    p_statistic: str = "p_value",
    group: str = ALL_PATIENTS,
    first: str = "Subgroup",
    overall: str = "All patients",
    estimate_label: str = "Proportion",
    title: str = "Patients (%)",
    limit: float | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Proportion in all patients and by level of each variable, with its interval.

    Parameters
    ----------
    rows : DataFrame
        Results rows ``statistic`` (a fraction with limits, ``n`` and ``n_events``) of every level;
        variable "" is all patients. A row ``p_statistic`` without a level is the p of its
        variable. Variables and levels keep their order.
    labels : mapping
        Printed names of variables.
    statistic, p_statistic : str
        Which rows are drawn, e.g. ``"discordance"``, and which hold the p-values.
    group : str
        Group whose rows are drawn.
    first, overall : str
        Head of the column of names, and name of the line of all patients.
    estimate_label : str
        Head of the column of percentages, e.g. ``"Discordance"``.
    title : str
        Written under the axis, e.g. ``"Pairs with another HER2 class (%)"``.
    limit : float, optional
        End of the axis in percent; by default a round number after the highest limit.
    width_mm : float
        Printed width; below 120 mm the counts stand under the names.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> figure = rates_forest(frame([row("evolution", "discordance", 94 / 247, conf_low=0.32,
    ...     conf_high=0.444, conf_level=0.95, n=247, n_events=94)]), labels={}, statistic="discordance")
    >>> [text.get_text() for text in figure.texts][-4:]
    ['All patients', '94/247', '38.1% (32.0 to 44.4)', 'Patients (%)']
    """
    mine = rows[rows["group"].astype(str) == group]
    rates = mine[mine["statistic"] == statistic]
    tests = mine[(mine["statistic"] == p_statistic) & (mine["level"].astype(str) == "")]
    items = [_item(r, style.shown(overall), "all") for _, r in rates[rates["variable"] == ""].iterrows()]
    for variable in dict.fromkeys(v for v in rates["variable"] if v):
        found = tests[tests["variable"] == variable]["value"]
        p = "" if found.empty else _p(float(found.iloc[0]))
        items.append(Item(style.label_of(variable, labels), "variable", interaction=p))
        levels = rates[rates["variable"] == variable]
        items += [_item(r, style.shown(r["level"]), "level") for _, r in levels.iterrows()]
    if not items:
        raise ValueError(f"no row with statistic {statistic!r} of {group!r} to draw")
    level = rates["conf_level"].dropna()
    interval = f"{100 * float(level.iloc[0]):g}" if len(level) else "95"
    heads = {"estimate": f"{style.shown(estimate_label, 40)}\n({interval}% CI)", "p": "p"}
    layout = make_layout(items, width_mm / 25.4, [""], heads, first=first, counted="n/N", tag="p")
    layout.scale, layout.marker, layout.sized, layout.title = "percent", "o", False, style.shown(title)
    most = max((end for item in items for end in (item.value, item.high) if math.isfinite(end)), default=0.0)
    layout.ticks = percent_ticks(limit or most, layout.plot[1] - layout.plot[0])
    layout.limits = (0.0, limit or layout.ticks[-1])
    layout.notes = tuple(_notes(items, layout.narrow))
    return draw(items, layout)


def _notes(items: Sequence[Item], narrow: bool) -> list[str]:
    """Explanations of signs that the plot uses."""
    notes = ["Under each name: n/N."] if narrow and any(any(item.counts) for item in items) else []
    if any(NOT_ESTIMABLE in item.estimate + item.interaction for item in items):
        notes.append(f"{NOT_ESTIMABLE}, not estimable.")
    return notes


def _p(p: float) -> str:
    """P-value as printed."""
    return pvalue(p) if math.isfinite(p) else NOT_ESTIMABLE


def _item(rate: pd.Series, label: str, kind: str) -> Item:
    """One line with its counts and its percentage."""
    value, low, high = (float(rate[c]) for c in ("value", "conf_low", "conf_high"))
    counted = pd.notna(rate["n"]) and pd.notna(rate["n_events"])
    count = f"{int(rate['n_events'])}/{int(rate['n'])}" if counted else ""
    text = percent_short(value, low, high)
    return Item(label, kind, (count,), text, "", 100 * value, 100 * low, 100 * high)
