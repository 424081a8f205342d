"""Three hundred and sixty patients of a retrospective cohort that a registry record describes.

Nothing is reconstructed: the record prints no result. The courses come from the multistate simulator
with the parameters below, in three calendar periods in which the choice of the first ADC differs; the
records around them are made in ``reconstruct_records.py``. The order of the two ADCs has no effect on
survival: every hazard ratio of the model is 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from her2adc.reconstruct import Reconstruction, check, load_module, read_published
from her2adc.simulate import (
    DAYS_PER_MONTH,
    Covariate,
    Simulation,
    SimulationParameters,
    adc_courses,
    adverse_events,
    dated,
    her2_tests,
    late_responses,
    lost,
    measurements,
    simulate,
    stacked,
    streams,
    written,
)

HERE = Path(__file__).parent
records = load_module(HERE / "reconstruct_records.py")

OPENING, CUT_OFF = pd.Timestamp("2021-07-01"), pd.Timestamp("2025-12-31")
# first and last day of the first ADC, patients, chance of SG first, median overall survival (months)
PERIODS = {
    "2021 to 2022": ("2021-07-01", "2022-12-31", 138, 0.62, 17.0),
    "2023": ("2023-01-01", "2023-12-31", 127, 0.44, 18.5),
    "2024": ("2024-01-01", "2024-12-31", 128, 0.33, 20.0),
}
COVARIATES = (
    Covariate("age_group", ("<50", "50-64", "65+"), (0.35, 0.45, 0.20), death=(0.0, 0.05, 0.25),
              first=(0.0, 0.10, 0.40), second=(0.0, -0.10, -0.50)),
    Covariate("ecog", ("0", "1", "2"), (0.30, 0.52, 0.18), progression=(0.0, 0.15, 0.40),
              death=(0.0, 0.35, 0.90), first=(0.0, 0.35, 0.80), second=(0.0, -0.40, -1.30)),
    Covariate("metastasis", ("non-visceral", "visceral", "liver"), (0.22, 0.30, 0.48),
              progression=(0.0, 0.15, 0.35), death=(0.0, 0.20, 0.50), first=(0.0, 0.10, -0.20),
              second=(0.0, -0.10, -0.30)),
    Covariate("previous_lines", ("0-1", "2", "3+"), (0.32, 0.33, 0.35), progression=(0.0, 0.10, 0.25),
              death=(0.0, 0.15, 0.40), first=(0.0, 0.20, 0.45), second=(0.0, -0.10, -0.30)),
    Covariate("hormone_receptor", ("positive", "negative"), (0.72, 0.28), progression=(0.0, 0.30),
              death=(0.0, 0.45), first=(0.0, 1.00)),
    Covariate("her2_ihc", ("1+", "2+"), (0.58, 0.42), first=(0.0, -0.40)),
)  # fmt: skip
MODEL = SimulationParameters(
    agents=("T-DXd", "SG"),
    covariates=COVARIATES,
    progression_first=(10.0, 5.5),
    progression_second=(3.3, 2.4),
    order_hazard_ratio=1.0,
    second_hazard_ratio=1.0,
    order_hazard_ratio_after_second=1.0,
    second_share=(0.52, 0.56),
    second_later=0.60,
    response_first=(0.50, 0.25),
    response_second=(0.25, 0.15),
    toxicity=(0.016, 0.009),
    loss_per_year=0.04,
)


DATES = ("diagnosis_date", "metastatic_date", "last_contact_date", "death_date")
PARTS = ("courses", "other ADCs", "history", "therapies", "writing", "irregular", "visits", "HER2", "markers",
         "adverse events", "patients")  # fmt: skip


def model(period: str) -> tuple[SimulationParameters, int]:
    """Parameters of a calendar period, and the day on which it opens."""
    first, last, n, share, survival = PERIODS[period]
    days = (pd.Timestamp(last) - pd.Timestamp(first)).days
    seen = (CUT_OFF - pd.Timestamp(first)).days - 1
    changed = {"n": n, "first_share": share, "death_median": survival}
    times = {"accrual": days / DAYS_PER_MONTH, "cut_off": seen / DAYS_PER_MONTH}
    opening = (pd.Timestamp(first) - OPENING).days
    return SimulationParameters(**{**vars(MODEL), **changed, **times}), opening


def courses(rng: np.random.Generator) -> Simulation:
    """Simulate the three periods."""
    models = {period: model(period) for period in PERIODS}
    parts = {period: (simulate(own, rng), opening) for period, (own, opening) in models.items()}
    return stacked(parts, "period", "SL-")


def build(seed: int) -> Reconstruction:
    """Simulate the courses, make the records around them, write them with calendar dates."""
    rng = streams(seed, PARTS)
    study = courses(rng["courses"])
    patients, exposures = records.other_adcs(study.patients, study.exposures, rng["other ADCs"])
    patients, plan = records.history(patients, rng["history"])
    patients, lines, rows = records.therapies(patients, exposures, plan, rng["therapies"])
    recorded = records.irregular(written(rows, rng["writing"]), rng["irregular"]).drop(columns="line")
    opened = patients.set_index("patient_id")["opening_day"]

    def write(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        return dated(table, opened, OPENING, columns)

    visits = late_responses(study.assessments, rng["visits"]).rename(columns={"day": "date"})
    tests = records.screened_out(her2_tests(patients, rng["HER2"]), patients)
    genes = measurements(patients, rng["markers"])
    events = adverse_events(adc_courses(lines, patients, records.ADCS), rng["adverse events"])
    made = {
        "patients": write(_patients(patients, rng["patients"]), *DATES),
        "exposures": write(recorded, "start", "stop"),
        "assessments": write(visits, "date")[["patient_id", "date", "response"]],
        "her2_tests": write(tests, "date"),
        "adverse_events": write(events, "onset", "resolved"),
        "biomarkers": write(genes, "date"),
    }
    return Reconstruction(made, check(read_published(HERE / "published.yml"), measure(made).__getitem__, 0))


def _patients(p: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The table of patients; dates are days still."""
    positive = p["hormone_receptor"].eq("positive")
    share = np.where(positive, rng.beta(2, 5, len(p)), rng.beta(3, 3.5, len(p)))
    ki67 = pd.Series(np.maximum(np.rint(100 * share), 1).astype(int), p.index)
    unseen = 0.02 + 0.08 * p["period"].eq("2021 to 2022") + 0.03 * positive
    yes = {True: "yes", False: "no"}
    return pd.DataFrame(
        {
            "patient_id": p["patient_id"],
            "age": p["age"],
            "ecog": lost(p["ecog"].astype(str), unseen, rng),
            "hr_status": p["hormone_receptor"],
            "histology": p["histology"],
            "ki67_percent": lost(ki67, 0.18, rng),
            "de_novo": p["de_novo"].map(yes),
            "visceral_metastasis": p["metastasis"].ne("non-visceral").map(yes),
            "liver_metastasis": p["metastasis"].eq("liver").map(yes),
            "brain_metastasis": p["brain"].map(yes),
            "bone_metastasis": p["bone"].map(yes),
            "prior_lines": p["prior_lines"],
            "adc1_period": p["period"],
            "diagnosis_date": p["diagnosed"],
            "metastatic_date": p["metastatic"],
            "last_contact_date": p["last_contact"],
            "death_date": p["death"],
        }
    )


def measure(made: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Values of the numbers of ``published.yml``: those of the study file, and the scores of the patients."""
    study = yaml.safe_load((HERE / "study.yml").read_text(encoding="utf-8"))
    horizon = {name: float(e.get("horizon_months", np.nan)) for name, e in study["endpoints"].items()}
    last = made["her2_tests"]
    last = last[last["specimen"].isin(study["her2"]["specimen"])].groupby("patient_id").tail(1)
    low = last["ihc"].eq("1+") | (last["ihc"].eq("2+") & last["ish"].eq("not amplified"))
    scores = last.loc[low, "ihc"].str.rstrip("+").astype(float)
    return {
        "L-PFS-horizon": horizon["PFS_registered"],
        "L-OS-horizon": horizon["OS_registered"],
        "L-her2-lowest": float(scores.min()),
        "L-her2-highest": float(scores.max()),
    }
