"""Who is analysed, and the steps of the inclusion flow that lead there."""

from __future__ import annotations

from typing import Any

import pandas as pd

from her2adc.config import Study
from her2adc.errors import SHOWN, Problem
from her2adc.expressions import ExpressionError, holds, names_in, unmatched, unsettled
from her2adc.intake import RawTable


def include(
    study: Study, patients: pd.DataFrame, raw: RawTable
) -> tuple[pd.Series, list[dict[str, Any]], list[Problem], list[str]]:
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
    list of str
        What should be known: patients of whom a rule is not known, patients without a group.
    """
    keep = pd.Series(True, index=patients.index)
    flow: list[dict[str, Any]] = []
    problems: list[Problem] = []
    remarks: list[str] = []

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
    for number, rule in enumerate(study.inclusion):
        try:
            out = holds(patients, rule.exclude, levels=study.level_names)
            open_ones = unsettled(patients, rule.exclude, levels=study.level_names) & keep
        except ExpressionError as error:
            problems.append(_problem(number, rule.exclude, f"'exclude' cannot be evaluated: {error}"))
            continue
        problems += [
            _problem(number, rule.exclude, f"no cell of {column!r} is {word!r}, but some are {like!r}")
            for column, word, like in unmatched(patients, rule.exclude)
            if like
        ]
        if open_ones.any():
            remarks.append(_stays(rule.exclude, rule.reason, int(open_ones.sum())))
        step("Assessed for inclusion", pd.Series("", index=patients.index).where(~out, rule.reason))
    if study.her2:
        patients["eligible"] = keep
        step("Eligible", patients["her2_reason"].where(patients["her2_class"].isna(), ""))
        other = ~patients["her2_class"].isin(study.her2.analysed)
        if (other & keep).any():
            step("HER2 classified", patients["her2_class"].astype(str).where(other, ""))
    without = patients[study.group].isna() & keep if study.group in patients else ~keep & False
    if without.any():
        label = study.label(study.group)
        remarks.append(_no_group(label, raw, list(patients.index[without])))
        by_adc = study.sequencing is not None and study.group in ("adc1_arm", "sequence")
        reason = "No antibody-drug conjugate" if by_adc else f"{label} not known"
        step("HER2 classified" if study.her2 else "Eligible", without.map({True: reason}))
    flow.append({"label": "Analysed", "n": int(keep.sum()), "excluded": []})
    return keep, flow, problems, remarks


def _problem(number: int, rule: str, message: str) -> Problem:
    remedy = "use names of columns and variables, and values in quotes as the cells have them"
    return Problem("study.yml", message, remedy, column=f"inclusion.{number}.exclude", value=rule)


def _stays(rule: str, reason: str, n: int) -> str:
    """Say of how many patients a rule is not known, and what to write when they are to leave."""
    missing = " or ".join(f"is_missing({c if c.isidentifier() else f'`{c}`'})" for c in names_in(rule))
    return (
        f"{n} patient{'s stay' if n > 1 else ' stays'} of whom it is not known whether {rule} ({reason}), "
        f"because a cell is missing; to exclude them, add: or {missing}"
    )


def _no_group(label: str, raw: RawTable, rows: list[object]) -> str:
    """Say which patients have no group."""
    places = [raw.problem("patient_id", i, "") for i in rows]
    listed = ", ".join(str(p.row) for p in places[:SHOWN] if p.row is not None)
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    n, s = len(rows), "s" if len(rows) > 1 else ""
    return (
        f"{n} patient{s} {'have' if s else 'has'} no value of {label}, by which the study compares, and "
        f"{'are' if s else 'is'} not analysed ({places[0].file}, row{s} {listed}{more}); "
        "fill in the cells, or exclude them under inclusion with a reason of your own"
    )
