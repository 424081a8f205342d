"""Stays of patients in states, and the Aalen-Johansen estimate of where they are over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.stats.inputs import Floats, check_columns, endpoint_of, margin, tied

__all__ = ["Stays", "estimate", "stays_of"]

Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Stays:
    """Stays of patients in states.

    Attributes
    ----------
    names : list of str
        States, the last that of the dead.
    start : ndarray of int
        State of each patient at time 0.
    patient, state, to : ndarray of int
        Patient and state of each stay, and the state that follows (-1 at the end of follow-up).
    entry, exit : ndarray
        When the stay began and ended.
    """

    names: list[str]
    start: Integers
    patient: Integers
    state: Integers
    to: Integers
    entry: Floats
    exit: Floats

    @property
    def size(self) -> int:
        """Number of patients."""
        return self.start.size


def stays_of(data: pd.DataFrame, states: Mapping[str, str | None], endpoint: str, dead: str) -> Stays:
    """Order each patient's states by the time at which they are entered.

    Parameters
    ----------
    data, states, endpoint, dead
        See :func:`her2adc.stats.multistate.occupation`.

    Returns
    -------
    Stays
        A state that is left at the time at which it is entered is passed over.
    """
    names = [*states, dead]
    if len(set(names)) < len(names) or len(names) < 2 or next(iter(states.values())) is not None:
        raise ValueError(f"states are {dict(states)}; give each its own name, the first without a column")
    kept, times, events = endpoint_of(data, endpoint)
    entered = np.full((times.size, len(names)), np.inf)
    for j, column in enumerate(states.values()):
        if column is not None:
            check_columns(kept, [column])
            values = kept[column].to_numpy(dtype=np.float64, na_value=np.nan)
            entered[:, j] = np.where(values <= times + margin(times), values, np.inf)
    entered[:, 0], entered[:, -1] = 0.0, np.where(events, times, np.inf)
    if (entered < 0).any():
        raise ValueError("a state is entered before time 0; correct these times")
    ever = np.isfinite(entered)
    merged = tied(np.concatenate([entered[ever], times]))
    entered[ever], times = merged[: ever.sum()], merged[ever.sum() :]
    order = np.argsort(entered, axis=1, kind="stable").astype(np.intp)
    at = np.take_along_axis(entered, order, axis=1)
    following = np.column_stack([at[:, 1:], np.full(times.size, np.inf)])
    rests = np.isfinite(at) & (following > at)
    patient, place = np.nonzero(rests)
    state = order[patient, place]
    again = np.append(patient[1:] == patient[:-1], False) if patient.size else np.zeros(0, dtype=bool)
    to = np.where(again, np.append(state[1:], -1), -1)
    end = np.minimum(following, times[:, None])[patient, place]
    start = state[np.searchsorted(patient, np.arange(times.size))]
    alive = state < len(names) - 1
    return Stays(names, start, patient[alive], state[alive], to[alive], at[patient, place][alive], end[alive])


def estimate(stays: Stays) -> tuple[Floats, Floats, Floats, Floats]:
    """Aalen-Johansen estimate.

    Parameters
    ----------
    stays : Stays
        Stays in states.

    Returns
    -------
    tuple of ndarray
        Times (0 first), and with a row for each time and a column for each state: the number in it
        just after, the probability, its standard error (infinitesimal jackknife).
    """
    time = np.unique(np.append(0.0, stays.exit))
    closed = np.searchsorted(time, stays.exit)
    shape = (time.size, len(stays.names))
    order = np.argsort(closed, kind="stable")
    at = np.split(order, np.searchsorted(closed[order], np.arange(1, time.size)))
    where: Integers = stays.start.copy()
    first = np.eye(shape[1])[where]
    p = first.mean(axis=0)
    u = (first - p) / max(stays.size, 1)
    inside, ps, errors = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for step, rows in enumerate(at):
        p, u = _step(stays, rows[stays.to[rows] >= 0], where, p, u)
        where[stays.patient[rows]] = stays.to[rows]
        inside[step] = np.bincount(where[where >= 0], minlength=shape[1])
        ps[step], errors[step] = p, np.sqrt((u**2).sum(axis=0))
    return time, inside, ps, errors


def _step(stays: Stays, rows: Integers, where: Integers, p: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Probabilities and influences after the moves at one time."""
    after, influence = p.copy(), u.copy()
    for source in np.unique(stays.state[rows]):
        here = where == source
        n = int(here.sum())
        moved = rows[stays.state[rows] == source]
        for target in np.unique(stays.to[moved]):
            movers = stays.patient[moved[stays.to[moved] == target]]
            rate = movers.size / n
            own = p[source] / n * (-rate * here)
            own[movers] += p[source] / n
            shift = u[:, source] * rate + own
            after[source], after[target] = after[source] - p[source] * rate, after[target] + p[source] * rate
            influence[:, source] -= shift
            influence[:, target] += shift
    return np.maximum(after, 0.0), influence
