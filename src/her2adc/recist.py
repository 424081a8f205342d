"""Best overall response by RECIST 1.1 from a series of assessments.

References
----------
Eisenhauer et al., Eur J Cancer 2009;45:228 (RECIST 1.1), sections 4.4 to 4.6.
"""

from __future__ import annotations

import pandas as pd

from her2adc.config import Response

CATEGORIES = ["CR", "PR", "SD", "PD", "NE"]
Visit = tuple[pd.Timestamp, str]
_DERIVED = ["best_response", "clinical_benefit", "first_response_date", "response_progression_date"]


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
    return _best(list(zip(pd.to_datetime(visits["date"]), visits["response"], strict=True)), start, rule)


def _best(visits: list[Visit], start: pd.Timestamp, rule: Response) -> dict[str, object]:
    """Best response of one patient from dates and responses in any order."""
    visits = sorted((v for v in visits if v[0] >= start), key=lambda v: v[0])
    progressed = next((date for date, response in visits if response == "PD"), None)
    held = [v for v in visits if v[1] in ("CR", "PR", "SD") and (progressed is None or v[0] < progressed)]
    response, first = _response(held, rule)
    if response is None:
        stable = any((date - start).days / 7 >= rule.sd_min_weeks for date, _ in held)
        response = "SD" if stable else "PD" if progressed is not None else "NE"
    until = progressed if progressed is not None else held[-1][0] if held else start
    lasted = (until - start).days / 7
    benefit = response in ("CR", "PR") or (response == "SD" and lasted >= rule.cbr_weeks)
    return {
        "best_response": response,
        "clinical_benefit": None if response == "NE" else benefit,
        "first_response_date": pd.NaT if first is None else first,
        "response_progression_date": pd.NaT if progressed is None else progressed,
    }


def _response(held: list[Visit], rule: Response) -> tuple[str | None, pd.Timestamp | None]:
    """CR or PR with the date it was first seen, or None."""
    responders = [v for v in held if v[1] in ("CR", "PR")]
    if not responders:
        return None, None
    first = responders[0][0]
    if not rule.confirmed:
        return ("CR" if any(r == "CR" for _, r in responders) else "PR"), first
    gap = pd.Timedelta(weeks=rule.confirm_weeks)
    for wanted, again in (("CR", ("CR",)), ("PR", ("CR", "PR"))):
        dates = [date for date, r in responders if r in again]
        if dates and dates[-1] >= dates[0] + gap:
            return wanted, first
    return None, None


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
    series: dict[str, list[Visit]] = {}
    for patient, date, response in zip(
        assessments["patient_id"], pd.to_datetime(assessments["date"]), assessments["response"], strict=True
    ):
        series.setdefault(patient, []).append((date, response))
    rows = [
        _best(series.get(p, []), s, rule)
        for p, s in zip(patients["patient_id"], patients[str(rule.start)], strict=True)
    ]
    out = pd.DataFrame(rows, index=patients.index, columns=_DERIVED)
    out["best_response"] = pd.Categorical(out["best_response"], CATEGORIES, ordered=True)
    out["clinical_benefit"] = out["clinical_benefit"].astype("boolean")
    for column in ("first_response_date", "response_progression_date"):
        out[column] = pd.to_datetime(out[column])
    return out
