"""Cases whose question is the study file: groups, endpoints that are not there, pages that build."""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest
import yaml

from her2adc.__main__ import main
from her2adc.build.chapters import chapter_problems
from her2adc.build.plan import make_plan, notebook_path
from her2adc.config import load_study
from her2adc.errors import StudyError
from her2adc.prepare import checked_cohort

CASES = Path(__file__).parent
ROOT = CASES.parents[1]


def run_pages(folder, tmp_path, monkeypatch):
    """Run the notebooks of a study's chapters in this process, as a build does; return what each wrote."""
    monkeypatch.chdir(ROOT)
    study = load_study(folder)
    assert chapter_problems(study) == []
    checked_cohort(study).save(tmp_path / "prepared")
    shown = {}
    for chapter in study.chapters:
        book = nbformat.read(notebook_path(study.folder, chapter.notebook), as_version=4)
        given = {"study": str(folder), "page": chapter.page, "prepared": str(tmp_path / "prepared"),
                 "out": str(tmp_path / "out" / chapter.page), **chapter.parameters}
        names, texts = {}, []
        for cell in book.cells:
            if cell.cell_type != "code":
                continue
            exec(compile(cell.source, chapter.notebook, "exec"), names)
            if "parameters" in cell.metadata.get("tags", []):
                names.update(given)
        plt.close("all")
        report = names["report"]
        shown[chapter.page] = (report, texts)
    return shown


def copied(name, tmp_path, **changes):
    folder = tmp_path / name
    shutil.copytree(CASES / name, folder)
    study = yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))
    study |= changes
    study = {k: v for k, v in study.items() if v is not None}
    (folder / "study.yml").write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    return folder


def test_patients_without_a_group_leave_with_that_reason_and_the_pages_build(tmp_path, monkeypatch, capsys):
    assert main(["validate", str(CASES / "group_missing")]) == 0
    said = capsys.readouterr().out
    assert "- Arm not known: 2" in said and "Analysed: 22" in said
    assert "2 patients have no value of Arm" in said and "cohort.csv, rows 24, 25" in said
    pages = run_pages(CASES / "group_missing", tmp_path, monkeypatch)
    assert set(pages) == {"cohort", "baseline", "pfs"}
    flow = pages["cohort"][0].cohort.flow
    assert flow[-1] == {"label": "Analysed", "n": 22, "excluded": []}
    assert {"reason": "Arm not known", "n": 2} in flow[-2]["excluded"]


