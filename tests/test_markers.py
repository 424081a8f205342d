"""Which measurement counts for whom, what is refused, and what the page says of it."""

import re

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from biomarker_study import STUDY, tables, write_study
from building import ROOT
from nbclient import NotebookClient

from her2adc import format as fmt
from her2adc import prose
from her2adc.blocks import alterations as alteration_blocks
from her2adc.blocks import biomarkers as blocks
from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import load_study
from her2adc.errors import StudyError
from her2adc.page import Page
from her2adc.results import frame, one, row, select
from her2adc.stats.biomarker_models import associations
from her2adc.stats.biomarkers import candidates, described

DATED = ["patient_id", "marker", "date", "value"]
NAMED = ["patient_id", "marker", "time_point", "value"]


def cohort_of(tmp_path, rows=None, columns=DATED, **changes):
    found = tables(12)
    if rows is not None:
        found["biomarkers"] = pd.DataFrame(rows, columns=columns)
    return prepare_cohort(load_study(write_study(tmp_path, found=found, **changes)))


def refused(tmp_path, rows=None, columns=DATED, **changes):
    with pytest.raises(StudyError) as error:
        cohort_of(tmp_path, rows, columns, **changes)
    return str(error.value)


ONE = {"time_points": {"before": {"label": "B", "until": "adc1_start"}}, "markers": {}, "genes": ["ESR1"]}


def without(folder, *keys):
    """Take keys (of the study, or of its data) out of a study file."""
    text = yaml.safe_load((folder / "study.yml").read_text())
    for key in keys:
        (text if key in text else text["data"]).pop(key)
    (folder / "study.yml").write_text(yaml.safe_dump(text, sort_keys=False))
    return folder


def state(cohort, column="ESR1_before", patient="P001"):
    value = cohort.data.set_index("patient_id")[column][patient]
    return None if pd.isna(value) else value


# ---- the study file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("changes", "words"), [
    ({"tested": "befor"}, "did you mean 'before'"),
    ({"markers": {"m": {"label": "M", "cut": [2, 1]}}}, "has to rise"),
    ({"markers": {"m": {"label": "M", "variable": "age", "missing": ["x"]}}}, "leave out 'from'"),
    ({"markers": {"ESR1": {"label": "ESR1"}}}, "is a marker and a gene"),
    ({"markers": {}, "genes": []}, "names no marker"),
    ({"altered": ["yes"], "wild_type": ["Yes"]}, "two meanings"),
    ({"time_points": {"t": {"label": "T"}}}, "give 'names'"),
    ({"genes": ["ESR-1"]}, "letters, digits and _"),
    ({"endpoint": "PSF"}, "did you mean 'PFS'"),
    ({"response": "best_respons"}, "did you mean 'best_response'"),
    ({"adjustment": ["agee"]}, "did you mean 'age'"),
    ({"markers": {"m": {"label": "M", "variable": "arm"}}}, "names something that is not defined"),
    ({"remark": {"assays": "x"}}, "allowed"),
    ({"time_point": {}}, "did you mean 'time_points'"),
])
def test_mistakes_in_the_study_file_are_named(tmp_path, changes, words):
    with pytest.raises(StudyError, match=re.escape(words)):
        load_study(write_study(tmp_path, **changes))


def test_markers_need_their_table(tmp_path):
    folder = write_study(tmp_path)
    text = (folder / "study.yml").read_text().replace("  biomarkers: biomarkers.csv\n", "")
    (folder / "study.yml").write_text(text)
    with pytest.raises(StudyError, match=r"data.biomarkers"):
        load_study(folder)


def test_markers_can_be_used_as_variables(tmp_path):
    study = load_study(write_study(tmp_path))
    assert study.label("ESR1_before") == "ESR1, before ADC1"
    assert study.variable("trop2_between").unit == "points"
    assert "her2_at_after" in study.derived


# ---- which measurement counts -------------------------------------------------------------------------


