"""Sentences and captions of the sequencing chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from her2adc import format as fmt
from her2adc.prose.words import listed, lower_first, median
from her2adc.results import ALL_PATIENTS, one, select


def sequencing(reached: pd.DataFrame, times: pd.DataFrame, second: str, labels: Mapping[str, str]) -> str:
    """How many received a second ADC, and the medians on the first and on the second.

    Parameters
    ----------
    reached
        Rows of analysis ``attrition``.
    times
        Rows of analysis ``kaplan_meier`` of the endpoints in ``labels``.
    second
        State of the patients who received a second ADC.
    labels
        Endpoints and their printed names.

    Returns
    -------
    str
    """
    found = one(reached, statistic="reached", variable=second, group=ALL_PATIENTS)
    text = (
        f"{found['n_events']} of {found['n']} patients ({fmt.percent(found['n_events'] / found['n'])}) "
        "received a second ADC"
    )
    medians = select(times, analysis="kaplan_meier", statistic="median", group=ALL_PATIENTS)
    parts = [
        f"{lower_first(label)} was {median(one(medians, variable=name))}"
        for name, label in labels.items()
        if len(select(medians, variable=name)) and one(medians, variable=name)["n"]
    ]
    return text + (f". Median {listed(parts)}" if parts else "") + "."


def attrition(rows: pd.DataFrame, states: Sequence[str]) -> str:
    """How many patients reached each state, in words."""
    found = select(rows, statistic="reached", group=ALL_PATIENTS).set_index("variable")
    parts = [f"{lower_first(s)} {int(found['n_events'][s])}" for s in states if s in found.index]
    return f"Patients who reached each state: {listed(parts)}."


def sequence_comparison(rows: pd.DataFrame, words: pd.DataFrame, groups: Sequence[str], label: str) -> str:
    """What the naive comparison would say beside what the sound ones say."""
    ratios = {
        str(r["level"]): r
        for _, r in select(rows, analysis="sequence_comparison", statistic="hazard_ratio").iterrows()
    }
    verdict = words[words["analysis"].eq("sequence_comparison")].set_index("level")

    def said(level: str) -> str:
        r = ratios[level]
        return fmt.estimate(r["value"], r["conf_low"], r["conf_high"], 2)

    sound = [
        lv for lv, r in ratios.items()
        if verdict.loc[lv, "verdict"] == "sound" and pd.notna(r["value"])
    ]  # fmt: skip
    if not sound:
        reasons = {
            str(ratios[lv]["method"]).removeprefix("not estimable: ")
            for lv in ratios
            if verdict.loc[lv, "verdict"] == "sound"
        }
        return f"No sound method could compare the orders: {min(reasons, key=len)}."
    first = "intention_iptw" if "intention_iptw" in sound else sound[0]
    text = (
        f"Starting with {groups[-1]} rather than {groups[0]}, the hazard ratio of "
        f"{lower_first(label)} was {said(first)} ({lower_first(str(verdict.loc[first, 'method']))})"
    )
    if "naive_both" in ratios and pd.notna(ratios["naive_both"]["value"]):
        text += (
            f"; counting only patients who received both, from the first dose, would give "
            f"{said('naive_both')}, which immortal time distorts"
        )
    return text + "."


def positivity_warning(rows: pd.DataFrame) -> str:
    """Say when patients of one group had hardly a chance to be in the other.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> positivity_warning(frame([row("positivity", "c_statistic", 0.95, variable="arm")])).split(":")[0]
    'Positivity is doubtful'
    """
    missing = select(rows, statistic="score_min", group=ALL_PATIENTS)
    if len(missing) and missing["value"].isna().all():
        return (
            "The covariates determine which drug came first, so that no patient could have been in the other "
            "group: no adjustment or weighting can compare the orders in these data."
        )
    overall = select(rows, statistic="c_statistic")
    if len(overall) and overall["value"].iloc[0] >= 0.9:
        return (
            "Positivity is doubtful: the covariates almost determine which drug came first "
            f"(C-statistic {fmt.number(overall['value'].iloc[0], 2)})."
        )
    return ""


SWIMMER = (
    "A bar a patient, longest follow-up first, from the first dose of the first ADC. Above 60 patients the "
    "bars become lines and only deaths are marked."
)
OCCUPATION = (
    "Probability of being in each state (Aalen-Johansen). Heights add up to all patients; patients whose "
    "follow-up ends leave the estimate without changing it."
)
"""Captions that do not depend on the data."""
