"""cBioPortal files, stacked and joined files, times from a patient's own origin, computed variables.

All files are written by hand here; every expected value is derived by hand.
"""

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from her2adc.cells import as_dates
from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError
from her2adc.expressions import columns_in, evaluate

PATIENTS = """\
#Patient Identifier\tOverall Survival (Months)\tOverall Survival Status\tSex\tSite, first
#who\thow long\twhat happened\tsex\tsite
#STRING\tNUMBER\tSTRING\tSTRING\tSTRING
#1\t1\t1\t1\t1
PATIENT_ID\tOS_MONTHS\tOS_STATUS\tSEX\tSITE
P1\t12.5\t1:DECEASED\tFemale\t"Bone, NOS"
P2\t30\t0:LIVING\tFemale\tLiver
P3\t[Not Available]\tNA\tMale\tLiver
P4\t8\t0:LIVING\tFemale\t[Not Available]
"""
SAMPLES = """\
#Patient Identifier\tSample Identifier\tSample Type\tMonths at Sampling
#a\tb\tc\td
#STRING\tSTRING\tSTRING\tNUMBER
#1\t1\t1\t1
PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\tAT
P1\tS1\tMetastasis\t9
P1\tS2\tPrimary\t0.5
P2\tS3\tPrimary\tNA
P2\tS4\tMetastasis\t20
P3\tS5\tPrimary\t1
P4\tS6\tPrimary\t8
"""
EXPORTED = """\
Study ID\tPatient ID\tSample ID\tOverall Survival (Months)\tOverall Survival Status\tSex\tSite, first
x\tP1\tS1\t12.5\t1:DECEASED\tFemale\tBone, NOS
x\tP2\tS3\t30\t0:LIVING\tFemale\tLiver
x\tP3\tS5\tNA\tNA\tMale\tLiver
x\tP4\tS6\t8\t0:LIVING\tFemale\tNA
"""
FEMALE = {"label": "Sex", "from": "SEX", "levels": ["Female", "Male"]}
STUDY = {
    "title": "t", "short_title": "t", "question": "q", "design": "d", "data_kind": "simulated",
    "group": "sex",
    "variables": {"sex": {"label": "Sex", "from": "sex_text", "levels": ["Female", "Male"]}},
    "baseline": {"variables": ["sex"]},
    "endpoints": {
        "OS": {"label": "Overall survival", "definition": "d", "time": "os", "event": "os_status"}
    },
    "chapters": ["cohort"],
}  # fmt: skip
BY_NAME = {"os": "Overall Survival (Months)", "os_status": "Overall Survival Status", "sex_text": "Sex"}
BY_ID = {"os": "OS_MONTHS", "os_status": "OS_STATUS", "sex_text": "SEX"}


def source(file, **extra):
    return {"file": file, "format": "cbioportal", **extra}


def made(tmp_path, files, data, **keys):
    """Write a study with its files, and prepare its cohort."""
    folder = tmp_path / "made"
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "data" / name).write_text(text, encoding="utf-8")
    (folder / "study.yml").write_text(yaml.safe_dump({**STUDY, "data": data, **keys}, sort_keys=False))
    return prepare_cohort(load_study(folder))


def message(tmp_path, files, data, **keys):
    with pytest.raises(StudyError) as error:
        made(tmp_path, files, data, **keys)
    return str(error.value)


@pytest.mark.parametrize("columns", [BY_NAME, BY_ID], ids=["display names", "identifiers"])
def test_data_set_form(tmp_path, columns):
    data = made(tmp_path, {"p.txt": PATIENTS}, {"patients": source("p.txt", columns=columns)}).data
    assert data["patient_id"].tolist() == ["P1", "P2", "P3", "P4"]
    assert data["OS_time"].dropna().tolist() == [12.5, 30, 8]
    assert data["OS_event"].tolist()[:2] == [True, False] and pd.isna(data["OS_event"][2])
    assert data["sex"].tolist() == ["Female", "Female", "Male", "Female"]
    assert data["SITE"].tolist() == ["Bone, NOS", "Liver", "Liver", None]  # columns not mapped keep names


