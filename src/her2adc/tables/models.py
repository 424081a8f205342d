"""Tables of comparisons: Cox and logistic models, tests by factor, subgroups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from her2adc.format import MISSING, NOT_ESTIMABLE, estimate_short, number, p_equals, pvalue
from her2adc.tables.table import (
    LEVEL,
    VARIABLE,
    Builder,
    Table,
    columns_of,
    header,
    pick,
    sizes,
)

__all__ = ["cox", "events_of", "forest", "logistic", "model_notes", "ratio_cell", "subgroups"]

_FEW_EVENTS = 10


@dataclass(frozen=True)
class _Kind:
    """What a table of models is read from, and how its columns are called."""

    analysis: str
    statistic: str
    short: str
    events: str

    @property
    def heads(self) -> dict[str, str]:
        """Analyses and the names of their columns."""
        return {f"{self.analysis}_univariable": "Univariable", self.analysis: "Multivariable"}


_COX = _Kind("cox", "hazard_ratio", "HR", "Events")
_LOGISTIC = _Kind("logistic", "odds_ratio", "OR", "With\noutcome")


def cox(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Hazard ratios of Cox models; univariable and multivariable side by side where both are.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``cox`` and ``ph_test``, and of ``cox_univariable``.
    labels : mapping
        Printed names of variables.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([
    ...     row("cox", "hazard_ratio", 1.0, variable="er", level="Negative", method="reference"),
    ...     row("cox", "hazard_ratio", 0.6, variable="er", level="Positive", conf_low=0.4,
    ...         conf_high=0.9, conf_level=0.95), row("cox", "p_value", 0.012, variable="er",
    ...         level="Positive")])
    >>> cox(rows, {"er": "Oestrogen receptor"}).frame.iloc[:, 3].tolist()
    ['', '1 (reference)', '0.60 (0.40 to 0.90)']
    """
    return _models(rows, labels, _COX)


