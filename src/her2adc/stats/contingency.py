"""Tests of association in r x c tables: Pearson without correction, Fisher's exact test.

scipy corrects 2 x 2 tables after Yates by default and answers larger tables by random
resampling; here nothing is corrected and Fisher's test is exact for as long as the tables with
the same margins can be enumerated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.stats.fisher import exact_p
from her2adc.stats.inputs import Floats

__all__ = ["Association", "association", "cross_table", "fisher_exact"]

_SMALL = 5.0
_RESAMPLES = 99_999


@dataclass(frozen=True)
class Association:
    """A test of association.

    Attributes
    ----------
    p : float
        P-value; NaN where the table has fewer than two rows or columns with counts.
    method : str
        Name of the test.
    statistic : float
        Chi-square; NaN for Fisher's test.
    df : int
        Degrees of freedom; 0 for Fisher's test.
    """

    p: float
    method: str
    statistic: float = float("nan")
    df: int = 0


def cross_table(rows: pd.Series, columns: pd.Series) -> Floats:
    """Count pairs of values; pairs with a missing value and empty levels are left out."""
    table = pd.crosstab(rows.reset_index(drop=True), columns.reset_index(drop=True), dropna=True)
    return _filled(table.to_numpy(dtype=np.float64))


def _filled(counts: Floats) -> Floats:
    """Rows and columns that have counts."""
    out: Floats = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    return out


def association(counts: Any) -> Association:
    """Pearson's chi-square without correction, Fisher's exact test where a cell expects under 5.

    Parameters
    ----------
    counts : array_like, shape (r, c)
        Counts; empty rows and columns are ignored.

    Returns
    -------
    Association

    Examples
    --------
    >>> found = association([[30, 20], [15, 35]])
    >>> found.method, round(found.p, 4)
    ('Pearson chi-square', 0.0026)
    >>> found = association([[3, 1], [1, 3]])
    >>> found.method, round(found.p, 4)
    ("Fisher's exact", 0.4857)
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or (table < 0).any():
        raise ValueError("counts is not a table of counts; give rows and columns of 0 or more")
    table = _filled(table)
    if min(table.shape) < 2:
        return Association(float("nan"), "not estimable: one level only")
    expected = stats.contingency.expected_freq(table)
    if (expected < _SMALL).any():
        return fisher_exact(table)
    chi2, p, df, _ = stats.chi2_contingency(table, correction=False)
    return Association(float(p), "Pearson chi-square", float(chi2), int(df))


def fisher_exact(counts: Any) -> Association:
    """Fisher's exact test of an r x c table.

    Parameters
    ----------
    counts : array_like, shape (r, c)
        Counts without empty rows or columns.

    Returns
    -------
    Association
        Where there are too many tables with these margins, the p-value is from 99,999 tables
        drawn with a fixed seed, and the method says so.
    """
    table = np.asarray(counts, dtype=np.int64)
    if table.shape == (2, 2):
        return Association(float(stats.fisher_exact(table).pvalue), "Fisher's exact")
    p = exact_p(table)
    if p is not None:
        return Association(p, "Fisher's exact")
    method = stats.MonteCarloMethod(n_resamples=_RESAMPLES, rng=np.random.default_rng(20180101))
    p = float(stats.fisher_exact(table, method=method).pvalue)
    return Association(p, f"Fisher's exact (Monte Carlo, {_RESAMPLES} tables)")
