"""Dates of one patient that cannot all be right, and times that nobody is observed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from small_study import EVENTS, PATIENTS, STUDY, write_study

from her2adc import typed
from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError

DEATH = PATIENTS["last_seen"].where(PATIENTS["patient_id"].isin(["P01", "P02", "P03"]), "")
OS = {
    "OS": {"label": "Overall survival", "definition": "from start to death", "start": "start",
           "events": "death_date", "censor": "last_seen"},
}  # fmt: skip
READY = {
    "endpoints": {"OS": {"label": "OS", "definition": "as recorded", "time": "os", "event": "dead"}},
    "main_endpoint": "OS",
    "chapters": ["cohort"],
}


def prepared(
    tmp_path, change: dict[str, Any] | None = None, events: pd.DataFrame = EVENTS, **columns: Any
) -> Cohort:
    patients = PATIENTS.assign(death_date=DEATH)
    for column, cells in columns.items():
        if isinstance(cells, dict):
            old = patients[column] if column in patients else pd.Series("", index=patients.index)
            cells = old.mask(patients["patient_id"].isin(list(cells)), patients["patient_id"].map(cells))
        patients[column] = cells
    endpoints = {**STUDY["endpoints"], **OS}
    folder = write_study(tmp_path, patients=patients, study={"endpoints": endpoints, **(change or {})})
    events.to_csv(folder / "data" / "adverse_events.csv", index=False)
    return prepare_cohort(load_study(folder))


def refused(tmp_path, *words: str, **how: Any) -> None:
    with pytest.raises(StudyError) as caught:
        prepared(tmp_path, **how)
    text = str(caught.value)
    assert [w for w in words if w not in text] == [], text


def test_dates_in_order_are_no_problem(tmp_path):
    cohort = prepared(tmp_path)
    assert cohort.data["OS_event"].sum() == 3


def test_a_sign_of_life_after_death_is_a_problem_that_names_both_cells(tmp_path):
    refused(
        tmp_path, "patients.csv, row 3, last_seen: lies after the death of the patient",
        "death_date, '2023-08-01' in row 3 of patients.csv", "(found: '2023-09-01')",
        death_date={"P02": "2023-08-01"},
    )  # fmt: skip


def test_progression_after_death_is_a_problem(tmp_path):
    refused(tmp_path, "row 2, progression: lies after the death", death_date={"P01": "2023-03-01"},
            last_seen={"P01": "2023-03-01"})  # fmt: skip


def test_a_cut_off_that_all_patients_share_may_lie_after_death(tmp_path):
    cohort = prepared(tmp_path, death_date={"P02": "2023-08-01"}, last_seen=["2024-06-30"] * 12)
    assert cohort.data["OS_event"].sum() == 3


def test_assessments_after_death_are_problems(tmp_path):
    day = {"P02": "2023-01-20"}
    refused(tmp_path, "assessments.csv, row 3, date: lies after the death of the patient",
            death_date=day, last_seen=day)  # fmt: skip


def test_adverse_events_after_death_are_remarked_on(tmp_path):
    late = EVENTS.assign(onset=["2023-03-11", *EVENTS["onset"][1:]])
    said = "onset: 1 adverse event begins after the death of the patient, the first in row 2 (2023-03-11)"
    assert any(said in r for r in prepared(tmp_path, events=late).remarks)


def test_a_column_whose_name_says_more_than_death_is_no_date_of_death(tmp_path):
    endpoint = {**STUDY["endpoints"]["PFS"], "events": ["progression", "death_or_last_contact"]}
    cohort = prepared(tmp_path, {"endpoints": {"PFS": endpoint}}, death_or_last_contact=["2023-02-01"] * 12)
    assert cohort.data["PFS_event"].all()


def test_adverse_events_before_the_first_dose_are_remarked_on(tmp_path):
    early = EVENTS.assign(onset=["2022-12-31", *EVENTS["onset"][1:]])
    assert any("1 adverse event began before start" in r for r in prepared(tmp_path, events=early).remarks)


def test_a_date_before_1900_is_a_problem_in_any_date_column(tmp_path):
    refused(tmp_path, "row 2, death_date: lies before 1900", death_date={"P01": "1823-03-10"})


@pytest.mark.parametrize("kind", ["real", "reconstructed"])
def test_the_near_and_the_far_future(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(typed, "today", lambda: pd.Timestamp("2023-12-31"))
    cohort = prepared(tmp_path, {"data_kind": kind})
    assert any("last_seen: 2 dates lie in the future, the first in row 5 (2024-01-15)" in r
               for r in cohort.remarks)  # fmt: skip
    refused(tmp_path, "row 6, last_seen: lies more than two years in the future", change={"data_kind": kind},
            last_seen={"P05": "2032-11-11"})  # fmt: skip


def test_a_time_of_a_lifetime_is_a_problem(tmp_path):
    refused(tmp_path, "row 6, last_seen: PFS: lies 976 months after the start of the clock", "year",
            start={"P05": "1942-07-10"})  # fmt: skip
    refused(tmp_path, "row 2, os: OS: lies 900 months after", "unit", change=READY,
            os=[900, *[10] * 11], dead=[1] * 12)  # fmt: skip


@pytest.mark.parametrize(
    ("time", "event", "words"),
    [("", "1", "an event without a time"), ("12", "", "a time without an event"),
     ("-1", "0", "the time is negative"), ("12", "2", "means neither event nor no event")],
)  # fmt: skip
def test_ready_made_times_need_an_event_and_the_other_way_round(tmp_path, time, event, words):
    refused(tmp_path, "patients.csv, row 2, ", f"OS: {words}", change=READY, os=[time, *[10] * 11],
            dead=[event, *["1.0", "0.0"] * 5, "0"])  # fmt: skip


def test_patients_without_a_clock_are_counted(tmp_path):
    cohort = prepared(tmp_path, start={"P02": ""}, change={"response": None})
    said = "1 patient without a time of PFS (start is empty): not in its analyses"
    assert said in cohort.remarks


def test_a_year_after_2100_is_a_problem_in_simulated_data_too(tmp_path):
    refused(tmp_path, "row 2, start: lies after 2100", start={"P01": "2203-01-10"})


def test_a_value_that_means_event_and_no_event_is_refused(tmp_path):
    both = {**READY["endpoints"]["OS"], "event_values": ["1", "0"]}
    refused(tmp_path, "endpoints.OS", "the value '0' means that the event happened and that it did not",
            change={**READY, "endpoints": {"OS": both}}, os=[10] * 12, dead=[1] * 12)  # fmt: skip
