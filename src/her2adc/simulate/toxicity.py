"""Adverse events of antibody-drug conjugates: which, when, how severe, and what was done.

An event befalls a course with the chance of its profile, more often where the course is longer; its day
is exponential since the first dose. A course that was stopped for toxicity has the event that ended it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["FATAL_WITHIN", "ILD", "PROFILES", "Event", "Profile", "adc_courses", "adverse_events"]

Floats = NDArray[np.float64]
ILD = "Interstitial lung disease"
FATAL_WITHIN = 60
"""Days before death within which ILD of grade 3 or more counts as its cause."""


@dataclass(frozen=True)
class Event:
    """An adverse event of a drug.

    Attributes
    ----------
    term : str
        The event.
    any_grade, severe : float
        Share of courses with it, and with it at grade 3 or 4.
    onset : float
        Mean days from the first dose.
    lasting : float
        Mean days until it is resolved; 0 where it does not resolve.
    fourth : float
        Share of grade 4 among the severe ones.
    acted_on : bool
        Whether doses are changed for it.
    """

    term: str
    any_grade: float
    severe: float = 0.0
    onset: float = 30.0
    lasting: float = 21.0
    fourth: float = 0.05
    acted_on: bool = True


@dataclass(frozen=True)
class Profile:
    """Events of a drug, and the terms, with their weights, for which it is withdrawn."""

    events: tuple[Event, ...]
    withdrawn_for: Mapping[str, float]


PROFILES: Mapping[str, Profile] = {
    # near DESTINY-Breast04 (Modi 2022), which had ILD in 12.1% and withdrew 8.2% for it
    "T-DXd": Profile(
        (
            Event("Nausea", 0.73, 0.05, 10, 25),
            Event("Vomiting", 0.34, 0.014, 15, 8),
            Event("Fatigue", 0.48, 0.075, 30, 60),
            Event("Alopecia", 0.38, 0.0, 30, 0, acted_on=False),
            Event("Neutropenia", 0.33, 0.137, 30, 12, fourth=0.15),
            Event("Anemia", 0.33, 0.08, 60, 40),
            Event("Thrombocytopenia", 0.24, 0.05, 50, 20, fourth=0.2),
            Event("Decreased appetite", 0.29, 0.025, 25, 30),
            Event("Diarrhea", 0.22, 0.011, 40, 8),
            Event("Constipation", 0.21, 0.0, 25, 20),
            Event("ALT increased", 0.23, 0.03, 50, 25),
            Event("Stomatitis", 0.11, 0.01, 30, 14),
            Event(ILD, 0.04, 0.0, 150, 60),
            Event("LVEF decreased", 0.04, 0.003, 150, 90),
            Event("Dry eye", 0.04, 0.0, 90, 60, acted_on=False),
        ),
        {ILD: 0.55, "Nausea": 0.10, "Fatigue": 0.15, "LVEF decreased": 0.05, "Thrombocytopenia": 0.15},
    ),
    # near TROPiCS-02 (Rugo 2022)
    "SG": Profile(
        (
            Event("Neutropenia", 0.70, 0.51, 18, 12, fourth=0.3),
            Event("Febrile neutropenia", 0.05, 0.05, 20, 9, fourth=0.2),
            Event("Diarrhea", 0.57, 0.09, 20, 7),
            Event("Nausea", 0.55, 0.01, 10, 12),
            Event("Alopecia", 0.46, 0.0, 30, 0, acted_on=False),
            Event("Fatigue", 0.37, 0.06, 30, 45),
            Event("Anemia", 0.34, 0.06, 50, 35),
            Event("Vomiting", 0.19, 0.01, 15, 6),
            Event("Constipation", 0.18, 0.0, 25, 15),
            Event("Decreased appetite", 0.15, 0.01, 25, 25),
            Event("ALT increased", 0.11, 0.01, 45, 20),
            Event("Stomatitis", 0.09, 0.005, 30, 12),
            Event("Dry eye", 0.02, 0.0, 60, 45, acted_on=False),
            Event("LVEF decreased", 0.005, 0.0, 120, 60),
        ),
        {"Neutropenia": 0.45, "Diarrhea": 0.35, "Fatigue": 0.20},
    ),
    # chosen: stomatitis and ocular events as of the deruxtecan and tirumotecan conjugates of TROP2
    "other": Profile(
        (
            Event("Stomatitis", 0.50, 0.06, 25, 20),
            Event("Nausea", 0.50, 0.02, 12, 15),
            Event("Alopecia", 0.36, 0.0, 30, 0, acted_on=False),
            Event("Fatigue", 0.30, 0.03, 30, 45),
            Event("Dry eye", 0.22, 0.005, 60, 60),
            Event("ALT increased", 0.25, 0.03, 40, 25),
            Event("Anemia", 0.30, 0.07, 45, 35),
            Event("Neutropenia", 0.30, 0.12, 25, 12, fourth=0.2),
            Event("Vomiting", 0.20, 0.01, 15, 6),
            Event("Keratitis", 0.08, 0.01, 70, 40),
            Event(ILD, 0.03, 0.005, 120, 60),
        ),
        {"Stomatitis": 0.5, ILD: 0.3, "Dry eye": 0.2},
    ),
}
"""Profiles by the short name of an ADC; "other" is that of all that have none."""
_WITHDRAWAL_GRADES = {2: 0.60, 3: 0.33, 4: 0.07}
_ACTIONS = ("none", "dose reduced", "interrupted")
_CHANGES = {1: (0.97, 0.0, 0.03), 2: (0.80, 0.08, 0.12), 3: (0.35, 0.30, 0.35), 4: (0.10, 0.45, 0.45)}
_SERIOUS = {1: 0.0, 2: 0.03, 3: 0.20, 4: 0.45, 5: 1.0}
_RELATED, _RESOLVED, _AGAIN, _SECOND = 0.92, 0.9, 0.2, 0.4


def adc_courses(lines: pd.DataFrame, patients: pd.DataFrame, adcs: Collection[str]) -> pd.DataFrame:
    """Courses of ADCs, with the last day on which their adverse events are recorded.

    Parameters
    ----------
    lines : pandas.DataFrame
        Lines of therapy in order: ``patient_id``, ``agents`` (tuple, an ADC first), ``start, stop, reason``.
    patients : pandas.DataFrame
        ``patient_id, last_contact, death``.
    adcs : collection of str
        Names of the ADCs.

    Returns
    -------
    pandas.DataFrame
        As :func:`adverse_events` takes it; events are recorded until 30 days after the last dose, the day
        before the next ADC, or the last contact.

    Examples
    --------
    >>> lines = {"patient_id": "a", "agents": [("SG",)], "start": 0, "stop": 90.0, "reason": "progression"}
    >>> patients = pd.DataFrame({"patient_id": ["a"], "last_contact": [400], "death": [None]})
    >>> adc_courses(pd.DataFrame(lines), patients, ["SG"])["until"].tolist()
    [120.0]
    """
    agent = lines["agents"].map(lambda agents: agents[0])
    own = lines.assign(agent=agent)[agent.isin(list(adcs))]
    known = patients.set_index("patient_id")
    last, death = (own["patient_id"].map(known[c]).astype(float) for c in ("last_contact", "death"))
    following = own.groupby("patient_id")["start"].shift(-1) - 1
    until = pd.concat([own["stop"] + 30, following, last], axis=1).min(axis=1)
    return own.assign(last=last, death=death, until=until)


def adverse_events(
    courses: pd.DataFrame, random: np.random.Generator, profiles: Mapping[str, Profile] = PROFILES
) -> pd.DataFrame:
    """Adverse events of courses of ADCs.

    Parameters
    ----------
    courses : pandas.DataFrame
        One row a course: ``patient_id``, ``agent``, ``start``, ``stop`` (days, NaN while ongoing),
        ``reason``, ``until`` (last day on which its events are recorded), ``last`` (last contact) and
        ``death`` (NaN if alive).
    random : numpy.random.Generator
        Source of randomness.
    profiles : mapping
        Profiles by agent, with "other".

    Returns
    -------
    pandas.DataFrame
        ``patient_id, term, grade, onset, related, serious, action, resolved`` (days), by onset.

    Examples
    --------
    >>> course = {"patient_id": "a", "agent": "SG", "start": 0.0, "stop": 200.0, "reason": "adverse event",
    ...           "until": 230.0, "last": 400.0, "death": None}
    >>> found = adverse_events(pd.DataFrame([course]), np.random.default_rng(1))
    >>> int(found["action"].eq("drug withdrawn").sum()), bool(found["onset"].between(0, 230).all())
    (1, True)
    """
    kind = courses["agent"].where(courses["agent"].isin(list(profiles)), "other")
    parts = []
    for name, profile in profiles.items():
        mine = courses[kind == name].reset_index(drop=True)
        ended = _ended(mine, profile, random)
        parts.append(ended)
        for event in profile.events:
            free = mine[~mine.index.isin(ended.index[ended["term"] == event.term])]
            parts.append(_befallen(free, event, random))
    found = pd.concat([p for p in parts if len(p)], ignore_index=True)
    found = _graded(found, random)
    columns = ["patient_id", "term", "grade", "onset", "related", "serious", "action", "resolved"]
    return found.sort_values(["patient_id", "onset", "term"], kind="stable", ignore_index=True)[columns]


def _ended(courses: pd.DataFrame, profile: Profile, random: np.random.Generator) -> pd.DataFrame:
    """The event for which each course was stopped, where it was; index of the courses."""
    mine = courses[courses["reason"] == "adverse event"]
    terms = random.choice(list(profile.withdrawn_for), len(mine), p=list(profile.withdrawn_for.values()))
    grades = random.choice(list(_WITHDRAWAL_GRADES), len(mine), p=list(_WITHDRAWAL_GRADES.values()))
    onset = np.maximum(mine["stop"] - random.integers(0, 15, len(mine)), mine["start"])
    lasting = {e.term: e.lasting for e in profile.events}
    return mine.assign(term=terms, grade=grades, onset=onset, action="drug withdrawn").assign(
        lasting=[lasting.get(t, 30.0) for t in terms]
    )


def _befallen(courses: pd.DataFrame, event: Event, random: np.random.Generator) -> pd.DataFrame:
    """Courses with an event of a profile: the first one, and for some another, milder one."""
    days = (courses["until"] - courses["start"]).to_numpy(dtype=np.float64)
    reached = -np.expm1(-(days + 1) / event.onset)
    chance = np.minimum(event.any_grade * reached / (reached.sum() / max(len(days), 1)), 0.98)
    day, happens = _day(days, event.onset, random), random.random(len(days)) < chance
    severe, upper = random.random((2, len(days)))
    high, low = 3 + (upper < event.fourth), 1 + (upper < _SECOND)
    grade = np.where(severe < event.severe / event.any_grade, high, low)
    first = courses.assign(
        term=event.term,
        grade=grade,
        onset=courses["start"] + day,
        action="" if event.acted_on else "none",
        lasting=event.lasting,
    )
    again = first.assign(grade=1, onset=first["onset"] + 14 + _day(days, event.onset * 2, random))
    repeated = happens & (random.random(len(days)) < _AGAIN) & (event.lasting > 0)
    again = again[repeated & (again["onset"] <= again["until"])]
    found: pd.DataFrame = pd.concat([first[happens], again])
    return found


def _day(days: Floats, mean: float, random: np.random.Generator) -> Floats:
    """Exponential day of an event that happens within so many days."""
    lot = random.random(len(days))
    return np.asarray(np.minimum(np.floor(-mean * np.log1p(lot * np.expm1(-(days + 1) / mean))), days))


def _graded(found: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """What depends on the grade: fatal ILD, action, seriousness, relation, resolution."""
    soon = found["death"].astype(float) - found["onset"] <= FATAL_WITHIN
    grade = found["grade"].mask(found["term"].eq(ILD) & found["grade"].ge(3) & soon, 5).astype(int)
    lots = random.random((len(found), 5))
    changes = np.cumsum([_CHANGES[min(g, 4)] for g in grade], axis=1)
    place = np.minimum((lots[:, [0]] > changes).sum(axis=1), len(_ACTIONS) - 1)
    end = found["onset"] + 1 + np.ceil(-found["lasting"] * np.log1p(-lots[:, 1]))
    over = found["lasting"].gt(0) & grade.lt(5) & end.le(found["last"]) & (lots[:, 2] < _RESOLVED)
    return found.assign(
        grade=grade,
        action=found["action"].mask(found["action"].eq(""), np.array(_ACTIONS)[place]),
        serious=np.where(lots[:, 3] < grade.map(_SERIOUS), "yes", "no"),
        related=np.where((lots[:, 4] < _RELATED) | found["action"].eq("drug withdrawn"), "yes", "no"),
        resolved=end.where(over),
    )
