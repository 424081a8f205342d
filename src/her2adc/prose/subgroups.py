"""Sentences and captions of the subgroup page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.prose.words import listed, lower_first
from her2adc.results import ALL_PATIENTS, one, select


def subgroups(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Which log-rank tests (within groups, when there are some) fell below 0.05, and how many were made."""
    tests = select(rows, analysis="subgroup_logrank", statistic="p_value").dropna(subset=["value"])
    within = tests[tests["group"].ne(ALL_PATIENTS)]
    tests = within if len(within) else tests
    small = tests[tests["value"] < 0.05]
    made = f"{len(tests)} log-rank tests were made, without adjustment for multiplicity"
    if small.empty:
        return (
            "No factor was associated with the endpoint at p < 0.05. "
            f"{made}; the analysis is exploratory."
        )
    parts = [
        lower_first(labels[str(variable)])
        + ("" if group == ALL_PATIENTS else f" in {group} disease")
        + f" ({fmt.p_equals(float(p))})"
        for variable, group, p in small[["variable", "group", "value"]].to_numpy()
    ]
    return (
        f"At p < 0.05 the endpoint was associated with {listed(parts)}. {made}; "
        "the analysis is exploratory."
    )


def forest_caption(rows: pd.DataFrame, groups: Sequence[str]) -> str:
    """Return how to read the forest plot."""
    text = (
        f"Hazard ratio of {groups[-1]} against {groups[0]} within each level; squares sized by events, the "
        "dashed line at the overall estimate, arrows where an interval leaves the axis."
    )
    if rows["method"].str.contains("Firth").any():
        text += " Where a group has no events, Firth-penalised estimates are shown."
    return text


def forest_alt(rows: pd.DataFrame, labels: Mapping[str, str], groups: Sequence[str]) -> str:
    """Return the overall hazard ratio and the interaction p-values in words."""
    ratio = one(select(rows, statistic="hazard_ratio"), variable="")
    shown = fmt.estimate(ratio["value"], ratio["conf_low"], ratio["conf_high"], 2)
    tests = select(rows, statistic="p_interaction").dropna(subset=["value"])
    parts = [
        f"{labels[str(variable)]} {fmt.p_equals(float(p))}"
        for variable, p in tests[["variable", "value"]].to_numpy()
    ]
    text = f"Hazard ratio of {groups[-1]} against {groups[0]} in all patients {shown}"
    return text + (f"; interaction with {listed(parts)}." if parts else ".")
