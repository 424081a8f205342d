"""Monotone likelihood in Cox models: exact detection, and Firth's penalty as the answer.

A coefficient is infinite when some direction of the covariates ranks every patient who has an
event at least as high as everybody still at risk. Whether there is one is a linear programme,
so it is decided and not guessed from a large estimate.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from her2adc.software import uses
from her2adc.stats.inputs import Bools, Floats, tied
from her2adc.stats.partial_likelihood import CoxFit
from her2adc.stats.penalised import Penalised
from her2adc.stats.risk_sets import RiskSets
from her2adc.stats.scheme import PLAIN, Scheme

__all__ = ["FirthFit", "fit_firth", "infinite_coefficients"]

Places = NDArray[np.intp]

_STRICT = 1e-7
_LARGE = 50_000


def infinite_coefficients(
    x: Floats, times: Floats, events: Bools, fit: CoxFit, scheme: Scheme = PLAIN
) -> Bools:
    """Which coefficients of a Cox model have no finite estimate.

    Parameters
    ----------
    x, times, events, scheme
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
    kept = x[:, fit.kept]
    sets = RiskSets(kept, times, events, scheme)
    rows, cells = _memberships(sets)
    if rows.size > _LARGE:
        wide = np.sqrt(np.diag(fit.covariance)) * np.ptp(x, axis=0) > 20
        return np.asarray(wide & fit.kept)
    programme = _Programme(sets, rows, cells)
    if programme.any_direction():
        out[fit.kept] = [programme.moves(j) for j in range(kept.shape[1])]
    return out


def _memberships(sets: RiskSets) -> tuple[Places, Places]:
    """Rows and the cells in which they are at risk: all with delayed entry, else the last."""
    used = sets.deaths[sets.last] > 0
    if sets.opened is None:
        return np.flatnonzero(used), sets.last[used]
    length = np.maximum(sets.last - sets.opened, 0)
    rows = np.repeat(np.arange(length.size), length)
    step = np.arange(rows.size) - np.repeat(np.cumsum(length) - length, length)
    return rows, sets.opened[rows] + 1 + step


class _Programme:
    """Directions along which the likelihood never falls, as a linear programme.

    The variables are the direction and, for each cell, the largest value of the direction among
    those at risk; the constraints say that those who have the event attain it.
    """

    def __init__(self, sets: RiskSets, rows: Places, cells: Places) -> None:
        self.p, self.n_cells = sets.x.shape[1], sets.deaths.size
        spread = np.ptp(sets.x, axis=0)
        x = (sets.x - sets.x.min(axis=0)) / np.where(spread > 0, spread, 1.0)
        self.at_risk, self.top = x[rows], cells
        parts = [self._rows(self.at_risk, cells), -self._rows(x[sets.event_rows], sets.event_cells)]
        if sets.opened is None:  # a risk set contains the later ones
            later = np.concatenate([np.arange(a + 2, b) for a, b in sets.bounds])
            marks = sparse.csr_array(
                (
                    np.repeat([1.0, -1.0], later.size),
                    (np.tile(np.arange(later.size), 2), self.p + np.append(later, later - 1)),
                ),
                shape=(later.size, self.p + self.n_cells),
            )
            parts.append(marks)
            starts = np.array([a for a, _ in sets.bounds])
            self.top = starts[np.searchsorted(starts, cells, side="right") - 1] + 1
        self.constraints = sparse.vstack(parts).tocsr()

    def _rows(self, x: Floats, cells: Places) -> sparse.csr_array:
        """Constraints x @ direction - largest[cell] <= 0."""
        marks = sparse.csr_array((-np.ones(len(x)), (np.arange(len(x)), cells)), shape=(len(x), self.n_cells))
        return sparse.hstack([sparse.csr_array(x), marks]).tocsr()

    def _best(self, objective: Floats) -> float:
        """Largest value of the objective over the directions in the unit cube."""
        bounds = [(-1.0, 1.0)] * self.p + [(None, None)] * self.n_cells
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
        objective = np.zeros(self.p + self.n_cells)
        objective[: self.p] = -self.at_risk.sum(axis=0)
        objective[self.p :] = np.bincount(self.top, minlength=self.n_cells)
        return self._best(objective) > _STRICT

    def moves(self, j: int) -> bool:
        """Tell whether coefficient ``j`` is part of such a direction."""
        objective = np.zeros(self.p + self.n_cells)
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
    columns = x[:, kept]
    found = Penalised(columns, times, events)
    scale, places = found.sets.scale, np.flatnonzero(kept)
    out = {name: np.full(x.shape[1], np.nan) for name in ("coef", "low", "high", "p")}
    start, quick = _by_firthmodels((columns - found.sets.centre) / scale, times, events, conf_level)
    top = max((found.climb(begin) for begin in start), key=lambda summit: (summit.converged, summit.value))
    if not top.converged:
        return FirthFit(**out)
    error = found.errors(top)
    for j, place in enumerate(places):
        low, high, p = quick[j] if np.abs(start[-1] - top.coef).max() < 1e-3 else [np.nan] * 3
        if not low < top.coef[j]:
            low = found.limit(top, j, -error[j], conf_level)
        if not high > top.coef[j]:
            high = found.limit(top, j, error[j], conf_level)
        out["coef"][place], out["low"][place], out["high"][place] = (
            np.array([top.coef[j], low, high]) / scale[j]
        )
        out["p"][place] = p if np.isfinite(p) else found.p_value(top, j)
    return FirthFit(**out)


def _by_firthmodels(
    standard: Floats, times: Floats, events: Bools, conf_level: float
) -> tuple[list[Floats], Floats]:
    """Where to begin, and limits and p-values where ``firthmodels`` finds them."""
    from firthmodels import FirthCoxPH

    uses("firthmodels")
    zero, found = np.zeros(standard.shape[1]), np.full((standard.shape[1], 3), np.nan)
    with warnings.catch_warnings():  # what does not converge is climbed by the caller
        warnings.simplefilter("ignore")
        for gradient, step in product((1e-7, 1e-6, 1e-5, 1e-4), (1.0, 5.0, 0.5)):  # it can stall
            model = FirthCoxPH(gtol=gradient, xtol=1e-6, max_iter=200, max_step=step)
            with suppress(np.linalg.LinAlgError, ValueError):
                model.fit(standard, (events, tied(times)))
                if model.converged_:
                    break
        else:
            return [zero], found
        with suppress(np.linalg.LinAlgError):  # a limit can lie where the information vanishes
            found[:, :2] = model.conf_int(alpha=1 - conf_level, method="pl", max_iter=200, tol=1e-8)
        with suppress(np.linalg.LinAlgError):
            model.lrt()
            found[:, 2] = model.lrt_pvalues_
    return [zero, np.asarray(model.coef_, dtype=np.float64)], found
