"""Best overall response; the series and the results are those of RECIST 1.1, worked by hand."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2adc.config import Response
from her2adc.recist import best_response, derive

START = pd.Timestamp("2024-01-01")


def visits(*pairs):
    return pd.DataFrame({"date": [START + pd.Timedelta(weeks=w) for w, _ in pairs],
                         "response": [r for _, r in pairs]})


def best(*pairs, **rule):
    return best_response(visits(*pairs), START, Response(start="start", **rule))


@pytest.mark.parametrize(("series", "unconfirmed", "confirmed"), [
    ([(8, "PR"), (16, "PR")], "PR", "PR"),
    ([(8, "PR"), (10, "PR")], "PR", "SD"),            # seen again too early
    ([(8, "PR"), (16, "PD")], "PR", "SD"),
    ([(8, "CR"), (16, "CR"), (24, "PD")], "CR", "CR"),
    ([(8, "PR"), (16, "CR"), (24, "CR")], "CR", "CR"),
    ([(8, "CR"), (16, "PR")], "CR", "PR"),
    ([(8, "SD"), (16, "PD")], "SD", "SD"),
    ([(4, "SD"), (8, "PD")], "PD", "PD"),             # stable for less than 6 weeks
    ([(4, "SD")], "NE", "NE"),
    ([(8, "PD"), (16, "PR")], "PD", "PD"),            # nothing counts after progression
    ([(8, "NE")], "NE", "NE"),
    ([(8, "NE"), (16, "PD")], "PD", "PD"),
    ([(4, "PR"), (6, "NE")], "PR", "NE"),
    ([], "NE", "NE"),
])
def test_best_response(series, unconfirmed, confirmed):
    assert best(*series)["best_response"] == unconfirmed
    assert best(*series, confirmed=True)["best_response"] == confirmed


def test_clinical_benefit_needs_24_weeks_of_stable_disease():
    assert best((8, "SD"), (24, "PD"))["clinical_benefit"] is True
    assert best((8, "SD"), (23, "PD"))["clinical_benefit"] is False
    assert best((8, "SD"), (20, "SD"))["clinical_benefit"] is False  # censored before 24 weeks
    assert best((8, "PR"), (9, "PD"))["clinical_benefit"] is True
    assert best((2, "SD"))["clinical_benefit"] is None


def test_assessments_of_an_earlier_line_do_not_count():
    assert best((-10, "PR"), (-2, "PD"), (8, "SD"))["best_response"] == "SD"
    assert best((-10, "CR"))["best_response"] == "NE"


def test_first_response_and_progression_dates():
    out = best((8, "SD"), (16, "PR"), (24, "CR"), (32, "PD"))
    assert out["first_response_date"] == START + pd.Timedelta(weeks=16)
    assert out["response_progression_date"] == START + pd.Timedelta(weeks=32)


def test_patient_without_assessment_is_not_evaluable():
    patients = pd.DataFrame({"patient_id": ["a", "b"], "start": [START, START]})
    out = derive(patients, visits((8, "PR")).assign(patient_id="a"), Response(start="start"))
    assert out["best_response"].tolist() == ["PR", "NE"]
    assert list(out["best_response"].cat.categories) == ["CR", "PR", "SD", "PD", "NE"]


series = st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["CR", "PR", "SD", "PD", "NE"])),
                  max_size=8, unique_by=lambda p: p[0])


@given(series, st.randoms())
def test_order_of_rows_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert best(*pairs)["best_response"] == best(*shuffled)["best_response"]


@given(series)
def test_confirmation_never_improves_a_response(pairs):
    order = ["CR", "PR", "SD", "PD", "NE"]
    loose, strict = best(*pairs)["best_response"], best(*pairs, confirmed=True)["best_response"]
    assert order.index(strict) >= order.index(loose)
