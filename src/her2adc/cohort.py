"""A study and its files -> the analysis cohort: classified, with endpoints and inclusion flow.

Everything a page needs is derived here once and saved, so that all pages of a study stand on the
same patients.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from her2adc import chronology, endpoints, identity, markers, responses, sequences
from her2adc.config import Study, link_problems
from her2adc.errors import Problem, StudyError
from her2adc.inclusion import include
from her2adc.intake import RawTable, read_table
from her2adc.specimens import (
    add_stages,
    classify_patients,
    eligible_tables,
    settle,
    stage_problems,
    stage_remarks,
)
from her2adc.typed import type_table


@dataclass
class Cohort:
    """The analysis cohort of a study.

    Attributes
    ----------
    data
        One row an analysed patient: variables, HER2 class, outcomes, ``<endpoint>_time`` (months) and
        ``<endpoint>_event`` (True = it happened), best response. With delayed entry
        ``<endpoint>_entry`` (months), with competing events ``<endpoint>_cause`` (0 censored, 1 event,
        2 competing event).
    tables
        The other tables, analysed patients only. Where HER2 is followed over specimens, also
        ``eligible`` and ``eligible_her2_tests``: whoever another HER2 rule could bring in.
    flow
        Steps of the inclusion flow: label, n, and what was excluded with reason and n.
    normalised
        HER2 texts and what they were read as, with counts.
    unclassified
        Patients without a HER2 class: reason, IHC and ISH as found, count.
    remarks
        Things to know that do not stop an analysis.
    """

    data: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    flow: list[dict[str, Any]] = field(default_factory=list)
    normalised: pd.DataFrame = field(default_factory=pd.DataFrame)
    unclassified: pd.DataFrame = field(default_factory=pd.DataFrame)
    remarks: list[str] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write the cohort as Parquet and JSON files."""
        folder.mkdir(parents=True, exist_ok=True)
        frames = {
            "data": self.data,
            "normalised": self.normalised,
            "unclassified": self.unclassified,
        }
        for name, frame in {**frames, **{f"table_{k}": v for k, v in self.tables.items()}}.items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        (folder / "cohort.json").write_text(
            json.dumps({"flow": self.flow, "remarks": self.remarks}, indent=1, ensure_ascii=False)
        )

    @classmethod
    def load(cls, folder: Path) -> Cohort:
        """Read a cohort written by :meth:`save`."""
        notes = json.loads((folder / "cohort.json").read_text())
        frames = {p.stem: pd.read_parquet(p) for p in sorted(folder.glob("*.parquet"))}
        tables = {k.removeprefix("table_"): v for k, v in frames.items() if k.startswith("table_")}
        return cls(
            frames["data"],
            tables,
            notes["flow"],
            frames["normalised"],
            frames["unclassified"],
            notes["remarks"],
        )


def prepare_cohort(study: Study, folder: Path | None = None) -> Cohort:
    """Read, check, classify and derive: from a study's files to its cohort.

    Parameters
    ----------
    study
        The study.
    folder
        Folder of the data files; by default the study's own.

    Returns
    -------
    Cohort

    Raises
    ------
    StudyError
        With every problem of every file at once.
    """
    given, folder = bool(folder), Path(folder) if folder else study.folder / study.data.folder
    if links := link_problems(study.folder, folder, study.data.files, given):
        raise StudyError(links)
    raw, problems = _read_all(study, folder)
    typed: dict[str, pd.DataFrame] = {}
    for name, table in raw.items():
        if not table.frame.empty:
            typed[name], found = type_table(study, table)
            problems += found
    settled = None
    if len(typed) == len(raw):
        settled = settle(study, raw, typed)
        dated = chronology.check(study, raw, typed)
        settled.remarks += dated.remarks
        problems += settled.problems + dated.problems + stage_problems(study, raw)
        if not raw["patients"].key_problems:  # an id that is wrong there makes orphans elsewhere
            problems += identity.orphans(raw)
    if problems or settled is None:
        raise StudyError(identity.second_header_hint(problems, raw))
    typed = settled.tables
    patients = typed.pop("patients")
    classes, normalised = classify_patients(study, patients, typed)
    patients, typed = add_stages(study, pd.concat([patients, classes], axis=1), typed)
    sequenced = sequences.derive(study, patients, typed, raw)
    if sequenced.problems:
        raise StudyError(sequenced.problems)
    measured = markers.derive(study, sequenced.patients, typed, raw)
    if measured.problems:
        raise StudyError(measured.problems)
    typed |= sequenced.tables | measured.tables
    patients, problems = _derive(study, measured.patients, typed, raw["patients"])
    if problems:
        raise StudyError(problems)
    keep, flow, problems, remarks = include(study, patients, raw["patients"])
    for e in study.endpoints.values():
        problems += endpoints.entry_problems(patients[keep], e, raw["patients"])
    if problems:
        raise StudyError(problems)
    cohort = _assemble(study, patients, typed, keep, flow, normalised)
    read = [r for table in raw.values() for r in table.remarks]
    derived = [*settled.remarks, *sequenced.remarks, *measured.remarks, *remarks]
    cohort.remarks = list(dict.fromkeys(read)) + derived + cohort.remarks
    return cohort


