"""Outcomes that a patient has or has not: rates, odds ratios, forests, against R and at the edges."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.config import Population
from her2adc.results import one, select
from her2adc.stats import logistic, mantel_haenszel, ratios, subgroups
from her2adc.stats.comparisons import Comparison
from her2adc.stats.outcomes import interaction, odds, rates

from .conftest import GOLDEN, close
from .golden_models import birthwt, mgus2

RACES = {"white": "White", "black": "Black", "other": "Other"}
SMOKE = {"no": "No smoking", "yes": "Smoking"}
LIMITS = ["value", "conf_low", "conf_high"]


@cache
def _golden() -> dict[tuple[str, str], float]:
    table = pd.read_csv(GOLDEN / "golden_comparisons.csv", dtype={"value": float})
    return dict(zip(zip(table["id"], table["quantity"], strict=True), table["value"], strict=True))


def golden(case: str, *parts: str) -> float:
    return _golden()[case, "|".join(parts)]


def odds_of(case: str, *parts: str) -> list[float]:
    return [golden(case, k, *parts) for k in ("odds_ratio", "conf_low", "conf_high")]


@pytest.fixture(scope="module")
def ask() -> Comparison:
    data = birthwt()
    low = pd.Categorical(np.where(data["low"], "yes", "no"), ["no", "yes"], ordered=True)
    age = pd.Categorical(np.where(data["age"] < 25, "<25", "25+"), ["<25", "25+"])
    return Comparison(data.assign(low=low, age_25=age), "race", "other", "smoke", RACES, SMOKE)


PARTS = {"": "all", "No smoking": "no", "Smoking": "yes"}


@pytest.mark.parametrize("population", PARTS)
def test_rates_and_tests_equal_r(ask: Comparison, population: str) -> None:
    case = f"low.{PARTS[population]}"
    rows = select(rates(ask, "low"), population=population)
    close(one(rows, analysis="outcome", statistic="p_value")["value"], golden(case, "overall"))
    for group in ("white", "black"):
        for name in (group, "other"):
            rate = one(rows, statistic="rate", group=name)
            close(rate[LIMITS].astype(float),
                  [golden(case, k, name, group) for k in ("rate", "rate_low", "rate_high")])
        pair = select(rows, analysis="two_proportions", level=f"{group} vs other")
        close(one(pair, statistic="p_value")["value"], golden(case, "test", group))


@pytest.mark.parametrize("population", PARTS)
def test_crude_odds_ratios_equal_r(ask: Comparison, population: str) -> None:
    case = f"low.{PARTS[population]}"
    rows = select(odds(ask, "low"), population=population, analysis="logistic_univariable")
    firth = rows["method"].str.contains("Firth").any()
    assert firth == (min(golden_counts(ask, population)) < 10)  # fewer than 5 for each of two coefficients
    for group in ("white", "black"):
        if not firth:
            close(one(rows, statistic="odds_ratio", level=group)[LIMITS].astype(float), odds_of(case, group))


def golden_counts(ask: Comparison, population: str) -> tuple[int, int]:
    part = ask.data if not population else ask.parts()[population].data
    yes = int(part["low"].eq("yes").sum())
    return yes, len(part) - yes


def test_pooled_and_adjusted_odds_ratios_equal_r(ask: Comparison) -> None:
    rows = odds(ask, "low", ["smoke", "age", "lwt"])
    for group in ("white", "black"):
        pooled = select(rows, analysis="mantel_haenszel", level=f"{group} vs other")
        close(one(pooled, statistic="odds_ratio")[LIMITS].astype(float), odds_of("pooled", group))
        close(one(pooled, statistic="p_value")["value"], golden("pooled", "p", group))
        model = select(rows, analysis="logistic", variable="race", level=group)
        close(one(model, statistic="odds_ratio")[LIMITS].astype(float), odds_of("adjusted", group))
        close(one(model, statistic="p_value")["value"], golden("adjusted", "p", group))
    test = one(rows, analysis="interaction", statistic="p_value")
    close(test["value"], golden("pooled", "interaction"))
    assert test["method"] == "likelihood-ratio test of race x smoke, logistic regression"


def test_rows_are_those_of_the_single_functions(ask: Comparison) -> None:
    rows = odds(ask, "low", ["age"])
    known = logistic.logistic_table(ask.data, "low", ["race", "age"], reference={"race": "other"}, sparse=5)
    mine = select(rows, population="", analysis=["logistic", "logistic_univariable"])
    pd.testing.assert_frame_equal(mine.reset_index(drop=True), known)
    pair = ask.among(["other", "black"])
    pooled = mantel_haenszel.stratified(pair, "low", "race", "smoke")
    mine = select(rows, analysis="mantel_haenszel", level="black vs other")
    pd.testing.assert_frame_equal(mine.reset_index(drop=True), pooled)
    compared = ratios.compare(pair, "low", "race")
    mine = select(rates(ask, "low"), population="", analysis="two_proportions", level="black vs other")
    mine = mine[mine["statistic"] != "p_value_adjusted"]
    pd.testing.assert_frame_equal(mine.reset_index(drop=True), compared)


def test_forest_of_odds_ratios_equals_r(ask: Comparison) -> None:
    (pair, rows), *rest = subgroups.forests(ask, "low", ["age_25"], ["black"]).items()
    assert pair == ("black", "other") and not rest
    assert set(rows["population"]) == {"black vs other"}
    for level, case in (("", "all"), ("<25", "<25"), ("25+", "25+")):
        ratio = one(rows, statistic="odds_ratio", level=level)
        if "Firth" not in ratio["method"]:
            close(ratio[LIMITS].astype(float), odds_of("forest", case))
        counts = select(rows, level=level, statistic=["n_arm", "events_arm"])
        assert counts.loc[counts.statistic == "n_arm", "value"].sum() == ratio["n"]
        assert counts.loc[counts.statistic == "events_arm", "value"].sum() == ratio["n_events"]
    close(one(rows, statistic="p_interaction")["value"], golden("forest", "interaction"))


def test_tests_within_levels_equal_r(ask: Comparison) -> None:
    rows = subgroups.level_tests(ask, "low", ["age_25", "smoke"])
    for level in SMOKE:
        close(one(rows, statistic="p_value", variable="smoke", level=level)["value"],
              golden(f"low.{level}", "overall"))
    interactions = select(rows, statistic="p_interaction").set_index("variable")["value"]
    close(interactions["age_25"], golden("levels", "interaction"))
    close(interactions["smoke"], golden("pooled", "interaction"))
    assert (select(rows, statistic="n_arm", level="")["value"]).sum() == len(ask.data)
    data = mgus2().iloc[::4].rename(columns={"time": "OS_time"})
    data = data.assign(OS_event=data["cause"] > 0, sex=pd.Categorical(data["sex"], ["F", "M"]))
    timed = Comparison(data, "spike", "low", names={k: k for k in ("low", "middle", "high")})
    rows = subgroups.level_tests(timed, "OS", ["sex"])
    for sex in ("F", "M"):
        close(one(rows, statistic="p_value", level=sex)["value"], golden("levels", "logrank", sex))
    close(one(rows, statistic="p_interaction")["value"], golden("over", "interaction"))


def test_association_within_groups(ask: Comparison) -> None:
    rows = subgroups.association_table(ask.data, "low", ["race"], by="smoke")
    assert rows["group"].tolist() == ["All patients", "no", "yes"]
    close(rows["value"], [golden(f"low.{k}", "overall") for k in ("all", "no", "yes")])


def made(yes: dict[str, tuple[int, int]], site: Any = "x") -> Comparison:
    """Groups with how many have the outcome, of how many."""
    parts = [pd.DataFrame({"arm": arm, "pCR": ["yes"] * x + ["no"] * (n - x)}) for arm, (x, n) in yes.items()]
    data = pd.concat(parts, ignore_index=True)
    levels = {"arm": list(yes), "pCR": ["no", "yes"]}
    for column, names in levels.items():
        data[column] = pd.Categorical(data[column], names, ordered=True)
    data["site"] = pd.Categorical(np.resize(site, len(data)), ["x", "y", "z"])
    names = {a: a for a in yes if data["arm"].eq(a).any()}
    layers = {s: s for s in ("x", "y", "z") if data["site"].eq(s).any()}
    return Comparison(data, "arm", next(iter(yes)), "site" if len(layers) > 1 else "", names, layers)


@pytest.mark.parametrize(("yes", "why"), [(0, "nobody"), (8, "everybody")])
def test_all_or_none_have_the_outcome(yes: int, why: str) -> None:
    ask = made({"a": (yes, 8), "b": (yes, 8)}, ["x", "y"])
    rows = rates(ask, "pCR")
    rate = one(rows, statistic="rate", group="b", population="")
    assert rate["value"] == yes / 8 and rate["conf_low" if yes == 0 else "conf_high"] == yes / 8
    assert np.isnan(one(rows, analysis="outcome", statistic="p_value", population="")["value"])
    found = odds(ask, "pCR")
    crude = one(found, statistic="odds_ratio", level="b", population="")
    assert np.isnan(crude["value"]) and crude["method"] == f"not estimable: {why} has the outcome"
    assert np.isnan(one(found, analysis="interaction", statistic="p_value")["value"])


def test_separated_and_sparse_outcomes_are_firth_penalised_and_say_so() -> None:
    empty = odds(made({"a": (0, 20), "b": (12, 20)}), "pCR")
    ratio = one(empty, statistic="odds_ratio", level="b")
    assert "Firth" in ratio["method"] and "separated: arm b" in ratio["method"] and ratio["conf_low"] > 1
    # by hand: Firth's estimate of a 2 x 2 table adds half a patient to every cell
    close(ratio["value"], (12.5 / 8.5) / (0.5 / 20.5))
    few = one(odds(made({"a": (1, 30), "b": (3, 30)}), "pCR"), statistic="odds_ratio", level="b")
    assert "sparse: fewer than 5 events per variable" in few["method"]
    close(few["value"], (3.5 / 27.5) / (1.5 / 29.5))
    enough = one(odds(made({"a": (2, 30), "b": (3, 30)}), "pCR"), statistic="odds_ratio", level="b")
    close(enough["value"], (3 / 27) / (2 / 28))
    assert "Firth" not in enough["method"]


def test_pooled_tables_without_limits_have_an_exact_interval() -> None:
    ask = made({"a": (13, 21), "b": (0, 12), "c": (6, 9)}, "x")
    parts = [made({"a": (4, 13), "b": (0, 12)}), made({"a": (6, 17), "b": (0, 15)}, "y")]
    both = pd.concat([part.data for part in parts], ignore_index=True)
    both["arm"] = pd.Categorical(both["arm"], ["a", "b"], ordered=True)
    ask = Comparison(both, "arm", "a", "site", {"a": "a", "b": "b"}, {"x": "x", "y": "y"})
    rows = odds(ask, "pCR")
    exact = one(rows, statistic="odds_ratio_exact")
    close(exact[LIMITS].astype(float), odds_of("exact"))
    assert one(rows, analysis="mantel_haenszel", statistic="odds_ratio")["value"] == 0
    assert "exact" in exact["method"]


def test_a_stratum_with_one_group_and_an_empty_level() -> None:
    ask = made({"a": (3, 10), "b": (6, 10), "c": (0, 0)}, "x")
    site = ["x"] * 10 + ["y"] * 4 + ["x"] * 5 + ["y"]
    ask = Comparison(ask.data.assign(site=pd.Categorical(site, ["x", "y", "z"])), "arm", "a", "site",
                     {"a": "a", "b": "b"}, {"x": "x", "y": "y"})  # fmt: skip
    rows, found = rates(ask, "pCR"), odds(ask, "pCR")
    assert np.isnan(one(rows, population="y", statistic="rate", group="a")["value"])
    assert select(rows, population="y", analysis="two_proportions").empty
    assert np.isnan(select(found, population="y", statistic="odds_ratio")["value"]).all()
    pooled = one(found, analysis="mantel_haenszel", statistic="odds_ratio")
    close(pooled["value"], (2 / 3) / (3 / 7))  # only the first stratum speaks
    level = subgroups.odds_forest(ask.data, "pCR", "arm", ["site"])
    assert one(level, statistic="odds_ratio", level="y")["method"] == "not estimable: one arm only"
    assert one(level, statistic="odds_ratio", level="z")["method"] == "not estimable: no patients"


def test_one_patient_in_a_group_and_no_groups() -> None:
    lone = odds(made({"a": (3, 10), "b": (1, 1)}), "pCR")
    assert "Firth" in one(lone, statistic="odds_ratio", level="b")["method"]
    plain = made({"a": (3, 10)})
    assert odds(Comparison(plain.data), "pCR").empty and odds(plain, "pCR").empty
    assert len(rates(Comparison(plain.data), "pCR")) == 2


def test_unknown_outcomes_are_left_out_and_counted() -> None:
    ask = made({"a": (3, 10), "b": (5, 10)})
    ask.data.loc[[0, 9, 10], "pCR"] = None
    rows = rates(ask, "pCR")
    assert one(rows, statistic="missing")["value"] == 3
    assert one(rows, statistic="rate", group="a")[["n", "n_events"]].tolist() == [8, 2]
    assert one(odds(ask, "pCR", ["site"]), statistic="n_missing")["value"] == 0
    nobody = Comparison(ask.data.assign(pCR=pd.Categorical([None] * 20, ["no", "yes"])), "arm", "a",
                        names=ask.names)  # fmt: skip
    assert one(rates(nobody, "pCR"), statistic="rate", group="a")["n"] == 0
    assert odds(nobody, "pCR").empty


def test_several_groups_are_adjusted_after_holm() -> None:
    rows = rates(made({"a": (3, 20), "b": (10, 20), "c": (18, 20)}), "pCR")
    plain, adjusted = (select(rows, analysis="two_proportions", statistic=s)["value"].to_numpy()
                       for s in ("p_value", "p_value_adjusted"))
    close(adjusted, [max(plain[0], 2 * plain[1]), 2 * plain[1]])


def test_interaction_without_variation_is_not_estimable() -> None:
    ask = made({"a": (3, 10), "b": (5, 10)})
    row = one(interaction(ask.data, "pCR", "arm", "site"), statistic="p_value")
    assert np.isnan(row["value"]) and row["method"].startswith("not estimable")


def test_named_populations_have_rates() -> None:
    ask = made({"a": (3, 10), "b": (5, 10)})
    named = {"b": Population(label="Group b", where="arm == 'b'")}
    rows = subgroups.populations(ask.data, named, "pCR")
    assert rows[["population", "value"]].values.tolist() == [["Group b", 0.5]]
    assert subgroups.populations(ask.data, {}, "pCR").empty


def test_bad_groups_to_compare_are_refused() -> None:
    with pytest.raises(ValueError, match=r"compare names \['d'\]"):
        subgroups.forests(made({"a": (3, 10), "b": (5, 10)}), "pCR", [], ["d"])
    with pytest.raises(ValueError, match="two arms"):
        subgroups.odds_forest(made({"a": (3, 10)}).data, "pCR", "arm", [])


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.integers(0, 12)] * 4), st.randoms())
def test_swapping_groups_inverts_and_order_does_not_matter(counts: tuple[int, ...], random: Any) -> None:
    x, y, u, v = counts
    if min(x + y, u + v) == 0:
        return
    ask = made({"a": (x, x + y), "b": (u, u + v)})
    swapped = Comparison(ask.data, "arm", "b", names=ask.names)
    order = list(range(len(ask.data)))
    random.shuffle(order)
    mixed = Comparison(ask.data.iloc[order], "arm", "a", names=ask.names)
    left, right, again = (
        select(odds(a, "pCR"), statistic="odds_ratio", level=level)["value"].to_numpy()
        for a, level in ((ask, "b"), (swapped, "a"), (mixed, "b"))
    )
    close(np.log(left), -np.log(right), rtol=1e-5, atol=1e-6)
    close(left, again, rtol=1e-6)
    differences = [select(rates(a, "pCR"), statistic="risk_difference")["value"] for a in (ask, swapped)]
    close(differences[0], -differences[1])
