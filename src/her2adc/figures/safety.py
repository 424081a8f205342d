"""Adverse events as a butterfly: any grade to the left, grade 3 or more to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.sheet import Sheet, fit, height_of, line_height, width_of, wrap
from her2adc.format import percent
from her2adc.results import ALL_PATIENTS

__all__ = ["adverse_events"]

_BAR = 0.135
_ROW_GAP = 0.09
_WIDE = 4.0
_ABSENT = "not collected"
_AXIS_TITLE = "Patients (%)"
_HEADS = ("Any grade", "Grade 3 or more")
_SIDES = ("any_grade", "grade_3_plus")


@dataclass
class _Term:
    """One adverse event: shares and printed values by side and group."""

    name: str
    shares: dict[tuple[str, str], float] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    label: str = ""

    def collected(self, side: str, groups: Sequence[str]) -> bool:
        """Whether anything was recorded on a side."""
        return any(np.isfinite(self.shares.get((side, group), np.nan)) for group in groups)


@dataclass(frozen=True)
class _Wings:
    """Sizes of the two sides in inches; ``left`` is where the column of names starts."""

    width: float
    left: float
    names: float
    scale: float
    tops: dict[str, float]
    narrow: bool
    body: float
    groups: tuple[str, ...]

    @staticmethod
    def of(term: _Term, groups: Sequence[str], narrow: bool) -> float:
        """Height of a row; on a narrow page the name stands above its bars."""
        bars = len(groups) * _BAR
        tall = bars + _above(term) if narrow else max(bars, height_of(term.label))
        return tall + _ROW_GAP

    def height(self, term: _Term) -> float:
        """Height of a row."""
        return self.of(term, self.groups, self.narrow)

    def direction(self, side: str) -> int:
        """Where the bars of a side go."""
        return -1 if side == _SIDES[0] else 1

    def titles(self) -> list[float]:
        """Centres of the axis titles: one a side, or one for both where two would meet."""
        left = self.left - self.tops[_SIDES[0]] * self.scale / 2
        right = self.left + self.names + self.tops[_SIDES[1]] * self.scale / 2
        apart = right - left > width_of(_AXIS_TITLE) + 0.12
        return [left, right] if apart else [self.left + self.names / 2]

    def edge(self, side: str) -> float:
        """Where the bars of a side start."""
        return self.left + (self.names if self.direction(side) > 0 else 0.0)


@style.styled
def adverse_events(
    rows: pd.DataFrame,
    groups: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    most: int | None = None,
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Share of patients with each event, any grade beside grade 3 or more, by group.

    Both sides have the same scale. A side on which nothing was collected says so.

    Parameters
    ----------
    rows : DataFrame
        Results rows with statistics ``any_grade`` and ``grade_3_plus``; the term is the variable
        (or the level, where all variables are the same). Terms keep the order of the rows.
    groups : sequence of str
        Groups in order; without any, all patients.
    labels : mapping, optional
        Printed names of terms and groups.
    most : int, optional
        Only the first so many terms.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("safety", "any_grade", 0.5, variable="Nausea", n=98, n_events=49),
    ...     row("safety", "grade_3_plus", 0.051, variable="Nausea", n=98, n_events=5)])
    >>> figure = adverse_events(rows, ["All patients"])
    >>> [text.get_text() for text in figure.texts if "%" in text.get_text()]
    ['49 (50.0%)', '5 (5.1%)', 'Patients (%)', 'Patients (%)']
    """
    groups = list(groups) or [ALL_PATIENTS]
    terms = _terms(rows, groups, labels)[:most]
    if not terms:
        raise ValueError("no row with statistic 'any_grade' or 'grade_3_plus' of these groups")
    wings = _wings(terms, groups, width_mm / 25.4)
    keys = _keys(groups, labels, wings.width)
    head = 0.06 + 0.18 * len(keys) + 0.22
    sheet = Sheet(wings.width, head + wings.body + 0.46)
    _draw_keys(sheet, keys, groups, labels)
    for side, text in zip(_SIDES, _HEADS, strict=True):
        _side(sheet, terms, groups, side, (wings, head))
        edge, direction = wings.edge(side), wings.direction(side)
        ha = "right" if direction < 0 else "left"
        sheet.text(edge, head - 0.08, text, ha=ha, fontweight="bold")
    for x in wings.titles():
        sheet.text(x, head + wings.body + 0.33, _AXIS_TITLE, ha="center")
    y = head
    for term in terms:
        height = wings.height(term)
        middle = y + (_above(term) / 2 if wings.narrow else height / 2)
        _term_name(sheet, term.label, wings.left + wings.names / 2, middle)
        y += height
    return sheet.figure