def days(cohort_or_tables, patient="P001"):
    """Day of the first ADC, and days around it, as the file has them."""
    table = cohort_or_tables["patients"].set_index("patient_id")
    start = table["adc1_start"][patient]
    return lambda n: (start + pd.Timedelta(days=n)).strftime("%Y-%m-%d")


def test_a_gene_that_is_not_listed_was_not_tested(tmp_path):
    day = days(tables(12))
    cohort = cohort_of(tmp_path, [("P001", "ESR1", day(-3), "wild type")], **ONE)
    assert state(cohort) == "Wild type" and state(cohort, patient="P002") is None


def test_time_points_by_date(tmp_path):
    day = days(tables(12))
    points = {"before": {"label": "B", "until": "adc1_start"}, "after": {"label": "A", "since": "adc1_start"}}
    rows = [("P001", "ESR1", day(0), "wild type"), ("P001", "ESR1", day(1), "mutated"),
            ("P002", "ESR1", "", "mutated")]  # fmt: skip
    cohort = cohort_of(tmp_path, rows, **{**ONE, "time_points": points})
    assert (state(cohort), state(cohort, "ESR1_after")) == ("Wild type", "Altered")
    assert any("1 measurement of no time point (1 without a date)" in r for r in cohort.remarks)


def test_time_points_by_name_whatever_the_capitals(tmp_path):
    points = {"before": {"label": "B", "names": ["Baseline"]}, "after": {"label": "A", "names": ["PD"]}}
    rows = [("P001", "ESR1", "baseline ", "WT"), ("P001", "ESR1", "pd", "MUTATED"),
            ("P002", "ESR1", "C3", "WT")]  # fmt: skip
    cohort = cohort_of(tmp_path, rows, NAMED, **{**ONE, "time_points": points, "wild_type": ["wt"]})
    assert (state(cohort), state(cohort, "ESR1_after")) == ("Wild type", "Altered")
    assert state(cohort, patient="P002") is None
    assert any("of no time point" in r for r in cohort.remarks)


@pytest.mark.parametrize(("pick", "wanted"), [("latest", "Altered"), ("earliest", "Wild type")])
def test_of_several_days_the_time_point_says_which(tmp_path, pick, wanted):
    day = days(tables(12))
    rows = [("P001", "ESR1", day(-1), "mutated"), ("P001", "ESR1", day(-9), "wild type")]
    points = {"before": {"label": "B", "until": "adc1_start", "pick": pick}}
    assert state(cohort_of(tmp_path, rows, **{**ONE, "time_points": points})) == wanted


def test_of_one_day_altered_counts_with_all_its_kinds(tmp_path):
    day = days(tables(12))
    rows = [("P001", "ESR1", day(-1), v) for v in ("wild type", "mutated", "amplified", "not tested")]
    cohort = cohort_of(tmp_path, rows, **ONE)
    found = cohort.tables["measurements"].iloc[0]
    assert state(cohort) == "Altered" and found["alteration"] == "Amplification; Mutation"


def test_what_the_dates_do_not_settle_is_left_out(tmp_path):
    points = {"before": {"label": "B", "names": ["baseline"]}}
    day = days(tables(12))
    columns = [*NAMED, "date"]
    rows = [("P001", "ESR1", "baseline", "mutated", ""), ("P001", "ESR1", "baseline", "wild type", day(-4)),
            ("P002", "ESR1", "baseline", "mutated", ""), ("P002", "ESR1", "baseline", "mutated", day(-4)),
            ("P001", "m", "baseline", "5", day(-4)), ("P001", "m", "baseline", "7", day(-4))]  # fmt: skip
    rule = {**ONE, "time_points": points, "markers": {"m": {"label": "M"}}}
    cohort = cohort_of(tmp_path, rows, columns, **rule)
    assert state(cohort) is None and state(cohort, patient="P002") == "Altered"
    assert state(cohort, "m_before") is None
    assert sum("do not say which counts" in r for r in cohort.remarks) == 2


