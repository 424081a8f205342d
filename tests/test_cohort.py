"""From files to the analysis cohort: formats, joins, classification, inclusion."""

import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_study import PATIENTS, STUDY, write_study

from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError
from her2adc.stats.cohort import missing_patterns


def cohort_of(folder):
    return prepare_cohort(load_study(folder))


def test_classes_flow_and_endpoints_by_hand(tmp_path):
    cohort = cohort_of(write_study(tmp_path))
    # P07 is IHC 0 (not analysed), P11 is 2+ without ISH (not classified)
    assert cohort.data["her2_class"].value_counts().to_dict() == {"HER2-low": 5, "HER2-positive": 5}
    assert [s["n"] for s in cohort.flow] == [12, 11, 10]
    assert cohort.flow[0]["excluded"] == [{"reason": "IHC 2+ without an ISH result", "n": 1}]
    assert cohort.flow[1]["excluded"] == [{"reason": "HER2-zero", "n": 1}]
    first = cohort.data.iloc[0]
    assert first["PFS_time"] == pytest.approx(59 / 30.4375, abs=1e-12) and first["PFS_event"]
    assert cohort.data["age_60"].cat.categories.tolist() == ["<60", "≥60"]


def test_every_text_and_its_reading_is_listed(tmp_path):
    listed = cohort_of(write_study(tmp_path)).normalised
    assert listed["n"].sum() == 2 * len(PATIENTS)
    reading = dict(zip(listed["found"], listed["read_as"], strict=True))
    assert reading["3 +"] == reading["IHC 3+"] == "3+" and reading["FISH-"] == "not amplified"


def test_saved_and_loaded_cohort_is_the_same(tmp_path):
    cohort = cohort_of(write_study(tmp_path))
    cohort.save(tmp_path / "out")
    again = Cohort.load(tmp_path / "out")
    pd.testing.assert_frame_equal(again.data, cohort.data, check_dtype=False)
    assert again.data["liver"].cat.categories.tolist() == ["No", "Yes"]
    assert (again.flow, again.remarks) == (cohort.flow, cohort.remarks)


def _excel(frame, path):
    frame.to_excel(path, index=False)


def _spss(frame, path):
    coded = frame.assign(liver=frame["liver"].map({"no": 0.0, "yes": 1.0}))
    pyreadstat.write_sav(coded, str(path), variable_value_labels={"liver": {0.0: "no", 1.0: "yes"}})


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("patients.tsv", lambda f, p: f.to_csv(p, index=False, sep="\t")),
        ("semicolon.csv", lambda f, p: f.to_csv(p, index=False, sep=";")),
        ("patients.xlsx", _excel),
        ("dates.xlsx", lambda f, p: _excel(f.assign(start=pd.to_datetime(f["start"])), p)),
        ("patients.parquet", lambda f, p: f.to_parquet(p)),
        ("patients.sav", _spss),
    ],
)
def test_every_file_format_gives_the_same_cohort(tmp_path, name, write):
    want = cohort_of(write_study(tmp_path, "plain"))
    folder = write_study(tmp_path, "other", study={"data": {**STUDY["data"], "patients": name}})
    write(PATIENTS, folder / "data" / name)
    got = cohort_of(folder)
    columns = ["patient_id", "age", "liver", "her2_class", "PFS_time", "PFS_event", "best_response"]
    pd.testing.assert_frame_equal(got.data[columns], want.data[columns], check_dtype=False)


def test_dayfirst_dates_and_decimal_comma(tmp_path):
    swapped = PATIENTS.assign(
        age=PATIENTS["age"].astype(str) + ",0",
        **{
            c: PATIENTS[c].str.replace(r"(\d+)-(\d+)-(\d+)", r"\3/\2/\1", regex=True)
            for c in ("start", "progression", "last_seen")
        },
    )
    spec = {"file": "patients.csv", "dates": "dayfirst", "decimal": ",", "delimiter": ","}
    folder = write_study(
        tmp_path, "day", patients=swapped, study={"data": {**STUDY["data"], "patients": spec}}
    )
    want = cohort_of(write_study(tmp_path, "plain")).data
    got = cohort_of(folder).data
    assert (
        got["PFS_time"].tolist() == want["PFS_time"].tolist() and got["age"].tolist() == want["age"].tolist()
    )


