"""Adverse events: patients with any grade and grade 3 or more, worst grade a patient and term."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import frame, row
from her2adc.stats.inputs import check_columns, groups_with_all
from her2adc.stats.proportions import CLOPPER_PEARSON, clopper_pearson

__all__ = ["ANY_EVENT", "DISCONTINUED", "events", "worst_grades"]

ANY_EVENT = "Any adverse event"
"""Variable of the rows that count patients with at least one event of any term."""
DISCONTINUED = ("discontinued", "drug withdrawn", "withdrawn", "permanently discontinued")
"""Actions that mean the drug was stopped for good."""
_SEVERE = 3


def worst_grades(adverse_events: pd.DataFrame) -> pd.DataFrame:
    """Worst grade of each patient and term: ``patient_id, term, grade`` (NaN when not graded).

    Examples
    --------
    >>> raw = pd.DataFrame({"patient_id": [1, 1], "term": ["Nausea"] * 2, "grade": [1, 3]})
    >>> worst_grades(raw).values.tolist()
    [[1, 'Nausea', 3.0]]
    """
    check_columns(adverse_events, ["patient_id", "term", "grade"])
    table = adverse_events[["patient_id", "term"]].copy()
    table["term"] = table["term"].astype(object)
    table["grade"] = pd.to_numeric(adverse_events["grade"]).astype("float64")
    wrong = table["grade"].notna() & ~table["grade"].isin([1, 2, 3, 4, 5])
    if wrong.any():
        found = sorted(table.loc[wrong, "grade"].unique().tolist())
        raise ValueError(f"grade has {found}; CTCAE grades are 1 to 5, empty when not graded")
    known = table.dropna(subset=["patient_id", "term"])
    return known.groupby(["patient_id", "term"], sort=False)[["grade"]].max().reset_index()


def events(
    adverse_events: pd.DataFrame,
    data: pd.DataFrame,
    by: str | None = None,
    recorded_from: Mapping[str, int] | None = None,
    terms: Sequence[str] | None = None,
    discontinued: Collection[str] = DISCONTINUED,
    population: str = "treated",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Patients with adverse events, by term.

    Parameters
    ----------
    adverse_events : pandas.DataFrame
        One row an event: ``patient_id, term, grade`` and, if known, ``action``.
    data : pandas.DataFrame
        One row a treated patient, with ``patient_id``: the denominator.
    by : str, optional
        Column of ``data`` with groups.
    recorded_from : mapping, optional
        Lowest grade that was collected for a term; 1 where a term is not named.
    terms : sequence of str, optional
        Terms in order; without it those that occur, the most frequent first.
    discontinued : collection of str
        Actions that mean the drug was stopped for good.
    population : str
        Name of the population, kept in the rows.
    conf_level : float
        Level of the exact intervals.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "safety", all patients first. For every term ``any_grade`` (NaN
        where lower grades were not collected), ``grade_3_plus`` (NaN where the term was never
        graded) and ``discontinued`` as fractions with exact intervals, and ``grade_missing``,
        the number of patients whose event has no grade. The same under the variable "Any
        adverse event" over the terms listed. n is patients treated, n_events patients with the
        event.

    Examples
    --------
    >>> raw = pd.DataFrame({"patient_id": [1, 1], "term": ["Nausea"] * 2, "grade": [1, 3]})
    >>> rows = events(raw, pd.DataFrame({"patient_id": [1, 2]}))
    >>> rows.loc[rows.variable == "Nausea", ["statistic", "value"]].values.tolist()
    [['any_grade', 0.5], ['grade_3_plus', 0.5], ['grade_missing', 0.0]]
    """
    check_columns(data, ["patient_id"])
    if data["patient_id"].duplicated().any():
        raise ValueError("data has a patient twice; give one row a patient")
    floors = dict(recorded_from or {})
    worst = worst_grades(adverse_events)
    strangers = sorted(set(map(str, worst["patient_id"])) - set(map(str, data["patient_id"])))
    if strangers:
        raise ValueError(f"adverse events of patients who are not in the data: {strangers[:10]}")
    order = list(terms) if terms is not None else _by_frequency(worst)
    stopped = _stopped(adverse_events, discontinued)
    rows: list[dict[str, Any]] = []
    for label, part in groups_with_all(data, by):
        inside = worst[worst["patient_id"].isin(part["patient_id"])]
        stops = None if stopped is None else stopped[stopped["patient_id"].isin(part["patient_id"])]
        for name in [ANY_EVENT, *order]:
            chosen = order if name == ANY_EVENT else [name]
            measured = _term(inside, stops, worst, chosen, max(_floors(floors, chosen)))
            rows += [
                _as_row(statistic, count, len(part), conf_level) | {"variable": name, "group": label}
                for statistic, count in measured.items()
            ]
    common = {"analysis": "safety", "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def _floors(floors: Mapping[str, int], terms: Sequence[str]) -> list[int]:
    """Lowest grade collected for each term."""
    return [floors.get(term, 1) for term in terms] or [1]


def _by_frequency(worst: pd.DataFrame) -> list[str]:
    """Terms, the most frequent first, then by name."""
    counts = worst["term"].value_counts()
    return sorted(map(str, counts.index), key=lambda term: (-int(counts[term]), term))


def _stopped(adverse_events: pd.DataFrame, actions: Collection[str]) -> pd.DataFrame | None:
    """Patient and term of the events for which the drug was stopped; None when not recorded."""
    if "action" not in adverse_events.columns:
        return None
    wanted = {action.casefold() for action in actions}
    action = adverse_events["action"].astype(object)
    hit = action.map(lambda value: isinstance(value, str) and value.strip().casefold() in wanted)
    return adverse_events.loc[hit.to_numpy(dtype=bool), ["patient_id", "term"]].drop_duplicates()


def _term(
    inside: pd.DataFrame,
    stops: pd.DataFrame | None,
    everyone: pd.DataFrame,
    terms: Sequence[str],
    floor: int,
) -> dict[str, int | None]:
    """Patients with an event of these terms; None where the question was not recorded."""
    mine = inside[inside["term"].isin(terms)].groupby("patient_id")["grade"].max()
    overall = everyone.loc[everyone["term"].isin(terms), "grade"]
    graded = overall.empty or overall.notna().any()
    out: dict[str, int | None] = {
        "any_grade": len(mine) if floor < _SEVERE else None,
        "grade_3_plus": int((mine >= _SEVERE).sum()) if graded else None,
        "grade_missing": int(mine.isna().sum()),
    }
    if stops is not None:
        out["discontinued"] = int(stops.loc[stops["term"].isin(terms), "patient_id"].nunique())
    return out


def _as_row(statistic: str, count: int | None, total: int, conf_level: float) -> dict[str, Any]:
    """Count as a fraction with its interval; ``grade_missing`` stays a count."""
    base: dict[str, Any] = {"statistic": statistic, "n": total, "n_events": count}
    if count is None:
        return {**base, "value": np.nan, "method": "not recorded"}
    if statistic == "grade_missing":
        return {**base, "value": count}
    value, low, high = clopper_pearson(count, total, conf_level)
    limits = {"conf_low": low, "conf_high": high, "conf_level": conf_level}
    return {**base, "value": value, **limits, "method": CLOPPER_PEARSON}
