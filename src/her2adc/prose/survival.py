"""Sentences and captions of survival and regression."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from her2adc import format as fmt
from her2adc.markup import Myst
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


def strata(
    rows: pd.DataFrame,
    label: str,
    layers: Mapping[str, str],
    names: Mapping[str, str],
    *,
    reference: str | None = None,
    population: str = "",
) -> str:
    """How the groups differ within each stratum, over all strata, and whether the strata differ in that.

    Two groups are compared by their hazard ratio, more by the log-rank test; without groups the medians
    are given.

    Parameters
    ----------
    rows
        Rows of one endpoint by stratum, the stratum as population.
    label
        Name of the endpoint.
    layers
        Population of each stratum, and how to print it.
    names
        Groups and how to print them.
    reference
        Group that the others are compared with.
    population
        Whom the page is about, when not all patients.

    Returns
    -------
    str
    """
    who = f" in {lower_first(population)}" if population else ""
    if list(names) == [ALL_PATIENTS]:
        km = select(rows, analysis="kaplan_meier", statistic="median", group=ALL_PATIENTS)
        parts = [f"{median(one(km, population=p))} for {lower_first(text)}" for p, text in layers.items()]
        return f"Median {lower_first(label)}{who} was {listed(parts)}."
    tests = select(rows, statistic="p_value")
    over, differs = (one(tests, analysis=name)["value"] for name in ("logrank_stratified", "interaction"))
    if len(names) == 2 and reference is not None:
        other = next(name for name in names if name != reference)
        ratios = select(rows, analysis="cox_univariable", statistic="hazard_ratio", level=other)
        parts = [f"{_ratio(one(ratios, population=p))} for {lower_first(t)}" for p, t in layers.items()]
        what = f"The hazard ratio of {lower_first(names[other])} against {lower_first(names[reference])}"
        text = f"{what} for {lower_first(label)}{who} was {listed(parts)}"
    else:
        within = select(tests, analysis="logrank")
        parts = [f"{_p(one(within, population=p)['value'])} for {lower_first(t)}" for p, t in layers.items()]
        what = f"Log-rank p for {lower_first(label)}{who} between the {len(names)} groups"
        text = f"{what} was {listed(parts)}"
    return (
        f"{text}; the log-rank test stratified over all gave {fmt.p_equals(over)}. Whether the difference "
        f"itself varies with the stratum is the question of the interaction, {fmt.p_equals(differs)}."
    )


def _ratio(row: pd.Series) -> str:
    """Ratio with its interval, or that there is none."""
    return fmt.estimate(row["value"], row["conf_low"], row["conf_high"], 2, not_reached="not estimable")


def _p(value: float) -> str:
    """P-value, or in words that there is none."""
    return "not estimable" if pd.isna(value) else fmt.pvalue(value)


def curve_caption(
    rows: pd.DataFrame, time_max: float | None = None, entry: str = "", thin: bool = False
) -> str:
    """Return how to read a Kaplan-Meier figure.

    Parameters
    ----------
    rows
        Rows of the endpoint.
    time_max
        Months at which the axis ends, when it does before the end of follow-up.
    entry
        Where patients come under observation, "" when from the start.
    thin
        Whether few are under observation at the first events.

    Returns
    -------
    str
    """
    interval = one(select(rows, analysis="kaplan_meier", statistic="median"), group=ALL_PATIENTS)[
        "method"
    ]
    end = "" if time_max is None else f" The axis ends at {time_max:g} months."
    late = "" if not entry else f" Patients are at risk from {entry} on, not before (delayed entry)."
    if thin:
        late += (
            " At the first events fewer than 5 are, and every later estimate carries the chance of those: "
            "hazard ratios and the log-rank test say more than medians and rates."
        )
    return (
        f"{interval}: lines with 95% confidence bands, ticks for censored patients, dotted lines to the "
        "medians. Below, patients at risk, and in brackets the events so far. Lines are lighter where "
        f"few patients remain at risk.{late}{end} NR, not reached; NE, not estimable."
    )


def incidences(rows: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Cumulative incidence at the last landmark that every group reaches, "" without competing events."""
    events = rows[rows["variable"].str.endswith(": event")].dropna(subset=["value"])
    events = events[events["group"].isin(list(names))]
    marks = [str(lv) for lv in events["level"].unique() if events["level"].eq(lv).sum() == len(names)]
    if not marks:
        return ""
    at = events[events["level"] == marks[-1]].set_index("group").loc[list(names)]
    shown = [fmt.percent_estimate(r["value"], r["conf_low"], r["conf_high"]) for _, r in at.iterrows()]
    parts = [
        text if group == ALL_PATIENTS else f"{text} for {lower_first(names[group])}"
        for group, text in zip(names, shown, strict=True)
    ]
    other = rows[rows["variable"].str.endswith(": competing event") & rows["group"].eq(ALL_PATIENTS)]
    return (
        f"Competing events ended the observation of {other['n_events'].iloc[0]} patients, who are censored "
        f"above. With them competing, the cumulative incidence of the endpoint at {marks[-1]} months was "
        f"{listed(parts)} (Aalen-Johansen)."
    )


def restricted_means(rows: pd.DataFrame, names: Mapping[str, str], reference: str) -> str:
    """Differences of restricted mean survival where hazards are not proportional, "" without any."""
    found = select(rows, statistic="rmst_difference").dropna(subset=["value"])
    if found.empty:
        return ""
    months = float(found["level"].iloc[0])
    parts = [
        f"{fmt.estimate(r['value'], r['conf_low'], r['conf_high'])} for {lower_first(names[r['group']])}"
        for _, r in found.iterrows()
    ]
    return (
        f"The hazards were not proportional. Restricted mean survival up to {fmt.number(months)} months less "
        f"that of {lower_first(names[reference])}, in months: {listed(parts)}."
    )


REGRESSION = Myst("""## Regression

A hazard ratio below 1 means that events come later than in the reference group. The test of
proportional hazards asks whether that ratio holds over the whole of follow-up; a small p-value says
that it does not.
""")


def pairwise_caption(rows: pd.DataFrame, strata: str = "") -> str:
    """Return how to read the table of pairs of groups."""
    tests = select(rows, analysis="logrank_pairwise", statistic="p_value")["value"].notna().sum()
    over = f" Model and tests are stratified by {lower_first(strata)}." if strata else ""
    firth = rows["method"].str.contains("Firth").any()
    return (
        "Hazard ratios and their p-values are of one Cox model of all groups, log-rank tests of the two "
        f"groups alone. The last column is adjusted for {tests} tests after Holm; the other p-values are not "
        f"adjusted.{over}{' ' + FIRTH if firth else ''}"
    )


FIRTH = (
    "A group without events makes the likelihood monotone, and the usual estimate does not exist; "
    "the Firth-penalised estimate with profile-likelihood limits stands in its place."
)


def cox_caption(rows: pd.DataFrame) -> str:
    """Return how to read a table of Cox models, with a warning when events are few."""
    text = "Hazard ratios with 95% confidence intervals; the test of proportional hazards stands beside them."
    if rows["method"].str.contains("Firth").any():
        text += f" {FIRTH}"
    per = select(rows, statistic="events_per_variable", analysis="cox")
    if len(per) and per["value"].iloc[0] < 10:
        text += (
            f" With {fmt.number(per['value'].iloc[0])} events per variable the adjusted model is unreliable "
            "(10 are commonly asked for)."
        )
    return text
