"""Competing risks against cmprsk and survival, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from her2adc.results import one, select
from her2adc.stats.aalen_johansen import VARIANCES, aalen_johansen, value_at
from her2adc.stats.causes import competing_of
from her2adc.stats.competing import cumulative_incidence, curve, fine_gray, gray
from her2adc.stats.gray import gray_test
from her2adc.stats.kaplan_meier import km
from her2adc.stats.subdistribution import fit_fine_gray

from .conftest import close
from .golden_models import cases, mgus2, named, value

BY = {"cr.spike": ("time", "spike"), "cr.year": ("year", "sex")}


@pytest.mark.parametrize("case", BY)
def test_incidence_and_gray_variance_equal_cmprsk(case: str) -> None:
    time, by = BY[case]
    for variable, part in cases(case, statistic="incidence").groupby("variable"):
        group, cause = str(variable).split(" ")
        rows = mgus2()[mgus2()[by] == group]
        table = aalen_johansen(rows[time], rows["cause"], int(cause), variance="gray")
        at = [value_at(table, float(level)) for level in part["level"]]
        close([row["incidence"] for row in at], part["value"])
        spread = cases(case, statistic="gray_variance", variable=variable)
        close([row["variance"] for row in at], spread["value"])


@pytest.mark.parametrize("conf_type", ["log-log", "log", "plain"])
@pytest.mark.parametrize("case", BY)
def test_intervals_equal_survfit(case: str, conf_type: str) -> None:
    time, by = BY[case]
    for variable, part in cases(case, group=conf_type).groupby("variable"):
        group, cause = str(variable).split(" ")
        rows = mgus2()[mgus2()[by] == group]
        table = aalen_johansen(rows[time], rows["cause"], int(cause), conf_type=conf_type)
        for row in part.itertuples():
            at = value_at(table, float(row.level))
            found = np.sqrt(at["variance"]) if row.statistic == "error" else at[row.statistic]
            close(found, row.value, label=f"{variable} {row.level} {row.statistic}")


@pytest.mark.parametrize(("case", "endpoint", "by"), [("cr.spike", "M", "spike"), ("cr.year", "Y", "sex")])
def test_gray_equals_cmprsk(case: str, endpoint: str, by: str) -> None:
    rows = gray(named(), endpoint, by)
    for k, cause in enumerate(["malignancy", "death"], start=1):
        own = select(rows, variable=f"{endpoint}: {cause}")
        for statistic, name in {"chi2": "gray_chi2", "df": "gray_df", "p_value": "gray_p"}.items():
            close(one(own, statistic=statistic)["value"], value(case, name, level=str(k)))


def test_gray_stratified_and_without_events() -> None:
    rows = gray(named(), "M", "spike", strata="sex")
    p = select(rows, statistic="p_value")["value"]
    close(p, [value("cr.strata", "gray_p", level=k) for k in "12"])
    data = mgus2()
    cause = data["cause"].where((data["sex"] == "M") | (data["cause"] != 1), 2)
    close(gray_test(data["time"], cause, data["sex"]).chi2, value("cr.no_events", "gray_chi2", level="1"))
    close(gray_test(data["time"], cause, data["sex"], 2).chi2, value("cr.no_events", "gray_chi2", level="2"))


@pytest.mark.parametrize(
    ("case", "endpoint", "of"),
    [("fg.month.1", "M", "malignancy"), ("fg.month.2", "M", "death"), ("fg.year.1", "Y", "malignancy")],
)
def test_fine_gray_equals_crr(case: str, endpoint: str, of: str) -> None:
    rows = fine_gray(named(), endpoint, ["age", "sex", "spike"], of)
    for name in ("age", "sex M", "spike middle", "spike high"):
        variable, _, level = name.partition(" ")
        ratio = one(rows, variable=variable, level=level, statistic="subdistribution_hazard_ratio")
        close(ratio["value"], value(case, "ratio", variable=name))
        for limit in ("conf_low", "conf_high"):
            close(ratio[limit], value(case, limit, variable=name))
        p = one(rows, variable=variable, level=level, statistic="p_value")["value"]
        close(p, value(case, "p", variable=name))


def test_fine_gray_likelihood() -> None:
    data = mgus2()
    x = np.column_stack([data["age"], data["sex"] == "M", data["spike"] == "middle", data["spike"] == "high"])
    fit = fit_fine_gray(x.astype(float), data["time"].to_numpy(float), data["cause"].to_numpy())
    close([fit.loglik, fit.loglik_null], [value("fg.month.1", s) for s in ("loglik", "loglik_null")])


@pytest.mark.parametrize("variance", VARIANCES)
def test_one_cause_is_one_less_kaplan_meier(variance: str) -> None:
    data = mgus2()
    table = aalen_johansen(data["time"], (data["cause"] > 0).astype(int), 1, variance=variance)
    curve_ = km(data["time"], data["cause"] > 0)
    close(1 - table["incidence"], curve_["survival"])
    close(table["n_risk"], curve_["n_risk"])


def test_incidences_and_event_free_add_to_one() -> None:
    data = mgus2()
    total = sum(aalen_johansen(data["year"], data["cause"], k)["incidence"] for k in (1, 2))
    free = km(data["year"], data["cause"] > 0)["survival"]
    close(total + free, np.ones(len(free)))


@pytest.mark.parametrize("variance", VARIANCES)
def test_by_hand(variance: str) -> None:
    table = aalen_johansen([1, 2, 2, 3, 4], [1, 2, 1, 0, 1], 1, variance=variance)
    close(table["incidence"], [0, 0.2, 0.4, 0.4, 0.8])
    assert table["n_event"].tolist() == [0, 1, 1, 0, 1]
    assert table["n_competing"].tolist() == [0, 0, 1, 0, 0]
    assert (table["variance"] >= 0).all()


@pytest.mark.parametrize("variance", VARIANCES)
def test_nobody_has_the_event(variance: str) -> None:
    table = aalen_johansen([1, 2, 3], [0, 2, 0], 1, variance=variance)
    close(table["incidence"], np.zeros(4))
    assert table[["conf_low", "conf_high"]].isna().all(axis=None)


def test_everybody_has_the_event() -> None:
    table = aalen_johansen([1, 1, 2], [1, 1, 1], 1)
    close(table["incidence"].iloc[-1], 1.0)
    close(table["variance"].iloc[-1], 0.0)
    assert np.isnan(table["conf_low"].iloc[-1])


def test_near_ties_are_ties_and_an_event_at_zero_counts() -> None:
    table = aalen_johansen([0, 1, 1 + 1e-12, 2], [1, 1, 1, 0], 1)
    assert table["time"].tolist() == [0, 1, 2]
    close(table["incidence"], [0.25, 0.75, 0.75])


def test_rows() -> None:
    rows = cumulative_incidence(named(), "M", "spike", [12, 60, 1000])
    assert rows["group"].unique().tolist() == ["All patients", "low", "middle", "high"]
    assert select(rows, level="1000")["value"].isna().all()
    row = one(rows, group="high", variable="M: malignancy", level="60")
    close(row["value"], value("cr.spike", "incidence", variable="high 1", level="60"))
    close(row["conf_low"], value("cr.spike", "conf_low", group="log-log", variable="high 1", level="60"))
    assert row["n_events"] == ((named()["spike"] == "high") & (named()["M_cause"] == "malignancy")).sum()


def test_groups_keep_a_cause_that_nobody_had() -> None:
    data = pd.DataFrame({"T_time": [1.0, 2, 3], "T_cause": ["x", "y", "censored"], "arm": ["a", "b", "b"]})
    rows = cumulative_incidence(data, "T", "arm", [1])
    assert len(rows) == 6
    close(one(rows, group="a", variable="T: y")["value"], 0.0)
    drawn = curve(data, "T", "arm")
    assert set(zip(drawn["group"], drawn["cause"], strict=True)) == {(g, c) for g in "ab" for c in "xy"}


def test_an_empty_group_and_no_patients() -> None:
    data = pd.DataFrame({"T_time": [1.0, 2], "T_cause": ["x", "censored"]})
    data["arm"] = pd.Categorical(["a", "a"], categories=["a", "b"])
    rows = cumulative_incidence(data, "T", "arm", [1])
    empty = one(rows, group="b", variable="T: x")
    assert np.isnan(empty["value"]) and empty["n"] == 0
    assert gray(data, "T", "arm")["value"].isna().all()


def test_patients_without_the_endpoint_are_left_out() -> None:
    data = pd.DataFrame({"T_time": [1.0, None, 2], "T_cause": ["x", None, "censored"]})
    assert competing_of(data, "T").times.size == 2
    assert one(cumulative_incidence(data, "T", landmarks=[1]), level="1")["n"] == 2


def test_gray_has_nothing_to_compare() -> None:
    assert gray_test([1, 2], [1, 0], ["a", "a"]).df == 0
    assert np.isnan(gray_test([1, 2], [2, 0], ["a", "b"], 1).p)
    data = pd.DataFrame({"T_time": [1.0, 2], "T_cause": ["x", "censored"], "arm": ["a", "a"]})
    assert "not estimable" in gray(data, "T", "arm")["method"].iloc[0]


def test_fine_gray_without_an_estimate() -> None:
    data = pd.DataFrame({"T_time": np.arange(1.0, 7), "T_cause": list("xxxyyy"), "arm": list("aaabbb")})
    ratio = select(fine_gray(data, "T", ["arm"], "x"), level="b", statistic="subdistribution_hazard_ratio")
    assert ratio["value"].isna().all() and "not estimable" in ratio["method"].iloc[0]
    data["T_cause"] = pd.Categorical(["y"] * 6, categories=["x", "y"])
    assert np.isnan(one(fine_gray(data, "T", ["arm"], "x"), level="b", statistic="p_value")["value"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time": [-1.0], "cause": [1]}, "negative"),
        ({"time": [float("nan")], "cause": [1]}, "missing"),
        ({"time": [1.0], "cause": [None]}, "missing"),
        ({"time": [1.0], "cause": [0.5]}, "whole numbers"),
        ({"time": [1.0], "cause": ["death"]}, "not numeric"),
        ({"time": [1.0, 2.0], "cause": [1]}, "one cause for each"),
        ({"time": [1.0], "cause": [1], "of": 0}, "name a cause"),
        ({"time": [1.0], "cause": [1], "variance": "greenwood"}, "influence"),
        ({"time": [1.0], "cause": [1], "conf_type": "arcsine"}, "log-log"),
        ({"time": [1.0], "cause": [1], "conf_level": 95}, "fraction"),
    ],
)
def test_bad_arguments(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        aalen_johansen(**arguments)  # type: ignore[arg-type]


def test_bad_data() -> None:
    data = pd.DataFrame({"T_time": [1.0, 2], "T_cause": ["x", None], "arm": ["a", "b"]})
    with pytest.raises(ValueError, match="write 'censored' or a cause"):
        cumulative_incidence(data, "T")
    with pytest.raises(ValueError, match="no column"):
        cumulative_incidence(data, "OS")
    known = data.assign(T_cause=["censored", "x"])
    with pytest.raises(ValueError, match="the causes are"):
        fine_gray(known, "T", ["arm"], "death")
    with pytest.raises(ValueError, match="at least one"):
        fine_gray(known, "T", [], "x")
    with pytest.raises(ValueError, match="at least one"):
        competing_of(known.assign(T_cause="censored"), "T")
    with pytest.raises(ValueError, match="drop these rows"):
        gray_test([1, 2], [1, 0], ["a", None])
