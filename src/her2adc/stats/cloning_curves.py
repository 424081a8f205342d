"""Kaplan-Meier curves of weighted intervals, several of which may belong to one patient."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.stats.inputs import (
    Bools,
    Floats,
    Outcome,
    check_columns,
    conf_level_of,
    conf_type_of,
    groups_of,
    outcome_of,
    sums_by,
)
from her2adc.stats.kaplan_meier import Steps, limits, steps

__all__ = ["curve_of_intervals"]

_COLUMNS = ["group", "time", "n_risk", "n_event", "n_censor", "survival", "conf_low", "conf_high"]


def curve_of_intervals(
    intervals: pd.DataFrame,
    endpoint: str,
    by: str,
    *,
    weights: str,
    cluster: str,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Weighted Kaplan-Meier curves with standard errors by cluster, to draw.

    Parameters
    ----------
    intervals : pandas.DataFrame
        ``<endpoint>_entry``, ``<endpoint>_time`` and ``<endpoint>_event`` of intervals of follow-up; a
        patient's intervals follow one another without overlap.
    endpoint : str
        Name of the endpoint.
    by : str
        Column of groups.
    weights, cluster : str
        Columns of the weight of each interval, taken as known, and of the patient.
    conf_type : {"log-log", "log", "plain"}
        Scale of the confidence interval.
    conf_level : float
        Level of the interval.

    Returns
    -------
    pandas.DataFrame
        ``group`` and the columns of :func:`her2adc.stats.kaplan_meier.km`, the numbers being sums of
        weights and ``n_censor`` leaving out the ends of intervals that go on. Standard errors are the
        infinitesimal jackknife by patient, as ``survfit(weights =, cluster =, robust = TRUE)``.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_entry": [0.0, 2, 0], "OS_time": [2.0, 4, 3], "OS_event": [False, True, True],
    ...                      "arm": ["a"] * 3, "w": [1.0, 3, 1], "id": [1, 1, 2]})
    >>> curve_of_intervals(data, "OS", "arm", weights="w", cluster="id")["survival"].tolist()
    [1.0, 0.75, 0.0]
    """
    conf_type_of(conf_type), conf_level_of(conf_level)
    check_columns(intervals, [weights, cluster])
    tables = []
    for label, rows in groups_of(intervals, by):
        if rows.any():
            part = intervals.loc[rows]
            table = _table(part, endpoint, weights, cluster, conf_type, conf_level)
            tables.append(table.assign(group=label))
    if not tables:
        return pd.DataFrame(columns=_COLUMNS)
    return pd.concat(tables, ignore_index=True)[_COLUMNS]


def _table(
    part: pd.DataFrame, endpoint: str, weights: str, cluster: str, conf_type: str, conf_level: float
) -> pd.DataFrame:
    """Curve of one group."""
    found = outcome_of(part, endpoint)
    own = part[weights].to_numpy(dtype=np.float64)
    _, person = np.unique(part[cluster].to_numpy(), return_inverse=True)
    made = steps(found.times, found.events, found.entry, own)
    entry = np.zeros(found.times.size) if found.entry is None else found.entry
    error = _error(made, found, entry, own, person)
    low, high = limits(made.survival, error, conf_type, conf_level)
    over = ~_goes_on(person, found.times, entry)
    censored = over & ~found.events
    n_censor = sums_by(np.searchsorted(made.time, found.times[censored]), own[censored], made.time.size)
    rest = {"time": made.time, "n_risk": made.n_risk, "n_event": made.n_event, "n_censor": n_censor}
    table = pd.DataFrame({**rest, "survival": made.survival, "conf_low": low, "conf_high": high})
    first = {"time": 0.0, "n_risk": own[entry <= 0].sum(), "n_event": 0.0, "n_censor": 0.0}
    start = pd.DataFrame([{**first, "survival": 1.0, "conf_low": 1.0, "conf_high": 1.0}])
    return pd.concat([start, table.loc[np.isin(made.time, found.times[over])]], ignore_index=True)


def _error(made: Steps, found: Outcome, entry: Floats, own: Floats, person: NDArray[np.intp]) -> Floats:
    """Standard error of log survival: the jackknife over patients, the weights taken as known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        after = np.where(made.n_event > 0, 1.0 / (made.n_risk - made.n_event), 0.0)
        jump = np.where(made.n_event > 0, made.n_event / made.n_risk * after, 0.0)
    at_risk, died = (np.zeros((person.max() + 1, made.time.size + 1)) for _ in range(2))
    last = np.searchsorted(made.time, found.times)
    np.add.at(at_risk, (person, np.searchsorted(made.time, entry, side="right")), own)
    np.add.at(at_risk, (person, last + 1), -own)
    np.add.at(died, (person, last), own * found.events)
    with np.errstate(invalid="ignore"):
        pieces = np.cumsum(at_risk, axis=1)[:, :-1] * jump - died[:, :-1] * after
        return np.asarray(np.sqrt((np.cumsum(pieces, axis=1) ** 2).sum(axis=0)))


def _goes_on(person: NDArray[np.intp], times: Floats, entry: Floats) -> Bools:
    """Whether an interval's patient goes on at its end."""
    begun = set(zip(person.tolist(), entry.tolist(), strict=True))
    return np.array([pair in begun for pair in zip(person.tolist(), times.tolist(), strict=True)], dtype=bool)
