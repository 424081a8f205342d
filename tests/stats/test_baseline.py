"""Table 1 against R's tableone and base functions, by hand, and its properties."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.results import one, select
from her2adc.stats.baseline import compare_continuous, table_one
from her2adc.stats.contingency import fisher_exact
from her2adc.stats.smd import smd_categorical, smd_continuous

from .conftest import close


def variable(name: str, kind: str = "categorical", levels: tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(name=name, label=name, kind=kind, unit="", levels=list(levels))


def test_shared_reference_table1(reference: Any) -> None:
    compared = 0
    for entry in reference.of("table1"):
        args, data = entry["args"], reference.data(entry)
        by, factors = args["strata"], args["factors"]
        order = args.get("factor_levels", {}).get(by)
        groups = order or sorted(data[by].unique())
        data[by] = pd.Categorical(data[by], groups, ordered=True)
        for name in factors:
            data[name] = data[name].map(lambda v: v if pd.isna(v) else f"{v:g}").astype(object)
        kinds = ["categorical" if name in factors else "continuous" for name in args["vars"]]
        rows = table_one(data, list(map(variable, args["vars"], kinds)), by, tests=True)
        normal = table_one(
            data, list(map(variable, args["vars"], kinds)), by, tests=True, parametric=args["vars"]
        )
        for name, wanted in entry["results"]["variables"].items():
            compared += _variable(rows, normal, name, wanted)
    print(f"Table 1: {compared} values compared with R")
    assert compared > 150


def _variable(rows: pd.DataFrame, normal: pd.DataFrame, name: str, wanted: dict[str, Any]) -> int:
    mine = select(rows, variable=name)
    size = close(one(mine, statistic="smd")["value"], wanted["smd_average"], label=name)
    missing = one(mine, statistic="missing", group="All patients")["value"]
    size += close(missing, wanted["missing_total"])
    p = one(mine, statistic="p_value")
    if wanted["type"] == "categorical":
        if p["method"] == "Fisher's exact":
            size += close(p["value"], wanted["p_exact"], label=name)
        elif len(wanted["levels"]) > 2:
            size += close(p["value"], wanted["p_approx"], label=name)  # no Yates there in R either
        groups = [g for g in mine["group"].unique() if g not in ("All patients", "SMD")]
        for level, counts, percents in zip(
            wanted["levels"], wanted["counts"], wanted["percent_of_nonmissing"], strict=True
        ):
            for group, count, percent in zip(groups, counts, percents, strict=True):
                found = one(mine, group=group, level=level, statistic="percent")
                size += close([found["n_events"], found["value"] * 100], [count, percent])
        return size
    for group, numbers in wanted["by_group"].items():
        for statistic in ("mean", "sd", "median", "q1", "q3", "missing"):
            found = one(mine, group=group, statistic=statistic)["value"]
            size += close(found, numbers[statistic], label=f"{name} {group} {statistic}")
    if p["method"] == "Kruskal-Wallis":
        size += close(p["value"], wanted["p_nonnormal"], label=name)
    parametric = one(select(normal, variable=name), statistic="p_value")
    return size + close(parametric["value"], wanted["p_normal"], label=name)


def test_tests_equal_r(golden: Any, lung: pd.DataFrame) -> None:
    sexes = [part["age"].to_numpy(float) for _, part in lung.groupby("sex", observed=True)]
    assert compare_continuous(sexes)[1] == "Wilcoxon"
    close(compare_continuous(sexes)[0], golden.value("continuous", "wilcoxon"))
    close(compare_continuous(sexes, parametric=True)[0], golden.value("continuous", "t_test"))
    exact = [np.array([1.1, 2.7, 3.2, 4.9, 5.5]), np.array([2.1, 6.3, 7.4, 8.8, 9.9, 10.2])]
    p, method = compare_continuous(exact)
    assert method == "Wilcoxon (exact)"
    close(p, golden.value("continuous", "wilcoxon_exact"))
    losses = [part["wt.loss"].dropna().to_numpy(float) for _, part in lung.groupby("ecog", observed=True)]
    close(compare_continuous(losses)[0], golden.value("continuous", "kruskal"))
    ages = [part["age"].to_numpy(float) for _, part in lung.groupby("ecog", observed=True)][:3]
    close(compare_continuous(ages, parametric=True)[0], golden.value("continuous", "anova"))


def test_quantiles_are_type_7(golden: Any, lung: pd.DataFrame) -> None:
    rows = table_one(lung, [variable("wt.loss", "continuous")])
    for statistic, p in (("q1", "0.25"), ("median", "0.5"), ("q3", "0.75")):
        close(one(rows, statistic=statistic)["value"], golden.value("continuous", "quantile", level=p))
    close(one(rows, statistic="sd")["value"], golden.value("continuous", "sd"))


def test_shared_reference_wilcoxon(reference: Any) -> None:
    compared = 0
    for entry in reference.of("continuous_tests"):
        data, name, by = reference.data(entry), entry["args"]["variable"], entry["args"]["group"]
        samples = [part[name].dropna().to_numpy(float) for _, part in data.groupby(by)]
        p, method = compare_continuous(samples)
        if len(samples) == 2:
            compared += close(p, entry["results"]["wilcoxon"]["default_call_p"], label=entry["id"])
        else:
            compared += close(p, entry["results"]["kruskal"]["p"], label=method)
    assert compared == 5


def test_smd_by_hand() -> None:
    close(smd_continuous([np.array([0.0, 2.0]), np.array([3.0, 7.0])]), 4 / np.sqrt((2 + 8) / 2))
    close(smd_categorical(np.array([[5, 5], [2, 8]])), 0.3 / np.sqrt((0.25 + 0.16) / 2))
    close(smd_categorical(np.array([[5, 5, 0], [5, 5, 0]])), 0)
    assert np.isnan(smd_categorical(np.array([[5, 0], [0, 5]])))  # no spread to measure it in
    assert np.isnan(smd_continuous([np.array([1.0]), np.array([2.0, 3.0])]))
    assert np.isnan(smd_continuous([np.array([1.0, 2.0])]))


def cohort(**columns: Any) -> pd.DataFrame:
    base = {
        "arm": pd.Categorical(["low", "low", "low", "positive"], ["zero", "low", "positive"]),
        "er": pd.Categorical(["pos", "neg", None, "pos"], ["neg", "pos", "unknown"]),
        "age": [50.0, 60.0, np.nan, 41.0],
    }
    return pd.DataFrame({**base, **columns})


def test_rows_of_a_small_cohort() -> None:
    rows = table_one(cohort(), [variable("er"), variable("age", "continuous")], by="arm")
    sizes = select(rows, variable="", statistic="n").set_index("group")["value"]
    assert sizes.to_dict() == {"All patients": 4, "zero": 0, "low": 3, "positive": 1}
    percent = one(rows, group="All patients", variable="er", level="pos", statistic="percent")
    assert (percent["value"], percent["n"], percent["n_events"]) == (2 / 3, 3, 2)
    empty = one(rows, group="All patients", variable="er", level="unknown", statistic="count")
    assert empty["value"] == 0
    assert np.isnan(one(rows, group="zero", variable="age", statistic="median")["value"])
    assert np.isnan(one(rows, group="positive", variable="age", statistic="sd")["value"])
    assert one(rows, group="low", variable="age", statistic="missing")["value"] == 1
    assert select(rows, statistic="p_value").empty
    assert one(rows, variable="er", statistic="smd")["group"] == "SMD"


def test_all_missing() -> None:
    rows = table_one(cohort(age=[np.nan] * 4), [variable("age", "continuous")], "arm", tests=True)
    assert one(rows, group="All patients", statistic="missing")["value"] == 4
    assert np.isnan(one(rows, statistic="smd")["value"])
    assert np.isnan(one(rows, statistic="p_value")["value"])


def test_without_groups_there_is_no_comparison() -> None:
    rows = table_one(cohort(), [variable("er")], tests=True)
    assert set(rows["statistic"]) == {"n", "count", "percent", "missing"}


def test_fisher_is_named() -> None:
    rows = table_one(cohort(), [variable("er")], "arm", tests=True)
    test = one(rows, statistic="p_value")
    assert test["method"] == "Fisher's exact"
    close(test["value"], fisher_exact([[1, 1], [0, 1]]).p)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="no column"):
        table_one(cohort(), [variable("stage")])
    with pytest.raises(ValueError, match="not among its levels"):
        table_one(cohort(), [variable("er", levels=("neg",))])
    with pytest.raises(ValueError, match="continuous but holds"):
        table_one(cohort(), [variable("er", "continuous")])
    with pytest.raises(ValueError, match="continuous or categorical"):
        table_one(cohort(), [variable("er", "ordinal")])


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", None])), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=40)
def test_levels_and_missing_add_up(pairs: list[tuple[str, Any]], random: Any) -> None:
    data = pd.DataFrame(pairs, columns=["arm", "er"])
    data["er"] = pd.Categorical(data["er"], ["x", "y", "z"])
    data["arm"] = pd.Categorical(data["arm"], ["a", "b"])
    rows = table_one(data, [variable("er")], "arm", tests=True)
    for group in ("All patients", "a", "b"):
        mine = select(rows, group=group)
        total = select(mine, statistic=["count", "missing"])["value"].sum()
        assert total == one(mine, statistic="n")["value"]
    shuffled = data.sample(frac=1, random_state=random.randint(0, 99))
    pd.testing.assert_frame_equal(rows, table_one(shuffled, [variable("er")], "arm", tests=True))
