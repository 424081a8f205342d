"""What every statistic asks of its arguments, in one place, with messages that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc.results import ALL_PATIENTS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONF_TYPES = ("log-log", "log", "plain")
"""Scales on which a Kaplan-Meier interval can be made."""
TIE_TOLERANCE = float(np.sqrt(np.finfo(float).eps))
"""Times closer than this, absolutely or relative to their mean, are one time (R's ``timefix``)."""


def conf_type_of(conf_type: str) -> str:
    """Check the type of interval."""
    if conf_type not in CONF_TYPES:
        raise ValueError(f"unknown conf_type {conf_type!r}; use one of {list(CONF_TYPES)}")
    return conf_type


def conf_level_of(conf_level: float) -> float:
    """Check that the confidence level is a fraction."""
    if not 0 < conf_level < 1:
        raise ValueError(f"conf_level is {conf_level}; give a fraction between 0 and 1, as 0.95")
    return float(conf_level)


def check_columns(data: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise when a column is not there."""
    missing = [column for column in columns if column not in data.columns]
    if missing:
        raise ValueError(f"no column {missing} in the data; it has {list(map(str, data.columns))}")


def times_of(time: Any, name: str = "time") -> Floats:
    """Make times floats; refuse them when missing, infinite or negative."""
    try:
        values = pd.Series(time).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not numeric ({error}); give months as numbers") from None
    if np.isnan(values).any():
        count = int(np.isnan(values).sum())
        raise ValueError(f"{name} is missing in {count} rows; drop these rows first")
    if np.isinf(values).any():
        raise ValueError(f"{name} is infinite in {int(np.isinf(values).sum())} rows; correct them")
    if (values < 0).any():
        raise ValueError(
            f"{name} is negative in {int((values < 0).sum())} rows (lowest {values.min():g}); "
            "check that the clock starts before the event"
        )
    return values


def events_of(event: Any) -> Bools:
    """Make event indicators an array; refuse them unless boolean and complete."""
    values = pd.Series(event)
    if not pd.api.types.is_bool_dtype(values.dtype) and not _all_bool(values):
        raise ValueError(
            f"event has type {values.dtype}; make it boolean (True = the event happened), "
            "for example with event == 1"
        )
    if values.isna().any():
        raise ValueError(
            f"event is missing in {int(values.isna().sum())} rows that have a time; "
            "say whether the event happened or remove the time"
        )
    return values.to_numpy(dtype=bool)


def _all_bool(values: pd.Series) -> bool:
    """Tell whether an object column holds only booleans and missing values."""
    return values.dtype == object and all(
        isinstance(value, (bool, np.bool_)) or value is pd.NA or value is None for value in values
    )


def tied(times: Floats) -> Floats:
    """Merge near-tied times, as R's ``aeqSurv`` does.

    Examples
    --------
    >>> tied(np.array([1.0, 1.0 + 1e-12, 2.0])).tolist()
    [1.0, 1.0, 2.0]
    """
    unique = np.unique(times)
    if unique.size < 2:
        return times
    gaps = np.diff(unique)
    scale = np.abs(unique).mean()
    near = (gaps <= TIE_TOLERANCE) | (gaps <= TIE_TOLERANCE * scale)
    if not near.any():
        return times
    cuts = unique[np.concatenate(([True], ~near))]
    return cuts[np.searchsorted(cuts, times, side="right") - 1]


def merged(times: Floats, entry: Floats | None) -> tuple[Floats, Floats | None]:
    """Times and entries, near-ties among both merged."""
    if entry is None:
        return tied(times), None
    both = tied(np.concatenate((times, entry)))
    return both[: times.size], both[times.size :]


def margin(at: Any) -> Floats:
    """How far from a time asked for an observed one may lie and still be the same time.

    Examples
    --------
    >>> bool(0.1 + 0.2 > 0.3), bool(0.1 + 0.2 <= 0.3 + margin(0.3))
    (True, True)
    """
    return np.asarray(TIE_TOLERANCE * np.maximum(1.0, np.abs(at)), dtype=np.float64)


def place_at(grid: Any, at: Any) -> NDArray[np.intp]:
    """Place of the last of the sorted times that is not after each time asked for; -1 before the first.

    Every step function is read through here, so that all hold the same two times for one.

    Examples
    --------
    >>> place_at([0.0, 6.0, 12 + 2e-15], [5, 12]).tolist()
    [0, 2]
    """
    wanted = np.asarray(at, dtype=np.float64)
    return np.asarray(np.searchsorted(grid, wanted + margin(wanted), side="right") - 1, dtype=np.intp)


def check_entry(times: Floats, entries: Floats) -> None:
    """Refuse entries that are not before the time."""
    if (entries >= times).any():
        count = int((entries >= times).sum())
        raise ValueError(f"entry is not before time in {count} rows; drop or correct these rows")


def weights_of(weights: Any, size: int) -> Floats:
    """Make case weights floats; refuse them unless positive and one for each row."""
    values = np.asarray(pd.Series(weights).astype("float64"), dtype=np.float64)
    if values.size != size:
        raise ValueError(f"{values.size} weights for {size} rows; give one weight a row")
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("weights must be positive and known; drop the rows without weight first")
    return values


@dataclass(frozen=True)
class Outcome:
    """The patients who have an endpoint.

    Attributes
    ----------
    kept : pandas.DataFrame
        Their rows of the data.
    times, events : ndarray
        Their times, near-ties merged, and events.
    entry : ndarray or None
        Their entries, None when all are observed from the start.
    """

    kept: pd.DataFrame
    times: Floats
    events: Bools
    entry: Floats | None


def outcome_of(data: pd.DataFrame, endpoint: str, entry: str | None = None) -> Outcome:
    """Select the patients who have the endpoint.

    Parameters
    ----------
    data : pandas.DataFrame
        Has ``<endpoint>_time`` and ``<endpoint>_event``; patients without a time are left out.
    endpoint : str
        Name of the endpoint.
    entry : str, optional
        Column of the times of entry; ``<endpoint>_entry`` where the data have it.
    """
    time_column, event_column = f"{endpoint}_time", f"{endpoint}_event"
    missing = [column for column in (time_column, event_column) if column not in data.columns]
    if missing:
        known = [str(c)[: -len("_time")] for c in data.columns if str(c).endswith("_time")]
        raise ValueError(f"no column {missing} for endpoint {endpoint!r}; endpoints here: {known}")
    if entry is not None:
        check_columns(data, [entry])
    elif f"{endpoint}_entry" in data.columns:
        entry = f"{endpoint}_entry"
    have = data[time_column].notna().to_numpy(dtype=bool)
    kept = data if have.all() else data.loc[have]
    times = times_of(kept[time_column].to_numpy(), time_column)
    events = events_of(kept[event_column].reset_index(drop=True))
    entries = None if entry is None else times_of(kept[entry].to_numpy(), entry)
    times, entries = merged(times, entries)
    if entries is not None:
        check_entry(times, entries)
    return Outcome(kept, times, events, entries)


def sums_by(place: NDArray[np.integer[Any]], values: NDArray[Any] | None, size: int) -> Floats:
    """Sum of the values, or the count without them, at each of ``size`` places.

    Examples
    --------
    >>> sums_by(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), 3).tolist()
    [1.0, 0.0, 5.0]
    """
    return np.asarray(np.bincount(place, values, minlength=size), dtype=np.float64)


def endpoint_of(data: pd.DataFrame, endpoint: str) -> tuple[pd.DataFrame, Floats, Bools]:
    """Select the patients who have the endpoint: their rows, times and events.

    Raises
    ------
    ValueError
        When entry into observation is delayed, which the caller does not handle.
    """
    found = outcome_of(data, endpoint)
    if found.entry is not None:
        raise ValueError(
            f"{endpoint} has delayed entry, which this analysis cannot use; drop {endpoint}_entry"
        )
    return found.kept, found.times, found.events


def levels_of(values: pd.Series) -> list[Any]:
    """List the levels of a column: categories, or the sorted values that occur; refuse two that print alike.

    Examples
    --------
    >>> levels_of(pd.Series(["b", None, "a"]))
    ['a', 'b']
    """
    categorical = isinstance(values.dtype, pd.CategoricalDtype)
    found = list(values.cat.categories) if categorical else values.dropna().unique().tolist()
    printed: dict[str, Any] = {}
    for level in found:
        other = printed.setdefault(str(level), level)
        if other is not level:
            raise ValueError(
                f"{values.name} has two levels that print as {str(level)!r}, {_kind(other)} and "
                f"{_kind(level)}; make them one, all numbers or all text"
            )
    if categorical:
        return found
    mixed = len({isinstance(level, str) for level in found}) > 1
    return sorted(found, key=str) if mixed else sorted(found)


def _kind(level: Any) -> str:
    """A level with its kind, as a message names it."""
    return f"{level!r} ({'text' if isinstance(level, str) else type(level).__name__})"


def groups_of(data: pd.DataFrame, by: str | None) -> list[tuple[str, Bools]]:
    """List the groups of ``by`` in order, each with its rows; none without ``by``."""
    if by is None:
        return []
    check_columns(data, [by])
    column = data[by]
    return [(str(level), (column == level).fillna(False).to_numpy(dtype=bool)) for level in levels_of(column)]


def groups_with_all(data: pd.DataFrame, by: str | None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield all patients first, then each group of ``by``, empty groups too."""
    yield ALL_PATIENTS, data
    for label, rows in groups_of(data, by):
        yield label, data.loc[rows]
