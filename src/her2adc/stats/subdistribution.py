"""Fine and Gray's regression of the subdistribution hazard, as ``cmprsk::crr`` fits it.

A patient who had a competing event stays in the risk set with a weight that falls as the
follow-up of the others is censored. No Python library that is kept fits it; ``survival::finegray``
with ``coxph`` differs from ``crr`` by up to 3e-4 in coefficients where events and censorings tie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from her2adc.stats.causes import Causes
from her2adc.stats.inputs import Floats, tied
from her2adc.stats.risk_sets import numbers_at_risk

__all__ = ["SubdistributionFit", "fit_fine_gray"]

_MAX_ITERATIONS = 60
_RELATIVE_CHANGE = 1e-12
_HALVINGS = 40


@dataclass(frozen=True)
class SubdistributionFit:
    """A fitted subdistribution hazard model.

    Attributes
    ----------
    coef : ndarray
        Log subdistribution hazard ratios.
    covariance : ndarray
        Their variance, censoring weights estimated (Fine and Gray's sandwich).
    loglik, loglik_null : float
        Log pseudo-likelihood at the estimate and at zero.
    converged : bool
        False where the estimate runs to infinity or columns are collinear.
    """

    coef: Floats
    covariance: Floats
    loglik: float
    loglik_null: float
    converged: bool


class _Weighted:
    """Patients sorted by time, and sums over the weighted risk sets."""

    def __init__(self, x: Floats, times: Floats, causes: Causes, of: int) -> None:
        order = np.argsort(tied(times), kind="stable")
        self.x, self.times, causes = x[order], tied(times)[order], causes[order]
        self.event, self.censored = causes == of, causes == 0
        self.competing = ~self.event & ~self.censored
        self.unique, self.first, self.place = np.unique(self.times, return_index=True, return_inverse=True)
        self.risk = numbers_at_risk(self.unique, self.times)
        self.lost = np.bincount(self.place, self.censored, self.unique.size)
        followed = np.cumprod(1 - self.lost / self.risk)
        self.followed = np.append(1.0, followed[:-1])
        deaths = np.bincount(self.place, self.event, self.unique.size)
        self.at = np.flatnonzero(deaths)
        self.deaths = deaths[self.at]
        self.share = np.where(self.competing, 1 / self.followed[self.place], 0.0)

    def before(self, values: Floats) -> Floats:
        """Sum of the values of the patients before each distinct time."""
        return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])[self.first]

    def total(self, values: Floats) -> Floats:
        """Sum over the weighted risk set of each event time."""
        at_risk = values.sum(axis=0) - self.before(values)
        kept = self.before(values * self.share[:, None])
        out: Floats = (at_risk + self.followed[:, None] * kept)[self.at]
        return out

    def loglik(self, beta: Floats) -> float:
        """Log pseudo-likelihood."""
        eta = self.x @ beta
        top = float(eta.max(initial=0.0))
        sums = self.total(np.exp(eta - top)[:, None])[:, 0]
        return float(eta[self.event].sum() - (self.deaths * (np.log(sums) + top)).sum())

    def moments(self, beta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Relative risks, their sum in each risk set, weighted means there, and the information."""
        n, p = self.x.shape
        eta = self.x @ beta
        r = np.exp(eta - eta.max(initial=0.0))
        sums = self.total(r[:, None])
        means = self.total(r[:, None] * self.x) / sums
        products = (self.x[:, :, None] * self.x[:, None, :]).reshape(n, p * p)
        squares = self.total(r[:, None] * products) / sums
        spread = squares.reshape(-1, p, p) - means[:, :, None] * means[:, None, :]
        return r, sums[:, 0], means, (self.deaths[:, None, None] * spread).sum(axis=0)

    def residuals(self, r: Floats, sums: Floats, means: Floats) -> Floats:
        """Score residual of each patient, with what he adds by the estimated censoring weights."""
        p = self.x.shape[1]
        steps = np.zeros((self.unique.size, 1 + p))
        steps[self.at] = (self.deaths / sums)[:, None] * np.column_stack([np.ones(sums.size), means])
        until = np.cumsum(steps, axis=0)[self.place]
        weighted = self.followed[:, None] * steps
        later = np.cumsum(weighted[::-1], axis=0)[::-1]  # from each time on
        after = np.concatenate([later[1:], np.zeros((1, 1 + p))])[self.place]
        hazard = until + self.share[:, None] * after
        mean = np.zeros((self.unique.size, p))
        mean[self.at] = means
        own = self.event[:, None] * (self.x - mean[self.place])
        out: Floats = own - r[:, None] * (hazard[:, :1] * self.x - hazard[:, 1:])
        return out + self._censoring(r, later)

    def _censoring(self, r: Floats, later: Floats) -> Floats:
        """Influence of each patient through the Kaplan-Meier curve of the censoring."""
        kept = self.before((self.share * r)[:, None] * np.column_stack([np.ones(r.size), self.x]))
        effect = kept[:, 1:] * later[:, :1] - kept[:, :1] * later[:, 1:]
        own = self.censored[:, None] * (effect / self.risk[:, None])[self.place]
        drift = np.cumsum(effect * (self.lost / self.risk**2)[:, None], axis=0)
        out: Floats = own - drift[self.place]
        return out


def fit_fine_gray(x: Floats, times: Floats, causes: Causes, of: int = 1) -> SubdistributionFit:
    """Fit a subdistribution hazard model.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates, without missing values.
    times : ndarray
        Times to the first event, or to the end of follow-up.
    causes : ndarray of int
        0 for a censored patient, otherwise the cause of the event.
    of : int
        Cause of interest.

    Returns
    -------
    SubdistributionFit

    References
    ----------
    Fine, J. P. and Gray, R. J. (1999). A proportional hazards model for the subdistribution of a
    competing risk. Journal of the American Statistical Association 94, 496-509.

    Examples
    --------
    >>> x = np.array([[0.0], [1], [0], [1], [1], [0]])
    >>> times, causes = np.arange(1.0, 7), np.array([1, 2, 1, 1, 0, 1])
    >>> fit = fit_fine_gray(x, times, causes)
    >>> fit.coef.round(4).tolist(), fit.converged
    ([-1.404], True)
    """
    if x.ndim != 2 or not x.shape[0] == times.size == causes.size:
        raise ValueError("x, times and causes differ in length; give one row of x for each time and cause")
    p = x.shape[1]
    nothing = SubdistributionFit(np.full(p, np.nan), np.full((p, p), np.nan), np.nan, np.nan, False)
    spread = x.std(axis=0) if x.size else np.zeros(p)
    if not (causes == of).any() or not p or (spread == 0).any():
        return nothing
    sets = _Weighted((x - x.mean(axis=0)) / spread, times, causes, of)
    beta, converged = _climb(sets, p)
    if beta is None:
        return nothing
    r, sums, means, information = sets.moments(beta)
    inverse = np.linalg.inv(information)
    scores = sets.residuals(r, sums, means)
    covariance = inverse @ (scores.T @ scores) @ inverse / np.outer(spread, spread)
    null = sets.loglik(np.zeros(p))
    return SubdistributionFit(beta / spread, covariance, sets.loglik(beta), null, converged)


def _climb(sets: _Weighted, p: int) -> tuple[Floats | None, bool]:
    """Newton's method with halved steps; None where the information is singular."""
    beta, value = np.zeros(p), sets.loglik(np.zeros(p))
    for _ in range(_MAX_ITERATIONS):
        _, _, means, information = sets.moments(beta)
        if np.linalg.cond(information) > 1e12:
            return None, False
        score = sets.x[sets.event].sum(axis=0) - (sets.deaths[:, None] * means).sum(axis=0)
        step = np.linalg.solve(information, score)
        for _ in range(_HALVINGS):
            proposed = sets.loglik(beta + step)
            if proposed >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        beta, value = beta + step, proposed
        if np.abs(step).max() < _RELATIVE_CHANGE * (1 + np.abs(beta).max()):
            return beta, bool(np.abs(beta).max() < 15)
    return beta, False
