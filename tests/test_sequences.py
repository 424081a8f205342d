"""From a file of exposures to sequences of ADCs and their endpoints, by hand for a few patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.cohort import prepare_cohort
from her2adc.config import Sequencing, load_study
from her2adc.errors import StudyError

# All dates are days from the first dose of the first ADC, so that months are days / 30.4375.
STUDY = """
title: Sequences of antibody-drug conjugates
short_title: Sequences
question: T-DXd first, or sacituzumab govitecan?
design: Made up for a test
data_kind: simulated
data:
  patients: {file: patients.csv, dates: days}
  exposures: {file: exposures.csv, dates: days}
  assessments: {file: assessments.csv, dates: days}
sequencing:
  death: death
  last_contact: last_contact
group: old
variables: {age: {label: Age}, old: {label: Age, from: age, cut: [55]}}
baseline: {variables: [age, adc1_arm, sequence, intervening_lines]}
endpoints:
  PFS1:
    label: Progression-free survival on the first ADC
    definition: from the first dose of the first ADC to progression or death
    start: adc1_start
    events: [adc1_progression, adc1_death]
    censor: adc1_censor
  PFS2:
    label: Progression-free survival on the second ADC
    definition: from the first dose of the second ADC to progression or death
    start: adc2_start
    events: [adc2_progression, adc2_death]
    censor: adc2_censor
  PFStotal:
    label: Progression-free survival over both ADCs
    definition: from the first dose of the first ADC to progression on the second one, or death
    start: adc1_start
    events: pfs_total_event
    censor: pfs_total_censor
  PFSregistered:
    label: Progression-free survival over both ADCs, as registered
    definition: from the first dose of the first ADC to the earliest progression on either, or death
    start: adc1_start
    events: [adc1_progression, adc2_progression, adc1_death]
    censor: adc1_censor
  TTNT:
    label: Time to next treatment
    definition: from the first dose of the first ADC to the next line or death
    start: adc1_start
    events: [next1_start, death]
    censor: last_contact
  TTD:
    label: Time to treatment discontinuation
    definition: from the first to the last dose of the first ADC, or death
    start: adc1_start
    events: [adc1_stop, death]
    censor: last_contact
  OS:
    label: Overall survival
    definition: from the first dose of the first ADC to death
    start: adc1_start
    events: death
    censor: last_contact
  OS2:
    label: Overall survival from the second ADC
    definition: from the first dose of the second ADC to death
    start: adc2_start
    events: death
    censor: last_contact
