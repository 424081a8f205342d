"""The value that the written tables give for each printed number, by its id."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from her2adc import annealing as an

Days = NDArray[np.int64]
Flags = NDArray[np.bool_]
MONTH = 30.4375
Z = 1.96


def measure(tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """All values, from the tables as they are written.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        patients, assessments, adverse_events (others are not read).

    Returns
    -------
    dict of str to float
        By the ids of ``published.yml``; ``inf`` for a median not reached.
    """
    p = _with_times(tables["patients"], tables["assessments"])
    return {
        **_table_one(p),
        **_response(p),
        **_medians_and_rates(p),
        **_logrank(p),
        **_follow_up(p),
        **_safety(tables["adverse_events"]),
    }


def _days(patients: pd.DataFrame, start: str, end: str) -> pd.Series[float]:
    return (pd.to_datetime(patients[end]) - pd.to_datetime(patients[start])).dt.days


def _with_times(patients: pd.DataFrame, assessments: pd.DataFrame) -> pd.DataFrame:
    p = patients.copy()
    for number in ("", "2"):
        start = "next_line_start" if number else "tdxd_start"
        progressed = _days(p, start, f"progression{number}_date")
        p[f"event{number}"] = progressed.notna()
        p[f"time{number}"] = progressed.fillna(_days(p, start, f"last_assessment{number}_date"))
    p["follow_up"] = _days(p, "tdxd_start", "last_contact_date")
    p["low"] = (p["her2_ihc"] == "1+") | (p["her2_ish"] == "not amplified")
    seen = assessments.groupby("patient_id")["response"].agg(set).reindex(p["patient_id"])
    p["best"] = [next(r for r in ("CR", "PR", "SD", "PD") if r in s) for s in seen]
    return p


def _table_one(p: pd.DataFrame) -> dict[str, float]:
    sites, lines, ki67 = p["n_metastatic_sites"], p["prior_lines"], p["ki67_percent"]
    flags = {
        "ecog01": p["ecog"] <= 1,
        "ecog2": p["ecog"] == 2,
        "hr-neg": p["hr_status"] == "negative",
        "hr-pos": p["hr_status"] == "positive",
        "ihc1": p["her2_ihc"] == "1+",
        "ihc2-ishneg": (p["her2_ihc"] == "2+") & (p["her2_ish"] == "not amplified"),
        "ihc2-ishpos": (p["her2_ihc"] == "2+") & (p["her2_ish"] == "amplified"),
        "ihc3": p["her2_ihc"] == "3+",
        "ki67-low": ki67 <= 20,
        "ki67-high": ki67 > 20,
        "ki67-missing": ki67.isna(),
        "sites1": sites == 1,
        "sites2": sites == 2,
        "sites3": sites >= 3,
        **{s: p[f"{s}_metastasis"] == "yes" for s in ("liver", "lung", "brain", "bone")},
        "antiher2-yes": p["prior_anti_her2"] == "yes",
        "antiher2-no": p["prior_anti_her2"] == "no",
        "cdk-yes": p["prior_cdk46"] == "yes",
        "cdk-no": p["prior_cdk46"] == "no",
        "lines1": lines == 1,
        "lines2": lines == 2,
        "lines3": lines >= 3,
    }
    out: dict[str, float] = {}
    for name, rows in (("all", p["low"] | ~p["low"]), ("low", p["low"]), ("pos", ~p["low"])):
        age = p.loc[rows, "age"]
        out |= {f"F-T1-{flag}-{name}": float((f & rows).sum()) for flag, f in flags.items()}
        for statistic in ("median", "min", "max"):
            out[f"F-T1-age-{statistic}-{name}"] = float(age.agg(statistic))
    out["F-R01-median"] = float(p["age"].median())
    out |= {f"F-R08-{s}": float(lines.agg(s)) for s in ("median", "min", "max")}
    return out


def _response(p: pd.DataFrame) -> dict[str, float]:
    best, older, tdm1 = p["best"], p["age"] >= 65, p["prior_tdm1"] == "yes"
    responded, controlled = best.isin(["CR", "PR"]), best != "PD"
    benefit = responded | ((best == "SD") & (p["time"] >= 168))
    meningeal = p["leptomeningeal_metastasis"] == "yes"
    out: dict[str, float] = {}
    for name, rows in (("all", best != ""), ("low", p["low"]), ("pos", ~p["low"])):
        for response in ("CR", "PR", "SD", "PD"):
            out[f"F-T2-{response.lower()}-{name}"] = float((rows & (best == response)).sum())
    out["F-R15"], out["F-R15-lo"], out["F-R15-hi"] = _percent(controlled)
    _, out["F-T4-orr-older-lo"], out["F-T4-orr-older-hi"] = _percent(responded[older])
    out |= {
        "F-A03-cbr": 100.0 * float(benefit.mean()),
        "F-R25-n": float(tdm1.sum()),
        "F-R25-orr": 100.0 * float(responded[tdm1].mean()),
        "F-R25-dcr": 100.0 * float(controlled[tdm1].mean()),
        "F-R30-lm": float(meningeal.sum()),
        "F-R30-brain": float((meningeal & (p["brain_metastasis"] == "yes")).sum()),
        "F-R31": float((meningeal & controlled).sum()),
        "F-D08": 100.0 * float(controlled[meningeal].mean()),
        "F-T4-n-younger": float((~older).sum()),
        "F-T4-n-older": float(older.sum()),
        "F-T4-orr-older": 100.0 * float(responded[older].mean()),
        "F-T4-dcr-younger": float((controlled & ~older).sum()),
        "F-T4-dcr-older": float((controlled & older).sum()),
    }
    return out


def _percent(yes: pd.Series[bool]) -> tuple[float, float, float]:
    """Percentage with its exact (Clopper-Pearson) 95% interval."""
    k, n = int(yes.sum()), len(yes)
    low, high = beta.ppf(0.025, k, n - k + 1), beta.ppf(0.975, k + 1, n - k)
    return 100.0 * k / n, 100.0 * float(low), 100.0 * float(high)


def _curve(p: pd.DataFrame, number: str = "") -> tuple[Days, Flags]:
    p = p[p[f"time{number}"].notna()]
    return p[f"time{number}"].to_numpy(dtype=np.int64), p[f"event{number}"].to_numpy(dtype=bool)


def _median_standard_error(time: Days, event: Flags) -> float:
    """Take the standard error of the median: Greenwood's, over the slope around 0.5.

    The slope is the one between the last time with survival of at least 0.55
    and the first with survival of at most 0.45; ``inf`` where the curve does
    not fall so far.
    """
    times, survival, at_risk, events = an.kaplan_meier(time, event)
    below = np.flatnonzero(survival <= 0.45 + 1e-9)
    above = np.flatnonzero(survival >= 0.55 - 1e-9)
    if below.size == 0 or above.size == 0:
        return math.inf
    low, high = int(below[0]), int(above[-1])
    k = int(np.flatnonzero(survival <= 0.5 + 1e-9)[0])
    greenwood = np.sum(events[: k + 1] / (at_risk[: k + 1] * (at_risk[: k + 1] - events[: k + 1])))
    slope = (survival[high] - survival[low]) / (times[low] - times[high])
    return float(survival[k] * math.sqrt(greenwood) / slope)


def _medians_and_rates(p: pd.DataFrame) -> dict[str, float]:
    low, brain, liver = p["low"], p["brain_metastasis"] == "yes", p["liver_metastasis"] == "yes"
    early = ~low & brain & (p["prior_lines"] <= 2)
    older, tdm1 = p["age"] >= 65, p["prior_tdm1"] == "yes"
    medians = {
        "F-R11": p,
        "F-R19-low": p[low],
        "F-R19-pos": p[~low],
        "F-R22-liver": p[low & liver],
        "F-R22-noliver": p[low & ~liver],
        "F-R28-median": p[brain],
        "F-R29-median": p[early],
        "F-T4-pfs-younger": p[~older],
        "F-T4-pfs-older": p[older],
    }
    rates = {
        "F-R20-low": p[low],
        "F-R20-pos": p[~low],
        "F-R26": p[tdm1],
        "F-R28-rate": p[brain],
        "F-R29-rate": p[early],
    }
    out = {k: an.median_survival(*_curve(g)) / MONTH for k, g in medians.items()}
    out["F-R18"] = an.median_survival(*_curve(p, "2")) / MONTH
    for name, curve in (
        ("F-R18", _curve(p, "2")),
        *((k, _curve(medians[k])) for k in ("F-R19-low", "F-T4-pfs-younger", "F-T4-pfs-older")),
    ):
        half = Z * _median_standard_error(*curve) / MONTH
        out |= {f"{name}-lo": out[name] - half, f"{name}-hi": out[name] + half}
    out |= {k: 100.0 * an.survival_at(*_curve(g), 12 * MONTH)[0] for k, g in rates.items()}
    meningeal = p[(p["leptomeningeal_metastasis"] == "yes") & p["event"]]
    months = meningeal["time"] / MONTH
    out["F-R32"] = float(months.iloc[(months - 9.0).abs().argmin()])
    return out


def _logrank(p: pd.DataFrame) -> dict[str, float]:
    splits = {
        "age": p["age"] >= 50,
        **{s: p[f"{s}_metastasis"] == "yes" for s in ("brain", "liver", "bone", "lung")},
        "cdk": p["prior_cdk46"] == "yes",
        "antiher2": p["prior_anti_her2"] == "yes",
        "lines": p["prior_lines"] < 3,
        "anti-lines": p["prior_anti_her2_lines"] < 3,
    }
    exposed = ~p["low"] & (p["prior_anti_her2"] == "yes")

    def test(rows: pd.Series[bool], split: str) -> float:
        return an.logrank_p(*_curve(p[rows]), splits[split][rows].to_numpy())

    both = ("age", "brain", "liver", "bone", "lines")
    return {
        **{f"F-T3-{s}-low": test(p["low"], s) for s in (*both, "cdk")},
        **{f"F-T3-{s}-pos": test(~p["low"], s) for s in (*both, "antiher2")},
        "F-R24-p": test(exposed, "anti-lines"),
        "F-R35-lung": test(~p["low"], "lung"),
    }


def _follow_up(p: pd.DataFrame) -> dict[str, float]:
    months = p["follow_up"] / MONTH
    next_line = p["next_line_start"].notna() & p["event"]
    return {
        **{f"F-R16-{s}": float(months.agg(s)) for s in ("median", "min", "max")},
        "F-R17": float(next_line.sum()),
    }


def _safety(events: pd.DataFrame) -> dict[str, float]:
    def patients(term: str, rows: pd.Series[bool]) -> float:
        return float(events.loc[rows & (events["term"] == term), "patient_id"].nunique())

    severe, withdrawn = events["grade"] >= 3, events["action"] == "drug withdrawn"
    lung = "Interstitial lung disease"
    return {
        "F-R36-neutropenia": patients("Neutropenia", severe),
        "F-R36-nausea": patients("Nausea", severe),
        "F-R36-anemia": patients("Anemia", severe),
        "F-R37-ild": patients(lung, events["term"].notna()),
        "F-R37-ild-stop": patients(lung, withdrawn),
        "F-R38": float(events.loc[withdrawn, "patient_id"].nunique()),
        "F-R38-renal": patients("Renal impairment", withdrawn),
    }
