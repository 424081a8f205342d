"""Records around the simulated courses: screening, history, therapies."""

from __future__ import annotations

import numpy as np
import pandas as pd

from her2adc.simulate import adjuvant, before_adc, diagnosed, last_doses, named

SHARE_DE_NOVO, SHARE_BRAIN, SHARE_BONE, SHARE_SECOND_ENDOCRINE = 0.25, 0.10, 0.65, 0.20
# screened and not enrolled: the column that is wrong, and its value
NOT_ENROLLED = (
    ("chemo_lines", 3),
    ("chemo_lines", 4),
    ("ecog", "3"),
    ("prior_topo1", "yes"),
    ("symptomatic_brain_metastasis", "yes"),
    ("active_infection", "yes"),
    ("", ""),  # eligible, without consent
)
CRITERIA = {
    "cdk46_progression": "yes",
    "evaluable_lesion": "yes",
    "adequate_organ_function": "yes",
    "prior_topo1": "no",
    "severe_comorbidity": "no",
    "ild_history": "no",
    "symptomatic_brain_metastasis": "no",
    "adc_allergy": "no",
    "bowel_disease": "no",
    "uncontrolled_cardiovascular_disease": "no",
    "active_infection": "no",
    "pregnant_or_lactating": "no",
}
"""What the criteria ask of every patient."""
ADCS = ("T-DXd", "SG")
DATES = {
    "screening": "screening_date",
    "consent": "consent_date",
    "diagnosed": "diagnosis_date",
    "metastatic": "metastatic_date",
    "last_contact": "last_contact_date",
    "death": "death_date",
}
"""Days of the patients, and the names of these dates in their table."""


def history(
    patients: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Age, sites, consent and earlier lines: CDK4/6 inhibitor first, then up to two of chemotherapy."""
    p, n = patients.copy(), len(patients)
    p["age"] = np.clip(np.rint(rng.normal(54, 11, n)), 31, 79).astype(int)
    p["consent"] = -rng.integers(3, 20, n)
    p["screening"] = p["consent"] - rng.integers(0, 8, n)
    p["ki67"] = np.maximum(np.rint(rng.beta(2, 5, n) * 100), 2).astype(int)
    for column, share in (("de_novo", SHARE_DE_NOVO), ("brain", SHARE_BRAIN), ("bone", SHARE_BONE)):
        p[column] = rng.random(n) < share
    p["chemo_lines"] = p["chemo_lines"].astype(str).astype(int)
    second = rng.random(n) < SHARE_SECOND_ENDOCRINE
    plan = {
        patient: ["first endocrine", *["endocrine"] * int(more), *["chemotherapy"] * int(lines)]
        for patient, more, lines in zip(p["patient_id"], second, p["chemo_lines"], strict=True)
    }
    return p, plan


def therapies(
    patients: pd.DataFrame, exposures: pd.DataFrame, plan: dict[str, list[str]], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Patients with their diagnoses, lines from the first ADC on, and all therapies with their lines."""
    earlier = before_adc(plan, rng)
    shift = patients.set_index("patient_id")["screening"]
    for column in ("start", "stop"):  # before screening
        earlier[column] += earlier["patient_id"].map(shift)
    p = diagnosed(patients, earlier, rng)
    receptor = p.set_index("patient_id")["hormone_receptor"]
    lines = last_doses(named(exposures, earlier, receptor, rng), rng)
    rows = pd.concat([adjuvant(p[~p["de_novo"]], rng), earlier, lines], ignore_index=True)
    rows = rows.sort_values(["patient_id", "start"], kind="stable", ignore_index=True)
    rows = rows.assign(agent=rows["agents"].map(" + ".join), line=rows["line"].astype("Int64"))
    return p, lines, rows[["patient_id", "line", "agent", "start", "stop", "reason", "type"]]


def not_enrolled(patients: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Screened patients who were not enrolled: like others, but for what kept them out."""
    like = patients.iloc[rng.choice(len(patients), len(NOT_ENROLLED), replace=False)].reset_index(drop=True)
    start = len(patients) + 1
    out = like.assign(
        patient_id=[f"SH-{i:03d}" for i in range(start, start + len(like))],
        age=np.clip(like["age"] + rng.integers(-5, 6, len(like)), 31, 79),
        ecog=like["ecog"].astype(str),
        ki67=np.maximum(like["ki67"] + rng.integers(-5, 6, len(like)), 2),
        opening_day=rng.integers(0, int(patients["opening_day"].max()), len(like)),
        consent=np.nan,
        last_contact=like["screening"],
        death=np.nan,
    )
    earlier = rng.integers(1, 200, len(like))
    out[["diagnosed", "metastatic"]] = out[["diagnosed", "metastatic"]].sub(earlier, axis=0)
    for column in {c for c, _ in NOT_ENROLLED if c in CRITERIA}:
        out[column] = CRITERIA[column]
    for i, (column, value) in enumerate(NOT_ENROLLED):
        if column:
            out.loc[i, column] = value
    return out


def table(enrolled: pd.DataFrame, screened: pd.DataFrame) -> pd.DataFrame:
    """The table of patients, enrolled or not; dates are days still."""
    p = pd.concat([enrolled.assign(ecog=enrolled["ecog"].astype(str)), screened], ignore_index=True)
    yes = {True: "yes", False: "no"}
    ihc = p["her2_ihc"].astype(str)
    made = pd.DataFrame(
        {
            "patient_id": p["patient_id"],
            "age": p["age"],
            "ecog": p["ecog"],
            "hr_status": p["hormone_receptor"],
            "her2_ihc": ihc,
            "her2_ish": np.where(ihc == "2+", "not amplified", ""),
            "ki67_percent": p["ki67"],
            "de_novo": p["de_novo"].map(yes),
            "visceral_metastasis": p["metastasis"].ne("non-visceral").map(yes),
            "liver_metastasis": p["metastasis"].eq("liver").map(yes),
            "brain_metastasis": p["brain"].map(yes),
            "bone_metastasis": p["bone"].map(yes),
            "chemo_lines": p["chemo_lines"],
        }
    )
    for column, asked in CRITERIA.items():
        made[column] = p[column].fillna(asked) if column in p else asked
    return made.assign(**{new: p[old].astype(float) for old, new in DATES.items()})
