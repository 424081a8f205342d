"""Adverse events: worst grades, what was not recorded, denominators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.results import one, select
from her2adc.stats.proportions import clopper_pearson
from her2adc.stats.safety import ANY_EVENT, events, worst_grades

from .conftest import close

PATIENTS = pd.DataFrame(
    {"patient_id": list("abcdef"), "arm": pd.Categorical(["x"] * 3 + ["y"] * 3, ["w", "x", "y"])}
)
RAW = pd.DataFrame(
    [
        ("a", "Nausea", 1, "none"),
        ("a", "Nausea", 3, "reduced"),
        ("b", "Nausea", 2, "none"),
        ("c", "ILD", None, "Discontinued"),
        ("d", "ILD", None, "none"),
        ("d", "Neutropenia", 4, "none"),
        ("a", "Anemia", None, None),
        ("b", "Anemia", 3, None),
    ],
    columns=["patient_id", "term", "grade", "action"],
)


def value(rows: pd.DataFrame, **filters: str) -> float:
    return float(one(rows, **{"group": "All patients", **filters})["value"])


def test_worst_grade_a_patient() -> None:
    rows = events(RAW, PATIENTS)
    nausea = one(rows, variable="Nausea", statistic="any_grade")
    assert (nausea["n_events"], nausea["n"]) == (2, 6)
    close(nausea[["value", "conf_low", "conf_high"]].astype(float), clopper_pearson(2, 6))
    assert one(rows, variable="Nausea", statistic="grade_3_plus")["n_events"] == 1


def test_what_was_not_recorded_is_not_zero() -> None:
    rows = events(RAW, PATIENTS, recorded_from={"Neutropenia": 3})
    assert np.isnan(value(rows, variable="Neutropenia", statistic="any_grade"))
    assert one(rows, variable="Neutropenia", statistic="grade_3_plus")["n_events"] == 1
    ild = one(rows, variable="ILD", statistic="grade_3_plus")
    assert np.isnan(ild["value"])
    assert ild["method"] == "not recorded"
    assert value(rows, variable="ILD", statistic="grade_missing") == 2
    assert value(rows, variable="Anemia", statistic="grade_missing") == 1
    assert one(rows, variable="Anemia", statistic="grade_3_plus")["n_events"] == 1
    assert np.isnan(value(rows, variable=ANY_EVENT, statistic="any_grade"))


def test_discontinuation() -> None:
    rows = events(RAW, PATIENTS)
    assert one(rows, variable="ILD", statistic="discontinued")["n_events"] == 1
    assert one(rows, variable=ANY_EVENT, statistic="discontinued")["n_events"] == 1
    without = events(RAW.drop(columns="action"), PATIENTS)
    assert select(without, statistic="discontinued").empty


def test_groups_and_terms() -> None:
    rows = events(RAW, PATIENTS, by="arm", terms=["Nausea", "Fatigue"])
    assert rows["group"].unique().tolist() == ["All patients", "w", "x", "y"]
    assert rows["variable"].unique().tolist() == [ANY_EVENT, "Nausea", "Fatigue"]
    fatigue = one(rows, group="x", variable="Fatigue", statistic="any_grade")
    close(fatigue[["value", "conf_low", "conf_high"]].astype(float), clopper_pearson(0, 3))
    assert np.isnan(one(rows, group="w", variable="Nausea", statistic="any_grade")["value"])
    order = events(RAW, PATIENTS)["variable"].unique().tolist()
    assert order == [ANY_EVENT, "Anemia", "ILD", "Nausea", "Neutropenia"]


def test_no_events_at_all() -> None:
    rows = events(RAW.iloc[:0], PATIENTS, terms=["Nausea"])
    assert value(rows, variable="Nausea", statistic="any_grade") == 0
    assert value(rows, variable="Nausea", statistic="grade_3_plus") == 0


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="who are not in the data"):
        events(RAW, PATIENTS.iloc[:2])
    with pytest.raises(ValueError, match="twice"):
        events(RAW, pd.concat([PATIENTS, PATIENTS]))
    with pytest.raises(ValueError, match="1 to 5"):
        events(RAW.assign(grade=7), PATIENTS)
    with pytest.raises(ValueError, match="no column"):
        events(RAW.drop(columns="term"), PATIENTS)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["N", "I"]), st.sampled_from([1, 2, 3, None])),
        max_size=25,
    ),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=30)
def test_properties(records: list[tuple[str, str, Any]], random: Any) -> None:
    """Severe events are events, groups add up, order does not matter."""
    raw = pd.DataFrame(records, columns=["patient_id", "term", "grade"])
    rows = events(raw, PATIENTS, by="arm", terms=["N", "I"])
    for term in ("N", "I", ANY_EVENT):
        mine = select(rows, variable=term, statistic="any_grade").set_index("group")["n_events"]
        assert mine["All patients"] == mine["x"] + mine["y"]
        severe = one(rows, group="All patients", variable=term, statistic="grade_3_plus")
        if not np.isnan(severe["value"]):
            assert severe["n_events"] <= mine["All patients"]
    shuffled = raw.sample(frac=1, random_state=random.randint(0, 99))
    pd.testing.assert_frame_equal(rows, events(shuffled, PATIENTS, by="arm", terms=["N", "I"]))
    assert not worst_grades(raw).duplicated(["patient_id", "term"]).any()
