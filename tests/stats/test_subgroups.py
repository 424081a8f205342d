"""Log-rank tables and forests against R, and their edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from her2adc.results import one, select
from her2adc.stats.subgroups import forest, logrank_table

from .conftest import close

CELLTYPES = ["squamous", "smallcell", "adeno", "large"]


def test_logrank_table_equals_r(golden: Any, veteran: pd.DataFrame) -> None:
    rows = logrank_table(veteran, "OS", ["trt"], by="celltype")
    assert rows["group"].tolist() == ["All patients", *CELLTYPES]
    close(rows["value"].iloc[0], golden.value("logrank.veteran.trt", "p_value"))
    for celltype in CELLTYPES:
        wanted = golden.value(f"logrank.veteran.trt.{celltype}", "p_value")
        close(one(rows, group=celltype)["value"], wanted, label=celltype)


def test_factor_with_one_level_says_so(veteran: pd.DataFrame) -> None:
    rows = logrank_table(veteran, "OS", ["celltype", "trt"], by="celltype")
    row = one(rows, group="large", variable="celltype")
    assert np.isnan(row["value"])
    assert row["method"] == "not estimable: one level only"
    quiet = logrank_table(veteran.assign(OS_event=False), "OS", ["trt"])
    assert one(quiet)["method"] == "not estimable: no events"


def test_forest_equals_r(golden: Any, veteran: pd.DataFrame) -> None:
    rows = forest(veteran, "OS", "trt", ["celltype"])
    for celltype in CELLTYPES:
        row = one(rows, level=celltype, statistic="hazard_ratio")
        wanted = [
            golden.value(f"cox.veteran.trt.{celltype}", s, variable="trttest")
            for s in ("hazard_ratio", "conf_low", "conf_high")
        ]
        close(row[["value", "conf_low", "conf_high"]].astype(float), wanted)
    p = one(rows, statistic="p_interaction", variable="celltype")
    close(p["value"], golden.value("interaction.veteran", "p_value"))
    assert p["level"] == ""


def test_shared_reference(reference: Any) -> None:
    compared = 0
    for entry in reference.of("subgroup"):
        args = entry["args"]
        data = reference.data(entry)
        data = data.assign(OS_time=data[args["time"]].astype(float), OS_event=data[args["event"]] == 1)
        for name in [args["treatment"], *args["subgroups"]]:
            data[name] = data[name].map(lambda v: v if pd.isna(v) else str(v)).astype(object)
        rows = forest(data, "OS", args["treatment"], args["subgroups"])
        for factor, wanted in entry["results"]["subgroups"].items():
            for level, numbers in wanted["by_level"].items():
                mine = select(rows, variable=factor, level=level)
                ratio = one(mine, statistic="hazard_ratio")
                found = ratio[["value", "conf_low", "conf_high"]].astype(float)
                compared += close(found, [numbers[k] for k in ("hr", "lower", "upper")], label=level)
                compared += close(select(mine, statistic="n_arm")["value"], numbers["n"])
                compared += close(select(mine, statistic="events_arm")["value"], numbers["events"])
            p = one(rows, statistic="p_interaction", variable=factor)["value"]
            compared += close(p, wanted["interaction"]["lr"]["p"], label=factor)
    print(f"subgroups: {compared} values compared with R")
    assert compared >= 60


def small(**columns: Any) -> pd.DataFrame:
    base = {
        "OS_time": [1.0, 2, 3, 4, 5, 6, 7, 8],
        "OS_event": [True, True, True, False, True, False, False, False],
        "arm": pd.Categorical(list("abababab"), ["a", "b"]),
        "site": pd.Categorical(["x"] * 4 + ["y"] * 3 + [None], ["x", "y", "z"]),
    }
    return pd.DataFrame({**base, **columns})


def test_counts_reconcile() -> None:
    rows = forest(small(), "OS", "arm", ["site"])
    overall = select(rows, variable="", level="")
    assert select(overall, statistic="n_arm")["value"].sum() == 8
    levels = select(rows, variable="site", statistic="n_arm")["value"].sum()
    assert levels + one(rows, variable="site", statistic="missing")["value"] == 8
    ratio = one(rows, variable="", statistic="hazard_ratio")
    assert (ratio["group"], ratio["n"], ratio["n_events"]) == ("All patients", 8, 4)


def test_edges_say_why() -> None:
    rows = forest(small(), "OS", "arm", ["site"])
    assert one(rows, level="z", statistic="hazard_ratio")["method"] == "not estimable: no patients"
    monotone = one(rows, level="y", statistic="hazard_ratio")
    assert "Firth" in monotone["method"]
    assert np.isfinite(monotone["value"])
    quiet = forest(small(OS_event=[False] * 8), "OS", "arm", ["site"])
    assert one(quiet, level="x", statistic="hazard_ratio")["method"] == "not estimable: no events"
    assert np.isnan(one(quiet, statistic="p_interaction")["value"])
    split = forest(small(site=list("xyxyxyxy")), "OS", "arm", ["site"])
    assert one(split, level="x", statistic="hazard_ratio")["method"] == "not estimable: one arm only"
    assert np.isnan(one(split, statistic="p_interaction")["value"])


def test_of_three_arms_the_first_and_the_last_are_compared() -> None:
    three = small(arm=pd.Categorical(list("abcabcab"), ["a", "b", "c"]))
    rows = forest(three, "OS", "arm", ["site"])
    assert set(rows["group"]) == {"All patients", "a", "c"}
    assert one(rows, variable="", statistic="hazard_ratio")["n"] == 5


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="cut it into levels"):
        forest(small(age=np.arange(8.0)), "OS", "arm", ["age"])
    with pytest.raises(ValueError, match="two arms"):
        forest(small(arm=["a"] * 8), "OS", "arm", ["site"])
    with pytest.raises(ValueError, match="no column"):
        logrank_table(small(), "OS", ["stage"])
