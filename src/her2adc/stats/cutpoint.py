"""A cut-off that the data choose: the largest log-rank statistic, and p-values that pay for the search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from her2adc.stats.inputs import Bools, Floats, sums_by, tied
from her2adc.stats.risk_sets import numbers_at_risk

__all__ = ["SHARE", "Maximum", "lausen_schumacher", "logrank_scores", "maximum", "permutation_p"]

SHARE = 0.1
"""Least share of the patients on either side of a cut-off."""
_BLOCK = 500
_SAME = 1e-9
_NAN = float("nan")


@dataclass(frozen=True)
class Maximum:
    """The cut-off with the largest standardised log-rank statistic.

    Attributes
    ----------
    cut : float
        The largest value of the lower side; NaN where no cut-off leaves enough on both sides.
    statistic : float
        Its statistic, without sign.
    above : bool
        Whether events are more frequent above it.
    candidates : int
        Cut-offs tried.
    """

    cut: float
    statistic: float
    above: bool
    candidates: int


def logrank_scores(times: Floats, events: Bools) -> Floats:
    """Log-rank scores: event less the cumulative hazard (Nelson and Aalen) at the patient's time.

    Examples
    --------
    >>> logrank_scores(np.array([1.0, 2.0]), np.array([True, True])).tolist()
    [0.5, -0.5]
    """
    grid, place = np.unique(tied(times), return_inverse=True)
    died = sums_by(place, events.astype(np.float64), grid.size)
    hazard = np.cumsum(died / numbers_at_risk(grid, grid[place]))
    return np.asarray(events - hazard[place])


def _places(values: Floats, share: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Order of the patients, and how many of them are at or below each cut-off that can be tried."""
    order = np.argsort(values, kind="stable")
    below = np.flatnonzero(np.diff(values[order]) > 0) + 1
    n = values.size
    inside = (below >= max(1, np.floor(n * share))) & (below <= np.floor(n * (1 - share)))
    return order, below[inside]


def _standardised(sums: Floats, scores: Floats, below: NDArray[np.intp]) -> Floats:
    """Statistics of cut-offs: sums of the scores below them, with mean and variance of a random choice."""
    n, total = scores.size, scores.sum()
    spread = n * (scores @ scores) - total**2
    variance = below * (n - below) / (n**2 * (n - 1)) * spread
    return np.asarray((sums - below / n * total) / np.sqrt(variance))


def maximum(values: Floats, scores: Floats, share: float = SHARE) -> Maximum:
    """Cut-off with the largest standardised log-rank statistic, as ``maxstat::maxstat``.

    Parameters
    ----------
    values, scores : ndarray
        Marker and log-rank score of each patient.
    share : float
        Least share of the patients on either side.

    Examples
    --------
    >>> times, events = np.arange(1.0, 11.0), np.ones(10, dtype=bool)
    >>> maximum(np.array([3.0, 4, 2, 1, 8, 9, 7, 6, 5, 10]), logrank_scores(times, events)).cut
    9.0
    """
    order, below = _places(values, share)
    if not below.size or not np.ptp(scores) > _SAME:
        return Maximum(_NAN, _NAN, False, 0)
    found = _standardised(np.cumsum(scores[order])[below - 1], scores, below)
    best = int(np.argmax(np.abs(found) > np.abs(found).max() - _SAME))
    cut = float(values[order][below[best] - 1])
    return Maximum(cut, float(abs(found[best])), bool(found[best] < 0), below.size)


def lausen_schumacher(statistic: float, share: float = SHARE) -> float:
    """P-value of a largest log-rank statistic by the formula of Lausen and Schumacher (1992).

    References
    ----------
    Lausen, B. and Schumacher, M. (1992). Maximally selected rank statistics. Biometrics 48, 73-85.

    Examples
    --------
    >>> round(lausen_schumacher(2.8), 4), round(lausen_schumacher(0.5), 4)
    (0.0963, 1.0)
    """
    if np.isnan(statistic):
        return _NAN
    if statistic < 1:
        return 1.0
    density = float(stats.norm.pdf(statistic))
    width = 2 * np.log((1 - share) / share)
    return float(np.clip(density * (4 / statistic + (statistic - 1 / statistic) * width), 0.0, 1.0))


def permutation_p(
    values: Floats, scores: Floats, permutations: int = 9999, seed: int = 1, share: float = SHARE
) -> float:
    """P-value of the largest log-rank statistic when scores are dealt to the patients at random.

    Parameters
    ----------
    values, scores, share
        See :func:`maximum`.
    permutations, seed
        Number of random deals, and where they start.

    Returns
    -------
    float
        Share of the deals, that of the data included, with a statistic as large; NaN without one.
    """
    found = maximum(values, scores, share)
    if np.isnan(found.statistic):
        return _NAN
    _, below = _places(values, share)
    rng = np.random.default_rng(seed)
    ordered, reached = np.sort(scores), 0  # so that the order of the rows does not matter
    for start in range(0, permutations, _BLOCK):
        size = min(_BLOCK, permutations - start)
        dealt = rng.permuted(np.broadcast_to(ordered, (size, scores.size)), axis=1)
        sums = np.cumsum(dealt, axis=1)[:, below - 1]
        largest = np.abs(_standardised(sums, scores, below)).max(axis=1)
        reached += int((largest >= found.statistic - _SAME).sum())
    return (reached + 1) / (permutations + 1)
