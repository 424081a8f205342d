"""Rows of the survival functions: groups, edges, properties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.results import COLUMNS, one, select
from her2adc.stats.survival import at_risk, curve, follow_up, logrank, logrank_test, summarise

from .conftest import close


def cohort(**columns: Any) -> pd.DataFrame:
    """Four patients with the event at 1, 2, 3 and 4 months."""
    base = {"PFS_time": [1.0, 2.0, 3.0, 4.0], "PFS_event": [True] * 4}
    return pd.DataFrame({**base, **columns})


GROUPS = pd.Categorical(["low", "low", "positive", "positive"], ["zero", "low", "positive"], True)


def test_summarise_rows_of_a_plateau() -> None:
    rows = summarise(cohort(her2=GROUPS), "PFS", by="her2", landmarks=(2, 4.5), population="all")
    assert list(rows.columns) == COLUMNS
    assert rows["group"].unique().tolist() == ["All patients", "zero", "low", "positive"]
    median = one(rows, group="All patients", statistic="median")
    assert (median["value"], median["n"], median["n_events"]) == (2.5, 4, 4)
    assert median["method"] == "Kaplan-Meier, log-log interval"
    assert one(rows, group="All patients", statistic="survival", level="2")["value"] == 0.5
    assert one(rows, group="All patients", level="4.5")["value"] == 0.0


def test_an_empty_group_keeps_its_rows() -> None:
    rows = summarise(cohort(her2=GROUPS), "PFS", by="her2")
    empty = select(rows, group="zero")
    assert len(empty) == 2
    assert empty["value"].isna().all()
    assert (empty["n"] == 0).all()
    assert "zero" not in curve(cohort(her2=GROUPS), "PFS", by="her2")["group"].tolist()


def test_no_events_and_one_patient() -> None:
    data = cohort(PFS_event=[False] * 4)
    rows = summarise(data, "PFS", landmarks=(2, 12))
    assert np.isnan(one(rows, statistic="median")["value"])
    assert one(rows, level="2")["value"] == 1.0
    assert np.isnan(one(rows, level="12")["value"])  # beyond the last follow-up
    single = summarise(cohort().iloc[:1], "PFS")
    assert one(single, statistic="median")["value"] == 1.0


def test_all_times_missing() -> None:
    data = cohort(PFS_time=[np.nan] * 4, her2=GROUPS)
    for rows in (
        summarise(data, "PFS", by="her2"),
        follow_up(data, "PFS", by="her2"),
        logrank(data, "PFS", "her2"),
    ):
        assert rows["value"].isna().all()
        assert (rows["n"] == 0).all()
    assert curve(data, "PFS", by="her2").empty


def test_patients_without_the_endpoint_are_left_out() -> None:
    data = cohort(PFS_time=[1.0, np.nan, 3.0, 4.0], PFS_event=pd.array([True, None, True, False]))
    assert one(summarise(data, "PFS"), statistic="median")["n"] == 3


def test_at_risk_counts_t_or_later() -> None:
    data = cohort(PFS_time=[1.0, 2.0, 2.0, 3.0], PFS_event=[True, True, False, False])
    rows = at_risk(data, "PFS", times=[0, 2, 3])
    assert select(rows, statistic="n_at_risk")["value"].tolist() == [4, 3, 1]
    assert select(rows, statistic="n_events_cumulative")["value"].tolist() == [0, 2, 2]
    assert select(rows, statistic="n_censored_cumulative")["value"].tolist() == [0, 1, 2]
    assert rows["level"].unique().tolist() == ["0", "2", "3"]


def test_follow_up_rows() -> None:
    data = cohort(PFS_event=[True, False, False, False])
    rows = follow_up(data, "PFS")
    assert one(rows, statistic="median_reverse_km")["value"] == 3.0
    found = [one(rows, statistic=f"observed_{s}")["value"] for s in ("median", "min", "max")]
    assert found == [2.5, 1.0, 4.0]


def test_unknown_names_say_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"OS_time.*endpoint 'OS'.*\['PFS'\]"):
        summarise(cohort(), "OS")
    with pytest.raises(ValueError, match="no column"):
        summarise(cohort(), "PFS", by="her2")
    with pytest.raises(ValueError, match="boolean"):
        summarise(cohort(PFS_event=[1, 0, 1, 0]), "PFS")


@pytest.mark.parametrize(
    ("case", "frame", "by", "endpoint"),
    [
        ("logrank.lung.sex", "lung", "sex", "OS"),
        ("logrank.lung.ecog", "lung", "ecog", "OS"),
        ("logrank.veteran.celltype", "veteran", "celltype", "OS"),
        ("logrank.veteran.celltype.month", "veteran", "celltype", "M"),
        ("logrank.veteran.trt", "veteran", "trt", "OS"),
    ],
)
def test_logrank_equals_r(
    golden: Any, request: pytest.FixtureRequest, case: str, frame: str, by: str, endpoint: str
) -> None:
    rows = logrank(request.getfixturevalue(frame), endpoint, by)
    for statistic in ("chi2", "df", "p_value"):
        close(one(rows, statistic=statistic)["value"], golden.value(case, statistic), label=case)


def test_logrank_shared_reference(reference: Any) -> None:
    compared = 0
    for entry in reference.of("logrank"):
        outcome, group = entry["args"]["formula"].split(" ~ ")
        if "strata" in group:
            continue
        time, event = outcome.removeprefix("Surv(").removesuffix(")").split(", ")
        data = reference.data(entry).dropna(subset=[group])
        codes = pd.factorize(data[group])[0]
        found = logrank_test(data[time].to_numpy(float), data[event].to_numpy() == 1, codes)
        wanted = entry["results"]["rho0"]
        compared += close(found, [wanted["chisq"], wanted["df"], wanted["p"]], label=entry["id"])
    print(f"log-rank: {compared} values compared with R")
    assert compared >= 30


def test_logrank_by_hand() -> None:
    """Groups {1, 2} and {3, 4}, all events.

    At 1: 2 of 4 at risk in the first group, E = 1/2, V = 1/4. At 2: 1 of 3, E = 1/3,
    V = 2/9. Later the first group is empty. O - E = 2 - 5/6, chi2 = (7/6)^2 / (17/36).
    """
    chi2, df, _ = logrank_test(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, dtype=bool), np.array([0, 0, 1, 1]))
    close((chi2, df), ((7 / 6) ** 2 / (17 / 36), 1))


def test_logrank_ignores_groups_never_at_risk() -> None:
    """R counts only groups with expected events: the third is censored before the first."""
    times = np.array([1.0, 2.0, 3.0, 4.0, 0.5])
    events = np.array([True, True, True, True, False])
    with_third = logrank_test(times, events, np.array([0, 0, 1, 1, 2]))
    close(with_third, logrank_test(times[:4], events[:4], np.array([0, 0, 1, 1])))


def test_logrank_of_one_group() -> None:
    rows = logrank(cohort(her2=["low"] * 4), "PFS", "her2")
    assert rows["value"].isna().all()
    assert rows["method"].str.contains("not estimable").all()


@st.composite
def survival_data(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(4, 40))
    integers = st.integers(1, 25)
    return pd.DataFrame(
        {
            "OS_time": [draw(integers) / 2 for _ in range(n)],
            "OS_event": [draw(st.booleans()) for _ in range(n)],
            "arm": pd.Categorical([draw(st.sampled_from("ab")) for _ in range(n)], ["a", "b"]),
        }
    )


@given(survival_data(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_order_of_rows_does_not_matter(data: pd.DataFrame, random: Any) -> None:
    order = list(range(len(data)))
    random.shuffle(order)
    for rows in (summarise, follow_up, at_risk):
        pd.testing.assert_frame_equal(rows(data, "OS", by="arm"), rows(data.iloc[order], "OS", by="arm"))
    a, b = logrank(data, "OS", "arm"), logrank(data.iloc[order], "OS", "arm")
    close(a["value"], b["value"])


@given(survival_data())
@settings(deadline=None, max_examples=40)
def test_groups_add_up(data: pd.DataFrame) -> None:
    """Numbers at risk and events of the groups are those of all patients."""
    rows = at_risk(data, "OS", by="arm", times=[0, 3, 6])
    for statistic in ("n_at_risk", "n_events_cumulative"):
        for level in ("0", "3", "6"):
            found = select(rows, statistic=statistic, level=level)
            total = float(found.loc[found["group"] == "All patients", "value"].sum())
            assert found.loc[found["group"] != "All patients", "value"].sum() == total
