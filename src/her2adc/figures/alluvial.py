"""Alluvial plot: how patients go from class to class over two or more stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from her2adc.figures import style
from her2adc.figures.alluvial_labels import Columns, Label, band_labels, block_labels, choose_columns
from her2adc.figures.alluvial_layout import Alluvial, Band, alluvial_layout
from her2adc.figures.keys import category_colors, draw_keys, key_rows, keys_height
from her2adc.figures.placement import stack
from her2adc.figures.sheet import Sheet, height_of, line_height, width_of, wrap

__all__ = ["alluvial"]

_EDGE = 0.03
_ABSENT = "#E4E4E4"
_GROW = (1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.1, 2.6)
_TALLER = 1.35
_RIBBON = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4,
           Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.CLOSEPOLY]  # fmt: skip


@style.styled
def alluvial(
    flows: pd.DataFrame,
    *,
    stages: Sequence[str],
    labels: Sequence[str],
    classes: Sequence[str],
    notes: Sequence[str] = (),
    missing: str = "No further specimen",
    quiet: Sequence[str] = (),
    origin: str = "previous",
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Blocks of patients by class at every stage, and the bands of those who go between them.

    Heights are patients, at both ends of every band. A band has the colour of the class it comes
    from: with more than two stages that of the stage before it, because then no pair of classes
    has more than one band and the counts are those of the transition table; ``origin="first"``
    follows the first class all the way instead. Counts stand on bands of more than 3% of all
    (in a crowded plot at column width, on those of them that have room for one). Bands that lead
    to no class are paler. A class that nobody has at a stage has no block there.

    Parameters
    ----------
    flows : DataFrame
        One row a path: for every stage a column of that name with a class, or None; and ``n``.
    stages : sequence of str
        Columns of ``flows``, from left to right.
    labels : sequence of str
        Printed names of the stages, under the columns.
    classes : sequence of str
        Classes in clinical order, from bottom to top.
    notes : sequence of str
        A quiet line under each name, such as dates or sites; "" for none.
    missing : str
        Name of the grey block of those without a class at a stage. Percentages are of those with
        a class; their number stands under the column.
    quiet : sequence of str
        Classes that are ends rather than classes, such as death; drawn in grey.
    origin : {"previous", "first"}
        Stage whose class colours a band.
    width_mm : float
        Printed width. Where names do not fit beside the columns or in the blocks, a legend
        stands on top.

    Returns
    -------
    Figure

    Examples
    --------
    >>> flows = pd.DataFrame({"primary": ["HER2-low"] * 2 + ["HER2-positive"],
    ...     "recurrence": ["HER2-low", "HER2-positive", "HER2-positive"], "n": [80, 7, 60]})
    >>> figure = alluvial(flows, stages=["primary", "recurrence"], labels=["Primary", "Recurrence"],
    ...     classes=["HER2-zero", "HER2-low", "HER2-positive"])
    >>> sorted(text.get_text() for text in figure.texts)[:4]
    ['60', '60 (40.8%)', '67 (45.6%)', '7']
    """
    if len(labels) != len(stages) or (notes and len(notes) != len(stages)):
        raise ValueError(f"{len(stages)} stages need as many labels, and as many notes or none")
    width = width_mm / 25.4
    settings: dict[str, Any] = {"stages": stages, "classes": classes, "missing": missing, "origin": origin}
    made, columns, texts, height = _fitted(flows, settings, len(stages), width)
    present = {block.name for block in made.blocks}
    names = [name for name in [*reversed(classes), missing] if name in present]
    colors = {**category_colors(classes, quiet), missing: _ABSENT}
    keys = key_rows(names, width - 2 * _EDGE) if columns.names == "keys" else []
    head = 0.10 + keys_height(keys) + (0.06 if keys else 0.0)
    feet = _feet(made, columns, width, (labels, notes, missing))
    sheet = Sheet(width, head + height + 0.10 + max(_foot_height(foot) for foot in feet) + 0.04)
    draw_keys(sheet, keys, colors, _EDGE, 0.04)
    floor = head + height
    for band in sorted(made.bands, key=lambda b: (b.target == missing, b.n), reverse=True):
        lost = band.target == missing and band.source != missing
        _ribbon(sheet, band, columns, floor, colors[band.origin], alpha=0.22 if lost else 0.5)
    for block in made.blocks:
        top, high = floor - block.high, block.high - block.low
        color = colors[block.name]
        sheet.box(columns.lefts[block.stage], top, columns.block, high, facecolor=color, edgecolor=color,
                  linewidth=0.4)  # fmt: skip
    for label in texts:
        _text(sheet, label, floor, colors)
    for foot in feet:
        _foot(sheet, foot, floor + 0.10)
    return sheet.figure


def _fitted(
    flows: pd.DataFrame, settings: Mapping[str, Any], stages: int, width: float
) -> tuple[Alluvial, Columns, list[Label], float]:
    """Layout in inches with all texts; made taller until every text has room.

    Up to :data:`_TALLER` times the usual height it also grows so that more blocks hold their n (%).
    """
    least = _over(_laid(flows, settings, stages, width, _TALLER)[2])
    for factor in _GROW:
        made, columns, labels, height = _laid(flows, settings, stages, width, factor)
        taken = stack(*[label.area for label in labels], *[_leader_area(label) for label in labels])
        counts = band_labels(made, columns, taken, all_of_them=factor < _GROW[-1])
        if counts is not None and (factor >= _TALLER or _over(labels) <= least):
            break
    return made, columns, [*labels, *(counts or [])], height


