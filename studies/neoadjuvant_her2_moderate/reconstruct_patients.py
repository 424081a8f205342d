"""Patients of the pseudo-cohort: what no printed number pins is chosen or drawn here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CUT_OFF = pd.Timestamp("2024-06-30")
FIRST, BETWEEN, LAST = (pd.Timestamp(d) for d in ("2013-01-07", "2019-06-01", "2022-05-13"))
EARLIEST = 60  # days from surgery to the first possible DFS event
GROUPS = (("3+", "single"), ("3+", "dual"), ("2+", "single"), ("2+", "dual"))

# HER2 level, HR status, blockade: patients, and pCR among them
CELLS = {
    ("3+", "negative", "dual"): (136, 88),
    ("3+", "negative", "single"): (99, 42),
    ("3+", "positive", "dual"): (130, 57),
    ("3+", "positive", "single"): (93, 24),
    ("2+", "negative", "dual"): (16, 7),
    ("2+", "negative", "single"): (12, 3),
    ("2+", "positive", "dual"): (52, 6),
    ("2+", "positive", "single"): (37, 3),
}
# HER2 level, blockade: residual tumours tested, HER2-positive no more; and DFS events
RESIDUAL = {
    ("3+", "single"): (101, 15),
    ("3+", "dual"): (100, 17),
    ("2+", "single"): (36, 14),
    ("2+", "dual"): (47, 21),
}
EVENTS = {("3+", "single"): 33, ("3+", "dual"): 19, ("2+", "single"): 12, ("2+", "dual"): 9}
# IHC and ISH of a residual tumour, with their shares, by HER2 level and whether HER2 was lost
SCORES = {
    ("3+", False): ((("3+", ""), 0.85), (("2+", "amplified"), 0.15)),
    ("3+", True): ((("2+", "not amplified"), 0.4), (("1+", ""), 0.4), (("0", ""), 0.2)),
    ("2+", False): ((("2+", "amplified"), 0.88), (("3+", ""), 0.12)),
    ("2+", True): ((("2+", "not amplified"), 0.3), (("1+", ""), 0.5), (("0", ""), 0.2)),
}
# Chemotherapy: share with single and with dual blockade, days from first dose to surgery
CHEMOTHERAPY = {"TCb": (0.40, 0.65, 126), "EC-T": (0.45, 0.25, 168), "Taxane": (0.15, 0.10, 112)}
EVENT_TYPES = {
    "distant": 0.58,
    "locoregional": 0.20,
    "contralateral": 0.08,
    "second primary": 0.08,
    "death": 0.06,
}

Part = tuple[int, int]


def draw(solved: Mapping[str, Part], rng: np.random.Generator) -> pd.DataFrame:
    """Draw all patients but the tables: stage, pCR, dates, residual HER2, first times of the events.

    Parameters
    ----------
    solved : mapping of str to (int, int)
        Counts and denominators behind the printed percentages; the cells have to add up to them.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    DataFrame
        One row a patient, with ``follow_up``, ``time`` and ``event`` in days from surgery.
    """
    rows = [key for key, (n, _) in CELLS.items() for _ in range(n)]
    p = pd.DataFrame(rows, columns=["level", "hr", "blockade"])
    _tumour(p, rng)
    p["pcr"] = False
    for (level, hr, blockade), (_, k) in CELLS.items():
        here = p[(p["level"] == level) & (p["hr"] == hr) & (p["blockade"] == blockade)]
        weight = np.where(here["t"] > 2, 0.6, 1.0) * np.where(here["n"] > 1, 0.7, 1.0)
        p.loc[rng.choice(here.index, k, replace=False, p=weight / weight.sum()), "pcr"] = True
    _agree(p, solved)
    _calendar(p, rng)
    _residual(p, rng)
    _events(p, rng)
    return p


def _agree(p: pd.DataFrame, solved: Mapping[str, Part]) -> None:
    """Hold the cells against the counts that were solved for."""
    moderate, dual = p["level"] == "2+", p["blockade"] == "dual"
    for name, rows, yes in (
        ("N-A02-hr-3", ~moderate, p["hr"] == "positive"),
        ("N-A02-hr-2", moderate, p["hr"] == "positive"),
        ("N-A03-pcr-3", ~moderate, p["pcr"]),
        ("N-A03-pcr-2", moderate, p["pcr"]),
        ("N-A04-dual", moderate & dual, p["pcr"]),
        ("N-A04-single", moderate & ~dual, p["pcr"]),
    ):
        if (int(yes[rows].sum()), int(rows.sum())) != solved[name]:
            raise ValueError(f"the cells do not add up to {name}: {solved[name]}")


def _tumour(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Age, menopause, clinical T and N, chemotherapy: the same in both HER2 levels."""
    size = len(p)
    p["age"] = np.clip(np.rint(rng.normal(50, 10, size)), 24, 76).astype(int)
    over = rng.random(size) < 1 / (1 + np.exp(-(p["age"] - 50.5) / 1.5))
    p["menopause"] = np.where(over, "postmenopausal", "premenopausal")
    p["t"] = rng.choice([1, 2, 3, 4], size, p=[0.12, 0.62, 0.17, 0.09])
    p["n"] = rng.choice([0, 1, 2, 3], size, p=[0.24, 0.44, 0.18, 0.14])
    names = list(CHEMOTHERAPY)
    p["chemotherapy"] = ""
    for k, blockade in enumerate(("single", "dual")):
        rows = p["blockade"] == blockade
        share = [CHEMOTHERAPY[n][k] for n in names]
        p.loc[rows, "chemotherapy"] = rng.choice(names, int(rows.sum()), p=share)


