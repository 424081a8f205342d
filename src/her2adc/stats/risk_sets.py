"""Risk sets of the Cox model: their sums, the partial likelihood and its derivatives.

lifelines and statsmodels fit the same coefficients, but neither gives the information at each event
time, from which the score test of ``cox.zph`` (survival >= 3.0) is made, nor R's robust variance with
tied times, nor delayed entry together with strata and weights. Everything here is sums over the rows
and over the distinct event times, so that a million rows cost a few passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.stats.inputs import (
    Bools,
    Floats,
    check_entry,
    events_of,
    margin,
    merged,
    sums_by,
    times_of,
    weights_of,
)
from her2adc.stats.scheme import PLAIN, Scheme

__all__ = ["RiskSets", "State", "at_risk", "numbers_at_risk"]

_LOWEST = -300.0
_CHUNK = 1 << 15


def at_risk(time: Any, event: Any, entry: Any, at: Any, weights: Any = None) -> pd.DataFrame:
    """Numbers at risk, and events and censorings so far, asked of the data at any times.

    This is the one definition of the book: at risk at t are those with T >= t who came under
    observation before t (entry < t), and from the start on those with entry 0. Times that differ by
    rounding are one time.

    Parameters
    ----------
    time : array_like of float
        Time to the event or to censoring, not negative.
    event : array_like of bool
        True where the event happened.
    entry : array_like of float or None
        Time of coming under observation (delayed entry); None when all are observed from the start.
    at : array_like of float
        Times at which the numbers are wanted, in any order.
    weights : array_like of float, optional
        Case weights; the numbers are then sums of weights.

    Returns
    -------
    pandas.DataFrame
        One row for each time asked for: ``time, n_risk, n_event, n_censor``, the last two up to and
        including the time.

    Examples
    --------
    >>> at_risk([1.0, 2.0, 3.0], [True, False, True], None, [0, 2])[["n_risk", "n_event"]].values.tolist()
    [[3, 0], [2, 1]]
    """
    times, events = times_of(time), events_of(event)
    if times.size != events.size:
        raise ValueError(f"{times.size} times but {events.size} events; give one event per time")
    entries = None if entry is None else times_of(entry, "entry")
    if entries is not None:
        if entries.size != times.size:
            raise ValueError(f"{times.size} times but {entries.size} entries; give one entry per time")
        check_entry(times, entries)
    wanted = times_of(np.atleast_1d(np.asarray(at, dtype=np.float64)), "at")
    own = np.ones(times.size) if weights is None else weights_of(weights, times.size)
    near = margin(wanted)
    n_risk = _from(times, own, wanted - near)
    if entries is not None:
        late = entries > 0
        n_risk = n_risk - _from(entries[late], own[late], wanted - near)
    counts = {"n_risk": n_risk}
    for name, rows in (("n_event", events), ("n_censor", ~events)):
        counts[name] = own[rows].sum() - _from(times[rows], own[rows], np.nextafter(wanted + near, np.inf))
    kind = np.int64 if weights is None else np.float64
    return pd.DataFrame({"time": wanted, **{name: found.astype(kind) for name, found in counts.items()}})


def _from(times: Floats, weights: Floats, at: Floats) -> Floats:
    """Weight of the times at or after each time asked for."""
    order = np.argsort(times, kind="stable")
    later = np.append(np.cumsum(weights[order][::-1])[::-1], 0.0)
    return np.asarray(later[np.searchsorted(times[order], at, side="left")])


def numbers_at_risk(
    grid: Floats, times: Floats, entry: Floats | None = None, weights: Floats | None = None
) -> Floats:
    """Numbers at risk at the sorted times of a grid, near-ties merged: T >= t and entry < t.

    Examples
    --------
    >>> numbers_at_risk(np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [1.0, 1.0]
    """
    left = sums_by(np.searchsorted(grid, times, side="right"), weights, grid.size + 1)
    out: Floats = np.cumsum(left[::-1])[::-1][1:]
    if entry is not None:
        opened = sums_by(np.searchsorted(grid, entry, side="right"), weights, grid.size + 1)
        out = out - np.cumsum(opened[::-1])[::-1][1:]
    return np.asarray(out, dtype=np.float64)


@dataclass(frozen=True)
class State:
    """Sums at one value of the coefficients.

    Attributes
    ----------
    loglik : float
        Log partial likelihood.
    risk : ndarray
        Weight times relative hazard of each row.
    inverse, inverse2 : tuple of ndarray
        For each cell, sums over its deaths of ``phi**k m / denominator`` (k = 0, 1) and of
        ``phi**k m / denominator**2`` (k = 0, 1, 2), where ``m`` is the mean weight of the deaths
        and ``phi`` the share of the dying that is no longer at risk (0 with Breslow ties).
    """

    loglik: float
    risk: Floats
    inverse: tuple[Floats, Floats]
    inverse2: tuple[Floats, Floats, Floats]


class RiskSets:
    """Rows and the event times at which they are at risk.

    A cell is a distinct event time of a stratum; the first cell of each stratum stands for the time
    before its first event. Row i is at risk in the cells after ``opened[i]`` up to ``last[i]``.
    Covariates are standardised on the way and never copied.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        Covariates.
    times, events : ndarray
        Times and events.
    scheme : Scheme
        Delayed entry, strata, weights and ties.
    """

    def __init__(self, x: Floats, times: Floats, events: Bools, scheme: Scheme = PLAIN) -> None:
        self.x, self.scheme = x, scheme
        self.centre = np.array([column.mean() for column in x.T])
        self.scale = np.array([column.std() or 1.0 for column in x.T])
        stop, entry = merged(times, scheme.entry)
        self.stop, self.entry = stop, entry
        self.last = np.zeros(stop.size, dtype=np.intp)
        self.opened = None if entry is None else np.zeros(stop.size, dtype=np.intp)
        self.bounds: list[tuple[int, int]] = []
        grids, size = [], 0
        for rows in _strata_rows(scheme.strata, stop.size):
            grid = np.unique(stop[rows][events[rows]])
            self.last[rows] = size + np.searchsorted(grid, stop[rows], side="right")
            if self.opened is not None and entry is not None:
                self.opened[rows] = size + np.searchsorted(grid, entry[rows], side="right")
            self.bounds.append((size, size + grid.size + 1))
            grids.append(np.append(np.nan, grid))
            size += grid.size + 1
        self.cell_times: Floats = np.concatenate(grids)
        self.event_rows = np.flatnonzero(events)
        self.event_cells = self.last[self.event_rows]
        self.deaths = np.bincount(self.event_cells, minlength=size)
        weights = scheme.weights
        self.death_weight = self.deaths.astype(np.float64) if weights is None else self.per_death(weights)
        self.thinned = scheme.ties == "efron" and bool((self.deaths > 1).any())

    def chunks(self) -> Iterator[tuple[slice, Floats]]:
        """Yield standardised covariates, some rows at a time."""
        for start in range(0, len(self.x), _CHUNK):
            rows = slice(start, start + _CHUNK)
            yield rows, (self.x[rows] - self.centre) / self.scale

    def column(self, j: int | np.intp) -> Floats:
        """One standardised covariate."""
        out: Floats = self.x[:, j] - self.centre[j]
        out /= self.scale[j]
        return out

    def standard(self, rows: NDArray[np.intp]) -> Floats:
        """Some rows of the standardised covariates."""
        return np.asarray((self.x[rows] - self.centre) / self.scale)

    def linear(self, beta: Floats) -> Floats:
        """Linear predictor of the standardised covariates."""
        out = np.zeros(len(self.x))
        for j in np.flatnonzero(beta):
            column = self.column(j)
            column *= beta[j]
            out += column
        return out

    def per_death(self, values: Floats) -> Floats:
        """Sum over the deaths of each cell."""
        return sums_by(self.event_cells, values[self.event_rows], self.deaths.size)

    def at_risk(self, values: Floats) -> Floats:
        """Sum over the rows at risk in each cell."""
        counted = sums_by(self.last, values, self.deaths.size)
        if self.opened is not None:
            counted -= sums_by(self.opened, values, self.deaths.size)
        for start, stop in self.bounds:
            counted[start:stop] = np.cumsum(counted[start:stop][::-1])[::-1]
        return counted

    def over_time(self, hazard: Floats) -> Floats:
        """Sum of a quantity of the cells over those in which each row is at risk."""
        sums = hazard.copy()
        for start, stop in self.bounds:
            sums[start:stop] = np.cumsum(sums[start:stop])
        out: Floats = sums[self.last]
        if self.opened is not None:
            out -= sums[self.opened]
        return out

    def at(self, beta: Floats) -> State:
        """Likelihood and sums at these coefficients of the standardised covariates."""
        eta = self.linear(beta)
        eta -= eta.max(initial=_LOWEST)
        np.maximum(eta, _LOWEST, out=eta)
        weights = self.scheme.weights
        own = eta[self.event_rows]
        loglik = float(own.sum() if weights is None else weights[self.event_rows] @ own)
        risk: Floats = np.exp(eta, out=eta)
        if weights is not None:
            risk *= weights
        logs, sums = self._denominators(self.at_risk(risk), self.per_death(risk))
        return State(loglik - logs, risk, (sums[0], sums[1]), (sums[2], sums[3], sums[4]))

    def _denominators(self, total: Floats, dying: Floats) -> tuple[float, list[Floats]]:
        """Sum of the logs of the denominators, and the sums of :class:`State`."""
        sums = [np.zeros(self.deaths.size) for _ in range(5)]
        used = np.flatnonzero(self.deaths)
        count = self.deaths[used] if self.thinned else np.ones(used.size, dtype=np.intp)
        mean = self.death_weight[used] / count
        ends, logs = np.cumsum(count), 0.0
        cuts = np.searchsorted(ends, np.arange(0, int(count.sum()) + _CHUNK, _CHUNK), side="right")
        for start, stop in pairwise(cuts):
            cells, d = used[start:stop], count[start:stop]
            if not d.size:
                continue
            first = np.cumsum(d) - d
            phi = (np.arange(d.sum()) - np.repeat(first, d)) / np.repeat(d, d)
            denominator = np.repeat(total[cells], d) - phi * np.repeat(dying[cells], d)
            m = np.repeat(mean[start:stop], d)
            with np.errstate(divide="ignore"):
                logs += float(m @ np.log(denominator))
                term = m / denominator
                square = term / denominator
            values = (term, phi * term, square, phi * square, phi * phi * square)
            for out, value in zip(sums, values, strict=True):
                out[cells] = np.add.reduceat(value, first)
        return logs, sums

    def expected(self, state: State, hazard: tuple[Floats, Floats]) -> Floats:
        """Number of events expected of each row, for one unit of its risk."""
        out: Floats = self.over_time(hazard[0])
        if self.thinned:
            out[self.event_rows] -= hazard[1][self.event_cells]
        return out

    def moments(self, state: State) -> tuple[Floats, Floats]:
        """Weighted sums of the covariates at risk and of the dying, one row a cell."""
        shape = (self.deaths.size, self.x.shape[1])
        at_risk, dying = np.zeros(shape), np.zeros(shape)
        for j in range(shape[1]):
            values = self.column(j)
            values *= state.risk
            at_risk[:, j] = self.at_risk(values)
            if self.thinned:
                dying[:, j] = self.per_death(values)
        return at_risk, dying

    def derivatives(self, state: State, by: Floats | None = None) -> tuple[Floats, Floats]:
        """Score and information; each cell multiplied by ``by`` where it is given."""
        a, b = state.inverse
        squares = state.inverse2
        if by is not None:
            a, b = a * by, b * by
            squares = (squares[0] * by, squares[1] * by, squares[2] * by)
        information = self._between(self.moments(state), squares)
        surplus = self.expected(state, (a, b))
        surplus *= state.risk
        for rows, z in self.chunks():
            information += z.T @ (z * surplus[rows, None])
        np.negative(surplus, out=surplus)
        observed = np.ones(self.event_rows.size) if by is None else by[self.event_cells]
        if self.scheme.weights is not None:
            observed = observed * self.scheme.weights[self.event_rows]
        surplus[self.event_rows] += observed
        score = np.zeros(self.x.shape[1])
        for rows, z in self.chunks():
            score += z.T @ surplus[rows]
        return score, information

    def _between(self, moments: tuple[Floats, Floats], squares: tuple[Floats, Floats, Floats]) -> Floats:
        """Part of the information that the means take away."""
        s, d = moments
        out = -(s * squares[0][:, None]).T @ s
        if self.thinned:
            cross = (s * squares[1][:, None]).T @ d
            out += cross + cross.T - (d * squares[2][:, None]).T @ d
        return np.asarray(out)

    def event_means(self, state: State) -> Floats:
        """Mean of the covariates among those at risk in each cell, over its deaths."""
        s, d = self.moments(state)
        weight = np.where(self.deaths > 0, self.death_weight, np.nan)[:, None]
        return np.asarray((s * state.inverse[0][:, None] - d * state.inverse[1][:, None]) / weight)

    def score_residuals(self, state: State) -> Floats:
        """Each row's part of the score, as R's ``residuals(type = "score")``."""
        s, d = self.moments(state)
        one, phi, phi2 = (values[:, None] for values in state.inverse2)
        alive, dying = s * one - d * phi, s * phi - d * phi2
        out = np.column_stack([self.over_time(column) for column in alive.T])
        out[self.event_rows] -= dying[self.event_cells]
        out -= (self.x - self.centre) / self.scale * self.expected(state, state.inverse)[:, None]
        weights = self.scheme.weights
        out *= (state.risk if weights is None else state.risk / weights)[:, None]
        out[self.event_rows] += self.standard(self.event_rows) - self.event_means(state)[self.event_cells]
        return out


def _strata_rows(strata: NDArray[np.integer[Any]] | None, n: int) -> Iterator[slice | NDArray[np.intp]]:
    """Yield the rows of each stratum."""
    if strata is None:
        yield slice(0, n)
        return
    for stratum in np.unique(strata):
        yield np.flatnonzero(strata == stratum)
