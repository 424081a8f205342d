"""Inclusion flow: who was assessed, who was left out and why, who was analysed, by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.figure import Figure

from her2adc.figures import style
from her2adc.figures.sheet import Sheet, line_height, width_of, wrap

__all__ = ["inclusion_flow"]

_PAD = 0.07
_GAP = 0.24
_ROW = 0.12
_HEAD = 4.0


@dataclass
class _Box:
    """Text box; the first lines are the heading."""

    lines: list[str]
    bold: int
    width: float
    left: float = 0.0
    top: float = 0.0

    @property
    def height(self) -> float:
        """Height in inches."""
        return len(self.lines) * line_height() + 2 * _PAD

    @property
    def middle(self) -> float:
        """Height of its middle."""
        return self.top + self.height / 2


@style.styled
def inclusion_flow(
    steps: Sequence[Mapping[str, Any]],
    *,
    groups: Mapping[str, int] | Sequence[Mapping[str, Any]] = (),
    width_mm: float = style.WIDE_MM,
) -> Figure:
    """Boxes from top to bottom, exclusions to the right, and the groups at the end.

    Parameters
    ----------
    steps : sequence of mappings
        ``label``, ``n``; ``excluded``: list of ``{"reason", "n"}`` of those who are left out
        between this step and the next; optional ``details``: further lines, such as patients with
        data for an endpoint.
    groups : mapping, or sequence of mappings
        Groups that the last step is divided into: patients by name; or ``label``, ``n`` and
        optional ``details`` of each.
    width_mm : float
        Printed width.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        When the counts do not add up from one step to the next.

    Examples
    --------
    >>> figure = inclusion_flow([
    ...     {"label": "Assessed", "n": 120, "excluded": [{"reason": "No dose given", "n": 22}]},
    ...     {"label": "Analysed", "n": 98}])
    >>> [text.get_text() for text in figure.texts][:2]
    ['Assessed', 'n = 120']
    """
    if isinstance(groups, Mapping):
        groups = [{"label": name, "n": n} for name, n in groups.items()]
    _reconcile(steps, groups)
    width = width_mm / 25.4
    beside = any(step.get("excluded") for step in steps)
    main = 0.50 * width - 0.12 if beside else min(0.8 * width, 3.2)
    side = width - main - 0.03 - _GAP - 0.03
    left = 0.03 if beside else (width - main) / 2
    boxes = [_box(step, main, left) for step in steps]
    exclusions = [_exclusion(step, side, width - side - 0.03) for step in steps]
    ends = [_box(group, _end_width(groups, width), 0.0) for group in groups]
    top = _stack(boxes, exclusions)
    stacked = _spread(ends, top, width, left)
    bottom = max(b.top + b.height for b in [*boxes, *ends, *(e for e in exclusions if e)])
    sheet = Sheet(width, bottom + 0.04)
    _connect(sheet, boxes, exclusions)
    if ends:
        _divide(sheet, boxes[-1], exclusions[-1], ends, stacked)
    for box in [*boxes, *(e for e in exclusions if e)]:
        _draw(sheet, box, style.INK)
    colors = style.group_colors([str(group["label"]) for group in groups])
    for box, group in zip(ends, groups, strict=True):
        _draw(sheet, box, colors[str(group["label"])], 1.2)
    return sheet.figure


def _excluded(step: Mapping[str, Any]) -> int:
    """Patients left out after a step."""
    return sum(int(reason["n"]) for reason in step.get("excluded") or ())


def _reconcile(steps: Sequence[Mapping[str, Any]], groups: Sequence[Mapping[str, Any]]) -> None:
    """Refuse counts that do not add up, and say where."""
    if not steps:
        raise ValueError("no step to draw; give at least one with 'label' and 'n'")
    for step, following in pairwise(steps):
        left = int(step["n"]) - _excluded(step)
        if left != int(following["n"]):
            raise ValueError(
                f"{step['label']!r} has {step['n']} patients, {_excluded(step)} are excluded, but "
                f"{following['label']!r} has {following['n']} and not {left}; "
                "'excluded' of a step counts those who leave between it and the next"
            )
    left = int(steps[-1]["n"]) - _excluded(steps[-1])
    total = sum(int(group["n"]) for group in groups)
    if groups and total != left:
        raise ValueError(f"{left} patients remain after {steps[-1]['label']!r} but the groups hold {total}")
    if not groups and _excluded(steps[-1]):
        raise ValueError(f"the last step, {steps[-1]['label']!r}, excludes patients but nothing follows it")


def _box(item: Mapping[str, Any], width: float, left: float) -> _Box:
    """Box of a step or group: label, n, further lines."""
    room = width - 2 * _PAD
    label = wrap(style.shown(item["label"]), room, weight="bold").split("\n")
    more = [f"n = {int(item['n'])}", *map(style.shown, item.get("details") or ())]
    lines = [part for line in more for part in wrap(line, room).split("\n")]
    return _Box([*label, *lines], len(label), width, left)


def _exclusion(step: Mapping[str, Any], width: float, left: float) -> _Box | None:
    """Box of those left out after a step, one reason a line."""
    if not step.get("excluded"):
        return None
    room = width - 2 * _PAD
    lines = [f"Excluded (n = {_excluded(step)})"]
    for reason in step["excluded"]:
        broken = wrap(f"{style.shown(reason['reason'])} (n\u00a0=\u00a0{int(reason['n'])})", room - _ROW)
        lines += [("• " if i == 0 else "  ") + line for i, line in enumerate(broken.split("\n"))]
    return _Box(lines, 1, width, left)


def _end_width(groups: Sequence[Mapping[str, Any]], width: float) -> float:
    """Width of the groups' boxes: side by side when they can be, else a column of boxes."""
    each = (width - 0.06 - (len(groups) - 1) * 0.12) / max(len(groups), 1)
    names = [style.shown(group["label"]) for group in groups]
    longest = [max(width_of(word, weight="bold") for word in name.split(" ")) for name in names]
    if each < max(longest, default=0.0) + 2 * _PAD or each < 0.75:
        return width - 0.06 - 0.3
    return min(each, 2.4)


