"""Clones, artificial censoring and weights: by hand, and what must hold for any data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from her2adc.results import one
from her2adc.stats.cloning import CLONE, STRATEGY, WEIGHT, chance_to_stay, clones
from her2adc.stats.cloning_curves import curve_of_intervals
from her2adc.stats.kaplan_meier import km
from her2adc.stats.sequences import second_adc
from her2adc.stats.sequences_compare import EXPOSED
from her2adc.stats.sequences_strategies import kept_sequences

from .conftest import close


def eight() -> pd.DataFrame:
    """Half of the fit (x = 0) start within 2 months, a quarter of the frail."""
    return pd.DataFrame(
        {
            "OS_time": [5.0, 6, 7, 8, 3, 4, 5, 6],
            "OS_event": [True] * 8,
            "begin": [1.0, 1, np.nan, np.nan, 1, np.nan, np.nan, np.nan],
            "x": ["fit"] * 4 + ["frail"] * 4,
        }
    )


def test_start_by_hand() -> None:
    copies = clones(eight(), "OS", "begin", 2, ["x"])
    start = copies[copies[STRATEGY] == "start"]
    # all eight until 2; from then on those who started, for 3/8 over their group's share
    assert (start.loc[start["OS_entry"] == 0, "OS_time"] == 2).all()
    later = start[start["OS_entry"] == 2].set_index(CLONE)
    close(later[WEIGHT], [3 / 8 / (1 / 2), 3 / 8 / (1 / 2), 3 / 8 / (1 / 4)])
    close(later["OS_time"], [5, 6, 3])
    # weighted Kaplan-Meier: five leave at 2; 1.5 of 3 die at 3, 0.75 of 1.5 at 5, the rest at 6
    table = curve_of_intervals(start, "OS", STRATEGY, weights=WEIGHT, cluster=CLONE)
    close(table["time"], [0, 2, 3, 5, 6])
    close(table["survival"], [1, 1, 0.5, 0.25, 0])
    close(table["n_risk"], [8, 8, 3, 1.5, 0.75])
    close(table["n_censor"], [0, 5, 0, 0, 0])


def test_never_by_hand() -> None:
    copies = clones(eight(), "OS", "begin", 2, ["x"])
    never = copies[copies[STRATEGY] == "never"]
    stopped = never[never[CLONE].isin([0, 1, 4])]
    close(stopped["OS_time"], [1, 1, 1])
    assert not stopped["OS_event"].any()
    # at time 1 three of eight start: two of four fit, one of four frail. The Cox model of that (Breslow):
    # the score 2 = 3 * 4 r / (4 r + 4), r = 2, relative to the frail; the hazard jumps by 3 / (4 r + 4)
    jump = 3 / 12
    later = never[never["OS_entry"] == 1].set_index(CLONE)[WEIGHT]
    close(later.loc[[2, 3]], [np.exp(jump * 2 - 3 / 8)] * 2)
    close(later.loc[[5, 6, 7]], [np.exp(jump - 3 / 8)] * 3)


def test_by_hand_through_the_comparison() -> None:
    rows = second_adc(eight(), "OS", "begin", covariates=["x"], grace=2, methods=["clone_censor_weight"])
    found = one(rows, statistic="hazard_ratio")
    assert (found["n"], found["n_events"]) == (8, 8)
    assert "robust variance by cluster" in found["method"]
    # log ratio of the weighted partial likelihood: the events with their weights and risk sets, at 3 to 8
    s, f, w = 1.5, 0.75, (np.exp(0.5 - 3 / 8), np.exp(0.25 - 3 / 8))
    sets = [  # weight of the event under "start", and under "never", and the risk sets of both
        (s, 0.0, s + 2 * f, 2 * w[0] + 3 * w[1]),
        (0.0, w[1], 2 * f, 2 * w[0] + 3 * w[1]),
        (f, w[1], 2 * f, 2 * w[0] + 2 * w[1]),
        (f, w[1], f, 2 * w[0] + w[1]),
        (0.0, w[0], 0.0, 2 * w[0]),
        (0.0, w[0], 0.0, w[0]),
    ]

    def score(b: float) -> float:
        total = 0.0
        for first, second, mine, other in sets:
            d = int(first > 0) + int(second > 0)
            total += first
            for k in range(d):
                top = np.exp(b) * (mine - k / d * first)
                total -= (first + second) / d * top / (top + other - k / d * second)
        return total

    close(np.log(found["value"]), brentq(score, -5, 5))


CASES = st.lists(
    st.tuples(
        st.integers(1, 12), st.booleans(), st.one_of(st.none(), st.integers(0, 12)), st.sampled_from("ab")
    ),
    min_size=4,
    max_size=30,
)


def table_of(cases: list[tuple[int, bool, int | None, str]]) -> pd.DataFrame:
    data = pd.DataFrame(cases, columns=["OS_time", "OS_event", "begin", "x"])
    return data.astype({"OS_time": float, "begin": float})


@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(1, 6))
def test_copies_conserve_patients(cases: list[Any], grace: int) -> None:
    data = table_of(cases)
    copies = clones(data, "OS", "begin", grace)
    assert (copies[WEIGHT] == 1).all()
    assert (copies["OS_time"] > copies["OS_entry"]).all()
    for strategy in ("never", "start"):
        own = copies[copies[STRATEGY] == strategy]
        assert not own.duplicated([CLONE, "OS_entry"]).any()
        end = own.groupby(CLONE)["OS_time"].max()
        died = own.groupby(CLONE)["OS_event"].sum()
        begin = data["begin"].where(data["begin"] < data["OS_time"], np.inf)
        if strategy == "never":
            kept = data["OS_time"] <= begin
            wanted = np.minimum(data["OS_time"], begin)
        else:
            kept = (begin <= grace) | (data["OS_time"] <= grace)
            wanted = data["OS_time"].where(kept, grace)
        wanted = wanted[wanted > 0]
        close(end, wanted.loc[end.index])
        assert len(end) == len(wanted)
        assert (died == (data["OS_event"] & kept).loc[end.index]).all()


@settings(max_examples=40, deadline=None)
@given(CASES, st.integers(1, 6))
def test_curves_without_weights_are_plain(cases: list[Any], grace: int) -> None:
    data = table_of(cases)
    copies = clones(data, "OS", "begin", grace)
    table = curve_of_intervals(copies, "OS", STRATEGY, weights=WEIGHT, cluster=CLONE)
    begin = data["begin"].where(data["begin"] < data["OS_time"], np.inf)
    plain = km(np.minimum(data["OS_time"], begin), data["OS_event"] & ~np.isfinite(begin))
    own = table[table["group"] == "never"].reset_index(drop=True)
    for column in ("time", "survival", "n_event"):
        wanted = plain.loc[(plain["time"] > 0) | (plain.index == 0), column]
        close(own[column], wanted, label=column)


@settings(max_examples=25, deadline=None)
@given(CASES, st.floats(0.1, 10))
def test_curves_do_not_know_the_scale_of_the_weights(cases: list[Any], scale: float) -> None:
    copies = clones(table_of(cases), "OS", "begin", 3)
    scaled = copies.assign(**{WEIGHT: copies[WEIGHT] * scale})
    there, back = (
        curve_of_intervals(c, "OS", STRATEGY, weights=WEIGHT, cluster=CLONE) for c in (copies, scaled)
    )
    for column in ("survival", "conf_low", "conf_high"):
        close(there[column], back[column], label=column, atol=1e-7)


def test_splitting_an_interval_changes_nothing() -> None:
    data = pd.DataFrame({"OS_entry": 0.0, "OS_time": [4.0, 6, 8], "OS_event": [True, False, True], "g": "a",
                         "w": [1.0, 2, 3], "id": [0, 1, 2]})  # fmt: skip
    split = pd.concat(
        [data.assign(OS_time=3.0, OS_event=False), data.assign(OS_entry=3.0)], ignore_index=True
    )
    there, back = (curve_of_intervals(d, "OS", "g", weights="w", cluster="id") for d in (data, split))
    pd.testing.assert_frame_equal(there, back)


def test_those_who_keep_to_the_sequence_by_hand() -> None:
    data = pd.DataFrame(
        {
            EXPOSED: [0.0, 0, 0, 0, 1, 1],
            "OS_time": [9.0, 9, 9, 3, 9, 9],
            "OS_event": [True, False, True, True, True, True],
            "pd": [4.0, 4, 4, np.nan, 5, 8],
            "begin": [5.0, np.nan, 8, np.nan, 4, np.nan],
        }
    )
    kept = kept_sequences(data, "OS", "begin", "pd", 2, []).set_index([CLONE, "OS_entry"])
    # 0 starts in time; 1 never and 2 too late: censored at 6; 3 dies before; 4 started before progression;
    # 5 dies at 9, before the two months are over
    assert kept["OS_time"].to_dict() == {
        (0, 0.0): 6.0,
        (0, 6.0): 9.0,
        (1, 0.0): 6.0,
        (2, 0.0): 6.0,
        (3, 0.0): 3.0,
        (4, 0.0): 7.0,
        (4, 7.0): 9.0,
        (5, 0.0): 9.0,
    }
    assert kept["OS_event"].sum() == 4
    assert (kept[WEIGHT] == 1).all()


def test_edges() -> None:
    data = eight()
    with pytest.raises(ValueError, match="grace"):
        clones(data, "OS", "begin", 0)
    with pytest.raises(ValueError, match="grace"):
        kept_sequences(data.assign(**{EXPOSED: 1.0, "pd": 1.0}), "OS", "begin", "pd", -1, [])
    nobody = clones(data.assign(begin=np.nan), "OS", "begin", 2, ["x"])
    assert (nobody[WEIGHT] == 1).all()
    assert nobody.loc[nobody[STRATEGY] == "start", "OS_time"].max() == 2
    close(chance_to_stay(data, np.ones(8, dtype=bool), ["x"]), [1] * 8)
    with pytest.raises(ValueError, match="x: it is certain"):
        chance_to_stay(data, (data["x"] == "fit").to_numpy(), ["x"])
    one_level = clones(data.assign(x="fit"), "OS", "begin", 2, ["x"])
    close(one_level[WEIGHT], [1] * len(one_level))
    empty = curve_of_intervals(one_level.iloc[:0], "OS", STRATEGY, weights=WEIGHT, cluster=CLONE)
    assert empty.empty
