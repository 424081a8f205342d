"""Observed and expected events of groups: the numbers behind every log-rank test.

statsmodels' ``survdiff`` agrees with R for the plain and the stratified test, but has no trend, no
Peto weights within strata and no delayed entry; this module follows ``survival::survdiff``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from her2adc.stats.inputs import Bools, Floats, merged

__all__ = ["WEIGHTINGS", "LogRank", "compare_groups", "logrank_test"]

WEIGHTINGS = {
    "logrank": "log-rank",
    "gehan": "Gehan-Breslow",
    "tarone-ware": "Tarone-Ware",
    "peto": "Peto",
    "fleming-harrington": "Fleming-Harrington",
}
"""Weightings of the event times, and how a caption names them."""

_NAN = float("nan")
_NOTHING = (_NAN, 0, _NAN)


@dataclass(frozen=True)
class LogRank:
    """Observed against expected events of each group.

    Attributes
    ----------
    observed, expected : ndarray
        (Weighted) numbers of events.
    variance : ndarray
        Covariance matrix of their differences.
    """

    observed: Floats
    expected: Floats
    variance: Floats

    def test(self) -> tuple[float, int, float]:
        """Test of equality: chi-square, degrees of freedom and p-value.

        Groups without expected events (all left before the first event) do not count; NaN with
        fewer than two groups.
        """
        counted = np.flatnonzero(self.expected > 0)
        if counted.size < 2:
            return _NOTHING
        free = counted[:-1]
        u = (self.observed - self.expected)[free]
        try:
            chi2 = float(u @ np.linalg.solve(self.variance[np.ix_(free, free)], u))
        except np.linalg.LinAlgError:
            return _NOTHING
        return chi2, free.size, float(stats.chi2.sf(chi2, free.size))

    def trend(self, scores: Floats | None = None) -> tuple[float, int, float]:
        """Test for a trend over the groups, scored 1, 2, ... unless given."""
        by = np.arange(1.0, self.observed.size + 1) if scores is None else scores
        variance = float(by @ self.variance @ by)
        if (self.expected > 0).sum() < 2 or variance <= 0:
            return _NOTHING
        chi2 = float(by @ (self.observed - self.expected)) ** 2 / variance
        return chi2, 1, float(stats.chi2.sf(chi2, 1))


def compare_groups(
    times: Floats,
    events: Bools,
    groups: NDArray[Any],
    *,
    strata: NDArray[Any] | None = None,
    entry: Floats | None = None,
    weighting: str = "logrank",
    rho: float = 1.0,
    gamma: float = 0.0,
) -> LogRank:
    """Observed and expected events of each group.

    Parameters
    ----------
    times, events : ndarray
        Times and events.
    groups : ndarray
        Group of each patient as a number from 0.
    strata : ndarray, optional
        Stratum of each patient; comparisons are within strata.
    entry : ndarray, optional
        Times of entry.
    weighting : {"logrank", "gehan", "tarone-ware", "peto", "fleming-harrington"}
        Weight of an event time: 1, the number at risk, its root, the pooled survival S just
        before it (R's ``rho = 1``), or S**rho (1 - S)**gamma.
    rho, gamma : float
        Powers of Fleming and Harrington's weights.

    Examples
    --------
    >>> found = compare_groups(np.array([1.0, 2.0, 3.0]), np.ones(3, bool), np.array([0, 0, 1]))
    >>> found.observed.tolist(), found.expected.round(3).tolist()
    ([2.0, 1.0], [1.167, 1.833])
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(f"unknown weighting {weighting!r}; use one of {list(WEIGHTINGS)}")
    if rho < 0 or gamma < 0:
        raise ValueError(f"rho and gamma are {rho} and {gamma}; give powers of 0 or more")
    size = int(groups.max(initial=-1)) + 1
    times, entry = merged(times, entry)
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for rows in [slice(None)] if strata is None else [strata == s for s in np.unique(strata)]:
        opened = None if entry is None else entry[rows]
        at_risk, died = _tables(times[rows], events[rows], groups[rows], opened, size)
        n, d = at_risk.sum(axis=1), died.sum(axis=1)
        w = _weight(n, d, weighting, rho, gamma)
        share = at_risk / n[:, None]
        observed += w @ died
        expected += (w * d) @ share
        spread = w * w * d * (n - d) / np.maximum(n - 1, 1)
        variance += np.diag(spread @ share) - (share * spread[:, None]).T @ share
    return LogRank(observed, expected, variance)


def _tables(
    times: Floats, events: Bools, groups: NDArray[Any], entry: Floats | None, size: int
) -> tuple[Floats, Floats]:
    """Numbers at risk and with the event, by event time and group."""
    grid = np.unique(times[events])

    def count(place: NDArray[Any], rows: Any, cells: int) -> Floats:
        flat = np.bincount(place * size + groups[rows], minlength=cells * size)
        return flat.reshape(cells, size).astype(np.float64)

    def from_here(place: NDArray[Any]) -> Floats:
        counted = count(place, slice(None), grid.size + 1)
        return np.asarray(np.cumsum(counted[::-1], axis=0)[::-1][1:])

    at_risk = from_here(np.searchsorted(grid, times, side="right"))
    if entry is not None:
        at_risk = at_risk - from_here(np.searchsorted(grid, entry, side="right"))
    return at_risk, count(np.searchsorted(grid, times[events]), events, grid.size)


def _weight(n: Floats, d: Floats, weighting: str, rho: float, gamma: float) -> Floats:
    """Weight of each event time."""
    if weighting == "logrank":
        return np.ones(n.size)
    if weighting in ("gehan", "tarone-ware"):
        return n if weighting == "gehan" else np.sqrt(n)
    survival = np.append(1.0, np.cumprod(1.0 - d / n))[: n.size]
    if weighting == "peto":
        return survival
    return np.asarray(survival**rho * (1.0 - survival) ** gamma)


def logrank_test(
    times: Floats, events: Bools, groups: NDArray[Any], **options: Any
) -> tuple[float, int, float]:
    """Log-rank test: chi-square, degrees of freedom and p-value, as R's ``survdiff``.

    NaN without events or with fewer than two groups.

    Parameters
    ----------
    times, events, groups : ndarray
        Times, events, and the group of each patient as a number.
    **options
        See :func:`compare_groups`.

    Examples
    --------
    >>> chi2, df, p = logrank_test(
    ...     np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, bool), np.array([0, 0, 1, 1])
    ... )
    >>> round(chi2, 4), df, round(p, 4)
    (2.8824, 1, 0.0896)
    """
    return compare_groups(times, events, groups, **options).test()
