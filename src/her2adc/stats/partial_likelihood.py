"""Cox's partial likelihood with Efron ties: fit, information at each event, score test of PH.

lifelines and statsmodels fit the same coefficients, but neither gives the information at each
event time, from which the score test of ``cox.zph`` (survival >= 3.0) is made, and lifelines
stops with an error where a monotone likelihood still has the supremum that a likelihood-ratio
test needs. One pass over the risk sets gives all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, stats

from her2adc.stats.inputs import Bools, Floats, tied

__all__ = ["CoxFit", "RiskSets", "fit_cox", "km_transform", "ph_test", "schoenfeld"]

_MAX_ITERATIONS = 60
_RELATIVE_CHANGE = 1e-11
_ALIASED = 1e-9
_LOWEST = -600.0


class RiskSets:
    """Covariates sorted by time, with the place of each event's risk set.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates.
    times, events : ndarray
        Times and events.
    """

    def __init__(self, x: Floats, times: Floats, events: Bools) -> None:
        merged = tied(times)
        order = np.argsort(-merged, kind="stable")
        self.order = order
        self.x = np.ascontiguousarray(x[order], dtype=np.float64)
        self.times, self.events = merged[order], events[order]
        self.event_rows = np.flatnonzero(self.events)
        event_times = self.times[self.event_rows]
        starts = np.flatnonzero(np.concatenate(([True], np.diff(event_times) != 0)))
        self.starts = starts[: event_times.size]
        deaths = np.diff(np.append(self.starts, event_times.size))
        self.block = np.repeat(np.arange(self.starts.size), deaths)
        ends = np.searchsorted(-self.times, -event_times[self.starts], side="right")
        self.last = ends - 1
        position = np.arange(event_times.size) - self.starts[self.block]
        self.phi = position / deaths[self.block] if event_times.size else np.zeros(0)

    def weights(self, beta: Floats) -> tuple[Floats, Floats]:
        """Linear predictor, less its maximum, and its exponential, kept above zero."""
        eta = self.x @ beta
        eta = np.maximum(eta - eta.max(), _LOWEST)
        return eta, np.exp(eta)

    def total(self, values: Floats) -> Floats:
        """Sum over the risk set of each event, the tied deaths thinned after Efron."""
        at_risk = np.cumsum(values)[self.last]
        dying = np.add.reduceat(values[self.event_rows], self.starts)
        out: Floats = at_risk[self.block] - self.phi * dying[self.block]
        return out

    def means(self, w: Floats) -> tuple[Floats, Floats]:
        """Denominator of each event and the weighted means of the covariates there."""
        denominator = self.total(w)
        columns = [self.total(w * column) / denominator for column in self.x.T]
        return denominator, np.column_stack(columns)

    def variance(self, a: int, b: int, w: Floats, denominator: Floats, means: Floats) -> Floats:
        """Covariance of two covariates in the risk set of each event."""
        product = self.total(w * self.x[:, a] * self.x[:, b]) / denominator
        return product - means[:, a] * means[:, b]

    def information(self, beta: Floats, weights: Sequence[Floats]) -> list[Floats]:
        """Information matrices: over all events, each event weighted in turn by ``weights``."""
        _, w = self.weights(beta)
        denominator, means = self.means(w)
        p = self.x.shape[1]
        out = [np.zeros((p, p)) for _ in weights]
        for a in range(p):
            for b in range(a + 1):
                covariance = self.variance(a, b, w, denominator, means)
                for matrix, weight in zip(out, weights, strict=True):
                    matrix[a, b] = matrix[b, a] = float(covariance @ weight)
        return out

    def loglik(self, beta: Floats) -> float:
        """Log partial likelihood."""
        eta, w = self.weights(beta)
        with np.errstate(divide="ignore"):
            return float(eta[self.event_rows].sum() - np.log(self.total(w)).sum())

    def score(self, beta: Floats) -> Floats:
        """First derivative of the log partial likelihood."""
        _, means = self.means(self.weights(beta)[1])
        out: Floats = self.x[self.event_rows].sum(axis=0) - means.sum(axis=0)
        return out


@dataclass(frozen=True)
class CoxFit:
    """A fitted Cox model.

    Attributes
    ----------
    coef : ndarray
        Log hazard ratios; NaN for columns that the others determine.
    covariance : ndarray
        Inverse information; NaN in the rows and columns of those.
    loglik, loglik_null : float
        Log partial likelihood of the model and without covariates.
    kept : ndarray of bool
        Columns that are in the model.
    suspicious : bool
        True where a standard error is so large that the likelihood may be monotone.
    """

    coef: Floats
    covariance: Floats
    loglik: float
    loglik_null: float
    kept: Bools
    suspicious: bool

    @property
    def df(self) -> int:
        """Number of coefficients."""
        return int(self.kept.sum())


def fit_cox(x: Floats, times: Floats, events: Bools) -> CoxFit:
    """Cox model with Efron ties, as R's ``coxph``.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates without missing values.
    times, events : ndarray
        Times and events.

    Returns
    -------
    CoxFit

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> fit = fit_cox(x, np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, dtype=bool))
    >>> fit.coef.round(4).tolist()
    [-0.9406]
    """
    p = x.shape[1]
    nan = np.full(p, np.nan)
    if not events.any() or p == 0:
        return CoxFit(nan, np.full((p, p), np.nan), 0.0, 0.0, np.zeros(p, bool), False)
    scale = x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    sets = RiskSets((x - x.mean(axis=0)) / scale, times, events)
    null = sets.loglik(np.zeros(p))
    kept = _independent(sets.information(np.zeros(p), [np.ones(sets.event_rows.size)])[0])
    if not kept.any():
        return CoxFit(nan, np.full((p, p), np.nan), null, null, kept, False)
    sets.x = np.ascontiguousarray(sets.x[:, kept])
    beta, inverse, loglik = _newton(sets)
    coef, covariance = nan.copy(), np.full((p, p), np.nan)
    coef[kept] = beta / scale[kept]
    covariance[np.ix_(kept, kept)] = inverse / np.outer(scale[kept], scale[kept])
    with np.errstate(invalid="ignore"):
        reach = np.sqrt(np.diag(inverse)) * np.ptp(sets.x, axis=0)
    suspicious = bool((~np.isfinite(reach) | (reach > 20)).any())
    return CoxFit(coef, covariance, loglik, null, kept, suspicious)


def _independent(information: Floats) -> Bools:
    """Columns, in order, that the earlier columns do not determine."""
    p = information.shape[0]
    kept: list[int] = []
    limit = _ALIASED * max(float(np.diag(information).max()), np.finfo(float).tiny)
    for j in range(p):
        left = information[j, j]
        if kept:
            cross = information[np.ix_(kept, [j])][:, 0]
            left -= float(cross @ np.linalg.solve(information[np.ix_(kept, kept)], cross))
        if left > limit:
            kept.append(j)
    return np.isin(np.arange(p), kept)


def _newton(sets: RiskSets) -> tuple[Floats, Floats, float]:
    """Newton's iterations with step halving: coefficients, inverse information, likelihood."""
    beta = np.zeros(sets.x.shape[1])
    ones = [np.ones(sets.event_rows.size)]
    loglik = sets.loglik(beta)
    for _ in range(_MAX_ITERATIONS):
        information = sets.information(beta, ones)[0]
        try:
            step = linalg.solve(information, sets.score(beta), assume_a="pos")
        except (linalg.LinAlgError, ValueError):
            break
        trial, value = beta + step, sets.loglik(beta + step)
        halvings = 0
        while not value >= loglik - 1e-10 * abs(loglik) and halvings < 30:
            step, halvings = step / 2, halvings + 1
            trial, value = beta + step, sets.loglik(beta + step)
        change = abs(value - loglik)
        beta, loglik = trial, value
        if change <= _RELATIVE_CHANGE * max(abs(loglik), 1e-3):
            break
    information = sets.information(beta, ones)[0]
    try:
        inverse: Floats = np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        inverse = np.full(information.shape, np.inf)
    return beta, inverse, loglik


