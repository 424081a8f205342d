"""Cases of dates, numbers, codes, HER2 texts and responses: the right cohort, or a problem that cures."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small_study
import yaml

from her2adc import cells, prose, typed
from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError
from her2adc.stats import analyses

CASES = Path(__file__).parent


@pytest.fixture(autouse=True)
def the_day(monkeypatch):
    """The cases were made up in 2026: no test depends on the day it runs."""
    monkeypatch.setattr(typed, "today", lambda: pd.Timestamp("2026-12-31"))


def case(name: str, tmp_path: Path, change: Any = None) -> Cohort:
    """Prepare a case, or a copy of it whose study file is changed."""
    folder = CASES / name
    if change is not None:
        folder = tmp_path / name
        shutil.copytree(CASES / name, folder, dirs_exist_ok=True)
        study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
        change(study)
        text = yaml.safe_dump(study, allow_unicode=True, sort_keys=False)
        (folder / "study.yml").write_text(text, encoding="utf-8")
    return prepare_cohort(load_study(folder))


def problems(name: str, tmp_path: Path, change: Any = None) -> StudyError:
    with pytest.raises(StudyError) as caught:
        case(name, tmp_path, change)
    return caught.value


def patients(study: dict[str, Any], **keys: Any) -> None:
    """Give the file of patients keys of its own."""
    where = study["data"]["patients"]
    study["data"]["patients"] = {"file": where, **keys} if isinstance(where, str) else {**where, **keys}


def test_a_time_with_a_zone_is_a_problem_of_each_cell(tmp_path):
    found = problems("dates_iso_utc", tmp_path).problems
    assert len(found) == 24
    assert {p.column for p in found} == {"start"}
    assert "has a time and a zone" in found[0].message
    assert found[0].value == "2022-05-20T16:00:00.000Z"


def test_dates_without_a_day_are_problems_until_the_study_says_which_day(tmp_path):
    found = problems("yyyymm_nov_dec", tmp_path).problems
    assert {p.message for p in found} == {"is not a whole date: the day is missing"}
    days = {c: {p.value: f"{p.value[:4]}-{p.value[4:]}-15" for p in found} for c in
            ("start", "progression", "last_seen")}  # fmt: skip
    cohort = case("yyyymm_nov_dec", tmp_path, lambda s: patients(s, values=days))
    assert cohort.data["start"].dt.day.eq(15).all()


def test_serial_numbers_of_a_spreadsheet_are_dates_with_a_remark(tmp_path):
    cohort = case("excel_serial_mixed", tmp_path)
    assert cohort.data["start"].between("2022-01-01", "2024-12-31").all()
    assert cohort.data["PFS_event"].sum() == 19
    said = [r for r in cohort.remarks if "number of a day in a spreadsheet" in r]
    assert len(said) == 4
    assert "start: 8 cells such as 44701" in said[0]


def test_a_date_in_the_future_is_a_problem(tmp_path):
    found = problems("future_date", tmp_path).problems
    assert [(p.column, p.value, p.message) for p in found] == [
        ("progression", "2203-05-01", "lies more than two years in the future"),
        ("last_seen", "2203-05-01", "lies more than two years in the future"),
    ]


def test_bounds_and_ranges_are_problems_until_the_study_says_what_they_mean(tmp_path):
    found = problems("censored_numbers", tmp_path).problems
    assert {p.value for p in found} == {"<1%", "10-15", ">90", ">89", "90+"}
    values = {"ki67": {"<1%": 0.5, "10-15": 12.5, ">90": 95}, "age": {">89": 90, "90+": 90}}
    cohort = case("censored_numbers", tmp_path, lambda s: patients(s, values=values))
    assert {0.5, 12.5, 20, 60, 95} <= set(cohort.data["ki67"])


def test_codes_written_as_floats_are_the_codes(tmp_path):
    cohort = case("float_codes", tmp_path)
    assert cohort.data["liver"].value_counts().to_dict() == {"Yes": 8, "No": 8}
    assert cohort.data["liver"].isna().sum() == 8


def test_percentages_stored_as_fractions_are_percentages_or_remarked_on(tmp_path):
    cohort = case("excel_percent_format", tmp_path)
    assert cohort.data["ki67"].median() > 1 or any("between 0 and 1" in r for r in cohort.remarks)


@pytest.mark.parametrize(
    "text",
    ["202311", "2023-1", "2023050", "2023", "05/2023", "2023-02-30", "2023-13-01", "20231301", "44927",
     "2023-05-00", "10/10/10", "2023-05-06-", "2022-05-31T00:00:00+08:00", "2023-05-XX", "soon", "9999-12-31",
     "0", "1e5", "2023年5月", "May 2023"],
)  # fmt: skip
def test_what_is_not_a_whole_date_is_never_read(text):
    read = [cells.read_date(text, style) for style in ("iso", "monthfirst")]
    assert all(day.value is None or text == "10/10/10" for day in read)
    assert read[0].fault


@pytest.mark.parametrize(
    "text",
    ["2023-05-06", "2023/5/6", "2023.5.6", "2023年5月6日", "２０２３－０５－０６", "20230506", "6 May 2023",
     "06MAY2023", "May 6, 2023", "2023-05-06 00:00:00", "2023-05-06T14:30"],
)  # fmt: skip
def test_dates_that_can_be_read_in_one_way_are_read_in_every_form(text):
    days = [cells.read_date(text, style).value for style in cells.FORMS]
    assert days == [pd.Timestamp("2023-05-06")] * 3


@pytest.mark.parametrize(
    "text",
    ["1_000", "0x10", "1e400", "nan", "inf", "1 2", "1,234", "1,5", "12%", "48岁", "--5", "True", "٣", "<1"],
)  # fmt: skip
def test_what_is_not_a_number_is_never_read(text):
    assert cells.as_numbers(pd.Series([text])).isna().all()


def test_a_point_between_thousands_is_not_a_decimal_mark():
    found = cells.as_numbers(pd.Series(["1.234", "1,234", "2,5", "1.0"]), ",").tolist()
    assert pd.isna(found[0])
    assert found[1:3] == [1.234, 2.5]
    assert pd.isna(found[3])


def test_dates_of_the_near_future_are_remarked_on(tmp_path, monkeypatch):
    monkeypatch.setattr(typed, "today", lambda: pd.Timestamp("2026-10-01"))
    cohort = case("her2_plus_minus", tmp_path)
    assert any("cohort.csv, progression: 1 date lies in the future, the first in row 15" in r
               for r in cohort.remarks)  # fmt: skip


def test_minus_beside_pluses_is_a_negative_result(tmp_path):
    cohort = case("her2_plus_minus", tmp_path)
    counts = cohort.data["her2_class"].value_counts()
    assert counts.to_dict() == {"HER2-zero": 10, "HER2-low": 15, "HER2-positive": 15}
    assert "0 (written -)" in set(cohort.normalised["found"])


CHINESE = {
    "her2_ihc": {"阴性": "0", "0（阴性）": "0", "2+ FISH阴性": "2+", "3+（强阳性）": "3+", "不详": "unknown",
                 "未做": "not done"},
    "her2_ish": {"阴性": "not amplified", "未扩增": "not amplified", "扩增": "amplified",
                 "阳性": "amplified"},
}  # fmt: skip


def test_each_chinese_text_is_a_problem_until_the_study_says_what_it_means(tmp_path):
    found = [p for p in problems("her2_chinese", tmp_path).problems if p.message.startswith("HER2")]
    assert {p.value for p in found} == {t for texts in CHINESE.values() for t in texts}
    cohort = case("her2_chinese", tmp_path, lambda s: patients(s, values=CHINESE))
    counts = cohort.data["her2_class"].value_counts()
    assert counts.to_dict() == {"HER2-zero": 12, "HER2-low": 10, "HER2-positive": 10}


def test_a_cell_that_says_both_results_is_named_twice(tmp_path):
    both = "2+ FISH阴性"

    def twice(study: dict[str, Any]) -> None:
        study["her2"]["ish"] = ["her2_ish", "in_ihc"]
        rest = ["阴性", "0（阴性）", "3+（强阳性）", "不详", "未做", "0", "1+", "2+", "HER2(3+)", "（2+）"]
        patients(
            study, columns={"her2_ihc": "her2_ihc", "in_ihc": "her2_ihc"},
            values={**CHINESE, "in_ihc": {both: "not amplified"}}, missing={"in_ihc": rest},
        )  # fmt: skip

    counts = case("her2_chinese", tmp_path, twice).data["her2_class"].value_counts()
    assert counts.to_dict() == {"HER2-zero": 12, "HER2-low": 14, "HER2-positive": 10}


def test_a_text_that_is_unknown_in_one_column_stays_a_result_in_the_other(tmp_path):
    found = problems("redcap", tmp_path).problems
    assert [p.value for p in found if p.column == "her2.unknown"] == ["2"]
    assert {p.value for p in found if p.message == "a number is no ISH result"} == {"0", "1"}

    def say(study: dict[str, Any]) -> None:
        del study["her2"]["unknown"]
        codes = {"0": "not amplified", "1": "amplified", "2": "not done"}
        study["data"]["patients"]["sources"][0]["values"] = {"her2_ish": codes}

    cohort = case("redcap", tmp_path, say)
    assert (len(cohort.data), cohort.data["her2_class"].value_counts()["HER2-low"]) == (109, 49)

    def name(study: dict[str, Any]) -> None:
        say(study)
        study["her2"]["unknown"] = {"her2_ish": ["2"]}
        del study["data"]["patients"]["sources"][0]["values"]["her2_ish"]["2"]

    cohort = case("redcap", tmp_path, name)
    assert (len(cohort.data), cohort.data["her2_class"].value_counts()["HER2-low"]) == (109, 49)


def test_clinical_benefit_is_read_strictly(tmp_path):
    cohort = case("cbr", tmp_path, lambda s: s.update(her2={**s["her2"], "analysed": ["HER2-low"]}))
    assert cohort.data["clinical_benefit"].notna().all()
    table = pd.read_csv(CASES / "cbr" / "data" / "c.csv", dtype=str)
    right = table.set_index("patient_id")["cb"].eq("是")
    assert right.sum() == 83
    got = case("cbr", tmp_path).data.set_index("patient_id")["clinical_benefit"].astype(bool)
    assert got.eq(right[got.index]).all()

    def misspelt(study: dict[str, Any]) -> None:
        study["response"]["clinical_benefit"] = "cbb"

    assert "has no column 'cbb'" in str(problems("cbr", tmp_path, misspelt))


def test_a_benefit_that_means_neither_yes_nor_no_is_a_problem_that_can_be_cured(tmp_path):
    folder = tmp_path / "cbr"
    shutil.copytree(CASES / "cbr", folder)
    file = folder / "data" / "c.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("是", "durable"), encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        prepare_cohort(load_study(folder))
    assert "cb: clinical benefit: means neither yes nor no" in str(caught.value)
    text = (folder / "study.yml").read_text(encoding="utf-8")
    cure = "data: {patients: {file: c.csv, values: {cb: {durable: yes}}}}"
    (folder / "study.yml").write_text(text.replace("data: {patients: c.csv}", cure), encoding="utf-8")
    assert prepare_cohort(load_study(folder)).data["clinical_benefit"].sum() > 70


def test_without_a_column_of_clinical_benefit_there_is_no_rate_of_it(tmp_path):
    def without(study: dict[str, Any]) -> None:
        del study["response"]["clinical_benefit"]

    data = case("cbr", tmp_path, without).data
    assert "clinical_benefit" not in data
    rows = analyses.response_by_group(data, "her2_class")
    rates = rows[rows["statistic"].eq("rate")]
    assert set(rates["variable"]) == {"ORR", "DCR"}
    n = rates[rates["population"].eq("evaluable") & rates["group"].eq("All patients")]["n"]
    assert set(n) == {int(data["best_response"].isin(["CR", "PR", "SD", "PD"]).sum())}
    assert "clinical benefit" not in prose.response(rows, [])
    assert prose.response(rows, []).startswith("The objective response rate was ")


def test_words_of_assessments_are_read_or_mapped(tmp_path):
    found = problems("recist_words", tmp_path).problems
    assert {p.value for p in found} == {"Non-CR/Non-PD"}
    assert "data.assessments.values.response" in found[0].remedy

    def say(study: dict[str, Any]) -> None:
        values = {"response": {"Non-CR/Non-PD": "SD"}}
        study["data"]["assessments"] = {"file": "assessments.csv", "values": values}

    cohort = case("recist_words", tmp_path, say)
    assert set(cohort.tables["assessments"]["response"]) == {"CR", "PR", "SD", "PD", "NE"}


def test_the_same_adc_resumed_is_a_decision_of_the_study(tmp_path):
    new = case("adc_rechallenge", tmp_path)
    data = new.data.set_index("patient_id")
    assert data["n_adcs"].to_dict() == {"R1": 2, "R2": 3, "R3": 2, "R4": 2}
    assert data["adc_resumed"].to_dict() == {"R1": "Yes", "R2": "Yes", "R3": "No", "R4": "Yes"}
    said = "3 patients resumed the same ADC after a pause of more than 90 days or another line: it counts as "
    assert any(r.startswith(f"{said}another ADC") for r in new.remarks)
    same = case("adc_rechallenge", tmp_path, lambda s: s["sequencing"].update(rechallenge="same"))
    data = same.data.set_index("patient_id")
    assert data["n_adcs"].to_dict() == {"R1": 1, "R2": 2, "R3": 2, "R4": 1}
    assert data["sequence"].to_dict() == {
        "R1": "T-DXd only", "R2": "T-DM1 → T-DXd", "R3": "T-DXd → SG", "R4": "T-DXd only",
    }  # fmt: skip
    assert data.loc["R1", "adc1_stop"] == pd.Timestamp("2023-02-01")
    assert data.loc["R2", ["adc1_stop", "adc2_start"]].tolist() == [
        pd.Timestamp("2022-12-10"), pd.Timestamp("2023-01-05"),
    ]  # fmt: skip
    assert data.loc["R4", ["adc1_stop", "next1_regimen"]].tolist() == [
        pd.Timestamp("2022-06-10"), "capecitabine",
    ]  # fmt: skip
    courses = same.tables["courses"]
    adcs = courses[courses["drug_class"].eq("ADC")]
    assert adcs[adcs["patient_id"].eq("R4")]["adc_number"].tolist() == [1, 1]
    assert any("it counts as the same ADC" in r for r in same.remarks)


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_stored_numbers_do_not_depend_on_the_decimal_mark_of_texts(tmp_path, kind):
    folder = small_study.write_study(tmp_path, patients=small_study.PATIENTS)
    table = small_study.PATIENTS.replace("", None).assign(ldh=[1.234, 2.5, *[180.0] * 10])
    if kind == "xlsx":
        table.to_excel(folder / "data" / "patients.xlsx", index=False)
    else:
        table.to_parquet(folder / "data" / "patients.parquet", index=False)
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    study["data"]["patients"] = {"file": f"patients.{kind}", "decimal": ","}
    study["variables"]["ldh"] = {"label": "LDH", "unit": "U/L"}
    (folder / "study.yml").write_text(yaml.safe_dump(study), encoding="utf-8")
    data = prepare_cohort(load_study(folder)).data.set_index("patient_id")
    assert data.loc[["P01", "P02"], "ldh"].tolist() == [1.234, 2.5]
