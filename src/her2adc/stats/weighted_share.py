"""Share of patients whose second time is at least a multiple of their first, censoring weighted for."""

from __future__ import annotations

import numpy as np
from scipy import stats

from her2adc.stats.inputs import TIE_TOLERANCE, Bools, Floats, tied

__all__ = ["weighted_share"]

_NAN = float("nan")


def weighted_share(
    first: Floats, second: Floats, progressed: Bools, threshold: float = 1.3, conf_level: float = 0.95
) -> tuple[float, float, float]:
    """Share of ratios at or above a threshold, weighted for the censoring of the second time.

    A patient known to be at or above counts for the inverse of the chance that her second time is
    followed up to ``threshold * first``, one known to be below for the inverse of the chance that it is
    followed up to its end; the chances are the Kaplan-Meier estimate of the censoring of the second
    time, and the share is that of the weights.

    Parameters
    ----------
    first, second : ndarray
        Times; the first are all observed.
    progressed : ndarray of bool
        Whether the second time ended in progression.
    threshold : float
        Ratio.
    conf_level : float
        Level of the interval.

    Returns
    -------
    tuple of float
        Share and limits (jackknife standard error, logit scale); limits NaN at 0 and at 1.

    Examples
    --------
    >>> t1, t2 = np.array([4.0, 5, 6, 8]), np.array([6.0, 4, 9, 6])
    >>> round(weighted_share(t1, t2, np.array([True, True, True, False]))[0], 3)
    0.75
    """
    n = first.size
    if n < 2:
        return _NAN, _NAN, _NAN
    second = tied(second)
    value = _weighted(first, second, progressed, threshold)
    each = np.ones(n, dtype=bool)
    parts = np.empty(n)
    for i in range(n):
        each[i] = False
        parts[i] = _weighted(first[each], second[each], progressed[each], threshold)
        each[i] = True
    if not 0 < value < 1:
        return float(np.clip(value, 0.0, 1.0)), _NAN, _NAN
    error = np.sqrt((n - 1) / n * ((parts - parts.mean()) ** 2).sum()) / (value * (1 - value))
    z = stats.norm.ppf(0.5 + conf_level / 2)
    low, high = (1 / (1 + np.exp(-(np.log(value / (1 - value)) + side * z * error))) for side in (-1, 1))
    return value, float(low), float(high)


def _weighted(first: Floats, second: Floats, progressed: Bools, threshold: float) -> float:
    """Share of the weights."""
    needed = threshold * first * (1 - TIE_TOLERANCE)
    above = second >= needed
    known = above | progressed
    leave, at = np.unique(second, return_inverse=True)
    left, events = (np.bincount(at, who, leave.size) for who in (~progressed, progressed))
    at_risk = second.size - np.cumsum(np.append(0, left + events))[:-1] - events  # events come first
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(left > 0, 1 - left / at_risk, 1.0)
    stay = np.append(1.0, np.cumprod(factor))[np.searchsorted(leave, np.where(above, needed, second))]
    weight = known / np.where(known, stay, 1.0)
    return float(weight[above].sum() / weight.sum()) if known.any() else _NAN
