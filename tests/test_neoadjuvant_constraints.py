"""Every number of the neoadjuvant study's published.yml, from the committed tables.

Nothing of the reconstruction is imported: the counts are enumerated anew, log-rank and Cox are those
of lifelines, tests of tables those of scipy and statsmodels, the rest is pandas.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test
from scipy.stats import chi2_contingency, fisher_exact, norm
from statsmodels.stats.contingency_tables import StratifiedTable

STUDY = Path(__file__).parents[1] / "studies" / "neoadjuvant_her2_moderate"
CUT_OFF = "2024-06-30"
PUBLISHED = yaml.safe_load((STUDY / "published.yml").read_text(encoding="utf-8"))


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(STUDY / "data" / f"{name}.csv", keep_default_na=False, dtype=str)


def _patients() -> pd.DataFrame:
    p = _table("patients")
    p["age"] = pd.to_numeric(p["age"])
    for column in [c for c in p.columns if c.endswith(("_date", "_start"))]:
        p[column] = pd.to_datetime(p[column].replace("", None))
    p["event"] = p["dfs_event_date"].notna()
    end = p["dfs_event_date"].where(p["event"], p["last_contact_date"])
    p["days"] = (end - p["surgery_date"]).dt.days
    return p


P, TESTS = _patients(), _table("her2_tests")
MODERATE, STRONG = P["her2_ihc"] == "2+", P["her2_ihc"] == "3+"
DUAL, SINGLE = P["blockade"] == "dual", P["blockade"] == "single"
HR, PCR = P["hr_status"] == "positive", P["pcr"] == "yes"
LOST, RETESTED = P["her2_loss"] == "yes", P["her2_loss"] != ""


def counts(first: pd.Series, yes: pd.Series) -> list[list[int]]:
    return [[int((g & y).sum()) for y in (yes, ~yes)] for g in (first, ~first)]


def pearson(table: list[list[int]]) -> float:
    return float(chi2_contingency(table, correction=False).pvalue)


def logrank(rows: pd.Series, first: pd.Series) -> float:
    a, b = P[rows & first], P[rows & ~first]
    return float(logrank_test(a["days"], b["days"], a["event"], b["event"]).p_value)


def percent(yes: pd.Series, rows: pd.Series) -> float:
    return 100 * float(yes[rows].mean())


def cmh() -> float:
    layers = [np.array(counts(DUAL[rows], PCR[rows])) for rows in (MODERATE & ~HR, MODERATE & HR)]
    return float(StratifiedTable(layers).test_null_odds(correction=False).pvalue)


def hazard_ratio() -> float:
    data = P.assign(moderate=MODERATE.astype(int))[["days", "event", "moderate"]]
    return float(CoxPHFitter().fit(data, "days", "event").hazard_ratios_["moderate"])


EVERYONE = pd.Series(True, index=P.index)
VALUES = {
    "N-A01-n": lambda: len(P),
    "N-A01-first": lambda: P["diagnosis_date"].min().year,
    "N-A01-last": lambda: P["surgery_date"].max().year,
    "N-A02-hr-3": lambda: percent(HR, STRONG),
    "N-A02-hr-2": lambda: percent(HR, MODERATE),
    "N-A02-p": lambda: pearson(counts(MODERATE, HR)),
    "N-A03-pcr-3": lambda: percent(PCR, STRONG),
    "N-A03-pcr-2": lambda: percent(PCR, MODERATE),
    "N-A03-p": lambda: pearson(counts(MODERATE, PCR)),
    "N-A04-dual": lambda: percent(PCR, MODERATE & DUAL),
    "N-A04-single": lambda: percent(PCR, MODERATE & SINGLE),
    "N-A04-p": cmh,
    "N-A05-p": lambda: logrank(MODERATE, DUAL),
    "N-A06-loss": lambda: percent(LOST, RETESTED & MODERATE) - percent(LOST, RETESTED & STRONG),
    "N-A07-hr": hazard_ratio,
    "N-A07-p": lambda: logrank(EVERYONE, MODERATE),
}


def printed_as(value: float, precision: object) -> Decimal:
    """Round half away from zero, as decimal."""
    unit = Decimal(str(precision))
    return (Decimal(f"{value:.10f}") / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


@pytest.mark.parametrize("entry", PUBLISHED, ids=[entry["id"] for entry in PUBLISHED])
def test_printed_number_is_met(entry: dict[str, object]) -> None:
    value, printed = float(VALUES[str(entry["id"])]()), str(entry["value"])
    if printed.startswith(">"):
        assert value > float(printed[1:])
    elif printed.startswith("<"):
        assert value < float(printed[1:])
    else:
        assert printed_as(value, entry["precision"]) == Decimal(printed)


def test_ids_are_unique_and_every_number_is_met() -> None:
    assert [entry["id"] for entry in PUBLISHED] == list(VALUES)
    assert {entry["status"] for entry in PUBLISHED} == {"met"}


# --- the counts, by enumeration ------------------------------------------------------------------

TOTAL = 575


def prints(k: int, n: int, percentage: str) -> bool:
    """Whether k of n prints as a percentage, in whole numbers: no floating point."""
    unit = 10 ** len(percentage.split(".")[1])
    return (2 * 100 * unit * k + n) // (2 * n) == int(percentage.replace(".", ""))


def fractions(percentage: str) -> list[tuple[int, int]]:
    return [(k, n) for n in range(1, TOTAL + 1) for k in range(n + 1) if prints(k, n, percentage)]


STRONG_PCR, MODERATE_PCR = fractions("46.07"), fractions("16.24")
DUAL_PCR, SINGLE_PCR = fractions("19.12"), fractions("12.24")


def test_one_division_of_all_patients_prints_both_rates_of_pcr() -> None:
    found = [(a, b) for a, b in product(STRONG_PCR, MODERATE_PCR) if a[1] + b[1] == TOTAL]
    assert found == [((211, 458), (19, 117))]
    assert counts(STRONG, PCR) == [[211, 247], [19, 98]]


def test_one_division_of_her2_2_ish_prints_both_rates_by_blockade() -> None:
    found = [(a, b) for a, b in product(DUAL_PCR, SINGLE_PCR) if a[1] + b[1] == 117]
    assert found == [((13, 68), (6, 49))]
    assert counts(DUAL[MODERATE], PCR[MODERATE]) == [[13, 55], [6, 43]]


@pytest.mark.parametrize(
    ("rows", "n", "percentage", "count"), [(STRONG, 458, "48.7", 223), (MODERATE, 117, "76.1", 89)]
)
def test_one_count_prints_each_rate_of_hr(rows: pd.Series, n: int, percentage: str, count: int) -> None:
    assert [k for k in range(n + 1) if prints(k, n, percentage)] == [count]
    assert int(HR[rows].sum()) == count


def test_with_missing_values_other_denominators_print_the_same_but_leave_patients_out() -> None:
    """Counts by blockade have to add up to those of HER2 2+/ISH+ with a known pCR."""
    both = {(a[0] + b[0], a[1] + b[1]) for a, b in product(DUAL_PCR, SINGLE_PCR)} & set(MODERATE_PCR)
    assert both == {(19, 117), (38, 234), (57, 351), (76, 468)}
    found = [(a, b) for a, b in product(STRONG_PCR, both) if a[1] + b[1] <= TOTAL]
    assert [(a, b) for a, b in found if a[1] + b[1] == TOTAL] == [((211, 458), (19, 117))]
    assert sum(b == (19, 117) for _, b in found) == 10
    assert {b for _, b in found} == both


def usual_tests(k: int, n: int, j: int, m: int) -> dict[str, float]:
    """Two-sided p-values of the tests of one 2 x 2 table, and Fisher's one-sided."""
    table = [[k, n - k], [j, m - j]]
    x, y = k / n, j / m
    error = np.sqrt(x * (1 - x) / n + y * (1 - y) / m)
    log_odds = np.log(k * (m - j) / (j * (n - k)))
    return {
        "Pearson": pearson(table),
        "Yates": float(chi2_contingency(table).pvalue),
        "likelihood ratio": float(chi2_contingency(table, correction=False, lambda_=0).pvalue),
        "Fisher": float(fisher_exact(table).pvalue),
        "Fisher, one-sided": float(fisher_exact(table, alternative="greater").pvalue),
        "separate variances": float(2 * norm.sf(abs(x - y) / error)),
        "logistic": float(2 * norm.sf(abs(log_odds) / np.sqrt(sum(1 / c for row in table for c in row)))),
    }


