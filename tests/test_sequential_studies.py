"""The two studies simulated from registry records: the record's definitions, and what the data have to be.

What the record says is checked on the committed files with pandas alone; hazard ratios with lifelines
where a Cox model is enough.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from lifelines import CoxPHFitter

from her2adc.agents import read
from her2adc.build.chapters import chapter_problems
from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.reconstruct import reconstruct
from her2adc.stats import sequence_times
from her2adc.stats.sequences import order, second_adc

ROOT = Path(__file__).parents[1]
SEEDS = {"sequential_adc_her2low": 4, "sequential_adc_hrpos": 2}
LOW, HR = (ROOT / "studies" / name for name in SEEDS)
CUT_OFF = {LOW: "2025-12-31", HR: "2027-12-31"}
MONTH = 30.4375
both = pytest.mark.parametrize("folder", [LOW, HR], ids=lambda f: f.name)


def raw(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "data" / f"{name}.csv", keep_default_na=False, dtype=str)


def published(folder: Path) -> dict[str, dict]:
    entries = yaml.safe_load((folder / "published.yml").read_text(encoding="utf-8"))
    return {e["id"]: e for e in entries}


def study(folder: Path) -> dict:
    return yaml.safe_load((folder / "study.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cohorts() -> dict[Path, object]:
    """Return both cohorts as the pages have them."""
    return {folder: prepare_cohort(load_study(folder)) for folder in (LOW, HR)}


# --- the files are what the recipe makes ----------------------------------------------------------


@both
def test_the_committed_files_are_those_of_the_recipe(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("data"))
    report = reconstruct(copy, SEEDS[folder.name])
    assert report["met"].all()
    names = {p.name for p in (folder / "data").glob("*.csv")}
    assert names == {p.name for p in (copy / "data").glob("*.csv")}
    for name in names:
        assert (folder / "data" / name).read_bytes() == (copy / "data" / name).read_bytes(), name


@both
def test_the_notes_name_the_seed(folder: Path) -> None:
    assert f"The seed, {SEEDS[folder.name]}," in (folder / "notes.md").read_text(encoding="utf-8")


@both
def test_every_reference_is_in_the_bibliography(folder: Path) -> None:
    keys = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text(encoding="utf-8"), re.M))
    text = (folder / "notes.md").read_text(encoding="utf-8")
    cited = {k for found in re.findall(r"\{cite:[tp]\}`([^`]+)`", text) for k in found.split(",")}
    assert cited and cited | {study(folder)["citation"]} <= keys


@both
def test_every_chapter_can_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert chapter_problems(load_study(folder)) == []
    pages = {c["notebook"] for c in study(folder)["chapters"] if isinstance(c, dict)}
    assert pages >= {"cohort", "baseline", "sequencing", "sequence_comparison", "survival", "response",
                     "safety", "her2_evolution", "subgroups", "biomarkers"}  # fmt: skip


# --- what the records say -------------------------------------------------------------------------


def test_her2_low_is_coded_as_registered(cohorts) -> None:
    e, said = study(LOW)["endpoints"], published(LOW)
    assert e["PFS_registered"]["start"] == e["OS_registered"]["start"] == "diagnosis_date"
    assert e["PFS_registered"]["horizon_months"] == said["L-PFS-horizon"]["value"] == 12
    assert e["OS_registered"]["horizon_months"] == said["L-OS-horizon"]["value"] == 24
    assert e["OS_treatment"]["horizon_months"] == 24 and e["OS_treatment"]["start"] == "adc1_start"
    assert {n for n in said if said[n]["status"] == "overruled"} == {"L-share-lowest", "L-share-highest"}
    data = cohorts[LOW].data
    assert len(data) == 360 and data["her2_class"].eq("HER2-low").all()
    assert set(data["her2_result"].astype(str)) == {"IHC 1+", "IHC 2+, ISH not amplified"}
    assert data["adc1_start"].notna().all()
    # nobody is asked to have received two
    assert data["n_adcs"].eq(1).sum() > 150
    left = {e["reason"]: e["n"] for step in cohorts[LOW].flow for e in step["excluded"]}
    assert left == {"IHC 2+ without an ISH result": 5, "HER2-zero": 20, "HER2-positive": 8}


def test_hr_positive_is_coded_as_registered(cohorts) -> None:
    e, said = study(HR)["endpoints"], published(HR)
    assert all(entry["status"] == "met" for entry in said.values())
    for name, key in (("PFS1", "H-PFS1-horizon"), ("PFS2", "H-PFS2-horizon"), ("OS", "H-OS-horizon"),
                      ("PFS_total_registered", "H-total-horizon")):  # fmt: skip
        assert e[name]["horizon_months"] == said[key]["value"]
    assert [said[f"H-{k}-horizon"]["value"] for k in ("PFS1", "PFS2", "total", "OS")] == [24, 24, 36, 60]
    assert {e[n]["start"] for n in ("PFS1", "PFS_total", "PFS_total_registered", "OS")} == {"consent_date"}
    assert e["PFS2"]["start"] == "adc2_start"
    response = study(HR)["response"]
    assert response["confirmed"] is True and response["confirm_weeks"] == 4
    assert len(cohorts[HR].data) == said["H-n"]["value"] == 40


def test_arms_follow_ihc_without_exception() -> None:
    p, drugs = raw(HR, "patients").set_index("patient_id"), raw(HR, "exposures")
    adcs = drugs[drugs["agent"].isin(["T-DXd", "SG"])].sort_values("start")
    first = adcs.groupby("patient_id")["agent"].first()
    assert len(first) == 40
    assert (first.eq("T-DXd") == p.loc[first.index, "her2_ihc"].eq("2+")).all()
    assert adcs.groupby("patient_id")["agent"].nunique().eq(adcs.groupby("patient_id").size()).all()
    assert (p["her2_ish"].eq("not amplified") == p["her2_ihc"].eq("2+")).all()


def test_all_enrolled_meet_every_criterion() -> None:
    p = raw(HR, "patients")
    enrolled = p[p["consent_date"] != ""]
    assert len(p) == 47 and len(enrolled) == 40
    age, ecog, lines = (pd.to_numeric(enrolled[c]) for c in ("age", "ecog", "chemo_lines"))
    assert (age >= 18).all() and (ecog <= 2).all() and (lines <= 2).all()
    assert enrolled["hr_status"].eq("positive").all() and enrolled["her2_ihc"].isin(["0", "1+", "2+"]).all()
    wanted = ["cdk46_progression", "evaluable_lesion", "adequate_organ_function"]
    unwanted = [
        "prior_topo1", "severe_comorbidity", "ild_history", "symptomatic_brain_metastasis", "adc_allergy",
        "bowel_disease", "uncontrolled_cardiovascular_disease", "active_infection", "pregnant_or_lactating",
    ]  # fmt: skip
    assert enrolled[wanted].eq("yes").all(axis=None) and enrolled[unwanted].eq("no").all(axis=None)
    asked = " ".join(step["exclude"] for step in study(HR)["inclusion"])
    assert all(column in asked for column in (*wanted, *unwanted, "age", "hr_status", "chemo_lines", "ecog"))
    # CDK4/6 inhibitor with endocrine therapy first, stopped for progression; chemotherapy as counted
    rows = raw(HR, "exposures")
    rows = rows[rows["type"].eq("advanced") & rows["patient_id"].isin(enrolled["patient_id"])]
    start = rows[rows["agent"].isin(["T-DXd", "SG"])].groupby("patient_id")["start"].min()
    before = rows[rows["start"] < rows["patient_id"].map(start)]
    classes = before["agent"].map(lambda t: {a.drug_class for a in read(t).agents})
    cdk = classes.map(lambda c: {"CDK4/6 inhibitor", "endocrine"} <= c)
    assert before[cdk]["patient_id"].nunique() == 40 and before[cdk]["reason"].eq("progression").all()
    chemo = classes.map(lambda c: "chemotherapy" in c).groupby(before["patient_id"]).sum()
    assert (chemo == enrolled.set_index("patient_id")["chemo_lines"].astype(int)[chemo.index]).all()


def test_the_inclusion_flow_says_who_was_not_enrolled(cohorts) -> None:
    step = cohorts[HR].flow[0]
    assert step["n"] == 47 and sum(e["n"] for e in step["excluded"]) == 7
    assert {e["reason"]: e["n"] for e in step["excluded"]} == {
        "More than 2 lines of chemotherapy for advanced disease": 2,
        "ECOG performance status above 2": 1,
        "Previous topoisomerase I inhibitor": 1,
        "Symptomatic brain metastases": 1,
        "Active infection": 1,
        "No informed consent": 1,
    }


# --- why some registered definitions are unusable -------------------------------------------------


def test_from_diagnosis_nearly_nobody_can_have_an_event(cohorts) -> None:
    data = cohorts[LOW].data
    waited = (data["adc1_start"] - data["diagnosis_date"]).dt.days / MONTH
    assert (waited >= 0).all() and waited.median() > 24
    late = waited > 12
    assert late.mean() > 0.85
    assert not data.loc[late, "PFS_registered_event"].any()  # by selection, not by luck
    assert not data.loc[waited > 24, "OS_registered_event"].any()
    assert data["PFS_registered_event"].mean() < 0.05 < 0.8 < data["PFS1_event"].mean()
    assert (data["OS_metastatic_entry"] > 0).all()
    assert data["PFS_registered_time"].max() == 12 and data["OS_registered_time"].max() == 24


def test_registered_composite_is_pfs1_again(cohorts) -> None:
    data = cohorts[HR].data
    pd.testing.assert_series_equal(
        data["PFS_total_registered_time"].clip(upper=24), data["PFS1_time"], check_names=False
    )
    reached = data["adc2_start"].notna()
    assert (data["PFS_total_time"] > data["PFS_total_registered_time"])[reached].all()


def test_registered_horizons_cannot_be_reached(cohorts) -> None:
    data = cohorts[HR].data
    assert data["OS_time"].max() < 27 < 36


def test_order_and_ihc_cannot_be_told_apart(cohorts) -> None:
    data = cohorts[HR].data
    pairs = data.groupby(["cohort", "adc1_arm"], observed=True).size()
    assert len(pairs) == 2
    rule = load_study(HR)
    patients = sequence_times.since_first(data, rule.sequencing.adcs)
    rows = compared(patients, rule)
    weighted = rows[rows["level"].isin(["intention_iptw", "per_protocol"])]
    assert len(weighted) == 2 and weighted["value"].isna().all()
    assert weighted["method"].str.contains("certain for some patients").all()


def compared(patients: pd.DataFrame, rule) -> pd.DataFrame:
    """Hazard ratios of the order, by method."""
    found = order(
        patients, rule.comparison.endpoint, sequence_times.ARM, "other_adc_time",
        covariates=rule.comparison.covariates, landmarks=rule.comparison.landmarks,
        progression_time="progression_time", grace=rule.comparison.grace_months,
    )  # fmt: skip
    return found[found["statistic"].eq("hazard_ratio")]


# --- the truth of the model -----------------------------------------------------------------------


def test_sound_methods_find_no_effect_of_the_order(cohorts) -> None:
    rule = load_study(LOW)
    patients = sequence_times.since_first(cohorts[LOW].data, rule.sequencing.adcs)
    rows = compared(patients, rule).set_index("level")
    for level in ("intention_adjusted", "intention_iptw", "per_protocol", "time_dependent"):
        assert rows.loc[level, "conf_low"] < 1 < rows.loc[level, "conf_high"], level
    # the naive comparison and the crude one do not
    assert rows.loc["naive_both", "conf_low"] > 1 and rows.loc["intention_crude", "conf_low"] > 1
    assert np.isnan(rows.loc["landmark_3", "value"]) and rows.loc["landmark_12", "value"] > 0


def test_an_adjusted_cox_model_of_another_library_agrees(cohorts) -> None:
    rule = load_study(LOW)
    patients = sequence_times.since_first(cohorts[LOW].data, rule.sequencing.adcs)
    names = [sequence_times.ARM, *rule.comparison.covariates]
    known = patients[[*names, "OS_time", "OS_event"]].dropna()
    x = pd.get_dummies(known[names], drop_first=True, dtype=float).assign(
        time=known["OS_time"], event=known["OS_event"].astype(bool)
    )
    fit = CoxPHFitter().fit(x.loc[:, x.std() > 0], "time", "event")
    own = compared(patients, rule).set_index("level").loc["intention_adjusted"]
    assert fit.hazard_ratios_["first_adc_SG"] == pytest.approx(own["value"], abs=1e-6)
    assert fit.summary.loc["first_adc_SG", "p"] > 0.05


def test_a_second_adc_has_no_effect_either(cohorts) -> None:
    rule = load_study(LOW)
    patients = sequence_times.since_first(cohorts[LOW].data, rule.sequencing.adcs)
    covariates = [sequence_times.ARM, *rule.comparison.covariates, "progression_time"]
    rows = second_adc(patients, "OS", "adc2_time", origin="progression_time", covariates=covariates)
    rows = rows[rows["statistic"].eq("hazard_ratio")].set_index("level")
    for level in ("time_dependent", "clone_censor_weight"):
        assert rows.loc[level, "conf_low"] < 1 < rows.loc[level, "conf_high"], level


def test_survival_is_near_what_the_parameters_ask(cohorts) -> None:
    data = cohorts[LOW].data
    arms = data.groupby("adc1_arm", observed=True)
    assert (arms.size() > [120, 120, 10]).all()
    pfs2 = data["PFS2_time"].dropna()
    assert 1.5 < pfs2.median() < 4
    assert arms["PFS1_time"].median()["T-DXd first"] > arms["PFS1_time"].median()["SG first"] + 2
    assert 0.35 < data["adc2_start"].notna().mean() < 0.6


# --- the records ----------------------------------------------------------------------------------


@both
def test_ids_are_pseudonyms_and_nothing_names_a_person(folder: Path) -> None:
    prefix = {LOW: "SL", HR: "SH"}[folder]
    ids = raw(folder, "patients")["patient_id"]
    assert ids.is_unique and ids.str.fullmatch(rf"{prefix}-\d{{3}}").all()
    for path in (folder / "data").glob("*.csv"):
        table = raw(folder, path.stem)
        assert set(table["patient_id"]) <= set(ids), path.name
        assert not [c for c in table if re.search(r"name|birth|phone|address|hospital|number|mrn", c)]


@both
def test_every_drug_is_known(folder: Path) -> None:
    texts = raw(folder, "exposures")["agent"].unique()
    readings = {t: read(t) for t in texts}
    assert [t for t, r in readings.items() if r.unknown or not r.agents] == []
    adcs = {a.short for r in readings.values() for a in r.agents if a.adc}
    if folder == LOW:
        assert adcs == {"T-DXd", "SG", "T-DM1", "Dato-DXd", "sac-TMT", "DV"}
        forms = [t for t, r in readings.items() if any(a.short == "T-DXd" for a in r.agents)]
        assert len(forms) >= 6  # as written in records
        assert any(len(r.agents) > 1 and any(a.adc for a in r.agents) for r in readings.values())
    else:
        assert adcs == {"T-DXd", "SG"}


def test_odd_rows_are_found_and_reported(cohorts) -> None:
    remarks = " | ".join(cohorts[LOW].remarks)
    for text, n in (("repeat another one, counted once", 4), ("touch another one of the drug, merged", 5),
                    ("without a last dose, ended before the next one", 4),
                    ("reach into the next one, ended before it", 5)):  # fmt: skip
        (found,) = re.findall(rf"{text}: (\d+)", remarks)
        assert n <= int(found) <= n + 1  # a combination counts once a drug
    assert "early disease, which belong to no line" in remarks and "that make no line" in remarks


def test_lines_are_derived_as_they_were_given(cohorts) -> None:
    low = cohorts[LOW].data.set_index("patient_id")
    prior = raw(LOW, "patients").set_index("patient_id")["prior_lines"].astype(int)
    assert (low["adc1_line"] - 1 == prior[low.index]).all()
    hr = cohorts[HR].data.set_index("patient_id")
    given = raw(HR, "exposures")
    first = given[given["agent"].isin(["T-DXd", "SG"])].groupby("patient_id")["line"].min().astype(float)
    assert (hr["adc1_line"] == first[hr.index]).all()


@both
def test_dates_are_in_order(folder: Path) -> None:
    p = raw(folder, "patients")
    dates = [c for c in p if c.endswith("_date")]
    p[dates] = p[dates].apply(lambda c: pd.to_datetime(c.replace("", None)))
    assert (p["diagnosis_date"] <= p["metastatic_date"]).all()
    dead = p["death_date"].notna()
    assert (p["death_date"] == p["last_contact_date"])[dead].all() and 0.3 < dead.mean() < 0.8
    last = p.set_index("patient_id")["last_contact_date"]
    assert (last <= CUT_OFF[folder]).all()
    columns_of = {"exposures": ["start", "stop"], "adverse_events": ["onset", "resolved"]}
    for name in ("exposures", "adverse_events", "assessments", "biomarkers", "her2_tests"):
        table, columns = raw(folder, name), columns_of.get(name, ["date"])
        for column in columns:
            when = pd.to_datetime(table[column].replace("", None))
            late = when > table["patient_id"].map(last)
            if (name, column) == ("exposures", "stop"):
                late &= table["reason"] != "progression"  # a few rows overlap on purpose
            assert not late.any(), (name, column)
    if folder == HR:
        consent = p["consent_date"].dropna()
        assert consent.min() >= pd.Timestamp("2025-10-01")


@both
def test_withdrawals_are_the_stops_for_toxicity(folder: Path, cohorts) -> None:
    events, data = cohorts[folder].tables["adverse_events"], cohorts[folder].data
    withdrawn = events[events["action"].eq("drug withdrawn")]
    stops = pd.concat(
        [data.loc[data[f"adc{k}_reason"].eq("adverse event"), ["patient_id", f"adc{k}_stop"]]
         .set_axis(["patient_id", "stop"], axis=1) for k in (1, 2, 3)]
    )  # fmt: skip
    near = withdrawn.merge(stops, on="patient_id", how="left")
    assert (near["stop"] - near["onset"]).dt.days.between(0, 14).groupby(near["patient_id"]).any().all()
    assert set(withdrawn["patient_id"]) == set(stops["patient_id"])


def test_something_is_missing_to_impute(cohorts) -> None:
    data = cohorts[LOW].data
    for name, low, high in (("ecog", 0.03, 0.15), ("ki67", 0.1, 0.3), ("trop2_before", 0.3, 0.6)):
        assert low < data[name].isna().mean() < high
    early = data["period"].eq("2021 to 2022")
    assert data.loc[early, "ecog"].isna().mean() > data.loc[~early, "ecog"].isna().mean()


@both
def test_her2_is_followed_along_the_line(folder: Path, cohorts) -> None:
    data = cohorts[folder].data
    for column in ("her2_primary", "her2_before", "her2_after1", "her2_after2"):
        assert data[column].notna().sum() >= 10
    assert data["her2_after1"].eq("HER2-zero").any()
    tests = raw(folder, "her2_tests")
    assert ((tests["ish"] != "") == tests["ihc"].eq("2+")).mean() > 0.98
