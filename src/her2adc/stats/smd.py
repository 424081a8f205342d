"""Standardised mean differences, as R's tableone: absolute, mean of the pairs of groups.

The Python tableone gives them a sign and has no mean of pairs; the sizes agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from her2adc.stats.inputs import Floats

__all__ = ["smd_categorical", "smd_continuous", "weighted_moments"]

_NAN = float("nan")


def smd_continuous(groups: Sequence[Floats], weights: Sequence[Floats | None] | None = None) -> float:
    """Standardised mean difference of a continuous variable.

    Parameters
    ----------
    groups : sequence of ndarray
        Values of each group, without missing values.
    weights : sequence of ndarray, optional
        Case weights of each group; the variance is then that of R's ``svyvar``.

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
    own = weights or [None] * len(groups)
    moments = [
        np.array(weighted_moments(group, w)) if group.size > 1 else np.full(2, np.nan)
        for group, w in zip(groups, own, strict=True)
    ]

    def pair(a: Floats, b: Floats) -> float:
        if np.isnan(a[1] + b[1]):
            return _NAN
        return _over(abs(float(a[0] - b[0])), float(np.sqrt((a[1] + b[1]) / 2)))

    return _mean_of_pairs(moments, pair)


def weighted_moments(values: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """Weighted mean and variance, the latter times n / (n - 1); the usual ones with equal weights.

    Examples
    --------
    >>> weighted_moments(np.array([1.0, 2.0, 6.0]))
    (3.0, 7.0)
    """
    mean = float(np.average(values, weights=weights))
    spread = float(np.average((values - mean) ** 2, weights=weights))
    return mean, spread * values.size / (values.size - 1)


def smd_categorical(counts: Floats) -> float:
    """Standardised mean difference of a variable with levels (Yang and Dalton 2012).

    Parameters
    ----------
    counts : ndarray, shape (groups, levels)
        Counts, or sums of weights; levels nobody has are ignored.

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
