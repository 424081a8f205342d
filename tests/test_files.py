"""Files as they come: what is read, what is a problem, and which cure a study file holds for it."""

from __future__ import annotations

import time
import zipfile

import openpyxl
import pandas as pd
import pytest
from small_study import PATIENTS, STUDY, write_study

from her2adc.cohort import prepare_cohort
from her2adc.config import Source, load_study
from her2adc.errors import StudyError
from her2adc.intake import read_table
from her2adc.readers import read_file


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


# files that hold what they should not: (bytes or writer, name, words of the one message)
def excel(path, rows, **change):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Data"
    for row in rows:
        sheet.append(row)
    if "edit" in change:
        change["edit"](sheet)
    book.save(path)


TABLE = [list(PATIENTS), *PATIENTS.astype(object).where(PATIENTS.ne(""), None).values.tolist()]


def study_of(tmp_path, name, **keys):
    return write_study(tmp_path, study={"data": {**STUDY["data"], "patients": {"file": name, **keys}}})


def workbook(tmp_path, edit=lambda sheet: None, rows=TABLE, **keys):
    folder = study_of(tmp_path, "cohort.xlsx", **keys)
    excel(folder / "data" / "cohort.xlsx", rows, edit=edit)
    return folder


def text_file(tmp_path, content, name="cohort.csv", **keys):
    folder = study_of(tmp_path, name, **keys)
    (folder / "data" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


CSV = PATIENTS.to_csv(index=False)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CSV.replace("P03,", '"P03,', 1), ["row 4", "a quotation mark opens here"]),
        (CSV.rsplit(",", 3)[0], ["row 13", "cells where the header has", "cut short"]),
        (CSV + "Source: tumour board\n", ["row 14", "cut short", "a note below the table"]),
        (CSV.encode().replace(b"P05", b"P\x0005"), ["row 6", "NUL character"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100, ["old Office file"]),
        (b"PK\x03\x04" + b"x" * 100, ["packed file", ".xlsx"]),
        (CSV.replace("P03,63", 'P03,"' + "x" * 1_100_000 + '"', 1), ["row 4", "cannot be read"]),
        (CSV.replace("patient_id,", "note,"), ["has no column 'patient_id'"]),
        ("Export of 2024\n" + CSV, ["set header_row: 2"]),
        (CSV.replace("liver", "age", 1).replace("no", "x"), ["age", "two columns have the same name"]),
        (CSV + "Total,52,,,,,,\n", ["row 14", "seems to be a total", "where: patient_id != 'Total'"]),
        (CSV + "* by IHC,,,,,,,\n", ["row 14", "a note perhaps"]),
        (CSV + "p03,52,no,1+,,2023-01-10,,2023-02-10\n", ["row 14", "only by case", "p03, and P03 there"]),
        (CSV + "P003,52,no,1+,,2023-01-10,,2023-02-10\n", ["row 14", "leading zeros"]),
    ],
)
def test_text_files_that_cannot_be_right(tmp_path, content, words):
    text = problems(text_file(tmp_path, content))
    assert [w for w in words if w not in text] == [], text
    assert text.count("\n") <= 2, text


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        (CSV.replace(",", ";"), {}),
        (CSV.replace(",", "|"), {}),
        ("sep=;\n" + CSV.replace(",", ";"), {}),
        (CSV.encode("utf-16"), {}),
        (CSV.encode("utf-8-sig"), {}),
        (CSV.replace("\n", "\r"), {}),
        (CSV.replace("\n", "\r\n", 5), {}),
        (CSV.replace("\n", ",,\n"), {}),
        (CSV.replace("patient_id", " patient_id\u200b"), {}),
        (CSV + "\n,,,,,,,\n\n", {}),
        ("x\n\n" + CSV, {"header_row": 3}),
        (CSV.replace(",", "\t"), {"delimiter": "\\t"}),
    ],
)  # fmt: skip
def test_text_files_that_are_clear_are_read(tmp_path, content, keys):
    got = cohort(text_file(tmp_path, content, **keys)).data
    assert len(got) == 10 and int(got["PFS_event"].sum()) == 6


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda s: s.__setitem__("B4", "#REF!"), ["row 4, age", "an error of Excel", 'age: ["#REF!"]']),
        (lambda s: s.__setitem__("G4", "#N/A"), ["row 4, progression", "an error of Excel", "'#N/A'"]),
        (lambda s: s.__setitem__("B4", "=A1+1"), ["row 4, age", "formula without its result", "=A1+1"]),
        (lambda s: s.merge_cells("A3:A4"), ["row 4, patient_id", "merged area A3:A4", "'P02'"]),
        (lambda s: s.merge_cells("B3:B5"), ["rows 4, 5, age", "merged area B3:B5"]),
        (lambda s: s.append(["Total", 12, "x"]), ["row 14, patient_id", "seems to be a total"]),
        (lambda s: s.append([None, "合计"]), ["row 14, patient_id", "a total or a note", "'合计'"]),
        (lambda s: s.insert_rows(1), ["row 1, where the names of the columns are expected, is empty"]),
    ],
)
def test_workbooks_name_sheet_row_and_column(tmp_path, edit, words):
    text = problems(workbook(tmp_path, edit))
    assert [w for w in ["cohort.xlsx, sheet Data", *words] if w not in text] == [], text
    assert text.count("problem") == 1 and text.count("    ->") == 1, text


