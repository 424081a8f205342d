"""Files as they come: what is read, what is a problem, and which cure a study file holds for it."""

from __future__ import annotations

import pytest
from small_study import PATIENTS, STUDY, write_study

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError
from her2adc.intake import read_table


def with_source(**keys):
    """Keys of the study whose file of patients is read as ``keys`` say."""
    return {"data": {**STUDY["data"], "patients": {"file": "patients.csv", **keys}}}


def cohort(folder):
    return prepare_cohort(load_study(folder))


def problems(folder):
    with pytest.raises(StudyError) as error:
        cohort(folder)
    return str(error.value)


def test_values_say_what_a_text_of_a_column_means_and_missing_empties_it(tmp_path):
    patients = PATIENTS.astype(object).assign(years=PATIENTS["age"].astype(object)).drop(columns="age")
    patients.loc[0, "years"], patients.loc[1, "years"], patients.loc[1, "liver"] = "<45", "none", "none"
    keys = {"columns": {"age": "years"}, "values": {"age": {"<45": 40}, "liver": {"none": "no"}},
            "missing": {"age": "none"}}  # fmt: skip
    data = cohort(write_study(tmp_path, patients=patients, study=with_source(**keys))).data
    assert data.set_index("patient_id")["age"][["P01", "P02"]].fillna(-1).tolist() == [40, -1]
    assert data.set_index("patient_id")["liver"]["P02"] == "No"


def test_values_of_a_table_hold_for_each_of_its_files(tmp_path):
    half = {"sources": [{"file": "patients.csv"}, {"file": "more.csv", "values": {"extra": {"x": "2"}}}],
            "values": {"age": {"old": 80}, "extra": {"x": "1"}}}  # fmt: skip
    patients = PATIENTS.astype(object)
    patients.loc[0, "age"] = "old"
    folder = write_study(tmp_path, patients=patients, study={"data": {**STUDY["data"], "patients": half}})
    PATIENTS[["patient_id"]].assign(extra="x").to_csv(folder / "data" / "more.csv", index=False)
    table, found = read_table(load_study(folder), "patients", folder / "data")
    assert not found and table.frame["age"][0] == "80" and set(table.frame["extra"]) == {"2"}


@pytest.mark.parametrize("key", ["values", "missing"])
def test_values_of_no_column_are_a_problem(tmp_path, key):
    told = {"values": {"agee": {"a": "b"}}, "missing": {"agee": ["a"]}}[key]
    text = problems(write_study(tmp_path, study=with_source(**{key: told})))
    assert f"data.patients.{key}" in text and "did you mean 'age'?" in text


def test_key_path_of_a_cure(tmp_path):
    table, _ = read_table(load_study(write_study(tmp_path)), "patients", tmp_path / "small" / "data")
    assert table.where_values("age") == (
        "data.patients.values.age (written patients: {file: patients.csv, values: {age: ...}})"
    )
    study = load_study(write_study(tmp_path, "b", study=with_source(decimal=",")))
    table, _ = read_table(study, "patients", tmp_path / "b" / "data")
    assert table.where_missing("age") == "data.patients.missing.age"
