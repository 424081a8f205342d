"""A treatment timeline in the shape of cBioPortal's, with nothing but a new study file, to its page."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from building import ROOT
from nbclient import NotebookClient

from her2adc.config import load_study
from her2adc.prepare import prepare
from her2adc.simulate import SimulationParameters, before_adc, named, simulate

PATIENTS, SEED = 400, 11
KINDS = {
    "ADC": "Antibody-drug conjugate", "chemotherapy": "Chemotherapy", "endocrine": "Hormone Therapy",
}  # fmt: skip
ADCS = {"T-DXd": "FAM-TRASTUZUMAB DERUXTECAN-NXKI", "SG": "SACITUZUMAB GOVITECAN"}
STUDY = """
id: timeline
title: A treatment timeline as cBioPortal has it
short_title: Timeline
question: Who reaches a second antibody-drug conjugate?
design: Simulated
data_kind: simulated
data:
  patients:
    file: data_clinical_patient.csv
    dates: days
    columns: {patient_id: PATIENT_ID, age: AGE, death: DEATH_DATE, last_contact: LAST_CONTACT_DATE}
  exposures:
    file: data_timeline_treatment.csv
    dates: days
    where: EVENT_TYPE == 'TREATMENT'
    columns: {patient_id: PATIENT_ID, agent: AGENT, start: START_DATE, stop: STOP_DATE, type: TREATMENT_TYPE}
sequencing: {adcs: [T-DXd, SG], death: death, last_contact: last_contact}
group: adc1_arm
variables: {age: {label: Age, unit: years}}
baseline: {variables: [age, adc1_arm, sequence]}
inclusion:
  - {exclude: n_adcs == 0, reason: No ADC}
endpoints:
  TTNT:
    label: Time to next treatment
    definition: from the first dose of the first ADC to the next line or death
    start: adc1_start
    events: [next1_start, death]
    censor: last_contact
  TTNT2:
    label: Time to next treatment, second ADC
    definition: from the first dose of the second ADC to the next line or death
    start: adc2_start
    events: [next2_start, death]
    censor: last_contact
  OS:
    label: Overall survival
    definition: from the first dose of the first ADC to death
    start: adc1_start
    events: death
    censor: last_contact
    landmarks: [12, 24]
main_endpoint: TTNT
follow_up: {start: adc1_start, end: last_contact}
limitations: [Made up for a test.]
chapters:
  - cohort
  - notebook: sequencing
    parameters: {endpoint: OS, endpoints: [TTNT, TTNT2, OS]}