def logistic(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Odds ratios of logistic models; univariable and multivariable side by side where both are.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``logistic`` and ``logistic_univariable``.
    labels : mapping
        Printed names of variables.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("logistic", "odds_ratio", 0.6, variable="age", conf_low=0.4, conf_high=0.9)])
    >>> logistic(rows, {"age": "Age"}).frame.iloc[0].tolist()
    ['Age', '–', '–', '0.60 (0.40 to 0.90)', '–']
    """
    return _models(rows, labels, _LOGISTIC)


def _models(rows: pd.DataFrame, labels: Mapping[str, str], kind: _Kind) -> Table:
    """Ratios of every variable and level, of every model."""
    analyses = [a for a in kind.heads if (rows["analysis"] == a).any()]
    estimates = rows[rows["statistic"] == kind.statistic]
    heads: list[str] = []
    for analysis in analyses:
        before = f"{kind.heads[analysis]}\n" if len(analyses) > 1 else ""
        heads += [f"{before}{kind.short} (95% CI)", f"{before}p"]
    tested = (rows["analysis"] == "ph_test").any()
    build = Builder(["Variable", "Patients", kind.events, *heads, *(["PH test\np"] if tested else [])])
    for variable in dict.fromkeys(estimates.loc[estimates["analysis"].isin(analyses), "variable"]):
        _model_rows(build, rows[rows["variable"] == variable], variable, analyses, labels, kind)
    model_notes(build, rows, kind.analysis)
    return build.table({"PH": "proportional hazards", "OR": "odds ratio"})


def _model_rows(
    build: Builder,
    rows: pd.DataFrame,
    variable: str,
    analyses: Sequence[str],
    labels: Mapping[str, str],
    kind: _Kind,
) -> None:
    """Rows of one variable: a line for itself, a line a level."""
    ratios = rows[(rows["statistic"] == kind.statistic) & rows["analysis"].isin(analyses)]
    levels = list(dict.fromkeys(ratios["level"]))
    test = pick(rows, analysis="ph_test", statistic="p_value")
    ph = [] if test is None else [pvalue(float(test["value"]))]
    label = labels.get(variable, variable)
    if levels == [""]:
        build.row(label, [*_model_cells(build, rows, "", analyses, kind), *ph], VARIABLE)
        return
    build.row(label, [""] * (2 + 2 * len(analyses)) + ph, VARIABLE)
    for level in levels:
        build.row(level, _model_cells(build, rows, level, analyses, kind), LEVEL)


def _model_cells(
    build: Builder, rows: pd.DataFrame, level: str, analyses: Sequence[str], kind: _Kind
) -> list[str]:
    """Patients, events, and ratio with p of every model."""
    cells: list[str] = []
    counts = [MISSING, MISSING]
    for analysis in analyses:
        ratio = pick(rows, analysis=analysis, statistic=kind.statistic, level=level)
        test = pick(rows, analysis=analysis, statistic="p_value", level=level)
        cells.append(ratio_cell(build, ratio))
        reference = ratio is not None and ratio["method"] == "reference"
        p = MISSING if test is None else pvalue(float(test["value"]))
        cells.append("" if reference or ratio is None else p)
        if ratio is not None:
            counts = [str(int(ratio[c])) if pd.notna(ratio[c]) else MISSING for c in ("n", "n_events")]
    return [*counts, *cells]


def ratio_cell(build: Builder, row: pd.Series | None) -> str:
    """Hazard or odds ratio as printed; a symbol where it is not a plain estimate."""
    if row is None:
        return ""
    method = str(row["method"])
    if method == "reference":
        return "1 (reference)"
    value, low, high = (float(row[c]) for c in ("value", "conf_low", "conf_high"))
    text = estimate_short(value, low, high, 2, not_reached=NOT_ESTIMABLE)
    if not np.isfinite(value):
        return text + (build.mark(method) if method.startswith("not estimable:") else "")
    if "firth" in method.lower():
        return text + build.mark(method.split(" (")[0])
    return text


def model_notes(build: Builder, rows: pd.DataFrame, analysis: str) -> None:
    """Add events per variable, patients left out, and the global test of proportional hazards."""
    model = rows[rows["analysis"] == analysis]
    per = pick(model, statistic="events_per_variable")
    if per is not None and np.isfinite(per["value"]):
        few = "; below 10, estimates may be unstable" if per["value"] < _FEW_EVENTS else ""
        build.remark(f"Events per variable: {number(float(per['value']), 1)}{few}")
    lost = pick(model, statistic="n_missing")
    if lost is not None and lost["value"] > 0:
        count = int(lost["value"])
        who = "patient" if count == 1 else "patients"
        build.remark(f"{count} {who} left out of the model for a missing covariate")
    test = pick(rows, analysis="ph_test", statistic="p_value", variable="GLOBAL")
    if test is not None and np.isfinite(test["value"]):
        build.remark(f"Proportional hazards, global test: {p_equals(float(test['value']))}")


def subgroups(rows: pd.DataFrame, labels: Mapping[str, str], groups: Sequence[str]) -> Table:
    """P-value of every factor, among all patients and within each group.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``subgroup_logrank`` or ``subgroup_association``.
    labels : mapping
        Printed names of factors.
    groups : sequence of str
        Groups in order.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("subgroup_logrank", "p_value", 0.034, variable="liver", n=98)])
    >>> subgroups(rows, {"liver": "Liver metastasis"}, []).frame.values.tolist()
    [['Liver metastasis', '0.034']]
    """
    tests = rows["analysis"].isin(["subgroup_logrank", "subgroup_association"])
    rows = rows[tests & (rows["statistic"] == "p_value")]
    shown = columns_of(rows, groups)
    n = sizes(rows, shown)
    build = Builder(["Factor", *(f"{header(group, n[group])}\np" for group in shown)])
    for factor in dict.fromkeys(rows["variable"]):
        found = [pick(rows, variable=factor, group=group) for group in shown]
        build.row(labels.get(factor, factor), [_test(build, row) for row in found])
    return build.table()


def _test(build: Builder, row: pd.Series | None) -> str:
    """P-value; a symbol says why there is none."""
    if row is None:
        return MISSING
    if np.isfinite(row["value"]):
        return pvalue(float(row["value"]))
    return NOT_ESTIMABLE + (build.mark(str(row["method"])) if row["method"] else "")


def forest(rows: pd.DataFrame, labels: Mapping[str, str], arms: Sequence[str]) -> Table:
    """Numbers of a forest plot: counts by arm, hazard or odds ratio, p for interaction.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analysis ``forest``.
    labels : mapping
        Printed names of variables.
    arms : sequence of str
        Groups in order; those compared are read from the rows.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("forest", "hazard_ratio", 0.42, conf_low=0.2, conf_high=0.8)])
    >>> forest(rows, {}, []).frame.values.tolist()
    [['All patients', '0.42 (0.20 to 0.80)', '']]
    """
    rows = rows[rows["analysis"] == "forest"]
    counted = set(rows.loc[rows["statistic"] == "n_arm", "group"].astype(str))
    shown = [arm for arm in arms if arm in counted]
    heads = [f"{arm}\nevents/n" for arm in shown]
    odds = (rows["statistic"] == "odds_ratio").any()
    build = Builder(["Subgroup", *heads, f"{'OR' if odds else 'HR'} (95% CI)", "p for\ninteraction"])
    ratios = rows[rows["statistic"].isin(["hazard_ratio", "odds_ratio"])]
    for variable in dict.fromkeys(sorted(ratios["variable"], key=bool)):
        mine = rows[rows["variable"] == variable]
        if variable:
            test = pick(mine, statistic="p_interaction")
            p = "" if test is None else _test(build, test)
            build.row(labels.get(variable, variable), [""] * (len(shown) + 1) + [p], VARIABLE)
        for _, ratio in ratios[ratios["variable"] == variable].iterrows():
            level = str(ratio["level"])
            cells = [events_of(mine[mine["level"] == level], arm) for arm in shown]
            name, role = (level, LEVEL) if variable else ("All patients", VARIABLE)
            build.row(name, [*cells, ratio_cell(build, ratio)], role)
    return build.table({"OR": "odds ratio"})


def events_of(rows: pd.DataFrame, arm: str) -> str:
    """Events and patients of an arm."""
    found = [pick(rows, statistic=s, group=arm) for s in ("events_arm", "n_arm")]
    if found[0] is None or found[1] is None:
        return MISSING
    return f"{int(found[0]['value'])}/{int(found[1]['value'])}"
