"""Who is analysed, and the steps of the inclusion flow that lead there."""

from __future__ import annotations

from typing import Any

import pandas as pd

from her2adc.config import Study
from her2adc.errors import Problem
from her2adc.expressions import holds
from her2adc.intake import RawTable


def include(
    study: Study, patients: pd.DataFrame, raw: RawTable
) -> tuple[pd.Series, list[dict[str, Any]], list[Problem]]:
    """Say who is analysed, and by which steps.

    Parameters
    ----------
    study
        The study.
    patients
        One row a patient, with all that is derived; ``eligible`` is added where HER2 is classified.
    raw
        The table as read.

    Returns
    -------
    Series of bool
        Whether a patient is analysed.
    list of dict
        Steps: ``label``, ``n``, and ``excluded`` with ``reason`` and ``n``.
    list of Problem
        Rules that cannot be evaluated.
    """
    keep = pd.Series(True, index=patients.index)
    flow: list[dict[str, Any]] = []
    problems: list[Problem] = []

    def step(label: str, leave: pd.Series) -> None:
        nonlocal keep
        leave = leave.fillna("").where(keep, "")
        counts = leave[leave.ne("")].value_counts()
        excluded = [{"reason": str(r), "n": int(n)} for r, n in counts.items()]
        if flow and flow[-1]["label"] == label:
            flow[-1]["excluded"] += excluded
        else:
            flow.append({"label": label, "n": int(keep.sum()), "excluded": excluded})
        keep &= leave.eq("")

    if raw.found_in is not None:
        complete = " and ".join(dict.fromkeys(raw.files))
        step(
            "Patients in any file",
            raw.found_in.where(raw.found_in.ne(complete), "").map(lambda f: f"only in {f}" if f else ""),
        )
    for rule in study.inclusion:
        try:
            out = holds(patients, rule.exclude)
        except Exception as error:
            problems.append(
                Problem(
                    "study.yml",
                    f"'exclude' cannot be evaluated: {error}",
                    "use names of columns and variables, and values in quotes",
                    column="inclusion",
                    value=rule.exclude,
                )
            )
            continue
        step("Assessed for inclusion", pd.Series("", index=patients.index).where(~out, rule.reason))
    if study.her2:
        patients["eligible"] = keep
        step("Eligible", patients["her2_reason"].where(patients["her2_class"].isna(), ""))
        other = ~patients["her2_class"].isin(study.her2.analysed)
        if (other & keep).any():
            step("HER2 classified", patients["her2_class"].astype(str).where(other, ""))
    flow.append({"label": "Analysed", "n": int(keep.sum()), "excluded": []})
    return keep, flow, problems