def test_exported_form_gives_the_same(tmp_path):
    same = made(tmp_path, {"p.tsv": EXPORTED}, {"patients": source("p.tsv", columns=BY_NAME)}).data
    other = made(tmp_path, {"p.txt": PATIENTS}, {"patients": source("p.txt", columns=BY_NAME)}).data
    columns = ["patient_id", "OS_time", "OS_event", "sex"]
    pd.testing.assert_frame_equal(same[columns], other[columns])


def test_rows_are_those_of_the_file(tmp_path):
    files = {"p.txt": PATIENTS.replace("\t30\t", "\tthirty\t")}
    text = message(tmp_path, files, {"patients": source("p.txt", columns=BY_ID)})
    assert "p.txt, row 7, OS_MONTHS: is not a number (found: 'thirty')" in text


def test_unknown_event_code_names_cell_and_allowed_values(tmp_path):
    files = {"p.txt": PATIENTS.replace("0:LIVING", "2:LOST", 1)}
    text = message(tmp_path, files, {"patients": source("p.txt", columns=BY_ID)})
    assert "p.txt, row 7, OS_STATUS: OS: means neither event nor no event (found: '2:LOST')" in text


def test_a_name_that_is_neither_is_said(tmp_path):
    columns = {**BY_ID, "os": "OS_MONTH"}
    text = message(tmp_path, {"p.txt": PATIENTS}, {"patients": source("p.txt", columns=columns)})
    assert "p.txt, OS_MONTH: has no column 'OS_MONTH'" in text and "did you mean 'OS_MONTHS'?" in text


def test_only_this_format_finds_the_patient_by_itself(tmp_path):
    text = message(tmp_path, {"p.tsv": EXPORTED}, {"patients": {"file": "p.tsv", "columns": BY_NAME}})
    assert "has no column 'patient_id'" in text


def test_a_file_of_comments_alone_is_empty(tmp_path):
    text = message(tmp_path, {"p.txt": "#a\tb\n#1\t1\n"}, {"patients": source("p.txt", columns=BY_ID)})
    assert "p.txt: is empty: it has no data rows" in text


def test_patient_and_sample_file_join_on_the_first_sample(tmp_path):
    sources = [
        source("p.txt", columns=BY_ID),
        source("s.txt", columns={"sampled": "Months at Sampling"}, first_by="sampled"),
    ]
    files = {"p.txt": PATIENTS, "s.txt": SAMPLES}
    data = made(tmp_path, files, {"patients": {"sources": sources}}).data
    # the lowest of a patient counts, and a missing one comes last
    assert data["SAMPLE_ID"].tolist() == ["S2", "S4", "S5", "S6"]
    text = message(tmp_path, files, {"patients": {"sources": [sources[0], source("s.txt")]}})
    assert "s.txt, rows 6, 7, 8, 9, PATIENT_ID: the patient stands in more than one row" in text


@pytest.mark.parametrize(
    ("times", "kept"),
    [(["3", "3", "NA"], "A"), (["NA", "10", "9"], "C"), (["2021-02-01", "2020-12-31", ""], "B"),
     (["NA", "", "NA"], "A")],
)  # fmt: skip
def test_first_by_orders_numbers_and_dates(tmp_path, times, kept):
    rows = [f"P1\t{name}\t{t}\t5\t0\tMale" for name, t in zip("ABC", times, strict=True)]
    files = {"p.tsv": "\n".join(["patient_id\tname\tat\tos\tos_status\tsex_text", *rows])}
    data = made(tmp_path, files, {"patients": {"file": "p.tsv", "first_by": "at"}}).data
    assert data["name"].tolist() == [kept]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 4)), min_size=1, max_size=12))