def test_a_panel_makes_genes_without_a_row_wild_type(tmp_path):
    day = days(tables(12))
    rows = [("P001", "NGS", day(-1), "done"), ("P001", "ESR1", day(-1), "mutated"),
            ("P002", "NGS", day(-400), "failed"), ("P001", "NGS", day(-1), "done")]  # fmt: skip
    cohort = cohort_of(tmp_path, rows, **{**ONE, "genes": ["ESR1", "TP53"], "panel": ["NGS"]})
    assert (state(cohort), state(cohort, "TP53_before")) == ("Altered", "Wild type")
    assert state(cohort, patient="P002") is None


def test_numbers_texts_and_missing(tmp_path):
    day = days(tables(12))
    rows = [("P001", "TROP2 H-score", day(-1), "Negative"), ("P002", "TROP2 H-score", "2020-01-01", "failed"),
            ("P003", "TROP2 H-score", "2020-01-01", "12.5")]  # fmt: skip
    own = {"trop2": STUDY["biomarkers"]["markers"]["trop2"]}
    cohort = cohort_of(tmp_path, rows, **{**ONE, "genes": [], "markers": own})
    assert [state(cohort, "trop2_before", p) for p in ("P001", "P002", "P003")] == [0, None, 12.5]


def test_a_variable_as_a_marker_and_no_table(tmp_path):
    found = tables(12)
    folder = write_study(tmp_path, found=found, markers={"k": {"label": "K", "variable": "ki67"}}, genes=[])
    text = (folder / "study.yml").read_text().replace("  biomarkers: biomarkers.csv\n", "")
    (folder / "study.yml").write_text(text)
    cohort = prepare_cohort(load_study(folder))
    np.testing.assert_array_equal(cohort.data["k_before"], cohort.data["ki67"].astype(float))
    assert cohort.data["k_between"].isna().all() and cohort.tables["measurements"].empty


@pytest.mark.parametrize(("row", "words"), [
    (("P001", "ESR1", "2020-01-01", "maybe"), "means neither altered nor wild type"),
    (("P001", "TROP2 H-score", "2020-01-01", "many"), "is not a number"),
    (("P001", "TROP2 H-score", "2020-01-01", "301"), "lies outside 0 to 300"),
    (("P001", "tmb", "2020-01-01", "-3"), "has no log2"),
    (("P999", "ESR1", "2020-01-01", "mutated"), "is not in the table of patients"),
    (("P001", "ESR1", "01.02.2020", "mutated"), "is not a date"),
])
def test_bad_cells_are_named(tmp_path, row, words):
    text = refused(tmp_path, [*tables(12)["biomarkers"].itertuples(index=False, name=None), row])
    assert words in text and "biomarkers.csv, row" in text


def test_a_marker_that_no_row_names_is_named(tmp_path):
    text = refused(tmp_path, genes={"ESR1": {"from": ["ESR-1 mutation"]}})
    assert "biomarkers.ESR1" in text and "Allowed: ERBB2, ESR1, PIK3CA" in text


def test_rows_of_other_markers_are_said_to_be_left_out(tmp_path):
    cohort = cohort_of(tmp_path, genes=["ESR1"])
    assert any("of markers that the study does not name: ERBB2, PIK3CA, TP53" in r for r in cohort.remarks)


def test_her2_at_the_time_points_and_through_a_file(tmp_path):
    cohort = prepare_cohort(load_study(write_study(tmp_path)))
    first = cohort.data["her2_at_before"]
    tests = tables()["her2_tests"].drop_duplicates("patient_id").set_index("patient_id")["ihc"]
    wanted = cohort.data["patient_id"].map(tests).map({"0": "HER2-zero", "1+": "HER2-low", "2+": "HER2-low"})
    assert (first.astype(str) == wanted).all() and cohort.data["her2_at_after"].isna().all()
    cohort.save(tmp_path / "saved")
    again = Cohort.load(tmp_path / "saved")
    saved, made = (c.tables["measurements"].fillna({"alteration": "", "status": ""}) for c in (again, cohort))
    pd.testing.assert_frame_equal(saved, made)
    assert again.data["ESR1_before"].cat.categories.tolist() == ["Wild type", "Altered"]


# ---- the page -----------------------------------------------------------------------------------------


