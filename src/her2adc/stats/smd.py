"""Standardised mean differences, as R's tableone: absolute, mean of the pairs of groups.

The Python tableone gives them a sign and has no mean of pairs; the sizes agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from her2adc.stats.inputs import Floats

__all__ = ["smd_categorical", "smd_continuous"]

_NAN = float("nan")


def smd_continuous(groups: Sequence[Floats]) -> float:
    """Standardised mean difference of a continuous variable.

    Parameters
    ----------
    groups : sequence of ndarray
        Values of each group, without missing values.

    Returns
    -------
    float
        Difference of means over the root of the mean variance; mean of the pairs with more than
        two groups. NaN where a group has fewer than two values, or does not vary.

    Examples
    --------
    >>> round(smd_continuous([np.array([1.0, 2, 3]), np.array([2.0, 3, 4])]), 3)
    1.0
    """

    def pair(a: Floats, b: Floats) -> float:
        if min(a.size, b.size) < 2:
            return _NAN
        spread = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
        return _over(abs(float(a.mean() - b.mean())), spread)

    return _mean_of_pairs(list(groups), pair)


def smd_categorical(counts: Floats) -> float:
    """Standardised mean difference of a variable with levels (Yang and Dalton 2012).

    Parameters
    ----------
    counts : ndarray, shape (groups, levels)
        Counts; levels nobody has are ignored.

    Returns
    -------
    float
        Mahalanobis distance of the proportions; mean of the pairs with more than two groups.

    Examples
    --------
    >>> round(smd_categorical(np.array([[231.0, 209.0], [59.0, 187.0]])), 4)
    0.6138
    """
    table = np.asarray(counts, dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]

    def pair(a: Floats, b: Floats) -> float:
        if a.sum() == 0 or b.sum() == 0:
            return _NAN
        p, q = (a / a.sum())[1:], (b / b.sum())[1:]
        gap = p - q
        if gap.size == 0 or not gap.any():
            return 0.0
        pooled = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
        inverse = np.linalg.pinv(pooled, hermitian=True)
        if not np.allclose(pooled @ inverse @ gap, gap, atol=1e-9):
            return _NAN
        return float(np.sqrt(gap @ inverse @ gap))

    return _mean_of_pairs(list(table), pair)


def _over(gap: float, spread: float) -> float:
    """Gap in units of spread; 0 for no gap, NaN for a gap without spread."""
    if spread > 0:
        return gap / spread
    return 0.0 if gap == 0 else _NAN


def _mean_of_pairs(groups: list[Floats], pair: Callable[[Floats, Floats], float]) -> float:
    """Mean of ``pair`` over all pairs of groups."""
    values = [pair(a, b) for a, b in combinations(groups, 2)]
    return float(np.mean(values)) if values else _NAN