def test_first_by_keeps_the_lowest_of_each_patient(tmp_path_factory, rows):
    lines = [f"{p}\t{t}\t5\t0\tMale" for p, t in rows]
    files = {"p.tsv": "\n".join(["patient_id\tat\tos\tos_status\tsex_text", *lines])}
    folder = tmp_path_factory.mktemp("first")
    data = made(folder, files, {"patients": {"file": "p.tsv", "first_by": "at"}}).data
    lowest = {p: min(t for q, t in rows if q == p) for p, _ in rows}
    assert {p: int(t) for p, t in zip(data["patient_id"], data["at"], strict=True)} == lowest


BROKEN_SOURCES = {
    "first_by": (
        {"first_by": "AT_"},
        ["study.yml, data.patients: 'first_by' of s.txt names no column", "did you mean 'AT'?"],
    ),
    "order": (
        {"first_by": "SAMPLE_TYPE"},
        ["s.txt, rows 6, 7, 8, 9, 10, 11, SAMPLE_TYPE: is no number and no date", "'Metastasis'"],
    ),
    "where": ({"where": "TYPE == 'x'"}, ["'where' of s.txt cannot be evaluated", "in backticks"]),
    "where, nobody": (
        {"where": "SAMPLE_TYPE == 'x'"},
        ["'where' keeps no row of s.txt", "SAMPLE_TYPE == 'x'"],
    ),
    "set": ({"columns": {"kind": "AT"}, "set": {"kind": "x"}}, ["'set' gives 'kind'", "keep one of the two"]),
}


@pytest.mark.parametrize("name", BROKEN_SOURCES)
def test_broken_sources(tmp_path, name):
    extra, words = BROKEN_SOURCES[name]
    sources = [source("p.txt", columns=BY_ID), source("s.txt", **extra)]
    text = message(tmp_path, {"p.txt": PATIENTS, "s.txt": SAMPLES}, {"patients": {"sources": sources}})
    assert [w for w in words if w not in text] == [], text


TIMELINE = """\
PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTREATMENT_TYPE\tAGENT
P1\t-5\t40\tTREATMENT\tChemotherapy\tPaclitaxel
P1\t100\t\tTREATMENT\tTargeted\tTrastuzumab
P2\t0\t12\tTREATMENT\tChemotherapy\tCapecitabine
"""


def timeline(**extra):
    columns = {"start": "START_DATE", "stop": "STOP_DATE", "type": "TREATMENT_TYPE", "agent": "AGENT"}
    return {
        "patients": source("p.txt", columns=BY_ID),
        "exposures": source("t.txt", dates="days", columns=columns, **extra),
    }


def test_timeline_file_in_days(tmp_path):
    files = {"p.txt": PATIENTS, "t.txt": TIMELINE}
    found = made(tmp_path, files, timeline()).tables["exposures"]
    assert (found["stop"] - found["start"]).dt.days.tolist()[::2] == [45, 12] and pd.isna(found["stop"][1])
    assert (found["start"][1] - found["start"][0]).days == 105
    assert found[["agent", "type"]].iloc[1].tolist() == ["Trastuzumab", "Targeted"]
    chosen = made(tmp_path, files, timeline(where="type == 'Targeted'")).tables["exposures"]
    assert chosen["agent"].tolist() == ["Trastuzumab"]


@pytest.mark.parametrize("bad", ["2020-01-01", "soon", "99999999"])
def test_days_that_are_no_days(tmp_path, bad):
    files = {"p.txt": PATIENTS, "t.txt": TIMELINE.replace("-5", bad)}
    text = message(tmp_path, files, timeline())
    assert f"t.txt, row 2, START_DATE: is not a number of days within a lifetime (found: {bad!r})" in text
    assert "counts days from an origin of the patient's own" in text