def km_transform(times: Floats, events: Bools) -> Floats:
    """One minus the left-continuous Kaplan-Meier estimate at each time (``transform="km"``)."""
    merged = tied(times)
    grid, place = np.unique(merged, return_inverse=True)
    n_event = np.bincount(place, weights=events, minlength=grid.size)
    n_risk = np.cumsum(np.bincount(place, minlength=grid.size)[::-1])[::-1]
    before = np.concatenate(([1.0], np.cumprod(1.0 - n_event / n_risk)[:-1]))
    out: Floats = (1.0 - before)[place]
    return out


def ph_test(
    x: Floats, times: Floats, events: Bools, coef: Floats, terms: Sequence[Sequence[int]]
) -> list[tuple[float, int, float]]:
    """Score test of proportional hazards, as R's ``cox.zph`` (survival >= 3.0).

    Parameters
    ----------
    x, times, events : ndarray
        What the model was fitted to.
    coef : ndarray
        Fitted coefficients, without NaN.
    terms : sequence of sequences of int
        Columns of each term.

    Returns
    -------
    list of tuple
        Chi-square, degrees of freedom and p-value for each term, then for all together.
    """
    p = x.shape[1]
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    sets = RiskSets((x - x.mean(axis=0)) / scale, times, events)
    transform = km_transform(times, events)[sets.order][sets.event_rows]
    g = transform - transform.mean()
    beta = coef * scale
    _, means = sets.means(sets.weights(beta)[1])
    score = g @ (sets.x[sets.event_rows] - means)
    plain, cross, square = sets.information(beta, [np.ones_like(g), g, g * g])
    matrix = np.block([[plain, cross], [cross, square]])
    out = []
    for columns in [*map(list, terms), list(range(p))]:
        chosen = [*range(p), *(p + j for j in columns)]
        u = np.concatenate((np.zeros(p), score[columns]))
        try:
            chi2 = float(u @ np.linalg.solve(matrix[np.ix_(chosen, chosen)], u))
        except np.linalg.LinAlgError:
            chi2 = float("nan")
        out.append((chi2, len(columns), float(stats.chi2.sf(chi2, len(columns)))))
    return out


def schoenfeld(x: Floats, times: Floats, events: Bools, coef: Floats) -> tuple[Floats, Floats]:
    """Event times and scaled Schoenfeld residuals plus coefficient, one column a covariate.

    The smooth of a column against time is the log hazard ratio as it changes; it equals
    ``cox.zph(fit, terms = FALSE)$y``.
    """
    sets = RiskSets(x - x.mean(axis=0), times, events)
    _, w = sets.weights(coef)
    denominator, means = sets.means(w)
    residuals = sets.x[sets.event_rows] - means
    for block in np.unique(sets.block):
        rows = sets.block == block
        residuals[rows] = sets.x[sets.event_rows[rows]] - means[rows].mean(axis=0)
    information = sets.information(coef, [np.ones_like(denominator)])[0] / denominator.size
    scaled = np.linalg.solve(information, residuals.T).T + coef
    return sets.times[sets.event_rows][::-1], scaled[::-1]
