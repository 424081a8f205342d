"""Kaplan-Meier against R, by hand, and its properties."""

from __future__ import annotations

import time as clock
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.stats.kaplan_meier import at_times, km, median, quantile

from .conftest import GOLDEN, close, number

EDGES: dict[str, tuple[list[float], list[bool]]] = {
    "plateau": ([1, 2, 3, 4], [True] * 4),
    "plateau_tail": ([1, 2, 3, 4], [True, True, False, False]),
    "none": ([1, 2, 3, 4], [False] * 4),
    "one": ([2], [True]),
    "one_censored": ([2], [False]),
    "same_time": ([2] * 5, [True] * 5),
    "last_is_event": ([1, 2, 3, 5, 9], [True, False, True, False, True]),
    "near_ties": ([1, 1 + 1e-12, 2, 3], [True, True, False, True]),
    "zero": ([0, 1, 2, 3], [True, True, False, True]),
}


def compare(golden: Any, case: str, group: str, time: Any, event: Any) -> None:
    """Compare one group with R, on the three scales."""
    time, event = np.asarray(time, dtype=float), np.asarray(event, dtype=bool)
    for conf_type in ("log-log", "log", "plain"):
        table = km(time, event, conf_type=conf_type)
        wanted = golden.case(case, group=group, variable=conf_type)
        for _, line in wanted[wanted["statistic"].isin(["survival", "conf_low", "conf_high"])].iterrows():
            at = float(line["level"])
            if at <= time.max():  # beyond the last follow-up R carries forward, we do not
                found = at_times(table, [at])[line["statistic"]].iloc[0]
                close(found, line["value"], label=f"{case} {group} {conf_type} {at}")
        for _, line in wanted[wanted["statistic"] == "quantile"].iterrows():
            level = line["level"]
            low, high = (
                golden.value(case, f"quantile_{end}", group=group, variable=conf_type, level=level)
                for end in ("low", "high")
            )
            close(quantile(table, float(level)), (line["value"], low, high), label=f"{case} {level}")
        names = ("median", "median_low", "median_high")
        printed = [golden.value(case, name, group=group, variable=conf_type) for name in names]
        close(median(table), printed, label=f"{case} median")
        reverse = [
            golden.value(case, name, group=group, variable=conf_type)
            for name in ("reverse", "reverse_low", "reverse_high")
        ]
        close(median(km(time, ~event, conf_type=conf_type)), reverse, label=f"{case} reverse")


@pytest.mark.parametrize("name", EDGES)
def test_edges_equal_r(golden: Any, name: str) -> None:
    compare(golden, f"km.edge.{name}", "all", *EDGES[name])


@pytest.mark.parametrize("group", ["male", "female"])
def test_lung_equals_r(golden: Any, lung: pd.DataFrame, group: str) -> None:
    part = lung[lung["sex"] == group]
    compare(golden, "km.lung", group, part["OS_time"], part["OS_event"])


def test_veteran_and_aml_equal_r(golden: Any, veteran: pd.DataFrame) -> None:
    for group, part in veteran.groupby("celltype", observed=True):
        compare(golden, "km.veteran", str(group), part["OS_time"], part["OS_event"])
    for group, part in pd.read_csv(GOLDEN / "aml.csv").groupby("x"):
        compare(golden, "km.aml", str(group), part["time"], part["event"])


def test_delayed_entry_equals_r(golden: Any) -> None:
    heart = pd.read_csv(GOLDEN / "heart.csv").query("transplant == 1")
    table = km(heart["stop"], heart["event"] == 1, entry=heart["start"]).iloc[1:]
    for statistic, column in (("survival", "survival"), ("n_risk", "n_risk"), ("conf_low", "conf_low")):
        wanted = golden.case("km.entry", statistic=statistic)
        close(table["time"], wanted["level"].astype(float))
        close(table[column], wanted["value"], label=statistic)


def test_shared_reference(reference: Any) -> None:
    """Every Kaplan-Meier of the shared set: survival, limits, quantiles, reverse."""
    compared = 0
    for entry in reference.of("km"):
        data, args = reference.data(entry), entry["args"]
        group = args["group"]
        for label, wanted in entry["results"]["groups"].items():
            part = data
            if group is not None:
                known = data[group].notna()
                texts = data[group].map(lambda v: f"{v:g}" if isinstance(v, float) else str(v))
                part = data[known & (texts == label)]
            assert len(part) == wanted["n"], (entry["id"], label)
            time = part[args["time"]].to_numpy(dtype=float)
            event = part[args["event"]].to_numpy() == 1
            for conf_type in ("log", "log-log", "plain"):
                compared += _entry(time, event, conf_type, wanted)
    print(f"Kaplan-Meier: {compared} values compared with R")
    assert compared > 2000


