"""Paired categories: agreement, and tests of change between two readings of the same patients.

Rows of a table are the first reading (before), columns the second (after).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.agreement import WEIGHTS, kappa, square_table
from her2adc.stats.categorical import Test
from her2adc.stats.inputs import Floats, check_columns, levels_of
from her2adc.stats.proportions import CLOPPER_PEARSON, clopper_pearson

__all__ = [
    "bhapkar",
    "bowker",
    "marginal_trend",
    "mcnemar",
    "mcnemar_exact",
    "paired",
    "paired_odds_ratio",
    "stuart_maxwell",
]

Estimate = tuple[float, float, float]
_NAN = float("nan")
_NOTHING = Test(_NAN, 0, _NAN)


def _two_by_two(counts: Any) -> tuple[int, int]:
    """Discordant pairs of a 2 x 2 table."""
    table = square_table(counts)
    if table.shape != (2, 2):
        raise ValueError(f"counts is {table.shape[0]} x {table.shape[0]}; use bowker or stuart_maxwell")
    return int(table[0, 1]), int(table[1, 0])


def mcnemar(counts: Any, corrected: bool = True) -> Test:
    """McNemar's test of a 2 x 2 table, as R's ``mcnemar.test``.

    Parameters
    ----------
    counts : array_like, shape (2, 2)
        Pairs.
    corrected : bool
        Continuity correction.

    Returns
    -------
    Test
        NaN without discordant pairs.

    Examples
    --------
    >>> found = mcnemar([[5, 1], [8, 9]])
    >>> round(found.chi2, 2), round(found.p, 4)
    (4.0, 0.0455)
    """
    b, c = _two_by_two(counts)
    if b + c == 0:
        return _NOTHING
    gap = abs(b - c) - (1 if corrected and b != c else 0)
    return Test.of(gap**2 / (b + c), 1)


def mcnemar_exact(counts: Any) -> float:
    """Exact p-value of McNemar's test (binomial); NaN without discordant pairs.

    Examples
    --------
    >>> round(mcnemar_exact([[5, 1], [8, 9]]), 4)
    0.0391
    """
    b, c = _two_by_two(counts)
    return float(stats.binomtest(b, b + c).pvalue) if b + c else _NAN


def paired_odds_ratio(counts: Any, conf_level: float = 0.95) -> Estimate:
    """Ratio of the discordant pairs, first row over second, with its exact interval.

    Examples
    --------
    >>> [round(v, 4) for v in paired_odds_ratio([[5, 1], [8, 9]])]
    [0.125, 0.0028, 0.9324]
    """
    b, c = _two_by_two(counts)
    if b + c == 0:
        return _NAN, _NAN, _NAN
    p, low, high = clopper_pearson(b, b + c, conf_level)
    return tuple(v / (1 - v) if v < 1 else np.inf for v in (p, low, high))  # type: ignore[return-value]


def bowker(counts: Any) -> Test:
    """Bowker's test of symmetry.

    Parameters
    ----------
    counts : array_like, shape (k, k)
        Pairs.

    Returns
    -------
    Test
        A pair of cells without patients says nothing and has no degree of freedom; R's
        ``mcnemar.test`` has no result then, and the same result otherwise.

    Examples
    --------
    >>> found = bowker([[20, 25, 6], [31, 83, 11], [2, 19, 50]])
    >>> round(found.chi2, 4), found.df
    (4.7762, 3)
    """
    table = square_table(counts)
    upper = np.triu_indices(len(table), 1)
    above, below = table[upper], table.T[upper]
    some = above + below > 0
    chi2 = float(((above - below)[some] ** 2 / (above + below)[some]).sum())
    return Test.of(chi2, int(some.sum()))


def _margin_gap(table: Floats) -> tuple[Floats, Floats]:
    """Difference of the margins and its variance under equal margins."""
    both = table + table.T
    variance = np.diag(both.sum(axis=1) - np.diag(both)) - (both - np.diag(np.diag(both)))
    return table.sum(axis=1) - table.sum(axis=0), variance


def _quadratic(gap: Floats, variance: Floats) -> Test:
    """Chi-square of a gap whose elements sum to zero; degrees of freedom are the rank."""
    rank = int(np.linalg.matrix_rank(variance, hermitian=True))
    return Test.of(float(gap @ np.linalg.pinv(variance, hermitian=True) @ gap), rank)


def stuart_maxwell(counts: Any) -> Test:
    """Stuart and Maxwell's test of equal margins.

    Parameters
    ----------
    counts : array_like, shape (k, k)
        Pairs.

    Returns
    -------
    Test
        Levels that nobody moves to or from have no degree of freedom.

    Examples
    --------
    >>> found = stuart_maxwell([[20, 25, 6], [31, 83, 11], [2, 19, 50]])
    >>> round(found.chi2, 4), found.df
    (0.4426, 2)
    """
    return _quadratic(*_margin_gap(square_table(counts)))


def bhapkar(counts: Any) -> Test:
    """Bhapkar's test of equal margins: Stuart and Maxwell's with the variance not under the hypothesis.

    Examples
    --------
    >>> round(bhapkar([[20, 25, 6], [31, 83, 11], [2, 19, 50]]).chi2, 4)
    0.4434
    """
    table = square_table(counts)
    if not table.sum():
        return _NOTHING
    gap, variance = _margin_gap(table)
    return _quadratic(gap, variance - np.outer(gap, gap) / table.sum())


def marginal_trend(counts: Any, scores: Any = None) -> tuple[float, float]:
    """Test a shift of ordered levels from the first to the second reading: z (first less second), p.

    Parameters
    ----------
    counts : array_like, shape (k, k)
        Pairs.
    scores : array_like, optional
        Places of the levels, 1, 2, ... otherwise.

    Returns
    -------
    tuple of float
        As ``coin::mh_test`` with these scores; NaN when nobody moves.

    Examples
    --------
    >>> [round(v, 4) for v in marginal_trend([[20, 25, 6], [31, 83, 11], [2, 19, 50]])]
    [0.5523, 0.5807]
    """
    table = square_table(counts)
    s = np.arange(1.0, len(table) + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    if s.shape != (len(table),):
        raise ValueError(f"scores has {s.size} values for {len(table)} levels; give one for each level")
    gap, variance = _margin_gap(table)
    spread = float(s @ variance @ s)
    if not spread > 0:
        return _NAN, _NAN
    z = float(s @ gap / np.sqrt(spread))
    return z, float(2 * stats.norm.sf(abs(z)))


def paired(
    data: pd.DataFrame,
    before: str,
    after: str,
    *,
    conf_level: float = 0.95,
    population: str = "",
) -> pd.DataFrame:
    """Compare two readings of the same patients.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient; patients without both readings are left out and counted.
    before, after : str
        Columns of the two readings, with the same levels.
    conf_level : float
        Level of the intervals.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "paired": ``agreement`` and ``discordance`` (fractions, exact
        intervals), ``kappa`` by weights (level), ``p_value`` by test (level: McNemar exact and
        corrected for two levels, Bowker and Stuart-Maxwell for more), ``n_missing``.
        variable is ``<before> -> <after>``.

    Examples
    --------
    >>> data = pd.DataFrame({"primary": list("aabbb"), "recurrence": list("abbbb")})
    >>> rows = paired(data, "primary", "recurrence")
    >>> rows.query("statistic == 'agreement'")["value"].tolist()
    [0.8]
    """
    check_columns(data, [before, after])
    known = data.loc[data[[before, after]].notna().all(axis=1)]
    levels = list(dict.fromkeys([*map(str, levels_of(data[before])), *map(str, levels_of(data[after]))]))
    if len(levels) < 2:
        raise ValueError(f"{before} and {after} have the level {levels} only; pairs need two or more levels")
    cells = pd.crosstab(known[before].astype(str), known[after].astype(str))
    table = square_table(cells.reindex(index=levels, columns=levels, fill_value=0))
    n, agree = int(table.sum()), int(np.trace(table))
    rows: list[dict[str, Any]] = []
    for statistic, count in {"agreement": agree, "discordance": n - agree}.items():
        estimate = _limited(clopper_pearson(count, n, conf_level), conf_level, CLOPPER_PEARSON)
        rows.append({"statistic": statistic, "n_events": count, **estimate})
    for weights in WEIGHTS[: 1 if len(levels) == 2 else 3]:
        found = kappa(table, weights, conf_level)
        name = "Cohen's kappa, Fleiss-Cohen-Everitt interval"
        estimate = _limited((found.value, found.low, found.high), conf_level, name)
        rows.append({"statistic": "kappa", "level": weights, **estimate})
    for level, p in _change(table).items():
        rows.append({"statistic": "p_value", "level": level, "value": p, "method": f"{level} test"})
    rows.append({"statistic": "n_missing", "value": len(data) - n})
    shared = {"analysis": "paired", "variable": f"{before} -> {after}", "n": n, "population": population}
    return frame(row(**{**shared, **record}) for record in rows)


def _limited(estimate: Estimate, conf_level: float, method: str) -> dict[str, Any]:
    """Cells of a row that hold an estimate with its interval."""
    value, low, high = estimate
    return {"value": value, "conf_low": low, "conf_high": high, "conf_level": conf_level, "method": method}


def _change(table: Floats) -> dict[str, float]:
    """P-values of the tests of change."""
    if len(table) == 2:
        return {"McNemar exact": mcnemar_exact(table), "McNemar corrected": mcnemar(table).p}
    return {"Bowker": bowker(table).p, "Stuart-Maxwell": stuart_maxwell(table).p}
