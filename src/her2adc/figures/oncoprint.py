"""Oncoprint: genes by patients, a panel a time point, with how many are altered of those tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.keys import draw_keys, key_rows, keys_height
from her2adc.figures.sheet import Sheet, fit, height_of, line_height, width_of, wrap
from her2adc.format import count_percent

__all__ = ["oncoprint"]

ALTERED, WILD, UNTESTED = "Altered", "Wild type", "Not tested"
_KINDS = ("#007A5E", "#C8472B", "#00579B", "#BC5C94", "#C9A227", "#8C6BB1", "#5FA8DA")
_WILD = "#E2E2E2"
_ROW, _STRIP, _TITLE = 0.20, 0.12, 0.21
_PANEL_GAP = 0.10
_MEMBER = "group\0"
"""Before the name of a group among the keys, so that an alteration may be called alike."""
_HEIGHTS = (0.86, 0.46, 0.22)
_COLUMNS = ("gene", "patient", "time_point", "status")


@dataclass(frozen=True)
class _Grid:
    """Where the cells are: left edge, width of all columns, patients in order, genes from the top."""

    left: float
    width: float
    patients: list[str]
    genes: list[str]
    row: float = _ROW

    @property
    def pitch(self) -> float:
        """Width of a column."""
        return self.width / max(len(self.patients), 1)

    @property
    def gap(self) -> float:
        """White between two columns."""
        return 0.14 * self.pitch if self.pitch > 0.03 else 0.0

    @property
    def height(self) -> float:
        """Height of a panel."""
        return self.row * len(self.genes)


@style.styled
def oncoprint(
    calls: pd.DataFrame,
    *,
    genes: Mapping[str, str] | Sequence[str],
    time_points: Mapping[str, str] | Sequence[str],
    order: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    group_label: str = "",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Alterations of every patient, the same patient in the same column of every panel.

    Patients are sorted by group, then such that the alterations of the upper genes stand together,
    at the first time point before the later ones. Grey is wild type, white is not tested.

    Parameters
    ----------
    calls : DataFrame
        One row a patient, gene and time point: ``gene``, ``patient``, ``time_point``, ``status``
        (Altered, Wild type, Not tested), and where known ``alteration`` (kinds joined by "; ")
        and ``group`` (one a patient). What is not listed is not tested.
    genes, time_points : mapping or sequence of str
        Genes from top to bottom, and time points in order, each with its printed name.
    order : sequence of str, optional
        Patients in an order of your own.
    groups : sequence of str, optional
        Groups in order, shown as a strip of colours on top.
    group_label : str
        What the groups are, left of the strip.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Examples
    --------
    >>> calls = pd.DataFrame({"gene": "ESR1", "patient": ["1", "2"], "time_point": "before",
    ...     "status": ["Altered", "Wild type"]})
    >>> figure = oncoprint(calls, genes=["ESR1"], time_points={"before": "Before ADC1"})
    >>> [text.get_text() for text in figure.texts][1:5]
    ['Wild type', 'Before ADC1 (n = 2)', 'ESR1', '1/2 (50.0%)']
    """
    names = dict(genes) if isinstance(genes, Mapping) else {gene: gene for gene in genes}
    points = dict(time_points) if isinstance(time_points, Mapping) else {t: t for t in time_points}
    table = _checked(calls, names, points)
    patients = list(order) if order is not None else _sorted(table, list(names), list(points), groups)
    width = width_mm / 25.4
    group_label = fit(style.shown(group_label), 0.25 * width)
    shown = {gene: wrap(style.shown(name), 0.2 * width) for gene, name in names.items()}
    counts = {(t, g): _count(table, t, g) for t in points for g in names}
    left = max(*(width_of(name) for name in shown.values()), width_of(group_label)) + 0.08
    right = max(width_of(text) for text in counts.values()) + 0.10
    tall = max(_ROW, max(height_of(name) for name in shown.values()) + 0.05)
    grid = _Grid(left, width - left - right, patients, list(names), tall)
    kinds, colors = _kinds(table), style.group_colors(list(groups or ()))
    keys, meant, said = _keys(table, kinds, colors, group_label, width)
    y = keys_height(keys) + 0.08 + (_STRIP + 0.06 if groups else 0.0)
    sheet = Sheet(width, y + len(points) * (_TITLE + grid.height + _PANEL_GAP) + line_height() + 0.06)
    draw_keys(sheet, keys, meant, 0.03, 0.03, said)
    if groups:
        sheet.text(left - 0.06, y - _STRIP + 0.04, group_label, ha="right")
        _strip(sheet, table, grid, colors, y - _STRIP - 0.06)
    for point, title in points.items():
        mine = table[table["time_point"] == point]
        tested = mine.loc[mine["status"] != UNTESTED, "patient"].nunique()
        title = fit(f"{style.shown(title)} (n = {tested})", width - grid.left, weight="bold")
        sheet.text(grid.left, y + 0.145, title, fontweight="bold")
        _panel(sheet.axes(grid.left, y + _TITLE, grid.width, grid.height), mine, grid, kinds)
        for i, gene in enumerate(names):
            _row(sheet, shown[gene], counts[point, gene], grid, y + _TITLE + (i + 0.5) * tall)
        y += _TITLE + grid.height + _PANEL_GAP
    sheet.text(grid.left, y + 0.11, f"Patients (n = {len(patients)}); blank: not tested", color=style.GREY)
    return sheet.figure


