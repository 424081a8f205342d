"""From a study folder to the prepared tables that its pages read, and to a validation report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from her2adc.checks import cohort_problems, cohort_remarks, notes
from her2adc.cohort import Cohort, prepare_cohort
from her2adc.config import Study, load_study, placed, shown_name
from her2adc.errors import StudyError, visible


def prepare(study_file: Path | str, data: Path | str | None, out: Path | str) -> str:
    """Prepare a study for its pages.

    Parameters
    ----------
    study_file
        The ``study.yml`` or its folder.
    data
        Folder of the data files; None for the study's own.
    out
        Folder for the prepared tables. It is replaced as a whole, and only on success.

    Returns
    -------
    str
        One line for the terminal.

    Raises
    ------
    StudyError
        With all problems of the study file and of the data.
    """
    study = load_study(study_file)
    cohort = checked_cohort(study, Path(data) if data else None)
    out = Path(out)
    fresh = out.with_name(out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    cohort.save(fresh)
    (fresh / "prepared.json").write_text(
        json.dumps({"study": study.id, "n_analysed": len(cohort.data)}) + "\n", encoding="utf-8"
    )
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return f"study {shown_name(study.folder)} ... {len(cohort.data)} patients analysed"


def checked_cohort(study: Study, folder: Path | None = None) -> Cohort:
    """Prepare a cohort, and look at what its pages need of it.

    Parameters
    ----------
    study
        The study.
    folder
        Folder of the data files; None for the study's own.

    Returns
    -------
    Cohort

    Raises
    ------
    StudyError
        With all problems; those of the study file have the row of their key.
    """
    try:
        cohort = prepare_cohort(study, folder)
        if problems := cohort_problems(study, cohort):
            raise StudyError(problems)
        cohort.remarks += cohort_remarks(study, cohort)
    except StudyError as error:
        raise StudyError(placed(error.problems, study.folder / "study.yml")) from None
    return cohort


def summary(study: Study, cohort: Cohort) -> str:
    """Say in plain text what a study's data hold, as ``her2adc validate`` prints it.

    Parameters
    ----------
    study, cohort
        The study and its prepared cohort.

    Returns
    -------
    str
        Inclusion steps, patients per group, HER2 texts that could not be classified, remarks.
    """
    lines = [f"{shown_name(study.folder)}: no problem found"]
    for step in cohort.flow:
        lines.append(f"  {step['label']}: {step['n']}")
        lines += [f"    - {e['reason']}: {e['n']}" for e in step["excluded"]]
    if study.group in cohort.data:
        counts = cohort.data[study.group].value_counts(sort=False)
        lines += [f"  {group}: {n}" for group, n in counts.items()]
    if len(cohort.unclassified):
        lines.append("  HER2 not classified (never guessed):")
        lines += [
            f"    - {r.reason}: IHC {r.ihc}, ISH {r.ish}: {r.n}"
            for r in cohort.unclassified.itertuples()
        ]
    for name in study.endpoints:
        time, event = cohort.data[f"{name}_time"], cohort.data[f"{name}_event"]
        lines.append(f"  {name}: {int(time.notna().sum())} patients, {int(event.sum())} events")
    remarks = dict.fromkeys([*cohort.remarks, *notes(study, cohort)])
    return "\n".join(map(visible, [*lines, *(f"  note: {r}" for r in remarks)]))
