"""HER2 class of a patient at each stage of the disease, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from her2adc import columns
from her2adc.cells import DAYS_PER_MONTH
from her2adc.config import CONCORDANT, DIRECTIONS, DISCORDANT, Stage, Study
from her2adc.errors import Problem, nearest
from her2adc.intake import RawTable
from her2adc.specimens.picking import UNORDERED, pick
from her2adc.specimens.reading import (
    NO_SPECIMEN,
    class_names,
    classify_patients,
    classify_tests,
)

_DERIVED = ["her2_class", "her2_reason", "her2_note", "stage"]


def stage_problems(study: Study, raw: Mapping[str, RawTable]) -> list[Problem]:
    """Stages for which no specimen of the table can stand: a kind that is spelled otherwise.

    Parameters
    ----------
    study
        The study.
    raw
        Its tables as read.

    Returns
    -------
    list of Problem
        One for each stage without any specimen.
    """
    if study.evolution is None:
        return []
    table = raw["her2_tests"]
    known = sorted(table.frame["specimen"].dropna().unique())
    return [
        Problem(
            "study.yml",
            f"no specimen of {' + '.join(table.files)} is of a kind of the stage {stage.name!r}",
            nearest(stage.specimen[0], known),
            column="evolution.stages",
            value=", ".join(stage.specimen),
        )
        for stage in study.evolution.stages
        if not set(stage.specimen) & set(known)
    ]


def add_stages(
    study: Study,
    patients: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    *,
    counts_first: bool = False,
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Add the HER2 class at each stage, and what changed between the first two.

    Parameters
    ----------
    study
        The study; without ``evolution`` nothing is added.
    patients
        One row a patient.
    tables
        The other tables; ``her2_tests`` is read.
    counts_first
        See :func:`~her2adc.specimens.classify_tests`.

    Returns
    -------
    DataFrame
        The patients with, for each stage, ``her2_<stage>`` (ordered), ``her2_<stage>_reason`` (why
        there is no class, else empty) and ``her2_<stage>_date``, and the columns of
        :func:`compare_stages`.
    dict of DataFrame
        The tables; ``her2_tests`` has ``her2_class``, ``her2_reason``, ``her2_note`` and ``stage``,
        the stage that a specimen stands for. A specimen stands for one stage only, the first that
        takes it.
    """
    rule, evolution = study.her2, study.evolution
    if rule is None or evolution is None:
        return patients, dict(tables)
    tests = tables["her2_tests"].drop(columns=_DERIVED, errors="ignore")
    tests = tests.join(classify_tests(rule, tests, counts_first=counts_first)).assign(stage=None)
    new: dict[str, pd.Series] = {}
    for stage in evolution.stages:
        tests, found = _stand_for(stage, tests)
        mine = found.reindex(patients["patient_id"]).set_axis(patients.index)
        name = evolution.column(stage.name)
        classes = pd.Categorical(mine["her2_class"], class_names(rule), ordered=True)
        new[name] = pd.Series(classes, index=patients.index)
        new[f"{name}_reason"] = mine["reason"].fillna(NO_SPECIMEN)
        new[f"{name}_date"] = pd.to_datetime(mine["date"])
    first, second = evolution.stages[:2]
    patients = compare_stages(study, patients.assign(**new), first.name, second.name)
    shown = tests.drop(columns=["ihc_form", "ish_form", "ihc_found", "ish_found"])
    return patients, {**tables, "her2_tests": shown}


def eligible_tables(
    patients: pd.DataFrame, tables: Mapping[str, pd.DataFrame], eligible: pd.Series
) -> dict[str, pd.DataFrame]:
    """Keep the patients and specimens from which another HER2 rule would choose.

    Parameters
    ----------
    patients
        One row a patient, all of the study.
    tables
        The other tables.
    eligible
        Who is eligible, whatever the HER2 class.

    Returns
    -------
    dict of DataFrame
        ``eligible`` and ``eligible_her2_tests``.
    """
    kept, tests = patients[eligible].reset_index(drop=True), tables["her2_tests"]
    mine = tests["patient_id"].isin(kept["patient_id"])
    return {"eligible": kept, "eligible_her2_tests": tests[mine].reset_index(drop=True)}


