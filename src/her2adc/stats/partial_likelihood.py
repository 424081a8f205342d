"""Cox's partial likelihood: the fit, its covariance, tests of proportional hazards, residuals.

The fit is made here rather than by lifelines, which stops with an error where a monotone likelihood
still has the supremum that a likelihood-ratio test needs; see also :mod:`her2adc.stats.risk_sets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from her2adc.stats.inputs import Bools, Floats
from her2adc.stats.kaplan_meier import survival_before
from her2adc.stats.risk_sets import RiskSets
from her2adc.stats.scheme import PLAIN, Scheme

__all__ = ["CoxFit", "fit_cox", "linear_score", "ph_test", "robust_covariance", "schoenfeld"]

TRANSFORMS = ("km", "rank", "identity", "log")
"""Time scales on which proportional hazards can be tested."""

_MAX_ITERATIONS = 60
_RELATIVE_CHANGE = 1e-11
_ALIASED = 1e-9
_ROUNDING = 1e-12
_FAR = 10.0


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

    def likelihood_ratio(self) -> tuple[float, int, float]:
        """Likelihood-ratio test against no covariates: chi-square, df and p-value."""
        chi2 = max(0.0, 2 * (self.loglik - self.loglik_null))
        return chi2, self.df, float(stats.chi2.sf(chi2, self.df)) if self.df else float("nan")


def fit_cox(x: Floats, times: Floats, events: Bools, scheme: Scheme = PLAIN) -> CoxFit:
    """Cox model, as R's ``coxph``.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates without missing values.
    times, events : ndarray
        Times and events.
    scheme : Scheme
        Delayed entry, strata, case weights and ties (Efron).

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
    sets = RiskSets(x, times, events, scheme)
    state = sets.at(np.zeros(p))
    null = state.loglik
    kept = _independent(sets.derivatives(state)[1], sets.death_weight.sum())
    if not kept.any():
        return CoxFit(nan, np.full((p, p), np.nan), null, null, kept, False)
    if not kept.all():
        sets = RiskSets(x[:, kept], times, events, scheme)
    beta, inverse, loglik = _newton(sets)
    coef, covariance = nan.copy(), np.full((p, p), np.nan)
    coef[kept] = beta / sets.scale
    covariance[np.ix_(kept, kept)] = inverse / np.outer(sets.scale, sets.scale)
    with np.errstate(invalid="ignore"):
        spread = np.array([np.ptp(column) for column in sets.x.T]) / sets.scale
        reach = np.sqrt(np.diag(inverse)) * spread
    far = np.abs(beta) * spread > _FAR
    suspicious = bool((~np.isfinite(reach) | (reach > 20) | (reach <= 0) | far).any())
    return CoxFit(coef, covariance, loglik, null, kept, suspicious)


def _independent(information: Floats, events: float) -> Bools:
    """Columns, in order, that vary among those at risk and that the earlier do not determine."""
    p = information.shape[0]
    kept: list[int] = []
    limit = max(_ALIASED * float(np.diag(information).max()), _ROUNDING * events)
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
    state = sets.at(beta)
    score, information = sets.derivatives(state)
    for _ in range(_MAX_ITERATIONS):
        try:
            step = linalg.solve(information, score, assume_a="pos")
        except (linalg.LinAlgError, ValueError):
            break
        before, halvings = state.loglik, 0
        state = sets.at(beta + step)
        while not state.loglik >= before - 1e-10 * abs(before) and halvings < 30:
            step, halvings = step / 2, halvings + 1
            state = sets.at(beta + step)
        beta = beta + step
        score, information = sets.derivatives(state)
        if abs(state.loglik - before) <= _RELATIVE_CHANGE * max(abs(state.loglik), 1e-3):
            break
    try:
        inverse: Floats = np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        inverse = np.full(information.shape, np.inf)
    return beta, inverse, state.loglik


def linear_score(x: Floats, fit: CoxFit) -> Floats:
    """Linear predictor of each row; equal for rows with equal covariates."""
    out = np.zeros(len(x))
    for j in np.flatnonzero(fit.kept):
        out += x[:, j] * fit.coef[j]
    return out


def _quadratic(u: Floats, variance: Floats, df: int | None = None) -> tuple[float, int, float]:
    """Chi-square of a score: value, degrees of freedom and p-value."""
    size = u.size if df is None else df
    try:
        chi2 = float(u @ np.linalg.solve(variance, u))
    except np.linalg.LinAlgError:
        chi2 = float("nan")
    return chi2, size, float(stats.chi2.sf(chi2, size))


