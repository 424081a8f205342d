"""Delayed entry, weights, contrasts of groups, start-stop data: by hand, at the edges, bad arguments."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from her2adc.results import one, select
from her2adc.stats.baseline import table_one
from her2adc.stats.concordance import concordance
from her2adc.stats.group_contrasts import rmst, survival_difference
from her2adc.stats.kaplan_meier import km
from her2adc.stats.partial_likelihood import fit_cox, robust_covariance
from her2adc.stats.regression import cox
from her2adc.stats.scheme import Scheme
from her2adc.stats.start_stop import from_landmark, split_at
from her2adc.stats.survival import (
    at_risk,
    curve,
    follow_up,
    logrank,
    logrank_pairwise,
    logrank_trend,
    summarise,
)
from her2adc.stats.weighting import balance, iptw, propensity, weigh

from .conftest import close


def cohort(**columns: Any) -> pd.DataFrame:
    """Six patients with the event at 1 to 6 months, in two arms."""
    base = {"OS_time": [1.0, 2, 3, 4, 5, 6], "OS_event": [True] * 6, "arm": list("ababab")}
    return pd.DataFrame({**base, **columns})


# ---- delayed entry -------------------------------------------------------------------------------


def test_entry_by_hand() -> None:
    """At 2 the third patient has not entered: two at risk; at 3 two again."""
    data = pd.DataFrame({"OS_time": [2.0, 3, 4], "OS_event": [True] * 3, "OS_entry": [0.0, 0, 2]})
    table = curve(data, "OS")
    assert table["n_risk"].tolist() == [2, 2, 2, 1]
    close(table["survival"], [1, 1 / 2, 1 / 4, 0])
    found = select(at_risk(data, "OS", times=[0, 2, 3]), statistic="n_at_risk")["value"]
    assert found.tolist() == [2, 2, 2]
    assert "delayed entry" in one(summarise(data, "OS"), statistic="median")["method"]
    named = data.rename(columns={"OS_entry": "since"})
    pd.testing.assert_frame_equal(curve(named, "OS", entry="since"), table)
    assert len(follow_up(data, "OS"))


def test_entry_at_zero_changes_nothing() -> None:
    data = cohort(OS_event=[True, False, True, True, False, True])
    late = data.assign(OS_entry=0.0)
    pd.testing.assert_frame_equal(curve(data, "OS", "arm"), curve(late, "OS", "arm"))
    close(logrank(data, "OS", "arm")["value"], logrank(late, "OS", "arm")["value"])
    ours, theirs = cox(data, "OS", ["arm"]), cox(late, "OS", ["arm"])
    close(ours["value"], theirs["value"])


def test_bad_entries_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="entry is not before time"):
        curve(cohort(OS_entry=1.0), "OS")
    with pytest.raises(ValueError, match="missing"):
        curve(cohort(OS_entry=[np.nan] + [0.0] * 5), "OS")
    with pytest.raises(ValueError, match="no column"):
        curve(cohort(), "OS", entry="since")


# ---- weights -------------------------------------------------------------------------------------


def test_whole_weights_are_repeated_patients() -> None:
    """Estimates and, taken as clusters, robust standard errors are those of the repeated rows."""
    data = cohort(OS_event=[True, True, False, True, True, True], w=[1.0, 2, 3, 1, 2, 1], id=range(6))
    again = data.loc[data.index.repeat(data["w"].astype(int))]
    table, repeated = curve(data, "OS", weights="w"), curve(again, "OS")
    close(table["survival"], repeated["survival"])
    close(table["n_risk"], repeated["n_risk"])
    ours = cox(data, "OS", ["arm"], weights="w", ties="breslow")
    theirs = cox(again, "OS", ["arm"], cluster="id", ties="breslow")
    for column in ("value", "conf_low", "conf_high"):
        row = [one(rows, statistic="hazard_ratio", level="b")[column] for rows in (ours, theirs)]
        close(*row)


def test_the_scale_of_weights_does_not_matter() -> None:
    data = cohort(w=[1.0, 2, 3, 1, 2, 1])
    one_scale, other = (curve(data.assign(w=data["w"] * k), "OS", weights="w") for k in (1, 7))
    close(one_scale[["survival", "conf_low", "conf_high"]], other[["survival", "conf_low", "conf_high"]])


def test_bad_weights_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="positive"):
        km([1.0, 2.0], [True, True], weights=[1.0, 0.0])
    with pytest.raises(ValueError, match="one weight a row"):
        km([1.0, 2.0], [True, True], weights=[1.0])
    with pytest.raises(ValueError, match="no column"):
        curve(cohort(), "OS", weights="w")


def test_table_one_with_weights() -> None:
    age = SimpleNamespace(name="age", kind="continuous", levels=[])
    er = SimpleNamespace(name="er", kind="categorical", levels=["no", "yes"])
    data = pd.DataFrame({"age": [50.0, 60, 70], "er": ["no", "yes", None], "w": [1.0, 1, 2]})
    rows = table_one(data, [age, er], weights="w")
    assert one(rows, statistic="n")["value"] == 4
    assert one(rows, statistic="mean")["value"] == 62.5
    assert one(rows, statistic="percent", level="yes")["value"] == 0.5
    missing = one(rows, statistic="missing", variable="er")
    assert (missing["value"], missing["n_events"]) == (2, 1)
    plain, equal = table_one(data, [age, er]), table_one(data.assign(w=1.0), [age, er], weights="w")
    close(plain["value"], equal["value"])
    with pytest.raises(ValueError, match="no tests"):
        table_one(data, [age], "er", tests=True, weights="w")


# ---- contrasts -----------------------------------------------------------------------------------


def test_difference_by_hand() -> None:
    """At 2 months a: 1/2 of 2, b: 1 of 2, variances 1/8 and 0."""
    data = pd.DataFrame({"OS_time": [1.0, 3, 3, 4], "OS_event": [True] * 4, "arm": list("aabb")})
    row = one(survival_difference(data, "OS", "arm", [2]), statistic="survival_difference")
    close([row["value"], row["conf_high"]], [0.5, 0.5 + 1.959963984540054 * np.sqrt(1 / 8)])
    assert row["level"] == "2"


def test_landmark_after_everyone_has_left() -> None:
    data = cohort(OS_event=[False] * 6)
    rows = survival_difference(data, "OS", "arm", [12])
    assert rows["value"].isna().all()
    mean = rmst(data, "OS", "arm", tau=12)
    assert mean["value"].isna().all()
    assert mean["method"].str.contains("not estimable").all()
    assert from_landmark(data, "OS", 12).empty


def test_restricted_mean_without_events_is_the_horizon() -> None:
    rows = rmst(cohort(OS_event=[False] * 6), "OS", "arm")
    assert one(rows, statistic="rmst", group="a")["value"] == 5.0  # the shorter of the two follow-ups
    assert one(rows, statistic="rmst_difference")["value"] == 0.0


def test_bad_contrasts_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="needs two groups"):
        rmst(cohort(arm="a"), "OS", "arm")
    with pytest.raises(ValueError, match="for reference"):
        survival_difference(cohort(), "OS", "arm", reference="c")
    with pytest.raises(ValueError, match="above 0"):
        rmst(cohort(), "OS", tau=0)


# ---- log-rank ------------------------------------------------------------------------------------


def test_groups_at_the_edge() -> None:
    """A group of one, a group without events, an empty level, one level."""
    arm = pd.Categorical(list("abbbcc"), ["a", "b", "c", "d"])
    data = cohort(arm=arm, OS_event=[True, True, True, True, False, False])
    assert one(logrank(data, "OS", "arm"), statistic="df")["value"] == 2
    pairs = logrank_pairwise(data, "OS", "arm")
    assert pairs["group"].nunique() == 6
    empty = select(pairs, group="c vs d")
    assert empty["value"].isna().all()
    assert empty["method"].str.contains("empty group").all()
    against = logrank_pairwise(data, "OS", "arm", reference="b")
    assert against["group"].unique().tolist() == ["a vs b", "c vs b", "d vs b"]
    assert logrank_trend(data.assign(arm="a"), "OS", "arm")["value"].isna().all()


def test_strata_without_a_comparison_add_nothing() -> None:
    data = cohort(site=["x"] * 4 + ["y", "z"])
    within = logrank(data, "OS", "arm", strata=["site"])
    close(within["value"], logrank(data.iloc[:4], "OS", "arm")["value"])


def test_bad_tests_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="unknown weighting"):
        logrank(cohort(), "OS", "arm", weighting="wilcoxon")
    with pytest.raises(ValueError, match="unknown method"):
        logrank_pairwise(cohort(), "OS", "arm", adjust="tukey")
    with pytest.raises(ValueError, match="one each"):
        logrank_trend(cohort(), "OS", "arm", scores=[1.0])
    with pytest.raises(ValueError, match="powers of 0 or more"):
        logrank(cohort(), "OS", "arm", weighting="fleming-harrington", rho=-1.0)


# ---- Cox -----------------------------------------------------------------------------------------


def test_strata_are_separate_likelihoods(veteran: pd.DataFrame) -> None:
    x, strata = veteran[["karno"]].to_numpy(float), veteran["trt"].cat.codes.to_numpy()
    times, events = veteran["OS_time"].to_numpy(float), veteran["OS_event"].to_numpy()
    whole = fit_cox(x, times, events, Scheme(strata=strata))
    parts = [fit_cox(x[strata == s], times[strata == s], events[strata == s]) for s in (0, 1)]
    close(whole.loglik_null, sum(part.loglik_null for part in parts))


def test_splitting_follow_up_changes_nothing(veteran: pd.DataFrame) -> None:
    """A patient as two rows, the covariates the same, is one patient: estimates, robust errors, C."""
    halved = split_at(veteran.assign(half=veteran["OS_time"] / 2, id=range(len(veteran))), "OS", "half")
    whole = cox(veteran.assign(id=range(len(veteran))), "OS", ["karno", "trt"], cluster="id")
    parts = cox(halved, "OS", ["karno", "trt"], cluster="id")
    for statistic in ("hazard_ratio", "p_value", "concordance"):
        ours, theirs = (select(rows, statistic=statistic, analysis="cox") for rows in (whole, parts))
        close(ours[["value", "conf_low", "conf_high"]], theirs[["value", "conf_low", "conf_high"]])


def test_ten_thousand_ties() -> None:
    """All events at one time: Breslow's estimate is the log ratio of odds-like shares."""
    x = np.repeat([0.0, 1.0], 10_000)[:, None]
    events = np.tile([True, False], 10_000)
    times = np.where(events, 1.0, 2.0)
    close(fit_cox(x, times, events, Scheme(ties="breslow")).coef, [0.0])
    events[10_000:15_000] = False
    times = np.where(events, 1.0, 2.0)
    died = events[10_000:].sum() / events[:10_000].sum()
    close(fit_cox(x, times, events, Scheme(ties="breslow")).coef, np.log(died))


