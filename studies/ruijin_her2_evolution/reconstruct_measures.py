"""The value that the written tables give for each printed number, by its id."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import chi2_contingency, kruskal

from her2adc.reconstruct import load_module

curves = load_module(Path(__file__).parent / "reconstruct_curves.py")
Flags = NDArray[np.bool_]
MONTH = 30.4375
GROUPS = ("zero", "low", "pos")
Z95 = 1.959963984540054


def measure(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """All values, from the tables as they are written.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        patients, her2_tests.

    Returns
    -------
    dict of str to float
        By the ids of ``published.yml``.
    """
    p = _with_classes(tables["patients"], tables["her2_tests"])
    return {**_table_one(p), **_age(p), **_follow_up(p), **_survival(p), **_pairs(p)}


def _with_classes(patients: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    p = patients.copy()
    positive = (tests["ihc"] == "3+") | (tests["ish"] == "amplified")
    tests = tests.assign(her2=np.select([positive, tests["ihc"] == "0"], [2, 0], default=1))
    wide = tests.pivot_table(index="patient_id", columns="specimen", values="her2")
    for stage in ("primary", "recurrence"):
        p[stage] = wide[stage].astype(int).loc[p["patient_id"]].to_numpy()
    p["discordant"] = p["primary"] != p["recurrence"]
    started = pd.to_datetime(p["first_recurrence_date"])
    p["time"] = (pd.to_datetime(p["last_contact_date"]) - started).dt.days
    p["event"] = p["bc_death_date"].notna().astype(int)
    p["bcfi"] = (started - pd.to_datetime(p["primary_diagnosis_date"])).dt.days / MONTH
    return p


def _flags(p: pd.DataFrame) -> dict[str, dict[str, pd.Series[bool]]]:
    """Rows of Table 1, by block."""
    sites = {
        "breast": "ipsilateral breast",
        "wall": "chest wall",
        "node": "lymph node",
        "contra": "contralateral breast",
        **{s: s for s in ("lung", "liver", "bone", "other")},
    }
    return {
        "age50": {"le": p["age_at_recurrence"] <= 50, "gt": p["age_at_recurrence"] > 50},
        "bcfi": {
            "lt12": p["bcfi"] < 12,
            "12to24": (p["bcfi"] >= 12) & (p["bcfi"] <= 24),
            "gt24": p["bcfi"] > 24,
        },
        "type": {t.lower(): p["relapse_type"] == t for t in ("LRR", "DM", "CBC")},
        "site": {k: p["relapse_site"] == s for k, s in sites.items()},
        "hr": {k: p["hr_status"] == v for k, v in (("pos", "positive"), ("neg", "negative"))},
        "ki67": {"le30": p["ki67_percent"] <= 30, "gt30": p["ki67_percent"] > 30},
    }


def _table_one(p: pd.DataFrame) -> dict[str, float]:
    out: dict[str, float] = {}
    for block, flags in _flags(p).items():
        counts = []
        for name, flag in flags.items():
            flag = flag.fillna(False).astype(bool)
            by_class = [int((flag & (p["recurrence"] == k)).sum()) for k in range(3)]
            counts.append(by_class)
            out[f"R-T1-{block}-{name}-all"] = float(sum(by_class))
            for group, n in zip(GROUPS, by_class, strict=True):
                out[f"R-T1-{block}-{name}-{group}"] = float(n)
        out[f"R-T1-{block}-p"] = float(chi2_contingency(counts, correction=False).pvalue)
    out["R-T1-ki67-missing"] = float(p["ki67_percent"].isna().sum())
    out["R-R07-median"] = float(p["ki67_percent"].median())
    return out


def _age(p: pd.DataFrame) -> dict[str, float]:
    age = [p["age_at_recurrence"], *(p.loc[p["recurrence"] == k, "age_at_recurrence"] for k in range(3))]
    out = {
        f"R-T1-age-{statistic}-{group}": float(values.agg(statistic))
        for group, values in zip(("all", *GROUPS), age, strict=True)
        for statistic in ("median", "min", "max")
    }
    return {**out, "R-T1-age-p": float(kruskal(*age[1:]).pvalue)}


def _follow_up(p: pd.DataFrame) -> dict[str, float]:
    months = p["time"] / MONTH
    out = {f"R-R14-{s}": float(months.agg(s)) for s in ("median", "min", "max")}
    for k, group in enumerate(GROUPS):
        out[f"R-R08-{group}"] = float((p["recurrence"] == k).sum())
        out[f"R-R24-{group}"] = float((p["primary"] == k).sum())
        out[f"R-R16-{group}"] = float(p.loc[p["recurrence"] == k, "event"].sum())
    return {
        **out,
        "R-R01": float(len(p)),
        "R-R02": float(p["bcfi"].median()),
        "R-R15": float(p["event"].sum()),
    }


def _survival(p: pd.DataFrame) -> dict[str, float]:
    """Log-rank tests and Cox model by the code of the search; the tests use other code."""
    cohort, her2 = curves.state(p), p["recurrence"].to_numpy()
    out: dict[str, float] = {}
    for which in (curves.WHOLE, curves.BY_LABEL):
        tests = curves.Tests(*which, her2)
        z, *for_cox = tests.z(cohort)
        out |= {name: 2.0 * float(ndtr(-abs(v))) for name, v in zip(tests.names, z, strict=True)}
    estimates = curves.cox(*for_cox)
    for name, (b, e) in zip(("R-R19", "R-R18"), estimates.reshape(2, 2), strict=True):
        ends = {"": b, "-lo": b - Z95 * e, "-hi": b + Z95 * e}
        out |= {f"{name}{end}": float(np.exp(v)) for end, v in ends.items()}
        out[f"{name}-p"] = 2.0 * float(ndtr(-abs(b) / e))
    return out


def _pairs(p: pd.DataFrame) -> dict[str, float]:
    changed, primary, recurrence = p["discordant"], p["primary"], p["recurrence"]
    cbc = p["relapse_type"] == "CBC"
    by_type = pd.crosstab(p["relapse_type"], changed)
    percent = {
        "R-R27-pos": p["hr_status"] == "positive",
        "R-R27-neg": p["hr_status"] == "negative",
        "R-R28-lrr": p["relapse_type"] == "LRR",
        "R-R28-dm": p["relapse_type"] == "DM",
    }
    return {
        **{name: 100.0 * float(changed[rows].mean()) for name, rows in percent.items()},
        "R-R23": float(changed.sum()),
        "R-A09": float(((primary == 0) & (recurrence == 1)).sum()),
        "R-R25": float(((primary == 2) & (recurrence == 1)).sum()),
        "R-R26": float(((primary == 1) & (recurrence == 1)).sum()),
        "R-D04": float(((primary != 1) & (recurrence == 1)).sum()),
        "R-R29": float((changed & cbc).sum()),
        "R-R29-p": float(chi2_contingency(by_type, correction=False).pvalue),
    }
