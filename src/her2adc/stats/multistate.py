"""Where patients are over time: state occupation (Aalen-Johansen) and attrition.

A patient begins in the first state at time 0, enters the others at times that columns of the data give,
each once at most, and can die in any. The estimator needs no Markov assumption for the probability of
being in a state [1]_. Standard errors are the infinitesimal jackknife, as R's ``survfit``.

References
----------
.. [1] Datta, S. and Satten, G. A. (2001). Validity of the Aalen-Johansen estimators of stage occupation
   probabilities and Nelson-Aalen estimators of integrated transition hazards for non-Markov models.
   Statistics & Probability Letters 55, 403-411.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import ALL_PATIENTS, frame, row
from her2adc.stats.inputs import (
    Floats,
    conf_level_of,
    conf_type_of,
    groups_of,
    groups_with_all,
    margin,
    place_at,
)
from her2adc.stats.kaplan_meier import limits
from her2adc.stats.transitions import Stays, estimate, stays_of

__all__ = ["DEAD", "attrition", "occupation", "state_occupation", "wide"]

DEAD = "Dead"
"""Name of the state of the dead."""
_METHOD = "Aalen-Johansen"


def occupation(
    data: pd.DataFrame,
    states: Mapping[str, str | None],
    endpoint: str = "OS",
    by: str | None = None,
    *,
    dead: str = DEAD,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Probability of being in each state at every time, to draw.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    states : mapping
        States in clinical order, each with the column of the time at which it is entered (missing if
        never); the first, in which everyone begins, with None. Of states entered at one time the later
        in this order holds.
    endpoint : str
        Endpoint whose event is death and whose time is the end of follow-up.
    by : str, optional
        Column of groups.
    dead : str
        Name of the state of the dead.
    conf_type, conf_level
        See :func:`her2adc.stats.kaplan_meier.km`.

    Returns
    -------
    pandas.DataFrame
        ``group, time, state, n, probability, conf_low, conf_high``: a row for each state at time 0 and
        at each time at which anybody stays or leaves; ``n`` is how many are in the state, and followed,
        just after.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [4.0, 3.0], "OS_event": [True, True], "pd": [2.0, None]})
    >>> table = occupation(data, {"ADC1": None, "Progressed": "pd"})
    >>> table.loc[table.time == 2, ["state", "probability"]].values.tolist()
    [['ADC1', 0.5], ['Progressed', 0.5], ['Dead', 0.0]]
    """
    conf_type_of(conf_type), conf_level_of(conf_level)
    parts = [(ALL_PATIENTS, data)] if by is None else [(g, data.loc[rows]) for g, rows in groups_of(data, by)]
    tables = []
    for label, part in parts:
        stays = stays_of(part, states, endpoint, dead)
        if stays.size:
            tables.append(_table(stays, conf_type, conf_level).assign(group=label))
    columns = ["group", "time", "state", "n", "probability", "conf_low", "conf_high"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def wide(table: pd.DataFrame, dead: str = DEAD) -> pd.DataFrame:
    """Occupation with a column for each state, as :func:`her2adc.figures.state_occupation` takes it.

    Parameters
    ----------
    table : pandas.DataFrame
        What :func:`occupation` returned.
    dead : str
        Name of the state of the dead.

    Returns
    -------
    pandas.DataFrame
        ``group, time``, the probability of each state, and ``n_risk``: how many are alive and followed.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [4.0, 3.0], "OS_event": [True, True], "pd": [2.0, None]})
    >>> wide(occupation(data, {"ADC1": None, "Progressed": "pd"})).values.tolist()[1]
    ['All patients', 2.0, 0.5, 0.5, 0.0, 2]
    """
    states = list(dict.fromkeys(table["state"]))
    places = ["group", "time"]
    shares = table.pivot_table("probability", places, "state", sort=False)[states]
    alive = table.loc[table["state"] != dead].groupby(places, sort=False)["n"].sum()
    return shares.assign(n_risk=alive).reset_index().rename_axis(columns=None)


def _table(stays: Stays, conf_type: str, conf_level: float) -> pd.DataFrame:
    """Probabilities of one group."""
    time, inside, p, error = estimate(stays)
    low, high = _limits(p, error, conf_type, conf_level)
    steps, states = p.shape
    return pd.DataFrame(
        {
            "time": np.repeat(time, states),
            "state": stays.names * steps,
            "n": inside.ravel().astype(np.int64),
            "probability": p.ravel(),
            "conf_low": low.ravel(),
            "conf_high": high.ravel(),
        }
    )


def _limits(p: Floats, error: Floats, conf_type: str, conf_level: float) -> tuple[Floats, Floats]:
    """Limits of probabilities; NaN at 0 and at 1 where the scale has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = limits(p, error / p, conf_type, conf_level)
    if conf_type == "plain":
        return np.where(p > 0, low, 0.0), np.where(p > 0, high, 0.0)
    return np.where(p > 0, low, np.nan), np.where(p > 0, high, np.nan)


def state_occupation(
    data: pd.DataFrame,
    states: Mapping[str, str | None],
    endpoint: str = "OS",
    by: str | None = None,
    landmarks: Sequence[float] = (6, 12, 24),
    *,
    dead: str = DEAD,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Probability of being in each state at landmarks.

    Parameters
    ----------
    data, states, endpoint, by, dead, conf_type, conf_level
        See :func:`occupation`.
    landmarks : sequence of float
        Times.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "state_occupation", all patients first: ``probability``, variable the
        state, level the landmark; NaN after the last follow-up. n_events counts the patients who were
        ever in the state.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [4.0, 3.0], "OS_event": [True, True], "pd": [2.0, None]})
    >>> rows = state_occupation(data, {"ADC1": None, "Progressed": "pd"}, landmarks=[2.5])
    >>> rows[["variable", "value", "n_events"]].values.tolist()
    [['ADC1', 0.5, 2], ['Progressed', 0.5, 1], ['Dead', 0.0, 2]]
    """
    conf_level_of(conf_level)
    rows = []
    for label, part in groups_with_all(data, by):
        stays = stays_of(part, states, endpoint, dead)
        time, _, p, error = estimate(stays) if stays.size else (np.zeros(0), *([np.zeros((0, 0))] * 3))
        low, high = _limits(p, error, conf_type_of(conf_type), conf_level)
        for j, name in enumerate(stays.names):
            ever = set(stays.patient[(stays.state == j) | (stays.to == j)].tolist())
            common: dict[str, Any] = {"n": stays.size, "n_events": len(ever), "population": population}
            common |= {"group": label, "variable": name, "conf_level": conf_level}
            common["method"] = f"{_METHOD}, {conf_type} interval, infinitesimal jackknife"
            for landmark in landmarks:
                at = _place(time, float(landmark))
                value, *ends = (float(v[at, j]) if at >= 0 else np.nan for v in (p, low, high))
                bounds: dict[str, Any] = {"conf_low": ends[0], "conf_high": ends[1], "level": f"{landmark:g}"}
                rows.append(row("state_occupation", "probability", value, **bounds, **common))
    return frame(rows)


def _place(time: Floats, landmark: float) -> int:
    """Place of the last time up to a landmark; -1 beyond the last follow-up."""
    if not time.size or landmark > time[-1] + margin(landmark):
        return -1
    return int(place_at(time, landmark))


def attrition(
    data: pd.DataFrame,
    states: Mapping[str, str | None],
    endpoint: str = "OS",
    by: str | None = None,
    *,
    dead: str = DEAD,
    population: str = "",
) -> pd.DataFrame:
    """How many patients reach each state, and what becomes of them there.

    Parameters
    ----------
    data, states, endpoint, by, dead
        See :func:`occupation`.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "attrition", all patients first, variable the state: ``reached`` (level
        ""; n is everyone), then of these (n) ``moved`` to each later state and to death (level that
        state) and ``ongoing`` (there at the last contact). Counts, with n_events the same.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [4.0, 3.0], "OS_event": [True, False], "pd": [2.0, None]})
    >>> rows = attrition(data, {"ADC1": None, "Progressed": "pd"})
    >>> rows[["variable", "statistic", "level", "value"]].values.tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['ADC1', 'reached', '', 2.0], ['ADC1', 'moved', 'Progressed', 1.0], ['ADC1', 'moved', 'Dead', 0.0],
     ['ADC1', 'ongoing', '', 1.0], ['Progressed', 'reached', '', 1.0], ['Progressed', 'moved', 'Dead', 1.0],
     ['Progressed', 'ongoing', '', 0.0]]
    """
    rows: list[dict[str, Any]] = []
    for label, part in groups_with_all(data, by):
        stays = stays_of(part, states, endpoint, dead)
        here = {"group": label, "population": population, "method": "count"}
        for j, name in enumerate(stays.names[:-1]):
            to = stays.to[stays.state == j]
            counts: list[tuple[str, str, int]] = [("reached", "", to.size)]
            later = [k for k in range(len(stays.names)) if k > j or (to == k).any()]
            counts += [("moved", stays.names[k], int((to == k).sum())) for k in later]
            counts.append(("ongoing", "", int((to < 0).sum())))
            for statistic, level, count in counts:
                n = stays.size if statistic == "reached" else to.size
                own: dict[str, Any] = {"variable": name, "level": level, "n": n, "n_events": count, **here}
                rows.append(row("attrition", statistic, count, **own))
    return frame(rows)
