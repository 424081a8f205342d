"""Outcomes of each antibody-drug conjugate (ADC): progression, death, last observation, best response.

The window of an ADC goes from the day after its first dose to the first day of the next line.
"""

from __future__ import annotations

import pandas as pd

from her2adc import recist
from her2adc.config import Response, Sequencing, Study
from her2adc.config.sequencing import NUMBER_OF_ADCS


def outcomes(
    study: Study, patients: pd.DataFrame, adcs: pd.DataFrame, assessments: pd.DataFrame | None
) -> dict[str, pd.Series]:
    """Derive the outcome columns of every ADC.

    Progression is the first PD in the window. If the ADC was stopped for progression, and no PD follows
    within ``assessment_days`` of the last dose, that dose is its date. Death counts while no next line
    has started. Who has neither is observed until the last assessment in the window (other than NE),
    without one until the first dose; in a study without assessments, until the next line, else the last
    contact, else the last dose.

    Parameters
    ----------
    study, patients
        A study with ``sequencing``, and its typed table of patients.
    adcs
        Result of :func:`her2adc.sequences.sequence_columns`.
    assessments
        Tumour assessments, if the study has them.

    Returns
    -------
    dict
        ``adc<k>_progression``, ``_death``, ``_censor``; ``pfs_total_event``, ``pfs_total_censor``; with
        assessments ``best_response_adc<k>``, ``clinical_benefit_adc<k>``, ``first_response_adc<k>``.
    """
    rule = study.sequencing
    assert rule is not None
    found: dict[str, pd.Series] = {}
    for k in range(1, NUMBER_OF_ADCS + 1):
        names = {f"adc{k}_start": "start", f"adc{k}_stop": "stop", f"adc{k}_reason": "reason"}
        one = adcs.rename(columns={**names, f"next{k}_start": "next"})[["start", "stop", "reason", "next"]]
        one = one.assign(patient_id=patients["patient_id"])
        visits = None if assessments is None else _window(one, assessments)
        found |= {f"adc{k}_{name}": v for name, v in _dates(one, visits, patients, rule).items()}
        if visits is not None:
            found |= {f"{name}_adc{k}": v for name, v in _response(one, visits, study.response).items()}
    return found | _total(patients, adcs, found, rule)


def _window(one: pd.DataFrame, assessments: pd.DataFrame) -> pd.DataFrame:
    """Assessments after the first dose, up to the first day of the next line."""
    visits = assessments[["patient_id", "date", "response"]].merge(
        one[["patient_id", "start", "next"]].dropna(subset="start"), on="patient_id"
    )
    inside = (visits["date"] > visits["start"]) & ~(visits["date"] > visits["next"])
    return visits.loc[inside, ["patient_id", "date", "response"]]


def _dates(
    one: pd.DataFrame, visits: pd.DataFrame | None, patients: pd.DataFrame, rule: Sequencing
) -> dict[str, pd.Series]:
    """Progression, death and end of observation of one ADC."""
    death, last_contact = _column(patients, rule.death), _column(patients, rule.last_contact)
    death = death.where(one["start"].notna() & ~(death > one["next"]))
    stopped = one["stop"].where(one["reason"].eq("progression"))
    if visits is None:
        seen = pd.concat([one["next"], last_contact], axis=1).min(axis=1).fillna(one["stop"])
        return {"progression": stopped, "death": death,
                "censor": seen.fillna(one["start"]).where(one["start"].notna())}  # fmt: skip
    first = visits[visits["response"].eq("PD")].groupby("patient_id")["date"].min()
    last = visits[visits["response"].ne("NE")].groupby("patient_id")["date"].max()
    documented = one["patient_id"].map(first)
    late = documented.isna() | (documented > stopped + pd.Timedelta(days=rule.assessment_days))
    return {
        "progression": documented.mask(stopped.notna() & late, stopped),
        "death": death,
        "censor": one["patient_id"].map(last).fillna(one["start"]),
    }


def _column(patients: pd.DataFrame, name: str | None) -> pd.Series:
    """Date column of the patients, empty when the study names none."""
    if name is not None:
        return patients[name]
    return pd.Series(pd.NaT, index=patients.index, dtype="datetime64[ns]")


def _response(
    one: pd.DataFrame, visits: pd.DataFrame, rule: Response | None
) -> dict[str, pd.Series]:
    """Best response in the window of one ADC, missing for who did not have it."""
    rule = (rule or Response(start="start")).model_copy(update={"start": "start", "column": None})
    treated = one[one["start"].notna()]
    best = recist.derive(treated, visits, rule).reindex(one.index)
    return {
        "best_response": best["best_response"],
        "clinical_benefit": best["clinical_benefit"],
        "first_response": best["first_response_date"],
    }


def _total(
    patients: pd.DataFrame, adcs: pd.DataFrame, found: dict[str, pd.Series], rule: Sequencing
) -> dict[str, pd.Series]:
    """PFS over both ADCs: progression on the second one or death; without a second one, death alone."""
    treated, second = adcs["adc1_start"].notna(), adcs["adc2_start"].notna()
    death, last_contact = _column(patients, rule.death), _column(patients, rule.last_contact)
    failed = pd.concat([found["adc2_progression"], found["adc2_death"]], axis=1).min(axis=1)
    seen = last_contact.fillna(found["adc1_censor"])
    return {
        "pfs_total_event": failed.where(second, death).where(treated),
        "pfs_total_censor": found["adc2_censor"].where(second, seen).where(treated),
    }
