"""Cumulative incidence of one of several competing events: the Aalen-Johansen estimator.

lifelines breaks ties at random before it estimates, statsmodels has one of the two variances in
use and no intervals. The estimate is one pass over the event times; the variances are sums of
squared influences, gathered by event time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from her2adc.stats.causes import Causes, causes_of
from her2adc.stats.inputs import Floats, conf_level_of, conf_type_of, margin, place_at, tied, times_of
from her2adc.stats.risk_sets import numbers_at_risk

__all__ = ["VARIANCES", "aalen_johansen", "value_at"]

VARIANCES = ("influence", "gray")
"""``influence``: infinitesimal jackknife, R's ``survfit``; ``gray``: R's ``cmprsk::cuminc``."""

_COUNTS = ["time", "n_risk", "n_event", "n_competing", "n_censor"]
_COLUMNS = [*_COUNTS, "incidence", "variance", "conf_low", "conf_high"]


@dataclass(frozen=True)
class _Steps:
    """Counts at each distinct time, and the estimates built on them."""

    time: Floats
    risk: Floats
    event: Floats
    competing: Floats
    censored: Floats

    @property
    def before(self) -> Floats:
        """Chance to be free of every event just before each time."""
        return np.concatenate([np.ones(1), self.after])[:-1]

    @property
    def after(self) -> Floats:
        """Chance to be free of every event after each time."""
        return np.asarray(np.cumprod(1.0 - (self.event + self.competing) / self.risk), dtype=np.float64)

    @property
    def incidence(self) -> Floats:
        """Cumulative incidence."""
        return np.cumsum(self.before * self.event / self.risk)


def _count(place: NDArray[np.intp], size: int) -> Floats:
    """How many are at each place."""
    out: Floats = np.bincount(place, minlength=size).astype(np.float64)
    return out


def _steps(times: Floats, causes: Causes, of: int) -> _Steps:
    """Count patients by distinct time."""
    times = tied(times)
    unique, place = np.unique(times, return_inverse=True)
    total = _count(place, unique.size)
    event = _count(place[causes == of], unique.size)
    competing = _count(place[(causes != of) & (causes > 0)], unique.size)
    risk = numbers_at_risk(unique, times)
    return _Steps(unique, risk, event, competing, total - event - competing)


def aalen_johansen(
    time: Any,
    cause: Any,
    of: int = 1,
    *,
    variance: str = "influence",
    conf_type: str = "log-log",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Cumulative incidence of one cause, the others competing.

    Parameters
    ----------
    time : array_like
        Times to the first event, or to the end of follow-up.
    cause : array_like of int
        0 for a censored patient, otherwise the cause of the event.
    of : int
        Cause of interest.
    variance : {"influence", "gray"}
        ``influence`` is the sum of squared influences (infinitesimal jackknife), the standard
        error of R's ``survfit``; ``gray`` that of R's ``cmprsk::cuminc``, a counting-process
        variance with a correction for ties, which changes at events of interest only.
    conf_type : {"log-log", "log", "plain"}
        Scale of the interval; ``log-log`` is F ** exp(+-z SE / (F log F)).
    conf_level : float
        Level of the interval.

    Returns
    -------
    pandas.DataFrame
        ``time, n_risk, n_event, n_competing, n_censor, incidence, variance, conf_low,
        conf_high``; a row at time 0 first. Limits are NaN where nobody has had the event.

    Examples
    --------
    >>> aalen_johansen([1, 2, 3, 4], [1, 2, 1, 0])["incidence"].tolist()
    [0.0, 0.25, 0.25, 0.5, 0.5]
    """
    if variance not in VARIANCES:
        raise ValueError(f"unknown variance {variance!r}; use one of {list(VARIANCES)}")
    times, causes = times_of(time), causes_of(cause)
    if times.size != causes.size:
        raise ValueError(f"{times.size} times but {causes.size} causes; give one cause for each time")
    if of < 1:
        raise ValueError(f"of is {of}, which stands for censored; name a cause from 1")
    steps = _steps(times, causes, of)
    spread = _influence(steps) if variance == "influence" else _gray(steps)
    low, high = _limits(steps.incidence, np.sqrt(spread), conf_type_of(conf_type), conf_level_of(conf_level))
    counts = (steps.time, steps.risk, steps.event, steps.competing, steps.censored)
    table = pd.DataFrame(dict(zip(_COLUMNS, (*counts, steps.incidence, spread, low, high), strict=True)))
    if steps.time.size and steps.time[0] == 0:
        return table
    start = dict.fromkeys(_COLUMNS, 0.0) | {"n_risk": float(times.size)}
    start |= {"conf_low": np.nan, "conf_high": np.nan}
    return pd.DataFrame([start, *table.to_dict("records")], columns=_COLUMNS)


