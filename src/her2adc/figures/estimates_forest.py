"""Several analyses of one comparison on one axis: what each estimates, and what it found."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.forest_drawing import draw
from her2adc.figures.forest_layout import Item, axis_limits, axis_ticks, make_layout
from her2adc.format import NOT_ESTIMABLE, estimate_short, number

__all__ = ["estimates_forest"]

_COLUMNS = ("method", "value", "conf_low", "conf_high")


@style.styled
def estimates_forest(
    rows: pd.DataFrame,
    *,
    estimate_label: str = "Hazard ratio",
    favours: tuple[str, str] = ("", ""),
    conf_level: float = 0.95,
    limits: tuple[float, float] | None = None,
    labels: Mapping[str, str] | None = None,
    first: str = "Analysis",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Forest of analyses: name and estimand, events/n, plot, estimate (CI), E-value.

    Parameters
    ----------
    rows : DataFrame
        One row an analysis, in order. ``method``, ``value``, ``conf_low``, ``conf_high``; and where
        they are known ``heading`` (a row that starts a new one gets it above), ``estimand`` (what
        is estimated, under the name), ``n``, ``n_events`` and ``e_value``.
    estimate_label : str
        Name of the ratio.
    favours : tuple of str
        What stands under the axis left and right of 1.
    conf_level : float
        Level of the intervals.
    limits : tuple of float, optional
        Ends of the axis; intervals beyond them end in an arrow and are printed in full.
    labels : mapping, optional
        Printed names of methods and headings.
    first : str
        Head of the first column.
    width_mm : float
        Printed width; below 120 mm counts and E-values stand under the names.

    Returns
    -------
    Figure

    Examples
    --------
    >>> rows = pd.DataFrame({"method": ["Received both drugs", "Landmark at 6 months"],
    ...     "value": [0.55, 0.94], "conf_low": [0.4, 0.7], "conf_high": [0.75, 1.26],
    ...     "n": [120, 210], "n_events": [80, 160]})
    >>> figure = estimates_forest(rows, favours=("T-DXd first", "SG first"))
    >>> [text.get_text() for text in figure.texts if "(0." in text.get_text()]
    ['0.55 (0.40 to 0.75)', '0.94 (0.70 to 1.26)']
    """
    absent = [column for column in _COLUMNS if column not in rows]
    if absent or rows.empty:
        what = f"has no column {absent}" if absent else "is empty"
        raise ValueError(f"the table of analyses {what}; it needs a row an analysis with {list(_COLUMNS)}")
    items = _items(rows, labels)
    heads = {"estimate": f"{estimate_label}\n({100 * conf_level:g}% CI)", "p": "E-value"}
    layout = make_layout(items, width_mm / 25.4, [""], heads, first=first, tag="E-value", share=0.36)
    layout.limits = limits or axis_limits(items)
    layout.ticks = axis_ticks(*layout.limits, layout.plot[1] - layout.plot[0])
    layout.favours, layout.sized = (style.shown(favours[0]), style.shown(favours[1])), False
    notes = ["Under each name: events/n."] if layout.narrow and any(any(i.counts) for i in items) else []
    if any(NOT_ESTIMABLE in item.estimate for item in items):
        notes.append(f"{NOT_ESTIMABLE}, not estimable.")
    layout.notes = tuple(notes)
    return draw(items, layout)


def _items(rows: pd.DataFrame, labels: Mapping[str, str] | None) -> list[Item]:
    """Lines of the plot, each heading above the analyses under it."""
    items: list[Item] = []
    heading = ""
    for _, row in rows.iterrows():
        above = _text(row, "heading")
        if above and above != heading:
            items.append(Item(style.label_of(above, labels), "variable"))
        heading = above
        items.append(_item(row, labels))
    return items


def _item(row: pd.Series, labels: Mapping[str, str] | None) -> Item:
    """One analysis."""
    value, low, high = (float(row[c]) for c in ("value", "conf_low", "conf_high"))
    e_value = _number(row, "e_value")
    n, events = _number(row, "n"), _number(row, "n_events")
    count = "" if math.isnan(n) else f"{events:.0f}/{n:.0f}" if math.isfinite(events) else f"{n:.0f}"
    return Item(
        style.label_of(str(row["method"]), labels),
        "level",
        (count,),
        estimate_short(value, low, high, 2, not_reached=NOT_ESTIMABLE),
        number(e_value, 2) if math.isfinite(e_value) else "",
        value,
        low,
        high,
        below=style.shown(_text(row, "estimand")),
    )


def _text(row: pd.Series, column: str) -> str:
    """Text of a column that need not be there."""
    found = row.get(column)
    return "" if found is None or pd.isna(found) else str(found)


def _number(row: pd.Series, column: str) -> float:
    """Number of a column that need not be there."""
    found = row.get(column)
    return math.nan if found is None or pd.isna(found) else float(found)