def run(folder, out):
    notebook = nbformat.read(ROOT / "notebooks/biomarkers.ipynb", as_version=4)
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    cell.source = f'study, page, prepared, out = "{folder}", "biomarkers", "", ""'
    where = {"metadata": {"path": str(out)}}
    NotebookClient(notebook, kernel_name="python3", timeout=300, resources=where).execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    assert [o for o in outputs if o.get("name") == "stderr"] == []
    return "\n".join(o["data"].get("text/markdown", "") for o in outputs if "data" in o)


def test_the_page_says_what_the_estimates_say(tmp_path):
    folder = write_study(tmp_path)
    text = run(folder, tmp_path)
    assert "must not be used for other patients" in text and "Not stated in the study file." in text
    for name in ("oncoprint", "her2-over-time", "spline-survival-trop2", "markers-response",
                 "gained-and-lost", "resistance", "remark", "levels", "cut-offs"):  # fmt: skip
        assert f"biomarkers-{name}." in text, name
    results = pd.read_csv(next((tmp_path / "_build").rglob("biomarkers-results.csv")))
    made = {"marker_survival", "cutpoint", "spline_response", "alterations_paired", "her2_paths"}
    assert made <= set(results["analysis"])
    smallest = select(results, analysis="marker_survival_adjusted", statistic="p_holm").nsmallest(1, "value")
    assert f"Holm {fmt.p_equals(smallest['value'].iloc[0])}" in text.split("```")[0]
    drawn = pd.read_csv(next((tmp_path / "_build").rglob("figures/biomarkers-oncoprint.csv")))
    assert not drawn["patient"].astype(str).str.startswith("P").any()  # pseudonyms stay inside


def only(tables_, **keep):
    return {name: table if name not in keep else keep[name](table) for name, table in tables_.items()}


EDGES = {
    "one patient tested": lambda t: only(t, biomarkers=lambda b: b[b["patient_id"].eq("P001")]),
    "no events": lambda t: only(t, patients=lambda p: p.assign(progression=pd.NaT, death=pd.NaT)),
    "never altered": lambda t: only(t, biomarkers=lambda b: b.assign(
        value=b["value"].replace({"mutated": "wild type", "amplified": "wild type"}))),
    "constant": lambda t: only(t, biomarkers=lambda b: b.assign(
        value=b["value"].where(~b["marker"].eq("TROP2 H-score"), "100"))),
}  # fmt: skip


@pytest.mark.parametrize("edge", EDGES)
def test_pages_of_odd_studies_are_whole(tmp_path, edge):
    found = EDGES[edge](tables(60))
    genes = list(STUDY["biomarkers"]["genes"])
    folder = write_study(tmp_path, found=found, genes=genes)
    report = Page(str(folder), "biomarkers", "", str(tmp_path / "out"))
    ask = blocks.candidates(report)
    about, rows = report.add(described(ask, report.data)), report.add(associations(ask))
    parts = [blocks.lead(report, ask, rows, about), blocks.late(report, ask, about)]
    for kind in ("survival", "response"):
        parts += [blocks.associations(report, ask, rows, kind), blocks.curves(report, ask, kind)]
    parts += [blocks.cutoffs(report, ask), alteration_blocks.oncoprint(report, ask),
              alteration_blocks.frequencies(report, ask), alteration_blocks.her2_over_time(report, ask),
              blocks.remark(report, ask, about), report.close()]  # fmt: skip
    text = "\n".join(p.markdown for p in parts if p is not None)
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text).lower()
    assert "REMARK" in text


def test_a_study_of_numbers_alone_and_without_response(tmp_path):
    folder = write_study(tmp_path, genes=[], markers={"tmb": {"label": "TMB"}}, adjustment=[])
    without(folder, "response", "her2", "her2_tests")
    report = Page(str(folder), "biomarkers", "", str(tmp_path / "out"))
    ask = blocks.candidates(report)
    about, rows = described(ask, report.data), associations(ask)
    lead = blocks.lead(report, ask, rows, about).markdown
    assert "The one marker tested for progression-free survival" in lead
    assert blocks.associations(report, ask, rows, "response") is None
    assert alteration_blocks.oncoprint(report, ask) is alteration_blocks.frequencies(report, ask) is None
    assert alteration_blocks.her2_over_time(report, ask) is None
    assert "None: the study file names no variables" in blocks.remark(report, ask, about).markdown


