"""Fits of logistic models: maximum likelihood with profile limits, and Firth's penalty.

statsmodels fits the same coefficients but has no profile limits, and is too slow to fit again for
every step towards one; ``firthmodels`` fits the penalised model and agrees with R's ``logistf`` and
``brglm2``, and tells whether the data are separated. Every fit is made on columns that are centred and
scaled, or orthogonal, and given back on the scale of the covariates as they came: an age of 55 or a
calendar year is as good as one less its mean.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from her2adc.software import uses
from her2adc.stats.inputs import Bools, Floats, conf_level_of
from her2adc.stats.logistic_profile import Climb, Profile, climb, loglik, orthogonal

__all__ = ["LogisticFit", "fit_firth_logistic", "fit_logistic", "independent", "maximise", "separated"]

_NAN = float("nan")
_COLLINEAR, _ROUNDING = 1e-9, 1e-14


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
    stuck : ndarray of bool
        Coefficients that still moved when the iterations ended, in an otherwise empty fit.
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
    stuck: Bools


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
        middle = column - column.mean() if len(x) else column
        left = middle - basis @ (basis.T @ middle)
        left = left - basis @ (basis.T @ left)
        size, rounding = float(np.linalg.norm(left)), _ROUNDING * float(np.linalg.norm(column))
        if size > max(_COLLINEAR * float(np.linalg.norm(middle)), rounding, 1e-300):
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
    basis, back = orthogonal(x)
    found = climb(basis, y, np.zeros(x.shape[1]), offset=offset)
    return back @ found.coef, found.value


def _inverse_information(x: Floats, eta: Floats) -> Floats:
    """Inverse of the information at linear predictors."""
    weight = special.expit(eta) * special.expit(-eta)
    basis, back = orthogonal(x)
    inner = np.linalg.pinv((basis * weight[:, None]).T @ basis, hermitian=True, rcond=1e-14)
    out: Floats = back @ inner @ back.T
    return out


def _fit(x: Floats, y: Bools, found: Climb, conf_level: float, firth: bool) -> LogisticFit:
    """Estimates, limits and tests at the end of a climb; empty where it has not ended."""
    level, columns = conf_level_of(conf_level), np.column_stack([np.ones(len(x)), x])
    basis, back = orthogonal(columns)
    size = columns.shape[1]
    low, high, p, none = (np.full(size, _NAN) for _ in range(4))
    if not found.converged:
        moved = np.abs(back @ found.step)[1:] * x.std(axis=0)
        stuck = np.append(False, ~(moved < np.max(moved, initial=0.0) / 2))
        return LogisticFit(none, none, low, high, p, none, np.full((size, size), _NAN), _NAN, _NAN, stuck)
    coef, eta = back @ found.coef, basis @ found.coef
    covariance = _inverse_information(columns, eta)
    error = np.sqrt(np.diag(covariance))
    for j in range(size):
        held = Profile(columns, y, j, eta, firth=firth)
        low[j], high[j] = held.limits(float(error[j]), level)
        p[j] = held.p()
    wald = 2 * stats.norm.sf(np.abs(coef / error))
    if firth:  # the penalty of the covariates as they came
        value, null = _firth_logliks(x, eta, y)
    else:
        value, null = found.value, maximise(columns[:, :1], y, np.zeros(y.size))[1]
    return LogisticFit(coef, error, low, high, p, wald, covariance, value, null, np.zeros(size, dtype=bool))


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
    basis, _ = orthogonal(np.column_stack([np.ones(len(x)), x]))
    return _fit(x, y, climb(basis, y, np.zeros(basis.shape[1])), conf_level, False)


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
    >>> (fit_firth_logistic(x, y).coef.round(4) + 0.0).tolist()
    [0.0, 1.6094]
    """
    _checked(x, y)
    basis, _ = orthogonal(np.column_stack([np.ones(len(x)), x]))
    found = climb(basis, y, _firth_start(basis, y), firth=True)
    return _fit(x, y, found, conf_level, True)


def _firth_start(basis: Floats, y: Bools) -> Floats:
    """Penalised coefficients of orthonormal columns by ``firthmodels``; zeros where it does not converge."""
    from firthmodels import FirthLogisticRegression

    uses("firthmodels")
    scale = np.sqrt(len(basis))
    model = FirthLogisticRegression(gtol=1e-6, xtol=1e-6, max_iter=100, fit_intercept=False)
    with warnings.catch_warnings():  # what does not converge is climbed from zero
        warnings.simplefilter("ignore")
        try:
            model.fit(basis * scale, y.astype(np.int64))
        except (np.linalg.LinAlgError, ValueError):
            return np.zeros(basis.shape[1])
    return np.asarray(model.coef_ * scale if model.converged_ else np.zeros(basis.shape[1]))


def _firth_logliks(x: Floats, eta: Floats, y: Bools) -> tuple[float, float]:
    """Penalised log-likelihoods at the estimates, and the largest with the intercept only."""
    spread = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    z = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / spread])

    def penalised(eta: Floats) -> float:
        weight = special.expit(eta) * special.expit(-eta)
        return loglik(eta, y) + float(np.linalg.slogdet((z * weight[:, None]).T @ z)[1]) / 2

    def negative(intercept: float) -> float:
        return -penalised(np.full(len(x), intercept))

    found = optimize.minimize_scalar(negative, bounds=(-30, 30), method="bounded", options={"xatol": 1e-10})
    shift = float(np.log(spread).sum())  # of the covariates as they came
    return penalised(eta) + shift, float(-found.fun) + shift
