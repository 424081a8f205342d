"""Climbing the likelihood of a logistic model, plain or with Firth's penalty, and its profiles.

Everything is done on orthonormal columns, so that neither location nor scale nor correlation of the
covariates matter, with a bounded number of steps that are halved a bounded number of times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from her2adc.stats.inputs import Bools, Floats

__all__ = ["Climb", "Profile", "climb", "loglik", "orthogonal"]

_ITERATIONS, _HALVINGS, _FARTHEST = 300, 40, 60.0
_AT_REST, _NEARLY, _ROUNDING = 1e-17, 1e-8, 1e-12
_NAN = float("nan")


def loglik(eta: Floats, y: Bools) -> float:
    """Log-likelihood of linear predictors."""
    return float(-np.logaddexp(0, np.where(y, -eta, eta)).sum())


def orthogonal(x: Floats) -> tuple[Floats, Floats]:
    """Orthonormal columns of the same space, and what turns their coefficients into those of ``x``.

    Examples
    --------
    >>> basis, back = orthogonal(np.array([[1.0, 2018], [1, 2020]]))
    >>> (back @ (basis.T @ np.array([1.0, 3]))).round(6).tolist()
    [-2017.0, 1.0]
    """
    size = np.linalg.norm(x, axis=0)
    size = np.where(size > 0, size, 1.0)
    basis, upper = np.linalg.qr(x / size)
    back: Floats = np.linalg.pinv(upper, rcond=1e-15) / size[:, None]
    return basis, back


@dataclass(frozen=True)
class Climb:
    """Where a climb ended.

    Attributes
    ----------
    coef : ndarray
        Coefficients of the orthonormal columns.
    value : float
        Log-likelihood there, penalised where asked for.
    converged : bool
        Whether it came to rest.
    step : ndarray
        The step that was still to be made.
    """

    coef: Floats
    value: float
    converged: bool
    step: Floats


def _at(design: Floats, y: Bools, eta: Floats, firth: bool) -> tuple[float, Floats, Floats]:
    """Log-likelihood, score and information; minus infinity where the penalty has none."""
    p = special.expit(eta)
    weight = p * special.expit(-eta)
    if not firth:
        return loglik(eta, y), design.T @ (y - p), (design * weight[:, None]).T @ design
    root = design * np.sqrt(weight)[:, None]
    try:
        factor = np.linalg.cholesky(root.T @ root)
        leverage = ((root @ np.linalg.inv(factor).T) ** 2).sum(axis=1)
    except np.linalg.LinAlgError:
        return -np.inf, np.zeros(design.shape[1]), np.eye(design.shape[1])
    value = loglik(eta, y) + float(np.log(np.diag(factor)).sum())
    information = (design * (weight * (1 + leverage))[:, None]).T @ design
    return value, design.T @ (y - p + leverage * (0.5 - p)), information


def climb(
    design: Floats,
    y: Bools,
    start: Floats,
    *,
    offset: Floats | float = 0.0,
    moving: int | None = None,
    firth: bool = False,
) -> Climb:
    """Newton's method with halved steps on orthonormal columns.

    Parameters
    ----------
    design, y, start
        Orthonormal columns, outcomes, and coefficients to begin at.
    offset : ndarray
        Added to the linear predictor.
    moving : int, optional
        How many of the first coefficients move; the others are held.
    firth : bool
        Whether the likelihood has Firth's penalty.
    """
    coef, k = start.astype(np.float64), design.shape[1] if moving is None else moving
    value, score, information = _at(design, y, design @ coef + offset, firth)
    step = np.zeros(coef.size)
    for _ in range(_ITERATIONS):
        if not np.isfinite(value):
            break
        step = np.zeros(coef.size)
        step[:k] = np.linalg.lstsq(information[:k, :k], score[:k], rcond=None)[0]
        expected = float(score @ step)
        if expected < _AT_REST and np.abs(score[:k]).max(initial=0.0) < 1e-4:
            return Climb(coef + step, value, True, step)
        if expected < _AT_REST:  # far out the information vanishes; it is never above 1/4
            step[:k] = 4 * score[:k]
        for _ in range(_HALVINGS):
            proposed = _at(design, y, design @ (coef + step) + offset, firth)
            if proposed[0] >= value - _ROUNDING * (1 + abs(value)):
                break
            step = step / 2
        else:
            break
        coef = coef + step
        value, score, information = proposed
    rest = float(np.abs(score[:k] @ step[:k])) < _NEARLY * (1 + abs(value)) if np.isfinite(value) else False
    return Climb(coef, value, bool(rest and np.abs(score[:k]).max(initial=0.0) < 1e-3), step)


class Profile:
    """The likelihood when one coefficient is held at a value and the others are the best for it.

    Parameters
    ----------
    columns : ndarray, shape (n, p)
        Columns of the model, the intercept's among them, none a combination of the others.
    y : ndarray of bool
        Outcomes.
    j : int
        Column whose coefficient is held.
    eta : ndarray
        Linear predictor of the estimates.
    firth : bool
        Whether the likelihood has Firth's penalty.

    Examples
    --------
    >>> x, y = np.column_stack([np.ones(4), [0.0, 0, 1, 1]]), np.array([True, False, True, True])
    >>> held = Profile(x, y, 1, np.array([0.0, 0, 1, 1]) * np.log(5), firth=True)
    >>> round(held.best, 4), round(held.fall(0.0), 4)
    (1.6094, 0.388)
    """

    def __init__(self, columns: Floats, y: Bools, j: int, eta: Floats, *, firth: bool = False) -> None:
        rest, _ = orthogonal(np.delete(columns, j, axis=1))
        own = columns[:, j] / np.linalg.norm(columns[:, j])
        for _ in range(2):
            own = own - rest @ (rest.T @ own)
        length = float(np.linalg.norm(own))
        self.size = length * float(np.linalg.norm(columns[:, j]))
        self.design, self.y, self.firth = np.column_stack([rest, own / length]), y, firth
        found = climb(self.design, y, self.design.T @ eta, firth=firth)
        self.top, self.converged = found.value, found.converged
        self.best = float(found.coef[-1]) / self.size
        self.known = [found.coef]

    def fall(self, value: float) -> float:
        """How far the log-likelihood falls when the coefficient is held; NaN without an answer."""
        held = value * self.size
        near = min(self.known, key=lambda coef: abs(float(coef[-1]) - held))
        for begin in (near[:-1], np.zeros(near.size - 1)):
            found = climb(self.design, self.y, np.append(begin, held), moving=near.size - 1, firth=self.firth)
            if found.converged:
                self.known.append(found.coef)
                return self.top - found.value
        return _NAN

    def p(self) -> float:
        """P-value of the likelihood-ratio test against 0."""
        return float(stats.chi2.sf(2 * max(self.fall(0.0), 0.0), 1)) if self.converged else _NAN

    def limits(self, error: float, level: float) -> tuple[float, float]:
        """Limits; infinite where the likelihood never falls so far, NaN without an answer."""
        depth = float(stats.chi2.ppf(level, 1)) / 2
        low, high = (self._limit(side * error, depth) if self.converged else _NAN for side in (-1, 1))
        return low, high

    def _limit(self, step: float, depth: float) -> float:
        """Value on one side at which the likelihood has fallen by ``depth``."""

        def beyond(value: float) -> float:
            found = self.fall(value) - depth
            if np.isnan(found):
                raise ValueError("no answer here")
            return found

        near: dict[str, float] = {"xtol": 1e-12, "rtol": 1e-12}
        inside, reach = 0.0, 2.0
        try:
            while beyond(self.best + reach * step) < 0:
                inside, reach = reach, reach * 1.5
                if reach > _FARTHEST:
                    return float(np.copysign(np.inf, step))
            found = optimize.brentq(lambda r: beyond(self.best + r * step), inside, reach, **near)
        except (ValueError, RuntimeError):
            return _NAN
        return float(self.best + found * step)