main_endpoint: PFS1
follow_up: {start: adc1_start, end: last_contact}
response: {start: adc1_start}
chapters: [cohort]
"""

# agent, start, stop, reason, type
EXPOSURES = {
    "both": [
        ("Enhertu 5.4 mg/kg", 0, 200, "PD", ""),
        ("Trodelvy", 210, 330, "progression", ""),
    ],
    "death": [("T-DXd", 0, 90, "death", "")],
    "ongoing": [("sacituzumab govitecan-hziy", 0, "", "", "")],
    "no_pd": [("DS-8201a", 0, 100, "pneumonitis (toxicity)", ""), ("capecitabine", 120, "", "", "")],
    "again": [
        ("T-DXd", 0, 100, "progression", ""),
        ("eribulin mesylate", 110, 170, "", ""),
        ("T-DXd", 180, 260, "progression", ""),
    ],
    "combined": [
        ("SG + pembrolizumab", 0, 150, "progression", ""),
        ("T-DXd", 160, "", "ongoing", ""),
    ],
    "overlap": [
        ("T-DXd", 0, 63, "", ""),
        ("T-DXd", 0, 63, "", ""),
        ("fam-trastuzumab deruxtecan", 42, 126, "progression", ""),
        ("IMMU-132", 120, 180, "progression", ""),
    ],
    "earlier": [
        ("letrozole + palbociclib", -300, -20, "progression", ""),
        ("T-DXd", 0, "", "", ""),
        ("denosumab", 10, "", "", ""),
        ("fulvestrant", 50, "", "", ""),
    ],
    "none": [("Xeloda", 0, 50, "", "")],
    "three": [
        ("Kadcyla", -900, -600, "completed", "adjuvant"),
        ("T-DXd", 0, 80, "progression", ""),
        ("SG", 90, 150, "progression", ""),
        ("Dato-DXd", 160, 200, "progression", ""),
    ],
}
ASSESSMENTS = {
    "both": [(60, "PR"), (205, "PD"), (260, "SD"), (335, "PD")],
    "death": [(42, "SD"), (84, "SD")],
    "ongoing": [(60, "PR"), (120, "PR")],
    "no_pd": [(50, "SD"), (95, "SD"), (180, "PD")],
    "again": [(50, "SD"), (262, "PD")],
    "combined": [(80, "CR"), (155, "PD"), (200, "SD"), (260, "NE")],
    "overlap": [(60, "SD"), (182, "PD")],
    "earlier": [(-150, "SD"), (60, "PR"), (200, "PD")],
    "three": [(85, "PD"), (150, "PD"), (200, "PD")],
}
# death, last contact
PATIENTS = {
    "both": (400, 400),
    "death": (100, 100),
    "ongoing": ("", 150),
    "no_pd": ("", 300),
    "again": ("", 300),
    "combined": ("", 265),
    "overlap": (230, 230),
    "earlier": ("", 210),
    "none": ("", 60),
    "three": (230, 230),
}
# days and event of each endpoint, None when the clock never starts
EXPECTED = {
    # T-DXd until PD; the scan of day 205, within 42 days of the last dose, dates it
    "both": {"PFS1": (205, True), "PFS2": (125, True), "PFStotal": (335, True), "PFSregistered": (205, True),
             "TTNT": (210, True), "TTD": (200, True), "OS": (400, True), "OS2": (190, True)},
    # death before a second ADC is an event of everything but PFS2 and OS2
    "death": {"PFS1": (100, True), "PFS2": None, "PFStotal": (100, True), "PFSregistered": (100, True),
              "TTNT": (100, True), "TTD": (90, True), "OS": (100, True), "OS2": None},
    # still on it: free of progression until the last scan, on treatment until the last contact
    "ongoing": {"PFS1": (120, False), "PFS2": None, "PFStotal": (150, False), "PFSregistered": (120, False),
                "TTNT": (150, False), "TTD": (150, False), "OS": (150, False), "OS2": None},
    # next line for toxicity: PFS1 is censored at the last scan before it; the PD on capecitabine is not its
    "no_pd": {"PFS1": (95, False), "PFS2": None, "PFStotal": (300, False), "PFSregistered": (95, False),
              "TTNT": (120, True), "TTD": (100, True), "OS": (300, False), "OS2": None},
    # T-DXd, eribulin, T-DXd: no scan shows the first progression, so the last dose dates it
    "again": {"PFS1": (100, True), "PFS2": (82, True), "PFStotal": (262, True), "PFSregistered": (100, True),
              "TTNT": (110, True), "TTD": (100, True), "OS": (300, False), "OS2": (120, False)},
    # a scan that cannot be evaluated does not prolong PFS2
    "combined": {"PFS1": (155, True), "PFS2": (40, False), "PFStotal": (200, False),
                 "PFSregistered": (155, True), "TTNT": (160, True), "TTD": (150, True),
                 "OS": (265, False), "OS2": (105, False)},
    # T-DXd recorded until day 126 ends on day 119, before SG
    "overlap": {"PFS1": (119, True), "PFS2": (62, True), "PFStotal": (182, True),
                "PFSregistered": (119, True), "TTNT": (120, True), "TTD": (119, True),
                "OS": (230, True), "OS2": (110, True)},
    # treatment beyond progression; fulvestrant added to T-DXd is no next line, denosumab is none at all
    "earlier": {"PFS1": (200, True), "PFS2": None, "PFStotal": (210, False), "PFSregistered": (200, True),
                "TTNT": (210, False), "TTD": (210, False), "OS": (210, False), "OS2": None},
    "none": dict.fromkeys(["PFS1", "PFS2", "PFStotal", "PFSregistered", "TTNT", "TTD", "OS", "OS2"]),
    # adjuvant T-DM1 is not the first ADC; the scan of day 150, before ADC3, belongs to SG
    "three": {"PFS1": (85, True), "PFS2": (60, True), "PFStotal": (150, True), "PFSregistered": (85, True),
              "TTNT": (90, True), "TTD": (80, True), "OS": (230, True), "OS2": (140, True)},
}  # fmt: skip
SEQUENCES = {
    # sequence, n_adcs, line of ADC 1, lines between, washout in days, same target, payload, payload class
    "both": ("T-DXd → SG", 2, 1, 0, 10, "No", "No", "Yes"),
    "death": ("T-DXd only", 1, 1, None, None, None, None, None),
    "ongoing": ("SG only", 1, 1, None, None, None, None, None),
    "no_pd": ("T-DXd only", 1, 1, None, None, None, None, None),
    "again": ("T-DXd → T-DXd", 2, 1, 1, 80, "Yes", "Yes", "Yes"),
    "combined": ("SG → T-DXd", 2, 1, 0, 10, "No", "No", "Yes"),
    "overlap": ("T-DXd → SG", 2, 1, 0, 1, "No", "No", "Yes"),
    "earlier": ("T-DXd only", 1, 2, None, None, None, None, None),
    "none": (None, 0, None, None, None, None, None, None),
    "three": ("T-DXd → SG", 3, 1, 0, 10, "No", "No", "Yes"),
}
RESPONSES = {
    "both": ("PR", "SD"),
    "death": ("SD", None),
    "ongoing": ("PR", None),
    "no_pd": ("SD", None),
    "again": ("SD", "PD"),
    "combined": ("CR", "NE"),  # stable on day 40 of T-DXd, less than six weeks
    "overlap": ("SD", "PD"),
    "earlier": ("PR", None),
    "none": (None, None),
    "three": ("PD", "PD"),
}


def write(root, *, exposures=EXPOSURES, patients=PATIENTS, assessments=ASSESSMENTS, **changes):
    """Write the study with some keys changed; return its folder."""
    folder = root / "sequences"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    study = yaml.safe_load(STUDY)
    study["sequencing"] |= changes.pop("sequencing", {})
    study |= changes
    if assessments is None:
        study["data"].pop("assessments")
        study.pop("response")
    (folder / "study.yml").write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    pd.DataFrame(
        [(p, 50 + i, *v) for i, (p, v) in enumerate(patients.items())],
        columns=["patient_id", "age", "death", "last_contact"],
    ).to_csv(folder / "data/patients.csv", index=False)
    pd.DataFrame(
        [(p, *r) for p, rows in exposures.items() for r in rows],
        columns=["patient_id", "agent", "start", "stop", "reason", "type"],
    ).to_csv(folder / "data/exposures.csv", index=False)
    if assessments is not None:
        pd.DataFrame(
            [(p, *r) for p, rows in assessments.items() for r in rows],
            columns=["patient_id", "date", "response"],
        ).to_csv(folder / "data/assessments.csv", index=False)
    return folder


def prepare(folder):
    """Load and prepare the study of a folder."""
    return prepare_cohort(load_study(folder))


def texts(values):
    return [None if pd.isna(v) else v for v in values]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Return the cohort of the worked example."""
    return prepare(write(tmp_path_factory.mktemp("worked")))