def _checked(calls: pd.DataFrame, genes: Mapping[str, str], points: Mapping[str, str]) -> pd.DataFrame:
    """Calls of the genes and time points asked for; what is ambiguous is refused."""
    absent = [column for column in _COLUMNS if column not in calls]
    if absent:
        raise ValueError(f"calls has no column {absent}; it has {list(calls.columns)}")
    table = calls[calls["gene"].isin(list(genes)) & calls["time_point"].isin(list(points))]
    table = table.assign(**{c: table[c].astype(str) for c in _COLUMNS})
    if table.empty:
        raise ValueError("calls holds none of these genes at these time points")
    wrong = sorted(set(table["status"]) - {ALTERED, WILD, UNTESTED})
    if wrong:
        raise ValueError(f"unknown status {wrong}; use {ALTERED!r}, {WILD!r} or {UNTESTED!r}")
    twice = table.duplicated(["gene", "patient", "time_point"])
    if twice.any():
        found = table.loc[twice, ["gene", "patient", "time_point"]].iloc[0].tolist()
        raise ValueError(f"{found} is given twice; give one row a gene, patient and time point")
    given = table["alteration"] if "alteration" in table else pd.Series("", index=table.index)
    kinds = given.fillna("").astype(str).where(table["status"] == ALTERED, "")
    return table.assign(alteration=kinds.where(kinds.ne("") | (table["status"] != ALTERED), ALTERED))


def _sorted(
    table: pd.DataFrame, genes: Sequence[str], points: Sequence[str], groups: Sequence[str] | None
) -> list[str]:
    """Patients by group, then by their alterations, upper genes first."""
    status = {(p, t, g): s for p, t, g, s in table[["patient", "time_point", "gene", "status"]].values}
    rank = {ALTERED: 0, WILD: 1, UNTESTED: 2}
    member = dict(table[["patient", "group"]].values) if groups and "group" in table else {}
    place = {name: i for i, name in enumerate(groups or ())}

    def key(patient: str) -> tuple[int, ...]:
        calls = [rank[status.get((patient, t, g), UNTESTED)] for t in points for g in genes]
        return place.get(str(member.get(patient, "")), len(place)), *calls

    return sorted(dict.fromkeys(table["patient"]), key=key)


def _kinds(table: pd.DataFrame) -> dict[str, str]:
    """Colour of every kind of alteration, the most frequent first."""
    kinds = [kind for text in table["alteration"] if text for kind in text.split("; ")]
    order = sorted(dict.fromkeys(kinds), key=lambda kind: (-kinds.count(kind), kind))
    return {kind: _KINDS[i % len(_KINDS)] for i, kind in enumerate(order)}


