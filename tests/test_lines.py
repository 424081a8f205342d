"""Lines of therapy from exposures: each rule by an example, and what holds of every patient."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc import agents, courses, lines
from her2adc.adcs import adc_treatments
from her2adc.config import Sequencing

ORIGIN = pd.Timestamp("2020-01-01")


def exposures(rows, given_line=None) -> pd.DataFrame:
    """(drugs, start, stop, reason) in days -> exposures of one patient, one row a drug."""
    frame = pd.DataFrame(
        [
            ("P", a, start, stop, reason, line, text)
            for text, start, stop, reason, line in ((*r, None, None, None)[:5] for r in rows)
            for a in agents.read(text).agents
        ],
        columns=["patient", "agent", "start", "stop", "reason", "line", "text"],
    )
    for c in ("start", "stop"):
        frame[c] = ORIGIN + pd.to_timedelta(frame[c].astype(float), unit="D")
    return frame


def lines_of(rows, **rule):
    """Lines as (regimen, first day, last day or None)."""
    found = derived(rows, **rule)
    zero = (ORIGIN - courses.ORIGIN).days
    return [(v.regimen, v.start - zero, None if v.stop is None else v.stop - zero) for v in found]


def derived(rows, **rule):
    settings_ = Sequencing(**rule)
    own, _ = courses.courses_of(exposures(rows))
    return lines.derive_lines(own["P"], settings_, lines.interchangeable(settings_))


RULES = {
    "drugs within the window are one line": (
        [("paclitaxel", 0, 100), ("carboplatin", 28, 100)],
        {},
        [("carboplatin + paclitaxel", 0, 100)],
    ),
    "a new drug after the window starts a line, what goes on is carried over": (
        [("paclitaxel", 0, 100), ("carboplatin", 29, 120)],
        {},
        [("paclitaxel", 0, 28), ("carboplatin + paclitaxel", 29, 120)],
    ),
    "a wider window": (
        [("paclitaxel", 0, 100), ("carboplatin", 29, 120)],
        {"window_days": 42},
        [("carboplatin + paclitaxel", 0, 120)],
    ),
    "stopping a drug starts no line": (
        [("docetaxel", 0, 120), ("trastuzumab + pertuzumab", 0, 400)],
        {},
        [("docetaxel + pertuzumab + trastuzumab", 0, 400)],
    ),
    "a pause up to the gap starts no line": (
        [("T-DXd", 0, 100), ("T-DXd", 190, 250)],
        {},
        [("T-DXd", 0, 250)],
    ),
    "a longer pause does": (
        [("T-DXd", 0, 100), ("T-DXd", 191, 250)],
        {},
        [("T-DXd", 0, 100), ("T-DXd", 191, 250)],
    ),
    "unless the gap is set aside": (
        [("T-DXd", 0, 100), ("T-DXd", 591, 650)],
        {"gap_days": None},
        [("T-DXd", 0, 650)],
    ),
    "endocrine maintenance after chemotherapy": (
        [("paclitaxel", 0, 100), ("letrozole", 130, 400)],
        {},
        [("letrozole + paclitaxel", 0, 400)],
    ),
    "no maintenance after progression": (
        [("paclitaxel", 0, 100, "progression"), ("letrozole", 130, 400)],
        {},
        [("paclitaxel", 0, 100), ("letrozole", 130, 400)],
    ),
    "no maintenance after a long pause": (
        [("paclitaxel", 0, 100), ("letrozole", 191, 400)],
        {},
        [("paclitaxel", 0, 100), ("letrozole", 191, 400)],
    ),
    "maintenance counted as a line": (
        [("paclitaxel", 0, 100), ("letrozole", 130, 400)],
        {"maintenance": False},
        [("paclitaxel", 0, 100), ("letrozole", 130, 400)],
    ),
    "after an ADC endocrine therapy is a line of its own": (
        [("T-DXd", 0, 100), ("fulvestrant", 110, 300)],
        {},
        [("T-DXd", 0, 100), ("fulvestrant", 110, 300)],
    ),
    "added to an ADC that goes on it is not": (
        [("T-DXd", 0, 200), ("fulvestrant", 110, 300)],
        {},
        [("T-DXd + fulvestrant", 0, 300)],
    ),
    "a second endocrine drug starts a line": (
        [("letrozole", 0, 200), ("palbociclib", 0, 200), ("fulvestrant", 201, 300)],
        {},
        [("letrozole + palbociclib", 0, 200), ("fulvestrant", 201, 300)],
    ),
    "a CDK4/6 inhibitor starts one": (
        [("letrozole", 0, 300), ("palbociclib", 90, 300)],
        {},
        [("letrozole", 0, 89), ("letrozole + palbociclib", 90, 300)],
    ),
    "ovarian suppression starts none": (
        [("letrozole + palbociclib", 0, 300), ("goserelin", 90, 500)],
        {},
        [("goserelin + letrozole + palbociclib", 0, 500)],
    ),
    "another form of paclitaxel starts none": (
        [("paclitaxel", 0, 60, "adverse event"), ("Abraxane", 70, 120)],
        {},
        [("nab-paclitaxel + paclitaxel", 0, 120)],
    ),
    "unless it was changed for progression": (
        [("paclitaxel", 0, 60, "progression"), ("Abraxane", 70, 120)],
        {},
        [("paclitaxel", 0, 60), ("nab-paclitaxel", 70, 120)],
    ),
    "or the study says so": (
        [("paclitaxel", 0, 60), ("Abraxane", 70, 120)],
        {"interchangeable": ()},
        [("paclitaxel", 0, 60), ("nab-paclitaxel", 70, 120)],
    ),
    "a second ADC starts a line inside the window": (
        [("T-DXd", 0, 10), ("SG", 21, 90)],
        {},
        [("T-DXd", 0, 10), ("SG", 21, 90)],
    ),
    "a drug after progression inside the window starts a line": (
        [("eribulin", 0, 8, "progression"), ("vinorelbine", 15, 60)],
        {},
        [("eribulin", 0, 8), ("vinorelbine", 15, 60)],
    ),
    "an ADC is not carried into a line with another one": (
        [("T-DXd", 0, 200), ("SG", 100, 300)],
        {},
        [("T-DXd", 0, 99), ("SG", 100, 300)],
    ),
    "a drug that ends inside the window of the next line is not carried over": (
        [("capecitabine", 0, 120), ("eribulin", 100, 300)],
        {},
        [("capecitabine", 0, 99), ("eribulin", 100, 300)],
    ),
    "an empty last dose goes on": ([("SG", 0)], {}, [("SG", 0, None)]),
    "an empty last dose ends when another line starts": (
        [("T-DXd", 0), ("eribulin", 200, 250)],
        {},
        [("T-DXd", 0, 199), ("eribulin", 200, 250)],
    ),
    "one row a cycle": (
        [("T-DXd", d) for d in range(0, 210, 21)],
        {},
        [("T-DXd", 0, None)],
    ),
    "one row a cycle, then another line": (
        [("T-DXd", d, d) for d in range(0, 210, 21)] + [("SG", 220, 220), ("SG", 241, 241)],
        {},
        [("T-DXd", 0, 189), ("SG", 220, 241)],
    ),
    "given again after another line": (
        [("T-DXd", 0, 100), ("eribulin", 110, 170), ("T-DXd", 180, 260)],
        {},
        [("T-DXd", 0, 100), ("eribulin", 110, 170), ("T-DXd", 180, 260)],
    ),
    "an ADC that goes on when a drug is added": (
        [("T-DXd", 0, 300), ("tucatinib", 100, 300)],
        {},
        [("T-DXd", 0, 99), ("T-DXd + tucatinib", 100, 300)],
    ),
    "drugs that start together start the line together": (
        [("paclitaxel", 0, 50), ("paclitaxel", 70, 150), ("trastuzumab", 70, 300)],
        {},
        [("paclitaxel", 0, 50), ("paclitaxel + trastuzumab", 70, 300)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "rule", "expected"), RULES.values(), ids=RULES)
def test_rule(rows, rule, expected):
    assert lines_of(rows, **rule) == expected


ADCS = {
    "alone": ([("SG", 0, 90)], [("SG", 0, 90)]),
    "goes on while a drug is added": ([("T-DXd", 0, 300), ("tucatinib", 100, 300)], [("T-DXd", 0, 300)]),
    "given again after another line": (
        [("T-DXd", 0, 100), ("eribulin", 110, 170), ("T-DXd", 180, 260)],
        [("T-DXd", 0, 100), ("T-DXd", 180, 260)],
    ),
    "given again after a long pause": (
        [("T-DXd", 0, 100), ("T-DXd", 200, 260)],
        [("T-DXd", 0, 100), ("T-DXd", 200, 260)],
    ),
    "added within the window of a line": ([("pembrolizumab", 0, 90), ("SG", 10, 80)], [("SG", 10, 80)]),
    "cut by the next line": ([("T-DXd", 0, 126), ("SG", 120, 200)], [("T-DXd", 0, 119), ("SG", 120, 200)]),
}


@pytest.mark.parametrize(("rows", "expected"), ADCS.values(), ids=ADCS)
def test_adcs_in_order(rows, expected):
    zero = (ORIGIN - courses.ORIGIN).days
    found = adc_treatments(derived(rows), Sequencing())
    assert [(t.agent.short, t.start - zero, t.stop - zero) for t in found] == expected


def test_reason_of_a_line_is_that_of_what_ended_last():
    found = derived([("T-DXd", 0, 100, "progression"), ("goserelin", 0, 130), ("SG", 140)])
    assert [v.reason for v in found] == ["progression", "ongoing"]


def test_lines_as_numbered():
    rows = [("T-DXd", 0, 100, "progression", 3), ("SG", 105, None, None, 4), ("eribulin", 200, 250, None, 6)]
    own, _ = courses.courses_of(exposures(rows))
    found = lines.given_lines(own["P"])
    assert [(v.number, v.regimen) for v in found] == [(3, "T-DXd"), (4, "SG"), (6, "eribulin")]
    table = lines.lines_table({"P": found})
    assert list(table["stop"]) == [ORIGIN + pd.Timedelta(days=d) for d in (100, 199, 250)]
    assert list(table["reason"]) == ["progression", None, None]


def test_doubled_and_overlapping_rows_are_merged_and_counted():
    rows = [("T-DXd", 0, 63), ("Enhertu", 0, 63), ("T-DXd", 42, 126), ("T-DXd", 127, 130), ("SG", 200, 210)]
    own, remarks = courses.courses_of(exposures(rows))
    first = own["P"][0]
    assert (first.stop - first.start, first.texts) == (130, ("Enhertu", "T-DXd"))
    assert remarks == [
        "Exposures that repeat another one, counted once: 1",
        "Exposures that touch another one of the drug, merged: 2",
    ]


DRUGS = ["T-DXd", "SG", "Dato-DXd", "paclitaxel", "nab-paclitaxel", "letrozole", "fulvestrant", "goserelin",
         "palbociclib", "capecitabine", "trastuzumab + pertuzumab"]  # fmt: skip
REASONS = [None, "progression", "adverse event", "ongoing", "other"]


@st.composite
def histories(draw):
    """Exposures of one patient; two ADCs never start on one day."""
    rows, used = [], set()
    for _ in range(draw(st.integers(1, 9))):
        drug, start = draw(st.sampled_from(DRUGS)), draw(st.integers(0, 700))
        if agents.read(drug).agents[0].adc and start in used:
            continue
        used |= {start} if agents.read(drug).agents[0].adc else set()
        stop = draw(st.one_of(st.none(), st.integers(start, start + 300)))
        rows.append((drug, start, stop, draw(st.sampled_from(REASONS)) if stop is not None else None))
    return rows or [("SG", 0, 10, None)]


def tables(rows, **rule):
    found = derived(rows, **rule)
    adcs = adc_treatments(found, Sequencing(**rule))
    summary = [(t.agent.short, t.start, t.stop, t.reason, t.first.number, t.until.number) for t in adcs]
    return lines.lines_table({"P": found}).astype(str).to_numpy().tolist(), summary


RULE = st.fixed_dictionaries(
    {
        "window_days": st.sampled_from([0, 28, 60]),
        "gap_days": st.sampled_from([None, 0, 90]),
        "maintenance": st.booleans(),
    }
)


@settings(max_examples=200, deadline=None)
@given(histories(), RULE, st.randoms())
def test_the_order_of_rows_does_not_matter(rows, rule, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert tables(rows, **rule) == tables(shuffled, **rule)


@settings(max_examples=100, deadline=None)
@given(histories(), RULE, st.data())
def test_a_doubled_row_changes_nothing(rows, rule, data):
    again = data.draw(st.sampled_from(rows))
    assert tables(rows, **rule) == tables([*rows, again], **rule)


@settings(max_examples=100, deadline=None)
@given(histories(), RULE, st.integers(-3000, 3000))
def test_shifting_all_dates_shifts_no_duration(rows, rule, by):
    moved = [(d, s + by, None if e is None else e + by, r) for d, s, e, r in rows]
    before, after = lines_of(rows, **rule), lines_of(moved, **rule)
    assert [(r, s + by, None if e is None else e + by) for r, s, e in before] == after


@settings(max_examples=200, deadline=None)
@given(histories(), RULE)
def test_lines_are_in_order_and_do_not_overlap(rows, rule):
    found = derived(rows, **rule)
    assert [v.number for v in found] == list(range(1, len(found) + 1))
    for line, following in pairwise(found):
        assert line.start <= line.stop < following.start
    assert all(v.stop is None or v.stop >= v.start for v in found)
    given_drugs = {a for r in rows for a in agents.read(r[0]).agents}
    assert {a for v in found for a in v.agents} == given_drugs
    for line in found:  # one ADC a line
        assert sum(a.adc for a in line.agents) <= 1
    for first, second in pairwise(adc_treatments(found, Sequencing(**rule))):
        assert first.stop < second.start