@pytest.fixture(scope="module")
def data(cohort):
    """Return its patients by name."""
    return cohort.data.set_index("patient_id")


@pytest.mark.parametrize("patient", EXPECTED)
def test_endpoints_by_hand(data, patient):
    for endpoint, expected in EXPECTED[patient].items():
        months, event = data.loc[patient, [f"{endpoint}_time", f"{endpoint}_event"]]
        if expected is None:
            assert pd.isna(months), endpoint
            assert pd.isna(event), endpoint
        else:
            assert (round(months * 30.4375, 6), event) == expected, endpoint


@pytest.mark.parametrize("patient", SEQUENCES)
def test_sequence_by_hand(data, patient):
    row = data.loc[patient]
    columns = ["sequence", "n_adcs", "adc1_line", "intervening_lines", "washout_months", "same_target",
               "same_payload", "same_payload_class"]  # fmt: skip
    found = texts(row[columns])
    found[4] = None if found[4] is None else round(found[4] * 30.4375, 6)
    assert tuple(found) == SEQUENCES[patient]


@pytest.mark.parametrize("patient", RESPONSES)
def test_best_response_on_each_adc(data, patient):
    assert tuple(texts(data.loc[patient, ["best_response_adc1", "best_response_adc2"]])) == RESPONSES[patient]