def test_late_values_are_said(tmp_path):
    found = tables(40)
    start = found["patients"].set_index("patient_id")["adc1_start"]
    rows = found["biomarkers"].drop_duplicates(["patient_id", "marker"]).assign(time_point="baseline")
    late = rows["patient_id"].eq("P001")
    rows["date"] = rows["date"].mask(late, start["P001"] + pd.Timedelta(days=5))
    found["biomarkers"] = rows
    points = {"before": {"label": "Baseline", "names": ["baseline"]}}
    folder = write_study(tmp_path, found=found, time_points=points)
    report = Page(str(folder), "biomarkers", "", str(tmp_path / "o"))
    ask = blocks.candidates(report)
    assert ask.data.loc[ask.data["patient_id"].eq("P001"), "ESR1"].isna().all()
    shown = blocks.late(report, ask, described(ask, report.data))
    known = rows[~rows["value"].isin(["failed", "not tested"])]
    n = known.loc[known["date"] > known["patient_id"].map(start), "patient_id"].nunique()
    assert shown.markdown.startswith(f"Values of {n} patients were measured after the clock had started")


def test_counts_of_the_reporting_items_by_hand(tmp_path):
    study = load_study(write_study(tmp_path))
    cohort = prepare_cohort(study)
    ask = candidates(study, cohort.data, cohort.tables["measurements"])
    rows = described(ask, cohort.data)
    raw = tables()["biomarkers"]
    known = raw[raw["marker"].eq("TROP2 H-score") & raw["value"].ne("failed")]
    assert one(rows, statistic="known", variable="trop2", level="before")["value"] == len(known)
    middle = np.median(known["value"].astype(float))
    assert one(rows, statistic="median", variable="trop2", level="before")["value"] == middle
    assert select(rows, statistic="late").empty or select(rows, statistic="late")["value"].eq(0).all()


def test_resistance_is_shown_where_both_were_tested(tmp_path):
    report = Page(str(write_study(tmp_path)), "biomarkers", "", str(tmp_path / "o"))
    shown = alteration_blocks.frequencies(report, blocks.candidates(report)).markdown
    table = shown.split("Altered genes by resistance")[1].split(":::")[0]
    assert "Before ADC1" in table and "Between ADC1 and ADC2" not in table  # tested again at progression
    assert set(select(report.results, analysis="alterations_resistance")["level"]) == {"before"}


def test_what_was_lost_is_said_as_lost():
    at = {"variable": "G", "level": "a -> b"}
    rows = frame([row("x", "gained", 0, n=9, n_events=0, **at), row("x", "lost", 0.8, n=10, n_events=8, **at),
                  row("x", "p_holm", 0.0156, **at)])  # fmt: skip
    text = prose.alterations_gained(rows, {}, {"a": "Before", "b": "After"})
    assert text == "G was lost by 8 of 10 patients with it before and tested again after (Holm p = 0.016)."


def test_lead_names_the_strongest_when_nothing_is_left():
    at = {"level": "per SD", "variable": "m", "analysis": "marker_survival"}
    rows = frame([
        row(statistic="hazard_ratio", value=0.8, conf_low=0.6, conf_high=1.1, **at),
        row(statistic="p_value", value=0.2, **at),
        row(statistic="p_holm", value=0.4, **at),
        row(statistic="p_holm", value=1.0, **{**at, "variable": "n"}),
    ])  # fmt: skip
    text = prose.biomarkers(rows, {"m": "TROP2"}, "Progression-free survival", "9 patients")
    assert text == (
        "None of the 2 markers tested for progression-free survival (9 patients) was associated with it "
        "after correction for their number; the smallest p-value was that of TROP2 (hazard ratio per "
        "standard deviation 0.80, 95% CI 0.60 to 1.10; p = 0.20, Holm p = 0.40)."
    )
