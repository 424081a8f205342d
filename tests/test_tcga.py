"""TCGA-BRCA as published against R, which derived classes and endpoints on its own.

``tests/golden/tcga_brca.R`` made the values (R 4.2.2, survival 3.5-3). The data are not in the
repository: without them these tests are skipped.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

from her2adc.cohort import prepare_cohort
from her2adc.config import load_study
from her2adc.results import one
from her2adc.stats import analyses, regression, survival

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("HER2ADC_SHARED", ROOT.parent / "shared")) / "data" / "tcga_brca"
GOLDEN = pd.read_csv(Path(__file__).parent / "golden" / "tcga_brca.csv")
pytestmark = [
    pytest.mark.xdist_group("tcga"),
    pytest.mark.skipif(not DATA.is_dir(), reason="the TCGA-BRCA files are not on this machine"),
]


@pytest.fixture(scope="module")
def cohort():
    return prepare_cohort(load_study(ROOT / "studies" / "tcga_brca"), DATA)


@pytest.fixture(scope="module")
def rows(cohort):
    out = {}
    for e in ("OS", "PFI"):
        data = cohort.data
        out[e] = {
            "km": analyses.endpoint(data, e, "her2_class", [60]),
            "follow_up": survival.follow_up(data, e),
            "cox": regression.cox_univariable(data, e, ["her2_class"]),
        }
    return out


def ours(rows, endpoint, group, statistic):
    found = rows[endpoint]
    if statistic.startswith("logrank"):
        return one(
            found["km"],
            analysis="logrank",
            statistic=statistic.replace("logrank_p", "p_value").replace("logrank_chi2", "chi2"),
        )["value"]
    if statistic.startswith("follow_up"):
        row = one(found["follow_up"], statistic="median_reverse_km")
        return row[
            {"": "value", "_low": "conf_low", "_high": "conf_high"}[statistic.removeprefix("follow_up")]
        ]
    if statistic == "hazard_ratio":
        return one(found["cox"], statistic="hazard_ratio", level=group)["value"]
    row = one(found["km"], analysis="kaplan_meier", statistic="survival", group=group)
    return row[
        {
            "n": "n",
            "events": "n_events",
            "survival_60": "value",
            "low_60": "conf_low",
            "high_60": "conf_high",
        }[statistic]
    ]


WANTED = list(GOLDEN.itertuples(index=False))
NAMES = [f"{w.endpoint}-{w.group}-{w.statistic}" for w in WANTED]


@pytest.mark.parametrize("want", WANTED, ids=NAMES)
def test_agrees_with_r(rows, want):
    assert ours(rows, want.endpoint, want.group, want.statistic) == pytest.approx(want.value, rel=1e-6)


def test_flow_by_hand(cohort):
    """1,099 patients in the clinical file, 1,097 in the CDR, 5 redacted, 12 men, 1 without time."""
    assert [s["n"] for s in cohort.flow] == [1099, 1097, 1079, 634]
    assert {e["reason"]: e["n"] for e in cohort.flow[1]["excluded"]} == {
        "Record redacted by the source": 5,
        "Male breast cancer": 12,
        "No follow-up time": 1,
    }
    assert sum(cohort.unclassified["n"]) == 1079 - 634
