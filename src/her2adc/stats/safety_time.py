"""Adverse events in time: treatment periods, exposure-adjusted rates, time to onset with competing death."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.config import Period, Safety
from her2adc.endpoints import months
from her2adc.results import concat, frame, row
from her2adc.stats.causes import CENSORED
from her2adc.stats.competing import cumulative_incidence
from her2adc.stats.inputs import groups_with_all
from her2adc.stats.person_time import EXACT, rate

__all__ = ["DEATH", "PERSON_YEARS", "assign", "first_event", "onset", "rates", "windows"]

DEATH = "death"
"""Cause of a patient who dies in the period before a first event."""
PERSON_YEARS = 100.0
"""Person-years that rates are given for."""
_MONTHS_A_YEAR = 12


def windows(data: pd.DataFrame, safety: Safety) -> pd.DataFrame:
    """Treatment periods of each patient, with their first and last day at risk.

    A period lasts from its first dose to ``days_after`` days after its last one (to the end of
    observation while it is ongoing), and ends earlier when the next period starts or observation ends.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient, with ``patient_id`` and the date columns that ``safety`` names.
    safety : Safety
        Periods in order of time, and what ends observation.

    Returns
    -------
    pandas.DataFrame
        ``patient_id, period, start, end, died`` (died: observation ended in the period by death), one
        row for each period that a patient started.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-01")
    >>> data = pd.DataFrame({"patient_id": ["a"], "first": [day], "last": [day + pd.Timedelta(days=60)],
    ...     "seen": [day + pd.Timedelta(days=70)]})
    >>> rule = Safety(periods={"T": {"label": "T", "start": "first", "stop": "last"}}, observed_to="seen")
    >>> (windows(data, rule).eval("end - start").dt.days).tolist()
    [70]
    """
    never = pd.Series(pd.NaT, index=data.index, dtype="datetime64[ns]")
    death = data[safety.death] if safety.death else never
    seen = pd.concat([data[c] for c in safety.observed_to] or [never], axis=1).max(axis=1)
    seen = seen.where(death.isna(), death)
    parts = []
    periods = list(safety.periods.items())
    for place, (name, period) in enumerate(periods):
        start, stop = data[period.start], data[period.stop]
        after = stop + pd.Timedelta(days=safety.days_after)
        later = [data[p.start] for _, p in periods[place + 1 :]]
        ends = pd.concat([after, seen, *later], axis=1).min(axis=1)
        found = pd.DataFrame({"patient_id": data["patient_id"], "period": name, "start": start, "end": ends})
        found["died"] = death.notna() & death.eq(ends)
        parts.append(found[start.notna()])
        if found.loc[start.notna(), "end"].isna().any():
            n = int(found.loc[start.notna(), "end"].isna().sum())
            raise ValueError(f"{n} patients have no end of {name}: give {period.stop} or safety.observed_to")
    empty = pd.DataFrame(columns=["patient_id", "period", "start", "end", "died"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def assign(adverse_events: pd.DataFrame, spans: pd.DataFrame) -> pd.DataFrame:
    """Period of each adverse event, by its onset.

    Parameters
    ----------
    adverse_events : pandas.DataFrame
        One row an event: ``patient_id, term, grade, onset`` ...
    spans : pandas.DataFrame
        Of :func:`windows`.

    Returns
    -------
    pandas.DataFrame
        The events with ``period`` (missing without a date of onset, or outside every period) and
        ``months``, from the start of that period to onset. A day on which one period ends and the
        next starts belongs to the next.

    Examples
    --------
    >>> day = pd.Timestamp("2024-01-01")
    >>> spans = pd.DataFrame({"patient_id": ["a"], "period": "T", "start": day,
    ...     "end": day + pd.Timedelta(days=30), "died": False})
    >>> raw = pd.DataFrame({"patient_id": ["a", "a"], "term": "Nausea", "grade": 1,
    ...     "onset": [day, day + pd.Timedelta(days=31)]})
    >>> assign(raw, spans)["period"].tolist()
    ['T', nan]
    """
    numbered = adverse_events.assign(_row=np.arange(len(adverse_events)))
    pairs = numbered.merge(spans, on="patient_id", how="inner")
    inside = pairs[(pairs["onset"] >= pairs["start"]) & (pairs["onset"] <= pairs["end"])]
    last = inside.sort_values("start", kind="stable").drop_duplicates("_row", keep="last").set_index("_row")
    since = months(last["start"], last["onset"])
    return numbered.assign(
        period=numbered["_row"].map(last["period"]), months=numbered["_row"].map(since)
    ).drop(columns="_row")


def first_event(
    assigned: pd.DataFrame, spans: pd.DataFrame, data: pd.DataFrame, period: str, terms: Sequence[str]
) -> pd.DataFrame:
    """Time from the start of a period to the first event of these terms, death competing.

    Parameters
    ----------
    assigned : pandas.DataFrame
        Of :func:`assign`.
    spans : pandas.DataFrame
        Of :func:`windows`.
    data : pandas.DataFrame
        One row a patient; its columns are kept.
    period : str
        The period; patients who did not start it are left out.
    terms : sequence of str
        Terms that count.

    Returns
    -------
    pandas.DataFrame
        ``data`` with ``onset_time`` (months), ``onset_event`` (True = it happened in the period) and
        ``onset_cause``: "event", "death" (without the event, in the period) or "censored".
    """
    mine = spans[spans["period"].eq(period)].set_index("patient_id")
    hits = assigned[assigned["period"].eq(period) & assigned["term"].isin(terms)]
    first = hits.groupby("patient_id")["months"].min()
    out = data[data["patient_id"].isin(mine.index)].copy()
    length = out["patient_id"].map(months(mine["start"], mine["end"]))
    onset_at = out["patient_id"].map(first)
    died = out["patient_id"].map(mine["died"]).astype(bool)
    out["onset_time"] = onset_at.fillna(length)
    out["onset_event"] = onset_at.notna()
    cause = np.select([onset_at.notna(), died], ["event", DEATH], CENSORED)
    out["onset_cause"] = pd.Categorical(cause, [CENSORED, "event", DEATH])
    return out


def rates(
    assigned: pd.DataFrame,
    spans: pd.DataFrame,
    data: pd.DataFrame,
    sets: Mapping[str, Sequence[str]],
    periods: Mapping[str, Period],
    by: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Exposure-adjusted incidence rates: patients with a first event per 100 person-years at risk.

    A patient is at risk from the first dose of the period to the first event, or to the end of the
    period.

    Parameters
    ----------
    assigned, spans, data
        See :func:`first_event`.
    sets : mapping
        Terms that count as one event, by name.
    periods : mapping
        Periods by key; their labels are the populations of the rows.
    by : str, optional
        Column of groups.
    conf_level : float
        Level of the exact Poisson intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows ``rate`` and ``person_years`` of analysis "exposure_adjusted".
    """
    rows: list[dict[str, Any]] = []
    for key, period in periods.items():
        for name, terms in sets.items():
            found = first_event(assigned, spans, data, key, terms)
            for label, part in groups_with_all(found, by):
                years = float(part["onset_time"].sum()) / _MONTHS_A_YEAR
                count = int(part["onset_event"].sum())
                value, low, high = (v * PERSON_YEARS for v in rate(count, years, conf_level))
                common: dict[str, Any] = {"population": period.label, "group": label, "variable": name,
                                          "n": len(part), "n_events": count}  # fmt: skip
                limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level, "method": EXACT}
                rows.append({"statistic": "rate", "value": value, **common, **limits})
                rows.append({"statistic": "person_years", "value": years, **common})
    return frame(row(**{"analysis": "exposure_adjusted", **record}) for record in rows)