def _influence(sets: RiskSets, beta: Floats, cluster: NDArray[Any] | None) -> Floats:
    """Weighted score residuals, added up within clusters."""
    residuals = sets.score_residuals(sets.at(beta))
    if sets.scheme.weights is not None:
        residuals *= sets.scheme.weights[:, None]
    if cluster is None:
        return residuals
    _, codes = np.unique(cluster, return_inverse=True)
    return np.column_stack([np.bincount(codes, column) for column in residuals.T])


def robust_covariance(
    x: Floats,
    times: Floats,
    events: Bools,
    fit: CoxFit,
    scheme: Scheme = PLAIN,
    cluster: NDArray[Any] | None = None,
) -> Floats:
    """Sandwich covariance of Lin and Wei, as ``coxph(robust = TRUE)`` or ``cluster =``.

    Parameters
    ----------
    x, times, events, scheme
        What the model was fitted to.
    fit : CoxFit
        The fit.
    cluster : ndarray, optional
        Cluster of each row; every row is its own without it.

    Returns
    -------
    ndarray
        Covariance of the coefficients; NaN for those not in the model.
    """
    sets = RiskSets(x[:, fit.kept], times, events, scheme)
    beta, inner = fit.coef[fit.kept] * sets.scale, np.ix_(fit.kept, fit.kept)
    shift = _influence(sets, beta, cluster) * sets.scale @ fit.covariance[inner]
    out = np.full(fit.covariance.shape, np.nan)
    out[inner] = shift.T @ shift
    return out


def ph_test(
    x: Floats,
    times: Floats,
    events: Bools,
    coef: Floats,
    terms: Sequence[Sequence[int]],
    scheme: Scheme = PLAIN,
    transform: str = "km",
) -> list[tuple[float, int, float]]:
    """Score test of proportional hazards, as R's ``cox.zph`` (survival >= 3.0).

    Parameters
    ----------
    x, times, events, scheme
        What the model was fitted to.
    coef : ndarray
        Fitted coefficients, without NaN.
    terms : sequence of sequences of int
        Columns of each term.
    transform : {"km", "rank", "identity", "log"}
        Scale of time.

    Returns
    -------
    list of tuple
        Chi-square, degrees of freedom and p-value for each term, then for all together.
    """
    p = x.shape[1]
    sets = RiskSets(x, times, events, scheme)
    state = sets.at(coef * sets.scale)
    g = _time_scale(sets, events, transform)
    score, cross = sets.derivatives(state, g)
    plain, square = sets.derivatives(state)[1], sets.derivatives(state, g * g)[1]
    matrix = np.block([[plain, cross], [cross, square]])
    out = []
    for columns in [*map(list, terms), list(range(p))]:
        chosen = [*range(p), *(p + j for j in columns)]
        u = np.concatenate((np.zeros(p), score[columns]))
        out.append(_quadratic(u, matrix[np.ix_(chosen, chosen)], len(columns)))
    return out


def _time_scale(sets: RiskSets, events: Bools, transform: str) -> Floats:
    """Transformed time of each cell, less its mean over the events."""
    grid = sets.cell_times
    if transform == "km":
        values = 1.0 - survival_before(sets.stop, events, grid, sets.entry)
    elif transform == "rank":
        ordered = np.sort(sets.stop)
        values = (np.searchsorted(ordered, grid) + np.searchsorted(ordered, grid, "right") + 1) / 2
    elif transform in TRANSFORMS:
        values = np.log(grid) if transform == "log" else grid.copy()
    else:
        raise ValueError(f"unknown transform {transform!r}; use one of {list(TRANSFORMS)}")
    values = np.where(sets.deaths > 0, values, 0.0)
    return np.asarray(values - (values @ sets.deaths) / sets.deaths.sum())


def schoenfeld(
    x: Floats, times: Floats, events: Bools, coef: Floats, scheme: Scheme = PLAIN
) -> tuple[Floats, Floats]:
    """Event times and scaled Schoenfeld residuals plus coefficient, one column a covariate.

    The smooth of a column against time is the log hazard ratio as it changes; it equals
    ``cox.zph(fit, terms = FALSE)$y``.
    """
    sets = RiskSets(x, times, events, scheme)
    state = sets.at(coef * sets.scale)
    residuals = sets.standard(sets.event_rows) - sets.event_means(state)[sets.event_cells]
    information = sets.derivatives(state)[1] / sets.event_rows.size
    scaled = np.linalg.solve(information, residuals.T).T / sets.scale + coef
    at: Floats = sets.cell_times[sets.event_cells]
    order = np.argsort(at, kind="stable")
    return at[order], scaled[order]
