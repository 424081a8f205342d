"""Every number of published.yml that is to be met, from the committed tables.

Nothing of the reconstruction is imported but by the test that makes the tables anew: log-rank and Cox
are those of lifelines, chi-square and Kruskal-Wallis those of scipy, the rest is pandas.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test, multivariate_logrank_test
from scipy.stats import chi2_contingency, fisher_exact, kruskal

from her2adc.reconstruct import load_module, write_tables

STUDY = Path(__file__).parents[1] / "studies" / "ruijin_her2_evolution"
MONTH = 30.4375
SEED = 9
PUBLISHED = yaml.safe_load((STUDY / "published.yml").read_text(encoding="utf-8"))
MET = [entry for entry in PUBLISHED if entry["status"] == "met"]
CLASSES = {"zero": "HER2-zero", "low": "HER2-low", "pos": "HER2-positive"}


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(STUDY / "data" / f"{name}.csv", keep_default_na=False, dtype=str)


def _specimens() -> pd.DataFrame:
    t = _table("her2_tests")
    for column in ("ish_ratio", "ish_copies"):
        t[column] = pd.to_numeric(t[column])
    t["date"] = pd.to_datetime(t["date"])
    t["her2"] = "HER2-low"
    t.loc[t["ihc"] == "0", "her2"] = "HER2-zero"
    t.loc[(t["ihc"] == "3+") | (t["ish"] == "amplified"), "her2"] = "HER2-positive"
    return t


def _patients() -> pd.DataFrame:
    p = _table("patients")
    for column in ("age_at_recurrence", "ki67_percent", "bcfi_months"):
        p[column] = pd.to_numeric(p[column])
    for column in [c for c in p.columns if c.endswith("_date")]:
        p[column] = pd.to_datetime(p[column].replace("", None))
    for stage in ("primary", "recurrence"):
        of_stage = T[T["specimen"] == stage].set_index("patient_id")
        p[stage] = of_stage["her2"].loc[p["patient_id"]].to_numpy()
        p[f"{stage}_specimen"] = of_stage["date"].loc[p["patient_id"]].to_numpy()
    p["discordant"] = p["primary"] != p["recurrence"]
    p["event"] = p["bc_death_date"].notna()
    end = p["bc_death_date"].where(p["event"], p["last_contact_date"])
    p["time"] = (end - p["first_recurrence_date"]).dt.days / MONTH
    p["interval"] = (p["first_recurrence_date"] - p["primary_diagnosis_date"]).dt.days / MONTH
    return p


T = _specimens()
P = _patients()
ALL = pd.Series(True, index=P.index)
GROUPS = {"all": ALL, **{k: P["recurrence"] == c for k, c in CLASSES.items()}}
NEGATIVE = P["recurrence"] != "HER2-positive"
PARTS = {
    "neg": P["hr_status"] == "negative",
    "pos": P["hr_status"] == "positive",
    "lrr": P["relapse_type"] == "LRR",
    "dm": P["relapse_type"] == "DM",
    "cbc": P["relapse_type"] == "CBC",
}
BLOCKS = {
    "age50": {"le": P["age_at_recurrence"] <= 50, "gt": P["age_at_recurrence"] > 50},
    "bcfi": {
        "lt12": P["interval"] < 12,
        "12to24": P["interval"].between(12, 24),
        "gt24": P["interval"] > 24,
    },
    "type": {k: PARTS[k] for k in ("lrr", "dm", "cbc")},
    "site": {
        "breast": P["relapse_site"] == "ipsilateral breast",
        "wall": P["relapse_site"] == "chest wall",
        "node": P["relapse_site"] == "lymph node",
        "contra": P["relapse_site"] == "contralateral breast",
        **{k: P["relapse_site"] == k for k in ("lung", "liver", "bone", "other")},
    },
    "hr": {k: PARTS[k] for k in ("pos", "neg")},
    "ki67": {"le30": P["ki67_percent"] <= 30, "gt30": P["ki67_percent"] > 30},
}


def by_class(rows: pd.Series) -> float:
    """Log-rank p of all classes there are among the rows."""
    g = P[rows]
    return float(multivariate_logrank_test(g["time"], g["recurrence"], g["event"]).p_value)


def by_change(rows: pd.Series) -> float:
    a, b = P[rows & P["discordant"]], P[rows & ~P["discordant"]]
    return float(logrank_test(a["time"], b["time"], a["event"], b["event"]).p_value)


@cache
def cox() -> pd.DataFrame:
    """Three classes in one model, HER2-low as reference."""
    data = P[["time", "event"]].assign(
        **{k: (P["recurrence"] == CLASSES[k]).astype(int) for k in ("zero", "pos")}
    )
    return CoxPHFitter().fit(data, "time", "event").summary


def chi_square(block: str) -> float:
    table = [[int((f & GROUPS[g]).sum()) for g in CLASSES] for f in BLOCKS[block].values()]
    return float(chi2_contingency(table, correction=False).pvalue)


def pairs(primary: str, recurrence: str) -> int:
    return int(((P["primary"] == CLASSES[primary]) & (P["recurrence"] == CLASSES[recurrence])).sum())


def _values() -> dict[str, Callable[[], float]]:
    values: dict[str, Callable[[], float]] = {}
    for group, rows in GROUPS.items():
        for block, flags in BLOCKS.items():
            for name, flag in flags.items():
                values[f"R-T1-{block}-{name}-{group}"] = lambda f=flag, r=rows: int((f & r).sum())
        for statistic in ("median", "min", "max"):
            values[f"R-T1-age-{statistic}-{group}"] = lambda s=statistic, r=rows: P.loc[
                r, "age_at_recurrence"
            ].agg(s)
    for block in BLOCKS:
        values[f"R-T1-{block}-p"] = lambda b=block: chi_square(b)
    for group, name in CLASSES.items():
        values[f"R-R08-{group}"] = lambda g=group: int(GROUPS[g].sum())
        values[f"R-R16-{group}"] = lambda g=group: int(P.loc[GROUPS[g], "event"].sum())
        values[f"R-R24-{group}"] = lambda n=name: int((P["primary"] == n).sum())
    for statistic in ("median", "min", "max"):
        values[f"R-R14-{statistic}"] = lambda s=statistic: P["time"].agg(s)
    for part, rows in PARTS.items():
        values[f"R-R20-{part}"] = values[f"R-R21-{part}"] = lambda r=rows: by_class(r)
        values[f"R-R22b-{part}"] = lambda r=rows: by_class(r & NEGATIVE)
        values[f"R-R31-{part}"] = lambda r=rows: by_change(r)
        values[f"R-R27-{part}"] = values[f"R-R28-{part}"] = lambda r=rows: 100 * P.loc[r, "discordant"].mean()
    ends = {"": "exp(coef)", "-lo": "exp(coef) lower 95%", "-hi": "exp(coef) upper 95%", "-p": "p"}
    for name, group in (("R-R18", "pos"), ("R-R19", "zero")):
        for end, column in ends.items():
            values[name + end] = lambda g=group, c=column: cox().loc[g, c]
    ages = [P.loc[GROUPS[g], "age_at_recurrence"] for g in CLASSES]
    values |= {
        "R-T1-age-p": lambda: kruskal(*ages).pvalue,
        "R-T1-ki67-missing": lambda: int(P["ki67_percent"].isna().sum()),
        "R-R01": lambda: len(P),
        "R-R02": lambda: P["interval"].median(),
        "R-R07-median": lambda: P["ki67_percent"].median(),
        "R-R15": lambda: int(P["event"].sum()),
        "R-R17": lambda: by_class(ALL),
        "R-R22": lambda: by_class(NEGATIVE),
        "R-R23": lambda: int(P["discordant"].sum()),
        "R-A09": lambda: pairs("zero", "low"),
        "R-R25": lambda: pairs("pos", "low"),
        "R-R26": lambda: pairs("low", "low"),
        "R-D04": lambda: pairs("zero", "low") + pairs("pos", "low"),
        "R-R29": lambda: int((P["discordant"] & PARTS["cbc"]).sum()),
        "R-R29-p": lambda: chi2_contingency(pd.crosstab(P["relapse_type"], P["discordant"]), False).pvalue,
        "R-R30": lambda: by_change(ALL),
        "R-R31": lambda: by_change(PARTS["lrr"]),
    }
    return values


VALUES = _values()


def printed_as(value: float, precision: object) -> Decimal:
    """Round half away from zero, as decimal."""
    unit = Decimal(str(precision))
    return (Decimal(f"{value:.10f}") / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


@pytest.mark.parametrize("entry", MET, ids=[entry["id"] for entry in MET])
def test_printed_number_is_met(entry: dict[str, object]) -> None:
    value, printed = float(VALUES[str(entry["id"])]()), str(entry["value"])
    if printed.startswith(">"):
        assert value > float(printed[1:])
    elif printed.startswith("<"):
        assert value < float(printed[1:])
    else:
        assert printed_as(value, entry["precision"]) == Decimal(printed)


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


# --- the pairs -----------------------------------------------------------------------------------

Matrix = tuple[tuple[int, int, int], ...]  # rows: primary zero, low, positive; columns: recurrence


def matrices(zero_to_low: range = range(52)) -> list[Matrix]:
    """All matrices with the printed margins, 83 low to low, 19 positive to low, 94 discordant."""
    found = []
    for zz, zl, lz in product(range(52), zero_to_low, range(43)):
        zp, lp, pz = 51 - zz - zl, 125 - 83 - lz, 53 - zz - lz
        pp = 71 - pz - 19
        columns = (zl + 83 + 19, zp + lp + pp)
        if min(zp, lp, pz, pp) >= 0 and columns == (127, 67) and zz + 83 + pp == 247 - 94:
            found.append(((zz, zl, zp), (lz, 83, lp), (pz, 19, pp)))
    return found


def test_nine_matrices_agree_with_margins_and_text() -> None:
    found = matrices()
    assert [m[0][0] for m in found] == list(range(18, 27))
    assert {m[0][1] for m in found} == {25}  # zero to low is forced
    assert {m[1][0] + m[1][2] for m in found} == {42}
    assert {m[0][0] + m[2][2] for m in found} == {70}
    assert {(m[2][0], m[1][0], m[1][2]) for m in found} == {
        (a - 18, 71 - 2 * a, 2 * a - 29) for a in range(18, 27)
    }


def test_twenty_of_primary_her2_zero_cannot_be_those_who_became_her2_low() -> None:
    assert matrices(range(20, 21)) == []


def test_one_matrix_explains_both_numbers_that_do_not_fit() -> None:
    """20 of 51 as zero to zero, and 22.0% as changes between zero and low of 254 samples."""
    moved = {m: m[0][1] + m[1][0] for m in matrices()}
    of_samples = [m for m, n in moved.items() if printed_as(100 * n / 254, "0.1") == Decimal("22.0")]
    of_patients = [m for m, n in moved.items() if printed_as(100 * n / 247, "0.1") == Decimal("22.0")]
    assert of_patients == []
    assert of_samples == [m for m in moved if m[0][0] == 20]
    (chosen,) = of_samples
    committed = tuple(tuple(pairs(a, b) for b in CLASSES) for a in CLASSES)
    assert committed == chosen == ((20, 25, 6), (31, 83, 11), (2, 19, 50))


def test_no_test_of_discordance_by_hr_status_gives_the_printed_p() -> None:
    table = pd.crosstab(P["hr_status"], P["discordant"])
    assert sorted(table[True]) == [40, 54]
    found = [chi2_contingency(table, c).pvalue for c in (False, True)] + [fisher_exact(table).pvalue]
    assert found == pytest.approx([0.4898, 0.5762, 0.5127], abs=1e-4)


def test_discordance_is_worse_after_locoregional_recurrence() -> None:
    g = P[PARTS["lrr"]]
    fit = CoxPHFitter().fit(g[["time", "event", "discordant"]].astype(float), "time", "event")
    assert fit.summary.loc["discordant", "exp(coef)"] > 1


# --- records that agree with each other ----------------------------------------------------------


def test_site_is_nested_in_the_type_of_relapse() -> None:
    sites = P.groupby("relapse_type")["relapse_site"].agg(lambda s: set(s)).to_dict()
    assert sites == {
        "LRR": {"ipsilateral breast", "chest wall", "lymph node"},
        "DM": {"lung", "liver", "bone", "other"},
        "CBC": {"contralateral breast"},
    }


def test_two_specimens_a_patient_on_the_days_of_diagnosis_and_recurrence() -> None:
    counts = T.groupby(["patient_id", "specimen"]).size()
    assert len(counts) == 2 * 247
    assert (counts == 1).all()
    assert (P["primary_specimen"] == P["primary_diagnosis_date"]).all()
    assert (P["recurrence_specimen"] == P["first_recurrence_date"]).all()
    recurrences = T[T["specimen"] == "recurrence"].set_index("patient_id")["site"]
    assert (recurrences.loc[P["patient_id"]].to_numpy() == P["relapse_site"]).all()


def test_ish_of_every_2_plus_and_of_no_other_specimen() -> None:
    two_plus = T["ihc"] == "2+"
    assert set(T["ihc"]) == {"0", "1+", "2+", "3+"}
    assert set(T.loc[two_plus, "ish"]) == {"amplified", "not amplified"}
    assert (T.loc[~two_plus, "ish"] == "").all()
    assert T.loc[~two_plus, ["ish_ratio", "ish_copies"]].isna().all(axis=None)


def test_ratio_and_copies_give_the_ish_result_in_2018_and_not_always_before() -> None:
    g = T[T["ihc"] == "2+"]
    ratio, copies = g["ish_ratio"], g["ish_copies"]
    # 2018 with IHC 2+: group 1 (ratio and copies) and group 3 (copies of 6 or more) are amplified
    amplified = ((ratio >= 2) & (copies >= 4)) | ((ratio < 2) & (copies >= 6))
    assert (amplified == (g["ish"] == "amplified")).all()
    in_2013 = (ratio >= 2) | (copies >= 6)
    equivocal_2013 = ~in_2013 & (copies >= 4)
    assert (in_2013 & ~amplified).sum() > 0
    assert equivocal_2013.sum() > 0
    assert ratio.between(1.8, 2.2).sum() > 0  # equivocal in 2007


def test_dates_are_in_order_and_in_the_window_of_the_study() -> None:
    assert (P["primary_diagnosis_date"] >= "2009-01-01").all()
    assert (P["primary_diagnosis_date"] < P["first_recurrence_date"]).all()
    assert (P["first_recurrence_date"] <= "2018-12-31").all()
    assert (P["first_recurrence_date"] < P["last_contact_date"]).all()
    assert (P["last_contact_date"] <= "2019-06-28").all()
    died = P["event"]
    assert (P.loc[died, "bc_death_date"] == P.loc[died, "last_contact_date"]).all()
    for column in ("primary_diagnosis_date", "first_recurrence_date"):
        assert (P[column].dt.weekday < 5).all()
    assert np.allclose(P["bcfi_months"], P["interval"], atol=0.0051)


def test_no_two_deaths_on_one_day_of_follow_up() -> None:
    """So no rule for ties changes an estimate."""
    assert P.loc[P["event"], "time"].is_unique


def test_follow_up_is_that_of_the_observed_times() -> None:
    """Printed median and range are of one kind; the median by reverse Kaplan-Meier is longer."""
    reverse = KaplanMeierFitter().fit(P["time"], ~P["event"])
    assert reverse.median_survival_time_ > 25


def test_the_same_seed_gives_the_committed_tables(tmp_path: Path) -> None:
    made = load_module(STUDY / "reconstruct.py").build(SEED)
    assert made.report["met"].all()
    write_tables(made.tables, tmp_path)
    for name in ("patients", "her2_tests"):
        committed = (STUDY / "data" / f"{name}.csv").read_bytes()
        assert (tmp_path / f"{name}.csv").read_bytes() == committed
