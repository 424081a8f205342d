"""What a notebook calls: results recorded, files written, MyST and HTML shown."""

import re
import sys

import pandas as pd
import pytest
from small_study import STUDY, write_study

from her2adc import blocks, figures, software, tables
from her2adc.page import Page, Shown
from her2adc.results import frame, row
from her2adc.stats import analyses, cohort, survival


@pytest.fixture
def report(tmp_path):
    return Page(str(write_study(tmp_path)), "pfs", out=str(tmp_path / "out"))


def test_results_carry_study_and_page_and_are_written_unrounded(report, tmp_path):
    report.add(frame([row("a", "x", 1 / 3, n=3)]))
    report.close()
    saved = pd.read_csv(tmp_path / "out" / "results.csv")
    assert saved[["study", "page", "value"]].values.tolist() == [["small", "pfs", 1 / 3]]


def test_figure_is_saved_in_four_forms_and_points_at_its_file(report, tmp_path):
    curve = survival.curve(report.data, "PFS", report.by)
    rows = analyses.endpoint(report.data, "PFS", report.by)
    drawn = figures.kaplan_meier(curve, rows, endpoint_label="PFS", groups=report.groups())
    shown = report.figure("km", drawn, curve,
                          title="PFS", caption="c", alt="two\nlines", details={"Method": "KM"})
    assert sorted(p.name for p in (tmp_path / "out" / "figures").iterdir()) == [
        "pfs-km.csv", "pfs-km.pdf", "pfs-km.png", "pfs-km.svg"]
    assert "{figure} figures/pfs-km.svg" in shown.markdown and ':alt: "two lines"' in shown.markdown
    assert "**Method:** KM" in shown.markdown and shown.html == ""
    assert "at risk" in (tmp_path / "out" / "figures" / "pfs-km.svg").read_text().lower()


def test_by_hand_the_figure_itself_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = Page(str(write_study(tmp_path)), "pfs")
    table = tables.listing(pd.DataFrame({"a": [1]}), {"a": "A"})
    bundle = report.table("t", table, title="T")._repr_mimebundle_()
    assert "<table" in bundle["text/html"] and (tmp_path / "_build/lab/small/pfs/tables/pfs-t.csv").is_file()


def test_banner_only_where_patients_are_not_real(report, tmp_path):
    assert "No patient on this page is real" in report.banner().markdown
    real = Page(str(write_study(tmp_path, "true", study={"data_kind": "real"})), "pfs")
    assert real.banner() is None


def test_same_call_gives_the_same_text():
    assert repr(Shown("a")) == "a"


def test_groups_names_and_covariates(report):
    assert report.group_sizes() == {"HER2-low": 5, "HER2-positive": 5}
    assert report.names("liver", report.data) == {"No": "No liver metastasis", "Yes": "Liver metastasis"}
    assert report.names(None, report.data) == {"All patients": "All patients"}
    assert report.covariates(None) == [] and report.covariates("liver") == ["liver"]


def test_missing_table_names_complete_variables(report):
    rows = cohort.missing_values(report.data, report.variables(["age", "liver"]), report.by)
    assert blocks.missing_values(report, rows).markdown == "Nothing is missing of age and liver metastasis."
    report.data.loc[0, "age"] = float("nan")
    rows = cohort.missing_values(report.data, report.variables(["age", "liver"]), report.by)
    text = blocks.missing_values(report, rows).markdown
    assert "Nothing is missing of liver metastasis." in text and "1 (10.0%)" in text


def test_no_regression_without_events_or_groups(report):
    none = report.data.assign(PFS_event=False)
    ask, nothing = blocks.comparison(report), frame([])
    rows = analyses.hazard_ratios(none, "PFS", ["her2_class"])
    assert rows.empty
    assert blocks.regression(report, ask, "PFS", rows, nothing, nothing, []) is None
    rows = analyses.hazard_ratios(report.data, "PFS", ["her2_class"])
    shown = blocks.regression(report, ask, "PFS", rows, nothing, nothing, ["her2_class"])
    assert "## Regression" in shown.markdown


def test_her2_result_has_only_levels_that_occur(report):
    levels = report.variables(["her2_result"])[0].level_names
    assert levels == ["IHC 1+", "IHC 2+, ISH not amplified", "IHC 2+, ISH amplified", "IHC 3+"]
    assert STUDY["her2"]["edition"] == 2018


@pytest.mark.parametrize("conf_type", ["log-log", "log", "plain"])
def test_interval_type_of_the_study_reaches_the_rows(tmp_path, conf_type):
    report = Page(str(write_study(tmp_path, study={"conf_type": conf_type})), "pfs")
    rows = analyses.endpoint(report.data, "PFS", report.by, conf_type=report.study.conf_type)
    methods = rows.loc[rows["analysis"].eq("kaplan_meier"), "method"].unique()
    assert methods.tolist() == [f"Kaplan-Meier, {conf_type} interval"]


def test_folds_name_what_computed_them(tmp_path, monkeypatch):
    for name in software.OTHERS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    report = Page(str(write_study(tmp_path)), "pfs", out=str(tmp_path / "out"))
    ask, nothing = blocks.comparison(report), frame([])
    rows = analyses.endpoint(report.data, "PFS", report.by)
    curve = survival.curve(report.data, "PFS", report.by)
    shown = blocks.survival_figure(report, ask, "PFS", curve, rows, nothing).markdown
    assert re.search(r"\*\*Software:\*\* her2adc .*numpy \d.*matplotlib \d", shown)
    assert not re.search("lifelines|scikit-learn|firthmodels|tableone", shown)
    none = report.data.assign(PFS_event=report.data["PFS_event"] & report.data["her2_class"].eq("HER2-low"))
    cox = analyses.hazard_ratios(none, "PFS", ["her2_class"])
    shown = blocks.regression(report, ask, "PFS", cox, nothing, nothing, ["her2_class"]).markdown
    assert re.search(r"\*\*Software:\*\* .*firthmodels \d", shown) and "lifelines" not in shown
