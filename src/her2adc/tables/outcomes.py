"""Tables of outcomes: response, survival, named populations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from her2adc.format import (
    MISSING,
    NOT_ESTIMABLE,
    count_percent,
    estimate_short,
    p_equals,
    percent,
    percent_short,
    pvalue,
)
from her2adc.tables.table import (
    LEVEL,
    PLAIN,
    VARIABLE,
    Builder,
    Table,
    columns_of,
    header,
    pick,
    sizes,
)

__all__ = ["populations", "response", "survival", "survival_cells"]

_MEASURES = {
    "ORR": "Objective response rate",
    "DCR": "Disease control rate",
    "CBR": "Clinical benefit rate",
}
_RESPONSES = {
    "CR": "Complete response",
    "PR": "Partial response",
    "SD": "Stable disease",
    "PD": "Progressive disease",
    "NE": "Not evaluable",
}


def response(rows: pd.DataFrame, groups: Sequence[str], *, labels: Mapping[str, str] | None = None) -> Table:
    """Best response and response rates, overall and by group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``response``: counts, rates and, if there are any, differences
        between groups with their p-values.
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
    >>> rows = frame([row("response", "rate", 39 / 98, population="treated", variable="ORR",
    ...     conf_low=0.3003, conf_high=0.502, n=98, n_events=39)])
    >>> response(rows, []).frame.iloc[:, 1].tolist()
    ['', '39/98 (39.8%)', '30.0% to 50.2%']
    """
    rows = rows[rows["analysis"] == "response"]
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    compared = bool((rows["statistic"] == "difference").any())
    extra = ["Difference (95% CI)", "p"] if compared else []
    names = [header((labels or {}).get(group, group), n[group]) for group in shown]
    build = Builder(["Response", *names, *extra])
    best = rows[rows["variable"] == "best_response"]
    first = [p for p in dict.fromkeys(best["population"]) if p != "evaluable"][:1]
    if first:
        _best(build, best[best["population"] == first[0]], shown)
    for population in dict.fromkeys(rows.loc[rows["statistic"] == "rate", "population"]):
        mine = rows[rows["population"] == population]
        build.row(f"{population.capitalize()} patients", (), VARIABLE)
        for measure in dict.fromkeys(mine.loc[mine["statistic"] == "rate", "variable"]):
            _rates(build, mine[mine["variable"] == measure], measure, shown, compared)
    _explain_difference(build, rows)
    return build.table()


def _best(build: Builder, rows: pd.DataFrame, shown: Sequence[str]) -> None:
    """Add counts of best responses."""
    build.row("Best response", (), VARIABLE)
    for level in dict.fromkeys(rows.loc[rows["statistic"] == "count", "level"]):
        found = [pick(rows, statistic="count", group=group, level=level) for group in shown]
        cells = [MISSING if f is None else count_percent(int(f["value"]), f["n"]) for f in found]
        if level != "NE" or any(f is not None and f["value"] > 0 for f in found):
            build.row(_RESPONSES.get(level, level), cells, LEVEL)
    lost = [pick(rows, statistic="missing", group=group) for group in shown]
    if any(f is not None and f["value"] > 0 for f in lost):
        cells = [MISSING if f is None else count_percent(int(f["value"]), f["n"]) for f in lost]
        build.row("No assessment", cells, LEVEL)


def _rates(build: Builder, rows: pd.DataFrame, measure: str, shown: Sequence[str], compared: bool) -> None:
    """Rate of a measure, and its interval in the row below."""
    found = [pick(rows, statistic="rate", group=group) for group in shown]
    cells = [_fraction(row) for row in found]
    if compared:
        cells += _difference(build, rows)
    build.row(_MEASURES.get(measure, measure), cells, LEVEL)
    level = next((float(f["conf_level"]) for f in found if f is not None), np.nan)
    name = f"{100 * level:g}% CI" if np.isfinite(level) else "95% CI"
    build.row(name, [_limits(row) for row in found], LEVEL)


def _fraction(row: pd.Series | None) -> str:
    """Numerator, denominator and percentage."""
    if row is None or not np.isfinite(row["value"]):
        return NOT_ESTIMABLE
    return f"{int(row['n_events'])}/{int(row['n'])} ({percent(float(row['value']))})"


def _limits(row: pd.Series | None) -> str:
    """Limits of a fraction."""
    if row is None or not np.isfinite(row["conf_low"]):
        return NOT_ESTIMABLE
    return f"{percent(float(row['conf_low']))} to {percent(float(row['conf_high']))}"


def _difference(build: Builder, rows: pd.DataFrame) -> list[str]:
    """Difference of the groups with its limits, and the p-value; empty where not asked for."""
    found, test = pick(rows, statistic="difference"), pick(rows, statistic="p_value")
    value = "" if found is None else _percent(found)
    if test is None:
        return [value, ""]
    method = str(test["method"])
    return [value, pvalue(float(test["value"])) + (build.mark(method) if method else "")]


def _explain_difference(build: Builder, rows: pd.DataFrame) -> None:
    """Say which group is taken from which."""
    found = pick(rows, statistic="difference")
    if found is not None and found["level"]:
        last, first = str(found["level"]).rsplit(" - ", 1)
        build.remark(f"Difference in percentage points: {last} less {first}, {found['method']}")


def survival(
    rows: pd.DataFrame,
    groups: Sequence[str],
    *,
    labels: Mapping[str, str] | None = None,
    unit: str = "months",
) -> Table:
    """Median and landmark survival of every group, one row a group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``kaplan_meier`` and ``logrank``, of one endpoint.
    groups : sequence of str
        Groups in order.
    labels : mapping, optional
        Printed names of groups.
    unit : str
        Unit of time.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("kaplan_meier", "median", 9.0, group="HER2-low", conf_low=4.8, n=52,
    ...     n_events=31)])
    >>> survival(rows, ["HER2-low"]).frame.iloc[0].tolist()
    ['HER2-low', '52', '31', '9.0 (4.8 to NE)']
    """
    mine = rows[rows["analysis"] == "kaplan_meier"]
    marks = list(dict.fromkeys(mine.loc[mine["statistic"] == "survival", "level"]))
    single = unit.removesuffix("s")
    heads = [f"{mark}-{single} rate\n(95% CI)" for mark in marks]
    build = Builder(["Group", "Patients", "Events", f"Median, {unit}\n(95% CI)", *heads])
    for group in columns_of(mine, groups):
        found = pick(mine, statistic="median", group=group)
        rates = [pick(mine, statistic="survival", group=group, level=mark) for mark in marks]
        if found is not None:
            build.row((labels or {}).get(group, group), survival_cells(found, rates), PLAIN)
    test = pick(rows, analysis="logrank", statistic="p_value")
    if test is not None:
        build.remark(f"Log-rank test: {p_equals(float(test['value']))}")
    return build.table()


def survival_cells(median: pd.Series, rates: Sequence[pd.Series | None]) -> list[str]:
    """Cells of one group."""
    value, low, high = (float(median[c]) for c in ("value", "conf_low", "conf_high"))
    counts = [str(int(median[c])) if pd.notna(median[c]) else MISSING for c in ("n", "n_events")]
    middle = estimate_short(value, low, high) if median["n"] else MISSING
    return [*counts, middle, *(_percent(rate) for rate in rates)]


def _percent(row: pd.Series | None) -> str:
    """Fraction with its limits."""
    if row is None:
        return MISSING
    value, low, high = (float(row[c]) for c in ("value", "conf_low", "conf_high"))
    return percent_short(value, low, high)


def populations(rows: pd.DataFrame, *, unit: str = "months") -> Table:
    """Response and survival of named populations, one row a population.

    Parameters
    ----------
    rows : DataFrame
        Results rows of all patients of each population: rates, medians and landmark survival.
    unit : str
        Unit of time.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("kaplan_meier", "median", 15.5, population="Brain metastases",
    ...     conf_low=8.0, n=34, n_events=14)])
    >>> populations(rows).frame.iloc[0].tolist()
    ['Brain metastases', '34', '14', '15.5 (8.0 to NE)']
    """
    kept = rows[rows["group"].astype(str) == "All patients"]
    times = kept[kept["analysis"] == "kaplan_meier"]
    marks = list(dict.fromkeys(times.loc[times["statistic"] == "survival", "level"]))
    measures = list(dict.fromkeys(kept.loc[kept["statistic"] == "rate", "variable"]))
    heads = [f"{_MEASURES.get(m, m)}\n(95% CI)" for m in measures]
    heads += [f"{mark}-{unit.removesuffix('s')} rate\n(95% CI)" for mark in marks]
    medians = (times["statistic"] == "median").any()
    middle = ["Events", f"Median, {unit}\n(95% CI)"] if medians else []
    build = Builder(["Population", "Patients", *heads[: len(measures)], *middle, *heads[len(measures) :]])
    for name in dict.fromkeys(kept["population"]):
        mine = kept[kept["population"] == name]
        n = mine["n"].dropna()
        cells = [str(int(n.max())) if len(n) else MISSING]
        cells += [_percent(pick(mine, statistic="rate", variable=m)) for m in measures]
        median = pick(mine, statistic="median")
        rates = [pick(mine, statistic="survival", level=mark) for mark in marks]
        if medians:
            cells += (
                [MISSING, MISSING, *(MISSING for _ in marks)]
                if median is None
                else (survival_cells(median, rates)[1:])
            )
        build.row(name, cells, PLAIN)
    return build.table()
