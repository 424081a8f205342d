"""Tables of outcomes that a patient has or has not: rates, differences, odds ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from her2adc.format import (
    MISSING,
    NOT_ESTIMABLE,
    count_percent,
    p_equals,
    percent,
    percent_short,
    pvalue,
)
from her2adc.results import ALL_PATIENTS
from her2adc.tables.models import model_notes, ratio_cell
from her2adc.tables.table import LEVEL, PLAIN, VARIABLE, Builder, Table, pick

__all__ = ["outcome"]

_REFERENCE = "reference"


def outcome(
    rows: pd.DataFrame,
    layers: Mapping[str, str],
    names: Mapping[str, str],
    *,
    reference: str | None = None,
    population: str = "",
    label: str = "Outcome",
    strata: str = "",
    adjusted: Sequence[str] = (),
) -> Table:
    """Rates, differences and odds ratios of all patients, by stratum, pooled and adjusted.

    Parameters
    ----------
    rows : DataFrame
        Results rows of :func:`her2adc.stats.outcomes.rates` and of ``odds``.
    layers : mapping
        Populations of the strata in order, and their printed names.
    names : mapping
        Groups in order and their printed names.
    reference : str, optional
        Group that the others are compared with.
    population : str
        Population of the rows of all patients.
    label : str
        Printed name of the outcome.
    strata : str
        Printed name of the strata.
    adjusted : sequence of str
        Printed names of the variables of the adjusted model.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row("outcome", "rate", 0.5, conf_low=0.1, conf_high=0.9, n=4, n_events=2)])
    >>> outcome(rows, {}, {"All patients": "All patients"}, label="pCR").frame.values.tolist()
    [['All patients', '4', '2 (50.0%)', '10.0% to 90.0%']]
    """
    others = [name for name in names if name != reference]
    grouped = list(names) != [ALL_PATIENTS]
    several = grouped and len(others) > 1
    heads = ["Difference\n(95% CI)", "OR (95% CI)", "p"] if grouped else []
    heads += ["p,\nadjusted"] if several else []
    build = Builder(["Group", "Patients", label, "95% CI", *heads])
    for part, name in {population: ALL_PATIENTS, **layers}.items():
        mine = rows[rows["population"] == part]
        if not grouped:
            build.row(name, _rate(mine, ALL_PATIENTS), PLAIN)
            continue
        build.row(name, [*[""] * 5, _overall(build, mine)] if several else (), VARIABLE)
        for group, printed in names.items():
            cells = [_REFERENCE, "", ""] if group == reference else _compared(build, mine, group, reference)
            build.row(printed, [*_rate(mine, group), *cells, *_holm(mine, group, reference)], LEVEL)
    whole = rows[rows["population"] == population]
    if grouped:
        _pooled(build, whole, {other: names[other] for other in others}, reference, strata)
        _adjusted(build, whole, {other: names[other] for other in others}, adjusted)
    return build.table({"OR": "odds ratio"})


def _rate(rows: pd.DataFrame, group: str) -> list[str]:
    """Patients, those with the outcome, and the interval of the rate."""
    found = pick(rows, analysis="outcome", statistic="rate", group=group)
    if found is None or not found["n"]:
        return ["0" if found is not None else MISSING, MISSING, MISSING]
    limits = f"{percent(float(found['conf_low']))} to {percent(float(found['conf_high']))}"
    return [str(int(found["n"])), count_percent(int(found["n_events"]), int(found["n"])), limits]


def _p(build: Builder, test: pd.Series | None) -> str:
    """P-value; a symbol where it is of Fisher's test, or where there is none."""
    if test is None:
        return MISSING
    method = str(test["method"])
    if not np.isfinite(test["value"]):
        return NOT_ESTIMABLE + build.mark(method.split(" (")[0])
    return pvalue(float(test["value"])) + (build.mark(f"{method} test") if "Fisher" in method else "")


def _overall(build: Builder, rows: pd.DataFrame) -> str:
    """Test over all groups."""
    return _p(build, pick(rows, analysis="outcome", statistic="p_value"))


def _compared(build: Builder, rows: pd.DataFrame, group: str, reference: str | None) -> list[str]:
    """Difference, crude odds ratio and p-value of a group against the reference."""
    pair = rows[(rows["analysis"] == "two_proportions") & (rows["level"] == f"{group} vs {reference}")]
    found = pick(pair, statistic="risk_difference")
    difference = MISSING
    if found is not None:
        value, low, high = (float(found[c]) for c in ("value", "conf_low", "conf_high"))
        difference = percent_short(value, low, high)
    crude = rows[(rows["analysis"] == "logistic_univariable") & (rows["level"] == group)]
    ratio = pick(crude, statistic="odds_ratio")
    return [difference, ratio_cell(build, ratio) or MISSING, _p(build, pick(pair, statistic="p_value"))]


def _holm(rows: pd.DataFrame, group: str, reference: str | None) -> list[str]:
    """Adjusted p-value of a group against the reference, where there are several."""
    level = f"{group} vs {reference}"
    found = pick(rows, analysis="two_proportions", statistic="p_value_adjusted", level=level)
    return [] if found is None else [pvalue(float(found["value"]))]


def _pooled(
    build: Builder, rows: pd.DataFrame, others: Mapping[str, str], reference: str | None, strata: str
) -> None:
    """Mantel-Haenszel odds ratios, with the test of their homogeneity."""
    pooled = rows[rows["analysis"] == "mantel_haenszel"]
    if pooled.empty:
        return
    build.row(f"Stratified by {strata}", (), VARIABLE)
    for group, printed in others.items():
        mine = pooled[pooled["level"] == f"{group} vs {reference}"]
        ratio, test = (pick(mine, statistic=s) for s in ("odds_ratio", "p_value"))
        exact = pick(mine, statistic="odds_ratio_exact")
        cell = ratio_cell(build, ratio if exact is None else exact) or MISSING
        cell += "" if exact is None else build.mark("Exact conditional odds ratio and interval")
        build.row(printed, ["", "", "", "", cell, _p(build, test)], LEVEL)
        same = pick(mine, statistic="p_homogeneity")
        who = f", {printed}" if len(others) > 1 else ""
        if same is not None:
            build.remark(
                f"Homogeneity of the odds ratios over strata{who} (Breslow-Day test with Tarone's "
                f"correction): {p_equals(float(same['value']))}"
            )
    test = pick(rows, analysis="interaction", statistic="p_value")
    if test is not None:
        build.remark(
            f"Interaction of group and stratum, likelihood-ratio test: {p_equals(float(test['value']))}"
        )


def _adjusted(
    build: Builder, rows: pd.DataFrame, others: Mapping[str, str], adjusted: Sequence[str]
) -> None:
    """Odds ratios of the model with all covariates."""
    model = rows[rows["analysis"] == "logistic"]
    if model.empty:
        model_notes(build, rows, "logistic_univariable")
        return
    build.row("Adjusted", (), VARIABLE)
    for group, printed in others.items():
        ratio = pick(model, statistic="odds_ratio", level=group)
        test = pick(model, statistic="p_value", level=group)
        build.row(printed, ["", "", "", "", ratio_cell(build, ratio) or MISSING, _p(build, test)], LEVEL)
    build.remark(f"Adjusted for {', '.join(adjusted)}")
    model_notes(build, rows, "logistic")
