"""Every number of published.yml that is to be met, from the committed tables.

Nothing of the reconstruction is imported: Kaplan-Meier and log-rank are those of lifelines, exact
limits those of statsmodels, the rest is pandas.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from statsmodels.stats.proportion import proportion_confint

STUDY = Path(__file__).parents[1] / "studies" / "fudan_tdxd"
MONTH = 30.4375
CUT_OFF = "2025-02-28"
PUBLISHED = yaml.safe_load((STUDY / "published.yml").read_text(encoding="utf-8"))
MET = [entry for entry in PUBLISHED if entry["status"] == "met"]


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(STUDY / "data" / f"{name}.csv", keep_default_na=False, dtype=str)


def _patients() -> pd.DataFrame:
    p = _table("patients")
    numbers = ["age", "ecog", "ki67_percent", "n_metastatic_sites", "prior_lines"]
    for column in [*numbers, "prior_anti_her2_lines"]:
        p[column] = pd.to_numeric(p[column])
    for column in [c for c in p.columns if c.endswith(("_date", "_start"))]:
        p[column] = pd.to_datetime(p[column].replace("", None))
    p["low"] = p["her2_ihc"].isin(["1+"]) | (p["her2_ish"] == "not amplified")
    p["pfs_event"] = p["progression_date"].notna()
    end = p["progression_date"].where(p["pfs_event"], p["last_assessment_date"])
    p["pfs"] = (end - p["tdxd_start"]).dt.days / MONTH
    p["pfs2_event"] = p["progression2_date"].notna()
    end = p["progression2_date"].where(p["pfs2_event"], p["last_assessment2_date"])
    p["pfs2"] = (end - p["next_line_start"]).dt.days / MONTH
    p["follow_up"] = (p["last_contact_date"] - p["tdxd_start"]).dt.days / MONTH
    visits = _table("assessments").groupby("patient_id")["response"].agg(set)
    order = ["CR", "PR", "SD", "PD"]
    p["best"] = [min(visits[i], key=order.index) for i in p["patient_id"]]
    return p


P = _patients()
AE = _table("adverse_events")
LOW, POS, ALL = P["low"], ~P["low"], pd.Series(True, index=P.index)
GROUPS = {"all": ALL, "low": LOW, "pos": POS}
OLDER = P["age"] >= 65
BRAIN = P["brain_metastasis"] == "yes"
LIVER = P["liver_metastasis"] == "yes"
MENINGEAL = P["leptomeningeal_metastasis"] == "yes"
TDM1 = P["prior_tdm1"] == "yes"
EXPOSED = POS & (P["prior_anti_her2"] == "yes")
EARLY = POS & BRAIN & (P["prior_lines"] <= 2)
RESPONDED = P["best"].isin(["CR", "PR"])
CONTROLLED = P["best"] != "PD"


def km(rows: pd.Series, time: str = "pfs") -> KaplanMeierFitter:
    rows = rows & P[time].notna()
    return KaplanMeierFitter().fit(P.loc[rows, time], P.loc[rows, f"{time}_event"])


def median(rows: pd.Series, time: str = "pfs") -> float:
    return float(km(rows, time).median_survival_time_)


def at_one_year(rows: pd.Series) -> float:
    return 100 * float(km(rows).predict(12.0))


def p_value(rows: pd.Series, first: pd.Series) -> float:
    a, b = P[rows & first], P[rows & ~first]
    return float(logrank_test(a["pfs"], b["pfs"], a["pfs_event"], b["pfs_event"]).p_value)


def limit(which: int, rows: pd.Series, time: str = "pfs") -> float:
    """Median plus or minus 1.96 of its standard error, by density of the curve around 0.5."""
    fit = km(rows, time)
    table = fit.event_table.iloc[1:]
    table = table[table["observed"] > 0]
    curve = fit.survival_function_["KM_estimate"].loc[table.index]
    middle = fit.median_survival_time_
    upper, lower = curve[curve >= 0.55 - 1e-9].index[-1], curve[curve <= 0.45 + 1e-9].index[0]
    past = table.loc[:middle]
    terms = past["observed"] / (past["at_risk"] * (past["at_risk"] - past["observed"]))
    density = (curve[upper] - curve[lower]) / (lower - upper)
    error = curve[middle] * np.sqrt(terms.sum()) / density
    return float(middle + (-1.96, 1.96)[which] * error)


def exact(which: int, yes: pd.Series) -> float:
    return 100 * float(proportion_confint(int(yes.sum()), len(yes), method="beta")[which])


def events(term: str, which: pd.Series) -> int:
    return AE.loc[which & (AE["term"] == term), "patient_id"].nunique()


def _values() -> dict[str, Callable[[], float]]:
    sites, lines, ki67 = P["n_metastatic_sites"], P["prior_lines"], P["ki67_percent"]
    ihc2, ish = P["her2_ihc"] == "2+", P["her2_ish"]
    counted = {
        "T1-ecog01": P["ecog"].isin([0, 1]),
        "T1-ecog2": P["ecog"] == 2,
        "T1-hr-neg": P["hr_status"] == "negative",
        "T1-hr-pos": P["hr_status"] == "positive",
        "T1-ihc1": P["her2_ihc"] == "1+",
        "T1-ihc2-ishneg": ihc2 & (ish == "not amplified"),
        "T1-ihc2-ishpos": ihc2 & (ish == "amplified"),
        "T1-ihc3": P["her2_ihc"] == "3+",
        "T1-ki67-low": ki67 <= 20,
        "T1-ki67-high": ki67 > 20,
        "T1-ki67-missing": ki67.isna(),
        "T1-sites1": sites == 1,
        "T1-sites2": sites == 2,
        "T1-sites3": sites >= 3,
        "T1-liver": LIVER,
        "T1-lung": P["lung_metastasis"] == "yes",
        "T1-brain": BRAIN,
        "T1-bone": P["bone_metastasis"] == "yes",
        "T1-antiher2-yes": P["prior_anti_her2"] == "yes",
        "T1-antiher2-no": P["prior_anti_her2"] == "no",
        "T1-cdk-yes": P["prior_cdk46"] == "yes",
        "T1-cdk-no": P["prior_cdk46"] == "no",
        "T1-lines1": lines == 1,
        "T1-lines2": lines == 2,
        "T1-lines3": lines >= 3,
        **{f"T2-{r.lower()}": P["best"] == r for r in ("CR", "PR", "SD", "PD")},
    }
    values: dict[str, Callable[[], float]] = {}
    for group, rows in GROUPS.items():
        for name, flag in counted.items():
            values[f"F-{name}-{group}"] = lambda f=flag, r=rows: int((f & r).sum())
        for statistic in ("median", "min", "max"):
            values[f"F-T1-age-{statistic}-{group}"] = lambda s=statistic, r=rows: P.loc[r, "age"].agg(s)
    for statistic in ("median", "min", "max"):
        values[f"F-R08-{statistic}"] = lambda s=statistic: lines.agg(s)
        values[f"F-R16-{statistic}"] = lambda s=statistic: P["follow_up"].agg(s)
    splits = {
        "age": P["age"] >= 50,
        "brain": BRAIN,
        "liver": LIVER,
        "bone": P["bone_metastasis"] == "yes",
        "cdk": P["prior_cdk46"] == "yes",
        "antiher2": P["prior_anti_her2"] == "yes",
        "lines": lines < 3,
    }
    for group in ("low", "pos"):
        for name, split in splits.items():
            values[f"F-T3-{name}-{group}"] = lambda r=GROUPS[group], s=split: p_value(r, s)
    medians = {
        "F-R11": ALL,
        "F-R19-low": LOW,
        "F-R19-pos": POS,
        "F-R22-liver": LOW & LIVER,
        "F-R22-noliver": LOW & ~LIVER,
        "F-R28-median": BRAIN,
        "F-R29-median": EARLY,
        "F-T4-pfs-younger": ~OLDER,
        "F-T4-pfs-older": OLDER,
    }
    for name, rows in medians.items():
        values[name] = lambda r=rows: median(r)
        for k, end in enumerate(("lo", "hi")):
            values[f"{name}-{end}"] = lambda k=k, r=rows: limit(k, r)
    rates = {"R20-low": LOW, "R20-pos": POS, "R26": TDM1, "R28-rate": BRAIN, "R29-rate": EARLY}
    for name, rows in rates.items():
        values[f"F-{name}"] = lambda r=rows: at_one_year(r)
    benefit = RESPONDED | ((P["best"] == "SD") & (P["pfs"] * MONTH >= 168 - 1e-6))
    nine = P.loc[MENINGEAL & P["pfs_event"], "pfs"]
    severe, withdrawn = AE["grade"].isin(["3", "4", "5"]), AE["action"] == "drug withdrawn"
    any_grade, lung_disease = AE["term"] != "", "Interstitial lung disease"
    values |= {
        "F-R01-median": lambda: P["age"].median(),
        "F-R15": lambda: 100 * CONTROLLED.mean(),
        "F-R15-lo": lambda: exact(0, CONTROLLED),
        "F-R15-hi": lambda: exact(1, CONTROLLED),
        "F-A03-cbr": lambda: 100 * benefit.mean(),
        "F-R17": lambda: int((P["pfs_event"] & P["next_line_start"].notna()).sum()),
        "F-R18": lambda: median(ALL, "pfs2"),
        "F-R18-lo": lambda: limit(0, ALL, "pfs2"),
        "F-R18-hi": lambda: limit(1, ALL, "pfs2"),
        "F-R24-p": lambda: p_value(EXPOSED, P["prior_anti_her2_lines"] < 3),
        "F-R25-n": lambda: int((TDM1 & POS).sum()),
        "F-R25-orr": lambda: 100 * RESPONDED[TDM1].mean(),
        "F-R25-dcr": lambda: 100 * CONTROLLED[TDM1].mean(),
        "F-R30-lm": lambda: int(MENINGEAL.sum()),
        "F-R30-brain": lambda: int((MENINGEAL & BRAIN).sum()),
        "F-R31": lambda: int((MENINGEAL & CONTROLLED).sum()),
        "F-R32": lambda: nine.iloc[(nine - 9).abs().argmin()],
        "F-R35-lung": lambda: p_value(POS, P["lung_metastasis"] == "yes"),
        "F-T4-n-younger": lambda: int((~OLDER).sum()),
        "F-T4-n-older": lambda: int(OLDER.sum()),
        "F-T4-orr-older": lambda: 100 * RESPONDED[OLDER].mean(),
        "F-T4-orr-older-lo": lambda: exact(0, RESPONDED[OLDER]),
        "F-T4-orr-older-hi": lambda: exact(1, RESPONDED[OLDER]),
        "F-T4-dcr-younger": lambda: int((CONTROLLED & ~OLDER).sum()),
        "F-T4-dcr-older": lambda: int((CONTROLLED & OLDER).sum()),
        "F-R36-neutropenia": lambda: events("Neutropenia", severe),
        "F-R36-nausea": lambda: events("Nausea", severe),
        "F-R36-anemia": lambda: events("Anemia", severe),
        "F-R37-ild": lambda: events(lung_disease, any_grade),
        "F-R37-ild-stop": lambda: events(lung_disease, withdrawn),
        "F-R38": lambda: int((P["tdxd_discontinued_for_ae"] == "yes").sum()),
        "F-R38-renal": lambda: events("Renal impairment", withdrawn),
        "F-D08": lambda: 100 * CONTROLLED[MENINGEAL].mean(),
    }
    return values


VALUES = _values()


def printed_as(value: float, precision: object) -> Decimal:
    """Round half away from zero, as decimal."""
    unit = Decimal(str(precision))
    return (Decimal(f"{value:.10f}") / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


@pytest.mark.parametrize("entry", MET, ids=[entry["id"] for entry in MET])
def test_printed_number_is_met(entry: dict[str, object]) -> None:
    value = float(VALUES[str(entry["id"])]())
    if entry["value"] == "NR":
        assert value == float("inf")
    elif str(entry["value"]).startswith(">"):
        assert value > float(str(entry["value"])[1:])
    else:
        assert printed_as(value, entry["precision"]) == Decimal(str(entry["value"]))


@pytest.mark.parametrize(
    "entry", [e for e in PUBLISHED if "percent" in e], ids=lambda entry: str(entry["id"])
)
def test_printed_percentage_is_that_of_the_printed_count(entry: dict[str, float]) -> None:
    share = printed_as(100 * entry["value"] / entry["of"], "0.1")
    assert share == Decimal(str(entry["percent"]))


def test_ids_are_unique_and_overruled_numbers_say_why() -> None:
    ids = [entry["id"] for entry in PUBLISHED]
    assert len(ids) == len(set(ids))
    assert all(e["status"] == "met" or e["by"] for e in PUBLISHED)
    assert {e["status"] for e in PUBLISHED} == {"met", "overruled"}


@pytest.mark.parametrize(
    "rows",
    [ALL, LOW, LOW & LIVER, LOW & ~LIVER, BRAIN, ~OLDER, OLDER],
    ids=["all", "low", "low-liver", "low-no-liver", "brain", "younger", "older"],
)
def test_no_curve_rests_at_one_half(rows: pd.Series) -> None:
    """So every convention for the median gives the same value."""
    curve = km(rows).survival_function_["KM_estimate"]
    assert (curve - 0.5).abs().min() > 1e-6


def test_no_progression_with_few_anti_her2_lines_while_others_are_at_risk() -> None:
    """The monotone likelihood behind the printed hazard ratio of 0.026."""
    many = EXPOSED & (P["prior_anti_her2_lines"] >= 3)
    few = EXPOSED & ~many & P["pfs_event"]
    assert P.loc[few, "pfs"].min() > P.loc[many, "pfs"].max()
    assert P.loc[many, "pfs_event"].any()


def test_response_by_age_of_the_younger_is_the_nearest_that_table_2_allows() -> None:
    assert int(RESPONDED[~OLDER].sum()) == 39 - 9


def test_labels_agree_with_each_other() -> None:
    central = BRAIN | MENINGEAL
    sites = P["n_metastatic_sites"]
    flags = sum((P[f"{s}_metastasis"] == "yes").astype(int) for s in ("liver", "lung", "bone"))
    flags = flags + central.astype(int)
    assert (sites.isna() | (sites >= flags)).all()
    assert sites.isna().sum() == 8
    assert not (POS & sites.isna()).any()
    anti, lines = P["prior_anti_her2_lines"], P["prior_lines"]
    assert (anti <= lines).all()
    assert ((anti == 0) == (P["prior_anti_her2"] == "no")).all()
    assert (P.loc[TDM1, "prior_anti_her2"] == "yes").all()
    assert (P.loc[P["prior_cdk46"] == "yes", "hr_status"] == "positive").all()
    assert ((P["her2_ish"] == "") == P["her2_ihc"].isin(["1+", "3+"])).all()


def test_dates_are_in_order_and_not_after_the_cut_off() -> None:
    start = P["tdxd_start"]
    assert start.between("2022-01-01", CUT_OFF).all()
    assert (start.dt.weekday < 5).all()
    assert (P["last_contact_date"] >= P["last_assessment_date"]).all()
    assert (P["last_contact_date"] <= CUT_OFF).all()
    seen = P["pfs_event"]
    assert (P.loc[seen, "progression_date"] == P.loc[seen, "last_assessment_date"]).all()
    second = P[P["next_line_start"].notna()]
    assert len(second) == 15
    assert (second["next_line_start"] >= second["progression_date"]).all()
    assert (second["last_assessment2_date"] <= second["last_contact_date"]).all()
    assert (second["best"] == "PD").all()


def test_assessments_agree_with_response_and_progression() -> None:
    visits = _table("assessments").merge(
        P[["patient_id", "tdxd_start", "progression_date", "last_assessment_date", "best", "pfs"]]
    )
    visits["date"] = pd.to_datetime(visits["date"])
    visits["day"] = (visits["date"] - visits["tdxd_start"]).dt.days
    assert not visits.duplicated(["patient_id", "date"]).any()
    worst = visits[visits["response"] == "PD"].set_index("patient_id")["date"]
    assert worst.index.is_unique
    assert worst.eq(P.set_index("patient_id")["progression_date"].dropna(), axis=0).all()
    last = visits.groupby("patient_id")["date"].max()
    assert last.eq(P.set_index("patient_id")["last_assessment_date"]).all()
    first = visits[visits["response"].isin(["CR", "PR"])].groupby("patient_id")["day"].min()
    assert first.min() >= 35
    stable = visits[(visits["best"] == "SD") & (visits["response"] == "SD")]
    assert stable.groupby("patient_id")["day"].max().min() >= 42
    progressed = visits[visits["best"] == "PD"]
    assert progressed["day"].max() <= 100
    assert progressed["response"].eq("PD").all()


def test_treatment_and_events_lie_within_the_follow_up() -> None:
    t = _table("treatments").merge(P[["patient_id", "prior_lines", "tdxd_start", "last_contact_date"]])
    drug = t[t["regimen"] == "T-DXd"]
    assert len(drug) == 98
    assert (drug["line"].astype(int) == drug["prior_lines"] + 1).all()
    assert (pd.to_datetime(drug["start"]) == drug["tdxd_start"]).all()
    stop = pd.to_datetime(t["stop"].replace("", None))
    assert (stop.isna() == (t["stop_reason"] == "ongoing")).all()
    assert (stop.dropna() <= t.loc[stop.notna(), "last_contact_date"]).all()
    ae = AE.merge(drug[["patient_id", "start", "stop", "last_contact_date"]])
    onset = pd.to_datetime(ae["onset"])
    assert (onset >= pd.to_datetime(ae["start"])).all()
    end = pd.to_datetime(ae["stop"].replace("", None)).fillna(ae["last_contact_date"])
    assert (onset <= end).all()
    withdrawn = set(ae.loc[ae["action"] == "drug withdrawn", "patient_id"])
    assert withdrawn == set(P.loc[P["tdxd_discontinued_for_ae"] == "yes", "patient_id"])


def test_her2_tests_repeat_the_classification() -> None:
    tests = _table("her2_tests").merge(P[["patient_id", "her2_ihc", "her2_ish", "tdxd_start"]])
    assert len(tests) == 98
    assert (tests["ihc"] == tests["her2_ihc"]).all()
    assert (tests["ish"] == tests["her2_ish"]).all()
    assert (pd.to_datetime(tests["date"]) < tests["tdxd_start"]).all()
