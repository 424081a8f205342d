"""Sentences made from the results table. A sentence that names a result that does not exist fails.

Nothing is computed or rounded here: numbers come from rows, their form from :mod:`her2adc.format`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from her2adc import format as fmt
from her2adc.config import HER2_VARIABLES, Variable
from her2adc.results import ALL_PATIENTS, one, select
from her2adc.stats.safety import ANY_EVENT


def listed(parts: Sequence[str]) -> str:
    """Join as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def lower_first(text: str) -> str:
    """Lower the first letter, unless the word is an abbreviation.

    Examples
    --------
    >>> lower_first("Overall survival"), lower_first("PFS"), lower_first("HER2-low")
    ('overall survival', 'PFS', 'HER2-low')
    """
    return (
        text
        if text[1:2].isupper() or (text[:1] == "T" and text[1:2] == "-")
        else text[:1].lower() + text[1:]
    )


def median(row: pd.Series) -> str:
    """Median with its interval in words: ``9.0 months (95% CI 4.8 to 13.3)`` or ``not reached``.

    Examples
    --------
    >>> median(pd.Series({"value": 9.0, "conf_low": 4.8, "conf_high": 13.25, "conf_level": 0.95}))
    '9.0 months (95% CI 4.8 to 13.3)'
    """
    interval = fmt.estimate(row["value"], row["conf_low"], row["conf_high"])
    if pd.isna(row["value"]):
        lower = row["conf_low"]
        return "not reached" + (
            "" if pd.isna(lower) else f" (95% CI {fmt.number(lower)} months to NE)"
        )
    return interval.replace(" (", " months (", 1)


def compared(rows: pd.DataFrame) -> str:
    """Log-rank p as an end of a sentence, or nothing when it was not tested."""
    found = select(rows, analysis="logrank", statistic="p_value")
    if found.empty or found["value"].isna().all():
        return ""
    return f" (log-rank {fmt.p_equals(found['value'].iloc[0])})"


def level_name(variable: Variable, level: str) -> str:
    """Return the printed name of a group: its level, made to stand alone.

    Examples
    --------
    >>> liver = Variable(name="liver", label="Liver metastasis", levels="yes_no")
    >>> level_name(liver, "Yes"), level_name(liver, "No")
    ('Liver metastasis', 'No liver metastasis')
    >>> level_name(Variable(name="n", label="Previous lines", cut=(3,)), "<3")
    'Previous lines <3'
    """
    if variable.name == "her2_class":
        return level
    if level in ("Yes", "No"):
        return variable.label if level == "Yes" else f"No {lower_first(variable.label)}"
    return f"{variable.label} {level}"


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


def rate(row: pd.Series) -> str:
    """Proportion with interval and counts.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rate(frame([row("a", "rate", 0.5, conf_low=0.1, conf_high=0.9, n=4, n_events=2)]).iloc[0])
    '50.0% (95% CI 10.0 to 90.0; 2 of 4)'
    """
    text = fmt.percent_estimate(row["value"], row["conf_low"], row["conf_high"])
    return f"{text[:-1]}; {row['n_events']} of {row['n']})"


def response(rows: pd.DataFrame, groups: Sequence[str]) -> str:
    """Objective response, disease control and clinical benefit, of all treated patients."""
    treated = select(rows, population="treated", statistic="rate")

    def overall(measure: str) -> str:
        return rate(one(treated, variable=measure, group=ALL_PATIENTS))

    text = (
        f"The objective response rate was {overall('ORR')}, the disease control rate "
        f"{overall('DCR')} and the clinical benefit rate {overall('CBR')} of treated patients"
    )
    if groups:
        by = [
            f"{fmt.percent(one(treated, variable='ORR', group=g)['value'])} in {g}" for g in groups
        ]
        p = select(rows, statistic="p_value", variable="ORR", population="treated")
        text += f". Objective response was {listed(by)} disease"
        if not p.empty and p["value"].notna().any():
            text += f" ({fmt.p_equals(p['value'].iloc[0])})"
    return text + "."


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


def cohort(flow: Sequence[Mapping[str, Any]], follow_up: pd.DataFrame, label: str) -> str:
    """How many patients were analysed, and for how long they were followed."""
    first, last = flow[0]["n"], flow[-1]["n"]
    row = one(follow_up, statistic="median_reverse_km", group=ALL_PATIENTS)
    text = f"{last} of {first} patients were analysed"
    if row["n"]:
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


HER2_TEXTS = {"test": "Test", "found": "As found", "read_as": "Read as", "n": "Patients"}
HER2_UNCLASSIFIED = {
    "reason": "Reason",
    "ihc": "IHC as found",
    "ish": "ISH as found",
    "n": "Patients",
}


def methods(rows: pd.DataFrame) -> str:
    """Return the methods that made these rows, each once."""
    used = [m for m in rows["method"].unique() if m and m not in ("count", "reference")]
    return "; ".join(used)


REGRESSION = """## Regression

A hazard ratio below 1 means that events come later than in the reference group. The test of
proportional hazards asks whether that ratio holds over the whole of follow-up; a small p-value says
that it does not.
"""


def with_population(label: str, population: str) -> str:
    """Return the name of an endpoint with the patients it is about, when not all.

    Examples
    --------
    >>> with_population("Overall survival", "Brain metastasis")
    'Overall survival, brain metastasis'
    """
    return f"{label}, {lower_first(population)}" if population else label


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


def baseline_caption(rows: pd.DataFrame, percentages_of_all: bool = False) -> str:
    """Return how to read Table 1."""
    of = "all patients of the column" if percentages_of_all else "patients with a known value"
    text = f"Number (% of {of}), or median (interquartile range)"
    if not select(rows, statistic="smd").empty:
        text += "; SMD, standardised mean difference"
    tested = select(rows, statistic="p_value")
    return text + (". The p-values are not adjusted for multiplicity." if len(tested) else ".")


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


def multiplicity(rows: pd.DataFrame) -> str:
    """Return the number of tests, and that they are exploratory."""
    n = int(select(rows, statistic="p_value")["value"].notna().sum())
    return f"{n} tests, not adjusted for multiplicity: exploratory."
