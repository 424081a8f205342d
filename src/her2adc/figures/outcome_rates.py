"""Rates of an outcome as dots with intervals, by group and stratum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.response_rates import RateLine, draw_rates, rates_height, read_rate
from her2adc.figures.sheet import Sheet, wrap

__all__ = ["outcome_rates"]

_WIDE = 4.0


@style.styled
def outcome_rates(
    rows: pd.DataFrame,
    groups: Sequence[str],
    *,
    layers: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Rate of an outcome with its interval, a line a group under a heading for each population.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``outcome``, of one outcome.
    groups : sequence of str
        Groups in order, from top to bottom.
    layers : mapping
        Populations in order, and the headings over them.
    labels : mapping, optional
        Printed names of groups.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("outcome", "rate", 0.5, conf_low=0.1, conf_high=0.9, n=4, n_events=2,
    ...     variable="pCR")])
    >>> figure = outcome_rates(rows, ["All patients"], layers={"": "All patients"})
    >>> "2/4, 50.0% (10.0 to 90.0)" in [text.get_text() for text in figure.texts]
    True
    """
    rows = rows[(rows["analysis"] == "outcome") & (rows["statistic"] == "rate")]
    if rows.empty:
        raise ValueError("no row of analysis 'outcome' with statistic 'rate' to draw")
    width = width_mm / 25.4
    lines = []
    for population in layers:
        own = rows[rows["population"] == population]
        for group in groups:
            rate = read_rate(own, str(rows["variable"].iloc[0]), group, width < _WIDE)
            name = wrap(style.label_of(group, labels), 0.26 * width)
            lines.append(RateLine(population, group, rate, name))
    sheet = Sheet(width, 0.04 + rates_height(lines))
    draw_rates(sheet, lines, {key: style.shown(name) for key, name in layers.items()}, 0.04)
    return sheet.figure
