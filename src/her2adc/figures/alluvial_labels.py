"""Columns of an alluvial plot, and the texts at its blocks and bands, in inches, before drawing.

Heights are from the foot of the plot up, widths from the left edge of the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from her2adc.figures.alluvial_layout import Alluvial, Band, Block
from her2adc.figures.keys import spread
from her2adc.figures.placement import Boxes, box, free, stack
from her2adc.figures.sheet import height_of, line_height, width_of, wrap
from her2adc.figures.style import shown
from her2adc.format import count_percent

__all__ = ["Columns", "Label", "band_at", "band_labels", "block_labels", "choose_columns"]

_EDGE = 0.03
_PAD = 0.05
_AWAY = 0.13
_NEAR = 0.06
_APART = 0.03
_NAME = 0.95
_FLOW = (0.72, 0.5)
_SHARE = 0.03
_STEPS = np.linspace(0.06, 0.94, 23)


@dataclass
class Columns:
    """Left edges of the columns, width of a block, and where the names of the classes stand."""

    lefts: list[float]
    block: float
    names: str
    wrapped: dict[str, str] = field(default_factory=dict)
    sides: tuple[float, float] = (0.0, 0.0)

    @property
    def between(self) -> float:
        """Width between two columns."""
        return self.lefts[1] - self.lefts[0] - self.block

    def start(self, stage: int) -> float:
        """Left end of the bands that leave a stage."""
        return self.lefts[stage] + self.block


@dataclass
class Label:
    """A text with its middle, and from where a leader comes when it has one."""

    text: str
    x: float
    y: float
    ha: str
    owner: Block | Band
    place: str = "inside"
    leader: tuple[float, float] | None = None

    @property
    def area(self) -> Boxes:
        """Rectangle of the text."""
        width, height = width_of(self.text), height_of(self.text)
        left = self.x - {"left": 0.0, "center": width / 2, "right": width}[self.ha]
        return box(left, self.y - height / 2, width, height)


def _counts(made: Alluvial, missing: str) -> dict[tuple[int, str], str]:
    """Printed n (%) of every block; percent of those with a class, none for those without."""
    known: dict[int, int] = {}
    for block in made.blocks:
        known[block.stage] = known.get(block.stage, 0) + (0 if block.name == missing else block.n)
    return {
        (b.stage, b.name): str(b.n) if b.name == missing else count_percent(b.n, known[b.stage])
        for b in made.blocks
    }


def choose_columns(made: Alluvial, stages: int, width: float, missing: str) -> Columns:
    """Widths of blocks and a place for the names, such that bands have room.

    Names stand beside the outer columns, else in the blocks, else in a legend (``keys``).
    """
    texts = _counts(made, missing).values()
    long = max(width_of(text) for text in texts) + 2 * _PAD
    short = max(width_of(part) for text in texts for part in text.split(" ")) + 2 * _PAD
    wrapped = {b.name: wrap(shown(b.name), _NAME) for b in made.blocks}
    ends = [
        max(width_of(wrapped[b.name]) for b in made.column(stage)) + _AWAY + _EDGE
        for stage in (0, stages - 1)
    ]
    inner = max(long, max(width_of(text) for text in wrapped.values()) + 2 * _PAD)
    room = width - 2 * _EDGE
    trials = [("sides", long, width - sum(ends), ends[0]), ("sides", short, width - sum(ends), ends[0])]
    trials += [("blocks", inner, room, _EDGE), ("keys", long, room, _EDGE), ("keys", short, room, _EDGE)]
    for least in _FLOW:
        for names, block, across, left in trials:
            between = (across - stages * block) / (stages - 1)
            lefts = [left + i * (block + between) for i in range(stages)]
            found = Columns(lefts, block, names, wrapped, (ends[0], ends[1]))
            if between >= least and (names != "blocks" or _all_fit(made, found, missing)):
                return found
    return found


def _all_fit(made: Alluvial, columns: Columns, missing: str) -> bool:
    """Whether every block holds its name and its n (%)."""
    counts = _counts(made, missing)
    return all(_inner(b, counts[b.stage, b.name], columns, made) is not None for b in made.blocks)


def _inner(block: Block, count: str, columns: Columns, made: Alluvial) -> str | None:
    """Text inside a block, as much as it holds; None when it holds nothing."""
    outer = block.stage in (0, len(columns.lefts) - 1)
    name = columns.wrapped[block.name]
    lines = [count, count.replace(" ", "\n")]
    named = [f"{name}\n{line}" for line in lines]
    if columns.names == "blocks":
        lines = named
    elif columns.names == "sides" and not outer:
        lines = [*named, *lines]
    for text in lines:
        high = height_of(text) - 0.2 * line_height()
        if width_of(text) <= columns.block - _PAD and high <= block.high - block.low - 0.03:
            return text
    return None


def block_labels(made: Alluvial, columns: Columns, height: float, missing: str) -> list[Label]:
    """Texts of the blocks: inside where they fit, else beside them, moved apart."""
    counts = _counts(made, missing)
    labels: list[Label] = []
    beside: dict[tuple[int, str], list[Label]] = {}
    last = len(columns.lefts) - 1
    named = {b.name for b in made.blocks if b.stage in (0, last)}
    for block in made.blocks:
        count = counts[block.stage, block.name]
        inner = _inner(block, count, columns, made)
        left = columns.lefts[block.stage]
        sided = columns.names == "sides" and block.stage in (0, last)
        if inner == count and columns.names == "sides" and not sided and block.name not in named:
            inner = None
        if inner is not None:
            labels.append(Label(inner, left + columns.block / 2, block.middle, "center", block))
        if inner is not None and not sided:
            continue
        text = _outer(block, "" if inner else count, columns, sided)
        if sided:
            side = (-1, "right") if block.stage == 0 else (last, "left")
        else:
            side = (last - 1, "right") if block.stage == last else (block.stage, "left")
        x = left if side[1] == "right" else left + columns.block
        place = "beside" if sided else "over"
        beside.setdefault(side, []).append(Label(text, x, block.middle, side[1], block, place))
    for group in _groups(beside, columns.between):
        labels += _apart(group, height)
    return labels


def _outer(block: Block, count: str, columns: Columns, sided: bool) -> str:
    """Text beside a block, in one line where that fits; the name too, unless a legend has it."""
    name = columns.wrapped[block.name]
    if sided:
        room = columns.sides[0 if block.stage == 0 else 1] - _AWAY - 0.03
        line = f"{name}, {count}" if count else name
        return line if width_of(line) <= room or not count else f"{name}\n{count}"
    plain = [count, count.replace(" ", "\n"), count.split(" ")[0]]
    texts = [f"{name}, {count}", f"{name}\n{count}", *plain] if columns.names == "sides" else plain
    fitting = [text for text in texts if width_of(text) + _AWAY + 0.05 <= columns.between]
    return [*fitting, plain[-1]][0]


def _groups(beside: Mapping[tuple[int, str], list[Label]], between: float) -> list[list[Label]]:
    """Labels that could meet: those of two columns together where the way between is narrow."""
    groups = []
    for (gap, ha), found in beside.items():
        other = beside.get((gap, "left" if ha == "right" else "right"), [])
        wide = [max(width_of(label.text) for label in part) for part in (found, other) if part]
        if len(wide) == 2 and sum(wide) + 2 * _AWAY + 0.06 > between:
            if ha == "left":
                groups.append(sorted([*found, *other], key=lambda label: label.y))
        else:
            groups.append(found)
    return groups


def _apart(labels: list[Label], height: float) -> list[Label]:
    """Move labels beside their blocks until none overlap, with leaders where they moved."""
    sizes = [height_of(label.text) + _APART for label in labels]
    slack = max(0.05, (sum(sizes) - height) / 2)
    middles = spread([label.y for label in labels], sizes, -slack, height + slack)
    moved = any(abs(middle - label.y) > 0.03 for middle, label in zip(middles, labels, strict=True))
    for label, middle in zip(labels, middles, strict=True):
        edge = label.x
        away = _AWAY if moved else _NEAR
        label.x += away if label.ha == "left" else -away
        if moved:
            label.leader = (edge, label.y)
        label.y = middle
    return labels


def band_at(band: Band, share: float) -> tuple[float, float, float]:
    """Place along a band: fraction of the way across, and the band's lower and upper edge there.

    Examples
    --------
    >>> band_at(Band(0, "a", "b", "a", 1, (0.0, 1.0), (2.0, 3.0)), 0.5)
    (0.5, 1.0, 2.0)
    """
    across = 1.5 * share * (1 - share) + share**3
    rise = share**2 * (3 - 2 * share)
    low, high = (a + (b - a) * rise for a, b in zip(band.left, band.right, strict=True))
    return across, low, high


def band_labels(
    made: Alluvial, columns: Columns, taken: Boxes, *, all_of_them: bool = True
) -> list[Label] | None:
    """Counts on the bands above 3% of all patients; None when one finds no room.

    A count prefers to lie within its own band, off the others, near the left end. Unless all are
    asked for, those without room are left out.
    """
    labels: list[Label] = []
    shown = [band for band in made.bands if band.n > _SHARE * made.total]
    for band in sorted(shown, key=lambda b: b.n):
        spots = [
            (cost, label)
            for cost, label in _spots(band, made, columns)
            if free(label.area, taken, 0.02)
        ]
        if not spots and all_of_them:
            return None
        if not spots:
            continue
        best = min(spots, key=lambda pair: pair[0])[1]
        labels.append(best)
        taken = stack(taken, best.area)
    return labels


def _spots(band: Band, made: Alluvial, columns: Columns) -> list[tuple[float, Label]]:
    """Places for the count of a band, each with what speaks against it."""
    others = [b for b in made.bands if b.stage == band.stage and b is not band]
    start, length = columns.start(band.stage), columns.between
    half, tall = width_of(str(band.n)) / 2, 0.75 * line_height()
    spots = []
    for share in _STEPS:
        across, low, high = band_at(band, float(share))
        x, y = start + across * length, (low + high) / 2
        if not start + half + 0.03 <= x <= start + length - half - 0.03:
            continue
        beyond = max(0.0, 1 - (high - low) / tall)
        crossed = sum(_shared(other, float(share), (y - tall / 2, y + tall / 2)) for other in others)
        cost = 2.0 * crossed + 0.5 * beyond + 0.35 * abs(share - 0.22)
        spots.append((cost, Label(str(band.n), x, y, "center", band)))
    return spots


def _shared(band: Band, share: float, span: tuple[float, float]) -> float:
    """Fraction of a span of heights that another band covers at the same place."""
    _, low, high = band_at(band, share)
    return max(0.0, min(high, span[1]) - max(low, span[0])) / (span[1] - span[0])
