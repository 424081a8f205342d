"""Sentences of the safety page."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from her2adc import format as fmt
from her2adc.prose.words import listed, lower_first, rate
from her2adc.results import ALL_PATIENTS, select
from her2adc.stats.safety import ANY_EVENT


def safety(rows: pd.DataFrame, special: pd.DataFrame) -> str:
    """Most frequent severe event, events of special interest, discontinuation and deaths.

    Parameters
    ----------
    rows
        Rows of analysis ``safety``.
    special
        Rows of analysis ``safety_special``.

    Returns
    -------
    str
    """
    overall = select(rows, analysis="safety", group=ALL_PATIENTS)
    severe = select(overall, statistic="grade_3_plus").dropna(subset=["value"])
    severe = severe[severe["variable"].ne(ANY_EVENT) & severe["n_events"].gt(0)].sort_values(
        "value", ascending=False, kind="stable"
    )
    parts = []
    if not severe.empty:
        parts.append(
            f"The most frequent adverse event of grade 3 or more was "
            f"{lower_first(severe['variable'].iloc[0])}, in {rate(severe.iloc[0])}"
        )
    seen = select(special, statistic="any_grade", group=ALL_PATIENTS).dropna(subset=["value"])
    seen = seen[seen["n_events"].gt(0) & ~seen["variable"].isin(severe["variable"].head(1))]
    parts += [f"{r['variable']} of any grade occurred in {rate(r)}" for _, r in seen.head(2).iterrows()]
    stopped = select(overall, statistic="discontinued", variable=ANY_EVENT)
    if not stopped.empty:
        parts.append(f"Treatment was stopped for an adverse event in {rate(stopped.iloc[0])}")
    fatal = select(overall, statistic="fatal", variable=ANY_EVENT)
    if len(fatal) and (fatal["n_events"].fillna(0) > 0).any():
        parts.append(f"An adverse event was fatal in {rate(fatal.iloc[0])}")
    return ". ".join(parts) + "." if parts else "No adverse event was recorded."


def outside_periods(assigned: pd.DataFrame) -> str:
    """Say how many adverse events belong to no treatment period.

    Examples
    --------
    >>> outside_periods(pd.DataFrame({"period": ["ADC1", None], "onset": [pd.Timestamp("2024-01-01")] * 2}))
    '1 of 2 adverse events lies outside these periods and is not counted here.'
    >>> outside_periods(pd.DataFrame({"period": ["ADC1"], "onset": [pd.Timestamp("2024-01-01")]}))
    ''
    """
    lost = assigned["period"].isna()
    undated = int((lost & assigned["onset"].isna()).sum())
    outside = int(lost.sum()) - undated
    of = f"of {len(assigned)} adverse events"
    parts = []
    if outside:
        verb = "lies outside these periods and is" if outside == 1 else "lie outside these periods and are"
        parts.append(f"{outside} {of} {verb} not counted here.")
    if undated:
        verb = "has no date of onset and is" if undated == 1 else "have no date of onset and are"
        parts.append(f"{undated} {of} {verb} not counted here.")
    return " ".join(parts)


def incidence(rows: pd.DataFrame, causes: Mapping[str, str]) -> str:
    """Cumulative incidence of each cause at the last landmark that follow-up reaches.

    Parameters
    ----------
    rows
        Rows of analysis ``cumulative_incidence`` of one endpoint.
    causes
        Causes and their printed names.

    Returns
    -------
    str
    """
    known = select(rows, statistic="incidence", group=ALL_PATIENTS).dropna(subset=["value"])
    if known.empty:
        return "No cumulative incidence could be estimated."
    last = str(known["level"].iloc[-1])
    at = select(known, level=last)
    parts = [
        f"{lower_first(causes[str(variable).split(': ', 1)[1]])} {fmt.percent_estimate(value, low, high)}"
        for variable, value, low, high in at[["variable", "value", "conf_low", "conf_high"]].to_numpy()
    ]
    return f"Cumulative incidence at {last} months: {listed(parts)}."
