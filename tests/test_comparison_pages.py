"""Survival, subgroup and outcome pages of three groups, by stratum and with delayed entry.

The notebooks run here in one process, on a study made up for it.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from building import ROOT

from her2adc import prose, tables
from her2adc.blocks.common import comparison, references
from her2adc.page import Page
from her2adc.results import frame, one, row, select
from her2adc.stats import survival

N = 120
STUDY: dict[str, Any] = {
    "title": "Three groups", "short_title": "Three", "question": "Q?", "design": "Made up for a test",
    "data_kind": "simulated", "data": {"patients": "patients.csv"}, "her2": {"edition": 2018},
    "reference": "HER2-low",
    "variables": {
        "age": {"label": "Age", "minimum": 18, "maximum": 110},
        "hr_status": {"label": "Hormone receptor status", "from": "hr", "reference": "Positive",
                      "levels": {"Negative": ["negative"], "Positive": ["positive"]}},
        "relapse": {"label": "Type of relapse",
                    "levels": {"Locoregional": ["LRR"], "Distant": ["DM"], "Contralateral": ["CBC"]}},
    },
    "baseline": {"variables": ["age", "hr_status"]},
    "adjustment": ["hr_status"],
    "subgroups": ["hr_status", "relapse"],
    "outcomes": {"pCR": {"label": "Pathological complete response", "definition": "ypT0/is ypN0",
                         "column": "pcr"}},
    "endpoints": {
        name: {"label": label, "definition": "from recurrence to death", "time": "months",
               "event": "dead", "landmarks": [12], **more}
        for name, label, more in (("OS", "Survival", {}), ("LATE", "Late survival", {"entry": "sequenced"}))
    },
    "main_endpoint": "OS",
    "populations": {"older": {"label": "Older", "where": "age >= 60"}},
    "limitations": ["Made up."],
    "chapters": ["cohort"],
}  # fmt: skip


def patients() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    her2 = np.resize(["0", "1+", "1+", "3+"], N)
    months = rng.exponential(np.where(her2 == "3+", 40, np.where(her2 == "0", 12, 24))).round(1) + 1
    pcr = np.where(rng.random(N) < np.where(her2 == "3+", 0.5, 0.2), "yes", "no").astype(object)
    pcr[her2 == "0"], pcr[5] = "no", ""
    return pd.DataFrame({
        "patient_id": [f"P{i:03d}" for i in range(N)], "age": rng.integers(30, 85, N), "her2_ihc": her2,
        "her2_ish": "",
        "hr": rng.choice(["positive", "negative"], N),
        "relapse": np.where(np.arange(N) % 40 == 0, "", rng.choice(["LRR", "DM", "CBC"], N)),
        "months": np.minimum(months, 60), "dead": np.where(rng.random(N) < 0.7, 1, 0),
        "sequenced": np.minimum(np.resize([0.0, 2, 6], N), months.round(2) / 2), "pcr": pcr,
    })  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studies") / "three"
    (folder / "data").mkdir(parents=True)
    patients().to_csv(folder / "data" / "patients.csv", index=False)
    (folder / "study.yml").write_text(yaml.safe_dump(STUDY, sort_keys=False), encoding="utf-8")
    return folder


def run(study: Path, notebook: str, page: str, **parameters: Any) -> tuple[str, Page]:
    """Run a notebook with parameters; what it shows, and its page."""
    given = {"study": str(study), "page": page, "out": str(study.parent / "out" / page), **parameters}
    names: dict[str, Any] = {}
    shown = []
    for cell in nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook, "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            assert set(given) <= set(names)
            names.update(given)
        if last is not None:
            shown.append(getattr(eval(compile(last, notebook, "eval"), names), "markdown", ""))
    return "\n\n".join(shown), names["report"]


def lead(text: str) -> str:
    return text.split("lead-sentence\n")[1].split("\n:::")[0]


def test_three_groups_are_compared_in_pairs_with_the_reference(study):
    text, report = run(study, "survival", "os", endpoint="OS")
    assert "HER2-zero vs HER2-low" in text and "HER2-positive vs HER2-low" in text
    assert "adjusted for 3 tests after Holm" in text
    ratio = one(report.results, analysis="cox_univariable", statistic="hazard_ratio", variable="her2_class",
                level="HER2-zero")
    paired = one(report.results, analysis="cox_pairwise", statistic="hazard_ratio",
                 group="HER2-zero vs HER2-low")
    assert ratio["value"] == paired["value"]
    assert one(report.results, analysis="cox", level="Positive", statistic="hazard_ratio")["value"] == 1
    assert "Multivariable" in text  # the study adjusts its own groups
    text, report = run(study, "survival", "os-relapse", endpoint="OS", by="relapse")
    names = report.names("relapse", report.data)
    assert "Cox regression" not in text and f"{names['Distant']} vs {names['Locoregional']}" in text
    assert "Events per variable" in text


def test_reference_can_be_named_and_has_to_exist(study):
    text, _ = run(study, "survival", "os-zero", endpoint="OS", reference="HER2-zero")
    assert "HER2-low vs HER2-zero" in text and "HER2-positive vs HER2-zero" in text
    with pytest.raises(ValueError, match=r"reference 'HER2-ultralow' .*; those with are \['HER2-zero'"):
        run(study, "survival", "os-none", endpoint="OS", reference="HER2-ultralow")
    with pytest.raises(ValueError, match="both the group and the stratum"):
        run(study, "survival", "os-twice", endpoint="OS", strata="her2_class")


def test_strata_have_a_panel_each_and_their_tests(study):
    text, report = run(study, "survival", "os-strata", endpoint="OS", strata="relapse")
    drawn = (study.parent / "out/os-strata/figures/os-strata-kaplan-meier.svg").read_text()
    names = report.names("relapse", report.data)
    assert all(name in drawn for name in names.values())
    assert drawn.count("At risk") >= 2
    assert "Log-rank p for survival between the 3 groups was" in lead(text)
    assert "3 patients without a value left out" in text
    assert "Model and tests are stratified by type of relapse" in text
    distant = report.data[report.data["relapse"] == "Distant"]
    wanted = survival.summarise(distant, "OS", "her2_class", [12])
    mine = select(report.results, analysis="kaplan_meier", population=names["Distant"])
    assert mine["value"].tolist() == pytest.approx(wanted["value"].tolist(), nan_ok=True)


def test_two_groups_by_stratum_have_hazard_ratios(study):
    text, report = run(study, "survival", "os-hr", endpoint="OS", by="hr_status", strata="relapse",
                       where="age < 75", population="Younger")
    groups, layers = (report.names(name, report.data) for name in ("hr_status", "relapse"))
    negative, positive = (prose.lower_first(groups[level]) for level in ("Negative", "Positive"))
    assert lead(text).startswith(
        f"The hazard ratio of {negative} against {positive} for survival in younger was"
    )
    assert "pairs" not in text
    populations = {"Younger", *(f"Younger, {name}" for name in layers.values())}
    assert set(report.results["population"]) == populations
    text, _ = run(study, "survival", "os-none", endpoint="OS", by="", strata="relapse")
    assert lead(text).startswith("Median survival was") and "Regression" not in text


def test_delayed_entry_is_said_and_counted(study):
    text, report = run(study, "survival", "late", endpoint="LATE")
    assert "delayed entry at sequenced" in text and "Patients are at risk from sequenced on" in text
    at_risk = select(report.results, analysis="at_risk", statistic="n_at_risk", group="All patients")
    data = report.data
    for level, value in at_risk[["level", "value"]].to_numpy():
        t = float(level)
        here = (data["LATE_time"] >= t) & ((data["LATE_entry"] < t) | (data["LATE_entry"] == 0))
        assert value == here.sum(), level
    assert at_risk["value"].max() > at_risk.iloc[0]["value"]
    km = select(report.results, analysis="kaplan_meier")
    assert km["method"].str.contains("delayed entry").all()


def test_subgroups_of_three_groups_have_a_forest_each(study):
    text, report = run(study, "subgroups", "sub", endpoint="OS")
    assert "forest-her2-zero" in text and "forest-her2-positive" in text
    assert "all groups compared within each level" in text
    assert "2 df" in one(report.results, analysis="level_test", statistic="p_value", variable="")["method"]
    text, report = run(study, "subgroups", "sub-one", endpoint="OS", compare=["HER2-positive"])
    assert "forest-her2-zero" not in text
    assert set(select(report.results, analysis="forest")["population"]) == {"HER2-positive vs HER2-low"}


def test_subgroups_of_an_outcome_are_odds_ratios(study):
    text, report = run(study, "subgroups", "sub-pcr", endpoint="OS", outcome="pCR")
    assert "Odds ratio of HER2-zero against HER2-low" in text and "Firth" in text
    assert "log-rank" not in text.lower()
    rate = one(report.results, population="Older", statistic="rate")
    assert rate["n"] == (report.data["age"].ge(60) & report.data["pCR"].notna()).sum()


def test_outcome_page_shows_rates_and_odds_ratios(study):
    text, report = run(study, "pathological_response", "pcr", strata="relapse")
    assert lead(text).startswith("The rate of pathological complete response was 0.0%")
    assert "1 without a known outcome left out" in text and "ypT0/is ypN0" in text
    assert "Stratified by type of relapse" in text and "Adjusted for hormone receptor status" in text
    assert "Firth-penalised" in text and "Exact conditional odds ratio" in text
    firth = select(report.results, analysis="logistic", statistic="odds_ratio", variable="her2_class",
                   level="HER2-zero")
    assert "separated" in firth["method"].iloc[0]
    text, report = run(study, "pathological_response", "pcr-plain", adjustment=[], by="hr_status")
    assert "a difference of" in lead(text) and "logistic regression." not in text.split("odds.csv")[1]
    assert select(report.results, analysis="logistic").empty
    text, report = run(study, "pathological_response", "pcr-all", by="")
    assert "OR (95% CI)" not in text and lead(text).count("95% CI") == 1


def test_one_group_only_is_no_comparison(study):
    where = "her2_class == 'HER2-low' and hr_status == 'Positive'"
    text, _ = run(study, "survival", "low", endpoint="OS", by="hr_status", where=where)
    assert "Regression" not in text
    text, report = run(study, "pathological_response", "low-pcr", by="hr_status", where=where, adjustment=[])
    assert select(report.results, statistic="odds_ratio").empty
    assert "NE" in text or "The rate of" in lead(text)


def test_references_of_a_model(study):
    report = Page(str(study), "p", out=str(study.parent / "out" / "p"))
    ask = comparison(report)
    assert ask.reference == "HER2-low" and list(ask.names.values()) == list(ask.names)
    assert references(report, ask, ["her2_class", "hr_status", "age"]) == {
        "her2_class": "HER2-low", "hr_status": "Positive"}
    assert comparison(report, "hr_status").reference == "Positive"
    assert comparison(report, "relapse").reference == "Locoregional"
    assert comparison(report, "").reference is None


def test_restricted_means_stand_where_hazards_are_not_proportional():
    place = {"group": "b", "level": "18.2"}
    rows = frame([row("rmst", "rmst_difference", 2.94, conf_low=0.4, conf_high=5.44, **place)])
    assert prose.restricted_means(rows, {"a": "HER2-low", "b": "HER2-zero"}, "a") == (
        "The hazards were not proportional. Restricted mean survival up to 18.2 months less that of "
        "HER2-low, in months: 2.9 (95% CI 0.4 to 5.4) for HER2-zero."
    )
    assert prose.restricted_means(frame([]), {}, "a") == ""


def test_tables_say_what_cannot_be_estimated():
    why = "log-rank: not estimable, fewer than two groups or no events"
    place = {"population": "Liver", "n": 4, "n_events": 0}
    rows = frame([
        row("kaplan_meier", "median", None, group="a", **place),
        row("logrank", "p_value", None, method=why, **place),
        row("cox_univariable", "hazard_ratio", None, level="b", method="not estimable: no events", **place),
        row("logrank_stratified", "p_value", 0.034),
    ])  # fmt: skip
    table = tables.survival_strata(rows, {"Liver": "Liver"}, {"a": "A", "b": "B"})
    assert table.frame.iloc[0].tolist() == ["Liver", "", "", "", "", "NE†"]
    assert table.frame.iloc[2].tolist() == ["B", "–", "–", "–", "NE‡", ""]
    assert "Log-rank test over all strata (stratified): p = 0.034." in table.footnotes
    assert "† Not estimable, fewer than two groups or no events." in table.footnotes
    sentence = prose.strata(
        frame([*rows.to_dict("records"), row("interaction", "p_value", None)]), "Survival",
        {"Liver": "liver"}, {"a": "A", "b": "B", "c": "C"},
    )  # fmt: skip
    assert "was not estimable for liver" in sentence and "p not estimable" in sentence
