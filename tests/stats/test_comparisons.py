"""Groups within strata, over strata and in pairs: against R, by invariants, and at the edges."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.results import one, select
from her2adc.stats import analyses, group_contrasts, regression, survival
from her2adc.stats.comparisons import (
    Comparison,
    by_stratum,
    curves,
    incidences,
    pairwise,
    restricted_means,
    thin_at_first,
)

from .conftest import GOLDEN, close
from .golden_models import mgus2

GROUPS = {"low": "low", "middle": "middle", "high": "high"}
SEXES = {"F": "Women", "M": "Men"}


@cache
def _golden() -> dict[tuple[str, str], float]:
    table = pd.read_csv(GOLDEN / "golden_comparisons.csv", dtype={"value": float})
    return dict(zip(zip(table["id"], table["quantity"], strict=True), table["value"], strict=True))


def golden(case: str, *parts: str) -> float:
    return _golden()[case, "|".join(parts)]


@pytest.fixture(scope="module")
def ask() -> Comparison:
    data = mgus2().iloc[::4].rename(columns={"time": "OS_time"})
    data = data.assign(
        OS_event=data["cause"] > 0,
        spike=pd.Categorical(data["spike"], list(GROUPS), ordered=True),
        sex=pd.Categorical(data["sex"], list(SEXES)),
    ).reset_index(drop=True)
    return Comparison(data, "spike", "middle", "sex", GROUPS, SEXES)


def test_strata_equal_r(ask: Comparison) -> None:
    rows = by_stratum(ask, "OS", [60])
    for sex, name in SEXES.items():
        mine = select(rows, population=name)
        close(one(mine, analysis="logrank", statistic="p_value")["value"], golden(sex, "logrank"))
        for group in ("low", "high"):
            cox = select(mine, analysis="cox_univariable", level=group)
            ratio = one(cox, statistic="hazard_ratio")
            for column, quantity in (("value", "hazard_ratio"), ("conf_low",) * 2, ("conf_high",) * 2):
                close(ratio[column], golden(sex, quantity, f"{group} vs middle"))
            p = one(cox, statistic="p_value")["value"]
            close(p, golden(sex, "p_value", f"{group} vs middle"))
        for group in GROUPS:
            median = one(mine, statistic="median", group=group)
            at60 = one(mine, statistic="survival", group=group)
            names = ("value", "conf_low", "conf_high")
            close(median[list(names)].astype(float),
                  [golden(sex, "median", k, group) for k in ("quantile", "lower", "upper")])
            close(at60[list(names)].astype(float),
                  [golden(sex, "at60", k, group) for k in ("surv", "lower", "upper")])
    for name in ("logrank_stratified", "interaction"):
        close(one(rows, analysis=name, statistic="p_value")["value"], golden("over", name))


@pytest.mark.parametrize("case", ["pairs", "pairs_stratified"])
def test_pairs_equal_r(ask: Comparison, case: str) -> None:
    strata = "sex" if case == "pairs_stratified" else ""
    rows = pairwise(Comparison(ask.data, "spike", "middle", strata, GROUPS), "OS")
    pairs = ["low vs middle", "high vs middle", "high vs low"]
    assert list(dict.fromkeys(rows["group"])) == pairs
    for pair, key in zip(pairs, ["low middle", "middle high", "low high"], strict=True):
        mine = select(rows, group=pair)
        ratio = one(mine, statistic="hazard_ratio")
        found = ratio[["value", "conf_low", "conf_high"]].astype(float)
        close(found, [golden(case, k, pair) for k in ("hazard_ratio", "conf_low", "conf_high")])
        close(one(mine, analysis="cox_pairwise", statistic="p_value")["value"], golden(case, "p_value", pair))
        tests = select(mine, analysis="logrank_pairwise")
        close(one(tests, statistic="p_value")["value"], golden(case, "logrank", key))
        close(one(tests, statistic="p_value_adjusted")["value"], golden(case, "holm", key))
        sizes = ask.data["spike"].value_counts()
        assert (mine["n"] == sizes[pair.split(" vs ")].sum()).all()


def test_strata_are_the_single_functions_on_their_patients(ask: Comparison) -> None:
    rows = by_stratum(ask, "OS", [60])
    women = ask.data[ask.data["sex"] == "F"]
    wanted = analyses.endpoint(women, "OS", "spike", [60], "Women")
    mine = select(rows, population="Women", analysis=["kaplan_meier", "at_risk", "logrank"])
    pd.testing.assert_frame_equal(mine.reset_index(drop=True), wanted)
    drawn = curves(ask, "OS")
    part = drawn[drawn["stratum"] == "Women"].drop(columns="stratum").reset_index(drop=True)
    pd.testing.assert_frame_equal(part, survival.curve(women, "OS", "spike"))


def test_without_strata_there_is_nothing_by_stratum(ask: Comparison) -> None:
    plain = Comparison(ask.data, "spike", "middle", "", GROUPS)
    assert by_stratum(plain, "OS").empty
    pd.testing.assert_frame_equal(curves(plain, "OS"), survival.curve(ask.data, "OS", "spike"))
    assert pairwise(Comparison(ask.data, "sex", "F", "", SEXES), "OS").empty
    assert pairwise(Comparison(ask.data), "OS").empty


def test_restricted_means_are_those_of_the_reference(ask: Comparison) -> None:
    rows = restricted_means(Comparison(ask.data, "spike", "middle", "", GROUPS), "OS")
    pd.testing.assert_frame_equal(rows, group_contrasts.rmst(ask.data, "OS", "spike", reference="middle"))
    assert set(select(rows, statistic="rmst_difference")["group"]) == {"low", "high"}
    one_group = Comparison(ask.data[ask.data["spike"] == "low"], "spike", "low", "", {"low": "low"})
    assert restricted_means(one_group, "OS").empty and restricted_means(ask, "OS").empty


def small(**columns: Any) -> Comparison:
    data = pd.DataFrame({
        "E_time": [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        "E_event": [True, True, False, True, True, True, True, False, True, False, True, True],
        "arm": pd.Categorical(list("abcabcabcabc"), list("abcd")),
        "site": pd.Categorical(["x"] * 6 + ["y"] * 5 + [None], ["x", "y", "z"]),
        **columns,
    })  # fmt: skip
    names = {a: a for a in "abcd" if data["arm"].eq(a).any()}
    layers = {s: s for s in "xyz" if data["site"].eq(s).any()}
    return Comparison(data, "arm", "b" if "b" in names else None, "site", names, layers)


def test_a_stratum_with_one_group_says_so() -> None:
    ask = small(arm=pd.Categorical(list("abcabc") + ["a"] * 6, list("abcd")))
    rows = by_stratum(ask, "E")
    test = one(rows, population="y", analysis="logrank", statistic="p_value")
    assert np.isnan(test["value"]) and "fewer than two groups" in test["method"]
    ratios = select(rows, population="y", analysis="cox_univariable", statistic="hazard_ratio")
    assert not np.isfinite(ratios["value"].to_numpy()).any()
    assert np.isfinite(one(rows, analysis="logrank_stratified", statistic="p_value")["value"])


def test_a_stratum_without_events_says_so() -> None:
    event = [True, True, False, True, True, True] + [False] * 6
    rows = by_stratum(small(E_event=event), "E")
    assert np.isnan(one(rows, population="y", analysis="logrank", statistic="p_value")["value"])
    methods = select(rows, population="y", analysis="cox_univariable", statistic="p_value")["method"]
    assert set(methods) == {"not estimable: no events"}
    assert one(rows, population="y", statistic="median", group="All patients")["n_events"] == 0


def test_no_events_at_all_and_one_patient() -> None:
    quiet = small(E_event=[False] * 12)
    assert np.isnan(select(pairwise(quiet, "E"), statistic="p_value")["value"]).all()
    assert np.isnan(select(by_stratum(quiet, "E"), statistic="p_value")["value"]).all()
    alone = small(arm=pd.Categorical(["c", *list("ab") * 5, "a"], list("abcd")))
    rows = pairwise(alone, "E")
    assert (select(rows, group="c vs b", statistic="p_value")["n"] == 6).all()
    everyone = small(E_time=[np.nan] * 12)
    assert by_stratum(everyone, "E")["n"].fillna(0).eq(0).all()
    assert restricted_means(Comparison(everyone.data, "arm", "b", "", everyone.names), "E").empty


def test_a_reference_without_the_endpoint_is_left_to_the_model() -> None:
    times = [np.nan if a == "b" else t for a, t in zip("abcabcabcabc", range(1, 13), strict=True)]
    rows = by_stratum(small(E_time=times), "E")
    reference = select(rows, analysis="cox_univariable", method="reference")
    assert set(reference["level"]) == {"a"}


def test_patients_without_stratum_are_in_no_part() -> None:
    ask = small()
    assert sum(len(part.data) for part in ask.parts().values()) == 11
    assert one(by_stratum(ask, "E"), analysis="logrank_stratified", statistic="p_value")["n"] == 11
    named = Comparison(ask.data, "arm", "b", "site", ask.names, {"x": "Liver"}, "Older")
    assert [part.population for part in named.parts().values()] == ["Older, Liver"]


def test_pairs_put_the_reference_second_and_first_in_line() -> None:
    names = {a: a for a in "abc"}
    assert Comparison(pd.DataFrame(), "arm", "b", names=names).pairs() == [("a", "b"), ("c", "b"), ("c", "a")]
    assert Comparison(pd.DataFrame(), "arm", "a", names=names).pairs() == [("b", "a"), ("c", "a"), ("c", "b")]


@cache
def as_given(rows: Callable[[Comparison, str], pd.DataFrame]) -> pd.DataFrame:
    return rows(small(), "E")


@settings(max_examples=4, deadline=None)  # each is several Firth models with profile limits: seconds
@given(st.permutations(range(12)))
def test_the_order_of_patients_does_not_matter(order: list[int]) -> None:
    ask = small()
    other = Comparison(ask.data.iloc[order], "arm", "b", "site", ask.names, ask.layers)
    for rows in (by_stratum, pairwise):
        mine, theirs = as_given(rows), rows(other, "E")
        close(theirs["value"], mine["value"])
        assert mine["statistic"].tolist() == theirs["statistic"].tolist()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.booleans(), st.sampled_from("abc")), min_size=9))
def test_swapping_a_pair_inverts_its_hazard_ratio(patients: list[tuple[int, bool, str]]) -> None:
    table = pd.DataFrame(patients, columns=["E_time", "E_event", "arm"]).astype({"E_time": float})
    table["arm"] = pd.Categorical(table["arm"], list("abc"))
    names = {a: a for a in "abc" if table["arm"].eq(a).any()}
    if len(names) < 3:
        return
    found = [
        select(pairwise(Comparison(table, "arm", base, names=names), "E"), group=pair)
        for base, pair in (("a", "b vs a"), ("b", "a vs b"))
    ]
    left, right = (one(rows, statistic="hazard_ratio") for rows in found)
    if "not estimable" in left["method"]:
        assert np.isnan(right["value"])
    else:
        close(np.log(left["value"]), -np.log(right["value"]), rtol=1e-4, atol=1e-5)
    tests = [one(rows, analysis="logrank_pairwise", statistic="p_value")["value"] for rows in found]
    close(tests[0], tests[1])


def test_delayed_entry_counts_only_those_under_observation() -> None:
    ask = small(E_entry=[0.0, 0, 0, 1, 2, 5, 5, 5, 6, 6, 6, 6.5])
    rows = analyses.endpoint(ask.data, "E", "arm")
    at_risk = select(rows, statistic="n_at_risk", group="All patients").set_index("level")["value"]
    # by hand: entry before and time not before; at 3 patients 3, 4 and 5, at 5 patient 5
    assert at_risk["3"] == 3 and at_risk["0"] == 3 and at_risk["5"] == 1
    assert "1" in at_risk.index and "9" in at_risk.index
    assert "delayed entry" in one(rows, statistic="median", group="All patients")["method"]
    without = ask.data.drop(columns="E_entry")
    assert "1" not in analyses.endpoint(without, "E")["level"].tolist()
    assert thin_at_first(curves(Comparison(ask.data), "E")) is True
    assert thin_at_first(curves(Comparison(without), "E")) is False


def test_incidences_with_competing_events() -> None:
    ask = Comparison(small(E_cause=[1, 2, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1]).data, "arm", names={"a": "a"})
    rows = incidences(ask, "E", [4])
    # by hand: 1/12 at 1, then 1/12 competing at 2, one censored at 3, (10/12)(1/9) at 4
    close(one(rows, group="All patients", variable="E: event")["value"], 1 / 12 + 10 / 12 / 9)
    assert one(rows, group="All patients", variable="E: competing event")["n_events"] == 1
    assert incidences(small(), "E").empty
    late = ask.data.assign(E_entry=0.0)
    assert incidences(Comparison(late), "E").empty


def test_hazard_ratios_of_a_reference_and_strata(ask: Comparison) -> None:
    rows = analyses.hazard_ratios(ask.data, "OS", ["spike", "sex"], "", {"spike": "middle"}, "sex")
    wanted = regression.cox(ask.data, "OS", ["spike"], reference={"spike": "middle"}, strata=["sex"])
    pd.testing.assert_frame_equal(rows, wanted)
    close(one(rows, statistic="hazard_ratio", level="low")["value"],
          golden("pairs_stratified", "hazard_ratio", "low vs middle"))
    absent = analyses.hazard_ratios(ask.data, "OS", ["spike"], "", {"spike": "nobody"})
    assert select(absent, method="reference")["level"].tolist() == ["low"]