def test_a_group_without_events_in_a_stratified_model() -> None:
    data = cohort(OS_event=[True, False] * 3, site=list("xxxyyy"))
    row = one(cox(data, "OS", ["arm"], strata=["site"]), statistic="hazard_ratio", level="b")
    assert np.isnan(row["value"])
    assert "monotone likelihood (arm b)" in row["method"]


def test_concordance_by_counting() -> None:
    random = np.random.default_rng(5)
    n = 300
    times, events = random.integers(1, 40, n).astype(float), random.random(n) < 0.6
    score, weights = random.integers(0, 12, n).astype(float), random.integers(1, 4, n).astype(float)
    entry = np.where(random.random(n) < 0.4, times * random.random(n), 0.0)
    good = all_pairs = 0.0
    for i in np.flatnonzero(events):
        later = (times > times[i]) | ((times == times[i]) & ~events)
        partners = later & (entry < times[i])
        size = weights[i] * weights[partners]
        good += (size * ((score[partners] < score[i]) + 0.5 * (score[partners] == score[i]))).sum()
        all_pairs += size.sum()
    close(concordance(score, times, events, Scheme(entry=entry, weights=weights))[0], good / all_pairs)


def test_a_million_rows() -> None:
    """Aggregated as weights, a million patients are a few hundred."""
    random = np.random.default_rng(2)
    n = 1_000_000
    data = pd.DataFrame(
        {"t": random.integers(1, 60, n), "e": random.random(n) < 0.5, "x": random.random(n) < 0.3}
    )
    few = data.value_counts().rename("w").reset_index()

    def fitted(part: pd.DataFrame, scheme: Scheme) -> Any:
        observed = (part[["x"]].to_numpy(float), part["t"].to_numpy(float), part["e"].to_numpy())
        fit = fit_cox(*observed, scheme)
        return fit, robust_covariance(*observed, fit, scheme)

    many, variance = fitted(data, Scheme(ties="breslow"))
    weighted, _ = fitted(few, Scheme(weights=few["w"].to_numpy(float), ties="breslow"))
    close(many.coef, weighted.coef, rtol=1e-6)
    close(many.covariance, weighted.covariance)
    close(variance, many.covariance, rtol=0.05)


