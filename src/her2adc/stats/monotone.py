"""Monotone likelihood in Cox models: exact detection, and Firth's penalty as the answer.

A coefficient is infinite when some direction of the covariates ranks every patient who has an
event at least as high as everybody still at risk. Whether there is one is a linear programme,
so it is decided and not guessed from a large estimate.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from her2adc.stats.inputs import Bools, Floats, tied
from her2adc.stats.partial_likelihood import CoxFit, RiskSets

__all__ = ["FirthFit", "fit_firth", "infinite_coefficients"]

_STRICT = 1e-7
_LARGE = 50_000


def infinite_coefficients(x: Floats, times: Floats, events: Bools, fit: CoxFit) -> Bools:
    """Which coefficients of a Cox model have no finite estimate.

    Parameters
    ----------
    x, times, events : ndarray
        What the model was fitted to.
    fit : CoxFit
        The fit; the programme is solved only where its standard errors are suspicious.

    Returns
    -------
    ndarray of bool
        True for infinite coefficients, in the columns of ``x``.

    Examples
    --------
    >>> from her2adc.stats.partial_likelihood import fit_cox
    >>> x = np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> times, events = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, False])
    >>> infinite_coefficients(x, times, events, fit_cox(x, times, events)).tolist()
    [True]
    """
    out = np.zeros(x.shape[1], dtype=bool)
    if not fit.suspicious:
        return out
    if times.size > _LARGE:
        wide = np.sqrt(np.diag(fit.covariance)) * np.ptp(x, axis=0) > 20
        return np.asarray(wide & fit.kept)
    kept = x[:, fit.kept]
    programme = _Programme(kept, times, events)
    if programme.any_direction():
        out[fit.kept] = [programme.moves(j) for j in range(kept.shape[1])]
    return out


class _Programme:
    """Directions along which the likelihood never falls, as a linear programme.

    The variables are the direction and, for each event time, the largest value of the direction
    among those at risk; the constraints say that those who have the event attain it.
    """

    def __init__(self, x: Floats, times: Floats, events: Bools) -> None:
        spread = np.ptp(x, axis=0)
        sets = RiskSets((x - x.min(axis=0)) / np.where(spread > 0, spread, 1.0), times, events)
        self.p, self.n_times = x.shape[1], sets.last.size
        self.at_risk = sets.x[: sets.last[-1] + 1]
        entering = np.searchsorted(sets.last, np.arange(len(self.at_risk)))
        below = self._rows(self.at_risk, entering)
        dying = -self._rows(sets.x[sets.event_rows], sets.block)
        later = np.arange(self.n_times - 1)
        ones = np.ones(later.size)
        grows = sparse.csr_array(
            (np.append(ones, -ones), (np.tile(later, 2), self.p + np.append(later, later + 1))),
            shape=(later.size, self.p + self.n_times),
        )
        self.constraints = sparse.vstack([below, dying, grows]).tocsr()

    def _rows(self, x: Floats, times: NDArray[np.intp]) -> sparse.csr_array:
        """Constraints x @ direction - largest[time] <= 0."""
        marks = sparse.csr_array((-np.ones(len(x)), (np.arange(len(x)), times)), shape=(len(x), self.n_times))
        return sparse.hstack([sparse.csr_array(x), marks]).tocsr()

    def _best(self, objective: Floats) -> float:
        """Largest value of the objective over the directions in the unit cube."""
        bounds = [(-1.0, 1.0)] * self.p + [(None, None)] * self.n_times
        solved = optimize.linprog(
            -objective,
            A_ub=self.constraints,
            b_ub=np.zeros(self.constraints.shape[0]),
            bounds=bounds,
            method="highs",
        )
        return float(-solved.fun) if solved.status == 0 else 0.0

    def any_direction(self) -> bool:
        """Tell whether some direction strictly separates."""
        objective = np.zeros(self.p + self.n_times)
        objective[: self.p] = -self.at_risk.sum(axis=0)
        objective[-1] = len(self.at_risk)
        return self._best(objective) > _STRICT

    def moves(self, j: int) -> bool:
        """Tell whether coefficient ``j`` is part of such a direction."""
        objective = np.zeros(self.p + self.n_times)
        objective[j] = 1.0
        return self._best(objective) > _STRICT or self._best(-objective) > _STRICT


@dataclass(frozen=True)
class FirthFit:
    """Firth-penalised Cox model; NaN where an iteration did not converge.

    Attributes
    ----------
    coef, low, high : ndarray
        Log hazard ratios and their profile-likelihood limits.
    p : ndarray
        P-values of the penalised likelihood-ratio tests.
    """

    coef: Floats
    low: Floats
    high: Floats
    p: Floats


def fit_firth(x: Floats, times: Floats, events: Bools, kept: Bools, conf_level: float = 0.95) -> FirthFit:
    """Cox model with Firth's penalty (Breslow ties), by ``firthmodels``.

    Parameters
    ----------
    x, times, events : ndarray
        Covariates, times and events.
    kept : ndarray of bool
        Columns of ``x`` to fit; the others are NaN.
    conf_level : float
        Level of the profile-likelihood limits.

    Returns
    -------
    FirthFit

    References
    ----------
    Heinze, G. and Schemper, M. (2001). A solution to the problem of monotone likelihood in Cox
    regression. Biometrics 57, 114-119.
    """
    from firthmodels import FirthCoxPH

    columns = x[:, kept]
    scale = columns.std(axis=0)
    standard = (columns - columns.mean(axis=0)) / scale
    out = {name: np.full(x.shape[1], np.nan) for name in ("coef", "low", "high", "p")}
    with warnings.catch_warnings():  # what does not converge comes back as NaN
        warnings.simplefilter("ignore")
        for gradient in (1e-7, 1e-4):
            model = FirthCoxPH(gtol=gradient, xtol=1e-6, max_iter=200)
            model.fit(standard, (events, tied(times)))
            if model.converged_:
                break
        limits = model.conf_int(alpha=1 - conf_level, method="pl", max_iter=200, tol=1e-8)
        model.lrt()
    if model.converged_:
        out["coef"][kept] = model.coef_ / scale
        out["low"][kept], out["high"][kept] = (limits / scale[:, None]).T
        out["p"][kept] = model.lrt_pvalues_
    return FirthFit(**out)