"""


def drug_class(agent: str) -> str:
    if agent in ADCS:
        return KINDS["ADC"]
    hormones = {"letrozole", "fulvestrant", "exemestane", "tamoxifen", "toremifene"}
    return KINDS["endocrine"] if agent in hormones else KINDS["chemotherapy"]


def timeline() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Patients and treatments in days from the diagnosis of each patient, and what was simulated."""
    study = simulate(SimulationParameters(n=PATIENTS), SEED)
    rng = np.random.default_rng(SEED)
    p = study.patients.set_index("patient_id")
    receptor = p["hormone_receptor"].astype(str)
    plan = {i: ["first endocrine", "chemotherapy"][: int(rng.integers(0, 3))] for i in p.index}
    earlier = before_adc(plan, rng)
    rows = pd.concat([earlier, named(study.exposures, earlier, receptor, rng)]).explode("agents")
    origin = pd.Series(rng.integers(3000, 6000, len(p)), p.index)  # days from diagnosis to ADC1
    day = rows["patient_id"].map(origin)
    treatments = pd.DataFrame({
        "PATIENT_ID": rows["patient_id"], "START_DATE": rows["start"] + day, "STOP_DATE": rows["stop"] + day,
        "EVENT_TYPE": "TREATMENT", "TREATMENT_TYPE": rows["agents"].map(drug_class),
        "AGENT": rows["agents"].map(lambda a: ADCS.get(a, a.upper())),
    })  # fmt: skip
    surgery = treatments.head(30).assign(EVENT_TYPE="SURGERY", TREATMENT_TYPE="Mastectomy", AGENT="")
    patients = pd.DataFrame({
        "PATIENT_ID": p.index, "AGE": rng.integers(30, 80, len(p)),
        "DEATH_DATE": p["death"] + origin, "LAST_CONTACT_DATE": p["last_contact"] + origin,
    })  # fmt: skip
    treatments = pd.concat([treatments, surgery]).sort_values(["PATIENT_ID", "START_DATE"])
    return patients, treatments, study.patients


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the two files and the study file."""
    out = tmp_path_factory.mktemp("timeline") / "timeline"
    (out / "data").mkdir(parents=True)
    (out / "study.yml").write_text(STUDY, encoding="utf-8")
    patients, treatments, _ = timeline()
    patients.to_csv(out / "data" / "data_clinical_patient.csv", index=False)
    treatments.to_csv(out / "data" / "data_timeline_treatment.csv", index=False)
    return out


@pytest.fixture(scope="module")
def prepared(folder: Path) -> Path:
    """Prepare the study as a build does."""
    out = folder.parent / "prepared"
    assert f"{PATIENTS} patients analysed" in prepare(folder, None, out)
    return out


def test_the_sequences_are_those_simulated(folder: Path, prepared: Path) -> None:
    data = pd.read_parquet(prepared / "data.parquet").set_index("patient_id")
    truth = timeline()[2].set_index("patient_id").loc[data.index]
    assert len(data) == PATIENTS
    assert (data["adc1_agent"] == truth["adc1"].astype(str)).all()
    assert (data["adc2_agent"].fillna("") == truth["adc2"].fillna("").astype(str)).all()
    days = {c: (data[c] - data["adc1_start"]).dt.days for c in ("adc2_start", "next1_start")}
    np.testing.assert_array_equal(days["adc2_start"], truth["adc2_start"])
    # without reasons of stopping, a drug that starts within 28 days counts as given together
    apart = ~(truth["next_start"] <= 28)
    assert apart.mean() > 0.98
    np.testing.assert_array_equal(days["next1_start"][apart], truth.loc[apart, "next_start"])
    np.testing.assert_allclose(data["OS_time"], truth["last_contact"] / 30.4375)
    assert (data["OS_event"].astype(bool) == truth["death"].notna()).all()
    ended = truth["next_start"].notna() | truth["death"].notna()
    assert (data["TTNT_event"].astype(bool) == ended)[apart].all()
    assert data["TTNT2_time"].notna().sum() == truth["adc2_start"].notna().sum() > 100
    assert json.loads((prepared / "cohort.json").read_text())["flow"][0]["n"] == PATIENTS


def test_the_page_on_sequences_is_made(folder: Path, prepared: Path) -> None:
    chapter = load_study(folder).chapter("sequencing")
    notebook = nbformat.read(ROOT / "notebooks" / "sequencing.ipynb", as_version=4)
    out = folder.parent / "out"
    given = {"study": str(folder), "page": "sequencing", "prepared": str(prepared), "out": str(out)}
    values = "\n".join(f"{name} = {value!r}" for name, value in {**given, **chapter.parameters}.items())
    place = next(i for i, c in enumerate(notebook.cells) if "parameters" in c.metadata.get("tags", []))
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(values))
    where = {"metadata": {"path": str(ROOT / "notebooks")}}
    NotebookClient(notebook, kernel_name="python3", timeout=300, resources=where).execute()
    outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
    assert [o for o in outputs if o.get("name") == "stderr"] == []
    shown = "\n".join(o["data"]["text/markdown"] for o in outputs if "text/markdown" in o.get("data", {}))
    second = timeline()[2]["adc2_start"].notna().sum()
    assert f"{second} of {PATIENTS} patients" in shown
    assert {p.stem for p in (out / "figures").glob("*.svg")} >= {"sequencing-lines", "sequencing-swimmer"}
    rows = pd.read_csv(out / "results.csv")
    assert set(rows["variable"]) >= {"TTNT", "TTNT2", "OS"} and len(rows) > 200
