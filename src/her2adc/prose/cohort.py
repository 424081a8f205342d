"""Sentences and captions of the cohort and baseline pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from her2adc import format as fmt
from her2adc.config import HER2_VARIABLES
from her2adc.prose.words import listed, lower_first, median
from her2adc.results import ALL_PATIENTS, one, select


def cohort(flow: Sequence[Mapping[str, Any]], follow_up: pd.DataFrame, label: str) -> str:
    """How many patients were analysed, and for how long they were followed."""
    first, last = flow[0]["n"], flow[-1]["n"]
    text = f"{last} of {first} patients were analysed"
    reverse = select(follow_up, statistic="median_reverse_km", group=ALL_PATIENTS)
    row = None if reverse.empty else one(reverse)
    if row is not None and row["n"]:
        text += f". Median follow-up for {lower_first(label)} was {median(row)} "
        text += "by the reverse Kaplan-Meier method"
    observed = select(follow_up, analysis="observed_follow_up", group=ALL_PATIENTS)
    if not observed.empty:
        mid, low, high = (
            one(observed, statistic=f"observed_{s}")["value"] for s in ("median", "min", "max")
        )
        text += (
            f"; observed follow-up had a median of {fmt.number(mid)} months "
            f"(range {fmt.number(low)} to {fmt.number(high)})"
        )
    return text + "."


def flow_caption(flow: Sequence[Mapping[str, Any]]) -> str:
    """Return how many patients left on the way."""
    left = flow[0]["n"] - flow[-1]["n"]
    if not left:
        return f"All {flow[0]['n']} patients were analysed."
    return f"{left} of {flow[0]['n']} patients were not analysed, for the reasons shown."


def flow_alt(flow: Sequence[Mapping[str, Any]], groups: Mapping[str, int]) -> str:
    """Return the inclusion flow in words."""
    parts = [
        f"{s['label']} {s['n']}"
        + "".join(f", excluded {e['n']}: {e['reason']}" for e in s["excluded"])
        for s in flow
    ]
    return "; ".join(parts + [f"{g} {n}" for g, n in groups.items()])


def baseline(rows: pd.DataFrame, labels: Mapping[str, str], n: Mapping[str, int]) -> str:
    """Who was analysed, and on which variables the groups differ most."""
    total = sum(n.values())
    text = (
        f"{total} patients were analysed: {listed([f'{k} {g}' for g, k in n.items()])}"
        if len(n) > 1
        else f"{total} patients were analysed"
    )
    smd = select(rows, statistic="smd").dropna(subset=["value"])
    smd = smd[~smd["variable"].isin(HER2_VARIABLES)]
    largest = smd.assign(size=smd["value"].abs()).nlargest(3, "size")
    if not largest.empty:
        parts = [
            f"{lower_first(labels[v])} (SMD {fmt.number(s, 2)})"
            for v, s in zip(largest["variable"], largest["size"], strict=True)
        ]
        text += f". The groups differed most in {listed(parts)}"
    return text + "."


def baseline_caption(rows: pd.DataFrame, percentages_of_all: bool = False) -> str:
    """Return how to read Table 1."""
    of = "all patients of the column" if percentages_of_all else "patients with a known value"
    text = f"Number (% of {of}), or median (interquartile range)"
    if not select(rows, statistic="smd").empty:
        text += "; SMD, standardised mean difference"
    tested = select(rows, statistic="p_value")
    return text + (". The p-values are not adjusted for multiplicity." if len(tested) else ".")


HER2_TEXTS = {"test": "Test", "found": "As found", "read_as": "Read as", "n": "Results"}


HER2_UNCLASSIFIED = {
    "reason": "Reason",
    "ihc": "IHC as found",
    "ish": "ISH as found",
    "n": "Patients",
}


def missing(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Say how many patients lack each variable.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> missing(frame([row("missing", "count", 3, variable="x", n=9, n_events=3)]), {"x": "Ki-67"})
    'Missing: Ki-67 in 3 of 9 patients.'
    """
    counts = select(rows, statistic="count", group=ALL_PATIENTS)
    found = counts[["variable", "n_events", "n"]].to_numpy()
    parts = [f"{lower_first(labels[str(v)])} in {k} of {n}" for v, k, n in found]
    return f"Missing: {listed(parts)} patients."
