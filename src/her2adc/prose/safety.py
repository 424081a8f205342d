"""Sentences of the safety page."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from her2adc.prose.words import lower_first, rate
from her2adc.results import ALL_PATIENTS, one, select
from her2adc.stats.safety import ANY_EVENT


def safety(rows: pd.DataFrame, special: Sequence[str]) -> str:
    """Most frequent severe event, events of special interest, and discontinuation."""
    overall = select(rows, analysis="safety", group=ALL_PATIENTS)
    severe = select(overall, statistic="grade_3_plus").dropna(subset=["value"])
    severe = severe[severe["variable"].ne(ANY_EVENT) & severe["n_events"].gt(0)].sort_values(
        "value", ascending=False
    )
    parts = []
    if not severe.empty:
        parts.append(
            f"The most frequent adverse event of grade 3 or more was "
            f"{lower_first(severe['variable'].iloc[0])}, in {rate(severe.iloc[0])}"
        )
    for term in special:
        row = one(overall, statistic="any_grade", variable=term)
        parts.append(f"{term} of any grade occurred in {rate(row)}")
    stopped = select(overall, statistic="discontinued", variable=ANY_EVENT)
    if not stopped.empty:
        parts.append(f"Treatment was stopped for an adverse event in {rate(stopped.iloc[0])}")
    return ". ".join(parts) + "." if parts else "No adverse event was recorded."