def _keys(
    table: pd.DataFrame,
    kinds: Mapping[str, str],
    groups: Mapping[str, str],
    group_label: str,
    width: float,
) -> tuple[list[list[str]], dict[str, str], dict[str, str]]:
    """Rows of the legend, the colour of everything in it, and printed names."""
    cells = {**kinds, WILD: _WILD} if (table["status"] == WILD).any() else dict(kinds)
    members = {f"{_MEMBER}{group}": color for group, color in groups.items()}
    names = {f"{_MEMBER}{g}": f"{group_label}: {g}" if group_label else g for g in groups}
    rows = [row for part in (cells, members) for row in key_rows(list(part), width - 0.06, names)]
    return rows, {**cells, **members}, names


def _count(table: pd.DataFrame, point: str, gene: str) -> str:
    """Altered of tested, as printed."""
    status = table[(table["time_point"] == point) & (table["gene"] == gene)]["status"]
    n, tested = int((status == ALTERED).sum()), int((status != UNTESTED).sum())
    share = count_percent(n, tested).split(" ", 1)[1]
    return f"{n}/{tested} {share}"


def _panel(ax: Axes, table: pd.DataFrame, grid: _Grid, kinds: Mapping[str, str]) -> None:
    """Cells of a time point: grey for wild type, colour for alterations, nothing where not tested."""
    ax.set_xlim(0, grid.width)
    ax.set_ylim(grid.height, 0)
    ax.set_axis_off()
    column = {patient: i for i, patient in enumerate(grid.patients)}
    row = {gene: i for i, gene in enumerate(grid.genes)}
    cells: dict[tuple[int, str], list[list[tuple[float, float]]]] = {}
    for gene, patient, status, text in table[["gene", "patient", "status", "alteration"]].values:
        if patient not in column or status == UNTESTED:
            continue
        at = (column[patient], row[gene])
        cells.setdefault((0, WILD), []).append(_cell(grid, at, _HEIGHTS[0]))
        for i, kind in enumerate(text.split("; ")[: len(_HEIGHTS)] if text else []):
            cells.setdefault((i + 1, kind), []).append(_cell(grid, at, _HEIGHTS[i]))
    for (level, kind), shapes in sorted(cells.items()):
        ax.add_collection(
            PolyCollection(shapes, facecolors=kinds.get(kind, _WILD), linewidths=0, zorder=level + 1,
                           label=f"_cells:{kind}"),
            autolim=False,
        )  # fmt: skip
    for i in range(len(grid.genes)):
        ax.plot([0, grid.width], [(i + 0.5) * grid.row] * 2, color=style.RULE, linewidth=0.4, zorder=0)


def _cell(grid: _Grid, at: tuple[int, int], share: float) -> list[tuple[float, float]]:
    """Corners of a cell, or of the middle part of one."""
    left, right = at[0] * grid.pitch + grid.gap / 2, (at[0] + 1) * grid.pitch - grid.gap / 2
    top, bottom = (at[1] + 0.5 - share / 2) * grid.row, (at[1] + 0.5 + share / 2) * grid.row
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _strip(sheet: Sheet, table: pd.DataFrame, grid: _Grid, colors: Mapping[str, str], top: float) -> None:
    """Group of every patient as a strip of colours."""
    member = dict(table[["patient", "group"]].values) if "group" in table else {}
    for i, patient in enumerate(grid.patients):
        color = colors.get(str(member.get(patient)))
        if color is not None:
            sheet.box(grid.left + i * grid.pitch + grid.gap / 2, top, grid.pitch - grid.gap, _STRIP,
                      facecolor=color, edgecolor="none", linewidth=0)  # fmt: skip


def _row(sheet: Sheet, name: str, count: str, grid: _Grid, middle: float) -> None:
    """Name of a gene, and how many are altered."""
    lines = name.split("\n")
    top = middle - len(lines) * line_height() / 2
    for i, line in enumerate(lines):
        sheet.text(grid.left - 0.06, top + (i + 0.77) * line_height(), line, ha="right")
    sheet.text(grid.left + grid.width + 0.06, middle + 0.037, count)
