"""The Kaplan-Meier estimator and its quantiles, as R's ``survfit`` computes them.

lifelines counts the number at risk after the censorings of a time, keeps near-tied times apart
and takes the left end of a plateau for the median; this module follows ``survival::survfit``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.stats.inputs import (
    TIE_TOLERANCE,
    Bools,
    Floats,
    check_entry,
    conf_level_of,
    conf_type_of,
    events_of,
    margin,
    merged,
    place_at,
    sums_by,
    times_of,
    weights_of,
)
from her2adc.stats.risk_sets import numbers_at_risk

__all__ = ["Steps", "at_times", "km", "limits", "median", "quantile", "steps", "survival_before"]


@dataclass(frozen=True)
class Steps:
    """Kaplan-Meier estimate at the distinct times.

    Attributes
    ----------
    time, n_risk, n_event, n_censor : ndarray
        Times, and the (weighted) numbers at risk, with the event and censored.
    survival : ndarray
        Estimate after each time.
    error : ndarray
        Standard error of its logarithm: Greenwood's, or the robust one with weights.
    """

    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    survival: Floats
    error: Floats


def km(
    time: Any,
    event: Any,
    *,
    entry: Any = None,
    weights: Any = None,
    conf_type: str = "log-log",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Kaplan-Meier estimate of the survival function.

    Parameters
    ----------
    time : array_like of float
        Time to the event or to censoring, not negative.
    event : array_like of bool
        True where the event happened.
    entry : array_like of float, optional
        Time at which a patient came under observation (delayed entry).
    weights : array_like of float, optional
        Case weights, taken as known. The standard error is then the robust one (infinitesimal
        jackknife, R's ``survfit(weights =, robust = TRUE)``), which does not change with the scale
        of the weights; ``n_risk``, ``n_event`` and ``n_censor`` are sums of weights.
    conf_type : {"log-log", "log", "plain"}
        Scale of the confidence interval.
    conf_level : float
        Level of the interval.

    Returns
    -------
    pandas.DataFrame
        ``time, n_risk, n_event, n_censor, survival, conf_low, conf_high``; the first row is time
        0, then one row for each distinct time. ``n_risk`` counts the patients with T >= t (and
        entry < t). Limits are NaN where R gives NA: at survival 0, and on the log-log scale at
        survival 1.

    Examples
    --------
    >>> km([1.0, 2.0, 3.0, 4.0], [True] * 4)[["time", "n_risk", "survival"]].values.tolist()
    [[0.0, 4.0, 1.0], [1.0, 4.0, 0.75], [2.0, 3.0, 0.5], [3.0, 2.0, 0.25], [4.0, 1.0, 0.0]]
    """
    conf_type_of(conf_type), conf_level_of(conf_level)
    times, events, entries = _checked(time, event, entry)
    own = None if weights is None else weights_of(weights, times.size)
    found = steps(times, events, entries, own)
    low, high = limits(found.survival, found.error, conf_type, conf_level)
    present = np.ones(times.size, dtype=bool) if entries is None else entries <= 0
    started = present.sum() if own is None else own[present].sum()
    kind = np.int64 if own is None else np.float64
    return pd.DataFrame(
        {
            "time": np.concatenate(([0.0], found.time)),
            "n_risk": np.concatenate(([started], found.n_risk)).astype(kind),
            "n_event": np.concatenate(([0], found.n_event)).astype(kind),
            "n_censor": np.concatenate(([0], found.n_censor)).astype(kind),
            "survival": np.concatenate(([1.0], found.survival)),
            "conf_low": np.concatenate(([1.0], low)),
            "conf_high": np.concatenate(([1.0], high)),
        }
    )


def _checked(time: Any, event: Any, entry: Any) -> tuple[Floats, Bools, Floats | None]:
    """Arguments as arrays of one length, near-ties merged."""
    times, events = times_of(time), events_of(event)
    if times.size != events.size:
        raise ValueError(f"{times.size} times but {events.size} events; give one event per time")
    entries = None if entry is None else times_of(entry, "entry")
    if entries is not None and entries.size != times.size:
        raise ValueError(f"{times.size} times but {entries.size} entries; give one entry per time")
    times, entries = merged(times, entries)
    if entries is not None:
        check_entry(times, entries)
    return times, events, entries