@pytest.mark.parametrize(
    ("line", "words"),
    [("1.5", "allowed: a whole number"), ("0", "allowed: 1 to 40"), ("-", "is not a number")],
)
def test_a_line_of_therapy_is_a_whole_number(tmp_path, line, words):
    files = {"p.txt": PATIENTS, "t.txt": TIMELINE.replace("Chemotherapy\tPaclitaxel", f"{line}\tPaclitaxel")}
    data = timeline()
    data["exposures"]["columns"] |= {"line": "TREATMENT_TYPE", "type": "EVENT_TYPE"}
    data["exposures"]["where"] = "agent == 'Paclitaxel'"
    assert f"t.txt, row 2, TREATMENT_TYPE: {words}" in message(tmp_path, files, data)


def test_months_keep_their_fractions():
    at = as_dates(pd.Series(["499,7", "520,25", None]), "months", ",")
    assert at.isna().tolist() == [False, False, True]
    assert (at[1] - at[0]).total_seconds() / 86_400 / 30.4375 == pytest.approx(20.55, abs=1e-9)


TESTS = {
    "p.txt": PATIENTS,
    "a.csv": "patient_id,when,score,fish\nP1,10/01/2020,1+,\nP2,15/03/2020,2+,negative\n",
    "b.tsv": "patient_id\tdate\tihc\tish\tHow seen\nP1\t2021-04-01\t3+\t\tby eye\n"
    "P1\t2022-04-01\t0\t\tlost\nP4\t2021-05-01\t2+\tamplified\tby eye\n",
}


def stacked():
    columns = {"date": "when", "ihc": "score", "ish": "fish"}
    sources = [
        {"file": "a.csv", "dates": "dayfirst", "columns": columns, "set": {"specimen": "primary"}},
        {"file": "b.tsv", "set": {"specimen": "metastasis"}, "where": "`How seen` == 'by eye'"},
    ]
    return {"patients": source("p.txt", columns=BY_ID), "her2_tests": {"sources": sources}}


def test_files_of_other_tables_are_stacked(tmp_path):
    tests = made(tmp_path, TESTS, stacked()).tables["her2_tests"]
    assert tests["patient_id"].tolist() == ["P1", "P2", "P1", "P4"]
    assert tests["specimen"].tolist() == ["primary", "primary", "metastasis", "metastasis"]
    assert tests["date"].dt.strftime("%Y-%m-%d").tolist() == [
        "2020-01-10", "2020-03-15", "2021-04-01", "2021-05-01"
    ]  # fmt: skip
    assert tests["How seen"].isna().tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("a.csv", "15/03/2020", "2020.15.03", ["a.csv, row 3, when: is not a date", "no such day"]),
        ("b.tsv", "2021-05-01", "01/05/2021", ["b.tsv, row 4, date: is not a date", "2024-05-31"]),
        ("b.tsv", "P4", "P9", ["b.tsv, row 4, patient_id", "not in the table of patients", "'P9'"]),
        ("b.tsv", "P4\t", "\t", ["b.tsv, row 4, patient_id: the patient has no id"]),
    ],
)
def test_problems_of_stacked_files_name_their_own_cell(tmp_path, file, old, new, words):
    text = message(tmp_path, {**TESTS, file: TESTS[file].replace(old, new)}, stacked())
    assert [w for w in words if w not in text] == [], text


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 4), max_size=6), st.lists(st.integers(1, 4), max_size=6))
def test_stacking_keeps_every_row_in_order(tmp_path_factory, left, right):
    files = {"p.txt": PATIENTS}
    for name, ids in (("a.csv", left), ("b.csv", right)):
        files[name] = "\n".join(["patient_id,ihc,ish", *(f"P{i},1+," for i in ids), "P1,0,"])
    sources = [{"file": n, "set": {"specimen": n}} for n in ("a.csv", "b.csv")]
    data = {"patients": source("p.txt", columns=BY_ID), "her2_tests": {"sources": sources}}
    tests = made(tmp_path_factory.mktemp("stack"), files, data).tables["her2_tests"]
    assert tests["patient_id"].tolist() == [f"P{i}" for i in [*left, 1, *right, 1]]
    assert tests["specimen"].tolist() == ["a.csv"] * (len(left) + 1) + ["b.csv"] * (len(right) + 1)