def test_the_cure_that_the_remark_names_works(tmp_path, capsys):
    rule = [{"exclude": "is_missing(arm)", "reason": "Treated elsewhere"}]
    folder = copied("group_missing", tmp_path, inclusion=rule)
    assert main(["validate", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "- Treated elsewhere: 2" in said and "no value of Arm" not in said


def test_a_study_without_endpoints_has_a_cohort_page_without_follow_up(tmp_path, monkeypatch):
    pages = run_pages(CASES / "no_endpoint", tmp_path, monkeypatch)
    rows = pages["cohort"][0].results
    assert not rows["analysis"].isin(["follow_up", "observed_follow_up"]).any()
    assert "inclusion" in set(rows["analysis"])


def test_a_study_without_endpoints_but_dates_of_follow_up_shows_observed_times(tmp_path, monkeypatch):
    folder = copied("no_endpoint", tmp_path, follow_up={"start": "start", "end": "last_seen"})
    rows = run_pages(folder, tmp_path, monkeypatch)["cohort"][0].results
    assert "observed_follow_up" in set(rows["analysis"])


def test_subgroups_take_the_main_endpoint(tmp_path, monkeypatch):
    pages = run_pages(CASES / "subgroups_default_endpoint", tmp_path, monkeypatch)
    rows = pages["subgroups"][0].results
    assert "subgroup_logrank" in set(rows["analysis"])


def test_the_first_endpoint_is_the_main_one_unless_named(tmp_path):
    folder = copied("subgroups_default_endpoint", tmp_path, main_endpoint=None)
    assert load_study(folder).main_endpoint == "OS"


CHAPTERS = {
    "response": ("needs 'response'", "response"),
    "safety": ("needs 'data.adverse_events'", "safety"),
    "biomarkers": ("needs 'biomarkers'", "biomarkers"),
    "sequencing": ("needs 'sequencing'", "sequencing"),
    "sequence_comparison": ("needs 'sequencing'", "sequence_comparison"),
    "her2_evolution": ("needs 'evolution'", "her2_evolution"),
    "pathological_response": ("needs 'outcomes'", "pathological_response"),
    "survival with a list": ("has to be a text", {"notebook": "survival",
                                                  "parameters": {"endpoint": ["OS"]}}),
    "survival of nothing": ("did you mean 'OS'", {"notebook": "survival", "parameters": {"endpoint": "OSS"}}),
    "time_max": ("has to be a number", {"notebook": "survival", "parameters": {"time_max": "a year"}}),
    "time_max below": ("greater than 0", {"notebook": "survival", "parameters": {"time_max": -1}}),
    "by a number": ("is a number", {"notebook": "survival", "parameters": {"by": "age"}}),
    "reference": ("did you mean 'Yes'", {"notebook": "survival", "parameters": {"by": "liver",
                                                                                 "reference": "Yess"}}),
    "strata and group": ("is the group as well", {"notebook": "survival",
                                                  "parameters": {"by": "liver", "strata": "liver"}}),
    "where": ("there is no column 'agee'", {"notebook": "survival", "parameters": {"where": "agee > 3"}}),
    "where of nobody": ("selects no patient", {"notebook": "survival", "parameters": {"where": "age > 300"}}),
    "where of a level": ("is no level of liver", {"notebook": "survival",
                                                  "parameters": {"where": "liver == 'yes'"}}),
    "where that runs": ("is not understood", {"notebook": "survival",
                                              "parameters": {"where": "age.to_csv('x')"}}),
    "compare": ("names something that is not defined", {"notebook": "subgroups",
                                                        "parameters": {"compare": ["HER2-law"]}}),
    "unknown": ("no such parameter", {"notebook": "survival", "parameters": {"endpont": "OS"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAPTERS)
def test_validate_says_what_would_break_a_page(tmp_path, capsys, monkeypatch, name):
    monkeypatch.chdir(ROOT)
    words, chapter = CHAPTERS[name]
    folder = copied("subgroups_default_endpoint", tmp_path, chapters=["cohort", chapter])
    assert main(["validate", str(folder)]) == 1
    said = capsys.readouterr().out
    assert words in said and "study.yml, row " in said and "chapters.1" in said, said
    assert "->" in said


STUDIES = {
    "subgroups of a number": ({"subgroups": ["age"]}, "subgroups.0: is a number"),
    "subgroups missing": ({"subgroups": []}, "needs 'subgroups'"),
    "same labels": (
        {"variables": {"old": {"label": "Age", "from": "age", "cut": [60]},
                       "liver": {"label": "age ", "levels": "yes_no"}},
         "baseline": {"variables": ["old", "liver"]}},
        "have the same label",
    ),
    "group is a number": ({"group": "age"}, "the group is a number"),
    "no her2 and no group": ({"her2": None}, "there is no 'her2', from which the groups would come"),
    "reference": ({"reference": "HER2-lo"}, "did you mean 'HER2-low'"),
    "half a follow-up": ({"follow_up": {"start": "start"}}, "has no end"),
    "twice": ({"baseline": {"variables": ["age", "age"]}}, "stands twice"),
    "adjusted for the group": ({"adjustment": ["her2_class"]}, "the group is in the model anyway"),
    "population of nobody": (
        {"populations": {"old": {"label": "Old", "where": "age > 200"}}}, "selects no patient"),
    "population of a level": (
        {"populations": {"old": {"label": "Old", "where": "liver == 'Y'"}}}, "is no level of liver"),
    "population that runs": (
        {"populations": {"old": {"label": "Old", "where": "@pd.io.common.os.system('x') == 0"}}},
        "populations.old.where: cannot be evaluated"),
    "population by a text": (
        {"populations": {"old": {"label": "Old", "where": "her2_ish == 'Amplified'"}}},
        "but some are 'amplified'"),
    "exclusion": ({"inclusion": [{"exclude": "age >", "reason": "x"}]}, "inclusion.0.exclude"),
}  # fmt: skip


@pytest.mark.parametrize("name", STUDIES)
def test_validate_says_what_no_page_could_be_made_of(tmp_path, capsys, monkeypatch, name):
    monkeypatch.chdir(ROOT)
    changes, words = STUDIES[name]
    folder = copied("subgroups_default_endpoint", tmp_path, **changes)
    assert main(["validate", str(folder)]) == 1
    said = capsys.readouterr().out
    assert words in said, said
    assert "study.yml, row " in said or "her2" in name, said


def test_what_a_rule_does_not_know_is_said(tmp_path, capsys):
    folder = copied("group_missing", tmp_path, group=None,
                    inclusion=[{"exclude": "arm != 'T-DXd'", "reason": "Other ADC"}])
    assert main(["validate", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "2 patients stay of whom it is not known whether arm != 'T-DXd' (Other ADC)" in said
    assert "add: or is_missing(arm)" in said
    rule = {"exclude": "arm != 'T-DXd' or is_missing(arm)", "reason": "Other ADC"}
    folder = copied("group_missing", tmp_path / "b", group=None, inclusion=[rule])
    assert main(["validate", str(folder)]) == 0
    assert "not known whether" not in capsys.readouterr().out


def source(tmp_path, where):
    data = {"patients": {"file": "cohort.csv", "where": where}}
    return copied("group_missing", tmp_path, group=None, data=data)


def test_a_row_without_an_id_is_named_although_where_leaves_out_totals(tmp_path, capsys):
    folder = source(tmp_path, "patient_id != 'Total'")
    file = folder / "data" / "cohort.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[3] = "," + lines[3].partition(",")[2]
    file.write_text("\n".join([*lines, "Total" + "," * lines[0].count(",")]), encoding="utf-8")
    assert main(["validate", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "cohort.csv, row 4" in said and "id" in said


@pytest.mark.parametrize(("where", "words"), [
    ("arm == 't-dxd'", "no cell of 'arm' is 't-dxd', but some are 'T-DXd'"),
    ("arm == 'T-DM1'", "keeps no row of cohort.csv: no cell of 'arm' is 'T-DM1'"),
    ("armm == 'SG'", "did you mean 'arm'?"),
    ("arm.str.len() > 2", "is not understood"),
    ("arm > 2", "taken for a number here, but holds 'T-DXd', 'SG'"),
    ("start > '2022-13-01'", "is no date"),
])  # fmt: skip
def test_where_of_a_file_that_cannot_be_meant(tmp_path, capsys, where, words):
    assert main(["validate", str(source(tmp_path, where))]) == 1
    said = capsys.readouterr().out
    assert words in said and "study.yml, row " in said, said


def test_rows_that_where_cannot_decide_are_counted(tmp_path, capsys):
    assert main(["validate", str(source(tmp_path, "arm != 'SG'"))]) == 0
    said = capsys.readouterr().out
    assert "2 rows are not read because a cell of arm is missing" in said


def test_two_studies_of_a_build_have_two_short_titles(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    folders = [copied(name, tmp_path) for name in ("group_missing", "no_endpoint")]
    with pytest.raises(StudyError, match="has the same short title as the study"):
        make_plan([str(f) for f in folders])