def _above(term: _Term) -> float:
    """Height of a name above its bars."""
    return height_of(term.label) + 0.03


def _wings(terms: Sequence[_Term], groups: Sequence[str], width: float) -> _Wings:
    """Sizes of the two sides; both have the same scale."""
    narrow = width < _WIDE
    for term in terms:
        term.label = wrap(term.name, (0.8 if narrow else 0.24) * width)
    names = 0.12 if narrow else max(width_of(term.label) for term in terms) + 0.20
    values = {side: _widest(terms, groups, side) + 0.08 for side in _SIDES}
    least = {side: max(values[side], width_of(_ABSENT) + 0.1) for side in _SIDES}
    tops = {side: _top(terms, side) for side in _SIDES}
    scale = (width - names - sum(values.values()) - 0.08) / sum(tops.values())
    right = tops["grade_3_plus"] * scale + values["grade_3_plus"]
    short = max(least["grade_3_plus"], width_of(_HEADS[1], weight="bold") + 0.04) - right
    if short > 0:
        scale = (width - names - sum(values.values()) - 0.08 - short) / sum(tops.values())
    left = 0.04 + values["any_grade"] + tops["any_grade"] * scale
    body = sum(_Wings.of(term, groups, narrow) for term in terms) + 0.02
    return _Wings(width, left, names, scale, tops, narrow, body, tuple(groups))


def _widest(terms: Sequence[_Term], groups: Sequence[str], side: str) -> float:
    """Width of the widest value of a side."""
    return max([width_of(t) for x in terms for (s, _), t in x.texts.items() if s == side] + [0.2])


def _terms(rows: pd.DataFrame, groups: Sequence[str], labels: Mapping[str, str] | None) -> list[_Term]:
    """Terms in the order of the rows, with their shares."""
    mine = rows[rows["statistic"].isin(_SIDES) & rows["group"].astype(str).isin(groups)]
    column = "variable" if len(set(mine["variable"])) > 1 or not mine["level"].any() else "level"
    terms: dict[str, _Term] = {}
    for _, row in mine.iterrows():
        name = str(row[column])
        term = terms.setdefault(name, _Term(style.label_of(name, labels)))
        place = (str(row["statistic"]), str(row["group"]))
        share = float(row["value"])
        term.shares[place] = share
        if np.isfinite(share):
            count = "" if pd.isna(row["n_events"]) else f"{int(row['n_events'])} "
            term.texts[place] = f"{count}({percent(share)})" if count else percent(share)
    return list(terms.values())


def _top(terms: Sequence[_Term], side: str) -> float:
    """End of an axis in percent: a round number after the largest share."""
    shares = [v for t in terms for (s, _), v in t.shares.items() if s == side and np.isfinite(v)]
    largest = 100 * max(shares, default=0.0)
    return float(next(end for end in (20, 30, 40, 50, 60, 80, 100) if largest <= end + 1e-9))


def _keys(groups: Sequence[str], labels: Mapping[str, str] | None, width: float) -> list[list[str]]:
    """Legend of groups, broken into rows; none for a single group."""
    rows: list[list[str]] = []
    x = width
    for group in groups if len(groups) > 1 else ():
        wide = width_of(_key(group, labels, width)) + 0.34
        if x + wide > width:
            rows.append([])
            x = 0.05
        rows[-1].append(group)
        x += wide
    return rows


