"""Times and events, each expected value derived by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2adc.config import Endpoint
from her2adc.endpoints import DAYS_PER_MONTH, censor_late, from_columns, from_dates

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
