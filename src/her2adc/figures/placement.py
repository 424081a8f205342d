"""Finding room: rectangles that must not meet, in inches from the lower left of an axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "band_boxes", "box", "free", "quiet_corner", "stack", "step_boxes"]

Boxes = NDArray[np.float64]
"""Rectangles, one a row: left, bottom, right, top."""
Values = Sequence[float] | NDArray[np.float64]
"""Numbers of a curve."""


def box(left: float, bottom: float, width: float, height: float) -> Boxes:
    """One rectangle.

    Examples
    --------
    >>> box(1, 2, 3, 4).tolist()
    [[1.0, 2.0, 4.0, 6.0]]
    """
    return np.array([[left, bottom, left + width, bottom + height]], dtype=float)


def stack(*parts: Boxes) -> Boxes:
    """Several sets of rectangles as one.

    Examples
    --------
    >>> stack(box(0, 0, 1, 1), box(2, 2, 1, 1)).shape
    (2, 4)
    """
    return np.vstack([np.empty((0, 4)), *parts])


def step_boxes(x: Values, y: Values) -> Boxes:
    """Segments of a step function, as flat rectangles: level from each x to the next, then down.

    Examples
    --------
    >>> len(step_boxes([0, 1, 2], [3, 2, 2]))
    4
    """
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    level = np.column_stack([xs[:-1], ys[:-1], xs[1:], ys[:-1]])
    low, high = np.minimum(ys[:-1], ys[1:]), np.maximum(ys[:-1], ys[1:])
    drop = np.column_stack([xs[1:], low, xs[1:], high])
    return stack(level, drop)


def band_boxes(x: Values, low: Values, high: Values) -> Boxes:
    """Rectangles of a stepped band; parts without limits are left out.

    Examples
    --------
    >>> band_boxes([0, 1, 2], [0, 1, 1], [2, float("nan"), 3]).tolist()
    [[0.0, 0.0, 1.0, 2.0]]
    """
    xs = np.asarray(x, dtype=float)
    lows, highs = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    boxes = np.column_stack([xs[:-1], lows[:-1], xs[1:], highs[:-1]])
    return stack(boxes[np.isfinite(boxes).all(axis=1)])


def free(candidate: Boxes, obstacles: Boxes, pad: float = 0.0) -> bool:
    """Whether a rectangle keeps ``pad`` away from all obstacles.

    Examples
    --------
    >>> free(box(0, 0, 1, 1), box(1.05, 0, 1, 1)), free(box(0, 0, 1, 1), box(1.05, 0, 1, 1), 0.1)
    (True, False)
    """
    if len(obstacles) == 0:
        return True
    left, bottom, right, top = candidate[0]
    meets = (
        (obstacles[:, 0] < right + pad)
        & (obstacles[:, 2] > left - pad)
        & (obstacles[:, 1] < top + pad)
        & (obstacles[:, 3] > bottom - pad)
    )
    return not bool(meets.any())


def _corners(
    size: tuple[float, float], room: tuple[float, float], margin: float
) -> Iterator[tuple[float, float]]:
    """Places for a block, the quietest first: top right, bottom left, along the edges."""
    left, bottom = margin, margin
    right, top = room[0] - size[0] - margin, room[1] - size[1]
    across = np.linspace(right, left, 13)
    up = np.linspace(top, bottom, 13)
    yield from ((float(right), float(top)), (float(left), float(bottom)))
    yield from ((float(x), float(bottom)) for x in across)
    yield from ((float(x), float(top)) for x in across)
    yield from ((float(right), float(y)) for y in up)
    yield from ((float(x), float(y)) for y in up for x in across)


def quiet_corner(
    size: tuple[float, float],
    room: tuple[float, float],
    obstacles: Boxes,
    *,
    pad: float = 0.05,
    margin: float = 0.06,
) -> tuple[float, float] | None:
    """Lower left corner for a block that keeps away from everything drawn.

    Parameters
    ----------
    size, room : tuple of float
        Width and height of the block and of the axes, in inches.
    obstacles : Boxes
        What is drawn.
    pad, margin : float
        Least distance to what is drawn, and to the edges of the axes.

    Returns
    -------
    tuple of float or None
        None when the block fits nowhere.

    Examples
    --------
    >>> quiet_corner((1, 1), (4, 3), step_boxes([0, 4], [0.5, 0.5]))
    (2.94, 2.0)
    >>> quiet_corner((5, 1), (4, 3), stack()) is None
    True
    """
    if size[0] + 2 * margin > room[0] or size[1] + margin > room[1]:
        return None
    for left, bottom in _corners(size, room, margin):
        if free(box(left, bottom, *size), obstacles, pad):
            return left, bottom
    return None