def test_denominators_shrink_with_each_adc(data):
    had = [int(data[f"adc{k}_start"].notna().sum()) for k in (1, 2, 3)]
    assert had == [9, 5, 1]
    assert [int(data[f"best_response_adc{k}"].notna().sum()) for k in (1, 2, 3)] == had


def test_the_registered_composite_is_the_first_progression_free_survival(data):
    assert data["PFSregistered_time"].equals(data["PFS1_time"])
    assert data["PFSregistered_event"].equals(data["PFS1_event"])


def test_description_of_each_adc(data):
    row = data.loc["combined"]
    assert (row["adc1_agent"], row["adc1_partners"], row["adc2_agent"], row["adc2_partners"]) == (
        "SG", "pembrolizumab", "T-DXd", "")  # fmt: skip
    assert (row["adc1_target"], row["adc1_payload"], row["adc2_target"], row["adc2_payload"]) == (
        "TROP2", "SN-38", "HER2", "DXd")  # fmt: skip
    assert (row["adc1_reason"], row["next1_regimen"], row["adc2_reason"]) == (
        "progression", "T-DXd", "ongoing")  # fmt: skip
    assert pd.isna(row["adc2_stop"])
    assert (data.loc["three", "early_adc"], data.loc["three", "adc3_agent"]) == ("T-DM1", "Dato-DXd")
    assert data["early_adc"].notna().sum() == 1
    assert data.loc["no_pd", "adc1_reason"] == "adverse event"
    assert data.loc["none", ["adc1_agent", "adc1_target", "adc1_payload"]].isna().all()


def test_levels_keep_the_order_of_the_study_without_the_empty_ones(data):
    assert list(data["adc1_arm"].cat.categories) == ["T-DXd first", "SG first"]
    assert list(data["sequence"].cat.categories) == [
        "T-DXd only", "T-DXd → T-DXd", "T-DXd → SG", "SG only", "SG → T-DXd"]  # fmt: skip


def test_tables_of_lines_and_courses(cohort):
    lines, courses = cohort.tables["lines"], cohort.tables["courses"]
    earlier = lines[lines["patient_id"].eq("earlier")]
    assert earlier[["line", "regimen", "adc", "classes"]].to_numpy().tolist() == [
        [1, "letrozole + palbociclib", None, "endocrine + CDK4/6 inhibitor"],
        [2, "T-DXd + fulvestrant", "T-DXd", "ADC + endocrine"],
    ]
    overlap = courses[courses["patient_id"].eq("overlap")]
    assert overlap[["agent", "adc_number", "texts"]].to_numpy().tolist() == [
        ["T-DXd", 1, "T-DXd; fam-trastuzumab deruxtecan"],
        ["SG", 2, "IMMU-132"],
    ]
    assert list((overlap["stop"] - overlap["start"]).dt.days) == [126, 60]  # as recorded
    assert not courses["agent"].eq("denosumab").any()