def _entry(time: Any, event: Any, conf_type: str, wanted: dict[str, Any]) -> int:
    table = km(time, event, conf_type=conf_type)
    inside = [i for i, t in enumerate(wanted["times"]) if t <= wanted["max_time"]]
    at = at_times(table, [wanted["times"][i] for i in inside])
    size = close(at["survival"], [number(wanted["surv"][i]) for i in inside])
    ci = wanted["ci"][conf_type]
    for column, name in (("conf_low", "lower"), ("conf_high", "upper")):
        size += close(at[column], [number(ci[name][i]) for i in inside], label=f"{conf_type} {name}")
    quantiles = wanted["quantiles"]["by_conf_type"][conf_type]
    for i, p in enumerate(wanted["quantiles"]["probs"]):
        triple = [number(quantiles[k][i]) for k in ("quantile", "lower", "upper")]
        size += close(quantile(table, p), triple, label=f"quantile {p} {conf_type}")
    if "reverse_km" not in wanted:
        return size
    reverse = wanted["reverse_km"][conf_type]
    triple = [number(reverse[k]) for k in ("median", "lower", "upper")]
    return size + close(quantile(km(time, ~event, conf_type=conf_type)), triple, label="reverse")


def test_by_hand_with_a_tie_of_event_and_censoring() -> None:
    """At 2 one of four has the event and one is censored: both are at risk there."""
    table = km([1.0, 2.0, 2.0, 3.0, 4.0], [True, True, False, True, False])
    assert table["n_risk"].tolist() == [5, 5, 4, 2, 1]
    assert table["n_censor"].tolist() == [0, 0, 1, 0, 1]
    close(table["survival"], [1, 4 / 5, 4 / 5 * 3 / 4, 4 / 5 * 3 / 4 / 2, 0.3])


def test_log_log_limits_by_hand() -> None:
    """One event among four: S = 0.75, Greenwood's variance of log S is 1/(4*3)."""
    table = km([1.0, 2.0, 3.0, 4.0], [True, False, False, False])
    theta = 1.959963984540054 * np.sqrt(1 / 12) / np.log(0.75)
    close(table["conf_low"].iloc[1], 0.75 ** np.exp(-theta))
    close(table["conf_high"].iloc[1], 0.75 ** np.exp(theta))


def test_beyond_the_last_follow_up() -> None:
    open_end = km([1.0, 2.0], [True, False])
    assert np.isnan(at_times(open_end, [2.5])["survival"].iloc[0])
    assert at_times(open_end, [2.0])["survival"].iloc[0] == 0.5
    closed = km([1.0, 2.0], [True, True])
    assert at_times(closed, [9.0])["survival"].iloc[0] == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1.0], [True]), "negative"),
        (([np.nan], [True]), "missing"),
        (([np.inf], [True]), "infinite"),
        ((["a"], [True]), "not numeric"),
        (([1.0], [1]), "boolean"),
        (([1.0], [None]), "missing|boolean"),
        (([1.0, 2.0], [True]), "one event per time"),
    ],
)
def test_bad_arguments_say_what_to_do(arguments: tuple[Any, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        km(*arguments)


def test_bad_options_say_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"unknown conf_type 'greenwood'.*log-log"):
        km([1.0], [True], conf_type="greenwood")
    with pytest.raises(ValueError, match="between 0 and 1"):
        km([1.0], [True], conf_level=95)
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(km([1.0], [True]), 50)
    with pytest.raises(ValueError, match="entry is not before time"):
        km([1.0], [True], entry=[1.0])


times = st.lists(st.integers(0, 30).map(lambda t: t / 2), min_size=1, max_size=40)


@given(times, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_properties(time: list[float], random: Any) -> None:
    """Survival falls from 1, limits enclose it, order of the rows does not matter."""
    event = [random.random() < 0.6 for _ in time]
    table = km(time, event)
    survival = table["survival"].to_numpy()
    assert survival[0] == 1
    assert (np.diff(survival) <= 0).all()
    assert table["n_event"].sum() + table["n_censor"].sum() == len(time)
    inside = table.dropna()
    assert (inside["conf_low"] <= inside["survival"] + 1e-12).all()
    assert (inside["conf_high"] >= inside["survival"] - 1e-12).all()
    order = list(range(len(time)))
    random.shuffle(order)
    shuffled = km([time[i] for i in order], [event[i] for i in order])
    pd.testing.assert_frame_equal(table, shuffled)


def test_a_million_rows() -> None:
    rng = np.random.default_rng(1)
    time, event = rng.exponential(size=1_000_000).round(4), rng.random(1_000_000) < 0.5
    start = clock.perf_counter()
    table = km(time, event)
    assert clock.perf_counter() - start < 5
    close(table["survival"].iloc[np.searchsorted(table["time"], 1.0)], np.exp(-0.5), rtol=0.01)


def test_ten_thousand_ties() -> None:
    table = km([3.0] * 10_000, [True] * 10_000)
    assert len(table) == 2
    assert quantile(table)[0] == 3.0
