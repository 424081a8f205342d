"""Fits of logistic models: maximum likelihood with profile limits, and Firth's penalty.

statsmodels fits the same coefficients but has no profile limits, and is too slow to fit again for
every step towards one; ``firthmodels`` fits the penalised model and agrees with R's ``logistf`` and
``brglm2``, and tells whether the data are separated.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from scipy import optimize, special, stats

from her2adc.software import uses
from her2adc.stats.inputs import Bools, Floats, conf_level_of

__all__ = ["LogisticFit", "fit_firth_logistic", "fit_logistic", "independent", "maximise", "separated"]

_NAN = float("nan")
_ITERATIONS = 60
_CHANGE = 1e-9
_LARGEST = 60.0


@dataclass(frozen=True)
class LogisticFit:
    """A logistic model; the intercept comes first in every array.

    Attributes
    ----------
    coef, error : ndarray
        Log odds ratios and their standard errors from the information.
    low, high : ndarray
        Profile-likelihood limits.
    p, p_wald : ndarray
        P-values of the likelihood-ratio test and of Wald's test of each coefficient.
    covariance : ndarray
        Inverse of the information.
    loglik, loglik_null : float
        Log-likelihood (penalised after Firth) with the covariates and with the intercept only.
    """

    coef: Floats
    error: Floats
    low: Floats
    high: Floats
    p: Floats
    p_wald: Floats
    covariance: Floats
    loglik: float
    loglik_null: float


def _with_intercept(x: Floats) -> Floats:
    """Columns with a first one of ones."""
    return np.column_stack([np.ones(len(x)), x])


def _checked(x: Floats, y: Bools) -> None:
    """Refuse data without two dimensions, of two lengths, or with one outcome only."""
    if x.ndim != 2 or len(x) != y.size:
        raise ValueError("x and y differ in length; give one row of x for each outcome")
    if not y.any() or y.all():
        raise ValueError("y has one value only; a logistic model needs patients with and without the event")


def independent(x: Floats) -> Bools:
    """Which columns are not a combination of a constant and those before them.

    Examples
    --------
    >>> independent(np.array([[1.0, 2, 0], [0, 0, 1], [1, 2, 1]])).tolist()
    [True, False, True]
    """
    kept = np.zeros(x.shape[1], dtype=bool)
    basis = np.ones((len(x), 1)) / np.sqrt(max(len(x), 1))
    for j, column in enumerate(x.T):
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        size = float(np.linalg.norm(left))
        if size > 1e-9 * max(float(np.linalg.norm(column)), 1e-300):
            kept[j] = True
            basis = np.column_stack([basis, left / size])
    return kept


def separated(x: Floats, y: Bools) -> Bools:
    """Which coefficients have no finite estimate, because a combination of columns separates the outcomes.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates without the intercept, none a combination of the others.
    y : ndarray of bool
        Outcomes.

    Returns
    -------
    ndarray of bool
        True for infinite coefficients, in the columns of ``x``.

    Examples
    --------
    >>> separated(np.array([[0.0], [0], [1], [1]]), np.array([True, False, True, True])).tolist()
    [True]
    """
    from firthmodels import detect_separation

    uses("firthmodels")
    _checked(x, y)
    if not x.shape[1]:
        return np.zeros(0, dtype=bool)
    spread = np.ptp(x, axis=0)
    found = detect_separation((x - x.min(axis=0)) / np.where(spread > 0, spread, 1.0), y.astype(np.int64))
    return ~np.asarray(found.is_finite, dtype=bool)[: x.shape[1]]


def maximise(x: Floats, y: Bools, offset: Floats) -> tuple[Floats, float]:
    """Coefficients and log-likelihood with an offset, by Newton's method; its limit where separated.

    Examples
    --------
    >>> round(maximise(np.ones((4, 1)), np.array([True, True, True, False]), np.zeros(4))[1], 4)
    -2.2493
    """
    coef, value = np.zeros(x.shape[1]), _loglik(offset, y)
    for _ in range(_ITERATIONS if x.shape[1] else 0):
        eta = x @ coef + offset
        fitted = special.expit(eta)
        weight = fitted * special.expit(-eta)
        step = np.linalg.lstsq((x * weight[:, None]).T @ x, x.T @ (y - fitted), rcond=None)[0]
        while (proposed := _loglik(x @ (coef + step) + offset, y)) < value - 1e-9 * (1 + abs(value)):
            step = step / 2
        coef, value = coef + step, proposed
        if np.abs(step).max() < _CHANGE * (1 + np.abs(coef).max()):
            break
    return coef, value


def _loglik(eta: Floats, y: Bools) -> float:
    """Log-likelihood of linear predictors."""
    return float(-np.logaddexp(0, np.where(y, -eta, eta)).sum())


def _inverse_information(x: Floats, coef: Floats) -> Floats:
    """Inverse of the information at the coefficients."""
    eta = x @ coef
    weight = np.exp(-np.logaddexp(0, eta) - np.logaddexp(0, -eta))
    out: Floats = np.linalg.inv((x * weight[:, None]).T @ x)
    return out


def fit_logistic(x: Floats, y: Bools, conf_level: float = 0.95) -> LogisticFit:
    """Logistic model by maximum likelihood.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates without the intercept, none a combination of the others, not separated.
    y : ndarray of bool
        Outcomes.
    conf_level : float
        Level of the profile-likelihood limits.

    Returns
    -------
    LogisticFit

    Examples
    --------
    >>> x, y = np.array([[0.0], [0], [0], [1], [1], [1]]), np.array([1, 0, 0, 1, 1, 0], dtype=bool)
    >>> fit = fit_logistic(x, y)
    >>> fit.coef.round(4).tolist(), fit.low.round(3).tolist()
    ([-0.6931, 1.3863], [-3.761, -1.881])
    """
    _checked(x, y)
    level, nothing = conf_level_of(conf_level), np.zeros(len(x))
    columns = _with_intercept(x)
    scale = np.append(1.0, np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0))
    coef, loglik = maximise(columns / scale, y, nothing)
    covariance = _inverse_information(columns / scale, coef)
    error = np.sqrt(np.diag(covariance))
    half = float(stats.chi2.ppf(level, 1)) / 2
    low, high, p = (np.zeros(coef.size) for _ in range(3))
    for j in range(coef.size):
        fall = partial(_fall, columns / scale, y, j, loglik)
        low[j], high[j] = (_limit(fall, float(coef[j]), side * float(error[j]), half) for side in (-1, 1))
        p[j] = stats.chi2.sf(2 * max(fall(0.0), 0.0), 1)
    null = maximise(columns[:, :1], y, nothing)[1]
    wald = 2 * stats.norm.sf(np.abs(coef / error))
    rescaled = covariance / np.outer(scale, scale)
    return LogisticFit(
        coef / scale, error / scale, low / scale, high / scale, p, wald, rescaled, loglik, null
    )


def _fall(x: Floats, y: Bools, j: int, top: float, value: float) -> float:
    """How far the log-likelihood falls when one coefficient is held at a value."""
    return top - maximise(np.delete(x, j, axis=1), y, x[:, j] * value)[1]


def _limit(fall: Any, start: float, step: float, depth: float) -> float:
    """Value on one side at which the likelihood has fallen by ``depth``; infinite where it never does."""
    inside, reach = start, 2.0
    while fall(start + reach * step) < depth:
        inside, reach = start + reach * step, reach * 1.5
        if reach > _LARGEST:
            return float(np.copysign(np.inf, step))
    outside = start + reach * step
    return float(optimize.brentq(lambda v: fall(v) - depth, inside, outside, xtol=1e-12, rtol=1e-12))


def fit_firth_logistic(x: Floats, y: Bools, conf_level: float = 0.95) -> LogisticFit:
    """Logistic model with Firth's penalty, by ``firthmodels``; NaN where it does not converge.

    Parameters
    ----------
    x, y, conf_level
        See :func:`fit_logistic`; the data may be separated.

    Returns
    -------
    LogisticFit
        Limits and p-values from the profile of the penalised likelihood.

    References
    ----------
    Heinze, G. and Schemper, M. (2002). A solution to the problem of separation in logistic
    regression. Statistics in Medicine 21, 2409-2419.

    Examples
    --------
    >>> x, y = np.array([[0.0], [0], [1], [1]]), np.array([True, False, True, True])
    >>> fit_firth_logistic(x, y).coef.round(4).tolist()
    [0.0, 1.6094]
    """
    from firthmodels import FirthLogisticRegression

    uses("firthmodels")
    _checked(x, y)
    level = conf_level_of(conf_level)
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    outcome = y.astype(np.int64)
    nothing = np.full(x.shape[1] + 1, np.nan)
    with warnings.catch_warnings():  # what does not converge comes back as NaN
        warnings.simplefilter("ignore")
        for gradient in (1e-9, 1e-7, 1e-5):
            model = FirthLogisticRegression(gtol=gradient, xtol=1e-8, max_iter=500)
            model.fit(x / scale, outcome)
            if model.converged_:
                break
        else:
            square = np.full((nothing.size, nothing.size), np.nan)
            return LogisticFit(nothing, nothing, nothing, nothing, nothing, nothing, square, _NAN, _NAN)
        limits = model.conf_int(alpha=1 - level, method="pl", max_iter=500, tol=1e-9)
        p = _firth_tests(model)
    order, factor = np.roll(np.arange(nothing.size), 1), np.append(1.0, scale)
    coef = np.append(model.coef_, model.intercept_)[order] / factor
    covariance = _inverse_information(_with_intercept(x / scale), coef * factor) / np.outer(factor, factor)
    error = np.sqrt(np.diag(covariance))
    low, high = (np.asarray(limits)[order] / factor[:, None]).T
    shift = float(np.log(scale).sum())  # the penalty of the covariates as they came
    return LogisticFit(
        coef,
        error,
        low,
        high,
        p[order],
        2 * stats.norm.sf(np.abs(coef / error)),
        covariance,
        float(model.loglik_) + shift,
        _firth_null(_with_intercept(x), outcome),
    )


def _firth_tests(model: Any) -> Floats:
    """P-values of the coefficients; a test that does not converge is tried again from another start."""
    p = np.asarray(model.lrt().lrt_pvalues_, dtype=np.float64)
    for gradient, warm in product((1e-9, 1e-7, 1e-5), (True, False)):
        if np.isfinite(p).all():
            break
        found = model.set_params(gtol=gradient).lrt(warm_start=warm).lrt_pvalues_
        p = np.where(np.isfinite(p), p, found)
    return p


def _firth_null(x: Floats, y: Any) -> float:
    """Largest penalised log-likelihood when only the intercept is free, the penalty that of all columns."""

    def negative(intercept: float) -> float:
        eta = np.full(len(x), intercept)
        weight = np.exp(-np.logaddexp(0, eta) - np.logaddexp(0, -eta))
        penalty = np.linalg.slogdet((x * weight[:, None]).T @ x)[1] / 2
        return -(_loglik(eta, y.astype(bool)) + float(penalty))

    found = optimize.minimize_scalar(negative, bounds=(-30, 30), method="bounded", options={"xatol": 1e-10})
    return float(-found.fun)
