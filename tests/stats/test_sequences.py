"""Comparison of sequences: by hand, edge cases, and what must hold for any data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.figures import estimates_forest
from her2adc.results import COLUMNS, frame, one, row, select
from her2adc.simulate import SimulationParameters, analysis_data, simulate
from her2adc.stats.evalue import e_value, e_value_limit, e_values, risk_ratio_of
from her2adc.stats.regression import cox
from her2adc.stats.sequences import order, second_adc
from her2adc.stats.sequences_data import time_to_next
from her2adc.stats.sequences_methods import HEADINGS, ORDER, SECOND, describe, forest_table
from her2adc.stats.sequences_weighting import positivity, scores, weighted_curve
from her2adc.stats.survival import curve

from .conftest import close

MODEL = SimulationParameters(n=250)
KNOWN = [c.name for c in MODEL.covariates]


def patients(seed: int = 3, **changes: Any) -> pd.DataFrame:
    model = SimulationParameters(**{**vars(MODEL), **changes})
    return analysis_data(simulate(model, seed, tables=False), model)


def both(data: pd.DataFrame, **options: Any) -> pd.DataFrame:
    first = order(data, "OS", "arm", "adc2_time", progression_time="progression_time", **options)
    second = second_adc(data, "OS", "adc2_time", origin="progression_time", **options)
    return pd.concat([first, second], ignore_index=True)


def ratio(rows: pd.DataFrame, level: str, analysis: str = "sequence_comparison") -> pd.Series:
    return one(rows, analysis=analysis, level=level, statistic="hazard_ratio")


def test_every_method_gives_its_rows() -> None:
    rows = both(patients(), covariates=KNOWN)
    assert list(rows.columns) == COLUMNS
    levels = rows.loc[rows["statistic"] == "hazard_ratio", "level"].tolist()
    spread = {"landmark": ["landmark_6", "landmark_12"]}
    wanted = [level for key in ORDER for level in spread.get(key, [key])]
    spread = {"landmark": ["landmark_3", "landmark_6"]}
    assert levels == wanted + [level for key in SECOND for level in spread.get(key, [key])]
    assert rows.loc[rows["statistic"] == "hazard_ratio", "value"].notna().all()
    for level in levels:
        own = select(rows, level=level, analysis="sequence_comparison")
        if len(own):
            found = one(own, statistic="hazard_ratio")
            assert found["group"] == "SG vs T-DXd"
            for statistic, total in (("n_arm", "n"), ("events_arm", "n_events")):
                assert own.loc[own["statistic"] == statistic, "value"].sum() == found[total]


def test_naive_and_crude_are_plain_cox_models() -> None:
    data = patients()
    rows = both(data)
    received = data[data["adc2_time"].notna()]
    for level, part in (("naive_both", received), ("intention_crude", data)):
        wanted = one(cox(part, "OS", ["arm"]), statistic="hazard_ratio", level="SG")
        for column in ("value", "conf_low", "conf_high", "n_events"):
            if column != "n_events":
                close(ratio(rows, level)[column], wanted[column])
        assert ratio(rows, level)["n"] == len(part)
    # without covariates adjustment and weights change nothing
    for level in ("intention_adjusted", "intention_iptw"):
        close(ratio(rows, level)["value"], ratio(rows, "intention_crude")["value"])


def test_swapping_the_arms_inverts_every_ratio() -> None:
    data = patients()
    swapped = data.assign(arm=data["arm"].cat.reorder_categories(["SG", "T-DXd"], ordered=True))
    options: dict[str, Any] = {"covariates": KNOWN[:3], "progression_time": "progression_time"}
    there = order(data, "OS", "arm", "adc2_time", **options)
    back = order(swapped, "OS", "arm", "adc2_time", **options)
    for level in there.loc[there["statistic"] == "hazard_ratio", "level"]:
        close(np.log(ratio(there, level)["value"]), -np.log(ratio(back, level)["value"]), rtol=1e-6)
        close(ratio(there, level)["conf_low"], 1 / ratio(back, level)["conf_high"])
        e_values_of = [one(rows, level=level, statistic="e_value")["value"] for rows in (there, back)]
        assert e_values_of[0] > 1
        assert e_values_of[1] > 1


def test_nobody_and_everybody_receives_the_second() -> None:
    data = patients()
    never = both(data.assign(adc2_time=np.nan), covariates=KNOWN[:1])
    for level in ("naive_both", "both_from_second", "both_delayed_entry", "landmark_6"):
        assert np.isnan(ratio(never, level)["value"])
        assert ratio(never, level)["method"] == "not estimable: no patients"
    assert np.isnan(ratio(never, "time_dependent")["value"])
    assert np.isnan(ratio(never, "naive_ever", "second_adc")["value"])
    assert "one group only" in ratio(never, "naive_ever", "second_adc")["method"]
    close(ratio(never, "intention_crude")["value"], ratio(both(data), "intention_crude")["value"])
    assert np.isnan(one(never, level="naive_both", statistic="e_value")["value"])
    start = data.assign(adc2_time=0.0, progression_time=0.0)
    all_of_them = both(start, covariates=KNOWN[:1])
    close(ratio(all_of_them, "naive_both")["value"], ratio(all_of_them, "intention_crude")["value"])
    close(ratio(all_of_them, "both_from_second")["value"], ratio(all_of_them, "intention_adjusted")["value"])
    close(ratio(all_of_them, "per_protocol")["value"], ratio(all_of_them, "intention_iptw")["value"])


def test_no_events_all_events_ties_and_missing_covariates() -> None:
    data = patients()
    none = both(data.assign(OS_event=False), covariates=KNOWN[:1])
    assert none.loc[none["statistic"].isin(["hazard_ratio", "p_value"]), "value"].isna().all()
    rounded = data.assign(OS_event=True, OS_time=np.ceil(data["OS_time"] / 6) * 6)
    tied = both(rounded, covariates=KNOWN[:2])
    assert tied.loc[tied["statistic"] == "hazard_ratio", "value"].notna().all()
    holes = data.assign(performance_status=data["performance_status"].where(data.index % 5 > 0))
    rows = both(holes, covariates=["performance_status"])
    assert rows.loc[rows["statistic"] == "hazard_ratio", "value"].notna().all()
    full = both(data[data.index % 5 > 0], covariates=["performance_status"])
    for level in ("intention_adjusted", "intention_iptw", "per_protocol", "landmark_12"):
        close(ratio(rows, level)["value"], ratio(full, level)["value"], label=level)
    close(
        ratio(rows, "clone_censor_weight", "second_adc")["value"],
        ratio(full, "clone_censor_weight", "second_adc")["value"],
    )


def test_a_second_drug_on_the_last_day_counts_as_never() -> None:
    data = patients()
    data["adc2_time"] = data["adc2_time"].fillna(data["OS_time"])
    close(ratio(both(data), "naive_both")["value"], ratio(both(patients()), "naive_both")["value"])


def test_where_the_covariates_decide_the_rows_say_so() -> None:
    data = patients(first_by=("her2_ihc", {"2+": "T-DXd", "1+": "SG", "0": "SG"}))
    rows = both(data, covariates=["her2_ihc"])
    found = ratio(rows, "intention_iptw")
    assert np.isnan(found["value"])
    assert "her2_ihc: it is certain for some patients" in found["method"]
    assert pd.isna(found["n"])
    reason = positivity(data, "arm", ["her2_ihc"])
    assert reason["statistic"].tolist() == ["score_min"]
    assert "certainty" in reason["method"].iloc[0]


def test_too_many_covariates_for_the_events() -> None:
    rows = order(patients(n=40), "OS", "arm", "adc2_time", covariates=KNOWN, landmarks=[6])
    assert "coefficients" in ratio(rows, "landmark_6")["method"]
    assert "no time to progression" in ratio(rows, "per_protocol")["method"]


def test_arguments_are_checked() -> None:
    data = patients()
    with pytest.raises(ValueError, match="two groups"):
        order(data[data["arm"] == "SG"], "OS", "arm", "adc2_time")
    with pytest.raises(ValueError, match="unknown methods"):
        order(data, "OS", "arm", "adc2_time", methods=["naive"])
    with pytest.raises(ValueError, match="no column"):
        second_adc(data, "OS", "second")
    with pytest.raises(ValueError, match="negative"):
        second_adc(data.assign(adc2_time=-1.0), "OS", "adc2_time")


def test_from_progression_leaves_out_who_is_not_eligible() -> None:
    # the second had no progression, the third got the drug before it, the fourth dies at it
    data = pd.DataFrame(
        {
            "OS_time": [9.0, 8.0, 7.0, 4.0, 9.0, 6.0],
            "OS_event": [True, True, True, True, False, True],
            "second": [3.0, np.nan, 1.0, np.nan, np.nan, 5.5],
            "pd": [2.0, np.nan, 2.0, 4.0, 1.0, 5.0],
        }
    )
    rows = second_adc(data, "OS", "second", origin="pd", methods=["naive_ever", "time_dependent"])
    found = ratio(rows, "naive_ever", "second_adc")
    assert (found["n"], found["n_events"]) == (3, 2)
    counts = select(rows, level="naive_ever", statistic="n_arm").set_index("group")["value"].to_dict()
    assert counts == {"no second ADC": 1.0, "second ADC": 2.0}


def test_words_for_every_row_and_its_figure() -> None:
    rows = both(patients(), covariates=KNOWN[:2])
    table = forest_table(rows, grace=3)
    assert len(table) == (rows["statistic"] == "hazard_ratio").sum()
    assert set(table["heading"]) == set(HEADINGS.values())
    assert (
        not table[["method", "estimand", "bias"]]
        .apply(lambda c: c.str.contains("{", regex=False))
        .any(axis=None)
    )
    assert describe("second_adc", "landmark_4.5").label == "Landmark at 4.5 months"
    assert "within 3 months" in describe("sequence_comparison", "per_protocol", 3).estimates
    assert estimates_forest(table).axes
    with pytest.raises(LookupError, match="naive_both"):
        describe("sequence_comparison", "nonsense")
    assert forest_table(rows.iloc[:0]).empty


# ---- weighting ---------------------------------------------------------------------------------------


def test_positivity_by_hand() -> None:
    # one binary covariate: the scores are the shares 1/4 and 3/4
    data = pd.DataFrame({"arm": list("aaabbbba"), "x": list("llllhhhh")})
    rows = positivity(data, "arm", ["x"], limits=(0.3, 0.7))
    found = {s: one(rows, statistic=s, group="All patients")["value"] for s in rows["statistic"].unique()}
    close(found["score_min"], 0.25)
    close(found["score_max"], 0.75)
    close([found["below"], found["above"], found["common_range"]], [0.5, 0.5, 1.0])
    # of 16 pairs 9 are in order and 6 tied
    close(found["c_statistic"], (9 + 6 / 2) / 16)
    weights = scores(data, "arm", ["x"])["weight"]
    close(weights, [2 / 3, 2 / 3, 2 / 3, 2, 2 / 3, 2 / 3, 2 / 3, 2])


def test_weighted_curve_without_confounding_is_the_crude_one() -> None:
    data = pd.DataFrame(
        {
            "OS_time": np.arange(1.0, 9),
            "OS_event": [True, False] * 4,
            "arm": list("abababab"),
            "x": list("llllhhhh"),
        }
    )
    crude, weighted = curve(data, "OS", "arm"), weighted_curve(data, "OS", "arm", ["x"])
    close(weighted["survival"], crude["survival"])


# ---- times -------------------------------------------------------------------------------------------


def test_time_to_next_therapy_edges() -> None:
    data = pd.DataFrame(
        {
            "OS_time": [5.0, 5.0, 5.0, 5.0, np.nan],
            "OS_event": [True, False, True, False, False],
            "a": [5.0, 5.0, 2.0, np.nan, 1.0],
            "b": [np.nan, np.nan, 2.0, np.nan, np.nan],
        }
    )
    found = time_to_next(data, {"A": "a", "B": "b"})
    assert found["NEXT_cause"].tolist()[:4] == ["death", "A", "A", "censored"]
    close(found["NEXT_time"], [5, 5, 2, 5, np.nan])
    assert found["NEXT_cause"].cat.categories.tolist() == ["censored", "A", "B", "death"]


# ---- E-values ----------------------------------------------------------------------------------------


def test_e_values_by_hand() -> None:
    # VanderWeele and Ding 2017: RR 3.9 (1.8 to 8.7) gives 7.26 and 3.0; RR 0.80 (0.71 to 0.91) 1.81 and 1.43
    assert round(e_value(3.9), 2) == 7.26
    assert round(e_value_limit(1.8, 8.7), 1) == 3.0
    assert round(e_value(0.80), 2) == 1.81
    assert round(e_value_limit(0.71, 0.91), 2) == 1.43
    # HR 0.25 of a common outcome: (1 - 0.5 ** 0.5) / (1 - 0.5 ** 2) = 0.390524
    close(risk_ratio_of(0.25), (1 - 0.5**0.5) / 0.75)
    rows = [
        row("x", "hazard_ratio", 0.25, conf_low=0.25, conf_high=4.0, n=100, n_events=events)
        for events in (10, 90)
    ]
    found = e_values(frame(rows))
    close(found["value"], [e_value(0.25), 1.0, e_value((1 - 0.5**0.5) / 0.75), 1.0])
    assert "rare" in found["method"].iloc[0]
    assert "common" in found["method"].iloc[2]
    assert e_values(frame([row("x", "hazard_ratio", 1.0, method="reference")])).empty


@given(st.floats(0.01, 100), st.booleans())
def test_e_values_do_not_know_the_direction(hazard_ratio: float, common: bool) -> None:
    there, back = (risk_ratio_of(h, common) for h in (hazard_ratio, 1 / hazard_ratio))
    close(there, 1 / back)
    close(e_value(there), e_value(back))
    assert e_value(there) >= 1
    assert abs(np.log(there)) <= abs(np.log(hazard_ratio)) + 1e-12  # a common outcome shrinks the ratio


@pytest.mark.parametrize("bad", [float("nan"), 0.0, float("inf")])
def test_e_values_of_no_ratio(bad: float) -> None:
    assert np.isnan(e_value(bad))
    assert np.isnan(risk_ratio_of(bad))
    assert np.isnan(e_value_limit(bad, float("nan")))


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(8, 60))
def test_any_sample_gives_rows(seed: int, n: int) -> None:
    data = patients(seed, n=n)
    if data["arm"].nunique() < 2:
        return
    rows = both(data, covariates=["liver_metastasis"])
    shown = rows[rows["statistic"] == "hazard_ratio"]
    assert len(shown) == 15
    known = shown[shown["value"].notna()]
    assert not (known["conf_low"] > known["value"]).any()  # a profile limit can be missing
    assert not (known["value"] > known["conf_high"]).any()
    assert shown.loc[shown["value"].isna(), "method"].str.startswith("not estimable").all()


def test_an_order_that_a_covariate_determines_is_not_estimated() -> None:
    """Where the HER2 level decides which drug comes first, no adjustment can tell the two apart."""
    model = SimulationParameters(n=200)
    data = analysis_data(simulate(model, 1), model)
    data["level"] = pd.Categorical(data["arm"].astype(str) + " by level")
    rows = order(data, "OS", "arm", "adc2_time", covariates=["level"],
                 methods=["intention_adjusted", "intention_iptw"])  # fmt: skip
    ratios = rows[rows["statistic"] == "hazard_ratio"]
    assert ratios["value"].isna().all()
    assert ratios["method"].str.contains("certain").all()
