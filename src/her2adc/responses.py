"""Best response and clinical benefit of every patient, from assessments or as recorded."""

from __future__ import annotations

import pandas as pd

from her2adc import columns, recist
from her2adc.config import NO, YES, Study, Variable
from her2adc.errors import Problem
from her2adc.intake import RawTable
from her2adc.schema import RESPONSES


def best_responses(
    study: Study, patients: pd.DataFrame, tables: dict[str, pd.DataFrame], raw: RawTable
) -> tuple[dict[str, pd.Series], list[Problem]]:
    """Best response from assessments or from its column, checked against each other.

    Parameters
    ----------
    study
        A study with ``response``.
    patients, tables
        Typed table of patients, and the others.
    raw
        The table of patients as read.

    Returns
    -------
    dict of Series, list of Problem
        ``best_response``; ``clinical_benefit`` where it can be known: from assessments, or from a
        column of its own, since a best response alone does not say how long the disease was stable.
    """
    rule = study.response
    assert rule is not None
    if rule.start:
        derived = recist.derive(patients, tables["assessments"], rule)
        return {c: derived[c] for c in derived.columns}, []
    column = str(rule.column)
    own = {v: k for k, values in rule.values.items() for v in values}
    text = raw.frame[column].dropna().drop_duplicates()
    words = dict(zip(text, columns.worded(text, RESPONSES), strict=True))
    meaning = {**{k: k for k in recist.CATEGORIES}, **words, **own}
    levels = {k: tuple(v for v, m in meaning.items() if m == k) for k in recist.CATEGORIES}
    remedy = (
        f"write {', '.join(recist.CATEGORIES)}, or say what the text means under response.values in "
        "study.yml (for example SD: [stable]); if nothing is known, list it under "
        f"data.patients.missing.{column}"
    )
    variable = Variable(name=column, label="best response", levels=levels)
    response, problems = columns.levels(raw, column, variable, remedy)
    found = {"best_response": response}
    if "assessments" in tables:
        problems += _unassessed(column, response, patients, tables["assessments"], raw)
    if rule.clinical_benefit:
        found["clinical_benefit"], wrong = _benefit(raw, rule.clinical_benefit)
        problems += wrong
    return found, problems


def _unassessed(
    column: str, response: pd.Series, patients: pd.DataFrame, assessments: pd.DataFrame, raw: RawTable
) -> list[Problem]:
    """Best responses of patients without any assessment."""
    claimed = response.isin(["CR", "PR", "SD", "PD"])
    claimed &= ~patients["patient_id"].isin(set(assessments["patient_id"]))
    remedy = "add the assessments of the patient, or set the response to NE"
    return [
        raw.problem(column, i, "a response without any tumour assessment", remedy, response[i])
        for i in response.index[claimed]
    ]


def _benefit(raw: RawTable, column: str) -> tuple[pd.Series, list[Problem]]:
    """Clinical benefit as recorded: yes, no, or not known where the cell is empty."""
    text = raw.frame[column]
    yes_no = columns.meaning(text, {"yes": YES, "no": NO})
    bad = text.index[text.notna() & yes_no.isna()]
    example = f"{text[bad[0]]!r}: ..." if len(bad) else ""
    remedy = columns.means_remedy(raw, column, example, "write yes or no")
    message = "clinical benefit: means neither yes nor no"
    problems = [raw.problem(column, i, message, remedy, text[i]) for i in bad]
    return yes_no.map({"yes": True, "no": False}).astype("boolean"), problems
