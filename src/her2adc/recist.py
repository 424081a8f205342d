"""Best overall response by RECIST 1.1 from a series of assessments.

References
----------
Eisenhauer et al., Eur J Cancer 2009;45:228 (RECIST 1.1), sections 4.4 to 4.6.
"""

from __future__ import annotations

import pandas as pd

from her2adc.config import Response

CATEGORIES = ["CR", "PR", "SD", "PD", "NE"]


def best_response(visits: pd.DataFrame, start: pd.Timestamp, rule: Response) -> dict[str, object]:
    """Best overall response of one patient.

    Assessments before the start (of an earlier line) and after the first progression do not
    count. Without confirmation the best visit counts, stable disease only when it still held
    ``sd_min_weeks`` after the start. With confirmation, a response has to be seen again
    ``confirm_weeks`` later at the earliest; otherwise it is stable disease, if that lasted long
    enough.

    Parameters
    ----------
    visits
        ``date`` and ``response`` (CR, PR, SD, PD, NE) of one patient.
    start
        Start of treatment.
    rule
        Confirmation, minimum duration of SD, weeks of clinical benefit.

    Returns
    -------
    dict
        ``best_response``; ``clinical_benefit`` (CR, PR, or SD that lasted ``cbr_weeks``; None when
        not evaluable); ``first_response_date``; ``response_progression_date``.

    Examples
    --------
    >>> v = pd.DataFrame({"date": pd.to_datetime(["2024-03-01", "2024-05-01"]), "response": ["SD", "PD"]})
    >>> best_response(v, pd.Timestamp("2024-01-01"), Response(start="start"))["best_response"]
    'SD'
    """
    visits = visits[pd.to_datetime(visits["date"]) >= start].sort_values("date", kind="stable")
    progressed = visits.loc[visits["response"] == "PD", "date"].min()
    held = visits[(visits["date"] < progressed) if pd.notna(progressed) else visits["date"].notna()]
    held = held[held["response"].isin(["CR", "PR", "SD"])]
    weeks = (pd.to_datetime(held["date"]) - start).dt.days / 7
    stable = bool((weeks >= rule.sd_min_weeks).any())
    response, first = _response(held, rule)
    if response is None:
        response = "SD" if stable else "PD" if pd.notna(progressed) else "NE"
    until = progressed if pd.notna(progressed) else held["date"].max()
    lasted = (until - start).days / 7 if pd.notna(until) else 0.0
    benefit = (
        None
        if response == "NE"
        else (response in ("CR", "PR") or (response == "SD" and lasted >= rule.cbr_weeks))
    )
    return {
        "best_response": response,
        "clinical_benefit": benefit,
        "first_response_date": first,
        "response_progression_date": progressed,
    }


def _response(held: pd.DataFrame, rule: Response) -> tuple[str | None, pd.Timestamp]:
    """CR or PR with the date it was first seen, or None."""
    responders = held[held["response"].isin(["CR", "PR"])]
    if not rule.confirmed:
        if responders.empty:
            return None, pd.NaT  # type: ignore[return-value]
        best = "CR" if (responders["response"] == "CR").any() else "PR"
        return best, responders["date"].iloc[0]
    gap = pd.Timedelta(weeks=rule.confirm_weeks)
    for wanted, again in (("CR", ["CR"]), ("PR", ["CR", "PR"])):
        for date in responders.loc[responders["response"].isin(again), "date"]:
            later = responders[
                (responders["date"] >= date + gap) & responders["response"].isin(again)
            ]
            if not later.empty:
                return wanted, responders["date"].iloc[0]
    return None, pd.NaT  # type: ignore[return-value]


def derive(patients: pd.DataFrame, assessments: pd.DataFrame, rule: Response) -> pd.DataFrame:
    """Best response of every patient.

    Parameters
    ----------
    patients
        ``patient_id`` and the column ``rule.start``.
    assessments
        ``patient_id``, ``date``, ``response``.
    rule
        The definition.

    Returns
    -------
    DataFrame
        One row a patient, index of ``patients``, columns of :func:`best_response`. A patient
        without an assessment is NE.
    """
    series = dict(tuple(assessments.groupby("patient_id")))
    none = assessments.iloc[:0]
    rows = [
        best_response(series.get(p, none), s, rule)
        for p, s in zip(patients["patient_id"], patients[str(rule.start)], strict=True)
    ]
    out = pd.DataFrame(rows, index=patients.index)
    out["best_response"] = pd.Categorical(out["best_response"], CATEGORIES, ordered=True)
    out["clinical_benefit"] = out["clinical_benefit"].astype("boolean")
    for column in ("first_response_date", "response_progression_date"):
        out[column] = pd.to_datetime(out[column])
    return out