def _key(group: str, labels: Mapping[str, str] | None, width: float) -> str:
    """Name of a group in the legend, in one line."""
    return fit(style.label_of(group, labels), width - 0.26)


def _draw_keys(
    sheet: Sheet,
    rows: Sequence[Sequence[str]],
    groups: Sequence[str],
    labels: Mapping[str, str] | None,
) -> None:
    """Draw the legend."""
    colors = style.group_colors(groups)
    for i, row in enumerate(rows):
        x, y = 0.05, 0.06 + i * 0.18
        for group in row:
            name = _key(group, labels, sheet.width)
            sheet.box(x, y, 0.12, 0.10, facecolor=colors[group], edgecolor="none", linewidth=0)
            sheet.text(x + 0.16, y + 0.095, name, color=style.ink(colors[group]))
            x += width_of(name) + 0.34


def _side(
    sheet: Sheet,
    terms: Sequence[_Term],
    groups: Sequence[str],
    side: str,
    place: tuple[_Wings, float],
) -> None:
    """Bars of one side with their axis."""
    wings, top = place
    edge, direction = wings.edge(side), wings.direction(side)
    length = wings.tops[side] * wings.scale
    start = edge - length if direction < 0 else edge
    ax = sheet.axes(start, top, length, wings.body)
    _axis(ax, wings, side)
    colors = style.group_colors(groups)
    y = 0.0
    for term in terms:
        height = wings.height(term)
        skip = _above(term) if wings.narrow else 0.0
        room = height - skip - (_ROW_GAP if wings.narrow else 0.0)
        if not term.collected(side, groups):
            _absent(sheet, edge + 0.05 * direction, top + y + skip + room / 2, direction)
        else:
            first = y + skip + (room - len(groups) * _BAR) / 2
            for i, group in enumerate(groups):
                middle = first + (i + 0.5) * _BAR
                share = term.shares.get((side, group), np.nan)
                reach = 100 * share if np.isfinite(share) else 0.0
                ax.barh(middle, reach, 0.8 * _BAR, color=colors[group], linewidth=0)
                x = edge + direction * (reach * wings.scale + 0.04)
                ha = "right" if direction < 0 else "left"
                text = term.texts.get((side, group), "–")
                shade = style.ink(colors[group])
                sheet.text(x, top + middle + 0.037, text, ha=ha, color=shade)
        _baseline(ax, y + skip, y + skip + room, wings.narrow)
        y += height


def _baseline(ax: Axes, start: float, end: float, narrow: bool) -> None:
    """Line at 0; on a narrow page it leaves room for the names."""
    gap = 0.0 if not narrow else -0.01
    ax.plot([0, 0], [start + gap, end - gap], color=style.INK, linewidth=0.6, clip_on=False)


def _axis(ax: Axes, wings: _Wings, side: str) -> None:
    """Percent axis of a side, 0 towards the middle."""
    left, most = wings.direction(side) < 0, wings.tops[side]
    ax.set_xlim((most, 0) if left else (0, most))
    ax.set_ylim(wings.body, 0)
    ax.set_yticks([])
    steps = [s for s in (10, 20, 40, 50, 100) if most % s == 0 and s * wings.scale > 0.27]
    ax.set_xticks(np.arange(0, most + 1, steps[0]) if steps else [0, most])
    ax.spines["left"].set_visible(False)
    ax.patch.set_visible(False)


def _absent(sheet: Sheet, x: float, middle: float, direction: int) -> None:
    """Say that nothing was collected."""
    ha = "right" if direction < 0 else "left"
    sheet.text(x, middle + 0.037, _ABSENT, ha=ha, color=style.GREY)


def _term_name(sheet: Sheet, label: str, x: float, middle: float) -> None:
    """Name of a term between the two sides."""
    top = middle - height_of(label) / 2
    for i, line in enumerate(label.split("\n")):
        sheet.text(x, top + (i + 0.78) * line_height(), line, ha="center")
