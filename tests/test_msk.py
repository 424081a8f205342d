"""Primary tumour and metastasis of real patients, and survival with delayed entry, against R and pandas.

``tests/golden/msk_breast_2018.R`` made the values from the file itself (R 4.2.2, survival 3.5-3,
vcd 1.4-11). The data are not in the repository: without them these tests are skipped.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.results import one
from her2adc.stats import analyses, regression
from her2adc.stats.agreement import kappa
from her2adc.stats.paired import bowker, stuart_maxwell
from her2adc.stats.proportions import clopper_pearson

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("HER2ADC_SHARED", ROOT.parent / "shared")) / "data" / "msk_breast_2018"
FILE = DATA / "breast_msk_2018_clinical_data.tsv"
GOLDEN = pd.read_csv(Path(__file__).parent / "golden" / "msk_breast_2018.csv")
CLASSES = ["HER2-zero", "HER2-low", "HER2-positive"]
MODES = ["exclude", "lower", "upper"]
pytestmark = [
    pytest.mark.xdist_group("msk"),
    pytest.mark.skipif(not FILE.is_file(), reason="the MSK Breast 2018 file is not on this machine"),
]


def golden(part, group, statistic):
    found = GOLDEN[GOLDEN["part"].eq(part) & GOLDEN["group"].eq(group) & GOLDEN["statistic"].eq(statistic)]
    assert len(found) == 1, (part, group, statistic)
    return found["value"].iloc[0]


@pytest.fixture(scope="module")
def cohorts():
    study = load_study(ROOT / "studies" / "msk_breast_2018")
    rules = {mode: study.her2.model_copy(update={"ambiguous": mode}) for mode in MODES}
    return {m: prepare_cohort(study.model_copy(update={"her2": rules[m]}), DATA) for m in MODES}


@pytest.fixture(scope="module")
def cohort(cohorts):
    return cohorts["exclude"]


def pairs(cohort):
    counts = pd.crosstab(cohort.data["her2_primary"], cohort.data["her2_metastasis"])
    return counts.reindex(index=CLASSES, columns=CLASSES, fill_value=0)


def test_every_patient_of_the_file_is_accounted_for(cohort):
    plain = pd.read_csv(FILE, sep="\t", dtype=str, keep_default_na=False)
    assert [s["n"] for s in cohort.flow] == [1756, 826, 722]
    assert cohort.flow[0]["n"] == plain["Patient ID"].nunique() == golden("flow", "all", "patients")
    assert len(plain) == golden("flow", "all", "rows")
    with_metastasis = set(plain.loc[plain["Sample Type"] == "Metastasis", "Patient ID"])
    left = {e["reason"].split(":")[0]: e["n"] for e in cohort.flow[0]["excluded"]}
    assert left["No metastasis was sequenced"] == 1756 - len(with_metastasis) == 851
    assert cohort.flow[1]["n"] == golden("flow", "all", "eligible")
    assert sum(cohort.unclassified["n"]) == 826 - 722


def by_pandas(mode):
    """Pairs read from the file with pandas alone: rules written out for the texts that occur."""
    d = pd.read_csv(FILE, sep="\t", dtype=str, keep_default_na=False)
    d = d.assign(at=d["NGS Sample Collection Time Period"].astype(float)).sort_values("at", kind="stable")
    bounds = {"0-1+": ("0+", "1+"), "1-2+": ("1+", "2+"), "2-3+": ("2+", "3+")}

    def classify(ihc, fish):
        score, side = ihc.split(" ")[0], {"lower": 0, "upper": 1}.get(mode)
        score = bounds[score][side] if score in bounds and side is not None else score
        if fish == "Positive" or score == "3+":
            return "HER2-positive"
        if score == "1+" or (score in ("2+", "1-2+") and fish.startswith("Negative")):
            return "HER2-low"
        return "HER2-zero" if score == "0+" else None

    def of(rows, ihc, fish):
        return [classify(i, f) for i, f in zip(rows[ihc], rows[fish], strict=True)]

    first = d.drop_duplicates("Patient ID").set_index("Patient ID")
    first["a"] = of(first, "HER2 IHC Score Primary", "HER2 FISH Status (Report and ASCO) of Primary")
    later = d[d["Sample Type"] == "Metastasis"]
    later = later.assign(
        b=of(later, "HER2 IHC Score of Sequenced Sample", "HER2 FISH Status of Sequenced Sample")
    )
    first["b"] = later.dropna(subset="b").drop_duplicates("Patient ID").set_index("Patient ID")["b"]
    first = first[first["Sex"].eq("Female") & first["Prior Breast Primary"].eq("No")]
    return pd.crosstab(first["a"], first["b"]).reindex(index=CLASSES, columns=CLASSES, fill_value=0)


@pytest.mark.parametrize("mode", MODES)
def test_pairs_agree_with_r_and_with_pandas(cohorts, mode):
    counts = pairs(cohorts[mode])
    assert counts.to_numpy().tolist() == by_pandas(mode).to_numpy().tolist()
    assert counts.to_numpy().tolist() == [[golden(mode, a, b) for b in CLASSES] for a in CLASSES]
    assert len(cohorts[mode].data) == golden(mode, "all", "analysed")


@pytest.mark.parametrize("mode", MODES)
def test_agreement_of_pairs_agrees_with_r(cohorts, mode):
    table = pairs(cohorts[mode]).to_numpy()
    n, discordant = table.sum(), table.sum() - np.trace(table)
    assert (n, discordant) == (golden(mode, "all", "pairs"), golden(mode, "all", "discordant"))
    change = cohorts[mode].data["her2_change"]
    assert (change.notna().sum(), change.eq("Discordant").sum()) == (n, discordant)
    ours = {"discordance_low": clopper_pearson(discordant, n)[1]}
    ours["discordance_high"] = clopper_pearson(discordant, n)[2]
    for weights in ("unweighted", "linear"):
        found = kappa(table, weights)
        ours |= {f"kappa_{weights}": found.value, f"kappa_{weights}_low": found.low}
        ours[f"kappa_{weights}_high"] = found.high
    ours |= {"bowker_chi2": bowker(table).chi2, "bowker_p": bowker(table).p}
    ours["stuart_maxwell_chi2"] = stuart_maxwell(table).chi2
    for statistic, value in ours.items():
        assert value == pytest.approx(golden(mode, "all", statistic), rel=1e-6), statistic


@pytest.mark.parametrize("endpoint", ["OS", "OS_naive"])
def test_survival_agrees_with_r(cohort, endpoint):
    rows = analyses.endpoint(cohort.data, endpoint, "her2_class", [60, 120])
    for group in ["All patients", *CLASSES]:
        median = one(rows, analysis="kaplan_meier", statistic="median", group=group)
        assert (median["n"], median["n_events"]) == (
            golden(endpoint, group, "n"), golden(endpoint, group, "events"),
        )  # fmt: skip
        found = {"median": median["value"], "median_low": median["conf_low"]}
        found["median_high"] = median["conf_high"]
        for month in (60, 120):
            at = one(rows, analysis="kaplan_meier", statistic="survival", group=group, level=str(month))
            found |= {f"survival_{month}": at["value"], f"low_{month}": at["conf_low"]}
            found[f"high_{month}"] = at["conf_high"]
        for statistic, value in found.items():
            want = golden(endpoint, group, statistic)
            assert value == pytest.approx(want, rel=1e-6, nan_ok=True), (group, statistic)


@pytest.mark.parametrize("endpoint", ["OS", "OS_naive"])
def test_hazard_ratios_agree_with_r(cohort, endpoint):
    rows = regression.cox_univariable(cohort.data, endpoint, ["her2_class"])
    for group in CLASSES[1:]:
        row = one(rows, statistic="hazard_ratio", level=group)
        wanted = [golden(endpoint, group, s) for s in ("hazard_ratio", "hr_low", "hr_high")]
        assert [row["value"], row["conf_low"], row["conf_high"]] == pytest.approx(wanted, rel=1e-6)


def test_entry_is_the_first_metastasis_and_nobody_is_counted_before(cohort):
    data, never = cohort.data, int(golden("flow", "all", "never_at_risk"))
    assert data["OS_time"].isna().sum() == never == 4
    assert any(r.startswith(f"{never} patients came under observation when") for r in cohort.remarks)
    seen = data[data["OS_time"].notna()]
    assert (seen["OS_entry"] < seen["OS_time"]).all() and (seen["OS_entry"] >= 0).all()
    entry = (seen["metastasis_at"] - seen["diagnosis_at"]).clip(lower=0)
    assert seen["OS_entry"].to_numpy() == pytest.approx(entry.to_numpy())
    rows = analyses.endpoint(data, "OS", "her2_class", [60])
    for month in (12, 60, 120):
        want = int(((seen["OS_entry"] < month) & (seen["OS_time"] >= month)).sum())
        at = one(rows, statistic="n_at_risk", group="All patients", level=str(month))
        assert at["value"] == want
