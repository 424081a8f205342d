"""Adverse events by term: patients with any grade, grade 3 or more, related, serious, and what was done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from her2adc.results import frame, row
from her2adc.stats.inputs import check_columns, groups_with_all
from her2adc.stats.proportions import CLOPPER_PEARSON, clopper_pearson

__all__ = ["ANY_EVENT", "DISCONTINUED", "GRADES", "events", "grades", "terms_of", "worst_grades"]

ANY_EVENT = "Any adverse event"
"""Variable of the rows that count patients with at least one event of any term."""
DISCONTINUED = ("discontinued", "drug withdrawn", "withdrawn", "permanently discontinued")
"""Actions that mean the drug was stopped for good."""
ACTIONS = {
    "dose reduced": ("dose_reduced", ("dose reduced", "reduced")),
    "interrupted": ("interrupted", ("interrupted", "drug interrupted", "delayed")),
    "drug withdrawn": ("discontinued", DISCONTINUED),
}
"""Actions, the statistic of each, and the texts that mean it."""
GRADES = ("1", "2", "3", "4", "5", "not graded")
"""Levels of a worst grade."""
_SEVERE, _FATAL = 3, 5


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


def terms_of(adverse_events: pd.DataFrame) -> list[str]:
    """Terms that occur, those of most patients first, then by name.

    Examples
    --------
    >>> terms_of(pd.DataFrame({"patient_id": [1, 1, 2], "term": ["B", "A", "B"], "grade": 1}))
    ['B', 'A']
    """
    counts = worst_grades(adverse_events)["term"].value_counts()
    return sorted(map(str, counts.index), key=lambda term: (-int(counts[term]), term))


def events(
    adverse_events: pd.DataFrame,
    data: pd.DataFrame,
    by: str | None = None,
    recorded_from: Mapping[str, int] | None = None,
    terms: Sequence[str] | None = None,
    actions: Collection[str] = tuple(ACTIONS),
    population: str = "treated",
    conf_level: float = 0.95,
    *,
    sets: Mapping[str, Sequence[str]] | None = None,
    analysis: str = "safety",
) -> pd.DataFrame:
    """Patients with adverse events, by term or by sets of terms.

    Parameters
    ----------
    adverse_events : pandas.DataFrame
        One row an event: ``patient_id, term, grade`` and, if known, ``related``, ``serious`` (yes or
        no) and ``action``.
    data : pandas.DataFrame
        One row a treated patient, with ``patient_id``: the denominator.
    by : str, optional
        Column of ``data`` with groups.
    recorded_from : mapping, optional
        Lowest grade that was collected for a term; 1 where a term is not named.
    terms : sequence of str, optional
        Terms in order; without it those that occur, the most frequent first.
    actions : collection of str
        Keys of :data:`ACTIONS` that were collected; the others are not counted as none.
    population : str
        Name of the population, kept in the rows.
    conf_level : float
        Level of the exact intervals.
    sets : mapping, optional
        Terms that count as one (a system organ class, an event of special interest), by name.
    analysis : str
        Name of the analysis, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows, all patients first. For every term ``any_grade`` (NaN where lower grades were not
        collected), ``grade_3_plus`` and ``fatal`` (NaN where the term was never graded), and where they
        were recorded ``related`` (NaN as ``any_grade``), ``related_3_plus``, ``serious``,
        ``dose_reduced``, ``interrupted`` and ``discontinued``: fractions with exact intervals.
        ``grade_missing`` is the number of patients whose event has no grade. A patient counts once a
        term. The same under the variable "Any adverse event" over the terms listed, or for each set. n
        is patients treated, n_events patients with the event.

    Examples
    --------
    >>> raw = pd.DataFrame({"patient_id": [1, 1], "term": ["Nausea"] * 2, "grade": [1, 3]})
    >>> rows = events(raw, pd.DataFrame({"patient_id": [1, 2]}))
    >>> rows.loc[rows.variable == "Nausea", ["statistic", "value"]].values.tolist()
    [['any_grade', 0.5], ['grade_3_plus', 0.5], ['grade_missing', 0.0], ['fatal', 0.0]]
    """
    floors = dict(recorded_from or {})
    known = _known(adverse_events, data, actions)
    order = list(terms) if terms is not None else terms_of(adverse_events)
    chosen = dict(sets) if sets is not None else {ANY_EVENT: order, **{term: [term] for term in order}}
    rows: list[dict[str, Any]] = []
    for label, part in groups_with_all(data, by):
        inside = known[known["patient_id"].isin(part["patient_id"])]
        for name, wanted in chosen.items():
            graded = known.loc[known["term"].isin(wanted), "grade"]
            measured = _measured(
                inside[inside["term"].isin(wanted)],
                collected=max(_floors(floors, wanted)) < _SEVERE,
                graded=graded.empty or bool(graded.notna().any()),
            )
            rows += [
                _as_row(statistic, count, len(part), conf_level) | {"variable": name, "group": label}
                for statistic, count in measured.items()
            ]
    common = {"analysis": analysis, "population": population}
    return frame(row(**{**common, **record}) for record in rows)


def grades(
    adverse_events: pd.DataFrame,
    data: pd.DataFrame,
    by: str | None = None,
    terms: Sequence[str] | None = None,
    population: str = "treated",
) -> pd.DataFrame:
    """Patients by worst grade of each term.

    Parameters
    ----------
    adverse_events, data, by, terms, population
        See :func:`events`.

    Returns
    -------
    pandas.DataFrame
        Results rows ``count`` of analysis "worst_grade"; level is a value of :data:`GRADES`, n the
        patients treated.

    Examples
    --------
    >>> raw = pd.DataFrame({"patient_id": [1, 1], "term": ["Nausea"] * 2, "grade": [1, 3]})
    >>> rows = grades(raw, pd.DataFrame({"patient_id": [1, 2]}))
    >>> rows.loc[rows.value > 0, ["variable", "level", "value"]].values.tolist()
    [['Nausea', '3', 1.0]]
    """
    _known(adverse_events, data, ())
    worst = worst_grades(adverse_events)
    order = list(terms) if terms is not None else terms_of(adverse_events)
    shown = worst["grade"].map(lambda g: "not graded" if pd.isna(g) else f"{g:g}")
    rows: list[dict[str, Any]] = []
    for label, part in groups_with_all(data, by):
        here = worst["patient_id"].isin(part["patient_id"])
        for term in order:
            counts = shown[here & worst["term"].eq(term)].value_counts()
            common: dict[str, Any] = {"group": label, "variable": term, "n": len(part), "method": "count"}
            rows += [{**common, "level": g, "value": int(counts.get(g, 0))} for g in GRADES]
    shared = {"analysis": "worst_grade", "statistic": "count", "population": population}
    return frame(row(**{**shared, **record}) for record in rows)


def _known(adverse_events: pd.DataFrame, data: pd.DataFrame, actions: Collection[str]) -> pd.DataFrame:
    """Events as ``patient_id, term, grade`` and a flag for each thing that was recorded of them."""
    check_columns(data, ["patient_id"])
    if data["patient_id"].duplicated().any():
        raise ValueError("data has a patient twice; give one row a patient")
    worst = worst_grades(adverse_events)
    strangers = sorted(set(map(str, worst["patient_id"])) - set(map(str, data["patient_id"])))
    if strangers:
        raise ValueError(f"adverse events of patients who are not in the data: {strangers[:10]}")
    known = adverse_events[["patient_id", "term"]].assign(grade=pd.to_numeric(adverse_events["grade"]))
    for column in ("related", "serious"):
        if column in adverse_events and adverse_events[column].notna().any():
            known[column] = _says(adverse_events[column], ("yes",))
    if "action" in adverse_events:
        for action in (a for a in ACTIONS if a in actions):
            name, texts = ACTIONS[action]
            known[name] = _says(adverse_events["action"], texts)
    return known.dropna(subset=["patient_id", "term"])


def _says(column: pd.Series, texts: Collection[str]) -> pd.Series:
    """Whether each cell is one of the texts."""
    wanted = {text.casefold() for text in texts}
    return column.astype(object).map(lambda v: isinstance(v, str) and v.strip().casefold() in wanted)


def _floors(floors: Mapping[str, int], terms: Sequence[str]) -> list[int]:
    """Lowest grade collected for each term."""
    return [floors.get(term, 1) for term in terms] or [1]


def _measured(events: pd.DataFrame, collected: bool, graded: bool) -> dict[str, int | None]:
    """Patients with these events, by what is asked; None where the question was not recorded."""
    worst = events.groupby("patient_id")["grade"].max()

    def patients(these: pd.Series) -> int:
        return int(events.loc[these, "patient_id"].nunique())

    out: dict[str, int | None] = {
        "any_grade": len(worst) if collected else None,
        "grade_3_plus": int((worst >= _SEVERE).sum()) if graded else None,
        "grade_missing": int(worst.isna().sum()),
        "fatal": int((worst >= _FATAL).sum()) if graded else None,
    }
    flags = [c for c in events.columns if c not in ("patient_id", "term", "grade")]
    for flag in flags:
        out[flag] = patients(events[flag].astype(bool)) if collected or flag != "related" else None
        if flag == "related":
            severe = events[flag].astype(bool) & events["grade"].ge(_SEVERE)
            out["related_3_plus"] = patients(severe) if graded else None
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
