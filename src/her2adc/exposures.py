"""Rows of drug exposures -> one row a drug: named, dated, checked, with what belongs to no line left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from her2adc.agents import Agent, Reading, declared, nearest_name, read
from her2adc.config import Sequencing, Study
from her2adc.errors import Problem
from her2adc.intake import RawTable

COLUMNS = {
    "exposures": {"agent": "agent", "reason": "reason"},
    "treatments": {"agent": "regimen", "reason": "stop_reason"},
}
RANK = ("death", "progression", "adverse event", "patient choice", "completed", "other", "ongoing")
_REASONS = (
    ("ongoing", re.compile(r"\b(on-?going|continu\w+|still on)\b|进行中")),
    ("progression", re.compile(r"\b(progress\w*|refractory|recurren\w*|relaps\w*|pd(?!-?l?1))\b|进展|复发")),
    ("death", re.compile(r"\b(death|died|deceased|dead)\b|死亡")),
    ("adverse event", re.compile(r"\b(toxic\w*|adverse\w*|ae|intoleran\w*|side effects?)\b|毒性|不良")),
    ("completed", re.compile(r"\b(complet\w*|planned|end of (treatment|therapy))\b|完成")),
    ("patient choice", re.compile(r"\b(patient\w*|withdr\w*|refus\w*|declin\w*|consent)\b|拒绝")),
)
_NOT = re.compile(r"\b(no|not|without|absence)\b|无|未")


@dataclass
class Exposures:
    """The exposures of a study, one row a drug.

    Attributes
    ----------
    frame
        ``patient``, ``agent`` (:class:`~her2adc.agents.Agent`), ``start``, ``stop``, ``reason``, ``line``
        and ``text`` (the drug as recorded), without ignored drugs and early disease.
    early
        The same of early disease.
    given
        Whether lines are taken as numbered.
    problems, remarks
        With problems, the frame is not to be used.
    """

    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    early: pd.DataFrame = field(default_factory=pd.DataFrame)
    given: bool = False
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def reason_of(text: str, own: Mapping[str, str] | None = None) -> str:
    """Read why a drug was stopped; ``other`` when no rule knows the text.

    Examples
    --------
    >>> [reason_of(t) for t in ("PD", "Toxicity: ILD", "no progression", "treatment completed")]
    ['progression', 'adverse event', 'other', 'completed']
    """
    plain = text.strip().casefold()
    if own and text in own:
        return own[text]
    if plain in RANK:
        return plain
    found = [name for name, pattern in _REASONS if pattern.search(plain)]
    return found[0] if found and not _NOT.search(plain) else "other"


def counted(what: str, n: int) -> list[str]:
    """Return a remark with its count, or none when there is nothing to remark.

    Examples
    --------
    >>> counted("Rows left out", 2), counted("Rows merged", 0)
    (['Rows left out: 2'], [])
    """
    return [f"{what}: {n}"] if n else []


def source_table(study: Study) -> str:
    """Name of the table that holds the exposures of a study."""
    rule = study.sequencing
    if rule and rule.table:
        return rule.table
    return "exposures" if study.data.exposures else "treatments"


def read_exposures(study: Study, patients: pd.DataFrame, table: pd.DataFrame, raw: RawTable) -> Exposures:
    """Read the table of exposures of a study.

    Parameters
    ----------
    study
        A study with ``sequencing``.
    patients
        Typed table of patients.
    table, raw
        The table of exposures or treatments, typed and as read.

    Returns
    -------
    Exposures
    """
    rule = study.sequencing
    assert rule is not None
    found = Exposures()
    frame = _plain(table, raw.name, rule, found)
    frame["agents"] = frame["text"].map(_readings(frame, rule, raw, found)).astype(object)
    listed = frame["agents"].map(lambda a: a if isinstance(a, tuple) else ())
    frame["agents"] = listed.map(lambda agents: tuple(a for a in agents if not a.ignored))
    idle = ~frame["agents"].astype(bool)
    early = _early(frame, patients, rule) & ~idle
    used = frame[~idle & ~early]
    found.problems += _date_problems(used, patients, rule, raw)
    found.given = _lines_given(used, rule, raw, found)
    used = used if found.given else used.assign(line=None)
    found.problems += _two_adcs(used.explode("agents"), raw, found.given)
    found.remarks += counted("Rows of drugs that make no line, left out", int(idle.sum()))
    found.remarks += counted("Exposures in early disease, which belong to no line", int(early.sum()))
    found.frame, found.early = (
        f.explode("agents").rename(columns={"agents": "agent"})
        .drop(columns=["setting", "reason_text"]).reset_index(drop=True)
        for f in (used, frame[early])
    )  # fmt: skip
    return found


def _plain(table: pd.DataFrame, name: str, rule: Sequencing, found: Exposures) -> pd.DataFrame:
    """Bring both kinds of table to the same columns; one that is not there is empty."""
    own = COLUMNS[name]
    columns = {"patient": "patient_id", "text": own["agent"], "reason_text": own["reason"],
               "start": "start", "stop": "stop", "line": "line", "setting": rule.setting}  # fmt: skip
    out = pd.DataFrame({new: table.get(old) for new, old in columns.items()}, index=table.index)
    for c in ("start", "stop"):
        out[c] = pd.to_datetime(out[c])
    texts = [str(t) for t in out["reason_text"].dropna().unique()]
    meaning = {t: reason_of(t, dict(rule.reasons)) for t in texts if t.strip()}
    out["reason"] = out["reason_text"].map(meaning).astype(object)
    out["reason"] = out["reason"].where(out["reason"].notna(), None)
    known = {*rule.reasons, "other"}
    unread = sorted(t for t, m in meaning.items() if m == "other" and t not in known)
    n = int(out["reason_text"].isin(unread).sum())
    found.remarks += counted(f"Reasons of stopping read as other ({', '.join(unread)})", n)
    ends = out["reason"].eq("ongoing") & out["stop"].notna()
    out["stop"] = out["stop"].mask(ends)
    found.remarks += counted("Ongoing by their reason: last dose left out", int(ends.sum()))
    return out


def _readings(
    frame: pd.DataFrame, rule: Sequencing, raw: RawTable, found: Exposures
) -> dict[str, tuple[Agent, ...]]:
    """Read every text once; a text of which a part is not known is a problem of each of its rows."""
    own, bad = declared(rule.agents)
    found.problems += [
        Problem("study.yml", "names no drug that is known", _remedy(str(rule.agents[t])),
                column=f"sequencing.agents.{t}", value=str(rule.agents[t]))
        for t in bad
    ]  # fmt: skip
    readings = {t: read(t, own) for t in (str(t) for t in frame["text"].dropna().unique())}
    unknown = {t: r for t, r in readings.items() if r.unknown}
    rows = frame["text"][frame["text"].isin(list(unknown))]
    if rule.unknown == "keep":
        names = ", ".join(sorted(unknown))
        found.remarks += counted(f"Rows with a drug that is not known ({names})", len(rows))
        return {t: _kept(r) for t, r in readings.items()}
    for i, t in rows.items():
        parts = ", ".join(unknown[t].unknown)
        message = "is no drug that is known" if parts == t else f"holds no drug that is known: {parts!r}"
        found.problems.append(raw.problem(COLUMNS[raw.name]["agent"], i, message, _remedy(parts), t))
    return {t: r.agents for t, r in readings.items()}


def _kept(reading: Reading) -> tuple[Agent, ...]:
    return (*reading.agents, *(Agent(u, u, "other") for u in reading.unknown))


def _remedy(text: str) -> str:
    near = nearest_name(text)
    hint = f"did you mean {near!r}? " if near else ""
    return f"{hint}Say what it means under sequencing.agents in study.yml: a drug that is known, or ignore"


def _early(frame: pd.DataFrame, patients: pd.DataFrame, rule: Sequencing) -> pd.Series:
    """Whether a row belongs to early disease: by its setting, or by its start."""
    early = frame["setting"].astype(str).str.casefold().isin([e.casefold() for e in rule.early])
    if rule.since:
        since = frame["patient"].map(patients.set_index("patient_id")[rule.since])
        early |= frame["start"] < since
    return early


def _date_problems(
    frame: pd.DataFrame, patients: pd.DataFrame, rule: Sequencing, raw: RawTable
) -> list[Problem]:
    """List exposures without a start, with dates in the wrong order, or that end at no date."""
    start, stop = frame["start"], frame["stop"]
    latest = start.groupby(frame["patient"]).transform("max")
    lost = frame["reason"].eq("progression") & stop.isna() & start.eq(latest)
    order = "correct one of the two dates"
    checks = [
        ("start", start.isna(), "the first dose has no date", "fill in the date, or delete the row"),
        ("stop", stop < start, "the last dose lies before the first", order),
        ("stop", lost, "stopped for progression, but the last dose has no date", "fill in the date"),
    ]
    if rule.death:
        death = frame["patient"].map(patients.set_index("patient_id")[rule.death])
        checks.append(("start", start > death, "the first dose lies after the death of the patient", order))
        late = (stop > death) & ~(start > death)
        checks.append(("stop", late, "the last dose lies after the death of the patient", order))
    return [
        raw.problem(column, i, message, remedy, (raw.frame[column][i] or "") if column in raw.frame else "")
        for column, wrong, message, remedy in checks
        for i in frame.index[wrong]
    ]


def _lines_given(frame: pd.DataFrame, rule: Sequencing, raw: RawTable, found: Exposures) -> bool:
    """Whether lines are taken as numbered; a number in some rows only is a problem."""
    numbered = frame["line"].notna()
    if rule.lines == "derived" or not (numbered.any() or rule.lines == "given"):
        return False
    found.problems += [
        raw.problem("line", i, "has no line number, where lines are taken as numbered",
                    "fill it in, or set sequencing.lines: derived")
        for i in frame.index[~numbered]
    ]  # fmt: skip
    starts = frame.groupby(["patient", "line"])["start"].min()
    wrong = starts[starts.groupby("patient").diff() <= pd.Timedelta(0)].index
    rows = frame.index[pd.MultiIndex.from_frame(frame[["patient", "line"]]).isin(wrong)]
    found.problems += [
        raw.problem("line", i, "the line starts before or with the one numbered before it",
                    "correct the number or the dates", f"{frame['line'][i]:g}")
        for i in rows
    ]  # fmt: skip
    return True


def _two_adcs(frame: pd.DataFrame, raw: RawTable, given: bool) -> list[Problem]:
    """List rows that put two ADCs into one line, or start them on one day."""
    adcs = frame[frame["agents"].map(lambda a: a.adc).astype(bool)]
    where = adcs[["patient", "line" if given else "start"]]
    pairs = where.assign(name=adcs["agents"].map(lambda a: a.short)).dropna().drop_duplicates()
    wrong = pd.MultiIndex.from_frame(pairs.loc[pairs.duplicated(list(where)), list(where)])
    several = pd.MultiIndex.from_frame(where).isin(wrong)
    message = f"two ADCs {'in one line' if given else 'start on one day'}: which is the first cannot be told"
    return [
        raw.problem(COLUMNS[raw.name]["agent"], i, message, "give each ADC a row with its own dates", t)
        for i, t in adcs.loc[several, "text"].items()
    ]
