"""HER2 texts that mean something only beside the others of their column."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from small_study import PATIENTS, STUDY, write_study

from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError

SOME = ["1+", "2+", "2+", "3+", "IHC 3+", "1+", "0", "2", "3 +", "1+", "2+", "3+"]


def prepared(tmp_path, ihc=None, ish=None, her2=None, data=None) -> Cohort:
    patients = PATIENTS.assign(her2_ihc=ihc or SOME, **({"her2_ish": ish} if ish else {}))
    classes = ["HER2-zero", "HER2-low", "HER2-positive"]
    change: dict[str, Any] = {"her2": {**STUDY["her2"], "analysed": classes, **(her2 or {})}}
    if data:
        change["data"] = {**STUDY["data"], **data}
    return prepare_cohort(load_study(write_study(tmp_path, patients=patients, study=change)))


def refused(tmp_path, *words: str, **how: Any) -> None:
    with pytest.raises(StudyError) as caught:
        prepared(tmp_path, **how)
    text = str(caught.value)
    assert [w for w in words if w not in text] == [], text


def test_minus_beside_a_word_for_the_result_is_missing(tmp_path):
    cohort = prepared(tmp_path, ihc=["-", "2+", "2+", *SOME[3:]])
    assert "-" in cohort.unclassified["ihc"].tolist()
    assert any("her2_ihc: - is read as not done (1 cell)" in r for r in cohort.remarks)


@pytest.mark.parametrize(
    ("column", "texts", "words"),
    [
        ("ihc", ["-", "2+", "2+", "3+", "3+", "1+", "1+", *SOME[7:]], "a - may mean IHC 0 or not done"),
        ("ihc", ["-", "++", "++", "+++", "0", "+", *["+"] * 6], "a - may mean IHC 0 or not done"),
        ("ihc", ["-", "+", *["+"] * 10], "a + may mean IHC 1+ or positive"),
        ("ish", ["-", "amplified", *[""] * 10], "a - may mean ISH not amplified or not done"),
        ("ish", ["-", "not amplified", *[""] * 10], "a - may mean ISH not amplified or not done"),
        ("ish", ["not", *[""] * 11], "HER2 result not understood"),
        ("ish", ["1", "0", *[""] * 10], "a number is no ISH result"),
        ("ish", ["1.8", "2.3", *[""] * 10], "her2.ish_ratio"),
        ("ihc", ["4", *SOME[1:]], "HER2 result not understood"),
        ("ihc", ["120", *SOME[1:]], "HER2 result not understood"),
        ("ihc", ["1.5", *SOME[1:]], "HER2 result not understood"),
        ("ihc", ["±", *SOME[1:]], "HER2 result not understood"),
    ],
)
def test_a_text_that_may_mean_two_things_is_a_problem(tmp_path, column, texts, words):
    refused(tmp_path, f"her2_{column}", words, "data.patients.", **{column: texts})


def test_the_cures_of_a_minus_work(tmp_path):
    texts = ["-", "2+", "2+", "3+", "3+", "1+", "1+", *SOME[7:]]
    ish = PATIENTS["her2_ish"].tolist()
    file = {"file": "patients.csv"}
    zero = prepared(tmp_path, ihc=texts, ish=ish,
                    data={"patients": {**file, "values": {"her2_ihc": {"-": "0"}}}})  # fmt: skip
    assert zero.data["her2_class"].eq("HER2-zero").sum() == 1
    none = prepared(tmp_path, ihc=texts, data={"patients": {**file, "missing": {"her2_ihc": ["-"]}}})
    assert none.data["her2_class"].eq("HER2-zero").sum() == 0


def test_the_cure_of_a_ratio_among_ish_results_works(tmp_path):
    ish = ["", "1.8", "2.3", *[""] * 9]
    cohort = prepared(tmp_path, ish=ish, her2={"ish": [], "ish_ratio": "her2_ish"})
    assert cohort.data.set_index("patient_id")["her2_class"].loc[["P02", "P03"]].tolist() == [
        "HER2-low", "HER2-positive",
    ]  # fmt: skip


def test_full_width_signs_and_brackets_are_read(tmp_path):
    cohort = prepared(tmp_path, ihc=["１＋", "（2+）", "HER2(2+)", "＋＋＋", *SOME[4:]], ish=[
        "", "＋", "－", *[""] * 9])  # fmt: skip
    found = cohort.data.set_index("patient_id")["her2_class"].astype(str)
    assert found.loc[["P01", "P02", "P03", "P04"]].tolist() == [
        "HER2-low", "HER2-positive", "HER2-low", "HER2-positive",
    ]  # fmt: skip


def test_missing_codes_of_the_study_reach_her2(tmp_path):
    cohort = prepared(tmp_path, ihc=["9", *SOME[1:]], ish=["88", *PATIENTS["her2_ish"][1:]],
                      data={"missing": ["9", "88"]})  # fmt: skip
    assert len(cohort.data) == 10
    refused(tmp_path, "data.missing", "read as 2+", data={"missing": ["2"]})


def test_codes_without_a_zero_are_remarked_on(tmp_path):
    cohort = prepared(tmp_path, ihc=["1", "2", "2", "3", "3", "1", "1", "2", "3", "1", "2", "3"])
    assert any("1, 2 and 3 are read as IHC 1+, 2+ and 3+" in r for r in cohort.remarks)


def test_unknown_names_a_column_of_results(tmp_path):
    refused(tmp_path, "is no column of HER2 results", her2={"unknown": {"her2_fish": ["2"]}})


@pytest.mark.parametrize(("ratio", "right"), [("0", False), ("-1", False), ("230", False), ("2.3", True)])
def test_a_ratio_that_no_tumour_has_is_a_problem(tmp_path, ratio, right):
    patients = PATIENTS.assign(ratio=["", ratio, *[""] * 10])
    folder = write_study(tmp_path, patients=patients, study={"her2": {**STUDY["her2"], "ish_ratio": "ratio"}})
    if right:
        assert isinstance(prepare_cohort(load_study(folder)).data, pd.DataFrame)
        return
    with pytest.raises(StudyError, match="is no HER2/CEP17 ratio"):
        prepare_cohort(load_study(folder))