def test_cells_that_nobody_uses_stop_nothing(tmp_path):
    def edit(sheet):
        sheet["J1"], sheet["J2"], sheet["J3"] = "extra", "#REF!", "=A1"
        sheet["K1"], sheet["L1"], sheet["L5"] = "extra", None, "scribble"
        sheet.merge_cells("K2:K9")

    found = cohort(workbook(tmp_path, edit))
    assert len(found.data) == 10
    assert any("column L has no name" in r and "not read" in r for r in found.remarks)


def test_an_error_cell_can_be_listed_as_missing(tmp_path):
    folder = workbook(tmp_path, lambda s: s.__setitem__("B2", "#REF!"), missing={"age": ["#REF!"]})
    assert cohort(folder).data["age"].isna().sum() == 1


def test_hidden_rows_sheets_that_are_not_read_and_percentages_are_said(tmp_path):
    def edit(sheet):
        sheet.row_dimensions[4].hidden = True
        sheet.column_dimensions["C"].hidden = True
        sheet.parent.create_sheet("Other")
        sheet["I1"], sheet["I2"] = "ki67", 0.05
        sheet["I2"].number_format = "0.0%"

    folder = workbook(tmp_path, edit)
    remarks = "\n".join(cohort(folder).remarks)
    assert "1 row is hidden" in remarks and "hidden columns are read like the others: C" in remarks
    assert "the sheet 'Data' is read, and not 'Other'" in remarks
    table, _ = read_table(load_study(folder), "patients", folder / "data")
    assert table.frame["ki67"][0] == "5%" and table.origin["ki67"][0].place == "cohort.xlsx, sheet Data"


def test_a_misspelt_sheet_lists_the_sheets(tmp_path):
    text = problems(workbook(tmp_path, lambda s: s.parent.create_sheet("Other"), sheet="Dota"))
    assert "has no sheet 'Dota'" in text and "did you mean 'Data'? Allowed: Data, Other" in text
    assert "has 1 sheets" in problems(workbook(tmp_path / "b", sheet=3))


