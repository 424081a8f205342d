"""Times and events, each expected value derived by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2adc.config import Endpoint
from her2adc.endpoints import DAYS_PER_MONTH, censor_late, delayed, entry_problems, from_columns, from_dates

BASE = {"label": "PFS", "definition": "x", "name": "PFS"}


def dates(**columns):
    return pd.DataFrame({k: pd.to_datetime(pd.Series(v)) for k, v in columns.items()})


def endpoint(**extra):
    return Endpoint(
        **{**BASE, "start": "start", "events": ["progression", "death"], "censor": "last", **extra}
    )


def test_event_is_the_earliest_and_censoring_the_latest():
    data = dates(
        start=["2024-01-01"] * 4,
        progression=["2024-02-01", None, None, None],
        death=["2024-03-01", "2024-04-01", None, None],
        last=["2024-01-15", "2024-03-20", "2024-05-01", "2024-01-01"],
    )
    out, problems = from_dates(data, endpoint())
    assert not problems
    assert out["event"].tolist() == [True, True, False, False]
    # 31, 91, 121 and 0 days over 30.4375
    assert np.allclose(out["time"], np.array([31, 91, 121, 0]) / 30.4375, atol=1e-12)


def test_no_start_means_no_endpoint():
    data = dates(
        start=[None, "2024-01-01"],
        progression=[None, None],
        death=["2024-02-01", None],
        last=["2024-01-01", "2024-02-01"],
    )
    out, problems = from_dates(data, endpoint())
    assert not problems
    assert out["time"].isna().tolist() == [True, False]
    assert out["event"].isna().tolist() == [True, False]


def test_dates_before_the_start_and_no_last_date_are_problems():
    data = dates(
        start=["2024-01-10", "2024-01-10"],
        progression=[None, None],
        death=["2024-01-09", None],
        last=["2024-01-10", None],
    )
    _, problems = from_dates(data, endpoint())
    assert [p.column for p in problems] == ["death", "last"]
    assert "before the start" in problems[0].message and problems[0].value == "2024-01-09"


def test_cutoff_and_horizon_censor():
    data = dates(start=["2024-01-01"], progression=["2024-12-01"], death=[None], last=["2024-12-31"])
    out, _ = from_dates(data, endpoint(cutoff=dt.date(2024, 7, 1)))
    assert (out["time"][0], bool(out["event"][0])) == (pytest.approx(182 / 30.4375, abs=1e-12), False)
    out, _ = from_dates(data, endpoint(horizon_months=6))
    assert not out["event"][0] and out["time"][0] == 6.0  # still at risk at the horizon itself


def test_start_after_the_cutoff_is_a_problem_and_not_a_negative_time():
    data = dates(start=["2024-08-01"], progression=["2024-12-01"], death=[None], last=["2024-12-31"])
    _, problems = from_dates(data, endpoint(cutoff=dt.date(2024, 7, 1)))
    assert [(p.column, p.value) for p in problems] == [("start", "2024-08-01")]
    assert "after the cut-off, 2024-07-01" in problems[0].message


def test_event_where_counts_only_some_deaths_and_censors_the_others():
    data = dates(start=["2024-01-01"] * 2, death=["2024-03-01", "2024-03-01"], last=["2024-02-01"] * 2)
    data["cause"] = ["breast cancer", "other"]
    out, _ = from_dates(data, endpoint(events=["death"], event_where="cause == 'breast cancer'"))
    assert out["event"].tolist() == [True, False]
    assert out["time"].tolist() == [60 / DAYS_PER_MONTH] * 2


def test_ready_columns_and_their_problems():
    data = pd.DataFrame({"t": [365.25, -1.0, None, 10.0, None], "e": ["1", "0", "1", "perhaps", None]})
    out, problems = from_columns(data, Endpoint(**BASE, time="t", event="e", unit="days"))
    assert out["time"][0] == pytest.approx(12.0, abs=1e-12) and out["event"][0]
    assert sorted(p.message.split(": ")[1] for p in problems) == [
        "an event without a time",
        "means neither event nor no event",
        "the time is negative",
    ]
    assert pd.isna(out["event"][3]) and pd.isna(out["time"][4])


@given(st.lists(st.tuples(st.floats(0, 200), st.booleans()), min_size=1, max_size=30), st.floats(0.1, 100))
def test_horizon_never_adds_events_or_time(pairs, horizon):
    frame = pd.DataFrame(pairs, columns=["time", "event"])
    out = censor_late(frame, horizon)
    assert (out["time"] <= frame["time"]).all() and (out["time"] <= horizon).all()
    assert (out["event"] <= frame["event"]).all()


def test_definition_has_to_be_one_way():
    with pytest.raises(ValueError, match="either 'start'"):
        Endpoint(**BASE, start="start", events=["a"], censor=["b"], time="t", event="e")
    with pytest.raises(ValueError, match="either 'start'"):
        Endpoint(**BASE)


def ready(**extra):
    return Endpoint(**{**BASE, "time": "t", "event": "e", **extra})


def test_code_before_the_colon_is_enough_and_the_whole_text_goes_first():
    data = pd.DataFrame({"t": [1.0] * 4, "e": ["1:DECEASED", "0:LIVING", "1", "1:other"]})
    out, problems = from_columns(data, ready(no_event_values=["0", "1:other"]))
    assert not problems and out["event"].tolist() == [True, False, True, False]


def test_competing_values_of_ready_columns():
    data = pd.DataFrame({"t": [5.0, 6.0, 7.0, None], "e": ["1", "2", "0", "2"]})
    out, problems = from_columns(data, ready(competing_values=["2"], horizon_months=6.5))
    assert out["cause"].tolist()[:3] == [1, 2, 0] and out["event"].tolist()[:3] == [True, False, False]
    assert out["time"].tolist()[:3] == [5, 6, 6.5]
    assert [p.message for p in problems] == ["PFS: an event without a time"]
    assert "cause" not in from_columns(data[:1], ready())[0]


def test_competing_dates_count_when_they_come_first():
    data = dates(
        start=["2024-01-01"] * 5,
        progression=["2024-02-01", "2024-04-01", None, "2024-03-01", None],
        death=["2024-03-01", "2024-03-01", "2024-03-01", "2024-03-01", None],
        last=["2024-01-10", "2024-01-10", "2024-02-10", "2024-01-10", "2024-02-10"],
    )
    rule = endpoint(events=["progression"], competing=["death"])
    out, problems = from_dates(data, rule)
    assert not problems and out["cause"].tolist() == [1, 2, 2, 1, 0]  # a tie is the event
    assert np.allclose(out["time"], np.array([31, 60, 60, 60, 40]) / 30.4375, atol=1e-12)
    assert out["event"].tolist() == [True, False, False, True, False]
    early = rule.model_copy(update={"cutoff": dt.date(2024, 2, 15)})
    out, _ = from_dates(data, early)
    assert out["cause"].tolist() == [1, 0, 0, 0, 0] and out["time"].max() == 45 / 30.4375
    _, problems = from_dates(data.assign(death=pd.Timestamp("2023-12-31")), rule)
    assert {p.column for p in problems} == {"death"}


def test_an_event_that_does_not_count_censors_unless_the_competing_one_came_before():
    data = dates(
        start=["2024-01-01"] * 3,
        progression=["2024-02-01"] * 3,
        death=["2024-03-01", "2024-02-01", "2024-01-15"],
        last=["2024-01-10"] * 3,
    ).assign(kind="local")
    rule = endpoint(events=["progression"], competing=["death"], event_where="kind == 'distant'")
    out, _ = from_dates(data, rule)
    assert out["cause"].tolist() == [0, 2, 2]
    assert np.allclose(out["time"], np.array([31, 31, 14]) / 30.4375, atol=1e-12)


def test_delayed_entry_from_dates_and_from_columns():
    data = dates(
        start=["2024-01-01"] * 4 + [None],
        progression=["2024-05-01", None, None, "2024-05-01", None],
        death=[None] * 5,
        last=["2024-05-01", "2024-06-01", "2024-06-01", "2024-05-01", "2024-06-01"],
        seen=["2024-02-01", "2023-12-01", "2024-06-01", None, None],
    )
    out, problems = from_dates(data, endpoint(entry="seen"))
    assert not problems
    assert np.allclose(out["entry"][:2], [31 / 30.4375, 0], atol=1e-12)
    assert out["never"].tolist() == [False, False, True, False, False]
    assert out["time"].isna().tolist() == [False, False, True, False, True]
    days = pd.DataFrame({"t": [120.0, 150.0, 10.0], "e": ["1", "0", "0"], "seen": [31.0, -3.0, 10.0]})
    out, _ = from_columns(days, ready(entry="seen", unit="days"))
    assert np.allclose(out["entry"][:2], [31 / 30.4375, 0], atol=1e-12)
    assert out["never"].tolist() == [False, False, True] and pd.isna(out["event"][2])


def test_entry_after_horizon_or_cutoff_is_never_at_risk():
    days = pd.DataFrame({"t": [20.0, 20.0], "e": ["1", "1"], "seen": [5.0, 12.0]})
    out, _ = from_columns(days, ready(entry="seen", horizon_months=12))
    assert out["never"].tolist() == [False, True]
    assert (out["time"][0], bool(out["event"][0]), out["entry"][0]) == (12, False, 5)
    data = dates(start=["2024-01-01"], progression=["2024-05-01"], death=[None], last=["2024-05-01"],
                 seen=["2024-03-01"])  # fmt: skip
    out, _ = from_dates(data, endpoint(entry="seen", cutoff=dt.date(2024, 2, 15)))
    assert out["never"].tolist() == [True] and out[["time", "event", "entry"]].isna().all(axis=None)


def test_unknown_entry_is_a_problem_of_patients_with_a_time():
    data = pd.DataFrame({"PFS_time": [1.0, None, 2.0], "PFS_entry": [None, None, 1.0]})
    assert [p.column for p in entry_problems(data, ready(entry="seen"))] == ["seen"]
    assert entry_problems(data, ready()) == []


@given(
    st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.floats(-50, 150)), min_size=1, max_size=20),
    st.floats(1, 100),
)
def test_whoever_is_at_risk_enters_before_the_end(rows, horizon):
    frame = pd.DataFrame(rows, columns=["time", "event", "entry"]).astype({"event": "boolean"})
    out = delayed(censor_late(frame[["time", "event"]], horizon), frame["entry"])
    seen = out[~out["never"]]
    assert (seen["entry"] < seen["time"]).all() and (seen["entry"] >= 0).all()
    assert out.loc[out["never"], ["time", "event", "entry"]].isna().all(axis=None)
    assert len(seen) == (frame["entry"].clip(lower=0) < frame["time"].clip(upper=horizon) - 1e-8).sum()