DATED = """\
patient_id\tdx\tdead\tlast\tsex_text\tweight\theight
P1\t500.5\t\t524.5\tFemale\t60\t2
P2\t600\t590.25\t590.25\tFemale\t80\t2
P3\t480\t498\t\tMale\t\t2
"""
DATES = {"label": "OS", "definition": "d", "start": "dx", "events": "dead", "censor": "last"}


def dated(tmp_path, text=DATED, source_keys=None, **keys):
    data = {"patients": {"file": "p.tsv", "dates": "months", **(source_keys or {})}}
    return made(tmp_path, {"p.tsv": text}, data, **{"endpoints": {"OS": DATES}, **keys})


def test_endpoint_from_months_and_no_date_in_its_problems(tmp_path):
    good = DATED.replace("590.25", "610.25")
    data = dated(tmp_path, good).data
    assert data["OS_time"].tolist() == pytest.approx([24, 10.25, 18], abs=1e-9)
    assert data["OS_event"].tolist() == [False, True, True]
    with pytest.raises(StudyError) as error:
        dated(tmp_path)
    text = str(error.value)
    assert "p.tsv, row 3, dead: OS: lies before the start of the clock, dx = 600 (found: '590.25')" in text
    assert "19" not in text.replace("590", "").replace("p.tsv", ""), text  # no year anywhere


def test_a_cutoff_means_nothing_without_a_calendar(tmp_path):
    with pytest.raises(StudyError, match=r"endpoints\.OS\.cutoff: a calendar date means nothing"):
        dated(tmp_path, endpoints={"OS": {**DATES, "cutoff": "2020-01-01"}})


def test_a_follow_up_problem_shows_the_cell(tmp_path):
    late = DATED.replace("524.5", "499").replace("590.25", "610.25")
    with pytest.raises(StudyError, match=r"row 2, last: the last contact lies before .*\(found: '499'\)"):
        dated(tmp_path, late, endpoints={}, follow_up={"start": "dx", "end": "last"})


def test_event_where_that_cannot_be_evaluated(tmp_path):
    rule = {**DATES, "event_where": "weigth > 3"}
    with pytest.raises(StudyError, match=r"study\.yml, endpoints\.OS\.event_where: cannot be evaluated"):
        dated(tmp_path, DATED.replace("590.25", "610.25"), endpoints={"OS": rule})


def variables(expression, **extra):
    return {"variables": {**STUDY["variables"], "bmi": {"label": "BMI", "expression": expression, **extra}}}


def test_expression_by_hand(tmp_path):
    good = DATED.replace("590.25", "610.25")
    data = dated(tmp_path, good, **variables("weight / height ** 2")).data
    assert data["bmi"].tolist()[:2] == [15, 20] and pd.isna(data["bmi"][2])
    cut = dated(tmp_path, good, **variables("weight / height ** 2", cut=[18])).data
    assert cut["bmi"].tolist()[:2] == ["<18", "≥18"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("weigth / height", ["p.tsv, weigth: has no column 'weigth'", "variables.bmi.expression"]),
        ("weight / ", ["study.yml, variables.bmi.expression: is not an expression", "'weight / '"]),
        ("weight == 3", ["variables.bmi.expression: is not arithmetic over columns and numbers"]),
        ("__import__('os')", ["variables.bmi.expression: only these functions are known: abs"]),
        ("weight.sum()", ["variables.bmi.expression: 'weight.sum(...)' is not understood"]),
        ("sex_text * 2", ["p.tsv, rows 2, 3, 4, sex_text: is not a number (found: 'Female', 'Male')"]),
        ("weight / (height - 2)", ["rows 2, 3, bmi: weight / (height - 2) has no value here", "height = 2"]),
        ("dx / 12", ["study.yml, dx: the column is used as a date and as a number", "two names"]),
    ],
)
def test_broken_expressions(tmp_path, expression, words):
    with pytest.raises(StudyError) as error:
        dated(tmp_path, DATED.replace("590.25", "610.25"), **variables(expression))
    assert [w for w in words if w not in str(error.value)] == [], str(error.value)


