"""Tables of the pseudo-cohort: what the search left open is drawn here, dates are set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kruskal

from her2adc import annealing as an
from her2adc.reconstruct import Band, probit

Days = NDArray[np.int64]
MONTH = 30.4375
SITES = (
    ("ipsilateral breast", "chest wall", "lymph node"),
    ("lung", "liver", "bone", "other"),
    ("contralateral breast",),
)
# rows: class of the recurrence; columns as printed
BY_SITE = (
    ((8, 8, 3), (6, 6, 4, 6), (12,)),
    ((17, 20, 11), (11, 11, 9, 11), (37,)),
    ((9, 7, 6), (4, 9, 5, 10), (17,)),
)
BY_AGE = ((19, 34), (41, 86), (30, 37))  # up to 50 years, older
AGE_RANGE = ((30, 93), (26, 88), (28, 77))
AGE_MEDIAN = (54, 54, 52)
BY_KI67 = ((22, 24), (69, 43), (33, 27))  # up to 30%, higher; the others are not known
BY_BCFI = ((5, 20, 28), (14, 31, 82), (12, 17, 38))  # below 12 months, to 24, longer
MIDDLE_BCFI = 928  # days: 30.5 months
FIRST_DIAGNOSIS = pd.Timestamp("2009-01-05")
LAST_RECURRENCE = pd.Timestamp("2018-12-28")
CUT_OFF = pd.Timestamp("2019-06-28")
CLASSES = ("HER2-zero", "HER2-low", "HER2-positive")
AGEING = an.Schedule(steps=4_000, hot=0.05, cold=0.001, rounds=4)


def write(
    cohort: an.Cohort, her2: Days, matrix: Days, age_p: Band, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Make the two tables from the cohort that the search found.

    Parameters
    ----------
    cohort : mapping of column name to array
        Times, deaths, HR status, type of relapse and concordance.
    her2 : array
        Class of the recurrence of every row.
    matrix : array
        Pairs: rows the class of the recurrence, columns that of the primary.
    age_p : Band
        Kruskal-Wallis p-value of age by class.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    dict of str to DataFrame
        patients, her2_tests.
    """
    p = pd.DataFrame(dict(cohort))
    p["her2"], p["primary"] = her2, _primaries(cohort, her2, matrix, rng)
    p["site"] = _sites(p, rng)
    p["age"] = _ages(her2, age_p, rng)
    p["ki67"] = _ki67(p, rng)
    p["bcfi"] = _intervals(p, rng)
    _calendar(p, rng)
    p = p.iloc[rng.permutation(len(p))].sort_values("recurrence", kind="stable", ignore_index=True)
    p.insert(0, "patient_id", [f"R{k:03d}" for k in range(1, len(p) + 1)])
    return {"patients": _patients(p), "her2_tests": _her2_tests(p, rng)}


def _primaries(cohort: an.Cohort, her2: Days, matrix: Days, rng: np.random.Generator) -> Days:
    """Class of the primary: the matrix, spread over the discordant pairs at random."""
    primary = her2.copy()
    for k, row in enumerate(matrix):
        others = [j for j in range(3) if j != k]
        changed = np.flatnonzero((her2 == k) & (cohort["discordant"] == 1))
        primary[changed] = rng.permutation(np.repeat(others, row[others]))
    return primary


