"""Survival statistics on whole days, and simulated annealing over the records behind them.

The pieces a study needs to look for individual records behind printed
numbers.  Nothing in here knows a study: a study brings a cohort (a mapping of
column name to array), the terms to be met and the moves that are allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Cohort = dict[str, NDArray[np.int64]]
Change = list[tuple[str, list[int], list[int]]]
Move = Callable[[Cohort, np.random.Generator], "Change | None"]

_EPSILON = 1e-9
_NOISE = 1e-12  # differences of cost below it are those of floating point


def kaplan_meier(
    time: Array, event: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Kaplan-Meier estimate at the distinct event times.

    Parameters
    ----------
    time : array
        Follow-up times.
    event : array of bool or 0/1
        True where the time ends in an event.

    Returns
    -------
    times, survival, at_risk, events
        One entry for each distinct event time; at risk is #{T >= t}.
    """
    happened = np.asarray(event, dtype=bool)
    times = np.unique(time[happened])
    at_risk = (time >= times[:, None]).sum(axis=1)
    events = (time[happened] == times[:, None]).sum(axis=1)
    survival = np.cumprod(1.0 - events / at_risk)
    return times.astype(np.float64), survival, at_risk, events


def survival_at(time: Array, event: Array, *when: float) -> list[float]:
    """Kaplan-Meier survival at given times (events at those times included).

    Parameters
    ----------
    time, event : array
        Follow-up times, and whether they end in an event.
    *when : float
        The times asked for.

    Returns
    -------
    list of float
    """
    # One factor for each patient: with events first among ties the product telescopes.
    order = np.argsort(2 * time - event, kind="stable")
    curve = np.cumprod(1.0 - event[order] / np.arange(len(order), 0, -1))
    known = np.searchsorted(time[order], when, side="right")
    return [float(curve[k - 1]) if k else 1.0 for k in known]


def median_survival(time: Array, event: Array) -> float:
    """Median survival, ``inf`` when it is not reached.

    If the curve runs at exactly 0.5 between two event times the median is the
    midpoint of that interval, as in R's ``survfit``.
    """
    times, survival, _, _ = kaplan_meier(time, event)
    reached = np.flatnonzero(survival <= 0.5 + _EPSILON)
    if reached.size == 0:
        return math.inf
    k = int(reached[0])
    if survival[k] < 0.5 - _EPSILON:
        return float(times[k])
    end = times[k + 1] if k + 1 < times.size else float(np.max(time))
    return float((times[k] + end) / 2.0)


class RiskTable:
    """Who is at risk at each event time; made once for many log-rank tests.

    Parameters
    ----------
    time, event : array
        Follow-up times, and whether they end in an event.
    """

    def __init__(self, time: Array, event: Array) -> None:
        self.event = np.asarray(event, dtype=bool)
        times = np.unique(time[self.event])
        self.later = (time >= times[:, None]).astype(np.float64)
        self.n = self.later.sum(axis=1)
        self.d = (time[self.event] == times[:, None]).sum(axis=1)
        self.spread = self.d * (self.n - self.d) / np.maximum(self.n - 1, 1)

    def logrank_p(self, group: Array) -> float:
        """Test one group against the others; two-sided p-value."""
        share = self.later @ group / self.n
        excess = np.count_nonzero(group[self.event]) - float(self.d @ share)
        variance = float(self.spread @ (share * (1.0 - share)))
        if variance <= 0.0:
            return 1.0
        return math.erfc(abs(excess) / math.sqrt(2.0 * variance))


def logrank_p(time: Array, event: Array, group: Array) -> float:
    """Two-sided p-value of the two-group log-rank test.

    Parameters
    ----------
    time, event : array
        Follow-up times, and whether they end in an event.
    group : array of bool or 0/1
        Membership of the first group.
    """
    return RiskTable(time, event).logrank_p(group)


@dataclass(frozen=True)
class Term:
    """One addend of the cost: zero where what it stands for is met.

    Attributes
    ----------
    name : str
        What it stands for.
    columns : frozenset of str
        Columns of the cohort it reads; it is only evaluated again when a move
        changes one of them in one of ``rows``.
    rows : array of bool
        Rows it reads.
    cost : callable
        The cost of a cohort, not negative.
    """

    name: str
    columns: frozenset[str]
    rows: NDArray[np.bool_]
    cost: Callable[[Cohort], float]


@dataclass(frozen=True)
class Label:
    """A column within some rows, and the moves that change it there."""

    column: str
    rows: NDArray[np.bool_]
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Schedule:
    """Length and temperatures of the annealing; each round starts it anew from the best."""

    steps: int = 100_000
    hot: float = 0.3
    cold: float = 0.003
    rounds: int = 5


def swap_within(
    columns: Sequence[str],
    strata: Sequence[NDArray[np.int64]],
    allowed: Callable[[Cohort, int, int], bool] | None = None,
) -> Move:
    """Move: pass the values of some columns on in a ring of rows of one stratum.

    Half of the rings are swaps of two rows, the others have up to six, which
    reaches what no single swap does.

    Parameters
    ----------
    columns : sequence of str
        Columns whose values move together.
    strata : sequence of array
        Row numbers of each stratum.
    allowed : callable, optional
        Whether two rows may exchange these values.
    """

    def move(cohort: Cohort, rng: np.random.Generator) -> Change | None:
        rows = strata[int(rng.integers(len(strata)))]
        size = max(2, int(rng.integers(-2, 7)))
        ring = [int(rows[k]) for k in rng.integers(len(rows), size=size)]
        if len(set(ring)) < size:
            return None
        source = [*ring[1:], ring[0]]
        if all(cohort[c][i] == cohort[c][j] for c in columns for i, j in zip(ring, source, strict=True)):
            return None
        if allowed is not None and not all(map(allowed, [cohort] * size, ring, source)):
            return None
        return [(c, ring, [int(cohort[c][j]) for j in source]) for c in columns]

    return move


