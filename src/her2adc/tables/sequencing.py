"""Tables of the sequencing chapter: attrition, response by ADC, endpoints, ratio of PFS, methods compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from her2adc.format import (
    MISSING,
    count_percent,
    estimate_short,
    number,
    percent_short,
    pvalue,
)
from her2adc.results import ALL_PATIENTS
from her2adc.tables.outcomes import survival_cells
from her2adc.tables.table import LEVEL, PLAIN, VARIABLE, Builder, Table, columns_of, header, pick, sizes

_DENOMINATORS = {"treated": "of all who received it", "evaluable": "of those with an assessment"}

__all__ = ["adc_responses", "attrition", "comparison", "pfs_ratio", "positivity", "shared", "timelines"]


def attrition(rows: pd.DataFrame, groups: Sequence[str], *, labels: Mapping[str, str] | None = None) -> Table:
    """How many patients reached each state after the first ADC, and where they went from it.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``attrition``.
    groups : sequence of str
        Groups in order.
    labels : mapping, optional
        Printed names of groups.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("attrition", "reached", 4, variable="On ADC1", n=4, n_events=4),
    ...     row("attrition", "moved", 1, variable="On ADC1", level="Dead", n=4, n_events=1)])
    >>> attrition(rows, []).frame.values.tolist()
    [['On ADC1', '4 (100.0%)'], ['to: dead', '1 (25.0%)']]
    """
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    build = Builder(["State", *(header((labels or {}).get(g, g), n[g]) for g in shown)])
    for state in dict.fromkeys(rows["variable"]):
        mine = rows[rows["variable"] == state]
        build.row(str(state), [_count(pick(mine, statistic="reached", group=g)) for g in shown], VARIABLE)
        moves = mine[mine["statistic"] == "moved"]
        for level in dict.fromkeys(moves.loc[moves["value"] > 0, "level"]):
            cells = [_count(pick(moves, level=str(level), group=g)) for g in shown]
            build.row(f"to: {str(level)[:1].lower()}{str(level)[1:]}", cells, LEVEL)
        stay = [pick(mine, statistic="ongoing", group=g) for g in shown]
        if any(row is not None and row["value"] > 0 for row in stay):
            build.row("there at the last contact", [_count(row) for row in stay], LEVEL)
    build.remark("Percentages of a state are of all patients, those under it of the patients who reached it")
    return build.table()


def _count(row: pd.Series | None) -> str:
    if row is None or not row["n"]:
        return MISSING
    return count_percent(int(row["value"]), int(row["n"]))


def adc_responses(
    rows: pd.DataFrame, groups: Sequence[str], *, labels: Mapping[str, str] | None = None
) -> Table:
    """Objective response to each ADC in turn, with the denominators that shrink.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``response`` whose population is ``<ADC>: treated`` or
        ``<ADC>: evaluable``.
    groups : sequence of str
        Groups in order.
    labels : mapping, optional
        Printed names of groups.

    Returns
    -------
    Table
    """
    shown = columns_of(rows, groups)
    build = Builder(["Objective response", *((labels or {}).get(g, g) for g in shown)])
    found = rows[(rows["variable"] == "ORR") & (rows["statistic"] == "rate")]
    for adc in dict.fromkeys(p.rsplit(": ", 1)[0] for p in found["population"]):
        build.row(str(adc), (), VARIABLE)
        for name, of in _DENOMINATORS.items():
            mine = found[found["population"] == f"{adc}: {name}"]
            build.row(of, [_rate(pick(mine, group=g)) for g in shown], LEVEL)
    return build.table({"ADC": "antibody-drug conjugate"})


def _rate(row: pd.Series | None) -> str:
    if row is None or not row["n"]:
        return MISSING
    limits = percent_short(float(row["value"]), float(row["conf_low"]), float(row["conf_high"]))
    return f"{row['n_events']}/{row['n']}, {limits}"


def timelines(rows: pd.DataFrame, names: Mapping[str, str], groups: Sequence[str]) -> Table:
    """Medians of several endpoints by group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``kaplan_meier`` and ``logrank`` of several endpoints.
    names : mapping
        Endpoints in order, and their printed names.
    groups : sequence of str
        Groups in order.

    Returns
    -------
    Table
    """
    build = Builder(["Endpoint", "Patients", "Events", "Median, months\n(95% CI)", "Log-rank\np"])
    for endpoint, name in names.items():
        mine = rows[rows["variable"] == endpoint]
        test = pick(mine, analysis="logrank", statistic="p_value")
        p = MISSING if test is None or not np.isfinite(test["value"]) else pvalue(float(test["value"]))
        build.row(name, ["", "", "", p], VARIABLE)
        medians = mine[(mine["analysis"] == "kaplan_meier") & (mine["statistic"] == "median")]
        for group in groups:
            found = pick(medians, group=group)
            if found is not None:
                build.row(group, survival_cells(found, []), LEVEL)
    return build.table()


def pfs_ratio(rows: pd.DataFrame, groups: Sequence[str]) -> Table:
    """Ratio of the second to the first progression-free survival of the same patients.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``pfs_ratio``.
    groups : sequence of str
        Groups in order.

    Returns
    -------
    Table
    """
    shown = columns_of(rows, groups)
    build = Builder(["Within patients", *shown])
    ways = {
        "kaplan_meier": "by Kaplan-Meier of the ratio",
        "weighted": "weighted for censoring",
        "lowest": "if every unknown ratio is below",
        "highest": "if every unknown ratio is not below",
    }
    counts = [pick(rows, statistic="median", group=g) for g in shown]
    build.row("Patients with a ratio", [MISSING if c is None else str(c["n"]) for c in counts], PLAIN)
    seen = [MISSING if c is None else str(c["n_events"]) for c in counts]
    build.row("second progression seen", seen, LEVEL)
    shares = rows[rows["statistic"] == "share_at_least"]
    threshold = str(shares["variable"].iloc[0]) if len(shares) else "1.3"
    build.row(f"Ratio of at least {threshold}", (), VARIABLE)
    for way, name in ways.items():
        found = [pick(shares, level=way, group=g) for g in shown]
        if any(f is not None for f in found):
            build.row(name, [_share(f) for f in found], LEVEL)
    build.row("Median ratio (95% CI)", [_limits(c, 2) for c in counts], PLAIN)
    ratios = [pick(rows, statistic="hazard_ratio", group=g) for g in shown]
    build.row("Hazard ratio, second against first (95% CI)", [_limits(r, 2) for r in ratios], PLAIN)
    return build.table()


def _share(row: pd.Series | None) -> str:
    if row is None or not np.isfinite(row["value"]):
        return MISSING
    low, high = float(row["conf_low"]), float(row["conf_high"])
    if not np.isfinite(low):
        return percent_short(float(row["value"]), low, high).split(" (")[0]
    return percent_short(float(row["value"]), low, high)


def _limits(row: pd.Series | None, digits: int) -> str:
    if row is None or not row["n"]:
        return MISSING
    return estimate_short(float(row["value"]), float(row["conf_low"]), float(row["conf_high"]), digits)


def comparison(words: pd.DataFrame) -> Table:
    """What each method estimates, and what would bias it.

    Parameters
    ----------
    words : DataFrame
        ``method``, ``estimand``, ``bias``, as :func:`her2adc.stats.sequences_methods.forest_table` gives
        them.

    Returns
    -------
    Table
    """
    build = Builder(["Method", "What it estimates", "What would bias it"])
    for label, estimates, bias in words[["method", "estimand", "bias"]].to_numpy():
        build.row(str(label), [str(estimates), f"{str(bias)[:1].upper()}{str(bias)[1:]}"])
    made = build.table({"IPTW": "inverse probability of treatment weighting"})
    return replace(made, texts=frozenset(made.frame.columns[1:]))


def positivity(rows: pd.DataFrame, weights: pd.DataFrame, groups: Sequence[str]) -> Table:
    """Whether patients of each arm could have been in the other, and what the weights cost.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``positivity``.
    weights : DataFrame
        Results rows of analysis ``balance``.
    groups : sequence of str
        The two arms.

    Returns
    -------
    Table
    """
    build = Builder(["", *groups])

    def each(table: pd.DataFrame, form: str, **wanted: str) -> list[str]:
        found = [pick(table, group=g, **wanted) for g in groups]
        if form == "count":
            return [MISSING if f is None else count_percent(int(f["n_events"]), int(f["n"])) for f in found]
        digits = 2 if form == "score" else 1
        return [MISSING if f is None else number(float(f["value"]), digits) for f in found]

    build.row("Propensity score", (), VARIABLE)
    for statistic, name in {"score_min": "lowest", "score_median": "median", "score_max": "highest"}.items():
        build.row(name, each(rows, "score", statistic=statistic), LEVEL)
    for statistic in ("below", "above"):
        level = rows.loc[rows["statistic"] == statistic, "level"]
        if len(level):
            build.row(f"{statistic} {level.iloc[0]}", each(rows, "count", statistic=statistic), LEVEL)
    build.row("in the range of both groups", each(rows, "count", statistic="common_range"), LEVEL)
    build.row("Weights", (), VARIABLE)
    patients = [pick(weights, statistic="effective_n", group=g) for g in groups]
    build.row("patients", [MISSING if p is None else str(p["n"]) for p in patients], LEVEL)
    build.row("effective sample size", each(weights, "size", statistic="effective_n"), LEVEL)
    build.row("largest weight", each(weights, "score", statistic="weight_max"), LEVEL)
    overall = pick(rows, statistic="c_statistic", group=ALL_PATIENTS)
    if overall is not None and np.isfinite(overall["value"]):
        build.remark(
            f"C-statistic of the score: {number(float(overall['value']), 2)} (0.50: the covariates do not "
            "tell the groups apart; 1.00: they tell them with certainty, and weighting cannot answer)"
        )
    return build.table()


def shared(rows: pd.DataFrame) -> Table:
    """Outcome on the second ADC by groups: response and progression-free survival.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``response`` and ``kaplan_meier``; group says what is shared.

    Returns
    -------
    Table
    """
    heads = ["Patients", "Objective response", "Events", "Median, months\n(95% CI)", "6-month rate\n(95% CI)"]
    build = Builder(["Second ADC with", *heads])
    for group in dict.fromkeys(rows["group"]):
        mine = rows[rows["group"] == group]
        median = pick(mine, analysis="kaplan_meier", statistic="median")
        late = pick(mine, analysis="kaplan_meier", statistic="survival")
        orr = pick(mine, analysis="response", variable="ORR", population="treated")
        if median is not None:
            n, events, middle, rate = survival_cells(median, [late])
            build.row(str(group), [n, _rate(orr), events, middle, rate], PLAIN)
    return build.table()
