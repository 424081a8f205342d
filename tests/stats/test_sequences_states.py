"""State occupation, attrition and the ratio of two times: by hand, edges, what must hold for any data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.figures import state_occupation as draw
from her2adc.results import one, select
from her2adc.stats.kaplan_meier import km
from her2adc.stats.multistate import attrition, occupation, state_occupation, wide
from her2adc.stats.pfs_ratio import pfs_ratio, ratios
from her2adc.stats.weighted_share import weighted_share

from .conftest import close

STATES = {"ADC1": None, "Progressed": "pd", "ADC2": "second"}
NAMES = [*STATES, "Dead"]


def four() -> pd.DataFrame:
    # dies at 6 after all states; censored at 4 on ADC1; dies at 2 on ADC1; goes to ADC2 without progression
    return pd.DataFrame(
        {
            "OS_time": [6.0, 4, 2, 5],
            "OS_event": [True, False, True, False],
            "pd": [1.0, np.nan, np.nan, np.nan],
            "second": [3.0, np.nan, np.nan, 3.0],
        }
    )


def test_occupation_by_hand() -> None:
    table = wide(occupation(four(), STATES))
    close(table["time"], [0, 1, 2, 3, 4, 5, 6])
    # at 3 one of two on ADC1 moves on, and the one who had progressed; at 6 the last on ADC2 dies
    wanted = [
        [1, 0, 0, 0],
        [3 / 4, 1 / 4, 0, 0],
        [1 / 2, 1 / 4, 0, 1 / 4],
        [1 / 4, 0, 1 / 2, 1 / 4],
        [1 / 4, 0, 1 / 2, 1 / 4],
        [1 / 4, 0, 1 / 2, 1 / 4],
        [1 / 4, 0, 0, 3 / 4],
    ]
    close(table[NAMES], wanted)
    assert table["n_risk"].tolist() == [4, 4, 3, 3, 2, 1, 0]
    assert draw(table, states=NAMES).axes


def test_attrition_by_hand() -> None:
    rows = attrition(four(), STATES).set_index(["variable", "statistic", "level"])["value"].to_dict()
    assert rows == {
        ("ADC1", "reached", ""): 4,
        ("ADC1", "moved", "Progressed"): 1,
        ("ADC1", "moved", "ADC2"): 1,
        ("ADC1", "moved", "Dead"): 1,
        ("ADC1", "ongoing", ""): 1,
        ("Progressed", "reached", ""): 1,
        ("Progressed", "moved", "ADC2"): 1,
        ("Progressed", "moved", "Dead"): 0,
        ("Progressed", "ongoing", ""): 0,
        ("ADC2", "reached", ""): 2,
        ("ADC2", "moved", "Dead"): 1,
        ("ADC2", "ongoing", ""): 1,
    }


def test_states_entered_at_one_time() -> None:
    # progression and ADC2 on one day: straight to ADC2; death on the day of progression: straight to death;
    # ADC2 on the day of the last contact: reached; after the last contact: not
    data = pd.DataFrame(
        {
            "OS_time": [5.0, 2.0, 4.0, 3.0],
            "OS_event": [False, True, False, False],
            "pd": [2.0, 2.0, 3.0, np.nan],
            "second": [2.0, np.nan, 4.0, 9.0],
        }
    )
    rows = attrition(data, STATES).set_index(["variable", "statistic", "level"])["value"].to_dict()
    assert rows["ADC1", "moved", "Progressed"] == 1
    assert rows["ADC1", "moved", "ADC2"] == 1
    assert rows["ADC1", "moved", "Dead"] == 1
    assert rows["ADC2", "reached", ""] == 2
    assert rows["ADC2", "ongoing", ""] == 2
    close(occupation(data, STATES).groupby("time")["probability"].sum(), [1.0] * 5)


def test_everyone_in_a_later_state_from_the_start() -> None:
    data = four().assign(pd=0.0)
    table = wide(occupation(data, STATES))
    close(table.loc[0, NAMES].astype(float), [0, 1, 0, 0])


PATIENTS = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 8)),
        st.one_of(st.none(), st.integers(0, 8)),
    ),
    min_size=1,
    max_size=25,
)


def cohort(cases: list[Any]) -> pd.DataFrame:
    data = pd.DataFrame(cases, columns=["OS_time", "OS_event", "pd", "second"])
    return data.astype({"OS_time": float, "pd": float, "second": float})


@settings(max_examples=60, deadline=None)
@given(PATIENTS)
def test_states_conserve_patients(cases: list[Any]) -> None:
    data = cohort(cases)
    table = wide(occupation(data, STATES))
    close(table[NAMES].sum(axis=1), np.ones(len(table)))
    assert (table[NAMES] >= 0).all(axis=None)
    assert (table["Dead"].diff().fillna(0) >= -1e-12).all()
    rows = attrition(data, STATES)
    for state in STATES:
        own = select(rows, variable=state)
        reached = one(own, statistic="reached")["value"]
        assert own.loc[own["statistic"] != "reached", "value"].sum() == reached
    moved = rows[rows["statistic"] == "moved"].groupby("level")["value"].sum()
    starts = data.assign(pd=data["pd"] == 0, second=data["second"] == 0)
    into = one(rows, variable="ADC2", statistic="reached")["value"]
    at_once = int((starts["second"] & ((data["OS_time"] > 0) | ~data["OS_event"])).sum())
    assert moved["ADC2"] == into - at_once


@settings(max_examples=60, deadline=None)
@given(PATIENTS)
def test_without_censoring_probabilities_are_shares(cases: list[Any]) -> None:
    data = cohort(cases).assign(OS_event=True)
    rows = state_occupation(data, STATES, landmarks=(2.5,), dead="Died")
    if data["OS_time"].max() < 2.5:
        assert rows["value"].isna().all()
        return
    dead = data["OS_time"] <= 2.5
    second = ~dead & (data["second"] <= 2.5) & ~(data["pd"].between(data["second"], 2.5, inclusive="right"))
    later = ~dead & ~second & (data["pd"] <= 2.5)
    shares = [(~dead & ~second & ~later).mean(), later.mean(), second.mean(), dead.mean()]
    close(rows["value"], shares)


@settings(max_examples=40, deadline=None)
@given(PATIENTS)
def test_two_states_are_kaplan_meier(cases: list[Any]) -> None:
    data = cohort(cases)
    table = occupation(data, {"Alive": None})
    own = table[table["state"] == "Alive"].set_index("time")
    wanted = km(data["OS_time"], data["OS_event"]).groupby("time").last()
    for column, name in (("probability", "survival"), ("conf_low", "conf_low"), ("conf_high", "conf_high")):
        steps = wanted.index[wanted.index > 0]
        same = wanted.loc[steps, "survival"].between(0, 1, inclusive="neither")
        close(own.loc[steps[same], column], wanted.loc[steps[same], name], label=column)


def test_edges_of_states() -> None:
    nobody = four().iloc[:0]
    assert occupation(nobody, STATES).empty
    assert state_occupation(nobody, STATES)["value"].isna().all()
    assert (attrition(nobody, STATES)["value"] == 0).all()
    grouped = four().assign(arm=pd.Categorical(["a", "a", "b", "b"], ["a", "b", "c"]))
    rows = state_occupation(grouped, STATES, by="arm", landmarks=(2,))
    assert select(rows, group="c")["value"].isna().all()
    assert occupation(grouped, STATES, by="arm")["group"].unique().tolist() == ["a", "b"]
    assert np.isnan(one(state_occupation(four(), STATES, landmarks=(7,)), variable="Dead")["value"])
    for states, words in (({"A": "pd"}, "first without"), ({"A": None, "Dead": "pd"}, "own name")):
        with pytest.raises(ValueError, match=words):
            occupation(four(), states)
    with pytest.raises(ValueError, match="before time 0"):
        occupation(four().assign(pd=-1.0), STATES)


# ---- ratio of two times ------------------------------------------------------------------------------


def pairs(first: list[float], second: list[float], event: list[bool]) -> pd.DataFrame:
    known = {"PFS1_time": first, "PFS1_event": True, "PFS2_time": second, "PFS2_event": event}
    return pd.DataFrame(known)


def test_ratio_by_hand() -> None:
    # ratios 1.5, 0.5, 1.3 (counts), 1.2 censored, 0.2 censored
    data = pairs([4, 4, 10, 5, 10], [6, 2, 13, 6, 2], [True, True, True, False, False])
    rows = pfs_ratio(data)
    share = {r["level"]: r["value"] for _, r in select(rows, statistic="share_at_least").iterrows()}
    close([share["lowest"], share["highest"]], [2 / 5, 4 / 5])
    # Kaplan-Meier of the ratio: 0.2 censored, 0.5 one of four, 1.2 censored: 3/4 at 1.3
    close(share["kaplan_meier"], 3 / 4)
    # censoring of the second time: at 2 one of the four left behind the event at 2, at 6 one of the two left
    # behind the event at 6. The ratio 1.5 was settled at 5.2 (chance to be followed 3/4), 1.3 at 13 (3/8)
    up, down = 1 / (3 / 4) + 1 / (3 / 8), 1.0
    close(share["weighted"], up / (up + down))
    assert one(rows, statistic="unknown")["value"] == 2
    assert [one(rows, statistic=s)["value"] for s in ("longer", "shorter")] == [3, 1]
    # the stratified Cox model counts pairs: one shorter to three longer
    close(one(rows, statistic="hazard_ratio")["value"], 1 / 3)
    close(one(rows, statistic="p_sign")["value"], 2 * (1 + 4) / 16)
    close(ratios(data)["ratio"], [0.2, 0.5, 1.2, 1.3, 1.5])


def test_a_first_time_that_was_not_observed_is_left_out() -> None:
    data = pairs([4, 5, 6], [8, 5, 3], [True] * 3).assign(PFS1_event=[True, False, True])
    rows = pfs_ratio(data)
    assert one(rows, statistic="n_left_out")["value"] == 1
    assert set(rows["n"]) == {2}
    never = pfs_ratio(data.assign(PFS2_time=np.nan, PFS2_event=None))
    assert set(never["n"]) == {0}
    assert (
        never.loc[~never["statistic"].isin(["unknown", "longer", "shorter", "n_left_out"]), "value"]
        .isna()
        .all()
    )


@pytest.mark.parametrize(
    ("second", "event", "share"),
    [
        ([8.0, 9], [True, True], [1, 1, 1, 1]),
        ([1.0, 2], [True, True], [0, 0, 0, 0]),
        ([1.0, 2], [False, False], [0, 1, np.nan, np.nan]),
        ([8.0, 9], [False, False], [1, 1, 1, 1]),
    ],
)
def test_ratio_edges(second: list[float], event: list[bool], share: list[float]) -> None:
    rows = pfs_ratio(pairs([4, 5], second, event))
    close(select(rows, statistic="share_at_least")["value"], share)
    assert np.isnan(one(rows, statistic="hazard_ratio")["value"])


def test_one_pair_and_an_empty_group() -> None:
    data = pairs([4], [8], [True]).assign(arm=pd.Categorical(["a"], ["a", "b"]))
    rows = pfs_ratio(data, by="arm")
    assert one(rows, statistic="share_at_least", level="lowest", group="a")["value"] == 1
    assert select(rows, group="b", statistic="share_at_least")["value"].isna().all()
    with pytest.raises(ValueError, match="threshold"):
        pfs_ratio(data, threshold=0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=2, max_size=30), st.floats(0.3, 3))
def test_without_censoring_all_shares_are_the_share(times: list[tuple[int, int]], threshold: float) -> None:
    first, second = (np.array(part, dtype=float) for part in zip(*times, strict=True))
    event = np.ones(first.size, dtype=bool)
    rows = pfs_ratio(pairs(list(first), list(second), list(event)), threshold=threshold)
    wanted = (second >= threshold * first * (1 - 1e-8)).mean()
    close(select(rows, statistic="share_at_least")["value"], [wanted] * 4)


def test_weighting_corrects_what_censoring_of_the_ratio_breaks() -> None:
    # PFS2 does not depend on PFS1, so that a long PFS1 has a low ratio and an early censoring of it
    random = np.random.default_rng(5)
    first, second = random.exponential(5, 20_000), random.exponential(5, 20_000)
    censor = random.exponential(6, 20_000)
    seen, event = np.minimum(second, censor), second <= censor
    true = 1 / 2.3  # P(second >= 1.3 first) of two exponentials with one mean
    rows = km(seen / first, event)
    plain = rows.loc[rows["time"] < 1.3, "survival"].iloc[-1]
    subset = slice(0, 1500)  # the jackknife is quadratic
    value, low, high = weighted_share(first[subset], seen[subset], event[subset])
    assert low < true < high
    assert abs(value - true) < 0.04
    assert plain - true > 0.03