def test_two_files_header_rows_and_patients_of_one_file(tmp_path):
    folder = write_study(
        tmp_path,
        study={
            "data": {
                **STUDY["data"],
                "patients": {
                    "sources": [
                        {
                            "file": "clinical.txt",
                            "extra_header_rows": 2,
                            "columns": {"patient_id": "barcode"},
                        },
                        {
                            "file": "outcome.xlsx",
                            "sheet": "B",
                            "where": "kind == 'X'",
                            "columns": {"patient_id": "id"},
                        },
                    ]
                },
            }
        },
    )
    left = PATIENTS[["patient_id", "age", "liver", "her2_ihc", "her2_ish"]].rename(
        columns={"patient_id": "barcode"}
    )
    names = pd.DataFrame([left.columns, [f"CDE_ID:{i}" for i in range(5)]], columns=left.columns)
    pd.concat([names, left]).to_csv(folder / "data" / "clinical.txt", sep="\t", index=False)
    right = PATIENTS[["patient_id", "start", "progression", "last_seen"]].rename(columns={"patient_id": "id"})
    right = pd.concat([right.iloc[:-1].assign(kind="X"), right.iloc[-1:].assign(kind="Y")])
    with pd.ExcelWriter(folder / "data" / "outcome.xlsx") as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="A")
        right.to_excel(book, sheet_name="B", index=False)
    cohort = cohort_of(folder)
    assert cohort.flow[0] == {
        "label": "Patients in any file",
        "n": 12,
        "excluded": [{"reason": "only in clinical.txt", "n": 1}],
    }
    assert len(cohort.data) == 9


def test_missing_codes_of_the_study(tmp_path):
    patients = PATIENTS.assign(age=PATIENTS["age"].astype(str).where(PATIENTS.index != 0, "-99"))
    folder = write_study(tmp_path, patients=patients, study={"data": {**STUDY["data"], "missing": ["-99"]}})
    assert cohort_of(folder).data["age"].isna().tolist() == [True] + [False] * 9


def test_specimens_latest_with_a_score_counts(tmp_path):
    tests = pd.DataFrame(
        [
            ("P01", "primary", "2020-01-01", "0", ""),
            ("P01", "metastasis", "2022-01-01", "3+", ""),
            ("P01", "metastasis", "2022-06-01", "[Not Evaluated]", ""),
            ("P02", "primary", "2020-01-01", "1+", ""),
        ],
        columns=["patient_id", "specimen", "date", "ihc", "ish"],
    )
    folder = write_study(
        tmp_path,
        study={
            "her2": {"table": "her2_tests", "analysed": ["HER2-low", "HER2-positive"]},
            "data": {**STUDY["data"], "her2_tests": "tests.csv"},
        },
    )
    tests.to_csv(folder / "data" / "tests.csv", index=False)
    data = cohort_of(folder).data.set_index("patient_id")
    assert data["her2_class"].to_dict() == {"P01": "HER2-positive", "P02": "HER2-low"}


def test_response_without_assessment_is_a_problem(tmp_path):
    patients = PATIENTS.assign(best="PR")
    assessments = pd.DataFrame(
        [(p, "2023-03-01", "PR") for p in PATIENTS["patient_id"][1:]],
        columns=["patient_id", "date", "response"],
    )
    folder = write_study(
        tmp_path, patients=patients, assessments=assessments, study={"response": {"column": "best"}}
    )
    with pytest.raises(StudyError, match="row 2, best: a response without any tumour assessment"):
        cohort_of(folder)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(12)))
def test_order_of_rows_does_not_matter(tmp_path_factory, order):
    tmp = tmp_path_factory.mktemp("order")
    want = cohort_of(write_study(tmp, "a")).data.set_index("patient_id").sort_index()
    got = cohort_of(write_study(tmp, "b", patients=PATIENTS.iloc[list(order)])).data.set_index("patient_id")
    pd.testing.assert_frame_equal(got.sort_index(), want)


def test_texts_declared_unknown_are_not_errors(tmp_path):
    patients = PATIENTS.assign(her2_ihc=PATIENTS["her2_ihc"].where(PATIENTS.index != 0, "lost"))
    her2 = {**STUDY["her2"], "unknown": ["lost"]}
    cohort = cohort_of(write_study(tmp_path, patients=patients, study={"her2": her2}))
    assert "no IHC score and no ISH" in cohort.unclassified["reason"].tolist()


def test_classes_without_patients_are_not_groups(tmp_path):
    cohort = cohort_of(write_study(tmp_path, study={"her2": {"edition": 2018}}))
    assert cohort.data["her2_class"].cat.categories.tolist() == ["HER2-zero", "HER2-low", "HER2-positive"]


def test_missing_patterns_add_up_to_all_patients():
    data = pd.DataFrame({"x": [1, None, None, None], "y": [1, 2, None, None], "z": [1, 2, 3, 4]})
    rows = missing_patterns(data, ["x", "y", "z"])
    assert dict(zip(rows["level"], rows["value"], strict=True)) == {"x; y": 2, "": 1, "x": 1}
    assert rows["value"].sum() == len(data)
    assert missing_patterns(data.assign(x=None, y=None), ["x", "y"])["level"].tolist() == ["x; y"]