def restage(
    study: Study, tables: Mapping[str, pd.DataFrame], *, counts_first: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the patients and specimens that the study would analyse with its HER2 rule or stages changed.

    Parameters
    ----------
    study
        The study with the change.
    tables
        Tables of its cohort, those of :func:`eligible_tables` among them.
    counts_first
        See :func:`~her2adc.specimens.classify_tests`.

    Returns
    -------
    tuple of DataFrame
        Analysed patients and the specimens of theirs, as :func:`add_stages` returns them.
    """
    assert study.her2 is not None
    patients, all_tests = tables["eligible"], {"her2_tests": tables["eligible_her2_tests"]}
    classes, _ = classify_patients(study, patients, all_tests, counts_first=counts_first)
    patients = patients.assign(**{str(c): classes[c] for c in classes})
    patients = patients[patients["her2_class"].isin(study.her2.analysed)].reset_index(drop=True)
    for column in ("her2_class", "her2_result"):
        patients[column] = patients[column].cat.remove_unused_categories()
    tests = all_tests["her2_tests"]
    tests = tests[tests["patient_id"].isin(patients["patient_id"])].reset_index(drop=True)
    patients, staged = add_stages(study, patients, {"her2_tests": tests}, counts_first=counts_first)
    return patients, staged["her2_tests"]


def _stand_for(stage: Stage, tests: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mark the specimens that stand for a stage, and return class, reason and date by patient."""
    free = tests[tests["specimen"].isin(stage.specimen) & tests["stage"].isna()]
    chosen = pick(free, stage.pick)
    own = tests.loc[chosen["row"]].set_axis(chosen.index)
    unclear = chosen["reason"].ne("")
    date = own["date"] if "date" in own else pd.Series(pd.NaT, index=own.index)
    found = pd.DataFrame(
        {
            "her2_class": own["her2_class"].mask(unclear, None),
            "reason": own["her2_reason"].mask(unclear, chosen["reason"]),
            "date": date.mask(unclear),
        }
    )
    taken = chosen.loc[~unclear, "row"]
    return tests.assign(stage=tests["stage"].mask(tests.index.isin(taken), stage.name)), found


def compare_stages(study: Study, patients: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Add what changed between two stages.

    Parameters
    ----------
    study
        The study.
    patients
        One row a patient, with the columns of both stages.
    before, after
        Names of the stages.

    Returns
    -------
    DataFrame
        ``her2_change`` and ``her2_direction`` of patients with both classes,
        ``her2_interval_months`` from the first to the second specimen (missing when a date is not
        known, or the second lies before the first), and the same as levels, ``her2_interval``.
    """
    evolution = study.evolution
    assert evolution is not None
    a, b = (patients[evolution.column(name)] for name in (before, after))
    step = b.cat.codes - a.cat.codes
    both = a.notna() & b.notna()
    change = step.eq(0).map({True: CONCORDANT, False: DISCORDANT}).where(both)
    same, higher, lower = DIRECTIONS
    direction = pd.Series(same, index=a.index).mask(step > 0, higher).mask(step < 0, lower)
    dates = [patients[f"{evolution.column(name)}_date"] for name in (before, after)]
    months = (dates[1] - dates[0]).dt.total_seconds() / 86_400 / DAYS_PER_MONTH
    months = months.where(months >= 0)
    return patients.assign(
        her2_change=pd.Categorical(change, [CONCORDANT, DISCORDANT], ordered=True),
        her2_direction=pd.Categorical(direction.where(both), DIRECTIONS, ordered=True),
        her2_interval_months=months,
        her2_interval=columns.cut(months, evolution.variables["her2_interval"]),
    )


def stage_remarks(study: Study, patients: pd.DataFrame) -> list[str]:
    """Say what of the dates of the specimens does not fit, and did not stop the analysis.

    Parameters
    ----------
    study
        The study.
    patients
        One row a patient, as :func:`add_stages` returns them.

    Returns
    -------
    list of str
        Stages whose specimen is not known by date; second specimens dated before the first.
    """
    if study.evolution is None:
        return []
    columns_ = {s.label: study.evolution.column(s.name) for s in study.evolution.stages}
    counts = {
        f"{label}, {UNORDERED}: no class at that stage": patients[f"{column}_reason"].eq(UNORDERED)
        for label, column in columns_.items()
    }
    (before, first), (after, second) = list(columns_.items())[:2]
    counts[f"the specimen of {after!r} is dated before that of {before!r}; the interval is left out"] = (
        patients[f"{second}_date"] < patients[f"{first}_date"]
    )
    found = {text: int(which.sum()) for text, which in counts.items()}
    return [f"{n} patient{'s' if n > 1 else ''}: {text}" for text, n in found.items() if n]
