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
from her2adc.stats.risk_sets import at_risk
from her2adc.stats.survival import at_risk as at_risk_rows
from her2adc.stats.survival import summarise

CASES = Path(__file__).parent


def test_quantile_does_not_depend_on_the_last_bit() -> None:
    lower = [1.0, 0.3, 0.3 + 2e-16, 0.1]
    table = pd.DataFrame({"time": [0.0, 10, 20, 30], "survival": [1.0, 0.45, 0.45, 0.2],
                          "conf_low": lower, "conf_high": [1.0, 0.9, 0.9, 0.8]})
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