def _shares(steps: _Steps) -> tuple[Floats, Floats]:
    """Influence of an event at each time: its own step, and one over those left (0 when none are)."""
    left = steps.risk - steps.event - steps.competing
    inverse = np.divide(1.0, left, out=np.zeros_like(left), where=left > 0)
    return steps.before / steps.risk, inverse


def _influence(steps: _Steps) -> Floats:
    """Sum of squared influences.

    The influence of a patient at t is A - F(t) B, where A and B stop growing when the patient
    leaves; sums of A A, A B and B B over those who have left are running sums.
    """
    own, inverse = _shares(steps)
    f = steps.incidence
    hazard = (steps.event + steps.competing) / steps.risk
    a = -np.cumsum(own * steps.event / steps.risk + f * hazard * inverse)
    b = -np.cumsum(hazard * inverse)
    staying = steps.risk - steps.event - steps.competing - steps.censored
    common = (a, b)
    leaving = (
        (steps.event, (a + own + f * inverse, b + inverse)),
        (steps.competing, (a + f * inverse, b + inverse)),
        (steps.censored, common),
    )

    def total(left: int, right: int) -> Floats:
        """Sum over patients of the products A A, A B or B B at each time."""
        gone = sum((n * values[left] * values[right] for n, values in leaving), np.zeros_like(f))
        return np.cumsum(gone) + staying * common[left] * common[right]

    return np.maximum(total(0, 0) - 2 * f * total(0, 1) + f**2 * total(1, 1), 0.0)


def _gray(steps: _Steps) -> Floats:
    """Counting-process variance with hypergeometric thinning of ties; steps at the events of interest."""
    own, inverse = _shares(steps)
    f = steps.incidence
    others = np.maximum(steps.risk - 1, 1)

    def thinned(deaths: Floats) -> Floats:
        return deaths * (1 - np.maximum(deaths - 1, 0) / others)

    one, two = thinned(steps.event), thinned(steps.competing)
    first, second = own + f * inverse, f * inverse
    v1 = np.cumsum(one * first**2 + two * second**2)
    v2 = np.cumsum((one * first + two * second) * inverse)
    v3 = np.cumsum((one + two) * inverse**2)
    whole = np.maximum(v1 - 2 * f * v2 + f**2 * v3, 0.0)
    last = np.maximum.accumulate(np.where(steps.event > 0, np.arange(f.size), -1))
    return np.where(last >= 0, whole[np.maximum(last, 0)], 0.0)


def _limits(f: Floats, error: Floats, conf_type: str, conf_level: float) -> tuple[Floats, Floats]:
    """Limits on the scale asked for; NaN at 0 and at 1 where the scale has none."""
    z = stats.norm.ppf(0.5 + conf_level / 2)
    inside = (f > 0) & (f < 1)
    safe = np.where(f > 0, f, 0.5)
    if conf_type == "plain":
        low, high = np.maximum(f - z * error, 0.0), np.minimum(f + z * error, 1.0)
    elif conf_type == "log":
        half = z * error / safe
        low, high = safe * np.exp(-half), np.minimum(safe * np.exp(half), 1.0)
        inside = f > 0
    else:
        safe = np.where(inside, f, 0.5)
        half = z * error / (safe * np.log(safe))
        with np.errstate(over="ignore"):  # next to 1 a limit is 0 or 1
            low, high = safe ** np.exp(-half), safe ** np.exp(half)
    defined = (f > 0) if conf_type == "plain" else inside
    return np.where(defined, low, np.nan), np.where(defined, high, np.nan)


def value_at(table: pd.DataFrame, time: float) -> pd.Series:
    """Row of an incidence table that holds at a time; NaN after the last follow-up.

    Examples
    --------
    >>> table = aalen_johansen([1, 2, 3, 4], [1, 2, 1, 0])
    >>> float(value_at(table, 2.5)["incidence"]), float(value_at(table, 9)["incidence"])
    (0.25, nan)
    """
    if time < 0:
        raise ValueError(f"time {time} is negative; give a time from 0")
    found = table.iloc[int(place_at(table["time"], time))].astype("float64")
    if time > table["time"].iloc[-1] + margin(time):
        found = found * np.nan
    return found
