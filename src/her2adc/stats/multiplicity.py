"""Adjustment of p-values for the number of tests, as R's ``p.adjust``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from her2adc.results import concat, select
from her2adc.software import uses
from her2adc.stats.inputs import Floats

__all__ = ["METHODS", "adjust", "adjusted_rows"]

METHODS = {
    "holm": "holm",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "bonferroni": "bonferroni",
    "BH": "fdr_bh",
    "BY": "fdr_by",
}
"""R's names, and statsmodels' of the same."""


def adjust(p: Any, method: str = "holm") -> Floats:
    """Adjust p-values.

    Parameters
    ----------
    p : array_like
        P-values; missing ones stay missing and do not count as tests.
    method : str
        One of :data:`METHODS`.

    Returns
    -------
    ndarray
        Adjusted p-values in the order given.

    Examples
    --------
    >>> adjust([0.01, 0.04, np.nan, 0.03]).round(4).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}; use one of {list(METHODS)}")
    values = np.atleast_1d(np.asarray(p, dtype=np.float64))
    known = ~np.isnan(values)
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise ValueError("p has values outside 0 to 1; give p-values")
    out = np.full(values.shape, np.nan)
    if known.any():
        uses("statsmodels")
        out[known] = multipletests(values[known], method=METHODS[method])[1]
    return out


def adjusted_rows(rows: pd.DataFrame, method: str = "holm", statistic: str = "p_value") -> pd.DataFrame:
    """Add to a results table the adjusted p-values of all its tests together.

    Parameters
    ----------
    rows : pandas.DataFrame
        Results rows.
    method : str
        One of :data:`METHODS`.
    statistic : str
        Which rows hold the p-values.

    Returns
    -------
    pandas.DataFrame
        The rows, then one row ``<statistic>_adjusted`` for each p-value; the method says how and
        for how many tests.

    Examples
    --------
    >>> from her2adc.results import frame, row
    >>> tests = frame(row("logrank", "p_value", p, variable=v) for v, p in {"a": 0.01, "b": 0.04}.items())
    >>> adjusted_rows(tests).query("statistic == 'p_value_adjusted'")["value"].tolist()
    [0.02, 0.04]
    """
    tests = select(rows, statistic=statistic).copy()
    count = int(tests["value"].notna().sum())
    tests["value"] = adjust(tests["value"].to_numpy(dtype=np.float64), method)
    tests["statistic"] = f"{statistic}_adjusted"
    tests["method"] = [f"{name}; {method} over {count} tests".removeprefix("; ") for name in tests["method"]]
    return concat([rows, tests])