def _stack(boxes: Sequence[_Box], exclusions: Sequence[_Box | None]) -> float:
    """Set the tops of the boxes; returns where the groups start."""
    top = 0.04
    for box, exclusion in zip(boxes, exclusions, strict=True):
        box.top = top
        top += box.height
        if exclusion is None:
            top += _GAP
        else:
            exclusion.top = top + _ROW
            top += exclusion.height + 2 * _ROW
    return top


def _spread(ends: Sequence[_Box], top: float, width: float, left: float) -> bool:
    """Place the groups' boxes in a row, or under each other; True when under each other."""
    if not ends:
        return False
    total = sum(box.width for box in ends) + 0.12 * (len(ends) - 1)
    if total > width - 0.05:
        for box in ends:
            box.left, box.top = left + 0.3, top
            top += box.height + 0.12
        return True
    x = (width - total) / 2
    for box in ends:
        box.left, box.top = x, top + _GAP * 0.8
        x += box.width + 0.12
    tallest = max(len(box.lines) for box in ends)
    for box in ends:
        box.lines += [""] * (tallest - len(box.lines))
    return False


def _connect(sheet: Sheet, boxes: Sequence[_Box], exclusions: Sequence[_Box | None]) -> None:
    """Arrows from step to step and to the exclusions."""
    x = boxes[0].left + boxes[0].width / 2
    for box, following in pairwise(boxes):
        _arrow(sheet, (x, box.top + box.height), (x, following.top))
    for exclusion in exclusions:
        if exclusion is not None:
            _arrow(sheet, (x, exclusion.middle), (exclusion.left, exclusion.middle))


def _divide(sheet: Sheet, last: _Box, exclusion: _Box | None, ends: Sequence[_Box], stacked: bool) -> None:
    """Lines from the last step to the groups."""
    x, start = last.left + last.width / 2, last.top + last.height
    if stacked:
        trunk = ends[0].left - 0.18
        if exclusion is not None:
            bend = exclusion.top + exclusion.height + _ROW / 2
            sheet.line([x, x, trunk], [start, bend, bend], color=style.GREY)
            start = bend
        sheet.line([trunk, trunk], [start, ends[-1].middle], color=style.GREY)
        for box in ends:
            _arrow(sheet, (trunk, box.middle), (box.left, box.middle))
        return
    middles = [box.left + box.width / 2 for box in ends]
    bend = ends[0].top - _GAP * 0.6
    sheet.line([x, x], [start, bend], color=style.GREY)
    sheet.line([min(x, *middles), max(x, *middles)], [bend, bend], color=style.GREY)
    for middle, box in zip(middles, ends, strict=True):
        _arrow(sheet, (middle, bend), (middle, box.top))


def _arrow(sheet: Sheet, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Line with a small head at its end."""
    down = start[0] == end[0]
    back = 0.03
    tail = (end[0], end[1] - back) if down else (end[0] - back, end[1])
    sheet.line([start[0], tail[0]], [start[1], tail[1]], color=style.GREY)
    sheet.line(
        [tail[0]],
        [tail[1]],
        color=style.GREY,
        marker="v" if down else ">",
        markersize=_HEAD,
        linestyle="none",
        markeredgewidth=0,
    )


def _draw(sheet: Sheet, box: _Box, edge: str, weight: float = 0.7) -> None:
    """Box with its text."""
    sheet.box(box.left, box.top, box.width, box.height, edgecolor=edge, linewidth=weight)
    for i, line in enumerate(box.lines):
        if not line:
            continue
        indent = line.startswith("  ")
        sheet.text(
            box.left + _PAD + (width_of("• ") if indent else 0.0),
            box.top + _PAD + (i + 0.78) * line_height(),
            line.strip(),
            fontweight="bold" if i < box.bold else "normal",
        )