def test_what_was_met_is_remarked_with_counts(cohort):
    assert cohort.remarks[:5] == [
        "Rows of drugs that make no line, left out: 1",
        "Exposures in early disease, which belong to no line: 1",
        "Exposures that repeat another one, counted once: 1",
        "Exposures that touch another one of the drug, merged: 1",
        "Lines that reach into the next one, ended before it: 1",
    ]


def test_without_assessments_the_last_dose_and_the_next_line_speak(tmp_path):
    data = prepare(write(tmp_path, assessments=None)).data.set_index("patient_id")
    found = {p: (round(t * 30.4375), bool(e)) for p, t, e in
             data.loc[data["adc1_start"].notna(), ["PFS1_time", "PFS1_event"]].itertuples()}  # fmt: skip
    assert found == {
        "both": (200, True), "death": (100, True), "ongoing": (150, False), "no_pd": (120, False),
        "again": (100, True), "combined": (150, True), "overlap": (119, True), "earlier": (210, False),
        "three": (80, True),
    }  # fmt: skip
    assert "best_response_adc1" not in data


def test_a_late_scan_does_not_date_a_progression(tmp_path):
    rows = {"both": [("T-DXd", 0, 100, "progression", "")]}
    patients = {"both": ("", 400)}
    for day, expected in ((142, 142), (143, 100)):
        folder = write(tmp_path, exposures=rows, patients=patients, assessments={"both": [(day, "PD")]})
        data = prepare(folder).data
        assert round(data["PFS1_time"][0] * 30.4375) == expected
    folder = write(tmp_path, exposures=rows, patients=patients, assessments={"both": [(143, "PD")]},
                   sequencing={"assessment_days": 60})  # fmt: skip
    assert round(prepare(folder).data["PFS1_time"][0] * 30.4375) == 143


