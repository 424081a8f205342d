"""Files as other hospitals and programs write them: read rightly, or named with a cure that holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import corpus
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError

N = corpus.N


def read(folder: Path, write: Callable[[Path], object] | None = None, **changes: Any) -> Cohort:
    """Cohort of the good study with columns of patients or keys of the study file changed."""
    files = corpus.Files()
    for key, value in changes.items():
        if key in files.patients or key == "x":
            files.patients[key] = value
        else:
            files.study[key] = value
    files.write(folder)
    if write:
        write(folder / "data")
    return prepare_cohort(load_study(folder))


def faults(folder: Path, write: Callable[[Path], object] | None = None, **changes: Any) -> str:
    with pytest.raises(StudyError) as error:
        read(folder, write, **changes)
    return str(error.value)


def patients(**keys: Any) -> dict[str, Any]:
    return {"patients": {"file": "patients.csv", **keys}, "adverse_events": "adverse_events.csv"}


# --- codes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelled", [["1", "0"], ["1.0", "0.0"], ["１", "０"]])
def test_a_code_of_values_is_known_in_each_of_its_spellings(tmp_path, spelled):
    # 0 means yes here, as some forms have it: 0.0 must not fall back on the usual meaning of 0
    told = patients(values={"liver": {"0": "yes", "1": "no"}})
    cohort = read(tmp_path / "s", liver=spelled * (N // 2), data=told)
    assert cohort.data["liver"].tolist() == ["No", "Yes"] * (N // 2)


@pytest.mark.parametrize("place", ["column", "all", "variable"])
def test_a_missing_code_is_known_in_each_of_its_spellings(tmp_path, place):
    ages = ["99.0", "99", *map(str, range(40, 38 + N))]
    told = patients(missing={"age": ["99"]}) if place == "column" else patients()
    told |= {"missing": ["99"]} if place == "all" else {}
    variables = {**corpus.STUDY["variables"]}
    if place == "variable":
        variables["age"] = {**variables["age"], "missing": ["99"]}
    cohort = read(tmp_path / "s", age=ages, data=told, variables=variables)
    assert cohort.data["age"].isna().sum() == 2


def test_codes_of_ish_and_of_unknown_results_are_known_in_each_of_their_spellings(tmp_path):
    ish = ["", "0.0", "0", "9.0", "", "", "", "1.0", "", "", "0", ""]
    told = patients(values={"her2_ish": {"0": "not amplified", "1": "amplified"}})
    cohort = read(
        tmp_path / "s", her2_ish=ish, data=told, her2={"edition": 2018, "unknown": {"her2_ish": ["9"]}}
    )
    assert cohort.data["her2_class"].value_counts().to_dict() == {
        "HER2-low": 6, "HER2-positive": 5, "HER2-zero": 1}  # fmt: skip


def test_ids_are_compared_as_they_are(tmp_path):
    told = patients(values={"patient_id": {"1": "P99"}})
    cohort = read(
        tmp_path / "s",
        lambda d: (d / "adverse_events.csv").write_text("patient_id,term,grade,onset,related\n"),
        patient_id=["1.0", *corpus.PATIENTS["patient_id"][1:]],
        data={"patients": told["patients"]},
    )
    assert "1.0" in cohort.data["patient_id"].tolist()


def test_a_number_that_is_usually_a_code_is_remarked_on(tmp_path):
    cohort = read(tmp_path / "s", dfs_months=[5, 20, 13, 30, 8, 11, 24, 9, 18, 12, 15, 98])
    assert any("dfs_months: 1 cell holds 98, far from all others" in r for r in cohort.remarks)


def test_an_empty_cell_beside_nothing_but_yes_is_remarked_on_and_the_cure_holds(tmp_path):
    liver = ["yes", ""] * (N // 2)
    remarks = read(tmp_path / "a", liver=liver).remarks
    assert any("liver: all 6 filled cells mean Yes, and 6 are empty" in r for r in remarks)
    cohort = read(tmp_path / "b", liver=liver, data=patients(values={"liver": {"": "no"}}))
    assert cohort.data["liver"].tolist() == ["Yes", "No"] * (N // 2)
    assert not any("filled cells" in r for r in cohort.remarks)


@pytest.mark.parametrize(
    ("column", "text"), [("ki67", "1,234"), ("age", "1'234"), ("age", "63,5"), ("her2_ish", "2"),
                         ("her2_ihc", "HER2 低表达"), ("start", "2022-Q1"), ("best", "3")]
)  # fmt: skip
def test_advice_gives_no_meaning_that_only_the_hospital_knows(tmp_path, column, text):
    found = faults(tmp_path / "s", **{column: [*corpus.PATIENTS[column][:2].astype(str), text,
                                              *corpus.PATIENTS[column][3:].astype(str)]})  # fmt: skip
    assert "row 4" in found
    if column != "best":
        quote = '"' if "'" in text else "'"
        assert f"{{{quote}{text}{quote}: ...}}" in found
    assert "decimal: ','" not in found or text == "63,5"


def test_a_placeholder_for_no_date_names_the_key_that_empties_it(tmp_path):
    dates = corpus.PATIENTS["progression"].replace("", "1900-01-01")
    assert "data.patients.missing.progression" in faults(tmp_path / "a", progression=dates)
    cohort = read(tmp_path / "b", progression=dates, data=patients(missing={"progression": ["1900-01-01"]}))
    assert cohort.data["progression"].notna().sum() == 6


def test_times_in_another_unit_are_remarked_on(tmp_path):
    months = (pd.to_datetime(corpus.PATIENTS["last_seen"]) - pd.to_datetime(corpus.PATIENTS["start"])).dt.days
    right = read(tmp_path / "a", dfs_months=(months / 30.4375).round(2)).remarks
    years = read(tmp_path / "b", dfs_months=(months / 365.25).round(2), dfs_event="0").remarks
    days = read(tmp_path / "c", dfs_months=months).remarks
    assert [any("endpoints.DFS.unit" in r for r in x) for x in (right, years, days)] == [False, True, True]


def test_an_expression_too_large_is_a_problem_with_its_place(tmp_path):
    variables = {**corpus.STUDY["variables"], "p": {"label": "P", "expression": "9 ** 9 ** 9 ** 9"}}
    assert "study.yml, variables.p.expression" in faults(tmp_path / "s", variables=variables)


# --- ids, sheets, tables ---------------------------------------------------------------------------------


def workbook(
    folder: Path, ids: list[Any] | None = None, more: Callable[[Any, Any], object] | None = None
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Daten"
    sheet.append(list(corpus.PATIENTS.columns))
    for i, row in enumerate(corpus.PATIENTS.to_numpy().tolist()):
        sheet.append([ids[i] if ids else row[0], *(None if v == "" else v for v in row[1:])])
    if more:
        more(book, sheet)
    book.save(folder / "c.xlsx")


XLSX = {"patients": {"file": "c.xlsx"}}


def test_a_long_number_as_id_is_no_id_and_not_a_patient_in_two_rows(tmp_path):
    ids = [1234567890123456789 + 1000 * i for i in range(N)]
    found = faults(tmp_path / "s", lambda d: workbook(d, ids), data=XLSX)
    assert "more digits than the file keeps" in found
    assert "first_by" not in found and "missing:" not in found


def test_an_id_that_a_spreadsheet_wrote_as_a_power_of_ten_is_named(tmp_path):
    ids = ["1.23457E+18", *corpus.PATIENTS["patient_id"][1:]]
    assert "row 2, patient_id: the id is a number that a spreadsheet has rounded" in faults(
        tmp_path / "s", patient_id=ids, data={"patients": "patients.csv"}
    )


def test_the_first_sheet_that_is_shown_is_read(tmp_path):
    def hidden(book, _):
        book.create_sheet("Codes", 0).sheet_state = "hidden"
        book["Codes"]["A1"] = "x"

    cohort = read(tmp_path / "s", lambda d: workbook(d, more=hidden), data=XLSX)
    assert len(cohort.data) == N
    assert any("'Daten' is read, and not 'Codes'" in r for r in cohort.remarks)


def test_a_sheet_of_a_text_file_is_a_problem(tmp_path):
    assert "has no sheets" in faults(tmp_path / "s", data=patients(sheet="Baseline"))


def test_a_second_table_below_holds_no_patients_and_the_cure_holds(tmp_path):
    def second(_, sheet):
        for i, row in enumerate((("Arm A", 45), ("Arm B", 50)), start=N + 4):
            sheet.cell(i, 1, row[0])
            sheet.cell(i, 2, row[1])

    found = faults(tmp_path / "a", lambda d: workbook(d, more=second), data=XLSX)
    assert "below an empty row" in found
    rule = "patient_id not in ['Arm A', 'Arm B']"
    assert rule in found
    told = {"patients": {"file": "c.xlsx", "where": rule}}
    assert len(read(tmp_path / "b", lambda d: workbook(d, more=second), data=told).data) == N


def test_a_column_that_one_of_two_stacked_files_spells_otherwise_is_a_problem(tmp_path):
    def halves(folder, name="Liver "):
        corpus.PATIENTS[:6].to_csv(folder / "a.csv", index=False)
        corpus.PATIENTS[6:].rename(columns={"liver": name}).to_csv(folder / "b.csv", index=False)

    stacked = {"combine": "stack", "sources": [{"file": "a.csv"}, {"file": "b.csv"}]}
    found = faults(tmp_path / "a", lambda d: halves(d, "Liver"), data={"patients": stacked})
    assert "b.csv, Liver: has no column 'liver', which another file of the table has" in found
    stacked["sources"][1]["columns"] = {"liver": "Liver"}
    cohort = read(tmp_path / "b", lambda d: halves(d, "Liver"), data={"patients": stacked})
    assert cohort.data["liver"].notna().all()
    del stacked["sources"][1]["columns"]
    cohort = read(tmp_path / "c", lambda d: halves(d, "hepar"), data={"patients": stacked})
    assert any("b.csv: has no column 'liver'" in r for r in cohort.remarks)


def test_an_spss_file_is_read_by_its_labels_and_its_missing_values(tmp_path):
    frame = corpus.PATIENTS.copy()
    frame["liver"] = [9.0, *[1.0, 2.0] * 5, 1.0]
    for c in corpus.DATES:
        frame[c] = pd.to_datetime(frame[c].replace("", None))
    labels = {"liver": {1.0: "yes", 2.0: "no", 9.0: "not known"}}

    def write(folder, labels=labels):
        pyreadstat.write_sav(frame, str(folder / "c.sav"), variable_value_labels=labels,
                             missing_ranges={"liver": [9.0]})  # fmt: skip

    sav = {"patients": {"file": "c.sav"}}
    cohort = read(tmp_path / "a", write, data=sav)
    assert cohort.data["liver"].isna().tolist() == [True] + [False] * (N - 1)
    assert cohort.data["liver"].tolist()[1:3] == ["Yes", "No"]
    pd.testing.assert_series_equal(cohort.data["PFS_time"], read(tmp_path / "b").data["PFS_time"])
    # without labels 1 and 2 are codes, and 2 is not guessed to be no
    assert "is no level of 'Liver metastasis' (found: '2')" in faults(
        tmp_path / "c", lambda d: write(d, None), data=sav
    )


# --- other tables ------------------------------------------------------------------------------------------


def test_two_assessments_of_one_day_and_assessments_before_the_start_are_remarked_on(tmp_path):
    def write(folder):
        rows = [("P01", "2022-03-01", "PD"), ("P01", "2022-03-01", "PR"), ("P02", "2021-03-01", "PR")]
        visits = pd.DataFrame(rows, columns=["patient_id", "date", "response"])
        visits.to_csv(folder / "assessments.csv", index=False)

    data = {"patients": "patients.csv", "assessments": "assessments.csv"}
    remarks = read(tmp_path / "s", write, data=data, response={"start": "start"}).remarks
    assert any("on 1 day a patient has two different assessments, the first in row 2" in r for r in remarks)
    assert any("1 patient has assessments before start only" in r for r in remarks)


def test_a_last_dose_after_death_is_a_problem(tmp_path):
    def write(folder):
        rows = [("P01", "T-DXd", "2022-01-10", "2023-09-01")]
        doses = pd.DataFrame(rows, columns=["patient_id", "agent", "start", "stop"])
        doses.to_csv(folder / "exposures.csv", index=False)

    data = {"patients": "patients.csv", "exposures": "exposures.csv"}
    found = faults(tmp_path / "s", write, data=data)
    assert "exposures.csv, row 2, stop: lies after the death of the patient" in found
