"""The page on HER2 evolution, executed on small studies: what it says, and that it never breaks."""

import ast

import nbformat
import numpy as np
import pandas as pd
import pytest
from building import ROOT
from small_study import PATIENTS, STUDY, write_study

from her2adc import blocks, prose
from her2adc.cohort import prepare_cohort
from her2adc.config import Retest, load_study
from her2adc.errors import StudyError
from her2adc.page import Page
from her2adc.stats.retest import retest

NOTEBOOK = ROOT / "notebooks" / "her2_evolution.ipynb"
STAGES = [
    {"name": "primary", "label": "Primary tumour", "specimen": "primary"},
    {"name": "recurrence", "label": "Recurrence", "specimen": "recurrence"},
    {"name": "later", "label": "Later metastasis", "specimen": "metastasis"},
]
EVOLUTION = {
    "stages": STAGES[:2],
    "strata": ["liver"],
    "endpoint": "PFS",
    "retest": [{"kappa": 0.75, "source": "a book"}],
}
DAY = {"primary": "2020-01-10", "recurrence": "2023-01-05", "metastasis": "2024-01-05"}


def specimens(**scores):
    """One specimen a patient and kind: scores of the twelve patients, "-" for no specimen."""
    rows = [
        (patient, kind, DAY[kind], score, "not amplified" if score == "2+" else "")
        for kind, text in scores.items()
        for patient, score in zip(PATIENTS["patient_id"], text.split(), strict=True)
        if score != "-"
    ]
    return pd.DataFrame(rows, columns=["patient_id", "specimen", "date", "ihc", "ish"])


def study_of(tmp_path, tests, evolution=None, her2=None):
    """Write the study and return its folder."""
    parts = {
        "her2": {"table": "her2_tests", **(her2 or {})},
        "data": {**STUDY["data"], "her2_tests": "tests.csv"},
        "evolution": EVOLUTION if evolution is None else evolution,
        "limitations": ["Made up."],
    }
    folder = write_study(tmp_path, study=parts)
    tests.to_csv(folder / "data" / "tests.csv", index=False)
    return folder


def run(tmp_path, folder, **parameters):
    """What the cells show, by their first line, and the results."""
    prepare_cohort(load_study(folder)).save(tmp_path / "prepared")
    values = {"study": str(folder), "prepared": str(tmp_path / "prepared"), "out": str(tmp_path / "out")}
    scope, shown = {}, []
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type == "markdown":
            shown.append(cell.source)
            continue
        *lines, last = _statements(cell.source)
        exec("\n".join(lines), scope)
        if "parameters" in cell.metadata.get("tags", []):
            exec(last, scope)
            scope |= values | parameters
            continue
        value = eval(last, scope)
        shown.append("" if value is None else value.markdown)
    return "\n\n".join(shown), pd.read_csv(tmp_path / "out" / "results.csv")


def _statements(source):
    return [ast.get_source_segment(source, node) for node in ast.parse(source).body]


def test_the_page_by_hand(tmp_path):
    tests = specimens(
        primary="0 0 0 1+ 1+ 1+ 2+ 3+ 3+ 3+ 1+ -",
        recurrence="0 1+ 3+ 1+ 0 2+ 2+ 3+ 3+ 1+ 0-1+ 1+",
    )
    text, rows = run(tmp_path, study_of(tmp_path, tests))
    # 10 pairs: 0 -> 1+, 0 -> 3+, 1+ -> 0, 3+ -> 1+ differ; 3 were HER2-zero, 7 eligible
    assert "in 40.0% (95% CI 12.2 to 73.8; 4 of 10 pairs)" in text
    assert "Of 3 patients not eligible for a HER2-directed ADC at primary tumour, 2 had become" in text
    assert "one for every 1.5 (95% CI 1.0 to 10.6) biopsies" in text
    assert "Of 7 eligible at primary tumour, 1 had lost it at recurrence: 14.3%" in text
    assert "| HER2-zero | 1 (33.3%) | 1 (33.3%) | 1 (33.3%) | &#8199;3 |" in text
    plain = text.replace("&#8199;", "").replace("\u2007", "")
    assert "| &emsp;No class: ambiguous IHC score 0-1+ | 1 (8.3%) |" in plain
    assert "| &emsp;No class at primary tumour | 1 (8.3%) |" in plain
    assert "Of 4 changes, 2 were to a higher and 2 to a lower class." in text
    assert "(a book), reading alone would make" in text
    assert "1 of 23 specimens have a range of scores" in text
    assert "The table of HER2 tests has neither" in text
    assert "## Outcome by concordance" in text and "In all 10 pairs with both dates" in text
    assert set(rows["analysis"]) >= {
        "her2_discordance", "paired", "her2_eligibility", "her2_paths", "her2_transitions", "her2_pairing",
        "her2_retest", "her2_clock", "kaplan_meier", "cox", "her2_sensitivity", "her2_reclassification",
    }  # fmt: skip
    assert not rows.duplicated(
        ["analysis", "population", "group", "variable", "level", "statistic", "method"]
    ).any()


