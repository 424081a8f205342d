"""Trend of a proportion over ordered groups.

Tests of one r x c table are in :mod:`her2adc.stats.contingency`, ratios of two proportions in
:mod:`her2adc.stats.ratios`, tables pooled over strata in :mod:`her2adc.stats.mantel_haenszel`.
statsmodels' trend test is the (N - 1) version; here it is R's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from her2adc.results import frame, row
from her2adc.stats.inputs import check_columns, levels_of

__all__ = ["Test", "Trend", "trend", "trend_test"]

_NAN = float("nan")


@dataclass(frozen=True)
class Test:
    """A chi-square test; NaN with 0 degrees of freedom where there is nothing to compare."""

    __test__ = False

    chi2: float
    df: int
    p: float

    @classmethod
    def of(cls, chi2: float, df: int) -> Test:
        """Test with the p-value of its statistic."""
        if not np.isfinite(chi2) or df < 1:
            return cls(_NAN, 0, _NAN)
        return cls(float(chi2), int(df), float(stats.chi2.sf(chi2, df)))


@dataclass(frozen=True)
class Trend:
    """Cochran-Armitage test.

    Attributes
    ----------
    trend : Test
        The trend, one degree of freedom.
    departure : Test
        What the groups differ by beyond the trend.
    z : float
        Signed root of the trend statistic; positive where the proportion rises.
    """

    trend: Test
    departure: Test
    z: float


def trend_test(counts: Any, totals: Any, scores: Any = None) -> Trend:
    """Test a trend of a proportion over ordered groups, as R's ``prop.trend.test``.

    Parameters
    ----------
    counts, totals : array_like
        Patients with the event, and all patients, in each group; empty groups are left out.
    scores : array_like, optional
        Places of the groups, 1, 2, ... otherwise.

    Returns
    -------
    Trend

    Examples
    --------
    >>> found = trend_test([83, 90, 129, 70], [86, 93, 136, 82])
    >>> round(found.trend.chi2, 4), round(found.z, 4)
    (8.2249, -2.8679)
    """
    x, n = np.asarray(counts, dtype=np.float64), np.asarray(totals, dtype=np.float64)
    s = np.arange(1.0, x.size + 1) if scores is None else np.asarray(scores, dtype=np.float64)
    if not x.shape == n.shape == s.shape or x.ndim != 1:
        raise ValueError("counts, totals and scores differ in length; give one of each for every group")
    if (x < 0).any() or (x > n).any():
        raise ValueError("counts exceed totals or are negative; give 0 <= count <= total in every group")
    x, n, s = x[n > 0], n[n > 0], s[n > 0]
    p = x.sum() / n.sum() if n.sum() else _NAN
    spread = p * (1 - p) * float((n * (s - (n * s).sum() / max(n.sum(), 1)) ** 2).sum())
    if x.size < 2 or not spread > 0:
        nothing = Test(_NAN, 0, _NAN)
        return Trend(nothing, nothing, _NAN)
    z = float((s * (x - n * p)).sum() / np.sqrt(spread))
    whole = float(((x - n * p) ** 2 / (n * p * (1 - p))).sum())
    return Trend(Test.of(z**2, 1), Test.of(max(whole - z**2, 0.0), x.size - 2), z)


def trend(
    data: pd.DataFrame,
    variable: str,
    by: str,
    event: str = "yes",
    *,
    scores: Sequence[float] | None = None,
    population: str = "",
) -> pd.DataFrame:
    """Test a trend of a feature over the ordered groups.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a patient.
    variable : str
        Column of the feature; patients whose value is missing are left out.
    by : str
        Column of groups, in the order of its categories.
    event : str
        Value of the feature that counts.
    scores : sequence of float, optional
        Places of the groups.
    population : str
        Name of the population, kept in the rows.

    Returns
    -------
    pandas.DataFrame
        Results rows of analysis "trend": ``chi2``, ``df``, ``p_value`` and
        ``p_departure`` (difference of the groups beyond the trend); level is the column of groups.

    Examples
    --------
    >>> data = pd.DataFrame({"pcr": list("nnynyyyy"), "her2": list("00112233")})
    >>> trend(data, "pcr", "her2", "y")[["statistic", "value"]].round(3).values.tolist()[0]
    ['chi2', 5.227]
    """
    check_columns(data, [variable, by])
    known = data.loc[data[[variable, by]].notna().all(axis=1)]
    if event not in [str(level) for level in levels_of(data[variable])]:
        raise ValueError(f"{variable} never has the value {event!r}; it has {levels_of(data[variable])}")
    parts = [known.loc[known[by] == level, variable].astype(str) == event for level in levels_of(data[by])]
    counts, totals = [int(part.sum()) for part in parts], [len(part) for part in parts]
    found = trend_test(counts, totals, scores)
    method = "Cochran-Armitage" if found.trend.df else "not estimable: one group, or one value only"
    values = {
        "chi2": found.trend.chi2,
        "df": float(found.trend.df) if found.trend.df else _NAN,
        "p_value": found.trend.p,
        "p_departure": found.departure.p,
    }
    common: dict[str, Any] = {"variable": variable, "level": by, "method": method, "population": population}
    common |= {"n": sum(totals), "n_events": sum(counts)}
    return frame(row("trend", statistic, value, **common) for statistic, value in values.items())
