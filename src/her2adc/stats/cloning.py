"""Clones, artificial censoring and weights: strategies that differ in what is started later on.

A patient who may yet start a treatment is compatible, at time zero, with starting it within a grace
period and with never starting it. Each is therefore copied into both strategies, a copy is censored when
what the patient does no longer fits its strategy, and those who stay are weighted by the inverse of
their chance to stay, given the covariates, so that they stand for those who were censored [1]_ [2]_.

* Strategy "start": a copy is censored at the end of the grace period if the treatment has not been
  started. The chance to stay is a logistic regression among those followed beyond that time.
* Strategy "never": a copy is censored when the treatment is started. The chance to stay is that of a Cox
  model of the time to the start (Breslow ties), read just before each time.

Weights are stabilised by the same chances without covariates. The outcome is compared by a weighted Cox
model with a variance that is robust to the copies (clustered by patient) and takes the weights as known.
Only covariates of time zero are used: what changes later and drives both the start and the outcome is
not accounted for. A patient who dies within the grace period untreated counts in both strategies.

References
----------
.. [1] Hernán, M. A. (2018). How to estimate the effect of treatment duration on survival outcomes using
   observational data. BMJ 360, k182.
.. [2] Maringe, C. et al. (2020). Reflection on modern methods: trial emulation in the presence of
   immortal-time bias. International Journal of Epidemiology 49, 1719-1729.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.stats.design import design
from her2adc.stats.inputs import Bools, Floats, check_columns, endpoint_of, tied
from her2adc.stats.partial_likelihood import fit_cox, linear_score
from her2adc.stats.scheme import Scheme
from her2adc.stats.weighting import propensity

__all__ = [
    "CLONE",
    "NEVER",
    "START",
    "STRATEGY",
    "WEIGHT",
    "Intervals",
    "begin_of",
    "chance_to_stay",
    "clones",
    "keep_to",
]

STRATEGY, START, NEVER = "strategy", "start", "never"
"""Column of the strategy, and its two levels."""
CLONE, WEIGHT = "clone_of", "clone_weight"
"""Columns of the patient's number and of the weight."""

Integers = NDArray[np.intp]


@dataclass(frozen=True)
class _Patients:
    """Complete patients: outcome, start of the treatment (infinite when never), data."""

    data: pd.DataFrame
    times: Floats
    events: Bools
    begin: Floats


def begin_of(data: pd.DataFrame, begin: str, times: Floats) -> Floats:
    """Time at which a treatment began, infinite for those who never started it before their end."""
    check_columns(data, [begin])
    values = data[begin].to_numpy(dtype=np.float64, na_value=np.nan)
    if (values < 0).any():
        raise ValueError(
            f"{begin} is negative in {int((values < 0).sum())} rows; "
            "leave out patients treated before time zero"
        )
    return np.where(values < times, values, np.inf)


def _patients(data: pd.DataFrame, endpoint: str, begin: str, covariates: Sequence[str]) -> _Patients:
    """Patients with the endpoint and every covariate."""
    check_columns(data, covariates)
    kept, times, events = endpoint_of(data, endpoint)
    known = kept[list(covariates)].notna().all(axis=1).to_numpy(dtype=bool) & (times > 0)
    rows = kept.loc[known].reset_index(drop=True)
    times, start = times[known], begin_of(rows, begin, times[known])
    ever = np.isfinite(start)
    both = tied(np.concatenate([times, start[ever]]))
    start[ever] = both[times.size :]
    start[start >= both[: times.size]] = np.inf
    return _Patients(rows, both[: times.size], events[known], start)


def clones(
    data: pd.DataFrame, endpoint: str, begin: str, grace: float, covariates: Sequence[str] = ()
) -> pd.DataFrame:
    """Copy patients into the strategies, censor at deviation, weigh.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    begin : str
        Column of the time from the endpoint's clock to the start of the treatment; missing if never.
    grace : float
        Time within which strategy "start" has to start.
    covariates : sequence of str
        Variables of time zero that drive the start; without them all weights are 1.

    Returns
    -------
    pandas.DataFrame
        Intervals of follow-up: ``clone_of`` (number of the patient), ``strategy`` (never, start),
        ``<endpoint>_entry``, ``<endpoint>_time``, ``<endpoint>_event`` and ``clone_weight``.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [1.0, 5, 6], "OS_event": [True] * 3, "second": [None, 2.0, None]})
    >>> copies = clones(data, "OS", "second", 3)
    >>> copies[["clone_of", "strategy", "OS_entry", "OS_time", "OS_event"]].values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [[0, 'never', 0.0, 1.0, True], [1, 'never', 0.0, 2.0, False], [2, 'never', 0.0, 6.0, True],
     [0, 'start', 0.0, 1.0, True], [1, 'start', 0.0, 3.0, False], [1, 'start', 3.0, 5.0, True],
     [2, 'start', 0.0, 3.0, False]]
    """
    if not grace > 0:
        raise ValueError(f"grace is {grace}; give a time above 0")
    found = _patients(data, endpoint, begin, covariates)
    parts = [_never(found, covariates), _start(found, covariates, grace)]
    columns = [CLONE, f"{endpoint}_entry", f"{endpoint}_time", f"{endpoint}_event", WEIGHT]
    tables = [
        pd.DataFrame(dict(zip(columns, part, strict=True))).assign(**{STRATEGY: name})
        for name, part in zip((NEVER, START), parts, strict=True)
    ]
    out = pd.concat(tables, ignore_index=True)
    out[STRATEGY] = pd.Categorical(out[STRATEGY], [NEVER, START], ordered=True)
    return out


