"""Knots and columns of a restricted cubic spline: linear beyond the outer knots, cubic between them.

The formula is that of Harrell's ``rcs``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from her2adc.stats.inputs import Floats

__all__ = ["basis", "knots_of"]

KNOTS = {3: (0.10, 0.90), 4: (0.05, 0.95), 5: (0.05, 0.95)}
"""Outer quantiles of Harrell's knots; the others divide the way between them equally."""
_SMALL = 100
_FIFTH = 4


def knots_of(values: Floats, number: int = 4) -> tuple[float, ...]:
    """Knots at Harrell's quantiles, with fewer than 100 values the fifth from each end as outer ones.

    Parameters
    ----------
    values : ndarray
        The marker, without missing values.
    number : {3, 4, 5}
        How many.

    Returns
    -------
    tuple of float
        Empty where the marker has too few values to give as many different knots.

    Examples
    --------
    >>> [round(k, 1) for k in knots_of(np.arange(1.0, 101.0), 3)]
    [10.9, 50.5, 90.1]
    >>> knots_of(np.array([1.0, 1.0, 2.0]), 3)
    ()
    """
    if number not in KNOTS:
        raise ValueError(f"{number} knots; use one of {list(KNOTS)}")
    if np.unique(values).size < number + 3:
        return ()
    found = np.quantile(values, np.linspace(*KNOTS[number], number))
    if values.size < _SMALL:
        ordered = np.sort(values)
        found[[0, -1]] = ordered[_FIFTH], ordered[-1 - _FIFTH]
    return tuple(float(k) for k in found) if (np.diff(found) > 0).all() else ()


def basis(values: Floats, knots: Sequence[float]) -> Floats:
    """Columns of a restricted cubic spline, the marker itself first.

    Parameters
    ----------
    values : ndarray
        The marker.
    knots : sequence of float
        At least three, rising.

    Returns
    -------
    ndarray, shape (n, number of knots - 1)
        As ``Hmisc::rcspline.eval(inclx = TRUE)``.

    Examples
    --------
    >>> basis(np.array([0.0, 2.0, 9.0]), (1.0, 2.0, 3.0)).tolist()
    [[0.0, 0.0], [2.0, 0.25], [9.0, 10.5]]
    """
    t = np.asarray(knots, dtype=np.float64)
    if t.size < 3 or not (np.diff(t) > 0).all():
        raise ValueError(f"knots are {list(knots)}; give at least three that rise")

    def cube(knot: float) -> Floats:
        return np.asarray(np.maximum(values - knot, 0.0) ** 3)

    last, before, width = t[-1], t[-2], (t[-1] - t[0]) ** 2
    columns = [
        (cube(k) + ((before - k) * cube(last) - (last - k) * cube(before)) / (last - before)) / width
        for k in t[:-2]
    ]
    return np.column_stack([values, *columns])
