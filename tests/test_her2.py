"""HER2 class by guideline edition; the expected classes are read from the guidelines by hand."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from her2adc.her2 import (
    classify,
    ish_from_counts,
    normalise_ihc,
    normalise_ish,
    outside_reading,
    score_read,
)

IHC = {
    "2+": "2+", "2": "2+", "IHC 2+": "2+", "Equivocal": "2+", "3 +": "3+", "+++": "3+", "++": "2+",
    "0": "0", "IHC0": "0", "1+": "1+", "IHC: 1+": "1+", "HER2 3+": "3+", "score 1": "1+", "2.0": "2+",
    "0-1+": "0-1+", "0-1": "0-1+", "1+/2+": "1-2+", "0+": "0+", ">0 <1+": "0+", "ultralow": "0+",
    "neg": "negative", "Negative": "negative", "Positive": "positive", "POS": "positive",
    "[Not Evaluated]": "unknown", "[Not Available]": "unknown", "": "unknown", "NA": "unknown",
    "not done": "unknown", "４+": None, "strong": None, "4+": None, "1-2+": "1-2+",
    "3+ (outside)": "3+", "1+ (focal)": "1+", "2+ (focal)": "2+", "3+ (2+ outside)": "3+",
    "1+ (outside 3+)": "1+", "1-2+ (outside 3+)": "1-2+", "3+ (heterogenous 70-80% pos)": "3+",
    "Negative (outside)": "negative", "UNk/ND": "unknown", "Unk/ND": "unknown", "Test Failure": "unknown",
    "2+ (FISH amplified)": None, "1+ (3+)": None,
}
ISH = {
    "not amplified": "not amplified", "Not Amplified": "not amplified", "non-amplified": "not amplified",
    "unamplified": "not amplified", "neg": "not amplified", "Negative": "not amplified",
    "FISH-": "not amplified", "amplified": "amplified", "Amplified": "amplified", "FISH+": "amplified",
    "FISH positive": "amplified", "Positive": "amplified", "Equivocal": "equivocal",
    "[Not Evaluated]": "unknown", "Not Performed": "unknown", "Indeterminate": "unknown", "maybe": None,
    "Negative (outside)": "not amplified", "Positive (outside)": "amplified", "Unk/ND": "unknown",
    "Test Failure": "unknown", "Negative (Outside Positive)": None,
}


@pytest.mark.parametrize(("text", "form"), IHC.items())
def test_ihc_text(text, form):
    assert normalise_ihc(text) == form


@pytest.mark.parametrize(("text", "form"), ISH.items())
def test_ish_text(text, form):
    assert normalise_ish(text) == form


@pytest.mark.parametrize("value", [2, 2.0, "2", " 2 + "])
def test_numbers_are_scores(value):
    assert normalise_ihc(value) == "2+"


@pytest.mark.parametrize("value", [None, float("nan"), pd.NA])
def test_missing_is_unknown(value):
    assert normalise_ihc(value) == normalise_ish(value) == "unknown"


@pytest.mark.parametrize(("ihc", "ish", "expected"), [
    ("0", "unknown", "HER2-zero"), ("0+", "unknown", "HER2-zero"), ("1+", "unknown", "HER2-low"),
    ("1+", "not amplified", "HER2-low"), ("2+", "not amplified", "HER2-low"),
    ("2+", "amplified", "HER2-positive"), ("3+", "unknown", "HER2-positive"),
    ("3+", "not amplified", "HER2-positive"), ("unknown", "amplified", "HER2-positive"),
    ("0", "amplified", "HER2-positive"), ("positive", "unknown", "HER2-positive"),
    ("2+", "unknown", None), ("2+", "equivocal", None), ("0-1+", "unknown", None), ("1-2+", "unknown", None),
    ("negative", "unknown", None), ("negative", "not amplified", None), ("unknown", "unknown", None),
    ("unknown", "not amplified", None), ("positive", "not amplified", None), (None, "unknown", None),
    ("1+", None, None),
])
def test_class(ihc, ish, expected):
    result = classify(ihc, ish)
    assert result.value == expected
    assert (result.reason != "") == (expected is None)


def test_ultralow_is_split_only_when_on():
    assert classify("0+", "unknown", ultralow=True).value == "HER2-ultralow"
    assert classify("0", "unknown", ultralow=True).value == "HER2-zero"


@pytest.mark.parametrize(("ratio", "copies", "ihc", "y2013", "y2018"), [
    (2.4, 5.0, "2+", "amplified", "amplified"),          # group 1
    (2.4, 3.1, "2+", "amplified", "not amplified"),      # group 2
    (2.4, 3.1, "3+", "amplified", "amplified"),          # group 2 with IHC 3+
    (1.5, 6.5, "2+", "amplified", "amplified"),          # group 3
    (1.5, 6.5, "1+", "amplified", "not amplified"),      # group 3 with IHC 1+
    (1.5, 4.5, "2+", "equivocal", "not amplified"),      # group 4
    (1.5, 4.5, "unknown", "equivocal", "equivocal"),     # group 4, IHC needed from 2018 on
    (1.2, 2.0, "2+", "not amplified", "not amplified"),  # group 5
    (2.0, 4.0, "2+", "amplified", "amplified"),          # on both limits
])
def test_counts_by_edition(ratio, copies, ihc, y2013, y2018):
    assert ish_from_counts(ratio, copies, ihc, 2013) == y2013
    assert ish_from_counts(ratio, copies, ihc, 2018) == ish_from_counts(ratio, copies, ihc, 2023) == y2018


def test_counts_with_one_of_the_two():
    assert ish_from_counts(2.5, float("nan"), "2+") == "amplified"
    assert ish_from_counts(1.5, float("nan"), "2+") == "not amplified"
    assert ish_from_counts(float("nan"), float("nan"), "2+") == "unknown"


@given(st.text(max_size=12))
def test_any_text_has_a_form_or_none(text):
    ihc, ish = normalise_ihc(text), normalise_ish(text)
    assert classify(ihc, ish).value is not None or classify(ihc, ish).reason


@given(st.sampled_from(sorted(k for k, v in IHC.items() if v)), st.text(" \t", max_size=3))
def test_spaces_and_case_do_not_matter(text, space):
    assert normalise_ihc(space + text.upper() + space) == normalise_ihc(text)


@pytest.mark.parametrize(("ihc", "ish", "exclude", "lower", "upper"), [
    # both scores give one class, whatever the rule
    ("0-1+", "amplified", *["HER2-positive"] * 3), ("1-2+", "not amplified", *["HER2-low"] * 3),
    ("1-2+", "amplified", *["HER2-positive"] * 3), ("2-3+", "amplified", *["HER2-positive"] * 3),
    # they do not
    ("0-1+", "unknown", None, "HER2-zero", "HER2-low"),
    ("0-1+", "not amplified", None, "HER2-zero", "HER2-low"),
    ("1-2+", "unknown", None, "HER2-low", None), ("1-2+", "equivocal", None, "HER2-low", None),
    ("2-3+", "unknown", None, None, "HER2-positive"),
    ("2-3+", "not amplified", None, "HER2-low", "HER2-positive"),
])
def test_a_range_of_scores(ihc, ish, exclude, lower, upper):
    for rule, expected in {"exclude": exclude, "lower": lower, "upper": upper}.items():
        found = classify(ihc, ish, ambiguous=rule)
        assert found.value == expected
        assert (found.reason != "") == (expected is None)
        assert (found.note != "") == (expected is not None)


def test_an_upper_2_of_a_range_needs_ish():
    assert classify("1-2+", "unknown", ambiguous="upper").reason == (
        "IHC 1-2+ read as 2+: IHC 2+ without an ISH result"
    )


@given(st.sampled_from(["0", "0+", "1+", "2+", "3+", "negative", "positive", "unknown"]),
       st.sampled_from(["amplified", "not amplified", "equivocal", "unknown"]))
def test_the_rule_for_ranges_touches_nothing_else(ihc, ish):
    assert len({classify(ihc, ish, ambiguous=rule) for rule in ("exclude", "lower", "upper")}) == 1
    assert score_read(ihc, "upper") == ihc


def test_another_laboratory_in_brackets():
    texts = ("3+ (2+ outside)", "1+ (outside 3+)", "3+ (outside)", "2+", None)
    assert [outside_reading(t) for t in texts] == ["2+", "3+", "", "", ""]