def _weekday(days: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    """Take a Saturday or Sunday back to the Friday."""
    return days - pd.to_timedelta((days.dt.weekday - 4).clip(lower=0), unit="D")


def _calendar(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Dates to the last contact; most dual blockade is recent, as pertuzumab came late to China."""
    size = len(p)
    late = np.where(p["blockade"] == "dual", rng.random(size) < 0.92, rng.random(size) < 0.20)
    begin, end = np.where(late, BETWEEN, FIRST), np.where(late, LAST, BETWEEN)
    room = pd.Series(end - begin).dt.days.to_numpy()
    share = rng.random(size) ** np.where(late, 0.9, 0.7)  # more patients in later years
    p["diagnosis"] = _weekday(pd.Series(begin) + pd.to_timedelta((room * share).astype(int), unit="D"))
    p["nst"] = _weekday(p["diagnosis"] + pd.to_timedelta(rng.integers(7, 22, size), unit="D"))
    length = p["chemotherapy"].map({n: days for n, (*_, days) in CHEMOTHERAPY.items()})
    p["surgery"] = _weekday(p["nst"] + pd.to_timedelta(length + rng.integers(21, 41, size), unit="D"))
    whole = (CUT_OFF - p["surgery"]).dt.days.to_numpy()
    seen = whole - rng.integers(0, 181, size)
    lost = rng.random(size) < 0.08
    p["follow_up"] = np.where(lost, (whole * rng.uniform(0.3, 0.9, size)).astype(int), seen)


def _residual(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """Who of those with residual disease was tested again, with which result."""
    p["loss"], p["ihc2"], p["ish2"] = "", "", ""
    for key, (tested, lost) in RESIDUAL.items():
        rows = p[(p["level"] == key[0]) & (p["blockade"] == key[1]) & ~p["pcr"]].index
        chosen = rng.choice(rows, tested, replace=False)
        for gone, some in ((True, chosen[:lost]), (False, chosen[lost:])):
            results, shares = zip(*SCORES[key[0], gone], strict=True)
            drawn = rng.choice(len(results), len(some), p=shares)
            p.loc[some, "loss"] = "yes" if gone else "no"
            p.loc[some, ["ihc2", "ish2"]] = [results[k] for k in drawn]


def _events(p: pd.DataFrame, rng: np.random.Generator) -> None:
    """First times: Weibull by stage and response, on a scale that gives each group its events."""
    risk = 0.5 * (p["t"] > 2) + 0.3 * p["n"].clip(upper=2) + 0.9 * ~p["pcr"]
    latent = (rng.exponential(size=len(p)) * np.exp(-risk)) ** (1 / 1.3)
    p["time"], p["event"] = p["follow_up"], 0
    for level, blockade in GROUPS:
        rows = p[(p["level"] == level) & (p["blockade"] == blockade)].index
        ratio = (p.loc[rows, "follow_up"] - EARLIEST) / latent[rows]
        order = ratio.sort_values(ascending=False, kind="stable")
        k = EVENTS[level, blockade]
        scale = (order.iloc[k - 1] + order.iloc[k]) / 2
        p.loc[order.index[:k], "time"] = EARLIEST + (scale * latent[order.index[:k]]).astype(int)
        p.loc[order.index[:k], "event"] = 1


# --- tables --------------------------------------------------------------------------------------


def _iso(dates: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return pd.to_datetime(dates).dt.strftime("%Y-%m-%d").fillna("")


def _deaths(p: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.int64]:
    """Days to death, -1 when alive: those whose event is death, and some after distant relapse."""
    later = p["time"] + 60 + rng.exponential(1000, len(p)).astype(int)
    dies = (p["type"] == "death") | ((p["type"] == "distant") & (later <= p["follow_up"]))
    return np.where(p["type"] == "death", p["time"], np.where(dies, later, -1))


def write(p: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Make the two tables of the patients whose events have been placed.

    Parameters
    ----------
    p : DataFrame
        As of :func:`draw`.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    dict of str to DataFrame
        patients, her2_tests.
    """
    kinds, shares = list(EVENT_TYPES), list(EVENT_TYPES.values())
    p = p.assign(type=np.where(p["event"] == 1, rng.choice(kinds, len(p), p=shares), ""))
    death = _deaths(p, rng)
    last = np.where(death >= 0, death, p["follow_up"])
    for name, days in (("relapse", p["time"]), ("last", last), ("death", death)):
        p[name] = p["surgery"] + pd.to_timedelta(days, unit="D")
    p["relapse"], p["death"] = p["relapse"].where(p["event"] == 1), p["death"].where(death >= 0)
    p = p.iloc[rng.permutation(len(p))].sort_values("diagnosis", kind="stable", ignore_index=True)
    p.insert(0, "id", [f"NM-{k:03d}" for k in range(1, len(p) + 1)])
    return {"patients": _patients(p), "her2_tests": _her2_tests(p)}


def _patients(p: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": p["id"],
            "age": p["age"],
            "menopause": p["menopause"],
            "clinical_t": "T" + p["t"].astype(str),
            "clinical_n": "N" + p["n"].astype(str),
            "hr_status": p["hr"],
            "her2_ihc": p["level"],
            "her2_ish": np.where(p["level"] == "2+", "amplified", ""),
            "blockade": p["blockade"],
            "chemotherapy": p["chemotherapy"],
            "pcr": np.where(p["pcr"], "yes", "no"),
            "her2_loss": p["loss"],
            "diagnosis_date": _iso(p["diagnosis"]),
            "nst_start": _iso(p["nst"]),
            "surgery_date": _iso(p["surgery"]),
            "dfs_event_date": _iso(p["relapse"]),
            "dfs_event_type": p["type"],
            "last_contact_date": _iso(p["last"]),
            "death_date": _iso(p["death"]),
        }
    )


def _her2_tests(p: pd.DataFrame) -> pd.DataFrame:
    """The biopsy of all, and the residual tumour of those tested again."""
    before = pd.DataFrame({"patient_id": p["id"], "specimen": "biopsy", "date": _iso(p["diagnosis"])})
    before["ihc"], before["ish"] = p["level"], np.where(p["level"] == "2+", "amplified", "")
    after = pd.DataFrame({"patient_id": p["id"], "specimen": "residual", "date": _iso(p["surgery"])})
    after["ihc"], after["ish"] = p["ihc2"], p["ish2"]
    both = pd.concat([before, after[p["loss"] != ""]])
    return both.sort_values(["patient_id", "date"], kind="stable", ignore_index=True)
