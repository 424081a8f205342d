"""From simulated patients to the records of a study: periods, calendar, last doses, late responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from her2adc.simulate.tables import Simulation

__all__ = [
    "dated",
    "last_doses",
    "late_responses",
    "lost",
    "sampled_at_progression",
    "stacked",
    "streams",
]

_RESPONSES = ("CR", "PR")


def streams(seed: int, names: Sequence[str]) -> dict[str, np.random.Generator]:
    """Make a source of randomness for each part of a recipe, so that one part does not move another.

    Parameters
    ----------
    seed : int
        Seed.
    names : sequence of str
        The parts; a new one goes to the end.

    Returns
    -------
    dict of str to numpy.random.Generator

    Examples
    --------
    >>> first, second = (streams(1, names)["a"].random() for names in (["a"], ["a", "b"]))
    >>> first == second
    True
    """
    return {name: np.random.default_rng([seed, i]) for i, name in enumerate(names)}


def stacked(
    parts: Mapping[str, tuple[Simulation, int]], column: str = "period", prefix: str = "P"
) -> Simulation:
    """Put simulations of several calendar periods together, patients numbered by their first dose.

    Parameters
    ----------
    parts : mapping
        Of each period, in order, what was simulated and the day on which it opens.
    column : str
        Column of ``patients`` that holds the period.
    prefix : str
        Beginning of the new ids.

    Returns
    -------
    Simulation

    Examples
    --------
    >>> from her2adc.simulate import SimulationParameters, simulate
    >>> few = SimulationParameters(n=2)
    >>> found = stacked({"early": (simulate(few, 1), 0), "late": (simulate(few, 2), 2000)})
    >>> found.patients[["patient_id", "period"]].values.tolist()
    [['P001', 'early'], ['P002', 'early'], ['P003', 'late'], ['P004', 'late']]
    """
    frames: list[list[pd.DataFrame]] = [[], [], []]
    for name, (study, opening) in parts.items():
        day = study.patients["opening_day"] + opening
        patients = study.patients.assign(**{column: name}, opening_day=day)
        for found, table in zip(frames, (patients, study.exposures, study.assessments), strict=True):
            found.append(table.assign(patient_id=name + "/" + table["patient_id"]))
    patients, exposures, assessments = (pd.concat(found, ignore_index=True) for found in frames)
    patients[column] = pd.Categorical(patients[column], list(parts), ordered=True)
    patients = patients.sort_values(["opening_day", "patient_id"], ignore_index=True)
    width = max(3, len(str(len(patients))))
    ids = {old: f"{prefix}{i:0{width}d}" for i, old in enumerate(patients["patient_id"], 1)}
    tables = [t.assign(patient_id=t["patient_id"].map(ids)) for t in (patients, exposures, assessments)]
    by = [["patient_id"], ["patient_id", "line"], ["patient_id", "day"]]
    return Simulation(*(t.sort_values(b, ignore_index=True) for t, b in zip(tables, by, strict=True)))


def dated(
    table: pd.DataFrame, opened: pd.Series, opening: pd.Timestamp, columns: Sequence[str]
) -> pd.DataFrame:
    """Write days from each patient's first ADC as ISO dates, empty where there is none.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``patient_id``.
    opened : pandas.Series
        Day of each patient's first ADC since the study's opening, by id.
    opening : pandas.Timestamp
        Day on which the study opened.
    columns : sequence of str
        Columns of days.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"patient_id": ["a", "a"], "stop": [1.0, None]})
    >>> dated(table, pd.Series({"a": 30}), pd.Timestamp("2024-01-01"), ["stop"])["stop"].tolist()
    ['2024-02-01', '']
    """
    start = opening + pd.to_timedelta(table["patient_id"].map(opened).astype(float), unit="D")
    dates = {c: start + pd.to_timedelta(table[c].astype(float), unit="D") for c in columns}
    return table.assign(**{c: date.dt.strftime("%Y-%m-%d").fillna("") for c, date in dates.items()})


def last_doses(exposures: pd.DataFrame, random: np.random.Generator, most: int = 14) -> pd.DataFrame:
    """Take the last dose to up to ``most`` days before the progression or death that ended a therapy.

    It stays after the first dose, where there is a day between them.

    Parameters
    ----------
    exposures : pandas.DataFrame
        With ``start``, ``stop`` and ``reason``.
    random : numpy.random.Generator
        Source of randomness.
    most : int
        Longest interval, in days.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> table = pd.DataFrame({"start": [0, 0], "stop": [90.0, 3.0], "reason": ["progression", "death"]})
    >>> bool((last_doses(table, np.random.default_rng(1))["stop"] <= table["stop"]).all())
    True
    """
    back = random.integers(0, most + 1, len(exposures))
    ended = exposures["reason"].isin(["progression", "death"])
    earlier = np.maximum(exposures["stop"] - back, exposures["start"] + 1)
    return exposures.assign(stop=exposures["stop"].mask(ended, np.minimum(earlier, exposures["stop"])))


def late_responses(
    assessments: pd.DataFrame, random: np.random.Generator, share: float = 0.3
) -> pd.DataFrame:
    """Let a share of the responses begin at the second visit, and most complete ones as partial.

    Parameters
    ----------
    assessments : pandas.DataFrame
        In order of the visits: ``patient_id, line, day, response``.
    random : numpy.random.Generator
        Source of randomness.
    share : float
        Share of lines with two visits or more in response whose first visit shows stable disease.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> visits = pd.DataFrame({"patient_id": "a", "line": 1, "day": [56, 112, 168], "response": "CR"})
    >>> late_responses(visits, np.random.default_rng(1), share=1.0)["response"].tolist()
    ['SD', 'PR', 'CR']
    """
    shown = assessments["response"].isin(_RESPONSES)
    lines = assessments.groupby(["patient_id", "line"], sort=False)
    number = lines.cumcount()
    visits = shown.groupby([assessments["patient_id"], assessments["line"]], sort=False).transform("sum")
    late = pd.Series(random.random(lines.ngroups) < share).iloc[lines.ngroup()].to_numpy()
    first = np.where(late & (visits > 1), 1, 0)
    response = assessments["response"].mask(shown & (number < first), "SD")
    return assessments.assign(response=response.mask(response.eq("CR") & (number == first), "PR"))


def sampled_at_progression(patients: pd.DataFrame, k: int, within: int = 14) -> pd.Series[float]:
    """Latest day of a sample at progression on ADC ``k``: before the next therapy and the last contact.

    Parameters
    ----------
    patients : pandas.DataFrame
        Simulated patients.
    k : int
        1 or 2.
    within : int
        Days after progression.

    Returns
    -------
    pandas.Series
        Missing without progression.

    Examples
    --------
    >>> days = {"progression1": [90.0, None], "next_start": [100.0, None], "last_contact": [400, 400]}
    >>> sampled_at_progression(pd.DataFrame(days), 1).tolist()
    [99.0, nan]
    """
    progressed = patients[f"progression{k}"].astype(float)
    before = patients["next_start" if k == 1 else "next2_start"].astype(float) - 1
    ends = pd.concat([progressed + within, before, patients["last_contact"].astype(float)], axis=1)
    return ends.min(axis=1).where(progressed.notna())


def lost(values: pd.Series, chance: float | pd.Series, random: np.random.Generator) -> pd.Series:
    """Empty some values, each with its chance.

    Parameters
    ----------
    values : pandas.Series
        The values.
    chance : float or pandas.Series
        Chance that a value is missing.
    random : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    pandas.Series
        Texts, empty where missing.

    Examples
    --------
    >>> lost(pd.Series([1, 2]), pd.Series([0.0, 1.0]), np.random.default_rng(1)).tolist()
    ['1', '']
    """
    return values.astype(str).mask(random.random(len(values)) < chance, "")
