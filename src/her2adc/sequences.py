"""Lines of therapy -> the sequence of antibody-drug conjugates (ADC) of each patient, as columns.

The columns are derived before the endpoints, which can name every date among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd

from her2adc.adc_outcomes import outcomes
from her2adc.adcs import Treatment, adc_treatments, courses_table, resumed_remark, resumes
from her2adc.agents import declared, known, read
from her2adc.cells import ELAPSED
from her2adc.config import Sequencing, Study
from her2adc.config.sequencing import NUMBER_OF_ADCS, PAYLOAD_CLASSES, TARGETS
from her2adc.courses import courses_of, date
from her2adc.endpoints import months
from her2adc.errors import Problem, nearest
from her2adc.exposures import read_exposures, source_table
from her2adc.intake import RawTable
from her2adc.lines import Line, derive_lines, given_lines, interchangeable, line_remarks, lines_table

T = TypeVar("T")
V = TypeVar("V")


@dataclass
class Sequences:
    """Patients with their derived columns, the tables ``lines`` and ``courses``, and what was met."""

    patients: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def derive(
    study: Study, patients: pd.DataFrame, tables: Mapping[str, pd.DataFrame], raw: Mapping[str, RawTable]
) -> Sequences:
    """Derive lines of therapy and the sequence of ADCs of every patient.

    Parameters
    ----------
    study
        The study; without ``sequencing`` nothing is derived.
    patients
        Typed table of patients.
    tables, raw
        The other tables, typed, and all tables as read.

    Returns
    -------
    Sequences
        The patients as they are when there are problems.
    """
    rule = study.sequencing
    if rule is None:
        return Sequences(patients)
    name = source_table(study)
    exposures = read_exposures(study, patients, tables[name], raw[name])
    if problems := [*_rule_problems(rule), *_two_clocks(rule, raw, name), *exposures.problems]:
        return Sequences(patients, problems=problems)
    courses, remarks = courses_of(exposures.frame)
    groups = interchangeable(rule)
    lines = {
        p: given_lines(c) if exposures.given else derive_lines(c, rule, groups) for p, c in courses.items()
    }
    adcs = {p: adc_treatments(found, rule) for p, found in lines.items()}
    columns = sequence_columns(patients, lines, adcs, rule)
    ids = patients["patient_id"]
    columns["adc_resumed"] = _levels(
        [("No", "Yes")[resumes(lines[p], rule)] if adcs.get(p) else None for p in ids], ("No", "Yes")
    ).set_axis(ids.index)
    columns["early_adc"] = _early_adcs(patients["patient_id"], exposures.early)
    columns = columns.assign(**outcomes(study, patients, columns, tables.get("assessments")))
    if doubled := [str(c) for c in columns if c in patients]:
        return Sequences(patients, problems=[_taken(c, raw["patients"]) for c in doubled])
    made = {"lines": lines_table(lines), "courses": courses_table(lines, adcs)}
    again = resumed_remark(int(columns["adc_resumed"].eq("Yes").sum()), rule)
    remarks = [*exposures.remarks, *remarks, *line_remarks(lines), *again]
    return Sequences(pd.concat([patients, columns], axis=1), made, remarks=remarks)


def sequence_columns(
    patients: pd.DataFrame,
    lines: Mapping[str, list[Line]],
    treatments: Mapping[str, list[Treatment]],
    rule: Sequencing,
) -> pd.DataFrame:
    """Describe the ADCs of every patient, and the step from the first to the second.

    Parameters
    ----------
    patients
        Table of patients; who has no exposure has no line and no ADC.
    lines, treatments
        Lines and ADCs of each patient.
    rule
        The ADCs that arms and sequences name.

    Returns
    -------
    DataFrame
        Index of ``patients``; for the ADCs 1 to 3 ``adc<k>_agent``, ``_line``, ``_start``, ``_stop``,
        ``_reason``, ``_partners``, ``_target``, ``_payload``, ``_payload_class``, and ``next<k>_start``
        and ``next<k>_regimen`` of the line after it; ``n_lines``, ``n_adcs``, ``adc1_arm``, ``sequence``,
        ``intervening_lines``, ``washout_months``, ``same_target``, ``same_payload``,
        ``same_payload_class``.
    """
    ids = list(patients["patient_id"])
    adcs = [treatments.get(p, []) for p in ids]
    found: dict[str, Any] = {
        "n_lines": [float(len(lines.get(p, []))) for p in ids],
        "n_adcs": [float(len(t)) for t in adcs],
    }
    for k in range(1, NUMBER_OF_ADCS + 1):
        found |= _of_adc([t[k - 1] if len(t) >= k else None for t in adcs], k)
    found |= _of_first_two(adcs, rule)
    frame = pd.DataFrame(found).set_axis(patients.index, axis=0)
    return frame.assign(washout_months=months(frame["adc1_stop"], frame["adc2_start"]))


def _of_adc(adcs: Sequence[Treatment | None], k: int) -> dict[str, Any]:
    """Columns of the ADC number ``k``."""
    agents = _each(adcs, lambda t: t.agent)
    after = _each(adcs, lambda t: t.following)
    target = _each(agents, lambda a: a.target if a.target in TARGETS else TARGETS[-1])
    return {
        f"adc{k}_agent": _texts(_each(agents, lambda a: a.short)),
        f"adc{k}_line": pd.Series(_each(adcs, lambda t: t.first.number), dtype=float),
        f"adc{k}_start": date(_each(adcs, lambda t: t.start)),
        f"adc{k}_stop": date(_each(adcs, lambda t: t.stop)),
        f"adc{k}_reason": _texts(_each(adcs, lambda t: t.reason)),
        f"adc{k}_partners": _texts(_each(adcs, lambda t: t.partners)),
        f"adc{k}_target": _levels(target, TARGETS),
        f"adc{k}_payload": _texts(_each(agents, lambda a: a.payload)),
        f"adc{k}_payload_class": _levels(_each(agents, lambda a: a.payload_class), PAYLOAD_CLASSES),
        f"next{k}_start": date(_each(after, lambda v: v.start)),
        f"next{k}_regimen": _texts(_each(after, lambda v: v.regimen)),
    }


def _each(items: Iterable[T | None], of: Callable[[T], V]) -> list[V | None]:
    """Apply a function to what is there."""
    return [None if item is None else of(item) for item in items]


def _of_first_two(adcs: Sequence[Sequence[Treatment]], rule: Sequencing) -> dict[str, Any]:
    """Columns of the step from the first ADC to the second."""
    pairs = [(t[0], t[1]) if len(t) > 1 else None for t in adcs]
    lines_between = [p[1].first.number - p[0].until.number - 1 if p else None for p in pairs]
    same = {
        name: [p and ("No", "Yes")[getattr(p[0].agent, name) == getattr(p[1].agent, name)] for p in pairs]
        for name in ("target", "payload", "payload_class")
    }
    arms = [None if not t else f"{t[0].agent.short} first" for t in adcs]
    arms = [a if a is None or a in rule.arms else rule.arms[-1] for a in arms]
    return {
        "adc1_arm": _levels(arms, rule.arms, drop=True),
        "sequence": _levels([_sequence(t, rule) for t in adcs], rule.sequences, drop=True),
        "intervening_lines": pd.Series(lines_between, dtype=float),
        **{f"same_{name}": _levels(values, ("No", "Yes")) for name, values in same.items()},
    }


def _sequence(adcs: Sequence[Treatment], rule: Sequencing) -> str | None:
    """Level of ``sequence``: the first two ADCs."""
    names = [t.agent.short for t in adcs[:2]]
    if not names:
        return None
    if names[0] not in rule.adcs:
        return rule.sequences[-1]
    if len(names) == 1:
        return f"{names[0]} only"
    return f"{names[0]} → {names[1] if names[1] in rule.adcs else 'other ADC'}"


def _texts(values: Iterable[str | None]) -> pd.Series:
    return pd.Series(list(values), dtype=object)


def _levels(values: Sequence[str | None], levels: Sequence[str], drop: bool = False) -> pd.Series:
    """Make an ordered categorical, if asked for without the levels that nobody has."""
    used = [v for v in levels if v in set(values)] if drop else list(levels)
    return _texts(values).astype(pd.CategoricalDtype(used, ordered=True))


def _early_adcs(ids: pd.Series, early: pd.DataFrame) -> pd.Series:
    """ADCs that a patient had in early disease, by their short names."""
    adcs = early[early["agent"].map(lambda a: a.adc).astype(bool)] if len(early) else early
    names = {p: ", ".join(sorted({a.short for a in g})) for p, g in adcs["agent"].groupby(adcs["patient"])}
    return ids.map(names).astype(object).where(ids.isin(list(names)), None)


def _taken(column: str, raw: RawTable) -> Problem:
    message = "has the name of a column that 'sequencing' derives"
    remedy = "give it another name in the file, or under 'columns' in study.yml"
    return Problem(" + ".join(raw.files), message, remedy, None, column)


def _two_clocks(rule: Sequencing, raw: Mapping[str, RawTable], name: str) -> list[Problem]:
    """Say when calendar dates meet days or months from an origin of the patient's own."""
    used = {"patients": rule.patient_dates, name: {"start", "stop"}, "assessments": {"date"}}
    forms = {
        o.source.dates in ELAPSED: (table, o.file)
        for table, names in used.items()
        if table in raw
        for n in sorted(names)
        for o in raw[table].origin.get(n, [])
    }
    if len(forms) < 2:
        return []
    message = f"has calendar dates, and {forms[True][1]} times from an origin of the patient's own"
    remedy = f"give both the same form, and say it under data.{forms[True][0]}.dates"
    return [Problem(forms[False][1], message, remedy, None, "dates")]


def _rule_problems(rule: Sequencing) -> list[Problem]:
    """List names in the rules that no drug has, or that are not the short name of an ADC."""
    own, _ = declared(rule.agents)
    drugs = {a.name: a for a in (*known().values(), *(a for found in own.values() for a in found))}
    short = sorted({a.short for a in drugs.values() if a.adc})
    problems = [
        Problem("study.yml", "is not the short name of an ADC", nearest(n, short), None, "sequencing.adcs", n)
        for n in rule.adcs
        if n not in short
    ]
    return problems + [
        Problem("study.yml", "is no drug that is known", "use a generic name", None,
                "sequencing.interchangeable", n)
        for names in rule.interchangeable
        for n in names
        if not read(n).agents
    ]  # fmt: skip
