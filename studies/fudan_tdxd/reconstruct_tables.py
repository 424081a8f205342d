"""Tables of the pseudo-cohort: what the search left open is drawn here, dates are set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2adc import annealing as an

MONTH = 30.4375
LOW, POSITIVE = 52, 46
N = LOW + POSITIVE
SD, PD = 2, 3
RESPONSES = ("CR", "PR", "SD", "PD")
CUT_OFF = pd.Timestamp("2025-02-28")
FIRST_START = pd.Timestamp("2022-01-04")
MIDDLE_FOLLOW_UP = 183  # days: 6.0 months
LONGEST_FOLLOW_UP = 791  # days: 26.0 months
# PFS on the next line in days, and events: median 61 days, its standard error 0.411 months.
SECOND = (
    *((27, 1), (36, 1), (37, 1), (39, 1), (46, 1), (56, 1), (59, 1), (61, 1), (69, 0), (70, 0)),
    *((78, 1), (90, 1), (95, 0), (106, 0), (130, 1)),
)

Days = NDArray[np.int64]


def write(cohort: an.Cohort, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Make the five tables from the cohort that the search found.

    Parameters
    ----------
    cohort : mapping of column name to array
        HER2-low patients first.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    dict of str to DataFrame
        patients, assessments, treatments, adverse_events, her2_tests.
    """
    p = pd.DataFrame(dict(cohort))
    p["age"] = _ages(cohort["age"], rng)
    _lines(p, rng)
    _tumour(p, rng)
    _meningeal(p, rng)
    p["sites"] = _sites(p, rng)
    _next_line(p, rng)
    _follow_up(p, rng)
    _calendar(p, rng)
    _withdrawals(p, rng)
    p = p.iloc[rng.permutation(N)].sort_values("tdxd_start", kind="stable", ignore_index=True)
    p.insert(0, "patient_id", [f"FT-{k:03d}" for k in range(1, N + 1)])
    return {
        "patients": _patients(p),
        "assessments": _assessments(p, rng),
        "treatments": _treatments(p),
        "adverse_events": _adverse_events(p, rng),
        "her2_tests": _her2_tests(p, rng),
    }


def _ages(band: Days, rng: np.random.Generator) -> Days:
    """Ages for the bands; medians 51.5 and 49, together 51; ranges 33-74 and 31-74."""
    age = np.zeros(N, dtype=np.int64)
    fixed = (
        ([33], [50, 51, 51, 51, 52], [74]),
        ([31, 49, 49], [51], [74]),
    )
    for group, (rows, pinned) in enumerate(zip((np.arange(LOW), np.arange(LOW, N)), fixed, strict=True)):
        limits = ((34, 50), (52 + group, 65), (65, 74))
        for k, ((low, high), values) in enumerate(zip(limits, pinned, strict=True)):
            chosen = rows[band[rows] == k]
            # younger ages are rarer: the larger of two draws, the smaller one from 65 on
            draws = np.sort(rng.integers(low, high, size=(len(chosen) - len(values), 2)), axis=1)
            free = draws[:, 0] if k == 2 else draws[:, 1]
            age[chosen] = rng.permutation(np.concatenate([values, free]))
    return age