Intervals = tuple[Integers, Floats, Floats, Bools, Floats]
"""Patient, entry, time, event and weight of intervals of follow-up."""


def _start(found: _Patients, covariates: Sequence[str], grace: float) -> Intervals:
    """Copies that have to start within the grace period."""
    reached = found.times > grace
    weight = np.ones(found.times.size)
    weight[reached] = chance_to_stay(found.data.loc[reached], found.begin[reached] <= grace, covariates)
    return keep_to(found.times, found.events, np.where(reached, grace, np.inf), found.begin <= grace, weight)


def keep_to(times: Floats, events: Bools, decision: Floats, stays: Bools, weight: Floats) -> Intervals:
    """Follow-up under a strategy that is kept or left at one time a patient.

    Parameters
    ----------
    times, events : ndarray
        Times and events.
    decision : ndarray
        Time at which a patient must have done what the strategy asks; infinite when it is not reached.
    stays : ndarray of bool
        Who has done it.
    weight : ndarray
        Weight from that time on of those who stay; it is 1 before.

    Returns
    -------
    tuple
        Patient, entry, time, event and weight of each interval.
    """
    number = np.arange(times.size)
    reached = decision < times
    end = np.where(reached, decision, times)
    on = reached & stays
    patient = np.concatenate([number, number[on]])
    order = np.argsort(patient, kind="stable")
    return _intervals(
        patient[order],
        np.concatenate([np.zeros(times.size), decision[on]])[order],
        np.concatenate([end, times[on]])[order],
        np.concatenate([events & ~reached, events[on]])[order],
        np.concatenate([np.ones(times.size), weight[on]])[order],
    )


def chance_to_stay(data: pd.DataFrame, stays: Bools, covariates: Sequence[str]) -> Floats:
    """Stabilised weight of those who stay, by logistic regression; 1 without covariates.

    Raises
    ------
    ValueError
        When the covariates tell who stays with certainty.
    """
    if not covariates or not stays.any() or stays.all():
        return np.ones(stays.size)
    column = pd.Categorical(np.where(stays, "stays", "leaves"), ["leaves", "stays"], ordered=True)
    try:
        score = propensity(data.assign(**{STRATEGY: column}), STRATEGY, covariates)
    except ValueError as error:
        why = f"no weights of starting in time from {', '.join(covariates)}: it is certain for some patients"
        raise ValueError(why) from error
    return np.asarray(stays.mean() / score.to_numpy(dtype=np.float64))


def _never(found: _Patients, covariates: Sequence[str]) -> Intervals:
    """Copies that must not start."""
    started = np.isfinite(found.begin)
    end = np.where(started, found.begin, found.times)
    events = found.events & ~started
    number = np.arange(end.size)
    if not covariates or not started.any():
        return _intervals(number, np.zeros(end.size), end, events, np.ones(end.size))
    score = _start_score(found, covariates, end, started)
    cuts, hazard, plain = _hazards(end, started, score, found.times[found.events])
    pieces = np.searchsorted(cuts, end) + 1
    row = np.repeat(number, pieces)
    piece = np.arange(row.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    entry = np.append(0.0, cuts)[piece]
    last = piece == pieces[row] - 1
    time = np.where(last, end[row], np.append(cuts, np.inf)[piece])
    weight = np.exp(np.append(0.0, hazard)[piece] * score[row] - np.append(0.0, plain)[piece])
    return _intervals(row, entry, time, events[row] & last, weight)


def _intervals(patient: Integers, entry: Floats, time: Floats, event: Bools, weight: Floats) -> Intervals:
    """Intervals that have a length."""
    kept = time > entry
    return patient[kept], entry[kept], time[kept], event[kept], weight[kept]


def _start_score(found: _Patients, covariates: Sequence[str], end: Floats, started: Bools) -> Floats:
    """Relative hazard of starting, by a Cox model."""
    matrix = design(found.data, covariates).matrix
    fit = fit_cox(matrix, end, started, Scheme(ties="breslow"))
    return np.exp(linear_score(matrix, fit))


def _hazards(end: Floats, started: Bools, score: Floats, outcome: Floats) -> tuple[Floats, Floats, Floats]:
    """Times at which weights change, and the cumulative hazards of starting up to them.

    The second hazard is that without covariates. Times between which nobody has the outcome are one.
    """
    cuts, count = np.unique(end[started], return_counts=True)
    order = np.sort(end)
    at_risk = end.size - np.searchsorted(order, cuts)
    sums = np.cumsum(score[np.argsort(end, kind="stable")][::-1])[::-1]
    weighted = sums[np.searchsorted(order, cuts)]
    hazard, plain = np.cumsum(count / weighted), np.cumsum(count / at_risk)
    between = np.searchsorted(np.sort(outcome), cuts, side="right")
    used = np.append(np.diff(between) > 0, between[-1] < outcome.size)
    return cuts[used], hazard[used], plain[used]
