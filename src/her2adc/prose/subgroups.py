"""Sentences and captions of the subgroup page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.config import Variable
from her2adc.prose.words import level_name, listed, lower_first
from her2adc.results import ALL_PATIENTS, one, select


def subgroups(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Which tests of factors (within groups, when there are some) fell below 0.05, and how many were made."""
    tests = select(rows, statistic="p_value").dropna(subset=["value"])
    timed = rows["analysis"].eq("subgroup_logrank").any()
    kind, what = ("log-rank tests", "endpoint") if timed else ("tests", "outcome")
    within = tests[tests["group"].ne(ALL_PATIENTS)]
    tests = within if len(within) else tests
    small = tests[tests["value"] < 0.05]
    made = f"{len(tests)} {kind} were made, without adjustment for multiplicity"
    if small.empty:
        return (
            f"No factor was associated with the {what} at p < 0.05. "
            f"{made}; the analysis is exploratory."
        )
    parts = [
        lower_first(labels[str(variable)])
        + ("" if group == ALL_PATIENTS else f" in {group} disease")
        + f" ({fmt.p_equals(float(p))})"
        for variable, group, p in small[["variable", "group", "value"]].to_numpy()
    ]
    return (
        f"At p < 0.05 the {what} was associated with {listed(parts)}. {made}; "
        "the analysis is exploratory."
    )


def level_tests(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """In which levels the groups differed at p < 0.05, the interactions, and how many tests were made."""
    tests = select(rows, statistic="p_value").dropna(subset=["value"])
    within = tests[tests["variable"].ne("")]
    made = f"{len(within)} tests within levels were made, without adjustment for multiplicity"
    small = within[within["value"] < 0.05]
    parts = [
        f"{lower_first(level_name(Variable(label=labels[str(variable)]), level))} ({fmt.p_equals(float(p))})"
        for variable, level, p in small[["variable", "level", "value"]].to_numpy()
    ]
    text = f"At p < 0.05 the groups differed in {listed(parts)}" if parts else (
        "The groups differed at p < 0.05 in no level of a factor"
    )
    return f"{text}. {_interactions(rows, labels)}{made}; the analysis is exploratory."


def _interactions(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Say whether the difference between the groups varies with a factor."""
    tests = select(rows, statistic="p_interaction").dropna(subset=["value"])
    if tests.empty:
        return ""
    parts = [
        f"{lower_first(labels[str(variable)])} ({fmt.p_equals(float(p))})"
        for variable, p in tests[["variable", "value"]].to_numpy()
    ]
    return f"Interaction of the groups was tested with {listed(parts)}. "


def forest_caption(rows: pd.DataFrame, groups: Sequence[str]) -> str:
    """Return how to read the forest plot."""
    text = (
        f"{_ratio_name(rows)} of {groups[-1]} against {groups[0]} within each level; squares sized by "
        "events, the dashed line at the overall estimate, arrows where an interval leaves the axis."
    )
    if rows["method"].str.contains("Firth").any():
        where = " or fewer than 5 patients have the rarer outcome" if _odds(rows) else ""
        text += f" Where a group has no events{where}, Firth-penalised estimates are shown."
    return text


def _odds(rows: pd.DataFrame) -> bool:
    """Whether a forest shows odds ratios."""
    return bool(rows["statistic"].eq("odds_ratio").any())


def _ratio_name(rows: pd.DataFrame) -> str:
    """Name of the ratio of a forest."""
    return "Odds ratio" if _odds(rows) else "Hazard ratio"


def forest_alt(rows: pd.DataFrame, labels: Mapping[str, str], groups: Sequence[str]) -> str:
    """Return the overall hazard ratio and the interaction p-values in words."""
    ratio = one(select(rows, statistic=["hazard_ratio", "odds_ratio"]), variable="")
    shown = fmt.estimate(ratio["value"], ratio["conf_low"], ratio["conf_high"], 2)
    tests = select(rows, statistic="p_interaction").dropna(subset=["value"])
    parts = [
        f"{labels[str(variable)]} {fmt.p_equals(float(p))}"
        for variable, p in tests[["variable", "value"]].to_numpy()
    ]
    text = f"{_ratio_name(rows)} of {groups[-1]} against {groups[0]} in all patients {shown}"
    return text + (f"; interaction with {listed(parts)}." if parts else ".")