def _laid(
    flows: pd.DataFrame, settings: Mapping[str, Any], stages: int, width: float, factor: float
) -> tuple[Alluvial, Columns, list[Label], float]:
    """Layout in inches with the texts of the blocks, at a multiple of the usual height."""
    missing = str(settings["missing"])
    probe = alluvial_layout(flows, **settings)
    most = max(len(probe.column(stage)) for stage in range(stages))
    height = factor * max(min(max(0.5 * width, 2.5), 3.0), 0.30 * most)
    made = alluvial_layout(flows, **settings, height=height, gap=min(0.09, 0.3 * height / most))
    columns = choose_columns(made, stages, width, missing)
    return made, columns, block_labels(made, columns, height, missing), height


def _over(labels: Sequence[Label]) -> int:
    """How many blocks have their text on the bands."""
    return sum(label.place == "over" for label in labels)


def _leader_area(label: Label) -> Any:
    """Rectangle that a leader passes through."""
    if label.leader is None:
        return stack()
    xs, ys = sorted((label.leader[0], label.x)), sorted((label.leader[1], label.y))
    return stack([[xs[0], ys[0], xs[1], ys[1]]])  # type: ignore[arg-type]


def _ribbon(sheet: Sheet, band: Band, columns: Columns, floor: float, color: str, *, alpha: float) -> None:
    """Filled band with smooth edges."""
    start = columns.start(band.stage)
    end = columns.lefts[band.stage + 1]
    middle = (start + end) / 2
    base = sheet.height - floor
    (a, b), (c, d) = band.left, band.right
    corners = [(start, b), (middle, b), (middle, d), (end, d), (end, c), (middle, c), (middle, a), (start, a)]
    points = [(x, base + y) for x, y in [*corners, (start, b)]]
    patch = PathPatch(
        Path(points, _RIBBON),
        facecolor=color,
        alpha=alpha,
        linewidth=0,
        transform=sheet.figure.dpi_scale_trans,
        label=f"_band:{band.stage}:{band.source}:{band.target}",
    )
    sheet.figure.add_artist(patch)


def _text(sheet: Sheet, label: Label, floor: float, colors: Mapping[str, str]) -> None:
    """Text of a block or a band, with its leader."""
    color = style.INK
    if not isinstance(label.owner, Band):
        fill = colors[label.owner.name]
        if label.place == "inside":
            color = style.on_color(fill)
        elif label.place == "beside":
            color = style.GREY if fill == _ABSENT else style.ink(fill)
    shade = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.6}
    behind = shade if label.place == "over" else None
    if label.leader is not None:
        near = label.x + (-0.03 if label.ha == "left" else 0.03)
        xs, ys = [label.leader[0], near], [floor - label.leader[1], floor - label.y]
        sheet.line(xs, ys, color=style.GREY, linewidth=0.5)
    lines = label.text.split("\n")
    top = floor - label.y - len(lines) * line_height() / 2
    for i, line in enumerate(lines):
        sheet.text(label.x, top + (i + 0.77) * line_height(), line, ha=label.ha, color=color, bbox=behind)


def _feet(
    made: Alluvial, columns: Columns, width: float, texts: tuple[Sequence[str], Sequence[str], str]
) -> list[tuple[float, str, str, str]]:
    """Place, name, n and note under every column, broken so that neighbours do not meet."""
    labels, notes, missing = texts
    pitch = columns.lefts[1] - columns.lefts[0]
    feet = []
    for i, label in enumerate(labels):
        middle = columns.lefts[i] + columns.block / 2
        room = pitch - 0.14
        if i in (0, len(labels) - 1):
            aside = (middle if i == 0 else width - middle) - _EDGE
            words = max(width_of(word, weight="bold") for word in style.shown(label).split(" "))
            room = min(max(2 * aside, words), room if aside > room / 2 else aside + room / 2)
        label, note = style.shown(label), style.shown(notes[i] if notes else "")
        name, note = wrap(label, room, weight="bold"), wrap(note, room)
        n = sum(block.n for block in made.column(i) if block.name != missing)
        wide = max(width_of(name, weight="bold"), width_of(note)) / 2
        middle = min(max(middle, _EDGE + wide), width - _EDGE - wide)
        feet.append((middle, name, f"n = {n}", note))
    return feet


def _foot_height(foot: tuple[float, str, str, str]) -> float:
    """Height of the lines under a column."""
    return height_of("\n".join(text for text in foot[1:] if text))


def _foot(sheet: Sheet, foot: tuple[float, str, str, str], top: float) -> None:
    """Name, n and note under a column."""
    x, name, n, note = foot
    lines = [(line, "bold", style.INK) for line in name.split("\n")]
    lines += [(n, "normal", style.INK)]
    lines += [(line, "normal", style.GREY) for line in note.split("\n") if line]
    for i, (line, weight, color) in enumerate(lines):
        y = top + (i + 0.77) * line_height()
        sheet.text(x, y, line, ha="center", fontweight=weight, color=color)