def test_one_column_may_have_two_names(tmp_path):
    columns = {"dx": "dx", "dx_number": "dx"}
    text = DATED.replace("590.25", "610.25")
    data = dated(tmp_path, text, {"columns": columns}, **variables("dx_number / 12")).data
    assert data["bmi"].tolist() == pytest.approx([500.5 / 12, 50, 40])


@given(st.floats(-1e3, 1e3), st.floats(0.5, 1e3))
def test_expressions_compute_what_python_does(a, b):
    frame = pd.DataFrame({"a b": [a], "c": [b]})
    assert evaluate(frame, "sqrt(c) - `a b` / c ** 2")[0] == pytest.approx(b**0.5 - a / b**2)
    assert columns_in("sqrt(c) - `a b` / c ** 2") == ["c", "a b"]


ENTRY = """\
patient_id\tos\tos_status\tsex_text\tseen
P1\t12\t1\tFemale\t3
P2\t30\t0\tFemale\t30
P3\t20\t0\tMale\t
P4\t9\t2:OTHER\tFemale\t-4
"""
LATE = {"label": "OS", "definition": "d", "time": "os", "event": "os_status", "entry": "seen",
        "competing_values": ["2"]}  # fmt: skip


def test_entry_of_the_analysed_only_has_to_be_known(tmp_path):
    data = {"patients": {"file": "p.tsv"}}
    text = message(tmp_path, {"p.tsv": ENTRY}, data, endpoints={"OS": LATE})
    assert "p.tsv, row 4, seen: OS: not known when the patient came under observation" in text
    women = [{"exclude": "sex == 'Male'", "reason": "Male"}]
    cohort = made(tmp_path, {"p.tsv": ENTRY}, data, endpoints={"OS": LATE}, inclusion=women)
    assert cohort.data["OS_entry"].tolist()[::2] == [3, 0]
    assert cohort.data["OS_cause"].tolist()[::2] == [1, 2]
    assert cohort.data["OS_event"].tolist()[::2] == [True, False]
    assert cohort.data.loc[1, ["OS_time", "OS_event", "OS_entry", "OS_cause"]].isna().all()
    assert [r for r in cohort.remarks if r.startswith("1 patient came under observation when")]
    assert not [c for c in cohort.data if c.endswith("_never")]


def test_outcomes_are_yes_or_no(tmp_path):
    rule = {"label": "pCR", "definition": "d", "column": "response", "no_event_values": ["0"]}
    rows = [f"P{i}\t1\t0\tMale\t{found}" for i, found in enumerate(["1:pCR", "0", ""])]
    text = "\n".join(["patient_id\tos\tos_status\tsex_text\tresponse", *rows])
    data = {"patients": {"file": "p.tsv"}}
    found = made(tmp_path, {"p.tsv": text}, data, outcomes={"pCR": rule}).data["pCR"]
    assert found.tolist()[:2] == ["yes", "no"] and pd.isna(found[2])
    assert found.cat.ordered and found.cat.categories.tolist() == ["no", "yes"]
    bad = text.replace("Male\t0\n", "Male\tmaybe\n")
    words = message(tmp_path, {"p.tsv": bad}, data, outcomes={"pCR": rule})
    assert "p.tsv, row 3, response: pCR: means neither yes nor no (found: 'maybe')" in words
    assert "outcomes.pCR.event_values" in words
    gone = message(tmp_path, {"p.tsv": text}, data, outcomes={"pCR": {**rule, "column": "respons"}})
    assert "has no column 'respons', which study.yml uses as an outcome" in gone