def test_no_usual_test_of_any_such_table_prints_the_p_value() -> None:
    """So 0.287 is not the p-value of the crude comparison."""
    for (k, n), (j, m) in product(DUAL_PCR, SINGLE_PCR):
        if n + m <= TOTAL:
            assert all(printed_as(p, "0.001") != Decimal("0.287") for p in usual_tests(k, n, j, m).values())
    own = {name: round(p, 3) for name, p in usual_tests(13, 68, 6, 49).items()}
    assert own == {
        "Pearson": 0.320,
        "Yates": 0.459,
        "likelihood ratio": 0.314,
        "Fisher": 0.447,
        "Fisher, one-sided": 0.231,
        "separate variances": 0.304,
        "logistic": 0.324,
    }


def test_two_margins_of_hr_status_give_the_p_value_when_stratified() -> None:
    """By hand: excess (13 minus expected) and hypergeometric variance, summed over HR status."""
    found = set()
    for dual, pcr in product(range(29), range(20)):
        excess, variance = 13.0, 0.0
        for n, d, k in ((28, dual, pcr), (89, 68 - dual, 19 - pcr)):
            excess -= d * k / n
            variance += d * (n - d) * k * (n - k) / n**2 / (n - 1)
        p = 2 * norm.sf(abs(excess) / np.sqrt(variance)) if variance else 1.0
        if printed_as(p, "0.001") == Decimal("0.287"):
            found.add((dual, pcr))
    assert found == {(16, 10), (21, 4)}
    assert (int((MODERATE & ~HR & DUAL).sum()), int((MODERATE & ~HR & PCR).sum())) == (16, 10)


