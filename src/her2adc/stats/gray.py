"""Gray's test: does the cumulative incidence of a cause differ between groups.

No Python library that is kept has it. The score and its variance are those of Gray (1988) with
rho = 0, ties thinned after the hypergeometric, as ``cmprsk::cuminc`` computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.stats.causes import Causes, causes_of
from her2adc.stats.inputs import Floats, tied, times_of

__all__ = ["GrayTest", "gray_test"]

_NAN = float("nan")


@dataclass(frozen=True)
class GrayTest:
    """Gray's test.

    Attributes
    ----------
    chi2 : float
        Statistic; NaN where there is nothing to compare.
    df : int
        Degrees of freedom, groups less one; 0 where there is nothing to compare.
    p : float
        P-value.
    """

    chi2: float
    df: int
    p: float


def gray_test(time: Any, cause: Any, group: Any, of: int = 1, strata: Any = None) -> GrayTest:
    """Compare the cumulative incidence of one cause between groups.

    Parameters
    ----------
    time : array_like
        Times to the first event, or to the end of follow-up.
    cause : array_like of int
        0 for a censored patient, otherwise the cause of the event.
    group : array_like
        Group of each patient.
    of : int
        Cause of interest.
    strata : array_like, optional
        Stratum of each patient; scores and variances are summed over the strata.

    Returns
    -------
    GrayTest

    References
    ----------
    Gray, R. J. (1988). A class of K-sample tests for comparing the cumulative incidence of a
    competing risk. Annals of Statistics 16, 1141-1154.

    Examples
    --------
    >>> found = gray_test([1, 2, 3, 4, 5, 6], [1, 2, 1, 1, 2, 0], list("aababb"))
    >>> round(found.chi2, 4), found.df
    (0.3583, 1)
    """
    times, causes = tied(times_of(time)), causes_of(cause)
    codes, names = pd.factorize(pd.Series(group), sort=True)
    layers, _ = pd.factorize(pd.Series(np.zeros(times.size) if strata is None else strata))
    if not times.size == causes.size == codes.size == layers.size:
        raise ValueError("time, cause, group and strata differ in length; give one value for each patient")
    if (codes < 0).any() or (layers < 0).any():
        raise ValueError("group or strata is missing for some patients; drop these rows first")
    k = len(names)
    score, variance = np.zeros(k), np.zeros((k, k))
    for layer in np.unique(layers):
        rows = layers == layer
        more, spread = _stratum(times[rows], causes[rows], codes[rows], k, of)
        score, variance = score + more, variance + spread
    if k < 2 or not (causes == of).any():
        return GrayTest(_NAN, 0, _NAN)
    inverse = np.linalg.pinv(variance[:-1, :-1], hermitian=True)
    chi2, df = float(score[:-1] @ inverse @ score[:-1]), int(np.linalg.matrix_rank(variance, hermitian=True))
    return GrayTest(chi2, df, float(stats.chi2.sf(chi2, df))) if df else GrayTest(_NAN, 0, _NAN)


def _counts(times: Floats, causes: Causes, codes: Any, k: int, of: int) -> tuple[Floats, Floats, Floats]:
    """At risk, events of interest and competing events: one row a time with an event, one column a group."""
    unique, place = np.unique(times, return_inverse=True)

    def count(rows: Any) -> Floats:
        out = np.zeros((unique.size, k))
        np.add.at(out, (place[rows], codes[rows]), 1.0)
        return out

    everyone = count(np.ones(times.size, dtype=bool))
    risk = np.cumsum(everyone[::-1], axis=0)[::-1]
    eventful = np.isin(unique, times[causes > 0])
    return risk[eventful], count(causes == of)[eventful], count((causes > 0) & (causes != of))[eventful]


def _thinned(deaths: Floats, pool: Floats) -> Floats:
    """Deaths thinned for ties: d (1 - (d - 1) / (pool - 1))."""
    return deaths * (1 - np.maximum(deaths - 1, 0) / np.where(deaths > 1, pool - 1, 1.0))


def _stratum(times: Floats, causes: Causes, codes: Any, k: int, of: int) -> tuple[Floats, Floats]:
    """Score and variance of one stratum."""
    risk, events, competing = _counts(times, causes, codes, k, of)
    some = risk > 0
    pool = np.where(some, risk, 1.0)
    after = np.cumprod(1 - (events + competing) / pool, axis=0)
    before = np.vstack([np.ones(k), after[:-1]])
    own = np.cumsum(before * events / pool, axis=0)
    own_before = np.vstack([np.zeros(k), own[:-1]])
    at_risk = np.where(some, risk / np.where(before > 0, before, 1.0), 0.0)
    subdistribution = at_risk * (1 - own_before)
    total, deaths = at_risk.sum(axis=1), events.sum(axis=1)
    pooled = np.cumsum(deaths / total)
    pooled_before = np.append(0.0, pooled[:-1])
    expected = (deaths / subdistribution.sum(axis=1))[:, None] * subdistribution
    score = np.where(some, events - expected, 0.0).sum(axis=0)
    weight = -at_risk[:, :, None] * at_risk[:, None, :] / total[:, None, None]
    weight[:, range(k), range(k)] += at_risk
    drift = np.cumsum(weight * (deaths / (total * (1 - pooled_before)))[:, None, None], axis=0)
    left = np.where(after > 0, (1 - pooled[:, None]) / np.where(after > 0, after, 1.0), 0.0)
    one = _thinned(deaths[:, None], total[:, None] * before) * before / (total[:, None] * pool)
    one = np.where(some, one, 0.0)
    two = np.where(some & (after > 0), _thinned(competing, risk) * before**2 / pool**2, 0.0)
    toward = np.where(after > 0, 1 - left, 1.0)
    return score, _variance(weight, drift, toward, left, one, two)


def _variance(weight: Any, drift: Any, toward: Floats, left: Floats, one: Floats, two: Floats) -> Floats:
    """Variance of the score: squared influences of the events of interest and of the competing ones.

    The influence of an event in group j at t on the score of group i is the weight at t, and what
    its step in the incidence of group j changes in the drift from t to the end.
    """
    final = drift[-1] if len(drift) else np.zeros(drift.shape[1:])
    ahead = final - drift
    on_event = weight + toward[:, None, :] * ahead
    on_competing = left[:, None, :] * ahead
    out: Floats = np.einsum("tij,tkj,tj->ik", on_event, on_event, one)
    out = out + np.einsum("tij,tkj,tj->ik", on_competing, on_competing, two)
    return out
