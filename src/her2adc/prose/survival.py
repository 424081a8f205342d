"""Sentences and captions of survival and regression."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from her2adc import format as fmt
from her2adc.prose.words import compared, listed, lower_first, median
from her2adc.results import ALL_PATIENTS, one, select


def survival(rows: pd.DataFrame, label: str, names: Mapping[str, str], population: str = "") -> str:
    """Medians, log-rank p and the last landmark rate that every group reaches.

    Parameters
    ----------
    rows
        Rows of the Kaplan-Meier and log-rank analyses of one endpoint.
    label
        Name of the endpoint.
    names
        Groups and how to print them.
    population
        Whom the page is about, when not all patients.

    Returns
    -------
    str
    """
    km = select(rows, analysis="kaplan_meier")
    alone = list(names) == [ALL_PATIENTS]

    def each(parts: Mapping[str, str]) -> str:
        return (
            parts[ALL_PATIENTS]
            if alone
            else listed([f"{text} for {lower_first(names[g])}" for g, text in parts.items()])
        )

    medians = {g: median(one(km, statistic="median", group=g)) for g in names}
    who = f" in {lower_first(population)}" if population else ""
    text = f"Median {lower_first(label)}{who} was {each(medians)}{compared(rows)}"
    known = select(km, statistic="survival", group=list(names))
    reached = [
        lv
        for lv in known["level"].unique()
        if known.loc[known["level"].eq(lv), "value"].notna().all()
    ]
    if reached:
        at = {g: one(known, group=g, level=reached[-1]) for g in names}
        rates = {
            g: fmt.percent_estimate(r["value"], r["conf_low"], r["conf_high"])
            for g, r in at.items()
        }
        text += f". At {reached[-1]} months it was {each(rates)}"
    return text + "."


def curve_caption(rows: pd.DataFrame, time_max: float | None = None) -> str:
    """Return how to read a Kaplan-Meier figure."""
    interval = one(select(rows, analysis="kaplan_meier", statistic="median"), group=ALL_PATIENTS)[
        "method"
    ]
    end = "" if time_max is None else f" The axis ends at {time_max:g} months."
    return (
        f"{interval}: lines with 95% confidence bands, ticks for censored patients, dotted lines to the "
        "medians. Below, patients at risk, and in brackets the events so far. Lines are lighter where "
        f"few patients remain at risk.{end} NR, not reached; NE, not estimable."
    )


REGRESSION = """## Regression

A hazard ratio below 1 means that events come later than in the reference group. The test of
proportional hazards asks whether that ratio holds over the whole of follow-up; a small p-value says
that it does not.
"""


def cox_caption(rows: pd.DataFrame) -> str:
    """Return how to read a table of Cox models, with a warning when events are few."""
    text = "Hazard ratios with 95% confidence intervals; the test of proportional hazards stands beside them."
    if rows["method"].str.contains("Firth").any():
        text += (
            " A group without events makes the likelihood monotone, and the usual estimate does not exist; "
            "the Firth-penalised estimate with profile-likelihood limits stands in its place."
        )
    per = select(rows, statistic="events_per_variable", analysis="cox")
    if len(per) and per["value"].iloc[0] < 10:
        text += (
            f" With {fmt.number(per['value'].iloc[0])} events per variable the adjusted model is unreliable "
            "(10 are commonly asked for)."
        )
    return text
