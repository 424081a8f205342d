"""METABRIC as exported from cBioPortal: counts and endpoints against the file read with pandas alone.

The data are not in the repository: without them these tests are skipped.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("HER2ADC_SHARED", ROOT.parent / "shared")) / "data" / "metabric"
FILE = DATA / "brca_metabric_clinical_data.tsv"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the METABRIC file is not on this machine")


@pytest.fixture(scope="module")
def cohort():
    return prepare_cohort(load_study(ROOT / "studies" / "metabric"), DATA)


@pytest.fixture(scope="module")
def plain():
    d = pd.read_csv(FILE, sep="\t", dtype=str, keep_default_na=False).replace("NA", np.nan)
    d = d[d["HER2 Status"].notna() & d["Cancer Type Detailed"].ne("Breast Angiosarcoma")]
    return d[d["Tumor Stage"].ne("4")].reset_index(drop=True)


def test_flow_and_groups(cohort, plain):
    assert [s["n"] for s in cohort.flow] == [2509, 1968]
    assert [e["n"] for e in cohort.flow[0]["excluded"]] == [529, 2, 10]
    assert cohort.data["patient_id"].tolist() == plain["Patient ID"].tolist()
    counts = cohort.data["her2_status"].value_counts().to_dict()
    assert counts == {"HER2-negative": 1722, "HER2-positive": 246}


def test_endpoints_are_those_of_the_file(cohort, plain):
    data = cohort.data
    months = {c: plain[f"{c} (Months)"].astype(float) for c in ("Overall Survival", "Relapse Free Status")}
    died = plain["Overall Survival Status"].eq("1:DECEASED")
    relapsed = plain["Relapse Free Status"].eq("1:Recurred")
    for endpoint, time, event in (
        ("OS", months["Overall Survival"], died),
        ("RFS", months["Relapse Free Status"], died | relapsed),
        ("relapse", months["Relapse Free Status"], relapsed),
    ):
        found = data[f"{endpoint}_time"]
        assert np.allclose(found, time, atol=1e-9), endpoint
        assert data[f"{endpoint}_event"].astype(bool).tolist() == event.tolist(), endpoint
    assert (int(died.sum()), int((died | relapsed).sum()), int(relapsed.sum())) == (1134, 1225, 793)


def test_death_competes_with_relapse(cohort, plain):
    relapsed = plain["Relapse Free Status"].eq("1:Recurred")
    died = plain["Overall Survival Status"].eq("1:DECEASED")
    want = np.where(relapsed, 1, np.where(died, 2, 0))
    assert cohort.data["relapse_cause"].tolist() == want.tolist()
    assert "OS_cause" not in cohort.data and "RFS_entry" not in cohort.data
