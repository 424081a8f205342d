"""Tables of groups compared within strata and pair by pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from her2adc.format import MISSING, NOT_ESTIMABLE, p_equals, pvalue
from her2adc.results import ALL_PATIENTS
from her2adc.tables.models import events_of, model_notes, ratio_cell
from her2adc.tables.outcomes import survival_cells
from her2adc.tables.table import LEVEL, PLAIN, VARIABLE, Builder, Table, pick

__all__ = ["level_tests", "pairwise", "survival_strata"]


def survival_strata(
    rows: pd.DataFrame,
    layers: Mapping[str, str],
    names: Mapping[str, str],
    *,
    unit: str = "months",
) -> Table:
    """Median and landmark survival of every group within every stratum, with hazard ratios.

    Parameters
    ----------
    rows : DataFrame
        Results rows of one endpoint by stratum, the stratum as population.
    layers : mapping
        Populations of the strata in order, and their printed names.
    names : mapping
        Groups in order and their printed names.
    unit : str
        Unit of time.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("kaplan_meier", "median", 9.0, population="ER positive", conf_low=4.8, n=52,
    ...     n_events=31)])
    >>> survival_strata(rows, {"ER positive": "ER positive"}, {"All patients": "All patients"}).frame.values
    ... # doctest: +NORMALIZE_WHITESPACE
    array([['ER positive', '52', '31', '9.0 (4.8 to NE)']], dtype=object)
    """
    times = rows[rows["analysis"] == "kaplan_meier"]
    marks = list(dict.fromkeys(times.loc[times["statistic"] == "survival", "level"]))
    heads = [f"{mark}-{unit.removesuffix('s')} rate\n(95% CI)" for mark in marks]
    grouped = list(names) != [ALL_PATIENTS]
    tests = ["HR (95% CI)", "Log-rank\np"] if grouped else []
    build = Builder(["Group", "Patients", "Events", f"Median, {unit}\n(95% CI)", *heads, *tests])
    for population, name in layers.items():
        mine = rows[rows["population"] == population]
        if not grouped:
            build.row(name, _curve(mine, ALL_PATIENTS, marks), PLAIN)
            continue
        test = pick(mine, analysis="logrank", statistic="p_value")
        build.row(name, [*[""] * (4 + len(marks)), _p(build, test)], VARIABLE)
        for group, printed in names.items():
            ratio = pick(mine, analysis="cox_univariable", statistic="hazard_ratio", level=group)
            build.row(printed, [*_curve(mine, group, marks), ratio_cell(build, ratio)], LEVEL)
    _over_all(build, rows)
    return build.table()


def _curve(rows: pd.DataFrame, group: str, marks: list[str]) -> list[str]:
    """Patients, events, median and rates of a group."""
    found = pick(rows, analysis="kaplan_meier", statistic="median", group=group)
    rates = [pick(rows, statistic="survival", group=group, level=mark) for mark in marks]
    return [MISSING] * (3 + len(marks)) if found is None else survival_cells(found, rates)


def _p(build: Builder, test: pd.Series | None) -> str:
    """P-value; a symbol says why there is none."""
    if test is None:
        return MISSING
    if np.isfinite(test["value"]):
        return pvalue(float(test["value"]))
    return NOT_ESTIMABLE + build.mark(str(test["method"]).split(": ")[-1].split(";")[0])


def _over_all(build: Builder, rows: pd.DataFrame) -> None:
    """Add the tests over all strata."""
    for analysis, text in (
        ("logrank_stratified", "Log-rank test over all strata (stratified)"),
        ("interaction", "Interaction of group and stratum, likelihood-ratio test of Cox models"),
    ):
        test = pick(rows, analysis=analysis, statistic="p_value")
        if test is not None:
            build.remark(f"{text}: {p_equals(float(test['value']))}")


def pairwise(rows: pd.DataFrame, cox: pd.DataFrame, names: Mapping[str, str]) -> Table:
    """Each pair of groups: hazard ratio, log-rank test, log-rank test adjusted for the number of pairs.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``cox_pairwise`` and ``logrank_pairwise``.
    cox : DataFrame
        Results rows of the Cox model of the groups alone; events per variable and the test of
        proportional hazards are read from them.
    names : mapping
        Printed names of groups.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> place = {"group": "b vs a", "n": 20, "n_events": 9}
    >>> rows = frame([row("logrank_pairwise", "p_value", 0.034, **place)])
    >>> pairwise(rows, frame([]), {"a": "A", "b": "B"}).frame.iloc[0].tolist()
    ['B vs A', '20', '9', '', '–', '0.034', '–']
    """
    heads = ["Patients", "Events", "HR (95% CI)", "p", "Log-rank\np", "Log-rank p,\nadjusted"]
    build = Builder(["Groups", *heads])
    for group in dict.fromkeys(rows["group"]):
        mine = rows[rows["group"] == group]
        tests = [
            pick(mine, analysis="cox_pairwise", statistic="p_value"),
            pick(mine, analysis="logrank_pairwise", statistic="p_value"),
            pick(mine, analysis="logrank_pairwise", statistic="p_value_adjusted"),
        ]
        ratio = ratio_cell(build, pick(mine, statistic="hazard_ratio"))
        counts = [str(int(mine[c].iloc[0])) for c in ("n", "n_events")]
        build.row(_pair(group, names), [*counts, ratio, *(_p(build, test) for test in tests)], PLAIN)
    model_notes(build, cox, "cox")
    return build.table()


def _pair(group: str, names: Mapping[str, str]) -> str:
    """Printed name of a pair."""
    printed = {f"{a} vs {b}": f"{names[a]} vs {names[b]}" for a in names for b in names}
    return printed.get(group, group)


def level_tests(rows: pd.DataFrame, labels: Mapping[str, str], names: Mapping[str, str]) -> Table:
    """Events of every group and one test of all groups, within each level of each factor.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``level_test``.
    labels : mapping
        Printed names of factors.
    names : mapping
        Groups in order and their printed names.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("level_test", "p_value", 0.034), row("level_test", "n_arm", 9, group="a"),
    ...     row("level_test", "events_arm", 4, group="a")])
    >>> level_tests(rows, {}, {"a": "A"}).frame.values.tolist()
    [['All patients', '4/9', '0.034', '']]
    """
    rows = rows[rows["analysis"] == "level_test"]
    arms = [f"{name}\nevents/n" for name in names.values()]
    build = Builder(["Subgroup", *arms, "p", "p for\ninteraction"])
    tests = rows[rows["statistic"] == "p_value"]
    for variable in dict.fromkeys(tests["variable"]):
        mine = rows[rows["variable"] == variable]
        if variable:
            differs = _p(build, pick(mine, statistic="p_interaction"))
            build.row(labels.get(variable, variable), [*[""] * (len(arms) + 1), differs], VARIABLE)
        for _, test in tests[tests["variable"] == variable].iterrows():
            here = mine[mine["level"] == test["level"]]
            cells = [events_of(here, group) for group in names]
            name, role = (str(test["level"]), LEVEL) if variable else (ALL_PATIENTS, VARIABLE)
            build.row(name, [*cells, _p(build, test)], role)
    return build.table()