def shift(column: str, largest: int, allowed: Callable[[Cohort, int, int], bool]) -> Move:
    """Move: shift one value by 1 to ``largest``, small steps as likely as large ones.

    Parameters
    ----------
    column : str
        Column whose value changes.
    largest : int
        Largest step; its size is drawn on a log scale.
    allowed : callable
        Whether a row can have a value: cohort, row, value.
    """

    def move(cohort: Cohort, rng: np.random.Generator) -> Change | None:
        i = int(rng.integers(len(cohort[column])))
        size = int(math.exp(rng.random() * math.log(largest)))
        value = int(cohort[column][i]) + (size if rng.random() < 0.5 else -size)
        return [(column, [i], [value])] if allowed(cohort, i, value) else None

    return move


def anneal(
    cohort: Cohort,
    terms: Sequence[Term],
    moves: Sequence[Move],
    rng: np.random.Generator,
    schedule: Schedule,
) -> tuple[Cohort, float]:
    """Lower the summed cost of a cohort by simulated annealing.

    Parameters
    ----------
    cohort : mapping of column name to array
        Where to start; not changed.
    terms : sequence of Term
        What is to be met.
    moves : sequence of callable
        Proposals; each returns the changed cells, or None for no proposal.
    rng : numpy.random.Generator
        Source of randomness; the same state gives the same result.
    schedule : Schedule
        Steps, temperatures and number of rounds.

    Returns
    -------
    cohort, cost
        The best cohort met and its cost; ends early at cost zero.
    """
    best, best_cost = {k: v.copy() for k, v in cohort.items()}, math.inf
    for _ in range(schedule.rounds):
        found, cost = _anneal_once(best, terms, moves, rng, schedule)
        if cost < best_cost:
            best, best_cost = found, cost
        if best_cost <= 0.0:
            break
    return best, best_cost


def walk(
    cohort: Cohort,
    terms: Sequence[Term],
    moves: Sequence[Move],
    rng: np.random.Generator,
    steps: int,
) -> Cohort:
    """Wander from a cohort without ever raising the cost of the terms.

    Parameters
    ----------
    cohort, terms, moves, rng
        As of :func:`anneal`.
    steps : int
        Number of proposals.

    Returns
    -------
    cohort
        The last one; the cohort given is not changed.
    """
    now = {k: v.copy() for k, v in cohort.items()}
    for _ in range(steps):
        change = moves[int(rng.integers(len(moves)))](now, rng)
        if change is None:
            continue
        touched = _touched(terms, change)
        before = math.fsum(terms[k].cost(now) for k in touched)
        undo = _apply(now, change)
        if math.fsum(terms[k].cost(now) for k in touched) > before + _NOISE:
            _apply(now, undo)
    return now


def polish(
    cohort: Cohort,
    terms: Sequence[Term],
    labels: Sequence[Label],
    rng: np.random.Generator,
    schedule: Schedule,
) -> tuple[Cohort, float]:
    """Anneal one label after another, each against the terms that read it.

    Cheap and effective once the times are right: a label only has to meet the
    few terms of its own. Ends at the first label that cannot meet them, so the
    difficult ones go first.

    Parameters
    ----------
    cohort, terms, rng, schedule
        As of :func:`anneal`; the schedule is that of one label.
    labels : sequence of Label
        What may move.

    Returns
    -------
    cohort, cost
        The cost is that of all terms.
    """
    for label in labels:
        read = [t for t in terms if label.column in t.columns and (t.rows & label.rows).any()]
        if math.fsum(term.cost(cohort) for term in read) > 0.0:
            cohort, cost = anneal(cohort, read, label.moves, rng, schedule)
            if cost > 0.0:
                break
    return cohort, math.fsum(term.cost(cohort) for term in terms)


def _anneal_once(
    start: Cohort,
    terms: Sequence[Term],
    moves: Sequence[Move],
    rng: np.random.Generator,
    schedule: Schedule,
) -> tuple[Cohort, float]:
    now = {k: v.copy() for k, v in start.items()}
    costs = [term.cost(now) for term in terms]
    total = math.fsum(costs)
    best, best_total = {k: v.copy() for k, v in now.items()}, total
    cooling = (schedule.cold / schedule.hot) ** (1.0 / schedule.steps)
    temperature = schedule.hot
    for _ in range(schedule.steps):
        temperature *= cooling
        change = moves[int(rng.integers(len(moves)))](now, rng)
        if change is None:
            continue
        undo = _apply(now, change)
        fresh = {k: terms[k].cost(now) for k in _touched(terms, change)}
        gain = math.fsum(value - costs[k] for k, value in fresh.items())
        if gain > _NOISE and rng.random() >= math.exp(-gain / temperature):
            _apply(now, undo)
            continue
        for k, value in fresh.items():
            costs[k] = value
        total = math.fsum(costs)
        if total < best_total - _NOISE:
            best, best_total = {k: v.copy() for k, v in now.items()}, total
            if total <= 0.0:
                break
    return best, best_total


def _apply(cohort: Cohort, change: Change) -> Change:
    """Write a change into a cohort; return the change that takes it back."""
    undo = [(c, rows, [int(cohort[c][i]) for i in rows]) for c, rows, _ in change]
    for column, rows, values in change:
        for i, value in zip(rows, values, strict=True):
            cohort[column][i] = value
    return undo[::-1]


def _touched(terms: Sequence[Term], change: Change) -> list[int]:
    return [
        k
        for k, term in enumerate(terms)
        if any(c in term.columns and any(term.rows[i] for i in rows) for c, rows, _ in change)
    ]
