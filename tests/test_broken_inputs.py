"""Broken study files and data: each gives one clear message with file, row, column and remedy."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from small_study import ASSESSMENTS, PATIENTS, STUDY, write_study

from her2adc.__main__ import main
from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError


def edit(column, row, value):
    frame = PATIENTS.astype(object).copy()
    frame.loc[row, column] = value
    return {"patients": frame}


def key(**changes):
    return {"study": changes}


def repeated_names():
    return {"patients": pd.concat([pd.DataFrame([dict(zip(PATIENTS, PATIENTS, strict=True))]), PATIENTS])}


ROOT = Path(__file__).parents[1]

# what is broken: (how, words the one message has to hold)
BROKEN = {
    "missing column": (
        {"patients": PATIENTS.drop(columns="start")},
        ["patients.csv", "'start'", "as a date"],
    ),
    "wrong type": (edit("age", 2, "sixty"), ["patients.csv, row 4, age", "not a number", "'sixty'"]),
    "two header rows": (
        repeated_names(),
        ["patients.csv, row 2", "repeat the names", "extra_header_rows: 1"],
    ),
    "duplicate id": (edit("patient_id", 3, "P01"), ["patients.csv, rows 2, 5", "more than one row", "'P01'"]),
    "no id": (edit("patient_id", 3, ""), ["patients.csv, row 5, patient_id", "has no id"]),
    "negative time": (
        edit("last_seen", 1, "2022-12-31"),
        ["row 3, last_seen", "before the start", "2023-01-10"],
    ),
    "unknown IHC code": (edit("her2_ihc", 2, "4+"), ["row 4, her2_ihc", "not understood", "write 0", "'4+'"]),
    "unknown ISH code": (edit("her2_ish", 2, "perhaps"), ["row 4, her2_ish", "not amplified", "'perhaps'"]),
    "unknown level": (
        edit("liver", 4, "maybe"),
        ["row 6, liver", "no level of 'Liver metastasis'", "'maybe'"],
    ),
    "out of range": (edit("age", 0, 510), ["row 2, age", "outside 18 to 110", "'510'"]),
    "date of another form": (edit("start", 5, "10/01/2023"), ["row 7, start", "not a date", "dayfirst"]),
    "impossible date": (edit("last_seen", 5, "2023-02-30"), ["row 7, last_seen", "'2023-02-30'"]),
    "no date of last observation": (edit("last_seen", 1, ""), ["row 3, last_seen", "no event and no date"]),
    "orphan": (
        {"assessments": pd.concat([ASSESSMENTS, ASSESSMENTS.iloc[:1].assign(patient_id="P99")])},
        ["assessments.csv, row 14, patient_id", "not in the table of patients", "'P99'"],
    ),
    "unknown response": (
        {"assessments": ASSESSMENTS.assign(response=["XX", *ASSESSMENTS["response"][1:]])},
        ["assessments.csv, row 2, response", "allowed: CR, PR, SD, PD, NE", "'XX'"],
    ),
    "nobody left": ({"patients": PATIENTS.assign(her2_ihc="0", her2_ish="")}, ["no patient is left"]),
    "unknown key": (key(endpoint={}), ["study.yml", "endpoint", "unknown key", "did you mean 'endpoints'?"]),
    "unknown key inside": (key(her2={"editon": 2018}), ["her2.editon", "did you mean 'edition'?"]),
    "value not allowed": (key(her2={"edition": 2017}), ["her2.edition", "2013, 2018 or 2023", "'2017'"]),
    "variable not defined": (key(subgroups=["lever"]), ["subgroups", "did you mean 'liver'?", "'lever'"]),
    "endpoint of a page": (
        key(chapters=[{"notebook": "survival", "parameters": {"endpoint": "PFX"}}]),
        ["chapters.0.parameters.endpoint", "did you mean 'PFS'?", "'PFX'"],
    ),
    "missing key": (key(title=None), ["title"]),
    "no such file": (
        key(data={"patients": "patient.csv"}, response=None),
        ["patient.csv", "not in the data folder"],
    ),
    "kind of file": (
        key(data={**STUDY["data"], "patients": "patients.doc"}),
        ["patients.doc", "cannot be read"],
    ),
    "bad expression": (key(inclusion=[{"exclude": "agee > 3", "reason": "x"}]), ["inclusion", "agee"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_clear_message(tmp_path, name):
    how, words = BROKEN[name]
    folder = write_study(tmp_path, **how)
    with pytest.raises(StudyError) as error:
        prepare_cohort(load_study(folder))
    text = str(error.value)
    assert [w for w in words if w not in text] == [], text
    assert text.count("\n") <= 3, f"one message, not many:\n{text}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["is empty"]),
        (b"patient_id,age\n", ["is empty"]),
        ("patient_id,age\nP\u00e9,4\n".encode("latin-1"), ["row 2", "not UTF-8 text", "encoding"]),
        (b"patient_id,age\nP1,4,5,6\n", ["row 2", "4 cells where the header has 2"]),
        (b"id,age\nP1,4\n", ["no column 'patient_id'", "the file has: id, age"]),
    ],
)
def test_broken_files(tmp_path, content, words):
    folder = write_study(tmp_path)
    (folder / "data" / "patients.csv").write_bytes(content)
    with pytest.raises(StudyError) as error:
        prepare_cohort(load_study(folder))
    assert [w for w in words if w not in str(error.value)] == [], str(error.value)


def test_not_an_excel_file(tmp_path):
    folder = write_study(tmp_path, study={"data": {**STUDY["data"], "patients": "patients.xlsx"}})
    (folder / "data" / "patients.xlsx").write_text("patient_id,age")
    with pytest.raises(StudyError, match=r"patients\.xlsx: cannot be read"):
        prepare_cohort(load_study(folder))


def test_broken_yaml_names_the_row(tmp_path):
    folder = write_study(tmp_path)
    (folder / "study.yml").write_text("title: a\nher2: [1, 2\n")
    with pytest.raises(StudyError, match=r"study\.yml, row 3: is not valid YAML"):
        load_study(folder)


def test_all_problems_come_at_once(tmp_path):
    patients = PATIENTS.astype(object).copy()
    patients.loc[0, "age"], patients.loc[3, "start"], patients.loc[5, "liver"] = "old", "soon", "?"
    patients.loc[6, "her2_ihc"], patients.loc[8, "patient_id"] = "5+", "P01"
    with pytest.raises(StudyError) as error:
        prepare_cohort(load_study(write_study(tmp_path, patients=patients)))
    columns = sorted(p.column for p in error.value.problems)
    assert columns == ["age", "her2_ihc", "liver", "patient_id", "patient_id", "start"]


def test_line_of_the_key_is_named(tmp_path):
    folder = write_study(tmp_path, study={"her2": {"editon": 2018}})
    line = (folder / "study.yml").read_text().splitlines().index("  editon: 2018") + 1
    with pytest.raises(StudyError) as error:
        load_study(folder)
    assert error.value.problems[0].row == line


def test_validate_prints_and_exits(tmp_path, capsys):
    good, bad = write_study(tmp_path, "good"), write_study(tmp_path, "bad", **edit("age", 2, "sixty"))
    assert main(["validate", str(good)]) == 0
    assert "IHC 2+ without an ISH result: 1" in capsys.readouterr().out
    assert main(["validate", str(bad)]) == 1
    assert "row 4, age" in capsys.readouterr().out


def test_undeclared_parameter_and_unknown_notebook(tmp_path, capsys):
    chapters = [{"notebook": "survival", "parameters": {"landmark": 3}}, "no_such_notebook"]
    assert main(["validate", str(write_study(tmp_path, study={"chapters": chapters}))]) == 1
    out = capsys.readouterr().out
    assert "chapters.0.parameters" in out and "'landmark'" in out
    assert "no such notebook" in out and "'no_such_notebook'" in out


def test_shipped_studies_are_whole():
    for path in ("studies/fudan_tdxd", "studies/tcga_brca", "studies/msk_breast_2018", "studies/metabric"):
        text = (ROOT / path / "study.yml").read_text(encoding="utf-8")
        assert yaml.safe_load(text)["id"] == load_study(ROOT / path).id


def test_no_ish_column_is_one_message_and_an_empty_list_says_that_it_was_not_done(tmp_path):
    without = PATIENTS.drop(columns="her2_ish")
    with pytest.raises(StudyError) as error:
        prepare_cohort(load_study(write_study(tmp_path, patients=without)))
    assert len(error.value.problems) == 1
    assert "has no column 'her2_ish'" in str(error.value) and "her2.ish: []" in str(error.value)
    her2 = {"ish": [], "analysed": ["HER2-zero", "HER2-low", "HER2-positive"]}
    cohort = prepare_cohort(load_study(write_study(tmp_path, patients=without, study={"her2": her2})))
    assert set(cohort.unclassified["reason"]) == {"IHC 2+ without an ISH result"}
