"""Patients whose exposure begins after time zero: split follow-up there, or look from a landmark.

Comparing those who were ever exposed with the others counts the time until exposure in favour of the
exposed (immortal time). Either follow-up is split at the exposure, so that the time before it is
unexposed, or the comparison starts at a landmark among those still at risk.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from her2adc.stats.inputs import check_columns, margin, outcome_of

__all__ = ["from_landmark", "split_at"]


def split_at(data: pd.DataFrame, endpoint: str, exposure_time: str, name: str = "exposed") -> pd.DataFrame:
    """Split each patient's follow-up where an exposure begins, as R's ``tmerge``.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    exposure_time : str
        Column of the time from the endpoint's clock to the exposure; missing if never.
    name : str
        Column to make: whether the row is the time after the exposure.

    Returns
    -------
    pandas.DataFrame
        One or two rows a patient (the index repeats), with ``<endpoint>_entry``,
        ``<endpoint>_time``, ``<endpoint>_event`` and ``name``. Cox models, Kaplan-Meier curves
        (Simon and Makuch) and log-rank tests use the entry without being told.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [5.0, 4.0], "OS_event": [True, False], "second": [2.0, None]})
    >>> split_at(data, "OS", "second")[["OS_entry", "OS_time", "OS_event", "exposed"]].values.tolist()
    [[0.0, 2.0, False, False], [2.0, 5.0, True, True], [0.0, 4.0, False, False]]
    """
    check_columns(data, [exposure_time])
    found = outcome_of(data, endpoint)
    begin = found.kept[exposure_time].to_numpy(dtype=np.float64)
    start = np.zeros(found.times.size) if found.entry is None else found.entry
    if (begin < 0).any():
        raise ValueError(
            f"{exposure_time} is negative in {int((begin < 0).sum())} rows; use 0 for exposed from the start"
        )
    near = margin(found.times)
    split = (begin > start + near) & (begin < found.times - near)
    before = (start, np.where(split, begin, found.times), found.events & ~split, begin <= start + near)
    after = (begin, found.times, found.events, np.ones(start.size, dtype=bool))
    columns = (f"{endpoint}_entry", f"{endpoint}_time", f"{endpoint}_event", name)
    first = found.kept.assign(**dict(zip(columns, before, strict=True)))
    second = found.kept.assign(**dict(zip(columns, after, strict=True))).loc[split]
    order = np.argsort(np.append(np.arange(len(first)), np.flatnonzero(split)), kind="stable")
    return pd.concat([first, second]).iloc[order]


def from_landmark(data: pd.DataFrame, endpoint: str, landmark: float) -> pd.DataFrame:
    """Patients still at risk after a landmark, their clock started there.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``<endpoint>_time`` and ``<endpoint>_event``.
    endpoint : str
        Name of the endpoint.
    landmark : float
        Time at which groups are formed, from what is known then.

    Returns
    -------
    pandas.DataFrame
        The rows with ``<endpoint>_time`` above the landmark, less the landmark; no rows when
        everyone has left before.

    Examples
    --------
    >>> data = pd.DataFrame({"OS_time": [2.0, 5.0], "OS_event": [True, True]})
    >>> from_landmark(data, "OS", 3)["OS_time"].tolist()
    [2.0]
    """
    if not landmark >= 0:
        raise ValueError(f"landmark is {landmark}; give a time of 0 or later")
    found = outcome_of(data, endpoint)
    if found.entry is not None:
        raise ValueError(f"{endpoint} has delayed entry; take the landmark before splitting the follow-up")
    later = found.times > landmark + margin(landmark)
    return found.kept.assign(**{f"{endpoint}_time": found.times - landmark}).loc[later]