def onset(
    assigned: pd.DataFrame,
    spans: pd.DataFrame,
    data: pd.DataFrame,
    sets: Mapping[str, Sequence[str]],
    periods: Mapping[str, Period],
    landmarks: Sequence[float] = (3, 6, 12),
) -> pd.DataFrame:
    """Time to onset of the patients who had an event, and its cumulative incidence with competing death.

    Parameters
    ----------
    assigned, spans, data, sets, periods
        See :func:`rates`.
    landmarks : sequence of float
        Months.

    Returns
    -------
    pandas.DataFrame
        Analysis "time_to_onset": ``median``, ``q1``, ``q3``, ``min``, ``max`` in months, of patients
        with the event; and ``incidence`` at each landmark (level) by Aalen-Johansen. population is
        the label of the period.
    """
    parts = [frame([])]
    for key, period in periods.items():
        for name, terms in sets.items():
            found = first_event(assigned, spans, data, key, terms)
            times = found.loc[found["onset_event"], "onset_time"]
            common: dict[str, Any] = {"analysis": "time_to_onset", "population": period.label,
                                      "variable": name, "n": len(found), "n_events": len(times)}  # fmt: skip
            quantiles = {"min": 0.0, "q1": 0.25, "median": 0.5, "q3": 0.75, "max": 1.0}
            parts.append(
                frame(
                    row(statistic=s, value=times.quantile(q) if len(times) else None,
                        method="quantiles, R type 7", **common)
                    for s, q in quantiles.items()
                )
            )  # fmt: skip
            if len(found):
                rows = cumulative_incidence(found, "onset", landmarks=landmarks)
                rows = rows[rows["variable"].eq("onset: event")]
                parts.append(
                    rows.assign(analysis="time_to_onset", variable=name, population=period.label)
                )
    return concat(parts)