def test_another_rule_and_another_pair(tmp_path):
    tests = specimens(
        primary="0 0 0 1+ 1+ 1+ 2+ 3+ 3+ 3+ 1+ 1+",
        recurrence="0 1+ 3+ 1+ 0 2+ 2+ 3+ 3+ 1+ 0-1+ 1+",
        metastasis="1+ - 3+ 1+ - 0 - - 3+ - 0 0",
    )
    folder = study_of(tmp_path, tests, {**EVOLUTION, "stages": STAGES})
    text, _ = run(tmp_path, folder)
    assert "HER2 class at recurrence and at later metastasis" in text and "ends in grey" in text
    text, rows = run(tmp_path, folder, before="recurrence", after="later", ambiguous="lower", strata="liver")
    assert "between recurrence and later metastasis" in text and "is read as its lower score" in text
    assert "IHC 0-1+ read as 0 (1)" in text
    pairs = rows[rows["analysis"].eq("her2_sensitivity") & rows["statistic"].eq("pairs")].set_index("group")
    assert pairs.loc["As on this page", "value"] == 7 and pairs.loc["Score ranges left out", "value"] == 6
    with pytest.raises(StudyError, match="there is no such stage"):
        run(tmp_path, folder, before="relapse")


@pytest.mark.parametrize(("primary", "recurrence"), [
    ("1+ " * 12, "- - - - - - - - - - - 0-1+"),  # nobody makes a pair
    ("0 0 0 0 1+ 1+ 1+ 1+ 3+ 3+ 3+ 3+", "0 0 0 0 1+ 1+ 1+ 1+ 3+ 3+ 3+ 3+"),  # everybody concordant
    ("1+ " * 12, "1+ " * 12),  # one class only
    ("1+ " + "- " * 11, "0 " + "1+ " * 11),  # one pair
    ("0 " * 12, "3+ " * 12),  # everybody gains
], ids=["no pair", "concordant", "one class", "one pair", "all gain"])  # fmt: skip
def test_what_can_be_missing(tmp_path, primary, recurrence):
    text, rows = run(tmp_path, study_of(tmp_path, specimens(primary=primary, recurrence=recurrence)))
    assert "## What limits this page" in text and len(rows)
    for wrong in ("nan", "inf ", "none%", "{", "NE%"):
        body = text.replace(":::{", "").replace("{download}", "").replace("{cite", "")
        assert wrong not in body, wrong


def test_all_ambiguous_and_no_endpoint(tmp_path):
    tests = specimens(primary="0-1+ " * 12, recurrence="0-1+ " * 12)
    folder = study_of(tmp_path, tests, {"stages": STAGES[:2]}, {"ambiguous": "upper"})
    text, rows = run(tmp_path, folder)
    assert "0 of 12 pairs" in text and "## Outcome" not in text
    pairs = rows[rows["analysis"].eq("her2_sensitivity") & rows["statistic"].eq("pairs")]
    assert dict(zip(pairs["group"], pairs["value"], strict=True)) == {
        "As on this page": 12, "Score ranges left out": 0, "Score ranges read as the lower score": 12,
    }  # fmt: skip


