"""What of a study file breaks or empties a page, once the patients are known."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from her2adc.cohort import Cohort
from her2adc.config import Study
from her2adc.errors import Problem
from her2adc.expressions import ExpressionError, holds, truth, unmatched, unsettled

_REMEDY = "use names of columns and variables, and values in quotes as the cells have them"


def cohort_problems(study: Study, cohort: Cohort) -> list[Problem]:
    """Find what no page could be made of: expressions that are wrong or select nobody, empty variables.

    Parameters
    ----------
    study, cohort
        The study and its cohort.

    Returns
    -------
    list of Problem
        Empty when all is well.
    """
    problems: list[Problem] = []
    for key, expression in _expressions(study):
        problems += _wrong(study, cohort.data, key, expression)
    for name, e in study.endpoints.items():
        if e.event_where:
            problems += _alike(cohort.data, f"endpoints.{name}.event_where", e.event_where)
    return problems + list(_empty(study, cohort.data))


def cohort_remarks(study: Study, cohort: Cohort) -> list[str]:
    """Say what does not stop a page but should be known: outcomes that nobody had, rules not known of some.

    Parameters
    ----------
    study, cohort
        The study and its cohort.

    Returns
    -------
    list of str
    """
    data, remarks = cohort.data, []
    for name, e in study.endpoints.items():
        if e.event_where and (open_ones := _open_events(study, data, name)):
            remarks.append(
                f"{name}: of {open_ones} patient{'s' if open_ones > 1 else ''} with an event it is not known "
                f"whether {e.event_where}; the event does not count, and the patient is censored at it"
            )
    for key, expression in _expressions(study):
        remarks += [
            f"{key}: no cell of {column!r} is {word!r}, in {expression}"
            for column, word, _ in unmatched(data, expression)
        ]
        n = int(unsettled(data, expression, levels=study.level_names).sum())
        if n:
            remarks.append(
                f"{key}: {n} patient{'s are' if n > 1 else ' is'} not selected by {expression}, because a "
                "cell is missing"
            )
    return remarks


def notes(study: Study, cohort: Cohort) -> list[str]:
    """Say what an analyst may want to look at again: rules that exclude nobody, outcomes nobody had.

    Parameters
    ----------
    study, cohort
        The study and its cohort.

    Returns
    -------
    list of str
    """
    data, found = cohort.data, list[str]()
    left = {str(e["reason"]) for step in cohort.flow for e in step["excluded"]}
    idle = [f"{rule.reason} ({rule.exclude})" for rule in study.inclusion if rule.reason not in left]
    found += [f"nobody was excluded for: {'; '.join(idle)}"] if idle else []
    for name in study.endpoints:
        if not data[f"{name}_event"].astype("boolean").fillna(False).any():
            found.append(f"no patient has an event of {name}: its pages can estimate little")
    for name, o in study.outcomes.items():
        known = data[name].dropna()
        if len(known) and known.nunique() < 2:
            found.append(f"{o.label} is {known.iloc[0]} in every patient: its pages can estimate little")
    return found


def _expressions(study: Study) -> Iterator[tuple[str, str]]:
    """Expressions that select analysed patients, each with its key."""
    for name, population in study.populations.items():
        yield f"populations.{name}.where", population.where
    for number, chapter in enumerate(study.chapters):
        where = chapter.parameters.get("where")
        if isinstance(where, str) and where:
            yield f"chapters.{number}.parameters.where", where


def _wrong(study: Study, data: pd.DataFrame, key: str, expression: str) -> list[Problem]:
    """What is wrong with an expression that selects patients."""
    try:
        chosen = holds(data, expression, levels=study.level_names)
    except ExpressionError as error:
        return [Problem("study.yml", f"cannot be evaluated: {error}", _REMEDY, column=key, value=expression)]
    problems = _alike(data, key, expression)
    if not chosen.any() and not problems:
        message, remedy = "selects no patient of the cohort", "change it, or delete what uses it"
        problems.append(Problem("study.yml", message, remedy, None, key, expression))
    return problems


def _alike(data: pd.DataFrame, key: str, expression: str) -> list[Problem]:
    """Texts that no cell is, where some cells differ only by case or blanks."""
    return [
        Problem("study.yml", f"no cell of {column!r} is {word!r}, but some are {like!r}", _REMEDY, column=key,
                value=expression)
        for column, word, like in unmatched(data, expression)
        if like
    ]  # fmt: skip


def _empty(study: Study, data: pd.DataFrame) -> Iterator[Problem]:
    """Variables, endpoints and outcomes of which no analysed patient has a value."""
    places = [(f"baseline.variables.{n}", v) for n, v in enumerate(study.baseline.variables)]
    places += [(f"subgroups.{n}", v) for n, v in enumerate(study.subgroups)]
    places += [(f"adjustment.{n}", v) for n, v in enumerate(study.adjustment)]
    places += [(f"endpoints.{name}", f"{name}_time") for name in study.endpoints]
    places += [(f"outcomes.{name}", name) for name in study.outcomes]
    said: set[str] = set()
    for key, column in places:
        if column in said or column not in data or data[column].notna().any():
            continue
        said.add(column)
        what = "a value of it"
        if key.startswith("endpoints"):
            what = "a time of it"
        yield Problem("study.yml", f"no analysed patient has {what}",
                      "fill in the data, or delete it from the study file", column=key,
                      value=column.removesuffix("_time"))  # fmt: skip
    for n, name in enumerate(study.adjustment):
        known = data[name].dropna() if name in data else pd.Series(dtype=float)
        if len(known) and known.nunique() < 2:
            yield Problem("study.yml", "every analysed patient has the same value, which nothing can be "
                          "adjusted for", "delete it from 'adjustment'", column=f"adjustment.{n}",
                          value=name)  # fmt: skip


def _open_events(study: Study, data: pd.DataFrame, name: str) -> int:
    """Number of patients with an event of whom it is not known whether it counts."""
    e = study.endpoints[name]
    dates = [c for c in e.events if c in data]
    if not dates or not e.event_where:
        return 0
    unknown = truth(data, e.event_where, levels=study.level_names).isna()
    return int((unknown & data[dates].notna().any(axis=1)).sum())