def _read_all(study: Study, folder: Path) -> tuple[dict[str, RawTable], list[Problem]]:
    raw: dict[str, RawTable] = {}
    problems: list[Problem] = []
    for name in study.data.tables:
        raw[name], found = read_table(study, name, folder)
        problems += found
    return raw, problems


def _derive(
    study: Study, patients: pd.DataFrame, tables: dict[str, pd.DataFrame], raw: RawTable
) -> tuple[pd.DataFrame, list[Problem]]:
    """Add best response, endpoints and observed follow-up."""
    problems: list[Problem] = []
    if study.response:
        response, problems = responses.best_responses(study, patients, tables, raw)
        patients = patients.assign(**response)
    for name, e in study.endpoints.items():
        derive = endpoints.from_dates if e.start else endpoints.from_columns
        result, found = derive(patients, e, raw)
        problems += found
        patients = patients.assign(**{f"{name}_{column}": result[column] for column in result})
    if study.follow_up:
        start, end = patients[study.follow_up["start"]], patients[study.follow_up["end"]]
        patients["follow_up_time"] = endpoints.months(start, end)
        known = {(p.row, p.column) for p in problems}
        problems += endpoints.follow_up_problems(patients, study.follow_up, raw)
        for i in end.index[end < start]:
            p = raw.problem(
                study.follow_up["end"],
                i,
                "the last contact lies before the start of follow-up",
                "correct one of the two dates",
                raw.frame[study.follow_up["end"]][i],
            )
            problems += [p] if (p.row, p.column) not in known else []
    return patients.copy(), problems


def _assemble(
    study: Study,
    patients: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    keep: pd.Series,
    flow: list[dict[str, Any]],
    normalised: pd.DataFrame,
) -> Cohort:
    """Keep the analysed patients, and say what was seen on the way."""
    data = patients[keep].drop(columns="eligible", errors="ignore").reset_index(drop=True)
    remarks: list[str] = []
    unclassified = pd.DataFrame(columns=["reason", "ihc", "ish", "n"])
    if study.her2:
        data["her2_class"] = data["her2_class"].cat.remove_unused_categories()
        data["her2_result"] = data["her2_result"].cat.remove_unused_categories()
        lost = patients[patients["her2_class"].isna() & patients["eligible"]]
        unclassified = (
            lost.groupby(["her2_reason", "ihc_found", "ish_found"])
            .size()
            .rename("n")
            .reset_index()
            .set_axis(["reason", "ihc", "ish", "n"], axis=1)
        )
        remarks += [
            f"{n} patient{'s' if n > 1 else ''}: {note}"
            for note, n in data["her2_note"][data["her2_note"].ne("")].value_counts().items()
        ]
        remarks += stage_remarks(study, data)
    for name in ("adc1_arm", "sequence") if study.sequencing else ():
        data[name] = data[name].cat.remove_unused_categories()
    for name, e in study.endpoints.items():
        remarks += endpoints.without(data, e, study.sequencing)
        if zero := int(data[f"{name}_time"].eq(0).sum()):
            remarks.append(
                f"{zero} patient{'s' if zero > 1 else ''} with {name} time 0: at risk at time 0 only"
            )
        if f"{name}_never" in data and (never := int(data.pop(f"{name}_never").sum())):
            remarks.append(
                f"{never} patient{'s' if never > 1 else ''} came under observation when the observation "
                f"of {name} had ended: never at risk, and not in its analyses"
            )
    if not len(data):
        raise StudyError(
            [
                Problem(
                    "study.yml",
                    "no patient is left to analyse",
                    "look at inclusion and her2.analysed; the steps were: "
                    + "; ".join(f"{s['label']} {s['n']}" for s in flow),
                )
            ]
        )
    ids = set(data["patient_id"])
    kept = {k: t[t["patient_id"].isin(ids)].reset_index(drop=True) for k, t in tables.items()}
    if study.evolution:
        kept |= eligible_tables(patients.drop(columns="eligible"), tables, patients["eligible"])
    return Cohort(data, kept, flow, normalised, unclassified, remarks)