def test_pairs_chosen_by_their_class_say_nothing_of_reading_error(tmp_path):
    tests = specimens(primary="3+ " * 12, recurrence="0 1+ 1+ " + "3+ " * 9)
    text, rows = run(tmp_path, study_of(tmp_path, tests))
    assert "Change cannot be told from reading error then." in text and "kappa 0.00" not in text
    assert "Kappa is 0 whatever the changes are" in text and "| Gained | 0/" not in text
    assert rows.loc[rows["analysis"].eq("her2_retest"), "value"].isna().all()


def test_edition_reads_the_counts_again(tmp_path):
    tests = specimens(primary="2+ " * 12, recurrence="1+ " * 12)
    # group 2: amplified by 2013, not by 2018; group 4: equivocal by 2013
    tests["ish_ratio"] = [2.4] * 6 + [1.5] * 6 + [np.nan] * 12
    tests["ish_copies"] = [3.1] * 6 + [4.5] * 6 + [np.nan] * 12
    _, rows = run(tmp_path, study_of(tmp_path, tests))
    moved = rows[rows["analysis"].eq("her2_reclassification") & rows["value"].gt(0)]
    found = {(r["group"], r["variable"], r["level"]): r["value"] for _, r in moved.iterrows()}
    assert found[("ASCO/CAP 2013", "HER2-low", "HER2-positive")] == 6
    assert found[("ASCO/CAP 2013", "HER2-low", "Not classified")] == 6
    assert "ASCO/CAP 2018, affirmed 2023" not in moved["group"].tolist()
    shown = rows[rows["analysis"].eq("her2_sensitivity") & rows["statistic"].eq("discordance")]
    shown = shown.set_index("group")
    assert shown.loc["As on this page", "value"] == 0 and shown.loc["ASCO/CAP 2013", "value"] == 1


def test_patients_classified_by_columns_of_their_own(tmp_path):
    tests = specimens(
        primary="0 0 0 1+ 1+ 1+ 2+ 3+ 3+ 3+ 1+ 0-1+",
        recurrence="0 1+ 3+ 1+ 0 2+ 2+ 3+ 3+ 1+ 1+ 0",
    )
    text, rows = run(tmp_path, study_of(tmp_path, tests, her2={**STUDY["her2"], "table": "patients"}))
    pairs = rows[rows["analysis"].eq("her2_sensitivity") & rows["statistic"].eq("pairs")]
    # P07 is HER2-zero and P11 not classified in the table of patients, P12 has a range at diagnosis
    assert pairs["value"].tolist() == [9, 10, 10] and "9 pairs)" in text


def test_ultralow_is_a_fourth_class(tmp_path):
    tests = specimens(
        primary="0 0+ 0+ 1+ 1+ 1+ 2+ 3+ 3+ 3+ 1+ 0",
        recurrence="0+ 0+ 1+ 0 0+ 2+ 2+ 3+ 3+ 0+ 1+ 0",
    )
    text, rows = run(tmp_path, study_of(tmp_path, tests, her2={"ultralow": True}))
    assert "Primary tumour: HER2-zero 2, HER2-ultralow 2, HER2-low 5 and HER2-positive 3" in text
    assert rows["analysis"].eq("her2_transitions").sum() == 16 + 8


def test_a_study_without_evolution_is_told_so(tmp_path):
    report = Page(str(write_study(tmp_path)), "x", "", str(tmp_path / "out"))
    with pytest.raises(StudyError, match="not followed over specimens"):
        blocks.her2_pairs(report)


def test_sources_of_agreement_are_cited_where_they_are_keys():
    levels = pd.CategoricalDtype(["HER2-zero", "HER2-low"], ordered=True)
    data = pd.DataFrame({"a": ["HER2-zero", "HER2-low"], "b": ["HER2-low", "HER2-zero"]}).astype(levels)
    published = [Retest(kappa=0.7, source="Wolff2018"), Retest(kappa=0.8, source="a ring trial")]
    text = prose.her2_retest(retest(data, "a", "b", published), published)
    assert "kappa of 0.7 ({cite:t}`Wolff2018`)" in text and "kappa of 0.8 (a ring trial)" in text
