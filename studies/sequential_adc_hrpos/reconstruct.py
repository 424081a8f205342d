"""Forty patients of a prospective, non-randomised cohort that a registry record describes.

Nothing is reconstructed: the record prints no result, and the study had not begun when it was
registered. HER2 IHC decides which ADC comes first, as the record has it. The courses come from the
multistate simulator with the parameters below, dated as the record plans; in it the order of the two
ADCs has no effect on survival.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from her2adc.reconstruct import Reconstruction, check, load_module, read_published
from her2adc.simulate import (
    DAYS_PER_MONTH,
    Covariate,
    SimulationParameters,
    adc_courses,
    adverse_events,
    dated,
    her2_tests,
    late_responses,
    measurements,
    simulate,
    stacked,
    streams,
)

HERE = Path(__file__).parent
records = load_module(HERE / "reconstruct_records.py")

OPENING, LAST_CONSENT, COMPLETION = (pd.Timestamp(d) for d in ("2025-10-20", "2026-09-30", "2027-12-31"))
COVARIATES = (
    Covariate("ecog", ("0", "1", "2"), (0.35, 0.50, 0.15), progression=(0.0, 0.15, 0.40),
              death=(0.0, 0.35, 0.90), second=(0.0, -0.40, -1.30)),
    Covariate("metastasis", ("non-visceral", "visceral", "liver"), (0.25, 0.25, 0.50),
              progression=(0.0, 0.15, 0.35), death=(0.0, 0.20, 0.50), second=(0.0, -0.10, -0.30)),
    Covariate("chemo_lines", ("0", "1", "2"), (0.35, 0.40, 0.25), progression=(0.0, 0.10, 0.25),
              death=(0.0, 0.15, 0.40)),
    Covariate("her2_ihc", ("0", "1+", "2+"), (0.25, 0.35, 0.40)),
)  # fmt: skip
MODEL = SimulationParameters(
    n=40,
    agents=("T-DXd", "SG"),
    first_by=("her2_ihc", {"0": "SG", "1+": "SG", "2+": "T-DXd"}),
    covariates=COVARIATES,
    progression_first=(10.0, 5.5),
    progression_second=(3.3, 2.4),
    death_median=18.0,
    order_hazard_ratio=1.0,
    second_hazard_ratio=1.0,
    order_hazard_ratio_after_second=1.0,
    second_share=(0.80, 0.80),
    other_share=0.6,
    second_later=0.3,
    response_first=(0.50, 0.25),
    response_second=(0.25, 0.15),
    toxicity=(0.016, 0.009),
    visit_weeks=6.0,
    seen_at_visits=True,
    accrual=(LAST_CONSENT - OPENING).days / DAYS_PER_MONTH,
    cut_off=((COMPLETION - OPENING).days - 1) / DAYS_PER_MONTH,
    loss_per_year=0.03,
)
PARTS = ("courses", "history", "therapies", "not enrolled", "visits", "HER2", "markers", "adverse events")
TESTED = {"before ADC1": 1.0, "after ADC1": 0.6, "after ADC2": 0.5}


def build(seed: int) -> Reconstruction:
    """Simulate the courses, make the records around them, write them with calendar dates."""
    rng = streams(seed, PARTS)
    study = stacked({"": (simulate(MODEL, rng["courses"]), 0)}, "period", "SH-")
    patients, plan = records.history(study.patients.assign(hormone_receptor="positive"), rng["history"])
    patients, lines, rows = records.therapies(patients, study.exposures, plan, rng["therapies"])
    screened = records.not_enrolled(patients, rng["not enrolled"])
    opened = pd.concat([patients, screened]).set_index("patient_id")["opening_day"]

    def write(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        return dated(table, opened, OPENING, columns)

    visits = late_responses(study.assessments, rng["visits"]).rename(columns={"day": "date"})
    events = adverse_events(adc_courses(lines, patients, records.ADCS), rng["adverse events"])
    genes = measurements(patients, rng["markers"], before=(0.9, 0.8), after=(0.6, 0.5))
    made = {
        "patients": write(records.table(patients, screened), *records.DATES.values()),
        "exposures": write(rows, "start", "stop"),
        "assessments": write(visits, "date")[["patient_id", "date", "response"]],
        "her2_tests": write(her2_tests(patients, rng["HER2"], TESTED), "date"),
        "adverse_events": write(events, "onset", "resolved"),
        "biomarkers": write(genes, "date"),
    }
    return Reconstruction(made, check(read_published(HERE / "published.yml"), measure(made).__getitem__, 0))


def measure(made: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Values of the numbers of ``published.yml``: of the study file, and of the patients enrolled."""
    study = yaml.safe_load((HERE / "study.yml").read_text(encoding="utf-8"))
    horizon = {name: float(e.get("horizon_months", np.nan)) for name, e in study["endpoints"].items()}
    limits = {m[1]: float(m[2]) for step in study["inclusion"]
              if (m := re.fullmatch(r"(\w+) [<>] (\d+)", step["exclude"]))}  # fmt: skip
    p, drugs = made["patients"], made["exposures"]
    enrolled = p[p["consent_date"] != ""]
    scores = enrolled.set_index("patient_id")["her2_ihc"].str.rstrip("+").astype(float)
    adcs = drugs[drugs["agent"].isin(records.ADCS)]
    first = adcs.groupby("patient_id")["agent"].first().reindex(scores.index)
    return {
        "H-n": float(len(enrolled)),
        "H-age": limits["age"],
        "H-ecog": limits["ecog"],
        "H-chemotherapy": limits["chemo_lines"],
        "H-cohort-1": float(scores[first.eq("T-DXd")].min()),
        "H-cohort-2": float(scores[first.eq("SG")].max()),
        "H-PFS1-horizon": horizon["PFS1"],
        "H-PFS2-horizon": horizon["PFS2"],
        "H-total-horizon": horizon["PFS_total_registered"],
        "H-OS-horizon": horizon["OS"],
        "H-ORR-weeks": float(study["response"]["confirm_weeks"]),
        "H-start": float(enrolled["consent_date"].min()[:4]),
        "H-completion": float(enrolled["last_contact_date"].max()[:4]),
    }