def _sites(p: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    site = np.full(len(p), "", dtype=object)
    for k, by_type in enumerate(BY_SITE):
        for t, counts in enumerate(by_type):
            rows = np.flatnonzero((p["her2"] == k) & (p["type"] == t))
            site[rows] = rng.permutation(np.repeat(SITES[t], counts))
    return list(site)


def _ages(her2: Days, printed: Band, rng: np.random.Generator) -> Days:
    """Ages with the printed bands, ranges and medians; annealed to the p-value."""
    age = np.zeros(len(her2), dtype=np.int64)
    fixed = np.zeros(len(her2), dtype=bool)
    for k, (young, old) in enumerate(BY_AGE):
        rows = rng.permutation(np.flatnonzero(her2 == k))
        least, most = AGE_RANGE[k]
        age[rows[:young]] = np.clip(rng.normal(44, 5, young), least + 1, 50)
        age[rows[young:]] = np.clip(rng.normal(60, 8, old), 51, most - 1)
        age[rows[[0, -1]]] = least, most
        fixed[rows[[0, -1]]] = True
    classes = [her2 == k for k in range(3)]
    target = printed.probit()

    def allowed(cohort: an.Cohort, i: int, value: int) -> bool:
        least, most = AGE_RANGE[int(her2[i])]
        same_band = (value <= 50) == (int(cohort["age"][i]) <= 50)
        return bool(not fixed[i] and least < value < most and same_band)

    def cost(cohort: an.Cohort) -> float:
        ages = cohort["age"]
        medians = [abs(float(np.median(ages[c])) - m) for c, m in zip(classes, AGE_MEDIAN, strict=True)]
        medians.append(abs(float(np.median(ages)) - 54))
        p_value = float(kruskal(*(ages[c] for c in classes)).pvalue)
        return 0.1 * sum(medians) + target.distance(probit(p_value))

    everyone = np.ones(len(her2), dtype=bool)
    term = an.Term("age", frozenset(["age"]), everyone, cost)
    found, _ = an.anneal({"age": age}, [term], [an.shift("age", 8, allowed)], rng, AGEING)
    return found["age"]


def _ki67(p: pd.DataFrame, rng: np.random.Generator) -> pd.Series[int]:
    """Ki-67 in steps of five, higher more often without hormone receptors; the rest not known."""
    ki67 = pd.Series(pd.NA, index=p.index, dtype="Int64")
    for k, (low, high) in enumerate(BY_KI67):
        rows = np.flatnonzero(p["her2"] == k)
        order = rows[np.argsort(p["hr"].to_numpy()[rows] * 0.4 + rng.random(len(rows)), kind="stable")]
        rest = rng.permutation(order[high:])
        ki67[order[:high]] = rng.choice([35, 40, 50, 60, 70, 80, 90], high)
        ki67[rest[:low]] = rng.choice([5, 10, 15, 20, 25, 30], low, p=[0.08, 0.14, 0.12, 0.22, 0.12, 0.32])
    return ki67


def _intervals(p: pd.DataFrame, rng: np.random.Generator) -> Days:
    """Days from diagnosis to the first recurrence: printed bands, 123 on either side of the median."""
    longer = sum(row[2] for row in BY_BCFI)
    below = (len(p) - 1) // 2 - sum(row[0] + row[1] for row in BY_BCFI)
    late = MIDDLE_BCFI + 1 + rng.exponential(650.0, longer - below - 1) % 1900
    late = rng.permutation([*rng.integers(731, MIDDLE_BCFI, below), MIDDLE_BCFI, *late.astype(int)])
    days, used = np.zeros(len(p), dtype=np.int64), 0
    time = p["time"].to_numpy()
    room = (CUT_OFF - FIRST_DIAGNOSIS).days - 10
    for k, (first, second, third) in enumerate(BY_BCFI):
        rows = np.flatnonzero(p["her2"] == k)
        drawn = [*rng.integers(120, 366, first), *rng.integers(366, 731, second), *late[used : used + third]]
        used += third
        days[rows] = rng.permutation(drawn)
        for _ in range(10_000):  # a long follow-up leaves room for a short interval only
            too_long = rows[days[rows] + time[rows] > room]
            if not too_long.size:
                break
            i, j = rng.choice(too_long), rng.choice(rows)
            if days[i] + time[j] <= room:
                days[[i, j]] = days[[j, i]]
    return days


def _calendar(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Dates: who did not die was mostly seen within the year before the cut-off."""
    diagnosed = []
    for i in p.index:
        before, after = int(p["bcfi"][i]), int(p["time"][i])
        latest = min(LAST_RECURRENCE, CUT_OFF - pd.Timedelta(days=after)) - pd.Timedelta(days=before)
        room = (latest - FIRST_DIAGNOSIS).days
        back = int(rng.integers(0, room + 1) if p["event"][i] else min(room, 400) * rng.random() ** 2)
        day = latest - pd.Timedelta(days=back)
        step = 1 if back > 7 else -1
        while day.weekday() > 4 or (day + pd.Timedelta(days=before)).weekday() > 4:
            day += pd.Timedelta(days=step)
        diagnosed.append(day)
    p["diagnosis"] = diagnosed
    p["recurrence"] = p["diagnosis"] + pd.to_timedelta(p["bcfi"], unit="D")
    p["last"] = p["recurrence"] + pd.to_timedelta(p["time"], unit="D")


def _iso(dates: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return pd.to_datetime(dates).dt.strftime("%Y-%m-%d")


def _patients(p: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "patient_id": p["patient_id"],
        "age_at_recurrence": p["age"],
        "hr_status": np.where(p["hr"] == 1, "positive", "negative"),
        "relapse_type": p["type"].map(dict(enumerate(("LRR", "DM", "CBC")))),
        "relapse_site": p["site"],
        "ki67_percent": p["ki67"],
        "bcfi_months": (p["bcfi"] / MONTH).round(2),
        "primary_diagnosis_date": _iso(p["diagnosis"]),
        "first_recurrence_date": _iso(p["recurrence"]),
        "last_contact_date": _iso(p["last"]),
        "bc_death_date": _iso(p["last"].where(p["event"] == 1)),
    }
    return pd.DataFrame(columns)


def _her2_tests(p: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Two specimens a patient, at diagnosis and at the first recurrence."""
    rows = []
    for i in p.index:
        for specimen, date, her2, site in (
            ("primary", p["diagnosis"][i], p["primary"][i], "breast"),
            ("recurrence", p["recurrence"][i], p["her2"][i], p["site"][i]),
        ):
            rows.append((p["patient_id"][i], specimen, date, site, *_specimen(int(her2), rng)))
    names = ["patient_id", "specimen", "date", "site", "ihc", "ish", "ish_ratio", "ish_copies"]
    table = pd.DataFrame(rows, columns=names)
    table["date"] = _iso(table["date"])
    return table


def _specimen(her2: int, rng: np.random.Generator) -> tuple[str, str, float, float]:
    """IHC score of a class; for 2+ also ISH, with the HER2/CEP17 ratio and copies of edition 2018."""
    if her2 == 0:
        return "0", "", np.nan, np.nan
    if rng.random() < (0.58 if her2 == 1 else 0.78):
        return ("1+" if her2 == 1 else "3+"), "", np.nan, np.nan
    kind = rng.random()
    if her2 == 1:
        if kind < 0.07:  # group 4: equivocal in 2013
            ratio, copies = rng.uniform(1.3, 1.9), rng.uniform(4.0, 5.8)
        elif kind < 0.11:  # group 2: amplified in 2013
            ratio, copies = rng.uniform(2.05, 2.4), rng.uniform(3.0, 3.8)
        else:  # group 5
            ratio = rng.uniform(0.9, 1.9)
            copies = min(ratio * rng.uniform(1.6, 2.4), 3.9)
    elif kind < 0.1:  # group 3: amplified by copies
        ratio, copies = rng.uniform(1.5, 1.95), rng.uniform(6.1, 7.5)
    else:  # group 1
        ratio = 2.0 + rng.exponential(1.8)
        copies = max(ratio * rng.uniform(1.8, 3.0), 4.1)
    ish = "not amplified" if her2 == 1 else "amplified"
    return "2+", ish, round(float(ratio), 2), round(float(copies), 1)
