"""The cases that are about a statistic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.stats.kaplan_meier import median, quantile
from her2adc.stats.logistic import logistic
from her2adc.stats.mantel_haenszel import mantel_haenszel, stratified
from her2adc.stats.risk_sets import at_risk
from her2adc.stats.survival import at_risk as at_risk_rows
from her2adc.stats.survival import summarise

CASES = Path(__file__).parent


def test_quantile_does_not_depend_on_the_last_bit() -> None:
    lower = [1.0, 0.3, 0.3 + 2e-16, 0.1]
    table = pd.DataFrame(
        {
            "time": [0.0, 10, 20, 30],
            "survival": [1.0, 0.45, 0.45, 0.2],
            "conf_low": lower,
            "conf_high": [1.0, 0.9, 0.9, 0.8],
        }
    )
    for read in (quantile, median):
        assert read(table)[:2] == (10.0, 10.0)
        assert read(table.assign(survival=[1.0, 0.5 + 2e-16, 0.5, 0.2]))[0] == 20.0  # flat from 10 to 30


def test_median_tail() -> None:
    """print(survfit(Surv(t, e) ~ 1)) of R 4.2.2, survival 3.5-3: 3."""
    cohort = prepare_cohort(load_study(CASES / "median_tail"))
    rows = summarise(cohort.data, "PFS", conf_type="log-log")
    median = rows.query("statistic == 'median' and group == 'All patients'").iloc[0]
    assert median["value"] == 3.0


@pytest.mark.parametrize("time_max", [5.0, 8.0])
def test_at_risk_is_asked_of_the_data(time_max: float) -> None:
    rng = np.random.default_rng(1)
    entry = rng.uniform(0, 12, 40)
    time, event = entry + rng.uniform(1, 30, 40), rng.random(40) < 0.4
    at = np.linspace(0, time_max, 9)
    found = at_risk(time, event, entry, at)
    assert found["n_risk"].tolist() == [int(((entry < t) & (time >= t)).sum()) for t in at]
    data = pd.DataFrame({"OS_time": time, "OS_event": event, "OS_entry": entry})
    rows = at_risk_rows(data, "OS", times=list(at)).query("statistic == 'n_at_risk'")
    assert rows["value"].tolist() == found["n_risk"].tolist()


def test_firth_age_equals_age_less_55() -> None:
    data = pd.read_csv(CASES / "firth_age" / "firth_age_seed0.csv")
    found = [logistic(data.assign(age=data["age"] - c), "pcr", ["arm", "age"]) for c in (0, 55, -2018)]
    for rows in found:
        assert rows.loc[rows["statistic"] == "odds_ratio", "value"].notna().all()
        for column in ("value", "conf_low", "conf_high"):
            np.testing.assert_allclose(rows[column], found[1][column], rtol=1e-6)


NO_EVENTS, ONLY_EVENTS, TABLE = [[0, 10], [0, 12]], [[10, 0], [12, 0]], [[9, 8], [4, 7]]


def by_hand(tables: list[list[list[int]]]) -> tuple[float, float]:
    """Risk difference and ratio of Greenland and Robins (1985)."""
    a = np.array(tables, dtype=float)
    x, y, n, m = a[:, 0, 0], a[:, 1, 0], a[:, 0].sum(axis=1), a[:, 1].sum(axis=1)
    total = n + m
    return float(((x * m - y * n) / total).sum() / (n * m / total).sum()), float(
        (x * m / total).sum() / (y * n / total).sum()
    )


def test_mantel_haenszel_keeps_strata_without_events() -> None:
    plain, none, only = (mantel_haenszel([TABLE, *more]) for more in ([], [NO_EVENTS], [ONLY_EVENTS]))
    assert none.risk_difference == pytest.approx(0.0912497, abs=1e-7)
    assert only.risk_ratio == pytest.approx((1.140445, 0.833401, 1.560611), abs=1e-6)
    assert none.risk_ratio == pytest.approx(plain.risk_ratio)
    for found in (none, only):
        assert found.odds_ratio == pytest.approx(plain.odds_ratio)
        assert found.association == plain.association and found.tarone == plain.tarone
    tables = [TABLE, NO_EVENTS, ONLY_EVENTS, [[5, 5], [3, 9]]]
    found = mantel_haenszel(tables)
    assert (found.risk_difference, found.risk_ratio[0]) == pytest.approx(by_hand(tables))


@pytest.mark.parametrize("empty", [[[0, 0], [3, 4]], [[3, 4], [0, 0]], [[0, 0], [0, 0]]])
def test_mantel_haenszel_gives_a_stratum_with_an_empty_group_no_weight(empty: list[list[int]]) -> None:
    assert mantel_haenszel([TABLE, empty]) == mantel_haenszel([TABLE])
    nothing = mantel_haenszel([empty])
    assert np.isnan([*nothing.odds_ratio, *nothing.risk_ratio, nothing.risk_difference]).all()


def test_mantel_haenszel_where_nobody_has_the_event() -> None:
    found = mantel_haenszel([NO_EVENTS, NO_EVENTS])
    assert found.risk_difference == 0.0
    assert np.isnan([*found.odds_ratio, *found.risk_ratio, found.association.p]).all()


def test_stratified_rows_count_the_stratum_without_events() -> None:
    cells = [("a", "x", "y", 4), ("a", "x", "n", 7), ("b", "x", "y", 9), ("b", "x", "n", 8),
             ("a", "z", "n", 12), ("b", "z", "n", 10)]  # fmt: skip
    data = pd.DataFrame(
        [(arm, er, pcr) for arm, er, pcr, k in cells for _ in range(k)], columns=["arm", "er", "pcr"]
    )
    rows = stratified(data, "pcr", "arm", "er", "y")
    value = rows.query("statistic == 'risk_difference'")["value"].iloc[0]
    assert value == pytest.approx(0.0912497, abs=1e-7)
