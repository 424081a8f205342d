"""Table of a Cox model on complete cases and after multiple imputation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from her2adc.format import MISSING, estimate_short, percent, pvalue
from her2adc.tables.table import LEVEL, VARIABLE, Builder, Table, pick

__all__ = ["imputed"]

_HEADS = {"cox": "Complete cases", "cox_imputed": "Multiple imputation"}


def imputed(rows: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Hazard ratios of complete cases beside those after multiple imputation.

    Parameters
    ----------
    rows : DataFrame
        Results rows of analyses ``cox`` and ``cox_imputed`` with the same variables.
    labels : mapping
        Printed names of variables.

    Returns
    -------
    Table

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> rows = frame([row(a, "hazard_ratio", 0.6, variable="age", conf_low=0.4, conf_high=0.9, n=9,
    ...     n_events=5) for a in ("cox", "cox_imputed")])
    >>> imputed(rows, {"age": "Age"}).frame.iloc[0].tolist()
    ['Age', '0.60 (0.40 to 0.90)', '–', '0.60 (0.40 to 0.90)', '–', '–']
    """
    ratios = rows[(rows["statistic"] == "hazard_ratio") & rows["analysis"].isin(list(_HEADS))]
    heads: list[str] = []
    for analysis, name in _HEADS.items():
        mine = ratios[ratios["analysis"] == analysis]
        model = rows[(rows["analysis"] == analysis) & rows["n_events"].notna()]
        n = int(model["n"].max()) if len(model) else int(mine["n"].max())
        heads += [f"{name} (n = {n})\nHR (95% CI)", f"{name}\np"]
    build = Builder(["Variable", *heads, "Missing\ninformation"])
    for variable in dict.fromkeys(ratios["variable"]):
        levels = list(dict.fromkeys(ratios.loc[ratios["variable"] == variable, "level"]))
        label = labels.get(str(variable), str(variable))
        if levels == [""]:
            build.row(label, _cells(rows, str(variable), ""), VARIABLE)
            continue
        build.row(label, (), VARIABLE)
        for level in levels:
            build.row(str(level), _cells(rows, str(variable), str(level)), LEVEL)
    build.remark("Missing information: share of the information on a coefficient that missing values cost")
    return build.table({"HR": "hazard ratio"})


def _cells(rows: pd.DataFrame, variable: str, level: str) -> list[str]:
    """Cells of a level, of both analyses."""
    cells: list[str] = []
    where = {"variable": variable, "level": level}
    for analysis in _HEADS:
        ratio = pick(rows, analysis=analysis, statistic="hazard_ratio", **where)
        p = pick(rows, analysis=analysis, statistic="p_value", **where)
        if ratio is not None and ratio["method"] == "reference":
            cells += ["1 (reference)", ""]
            continue
        known = ratio is not None and np.isfinite(ratio["value"])
        cells += [
            estimate_short(ratio["value"], ratio["conf_low"], ratio["conf_high"], 2)
            if known and ratio is not None
            else MISSING,
            MISSING if p is None or not np.isfinite(p["value"]) else pvalue(float(p["value"])),
        ]
    lost = pick(rows, analysis="cox_imputed", statistic="missing_information", **where)
    last = cells[-1] == ""
    return [*cells, "" if last else MISSING if lost is None else percent(float(lost["value"]))]