# --- what was chosen -----------------------------------------------------------------------------


def test_what_the_notes_say_was_chosen() -> None:
    assert counts(DUAL[STRONG], PCR[STRONG]) == [[145, 121], [66, 126]]
    assert counts(~HR[STRONG], PCR[STRONG]) == [[130, 105], [81, 142]]
    assert [int(LOST[MODERATE].sum()), int(RETESTED[MODERATE].sum())] == [35, 83]
    assert [int(LOST[STRONG].sum()), int(RETESTED[STRONG].sum())] == [32, 201]
    events = P["event"]
    assert [int(events[MODERATE & g].sum()) for g in (SINGLE, DUAL)] == [12, 9]
    assert [int(events[g].sum()) for g in (MODERATE, STRONG)] == [21, 52]
    assert 0.07 <= logrank(EVERYONE, MODERATE) <= 0.11
    late = P["diagnosis_date"] >= "2019-06-01"
    assert late[DUAL].mean() > 0.85
    assert late[SINGLE].mean() < 0.3


def test_dates_are_in_order_and_not_after_the_cut_off() -> None:
    assert (P["nst_start"] > P["diagnosis_date"]).all()
    assert ((P["surgery_date"] - P["nst_start"]).dt.days.between(120, 230)).all()
    assert (P["last_contact_date"] > P["surgery_date"]).all()
    assert (P["last_contact_date"] <= CUT_OFF).all()
    assert P["surgery_date"].max().year == 2022
    for column in ("diagnosis_date", "nst_start", "surgery_date"):
        assert (P[column].dt.weekday < 5).all()
    relapsed = P[P["event"]]
    assert (relapsed["dfs_event_date"] > relapsed["surgery_date"]).all()
    assert (relapsed["dfs_event_date"] <= relapsed["last_contact_date"]).all()
    dead = P[P["death_date"].notna()]
    assert dead["event"].all()
    assert (dead["death_date"] == dead["last_contact_date"]).all()
    assert (dead["dfs_event_date"] <= dead["death_date"]).all()
    first = dead["dfs_event_type"] == "death"
    assert (dead.loc[first, "dfs_event_date"] == dead.loc[first, "death_date"]).all()
    assert ((P["dfs_event_type"] == "") == ~P["event"]).all()


def test_specimens_agree_with_patients() -> None:
    biopsy = TESTS[TESTS["specimen"] == "biopsy"].merge(P, on="patient_id")
    assert len(biopsy) == TOTAL
    assert (biopsy["ihc"] == biopsy["her2_ihc"]).all()
    assert (biopsy["ish"] == biopsy["her2_ish"]).all()
    assert (pd.to_datetime(biopsy["date"]) == biopsy["diagnosis_date"]).all()
    residual = TESTS[TESTS["specimen"] == "residual"].merge(P, on="patient_id")
    assert set(residual["patient_id"]) == set(P.loc[RETESTED, "patient_id"])
    assert len(TESTS) == TOTAL + len(residual) == TOTAL + 284
    assert (residual["pcr"] == "no").all()
    assert (pd.to_datetime(residual["date"]) == residual["surgery_date"]).all()
    positive = (residual["ihc"] == "3+") | (residual["ish"] == "amplified")
    assert (positive == (residual["her2_loss"] == "no")).all()
    assert ((residual["ish"] != "") == (residual["ihc"] == "2+")).all()


def test_patients_are_complete() -> None:
    assert P["patient_id"].is_unique
    assert ((P["her2_ish"] == "amplified") == MODERATE).all()
    may_be_empty = ["her2_ish", "her2_loss", "dfs_event_date", "dfs_event_type", "death_date"]
    assert P.drop(columns=may_be_empty).replace("", None).notna().all().all()
    assert P["age"].between(24, 76).all()
    assert not (PCR & RETESTED).any()
