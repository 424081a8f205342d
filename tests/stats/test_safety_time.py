"""Adverse events in time, by hand: windows, periods, rates, onset with competing death."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from her2adc.config import ADC_SPECIAL, Safety
from her2adc.results import one, select
from her2adc.stats import safety_time
from her2adc.stats.person_time import rate
from her2adc.stats.safety import events, grades

from .conftest import close

DAY0 = pd.Timestamp("2024-01-01")
NAT = pd.NaT
RULE = Safety.model_validate({
    "periods": {"A": {"label": "ADC1", "start": "a_start", "stop": "a_stop"},
                "B": {"label": "ADC2", "start": "b_start", "stop": "b_stop"}},
    "observed_to": ["seen"], "death": "death", "special_interest": ["ILD"],
})  # fmt: skip


def days(*numbers: float | None) -> list[pd.Timestamp]:
    return [NAT if n is None else DAY0 + pd.Timedelta(days=n) for n in numbers]


# p: both ADCs, 10 days apart; q: dies on ADC1; r: ongoing; s: never had one
PATIENTS = pd.DataFrame({
    "patient_id": list("pqrs"),
    "a_start": days(0, 0, 0, None), "a_stop": days(100, 50, None, None),
    "b_start": days(110, None, None, None), "b_stop": days(200, None, None, None),
    "seen": days(400, 60, 90, 10), "death": days(None, 60, None, None),
})  # fmt: skip
RAW = pd.DataFrame({
    "patient_id": ["p", "p", "p", "r", "r", "q"],
    "term": ["ILD", "Nausea", "ILD", "ILD", "Nausea", "Nausea"],
    "grade": [2, 1, 3, 1, 2, 5],
    "onset": days(50, 110, 150, None, 30, 61),
})  # fmt: skip
SPANS = safety_time.windows(PATIENTS, RULE)
ASSIGNED = safety_time.assign(RAW, SPANS)


def test_windows() -> None:
    """ADC1 of p ends with ADC2, not 30 days after its last dose; q's with death; r's with last contact."""
    found = {(r.patient_id, r.period): ((r.end - r.start).days, bool(r.died)) for r in SPANS.itertuples()}
    assert found == {("p", "A"): (110, False), ("q", "A"): (60, True), ("r", "A"): (90, False),
                     ("p", "B"): (120, False)}  # fmt: skip


def test_events_fall_into_periods() -> None:
    """Day 110 ends ADC1 and starts ADC2: ADC2. Without a date, and after death: no period."""
    assert ASSIGNED["period"].fillna("-").tolist() == ["A", "B", "B", "-", "A", "-"]
    assert ASSIGNED["months"].iloc[2] == pytest.approx(40 / 30.4375)


def test_rates_by_hand() -> None:
    """ILD in ADC1: one patient (p on day 50); at risk 50 + 60 + 90 days."""
    rows = safety_time.rates(ASSIGNED, SPANS, PATIENTS, {"ILD": ("ILD",)}, RULE.periods)
    found = one(rows, population="ADC1", statistic="rate")
    years = (50 + 60 + 90) / 365.25
    assert (found["n"], found["n_events"]) == (3, 1)
    close(found[["value", "conf_low", "conf_high"]].astype(float), [100 * v for v in rate(1, years)])
    assert one(rows, population="ADC1", statistic="person_years")["value"] == pytest.approx(years)
    second = one(rows, population="ADC2", statistic="rate")
    assert second["value"] == pytest.approx(100 / (40 / 365.25))


def test_onset_with_competing_death_by_hand() -> None:
    """ADC1: event on day 50, death on day 60 among two left, r censored on day 90: incidence 1/3."""
    rows = safety_time.onset(ASSIGNED, SPANS, PATIENTS, {"ILD": ("ILD",)}, RULE.periods, landmarks=(1, 2.5))
    mine = select(rows, population="ADC1", variable="ILD")
    assert one(mine, statistic="median")["value"] == pytest.approx(50 / 30.4375)
    assert one(mine, statistic="incidence", level="1")["value"] == 0
    assert one(mine, statistic="incidence", level="2.5")["value"] == pytest.approx(1 / 3)
    found = safety_time.first_event(ASSIGNED, SPANS, PATIENTS, "A", ["ILD"])
    assert found["onset_cause"].tolist() == ["event", "death", "censored"]


def test_nobody_had_it() -> None:
    rows = safety_time.onset(ASSIGNED, SPANS, PATIENTS, {"Rash": ("Rash",)}, RULE.periods)
    assert np.isnan(one(rows, population="ADC1", statistic="median")["value"])
    low = one(safety_time.rates(ASSIGNED, SPANS, PATIENTS, {"Rash": ("Rash",)}, RULE.periods),
              population="ADC1", statistic="rate")  # fmt: skip
    assert low["value"] == 0 and low["conf_low"] == 0 and low["conf_high"] > 0


def test_a_period_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="1 patients have no end of A"):
        safety_time.windows(PATIENTS.assign(seen=NAT, death=NAT).iloc[[2]], RULE)
    with pytest.raises(ValidationError, match="observed_to"):
        Safety.model_validate({"periods": {"A": {"label": "x", "start": "s", "stop": "e"}}})


def test_special_interest_of_adcs() -> None:
    assert Safety.model_validate({"special_interest": "adc"}).special_interest == ADC_SPECIAL
    assert RULE.special_interest == {"ILD": ("ILD",)}


def test_what_else_was_recorded_by_hand() -> None:
    actions = ["dose reduced", "none", "drug withdrawn", "interrupted", "none", "none"]
    related = ["yes", "no", "yes", "yes", None, "no"]
    raw = RAW.assign(related=related, serious=["no"] * 5 + ["yes"], action=actions)
    rows = events(raw, PATIENTS)
    counts = {s: one(rows, variable="Any adverse event", statistic=s)["n_events"]
              for s in rows["statistic"].unique()}  # fmt: skip
    assert counts == {"any_grade": 3, "grade_3_plus": 2, "grade_missing": 0, "fatal": 1, "related": 2,
                      "related_3_plus": 1, "serious": 1, "dose_reduced": 1, "interrupted": 1,
                      "discontinued": 1}  # fmt: skip
    sets = events(raw, PATIENTS, sets={"Lung or gut": ["ILD", "Nausea"]}, analysis="safety_class")
    assert sets["variable"].unique().tolist() == ["Lung or gut"]
    assert one(sets, statistic="any_grade")["n_events"] == 3
    unknown = events(raw.assign(related=None), PATIENTS)
    assert "related" not in set(unknown["statistic"])


@given(st.lists(st.tuples(st.sampled_from("pqrs"), st.sampled_from(["N", "I"]),
                          st.sampled_from([1, 3, 5, None])), max_size=20))  # fmt: skip
@settings(deadline=None, max_examples=30)
def test_worst_grades_add_up(records: list[tuple[str, str, float | None]]) -> None:
    """Each patient with the event stands under one worst grade."""
    raw = pd.DataFrame(records, columns=["patient_id", "term", "grade"])
    rows, counts = grades(raw, PATIENTS, terms=["N", "I"]), events(raw, PATIENTS, terms=["N", "I"])
    for term in ("N", "I"):
        patients = one(counts, variable=term, statistic="any_grade")["n_events"]
        assert select(rows, variable=term)["value"].sum() == patients
