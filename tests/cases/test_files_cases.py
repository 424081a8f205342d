"""Cases of files: each ends in its right answer, or in a problem whose cure ends in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.config.load import read_yaml
from her2adc.errors import StudyError

HERE = Path(__file__).parent


def cohort(name, folder=None):
    return prepare_cohort(load_study(folder or HERE / name))


def problems(name, folder=None):
    with pytest.raises(StudyError) as error:
        cohort(name, folder)
    return error.value


def cured(tmp_path, name, change, file="study.yml"):
    """Copy a case, change its study file, and return the folder."""
    folder = tmp_path / name
    shutil.copytree(HERE / name, folder)
    study = read_yaml(folder / file)[0]
    change(study)
    (folder / "study.yml").write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    return folder


def classes(data):
    return {k.removeprefix("HER2-"): int(n) for k, n in data["her2_class"].value_counts().items()}


def test_a_doubled_display_name_that_nobody_uses(tmp_path):
    found = cohort("cbioportal_doubled_column").data
    assert classes(found) == {"zero": 6, "low": 9, "positive": 9}
    assert (len(found), int(found["OS_event"].sum())) == (24, 8)

    def use(study):
        study["data"]["patients"]["columns"]["stage"] = "Staging System"

    text = str(problems("", cured(tmp_path, "cbioportal_doubled_column", use)))
    assert "1 problem found" in text and "two columns have the same name" in text
    assert "columns E and K" in text


@pytest.mark.parametrize("name", ["csv_trailing_commas", "tab_in_csv"])
def test_read_as_it_is_meant(name):
    found = cohort(name).data
    assert classes(found) == {"zero": 6, "low": 8, "positive": 10} and int(found["PFS_event"].sum()) == 19


def test_a_doubled_column_that_the_study_uses():
    text = str(problems("excel_duplicate_column"))
    assert "cohort.xlsx, sheet Sheet, progression: two columns have the same name" in text
    assert "columns G and J" in text and "1 problem found" in text


def test_group_names_above_the_names_lead_to_header_row(tmp_path):
    text = str(problems("excel_two_headers"))
    assert "1 problem found" in text and "set header_row: 2" in text

    def mend(study):
        study["data"]["patients"] = {"file": "cohort.xlsx", "header_row": 2}

    assert len(cohort("", cured(tmp_path, "excel_two_headers", mend)).data) == 24


def test_percent_formats_are_per_cent():
    assert set(cohort("excel_percent_format").data["ki67"]) == {5, 10, 20, 30, 40, 60}


def test_ids_in_two_spellings(tmp_path):
    error = problems("id_case_blank")
    text = str(error)
    assert len(error.problems) == 16  # blanks around an id do not count
    assert "only by case" in text and "only by invisible characters" in text
    assert "'P003\\u200b, and P003 there'" in text and 'values: {patient_id: {"P003\\u200b": P003}}' in text

    def mend(study):
        rows = (HERE / "id_case_blank/data/exposures.csv").read_text(encoding="utf-8").splitlines()[1:]
        ids = [r.split(",")[0].strip() for r in rows]
        told = {i: i.upper().strip("\u200b") for i in ids}
        study["data"]["exposures"] = {"file": "exposures.csv", "values": {"patient_id": told}}

    assert len(cohort("", cured(tmp_path, "id_case_blank", mend)).data) == 24


def test_a_later_follow_up_file(tmp_path):
    text = str(problems("two_join"))
    assert "b.csv" in text and "differs from a.csv for the same patient" in text
    assert "'2024-10-01, and 2024-09-01 in row 2 there'" in text
    assert "data.patients.when_different: {last_seen: last}" in text

    def last(study):
        study["data"]["patients"]["when_different"] = {"last_seen": "last"}

    data = cohort("", cured(tmp_path, "two_join", last)).data.set_index("patient_id")
    assert int(data["death"].notna().sum()) == 2
    assert data["last_seen"].astype(str)["2"].startswith("2025-02-01")

    def first(study):
        study["data"]["patients"]["when_different"] = "first"

    data = cohort("", cured(tmp_path / "b", "two_join", first)).data.set_index("patient_id")
    assert int(data["death"].notna().sum()) == 2
    assert data["last_seen"].astype(str)["2"].startswith("2024-09-01")


def test_two_hospitals(tmp_path):
    text = str(problems("twohosp"))
    assert "no patient in common with hospA.csv" in text and "combine: stack" in text

    def stack(study):
        study["data"]["patients"]["combine"] = "stack"
        for source, place in zip(study["data"]["patients"]["sources"], ("North", "South"), strict=True):
            source["set"] = {"hospital": place}

    found = cohort("", cured(tmp_path, "twohosp", stack))
    assert found.flow[0]["n"] == 120
    lost = int(found.unclassified["n"].sum())
    assert set(found.data["hospital"]) == {"North", "South"} and len(found.data) + lost == 120


def test_ids_that_clash_between_hospitals(tmp_path):
    def clash(study):
        patients = study["data"]["patients"]
        patients["combine"] = "stack"
        patients["sources"][1]["values"] = {"patient_id": {"61": "1"}}

    folder = cured(tmp_path, "twohosp", clash)
    text = str(problems("", folder))
    assert "hospA.csv, row 2" in text and "hospB.csv, row 2" in text and "id_prefix" in text

    def prefix(study):
        clash(study)
        study["data"]["patients"]["sources"][1]["id_prefix"] = "B-"

    assert "B-1" in set(cohort("", cured(tmp_path / "b", "twohosp", prefix)).data["patient_id"])


def test_codes_of_redcap_get_their_meaning_by_column(tmp_path):
    def mend(study):
        del study["her2"]["unknown"]
        ish = {"0": "not amplified", "1": "amplified", "2": "not done"}
        ihc = {"0": "0", "1": "1+", "2": "2+", "3": "3+"}
        study["data"]["patients"]["values"] = {"her2_ish": ish, "her2_ihc": ihc}

    found = cohort("", cured(tmp_path, "redcap", mend))
    assert len(found.data) == 109 and classes(found.data)["low"] == 49
    assert any("of 423 rows are read, by where" in r for r in found.remarks)


def test_a_missing_code_that_is_a_level(tmp_path):
    text = str(problems("trap_missing"))
    assert "a missing code (data.missing) and a value of the same column" in text
    assert "variables.肝转移.levels" in text and "data.patients.missing" in text

    def mend(study):
        study["data"]["missing"] = ["/"]
        study["data"]["patients"]["missing"] = {"进展日期": ["无"], "死亡日期": ["无"]}

    found = cohort("", cured(tmp_path, "trap_missing", mend)).data["肝转移"].value_counts()
    assert (int(found["No"]), int(found["Yes"])) == (60, 58)  # two cells are empty


OURS = {
    "values": {
        "HER2 IHC": {"(1+)": "1+", "阴性": "0", "1+~2+": "not done"},
        "FISH": {
            "未扩增": "not amplified", "无扩增": "not amplified", "FISH阴性": "not amplified",
            "FISH(-)": "not amplified", "阴性": "not amplified", "-": "not amplified", "扩增": "amplified",
            "FISH阳性": "amplified", "FISH(+)": "amplified", "阳性": "amplified", "未做": "not done",
        },
        "年龄": {f"{n}岁": n for n in range(18, 100)},
    },
    "missing": {"进展日期": ["/", "无"], "死亡日期": ["/", "无"], "FISH": "/"},
}  # fmt: skip


def test_our_workbook_to_the_end(tmp_path):
    text = str(problems("ours"))
    assert "cohort.xlsx, sheet 基线资料, row 127, 住院号: the row seems to be a total" in text
    assert "where: patient_id != '合计'" in text and "data.patients.values.年龄" in text

    def mend(study):
        patients = study["data"]["patients"]
        patients.update(OURS)
        for source in patients["sources"]:
            source["where"] = "patient_id != '合计'"

    folder = cured(tmp_path, "ours", mend)
    found = cohort("", folder)
    first = found.flow[0]
    assert first["n"] == 120 and not any("合计" in str(i) for i in found.data["patient_id"])
    assert found.data["PFS_time"].notna().all() and found.data["年龄"].notna().all()
    unclassified = int(found.unclassified["n"].sum())
    assert len(found.data) + unclassified == 120
    assert int(found.data["PFS_event"].sum()) > 60