def steps(
    times: Floats, events: Bools, entries: Floats | None = None, weights: Floats | None = None
) -> Steps:
    """Kaplan-Meier estimate of checked times, near-ties merged (see :func:`km`)."""
    grid, place = np.unique(times, return_inverse=True)
    n_event = sums_by(place, events if weights is None else events * weights, grid.size)
    left = sums_by(place, weights, grid.size)
    n_risk = numbers_at_risk(grid, times, entries, weights)
    begun = np.full(times.size, -1.0) if entries is None else entries
    opened = np.searchsorted(grid, begun, side="right")
    with np.errstate(divide="ignore", invalid="ignore"):
        survival: Floats = np.cumprod(1.0 - n_event / n_risk, dtype=np.float64)
        if weights is None:
            error = np.sqrt(np.cumsum(n_event / (n_risk * (n_risk - n_event))))
    if weights is not None:
        error = _robust_error(n_risk, n_event, place + 1, events, opened, weights)
    return Steps(grid, n_risk, n_event, left - n_event, survival, error)


def _robust_error(
    n_risk: Floats, n_event: Floats, last: Any, events: Bools, opened: Any, weights: Floats
) -> Floats:
    """Standard error of log survival by the infinitesimal jackknife, the weights taken as known.

    A row's influence grows with the hazard while it is at risk and stays where it leaves, so its
    square is a polynomial of the hazard with coefficients summed over the rows.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        jump = np.append(0.0, np.where(n_event > 0, n_event / (n_risk * (n_risk - n_event)), 0.0))
        own = np.append(0.0, 1.0 / (n_risk - n_event))
    hazard: Floats = np.cumsum(jump)
    square, begin = weights * weights, hazard[opened]
    size = hazard.size + 1
    with np.errstate(invalid="ignore"):
        final = hazard[last] - begin - np.where(events, own[last], 0.0)
        gone = np.cumsum(sums_by(last, square * final**2, size))[:-1]
        here = [
            np.cumsum(sums_by(opened, v, size) - sums_by(last, v, size))[:-1]
            for v in (square, square * begin, square * begin**2)
        ]
        variance = gone + hazard**2 * here[0] - 2 * hazard * here[1] + here[2]
    return np.asarray(np.sqrt(np.maximum(variance, 0.0))[1:])


def survival_before(times: Floats, events: Bools, at: Floats, entries: Floats | None = None) -> Floats:
    """Left-continuous Kaplan-Meier estimate: survival just before each time of ``at``."""
    grid, died = np.unique(times[events], return_counts=True)
    survival = np.append(1.0, np.cumprod(1.0 - died / numbers_at_risk(grid, times, entries)))
    return np.asarray(survival[np.searchsorted(grid, at)])


def limits(survival: Floats, error: Floats, conf_type: str, conf_level: float) -> tuple[Floats, Floats]:
    """Confidence limits of survival from the standard error of its logarithm."""
    z = stats.norm.ppf(0.5 + conf_level / 2)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if conf_type == "plain":
            half = z * error * survival
            return np.maximum(survival - half, 0.0), np.minimum(survival + half, 1.0)
        log = np.log(np.where(survival == 0, np.nan, survival))
        if conf_type == "log":
            return np.exp(log - z * error), np.minimum(np.exp(log + z * error), 1.0)
        log = np.where(survival == 1, np.nan, log)
        centre, half = np.log(-log), z * error / log
        return np.exp(-np.exp(centre - half)), np.exp(-np.exp(centre + half))


def median(km_table: pd.DataFrame) -> tuple[float, float, float]:
    """Median time with its Brookmeyer-Crowley interval, as R prints it.

    Parameters
    ----------
    km_table : pandas.DataFrame
        What :func:`km` returned.

    Returns
    -------
    tuple of float
        Estimate, lower and upper limit: the first time at which the curve, or its limit, has fallen
        to 0.5 (rounding apart); NaN where not reached. Where it rests at exactly 0.5 and later falls,
        the middle of that stretch; where it rests there to the end of follow-up, the start of it.
        This is R's ``print(survfit)`` and ``summary(survfit)$table``; see :func:`quantile`.

    Examples
    --------
    >>> median(km([1.0, 2.0, 3.0, 4.0], [True] * 4))[0]
    2.5
    >>> median(km([1.0, 2.0, 20.0, 20.0], [True, True, False, False]))[0]
    2.0
    """
    value, low, high = (_first(times, fallen, 0.5) for times, fallen in _fallen(km_table))
    return value, low, high


def quantile(km_table: pd.DataFrame, p: float = 0.5) -> tuple[float, float, float]:
    """Quantile of the time with its Brookmeyer-Crowley interval, as R's ``quantile(survfit)``.

    Parameters
    ----------
    km_table : pandas.DataFrame
        What :func:`km` returned.
    p : float
        Fraction that has had the event; 0.5 is the median.

    Returns
    -------
    tuple of float
        Estimate, lower and upper limit; NaN where not reached. Where the curve runs flat at
        exactly ``1 - p`` the estimate is the middle of that stretch, up to the last time where it
        never falls again; :func:`median`, which the book prints, takes the start of such an end.

    Examples
    --------
    >>> quantile(km([1.0, 2.0, 3.0, 4.0], [True] * 4))[0]
    2.5
    """
    if not 0 < p < 1:
        raise ValueError(f"p is {p}; give a fraction between 0 and 1, 0.5 for the median")
    value, low, high = (_crossing(times, fallen, p) for times, fallen in _fallen(km_table))
    return value, low, high


def _fallen(km_table: pd.DataFrame) -> list[tuple[Floats, Floats]]:
    """Times, and how far the curve and its limits have fallen."""
    times = km_table["time"].to_numpy(dtype=np.float64)
    columns = ("survival", "conf_low", "conf_high")
    return [(times, 1.0 - km_table[column].to_numpy(dtype=np.float64)) for column in columns]


def _first(times: Floats, fallen: Floats, p: float) -> float:
    """First time at which a curve has fallen by ``p``; middle of a stretch at ``p`` that ends."""
    reached = np.flatnonzero(fallen >= p - TIE_TOLERANCE)
    if not reached.size:
        return float("nan")
    beyond = np.flatnonzero(fallen > p + TIE_TOLERANCE)
    start = int(reached[0])
    if fallen[start] > p + TIE_TOLERANCE or not beyond.size:
        return float(times[start])
    return float((times[start] + times[beyond[0]]) / 2)


def _crossing(times: Floats, fallen: Floats, p: float) -> float:
    """Time at which a curve has fallen by ``p``; middle of the stretch where it equals ``p``."""
    known = ~np.isnan(fallen)
    values, at = fallen[known], times[known]

    def time_of(least: float) -> float:
        enough = values[values >= least]
        same = values <= enough.min(initial=np.inf) + TIE_TOLERANCE
        return float(at[same & (values >= least)].min(initial=np.inf))

    start = time_of(p - TIE_TOLERANCE)
    if start == np.inf:
        return float("nan")
    if not np.isnan(fallen[-1]) and abs(p - values.max()) < TIE_TOLERANCE:
        return float((start + times[-1]) / 2)
    end = time_of(p + TIE_TOLERANCE)
    return float("nan") if end == np.inf else float((start + end) / 2)


def at_times(km_table: pd.DataFrame, times: Any) -> pd.DataFrame:
    """Rows of a Kaplan-Meier table at chosen times, by steps.

    Parameters
    ----------
    km_table : pandas.DataFrame
        What :func:`km` returned.
    times : array_like of float
        Times of interest.

    Returns
    -------
    pandas.DataFrame
        ``time, survival, conf_low, conf_high``. Beyond the last follow-up all are NaN, unless
        the curve has reached 0: then survival is 0.

    Examples
    --------
    >>> table = km([1.0, 2.0, 3.0], [True, False, False])
    >>> at_times(table, [1.5, 6.0])["survival"].round(4).tolist()
    [0.6667, nan]
    """
    wanted = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if np.isnan(wanted).any() or (wanted < 0).any():
        raise ValueError(f"times are {wanted.tolist()}; give times of 0 or later")
    grid = km_table["time"].to_numpy(dtype=np.float64)
    columns = ["survival", "conf_low", "conf_high"]
    found = km_table.iloc[place_at(grid, wanted)][columns].reset_index(drop=True)
    beyond = (wanted > grid[-1] + margin(wanted)) & (found["survival"].to_numpy() > 0)
    beyond |= len(km_table) == 1  # nobody was observed
    found.loc[beyond, :] = np.nan
    found.insert(0, "time", wanted)
    return found