def _lines(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Numbers above 3 for lines and anti-HER2 lines; the longest history has 17."""
    many = p["lines"].to_numpy() >= 3
    lines = p["lines"].to_numpy().copy()
    lines[many] = 3 + np.minimum(rng.geometric(0.42, many.sum()) - 1, 8)
    lines[rng.choice(np.flatnonzero(many))] = 17
    p["lines"] = lines
    exposed = p["anti"].to_numpy() >= 3
    more = 3 + np.minimum(rng.geometric(0.6, N) - 1, 3)
    p["anti"] = np.where(exposed, np.minimum(more, lines), np.minimum(p["anti"], lines))


def _tumour(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Receptors, IHC and ISH, Ki-67 and ECOG, with the printed counts in each group."""
    p["hr"], p["ihc"], p["ish"], p["ecog"], p["ki67"] = "negative", "3+", "", 0, pd.NA
    low, positive = np.arange(LOW), np.arange(LOW, N)
    p.loc[rng.permutation(low)[:20], "ihc"] = "1+"
    p.loc[(p.index < LOW) & (p["ihc"] == "3+"), ["ihc", "ish"]] = ["2+", "not amplified"]
    p.loc[rng.permutation(positive)[:11], ["ihc", "ish"]] = ["2+", "amplified"]
    p["ki67"] = p["ki67"].astype("Int64")
    for rows, receptor, ki67_low, ki67_high in ((low, 32, 10, 37), (positive, 22, 3, 38)):
        cdk = rows[p["cdk"].to_numpy()[rows] == 1]
        others = rng.permutation(np.setdiff1d(rows, cdk))
        p.loc[[*cdk, *others[: receptor - len(cdk)]], "hr"] = "positive"
        order = rng.permutation(rows)
        p.loc[order[:ki67_low], "ki67"] = rng.choice([5, 10, 15, 20], ki67_low)
        known = order[ki67_low : ki67_low + ki67_high]
        p.loc[known, "ki67"] = rng.choice([25, 30, 35, 40, 50, 60, 70, 80], ki67_high)
        order = rng.permutation(rows)
        p.loc[order[:3], "ecog"] = 2
        p.loc[order[3 : 3 + int(0.7 * len(rows))], "ecog"] = 1


def _meningeal(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Five patients: three with brain metastasis, one PD, one who progressed at 9.0 months."""
    flags = p[["liver", "lung", "bone"]].sum(axis=1)
    p["meningeal"] = 0
    nine = p[(p["time"].between(273, 275)) & (p["event"] == 1)].index[0]
    brain_wanted = 3 - int(p.loc[nine, "brain"])
    others = [i for i in rng.permutation(N) if i != nine and flags[i] <= 1]
    progressed = [i for i in others if p.loc[i, "response"] == PD and p.loc[i, "brain"] == 1][:1]
    held = [i for i in others if p.loc[i, "response"] != PD]
    brain = [i for i in held if p.loc[i, "brain"] == 1][: brain_wanted - 1]
    without = [i for i in held if p.loc[i, "brain"] == 0][: 3 - len(brain)]
    p.loc[[nine, *progressed, *brain, *without], "meningeal"] = 1


def _sites(p: pd.DataFrame, rng: np.random.Generator) -> pd.Series[int]:
    """Numbers of sites with the printed counts, none below the number of flagged sites."""
    central = np.maximum(p["brain"], p["meningeal"])
    flags = (p["liver"] + p["lung"] + p["bone"] + central).to_numpy()
    sites = pd.Series(pd.NA, index=p.index, dtype="Int64")
    for rows, ones, twos, missing in ((np.arange(LOW), 8, 14, 8), (np.arange(LOW, N), 20, 17, 0)):
        noise = flags[rows] + rng.random(len(rows)) * 0.9
        order = list(rows[np.argsort(noise)])
        unknown = set(rng.permutation(order[ones:])[:missing].tolist())
        known = [i for i in order if i not in unknown]
        for k, i in enumerate(known):
            least = 1 if k < ones else 2 if k < ones + twos else 3
            if flags[i] > least and least < 3:
                raise ValueError("more flagged sites than the printed numbers of sites allow")
            sites[i] = max(least, int(flags[i])) + (int(rng.random() < 0.3) if least == 3 else 0)
    return sites


def _next_line(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Fifteen of the progressed patients go on to a documented next line."""
    rows = rng.choice(np.flatnonzero((p["response"] == PD) & (p["time"] > 15)), 15, replace=False)
    p["gap"], p["time2"], p["event2"] = -1, -1, -1
    p.loc[rows, "gap"] = rng.integers(7, 29, 15)
    for i, (time, event) in zip(rows, SECOND, strict=True):
        p.loc[i, ["time2", "event2"]] = [time, event]


def _follow_up(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Days to the last contact: 48 patients above 6.0 months, two at it; longest 26.0."""
    least = (p["time"] + np.where(p["gap"] >= 0, p["gap"] + p["time2"], 0)).to_numpy()
    above = least > MIDDLE_FOLLOW_UP
    days = least + rng.integers(0, 22, N)
    days = np.where(above, np.minimum(days, LONGEST_FOLLOW_UP - 1), np.minimum(days, MIDDLE_FOLLOW_UP))
    days[p["time"] == 15] = 15
    days[int(np.argmax(least))] = LONGEST_FOLLOW_UP
    # Some progressed patients are followed beyond 6 months, so that half of all are.
    order = np.lexsort((days, p["event"], above))
    raised = [i for i in order[-(N // 2 - 1) :] if not above[i]]
    days[raised] = MIDDLE_FOLLOW_UP + rng.integers(7, 120, len(raised))
    days[order[-(N // 2 + 1) : -(N // 2 - 1)]] = MIDDLE_FOLLOW_UP
    p["follow_up"] = days


def _calendar(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Start dates: those still without progression were last seen shortly before the cut-off."""
    latest = [(CUT_OFF - pd.Timedelta(days=int(d))) for d in p["follow_up"]]
    starts = []
    for i, last in enumerate(latest):
        room = (last - FIRST_START).days
        # Those still without progression were seen last within two months of the cut-off.
        share = rng.random()
        back = int(room * share**1.5) if p["event"][i] else min(room, int(60 * share))
        day = last - pd.Timedelta(days=back)
        while day.weekday() > 4 or day < FIRST_START:
            day += pd.Timedelta(days=1 if day < FIRST_START else -1)
        starts.append(day)
    p["tdxd_start"] = starts
    for name, days in (("end", p["time"]), ("last_contact", p["follow_up"])):
        p[name] = p["tdxd_start"] + pd.to_timedelta(days, unit="D")
    has = p["gap"] >= 0
    p["next_start"] = (p["end"] + pd.to_timedelta(p["gap"], unit="D")).where(has)
    p["end2"] = (p["next_start"] + pd.to_timedelta(p["time2"], unit="D")).where(has)


def _withdrawals(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Three patients stop T-DXd for an adverse event some weeks before their last assessment."""
    p["withdrawn"] = ""
    rows = rng.choice(np.flatnonzero((p["response"] < PD) & p["time"].between(120, 400)), 3, replace=False)
    for i, term in zip(
        rows, ("Interstitial lung disease", "Interstitial lung disease", "Renal impairment"), strict=True
    ):
        p.loc[i, "withdrawn"] = term
    p["stop_day"] = np.where(p["withdrawn"] != "", (p["time"] * 0.7).astype(int), p["time"])


def _iso(dates: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return pd.to_datetime(dates).dt.strftime("%Y-%m-%d")


def _yes_no(flag: pd.Series[int]) -> pd.Series[str]:
    return pd.Series(np.where(flag.astype(bool), "yes", "no"), index=flag.index)


def _patients(p: pd.DataFrame) -> pd.DataFrame:
    flags = {
        "liver": "liver",
        "lung": "lung",
        "brain": "brain",
        "bone": "bone",
        "leptomeningeal": "meningeal",
    }
    second, progressed2 = p["gap"] >= 0, p["event2"] == 1
    columns = {
        "patient_id": p["patient_id"],
        "age": p["age"],
        "ecog": p["ecog"],
        "hr_status": p["hr"],
        "her2_ihc": p["ihc"],
        "her2_ish": p["ish"],
        "ki67_percent": p["ki67"],
        "n_metastatic_sites": p["sites"],
        **{f"{name}_metastasis": _yes_no(p[column]) for name, column in flags.items()},
        "prior_anti_her2": _yes_no(p["anti"] > 0),
        "prior_anti_her2_lines": p["anti"],
        "prior_cdk46": _yes_no(p["cdk"]),
        "prior_tdm1": _yes_no(p["tdm1"]),
        "prior_lines": p["lines"],
        "tdxd_start": _iso(p["tdxd_start"]),
        "progression_date": _iso(p["end"].where(p["event"] == 1)),
        "last_assessment_date": _iso(p["end"]),
        "last_contact_date": _iso(p["last_contact"]),
        "next_line_start": _iso(p["next_start"]),
        "progression2_date": _iso(p["end2"].where(second & progressed2)),
        "last_assessment2_date": _iso(p["end2"]),
        "tdxd_discontinued_for_ae": _yes_no(p["withdrawn"] != ""),
    }
    return pd.DataFrame(columns)


def _assessments(p: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Visits after about 6, 12, 21, 30 ... weeks, the last on the day of the PFS time."""
    rows = []
    for i in p.index:
        best, last = int(p["response"][i]), int(p["time"][i])
        progressed = bool(p["event"][i])
        days = _visit_days(best, last, progressed, rng)
        seen = len(days) - progressed  # visits before progression
        first = min(int(rng.integers(0, 2)), seen - 2 + progressed)  # of the response
        for k, day in enumerate(days):
            if progressed and k == seen:
                response = "PD"
            elif best == SD or k < first:
                response = "SD"
            else:
                response = "CR" if best == 0 and k >= seen - max(1, seen // 2) else "PR"
            rows.append((p["patient_id"][i], p["tdxd_start"][i] + pd.Timedelta(days=day), response))
    table = pd.DataFrame(rows, columns=["patient_id", "date", "response"])
    table["date"] = _iso(table["date"])
    return table


def _visit_days(best: int, last: int, progressed: bool, rng: np.random.Generator) -> list[int]:
    if best == PD:
        return [last]
    planned = [42, 84, *range(147, last + 1, 63)]
    jitter = rng.integers(0, 8, len(planned))
    days = [d + int(j) for d, j in zip(planned, jitter, strict=True) if d + j <= last - 21]
    if not days and progressed:
        days = [42]
    if not days and best < SD:
        days = [36]  # so that no response is seen on the last day only
    return [*days, last]


def _treatments(p: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for i in p.index:
        start, line = p["tdxd_start"][i], int(p["lines"][i]) + 1
        if p["withdrawn"][i]:
            stop, reason = start + pd.Timedelta(days=int(p["stop_day"][i])), "adverse event"
        elif p["event"][i]:
            stop, reason = p["end"][i], "progression"
        else:
            stop, reason = pd.NaT, "ongoing"
        rows.append((p["patient_id"][i], line, "T-DXd", start, stop, reason))
        if p["gap"][i] >= 0:
            done = bool(p["event2"][i])
            stop, reason = (p["end2"][i], "progression") if done else (pd.NaT, "ongoing")
            rows.append((p["patient_id"][i], line + 1, "not reported", p["next_start"][i], stop, reason))
    table = pd.DataFrame(rows, columns=["patient_id", "line", "regimen", "start", "stop", "stop_reason"])
    table["start"], table["stop"] = _iso(table["start"]), _iso(table["stop"])
    return table


def _adverse_events(p: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The events that the source counts; the grade is empty where it printed none."""
    withdrawn = p.index[p["withdrawn"] != ""]
    rows = [(i, p["withdrawn"][i], pd.NA, int(p["stop_day"][i]) - 3, "drug withdrawn") for i in withdrawn]
    free = rng.permutation(np.setdiff1d(np.flatnonzero(p["time"] >= 60), withdrawn))
    rows += [
        (i, "Interstitial lung disease", pd.NA, int(rng.integers(30, p["time"][i])), "none") for i in free[:4]
    ]
    for term, number in (("Neutropenia", 20), ("Nausea", 5), ("Anemia", 4)):
        for k, i in enumerate(rng.permutation(np.flatnonzero(p["time"] >= 30))[:number]):
            grade = 4 if term == "Neutropenia" and k < 4 else 3
            rows.append((i, term, grade, int(rng.integers(7, min(p["stop_day"][i], 120))), "none"))
    table = pd.DataFrame(rows, columns=["row", "term", "grade", "day", "action"])
    table["grade"] = table["grade"].astype("Int64")
    table["patient_id"] = p["patient_id"].loc[table["row"]].to_numpy()
    starts = pd.Series(p["tdxd_start"].loc[table["row"]].to_numpy())
    table["onset"] = _iso(starts + pd.to_timedelta(table["day"], unit="D"))
    table["related"] = "yes"
    table = table.sort_values(["patient_id", "onset", "term"], ignore_index=True)
    return table[["patient_id", "term", "grade", "onset", "related", "action"]]


def _her2_tests(p: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One specimen a patient, the most recent one, from before T-DXd."""
    metastasis = rng.random(N) < 0.7
    back = np.where(metastasis, rng.integers(10, 400, N), rng.integers(400, 2500, N))
    columns = {
        "patient_id": p["patient_id"],
        "specimen": np.where(metastasis, "metastasis", "primary"),
        "date": _iso(p["tdxd_start"] - pd.to_timedelta(back, unit="D")),
        "ihc": p["ihc"],
        "ish": p["ish"],
    }
    return pd.DataFrame(columns)