def test_bad_models_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="unknown ties"):
        cox(cohort(), "OS", ["arm"], ties="exact")
    with pytest.raises(ValueError, match="name two of the covariates"):
        cox(cohort(), "OS", ["arm"], interactions=[("arm", "er")])
    with pytest.raises(ValueError, match="no column"):
        cox(cohort(), "OS", ["arm"], strata=["site"])
    with pytest.raises(ValueError, match="negative"):
        cox(cohort(OS_time=[-1.0, 2, 3, 4, 5, 6]), "OS", ["arm"])


def test_everything_missing() -> None:
    data = cohort(OS_time=[np.nan] * 6)
    assert select(cox(data, "OS", ["arm"]), statistic="hazard_ratio")["value"].isna().all()
    assert logrank_pairwise(data, "OS", "arm")["value"].isna().all()
    assert rmst(data, "OS")["value"].isna().all()
    assert split_at(data.assign(at=1.0), "OS", "at").empty


# ---- start-stop and weighting --------------------------------------------------------------------


def test_exposure_at_zero_at_the_end_and_never() -> None:
    data = pd.DataFrame({"OS_time": [5.0, 5, 5], "OS_event": [True] * 3, "at": [0.0, 5.0, np.nan]})
    split = split_at(data, "OS", "at")
    assert split["exposed"].tolist() == [True, False, False]
    assert split["OS_event"].all()
    with pytest.raises(ValueError, match="negative"):
        split_at(data.assign(at=-1.0), "OS", "at")
    with pytest.raises(ValueError, match="0 or later"):
        from_landmark(data, "OS", -1)
    with pytest.raises(ValueError, match="before splitting"):
        from_landmark(split, "OS", 1)


def test_weights_balance_by_hand() -> None:
    """Two ages, treated 3 of 4 and 1 of 4: the weighted ages are equal."""
    data = pd.DataFrame({"arm": list("bbbabaaa"), "age": [50.0] * 4 + [60.0] * 4})
    score = propensity(data, "arm", ["age"])
    close(score, [0.75] * 4 + [0.25] * 4)
    rows = balance(data.assign(w=weigh(score, data["arm"] == "b")), "arm", ["age"], "w")
    assert abs(one(rows, statistic="smd_weighted")["value"]) < 1e-9
    assert one(rows, statistic="smd")["value"] > 0.5


def test_bad_weighting_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="compares two groups"):
        propensity(cohort(arm="a"), "arm", [])
    with pytest.raises(ValueError, match="unknown kind"):
        weigh([0.5], [True], "atc")
    with pytest.raises(ValueError, match="between 0 and 1"):
        weigh([0.0], [True])
    with pytest.raises(ValueError, match="with certainty"):
        iptw(cohort(age=[50.0, 70] * 3), "OS", "arm", ["age"])
