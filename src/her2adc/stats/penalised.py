"""Cox's partial likelihood with Firth's penalty, climbed and profiled step by step.

``firthmodels`` finds estimates and limits quickly; where the likelihood is nearly flat it can stop far out,
or lose a limit. This one takes bounded steps that never go down, so that an answer is an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from her2adc.stats.inputs import Bools, Floats, tied
from her2adc.stats.risk_sets import RiskSets
from her2adc.stats.scheme import Scheme

__all__ = ["Penalised", "Summit"]

_ITERATIONS, _HALVINGS, _FARTHEST = 200, 40, 60.0
_AT_REST, _NEARLY, _ROUNDING, _WIDTH = 1e-11, 1e-7, 1e-12, 1e-4
_NAN = float("nan")


@dataclass(frozen=True)
class Summit:
    """Where a climb ended: coefficients of the standardised columns, likelihood, whether it came to rest."""

    coef: Floats
    value: float
    converged: bool


class Penalised:
    """Penalised likelihood (Breslow ties) of standardised columns.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates, none a combination of the others.
    times, events : ndarray
        Times and events.

    Examples
    --------
    >>> x = np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> found = Penalised(x, np.arange(1.0, 5), np.array([True, True, False, False]))
    >>> top = found.climb(np.zeros(1))
    >>> top.converged, bool(found.fall(top, 0, 0.0) >= 0)
    (True, True)
    """

    def __init__(self, x: Floats, times: Floats, events: Bools) -> None:
        self.sets = RiskSets(x, tied(times), events, Scheme(ties="breslow"))
        self.p = x.shape[1]

    def _value(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Penalised likelihood, plain score and information; minus infinity where it is singular."""
        state = self.sets.at(beta)
        score, information = self.sets.derivatives(state)
        if not np.isfinite(information).all():
            return -np.inf, score, information
        sign, size = np.linalg.slogdet(information)
        return (state.loglik + size / 2 if sign > 0 else -np.inf), score, information

    def _score(self, beta: Floats, plain: Floats, free: Bools) -> Floats:
        """Score with that of the penalty, which is taken by differences."""
        out = plain.copy()
        for k in np.flatnonzero(free):
            sides = []
            for side in (-_WIDTH, _WIDTH):
                moved = beta.copy()
                moved[k] += side
                information = self.sets.derivatives(self.sets.at(moved))[1]
                sides.append(float(np.linalg.slogdet(information)[1]))
            out[k] += (sides[1] - sides[0]) / (4 * _WIDTH)
        return out

    def climb(self, start: Floats, held: int | None = None) -> Summit:
        """Newton's steps, halved where they go down; one coefficient may be held."""
        beta, free = start.astype(np.float64), np.arange(self.p) != (-1 if held is None else held)
        value, score, information = self._value(beta)
        if not np.isfinite(value):
            return Summit(beta, value, False)
        slope, curve = self._score(beta, score, free)[free], information[np.ix_(free, free)]
        expected = np.inf
        for _ in range(_ITERATIONS):
            step = np.linalg.lstsq(curve, slope, rcond=None)[0]
            expected = float(slope @ step)
            if 0 <= expected < _AT_REST:
                return Summit(beta, value, bool(np.abs(slope).max(initial=0.0) < 1e-3))
            step = step * min(1.0, 3.0 / float(np.abs(step).max()))
            for _ in range(_HALVINGS):
                proposed = beta.copy()
                proposed[free] += step
                found = self._value(proposed)
                if found[0] >= value - _ROUNDING * (1 + abs(value)):
                    break
                step = step / 2
            else:
                return Summit(beta, value, 0 <= expected < _NEARLY)
            beta, (value, score, information) = proposed, found
            before, slope = slope, self._score(beta, score, free)[free]
            curve = _bent(curve, step, before - slope, information[np.ix_(free, free)])
        return Summit(beta, value, 0 <= expected < _NEARLY)

    def fall(self, top: Summit, j: int, at: float, known: list[Floats] | None = None) -> float:
        """How far the likelihood falls when a coefficient is held; NaN without an answer."""
        near = min([top.coef, *(known or [])], key=lambda beta: abs(float(beta[j]) - at))
        for begin in (near, np.zeros(self.p)):
            start = begin.copy()
            start[j] = at
            found = self.climb(start, j)
            if found.converged:
                if known is not None:
                    known.append(found.coef)
                return top.value - found.value
        return _NAN

    def limit(self, top: Summit, j: int, step: float, level: float) -> float:
        """Limit on the side of the step; infinite where the likelihood never falls so far."""
        depth, known = float(stats.chi2.ppf(level, 1)) / 2, [top.coef]
        best = float(top.coef[j])

        def beyond(reach: float) -> float:
            found = self.fall(top, j, best + reach * step, known) - depth
            if np.isnan(found):
                raise ValueError("no answer here")
            return found

        inside, reach = 0.0, 2.0
        try:
            while beyond(reach) < 0:
                inside, reach = reach, reach * 1.5
                if reach > _FARTHEST:
                    return float(np.copysign(np.inf, step))
            return best + float(optimize.brentq(beyond, inside, reach, xtol=1e-9, rtol=1e-9)) * step
        except (ValueError, RuntimeError):
            return _NAN

    def p_value(self, top: Summit, j: int) -> float:
        """P-value of the penalised likelihood-ratio test."""
        return float(stats.chi2.sf(2 * max(self.fall(top, j, 0.0), 0.0), 1))

    def errors(self, top: Summit) -> Floats:
        """Standard errors of the standardised coefficients from the information."""
        information = self._value(top.coef)[2]
        return np.asarray(np.sqrt(np.diag(np.linalg.pinv(information, hermitian=True))))


def _bent(curve: Floats, step: Floats, change: Floats, information: Floats) -> Floats:
    """Curvature after a step, from how the slope changed on it (Broyden, Fletcher, Goldfarb, Shanno)."""
    along, ahead = float(change @ step), curve @ step
    if along <= 1e-10 * float(np.linalg.norm(change) * np.linalg.norm(step)):
        return information
    return np.asarray(curve + np.outer(change, change) / along - np.outer(ahead, ahead) / float(step @ ahead))