def test_a_million_formatted_empty_rows_are_read_at_once(tmp_path):
    folder = workbook(tmp_path)
    path = folder / "data" / "cohort.xlsx"
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    rows = b"".join(b'<row r="%d"><c r="A%d" s="1"/><c r="B%d" s="1" /></row>' % (i, i, i)
                    for i in range(14, 300_000))  # fmt: skip
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(b"</sheetData>", rows + b"</sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, content in parts.items():
            archive.writestr(n, content)
    start = time.perf_counter()
    assert len(cohort(folder).data) == 10
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("kind", ["bomb", "entities", "cut", "locked", "folder", "empty", "no sheet"])
def test_archives_that_are_no_tables(tmp_path, kind, monkeypatch):
    folder = workbook(tmp_path)
    path = folder / "data" / "cohort.xlsx"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    if kind == "bomb":
        monkeypatch.setattr("her2adc.readers.guard.MOST_UNPACKED", 5_000_000)
        parts["xl/worksheets/sheet1.xml"] += b" " * 6_000_000
    if kind == "entities":
        parts["xl/workbook.xml"] = b'<!DOCTYPE x [<!ENTITY a "b">]>' + parts["xl/workbook.xml"]
    if kind == "no sheet":
        del parts["xl/worksheets/sheet1.xml"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, content in parts.items():
            archive.writestr(n, content)
    if kind == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    if kind == "locked":
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 5000)
    if kind == "folder":
        path.unlink()
        path.mkdir()
    if kind == "empty":
        path.write_bytes(b"")
    words = {"bomb": "would unpack to", "entities": "definitions", "cut": "cannot be read",
             "locked": "password",
             "folder": "is a folder", "empty": "is empty", "no sheet": "cannot be read"}  # fmt: skip
    text = problems(folder)
    assert "1 problem found" in text and words[kind] in text, text


@pytest.mark.parametrize("name", ["../secret.csv", "{outside}/secret.csv", "link.csv"])
def test_nothing_outside_the_folders_is_read(tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text(CSV, encoding="utf-8")
    folder = study_of(tmp_path, name.format(outside=outside))
    (folder.parent / "secret.csv").write_text(CSV, encoding="utf-8")
    (folder / "data" / "link.csv").symlink_to(outside / "secret.csv")
    with pytest.raises(StudyError, match="outside of the folder of the data"):
        cohort(folder)


def test_the_reader_itself_opens_nothing_outside(tmp_path):
    folder = text_file(tmp_path, CSV)
    (tmp_path / "secret.csv").write_text(CSV, encoding="utf-8")
    (folder / "data" / "link.csv").symlink_to(tmp_path / "secret.csv")
    for name in ("link.csv", "../../secret.csv", str(tmp_path / "secret.csv")):
        read, found = read_file(folder / "data" / name, Source(file=name), (folder / "data", folder))
        assert read.frame.empty and "outside the folder of the data" in str(found[0])


def test_the_folder_of_the_data_lies_in_the_study(tmp_path):
    for place in ("/etc", "../other", "a/../../b"):
        folder = write_study(tmp_path, study={"data": {**STUDY["data"], "folder": place}})
        with pytest.raises(StudyError, match="DATA=folder"):
            load_study(folder)


OWN = ["her2_class", "PFS_time", "PFS_event", "best_response", "eligible", "her2_note",
       "her2_reason", "ihc_found",
       "age__raw", "clinical_benefit", "follow_up_time"]  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_columns_called_like_the_books_own(tmp_path, name):
    want = cohort(write_study(tmp_path, "plain"))
    found = cohort(write_study(tmp_path, "named", patients=PATIENTS.assign(**{name: "x"})))
    pd.testing.assert_frame_equal(found.data, want.data)
    assert any(f"the column {name!r} is not read" in r for r in found.remarks)


def test_a_column_of_the_books_own_name_that_the_study_uses(tmp_path):
    variables = {**STUDY["variables"], "pfs": {"label": "PFS", "from": "PFS_time"}}
    folder = write_study(tmp_path, patients=PATIENTS.assign(PFS_time=3), study={"variables": variables})
    text = problems(folder)
    assert "uses this column as 'PFS_time'" in text and "PFS_time_found: PFS_time" in text


def test_nullable_types_of_parquet(tmp_path):
    frame = PATIENTS.assign(
        age=pd.array([None, *PATIENTS["age"][1:]], dtype="Int64"),
        liver=PATIENTS["liver"].eq("yes").astype("boolean").mask(PATIENTS.index == 1),
        start=pd.to_datetime(PATIENTS["start"]),
        her2_ihc=PATIENTS["her2_ihc"].astype("category"),
        lists=[[1, 2]] * 12,
    )
    folder = study_of(tmp_path, "p.parquet")
    frame.set_index("patient_id").to_parquet(folder / "data" / "p.parquet")
    table, found = read_table(load_study(folder), "patients", folder / "data")
    assert not found
    assert table.frame["age"].tolist()[:2] == [None, "51"]
    assert table.frame["liver"].tolist()[:3] == ["True", None, "True"]
    assert len(cohort(folder).data) == 10
    zoned = PATIENTS.assign(start=pd.to_datetime(PATIENTS["start"]).dt.tz_localize("UTC"))
    zoned.to_parquet(folder / "data" / "p.parquet")
    table, _ = read_table(load_study(folder), "patients", folder / "data")
    assert table.frame["start"][0] == "2023-01-10 00:00:00+00:00"


def test_joined_files_by_meaning_and_origin(tmp_path):
    sources = {"sources": [{"file": "patients.csv"}, {"file": "b.csv", "dates": "dayfirst", "decimal": ","}]}
    folder = write_study(tmp_path, study={"data": {**STUDY["data"], "patients": sources}})
    later = PATIENTS[["patient_id", "age", "last_seen", "progression"]].astype(object)
    later["age"] = later["age"].astype(str) + ",0"
    later["last_seen"] = pd.to_datetime(later["last_seen"]).dt.strftime("%d.%m.%Y")
    later["progression"] = pd.to_datetime(later["progression"]).dt.strftime("%d.%m.%Y")
    later.loc[1, "progression"] = "01.08.2023"
    later.to_csv(folder / "data" / "b.csv", index=False)
    table, found = read_table(load_study(folder), "patients", folder / "data")
    assert not found and table.frame["progression"][1] == "01.08.2023"
    assert table.problem("progression", 1, "x").file == "b.csv"
    assert table.problem("progression", 0, "x").file == "patients.csv"
    want = int(cohort(write_study(tmp_path, "plain")).data["PFS_event"].sum())
    assert int(cohort(folder).data["PFS_event"].sum()) == want + 1


def test_rows_that_do_not_arrive_are_counted(tmp_path):
    patients = pd.concat([PATIENTS, PATIENTS.iloc[:2].assign(age=99)])
    folder = write_study(tmp_path, patients=patients, study=with_source(where="age > 0", first_by="age"))
    assert any("2 further rows of the same patients are not read" in r for r in cohort(folder).remarks)
    more = pd.concat([PATIENTS.iloc[:1].assign(patient_id="P00"), PATIENTS])
    folder = write_study(tmp_path, "b", patients=more, study=with_source(extra_header_rows=1))
    assert any("row 2 (P00) is left out as a header row" in r for r in cohort(folder).remarks)


def test_doubled_names_in_a_text_file_that_nobody_uses(tmp_path):
    header, *rows = CSV.splitlines()
    text = "\n".join([f"remark,{header},remark", *(f"a,{r},b" for r in rows)])
    assert len(cohort(text_file(tmp_path, text)).data) == 10


def test_a_formula_with_an_empty_text_is_an_empty_cell(tmp_path):
    folder = workbook(tmp_path, lambda s: s.__setitem__("B4", '=IF(1=1,"","")'))
    path = folder / "data" / "cohort.xlsx"
    with zipfile.ZipFile(path) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(b'<c r="B4">', b'<c r="B4" t="str">')
    with zipfile.ZipFile(path, "w") as archive:
        for n, content in parts.items():
            archive.writestr(n, content)
    assert cohort(folder).data.set_index("patient_id")["age"].isna()["P03"]


def test_set_takes_no_column_in_silence(tmp_path):
    found = cohort(write_study(tmp_path, study=with_source(set={"age": 50})))
    assert any("the column 'age' is not read, since 'set'" in r for r in found.remarks)
    text = problems(write_study(tmp_path, "b", study=with_source(set={"patient_id": "X"})))
    assert "every row the same 'patient_id'" in text