def test_early_disease_by_a_date_of_the_patient(tmp_path):
    folder = write(tmp_path, exposures={"a": [("SG", 0, 50, "", ""), ("T-DXd", 200, "", "", "")]},
                   patients={"a": ("", 400)}, assessments={"a": [(250, "SD")]})  # fmt: skip
    frame = pd.read_csv(folder / "data/patients.csv")
    frame.assign(metastatic=100).to_csv(folder / "data/patients.csv", index=False)
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    study["sequencing"]["since"] = "metastatic"
    (folder / "study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    row = prepare(folder).data.iloc[0]
    assert (row["adc1_agent"], row["adc1_line"], row["early_adc"]) == ("T-DXd", 1, "SG")


def test_lines_as_numbered_in_the_table_of_treatments(tmp_path):
    folder = write(tmp_path, patients={"a": ("", 500), "b": ("", 300)}, exposures={},
                   assessments={"a": [(60, "SD")]})  # fmt: skip
    pd.DataFrame(
        [
            ("a", 3, "trastuzumab deruxtecan (T-DXd)", 0, 100, "progression"),
            ("a", 4, "other treatment", 110, 140, ""),
            ("a", 6, "SG/pembrolizumab", 200, "", "ongoing"),
            ("b", 2, "Trodelvy", 0, 90, "toxicity"),
        ],
        columns=["patient_id", "line", "regimen", "start", "stop", "stop_reason"],
    ).to_csv(folder / "data/treatments.csv", index=False)
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    study["data"]["treatments"] = {"file": "treatments.csv", "dates": "days"}
    del study["data"]["exposures"]
    study["sequencing"]["agents"] = {"other treatment": "other therapy"}
    (folder / "study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    data = prepare(folder).data.set_index("patient_id")
    assert list(data["sequence"].astype(str)) == ["T-DXd → SG", "SG only"]
    assert list(data["adc1_line"]) == [3, 2]
    found = data.loc["a", ["adc2_line", "intervening_lines", "next1_regimen"]]
    assert found.tolist() == [6, 2, "other therapy"]


def problems_of(folder):
    with pytest.raises(StudyError) as error:
        prepare(folder)
    return str(error.value)


BROKEN = {
    "unknown drug": ([("Trodelvi", 0, 10, "", "")], {}, ["exposures.csv, row 2, agent", "'Trodelvi'",
                     "did you mean 'sacituzumab govitecan'?", "sequencing.agents"]),
    "unknown part": ([("SG + xyz", 0, 10, "", "")], {}, ["row 2, agent", "no drug that is known: 'xyz'"]),
    "stop before start": ([("SG", 20, 10, "", "")], {}, ["row 2, stop", "before the first", "'10'"]),
    "no start": ([("SG", "", 10, "", "")], {}, ["row 2, start", "first dose has no date"]),
    "start after death": ([("SG", 450, "", "", "")], {}, ["row 2, start", "after the death", "'450'"]),
    "progression without a date": ([("SG", 0, "", "PD", "")], {}, ["row 2, stop", "stopped for progression"]),
    "two ADCs at once": ([("SG", 0, 10, "", ""), ("T-DXd", 0, 20, "", "")], {},
                         ["rows 2, 3, agent", "two ADCs start on one day"]),
    "study names no drug": ([("SG", 0, 10, "", "")], {"agents": {"x": "no drug"}},
                            ["sequencing.agents.x", "'no drug'"]),
    "arm that is no ADC": ([("SG", 0, 10, "", "")], {"adcs": ["SG", "Enhertu"]},
                           ["sequencing.adcs", "'Enhertu'"]),
    "lines without numbers": ([("SG", 0, 10, "", "")], {"lines": "given"}, ["row 2, line", "no line number"]),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "rule", "words"), BROKEN.values(), ids=BROKEN)
def test_a_problem_names_its_cell(tmp_path, rows, rule, words):
    folder = write(tmp_path, exposures={"both": rows}, sequencing=rule)
    message = problems_of(folder)
    assert [w for w in words if w in message] == words, message


def test_unknown_drugs_can_be_kept(tmp_path):
    rows = {"both": [("compound 7", 0, 60, "", ""), ("T-DXd", 100, "", "", "")]}
    cohort = prepare(write(tmp_path, exposures=rows, sequencing={"unknown": "keep"}))
    assert list(cohort.tables["lines"]["regimen"]) == ["compound 7", "T-DXd"]
    assert "Rows with a drug that is not known (compound 7): 1" in cohort.remarks


def test_lines_out_of_order_are_a_problem(tmp_path):
    folder = write(tmp_path, exposures={"both": [("SG", 0, 10, "", ""), ("T-DXd", 50, 60, "", "")]})
    file = folder / "data/exposures.csv"
    pd.read_csv(file).assign(line=[2, 1]).to_csv(file, index=False)
    assert "row 2, line" in problems_of(folder)


def test_a_column_that_is_derived_is_not_read_from_the_file(tmp_path, data):
    folder = write(tmp_path)
    file = folder / "data/patients.csv"
    pd.read_csv(file).assign(n_adcs=7).to_csv(file, index=False)
    cohort = prepare(folder)
    assert cohort.data["n_adcs"].tolist() == data["n_adcs"].tolist()
    assert any("the column 'n_adcs' is not read" in remark for remark in cohort.remarks)


def test_who_has_no_adc_has_no_arm_and_leaves_with_that_reason(tmp_path):
    cohort = prepare(write(tmp_path, group="adc1_arm"))
    assert "none" not in set(cohort.data["patient_id"])
    assert cohort.flow[-2]["excluded"] == [{"reason": "No antibody-drug conjugate", "n": 1}]


def test_deaths_that_endpoints_count_need_their_column(tmp_path):
    folder = write(tmp_path)
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    del study["sequencing"]["death"]
    (folder / "study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    with pytest.raises(StudyError, match="adc1_death, adc2_death, pfs_total_event"):
        load_study(folder)


def test_who_has_no_adc_has_none_of_its_columns(tmp_path):
    rows = {"both": [("Zometa", 0, 50, "", "")], "three": [("T-DM1", 0, 50, "", "adjuvant")]}
    cohort = prepare(write(tmp_path, exposures=rows))
    assert cohort.data["n_lines"].eq(0).all()
    assert cohort.data["adc1_arm"].isna().all()
    assert cohort.data["PFS1_time"].isna().all()
    assert len(cohort.tables["lines"]) == len(cohort.tables["courses"]) == 0
    cohort.save(tmp_path / "saved")


def test_calendar_dates_and_days_do_not_mix(tmp_path):
    folder = write(tmp_path)
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    study["data"]["patients"] = "patients.csv"
    (folder / "study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    patients = pd.read_csv(folder / "data/patients.csv")
    patients.assign(death="2024-01-01", last_contact="2024-01-01").to_csv(
        folder / "data/patients.csv", index=False
    )
    assert "patients.csv, dates: has calendar dates, and assessments.csv times" in problems_of(folder)


def test_levels_of_who_is_left_out_are_left_out(tmp_path):
    folder = write(tmp_path, inclusion=[{"exclude": "adc1_agent == 'SG'", "reason": "SG first"}])
    assert list(prepare(folder).data["adc1_arm"].cat.categories) == ["T-DXd first"]


def test_sequencing_needs_a_table(tmp_path):
    folder = write(tmp_path)
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    del study["data"]["exposures"]
    (folder / "study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    with pytest.raises(StudyError, match="need the table 'exposures'"):
        load_study(folder)


def test_derived_names_are_known_to_the_study_file(tmp_path):
    study = load_study(write(tmp_path))
    data = prepare_cohort(study).data
    for name, variable in study.derived.items():
        assert name in data, name
        if variable.levels:
            assert set(data[name].cat.categories) <= set(variable.level_names)
    assert study.sequencing is not None
    assert set(data) >= study.sequencing.derived_dates


def timeline(n: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients and a treatment timeline in the shape of cBioPortal, days from diagnosis."""
    rng = np.random.default_rng(seed)
    steps = [["LETROZOLE", "PALBOCICLIB"], ["CAPECITABINE"], ["FAM-TRASTUZUMAB DERUXTECAN"], ["ERIBULIN"],
             ["SACITUZUMAB GOVITECAN"], ["PACLITAXEL PROTEIN-BOUND", "PEMBROLIZUMAB"]]  # fmt: skip
    rows, patients = [], []
    for i in range(n):
        day = int(rng.integers(0, 900))
        for step in rng.permutation(len(steps))[: rng.integers(1, len(steps) + 1)]:
            last = day + int(rng.integers(20, 300))
            rows += [(f"P-{i:07d}", day, last, "TREATMENT", "Medical Therapy", a) for a in steps[step]]
            rows += [(f"P-{i:07d}", day, last, "TREATMENT", "Radiation Therapy", "")] if step == 1 else []
            day = last + int(rng.integers(1, 60))
        patients.append((f"P-{i:07d}", int(rng.integers(30, 85)), day + 100, day + 100 if i % 3 else None))
    names = ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE", "TREATMENT_TYPE", "AGENT"]
    people = pd.DataFrame(patients, columns=["PATIENT_ID", "AGE", "LAST_DAY", "DEATH_DAY"], dtype=object)
    return people, pd.DataFrame(rows, columns=names)


PORTAL = """
title: A treatment timeline
short_title: Timeline
question: Which sequence?
design: Made up for a test
data_kind: simulated
data:
  patients:
    file: data_clinical_patient.txt
    format: cbioportal
    dates: days
    columns: {patient_id: PATIENT_ID, age: AGE, death: DEATH_DAY, last_contact: LAST_DAY}
  exposures:
    file: data_timeline_treatment.txt
    format: cbioportal
    dates: days
    where: TREATMENT_TYPE == 'Medical Therapy'
    columns: {patient_id: PATIENT_ID, agent: AGENT, start: START_DATE, stop: STOP_DATE}
sequencing: {death: death, last_contact: last_contact}
group: adc1_arm
variables: {age: {label: Age}}
baseline: {variables: [age, sequence]}
endpoints:
  TTNT:
    label: Time to next treatment
    definition: from the first dose of the first ADC to the next line or death
    start: adc1_start
    events: [next1_start, death]
    censor: last_contact
  OS2:
    label: Overall survival from the second ADC
    definition: from the first dose of the second ADC to death
    start: adc2_start
    events: death
    censor: last_contact
inclusion: [{exclude: n_adcs == 0, reason: no ADC}]
chapters: [cohort]
"""


def write_portal(root, n):
    folder = root / "timeline"
    (folder / "data").mkdir(parents=True)
    (folder / "study.yml").write_text(PORTAL, encoding="utf-8")
    patients, events = timeline(n)
    patients.to_csv(folder / "data/data_clinical_patient.txt", sep="\t", index=False)
    events.to_csv(folder / "data/data_timeline_treatment.txt", sep="\t", index=False)
    return folder


def test_a_cbioportal_timeline_needs_a_study_file_only(tmp_path):
    _, events = timeline(400)
    cohort = prepare(write_portal(tmp_path, 400))
    drugs = events[events["TREATMENT_TYPE"].eq("Medical Therapy")]
    adcs = drugs[drugs["AGENT"].isin(["FAM-TRASTUZUMAB DERUXTECAN", "SACITUZUMAB GOVITECAN"])]
    assert len(cohort.data) == adcs["PATIENT_ID"].nunique()
    # by another way: the first ADC of each patient, and the first drug that starts after it
    first = adcs.sort_values("START_DATE").groupby("PATIENT_ID").first()
    data = cohort.data.set_index("patient_id")
    assert data["adc1_agent"].eq(first["AGENT"].map(
        {"FAM-TRASTUZUMAB DERUXTECAN": "T-DXd", "SACITUZUMAB GOVITECAN": "SG"})).all()  # fmt: skip
    later = drugs.merge(first["START_DATE"].rename("zero"), left_on="PATIENT_ID", right_index=True)
    following = later[later["START_DATE"] > later["zero"]].groupby("PATIENT_ID")["START_DATE"].min()
    expected = (following - first["START_DATE"]).reindex(data.index)
    found = (data["next1_start"] - data["adc1_start"]).dt.days
    pd.testing.assert_series_equal(found, expected, check_names=False, check_dtype=False)


def test_a_thousand_patients_pass(tmp_path):
    cohort = prepare_cohort(load_study(write_portal(tmp_path, 1000)))
    assert len(cohort.data) > 500


@settings(max_examples=15, deadline=None)
@given(st.integers(-4000, 4000), st.randoms())
def test_moving_all_days_and_mixing_all_rows_changes_no_duration(tmp_path_factory, by, random):
    def moved(value):
        return value if value == "" else value + by

    exposures = {p: [(a, moved(s), moved(e), *r) for a, s, e, *r in rows] for p, rows in EXPOSURES.items()}
    for rows in exposures.values():
        random.shuffle(rows)
    folder = write(
        tmp_path_factory.mktemp("moved"),
        exposures=exposures,
        patients={p: (moved(d), moved(c)) for p, (d, c) in PATIENTS.items()},
        assessments={p: [(moved(d), r) for d, r in rows] for p, rows in ASSESSMENTS.items()},
    )
    data = prepare(folder).data.set_index("patient_id")
    for patient, endpoints in EXPECTED.items():
        for name, expected in endpoints.items():
            found = data.loc[patient, f"{name}_time"]
            assert (None if pd.isna(found) else round(found * 30.4375, 6)) == (expected and expected[0])


def test_defaults_are_the_ones_documented():
    rule = Sequencing()
    assert (rule.window_days, rule.gap_days, rule.maintenance, rule.assessment_days) == (28, 90, True, 42)
