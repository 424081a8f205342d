"""Round distances between the ticks of counts."""

from __future__ import annotations

from itertools import count

__all__ = ["count_step"]


def count_step(reach: float, most: float, leading: tuple[float, ...] = (1, 2, 5, 10, 20, 25, 50)) -> int:
    """Smallest round step of which at most ``most`` reach from 0 to ``reach``, however large that is.

    Examples
    --------
    >>> count_step(9, 4.5), count_step(100, 4.5), count_step(22_501, 4.5), count_step(3e9, 4.5)
    (2, 25, 10000, 1000000000)
    """
    steps = (int(step * 100**power) for power in count() for step in leading)
    return next(step for step in steps if reach <= most * step)
